#include "backend/cuda/composite.h"

#include "backend/cuda/product.h"

#include <stdlib.h>

/** Bytes of scores and probabilities that may exist at the same time. */
#define TILE_BYTES (INT64_C(64) << 20)

enum { ROW_STEP = 64, PADDING = 8 };

/* The products of one size of tile. */
typedef struct Tile {
    int64_t rows;            /* queries; 0: there is no such tile */
    LkProduct *scores, *out; /* forward; scores in the backward pass too */
    LkProduct *d_values, *d_probabilities, *d_queries, *d_keys;
} Tile;

struct LkComposite {
    LkDevice *device;
    LkSdpaGeometry g;
    bool backward;
    int64_t heads;   /* done at once */
    int64_t cols;    /* keys, padded so that rows stay aligned */
    bool accumulate; /* several tiles of rows add to the gradients of keys and values: in f32, then rounded */
    Tile tiles[2];   /* all but the last; the rest of the rows */
    int64_t scores_at, probabilities_at, sums_at, rounded_at, library_at, workspace; /* offsets in the workspace */
};

static int64_t size_of(const LkComposite *c)
{
    return (int64_t)lk_dtype_size(c->g.dtype);
}

/** Chooses heads and rows at once. */
static void cut(LkComposite *c)
{
    int64_t rows = TILE_BYTES / (c->cols * ((int64_t)sizeof(float) + size_of(c))), whole = c->g.q_len;
    c->heads = 1;
    if (rows >= whole) {
        for (int64_t h = 1; h <= c->g.heads; h++)
            if (c->g.heads % h == 0 && h * whole <= rows)
                c->heads = h;
        rows = whole;
    } else {
        rows = rows < ROW_STEP ? ROW_STEP : rows / ROW_STEP * ROW_STEP;
        rows = rows < whole ? rows : whole;
    }
    c->tiles[0].rows = rows;
    c->tiles[1].rows = whole % rows;
    c->accumulate = c->backward && whole > rows;
}

/** Bytes to which the address of any head's row is aligned, 16 at most. */
static int alignment(const LkComposite *c)
{
    int64_t bits = ((c->g.head_dim | c->g.row_stride | c->g.o_stride) * size_of(c)) | 16;
    return (int)(bits & -bits);
}

/* A matrix of the batch: rows of tokens with all heads in them, of the result's, of scores or probabilities, or of f32
 * sums. */
typedef enum Matrix { TOKENS, RESULT, SCORES, SUMS } Matrix;

static int64_t row_of(const LkComposite *c, Matrix m)
{
    const int64_t rows[] = {c->g.row_stride, lk_sdpa_o_stride(&c->g), c->cols, c->g.head_dim};
    return rows[m];
}

static int64_t step_of(const LkComposite *c, Matrix m, int64_t rows)
{
    const int64_t steps[] = {c->g.head_dim, c->g.head_dim, rows * c->cols, c->g.kv_len * c->g.head_dim};
    return steps[m];
}

/** A product of every head at once. `f32`: the result is; else all are of the attention's type. */
static LkProduct *product(const LkComposite *c, int64_t rows, int64_t m, int64_t n, int64_t k, Matrix a, bool trans_a,
                          Matrix b, bool trans_b, Matrix d, bool f32, LkError *error)
{
    return lk_product_new(c->device,
                          &(LkProductShape){.m = m,
                                            .n = n,
                                            .k = k,
                                            .trans_a = trans_a,
                                            .trans_b = trans_b,
                                            .a = c->g.dtype,
                                            .b = c->g.dtype,
                                            .d = f32 ? LK_F32 : c->g.dtype,
                                            .tf32 = c->g.tf32,
                                            .lda = row_of(c, a),
                                            .ldb = row_of(c, b),
                                            .ldd = row_of(c, d),
                                            .batch = c->heads,
                                            .step_a = step_of(c, a, rows),
                                            .step_b = step_of(c, b, rows),
                                            .step_d = step_of(c, d, rows),
                                            .alpha = 1,
                                            .beta = d == SUMS ? 1 : 0,
                                            .align = alignment(c)},
                          error);
}

static bool make_tile(LkComposite *c, Tile *t, LkError *error)
{
    int64_t r = t->rows, l = c->g.kv_len, d = c->g.head_dim;
    if (r == 0)
        return true;
    t->scores = product(c, r, r, l, d, TOKENS, false, TOKENS, true, SCORES, true, error);
    if (!t->scores)
        return false;
    if (!c->backward)
        return (t->out = product(c, r, r, d, l, SCORES, false, TOKENS, false, RESULT, false, error)) != NULL;
    Matrix sums = c->accumulate ? SUMS : TOKENS;
    return (t->d_values = product(c, r, l, d, r, SCORES, true, TOKENS, false, sums, c->accumulate, error)) &&
           (t->d_probabilities = product(c, r, r, l, d, TOKENS, false, TOKENS, true, SCORES, true, error)) &&
           (t->d_queries = product(c, r, r, d, l, SCORES, false, TOKENS, false, TOKENS, false, error)) &&
           (t->d_keys = product(c, r, l, d, r, SCORES, true, TOKENS, false, sums, c->accumulate, error));
}

static int64_t library_workspace(const Tile *t)
{
    const LkProduct *all[] = {t->scores, t->out, t->d_values, t->d_probabilities, t->d_queries, t->d_keys};
    int64_t most = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && lk_product_workspace(all[i]) > most)
            most = lk_product_workspace(all[i]);
    return most;
}

static void lay_out(LkComposite *c)
{
    int64_t elements = c->heads * c->tiles[0].rows * c->cols, at = 0;
    int64_t sums = c->accumulate ? c->heads * c->g.kv_len * c->g.head_dim : 0;
    bool in_place = !c->backward && c->g.dtype == LK_F32;
    c->scores_at = at;
    at += lk_cuda_aligned(elements * (int64_t)sizeof(float));
    c->probabilities_at = in_place ? c->scores_at : at;
    at += in_place ? 0 : lk_cuda_aligned(elements * size_of(c));
    c->sums_at = at; /* of the keys' gradient, then of the values' */
    at += 2 * lk_cuda_aligned(sums * (int64_t)sizeof(float));
    c->rounded_at = at;
    at += lk_cuda_aligned(sums * size_of(c));
    c->library_at = at;
    int64_t first = library_workspace(&c->tiles[0]), second = library_workspace(&c->tiles[1]);
    c->workspace = at + (first > second ? first : second);
}

LkComposite *lk_composite_new(LkDevice *device, const LkSdpaGeometry *geometry, bool backward, LkError *error)
{
    LkComposite *c = calloc(1, sizeof *c);
    if (!c) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        return NULL;
    }
    c->device = device;
    c->g = *geometry;
    c->backward = backward;
    c->cols = (geometry->kv_len + PADDING - 1) / PADDING * PADDING;
    cut(c);
    if (!make_tile(c, &c->tiles[0], error) || !make_tile(c, &c->tiles[1], error)) {
        lk_composite_free(c);
        return NULL;
    }
    lay_out(c);
    return c;
}

void lk_composite_free(LkComposite *c)
{
    if (!c)
        return;
    for (int i = 0; i < 2; i++) {
        LkProduct *all[] = {c->tiles[i].scores,          c->tiles[i].out,       c->tiles[i].d_values,
                            c->tiles[i].d_probabilities, c->tiles[i].d_queries, c->tiles[i].d_keys};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            lk_product_free(all[k]);
    }
    free(c);
}

int64_t lk_composite_workspace(const LkComposite *c)
{
    return c->workspace;
}

/* One tile at work: a group of heads of one sample, some of its rows. */
typedef struct Work {
    const LkComposite *c;
    const Tile *tile;
    int64_t first_row;
    uint8_t *q, *k, *v, *o, *d_o, *dq, *dk, *dv; /* at the tile's first row and the group's first head */
    float *lse;
    float *scores, *key_sums, *value_sums;
    uint8_t *probabilities, *library;
} Work;

static bool softmax(const Work *w, LkError *error)
{
    const LkComposite *c = w->c;
    LkSoftmaxArgs args = {.x = w->scores,
                          .y = w->probabilities,
                          .rows = c->heads * w->tile->rows,
                          .cols = c->g.kv_len,
                          .x_stride = c->cols,
                          .y_stride = c->cols,
                          .queries = w->tile->rows,
                          .first_query = w->first_row,
                          .lse = w->lse,
                          .lse_stride = c->g.q_len,
                          .scale = c->g.scale,
                          .causal = c->g.causal};
    return lk_product_run(w->tile->scores, w->q, w->k, NULL, NULL, w->scores, w->library, error) &&
           lk_cuda_launch(c->device, LK_KERNEL_SOFTMAX, c->g.dtype, &args, error);
}

static bool forward_tile(const Work *w, LkError *error)
{
    return softmax(w, error) &&
           lk_product_run(w->tile->out, w->probabilities, w->v, NULL, NULL, w->o, w->library, error);
}

static bool backward_tile(const Work *w, LkError *error)
{
    const LkComposite *c = w->c;
    void *dv = c->accumulate ? (void *)w->value_sums : w->dv, *dk = c->accumulate ? (void *)w->key_sums : w->dk;
    LkSoftmaxBackwardArgs args = {.p = w->probabilities,
                                  .dp = w->scores,
                                  .ds = w->probabilities,
                                  .rows = c->heads * w->tile->rows,
                                  .cols = c->g.kv_len,
                                  .p_stride = c->cols,
                                  .dp_stride = c->cols,
                                  .ds_stride = c->cols,
                                  .scale = c->g.scale};
    return softmax(w, error) &&
           lk_product_run(w->tile->d_values, w->probabilities, w->d_o, NULL, NULL, dv, w->library, error) &&
           lk_product_run(w->tile->d_probabilities, w->d_o, w->v, NULL, NULL, w->scores, w->library, error) &&
           lk_cuda_launch(c->device, LK_KERNEL_SOFTMAX_BACKWARD, c->g.dtype, &args, error) &&
           lk_product_run(w->tile->d_queries, w->probabilities, w->k, NULL, NULL, w->dq, w->library, error) &&
           lk_product_run(w->tile->d_keys, w->probabilities, w->q, NULL, NULL, dk, w->library, error);
}

/** f32 sums [heads, kv_len, head_dim] to their place among the tokens, in the attention's type. */
static bool round_sums(const LkComposite *c, const float *sums, void *rounded, uint8_t *to, LkError *error)
{
    int64_t one = c->g.kv_len * c->g.head_dim;
    const uint8_t *from = (const uint8_t *)sums;
    if (c->g.dtype != LK_F32) {
        if (!lk_cuda_launch(c->device, LK_KERNEL_CAST_FROM_F32, c->g.dtype,
                            &(LkCastArgs){.x = sums, .y = rounded, .count = c->heads * one}, error))
            return false;
        from = rounded;
    }
    for (int64_t h = 0; h < c->heads; h++)
        if (!lk_cuda_launch(c->device, LK_KERNEL_COPY2D, c->g.dtype,
                            &(LkCopy2dArgs){.x = from + h * one * size_of(c),
                                            .y = to + h * c->g.head_dim * size_of(c),
                                            .rows = c->g.kv_len,
                                            .cols = c->g.head_dim,
                                            .x_stride = c->g.head_dim,
                                            .y_stride = c->g.row_stride},
                            error))
            return false;
    return true;
}

static bool clear_sums(const LkComposite *c, uint8_t *workspace, LkError *error)
{
    size_t bytes = (size_t)(c->rounded_at - c->sums_at);
    return lk_cuda_ok(cudaMemsetAsync(workspace + c->sums_at, 0, bytes, c->device->stream), "clearing sums", error);
}

static uint8_t *at(void *const *pointers, int which, int64_t offset)
{
    return pointers[which] ? (uint8_t *)pointers[which] + offset : NULL;
}

/** All rows of one group of heads of one sample. */
static bool run_group(const LkComposite *c, void *const *pointers, uint8_t *workspace, int64_t n, int64_t head,
                      LkError *error)
{
    int64_t row = c->g.row_stride * size_of(c), o_row = lk_sdpa_o_stride(&c->g) * size_of(c),
            in_row = head * c->g.head_dim * size_of(c);
    int64_t tokens = n * c->g.q_len * row + in_row, keys = n * c->g.kv_rows * row + in_row;
    int64_t stats_heads = c->g.stats_heads ? c->g.stats_heads : c->g.heads;
    float *lse = pointers[LK_SDPA_STATS];
    int64_t sum_bytes = (c->rounded_at - c->sums_at) / 2;
    Work w = {.c = c,
              .k = at(pointers, LK_SDPA_K, keys),
              .v = at(pointers, LK_SDPA_V, keys),
              .dk = at(pointers, LK_SDPA_DK, keys),
              .dv = at(pointers, LK_SDPA_DV, keys),
              .scores = (float *)(workspace + c->scores_at),
              .probabilities = workspace + c->probabilities_at,
              .key_sums = (float *)(workspace + c->sums_at),
              .value_sums = (float *)(workspace + c->sums_at + sum_bytes),
              .library = workspace + c->library_at};
    if (c->accumulate && !clear_sums(c, workspace, error))
        return false;
    for (; w.first_row < c->g.q_len; w.first_row += w.tile->rows) {
        int64_t offset = tokens + w.first_row * row;
        w.tile = &c->tiles[w.first_row + c->tiles[0].rows <= c->g.q_len ? 0 : 1];
        w.q = at(pointers, LK_SDPA_Q, offset);
        w.o = at(pointers, LK_SDPA_O, (n * c->g.q_len + w.first_row) * o_row + in_row);
        w.d_o = at(pointers, LK_SDPA_DO, offset);
        w.dq = at(pointers, LK_SDPA_DQ, offset);
        w.lse = lse && !c->backward ? lse + (n * stats_heads + head) * c->g.q_len + w.first_row : NULL;
        if (!(c->backward ? backward_tile(&w, error) : forward_tile(&w, error)))
            return false;
    }
    return !c->accumulate || (round_sums(c, w.key_sums, workspace + c->rounded_at, w.dk, error) &&
                              round_sums(c, w.value_sums, workspace + c->rounded_at, w.dv, error));
}

bool lk_composite_run(const LkComposite *c, void *const *pointers, void *workspace, LkError *error)
{
    for (int64_t n = 0; n < c->g.batch; n++)
        for (int64_t head = 0; head < c->g.heads; head += c->heads)
            if (!run_group(c, pointers, workspace, n, head, error))
                return false;
    return true;
}
