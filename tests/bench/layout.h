/* The tensors of a checkpoint in the LDM layout, with what to fill them with. */
#pragma once

#include "model/arch.h"

#include <glib.h>

/** A tensor to be: random normal with this deviation, or, where that is 0, the constant `mean`. */
typedef struct Recipe {
    char *name;
    int rank;
    int64_t shape[4];
    float deviation, mean;
} Recipe;

/** All tensors of such a model, of Recipe. Matrices keep the variance of what passes through them: deviation
 * 1/sqrt(inputs), less for the last layer of a residual branch. */
GArray *layout_of(const LkModelArch *arch);
