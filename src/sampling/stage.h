/* A network of picture generation for one shape: its graph, compiled and planned. Private to this folder. */
#pragma once

#include "backend/prepared.h"
#include "sampling/generator.h"

typedef enum LkStageKind {
    LK_STAGE_TEXT,    /* tokens of each encoder i32 [batch·chunks,77], rows to pool → states f32 [batch,L,C], pooled */
    LK_STAGE_UNET,    /* x f32 [batch,h,w,4], timesteps f32 [batch], states f32 [batch,L,C], pooled f32 [batch,P], sizes
                         f32 [batch,6] → prediction f32 */
    LK_STAGE_DECODER, /* latents f32 [1,h,w,4] → picture f32 [1,H,W,3] */
} LkStageKind;

/** What the graph's shapes depend on; what does not count is 0. */
typedef struct LkStageKey {
    LkStageKind kind;
    int height, width; /* of the latent */
    int chunks, batch;
} LkStageKey;

/** Inputs of the U-Net. The first is also the decoder's latents and the tokens of the first text encoder, the second
 * those of the second, the third the rows to pool. Those that a model has not are LK_NONE. */
enum { LK_STAGE_X, LK_STAGE_T, LK_STAGE_CONTEXT, LK_STAGE_POOLED, LK_STAGE_SIZES, LK_STAGE_INPUTS };
enum { LK_STAGE_TOKENS = LK_STAGE_X, LK_STAGE_ROWS = LK_STAGE_TOKENS + LK_MAX_TEXTS };

typedef struct LkStage {
    LkStageKey key;
    LkGraph *graph;
    LkPrepared prepared;
    LkRef in[LK_STAGE_INPUTS];
    LkRef out;
    LkRef pooled; /* of the text encoders, or LK_NONE */
    LkLoraGraph loras[LK_MAX_LORAS];
    int n_loras;
    const LkGeneratorLora *sources[LK_MAX_LORAS]; /* whose LoRAs they are, in the options */
} LkStage;

/** Builds, compiles and plans; takes no memory on the device. The options must stay where they are. */
LkStage *lk_stage_new(const LkGeneratorOptions *options, LkStageKey key, LkError *error);
void lk_stage_free(LkStage *stage);

/** Gives it memory (an arena of at least `arena` bytes) and writes the LoRAs' values. */
bool lk_stage_bind(LkStage *stage, const LkGeneratorOptions *options, int64_t arena, LkError *error);

/** Writes an input or reads an output, whole. An input that the model does not have is passed over. */
bool lk_stage_write(LkStage *stage, int input, const void *data, LkError *error);
bool lk_stage_read(LkStage *stage, float *data, LkError *error);
bool lk_stage_read_pooled(LkStage *stage, float *data, LkError *error);
bool lk_stage_run(LkStage *stage, LkError *error);

/** Elements of the output. */
size_t lk_stage_out_count(const LkStage *stage);
