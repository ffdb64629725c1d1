/* The kinds of adapters, and what one module of each is made of.
 *
 * A module changes a layer's weight by delta [out, in·kernel²]:
 *   LoRA  scale · up · down                     (Hu et al., arXiv:2106.09685; of convolutions too: LoCon)
 *   LoHa  scale · (w1_a w1_b) ∘ (w2_a w2_b)     (Hyeon-Woo et al., arXiv:2108.06098)
 *   LoKr  scale · w1 ⊗ w2                       (Edalati et al., arXiv:2212.10650); each side whole or a product
 * with scale = alpha / dim. DoRA (Liu et al., arXiv:2402.09353) on top of any of them learns the norm of every row of
 * weight + delta. Names, shapes and scales are those of sd-scripts and of LyCORIS 4. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum LkAlgo {
    LK_ALGO_LORA,
    LK_ALGO_LOHA,
    LK_ALGO_LOKR,
} LkAlgo;

/** What a tensor of a module is. */
typedef enum LkPartRole {
    LK_PART_DOWN,
    LK_PART_UP,
    LK_PART_HADA_W1_A,
    LK_PART_HADA_W1_B,
    LK_PART_HADA_W2_A,
    LK_PART_HADA_W2_B,
    LK_PART_LOKR_W1,
    LK_PART_LOKR_W1_A,
    LK_PART_LOKR_W1_B,
    LK_PART_LOKR_W2,
    LK_PART_LOKR_W2_A,
    LK_PART_LOKR_W2_B,
    LK_PART_MAGNITUDE, /* DoRA's */
    LK_PART_ROLES
} LkPartRole;

enum { LK_MAX_PARTS = 5 };

/** What decides the tensors of a module. */
typedef struct LkAdapterShape {
    LkAlgo algo;
    bool dora;
    int64_t in, out;  /* channels */
    int kernel;       /* 1, or 3 for a 3×3 convolution */
    bool convolution; /* the layer's weight has four dimensions, also where the kernel is 1 */
    int dim;
    float alpha;
    int64_t left_out, left_in;    /* LoKr: w1 is [left_out, left_in], w2 [out / left_out, in / left_in · kernel²] */
    bool left_whole, right_whole; /* LoKr: that side is one tensor */
} LkAdapterShape;

/** One tensor: a matrix [rows, taps · channels]. Files have the taps innermost, a training state the channels. */
typedef struct LkPart {
    LkPartRole role;
    int64_t rows, channels;
    int taps;
} LkPart;

/** The tensors of a module, in the order of files and states. Returns how many. */
int lk_adapter_parts(const LkAdapterShape *shape, LkPart parts[LK_MAX_PARTS]);
int64_t lk_part_elements(const LkPart *part);

/** The index of a role among the module's parts, or -1. */
int lk_adapter_part(const LkAdapterShape *shape, LkPartRole role);

/** The factor of delta: alpha / dim; 1 for a LoKr of two whole sides. */
float lk_adapter_scale(const LkAdapterShape *shape);

/** Splits a LoKr's dimension as LyCORIS does: small · large = dimension, small ≤ large; `factor` -1 for the most even
 * split, else the wanted factor. */
void lk_lokr_split(int64_t dimension, int64_t factor, int64_t *small, int64_t *large);

/** Fills in what a LoKr of this layer and dim is made of (left_… and …_whole). `both`: the small side may be a product
 * too; `full`: no side is. */
void lk_adapter_shape_lokr(LkAdapterShape *shape, int64_t factor, bool both, bool full);

/** Name of a part in files, "" … ".lora_down.weight". */
const char *lk_part_suffix(LkPartRole role);
/** The kind of adapter that has such a part; LK_ALGO_LORA for a magnitude. */
LkAlgo lk_part_algo(LkPartRole role);
/** Its shape in files; returns the rank. */
int lk_part_file_shape(const LkAdapterShape *shape, const LkPart *part, int64_t dims[4]);

/** "LoRA", "LoHa", "LoKr". */
const char *lk_algo_title(LkAlgo algo);

/** Between the order of files (taps innermost) and that of states (channels innermost); the same array is not allowed
 * for both unless the part has one tap. */
void lk_part_to_state(const LkPart *part, const float *file, float *state);
void lk_part_to_file(const LkPart *part, const float *state, float *file);

/** Adds `strength` times the module's whole effect (DoRA's rescaling included) to a weight [out, in, kernel²] in the
 * order of files; parts are in that order too. Runs on all threads. */
void lk_adapter_merge(const LkAdapterShape *shape, const float *const parts[LK_MAX_PARTS], double strength,
                      float *weight);
