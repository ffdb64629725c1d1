/* The processor's own sensor, as Linux shows it in files. */
#pragma once

#include "system/temperature.h"

#include <stdbool.h>

#define LK_HWMON_FOLDER "/sys/class/hwmon"

/** The hottest processor below `folder` (LK_HWMON_FOLDER, or one like it). Known drivers: k10temp and zenpower of AMD,
 * coretemp of Intel, cpu_thermal of ARM boards. False where there is none: virtual machines have no sensors. */
bool lk_hwmon_read(const char *folder, LkTemperature *temperature);
