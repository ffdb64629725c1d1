/* The base models that the person has added, to choose one from; and files that cannot be used, with the reason. */
#pragma once

#include "app/core/project.h"

#include <adwaita.h>

/** Opens it; a choice becomes the project's base model at once. */
void lk_model_dialog_present(GtkWidget *parent, LkProject *project);
