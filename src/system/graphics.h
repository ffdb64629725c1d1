/* The part of the check that concerns the graphics card. */
#pragma once

#include "system/finding.h"

/** Appends card, driver, CUDA, libraries, free memory of the card. Only the card where there is none. */
void lk_graphics_check(GPtrArray *findings, const LkSystemPlaces *places);
