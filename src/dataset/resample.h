/* Separable resampling of 8-bit RGB; used by pixels.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Source `from` × `from_height` scaled to `to_width` × `to_height`; of that the rectangle of width × height at (x, y)
 * is written to `out` (packed RGB). All sizes are positive and the rectangle lies inside. */
typedef struct LkResample {
    const uint8_t *from;
    int from_width, from_height;
    int to_width, to_height;
    int x, y, width, height;
    uint8_t *out;
} LkResample;

/** Mean over the covered area, as OpenCV's resize with INTER_AREA computes it for shrinking (resize.cpp:
 * computeResizeAreaTab and ResizeArea_Invoker; where both factors are integers, ResizeAreaFast_Invoker). False when
 * memory is out. */
bool lk_resample_area(const LkResample *task);

/** Lanczos with three lobes in 22-bit fixed point, rounded to 8 bits between the two passes, as Pillow's Resample.c.
 * False when memory is out. */
bool lk_resample_lanczos(const LkResample *task);

/** The same with the mean of what lies below each point: Pillow's BOX. */
bool lk_resample_box(const LkResample *task);
