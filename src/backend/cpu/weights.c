/* Frozen weights: read once, kept in the layouts that the program's products want, shared by all programs. */
#include "backend/cpu/cpu.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *name)
{
    return (unsigned)(lk_hash64(name, strlen(name), 0) % LK_WEIGHT_BUCKETS);
}

LkStoredWeight *lk_cpu_weight_find(const LkDevice *device, const char *name, LkWeightRole role, LkDType dtype)
{
    for (LkStoredWeight *w = device->weights[bucket_of(name)]; w; w = w->next)
        if (w->role == role && w->dtype == dtype && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

static void free_weight(LkStoredWeight *weight)
{
    free(weight->name);
    dnnl_memory_desc_destroy(weight->desc);
    dnnl_memory_desc_destroy(weight->plain);
    lk_cpu_memory_free(weight->data, weight->bytes);
    free(weight);
}

/** Notes that the program uses this weight. */
static bool use(LkProgram *program, LkStoredWeight *weight, LkError *error)
{
    for (int i = 0; i < program->n_uses; i++)
        if (program->uses[i] == weight)
            return true;
    if (program->n_uses == program->use_capacity) {
        int wanted = program->use_capacity ? program->use_capacity * 2 : 256;
        LkStoredWeight **larger = realloc(program->uses, (size_t)wanted * sizeof(LkStoredWeight *));
        if (!larger)
            return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to list the model's weights.");
        program->uses = larger;
        program->use_capacity = wanted;
    }
    program->uses[program->n_uses++] = weight;
    weight->users++;
    return true;
}

static LkStoredWeight *new_weight(LkDevice *device, const LkTensor *tensor, LkWeightRole role,
                                  const_dnnl_memory_desc_t desc, const_dnnl_memory_desc_t plain, LkError *error)
{
    LkStoredWeight *weight = calloc(1, sizeof *weight);
    if (weight)
        weight->name = strdup(tensor->name);
    if (!weight || !weight->name || dnnl_memory_desc_clone(&weight->desc, desc) != dnnl_success ||
        dnnl_memory_desc_clone(&weight->plain, plain) != dnnl_success) {
        if (weight)
            free_weight(weight);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to describe the weight '%s'.", tensor->name);
        return NULL;
    }
    weight->role = role;
    weight->dtype = tensor->dtype;
    weight->rank = tensor->rank;
    memcpy(weight->shape, tensor->shape, sizeof weight->shape);
    weight->bytes = dnnl_memory_desc_get_size(desc);
    unsigned bucket = bucket_of(tensor->name);
    weight->next = device->weights[bucket];
    device->weights[bucket] = weight;
    return weight;
}

LkStoredWeight *lk_cpu_weight(LkProgram *program, LkRef ref, LkWeightRole role, const_dnnl_memory_desc_t desc,
                              const_dnnl_memory_desc_t plain, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkStoredWeight *weight = lk_cpu_weight_find(program->device, tensor->name, role, tensor->dtype);
    if (weight && !dnnl_memory_desc_equal(weight->desc, desc)) {
        lk_fail(error, LK_ERROR_DEVICE, "The weight '%s' is wanted in two layouts.", tensor->name);
        return NULL;
    }
    if (!weight)
        weight = new_weight(program->device, tensor, role, desc, plain, error);
    return weight && use(program, weight, error) ? weight : NULL;
}

bool lk_cpu_weight_plain(LkProgram *program, LkRef ref, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    dnnl_dims_t count = {lk_tensor_count(tensor)};
    dnnl_memory_desc_t desc;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&desc, 1, count, lk_cpu_data_type(tensor->dtype), dnnl_a);
    if (!lk_cpu_status(status, "describing a weight", error))
        return false;
    bool ok = lk_cpu_weight(program, ref, LK_WEIGHT_PLAIN, desc, desc, error) != NULL;
    dnnl_memory_desc_destroy(desc);
    return ok;
}

/** Converts `count` elements of the file's type to the stored type, through f32. */
static void convert(const void *from, LkDType from_type, void *to, LkDType to_type, int64_t count, float *buffer)
{
    enum { CHUNK = 1 << 20 };
    for (int64_t i = 0; i < count; i += CHUNK) {
        int64_t n = count - i < CHUNK ? count - i : CHUNK;
        const void *source = (const uint8_t *)from + (size_t)i * lk_dtype_size(from_type);
        void *target = (uint8_t *)to + (size_t)i * lk_dtype_size(to_type);
        LkCastArgs widen = {.x = source, .y = to_type == LK_F32 ? target : buffer, .count = n};
        lk_kernel_launch_cpu(LK_KERNEL_CAST_TO_F32, from_type, &widen);
        if (to_type == LK_F32)
            continue;
        LkCastArgs narrow = {.x = buffer, .y = target, .count = n};
        lk_kernel_launch_cpu(LK_KERNEL_CAST_FROM_F32, to_type, &narrow);
    }
}

/** Whether a weight is transposed to [k,k,in,out] before it is packed. */
static bool is_kernel(const LkStoredWeight *weight)
{
    return weight->rank == 4 && weight->role != LK_WEIGHT_PLAIN;
}

/** Brings data into the stored layout; `layout` is the one it has. */
static bool reorder_data(LkDevice *device, LkStoredWeight *weight, const void *data, const_dnnl_memory_desc_t layout,
                         LkError *error)
{
    if (dnnl_memory_desc_equal(layout, weight->desc)) {
        lk_cpu_copy(weight->data, data, weight->bytes);
        return true;
    }
    dnnl_memory_t from = NULL, to = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_status_t status = dnnl_memory_create(&from, layout, device->engine, (void *)(uintptr_t)data);
    if (status == dnnl_success)
        status = dnnl_memory_create(&to, weight->desc, device->engine, weight->data);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&desc, layout, device->engine, weight->desc, device->engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&reorder, desc);
    if (status == dnnl_success) {
        dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        status = dnnl_primitive_execute(reorder, device->stream, 2, args);
    }
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(from);
    dnnl_memory_destroy(to);
    return lk_cpu_status(status, "packing a weight", error);
}

/** Packs a weight from the file's order, or a convolution's from [k,k,in,out]. */
static bool pack(LkDevice *device, LkStoredWeight *weight, const void *data, LkError *error)
{
    if (!is_kernel(weight))
        return reorder_data(device, weight, data, weight->plain, error);
    dnnl_dims_t dims = {weight->shape[0], weight->shape[1], weight->shape[2], weight->shape[3]};
    dnnl_memory_desc_t layout = NULL;
    dnnl_status_t status =
        dnnl_memory_desc_create_with_tag(&layout, 4, dims, lk_cpu_data_type(weight->dtype), dnnl_cdba);
    bool ok = lk_cpu_status(status, "describing a convolution's weight", error) &&
              reorder_data(device, weight, data, layout, error);
    dnnl_memory_desc_destroy(layout);
    return ok;
}

/** A piece of memory that grows to what the largest weight needs. */
typedef struct Room {
    void *data;
    size_t bytes;
} Room;

static void *room_for(Room *room, size_t bytes)
{
    if (bytes > room->bytes) {
        lk_cpu_memory_free(room->data, room->bytes);
        room->data = lk_cpu_memory_new(bytes);
        room->bytes = room->data ? bytes : 0;
    }
    return room->data;
}

/** Memory for converting one weight. */
typedef struct Scratch {
    float *chunk; /* of `convert` */
    Room plain, transposed;
} Scratch;

/** Reads a weight in its own type, transposed if it is a convolution's. NULL on error; `done` must be called after. */
static const void *fetch(const LkStoredWeight *weight, const LkWeightSource *source, Scratch *scratch, LkError *error)
{
    const void *data;
    LkDType dtype;
    int64_t count, wanted = 1;
    for (int i = 0; i < weight->rank; i++)
        wanted *= weight->shape[i];
    if (!source->read(source->context, weight->name, &data, &dtype, &count, error))
        return NULL;
    size_t bytes = (size_t)count * lk_dtype_size(weight->dtype);
    if (count != wanted) {
        lk_fail(error, LK_ERROR_FORMAT, "The weight '%s' has %lld elements where the model needs %lld.", weight->name,
                (long long)count, (long long)wanted);
        return NULL;
    }
    if (dtype != weight->dtype) {
        void *plain = room_for(&scratch->plain, bytes);
        if (plain)
            convert(data, dtype, plain, weight->dtype, count, scratch->chunk);
        data = plain;
    }
    if (data && is_kernel(weight)) {
        void *transposed = room_for(&scratch->transposed, bytes);
        if (transposed)
            lk_cpu_transpose_kernel(data, transposed, weight->shape, weight->dtype);
        data = transposed;
    }
    if (!data)
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to convert the weight '%s'.", weight->name);
    return data;
}

/** Fills every stored form of one name that has no data yet and the same type, from one read of the file. */
static bool load(LkProgram *program, LkStoredWeight *weight, const LkWeightSource *source, Scratch *scratch,
                 LkError *error)
{
    const void *data = fetch(weight, source, scratch, error);
    bool ok = data != NULL;
    for (LkStoredWeight *w = program->device->weights[bucket_of(weight->name)]; w && ok; w = w->next) {
        if (w->data || w->users == 0 || w->dtype != weight->dtype || is_kernel(w) != is_kernel(weight) ||
            strcmp(w->name, weight->name) != 0)
            continue;
        w->data = lk_cpu_memory_new(w->bytes);
        if (!w->data) {
            ok = lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the weight '%s' (%zu bytes).", w->name,
                         w->bytes);
        } else {
            program->device->weight_bytes += (int64_t)w->bytes;
            ok = pack(program->device, w, data, error);
        }
    }
    source->done(source->context, weight->name);
    return ok;
}

bool lk_cpu_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error)
{
    Scratch scratch = {.chunk = lk_cpu_memory_new((size_t)4 << 20)};
    bool ok = scratch.chunk != NULL || lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to load weights.");
    for (int i = 0; i < program->n_uses && ok; i++)
        if (!program->uses[i]->data)
            ok = source ? load(program, program->uses[i], source, &scratch, error)
                        : lk_fail(error, LK_ERROR_USAGE, "The weight '%s' has no source.", program->uses[i]->name);
    lk_cpu_memory_free(scratch.chunk, (size_t)4 << 20);
    lk_cpu_memory_free(scratch.plain.data, scratch.plain.bytes);
    lk_cpu_memory_free(scratch.transposed.data, scratch.transposed.bytes);
    return ok;
}

void lk_cpu_weights_trim(LkDevice *device, bool all)
{
    for (int b = 0; b < LK_WEIGHT_BUCKETS; b++)
        for (LkStoredWeight **link = &device->weights[b]; *link;) {
            LkStoredWeight *weight = *link;
            if (weight->users > 0 && !all) {
                link = &weight->next;
                continue;
            }
            *link = weight->next;
            if (weight->data)
                device->weight_bytes -= (int64_t)weight->bytes;
            free_weight(weight);
        }
}

int64_t lk_cpu_planned_weights(const LkDevice *device)
{
    int64_t bytes = 0;
    for (int b = 0; b < LK_WEIGHT_BUCKETS; b++)
        for (const LkStoredWeight *w = device->weights[b]; w; w = w->next)
            bytes += w->users > 0 ? (int64_t)w->bytes : 0;
    return bytes;
}
