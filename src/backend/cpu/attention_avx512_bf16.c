/* Attention in bf16 with AVX-512: products of pairs, summed in f32. */
#if defined(__x86_64__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))),        \
                             apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#endif

#define ATTENTION_LANES  16
#define ATTENTION_ROWS   8
#define ATTENTION_PAIR   2
#define ATTENTION_NAME   "avx512-bf16"
#define ATTENTION_SYMBOL lk_attention_avx512_bf16
#include "backend/cpu/attention_set.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
