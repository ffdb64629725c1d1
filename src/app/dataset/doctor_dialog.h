/* What the dataset doctor found, with the way to the pictures and a fix where there is one; and the sizes that pictures
 * are trained at. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_DOCTOR_DIALOG (lk_doctor_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkDoctorDialog, lk_doctor_dialog, LK, DOCTOR_DIALOG, AdwDialog)

/** A click on a finding sets the view's filter and closes it; `page`, which outlives it, has the actions of fixes that
 * the list cannot do alone. */
AdwDialog *lk_doctor_dialog_new(LkDatasetView *view, GtkWidget *page);

G_END_DECLS
