/* Options of a network in the words of sd-scripts and LyCORIS, one by one as parameters of ours. */
#include "training/import_private.h"
#include "training/network_options.h"

#include <glib/gi18n.h>
#include <string.h>

/* ------------------------------------------------------------------ which layers */

/* LyCORIS' presets; what they leave out of the text encoders is a parameter of its own here. */
static const struct {
    const char *theirs, *ours;
    bool unet_only;
    const char *why; /* N_() */
} presets[] = {
    {"full", "full", false, NULL},
    {"attn-mlp", "attn-mlp", false, NULL},
    {"unet-only", "full", true, NULL},
    {"unet-transformer-only", "attn-mlp", true, NULL},
    {"attn-only", "attn-mlp", false, N_("Attention alone cannot be chosen; feed-forward layers are adapted with it.")},
    {"full-lin", "attn-mlp", false, N_("Attention and feed-forward layers are adapted, no others.")},
    {"unet-convblock-only", "full", true, N_("ResNets alone cannot be chosen; all layers of the U-Net are adapted.")},
};

static void take_preset(LkImporter *self, LkImportItem *item, const char *shown, const char *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++) {
        if (strcmp(value, presets[i].theirs) != 0) {
            continue;
        }
        const char *why = presets[i].why;
        LkImportAnswer answer =
            why != NULL ? lk_import_changed(g_strdup(presets[i].ours), _(why)) : lk_import_as(presets[i].ours);
        lk_import_take(self, item, shown, "preset", answer);
        if (presets[i].unet_only) {
            lk_import_take(self, item, shown, "network_train_unet_only", lk_import_as("true"));
        }
        return;
    }
    lk_import_take(self, item, shown, "preset", lk_import_as(value));
}

/* ------------------------------------------------------------------ one option */

static bool is_true(const char *value)
{
    return g_ascii_strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

/* What asks for nothing in LyCORIS: unset, 0 or false. */
static bool is_nothing(const char *value)
{
    char *end;
    double number = g_ascii_strtod(value, &end);
    return value[0] == '\0' || g_ascii_strcasecmp(value, "false") == 0 || g_ascii_strcasecmp(value, "none") == 0 ||
           (end != value && *end == '\0' && number == 0);
}

static const char *renamed(const char *name)
{
    static const char *const names[][2] = {{"dropout", "network_dropout"},
                                           {"use_rslora", "rs_lora"},
                                           {"use_dora", "dora_wd"},
                                           {"weight_decompose", "dora_wd"}};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return name;
}

/* A rank that no layer has, with which LoKr's matrices are whole. */
static bool is_whole(LkImporter *self, const char *value)
{
    return g_ascii_strtod(value, NULL) > 1024 && lk_import_is_lokr(self);
}

LkImportAnswer lk_import_rank(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    if (text == NULL || text[0] == '\0') {
        return (LkImportAnswer){0};
    }
    if (!is_whole(self, text)) {
        return lk_import_as(text);
    }
    if (!self->job->full_matrix) {
        lk_import_take(self, lk_import_find(self, item->path), item->path, "full_matrix",
                       lk_import_changed(g_strdup("true"), _("With a rank this large LoKr's matrices are whole.")));
    }
    return lk_import_changed(g_strdup("1024"), _("With a rank this large LoKr's matrices are whole."));
}

void lk_import_network_option(LkImporter *self, LkImportItem *item, const char *shown, const char *name,
                              const char *value)
{
    const char *key = renamed(name), *why = NULL;
    LkImportAnswer answer = {0};
    if (strcmp(key, "preset") == 0) {
        take_preset(self, item, shown, value);
        return;
    }
    if (lk_network_option_is_key(key)) {
        bool idle = value[0] == '\0' || (strcmp(key, "network_dropout") != 0 && strcmp(value, "None") == 0);
        bool whole = strcmp(key, "conv_dim") == 0 && is_whole(self, value);
        answer = idle    ? answer
                 : whole ? lk_import_changed(g_strdup("1024"), _("With a rank this large LoKr's matrices are whole."))
                         : lk_import_as(strcmp(key, "algo") == 0 && strcmp(value, "locon") == 0 ? "lora" : value);
        lk_import_take(self, item, shown, key, answer);
    } else if (lk_network_option_is_fixed(name, value, &why)) {
        bool pointless = strcmp(name, "rank_dropout_scale") == 0 && self->job->rank_dropout == 0;
        answer = why == NULL ? lk_import_idle(_("It is so here anyway, or follows from other settings."))
                 : pointless ? lk_import_idle(_("It does nothing without rank_dropout."))
                             : lk_import_refused(_(why));
        lk_import_take(self, item, shown, NULL, answer);
    } else {
        answer = is_nothing(value) && !is_true(value)
                     ? lk_import_idle(_("It is off or unset."))
                     : lk_import_refused(_("There is no such setting here, so it is left out."));
        lk_import_take(self, item, shown, NULL, answer);
    }
}

/* ------------------------------------------------------------------ lists */

void lk_import_network_args(LkImporter *self, LkImportItem *item)
{
    for (char **arg = item->values; *arg != NULL; arg++) {
        g_auto(GStrv) pair = g_strsplit(*arg, "=", 2);
        const char *name = pair[0] != NULL ? g_strstrip(pair[0]) : "";
        const char *value = pair[0] != NULL && pair[1] != NULL ? g_strstrip(g_strdelimit(pair[1], "\"", ' ')) : "";
        g_autofree char *shown = g_strdup_printf("%s: %s", item->path, *arg);
        if (name[0] != '\0') {
            lk_import_network_option(self, NULL, shown, name, value);
        }
    }
    item->used = true;
    if (item->values[0] == NULL || item->values[0][0] == '\0') {
        lk_import_leave(self, item, N_("It is off or unset."));
    }
}

bool lk_import_is_lokr(LkImporter *self)
{
    const char *type = lk_import_text(self, "LoRA_type"), *module = lk_import_text(self, "network_module");
    const char *algo = lk_import_text(self, "algo");
    algo = algo != NULL ? algo : lk_import_text(self, "lycoris_algo");
    LkImportItem *args = lk_import_find(self, "network_args");
    bool lokr = (type != NULL && g_str_has_suffix(type, "LoKr")) || g_strcmp0(module, "networks.lokr") == 0 ||
                g_strcmp0(algo, "lokr") == 0;
    for (char **arg = args != NULL ? args->values : NULL; arg != NULL && *arg != NULL; arg++) {
        lokr |= strcmp(*arg, "algo=lokr") == 0;
    }
    return lokr;
}
