#include "dataset/interpolation.h"

#include <stddef.h>
#include <string.h>

/* Names with the same number: the first is the one that is written. */
static const struct {
    const char *name;
    LkInterpolation interpolation;
} names[] = {
    {"area", LK_INTERPOLATION_AREA},       {"lanczos", LK_INTERPOLATION_LANCZOS}, {"nearest", LK_INTERPOLATION_NEAREST},
    {"bilinear", LK_INTERPOLATION_LINEAR}, {"linear", LK_INTERPOLATION_LINEAR},   {"bicubic", LK_INTERPOLATION_CUBIC},
    {"cubic", LK_INTERPOLATION_CUBIC},     {"box", LK_INTERPOLATION_BOX},
};

const char *lk_interpolation_name(LkInterpolation interpolation)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].interpolation == interpolation)
            return names[i].name;
    return NULL;
}

int lk_interpolation_find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].interpolation;
    return -1;
}
