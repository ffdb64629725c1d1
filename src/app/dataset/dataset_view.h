/* What of a dataset is shown and how: its order, filter, selection, and the picture that the person is at. Grid, viewer
 * and side pane look at the same one. It has no widgets. */
#pragma once

#include "app/dataset/picture_list.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_DATASET_VIEW (lk_dataset_view_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetView, lk_dataset_view, LK, DATASET_VIEW, GObject)

/* Properties, with notify:
 *   `current` (LkPicture; NULL where nothing is shown): where the keyboard is, what pane and viewer show
 *   `sort` (an LkPictureOrder's name), `direction` ("ascending", "descending")
 *   `filter-text` (the filter language, never NULL), `filter-error` (read-only: what is wrong with it; NULL: nothing,
 *     and while there is something the filter before stays)
 *   `n-selected`, `n-shown` (uint, read-only) */

LkDatasetView *lk_dataset_view_new(LkPictureList *list);

/* Borrowed. The models are stacked: list, sorted, filtered, selection; positions below are the selection's. */
LkPictureList *lk_dataset_view_get_list(LkDatasetView *self);
GtkSortListModel *lk_dataset_view_get_sorted(LkDatasetView *self);
GtkFilterListModel *lk_dataset_view_get_filtered(LkDatasetView *self);
GtkMultiSelection *lk_dataset_view_get_selection(LkDatasetView *self);

/** Borrowed, or NULL. */
LkPicture *lk_dataset_view_get_current(LkDatasetView *self);
/** One that is shown; others are passed over. */
void lk_dataset_view_set_current(LkDatasetView *self, LkPicture *picture);
/** The place of the current picture; GTK_INVALID_LIST_POSITION where there is none. */
guint lk_dataset_view_get_current_position(LkDatasetView *self);
/** By the place (what is past the end is passed over). The selection stays. */
void lk_dataset_view_set_current_position(LkDatasetView *self, guint position);
/** Where a picture is shown; GTK_INVALID_LIST_POSITION if it is not. */
guint lk_dataset_view_find(LkDatasetView *self, LkPicture *picture);

guint lk_dataset_view_get_n_shown(LkDatasetView *self);
guint lk_dataset_view_get_n_selected(LkDatasetView *self);
/** What an action is for: the selected pictures, or the current one where none is selected (new references). */
GPtrArray *lk_dataset_view_get_chosen(LkDatasetView *self);

/** The place of the next picture after the current one without a caption, from the beginning again after the last;
 * GTK_INVALID_LIST_POSITION if there is none. */
guint lk_dataset_view_next_without_caption(LkDatasetView *self);

void lk_dataset_view_set_filter_text(LkDatasetView *self, const char *text);
const char *lk_dataset_view_get_filter_text(LkDatasetView *self);
/** Orders and filters anew by what is known of the pictures now: what was edited goes to its place. */
void lk_dataset_view_refresh(LkDatasetView *self);
/** True if the filter hides nothing by itself. */
gboolean lk_dataset_view_get_unfiltered(LkDatasetView *self);

G_END_DECLS
