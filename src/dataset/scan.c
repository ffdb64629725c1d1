#include "dataset/scan.h"

#include "dataset/mask.h"
#include "format/gerror.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_REPEATS 999999
#define DEEPEST      64 /* levels of folders of a recursive subset */

static const char *const core_extensions[] = {"png", "jpg", "jpeg", "webp", "bmp"};
static const char *const optional_extensions[] = {"avif", "gif", "jxl"};

bool lk_scan_parse_folder_name(const char *name, int *repeats, char **class_tokens, const char **why)
{
    *repeats = 0;
    *class_tokens = NULL;
    const size_t digits = strspn(name, "0123456789");
    if (digits == 0 || (name[digits] != '_' && name[digits] != '\0')) {
        *why = N_("its name does not begin with a number of repeats and an underscore, as in 10_name");
        return false;
    }
    const guint64 number = digits <= 18 ? g_ascii_strtoull(name, NULL, 10) : G_MAXUINT64;
    if (number < 1 || number > MOST_REPEATS) {
        *why = number < 1 ? N_("its number of repeats is 0") : N_("its number of repeats is above 999999");
        return false;
    }
    *repeats = (int)number;
    *class_tokens = g_strdup(name[digits] == '_' ? name + digits + 1 : "");
    *why = NULL;
    return true;
}

static bool loader_exists(const char *extension)
{
    bool found = false;
    GSList *formats = gdk_pixbuf_get_formats();
    for (GSList *item = formats; item && !found; item = item->next) {
        g_auto(GStrv) names = gdk_pixbuf_format_get_extensions(item->data);
        found = g_strv_contains((const char *const *)names, extension);
    }
    g_slist_free(formats);
    return found;
}

bool lk_scan_is_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || name[0] == '.')
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(core_extensions); i++)
        if (g_ascii_strcasecmp(dot + 1, core_extensions[i]) == 0)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(optional_extensions); i++)
        if (g_ascii_strcasecmp(dot + 1, optional_extensions[i]) == 0)
            return loader_exists(optional_extensions[i]);
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted by their bytes; NULL when it cannot be read. */
static GPtrArray *list_names(const char *folder, GError **error)
{
    GDir *dir = g_dir_open(folder, 0, error);
    if (!dir)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        if (name[0] != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_dir_close(dir);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static GPtrArray *list_names_or_say(const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GPtrArray *names = list_names(folder, &cause);
    if (!names)
        lk_set_error(error, LK_ERROR_IO,
                     _("The picture folder cannot be read: %s. Check the path and its permissions."), cause->message);
    return names;
}

static bool is_folder(const char *path)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_regular(const char *path)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* How many of the names are pictures lying directly in the folder. */
static guint count_pictures(const char *folder, const GPtrArray *names)
{
    guint count = 0;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        count += lk_scan_is_picture_name(name) && !is_folder(path);
    }
    return count;
}

static void add_subset(GPtrArray *subsets, const char *path, int repeats, const char *class_tokens,
                       const LkSubset *options)
{
    LkSubset *subset = lk_subset_copy(options);
    g_free(subset->image_dir);
    subset->image_dir = g_strdup(path);
    if (repeats > 0)
        subset->num_repeats = repeats;
    if (class_tokens && *class_tokens) {
        g_free(subset->class_tokens);
        subset->class_tokens = g_strdup(class_tokens);
    }
    g_ptr_array_add(subsets, subset);
}

/* Appends a subset for each N_name child. Others that could have been meant as such are remembered in `skipped` as
 * name and reason pairs. */
static guint add_numbered_children(const char *folder, const GPtrArray *names, const LkSubset *options,
                                   GPtrArray *subsets, GPtrArray *skipped)
{
    guint count = 0;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!is_folder(path))
            continue;
        int repeats;
        const char *why;
        g_autofree char *class_tokens = NULL;
        if (lk_scan_parse_folder_name(name, &repeats, &class_tokens, &why)) {
            add_subset(subsets, path, repeats, class_tokens, options);
            count++;
        } else {
            g_ptr_array_add(skipped, g_strdup(path));
            g_ptr_array_add(skipped, g_strdup(why));
        }
    }
    return count;
}

static void report_skipped(const GPtrArray *skipped, GPtrArray *findings)
{
    for (guint i = 0; i + 1 < skipped->len; i += 2)
        lk_findings_add(findings, LK_FINDING_FOLDER_SKIPPED, g_ptr_array_index(skipped, i),
                        _("The folder is not used because %s."), _((const char *)g_ptr_array_index(skipped, i + 1)));
}

/* The folder itself is the subset; its own name may be N_name. */
static void add_itself(const char *folder, const GPtrArray *skipped, const LkSubset *options, GPtrArray *subsets,
                       GPtrArray *findings)
{
    g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
    g_autofree char *name = g_path_get_basename(absolute);
    int repeats;
    const char *why;
    g_autofree char *class_tokens = NULL;
    lk_scan_parse_folder_name(name, &repeats, &class_tokens, &why);
    add_subset(subsets, folder, repeats, class_tokens, options);
    for (guint i = 0; !options->recursive && i + 1 < skipped->len; i += 2) {
        const char *path = g_ptr_array_index(skipped, i);
        g_autoptr(GPtrArray) below = list_names(path, NULL);
        if (below && count_pictures(path, below) > 0)
            lk_findings_add(
                findings, LK_FINDING_FOLDER_SKIPPED, path,
                _("Pictures in this folder below the picture folder are not used; add it on its own, or read "
                  "folders below too."));
    }
}

bool lk_scan_folder(const char *folder, const LkSubset *options, GPtrArray *subsets, GPtrArray *findings,
                    GError **error)
{
    g_autoptr(GPtrArray) names = list_names_or_say(folder, error);
    if (!names)
        return false;
    const guint pictures = count_pictures(folder, names);
    g_autoptr(GPtrArray) skipped = g_ptr_array_new_with_free_func(g_free);
    if (add_numbered_children(folder, names, options, subsets, skipped) > 0) {
        report_skipped(skipped, findings);
        if (pictures > 0)
            lk_findings_add(findings, LK_FINDING_FOLDER_LOOSE_PICTURES, folder,
                            _("%u pictures lie beside the folders with repeats and are not used; move them into one of "
                              "those folders."),
                            pictures);
        return true;
    }
    if (pictures > 0 || options->recursive) {
        add_itself(folder, skipped, options, subsets, findings);
        return true;
    }
    report_skipped(skipped, findings);
    g_autofree char *shown = g_filename_display_name(folder);
    return lk_set_error(
        error, LK_ERROR_USAGE,
        _("There are no pictures in \"%s\". Choose a folder of pictures (png, jpg, jpeg, webp, bmp), or the folder "
          "around folders named like 10_name, where 10 is how often an epoch shows each picture%s."),
        shown, skipped->len ? _("; the folders in it have no such number") : "");
}

static void free_picture(void *data)
{
    LkScanPicture *picture = data;
    g_free(picture->path);
    lk_caption_clear(&picture->caption);
    g_free(picture->mask);
    g_free(picture);
}

GPtrArray *lk_scan_pictures_new(void)
{
    return g_ptr_array_new_with_free_func(free_picture);
}

/* A walk through the folders of one subset. */
typedef struct Walk {
    bool recursive;
    GHashTable *visited; /* "device:inode" of folders, so that a loop of links ends */
    GPtrArray *paths;    /* of pictures */
    GPtrArray *findings;
} Walk;

static bool first_visit(Walk *walk, const char *folder)
{
    GStatBuf info;
    if (g_stat(folder, &info) != 0)
        return true; /* opening it says what is wrong */
    return g_hash_table_add(walk->visited, g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                                           (guint64)info.st_dev, (guint64)info.st_ino));
}

static void walk_folder(Walk *walk, const char *folder, const GPtrArray *names, int depth);

static void walk_below(Walk *walk, const char *folder, int depth)
{
    if (!first_visit(walk, folder))
        return;
    g_autoptr(GError) cause = NULL;
    g_autoptr(GPtrArray) names = depth < DEEPEST ? list_names(folder, &cause) : NULL;
    if (names)
        walk_folder(walk, folder, names, depth);
    else
        lk_findings_add(walk->findings, LK_FINDING_FOLDER_UNREADABLE, folder, _("The folder is not used: %s."),
                        cause ? cause->message : _("it lies more than 64 folders deep"));
}

static void walk_folder(Walk *walk, const char *folder, const GPtrArray *names, int depth)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (is_folder(path)) {
            if (walk->recursive)
                walk_below(walk, path, depth + 1);
        } else if (!lk_scan_is_picture_name(name)) {
            continue;
        } else if (is_regular(path)) {
            g_ptr_array_add(walk->paths, g_steal_pointer(&path));
        } else {
            lk_findings_add(walk->findings, LK_FINDING_PICTURE_UNREADABLE, path,
                            _("This is not a file, or a link that leads nowhere; remove it or restore the file."));
        }
    }
}

static void add_picture(const LkSubset *subset, guint index, const LkMasks *masks, char *path, GPtrArray *pictures,
                        GPtrArray *findings)
{
    LkScanPicture *picture = g_new0(LkScanPicture, 1);
    picture->path = path;
    picture->subset = index;
    picture->caption =
        lk_caption_read(path, subset->caption_extension, subset->class_tokens, subset->caption.wildcard, findings);
    picture->mask = masks ? lk_masks_find(masks, path) : NULL;
    g_ptr_array_add(pictures, picture);
}

/* The pictures that a subset names, as far as they are there. */
static void list_files(const LkSubset *subset, GPtrArray *paths, GPtrArray *findings)
{
    for (char **file = subset->files; *file; file++) {
        g_autofree char *path = g_build_filename(subset->image_dir, *file, NULL);
        if (is_regular(path))
            g_ptr_array_add(paths, g_steal_pointer(&path));
        else
            lk_finding_set_fix(
                lk_findings_add(findings, LK_FINDING_PICTURE_MISSING, path,
                                _("The dataset lists this picture, but it is not there; put it back or take "
                                  "it off the list.")),
                LK_FIX_EXCLUDE, NULL);
    }
}

/* All pictures of a subset's folder. */
static void list_folder(const LkSubset *subset, const GPtrArray *names, GPtrArray *paths, GPtrArray *findings)
{
    g_autoptr(GHashTable) visited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Walk walk = {subset->recursive, visited, paths, findings};
    first_visit(&walk, subset->image_dir);
    walk_folder(&walk, subset->image_dir, names, 0);
    if (paths->len == 0)
        lk_findings_add(findings, LK_FINDING_FOLDER_EMPTY, subset->image_dir,
                        _("There are no pictures in this folder (png, jpg, jpeg, webp, bmp)."));
}

static LkMasks *masks_of(const LkSubset *subset, GPtrArray *findings)
{
    g_autoptr(GError) error = NULL;
    LkMasks *masks = subset->conditioning_data_dir ? lk_masks_new(subset->conditioning_data_dir, &error) : NULL;
    if (error)
        lk_findings_add(findings, LK_FINDING_FOLDER_UNREADABLE, subset->conditioning_data_dir, "%s", error->message);
    return masks;
}

bool lk_scan_subset(const LkSubset *subset, guint index, GPtrArray *pictures, GPtrArray *findings, GError **error)
{
    g_autoptr(GPtrArray) names = list_names_or_say(subset->image_dir, error);
    if (!names)
        return false;
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    if (subset->files)
        list_files(subset, paths, findings);
    else
        list_folder(subset, names, paths, findings);
    g_ptr_array_sort(paths, compare_names);
    g_autoptr(LkMasks) masks = masks_of(subset, findings);
    for (guint i = 0; i < paths->len; i++)
        add_picture(subset, index, masks, g_ptr_array_index(paths, i), pictures, findings);
    return true;
}
