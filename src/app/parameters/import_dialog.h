/* Settings from a file of another trainer (or of this one): what is taken, what is changed and what is not supported is
 * shown before anything happens. */
#pragma once

#include "app/core/project.h"
#include "app/parameters/history.h"
#include "training/import.h"

#include <adwaita.h>

/** Lets the person choose a file and goes on from there. */
void lk_import_choose(GtkWidget *parent, LkProject *project, LkParameterHistory *history);
/** Reads this file and shows the report. */
void lk_import_open(GtkWidget *parent, LkProject *project, LkParameterHistory *history, const char *path);

/** Makes the settings of an import those of the project, as one step; names and texts that it does not have stay. Base
 * model and trigger word are taken where the project has none. */
void lk_import_apply_to(const LkImport *import, LkProject *project, LkParameterHistory *history);

/** Saves the project's parameters as a job file for lorikeet-cli and sd-scripts. */
void lk_export_choose(GtkWidget *parent, LkProject *project);
/** That file's text. Free with g_free. */
char *lk_export_text(LkProject *project);
