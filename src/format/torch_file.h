/* Tensors of a file of PyTorch's (.ckpt, .pt, .pth): a ZIP with a pickle, which is read as data and never run. */
#pragma once

#include "format/safetensors.h"

/** A file that torch.save wrote (PyTorch 1.6 or later) as if it were one of safetensors: its tensors with their names,
 * in place. Taken are those of the dictionary "state_dict", or of the whole where there is none; what is no tensor, or
 * one of a type or layout that safetensors has not, is passed over. The input becomes the reader's, or is freed: NULL
 * and an error that names the file.
 */
LkSafetensors *lk_torch_file_open_input(LkInput *input, GError **error);
/** A file of tensors of either kind, safetensors or PyTorch's; which it is shows in its first bytes. */
LkSafetensors *lk_tensor_file_open(const char *path, GError **error);
