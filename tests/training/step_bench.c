#include "step_bench.h"

#include "../tap.h"
#include "base/philox.h"
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

static LkRandom stream(uint32_t step)
{
    return (LkRandom){.seed = 4711, .purpose = LK_RANDOM_TEST, .step = step};
}

static bool say(const LkError *error)
{
    tap_note("%s", error->text);
    return false;
}

bool bench_open(Bench *bench, const char *model)
{
    LkError problem = {0};
    GError *error = NULL;
    *bench = (Bench){.api = lk_backend_cpu()};
    bench->checkpoint = lk_checkpoint_open(model, &error);
    if (error)
        tap_note("%s", error->message);
    g_clear_error(&error);
    bench->device = bench->api ? bench->api->open(0, 0, &problem) : NULL;
    if (!bench->checkpoint || !bench->device)
        return say(&problem);
    bench->source = lk_checkpoint_source(bench->checkpoint);
    lk_random_normal(stream(0), 0, bench->latents[0], (size_t)BENCH_SAMPLES * BENCH_VALUES);
    lk_random_normal(stream(1), 0, bench->noise[0], (size_t)BENCH_SAMPLES * BENCH_VALUES);
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        static const float bars[BENCH_SAMPLES] = {0.95f, 0.6f, 0.21f, 0.02f}; /* as good as any schedule */
        bench->t[i] = (float)(40 + 290 * i);
        bench->signal[i] = sqrtf(bars[i]);
        bench->sigma[i] = sqrtf(1 - bars[i]);
        bench->minus_sigma[i] = -bench->sigma[i];
        bench->weight[i] = 1;
        for (int k = 0; k < BENCH_TOKENS; k++) {
            int32_t word = (int32_t)lk_random_below(stream(2), (uint64_t)(i * BENCH_TOKENS + k), 49406);
            bench->ids[i][k] = k == 0 ? 49406 : k > 8 + i ? 49407 : word;
        }
    }
    return true;
}

void bench_close(Bench *bench)
{
    if (bench->device)
        bench->api->close(bench->device);
    lk_checkpoint_free(bench->checkpoint);
}

LkLora *bench_lora(const Bench *bench, bool text, bool unet)
{
    LkLoraPlan plan = {.text = text, .unet = unet, .dim = 4, .alpha = 2};
    return lk_lora_for_model(bench->checkpoint, &plan, NULL);
}

float *bench_state(const LkLora *lora)
{
    float *state = g_new0(float, (gsize)lk_lora_elements(lora));
    for (int i = 0; i < lk_lora_count(lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        LkRandom random = stream(100 + (uint32_t)i);
        for (int p = 0; p < m->n_parts; p++) {
            float *part = state + m->at[p];
            int64_t count = lk_part_elements(&m->parts[p]);
            lk_random_normal(random, (uint64_t)p * 4096, part, (size_t)count);
            for (int64_t k = 0; k < count; k++)
                part[k] *= p == 0 ? 0.3f : 0.1f;
        }
    }
    return state;
}

bool bench_step_open(BenchStep *step, Bench *bench, const LkLora *lora, LkStepShape shape, LkDType compute)
{
    LkError error = {0};
    LkPrepared *list[2] = {&step->prepared, &step->update_prepared};
    shape.height = shape.width = BENCH_SIDE;
    shape.chunks = 1;
    shape.folded_terms = lk_backend_folded_terms(bench->api, compute);
    shape.clip_skip = shape.clip_skip ? shape.clip_skip : 1;
    *step = (BenchStep){.bench = bench, .lora = lora, .elements = lora ? lk_lora_elements(lora) : 0};
    step->graph = lk_step_graph_new(bench->checkpoint, lora, &shape, compute, true, &error);
    bool ok = step->graph && lk_prepare(&step->prepared, bench->api, bench->device, step->graph->graph, &error);
    if (ok && lora) {
        step->update = lk_update_graph_new(step->graph, &(LkUpdateShape){.max_norm = 0}, &error);
        ok = step->update && lk_prepare(&step->update_prepared, bench->api, bench->device, step->update->graph, &error);
    }
    ok = ok && lk_prepared_bind(list, lora ? 2 : 1, &bench->source, &error);
    return ok || say(&error);
}

void bench_step_close(BenchStep *step)
{
    lk_prepared_clear(&step->prepared);
    lk_prepared_clear(&step->update_prepared);
    lk_update_graph_free(step->update);
    lk_step_graph_free(step->graph);
    /* A device keeps its states as long as it is open, and the next adapter may have another size. */
    step->bench->api->close(step->bench->device);
    step->bench->device = step->bench->api->open(0, 0, NULL);
}

static void put(BenchStep *step, LkProgram *program, LkRef ref, const void *data, size_t bytes)
{
    LkError error = {0};
    if (ref != LK_NONE && !step->bench->api->write(program, ref, data, bytes, &error))
        tap_ok(false, "%s", error.text);
}

void bench_step_begin(BenchStep *step, const float *state)
{
    LkUpdateGraph *u = step->update;
    LkProgram *program = step->update_prepared.program;
    size_t bytes = (size_t)step->elements * sizeof(float);
    g_autofree float *zero = g_new0(float, (gsize)step->elements);
    put(step, program, u->adapter, state, bytes);
    put(step, program, u->gradient, zero, bytes);
    put(step, program, u->arrays[0].ref, zero, bytes);
    put(step, program, u->arrays[1].ref, zero, bytes);
}

void bench_step_run(BenchStep *step, int first, const float *states, float *loss)
{
    Bench *b = step->bench;
    LkStepGraph *g = step->graph;
    LkProgram *program = step->prepared.program;
    LkError error = {0};
    size_t n = (size_t)lk_graph_tensor(g->graph, g->t)->shape[0], row = n * sizeof(float);
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = 1, [LK_SCALAR_GRADIENT_SCALE] = 1};
    put(step, program, g->latents, b->latents[first], n * sizeof b->latents[0]);
    put(step, program, g->noise, b->noise[first], n * sizeof b->noise[0]);
    put(step, program, g->t, b->t + first, row);
    put(step, program, g->signal, b->signal + first, row);
    put(step, program, g->sigma, b->sigma + first, row);
    put(step, program, g->minus_sigma, b->minus_sigma + first, row);
    put(step, program, g->weight, b->weight + first, row);
    put(step, program, g->text.ids[0], b->ids[first], n * sizeof b->ids[0]);
    if (g->states != LK_NONE)
        put(step, program, g->states, states, (size_t)lk_tensor_bytes(lk_graph_tensor(g->graph, g->states)));
    put(step, program, g->scalars, scalars, sizeof scalars);
    if (!b->api->run(program, &error) || !b->api->read(program, g->loss, loss, row, &error))
        tap_ok(false, "%s", error.text);
}

float *bench_step_state(BenchStep *step, LkRef state)
{
    LkError error = {0};
    float *out = g_new0(float, (gsize)step->elements);
    if (!step->bench->api->read(step->update_prepared.program, state, out, (size_t)step->elements * sizeof *out,
                                &error))
        tap_ok(false, "%s", error.text);
    return out;
}

float *bench_step_gradient(BenchStep *step)
{
    return bench_step_state(step, step->update->gradient);
}

void bench_step_update(BenchStep *step, double text_rate, double unet_rate, double decay, float scale)
{
    LkError error = {0};
    const double rates[LK_GROUP_COUNT] = {[LK_GROUP_TEXT] = text_rate, [LK_GROUP_UNET] = unet_rate};
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = 1, [LK_SCALAR_GRADIENT_SCALE] = scale};
    const LkLora *lora = step->graph->lora.lora;
    for (int group = 0; group < lk_lora_group_count(lora); group++) {
        LkAdamwScalars s = lk_adamw_scalars(1, rates[lk_lora_group(lora, group)->side], 0.9, 0.999, 1e-8, decay);
        memcpy(scalars + LK_SCALAR_GROUPS + group * LK_SCALAR_GROUP_SIZE, &s, sizeof s);
    }
    put(step, step->update_prepared.program, step->update->scalars, scalars, sizeof scalars);
    if (!step->bench->api->run(step->update_prepared.program, &error))
        tap_ok(false, "%s", error.text);
}
