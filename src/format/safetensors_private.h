/* Readers of other formats that give what a reader of safetensors gives. */
#pragma once

#include "base/file.h"
#include "format/safetensors.h"

/** A reader over checked tensors in memory. Names are copied; what `map` (NULL: the caller's bytes) holds goes over to
 * it. */
LkSafetensors *lk_safetensors_of_views(const char *path, const LkMap *map, const LkTensorView *views, size_t count);
