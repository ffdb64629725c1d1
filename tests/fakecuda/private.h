/* Between the parts of the stand-in. Everything here is called with the lock held (fake_begin … fake_end). */
#pragma once

#include "fake.h"

#include <cuda_runtime_api.h>

#include <stddef.h>

/* ---- state.c: configuration, calls, failures, violations ---- */

typedef struct FakeConfig {
    int sm, devices;
    int64_t memory;
    FakeDriver driver;
    FakeSchedule schedule;
    uint64_t seed;
} FakeConfig;

FakeConfig *fake_config(void);

/** Takes the lock, counts the call, lets other work run as the schedule wants it, and says whether this call is made to
 * fail. Every fake_begin needs a fake_end. */
bool fake_begin(const char *function);
void fake_end(void);
void fake_lock(void);

/** Notes a mistake of the caller. */
void fake_violate(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The error that every call reports after the device has failed; cudaSuccess while it works. */
cudaError_t fake_device_error(void);
void fake_set_device_error(cudaError_t error);

/** What a driver in this state answers; cudaSuccess when it is in order. */
cudaError_t fake_driver_error(void);

/** Remembers an error for cudaGetLastError and returns it; gives the lock back. */
cudaError_t fake_return(cudaError_t error);

/** The start of a function that returns cudaError_t: returns it where the call is made to fail, where there is no
 * device, or where the device has failed. */
#define FAKE_BEGIN(injected)                                                                                           \
    do {                                                                                                               \
        bool fake_fails = fake_begin(__func__);                                                                        \
        cudaError_t fake_first = fake_driver_error();                                                                  \
        if (!fake_first)                                                                                               \
            fake_first = fake_device_error();                                                                          \
        if (fake_first || fake_fails)                                                                                  \
            return fake_return(fake_first ? fake_first : (injected));                                                  \
    } while (0)

/* ---- objects.c: what was made and not destroyed ---- */

typedef enum FakeKind {
    FAKE_STREAM,
    FAKE_EVENT,
    FAKE_GRAPH,
    FAKE_GRAPH_EXEC,
    FAKE_PINNED,
    FAKE_DEVICE_MEMORY,
    FAKE_LT_HANDLE,
    FAKE_LT_MATMUL_DESC,
    FAKE_LT_LAYOUT,
    FAKE_LT_PREFERENCE,
    FAKE_DNN_HANDLE,
    FAKE_DNN_DESCRIPTOR,
    FAKE_KINDS
} FakeKind;

void fake_object_add(FakeKind kind, const void *object);
bool fake_object_is(FakeKind kind, const void *object);
/** False, and a violation, when there is no such object. */
bool fake_object_remove(FakeKind kind, const void *object);
int fake_object_count(FakeKind kind);
const char *fake_kind_name(FakeKind kind);

/* ---- memory.c ---- */

/** Where an address range is. */
typedef enum FakePlace {
    FAKE_PAGEABLE, /* the host's, or nobody's */
    FAKE_HOST,     /* whole in one pinned buffer */
    FAKE_DEVICE,   /* whole in one live device allocation */
    FAKE_NOWHERE   /* device addresses that are not (all) allocated */
} FakePlace;
FakePlace fake_place(const void *pointer, size_t bytes);

/** Whether device code may use the range; otherwise a violation and cudaErrorIllegalAddress for the device. */
bool fake_accessible(const void *pointer, size_t bytes, const char *who);

/** Makes device memory usable while work runs; calls nest. */
void fake_memory_open(void);
void fake_memory_close(void);
/** Looks at all guard zones. */
void fake_memory_check(void);
void fake_memory_reset(void);

/** The calling thread's device. */
int fake_current_device(void);

/* ---- stream.c: queues, events, capture ---- */

/** A piece of work: `run` is called with `data`, once or (in a graph) often. */
typedef struct FakeWork {
    int refs;
    void (*run)(const void *data);
    void (*drop)(void *data); /* frees what `data` owns; may be NULL */
    const char *name;
    _Alignas(16) char data[];
} FakeWork;

/** Work with room for `bytes` of data, zero. */
FakeWork *fake_work_new(const char *name, size_t bytes, void (*run)(const void *data));
void fake_work_unref(FakeWork *work);

/** Puts work on a stream, or into the graph that it is captured into. Takes the work. */
cudaError_t fake_enqueue(cudaStream_t stream, FakeWork *work);
/** Runs everything on a stream, or on all. */
void fake_finish(cudaStream_t stream);
void fake_finish_all(void);
bool fake_stream_valid(cudaStream_t stream);
bool fake_capturing(cudaStream_t stream);
/** Whether any stream is being captured. */
bool fake_recording(void);
/** For calls that must not be made while this thread captures: the capture is lost and the error returned. */
cudaError_t fake_unless_capturing(void);
void fake_drains_reset(void);
/** Runs something somewhere, as the schedule wants it. */
void fake_schedule_some(void);
