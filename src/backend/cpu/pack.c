#include "backend/cpu/pack.h"

#include <stdlib.h>
#include <string.h>

/** Dimensions, strides and inner blocks of a layout. */
typedef struct Layout {
    int rank, inner;
    const dnnl_dim_t *dims, *padded, *strides, *inner_sizes, *inner_dims;
} Layout;

static bool read_layout(const_dnnl_memory_desc_t desc, Layout *layout)
{
    dnnl_format_kind_t kind;
    dnnl_dim_t offset;
    const struct {
        dnnl_query_t what;
        void *result;
    } questions[] = {{dnnl_query_format_kind, &kind},
                     {dnnl_query_ndims_s32, &layout->rank},
                     {dnnl_query_dims, &layout->dims},
                     {dnnl_query_padded_dims, &layout->padded},
                     {dnnl_query_submemory_offset_s64, &offset},
                     {dnnl_query_strides, &layout->strides},
                     {dnnl_query_inner_nblks_s32, &layout->inner},
                     {dnnl_query_inner_blks, &layout->inner_sizes},
                     {dnnl_query_inner_idxs, &layout->inner_dims}};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (dnnl_memory_desc_query(desc, questions[i].what, questions[i].result) != dnnl_success ||
            kind != dnnl_blocked)
            return false;
    return offset == 0 && layout->rank >= 1 && layout->rank <= LK_PACK_RANK;
}

/** Where each element of an inner block comes from. */
static bool fill_table(LkPacker *p, const Layout *to)
{
    p->from = malloc((size_t)p->block_size * sizeof *p->from);
    p->at = malloc((size_t)p->block_size * sizeof *p->at);
    if (!p->from || !p->at)
        return false;
    for (int64_t e = 0; e < p->block_size; e++) {
        int64_t rest = e, from = 0, unit[LK_PACK_RANK] = {1, 1, 1, 1}, at[LK_PACK_RANK] = {0};
        for (int i = to->inner - 1; i >= 0; i--) { /* the last inner block varies fastest */
            int64_t d = to->inner_dims[i];
            at[d] += rest % to->inner_sizes[i] * unit[d];
            unit[d] *= to->inner_sizes[i];
            rest /= to->inner_sizes[i];
        }
        for (int d = 0; d < p->rank; d++) {
            from += at[d] * p->from_stride[d];
            p->at[e][d] = (uint16_t)at[d];
        }
        if (from > INT32_MAX)
            return false;
        p->from[e] = (int32_t)from;
    }
    return true;
}

bool lk_packer_init(LkPacker *p, const_dnnl_memory_desc_t plain, const_dnnl_memory_desc_t packed, LkDType dtype,
                    void *to)
{
    Layout in, out;
    *p = (LkPacker){.size = lk_dtype_size(dtype), .block = {1, 1, 1, 1}, .block_size = 1, .to = to};
    if (!read_layout(plain, &in) || !read_layout(packed, &out) || in.inner != 0 || in.rank != out.rank ||
        (p->size != 2 && p->size != 4))
        return false;
    p->rank = in.rank;
    for (int i = 0; i < out.inner; i++) {
        p->block[out.inner_dims[i]] *= out.inner_sizes[i];
        p->block_size *= out.inner_sizes[i];
    }
    int64_t elements = 1;
    for (int d = 0; d < p->rank; d++) {
        p->dims[d] = in.dims[d];
        p->from_stride[d] = in.strides[d];
        p->to_stride[d] = out.strides[d];
        p->count[d] = out.padded[d] / p->block[d];
        elements *= out.padded[d];
        if (in.dims[d] > 1 && (in.dims[p->row] == 1 || in.strides[d] > in.strides[p->row]))
            p->row = d;
    }
    /* A layout that carries something behind its elements (sums for integer types) is oneDNN's business. */
    if (p->block_size > LK_PACK_BLOCK || dnnl_memory_desc_get_size(packed) != (size_t)elements * p->size ||
        !fill_table(p, &out)) {
        lk_packer_clear(p);
        return false;
    }
    return true;
}

void lk_packer_clear(LkPacker *p)
{
    free(p->from);
    free(p->at);
    p->from = NULL;
    p->at = NULL;
}

int64_t lk_packer_row_block(const LkPacker *p)
{
    return p->block[p->row];
}

static void whole_block(const LkPacker *p, const uint8_t *from, uint8_t *to)
{
    const int32_t *table = p->from;
    if (p->size == 2) {
        const uint16_t *x = (const uint16_t *)(const void *)from;
        uint16_t *y = (uint16_t *)(void *)to;
        for (int64_t e = 0; e < p->block_size; e++)
            y[e] = x[table[e]];
    } else {
        const uint32_t *x = (const uint32_t *)(const void *)from;
        uint32_t *y = (uint32_t *)(void *)to;
        for (int64_t e = 0; e < p->block_size; e++)
            y[e] = x[table[e]];
    }
}

/** A block that reaches over the end of a dimension: zeros there. */
static void edge_block(const LkPacker *p, const uint8_t *from, uint8_t *to, const int64_t *room)
{
    for (int64_t e = 0; e < p->block_size; e++) {
        bool inside = true;
        for (int d = 0; d < p->rank; d++)
            inside &= p->at[e][d] < room[d];
        if (inside)
            memcpy(to + (size_t)e * p->size, from + (size_t)p->from[e] * p->size, p->size);
        else
            memset(to + (size_t)e * p->size, 0, p->size);
    }
}

/** The block at place `at` of the grid of blocks; `rows` begins with the file's row `first`. */
static void pack_block(const LkPacker *p, const uint8_t *rows, int64_t first, const int64_t *at)
{
    int64_t from = -first * p->from_stride[p->row], to = 0, room[LK_PACK_RANK];
    bool whole = true;
    for (int d = 0; d < p->rank; d++) {
        from += at[d] * p->block[d] * p->from_stride[d];
        to += at[d] * p->to_stride[d];
        room[d] = p->dims[d] - at[d] * p->block[d];
        whole &= room[d] >= p->block[d];
    }
    uint8_t *target = (uint8_t *)p->to + (size_t)to * p->size;
    if (whole)
        whole_block(p, rows + (size_t)from * p->size, target);
    else
        edge_block(p, rows + (size_t)from * p->size, target, room);
}

void lk_packer_rows(const LkPacker *p, const void *rows, int64_t first, int64_t last)
{
    /* The rows vary fastest: what has been read of a few of them serves all that is written from it. */
    int64_t block = p->block[p->row], begin = first / block, end = (last + block - 1) / block, at[LK_PACK_RANK] = {0};
    int order[LK_PACK_RANK], n = 0;
    if (last == p->dims[p->row])
        end = p->count[p->row]; /* with the padding */
    for (int d = 0; d < p->rank; d++)
        if (d != p->row)
            order[n++] = d;
    for (;;) {
        for (at[p->row] = begin; at[p->row] < end; at[p->row]++)
            pack_block(p, rows, first, at);
        int k = n - 1;
        while (k >= 0 && ++at[order[k]] == p->count[order[k]])
            at[order[k--]] = 0;
        if (k < 0)
            break;
    }
}
