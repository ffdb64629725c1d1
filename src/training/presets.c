#include "training/presets.h"

#include "training/job.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* clang-format off */
const LkPreset lk_presets[] = {
    {"character", N_("Character"), N_("One person, animal or figure, 20 to 50 pictures"), false, 1500,
     {{"resolution", "512"}, {"train_batch_size", "2"}, {"learning_rate", "0.0001"}, {"text_encoder_lr", "5e-05"},
      {"network_dim", "16"}, {"network_alpha", "8"}, {"lr_scheduler", "cosine"}, {"enable_bucket", "true"},
      {"mixed_precision", LK_PRESET_PRECISION}, {"save_precision", "fp16"}}},
    {"style", N_("Style"), N_("How pictures are made, 20 to 100 pictures of different things"), false, 2500,
     {{"resolution", "512"}, {"train_batch_size", "2"}, {"learning_rate", "0.0001"}, {"network_dim", "64"},
      {"network_alpha", "32"}, {"network_train_unet_only", "true"}, {"caption_dropout_rate", "0.1"},
      {"lr_scheduler", "cosine"}, {"enable_bucket", "true"}, {"mixed_precision", LK_PRESET_PRECISION},
      {"save_precision", "fp16"}}},
    {"object", N_("Object"), N_("One thing from several sides, 15 to 30 pictures"), false, 1200,
     {{"resolution", "512"}, {"train_batch_size", "2"}, {"learning_rate", "0.0001"}, {"text_encoder_lr", "5e-05"},
      {"network_dim", "8"}, {"network_alpha", "4"}, {"lr_scheduler", "cosine"}, {"enable_bucket", "true"},
      {"mixed_precision", LK_PRESET_PRECISION}, {"save_precision", "fp16"}}},
    {"concept", N_("Concept"), N_("A pose, a place, an idea, 20 pictures or more"), false, 2000,
     {{"resolution", "512"}, {"train_batch_size", "2"}, {"learning_rate", "0.0001"}, {"text_encoder_lr", "5e-05"},
      {"network_dim", "32"}, {"network_alpha", "16"}, {"lr_scheduler", "cosine"}, {"enable_bucket", "true"},
      {"mixed_precision", LK_PRESET_PRECISION}, {"save_precision", "fp16"}}},
    {"memory-4", N_("4 GB"), N_("Batch 1 with accumulation, gradient checkpointing, U-Net only"), true, 0,
     {{"train_batch_size", "1"}, {"gradient_accumulation_steps", "2"}, {"gradient_checkpointing", "true"},
      {"network_train_unet_only", "true"}, {"mixed_precision", LK_PRESET_PRECISION}}},
    {"memory-8", N_("8 GB"), N_("Batch 2, gradient checkpointing"), true, 0,
     {{"train_batch_size", "2"}, {"gradient_accumulation_steps", "1"}, {"gradient_checkpointing", "true"},
      {"mixed_precision", LK_PRESET_PRECISION}}},
    {"memory-12", N_("12 GB"), N_("Batch 2, nothing computed twice"), true, 0,
     {{"train_batch_size", "2"}, {"gradient_accumulation_steps", "1"}, {"gradient_checkpointing", "false"},
      {"mixed_precision", LK_PRESET_PRECISION}}},
    {"memory-24", N_("24 GB or More"), N_("Batch 4, nothing computed twice"), true, 0,
     {{"train_batch_size", "4"}, {"gradient_accumulation_steps", "1"}, {"gradient_checkpointing", "false"},
      {"mixed_precision", LK_PRESET_PRECISION}}},
};
/* clang-format on */

const size_t lk_preset_count = G_N_ELEMENTS(lk_presets);

const LkPreset *lk_preset_find(const char *id)
{
    for (size_t i = 0; i < lk_preset_count; i++) {
        if (g_strcmp0(lk_presets[i].id, id) == 0) {
            return &lk_presets[i];
        }
    }
    return NULL;
}

const char *lk_preset_precision(const LkDeviceInfo *device)
{
    if (device == NULL) {
        return "no";
    }
    return device->bf16 ? "bf16" : device->fp16 ? "fp16" : "no";
}

GHashTable *lk_preset_values(const LkPreset *preset, const LkDeviceInfo *device)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(LkJob) job = lk_job_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(preset->values) && preset->values[i][0] != NULL; i++) {
        const char *key = preset->values[i][0], *value = preset->values[i][1];
        if (strcmp(value, LK_PRESET_PRECISION) == 0) {
            value = lk_preset_precision(device);
        }
        const LkParameter *row = lk_parameter_find(key);
        if (lk_job_set(job, key, value, NULL) && (preset->part || lk_job_is_changed(job, row))) {
            g_hash_table_insert(values, g_strdup(key), g_strdup(value));
        }
    }
    return values;
}

/* 1, 2 … 10, then 12, 15, 20, 25, 30 …: numbers that people would choose. */
static int round_number(double epochs)
{
    if (epochs <= 10) {
        return MAX(1, (int)lround(epochs));
    }
    int step = epochs < 50 ? 5 : epochs < 200 ? 10 : 50;
    return (int)MIN(1000, lround(epochs / step) * step);
}

int lk_preset_epochs(int steps, int64_t shown, int batch, int accumulation)
{
    if (steps <= 0 || shown <= 0) {
        return 10;
    }
    double per_epoch = ceil((double)shown / MAX(1, batch)) / MAX(1, accumulation);
    return round_number(steps / MAX(per_epoch, 1e-9));
}

int lk_preset_save_every(int epochs)
{
    return MAX(1, (int)lround(epochs / 10.0));
}

bool lk_preset_covers(const char *key)
{
    const LkParameter *row = lk_parameter_find(key);
    if (row == NULL || row->state != LK_PARAMETER_SUPPORTED) {
        return false;
    }
    switch (row->type) {
    case LK_PARAMETER_FILE:
    case LK_PARAMETER_FOLDER:
    case LK_PARAMETER_PROMPTS:
        return false;
    case LK_PARAMETER_STRING:
        return !row->optional || row->choices != NULL;
    default:
        return row->group != LK_PARAMETER_GROUP_METADATA;
    }
}
