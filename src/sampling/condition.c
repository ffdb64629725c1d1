#include "sampling/condition.h"

#include "base/memory.h"
#include "model/text_encoders.h"
#include "text/weighted.h"

#include <math.h>
#include <string.h>

void lk_condition_clear(LkCondition *condition)
{
    g_free(condition->states);
    g_free(condition->pooled);
    g_free(condition->sizes);
    *condition = (LkCondition){0};
}

static const char *negative_of(const LkPictureRequest *request)
{
    return request->negative ? request->negative : "";
}

static int chunks_of(const LkClipTokenizer *tokenizer, const char *text)
{
    int tokens = lk_weighted_token_count(tokenizer, text);
    return MAX((tokens + LK_CLIP_CHUNK - 1) / LK_CLIP_CHUNK, 1);
}

int lk_condition_chunks(const LkClipTokenizer *tokenizer, const LkPictureRequest *request)
{
    int chunks = chunks_of(tokenizer, request->prompt);
    return request->cfg != 1 ? MAX(chunks, chunks_of(tokenizer, negative_of(request))) : chunks;
}

/** Writes the tokens of all encoders, and which rows are pooled; `weights` [batch,L] become the tokens'. */
static bool write_tokens(LkStage *stage, const LkModelArch *arch, const LkClipTokenizer *tokenizer,
                         const LkPictureRequest *request, float *weights, LkError *error)
{
    const char *texts[2] = {negative_of(request), request->prompt};
    const LkStageKey *key = &stage->key;
    int per_text = key->chunks * LK_CLIP_SEQUENCE, length = (int)lk_text_length(arch, key->chunks);
    g_autofree int32_t *ids = lk_memory_new((size_t)(key->batch * per_text), sizeof *ids, error);
    if (!ids)
        return false;
    for (int e = 0; e < arch->n_texts; e++) {
        for (int i = 0; i < key->batch; i++)
            lk_weighted_token_ids(tokenizer, texts[2 - key->batch + i], key->chunks, arch->texts[e].pad_id,
                                  ids + i * per_text, weights + i * length);
        if (!lk_stage_write(stage, LK_STAGE_TOKENS + e, ids, error))
            return false;
    }
    if (!lk_arch_pooled(arch))
        return true;
    g_autofree float *rows =
        lk_memory_new((size_t)lk_text_rows_count(arch, key->batch, key->chunks), sizeof *rows, error);
    if (!rows)
        return false;
    lk_text_rows(arch, ids, key->batch, key->chunks, rows);
    return lk_stage_write(stage, LK_STAGE_ROWS, rows, error);
}

/** Multiplies the states [length,all] of one text encoder, `width` numbers a token, by the tokens' weights, and all of
 * them by what brings their mean back to what it was. */
static void weigh(float *states, int64_t length, int64_t all, int64_t width, const float *weights)
{
    double before = 0, after = 0;
    for (int64_t t = 0; t < length; t++)
        for (int64_t c = 0; c < width; c++) {
            float *state = &states[t * all + c];
            before += (double)*state;
            *state *= weights[t];
            after += (double)*state;
        }
    double back = before / after;
    for (int64_t t = 0; t < length && isfinite(back); t++)
        for (int64_t c = 0; c < width; c++)
            states[t * all + c] *= (float)back;
}

/** As sd-scripts' samples have it: a mean for each encoder and text, over all chunks of the text. A text without
 * weights is left as it is, to the bit. */
static void weigh_all(LkCondition *condition, const LkModelArch *arch, const LkStageKey *key, const float *weights)
{
    int64_t length = lk_text_length(arch, key->chunks), all = lk_arch_context(arch);
    for (int i = 0; i < key->batch; i++) {
        const float *of_text = weights + i * length;
        bool plain = true;
        for (int64_t t = 0; t < length; t++)
            plain = plain && of_text[t] == 1;
        float *states = condition->states + i * length * all;
        for (int e = 0; e < arch->n_texts && !plain; e++) {
            weigh(states, length, all, arch->texts[e].width, of_text);
            states += arch->texts[e].width;
        }
    }
}

bool lk_condition_encode(LkCondition *condition, LkStage *text, const LkModelArch *arch,
                         const LkClipTokenizer *tokenizer, const LkPictureRequest *request, LkError *error)
{
    const LkStageKey *key = &text->key;
    size_t batch = (size_t)key->batch, pooled = (size_t)lk_arch_pooled(arch);
    g_autofree float *weights = lk_memory_new(batch * (size_t)lk_text_length(arch, key->chunks), sizeof(float), error);
    *condition = (LkCondition){.states = lk_memory_new(lk_stage_out_count(text), sizeof(float), error),
                               .pooled = lk_memory_new(batch * pooled, sizeof(float), error),
                               .sizes = lk_memory_new(batch * LK_SIZE_COUNT, sizeof(float), error)};
    bool ok = weights && condition->states && condition->pooled && condition->sizes;
    const float sizes[LK_SIZE_COUNT] = {(float)request->height, (float)request->width, 0, 0,
                                        (float)request->height, (float)request->width};
    for (size_t i = 0; ok && i < batch; i++)
        memcpy(condition->sizes + i * LK_SIZE_COUNT, sizes, sizeof sizes);
    ok = ok && write_tokens(text, arch, tokenizer, request, weights, error) && lk_stage_run(text, error) &&
         lk_stage_read(text, condition->states, error) && lk_stage_read_pooled(text, condition->pooled, error);
    if (ok)
        weigh_all(condition, arch, key, weights);
    else
        lk_condition_clear(condition);
    return ok;
}
