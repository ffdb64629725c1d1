/* The pane of the Test page: prompt, LoRA and its strength, and everything else that a picture is made with. */
#pragma once

#include "app/test/grid_axis.h"
#include "app/test/lora_list.h"
#include "app/test/test_settings.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TEST_PANE (lk_test_pane_get_type())
G_DECLARE_FINAL_TYPE(LkTestPane, lk_test_pane, LK, TEST_PANE, AdwBin)

/* Signal `axes-changed`: other axes of the grid, or other values. */

void lk_test_pane_set(LkTestPane *self, LkProject *project, LkTestSettings *settings, LkLoraList *loras);

/** Which tag of the prompt strength and checkpoint are of, from 0; -1: there is none. */
int lk_test_pane_get_tag(LkTestPane *self);
/** As lk_axes_card_read. */
gboolean lk_test_pane_read_axes(LkTestPane *self, LkGridAxes *axes, GError **error);

/** Says something above the settings until it is closed or the next thing is said; NULL takes it away. */
void lk_test_pane_show_note(LkTestPane *self, const char *text);

G_END_DECLS
