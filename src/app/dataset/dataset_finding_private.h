/* What the doctor alone does with a finding. */
#pragma once

#include "app/dataset/picture_list.h"

LkDatasetFinding *lk_dataset_finding_new(LkPictureList *list, LkFindingKind kind);
/** The list is going away. */
void lk_dataset_finding_detach(LkDatasetFinding *self);
/** Other numbers; `text` is the doctor's own words or NULL for those of the kind. */
void lk_dataset_finding_update(LkDatasetFinding *self, guint count, const char *text);
/** Whether a picture of the list belongs to a finding of the kind: it has it, and is not left out. */
bool lk_dataset_finding_has(LkFindingKind kind, LkPicture *picture);
