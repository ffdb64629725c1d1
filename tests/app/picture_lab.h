/* A project with a store, folders and pictures in a temporary folder, and a main loop that is watched for pauses. */
#pragma once

#include "app/dataset/picture_list_private.h"
#include "project/sources.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Lab {
    char *folder; /* everything is in it; pictures in "in" */
    gint64 id;
    LkStoreThread *store;
    LkProject *project;
    LkPictureList *list;
    GString *told;  /* signals with texts, one a line */
    double longest; /* milliseconds between two turns of the main loop */
    gint64 turned;
    guint ticker;
} Lab;

/* ---- main loop --------------------------------------------------------------------------------------- */

__attribute__((unused)) static gboolean tick_cb(gpointer data)
{
    Lab *lab = data;
    const gint64 now = g_get_monotonic_time();
    if (lab->turned)
        lab->longest = MAX(lab->longest, (double)(now - lab->turned) / 1000);
    lab->turned = now;
    return G_SOURCE_CONTINUE;
}

/** Begins to measure how long the main loop is away. */
__attribute__((unused)) static void lab_watch(Lab *lab)
{
    lab->longest = 0;
    lab->turned = 0;
    g_clear_handle_id(&lab->ticker, g_source_remove);
    lab->ticker = g_timeout_add_full(G_PRIORITY_HIGH, 2, tick_cb, lab, NULL);
}

__attribute__((unused)) static double lab_watched(Lab *lab)
{
    g_clear_handle_id(&lab->ticker, g_source_remove);
    return lab->longest;
}

static gboolean alarm_cb(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

/** Runs the main loop until `done(data)`; false after `seconds`. */
__attribute__((unused)) static bool wait_for(bool (*done)(void *data), void *data, double seconds)
{
    bool late = false;
    guint id = g_timeout_add((guint)(seconds * 1000), alarm_cb, &late);
    while (!late && !done(data))
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(id);
    return !late;
}

static gboolean nothing_cb(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/** The same for conditions that no event of ours announces. */
__attribute__((unused)) static bool poll_for(bool (*done)(void *data), void *data, double seconds)
{
    guint id = g_timeout_add(10, nothing_cb, NULL);
    const bool ok = wait_for(done, data, seconds);
    g_source_remove(id);
    return ok;
}

__attribute__((unused)) static bool never(void *data)
{
    return false;
}

__attribute__((unused)) static void let_pass(double seconds)
{
    wait_for(never, NULL, seconds);
}

/* ---- the store's thread ------------------------------------------------------------------------------ */

typedef struct Answer {
    bool there;
    gpointer result;
} Answer;

static bool is_there(void *data)
{
    return ((Answer *)data)->there;
}

static void answer_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Answer *answer = data;
    g_autoptr(GError) error = NULL;
    answer->result = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    answer->there = true;
    if (error)
        g_error("%s", error->message);
}

/** Runs on the store's thread, behind everything that was asked for before. */
__attribute__((unused)) static gpointer ask_store(Lab *lab, LkStoreFunc func, gpointer data)
{
    Answer answer = {0};
    lk_store_thread_run(lab->store, func, data, NULL, NULL, NULL, answer_cb, &answer);
    wait_for(is_there, &answer, 60);
    return answer.result;
}

static gpointer create_project(LkStore *store, gpointer data, GError **error)
{
    Lab *lab = data;
    g_autofree char *folder = g_build_filename(lab->folder, "project", NULL);
    if (!lab->id)
        lab->id = lk_projects_create(store, "Test", "character", folder, error);
    return lab->id ? lk_projects_get(store, lab->id, error) : NULL;
}

__attribute__((unused)) static gpointer do_nothing(LkStore *store, gpointer data, GError **error)
{
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------------- */

static bool is_quiet(void *data)
{
    Lab *lab = data;
    return lk_picture_list_get_loaded(lab->list) && !lk_picture_list_get_busy(lab->list) &&
           !lk_picture_scan_is_running(lab->list->scan);
}

/** Waits until nothing is read, added or written any more. */
__attribute__((unused)) static void settle(Lab *lab)
{
    lk_picture_list_end_typing(lab->list);
    if (!poll_for(is_quiet, lab, 120))
        g_error("the list is still busy");
    ask_store(lab, do_nothing, NULL);
    let_pass(0.05);
}

static bool is_checked(void *data)
{
    Lab *lab = data;
    gboolean checking;
    g_object_get(lab->list, "checking", &checking, NULL);
    return is_quiet(lab) && !checking;
}

/** Waits for the doctor too. */
__attribute__((unused)) static void settle_doctor(Lab *lab)
{
    settle(lab);
    if (!poll_for(is_checked, lab, 120))
        g_error("the doctor is still busy");
}

static void project_loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    ((Answer *)data)->there = lk_project_load_finish(LK_PROJECT(source), result, NULL);
}

static void text_cb(LkPictureList *list, const char *text, Lab *lab)
{
    g_string_append_printf(lab->told, "%s\n", text);
}

static void failed_cb(LkPictureList *list, GError *error, Lab *lab)
{
    g_string_append_printf(lab->told, "failed: %s\n", error->message);
}

__attribute__((unused)) static void lab_open_quick(Lab *lab)
{
    g_autofree char *path = g_build_filename(lab->folder, "store.db", NULL);
    lab->store = lk_store_thread_new(path);
    g_autoptr(LkProjectRecord) record = ask_store(lab, create_project, lab);
    lab->project = lk_project_new(lab->store, record);
    Answer loaded = {0};
    lk_project_load(lab->project, NULL, project_loaded_cb, &loaded);
    wait_for(is_there, &loaded, 60);
    lab->list = lk_picture_list_get(lab->project);
    g_signal_connect(lab->list, "conflict", G_CALLBACK(text_cb), lab);
    g_signal_connect(lab->list, "save-failed", G_CALLBACK(text_cb), lab);
    g_signal_connect(lab->list, "failed", G_CALLBACK(failed_cb), lab);
}

__attribute__((unused)) static void lab_open(Lab *lab)
{
    lab_open_quick(lab);
    settle(lab);
}

/** As when the program ends. */
__attribute__((unused)) static void lab_close(Lab *lab)
{
    g_signal_handlers_disconnect_by_data(lab->list, lab);
    lk_picture_list_end_typing(lab->list); /* as the program does when it shuts down */
    g_clear_object(&lab->list);
    g_clear_object(&lab->project);
    lk_store_thread_close(lab->store);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_clear_object(&lab->store);
}

__attribute__((unused)) static void lab_reopen(Lab *lab)
{
    lab_close(lab);
    lab_open(lab);
}

__attribute__((unused)) static Lab *lab_new(void)
{
    Lab *lab = g_new0(Lab, 1);
    lab->folder = scratch_new();
    lab->told = g_string_new(NULL);
    lab_open(lab);
    return lab;
}

__attribute__((unused)) static void lab_free(Lab *lab)
{
    lab_close(lab);
    let_pass(0.1); /* threads that are on their way let go */
    scratch_remove(lab->folder);
    g_string_free(lab->told, TRUE);
    g_free(lab->folder);
    g_free(lab);
}

/* ---- pictures ---------------------------------------------------------------------------------------- */

/** Writes a picture with a pattern of its own; the same seed gives the same bytes. */
__attribute__((unused)) static void lab_picture(Lab *lab, const char *name, int width, int height, guint seed)
{
    g_autofree char *path = scratch_path(lab->folder, name);
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
    guchar *pixels = gdk_pixbuf_get_pixels(pixbuf);
    GRand *random = g_rand_new_with_seed(seed);
    guchar blocks[8][8][3];
    for (int i = 0; i < 64 * 3; i++)
        ((guchar *)blocks)[i] = (guchar)g_rand_int_range(random, 0, 256);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(pixels + y * gdk_pixbuf_get_rowstride(pixbuf) + x * 3, blocks[y * 8 / height][x * 8 / width], 3);
    g_rand_free(random);
    if (!gdk_pixbuf_save(pixbuf, path, "png", NULL, NULL))
        g_error("cannot write %s", path);
}

__attribute__((unused)) static char *lab_path(Lab *lab, const char *name)
{
    return g_build_filename(lab->folder, name, NULL);
}

/** The picture of a name below the folder, or NULL. */
__attribute__((unused)) static LkPicture *lab_find(Lab *lab, const char *name)
{
    g_autofree char *path = lab_path(lab, name);
    return lk_picture_list_find(lab->list, path);
}

/** The text of a file, NULL where there is none; free with g_free. */
__attribute__((unused)) static char *lab_text(Lab *lab, const char *name)
{
    g_autofree char *path = lab_path(lab, name);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

__attribute__((unused)) static bool lab_has_text(Lab *lab, const char *name, const char *wanted)
{
    g_autofree char *text = lab_text(lab, name);
    return g_strcmp0(text, wanted) == 0;
}

__attribute__((unused)) static bool lab_caption(Lab *lab, const char *name, const char *wanted)
{
    LkPicture *picture = lab_find(lab, name);
    return picture && strcmp(lk_picture_get_caption(picture), wanted) == 0;
}

typedef struct Added {
    LkImportSummary *summary;
    bool there;
} Added;

static void added_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Added *added = data;
    g_autoptr(GError) error = NULL;
    added->summary = lk_picture_list_add_finish(LK_PICTURE_LIST(source), result, &error);
    added->there = true;
    if (error)
        tap_note("adding failed: %s", error->message);
}

static bool is_added(void *data)
{
    return ((Added *)data)->there;
}

/** Adds names below the folder (ended by NULL) and waits. */
__attribute__((unused)) static LkImportSummary *lab_add(Lab *lab, const char *const *names)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (; *names; names++)
        g_ptr_array_add(paths, lab_path(lab, *names));
    g_ptr_array_add(paths, NULL);
    Added added = {0};
    lk_picture_list_add_paths(lab->list, (const char *const *)paths->pdata, added_cb, &added);
    wait_for(is_added, &added, 120);
    settle(lab);
    return added.summary;
}

/** Edits one field of one picture. */
__attribute__((unused)) static guint lab_edit(Lab *lab, const char *label, const char *name, LkPictureField field,
                                              const char *value)
{
    const LkPictureChange change = {lab_find(lab, name), field, value};
    return lk_picture_list_edit(lab->list, label, &change, 1);
}

/** How many pictures the list has. */
__attribute__((unused)) static guint lab_count(Lab *lab)
{
    return g_list_model_get_n_items(G_LIST_MODEL(lab->list));
}

/* Every file of a folder with its bytes and time, so that any change of it shows. */
__attribute__((unused)) static void append_files(const char *folder, const char *extension, GString *out)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    g_dir_close(dir);
    g_ptr_array_sort_values(names, (GCompareFunc)(void *)strcmp);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        GStatBuf info;
        g_lstat(path, &info);
        if (S_ISDIR(info.st_mode)) {
            append_files(path, extension, out);
        } else if (!extension || g_str_has_suffix(path, extension)) {
            g_autofree char *bytes = NULL;
            gsize size = 0;
            g_file_get_contents(path, &bytes, &size, NULL);
            g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
            g_string_append_printf(out, "%s %s %ld.%ld\n", path, hash, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
        }
    }
}

/** The same of a folder below the lab's; `extension` NULL: of all files. Free with g_free. */
__attribute__((unused)) static char *lab_files(Lab *lab, const char *name, const char *extension)
{
    g_autofree char *folder = lab_path(lab, name);
    GString *out = g_string_new(NULL);
    append_files(folder, extension, out);
    return g_string_free(out, FALSE);
}

/** Links `n` pictures with captions (each `caption_every`-th; 0: none) that are one and the same file. */
__attribute__((unused)) static void lab_links(Lab *lab, guint n, guint caption_every)
{
    lab_picture(lab, "one.png", 64, 64, 1);
    g_autofree char *one = lab_path(lab, "one.png");
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("in/%02u/%05u.png", i % 64, i);
        g_autofree char *path = scratch_path(lab->folder, name);
        if (link(one, path) != 0)
            g_error("link");
        if (!caption_every || i % caption_every)
            continue;
        g_autofree char *caption = g_strdup_printf("in/%02u/%05u.txt", i % 64, i);
        scratch_text(lab->folder, caption, "sks dog, grass, side view, soft light");
    }
}

/** Whether every caption is in its file. */
__attribute__((unused)) static bool lab_is_saved(void *data)
{
    guint unsaved;
    g_object_get(((Lab *)data)->list, "unsaved", &unsaved, NULL);
    return unsaved == 0;
}

/** Nobody thinks that files came into a folder just now, before it was watched. */
__attribute__((unused)) static void lab_long_ago(Lab *lab, const char *name)
{
    g_autofree char *path = lab_path(lab, name);
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    if (utimensat(AT_FDCWD, path, times, 0) != 0)
        g_error("utimensat %s", path);
}

/** Three pictures, two of them with captions, one of these as .caption. */
__attribute__((unused)) static Lab *lab_with_three(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "in/a.png", 64, 64, 1);
    lab_picture(lab, "in/b.png", 64, 64, 2);
    lab_picture(lab, "in/c.png", 64, 64, 3);
    scratch_text(lab->folder, "in/a.txt", "alpha");
    scratch_text(lab->folder, "in/b.caption", "beta");
    lab_long_ago(lab, "in");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    return lab;
}

/** A test by name; slow ones run with LK_SLOW_TESTS in the environment alone. */
typedef struct LabTest {
    const char *name;
    void (*run)(void);
    bool slow;
} LabTest;

/** Runs all, or those that are named as arguments. */
__attribute__((unused)) static int lab_run(int argc, char **argv, const LabTest *tests, size_t count)
{
    const char *slow = g_getenv("LK_SLOW_TESTS");
    for (size_t i = 0; i < count; i++) {
        const bool named = argc > 1 && g_strv_contains((const char *const *)argv + 1, tests[i].name);
        if (named || (argc == 1 && (!tests[i].slow || (slow && *slow))))
            tests[i].run();
    }
    return tap_done();
}
