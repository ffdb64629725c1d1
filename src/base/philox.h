/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
 *
 * Every number is a pure function of (seed, purpose, step, index), so that a resumed run, another batch order or
 * another number of threads draws the same ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** What a random stream is for. The values are part of the saved state's meaning: append, never renumber. */
typedef enum LkRandomPurpose {
    LK_RANDOM_NOISE = 1,
    LK_RANDOM_TIMESTEP = 2,
    LK_RANDOM_LATENT = 3, /* the sample drawn from the VAE's distribution */
    LK_RANDOM_NOISE_OFFSET = 4,
    LK_RANDOM_ORDER = 5,   /* batch order of an epoch */
    LK_RANDOM_CAPTION = 6, /* caption shuffle and dropout */
    LK_RANDOM_FLIP = 7,
    LK_RANDOM_INIT = 8,       /* initial adapter */
    LK_RANDOM_SAMPLE = 9,     /* initial noise of a generated picture */
    LK_RANDOM_ANCESTRAL = 10, /* noise added by ancestral samplers */
    LK_RANDOM_IP_NOISE = 11,
    LK_RANDOM_NOISE_STRENGTH = 12, /* of offset and perturbation, where it is drawn; ratios of coarser noise */
    LK_RANDOM_COARSE_NOISE = 13,
    LK_RANDOM_VALIDATION = 14,   /* which pictures are held out */
    LK_RANDOM_DROPOUT = 14,      /* numbers in the middle of an adapter */
    LK_RANDOM_ADAPTER_MASK = 15, /* its ranks and modules */
    LK_RANDOM_AUGMENT = 16,      /* variations of a picture */
    LK_RANDOM_VARIATION = 17,    /* which of them a step takes */
    LK_RANDOM_TEST = 100,
} LkRandomPurpose;

/** Key of one stream. */
typedef struct LkRandom {
    uint64_t seed;
    uint32_t purpose; /* an LkRandomPurpose */
    uint32_t step;
} LkRandom;

/** The four words of block `index` of a stream. */
void lk_random_block(LkRandom stream, uint64_t index, uint32_t out[4]);

/** One 32-bit word: word `index % 4` of block `index / 4`. */
uint32_t lk_random_u32(LkRandom stream, uint64_t index);

/** A uniform integer in 0..n-1 (n ≥ 1), without modulo bias to 2^-32. */
uint32_t lk_random_below(LkRandom stream, uint64_t index, uint32_t n);

/** A uniform number in [0, 1). */
double lk_random_uniform(LkRandom stream, uint64_t index);

/** `count` independent standard normal numbers (Box-Muller on float64), numbers first .. first+count-1 of the stream.
 */
void lk_random_normal(LkRandom stream, uint64_t first, float *out, size_t count);

/** A random permutation of 0..count-1 (Fisher-Yates). */
void lk_random_permutation(LkRandom stream, uint32_t *out, uint32_t count);
