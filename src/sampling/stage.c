#include "sampling/stage.h"

#include "model/text_encoders.h"
#include "model/unet.h"
#include "model/vae.h"
#include "tensor/low_rank.h"
#include "tensor/sweep.h"

#include <glib.h>
#include <glib/gi18n.h>

/** Every LoRA after the other, each on top of the layer as the base model has it. */
static LkRef attach_all(void *context, LkGraph *graph, const LkAdaptedLayer *layer)
{
    LkStage *stage = context;
    LkAdaptedLayer at = *layer;
    at.begun = LK_NONE;
    for (int i = 0; i < stage->n_loras; i++)
        at.y = lk_lora_attach(&stage->loras[i], graph, &at);
    return at.y;
}

static bool any_wants_own(void *context, const char *layer)
{
    LkStage *stage = context;
    for (int i = 0; i < stage->n_loras; i++)
        if (lk_lora_wants_own(&stage->loras[i], layer))
            return true;
    return false;
}

/** Whether a LoRA has a layer of the text encoders, or of the U-Net. */
static bool touches(const LkLora *lora, bool text)
{
    for (int i = 0; i < lk_lora_count(lora); i++)
        if ((lk_lora_at(lora, i)->side != LK_GROUP_UNET) == text)
            return true;
    return false;
}

static void add_loras(LkStage *stage, LkBuilder *builder, const LkGeneratorOptions *options)
{
    bool text = stage->key.kind == LK_STAGE_TEXT;
    for (int i = 0; i < options->n_loras; i++) {
        const LkGeneratorLora *from = &options->loras[i];
        double strength = text ? from->text_strength : from->unet_strength;
        if (strength == 0 || !touches(from->lora, text))
            continue;
        lk_lora_graph(&stage->loras[stage->n_loras], stage->graph, from->lora, from->state, false, (float)strength);
        stage->sources[stage->n_loras++] = from;
    }
    if (stage->n_loras)
        builder->adapter = (LkAdapterHook){.context = stage, .attach = attach_all, .wants_own = any_wants_own};
}

static LkRef input(LkStage *stage, int index, const char *name, LkDType dtype, int rank, const int64_t *shape)
{
    return stage->in[index] = lk_graph_input(stage->graph, name, dtype, rank, shape);
}

/** To the graph's type. */
static LkRef computed(LkGraph *graph, LkRef x)
{
    return graph->compute == LK_F32 ? x : lk_cast(graph, x, graph->compute);
}

static LkRef build_text(LkStage *stage, LkBuilder *builder, const LkModelArch *arch, int clip_skip)
{
    LkTextEncoders text = lk_text_encoders_build(builder, arch, stage->key.batch, stage->key.chunks, clip_skip);
    for (int i = 0; i < arch->n_texts; i++)
        stage->in[LK_STAGE_TOKENS + i] = text.ids[i];
    stage->in[LK_STAGE_ROWS] = text.rows;
    stage->pooled = text.pooled;
    return text.states;
}

static LkRef build_unet(LkStage *stage, LkBuilder *builder, const LkModelArch *arch)
{
    const LkStageKey *key = &stage->key;
    LkGraph *graph = stage->graph;
    int64_t x[4] = {key->batch, key->height, key->width, arch->unet.in_channels}, t[1] = {key->batch};
    int64_t context[3] = {key->batch, lk_text_length(arch, key->chunks), lk_arch_context(arch)};
    input(stage, LK_STAGE_X, "noisy latents", LK_F32, 4, x);
    input(stage, LK_STAGE_T, "timesteps", LK_F32, 1, t);
    input(stage, LK_STAGE_CONTEXT, "text states", LK_F32, 3, context);
    LkUnetInputs unet = {.x = computed(graph, stage->in[LK_STAGE_X]),
                         .t = stage->in[LK_STAGE_T],
                         .context = computed(graph, stage->in[LK_STAGE_CONTEXT]),
                         .pooled = LK_NONE,
                         .sizes = LK_NONE};
    if (arch->unet.added) {
        int64_t pooled[2] = {key->batch, lk_arch_pooled(arch)}, sizes[1] = {key->batch * LK_SIZE_COUNT};
        unet.pooled = computed(graph, input(stage, LK_STAGE_POOLED, "pooled text", LK_F32, 2, pooled));
        unet.sizes = input(stage, LK_STAGE_SIZES, "sizes", LK_F32, 1, sizes);
    }
    return lk_unet_build(builder, &arch->unet, &unet);
}

static LkRef build_decoder(LkStage *stage, LkBuilder *builder, const LkModelArch *arch)
{
    int64_t shape[4] = {1, stage->key.height, stage->key.width, arch->vae.latent_channels};
    return lk_vae_decoder_build(builder, &arch->vae, input(stage, LK_STAGE_X, "latents", LK_F32, 4, shape));
}

static void build(LkStage *stage, const LkGeneratorOptions *options)
{
    LkGraph *graph = stage->graph;
    LkBuilder builder = {.graph = graph, .checkpoint = options->checkpoint};
    const LkModelArch *arch = lk_checkpoint_arch(options->checkpoint);
    if (stage->key.kind == LK_STAGE_DECODER) {
        stage->out = build_decoder(stage, &builder, arch);
    } else {
        add_loras(stage, &builder, options);
        stage->out = stage->key.kind == LK_STAGE_TEXT ? build_text(stage, &builder, arch, options->clip_skip)
                                                      : build_unet(stage, &builder, arch);
    }
    LkRef *results[2] = {&stage->out, &stage->pooled};
    for (int i = 0; i < 2; i++) {
        if (graph->compute != LK_F32 && *results[i] != LK_NONE)
            *results[i] = lk_cast(graph, *results[i], LK_F32);
        lk_graph_output(graph, *results[i]);
    }
}

LkStage *lk_stage_new(const LkGeneratorOptions *options, LkStageKey key, LkError *error)
{
    LkStage *stage = g_new0(LkStage, 1);
    stage->key = key;
    stage->pooled = LK_NONE;
    for (int i = 0; i < LK_STAGE_INPUTS; i++)
        stage->in[i] = LK_NONE;
    /* The decoder's activations leave the range of half precision: black pictures. */
    stage->graph = lk_graph_new(key.kind == LK_STAGE_DECODER ? LK_F32 : options->compute);
    if (!stage->graph) {
        lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the picture's networks."));
        g_free(stage);
        return NULL;
    }
    stage->graph->tf32 = options->tf32 && key.kind != LK_STAGE_DECODER;
    stage->graph->folded_terms = lk_backend_folded_terms(options->api, stage->graph->compute);
    build(stage, options);
    lk_graph_fold_low_rank(stage->graph);
    lk_graph_sweep(stage->graph);
    bool resides = key.kind == LK_STAGE_DECODER || lk_graph_reside(stage->graph, &options->residency, error);
    if (!resides || !lk_graph_check(stage->graph, error) ||
        !lk_prepare(&stage->prepared, options->api, options->device, stage->graph, error)) {
        lk_stage_free(stage);
        return NULL;
    }
    return stage;
}

void lk_stage_free(LkStage *stage)
{
    if (!stage)
        return;
    lk_prepared_clear(&stage->prepared);
    for (int i = 0; i < stage->n_loras; i++)
        lk_lora_graph_clear(&stage->loras[i]);
    lk_graph_free(stage->graph);
    g_free(stage);
}

bool lk_stage_bind(LkStage *stage, const LkGeneratorOptions *options, int64_t arena, LkError *error)
{
    LkPrepared *list[1] = {&stage->prepared};
    LkWeightSource source = lk_checkpoint_source(options->checkpoint);
    if (!options->api->reserve(options->device, arena, error) || !lk_prepared_bind(list, 1, &source, error))
        return false;
    for (int i = 0; i < stage->n_loras; i++) {
        const LkGeneratorLora *from = stage->sources[i];
        size_t bytes = (size_t)lk_lora_elements(from->lora) * sizeof(float);
        if (from->values &&
            !options->api->write(stage->prepared.program, stage->loras[i].state, from->values, bytes, error))
            return false;
    }
    return true;
}

static size_t bytes_of(const LkStage *stage, LkRef ref)
{
    return (size_t)lk_tensor_bytes(lk_graph_tensor(stage->graph, ref));
}

bool lk_stage_write(LkStage *stage, int index, const void *data, LkError *error)
{
    return stage->in[index] == LK_NONE || stage->prepared.api->write(stage->prepared.program, stage->in[index], data,
                                                                     bytes_of(stage, stage->in[index]), error);
}

bool lk_stage_read(LkStage *stage, float *data, LkError *error)
{
    return stage->prepared.api->read(stage->prepared.program, stage->out, data, bytes_of(stage, stage->out), error);
}

bool lk_stage_read_pooled(LkStage *stage, float *data, LkError *error)
{
    return stage->pooled == LK_NONE || stage->prepared.api->read(stage->prepared.program, stage->pooled, data,
                                                                 bytes_of(stage, stage->pooled), error);
}

bool lk_stage_run(LkStage *stage, LkError *error)
{
    return stage->prepared.api->run(stage->prepared.program, error);
}

size_t lk_stage_out_count(const LkStage *stage)
{
    return (size_t)lk_tensor_count(lk_graph_tensor(stage->graph, stage->out));
}
