/* kohya sd-scripts: its keys are ours. Files of LoRA_Easy_Training_Scripts are the same in more sections, with the
 * options of network and optimizer as tables. */
#include "training/import_private.h"
#include "training/network_options.h"

#include <glib/gi18n.h>
#include <string.h>

/* ------------------------------------------------------------------ what both have */

/* The schedule "constant" has no warm-up; both programs ignore it there. */
LkImportAnswer lk_import_warmup(LkImporter *self, const LkImportItem *item)
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

/* Options of a class of torch's say nothing without it. */
static LkImportAnswer scheduler_args(LkImporter *self, const LkImportItem *item)
{
    bool ours = g_strcmp0(lk_import_text(self, "lr_scheduler"), "piecewise_constant") == 0;
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    return ours ? lk_import_words(item) : lk_import_refused(_("It belongs to a schedule that is not supported."));
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
        {"network_weights", lk_import_lora},
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
        {"lr_warmup_steps", lk_import_warmup},
        {"optimizer_args", lk_import_optimizer_args},
        {"lr_scheduler_args", scheduler_args},
        {"network_dim", lk_import_rank},
        {"conv_dim", lk_import_rank},
        {"bucket_reso_steps", lk_import_bucket_steps},
        {"resolution", lk_import_sides},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
        if (strcmp(key, special[i].key) == 0) {
            return special[i].convert;
        }
    }
    return NULL;
}

/* Width and height, which must be multiples of 8; with buckets only the area counts, without them of 64. */
LkImportAnswer lk_import_sides(LkImporter *self, const LkImportItem *item)
{
    int sides[2], count = 0, steps = lk_import_is_true(self, "enable_bucket") ? 8 : 64;
    g_autofree char *text = g_strjoinv(",", item->values);
    g_auto(GStrv) parts = g_strsplit_set(text, ",x", -1);
    for (char **part = parts; *part != NULL && count < 2; part++) {
        sides[count++] = (int)CLAMP(g_ascii_strtoll(*part, NULL, 10), 0, 1 << 20);
    }
    bool odd = false;
    for (int i = 0; i < count; i++) {
        odd |= sides[i] % steps != 0;
        sides[i] = (sides[i] + steps / 2) / steps * steps;
    }
    if (count == 0 || sides[0] <= 0 || sides[count - 1] <= 0 || !odd) {
        return (LkImportAnswer){.value = text[0] != '\0' ? g_steal_pointer(&text) : NULL};
    }
    return lk_import_changed(count == 1 ? g_strdup_printf("%d", sides[0])
                                        : g_strdup_printf("%d,%d", sides[0], sides[1]),
                             steps == 8 ? _("Sides are multiples of 8 here. With buckets only the area counts.")
                                        : _("Without buckets sides are multiples of 64."));
}

/* A key of a dataset file that the job calls otherwise. */
static const char *job_key(const char *key)
{
    return strcmp(key, "batch_size") == 0 ? "train_batch_size" : key;
}

/* A share of all steps. */
static LkImportAnswer warmup_ratio(LkImporter *self, const LkImportItem *item)
{
    return lk_import_is_true(self, "lr_warmup_steps") ? (LkImportAnswer){0} : lk_import_warmup(self, item);
}

#define OF_THE_PROGRAM N_("It is about the other program, not about the training.")

/* Keys of front ends that write sd-scripts' files: LoRA_Easy_Training_Scripts and lora-scripts. */
static const LkImportRule front_ends[] = {
    {.path = "warmup_ratio", .key = "lr_warmup_steps", .convert = warmup_ratio},
    {.path = "lr_restart_cycles", .key = "lr_scheduler_num_cycles"},
    {.path = "is_reg", .convert = lk_import_pictures},
};

static void take_front_ends(LkImporter *self)
{
    static const char *const options[][2] = {{"lycoris_algo", "algo"}, {"lokr_factor", "factor"}};
    static const char *const programs[] = {"train_mode", "save_toml", "enable_preview", "sdxl"};
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        LkImportItem *item = lk_import_find(self, options[i][0]);
        if (item != NULL && item->values[0] != NULL) {
            lk_import_network_option(self, item, item->path, options[i][1], item->values[0]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        LkImportItem *item = lk_import_find(self, programs[i]);
        if (item != NULL) {
            lk_import_leave(self, item, OF_THE_PROGRAM);
        }
    }
    lk_import_apply(self, front_ends, G_N_ELEMENTS(front_ends));
}

/* Options of the optimizer that are a table. */
static void take_optimizer_table(LkImporter *self)
{
    static const char table[] = "optimizer_args.";
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        const char *at = g_strrstr(item->path, table);
        if (item->used || at == NULL || strchr(at + strlen(table), '.') != NULL ||
            lk_parameter_find(at + strlen(table)) != NULL) {
            continue;
        }
        g_autofree char *prefix = g_strndup(item->path, (gsize)(at - item->path) + strlen(table));
        const LkImportOptions options = {.prefix = prefix, .optimizer = lk_import_text(self, "optimizer_type")};
        lk_import_optimizer_options(self, &options);
    }
}

/* An option of the network, alone or in a list; false where it is none. */
static bool take_network_option(LkImporter *self, LkImportItem *item, const char *key)
{
    if (strcmp(key, "network_args") == 0) {
        lk_import_network_args(self, item);
        return true;
    }
    bool is_one = lk_network_option_is_key(key) && item->values[0] != NULL && item->values[1] == NULL;
    if (is_one) {
        lk_import_network_option(self, item, item->path, key, item->values[0]);
    }
    return is_one;
}

/* Every item whose last part is a key that we know; sections do not matter to sd-scripts either. */
void lk_import_take_known(LkImporter *self)
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
        const LkParameter *row = lk_parameter_find(key);
        bool unknown = row != NULL && row->state != LK_PARAMETER_SUPPORTED;
        if ((g_hash_table_contains(first, key) || unknown) && lk_import_item_is_off(item)) {
            lk_import_leave(self, item, N_("It is off or unset."));
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
        if (take_network_option(self, item, key)) {
            continue;
        }
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

void lk_import_kohya_defaults(LkImporter *self)
{
    lk_import_apply(self, defaults, G_N_ELEMENTS(defaults));
}

void lk_import_sd_scripts(LkImporter *self)
{
    take_front_ends(self);
    take_optimizer_table(self);
    lk_import_take_known(self);
    lk_import_kohya_defaults(self);
}
