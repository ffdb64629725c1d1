/* What was taken must make a job: parameters that its check refuses are given up, with the check's own words. */
#include "training/import_private.h"

#include <glib/gi18n.h>
#include <string.h>

/* Lines about a parameter that does not become one. */
static void change_lines(LkImporter *self, const char *key, LkImportKind kind, const char *why)
{
    for (guint i = 0; i < self->import->lines->len; i++) {
        LkImportLine *line = self->import->lines->pdata[i];
        if (g_strcmp0(line->key, key) == 0) {
            line->kind = kind;
            g_clear_pointer(&line->key, g_free);
            g_clear_pointer(&line->result, g_free);
            g_set_str(&line->why, why);
        }
    }
    lk_job_reset(self->job, lk_parameter_find(key));
}

/* Other programs make no samples where there are no prompts; ours asks for them. */
static void leave_samples_without_prompts(LkImporter *self)
{
    static const char *const keys[] = {"sample_every_n_epochs", "sample_every_n_steps", "sample_at_first"};
    const LkJobPrompts *prompts = &self->job->sample_prompts;
    for (size_t i = 0; prompts->file == NULL && prompts->lines == NULL && i < G_N_ELEMENTS(keys); i++) {
        if (lk_job_is_given(self->job, keys[i])) {
            change_lines(self, keys[i], LK_IMPORT_IDLE, _("There are no prompts to make samples of."));
        }
    }
}

/* What to give up where the check names a parameter that was not taken, but follows from others. */
static const char *const causes[][2] = {
    {"lr_scheduler_min_lr_ratio", "lr_scheduler"},
    {"lr_scheduler_args", "lr_scheduler"},
    {"learning_rate", "unet_lr"},
    {"learning_rate", "text_encoder_lr"},
    {"learning_rate", "network_train_unet_only"},
    {"learning_rate", "network_train_text_encoder_only"},
    {"text_encoder_lr", "unet_lr"},
    {"text_encoder_lr", "text_encoder_2_lr"},
    {"max_bucket_reso", "resolution"},
    {"min_bucket_reso", "resolution"},
    {"sample_prompts", "sample_sampler"},
};

static const char *cause_of(LkImporter *self, const char *key)
{
    if (lk_job_is_given(self->job, key)) {
        return key;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++) {
        if (strcmp(causes[i][0], key) == 0 && lk_job_is_given(self->job, causes[i][1])) {
            return causes[i][1];
        }
    }
    return NULL;
}

/* Gives up one parameter; false where there is nothing to give up. */
static bool give_up_one(LkImporter *self)
{
    g_autoptr(LkJob) job = lk_job_copy(self->job);
    g_autoptr(GPtrArray) ignored = lk_problems_new(), problems = lk_problems_new();
    if (!lk_job_is_given(job, "pretrained_model_name_or_path")) { /* the project's */
        lk_job_set(job, "pretrained_model_name_or_path", "/model.safetensors", ignored);
    }
    lk_job_set(job, "train_data_dir", "/pictures", ignored);
    lk_job_check(job, problems);
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        const char *key = problem->kind == LK_PROBLEM_ERROR ? cause_of(self, problem->key) : NULL;
        if (key != NULL) {
            change_lines(self, key, LK_IMPORT_UNSUPPORTED, problem->text);
            return true;
        }
    }
    return false;
}

void lk_import_settle(LkImporter *self)
{
    leave_samples_without_prompts(self);
    for (size_t i = 0; i < lk_parameter_count && give_up_one(self); i++) {
    }
}
