#include "dataset/resample_points.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 4, BITS = 11 }; /* neighbours; bits of a weight */

/** The neighbours of one output along an axis: sources and weights. */
typedef struct Point {
    int at[MOST];
    int32_t weights[MOST];
} Point;

typedef struct Work {
    const LkResample *task;
    Point *columns, *rows;
    int count; /* neighbours */
} Work;

static int clamp(int value, int most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/** Keys' cubic with a = -0.75. */
static void cubic(double x, double *w)
{
    const double a = -0.75;
    w[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
    w[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
    w[2] = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
    w[3] = 1 - w[0] - w[1] - w[2];
}

static Point point_of(int from, int to, int i, LkPoints points)
{
    const double scale = (double)from / to, back = (double)to / from;
    double place = (i + 0.5) * scale - 0.5, w[MOST] = {1};
    int first = (int)floor(place), count = points == LK_POINTS_CUBIC ? 4 : 2;
    double part = place - first;
    if (points == LK_POINTS_NEAREST) {
        /* In 16 bits behind the point, as the reference. */
        const int64_t step = (((int64_t)from << 16) + to / 2) / to;
        return (Point){.at = {clamp((int)((step * i + step / 2 - from % 2) >> 16), from - 1)}, .weights = {1 << BITS}};
    }
    if (points == LK_POINTS_AREA) {
        first = (int)floor(i * scale);
        part = (i + 1) - (first + 1) * back;
        part = part <= 0 ? 0 : part - floor(part);
    }
    if (count == 4) {
        cubic(part, w);
        first--;
    } else {
        const bool before = first < 0, behind = first >= from - 1;
        w[1] = before || behind ? 0 : part;
        w[0] = 1 - w[1];
    }
    Point point = {{0}, {0}};
    for (int k = 0; k < count; k++) {
        point.at[k] = clamp(first + k, from - 1);
        point.weights[k] = (int32_t)lrint(w[k] * (1 << BITS));
    }
    return point;
}

static void make_rows(void *context, int64_t begin, int64_t end)
{
    const Work *work = context;
    const LkResample *task = work->task;
    for (int64_t y = begin; y < end; y++) {
        const Point *row = &work->rows[y];
        uint8_t *out = task->out + (size_t)y * (size_t)task->width * 3;
        for (int x = 0; x < task->width * 3; x++) {
            const Point *column = &work->columns[x / 3];
            int64_t sum = 1 << (2 * BITS - 1);
            for (int j = 0; j < work->count; j++) {
                const uint8_t *source = task->from + (size_t)row->at[j] * (size_t)task->from_width * 3 + x % 3;
                int32_t across = 0;
                for (int i = 0; i < work->count; i++)
                    across += source[(size_t)column->at[i] * 3] * column->weights[i];
                sum += (int64_t)across * row->weights[j];
            }
            out[x] = (uint8_t)clamp((int)(sum >> (2 * BITS)), 255);
        }
    }
}

bool lk_resample_points(const LkResample *task, LkPoints points)
{
    Work work = {.task = task,
                 .columns = calloc((size_t)task->width, sizeof *work.columns),
                 .rows = calloc((size_t)task->height, sizeof *work.rows),
                 .count = points == LK_POINTS_NEAREST ? 1
                          : points == LK_POINTS_CUBIC ? 4
                                                      : 2};
    const bool ready = work.columns && work.rows;
    for (int x = 0; ready && x < task->width; x++)
        work.columns[x] = point_of(task->from_width, task->to_width, task->x + x, points);
    for (int y = 0; ready && y < task->height; y++)
        work.rows[y] = point_of(task->from_height, task->to_height, task->y + y, points);
    if (ready)
        lk_parallel_for(task->height, make_rows, &work);
    free(work.columns);
    free(work.rows);
    return ready;
}
