/* One module of a LoRA file: from its tensors to what it is. */
#pragma once

#include "adapter/lora_file.h"
#include "format/safetensors.h"

/** The tensors found for a module; NULL where there is none. */
typedef struct LkModuleTensors {
    const char *file, *name; /* of the module, as in the file */
    const LkTensorView *part[LK_PART_ROLES];
    const LkTensorView *alpha;
} LkModuleTensors;

/** Finds out the kind and the sizes and checks that all tensors belong together; alpha becomes the dim where no tensor
 * says it. `weights->site` must be set; values are not. */
bool lk_lora_module_shape(const LkModuleTensors *tensors, LkLoraWeights *weights, GError **error);

/** "%s: the tensor %s has the shape …, but must be …"; returns false. */
bool lk_lora_shape_error(const char *file, const LkTensorView *view, const char *expected, GError **error);

/** All numbers of the module, one part after the other, in the order of files; sets weights->values. Free with g_free.
 */
float *lk_lora_module_numbers(const LkModuleTensors *tensors, LkLoraWeights *weights, GError **error);
