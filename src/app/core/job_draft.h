/* The job that training would run now: a project's parameters, and what the project itself gives (base model, trigger
 * word, folder, name). What the pictures are, the picture list says beside it. */
#pragma once

#include "app/core/project.h"
#include "training/job.h"

G_BEGIN_DECLS

/** The project's setting that names the preset its parameters began with: "character", or "own:3" (a number of the
 * store). It is no parameter. */
#define LK_SETTING_PRESET "lorikeet.preset"

/** The job (free with lk_job_free), never NULL. What cannot be used keeps its default and is said in `problems` (may be
 * NULL), with the key; so is what lk_job_check finds. Its dataset_config is "dataset.toml" in the project's folder,
 * which need not exist: set it, or train_data_dir, to where the pictures are. Its output_dir is the project's folder.
 * The length is chosen where the project has a preset that comes with the program and sets neither epochs nor steps. */
LkJob *lk_job_draft_new(LkProject *project, GPtrArray *problems);

/** What a new project begins with: the settings of the preset for its goal. char * → char *. */
GHashTable *lk_job_draft_settings_for_goal(const char *goal);

/** True for parameters that a project gives in another way: base model, trigger word, pictures, output folder. */
gboolean lk_job_draft_is_given_by_project(const char *key);

/** What a parameter is where the person sets nothing: the preset's value, what is chosen for the project (length,
 * name), or the default. NULL: unset. Free with g_free. `preset` (char * → char *, may be NULL) are the preset's
 * values. */
char *lk_job_draft_base_value(LkProject *project, const char *key, GHashTable *preset);

/** Texts of a parameter that mean the same: "1e-4" and "0.0001". NULL is unset. */
gboolean lk_job_draft_same_value(const char *key, const char *a, const char *b);

G_END_DECLS
