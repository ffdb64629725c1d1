/* Pictures in: a plan on a thread, sources into the store, a look at the files, and a look for duplicates. */
#include "app/core/places.h"
#include "app/dataset/duplicates.h"
#include "app/dataset/import_plan.h"
#include "app/dataset/picture_list_private.h"
#include "project/sources.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

/* One import; the GTask that is answered has it. */
typedef struct Import {
    char **paths;
    GArray *known; /* LkWalkSource */
    LkImportPlan *plan;
    LkImportSummary *summary;
    GPtrArray *fresh; /* LkPicture (owned) that the look found */
    GArray *twins;    /* LkTwinCandidate */
    GCancellable *cancellable;
    gint64 project;
    char *folder;        /* of the project */
    GPtrArray *records;  /* LkSourceRecord, of the store */
    GPtrArray *restored; /* LkPicture (owned) that had been taken out */
} Import;

static void import_free(gpointer data)
{
    Import *import = data;
    g_strfreev(import->paths);
    g_clear_pointer(&import->known, g_array_unref);
    g_clear_pointer(&import->plan, lk_import_plan_free);
    lk_import_summary_free(import->summary);
    g_ptr_array_unref(import->fresh);
    g_clear_pointer(&import->twins, g_array_unref);
    g_clear_pointer(&import->records, g_ptr_array_unref);
    g_ptr_array_unref(import->restored);
    g_object_unref(import->cancellable);
    g_free(import->folder);
    g_free(import);
}

static LkPictureList *list_of(GTask *task)
{
    return LK_PICTURE_LIST(g_task_get_source_object(task));
}

/* Runs a step on a thread; `done` is called with the task as user data, which goes on. */
static void run_step(GTask *task, GTaskThreadFunc func, GAsyncReadyCallback done)
{
    g_autoptr(GTask) step = g_task_new(NULL, NULL, done, task);
    g_task_set_task_data(step, g_task_get_task_data(task), NULL);
    g_task_run_in_thread(step, func);
}

static void note_paths(LkImportSummary *summary, const GPtrArray *pictures)
{
    for (guint i = 0; i < pictures->len; i++)
        g_ptr_array_add(summary->fresh, g_strdup(((LkPicture *)pictures->pdata[i])->path));
}

static void answer(GTask *task)
{
    Import *import = g_task_get_task_data(task);
    LkPictureList *list = list_of(task);
    import->summary->cancelled = g_cancellable_is_cancelled(import->cancellable);
    if (import->summary->cancelled) {
        import->summary->paths = g_strdupv(import->paths);
        note_paths(import->summary, import->fresh);
        note_paths(import->summary, import->restored);
    }
    list->imports = g_list_remove(list->imports, import->cancellable);
    lk_picture_list_set_progress(list, lk_picture_scan_is_running(list->scan), "", 0, 0);
    lk_picture_doctor_wake(list->doctor);
    lk_picture_scan_wake(list->scan);
    g_task_return_pointer(task, g_steal_pointer(&import->summary), (GDestroyNotify)lk_import_summary_free);
    g_object_unref(task);
}

static void answer_error(GTask *task, GError *error)
{
    Import *import = g_task_get_task_data(task);
    LkPictureList *list = list_of(task);
    list->imports = g_list_remove(list->imports, import->cancellable);
    lk_picture_list_set_progress(list, lk_picture_scan_is_running(list->scan), "", 0, 0);
    lk_picture_scan_wake(list->scan);
    g_task_return_error(task, error);
    g_object_unref(task);
}

/* ---- duplicates -------------------------------------------------------------------------------------- */

static void find_twins_thread(GTask *step, gpointer source, gpointer data, GCancellable *cancellable)
{
    Import *import = data;
    lk_twins_find(import->twins, import->cancellable, NULL, NULL);
    g_task_return_boolean(step, TRUE);
}

static void leave_out_twins(LkPictureList *list, Import *import)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(LkPictureChange));
    for (guint i = 0; i < import->twins->len; i++) {
        const LkTwinCandidate *candidate = &g_array_index(import->twins, LkTwinCandidate, i);
        LkPicture *picture = candidate->twin ? lk_picture_list_find(list, candidate->path) : NULL;
        if (!picture)
            continue;
        g_autofree char *other = g_filename_display_basename(candidate->twin);
        lk_import_problems_add(import->summary->duplicates, candidate->path, other);
        const LkPictureChange change = {picture, LK_PICTURE_FIELD_EXCLUDED, "1"};
        g_array_append_val(changes, change);
    }
    g_autofree char *label =
        g_strdup_printf(ngettext("Leave Out %u Duplicate", "Leave Out %u Duplicates", changes->len), changes->len);
    lk_picture_list_edit(list, label, (const LkPictureChange *)(void *)changes->data, changes->len);
}

static void twins_found_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    leave_out_twins(list_of(task), g_task_get_task_data(task));
    answer(task);
}

/* Those whose size is that of a new picture. */
static GArray *collect_candidates(LkPictureList *list, GPtrArray *fresh)
{
    g_autoptr(GHashTable) new_ones = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) sizes = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < fresh->len; i++) {
        LkPicture *picture = fresh->pdata[i];
        g_hash_table_add(new_ones, picture);
        g_hash_table_add(sizes, &picture->bytes);
    }
    GArray *candidates = lk_twin_candidates_new();
    for (guint i = 0; i < list->pictures->len; i++) {
        LkPicture *picture = list->pictures->pdata[i];
        const bool is_new = g_hash_table_contains(new_ones, picture);
        if (picture->error || lk_picture_get_missing(picture) || !g_hash_table_contains(sizes, &picture->bytes) ||
            (!is_new && picture->excluded))
            continue;
        LkTwinCandidate candidate = {.path = g_strdup(picture->path), .bytes = picture->bytes, .fresh = is_new};
        candidate.has_hash = picture->content != NULL;
        if (candidate.has_hash)
            memcpy(candidate.hash, picture->content->hash, sizeof candidate.hash);
        g_array_append_val(candidates, candidate);
    }
    return candidates;
}

/* ---- the look at the files --------------------------------------------------------------------------- */

static void added_cb(LkPicture *picture, void *data)
{
    Import *import = g_task_get_task_data(data);
    import->summary->added++;
    import->summary->captions += picture->caption != NULL;
    if (picture->error)
        lk_import_problems_add(import->summary->unreadable, picture->path, picture->error);
    g_ptr_array_add(import->fresh, g_object_ref(picture));
}

static bool is_new(const Import *import, gint64 id)
{
    for (guint i = 0; i < import->summary->new_ones->len; i++)
        if (g_array_index(import->summary->new_ones, gint64, i) == id)
            return true;
    return false;
}

/* Folders that were to be added whole: held after a stop, and let go of when they are added once more. */
static void hold_sources(LkPictureList *list, const Import *import, bool held)
{
    for (guint i = 0; i < list->sources->len; i++) {
        const LkListSource *source = &g_array_index(list->sources, LkListSource, i);
        if (source->folder && (is_new(import, source->id) || lk_walk_places_have(import->plan->places, source->path)))
            lk_picture_list_hold_source(list, source->id, held);
    }
}

/* What was stopped before the first picture leaves nothing behind. */
static void drop_new_sources(LkPictureList *list, Import *import)
{
    for (guint i = 0; i < import->summary->new_ones->len; i++)
        lk_picture_list_remove_source(list, g_array_index(import->summary->new_ones, gint64, i));
    g_array_set_size(import->summary->new_ones, 0);
}

static void looked_cb(LkPictureList *list, bool cancelled, guint found, void *data)
{
    GTask *task = data;
    Import *import = g_task_get_task_data(task);
    import->summary->found = found;
    if (cancelled) {
        g_cancellable_cancel(import->cancellable);
        hold_sources(list, import, true);
    }
    if (cancelled && !import->fresh->len)
        drop_new_sources(list, import);
    if (!import->fresh->len || cancelled) {
        answer(task);
        return;
    }
    lk_picture_list_set_progress(list, true, _("Looking for duplicates…"), 0, 0);
    import->twins = collect_candidates(list, import->fresh);
    run_step(task, find_twins_thread, twins_found_cb);
}

/* ---- sources ----------------------------------------------------------------------------------------- */

static bool add_sources(LkStore *store, void *data, GError **error)
{
    Import *import = data;
    for (guint i = 0; i < import->plan->sources->len; i++) {
        const LkImportSource *source = &g_array_index(import->plan->sources, LkImportSource, i);
        const LkSourceRecord draft = {.project = import->project,
                                      .kind = source->folder ? LK_SOURCE_FOLDER : LK_SOURCE_FILE,
                                      .path = source->path,
                                      .recursive = source->recursive,
                                      .repeats = source->repeats};
        const gint64 id = lk_sources_add(store, &draft, error);
        if (!id)
            return false;
        g_array_append_val(import->summary->new_ones, id);
    }
    import->records = lk_sources_list(store, import->project, error);
    return import->records != NULL;
}

static gpointer add_in_store(LkStore *store, gpointer data, GError **error)
{
    lk_store_transaction(store, add_sources, data, error);
    return NULL;
}

static void sources_added_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    Import *import = g_task_get_task_data(task);
    LkPictureList *list = list_of(task);
    GError *error = NULL;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error) {
        answer_error(task, error);
        return;
    }
    lk_picture_list_take_sources(list, import->records);
    if (g_cancellable_is_cancelled(import->cancellable)) {
        drop_new_sources(list, import);
        answer(task);
        return;
    }
    hold_sources(list, import, false);
    lk_picture_list_changed(list, LK_PICTURE_ASPECT_CHOICES);
    lk_picture_scan_start(list->scan, g_array_ref(import->plan->places), _("Adding pictures…"), added_cb, looked_cb,
                          task);
}

/* Pictures that were taken out and are chosen again come back. */
static void restore(LkPictureList *list, Import *import)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(LkPictureChange));
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, list->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        LkPicture *picture = value;
        const LkPictureChange change = {picture, LK_PICTURE_FIELD_REMOVED, "0"};
        if (!lk_walk_places_have(import->plan->places, picture->path))
            continue;
        if (!picture->removed) {
            import->summary->known++;
            continue;
        }
        g_array_append_val(changes, change);
        g_ptr_array_add(import->restored, g_object_ref(picture));
    }
    import->summary->restored = changes->len;
    g_autofree char *label =
        g_strdup_printf(ngettext("Bring Back %u Picture", "Bring Back %u Pictures", changes->len), changes->len);
    lk_picture_list_edit(list, label, (const LkPictureChange *)(void *)changes->data, changes->len);
}

static void planned_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    Import *import = g_task_get_task_data(task);
    LkPictureList *list = list_of(task);
    g_ptr_array_extend_and_steal(import->summary->unreadable, g_steal_pointer(&import->plan->unreadable));
    if (g_cancellable_is_cancelled(import->cancellable)) {
        answer(task);
        return;
    }
    restore(list, import);
    lk_store_thread_run(list->store, add_in_store, import, NULL, NULL, NULL, sources_added_cb, task);
}

static void plan_thread(GTask *step, gpointer source, gpointer data, GCancellable *cancellable)
{
    Import *import = data;
    lk_places_take_in(import->paths, import->folder);
    import->plan = lk_import_plan_new((const char *const *)import->paths, import->known, import->cancellable);
    g_task_return_boolean(step, TRUE);
}

/* ---- beginning --------------------------------------------------------------------------------------- */

static void begin(GTask *task)
{
    Import *import = g_task_get_task_data(task);
    LkPictureList *list = list_of(task);
    import->known = lk_picture_list_copy_sources(list);
    list->stopping = FALSE; /* what was stopped before does not stop this one */
    lk_picture_list_set_progress(list, true, _("Adding pictures…"), 0, 0);
    run_step(task, plan_thread, planned_cb);
}

static void loaded_cb(LkPictureList *list, GParamSpec *pspec, GTask *task)
{
    g_signal_handlers_disconnect_by_data(list, task);
    begin(task);
}

static void begin_when_loaded(GTask *task)
{
    LkPictureList *list = list_of(task);
    if (list->loaded)
        begin(task);
    else
        g_signal_connect(list, "notify::loaded", G_CALLBACK(loaded_cb), task);
}

static GTask *new_import(LkPictureList *self, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);
    g_task_set_source_tag(task, new_import);
    Import *import = g_new0(Import, 1);
    import->summary = lk_import_summary_new();
    import->fresh = g_ptr_array_new_with_free_func(g_object_unref);
    import->restored = g_ptr_array_new_with_free_func(g_object_unref);
    import->cancellable = g_cancellable_new();
    import->project = self->project_id;
    import->folder = g_strdup(self->folder);
    self->imports = g_list_prepend(self->imports, import->cancellable);
    g_task_set_task_data(task, import, import_free);
    return task;
}

void lk_picture_list_add_paths(LkPictureList *self, const char *const *paths, GAsyncReadyCallback callback,
                               gpointer user_data)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self) && paths);
    GTask *task = new_import(self, callback, user_data);
    ((Import *)g_task_get_task_data(task))->paths = g_strdupv((char **)paths);
    begin_when_loaded(task);
}

LkImportSummary *lk_picture_list_add_finish(LkPictureList *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

void lk_picture_list_take_back(LkPictureList *self, const LkImportSummary *summary)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self) && summary);
    for (guint i = 0; i < summary->new_ones->len; i++)
        lk_picture_list_remove_source(self, g_array_index(summary->new_ones, gint64, i));
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    for (guint i = 0; i < summary->fresh->len; i++) {
        LkPicture *picture = lk_picture_list_find(self, summary->fresh->pdata[i]);
        if (picture)
            g_ptr_array_add(others, picture);
    }
    if (others->len)
        lk_picture_list_remove_pictures(self, (LkPicture *const *)others->pdata, others->len);
}

/* ---- from the clipboard ------------------------------------------------------------------------------ */

/* A picture that is written before it is added. */
typedef struct Paste {
    GdkTexture *texture;
    char *folder, *path;
} Paste;

static void paste_free(gpointer data)
{
    Paste *paste = data;
    g_object_unref(paste->texture);
    g_free(paste->folder);
    g_free(paste->path);
    g_free(paste);
}

/* A name that is free, after the time: "pasted-20250131-142530.png". */
static char *free_name(const char *folder)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *stem = g_date_time_format(now, "pasted-%Y%m%d-%H%M%S");
    for (int i = 1;; i++) {
        g_autofree char *name = i == 1 ? g_strdup_printf("%s.png", stem) : g_strdup_printf("%s-%d.png", stem, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
}

static void paste_thread(GTask *step, gpointer source, gpointer data, GCancellable *cancellable)
{
    Paste *paste = data;
    g_autoptr(GBytes) png = gdk_texture_save_to_png_bytes(paste->texture);
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(paste->folder, 0777);
    paste->path = free_name(paste->folder);
    gsize size;
    const char *bytes = g_bytes_get_data(png, &size);
    /* whole or not at all, so that no half picture is found by the monitors */
    if (g_file_set_contents_full(paste->path, bytes, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &error)) {
        g_task_return_boolean(step, TRUE);
        return;
    }
    g_autofree char *shown = g_filename_display_name(paste->folder);
    g_task_return_new_error(step, error->domain, error->code,
                            _("The picture could not be written to “%s”: %s. Check the disk and the folder’s "
                              "permissions."),
                            shown, error->message);
}

static void pasted_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    GError *error = NULL;
    const Paste *paste = g_task_get_task_data(G_TASK(result));
    if (!g_task_propagate_boolean(G_TASK(result), &error)) {
        answer_error(task, error);
        return;
    }
    const char *const paths[] = {paste->path, NULL};
    ((Import *)g_task_get_task_data(task))->paths = g_strdupv((char **)paths);
    begin_when_loaded(task);
}

void lk_picture_list_add_texture(LkPictureList *self, GdkTexture *texture, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self) && GDK_IS_TEXTURE(texture));
    GTask *task = new_import(self, callback, user_data);
    Paste *paste = g_new0(Paste, 1);
    *paste = (Paste){g_object_ref(texture), g_build_filename(self->folder, "pictures", NULL), NULL};
    g_autoptr(GTask) step = g_task_new(NULL, NULL, pasted_cb, task);
    g_task_set_task_data(step, paste, paste_free);
    g_task_run_in_thread(step, paste_thread);
}
