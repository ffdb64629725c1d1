#include "graph_test.h"

#include "base/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float guard_value = -1984.0f; /* exact in every float type */

/** What lk_loss, clipping and the optimizer read: two groups, at step 3 of AdamW. */
static const float scalar_values[LK_SCALAR_COUNT] = {
    [LK_SCALAR_LOSS_SCALE] = 2,
    [LK_SCALAR_GRADIENT_SCALE] = 0.25f,
    [LK_SCALAR_GROUPS] = 0.9999f,
    0.9f,
    0.1f,
    0.999f,
    0.001f,
    0.01f / 0.271f,
    0.0547449f,
    1e-8f,
    0.02f, /* what other optimizers read beside these: weight decay, d0, its coefficient and growth */
    0.03f,
    0.5f,
    0.9f,
    1.5f,
    [LK_SCALAR_EMA] = 0.99f,
    [LK_SCALAR_SLOT] = 6,
    [LK_SCALAR_GROUPS + LK_SCALAR_GROUP_SIZE] = 0.998f,
    0.8f,
    0.2f,
    0.99f,
    0.01f,
    0.002f / 0.488f,
    0.1723398f,
    1e-6f,
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return memory;
}

GraphTest *graph_test_new(LkDType compute, uint64_t seed)
{
    GraphTest *test = allocate(1, sizeof *test);
    const int64_t parameters[1] = {TEST_PARAMETERS}, scalars[1] = {LK_SCALAR_COUNT};
    test->seed = seed;
    test->d_y = LK_NONE;
    test->graph = lk_graph_new(compute);
    if (!test->graph)
        exit(2);
    test->graph->folded_terms = LK_LOW_RANK_TERMS;
    test->scalars = lk_graph_input(test->graph, "scalars", LK_F32, 1, scalars);
    test->shadow = test_state(test, compute, TEST_NORMAL, 0, 0.7, 1, parameters);
    test->gradient = test_state(test, LK_F32, TEST_NORMAL, 0, 0.25, 1, parameters);
    return test;
}

void graph_test_free(GraphTest *test)
{
    if (!test)
        return;
    for (int32_t t = 0; test->values && t < test->graph->n_tensors; t++)
        free(test->values[t]);
    free(test->values);
    lk_graph_free(test->graph);
    free(test);
}

/** Remembers what values a tensor gets. */
static LkRef source(GraphTest *test, LkRef ref, TestFill fill, double mean, double scale)
{
    if (test->n_sources == TEST_SOURCES)
        exit(2);
    test->sources[test->n_sources++] = (TestSource){.ref = ref, .fill = fill, .mean = mean, .scale = scale};
    return ref;
}

static const char *new_name(const GraphTest *test, const char *kind, char name[32])
{
    snprintf(name, 32, "%s.%d", kind, test->n_sources);
    return name;
}

LkRef test_input(GraphTest *test, LkDType dtype, TestFill fill, double mean, double scale, int rank,
                 const int64_t *shape)
{
    char name[32];
    return source(test, lk_graph_input(test->graph, new_name(test, "input", name), dtype, rank, shape), fill, mean,
                  scale);
}

LkRef test_weight(GraphTest *test, LkDType dtype, double mean, double scale, int rank, const int64_t *shape)
{
    char name[32];
    return source(test, lk_graph_weight(test->graph, new_name(test, "weight", name), dtype, rank, shape), TEST_NORMAL,
                  mean, scale);
}

LkRef test_state(GraphTest *test, LkDType dtype, TestFill fill, double mean, double scale, int rank,
                 const int64_t *shape)
{
    char name[32];
    return source(test, lk_graph_state(test->graph, new_name(test, "state", name), dtype, rank, shape), fill, mean,
                  scale);
}

LkRef test_x(GraphTest *test, int rank, const int64_t *shape)
{
    return test_input(test, test->graph->compute, TEST_NORMAL, 0, 1, rank, shape);
}

LkRef test_vector(GraphTest *test, double mean, double scale, int64_t count)
{
    return test_weight(test, LK_F32, mean, scale, 1, &count);
}

LkRef test_given(GraphTest *test, LkDType dtype, const float *values, int rank, const int64_t *shape)
{
    LkRef ref = test_input(test, dtype, TEST_GIVEN, 0, 0, rank, shape);
    test->sources[test->n_sources - 1].given = values;
    return ref;
}

LkRef test_parameter(GraphTest *test, int rank, const int64_t *shape)
{
    int64_t offset = test->used + 3;
    LkRef ref = lk_graph_parameter(test->graph, test->shadow, test->gradient, offset, rank, shape);
    test->used = offset + lk_tensor_count(lk_graph_tensor(test->graph, ref));
    return ref;
}

LkRef test_loss(GraphTest *test, LkRef y)
{
    LkTensor t = *lk_graph_tensor(test->graph, y);
    LkRef target = test_input(test, LK_F32, TEST_NORMAL, 0, 1, t.rank, t.shape);
    LkRef weight = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 1, t.shape);
    LkRef loss = lk_loss(test->graph, y, target, weight, test->scalars, LK_LOSS_DEFAULT, &test->d_y);
    lk_graph_output(test->graph, loss);
    return loss;
}

static float rounded(LkDType dtype, float x)
{
    switch (dtype) {
    case LK_BF16:
        return lk_bf16_to_f32(lk_f32_to_bf16(x));
    case LK_F16:
        return lk_f16_to_f32(lk_f32_to_f16(x));
    case LK_I8:
        return rintf(fminf(fmaxf(x, -127), 127));
    case LK_E4M3:
        return lk_e4m3_to_f32(lk_f32_to_e4m3(x));
    default:
        return x;
    }
}

static void draw(const GraphTest *test, const TestSource *how, float *values)
{
    const LkTensor *tensor = lk_graph_tensor(test->graph, how->ref);
    LkRandom stream = {.seed = test->seed, .purpose = LK_RANDOM_TEST, .step = (uint32_t)how->ref};
    int64_t count = lk_tensor_count(tensor);
    if (how->fill == TEST_NORMAL || how->fill == TEST_POSITIVE)
        lk_random_normal(stream, 0, values, (size_t)count);
    for (int64_t e = 0; e < count; e++) {
        double x = values[e];
        switch (how->fill) {
        case TEST_NORMAL:
            x = how->mean + how->scale * x;
            break;
        case TEST_POSITIVE:
            x = how->scale * x * how->scale * x;
            break;
        case TEST_INTEGERS:
            x = how->mean + lk_random_below(stream, (uint64_t)e, (uint32_t)how->scale);
            break;
        case TEST_UNIFORM:
            x = how->mean + how->scale * lk_random_uniform(stream, (uint64_t)e);
            break;
        case TEST_GIVEN:
            x = how->given[e];
            break;
        }
        values[e] = rounded(tensor->dtype, (float)x);
    }
}

void test_draw(GraphTest *test)
{
    const LkGraph *graph = test->graph;
    test->values = allocate((size_t)graph->n_tensors, sizeof *test->values);
    for (LkRef t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].kind != LK_TENSOR_ACTIVATION && graph->tensors[t].kind != LK_TENSOR_VIEW)
            test->values[t] = allocate((size_t)lk_tensor_count(&graph->tensors[t]), sizeof(float));
    memcpy(test->values[test->scalars], scalar_values, sizeof scalar_values);
    for (int i = 0; i < test->n_sources; i++)
        draw(test, &test->sources[i], test->values[test->sources[i].ref]);
}

LkReference *test_reference(const GraphTest *test)
{
    LkReference *reference = lk_reference_new(test->graph, NULL);
    if (!reference)
        exit(2);
    for (LkRef t = 0; t < test->graph->n_tensors; t++)
        for (int64_t e = 0; test->values[t] && e < lk_tensor_count(&test->graph->tensors[t]); e++)
            lk_reference_data(reference, t)[e] = test->values[t][e];
    return reference;
}

void test_guard(GraphTest *test, LkRef output)
{
    LkTensor tensor = *lk_graph_tensor(test->graph, output);
    const int64_t shape[1] = {lk_tensor_count(&tensor) + 2 * TEST_GUARD};
    tensor.base = test_state(test, tensor.dtype, TEST_NORMAL, guard_value, 0, 1, shape);
    tensor.kind = LK_TENSOR_VIEW;
    tensor.offset = TEST_GUARD;
    tensor.output = false;
    test->graph->tensors[output] = tensor;
    for (LkRef t = 0; t < test->graph->n_tensors; t++) /* parts of it */
        if (test->graph->tensors[t].kind == LK_TENSOR_VIEW && test->graph->tensors[t].base == output) {
            test->graph->tensors[t].base = tensor.base;
            test->graph->tensors[t].offset += TEST_GUARD;
        }
}

/** A value as the bytes of a type. */
static void encode_one(LkDType dtype, float value, uint8_t *to)
{
    uint16_t half = dtype == LK_BF16 ? lk_f32_to_bf16(value) : lk_f32_to_f16(value);
    int32_t integer = dtype == LK_I32 || dtype == LK_I8 ? (int32_t)value : 0;
    uint8_t code = dtype == LK_I8 ? (uint8_t)(int8_t)integer : lk_f32_to_e4m3(value);
    const void *from = dtype == LK_I32           ? (const void *)&integer
                       : dtype == LK_F32         ? (const void *)&value
                       : lk_dtype_is_code(dtype) ? (const void *)&code
                                                 : &half;
    memcpy(to, from, lk_dtype_size(dtype));
}

static void *encode(LkDType dtype, const float *values, int64_t count)
{
    uint8_t *bytes = allocate((size_t)count, lk_dtype_size(dtype));
    for (int64_t e = 0; e < count; e++)
        encode_one(dtype, values[e], bytes + (size_t)e * lk_dtype_size(dtype));
    return bytes;
}

static double decode_one(LkDType dtype, const uint8_t *from)
{
    uint16_t half;
    int32_t integer;
    float single;
    switch (dtype) {
    case LK_I8:
        return (int8_t)*from;
    case LK_E4M3:
        return lk_e4m3_to_f32(*from);
    case LK_BF16:
    case LK_F16:
        memcpy(&half, from, sizeof half);
        return dtype == LK_BF16 ? lk_bf16_to_f32(half) : lk_f16_to_f32(half);
    case LK_I32:
        memcpy(&integer, from, sizeof integer);
        return integer;
    default:
        memcpy(&single, from, sizeof single);
        return single;
    }
}

static void decode(LkDType dtype, const uint8_t *bytes, double *values, int64_t count)
{
    for (int64_t e = 0; e < count; e++)
        values[e] = decode_one(dtype, bytes + (size_t)e * lk_dtype_size(dtype));
}

/** A weight source that reads the test's own values. */
typedef struct MemorySource {
    const GraphTest *test;
    void *bytes;
} MemorySource;

static bool open_weight(void *context, const char *name, LkSourceWeight *weight, LkError *error)
{
    MemorySource *memory = context;
    LkRef ref = lk_graph_find(memory->test->graph, LK_TENSOR_WEIGHT, name);
    if (ref == LK_NONE)
        return lk_fail(error, LK_ERROR_FORMAT, "The test has no weight named %s.", name);
    const LkTensor *tensor = lk_graph_tensor(memory->test->graph, ref);
    int64_t count = lk_tensor_count(tensor);
    memory->bytes = encode(tensor->dtype, memory->test->values[ref], count);
    *weight = (LkSourceWeight){.dtype = tensor->dtype, .count = count, .handle = memory->bytes};
    return true;
}

static bool read_weight(void *context, const LkSourceWeight *weight, int64_t first, int64_t count, void *to,
                        LkError *error)
{
    size_t size = lk_dtype_size(weight->dtype);
    if (first < 0 || count < 0 || first + count > weight->count)
        return lk_fail(error, LK_ERROR_USAGE, "A weight is read beyond its end.");
    memcpy(to, (const uint8_t *)weight->handle + (size_t)first * size, (size_t)count * size);
    return true;
}

static void close_weight(void *context, const LkSourceWeight *weight)
{
    MemorySource *memory = context;
    free(memory->bytes);
    memory->bytes = NULL;
}

static bool write_values(const GraphTest *test, const LkBackend *backend, LkProgram *program, LkError *error)
{
    for (LkRef t = 0; t < test->graph->n_tensors; t++) {
        const LkTensor *tensor = &test->graph->tensors[t];
        if (tensor->kind != LK_TENSOR_INPUT && tensor->kind != LK_TENSOR_STATE)
            continue;
        void *bytes = encode(tensor->dtype, test->values[t], lk_tensor_count(tensor));
        bool written = backend->write(program, t, bytes, (size_t)lk_tensor_bytes(tensor), error);
        free(bytes);
        if (!written)
            return false;
    }
    return true;
}

static bool read_values(const GraphTest *test, const LkBackend *backend, LkProgram *program, double **results,
                        LkError *error)
{
    for (LkRef t = 0; t < test->graph->n_tensors; t++) {
        const LkTensor *tensor = &test->graph->tensors[t];
        bool output = tensor->kind == LK_TENSOR_ACTIVATION && tensor->output;
        if (!output && tensor->kind != LK_TENSOR_INPUT && tensor->kind != LK_TENSOR_STATE)
            continue;
        uint8_t *bytes = allocate((size_t)lk_tensor_count(tensor), lk_dtype_size(tensor->dtype));
        results[t] = allocate((size_t)lk_tensor_count(tensor), sizeof(double));
        bool got = backend->read(program, t, bytes, (size_t)lk_tensor_bytes(tensor), error);
        if (got)
            decode(tensor->dtype, bytes, results[t], lk_tensor_count(tensor));
        free(bytes);
        if (!got)
            return false;
    }
    return true;
}

/** Gives every tensor and every node's scratch memory a place of its own. */
static void spread_plan(const GraphTest *test, LkPlan *plan, LkPlanNeeds needs)
{
    int64_t end = 0;
    for (LkRef t = 0; t < plan->n_tensors; t++)
        if (plan->offset[t] >= 0) {
            plan->offset[t] = end;
            end += (lk_tensor_bytes(&test->graph->tensors[t]) + 2 * LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
        }
    for (int32_t n = 0; n < plan->n_nodes; n++)
        if (plan->workspace[n] >= 0) {
            plan->workspace[n] = end;
            end += (needs.bytes[n] + 2 * LK_ALIGNMENT - 1) / LK_ALIGNMENT * LK_ALIGNMENT;
        }
    plan->arena_bytes = end;
}

static bool run_often(const GraphTest *test, const LkBackend *backend, LkProgram *program, LkError *error)
{
    bool ok = backend->run(program, error);
    for (int i = 1; i < test->runs && ok; i++)
        ok = backend->run(program, error);
    return ok;
}

static bool run_plan(const GraphTest *test, const LkBackend *backend, LkDevice *device, LkProgram *program,
                     LkPlan *plan, double **results, LkError *error)
{
    MemorySource memory = {.test = test};
    const LkWeightSource source_table = {
        .context = &memory, .open = open_weight, .read = read_weight, .close = close_weight};
    return lk_plan_verify(test->graph, plan, backend->needs(program), error) &&
           backend->reserve(device, plan->arena_bytes, error) && backend->bind(program, plan, &source_table, error) &&
           write_values(test, backend, program, error) && run_often(test, backend, program, error) &&
           read_values(test, backend, program, results, error);
}

bool test_run_prepared(const GraphTest *test, const LkPrepared *prepared, double **results, LkError *error)
{
    return run_plan(test, prepared->api, prepared->device, prepared->program, prepared->plan, results, error);
}

bool test_run(const GraphTest *test, const LkBackend *backend, bool spread, double **results, LkError *error)
{
    LkDevice *device = backend->open(0, 0, error);
    LkProgram *program = device ? backend->compile(device, test->graph, error) : NULL;
    LkPlan *plan = program ? lk_plan_new(test->graph, backend->needs(program), error) : NULL;
    if (plan && spread)
        spread_plan(test, plan, backend->needs(program));
    bool done = plan && run_plan(test, backend, device, program, plan, results, error);
    lk_plan_free(plan);
    if (program)
        backend->program_free(program);
    if (device)
        backend->close(device);
    return done;
}

void test_free_results(const GraphTest *test, double **results)
{
    for (LkRef t = 0; t < test->graph->n_tensors; t++) {
        free(results[t]);
        results[t] = NULL;
    }
}

double test_relative_error(const double *a, const double *b, int64_t count)
{
    double difference = 0, size = 0;
    for (int64_t e = 0; e < count; e++) {
        if (!isfinite(a[e]))
            return INFINITY;
        difference += (a[e] - b[e]) * (a[e] - b[e]);
        size += b[e] * b[e];
    }
    return sqrt(size > 0 ? difference / size : difference);
}

uint32_t test_below(uint64_t seed, uint32_t stream, uint64_t index, uint32_t n)
{
    return lk_random_below((LkRandom){.seed = seed, .purpose = LK_RANDOM_TEST + 1, .step = stream}, index, n);
}

const char *test_shape_text(const LkTensor *tensor, char text[64])
{
    int length = snprintf(text, 64, "[");
    for (int i = 0; i < tensor->rank && length < 60; i++)
        length += snprintf(text + length, (size_t)(64 - length), "%s%lld", i ? "," : "", (long long)tensor->shape[i]);
    snprintf(text + length, (size_t)(64 - length), "]");
    return text;
}
