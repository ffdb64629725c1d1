/* The optimizers beside AdamW, in double precision, element by element. */
#include "backend/reference/ops.h"

#include "tensor/graph_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** What all of them begin with: outputs as the inputs were, the group's scalars, and the gradient's factor. */
typedef struct Step {
    const double *s;
    double factor;
    bool sound; /* the factor is finite */
    int64_t count;
} Step;

/** `clip` is the number of that input; the scalars come behind it. out[k] continues in[from[k]]. */
static Step begin(const ReferenceCall *call, int clip, const int *from)
{
    for (int k = 0; k < call->node->n_out; k++)
        memcpy(call->out[k], call->in[from[k]], (size_t)lk_tensor_count(call->out_tensor[k]) * sizeof(double));
    double factor = call->in[clip][1];
    return (Step){.s = call->in[clip + 1] + LK_SCALAR_GROUPS + call->attr->group * LK_SCALAR_GROUP_SIZE,
                  .factor = factor,
                  .sound = isfinite(factor),
                  .count = lk_tensor_count(call->in_tensor[0])};
}

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

/** Scalars: lr, l2, momentum, and the shares of gradient and momentum in the step. */
bool reference_sgd(const ReferenceCall *call)
{
    Step step = begin(call, 3, (int[]){0, 2});
    double lr = step.s[0], l2 = step.s[1], momentum = step.s[2], *p = call->out[0], *m = call->out[1];
    for (int64_t i = 0; i < step.count && step.sound; i++) {
        double g = call->in[1][i] * step.factor + l2 * p[i];
        m[i] = momentum * m[i] + g;
        p[i] -= lr * (step.s[3] * g + step.s[4] * m[i]);
    }
    return true;
}

/** Scalars: lr, decay, β1, 1-β1, β2, 1-β2. */
bool reference_lion(const ReferenceCall *call)
{
    Step step = begin(call, 3, (int[]){0, 2});
    double *p = call->out[0], *m = call->out[1];
    for (int64_t i = 0; i < step.count && step.sound; i++) {
        double g = call->in[1][i] * step.factor;
        p[i] = p[i] * step.s[1] - step.s[0] * sign(step.s[2] * m[i] + step.s[3] * g);
        m[i] = step.s[4] * m[i] + step.s[5] * g;
    }
    return true;
}

/** Scalars: β2, 1-β2, 1-β2^t, eps, weight decay, c, (1-c), rate of y, lr. */
bool reference_schedule_free(const ReferenceCall *call)
{
    Step step = begin(call, 4, (int[]){0, 2, 3});
    const double *s = step.s;
    double *y = call->out[0], *z = call->out[1], *v = call->out[2];
    for (int64_t i = 0; i < step.count && step.sound; i++) {
        double g = call->in[1][i] * step.factor;
        v[i] = s[0] * v[i] + s[1] * g * g;
        double move = g / (sqrt(v[i] / s[2]) + s[3]) + s[4] * y[i];
        y[i] += s[5] * (z[i] - y[i]) + s[7] * move;
        z[i] -= s[8] * move;
    }
    return true;
}

/* Moments of 8 bits ------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** The 256 numbers of the dynamic data type in order, put together as bitsandbytes' create_dynamic_map does. */
static void dynamic_map(bool is_signed, double map[256])
{
    int n = 0;
    for (int i = 0; i < 7; i++) {
        int parts = 1 << (i + !is_signed);
        for (int j = 0; j < parts; j++) {
            double number = pow(10, i - 6) * (0.1 + 0.9 * (j + 0.5) / parts);
            map[n++] = number;
            if (is_signed)
                map[n++] = -number;
        }
    }
    map[n++] = 0;
    map[n++] = 1;
    qsort(map, 256, sizeof *map, compare);
}

/** Code number i of words that hold four. */
static int get_code(const double *words, int64_t i)
{
    return (int)((uint32_t)(int32_t)words[i / 4] >> (8 * (i % 4)) & 255);
}

static void put_code(double *words, int64_t i, int code)
{
    uint32_t word = (uint32_t)(int32_t)words[i / 4], shift = 8 * (uint32_t)(i % 4);
    word = (word & ~(UINT32_C(255) << shift)) | (uint32_t)code << shift;
    words[i / 4] = (int32_t)word;
}

/** Stores n moments of one block. */
static void put_block(double *words, double *scale, int64_t first, const double *moments, int64_t n,
                      const double map[256])
{
    *scale = 0;
    for (int64_t i = 0; i < n; i++)
        *scale = fmax(*scale, fabs(moments[i]));
    for (int64_t i = 0; i < n; i++) {
        double x = *scale > 0 ? moments[i] / *scale : 0;
        int best = 0;
        for (int code = 1; code < 256; code++)
            if (fabs(map[code] - x) < fabs(map[best] - x))
                best = code;
        put_code(words, first + i, best);
    }
}

bool reference_adamw_8bit(const ReferenceCall *call)
{
    Step step = begin(call, 6, (int[]){0, 2, 3, 4, 5});
    const double *s = step.s;
    double plus[256], both[256], m[LK_QUANTUM], v[LK_QUANTUM], *p = call->out[0];
    dynamic_map(true, both);
    dynamic_map(false, plus);
    for (int64_t first = 0; first < step.count && step.sound; first += LK_QUANTUM) {
        int64_t block = first / LK_QUANTUM, n = step.count - first < LK_QUANTUM ? step.count - first : LK_QUANTUM;
        for (int64_t i = 0; i < n; i++) {
            double g = call->in[1][first + i] * step.factor;
            m[i] = s[1] * both[get_code(call->in[2], first + i)] * call->in[4][block] + s[2] * g;
            v[i] = s[3] * plus[get_code(call->in[3], first + i)] * call->in[5][block] + s[4] * g * g;
            p[first + i] = p[first + i] * s[0] - s[5] * m[i] / (sqrt(v[i]) / s[6] + s[7]);
        }
        put_block(call->out[1], &call->out[3][block], first, m, n, both);
        put_block(call->out[2], &call->out[4][block], first, v, n, plus);
    }
    return true;
}

bool reference_lion_8bit(const ReferenceCall *call)
{
    Step step = begin(call, 4, (int[]){0, 2, 3});
    const double *s = step.s;
    double both[256], m[LK_QUANTUM], *p = call->out[0];
    dynamic_map(true, both);
    for (int64_t first = 0; first < step.count && step.sound; first += LK_QUANTUM) {
        int64_t block = first / LK_QUANTUM, n = step.count - first < LK_QUANTUM ? step.count - first : LK_QUANTUM;
        for (int64_t i = 0; i < n; i++) {
            double g = call->in[1][first + i] * step.factor;
            double old = both[get_code(call->in[2], first + i)] * call->in[3][block];
            p[first + i] = p[first + i] * s[1] - s[0] * sign(s[2] * old + s[3] * g);
            m[i] = s[4] * old + s[5] * g;
        }
        put_block(call->out[1], &call->out[2][block], first, m, n, both);
    }
    return true;
}

/* Those that find their own rate ----------------------------------------------------------------------------------- */

/* Scalars: lr, β1, 1-β1, β2, 1-β2, β3, 1-β3, eps, l2, weight decay, d0, d coefficient, growth, safeguard. */

bool reference_adapt_gather(const ReferenceCall *call)
{
    Step step = begin(call, 6, (int[]){2, 3, 4, 5});
    const double *s = step.s, *p = call->in[0];
    double *m = call->out[0], *v = call->out[1], *sum = call->out[2], *slot = call->out[3] + LK_CARRY_SUMS;
    double d = call->in[5][LK_CARRY_D], rate = d * s[0], products = 0, sizes = 0;
    bool dadapt = call->attr->dadapt;
    for (int64_t i = 0; i < step.count && step.sound; i++) {
        double g = call->in[1][i] * step.factor + s[8] * p[i];
        products += g * (dadapt ? sum[i] / (sqrt(v[i]) + s[7]) : call->in[8][i] - p[i]);
        m[i] = s[1] * m[i] + (dadapt ? rate : d) * s[2] * g;
        v[i] = s[3] * v[i] + (dadapt ? 1 : d * d) * s[4] * g * g;
        sum[i] = s[5] * sum[i] + (dadapt ? rate * s[6] : d / s[10] * (s[13] != 0 ? d : rate)) * g;
        sizes += fabs(sum[i]);
    }
    if (step.sound) {
        slot[2 * call->attr->begin] = products;
        slot[2 * call->attr->begin + 1] = sizes;
    }
    return true;
}

bool reference_adapt_settle(const ReferenceCall *call)
{
    Step step = begin(call, 1, (int[]){0});
    const double *s = step.s;
    double *carry = call->out[0], d = carry[LK_CARRY_D], products = 0, sizes = 0;
    for (int slot = 0; slot < LK_CARRY_SLOTS; slot++) {
        products += carry[LK_CARRY_SUMS + 2 * slot];
        sizes += carry[LK_CARRY_SUMS + 2 * slot + 1];
    }
    if (!step.sound)
        return true;
    carry[LK_CARRY_D_BEFORE] = sizes > 0 ? d : 0;
    if (!(sizes > 0))
        return true;
    double *numerator = &carry[LK_CARRY_NUMERATOR], *most = &carry[LK_CARRY_D_MAX];
    *numerator = s[5] * *numerator + (call->attr->dadapt ? s[6] : d / s[10]) * d * s[0] * products;
    double guess = *numerator / sizes * (call->attr->dadapt ? 1 / s[6] : s[11]);
    if (s[0] > 0 && call->attr->dadapt) {
        carry[LK_CARRY_D] = fmax(d, fmin(guess, d * s[12]));
    } else if (s[0] > 0) {
        d = d == s[10] ? fmax(d, guess) : d;
        *most = fmax(*most, guess);
        carry[LK_CARRY_D] = fmin(*most, d * s[12]);
    }
    return true;
}

bool reference_adapt_apply(const ReferenceCall *call)
{
    Step step = begin(call, 4, (int[]){0});
    const double *s = step.s, *m = call->in[1], *v = call->in[2], *carry = call->in[3];
    double *p = call->out[0], rate = carry[LK_CARRY_D_BEFORE] * s[0];
    double move = call->attr->dadapt ? 1 : rate, eps = call->attr->dadapt ? s[7] : carry[LK_CARRY_D] * s[7];
    for (int64_t i = 0; i < step.count && step.sound && rate > 0; i++)
        p[i] -= rate * s[9] * p[i] + move * m[i] / (sqrt(v[i]) + eps);
    return true;
}

/* Adafactor -------------------------------------------------------------------------------------------------------- */

/** Mean of g² + eps of a line. */
static double line_mean(const double *g, int64_t n, int64_t stride, double factor, double eps)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += g[i * stride] * factor * g[i * stride] * factor + eps;
    return sum / (double)n;
}

/** Updates the means of one matrix, whose element (i, j) is g[i · along + j · across], and divides it by them. */
static void divide_matrix(const double *g, double *rows, double *columns, const double *row, const double *s,
                          double factor, double *update)
{
    int64_t m = (int64_t)row[LK_MATRIX_ROWS], n = (int64_t)row[LK_MATRIX_COLUMNS];
    int64_t across = (int64_t)row[LK_MATRIX_INNER], along = n * across;
    double mean = 0;
    for (int64_t i = 0; i < m; i++) {
        rows[i] = s[1] * rows[i] + s[2] * line_mean(g + i * along, n, across, factor, s[3]);
        mean += rows[i] / (double)m;
    }
    for (int64_t j = 0; j < n; j++)
        columns[j] = s[1] * columns[j] + s[2] * line_mean(g + j * across, m, along, factor, s[3]);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            update[i * along + j * across] =
                g[i * along + j * across] * factor / sqrt(rows[i] / mean) / sqrt(columns[j]);
}

/** Scalars: lr, β2, 1-β2, eps 1, eps 2, threshold, whether the rate is scaled, weight decay. */
static void adafactor_tensor(const ReferenceCall *call, const double *row, const double *s, double factor)
{
    int64_t at = (int64_t)row[LK_MATRIX_AT], m = (int64_t)row[LK_MATRIX_ROWS], n = (int64_t)row[LK_MATRIX_COLUMNS];
    int64_t batch = (int64_t)row[LK_MATRIX_BATCH], inner = (int64_t)row[LK_MATRIX_INNER], count = batch * m * n;
    double *p = call->out[0] + at, updates = 0, weights = 0;
    double *update = malloc(sizeof(double) * (size_t)(count + 1));
    for (int64_t k = 0; k < batch; k++) {
        int64_t first = k / inner * m * n * inner + k % inner;
        divide_matrix(call->in[1] + at + first, call->out[1] + (int64_t)row[LK_MATRIX_ROWS_AT] + k * m,
                      call->out[2] + (int64_t)row[LK_MATRIX_COLUMNS_AT] + k * n, row, s, factor, update + first);
    }
    for (int64_t i = 0; i < count; i++) {
        updates += update[i] * update[i] / (double)count;
        weights += p[i] * p[i] / (double)count;
    }
    double rate = s[0] * (s[6] != 0 ? fmax(s[4], sqrt(weights)) : 1), clip = fmax(1, sqrt(updates) / s[5]);
    for (int64_t i = 0; i < count; i++)
        p[i] -= s[7] * rate * p[i] + rate * update[i] / clip;
    free(update);
}

bool reference_adafactor(const ReferenceCall *call)
{
    Step step = begin(call, 5, (int[]){0, 2, 3});
    int64_t matrices = lk_tensor_count(call->in_tensor[4]) / LK_MATRIX_COUNT;
    for (int64_t k = 0; k < matrices && step.sound; k++) {
        const double *row = call->in[4] + k * LK_MATRIX_COUNT;
        adafactor_tensor(call, row, step.s + (int64_t)row[LK_MATRIX_GROUP] * LK_SCALAR_GROUP_SIZE, step.factor);
    }
    return true;
}

/** in {e, p, scalars, clip or none}, out {e}; nothing changes where clip[1] is not finite. */
bool reference_ema(const ReferenceCall *call)
{
    double stays = call->in[3] && !isfinite(call->in[3][1]) ? 1 : call->in[2][LK_SCALAR_EMA];
    for (int64_t i = 0; i < lk_tensor_count(call->in_tensor[0]); i++)
        call->out[0][i] = stays * call->in[0][i] + (1 - stays) * call->in[1][i];
    return true;
}
