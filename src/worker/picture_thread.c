#include "worker/picture_thread.h"

#include "format/gerror.h"
#include "sampling/latent_colours.h"
#include "training/studio.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

struct LkPictureThread {
    LkMailbox *mailbox;
    GThread *thread;
    /* the thread's own */
    LkStudio *studio;
    char *studio_key; /* base model, as its file is now, and device */
    LkLatentColours colours;
    /* shared */
    GMutex lock;
    GCond wake;
    GQueue orders; /* LkOrder * */
    guint keep_seconds;
    bool release, quit;
    int quitting; /* atomic: the same as quit, for where the lock is not held */
};

/* Orders and letters ---------------------------------------------------------------------------------------------- */

LkOrder *lk_order_new(LkDrawing *drawing)
{
    LkOrder *order = g_new0(LkOrder, 1);
    g_atomic_ref_count_init(&order->references);
    order->wish = lk_picture_wish_copy(lk_drawing_get_wish(drawing));
    order->drawing = drawing;
    return order;
}

LkOrder *lk_order_ref(LkOrder *order)
{
    g_atomic_ref_count_inc(&order->references);
    return order;
}

void lk_order_unref(LkOrder *order)
{
    if (!g_atomic_ref_count_dec(&order->references))
        return;
    lk_picture_wish_free(order->wish);
    g_free(order);
}

void lk_picture_letter_free(gpointer data)
{
    LkPictureLetter *letter = data;
    g_clear_pointer(&letter->order, lk_order_unref);
    g_clear_pointer(&letter->bytes, g_bytes_unref);
    g_free(letter->text);
    g_clear_error(&letter->error);
    g_free(letter);
}

/** Posts a letter; what it holds is taken over, but the order gets a reference of its own. */
static void post(LkPictureThread *thread, LkOrder *order, LkPictureLetter letter)
{
    letter.order = order ? lk_order_ref(order) : NULL;
    letter.memory = thread->studio ? lk_studio_allocated(thread->studio) : 0;
    lk_mailbox_put(thread->mailbox, g_memdup2(&letter, sizeof letter));
}

static bool is_cancelled(LkPictureThread *thread, LkOrder *order)
{
    return g_atomic_int_get(&order->cancelled) || g_atomic_int_get(&thread->quitting);
}

/* The base model -------------------------------------------------------------------------------------------------- */

static void close_studio(LkPictureThread *thread)
{
    if (!thread->studio)
        return;
    g_clear_pointer(&thread->studio, lk_studio_free);
    g_clear_pointer(&thread->studio_key, g_free);
    thread->colours = (LkLatentColours){0};
    post(thread, NULL, (LkPictureLetter){.kind = LK_PICTURE_CLOSED});
}

/** Opens the base model of an order, unless it is open. */
static bool open_studio(LkPictureThread *thread, const LkPictureWish *wish, GError **error)
{
    GStatBuf info = {0};
    if (!wish->model || !wish->prompt)
        return lk_set_error(error, LK_ERROR_USAGE, _("A picture needs a base model and a prompt."));
    g_stat(wish->model, &info);
    g_autofree char *key =
        g_strdup_printf("%s\n%s\n%lld %lld %lld.%09ld", wish->model, wish->device, (long long)info.st_ino,
                        (long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    if (g_strcmp0(key, thread->studio_key) == 0)
        return true;
    close_studio(thread);
    thread->studio = lk_studio_open(wish->model, wish->device ? wish->device : "auto", error);
    if (thread->studio)
        thread->studio_key = g_steal_pointer(&key);
    return thread->studio != NULL;
}

/* Small pictures -------------------------------------------------------------------------------------------------- */

static int factor_of(const LkStudio *studio)
{
    return 1 << (lk_studio_arch(studio)->vae.levels - 1);
}

/** The linear map is for latents of four channels; other ones have no small pictures. */
static bool has_colours(const LkStudio *studio)
{
    return lk_studio_arch(studio)->vae.latent_channels == LK_COLOUR_CHANNELS;
}

/** Decodes soft spots of all colours, so that even the first picture's small ones have the VAE's colours. Failing that
 * they are grey. */
static void learn_first(LkPictureThread *thread)
{
    enum { PIXELS = 128 };
    int factor = factor_of(thread->studio), side = PIXELS / factor;
    size_t count = (size_t)side * (size_t)side;
    g_autofree float *latent = g_new(float, count *LK_COLOUR_CHANNELS);
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < LK_COLOUR_CHANNELS; c++) {
            double x = (double)(i % (size_t)side) / side, y = (double)(i / (size_t)side) / side;
            latent[i * LK_COLOUR_CHANNELS + (size_t)c] = (float)(1.4 * sin(2 * G_PI * ((c + 1) * x + (c * 3 % 4) * y)));
        }
    LkGenerator *generator = lk_studio_generator(thread->studio);
    g_autofree float *picture = lk_generator_decode(generator, latent, PIXELS, PIXELS, NULL);
    g_autofree uint8_t *rgb = g_new(uint8_t, (size_t)PIXELS *PIXELS * 3);
    if (!picture)
        return;
    lk_picture_bytes(picture, rgb, (size_t)PIXELS * PIXELS * 3);
    lk_latent_colours_learn(&thread->colours, latent, side, side, rgb, factor);
}

/* One picture ----------------------------------------------------------------------------------------------------- */

typedef struct Work {
    LkPictureThread *thread;
    LkOrder *order;
} Work;

static bool show_step(void *context, int done, int steps, const float *guess, int height, int width)
{
    const Work *work = context;
    LkPictureLetter letter = {.kind = LK_PICTURE_STEP, .step = done, .width = width, .height = height};
    (void)steps;
    if (has_colours(work->thread->studio)) {
        gsize size = (gsize)height * (gsize)width * 3;
        uint8_t *rgb = LK_TRY_NEW(uint8_t, size, NULL);
        if (rgb)
            lk_latent_colours_paint(&work->thread->colours, guess, height, width, rgb);
        letter.bytes = rgb ? g_bytes_new_take(rgb, size) : NULL;
    }
    post(work->thread, work->order, letter);
    return !is_cancelled(work->thread, work->order);
}

/** Steps and decoding, as lk_generator_run, and learning from both. */
static uint8_t *draw(LkPictureThread *thread, LkOrder *order, const LkPictureRequest *request, GError **error)
{
    Work work = {.thread = thread, .order = order};
    LkSamplingProgress progress = {.context = &work, .step = show_step};
    LkGenerator *generator = lk_studio_generator(thread->studio);
    g_autofree float *latent = lk_generator_latent(generator, request, &progress, error);
    g_autofree float *picture =
        latent ? lk_generator_decode(generator, latent, request->width, request->height, error) : NULL;
    if (!picture)
        return NULL;
    int factor = factor_of(thread->studio);
    size_t count = (size_t)request->width * (size_t)request->height * 3;
    uint8_t *rgb = LK_TRY_NEW(uint8_t, count, error);
    if (rgb)
        lk_picture_bytes(picture, rgb, count);
    if (rgb && has_colours(thread->studio))
        lk_latent_colours_learn(&thread->colours, latent, request->height / factor, request->width / factor, rgb,
                                factor);
    return rgb;
}

static bool prepare(LkPictureThread *thread, LkOrder *order, LkPictureRequest *request, GError **error)
{
    static const char *const nowhere[] = {NULL};
    const LkPictureWish *wish = order->wish;
    LkStudioSetup setup = {.compute = wish->bf16 ? LK_BF16 : LK_F32,
                           .clip_skip = wish->clip_skip,
                           .v_prediction = wish->v_prediction,
                           .zero_terminal_snr = wish->zero_terminal_snr,
                           .keep_all = true,
                           .lora_folders = wish->lora_folders ? wish->lora_folders : nowhere};
    *request = (LkPictureRequest){.negative = wish->negative,
                                  .width = wish->width,
                                  .height = wish->height,
                                  .steps = wish->steps,
                                  .cfg = wish->cfg,
                                  .seed = wish->seed,
                                  .sampler = lk_sampler_find(wish->sampler ? wish->sampler : "euler_a")};
    if (!request->sampler)
        return lk_set_error(error, LK_ERROR_USAGE, _("There is no sampler “%s”."), wish->sampler);
    post(thread, order, (LkPictureLetter){.kind = LK_PICTURE_LOADING});
    if (!open_studio(thread, wish, error) || !lk_studio_prepare(thread->studio, &setup, wish->prompt, request, error))
        return false;
    if (!thread->colours.known && has_colours(thread->studio))
        learn_first(thread);
    return true;
}

static char *remarks_of(const LkStudio *studio)
{
    const GPtrArray *remarks = lk_studio_remarks(studio);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < remarks->len; i++)
        g_string_append_printf(text, "%s%s", i ? "\n" : "", (const char *)g_ptr_array_index(remarks, i));
    return g_string_free_and_steal(text);
}

static bool make(LkPictureThread *thread, LkOrder *order, GError **error)
{
    LkPictureRequest request;
    if (!prepare(thread, order, &request, error) || is_cancelled(thread, order))
        return false;
    post(thread, order, (LkPictureLetter){.kind = LK_PICTURE_DRAWING, .text = remarks_of(thread->studio)});
    int64_t begin = g_get_monotonic_time();
    uint8_t *rgb = draw(thread, order, &request, error);
    if (!rgb)
        return false;
    double seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    post(thread, order,
         (LkPictureLetter){.kind = LK_PICTURE_END,
                           .bytes = g_bytes_new_take(rgb, (gsize)request.width * (gsize)request.height * 3),
                           .text = lk_studio_infotext(thread->studio, order->wish->prompt, &request),
                           .seconds = seconds});
    return true;
}

static void perform(LkPictureThread *thread, LkOrder *order)
{
    GError *error = NULL;
    if (!is_cancelled(thread, order) && make(thread, order, &error))
        return;
    if (is_cancelled(thread, order) || g_error_matches(error, LK_ERROR, LK_ERROR_STOPPED))
        g_clear_error(&error);
    post(thread, order, (LkPictureLetter){.kind = LK_PICTURE_END, .error = error});
}

/* The thread ------------------------------------------------------------------------------------------------------ */

/** The next order; NULL where there is something else to do: to close the base model, or to quit. */
static LkOrder *next_order(LkPictureThread *thread, bool *quit)
{
    LkOrder *order;
    g_mutex_lock(&thread->lock);
    int64_t idle_since = g_get_monotonic_time();
    while (!(order = g_queue_pop_head(&thread->orders)) && !thread->quit) {
        int64_t until = idle_since + (int64_t)thread->keep_seconds * G_USEC_PER_SEC;
        bool late = thread->keep_seconds > 0 && g_get_monotonic_time() >= until;
        if (thread->studio && (thread->release || late))
            break;
        thread->release = false; /* there is nothing to close */
        if (thread->studio && thread->keep_seconds > 0)
            g_cond_wait_until(&thread->wake, &thread->lock, until);
        else
            g_cond_wait(&thread->wake, &thread->lock);
    }
    if (!order)
        thread->release = false;
    *quit = thread->quit;
    g_mutex_unlock(&thread->lock);
    return order;
}

static gpointer work(gpointer data)
{
    LkPictureThread *thread = data;
    for (;;) {
        bool quit;
        LkOrder *order = next_order(thread, &quit);
        if (order) {
            perform(thread, order);
            lk_order_unref(order);
        } else {
            close_studio(thread);
        }
        if (quit && !order)
            return NULL;
    }
}

LkPictureThread *lk_picture_thread_new(LkMailbox *mailbox, guint keep_seconds)
{
    LkPictureThread *thread = g_new0(LkPictureThread, 1);
    thread->mailbox = lk_mailbox_ref(mailbox);
    thread->keep_seconds = keep_seconds;
    g_mutex_init(&thread->lock);
    g_cond_init(&thread->wake);
    g_queue_init(&thread->orders);
    thread->thread = g_thread_new("pictures", work, thread);
    return thread;
}

void lk_picture_thread_free(LkPictureThread *thread)
{
    if (!thread)
        return;
    g_mutex_lock(&thread->lock);
    thread->quit = true;
    g_atomic_int_set(&thread->quitting, 1);
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
    g_thread_join(thread->thread);
    g_mutex_clear(&thread->lock);
    g_cond_clear(&thread->wake);
    lk_mailbox_unref(thread->mailbox);
    g_free(thread);
}

void lk_picture_thread_add(LkPictureThread *thread, LkOrder *order)
{
    g_mutex_lock(&thread->lock);
    g_queue_push_tail(&thread->orders, lk_order_ref(order));
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
}

void lk_picture_thread_release(LkPictureThread *thread)
{
    g_mutex_lock(&thread->lock);
    thread->release = true;
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
}

void lk_picture_thread_set_keep(LkPictureThread *thread, guint seconds)
{
    g_mutex_lock(&thread->lock);
    thread->keep_seconds = seconds;
    g_cond_signal(&thread->wake);
    g_mutex_unlock(&thread->lock);
}
