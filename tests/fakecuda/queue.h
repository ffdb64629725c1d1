/* What streams and graphs are made of. Called with the lock held. */
#pragma once

#include "private.h"

#include <pthread.h>

/** A place in a stream (an event's last record), or in a captured graph. */
typedef struct FakeMark {
    int refs;
    bool done;
    double time;              /* when it was passed */
    uint64_t stream;          /* id; 0 for a mark of a graph */
    struct CUgraph_st *graph; /* that is being captured */
    int lane, position;       /* in the graph */
} FakeMark;

typedef enum FakeItemKind { WORK, RECORD, WAIT } FakeItemKind;

typedef struct FakeItem {
    FakeItemKind kind;
    FakeWork *work;
    FakeMark *mark;
} FakeItem;

typedef struct FakeQueue {
    FakeItem *items;
    int64_t first, count, room; /* items[first..count-1] are to be done */
} FakeQueue;

struct CUstream_st {
    struct CUstream_st *next;
    uint64_t id;
    bool blocking;           /* keeps order with the default stream */
    int device;              /* that was the thread's current one */
    int mood, calls_in_mood; /* of FAKE_RANDOM */
    FakeQueue queue;
    struct CUgraph_st *capture; /* what its calls are recorded into */
    int lane;                   /* of that graph */
};

struct CUevent_st {
    bool timing;
    FakeMark *mark; /* NULL before the first record */
};

/** A captured graph: one lane for each stream that took part. */
struct CUgraph_st {
    FakeQueue *lanes;
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

/** All of it. */
typedef struct FakeStreams {
    struct CUstream_st *streams;
    struct CUstream_st legacy; /* the default stream */
    uint64_t last_id;
    struct CUgraph_st *capture; /* the one that is being captured; one at a time */
    int running;
    int64_t drains; /* waits that saw a stream's last work done */
} FakeStreams;
extern FakeStreams fake_streams;

FakeMark *fake_mark_ref(FakeMark *mark);
void fake_mark_unref(FakeMark *mark);

/** Adds an item; takes its references. */
void fake_push(FakeQueue *queue, FakeItem item);
void fake_item_free(FakeItem *item);
void fake_queue_clear(FakeQueue *queue);

/** The stream, or the default one. */
struct CUstream_st *fake_stream_of(cudaStream_t stream);

/** Makes a stream part of a capture, as another lane (graph.c). */
void fake_join_capture(struct CUstream_st *stream, struct CUgraph_st *graph);
