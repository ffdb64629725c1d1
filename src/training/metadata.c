#include "training/metadata.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "format/gerror.h"
#include "training/metadata_dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ values as Python's str() writes them */

char *lk_python_float(double value)
{
    char text[64];
    int precision = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, value);
    } while (strtod(text, NULL) != value && precision++ < 17);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent >= -4 && exponent < 16) {
        snprintf(text, sizeof text, "%.*f", MAX(precision - exponent, 1), value);
    }
    return g_strdelimit(g_strdup(text), ",", '.'); /* some languages write a decimal comma */
}

static void set_text(LkMetadata *m, const char *key, const char *value)
{
    lk_metadata_set(m, key, value != NULL ? value : "None");
}

static void set_flag(LkMetadata *m, const char *key, bool value)
{
    lk_metadata_set(m, key, value ? "True" : "False");
}

static void set_int(LkMetadata *m, const char *key, int64_t value)
{
    lk_metadata_setf(m, key, "%" G_GINT64_FORMAT, (gint64)value);
}

static void set_float(LkMetadata *m, const char *key, double value)
{
    g_autofree char *text = lk_python_float(value);
    lk_metadata_set(m, key, text);
}

/* A number, or None where it is off. */
static void set_optional(LkMetadata *m, const char *key, double value)
{
    if (value == 0) {
        lk_metadata_set(m, key, "None");
    } else {
        set_float(m, key, value);
    }
}

/* A number, or None where it is the usual one. */
static void set_above(LkMetadata *m, const char *key, int value, int usual)
{
    if (value == usual) {
        lk_metadata_set(m, key, "None");
    } else {
        set_int(m, key, value);
    }
}

/* The value of an enumeration as jobs write it. */
static void set_choice(LkMetadata *m, const char *key, const char *parameter, int number)
{
    set_text(m, key, lk_parameter_choice(lk_parameter_find(parameter), number)->value);
}

/* ------------------------------------------------------------------ the base model's file */

/** SHA-256 of bytes from `at` on, piece by piece. */
static bool hash_bytes(const LkInput *input, uint64_t at, uint64_t size, char hex[65], LkError *error)
{
    enum { PIECE = 1 << 20 };
    LkSha256 hash;
    uint8_t digest[32], *piece = lk_memory_new(1, PIECE, error);
    bool ok = piece != NULL;
    lk_sha256_init(&hash);
    for (uint64_t done = 0, part; ok && done < size; done += part) {
        part = MIN(size - done, (uint64_t)PIECE);
        ok = lk_input_read(input, at + done, piece, (size_t)part, error);
        if (ok)
            lk_sha256_update(&hash, piece, (size_t)part);
    }
    free(piece);
    lk_sha256_final(&hash, digest);
    lk_sha256_write(digest, hex);
    return ok;
}

bool lk_model_hashes(const LkInput *input, LkModelHashes *hashes, GError **error)
{
    enum { WINDOW = 0x10000, WINDOW_AT = 0x100000 };
    char legacy[65], whole[65];
    LkError problem = {0};
    const uint64_t size = lk_input_size(input), at = MIN(size, WINDOW_AT);
    *hashes = (LkModelHashes){0};
    if (!hash_bytes(input, at, MIN(size - at, WINDOW), legacy, &problem) ||
        !hash_bytes(input, 0, size, whole, &problem))
        return lk_gerror_take(error, &problem);
    memcpy(hashes->legacy, legacy, 8);
    memcpy(hashes->sha256, whole, sizeof whole);
    return true;
}

static void add_model(LkMetadata *m, const LkMetadataFacts *f)
{
    g_autofree char *base = g_path_get_basename(f->job->pretrained_model_name_or_path);
    g_autofree char *shown = g_filename_display_name(base);
    if (f->hashes != NULL && f->hashes->sha256[0] != '\0') {
        lk_metadata_set(m, "ss_sd_model_hash", f->hashes->legacy);
        lk_metadata_set(m, "ss_new_sd_model_hash", f->hashes->sha256);
    }
    lk_metadata_set(m, "ss_sd_model_name", shown);
    if (f->job->vae == NULL) {
        return;
    }
    g_autofree char *vae = g_path_get_basename(f->job->vae), *shown_vae = g_filename_display_name(vae);
    lk_metadata_set(m, "ss_vae_name", shown_vae);
    if (f->vae_hashes != NULL && f->vae_hashes->sha256[0] != '\0') {
        lk_metadata_set(m, "ss_vae_hash", f->vae_hashes->legacy);
        lk_metadata_set(m, "ss_new_vae_hash", f->vae_hashes->sha256);
    }
}

/* ------------------------------------------------------------------ ss_* */

/* What a family's LoRAs are called by sd-scripts (get_model_version_str_for_sd1_sd2 in library/train_util.py,
 * build_metadata in library/sai_model_spec.py). */
static const struct Family {
    const char *name;
    bool v2;
    bool version_tells_v; /* "_v" behind ss_base_model_version */
    const char *architecture, *architecture_v, *implementation;
} families[] = {
    {"sd1", false, true, "stable-diffusion-v1/lora", "stable-diffusion-v1/lora", "diffusers"},
    {"sd2", true, true, "stable-diffusion-v2-512/lora", "stable-diffusion-v2-768-v/lora", "diffusers"},
    {"sdxl", false, false, "stable-diffusion-xl-v1-base/lora", "stable-diffusion-xl-v1-base/lora",
     "https://github.com/Stability-AI/generative-models"},
};

static const struct Family *family_of(const LkMetadataFacts *f)
{
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        if (strcmp(families[i].name, f->arch->family) == 0) {
            return &families[i];
        }
    }
    return &families[0];
}

/* What every loader wants, with or without no_metadata. */
static void add_network(LkMetadata *m, const LkMetadataFacts *f)
{
    const struct Family *family = family_of(f);
    set_flag(m, "ss_v2", family->v2);
    lk_metadata_setf(m, "ss_base_model_version", "%s%s", f->arch->base_name,
                     family->version_tells_v && f->job->v_parameterization ? "_v" : "");
    /* A DoRA is LyCORIS' whatever the job calls it: readers go by this. */
    set_choice(m, "ss_network_module", "network_module",
               f->job->network.dora ? LK_NETWORK_LYCORIS : f->job->network_module);
    g_autofree char *args = lk_network_args_json(f->job);
    if (args != NULL) {
        lk_metadata_set(m, "ss_network_args", args);
    }
    set_int(m, "ss_network_dim", f->job->network_dim);
    set_float(m, "ss_network_alpha", f->job->effective_alpha);
}

/* Options that sd-scripts tells of and that cannot be set here: their values while off. */
static const char *const off[][2] = {
    {"ss_full_fp16", "False"},
    {"ss_cache_latents", "True"},
    {"ss_lowram", "False"},
    {"ss_face_crop_aug_range", "None"},
    {"ss_sd_scripts_commit_hash", "(unknown)"},
};

static void add_optimizer(LkMetadata *m, const LkJob *job)
{
    g_autofree char *args = job->optimizer_args != NULL ? g_strjoinv(",", job->optimizer_args) : NULL;
    const char *class = lk_optimizer((LkOptimizerType)job->optimizer_type)->class_name;
    if (args != NULL && args[0] != '\0') {
        lk_metadata_setf(m, "ss_optimizer", "%s(%s)", class, args);
    } else {
        lk_metadata_set(m, "ss_optimizer", class);
    }
    set_float(m, "ss_learning_rate", job->learning_rate);
    if (job->text_encoder_2_lr == job->text_encoder_lr) {
        set_float(m, "ss_text_encoder_lr", job->text_encoder_lr);
    } else {
        g_autofree char *first = lk_python_float(job->text_encoder_lr),
                        *second = lk_python_float(job->text_encoder_2_lr);
        lk_metadata_setf(m, "ss_text_encoder_lr", "[%s, %s]", first, second);
    }
    set_float(m, "ss_unet_lr", job->unet_lr);
    set_float(m, "ss_max_grad_norm", job->max_grad_norm);
    set_choice(m, "ss_lr_scheduler", "lr_scheduler", job->lr_scheduler);
    if (job->lr_warmup_steps >= 1 || job->lr_warmup_steps == 0) {
        set_int(m, "ss_lr_warmup_steps", (int64_t)job->lr_warmup_steps);
    } else {
        set_float(m, "ss_lr_warmup_steps", job->lr_warmup_steps);
    }
}

static void add_loss(LkMetadata *m, const LkJob *job)
{
    set_optional(m, "ss_noise_offset", job->noise_offset);
    set_flag(m, "ss_noise_offset_random_strength", job->noise_offset_random_strength);
    set_optional(m, "ss_adaptive_noise_scale", job->adaptive_noise_scale);
    set_above(m, "ss_multires_noise_iterations", job->multires_noise_iterations, 0);
    set_float(m, "ss_multires_noise_discount", job->multires_noise_discount);
    set_optional(m, "ss_ip_noise_gamma", job->ip_noise_gamma);
    set_flag(m, "ss_ip_noise_gamma_random_strength", job->ip_noise_gamma_random_strength);
    set_choice(m, "ss_loss_type", "loss_type", job->loss_type);
    set_choice(m, "ss_huber_schedule", "huber_schedule", job->huber_schedule);
    set_float(m, "ss_huber_c", job->huber_c);
    set_float(m, "ss_huber_scale", job->huber_scale);
    set_optional(m, "ss_min_snr_gamma", job->min_snr_gamma);
    set_flag(m, "ss_zero_terminal_snr", job->zero_terminal_snr);
    set_flag(m, "ss_debiased_estimation", job->debiased_estimation_loss);
    set_float(m, "ss_prior_loss_weight", job->prior_loss_weight);
}

static void add_validation(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    set_int(m, "ss_num_validation_images", (int64_t)f->dataset->held_out);
    if (lk_job_is_given(job, "validation_seed")) {
        set_int(m, "ss_validation_seed", job->validation_seed);
    } else {
        set_text(m, "ss_validation_seed", NULL);
    }
    set_float(m, "ss_validation_split", job->validation_split);
    set_above(m, "ss_max_validation_steps", job->max_validation_steps, 0);
    set_above(m, "ss_validate_every_n_epochs", job->validate_every_n_epochs, 0);
    set_above(m, "ss_validate_every_n_steps", job->validate_every_n_steps, 0);
}

static void add_run(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    lk_metadata_set(m, "ss_output_name", job->output_name);
    set_text(m, "ss_resize_interpolation", lk_interpolation_name((LkInterpolation)job->resize_interpolation));
    set_int(m, "ss_num_train_images", (int64_t)f->dataset->train_images);
    set_int(m, "ss_num_reg_images", (int64_t)f->dataset->reg_images);
    set_int(m, "ss_num_batches_per_epoch", f->batches);
    set_int(m, "ss_num_epochs", f->epochs);
    set_int(m, "ss_epoch", f->epoch);
    set_int(m, "ss_steps", f->step);
    set_int(m, "ss_max_train_steps", f->steps);
    set_flag(m, "ss_gradient_checkpointing", job->gradient_checkpointing);
    set_flag(m, "ss_fp8_base", job->fp8_base || job->base_weights_precision == LK_BASE_FP8);
    set_flag(m, "ss_fp8_base_unet", job->fp8_base_unet);
    set_int(m, "ss_gradient_accumulation_steps", job->gradient_accumulation_steps);
    set_choice(m, "ss_mixed_precision", "mixed_precision", job->mixed_precision);
    set_above(m, "ss_clip_skip", job->clip_skip, 1);
    set_above(m, "ss_max_token_length", job->max_token_length, 75);
    set_int(m, "ss_seed", job->seed);
    set_float(m, "ss_caption_dropout_rate", job->caption_dropout_rate);
    set_int(m, "ss_caption_dropout_every_n_epochs", job->caption_dropout_every_n_epochs);
    set_float(m, "ss_caption_tag_dropout_rate", job->caption_tag_dropout_rate);
    set_text(m, "ss_training_comment", job->training_comment);
    g_autofree char *canonical = lk_job_canonical(job);
    lk_metadata_set(m, "lorikeet.job", canonical); /* all settings, so that the file tells how it was made */
    if (f->changes)
        lk_metadata_set(m, "lorikeet.changes", f->changes);
}

/* ------------------------------------------------------------------ modelspec.* */

/* A picture of at most 1 MB as a data: URL; NULL where it is none. */
static char *thumbnail_url(const char *path)
{
    enum { LARGEST = 1 << 20 };
    static const struct {
        const char *begins, *type;
    } types[] = {{"\x89PNG", "image/png"}, {"\xff\xd8\xff", "image/jpeg"}, {"RIFF", "image/webp"}};
    char *data;
    size_t size;
    if (path == NULL || !lk_file_read(path, LARGEST, &data, &size, NULL)) {
        return NULL;
    }
    char *url = NULL;
    for (size_t i = 0; url == NULL && i < G_N_ELEMENTS(types); i++) {
        if (g_str_has_prefix(data, types[i].begins)) {
            g_autofree char *base64 = g_base64_encode((const guchar *)data, size);
            url = g_strdup_printf("data:%s;base64,%s", types[i].type, base64);
        }
    }
    free(data);
    return url;
}

/* Stability AI's model metadata, 1.0.1: what is known and does not depend on the clock. */
static void add_modelspec(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    const struct Family *family = family_of(f);
    g_autofree char *thumbnail = thumbnail_url(job->metadata_thumbnail);
    const struct {
        const char *key, *value;
    } rows[] = {
        {"modelspec.sai_model_spec", "1.0.1"},
        {"modelspec.architecture", job->v_parameterization ? family->architecture_v : family->architecture},
        {"modelspec.implementation", family->implementation},
        {"modelspec.title", job->metadata_title != NULL ? job->metadata_title : job->output_name},
        {"modelspec.prediction_type", job->v_parameterization ? "v" : "epsilon"},
        {"modelspec.author", job->metadata_author},
        {"modelspec.description", job->metadata_description},
        {"modelspec.license", job->metadata_license},
        {"modelspec.tags", job->metadata_tags},
        {"modelspec.usage_hint", job->metadata_usage_hint},
        {"modelspec.thumbnail", thumbnail},
        {"modelspec.merged_from", job->metadata_merged_from},
        {"modelspec.preprocessor", job->metadata_preprocessor},
        {"modelspec.is_negative_embedding", job->metadata_is_negative_embedding},
        {"modelspec.trigger_phrase",
         job->metadata_trigger_phrase != NULL ? job->metadata_trigger_phrase : job->trigger_words},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].value != NULL) {
            lk_metadata_set(m, rows[i].key, rows[i].value);
        }
    }
    lk_metadata_setf(m, "modelspec.resolution", "%dx%d", job->resolution.width, job->resolution.height);
    if (job->min_timestep > 0 || job->max_timestep < 1000) {
        lk_metadata_setf(m, "modelspec.timestep_range", "%d,%d", job->min_timestep, job->max_timestep);
    }
    if (job->clip_skip > 1) {
        lk_metadata_setf(m, "modelspec.encoder_layer", "%d", job->clip_skip);
    }
}

LkMetadata *lk_training_metadata(const LkMetadataFacts *facts)
{
    LkMetadata *metadata = lk_metadata_new();
    add_network(metadata, facts);
    if (!facts->job->no_metadata) {
        add_run(metadata, facts);
        add_optimizer(metadata, facts->job);
        add_loss(metadata, facts->job);
        add_validation(metadata, facts);
        set_optional(metadata, "ss_network_dropout", facts->job->network.dropout);
        set_optional(metadata, "ss_scale_weight_norms", facts->job->scale_weight_norms);
        for (size_t i = 0; i < G_N_ELEMENTS(off); i++) {
            lk_metadata_set(metadata, off[i][0], off[i][1]);
        }
        lk_metadata_add_dataset(metadata, facts);
        add_model(metadata, facts);
    }
    add_modelspec(metadata, facts);
    return metadata;
}
