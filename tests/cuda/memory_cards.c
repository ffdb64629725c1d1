/* Cards of the stand-in for CUDA: every byte that is taken of them is counted by the stand-in itself. */
#include "tests/training/memory_devices.h"

#include "backend/cuda/module.h"
#include "tests/fakecuda/fake.h"

static const struct {
    const char *name;
    int sm;
    int64_t gib;
    const char *precisions[4];
} cards[] = {
    {"sm 7.5, 6 GiB", 75, 6, {"no", "fp16"}},
    {"sm 8.6, 12 GiB", 86, 12, {"no", "bf16", "fp16"}},
    {"sm 9.0, 80 GiB", 90, 80, {"bf16"}},
    {"sm 12.0, 32 GiB", 120, 32, {"bf16", "fp16"}},
};

bool memory_device(int number, MemoryDevice *device)
{
    if (number >= (int)(sizeof cards / sizeof *cards))
        return false;
    fake_reset();
    fake_device(cards[number].sm, cards[number].gib << 30, 1);
    *device = (MemoryDevice){.name = cards[number].name, .api = lk_cuda_backend(), .workspaces = true};
    for (int i = 0; cards[number].precisions[i]; i++)
        device->precisions[i] = cards[number].precisions[i];
    return true;
}

int64_t memory_device_held(void)
{
    return fake_memory_used();
}

int64_t memory_device_peak(void)
{
    return fake_memory_peak();
}

int64_t memory_device_beside(void)
{
    return fake_calls_of("cudaMalloc") + fake_calls_of("cudaHostAlloc");
}
