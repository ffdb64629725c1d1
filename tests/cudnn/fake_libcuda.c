/* A driver without a card, for plans alone: cuDNN compiles its fused kernels for the card that the test describes,
 * loads them "somewhere", and never runs them. What is not needed for that answers "not supported". */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
enum { SUCCESS = 0, NOT_FOUND = 500, NOT_SUPPORTED = 801 };

static int not_supported(void)
{
    return NOT_SUPPORTED;
}

static int some_handle(void **out)
{
    static char object;
    *out = &object;
    return SUCCESS;
}

/** This library's function of that name, in its second version where there is one. */
static int find(const char *name, void **out)
{
    char second[256];
    snprintf(second, sizeof second, "%s_v2", name);
    void *self = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    *out = self ? dlsym(self, second) : NULL;
    if (self && !*out)
        *out = dlsym(self, name);
    if (self)
        dlclose(self);
    if (!*out)
        *out = (void *)not_supported;
    return strncmp(name, "cu", 2) == 0 ? SUCCESS : NOT_FOUND;
}

/* What cuDNN wants to find by name, though it does not call it to make a plan. */
#define UNUSED(name) EXPORTED int name(void) __attribute__((alias("not_supported")))
UNUSED(cuCtxGetCurrent);
UNUSED(cuCtxGetLimit);
UNUSED(cuCtxPopCurrent);
UNUSED(cuCtxPushCurrent);
UNUSED(cuStreamGetCtx);
UNUSED(cuLinkCreate);
UNUSED(cuLinkAddData);
UNUSED(cuLinkComplete);
UNUSED(cuLinkDestroy);
UNUSED(cuLaunchKernel);
UNUSED(cuLaunchKernelEx);
UNUSED(cuLaunchCooperativeKernel);
UNUSED(cuDeviceGet);
UNUSED(cuLibraryLoadFromFile);
UNUSED(cuKernelSetAttribute);
UNUSED(cuKernelGetAttribute);
UNUSED(cuOccupancyMaxPotentialClusterSize);

/* The names and arguments are the driver's. */
#define DRIVER(name, ...)                                                                                              \
    EXPORTED int name(__VA_ARGS__);                                                                                    \
    EXPORTED int name(__VA_ARGS__)

DRIVER(cuInit, unsigned flags)
{
    (void)flags;
    return NOT_SUPPORTED;
}

DRIVER(cuDriverGetVersion, int *version)
{
    *version = 13000;
    return SUCCESS;
}

DRIVER(cuGetProcAddress, const char *name, void **out)
{
    return find(name, out);
}

DRIVER(cuGetProcAddress_v2, const char *name, void **out)
{
    return find(name, out);
}

DRIVER(cuGetExportTable, const void **table, const void *id)
{
    (void)id;
    *table = NULL;
    return NOT_SUPPORTED;
}

DRIVER(cuGetErrorString, int error, const char **text)
{
    (void)error;
    *text = "there is no card";
    return SUCCESS;
}

DRIVER(cuGetErrorName, int error, const char **text)
{
    return cuGetErrorString(error, text);
}

DRIVER(cuDeviceGetCount, int *count)
{
    *count = 0;
    return NOT_SUPPORTED;
}

DRIVER(cuLibraryLoadData, void **out)
{
    return some_handle(out);
}

DRIVER(cuLibraryGetKernel, void **out)
{
    return some_handle(out);
}

DRIVER(cuLibraryGetModule, void **out)
{
    return some_handle(out);
}

DRIVER(cuLibraryUnload, void *library)
{
    (void)library;
    return SUCCESS;
}

DRIVER(cuKernelGetFunction, void **out)
{
    return some_handle(out);
}

DRIVER(cuModuleLoadData, void **out)
{
    return some_handle(out);
}

DRIVER(cuModuleLoadDataEx, void **out)
{
    return some_handle(out);
}

DRIVER(cuModuleGetFunction, void **out)
{
    return some_handle(out);
}
