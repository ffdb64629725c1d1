/* The forward pass of a tile of queries. Included after attention_product.h and attention_pack.h.
 *
 * Queries are lanes and keys are rows: a block of scores needs no reduction across lanes, and o is gathered transposed,
 * [head_dim][queries]. Softmax is taken relative to a reference m that need not be the maximum, only close enough that
 * no sum overflows: it is the largest of the first few scores and is raised only when a block of keys exceeds it by
 * far, so that probabilities come straight out of the accumulators. */
#pragma once

enum {
    QUERY_VECS = LANES == 8 ? 3 : 2, /* what the registers hold besides the other operands */
    QUERY_TILE = QUERY_VECS * LANES,
    KEY_BLOCK = 128, /* keys whose probabilities wait for their product with the values */
};

/** A sum of probabilities, relative to m, that makes m be raised. Anything far below the largest f32 will do. */
static const float raise_above = 1099511627776.0f;

/** The packed keys and values of a head: panels of keys over features, then panels of features over keys. */
INLINE int64_t padded_keys(const LkAttentionShape *shape)
{
    return round_up(shape->kv_len, LANES);
}

INLINE int64_t padded_dim(const LkAttentionShape *shape)
{
    return round_up(shape->head_dim, LANES);
}

INLINE int64_t key_panel_words(const LkAttentionShape *shape)
{
    return padded_keys(shape) * feature_words(shape->head_dim);
}

INLINE int64_t value_panel_words(const LkAttentionShape *shape)
{
    return padded_dim(shape) * (padded_keys(shape) / PAIR);
}

/** How many keys, counted from `first`, the queries from `query` on see, for each lane. */
static void visible_keys(const LkAttentionShape *shape, int64_t query, int64_t first, VecInt seen[QUERY_VECS])
{
    for (int j = 0; j < QUERY_VECS; j++) {
        int32_t count[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int64_t keys = query + j * LANES + lane + 1;
            count[lane] = (int32_t)((shape->causal && keys < shape->kv_len ? keys : shape->kv_len) - first);
        }
        memcpy(&seen[j], count, sizeof seen[j]);
    }
}

static size_t forward_panel_bytes(const LkAttentionShape *shape)
{
    return lk_attention_bytes(key_panel_words(shape)) + lk_attention_bytes(value_panel_words(shape));
}

static void forward_pack(const LkAttentionShape *shape, const void *k, const void *v, int64_t first, int64_t count,
                         float *panels)
{
    int64_t size = (int64_t)lk_dtype_size(shape->dtype), offset = first * shape->kv_stride * size;
    int64_t dim = shape->head_dim, keys = padded_keys(shape);
    float *values = panels + lk_attention_bytes(key_panel_words(shape)) / 4;
    pack_tokens(shape->dtype, (const char *)k + offset, shape->kv_stride, count, dim, ROWS,
                panels + first * feature_words(dim));
    pack_features(shape->dtype, (const char *)v + offset, shape->kv_stride, count, round_up(count, LANES), dim, ROWS,
                  first, keys / PAIR, values);
}

static size_t forward_bytes(const LkAttentionShape *shape)
{
    return lk_attention_bytes(feature_words(shape->head_dim) * QUERY_TILE) +
           lk_attention_bytes(KEY_BLOCK / PAIR * QUERY_TILE) + lk_attention_bytes(padded_dim(shape) * QUERY_TILE);
}

/** What a tile holds while it goes over the keys. `m` and `sum` are in units of log2 and relative to 2^m. */
typedef struct ForwardTile {
    const float *keys;          /* panels of ROWS keys */
    float *query, *probs, *out; /* [words][tile], [key block / PAIR][tile], [dim][tile] */
    int64_t words, dim;
    float factor;               /* of the scores: scale · log2 e */
    VecInt visible[QUERY_VECS]; /* keys below this count */
    Vec m[QUERY_VECS], sum[QUERY_VECS];
} ForwardTile;

INLINE void tile_scores(const ForwardTile *tile, int64_t key, Vec score[ROWS][MAX_VECS])
{
    block_clear(score, QUERY_VECS);
    block_mac(score, tile->keys + key * tile->words, 1, ROWS, tile->query, QUERY_TILE, tile->words, QUERY_VECS);
}

/** The maximum of m and of the visible scores of keys key .. end-1, both in units of log2. */
static void tile_maximum(const ForwardTile *tile, int64_t key, int64_t end, Vec m[QUERY_VECS])
{
    for (; key < end; key += ROWS) {
        Vec score[ROWS][MAX_VECS];
        tile_scores(tile, key, score);
        for (int r = 0; r < ROWS; r++)
            for (int j = 0; j < QUERY_VECS; j++) {
                VecInt seen = (int32_t)(key + r) < tile->visible[j];
                m[j] = vec_select(seen, vec_max(m[j], score[r][j] * tile->factor), m[j]);
            }
    }
}

/** Stores two rows of probabilities as the operand of the product with the values. */
INLINE void store_probabilities(float *to, Vec low, Vec high)
{
#if ATTENTION_PAIR == 2
    static const uint16_t interleave[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    vec_store(to, (Vec)_mm512_permutexvar_epi16(_mm512_loadu_si512(interleave), both));
#else
    vec_store(to, low);
    vec_store(to + QUERY_TILE, high);
#endif
}

/** Probabilities of ROWS keys, relative to 2^m; adds them to `sum`. */
INLINE void tile_panel(const ForwardTile *tile, int64_t key, float *probs, Vec sum[QUERY_VECS], bool masked)
{
    Vec score[ROWS][MAX_VECS];
    tile_scores(tile, key, score);
    UNROLL
    for (int r = 0; r < ROWS; r += 2)
        UNROLL
    for (int j = 0; j < QUERY_VECS; j++) {
        Vec p[2];
        UNROLL
        for (int i = 0; i < 2; i++) {
            p[i] = vec_probability(score[r + i][j] * tile->factor - tile->m[j]);
            if (masked)
                p[i] = vec_select((int32_t)(key + r + i) < tile->visible[j], p[i], (Vec){0});
            sum[j] += p[i];
        }
        store_probabilities(probs + r / PAIR * QUERY_TILE + j * LANES, p[0], p[1]);
    }
}

/** Probabilities of keys key .. end-1, of which those from `clear` on need a mask; their sums. */
static void tile_block(const ForwardTile *tile, int64_t key, int64_t end, int64_t clear, Vec sum[QUERY_VECS])
{
    float *probs = tile->probs;
    Vec s[QUERY_VECS] = {{0}};
    for (; key < end && key + ROWS <= clear; key += ROWS, probs += ROWS / PAIR * QUERY_TILE)
        tile_panel(tile, key, probs, s, false);
    for (; key < end; key += ROWS, probs += ROWS / PAIR * QUERY_TILE)
        tile_panel(tile, key, probs, s, true);
    memcpy(sum, s, sizeof s);
}

/** Raises m to the maximum that includes the block's scores; what was gathered is scaled to it. */
static void tile_raise(ForwardTile *tile, int64_t key, int64_t end)
{
    Vec m[QUERY_VECS];
    for (int j = 0; j < QUERY_VECS; j++)
        m[j] = tile->m[j];
    tile_maximum(tile, key, end, m);
    for (int j = 0; j < QUERY_VECS; j++) {
        Vec shrink = vec_select(m[j] == tile->m[j], vec_set(1), vec_exp2(tile->m[j] - m[j], false));
        tile->m[j] = m[j];
        tile->sum[j] *= shrink;
        for (int64_t d = 0; d < tile->dim; d++) {
            float *p = tile->out + d * QUERY_TILE + j * LANES;
            vec_store(p, vec_load(p) * shrink);
        }
    }
}

/** o and the log-sum-exp of the tile's queries. */
static void tile_finish(const ForwardTile *tile, const LkAttentionShape *shape, void *o, float *lse, int64_t query)
{
    LkAttentionRows rows = {o, shape->o_stride, shape->dtype};
    for (int j = 0; j < QUERY_VECS; j++) {
        int64_t first = query + j * LANES, count = shape->q_len - first < LANES ? shape->q_len - first : LANES;
        if (count <= 0)
            return;
        unpack_tokens(tile->out + j * LANES, QUERY_TILE, tile->dim, 1 / tile->sum[j], rows, first, count);
        if (lse)
            store_elements(LK_F32, lse + first, count, (tile->m[j] + vec_log2(tile->sum[j])) * 0.6931471806f);
    }
}

static void forward_tile(const LkAttentionShape *shape, const float *panels, const void *q, void *o, float *lse,
                         int64_t query, float *scratch)
{
    int64_t size = (int64_t)lk_dtype_size(shape->dtype), dim = shape->head_dim, words = feature_words(dim);
    int64_t queries = shape->q_len - query < QUERY_TILE ? shape->q_len - query : QUERY_TILE;
    int64_t end = shape->causal && query + queries < shape->kv_len ? query + queries : shape->kv_len;
    int64_t clear = shape->causal && query + 1 < shape->kv_len ? query + 1 : shape->kv_len;
    const float *values = panels + lk_attention_bytes(key_panel_words(shape)) / 4;
    ForwardTile tile = {
        .keys = panels, .query = scratch, .words = words, .dim = dim, .factor = shape->scale * 1.442695041f};
    tile.probs = tile.query + lk_attention_bytes(words * QUERY_TILE) / 4;
    tile.out = tile.probs + lk_attention_bytes(KEY_BLOCK / PAIR * QUERY_TILE) / 4;
    for (int j = 0; j < QUERY_VECS; j++)
        tile.m[j] = vec_set(-3e38f);
    visible_keys(shape, query, 0, tile.visible);
    for (int64_t i = queries / LANES * LANES; i < QUERY_TILE && queries < QUERY_TILE; i += LANES)
        for (int64_t w = 0; w < words; w++)
            vec_store(tile.query + w * QUERY_TILE + i, (Vec){0});
    pack_tokens(shape->dtype, (const char *)q + query * shape->q_stride * size, shape->q_stride, queries, dim,
                QUERY_TILE, tile.query);
    memset(tile.out, 0, (size_t)(padded_dim(shape) * QUERY_TILE) * 4);
    tile_maximum(&tile, 0, 1, tile.m);

    for (int64_t key = 0; key < end; key += KEY_BLOCK) {
        int64_t stop = key + KEY_BLOCK < end ? key + KEY_BLOCK : end;
        Vec sum[QUERY_VECS];
        tile_block(&tile, key, stop, clear, sum);
        bool raise = false;
        for (int j = 0; j < QUERY_VECS; j++)
            raise = raise || !vec_all_at_most(sum[j], raise_above);
        if (raise) {
            tile_raise(&tile, key, stop);
            tile_block(&tile, key, stop, clear, sum);
        }
        for (int j = 0; j < QUERY_VECS; j++)
            tile.sum[j] += sum[j];
        for (int64_t d = 0; d < dim; d += ROWS)
            block_update(tile.out + d * QUERY_TILE, QUERY_TILE,
                         panel_at(values, ROWS, padded_keys(shape) / PAIR, d, key / PAIR), 1, ROWS, tile.probs,
                         QUERY_TILE, round_up(stop - key, ROWS) / PAIR, QUERY_VECS);
    }
    tile_finish(&tile, shape, o, lse, query);
}
