#include "stored_plans.h"

#include "../dataset/scratch.h"
#include "tap.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

/** A plan by a new cache over a folder: whether it came from there, its workspace and engine; "" where there is none.
 */
static char *plan_from_folder(const LkCudnn *described, const char *folder, const LkSdpaGeometry *g, bool backward)
{
    LkCudnn cudnn = *described;
    LkError error = {0};
    cudnn.cache = lk_cudnn_cache_new(&cudnn, folder);
    LkCudnnPlan *plan = backward ? lk_cudnn_sdpa_backward_new(&cudnn, g, &error) : lk_cudnn_sdpa_new(&cudnn, g, &error);
    char *text =
        !plan ? g_strdup("")
              : g_strdup_printf("%s: %" PRId64 " bytes, engine %s", lk_cudnn_plan_restored(plan) ? "found" : "made",
                                lk_cudnn_workspace(plan), lk_cudnn_engine(plan));
    lk_cudnn_plan_free(plan);
    lk_cudnn_cache_free(cudnn.cache);
    return text;
}

/** The one file of a folder, or NULL. */
static char *only_file(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *first = dir ? g_dir_read_name(dir) : NULL;
    char *path = first ? g_build_filename(folder, first, NULL) : NULL;
    if (first && g_dir_read_name(dir))
        g_clear_pointer(&path, g_free);
    g_clear_pointer(&dir, g_dir_close);
    return path;
}

/** Every way in which a file on disk can be wrong only means that the plan is made again. */
static void test_spoilt(const LkCudnn *cudnn, const char *folder, const LkSdpaGeometry *g, const char *made)
{
    g_autofree char *path = only_file(folder), *good = NULL;
    gsize size = 0;
    if (!tap_ok(path && g_file_get_contents(path, &good, &size, NULL), "it is one file"))
        return;
    for (int i = 0; i < 4; i++) {
        g_autofree char *bad = g_memdup2(good, size), *again = NULL;
        gsize bad_size = i == 0 ? 0 : i == 1 ? size / 2 : size;
        if (i == 2)
            bad[size - 20] ^= 1;
        if (i == 3)
            bad[strcspn(bad, "\n") + 5] ^= 1; /* of the name */
        g_file_set_contents(path, bad, (gssize)bad_size, NULL);
        again = plan_from_folder(cudnn, folder, g, true);
        tap_ok(strcmp(again, made) == 0, "a plan that is %s is made again",
               (const char *const[]){"empty", "cut short", "changed", "of another name"}[i]);
    }
}

void test_stored_plans(const LkCudnn *cudnn, const char *card)
{
    LkSdpaGeometry g = {.dtype = LK_BF16,
                        .batch = 1,
                        .heads = 8,
                        .q_len = 64,
                        .kv_len = 77,
                        .kv_rows = 77,
                        .head_dim = 40,
                        .row_stride = 320,
                        .scale = 0.125f};
    char *scratch = scratch_new();
    g_autofree char *folder = g_build_filename(scratch, "deep", "plans", NULL),
                    *made = plan_from_folder(cudnn, folder, &g, true);
    g_autofree char *found = plan_from_folder(cudnn, folder, &g, true), *forward = NULL;
    tap_ok(g_str_has_prefix(made, "made") && g_str_has_prefix(found, "found") && strcmp(made + 4, found + 5) == 0,
           "%s: %s, then %s", card, made, found);
    test_spoilt(cudnn, folder, &g, made);
    LkSdpaGeometry other = g;
    other.scale = 0.25f;
    forward = plan_from_folder(cudnn, folder, &other, true);
    tap_ok(g_str_has_prefix(forward, "made"), "another scale is another plan");
    g_autofree char *nowhere = plan_from_folder(cudnn, "/proc/nowhere", &g, true);
    tap_ok(strcmp(nowhere, made) == 0, "a folder that cannot be made is no hindrance");
    scratch_remove(scratch);
    g_free(scratch);
}
