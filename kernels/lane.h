/* Blocks and lanes: what lets one kernel source be a GPU kernel, a vectorised CPU loop and a threaded test.
 *
 * A kernel is a function of (args, block): it does one block of work (a row, a tile of elements, a chunk of rows) by
 * loops that are shared among the block's lanes. There are three builds:
 *
 * - CUDA: a block is a thread block, a lane is a thread.
 * - CPU: a block has one lane, the primitives vanish, the loops over elements vectorise.
 * - Threaded (LK_THREADED_LANES, tests only): a lane is a POSIX thread; ThreadSanitizer finds a missing barrier.
 *
 * Elements are walked in packs. With many lanes a pack is LK_PACK neighbours, which a GPU reads and writes as 16-byte
 * words; with one lane a pack is the whole range, so that the loop over its elements is the plain long loop a compiler
 * likes:
 *
 *     LK_PACKS(i, m, n, b) {                  the packs of elements 0..n-1 that are this lane's: i..i+m-1
 *         LK_READ(u, x + i, m);               u: a pack of x
 *         LK_OUT(o, y + i, m);                o: a pack that becomes y[i..i+m-1]
 *         LK_EACH(k, m)                       elements of a pack; bodies must be independent of each other
 *             LK_PUT(o, k, f(LK_AT(u, k)));
 *         LK_FLUSH(o, y + i, m);
 *     }
 *
 * LK_EACH_IN_ORDER is LK_EACH for bodies that carry something from one element to the next.
 * In a pack of fewer than LK_PACK elements LK_EACH also computes on zeros behind the end (they are never stored).
 * Sums: LK_SUM adds terms to partial sums (an LkSum), lk_fold adds those in a fixed tree, lk_block_sum adds the lanes'.
 */
#pragma once

#include "kernels/types.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined __CUDACC__ || defined LK_THREADED_LANES
#define LK_MANY_LANES 1
#else
#define LK_MANY_LANES 0
#endif

/* Elements of a pack with many lanes: 16 bytes of a 16-bit type. */
enum { LK_PACK = 8 };

#define LK_JOIN_(a, b) a##_##b
#define LK_JOIN(a, b)  LK_JOIN_(a, b)

/* Kernels: C and CUDA inline functions that a list of wrappers calls, see cpu.c and cuda.cu. */
#define LK_KERNEL LK_INLINE

LK_INLINE int64_t lk_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

LK_INLINE float lk_maxf(float a, float b)
{
    return a > b ? a : b;
}

#if LK_MANY_LANES

/* ---- Many lanes ---- */

/* The widest run of columns a lane holds in local arrays, and the number of partial sums. */
enum { LK_WIDTH = LK_PACK, LK_PARTIALS = LK_PACK };

#ifdef __CUDACC__
#define LK_UNROLL _Pragma("unroll")
#define LK_ROLLED _Pragma("unroll 1")
#else
#define LK_UNROLL
#define LK_ROLLED
#endif

typedef struct LkPack {
    float v[LK_PACK];
} LkPack;

/** Partial sums (or maxima) of one lane. */
typedef struct LkSum {
    float part[LK_PARTIALS];
} LkSum;

#ifdef __CUDACC__
#include "kernels/lane_cuda.h"
#else
#include "kernels/lane_threads.h"
#endif

#define LK_PACKS(i, m, n, b)                                                                                           \
    for (int64_t i = LK_LANE(b) * (int64_t)LK_PACK, m = lk_min((n) - i, LK_PACK); i < (n);                             \
         i += LK_LANES(b) * (int64_t)LK_PACK, m = lk_min((n) - i, LK_PACK))
#define LK_EACH(k, m)          LK_UNROLL for (int k = 0; k < LK_PACK; k++)
#define LK_EACH_IN_ORDER(k, m) LK_EACH(k, m)
#define LK_READ(u, p, m)       const LkPack u = lk_read(p, m)
#define LK_AT(u, k)            ((u).v[k])
#define LK_OUT(o, p, m)        LkPack o
#define LK_PUT(o, k, value)    ((o).v[k] = (value))
#define LK_FLUSH(o, p, m)      lk_write(p, m, o)

/** s += term for each element k of a pack. */
#define LK_SUM(s, k, m, term)                                                                                          \
    do {                                                                                                               \
        LK_UNROLL for (int k = 0; k < LK_PACK; k++) if (k < (m))(s).part[k] += (term);                                 \
    } while (0)
#define LK_MAX(s, k, m, term)                                                                                          \
    do {                                                                                                               \
        LK_UNROLL for (int k = 0; k < LK_PACK; k++) if (k < (m))(s).part[k] = lk_maxf((s).part[k], (term));            \
    } while (0)

#else

/* ---- One lane ---- */

typedef struct LkBlock {
    int64_t index;
} LkBlock;

#define LK_LANE(b)  0
#define LK_LANES(b) 1

LK_INLINE void lk_barrier(LkBlock b)
{
    (void)b;
}

LK_INLINE float lk_block_sum(LkBlock b, float x)
{
    (void)b;
    return x;
}

LK_INLINE double lk_block_sum_double(LkBlock b, double x)
{
    (void)b;
    return x;
}

LK_INLINE float lk_block_max(LkBlock b, float x)
{
    (void)b;
    return x;
}

enum { LK_WIDTH = 512, LK_PARTIALS = 16 };

#define LK_ROLLED

#ifdef __clang__
#define LK_VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define LK_VECTOR _Pragma("GCC ivdep")
#endif

#define LK_PACKS(i, m, n, b)   for (int64_t i = 0, m = (n); i < (n); i += m)
#define LK_EACH(k, m)          LK_VECTOR for (int64_t k = 0; k < (m); k++)
#define LK_EACH_IN_ORDER(k, m) for (int64_t k = 0; k < (m); k++)
#define LK_READ(u, p, m)       const __typeof__(*(p)) *u = (p)
#define LK_AT(u, k)            lk_load(&(u)[k])
#define LK_OUT(o, p, m)        __typeof__(*(p)) *o = (p)
#define LK_PUT(o, k, value)    lk_store(&(o)[k], value)
#define LK_FLUSH(o, p, m)      ((void)(o))

/* Sixteen partial sums, so that the compiler vectorises without reordering anything; they stay in registers. */
#define LK_SUM(s, k, m, term)                                                                                          \
    do {                                                                                                               \
        int64_t k##_end = (m), k##_base = 0;                                                                           \
        for (; k##_base + LK_PARTIALS <= k##_end; k##_base += LK_PARTIALS)                                             \
            for (int64_t k##_j = 0; k##_j < LK_PARTIALS; k##_j++) {                                                    \
                int64_t k = k##_base + k##_j;                                                                          \
                (s).part[k##_j] += (term);                                                                             \
            }                                                                                                          \
        for (int64_t k = k##_base; k < k##_end; k++)                                                                   \
            (s).part[k - k##_base] += (term);                                                                          \
    } while (0)
#define LK_MAX(s, k, m, term)                                                                                          \
    do {                                                                                                               \
        int64_t k##_end = (m), k##_base = 0;                                                                           \
        for (; k##_base + LK_PARTIALS <= k##_end; k##_base += LK_PARTIALS)                                             \
            for (int64_t k##_j = 0; k##_j < LK_PARTIALS; k##_j++) {                                                    \
                int64_t k = k##_base + k##_j;                                                                          \
                (s).part[k##_j] = lk_maxf((s).part[k##_j], (term));                                                    \
            }                                                                                                          \
        for (int64_t k = k##_base; k < k##_end; k++)                                                                   \
            (s).part[k - k##_base] = lk_maxf((s).part[k - k##_base], (term));                                          \
    } while (0)

/** Partial sums (or maxima) of one lane. */
typedef struct LkSum {
    float part[LK_PARTIALS];
} LkSum;

#endif

LK_INLINE LkSum lk_sum_of(float start)
{
    LkSum s;
    for (int j = 0; j < LK_PARTIALS; j++)
        s.part[j] = start;
    return s;
}

/** The partial sums, added pairwise. */
LK_INLINE float lk_fold(LkSum s)
{
    for (int width = LK_PARTIALS / 2; width; width /= 2)
        for (int j = 0; j < width; j++)
            s.part[j] += s.part[j + width];
    return s.part[0];
}

LK_INLINE float lk_fold_max(LkSum s)
{
    for (int width = LK_PARTIALS / 2; width; width /= 2)
        for (int j = 0; j < width; j++)
            s.part[j] = lk_maxf(s.part[j], s.part[j + width]);
    return s.part[0];
}
