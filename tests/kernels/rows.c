/* Row additions and sums, copies, upsampling, embeddings. */
#include "tests/kernels/check.h"

static double *truth_new(int64_t count)
{
    return malloc(sizeof(double) * (size_t)count);
}

static void test_add_rows(LkDType t, int64_t n, int64_t s, int64_t c)
{
    Array x = array_random(t, n * s * c, 1, 1, 0), v = array_random(t, n * c, 2, 1, 0), y = array_new(t, n * s * c);
    Array dv = array_new(t, n * c), scratch = array_new(LK_F32, lk_sum_rows_scratch(n, s, c));
    double *truth = truth_new(n * s * c), *sums = calloc((size_t)(n * c), sizeof(double));
    for (int64_t i = 0; i < n * s * c; i++) {
        int64_t at_v = i / (s * c) * c + i % c;
        truth[i] = at(x, i) + at(v, at_v);
        sums[at_v] += at(x, i);
    }
    LkAddRowsArgs a = {x.data, v.data, y.data, n, s, c};
    check(&(Check){LK_KERNEL_ADD_ROWS, t, &a, {{y, truth, 2e-7}}, .same_for_all_lanes = true}, "%lldx%lldx%lld",
          (long long)n, (long long)s, (long long)c);
    LkSumRowsArgs b = {x.data, dv.data, scratch.data, n, s, c};
    check(&(Check){LK_KERNEL_SUM_ROWS, t, &b, {{dv, sums, 1e-6}}, scratch, true}, "%lldx%lldx%lld", (long long)n,
          (long long)s, (long long)c);
    Array all[] = {x, v, y, dv, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(sums);
}

static void test_upsample(LkDType t, int64_t n, int64_t h, int64_t w, int64_t c)
{
    int64_t count = n * h * w * c;
    Array x = array_random(t, count, 3, 1, 0), y = array_new(t, 4 * count), dy = array_random(t, 4 * count, 4, 1, 0);
    Array dx = array_new(t, count);
    double *truth = truth_new(4 * count), *sums = calloc((size_t)count, sizeof(double));
    for (int64_t i = 0; i < 4 * count; i++) {
        int64_t k = i % c, column = i / c % (2 * w), row = i / c / (2 * w) % (2 * h), sample = i / c / (4 * w * h);
        int64_t from = ((sample * h + row / 2) * w + column / 2) * c + k;
        truth[i] = at(x, from);
        sums[from] += at(dy, i);
    }
    LkUpsample2Args a = {x.data, y.data, n, h, w, c};
    check(&(Check){LK_KERNEL_UPSAMPLE2, t, &a, {{y, truth, -1}}, .same_for_all_lanes = true}, "%lldx%lldx%lldx%lld",
          (long long)n, (long long)h, (long long)w, (long long)c);
    LkUpsample2Args b = {dx.data, dy.data, n, h, w, c};
    check(&(Check){LK_KERNEL_UPSAMPLE2_BACKWARD, t, &b, {{dx, sums, 3e-7, 1}}, .same_for_all_lanes = true},
          "%lldx%lldx%lldx%lld", (long long)n, (long long)h, (long long)w, (long long)c);
    Array all[] = {x, y, dy, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
    free(sums);
}

/* The copied part of y changes, the rest keeps its bits. */
static void test_copy(LkDType t, int64_t rows, int64_t cols, int64_t x_stride, int64_t y_stride, int64_t offset)
{
    Array x = array_random(t, rows * x_stride, 5, 1, 0), y = array_random(t, rows * y_stride + offset, 6, 1, 0);
    double *truth = truth_new(rows * y_stride + offset);
    for (int64_t i = 0; i < rows * y_stride + offset; i++)
        truth[i] = at(y, i);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < cols; k++)
            truth[offset + r * y_stride + k] = at(x, r * x_stride + k);
    LkCopy2dArgs a = {x.data, (char *)y.data + (size_t)offset * lk_dtype_size(t), rows, cols, x_stride, y_stride};
    check(&(Check){LK_KERNEL_COPY2D, t, &a, {{y, truth, -1}}, .same_for_all_lanes = true},
          "%lldx%lld from %lld to %lld + %lld", (long long)rows, (long long)cols, (long long)x_stride,
          (long long)y_stride, (long long)offset);
    array_free(x);
    array_free(y);
    free(truth);
}

/** Behind rows of `c` elements; nothing else changes. Each matrix has `more` rows more than the one before. */
static void test_tails(LkDType t, int count, int64_t rows, int64_t more, int64_t c, int64_t width, int64_t begin,
                       int64_t terms)
{
    LkFillTailsArgs a = {.count = count};
    Array u[LK_TAILS_AT_ONCE], w[LK_TAILS_AT_ONCE];
    Check tails = {LK_KERNEL_FILL_TAILS, t, &a, .same_for_all_lanes = true};
    double *truth[LK_TAILS_AT_ONCE];
    for (int i = 0; i < count; i++) {
        int64_t n = rows + i * more, step = c + width + i; /* and there may be more room than is filled */
        u[i] = array_random(t, n * terms, 10 + (uint64_t)i, 1, 0);
        w[i] = array_random(t, n * step, 20 + (uint64_t)i, 1, 0);
        truth[i] = truth_new(n * step);
        for (int64_t k = 0; k < n * step; k++) {
            int64_t row = k / step, column = k % step - c, term = column - begin;
            bool inside = column >= 0 && column < width;
            truth[i][k] = !inside ? at(w[i], k) : term >= 0 && term < terms ? at(u[i], row * terms + term) : 0;
        }
        a.tails[i] = (LkTail){.u = u[i].data,
                              .to = (char *)w[i].data + (size_t)c * lk_dtype_size(t),
                              .rows = (int32_t)n,
                              .step = (int32_t)step,
                              .width = (int16_t)width,
                              .begin = (int16_t)begin,
                              .terms = (int16_t)terms};
        a.most = n * width > a.most ? n * width : a.most;
        if (i < MAX_OUTPUTS)
            tails.outputs[i] = (Output){w[i], truth[i], -1};
    }
    check(&tails, "%d behind %lld rows of %lld: %lld of %lld columns from %lld on", count, (long long)rows,
          (long long)c, (long long)terms, (long long)width, (long long)begin);
    for (int i = 0; i < count; i++) {
        array_free(u[i]);
        array_free(w[i]);
        free(truth[i]);
    }
}

static void test_embedding(LkDType t, int64_t rows, int64_t c, int64_t vocabulary, int64_t positions)
{
    Array ids = array_new(LK_I32, rows), table = array_random(t, vocabulary * c, 7, 1, 0);
    Array place = array_random(t, (positions ? positions : 1) * c, 8, 1, 0), y = array_new(t, rows * c);
    double *truth = truth_new(rows * c);
    for (int64_t r = 0; r < rows; r++) {
        int64_t id = r == 1 ? vocabulary : r == 2 ? -1 : r * 31 % vocabulary;
        put(LK_I32, ids.start, (size_t)r, (double)id);
        for (int64_t k = 0; k < c; k++)
            truth[r * c + k] = id < 0 || id >= vocabulary
                                   ? NAN
                                   : at(table, id * c + k) + (positions ? at(place, r % positions * c + k) : 0);
    }
    array_reset(ids);
    LkEmbeddingArgs a = {ids.data, table.data, positions ? place.data : NULL, y.data, rows, c, vocabulary, positions};
    check(&(Check){LK_KERNEL_EMBEDDING, t, &a, {{y, truth, 2e-7}}, .same_for_all_lanes = true},
          "%lldx%lld of %lld, %lld places", (long long)rows, (long long)c, (long long)vocabulary, (long long)positions);
    Array all[] = {ids, table, place, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(truth);
}

static void test_time(LkDType t, int64_t n, int64_t c)
{
    Array times = array_new(LK_F32, n), y = array_new(t, n * c);
    double *truth = truth_new(n * c);
    for (int64_t i = 0; i < n; i++) {
        put(LK_F32, times.start, (size_t)i, i ? 999 - 1.5 * (double)i : 0);
        for (int64_t k = 0; k < c / 2; k++) {
            double angle = at(times, i) * pow(10000, -2 * (double)k / (double)c);
            truth[i * c + k] = cos(angle);
            truth[i * c + c / 2 + k] = sin(angle);
        }
    }
    array_reset(times);
    LkTimeEmbeddingArgs a = {times.data, y.data, n, c};
    check(&(Check){LK_KERNEL_TIME_EMBEDDING, t, &a, {{y, truth, 1e-7}}, .same_for_all_lanes = true}, "%lldx%lld",
          (long long)n, (long long)c);
    array_free(times);
    array_free(y);
    free(truth);
}

int main(void)
{
    EACH_TYPE(t)
    {
        test_add_rows(t, 1, 1, 1);
        test_add_rows(t, 3, 7, 13);
        test_add_rows(t, 2, 130, 320);
        test_add_rows(t, 1, 519, 40);
        test_add_rows(t, 2, 9, 1283);
        test_upsample(t, 1, 1, 1, 1);
        test_upsample(t, 2, 3, 5, 7);
        test_upsample(t, 1, 4, 2, 320);
        test_copy(t, 1, 1, 1, 1, 0);
        test_copy(t, 5, 13, 13, 40, 7);
        test_copy(t, 17, 320, 320, 640, 320);
        test_copy(t, 9, 4, 9, 4, 0);
        test_copy(t, 2, 4100, 4100, 4111, 3);
        test_tails(t, 1, 1, 0, 1, 1, 0, 1);
        test_tails(t, 1, 7, 0, 5, 9, 3, 4);
        test_tails(t, 3, 130, 1, 16, 48, 16, 16);
        test_tails(t, 5, 11, 97, 24, 64, 40, 24);
        test_embedding(t, 1, 1, 1, 1);
        test_embedding(t, 154, 40, 100, 77);
        test_embedding(t, 5, 768, 11, 0);
        test_time(t, 1, 2);
        test_time(t, 3, 320);
        test_time(t, 2, 34);
    }
    return tap_done();
}
