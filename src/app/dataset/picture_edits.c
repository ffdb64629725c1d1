/* Edits and their undo. Objects change at once; picture_save.c brings edits to the disk in their order. Consecutive
 * changes of one field of one picture are one open step: each save of it takes the place of the one before. */
#include "app/dataset/picture_fields.h"
#include "app/dataset/picture_save.h"

#include <glib/gi18n.h>

enum {
    REST = 300,      /* milliseconds without a key until an open step is saved again */
    TOGETHER = 2000, /* within these, changes of one field join */
    LOOK_AWAY = 64   /* from so many captions on, file monitors pause */
};

/* The step that further changes may join. */
typedef struct OpenStep {
    LkPicture *picture; /* NULL: there is none */
    LkPictureField field;
    char *label;
    LkSaveStep *step; /* what the history has of it */
    bool dirty;       /* the picture has something that was not sent to be saved */
    guint save_id, close_id;
} OpenStep;

struct LkPictureEdits {
    LkPictureList *list;
    guint undo, redo;
    char *undo_label, *redo_label;
    OpenStep open;
    LkPicture *typing; /* edits of its caption join, however long it takes */
    guint saves;       /* on their way */
    guint steps;       /* of undo and redo, on their way */
    GList *alive;      /* Sending that are on their way */
};

/* What is on its way. */
typedef struct Sending {
    LkPictureEdits *edits; /* NULL once the list is gone */
    LkSave *save;
    bool step, looked_away;
} Sending;

/* ---- state ------------------------------------------------------------------------------------------- */

static void notify_state(LkPictureEdits *edits)
{
    for (int property = LK_LIST_PROP_CAN_UNDO; property <= LK_LIST_PROP_REDO_LABEL; property++)
        lk_picture_list_notify(edits->list, property);
}

void lk_picture_edits_take_state(LkPictureEdits *edits, guint undo, guint redo, const char *undo_label,
                                 const char *redo_label)
{
    edits->undo = undo;
    edits->redo = redo;
    g_set_str(&edits->undo_label, undo ? undo_label : NULL);
    g_set_str(&edits->redo_label, redo ? redo_label : NULL);
    notify_state(edits);
}

bool lk_picture_edits_can(LkPictureEdits *edits, bool redo)
{
    return redo ? edits->redo > 0 : edits->undo > 0;
}

const char *lk_picture_edits_label(LkPictureEdits *edits, bool redo)
{
    return redo ? edits->redo_label : edits->undo_label;
}

static void add_pending(LkPictureEdits *edits, LkPicture *picture, LkPictureField field, int more, bool failed)
{
    const int before = lk_picture_get_unsaved(picture);
    lk_picture_add_pending(picture, field, more, failed);
    lk_picture_list_count_unsaved(edits->list, lk_picture_get_unsaved(picture) - before);
}

/* ---- answers of the store ---------------------------------------------------------------------------- */

static void take_edit(LkPictureEdits *edits, LkSaveItem *item, LkPicture *picture)
{
    const bool failed = item->outcome == LK_SAVE_FAILED;
    add_pending(edits, picture, item->field, -1, failed);
    if (item->field != LK_PICTURE_FIELD_CAPTION || (item->outcome != LK_SAVE_DONE && item->outcome != LK_SAVE_OTHER))
        return;
    picture->caption_modified = item->sidecar.modified;
    if (item->outcome == LK_SAVE_OTHER && !picture->pending[item->field]) {
        lk_picture_list_apply_caption(edits->list, picture, item->sidecar.text, item->sidecar.state);
        lk_picture_doctor_touch(edits->list->doctor, picture);
    }
}

static void take_step(LkPictureEdits *edits, LkSaveItem *item, LkPicture *picture, LkPictureMoves *moves)
{
    if (item->outcome == LK_SAVE_GONE || item->outcome == LK_SAVE_FAILED)
        return;
    if (item->field == LK_PICTURE_FIELD_CAPTION)
        picture->caption_modified = item->sidecar.modified;
    if (picture->pending[item->field])
        return; /* it was edited since the step was asked for */
    if (item->field == LK_PICTURE_FIELD_REMOVED) {
        lk_picture_moves_add(moves, picture, item->after);
    } else if (item->field == LK_PICTURE_FIELD_CAPTION) {
        add_pending(edits, picture, item->field, 0, false);
        lk_picture_list_apply_caption(edits->list, picture, item->sidecar.text, item->sidecar.state);
        if (picture->listed)
            lk_picture_doctor_touch(edits->list->doctor, picture);
    } else {
        lk_picture_list_apply(edits->list, picture, item->field, item->after);
    }
}

static void take_items(LkPictureEdits *edits, Sending *sending)
{
    LkPictureList *list = edits->list;
    LkPictureMoves moves = lk_picture_moves_new();
    for (guint i = 0; i < sending->save->items->len; i++) {
        LkSaveItem *item = &g_array_index(sending->save->items, LkSaveItem, i);
        LkPicture *picture = lk_picture_list_lookup(list, item->path);
        if (picture && sending->step)
            take_step(edits, item, picture, &moves);
        else if (picture)
            take_edit(edits, item, picture);
    }
    lk_picture_moves_end(&moves, list);
    lk_save_report(sending->save, sending->step, list);
}

/* The store itself failed: nothing is known of what was written. */
static void take_failure(LkPictureEdits *edits, Sending *sending, const GError *error)
{
    for (guint i = 0; i < sending->save->items->len && !sending->step; i++) {
        const LkSaveItem *item = &g_array_index(sending->save->items, LkSaveItem, i);
        LkPicture *picture = lk_picture_list_lookup(edits->list, item->path);
        if (picture)
            add_pending(edits, picture, item->field, -1, true);
    }
    lk_picture_list_failed(edits->list, error);
}

static void sent_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Sending *sending = data;
    LkPictureEdits *edits = sending->edits;
    g_autoptr(GError) error = NULL;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (edits) {
        g_autoptr(LkPictureList) list = g_object_ref(edits->list);
        edits->alive = g_list_remove(edits->alive, sending);
        edits->saves -= !sending->step;
        edits->steps -= sending->step;
        if (error)
            take_failure(edits, sending, error);
        else
            take_items(edits, sending);
        const LkHistoryState *state = &sending->save->state;
        if (!error && !edits->saves && !edits->steps && !edits->open.dirty)
            lk_picture_edits_take_state(edits, state->undo, state->redo, state->undo_label, state->redo_label);
        if (sending->looked_away)
            lk_picture_watch_resume(list->watch);
    }
    lk_save_free(sending->save);
    g_free(sending);
}

static void send(LkPictureEdits *edits, LkSave *save, bool step)
{
    Sending *sending = g_new0(Sending, 1);
    const guint size = step ? edits->list->pictures->len / 16 : save->items->len; /* a step's is not known yet */
    *sending = (Sending){edits, save, step, size >= LOOK_AWAY};
    edits->alive = g_list_prepend(edits->alive, sending);
    edits->saves += !step;
    edits->steps += step;
    if (sending->looked_away)
        lk_picture_watch_pause(edits->list->watch);
    lk_store_thread_run(edits->list->store, step ? lk_save_step : lk_save_edit, save, NULL, NULL, NULL, sent_cb,
                        sending);
}

static LkSave *new_save(LkPictureEdits *edits, const char *label)
{
    return lk_save_new(edits->list->project_id, label, lk_picture_rules_extension(edits->list->rules));
}

/* ---- the open step ----------------------------------------------------------------------------------- */

static void save_open(LkPictureEdits *edits)
{
    OpenStep *open = &edits->open;
    g_clear_handle_id(&open->save_id, g_source_remove);
    if (!open->dirty)
        return;
    LkSave *save = new_save(edits, open->label);
    g_autofree char *now = lk_picture_field_value(open->picture, open->field);
    lk_save_add(save, open->picture->path, open->field, now, open->picture->edited);
    save->step = lk_save_step_ref(open->step);
    open->dirty = false; /* the write that was announced is on its way now */
    send(edits, save, false);
}

static void close_open(LkPictureEdits *edits)
{
    OpenStep *open = &edits->open;
    if (!open->picture)
        return;
    save_open(edits);
    g_clear_handle_id(&open->close_id, g_source_remove);
    g_object_unref(open->picture);
    lk_save_step_unref(open->step);
    g_free(open->label);
    *open = (OpenStep){0};
}

static gboolean save_cb(gpointer data)
{
    LkPictureEdits *edits = data;
    edits->open.save_id = 0;
    save_open(edits);
    return G_SOURCE_REMOVE;
}

static gboolean close_cb(gpointer data)
{
    LkPictureEdits *edits = data;
    edits->open.close_id = 0;
    close_open(edits);
    return G_SOURCE_REMOVE;
}

static bool is_typed(LkPictureEdits *edits, LkPicture *picture, LkPictureField field)
{
    return edits->typing == picture && field == LK_PICTURE_FIELD_CAPTION;
}

static bool joins(LkPictureEdits *edits, const LkPictureChange *change, const char *label)
{
    const OpenStep *open = &edits->open;
    return open->picture == change->picture && open->field == change->field &&
           (is_typed(edits, change->picture, change->field) || g_strcmp0(open->label, label) == 0);
}

/* A change of the open step was made. */
static void prolong(LkPictureEdits *edits)
{
    OpenStep *open = &edits->open;
    const bool typed = is_typed(edits, open->picture, open->field);
    if (!open->dirty)
        add_pending(edits, open->picture, open->field, 1, open->picture->write_failed);
    open->dirty = true;
    g_clear_handle_id(&open->save_id, g_source_remove);
    g_clear_handle_id(&open->close_id, g_source_remove);
    open->save_id = g_timeout_add(REST, save_cb, edits);
    if (!typed)
        open->close_id = g_timeout_add(TOGETHER, close_cb, edits);
}

static void start_open(LkPictureEdits *edits, const LkPictureChange *change, const char *label)
{
    edits->open = (OpenStep){.picture = g_object_ref(change->picture),
                             .field = change->field,
                             .label = g_strdup(label),
                             .step = lk_save_step_new()};
    prolong(edits);
}

/* ---- editing ----------------------------------------------------------------------------------------- */

static void count_step(LkPictureEdits *edits, const char *label)
{
    lk_picture_edits_take_state(edits, edits->undo + 1, 0, label, NULL);
}

/* One change by itself: at once, and saved when no further one follows for a moment. */
static void edit_one(LkPictureEdits *edits, const char *label, const LkPictureChange *change)
{
    const bool joined = joins(edits, change, label);
    if (!joined)
        close_open(edits);
    change->picture->edited = g_get_real_time();
    lk_picture_list_apply(edits->list, change->picture, change->field, change->value);
    if (joined) {
        prolong(edits);
        return;
    }
    start_open(edits, change, label);
    count_step(edits, label);
}

static void edit_many(LkPictureEdits *edits, const char *label, const LkPictureChange *changes, guint n)
{
    close_open(edits);
    LkSave *save = new_save(edits, label);
    const gint64 now = g_get_real_time();
    LkPictureMoves moves = lk_picture_moves_new();
    for (guint i = 0; i < n; i++) {
        const LkPictureChange *change = &changes[i];
        lk_save_add(save, change->picture->path, change->field, change->value, now);
        add_pending(edits, change->picture, change->field, 1, change->picture->write_failed);
        if (change->field == LK_PICTURE_FIELD_REMOVED) {
            lk_picture_moves_add(&moves, change->picture, change->value);
            continue;
        }
        change->picture->edited = now;
        lk_picture_list_apply(edits->list, change->picture, change->field, change->value);
    }
    lk_picture_moves_end(&moves, edits->list);
    count_step(edits, label);
    send(edits, save, false);
}

static void clear_change(gpointer data)
{
    LkPictureChange *change = data;
    g_object_unref(change->picture);
    g_free((char *)change->value);
}

/* The changes that change something, with own references; `all`: also those that seem not to. */
static GArray *real_changes(const LkPictureChange *changes, guint n, bool all)
{
    GArray *real = g_array_new(FALSE, FALSE, sizeof(LkPictureChange));
    g_array_set_clear_func(real, clear_change);
    for (guint i = 0; i < n; i++) {
        g_autofree char *value = lk_picture_field_tidy(changes[i].field, changes[i].value);
        if (!all && !lk_picture_field_differs(changes[i].picture, changes[i].field, value))
            continue;
        const LkPictureChange change = {g_object_ref(changes[i].picture), changes[i].field, g_steal_pointer(&value)};
        g_array_append_val(real, change);
    }
    return real;
}

guint lk_picture_list_edit(LkPictureList *self, const char *label, const LkPictureChange *changes, guint n)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self) && label && self->edits, 0);
    g_autoptr(GArray) real = real_changes(changes, n, self->edits->steps > 0);
    const LkPictureChange *first = (const LkPictureChange *)(void *)real->data;
    if (real->len == 1 && first->field != LK_PICTURE_FIELD_REMOVED)
        edit_one(self->edits, label, first);
    else if (real->len)
        edit_many(self->edits, label, first, real->len);
    return real->len;
}

void lk_picture_list_remove_pictures(LkPictureList *self, LkPicture *const *pictures, guint n)
{
    g_autofree LkPictureChange *changes = g_new0(LkPictureChange, n + 1);
    for (guint i = 0; i < n; i++)
        changes[i] = (LkPictureChange){pictures[i], LK_PICTURE_FIELD_REMOVED, "1"};
    g_autofree char *label = g_strdup_printf(ngettext("Remove %u Picture", "Remove %u Pictures", n), n);
    lk_picture_list_edit(self, label, changes, n);
}

void lk_picture_list_begin_typing(LkPictureList *self, LkPicture *picture)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self) && LK_IS_PICTURE(picture));
    LkPictureEdits *edits = self->edits;
    if (edits->typing == picture)
        return;
    close_open(edits);
    g_set_object(&edits->typing, picture);
}

void lk_picture_list_end_typing(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    close_open(self->edits);
    g_clear_object(&self->edits->typing);
}

void lk_picture_list_retry_saving(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    LkPictureEdits *edits = self->edits;
    LkSave *save = new_save(edits, NULL);
    for (guint i = 0; i < self->pictures->len; i++) {
        LkPicture *picture = self->pictures->pdata[i];
        if (!picture->write_failed || picture->pending[LK_PICTURE_FIELD_CAPTION])
            continue;
        lk_save_add(save, picture->path, LK_PICTURE_FIELD_CAPTION, picture->caption, picture->edited);
        add_pending(edits, picture, LK_PICTURE_FIELD_CAPTION, 1, true);
    }
    if (save->items->len)
        send(edits, save, false);
    else
        lk_save_free(save);
}

/* ---- undo -------------------------------------------------------------------------------------------- */

static void step(LkPictureList *self, bool redo)
{
    LkPictureEdits *edits = self->edits;
    close_open(edits);
    if (!lk_picture_edits_can(edits, redo))
        return;
    LkSave *save = new_save(edits, NULL);
    save->direction = redo ? LK_HISTORY_REDO : LK_HISTORY_UNDO;
    guint *from = redo ? &edits->redo : &edits->undo, *to = redo ? &edits->undo : &edits->redo;
    --*from;
    ++*to;
    notify_state(edits);
    send(edits, save, true);
}

void lk_picture_list_undo(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    step(self, false);
}

void lk_picture_list_redo(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    step(self, true);
}

/* ---- captions that others wrote ---------------------------------------------------------------------- */

void lk_picture_edits_take_caption(LkPictureEdits *edits, LkPicture *picture, const char *text, gint64 modified,
                                   LkPictureCaptionState state)
{
    if (picture->pending[LK_PICTURE_FIELD_CAPTION])
        return; /* the save finds out by itself */
    const bool same = g_strcmp0(picture->caption, text) == 0;
    if (picture->write_failed && !same) {
        if (modified / 1000 <= picture->edited)
            return; /* what was typed here is newer, and is to be saved again */
        g_autofree char *sentence = g_strdup_printf(
            _("“%s” was changed by another program after it was changed here. The other program’s text is kept."),
            lk_picture_get_name(picture));
        add_pending(edits, picture, LK_PICTURE_FIELD_CAPTION, 0, false);
        lk_picture_list_emit_text(edits->list, "conflict", sentence);
    }
    picture->caption_modified = modified;
    if (!same || picture->caption_state != state)
        lk_picture_list_apply_caption(edits->list, picture, text, state);
}

/* ---- life -------------------------------------------------------------------------------------------- */

/* Keys of the last moment before the program ends. */
static void shutdown_cb(LkPictureList *list)
{
    if (list->edits)
        close_open(list->edits);
}

LkPictureEdits *lk_picture_edits_new(LkPictureList *list)
{
    LkPictureEdits *edits = g_new0(LkPictureEdits, 1);
    edits->list = list;
    if (g_application_get_default())
        g_signal_connect_object(g_application_get_default(), "shutdown", G_CALLBACK(shutdown_cb), list,
                                G_CONNECT_SWAPPED);
    return edits;
}

void lk_picture_edits_free(LkPictureEdits *edits)
{
    close_open(edits);
    for (GList *item = edits->alive; item; item = item->next)
        ((Sending *)item->data)->edits = NULL;
    g_list_free(edits->alive);
    g_clear_object(&edits->typing);
    g_free(edits->undo_label);
    g_free(edits->redo_label);
    g_free(edits);
}
