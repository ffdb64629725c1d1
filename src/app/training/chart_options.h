/* How the loss chart draws: log scale and smoothing, as its menu offers them, remembered from one start to the next. */
#pragma once

#include "app/training/loss_chart.h"

G_BEGIN_DECLS

/** Lets the chart draw as the settings say, and gives `page` the stateful actions "settings.chart-log-scale" and
 * "settings.chart-smoothing" for its menu. Without settings neither is there. */
void lk_chart_options_add(GtkWidget *page, LkLossChart *chart);

G_END_DECLS
