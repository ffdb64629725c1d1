#include "format/safetensors.h"

#include "format/gerror.h"
#include "format/json.h"
#include "format/safetensors_private.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX    100000000 /* as in the reference implementation */
#define HEADER_LEVELS 8         /* a tensor's shape is level 3; the rest is room for fields we pass over */

struct LkSafetensors {
    LkInput *input;
    uint64_t data_at; /* behind the header */
    size_t data_size;
    LkTensorView *tensors; /* by offset */
    size_t count;
    const LkTensorView **by_name; /* the same, sorted */
    char *names;
    LkMetadata *metadata;
};

/* What is being read, for messages and for offsets that only become pointers once all is checked. */
typedef struct Entry {
    LkTensorView view;
    uint64_t begin, end;
} Entry;

/* ------------------------------------------------------------------------------------------- messages */

static bool fail_file(const LkSafetensors *file, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail_file(const LkSafetensors *file, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a valid safetensors file: %s"), lk_input_path(file->input),
                        text);
}

/* Names come from the file: shown shortened and without control characters. */
static char *shown(const char *name)
{
    GString *out = g_string_new(NULL);
    const char *p = name;
    for (int n = 0; *p && n < 120; n++, p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isprint(c))
            g_string_append_unichar(out, c);
        else
            g_string_append_c(out, '?');
    }
    if (*p)
        g_string_append(out, "…");
    return g_string_free(out, FALSE);
}

static bool fail_tensor(const LkSafetensors *file, const char *name, const char *field, GError **error,
                        const char *format, ...) G_GNUC_PRINTF(5, 6);
static bool fail_tensor(const LkSafetensors *file, const char *name, const char *field, GError **error,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *tensor = shown(name);
    return fail_file(file, error, _("tensor \"%s\", field \"%s\": %s"), tensor, field, text);
}

/* ------------------------------------------------------------------------------------- one tensor's entry */

/* A non-negative whole number up to 2^63-1, written as such (the reference refuses 1.0 as well). */
static bool read_size(yyjson_val *value, uint64_t *out)
{
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > INT64_MAX)
        return false;
    *out = yyjson_get_uint(value);
    return true;
}

static bool read_dtype(const LkSafetensors *file, Entry *entry, yyjson_val *value, GError **error)
{
    const char *name = entry->view.name;
    if (!yyjson_is_str(value))
        return fail_tensor(file, name, "dtype", error, _("it must be a text such as \"F16\"."));
    const char *text = yyjson_get_str(value);
    if (strlen(text) == yyjson_get_len(value) && lk_file_dtype_from_name(text, &entry->view.dtype))
        return true;
    g_autofree char *type = shown(text);
    return fail_tensor(file, name, "dtype", error, _("the number type \"%s\" is not known to this version."), type);
}

static bool read_shape(const LkSafetensors *file, Entry *entry, yyjson_val *value, GError **error)
{
    const char *name = entry->view.name;
    if (!yyjson_is_arr(value))
        return fail_tensor(file, name, "shape", error, _("it must be a list of whole numbers."));
    size_t rank = yyjson_arr_size(value);
    if (rank > LK_TENSOR_MAX_RANK)
        return fail_tensor(file, name, "shape", error, _("it has %zu dimensions; at most %d are supported."), rank,
                           LK_TENSOR_MAX_RANK);
    entry->view.rank = (int)rank;
    uint64_t elements = 1;
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(value, i, count, item)
    {
        uint64_t dim;
        if (!read_size(item, &dim))
            return fail_tensor(file, name, "shape", error, _("entry %zu is not a whole number from 0 to 2^63 - 1."), i);
        if (__builtin_mul_overflow(elements, dim, &elements))
            return fail_tensor(file, name, "shape", error, _("the product of its dimensions is too large."));
        entry->view.shape[i] = (int64_t)dim;
    }
    return true;
}

static bool read_offsets(const LkSafetensors *file, Entry *entry, yyjson_val *value, GError **error)
{
    const char *name = entry->view.name;
    if (!yyjson_is_arr(value) || yyjson_arr_size(value) != 2)
        return fail_tensor(file, name, "data_offsets", error, _("it must be a list of two whole numbers."));
    if (!read_size(yyjson_arr_get(value, 0), &entry->begin) || !read_size(yyjson_arr_get(value, 1), &entry->end))
        return fail_tensor(file, name, "data_offsets", error, _("both must be whole numbers from 0 to 2^63 - 1."));
    if (entry->begin > entry->end)
        return fail_tensor(file, name, "data_offsets", error, _("the end %" PRIu64 " is before the begin %" PRIu64 "."),
                           entry->end, entry->begin);
    if (entry->end > file->data_size)
        return fail_tensor(file, name, "data_offsets", error,
                           _("it ends at byte %" PRIu64
                             ", but only %zu bytes follow the header; the file may have been cut "
                             "off while it was copied or downloaded."),
                           entry->end, file->data_size);
    entry->view.size = (size_t)(entry->end - entry->begin);
    return true;
}

static bool check_size(const LkSafetensors *file, const Entry *entry, GError **error)
{
    const LkTensorView *view = &entry->view;
    uint64_t elements = 1, size;
    for (int i = 0; i < view->rank; i++)
        elements *= (uint64_t)view->shape[i]; /* read_shape saw that this does not overflow */
    if (__builtin_mul_overflow(elements, lk_file_dtype_size(view->dtype), &size))
        return fail_tensor(file, view->name, "shape", error, _("the product of its dimensions is too large."));
    if (size != view->size)
        return fail_tensor(file, view->name, "data_offsets", error,
                           _("it covers %zu bytes, but its shape and type %s need %" PRIu64 "."), view->size,
                           lk_file_dtype_name(view->dtype), size);
    return true;
}

static bool read_tensor(const LkSafetensors *file, Entry *entry, yyjson_val *value, GError **error)
{
    static const struct {
        const char *name;
        bool (*read)(const LkSafetensors *, Entry *, yyjson_val *, GError **);
    } fields[] = {{"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets}};
    if (!yyjson_is_obj(value))
        return fail_tensor(file, entry->view.name, "dtype", error, _("the tensor's description is not an object."));
    bool seen[G_N_ELEMENTS(fields)] = {0};
    size_t i, count;
    yyjson_val *key, *item;
    yyjson_obj_foreach(value, i, count, key, item)
    {
        for (size_t f = 0; f < G_N_ELEMENTS(fields); f++) {
            if (!yyjson_equals_str(key, fields[f].name))
                continue;
            if (seen[f])
                return fail_tensor(file, entry->view.name, fields[f].name, error, _("it is there twice."));
            seen[f] = true;
            if (!fields[f].read(file, entry, item, error))
                return false;
        }
    }
    for (size_t f = 0; f < G_N_ELEMENTS(fields); f++)
        if (!seen[f])
            return fail_tensor(file, entry->view.name, fields[f].name, error, _("it is missing."));
    return check_size(file, entry, error);
}

/* ------------------------------------------------------------------------------------------- the header */

static bool read_metadata(LkSafetensors *file, yyjson_val *value, GError **error)
{
    if (yyjson_is_null(value))
        return true;
    if (!yyjson_is_obj(value))
        return fail_file(file, error, _("\"__metadata__\" is not an object."));
    size_t i, count;
    yyjson_val *key, *item;
    yyjson_obj_foreach(value, i, count, key, item)
    {
        const char *name = yyjson_get_str(key);
        g_autofree char *key_shown = shown(name);
        if (strlen(name) != yyjson_get_len(key))
            return fail_file(file, error, _("a key in \"__metadata__\" has a NUL character: \"%s\"."), key_shown);
        if (!yyjson_is_str(item))
            return fail_file(file, error, _("the metadata \"%s\" is not a text."), key_shown);
        if (strlen(yyjson_get_str(item)) != yyjson_get_len(item))
            return fail_file(file, error, _("the metadata \"%s\" has a NUL character."), key_shown);
        if (lk_metadata_get(file->metadata, name))
            return fail_file(file, error, _("the metadata \"%s\" is there twice."), key_shown);
        if (!lk_metadata_try_set(file->metadata, name, yyjson_get_str(item), error))
            return false;
    }
    return true;
}

static int compare_entry_names(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->view.name, ((const Entry *)b)->view.name);
}

/* No two tensors of one name; sorts them by name. */
static bool check_names(const LkSafetensors *file, Entry *entries, GError **error)
{
    qsort(entries, file->count, sizeof *entries, compare_entry_names);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(entries[i].view.name, entries[i - 1].view.name) != 0)
            continue;
        g_autofree char *tensor = shown(entries[i].view.name);
        return fail_file(file, error, _("the tensor \"%s\" is there twice."), tensor);
    }
    return true;
}

static bool read_entries(LkSafetensors *file, yyjson_val *root, Entry *entries, GError **error)
{
    bool metadata_seen = false;
    size_t i, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(root, i, count, key, value)
    {
        const char *name = yyjson_get_str(key);
        if (yyjson_equals_str(key, "__metadata__")) {
            if (metadata_seen)
                return fail_file(file, error, _("\"__metadata__\" is there twice."));
            metadata_seen = true;
            if (!read_metadata(file, value, error))
                return false;
            continue;
        }
        if (strlen(name) != yyjson_get_len(key)) {
            g_autofree char *tensor = shown(name);
            return fail_file(file, error, _("a tensor's name has a NUL character: \"%s\"."), tensor);
        }
        Entry *entry = &entries[file->count];
        entry->view.name = name;
        if (!read_tensor(file, entry, value, error))
            return false;
        file->count++;
    }
    return check_names(file, entries, error);
}

static int compare_offsets(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->view.name, y->view.name); /* empty tensors at one place: any fixed order */
}

/* Sorted tensors must follow one another without gap or overlap, from the first to the last byte. */
static bool check_layout(const LkSafetensors *file, const Entry *entries, GError **error)
{
    uint64_t at = 0;
    for (size_t i = 0; i < file->count; i++) {
        const Entry *entry = &entries[i];
        if (entry->begin < at) {
            g_autofree char *before = shown(entries[i - 1].view.name);
            return fail_tensor(file, entry->view.name, "data_offsets", error,
                               _("it begins at byte %" PRIu64 ", inside the bytes of \"%s\"."), entry->begin, before);
        }
        if (entry->begin > at)
            return fail_tensor(
                file, entry->view.name, "data_offsets", error,
                _("it begins at byte %" PRIu64 ", but the bytes before it are used only up to %" PRIu64 "."),
                entry->begin, at);
        at = entry->end;
    }
    if (at != file->data_size)
        return fail_file(file, error, _("its tensors end at byte %" PRIu64 ", but %zu bytes follow the header."), at,
                         file->data_size);
    return true;
}

static int compare_view_names(const void *a, const void *b)
{
    return strcmp((*(const LkTensorView *const *)a)->name, (*(const LkTensorView *const *)b)->name);
}

/* Fills the index by name, of which there are no two alike. */
static bool index_names(LkSafetensors *file, GError **error)
{
    file->by_name = LK_TRY_NEW(const LkTensorView *, file->count, error);
    for (size_t i = 0; file->by_name && i < file->count; i++)
        file->by_name[i] = &file->tensors[i];
    if (file->by_name)
        qsort(file->by_name, file->count, sizeof(LkTensorView *), compare_view_names);
    return file->by_name != NULL;
}

/* Lets the names, which are others', become the reader's own. */
static bool keep_names(LkSafetensors *file, GError **error)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < file->count; i++)
        total += strlen(file->tensors[i].name) + 1;
    file->names = LK_TRY_NEW(char, total, error);
    for (size_t i = 0; file->names && i < file->count; i++) {
        size_t size = strlen(file->tensors[i].name) + 1;
        file->tensors[i].name = memcpy(file->names + at, file->tensors[i].name, size);
        at += size;
    }
    return file->names && index_names(file, error);
}

/* Moves checked entries into the reader, where names and places are its own. */
static bool keep_entries(LkSafetensors *file, const Entry *entries, GError **error)
{
    file->tensors = LK_TRY_NEW(LkTensorView, file->count, error);
    for (size_t i = 0; file->tensors && i < file->count; i++) {
        file->tensors[i] = entries[i].view;
        file->tensors[i].input = file->input;
        file->tensors[i].offset = file->data_at + entries[i].begin;
    }
    return file->tensors && keep_names(file, error);
}

static bool read_header(LkSafetensors *file, const char *text, size_t length, GError **error)
{
    if (length == 0 || text[0] != '{')
        return fail_file(file, error, _("its header does not begin with \"{\". It may be another kind of file."));
    g_autofree char *source = g_strdup_printf(_("The header of %s"), lk_input_path(file->input));
    yyjson_doc *doc = lk_json_parse(text, length, source, HEADER_LEVELS, error);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    g_autofree Entry *entries = LK_TRY_NEW(Entry, yyjson_obj_size(root), error);
    bool ok = entries && read_entries(file, root, entries, error);
    if (ok)
        qsort(entries, file->count, sizeof *entries, compare_offsets);
    ok = ok && check_layout(file, entries, error) && keep_entries(file, entries, error);
    yyjson_doc_free(doc);
    return ok;
}

static bool read_file(LkSafetensors *file, GError **error)
{
    const size_t size = (size_t)lk_input_size(file->input);
    uint64_t length;
    LkError problem = {0};
    if (size < sizeof length)
        return fail_file(file, error, _("it has only %zu bytes; even an empty one has 10."), size);
    if (!lk_input_read(file->input, 0, &length, sizeof length, &problem))
        return lk_gerror_take(error, &problem);
    if (length > HEADER_MAX)
        return fail_file(
            file, error,
            _("its header length is %" PRIu64 ", and more than %d is not allowed. It may be another kind of file."),
            length, HEADER_MAX);
    if (length > size - sizeof length)
        return fail_file(file, error, _("its header length is %" PRIu64 ", but only %zu bytes follow it."), length,
                         size - sizeof length);
    file->data_at = sizeof length + length;
    file->data_size = size - sizeof length - (size_t)length;
    g_autofree char *text = LK_TRY_NEW(char, length, error);
    if (!text)
        return false;
    if (!lk_input_read(file->input, sizeof length, text, (size_t)length, &problem))
        return lk_gerror_take(error, &problem);
    return read_header(file, text, (size_t)length, error);
}

/* ------------------------------------------------------------------------------------------- public */

static LkSafetensors *new_reader(LkInput *input)
{
    LkSafetensors *file = g_new0(LkSafetensors, 1);
    file->input = input;
    file->metadata = lk_metadata_new();
    return file;
}

LkSafetensors *lk_safetensors_open_input(LkInput *input, GError **error)
{
    LkSafetensors *file = new_reader(input);
    if (read_file(file, error))
        return file;
    lk_safetensors_free(file);
    return NULL;
}

LkSafetensors *lk_safetensors_open(const char *path, GError **error)
{
    LkError problem = {0};
    LkInput *input = lk_input_open(path, &problem);
    if (input)
        return lk_safetensors_open_input(input, error);
    lk_gerror_take(error, &problem);
    return NULL;
}

LkSafetensors *lk_safetensors_of_views(LkInput *input, const LkTensorView *views, size_t count, GError **error)
{
    LkSafetensors *file = new_reader(input);
    file->tensors = LK_TRY_NEW(LkTensorView, count, error);
    file->count = file->tensors ? count : 0;
    if (file->count)
        memcpy(file->tensors, views, count * sizeof *views);
    if (file->tensors && keep_names(file, error))
        return file;
    lk_safetensors_free(file);
    return NULL;
}

void lk_safetensors_free(LkSafetensors *file)
{
    if (!file)
        return;
    lk_input_free(file->input);
    lk_metadata_free(file->metadata);
    g_free(file->by_name);
    g_free(file->tensors);
    g_free(file->names);
    g_free(file);
}

const char *lk_safetensors_path(const LkSafetensors *file)
{
    return lk_input_path(file->input);
}

const LkInput *lk_safetensors_input(const LkSafetensors *file)
{
    return file->input;
}

size_t lk_safetensors_count(const LkSafetensors *file)
{
    return file->count;
}

const LkTensorView *lk_safetensors_at(const LkSafetensors *file, size_t i)
{
    return i < file->count ? &file->tensors[i] : NULL;
}

static int compare_name(const void *name, const void *view)
{
    return strcmp(name, (*(const LkTensorView *const *)view)->name);
}

const LkTensorView *lk_safetensors_find(const LkSafetensors *file, const char *name)
{
    const LkTensorView *const *found = bsearch(name, file->by_name, file->count, sizeof(LkTensorView *), compare_name);
    return found ? *found : NULL;
}

const char *lk_safetensors_metadata(const LkSafetensors *file, const char *key)
{
    return lk_metadata_get(file->metadata, key);
}

const LkMetadata *lk_safetensors_all_metadata(const LkSafetensors *file)
{
    return file->metadata;
}
