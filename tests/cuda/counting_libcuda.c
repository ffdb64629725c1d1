/* A driver that tells how much of a card is free, and counts what is held of it. */
#include "counting_libcuda.h"

#include <string.h>

__attribute__((visibility("default"))) CountingDriver counting_driver;

/** The status of a call: an error where this function is to fail. */
static int called(const char *name)
{
    return counting_driver.fails && strcmp(counting_driver.fails, name) == 0 ? counting_driver.error : 0;
}

/* The names and arguments are the driver's. */
#define DRIVER(name, ...)                                                                                              \
    __attribute__((visibility("default"))) int name(__VA_ARGS__);                                                      \
    int name(__VA_ARGS__)

DRIVER(cuDeviceGet, int *device, int index)
{
    *device = 10 + index;
    return called("cuDeviceGet");
}

DRIVER(cuDevicePrimaryCtxRetain, void **context, int device)
{
    int status = called("cuDevicePrimaryCtxRetain");
    counting_driver.contexts += status == 0;
    counting_driver.retained += status == 0;
    counting_driver.device = device;
    *context = &counting_driver;
    return status;
}

DRIVER(cuDevicePrimaryCtxRelease_v2, int device)
{
    counting_driver.contexts -= device == counting_driver.device;
    return called("cuDevicePrimaryCtxRelease_v2");
}

DRIVER(cuCtxPushCurrent_v2, void *context)
{
    int status = context == &counting_driver ? called("cuCtxPushCurrent_v2") : 201; /* no such context */
    counting_driver.current += status == 0;
    return status;
}

DRIVER(cuCtxPopCurrent_v2, void **context)
{
    *context = &counting_driver;
    counting_driver.current--;
    return called("cuCtxPopCurrent_v2");
}

DRIVER(cuMemGetInfo_v2, size_t *available, size_t *total)
{
    if (counting_driver.current != 1)
        return 201;
    *available = (size_t)(counting_driver.device - 9) << 30;
    *total = (size_t)8 << 30;
    return called("cuMemGetInfo_v2");
}
