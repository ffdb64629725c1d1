#include "format/safetensors_writer.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"
#include "format/json.h"

#include <glib/gi18n.h>
#include <string.h>

#define HEADER_MAX    100000000 /* what readers accept */
#define LEGACY_OFFSET 0x100000  /* the window that sshs_legacy_hash looks at */
#define LEGACY_SIZE   0x10000

struct LkSafetensorsWriter {
    LkFileWriter *file;
    char *path;
    const LkTensorSpec **order;
    size_t count;
    size_t current;   /* index into `order` of the tensor being written */
    size_t remaining; /* bytes it still needs */
};

/* The reference implementation's order of types, last first: a wider type never follows a narrower one, so every
 * tensor is aligned to its own type. */
static const int sort_rank[LK_FILE_DTYPES] = {
    [LK_FILE_U64] = 0,      [LK_FILE_I64] = 1,      [LK_FILE_F64] = 2, [LK_FILE_F32] = 3, [LK_FILE_U32] = 4,
    [LK_FILE_I32] = 5,      [LK_FILE_BF16] = 6,     [LK_FILE_F16] = 7, [LK_FILE_U16] = 8, [LK_FILE_I16] = 9,
    [LK_FILE_F8_E4M3] = 10, [LK_FILE_F8_E5M2] = 11, [LK_FILE_I8] = 12, [LK_FILE_U8] = 13, [LK_FILE_BOOL] = 14,
};

static int compare_specs(const void *a, const void *b)
{
    const LkTensorSpec *x = *(const LkTensorSpec *const *)a, *y = *(const LkTensorSpec *const *)b;
    int difference = sort_rank[x->dtype] - sort_rank[y->dtype];
    return difference ? difference : strcmp(x->name, y->name);
}

bool lk_tensor_spec_size(const LkTensorSpec *spec, size_t *size)
{
    if (spec->rank < 0 || spec->rank > LK_TENSOR_MAX_RANK || (unsigned)spec->dtype >= LK_FILE_DTYPES)
        return false;
    uint64_t bytes = lk_file_dtype_size(spec->dtype);
    for (int i = 0; i < spec->rank; i++)
        if (spec->shape[i] < 0 || __builtin_mul_overflow(bytes, (uint64_t)spec->shape[i], &bytes))
            return false;
    *size = (size_t)bytes;
    return bytes <= INT64_MAX;
}

/* ------------------------------------------------------------------------------------------- checks, order */

static bool check_specs(const char *path, const LkTensorSpec *specs, size_t count, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = specs[i].name;
        size_t size;
        if (!name || !g_utf8_validate(name, -1, NULL) || strcmp(name, "__metadata__") == 0)
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: tensor %zu has no proper name."), path, i);
        if (!lk_tensor_spec_size(&specs[i], &size) || __builtin_add_overflow(total, (uint64_t)size, &total) ||
            total > INT64_MAX)
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: the shape of \"%s\" is not possible."),
                                path, name);
        if (!g_hash_table_add(seen, (char *)name))
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: the tensor \"%s\" is there twice."), path,
                                name);
    }
    return true;
}

static const LkTensorSpec **sorted(const LkTensorSpec *specs, size_t count)
{
    const LkTensorSpec **order = g_new(const LkTensorSpec *, count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = &specs[i];
    order[count] = NULL;
    if (count)
        qsort(order, count, sizeof *order, compare_specs);
    return order;
}

/* ------------------------------------------------------------------------------------------- header */

static void add_tensor(GString *json, const LkTensorSpec *spec, uint64_t *offset)
{
    lk_json_add_key(json, spec->name);
    lk_json_begin(json);
    lk_json_add_string(json, "dtype", lk_file_dtype_name(spec->dtype));
    lk_json_add_key(json, "shape");
    g_string_append_c(json, '[');
    for (int i = 0; i < spec->rank; i++)
        g_string_append_printf(json, "%s%" G_GINT64_FORMAT, i ? "," : "", spec->shape[i]);
    g_string_append_c(json, ']');
    size_t size = 0;
    lk_tensor_spec_size(spec, &size);
    lk_json_add_key(json, "data_offsets");
    g_string_append_printf(json, "[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]", *offset, *offset + size);
    *offset += size;
    lk_json_end(json);
}

/* Room for a header: thousands of tensors take more than may be there, and a growing string would end the program. */
static GString *new_header(const LkTensorSpec *const *order, size_t count, const LkMetadata *metadata, GError **error)
{
    enum { BESIDES = 40, OF_TENSOR = 3 * BESIDES };
    size_t room = BESIDES;
    for (size_t i = 0; metadata && i < lk_metadata_count(metadata); i++)
        room += strlen(lk_metadata_key(metadata, i)) + 2 * strlen(lk_metadata_value(metadata, i)) + BESIDES;
    for (size_t i = 0; i < count; i++)
        room += strlen(order[i]->name) + OF_TENSOR;
    GString *header = g_string_new(NULL);
    char *bytes = g_try_realloc(header->str, room);
    if (!bytes) {
        g_string_free(header, TRUE);
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory for a buffer of %zu bytes."), room);
        return NULL;
    }
    header->str = bytes;
    header->allocated_len = room;
    return header;
}

/* Length and JSON, padded to 8 bytes. With `prefix`, only metadata whose keys begin so. No metadata, no entry. */
static GString *make_header(const LkTensorSpec *const *order, size_t count, const LkMetadata *metadata,
                            const char *prefix, GError **error)
{
    GString *header = new_header(order, count, metadata, error);
    if (!header)
        return NULL;
    g_string_append_len(header, "\0\0\0\0\0\0\0\0", 8);
    lk_json_begin(header);
    if (metadata) {
        lk_json_add_key(header, "__metadata__");
        lk_json_begin(header);
        for (size_t i = 0; i < lk_metadata_count(metadata); i++)
            if (!prefix || g_str_has_prefix(lk_metadata_key(metadata, i), prefix))
                lk_json_add_string(header, lk_metadata_key(metadata, i), lk_metadata_value(metadata, i));
        lk_json_end(header);
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++)
        add_tensor(header, order[i], &offset);
    lk_json_end(header);
    while (header->len % 8)
        g_string_append_c(header, ' ');
    uint64_t length = header->len - 8;
    memcpy(header->str, &length, sizeof length);
    return header;
}

/* ------------------------------------------------------------------------------------------- streaming */

/* Steps over tensors that are complete. */
static void advance(LkSafetensorsWriter *writer)
{
    while (writer->remaining == 0 && writer->current < writer->count) {
        writer->current++;
        if (writer->current < writer->count)
            lk_tensor_spec_size(writer->order[writer->current], &writer->remaining);
    }
}

LkSafetensorsWriter *lk_safetensors_writer_new(const char *path, const LkTensorSpec *specs, size_t count,
                                               const LkMetadata *metadata, GError **error)
{
    if (!check_specs(path, specs, count, error))
        return NULL;
    LkSafetensorsWriter *writer = g_new0(LkSafetensorsWriter, 1);
    writer->path = g_strdup(path);
    writer->count = count;
    writer->order = sorted(specs, count);
    GString *header = make_header(writer->order, count, metadata, NULL, error);
    if (!header) {
        lk_safetensors_writer_abandon(writer);
        return NULL;
    }
    LkError fault = {0};
    if (header->len - 8 > HEADER_MAX)
        lk_fail(&fault, LK_ERROR_FORMAT,
                _("Cannot write %s: its header would have %zu bytes, and at most %d can be read."), path,
                header->len - 8, HEADER_MAX);
    else if ((writer->file = lk_file_writer_new(path, &fault)))
        lk_file_writer_write(writer->file, header->str, header->len, &fault);
    g_string_free(header, TRUE);
    if (fault.code) {
        lk_gerror_take(error, &fault);
        lk_safetensors_writer_abandon(writer);
        return NULL;
    }
    if (count)
        lk_tensor_spec_size(writer->order[0], &writer->remaining);
    advance(writer);
    return writer;
}

const LkTensorSpec *lk_safetensors_writer_next(const LkSafetensorsWriter *writer)
{
    return writer->current < writer->count ? writer->order[writer->current] : NULL;
}

bool lk_safetensors_writer_append(LkSafetensorsWriter *writer, const void *data, size_t size, GError **error)
{
    if (!size)
        return true;
    if (size > writer->remaining)
        return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: %zu bytes too many for the tensor \"%s\"."),
                            writer->path, size - writer->remaining,
                            writer->current < writer->count ? writer->order[writer->current]->name : "(none)");
    LkError fault = {0};
    if (!lk_file_writer_write(writer->file, data, size, &fault))
        return lk_gerror_take(error, &fault);
    writer->remaining -= size;
    advance(writer);
    return true;
}

bool lk_safetensors_writer_commit(LkSafetensorsWriter *writer, GError **error)
{
    LkError fault = {0};
    if (writer->current < writer->count) {
        lk_fail(&fault, LK_ERROR_FORMAT, _("Cannot write %s: the tensor \"%s\" is not complete."), writer->path,
                writer->order[writer->current]->name);
    } else {
        lk_file_writer_commit(writer->file, &fault);
        writer->file = NULL;
    }
    lk_safetensors_writer_abandon(writer);
    return fault.code ? lk_gerror_take(error, &fault) : true;
}

void lk_safetensors_writer_abandon(LkSafetensorsWriter *writer)
{
    if (!writer)
        return;
    lk_file_writer_abandon(writer->file);
    g_free(writer->order);
    g_free(writer->path);
    g_free(writer);
}

/* ------------------------------------------------------------------------------------------- in memory */

bool lk_safetensors_write(const char *path, const LkTensorSpec *tensors, size_t count, const LkMetadata *metadata,
                          GError **error)
{
    LkSafetensorsWriter *writer = lk_safetensors_writer_new(path, tensors, count, metadata, error);
    if (!writer)
        return false;
    const LkTensorSpec *next;
    while ((next = lk_safetensors_writer_next(writer))) {
        if (!lk_safetensors_writer_append(writer, next->data, writer->remaining, error)) {
            lk_safetensors_writer_abandon(writer);
            return false;
        }
    }
    return lk_safetensors_writer_commit(writer, error);
}

/* The part of a stream of bytes that falls into the legacy window. */
typedef struct Window {
    LkSha256 hash;
    uint64_t at;
} Window;

static void window_update(Window *window, const void *data, size_t size)
{
    uint64_t begin = window->at, end = begin + size;
    window->at = end;
    begin = MAX(begin, LEGACY_OFFSET);
    end = MIN(end, LEGACY_OFFSET + LEGACY_SIZE);
    if (begin < end)
        lk_sha256_update(&window->hash, (const uint8_t *)data + (begin - (window->at - size)), (size_t)(end - begin));
}

static void hex_of(LkSha256 *hash, char out[65])
{
    uint8_t digest[32];
    lk_sha256_final(hash, digest);
    lk_sha256_write(digest, out);
}

bool lk_safetensors_write_lora(const char *path, const LkTensorSpec *tensors, size_t count, const LkMetadata *metadata,
                               GError **error)
{
    if (!check_specs(path, tensors, count, error))
        return false;
    g_autoptr(LkMetadata) full = lk_metadata_copy(metadata);
    g_autofree const LkTensorSpec **order = sorted(tensors, count);
    GString *header = make_header(order, count, full, "ss_", error);
    if (!header)
        return false;
    LkSha256 model;
    Window legacy = {.at = 0};
    lk_sha256_init(&model);
    lk_sha256_init(&legacy.hash);
    window_update(&legacy, header->str, header->len);
    g_string_free(header, TRUE);
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        lk_tensor_spec_size(order[i], &size);
        lk_sha256_update(&model, order[i]->data, size);
        window_update(&legacy, order[i]->data, size);
    }
    char hex[65];
    hex_of(&model, hex);
    lk_metadata_set(full, "sshs_model_hash", hex);
    hex_of(&legacy.hash, hex);
    hex[8] = '\0';
    lk_metadata_set(full, "sshs_legacy_hash", hex);
    return lk_safetensors_write(path, tensors, count, full, error);
}
