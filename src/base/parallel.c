#include "base/parallel.h"

#include <omp.h>
#include <stdatomic.h>

/* OpenMP's own setting belongs to one calling thread; ours must hold for every thread of the process. */
static _Atomic int wanted_threads;

int lk_parallel_threads(void)
{
    int wanted = atomic_load_explicit(&wanted_threads, memory_order_relaxed);
    return wanted > 0 ? wanted : omp_get_num_procs();
}

void lk_parallel_set_threads(int threads)
{
    atomic_store_explicit(&wanted_threads, threads > 0 ? threads : 0, memory_order_relaxed);
}

/* Start of range `part` of `parts`: ranges differ in length by at most one and never overflow. */
static int64_t range_start(int64_t count, int part, int parts)
{
    int64_t base = count / parts, rest = count % parts;
    return base * part + (part < rest ? part : rest);
}

void lk_parallel_for(int64_t count, void (*work)(void *context, int64_t first, int64_t last), void *context)
{
    if (count <= 0)
        return;
    int threads = lk_parallel_threads();
    if (threads > count)
        threads = (int)count;
    if (threads <= 1 || omp_in_parallel()) {
        work(context, 0, count);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        /* The runtime may give fewer threads than asked for. */
        int part = omp_get_thread_num(), parts = omp_get_num_threads();
        int64_t first = range_start(count, part, parts), last = range_start(count, part + 1, parts);
        if (first < last)
            work(context, first, last);
    }
}
