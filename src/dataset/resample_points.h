/* Resampling that looks at a few neighbours of each point, as OpenCV's resize does it; used by pixels.c. */
#pragma once

#include "dataset/resample.h"

typedef enum LkPoints {
    LK_POINTS_NEAREST, /* INTER_NEAREST_EXACT */
    LK_POINTS_LINEAR,  /* INTER_LINEAR */
    LK_POINTS_CUBIC,   /* INTER_CUBIC */
    LK_POINTS_AREA,    /* INTER_AREA where a side grows: linear between the cells' edges */
} LkPoints;

/** OpenCV's arithmetic for 8 bits: weights of 11 bits, one rounding at the end. False when memory is out. */
bool lk_resample_points(const LkResample *task, LkPoints points);
