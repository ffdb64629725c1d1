/* Attention with the compiler's own vectors of four numbers, for any processor. */
#define ATTENTION_LANES  4
#define ATTENTION_ROWS   4
#define ATTENTION_PAIR   1
#define ATTENTION_NAME   "portable"
#define ATTENTION_SYMBOL lk_attention_portable
#include "backend/cpu/attention_set.h"
