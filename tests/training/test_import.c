/* Other trainers' settings, file by file: every value that must come out, and what is said of the others. The files are
 * in the programs' own formats; the expected values follow from their documentation. */
#include "tap.h"
#include "training/import.h"
#include "training/job.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Expected {
    const char *file;
    LkImportFormat format;
    const char *values[48][2]; /* our key and value; all of them, in any order */
    struct {
        LkImportKind kind;
        const char *name; /* theirs */
        const char *why;  /* a fragment */
    } lines[16];
    const char *silent[16]; /* their settings that need no line */
} Expected;

static const Expected all[] = {
    {"sd_scripts.toml",
     LK_IMPORT_SD_SCRIPTS,
     {{"pretrained_model_name_or_path", "@model.safetensors"},
      {"network_dim", "32"},
      {"network_alpha", "16"},
      {"text_encoder_lr", "5e-05"},
      {"optimizer_type", "AdamW8bit"},
      {"optimizer_args", "[\"weight_decay=0.1\", \"betas=[0.9,0.99]\"]"},
      {"lr_scheduler", "cosine_with_restarts"},
      {"lr_scheduler_num_cycles", "3"},
      {"lr_warmup_steps", "100"},
      {"resolution", "512,640"},
      {"shuffle_caption", "true"},
      {"keep_tokens", "1"},
      {"output_name", "robin"},
      {"train_batch_size", "2"},
      {"max_train_epochs", "10"},
      {"mixed_precision", "fp16"},
      {"save_precision", "fp16"},
      {"min_snr_gamma", "5"},
      {"noise_offset", "0.05"},
      {"masked_loss", "true"},
      {"random_crop", "true"},
      {"weighted_captions", "true"},
      {"resize_interpolation", "bicubic"},
      {"save_n_epoch_ratio", "5"},
      {"sample_prompts", "@prompts.txt"},
      {"sample_every_n_epochs", "1"}},
     {{LK_IMPORT_TAKEN, "optimizer_arguments.optimizer_type", NULL},
      {LK_IMPORT_TAKEN, "optimizer_arguments.learning_rate", NULL},
      {LK_IMPORT_IDLE, "training_arguments.xformers", "memory-saving"},
      {LK_IMPORT_IDLE, "dataset_arguments.cache_latents", "kept on disk"},
      {LK_IMPORT_IDLE, "dataset_arguments.train_data_dir", "page Dataset"},
      {LK_IMPORT_IDLE, "training_arguments.output_dir", "own folder"},
      {LK_IMPORT_UNSUPPORTED, "training_arguments.my_own_note", "no such setting"}},
     {"v2", "network_train_unet_only"}},
    {"sd_scripts.json",
     LK_IMPORT_SD_SCRIPTS,
     {{"max_train_steps", "1500"},
      {"seed", "7"},
      {"network_dim", "4"},
      {"network_alpha", "1"},
      {"learning_rate", "0.0002"},
      {"optimizer_type", "DAdaptAdam"}},
     {{LK_IMPORT_TAKEN, "learning_rate", NULL},
      {LK_IMPORT_CHANGED, "optimizer_type", "DAdaptAdam takes its place"},
      {LK_IMPORT_IDLE, "lr_warmup_steps", "no warm-up"},
      {LK_IMPORT_CHANGED, "network_dim", "default of kohya sd-scripts"}},
     {"reg_data_dir"}},
    {"kohya_ss.json",
     LK_IMPORT_KOHYA_SS,
     {{"bucket_no_upscale", "true"},
      {"caption_dropout_rate", "0.05"},
      {"caption_extension", ".txt"},
      {"clip_skip", "2"},
      {"enable_bucket", "true"},
      {"max_train_epochs", "12"},
      {"gradient_checkpointing", "true"},
      {"keep_tokens", "1"},
      {"lr_scheduler", "cosine"},
      {"lr_warmup_steps", "0.05"},
      {"max_token_length", "150"},
      {"mixed_precision", "bf16"},
      {"network_alpha", "64"},
      {"network_dim", "64"},
      {"noise_offset", "0.05"},
      {"resolution", "512,648"},
      {"sample_every_n_steps", "100"},
      {"sample_prompts", "[\"a bird --w 512 --h 512\", \"a bird on a branch --s 20\"]"},
      {"sample_sampler", "euler_a"},
      {"save_every_n_epochs", "1"},
      {"save_precision", "bf16"},
      {"scale_weight_norms", "1"},
      {"seed", "1234"},
      {"random_crop", "true"},
      {"text_encoder_lr", "0"},
      {"train_batch_size", "3"},
      {"optimizer_type", "AdamW8bit"},
      {"unet_lr", "0.0001"}},
     {{LK_IMPORT_TAKEN, "optimizer", NULL},
      {LK_IMPORT_UNSUPPORTED, "face_crop_aug_range", "not supported yet"},
      {LK_IMPORT_IDLE, "mem_eff_attn", "memory-saving"},
      {LK_IMPORT_IDLE, "train_data_dir", "page Dataset"}},
     {"conv_dim", "LoRA_type", "multires_noise_iterations", "num_cpu_threads_per_process", "training_comment", "sdxl"}},
    {"onetrainer_preset.json",
     LK_IMPORT_ONETRAINER,
     {{"train_batch_size", "4"},
      {"learning_rate", "0.0003"},
      {"output_name", "lora"},
      {"enable_bucket", "true"},
      {"max_train_epochs", "100"},
      {"lr_scheduler", "constant_with_warmup"},
      {"lr_warmup_steps", "200"},
      {"mixed_precision", "fp16"},
      {"gradient_checkpointing", "true"},
      {"network_alpha", "1"}},
     {{LK_IMPORT_UNSUPPORTED, "base_model_name", "never downloaded"},
      {LK_IMPORT_CHANGED, "epochs", "default of OneTrainer"},
      {LK_IMPORT_TAKEN, "resolution", NULL}},
     {"layer_filter_preset", "model_type", "vae.weight_dtype", "lora_rank"}},
    {"onetrainer_full.json",
     LK_IMPORT_ONETRAINER,
     {{"pretrained_model_name_or_path", "@model.safetensors"},
      {"save_precision", "fp16"},
      {"output_name", "my_bird"},
      {"flip_aug", "true"},
      {"shuffle_caption", "true"},
      {"keep_tokens", "2"},
      {"lr_scheduler", "cosine_with_restarts"},
      {"learning_rate", "0.0004"},
      {"lr_warmup_steps", "0.1"},
      {"lr_scheduler_num_cycles", "3"},
      {"max_train_epochs", "20"},
      {"train_batch_size", "2"},
      {"gradient_accumulation_steps", "4"},
      {"mixed_precision", "bf16"},
      {"gradient_checkpointing", "true"},
      {"min_snr_gamma", "3"},
      {"noise_offset", "0.05"},
      {"min_timestep", "20"},
      {"network_train_unet_only", "true"},
      {"clip_skip", "2"},
      {"network_dim", "24"},
      {"network_alpha", "12"},
      {"ema_decay", "0.999"},
      {"optimizer_args", "[\"betas=(0.9, 0.99)\", \"eps=1e-08\", \"weight_decay=0.02\"]"},
      {"network_module", "lycoris.kohya"},
      {"dora_wd", "true"},
      {"sample_prompts", "[\"a bird --w 640 --h 512 --s 20 --l 7 --d 3 --n blurry\"]"},
      {"sample_every_n_epochs", "2"},
      {"save_every_n_steps", "100"}},
     {{LK_IMPORT_CHANGED, "resolution", "the first one is taken"},
      {LK_IMPORT_CHANGED, "gradient_checkpointing", "computed again"},
      {LK_IMPORT_TAKEN, "ema", NULL},
      {LK_IMPORT_UNSUPPORTED, "mse_strength", "cannot be mixed"},
      {LK_IMPORT_CHANGED, "lora_decompose", "norms of outputs"},
      {LK_IMPORT_CHANGED, "layer_filter_preset", "all layers"},
      {LK_IMPORT_IDLE, "concepts[0].path", "page Dataset"},
      {LK_IMPORT_UNSUPPORTED, "something_new", "no such setting"}},
     {"text_encoder.stop_training_after", "cloud.host", "optimizer_defaults.ADAMW.beta1", "backup_after",
      "tensorboard"}},
    {"ai_toolkit.yaml",
     LK_IMPORT_AI_TOOLKIT,
     {{"output_name", "bird_v1"},
      {"trigger_words", "rlk_bird"},
      {"pretrained_model_name_or_path", "@model.safetensors"},
      {"save_precision", "fp16"},
      {"save_every_n_steps", "250"},
      {"save_last_n_steps", "1000"},
      {"caption_extension", ".txt"},
      {"caption_dropout_rate", "0.05"},
      {"shuffle_caption", "true"},
      {"enable_bucket", "true"},
      {"max_train_steps", "2000"},
      {"network_train_unet_only", "true"},
      {"gradient_checkpointing", "true"},
      {"optimizer_type", "AdamW8bit"},
      {"ema_decay", "0.99"},
      {"optimizer_args", "[\"weight_decay=0.0001\", \"eps=1e-6\"]"},
      {"base_weights_precision", "fp8"},
      {"mixed_precision", "bf16"},
      {"sample_every_n_steps", "250"},
      {"sample_prompts",
       "[\"rlk_bird on a branch, flying --w 512 --h 768 --s 20 --l 7 --d 42 --n blurry\", \"a red car "
       "--w 512 --h 768 --s 20 --l 7 --d 43 --n blurry\"]"}},
     {{LK_IMPORT_CHANGED, "config.process[0].datasets[0].resolution", "the first one is taken"},
      {LK_IMPORT_TAKEN, "config.process[0].train.optimizer", NULL},
      {LK_IMPORT_IDLE, "config.process[0].datasets[1].folder_path", "page Dataset"},
      {LK_IMPORT_TAKEN, "config.process[0].train.ema_config.use_ema", NULL},
      {LK_IMPORT_TAKEN, "config.process[0].model.quantize", NULL},
      {LK_IMPORT_TAKEN, "config.process[0].network.linear_alpha", NULL}},
     {"config.process[0].device", "meta.version", "job", "config.process[0].save.push_to_hub"}},
    {"ai_toolkit_flux.yaml",
     LK_IMPORT_AI_TOOLKIT,
     {{"output_name", "x"},
      {"network_module", "networks.lokr"},
      {"full_matrix", "true"},
      {"conv_dim", "16"},
      {"max_train_steps", "3000"},
      {"lr_scheduler", "cosine"},
      {"enable_bucket", "true"},
      {"gradient_checkpointing", "true"}},
     {{LK_IMPORT_TAKEN, "config.process[0].network.type", NULL},
      {LK_IMPORT_CHANGED, "config.process[0].network.lokr_full_rank", "default of ai-toolkit"},
      {LK_IMPORT_UNSUPPORTED, "config.process[0].train.noise_scheduler", "another family"},
      {LK_IMPORT_UNSUPPORTED, "config.process[0].train.lr", "Begin with 0.0001"},
      {LK_IMPORT_UNSUPPORTED, "config.process[0].model.is_flux", "another family"},
      {LK_IMPORT_CHANGED, "config.process[0].train.lr_scheduler", "cosine takes its place"}},
     {"config.process[0].sample.prompts", "config.process[0].sample.sample_every"}},
};

static const LkImportLine *find_line(const LkImport *import, const char *name)
{
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        if (strcmp(line->name, name) == 0) {
            return line;
        }
    }
    return NULL;
}

static void check_values(const Expected *expected, const LkImport *import, const char *folder)
{
    guint count = 0;
    for (; expected->values[count][0] != NULL; count++) {
        const char *key = expected->values[count][0], *value = expected->values[count][1];
        g_autofree char *path = value[0] == '@' ? g_build_filename(folder, value + 1, NULL) : g_strdup(value);
        const char *got = g_hash_table_lookup(import->values, key);
        tap_ok(g_strcmp0(got, path) == 0, "%s: %s is %s", expected->file, key, got);
    }
    if (!tap_ok(g_hash_table_size(import->values) == count, "%s: nothing else is set", expected->file)) {
        GHashTableIter iter;
        gpointer key, value;
        g_hash_table_iter_init(&iter, import->values);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
            tap_note("%s = %s", (char *)key, (char *)value);
        }
    }
}

static void check_lines(const Expected *expected, const LkImport *import)
{
    bool whole = true;
    for (size_t i = 0; expected->lines[i].name != NULL; i++) {
        const LkImportLine *line = find_line(import, expected->lines[i].name);
        const char *why = expected->lines[i].why;
        tap_ok(line != NULL && line->kind == expected->lines[i].kind &&
                   (why == NULL ? line->why == NULL : line->why != NULL && strstr(line->why, why) != NULL),
               "%s: %s: %s", expected->file, expected->lines[i].name, line != NULL ? line->why : "not said");
    }
    for (size_t i = 0; expected->silent[i] != NULL; i++) {
        const LkImportLine *line = find_line(import, expected->silent[i]);
        tap_ok(line == NULL || line->kind == LK_IMPORT_TAKEN || line->kind == LK_IMPORT_IDLE, "%s: no fuss about %s",
               expected->file, expected->silent[i]);
    }
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        bool taken = line->kind == LK_IMPORT_TAKEN || line->kind == LK_IMPORT_CHANGED;
        whole &= taken == (line->key != NULL && line->result != NULL) && (line->kind == LK_IMPORT_TAKEN) == !line->why;
    }
    tap_ok(whole, "%s: every line has what its kind needs", expected->file);
}

/* What is taken can be set again, and makes a job that passes the checks but for what the project gives. */
static void check_job(const Expected *expected, const LkImport *import)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    GHashTableIter iter;
    gpointer key, value;
    bool set = true;
    g_hash_table_iter_init(&iter, import->values);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        set &= lk_job_set(job, key, value, problems);
    }
    tap_ok(set && problems->len == 0, "%s: every value can be set", expected->file);
    lk_job_check(job, problems);
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        bool own = g_strv_contains(
            (const char *const[]){"pretrained_model_name_or_path", "train_data_dir", "resolution", NULL}, problem->key);
        if (problem->kind == LK_PROBLEM_ERROR && !own) {
            tap_ok(false, "%s: %s", expected->file, problem->text);
        }
    }
}

static void test_files(const char *samples)
{
    g_autofree char *folder = g_dir_make_tmp("lk-import-XXXXXX", NULL);
    g_autofree char *model = g_build_filename(folder, "model.safetensors", NULL);
    g_file_set_contents(model, "", 0, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *sample = g_build_filename(samples, all[i].file, NULL), *path = NULL, *text = NULL;
        g_autoptr(GError) error = NULL;
        path = g_build_filename(folder, all[i].file, NULL);
        g_file_get_contents(sample, &text, NULL, NULL);
        g_file_set_contents(path, text, -1, NULL);
        g_autoptr(LkImport) import = lk_import_read(path, &error);
        if (tap_ok(import != NULL && import->format == all[i].format, "%s is %s%s", all[i].file,
                   lk_import_format_name(all[i].format), error != NULL ? error->message : "")) {
            check_values(&all[i], import, folder);
            check_lines(&all[i], import);
            check_job(&all[i], import);
        }
        g_remove(path);
    }
    g_remove(model);
    g_rmdir(folder);
}

static const struct {
    const char *text, *fragment;
} refused[] = {
    {"", "does not hold training settings"},
    {"{\"a\": 1}", "does not hold training settings"},
    {"{\"learning_rate\": ", "is not valid JSON"},
    {"[section\nx = 1\n", "line 1"},
    {"a: [1\n", "line 2"},
    {"just words", ""},
    {"job: generate\nconfig:\n  process:\n    - type: to_folder\n      steps: 3\n", "not for training"},
    {"{\"nodes\": [[[[1]]]], \"links\": {}}", "does not hold training settings"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkImport) import = lk_import_parse(refused[i].text, strlen(refused[i].text), "x", NULL, &error);
        g_autofree char *shown = g_strescape(refused[i].text, NULL);
        tap_ok(import == NULL && error != NULL && strstr(error->message, refused[i].fragment) != NULL, "%s: %s", shown,
               error != NULL ? error->message : "read");
    }
    g_autoptr(GString) many = g_string_new("{\"learning_rate\": 1, \"network_dim\": 2");
    for (int i = 0; i < 30000; i++) {
        g_string_append_printf(many, ", \"k%d\": 1", i);
    }
    g_string_append_c(many, '}');
    g_autoptr(GError) error = NULL;
    tap_ok(lk_import_parse(many->str, many->len, "x", NULL, &error) == NULL && error != NULL,
           "30,000 settings are no trainer's");
}

int main(int argc, char **argv)
{
    test_files(argc > 1 ? argv[1] : "imports");
    test_refused();
    return tap_done();
}
