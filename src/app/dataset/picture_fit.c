/* What follows for the pictures from the project's parameters: buckets and own masks at once, everything else when they
 * have rested.
 */
#include "app/dataset/picture_list_private.h"

/* Milliseconds of rest before other parameters are looked at, so that dragging a number does not count for all. */
#define REST 150

void lk_picture_list_fit(LkPictureList *self, LkPicture *picture)
{
    LkBucketFit fit;
    const LkSize size = {picture->width, picture->height};
    const bool fits = self->rules->buckets && size.width > 0 && size.height > 0 &&
                      lk_bucket_set_fit(self->rules->buckets, size, &fit, NULL);
    lk_picture_set_fit(picture, fits ? &fit : NULL);
    lk_picture_set_own_mask(picture, self->rules->subset->alpha_mask && lk_picture_flags_info(picture->flags).alpha);
}

/* Buckets of all pictures, a few thousand at a time. */
static gboolean refit_cb(gpointer data)
{
    LkPictureList *self = data;
    const gint64 until = g_get_monotonic_time() + 4000;
    while (self->rules_stage < self->pictures->len && g_get_monotonic_time() < until)
        for (int i = 0; i < 200 && self->rules_stage < self->pictures->len; i++)
            lk_picture_list_fit(self, self->pictures->pdata[self->rules_stage++]);
    if (self->rules_stage < self->pictures->len)
        return G_SOURCE_CONTINUE;
    self->rules_id = 0;
    lk_picture_list_changed(self, LK_PICTURE_ASPECT_BUCKET | LK_PICTURE_ASPECT_CHOICES);
    lk_picture_doctor_touch_all(self->doctor);
    return G_SOURCE_REMOVE;
}

static bool same_rules(const LkPictureRules *a, const LkPictureRules *b)
{
    const LkParameter *p = lk_parameters;
    for (size_t i = 0; i < lk_parameter_count; i++) {
        if (p[i].state != LK_PARAMETER_SUPPORTED || p[i].aside)
            continue;
        g_autofree char *x = lk_job_get(a->job, &p[i]), *y = lk_job_get(b->job, &p[i]);
        if (g_strcmp0(x, y) != 0)
            return false;
    }
    return a->doctor.purpose == b->doctor.purpose;
}

static gboolean rules_cb(gpointer data)
{
    LkPictureList *self = data;
    self->rules_id = 0;
    LkPictureRules *rules = self->project ? lk_picture_rules_new(self->project) : NULL;
    if (!rules || same_rules(rules, self->rules)) {
        g_clear_pointer(&rules, lk_picture_rules_unref);
        return G_SOURCE_REMOVE;
    }
    const bool same_extension =
        g_strcmp0(lk_picture_rules_extension(rules), lk_picture_rules_extension(self->rules)) == 0;
    lk_picture_rules_unref(self->rules);
    self->rules = rules;
    self->rules_stage = 0;
    self->rules_id = g_idle_add(refit_cb, self);
    if (!same_extension)
        lk_picture_list_refresh(self);
    return G_SOURCE_REMOVE;
}

static void parameters_changed_cb(LkPictureList *self)
{
    if (self->rules_id)
        g_source_remove(self->rules_id);
    self->rules_id = g_timeout_add(REST, rules_cb, self);
}

void lk_picture_list_watch_parameters(LkPictureList *self)
{
    static const char *const changes[] = {"setting-changed", "notify::goal", "notify::trigger-word"};
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++)
        g_signal_connect_object(self->project, changes[i], G_CALLBACK(parameters_changed_cb), self, G_CONNECT_SWAPPED);
}
