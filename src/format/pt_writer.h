/* Writer of PyTorch's `.pt`: a ZIP of stored entries with a pickle of {name: tensor}, which `torch.load` reads, also
 * with weights_only=True. The same bytes for the same input. */
#pragma once

#include "format/safetensors_writer.h"

/** Writes the tensors in the given order, atomically. Types that torch's storages lack (F8_*, U16, U32, U64) are
 * refused. */
bool lk_pt_write(const char *path, const LkTensorSpec *tensors, size_t count, GError **error);
