#include "format/torch_file.h"

#include "base/memory.h"
#include "format/gerror.h"
#include "format/pickle.h"
#include "format/safetensors_private.h"
#include "format/zip_reader.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PICKLE ((uint64_t)64 << 20)

typedef struct Archive {
    LkInput *input;
    LkZip *zip;
    char *folder; /* that its entries are in ("archive/") */
} Archive;

/* The archive's pickle, and the folder that its entries are in ("archive/"). */
static const LkZipEntry *find_pickle(const LkZip *zip, char **folder)
{
    for (size_t i = 0; i < zip->count; i++) {
        const LkZipEntry *entry = &zip->entries[i];
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
static bool read_tensor(const Archive *archive, const LkPickleValue *tensor, LkTensorView *view, const char **problem)
{
    const LkPickleValue *storage = tensor->parent;
    uint64_t elements, size = lk_file_dtype_size(storage->dtype);
    if (!read_shape(tensor, view, &elements))
        return false;
    g_autofree char *path = g_strconcat(archive->folder, "data/", storage->text, NULL);
    const LkZipEntry *entry = lk_zip_find(archive->zip, path);
    uint64_t first = (uint64_t)tensor->number, held = entry ? entry->size / size : 0;
    if (!entry || tensor->number < 0 || first > held || elements > held - first) {
        *problem = N_("the numbers of a tensor are not all there.");
        return false;
    }
    view->dtype = storage->dtype;
    view->size = (size_t)(elements * size);
    view->input = archive->input;
    view->offset = entry->offset + first * size;
    return true;
}

/* All tensors of a dictionary; of two with one name the last counts, as in Python. */
static GArray *read_tensors(const Archive *archive, const LkPickleValue *dict, const char **problem)
{
    GArray *views = g_array_new(FALSE, TRUE, sizeof(LkTensorView));
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i + 1 < dict->items->len && !*problem; i += 2) {
        const LkPickleValue *name = dict->items->pdata[i], *value = dict->items->pdata[i + 1];
        LkTensorView view = {.name = name->text};
        if (name->type != LK_PICKLE_TEXT || value->type != LK_PICKLE_TENSOR || strlen(name->text) > 1024 ||
            !read_tensor(archive, value, &view, problem))
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

static bool is_little_endian(const Archive *archive)
{
    g_autofree char *path = g_strconcat(archive->folder, "byteorder", NULL);
    const LkZipEntry *entry = lk_zip_find(archive->zip, path);
    char order[6];
    return !entry ||
           (entry->size == sizeof order && lk_input_read(archive->input, entry->offset, order, sizeof order, NULL) &&
            memcmp(order, "little", sizeof order) == 0);
}

static bool fail_file(const Archive *archive, const char *problem, GError **error)
{
    return lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a file of PyTorch that can be read: %s"),
                        lk_input_path(archive->input), problem);
}

/* The archive's pickle, read; or NULL. */
static LkPickle *read_pickle(const Archive *archive, const LkZipEntry *entry, GError **error)
{
    LkError fault = {0};
    if (entry->size > MAX_PICKLE) {
        fail_file(archive, _("its pickle is larger than 64 MB."), error);
        return NULL;
    }
    uint8_t *bytes = lk_memory_new((size_t)entry->size, 1, &fault);
    if (!bytes || !lk_input_read(archive->input, entry->offset, bytes, (size_t)entry->size, &fault)) {
        free(bytes);
        lk_gerror_take(error, &fault);
        return NULL;
    }
    char *problem = NULL;
    LkPickle *pickle = lk_pickle_read(bytes, (size_t)entry->size, &problem);
    if (!pickle)
        fail_file(archive, problem, error);
    g_free(problem);
    free(bytes);
    return pickle;
}

/* The views of an archive, or NULL. Their names are the pickle's. */
static GArray *find_views(const Archive *archive, const LkPickle *pickle, GError **error)
{
    const char *broken = NULL;
    const LkPickleValue *root = pickle->root, *inside = lk_pickle_get(root, "state_dict");
    root = inside ? inside : root;
    GArray *views = root->type == LK_PICKLE_DICT ? read_tensors(archive, root, &broken) : NULL;
    if (!broken && (!views || views->len == 0))
        broken = N_("there are no tensors with names in it.");
    if (!broken && !is_little_endian(archive))
        broken = N_("its numbers are in the order of another kind of computer.");
    if (!broken)
        return views;
    fail_file(archive, _(broken), error);
    if (views)
        g_array_unref(views);
    return NULL;
}

/* Opens the ZIP and finds its pickle; NULL with an error. */
static const LkZipEntry *open_archive(Archive *archive, GError **error)
{
    LkError fault = {0};
    archive->zip = lk_zip_open(archive->input, &fault);
    const LkZipEntry *entry = archive->zip ? find_pickle(archive->zip, &archive->folder) : NULL;
    if (fault.code != LK_ERROR_NONE && fault.code != LK_ERROR_FORMAT)
        lk_gerror_take(error, &fault);
    else if (!entry)
        fail_file(archive, archive->zip ? _("it is a ZIP archive without data.pkl.") : fault.text, error);
    return entry;
}

LkSafetensors *lk_torch_file_open_input(LkInput *input, GError **error)
{
    Archive archive = {.input = input};
    const LkZipEntry *entry = open_archive(&archive, error);
    LkPickle *pickle = entry ? read_pickle(&archive, entry, error) : NULL;
    GArray *views = pickle ? find_views(&archive, pickle, error) : NULL;
    LkSafetensors *file = NULL;
    if (views)
        file = lk_safetensors_of_views(input, (LkTensorView *)views->data, views->len, error);
    else
        lk_input_free(input);
    if (views)
        g_array_unref(views);
    lk_pickle_free(pickle);
    lk_zip_free(archive.zip);
    g_free(archive.folder);
    return file;
}

/* How a file begins: a ZIP, or a pickle by itself, as PyTorch wrote it before version 1.6. A safetensors file begins
 * with its header's length, which can look like either, but then comes a brace. */
static bool look_at_start(const LkInput *input, bool *zip, bool *pickle, LkError *error)
{
    uint8_t start[9] = {0};
    const size_t size = (size_t)MIN(lk_input_size(input), sizeof start);
    if (!lk_input_read(input, 0, start, size, error))
        return false;
    const bool other = size > 4 && (size < sizeof start || start[8] != '{');
    *zip = other && memcmp(start, "PK\3\4", 4) == 0;
    *pickle = other && start[0] == 0x80;
    return true;
}

LkSafetensors *lk_tensor_file_open(const char *path, GError **error)
{
    bool zip, pickle;
    LkError fault = {0};
    LkInput *input = lk_input_open(path, &fault);
    if (!input || !look_at_start(input, &zip, &pickle, &fault)) {
        lk_gerror_take(error, &fault);
        lk_input_free(input);
        return NULL;
    }
    if (!pickle)
        return zip ? lk_torch_file_open_input(input, error) : lk_safetensors_open_input(input, error);
    lk_input_free(input);
    lk_set_error(
        error, LK_ERROR_UNSUPPORTED,
        _("'%s' is a pickle of the oldest kind (.ckpt or .pt of PyTorch before 1.6), a file that can run programs "
          "when it is opened. Lorikeet does not open it; convert it to .safetensors first, for example with the "
          "model converter of your WebUI."),
        path);
    return NULL;
}
