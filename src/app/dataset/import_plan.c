#include "app/dataset/import_plan.h"

#include "dataset/scan.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

enum {
    DEEPEST = 16,    /* levels of folders in which kohya's layout is looked for */
    MOST_PLACES = 32 /* files that are looked at one by one; beyond, their folders are */
};

/* What a source has. */
enum { A_FILE = 1, A_FOLDER = 2, ALL_BELOW = 4 };

typedef struct Planner {
    LkImportPlan *plan;
    GHashTable *sources; /* path of a source, known or new → bits as above */
    GCancellable *cancellable;
} Planner;

static void clear_source(gpointer data)
{
    g_free(((LkImportSource *)data)->path);
}

static void free_problem(gpointer data)
{
    LkImportProblem *problem = data;
    g_free(problem->path);
    g_free(problem->text);
    g_free(problem);
}

static void add_problem(Planner *planner, const char *path, const char *text)
{
    lk_import_problems_add(planner->plan->unreadable, path, text);
}

/* ---- what is covered already ------------------------------------------------------------------------- */

/* A file that a source finds by itself, or a folder that a recursive one does. */
static bool is_covered(const Planner *planner, const char *path, bool folder)
{
    if (g_hash_table_contains(planner->sources, path))
        return true;
    g_autofree char *above = g_strdup(path);
    bool parent = true;
    for (char *slash; (slash = strrchr(above, '/')) && slash > above; parent = false) {
        *slash = '\0';
        const guint has = GPOINTER_TO_UINT(g_hash_table_lookup(planner->sources, above));
        if (has & ALL_BELOW || (has & A_FOLDER && parent && !folder))
            return true;
    }
    return false;
}

static void add_place(Planner *planner, const char *path, bool deep)
{
    g_autofree char *folder = g_path_get_dirname(path);
    const bool many = planner->plan->places->len >= MOST_PLACES && !deep;
    lk_walk_places_add(planner->plan->places, many ? folder : path, deep);
}

static void add_source(Planner *planner, const char *path, bool folder, bool recursive, guint repeats)
{
    const LkImportSource source = {g_strdup(path), folder, recursive, repeats};
    g_array_append_val(planner->plan->sources, source);
    g_hash_table_insert(planner->sources, g_strdup(path),
                        GUINT_TO_POINTER(!folder     ? A_FILE
                                         : recursive ? A_FOLDER | ALL_BELOW
                                                     : A_FOLDER));
    add_place(planner, path, recursive);
}

/* Captions are picked up with their pictures, so they are no mistake. */
static bool is_caption_name(const char *name)
{
    return g_str_has_suffix(name, ".txt") || g_str_has_suffix(name, ".caption");
}

/* ---- folders ----------------------------------------------------------------------------------------- */

/* What a folder holds. */
typedef struct Content {
    GPtrArray *folders; /* paths, owned */
    bool pictures, numbered;
} Content;

static bool is_folder(const char *path)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_numbered(const char *path, guint *repeats)
{
    g_autofree char *name = g_path_get_basename(path), *tokens = NULL;
    int number = 0;
    const char *why;
    const bool numbered = lk_scan_parse_folder_name(name, &number, &tokens, &why) && strchr(name, '_');
    *repeats = numbered ? (guint)number : 1;
    return numbered;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool read_content(Planner *planner, const char *path, Content *content)
{
    g_autoptr(GError) error = NULL;
    *content = (Content){.folders = g_ptr_array_new_with_free_func(g_free)};
    GDir *dir = g_dir_open(path, 0, &error);
    if (!dir) {
        add_problem(planner, path, error->message);
        return false;
    }
    for (const char *name; (name = g_dir_read_name(dir)) && !g_cancellable_is_cancelled(planner->cancellable);) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        guint repeats;
        if (name[0] == '.')
            continue;
        if (lk_scan_is_picture_name(name)) {
            content->pictures = true;
        } else if (!is_caption_name(name) && is_folder(child)) {
            content->numbered = content->numbered || is_numbered(child, &repeats);
            g_ptr_array_add(content->folders, g_steal_pointer(&child));
        }
    }
    g_dir_close(dir);
    g_ptr_array_sort(content->folders, compare_paths);
    return true;
}

/* Without kohya's layout one source has everything below a folder; with it every numbered folder is one. */
static void plan_folder(Planner *planner, const char *path, int depth)
{
    guint repeats;
    if (is_covered(planner, path, true)) {
        add_place(planner, path, true);
        return;
    }
    const bool numbered = is_numbered(path, &repeats);
    Content content;
    if (!read_content(planner, path, &content)) {
        g_ptr_array_unref(content.folders);
        return;
    }
    if (!content.numbered || numbered || depth >= DEEPEST) {
        add_source(planner, path, true, true, repeats);
    } else {
        for (guint i = 0; i < content.folders->len; i++)
            plan_folder(planner, content.folders->pdata[i], depth + 1);
        if (content.pictures)
            add_source(planner, path, true, false, 1);
    }
    g_ptr_array_unref(content.folders);
}

/* ---- files ------------------------------------------------------------------------------------------- */

static void plan_file(Planner *planner, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    GStatBuf info;
    if (g_stat(path, &info) != 0)
        add_problem(planner, path, _("There is no such file."));
    else if (!S_ISREG(info.st_mode))
        add_problem(planner, path, _("This is neither a file nor a folder."));
    else if (!lk_scan_is_picture_name(name) && !is_caption_name(name))
        add_problem(planner, path, _("This is no picture file (png, jpg, webp, bmp)."));
    else if (lk_scan_is_picture_name(name) && is_covered(planner, path, false))
        add_place(planner, path, false);
    else if (lk_scan_is_picture_name(name))
        add_source(planner, path, false, false, 1);
}

LkImportPlan *lk_import_plan_new(const char *const *paths, const GArray *known, GCancellable *cancellable)
{
    LkImportPlan *plan = g_new0(LkImportPlan, 1);
    plan->sources = g_array_new(FALSE, FALSE, sizeof(LkImportSource));
    g_array_set_clear_func(plan->sources, clear_source);
    plan->places = lk_walk_places_new();
    plan->unreadable = g_ptr_array_new_with_free_func(free_problem);
    Planner planner = {plan, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), cancellable};
    for (guint i = 0; i < known->len; i++) {
        const LkWalkSource *source = &g_array_index(known, LkWalkSource, i);
        g_hash_table_insert(planner.sources, g_strdup(source->path),
                            GUINT_TO_POINTER(!source->folder     ? A_FILE
                                             : source->recursive ? A_FOLDER | ALL_BELOW
                                                                 : A_FOLDER));
    }
    for (; *paths && !g_cancellable_is_cancelled(cancellable); paths++) {
        g_autofree char *path = g_canonicalize_filename(*paths, NULL);
        if (is_folder(path))
            plan_folder(&planner, path, 0);
        else
            plan_file(&planner, path);
    }
    g_hash_table_unref(planner.sources);
    return plan;
}

void lk_import_plan_free(LkImportPlan *plan)
{
    g_array_unref(plan->sources);
    g_array_unref(plan->places);
    g_clear_pointer(&plan->unreadable, g_ptr_array_unref);
    g_free(plan);
}
