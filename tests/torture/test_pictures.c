/* The torture set of pictures: each is decoded rightly or refused by name, by the decoder and by the check of a whole
 * folder; nothing crashes, and the folder is as it was. */
#include "dataset/check.h"
#include "dataset/picture.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"
#include "tests/torture/torture_pictures.h"

#include <stdlib.h>

/** Whether the two upper corners have the colours of the quadrants that the turn brings there. */
static bool right_colours(const LkPixels *pixels, const TorturePicture *picture)
{
    static const int upper[9][2] = {{0}, {0, 1}, {1, 0}, {3, 2}, {2, 3}, {0, 2}, {2, 0}, {3, 1}, {1, 3}};
    static const uint8_t colours[4][3] = {{230, 20, 20}, {20, 220, 20}, {20, 20, 230}, {128, 128, 128}};
    for (int side = 0; side < 2; side++) {
        int x = picture->plain ? side : side ? pixels->width - 9 : 8, y = picture->plain ? 0 : 8;
        const uint8_t *got = pixels->data + (y * pixels->width + x) * 3;
        for (int c = 0; c < 3; c++) {
            int want = colours[upper[picture->turn][side]][picture->grey ? 0 : c];
            if (abs(got[c] - (picture->plain ? 255 : want)) > 30)
                return false;
        }
    }
    return true;
}

/** Whether a picture gets its answer from the decoder; *decoded: what it was. */
static bool answered(const char *folder, const TorturePicture *picture, bool *decoded)
{
    g_autofree char *path = scratch_path(folder, picture->name);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkPixels) pixels = lk_picture_load(path, NULL, &error);
    *decoded = pixels != NULL;
    bool told =
        pixels || (error && strstr(error->message, picture->name) && strlen(lk_picture_reason(path, error)) > 10);
    bool right =
        !pixels || picture->answer == TORTURE_EITHER ||
        (pixels->width == picture->width && pixels->height == picture->height && right_colours(pixels, picture));
    bool good = told && right && (picture->answer == TORTURE_EITHER || *decoded == (picture->answer == TORTURE_GOOD));
    if (!good)
        tap_note("%s: %s", picture->name, pixels ? "decoded, and not rightly" : error ? error->message : "no word");
    return good;
}

/** Paths with an error among the findings. */
static GHashTable *refused_by_check(const LkCheck *check)
{
    GHashTable *refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < check->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(check->findings, i);
        if (lk_finding_severity(finding->kind) == LK_SEVERITY_ERROR)
            g_hash_table_add(refused, g_path_get_basename(finding->path));
    }
    return refused;
}

static void test_folder(const char *folder, const GPtrArray *pictures, const bool *decoded)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *findings = lk_findings_new();
    g_autoptr(LkSubset) subset = lk_subset_new("");
    LkDatasetDefaults defaults = {lk_bucket_rules_default((LkSize){64, 64}), 1, subset};
    defaults.buckets.enable_bucket = true;
    defaults.buckets.min_bucket_reso = 32;
    defaults.buckets.bucket_reso_steps = 8;
    LkDatasetConfig *config = lk_dataset_config_from_folders(folder, NULL, &defaults, findings, &error);
    if (!config)
        g_ptr_array_unref(findings);
    if (!tap_ok(config != NULL, "the folder is read: %s", error ? error->message : ""))
        return;
    g_autoptr(LkCheck) check = lk_check_run(config, 8, &(LkCheckOptions){0}, findings, &error);
    if (!tap_ok(check != NULL, "the whole folder is checked: %s", error ? error->message : ""))
        return;
    g_autoptr(GHashTable) refused = refused_by_check(check);
    guint wrong = 0, bad = 0;
    for (guint i = 0; i < pictures->len; i++) {
        const TorturePicture *picture = g_ptr_array_index(pictures, i);
        bad += !decoded[i];
        if (g_hash_table_contains(refused, picture->name) != decoded[i])
            continue;
        wrong++;
        tap_note("%s is %s by the check", picture->name, decoded[i] ? "refused" : "taken");
    }
    tap_ok(wrong == 0 && check->pictures == pictures->len && check->unusable == bad,
           "the check lists %u of %u pictures as unusable, by name, and they are those that cannot be decoded",
           check->unusable, check->pictures);
}

/** Nothing was written there. */
static void test_untouched(const char *folder, const GPtrArray *pictures)
{
    guint files = 0, same = 0;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    while (g_dir_read_name(dir))
        files++;
    for (guint i = 0; i < pictures->len; i++) {
        const TorturePicture *picture = g_ptr_array_index(pictures, i);
        g_autofree char *path = scratch_path(folder, picture->name), *data = NULL;
        gsize size = 0;
        same += g_file_get_contents(path, &data, &size, NULL) && size == picture->bytes->len &&
                (size == 0 || memcmp(data, picture->bytes->data, size) == 0);
    }
    tap_ok(files == pictures->len && same == files, "all %u files are as they were, and no other is there", files);
}

int main(void)
{
    g_autofree char *folder = scratch_new();
    g_autoptr(GPtrArray) pictures = torture_pictures();
    g_autofree bool *decoded = g_new0(bool, pictures->len);
    guint good[3] = {0}, of[3] = {0};
    for (guint i = 0; i < pictures->len; i++) {
        const TorturePicture *picture = g_ptr_array_index(pictures, i);
        scratch_write(folder, picture->name, picture->bytes->data ? (const char *)picture->bytes->data : "",
                      picture->bytes->len);
        of[picture->answer]++;
        good[picture->answer] += answered(folder, picture, &decoded[i]);
    }
    static const char *const labels[] = {"whole pictures of every kind are decoded rightly",
                                         "spoilt ones are refused with a reason",
                                         "with damage that may go unnoticed are answered"};
    tap_ok(pictures->len >= 300, "%u pictures", pictures->len);
    for (int a = 0; a < 3; a++)
        tap_ok(good[a] == of[a], "%u of %u %s", good[a], of[a], labels[a]);
    test_folder(folder, pictures, decoded);
    test_untouched(folder, pictures);
    scratch_remove(folder);
    return tap_done();
}
