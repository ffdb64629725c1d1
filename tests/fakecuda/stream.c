/* Streams and events. A stream is a queue that nobody works off until something waits for it. */
#include "queue.h"

#include <stdlib.h>
#include <time.h>

FakeStreams fake_streams = {.legacy = {.id = 1, .blocking = true}, .last_id = 1};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct CUstream_st *fake_stream_of(cudaStream_t stream)
{
    return stream ? stream : &fake_streams.legacy;
}

static struct CUstream_st *stream_by_id(uint64_t id)
{
    struct CUstream_st *stream = fake_streams.streams;
    while (stream && stream->id != id)
        stream = stream->next;
    return id == fake_streams.legacy.id ? &fake_streams.legacy : stream;
}

/* ---- Running ---- */

static void run_next(struct CUstream_st *stream);

/** Runs what a mark waits for. */
static void run_to(FakeMark *mark)
{
    struct CUstream_st *stream = stream_by_id(mark->stream);
    while (stream && !mark->done && stream->queue.first < stream->queue.count)
        run_next(stream);
}

static void run_next(struct CUstream_st *stream)
{
    FakeItem item = stream->queue.items[stream->queue.first++];
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
    fake_item_free(&item);
}

static void drain(struct CUstream_st *stream)
{
    fake_streams.running++;
    fake_memory_open();
    while (stream->queue.first < stream->queue.count)
        run_next(stream);
    fake_memory_close();
    fake_streams.running--;
}

void fake_finish(cudaStream_t stream)
{
    drain(fake_stream_of(stream));
    fake_memory_check();
}

void fake_finish_all(void)
{
    drain(&fake_streams.legacy);
    for (struct CUstream_st *stream = fake_streams.streams; stream; stream = stream->next)
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
    if (fake_streams.running || fake_config()->schedule == FAKE_LATE)
        return;
    for (struct CUstream_st *stream = fake_streams.streams; stream; stream = stream->next) {
        fake_streams.running++;
        for (int64_t steps = steps_now(stream); steps > 0 && stream->queue.first < stream->queue.count; steps--)
            run_next(stream);
        fake_streams.running--;
    }
}

void fake_drains_reset(void)
{
    fake_streams.drains = 0;
}

int64_t fake_drains(void)
{
    fake_lock();
    int64_t drains = fake_streams.drains;
    fake_end();
    return drains;
}

/* ---- Enqueueing ---- */

bool fake_stream_valid(cudaStream_t stream)
{
    return !stream || fake_object_is(FAKE_STREAM, stream);
}

bool fake_capturing(cudaStream_t stream)
{
    return fake_stream_of(stream)->capture != NULL;
}

bool fake_recording(void)
{
    return fake_streams.capture != NULL;
}

cudaError_t fake_unless_capturing(void)
{
    if (!fake_streams.capture || fake_streams.capture->mode == cudaStreamCaptureModeRelaxed ||
        (fake_streams.capture->mode == cudaStreamCaptureModeThreadLocal &&
         !pthread_equal(fake_streams.capture->thread, pthread_self())))
        return cudaSuccess;
    fake_streams.capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

static FakeMark *mark_stream(struct CUstream_st *stream)
{
    FakeMark *mark = calloc(1, sizeof *mark);
    if (!mark)
        abort();
    *mark = (FakeMark){.refs = 1, .stream = stream->id};
    fake_push(&stream->queue, (FakeItem){RECORD, .mark = fake_mark_ref(mark)});
    return mark;
}

/** The default stream and blocking streams wait for each other. */
static void order_with_default(struct CUstream_st *stream)
{
    if (stream == &fake_streams.legacy) {
        for (struct CUstream_st *other = fake_streams.streams; other; other = other->next)
            if (other->blocking && other->queue.first < other->queue.count)
                fake_push(&stream->queue, (FakeItem){WAIT, .mark = mark_stream(other)});
    } else if (stream->blocking && fake_streams.legacy.queue.first < fake_streams.legacy.queue.count) {
        fake_push(&stream->queue, (FakeItem){WAIT, .mark = mark_stream(&fake_streams.legacy)});
    }
}

/** Puts an item (with its references) into the stream or the graph. */
static cudaError_t put(struct CUstream_st *stream, FakeItem item)
{
    if (stream == &fake_streams.legacy && fake_streams.capture) {
        fake_streams.capture->invalid = true;
        fake_item_free(&item);
        return cudaErrorStreamCaptureImplicit;
    }
    if (stream->capture) {
        if (stream->capture->invalid) {
            fake_item_free(&item);
            return cudaErrorStreamCaptureInvalidated;
        }
        fake_push(&stream->capture->lanes[stream->lane], item);
        return cudaSuccess;
    }
    order_with_default(stream);
    fake_push(&stream->queue, item);
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
    return put(fake_stream_of(stream), (FakeItem){WORK, .work = work});
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
    stream->id = ++fake_streams.last_id;
    stream->blocking = !(flags & cudaStreamNonBlocking);
    stream->device = fake_current_device();
    stream->next = fake_streams.streams;
    fake_streams.streams = stream;
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
    struct CUstream_st **at = &fake_streams.streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    fake_queue_clear(&stream->queue);
    free(stream);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

/** Whether the host may wait for this stream now. */
static cudaError_t waitable(cudaStream_t stream)
{
    if (!fake_stream_valid(stream))
        return cudaErrorInvalidResourceHandle;
    if (fake_stream_of(stream)->capture) {
        fake_stream_of(stream)->capture->invalid = true;
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
        order_with_default(&fake_streams.legacy);
    fake_streams.drains += fake_stream_of(stream)->queue.count > 0;
    fake_finish(stream);
    return fake_return(fake_device_error());
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = waitable(stream);
    if (error)
        return fake_return(error);
    struct CUstream_st *s = fake_stream_of(stream);
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

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !fake_object_is(FAKE_EVENT, event) || flags != 0)
        return fake_return(cudaErrorInvalidResourceHandle);
    struct CUstream_st *s = fake_stream_of(stream);
    if (!event->mark)
        return fake_return(cudaSuccess);
    if (event->mark->graph && event->mark->graph != fake_streams.capture)
        return fake_return(cudaErrorInvalidValue); /* recorded in a capture that has ended */
    if (s->capture && !event->mark->graph) {
        s->capture->invalid = true;
        return fake_return(cudaErrorStreamCaptureIsolation);
    }
    if (event->mark->graph && !s->capture)
        fake_join_capture(s, event->mark->graph);
    return fake_return(put(s, (FakeItem){WAIT, .mark = fake_mark_ref(event->mark)}));
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
    fake_mark_unref(event->mark);
    free(event);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!fake_stream_valid(stream) || !fake_object_is(FAKE_EVENT, event))
        return fake_return(cudaErrorInvalidResourceHandle);
    struct CUstream_st *s = fake_stream_of(stream);
    FakeMark *mark = calloc(1, sizeof *mark);
    if (!mark)
        abort();
    *mark = (FakeMark){.refs = 1, .stream = s->id};
    if (s->capture)
        *mark = (FakeMark){1, .graph = s->capture, .lane = s->lane, .position = (int)s->capture->lanes[s->lane].count};
    fake_mark_unref(event->mark);
    event->mark = mark;
    return fake_return(put(s, (FakeItem){RECORD, .mark = fake_mark_ref(mark)}));
}

/** Whether the host may ask for this event. */
static cudaError_t askable(cudaEvent_t event)
{
    if (!fake_object_is(FAKE_EVENT, event))
        return cudaErrorInvalidResourceHandle;
    if (event->mark && event->mark->graph) {
        if (event->mark->graph == fake_streams.capture)
            fake_streams.capture->invalid = true;
        return cudaErrorCapturedEvent;
    }
    return fake_unless_capturing();
}

static void reach(FakeMark *mark)
{
    fake_streams.running++;
    fake_memory_open();
    run_to(mark);
    fake_memory_close();
    fake_streams.running--;
    fake_memory_check();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    FAKE_BEGIN(cudaErrorLaunchFailure);
    cudaError_t error = askable(event);
    if (error)
        return fake_return(error);
    if (event->mark && !event->mark->done) {
        reach(event->mark);
        const struct CUstream_st *stream = stream_by_id(event->mark->stream);
        fake_streams.drains += stream && stream->queue.count == 0;
    }
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
