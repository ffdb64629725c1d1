/* What each generation of NVIDIA cards can do: one table, used by the list of devices, the check of a job and the
 * choice of how attention is computed. Needs no CUDA to compile or to run. */
#pragma once

#include "base/dtype.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** The limits of one compute capability. */
typedef struct LkCardLimits {
    int sm;                  /* 86 for 8.6 */
    const char *generation;  /* "Ampere", for people */
    const char *examples;    /* "RTX 30", for people */
    bool fp16, bf16;         /* matrix products and convolutions of this type run on tensor cores */
    bool tf32;               /* f32 inputs rounded to TF32 do */
    bool fp8;                /* matrix products of 8-bit floats do */
    bool attention;          /* cuDNN's fused attention, forward and backward */
    int attention_head;      /* the widest head that its forward pass takes */
    int attention_backward;  /* … and that its deterministic backward pass takes */
    bool backward_workspace; /* the deterministic backward keeps a matrix of q_len · kv_len in its workspace */
} LkCardLimits;

/** The limits of a compute capability; a capability that is not in the table has those of the next lower one of its
 * generation. NULL for cards older than any in the table, and for 0. */
const LkCardLimits *lk_card_limits(int sm);

/** Whether cards of this capability train with this dtype (LK_F32, LK_F16, LK_BF16). If not, `error` says in a sentence
 * what the card lacks, which cards have it, and which mixed_precision to choose instead. `card` is its name. */
bool lk_card_trains(int sm, LkDType dtype, const char *card, LkError *error);

/** Fails with LK_ERROR_MEMORY and what would help; `what` was to be done. Returns false. */
bool lk_card_is_full(const char *what, LkError *error);

/** A sentence about what this capability can do, for the list of devices: "Ampere (8.6): fp16, bf16, fused attention".
 * Returns `out`. */
const char *lk_card_describe(int sm, char *out, size_t size);
