/* Reads a model's architecture off its tensors' shapes. */
#pragma once

#include "model/family.h"

/** Fills `arch`. `facts` is the JSON of the file's `lorikeet.arch` metadata or NULL: it gives what shapes cannot tell
 * (heads, groups, eps) where a model departs from its family's known values. */
bool lk_detect_arch(const LkCheckpoint *checkpoint, const LkFamily *family, const char *facts, LkModelArch *arch,
                    GError **error);
