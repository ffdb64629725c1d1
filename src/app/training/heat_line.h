/* How hot the device is that trains: a figure and a bar up to where it slows itself down. Not there where nothing is
 * known of it. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_HEAT_LINE (lk_heat_line_get_type())
G_DECLARE_FINAL_TYPE(LkHeatLine, lk_heat_line, LK, HEAT_LINE, AdwBin)

/** The device's name as its backend gives it; NULL: nothing trains, and nothing is read. */
void lk_heat_line_set_device(LkHeatLine *self, const char *device);

G_END_DECLS
