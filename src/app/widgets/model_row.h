/* A base model as a row: name, size and family, or why it cannot be used. */
#pragma once

#include "app/core/models.h"

#include <adwaita.h>

G_BEGIN_DECLS

/** Takes the info over. */
AdwActionRow *lk_model_row_new(LkModelInfo *info);
const LkModelInfo *lk_model_row_get_info(AdwActionRow *row);

G_END_DECLS
