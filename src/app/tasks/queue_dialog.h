/* The queue: the task that trains and those that wait for it, in their order. */
#pragma once

#include <adwaita.h>

void lk_queue_dialog_present(GtkWidget *parent);
