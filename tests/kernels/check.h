/* Runs a kernel every way there is and compares it with a double-precision result of the test's own.
 *
 * Ways: each instruction set of this processor, on all threads and block by block in reverse; lanes as threads; with
 * LK_ON_DEVICE a graphics card, twice. */
#pragma once

#include "kernels/kernels.h"
#include "tests/kernels/threads.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>

#ifdef LK_ON_DEVICE
#include "tests/kernels/device.h"
#else
static inline void *array_memory_new(size_t bytes)
{
    return malloc(bytes);
}

static inline void array_memory_free(void *memory)
{
    free(memory);
}
#endif

enum { GUARD = 64, MAX_OUTPUTS = 5 };

/* An array between two guards whose bytes must survive. `start` holds what it is before each run. */
typedef struct Array {
    LkDType dtype;
    size_t count;
    unsigned char *memory, *start;
    void *data;
} Array;

static inline void put(LkDType dtype, void *data, size_t i, double value)
{
    uint16_t h;
    switch (dtype) {
    case LK_F32:
        ((float *)data)[i] = (float)value;
        break;
    case LK_BF16:
        h = lk_f32_to_bf16((float)value);
        memcpy((char *)data + 2 * i, &h, 2);
        break;
    case LK_F16:
        h = lk_f32_to_f16((float)value);
        memcpy((char *)data + 2 * i, &h, 2);
        break;
    case LK_F64:
        ((double *)data)[i] = value;
        break;
    case LK_I32:
        ((int32_t *)data)[i] = (int32_t)value;
        break;
    default:
        break;
    }
}

/** Element i as it was before the kernel ran. */
static inline double at(Array a, int64_t i)
{
    const unsigned char *data = a.start;
    uint16_t h;
    switch (a.dtype) {
    case LK_F32:
        return ((const float *)data)[i];
    case LK_BF16:
        memcpy(&h, data + 2 * i, 2);
        return lk_bf16_to_f32(h);
    case LK_F16:
        memcpy(&h, data + 2 * i, 2);
        return lk_f16_to_f32(h);
    case LK_F64:
        return ((const double *)data)[i];
    default:
        return ((const int32_t *)data)[i];
    }
}

static inline Array array_new(LkDType dtype, int64_t count)
{
    size_t bytes = (size_t)count * lk_dtype_size(dtype);
    Array a = {.dtype = dtype,
               .count = (size_t)count,
               .memory = array_memory_new(bytes + 2 * GUARD),
               .start = malloc(bytes + 1)};
    a.data = a.memory + GUARD;
    memset(a.memory, 0xa5, bytes + 2 * GUARD);
    memset(a.start, 0x7f, bytes); /* rubbish that shows: NaN in f32, bf16 and f16 */
    memcpy(a.data, a.start, bytes);
    return a;
}

static inline void array_free(Array a)
{
    array_memory_free(a.memory);
    free(a.start);
}

static inline void array_reset(Array a)
{
    memcpy(a.data, a.start, a.count * lk_dtype_size(a.dtype));
}

static inline bool guards_whole(Array a)
{
    size_t bytes = a.count * lk_dtype_size(a.dtype);
    for (size_t i = 0; i < GUARD; i++)
        if (a.memory[i] != 0xa5 || a.memory[GUARD + bytes + i] != 0xa5)
            return false;
    return true;
}

/* A small generator of the tests' own. */
static inline double random_unit(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/** About normal: the sum of twelve uniform numbers, scaled and shifted. */
static inline Array array_random(LkDType dtype, int64_t count, uint64_t seed, double scale, double shift)
{
    Array a = array_new(dtype, count);
    uint64_t state = seed * 2654435761u + 12345;
    for (int64_t i = 0; i < count; i++) {
        double sum = -6;
        for (int j = 0; j < 12; j++)
            sum += random_unit(&state);
        put(dtype, a.start, (size_t)i, sum * scale + shift);
    }
    array_reset(a);
    return a;
}

/** What an output must be. `tolerance`: relative L2 error beside that of the output's type; < 0: bits equal to the
 * rounded truth. */
typedef struct Output {
    Array array;
    const double *truth;
    double tolerance;
    double floor; /* where the truth cancels to nothing: the size of an element that errors are relative to at least */
} Output;

/** An array of `rows` rows `step` apart, and in *apart what it must be once the truth of `cols` columns is written into
 * it: the rest keeps its values. Both are the caller's to free. */
static inline Array array_apart(LkDType dtype, int64_t rows, int64_t cols, int64_t step, const double *truth,
                                double **apart)
{
    Array a = array_random(dtype, rows * step, 77, 1, 0);
    *apart = malloc(sizeof(double) * (size_t)(rows * step));
    for (int64_t i = 0; i < rows * step; i++)
        (*apart)[i] = i % step < cols ? truth[i / step * cols + i % step] : at(a, i);
    return a;
}

/* Rounding to 8 or 11 bits: half a last place at most, less in the mean of many. */
static inline double type_tolerance(Array a)
{
    double most = a.dtype == LK_BF16 ? 1.0 / 256 : a.dtype == LK_F16 ? 1.0 / 2048 : 0;
    return a.count > 500 ? 0.6 * most : most;
}

/* Relative L2 error; infinity when a NaN or Inf is in the output only. */
static inline double array_error(Array a, const double *truth, double floor)
{
    double difference = 0, norm = 0;
    Array now = a;
    now.start = a.data;
    for (size_t i = 0; i < a.count; i++) {
        double x = at(now, (int64_t)i), t = truth[i];
        if (isnan(t) && isnan(x))
            continue;
        if (isinf(t) && x == t)
            continue;
        difference += (x - t) * (x - t);
        norm += t * t;
    }
    return isnan(difference) ? INFINITY : sqrt(difference / fmax(fmax(norm, floor * floor * (double)a.count), 1e-60));
}

static inline bool bits_equal(Array a, const double *truth)
{
    Array now = a, rounded = array_new(a.dtype, (int64_t)a.count);
    now.start = a.data;
    bool same = true;
    for (size_t i = 0; i < a.count; i++) {
        put(a.dtype, rounded.start, i, truth[i]);
        double x = at(now, (int64_t)i), t = at(rounded, (int64_t)i);
        same = same && (x == t || (isnan(x) && isnan(t)));
    }
    array_free(rounded);
    return same;
}

typedef struct Check {
    LkKernelId id;
    LkDType dtype;
    const void *args;
    Output outputs[MAX_OUTPUTS]; /* up to the first without an array */
    Array scratch;               /* optional; its guards are checked */
    bool same_for_all_lanes;     /* 2, 8 and 33 lanes (whole warps: 32 and 64) must agree bit by bit */
    bool warps;                  /* the kernel wants whole warps of lanes */
} Check;

static inline int output_count(const Check *c)
{
    int n = 0;
    while (n < MAX_OUTPUTS && c->outputs[n].array.data)
        n++;
    return n;
}

static inline void reset_all(const Check *c)
{
    for (int i = 0; i < output_count(c); i++)
        array_reset(c->outputs[i].array);
    if (c->scratch.data)
        array_reset(c->scratch);
}

/* Looks at all outputs; *worst: the largest error as a share of what is allowed. */
static inline bool outputs_right(const Check *c, double *worst)
{
    bool right = !c->scratch.data || guards_whole(c->scratch);
    for (int i = 0; i < output_count(c); i++) {
        Output o = c->outputs[i];
        if (!guards_whole(o.array)) {
            tap_note("output %d: written outside its bounds", i);
            right = false;
        }
        if (o.tolerance < 0) {
            right = right && bits_equal(o.array, o.truth);
            continue;
        }
        /* Below the smallest normal number of f16 nothing is relative any more. */
        double floor = fmax(o.floor, o.array.dtype == LK_F16 ? 0x1p-14 : 0);
        double error = array_error(o.array, o.truth, floor), allowed = o.tolerance + type_tolerance(o.array);
        if (!(error <= allowed)) {
            tap_note("output %d: relative error %g, allowed %g", i, error, allowed);
            right = false;
        }
        *worst = fmax(*worst, error / allowed);
    }
    return right;
}

static inline void run_in_reverse(const LkKernel *kernel, const void *args)
{
    for (int i = 0; i < kernel->phases; i++)
        for (int64_t block = kernel->phase[i].blocks(args) - 1; block >= 0; block--)
            kernel->phase[i].run(args, block, block + 1);
}

/* The outputs' bits, one after the other. */
static inline unsigned char *outputs_copy(const Check *c, size_t *size)
{
    *size = 0;
    for (int i = 0; i < output_count(c); i++)
        *size += c->outputs[i].array.count * lk_dtype_size(c->outputs[i].array.dtype);
    unsigned char *copy = malloc(*size + 1), *to = copy;
    for (int i = 0; i < output_count(c); i++) {
        size_t bytes = c->outputs[i].array.count * lk_dtype_size(c->outputs[i].array.dtype);
        memcpy(to, c->outputs[i].array.data, bytes);
        to += bytes;
    }
    return copy;
}

static inline bool check_processor(const Check *c, double *worst)
{
    size_t size;
    reset_all(c);
    lk_kernel_launch_cpu(c->id, c->dtype, c->args);
    bool right = outputs_right(c, worst);
    unsigned char *first = outputs_copy(c, &size);
    const LkKernel *kernel;
    for (int isa = 0; (kernel = lk_kernel_of_isa(isa, c->id, c->dtype)); isa++) {
        reset_all(c);
        run_in_reverse(kernel, c->args);
        if (!outputs_right(c, worst)) {
            tap_note("wrong with instruction set %d of this processor", isa);
            right = false;
        }
        unsigned char *now = outputs_copy(c, &size);
        if (isa == 0 && memcmp(first, now, size) != 0) {
            tap_note("the order of blocks changes the result");
            right = false;
        }
        free(now);
    }
    free(first);
    return right;
}

static inline bool check_lanes(const Check *c, double *worst)
{
    static const int any[] = {1, 2, 8, 33}, whole[] = {32, 64};
    const int *lanes = c->warps ? whole : any;
    size_t count = c->warps ? sizeof whole / sizeof *whole : sizeof any / sizeof *any, size;
    bool right = true;
    unsigned char *two = NULL;
    for (size_t i = 0; i < count; i++) {
        reset_all(c);
        lk_kernel_launch_threads(c->id, c->dtype, c->args, lanes[i]);
        if (!outputs_right(c, worst)) {
            tap_note("wrong with %d lanes", lanes[i]);
            right = false;
        }
        unsigned char *now = outputs_copy(c, &size);
        if (c->same_for_all_lanes && two && memcmp(two, now, size) != 0) {
            tap_note("%d lanes give other bits than fewer", lanes[i]);
            right = false;
        }
        if (lanes[i] == (c->warps ? whole[0] : any[1]))
            two = now;
        else
            free(now);
    }
    free(two);
    return right;
}

#ifdef LK_ON_DEVICE
/** On the card, twice: the result must be right, and the same bits again. */
static inline bool check_device(const Check *c, double *worst)
{
    size_t size;
    unsigned char *bits[2] = {NULL, NULL};
    bool right = true;
    for (int i = 0; i < 2 && right; i++) {
        reset_all(c);
        right = device_launch(c->id, c->dtype, c->args) && outputs_right(c, worst);
        bits[i] = outputs_copy(c, &size);
    }
    if (right && memcmp(bits[0], bits[1], size) != 0) {
        tap_note("two runs on the card differ");
        right = false;
    }
    free(bits[0]);
    free(bits[1]);
    return right;
}
#endif

/* Many blocks with barriers among many threads take minutes on a small machine. */
static inline bool checks_lanes(const Check *c)
{
    return lk_kernel(c->id, c->dtype)->phase[0].blocks(c->args) <= 300;
}

/** One TAP line for a kernel on one case. LK_LANES_ONLY (ThreadSanitizer's build): lanes as threads, nothing else. With
 * LORIKEET_KERNELS=names in the environment nothing runs: it only says what would, for covered.c. */
__attribute__((format(printf, 2, 3))) static inline void check(const Check *c, const char *format, ...)
{
    char label[200];
    va_list args;
    va_start(args, format);
    vsnprintf(label, sizeof label, format, args);
    va_end(args);
    double worst = 0;
    bool right = true;
    const LkKernel *kernel = lk_kernel(c->id, c->dtype);
    if (getenv("LORIKEET_KERNELS")) {
        tap_note("%s %s %s", checks_lanes(c) ? "lanes" : "blocks", kernel->name, lk_dtype_name(c->dtype));
        return;
    }
#ifdef LK_ON_DEVICE
    right = check_device(c, &worst);
#else
#ifndef LK_LANES_ONLY
    right = check_processor(c, &worst) && right;
#endif
    if (checks_lanes(c))
        right = check_lanes(c, &worst) && right;
#endif
    tap_ok(right, "%s %s %s (%.2f of the allowed error)", kernel->name, lk_dtype_name(c->dtype), label, worst);
}

/** For each element type. */
#define EACH_TYPE(t) for (LkDType t = LK_F32; t <= LK_F16; t++)
