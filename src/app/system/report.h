/* The report of the system check, to paste where help is asked for: no names, no paths but what the check tells. */
#pragma once

#include "app/core/device.h"

/** Versions, the device in use, and every finding. Free with g_free. */
char *lk_system_report(LkDeviceStatus *device, const GPtrArray *findings);
