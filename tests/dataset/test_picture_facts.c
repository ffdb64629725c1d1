/* Facts of picture files: what they are, keeping them as text, and noticing that a file has changed. */
#include "base/hash.h"
#include "dataset/picture_facts.h"
#include "tests/dataset/scenes.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>

static char *root;

static LkPictureFacts *facts_of(const char *name, LkPixels **pixels)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    return lk_picture_facts_read(path, pixels);
}

static void put(const char *name, const GByteArray *file)
{
    scratch_write(root, name, file->data, file->len);
}

static bool same(const LkPictureFacts *a, const LkPictureFacts *b)
{
    return a->modified == b->modified && a->bytes == b->bytes && a->usable == b->usable &&
           (a->usable || a->failure == b->failure) && g_strcmp0(a->reason, b->reason) == 0 &&
           a->info.type == b->info.type && a->info.bytes == b->info.bytes && a->info.width == b->info.width &&
           a->info.height == b->info.height && a->info.bits == b->info.bits &&
           a->info.orientation == b->info.orientation && a->info.grey == b->info.grey && a->info.cmyk == b->info.cmyk &&
           a->info.alpha == b->info.alpha && a->info.animated == b->info.animated &&
           a->info.in_passes == b->info.in_passes && a->info.truncated == b->info.truncated &&
           a->size.width == b->size.width && a->size.height == b->size.height && a->has_look == b->has_look &&
           memcmp(&a->look, &b->look, sizeof a->look) == 0 && a->sharpness == b->sharpness &&
           memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

static void test_kept(const LkPictureFacts *facts, const char *what)
{
    g_autofree char *text = lk_picture_facts_to_text(facts);
    g_autoptr(LkPictureFacts) back = lk_picture_facts_from_text(text);
    g_autoptr(LkPictureFacts) copy = lk_picture_facts_copy(facts);
    tap_ok(back && same(facts, back) && same(facts, copy) && !strchr(text, '\n'), "%s: kept as text and copied", what);
    bool refused = true;
    for (size_t size = 0; size < strlen(text); size++) {
        g_autofree char *cut = g_strndup(text, size);
        g_autoptr(LkPictureFacts) part = lk_picture_facts_from_text(cut);
        refused = refused && (!part || size >= strlen(text) - (facts->reason ? strlen(facts->reason) : 0));
    }
    tap_ok(refused, "%s: a part of the line is refused", what);
}

static void test_good(void)
{
    g_autoptr(LkPixels) picture = scene(1, 200, 120);
    g_autoptr(GByteArray) jpeg = scene_jpeg(picture, "90");
    g_autoptr(GByteArray) turned = with_jpeg_exif(jpeg, 6, false);
    put("turned.jpg", turned);
    g_autoptr(LkPixels) pixels = NULL;
    g_autoptr(LkPictureFacts) facts = facts_of("turned.jpg", &pixels);
    char hex[65], wanted[65];
    for (int i = 0; i < 32; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", facts->hash[i]);
    lk_sha256_hex(turned->data, turned->len, wanted);
    tap_ok(facts->usable && facts->size.width == 120 && facts->size.height == 200 && facts->info.width == 200 &&
               facts->info.orientation == 6 && facts->info.type == LK_PICTURE_JPEG && facts->bytes == turned->len &&
               facts->modified > 0 && !facts->reason && strcmp(hex, wanted) == 0,
           "a turned JPEG");
    tap_ok(pixels && pixels->width == 120 && pixels->height == 200, "its pixels come along");
    LkLook look;
    tap_ok(facts->has_look && lk_look_of(pixels, &look) && memcmp(&look, &facts->look, sizeof look) == 0 &&
               facts->sharpness > 0,
           "look and sharpness");
    test_kept(facts, "a turned JPEG");

    g_autofree char *path = g_build_filename(root, "turned.jpg", NULL);
    tap_ok(lk_picture_facts_current(facts, path), "the file has not changed");
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = 1000000000, .tv_nsec = 5}};
    utimensat(AT_FDCWD, path, times, 0);
    tap_ok(!lk_picture_facts_current(facts, path), "now it has");
    g_unlink(path);
    tap_ok(!lk_picture_facts_current(facts, path), "and now it is gone");

    g_autoptr(GByteArray) deep = png_begin(35, 70, 16, 6);
    g_autofree uint8_t *samples = g_malloc0(35 * 70 * 8);
    png_finish(deep, samples, 70, 35 * 8);
    put("deep.png", deep);
    g_autoptr(LkPictureFacts) other = facts_of("deep.png", NULL);
    tap_ok(other->usable && other->info.alpha && other->info.bits == 16 && !other->has_look, "16 bits, alpha, no look");
    test_kept(other, "16 bits");
}

static void test_bad(void)
{
    g_autoptr(LkPixels) picture = scene(2, 100, 80);
    g_autoptr(GByteArray) jpeg = scene_jpeg(picture, "90");
    g_byte_array_set_size(jpeg, jpeg->len - 50);
    put("cut.jpg", jpeg);
    scratch_text(root, "text.png", "no \"picture\"\n");
    scratch_text(root, "empty.png", "");
    static const struct {
        const char *name;
        LkFindingKind failure;
        gint64 bytes;
    } cases[] = {{"cut.jpg", LK_FINDING_PICTURE_TRUNCATED, 0},
                 {"text.png", LK_FINDING_PICTURE_UNREADABLE, 13},
                 {"empty.png", LK_FINDING_PICTURE_EMPTY, 0},
                 {"nowhere.png", LK_FINDING_PICTURE_UNREADABLE, -1}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(LkPixels) pixels = NULL;
        g_autoptr(LkPictureFacts) facts = facts_of(cases[i].name, &pixels);
        tap_ok(!facts->usable && !pixels && facts->failure == cases[i].failure && facts->reason &&
                   !strstr(facts->reason, root) && (i == 0 || facts->bytes == cases[i].bytes),
               "%s: %s", cases[i].name, facts->reason);
        test_kept(facts, cases[i].name);
    }
    static const char *const lines[] = {"", "1", "2 3 4", "1 x", "1 1 1 1 - 1 1 1 1 8 1 0 1 1 1 zz 1 00 00 "};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        tap_ok(!lk_picture_facts_from_text(lines[i]), "\"%s\" is no line of facts", lines[i]);
}

int main(void)
{
    root = scratch_new();
    test_good();
    test_bad();
    scratch_remove(root);
    g_free(root);
    return tap_done();
}
