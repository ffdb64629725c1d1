/* A temporary folder for a test, with helpers to fill it; removed at the end. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/** A new temporary folder (free with g_free after scratch_remove). */
__attribute__((unused)) static char *scratch_new(void)
{
    char *folder = g_dir_make_tmp("lk-dataset-XXXXXX", NULL);
    if (!folder)
        g_error("no temporary folder");
    return folder;
}

/** The path of a name below the folder; its parents are made. Free with g_free. */
__attribute__((unused)) static char *scratch_path(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0700);
    return path;
}

__attribute__((unused)) static void scratch_write(const char *folder, const char *name, const void *data, size_t size)
{
    g_autofree char *path = scratch_path(folder, name);
    g_file_set_contents(path, data, (gssize)size, NULL);
}

__attribute__((unused)) static void scratch_text(const char *folder, const char *name, const char *text)
{
    scratch_write(folder, name, text, strlen(text));
}

__attribute__((unused)) static void scratch_remove(const char *path)
{
    GStatBuf info;
    if (g_lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        for (const char *name; dir && (name = g_dir_read_name(dir));) {
            g_autofree char *child = g_build_filename(path, name, NULL);
            scratch_remove(child);
        }
        if (dir)
            g_dir_close(dir);
        g_rmdir(path);
    } else {
        g_unlink(path);
    }
}
