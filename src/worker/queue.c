#include "worker/queue.h"

/* One task -------------------------------------------------------------------------------------------------------- */

struct _LkQueueItem {
    GObject parent;
    char *id;
    LkRun *run;
    bool resume;
};

G_DEFINE_FINAL_TYPE(LkQueueItem, lk_queue_item, G_TYPE_OBJECT)

enum { ITEM_ID = 1, ITEM_RUN, ITEM_PROPERTIES };

static void item_finalize(GObject *object)
{
    LkQueueItem *item = LK_QUEUE_ITEM(object);
    g_free(item->id);
    g_clear_object(&item->run);
    G_OBJECT_CLASS(lk_queue_item_parent_class)->finalize(object);
}

static void item_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const LkQueueItem *item = LK_QUEUE_ITEM(object);
    if (id == ITEM_ID)
        g_value_set_string(value, item->id);
    else if (id == ITEM_RUN)
        g_value_set_object(value, item->run);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void lk_queue_item_class_init(LkQueueItemClass *class)
{
    const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->finalize = item_finalize;
    object->get_property = item_get_property;
    g_object_class_install_property(object, ITEM_ID, g_param_spec_string("id", NULL, NULL, NULL, flags));
    g_object_class_install_property(object, ITEM_RUN, g_param_spec_object("run", NULL, NULL, LK_TYPE_RUN, flags));
}

static void lk_queue_item_init(LkQueueItem *item)
{
    (void)item;
}

const char *lk_queue_item_get_id(LkQueueItem *item)
{
    return item->id;
}

const LkJob *lk_queue_item_get_job(LkQueueItem *item)
{
    return lk_run_get_job(item->run);
}

LkRun *lk_queue_item_get_run(LkQueueItem *item)
{
    return item->run;
}

/* The list -------------------------------------------------------------------------------------------------------- */

struct _LkQueue {
    GObject parent;
    GPtrArray *items; /* LkQueueItem *; the first is the current one where `begun` */
    bool begun;
    bool held;
};

static GType queue_item_type(GListModel *model)
{
    (void)model;
    return LK_TYPE_QUEUE_ITEM;
}

static guint queue_count(GListModel *model)
{
    return LK_QUEUE(model)->items->len;
}

static gpointer queue_get(GListModel *model, guint place)
{
    const LkQueue *queue = LK_QUEUE(model);
    return place < queue->items->len ? g_object_ref(g_ptr_array_index(queue->items, place)) : NULL;
}

static void queue_list_init(GListModelInterface *list)
{
    list->get_item_type = queue_item_type;
    list->get_n_items = queue_count;
    list->get_item = queue_get;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(LkQueue, lk_queue, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, queue_list_init))

enum { PROP_CURRENT = 1, PROP_HELD, PROP_COUNT };
static GParamSpec *specs[PROP_COUNT];
enum { SIGNAL_BEGUN, SIGNAL_ENDED, SIGNAL_COUNT };
static guint signals[SIGNAL_COUNT];

static void list_changed(LkQueue *queue, guint place, guint removed, guint added)
{
    g_list_model_items_changed(G_LIST_MODEL(queue), place, removed, added);
}

/** The place of a task, or -1. */
static int place_of(const LkQueue *queue, const char *id)
{
    for (guint i = 0; i < queue->items->len; i++)
        if (g_str_equal(((LkQueueItem *)g_ptr_array_index(queue->items, i))->id, id))
            return (int)i;
    return -1;
}

/* One after another ----------------------------------------------------------------------------------------------- */

/** Begins the first that waits, where nothing is current. */
static void advance(LkQueue *queue)
{
    if (queue->begun || queue->held || queue->items->len == 0)
        return;
    g_autoptr(LkQueueItem) item = g_object_ref(g_ptr_array_index(queue->items, 0));
    queue->begun = true;
    g_object_notify_by_pspec(G_OBJECT(queue), specs[PROP_CURRENT]);
    g_signal_emit(queue, signals[SIGNAL_BEGUN], 0, item);
    if (lk_run_get_state(item->run) == LK_RUN_IDLE)
        lk_run_start(item->run, item->resume);
}

static void state_changed(LkRun *run, GParamSpec *spec, gpointer data)
{
    (void)spec;
    g_autoptr(LkQueue) queue = g_object_ref(data);
    LkRunState state = lk_run_get_state(run);
    if (state != LK_RUN_FINISHED && state != LK_RUN_STOPPED && state != LK_RUN_FAILED)
        return;
    g_autoptr(LkQueueItem) item = g_object_ref(g_ptr_array_index(queue->items, 0));
    if (!queue->begun || item->run != run)
        return;
    g_signal_handlers_disconnect_by_data(run, queue);
    queue->begun = false;
    g_ptr_array_remove_index(queue->items, 0);
    list_changed(queue, 0, 1, 0);
    g_object_notify_by_pspec(G_OBJECT(queue), specs[PROP_CURRENT]);
    g_signal_emit(queue, signals[SIGNAL_ENDED], 0, item);
    advance(queue);
}

LkQueueItem *lk_queue_add(LkQueue *queue, const char *id, const LkJob *job, const char *device, bool resume)
{
    if (place_of(queue, id) >= 0)
        return NULL;
    LkQueueItem *item = g_object_new(LK_TYPE_QUEUE_ITEM, NULL);
    item->id = g_strdup(id);
    item->run = lk_run_new(job, device);
    item->resume = resume;
    g_signal_connect(item->run, "notify::state", G_CALLBACK(state_changed), queue);
    g_ptr_array_add(queue->items, item);
    list_changed(queue, queue->items->len - 1, 0, 1);
    advance(queue);
    return item;
}

LkQueueItem *lk_queue_find(LkQueue *queue, const char *id)
{
    int place = place_of(queue, id);
    return place < 0 ? NULL : g_ptr_array_index(queue->items, (guint)place);
}

LkQueueItem *lk_queue_get_current(LkQueue *queue)
{
    return queue->begun ? g_ptr_array_index(queue->items, 0) : NULL;
}

/** The place of a task that waits, or -1. */
static int waiting_place(const LkQueue *queue, const char *id)
{
    int place = place_of(queue, id);
    return place == 0 && queue->begun ? -1 : place;
}

bool lk_queue_remove(LkQueue *queue, const char *id)
{
    int place = waiting_place(queue, id);
    if (place < 0)
        return false;
    LkQueueItem *item = g_ptr_array_index(queue->items, (guint)place);
    g_signal_handlers_disconnect_by_data(item->run, queue);
    g_ptr_array_remove_index(queue->items, (guint)place);
    list_changed(queue, (guint)place, 1, 0);
    return true;
}

bool lk_queue_move(LkQueue *queue, const char *id, guint place)
{
    int from = waiting_place(queue, id);
    guint first = queue->begun ? 1 : 0;
    if (from < 0)
        return false;
    guint to = MIN(place, queue->items->len - 1 - first) + first, low = MIN((guint)from, to);
    guint count = MAX((guint)from, to) - low + 1;
    g_ptr_array_insert(queue->items, (int)to, g_ptr_array_steal_index(queue->items, (guint)from));
    list_changed(queue, low, count, count);
    return true;
}

bool lk_queue_get_held(LkQueue *queue)
{
    return queue->held;
}

void lk_queue_set_held(LkQueue *queue, bool held)
{
    if (queue->held == held)
        return;
    queue->held = held;
    g_object_notify_by_pspec(G_OBJECT(queue), specs[PROP_HELD]);
    advance(queue);
}

/* The object ------------------------------------------------------------------------------------------------------ */

LkQueue *lk_queue_new(void)
{
    return g_object_new(LK_TYPE_QUEUE, NULL);
}

static void lk_queue_init(LkQueue *queue)
{
    queue->items = g_ptr_array_new_with_free_func(g_object_unref);
}

static void finalize(GObject *object)
{
    LkQueue *queue = LK_QUEUE(object);
    for (guint i = 0; i < queue->items->len; i++)
        g_signal_handlers_disconnect_by_data(((LkQueueItem *)g_ptr_array_index(queue->items, i))->run, queue);
    g_ptr_array_unref(queue->items);
    G_OBJECT_CLASS(lk_queue_parent_class)->finalize(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    LkQueue *queue = LK_QUEUE(object);
    if (id == PROP_CURRENT)
        g_value_set_object(value, lk_queue_get_current(queue));
    else if (id == PROP_HELD)
        g_value_set_boolean(value, queue->held);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    if (id == PROP_HELD)
        lk_queue_set_held(LK_QUEUE(object), g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void lk_queue_class_init(LkQueueClass *class)
{
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->finalize = finalize;
    object->get_property = get_property;
    object->set_property = set_property;
    specs[PROP_CURRENT] = g_param_spec_object("current", NULL, NULL, LK_TYPE_QUEUE_ITEM,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
    specs[PROP_HELD] = g_param_spec_boolean("held", NULL, NULL, FALSE,
                                            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
    g_object_class_install_properties(object, PROP_COUNT, specs);
    signals[SIGNAL_BEGUN] = g_signal_new("begun", LK_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                         LK_TYPE_QUEUE_ITEM);
    signals[SIGNAL_ENDED] = g_signal_new("ended", LK_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                         LK_TYPE_QUEUE_ITEM);
}
