/* A graphics card as a device, and the table that the module exports. */
#include "backend/cuda/card_limits.h"
#include "backend/cuda/card_memory.h"
#include "backend/cuda/cuda_backend.h"
#include "backend/cuda/cudnn_graph.h"
#include "backend/cuda/module.h"
#include "backend/cuda/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What the driver takes of the card's memory after it was asked how much is free: the code of kernels, which it loads
 * when each is first used, and recorded steps. */
#define LIBRARY_BYTES (INT64_C(256) << 20)

static bool describe(int index, LkDeviceInfo *info, LkError *error)
{
    struct cudaDeviceProp card;
    int driver = 0, runtime = 0;
    size_t available = 0, total = 0;
    cudaError_t status = cudaGetDeviceProperties(&card, index);
    if (status == cudaSuccess)
        status = cudaDriverGetVersion(&driver);
    if (status == cudaSuccess)
        status = cudaRuntimeGetVersion(&runtime);
    if (status == cudaSuccess)
        status = lk_cuda_card_memory(index, &available, &total);
    if (!lk_cuda_ok(status, "asking the card what it is", error))
        return false;
    int sm = card.major * 10 + card.minor;
    const LkCardLimits *limits = lk_card_limits(sm);
    char able[128];
    size_t dnn = cudnnGetVersion();
    *info = (LkDeviceInfo){.memory_bytes = (int64_t)total,
                           .free_bytes = (int64_t)available > LIBRARY_BYTES ? (int64_t)available - LIBRARY_BYTES : 0,
                           .bf16 = limits && limits->bf16,
                           .fp16 = limits && limits->fp16};
    snprintf(info->name, sizeof info->name, "%.127s", card.name);
    snprintf(info->detail, sizeof info->detail, "%s, driver for CUDA %d.%d, CUDA %d.%d, cuDNN %zu.%zu.%zu",
             lk_card_describe(sm, able, sizeof able), driver / 1000, driver % 1000 / 10, runtime / 1000,
             runtime % 1000 / 10, dnn / 10000, dnn / 100 % 100, dnn % 100);
    return true;
}

static int devices(LkDeviceInfo *out, int max, LkError *error)
{
    int count = 0;
    if (!lk_cuda_ok(cudaGetDeviceCount(&count), "looking for cards", error))
        return -1;
    count = count < max ? count : max; /* those behind are not told of */
    LkError first = {0};
    int usable = 0;
    for (int i = 0; i < count; i++) {
        LkError problem = {0};
        if (describe(i, &out[i], &problem)) {
            usable++;
            continue;
        }
        (void)cudaGetLastError();
        out[i] = (LkDeviceInfo){0};
        snprintf(out[i].name, sizeof out[i].name, lk_text("graphics card %d"), i);
        snprintf(out[i].detail, sizeof out[i].detail, "%.*s", (int)sizeof out[i].detail - 1, problem.text);
        first = first.code ? first : problem;
    }
    if (usable || !first.code) /* one that cannot be used hides no other */
        return count;
    if (error)
        *error = first;
    return -1;
}

static void close_device(LkDevice *device)
{
    if (!device)
        return;
    LkError ignored = {0};
    (void)lk_cuda_enter(device, &ignored);
    lk_cuda_weights_trim(device, true);
    lk_held_states_free(&device->held.states, device, &lk_cuda_state_memory);
    lk_cuda_memory_free(device, device->held.arena, device->held.arena_bytes);
    lk_product_choices_free(device->choices);
    for (int i = 0; i < LK_CUDA_STAGINGS; i++) {
        lk_cuda_host_free(device->staging[i], device->pinned[i]);
        if (device->staged[i])
            (void)cudaEventDestroy(device->staged[i]);
    }
    if (device->reached)
        (void)cudaEventDestroy(device->reached);
    lk_cudnn_cache_free(device->dnn.cache);
    if (device->dnn.handle)
        (void)cudnnDestroy(device->dnn.handle);
    if (device->blas)
        (void)cublasLtDestroy(device->blas);
    for (int i = 0; i < LK_TRACK_COUNT; i++)
        if (device->tracks[i])
            (void)cudaStreamDestroy(device->tracks[i]);
    if (device->stream)
        (void)cudaStreamDestroy(device->stream);
    if (device->copy_stream)
        (void)cudaStreamDestroy(device->copy_stream);
    free(device);
}

static bool make_streams(LkDevice *device, LkError *error)
{
    struct cudaDeviceProp card;
    cudaError_t status = cudaGetDeviceProperties(&card, device->index);
    if (status == cudaSuccess)
        status = cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking);
    if (status == cudaSuccess)
        status = cudaStreamCreateWithFlags(&device->copy_stream, cudaStreamNonBlocking);
    for (int i = LK_TRACK_MAIN + 1; i < LK_TRACK_COUNT && status == cudaSuccess; i++)
        status = cudaStreamCreateWithFlags(&device->tracks[i], cudaStreamNonBlocking);
    if (status == cudaSuccess)
        status = cudaEventCreateWithFlags(&device->reached, cudaEventDisableTiming | cudaEventBlockingSync);
    for (int i = 0; i < LK_CUDA_STAGINGS && status == cudaSuccess; i++)
        status = cudaEventCreateWithFlags(&device->staged[i], cudaEventDisableTiming);
    if (!lk_cuda_ok(status, "opening the card", error))
        return false;
    for (int i = 0; i < LK_CUDA_STAGINGS; i++)
        if (!(device->staging[i] = lk_cuda_host_new((size_t)LK_CUDA_STAGING, &device->pinned[i], error)))
            return false;
    snprintf(device->name, sizeof device->name, "%.*s", (int)sizeof device->name - 1, card.name);
    device->sm = card.major * 10 + card.minor;
    device->processors = card.multiProcessorCount;
    return lk_card_trains(device->sm, LK_F32, device->name, error);
}

/** Where cuDNN's plans are kept from one start to the next: with the user's other caches. */
static bool plans_folder(char *out, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = cache && cache[0] == '/' ? snprintf(out, size, "%s/lorikeet/cudnn", cache)
                 : home && home[0] == '/' ? snprintf(out, size, "%s/.cache/lorikeet/cudnn", home)
                                          : 0;
    return length > 0 && (size_t)length < size;
}

static bool make_libraries(LkDevice *device, LkError *error)
{
    if (!lk_cublas_ok(cublasLtCreate(&device->blas), "opening the card", error))
        return false;
    cudnnStatus_t status = cudnnCreate(&device->dnn.handle);
    if (status == CUDNN_STATUS_SUCCESS)
        status = cudnnSetStream(device->dnn.handle, device->stream);
    device->dnn.sm = device->sm;
    if (status == CUDNN_STATUS_SUCCESS) {
        char folder[400];
        device->dnn.cache = lk_cudnn_cache_new(&device->dnn, plans_folder(folder, sizeof folder) ? folder : NULL);
        return true;
    }
    int made_for = (int)(cudnnGetCudartVersion() / 1000), ours = CUDART_VERSION / 1000;
    if (made_for != ours)
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "The cuDNN that is installed is made for CUDA %d, and this program needs one for CUDA %d. "
                       "Install that one.",
                       made_for, ours);
    if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        return lk_cudnn_fail(status, "opening the card", error);
    return lk_fail(error, LK_ERROR_DEVICE, "cuDNN could not be started: %s.", cudnnGetErrorString(status));
}

static LkDevice *open_device(int index, int threads, LkError *error)
{
    (void)threads;
    LkDevice *device = calloc(1, sizeof *device);
    if (!device) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to open the device.");
        return NULL;
    }
    device->index = index;
    device->attention_workspace = LK_CUDA_ATTENTION_WORKSPACE;
    const char *one_track = getenv("LORIKEET_CUDA_ONE_TRACK");
    device->one_track = one_track && strcmp(one_track, "1") == 0;
    if (!lk_cuda_enter(device, error) || !make_streams(device, error) || !make_libraries(device, error)) {
        close_device(device);
        return NULL;
    }
    return device;
}

static bool reserve(LkDevice *device, int64_t bytes, LkError *error)
{
    if (!lk_cuda_enter(device, error))
        return false;
    if (bytes > 0 && bytes <= device->held.arena_bytes)
        return true;
    if (!lk_cuda_wait(device, "waiting for the card", error))
        return false;
    lk_cuda_memory_free(device, device->held.arena, device->held.arena_bytes);
    device->held.arena = NULL;
    device->held.arena_bytes = 0;
    if (bytes == 0)
        return true;
    device->held.arena = lk_cuda_memory_new(device, bytes, "the activations", error);
    device->held.arena_bytes = device->held.arena ? bytes : 0;
    return device->held.arena != NULL;
}

static void trim(LkDevice *device)
{
    LkError ignored = {0};
    if (lk_cuda_enter(device, &ignored))
        lk_cuda_weights_trim(device, false);
}

static int64_t allocated(const LkDevice *device)
{
    return device->allocated;
}

const LkBackend *lk_cuda_backend(void)
{
    static const LkBackend backend = {.version = LK_BACKEND_VERSION,
                                      .name = "cuda",
                                      .folded_terms = LK_LOW_RANK_TERMS,
                                      .devices = devices,
                                      .open = open_device,
                                      .close = close_device,
                                      .compile = lk_cuda_compile,
                                      .needs = lk_program_needs,
                                      .weight_bytes = lk_program_weight_bytes,
                                      .state_bytes = lk_program_state_bytes,
                                      .planned_weights = lk_cuda_planned_weights,
                                      .planned_host = lk_cuda_planned_host,
                                      .reserve = reserve,
                                      .bind = lk_cuda_bind,
                                      .write = lk_cuda_write,
                                      .read = lk_cuda_read,
                                      .run = lk_cuda_run,
                                      .measure = lk_cuda_measure,
                                      .recorded = lk_cuda_recorded,
                                      .program_free = lk_cuda_program_free,
                                      .trim = trim,
                                      .allocated = allocated};
    return &backend;
}
