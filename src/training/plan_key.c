#include "training/plan_key.h"

#include "training/samples.h"

#include <string.h>

/** They change numbers and lengths alone. */
static const char *const without_effect[] = {
    "network_alpha",
    "learning_rate",
    "unet_lr",
    "text_encoder_lr",
    "text_encoder_2_lr",
    "optimizer_args",
    "lr_scheduler",
    "lr_warmup_steps",
    "lr_scheduler_num_cycles",
    "lr_scheduler_power",
    "lr_decay_steps",
    "lr_scheduler_timescale",
    "lr_scheduler_min_lr_ratio",
    "lr_scheduler_args",
    "noise_offset_random_strength",
    "adaptive_noise_scale",
    "multires_noise_iterations",
    "multires_noise_discount",
    "ip_noise_gamma_random_strength",
    "huber_schedule",
    "huber_c",
    "huber_scale",
    "prior_loss_weight",
    "max_train_epochs",
    "max_train_steps",
    "seed",
    "noise_offset",
    "min_snr_gamma",
    "debiased_estimation_loss",
    "scale_v_pred_loss_like_noise_pred",
    "v_pred_like_loss",
    "min_timestep",
    "max_timestep",
    "sample_every_n_epochs",
    "sample_every_n_steps",
    "sample_at_first",
};

static bool has_effect(const LkParameter *row)
{
    if (row->state != LK_PARAMETER_SUPPORTED || row->group == LK_PARAMETER_GROUP_SAVING ||
        row->group == LK_PARAMETER_GROUP_METADATA)
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(without_effect); i++)
        if (strcmp(row->key, without_effect[i]) == 0)
            return false;
    return true;
}

char *lk_job_plan_key(const LkJob *job)
{
    GString *key = g_string_new(NULL);
    /* What the rates and intervals decide all the same. */
    g_string_append_printf(key, "trains %d %d %d, samples %d\n", lk_job_trains_unet(job), lk_job_trains_text(job, 0),
                           lk_job_trains_text(job, 1), lk_samples_wanted(job));
    for (gsize i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        g_autofree char *value = has_effect(row) ? lk_job_get(job, row) : NULL;
        if (value)
            g_string_append_printf(key, "%s = %s\n", row->key, value);
    }
    return g_string_free_and_steal(key);
}
