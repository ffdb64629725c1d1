/* Loss and learning rate over the steps of a training: raw and smoothed curve, epoch marks, a cursor. Made for hundreds
 * of thousands of steps: what is drawn depends on the width alone. */
#pragma once

#include "project/metrics.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_LOSS_CHART (lk_loss_chart_get_type())
G_DECLARE_FINAL_TYPE(LkLossChart, lk_loss_chart, LK, LOSS_CHART, GtkWidget)

/* Properties: `log-scale` (bool), `smoothing` (double, 0 to 0.999: weight of the past in the smoothed curve), `cursor`
 * (int64: index of the step that is pointed at, -1: none). Moved by the pointer, and by the arrow keys when focused. */

GtkWidget *lk_loss_chart_new(void);

/** Steps from index `first` on (what was known from there is replaced). */
void lk_loss_chart_update(LkLossChart *self, const LkTaskMetric *metrics, guint first, guint count);
/** The losses on held-out pictures, in the order of their steps; copied. */
void lk_loss_chart_set_validations(LkLossChart *self, const LkTaskValidation *list, guint count);
/** The newest of them that is not after the reading's step; false where there is none. */
gboolean lk_loss_chart_get_validation(LkLossChart *self, LkTaskValidation *validation);
/** How long the training will be, for the axis; and after how many steps each epoch ends. */
void lk_loss_chart_set_length(LkLossChart *self, gint64 steps, gint64 epochs);
/** The learning rate of all steps, past and to come, at evenly spaced places from the first to the last step; copied.
 */
void lk_loss_chart_set_schedule(LkLossChart *self, const double *rates, guint count);

/** The step that is pointed at, or the newest one; false where there is none. */
gboolean lk_loss_chart_get_reading(LkLossChart *self, LkTaskMetric *metric, double *smoothed);
/** Losses as they are, oldest first, for a verdict; borrowed. */
const double *lk_loss_chart_get_losses(LkLossChart *self, gsize *count);

G_END_DECLS
