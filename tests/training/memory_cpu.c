/* The CPU: what the program takes from the C library beside the device's memory must not grow from step to step. */
#include "memory_devices.h"

#include <malloc.h>

bool memory_device(int number, MemoryDevice *device)
{
    LkDeviceInfo info = {0};
    if (number > 0 || lk_backend_cpu()->devices(&info, 1, NULL) < 1)
        return false;
    *device = (MemoryDevice){
        .name = "CPU", .api = lk_backend_cpu(), .precisions = {"no", info.bf16 ? "bf16" : NULL}, .steady = 64 << 10};
    return true;
}

int64_t memory_device_held(void)
{
    return -1;
}

int64_t memory_device_peak(void)
{
    return -1;
}

int64_t memory_device_beside(void)
{
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}
