/* kohya: sd-scripts' configuration (its keys are ours), and presets of its front end kohya_ss, which has some of its
 * own. */
#include "training/import_private.h"

#include <glib/gi18n.h>
#include <string.h>

/* ------------------------------------------------------------------ what both have */

/* The schedule "constant" has no warm-up; both programs ignore it there. */
static LkImportAnswer warmup(LkImporter *self, const LkImportItem *item)
{
    const char *scheduler = lk_import_text(self, "lr_scheduler");
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    if (scheduler == NULL || g_ascii_strcasecmp(scheduler, "constant") == 0) {
        return lk_import_idle(_("The schedule “constant” has no warm-up; it is ignored there too."));
    }
    return lk_import_as(item->values[0]);
}

/* True where our parameter of that key is an answer in itself (a path of this project). */
static LkImportConvert convert_of(const char *key)
{
    static const struct {
        const char *key;
        LkImportConvert convert;
    } special[] = {
        {"pretrained_model_name_or_path", lk_import_model},
        {"vae", lk_import_model},
        {"train_data_dir", lk_import_pictures},
        {"dataset_config", lk_import_pictures},
        {"image_dir", lk_import_pictures},
        {"reg_data_dir", lk_import_pictures},
        {"conditioning_data_dir", lk_import_pictures},
        {"output_dir", lk_import_output},
        {"optimizer_type", lk_import_optimizer},
        {"learning_rate", lk_import_rate},
        {"unet_lr", lk_import_rate},
        {"text_encoder_lr", lk_import_rate},
        {"lr_warmup_steps", warmup},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
        if (strcmp(key, special[i].key) == 0) {
            return special[i].convert;
        }
    }
    return NULL;
}

/* A key of a dataset file that the job calls otherwise. */
static const char *job_key(const char *key)
{
    return strcmp(key, "batch_size") == 0 ? "train_batch_size" : key;
}

/* Every item whose last part is a key that we know; sections do not matter to sd-scripts either. */
static void take_known(LkImporter *self)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        const char *dot = strrchr(item->path, '.');
        const char *key = job_key(dot != NULL ? dot + 1 : item->path);
        LkImportConvert convert = convert_of(key);
        if (item->used || (convert == NULL && lk_parameter_find(key) == NULL)) {
            continue;
        }
        if (g_hash_table_contains(first, key)) { /* of another [[datasets.subsets]] */
            lk_import_take(self, item, item->path, NULL,
                           convert == lk_import_pictures
                               ? convert(self, item)
                               : lk_import_refused(_("It is there more than once; only the first one is taken.")));
            continue;
        }
        g_hash_table_add(first, (gpointer)key);
        const LkImportRule rule = {item->path, key, convert, NULL, NULL, NULL};
        lk_import_apply(self, &rule, 1);
    }
}

/* Defaults of sd-scripts that are made for whole models, or too small. */
static const LkImportRule defaults[] = {
    {.path = "network_dim", .key = "network_dim", .implied = "4"},
    {.path = "network_alpha", .key = "network_alpha", .implied = "1"},
    {.path = "learning_rate", .key = "learning_rate", .implied = "2e-6"},
};

void lk_import_sd_scripts(LkImporter *self)
{
    take_known(self);
    lk_import_apply(self, defaults, G_N_ELEMENTS(defaults));
}

/* ------------------------------------------------------------------ kohya_ss */

/* kohya_ss' names of kinds, and sd-scripts' modules that do the same. */
static const struct {
    const char *type, *module;
} lora_types[] = {
    {"Kohya LoCon", "networks.lora"},  {"LoCon", "networks.lora"},        {"LyCORIS/LoCon", "networks.lora"},
    {"LyCORIS/LoHa", "networks.loha"}, {"LyCORIS/LoKr", "networks.lokr"},
};

/* Values that belong to other kinds than a plain LoRA. */
static LkImportAnswer of_convolutions(LkImporter *self, const LkImportItem *item)
{
    const char *type = lk_import_text(self, "LoRA_type");
    for (size_t i = 0; i < G_N_ELEMENTS(lora_types); i++) {
        if (g_strcmp0(type, lora_types[i].type) == 0) {
            return lk_import_as(item->values[0]);
        }
    }
    return (LkImportAnswer){0};
}

/* "Standard" is a LoRA on the layers that ours has. */
static LkImportAnswer lora_type(LkImporter *self, const LkImportItem *item)
{
    static const char *const families[] = {"Flux1", "LTX", "SD3", "Lumina"};
    const char *text = item->values[0];
    if (text == NULL || strcmp(text, "Standard") == 0) {
        return (LkImportAnswer){0};
    }
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        if (g_str_has_prefix(text, families[i])) {
            return lk_import_refused(_("It is for another family of models; the values may not suit this one."));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lora_types); i++) {
        if (strcmp(text, lora_types[i].type) == 0) {
            return lk_import_as(lora_types[i].module);
        }
    }
    return lk_import_refused(_("This kind of network is not supported yet; a plain LoRA takes its place."));
}

static LkImportAnswer family(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_refused(_("It is for another family of models; the values may not suit this one."));
}

/* Epochs count where neither max_train_epochs nor max_train_steps is given. */
static LkImportAnswer epoch(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_is_true(self, "max_train_epochs") || lk_import_is_true(self, "max_train_steps")) {
        return (LkImportAnswer){0};
    }
    return lk_import_as(item->values[0]);
}

/* Steps are only read without epochs. */
static LkImportAnswer steps(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    if (lk_import_is_true(self, "max_train_epochs")) {
        return lk_import_idle(_("max_train_epochs goes before it."));
    }
    return lk_import_as(item->values[0]);
}

/* Per cent of all steps; the number of steps goes before it. */
static LkImportAnswer warmup_percent(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_is_true(self, "lr_warmup_steps") || lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    LkImportAnswer answer = warmup(self, item);
    if (answer.value != NULL) {
        g_free(answer.value);
        answer.value = g_strdup_printf("%s%%", item->values[0]);
    }
    return answer;
}

/* 0 or nothing in both fields: the learning rate counts. 0 in one: that part is not trained. */
static LkImportAnswer part_rate(LkImporter *self, const LkImportItem *item)
{
    bool any = lk_import_is_true(self, "unet_lr") || lk_import_is_true(self, "text_encoder_lr");
    return any ? lk_import_rate(self, item) : (LkImportAnswer){0};
}

/* A seed of 0 is another one in each run. */
static LkImportAnswer unless_off(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? (LkImportAnswer){0} : lk_import_as(item->values[0]);
}

static LkImportAnswer weights(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? (LkImportAnswer){0} : lk_import_model(self, item);
}

/* Counts only with a type that has convolutions; `lora_type` reports that. */
static LkImportAnswer of_other_types(LkImporter *self, const LkImportItem *item)
{
    return (LkImportAnswer){0};
}

/* There are fields for both kinds of noise, and one counts. */
static bool is_multires(LkImporter *self)
{
    const char *type = lk_import_text(self, "noise_offset_type");
    return type != NULL && g_ascii_strcasecmp(type, "Multires") == 0;
}

static LkImportAnswer multires(LkImporter *self, const LkImportItem *item)
{
    return is_multires(self) ? unless_off(self, item) : (LkImportAnswer){0};
}

static LkImportAnswer noise_offset(LkImporter *self, const LkImportItem *item)
{
    return is_multires(self) ? (LkImportAnswer){0} : unless_off(self, item);
}

static const LkImportRule rules[] = {
    {.path = "LoRA_type", .key = "network_module", .convert = lora_type},
    {.path = "flux1_checkbox", .convert = family},
    {.path = "sd3_checkbox", .convert = family},
    {.path = "max_resolution", .key = "resolution"},
    {.path = "optimizer", .key = "optimizer_type", .convert = lk_import_optimizer},
    {.path = "epoch", .key = "max_train_epochs", .convert = epoch},
    {.path = "max_train_epochs", .key = "max_train_epochs", .convert = unless_off},
    {.path = "max_train_steps", .key = "max_train_steps", .convert = steps},
    {.path = "lr_warmup", .key = "lr_warmup_steps", .convert = warmup_percent},
    {.path = "lr_warmup_steps", .key = "lr_warmup_steps", .convert = warmup},
    {.path = "unet_lr", .key = "unet_lr", .convert = part_rate},
    {.path = "text_encoder_lr", .key = "text_encoder_lr", .convert = part_rate},
    {.path = "seed", .key = "seed", .convert = unless_off},
    {.path = "noise_offset", .key = "noise_offset", .convert = noise_offset},
    {.path = "adaptive_noise_scale", .key = "adaptive_noise_scale", .convert = noise_offset},
    {.path = "multires_noise_iterations", .key = "multires_noise_iterations", .convert = multires},
    {.path = "multires_noise_discount", .key = "multires_noise_discount", .convert = multires},
    {.path = "lora_network_weights", .key = "network_weights", .convert = weights},
    {.path = "network_weights", .key = "network_weights", .convert = weights},
    {.path = "caption_dropout_every_n_epochs", .key = "caption_dropout_every_n_epochs"},
    {.path = "conv_dim", .key = "conv_dim", .convert = of_convolutions},
    {.path = "conv_alpha", .key = "conv_alpha", .convert = of_convolutions},
    {.path = "factor", .convert = of_other_types},
    {.path = "unit", .convert = of_other_types},
    {.path = "LyCORIS_preset", .convert = of_other_types},
    {.path = "train_on_input", .convert = of_other_types},
    {.path = "vae_batch_size", .convert = of_other_types},
    {.path = "additional_parameters", .why = N_("Further options of the command line are not read.")},
};

/* What says how the other program is started, looks or reports; what only other families have. */
static const char *const passed_over[] = {
    "num_cpu_threads_per_process",
    "num_processes",
    "num_machines",
    "gpu_ids",
    "multi_gpu",
    "main_process_port",
    "dynamo_",
    "huggingface_",
    "wandb_",
    "log_",
    "logging_dir",
    "model_list",
    "save_as_bool",
    "no_token_padding",
    "extra_accelerate_launch_args",
    "t5xxl",
    "clip_l",
    "clip_g",
    "ae",
    "flux1_",
    "sd3_",
    "sdxl",
    "sdxl_",
    "train_blocks",
    "timestep_sampling",
    "discrete_flow_shift",
    "guidance_scale",
    "model_prediction_type",
    "weighting_scheme",
    "logit_mean",
    "logit_std",
    "mode_scale",
    "blocks_to_swap",
    "single_blocks_to_swap",
    "double_blocks_to_swap",
    "epoch",
    "noise_offset_type",
    "text_encoder_batch_size",
    "max_data_loader_n_workers",
};

void lk_import_kohya_ss(LkImporter *self)
{
    lk_import_apply(self, rules, G_N_ELEMENTS(rules));
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        lk_import_pass_over(self, passed_over[i]);
    }
    take_known(self);
    lk_import_apply(self, defaults, G_N_ELEMENTS(defaults));
}
