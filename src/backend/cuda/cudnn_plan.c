/* A plan: an engine of cuDNN, and what each of its tensors is given. */
#include "backend/cuda/cudnn_cache.h"
#include "backend/cuda/cudnn_engine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WORKSPACE_ALIGNMENT INT64_C(256)

struct LkCudnnPlan {
    LkCudnnChosen chosen;
    LkCudnnBinding bindings[LK_CUDNN_MAX_BINDINGS];
    int n_bindings;
    atomic_int users;
    int64_t library_bytes, bytes; /* cuDNN's own workspace, rounded up, and all of it */
};

/** The operations as one graph, ready for the heuristics. */
static cudnnBackendDescriptor_t finish(LkCudnnGraph *graph)
{
    LkCudnnAttribute attributes[2] = {
        {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, graph->n_operations, graph->operations},
        {CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &graph->cudnn->handle},
    };
    return lk_cudnn_describe(graph, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, graph->cudnn->handle ? 2 : 1, attributes,
                             "putting a graph together");
}

/** Finds the plan on disk, or chooses one and writes it down. */
static bool find_or_choose(LkCudnnGraph *graph, cudnnBackendDescriptor_t operations, const LkCudnnChoice *choice,
                           const char *name, LkCudnnChosen *out, LkError *error)
{
    const LkCudnnStore *store = choice->slow ? lk_cudnn_cache_store(graph->cudnn) : NULL;
    if (store && lk_cudnn_store_load(store, graph->cudnn, name, out))
        return true;
    if (!lk_cudnn_choose(graph->cudnn, operations, choice, out, name, error))
        return false;
    if (store)
        lk_cudnn_store_save(store, name, out);
    return true;
}

LkCudnnPlan *lk_cudnn_graph_plan(LkCudnnGraph *graph, const LkCudnnChoice *choice, const char *name, LkError *error)
{
    LkCudnnPlan *plan = NULL;
    cudnnBackendDescriptor_t operations = finish(graph);
    if (!operations) {
        lk_cudnn_fail(graph->status, graph->failed, error);
        lk_error_prefix(error, "%s", name);
    } else if (!(plan = calloc(1, sizeof *plan))) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    } else if (!find_or_choose(graph, operations, choice, name, &plan->chosen, error)) {
        free(plan);
        plan = NULL;
    } else {
        memcpy(plan->bindings, graph->bindings, sizeof plan->bindings);
        plan->n_bindings = graph->n_bindings;
        atomic_init(&plan->users, 1);
        plan->library_bytes =
            (plan->chosen.workspace + WORKSPACE_ALIGNMENT - 1) / WORKSPACE_ALIGNMENT * WORKSPACE_ALIGNMENT;
        plan->bytes = plan->library_bytes + graph->extra_workspace;
    }
    lk_cudnn_graph_clear(graph);
    return plan;
}

bool lk_cudnn_plan_restored(const LkCudnnPlan *plan)
{
    return plan->chosen.config == NULL;
}

int64_t lk_cudnn_workspace(const LkCudnnPlan *plan)
{
    return plan->bytes;
}

const char *lk_cudnn_engine(const LkCudnnPlan *plan)
{
    return plan->chosen.engine;
}

/** The tensors' addresses; false where one is missing. */
static bool addresses(const LkCudnnPlan *plan, void *const *pointers, char *workspace, int64_t *ids, void **out)
{
    for (int i = 0; i < plan->n_bindings; i++) {
        const LkCudnnBinding *b = &plan->bindings[i];
        ids[i] = i + 1;
        out[i] = b->source == LK_CUDNN_POINTER     ? pointers[b->pointer]
                 : b->source == LK_CUDNN_WORKSPACE ? workspace + plan->library_bytes + b->offset
                                                   : (void *)&b->value;
        if (!out[i])
            return false;
    }
    return plan->bytes == 0 || workspace;
}

bool lk_cudnn_run(const LkCudnnPlan *plan, cudnnHandle_t handle, void *const *pointers, void *workspace, LkError *error)
{
    int64_t ids[LK_CUDNN_MAX_BINDINGS];
    void *data[LK_CUDNN_MAX_BINDINGS];
    if (!addresses(plan, pointers, workspace, ids, data))
        return lk_fail(error, LK_ERROR_DEVICE, "A tensor of a cuDNN operation has no memory.");
    cudnnBackendDescriptor_t pack;
    cudnnStatus_t status = cudnnBackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack);
    if (status)
        return lk_cudnn_fail(status, "preparing a run", error);
    status =
        cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, plan->n_bindings, ids);
    if (!status)
        status = cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
                                          plan->n_bindings, data);
    if (!status)
        status = cudnnBackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
    if (!status)
        status = cudnnBackendFinalize(pack);
    if (!status)
        status = cudnnBackendExecute(handle, plan->chosen.plan, pack);
    cudnnBackendDestroyDescriptor(pack);
    return !status || lk_cudnn_fail(status, "a run", error);
}

void lk_cudnn_plan_use(LkCudnnPlan *plan)
{
    atomic_fetch_add(&plan->users, 1);
}

void lk_cudnn_plan_free(LkCudnnPlan *plan)
{
    if (!plan || atomic_fetch_sub(&plan->users, 1) > 1)
        return;
    cudnnBackendDestroyDescriptor(plan->chosen.plan);
    if (plan->chosen.config)
        cudnnBackendDestroyDescriptor(plan->chosen.config);
    free(plan);
}
