/* In the module of the CUDA backend over the stand-in: a program that made a mistake or left something behind fails.
 * LORIKEET_FAKE_CUDA_TELL=1 has the number of calls and of waits told, and the most memory that was in use. */
#include "tests/fakecuda/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((destructor)) static void report(void)
{
    if (getenv("LORIKEET_FAKE_CUDA_TELL"))
        fprintf(stderr,
                "# fake CUDA: %lld calls, %lld waits for a stream's end, at most %lld bytes of device memory in %lld "
                "allocations\n",
                (long long)fake_calls(), (long long)fake_drains(), (long long)fake_memory_peak(),
                (long long)fake_allocations());
    int leaks = fake_leaks(), violations = fake_violations();
    if (leaks == 0 && violations == 0)
        return;
    fflush(stdout);
    fprintf(stderr, "# fake CUDA: %d mistakes, %d things were not destroyed\n", violations, leaks);
    fflush(stderr);
    _exit(70);
}
