/* The dataset page of a project. */
#pragma once

#include "app/page.h"

G_BEGIN_DECLS

#define LK_TYPE_DATASET_PAGE (lk_dataset_page_get_type())
G_DECLARE_FINAL_TYPE(LkDatasetPage, lk_dataset_page, LK, DATASET_PAGE, LkPage)

/** Adds folders and pictures to the project's dataset. */
void lk_dataset_page_add_files(LkDatasetPage *self, const char *const *paths);

G_END_DECLS
