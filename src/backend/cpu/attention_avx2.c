/* Attention with AVX2 and FMA: f32 products; bf16 is widened when packed. */
#if defined(__x86_64__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define ATTENTION_LANES  8
#define ATTENTION_ROWS   4
#define ATTENTION_PAIR   1
#define ATTENTION_NAME   "avx2"
#define ATTENTION_SYMBOL lk_attention_avx2
#include "backend/cpu/attention_set.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
