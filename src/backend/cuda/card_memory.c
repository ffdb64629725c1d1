#include "backend/cuda/card_memory.h"

#include <dlfcn.h>
#include <stdbool.h>

/* The driver's functions, with its names and arguments; their results are numbered as the runtime's. */
typedef struct Driver {
    int (*get)(int *device, int index);
    int (*retain)(void **context, int device);
    int (*release)(int device);
    int (*push)(void *context);
    int (*pop)(void **context);
    int (*memory)(size_t *available, size_t *total);
} Driver;

/** The driver that the runtime has opened; false where it lacks a function. */
static bool find_driver(Driver *driver)
{
    const struct {
        const char *name;
        void *place;
    } functions[] = {
        {"cuDeviceGet", &driver->get},
        {"cuDevicePrimaryCtxRetain", &driver->retain},
        {"cuDevicePrimaryCtxRelease_v2", &driver->release},
        {"cuCtxPushCurrent_v2", &driver->push},
        {"cuCtxPopCurrent_v2", &driver->pop},
        {"cuMemGetInfo_v2", &driver->memory},
    };
    void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    bool found = library != NULL;
    for (size_t i = 0; found && i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(library, functions[i].name);
        *(void **)functions[i].place = function;
        found = function != NULL;
    }
    if (library)
        (void)dlclose(library); /* the runtime keeps it open */
    return found;
}

static int ask(const Driver *driver, void *context, size_t *available, size_t *total)
{
    int status = driver->push(context);
    if (status)
        return status;
    status = driver->memory(available, total);
    int after = driver->pop(&context);
    return status ? status : after;
}

cudaError_t lk_cuda_card_memory(int index, size_t *available, size_t *total)
{
    Driver driver;
    int device = 0;
    void *context = NULL;
    if (!find_driver(&driver)) {
        cudaError_t status = cudaSetDevice(index);
        return status ? status : cudaMemGetInfo(available, total);
    }
    int status = driver.get(&device, index);
    if (!status)
        status = driver.retain(&context, device);
    if (status)
        return (cudaError_t)status;
    status = ask(&driver, context, available, total);
    int after = driver.release(device);
    return (cudaError_t)(status ? status : after);
}
