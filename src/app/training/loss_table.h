/* The figures of a training as a table: for those who read with their ears, and for copying. */
#pragma once

#include <adwaita.h>

/** `metrics`: LkTaskMetric; copied. */
void lk_loss_table_present(const GArray *metrics, GtkWidget *parent);
