/* One entry of a chart's legend: a coloured square and a word. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_LEGEND (lk_legend_get_type())
G_DECLARE_FINAL_TYPE(LkLegend, lk_legend, LK, LEGEND, AdwBin)

/* Properties: `label` (string), `style` (string: a CSS class of the square). */

G_END_DECLS
