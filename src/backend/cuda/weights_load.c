/* Frozen weights from the file to the card: converted by all cores of the host into one pinned buffer while the other
 * one is copied. */
#include "backend/cuda/cuda_backend.h"

#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

/** What the threads convert: elements first.. of the stored form, from the file's order and type. */
typedef struct Conversion {
    const void *from;
    LkDType from_dtype, dtype;
    int64_t inner, area; /* channels last: channels and positions of a kernel's row; else area = 1 */
    int64_t first;       /* element of the stored form with which `to` begins */
    void *to;
} Conversion;

static float read_element(const void *from, LkDType dtype, int64_t i)
{
    switch (dtype) {
    case LK_BF16:
        return lk_bf16_to_f32(((const uint16_t *)from)[i]);
    case LK_F16:
        return lk_f16_to_f32(((const uint16_t *)from)[i]);
    case LK_F64:
        return (float)((const double *)from)[i];
    default:
        return ((const float *)from)[i];
    }
}

static void write_element(void *to, LkDType dtype, int64_t i, float value)
{
    switch (dtype) {
    case LK_BF16:
        ((uint16_t *)to)[i] = lk_f32_to_bf16(value);
        break;
    case LK_F16:
        ((uint16_t *)to)[i] = lk_f32_to_f16(value);
        break;
    default:
        ((float *)to)[i] = value;
        break;
    }
}

/** Where in the file's order element i of the stored form is: [O,k,k,I] from [O,I,k,k]. */
static int64_t file_index(const Conversion *c, int64_t i)
{
    if (c->area == 1)
        return i;
    int64_t channel = i % c->inner, position = i / c->inner % c->area, row = i / (c->inner * c->area);
    return (row * c->inner + channel) * c->area + position;
}

static void convert_blocks(void *context, int64_t first, int64_t last)
{
    const Conversion *c = context;
    for (int64_t i = first; i < last; i++)
        write_element(c->to, c->dtype, i, read_element(c->from, c->from_dtype, file_index(c, c->first + i)));
}

/** Sends one weight through the pinned buffers; *number is the buffer whose turn it is. */
static bool send(LkDevice *device, Conversion *c, uint8_t *place, int64_t count, int *number, LkError *error)
{
    int64_t size = (int64_t)lk_dtype_size(c->dtype), most = LK_CUDA_STAGING / size;
    for (int64_t done = 0, part; done < count; done += part, *number = (*number + 1) % LK_CUDA_STAGINGS) {
        part = count - done < most ? count - done : most;
        c->to = lk_cuda_staging(device, *number, error);
        c->first = done;
        if (!c->to)
            return false;
        if (c->area == 1 && c->from_dtype == c->dtype)
            memcpy(c->to, (const uint8_t *)c->from + done * size, (size_t)(part * size));
        else
            lk_parallel_for(part, convert_blocks, c);
        if (!lk_cuda_staging_send(device, *number, place + done * size, (size_t)(part * size), error))
            return false;
    }
    return true;
}

static bool load(LkDevice *device, LkCudaWeight *weight, uint8_t *place, const LkWeightSource *source, int *number,
                 LkError *error)
{
    int64_t count, wanted = 1;
    for (int i = 0; i < weight->rank; i++)
        wanted *= weight->shape[i];
    Conversion c = {.dtype = weight->dtype, .inner = 1, .area = 1};
    if (weight->layout == LK_CUDA_CHANNELS_LAST && weight->rank == 4) {
        c.inner = weight->shape[1];
        c.area = weight->shape[2] * weight->shape[3];
    }
    if (!source->read(source->context, weight->name, &c.from, &c.from_dtype, &count, error))
        return false;
    bool ok = count == wanted ||
              lk_fail(error, LK_ERROR_FORMAT, "The weight '%s' has %lld elements where the model needs %lld.",
                      weight->name, (long long)count, (long long)wanted);
    ok = ok && send(device, &c, place, count, number, error);
    source->done(source->context, weight->name);
    return ok;
}

bool lk_cuda_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error)
{
    LkDevice *device = program->device;
    int64_t bytes = 0, used = 0;
    int missing = 0, number = 0;
    for (int i = 0; i < program->n_uses; i++)
        if (!program->uses[i]->data) {
            bytes += (int64_t)program->uses[i]->bytes;
            missing++;
        }
    if (missing == 0)
        return true;
    if (!source)
        return lk_fail(error, LK_ERROR_USAGE, "The model's weights have no source.");
    LkCudaRegion *region = calloc(1, sizeof *region);
    if (!region)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the model's weights.");
    if (!lk_cuda_ok(cudaMalloc(&region->data, (size_t)bytes), "the model's weights", error)) {
        (void)cudaGetLastError();
        free(region);
        return false;
    }
    uint8_t *data = region->data;
    bool ok = true;
    for (int i = 0; i < program->n_uses && ok; i++) {
        LkCudaWeight *weight = program->uses[i];
        if (weight->data)
            continue;
        ok = load(device, weight, data + used, source, &number, error);
        if (!ok)
            break;
        weight->data = data + used;
        weight->region = region;
        region->weights++;
        device->allocated += (int64_t)weight->bytes;
        used += (int64_t)weight->bytes;
    }
    /* Programs run in the other stream. */
    bool arrived = lk_cuda_ok(cudaStreamSynchronize(device->copy_stream), "copying the model's weights", error);
    if (region->weights == 0) {
        (void)cudaFree(region->data);
        free(region);
    }
    return ok && arrived;
}
