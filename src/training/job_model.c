#include "training/job_model.h"

#include <glib/gi18n.h>

static void note(GPtrArray *problems, LkProblemKind kind, const char *key, const char *text)
{
    lk_problems_add(problems, kind, key, NULL, NULL, 0, "%s", text);
}

static void follow_prediction(LkJob *job, const LkModelArch *arch, GPtrArray *problems)
{
    bool v = arch->prediction == LK_PREDICTION_V;
    if (arch->prediction == LK_PREDICTION_UNTOLD || v == job->v_parameterization)
        return;
    if (!lk_job_is_given(job, "v_parameterization")) {
        job->v_parameterization = v;
        note(problems, LK_PROBLEM_NOTE, "v_parameterization",
             _("The base model says of itself that it predicts v; v_parameterization is taken to be true."));
        return;
    }
    note(problems, LK_PROBLEM_WARNING, "v_parameterization",
         v ? _("v_parameterization is false, but the base model says of itself that it predicts v. A wrong setting "
               "gives samples that look like noise.")
           : _("v_parameterization is true, but the base model says of itself that it predicts the noise. A wrong "
               "setting gives samples that look like noise."));
}

static void follow_schedule(LkJob *job, const LkModelArch *arch, GPtrArray *problems)
{
    if (!arch->zero_terminal_snr || job->zero_terminal_snr || !job->v_parameterization)
        return;
    if (!lk_job_is_given(job, "zero_terminal_snr")) {
        job->zero_terminal_snr = true;
        note(problems, LK_PROBLEM_NOTE, "zero_terminal_snr",
             _("The base model says of itself that its noise schedule ends in pure noise; zero_terminal_snr is taken "
               "to be true."));
    } else {
        note(problems, LK_PROBLEM_WARNING, "zero_terminal_snr",
             _("zero_terminal_snr is false, but the base model says of itself that it was trained with it."));
    }
}

void lk_job_follow_model(LkJob *job, const LkModelArch *arch, GPtrArray *problems)
{
    follow_prediction(job, arch, problems);
    follow_schedule(job, arch, problems);
    bool skips = false;
    for (int i = 0; i < arch->n_texts; i++)
        skips |= !arch->texts[i].last_but_one;
    if (!skips && job->clip_skip > 1)
        note(problems, LK_PROBLEM_WARNING, "clip_skip",
             _("clip_skip has no effect on this base model: Stable Diffusion XL always uses the last layer but one."));
    if (arch->n_texts < 2 && lk_job_is_given(job, "text_encoder_2_lr"))
        note(problems, LK_PROBLEM_WARNING, "text_encoder_2_lr",
             _("text_encoder_2_lr has no effect on this base model, which has one text encoder."));
}
