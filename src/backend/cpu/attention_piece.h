/* The backward pass of some queries against some keys of a head. Included after attention_forward.h.
 *
 * With P = exp(scale · S - lse), S = q kᵀ and delta = rowsum(o ∘ d_o):
 *     dP = d_o vᵀ,  dS = P ∘ (dP - delta),  dv = Pᵀ d_o,  dk = scale · dSᵀ q,  dq = scale · dS k.
 * A tile of queries goes over all keys of the piece, block by block. Scores have queries as lanes and keys as rows, as
 * in the forward pass; P and dS are kept for one block only: by rows of keys for dv and dk, dS also as an operand for
 * dq. */
#pragma once

enum {
    PIECE_TILE = 4 * QUERY_TILE, /* queries at once */
    PIECE_BLOCK = 128,           /* keys at once */
    PIECE_BYTES = 640 << 10, /* of a piece's packed keys, values and gradients: they stay in the second-level cache */
};

/** The scratch memory of a piece. */
typedef struct Piece {
    const LkAttentionShape *shape;
    int64_t words, width;            /* words of a row of features; head_dim up to a multiple of LANES */
    int64_t keys;                    /* of the piece, up to a multiple of LANES */
    float *key_tokens, *val_tokens;  /* panels of ROWS keys over features */
    float *key_features;             /* panels of ROWS features over keys */
    float *dk, *dv;                  /* [keys][width] */
    float *q_tokens, *do_tokens;     /* [words][tile] */
    float *q_features, *do_features; /* [tile / PAIR][width] */
    float *probs, *dscores;          /* [block][tile / PAIR] */
    float *dscore_pairs;             /* [block / PAIR][tile]; with PAIR 1 the same as dscores */
    float *dq;                       /* [width][tile] */
    float *lse, *delta;              /* [tile]; lse in units of log2 */
    float factor;                    /* scale · log2 e */
} Piece;

/** Lays the piece's memory out from `at` on and returns its size in words. */
static int64_t piece_layout(Piece *piece, const LkAttentionShape *shape, int64_t keys, float *at)
{
    int64_t words = feature_words(shape->head_dim), width = padded_dim(shape), padded = round_up(keys, LANES);
    *piece =
        (Piece){.shape = shape, .words = words, .width = width, .keys = padded, .factor = shape->scale * 1.442695041f};
    const struct {
        float **pointer;
        int64_t words;
    } parts[] = {
        {&piece->key_tokens, padded * words},
        {&piece->val_tokens, padded * words},
        {&piece->key_features, padded / PAIR * width},
        {&piece->dk, padded * width},
        {&piece->dv, padded * width},
        {&piece->q_tokens, words * PIECE_TILE},
        {&piece->do_tokens, words * PIECE_TILE},
        {&piece->q_features, PIECE_TILE / PAIR * width},
        {&piece->do_features, PIECE_TILE / PAIR * width},
        {&piece->probs, PIECE_BLOCK * PIECE_TILE / PAIR},
        {&piece->dscores, PIECE_BLOCK * PIECE_TILE / PAIR},
        {&piece->dscore_pairs, PAIR == 1 ? 0 : PIECE_BLOCK / PAIR * PIECE_TILE},
        {&piece->dq, width * PIECE_TILE},
        {&piece->lse, PIECE_TILE},
        {&piece->delta, PIECE_TILE},
    };
    int64_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].pointer = at ? at + used : NULL;
        used += (int64_t)lk_attention_bytes(parts[i].words) / 4;
    }
    if (PAIR == 1)
        piece->dscore_pairs = piece->dscores;
    return used;
}

static size_t backward_bytes(const LkAttentionShape *shape, int64_t keys)
{
    Piece piece;
    return (size_t)piece_layout(&piece, shape, keys, NULL) * 4;
}

static int64_t piece_keys(const LkAttentionShape *shape)
{
    int64_t words = feature_words(shape->head_dim), width = padded_dim(shape);
    int64_t keys = PIECE_BYTES / ((2 * words + width / PAIR + 2 * width) * 4) / PIECE_BLOCK * PIECE_BLOCK;
    return keys < PIECE_BLOCK ? PIECE_BLOCK : keys;
}

/** The sums of o · d_o of `count` (at most LANES) rows. */
static Vec row_products(const LkAttentionShape *shape, const char *o, const char *d_o, int64_t count)
{
    int64_t size = (int64_t)lk_dtype_size(shape->dtype);
    Vec sum[LANES];
    for (int64_t i = 0; i < LANES; i++) {
        sum[i] = (Vec){0};
        for (int64_t d = 0; i < count && d < shape->head_dim; d += LANES) {
            int64_t at = (i * shape->o_stride + d) * size, left = shape->head_dim - d;
            sum[i] += load_elements(shape->dtype, o + at, left) * load_elements(shape->dtype, d_o + at, left);
        }
    }
    vec_transpose(sum);
    for (int64_t i = 1; i < LANES; i++)
        sum[0] += sum[i];
    return sum[0];
}

/** Packs the queries' side of a tile; columns that are no queries are zero and get an lse that makes them not count. */
static void piece_queries(const Piece *piece, const LkAttentionPiece *given, int64_t query, int64_t queries,
                          int64_t columns)
{
    const LkAttentionShape *shape = piece->shape;
    int64_t size = (int64_t)lk_dtype_size(shape->dtype), dim = shape->head_dim;
    const char *q = (const char *)given->q + query * shape->q_stride * size;
    const char *o = (const char *)given->o + query * shape->o_stride * size;
    const char *d_o = (const char *)given->d_o + query * shape->o_stride * size;
    for (int64_t i = round_up(queries, LANES); i < columns; i += LANES)
        for (int64_t w = 0; w < piece->words; w++) {
            vec_store(panel_at(piece->q_tokens, QUERY_TILE, piece->words, i, w), (Vec){0});
            vec_store(panel_at(piece->do_tokens, QUERY_TILE, piece->words, i, w), (Vec){0});
        }
    pack_tokens(shape->dtype, q, shape->q_stride, queries, dim, QUERY_TILE, piece->q_tokens);
    pack_tokens(shape->dtype, d_o, shape->o_stride, queries, dim, QUERY_TILE, piece->do_tokens);
    pack_features(shape->dtype, q, shape->q_stride, queries, columns, dim, piece->width, 0, PIECE_TILE / PAIR,
                  piece->q_features);
    pack_features(shape->dtype, d_o, shape->o_stride, queries, columns, dim, piece->width, 0, PIECE_TILE / PAIR,
                  piece->do_features);
    for (int64_t i = 0; i < columns; i += LANES) {
        int64_t count = queries - i < LANES ? queries - i : LANES;
        Vec lse = load_elements(LK_F32, given->lse + query + (count > 0 ? i : 0), count) * 1.442695041f;
        vec_store(piece->lse + i, vec_select(lane_numbers < (int32_t)count, lse, vec_set(1e30f)));
        vec_store(piece->delta + i,
                  row_products(shape, o + i * shape->o_stride * size, d_o + i * shape->o_stride * size, count));
    }
}

_Static_assert(PAIR == 1 || QUERY_VECS == 2, "a row of pairs is made from two vectors");

/** Stores a row of LANES × QUERY_VECS numbers as [tile / PAIR] words. */
INLINE void store_row(float *to, const Vec x[MAX_VECS])
{
#if ATTENTION_PAIR == 2
    vec_store(to, (Vec)_mm512_cvtne2ps_pbh(x[1], x[0]));
#else
    UNROLL
    for (int j = 0; j < QUERY_VECS; j++)
        vec_store(to + j * LANES, x[j]);
#endif
}

/** P and dS of ROWS keys (`key` counts from the piece's first) against QUERY_TILE queries at `column`. `seen` are the
 * lanes' numbers of visible keys, counted likewise. */
INLINE void piece_panel(const Piece *piece, int64_t key, int64_t row, int64_t column, const VecInt *seen, bool masked)
{
    Vec p[ROWS][MAX_VECS], ds[ROWS][MAX_VECS];
    block_clear(p, QUERY_VECS);
    block_mac(p, piece->key_tokens + key * piece->words, 1, ROWS, piece->q_tokens + column * piece->words, QUERY_TILE,
              piece->words, QUERY_VECS);
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < QUERY_VECS; j++) {
            p[r][j] = vec_probability(p[r][j] * piece->factor - vec_load(piece->lse + column + j * LANES));
            if (masked)
                p[r][j] = vec_select((int32_t)(key + r) < seen[j], p[r][j], (Vec){0});
        }
        store_row(piece->probs + ((row + r) * PIECE_TILE + column) / PAIR, p[r]);
    }
    block_clear(ds, QUERY_VECS);
    block_mac(ds, piece->val_tokens + key * piece->words, 1, ROWS, piece->do_tokens + column * piece->words, QUERY_TILE,
              piece->words, QUERY_VECS);
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int j = 0; j < QUERY_VECS; j++)
            ds[r][j] = p[r][j] * (ds[r][j] - vec_load(piece->delta + column + j * LANES));
        store_row(piece->dscores + ((row + r) * PIECE_TILE + column) / PAIR, ds[r]);
    }
#if ATTENTION_PAIR == 2
    UNROLL
    for (int r = 0; r < ROWS; r += 2) {
        UNROLL
        for (int j = 0; j < QUERY_VECS; j++)
            store_probabilities(
                panel_at(piece->dscore_pairs, QUERY_TILE, PIECE_BLOCK / PAIR, column, (row + r) / PAIR) + j * LANES,
                ds[r][j], ds[r + 1][j]);
    }
#endif
}

/** How many vectors of `whole` (1 or more) to take at once so that no single one is left for the end, if possible. */
INLINE int take_vecs(int64_t whole)
{
    return whole == 1 ? 1 : whole == 2 || whole == 4 ? 2 : 3;
}

/** c [rows][width] += a [rows][tile / PAIR] · b [tile / PAIR][width]. */
static void piece_key_gradient(const Piece *piece, float *c, const float *a, const float *b, int64_t rows,
                               int64_t columns)
{
    const int64_t width = piece->width, steps = columns / PAIR, row = PIECE_TILE / PAIR;
#if ATTENTION_LANES == 16
    int64_t halves = (piece->shape->head_dim + LANES / 2 - 1) / (LANES / 2);
    if (halves == 5) { /* the 40 numbers of a head of Stable Diffusion 1 */
        for (int64_t r = 0; r < rows; r += ROWS)
            block_update_half(c + r * width, width, a + r * row, row, 1, b, width, steps, 2);
        return;
    }
#endif
    int vecs;
    for (int64_t at = 0; at < width; at += vecs * LANES) {
        vecs = take_vecs((width - at) / LANES);
        for (int64_t r = 0; r < rows; r += ROWS)
            if (vecs == 1)
                block_update(c + r * width + at, width, a + r * row, row, 1, b + at, width, steps, 1);
            else if (vecs == 2)
                block_update(c + r * width + at, width, a + r * row, row, 1, b + at, width, steps, 2);
            else
                block_update(c + r * width + at, width, a + r * row, row, 1, b + at, width, steps, 3);
    }
}

/** One block of keys against the tile of `columns` queries that begins at `query`. */
static void piece_block(const Piece *piece, int64_t first, int64_t key, int64_t rows, int64_t query, int64_t columns)
{
    const LkAttentionShape *shape = piece->shape;
    int64_t clear = (shape->causal && query + 1 < shape->kv_len ? query + 1 : shape->kv_len) - first;
    for (int64_t column = 0; column < columns; column += QUERY_TILE) {
        VecInt seen[QUERY_VECS];
        visible_keys(shape, query + column, first, seen);
        for (int64_t row = 0; row < rows; row += ROWS)
            if (key + row + ROWS <= clear)
                piece_panel(piece, key + row, row, column, seen, false);
            else
                piece_panel(piece, key + row, row, column, seen, true);
    }
    piece_key_gradient(piece, piece->dv + key * piece->width, piece->probs, piece->do_features, rows, columns);
    piece_key_gradient(piece, piece->dk + key * piece->width, piece->dscores, piece->q_features, rows, columns);
    for (int64_t column = 0; column < columns; column += QUERY_TILE) {
        const float *dscores = PAIR == 1 ? piece->dscores + column
                                         : panel_at(piece->dscore_pairs, QUERY_TILE, PIECE_BLOCK / PAIR, column, 0);
        for (int64_t d = 0; d < shape->head_dim; d += ROWS)
            block_update(panel_at(piece->dq, QUERY_TILE, piece->width, column, d), QUERY_TILE,
                         panel_at(piece->key_features, ROWS, piece->keys / PAIR, d, key / PAIR), 1, ROWS, dscores,
                         PAIR == 1 ? PIECE_TILE : QUERY_TILE, round_up(rows, ROWS) / PAIR, QUERY_VECS);
    }
}

/** Writes rows first .. first+count-1 from [count][width], times `factor`. */
static void piece_rows(const Piece *piece, const float *from, float factor, LkAttentionRows to, int64_t first,
                       int64_t count)
{
    int64_t size = (int64_t)lk_dtype_size(to.dtype), dim = piece->shape->head_dim;
    for (int64_t i = 0; i < count; i++)
        for (int64_t d = 0; d < dim; d += LANES)
            store_elements(to.dtype, (char *)to.data + ((first + i) * to.stride + d) * size, dim - d,
                           vec_load(from + i * piece->width + d) * factor);
}

static void backward_piece(const LkAttentionShape *shape, const LkAttentionPiece *given, float *scratch)
{
    Piece piece;
    piece_layout(&piece, shape, given->keys, scratch);
    int64_t size = (int64_t)lk_dtype_size(shape->dtype), offset = given->key * shape->kv_stride * size;
    int64_t dim = shape->head_dim, keys = given->keys;
    const char *k = (const char *)given->k + offset, *v = (const char *)given->v + offset;
    pack_tokens(shape->dtype, k, shape->kv_stride, keys, dim, ROWS, piece.key_tokens);
    pack_tokens(shape->dtype, v, shape->kv_stride, keys, dim, ROWS, piece.val_tokens);
    pack_features(shape->dtype, k, shape->kv_stride, keys, piece.keys, dim, ROWS, 0, piece.keys / PAIR,
                  piece.key_features);
    memset(piece.dk, 0, (size_t)(piece.keys * piece.width) * 4);
    memset(piece.dv, 0, (size_t)(piece.keys * piece.width) * 4);

    int64_t last = given->query + given->queries;
    for (int64_t query = given->query; query < last; query += PIECE_TILE) {
        int64_t queries = last - query < PIECE_TILE ? last - query : PIECE_TILE;
        int64_t columns = round_up(queries, QUERY_TILE), end = keys;
        if (shape->causal && query + queries - given->key < end)
            end = query + queries - given->key;
        memset(piece.dq, 0, (size_t)(piece.width * PIECE_TILE) * 4);
        if (end > 0)
            piece_queries(&piece, given, query, queries, columns);
        for (int64_t key = 0; key < end; key += PIECE_BLOCK)
            piece_block(&piece, given->key, key, end - key < PIECE_BLOCK ? end - key : PIECE_BLOCK, query, columns);
        for (int64_t column = 0; column < queries; column += LANES)
            unpack_tokens(panel_at(piece.dq, QUERY_TILE, piece.width, column, 0), QUERY_TILE, dim,
                          vec_set(shape->scale), given->dq, query + column,
                          queries - column < LANES ? queries - column : LANES);
    }
    piece_rows(&piece, piece.dk, shape->scale, given->dk, given->key, keys);
    piece_rows(&piece, piece.dv, 1, given->dv, given->key, keys);
}
