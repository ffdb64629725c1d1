/* In the module of the CUDA backend over the stand-in: a program that made a mistake or left something behind fails.
 * LORIKEET_FAKE_CUDA_PEAK=1 has the most memory told that was in use. */
#include "tests/fakecuda/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((destructor)) static void report(void)
{
    if (getenv("LORIKEET_FAKE_CUDA_PEAK"))
        fprintf(stderr, "# fake CUDA: at most %lld bytes of device memory\n", (long long)fake_memory_peak());
    int leaks = fake_leaks(), violations = fake_violations();
    if (leaks == 0 && violations == 0)
        return;
    fflush(stdout);
    fprintf(stderr, "# fake CUDA: %d mistakes, %d things were not destroyed\n", violations, leaks);
    fflush(stderr);
    _exit(70);
}
