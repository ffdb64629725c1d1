/* What concerns several parameters at once, and the values that follow from others. */
#include "training/job.h"

#include "base/file.h"
#include "model/vae_tiles.h"
#include "training/job_value.h"
#include "training/sample_prompts.h"
#include "training/schedule.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One run of the checks. */
typedef struct Check {
    LkJob *job;
    GPtrArray *problems;
    bool failed;
} Check;

static int line_of(const LkJob *job, const char *key)
{
    return job->lines[lk_parameter_index(lk_parameter_find(key))];
}

/* A remark about the parameter `key`, with its value as it is now. */
G_GNUC_PRINTF(4, 5)
static void remark(Check *check, LkProblemKind kind, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *value = lk_job_get(check->job, lk_parameter_find(key));
    lk_problems_add(check->problems, kind, key, value, NULL, line_of(check->job, key), "%s", text);
    check->failed |= kind == LK_PROBLEM_ERROR;
}

#define ERROR   LK_PROBLEM_ERROR
#define WARNING LK_PROBLEM_WARNING
#define NOTE    LK_PROBLEM_NOTE

static void check_sources(Check *check)
{
    const LkJob *job = check->job;
    if (job->pretrained_model_name_or_path == NULL) {
        remark(
            check, ERROR, "pretrained_model_name_or_path",
            _("pretrained_model_name_or_path is missing. Name the base model: a .safetensors file, or a folder in the "
              "diffusers layout."));
    }
    if (job->train_data_dir == NULL && job->dataset_config == NULL) {
        remark(check, ERROR, "train_data_dir",
               _("train_data_dir is missing. Name the folder with the pictures, or a dataset file in dataset_config."));
    }
    if (job->train_data_dir != NULL && job->dataset_config != NULL) {
        remark(check, ERROR, "dataset_config",
               _("dataset_config and train_data_dir are both given, but only one can be used. Remove one of them."));
    }
}

static void check_names(Check *check)
{
    LkJob *job = check->job;
    if (!lk_job_is_given(job, "output_name")) {
        g_free(job->output_name);
        g_autofree char *base = job->path != NULL ? g_path_get_basename(job->path) : g_strdup("lora");
        char *dot = strrchr(base, '.');
        if (dot != NULL && dot != base) {
            *dot = '\0';
        }
        job->output_name = g_utf8_make_valid(base, -1);
    }
    const char *name = job->output_name;
    bool control = false;
    for (const char *c = name; *c != '\0'; c++) {
        control |= (unsigned char)*c < 32;
    }
    if (control || strchr(name, '/') != NULL || strchr(name, '\\') != NULL || name[0] == '.') {
        remark(check, ERROR, "output_name",
               _("output_name is %s, but must be a plain file name: without “/” and “\\”, not beginning with a dot. "
                 "The folder is output_dir."),
               name);
    } else if (strlen(name) > 200) {
        remark(check, ERROR, "output_name", _("output_name has %d bytes, but may have 200 at most."),
               (int)strlen(name));
    }
    if (job->caption_extension != NULL &&
        (job->caption_extension[0] != '.' || strchr(job->caption_extension, '/') != NULL)) {
        remark(check, ERROR, "caption_extension", _("caption_extension is %s, but must begin with a dot, as in .txt."),
               job->caption_extension);
    }
}

static void check_base_weights(Check *check)
{
    const LkJob *job = check->job;
    if (job->base_weights_precision == LK_BASE_INT8 && (job->fp8_base || job->fp8_base_unet)) {
        remark(check, ERROR, "base_weights_precision",
               _("base_weights_precision is int8, but %s asks for fp8. Remove one of them."),
               job->fp8_base ? "fp8_base" : "fp8_base_unet");
    }
}

static void check_tf32(Check *check)
{
    const LkJob *job = check->job;
    if (job->allow_tf32 && job->mixed_precision != LK_MIXED_NO) {
        remark(
            check, NOTE, "allow_tf32",
            _("allow_tf32 has no effect with mixed_precision = \"%s\", which is as fast by itself; it is for \"no\"."),
            job->mixed_precision == LK_MIXED_BF16 ? "bf16" : "fp16");
    }
}

static void check_sizes(Check *check)
{
    const LkJob *job = check->job;
    LkSize size = job->resolution;
    int shorter = MIN(size.width, size.height), longer = MAX(size.width, size.height);
    if (size.width % 8 != 0 || size.height % 8 != 0) {
        remark(check, ERROR, "resolution",
               _("resolution is %d×%d, but both sides must be multiples of 8; take multiples of 64, such as %d×%d."),
               size.width, size.height, MAX(64, (size.width + 32) / 64 * 64), MAX(64, (size.height + 32) / 64 * 64));
    } else if (!job->enable_bucket && (size.width % 64 != 0 || size.height % 64 != 0)) {
        remark(check, ERROR, "resolution",
               _("resolution is %d×%d, but without buckets both sides must be multiples of 64, such as %d×%d."),
               size.width, size.height, MAX(64, (size.width + 32) / 64 * 64), MAX(64, (size.height + 32) / 64 * 64));
    }
    if (job->bucket_reso_steps % 8 != 0) {
        remark(check, ERROR, "bucket_reso_steps",
               _("bucket_reso_steps is %d, but must be a multiple of 8; 64 is usual."), job->bucket_reso_steps);
    }
    if (job->min_bucket_reso > job->max_bucket_reso) {
        remark(check, ERROR, "min_bucket_reso",
               _("min_bucket_reso is %d and so above max_bucket_reso, which is %d. Exchange them."),
               job->min_bucket_reso, job->max_bucket_reso);
    } else if (job->enable_bucket && shorter < job->min_bucket_reso) {
        remark(check, ERROR, "min_bucket_reso",
               _("min_bucket_reso is %d, but must not be above the resolution's shorter side, which is %d."),
               job->min_bucket_reso, shorter);
    } else if (job->enable_bucket && longer > job->max_bucket_reso) {
        remark(check, ERROR, "max_bucket_reso",
               _("max_bucket_reso is %d, but must not be below the resolution's longer side, which is %d."),
               job->max_bucket_reso, longer);
    }
}

static void check_network(Check *check)
{
    LkJob *job = check->job;
    job->effective_alpha = job->network_alpha != 0 ? job->network_alpha : job->network_dim;
    job->unet_lr = lk_job_is_given(job, "unet_lr") ? job->unet_lr : job->learning_rate;
    job->text_encoder_lr = lk_job_is_given(job, "text_encoder_lr") ? job->text_encoder_lr : job->learning_rate;
    job->text_encoder_2_lr = lk_job_is_given(job, "text_encoder_2_lr") ? job->text_encoder_2_lr : job->text_encoder_lr;
    if (job->network_train_unet_only && job->network_train_text_encoder_only) {
        remark(
            check, ERROR, "network_train_text_encoder_only",
            _("network_train_unet_only and network_train_text_encoder_only exclude each other. Remove one of them."));
    } else if (!lk_job_trains_unet(job) && !lk_job_trains_text_encoder(job)) {
        remark(check, ERROR, "learning_rate",
               _("Nothing would be trained: the learning rate of every part is 0 or the part is left out. Set "
                 "learning_rate, for example to 0.0001."));
    }
    check->failed |= !lk_network_options_resolve(job, &job->network, check->problems);
    if (job->dim_from_weights && job->network_weights == NULL) {
        remark(check, ERROR, "dim_from_weights",
               _("dim_from_weights is true, but there is no LoRA to take the rank from. Name it in network_weights."));
    }
}

/* ------------------------------------------------------------------ optimizer */

/* What an optimizer that finds its own learning rate wants of the job's. */
static void check_found_rate(Check *check, const LkOptimizer *optimizer)
{
    const LkJob *job = check->job;
    bool unet = lk_job_trains_unet(job), text = lk_job_trains_text_encoder(job);
    bool first = text && job->text_encoder_lr > 0, second = text && job->text_encoder_2_lr > 0;
    if ((unet && first && job->unet_lr != job->text_encoder_lr) ||
        (unet && second && job->unet_lr != job->text_encoder_2_lr) ||
        (first && second && job->text_encoder_lr != job->text_encoder_2_lr)) {
        remark(check, ERROR, "text_encoder_lr",
               _("%s finds one learning rate for all parts, so unet_lr and text_encoder_lr must be equal, or one of "
                 "them 0."),
               optimizer->name);
    }
    if ((unet ? job->unet_lr : job->text_encoder_lr) <= 0.1) {
        remark(check, WARNING, "learning_rate",
               _("%s finds the learning rate by itself; learning_rate is a factor of it and should be about 1."),
               optimizer->name);
    }
}

static void check_optimizer(Check *check)
{
    LkJob *job = check->job;
    const LkOptimizer *optimizer = lk_optimizer((LkOptimizerType)job->optimizer_type);
    g_autofree char *problem = NULL;
    if (!lk_optimizer_read(optimizer, job->optimizer_args, &job->optimizer, &problem)) {
        remark(check, ERROR, "optimizer_args", "%s", problem);
    }
    if (optimizer->finds_rate) {
        check_found_rate(check, optimizer);
    }
    bool own = optimizer->averages || job->optimizer.relative_step;
    if (own && job->lr_scheduler != LK_LR_CONSTANT && job->lr_scheduler != LK_LR_ADAFACTOR) {
        remark(check, WARNING, "lr_scheduler", _("lr_scheduler is not used: %s chooses the size of its steps itself."),
               optimizer->name);
    }
    if (job->optimizer.relative_step && lk_job_is_given(job, "learning_rate")) {
        remark(check, NOTE, "learning_rate",
               _("learning_rate is not used: Adafactor with relative_step chooses the size of its steps itself."));
    }
    if (job->lr_scheduler == LK_LR_ADAFACTOR && !job->optimizer.relative_step) {
        remark(check, ERROR, "lr_scheduler",
               _("The schedule adafactor belongs to optimizer_type = \"Adafactor\" with relative_step. Choose another "
                 "one."));
    }
    if (job->ema_decay > 0 && optimizer->averages) {
        remark(check, ERROR, "ema_decay",
               _("ema_decay and the optimizer %s both average the weights. Set ema_decay to 0, or choose another "
                 "optimizer."),
               optimizer->name);
    }
}

/* ------------------------------------------------------------------ schedule and length */

static const char *scheduler_name(const LkJob *job)
{
    return lk_parameter_choice(lk_parameter_find("lr_scheduler"), job->lr_scheduler)->value;
}

/* Options that belong to some of the schedules, and what some need. */
static void check_schedule_options(Check *check)
{
    const LkJob *job = check->job;
    const int type = job->lr_scheduler;
    const bool waves = type == LK_LR_COSINE_WITH_RESTARTS || type == LK_LR_COSINE_WITH_MIN_LR;
    const bool stable = type == LK_LR_WARMUP_STABLE_DECAY;
    const struct {
        const char *key;
        bool idle;
        const char *owner;
    } rows[] = {
        {"lr_scheduler_num_cycles", job->lr_scheduler_num_cycles != 1 && !waves && !stable, "cosine_with_restarts"},
        {"lr_scheduler_power", job->lr_scheduler_power != 1 && type != LK_LR_POLYNOMIAL, "polynomial"},
        {"lr_decay_steps", job->lr_decay_steps != 0 && !stable, "warmup_stable_decay"},
        {"lr_scheduler_timescale", job->lr_scheduler_timescale != 0 && type != LK_LR_INVERSE_SQRT, "inverse_sqrt"},
        {"lr_scheduler_min_lr_ratio",
         job->lr_scheduler_min_lr_ratio != 0 && type != LK_LR_COSINE_WITH_MIN_LR && !stable, "cosine_with_min_lr"},
        {"lr_scheduler_args", job->lr_scheduler_args != NULL && type != LK_LR_PIECEWISE_CONSTANT, "piecewise_constant"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].idle) {
            remark(check, NOTE, rows[i].key, _("%s has no effect with the schedule %s; it belongs to %s."), rows[i].key,
                   scheduler_name(job), rows[i].owner);
        }
    }
    if (type == LK_LR_COSINE_WITH_MIN_LR && !lk_job_is_given(job, "lr_scheduler_min_lr_ratio")) {
        remark(check, ERROR, "lr_scheduler_min_lr_ratio",
               _("lr_scheduler_min_lr_ratio is missing; the schedule cosine_with_min_lr needs it. 0.1 is usual."));
    }
    const char *rules = lk_lr_schedule_of_job(job, 1).rules;
    if (type == LK_LR_PIECEWISE_CONSTANT && (rules == NULL || !lk_lr_rules_check(rules))) {
        remark(
            check, ERROR, "lr_scheduler_args",
            _("The schedule piecewise_constant needs lr_scheduler_args = [\"step_rules=1:100,0.1:200,0.01\"]: pairs of "
              "factor and step with rising steps, and the last factor."));
    }
}

static void check_schedule(Check *check)
{
    const LkJob *job = check->job;
    if (job->lr_warmup_steps > 0 && job->lr_scheduler == LK_LR_CONSTANT) {
        remark(check, ERROR, "lr_warmup_steps",
               _("lr_warmup_steps is given, but the schedule constant has no warm-up. Take constant_with_warmup, or "
                 "remove lr_warmup_steps."));
    } else if (job->max_train_epochs == 0 && job->lr_warmup_steps > job->max_train_steps) {
        remark(check, ERROR, "lr_warmup_steps",
               _("lr_warmup_steps is %.0f, more than the %d steps of the run, so the learning rate would never be "
                 "reached."),
               job->lr_warmup_steps, job->max_train_steps);
    }
    check_schedule_options(check);
    if (job->max_train_epochs > 0 && lk_job_is_given(job, "max_train_steps")) {
        remark(check, WARNING, "max_train_steps",
               _("max_train_steps is not used, because max_train_epochs is given as well and goes before it."));
    }
    if (job->min_timestep >= job->max_timestep) {
        remark(check, ERROR, "min_timestep", _("min_timestep is %d, but must be below max_timestep, which is %d."),
               job->min_timestep, job->max_timestep);
    }
}

/* Options that do nothing without another one. */
static void check_idle_loss(Check *check)
{
    const LkJob *job = check->job;
    bool huber = job->loss_type == LK_LOSS_HUBER || job->loss_type == LK_LOSS_SMOOTH_L1;
    const struct {
        const char *key;
        bool idle;
        const char *needs;
    } rows[] = {
        {"noise_offset_random_strength", job->noise_offset_random_strength && job->noise_offset == 0, "noise_offset"},
        {"adaptive_noise_scale", job->adaptive_noise_scale != 0 && job->noise_offset == 0, "noise_offset"},
        {"ip_noise_gamma_random_strength", job->ip_noise_gamma_random_strength && job->ip_noise_gamma == 0,
         "ip_noise_gamma"},
        {"huber_schedule", job->huber_schedule != LK_HUBER_SNR && !huber, "loss_type = \"huber\""},
        {"huber_c", job->huber_c != 0.1 && !huber, "loss_type = \"huber\""},
        {"huber_scale", job->huber_scale != 1 && huber && job->huber_schedule == LK_HUBER_SNR,
         "huber_schedule = \"constant\""},
        {"conditioning_data_dir", job->conditioning_data_dir && !job->masked_loss, "masked_loss"},
        {"prior_loss_weight", job->prior_loss_weight != 1 && !job->reg_data_dir && !job->dataset_config,
         "reg_data_dir"},
        {"augment_variations",
         job->augment_variations != 8 && !job->color_aug && !job->random_crop && !job->dataset_config, "color_aug"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].idle) {
            remark(check, WARNING, rows[i].key, _("%s does nothing without %s. Set that too, or remove it."),
                   rows[i].key, rows[i].needs);
        }
    }
    if (job->masked_loss && !job->conditioning_data_dir && !job->alpha_mask && !job->dataset_config) {
        remark(
            check, WARNING, "masked_loss",
            _("masked_loss does nothing without masks. Name their folder in conditioning_data_dir, or set alpha_mask "
              "to use the pictures' transparency."));
    }
}

static void check_validation(Check *check)
{
    const LkJob *job = check->job;
    const char *const keys[] = {"validate_every_n_epochs", "validate_every_n_steps", "max_validation_steps"};
    const int values[] = {job->validate_every_n_epochs, job->validate_every_n_steps, job->max_validation_steps};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (values[i] > 0 && job->validation_split == 0 && job->validation_data_dir == NULL &&
            job->dataset_config == NULL) {
            remark(check, WARNING, keys[i], _("%s does nothing without %s. Set that too, or remove it."), keys[i],
                   "validation_split");
        }
    }
}

static void check_tiles(Check *check)
{
    int side = check->job->vae_tile_size;
    if (side % LK_TILE_GRAIN)
        remark(check, ERROR, "vae_tile_size", _("vae_tile_size is %d, but must be a multiple of %d, such as %d."), side,
               LK_TILE_GRAIN, (side + LK_TILE_GRAIN / 2) / LK_TILE_GRAIN * LK_TILE_GRAIN);
}

static void check_loss(Check *check)
{
    check_validation(check);
    check_tiles(check);
    const LkJob *job = check->job;
    check_idle_loss(check);
    if (job->scale_v_pred_loss_like_noise_pred && !job->v_parameterization) {
        remark(check, ERROR, "scale_v_pred_loss_like_noise_pred",
               _("scale_v_pred_loss_like_noise_pred is only for v-prediction models. Remove it, or set "
                 "v_parameterization if the base model is one."));
    }
    if (job->v_pred_like_loss > 0 && job->v_parameterization) {
        remark(
            check, ERROR, "v_pred_like_loss",
            _("v_pred_like_loss is not for v-prediction models, and v_parameterization is set. Remove one of them."));
    }
    if (job->zero_terminal_snr && !job->v_parameterization) {
        remark(check, WARNING, "zero_terminal_snr",
               _("zero_terminal_snr is meant for v-prediction models; without v_parameterization the last timesteps "
                 "teach nothing."));
    }
    if (job->min_snr_gamma > 0 && job->debiased_estimation_loss) {
        remark(
            check, WARNING, "min_snr_gamma",
            _("min_snr_gamma and debiased_estimation_loss both weight the timesteps; together they are too strong."));
    }
}

/* ------------------------------------------------------------------ saving and samples */

static void check_saving(Check *check)
{
    const LkJob *job = check->job;
    bool saves_epochs = job->save_every_n_epochs > 0 || job->save_n_epoch_ratio > 0;
    const struct {
        const char *key;
        bool idle;
        const char *needs;
    } rows[] = {
        {"save_last_n_epochs", job->save_last_n_epochs > 0 && !saves_epochs, "save_every_n_epochs"},
        {"save_last_n_steps", job->save_last_n_steps > 0 && job->save_every_n_steps == 0, "save_every_n_steps"},
        {"save_state", job->save_state && !saves_epochs && job->save_every_n_steps == 0, "save_every_n_epochs"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].idle) {
            remark(check, WARNING, rows[i].key, _("%s does nothing without %s. Set that too, or remove it."),
                   rows[i].key, rows[i].needs);
        }
    }
    if (job->save_every_n_epochs > 0 && job->save_n_epoch_ratio > 0) {
        remark(check, WARNING, "save_every_n_epochs",
               _("save_every_n_epochs is not used, because save_n_epoch_ratio is given as well and goes before it."));
    }
}

static void check_samples(Check *check)
{
    const LkJob *job = check->job;
    bool wanted = job->sample_every_n_epochs > 0 || job->sample_every_n_steps > 0 || job->sample_at_first;
    bool prompts = job->sample_prompts.file != NULL || job->sample_prompts.lines != NULL;
    if (wanted && !prompts) {
        remark(check, ERROR, "sample_prompts",
               _("Samples are asked for, but sample_prompts is missing. Give a text file or a list of prompts."));
    } else if (prompts && !wanted) {
        remark(check, WARNING, "sample_prompts",
               _("sample_prompts is given, but no sample will be made. Set sample_every_n_epochs, "
                 "sample_every_n_steps or sample_at_first."));
    }
    if (job->sample_every_n_epochs > 0 && job->sample_every_n_steps > 0) {
        remark(check, WARNING, "sample_every_n_steps",
               _("sample_every_n_steps is not used, because sample_every_n_epochs is given and goes before it."));
    }
    if (job->sample_prompts.lines != NULL) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) parsed =
            lk_sample_prompts_parse_lines(job->sample_prompts.lines, "sample_prompts", &error);
        if (parsed == NULL) {
            remark(check, ERROR, "sample_prompts", "%s", error->message);
        }
    }
}

bool lk_job_check(LkJob *job, GPtrArray *problems)
{
    static void (*const checks[])(Check *) = {
        check_sources,   check_names,    check_sizes, check_base_weights, check_tf32,    check_network,
        check_optimizer, check_schedule, check_loss,  check_saving,       check_samples,
    };
    Check check = {job, problems, false};
    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        checks[i](&check);
    }
    return !check.failed;
}

bool lk_job_trains_unet(const LkJob *job)
{
    return !job->network_train_text_encoder_only && job->unet_lr > 0;
}

bool lk_job_trains_text(const LkJob *job, int text)
{
    return !job->network_train_unet_only && (text == 0 ? job->text_encoder_lr : job->text_encoder_2_lr) > 0;
}

bool lk_job_trains_text_encoder(const LkJob *job)
{
    return lk_job_trains_text(job, 0) || lk_job_trains_text(job, 1);
}

/* ------------------------------------------------------------------ files */

static void check_file(Check *check, const char *key, const char *path)
{
    if (path == NULL || g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return;
    }
    g_autofree char *shown = g_filename_display_name(path);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        remark(check, ERROR, key, _("%s is the folder %s, but must be a file."), key, shown);
    } else {
        remark(check, ERROR, key, _("%s is %s, but there is no such file."), key, shown);
    }
}

static void check_folder(Check *check, const char *key, const char *path)
{
    if (path != NULL && !g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_autofree char *shown = g_filename_display_name(path);
        remark(check, ERROR, key, _("%s is %s, but there is no such folder."), key, shown);
    }
}

/* A file, or a folder in the diffusers layout. */
static void check_vae(Check *check)
{
    const char *path = check->job->vae;
    if (path != NULL && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_autofree char *shown = g_filename_display_name(path);
        remark(check, ERROR, "vae", _("vae is %s, but there is no such file."), shown);
    }
}

static void check_model_file(Check *check)
{
    const char *path = check->job->pretrained_model_name_or_path;
    if (path != NULL && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_autofree char *shown = g_filename_display_name(path);
        remark(check, ERROR, "pretrained_model_name_or_path",
               _("pretrained_model_name_or_path is %s, but there is no such file. Models are never downloaded; name a "
                 ".safetensors file on this computer."),
               shown);
    }
}

/* What the metadata can hold: see metadata.c. */
static void check_thumbnail(Check *check)
{
    enum { LARGEST = 1 << 20 };
    static const char *const begins[] = {"\x89PNG", "\xff\xd8\xff", "RIFF"};
    const char *path = check->job->metadata_thumbnail;
    char *data;
    size_t size;
    check_file(check, "metadata_thumbnail", path);
    if (path == NULL || !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return;
    }
    LkError problem = {0};
    if (!lk_file_read(path, LARGEST, &data, &size, &problem)) {
        remark(check, ERROR, "metadata_thumbnail",
               _("metadata_thumbnail cannot be stored: %s A thumbnail may have 1 MB at most."), problem.text);
        return;
    }
    bool picture = false;
    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        picture |= g_str_has_prefix(data, begins[i]);
    }
    free(data);
    if (!picture) {
        remark(check, ERROR, "metadata_thumbnail",
               _("metadata_thumbnail is not a PNG, JPEG or WebP picture; no other can be stored in a LoRA."));
    }
}

bool lk_job_check_files(const LkJob *job, GPtrArray *problems)
{
    Check check = {(LkJob *)(uintptr_t)job, problems, false};
    check_model_file(&check);
    check_vae(&check);
    check_folder(&check, "train_data_dir", job->train_data_dir);
    check_folder(&check, "reg_data_dir", job->reg_data_dir);
    check_folder(&check, "validation_data_dir", job->validation_data_dir);
    check_folder(&check, "conditioning_data_dir", job->conditioning_data_dir);
    check_file(&check, "dataset_config", job->dataset_config);
    check_file(&check, "network_weights", job->network_weights);
    check_thumbnail(&check);
    if (g_file_test(job->output_dir, G_FILE_TEST_EXISTS) && !g_file_test(job->output_dir, G_FILE_TEST_IS_DIR)) {
        g_autofree char *shown = g_filename_display_name(job->output_dir);
        remark(&check, ERROR, "output_dir", _("output_dir is %s, which is a file and not a folder."), shown);
    }
    if (job->sample_prompts.file != NULL) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) parsed = lk_sample_prompts_read(job->sample_prompts.file, &error);
        if (parsed == NULL) {
            remark(&check, ERROR, "sample_prompts", "%s", error->message);
        }
    }
    return !check.failed;
}
