/* How hot a device is: a graphics card by its driver, a processor by its sensor. */
#pragma once

#include "system/temperature.h"

#include <glib.h>
#include <stdbool.h>

typedef struct LkThermometer LkThermometer;

/** Where to look; NULL: where this machine has it. The environment's LORIKEET_NVML and LORIKEET_HWMON come before that,
 * for machines that have it elsewhere. */
typedef struct LkThermometerPlaces {
    const char *nvml, *hwmon;
} LkThermometerPlaces;

/** For the device of that name ("NVIDIA GeForce RTX 3060", "AMD EPYC"), as its backend gives it: a card that the
 * driver calls so (of several the first), else the processor. Opening may take a second; reading is quick. */
LkThermometer *lk_thermometer_open(const char *device, const LkThermometerPlaces *places);
void lk_thermometer_close(LkThermometer *thermometer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkThermometer, lk_thermometer_close)

/** False where it is not known. */
bool lk_thermometer_read(const LkThermometer *thermometer, LkTemperature *temperature);
