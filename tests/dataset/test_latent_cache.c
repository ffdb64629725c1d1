/* The cache: what is put comes back, damage is noticed, keys follow content, files are read once. */
#include "dataset/file_index.h"
#include "dataset/latent_cache.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define H     6
#define W     5
#define C     8
#define COUNT (H * W * C)

static char *root;

static void fill(float *values, int seed)
{
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)(seed * 1000 + i) * 0.37f - 20.0f;
}

static bool same_key(const LkCacheKey *a, const LkCacheKey *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void test_round_trip(void)
{
    g_autofree char *folder = g_build_filename(root, "deep/cache", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkLatentCache) cache = lk_latent_cache_open(folder, &error);
    const uint8_t hash[32] = {1, 2, 3};
    const LkBucketFit fit = {{40, 48}, {50, 48}, 5, 0, 0};
    const LkCacheKey key = lk_latent_key(hash, &fit, false, "vae"), flipped = lk_latent_key(hash, &fit, true, "vae");
    float in[COUNT], out[COUNT];
    fill(in, 1);
    memset(out, 0, sizeof out);
    tap_ok(!lk_latent_cache_get_moments(cache, &key, H, W, C, out), "a new cache is empty");
    tap_ok(lk_latent_cache_put_moments(cache, &key, H, W, C, in, &error) &&
               lk_latent_cache_get_moments(cache, &key, H, W, C, out) && memcmp(in, out, sizeof in) == 0,
           "what is put comes back");
    tap_ok(!lk_latent_cache_get_moments(cache, &flipped, H, W, C, out), "the mirrored one is another");
    tap_ok(!lk_latent_cache_get_moments(cache, &key, W, H, C, out), "another shape is no answer");
    tap_ok(!lk_latent_cache_get_text(cache, &key, H * W, C, out), "another kind is no answer");
    fill(in, 2);
    tap_ok(lk_latent_cache_put_moments(cache, &key, H, W, C, in, NULL) &&
               lk_latent_cache_get_moments(cache, &key, H, W, C, out) && memcmp(in, out, sizeof in) == 0,
           "put again replaces");
    const int32_t ids[3] = {49406, 320, 49407};
    const LkCacheKey text = lk_text_key(ids, 3, "clip");
    tap_ok(lk_latent_cache_put_text(cache, &text, H * W, C, in, NULL) &&
               lk_latent_cache_get_text(cache, &text, H * W, C, out),
           "text outputs");
    const LkCacheCounts counts = lk_latent_cache_counts(cache);
    tap_ok(counts.hits == 3 && counts.misses == 4 && counts.damaged == 2 && counts.written == 3,
           "counted: %d hits, %d misses, %d damaged", (int)counts.hits, (int)counts.misses, (int)counts.damaged);
    tap_ok(!lk_latent_cache_put_moments(cache, &key, 0, W, C, in, &error) &&
               g_error_matches(error, LK_ERROR, LK_ERROR_USAGE),
           "an empty shape is refused");
}

/* Written over the old bytes, which no file system waits for the disk for: this happens a thousand times. */
static void overwrite(const char *path, const char *data, gsize size)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, data, size) != (ssize_t)size || ftruncate(file, (off_t)size) != 0)
        g_error("%s cannot be written", path);
    close(file);
}

static void test_damage(void)
{
    g_autofree char *folder = g_build_filename(root, "damage", NULL);
    const LkCacheKey key = {{7}};
    const LkCacheShape shape = {9, {H, W, C}};
    float in[COUNT], out[COUNT], zero[COUNT] = {0};
    fill(in, 3);
    lk_cache_store_put(folder, &key, shape, in, NULL);
    g_autofree char *path = lk_cache_store_path(folder, &key);
    g_autofree char *data = NULL;
    gsize size = 0;
    g_file_get_contents(path, &data, &size, NULL);
    int unnoticed = 0, touched = 0;
    for (gsize i = 0; i < size; i++) { /* every byte changed, every cut */
        memset(out, 0, sizeof out);
        data[i] ^= 0x20;
        overwrite(path, data, size);
        unnoticed += lk_cache_store_get(folder, &key, shape, out) != LK_CACHE_DAMAGED;
        data[i] ^= 0x20;
        if (i % 16 == 0) {
            overwrite(path, data, i);
            unnoticed += lk_cache_store_get(folder, &key, shape, out) != LK_CACHE_DAMAGED;
        }
        touched += memcmp(out, zero, sizeof out) != 0;
    }
    tap_ok(size == sizeof in + 88 && unnoticed == 0 && touched == 0,
           "every changed byte and every cut of %d is noticed", (int)size);
    overwrite(path, data, size);
    tap_ok(lk_cache_store_get(folder, &key, shape, out) == LK_CACHE_HIT, "undamaged it is read again");
    const LkCacheKey other = {{8}};
    g_autofree char *elsewhere = lk_cache_store_path(folder, &other);
    g_autofree char *parent = g_path_get_dirname(elsewhere);
    g_mkdir_with_parents(parent, 0700);
    overwrite(elsewhere, data, size);
    tap_ok(lk_cache_store_get(folder, &other, shape, out) == LK_CACHE_DAMAGED,
           "a file under another's name is noticed");

    g_autofree char *file = scratch_path(root, "a-file");
    scratch_text(root, "a-file", "x");
    g_autoptr(GError) error = NULL, opening = NULL;
    tap_ok(!lk_cache_store_put(file, &key, shape, in, &error) && error, "a folder that cannot be made: %s",
           error ? error->message : "");
    tap_ok(!lk_latent_cache_open(file, &opening) && opening, "opened: %s", opening ? opening->message : "");
}

static void test_keys(void)
{
    const uint8_t hash[32] = {1}, other_hash[32] = {2};
    const LkBucketFit fit = {{64, 64}, {80, 64}, 8, 0, 0.5};
    LkBucketFit fits[5] = {fit, fit, fit, fit, fit};
    fits[0].bucket.width = 72;
    fits[1].resized.width = 81;
    fits[2].crop_x = 7;
    fits[3].crop_y = 1;
    fits[4].aspect_error = 0.1; /* not part of what is encoded */
    const LkCacheKey key = lk_latent_key(hash, &fit, false, "v");
    int differ = 0;
    for (int i = 0; i < 4; i++) {
        const LkCacheKey changed = lk_latent_key(hash, &fits[i], false, "v");
        differ += !same_key(&key, &changed);
    }
    const LkCacheKey same = lk_latent_key(hash, &fits[4], false, "v"),
                     content = lk_latent_key(other_hash, &fit, false, "v"), vae = lk_latent_key(hash, &fit, false, "w");
    tap_ok(differ == 4 && same_key(&key, &same) && !same_key(&key, &content) && !same_key(&key, &vae),
           "a key follows content, scaling, cut and VAE");
    const int32_t a[3] = {1, 2, 3}, b[3] = {1, 2, 4};
    const LkCacheKey x = lk_text_key(a, 3, "e"), y = lk_text_key(b, 3, "e"), z = lk_text_key(a, 2, "e"),
                     w = lk_text_key(a, 3, "f"), again = lk_text_key(a, 3, "e");
    tap_ok(!same_key(&x, &y) && !same_key(&x, &z) && !same_key(&x, &w) && same_key(&x, &again),
           "a text key follows ids and encoder");
}

/* Makes a file look `seconds` old. */
static void age(const char *path, long seconds)
{
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    utimensat(AT_FDCWD, path, times, 0);
}

static void test_index(void)
{
    static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    g_autofree char *path = scratch_path(root, "index/a.png");
    g_autofree char *renamed = scratch_path(root, "index/b.png");
    g_autofree char *stored = scratch_path(root, "index/files.index");
    scratch_text(root, "index/a.png", "abc");
    uint8_t hash[32];
    bool known;
    {
        g_autoptr(LkFileIndex) index = lk_file_index_open(stored);
        tap_ok(lk_file_index_hash(index, path, hash, &known, NULL) && !known && memcmp(hash, abc, 32) == 0,
               "SHA-256 of abc");
        tap_ok(lk_file_index_hash(index, path, hash, &known, NULL) && !known,
               "a file of this moment is not remembered");
        age(path, 100);
        lk_file_index_hash(index, path, hash, &known, NULL);
        tap_ok(lk_file_index_hash(index, path, hash, &known, NULL) && known && memcmp(hash, abc, 32) == 0,
               "an older one is");
        tap_ok(lk_file_index_save(index, NULL), "saved");
    }
    g_rename(path, renamed);
    {
        g_autoptr(LkFileIndex) index = lk_file_index_open(stored), other = lk_file_index_open(stored);
        memset(hash, 0, 32);
        tap_ok(lk_file_index_hash(index, renamed, hash, &known, NULL) && known && memcmp(hash, abc, 32) == 0,
               "renamed, in another run");
        age(renamed, 50);
        lk_file_index_hash(index, renamed, hash, &known, NULL);
        tap_ok(!known, "a new time of change: read again");
        scratch_text(root, "index/c.png", "ccc");
        g_autofree char *third = scratch_path(root, "index/c.png");
        age(third, 60);
        lk_file_index_hash(other, third, hash, &known, NULL);
        lk_file_index_save(index, NULL);
        lk_file_index_save(other, NULL);
        g_autoptr(LkFileIndex) both = lk_file_index_open(stored);
        bool known_too;
        lk_file_index_hash(both, renamed, hash, &known, NULL);
        lk_file_index_hash(both, third, hash, &known_too, NULL);
        tap_ok(known && known_too, "two runs at once keep each other's");
    }
    scratch_text(root, "index/files.index", "lorikeet file hashes 1\n1 2 3\nrubbish\n\xff\n1 2 3 4 zz\n");
    g_autoptr(LkFileIndex) damaged = lk_file_index_open(stored);
    tap_ok(lk_file_index_hash(damaged, renamed, hash, &known, NULL) && !known, "a damaged index is empty");
    g_autoptr(GError) error = NULL;
    tap_ok(!lk_file_index_hash(damaged, path, hash, NULL, &error) && g_error_matches(error, LK_ERROR, LK_ERROR_IO),
           "a missing file: %s", error ? error->message : "");
    g_autofree char *directory = scratch_path(root, "index");
    g_autoptr(GError) no_file = NULL;
    tap_ok(!lk_file_index_hash(damaged, directory, hash, NULL, &no_file) && no_file, "a folder is no file");
}

int main(void)
{
    root = scratch_new();
    test_round_trip();
    test_damage();
    test_keys();
    test_index();
    scratch_remove(root);
    g_free(root);
    return tap_done();
}
