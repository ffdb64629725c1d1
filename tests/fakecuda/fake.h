/* A stand-in for a GPU: the CUDA runtime, cuBLASLt, cuDNN and our own kernels, so that the CUDA backend's host code
 * runs whole training steps on any machine.
 *
 * The library defines the real functions with the real headers. It behaves like a device and is stricter than one:
 *
 * - Work runs late: when something waits for it, and then only what that wait needs. A missing synchronisation or event
 *   is wrong data, every time. fake_schedule chooses other legal orders.
 * - Device memory cannot be touched by the host; fresh device memory holds NaNs; addresses are never used twice;
 *   zones before and behind every allocation are watched.
 * - Copies from pageable memory take the bytes at once, copies from pinned memory when they run.
 * - Everything that is made must be destroyed (fake_leaks); what a real device would not forgive or might not notice is
 *   a violation (fake_violations), told on stderr as it happens.
 * - cublasLtMatmul and cuDNN's graphs compute from the descriptors, in float, in a fixed order. Outputs and workspaces
 *   are filled with NaNs first.
 * - Any call can be made to fail.
 *
 * Kernels run by their CPU build. One device at a time; all threads share one lock.
 *
 * Programs that open the stand-in as a module are told by the environment what it is to be:
 * LORIKEET_FAKE_CUDA="driver=too-old,sm=75,memory=2147483648,devices=2,fail=120,lost=200,schedule=random,seed=7,refuse=4".
 * "taken=9" lets other programs have all memory of the card from the ninth allocation on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Everything as at the start: one sm_90 device with 24 GiB, driver in order, late schedule, no failures, no counts.
 * Objects that live stay alive. */
void fake_reset(void);

/** `count` equal devices of compute capability sm (75, 80, 86, 89, 90, 100, 120) with so much memory. */
void fake_device(int sm, int64_t memory_bytes, int count);

/** What the system looks like. */
typedef enum FakeDriver {
    FAKE_DRIVER_OK,
    FAKE_DRIVER_NONE,          /* no driver installed: cudaErrorInsufficientDriver, driver version 0 */
    FAKE_DRIVER_TOO_OLD,       /* cudaErrorInsufficientDriver, driver version 11.4 */
    FAKE_DRIVER_NO_PERMISSION, /* the device files are closed: cudaErrorOperatingSystem */
    FAKE_DRIVER_NO_DEVICE,     /* cudaErrorNoDevice */
    FAKE_DRIVER_MISMATCH,      /* driver was updated and the machine not restarted: cudaErrorSystemDriverMismatch */
    FAKE_DRIVER_UNKNOWN        /* cudaErrorUnknown, as after a suspend or without /dev/nvidia-uvm */
} FakeDriver;
void fake_driver(FakeDriver state);

/** When enqueued work runs. */
typedef enum FakeSchedule {
    FAKE_LATE,  /* as late as is legal */
    FAKE_EAGER, /* at the next call */
    FAKE_RANDOM /* streams run far ahead of each other, or a piece at a time, by the seed */
} FakeSchedule;
void fake_schedule(FakeSchedule schedule, uint64_t seed);

/** Makes the n-th call from now fail (1: the next), with an error that this function may return; 0: none. Calls that
 * destroy something do it nevertheless, as a real one does that reports an older error. */
void fake_fail_nth(int64_t n);
/** The same, and every call after it fails too, as on a device that was lost. */
void fake_fail_from(int64_t n);
/** Makes the n-th call of this function from now fail. */
void fake_fail_nth_of(const char *function, int64_t n);
/** The function that was made to fail last; NULL when none was. */
const char *fake_failed(void);
/** Whether a stream was being captured then. */
bool fake_failed_recording(void);

/** Calls that take memory of the card, ever. */
int64_t fake_allocations(void);

/** Calls that can fail, since the last fake_fail_* or fake_reset. */
int64_t fake_calls(void);
/** The names of these calls in order. */
const char *const *fake_log(int64_t *count);
/** How many of them were of this function. */
int64_t fake_calls_of(const char *function);

/** Waits of the host that saw a stream's last work done, after which the device had nothing to do; since fake_reset. */
int64_t fake_drains(void);

/** Things that were made and not destroyed; told on stderr. */
int fake_leaks(void);

/** Mistakes since the last fake_reset. */
int fake_violations(void);
/** The last of them, "" without one. */
const char *fake_violation(void);
/** Forgets them; for tests that provoke one. */
void fake_forgive(void);

/** What cuDNN says it cannot do, beside what the card cannot: bits of this; fake_reset clears them. */
typedef enum FakeRefusal {
    FAKE_REFUSE_CONV = 1,
    FAKE_REFUSE_CONV_BACKWARD = 2,
    FAKE_REFUSE_ATTENTION = 4,
    FAKE_REFUSE_ATTENTION_BACKWARD = 8
} FakeRefusal;
void fake_refuse(unsigned what);
/** Lets cuDNN compute attention in f32 too, which no card does: for exact tests of the stand-in itself. */
void fake_any_type(bool any);

/** Bytes of device memory now, and at most since the last fake_reset. */
int64_t fake_memory_used(void);
int64_t fake_memory_peak(void);

/** The smallest device memory that a backend cannot have: cudaMemGetInfo reports so much less than there is. */
int64_t fake_context_bytes(void);
