/* Makes the pictures of the Test page: what is wished becomes orders, what comes of them becomes files and history. */
#pragma once

#include "app/test/grid_axis.h"
#include "app/test/lora_list.h"
#include "app/test/test_history.h"
#include "app/test/test_settings.h"
#include "app/test/training_gate.h"

G_BEGIN_DECLS

#define LK_TYPE_TEST_BENCH (lk_test_bench_get_type())
G_DECLARE_FINAL_TYPE(LkTestBench, lk_test_bench, LK, TEST_BENCH, GObject)

/* Signals: `changed`: a picture got further, or something can be done now that could not; `planned`: the grid has other
 * cells; `made` (LkTestPicture): it is saved and in the history; `problem` (text): a sentence for the person. */

LkTestBench *lk_test_bench_new(LkProject *project, LkPictureMaker *maker, LkTaskCenter *tasks, GSettings *settings);
/** Cancels what is being drawn. */
void lk_test_bench_close(LkTestBench *self);

/* Borrowed. */
LkTestSettings *lk_test_bench_get_settings(LkTestBench *self);
LkLoraList *lk_test_bench_get_loras(LkTestBench *self);
LkTestHistory *lk_test_bench_get_history(LkTestBench *self);
LkTrainingGate *lk_test_bench_get_gate(LkTestBench *self);

gboolean lk_test_bench_is_busy(LkTestBench *self);
/** Whether pictures can be made now; if not, *why (may be NULL) is a sentence. */
gboolean lk_test_bench_can_generate(LkTestBench *self, const char **why);

/** The picture that is being drawn outside a grid, or was last; NULL: none. Borrowed. */
LkTestPicture *lk_test_bench_get_current(LkTestBench *self);

/** The grid as planned or made: its axes, and LkTestPicture row by row. Borrowed; NULL before it was planned. */
const LkGridAxes *lk_test_bench_get_axes(LkTestBench *self);
GPtrArray *lk_test_bench_get_cells(LkTestBench *self);
guint lk_test_bench_count_done(LkTestBench *self);

/** Plans the grid for these axes (taken over) with the prompt as it is now; `tag` is the one that they change. Pictures
 * that would come out the same are kept. Nothing happens while a grid is being drawn. */
void lk_test_bench_plan(LkTestBench *self, LkGridAxes *axes, guint tag);

/** Makes a picture, two to compare, or all of the grid that is not done, by the settings' mode. */
void lk_test_bench_generate(LkTestBench *self, LkGridAxes *axes, guint tag);
void lk_test_bench_cancel(LkTestBench *self);

G_END_DECLS
