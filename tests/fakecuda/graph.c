/* Capture of streams, and captured graphs. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

void fake_join_capture(struct CUstream_st *stream, struct CUgraph_st *graph)
{
    graph->lanes = realloc(graph->lanes, (size_t)(graph->n_lanes + 1) * sizeof *graph->lanes);
    if (!graph->lanes)
        abort();
    graph->lanes[graph->n_lanes] = (FakeQueue){0};
    stream->lane = graph->n_lanes++;
    stream->capture = graph;
}

static void graph_free(struct CUgraph_st *graph)
{
    for (int i = 0; i < graph->n_lanes; i++)
        fake_queue_clear(&graph->lanes[i]);
    free(graph->lanes);
    free(graph);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    if (!stream)
        return fake_return(cudaErrorStreamCaptureUnsupported);
    if (stream->capture)
        return fake_return(cudaErrorIllegalState);
    if (fake_streams.capture) {
        fake_violate("two captures at a time: the stand-in knows one only.");
        return fake_return(cudaErrorNotSupported);
    }
    struct CUgraph_st *graph = calloc(1, sizeof *graph);
    if (!graph)
        abort();
    *graph = (struct CUgraph_st){.origin = stream, .mode = mode, .thread = pthread_self(), .capturing = true};
    fake_streams.capture = graph;
    fake_join_capture(stream, graph);
    return fake_return(cudaSuccess);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !status)
        return fake_return(cudaErrorInvalidValue);
    const struct CUgraph_st *graph = fake_stream_of(stream)->capture;
    *status = !graph           ? cudaStreamCaptureStatusNone
              : graph->invalid ? cudaStreamCaptureStatusInvalidated
                               : cudaStreamCaptureStatusActive;
    return fake_return(cudaSuccess);
}

/** Whether all work of all lanes comes before the end of the first. */
static bool joined(const struct CUgraph_st *graph)
{
    int64_t *reached = calloc((size_t)graph->n_lanes, sizeof *reached),
            *seen = calloc((size_t)graph->n_lanes, sizeof *seen);
    if (!reached || !seen)
        abort();
    reached[0] = graph->lanes[0].count;
    for (bool more = true; more;) {
        more = false;
        for (int lane = 0; lane < graph->n_lanes; lane++)
            for (; seen[lane] < reached[lane]; seen[lane]++) {
                const FakeItem *item = &graph->lanes[lane].items[seen[lane]];
                if (item->kind == WAIT && item->mark->position + 1 > reached[item->mark->lane])
                    reached[item->mark->lane] = item->mark->position + 1;
                more = true;
            }
    }
    bool whole = true;
    for (int lane = 0; lane < graph->n_lanes; lane++)
        for (int64_t i = reached[lane]; i < graph->lanes[lane].count; i++)
            whole &= graph->lanes[lane].items[i].kind == RECORD;
    free(reached);
    free(seen);
    return whole;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out)
{
    bool fails = fake_begin(__func__);
    if (!fake_stream_valid(stream) || !out)
        return fake_return(cudaErrorInvalidValue);
    *out = NULL;
    struct CUgraph_st *graph = fake_stream_of(stream)->capture;
    if (!graph)
        return fake_return(cudaErrorIllegalState);
    cudaError_t error = fails                     ? cudaErrorUnknown
                        : graph->invalid          ? cudaErrorStreamCaptureInvalidated
                        : graph->origin != stream ? cudaErrorStreamCaptureUnmatched
                        : !joined(graph)          ? cudaErrorStreamCaptureUnjoined
                                                  : fake_device_error();
    for (struct CUstream_st *s = fake_streams.streams; s; s = s->next)
        if (s->capture == graph)
            s->capture = NULL;
    graph->capturing = false;
    fake_streams.capture = NULL;
    if (error) {
        graph_free(graph);
        return fake_return(error);
    }
    fake_object_add(FAKE_GRAPH, graph);
    *out = graph;
    return fake_return(cudaSuccess);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    bool fails = fake_begin(__func__);
    if (!fake_object_remove(FAKE_GRAPH, graph))
        return fake_return(cudaErrorInvalidValue);
    graph_free(graph);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long flags)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    if (!out || !fake_object_is(FAKE_GRAPH, graph) || (flags & ~15ull))
        return fake_return(cudaErrorInvalidValue);
    struct CUgraphExec_st *exec = calloc(1, sizeof *exec);
    struct CUgraph_st *copy = calloc(1, sizeof *copy);
    if (!exec || !copy)
        abort();
    copy->n_lanes = graph->n_lanes;
    copy->lanes = calloc((size_t)graph->n_lanes, sizeof *copy->lanes);
    for (int lane = 0; copy->lanes && lane < graph->n_lanes; lane++)
        for (int64_t i = 0; i < graph->lanes[lane].count; i++) {
            FakeItem item = graph->lanes[lane].items[i];
            if (item.work)
                item.work->refs++;
            if (item.mark)
                fake_mark_ref(item.mark);
            fake_push(&copy->lanes[lane], item);
        }
    *exec = (struct CUgraphExec_st){copy, 1};
    fake_object_add(FAKE_GRAPH_EXEC, exec);
    *out = exec;
    return fake_return(cudaSuccess);
}

/** Takes the memory that a first launch would take. */
cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    if (!fake_object_is(FAKE_GRAPH_EXEC, exec) || !fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidValue);
    return fake_return(fake_unless_capturing());
}

static void exec_unref(struct CUgraphExec_st *exec)
{
    if (--exec->refs == 0) {
        graph_free(exec->graph);
        free(exec);
    }
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    bool fails = fake_begin(__func__);
    if (!fake_object_remove(FAKE_GRAPH_EXEC, exec))
        return fake_return(cudaErrorInvalidValue);
    exec_unref(exec);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

/** Runs a lane up to an item, and before each wait what that waits for: nothing sooner than it must. */
static void replay(const struct CUgraph_st *graph, int64_t *done, int lane, int64_t until)
{
    while (done[lane] < until && fake_device_error() == cudaSuccess) {
        const FakeItem *item = &graph->lanes[lane].items[done[lane]++];
        if (item->kind == WAIT)
            replay(graph, done, item->mark->lane, item->mark->position + 1);
        else if (item->kind == WORK)
            item->work->run(item->work->data);
    }
}

static void replay_graph(const void *data)
{
    const struct CUgraph_st *graph = (*(struct CUgraphExec_st *const *)data)->graph;
    int64_t *done = calloc((size_t)graph->n_lanes, sizeof *done);
    if (!done)
        abort();
    replay(graph, done, 0, graph->lanes[0].count);
    free(done);
}

static void drop_exec(void *data)
{
    exec_unref(*(struct CUgraphExec_st **)data);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    if (!fake_object_is(FAKE_GRAPH_EXEC, exec) || !fake_stream_valid(stream))
        return fake_return(cudaErrorInvalidValue);
    FakeWork *work = fake_work_new("graph", sizeof exec, replay_graph);
    memcpy(work->data, &exec, sizeof exec);
    work->drop = drop_exec;
    exec->refs++;
    return fake_return(fake_enqueue(stream, work));
}
