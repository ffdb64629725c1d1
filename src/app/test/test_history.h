/* The pictures that were made in a project: the files of its folder "test", the newest first (GListModel of
 * LkTestPicture). Names are NUMBER-SEED.png as WebUI gives them; the same picture without LoRAs is
 * NUMBER-SEED-without.png and is the partner of the other, not an item. Cells of grids are in folders of their own and
 * no items. */
#pragma once

#include "app/test/test_picture.h"

G_BEGIN_DECLS

#define LK_TYPE_TEST_HISTORY (lk_test_history_get_type())
G_DECLARE_FINAL_TYPE(LkTestHistory, lk_test_history, LK, TEST_HISTORY, GObject)

/* Signal `loaded`: what was there is listed. */

/** Of the folder `project_folder`/test, which need not exist. Lists it at once, in a thread. */
LkTestHistory *lk_test_history_new(const char *project_folder);
gboolean lk_test_history_get_loaded(LkTestHistory *self);
const char *lk_test_history_get_folder(LkTestHistory *self);

/** A free name for a picture, as a path (free with g_free). Makes the folder; NULL with words where that fails. Each
 * call gives another number. Not before it is loaded. */
char *lk_test_history_reserve(LkTestHistory *self, guint64 seed, GError **error);
/** The name of the partner of a picture at `path`. */
char *lk_test_history_partner_path(const char *path);
/** A new folder for the cells of a grid. */
char *lk_test_history_reserve_grid(LkTestHistory *self, GError **error);

/** Puts a picture first; it is, or will be, a file of the folder. */
void lk_test_history_add(LkTestHistory *self, LkTestPicture *picture);
/** Takes a picture out and its files to the trash. */
void lk_test_history_trash(LkTestHistory *self, LkTestPicture *picture, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean lk_test_history_trash_finish(LkTestHistory *self, GAsyncResult *result, GError **error);

G_END_DECLS
