#include "training/changes.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

static const char *const keys[] = {
    "learning_rate",
    "unet_lr",
    "text_encoder_lr",
    "text_encoder_2_lr",
    "sample_prompts",
    "sample_sampler",
    "sample_every_n_epochs",
    "sample_every_n_steps",
    "save_every_n_epochs",
    "save_every_n_steps",
    "save_last_n_epochs",
    "save_last_n_steps",
    "save_state_every_n_steps",
    "save_state_on_train_end",
    NULL,
};

const char *const *lk_change_keys(void)
{
    return keys;
}

/* ------------------------------------------------------------------ one change */

/** The rate that learning_rate stands for is not always used. */
static bool has_effect(const LkJob *job, const char *key, GError **error)
{
    bool unet = lk_job_trains_unet(job), text = lk_job_trains_text_encoder(job);
    bool second = lk_job_trains_text(job, 1);
    if (strcmp(key, "learning_rate") == 0 && (!unet || lk_job_is_given(job, "unet_lr")) &&
        (!text || lk_job_is_given(job, "text_encoder_lr")))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("learning_rate has no effect in this run, for the parts that it trains have rates of "
                              "their own. Change unet_lr or text_encoder_lr."));
    if ((strcmp(key, "unet_lr") == 0 && !unet) || (strcmp(key, "text_encoder_lr") == 0 && !text) ||
        (strcmp(key, "text_encoder_2_lr") == 0 && !second))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("%s has no effect in this run, which does not train that part. That is settled when a "
                              "run begins."),
                            key);
    return true;
}

static bool check(const LkJob *before, const LkJob *now, const char *key, const GPtrArray *problems, GError **error)
{
    if (!lk_problems_fail(problems, error))
        return false;
    if (lk_job_trains_unet(before) != lk_job_trains_unet(now) ||
        lk_job_trains_text(before, 0) != lk_job_trains_text(now, 0) ||
        lk_job_trains_text(before, 1) != lk_job_trains_text(now, 1))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("%s cannot become 0 while a run is under way. Which parts are trained is settled when a "
                              "run begins."),
                            key);
    return true;
}

static bool is_changeable(const char *key)
{
    for (gsize i = 0; keys[i]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

bool lk_change_apply(LkJob *job, const char *key, const char *value, GError **error)
{
    if (!is_changeable(key))
        return lk_set_error(error, LK_ERROR_USAGE, _("%s cannot be changed while a run is under way."), key);
    if (!has_effect(job, key, error))
        return false;
    g_autoptr(LkJob) trial = lk_job_copy(job);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    if (lk_job_set(trial, key, value, problems))
        lk_job_check(trial, problems);
    if (!check(job, trial, key, problems, error))
        return false;
    /* In place and not by exchange: others hold this job. */
    g_ptr_array_set_size(problems, 0);
    lk_job_set(job, key, value, problems);
    lk_job_check(job, problems);
    return true;
}

/* ------------------------------------------------------------------ the list */

static void change_free(gpointer data)
{
    LkChange *change = data;
    g_free(change->key);
    g_free(change->value);
    g_free(change);
}

GPtrArray *lk_changes_new(void)
{
    return g_ptr_array_new_with_free_func(change_free);
}

void lk_changes_add(GPtrArray *changes, int64_t step, const char *key, const char *value)
{
    LkChange *change = g_new(LkChange, 1);
    *change = (LkChange){.step = step, .key = g_strdup(key), .value = g_strdup(value)};
    g_ptr_array_add(changes, change);
}

char *lk_changes_write(const GPtrArray *changes, bool numbers_only)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < changes->len; i++) {
        const LkChange *change = g_ptr_array_index(changes, i);
        if (numbers_only && lk_parameter_find(change->key)->aside)
            continue;
        g_autofree char *value = g_strescape(change->value, NULL); /* one line, ASCII */
        g_string_append_printf(text, "%" G_GINT64_FORMAT " %s = %s\n", change->step, change->key, value);
    }
    if (text->len == 0) {
        g_string_free(text, TRUE);
        return NULL;
    }
    return g_string_free_and_steal(text);
}

static bool read_line(GPtrArray *changes, const char *line)
{
    char *end;
    const int64_t step = g_ascii_strtoll(line, &end, 10);
    const char *equals = strstr(end, " = ");
    if (end == line || *end != ' ' || !equals)
        return false;
    g_autofree char *key = g_strndup(end + 1, (gsize)(equals - end - 1)), *value = g_strcompress(equals + 3);
    if (step < 0 || !is_changeable(key))
        return false;
    lk_changes_add(changes, step, key, value);
    return true;
}

GPtrArray *lk_changes_read(const char *text, GError **error)
{
    g_autoptr(GPtrArray) changes = lk_changes_new();
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line && !read_line(changes, *line)) {
            lk_set_error(error, LK_ERROR_FORMAT, _("A change of a setting cannot be read: “%s”."), *line);
            return NULL;
        }
    }
    return g_steal_pointer(&changes);
}
