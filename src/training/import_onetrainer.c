/* OneTrainer: presets and saved configurations (modules/util/config/TrainConfig.py). A preset holds only what differs
 * from the program's defaults, so those that are not ours are implied. */
#include "training/import_private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ what is trained */

static LkImportAnswer model_type(LkImporter *self, const LkImportItem *item)
{
    static const char *const same[] = {"STABLE_DIFFUSION_15",
                                       "STABLE_DIFFUSION_20",
                                       "STABLE_DIFFUSION_20_BASE",
                                       "STABLE_DIFFUSION_21",
                                       "STABLE_DIFFUSION_21_BASE",
                                       "STABLE_DIFFUSION_XL_10_BASE",
                                       NULL};
    return item->values[0] && g_strv_contains(same, item->values[0])
               ? (LkImportAnswer){0}
               : lk_import_refused(_("It is for another family of models; the values may not suit this one."));
}

static LkImportAnswer method(LkImporter *self, const LkImportItem *item)
{
    return g_strcmp0(item->values[0], "LORA") == 0
               ? (LkImportAnswer){0}
               : lk_import_refused(_("It does not train a LoRA there; here a LoRA takes its place, which wants other "
                                     "learning rates."));
}

/* A comma stands between several resolutions; one that is no square is written 512x768. */
static LkImportAnswer resolution(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0], *comma = text != NULL ? strchr(text, ',') : NULL;
    if (comma == NULL) {
        return lk_import_resolution(self, item);
    }
    return lk_import_changed(g_strndup(text, (gsize)(comma - text)),
                             _("Several resolutions at once are not supported yet; the first one is taken."));
}

/* "train" of one part is our "only" of the other. */
static LkImportAnswer not_trained(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? lk_import_as("true") : (LkImportAnswer){0};
}

/* Without a number nothing is clipped. */
static LkImportAnswer clip(LkImporter *self, const LkImportItem *item)
{
    return lk_import_as(item->values[0] != NULL ? item->values[0] : "0");
}

static LkImportAnswer masks(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_changed(g_strdup("true"),
                                   _("Masks belong to the project's pictures here; how much is learned "
                                     "outside them is their grey."));
}

/* 30 epochs by default: a run that is longer trains it all the time here. */
static LkImportAnswer stop_after(LkImporter *self, const LkImportItem *item)
{
    const char *unit = lk_import_text_or(self, "text_encoder.stop_training_after_unit", "NEVER");
    double epochs = lk_import_number(self, "epochs", 100);
    bool never =
        strcmp(unit, "NEVER") == 0 || !strcmp(lk_import_text_or(self, "text_encoder.train", "true"), "false") ||
        (strcmp(unit, "EPOCH") == 0 && lk_import_number(self, "text_encoder.stop_training_after", 0) >= epochs);
    return never || lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_refused(
                     _("The text encoder cannot be stopped on the way yet. Give it a lower learning rate, "
                       "or none."));
}

static LkImportAnswer layer_skip(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    return (LkImportAnswer){.value = g_strdup_printf("%.0f", lk_import_number(self, "text_encoder_layer_skip", 0) + 1)};
}

/* ------------------------------------------------------------------ rates and schedule */

static bool has_warmup(LkImporter *self)
{
    return lk_import_number(self, "learning_rate_warmup_steps", 200) > 0;
}

/* Their schedules all begin with the warm-up. */
static LkImportAnswer scheduler(LkImporter *self, const LkImportItem *item)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {{"LINEAR", "linear"}, {"COSINE", "cosine"}, {"COSINE_WITH_HARD_RESTARTS", "cosine_with_restarts"}};
    const char *text = item->values[0] != NULL ? item->values[0] : "CONSTANT";
    if (strcmp(text, "COSINE") == 0 && lk_import_is_true(self, "learning_rate_min_factor")) {
        return lk_import_as("cosine_with_min_lr");
    }
    if (strcmp(text, "ADAFACTOR") == 0) {
        return lk_import_as("adafactor");
    }
    if (strcmp(text, "CONSTANT") == 0) {
        return lk_import_as(has_warmup(self) ? "constant_with_warmup" : "constant");
    }
    if (strcmp(text, "COSINE_WITH_RESTARTS") == 0) {
        return lk_import_changed(g_strdup("cosine_with_restarts"),
                                 _("The rate jumps back at a restart here; there it rises again slowly."));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i].theirs) == 0) {
            return lk_import_as(names[i].ours);
        }
    }
    return lk_import_changed(g_strdup("cosine"), _("This schedule is not supported yet; cosine takes its place."));
}

/* The share that is left of the rate at the end. */
static LkImportAnswer min_factor(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    return strcmp(lk_import_text_or(self, "learning_rate_scheduler", "CONSTANT"), "COSINE") == 0
               ? lk_import_as(item->values[0])
               : lk_import_refused(_("Only the schedules cosine and “warm-up, stable, decay” end at a lowest rate."));
}

static LkImportAnswer cycles(LkImporter *self, const LkImportItem *item)
{
    bool restarts = strstr(lk_import_text_or(self, "learning_rate_scheduler", ""), "RESTARTS") != NULL;
    return restarts ? lk_import_as(item->values[0]) : (LkImportAnswer){0};
}

/* ------------------------------------------------------------------ optimizer */

/* Settings of the same object. An SGD of theirs has no momentum unless told. */
static void take_optimizer_options(LkImporter *self)
{
    static const char *const sgd[][2] = {{"momentum", "0"}, {"nesterov", "False"}, {NULL}};
    static const char *const schedule_free[][2] = {{"weight_decay", "0.01"}, {NULL}};
    const char *name = lk_import_text(self, "optimizer.optimizer");
    const LkImportOptions options = {.prefix = "optimizer.",
                                     .optimizer = name != NULL ? name : lk_import_text(self, "optimizer"),
                                     .implied = g_strcmp0(name, "SGD") == 0                   ? sgd
                                                : g_strcmp0(name, "SCHEDULE_FREE_ADAMW") == 0 ? schedule_free
                                                                                              : NULL};
    LkImportItem *item = lk_import_find(self, "optimizer.optimizer");
    if (item != NULL) {
        lk_import_take(self, item, item->path, "optimizer_type", lk_import_optimizer(self, item));
    }
    lk_import_optimizer_options(self, &options);
}

/* ------------------------------------------------------------------ memory */

/* A word in older files, a truth value in newer ones. */
static LkImportAnswer checkpointing(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0] != NULL ? item->values[0] : "true";
    if (strcmp(text, "CPU_OFFLOADED") == 0) {
        return lk_import_changed(g_strdup("true"), _("Activations are computed again; they are not moved to the "
                                                     "computer's memory."));
    }
    bool on = strcmp(text, "ON") == 0 || strcmp(text, "true") == 0;
    return lk_import_as(on ? "true" : "false");
}

/* The type in which the U-Net's weights are kept; those of 16 bits follow the precision. */
static LkImportAnswer weight_type(LkImporter *self, const LkImportItem *item)
{
    static const struct {
        const char *theirs, *ours;
        bool other;
    } types[] = {{"FLOAT_8", "fp8"},         {"FLOAT_W8A8", "fp8", true}, {"INT_8", "int8"},
                 {"INT_W8A8", "int8", true}, {"NFLOAT_4", "int8", true},  {"GGUF", "int8", true}};
    const char *text = item->values[0];
    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(types); i++) {
        if (g_str_has_prefix(text, types[i].theirs)) {
            return types[i].other ? lk_import_changed(g_strdup(types[i].ours),
                                                      _("Weights are kept in 8 bits and computed with in 16 or 32."))
                                  : lk_import_as(types[i].ours);
        }
    }
    return (LkImportAnswer){0};
}

/* A share of the layers that waits in the computer's memory; how many is found out here. */
static LkImportAnswer offload(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_changed(g_strdup("auto"), _("As many weights as necessary wait in the computer's memory."));
}

/* ------------------------------------------------------------------ loss and noise */

static LkImportAnswer weighting(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0] != NULL ? item->values[0] : "CONSTANT";
    return strcmp(text, "CONSTANT") == 0 || strcmp(text, "MIN_SNR_GAMMA") == 0 ||
                   strcmp(text, "DEBIASED_ESTIMATION") == 0
               ? (LkImportAnswer){0}
               : lk_import_refused(_("This weighting of the loss is not supported yet."));
}

/* The strength belongs to the weighting beside it. */
static void take_weighting(LkImporter *self)
{
    const char *text = lk_import_text_or(self, "loss_weight_fn", "CONSTANT");
    LkImportItem *item = lk_import_find(self, "loss_weight_fn");
    LkImportItem *strength = lk_import_find(self, "loss_weight_strength");
    if (strcmp(text, "MIN_SNR_GAMMA") == 0) {
        lk_import_take(self, item, item->path, "min_snr_gamma",
                       lk_import_as(lk_import_text_or(self, "loss_weight_strength", "5")));
    } else if (strcmp(text, "DEBIASED_ESTIMATION") == 0) {
        lk_import_take(self, item, item->path, "debiased_estimation_loss", lk_import_as("true"));
    }
    if (strength != NULL && strcmp(text, "MIN_SNR_GAMMA") == 0) {
        lk_import_along(self, strength);
    }
}

/* The mean distance alone is a loss of ours, and so is nearly Huber's; a mixture of several is not. */
static void take_loss(LkImporter *self)
{
    static const char *const names[] = {"mse_strength", "mae_strength", "huber_strength", "log_cosh_strength"};
    static const char *const ours[] = {NULL, "l1", "huber", NULL};
    double strengths[G_N_ELEMENTS(names)];
    size_t used = 0, last = 0, odd = 0; /* how many there are, one of them, and the first that is not as usual */
    for (size_t i = G_N_ELEMENTS(names); i-- > 0;) {
        strengths[i] = lk_import_number(self, names[i], i == 0);
        used += strengths[i] != 0;
        last = strengths[i] != 0 ? i : last;
        odd = strengths[i] != (i == 0) ? i : odd;
    }
    LkImportItem *item = lk_import_find(self, names[used == 1 ? last : odd]);
    if (used == 1 && ours[last] != NULL) {
        bool huber = strcmp(ours[last], "huber") == 0;
        LkImportAnswer answer = {.value = g_strdup(ours[last])};
        answer.why = huber ? g_strdup(_("A smooth form of Huber's loss takes its place.")) : NULL;
        lk_import_take(self, item, item->path, "loss_type", answer);
        if (huber) {
            LkImportItem *delta = lk_import_find(self, "huber_delta");
            lk_import_take(self, delta, "huber_delta", "huber_c", lk_import_as(delta != NULL ? delta->values[0] : "1"));
            lk_import_take(self, delta, "huber_delta", "huber_schedule", lk_import_as("constant"));
        }
    } else if (used != 1 || last != 0) {
        lk_import_take(self, item, names[odd], NULL,
                       lk_import_refused(_("Losses cannot be mixed here; the mean square takes their place.")));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        LkImportItem *other = lk_import_find(self, names[i]);
        bool mixed = used != 1 || ours[last] == NULL;
        if (other != NULL && !other->used && strengths[i] != (i == 0) && mixed && strengths[i] != 0) {
            lk_import_along(self, other);
        }
    }
}

/* "OFF", or where the average is kept ("GPU", "CPU"), which is always the device here. */
static LkImportAnswer ema(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    bool off = text == NULL || g_ascii_strcasecmp(text, "OFF") == 0;
    return off ? (LkImportAnswer){0} : lk_import_as(lk_import_text_or(self, "ema_decay", "0.999"));
}

/* A share of the 1000 timesteps. */
static LkImportAnswer timestep(LkImporter *self, const LkImportItem *item)
{
    double share = lk_import_number(self, item->path, NAN);
    bool whole = share == (strstr(item->path, "max_") != NULL ? 1 : 0);
    return isnan(share) || whole ? (LkImportAnswer){0}
                                 : (LkImportAnswer){.value = g_strdup_printf("%.0f", share * 1000)};
}

/* ------------------------------------------------------------------ saving and samples */

/* "every 2 EPOCH" becomes one of two parameters. */
static void take_interval(LkImporter *self, const char *number, const char *unit, const char *default_number,
                          const char *default_unit, const char *epochs_key, const char *steps_key)
{
    LkImportItem *item = lk_import_find(self, number), *unit_item = lk_import_find(self, unit);
    const char *every = lk_import_text_or(self, number, default_number),
               *what = lk_import_text_or(self, unit, default_unit);
    LkImportItem *line = item != NULL ? item : unit_item;
    if (line == NULL) {
        return;
    }
    if (strcmp(what, "EPOCH") == 0 || strcmp(what, "STEP") == 0) {
        lk_import_take(self, line, line->path, what[0] == 'E' ? epochs_key : steps_key, lk_import_as(every));
    } else if (strcmp(what, "NEVER") == 0) {
        lk_import_leave(self, line, N_("It is off or unset."));
    } else {
        lk_import_take(self, line, line->path, NULL,
                       lk_import_refused(_("Intervals are counted in epochs or steps here. Choose one of them.")));
    }
    if (unit_item != NULL && !unit_item->used) {
        lk_import_along(self, unit_item);
    }
}

static LkImportAnswer output_name(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    g_autofree char *plain = g_strdelimit(g_strdup(item->values[0]), "\\", '/');
    g_autofree char *name = g_path_get_basename(plain);
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    return lk_import_as(name);
}

/* The sample pictures that a whole configuration holds, as prompt lines. */
static void take_samples(LkImporter *self)
{
    static const char *const options[][2] = {
        {"width", "w"}, {"height", "h"}, {"diffusion_steps", "s"}, {"cfg_scale", "l"}};
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    LkImportItem *first = NULL;
    for (int i = 0; i < 1000; i++) {
        g_autofree char *base = g_strdup_printf("samples[%d].", i), *path = g_strconcat(base, "prompt", NULL);
        const char *prompt = lk_import_text(self, path);
        if (prompt == NULL) {
            break;
        }
        first = first != NULL ? first : lk_import_find(self, path);
        GString *line = g_string_new(prompt);
        g_strdelimit(line->str, "\n\r", ' ');
        for (size_t j = 0; j < G_N_ELEMENTS(options); j++) {
            g_autofree char *option = g_strconcat(base, options[j][0], NULL);
            double number = lk_import_number(self, option, 0);
            if (number > 0) {
                g_string_append_printf(line, " --%s %g", options[j][1], number);
            }
        }
        g_autofree char *seed = g_strconcat(base, "seed", NULL), *negative = g_strconcat(base, "negative_prompt", NULL);
        g_autofree char *random = g_strconcat(base, "random_seed", NULL);
        if (lk_import_text(self, seed) != NULL && !lk_import_is_true(self, random)) {
            g_string_append_printf(line, " --d %s", lk_import_text(self, seed));
        }
        if (lk_import_is_true(self, negative)) {
            g_string_append_printf(line, " --n %s", lk_import_text(self, negative));
        }
        g_ptr_array_add(lines, g_string_free_and_steal(line));
    }
    if (first != NULL) {
        g_ptr_array_add(lines, NULL);
        g_autofree char *text = g_strjoinv("\n", (char **)lines->pdata);
        lk_import_take(self, first, "samples", "sample_prompts", lk_import_as(text));
    }
    lk_import_pass_over(self, "samples[", N_("It is part of the sample prompts, or not used for them."));
}

/* ------------------------------------------------------------------ concepts */

/* Options of the first concept that are the job's here. */
static const LkImportRule concept_rules[] = {
    {.path = "concepts[0].text.enable_tag_shuffling", .key = "shuffle_caption"},
    {.path = "concepts[0].text.keep_tags_count", .key = "keep_tokens"},
    {.path = "concepts[0].image.enable_random_flip", .key = "flip_aug"},
};

static void take_concepts(LkImporter *self)
{
    lk_import_apply(self, concept_rules, G_N_ELEMENTS(concept_rules));
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        if (g_str_has_prefix(item->path, "concepts[") && g_str_has_suffix(item->path, "].path")) {
            lk_import_take(self, item, item->path, NULL, lk_import_pictures(self, item));
        }
    }
    lk_import_pass_over(self, "concepts[", N_("Pictures belong to the project: add the folder on the page Dataset."));
}

/* ------------------------------------------------------------------ all of it */

static const LkImportRule rules[] = {
    {.path = "training_method", .convert = method},
    {.path = "model_type", .convert = model_type},
    {.path = "base_model_name", .key = "pretrained_model_name_or_path", .convert = lk_import_model},
    {.path = "vae.model_name", .key = "vae", .convert = lk_import_model},
    {.path = "resolution", .key = "resolution", .convert = resolution},
    {.path = "aspect_ratio_bucketing", .key = "enable_bucket", .implied = "true"},
    {.path = "batch_size", .key = "train_batch_size"},
    {.path = "gradient_accumulation_steps", .key = "gradient_accumulation_steps"},
    {.path = "epochs", .key = "max_train_epochs", .implied = "100"},
    {.path = "learning_rate", .key = "learning_rate", .convert = lk_import_rate, .implied = "3e-6"},
    {.path = "unet.learning_rate", .key = "unet_lr", .convert = lk_import_rate},
    {.path = "text_encoder.learning_rate", .key = "text_encoder_lr", .convert = lk_import_rate},
    {.path = "text_encoder_2.learning_rate", .key = "text_encoder_2_lr", .convert = lk_import_rate},
    {.path = "unet.train", .key = "network_train_text_encoder_only", .convert = not_trained},
    {.path = "text_encoder.stop_training_after", .convert = stop_after},
    {.path = "text_encoder_layer_skip", .key = "clip_skip", .convert = layer_skip},
    {.path = "learning_rate_scheduler", .key = "lr_scheduler", .convert = scheduler, .implied = "constant_with_warmup"},
    {.path = "learning_rate_warmup_steps", .key = "lr_warmup_steps", .implied = "200"},
    {.path = "learning_rate_cycles", .key = "lr_scheduler_num_cycles", .convert = cycles},
    {.path = "learning_rate_min_factor", .key = "lr_scheduler_min_lr_ratio", .convert = min_factor},
    {.path = "learning_rate_scaler",
     .idle = "NONE",
     .why = N_("The learning rate is taken as it is, without scaling.")},
    {.path = "optimizer", .key = "optimizer_type", .convert = lk_import_optimizer}, /* older files */
    {.path = "clip_grad_norm", .key = "max_grad_norm", .convert = clip},
    {.path = "train_dtype", .key = "mixed_precision", .convert = lk_import_precision, .implied = "fp16"},
    {.path = "gradient_checkpointing", .key = "gradient_checkpointing", .convert = checkpointing},
    {.path = "unet.gradient_checkpointing",
     .key = "gradient_checkpointing",
     .convert = checkpointing,
     .implied = "true"},
    {.path = "unet.weight_dtype", .key = "base_weights_precision", .convert = weight_type},
    {.path = "unet.offload_fraction", .key = "offload_base_weights", .convert = offload},
    {.path = "layer_offload_fraction", .key = "offload_base_weights", .convert = offload},
    {.path = "lora_alpha", .key = "network_alpha", .implied = "1"},
    {.path = "lora_model_name", .key = "network_weights", .convert = lk_import_lora},
    {.path = "text_encoder.dropout_probability", .key = "caption_dropout_rate"},
    {.path = "offset_noise_weight", .key = "noise_offset"},
    {.path = "generalized_offset_noise", .why = N_("The noise offset is the same at all timesteps here.")},
    {.path = "perturbation_noise_weight",
     .why = N_("More noise that is to be predicted too is not supported; “Input Perturbation” is noise that is not.")},
    {.path = "rescale_noise_scheduler_to_zero_terminal_snr", .key = "zero_terminal_snr"},
    {.path = "force_v_prediction", .key = "v_parameterization"},
    {.path = "min_noising_strength", .key = "min_timestep", .convert = timestep},
    {.path = "max_noising_strength", .key = "max_timestep", .convert = timestep},
    {.path = "timestep_distribution", .idle = "UNIFORM", .why = N_("Timesteps are always drawn evenly.")},
    {.path = "loss_weight_fn", .convert = weighting},
    {.path = "ema", .key = "ema_decay", .convert = ema},
    {.path = "masked_training", .key = "masked_loss", .convert = masks},
    {.path = "output_dtype", .key = "save_precision", .convert = lk_import_precision},
    {.path = "output_model_destination", .key = "output_name", .convert = output_name},
    {.path = "sample_definition_file_name",
     .idle = "training_samples/samples.json",
     .why = N_("The prompts are in a file of their own. Write them into the sample prompts.")},
    {.path = "validation",
     .why = N_("Pictures to measure with are a share of all here, not folders of their own: see “Validation Share”.")},
};

/* What says how the program works inside, looks or reports, and what counts only with settings that are reported. */
static const struct {
    const char *prefix, *why;
} passed_over[] = {
    {"__version", LK_IMPORT_OF_THE_PROGRAM},
    {"debug_", LK_IMPORT_OF_THE_PROGRAM},
    {"workspace_dir", LK_IMPORT_OF_THE_PROGRAM},
    {"cache_dir", LK_IMPORT_OF_THE_PROGRAM},
    {"tensorboard", LK_IMPORT_OF_THE_PROGRAM},
    {"validate_", LK_IMPORT_WITH_ANOTHER},
    {"continue_last_backup", LK_IMPORT_OF_THE_PROGRAM},
    {"include_train_config", LK_IMPORT_OF_THE_PROGRAM},
    {"prevent_overwrites", LK_IMPORT_OF_THE_PROGRAM},
    {"device_indexes", LK_IMPORT_OF_THE_PROGRAM},
    {"gradient_reduce", LK_IMPORT_OF_THE_PROGRAM},
    {"fused_gradient_reduce", LK_IMPORT_OF_THE_PROGRAM},
    {"async_", LK_IMPORT_OF_THE_PROGRAM},
    {"output_model_format", LK_IMPORT_OF_THE_PROGRAM},
    {"enable_", LK_IMPORT_OF_THE_PROGRAM},
    {"compile", LK_IMPORT_OF_THE_PROGRAM},
    {"concept_file_name", LK_IMPORT_OF_THE_PROGRAM},
    {"image_caching", LK_IMPORT_OF_THE_PROGRAM},
    {"text_caching", LK_IMPORT_OF_THE_PROGRAM},
    {"latent_caching", LK_IMPORT_OF_THE_PROGRAM},
    {"clear_cache", LK_IMPORT_OF_THE_PROGRAM},
    {"scheduler_params", LK_IMPORT_WITH_ANOTHER},
    {"custom_learning_rate", LK_IMPORT_WITH_ANOTHER},
    {"ema_", LK_IMPORT_WITH_ANOTHER},
    {"dataloader_threads", LK_IMPORT_OF_THE_PROGRAM},
    {"caching_threads", LK_IMPORT_OF_THE_PROGRAM},
    {"prefetch_", LK_IMPORT_OF_THE_PROGRAM},
    {"train_device", LK_IMPORT_OF_THE_PROGRAM},
    {"temp_device", LK_IMPORT_OF_THE_PROGRAM},
    {"fallback_train_dtype", LK_IMPORT_OF_THE_PROGRAM},
    {"only_cache", LK_IMPORT_OF_THE_PROGRAM},
    {"frames", LK_IMPORT_OF_A_FAMILY},
    {"attention_mechanism", LK_IMPORT_OF_THE_PROGRAM},
    {"huber_delta", LK_IMPORT_WITH_ANOTHER},
    {"vb_loss_strength", LK_IMPORT_WITH_ANOTHER},
    {"loss_scaler", LK_IMPORT_OF_THE_PROGRAM},
    {"noising_", LK_IMPORT_WITH_ANOTHER},
    {"timestep_shift", LK_IMPORT_OF_A_FAMILY},
    {"unet.", LK_IMPORT_OF_THE_PROGRAM},
    {"prior", LK_IMPORT_OF_A_FAMILY},
    {"transformer", LK_IMPORT_OF_A_FAMILY},
    {"unconditional_", LK_IMPORT_OF_A_FAMILY},
    {"quantization", LK_IMPORT_OF_THE_PROGRAM},
    {"text_encoder", LK_IMPORT_OF_THE_PROGRAM},
    {"vae", LK_IMPORT_OF_THE_PROGRAM},
    {"effnet_encoder", LK_IMPORT_OF_A_FAMILY},
    {"decoder", LK_IMPORT_OF_A_FAMILY},
    {"unmasked_", LK_IMPORT_WITH_ANOTHER},
    {"normalize_masked", LK_IMPORT_WITH_ANOTHER},
    {"masked_prior", LK_IMPORT_WITH_ANOTHER},
    {"preserve_embedding", LK_IMPORT_WITH_ANOTHER},
    {"embedding", LK_IMPORT_WITH_ANOTHER},
    {"additional_embeddings", LK_IMPORT_WITH_ANOTHER},
    {"cloud", LK_IMPORT_OF_THE_PROGRAM},
    {"lora_", LK_IMPORT_WITH_ANOTHER},
    {"bundle_", LK_IMPORT_WITH_ANOTHER},
    {"optimizer", LK_IMPORT_OF_THE_PROGRAM},
    {"sample_", LK_IMPORT_WITH_ANOTHER},
    {"samples_to_tensorboard", LK_IMPORT_OF_THE_PROGRAM},
    {"non_ema_sampling", LK_IMPORT_OF_THE_PROGRAM},
    {"backup_", LK_IMPORT_OF_THE_PROGRAM},
    {"rolling_backup", LK_IMPORT_OF_THE_PROGRAM},
    {"save_skip_first", LK_IMPORT_OF_THE_PROGRAM},
    {"save_filename_prefix", LK_IMPORT_OF_THE_PROGRAM},
    {"secrets", LK_IMPORT_OF_THE_PROGRAM},
    {"layer_filter_regex", LK_IMPORT_WITH_ANOTHER},
    {"loss_weight_strength", LK_IMPORT_WITH_ANOTHER},
    {"offload", LK_IMPORT_OF_THE_PROGRAM},
    {"force_", LK_IMPORT_WITH_ANOTHER},
    {"weight_dtype", LK_IMPORT_OF_THE_PROGRAM},
    {"offline_mode", LK_IMPORT_OF_THE_PROGRAM},
    {"multi_gpu", LK_IMPORT_OF_THE_PROGRAM},
    {"huggingface_", LK_IMPORT_OF_THE_PROGRAM},
    {"dynamic_timestep", LK_IMPORT_OF_A_FAMILY},
    {"gradient_checkpointing", LK_IMPORT_OF_THE_PROGRAM},
};

/* A type of its own there; here it is full precision with a switch. */
static void take_tf32(LkImporter *self)
{
    LkImportItem *item = lk_import_find(self, "train_dtype");
    if (item != NULL && g_ascii_strcasecmp(lk_import_text_or(self, "train_dtype", ""), "TFLOAT_32") == 0) {
        lk_import_take(self, item, item->path, "mixed_precision", lk_import_as("no"));
        lk_import_take(self, item, item->path, "allow_tf32", lk_import_as("true"));
    }
}

void lk_import_onetrainer(LkImporter *self)
{
    take_tf32(self);
    take_weighting(self);
    take_optimizer_options(self);
    take_loss(self);
    take_interval(self, "save_every", "save_every_unit", "0", "NEVER", "save_every_n_epochs", "save_every_n_steps");
    take_samples(self);
    bool prompts = lk_job_is_given(self->job, "sample_prompts");
    if (prompts) { /* without prompts in the file there is nothing to sample */
        take_interval(self, "sample_after", "sample_after_unit", "10", "MINUTE", "sample_every_n_epochs",
                      "sample_every_n_steps");
    }
    take_concepts(self);
    lk_import_onetrainer_network(self);
    lk_import_apply(self, rules, G_N_ELEMENTS(rules));
    if (!has_warmup(self)) {
        lk_job_reset(self->job, lk_parameter_find("lr_warmup_steps"));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        lk_import_pass_over(self, passed_over[i].prefix, passed_over[i].why);
    }
}
