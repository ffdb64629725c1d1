/* Packing of weights against oneDNN's own reordering, for layouts that oneDNN chooses and sizes that do not fill them.
 */
#include "../tap.h"

#include "backend/cpu/pack.h"

#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

typedef struct Row {
    const char *name;
    int rank;
    dnnl_dims_t dims;
    dnnl_format_tag_t plain, packed;
} Row;

static const Row rows[] = {
    {"convolution forward, 32 outputs", 4, {64, 96, 3, 3}, dnnl_abcd, dnnl_AcdB32a2b},
    {"convolution forward, 64 outputs", 4, {128, 32, 3, 3}, dnnl_abcd, dnnl_AcdB64a2b},
    {"convolution backward, 32 inputs", 4, {64, 96, 3, 3}, dnnl_abcd, dnnl_BcdA32b2a},
    {"four outputs of a convolution", 4, {4, 40, 3, 3}, dnnl_abcd, dnnl_AcdB16a2b},
    {"three inputs of a convolution", 4, {33, 3, 3, 3}, dnnl_abcd, dnnl_BcdA32b2a},
    {"AVX2 convolution", 4, {24, 20, 3, 3}, dnnl_abcd, dnnl_ABcd8b8a},
    {"AVX-512 convolution", 4, {48, 20, 1, 1}, dnnl_abcd, dnnl_ABcd16b16a},
    {"channels last", 4, {7, 5, 3, 3}, dnnl_abcd, dnnl_acdb},
    {"matrix forward", 2, {96, 192}, dnnl_ba, dnnl_BA16a64b2a},
    {"matrix backward", 2, {96, 192}, dnnl_ab, dnnl_BA16a64b2a},
    {"matrix forward, odd sizes", 2, {77, 131}, dnnl_ba, dnnl_BA16a64b2a},
    {"matrix backward, odd sizes", 2, {77, 131}, dnnl_ab, dnnl_BA16a64b2a},
    {"matrix, f32 blocks", 2, {70, 100}, dnnl_ba, dnnl_BA16a64b},
    {"matrix turned round", 2, {70, 100}, dnnl_ba, dnnl_ab},
};

/** Fills with bytes that are all different nearby. */
static void fill(uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)((i * 2654435761u) >> 13);
}

static bool by_onednn(const_dnnl_memory_desc_t from, void *x, const_dnnl_memory_desc_t to, void *y)
{
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_memory_t a = NULL, b = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    bool ok = dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
              dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success &&
              dnnl_memory_create(&a, from, engine, x) == dnnl_success &&
              dnnl_memory_create(&b, to, engine, y) == dnnl_success &&
              dnnl_reorder_primitive_desc_create(&desc, from, engine, to, engine, NULL) == dnnl_success &&
              dnnl_primitive_create(&reorder, desc) == dnnl_success;
    dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, a}, {DNNL_ARG_TO, b}};
    ok = ok && dnnl_primitive_execute(reorder, stream, 2, args) == dnnl_success &&
         dnnl_stream_wait(stream) == dnnl_success;
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(a);
    dnnl_memory_destroy(b);
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
    return ok;
}

/** Packs in slabs of as few rows as possible, each from a copy of its rows alone. */
static void by_slabs(const LkPacker *packer, const uint8_t *x, int64_t n_rows, size_t row_bytes)
{
    int64_t block = lk_packer_row_block(packer);
    for (int64_t first = 0; first < n_rows; first += block) {
        int64_t last = first + block < n_rows ? first + block : n_rows;
        size_t bytes = (size_t)(last - first) * row_bytes;
        uint8_t *slab = malloc(bytes);
        memcpy(slab, x + (size_t)first * row_bytes, bytes);
        lk_packer_rows(packer, slab, first, last);
        free(slab);
    }
}

static void check(const Row *row, LkDType dtype)
{
    dnnl_data_type_t type = dtype == LK_F32 ? dnnl_f32 : dnnl_bf16;
    dnnl_memory_desc_t plain, packed;
    dnnl_memory_desc_create_with_tag(&plain, row->rank, row->dims, type, row->plain);
    dnnl_memory_desc_create_with_tag(&packed, row->rank, row->dims, type, row->packed);
    size_t from_bytes = dnnl_memory_desc_get_size(plain), to_bytes = dnnl_memory_desc_get_size(packed);
    uint8_t *x = aligned_alloc(64, (from_bytes + 63) / 64 * 64), *want = aligned_alloc(64, (to_bytes + 63) / 64 * 64);
    uint8_t *got = malloc(to_bytes);
    fill(x, from_bytes);
    memset(got, 0xaa, to_bytes);
    memset(want, 0x55, to_bytes);
    LkPacker packer;
    bool known = lk_packer_init(&packer, plain, packed, dtype, got);
    tap_ok(known, "%s, %s: the layout is known", row->name, lk_dtype_name(dtype));
    if (known) {
        int64_t n_rows = row->dims[row->plain == dnnl_ba ? 1 : 0];
        by_slabs(&packer, x, n_rows, from_bytes / (size_t)n_rows);
        bool made = by_onednn(plain, x, packed, want);
        tap_ok(made && memcmp(got, want, to_bytes) == 0, "%s, %s: as oneDNN packs it", row->name, lk_dtype_name(dtype));
        lk_packer_clear(&packer);
    }
    free(x);
    free(want);
    free(got);
    dnnl_memory_desc_destroy(plain);
    dnnl_memory_desc_destroy(packed);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i], LK_BF16);
        check(&rows[i], LK_F32);
    }
    return tap_done();
}
