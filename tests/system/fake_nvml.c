/* A library like NVIDIA's driver's: two cards, whose figures the test knows. FAKE_NVML_ERROR is what it fails with,
 * FAKE_NVML_CUDA the newest CUDA that it runs, FAKE_NVML_FREE how many GiB of the first card are free. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct Memory {
    unsigned long long total, free, used;
} Memory;

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlSystemGetDriverVersion(char *version, unsigned length);
int nvmlSystemGetCudaDriverVersion_v2(int *version);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle);
int nvmlDeviceGetName(void *handle, char *name, unsigned length);
int nvmlDeviceGetMemoryInfo(void *handle, Memory *memory);
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor);
int nvmlDeviceGetTemperature(void *handle, int sensor, unsigned *celsius);
int nvmlDeviceGetTemperatureThreshold(void *handle, int which, unsigned *celsius);

static struct Card {
    const char *name;
    unsigned long long total, free;
    unsigned celsius, limit;
} cards[] = {{"NVIDIA GeForce RTX 3060", 12ull << 30, 11ull << 30, 71, 93},
             {"NVIDIA A100", 80ull << 30, 1ull << 30, 43, 0}};

EXPORT int nvmlInit_v2(void)
{
    const char *error = getenv("FAKE_NVML_ERROR");
    return error ? (int)strtol(error, NULL, 10) : 0;
}

EXPORT int nvmlShutdown(void)
{
    return 0;
}

EXPORT int nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    snprintf(version, length, "580.95.05");
    return 0;
}

EXPORT int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    const char *cuda = getenv("FAKE_NVML_CUDA");
    *version = cuda ? (int)strtol(cuda, NULL, 10) : 13000;
    return 0;
}

EXPORT int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = sizeof cards / sizeof *cards;
    return 0;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle)
{
    *handle = index < sizeof cards / sizeof *cards ? &cards[index] : NULL;
    return *handle ? 0 : 2;
}

EXPORT int nvmlDeviceGetName(void *handle, char *name, unsigned length)
{
    snprintf(name, length, "%s", ((struct Card *)handle)->name);
    return 0;
}

EXPORT int nvmlDeviceGetMemoryInfo(void *handle, Memory *memory)
{
    const struct Card *card = handle;
    const char *gib = getenv("FAKE_NVML_FREE");
    unsigned long long left = gib && card == &cards[0] ? strtoull(gib, NULL, 10) << 30 : card->free;
    *memory = (Memory){card->total, left, card->total - left};
    return 0;
}

EXPORT int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor)
{
    *major = 8;
    *minor = handle == &cards[0] ? 6 : 0;
    return 0;
}

EXPORT int nvmlDeviceGetTemperature(void *handle, int sensor, unsigned *celsius)
{
    *celsius = ((struct Card *)handle)->celsius;
    return sensor == 0 ? 0 : 2;
}

/* As with old drivers, one card does not tell. */
EXPORT int nvmlDeviceGetTemperatureThreshold(void *handle, int which, unsigned *celsius)
{
    *celsius = ((struct Card *)handle)->limit;
    return which == 1 && *celsius ? 0 : 3;
}
