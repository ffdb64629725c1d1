/* Reading frozen weights: from the file's type and order to every form that a program wants, slab by slab on all
 * threads, so that each number passes through the caches once. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/pack.h"

#include "backend/weight_form.h"
#include "base/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FORMS = 3, SLAB_ELEMENTS = 1 << 16, CHUNK = 4096, PIECE = 1 << 16, PAGE = 4096 };

/** One piece of memory for all weights of a load; each weight is given back by itself. */
typedef struct Region {
    uint8_t *data;
    size_t bytes, used;
} Region;

static size_t in_pages(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

/** One weight on its way: where it is read and the forms that it shall take. */
typedef struct Loading {
    LkWeightReader reader;
    LkDType to;
    int64_t rows, row_elements; /* of the file: its first dimension above 1, and all others */
    int64_t slab_rows;
    uint8_t *straight; /* the form that keeps the file's order, or NULL */
    LkPacker packers[MAX_FORMS];
    int n_packers;
    uint8_t *scratch; /* a slab for each thread, where there is no straight form */
    size_t scratch_bytes;
    _Atomic int64_t next; /* slab that no thread has taken */
    LkFirstError error;
} Loading;

/** At most CHUNK elements through f32. */
static void convert(const void *from, LkDType from_type, void *to, LkDType to_type, int64_t count)
{
    float buffer[CHUNK];
    LkCastArgs widen = {.x = from, .y = to_type == LK_F32 ? to : buffer, .count = count};
    LkCastArgs narrow = {.x = from_type == LK_F32 ? from : buffer, .y = to, .count = count};
    if (from_type != LK_F32)
        lk_kernel_launch_cpu(LK_KERNEL_CAST_TO_F32, from_type, &widen);
    if (to_type != LK_F32)
        lk_kernel_launch_cpu(LK_KERNEL_CAST_FROM_F32, to_type, &narrow);
}

/** Elements first..first+count-1 of the file in the wanted type. */
static bool fetch(const Loading *l, int64_t first, int64_t count, void *to, LkError *error)
{
    _Alignas(64) uint8_t raw[PIECE];
    const LkDType from = l->reader.weight.dtype;
    const int64_t width = (int64_t)lk_dtype_size(from), wide = (int64_t)lk_dtype_size(l->to), most = PIECE / width;
    if (from == l->to)
        return lk_weight_reader_get(&l->reader, first, count, to, error);
    for (int64_t done = 0; done < count; done += most) {
        int64_t n = count - done < most ? count - done : most;
        if (!lk_weight_reader_get(&l->reader, first + done, n, raw, error))
            return false;
        for (int64_t i = 0; i < n; i += CHUNK)
            convert(raw + i * width, from, (uint8_t *)to + (done + i) * wide, l->to, n - i < CHUNK ? n - i : CHUNK);
    }
    return true;
}

static bool load_slab(const Loading *l, int64_t slab, uint8_t *scratch, LkError *error)
{
    int64_t first = slab * l->slab_rows, last = first + l->slab_rows < l->rows ? first + l->slab_rows : l->rows;
    int64_t row = l->row_elements;
    uint8_t *plain = l->straight ? l->straight + (size_t)(first * row) * lk_dtype_size(l->to) : scratch;
    if (!fetch(l, first * row, (last - first) * row, plain, error))
        return false;
    for (int i = 0; i < l->n_packers; i++)
        lk_packer_rows(&l->packers[i], plain, first, last);
    return true;
}

/** Each thread takes the next slab until there is none. */
static void load_slabs(void *context, int64_t first, int64_t last)
{
    Loading *l = context;
    int64_t slabs = (l->rows + l->slab_rows - 1) / l->slab_rows, slab;
    for (int64_t thread = first; thread < last; thread++) {
        LkError problem = {0};
        uint8_t *scratch = l->scratch ? l->scratch + (size_t)thread * l->scratch_bytes : NULL;
        while ((slab = atomic_fetch_add(&l->next, 1)) < slabs)
            if (!load_slab(l, slab, scratch, &problem)) {
                lk_first_error_set(&l->error, &problem);
                return;
            }
    }
}

/** Lets oneDNN bring the whole weight, converted already, into a layout that lk_packer_init does not know. */
static bool reorder(LkDevice *device, const LkStoredWeight *weight, void *plain, void *packed, LkError *error)
{
    dnnl_memory_t from = NULL, to = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_status_t status = dnnl_memory_create(&from, weight->plain, device->engine, plain);
    if (status == dnnl_success)
        status = dnnl_memory_create(&to, weight->desc, device->engine, packed);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&desc, weight->plain, device->engine, weight->desc, device->engine,
                                                    NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&primitive, desc);
    if (status == dnnl_success) {
        dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        status = dnnl_primitive_execute(primitive, device->stream, 2, args);
    }
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(from);
    dnnl_memory_destroy(to);
    return lk_cpu_status(status, "packing a weight", error);
}

/** Whether the form is one that weight_form.h makes. */
static bool is_own(const LkStoredWeight *weight)
{
    return weight->held.form == LK_WEIGHT_CODES || weight->held.form == LK_WEIGHT_TAPS;
}

/** The forms of one name that the program uses, have no data yet and come from the same rows. */
static int find_forms(const LkProgram *program, const LkStoredWeight *weight, LkStoredWeight **forms)
{
    const LkHeldWeight *like = &weight->held;
    int n = 0;
    for (LkHeldWeight *w = lk_held_weight_list(&program->held->weights, like->name); w && n < MAX_FORMS; w = w->next)
        if (!w->data && !is_own((LkStoredWeight *)w) && w->dtype == like->dtype && w->shape[0] == like->shape[0] &&
            strcmp(w->name, like->name) == 0 && lk_uses_have(&program->uses, w))
            forms[n++] = (LkStoredWeight *)w;
    return n;
}

/** Runs the loading, with scratch memory where the converted rows are not kept. */
static bool run_loading(Loading *l, LkError *error)
{
    int threads = lk_parallel_threads();
    int64_t block = 1;
    for (int i = 0; i < l->n_packers; i++)
        if (lk_packer_row_block(&l->packers[i]) > block)
            block = lk_packer_row_block(&l->packers[i]); /* powers of two: the largest is a multiple of all */
    int64_t blocks = SLAB_ELEMENTS / (l->row_elements * block);
    l->slab_rows = block * (blocks > 1 ? blocks : 1);
    l->scratch_bytes = l->straight ? 0 : in_pages((size_t)(l->slab_rows * l->row_elements) * lk_dtype_size(l->to));
    size_t bytes = l->scratch_bytes * (size_t)threads;
    if (bytes && !(l->scratch = lk_cpu_memory_new(bytes)))
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to convert the model's weights.");
    lk_parallel_for(threads, load_slabs, l);
    if (bytes)
        lk_cpu_memory_free(l->scratch, bytes);
    return lk_first_error_give(&l->error, error);
}

/** Fills forms that oneDNN must pack itself. */
static bool load_foreign(LkDevice *device, const Loading *l, LkStoredWeight *const *forms, uint8_t *const *places,
                         int n, LkError *error)
{
    size_t bytes = (size_t)(l->rows * l->row_elements) * lk_dtype_size(l->to);
    void *plain = lk_cpu_memory_new(bytes);
    bool ok = plain || lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to convert the model's weights.");
    ok = ok && fetch(l, 0, l->rows * l->row_elements, plain, error);
    for (int i = 0; i < n && ok; i++)
        ok = reorder(device, forms[i], plain, places[i], error);
    lk_cpu_memory_free(plain, bytes);
    return ok;
}

static bool load_forms(LkDevice *device, Loading *l, LkStoredWeight *const *forms, int n, Region *region,
                       LkError *error)
{
    LkStoredWeight *foreign[MAX_FORMS];
    uint8_t *places[MAX_FORMS], *foreign_places[MAX_FORMS];
    int n_foreign = 0;
    size_t used = region->used;
    for (int i = 0; i < n; i++) {
        places[i] = region->data + region->used;
        region->used += in_pages(forms[i]->held.bytes);
        if (dnnl_memory_desc_equal(forms[i]->plain, forms[i]->desc) && !l->straight) {
            l->straight = places[i];
        } else if (lk_packer_init(&l->packers[l->n_packers], forms[i]->plain, forms[i]->desc, l->to, places[i])) {
            l->n_packers++;
        } else {
            foreign[n_foreign] = forms[i];
            foreign_places[n_foreign++] = places[i];
        }
    }
    bool ok = (!l->straight && !l->n_packers) || run_loading(l, error);
    if (ok && n_foreign > 0)
        ok = load_foreign(device, l, foreign, foreign_places, n_foreign, error);
    for (int i = 0; i < l->n_packers; i++)
        lk_packer_clear(&l->packers[i]);
    if (!ok)
        region->used = used;
    for (int i = 0; i < n && ok; i++) {
        forms[i]->held.data = places[i];
        device->weight_bytes += (int64_t)forms[i]->held.bytes;
    }
    return ok;
}

/** Fills a form that weight_form.h makes. */
static bool load_own(LkDevice *device, LkHeldWeight *weight, const Loading *l, Region *region, LkError *error)
{
    LkWeightForm form = lk_weight_form(weight->dtype, weight->rank, weight->shape, weight->form == LK_WEIGHT_TAPS);
    uint8_t *place = region->data + region->used;
    float *scales = (float *)(void *)(place + lk_weight_form_bytes(&form, form.rows));
    if (!lk_weight_form_write(&form, &l->reader, 0, form.rows, place, scales, error))
        return false;
    region->used += in_pages(weight->bytes);
    weight->data = place;
    device->weight_bytes += (int64_t)weight->bytes;
    return true;
}

/** Fills every wanted form of one name, from one read of the file. */
static bool load(LkProgram *program, LkHeldWeight *weight, const LkWeightSource *source, Region *region, LkError *error)
{
    int64_t wanted = 1;
    Loading l = {.to = weight->dtype, .rows = 1};
    for (int i = 0; i < weight->rank; i++) {
        if (l.rows == 1)
            l.rows = weight->shape[i]; /* leading dimensions of 1 are no rows, for lk_packer_init neither */
        wanted *= weight->shape[i];
    }
    if (!lk_weight_reader_open(&l.reader, source, weight->name, wanted, error))
        return false;
    LkStoredWeight *forms[MAX_FORMS];
    bool ok;
    if (is_own((LkStoredWeight *)weight)) {
        ok = load_own(program->device, weight, &l, region, error);
    } else {
        l.row_elements = wanted / l.rows;
        ok =
            load_forms(program->device, &l, forms, find_forms(program, (LkStoredWeight *)weight, forms), region, error);
    }
    lk_weight_reader_close(&l.reader);
    return ok;
}

bool lk_cpu_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error)
{
    Region region = {0};
    for (int i = 0; i < program->uses.count; i++) {
        const LkHeldWeight *weight = program->uses.items[i];
        region.bytes += weight->data ? 0 : in_pages(weight->bytes);
    }
    if (region.bytes == 0)
        return true;
    if (!source)
        return lk_fail(error, LK_ERROR_USAGE, "The model's weights have no source.");
    region.data = lk_cpu_memory_new(region.bytes);
    if (!region.data)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the model's weights (%zu bytes).",
                       region.bytes);
    bool ok = true;
    for (int i = 0; i < program->uses.count && ok; i++) {
        LkHeldWeight *weight = program->uses.items[i];
        ok = weight->data || load(program, weight, source, &region, error);
    }
    if (region.used < region.bytes)
        lk_cpu_memory_free(region.data + region.used, region.bytes - region.used);
    return ok;
}
