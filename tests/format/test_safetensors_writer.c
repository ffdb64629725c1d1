/* The writer: what it writes the reader reads; order and hashes are those of the reference implementation and kohya. */
#include "base/hash.h"
#include "format/safetensors_writer.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"

#include <string.h>

/* The same tensors as in the comment at `kohya_hashes`. */
static const LkTensorSpec shapes[] = {
    {.name = "lora_unet_b.alpha", .dtype = LK_FILE_F32, .rank = 0},
    {.name = "lora_unet_b.lora_up.weight", .dtype = LK_FILE_F16, .rank = 2, .shape = {1000, 300}},
    {.name = "lora_unet_a.lora_down.weight", .dtype = LK_FILE_F16, .rank = 4, .shape = {4, 100, 1, 1}},
    {.name = "lora_unet_é\n", .dtype = LK_FILE_BF16, .rank = 1, .shape = {3}},
    {.name = "steps", .dtype = LK_FILE_I64, .rank = 1, .shape = {1}},
    {.name = "big", .dtype = LK_FILE_F32, .rank = 2, .shape = {300, 1000}},
    {.name = "flag", .dtype = LK_FILE_BOOL, .rank = 1, .shape = {5}},
    {.name = "empty", .dtype = LK_FILE_F32, .rank = 2, .shape = {0, 7}},
};
#define COUNT G_N_ELEMENTS(shapes)

static const char *const reference_order[COUNT] = {"steps",
                                                   "big",
                                                   "empty",
                                                   "lora_unet_b.alpha",
                                                   "lora_unet_é\n",
                                                   "lora_unet_a.lora_down.weight",
                                                   "lora_unet_b.lora_up.weight",
                                                   "flag"};

/* Byte j of tensor i is (31 i + 7 j + j / 256) mod 251, in the BOOL one mod 2. */
static void fill(LkTensorSpec *specs)
{
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = 0;
        specs[i] = shapes[i];
        lk_tensor_spec_size(&specs[i], &size);
        uint8_t *data = g_malloc(size + 1);
        for (size_t j = 0; j < size; j++)
            data[j] = (uint8_t)((31 * i + 7 * j + j / 256) % 251 % (specs[i].dtype == LK_FILE_BOOL ? 2 : 256));
        specs[i].data = data;
    }
}

static void drop(LkTensorSpec *specs)
{
    for (size_t i = 0; i < COUNT; i++)
        g_free((void *)specs[i].data);
}

static LkMetadata *metadata(void)
{
    LkMetadata *m = lk_metadata_new();
    lk_metadata_set(m, "ss_network_dim", "16");
    lk_metadata_set(m, "modelspec.title", "a \"title\" / é 猫\t");
    lk_metadata_setf(m, "ss_tag_frequency", "{\"%s\": {\"cat\": %d}}", "dir", 3);
    return m;
}

static bool holds(const LkTensorView *view, const void *data)
{
    g_autofree void *bytes = g_malloc(view->size + 1);
    return lk_tensor_view_read(view, bytes, NULL) && (view->size == 0 || memcmp(bytes, data, view->size) == 0);
}

static bool same_tensors(const LkSafetensors *file, const LkTensorSpec *specs)
{
    bool same = lk_safetensors_count(file) == COUNT;
    for (size_t i = 0; i < COUNT && same; i++) {
        const LkTensorView *view = lk_safetensors_find(file, specs[i].name);
        size_t size = 0;
        lk_tensor_spec_size(&specs[i], &size);
        same = view && view->dtype == specs[i].dtype && view->rank == specs[i].rank && view->size == size &&
               memcmp(view->shape, specs[i].shape, sizeof view->shape) == 0 && holds(view, specs[i].data);
    }
    return same;
}

static void test_round_trip(void)
{
    LkTensorSpec specs[COUNT];
    fill(specs);
    g_autoptr(LkMetadata) m = metadata();
    g_autoptr(GError) error = NULL;
    tap_ok(lk_safetensors_write(scratch("a"), specs, COUNT, m, &error), "tensors are written");
    g_autoptr(LkSafetensors) file = lk_safetensors_open(scratch("a"), &error);
    tap_ok(file && same_tensors(file, specs), "and read back");
    bool order = file != NULL, aligned = file != NULL;
    for (size_t i = 0; i < COUNT && file; i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        order &= strcmp(view->name, reference_order[i]) == 0;
        aligned &= view->size == 0 || view->offset % lk_file_dtype_size(view->dtype) == 0;
    }
    tap_ok(order, "wider types first, then by name");
    tap_ok(aligned, "each is aligned to its type");
    bool texts = file != NULL;
    for (size_t i = 0; i < lk_metadata_count(m) && file; i++)
        texts &= g_strcmp0(lk_safetensors_metadata(file, lk_metadata_key(m, i)), lk_metadata_value(m, i)) == 0;
    tap_ok(texts, "the metadata too");

    g_autofree char *first = NULL, *second = NULL;
    gsize first_size = 0, second_size = 0;
    lk_safetensors_write(scratch("b"), specs, COUNT, m, &error);
    g_file_get_contents(scratch("a"), &first, &first_size, NULL);
    g_file_get_contents(scratch("b"), &second, &second_size, NULL);
    tap_ok(first_size == second_size && first_size && memcmp(first, second, first_size) == 0, "twice the same bytes");
    drop(specs);
}

/* From kohya-ss/sd-scripts' precalculate_safetensors_hashes and safetensors 0.8.0 in Python, on these tensors and
 * this metadata. The legacy hash looks at bytes 0x100000 to 0x10ffff of a file with the two ss_ entries alone. */
static const char kohya_model_hash[] = "997bdafca70566effdd34f11a1bc36a23704187c3b6e560dc59941d5cfd2ee81";
static const char kohya_legacy_hash[] = "52a6e6ca";

static void test_kohya_hashes(void)
{
    LkTensorSpec specs[COUNT];
    fill(specs);
    g_autoptr(LkMetadata) m = metadata();
    g_autoptr(GError) error = NULL;
    tap_ok(lk_safetensors_write_lora(scratch("lora"), specs, COUNT, m, &error), "a LoRA is written");
    g_autoptr(LkSafetensors) file = lk_safetensors_open(scratch("lora"), &error);
    const char *model = file ? lk_safetensors_metadata(file, "sshs_model_hash") : NULL;
    const char *legacy = file ? lk_safetensors_metadata(file, "sshs_legacy_hash") : NULL;
    tap_ok(g_strcmp0(model, kohya_model_hash) == 0, "sshs_model_hash %s", model ? model : "(none)");
    tap_ok(g_strcmp0(legacy, kohya_legacy_hash) == 0, "sshs_legacy_hash %s", legacy ? legacy : "(none)");
    tap_ok(file && same_tensors(file, specs) && lk_metadata_count(lk_safetensors_all_metadata(file)) == 5,
           "the rest is there");

    /* A file that ends before the window: the hash of nothing. */
    tap_ok(lk_safetensors_write_lora(scratch("small"), specs, 1, NULL, &error), "a small one");
    g_autoptr(LkSafetensors) small = lk_safetensors_open(scratch("small"), &error);
    tap_ok(small && g_strcmp0(lk_safetensors_metadata(small, "sshs_legacy_hash"), "e3b0c442") == 0,
           "legacy hash of nothing");
    drop(specs);
}

static void test_stream(void)
{
    LkTensorSpec specs[COUNT];
    fill(specs);
    g_autoptr(GError) error = NULL;
    LkSafetensorsWriter *writer = lk_safetensors_writer_new(scratch("s"), specs, COUNT, NULL, &error);
    const LkTensorSpec *next;
    bool ok = writer != NULL;
    size_t asked = 0;
    while (ok && (next = lk_safetensors_writer_next(writer))) {
        size_t size = 0;
        lk_tensor_spec_size(next, &size);
        for (size_t at = 0; at < size && ok; at += 1000)
            ok = lk_safetensors_writer_next(writer) == next &&
                 lk_safetensors_writer_append(writer, (const char *)next->data + at, MIN(1000, size - at), &error);
        asked++;
    }
    tap_ok(ok && asked == COUNT - 1, "tensors go out in pieces; the empty one is not asked for");
    tap_refused(lk_safetensors_writer_append(writer, "x", 1, &error), &error, LK_ERROR_FORMAT, "too many", "more");
    tap_ok(lk_safetensors_writer_commit(writer, &error), "commit");
    g_autoptr(LkSafetensors) file = lk_safetensors_open(scratch("s"), &error);
    tap_ok(file && same_tensors(file, specs), "and all is there");

    writer = lk_safetensors_writer_new(scratch("t"), specs, COUNT, NULL, &error);
    size_t first_size = 0;
    lk_tensor_spec_size(lk_safetensors_writer_next(writer), &first_size);
    tap_refused(lk_safetensors_writer_append(writer, specs[1].data, first_size + 1, &error), &error, LK_ERROR_FORMAT,
                "too many", "too many bytes");
    tap_refused(lk_safetensors_writer_commit(writer, &error), &error, LK_ERROR_FORMAT, "not complete", "too few bytes");
    tap_ok(access(scratch("t"), F_OK) != 0, "then there is no file");
    drop(specs);
}

static void test_refusals(void)
{
    static const struct {
        const char *title;
        LkTensorSpec specs[2];
        size_t count;
    } rows[] = {
        {"a name twice", {{.name = "a", .dtype = LK_FILE_U8}, {.name = "a", .dtype = LK_FILE_U8}}, 2},
        {"no name", {{.name = NULL, .dtype = LK_FILE_U8}}, 1},
        {"the name of the metadata", {{.name = "__metadata__", .dtype = LK_FILE_U8}}, 1},
        {"a name that is no UTF-8", {{.name = "\xff", .dtype = LK_FILE_U8}}, 1},
        {"rank 9", {{.name = "a", .dtype = LK_FILE_U8, .rank = 9}}, 1},
        {"a negative dimension", {{.name = "a", .dtype = LK_FILE_U8, .rank = 1, .shape = {-1}}}, 1},
        {"a shape too large", {{.name = "a", .dtype = LK_FILE_F64, .rank = 2, .shape = {INT64_MAX, 2}}}, 1},
        {"no such type", {{.name = "a", .dtype = LK_FILE_DTYPES}}, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        tap_refused(lk_safetensors_write(scratch("r"), rows[i].specs, rows[i].count, NULL, &error), &error,
                    LK_ERROR_FORMAT, "Cannot write", rows[i].title);
    }
    g_autoptr(GError) error = NULL;
    tap_refused(lk_safetensors_write(scratch("no/folder"), NULL, 0, NULL, &error), &error, LK_ERROR_IO, "No such file",
                "no folder");
    tap_ok(lk_safetensors_write(scratch("none"), NULL, 0, NULL, &error), "no tensors at all are allowed");
    g_autoptr(LkSafetensors) file = lk_safetensors_open(scratch("none"), &error);
    tap_ok(file && lk_safetensors_count(file) == 0, "and read back");
}

static void test_metadata_list(void)
{
    g_autoptr(LkMetadata) m = lk_metadata_new();
    for (int i = 0; i < 100; i++) {
        char key[16];
        g_snprintf(key, sizeof key, "k%d", i % 50);
        lk_metadata_setf(m, key, "%d", i);
    }
    g_autoptr(LkMetadata) copy = lk_metadata_copy(m);
    tap_ok(lk_metadata_count(m) == 50 && lk_metadata_count(copy) == 50, "a key set again is not a second one");
    tap_ok(strcmp(lk_metadata_key(copy, 7), "k7") == 0 && strcmp(lk_metadata_value(copy, 7), "57") == 0,
           "it keeps its place and takes the new value");
    tap_ok(!lk_metadata_get(m, "none") && !lk_metadata_get(NULL, "k1") && !lk_metadata_key(m, 50),
           "what is not there is NULL");
}

int main(void)
{
    if (!scratch_begin())
        return 1;
    test_round_trip();
    test_kohya_hashes();
    test_stream();
    test_refusals();
    test_metadata_list();
    scratch_end();
    return tap_done();
}
