/* What the dataset doctor found, one object a kind: "2 pictures have no caption", which ones, and what can be done. */
#pragma once

#include "app/dataset/picture.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define LK_TYPE_DATASET_FINDING (lk_dataset_finding_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetFinding, lk_dataset_finding, LK, DATASET_FINDING, GObject)

/* Properties, read-only with notify: `kind`, `severity` (int), `text` ("2 pictures have no caption."), `advice` (a
 * sentence, "" for none), `n-pictures` (uint; 0 for findings about folders or the whole), `fix-label` ("Add Trigger
 * Word to 2 Captions"; NULL where lk_picture_list_fix can do nothing). The object of a kind stays the same while there
 * is something to find. */

LkFindingKind lk_dataset_finding_get_kind(LkDatasetFinding *self);
LkSeverity lk_dataset_finding_get_severity(LkDatasetFinding *self);
const char *lk_dataset_finding_get_text(LkDatasetFinding *self);
const char *lk_dataset_finding_get_advice(LkDatasetFinding *self);
guint lk_dataset_finding_get_n_pictures(LkDatasetFinding *self);
LkFixKind lk_dataset_finding_get_fix(LkDatasetFinding *self);
const char *lk_dataset_finding_get_fix_label(LkDatasetFinding *self);

/** The pictures, sorted by path (GListModel of LkPicture; borrowed, changes with the finding). */
GListModel *lk_dataset_finding_get_pictures(LkDatasetFinding *self);
/** The words to filter for these pictures, such as "problem:caption-missing". Free with g_free. */
char *lk_dataset_finding_to_filter(LkDatasetFinding *self);

G_END_DECLS
