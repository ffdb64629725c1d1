/* Masks for pictures, from a folder of files that are named as the pictures are. */
#pragma once

#include "app/dataset/picture_list.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/** Lists `folder` on a thread and gives every picture of the list that has a mask there that mask: one undo step. */
void lk_find_masks(LkPictureList *list, const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer user_data);
/** A sentence that says how many masks were found (free with g_free), and in *changed how many pictures got another
 * one; NULL with an error where the folder cannot be read. */
char *lk_find_masks_finish(LkPictureList *list, GAsyncResult *result, guint *changed, GError **error);

/** Whether pictures' own transparency is their mask: the parameter alpha_mask. */
gboolean lk_uses_transparency(LkPictureList *list);
void lk_use_transparency(LkPictureList *list, gboolean use);
/** Whether training learns only what masks show: the parameter masked_loss. It is set where masks come, unless somebody
 * has chosen otherwise. */
gboolean lk_uses_masks(LkPictureList *list);
void lk_use_masks(LkPictureList *list, gboolean use);

/** Takes all masks away: one undo step. Returns how many. */
guint lk_remove_masks(LkPictureList *list);
/** How many pictures have one; without `own` only files count. */
guint lk_count_masks(LkPictureList *list, gboolean own);

G_END_DECLS
