#include "sampling/generator.h"

#include "base/memory.h"
#include "base/philox.h"
#include "format/gerror.h"
#include "model/text_encoders.h"
#include "model/vae_tiles.h"
#include "sampling/stage_cache.h"
#include "text/clip_tokenizer.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

struct LkGenerator {
    LkGeneratorOptions options;
    const LkModelArch *arch;
    LkClipTokenizer *tokenizer;
    LkSigmas sigmas;
    LkSamplingSchedule schedule; /* of the picture that is made now */
    LkStageCache cache;
};

/* ------------------------------------------------------------------ making and checking */

/** What a new generator is refused for, or NULL. */
static const char *refusal(const LkGeneratorOptions *options, const LkModelArch *arch)
{
    for (int i = 0; i < arch->n_texts; i++)
        if (arch->texts[i].positions != LK_CLIP_SEQUENCE || arch->texts[i].vocabulary < LK_CLIP_VOCABULARY)
            return _("The base model's text encoder does not read CLIP's tokens, so prompts cannot be given to it.");
    if (arch->unet.in_channels != arch->vae.latent_channels || arch->unet.out_channels != arch->vae.latent_channels)
        return _("The base model's U-Net and VAE do not work on the same latents.");
    if (options->n_loras < 0 || options->n_loras > LK_MAX_LORAS)
        return _("More than 8 LoRAs cannot be used at once.");
    return NULL;
}

LkGenerator *lk_generator_new(const LkGeneratorOptions *options, GError **error)
{
    const LkModelArch *arch = lk_checkpoint_arch(options->checkpoint);
    const char *words = refusal(options, arch);
    if (words) {
        lk_set_error(error, LK_ERROR_UNSUPPORTED, "%s", words);
        return NULL;
    }
    LkClipTokenizer *tokenizer = lk_clip_tokenizer_new(error);
    if (!tokenizer)
        return NULL;
    LkGenerator *generator = g_new0(LkGenerator, 1);
    generator->options = *options;
    generator->arch = arch;
    generator->tokenizer = tokenizer;
    lk_sigmas_init(&generator->sigmas, options->zero_terminal_snr);
    lk_stage_cache_init(&generator->cache, &generator->options);
    return generator;
}

void lk_generator_free(LkGenerator *generator)
{
    if (!generator)
        return;
    lk_stage_cache_clear(&generator->cache);
    lk_clip_tokenizer_free(generator->tokenizer);
    g_free(generator);
}

/** Pixels a latent's position stands for, along each side. */
static int vae_factor(const LkModelArch *arch)
{
    return 1 << (arch->vae.levels - 1);
}

int lk_generator_size_step(const LkModelArch *arch)
{
    return vae_factor(arch) << (arch->unet.levels - 1);
}

int lk_generator_usual_size(const LkModelArch *arch, bool v_prediction)
{
    return strcmp(arch->family, "sdxl") == 0 ? 1024 : strcmp(arch->family, "sd2") == 0 && v_prediction ? 768 : 512;
}

bool lk_picture_size_check(const LkModelArch *arch, int width, int height, GError **error)
{
    enum { LARGEST = 16384 };
    int step = lk_generator_size_step(arch);
    if (width < step || height < step || width > LARGEST || height > LARGEST || width % step || height % step)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("A picture of %d × %d cannot be made with this base model: width and height must be "
                              "multiples of %d from %d to %d. %d × %d is near."),
                            width, height, step, step, LARGEST / step * step,
                            CLAMP((width + step / 2) / step, 1, LARGEST / step) * step,
                            CLAMP((height + step / 2) / step, 1, LARGEST / step) * step);
    return true;
}

/** How many parts of 75 tokens a text has. */
static int chunks_of(const LkGenerator *generator, const char *text)
{
    int tokens = lk_clip_token_count(generator->tokenizer, text);
    return MAX((tokens + LK_CLIP_CHUNK - 1) / LK_CLIP_CHUNK, 1);
}

static const char *negative_of(const LkPictureRequest *request)
{
    return request->negative ? request->negative : "";
}

static bool is_guided(const LkPictureRequest *request)
{
    return request->cfg != 1;
}

/** How the decoder cuts a latent. */
static LkTiles tiles_of(const LkGenerator *generator, int height, int width)
{
    int factor = vae_factor(generator->arch);
    return lk_tiles_new(height, width, generator->options.vae_tile / factor, factor, 1);
}

/** The shapes of a request's three stages, the decoder's for the whole latent; false with words where it cannot be
 * made. */
static bool plan_request(const LkGenerator *generator, const LkPictureRequest *request, LkStageKey keys[3],
                         GError **error)
{
    if (!lk_picture_size_check(generator->arch, request->width, request->height, error))
        return false;
    if (!request->sampler || !request->prompt)
        return lk_set_error(error, LK_ERROR_USAGE, _("A picture needs a prompt and a sampler."));
    if (request->steps < 1 || request->steps > LK_MAX_SAMPLING_STEPS)
        return lk_set_error(error, LK_ERROR_USAGE, _("A picture takes 1 to %d steps, not %d."), LK_MAX_SAMPLING_STEPS,
                            request->steps);
    if (!isfinite(request->cfg))
        return lk_set_error(error, LK_ERROR_USAGE, _("The guidance scale is not a number."));
    int chunks = chunks_of(generator, request->prompt);
    if (is_guided(request))
        chunks = MAX(chunks, chunks_of(generator, negative_of(request)));
    if (chunks > LK_MAX_PROMPT_CHUNKS)
        return lk_set_error(error, LK_ERROR_USAGE, _("The prompt is longer than %d tokens. Make it shorter."),
                            LK_MAX_PROMPT_CHUNKS * LK_CLIP_CHUNK);
    int factor = vae_factor(generator->arch), h = request->height / factor, w = request->width / factor;
    int batch = is_guided(request) ? 2 : 1;
    keys[LK_STAGE_TEXT] = (LkStageKey){.kind = LK_STAGE_TEXT, .chunks = chunks, .batch = batch};
    keys[LK_STAGE_UNET] =
        (LkStageKey){.kind = LK_STAGE_UNET, .height = h, .width = w, .chunks = chunks, .batch = batch};
    keys[LK_STAGE_DECODER] = (LkStageKey){.kind = LK_STAGE_DECODER, .height = h, .width = w, .batch = 1};
    return true;
}

/** Compiles and plans a stage, unless that was done before. */
static bool measure(LkGenerator *generator, LkStageKey key, LkError *error)
{
    if (lk_stage_cache_is_measured(&generator->cache, key))
        return true;
    LkStage *stage = lk_stage_cache_get(&generator->cache, key, error);
    if (stage)
        lk_stage_cache_done(&generator->cache, stage);
    return stage != NULL;
}

/** The same with the decoder of every tile. */
static bool measure_decoder(LkGenerator *generator, LkStageKey whole, LkError *error)
{
    LkTiles tiles = tiles_of(generator, whole.height, whole.width);
    LkTile shapes[LK_TILE_SHAPES];
    int count = lk_tiles_shapes(&tiles, shapes);
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        LkStageKey key = whole;
        key.height = shapes[i].height;
        key.width = shapes[i].width;
        ok = measure(generator, key, error);
    }
    return ok;
}

bool lk_generator_prepare(LkGenerator *generator, const LkPictureRequest *requests, int count, GError **error)
{
    LkError failure = {0};
    for (int i = 0; i < count; i++) {
        LkStageKey keys[3];
        if (!plan_request(generator, &requests[i], keys, error))
            return false;
        if (!measure(generator, keys[LK_STAGE_TEXT], &failure) || !measure(generator, keys[LK_STAGE_UNET], &failure) ||
            !measure_decoder(generator, keys[LK_STAGE_DECODER], &failure))
            return lk_gerror_take(error, &failure);
    }
    return true;
}

LkGeneratorMemory lk_generator_memory(const LkGenerator *generator)
{
    return generator->cache.memory;
}

int64_t lk_generator_arena_bytes(const LkGenerator *generator)
{
    return generator->cache.memory.arena;
}

/* ------------------------------------------------------------------ text */

/** The stage of a shape with memory. */
static LkStage *bound_stage(LkGenerator *generator, LkStageKey key, LkError *error)
{
    LkStage *stage = lk_stage_cache_get(&generator->cache, key, error);
    if (!stage || lk_stage_bind(stage, &generator->options, generator->cache.memory.arena, error))
        return stage;
    lk_stage_cache_done(&generator->cache, stage);
    return NULL;
}

/** What the U-Net is told of negative prompt and prompt, or of the prompt alone. */
typedef struct Condition {
    float *states; /* [batch,L,C] */
    float *pooled; /* [batch,P]; NULL: none */
    float *sizes;  /* [batch,LK_SIZE_COUNT]: of a picture that was not cut */
} Condition;

static void condition_clear(Condition *condition)
{
    g_free(condition->states);
    g_free(condition->pooled);
    g_free(condition->sizes);
}

/** Writes the tokens of all encoders, and which rows are pooled. */
static bool write_tokens(LkGenerator *generator, const LkPictureRequest *request, LkStage *stage, LkError *error)
{
    const LkModelArch *arch = generator->arch;
    const char *texts[2] = {negative_of(request), request->prompt};
    const LkStageKey *key = &stage->key;
    int per_text = key->chunks * LK_CLIP_SEQUENCE;
    g_autofree int32_t *ids = lk_memory_new((size_t)(key->batch * per_text), sizeof *ids, error);
    if (!ids)
        return false;
    for (int e = 0; e < arch->n_texts; e++) {
        for (int i = 0; i < key->batch; i++)
            lk_clip_token_ids(generator->tokenizer, texts[2 - key->batch + i], key->chunks, arch->texts[e].pad_id,
                              ids + i * per_text);
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

/** Fills the condition; false leaves it empty. */
static bool encode(LkGenerator *generator, const LkPictureRequest *request, LkStageKey key, Condition *condition,
                   LkError *error)
{
    LkStage *stage = bound_stage(generator, key, error);
    if (!stage)
        return false;
    gsize batch = (gsize)key.batch, pooled = (gsize)lk_arch_pooled(generator->arch);
    *condition = (Condition){.states = lk_memory_new(lk_stage_out_count(stage), sizeof(float), error),
                             .pooled = lk_memory_new(batch * pooled, sizeof(float), error),
                             .sizes = lk_memory_new(batch * LK_SIZE_COUNT, sizeof(float), error)};
    bool ok = condition->states && condition->pooled && condition->sizes;
    const float sizes[LK_SIZE_COUNT] = {(float)request->height, (float)request->width, 0, 0,
                                        (float)request->height, (float)request->width};
    for (gsize i = 0; ok && i < batch; i++)
        memcpy(condition->sizes + i * LK_SIZE_COUNT, sizes, sizeof sizes);
    ok = ok && write_tokens(generator, request, stage, error) && lk_stage_run(stage, error) &&
         lk_stage_read(stage, condition->states, error) && lk_stage_read_pooled(stage, condition->pooled, error);
    lk_stage_cache_done(&generator->cache, stage);
    if (!ok)
        condition_clear(condition);
    return ok;
}

/* ------------------------------------------------------------------ the steps */

/** The arrays of one picture: latents of `count` numbers. */
typedef struct Work {
    size_t count;
    int batch;
    float *x, *seen, *predicted; /* seen and predicted for the whole batch */
    float *guess, *previous, *noise;
} Work;

/** False where there is no memory; to be cleared all the same. */
static bool work_init(Work *work, size_t count, int batch, LkError *error)
{
    *work = (Work){.count = count, .batch = batch};
    work->x = lk_memory_new(count, sizeof(float), error);
    work->seen = lk_memory_new(count, (size_t)batch * sizeof(float), error);
    work->predicted = lk_memory_new(count, (size_t)batch * sizeof(float), error);
    work->guess = lk_memory_new(count, sizeof(float), error);
    work->previous = lk_memory_new(count, sizeof(float), error);
    work->noise = lk_memory_new(count, sizeof(float), error);
    return work->x && work->seen && work->predicted && work->guess && work->previous && work->noise;
}

/** Frees all but x. */
static void work_clear(Work *work)
{
    g_free(work->seen);
    g_free(work->predicted);
    g_free(work->guess);
    g_free(work->previous);
    g_free(work->noise);
}

static void begin(const LkGenerator *generator, const LkPictureRequest *request, Work *work)
{
    LkRandom stream = {.seed = request->seed, .purpose = LK_RANDOM_SAMPLE};
    if (request->noise)
        memcpy(work->x, request->noise, work->count * sizeof(float));
    else
        lk_random_normal(stream, 0, work->x, work->count);
    for (size_t i = 0; i < work->count; i++)
        work->x[i] *= (float)generator->schedule.start;
}

/** The U-Net's guess of the clean latent at step i, under guidance. */
static bool guess(LkGenerator *generator, const LkPictureRequest *request, LkStage *unet, const Condition *condition,
                  int i, Work *work, LkError *error)
{
    const LkSamplingSchedule *schedule = &generator->schedule;
    float t[2] = {(float)schedule->t[i], (float)schedule->t[i]};
    lk_sampling_input(schedule, i, work->x, work->seen, work->count);
    if (work->batch == 2)
        memcpy(work->seen + work->count, work->seen, work->count * sizeof(float));
    if (!lk_stage_write(unet, LK_STAGE_X, work->seen, error) || !lk_stage_write(unet, LK_STAGE_T, t, error) ||
        !lk_stage_write(unet, LK_STAGE_CONTEXT, condition->states, error) ||
        !lk_stage_write(unet, LK_STAGE_POOLED, condition->pooled, error) ||
        !lk_stage_write(unet, LK_STAGE_SIZES, condition->sizes, error) || !lk_stage_run(unet, error) ||
        !lk_stage_read(unet, work->predicted, error))
        return false;
    if (work->batch == 2)
        lk_sampling_guide(work->predicted, work->predicted + work->count, request->cfg, work->predicted, work->count);
    lk_sampling_denoised(schedule, i, generator->options.v_prediction, work->x, work->predicted, work->guess,
                         work->count);
    for (size_t k = 0; k < work->count; k++)
        if (!isfinite(work->guess[k]))
            return lk_fail(
                error, LK_ERROR_NUMERIC,
                _("The U-Net's numbers became infinite in step %d of %d. If this is fp16, use bf16 or no mixed "
                  "precision; else the LoRA or the base model is broken."),
                i + 1, schedule->steps);
    return true;
}

static void advance(const LkGenerator *generator, const LkPictureRequest *request, int i, Work *work)
{
    LkStepWeights weights = lk_sampling_weights(request->sampler, &generator->schedule, i);
    LkRandom stream = {.seed = request->seed, .purpose = LK_RANDOM_ANCESTRAL, .step = (uint32_t)i};
    if (weights.noise != 0)
        lk_random_normal(stream, 0, work->noise, work->count);
    lk_sampling_step(weights, work->x, work->guess, work->previous, work->noise, work->count);
    float *swap = work->previous;
    work->previous = work->guess;
    work->guess = swap;
}

static bool sample(LkGenerator *generator, const LkPictureRequest *request, LkStage *unet, const Condition *condition,
                   Work *work, const LkSamplingProgress *progress, LkError *error)
{
    const LkSamplingSchedule *schedule = &generator->schedule;
    begin(generator, request, work);
    for (int i = 0; i < schedule->steps; i++) {
        if (!guess(generator, request, unet, condition, i, work, error))
            return false;
        advance(generator, request, i, work);
        if (progress && progress->step &&
            !progress->step(progress->context, i + 1, schedule->steps, work->previous, unet->key.height,
                            unet->key.width))
            return lk_fail(error, LK_ERROR_STOPPED, _("The picture was stopped after step %d of %d."), i + 1,
                           schedule->steps);
    }
    for (size_t k = 0; k < work->count; k++)
        work->x[k] *= (float)schedule->end;
    return true;
}

static float *make_latent(LkGenerator *generator, const LkPictureRequest *request, const LkStageKey keys[3],
                          const LkSamplingProgress *progress, LkError *error)
{
    Condition condition;
    if (!encode(generator, request, keys[LK_STAGE_TEXT], &condition, error))
        return NULL;
    LkStage *unet = bound_stage(generator, keys[LK_STAGE_UNET], error);
    if (!unet) {
        condition_clear(&condition);
        return NULL;
    }
    Work work;
    bool ok = work_init(&work, lk_stage_out_count(unet) / (size_t)unet->key.batch, unet->key.batch, error) &&
              sample(generator, request, unet, &condition, &work, progress, error);
    lk_stage_cache_done(&generator->cache, unet);
    condition_clear(&condition);
    work_clear(&work);
    if (!ok)
        g_clear_pointer(&work.x, g_free);
    return work.x;
}

/* ------------------------------------------------------------------ pictures */

float *lk_generator_latent(LkGenerator *generator, const LkPictureRequest *request, const LkSamplingProgress *progress,
                           GError **error)
{
    LkStageKey keys[3];
    LkError failure = {0};
    if (!plan_request(generator, request, keys, error))
        return NULL;
    /* Compiled first, all of them, so that the arena is moved once at most. */
    bool ok = measure_decoder(generator, keys[LK_STAGE_DECODER], &failure);
    for (int k = LK_STAGE_TEXT; k <= LK_STAGE_UNET && ok; k++)
        ok = lk_stage_cache_is_measured(&generator->cache, keys[k]) ||
             lk_stage_cache_get(&generator->cache, keys[k], &failure);
    if (!ok) {
        lk_gerror_take(error, &failure);
        return NULL;
    }
    lk_sampling_schedule_init(&generator->schedule, request->sampler, &generator->sigmas, request->steps);
    float *latent = make_latent(generator, request, keys, progress, &failure);
    if (!latent)
        lk_gerror_take(error, &failure);
    return latent;
}

/** Decodes all tiles of the stage's shape. */
static bool decode_tiles(const LkTiles *tiles, LkStage *stage, int channels, const float *latent, float **made,
                         LkError *error)
{
    bool ok = true;
    size_t count = (size_t)stage->key.height * (size_t)stage->key.width * (size_t)channels;
    g_autofree float *cut = lk_memory_new(count, sizeof(float), error);
    for (int i = 0; i < lk_tiles_count(tiles) && ok && cut; i++) {
        LkTile tile = lk_tiles_at(tiles, i);
        if (tile.height != stage->key.height || tile.width != stage->key.width)
            continue;
        made[i] = lk_memory_new(lk_stage_out_count(stage), sizeof(float), error);
        lk_tiles_cut(tiles, tile, channels, latent, cut);
        ok = made[i] && lk_stage_write(stage, LK_STAGE_X, cut, error) && lk_stage_run(stage, error) &&
             lk_stage_read(stage, made[i], error);
    }
    return ok && cut;
}

/** A latent as the VAE sees it to a picture, shape of tiles by shape: so one decoder is on the device at a time. */
static float *decode(LkGenerator *generator, const float *latent, LkStageKey whole, LkError *error)
{
    const int channels = generator->arch->vae.latent_channels;
    LkTiles tiles = tiles_of(generator, whole.height, whole.width);
    LkTile shapes[LK_TILE_SHAPES];
    int n_shapes = lk_tiles_shapes(&tiles, shapes), n_tiles = lk_tiles_count(&tiles);
    g_autofree float **made = g_new0(float *, (gsize)n_tiles);
    bool ok = true;
    for (int i = 0; i < n_shapes && ok; i++) {
        LkStageKey key = whole;
        key.height = shapes[i].height;
        key.width = shapes[i].width;
        LkStage *stage = bound_stage(generator, key, error);
        ok = stage && decode_tiles(&tiles, stage, channels, latent, made, error);
        if (stage)
            lk_stage_cache_done(&generator->cache, stage);
    }
    float *picture = NULL;
    if (ok)
        picture = lk_memory_new(lk_tile_out_count(&tiles, (LkTile){0, 0, whole.height, whole.width}), 3 * sizeof(float),
                                error);
    if (picture)
        lk_tiles_join(&tiles, 3, made, picture);
    for (int i = 0; i < n_tiles; i++)
        g_free(made[i]);
    return picture;
}

float *lk_generator_decode(LkGenerator *generator, const float *latent, int width, int height, GError **error)
{
    LkError failure = {0};
    if (!lk_picture_size_check(generator->arch, width, height, error))
        return NULL;
    int factor = vae_factor(generator->arch);
    LkStageKey key = {.kind = LK_STAGE_DECODER, .height = height / factor, .width = width / factor, .batch = 1};
    size_t count = (size_t)key.height * (size_t)key.width * (size_t)generator->arch->vae.latent_channels;
    g_autofree float *unscaled = lk_memory_new(count, sizeof(float), &failure);
    for (size_t i = 0; unscaled && i < count; i++)
        unscaled[i] = latent[i] / generator->arch->vae.scale;
    float *picture = unscaled ? decode(generator, unscaled, key, &failure) : NULL;
    if (!picture)
        lk_gerror_take(error, &failure);
    return picture;
}

void lk_picture_bytes(const float *picture, uint8_t *rgb, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value = picture[i] * 127.5f + 127.5f;
        rgb[i] = value >= 255 ? 255 : value > 0 ? (uint8_t)lrintf(value) : 0; /* NaN gives 0 */
    }
}

uint8_t *lk_generator_run(LkGenerator *generator, const LkPictureRequest *request, const LkSamplingProgress *progress,
                          GError **error)
{
    g_autofree float *latent = lk_generator_latent(generator, request, progress, error);
    g_autofree float *picture =
        latent ? lk_generator_decode(generator, latent, request->width, request->height, error) : NULL;
    if (!picture)
        return NULL;
    size_t count = (size_t)request->width * (size_t)request->height * 3;
    uint8_t *rgb = LK_TRY_NEW(uint8_t, count, error);
    if (rgb)
        lk_picture_bytes(picture, rgb, count);
    return rgb;
}
