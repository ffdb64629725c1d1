/* The reader: what is right is read, and each way to lie in a header is refused in words that name the place. */
#include "format/safetensors.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"

#include <string.h>

/* Length, header and data as one block. */
static GByteArray *block(const char *header, const void *data, size_t size)
{
    GByteArray *bytes = g_byte_array_new();
    uint64_t length = strlen(header);
    g_byte_array_append(bytes, (const guint8 *)&length, 8);
    g_byte_array_append(bytes, (const guint8 *)header, (guint)length);
    if (size)
        g_byte_array_append(bytes, data, (guint)size);
    return bytes;
}

static const uint8_t sixteen[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* 16 bytes of data follow each header. `words` is what the message must say; NULL: it is a good file. */
static const struct {
    const char *title, *header, *words;
} headers[] = {
    {"two tensors",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[2,4],\"data_"
     "offsets\":[8,16]}}",
     NULL},
    {"in another order than their bytes",
     "{\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_"
     "offsets\":[0,8]}}",
     NULL},
    {"spaces behind", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}      ", NULL},
    {"metadata null", "{\"__metadata__\":null,\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}", NULL},
    {"a field we do not know",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16],\"more\":[1,{\"x\":[]}]}}", NULL},
    {"an empty tensor between",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"e\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_"
     "offsets\":[8,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}",
     NULL},
    {"rank 8", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,2,1,2,1,2,1,2],\"data_offsets\":[0,16]}}", NULL},

    {"nothing", "", "does not begin with \"{\""},
    {"no object", "[]", "does not begin with \"{\""},
    {"a space before", " {\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "does not begin with \"{\""},
    {"no JSON", "{\"a\":{\"dtype\":\"U8\",", "not valid JSON"},
    {"a trailing comma", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]},}", "not valid JSON"},
    {"text behind", "{} {}", "not valid JSON"},
    {"no UTF-8", "{\"\xff\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}", "not valid JSON"},
    {"half a surrogate", "{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}", "not valid JSON"},
    {"NUL in a name", "{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}", "NUL"},
    {"deep nesting", "{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}", "levels of brackets"},

    {"a name twice",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_"
     "offsets\":[8,16]}}",
     "the tensor \"a\" is there twice"},
    {"a tensor that is a number", "{\"a\":5}", "tensor \"a\""},
    {"unknown type", "{\"a\":{\"dtype\":\"F5\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "tensor \"a\", field \"dtype\": the number type \"F5\""},
    {"type in small letters", "{\"a\":{\"dtype\":\"u8\",\"shape\":[16],\"data_offsets\":[0,16]}}", "field \"dtype\""},
    {"type a number", "{\"a\":{\"dtype\":8,\"shape\":[16],\"data_offsets\":[0,16]}}", "field \"dtype\""},
    {"type with NUL", "{\"a\":{\"dtype\":\"U8\\u0000\",\"shape\":[16],\"data_offsets\":[0,16]}}", "field \"dtype\""},
    {"no type", "{\"a\":{\"shape\":[16],\"data_offsets\":[0,16]}}", "field \"dtype\": it is missing"},
    {"no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,16]}}", "field \"shape\": it is missing"},
    {"no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16]}}", "field \"data_offsets\": it is missing"},
    {"a field twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "field \"dtype\": it is there twice"},
    {"shape a number", "{\"a\":{\"dtype\":\"U8\",\"shape\":16,\"data_offsets\":[0,16]}}", "field \"shape\""},
    {"shape of a text", "{\"a\":{\"dtype\":\"U8\",\"shape\":[\"16\"],\"data_offsets\":[0,16]}}", "field \"shape\""},
    {"shape of a fraction", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16.0],\"data_offsets\":[0,16]}}", "field \"shape\""},
    {"shape below 0", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-16],\"data_offsets\":[0,16]}}", "field \"shape\""},
    {"shape of two negatives", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-4,-4],\"data_offsets\":[0,16]}}",
     "field \"shape\""},
    {"shape that overflows to the right size",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807,2,16],\"data_offsets\":[0,16]}}", "too large"},
    {"shape times type overflows",
     "{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693954],\"data_offsets\":[0,16]}}", "too large"},
    {"shape above 2^63", "{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551615],\"data_offsets\":[0,16]}}",
     "field \"shape\""},
    {"shape above 2^64", "{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999999],\"data_offsets\":[0,16]}}",
     "field \"shape\""},
    {"rank 9", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,16],\"data_offsets\":[0,16]}}", "9 dimensions"},
    {"offsets a number", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":0}}", "field \"data_offsets\""},
    {"one offset", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0]}}", "field \"data_offsets\""},
    {"three offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,8,16]}}", "field \"data_offsets\""},
    {"offset below 0", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[-1,15]}}", "field \"data_offsets\""},
    {"offset a text", "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[\"0\",16]}}",
     "field \"data_offsets\""},
    {"end before begin", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[16,8]}}", "before the begin"},
    {"end outside the file", "{\"a\":{\"dtype\":\"U8\",\"shape\":[17],\"data_offsets\":[0,17]}}",
     "only 16 bytes follow"},
    {"far outside the file",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,9223372036854775807]}}",
     "only 16 bytes follow"},
    {"fewer bytes than the shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,16]}}", "need 20"},
    {"more bytes than the shape", "{\"a\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[0,16]}}", "need 10"},
    {"an overlap",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_"
     "offsets\":[8,16]}}",
     "inside the bytes of \"a\""},
    {"the same bytes twice",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]},\"b\":{\"dtype\":\"U8\",\"shape\":[16],\"data_"
     "offsets\":[0,16]}}",
     "inside the bytes of \"a\""},
    {"a hole",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_"
     "offsets\":[8,16]}}",
     "used only up to 7"},
    {"a hole before the first", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}", "begins at byte 8"},
    {"bytes behind the last", "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
     "end at byte 8, but 16 bytes follow"},
    {"no tensor at all", "{}", "end at byte 0, but 16 bytes follow"},

    {"metadata a list", "{\"__metadata__\":[],\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "\"__metadata__\" is not an object"},
    {"metadata of a number",
     "{\"__metadata__\":{\"k\":5},\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "the metadata \"k\" is not a text"},
    {"metadata of an object",
     "{\"__metadata__\":{\"k\":{}},\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "the metadata \"k\" is not a text"},
    {"metadata twice",
     "{\"__metadata__\":{},\"__metadata__\":{},\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "there twice"},
    {"a metadata key twice",
     "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"},\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}",
     "the metadata \"k\" is there twice"},
    {"metadata with NUL",
     "{\"__metadata__\":{\"k\":\"a\\u0000b\"},\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}", "NUL"},
};

static void test_headers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GByteArray) bytes = block(headers[i].header, sixteen, 16);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkSafetensors) file =
            lk_safetensors_open_input(lk_input_of_bytes(bytes->data, bytes->len, "model.safetensors", NULL), &error);
        if (headers[i].words)
            tap_refused(file, &error, LK_ERROR_FORMAT, headers[i].words, headers[i].title);
        else
            tap_ok(file && !error, "good: %s", headers[i].title);
    }
}

/* Lies of the eight bytes before the header, and files cut off at every byte. */
static void test_lengths(void)
{
    static const uint64_t lengths[] = {60,        100000000,  100000001,     (uint64_t)1 << 32,
                                       INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
    const char *header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[0,16]}}";
    g_autoptr(GByteArray) bytes = block(header, sixteen, 16);
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GByteArray) lie = g_byte_array_new();
        g_byte_array_append(lie, bytes->data, bytes->len);
        memcpy(lie->data, &lengths[i], 8);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkSafetensors) file =
            lk_safetensors_open_input(lk_input_of_bytes(lie->data, lie->len, "x", NULL), &error);
        tap_refused(file, &error, LK_ERROR_FORMAT, "header", "a lying header length");
    }
    bool refused = true;
    for (guint size = 0; size < bytes->len; size++) {
        g_autofree uint8_t *part =
            g_memdup2(bytes->data, size ? size : 1); /* exact, so that a sanitizer sees overruns */
        g_autoptr(GError) error = NULL;
        LkSafetensors *file = lk_safetensors_open_input(lk_input_of_bytes(part, size, "x", NULL), &error);
        refused &= !file && error;
        lk_safetensors_free(file);
    }
    tap_ok(refused, "a file cut off at any of its %u bytes is refused", bytes->len);
}

static void test_content(void)
{
    const char *header = "{\"__metadata__\":{\"ss_a\":\"1\",\"b\":\"\\u00e9\\n\\\"\"},"
                         "\"b.c\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[12,16]},"
                         "\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}";
    const uint16_t data[8] = {0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000, 0xfff9, 0xffff};
    g_autoptr(GByteArray) bytes = block(header, data, 16);
    tap_ok(g_file_set_contents(scratch("m.safetensors"), (char *)bytes->data, bytes->len, NULL), "a file is made");
    g_autoptr(GError) error = NULL;
    LkSafetensors *file = lk_safetensors_open(scratch("m.safetensors"), &error);
    if (!tap_ok(file != NULL, "it opens"))
        return;
    const LkTensorView *a = lk_safetensors_find(file, "a"), *b = lk_safetensors_find(file, "b.c");
    tap_ok(lk_safetensors_count(file) == 2 && lk_safetensors_at(file, 0) == a && lk_safetensors_at(file, 1) == b &&
               !lk_safetensors_at(file, 2) && !lk_safetensors_find(file, "none"),
           "tensors by place (the order of their bytes) and by name");
    tap_ok(a->rank == 2 && a->shape[0] == 2 && a->shape[1] == 3 && a->dtype == LK_FILE_F16 && a->size == 12 &&
               lk_tensor_view_elements(a) == 6 && b->rank == 0 && lk_tensor_view_elements(b) == 1,
           "shapes and sizes");
    float values[6], seven;
    tap_ok(lk_tensor_view_to_f32(a, values, NULL) && lk_tensor_view_to_f32(b, &seven, NULL) && values[0] == 1 &&
               values[1] == -2 && values[2] == 0x1.554p-2f && values[3] == 0x1p-24f && values[4] == 65504 &&
               values[5] == 0 && seven == -7,
           "numbers as float32");
    const LkMetadata *all = lk_safetensors_all_metadata(file);
    tap_ok(g_strcmp0(lk_safetensors_metadata(file, "b"), "é\n\"") == 0 && !lk_safetensors_metadata(file, "c") &&
               lk_metadata_count(all) == 2 && g_strcmp0(lk_metadata_key(all, 0), "ss_a") == 0 &&
               g_strcmp0(lk_metadata_value(all, 0), "1") == 0,
           "metadata");
    lk_safetensors_free(file);
    lk_safetensors_free(NULL);

    tap_refused(lk_safetensors_open(scratch("none"), &error), &error, LK_ERROR_IO, "No such file", "missing");
    tap_refused(lk_safetensors_open(scratch_folder, &error), &error, LK_ERROR_IO, "a folder", "a folder");
    g_file_set_contents(scratch("empty"), "", 0, NULL);
    tap_refused(lk_safetensors_open(scratch("empty"), &error), &error, LK_ERROR_FORMAT, "0 bytes", "an empty file");
}

int main(void)
{
    if (!scratch_begin())
        return 1;
    test_headers();
    test_lengths();
    test_content();
    scratch_end();
    return tap_done();
}
