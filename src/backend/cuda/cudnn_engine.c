/* The heuristics of cuDNN propose engines in the order of their guessed speed; the first that keeps our promises is
 * taken. Nothing is timed, so that two runs choose alike. */
#include "backend/cuda/cudnn_engine.h"

#include "backend/cuda/card_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PROPOSALS 64

bool lk_cudnn_fail(cudnnStatus_t status, const char *what, LkError *error)
{
    if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        return lk_card_is_full(what, error);
    char detail[400] = "";
    cudnnGetLastErrorString(detail, sizeof detail);
    detail[strcspn(detail, "\n")] = '\0';
    return lk_fail(error, LK_ERROR_DEVICE, "cuDNN failed at %s: %s (%s).", what, cudnnGetErrorString(status), detail);
}

static cudnnStatus_t set(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         int64_t count, const void *data)
{
    return cudnnBackendSetAttribute(d, name, type, count, data);
}

/** The engine's part of a configuration, for the caller to destroy; NULL where it cannot be read. */
static cudnnBackendDescriptor_t engine_of(cudnnBackendDescriptor_t config)
{
    cudnnBackendDescriptor_t engine;
    int64_t got = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine))
        return NULL;
    if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &got,
                                 &engine)) {
        cudnnBackendDestroyDescriptor(engine);
        return NULL;
    }
    return engine;
}

/** Whether the engine's own notes keep it from being used. `strict`: sums must be kept in f32 to the end as well. */
static bool excluded(cudnnBackendDescriptor_t config, const LkCudnnChoice *choice, bool strict)
{
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    int64_t n = 0;
    cudnnBackendDescriptor_t engine = engine_of(config);
    if (!engine)
        return true;
    bool unread = cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                           CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &n, notes) != CUDNN_STATUS_SUCCESS;
    cudnnBackendDestroyDescriptor(engine);
    for (int64_t i = 0; i < n && !unread; i++) {
        bool narrow = choice->f32 && (notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS ||
                                      (notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE && !choice->tf32));
        bool rough = strict && notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
        if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC || rough || narrow)
            return true;
    }
    return unread;
}

/** "12 (k18=0 k24=31)": the engine's number and its knobs. */
static void describe(cudnnBackendDescriptor_t config, char *out, size_t size)
{
    int64_t index = -1, n = 0, got;
    cudnnBackendDescriptor_t engine = engine_of(config), knobs[CUDNN_KNOB_TYPE_COUNTS];
    if (engine)
        cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &got, &index);
    cudnnBackendDestroyDescriptor(engine);
    size_t length = (size_t)snprintf(out, size, "%" PRId64, index);
    int made = 0;
    while (made < CUDNN_KNOB_TYPE_COUNTS &&
           !cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &knobs[made]))
        made++;
    if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, made, &n,
                                 knobs))
        n = 0;
    for (int64_t i = 0; i < n && i < made && length < size; i++) {
        cudnnBackendKnobType_t type = 0;
        int64_t value = 0;
        cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &got, &type);
        cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &got, &value);
        length += (size_t)snprintf(out + length, size - length, " k%d=%" PRId64, (int)type, value);
    }
    while (made)
        cudnnBackendDestroyDescriptor(knobs[--made]);
}

/** Builds the plan of a configuration; false where cuDNN will not or where it wants too much workspace. */
static bool build(const LkCudnn *cudnn, cudnnBackendDescriptor_t config, const LkCudnnChoice *choice,
                  LkCudnnChosen *out)
{
    cudnnBackendDescriptor_t plan;
    int64_t bytes = 0, got = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan))
        return false;
    cudnnStatus_t status =
        set(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config);
    if (!status && cudnn->device)
        status = set(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &cudnn->device);
    if (!status && cudnn->handle)
        status = set(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle);
    if (!status)
        status = cudnnBackendFinalize(plan);
    if (!status)
        status =
            cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &got, &bytes);
    if (status || (choice->workspace_cap && bytes > choice->workspace_cap)) {
        cudnnBackendDestroyDescriptor(plan);
        return false;
    }
    *out = (LkCudnnChosen){.plan = plan, .config = config, .workspace = bytes};
    describe(config, out->engine, sizeof out->engine);
    return true;
}

/** The proposals of one mode of the heuristics, for the caller to destroy; returns how many. */
static int64_t propose(const LkCudnn *cudnn, cudnnBackendDescriptor_t operations, cudnnBackendHeurMode_t mode,
                       cudnnBackendDescriptor_t *configs, cudnnStatus_t *problem)
{
    cudnnBackendDescriptor_t heuristics;
    int64_t made = 0, n = 0;
    if ((*problem = cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, &heuristics)) !=
        CUDNN_STATUS_SUCCESS)
        return 0;
    cudnnStatus_t status =
        set(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &operations);
    if (!status)
        status = set(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (!status && cudnn->device)
        status = set(heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &cudnn->device);
    if (!status)
        status = cudnnBackendFinalize(heuristics);
    while (!status && made < MAX_PROPOSALS &&
           !(status = cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[made])))
        made++;
    if (!status)
        status = cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                          made, &n, configs);
    cudnnBackendDestroyDescriptor(heuristics);
    n = status ? 0 : n < made ? n : made;
    while (made > n)
        cudnnBackendDestroyDescriptor(configs[--made]);
    *problem = status;
    return n;
}

/** Looks through the proposals of one mode. */
static bool search(const LkCudnn *cudnn, cudnnBackendDescriptor_t operations, cudnnBackendHeurMode_t mode, bool strict,
                   const LkCudnnChoice *choice, LkCudnnChosen *out)
{
    cudnnBackendDescriptor_t configs[MAX_PROPOSALS];
    cudnnStatus_t problem;
    int64_t n = propose(cudnn, operations, mode, configs, &problem);
    bool found = false;
    for (int64_t i = 0; i < n; i++) {
        if (!found && !excluded(configs[i], choice, strict))
            found = build(cudnn, configs[i], choice, out);
        if (!found || configs[i] != out->config)
            cudnnBackendDestroyDescriptor(configs[i]);
    }
    return found;
}

/** The configuration of a given engine with given knobs; NULL where there is none. */
static cudnnBackendDescriptor_t configure(const LkCudnn *cudnn, cudnnBackendDescriptor_t operations,
                                          const LkCudnnChoice *choice)
{
    cudnnBackendDescriptor_t engine = NULL, config = NULL, knobs[CUDNN_KNOB_TYPE_COUNTS];
    int made = 0;
    cudnnStatus_t status = cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine);
    if (!status)
        status = set(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &operations);
    if (!status)
        status = set(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &choice->engine);
    if (!status && cudnn->device)
        status = set(engine, CUDNN_ATTR_ENGINE_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &cudnn->device);
    if (!status)
        status = cudnnBackendFinalize(engine);
    for (int i = 0; i < choice->n_knobs && !status; i++) {
        cudnnBackendKnobType_t type = (cudnnBackendKnobType_t)choice->knobs[i][0];
        status = cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &knobs[made]);
        if (status)
            break;
        cudnnBackendDescriptor_t knob = knobs[made++];
        status = set(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        if (!status)
            status = set(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &choice->knobs[i][1]);
        if (!status)
            status = cudnnBackendFinalize(knob);
    }
    if (!status)
        status = cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &config);
    if (!status)
        status = set(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine);
    if (!status && made)
        status = set(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, made, knobs);
    if (!status)
        status = cudnnBackendFinalize(config);
    while (made)
        cudnnBackendDestroyDescriptor(knobs[--made]);
    cudnnBackendDestroyDescriptor(engine);
    if (status && config) {
        cudnnBackendDestroyDescriptor(config);
        config = NULL;
    }
    return config;
}

bool lk_cudnn_choose(const LkCudnn *cudnn, cudnnBackendDescriptor_t operations, const LkCudnnChoice *choice,
                     LkCudnnChosen *out, const char *what, LkError *error)
{
    bool found = false;
    if (choice->engine >= 0) {
        cudnnBackendDescriptor_t config = configure(cudnn, operations, choice);
        found = config && build(cudnn, config, choice, out);
        if (config && !found)
            cudnnBackendDestroyDescriptor(config);
    } else {
        for (int pass = 0; pass < 4 && !found; pass++)
            found = search(cudnn, operations, pass % 2 ? CUDNN_HEUR_MODE_FALLBACK : CUDNN_HEUR_MODE_A, pass < 2, choice,
                           out);
    }
    if (found)
        return true;
    char detail[300] = "";
    cudnnGetLastErrorString(detail, sizeof detail);
    detail[strcspn(detail, "\n")] = '\0';
    return lk_fail(error, LK_ERROR_UNSUPPORTED, "cuDNN %zu has no deterministic engine for %s on this card (%s).",
                   cudnnGetVersion(), what, detail[0] ? detail : "no reason given");
}
