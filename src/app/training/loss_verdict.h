/* What the loss of a task says, in words: beside the curve, and at length in a dialog. */
#pragma once

#include "app/core/task.h"
#include "app/training/loss_chart.h"
#include "training/verdict.h"

/** Of the losses in the chart and those on the task's held-out pictures; `task` may be NULL. */
LkVerdict lk_loss_verdict(LkLossChart *chart, LkTask *task);
/** Says what it means and what to try. */
void lk_loss_verdict_present(LkVerdict verdict, LkTask *task, GtkWidget *parent);
