#include "app/dataset/caption_run.h"

#include "app/dataset/edit_words.h"

/* So many captions go to a thread at a time. */
enum { CHUNK = 1000 };

struct _LkCaptionRun {
    GObject parent_instance;
    LkPictureList *list;
    GPtrArray *pictures;
    LkCaptionEditor **editor; /* in a box of references: threads have it as well */
    LkCaptionEdit edit;       /* with own texts, for the words */
    LkCaptionPreview preview;
    GArray *changes; /* LkPictureChange; pictures are borrowed of `pictures`, values are ours */
    guint next;      /* the first picture that was not looked at */
    gboolean counted, apply, applied;
    GCancellable *cancellable; /* of the chunk on its way */
};

G_DEFINE_FINAL_TYPE(LkCaptionRun, lk_caption_run, G_TYPE_OBJECT)

enum { SIGNAL_COUNTED, SIGNAL_APPLIED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* Captions on a thread. */
typedef struct Chunk {
    LkCaptionEditor **editor;
    guint first, count;
    char **captions; /* before; then after where it changed, else NULL */
    LkCaptionChange *kinds;
} Chunk;

static void clear_editor(gpointer data)
{
    lk_caption_editor_free(*(LkCaptionEditor **)data);
}

static void chunk_free(gpointer data)
{
    Chunk *chunk = data;
    g_atomic_rc_box_release_full(chunk->editor, clear_editor);
    for (guint i = 0; i < chunk->count; i++)
        g_free(chunk->captions[i]);
    g_free(chunk->captions);
    g_free(chunk->kinds);
    g_free(chunk);
}

static void clear_change(gpointer data)
{
    g_free((char *)((LkPictureChange *)data)->value);
}

/* ---- counting ---------------------------------------------------------------------------------------- */

static void work(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Chunk *chunk = data;
    for (guint i = 0; i < chunk->count && !g_cancellable_is_cancelled(cancellable); i++) {
        char *after = lk_caption_editor_apply(*chunk->editor, chunk->captions[i], &chunk->kinds[i]);
        g_free(chunk->captions[i]);
        chunk->captions[i] = after;
    }
    g_task_return_boolean(task, TRUE);
}

static void make_changes(LkCaptionRun *self)
{
    self->apply = FALSE;
    self->applied = TRUE;
    const guint wanted = self->changes->len;
    g_autofree char *label = lk_caption_edit_label(&self->edit, wanted);
    const guint n =
        wanted ? lk_picture_list_edit(self->list, label, (LkPictureChange *)(void *)self->changes->data, wanted) : 0;
    g_autofree char *text = lk_caption_edit_done(&self->edit, n);
    g_signal_emit(self, signals[SIGNAL_APPLIED], 0, n, text);
}

static void send_chunk(LkCaptionRun *self);

static void take(LkCaptionRun *self, Chunk *chunk)
{
    for (guint i = 0; i < chunk->count; i++) {
        self->preview.total++;
        self->preview.counts[chunk->kinds[i]]++;
        if (chunk->kinds[i] != LK_CAPTION_CHANGED)
            continue;
        if (self->preview.first < 0)
            self->preview.first = (int)(chunk->first + i);
        const LkPictureChange change = {self->pictures->pdata[chunk->first + i], LK_PICTURE_FIELD_CAPTION,
                                        g_steal_pointer(&chunk->captions[i])};
        g_array_append_val(self->changes, change);
    }
}

static void chunk_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkCaptionRun *self = LK_CAPTION_RUN(source);
    const gboolean apply = self->apply;
    if (g_task_propagate_boolean(G_TASK(result), NULL)) {
        take(self, g_task_get_task_data(G_TASK(result)));
        send_chunk(self);
    }
    if (apply && self->applied)
        g_object_unref(self); /* what kept it alive */
}

static void send_chunk(LkCaptionRun *self)
{
    g_clear_object(&self->cancellable);
    if (self->next >= self->pictures->len) {
        self->counted = TRUE;
        g_signal_emit(self, signals[SIGNAL_COUNTED], 0);
        if (self->apply)
            make_changes(self);
        return;
    }
    Chunk *chunk = g_new0(Chunk, 1);
    chunk->editor = g_atomic_rc_box_acquire(self->editor);
    chunk->first = self->next;
    chunk->count = MIN(CHUNK, self->pictures->len - self->next);
    chunk->captions = g_new0(char *, chunk->count);
    chunk->kinds = g_new0(LkCaptionChange, chunk->count);
    for (guint i = 0; i < chunk->count; i++)
        chunk->captions[i] = g_strdup(lk_picture_get_caption(self->pictures->pdata[chunk->first + i]));
    self->next += chunk->count;
    self->cancellable = g_cancellable_new();
    g_autoptr(GTask) task = g_task_new(self, self->cancellable, chunk_cb, NULL);
    g_task_set_task_data(task, chunk, chunk_free);
    g_task_set_priority(task, G_PRIORITY_DEFAULT_IDLE);
    g_task_run_in_thread(task, work);
}

static void count(LkCaptionRun *self)
{
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_array_set_size(self->changes, 0);
    self->preview = (LkCaptionPreview){.first = -1};
    self->counted = FALSE;
    self->next = 0;
    send_chunk(self);
}

static void pictures_changed_cb(LkCaptionRun *self, guint aspects)
{
    if ((aspects & LK_PICTURE_ASPECT_CAPTION) && !self->applied)
        count(self);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

LkCaptionRun *lk_caption_run_new(LkPictureList *list, GPtrArray *pictures, const LkCaptionEdit *edit, GError **error)
{
    LkCaptionEdit with_triggers = *edit;
    with_triggers.triggers = lk_picture_list_get_trigger_words(list);
    LkCaptionEditor *editor = lk_caption_editor_new(&with_triggers, error);
    if (!editor)
        return NULL;
    LkCaptionRun *self = g_object_new(LK_TYPE_CAPTION_RUN, NULL);
    self->list = g_object_ref(list);
    self->pictures = g_ptr_array_ref(pictures);
    self->editor = g_atomic_rc_box_new(LkCaptionEditor *);
    *self->editor = editor;
    self->edit = with_triggers;
    self->edit.text = g_strdup(edit->text ? edit->text : "");
    self->edit.with = g_strdup(edit->with ? edit->with : "");
    self->edit.triggers = NULL;
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    count(self);
    return self;
}

gboolean lk_caption_run_is_counted(LkCaptionRun *self)
{
    return self->counted;
}

const LkCaptionPreview *lk_caption_run_get_preview(LkCaptionRun *self)
{
    return &self->preview;
}

gboolean lk_caption_run_get_example(LkCaptionRun *self, const char **before, const char **after)
{
    if (!self->changes->len)
        return FALSE;
    const LkPictureChange *change = &g_array_index(self->changes, LkPictureChange, 0);
    *before = lk_picture_get_caption(change->picture);
    *after = change->value;
    return TRUE;
}

void lk_caption_run_apply(LkCaptionRun *self)
{
    if (self->applied || self->apply)
        return;
    if (self->counted) {
        make_changes(self);
    } else {
        self->apply = TRUE;
        g_object_ref(self);
    }
}

void lk_caption_run_cancel(LkCaptionRun *self)
{
    if (self->apply)
        return;
    self->applied = TRUE; /* nothing may follow */
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_caption_run_dispose(GObject *object)
{
    LkCaptionRun *self = LK_CAPTION_RUN(object);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_caption_run_parent_class)->dispose(object);
}

static void lk_caption_run_finalize(GObject *object)
{
    LkCaptionRun *self = LK_CAPTION_RUN(object);
    g_array_unref(self->changes);
    g_clear_pointer(&self->pictures, g_ptr_array_unref);
    if (self->editor)
        g_atomic_rc_box_release_full(self->editor, clear_editor);
    g_free((char *)self->edit.text);
    g_free((char *)self->edit.with);
    G_OBJECT_CLASS(lk_caption_run_parent_class)->finalize(object);
}

static void lk_caption_run_class_init(LkCaptionRunClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_caption_run_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_caption_run_finalize;
    signals[SIGNAL_COUNTED] =
        g_signal_new("counted", LK_TYPE_CAPTION_RUN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_APPLIED] = g_signal_new("applied", LK_TYPE_CAPTION_RUN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
}

static void lk_caption_run_init(LkCaptionRun *self)
{
    self->changes = g_array_new(FALSE, FALSE, sizeof(LkPictureChange));
    g_array_set_clear_func(self->changes, clear_change);
    self->preview.first = -1;
}
