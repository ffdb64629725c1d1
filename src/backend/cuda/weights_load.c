/* Frozen weights from the file to the card: converted by all cores of the host into one pinned buffer while the other
 * one is copied. */
#include "backend/cuda/cuda_backend.h"

#include "backend/weight_form.h"

#include <stdlib.h>
#include <string.h>

/** One weight on its way. */
typedef struct Loading {
    LkWeightForm form;
    LkWeightReader reader;
    int64_t step;  /* bytes from row to row on the card */
    float *scales; /* of codes: of all rows */
} Loading;

/** Rows that fit into a pinned buffer. */
static int64_t rows_at_once(const LkWeightForm *form)
{
    int64_t rows = LK_CUDA_STAGING / lk_weight_form_bytes(form, 1);
    return rows < form->rows ? rows : form->rows;
}

/** Rows first .. last-1 of the form. */
static bool convert(const Loading *l, int64_t first, int64_t last, void *to, LkError *error)
{
    if (l->form.area == 1 && l->reader.weight.dtype == l->form.dtype)
        return lk_weight_reader_get_large(&l->reader, first * l->form.cols, (last - first) * l->form.cols, to, error);
    float *scales = l->scales ? l->scales + first : NULL;
    return lk_weight_form_write(&l->form, &l->reader, first, last, to, scales, error);
}

/** Sends one weight through the pinned buffers; *number is the buffer whose turn it is. */
static bool send(LkDevice *device, const Loading *l, uint8_t *place, int *number, LkError *error)
{
    int64_t most = rows_at_once(&l->form);
    for (int64_t done = 0, part; done < l->form.rows; done += part, *number = (*number + 1) % LK_CUDA_STAGINGS) {
        part = l->form.rows - done < most ? l->form.rows - done : most;
        void *to = lk_cuda_staging(device, *number, error);
        if (!to || !convert(l, done, done + part, to, error) ||
            !lk_cuda_staging_send(device, *number, place + done * l->step, (size_t)l->step,
                                  (size_t)lk_weight_form_bytes(&l->form, 1), (size_t)part, error))
            return false;
    }
    if (!l->scales)
        return true;
    size_t bytes = (size_t)l->form.rows * sizeof(float);
    void *to = lk_cuda_staging(device, *number, error);
    if (!to)
        return false;
    memcpy(to, l->scales, bytes);
    bool ok = lk_cuda_staging_send(device, *number, place + l->form.rows * l->step, bytes, bytes, 1, error);
    *number = (*number + 1) % LK_CUDA_STAGINGS;
    return ok;
}

/** A row that is wider than a pinned buffer cannot be sent. */
static bool check_width(const LkHeldWeight *weight, const LkWeightForm *form, LkError *error)
{
    int64_t widest = form->rows * (int64_t)sizeof(float);
    widest = lk_weight_form_bytes(form, 1) > widest ? lk_weight_form_bytes(form, 1) : widest;
    return widest <= LK_CUDA_STAGING ||
           lk_fail(error, LK_ERROR_UNSUPPORTED, "The weight '%s' is too wide for this program.", weight->name);
}

/** Fills a weight's place on the card or on the host. */
static bool fill(LkDevice *device, const LkHeldWeight *weight, Loading *l, uint8_t *place, int *number, LkError *error)
{
    bool codes = lk_dtype_is_code(l->form.dtype);
    if (weight->on_host) {
        l->scales = codes ? (float *)(void *)(place + lk_weight_form_bytes(&l->form, l->form.rows)) : NULL;
        return convert(l, 0, l->form.rows, place, error);
    }
    if (!check_width(weight, &l->form, error))
        return false;
    l->scales = codes ? malloc((size_t)l->form.rows * sizeof *l->scales) : NULL;
    bool ok = !codes || l->scales ||
              lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to convert the model's weights.");
    ok = ok && send(device, l, place, number, error);
    free(l->scales);
    return ok;
}

static bool load(LkDevice *device, const LkHeldWeight *weight, uint8_t *place, const LkWeightSource *source,
                 int *number, LkError *error)
{
    Loading l = {.form =
                     lk_weight_form(weight->dtype, weight->rank, weight->shape, weight->form == LK_CUDA_CHANNELS_LAST)};
    l.step =
        lk_weight_form_bytes(&l.form, 1) + ((const LkCudaWeight *)weight)->room * (int64_t)lk_dtype_size(weight->dtype);
    if (!lk_weight_reader_open(&l.reader, source, weight->name, l.form.rows * l.form.cols, error))
        return false;
    bool ok = fill(device, weight, &l, place, number, error);
    lk_weight_reader_close(&l.reader);
    return ok;
}

/** Memory for all weights of one kind that a program lacks. */
static LkCudaRegion *new_region(LkDevice *device, int64_t bytes, bool on_host, LkError *error)
{
    LkCudaRegion *region = calloc(1, sizeof *region);
    if (!region) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the model's weights.");
        return NULL;
    }
    region->on_host = on_host;
    region->bytes = bytes;
    cudaError_t status = on_host ? cudaHostAlloc(&region->data, (size_t)bytes, cudaHostAllocDefault)
                                 : cudaMalloc(&region->data, (size_t)bytes);
    if (status == cudaSuccess) {
        device->allocated += on_host ? 0 : bytes;
        return region;
    }
    (void)cudaGetLastError();
    if (on_host && status == cudaErrorMemoryAllocation) /* not the card's */
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the model's weights.");
    else
        lk_cuda_ok(status, "the model's weights", error);
    free(region);
    return NULL;
}

/** Whether a load is of this weight. */
static bool is_wanted(const LkHeldWeight *weight, bool on_host)
{
    return !weight->data && weight->on_host == on_host;
}

/** The weights of one kind that a program lacks, one behind the other in a region; a weight has its data once its
 * copies are under way. */
static bool load_all(LkProgram *program, LkCudaRegion *region, const LkWeightSource *source, LkError *error)
{
    uint8_t *place = region->data;
    int number = 0;
    for (int i = 0; i < program->uses.count; i++) {
        LkHeldWeight *weight = program->uses.items[i];
        if (!is_wanted(weight, region->on_host))
            continue;
        if (!load(program->device, weight, place, source, &number, error))
            return false;
        weight->data = place;
        ((LkCudaWeight *)weight)->region = region;
        region->weights++;
        place += weight->bytes;
    }
    return true;
}

/** Forgets the weights of a region whose copies did not arrive. */
static void forget(LkProgram *program, LkCudaRegion *region)
{
    for (int i = 0; i < program->uses.count; i++) {
        LkCudaWeight *weight = program->uses.items[i];
        if (weight->region != region)
            continue;
        weight->region = NULL;
        weight->held.data = NULL;
    }
    region->weights = 0;
}

/** Loads what a program uses on the host, or on the card, and the device does not hold yet. */
static bool load_kind(LkProgram *program, const LkWeightSource *source, bool on_host, LkError *error)
{
    int64_t bytes = lk_held_weights_missing(&program->uses, on_host);
    if (bytes == 0)
        return true;
    if (!source)
        return lk_fail(error, LK_ERROR_USAGE, "The model's weights have no source.");
    LkCudaRegion *region = new_region(program->device, bytes, on_host, error);
    if (!region)
        return false;
    bool ok = load_all(program, region, source, error);
    /* Programs run in the other stream. */
    bool arrived =
        lk_cuda_ok(cudaStreamSynchronize(program->device->copy_stream), "copying the model's weights", error);
    if (!arrived)
        forget(program, region);
    if (region->weights == 0)
        lk_cuda_region_free(program->device, region);
    return ok && arrived;
}

bool lk_cuda_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error)
{
    return load_kind(program, source, false, error) && load_kind(program, source, true, error);
}
