#include "stored_plans.h"

#include <glib.h>
#include <inttypes.h>

char *plan_from_folder(const LkCudnn *described, const char *folder, const LkSdpaGeometry *g, bool backward)
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

char *only_file(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *first = dir ? g_dir_read_name(dir) : NULL;
    char *path = first ? g_build_filename(folder, first, NULL) : NULL;
    if (first && g_dir_read_name(dir))
        g_clear_pointer(&path, g_free);
    g_clear_pointer(&dir, g_dir_close);
    return path;
}
