#include "worker/picture_maker.h"

#include "worker/drawing_private.h"
#include "worker/picture_thread.h"
#include "worker/run.h"

enum { KEEP_SECONDS = 120 };

struct _LkPictureMaker {
    GObject parent;
    LkMailbox *mailbox;
    LkPictureThread *thread; /* NULL before the first order */
    GPtrArray *orders;       /* LkOrder *: not ended; each has a reference to its drawing */
    guint keep_seconds;
    bool busy, loaded;
    int64_t memory_used;
};

G_DEFINE_FINAL_TYPE(LkPictureMaker, lk_picture_maker, G_TYPE_OBJECT)

enum { PROP_BUSY = 1, PROP_LOADED, PROP_MEMORY_USED, PROP_KEEP_SECONDS, PROP_COUNT };
static GParamSpec *specs[PROP_COUNT];
enum { SIGNAL_PROGRESS, SIGNAL_ENDED, SIGNAL_COUNT };
static guint signals[SIGNAL_COUNT];

static void notify(LkPictureMaker *maker, guint property)
{
    g_object_notify_by_pspec(G_OBJECT(maker), specs[property]);
}

static void set_busy(LkPictureMaker *maker, bool busy)
{
    if (maker->busy == busy)
        return;
    maker->busy = busy;
    notify(maker, PROP_BUSY);
}

static void set_memory(LkPictureMaker *maker, int64_t bytes, bool loaded)
{
    if (maker->memory_used != bytes) {
        maker->memory_used = bytes;
        notify(maker, PROP_MEMORY_USED);
    }
    if (maker->loaded != loaded) {
        maker->loaded = loaded;
        notify(maker, PROP_LOADED);
    }
}

static void order_free(gpointer data)
{
    LkOrder *order = data;
    g_object_unref(order->drawing);
    lk_order_unref(order);
}

/* Letters --------------------------------------------------------------------------------------------------------- */

/** The drawing has ended: it leaves the list. */
static void end(LkPictureMaker *maker, LkOrder *order)
{
    g_autoptr(LkDrawing) drawing = g_object_ref(order->drawing);
    g_ptr_array_remove(maker->orders, order);
    set_busy(maker, maker->orders->len > 0);
    g_signal_emit(maker, signals[SIGNAL_ENDED], 0, drawing);
}

/** What an order's letter says; the last one ends it. */
static void take_order(LkPictureMaker *maker, LkPictureLetter *letter)
{
    LkDrawing *drawing = letter->order->drawing;
    switch (letter->kind) {
    case LK_PICTURE_LOADING:
        lk_drawing_set_state(drawing, LK_DRAWING_LOADING);
        break;
    case LK_PICTURE_DRAWING:
        lk_drawing_set_remarks(drawing, *letter->text ? letter->text : NULL);
        lk_drawing_set_state(drawing, LK_DRAWING_DRAWING);
        break;
    case LK_PICTURE_STEP:
        lk_drawing_set_step(drawing, letter->step, g_steal_pointer(&letter->bytes), letter->width, letter->height);
        g_signal_emit(maker, signals[SIGNAL_PROGRESS], 0, drawing);
        break;
    case LK_PICTURE_END:
        if (letter->bytes)
            lk_drawing_set_picture(drawing, g_steal_pointer(&letter->bytes), letter->text, letter->seconds);
        else if (letter->error)
            lk_drawing_set_error(drawing, letter->error);
        else
            lk_drawing_set_state(drawing, LK_DRAWING_CANCELLED);
        end(maker, letter->order);
        break;
    case LK_PICTURE_CLOSED:
        break;
    }
}

/** Whether a later letter shows the same picture further on: its preview is enough. */
static bool is_overtaken(const GPtrArray *letters, guint place)
{
    const LkPictureLetter *letter = g_ptr_array_index(letters, place);
    const LkPictureLetter *next = place + 1 < letters->len ? g_ptr_array_index(letters, place + 1) : NULL;
    return letter->kind == LK_PICTURE_STEP && next && next->kind == LK_PICTURE_STEP && next->order == letter->order;
}

static void deliver(gpointer data, GPtrArray *letters)
{
    g_autoptr(LkPictureMaker) maker = g_object_ref(data);
    for (guint i = 0; i < letters->len; i++) {
        LkPictureLetter *letter = g_ptr_array_index(letters, i);
        set_memory(maker, letter->memory, letter->kind != LK_PICTURE_CLOSED && letter->memory > 0);
        /* An order that was cancelled while it waited has ended already. */
        if (letter->order && !is_overtaken(letters, i) && g_ptr_array_find(maker->orders, letter->order, NULL))
            take_order(maker, letter);
    }
}

/* Orders ---------------------------------------------------------------------------------------------------------- */

LkPictureMaker *lk_picture_maker_new(void)
{
    return g_object_new(LK_TYPE_PICTURE_MAKER, NULL);
}

LkDrawing *lk_picture_maker_order(LkPictureMaker *maker, const LkPictureWish *wish)
{
    LkDrawing *drawing = lk_drawing_new(wish);
    LkOrder *order = lk_order_new(g_object_ref(drawing));
    if (!maker->thread)
        maker->thread = lk_picture_thread_new(maker->mailbox, maker->keep_seconds);
    g_ptr_array_add(maker->orders, order);
    lk_picture_thread_add(maker->thread, order);
    set_busy(maker, true);
    return drawing;
}

static void cancel(LkPictureMaker *maker, LkOrder *order)
{
    g_atomic_int_set(&order->cancelled, 1);
    if (lk_drawing_get_state(order->drawing) != LK_DRAWING_WAITING)
        return; /* the thread says when it has stopped */
    lk_drawing_set_state(order->drawing, LK_DRAWING_CANCELLED);
    end(maker, order);
}

void lk_picture_maker_cancel(LkPictureMaker *maker, LkDrawing *drawing)
{
    for (guint i = 0; i < maker->orders->len; i++) {
        LkOrder *order = g_ptr_array_index(maker->orders, i);
        if (order->drawing == drawing) {
            cancel(maker, order);
            return;
        }
    }
}

void lk_picture_maker_cancel_all(LkPictureMaker *maker)
{
    for (guint i = maker->orders->len; i > 0; i--)
        if (i <= maker->orders->len) /* a handler may have cancelled others */
            cancel(maker, g_ptr_array_index(maker->orders, i - 1));
}

guint lk_picture_maker_get_count(LkPictureMaker *maker)
{
    return maker->orders->len;
}

void lk_picture_maker_release(LkPictureMaker *maker)
{
    if (maker->thread)
        lk_picture_thread_release(maker->thread);
}

/* The object ------------------------------------------------------------------------------------------------------ */

static void lk_picture_maker_init(LkPictureMaker *maker)
{
    maker->keep_seconds = KEEP_SECONDS;
    maker->orders = g_ptr_array_new_with_free_func(order_free);
    maker->mailbox = lk_mailbox_new(LK_RUN_WAKEUPS, deliver, maker, lk_picture_letter_free);
}

static void finalize(GObject *object)
{
    LkPictureMaker *maker = LK_PICTURE_MAKER(object);
    lk_mailbox_close(maker->mailbox);
    lk_picture_thread_free(maker->thread);
    lk_mailbox_unref(maker->mailbox);
    g_ptr_array_unref(maker->orders);
    G_OBJECT_CLASS(lk_picture_maker_parent_class)->finalize(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const LkPictureMaker *maker = LK_PICTURE_MAKER(object);
    switch (id) {
    case PROP_BUSY:
        g_value_set_boolean(value, maker->busy);
        break;
    case PROP_LOADED:
        g_value_set_boolean(value, maker->loaded);
        break;
    case PROP_MEMORY_USED:
        g_value_set_int64(value, maker->memory_used);
        break;
    case PROP_KEEP_SECONDS:
        g_value_set_uint(value, maker->keep_seconds);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    LkPictureMaker *maker = LK_PICTURE_MAKER(object);
    if (id != PROP_KEEP_SECONDS) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    maker->keep_seconds = g_value_get_uint(value);
    if (maker->thread)
        lk_picture_thread_set_keep(maker->thread, maker->keep_seconds);
}

static void lk_picture_maker_class_init(LkPictureMakerClass *class)
{
    const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->finalize = finalize;
    object->get_property = get_property;
    object->set_property = set_property;
    specs[PROP_BUSY] = g_param_spec_boolean("busy", NULL, NULL, FALSE, flags);
    specs[PROP_LOADED] = g_param_spec_boolean("loaded", NULL, NULL, FALSE, flags);
    specs[PROP_MEMORY_USED] = g_param_spec_int64("memory-used", NULL, NULL, 0, G_MAXINT64, 0, flags);
    specs[PROP_KEEP_SECONDS] = g_param_spec_uint("keep-seconds", NULL, NULL, 0, G_MAXUINT, KEEP_SECONDS,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object, PROP_COUNT, specs);
    signals[SIGNAL_PROGRESS] = g_signal_new("progress", LK_TYPE_PICTURE_MAKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 1, LK_TYPE_DRAWING);
    signals[SIGNAL_ENDED] = g_signal_new("ended", LK_TYPE_PICTURE_MAKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, LK_TYPE_DRAWING);
}
