/* The backward pass. A head is cut into pieces, either by keys or, when these are few, by queries: pieces of keys own
 * their rows of dk and dv and each makes a part of dq, pieces of queries the other way round. Parts are kept and then
 * summed in order. The cut depends on the shape only, so neither do the sums depend on the threads. */
#include "backend/cpu/attention_private.h"

#include <omp.h>
#include <string.h>

/** Queries of a piece, what pieces are a multiple of, and how many pieces of keys there may be: each costs an f32 copy
 * of dq, which many long pieces would not be worth. */
enum { PIECE_QUERIES = 512, PIECE_STEP = 64, MAX_KEY_PIECES = 8 };

/** Cuts `length` into equal pieces of at most `most`, a multiple of PIECE_STEP; returns their length. */
static int64_t even_pieces(int64_t length, int64_t most, int64_t *count)
{
    int64_t pieces = lk_attention_ceil(length, most);
    int64_t each = lk_attention_ceil(lk_attention_ceil(length, pieces), PIECE_STEP) * PIECE_STEP;
    *count = lk_attention_ceil(length, each);
    return each;
}

static size_t dq_part_bytes(const LkAttentionShape *shape)
{
    return lk_attention_bytes(shape->q_len * shape->head_dim);
}

static size_t dkv_part_bytes(const LkAttentionShape *shape)
{
    return lk_attention_bytes(shape->kv_len * shape->head_dim);
}

void lk_attention_plan_backward(LkCpuAttention *attention)
{
    const LkAttentionShape *shape = &attention->shape;
    const LkAttentionKernels *kernels = attention->kernels;
    int64_t keys = kernels->piece_keys(shape), least = lk_attention_ceil(shape->kv_len, MAX_KEY_PIECES);
    attention->piece_keys = even_pieces(shape->kv_len, keys > least ? keys : least, &attention->key_pieces);
    attention->piece_queries =
        even_pieces(shape->q_len, attention->key_pieces > 1 ? shape->q_len : PIECE_QUERIES, &attention->query_pieces);
    attention->thread_bytes =
        kernels->backward_bytes(shape, attention->piece_keys < shape->kv_len ? attention->piece_keys : shape->kv_len);
    if (attention->key_pieces > 1)
        attention->head_bytes = (size_t)attention->key_pieces * dq_part_bytes(shape);
    else if (attention->query_pieces > 1)
        attention->head_bytes = (size_t)attention->query_pieces * 2 * dkv_part_bytes(shape);
}

typedef struct BackwardRun {
    const LkCpuAttention *attention;
    const void *q, *k, *v, *o, *d_o;
    const float *lse;
    void *dq, *dk, *dv;
    char *parts;
} BackwardRun;

/** The final rows of head `head` of dq, dk or dv. */
static LkAttentionRows final_rows(const BackwardRun *run, void *data, int64_t head)
{
    const LkAttentionShape *shape = &run->attention->shape;
    bool of_queries = data == run->dq;
    int64_t stride = of_queries ? shape->q_stride : shape->kv_stride;
    void *at = lk_attention_head(run->attention, data, head, of_queries ? shape->q_len : shape->kv_rows, stride);
    return (LkAttentionRows){at, stride, shape->dtype};
}

static LkAttentionRows part_rows(const BackwardRun *run, size_t offset)
{
    return (LkAttentionRows){run->parts + offset, run->attention->shape.head_dim, LK_F32};
}

static void backward_unit(const BackwardRun *run, int64_t first_head, int64_t unit, float *scratch)
{
    const LkCpuAttention *attention = run->attention;
    const LkAttentionShape *shape = &attention->shape;
    int64_t pieces = attention->key_pieces * attention->query_pieces, slot = unit / pieces, head = first_head + slot;
    int64_t number = unit % pieces, key = number % attention->key_pieces * attention->piece_keys;
    int64_t query = number / attention->key_pieces * attention->piece_queries;
    size_t own = (size_t)slot * attention->head_bytes, dkv = dkv_part_bytes(shape);
    LkAttentionPiece piece = {
        .q = lk_attention_head(attention, run->q, head, shape->q_len, shape->q_stride),
        .k = lk_attention_head(attention, run->k, head, shape->kv_rows, shape->kv_stride),
        .v = lk_attention_head(attention, run->v, head, shape->kv_rows, shape->kv_stride),
        .o = lk_attention_head(attention, run->o, head, shape->q_len, shape->o_stride),
        .d_o = lk_attention_head(attention, run->d_o, head, shape->q_len, shape->o_stride),
        .lse = run->lse + head * shape->q_len,
        .dq = final_rows(run, run->dq, head),
        .dk = final_rows(run, run->dk, head),
        .dv = final_rows(run, run->dv, head),
        .query = query,
        .queries = shape->q_len - query < attention->piece_queries ? shape->q_len - query : attention->piece_queries,
        .key = key,
        .keys = shape->kv_len - key < attention->piece_keys ? shape->kv_len - key : attention->piece_keys,
    };
    if (attention->key_pieces > 1) {
        piece.dq = part_rows(run, own + (size_t)number * dq_part_bytes(shape));
    } else if (attention->query_pieces > 1) {
        piece.dk = part_rows(run, own + (size_t)number * dkv);
        piece.dv = part_rows(run, own + (size_t)(attention->query_pieces + number) * dkv);
    }
    attention->kernels->backward(shape, &piece, scratch);
}

/** Sums the parts of head first_head + slot: rows `row` on, `count` at most, of dq or of dk and dv. */
static void sum_unit(const BackwardRun *run, int64_t first_head, int64_t slot, int64_t row, int64_t count)
{
    const LkCpuAttention *attention = run->attention;
    const LkAttentionShape *shape = &attention->shape;
    const float *parts = (const float *)(run->parts + (size_t)slot * attention->head_bytes);
    int64_t dim = shape->head_dim, head = first_head + slot;
    if (attention->key_pieces > 1) {
        int64_t apart = (int64_t)(dq_part_bytes(shape) / sizeof *parts);
        int64_t rows = shape->q_len - row < count ? shape->q_len - row : count;
        attention->kernels->sum_rows(parts, apart, attention->key_pieces, dim, final_rows(run, run->dq, head), row,
                                     rows);
        return;
    }
    int64_t apart = (int64_t)(dkv_part_bytes(shape) / sizeof *parts), pieces = attention->query_pieces;
    int64_t rows = shape->kv_len - row < count ? shape->kv_len - row : count;
    attention->kernels->sum_rows(parts, apart, pieces, dim, final_rows(run, run->dk, head), row, rows);
    attention->kernels->sum_rows(parts + pieces * apart, apart, pieces, dim, final_rows(run, run->dv, head), row, rows);
}

/** Rows of dk and dv that belong to no key. */
static void clear_rest(const BackwardRun *run, int64_t head)
{
    const LkAttentionShape *shape = &run->attention->shape;
    size_t size = lk_dtype_size(shape->dtype);
    LkAttentionRows dk = final_rows(run, run->dk, head), dv = final_rows(run, run->dv, head);
    for (int64_t row = shape->kv_len; row < shape->kv_rows; row++) {
        size_t at = (size_t)(row * shape->kv_stride) * size;
        memset((char *)dk.data + at, 0, (size_t)shape->head_dim * size);
        memset((char *)dv.data + at, 0, (size_t)shape->head_dim * size);
    }
}

bool lk_cpu_attention_backward(const LkCpuAttention *attention, const void *q, const void *k, const void *v,
                               const void *o, const float *lse, const void *d_o, void *dq, void *dk, void *dv,
                               void *workspace, LkError *error)
{
    if (!attention->backward)
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "This attention layer was prepared for the forward pass only.");
    const BackwardRun run = {attention, q, k, v, o, d_o, lse, dq, dk, dv, workspace};
    const LkAttentionShape *shape = &attention->shape;
    char *scratch = (char *)workspace + (size_t)attention->wave * attention->head_bytes;
    int64_t pieces = attention->key_pieces * attention->query_pieces;
    int64_t sum_length = attention->key_pieces > 1 ? shape->q_len : pieces > 1 ? shape->kv_len : 0;
    int64_t sums = lk_attention_ceil(sum_length, PIECE_STEP);

#pragma omp parallel num_threads(attention->threads)
    {
        float *mine = (float *)(scratch + (size_t)omp_get_thread_num() * attention->thread_bytes);
        for (int64_t first = 0; first < attention->heads; first += attention->wave) {
            int64_t heads = attention->heads - first < attention->wave ? attention->heads - first : attention->wave;
#pragma omp for schedule(dynamic)
            for (int64_t unit = 0; unit < heads * pieces; unit++)
                backward_unit(&run, first, unit, mine);
#pragma omp for schedule(static)
            for (int64_t unit = 0; unit < heads * sums; unit++)
                sum_unit(&run, first, unit / sums, unit % sums * PIECE_STEP, PIECE_STEP);
        }
#pragma omp for schedule(static)
        for (int64_t head = 0; head < attention->heads; head++)
            clear_rest(&run, head);
    }
    return true;
}
