/* OneTrainer: what is trained, that is kinds of networks, layers and text encoders (modules/module/LoRAModule.py). */
#include "training/import_private.h"

#include <glib/gi18n.h>
#include <string.h>

/* ------------------------------------------------------------------ text encoders */

static bool is_xl(LkImporter *self)
{
    return strstr(lk_import_text_or(self, "model_type", ""), "_XL_") != NULL;
}

static bool trains(LkImporter *self, const char *path)
{
    return strcmp(lk_import_text_or(self, path, "true"), "false") != 0;
}

/* One model's text encoder, or both of them: of two, each can be left out by its learning rate. */
static void take_texts(LkImporter *self)
{
    LkImportItem *items[] = {lk_import_find(self, "text_encoder.train"), lk_import_find(self, "text_encoder_2.train")};
    bool first = trains(self, "text_encoder.train"), second = trains(self, "text_encoder_2.train"), both = is_xl(self);
    if (!first && (!both || !second)) {
        lk_import_take(self, items[0], "text_encoder.train", "network_train_unet_only", lk_import_as("true"));
        if (both) {
            lk_import_along(self, items[1]);
        }
    } else if (both && first != second) {
        LkImportItem *off = first ? items[1] : items[0];
        lk_import_take(self, off, off->path, first ? "text_encoder_2_lr" : "text_encoder_lr", lk_import_as("0"));
        if (!first && !lk_import_is_true(self, "text_encoder_2.learning_rate")) {
            lk_import_take(self, items[1], "text_encoder_2.train", "text_encoder_2_lr",
                           lk_import_as(lk_import_text_or(self, "learning_rate", "3e-6")));
        }
    }
}

/* ------------------------------------------------------------------ the network */

#define OTHER_KIND N_("It counts only for other kinds of networks.")

/* DoRA's norms are of rows of the weight here; OneTrainer takes columns unless told otherwise. */
static LkImportAnswer decompose(LkImporter *self, const LkImportItem *item)
{
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    return lk_import_is_true(self, "lora_decompose_output_axis")
               ? lk_import_as("true")
               : lk_import_changed(g_strdup("true"), _("DoRA takes the norms of outputs here, not of inputs."));
}

static const LkImportRule lora_rules[] = {
    {.path = "lora_rank", .key = "network_dim", .implied = "16"},
    {.path = "lora_decompose", .key = "dora_wd", .convert = decompose},
    {.path = "dropout_probability", .key = "network_dropout"},
};

static const LkImportRule loha_rules[] = {
    {.path = "lora_rank", .key = "network_dim", .implied = "16"},
    {.path = "dropout_probability",
     .why = N_("network_dropout is for LoRA and LoCon. Use rank_dropout or module_dropout in its place.")},
};

static const LkImportRule lokr_rules[] = {
    {.path = "lokr_dim", .key = "network_dim", .implied = "16"},
    {.path = "lokr_decompose_both", .key = "decompose_both"},
    {.path = "lokr_decompose_factor", .key = "factor"},
    {.path = "lokr_full_matrix", .key = "full_matrix"},
    {.path = "lokr_weight_decompose", .key = "dora_wd"},
    {.path = "lokr_use_tucker", .why = N_("Tucker decomposition is not supported.")},
    {.path = "dropout_probability",
     .why = N_("network_dropout is for LoRA and LoCon. Use rank_dropout or module_dropout in its place.")},
};

/* Their kinds, kohya's modules for attention and feed-forward layers, and LyCORIS' algorithms for all layers. */
static const struct {
    const char *type, *module, *algo;
    const LkImportRule *rules;
    size_t count;
} kinds[] = {
    {"LORA", "networks.lora", "lora", lora_rules, G_N_ELEMENTS(lora_rules)},
    {"LOHA", "networks.loha", "loha", loha_rules, G_N_ELEMENTS(loha_rules)},
    {"LOKR", "networks.lokr", "lokr", lokr_rules, G_N_ELEMENTS(lokr_rules)},
};

/* True where no layer is left out, which is the default. */
static bool adapts_all_layers(LkImporter *self)
{
    return strcmp(lk_import_text_or(self, "layer_filter_preset", "full"), "full") == 0 &&
           !lk_import_is_true(self, "layer_filter");
}

static void take_layers(LkImporter *self, const char *module)
{
    LkImportItem *preset = lk_import_find(self, "layer_filter_preset"), *filter = lk_import_find(self, "layer_filter");
    const char *text = lk_import_text_or(self, "layer_filter_preset", "full"),
               *list = lk_import_text_or(self, "layer_filter", "");
    if (adapts_all_layers(self)) {
        LkImportAnswer answer =
            preset != NULL ? lk_import_as("full")
                           : lk_import_changed(g_strdup("full"), _("Not in the file; OneTrainer adapts all layers."));
        lk_import_take(self, preset, "layer_filter_preset", "preset", answer);
        return;
    }
    bool same = strcmp(text, "attn-mlp") == 0 || strcmp(list, "attentions") == 0;
    const char *why = same                             ? NULL
                      : strcmp(text, "attn-only") == 0 ? _("Attention alone cannot be chosen; feed-forward layers are "
                                                           "adapted with it.")
                                                       : _("Attention and feed-forward layers are adapted, no others.");
    LkImportItem *first = preset != NULL ? preset : filter;
    lk_import_take(self, first, first->path, "network_module",
                   (LkImportAnswer){.value = g_strdup(module), .why = g_strdup(why)});
    if (filter != NULL && !filter->used) {
        lk_import_along(self, filter);
    }
}

void lk_import_onetrainer_network(LkImporter *self)
{
    take_texts(self);
    LkImportItem *item = lk_import_find(self, "peft_type");
    const char *type = lk_import_text_or(self, "peft_type", "LORA");
    size_t kind = 0;
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        kind = strcmp(type, kinds[i].type) == 0 ? i : kind;
        known |= kind == i && strcmp(type, kinds[i].type) == 0;
    }
    bool all = adapts_all_layers(self);
    const char *module = all ? "lycoris.kohya" : kinds[kind].module;
    const char *why = known ? NULL : _("This kind of network is not supported yet; a LoRA takes its place.");
    take_layers(self, module);
    lk_import_take(self, item, "peft_type", "network_module",
                   (LkImportAnswer){.value = g_strdup(module), .why = g_strdup(why)});
    if (all) {
        lk_import_take(self, item, "peft_type", "algo",
                       (LkImportAnswer){.value = g_strdup(kinds[kind].algo), .why = g_strdup(why)});
    }
    lk_import_apply(self, kinds[kind].rules, kinds[kind].count);
    static const char *const others[] = {"lora_rank", "lora_decompose", "lokr_", "oft_", "dora_"};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        lk_import_pass_over(self, others[i], OTHER_KIND);
    }
}
