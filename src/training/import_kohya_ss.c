/* Presets of kohya_ss, the front end of sd-scripts, which has some keys of its own (kohya_gui/lora_gui.py). */
#include "training/import_private.h"

#include <glib/gi18n.h>
#include <string.h>

/* ------------------------------------------------------------------ kinds of networks */

enum {
    STANDARD = 1,
    LOCON = 2, /* kohya's own */
    LOHA = 4,
    LOKR = 8,
    LY_LOCON = 16, /* LyCORIS */
    LY_LOHA = 32,
    LY_LOKR = 64,
    OTHER = 128,
    LYCORIS = LY_LOCON | LY_LOHA | LY_LOKR,
    ANY = 255,
};

/* kohya_ss' names of kinds, and what it starts for them. */
static const struct {
    const char *type;
    int kind;
    const char *module, *algo;
} kinds[] = {
    {"Standard", STANDARD, "networks.lora", NULL},      {"Kohya LoCon", LOCON, "networks.lora", NULL},
    {"Kohya LoHa", LOHA, "networks.loha", NULL},        {"Kohya LoKr", LOKR, "networks.lokr", NULL},
    {"LoCon", LY_LOCON, "lycoris.kohya", "lora"},       {"LyCORIS/LoCon", LY_LOCON, "lycoris.kohya", "lora"},
    {"LyCORIS/LoHa", LY_LOHA, "lycoris.kohya", "loha"}, {"LyCORIS/LoKr", LY_LOKR, "lycoris.kohya", "lokr"},
};

static int find_kind(LkImporter *self)
{
    const char *type = lk_import_text(self, "LoRA_type");
    for (int i = 0; i < (int)G_N_ELEMENTS(kinds); i++) {
        if (strcmp(type != NULL && type[0] != '\0' ? type : "Standard", kinds[i].type) == 0) {
            return i;
        }
    }
    return -1;
}

static void take_kind(LkImporter *self)
{
    static const char *const families[] = {"Flux1", "LTX", "SD3", "Lumina", "HunyuanImage", "Anima"};
    LkImportItem *item = lk_import_find(self, "LoRA_type");
    int kind = find_kind(self);
    if (item == NULL) {
        return;
    }
    if (kind >= 0) {
        lk_import_take(self, item, item->path, "network_module", lk_import_as(kinds[kind].module));
        if (kinds[kind].algo != NULL) {
            lk_import_take(self, item, item->path, "algo", lk_import_as(kinds[kind].algo));
        }
        return;
    }
    const char *why = _("This kind of network is not supported yet; a plain LoRA takes its place.");
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        if (g_str_has_prefix(item->values[0], families[i])) {
            why = _("It is for another family of models; the values may not suit this one.");
        }
    }
    lk_import_take(self, item, item->path, NULL, lk_import_refused(why));
}

/* Fields of the form that become options of the network, and the kinds for which they do. */
static const struct {
    const char *field, *option;
    int kinds;
} fields[] = {
    {"LyCORIS_preset", "preset", LYCORIS},
    {"conv_dim", "conv_dim", LOCON | LOHA | LOKR | LYCORIS},
    {"conv_alpha", "conv_alpha", LOCON | LOHA | LOKR | LYCORIS},
    {"rank_dropout", "rank_dropout", ANY},
    {"module_dropout", "module_dropout", ANY},
    {"rank_dropout_scale", "rank_dropout_scale", LYCORIS},
    {"factor", "factor", LOKR | LY_LOKR},
    {"decompose_both", "decompose_both", LY_LOKR},
    {"dora_wd", "dora_wd", LYCORIS},
    {"use_tucker", "use_tucker", LOHA | LOKR | LYCORIS},
    {"use_cp", "use_cp", LY_LOKR},
    {"use_scalar", "use_scalar", LYCORIS},
    {"train_norm", "train_norm", LYCORIS},
    {"bypass_mode", "bypass_mode", LYCORIS},
    {"down_lr_weight", "down_lr_weight", STANDARD | LOCON},
    {"mid_lr_weight", "mid_lr_weight", STANDARD | LOCON},
    {"up_lr_weight", "up_lr_weight", STANDARD | LOCON},
    {"block_lr_zero_threshold", "block_lr_zero_threshold", STANDARD | LOCON},
    {"block_dims", "block_dims", STANDARD | LOCON},
    {"block_alphas", "block_alphas", STANDARD | LOCON},
    {"conv_block_dims", "conv_block_dims", STANDARD | LOCON},
    {"conv_block_alphas", "conv_block_alphas", STANDARD | LOCON},
    {"conv_dims", "conv_block_dims", 0}, /* of old versions, without effect */
    {"conv_alphas", "conv_block_alphas", 0},
    {"unit", NULL, OTHER},
    {"constrain", NULL, OTHER},
    {"rescaled", NULL, OTHER},
    {"train_on_input", NULL, OTHER},
};

static void take_fields(LkImporter *self)
{
    int place = find_kind(self), kind = place >= 0 ? kinds[place].kind : OTHER;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        LkImportItem *item = lk_import_find(self, fields[i].field);
        if (item == NULL || item->used) {
            continue;
        }
        if (lk_import_item_is_off(item) && fields[i].option != NULL && strcmp(fields[i].option, "conv_dim") != 0) {
            lk_import_leave(self, item, N_("It is off or unset."));
        } else if ((fields[i].kinds & kind) == 0 || kind == OTHER) {
            lk_import_leave(self, item, N_("It counts only for other kinds of networks."));
        } else {
            lk_import_network_option(self, item, item->path, fields[i].option, item->values[0]);
        }
    }
}

/* ------------------------------------------------------------------ other fields */

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
    LkImportAnswer answer = lk_import_warmup(self, item);
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
    return lk_import_item_is_off(item) ? (LkImportAnswer){0} : lk_import_lora(self, item);
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

/* Where it is empty the number of epochs is taken, and it counts with one schedule only. */
static LkImportAnswer cycles(LkImporter *self, const LkImportItem *item)
{
    const char *scheduler = lk_import_text(self, "lr_scheduler"), *epochs = lk_import_text(self, "epoch");
    bool restarts = g_strcmp0(scheduler, "cosine_with_restarts") == 0;
    if (item->values[0] != NULL && item->values[0][0] != '\0') {
        return lk_import_as(item->values[0]);
    }
    return restarts && epochs != NULL
               ? lk_import_changed(g_strdup(epochs), _("kohya_ss takes the number of epochs where it is empty."))
               : (LkImportAnswer){0};
}

/* "xformers", "sdpa" or, in old files, a truth value. */
static LkImportAnswer attention(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? (LkImportAnswer){0}
                                       : lk_import_idle(_("Attention is always computed in the memory-saving way."));
}

static LkImportAnswer half_vae(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? (LkImportAnswer){0} : lk_import_idle(_("The VAE always runs in float32."));
}

static LkImportAnswer text_outputs(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_idle(_("Text states are always kept where the text encoders are not trained and captions "
                                  "stay the same."));
}

/* ------------------------------------------------------------------ further options of the command line */

/* "--max_grad_norm=1 --network_train_unet_only" becomes settings of their own. */
static void take_command_line(LkImporter *self)
{
    LkImportItem *line = lk_import_find(self, "additional_parameters");
    g_auto(GStrv) words = NULL;
    if (line == NULL || line->values[0] == NULL || !g_shell_parse_argv(line->values[0], NULL, &words, NULL)) {
        return;
    }
    LkImportItem *last = NULL;
    for (char **word = words; *word != NULL; word++) {
        if (g_str_has_prefix(*word, "--")) {
            g_auto(GStrv) pair = g_strsplit(*word + 2, "=", 2);
            g_autofree char *path = g_strconcat("additional_parameters.", pair[0], NULL);
            last = lk_import_add_item(self, path, pair[0] != NULL ? pair[1] : NULL);
        } else if (last != NULL) {
            lk_import_add_value(last, *word);
        }
    }
    for (guint i = 0; i < self->items->len; i++) { /* an option without a value is a flag */
        LkImportItem *item = self->items->pdata[i];
        if (g_str_has_prefix(item->path, "additional_parameters.") && item->values[0] == NULL) {
            lk_import_add_value(item, "true");
            item->list = false;
        }
    }
    if (last != NULL) {
        lk_import_leave(self, line, N_("Each of its options has a line of its own."));
    }
    lk_import_sort_to_front(self, "additional_parameters."); /* the command line goes before the form */
}

/* ------------------------------------------------------------------ all of it */

static const LkImportRule rules[] = {
    {.path = "flux1_checkbox", .convert = family},
    {.path = "sd3_checkbox", .convert = family},
    {.path = "max_resolution", .key = "resolution", .convert = lk_import_sides},
    {.path = "optimizer", .key = "optimizer_type", .convert = lk_import_optimizer},
    {.path = "epoch", .key = "max_train_epochs", .convert = epoch},
    {.path = "max_train_epochs", .key = "max_train_epochs", .convert = unless_off},
    {.path = "max_train_steps", .key = "max_train_steps", .convert = steps},
    {.path = "lr_warmup", .key = "lr_warmup_steps", .convert = warmup_percent},
    {.path = "lr_warmup_steps", .key = "lr_warmup_steps", .convert = lk_import_warmup},
    {.path = "lr_scheduler_num_cycles", .key = "lr_scheduler_num_cycles", .convert = cycles},
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
    {.path = "stop_text_encoder_training_pct",
     .why = N_("The text encoder cannot be stopped on the way yet. Give it a lower learning rate, or none.")},
    {.path = "xformers", .convert = attention},
    {.path = "sdxl_no_half_vae", .convert = half_vae},
    {.path = "sdxl_cache_text_encoder_outputs", .convert = text_outputs},
    {.path = "additional_parameters", .why = N_("Further options of the command line are not read.")},
};

#define OF_THE_PROGRAM N_("It is about the other program, not about the training.")
#define OF_A_FAMILY    N_("It counts only for other families of models.")

/* What says how the other program is started, looks or reports; what only other families have. */
static const struct {
    const char *prefix, *why;
} passed_over[] = {
    {"num_cpu_threads_per_process", OF_THE_PROGRAM},
    {"num_processes", OF_THE_PROGRAM},
    {"num_machines", OF_THE_PROGRAM},
    {"gpu_ids", OF_THE_PROGRAM},
    {"multi_gpu", OF_THE_PROGRAM},
    {"main_process_port", OF_THE_PROGRAM},
    {"dynamo_", OF_THE_PROGRAM},
    {"huggingface_", OF_THE_PROGRAM},
    {"wandb_", OF_THE_PROGRAM},
    {"log_", OF_THE_PROGRAM},
    {"logging_dir", OF_THE_PROGRAM},
    {"model_list", OF_THE_PROGRAM},
    {"save_as_bool", OF_THE_PROGRAM},
    {"no_token_padding", OF_THE_PROGRAM},
    {"extra_accelerate_launch_args", OF_THE_PROGRAM},
    {"max_data_loader_n_workers", OF_THE_PROGRAM},
    {"vae_batch_size", OF_THE_PROGRAM},
    {"sdxl", N_("The model family is read from the base model's file.")},
    {"noise_offset_type", N_("It says which of the noise options count.")},
    {"t5xxl", OF_A_FAMILY},
    {"clip_l", OF_A_FAMILY},
    {"clip_g", OF_A_FAMILY},
    {"ae", OF_A_FAMILY},
    {"flux1_", OF_A_FAMILY},
    {"sd3_", OF_A_FAMILY},
    {"split_mode", OF_A_FAMILY},
    {"apply_t5_attn_mask", OF_A_FAMILY},
    {"train_blocks", OF_A_FAMILY},
    {"timestep_sampling", OF_A_FAMILY},
    {"discrete_flow_shift", OF_A_FAMILY},
    {"guidance_scale", OF_A_FAMILY},
    {"model_prediction_type", OF_A_FAMILY},
    {"weighting_scheme", OF_A_FAMILY},
    {"logit_mean", OF_A_FAMILY},
    {"logit_std", OF_A_FAMILY},
    {"mode_scale", OF_A_FAMILY},
    {"blocks_to_swap", OF_A_FAMILY},
    {"single_blocks_to_swap", OF_A_FAMILY},
    {"double_blocks_to_swap", OF_A_FAMILY},
    {"text_encoder_batch_size", OF_A_FAMILY},
};

void lk_import_kohya_ss(LkImporter *self)
{
    take_command_line(self);
    take_kind(self);
    take_fields(self);
    lk_import_apply(self, rules, G_N_ELEMENTS(rules));
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        lk_import_pass_over(self, passed_over[i].prefix, passed_over[i].why);
    }
    lk_import_take_known(self);
    lk_import_kohya_defaults(self);
}
