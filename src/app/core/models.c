#include "app/core/models.h"

#include "app/core/path_list.h"
#include "model/checkpoint.h"

#include <glib/gi18n.h>
#include <string.h>

void lk_model_info_free(LkModelInfo *info)
{
    if (!info)
        return;
    g_free(info->path);
    g_free(info->name);
    g_free(info->family);
    g_free(info->problem);
    g_free(info);
}

/* Short names of families, by the engine's. */
static const struct {
    const char *family, *title;
} titles[] = {{"sd1", "SD 1.5"}, {"sd2", "SD 2"}, {"sdxl", "SDXL"}};

static char *title_of(const char *family)
{
    for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
        if (g_str_equal(titles[i].family, family))
            return g_strdup(titles[i].title);
    return g_strdup(family);
}

static char *name_of(const char *path)
{
    char *name = g_path_get_basename(path);
    char *dot = strrchr(name, '.');
    if (dot && (g_str_equal(dot, ".safetensors") || g_str_equal(dot, ".ckpt") || g_str_equal(dot, ".pt")))
        *dot = 0;
    return name;
}

static guint64 size_on_disk(const char *path)
{
    guint64 bytes = 0;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    return g_file_measure_disk_usage(file, G_FILE_MEASURE_APPARENT_SIZE, NULL, NULL, NULL, &bytes, NULL, NULL, NULL)
               ? bytes
               : 0;
}

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const char *path = data;
    LkModelInfo *info = g_new0(LkModelInfo, 1);
    info->path = g_strdup(path);
    info->name = name_of(path);
    info->bytes = size_on_disk(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
    if (checkpoint)
        info->family = title_of(lk_checkpoint_arch(checkpoint)->family);
    else
        info->problem = g_strdup(error->message);
    g_task_return_pointer(task, info, (GDestroyNotify)lk_model_info_free);
}

void lk_model_info_read(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_model_info_read);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, read_thread);
}

LkModelInfo *lk_model_info_read_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void lk_models_remember(GSettings *settings, const char *path)
{
    lk_path_list_remember(settings, "models", path, 0);
}

void lk_models_forget(GSettings *settings, const char *path)
{
    lk_path_list_forget(settings, "models", path);
}
