/* Work on all cores. The result of a parallel loop may not depend on how blocks fall to threads. */
#pragma once

#include <stdint.h>

/** Calls work(context, first, last) for disjoint ranges that cover 0..count-1, on all threads, and waits. */
void lk_parallel_for(int64_t count, void (*work)(void *context, int64_t first, int64_t last), void *context);

/** How many threads lk_parallel_for uses. 0 in `lk_parallel_set_threads` means all cores of the process. */
int lk_parallel_threads(void);
void lk_parallel_set_threads(int threads);
