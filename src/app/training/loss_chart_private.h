/* The data of a chart, shared by its two files: loss_chart.c keeps it, loss_chart_draw.c draws it. */
#pragma once

#include "app/training/loss_chart.h"

struct _LkLossChart {
    GtkWidget parent_instance;
    GArray *metrics;     /* LkTaskMetric */
    GArray *losses;      /* double: of metrics, in one piece for the verdict */
    GArray *smoothed;    /* double: exponential mean of the losses, its start corrected */
    GArray *validations; /* LkTaskValidation */
    GArray *schedule;    /* double: learning rates, evenly spaced over all steps */
    gint64 steps, epochs;
    gboolean log_scale;
    double smoothing;
    gint64 cursor;       /* index into metrics, -1: none */
    double low, high;    /* range of the loss axis */
    double highest_rate; /* of metrics and schedule */
};

/** How large text is, 1 being usual: places for labels grow with it. */
float lk_loss_chart_text_scale(LkLossChart *self);
/** The rectangle of the curves within the widget. */
graphene_rect_t lk_loss_chart_plot_area(LkLossChart *self);
/** The step at a place from left (0) to right (1), and back. */
double lk_loss_chart_step_at(LkLossChart *self, double place);
double lk_loss_chart_place_of(LkLossChart *self, gint64 step);

/** Draws everything. */
void lk_loss_chart_draw(LkLossChart *self, GtkSnapshot *snapshot);
