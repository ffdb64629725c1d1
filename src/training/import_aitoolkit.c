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

/* Theirs are those of torch; "linear" there rises from a third of the rate to all of it. */
static LkImportAnswer scheduler(LkImporter *self, const LkImportItem *item)
{
    static const char *const same[] = {"constant",   "constant_with_warmup", "cosine", "cosine_with_restarts",
                                       "polynomial", "inverse_sqrt",         NULL};
    const char *text = item->values[0];
    if (text == NULL || text[0] == '\0') {
        return none();
    }
    if (strcmp(text, "linear") == 0) {
        return lk_import_changed(g_strdup("constant"), _("There the rate rises from a third to the whole; here it is "
                                                         "whole from the start."));
    }
    return g_strv_contains(same, text)
               ? lk_import_as(text)
               : lk_import_changed(g_strdup("cosine"),
                                   _("This schedule is not supported yet; cosine takes its place."));
}

static LkImportAnswer warmup(LkImporter *self, const LkImportItem *item)
{
    return strcmp(lk_import_text_or(self, "train.lr_scheduler", "constant"), "constant_with_warmup") == 0
               ? lk_import_as(item->values[0])
               : none();
}

/* Those that find their own rate take a small one for 1. */
static LkImportAnswer rate(LkImporter *self, const LkImportItem *item)
{
    const char *name = lk_import_text_or(self, "train.optimizer", "");
    g_autofree char *lower = g_ascii_strdown(name, -1);
    bool finds = g_str_has_prefix(lower, "prodigy") || g_str_has_prefix(lower, "dadapt");
    return finds && lk_import_number(self, "train.lr", 1) < 0.1 && item->values[0] != NULL
               ? lk_import_changed(g_strdup("1"), _("ai-toolkit takes so small a rate for 1 with this optimizer."))
               : lk_import_rate(self, item);
}

/* Quanto's and torchao's types; of 4 bits and others 8 take the place. */
static LkImportAnswer quantize(LkImporter *self, const LkImportItem *item)
{
    const char *type = lk_import_text_or(self, "model.qtype", "qfloat8");
    bool fp8 = strstr(type, "float8") != NULL, int8 = strstr(type, "int8") != NULL;
    if (lk_import_item_is_off(item)) {
        return none();
    }
    return fp8 || int8
               ? lk_import_as(fp8 ? "fp8" : "int8")
               : lk_import_changed(g_strdup("int8"), _("Weights are kept in 8 bits and computed with in 16 or 32."));
}

static LkImportAnswer offload(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? none()
               : lk_import_changed(g_strdup("auto"), _("As many weights as necessary wait in the computer's memory."));
}

static LkImportAnswer mask_folder(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? none()
               : lk_import_changed(g_strdup("true"),
                                   _("Masks belong to the project's pictures here; how much is learned "
                                     "outside them is their grey."));
}

static LkImportAnswer reg_pictures(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? none()
               : lk_import_idle(_("Pictures belong to the project: add the folder on the page Dataset."));
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

/* Its optimizers have another eps, and an Adafactor that follows the learning rate. */
static void take_optimizer_options(LkImporter *self)
{
    static const char *const adam[][2] = {{"eps", "1e-6"}, {NULL}};
    static const char *const adafactor[][2] = {
        {"relative_step", "False"}, {"scale_parameter", "False"}, {"warmup_init", "False"}, {NULL}};
    const char *name = lk_import_text(self, "train.optimizer");
    bool factored = name != NULL && g_ascii_strcasecmp(name, "adafactor") == 0;
    const LkImportOptions options = {
        .prefix = "train.optimizer_params.", .optimizer = name, .implied = factored ? adafactor : adam};
    lk_import_optimizer_options(self, &options);
}

/* ------------------------------------------------------------------ the network */

/* Their kinds; "lokr" has whole matrices everywhere unless told otherwise. */
static const struct {
    const char *type, *module;
    bool dora;
} kinds[] = {{"lora", "networks.lora", false},
             {"locon", "networks.lora", false},
             {"dora", "networks.lora", true},
             {"lokr", "networks.lokr", false}};

static void take_whole_matrices(LkImporter *self)
{
    LkImportItem *item = lk_import_find(self, "network.lokr_full_rank");
    LkImportAnswer answer =
        item != NULL ? lk_import_as("true")
                     : lk_import_changed(g_strdup("true"), _("Not in the file; this is the default of ai-toolkit."));
    static const char *const ranks[] = {"network.linear", "network.rank", "network.alpha", "network.conv"};
    lk_import_take(self, item, PROCESS "network.lokr_full_rank", "full_matrix", answer);
    lk_import_take(self, item, PROCESS "network.lokr_full_rank", "conv_dim", lk_import_as("16"));
    for (size_t i = 0; i < G_N_ELEMENTS(ranks); i++) {
        lk_import_pass_over(self, ranks[i], N_("LoKr's matrices are whole, without a rank."));
    }
}

static void take_network(LkImporter *self)
{
    LkImportItem *item = lk_import_find(self, "network.type");
    const char *type = lk_import_text_or(self, "network.type", "lora");
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_ascii_strcasecmp(type, kinds[i].type) == 0) {
            known = true;
            lk_import_take(self, item, PROCESS "network.type", "network_module", lk_import_as(kinds[i].module));
            if (kinds[i].dora) {
                lk_import_take(self, item, PROCESS "network.type", "dora_wd", lk_import_as("true"));
            }
        }
    }
    if (!known) {
        lk_import_take(
            self, item, item->path, NULL,
            lk_import_refused(_("This kind of network is not supported yet; a plain LoRA takes its place.")));
    }
    bool lokr = g_ascii_strcasecmp(type, "lokr") == 0;
    if (lokr && strcmp(lk_import_text_or(self, "network.lokr_full_rank", "true"), "false") != 0) {
        take_whole_matrices(self);
    }
    if (!lokr) {
        lk_import_pass_over(self, "network.lokr_", N_("It counts only for other kinds of networks."));
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
        lk_import_pass_over(self, parts[i], N_("It is part of the sample prompts, or not used for them."));
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
            lk_import_leave(self, item, N_("Options of further folders belong to the page Dataset."));
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
    {.path = "model.lora_path", .key = "base_weights", .convert = lk_import_lora},
    {.path = "model.quantize", .key = "base_weights_precision", .convert = quantize},
    {.path = "model.layer_offloading", .key = "offload_base_weights", .convert = offload},
    {.path = "network.linear", .key = "network_dim"},
    {.path = "network.rank", .key = "network_dim"},
    {.path = "network.alpha", .key = "network_alpha"},
    {.path = "network.linear_alpha", .key = "network_alpha", .implied = "1"},
    {.path = "network.conv", .key = "conv_dim", .convert = dropout},
    {.path = "network.conv_alpha", .key = "conv_alpha", .convert = dropout},
    {.path = "network.dropout", .key = "network_dropout", .convert = dropout},
    {.path = "network.lokr_factor", .key = "factor"},
    {.path = "network.network_kwargs.rank_dropout", .key = "rank_dropout", .convert = dropout},
    {.path = "network.network_kwargs.module_dropout", .key = "module_dropout", .convert = dropout},
    {.path = "network.pretrained_lora_path", .key = "network_weights", .convert = lk_import_lora},
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
    {.path = "datasets[0].mask_path", .key = "masked_loss", .convert = mask_folder},
    {.path = "datasets[0].alpha_mask", .key = "alpha_mask"},
    {.path = "datasets[0].is_reg", .convert = reg_pictures},
    {.path = "datasets[0].trigger_word", .key = "trigger_words"},
    {.path = "train.batch_size", .key = "train_batch_size"},
    {.path = "train.steps", .key = "max_train_steps", .implied = "1000"},
    {.path = "train.gradient_accumulation_steps", .key = "gradient_accumulation_steps"},
    {.path = "train.gradient_accumulation", .key = "gradient_accumulation_steps"},
    {.path = "train.train_unet", .key = "network_train_text_encoder_only", .convert = inverse},
    {.path = "train.train_text_encoder", .key = "network_train_unet_only", .convert = inverse},
    {.path = "train.gradient_checkpointing", .key = "gradient_checkpointing", .implied = "true"},
    {.path = "train.noise_scheduler", .convert = noise_scheduler},
    {.path = "train.lr", .key = "learning_rate", .convert = rate, .implied = "1e-6"},
    {.path = "train.unet_lr", .key = "unet_lr", .convert = lk_import_rate},
    {.path = "train.text_encoder_lr", .key = "text_encoder_lr", .convert = lk_import_rate},
    {.path = "train.lr_scheduler", .key = "lr_scheduler", .convert = scheduler},
    {.path = "train.dtype", .key = "mixed_precision", .convert = lk_import_precision},
    {.path = "train.min_snr_gamma", .key = "min_snr_gamma", .convert = dropout},
    {.path = "train.reg_weight", .key = "prior_loss_weight"},
    {.path = "train.lr_scheduler_params.num_warmup_steps", .key = "lr_warmup_steps", .convert = warmup},
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
static const struct {
    const char *prefix, *why;
} passed_over[] = {
    {"type", LK_IMPORT_OF_THE_PROGRAM},
    {"device", LK_IMPORT_OF_THE_PROGRAM},
    {"performance_log_every", LK_IMPORT_OF_THE_PROGRAM},
    {"sqlite_db_path", LK_IMPORT_OF_THE_PROGRAM},
    {"logging.", LK_IMPORT_OF_THE_PROGRAM},
    {"train.ema_config.", LK_IMPORT_WITH_ANOTHER},
    {"train.optimizer_params", LK_IMPORT_WITH_ANOTHER},
    {"train.lr_scheduler_params", LK_IMPORT_WITH_ANOTHER},
    {"train.timestep_type", LK_IMPORT_OF_A_FAMILY},
    {"train.linear_timesteps", LK_IMPORT_OF_A_FAMILY},
    {"train.bypass_guidance", LK_IMPORT_OF_A_FAMILY},
    {"train.disable_sampling", LK_IMPORT_WITH_ANOTHER},
    {"train.xformers", LK_IMPORT_OF_THE_PROGRAM},
    {"train.sdp", LK_IMPORT_OF_THE_PROGRAM},
    {"train.cache_text_embeddings", LK_IMPORT_OF_THE_PROGRAM},
    {"train.unload_text_encoder", LK_IMPORT_OF_THE_PROGRAM},
    {"model.low_vram", LK_IMPORT_OF_THE_PROGRAM},
    {"model.qtype", LK_IMPORT_OF_THE_PROGRAM},
    {"model.dtype", LK_IMPORT_OF_THE_PROGRAM},
    {"model.layer_offloading", LK_IMPORT_OF_THE_PROGRAM},
    {"save.save_format", LK_IMPORT_OF_THE_PROGRAM},
    {"save.hf_", LK_IMPORT_OF_THE_PROGRAM},
    {"datasets[0].cache_latents", LK_IMPORT_OF_THE_PROGRAM},
    {"datasets[0].network_weight", LK_IMPORT_WITH_ANOTHER},
    {"datasets[0].bucket_tolerance", LK_IMPORT_OF_THE_PROGRAM},
    {"datasets[0].type", LK_IMPORT_OF_THE_PROGRAM},
    {"datasets[0].controls", LK_IMPORT_OF_A_FAMILY},
    {"datasets[0].shrink_video_to_frames", LK_IMPORT_OF_A_FAMILY},
    {"datasets[0].num_frames", LK_IMPORT_OF_A_FAMILY},
    {"datasets[0].mask_min_value", LK_IMPORT_WITH_ANOTHER},
    {"sample.", LK_IMPORT_WITH_ANOTHER},
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
    LkImportItem *optimizer = lk_import_find(self, "train.optimizer");
    if (optimizer != NULL) {
        lk_import_take(self, optimizer, optimizer->path, "optimizer_type", lk_import_optimizer(self, optimizer));
    }
    take_optimizer_options(self);
    take_network(self);
    take_prompts(self);
    take_other_datasets(self);
    lk_import_apply(self, rules, G_N_ELEMENTS(rules));
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        lk_import_pass_over(self, passed_over[i].prefix, passed_over[i].why);
    }
    self->prefix = "";
    lk_import_pass_over(self, "meta.", LK_IMPORT_OF_THE_PROGRAM);
    lk_import_pass_over(self, "job", LK_IMPORT_OF_THE_PROGRAM);
    return true;
}
