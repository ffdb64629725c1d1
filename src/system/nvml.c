#include "system/nvml.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* The part of nvml.h that is used here: numbers, types and names are its binary interface. */
typedef void *Handle;
typedef struct Memory {
    unsigned long long total, free, used;
} Memory;
enum {
    SUCCESS = 0,
    NO_PERMISSION = 4,
    DRIVER_NOT_LOADED = 9,
    LIB_RM_VERSION_MISMATCH = 18,
    SENSOR_GPU = 0,
    THRESHOLD_SHUTDOWN = 0,
    THRESHOLD_SLOWDOWN = 1,
};

struct LkNvml {
    void *library;
    char driver[81];
    int cuda;
    int (*init)(void);
    int (*shutdown)(void);
    int (*driver_version)(char *version, unsigned length);
    int (*cuda_version)(int *version);
    int (*count)(unsigned *count);
    int (*handle)(unsigned index, Handle *handle);
    int (*name)(Handle handle, char *name, unsigned length);
    int (*memory)(Handle handle, Memory *memory);
    int (*capability)(Handle handle, int *major, int *minor);
    int (*temperature)(Handle handle, int sensor, unsigned *celsius);
    int (*threshold)(Handle handle, int which, unsigned *celsius);
};

/* Where each function is kept; those that may be missing are asked before they are called. */
static const struct {
    const char *name;
    size_t offset;
    bool needed;
} functions[] = {
    {"nvmlInit_v2", offsetof(LkNvml, init), true},
    {"nvmlShutdown", offsetof(LkNvml, shutdown), true},
    {"nvmlDeviceGetCount_v2", offsetof(LkNvml, count), true},
    {"nvmlDeviceGetHandleByIndex_v2", offsetof(LkNvml, handle), true},
    {"nvmlDeviceGetName", offsetof(LkNvml, name), true},
    {"nvmlDeviceGetMemoryInfo", offsetof(LkNvml, memory), true},
    {"nvmlSystemGetDriverVersion", offsetof(LkNvml, driver_version), false},
    {"nvmlSystemGetCudaDriverVersion_v2", offsetof(LkNvml, cuda_version), false},
    {"nvmlDeviceGetCudaComputeCapability", offsetof(LkNvml, capability), false},
    {"nvmlDeviceGetTemperature", offsetof(LkNvml, temperature), false},
    {"nvmlDeviceGetTemperatureThreshold", offsetof(LkNvml, threshold), false},
};

static bool load(LkNvml *nvml)
{
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        void *function = dlsym(nvml->library, functions[i].name);
        if (!function && functions[i].needed)
            return false;
        memcpy((char *)nvml + functions[i].offset, &function, sizeof function); /* as POSIX has it for dlsym */
    }
    return true;
}

static LkNvmlProblem start(LkNvml *nvml)
{
    int result = nvml->init();
    if (result != SUCCESS)
        return result == DRIVER_NOT_LOADED         ? LK_NVML_NOT_LOADED
               : result == NO_PERMISSION           ? LK_NVML_NO_PERMISSION
               : result == LIB_RM_VERSION_MISMATCH ? LK_NVML_OTHER_VERSION
                                                   : LK_NVML_FAILED;
    if (!nvml->driver_version || nvml->driver_version(nvml->driver, sizeof nvml->driver - 1) != SUCCESS)
        nvml->driver[0] = '\0';
    if (!nvml->cuda_version || nvml->cuda_version(&nvml->cuda) != SUCCESS)
        nvml->cuda = 0;
    return LK_NVML_FINE;
}

LkNvml *lk_nvml_open(const char *library, LkNvmlProblem *problem)
{
    LkNvml *nvml = g_new0(LkNvml, 1);
    nvml->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    LkNvmlProblem found = !nvml->library ? LK_NVML_NO_LIBRARY : load(nvml) ? start(nvml) : LK_NVML_FAILED;
    if (problem)
        *problem = found;
    if (found == LK_NVML_FINE)
        return nvml;
    if (nvml->library)
        dlclose(nvml->library);
    g_free(nvml);
    return NULL;
}

void lk_nvml_close(LkNvml *nvml)
{
    if (!nvml)
        return;
    nvml->shutdown();
    dlclose(nvml->library);
    g_free(nvml);
}

const char *lk_nvml_driver(const LkNvml *nvml)
{
    return *nvml->driver ? nvml->driver : NULL;
}

int lk_nvml_cuda_version(const LkNvml *nvml)
{
    return nvml->cuda;
}

int lk_nvml_count(const LkNvml *nvml)
{
    unsigned count = 0;
    return nvml->count(&count) == SUCCESS ? (int)count : 0;
}

static bool get_handle(const LkNvml *nvml, int number, Handle *handle)
{
    return number >= 0 && nvml->handle((unsigned)number, handle) == SUCCESS;
}

bool lk_nvml_card(const LkNvml *nvml, int number, LkNvmlCard *card)
{
    Handle handle;
    Memory memory;
    *card = (LkNvmlCard){0};
    if (!get_handle(nvml, number, &handle) || nvml->name(handle, card->name, sizeof card->name - 1) != SUCCESS ||
        nvml->memory(handle, &memory) != SUCCESS)
        return false;
    card->memory_bytes = (int64_t)memory.total;
    card->free_bytes = (int64_t)memory.free;
    if (!nvml->capability || nvml->capability(handle, &card->major, &card->minor) != SUCCESS)
        card->major = card->minor = 0;
    return true;
}

bool lk_nvml_temperature(const LkNvml *nvml, int number, LkTemperature *temperature)
{
    Handle handle;
    unsigned celsius = 0, limit = 0;
    if (!nvml->temperature || !get_handle(nvml, number, &handle) ||
        nvml->temperature(handle, SENSOR_GPU, &celsius) != SUCCESS)
        return false;
    if (!nvml->threshold || (nvml->threshold(handle, THRESHOLD_SLOWDOWN, &limit) != SUCCESS &&
                             nvml->threshold(handle, THRESHOLD_SHUTDOWN, &limit) != SUCCESS))
        limit = 0;
    *temperature = (LkTemperature){celsius, limit};
    return true;
}
