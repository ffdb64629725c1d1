/* From a base model and a job to the LoRA that is trained. */
#pragma once

#include "adapter/lora_file.h"
#include "model/checkpoint.h"
#include "training/job.h"

/** The model's family as names of LoRAs know it. */
LkLoraFamily lk_lora_family_of(const LkModelArch *arch);

/** What lk_lora_sites needs to know of a model. */
LkLoraShape lk_lora_shape_of(const LkModelArch *arch);

/** Which parts get modules, and how large they are. */
typedef struct LkLoraPlan {
    bool text, unet;
    bool no_text[LK_LORA_MAX_TEXTS]; /* but not this text encoder */
    LkAlgo algo;
    bool dora;
    int dim;
    float alpha;
    int conv_dim; /* of 3×3 convolutions; 0 leaves ResNets, down- and upsampling layers out */
    float conv_alpha;
    bool time_embedding, ends; /* the U-Net's time embedding; conv_in and conv_out; too */
    int factor;                /* of a LoKr; 0 stands for -1 */
    bool decompose_both, full_matrix;
    double plus_unet, plus_text;     /* LoRA+; 0 stands for 1 */
    const LkNetworkBlocks *by_block; /* dims, alphas and rates of single blocks, or NULL */
    LkBlockLayout layout;            /* of its blocks */
    const LkLoraFile *like; /* modules, dims and alphas of this file instead; NULL for all modules with dim and alpha */
} LkLoraPlan;

/** A LoRA with a module at every layer that kohya's networks.lora adapts. NULL where a layer is missing in the model or
 * nothing is left to train. */
LkLora *lk_lora_for_model(const LkCheckpoint *checkpoint, const LkLoraPlan *plan, GError **error);

/** The LoRA that a job trains. *weights is the file of network_weights, or NULL (lk_lora_file_free). */
LkLora *lk_lora_for_job(const LkJob *job, const LkCheckpoint *checkpoint, LkLoraFile **weights, GError **error);

/** Sets the magnitudes of all DoRA modules to the norms of the base model's rows, where their change is zero. */
bool lk_lora_set_magnitudes(const LkLora *lora, LkCheckpoint *checkpoint, float *state, GError **error);
