/* Masks: found by their pictures' names, through a scan and on their own. */
#include "dataset/mask.h"
#include "dataset/scan.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

static char *root;

static void is_mask(const LkMasks *masks, const char *picture, const char *wanted)
{
    g_autofree char *mask = lk_masks_find(masks, picture);
    g_autofree char *name = mask ? g_path_get_basename(mask) : g_strdup("none");
    tap_ok(strcmp(name, wanted) == 0 && (!mask || g_file_test(mask, G_FILE_TEST_EXISTS)), "%s: %s", picture, name);
}

int main(void)
{
    root = scratch_new();
    static const char *const files[] = {"p/a.png", "p/b.jpg", "p/c.png",   "p/d.e.png", "m/a.jpg", "m/b.webp",
                                        "m/b.jpg", "m/b.png", "m/d.e.png", "m/c.txt",   "m/.png"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        scratch_text(root, files[i], "x");
    g_autofree char *folder = g_build_filename(root, "m", NULL), *pictures = g_build_filename(root, "p", NULL);
    g_autofree char *nowhere = g_build_filename(root, "nowhere", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkMasks) masks = lk_masks_new(folder, &error);
    is_mask(masks, "p/a.png", "a.jpg");
    is_mask(masks, "anywhere/b.jpg", "b.jpg");
    is_mask(masks, "b.gif", "b.jpg");
    is_mask(masks, "p/c.png", "none");
    is_mask(masks, "p/d.e.png", "d.e.png");
    is_mask(masks, "p/d.png", "none");
    is_mask(masks, "", "none");
    g_autoptr(LkMasks) none = lk_masks_new(nowhere, &error);
    tap_ok(!none && g_error_matches(error, LK_ERROR, LK_ERROR_IO), "no folder: %s", error->message);

    g_autoptr(LkSubset) subset = lk_subset_new(pictures);
    subset->conditioning_data_dir = g_strdup(folder);
    g_autoptr(LkSubset) copy = lk_subset_copy(subset);
    g_autoptr(GPtrArray) scanned = lk_scan_pictures_new(), findings = lk_findings_new();
    tap_ok(lk_scan_subset(copy, 0, scanned, findings, NULL) && scanned->len == 4, "a scan");
    static const char *const wanted[] = {"a.jpg", "b.jpg", NULL, "d.e.png"};
    for (guint i = 0; i < scanned->len; i++) {
        const LkScanPicture *picture = g_ptr_array_index(scanned, i);
        tap_ok(wanted[i] ? picture->mask && g_str_has_suffix(picture->mask, wanted[i]) : !picture->mask,
               "picture %u: %s", i, picture->mask ? wanted[i] : "none");
    }
    g_free(copy->conditioning_data_dir);
    copy->conditioning_data_dir = g_strdup(nowhere);
    g_ptr_array_set_size(findings, 0);
    lk_scan_subset(copy, 0, scanned, findings, NULL);
    bool said = false;
    for (guint i = 0; i < findings->len; i++)
        said = said || ((LkFinding *)g_ptr_array_index(findings, i))->kind == LK_FINDING_FOLDER_UNREADABLE;
    tap_ok(said, "a folder of masks that is not there is a finding");
    scratch_remove(root);
    g_free(root);
    return tap_done();
}
