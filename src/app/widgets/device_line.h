/* A quiet line that says what will train; a click opens the system check. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_DEVICE_LINE (lk_device_line_get_type())
G_DECLARE_FINAL_TYPE(LkDeviceLine, lk_device_line, LK, DEVICE_LINE, AdwBin)

G_END_DECLS
