/* What the counting driver is to do, and what it has counted. */
#pragma once

#include <stddef.h>

typedef struct CountingDriver {
    const char *fails; /* the function that fails; NULL: none */
    int error;         /* with this */
    int contexts;      /* retained and not released */
    int retained;      /* ever */
    int current;       /* pushed and not popped */
    int device;        /* the last that was retained */
} CountingDriver;
