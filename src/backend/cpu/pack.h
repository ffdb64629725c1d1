/* Frozen weights from the file's order and type to a layout that oneDNN has chosen, in one pass.
 *
 * oneDNN's own reordering needs the weight in the compute type first, and runs at a tenth of memory speed where neither
 * channel of a convolution is contiguous. */
#pragma once

#include "base/dtype.h"

#include <dnnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LK_PACK_RANK = 4, LK_PACK_BLOCK = 4096 };

/** How one weight is brought into one layout. */
typedef struct LkPacker {
    int rank, row; /* dimensions; which of them is the file's first one */
    size_t size;   /* bytes of an element */
    int64_t dims[LK_PACK_RANK];
    int64_t from_stride[LK_PACK_RANK]; /* elements, in the file's order */
    int64_t block[LK_PACK_RANK];       /* how much of each dimension an inner block holds */
    int64_t count[LK_PACK_RANK];       /* blocks along each dimension */
    int64_t to_stride[LK_PACK_RANK];   /* elements between neighbouring blocks */
    int64_t block_size;                /* elements of an inner block */
    int32_t *from;                     /* per element of an inner block: its distance in the file's order */
    uint16_t (*at)[LK_PACK_RANK];      /* and its place within the block */
    void *to;
} LkPacker;

/** Prepares packing from the layout `plain` (any order of the dimensions, without gaps) to `packed` at address `to`.
 * False where `packed` is not a blocked layout or memory is short: then oneDNN must do it. Release with
 * lk_packer_clear. */
bool lk_packer_init(LkPacker *packer, const_dnnl_memory_desc_t plain, const_dnnl_memory_desc_t packed, LkDType dtype,
                    void *to);
void lk_packer_clear(LkPacker *packer);

/** Rows of the file's first dimension that belong together: lk_packer_rows takes multiples of it. */
int64_t lk_packer_row_block(const LkPacker *packer);

/** Packs the file's rows first .. last-1 that begin at `rows`. Threads may do different rows at the same time. */
void lk_packer_rows(const LkPacker *packer, const void *rows, int64_t first, int64_t last);
