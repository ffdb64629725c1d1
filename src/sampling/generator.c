#include "sampling/generator.h"

#include "base/memory.h"
#include "base/philox.h"
#include "format/gerror.h"
#include "model/vae_tiles.h"
#include "sampling/condition.h"
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
    int chunks = lk_condition_chunks(generator->tokenizer, request);
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

/** Fills the condition; false leaves it empty. */
static bool encode(LkGenerator *generator, const LkPictureRequest *request, LkStageKey key, LkCondition *condition,
                   LkError *error)
{
    LkStage *stage = bound_stage(generator, key, error);
    if (!stage)
        return false;
    bool ok = lk_condition_encode(condition, stage, generator->arch, generator->tokenizer, request, error);
    lk_stage_cache_done(&generator->cache, stage);
    return ok;
}

/* ------------------------------------------------------------------ the steps */

/** The arrays of one picture: latents of `latent.count` numbers. */
typedef struct Work {
    LkSamplingWork latent;
    int batch;
    float *seen, *predicted; /* for the whole batch */
    float *guess;
} Work;

static float *latent_new(size_t count, int batch, LkError *error)
{
    return lk_memory_new(count, (size_t)batch * sizeof(float), error);
}

/** False where there is no memory; to be cleared all the same. */
static bool work_init(Work *work, size_t count, int batch, LkError *error)
{
    *work = (Work){.latent.count = count, .batch = batch};
    bool ok = (work->latent.x = latent_new(count, 1, error)) && (work->latent.base = latent_new(count, 1, error)) &&
              (work->latent.noise = latent_new(count, 1, error)) &&
              (work->latent.last_noise = latent_new(count, 1, error)) &&
              (work->seen = latent_new(count, batch, error)) && (work->predicted = latent_new(count, batch, error)) &&
              (work->guess = latent_new(count, 1, error));
    for (int i = 0; i < LK_KEPT_PASSES && ok; i++)
        ok = (work->latent.kept[i] = latent_new(count, 1, error)) != NULL;
    return ok;
}

/** Frees all but x. */
static void work_clear(Work *work)
{
    g_free(work->latent.base);
    g_free(work->latent.noise);
    g_free(work->latent.last_noise);
    for (int i = 0; i < LK_KEPT_PASSES; i++)
        g_free(work->latent.kept[i]);
    g_free(work->seen);
    g_free(work->predicted);
    g_free(work->guess);
}

static void begin(const LkGenerator *generator, const LkPictureRequest *request, Work *work)
{
    LkRandom stream = {.seed = request->seed, .purpose = LK_RANDOM_SAMPLE};
    LkSamplingWork *latent = &work->latent;
    if (request->noise)
        memcpy(latent->x, request->noise, latent->count * sizeof(float));
    else
        lk_random_normal(stream, 0, latent->x, latent->count);
    for (size_t i = 0; i < latent->count; i++)
        latent->x[i] *= (float)generator->schedule.start;
}

/** The U-Net's guess of the clean latent in a pass, under guidance. */
static bool guess(LkGenerator *generator, const LkPictureRequest *request, LkStage *unet, const LkCondition *condition,
                  const LkSamplingPass *pass, Work *work, LkError *error)
{
    size_t count = work->latent.count;
    float t[2] = {(float)pass->t, (float)pass->t};
    lk_sampling_input(pass->sigma, work->latent.x, work->seen, count);
    if (work->batch == 2)
        memcpy(work->seen + count, work->seen, count * sizeof(float));
    if (!lk_stage_write(unet, LK_STAGE_X, work->seen, error) || !lk_stage_write(unet, LK_STAGE_T, t, error) ||
        !lk_stage_write(unet, LK_STAGE_CONTEXT, condition->states, error) ||
        !lk_stage_write(unet, LK_STAGE_POOLED, condition->pooled, error) ||
        !lk_stage_write(unet, LK_STAGE_SIZES, condition->sizes, error) || !lk_stage_run(unet, error) ||
        !lk_stage_read(unet, work->predicted, error))
        return false;
    if (work->batch == 2)
        lk_sampling_guide(work->predicted, work->predicted + count, request->cfg, work->predicted, count);
    lk_sampling_denoised(pass->sigma, generator->options.v_prediction, work->latent.x, work->predicted, work->guess,
                         count);
    for (size_t k = 0; k < count; k++)
        if (!isfinite(work->guess[k]))
            return lk_fail(
                error, LK_ERROR_NUMERIC,
                _("The U-Net's numbers became infinite in step %d of %d. If this is fp16, use bf16 or no mixed "
                  "precision; else the LoRA or the base model is broken."),
                pass->step + 1, generator->schedule.steps);
    return true;
}

/** Takes x on by what the pass at `index` told. */
static void advance(const LkGenerator *generator, const LkPictureRequest *request, int index, Work *work)
{
    const LkSamplingPass *pass = &generator->schedule.pass[index];
    LkSamplingWork *latent = &work->latent;
    LkStepWeights weights = lk_sampling_weights(request->sampler, &generator->schedule, index);
    LkRandom stream = {.seed = request->seed, .purpose = LK_RANDOM_ANCESTRAL, .step = (uint32_t)index};
    if (weights.noise != 0)
        lk_random_normal(stream, 0, latent->noise, latent->count);
    lk_sampling_keep(request->sampler, pass, work->guess, latent);
    lk_sampling_step(&weights, latent);
}

static bool sample(LkGenerator *generator, const LkPictureRequest *request, LkStage *unet, const LkCondition *condition,
                   Work *work, const LkSamplingProgress *progress, LkError *error)
{
    const LkSamplingSchedule *schedule = &generator->schedule;
    begin(generator, request, work);
    for (int i = 0; i < schedule->passes; i++) {
        const LkSamplingPass *pass = &schedule->pass[i];
        lk_sampling_begin_pass(pass, &work->latent);
        if (!guess(generator, request, unet, condition, pass, work, error))
            return false;
        advance(generator, request, i, work);
        if (pass->last && progress && progress->step &&
            !progress->step(progress->context, pass->step + 1, schedule->steps, work->guess, unet->key.height,
                            unet->key.width))
            return lk_fail(error, LK_ERROR_STOPPED, _("The picture was stopped after step %d of %d."), pass->step + 1,
                           schedule->steps);
    }
    for (size_t k = 0; k < work->latent.count; k++)
        work->latent.x[k] *= (float)schedule->end;
    return true;
}

static float *make_latent(LkGenerator *generator, const LkPictureRequest *request, const LkStageKey keys[3],
                          const LkSamplingProgress *progress, LkError *error)
{
    LkCondition condition;
    if (!encode(generator, request, keys[LK_STAGE_TEXT], &condition, error))
        return NULL;
    LkStage *unet = bound_stage(generator, keys[LK_STAGE_UNET], error);
    if (!unet) {
        lk_condition_clear(&condition);
        return NULL;
    }
    Work work;
    bool ok = work_init(&work, lk_stage_out_count(unet) / (size_t)unet->key.batch, unet->key.batch, error) &&
              sample(generator, request, unet, &condition, &work, progress, error);
    lk_stage_cache_done(&generator->cache, unet);
    lk_condition_clear(&condition);
    work_clear(&work);
    if (!ok)
        g_clear_pointer(&work.latent.x, g_free);
    return work.latent.x;
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
