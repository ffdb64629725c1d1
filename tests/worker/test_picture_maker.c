/* Pictures from the maker are those of lorikeet-cli, byte for byte; orders, cancelling, failures, memory.
 * Usage: test_picture_maker PROGRAM MODEL.safetensors LORA.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "backend/backend.h"
#include "base/error.h"
#include "worker/picture_maker.h"
#include "worker/run.h"

#include <string.h>

typedef struct Lab {
    char *folder, *model;
    const char *program;
    const char *folders[2];
    LkPictureWish wish; /* to begin with */
} Lab;

/** What a maker and its drawings tell. */
typedef struct Told {
    GString *states; /* of one drawing */
    int steps, previews, ended, loads;
    bool rising;
    LkPictureMaker *maker;
    LkDrawing *cancel; /* at its first step */
} Told;

static void on_state(LkDrawing *drawing, GParamSpec *spec, Told *told)
{
    g_autoptr(GEnumClass) class = g_type_class_ref(LK_TYPE_DRAWING_STATE);
    g_string_append_printf(told->states, "%s ",
                           g_enum_get_value(class, (int)lk_drawing_get_state(drawing))->value_nick);
}

static void on_progress(LkPictureMaker *maker, LkDrawing *drawing, Told *told)
{
    int width, height, step = lk_drawing_get_step(drawing);
    GBytes *preview = lk_drawing_get_preview(drawing, &width, &height);
    told->rising &= step > told->steps;
    told->steps = step;
    told->previews += preview && g_bytes_get_size(preview) == (gsize)(3 * width * height);
    if (told->cancel == drawing)
        lk_picture_maker_cancel(maker, drawing);
}

static void on_ended(LkPictureMaker *maker, LkDrawing *drawing, Told *told)
{
    told->ended++;
}

static void on_loaded(LkPictureMaker *maker, GParamSpec *spec, Told *told)
{
    gboolean loaded;
    g_object_get(maker, "loaded", &loaded, NULL);
    told->loads += loaded;
}

static void listen(LkPictureMaker *maker, Told *told)
{
    told->maker = maker;
    told->rising = true;
    g_signal_connect(maker, "progress", G_CALLBACK(on_progress), told);
    g_signal_connect(maker, "ended", G_CALLBACK(on_ended), told);
    g_signal_connect(maker, "notify::loaded", G_CALLBACK(on_loaded), told);
}

static void finish(LkPictureMaker *maker)
{
    while (lk_picture_maker_get_count(maker) > 0)
        g_main_context_iteration(NULL, TRUE);
}

static void on_saved(GObject *drawing, GAsyncResult *result, gpointer done)
{
    g_autoptr(GError) error = NULL;
    if (!lk_drawing_save_finish(LK_DRAWING(drawing), result, &error))
        tap_note("%s", error->message);
    *(int *)done = error ? error->code : -1;
}

/** The drawing as a PNG: 0 where it is written, else the error's code. */
static int save(LkDrawing *drawing, const char *path)
{
    int done = 0;
    lk_drawing_save_async(drawing, path, NULL, on_saved, &done);
    while (done == 0)
        g_main_context_iteration(NULL, TRUE);
    return done == -1 ? 0 : done;
}

static bool same_files(const char *a, const char *b)
{
    g_autofree char *data_a = NULL, *data_b = NULL;
    gsize size_a = 0, size_b = 0;
    return g_file_get_contents(a, &data_a, &size_a, NULL) && g_file_get_contents(b, &data_b, &size_b, NULL) &&
           size_a == size_b && memcmp(data_a, data_b, size_a) == 0;
}

/** The picture that lorikeet-cli makes of a wish. */
static bool by_cli(const Lab *lab, const LkPictureWish *wish, const char *out)
{
    g_autofree char *width = g_strdup_printf("--width=%d", wish->width);
    g_autofree char *height = g_strdup_printf("--height=%d", wish->height);
    g_autofree char *steps = g_strdup_printf("--steps=%d", wish->steps);
    g_autofree char *cfg = g_strdup_printf("--cfg=%g", wish->cfg);
    g_autofree char *seed = g_strdup_printf("--seed=%d", (int)wish->seed);
    const char *const arguments[] = {lab->program,
                                     "generate",
                                     "--model",
                                     wish->model,
                                     "--prompt",
                                     wish->prompt,
                                     "--negative",
                                     wish->negative ? wish->negative : "",
                                     width,
                                     height,
                                     steps,
                                     cfg,
                                     seed,
                                     "--sampler",
                                     wish->sampler ? wish->sampler : "euler_a",
                                     "--lora-dir",
                                     lab->folder,
                                     "--device",
                                     "cpu",
                                     "--out",
                                     out,
                                     NULL};
    int status = 1;
    g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status,
                 NULL);
    return status == 0;
}

static const char *words_of(LkDrawing *drawing)
{
    return lk_drawing_get_error(drawing) ? lk_drawing_get_error(drawing)->message : "";
}

/* One picture ------------------------------------------------------------------------------------------------------ */

static void test_one(const Lab *lab)
{
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    Told told = {.states = g_string_new(NULL)};
    listen(maker, &told);
    g_autoptr(LkDrawing) drawing = lk_picture_maker_order(maker, &lab->wish);
    g_signal_connect(drawing, "notify::state", G_CALLBACK(on_state), &told);
    gboolean busy, idle;
    g_object_get(maker, "busy", &busy, NULL);
    finish(maker);
    g_object_get(maker, "busy", &idle, NULL);
    tap_ok(busy && !idle && told.ended == 1, "the maker is busy until the picture is done");
    tap_ok(strcmp(told.states->str, "loading drawing done ") == 0, "the drawing was %s%s", told.states->str,
           words_of(drawing));
    int width, height, small_width, small_height;
    GBytes *picture = lk_drawing_get_picture(drawing, &width, &height);
    tap_ok(picture && g_bytes_get_size(picture) == (gsize)(3 * width * height) && width == 128 && height == 64,
           "it is a picture of %d × %d", width, height);
    tap_ok(told.steps == lab->wish.steps && told.rising && told.previews > 0,
           "told by way of %d small ones up to step %d", told.previews, told.steps);
    lk_drawing_get_preview(drawing, &small_width, &small_height);
    tap_ok(small_width * 8 == width && small_height * 8 == height, "of %d × %d", small_width, small_height);
    g_autofree char *mine = scratch_path(lab->folder, "mine.png"), *truth = scratch_path(lab->folder, "truth.png");
    tap_ok(save(drawing, mine) == 0 && by_cli(lab, &lab->wish, truth) && same_files(mine, truth),
           "as a file it has the bytes of lorikeet-cli's");
    const char *text = lk_drawing_get_infotext(drawing);
    g_autofree char *model = NULL;
    gsize size = 0;
    g_file_get_contents(lab->wish.model, &model, &size, NULL);
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)model, size);
    g_autofree char *hash = g_strdup_printf("Model hash: %.10s", sum);
    tap_ok(text && strstr(text, "<lora:one:0.7>") && strstr(text, hash), "with the settings, among them the %s", hash);
    int64_t used;
    g_object_get(maker, "memory-used", &used, NULL);
    tap_ok(used > 0 && told.loads == 1, "the base model stays loaded: %d KiB", (int)(used / 1024));
    tap_ok(save(drawing, "/proc/no/such.png") == LK_ERROR_IO, "where it cannot be written there are words");
    g_string_free(told.states, TRUE);
}

/** The small picture is like the finished one where it was fitted: the last guess is the latent itself. */
static void test_small(const Lab *lab)
{
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    LkPictureWish wish = lab->wish;
    double apart[2];
    for (int round = 0; round < 2; round++) {
        g_autoptr(LkDrawing) drawing = lk_picture_maker_order(maker, &wish);
        finish(maker);
        int w, h, width, height;
        const uint8_t *small = g_bytes_get_data(lk_drawing_get_preview(drawing, &w, &h), NULL);
        const uint8_t *large = g_bytes_get_data(lk_drawing_get_picture(drawing, &width, &height), NULL);
        double sum = 0;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                for (int c = 0; c < 3; c++) {
                    double mean = 0;
                    for (int i = 0; i < 64; i++)
                        mean += large[3 * ((y * 8 + i / 8) * width + x * 8 + i % 8) + c] / 64.0;
                    sum += (mean - small[3 * (y * w + x) + c]) * (mean - small[3 * (y * w + x) + c]);
                }
        apart[round] = sum / (3 * w * h);
    }
    tap_ok(apart[1] < apart[0], "the second time the small picture is nearer to the finished one (%.0f, then %.0f)",
           apart[0], apart[1]);
}

/* Many ------------------------------------------------------------------------------------------------------------- */

/** Whether a picture is that of a maker of its own, which has the bytes of lorikeet-cli's. Weights lie as is best for
 * the picture that needs them first, and oneDNN's convolutions add in an order that depends on it: the last digit may
 * differ, and with it a colour by one of 255 levels. */
static bool like_alone(const Lab *lab, const LkPictureWish *wish, LkDrawing *drawing)
{
    g_autofree char *mine = scratch_path(lab->folder, "grid.png"), *truth = scratch_path(lab->folder, "cli.png");
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    g_autoptr(LkDrawing) alone = lk_picture_maker_order(maker, wish);
    finish(maker);
    int width, height;
    GBytes *expected = lk_drawing_get_picture(alone, &width, &height);
    GBytes *got = lk_drawing_get_picture(drawing, &width, &height);
    if (!expected || !got || save(alone, mine) != 0 || !by_cli(lab, wish, truth) || !same_files(mine, truth) ||
        g_bytes_get_size(got) != g_bytes_get_size(expected) ||
        strcmp(lk_drawing_get_infotext(drawing), lk_drawing_get_infotext(alone)) != 0)
        return false;
    const uint8_t *a = g_bytes_get_data(got, NULL), *b = g_bytes_get_data(expected, NULL);
    int furthest = 0;
    for (gsize i = 0; i < g_bytes_get_size(got); i++)
        furthest = MAX(furthest, ABS(a[i] - b[i]));
    return furthest <= 1;
}

static void test_grid(const Lab *lab)
{
    static const char *const prompts[] = {"a bird<lora:one:0.7>", "a bird", "a bird<lora:one:-1><lora:two:0.5>",
                                          "a bird<lora:one:0.7>", "two birds"};
    static const struct {
        int width, steps;
        const char *sampler;
    } others[] = {{64, 3, "ddim"}, {128, 2, NULL}, {64, 2, NULL}, {192, 2, "dpmpp_2m_karras"}, {64, 3, "ddim"}};
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    Told told = {.states = g_string_new(NULL)};
    listen(maker, &told);
    LkDrawing *drawings[5];
    LkPictureWish wishes[5];
    for (int i = 0; i < 5; i++) {
        wishes[i] = lab->wish;
        wishes[i].prompt = prompts[i];
        wishes[i].width = others[i].width;
        wishes[i].steps = others[i].steps;
        wishes[i].sampler = others[i].sampler;
        wishes[i].seed = (uint64_t)i;
        wishes[i].cfg = i == 3 ? 1 : 7;
        drawings[i] = lk_picture_maker_order(maker, &wishes[i]);
    }
    tap_ok(lk_picture_maker_get_count(maker) == 5, "five pictures are ordered");
    finish(maker);
    bool same = true;
    for (int i = 0; i < 5; i++) {
        bool equal = like_alone(lab, &wishes[i], drawings[i]);
        if (!equal)
            tap_note("picture %d differs: %s", i, words_of(drawings[i]));
        same &= equal;
    }
    tap_ok(same, "each is the one that was made alone, which has the bytes of lorikeet-cli's");
    tap_ok(told.loads == 1 && told.ended == 5, "the base model was loaded once");
    for (int i = 0; i < 5; i++)
        g_object_unref(drawings[i]);
    g_string_free(told.states, TRUE);
}

static void test_cancel(const Lab *lab)
{
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    Told told = {.states = g_string_new(NULL)};
    listen(maker, &told);
    LkPictureWish wish = lab->wish;
    wish.steps = 1000;
    g_autoptr(LkDrawing) first = lk_picture_maker_order(maker, &wish);
    g_autoptr(LkDrawing) second = lk_picture_maker_order(maker, &lab->wish);
    g_autoptr(LkDrawing) third = lk_picture_maker_order(maker, &lab->wish);
    told.cancel = first;
    lk_picture_maker_cancel(maker, second);
    tap_ok(lk_drawing_get_state(second) == LK_DRAWING_CANCELLED && lk_picture_maker_get_count(maker) == 2,
           "one that waits is cancelled at once");
    finish(maker);
    int width, height;
    tap_ok(lk_drawing_get_state(first) == LK_DRAWING_CANCELLED && !lk_drawing_get_picture(first, &width, &height) &&
               lk_drawing_get_step(first) < 900,
           "one that is being drawn after a step (%d)", lk_drawing_get_step(first));
    tap_ok(lk_drawing_get_state(third) == LK_DRAWING_DONE && told.ended == 3, "the next one is drawn");
    tap_ok(save(first, "never.png") == LK_ERROR_USAGE, "one that is not finished cannot be saved");
    g_autoptr(LkDrawing) fourth = lk_picture_maker_order(maker, &wish);
    g_autoptr(LkDrawing) fifth = lk_picture_maker_order(maker, &wish);
    lk_picture_maker_cancel_all(maker);
    finish(maker);
    tap_ok(lk_drawing_get_state(fourth) == LK_DRAWING_CANCELLED && lk_drawing_get_state(fifth) == LK_DRAWING_CANCELLED,
           "or all of them");
    g_string_free(told.states, TRUE);
}

/* What goes wrong -------------------------------------------------------------------------------------------------- */

static void test_failures(const Lab *lab)
{
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    LkPictureWish rows[7];
    static const char *const words[] = {"nowhere",    "There is no sampler", "multiples of 64", "did you mean \"one\"",
                                        "<lora:one:", "needs a base model",  "of memory"};
    for (int i = 0; i < 7; i++)
        rows[i] = lab->wish;
    rows[0].model = "nowhere.safetensors";
    rows[1].sampler = "magic";
    rows[2].width = 100;
    rows[3].prompt = "a bird<lora:onne:1>";
    rows[4].prompt = "a bird<lora:one:x>";
    rows[5].prompt = NULL;
    rows[6].width = rows[6].height = 16384;
    rows[6].device = "cpu@1%"; /* tiles do not help the U-Net */
    LkDeviceInfo info = {0};
    lk_backend_cpu()->devices(&info, 1, NULL);
    for (int i = 0; i < 7; i++) {
        if (i == 6 && info.free_bytes > (int64_t)30 << 30)
            continue; /* a machine on which it fits */
        g_autoptr(LkDrawing) drawing = lk_picture_maker_order(maker, &rows[i]);
        finish(maker);
        tap_ok(lk_drawing_get_state(drawing) == LK_DRAWING_FAILED && strstr(words_of(drawing), words[i]), "%s",
               words_of(drawing));
    }
    g_autoptr(LkDrawing) good = lk_picture_maker_order(maker, &lab->wish);
    finish(maker);
    tap_ok(lk_drawing_get_state(good) == LK_DRAWING_DONE, "after all that a picture can be made: %s", words_of(good));
}

/* Memory ----------------------------------------------------------------------------------------------------------- */

static bool give_back(LkPictureMaker *maker)
{
    gboolean loaded = TRUE;
    int64_t used = 1, until = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (loaded && g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(5000);
        g_object_get(maker, "loaded", &loaded, "memory-used", &used, NULL);
    }
    return !loaded && used == 0;
}

static void test_memory(const Lab *lab)
{
    g_autoptr(LkPictureMaker) maker = lk_picture_maker_new();
    g_autoptr(LkDrawing) first = lk_picture_maker_order(maker, &lab->wish);
    lk_picture_maker_release(maker);
    finish(maker);
    tap_ok(give_back(maker), "on request the base model leaves when the orders are done");
    g_autoptr(LkDrawing) second = lk_picture_maker_order(maker, &lab->wish);
    finish(maker);
    gboolean loaded;
    g_object_get(maker, "loaded", &loaded, NULL);
    tap_ok(loaded && lk_drawing_get_state(second) == LK_DRAWING_DONE, "it comes back for the next one, and stays");
    g_object_set(maker, "keep-seconds", 1, NULL);
    tap_ok(give_back(maker), "until nothing was ordered for keep-seconds");
    LkPictureWish wish = lab->wish;
    wish.steps = 1000;
    Told told = {.states = g_string_new(NULL)};
    listen(maker, &told);
    g_autoptr(LkDrawing) last = lk_picture_maker_order(maker, &wish);
    while (told.steps == 0)
        g_main_context_iteration(NULL, TRUE);
    g_clear_object(&maker);
    tap_ok(lk_drawing_get_state(last) == LK_DRAWING_DRAWING, "a maker is let go while it draws");
    g_string_free(told.states, TRUE);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    g_autofree char *folder = scratch_new(), *cache = g_build_filename(folder, "cache", NULL), *lora = NULL;
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    gsize size = 0;
    g_file_get_contents(argv[3], &lora, &size, NULL);
    scratch_write(folder, "one.safetensors", lora, size);
    scratch_write(folder, "two.safetensors", lora, size);
    Lab lab = {.folder = folder, .program = argv[1], .folders = {folder}, .wish = lk_picture_wish_default()};
    lab.wish.model = argv[2];
    lab.wish.device = "cpu";
    lab.wish.prompt = "a bird<lora:one:0.7>";
    lab.wish.negative = "snow";
    lab.wish.lora_folders = lab.folders;
    lab.wish.width = 128;
    lab.wish.height = 64;
    lab.wish.steps = 8;
    test_one(&lab);
    test_small(&lab);
    test_grid(&lab);
    test_cancel(&lab);
    test_failures(&lab);
    test_memory(&lab);
    scratch_remove(folder);
    return tap_done();
}
