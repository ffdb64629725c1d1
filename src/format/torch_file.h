/* Tensors of a file of PyTorch's (.ckpt, .pt, .pth): a ZIP with a pickle, which is read as data and never run. */
#pragma once

#include "format/safetensors.h"

/** Opens a file that torch.save wrote (PyTorch 1.6 or later) as if it were one of safetensors: its tensors with their
 * names, in place. Taken are those of the dictionary "state_dict", or of the whole where there is none; what is no
 * tensor, or one of a type or layout that safetensors has not, is passed over. NULL and an error that names the file
 * otherwise.
 */
LkSafetensors *lk_torch_file_open(const char *path, GError **error);
/** The same on bytes in memory, which must outlive the reader; `name` is for messages. */
LkSafetensors *lk_torch_file_open_bytes(const void *data, size_t size, const char *name, GError **error);
/** A file of tensors of either kind, safetensors or PyTorch's; which it is shows in its first bytes. */
LkSafetensors *lk_tensor_file_open(const char *path, GError **error);
