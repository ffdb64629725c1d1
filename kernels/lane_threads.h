/* lane.h with POSIX threads as lanes, for tests: the packs and strides of a GPU under ThreadSanitizer. */
#pragma once

#include <pthread.h>

enum { LK_MAX_THREADS = 64 };

/* What the lanes of a block share. */
typedef struct LkTeam {
    pthread_barrier_t barrier;
    double slots[LK_MAX_THREADS];
    float factors[LK_MAX_THREADS][6];
} LkTeam;

typedef struct LkBlock {
    int64_t index;
    int lane, lanes;
    LkTeam *team;
} LkBlock;

#define LK_LANE(b)  ((b).lane)
#define LK_LANES(b) ((b).lanes)

LK_INLINE void lk_barrier(LkBlock b)
{
    pthread_barrier_wait(&b.team->barrier);
}

/* Every lane adds up all slots itself, in the same order. */
LK_INLINE double lk_block_sum_double(LkBlock b, double x)
{
    b.team->slots[b.lane] = x;
    lk_barrier(b);
    double sum = 0;
    for (int i = 0; i < b.lanes; i++)
        sum += b.team->slots[i];
    lk_barrier(b);
    return sum;
}

LK_INLINE float lk_block_sum(LkBlock b, float x)
{
    return (float)lk_block_sum_double(b, x);
}

LK_INLINE float lk_block_max(LkBlock b, float x)
{
    b.team->slots[b.lane] = x;
    lk_barrier(b);
    float max = (float)b.team->slots[0];
    for (int i = 1; i < b.lanes; i++)
        max = lk_maxf(max, (float)b.team->slots[i]);
    lk_barrier(b);
    return max;
}

#define LK_DEFINE_READ(suffix, E)                                                                                      \
    LK_INLINE LkPack lk_read_##suffix(const E *p, int64_t m)                                                           \
    {                                                                                                                  \
        LkPack u = {{0}};                                                                                              \
        for (int64_t k = 0; k < m; k++)                                                                                \
            u.v[k] = lk_load(p + k);                                                                                   \
        return u;                                                                                                      \
    }
#define LK_DEFINE_PACK(suffix, E)                                                                                      \
    LK_DEFINE_READ(suffix, E)                                                                                          \
    LK_INLINE void lk_write_##suffix(E *p, int64_t m, LkPack u)                                                        \
    {                                                                                                                  \
        for (int64_t k = 0; k < m; k++)                                                                                \
            lk_store(p + k, u.v[k]);                                                                                   \
    }

LK_DEFINE_PACK(f32, float)
LK_DEFINE_PACK(bf16, LkBf16)
LK_DEFINE_PACK(f16, LkF16)
LK_DEFINE_READ(int8, LkInt8)
LK_DEFINE_READ(e4m3, LkE4m3)

#define lk_read(p, m)                                                                                                  \
    _Generic(*(p),                                                                                                     \
        float: lk_read_f32,                                                                                            \
        LkBf16: lk_read_bf16,                                                                                          \
        LkF16: lk_read_f16,                                                                                            \
        LkInt8: lk_read_int8,                                                                                          \
        LkE4m3: lk_read_e4m3)(p, m)
#define lk_write(p, m, u) _Generic(*(p), float: lk_write_f32, LkBf16: lk_write_bf16, LkF16: lk_write_f16)(p, m, u)

#define lk_read_two(p, pair) ((pair)[0] = (p)[0], (pair)[1] = (p)[1])

/* Products of warps, as lane_cuda.h says. */
LK_INLINE void lk_warp_product_of(float sum[2][2], const float factors[6], LkBlock b)
{
    int lane = b.lane % 32;
    float(*warp)[6] = b.team->factors + b.lane / 32 * 32;
    memcpy(warp[lane], factors, 6 * sizeof *factors);
    lk_barrier(b);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 8; k++)
                sum[i][j] +=
                    warp[lane / 4 * 4 + k / 2][2 * i + k % 2] * warp[(lane % 4 * 2 + j) * 4 + k / 2][4 + k % 2];
    lk_barrier(b);
}

#define lk_warp_product(sum, a, u, b)                                                                                  \
    lk_warp_product_of(sum,                                                                                            \
                       (const float[6]){lk_load(&(a)[0][0]), lk_load(&(a)[0][1]), lk_load(&(a)[1][0]),                 \
                                        lk_load(&(a)[1][1]), lk_load(&(u)[0]), lk_load(&(u)[1])},                      \
                       b)
