/* One reference case on disk: settings, inputs and what PyTorch computed. */
#pragma once

#include "base/dtype.h"
#include "base/function.h"
#include "format/safetensors.h"

#include <yyjson.h>

typedef struct Case {
    yyjson_doc *doc;
    yyjson_val *root;
    LkSafetensors *inputs, *expect;
    char *model_path;
    int batch, height, width, chunks, clip_skip, steps;
    bool v_prediction, text, unet, masked;
    LkLoss loss;
    LkDType codes;   /* of the base model's weights: LK_I8, LK_E4M3, or LK_F32 for none */
    double ip_noise; /* noise that only the noisy latent gets */
    int64_t seed;
    float loss_scale; /* fp16: factor of the loss, so that small gradients do not vanish; else 1 */
} Case;

/** Opens a case; false with an error, also where it asks for something that the engine does not do yet. */
bool case_open(Case *c, const char *folder, GError **error);
void case_close(Case *c);

/** A number or a text at a path like "optimizer.beta1"; the default where there is none. */
double case_number(const Case *c, const char *path, double fallback);
const char *case_text(const Case *c, const char *path);

/** A tensor of the inputs or expectations as floats (g_free), with its element count; NULL where there is none. */
float *case_floats(const LkSafetensors *file, const char *name, int64_t *count);

/** [N,C,P] → [N,P,C]: PyTorch's order to ours. */
void case_channels_last(const float *in, float *out, int64_t n, int64_t channels, int64_t positions);

/** The tolerance for a kind ("pred", "grad" …) in a precision ("f32", "bf16"); -1 where the case has none. */
double case_tolerance(const Case *c, const char *precision, const char *kind);

/** How far PyTorch itself was off on a tensor in a precision; 0 where the case does not say. */
double case_deviation(const Case *c, const char *precision, const char *name);
