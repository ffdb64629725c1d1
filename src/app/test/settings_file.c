#include "app/test/settings_file.h"

#include "format/gerror.h"
#include "format/png.h"

#include <glib/gi18n.h>

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    g_autofree char *name = g_filename_display_basename(data);
    g_autoptr(LkMetadata) texts = lk_png_read_texts(data, &error);
    const char *parameters = texts ? lk_metadata_get(texts, "parameters") : NULL;
    if (parameters) {
        g_task_return_pointer(task, lk_infotext_parse(parameters), (GDestroyNotify)lk_infotext_free);
        return;
    }
    if (texts && lk_metadata_get(texts, "workflow"))
        lk_set_error(&error, LK_ERROR_UNSUPPORTED,
                     _("%s was made by ComfyUI, whose settings are a workflow and cannot be used here. Pictures of "
                       "Stable Diffusion WebUI, Forge and Lorikeet can."),
                     name);
    else if (texts)
        lk_set_error(&error, LK_ERROR_UNSUPPORTED,
                     _("%s has no settings inside. Use a PNG file as Stable Diffusion WebUI, Forge or Lorikeet wrote "
                       "it; programs that edit pictures leave the settings out."),
                     name);
    g_task_return_error(task, error);
}

void lk_settings_file_read(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_settings_file_read);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, read_thread);
}

LkInfotext *lk_settings_file_read_finish(GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, NULL), NULL);
    return g_task_propagate_pointer(G_TASK(result), error);
}
