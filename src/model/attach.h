/* The layers that adapters attach to: every Linear and 1×1 convolution of the U-Net's attention blocks and of the text
 * encoder's blocks, in kohya's order, under both names. */
#pragma once

#include "model/builder.h"
#include "model/diffusers_names.h"

typedef struct LkAttachPoint {
    LkPart part;   /* LK_PART_TEXT or LK_PART_UNET */
    LkName layer;  /* in the checkpoint: "model.diffusion_model.input_blocks.1.1.proj_in" */
    LkName path;   /* in diffusers: "down_blocks.0.attentions.0.proj_in"; text: "encoder.layers.0.mlp.fc1" */
    int64_t in, out;
    bool convolution; /* stored with four dimensions */
} LkAttachPoint;

/** All attach points of a model's parts: a GArray of LkAttachPoint. */
GArray *lk_attach_points(const LkCheckpoint *checkpoint, bool text, bool unet);
