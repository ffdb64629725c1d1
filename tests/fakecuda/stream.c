/* Streams, events, capture and graphs. A stream is a queue that nobody works off until something waits for it. */
#include "private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** A place in a stream (an event's last record), or in a captured graph. */
typedef struct Mark {
    int refs;
    bool done;
    double time;              /* when it was passed */
    uint64_t stream;          /* id; 0 for a mark of a graph */
    struct CUgraph_st *graph; /* that is being captured */
    int lane, position;       /* in the graph */
} Mark;

typedef enum ItemKind { WORK, RECORD, WAIT } ItemKind;

typedef struct Item {
    ItemKind kind;
    FakeWork *work;
    Mark *mark;
} Item;

typedef struct Queue {
    Item *items;
    int64_t first, count, room; /* items[first..count-1] are to be done */
} Queue;

struct CUstream_st {
    struct CUstream_st *next;
    uint64_t id;
    bool blocking;           /* keeps order with the default stream */
    int device;              /* that was the thread's current one */
    int mood, calls_in_mood; /* of FAKE_RANDOM */
    Queue queue;
    struct CUgraph_st *capture; /* what its calls are recorded into */
    int lane;                   /* of that graph */
};

struct CUevent_st {
    bool timing;
    Mark *mark; /* NULL before the first record */
};

/** A captured graph: one lane for each stream that took part. */
struct CUgraph_st {
    Queue *lanes;
    int n_lanes;
    cudaStream_t origin;
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    bool capturing, invalid;
};

struct CUgraphExec_st {
    struct CUgraph_st *graph;
    int refs;
};

static struct {
    struct CUstream_st *streams;
    struct CUstream_st legacy; /* the default stream */
    uint64_t last_id;
    struct CUgraph_st *capture; /* the one that is being captured; one at a time */
    int running;
} all = {.legacy = {.id = 1, .blocking = true}, .last_id = 1};

/* ---- Marks, work and queues ---- */

static Mark *mark_ref(Mark *mark)
{
    mark->refs++;
    return mark;
}

static void mark_unref(Mark *mark)
{
    if (mark && --mark->refs == 0)
        free(mark);
}

FakeWork *fake_work_new(const char *name, size_t bytes, void (*run)(const void *data))
{
    FakeWork *work = calloc(1, sizeof *work + bytes);
    if (!work)
        abort();
    work->refs = 1;
    work->run = run;
    work->name = name;
    return work;
}

void fake_work_unref(FakeWork *work)
{
    if (work && --work->refs == 0) {
        if (work->drop)
            work->drop(work->data);
        free(work);
    }
}

/** Takes the item's references. */
static void push(Queue *queue, Item item)
{
    if (queue->count == queue->room) {
        queue->room = queue->room ? 2 * queue->room : 64;
        queue->items = realloc(queue->items, (size_t)queue->room * sizeof *queue->items);
        if (!queue->items)
            abort();
    }
    queue->items[queue->count++] = item;
}

static void item_free(Item *item)
{
    fake_work_unref(item->work);
    mark_unref(item->mark);
}

static void queue_clear(Queue *queue)
{
    for (int64_t i = queue->first; i < queue->count; i++)
        item_free(&queue->items[i]);
    free(queue->items);
    *queue = (Queue){0};
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct CUstream_st *stream_of(cudaStream_t stream)
{
    return stream ? stream : &all.legacy;
}

static struct CUstream_st *stream_by_id(uint64_t id)
{
    struct CUstream_st *stream = all.streams;
    while (stream && stream->id != id)
        stream = stream->next;
    return id == all.legacy.id ? &all.legacy : stream;
}

/* ---- Running ---- */

static void run_next(struct CUstream_st *stream);

/** Runs what a mark waits for. */
static void run_to(Mark *mark)
{
    struct CUstream_st *stream = stream_by_id(mark->stream);
    while (stream && !mark->done && stream->queue.first < stream->queue.count)
        run_next(stream);
}

static void run_next(struct CUstream_st *stream)
{
    Item item = stream->queue.items[stream->queue.first++];
    if (stream->queue.first == stream->queue.count)
        stream->queue.first = stream->queue.count = 0;
    if (item.kind == WAIT) {
        run_to(item.mark);
    } else if (item.kind == RECORD) {
        item.mark->done = true;
        item.mark->time = now();
    } else if (fake_device_error() == cudaSuccess) {
        fake_memory_open();
        item.work->run(item.work->data);
        fake_memory_close();
    }
    item_free(&item);
}

static void drain(struct CUstream_st *stream)
{
    all.running++;
    fake_memory_open();
    while (stream->queue.first < stream->queue.count)
        run_next(stream);
    fake_memory_close();
    all.running--;
}

void fake_finish(cudaStream_t stream)
{
    drain(stream_of(stream));
    fake_memory_check();
}

void fake_finish_all(void)
{
    drain(&all.legacy);
    for (struct CUstream_st *stream = all.streams; stream; stream = stream->next)
        drain(stream);
    fake_memory_check();
}

static uint64_t draw(uint64_t n)
{
    uint64_t x = fake_config()->seed += 0x9e3779b97f4a7c15u; /* splitmix64 */
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) % n;
}

/** How much of a stream runs at this call. Every now and then each stream gets another mood: it does nothing of its own
 * accord, everything at once, or a little now and then. One stream far ahead of another is what finds a missing event.
 */
static int64_t steps_now(struct CUstream_st *stream)
{
    if (fake_config()->schedule == FAKE_EAGER)
        return stream->queue.count;
    if (stream->calls_in_mood-- <= 0) {
        stream->mood = (int)draw(3);
        stream->calls_in_mood = 20 + (int)draw(400);
    }
    return stream->mood == 0 ? 0 : stream->mood == 1 ? stream->queue.count : draw(4) == 0 ? (int64_t)draw(8) : 0;
}

void fake_schedule_some(void)
{
    if (all.running || fake_config()->schedule == FAKE_LATE)
        return;
    for (struct CUstream_st *stream = all.streams; stream; stream = stream->next) {
        all.running++;
        for (int64_t steps = steps_now(stream); steps > 0 && stream->queue.first < stream->queue.count; steps--)
            run_next(stream);
        all.running--;
    }
}

/* ---- Enqueueing ---- */

bool fake_stream_valid(cudaStream_t stream)
{
    return !stream || fake_object_is(FAKE_STREAM, stream);
}

bool fake_capturing(cudaStream_t stream)
{
    return stream_of(stream)->capture != NULL;
}

cudaError_t fake_unless_capturing(void)
{
    if (!all.capture || all.capture->mode == cudaStreamCaptureModeRelaxed ||
        (all.capture->mode == cudaStreamCaptureModeThreadLocal && !pthread_equal(all.capture->thread, pthread_self())))
        return cudaSuccess;
    all.capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

static Mark *mark_stream(struct CUstream_st *stream)
{
    Mark *mark = calloc(1, sizeof *mark);
    if (!mark)
        abort();
    *mark = (Mark){.refs = 1, .stream = stream->id};
    push(&stream->queue, (Item){RECORD, .mark = mark_ref(mark)});
    return mark;
}

/** The default stream and blocking streams wait for each other. */
static void order_with_default(struct CUstream_st *stream)
{
    if (stream == &all.legacy) {
        for (struct CUstream_st *other = all.streams; other; other = other->next)
            if (other->blocking && other->queue.first < other->queue.count)
                push(&stream->queue, (Item){WAIT, .mark = mark_stream(other)});
    } else if (stream->blocking && all.legacy.queue.first < all.legacy.queue.count) {
        push(&stream->queue, (Item){WAIT, .mark = mark_stream(&all.legacy)});
    }
}

/** Puts an item (with its references) into the stream or the graph. */
static cudaError_t put(struct CUstream_st *stream, Item item)
{
    if (stream == &all.legacy && all.capture) {
        all.capture->invalid = true;
        item_free(&item);
        return cudaErrorStreamCaptureImplicit;
    }
    if (stream->capture) {
        if (stream->capture->invalid) {
            item_free(&item);
            return cudaErrorStreamCaptureInvalidated;
        }
        push(&stream->capture->lanes[stream->lane], item);
        return cudaSuccess;
    }
    order_with_default(stream);
    push(&stream->queue, item);
    return cudaSuccess;
}

cudaError_t fake_enqueue(cudaStream_t stream, FakeWork *work)
{
    if (stream && stream->device != fake_current_device()) {
        fake_violate("%s: the stream is of device %d, but the thread's current one is %d.", work->name, stream->device,
                     fake_current_device());
        fake_work_unref(work);
        return cudaErrorInvalidResourceHandle;
    }
    return put(stream_of(stream), (Item){WORK, .work = work});
}

/* ---- Streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned int flags)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    if (!out || flags > cudaStreamNonBlocking)
        return fake_return(cudaErrorInvalidValue);
    struct CUstream_st *stream = calloc(1, sizeof *stream);
    if (!stream)
        abort();
    stream->id = ++all.last_id;
    stream->blocking = !(flags & cudaStreamNonBlocking);
    stream->device = fake_current_device();
    stream->next = all.streams;
    all.streams = stream;
    fake_object_add(FAKE_STREAM, stream);
    *out = stream;
    return fake_return(cudaSuccess);
}

cudaError_t cudaStreamCreate(cudaStream_t *out)
{
    return cudaStreamCreateWithFlags(out, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    bool fails = fake_begin(__func__);
    if (!fake_object_remove(FAKE_STREAM, stream))
        return fake_return(cudaErrorInvalidResourceHandle);
    if (stream->capture) {
        fake_violate("a stream was destroyed while it captures.");
        stream->capture->invalid = true;
    }
    fake_finish(stream);
    struct CUstream_st **at = &all.streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    queue_clear(&stream->queue);
    free(stream);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

/** Whether the host may wait for this stream now. */
static cudaError_t waitable(cudaStream_t stream)
{
    if (!fake_stream_valid(stream))
        return cudaErrorInvalidResourceHandle;
    if (stream_of(stream)->capture) {
        stream_of(stream)->capture->invalid = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    return fake_unless_capturing();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = waitable(stream);
    if (error)
        return fake_return(error);
    if (!stream) /* the default stream waits for the blocking ones */
        order_with_default(&all.legacy);
    fake_finish(stream);
    return fake_return(fake_device_error());
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = waitable(stream);
    if (error)
        return fake_return(error);
    struct CUstream_st *s = stream_of(stream);
    bool ready = s->queue.first == s->queue.count;
    if (!ready) /* who asks again and again gets an answer in the end */
        fake_finish(stream);
    return fake_return(ready ? fake_device_error() : cudaErrorNotReady);
}

cudaError_t cudaDeviceSynchronize(void)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = fake_unless_capturing();
    if (error)
        return fake_return(error);
    fake_finish_all();
    return fake_return(fake_device_error());
}

/** Makes a stream part of a capture, as another lane. */
static void join_capture(struct CUstream_st *stream, struct CUgraph_st *graph)
{
    graph->lanes = realloc(graph->lanes, (size_t)(graph->n_lanes + 1) * sizeof *graph->lanes);
    if (!graph->lanes)
        abort();
    graph->lanes[graph->n_lanes] = (Queue){0};
    stream->lane = graph->n_lanes++;
    stream->capture = graph;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !fake_object_is(FAKE_EVENT, event) || flags != 0)
        return fake_return(cudaErrorInvalidResourceHandle);
    struct CUstream_st *s = stream_of(stream);
    if (!event->mark)
        return fake_return(cudaSuccess);
    if (event->mark->graph && event->mark->graph != all.capture)
        return fake_return(cudaErrorInvalidValue); /* recorded in a capture that has ended */
    if (s->capture && !event->mark->graph) {
        s->capture->invalid = true;
        return fake_return(cudaErrorStreamCaptureIsolation);
    }
    if (event->mark->graph && !s->capture)
        join_capture(s, event->mark->graph);
    return fake_return(put(s, (Item){WAIT, .mark = mark_ref(event->mark)}));
}

/* ---- Events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned int flags)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    if (!out || (flags & ~7u))
        return fake_return(cudaErrorInvalidValue);
    struct CUevent_st *event = calloc(1, sizeof *event);
    if (!event)
        abort();
    event->timing = !(flags & cudaEventDisableTiming);
    fake_object_add(FAKE_EVENT, event);
    *out = event;
    return fake_return(cudaSuccess);
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    return cudaEventCreateWithFlags(out, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    bool fails = fake_begin(__func__);
    if (!fake_object_remove(FAKE_EVENT, event))
        return fake_return(cudaErrorInvalidResourceHandle);
    mark_unref(event->mark);
    free(event);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !fake_object_is(FAKE_EVENT, event))
        return fake_return(cudaErrorInvalidResourceHandle);
    struct CUstream_st *s = stream_of(stream);
    Mark *mark = calloc(1, sizeof *mark);
    if (!mark)
        abort();
    *mark = (Mark){.refs = 1, .stream = s->id};
    if (s->capture)
        *mark = (Mark){1, .graph = s->capture, .lane = s->lane, .position = (int)s->capture->lanes[s->lane].count};
    mark_unref(event->mark);
    event->mark = mark;
    return fake_return(put(s, (Item){RECORD, .mark = mark_ref(mark)}));
}

/** Whether the host may ask for this event. */
static cudaError_t askable(cudaEvent_t event)
{
    if (!fake_object_is(FAKE_EVENT, event))
        return cudaErrorInvalidResourceHandle;
    if (event->mark && event->mark->graph) {
        if (event->mark->graph == all.capture)
            all.capture->invalid = true;
        return cudaErrorCapturedEvent;
    }
    return fake_unless_capturing();
}

static void reach(Mark *mark)
{
    all.running++;
    fake_memory_open();
    run_to(mark);
    fake_memory_close();
    all.running--;
    fake_memory_check();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = askable(event);
    if (error)
        return fake_return(error);
    if (event->mark)
        reach(event->mark);
    return fake_return(fake_device_error());
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = askable(event);
    if (error)
        return fake_return(error);
    bool ready = !event->mark || event->mark->done;
    if (!ready)
        reach(event->mark);
    return fake_return(ready ? fake_device_error() : cudaErrorNotReady);
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end)
{
    FAKE_BEGIN(cudaErrorUnknown);
    cudaError_t error = askable(start);
    error = error ? error : askable(end);
    if (error || !ms)
        return fake_return(error ? error : cudaErrorInvalidValue);
    if (!start->timing || !end->timing || !start->mark || !end->mark)
        return fake_return(cudaErrorInvalidResourceHandle);
    if (!start->mark->done || !end->mark->done)
        return fake_return(cudaErrorNotReady);
    *ms = (float)(1e3 * (end->mark->time - start->mark->time));
    return fake_return(cudaSuccess);
}

/* ---- Capture and graphs ---- */

static void graph_free(struct CUgraph_st *graph)
{
    for (int i = 0; i < graph->n_lanes; i++)
        queue_clear(&graph->lanes[i]);
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
    if (all.capture) {
        fake_violate("two captures at a time: the stand-in knows one only.");
        return fake_return(cudaErrorNotSupported);
    }
    struct CUgraph_st *graph = calloc(1, sizeof *graph);
    if (!graph)
        abort();
    *graph = (struct CUgraph_st){.origin = stream, .mode = mode, .thread = pthread_self(), .capturing = true};
    all.capture = graph;
    join_capture(stream, graph);
    return fake_return(cudaSuccess);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !status)
        return fake_return(cudaErrorInvalidValue);
    const struct CUgraph_st *graph = stream_of(stream)->capture;
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
                const Item *item = &graph->lanes[lane].items[seen[lane]];
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
    struct CUgraph_st *graph = stream_of(stream)->capture;
    if (!graph)
        return fake_return(cudaErrorIllegalState);
    cudaError_t error = fails                     ? cudaErrorUnknown
                        : graph->invalid          ? cudaErrorStreamCaptureInvalidated
                        : graph->origin != stream ? cudaErrorStreamCaptureUnmatched
                        : !joined(graph)          ? cudaErrorStreamCaptureUnjoined
                                                  : fake_device_error();
    for (struct CUstream_st *s = all.streams; s; s = s->next)
        if (s->capture == graph)
            s->capture = NULL;
    graph->capturing = false;
    all.capture = NULL;
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
            Item item = graph->lanes[lane].items[i];
            if (item.work)
                item.work->refs++;
            if (item.mark)
                mark_ref(item.mark);
            push(&copy->lanes[lane], item);
        }
    *exec = (struct CUgraphExec_st){copy, 1};
    fake_object_add(FAKE_GRAPH_EXEC, exec);
    *out = exec;
    return fake_return(cudaSuccess);
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
        const Item *item = &graph->lanes[lane].items[done[lane]++];
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
