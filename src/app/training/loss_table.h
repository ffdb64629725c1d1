/* The figures of a training as a table: for those who read with their ears, and for copying. */
#pragma once

#include <adwaita.h>

/** `metrics`: LkTaskMetric; `validations`: LkTaskValidation; copied. */
void lk_loss_table_present(const GArray *metrics, const GArray *validations, GtkWidget *parent);
