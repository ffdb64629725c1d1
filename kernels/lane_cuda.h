/* lane.h on a GPU: a lane is a thread, a block a thread block of a multiple of 32 threads. */
#pragma once

typedef struct LkBlock {
    int64_t index;
} LkBlock;

#define LK_LANE(b)  ((int)threadIdx.x)
#define LK_LANES(b) ((int)blockDim.x)

LK_INLINE void lk_barrier(LkBlock b)
{
    (void)b;
    __syncthreads();
}

/* Butterflies: every thread of a warp gets the same bits, as a + b = b + a. */
template <typename V> LK_INLINE V lk_warp_sum(V x)
{
    for (int offset = 16; offset; offset /= 2)
        x += __shfl_xor_sync(0xffffffffu, x, offset);
    return x;
}

LK_INLINE float lk_warp_max(float x)
{
    for (int offset = 16; offset; offset /= 2)
        x = lk_maxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
    return x;
}

template <typename V> LK_INLINE V lk_block_sum_of(V x)
{
    __shared__ V slots[32];
    int warps = (int)blockDim.x / 32, lane = (int)threadIdx.x;
    x = lk_warp_sum(x);
    if (warps == 1)
        return x;
    if (lane % 32 == 0)
        slots[lane / 32] = x;
    __syncthreads();
    x = lk_warp_sum(lane % 32 < warps ? slots[lane % 32] : V(0));
    __syncthreads();
    return x;
}

LK_INLINE float lk_block_sum(LkBlock b, float x)
{
    (void)b;
    return lk_block_sum_of(x);
}

LK_INLINE double lk_block_sum_double(LkBlock b, double x)
{
    (void)b;
    return lk_block_sum_of(x);
}

LK_INLINE float lk_block_max(LkBlock b, float x)
{
    (void)b;
    __shared__ float slots[32];
    int warps = (int)blockDim.x / 32, lane = (int)threadIdx.x;
    x = lk_warp_max(x);
    if (warps == 1)
        return x;
    if (lane % 32 == 0)
        slots[lane / 32] = x;
    __syncthreads();
    x = lk_warp_max(slots[lane % 32 < warps ? lane % 32 : 0]);
    __syncthreads();
    return x;
}

LK_INLINE bool lk_aligned(const void *p)
{
    return ((uintptr_t)p & 15u) == 0;
}

template <typename E> LK_INLINE LkPack lk_read_each(const E *p, int64_t m)
{
    LkPack u;
    LK_UNROLL for (int k = 0; k < LK_PACK; k++) u.v[k] = k < m ? lk_load(p + k) : 0.0f;
    return u;
}

template <typename E> LK_INLINE void lk_write_each(E *p, int64_t m, const LkPack &u)
{
    LK_UNROLL for (int k = 0; k < LK_PACK; k++) if (k < m) lk_store(p + k, u.v[k]);
}

LK_INLINE LkPack lk_read(const float *p, int64_t m)
{
    if (m < LK_PACK || !lk_aligned(p))
        return lk_read_each(p, m);
    float4 a = ((const float4 *)p)[0], b = ((const float4 *)p)[1];
    LkPack u = {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
    return u;
}

/** 16 bytes at an address of the card's own memory. Asked for in so many words: beside the branches of a division the
 * compiler makes four stores of it. */
LK_INLINE void lk_write_word(void *p, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(p)), "r"(a), "r"(b), "r"(c),
                 "r"(d)
                 : "memory");
}

LK_INLINE void lk_write(float *p, int64_t m, const LkPack &u)
{
    if (m < LK_PACK || !lk_aligned(p)) {
        lk_write_each(p, m, u);
        return;
    }
    lk_write_word(p, lk_to_bits(u.v[0]), lk_to_bits(u.v[1]), lk_to_bits(u.v[2]), lk_to_bits(u.v[3]));
    lk_write_word(p + 4, lk_to_bits(u.v[4]), lk_to_bits(u.v[5]), lk_to_bits(u.v[6]), lk_to_bits(u.v[7]));
}

/* Eight 16-bit elements as one word of 16 bytes. */
union LkWord16bit {
    LkWord word;
    uint16_t bits[LK_PACK];
};

template <typename E> LK_INLINE LkPack lk_read_16bit(const E *p, int64_t m)
{
    if (m < LK_PACK || !lk_aligned(p))
        return lk_read_each(p, m);
    LkWord16bit w;
    w.word = *(const uint4 *)p;
    LkPack u;
    LK_UNROLL for (int k = 0; k < LK_PACK; k++)
    {
        E e = {w.bits[k]};
        u.v[k] = lk_load(&e);
    }
    return u;
}

template <typename E> LK_INLINE void lk_write_16bit(E *p, int64_t m, const LkPack &u)
{
    if (m < LK_PACK || !lk_aligned(p)) {
        lk_write_each(p, m, u);
        return;
    }
    LkWord16bit w;
    LK_UNROLL for (int k = 0; k < LK_PACK; k++)
    {
        E e;
        lk_store(&e, u.v[k]);
        w.bits[k] = e.bits;
    }
    lk_write_word(p, w.word.x, w.word.y, w.word.z, w.word.w);
}

/* Eight 8-bit codes as two words of 4 bytes. */
union LkWord8bit {
    uint2 word;
    uint8_t bits[LK_PACK];
};

template <typename E> LK_INLINE LkPack lk_read_8bit(const E *p, int64_t m)
{
    if (m < LK_PACK || ((uintptr_t)p & 7u) != 0)
        return lk_read_each(p, m);
    LkWord8bit w;
    w.word = *(const uint2 *)p;
    LkPack u;
    LK_UNROLL for (int k = 0; k < LK_PACK; k++)
    {
        E e;
        e.bits = w.bits[k];
        u.v[k] = lk_load(&e);
    }
    return u;
}

LK_INLINE LkPack lk_read(const LkInt8 *p, int64_t m)
{
    return lk_read_8bit(p, m);
}

LK_INLINE LkPack lk_read(const LkE4m3 *p, int64_t m)
{
    return lk_read_8bit(p, m);
}

LK_INLINE LkPack lk_read(const LkBf16 *p, int64_t m)
{
    return lk_read_16bit(p, m);
}

LK_INLINE LkPack lk_read(const LkF16 *p, int64_t m)
{
    return lk_read_16bit(p, m);
}

LK_INLINE void lk_write(LkBf16 *p, int64_t m, const LkPack &u)
{
    lk_write_16bit(p, m, u);
}

LK_INLINE void lk_write(LkF16 *p, int64_t m, const LkPack &u)
{
    lk_write_16bit(p, m, u);
}

/** Two neighbours at an address that is aligned to both. */
LK_INLINE void lk_read_two(const float *p, float pair[2])
{
    float2 two = *(const float2 *)p;
    pair[0] = two.x;
    pair[1] = two.y;
}

template <typename E> LK_INLINE void lk_read_two(const E *p, E pair[2])
{
    uint32_t two = *(const uint32_t *)p;
    pair[0].bits = (uint16_t)two;
    pair[1].bits = (uint16_t)(two >> 16);
}

/* Products of warps: lane l of a warp has A(l / 4 + 8 i, 2 (l % 4) + j) in a[i][j] and B(2 (l % 4) + j, l / 4) in u[j],
 * and gets sum(l / 4 + 8 i, 2 (l % 4) + j) += A [16, 8] · B [8, 8]: the fragments of PTX's mma.m16n8k8 (PTX ISA,
 * "Matrix Fragments for mma.m16n8k8"). All lanes of the warp must come here; volatile keeps the compiler from moving a
 * product into a branch where its sums are wanted. */

/** By shuffles: for types and cards whose tensor cores would round, or have none. */
template <typename E> LK_INLINE void lk_warp_product_by_lanes(float sum[2][2], const E a[2][2], const E u[2])
{
    int lane = (int)threadIdx.x % 32;
    float x[2][2] = {{lk_load(&a[0][0]), lk_load(&a[0][1])}, {lk_load(&a[1][0]), lk_load(&a[1][1])}};
    float y[2] = {lk_load(&u[0]), lk_load(&u[1])};
    LK_UNROLL for (int k = 0; k < 8; k++)
    {
        LK_UNROLL for (int j = 0; j < 2; j++)
        {
            float w = __shfl_sync(0xffffffffu, y[k % 2], (lane % 4 * 2 + j) * 4 + k / 2);
            LK_UNROLL for (int i = 0; i < 2; i++) sum[i][j] +=
                __shfl_sync(0xffffffffu, x[i][k % 2], lane / 4 * 4 + k / 2) * w;
        }
    }
}

/** Two neighbours as a register of a tensor core. */
template <typename E> LK_INLINE uint32_t lk_two(const E pair[2])
{
    return (uint32_t)pair[0].bits | (uint32_t)pair[1].bits << 16;
}

LK_INLINE void lk_warp_product(float sum[2][2], const float a[2][2], const float u[2], LkBlock b)
{
    (void)b;
    lk_warp_product_by_lanes(sum, a, u);
}

LK_INLINE void lk_warp_product(float sum[2][2], const LkF16 a[2][2], const LkF16 u[2], LkBlock b)
{
    (void)b;
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(sum[0][0]), "+f"(sum[0][1]), "+f"(sum[1][0]), "+f"(sum[1][1])
                 : "r"(lk_two(a[0])), "r"(lk_two(a[1])), "r"(lk_two(u)));
}

LK_INLINE void lk_warp_product(float sum[2][2], const LkBf16 a[2][2], const LkBf16 u[2], LkBlock b)
{
    (void)b;
#if __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0][0]), "+f"(sum[0][1]), "+f"(sum[1][0]), "+f"(sum[1][1])
        : "r"(lk_two(a[0])), "r"(lk_two(a[1])), "r"(lk_two(u)));
#else
    lk_warp_product_by_lanes(sum, a, u);
#endif
}
