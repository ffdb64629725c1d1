#include "format/torch_file.h"

#include "base/file.h"
#include "format/gerror.h"
#include "format/pickle.h"
#include "format/safetensors_private.h"
#include "format/zip_reader.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_PICKLE ((size_t)64 << 20)

/* The archive's pickle, and the folder that its entries are in ("archive/"). */
static const LkZipEntry *find_pickle(const LkZip *zip, char **folder)
{
    for (guint i = 0; i < zip->entries->len; i++) {
        const LkZipEntry *entry = &g_array_index(zip->entries, LkZipEntry, i);
        if (g_str_has_suffix(entry->name, "/data.pkl") || strcmp(entry->name, "data.pkl") == 0) {
            *folder = g_strndup(entry->name, strlen(entry->name) - strlen("data.pkl"));
            return entry;
        }
    }
    return NULL;
}

/* Shape of a tensor that lies row by row without gaps; false for any other. *elements does not overflow. */
static bool read_shape(const LkPickleValue *tensor, LkTensorView *view, uint64_t *elements)
{
    const GPtrArray *shape = tensor->shape->items, *strides = tensor->strides->items;
    if (shape->len > LK_TENSOR_MAX_RANK || strides->len != shape->len)
        return false;
    view->rank = (int)shape->len;
    *elements = 1;
    for (guint i = shape->len; i-- > 0;) {
        const LkPickleValue *size = shape->pdata[i], *stride = strides->pdata[i];
        if (size->type != LK_PICKLE_NUMBER || stride->type != LK_PICKLE_NUMBER || size->number < 0 ||
            (size->number > 1 && stride->number >= 0 && (uint64_t)stride->number != *elements))
            return false;
        if (size->number > 0 && *elements > (uint64_t)INT64_MAX / 16 / (uint64_t)size->number)
            return false;
        view->shape[i] = size->number;
        *elements *= (uint64_t)size->number;
    }
    return true;
}

/* One tensor in its storage; false where it is passed over, with a clause in *problem where the file is broken. */
static bool read_tensor(const LkZip *zip, const char *folder, const LkPickleValue *tensor, LkTensorView *view,
                        const char **problem)
{
    const LkPickleValue *storage = tensor->parent;
    uint64_t elements, size = lk_file_dtype_size(storage->dtype);
    if (!read_shape(tensor, view, &elements))
        return false;
    g_autofree char *path = g_strconcat(folder, "data/", storage->text, NULL);
    const LkZipEntry *entry = lk_zip_find(zip, path);
    uint64_t first = (uint64_t)tensor->number, held = entry ? entry->size / size : 0;
    if (!entry || tensor->number < 0 || first > held || elements > held - first) {
        *problem = N_("the numbers of a tensor are not all there.");
        return false;
    }
    view->dtype = storage->dtype;
    view->size = (size_t)(elements * size);
    view->data = view->size ? entry->data + first * size : NULL;
    return true;
}

/* All tensors of a dictionary; of two with one name the last counts, as in Python. */
static GArray *read_tensors(const LkZip *zip, const char *folder, const LkPickleValue *dict, const char **problem)
{
    GArray *views = g_array_new(FALSE, TRUE, sizeof(LkTensorView));
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i + 1 < dict->items->len && !*problem; i += 2) {
        const LkPickleValue *name = dict->items->pdata[i], *value = dict->items->pdata[i + 1];
        LkTensorView view = {.name = name->text};
        if (name->type != LK_PICKLE_TEXT || value->type != LK_PICKLE_TENSOR || strlen(name->text) > 1024 ||
            !read_tensor(zip, folder, value, &view, problem))
            continue;
        gpointer before = g_hash_table_lookup(places, view.name);
        if (before) {
            g_array_index(views, LkTensorView, GPOINTER_TO_UINT(before) - 1) = view;
        } else {
            g_array_append_val(views, view);
            g_hash_table_insert(places, (char *)view.name, GUINT_TO_POINTER(views->len));
        }
    }
    return views;
}

static bool is_little_endian(const LkZip *zip, const char *folder)
{
    g_autofree char *path = g_strconcat(folder, "byteorder", NULL);
    const LkZipEntry *entry = lk_zip_find(zip, path);
    return !entry || (entry->size == 6 && memcmp(entry->data, "little", 6) == 0);
}

static bool fail_file(const char *path, const char *problem, GError **error)
{
    return lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a file of PyTorch that can be read: %s"), path, problem);
}

/* The views of an archive, or NULL. They point into `pickle` for their names. */
static GArray *read_archive(const LkZip *zip, const LkZipEntry *entry, const char *folder, LkPickle **pickle,
                            const char *path, GError **error)
{
    char *problem = NULL;
    const char *broken = NULL;
    *pickle = entry->size <= MAX_PICKLE ? lk_pickle_read(entry->data, entry->size, &problem) : NULL;
    if (!*pickle) {
        fail_file(path, problem ? problem : _("its pickle is larger than 64 MB."), error);
        g_free(problem);
        return NULL;
    }
    const LkPickleValue *root = (*pickle)->root, *inside = lk_pickle_get(root, "state_dict");
    root = inside ? inside : root;
    GArray *views = root->type == LK_PICKLE_DICT ? read_tensors(zip, folder, root, &broken) : NULL;
    if (!broken && (!views || views->len == 0))
        broken = N_("there are no tensors with names in it.");
    if (!broken && !is_little_endian(zip, folder))
        broken = N_("its numbers are in the order of another kind of computer.");
    if (!broken)
        return views;
    fail_file(path, _(broken), error);
    if (views)
        g_array_unref(views);
    return NULL;
}

static LkSafetensors *open_bytes(const uint8_t *data, size_t size, const char *path, LkMap *map, GError **error)
{
    char *problem = NULL;
    g_autofree char *folder = NULL;
    g_autoptr(LkZip) zip = lk_zip_open(data, size, &problem);
    const LkZipEntry *entry = zip ? find_pickle(zip, &folder) : NULL;
    if (!entry) {
        fail_file(path, problem ? problem : _("it is a ZIP archive without data.pkl."), error);
        g_free(problem);
        return NULL;
    }
    LkPickle *pickle = NULL;
    GArray *views = read_archive(zip, entry, folder, &pickle, path, error);
    LkSafetensors *file = views ? lk_safetensors_of_views(path, map, (LkTensorView *)views->data, views->len) : NULL;
    if (views)
        g_array_unref(views);
    lk_pickle_free(pickle);
    return file;
}

LkSafetensors *lk_torch_file_open_bytes(const void *data, size_t size, const char *name, GError **error)
{
    return open_bytes(data, size, name, NULL, error);
}

LkSafetensors *lk_torch_file_open(const char *path, GError **error)
{
    LkError fault = {0};
    LkMap map;
    if (!lk_map_open(&map, path, &fault)) {
        lk_gerror_take(error, &fault);
        return NULL;
    }
    LkSafetensors *file = open_bytes(map.data, map.size, path, &map, error);
    if (!file)
        lk_map_close(&map);
    return file;
}

/* How a file begins: a ZIP, or a pickle by itself, as PyTorch wrote it before version 1.6. A safetensors file begins
 * with its header's length, which can look like either, but then comes a brace. */
static void look_at_start(const char *path, bool *zip, bool *pickle)
{
    LkMap map;
    *zip = *pickle = false;
    if (!lk_map_open(&map, path, NULL))
        return;
    const bool other = map.size > 4 && (map.size < 9 || map.data[8] != '{');
    *zip = other && memcmp(map.data, "PK\3\4", 4) == 0;
    *pickle = other && map.data[0] == 0x80;
    lk_map_close(&map);
}

LkSafetensors *lk_tensor_file_open(const char *path, GError **error)
{
    bool zip, pickle;
    look_at_start(path, &zip, &pickle);
    if (!pickle)
        return zip ? lk_torch_file_open(path, error) : lk_safetensors_open(path, error);
    lk_set_error(
        error, LK_ERROR_UNSUPPORTED,
        _("'%s' is a pickle of the oldest kind (.ckpt or .pt of PyTorch before 1.6), a file that can run programs "
          "when it is opened. Lorikeet does not open it; convert it to .safetensors first, for example with the "
          "model converter of your WebUI."),
        path);
    return NULL;
}
