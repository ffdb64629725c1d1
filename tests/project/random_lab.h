/* The store and the model side by side, for test_random.c and what compares the two. */
#pragma once

#include "tests/project/fixture.h"
#include "tests/project/model.h"

typedef struct Lab {
    Fixture f;
    Model model;
    GRand *random;
    char texts[64][8];
    char names[64][24]; /* file names */
} Lab;

static inline int pick(Lab *lab, int count)
{
    return g_rand_int_range(lab->random, 0, count);
}

static inline const char *text(Lab *lab, int number)
{
    return number ? lab->texts[number] : NULL;
}

/** True if the store answers what the model holds, in all. */
bool same_all(Lab *lab);
