#include "app/dataset/picture_list_private.h"

#include "dataset/scan.h"

#include <glib/gstdio.h>
#include <string.h>

enum {
    MOST_FOLDERS = 256, /* above, the window's focus is when the files are looked at */
    MOST_PLACES = 50,   /* above, whole folders are looked at */
    REST = 300,         /* milliseconds without an event until the files are looked at */
    LONGEST = 2000,     /* and at most after the first one */
    COARSE = 2000000,   /* microseconds by which a file system's clock may be behind ours */
    TOGETHER = 8        /* folders between two frames: the system takes its time */
};

struct LkPictureWatch {
    LkPictureList *list;
    GHashTable *monitors; /* folder → GFileMonitor */
    GArray *places;       /* where something happened; NULL: nowhere */
    gint64 first;         /* when the first of it was */
    guint id, paused;
    gint64 since;      /* from when on a change of what is wanted may have been missed */
    GPtrArray *wanted; /* folders (char *, owned) that are to be watched, a few at a time */
    guint wanted_id;
};

LkPictureWatch *lk_picture_watch_new(LkPictureList *list)
{
    LkPictureWatch *watch = g_new0(LkPictureWatch, 1);
    watch->list = list;
    watch->monitors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
    return watch;
}

void lk_picture_watch_free(LkPictureWatch *watch)
{
    g_clear_handle_id(&watch->id, g_source_remove);
    g_clear_pointer(&watch->places, g_array_unref);
    g_clear_handle_id(&watch->wanted_id, g_source_remove);
    g_clear_pointer(&watch->wanted, g_ptr_array_unref);
    g_hash_table_unref(watch->monitors);
    g_free(watch);
}

/* ---- what happened ----------------------------------------------------------------------------------- */

static gboolean look_cb(gpointer data)
{
    LkPictureWatch *watch = data;
    watch->id = 0;
    GArray *places = g_steal_pointer(&watch->places);
    lk_picture_scan_start(watch->list->scan, places, NULL, NULL, NULL, NULL);
    return G_SOURCE_REMOVE;
}

/* After a rest. */
static void look_soon(LkPictureWatch *watch)
{
    const gint64 waited = (g_get_monotonic_time() - watch->first) / 1000;
    g_clear_handle_id(&watch->id, g_source_remove);
    watch->id = g_timeout_add((guint)CLAMP(LONGEST - waited, 0, REST), look_cb, watch);
}

static GArray *places_of(LkPictureWatch *watch)
{
    if (!watch->places) {
        watch->places = lk_walk_places_new();
        watch->first = g_get_monotonic_time();
    }
    return watch->places;
}

static void add_place(LkPictureWatch *watch, const char *path, bool deep)
{
    GArray *places = places_of(watch);
    if (places->len >= MOST_PLACES && !deep) {
        g_autofree char *folder = g_path_get_dirname(path);
        lk_walk_places_add(places, folder, false);
    } else {
        lk_walk_places_add(places, path, deep);
    }
    look_soon(watch);
}

/* The pictures whose caption a file of this name would be: those with its name up to the extension. */
static void add_captioned(LkPictureWatch *watch, const char *path)
{
    GPtrArray *pictures = watch->list->pictures;
    g_autofree char *stem = g_strndup(path, (gsize)(strrchr(path, '.') - path) + 1);
    guint low = 0, high = pictures->len;
    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (strcmp(((LkPicture *)pictures->pdata[middle])->path, stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (guint i = low; i < pictures->len; i++) {
        const char *picture = ((LkPicture *)pictures->pdata[i])->path;
        if (!g_str_has_prefix(picture, stem))
            break;
        if (!strchr(picture + strlen(stem), '.'))
            add_place(watch, picture, false);
    }
}

static void something_at(LkPictureWatch *watch, GFile *file, GFileMonitorEvent event)
{
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash || slash[1] == '.')
        return;
    const char *dot = strrchr(slash, '.');
    const char *extension = lk_picture_rules_extension(watch->list->rules);
    const bool caption =
        dot && (extension ? strcmp(dot, extension) == 0 : strcmp(dot, ".txt") == 0 || strcmp(dot, ".caption") == 0);
    if (lk_scan_is_picture_name(slash + 1))
        add_place(watch, path, false);
    else if (caption)
        add_captioned(watch, path);
    else if (event != G_FILE_MONITOR_EVENT_CHANGED && event != G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT &&
             event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED && (!dot || g_hash_table_contains(watch->monitors, path)))
        add_place(watch, path, true); /* a folder came or went */
}

static void changed_cb(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
    something_at(data, file, event);
    something_at(data, other, event);
}

/* ---- which folders ----------------------------------------------------------------------------------- */

/* Whether names in a folder have come or gone. */
static bool changed_since(const char *path, gint64 time)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 &&
           (gint64)info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000 + COARSE >= time;
}

static void watch_folder(LkPictureWatch *watch, const char *path)
{
    if (g_hash_table_contains(watch->monitors, path))
        return;
    g_autoptr(GFile) folder = g_file_new_for_path(path);
    GFileMonitor *monitor = g_file_monitor_directory(folder, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
    if (!monitor)
        return; /* a file system that cannot: the focus of the window does */
    g_signal_connect(monitor, "changed", G_CALLBACK(changed_cb), watch);
    g_hash_table_insert(watch->monitors, g_strdup(path), monitor);
    if (changed_since(path, watch->since)) {
        lk_walk_places_add(places_of(watch), path, false);
        look_soon(watch);
    }
}

static gboolean watch_cb(gpointer data)
{
    LkPictureWatch *watch = data;
    for (int i = 0; i < TOGETHER && watch->wanted->len; i++) {
        g_autofree char *path = g_ptr_array_steal_index_fast(watch->wanted, watch->wanted->len - 1);
        if (g_hash_table_size(watch->monitors) < MOST_FOLDERS)
            watch_folder(watch, path);
    }
    if (watch->wanted->len)
        return G_SOURCE_CONTINUE;
    watch->wanted_id = 0;
    return G_SOURCE_REMOVE;
}

void lk_picture_watch_set(LkPictureWatch *watch, GPtrArray *folders, bool all, gint64 since)
{
    watch->since = watch->wanted_id ? MIN(watch->since, since) : since;
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < folders->len; i++)
        g_hash_table_add(wanted, folders->pdata[i]);
    GHashTableIter iter;
    gpointer path;
    g_hash_table_iter_init(&iter, watch->monitors);
    while (all && g_hash_table_iter_next(&iter, &path, NULL))
        if (!g_hash_table_contains(wanted, path))
            g_hash_table_iter_remove(&iter);
    if (!watch->wanted || all) {
        g_clear_pointer(&watch->wanted, g_ptr_array_unref);
        watch->wanted = g_ptr_array_new_with_free_func(g_free);
    }
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        if (!g_hash_table_contains(watch->monitors, path))
            g_ptr_array_add(watch->wanted, g_strdup(path));
    if (!watch->wanted_id && watch->wanted->len)
        watch->wanted_id = g_idle_add_full(G_PRIORITY_LOW, watch_cb, watch, NULL);
}

/* ---- our own writes ---------------------------------------------------------------------------------- */

void lk_picture_watch_pause(LkPictureWatch *watch)
{
    if (watch->paused++)
        return;
    GHashTableIter iter;
    gpointer monitor;
    g_hash_table_iter_init(&iter, watch->monitors);
    while (g_hash_table_iter_next(&iter, NULL, &monitor))
        g_file_monitor_cancel(monitor);
}

void lk_picture_watch_resume(LkPictureWatch *watch)
{
    if (!watch->paused || --watch->paused)
        return;
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path;
    g_hash_table_iter_init(&iter, watch->monitors);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        g_ptr_array_add(folders, g_strdup(path));
    g_hash_table_remove_all(watch->monitors);
    lk_picture_watch_set(watch, folders, true, g_get_real_time());
    for (guint i = 0; i < folders->len; i++)
        add_place(watch, folders->pdata[i], false);
}
