#include "app/dataset/folder_walk.h"

#include "app/dataset/sidecar.h"
#include "dataset/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 512, DEEPEST = 64 };

/* ---- lists ------------------------------------------------------------------------------------------- */

static void clear_path(gpointer item)
{
    g_free(*(char **)item); /* the first member of places and found pictures */
}

static void clear_source(gpointer item)
{
    g_free(((LkWalkSource *)item)->path);
}

static GArray *array_of(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);
    g_array_set_clear_func(array, clear);
    return array;
}

GArray *lk_walk_sources_new(void)
{
    return array_of(sizeof(LkWalkSource), clear_source);
}

GArray *lk_walk_places_new(void)
{
    return array_of(sizeof(LkWalkPlace), clear_path);
}

GArray *lk_found_pictures_new(void)
{
    return array_of(sizeof(LkFoundPicture), clear_path);
}

bool lk_path_is_below(const char *path, const char *folder)
{
    const size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

void lk_walk_places_add(GArray *places, const char *path, bool deep)
{
    for (guint i = 0; places && i < places->len; i++) {
        LkWalkPlace *place = &g_array_index(places, LkWalkPlace, i);
        if (strcmp(place->path, path) == 0) {
            place->deep |= deep;
            return;
        }
    }
    const LkWalkPlace place = {g_strdup(path), deep};
    if (places)
        g_array_append_val(places, place);
    else
        g_free(place.path);
}

/* Whether the folder of length `length` at the start of `path` is `folder`. */
static bool is_folder_of(const char *path, size_t length, const char *folder)
{
    return strlen(folder) == length && strncmp(path, folder, length) == 0;
}

bool lk_walk_places_have(const GArray *places, const char *picture)
{
    const char *slash = strrchr(picture, '/');
    const size_t length = slash ? (size_t)(slash - picture) : 0;
    for (guint i = 0; places && i < places->len; i++) {
        const LkWalkPlace *place = &g_array_index(places, LkWalkPlace, i);
        if (is_folder_of(picture, length, place->path) || strcmp(picture, place->path) == 0 ||
            (place->deep && lk_path_is_below(picture, place->path)))
            return true;
    }
    return places == NULL;
}

/* ---- one folder -------------------------------------------------------------------------------------- */

typedef struct State {
    LkWalk *walk;
    GHashTable *visited; /* "device:inode", so that a loop of links ends */
    GHashTable *roots;   /* path of a folder source → LkWalkSource */
    GHashTable *files;   /* path of a file source → LkWalkSource */
    GArray *batch;
} State;

static bool stopped(const State *state)
{
    return g_cancellable_is_cancelled(state->walk->cancellable);
}

static void send(State *state)
{
    if (state->batch->len)
        state->walk->found(state->walk->data, g_steal_pointer(&state->batch));
    else
        g_clear_pointer(&state->batch, g_array_unref);
    state->batch = lk_found_pictures_new();
}

static gint64 time_of(const struct stat *info)
{
    const gint64 time = (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    return time ? time : 1;
}

/* The names of a folder: pictures and folders in lists, everything in a table. */
typedef struct Listing {
    int fd;
    const char *path;
    GStringChunk *texts;
    GHashTable *names;
    GPtrArray *pictures, *folders;
} Listing;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_folder(const Listing *listing, const struct dirent *entry)
{
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    struct stat info;
    return fstatat(listing->fd, entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

static void list_name(Listing *listing, const struct dirent *entry)
{
    if (entry->d_name[0] == '.') {
        lk_sidecar_remove_leftover(listing->fd, entry->d_name);
        return;
    }
    char *name = g_string_chunk_insert(listing->texts, entry->d_name);
    g_hash_table_add(listing->names, name);
    if (is_folder(listing, entry))
        g_ptr_array_add(listing->folders, name);
    else if (lk_scan_is_picture_name(name))
        g_ptr_array_add(listing->pictures, name);
}

static void listing_clear(Listing *listing)
{
    g_string_chunk_free(listing->texts);
    g_hash_table_unref(listing->names);
    g_ptr_array_unref(listing->pictures);
    g_ptr_array_unref(listing->folders);
}

static void report(State *state, const char *path, int number)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_ptr_array_add(
        state->walk->failures,
        g_strdup_printf(_("The folder “%s” cannot be read: %s. Its pictures are marked as missing until it is "
                          "back."),
                        shown, g_strerror(number)));
}

/* Whether the folder is a source by itself, and not this one. */
static bool is_of_other(const State *state, const char *path, const LkWalkSource *source)
{
    const LkWalkSource *root = g_hash_table_lookup(state->roots, path);
    return root && root != source;
}

/* Calls `use` with the listing of a folder that was not visited yet. */
static void with_listing(State *state, const char *path, const LkWalkSource *source, bool recursive, int depth,
                         void (*use)(State *, Listing *, const LkWalkSource *, bool, int))
{
    DIR *dir = opendir(path);
    if (!dir) {
        report(state, path, errno);
        return;
    }
    struct stat info = {0};
    fstat(dirfd(dir), &info);
    /* Passing through another source's folder is not yet that one's visit. */
    char *key = g_strdup_printf("%llu:%llu%s", (unsigned long long)info.st_dev, (unsigned long long)info.st_ino,
                                is_of_other(state, path, source) ? "+" : "");
    if (g_hash_table_add(state->visited, key)) {
        Listing listing = {dirfd(dir),
                           path,
                           g_string_chunk_new(16384),
                           g_hash_table_new(g_str_hash, g_str_equal),
                           g_ptr_array_new(),
                           g_ptr_array_new()};
        for (const struct dirent *entry; (entry = readdir(dir)) && !stopped(state);)
            list_name(&listing, entry);
        g_ptr_array_sort(listing.pictures, compare_names);
        g_ptr_array_sort(listing.folders, compare_names);
        g_ptr_array_add(state->walk->folders, g_strdup(path));
        use(state, &listing, source, recursive, depth);
        listing_clear(&listing);
    }
    closedir(dir);
}

/* ---- pictures ---------------------------------------------------------------------------------------- */

/* The time of `base` + extension if the folder has it. */
static gint64 sidecar_time(const Listing *listing, const char *base, gsize length, const char *extension)
{
    static const char *const usual[] = {".txt", ".caption", NULL};
    const char *const one[] = {extension, NULL};
    for (const char *const *e = extension ? one : usual; *e; e++) {
        g_autofree char *name = g_strdup_printf("%.*s%s%s", (int)length, base, (*e)[0] == '.' ? "" : ".", *e);
        struct stat info;
        if (g_hash_table_contains(listing->names, name) && fstatat(listing->fd, name, &info, 0) == 0 &&
            !S_ISDIR(info.st_mode))
            return time_of(&info);
    }
    return 0;
}

/* As lk_sidecar_find: of a cut-out face the caption of the whole picture counts. */
static gint64 caption_time(const Listing *listing, const char *name, const char *extension)
{
    gsize length = (gsize)(strrchr(name, '.') - name);
    const gint64 time = sidecar_time(listing, name, length, extension);
    for (int part = 0; part < 4 && !time; part++) {
        const gsize end = length;
        while (length && g_ascii_isdigit(name[length - 1]))
            length--;
        if (length == end || length < 2 || name[length - 1] != '_')
            return 0;
        length--;
    }
    return time ? time : sidecar_time(listing, name, length, extension);
}

static void add_picture(State *state, const Listing *listing, const char *name, const LkWalkSource *source)
{
    struct stat info;
    char *path = g_build_filename(listing->path, name, NULL);
    LkFoundPicture found = {.path = path, .source = source->id};
    if (source->folder && g_hash_table_contains(state->files, path)) {
        g_free(path); /* it is a source by itself */
        return;
    }
    if (fstatat(listing->fd, name, &info, 0) == 0) {
        found.bytes = info.st_size;
        found.modified = time_of(&info);
    } else {
        found.bytes = -1; /* a link that leads nowhere: reading says so */
    }
    found.caption_modified = caption_time(listing, name, state->walk->extension);
    g_array_append_val(state->batch, found);
    if (state->batch->len >= BATCH)
        send(state);
}

static void walk_folder(State *state, const char *path, const LkWalkSource *source, bool recursive, int depth);

static void use_listing(State *state, Listing *listing, const LkWalkSource *source, bool recursive, int depth)
{
    const bool own = !is_of_other(state, listing->path, source);
    for (guint i = 0; i < listing->pictures->len && !stopped(state) && own; i++)
        add_picture(state, listing, listing->pictures->pdata[i], source);
    for (guint i = 0; i < listing->folders->len && !stopped(state) && recursive; i++) {
        g_autofree char *below = g_build_filename(listing->path, listing->folders->pdata[i], NULL);
        walk_folder(state, below, source, true, depth + 1);
    }
}

static void walk_folder(State *state, const char *path, const LkWalkSource *source, bool recursive, int depth)
{
    const LkWalkSource *root = g_hash_table_lookup(state->roots, path);
    if (depth <= DEEPEST && !(is_of_other(state, path, source) && root->recursive))
        with_listing(state, path, source, recursive, depth, use_listing);
}

/* ---- sources ----------------------------------------------------------------------------------------- */

/* Whether a recursive source lies between `source` and a path below it, so that what is there is that one's. */
static bool has_nearer(const State *state, const LkWalkSource *source, const char *path)
{
    g_autofree char *folder = g_strdup(path);
    for (char *slash = folder + strlen(folder); slash; slash = strrchr(folder, '/')) {
        *slash = '\0';
        const LkWalkSource *root = g_hash_table_lookup(state->roots, folder);
        if (root == source)
            return false;
        if (root && root->recursive)
            return true;
    }
    return false;
}

/* One file, without listing its folder. */
static void look_at_file(State *state, const char *path, const LkWalkSource *source)
{
    g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
    const char *dot = strrchr(name, '.');
    Listing listing = {.path = folder, .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    listing.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat info;
    if (listing.fd >= 0 && fstatat(listing.fd, name, &info, 0) == 0 && S_ISREG(info.st_mode) && dot) {
        g_autofree char *caption = lk_sidecar_find(path, state->walk->extension);
        if (caption)
            g_hash_table_add(listing.names, g_path_get_basename(caption));
        add_picture(state, &listing, name, source);
        g_ptr_array_add(state->walk->folders, g_steal_pointer(&folder));
    }
    if (listing.fd >= 0)
        close(listing.fd);
    g_hash_table_unref(listing.names);
}

/* A place below the folder of a source: another folder, or a file. */
static void walk_place(State *state, const LkWalkSource *source, const LkWalkPlace *place)
{
    g_autofree char *folder = g_path_get_dirname(place->path);
    if ((!source->recursive && strcmp(folder, source->path) != 0) || has_nearer(state, source, place->path))
        return;
    if (!g_file_test(place->path, G_FILE_TEST_IS_DIR)) {
        if (lk_scan_is_picture_name(strrchr(place->path, '/') + 1) &&
            (strcmp(folder, source->path) == 0 || !g_hash_table_contains(state->roots, folder)))
            look_at_file(state, place->path, source);
    } else if (source->recursive) {
        walk_folder(state, place->path, source, place->deep, 1);
    }
}

static void walk_source(State *state, const LkWalkSource *source)
{
    const GArray *places = state->walk->places;
    if (!places)
        walk_folder(state, source->path, source, source->recursive, 0);
    for (guint i = 0; places && i < places->len; i++) {
        const LkWalkPlace *place = &g_array_index(places, LkWalkPlace, i);
        if (strcmp(place->path, source->path) == 0)
            walk_folder(state, source->path, source, source->recursive && place->deep, 0);
        else if (place->deep && lk_path_is_below(source->path, place->path))
            walk_folder(state, source->path, source, source->recursive, 0);
        else if (lk_path_is_below(place->path, source->path))
            walk_place(state, source, place);
    }
}

bool lk_walk(LkWalk *walk)
{
    State state = {walk, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                   g_hash_table_new(g_str_hash, g_str_equal), g_hash_table_new(g_str_hash, g_str_equal),
                   lk_found_pictures_new()};
    for (guint i = 0; i < walk->sources->len; i++) {
        LkWalkSource *source = &g_array_index(walk->sources, LkWalkSource, i);
        g_hash_table_insert(source->folder ? state.roots : state.files, source->path, source);
    }
    for (guint i = 0; i < walk->sources->len && !stopped(&state); i++) {
        const LkWalkSource *source = &g_array_index(walk->sources, LkWalkSource, i);
        if (source->folder)
            walk_source(&state, source);
        else if (lk_walk_places_have(walk->places, source->path))
            look_at_file(&state, source->path, source);
    }
    send(&state);
    g_array_unref(state.batch);
    g_hash_table_unref(state.visited);
    g_hash_table_unref(state.roots);
    g_hash_table_unref(state.files);
    return !stopped(&state);
}
