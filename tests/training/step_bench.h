/* A training step on a small model with inputs that the test chooses. */
#pragma once

#include "backend/prepared.h"
#include "training/lora_setup.h"
#include "training/update_graph.h"

#include <glib.h>

enum { BENCH_SAMPLES = 4, BENCH_SIDE = 8, BENCH_VALUES = BENCH_SIDE * BENCH_SIDE * 4, BENCH_TOKENS = 77 };

/** One model, one adapter and a few samples, all random numbers from one seed. */
typedef struct Bench {
    const LkBackend *api;
    LkDevice *device;
    LkCheckpoint *checkpoint;
    LkWeightSource source;
    float latents[BENCH_SAMPLES][BENCH_VALUES], noise[BENCH_SAMPLES][BENCH_VALUES];
    float t[BENCH_SAMPLES], signal[BENCH_SAMPLES], sigma[BENCH_SAMPLES], minus_sigma[BENCH_SAMPLES];
    float weight[BENCH_SAMPLES];
    int32_t ids[BENCH_SAMPLES][BENCH_TOKENS];
} Bench;

/** Opens `model`; false with a note where that fails. */
bool bench_open(Bench *bench, const char *model);
void bench_close(Bench *bench);

/** A LoRA for parts of the model, and a state for it with random numbers in every matrix (g_free). */
LkLora *bench_lora(const Bench *bench, bool text, bool unet);
float *bench_state(const LkLora *lora);

/** A bound step, with the optimizer where there is a LoRA. */
typedef struct BenchStep {
    Bench *bench;
    const LkLora *lora;
    LkStepGraph *graph;
    LkUpdateGraph *update;
    LkPrepared prepared, update_prepared;
    int64_t elements; /* of the adapter */
} BenchStep;

bool bench_step_open(BenchStep *step, Bench *bench, const LkLora *lora, LkStepShape shape, LkDType compute);
void bench_step_close(BenchStep *step);

/** Writes the adapter; gradient and moments become zero. */
void bench_step_begin(BenchStep *step, const float *state);
/** Runs samples first … first + batch - 1, adding to the gradient. `states` stands for the tokens where the text
 * encoder is not in the step. Losses into `loss`. */
void bench_step_run(BenchStep *step, int first, const float *states, float *loss);
/** The gradient as it is (g_free). */
float *bench_step_gradient(BenchStep *step);
/** One AdamW step with these rates; `scale` of the gradients. */
void bench_step_update(BenchStep *step, double text_rate, double unet_rate, double decay, float scale);
/** The adapter or a moment ("m", "v") as it is (g_free). */
float *bench_step_state(BenchStep *step, LkRef state);
