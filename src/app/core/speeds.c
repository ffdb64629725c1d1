#include "app/core/speeds.h"

#include "project/speeds.h"

/* ---- keys -------------------------------------------------------------------------------------------- */

char *lk_speed_key(const LkJob *job, const char *family)
{
    static const char *const precisions[] = {"no", "fp16", "bf16"};
    const char *precision =
        job->allow_tf32 && job->mixed_precision == LK_MIXED_NO ? "tf32" : precisions[job->mixed_precision];
    bool fp8 = job->fp8_base || job->fp8_base_unet, usual = !fp8 && !job->base_weights_precision;
    g_autofree char *base =
        usual && !job->offload_base_weights
            ? g_strdup("")
            : g_strdup_printf(" base=%d%d%d", job->base_weights_precision, fp8, job->offload_base_weights);
    return g_strdup_printf("%s %dx%d bucket=%d batch=%d accumulation=%d %s dim=%d unet=%d text=%d tokens=%d again=%d%s",
                           family, job->resolution.width, job->resolution.height, job->enable_bucket,
                           job->train_batch_size, job->gradient_accumulation_steps, precision, job->network_dim,
                           lk_job_trains_unet(job), lk_job_trains_text_encoder(job), job->max_token_length,
                           job->gradient_checkpointing, base);
}

/* ---- looking up and storing -------------------------------------------------------------------------- */

typedef struct Entry {
    char *device, *key;
    double seconds;
    gint64 steps;
} Entry;

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->device);
    g_free(entry->key);
    g_free(entry);
}

static Entry *entry_new(const char *device, const char *key)
{
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.device = g_strdup(device), .key = g_strdup(key)};
    return entry;
}

static gpointer read_speed(LkStore *store, gpointer data, GError **error)
{
    const Entry *entry = data;
    LkSpeed speed = {0};
    bool found = false;
    if (!lk_speeds_find(store, entry->device, entry->key, &speed, &found, error) || !found)
        return NULL;
    return g_memdup2(&speed.seconds_per_step, sizeof speed.seconds_per_step);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    g_autofree double *seconds = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_pointer(task, g_steal_pointer(&seconds), g_free);
}

void lk_speed_find(LkStoreThread *store, const char *device, const char *key, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_speed_find);
    lk_store_thread_run(store, read_speed, entry_new(device, key), entry_free, g_free, cancellable, read_cb, task);
}

double lk_speed_find_finish(GAsyncResult *result, GError **error)
{
    g_autofree double *seconds = g_task_propagate_pointer(G_TASK(result), error);
    return seconds ? *seconds : 0;
}

static gpointer write_speed(LkStore *store, gpointer data, GError **error)
{
    const Entry *entry = data;
    lk_speeds_store(store, entry->device, entry->key, entry->seconds, entry->steps, error);
    return NULL;
}

/* ---- the keeper -------------------------------------------------------------------------------------- */

struct _LkSpeedKeeper {
    GObject parent_instance;
    LkStoreThread *store;
    LkTaskCenter *center;
    LkProjectList *projects;
    LkTask *task;   /* the one that is measured; its handlers below */
    gint64 counted; /* steps of this run whose times are summed */
    guint seen;     /* metrics looked at */
    double seconds;
    gboolean told;
};

G_DEFINE_FINAL_TYPE(LkSpeedKeeper, lk_speed_keeper, G_TYPE_OBJECT)

static void store_speed(LkSpeedKeeper *self)
{
    LkRun *run = self->task ? lk_task_get_run(self->task) : NULL;
    g_autofree char *device = NULL;
    if (!run || self->counted < LK_SPEED_STEPS)
        return;
    g_object_get(run, "device", &device, NULL);
    LkProject *project = lk_project_list_find(self->projects, lk_task_get_project_id(self->task));
    if (!device || !project)
        return;
    g_autofree char *key = lk_speed_key(lk_run_get_job(run), lk_project_get_family(project));
    Entry *entry = entry_new(device, key);
    entry->seconds = self->seconds / (double)self->counted;
    entry->steps = self->counted;
    lk_store_thread_post(self->store, write_speed, entry, entry_free);
    self->told = TRUE;
}

/* The first steps of a run are slower: memory is touched for the first time. */
enum { WARM_UP = 3 };

static void metrics_cb(LkSpeedKeeper *self, GArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        if (++self->seen <= WARM_UP)
            continue;
        self->seconds += g_array_index(records, LkStepRecord, i).seconds;
        self->counted++;
    }
    if (!self->told)
        store_speed(self);
}

static void run_cb(LkSpeedKeeper *self)
{
    LkRun *run = self->task ? lk_task_get_run(self->task) : NULL;
    self->seen = 0;
    self->counted = 0;
    self->seconds = 0;
    self->told = FALSE;
    if (run)
        g_signal_connect_object(run, "metrics", G_CALLBACK(metrics_cb), self, G_CONNECT_SWAPPED);
}

/* The run of a task is still there when its state changes for the last time. */
static void state_cb(LkSpeedKeeper *self, GParamSpec *pspec, LkRun *run)
{
    if (!lk_run_is_active(run) && self->counted)
        store_speed(self);
}

static void current_cb(LkSpeedKeeper *self)
{
    LkTask *task = lk_task_center_get_current(self->center);
    if (self->task == task)
        return;
    store_speed(self);
    g_set_object(&self->task, task);
    run_cb(self);
    LkRun *run = task ? lk_task_get_run(task) : NULL;
    if (run)
        g_signal_connect_object(run, "notify::state", G_CALLBACK(state_cb), self, G_CONNECT_SWAPPED);
}

LkSpeedKeeper *lk_speed_keeper_new(LkStoreThread *store, LkTaskCenter *center, LkProjectList *projects)
{
    LkSpeedKeeper *self = g_object_new(LK_TYPE_SPEED_KEEPER, NULL);
    self->store = g_object_ref(store);
    self->center = g_object_ref(center);
    self->projects = g_object_ref(projects);
    g_signal_connect_object(center, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    current_cb(self);
    return self;
}

static void lk_speed_keeper_dispose(GObject *object)
{
    LkSpeedKeeper *self = LK_SPEED_KEEPER(object);
    g_clear_object(&self->task);
    g_clear_object(&self->center);
    g_clear_object(&self->projects);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(lk_speed_keeper_parent_class)->dispose(object);
}

static void lk_speed_keeper_class_init(LkSpeedKeeperClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_speed_keeper_dispose;
}

static void lk_speed_keeper_init(LkSpeedKeeper *self)
{
}
