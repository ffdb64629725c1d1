/* What the stand-in is told to be, and what it has seen: calls, failures, mistakes. */
#include "private.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const FakeConfig defaults = {.sm = 90, .devices = 1, .memory = 24ll << 30, .schedule = FAKE_LATE};

static struct {
    bool ready;
    FakeConfig config;
    cudaError_t device_error;
    int violations;
    char violation[512];

    int64_t calls, fail_at, fail_of_at, calls_of;
    int64_t allocations, taken_at; /* from which allocation on other programs have the memory; 0: never */
    bool fail_on, lost;
    const char *fail_of;
    const char *failed;
    bool failed_recording;
    const char **log;
    int64_t log_room;
} state;

static _Thread_local cudaError_t last_error;

static pthread_mutex_t mutex;
static pthread_once_t mutex_once = PTHREAD_ONCE_INIT;

static void make_mutex(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/** The number of a word in a list of them; 0 where it is none. */
static int word_number(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return 0;
}

static void read_setting(const char *name, const char *value)
{
    static const char *const drivers[] = {"ok", "none", "too-old", "no-permission", "no-device", "mismatch", "unknown"};
    static const char *const schedules[] = {"late", "eager", "random"};
    int64_t number = strtoll(value, NULL, 10);
    if (strcmp(name, "driver") == 0)
        state.config.driver = (FakeDriver)word_number(value, drivers, sizeof drivers / sizeof *drivers);
    else if (strcmp(name, "schedule") == 0)
        state.config.schedule = (FakeSchedule)word_number(value, schedules, sizeof schedules / sizeof *schedules);
    else if (strcmp(name, "seed") == 0)
        state.config.seed = (uint64_t)number;
    else if (strcmp(name, "sm") == 0)
        state.config.sm = (int)number;
    else if (strcmp(name, "memory") == 0)
        state.config.memory = number;
    else if (strcmp(name, "devices") == 0)
        state.config.devices = (int)number;
    else if (strcmp(name, "fail") == 0 || strcmp(name, "lost") == 0) {
        state.fail_at = number;
        state.fail_on = name[0] == 'l';
    } else if (strcmp(name, "taken") == 0)
        state.taken_at = number;
    else if (strcmp(name, "refuse") == 0)
        fake_refuse((unsigned)number);
    else
        fprintf(stderr, "# fake CUDA: LORIKEET_FAKE_CUDA knows no '%s'\n", name);
}

/** For programs that cannot call fake_*. */
static void read_environment(void)
{
    const char *text = getenv("LORIKEET_FAKE_CUDA");
    char copy[256], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text ? text : "");
    for (char *item = strtok_r(copy, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(item, '=');
        if (value)
            *value++ = '\0';
        read_setting(item, value ? value : "");
    }
}

void fake_lock(void)
{
    pthread_once(&mutex_once, make_mutex);
    pthread_mutex_lock(&mutex);
    if (!state.ready) {
        state.ready = true;
        state.config = defaults;
        read_environment();
    }
}

void fake_end(void)
{
    pthread_mutex_unlock(&mutex);
}

FakeConfig *fake_config(void)
{
    return &state.config;
}

static void log_call(const char *function)
{
    if (state.calls >= state.log_room) {
        int64_t room = state.log_room ? 2 * state.log_room : 1024;
        const char **log = realloc(state.log, (size_t)room * sizeof *log);
        if (!log)
            abort();
        state.log = log;
        state.log_room = room;
    }
    state.log[state.calls++] = function;
}

static bool takes_memory(const char *function)
{
    return strcmp(function, "cudaMalloc") == 0 || strcmp(function, "cudaGraphInstantiate") == 0 ||
           strcmp(function, "cudaGraphUpload") == 0;
}

bool fake_begin(const char *function)
{
    fake_lock();
    fake_schedule_some();
    log_call(function);
    bool fails = state.lost || (state.fail_at > 0 && state.calls == state.fail_at);
    if (state.fail_of && strcmp(function, state.fail_of) == 0 && ++state.calls_of == state.fail_of_at)
        fails = true;
    state.allocations += takes_memory(function);
    if (takes_memory(function) && state.taken_at > 0 && state.allocations >= state.taken_at)
        fails = true;
    if (fails) {
        state.failed = function;
        state.failed_recording = fake_recording();
    }
    if (fails && state.fail_on)
        state.lost = true;
    return fails;
}

void fake_violate(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(state.violation, sizeof state.violation, format, args);
    va_end(args);
    if (state.violations++ < 20)
        fprintf(stderr, "# fake CUDA: %s\n", state.violation);
}

cudaError_t fake_device_error(void)
{
    return state.device_error;
}

void fake_set_device_error(cudaError_t error)
{
    if (state.device_error == cudaSuccess)
        state.device_error = error;
}

cudaError_t fake_driver_error(void)
{
    static const cudaError_t errors[] = {
        [FAKE_DRIVER_OK] = cudaSuccess,
        [FAKE_DRIVER_NONE] = cudaErrorInsufficientDriver,
        [FAKE_DRIVER_TOO_OLD] = cudaErrorInsufficientDriver,
        [FAKE_DRIVER_NO_PERMISSION] = cudaErrorOperatingSystem,
        [FAKE_DRIVER_NO_DEVICE] = cudaErrorNoDevice,
        [FAKE_DRIVER_MISMATCH] = cudaErrorSystemDriverMismatch,
        [FAKE_DRIVER_UNKNOWN] = cudaErrorUnknown,
    };
    cudaError_t error = errors[state.config.driver];
    return !error && state.config.devices < 1 ? cudaErrorNoDevice : error;
}

cudaError_t fake_return(cudaError_t error)
{
    if (error != cudaSuccess && error != cudaErrorNotReady)
        last_error = error;
    fake_end();
    return error;
}

cudaError_t cudaGetLastError(void)
{
    fake_lock();
    cudaError_t error = state.device_error ? state.device_error : last_error;
    last_error = cudaSuccess;
    fake_end();
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    fake_lock();
    cudaError_t error = state.device_error ? state.device_error : last_error;
    fake_end();
    return error;
}

/* ---- For tests ---- */

static void expect_failures(int64_t at, bool on, const char *function, int64_t of_at)
{
    fake_lock();
    state.calls = state.calls_of = 0;
    state.fail_at = at;
    state.fail_on = on;
    state.fail_of = function;
    state.fail_of_at = of_at;
    state.failed = NULL;
    state.lost = false;
    fake_end();
}

void fake_fail_nth(int64_t n)
{
    expect_failures(n, false, NULL, 0);
}

void fake_fail_from(int64_t n)
{
    expect_failures(n, true, NULL, 0);
}

void fake_fail_nth_of(const char *function, int64_t n)
{
    expect_failures(0, false, function, n);
}

void fake_reset(void)
{
    fake_lock();
    fake_finish_all();
    state.config = defaults;
    state.device_error = last_error = cudaSuccess;
    state.violations = 0;
    state.violation[0] = '\0';
    expect_failures(0, false, NULL, 0);
    fake_memory_reset();
    fake_drains_reset();
    fake_refuse(0);
    fake_end();
}

bool fake_failed_recording(void)
{
    return state.failed && state.failed_recording;
}

const char *fake_failed(void)
{
    return state.failed;
}

int64_t fake_allocations(void)
{
    return state.allocations;
}

int64_t fake_calls(void)
{
    return state.calls;
}

const char *const *fake_log(int64_t *count)
{
    *count = state.calls;
    return state.log;
}

int64_t fake_calls_of(const char *function)
{
    fake_lock();
    int64_t count = 0;
    for (int64_t i = 0; i < state.calls; i++)
        count += strcmp(state.log[i], function) == 0;
    fake_end();
    return count;
}

int fake_violations(void)
{
    return state.violations;
}

const char *fake_violation(void)
{
    return state.violation;
}

void fake_forgive(void)
{
    fake_lock();
    state.violations = 0;
    state.violation[0] = '\0';
    state.device_error = last_error = cudaSuccess;
    fake_end();
}

void fake_device(int sm, int64_t memory_bytes, int count)
{
    fake_lock();
    state.config.sm = sm;
    state.config.memory = memory_bytes;
    state.config.devices = count;
    fake_end();
}

void fake_driver(FakeDriver driver)
{
    fake_lock();
    state.config.driver = driver;
    fake_end();
}

void fake_schedule(FakeSchedule schedule, uint64_t seed)
{
    fake_lock();
    state.config.schedule = schedule;
    state.config.seed = seed;
    fake_end();
}
