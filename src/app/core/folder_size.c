#include "app/core/folder_size.h"

#include <glib/gstdio.h>

enum { DEEPEST = 32 };

static gint64 size_of(const char *path, int depth, GCancellable *cancellable)
{
    GDir *dir = depth < DEEPEST ? g_dir_open(path, 0, NULL) : NULL;
    gint64 bytes = 0;
    for (const char *name; dir && (name = g_dir_read_name(dir)) && !g_cancellable_is_cancelled(cancellable);) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        GStatBuf info;
        if (g_lstat(child, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            bytes += size_of(child, depth + 1, cancellable);
        else if (S_ISREG(info.st_mode))
            bytes += info.st_size;
    }
    g_clear_pointer(&dir, g_dir_close);
    return bytes;
}

static void size_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    g_task_return_int(task, size_of(data, 0, cancellable));
}

void lk_folder_size(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_folder_size);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, size_thread);
}

gint64 lk_folder_size_finish(GAsyncResult *result)
{
    return g_task_propagate_int(G_TASK(result), NULL);
}
