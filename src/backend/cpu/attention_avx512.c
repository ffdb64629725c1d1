/* Attention with AVX-512: f32 products; bf16 is widened when packed. */
#if defined(__x86_64__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))),                   \
                             apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#endif

#define ATTENTION_LANES  16
#define ATTENTION_ROWS   8
#define ATTENTION_PAIR   1
#define ATTENTION_NAME   "avx512"
#define ATTENTION_SYMBOL lk_attention_avx512
#include "backend/cpu/attention_set.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
