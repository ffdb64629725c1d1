/* Sizes of the factors that leave ranks and modules of an adapter out of a step. */
#pragma once

#include "adapter/lora_graph.h"

/** Whether what a module leaves out are outputs of its layer instead of ranks of a picture. */
bool lk_lora_mask_is_of_outputs(const LkLoraModule *module, const LkLoraDropout *dropout);

/** Factors of a module: [rows, dim] of a LoRA, [out] where it leaves out outputs; of a DoRA [out] more, for
 * lk_dora_scale. */
int64_t lk_lora_mask_size(const LkLoraModule *module, const LkLoraDropout *dropout);
