#include "training/step_graph.h"

#include "model/unet.h"
#include "tensor/joined.h"
#include "tensor/low_rank.h"
#include "tensor/sweep.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static LkRef vector_input(LkGraph *graph, const char *name, int64_t n)
{
    return lk_graph_input(graph, name, LK_F32, 1, &n);
}

/** The inputs of the loss. */
static void add_inputs(LkStepGraph *step, const LkStepShape *shape)
{
    LkGraph *graph = step->graph;
    int64_t latents[4] = {shape->batch, shape->height, shape->width, 4}, scalars[1] = {LK_SCALAR_COUNT};
    step->latents = lk_graph_input(graph, "latents", LK_F32, 4, latents);
    step->noise = lk_graph_input(graph, "noise", LK_F32, 4, latents);
    step->added_noise = shape->other_noise ? lk_graph_input(graph, "added noise", LK_F32, 4, latents) : step->noise;
    bool huber = shape->loss == LK_LOSS_HUBER || shape->loss == LK_LOSS_SMOOTH_L1;
    step->huber_c = huber ? vector_input(graph, "huber threshold", shape->batch) : LK_NONE;
    step->mask = shape->masked ? lk_graph_input(graph, "mask", LK_F32, 4, latents) : LK_NONE;
    step->t = vector_input(graph, "timesteps", shape->batch);
    step->signal = vector_input(graph, "signal", shape->batch);
    step->sigma = vector_input(graph, "sigma", shape->batch);
    step->minus_sigma = shape->v_prediction ? vector_input(graph, "minus sigma", shape->batch) : LK_NONE;
    step->weight = vector_input(graph, "loss weight", shape->batch);
    step->scalars = lk_graph_input(graph, "scalars", LK_F32, 1, scalars);
}

/** An f32 input in the graph's type. */
static LkRef computed(LkGraph *graph, LkRef input)
{
    return graph->compute == LK_F32 ? input : lk_cast(graph, input, graph->compute);
}

/** States times the weights of their tokens, one for every number of a state. */
static LkRef weighted(LkStepGraph *step, LkRef states)
{
    if (states == LK_NONE)
        return LK_NONE;
    LkTensor t = *lk_graph_tensor(step->graph, states);
    int64_t rows[2] = {t.shape[0] * t.shape[1], t.shape[2]};
    step->token_weights = lk_graph_input(step->graph, "token weights", LK_F32, 2, rows);
    LkRef flat = lk_graph_reshape(step->graph, states, 2, rows);
    LkRef scaled = lk_scale_rows(step->graph, flat, step->token_weights, LK_NONE, LK_NONE);
    return lk_graph_reshape(step->graph, scaled, 3, t.shape);
}

/** The text states: computed from tokens, or an input. Gives the pooled text. */
static LkRef add_context(LkStepGraph *step, LkBuilder *builder, const LkModelArch *arch, const LkStepShape *shape)
{
    LkGraph *graph = step->graph;
    step->states = step->pooled = step->token_weights = LK_NONE;
    if (shape->text_encoder) {
        step->text = lk_text_encoders_build(builder, arch, shape->batch, shape->chunks, shape->clip_skip);
        step->context = shape->weighted ? weighted(step, step->text.states) : step->text.states;
        return step->text.pooled;
    }
    int64_t states[3] = {shape->batch, lk_text_length(arch, shape->chunks), lk_arch_context(arch)};
    int64_t pooled[2] = {shape->batch, lk_arch_pooled(arch)};
    step->text = (LkTextEncoders){{LK_NONE, LK_NONE}, LK_NONE, LK_NONE, LK_NONE};
    step->states = lk_graph_input(graph, "text states", LK_F32, 3, states);
    step->context = computed(graph, step->states);
    if (pooled[1] == 0)
        return LK_NONE;
    step->pooled = lk_graph_input(graph, "pooled text", LK_F32, 2, pooled);
    return computed(graph, step->pooled);
}

static void build(LkStepGraph *step, const LkCheckpoint *checkpoint, const LkLora *lora, const LkStepShape *shape,
                  bool trace)
{
    LkGraph *graph = step->graph;
    const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
    LkBuilder builder = {.graph = graph, .checkpoint = checkpoint};
    if (lora) {
        lk_lora_graph(&step->lora, graph, lora, "adapter", !shape->forward_only, 1);
        if (!shape->forward_only)
            lk_lora_graph_drop(
                &step->lora, graph,
                &(LkLoraDropout){.numbers = shape->dropout.numbers,
                                 .ranks = shape->dropout.ranks,
                                 .modules = shape->dropout.modules,
                                 .rows = {shape->batch * shape->chunks, shape->batch * shape->chunks, shape->batch}});
        builder.adapter = (LkAdapterHook){
            .context = &step->lora, .attach = lk_lora_attach, .begin = lk_lora_begin, .wants_own = lk_lora_wants_own};
    }
    add_inputs(step, shape);
    LkUnetInputs unet = {.t = step->t, .sizes = LK_NONE};
    unet.pooled = add_context(step, &builder, arch, shape);
    step->sizes = LK_NONE;
    if (arch->unet.added)
        step->sizes = unet.sizes = vector_input(graph, "sizes", shape->batch * LK_SIZE_COUNT);
    step->noisy = lk_q_sample(graph, step->latents, step->added_noise, step->signal, step->sigma, graph->compute);
    step->target = step->noise;
    if (shape->v_prediction)
        step->target = lk_q_sample(graph, step->noise, step->latents, step->signal, step->minus_sigma, LK_F32);
    unet.x = step->noisy;
    unet.context = step->context;
    step->pred = lk_unet_build(&builder, &arch->unet, &unet);
    if (trace) {
        lk_graph_output(graph, step->noisy);
        lk_graph_output(graph, step->pred);
        lk_graph_output(graph, step->context);
        lk_graph_output(graph, step->text.pooled);
        lk_graph_output(graph, step->target);
    }
}

LkStepGraph *lk_step_graph_new(const LkCheckpoint *checkpoint, const LkLora *lora, const LkStepShape *shape,
                               LkDType compute, bool trace, LkError *error)
{
    LkStepGraph *step = calloc(1, sizeof *step);
    if (step)
        step->graph = lk_graph_new(compute);
    if (!step || !step->graph) {
        free(step);
        lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the training step."));
        return NULL;
    }
    step->graph->tf32 = shape->tf32;
    step->graph->folded_terms = shape->folded_terms;
    build(step, checkpoint, lora, shape, trace);
    LkRef d_pred = LK_NONE;
    LkLossOptions options = {.kind = shape->loss, .huber_c = step->huber_c, .mask = step->mask};
    step->loss = lk_loss(step->graph, step->pred, step->target, step->weight, step->scalars, options, &d_pred);
    lk_graph_output(step->graph, step->loss);
    bool ok = lk_graph_check(step->graph, error);
    if (ok && lora && !shape->forward_only)
        ok = lk_autodiff(step->graph, step->pred, d_pred, shape->recompute, error);
    if (ok && lora && shape->forward_only) {
        lk_graph_fold_low_rank(step->graph);
        lk_graph_sweep(step->graph);
        ok = lk_graph_check(step->graph, error);
    }
    step->losses = LK_NONE;
    if (shape->losses > 0 && !shape->forward_only) {
        step->losses = lk_graph_state(step->graph, "losses", LK_F32, 1, &shape->losses);
        lk_note(step->graph, step->loss, step->scalars, step->losses);
        ok = ok && lk_graph_check(step->graph, error);
    }
    ok = ok && lk_graph_reside(step->graph, &shape->residency, error);
    if (ok)
        lk_graph_join_products(step->graph);
    if (!ok || !lk_graph_check(step->graph, error)) {
        lk_step_graph_free(step);
        return NULL;
    }
    return step;
}

void lk_step_graph_free(LkStepGraph *step)
{
    if (!step)
        return;
    lk_lora_graph_clear(&step->lora);
    lk_graph_free(step->graph);
    free(step);
}
