/* The graph of a training step: laws that hold for any input. Usage: test_step MODEL.safetensors */
#include "../near.h"
#include "../tap.h"
#include "model/clip.h"
#include "step_bench.h"

#include <math.h>
#include <string.h>

static bool same(const float *a, const float *b, int64_t count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

/** Gradient and losses of a few samples, in batches of `batch`, weighted as a mean over all. */
static float *gradient_of(Bench *bench, const LkLora *lora, const float *state, LkStepShape shape, int samples,
                          float *loss)
{
    BenchStep step;
    float *gradient = NULL;
    if (tap_ok(bench_step_open(&step, bench, lora, shape, LK_F32), "a step of %d is made", (int)shape.batch)) {
        bench_step_begin(&step, state);
        for (int first = 0; first < samples; first += (int)shape.batch)
            bench_step_run(&step, first, NULL, loss + first);
        gradient = bench_step_gradient(&step);
        for (int64_t i = 0; i < step.elements; i++)
            gradient[i] *= (float)shape.batch / (float)samples;
    }
    bench_step_close(&step);
    return gradient;
}

/** A batch is the mean of its samples: the gradient of two at once is that of one and one, accumulated. */
static void test_accumulation(Bench *bench, const LkLora *lora, const float *state)
{
    float one[BENCH_SAMPLES], two[BENCH_SAMPLES], four[BENCH_SAMPLES];
    LkStepShape shape = {.batch = 1, .text_encoder = true};
    g_autofree float *g1 = gradient_of(bench, lora, state, shape, 4, one);
    shape.batch = 2;
    g_autofree float *g2 = gradient_of(bench, lora, state, shape, 4, two);
    shape.batch = 4;
    g_autofree float *g4 = gradient_of(bench, lora, state, shape, 4, four);
    int64_t count = lk_lora_elements(lora);
    if (!g1 || !g2 || !g4)
        return;
    tap_ok(near_distance(one, two, 4) < 1e-6 && near_distance(one, four, 4) < 1e-6,
           "losses do not depend on the batch");
    tap_ok(near_distance(g2, g1, count) < 1e-5, "a batch of 2, twice, is 1 accumulated four times (%.1e)",
           near_distance(g2, g1, count));
    tap_ok(near_distance(g4, g1, count) < 1e-5, "a batch of 4 is 1 accumulated four times (%.1e)",
           near_distance(g4, g1, count));
    bench->weight[1] = 0;
    shape.batch = 2;
    g_autofree float *half = gradient_of(bench, lora, state, shape, 2, two);
    shape.batch = 1;
    g_autofree float *first = gradient_of(bench, lora, state, shape, 1, one);
    for (int64_t i = 0; i < count; i++)
        first[i] /= 2;
    tap_ok(near_distance(half, first, count) < 1e-5, "a sample of weight 0 teaches nothing (%.1e)",
           near_distance(half, first, count));
    bench->weight[1] = 1;
}

/** What is computed again is the same. */
static void test_recompute(Bench *bench, const LkLora *lora, const float *state)
{
    static const LkRecompute modes[] = {LK_RECOMPUTE_NONE, LK_RECOMPUTE_CHEAP, LK_RECOMPUTE_BLOCKS};
    float *gradients[3], losses[3][BENCH_SAMPLES];
    for (int i = 0; i < 3; i++)
        gradients[i] = gradient_of(
            bench, lora, state, (LkStepShape){.batch = 2, .text_encoder = true, .recompute = modes[i]}, 2, losses[i]);
    for (int i = 1; i < 3; i++)
        tap_ok(same(losses[i], losses[0], 2) && same(gradients[i], gradients[0], lk_lora_elements(lora)),
               "recompute mode %d gives the same bytes", i);
    for (int i = 0; i < 3; i++)
        g_free(gradients[i]);
}

/** Text states of sample 0 by the text encoder alone. */
static float *encode(Bench *bench)
{
    LkError error = {0};
    const LkTextArch *arch = &lk_checkpoint_arch(bench->checkpoint)->texts[0];
    LkGraph *graph = lk_graph_new(LK_F32);
    LkBuilder builder = {.graph = graph, .checkpoint = bench->checkpoint};
    int64_t shape[2] = {1, BENCH_TOKENS}, count = BENCH_TOKENS * arch->width;
    float *out = g_new0(float, (gsize)count);
    LkRef ids = lk_graph_input(graph, "tokens", LK_I32, 2, shape);
    LkRef states = lk_clip_build(&builder, arch, ids, LK_NONE, 1, 1).states;
    lk_graph_output(graph, states);
    LkPrepared prepared, *list[1] = {&prepared};
    bool ok = lk_prepare(&prepared, bench->api, bench->device, graph, &error) &&
              lk_prepared_bind(list, 1, &bench->source, &error) &&
              bench->api->write(prepared.program, ids, bench->ids[0], sizeof bench->ids[0], &error) &&
              bench->api->run(prepared.program, &error) &&
              bench->api->read(prepared.program, states, out, (size_t)count * 4, &error);
    tap_ok(ok, "the text encoder runs by itself %s", error.text);
    lk_prepared_clear(&prepared);
    lk_graph_free(graph);
    bench->api->trim(bench->device);
    return out;
}

/** Cached text states give what the frozen text encoder gives inside the step. */
static void test_cached_text(Bench *bench)
{
    LkLora *lora = bench_lora(bench, false, true);
    g_autofree float *state = bench_state(lora), *states = encode(bench);
    float inside[1], cached[1] = {0};
    BenchStep step;
    g_autofree float *want =
        gradient_of(bench, lora, state, (LkStepShape){.batch = 1, .text_encoder = true}, 1, inside);
    if (tap_ok(bench_step_open(&step, bench, lora, (LkStepShape){.batch = 1}, LK_F32), "a step with cached text")) {
        bench_step_begin(&step, state);
        bench_step_run(&step, 0, states, cached);
        g_autofree float *got = bench_step_gradient(&step);
        tap_ok(same(cached, inside, 1), "cached text: the same loss");
        tap_ok(same(got, want, step.elements), "cached text: the same gradient");
    }
    bench_step_close(&step);
    lk_lora_free(lora);
}

/** The target of v prediction (Salimans & Ho, arXiv:2202.00512): v = signal · noise - sigma · latent. */
static void test_v_prediction(Bench *bench, const LkLora *lora, const float *state)
{
    BenchStep step;
    float loss[2];
    LkError error = {0};
    static float pred[2][BENCH_VALUES], target[2][BENCH_VALUES], noisy[2][BENCH_VALUES];
    if (!tap_ok(bench_step_open(&step, bench, lora,
                                (LkStepShape){.batch = 2, .text_encoder = true, .v_prediction = true}, LK_F32),
                "a step of v prediction"))
        return;
    bench_step_begin(&step, state);
    bench_step_run(&step, 1, NULL, loss);
    LkProgram *program = step.prepared.program;
    tap_ok(bench->api->read(program, step.graph->pred, pred, sizeof pred, &error) &&
               bench->api->read(program, step.graph->target, target, sizeof target, &error) &&
               bench->api->read(program, step.graph->noisy, noisy, sizeof noisy, &error),
           "its activations are read %s", error.text);
    double worst = 0, worst_noisy = 0;
    for (int n = 0; n < 2; n++) {
        double sum = 0, signal = bench->signal[1 + n], sigma = bench->sigma[1 + n];
        for (int i = 0; i < BENCH_VALUES; i++) {
            double v = signal * bench->noise[1 + n][i] - sigma * bench->latents[1 + n][i];
            double x = signal * bench->latents[1 + n][i] + sigma * bench->noise[1 + n][i];
            worst = fmax(worst, fabs(target[n][i] - v));
            worst_noisy = fmax(worst_noisy, fabs(noisy[n][i] - x));
            sum += (pred[n][i] - v) * (pred[n][i] - v);
        }
        tap_ok(fabs(loss[n] / (sum / BENCH_VALUES) - 1) < 1e-5, "v prediction: loss of sample %d", n);
    }
    tap_ok(worst < 1e-6 && worst_noisy < 1e-6, "v prediction: target and noisy latent");
    bench_step_close(&step);
}

/* What the optimizer touches --------------------------------------------------------------------------------------- */

/** How many of a module's values differ between two states; `nonzero` counts those that are not zero in `a`. */
static int changed(const LkLoraModule *m, const float *a, const float *b)
{
    int64_t count = 0;
    for (int p = 0; p < m->n_parts; p++)
        for (int64_t i = m->at[p]; i < m->at[p] + lk_part_elements(&m->parts[p]); i++)
            count += a[i] != b[i];
    return (int)count;
}

/** One step with much weight decay: which modules move. `idle` is in the names of those that must not. */
static void check_update(Bench *bench, const LkLora *lora, const float *state, LkStepShape shape, double text_rate,
                         double unet_rate, const char *label, const char *idle)
{
    BenchStep step;
    float loss[BENCH_SAMPLES];
    int moved = 0, still = 0, wrong = 0;
    if (!tap_ok(bench_step_open(&step, bench, lora, shape, LK_F32), "%s: a step", label))
        return;
    bench_step_begin(&step, state);
    bench_step_run(&step, 0, NULL, loss);
    bench_step_update(&step, text_rate, unet_rate, 0.1, 1);
    g_autofree float *after = bench_step_state(&step, step.update->adapter),
                     *zero = g_new0(float, (gsize)step.elements);
    g_autofree float *m = bench_step_state(&step, step.update->arrays[0].ref),
                     *v = bench_step_state(&step, step.update->arrays[1].ref);
    g_autofree float *gradient = bench_step_gradient(&step);
    for (int i = 0; i < lk_lora_count(lora); i++) {
        const LkLoraModule *module = lk_lora_at(lora, i);
        bool is_idle = idle && strstr(module->name, idle);
        int moves = changed(module, after, state);
        is_idle ? still++ : moved++;
        wrong += is_idle ? moves || changed(module, m, zero) || changed(module, v, zero) : moves == 0;
    }
    tap_ok(wrong == 0, "%s: %d modules move, %d do not, decay included (%d are wrong)", label, moved, still, wrong);
    tap_ok((still > 0) == (idle != NULL), "%s: there are such modules", label);
    tap_ok(same(gradient, zero, step.elements), "%s: the gradient is cleared", label);
    bench_step_close(&step);
}

static void test_updates(Bench *bench, const LkLora *lora, const float *state)
{
    LkStepShape shape = {.batch = 1, .text_encoder = true};
    check_update(bench, lora, state, shape, 1e-3, 1e-3, "both parts", NULL);
    shape.clip_skip = 2;
    check_update(bench, lora, state, shape, 1e-3, 1e-3, "clip_skip 2", "encoder_layers_1_");
    LkLora *text = bench_lora(bench, true, false);
    g_autofree float *text_state = bench_state(text);
    shape.clip_skip = 1;
    check_update(bench, text, text_state, shape, 1e-3, 1e-3, "text encoder only", NULL);
    lk_lora_free(text);
}

/** The gradient of the whole step against differences of the loss, in the direction of a few modules. */
static void test_gradient(Bench *bench, const LkLora *lora, const float *state)
{
    BenchStep step;
    float loss[2];
    if (!tap_ok(bench_step_open(&step, bench, lora, (LkStepShape){.batch = 2, .text_encoder = true}, LK_F32), "a step"))
        return;
    bench_step_begin(&step, state);
    bench_step_run(&step, 0, NULL, loss);
    g_autofree float *gradient = bench_step_gradient(&step), *moved = g_memdup2(state, (gsize)step.elements * 4);
    for (int i = 0; i < lk_lora_count(lora); i += 17) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        double slope = 0, norm = 0, ends[2];
        int64_t first = m->at[1], count = lk_part_elements(&m->parts[1]);
        for (int64_t k = first; k < first + count; k++)
            norm += (double)gradient[k] * gradient[k];
        norm = sqrt(norm);
        for (int side = 0; side < 2; side++) { /* along the gradient, where the loss changes most */
            for (int64_t k = first; k < first + count; k++)
                moved[k] = state[k] + (float)((side ? -1 : 1) * 0.03 * gradient[k] / (norm > 0 ? norm : 1));
            bench_step_begin(&step, moved);
            bench_step_run(&step, 0, NULL, loss);
            ends[side] = ((double)loss[0] + loss[1]) / 2;
        }
        memcpy(moved + first, state + first, (size_t)count * sizeof *moved);
        slope = (ends[0] - ends[1]) / 0.06;
        tap_ok(fabs(slope - norm) <= 0.02 * norm + 2e-5, "%s: slope %.3e, gradient %.3e", m->name, slope, norm);
    }
    bench_step_close(&step);
}

int main(int argc, char **argv)
{
    static Bench bench;
    if (argc != 2)
        return 2;
    LkLora *lora = NULL;
    if (tap_ok(bench_open(&bench, argv[1]) && (lora = bench_lora(&bench, true, true)), "the model opens")) {
        g_autofree float *state = bench_state(lora);
        test_accumulation(&bench, lora, state);
        test_recompute(&bench, lora, state);
        test_cached_text(&bench);
        test_v_prediction(&bench, lora, state);
        test_updates(&bench, lora, state);
        test_gradient(&bench, lora, state);
    }
    lk_lora_free(lora);
    bench_close(&bench);
    return tap_done();
}
