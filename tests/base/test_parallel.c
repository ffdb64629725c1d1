/* The parallel loop covers each index once, whatever the numbers of indices and threads. */
#include "base/parallel.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct Marks {
    unsigned char *hit;
    _Atomic int calls;
    _Atomic int64_t largest;
} Marks;

static void mark(void *context, int64_t first, int64_t last)
{
    Marks *marks = context;
    marks->calls++;
    int64_t size = last - first, most = marks->largest;
    while (size > most && !atomic_compare_exchange_weak(&marks->largest, &most, size))
        ;
    for (int64_t i = first; i < last; i++)
        marks->hit[i]++;
}

static void test_cover(void)
{
    bool once = true, balanced = true, few = true;
    for (int threads = 1; threads <= 9; threads++) {
        lk_parallel_set_threads(threads);
        for (int64_t count = 0; count < 40; count++) {
            unsigned char hit[40] = {0};
            Marks marks = {.hit = hit};
            lk_parallel_for(count, mark, &marks);
            for (int64_t i = 0; i < 40; i++)
                once &= hit[i] == (i < count);
            few &= marks.calls <= threads && marks.calls <= count;
            balanced &= marks.largest <= (count + threads - 1) / threads || marks.calls < threads;
        }
    }
    lk_parallel_set_threads(0);
    tap_ok(once, "1 to 9 threads, 0 to 39 indices: each index once");
    tap_ok(few && balanced, "in at most one call a thread, of about equal length");
    lk_parallel_for(-5, mark, NULL);
    tap_ok(true, "a negative count is no work");
}

static void nested(void *context, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++) {
        unsigned char hit[100] = {0};
        Marks marks = {.hit = hit};
        lk_parallel_for(100, mark, &marks);
        int sum = 0;
        for (int k = 0; k < 100; k++)
            sum += hit[k];
        ((int *)context)[i] = sum == 100 && marks.calls == 1;
    }
}

static void test_nested(void)
{
    int good[8] = {0};
    lk_parallel_set_threads(4);
    lk_parallel_for(8, nested, good);
    lk_parallel_set_threads(0);
    bool all = true;
    for (int i = 0; i < 8; i++)
        all &= good[i];
    tap_ok(all, "a loop inside a loop runs in the thread it is in");
}

static void *ask(void *context)
{
    *(int *)context = lk_parallel_threads();
    return NULL;
}

static void test_setting(void)
{
    tap_ok(lk_parallel_threads() >= 1, "there is at least one thread (%d)", lk_parallel_threads());
    lk_parallel_set_threads(3);
    pthread_t thread;
    int seen = 0;
    pthread_create(&thread, NULL, ask, &seen);
    pthread_join(thread, NULL);
    tap_ok(seen == 3, "the number set in one thread holds in another");
    lk_parallel_set_threads(0);
}

int main(void)
{
    test_cover();
    test_nested();
    test_setting();
    return tap_done();
}
