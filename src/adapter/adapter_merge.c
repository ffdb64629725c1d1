/* A module's effect added to the weight of its layer, in double precision. */
#include "adapter/adapter_shape.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>

typedef struct Merge {
    const LkAdapterShape *shape;
    const float *const *parts;
    double strength;
    float *weight;
    int64_t width; /* of a row */
} Merge;

/** Element (row, column) of a · b, whose inner size is `dim` and which has `columns` columns. */
static double product(const float *a, const float *b, int64_t dim, int64_t columns, int64_t row, int64_t column)
{
    double sum = 0;
    for (int64_t k = 0; k < dim; k++)
        sum += (double)a[row * dim + k] * (double)b[k * columns + column];
    return sum;
}

/** Element of one side of a LoKr: whole, or a product of the part and the next. */
static double side(bool whole, const float *const *parts, int64_t dim, int64_t columns, int64_t row, int64_t column)
{
    return whole ? (double)parts[0][row * columns + column] : product(parts[0], parts[1], dim, columns, row, column);
}

static double delta(const Merge *m, int64_t o, int64_t i)
{
    const LkAdapterShape *s = m->shape;
    const float *const *p = m->parts;
    if (s->algo == LK_ALGO_LORA)
        return product(p[1], p[0], s->dim, m->width, o, i);
    if (s->algo == LK_ALGO_LOHA)
        return product(p[0], p[1], s->dim, m->width, o, i) * product(p[2], p[3], s->dim, m->width, o, i);
    int64_t right_out = s->out / s->left_out, right_wide = m->width / s->left_in;
    const float *const *right = p + (s->left_whole ? 1 : 2);
    return side(s->left_whole, p, s->dim, s->left_in, o / right_out, i / right_wide) *
           side(s->right_whole, right, s->dim, right_wide, o % right_out, i % right_wide);
}

static void merge_rows(void *context, int64_t first, int64_t last)
{
    const Merge *m = context;
    const LkAdapterShape *s = m->shape;
    double scale = (double)lk_adapter_scale(s);
    const float *magnitude = s->dora ? m->parts[lk_adapter_part(s, LK_PART_MAGNITUDE)] : 0;
    for (int64_t o = first; o < last; o++) {
        float *row = m->weight + o * m->width;
        double sum = 0;
        for (int64_t i = 0; i < m->width && magnitude; i++) {
            double changed = (double)row[i] + scale * delta(m, o, i);
            sum += changed * changed;
        }
        double factor = magnitude ? (double)magnitude[o] / (sqrt(sum) + (double)FLT_EPSILON) : 1;
        for (int64_t i = 0; i < m->width; i++) {
            double changed = ((double)row[i] + scale * delta(m, o, i)) * factor;
            row[i] = (float)((double)row[i] + m->strength * (changed - (double)row[i]));
        }
    }
}

void lk_adapter_merge(const LkAdapterShape *shape, const float *const parts[LK_MAX_PARTS], double strength,
                      float *weight)
{
    Merge merge = {shape, parts, strength, weight, shape->in * shape->kernel * shape->kernel};
    lk_parallel_for(shape->out, merge_rows, &merge);
}
