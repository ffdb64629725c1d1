#include "format/pt_writer.h"

#include "format/gerror.h"
#include "format/zip_writer.h"

#include <glib/gi18n.h>
#include <string.h>

#define ALIGNMENT 64 /* as torch.save: a reader may map the storages */

/* torch's storage class of each type; NULL where there is none. */
static const char *const storages[LK_FILE_DTYPES] = {
    [LK_FILE_F64] = "DoubleStorage",    [LK_FILE_F32] = "FloatStorage", [LK_FILE_F16] = "HalfStorage",
    [LK_FILE_BF16] = "BFloat16Storage", [LK_FILE_I64] = "LongStorage",  [LK_FILE_I32] = "IntStorage",
    [LK_FILE_I16] = "ShortStorage",     [LK_FILE_I8] = "CharStorage",   [LK_FILE_U8] = "ByteStorage",
    [LK_FILE_BOOL] = "BoolStorage",
};

/* ------------------------------------------------------------------------------------- pickle, protocol 2 */

static void put_text(GString *out, const char *text)
{
    uint32_t size = (uint32_t)strlen(text);
    g_string_append_c(out, 'X'); /* BINUNICODE */
    g_string_append_len(out, (const char *)&size, sizeof size);
    g_string_append(out, text);
}

static void put_global(GString *out, const char *module, const char *name)
{
    g_string_append_printf(out, "c%s\n%s\n", module, name); /* GLOBAL */
}

static void put_integer(GString *out, int64_t value)
{
    if (value >= INT32_MIN && value <= INT32_MAX) {
        int32_t small = (int32_t)value;
        g_string_append_c(out, 'J'); /* BININT */
        g_string_append_len(out, (const char *)&small, sizeof small);
    } else {
        g_string_append_len(out, "\x8a\x08", 2); /* LONG1 of eight bytes */
        g_string_append_len(out, (const char *)&value, sizeof value);
    }
}

static void put_shape(GString *out, const LkTensorSpec *tensor)
{
    g_string_append_c(out, '('); /* MARK */
    for (int i = 0; i < tensor->rank; i++)
        put_integer(out, tensor->shape[i]);
    g_string_append_c(out, 't'); /* TUPLE */
}

/* Row-major strides, in elements; a dimension of 0 counts as 1, as in torch. */
static void put_strides(GString *out, const LkTensorSpec *tensor)
{
    int64_t strides[LK_TENSOR_MAX_RANK], stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        /* Unsigned: beside a dimension of 0 the others may be anything. */
        stride = (int64_t)((uint64_t)stride * (uint64_t)MAX(tensor->shape[i], 1));
    }
    g_string_append_c(out, '(');
    for (int i = 0; i < tensor->rank; i++)
        put_integer(out, strides[i]);
    g_string_append_c(out, 't');
}

/* torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks) */
static void put_tensor(GString *out, const LkTensorSpec *tensor, size_t index, int64_t elements)
{
    char key[24];
    g_snprintf(key, sizeof key, "%zu", index);
    put_global(out, "torch._utils", "_rebuild_tensor_v2");
    g_string_append(out, "((");
    put_text(out, "storage");
    put_global(out, "torch", storages[tensor->dtype]);
    put_text(out, key);
    put_text(out, "cpu");
    put_integer(out, elements);
    g_string_append(out, "tQ"); /* TUPLE, BINPERSID: the storage, by reference */
    put_integer(out, 0);
    put_shape(out, tensor);
    put_strides(out, tensor);
    g_string_append_c(out, '\x89'); /* NEWFALSE */
    put_global(out, "collections", "OrderedDict");
    g_string_append(out, ")RtR"); /* OrderedDict(); the six as a tuple; the call */
}

static GString *make_pickle(const LkTensorSpec *tensors, size_t count)
{
    GString *out = g_string_new("\x80\x02}("); /* PROTO 2, EMPTY_DICT, MARK */
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        lk_tensor_spec_size(&tensors[i], &size);
        put_text(out, tensors[i].name);
        put_tensor(out, &tensors[i], i, (int64_t)(size / lk_file_dtype_size(tensors[i].dtype)));
    }
    g_string_append(out, "u."); /* SETITEMS, STOP */
    return out;
}

/* ------------------------------------------------------------------------------------------- the archive */

static bool check_tensors(const char *path, const LkTensorSpec *tensors, size_t count, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < count; i++) {
        const char *name = tensors[i].name;
        size_t size;
        if (!name || strlen(name) > UINT16_MAX || !g_utf8_validate(name, -1, NULL))
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: tensor %zu has no proper name."), path, i);
        if (!lk_tensor_spec_size(&tensors[i], &size))
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: the shape of \"%s\" is not possible."),
                                path, name);
        if (!storages[tensors[i].dtype])
            return lk_set_error(
                error, LK_ERROR_UNSUPPORTED,
                _("Cannot write %s: a .pt file cannot hold the type %s of \"%s\"; write fp16, bf16 or fp32."), path,
                lk_file_dtype_name(tensors[i].dtype), name);
        if (!g_hash_table_add(seen, (char *)name))
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: the tensor \"%s\" is there twice."), path,
                                name);
    }
    return true;
}

/* The entries in the order that torch.save writes them; "archive" is its name for the folder in the ZIP. */
static bool add_entries(LkZipWriter *zip, const LkTensorSpec *tensors, size_t count, LkError *error)
{
    GString *pickle = make_pickle(tensors, count);
    bool ok = lk_zip_writer_add(zip, "archive/data.pkl", pickle->str, pickle->len, error) &&
              lk_zip_writer_add(zip, "archive/byteorder", "little", 6, error);
    g_string_free(pickle, TRUE);
    for (size_t i = 0; ok && i < count; i++) {
        char name[40];
        size_t size = 0;
        lk_tensor_spec_size(&tensors[i], &size);
        g_snprintf(name, sizeof name, "archive/data/%zu", i);
        ok = lk_zip_writer_add(zip, name, tensors[i].data, size, error);
    }
    return ok && lk_zip_writer_add(zip, "archive/version", "3\n", 2, error);
}

bool lk_pt_write(const char *path, const LkTensorSpec *tensors, size_t count, GError **error)
{
    if (!check_tensors(path, tensors, count, error))
        return false;
    LkError fault = {0};
    LkZipWriter *zip = lk_zip_writer_new(path, ALIGNMENT, &fault);
    if (!zip)
        return lk_gerror_take(error, &fault);
    if (add_entries(zip, tensors, count, &fault))
        lk_zip_writer_commit(zip, &fault);
    else
        lk_zip_writer_abandon(zip);
    return fault.code ? lk_gerror_take(error, &fault) : true;
}
