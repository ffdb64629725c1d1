/* The kernels of one instruction set, put together. The including file defines ATTENTION_LANES, ATTENTION_ROWS and
 * ATTENTION_PAIR (see attention_simd.h), ATTENTION_NAME and ATTENTION_SYMBOL, and has the compiler use the set. */
#pragma once

#include "backend/cpu/attention_kernels.h"

#include "backend/cpu/attention_simd.h"

#include "backend/cpu/attention_pack.h"

#include "backend/cpu/attention_product.h"

#include "backend/cpu/attention_forward.h"

#include "backend/cpu/attention_piece.h"

const LkAttentionKernels ATTENTION_SYMBOL = {
    .name = ATTENTION_NAME,
    .query_tile = QUERY_TILE,
    .key_chunk = LANES,
    .panel_bytes = forward_panel_bytes,
    .pack = forward_pack,
    .forward_bytes = forward_bytes,
    .forward = forward_tile,
    .piece_keys = piece_keys,
    .backward_bytes = backward_bytes,
    .backward = backward_piece,
    .sum_rows = sum_rows,
};
