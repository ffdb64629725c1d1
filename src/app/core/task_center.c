#include "app/core/task_center.h"

#include "app/core/task_files.h"

#include <glib/gi18n.h>

struct _LkTaskCenter {
    GObject parent_instance;
    LkStoreThread *store;
    LkQueue *queue;
    GListStore *waiting; /* LkTask: what runs and waits */
    GHashTable *tasks;   /* gint64 id → LkTask: all that were seen */
    LkTask *current;     /* borrowed from `tasks` */
    char *device;        /* of new tasks */
    GHashTable *doomed;  /* LkTask, borrowed: deleted, their folders still where they were */
};

G_DEFINE_FINAL_TYPE(LkTaskCenter, lk_task_center, G_TYPE_OBJECT)

enum { PROP_CURRENT = 1, PROP_HELD, PROP_DEVICE, PROP_LAST };
static GParamSpec *properties[PROP_LAST];
enum { SIGNAL_ADDED, SIGNAL_REMOVED, SIGNAL_RENAMED, SIGNAL_ENDED, SIGNAL_INTERRUPTED, SIGNAL_FAILED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- objects of records ------------------------------------------------------------------------------ */

LkTask *lk_task_center_find(LkTaskCenter *self, gint64 id)
{
    return g_hash_table_lookup(self->tasks, &id);
}

static void renamed_cb(LkTaskCenter *self, GParamSpec *pspec, LkTask *task)
{
    g_signal_emit(self, signals[SIGNAL_RENAMED], 0, task);
}

/* The one object of a record: made when it is first seen. */
static LkTask *task_of(LkTaskCenter *self, const LkTaskRecord *record)
{
    LkTask *task = lk_task_center_find(self, record->id);
    if (!task) {
        task = lk_task_new(self->store, record);
        g_signal_connect_object(task, "notify::name", G_CALLBACK(renamed_cb), self, G_CONNECT_SWAPPED);
        g_hash_table_insert(self->tasks, g_memdup2(&record->id, sizeof record->id), task);
    }
    return task;
}

LkTask *lk_task_center_get_current(LkTaskCenter *self)
{
    return self->current;
}

GListModel *lk_task_center_get_queue(LkTaskCenter *self)
{
    return G_LIST_MODEL(self->waiting);
}

gboolean lk_task_center_get_held(LkTaskCenter *self)
{
    return self->queue && lk_queue_get_held(self->queue);
}

void lk_task_center_set_held(LkTaskCenter *self, gboolean held)
{
    lk_queue_set_held(self->queue, held);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_HELD]);
}

/* ---- the queue --------------------------------------------------------------------------------------- */

static LkTask *task_of_item(LkTaskCenter *self, LkQueueItem *item)
{
    return lk_task_center_find(self, g_ascii_strtoll(lk_queue_item_get_id(item), NULL, 10));
}

/* `waiting` mirrors the queue as tasks. */
static void queue_changed_cb(LkTaskCenter *self, guint position, guint removed, guint added)
{
    g_autoptr(GPtrArray) tasks = g_ptr_array_new();
    for (guint i = 0; i < added; i++) {
        g_autoptr(LkQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self->queue), position + i);
        LkTask *task = task_of_item(self, item);
        lk_task_set_run(task, lk_queue_item_get_run(item));
        g_ptr_array_add(tasks, task);
    }
    g_list_store_splice(self->waiting, position, removed, tasks->pdata, tasks->len);
}

static void current_cb(LkTaskCenter *self)
{
    LkQueueItem *item = lk_queue_get_current(self->queue);
    LkTask *task = item ? task_of_item(self, item) : NULL;
    if (task == self->current)
        return;
    self->current = task;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CURRENT]);
}

static void ended_cb(LkTaskCenter *self, LkQueueItem *item)
{
    g_autoptr(LkTask) task = g_object_ref(task_of_item(self, item));
    lk_task_set_run(task, NULL);
    g_signal_emit(self, signals[SIGNAL_ENDED], 0, task);
}

static void enqueue(LkTaskCenter *self, LkTask *task, const LkJob *job, gboolean resume)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, lk_task_get_id(task));
    lk_queue_add(self->queue, id, job, lk_task_get_device(task), resume);
}

/* The job of a task as it was written; NULL with words. */
static LkJob *job_of(LkTask *task, GError **error)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job =
        lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL, problems);
    if (!job) {
        g_autofree char *text = lk_problems_describe(problems, NULL);
        lk_set_error(error, LK_ERROR_USAGE, _("The settings of this task cannot be used any more: %s"), text);
    }
    return job;
}

gboolean lk_task_center_continue(LkTaskCenter *self, LkTask *task, GError **error)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, lk_task_get_id(task));
    if (lk_queue_find(self->queue, id))
        return TRUE;
    g_autoptr(LkJob) job = job_of(task, error);
    if (!job)
        return FALSE;
    lk_task_set_state(task, LK_TASK_QUEUED);
    enqueue(self, task, job, lk_task_get_step(task) > 0); /* one that never trained has nothing to go on from */
    return TRUE;
}

void lk_task_center_withdraw(LkTaskCenter *self, LkTask *task)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, lk_task_get_id(task));
    if (!lk_queue_remove(self->queue, id))
        return;
    lk_task_set_run(task, NULL);
    lk_task_set_state(task, LK_TASK_STOPPED);
}

/* ---- deleting ---------------------------------------------------------------------------------------- */

gboolean lk_task_center_can_delete(LkTaskCenter *self, LkTask *task)
{
    LkTaskState state = lk_task_get_state(task);
    return task != self->current && (!lk_task_get_run(task) || state == LK_TASK_QUEUED) &&
           !lk_task_state_is_active(state);
}

static gpointer write_deleted(LkStore *store, gpointer data, GError **error)
{
    lk_tasks_delete(store, *(gint64 *)data, error);
    return NULL;
}

static gpointer write_undeleted(LkStore *store, gpointer data, GError **error)
{
    lk_tasks_undelete(store, *(gint64 *)data, error);
    return NULL;
}

static void post_id(LkTaskCenter *self, LkStoreFunc func, LkTask *task)
{
    gint64 id = lk_task_get_id(task);
    lk_store_thread_post(self->store, func, g_memdup2(&id, sizeof id), g_free);
}

void lk_task_center_delete(LkTaskCenter *self, LkTask *task, gboolean files)
{
    g_return_if_fail(lk_task_center_can_delete(self, task));
    lk_task_center_withdraw(self, task);
    post_id(self, write_deleted, task);
    if (files)
        g_hash_table_add(self->doomed, task);
    g_signal_emit(self, signals[SIGNAL_REMOVED], 0, task);
}

void lk_task_center_undelete(LkTaskCenter *self, LkTask *task)
{
    g_hash_table_remove(self->doomed, task);
    post_id(self, write_undeleted, task);
    g_signal_emit(self, signals[SIGNAL_ADDED], 0, task);
}

static void trashed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTaskCenter) self = data;
    g_autoptr(GError) cause = NULL, error = NULL;
    if (g_file_trash_finish(G_FILE(source), result, &cause) || g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return;
    g_autofree char *folder = g_file_get_parse_name(G_FILE(source));
    lk_set_error(&error, LK_ERROR_IO, _("“%s” could not go to the trash and stays where it is: %s"), folder,
                 cause->message);
    g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
}

void lk_task_center_trash(LkTaskCenter *self, LkTask *task)
{
    if (!g_hash_table_remove(self->doomed, task))
        return;
    g_autoptr(GFile) folder = g_file_new_for_path(lk_task_get_output_dir(task));
    g_file_trash_async(folder, G_PRIORITY_DEFAULT, NULL, trashed_cb, g_object_ref(self));
}

/* The program ends: nobody can bring them back any more. */
static void trash_all(LkTaskCenter *self)
{
    GHashTableIter iter;
    gpointer task;
    g_hash_table_iter_init(&iter, self->doomed);
    while (g_hash_table_iter_next(&iter, &task, NULL)) {
        g_autoptr(GFile) folder = g_file_new_for_path(lk_task_get_output_dir(task));
        g_file_trash(folder, NULL, NULL);
    }
    g_hash_table_remove_all(self->doomed);
}

/* The order in which tasks wait, as the store keeps it. */
typedef struct Order {
    gint64 *ids;
    gsize count;
} Order;

static void order_free(gpointer data)
{
    g_free(((Order *)data)->ids);
    g_free(data);
}

static gpointer write_order(LkStore *store, gpointer data, GError **error)
{
    const Order *order = data;
    lk_tasks_reorder(store, order->ids, order->count, error);
    return NULL;
}

void lk_task_center_move(LkTaskCenter *self, LkTask *task, guint place)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, lk_task_get_id(task));
    if (!lk_queue_move(self->queue, id, place))
        return;
    Order *order = g_new0(Order, 1);
    guint count = g_list_model_get_n_items(G_LIST_MODEL(self->waiting));
    order->ids = g_new(gint64, count);
    for (guint i = 0; i < count; i++) {
        g_autoptr(LkTask) waiting = g_list_model_get_item(G_LIST_MODEL(self->waiting), i);
        if (lk_task_get_state(waiting) == LK_TASK_QUEUED)
            order->ids[order->count++] = lk_task_get_id(waiting);
    }
    lk_store_thread_post(self->store, write_order, order, order_free);
}

/* ---- new tasks --------------------------------------------------------------------------------------- */

static void added_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) answer = data;
    LkTaskCenter *self = LK_TASK_CENTER(g_task_get_source_object(answer));
    GError *error = NULL;
    g_autoptr(LkTaskFiles) files = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!files) {
        g_task_return_error(answer, error);
        return;
    }
    LkTask *task = task_of(self, files->record);
    enqueue(self, task, files->job, FALSE);
    g_signal_emit(self, signals[SIGNAL_ADDED], 0, task);
    g_task_return_pointer(answer, g_object_ref(task), g_object_unref);
}

static gpointer make_files(LkStore *store, gpointer data, GError **error)
{
    return lk_task_files_make(store, data, error);
}

void lk_task_center_add(LkTaskCenter *self, LkProject *project, const LkJob *job, const char *dataset, const char *name,
                        GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *answer = g_task_new(self, NULL, callback, user_data);
    g_task_set_source_tag(answer, lk_task_center_add);
    LkTaskDraft *draft = lk_task_draft_new(lk_project_get_id(project), lk_project_get_folder(project), job, dataset);
    g_set_str(&draft->name, name);
    g_set_str(&draft->device, self->device);
    lk_store_thread_run(self->store, make_files, draft, (GDestroyNotify)lk_task_draft_free,
                        (GDestroyNotify)lk_task_files_free, NULL, added_cb, answer);
}

LkTask *lk_task_center_add_finish(LkTaskCenter *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- the tasks of a project -------------------------------------------------------------------------- */

static gpointer read_list(LkStore *store, gpointer data, GError **error)
{
    return lk_tasks_list(store, *(gint64 *)data, error);
}

static int compare_numbers(gconstpointer a, gconstpointer b, gpointer data)
{
    guint one = lk_task_get_number((LkTask *)a), other = lk_task_get_number((LkTask *)b);
    return one > other ? -1 : one < other;
}

static void list_added_cb(GListStore *list, LkTask *task)
{
    gint64 project = *(gint64 *)g_object_get_data(G_OBJECT(list), "project");
    if (lk_task_get_project_id(task) == project && !g_list_store_find(list, task, NULL))
        g_list_store_insert_sorted(list, task, compare_numbers, NULL);
}

static void list_removed_cb(GListStore *list, LkTask *task)
{
    guint place;
    if (g_list_store_find(list, task, &place))
        g_list_store_remove(list, place);
}

typedef struct Listing {
    LkTaskCenter *center;
    GListStore *list;
} Listing;

static void listed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Listing *listing = data;
    g_autoptr(LkTaskCenter) self = listing->center;
    g_autoptr(GListStore) list = listing->list;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!records) {
        g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
        return;
    }
    for (guint i = 0; i < records->len; i++) {
        LkTask *task = task_of(self, records->pdata[i]);
        if (!g_list_store_find(list, task, NULL))
            g_list_store_insert_sorted(list, task, compare_numbers, NULL);
    }
}

GListModel *lk_task_center_list(LkTaskCenter *self, gint64 project)
{
    GListStore *list = g_list_store_new(LK_TYPE_TASK);
    g_object_set_data_full(G_OBJECT(list), "project", g_memdup2(&project, sizeof project), g_free);
    g_signal_connect_object(self, "added", G_CALLBACK(list_added_cb), list, G_CONNECT_SWAPPED);
    g_signal_connect_object(self, "removed", G_CALLBACK(list_removed_cb), list, G_CONNECT_SWAPPED);
    Listing *listing = g_new0(Listing, 1);
    *listing = (Listing){g_object_ref(self), g_object_ref(list)};
    lk_store_thread_run(self->store, read_list, g_memdup2(&project, sizeof project), g_free,
                        (GDestroyNotify)g_ptr_array_unref, NULL, listed_cb, listing);
    return G_LIST_MODEL(list);
}

/* ---- one task ---------------------------------------------------------------------------------------- */

static gpointer read_task(LkStore *store, gpointer data, GError **error)
{
    g_autoptr(LkTaskRecord) record = lk_tasks_get(store, *(gint64 *)data, error);
    if (!record || !record->deleted)
        return g_steal_pointer(&record);
    lk_set_error(error, LK_ERROR_USAGE, _("This task was deleted."));
    return NULL;
}

static void fetched_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    g_autoptr(LkTaskRecord) record = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (record)
        g_task_return_pointer(task, task_of(g_task_get_source_object(task), record), NULL);
    else
        g_task_return_error(task, error);
}

void lk_task_center_fetch(LkTaskCenter *self, gint64 id, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);
    LkTask *known = lk_task_center_find(self, id);
    if (known) {
        g_task_return_pointer(task, known, NULL);
        g_object_unref(task);
        return;
    }
    lk_store_thread_run(self->store, read_task, g_memdup2(&id, sizeof id), g_free, (GDestroyNotify)lk_task_record_free,
                        NULL, fetched_cb, task);
}

LkTask *lk_task_center_fetch_finish(LkTaskCenter *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- after a restart --------------------------------------------------------------------------------- */

/* What the last run of the program left. */
typedef struct Leftovers {
    GPtrArray *interrupted, *queue; /* LkTaskRecord */
} Leftovers;

static void leftovers_free(gpointer data)
{
    Leftovers *leftovers = data;
    g_clear_pointer(&leftovers->interrupted, g_ptr_array_unref);
    g_clear_pointer(&leftovers->queue, g_ptr_array_unref);
    g_free(leftovers);
}

/* Tasks that trained or were paused when the program went: their ids and states are read before they are changed. */
static gpointer read_leftovers(LkStore *store, gpointer data, GError **error)
{
    Leftovers *leftovers = g_new0(Leftovers, 1);
    leftovers->interrupted = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_record_free);
    g_autoptr(GPtrArray) all = lk_tasks_queue(store, error);
    leftovers->queue = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_record_free);
    bool good = all && lk_tasks_interrupt_active(store, NULL, error);
    for (guint i = 0; good && i < all->len; i++) {
        const LkTaskRecord *record = all->pdata[i];
        bool active = lk_task_state_is_active(record->state);
        if (record->state == LK_TASK_PAUSED) /* the state is on disk, but no run holds it any more */
            good = active = lk_tasks_set_state(store, record->id, LK_TASK_INTERRUPTED, NULL, error);
        LkTaskRecord *now = good ? lk_tasks_get(store, record->id, error) : NULL;
        good = now != NULL;
        if (now)
            g_ptr_array_add(active ? leftovers->interrupted : leftovers->queue, now);
    }
    if (good)
        return leftovers;
    leftovers_free(leftovers);
    return NULL;
}

static void leftovers_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTaskCenter) self = data;
    g_autoptr(GError) error = NULL;
    Leftovers *leftovers = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!leftovers) {
        g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
        return;
    }
    if (leftovers->queue->len)
        lk_task_center_set_held(self, TRUE);
    for (guint i = 0; i < leftovers->queue->len; i++) {
        LkTask *task = task_of(self, leftovers->queue->pdata[i]);
        g_autoptr(GError) unusable = NULL;
        if (!lk_task_center_continue(self, task, &unusable))
            g_signal_emit(self, signals[SIGNAL_FAILED], 0, unusable);
    }
    g_autoptr(GPtrArray) interrupted = g_ptr_array_new();
    for (guint i = 0; i < leftovers->interrupted->len; i++)
        g_ptr_array_add(interrupted, task_of(self, leftovers->interrupted->pdata[i]));
    if (interrupted->len)
        g_signal_emit(self, signals[SIGNAL_INTERRUPTED], 0, interrupted);
    leftovers_free(leftovers);
}

LkTaskCenter *lk_task_center_new(LkStoreThread *store)
{
    LkTaskCenter *self = g_object_new(LK_TYPE_TASK_CENTER, NULL);
    self->store = g_object_ref(store);
    lk_store_thread_run(store, read_leftovers, NULL, NULL, leftovers_free, NULL, leftovers_cb, g_object_ref(self));
    return self;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_task_center_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkTaskCenter *self = LK_TASK_CENTER(object);
    switch (id) {
    case PROP_CURRENT:
        g_value_set_object(value, self->current);
        break;
    case PROP_HELD:
        g_value_set_boolean(value, lk_task_center_get_held(self));
        break;
    case PROP_DEVICE:
        g_value_set_string(value, self->device);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_task_center_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_HELD)
        lk_task_center_set_held(LK_TASK_CENTER(object), g_value_get_boolean(value));
    else if (id == PROP_DEVICE)
        g_set_str(&LK_TASK_CENTER(object)->device, g_value_get_string(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_task_center_dispose(GObject *object)
{
    LkTaskCenter *self = LK_TASK_CENTER(object);
    if (self->doomed)
        trash_all(self);
    g_clear_pointer(&self->doomed, g_hash_table_unref);
    if (self->queue)
        g_signal_handlers_disconnect_by_data(self->queue, self);
    g_clear_object(&self->queue);
    g_clear_object(&self->waiting);
    self->current = NULL;
    g_clear_pointer(&self->device, g_free);
    g_clear_pointer(&self->tasks, g_hash_table_unref);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_task_center_parent_class)->dispose(object);
}

static void lk_task_center_class_init(LkTaskCenterClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_task_center_get_property;
    object_class->set_property = lk_task_center_set_property;
    object_class->dispose = lk_task_center_dispose;
    properties[PROP_CURRENT] =
        g_param_spec_object("current", NULL, NULL, LK_TYPE_TASK, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    properties[PROP_HELD] = g_param_spec_boolean("held", NULL, NULL, FALSE,
                                                 G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    properties[PROP_DEVICE] =
        g_param_spec_string("device", NULL, NULL, "auto", G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    const struct {
        const char *name;
        GType type;
    } table[] = {[SIGNAL_ADDED] = {"added", LK_TYPE_TASK},
                 [SIGNAL_REMOVED] = {"removed", LK_TYPE_TASK},
                 [SIGNAL_RENAMED] = {"renamed", LK_TYPE_TASK},
                 [SIGNAL_ENDED] = {"ended", LK_TYPE_TASK},
                 [SIGNAL_INTERRUPTED] = {"interrupted", G_TYPE_PTR_ARRAY},
                 [SIGNAL_FAILED] = {"failed", G_TYPE_ERROR}};
    for (guint i = 0; i < SIGNAL_LAST; i++)
        signals[i] = g_signal_new(table[i].name, G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, table[i].type);
}

static void lk_task_center_init(LkTaskCenter *self)
{
    self->tasks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_object_unref);
    self->waiting = g_list_store_new(LK_TYPE_TASK);
    self->device = g_strdup("auto");
    self->doomed = g_hash_table_new(NULL, NULL);
    self->queue = lk_queue_new();
    g_signal_connect_swapped(self->queue, "items-changed", G_CALLBACK(queue_changed_cb), self);
    g_signal_connect_swapped(self->queue, "notify::current", G_CALLBACK(current_cb), self);
    g_signal_connect_swapped(self->queue, "ended", G_CALLBACK(ended_cb), self);
}
