/* cuDNN: handles, engines and how they are proposed, plans and their execution. */
#include "dnn.h"
#include "numbers.h"

#include <stdlib.h>
#include <string.h>

struct cudnnContext {
    cudaStream_t stream;
};

static unsigned refused; /* bits of FakeRefusal */
static bool any_type;

void fake_any_type(bool any)
{
    any_type = any;
}

bool fake_dnn_any_type(void)
{
    return any_type;
}

void fake_refuse(unsigned what)
{
    refused = what;
}

bool fake_dnn_refused(FakeDnnPattern pattern)
{
    static const unsigned bits[] = {
        [FAKE_DNN_CONV] = FAKE_REFUSE_CONV,
        [FAKE_DNN_CONV_BACKWARD] = FAKE_REFUSE_CONV_BACKWARD,
        [FAKE_DNN_ATTENTION] = FAKE_REFUSE_ATTENTION,
        [FAKE_DNN_ATTENTION_BACKWARD] = FAKE_REFUSE_ATTENTION_BACKWARD,
        [FAKE_DNN_OTHER] = 0,
    };
    return refused & bits[pattern];
}

static cudnnStatus_t done(cudnnStatus_t status)
{
    fake_end();
    return status;
}

/* ---- Handles ---- */

cudnnStatus_t cudnnCreate(cudnnHandle_t *out)
{
    if (fake_begin(__func__))
        return done(CUDNN_STATUS_NOT_INITIALIZED);
    if (!out || fake_driver_error() || fake_device_error())
        return done(out ? CUDNN_STATUS_NOT_INITIALIZED : CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    struct cudnnContext *handle = calloc(1, sizeof *handle);
    if (!handle)
        abort();
    fake_object_add(FAKE_DNN_HANDLE, handle);
    *out = handle;
    return done(CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    bool fails = fake_begin(__func__);
    if (!fake_object_remove(FAKE_DNN_HANDLE, handle))
        return done(CUDNN_STATUS_BAD_PARAM);
    free(handle);
    return done(fails ? CUDNN_STATUS_INTERNAL_ERROR : CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    if (fake_begin(__func__))
        return done(CUDNN_STATUS_INTERNAL_ERROR);
    if (!fake_object_is(FAKE_DNN_HANDLE, handle) || !fake_stream_valid(stream))
        return done(CUDNN_STATUS_BAD_PARAM);
    handle->stream = stream;
    return done(CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream)
{
    if (fake_begin(__func__))
        return done(CUDNN_STATUS_INTERNAL_ERROR);
    if (!fake_object_is(FAKE_DNN_HANDLE, handle) || !stream)
        return done(CUDNN_STATUS_BAD_PARAM);
    *stream = handle->stream;
    return done(CUDNN_STATUS_SUCCESS);
}

/* ---- Engines ---- */

/** The engines: what they are for, what their notes say, and the workspace they want. The heuristics propose them in
 * this order, as real ones do: the fastest first, with promises that not everybody wants. */
static const struct Engine {
    int64_t index;
    bool fallback;        /* proposed by the fallback mode alone */
    bool asked;           /* never proposed: who wants it must ask by number */
    bool never_builds;    /* passes the heuristics and fails when its plan is made */
    unsigned patterns;    /* bits of FakeDnnPattern */
    int note;             /* a cudnnBackendNumericalNote_t, or -1 */
    int64_t workspace;    /* bytes; -1: as attention's backward pass */
    bool sm100, other_sm; /* on which cards */
} engines[] = {
#define ON(pattern) (1u << FAKE_DNN_##pattern)
    {40, false, false, true, ON(CONV) | ON(CONV_BACKWARD) | ON(ATTENTION), -1, 0, true, true},
    {41, false, false, false, ON(CONV_BACKWARD), CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, 0, true, true},
    {42, false, false, false, ON(CONV) | ON(CONV_BACKWARD), CUDNN_NUMERICAL_NOTE_TENSOR_CORE, 3000, true, true},
    {43, false, false, false, ON(CONV) | ON(CONV_BACKWARD), CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP, 700, true, true},
    {4, false, false, false, ON(ATTENTION), CUDNN_NUMERICAL_NOTE_TENSOR_CORE, 0, true, true},
    {5, false, false, false, ON(ATTENTION_BACKWARD), CUDNN_NUMERICAL_NOTE_TENSOR_CORE, -1, false, true},
    {4, false, false, false, ON(ATTENTION_BACKWARD), CUDNN_NUMERICAL_NOTE_TENSOR_CORE, 1024, true, false}, /* atomics */
    {5, false, true, false, ON(ATTENTION_BACKWARD), CUDNN_NUMERICAL_NOTE_TENSOR_CORE, 512, true, false},
    {0, true, false, false, ON(CONV) | ON(CONV_BACKWARD), -1, 0, true, true},
};
enum { ENGINES = sizeof engines / sizeof *engines };

static bool engine_fits(const struct Engine *e, const FakeDnnGraph *graph)
{
    bool card = fake_config()->sm / 10 == 10 ? e->sm100 : e->other_sm;
    return card && (e->patterns & (1u << fake_dnn_pattern(graph)));
}

static FakeDescriptor *graph_descriptor(const FakeDescriptor *engine)
{
    return fake_attribute_descriptor(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, 0);
}

/** The row of a finalized engine's number; NULL when this graph has no such engine on this card. */
static const struct Engine *engine_of(const FakeDescriptor *d)
{
    int64_t index = fake_attribute_int64(d, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, -1);
    for (int i = 0; i < ENGINES; i++)
        if (engines[i].index == index && engine_fits(&engines[i], graph_descriptor(d)->graph))
            return &engines[i];
    return NULL;
}

static cudnnStatus_t finalize_engine(FakeDescriptor *d)
{
    const FakeDescriptor *graph = graph_descriptor(d);
    cudnnStatus_t status = fake_dnn_supported(graph->graph);
    if (status)
        return status;
    const struct Engine *engine = engine_of(d);
    if (!engine)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "this graph has no such engine");
    if (engine->note >= 0)
        fake_attribute_put(d, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, 1, &engine->note);
    return CUDNN_STATUS_SUCCESS;
}

/** A configuration of an engine with one knob. */
static FakeDescriptor *configuration(FakeDescriptor *graph, const struct Engine *e)
{
    static const int knob_type = CUDNN_KNOB_TYPE_STAGES;
    static const int64_t knob_value = 2;
    FakeDescriptor *engine = fake_descriptor_new(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    FakeDescriptor *config = fake_descriptor_new(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    FakeDescriptor *knob = fake_descriptor_new(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    fake_attribute_put(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph);
    fake_attribute_put(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &e->index);
    if (e->note >= 0)
        fake_attribute_put(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, 1, &e->note);
    fake_attribute_put(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &knob_type);
    fake_attribute_put(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &knob_value);
    fake_attribute_put(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine);
    fake_attribute_put(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &knob);
    engine->finalized = knob->finalized = config->finalized = true;
    fake_descriptor_unref(engine);
    fake_descriptor_unref(knob);
    return config;
}

static cudnnStatus_t finalize_heuristics(FakeDescriptor *d)
{
    FakeDescriptor *graph = fake_attribute_descriptor(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, 0);
    bool fallback = fake_attribute_enum(d, CUDNN_ATTR_ENGINEHEUR_MODE, -1) == CUDNN_HEUR_MODE_FALLBACK;
    cudnnStatus_t status = fake_dnn_supported(graph->graph);
    if (status)
        return status;
    FakeDescriptor *results[ENGINES];
    int64_t n = 0;
    for (int i = 0; i < ENGINES; i++)
        if (!engines[i].asked && engines[i].fallback == fallback && engine_fits(&engines[i], graph->graph))
            results[n++] = configuration(graph, &engines[i]);
    if (n > 0)
        fake_attribute_put(d, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, n, results);
    for (int64_t i = 0; i < n; i++)
        fake_descriptor_unref(results[i]);
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Plans ---- */

static FakeDescriptor *plan_engine(const FakeDescriptor *plan)
{
    FakeDescriptor *config = fake_attribute_descriptor(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, 0);
    return fake_attribute_descriptor(config, CUDNN_ATTR_ENGINECFG_ENGINE, 0);
}

/** The deterministic backward pass of attention keeps its matrix of scores, in two bytes, in the workspace. */
static int64_t backward_workspace(const FakeDnnGraph *graph)
{
    int64_t most = 0;
    for (int i = 0; i < graph->n_tensors; i++) {
        const FakeTensor *t = &graph->tensors[i];
        int64_t rows = t->n == 4 ? (t->dims[2] + 127) / 128 * 128 : 0,
                cols = t->n == 4 ? (t->dims[3] + 127) / 128 * 128 : 0;
        int64_t bytes = t->is_virtual && t->n == 4 ? t->dims[0] * t->dims[1] * rows * cols * 2 : 0;
        most = bytes > most ? bytes : most;
    }
    return most;
}

static cudnnStatus_t finalize_plan(FakeDescriptor *d)
{
    const FakeDescriptor *engine = plan_engine(d);
    if (!fake_attribute(d, CUDNN_ATTR_EXECUTION_PLAN_HANDLE))
        return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a plan needs a handle");
    const FakeDnnGraph *graph = graph_descriptor(engine)->graph;
    cudnnStatus_t status = fake_dnn_supported(graph);
    const struct Engine *e = engine_of(engine);
    if (status || !e || e->never_builds)
        return status ? status : fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "this engine does not do this graph");
    int64_t bytes = e->workspace < 0 ? backward_workspace(graph) : e->workspace;
    fake_attribute_put(d, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &bytes);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finalize_pack(const FakeDescriptor *d)
{
    bool same = fake_attribute_count(d, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS) ==
                fake_attribute_count(d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    return same ? CUDNN_STATUS_SUCCESS
                : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "as many tensors as addresses must be given");
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor)
{
    if (fake_begin(__func__))
        return done(fake_dnn_fail(CUDNN_STATUS_INTERNAL_ERROR, "made to fail"));
    FakeDescriptor *d = descriptor;
    if (!fake_object_is(FAKE_DNN_DESCRIPTOR, d) || d->finalized)
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "no descriptor that can be finalized"));
    cudnnStatus_t status = fake_dnn_complete(d);
    if (!status && d->type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
        status = fake_dnn_graph_new(d, &d->graph);
    else if (!status && d->type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
        status = finalize_heuristics(d);
    else if (!status && d->type == CUDNN_BACKEND_ENGINE_DESCRIPTOR)
        status = finalize_engine(d);
    else if (!status && d->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
        status = finalize_plan(d);
    else if (!status && d->type == CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
        status = finalize_pack(d);
    d->finalized = !status;
    return done(status);
}

/* ---- Execution ---- */

typedef struct Execution {
    FakeDescriptor *plan;
    void *workspace;
    int64_t workspace_bytes;
    void **data;   /* one address a tensor */
    float *values; /* what is given by value */
} Execution;

static void drop_execution(void *data)
{
    Execution *x = data;
    fake_descriptor_unref(x->plan);
    free(x->data);
    free(x->values);
}

static size_t type_bytes(cudnnDataType_t type)
{
    return type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16 ? 2 : 4;
}

static void run_execution(const void *data)
{
    const Execution *x = data;
    const FakeDescriptor *engine = plan_engine(x->plan);
    const FakeDnnGraph *graph = graph_descriptor(engine)->graph;
    for (int i = 0; i < graph->n_tensors; i++) {
        const FakeTensor *t = &graph->tensors[i];
        if (!t->is_virtual && !t->by_value &&
            !fake_accessible(x->data[i], (size_t)t->extent * type_bytes(t->type), "a tensor of cudnnBackendExecute"))
            return;
    }
    if (x->workspace_bytes) {
        if (!fake_accessible(x->workspace, (size_t)x->workspace_bytes, "the workspace of cudnnBackendExecute"))
            return;
        memset(x->workspace, 0xff, (size_t)x->workspace_bytes);
    }
    int note = fake_attribute_enum(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, -1);
    fake_dnn_compute(graph, x->data, note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE && fake_dnn_is_f32(graph) && !any_type);
}

/** The address that a variant pack gives a tensor. */
static void *pack_address(const FakeDescriptor *pack, int64_t uid)
{
    const FakeAttribute *ids = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    const FakeAttribute *pointers = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    for (int64_t i = 0; i < ids->count; i++)
        if (((const int64_t *)ids->data)[i] == uid)
            return ((void **)pointers->data)[i];
    return NULL;
}

/** Gives each tensor its address; values are read now. */
static cudnnStatus_t place(const FakeDnnGraph *graph, const FakeDescriptor *pack, Execution *x)
{
    for (int i = 0; i < graph->n_tensors; i++) {
        const FakeTensor *t = &graph->tensors[i];
        if (t->is_virtual)
            continue;
        void *address = pack_address(pack, t->uid);
        if (!address)
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "tensor %lld has no address", (long long)t->uid);
        if (t->by_value) {
            if (fake_place(address, 4) == FAKE_DEVICE || t->type != CUDNN_DATA_FLOAT)
                return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a value is a float of the host");
            memcpy(&x->values[i], address, sizeof *x->values);
            address = &x->values[i];
        } else if ((uintptr_t)address % (uintptr_t)t->alignment) {
            fake_violate("cudnnBackendExecute: tensor %lld at %p is not aligned to %lld bytes as it was described.",
                         (long long)t->uid, address, (long long)t->alignment);
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "%s", fake_violation());
        }
        x->data[i] = address;
    }
    if (x->workspace_bytes && (!x->workspace || (uintptr_t)x->workspace % 16))
        return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "there is no workspace, or it is not aligned");
    return CUDNN_STATUS_SUCCESS;
}

/** What must not be run by a program whose results are to be the same every time. */
static void check_promises(const FakeDescriptor *engine)
{
    const FakeDnnGraph *graph = graph_descriptor(engine)->graph;
    int64_t index = fake_attribute_int64(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, -1);
    int note = fake_attribute_enum(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, -1);
    bool atomics = fake_dnn_pattern(graph) == FAKE_DNN_ATTENTION_BACKWARD && index == 4;
    if (note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC || atomics)
        fake_violate("cudnnBackendExecute: engine %lld is not deterministic.", (long long)index);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack)
{
    if (fake_begin(__func__) || fake_device_error())
        return done(fake_dnn_fail(CUDNN_STATUS_EXECUTION_FAILED, "made to fail"));
    FakeDescriptor *p = plan;
    const FakeDescriptor *v = pack;
    if (!fake_object_is(FAKE_DNN_HANDLE, handle) || !fake_object_is(FAKE_DNN_DESCRIPTOR, p) ||
        !fake_object_is(FAKE_DNN_DESCRIPTOR, v) || p->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR ||
        v->type != CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR || !p->finalized || !v->finalized)
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a handle, a plan and a variant pack are needed"));
    const FakeDnnGraph *graph = graph_descriptor(plan_engine(p))->graph;
    check_promises(plan_engine(p));
    FakeWork *work = fake_work_new("cudnn", sizeof(Execution), run_execution);
    work->drop = drop_execution;
    Execution *x = (Execution *)work->data;
    p->refs++;
    const FakeAttribute *workspace = fake_attribute(v, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    *x = (Execution){.plan = p,
                     .workspace = workspace ? *(void **)workspace->data : NULL,
                     .workspace_bytes = fake_attribute_int64(p, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 0),
                     .data = calloc((size_t)graph->n_tensors, sizeof *x->data),
                     .values = calloc((size_t)graph->n_tensors, sizeof *x->values)};
    if (!x->data || !x->values)
        abort();
    cudnnStatus_t status = place(graph, v, x);
    if (status) {
        fake_work_unref(work);
        return done(status);
    }
    return done(fake_enqueue(handle->stream, work) == cudaSuccess ? CUDNN_STATUS_SUCCESS
                                                                  : CUDNN_STATUS_EXECUTION_FAILED_CUDART);
}
