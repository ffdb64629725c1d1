/* Tensors of reference files, and how far two arrays are apart. */
#pragma once

#include "format/safetensors.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/** A tensor of a reference file as numbers (g_free). Ends the program where the file has none: nothing else is worth
 * comparing then. */
static inline float *near_floats(const LkSafetensors *file, const char *name)
{
    const LkTensorView *view = lk_safetensors_find(file, name);
    float *out = g_new(float, view ? (size_t)lk_tensor_view_elements(view) : 1);
    if (view && lk_tensor_view_to_f32(view, out, NULL))
        return out;
    printf("Bail out! The reference has no readable tensor %s.\n", name);
    exit(1);
}

/** L2 distance, relative to the second array. */
static inline double near_distance(const float *got, const float *want, size_t count)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += (double)want[i] * want[i];
    }
    return sqrt(difference / (size > 0 ? size : 1));
}
