/* The Test page for its own files: what it consists of, and its actions. */
#pragma once

#include "app/test/grid_view.h"
#include "app/test/history_strip.h"
#include "app/test/test_bench.h"
#include "app/test/test_page.h"
#include "app/test/test_pane.h"
#include "app/widgets/compare.h"

struct _LkTestPage {
    LkPage parent_instance;
    AdwOverlaySplitView *split;
    AdwToggleGroup *modes, *narrow_modes;
    GtkWidget *content_generate, *pane_generate, *save_button, *main_button, *problem, *details;
    AdwBanner *banner;
    GtkLabel *problem_label, *grid_title, *grid_caption, *details_title, *details_caption;
    AdwToastOverlay *toasts;
    GtkStack *stage;
    GtkAspectFrame *picture_frame, *compare_frame;
    GtkPicture *picture;
    GtkProgressBar *picture_progress, *compare_progress;
    LkCompare *compare;
    GtkWidget *compare_hint;
    LkGridView *grid;
    LkHistoryStrip *strip;
    LkTestPane *pane;
    LkTestBench *bench;
    LkTestPicture *shown; /* of the history: it is in memory */
    GSignalGroup *shown_signals, *partner_signals;
    gboolean narrow, generate_when_free;
};

gboolean lk_test_page_is_grid(LkTestPage *self);
/** What is looked at (borrowed), or NULL. */
LkTestPicture *lk_test_page_get_picture(LkTestPage *self);
void lk_test_page_update(LkTestPage *self);
/** Shows what is looked at, or why there is nothing: see test_stage.c. */
void lk_test_page_show_stage(LkTestPage *self);
/** A sentence over the pictures until it is closed; NULL takes it away. */
void lk_test_page_show_problem(LkTestPage *self, const char *text);
void lk_test_page_generate(LkTestPage *self);

/** Reads the settings of a picture's file and takes them over. */
void lk_test_page_load_settings(LkTestPage *self, const char *path);

/** Writes the whole grid, as far as it is made, into one PNG file. */
void lk_test_page_save_grid(LkTestPage *self, const char *path);

void lk_test_page_install_actions(GtkWidgetClass *widget_class);
