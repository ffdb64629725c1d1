/* ai-toolkit: its configuration files (YAML or JSON; toolkit/config_modules.py), of which the first process is read. */
#include "training/import_private.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define PROCESS "config.process[0]."

static LkImportAnswer none(void)
{
    return (LkImportAnswer){0};
}

/* ------------------------------------------------------------------ conversions */

static LkImportAnswer network_type(LkImporter *self, const LkImportItem *item)
{
    return g_strcmp0(item->values[0], "lora") == 0
               ? none()
               : lk_import_refused(_("This kind of network is not supported yet; a plain LoRA takes its place."));
}

static LkImportAnswer family(LkImporter *self, const LkImportItem *item)
{
    static const char *const same[] = {"sd1", "sd15", "sd1.5", "sd2", "sdxl", NULL};
    const char *text = item->values[0];
    return lk_import_item_is_off(item) || g_strv_contains(same, text)
               ? none()
               : lk_import_refused(_("It is for another family of models; the values may not suit this one."));
}

/* The family is read from the base model's file. */
static LkImportAnswer own_family(LkImporter *self, const LkImportItem *item)
{
    return none();
}

static LkImportAnswer noise_scheduler(LkImporter *self, const LkImportItem *item)
{
    return g_strcmp0(item->values[0], "ddpm") == 0 ? none() : family(self, item);
}

static LkImportAnswer without_dot(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    if (text == NULL || text[0] == '\0') {
        return none();
    }
    return (LkImportAnswer){.value = text[0] == '.' ? g_strdup(text) : g_strconcat(".", text, NULL)};
}

static LkImportAnswer inverse(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? lk_import_as("true") : none();
}

/* So many files are kept, which our parameter counts in steps. */
static LkImportAnswer keep_saves(LkImporter *self, const LkImportItem *item)
{
    double files = lk_import_number(self, "save.max_step_saves_to_keep", 0);
    double every = lk_import_number(self, "save.save_every", 1000);
    return files < 1 || every < 1 ? none() : (LkImportAnswer){.value = g_strdup_printf("%.0f", files * every)};
}

static LkImportAnswer scheduler(LkImporter *self, const LkImportItem *item)
{
    static const char *const same[] = {
        "constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial", NULL};
    const char *text = item->values[0];
    if (text == NULL || text[0] == '\0') {
        return none();
    }
    return g_strv_contains(same, text)
               ? lk_import_as(text)
               : lk_import_changed(g_strdup("cosine"),
                                   _("This schedule is not supported yet; cosine takes its place."));
}

static LkImportAnswer timestep(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    bool whole = text == NULL || strcmp(text, strstr(item->path, "max_") != NULL ? "1000" : "0") == 0;
    return whole ? none() : lk_import_as(text);
}

/* In steps before the run; sampling may be off altogether. */
static LkImportAnswer sample_every(LkImporter *self, const LkImportItem *item)
{
    return lk_import_is_true(self, "train.disable_sampling") ? none() : lk_import_as(item->values[0]);
}

static LkImportAnswer dropout(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? none() : lk_import_as(item->values[0]);
}

/* ------------------------------------------------------------------ what several settings say together */

static void take_optimizer_options(LkImporter *self)
{
    static const char *const names[] = {"weight_decay", "eps"};
    g_autoptr(GString) list = g_string_new("[");
    LkImportItem *first = NULL, *betas = lk_import_find(self, "train.optimizer_params.betas");
    if (betas != NULL && g_strv_length(betas->values) == 2) {
        g_string_append_printf(list, "\"betas=(%s, %s)\"", betas->values[0], betas->values[1]);
        first = betas;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("train.optimizer_params.", names[i], NULL);
        LkImportItem *item = lk_import_find(self, path);
        if (item != NULL && item->values[0] != NULL) {
            g_string_append_printf(list, "%s\"%s=%s\"", list->len > 1 ? ", " : "", names[i], item->values[0]);
            item->used = true;
            first = first != NULL ? first : item;
        }
    }
    const char *optimizer = lk_import_text(self, "train.optimizer");
    if (first != NULL && (optimizer == NULL || strstr(optimizer, "adamw") != NULL)) {
        g_string_append_c(list, ']');
        lk_import_take(self, first, first->path, "optimizer_args", lk_import_as(list->str));
    }
}

static const char *prompt_at(LkImporter *self, int i)
{
    LkImportItem *list = lk_import_find(self, "sample.prompts");
    if (list != NULL) {
        return i < (int)g_strv_length(list->values) ? list->values[i] : NULL;
    }
    g_autofree char *path = g_strdup_printf("sample.samples[%d].prompt", i);
    return lk_import_text(self, path);
}

/* One prompt line: the options that all samples share, and a seed of its own where they walk. */
static char *prompt_line(LkImporter *self, const char *prompt, int i)
{
    static const char *const options[][2] = {
        {"sample.width", "w"}, {"sample.height", "h"}, {"sample.sample_steps", "s"}, {"sample.guidance_scale", "l"}};
    const char *trigger = lk_import_text(self, "trigger_word");
    g_auto(GStrv) parts = g_strsplit(prompt, "[trigger]", -1);
    char *plain = g_strjoinv(trigger != NULL ? trigger : "", parts);
    GString *line = g_string_new(g_strstrip(g_strdelimit(plain, "\n\r", ' ')));
    g_free(plain);
    for (size_t j = 0; j < G_N_ELEMENTS(options); j++) {
        double number = lk_import_number(self, options[j][0], 0);
        if (number > 0) {
            g_string_append_printf(line, " --%s %g", options[j][1], number);
        }
    }
    if (lk_import_text(self, "sample.seed") != NULL) {
        double seed = lk_import_number(self, "sample.seed", 0) + (lk_import_is_true(self, "sample.walk_seed") ? i : 0);
        g_string_append_printf(line, " --d %.0f", MAX(seed, 0));
    }
    if (lk_import_is_true(self, "sample.neg")) {
        g_string_append_printf(line, " --n %s", lk_import_text(self, "sample.neg"));
    }
    return g_string_free_and_steal(line);
}

static void take_prompts(LkImporter *self)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < 1000 && prompt_at(self, i) != NULL; i++) {
        g_ptr_array_add(lines, prompt_line(self, prompt_at(self, i), i));
    }
    if (lines->len > 0 && !lk_import_is_true(self, "train.disable_sampling")) {
        g_ptr_array_add(lines, NULL);
        g_autofree char *text = g_strjoinv("\n", (char **)lines->pdata);
        LkImportItem *list = lk_import_find(self, "sample.prompts");
        LkImportItem *item = list != NULL ? list : lk_import_find(self, "sample.samples[0].prompt");
        lk_import_take(self, item, PROCESS "sample.prompts", "sample_prompts", lk_import_as(text));
    }
    static const char *const parts[] = {"sample.prompts", "sample.samples[",       "sample.width",
                                        "sample.height",  "sample.seed",           "sample.walk_seed",
                                        "sample.neg",     "sample.guidance_scale", "sample.sample_steps"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        lk_import_pass_over(self, parts[i]);
    }
}

/* Options of further datasets: folders are named, the rest cannot differ here. */
static void take_other_datasets(LkImporter *self)
{
    g_autofree char *first = g_strconcat(PROCESS, "datasets[0].", NULL);
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        bool other = g_str_has_prefix(item->path, PROCESS "datasets[") && !g_str_has_prefix(item->path, first);
        if (other && g_str_has_suffix(item->path, ".folder_path")) {
            lk_import_take(self, item, item->path, NULL, lk_import_pictures(self, item));
        } else if (other) {
            item->used = true;
        }
    }
}

/* ------------------------------------------------------------------ all of it */

static LkImportAnswer ema(LkImporter *self, const LkImportItem *item)
{
    const char *decay = lk_import_text(self, "train.ema_config.ema_decay");
    return lk_import_item_is_off(item) ? (LkImportAnswer){0} : lk_import_as(decay != NULL ? decay : "0.999");
}

static LkImportAnswer loss(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    if (text == NULL || strcmp(text, "mse") == 0) {
        return (LkImportAnswer){0};
    }
    return strcmp(text, "mae") == 0 ? lk_import_as("l1")
                                    : lk_import_refused(_("This loss is not supported; the mean square takes its "
                                                          "place."));
}

static const LkImportRule rules[] = {
    {.path = "trigger_word", .key = "trigger_words"},
    {.path = "training_folder", .convert = lk_import_output},
    {.path = "model.name_or_path", .key = "pretrained_model_name_or_path", .convert = lk_import_model},
    {.path = "model.arch", .convert = family},
    {.path = "model.is_xl", .convert = own_family},
    {.path = "model.is_v2", .convert = own_family},
    {.path = "model.is_v3", .convert = family},
    {.path = "model.is_flux", .convert = family},
    {.path = "model.is_auraflow", .convert = family},
    {.path = "model.is_pixart", .convert = family},
    {.path = "model.is_lumina2", .convert = family},
    {.path = "model.is_v_pred", .key = "v_parameterization"},
    {.path = "model.vae_path", .key = "vae", .convert = lk_import_model},
    {.path = "model.quantize", .why = N_("The base model is not compressed here; the plan shows what it needs.")},
    {.path = "network.type", .convert = network_type},
    {.path = "network.linear", .key = "network_dim"},
    {.path = "network.rank", .key = "network_dim"},
    {.path = "network.alpha", .key = "network_alpha"},
    {.path = "network.linear_alpha", .key = "network_alpha", .implied = "1"},
    {.path = "network.conv", .why = N_("Convolutions are not trained; only attention and feed-forward layers.")},
    {.path = "network.dropout", .why = N_("Dropout in the network is not supported yet.")},
    {.path = "save.dtype", .key = "save_precision", .convert = lk_import_precision},
    {.path = "save.save_every", .key = "save_every_n_steps"},
    {.path = "save.max_step_saves_to_keep", .key = "save_last_n_steps", .convert = keep_saves},
    {.path = "save.push_to_hub", .why = N_("Nothing is sent over the network.")},
    {.path = "datasets[0].folder_path", .convert = lk_import_pictures},
    {.path = "datasets[0].caption_ext", .key = "caption_extension", .convert = without_dot},
    {.path = "datasets[0].caption_dropout_rate", .key = "caption_dropout_rate", .convert = dropout},
    {.path = "datasets[0].token_dropout_rate", .key = "caption_tag_dropout_rate", .convert = dropout},
    {.path = "datasets[0].shuffle_tokens", .key = "shuffle_caption"},
    {.path = "datasets[0].keep_tokens", .key = "keep_tokens"},
    {.path = "datasets[0].resolution", .key = "resolution", .convert = lk_import_resolution},
    {.path = "datasets[0].num_repeats", .key = "num_repeats"},
    {.path = "datasets[0].buckets", .key = "enable_bucket", .implied = "true"},
    {.path = "datasets[0].flip_x", .key = "flip_aug"},
    {.path = "datasets[0].flip_y", .why = N_("Pictures are never turned upside down.")},
    {.path = "datasets[0].mask_path", .why = N_("Masks are not supported yet.")},
    {.path = "datasets[0].is_reg", .why = N_("Regularisation pictures are not supported yet.")},
    {.path = "train.batch_size", .key = "train_batch_size"},
    {.path = "train.steps", .key = "max_train_steps", .implied = "1000"},
    {.path = "train.gradient_accumulation_steps", .key = "gradient_accumulation_steps"},
    {.path = "train.gradient_accumulation", .key = "gradient_accumulation_steps"},
    {.path = "train.train_unet", .key = "network_train_text_encoder_only", .convert = inverse},
    {.path = "train.train_text_encoder", .key = "network_train_unet_only", .convert = inverse},
    {.path = "train.gradient_checkpointing", .key = "gradient_checkpointing", .implied = "true"},
    {.path = "train.noise_scheduler", .convert = noise_scheduler},
    {.path = "train.optimizer", .key = "optimizer_type", .convert = lk_import_optimizer},
    {.path = "train.lr", .key = "learning_rate", .convert = lk_import_rate, .implied = "1e-6"},
    {.path = "train.unet_lr", .key = "unet_lr", .convert = lk_import_rate},
    {.path = "train.text_encoder_lr", .key = "text_encoder_lr", .convert = lk_import_rate},
    {.path = "train.lr_scheduler", .key = "lr_scheduler", .convert = scheduler},
    {.path = "train.dtype", .key = "mixed_precision", .convert = lk_import_precision},
    {.path = "train.min_snr_gamma", .key = "min_snr_gamma", .convert = dropout},
    {.path = "train.noise_offset", .key = "noise_offset"},
    {.path = "train.max_grad_norm", .key = "max_grad_norm"},
    {.path = "train.min_denoising_steps", .key = "min_timestep", .convert = timestep},
    {.path = "train.max_denoising_steps", .key = "max_timestep", .convert = timestep},
    {.path = "train.ema_config.use_ema", .key = "ema_decay", .convert = ema},
    {.path = "train.loss_type", .key = "loss_type", .convert = loss},
    {.path = "train.content_or_style", .idle = "balanced", .why = N_("Timesteps are always drawn evenly.")},
    {.path = "train.skip_first_sample", .key = "sample_at_first", .convert = inverse},
    {.path = "sample.sample_every", .key = "sample_every_n_steps", .convert = sample_every},
};

/* What says how the program works inside or reports, and what only other families have. */
static const char *const passed_over[] = {
    "type",
    "device",
    "performance_log_every",
    "sqlite_db_path",
    "logging.",
    "train.ema_config.",
    "train.optimizer_params",
    "train.lr_scheduler_params",
    "train.timestep_type",
    "train.linear_timesteps",
    "train.bypass_guidance",
    "train.disable_sampling",
    "train.xformers",
    "train.sdp",
    "train.cache_text_embeddings",
    "train.unload_text_encoder",
    "network.conv_alpha",
    "network.network_kwargs",
    "model.low_vram",
    "model.quantize",
    "model.qtype",
    "model.dtype",
    "model.layer_offloading",
    "save.save_format",
    "save.hf_",
    "datasets[0].cache_latents",
    "datasets[0].is_reg",
    "datasets[0].network_weight",
    "datasets[0].bucket_tolerance",
    "datasets[0].type",
    "datasets[0].controls",
    "datasets[0].shrink_video_to_frames",
    "datasets[0].num_frames",
    "datasets[0].mask_min_value",
    "sample.",
};

bool lk_import_ai_toolkit(LkImporter *self, const char *source, GError **error)
{
    self->prefix = PROCESS;
    const char *type = lk_import_text(self, "type");
    if (type != NULL && strstr(type, "trainer") == NULL) {
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("%s is a configuration of ai-toolkit for “%s”, not for training."), source, type);
    }
    LkImportItem *name = g_hash_table_lookup(self->by_path, "config.name");
    if (name != NULL && name->values[0] != NULL) {
        lk_import_take(self, name, "config.name", "output_name", lk_import_as(name->values[0]));
    }
    take_optimizer_options(self);
    take_prompts(self);
    take_other_datasets(self);
    lk_import_apply(self, rules, G_N_ELEMENTS(rules));
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        lk_import_pass_over(self, passed_over[i]);
    }
    self->prefix = "";
    lk_import_pass_over(self, "meta.");
    lk_import_pass_over(self, "job");
    return true;
}
