#include "training/job_dataset.h"

#include "format/toml.h"

LkSubset *lk_job_subset(const LkJob *job)
{
    LkSubset *subset = lk_subset_new("");
    subset->num_repeats = job->num_repeats;
    subset->flip_aug = job->flip_aug;
    subset->color_aug = job->color_aug;
    subset->random_crop = job->random_crop;
    subset->augment_variations = job->augment_variations;
    subset->interpolation = job->resize_interpolation;
    subset->alpha_mask = job->alpha_mask;
    subset->validation_split = job->validation_split;
    subset->conditioning_data_dir = g_strdup(job->conditioning_data_dir);
    subset->caption_extension = g_strdup(job->caption_extension);
    subset->caption = (LkCaptionOptions){.separator = g_strdup(job->caption_separator),
                                         .keep_tokens_separator = g_strdup(job->keep_tokens_separator),
                                         .secondary_separator = g_strdup(job->secondary_separator),
                                         .prefix = g_strdup(job->caption_prefix),
                                         .suffix = g_strdup(job->caption_suffix),
                                         .trigger_words = g_strdup(job->trigger_words),
                                         .shuffle = job->shuffle_caption,
                                         .wildcard = job->enable_wildcard,
                                         .weighted = job->weighted_captions,
                                         .keep_tokens = job->keep_tokens,
                                         .dropout_every_n_epochs = job->caption_dropout_every_n_epochs,
                                         .token_warmup_min = job->token_warmup_min,
                                         .token_warmup_step = job->token_warmup_step,
                                         .dropout_rate = job->caption_dropout_rate,
                                         .tag_dropout_rate = job->caption_tag_dropout_rate};
    return subset;
}

LkDatasetDefaults lk_job_dataset_defaults(const LkJob *job, const LkSubset *subset)
{
    int64_t seed = lk_job_is_given(job, "validation_seed") ? job->validation_seed : job->seed;
    return (LkDatasetDefaults){.buckets = {.resolution = job->resolution,
                                           .enable_bucket = job->enable_bucket,
                                           .bucket_no_upscale = job->bucket_no_upscale,
                                           .min_bucket_reso = job->min_bucket_reso,
                                           .max_bucket_reso = job->max_bucket_reso,
                                           .bucket_reso_steps = job->bucket_reso_steps},
                               .batch_size = job->train_batch_size,
                               .subset = subset,
                               .validation_seed = (int)(seed & 0x7fffffff)};
}

LkDatasetConfig *lk_job_dataset_config(const LkJob *job, GPtrArray *findings, GError **error)
{
    g_autoptr(LkSubset) subset = lk_job_subset(job);
    LkDatasetDefaults defaults = lk_job_dataset_defaults(job, subset);
    LkDatasetConfig *config;
    if (job->dataset_config) {
        LkToml *toml = lk_toml_read(job->dataset_config, error);
        config = toml ? lk_dataset_config_from_toml(toml, &defaults, findings, error) : NULL;
        lk_toml_free(toml);
        if (config && !lk_dataset_config_add_regularisation(config, job->reg_data_dir, &defaults, findings, error))
            g_clear_pointer(&config, lk_dataset_config_free);
    } else {
        config = lk_dataset_config_from_folders(job->train_data_dir, job->reg_data_dir, &defaults, findings, error);
    }
    if (config && !lk_dataset_config_add_validation(config, job->validation_data_dir, &defaults, findings, error))
        g_clear_pointer(&config, lk_dataset_config_free);
    return config;
}

int lk_size_multiple(const LkModelArch *arch)
{
    return (1 << (arch->vae.levels - 1)) * (1 << (arch->unet.levels - 1));
}
