/* One finding of the dataset doctor: what it is, what to do, the way to its pictures, and its fix. */
#pragma once

#include "app/dataset/dataset_finding.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_FINDING_ROW (lk_finding_row_get_type())
G_DECLARE_FINAL_TYPE(LkFindingRow, lk_finding_row, LK, FINDING_ROW, GtkListBoxRow)

/* Signals: `show-pictures` (the person wants to see the pictures), `fix`. */

GtkWidget *lk_finding_row_new(LkDatasetFinding *finding);
LkDatasetFinding *lk_finding_row_get_finding(LkFindingRow *self);

G_END_DECLS
