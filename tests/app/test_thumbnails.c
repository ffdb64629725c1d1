/* Thumbnails: their pixels against the decoder and a mean computed here, their order, what is kept and what is dropped.
 */
#include "app/core/texture_memory.h"
#include "app/core/thumbnail_files.h"
#include "app/core/thumbnails.h"
#include "dataset/picture.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <utime.h>

/* ---- pictures ---------------------------------------------------------------------------------------- */

/* A PNG with a colour that runs from left to right, so that a mirrored or cut thumbnail shows. */
static char *make_picture(const char *folder, const char *name, int width, int height, int blue)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
    guchar *pixels = gdk_pixbuf_get_pixels(pixbuf);
    int stride = gdk_pixbuf_get_rowstride(pixbuf);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            guchar *out = pixels + y * stride + x * 3;
            out[0] = (guchar)(x * 255 / width);
            out[1] = (guchar)(y * 255 / height);
            out[2] = (guchar)blue;
        }
    char *path = scratch_path(folder, name);
    gdk_pixbuf_save(pixbuf, path, "png", NULL, "compression", "1", NULL);
    return path;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

typedef struct Answer {
    GdkTexture *texture;
    GError *error;
    guint order; /* the how-manieth answer it was; 0: none yet */
    guint *counter;
} Answer;

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Answer *one = data;
    one->texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &one->error);
    one->order = ++*one->counter;
}

static void answer_clear(Answer *one)
{
    g_clear_object(&one->texture);
    g_clear_error(&one->error);
    one->order = 0;
}

static void wait_for(guint *counter, guint goal)
{
    while (*counter < goal)
        g_main_context_iteration(NULL, TRUE);
}

static void load(LkThumbnails *thumbnails, const char *path, Answer *one)
{
    guint counter = 0;
    one->counter = &counter;
    lk_thumbnails_load(thumbnails, path, NULL, loaded_cb, one);
    wait_for(&counter, 1);
}

/* The pixel of a texture as red, green, blue. */
static void pixel_of(GdkTexture *texture, int x, int y, guchar rgb[3])
{
    gsize stride = (gsize)gdk_texture_get_width(texture) * 4;
    g_autofree guchar *data = g_malloc(stride * (gsize)gdk_texture_get_height(texture));
    g_autoptr(GdkTextureDownloader) downloader = gdk_texture_downloader_new(texture);
    gdk_texture_downloader_set_format(downloader, GDK_MEMORY_R8G8B8A8);
    gdk_texture_downloader_download_into(downloader, data, stride);
    memcpy(rgb, data + (gsize)y * stride + (gsize)x * 4, 3);
}

/* ---- tests ------------------------------------------------------------------------------------------- */

static guint count_files(const char *folder, goffset *bytes)
{
    guint count = 0;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        GStatBuf info;
        if (g_lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode)) {
            count += count_files(path, bytes);
        } else {
            count++;
            if (bytes)
                *bytes += info.st_size;
        }
    }
    return count;
}

static void test_size_and_pixels(const char *folder)
{
    static const struct {
        int width, height, want_width, want_height;
    } cases[] = {
        {1024, 768, 341, 256}, {500, 2000, 256, 1024}, {300, 300, 256, 256},
        {100, 80, 100, 80},    {4000, 100, 1024, 26},  {1, 1, 1, 1},
    };
    g_autofree char *cache = g_build_filename(folder, "cache-pixels", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("size-%zu.png", i);
        g_autofree char *path = make_picture(folder, name, cases[i].width, cases[i].height, 40);
        for (int pass = 0; pass < 2; pass++) { /* decoded, then from disk */
            g_autoptr(LkThumbnails) thumbnails = lk_thumbnails_new(cache);
            Answer one = {0};
            load(thumbnails, path, &one);
            int width = one.texture ? gdk_texture_get_width(one.texture) : 0;
            int height = one.texture ? gdk_texture_get_height(one.texture) : 0;
            tap_ok(width == cases[i].want_width && height == cases[i].want_height, "%d x %d becomes %d x %d%s",
                   cases[i].width, cases[i].height, width, height, pass ? ", from disk" : "");
            guchar rgb[3] = {0};
            if (one.texture)
                pixel_of(one.texture, width * 3 / 4, height / 4, rgb);
            double x = (double)(width * 3 / 4) + 0.5, y = (double)(height / 4) + 0.5;
            int red = cases[i].width == 1 ? 0 : (int)(x / width * 255), green = (int)(y / height * 255);
            green = cases[i].height == 1 ? 0 : green;
            tap_ok(ABS(rgb[0] - red) < 8 && ABS(rgb[1] - green) < 8 && ABS(rgb[2] - 40) < 8,
                   "its pixel is %d %d %d, the picture's there %d %d 40", rgb[0], rgb[1], rgb[2], red, green);
            answer_clear(&one);
        }
    }
    tap_ok(count_files(cache, NULL) == G_N_ELEMENTS(cases), "one file a picture is kept");
}

/* A picture replaced by another of the same name must not show the old one. */
static void test_changed_file(const char *folder)
{
    g_autofree char *cache = g_build_filename(folder, "cache-changed", NULL);
    g_autofree char *path = make_picture(folder, "changes.png", 300, 300, 10);
    g_autoptr(LkThumbnails) thumbnails = lk_thumbnails_new(cache);
    Answer one = {0};
    load(thumbnails, path, &one);
    tap_ok(lk_thumbnails_peek(thumbnails, path) == one.texture, "what was loaded is in memory");
    answer_clear(&one);
    g_autofree char *again = make_picture(folder, "changes.png", 300, 300, 200);
    utime(again, &(struct utimbuf){.actime = 1000000000, .modtime = 1000000000});
    lk_thumbnails_forget(thumbnails, path);
    tap_ok(lk_thumbnails_peek(thumbnails, path) == NULL, "what is forgotten is not in memory");
    load(thumbnails, path, &one);
    guchar rgb[3] = {0};
    if (one.texture)
        pixel_of(one.texture, 100, 100, rgb);
    tap_ok(ABS(rgb[2] - 200) < 8, "a file that has changed is read again");
    answer_clear(&one);
}

static void test_errors(const char *folder)
{
    g_autofree char *cache = g_build_filename(folder, "cache-errors", NULL);
    g_autoptr(LkThumbnails) thumbnails = lk_thumbnails_new(cache);
    scratch_text(folder, "broken.png", "\x89PNG\r\n\x1a\nnothing");
    g_autofree char *broken = scratch_path(folder, "broken.png"), *gone = scratch_path(folder, "gone.png");
    Answer one = {0};
    load(thumbnails, broken, &one);
    tap_ok(!one.texture && one.error && strstr(one.error->message, "broken.png"), "a damaged picture: %s",
           one.error ? one.error->message : "no error");
    answer_clear(&one);
    load(thumbnails, gone, &one);
    tap_ok(!one.texture && one.error && strstr(one.error->message, "gone.png"), "a missing picture: %s",
           one.error ? one.error->message : "no error");
    answer_clear(&one);
    tap_ok(count_files(cache, NULL) == 0, "failures leave no files");
}

/* Damage in the cache costs time, never a wrong picture. */
static void test_damaged_cache(const char *folder)
{
    g_autofree char *cache = g_build_filename(folder, "cache-damaged", NULL);
    g_autoptr(LkThumbnailFiles) files = lk_thumbnail_files_new(cache, 1 << 20);
    g_autofree char *path = make_picture(folder, "cached.png", 64, 64, 90);
    g_autoptr(LkPixels) pixels = lk_picture_load(path, NULL, NULL);
    g_autofree char *key = lk_thumbnail_files_key(path, NULL);
    tap_ok(lk_thumbnail_files_load(files, key) == NULL, "nothing is kept yet");
    tap_ok(lk_thumbnail_files_save(files, key, pixels, NULL), "a thumbnail is kept");
    g_autoptr(LkPixels) back = lk_thumbnail_files_load(files, key);
    tap_ok(back && back->width == 64 && back->height == 64, "and read");
    g_autofree char *file = g_strdup_printf("%s/%.2s/%s.jpg", cache, key, key + 2);
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_file_get_contents(file, &bytes, &size, NULL);
    g_file_set_contents(file, bytes, (gssize)size / 2, NULL);
    tap_ok(lk_thumbnail_files_load(files, key) == NULL, "a file cut in half is none");
    tap_ok(!g_file_test(file, G_FILE_TEST_EXISTS), "and is removed");
    g_autofree char *nowhere = g_build_filename(path, "below-a-file", NULL);
    g_autoptr(LkThumbnailFiles) no_files = lk_thumbnail_files_new(nowhere, 1 << 20);
    g_autoptr(GError) error = NULL;
    gboolean saved = lk_thumbnail_files_save(no_files, key, pixels, &error);
    tap_ok(!saved && error, "where nothing can be written: %s", error ? error->message : "no error");
}

/* The folder stays under its bound, and what was used last stays in it. */
static void test_prune(const char *folder)
{
    enum { COUNT = 120, BOUND = 100000 };
    g_autofree char *cache = g_build_filename(folder, "cache-prune", NULL);
    g_autoptr(LkPixels) pixels = lk_pixels_new(64, 64, NULL);
    for (int i = 0; i < 64 * 64 * 3; i++)
        pixels->data[i] = (guchar)(i * 7919 >> 3);
    g_autoptr(LkThumbnailFiles) files = lk_thumbnail_files_new(cache, BOUND);
    scratch_text(cache, "00/mine.txt", "not a thumbnail, but small");
    char *keys[COUNT];
    for (int i = 0; i < COUNT; i++) {
        g_autofree char *name = g_strdup_printf("picture %d", i);
        keys[i] = g_compute_checksum_for_string(G_CHECKSUM_SHA1, name, -1);
        lk_thumbnail_files_save(files, keys[i], pixels, NULL);
        g_autofree char *file = g_strdup_printf("%s/%.2s/%s.jpg", cache, keys[i], keys[i] + 2);
        utime(file, &(struct utimbuf){.actime = 1000000000 + i, .modtime = 1000000000 + i});
        if (i == 60) { /* used today, though among the first */
            g_autoptr(LkPixels) used = lk_thumbnail_files_load(files, keys[59]);
            tap_ok(used != NULL, "an old one is there before the bound is met");
        }
    }
    goffset bytes = 0;
    guint left = count_files(cache, &bytes);
    tap_ok(bytes <= BOUND, "%u files with %d bytes are left of %d", left, (int)bytes, COUNT);
    g_autoptr(LkPixels) first = lk_thumbnail_files_load(files, keys[0]);
    g_autoptr(LkPixels) used = lk_thumbnail_files_load(files, keys[59]);
    g_autoptr(LkPixels) last = lk_thumbnail_files_load(files, keys[COUNT - 1]);
    tap_ok(!first && last, "the oldest is gone, the newest there");
    tap_ok(used != NULL, "one that was used stays");
    for (int i = 0; i < COUNT; i++)
        g_free(keys[i]);
}

/* What is asked for last is what a person sees now. */
static void test_order_and_cancelling(const char *folder)
{
    enum { COUNT = 60 };
    g_autofree char *cache = g_build_filename(folder, "cache-order", NULL);
    g_autoptr(LkThumbnails) thumbnails = lk_thumbnails_new(cache);
    Answer answers[COUNT] = {0};
    GCancellable *cancellables[COUNT];
    guint counter = 0;
    for (int i = 0; i < COUNT; i++) {
        g_autofree char *name = g_strdup_printf("order-%d.png", i);
        g_free(make_picture(folder, name, 700, 700, i));
    }
    for (int i = 0; i < COUNT; i++) {
        g_autofree char *name = g_strdup_printf("order-%d.png", i);
        g_autofree char *path = scratch_path(folder, name);
        answers[i].counter = &counter;
        cancellables[i] = g_cancellable_new();
        lk_thumbnails_load(thumbnails, path, cancellables[i], loaded_cb, &answers[i]);
    }
    for (int i = 10; i < 20; i++)
        g_cancellable_cancel(cancellables[i]);
    wait_for(&counter, COUNT);
    tap_ok(answers[COUNT - 1].order <= 12, "the last of %d requests is answer %u", COUNT, answers[COUNT - 1].order);
    guint backwards = 0, cancelled = 0;
    for (int i = 20; i + 1 < COUNT; i++)
        backwards += answers[i].order > answers[i + 1].order;
    tap_ok(backwards > 25, "answers come from the newest to the oldest (%u of 39 pairs)", backwards);
    for (int i = 10; i < 20; i++)
        cancelled += g_error_matches(answers[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    tap_ok(cancelled == 10, "those that were cancelled say so");
    guint kept = count_files(cache, NULL);
    tap_ok(kept <= COUNT - 8, "and were not decoded (%u of %d files)", kept, COUNT);
    for (int i = 0; i < COUNT; i++) {
        answer_clear(&answers[i]);
        g_object_unref(cancellables[i]);
    }
}

static void test_saved_by_others(const char *folder)
{
    g_autofree char *cache = g_build_filename(folder, "cache-saved", NULL);
    g_autoptr(LkThumbnails) thumbnails = lk_thumbnails_new(cache);
    g_autofree char *path = make_picture(folder, "imported.png", 1000, 500, 120);
    g_autoptr(LkPixels) picture = lk_picture_load(path, NULL, NULL);
    lk_thumbnails_save(thumbnails, path, picture);
    g_autofree char *key = lk_thumbnail_files_key(path, NULL);
    g_autoptr(LkThumbnailFiles) files = lk_thumbnail_files_new(cache, 1 << 20);
    g_autoptr(LkPixels) kept = lk_thumbnail_files_load(files, key);
    tap_ok(kept && kept->width == 512 && kept->height == 256, "a picture decoded elsewhere is kept as a thumbnail");
}

static void test_memory(void)
{
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_malloc0(100 * 100 * 4), 100 * 100 * 4);
    g_autoptr(LkTextureMemory) memory = lk_texture_memory_new(4 * 100 * 100 * 4);
    GdkTexture *textures[6];
    for (int i = 0; i < 6; i++) {
        char key[2] = {(char)('a' + i), 0};
        textures[i] = gdk_memory_texture_new(100, 100, GDK_MEMORY_R8G8B8A8, bytes, 400);
        lk_texture_memory_put(memory, key, textures[i]);
        lk_texture_memory_get(memory, "a"); /* used all the time */
    }
    tap_ok(lk_texture_memory_bytes(memory) == 4 * 100 * 100 * 4, "memory is bounded");
    tap_ok(lk_texture_memory_get(memory, "a") == textures[0] && lk_texture_memory_get(memory, "f") == textures[5] &&
               !lk_texture_memory_get(memory, "b") && !lk_texture_memory_get(memory, "c"),
           "what was not used longest is dropped");
    lk_texture_memory_put(memory, "a", textures[1]);
    tap_ok(lk_texture_memory_get(memory, "a") == textures[1] && lk_texture_memory_bytes(memory) == 4 * 100 * 100 * 4,
           "one key holds one texture");
    lk_texture_memory_remove(memory, "a");
    lk_texture_memory_remove(memory, "unknown");
    tap_ok(!lk_texture_memory_get(memory, "a"), "one can be removed");
    for (int i = 0; i < 6; i++)
        g_object_unref(textures[i]);
}

int main(void)
{
    g_autofree char *folder = scratch_new();
    test_size_and_pixels(folder);
    test_changed_file(folder);
    test_errors(folder);
    test_damaged_cache(folder);
    test_prune(folder);
    test_order_and_cancelling(folder);
    test_saved_by_others(folder);
    test_memory();
    scratch_remove(folder);
    return tap_done();
}
