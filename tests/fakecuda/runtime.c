/* The rest of the CUDA runtime: devices, versions, copies, error texts. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Devices ---- */

static const struct {
    int sm, processors;
    const char *name;
} cards[] = {
    {75, 46, "NVIDIA GeForce RTX 2080"},   {80, 108, "NVIDIA A100-SXM4-40GB"}, {86, 28, "NVIDIA GeForce RTX 3060"},
    {89, 128, "NVIDIA GeForce RTX 4090"},  {90, 132, "NVIDIA H100 80GB HBM3"}, {100, 148, "NVIDIA B200"},
    {120, 170, "NVIDIA GeForce RTX 5090"},
};

static const char *card_name(void)
{
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        if (cards[i].sm == fake_config()->sm)
            return cards[i].name;
    return "NVIDIA Tesla";
}

static int card_processors(void)
{
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        if (cards[i].sm == fake_config()->sm)
            return cards[i].processors;
    return 80;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!count)
        return fake_return(cudaErrorInvalidValue);
    *count = fake_config()->devices;
    return fake_return(cudaSuccess);
}

static bool no_such_device(int device)
{
    return device < 0 || device >= fake_config()->devices;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!prop || no_such_device(device))
        return fake_return(prop ? cudaErrorInvalidDevice : cudaErrorInvalidValue);
    memset(prop, 0, sizeof *prop);
    snprintf(prop->name, sizeof prop->name, "%s", card_name());
    prop->totalGlobalMem = (size_t)fake_config()->memory;
    prop->major = fake_config()->sm / 10;
    prop->minor = fake_config()->sm % 10;
    prop->multiProcessorCount = card_processors();
    prop->warpSize = 32;
    prop->maxThreadsPerBlock = 1024;
    prop->maxThreadsDim[0] = prop->maxThreadsDim[1] = 1024;
    prop->maxThreadsDim[2] = 64;
    prop->maxGridSize[0] = 2147483647;
    prop->maxGridSize[1] = prop->maxGridSize[2] = 65535;
    prop->sharedMemPerBlock = 49152;
    prop->regsPerBlock = 65536;
    prop->maxThreadsPerMultiProcessor = 2048;
    prop->l2CacheSize = 32 << 20;
    prop->unifiedAddressing = prop->canMapHostMemory = prop->concurrentKernels = 1;
    prop->asyncEngineCount = 2;
    prop->pciBusID = 1 + device;
    return fake_return(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!value || no_such_device(device))
        return fake_return(value ? cudaErrorInvalidDevice : cudaErrorInvalidValue);
    switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
        *value = fake_config()->sm / 10;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = fake_config()->sm % 10;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = card_processors();
        break;
    case cudaDevAttrWarpSize:
        *value = 32;
        break;
    case cudaDevAttrMaxThreadsPerBlock:
        *value = 1024;
        break;
    case cudaDevAttrMaxGridDimX:
        *value = 2147483647;
        break;
    case cudaDevAttrIntegrated:
        *value = 0;
        break;
    case cudaDevAttrUnifiedAddressing:
        *value = 1;
        break;
    default:
        fake_violate("cudaDeviceGetAttribute(%d): the stand-in does not know this attribute.", (int)attribute);
        return fake_return(cudaErrorInvalidValue);
    }
    return fake_return(cudaSuccess);
}

static _Thread_local int current_device;

int fake_current_device(void)
{
    return current_device;
}

cudaError_t cudaSetDevice(int device)
{
    FAKE_BEGIN(cudaErrorDevicesUnavailable);
    if (no_such_device(device))
        return fake_return(cudaErrorInvalidDevice);
    current_device = device;
    return fake_return(cudaSuccess);
}

cudaError_t cudaGetDevice(int *device)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!device)
        return fake_return(cudaErrorInvalidValue);
    *device = current_device;
    return fake_return(cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int *version)
{
    fake_lock();
    if (version)
        *version = fake_config()->driver == FAKE_DRIVER_NONE      ? 0
                   : fake_config()->driver == FAKE_DRIVER_TOO_OLD ? 11040
                                                                  : CUDART_VERSION;
    fake_end();
    return version ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    if (version)
        *version = CUDART_VERSION;
    return version ? cudaSuccess : cudaErrorInvalidValue;
}

/* ---- Copies ---- */

typedef struct Copy {
    void *to;
    const void *from; /* NULL: `staged` */
    void *staged;     /* the bytes of pageable memory, taken when the call was made */
    size_t to_step, from_step, row, rows;
} Copy;

/** Bytes from the first row's first to the last row's last. */
static size_t reach(size_t step, size_t row, size_t rows)
{
    return (rows - 1) * step + row;
}

static void run_copy(const void *data)
{
    const Copy *c = data;
    bool to_device = fake_place(c->to, 1) != FAKE_PAGEABLE,
         from_device = c->from && fake_place(c->from, 1) != FAKE_PAGEABLE;
    if ((to_device && !fake_accessible(c->to, reach(c->to_step, c->row, c->rows), "a copy")) ||
        (from_device && !fake_accessible(c->from, reach(c->from_step, c->row, c->rows), "a copy")))
        return;
    const char *from = c->from ? c->from : c->staged;
    for (size_t r = 0; r < c->rows; r++)
        memmove((char *)c->to + r * c->to_step, from + r * c->from_step, c->row);
}

static void drop_copy(void *data)
{
    free(((Copy *)data)->staged);
}

/** Whether an address may be this end of a copy. */
static bool fits(FakePlace place, bool device, bool any)
{
    return place != FAKE_NOWHERE && (any || (place == FAKE_DEVICE) == device);
}

/** `what` copies rows: the call of that name. */
static cudaError_t copy_rows(const char *what, const Copy *rows, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    size_t source_bytes = reach(rows->from_step, rows->row, rows->rows);
    FakePlace source = fake_place(rows->from, source_bytes),
              target = fake_place(rows->to, reach(rows->to_step, rows->row, rows->rows));
    bool any = kind == cudaMemcpyDefault;
    if (!rows->to || !rows->from || (unsigned)kind > cudaMemcpyDefault ||
        !fits(source, kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice, any) ||
        !fits(target, kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice, any)) {
        fake_violate("%s: %zu rows of %zu bytes from %p to %p are no copy of kind %d.", what, rows->rows, rows->row,
                     rows->from, rows->to, (int)kind);
        return fake_return(cudaErrorInvalidValue);
    }
    FakeWork *work = fake_work_new("copy", sizeof(Copy), run_copy);
    Copy *copy = (Copy *)work->data;
    *copy = *rows;
    work->drop = drop_copy;
    bool captured = fake_capturing(stream); /* a node of a graph reads its memory when it runs */
    if (source == FAKE_PAGEABLE && !captured) {
        copy->staged = malloc(source_bytes);
        if (!copy->staged)
            abort();
        memcpy(copy->staged, rows->from, source_bytes);
        copy->from = NULL;
    }
    cudaError_t error = fake_enqueue(stream, work);
    if (!error && target == FAKE_PAGEABLE && !captured) { /* returns when the bytes are there */
        fake_finish(stream);
        error = fake_device_error();
    }
    return fake_return(error);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    if (!fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    if (bytes == 0)
        return fake_return(cudaSuccess);
    return copy_rows("cudaMemcpyAsync", &(Copy){to, from, NULL, bytes, bytes, bytes, 1}, kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_step, const void *from, size_t from_step, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    if (!fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    if (width > to_step || width > from_step) {
        fake_violate("cudaMemcpy2DAsync: rows of %zu bytes, %zu and %zu bytes apart.", width, to_step, from_step);
        return fake_return(cudaErrorInvalidPitchValue);
    }
    if (width == 0 || height == 0)
        return fake_return(cudaSuccess);
    return copy_rows("cudaMemcpy2DAsync", &(Copy){to, from, NULL, to_step, from_step, width, height}, kind, stream);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, NULL);
    return error ? error : cudaStreamSynchronize(NULL);
}

typedef struct Set {
    void *to;
    size_t bytes;
    int value;
} Set;

static void run_set(const void *data)
{
    const Set *s = data;
    if (fake_accessible(s->to, s->bytes, "cudaMemsetAsync"))
        memset(s->to, s->value, s->bytes);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    if (!fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    if (bytes == 0)
        return fake_return(cudaSuccess);
    if (fake_place(to, bytes) != FAKE_DEVICE && fake_place(to, bytes) != FAKE_HOST) {
        fake_violate("cudaMemsetAsync: the %zu bytes at %p are not inside one device allocation.", bytes, to);
        return fake_return(cudaErrorInvalidValue);
    }
    FakeWork *work = fake_work_new("set", sizeof(Set), run_set);
    *(Set *)work->data = (Set){to, bytes, value};
    return fake_return(fake_enqueue(stream, work));
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    return cudaMemsetAsync(to, value, bytes, NULL);
}

/* ---- Error texts: the real ones ---- */

#define ERRORS(X)                                                                                                      \
    X(cudaSuccess, "no error")                                                                                         \
    X(cudaErrorInvalidValue, "invalid argument")                                                                       \
    X(cudaErrorMemoryAllocation, "out of memory")                                                                      \
    X(cudaErrorInitializationError, "initialization error")                                                            \
    X(cudaErrorInvalidConfiguration, "invalid configuration argument")                                                 \
    X(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version")                     \
    X(cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable")                                \
    X(cudaErrorInvalidDeviceFunction, "invalid device function")                                                       \
    X(cudaErrorNoDevice, "no CUDA-capable device is detected")                                                         \
    X(cudaErrorInvalidDevice, "invalid device ordinal")                                                                \
    X(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device")                     \
    X(cudaErrorOperatingSystem, "OS call failed or operation not supported on this OS")                                \
    X(cudaErrorInvalidResourceHandle, "invalid resource handle")                                                       \
    X(cudaErrorIllegalState, "the operation cannot be performed in the present state")                                 \
    X(cudaErrorNotReady, "device not ready")                                                                           \
    X(cudaErrorIllegalAddress, "an illegal memory access was encountered")                                             \
    X(cudaErrorLaunchFailure, "unspecified launch failure")                                                            \
    X(cudaErrorNotSupported, "operation not supported")                                                                \
    X(cudaErrorSystemDriverMismatch, "system has unsupported display driver / cuda driver combination")                \
    X(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing")                           \
    X(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture")                    \
    X(cudaErrorStreamCaptureUnmatched, "capture was not initiated in this stream")                                     \
    X(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work")                                            \
    X(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream")                      \
    X(cudaErrorStreamCaptureImplicit, "operation would make the legacy stream depend on a capturing blocking stream")  \
    X(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing stream")               \
    X(cudaErrorUnknown, "unknown error")

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
#define X(name, text)                                                                                                  \
    case name:                                                                                                         \
        return text;
        ERRORS(X)
#undef X
    default:
        return "unrecognized error code";
    }
}

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
#define X(name, text)                                                                                                  \
    case name:                                                                                                         \
        return #name;
        ERRORS(X)
#undef X
    default:
        return "unrecognized error code";
    }
}
