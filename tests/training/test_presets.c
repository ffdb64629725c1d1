/* Presets: every value can be set, none is left over, and what they make is a job that can be trained. */
#include "tap.h"
#include "training/job.h"
#include "training/presets.h"

#include <string.h>

static void test_values(void)
{
    const LkDeviceInfo devices[] = {{.bf16 = true, .fp16 = true}, {.fp16 = true}, {.name = "old"}};
    static const char *const precisions[] = {"bf16", "fp16", NULL};
    for (size_t i = 0; i < lk_preset_count * G_N_ELEMENTS(devices); i++) {
        const LkPreset *preset = &lk_presets[i / G_N_ELEMENTS(devices)];
        size_t device = i % G_N_ELEMENTS(devices);
        g_autoptr(LkJob) job = lk_job_new(NULL);
        g_autoptr(GPtrArray) problems = lk_problems_new();
        g_autoptr(GHashTable) values = lk_preset_values(preset, &devices[device]);
        GHashTableIter iter;
        gpointer key, value;
        bool all = true;
        g_hash_table_iter_init(&iter, values);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
            all &= lk_job_set(job, key, value, problems) && lk_preset_covers(key);
            all &= preset->part || lk_job_is_changed(job, lk_parameter_find(key));
        }
        lk_job_set(job, "pretrained_model_name_or_path", "m.safetensors", NULL);
        lk_job_set(job, "train_data_dir", "pictures", NULL);
        lk_job_set(job, "max_train_epochs", "10", NULL);
        all &= lk_job_check(job, problems);
        const char *precision = g_hash_table_lookup(values, "mixed_precision");
        bool right = g_strcmp0(precision, precisions[device]) == 0 ||
                     (preset->part && precisions[device] == NULL && strcmp(precision, "no") == 0);
        tap_ok(all && problems->len == 0 && right, "%s sets %u parameters, precision %s", preset->id,
               g_hash_table_size(values), precision);
    }
}

/* No key is misspelt or there twice. */
static void test_table(void)
{
    for (size_t i = 0; i < lk_preset_count; i++) {
        bool whole = lk_preset_find(lk_presets[i].id) == &lk_presets[i] && lk_presets[i].part == !lk_presets[i].steps;
        for (size_t j = 0; j < G_N_ELEMENTS(lk_presets[i].values) && lk_presets[i].values[j][0] != NULL; j++) {
            whole &= lk_parameter_find(lk_presets[i].values[j][0]) != NULL;
            for (size_t k = 0; k < j; k++) {
                whole &= strcmp(lk_presets[i].values[j][0], lk_presets[i].values[k][0]) != 0;
            }
        }
        tap_ok(whole, "%s is a whole row", lk_presets[i].id);
    }
    tap_ok(lk_preset_find("nonsense") == NULL, "no other is found");
}

static void test_length(void)
{
    static const struct {
        int steps;
        int64_t shown;
        int batch, accumulation, epochs;
    } rows[] = {
        {1500, 0, 2, 1, 10},     {1500, 240, 2, 1, 15},  {1500, 24, 2, 1, 130},
        {1500, 3000, 2, 1, 1},   {1500, 1000, 4, 2, 10}, {1500, 1, 1, 1, 1000},
        {1500, 100000, 1, 1, 1}, {2500, 400, 4, 1, 25},  {1500, 500, 1, 1, 3},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int epochs = lk_preset_epochs(rows[i].steps, rows[i].shown, rows[i].batch, rows[i].accumulation);
        tap_ok(epochs == rows[i].epochs, "%d steps of %d pictures in batches of %d × %d: %d epochs", rows[i].steps,
               (int)rows[i].shown, rows[i].batch, rows[i].accumulation, epochs);
        int save = lk_preset_save_every(epochs);
        tap_ok(save >= 1 && save <= epochs && epochs / save <= 15, "saved every %d", save);
    }
}

static void test_covers(void)
{
    static const char *const own[] = {"output_name", "sample_prompts", "trigger_words",  "metadata_author",
                                      "no_metadata", "train_data_dir", "caption_prefix", "vae",
                                      "xformers",    "nonsense"};
    static const char *const shared[] = {"learning_rate",  "network_dim",         "caption_separator",
                                         "sample_sampler", "save_every_n_epochs", "optimizer_args",
                                         "seed",           "text_encoder_lr"};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        tap_ok(!lk_preset_covers(own[i]), "%s stays as it is", own[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(shared); i++) {
        tap_ok(lk_preset_covers(shared[i]), "%s is a preset's", shared[i]);
    }
}

int main(void)
{
    test_values();
    test_table();
    test_length();
    test_covers();
    return tap_done();
}
