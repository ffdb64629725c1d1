/* Sizes of the factors that leave ranks and modules of an adapter out of a step. */
#pragma once

#include "adapter/lora_graph.h"

/** Factors of a module: [rows, dim] of a LoRA, [out] of a LoHa or LoKr. */
int64_t lk_lora_mask_size(const LkLoraModule *module, const LkLoraDropout *dropout);
