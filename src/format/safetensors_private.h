/* Readers of other formats that give what a reader of safetensors gives. */
#pragma once

#include "format/safetensors.h"

/** A reader over checked tensors of `input`, which becomes the reader's. Names are copied. NULL with an error without
 * memory; the input is freed then. */
LkSafetensors *lk_safetensors_of_views(LkInput *input, const LkTensorView *views, size_t count, GError **error);
