/* What the check asks of CUDA's libraries, all in one: FAKE_CUDA_ERROR is what cuInit answers, FAKE_CUDNN the version
 * of cuDNN. */
#include <stddef.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

int cuInit(unsigned flags);
int cuDriverGetVersion(int *version);
size_t cudnnGetVersion(void);
size_t cublasLtGetVersion(void);

EXPORT int cuInit(unsigned flags)
{
    const char *error = getenv("FAKE_CUDA_ERROR");
    return error ? (int)strtol(error, NULL, 10) : (int)flags;
}

EXPORT int cuDriverGetVersion(int *version)
{
    *version = 13000;
    return 0;
}

EXPORT size_t cudnnGetVersion(void)
{
    const char *version = getenv("FAKE_CUDNN");
    return version ? strtoul(version, NULL, 10) : 91801;
}

EXPORT size_t cublasLtGetVersion(void)
{
    return 130100;
}
