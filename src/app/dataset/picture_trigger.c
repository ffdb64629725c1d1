/* Trigger words in captions, and what else the program does to captions by itself when asked. */
#include "app/dataset/find_masks.h"
#include "app/dataset/picture_list_private.h"
#include "dataset/caption_edit.h"
#include "dataset/doctor.h"
#include "text/tags.h"
#include "text/trigger.h"

#include <glib/gi18n.h>
#include <string.h>

/* Milliseconds of rest after which a new trigger word is taken to be typed to its end. */
#define REST 1200

/* Of more pictures what the doctor last found is believed. */
#define COUNTED 2000

const char *lk_picture_list_get_trigger_words(LkPictureList *self)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), "");
    return self->rules->trigger_words;
}

int lk_picture_list_count_tokens(LkPictureList *self, const char *caption, int *most)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), -1);
    if (most)
        *most = self->rules->job->max_token_length;
    return lk_picture_rules_count_tokens(self->rules, caption, false);
}

/* ---- one text function for many captions ------------------------------------------------------------- */

/* The caption as it should be; the same text where nothing is to be done. Free with g_free. */
typedef char *(*Rewrite)(LkPicture *picture, const void *data);

/* The changes that a rewriting makes; values are owned by the caller's `texts`. */
static GArray *changes_of(LkPictureList *self, LkPicture *const *pictures, guint n, Rewrite rewrite, const void *data,
                          GPtrArray *texts)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(LkPictureChange));
    for (guint i = 0; i < n; i++) {
        char *text = rewrite(pictures[i], data);
        g_ptr_array_add(texts, text);
        const LkPictureChange change = {pictures[i], LK_PICTURE_FIELD_CAPTION, text};
        if (pictures[i]->caption_state == LK_PICTURE_CAPTION_NOT_UTF8 ||
            strcmp(text, lk_picture_get_caption(pictures[i])) != 0)
            g_array_append_val(changes, change);
    }
    return changes;
}

/* The label's %u becomes the number of changes. */
static guint rewrite_captions(LkPictureList *self, LkPicture *const *pictures, guint n, Rewrite rewrite,
                              const void *data, char *(*label)(guint count, const void *data))
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) changes = changes_of(self, pictures, n, rewrite, data, texts);
    g_autofree char *words = label(changes->len, data);
    return lk_picture_list_edit(self, words, (const LkPictureChange *)(void *)changes->data, changes->len);
}

static guint count_rewrites(LkPictureList *self, LkPicture *const *pictures, guint n, Rewrite rewrite, const void *data)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) changes = changes_of(self, pictures, n, rewrite, data, texts);
    return changes->len;
}

/* ---- adding ------------------------------------------------------------------------------------------ */

static char *with_triggers(LkPicture *picture, const void *words)
{
    return lk_caption_add_triggers(lk_picture_get_caption(picture), words, NULL);
}

/* Pictures whose caption is used for training, with words in it. */
static GPtrArray *captioned(LkPictureList *self)
{
    GPtrArray *pictures = g_ptr_array_new();
    for (guint i = 0; i < self->pictures->len; i++) {
        LkPicture *picture = self->pictures->pdata[i];
        const char *caption = lk_picture_get_caption(picture);
        if (lk_picture_is_trained(picture) && !picture->regularisation && caption[strspn(caption, " \t\n")])
            g_ptr_array_add(pictures, picture);
    }
    return pictures;
}

static char *add_label(guint count, const void *words)
{
    return g_strdup_printf(ngettext("Add “%s” to %u Caption", "Add “%s” to %u Captions", count), (const char *)words,
                           count);
}

guint lk_picture_list_count_without_trigger(LkPictureList *self)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), 0);
    g_autoptr(GPtrArray) pictures = captioned(self);
    guint marked = 0;
    for (guint i = 0; i < pictures->len; i++)
        marked += lk_picture_has_problem(pictures->pdata[i], LK_FINDING_TRIGGER_MISSING);
    if (pictures->len > COUNTED)
        return marked;
    return count_rewrites(self, (LkPicture *const *)pictures->pdata, pictures->len, with_triggers,
                          self->rules->trigger_words);
}

guint lk_picture_list_add_trigger(LkPictureList *self, LkPicture *const *pictures, guint n)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), 0);
    g_autoptr(GPtrArray) all = pictures ? NULL : captioned(self);
    return rewrite_captions(self, all ? (LkPicture *const *)all->pdata : pictures, all ? all->len : n, with_triggers,
                            self->rules->trigger_words, add_label);
}

/* ---- replacing --------------------------------------------------------------------------------------- */

typedef struct Replacement {
    const char *old, *with;
} Replacement;

/* The word as a tag; one that stands in a sentence or a longer tag is the person's to change. */
static char *with_other_trigger(LkPicture *picture, const void *data)
{
    const Replacement *replacement = data;
    g_auto(GStrv) old = lk_trigger_words(replacement->old);
    char *caption = g_strdup(lk_picture_get_caption(picture));
    for (guint i = 0; old[i]; i++) {
        /* the new words go where the first of the old ones stands */
        char *next = lk_tags_replace(caption, old[i], i ? "" : replacement->with, LK_TAGS_ANY_CASE);
        g_free(caption);
        caption = next;
    }
    return caption;
}

static char *replace_label(guint count, const void *data)
{
    const Replacement *replacement = data;
    return g_strdup_printf(ngettext("Replace “%s” by “%s” in %u Caption", "Replace “%s” by “%s” in %u Captions", count),
                           replacement->old, replacement->with, count);
}

guint lk_picture_list_count_trigger(LkPictureList *self, const char *old)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self) && old, 0);
    const Replacement gone = {old, ""};
    return *old ? count_rewrites(self, (LkPicture *const *)self->pictures->pdata, self->pictures->len,
                                 with_other_trigger, &gone)
                : 0;
}

guint lk_picture_list_replace_trigger(LkPictureList *self, const char *old, const char *with)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self) && old && with, 0);
    const Replacement replacement = {old, with};
    return *old ? rewrite_captions(self, (LkPicture *const *)self->pictures->pdata, self->pictures->len,
                                   with_other_trigger, &replacement, replace_label)
                : 0;
}

/* ---- another word ------------------------------------------------------------------------------------ */

/* What the captions were last known to be for. */
typedef struct TriggerWatch {
    LkPictureList *list;
    char *known;
    guint id;
} TriggerWatch;

static gboolean tell_cb(gpointer data)
{
    TriggerWatch *watch = data;
    watch->id = 0;
    LkPictureList *list = watch->list;
    if (!list->project)
        return G_SOURCE_REMOVE;
    g_autofree char *old = g_steal_pointer(&watch->known);
    watch->known = g_strdup(lk_project_get_trigger_word(list->project));
    const guint count = strcmp(old, watch->known) != 0 ? lk_picture_list_count_trigger(list, old) : 0;
    if (count)
        g_signal_emit_by_name(list, "trigger-word-changed", old, watch->known, count);
    return G_SOURCE_REMOVE;
}

static void changed_cb(LkPictureList *list)
{
    TriggerWatch *watch = g_object_get_data(G_OBJECT(list), "lk-trigger-watch");
    g_clear_handle_id(&watch->id, g_source_remove);
    watch->id = g_timeout_add(REST, tell_cb, watch);
}

static void watch_free(gpointer data)
{
    TriggerWatch *watch = data;
    g_clear_handle_id(&watch->id, g_source_remove);
    g_free(watch->known);
    g_free(watch);
}

void lk_picture_list_watch_trigger(LkPictureList *self)
{
    TriggerWatch *watch = g_new0(TriggerWatch, 1);
    watch->list = self;
    watch->known = g_strdup(lk_project_get_trigger_word(self->project));
    g_object_set_data_full(G_OBJECT(self), "lk-trigger-watch", watch, watch_free);
    g_signal_connect_object(self->project, "notify::trigger-word", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
}

/* ---- fixes of findings ------------------------------------------------------------------------------- */

static char *as_it_is(LkPicture *picture, const void *data)
{
    return g_strdup(lk_picture_get_caption(picture));
}

static char *joined_lines(LkPicture *picture, const void *data)
{
    g_auto(GStrv) lines = g_strsplit(lk_picture_get_caption(picture), "\n", -1);
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    for (char **line = lines; *line; line++) {
        g_strstrip(*line);
        while (g_str_has_suffix(*line, ",")) {
            (*line)[strlen(*line) - 1] = '\0';
            g_strchomp(*line);
        }
        if (**line)
            g_ptr_array_add(parts, *line);
    }
    g_ptr_array_add(parts, NULL);
    return g_strjoinv(LK_TAGS_SEPARATOR, (char **)parts->pdata);
}

static char *without_tags(LkPicture *picture, const void *tags)
{
    return lk_tags_remove(lk_picture_get_caption(picture), tags, LK_TAGS_ANY_CASE);
}

static char *remove_label(guint count, const void *data)
{
    return g_strdup_printf(ngettext("Remove Rare Tags from %u Caption", "Remove Rare Tags from %u Captions", count),
                           count);
}

static guint remove_tags(LkPictureList *self, LkFindingKind kind, LkPicture *const *pictures, guint n)
{
    const char *const *tags = lk_picture_doctor_tags(self->doctor, kind);
    g_autofree char *all = tags ? lk_tags_join(tags) : NULL;
    return all ? rewrite_captions(self, pictures, n, without_tags, all, remove_label) : 0;
}

static void read_more(LkPictureList *self)
{
    g_autofree char *most = g_strdup_printf("%d", LK_TOKENS_MOST);
    if (self->project)
        lk_project_set_setting(self->project, "max_token_length", most);
}

static char *convert_label(guint count, const void *data)
{
    return g_strdup_printf(ngettext("Convert %u Caption to UTF-8", "Convert %u Captions to UTF-8", count), count);
}

static char *join_label(guint count, const void *data)
{
    return g_strdup_printf(ngettext("Join the Lines of %u Caption", "Join the Lines of %u Captions", count), count);
}

static guint leave_out(LkPictureList *self, LkPicture *const *pictures, guint n)
{
    g_autofree LkPictureChange *changes = g_new0(LkPictureChange, n + 1);
    for (guint i = 0; i < n; i++)
        changes[i] = (LkPictureChange){pictures[i], LK_PICTURE_FIELD_EXCLUDED, "1"};
    g_autofree char *label = g_strdup_printf(ngettext("Leave Out %u Picture", "Leave Out %u Pictures", n), n);
    return lk_picture_list_edit(self, label, changes, n);
}

gboolean lk_picture_list_fix(LkPictureList *self, LkDatasetFinding *finding)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self) && LK_IS_DATASET_FINDING(finding), FALSE);
    GListModel *model = lk_dataset_finding_get_pictures(finding);
    const guint n = g_list_model_get_n_items(model);
    g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(held, g_list_model_get_item(model, i));
    LkPicture *const *pictures = (LkPicture *const *)held->pdata;
    switch (lk_dataset_finding_get_fix(finding)) {
    case LK_FIX_EXCLUDE:
        return leave_out(self, pictures, n) > 0;
    case LK_FIX_ADD_TRIGGER:
    case LK_FIX_WRITE_TRIGGER:
        return lk_picture_list_add_trigger(self, pictures, n) > 0;
    case LK_FIX_CONVERT_UTF8:
        return rewrite_captions(self, pictures, n, as_it_is, NULL, convert_label) > 0;
    case LK_FIX_JOIN_LINES:
        return rewrite_captions(self, pictures, n, joined_lines, NULL, join_label) > 0;
    case LK_FIX_REMOVE_TAGS:
        return remove_tags(self, lk_dataset_finding_get_kind(finding), pictures, n) > 0;
    case LK_FIX_READ_MORE:
        read_more(self);
        return FALSE;
    case LK_FIX_ALPHA_MASK:
        lk_use_transparency(self, TRUE);
        return FALSE;
    default:
        return FALSE;
    }
}
