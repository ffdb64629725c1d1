#include "dataset/resample.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANCZOS_LOBES  3.0
#define BOX_SUPPORT    0.5
#define PRECISION_BITS 22 /* of Pillow's coefficients: 32 bits less 8 for the pixel and 2 for overshoot */

/* Which source samples make one output sample, for outputs first .. first+count-1 of an axis. Weights are float for the
 * area mean, fixed point for Lanczos. */
typedef struct Taps {
    int count;
    int *start;  /* first source index */
    int *length; /* number of sources */
    int stride;  /* room for weights of one output */
    float *weights;
    int32_t *fixed;
} Taps;

static void taps_clear(Taps *taps)
{
    free(taps->start);
    free(taps->length);
    free(taps->weights);
    free(taps->fixed);
    *taps = (Taps){0};
}

static bool taps_init(Taps *taps, int count, int stride, bool fixed)
{
    *taps = (Taps){.count = count, .stride = stride};
    const size_t n = (size_t)count;
    taps->start = calloc(n, sizeof(int));
    taps->length = calloc(n, sizeof(int));
    if (fixed)
        taps->fixed = calloc(n * (size_t)stride, sizeof(int32_t));
    else
        taps->weights = calloc(n * (size_t)stride, sizeof(float));
    if (taps->start && taps->length && (taps->fixed || taps->weights))
        return true;
    taps_clear(taps);
    return false;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* The part of each source cell that lies in the output's cell, over the cell's width. */
static bool area_taps(Taps *taps, int from, int to, int first, int count)
{
    const double scale = 1.0 / ((double)to / from);
    if (!taps_init(taps, count, (int)ceil(scale) + 3, false))
        return false;
    for (int i = 0; i < count; i++) {
        const double begin = (first + i) * scale;
        const double end = begin + scale;
        const double width = fmin(scale, from - begin);
        const int last = min_int((int)floor(end), from - 1);
        const int next = min_int((int)ceil(begin), last);
        float *weight = taps->weights + (size_t)i * (size_t)taps->stride;
        int n = 0;
        taps->start[i] = next;
        if (next - begin > 1e-3) {
            taps->start[i] = next - 1;
            weight[n++] = (float)((next - begin) / width);
        }
        for (int s = next; s < last; s++)
            weight[n++] = (float)(1.0 / width);
        if (end - last > 1e-3)
            weight[n++] = (float)(fmin(fmin(end - last, 1.0), width) / width);
        taps->length[i] = n;
    }
    return true;
}

typedef struct AreaWork {
    const LkResample *task;
    Taps columns, rows;
    float *scratch; /* two rows of floats for each output row being made */
    int whole;      /* 0, or the integer factor product when both factors are integers */
    int factor_x, factor_y;
} AreaWork;

static uint8_t to_byte(float value)
{
    const long rounded = lrintf(value);
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

static void area_row_of_source(const AreaWork *work, const uint8_t *source, float *row)
{
    for (int x = 0; x < work->columns.count; x++) {
        const float *weight = work->columns.weights + (size_t)x * (size_t)work->columns.stride;
        const uint8_t *pixel = source + (size_t)work->columns.start[x] * 3;
        float r = 0, g = 0, b = 0;
        for (int i = 0; i < work->columns.length[x]; i++, pixel += 3) {
            r += pixel[0] * weight[i];
            g += pixel[1] * weight[i];
            b += pixel[2] * weight[i];
        }
        row[3 * x] = r;
        row[3 * x + 1] = g;
        row[3 * x + 2] = b;
    }
}

static void area_rows(void *context, int64_t first, int64_t last)
{
    const AreaWork *work = context;
    const LkResample *task = work->task;
    const size_t n = (size_t)task->width * 3;
    for (int64_t y = first; y < last; y++) {
        float *row = work->scratch + (size_t)y * 2 * n, *sum = row + n;
        const float *weight = work->rows.weights + (size_t)y * (size_t)work->rows.stride;
        memset(sum, 0, n * sizeof *sum);
        for (int i = 0; i < work->rows.length[y]; i++) {
            area_row_of_source(
                work, task->from + ((size_t)work->rows.start[y] + (size_t)i) * (size_t)task->from_width * 3, row);
            for (size_t k = 0; k < n; k++)
                sum[k] += weight[i] * row[k];
        }
        uint8_t *out = task->out + (size_t)y * n;
        for (size_t k = 0; k < n; k++)
            out[k] = to_byte(sum[k]);
    }
}

/* Both factors are integers: exact integer sums. OpenCV rounds 2 × 2 blocks up at one half, others to even. */
static void whole_area_rows(void *context, int64_t first, int64_t last)
{
    const AreaWork *work = context;
    const LkResample *task = work->task;
    const float scale = 1.0f / (float)work->whole;
    for (int64_t y = first; y < last; y++) {
        const int64_t top = (task->y + y) * work->factor_y;
        uint8_t *out = task->out + (size_t)y * (size_t)task->width * 3;
        for (int x = 0; x < task->width; x++)
            for (int c = 0; c < 3; c++) {
                int32_t sum = 0;
                for (int j = 0; j < work->factor_y; j++) {
                    const uint8_t *pixel = task->from +
                                           ((size_t)(top + j) * (size_t)task->from_width +
                                            (size_t)(task->x + x) * (size_t)work->factor_x) *
                                               3 +
                                           c;
                    for (int i = 0; i < work->factor_x; i++)
                        sum += pixel[3 * i];
                }
                const bool two = work->factor_x == 2 && work->factor_y == 2;
                out[3 * x + c] = two ? (uint8_t)((sum + 2) >> 2) : to_byte((float)sum * scale);
            }
    }
}

bool lk_resample_area(const LkResample *task)
{
    AreaWork work = {.task = task};
    work.factor_x = task->from_width / task->to_width;
    work.factor_y = task->from_height / task->to_height;
    const bool whole =
        work.factor_x * task->to_width == task->from_width && work.factor_y * task->to_height == task->from_height;
    if (whole && (int64_t)work.factor_x * work.factor_y < (1 << 23)) {
        work.whole = work.factor_x * work.factor_y;
        lk_parallel_for(task->height, whole_area_rows, &work);
        return true;
    }
    work.scratch = malloc((size_t)task->height * (size_t)task->width * 6 * sizeof(float));
    const bool ready = work.scratch &&
                       area_taps(&work.columns, task->from_width, task->to_width, task->x, task->width) &&
                       area_taps(&work.rows, task->from_height, task->to_height, task->y, task->height);
    if (ready)
        lk_parallel_for(task->height, area_rows, &work);
    taps_clear(&work.columns);
    taps_clear(&work.rows);
    free(work.scratch);
    return ready;
}

static double sinc(double x)
{
    return x == 0.0 ? 1.0 : sin(x * M_PI) / (x * M_PI);
}

static double lanczos(double x)
{
    return x >= -LANCZOS_LOBES && x < LANCZOS_LOBES ? sinc(x) * sinc(x / LANCZOS_LOBES) : 0.0;
}

static double box(double x)
{
    return x > -BOX_SUPPORT && x <= BOX_SUPPORT ? 1.0 : 0.0;
}

/* One of Pillow's filters: zero from `support` on. */
typedef struct Filter {
    double (*weight)(double x);
    double support;
} Filter;

static bool filter_taps(Taps *taps, Filter filter, int from, int to, int first, int count)
{
    const double scale = (double)from / to;
    const double stretch = fmax(scale, 1.0);
    const double support = filter.support * stretch;
    const int most = (int)ceil(support) * 2 + 1;
    double *weight = malloc((size_t)most * sizeof *weight);
    if (!weight || !taps_init(taps, count, most, true)) {
        free(weight);
        return false;
    }
    for (int i = 0; i < count; i++) {
        const double center = (first + i + 0.5) * scale;
        const int start = center - support + 0.5 < 0 ? 0 : (int)(center - support + 0.5);
        const int end = min_int((int)(center + support + 0.5), from);
        double sum = 0;
        for (int k = 0; k < end - start; k++)
            sum += weight[k] = filter.weight((k + start - center + 0.5) * (1.0 / stretch));
        int32_t *fixed = taps->fixed + (size_t)i * (size_t)most;
        for (int k = 0; k < end - start; k++) {
            const double scaled = (sum != 0.0 ? weight[k] / sum : weight[k]) * (1 << PRECISION_BITS);
            fixed[k] = (int32_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
        }
        taps->start[i] = start;
        taps->length[i] = end - start;
    }
    free(weight);
    return true;
}

typedef struct FilterWork {
    const LkResample *task;
    Taps columns, rows;
    uint8_t *between; /* the source rows that are needed, already of the output's width */
    int top;          /* the first of them */
} FilterWork;

static uint8_t from_fixed(int32_t sum)
{
    const int32_t value = sum >> PRECISION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void filter_horizontal(void *context, int64_t first, int64_t last)
{
    const FilterWork *work = context;
    const LkResample *task = work->task;
    for (int64_t y = first; y < last; y++) {
        const uint8_t *source = task->from + (size_t)(work->top + y) * (size_t)task->from_width * 3;
        uint8_t *out = work->between + (size_t)y * (size_t)task->width * 3;
        if (task->from_width == task->to_width) { /* Pillow skips a pass that would change no size */
            memcpy(out, source + (size_t)task->x * 3, (size_t)task->width * 3);
            continue;
        }
        for (int x = 0; x < task->width; x++) {
            const int32_t *weight = work->columns.fixed + (size_t)x * (size_t)work->columns.stride;
            const uint8_t *pixel = source + (size_t)work->columns.start[x] * 3;
            int32_t sum[3] = {1 << (PRECISION_BITS - 1), 1 << (PRECISION_BITS - 1), 1 << (PRECISION_BITS - 1)};
            for (int i = 0; i < work->columns.length[x]; i++, pixel += 3)
                for (int c = 0; c < 3; c++)
                    sum[c] += pixel[c] * weight[i];
            for (int c = 0; c < 3; c++)
                out[3 * x + c] = from_fixed(sum[c]);
        }
    }
}

static void filter_vertical(void *context, int64_t first, int64_t last)
{
    const FilterWork *work = context;
    const LkResample *task = work->task;
    const size_t n = (size_t)task->width * 3;
    for (int64_t y = first; y < last; y++) {
        uint8_t *out = task->out + (size_t)y * n;
        if (task->from_height == task->to_height) {
            memcpy(out, work->between + (size_t)y * n, n);
            continue;
        }
        const int32_t *weight = work->rows.fixed + (size_t)y * (size_t)work->rows.stride;
        const uint8_t *source = work->between + (size_t)(work->rows.start[y] - work->top) * n;
        for (size_t k = 0; k < n; k++) {
            int32_t sum = 1 << (PRECISION_BITS - 1);
            for (int i = 0; i < work->rows.length[y]; i++)
                sum += source[(size_t)i * n + k] * weight[i];
            out[k] = from_fixed(sum);
        }
    }
}

static bool resample(const LkResample *task, Filter filter)
{
    FilterWork work = {.task = task};
    bool ready = filter_taps(&work.columns, filter, task->from_width, task->to_width, task->x, task->width) &&
                 filter_taps(&work.rows, filter, task->from_height, task->to_height, task->y, task->height);
    if (ready) {
        const int last = task->height - 1;
        const bool same = task->from_height == task->to_height;
        work.top = same ? task->y : work.rows.start[0];
        const int rows = same ? task->height : work.rows.start[last] + work.rows.length[last] - work.top;
        work.between = malloc((size_t)rows * (size_t)task->width * 3);
        ready = work.between != NULL;
        if (ready) {
            lk_parallel_for(rows, filter_horizontal, &work);
            lk_parallel_for(task->height, filter_vertical, &work);
        }
    }
    taps_clear(&work.columns);
    taps_clear(&work.rows);
    free(work.between);
    return ready;
}

bool lk_resample_lanczos(const LkResample *task)
{
    return resample(task, (Filter){lanczos, LANCZOS_LOBES});
}

bool lk_resample_box(const LkResample *task)
{
    return resample(task, (Filter){box, BOX_SUPPORT});
}
