#include "app/dataset/picture_save.h"

#include <glib/gi18n.h>
#include <string.h>

/* By LkPictureField: what the history calls it. */
static const char *const field_names[LK_PICTURE_FIELDS] = {"caption", "excluded", "repeats", "mask", "removed"};

/* ---- a step that grows ------------------------------------------------------------------------------- */

struct LkSaveStep {
    gint64 id; /* in the history; 0: nothing yet */
    bool begun;
    char *before; /* what the field was when it began */
};

LkSaveStep *lk_save_step_new(void)
{
    return g_atomic_rc_box_new0(LkSaveStep);
}

LkSaveStep *lk_save_step_ref(LkSaveStep *step)
{
    return g_atomic_rc_box_acquire(step);
}

static void clear_step(gpointer data)
{
    g_free(((LkSaveStep *)data)->before);
}

void lk_save_step_unref(LkSaveStep *step)
{
    g_atomic_rc_box_release_full(step, clear_step);
}

/* ---- the save ---------------------------------------------------------------------------------------- */

static void clear_item(gpointer data)
{
    LkSaveItem *item = data;
    g_free(item->path);
    g_free(item->before);
    g_free(item->after);
    g_free(item->error);
    lk_sidecar_clear(&item->sidecar);
}

LkSave *lk_save_new(gint64 project, const char *label, const char *extension)
{
    LkSave *save = g_new0(LkSave, 1);
    save->project = project;
    save->label = g_strdup(label);
    save->extension = g_strdup(extension);
    save->items = g_array_new(FALSE, TRUE, sizeof(LkSaveItem));
    g_array_set_clear_func(save->items, clear_item);
    return save;
}

void lk_save_free(LkSave *save)
{
    g_clear_pointer(&save->step, lk_save_step_unref);
    g_free(save->label);
    g_free(save->extension);
    g_array_unref(save->items);
    lk_history_state_clear(&save->state);
    g_free(save);
}

void lk_save_add(LkSave *save, const char *path, LkPictureField field, const char *after, gint64 edited)
{
    const LkSaveItem item = {.path = g_strdup(path), .field = field, .after = g_strdup(after), .edited = edited};
    g_array_append_val(save->items, item);
}

/* ---- what is there now ------------------------------------------------------------------------------- */

/* A picture's row. */
typedef struct Row {
    gint64 id; /* 0: there is none */
    gint64 caption_modified;
    LkPictureCaptionState state;
    char *caption, *mask;
    guint repeats;
    bool excluded, removed;
} Row;

static void row_clear(Row *row)
{
    g_free(row->caption);
    g_free(row->mask);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

static bool take_row(const LkPictureRecord *record, void *data)
{
    Row *row = data;
    *row = (Row){.id = record->id,
                 .caption_modified = record->caption_mtime_ns,
                 .state = record->caption_state,
                 .caption = g_strdup(record->caption),
                 .mask = g_strdup(record->mask),
                 .repeats = record->repeats,
                 .excluded = record->excluded,
                 .removed = record->removed};
    return true;
}

/* A choice as the history has it. */
static char *choice_of(const Row *row, LkPictureField field)
{
    if (field == LK_PICTURE_FIELD_REPEATS)
        return g_strdup_printf("%u", row->repeats);
    if (field == LK_PICTURE_FIELD_MASK)
        return g_strdup(row->mask);
    return g_strdup((field == LK_PICTURE_FIELD_REMOVED ? row->removed : row->excluded) ? "1" : "0");
}

/* The caption as it is in its file now; *changed says whether another program has changed it since it was last read. */
static void look_at_caption(const LkSave *save, const LkSaveItem *item, const Row *row, LkSidecar *now, bool *changed)
{
    g_autofree char *path = lk_sidecar_find(item->path, save->extension);
    const gint64 modified = path ? lk_file_time(path, NULL) : 0;
    if (row->id && modified == row->caption_modified && row->state != LK_PICTURE_CAPTION_UNREAD) {
        *now = (LkSidecar){g_strdup(row->caption), modified, row->state};
        *changed = false;
        return;
    }
    lk_sidecar_read(item->path, save->extension, now);
    *changed = row->id && g_strcmp0(now->text, row->caption) != 0;
}

/* A file that cannot be read as text is not overwritten: it may be something else. */
static bool refuse_unreadable(LkSaveItem *item, const LkSidecar *now)
{
    if (now->text || now->state == LK_PICTURE_CAPTION_NONE)
        return false;
    item->outcome = LK_SAVE_FAILED;
    item->error = g_strdup(_("the caption file that is there cannot be read as text. Rename or remove it."));
    return true;
}

static void keep_other(LkSaveItem *item, LkSidecar *now)
{
    item->outcome = LK_SAVE_OTHER;
    item->sidecar = *now;
    *now = (LkSidecar){0};
}

/* Decides what is to be done with a caption that was edited. */
static void prepare_caption(const LkSave *save, LkSaveItem *item, const Row *row)
{
    g_auto(LkSidecar) now = {0};
    bool changed;
    look_at_caption(save, item, row, &now, &changed);
    item->before = g_strdup(now.text);
    if (refuse_unreadable(item, &now) || !changed || g_strcmp0(now.text, item->after) == 0)
        return;
    if (now.modified / 1000 > item->edited)
        keep_other(item, &now);
    else
        item->overwrote = true;
}

/* An edit that was made while another was being undone may turn out to change nothing. "" needs no file. */
static bool is_same(const LkSaveItem *item)
{
    const bool caption = item->field == LK_PICTURE_FIELD_CAPTION;
    return g_strcmp0(item->before, item->after) == 0 || (caption && !item->before && item->after && !*item->after);
}

/* A step that grows goes back to where it began, or to what another program wrote in between. */
static void prepare_edit(const LkSave *save, LkSaveItem *item, const Row *row)
{
    if (item->field == LK_PICTURE_FIELD_CAPTION)
        prepare_caption(save, item, row);
    else
        item->before = choice_of(row, item->field);
    LkSaveStep *step = save->step;
    if (!step && save->label && item->outcome == LK_SAVE_DONE && is_same(item))
        item->outcome = LK_SAVE_SAME;
    if (!step)
        return;
    if (step->begun && !item->overwrote) {
        g_free(item->before);
        item->before = g_strdup(step->before);
    } else {
        g_free(step->before);
        step->before = g_strdup(item->before);
    }
    step->begun = true;
}

/* The same for undo and redo, which touch only what is as the step left it. */
static void prepare_step(const LkSave *save, LkSaveItem *item, const Row *row)
{
    g_auto(LkSidecar) now = {0};
    bool changed;
    if (item->field != LK_PICTURE_FIELD_CAPTION)
        return;
    look_at_caption(save, item, row, &now, &changed);
    if (!refuse_unreadable(item, &now) && g_strcmp0(now.text, item->before) != 0 &&
        g_strcmp0(now.text, item->after) != 0)
        keep_other(item, &now);
}

/* Reads the rows and decides for each item; ids are in the order of the items. */
static gint64 *prepare(LkStore *store, LkSave *save, void (*decide)(const LkSave *, LkSaveItem *, const Row *),
                       GError **error)
{
    g_autofree gint64 *ids = g_new0(gint64, save->items->len + 1);
    for (guint i = 0; i < save->items->len; i++) {
        LkSaveItem *item = &g_array_index(save->items, LkSaveItem, i);
        g_auto(Row) row = {0};
        if (!lk_pictures_find(store, save->project, item->path, take_row, &row, NULL, error))
            return NULL;
        ids[i] = row.id;
        if (row.id)
            decide(save, item, &row);
        else
            item->outcome = LK_SAVE_GONE;
    }
    return g_steal_pointer(&ids);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

static void write_captions(LkSave *save)
{
    g_autoptr(GArray) writes = g_array_new(FALSE, TRUE, sizeof(LkSidecarWrite));
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    for (guint i = 0; i < save->items->len; i++) {
        LkSaveItem *item = &g_array_index(save->items, LkSaveItem, i);
        if (item->field != LK_PICTURE_FIELD_CAPTION || item->outcome != LK_SAVE_DONE)
            continue;
        const LkSidecarWrite write = {.picture = item->path, .text = item->after, .expected = item->before};
        g_array_append_val(writes, write);
        g_ptr_array_add(items, item);
    }
    lk_sidecars_write((LkSidecarWrite *)(void *)writes->data, writes->len, save->extension);
    for (guint i = 0; i < items->len; i++) {
        LkSaveItem *item = items->pdata[i];
        LkSidecarWrite *write = &g_array_index(writes, LkSidecarWrite, i);
        item->error = write->error;
        item->outcome = write->error ? LK_SAVE_FAILED : LK_SAVE_DONE;
        if (!write->error)
            item->sidecar = (LkSidecar){g_strdup(item->after), write->modified,
                                        item->after ? LK_PICTURE_CAPTION_READ : LK_PICTURE_CAPTION_NONE};
    }
}

static bool store_choice(LkStore *store, const LkSaveItem *item, gint64 id, GError **error)
{
    const guint64 number = item->after ? g_ascii_strtoull(item->after, NULL, 10) : 0;
    switch (item->field) {
    case LK_PICTURE_FIELD_EXCLUDED:
        return lk_pictures_set_excluded(store, &id, 1, number != 0, error);
    case LK_PICTURE_FIELD_REPEATS:
        return lk_pictures_set_repeats(store, &id, 1, (guint)MIN(number, G_MAXUINT), error);
    case LK_PICTURE_FIELD_MASK:
        return lk_pictures_set_mask(store, &id, 1, item->after && *item->after ? item->after : NULL, error);
    case LK_PICTURE_FIELD_REMOVED:
        return lk_pictures_set_removed(store, &id, 1, number != 0, error);
    default:
        return true;
    }
}

/* The rows become what is on the disk. */
static bool store_items(LkStore *store, LkSave *save, const gint64 *ids, GError **error)
{
    g_autoptr(GArray) captions = g_array_new(FALSE, FALSE, sizeof(LkPictureCaption));
    for (guint i = 0; i < save->items->len; i++) {
        const LkSaveItem *item = &g_array_index(save->items, LkSaveItem, i);
        if (item->outcome != LK_SAVE_DONE && item->outcome != LK_SAVE_OTHER)
            continue;
        const LkPictureCaption caption = {ids[i], item->sidecar.text, item->sidecar.modified, item->sidecar.state};
        if (item->field == LK_PICTURE_FIELD_CAPTION)
            g_array_append_val(captions, caption);
        else if (!store_choice(store, item, ids[i], error))
            return false;
    }
    return lk_pictures_set_captions(store, (const LkPictureCaption *)(const void *)captions->data, captions->len,
                                    error);
}

/* ---- an edit ----------------------------------------------------------------------------------------- */

/* Takes back what the history has of a step that has grown, unless it is not the last one any more. */
static bool take_back(LkStore *store, LkSave *save, GError **error)
{
    g_autoptr(LkHistoryStep) last = NULL;
    if (!save->step || !save->step->id)
        return true;
    return lk_history_peek(store, save->project, LK_HISTORY_UNDO, &last, error) &&
           (!last || last->id != save->step->id || lk_history_move(store, save->project, LK_HISTORY_UNDO, error));
}

static bool append_step(LkStore *store, LkSave *save, GError **error)
{
    g_autofree LkHistoryChange *changes = g_new0(LkHistoryChange, save->items->len + 1);
    gsize count = 0;
    for (guint i = 0; i < save->items->len; i++) {
        LkSaveItem *item = &g_array_index(save->items, LkSaveItem, i);
        if (item->outcome == LK_SAVE_DONE || item->outcome == LK_SAVE_FAILED)
            changes[count++] =
                (LkHistoryChange){item->path, (char *)field_names[item->field], item->before, item->after};
    }
    if (!take_back(store, save, error))
        return false;
    const gint64 id = count ? lk_history_append(store, save->project, save->label, changes, count, error) : 0;
    if (save->step)
        save->step->id = id;
    return id || !count;
}

static bool append_in_transaction(LkStore *store, void *data, GError **error)
{
    return append_step(store, data, error);
}

/* Rows and, for a step, the cursor: kept together or not at all. */
typedef struct Ending {
    LkSave *save;
    const gint64 *ids;
    bool move;
} Ending;

static bool end_in_transaction(LkStore *store, void *data, GError **error)
{
    const Ending *ending = data;
    LkSave *save = ending->save;
    return store_items(store, save, ending->ids, error) &&
           (!ending->move || lk_history_move(store, save->project, save->direction, error));
}

gpointer lk_save_edit(LkStore *store, gpointer data, GError **error)
{
    LkSave *save = data;
    g_autofree gint64 *ids = prepare(store, save, prepare_edit, error);
    if (!ids || (save->label && !lk_store_transaction(store, append_in_transaction, save, error)))
        return NULL;
    write_captions(save);
    Ending ending = {save, ids, false};
    if (lk_store_transaction(store, end_in_transaction, &ending, error))
        lk_history_state(store, save->project, &save->state, error);
    return NULL;
}

/* ---- undo and redo ----------------------------------------------------------------------------------- */

static bool field_of_name(const char *name, LkPictureField *field)
{
    for (int i = 0; i < LK_PICTURE_FIELDS; i++)
        if (strcmp(name, field_names[i]) == 0) {
            *field = (LkPictureField)i;
            return true;
        }
    return false;
}

static void items_of_step(LkSave *save, const LkHistoryStep *step)
{
    const bool undo = save->direction == LK_HISTORY_UNDO;
    for (guint i = 0; i < step->changes->len; i++) {
        const LkHistoryChange *change = &g_array_index(step->changes, LkHistoryChange, i);
        LkPictureField field;
        if (!field_of_name(change->field, &field))
            continue;
        lk_save_add(save, change->path, field, undo ? change->before : change->after, 0);
        LkSaveItem *item = &g_array_index(save->items, LkSaveItem, save->items->len - 1);
        item->before = g_strdup(undo ? change->after : change->before);
    }
}

gpointer lk_save_step(LkStore *store, gpointer data, GError **error)
{
    LkSave *save = data;
    g_autoptr(LkHistoryStep) step = NULL;
    if (!lk_history_peek(store, save->project, save->direction, &step, error))
        return NULL;
    if (!step) {
        lk_history_state(store, save->project, &save->state, error);
        return NULL;
    }
    save->label = g_strdup(step->label);
    items_of_step(save, step);
    g_autofree gint64 *ids = prepare(store, save, prepare_step, error);
    if (!ids)
        return NULL;
    write_captions(save);
    Ending ending = {save, ids, true};
    if (lk_store_transaction(store, end_in_transaction, &ending, error))
        lk_history_state(store, save->project, &save->state, error);
    return NULL;
}
