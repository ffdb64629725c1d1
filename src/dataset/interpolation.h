/* How pictures are scaled: sd-scripts' resize_interpolation. */
#pragma once

typedef enum LkInterpolation {
    LK_INTERPOLATION_AUTO, /* area where neither side grows, else Lanczos */
    LK_INTERPOLATION_AREA,
    LK_INTERPOLATION_LANCZOS,
    LK_INTERPOLATION_NEAREST,
    LK_INTERPOLATION_LINEAR,
    LK_INTERPOLATION_CUBIC,
    LK_INTERPOLATION_BOX,
    LK_INTERPOLATION_COUNT,
} LkInterpolation;

/** Its name as sd-scripts writes it; NULL for AUTO. */
const char *lk_interpolation_name(LkInterpolation interpolation);
/** The one with a name, or with another that sd-scripts takes too ("bilinear" for linear); -1 where there is none. */
int lk_interpolation_find(const char *name);
