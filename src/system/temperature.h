/* A temperature as a sensor tells it. */
#pragma once

typedef struct LkTemperature {
    double celsius;
    double limit; /* where the device slows itself down or stops; 0: not told */
} LkTemperature;
