/* Metadata of a LoRA: every key that sd-scripts writes, with values as Python writes them. */
#include "base/hash.h"
#include "format/json.h"
#include "format/png.h"
#include "tap.h"
#include "training/metadata.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "metadata_keys.h"

/* What is left out on purpose: it changes from run to run, or belongs to options that are not given. */
static const char *const left_out[] = {"ss_session_id",
                                       "ss_training_started_at",
                                       "ss_training_finished_at",
                                       "ss_network_args",
                                       "ss_vae_hash",
                                       "ss_vae_name",
                                       "ss_new_vae_hash",
                                       NULL};

static char *folder;

static void write_picture(const char *directory, const char *name, int width, int height, const char *caption)
{
    g_autofree guint8 *rgb = g_malloc0((gsize)width * (gsize)height * 3);
    for (int i = 0; i < width * height * 3; i++) {
        rgb[i] = (guint8)(i * 7);
    }
    g_autofree char *picture = g_strdup_printf("%s/%s/%s.png", folder, directory, name);
    g_autofree char *text = g_strdup_printf("%s/%s/%s.txt", folder, directory, name);
    lk_png_write(picture, rgb, width, height, (size_t)width * 3, NULL, NULL);
    g_file_set_contents(text, caption, -1, NULL);
}

static void make_pictures(void)
{
    static const char *const directories[] = {"3_sks dog", "1_cat"};
    folder = g_dir_make_tmp("lk-metadata-XXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(folder, directories[i], NULL);
        g_mkdir(path, 0700);
    }
    write_picture("3_sks dog", "a", 64, 64, "sks dog, Running, grass");
    write_picture("3_sks dog", "b", 128, 64, "sks dog, \xe8\x8d\x89, grass");
    write_picture("1_cat", "c", 64, 64, "cat");
}

static LkJob *make_job(const char *extra)
{
    g_autofree char *text = g_strdup_printf("pretrained_model_name_or_path = \"base model.safetensors\"\n"
                                            "resolution = 128\nenable_bucket = true\nmin_bucket_reso = 64\n%s",
                                            extra);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job = lk_job_parse(text, "job.toml", folder, NULL, problems);
    if (job == NULL) {
        g_autofree char *said = lk_problems_describe(problems, NULL);
        tap_note("%s", said);
    }
    return job;
}

static LkDataset *open_dataset(const LkJob *job)
{
    g_autoptr(LkSubset) subset = lk_subset_new("");
    g_autoptr(GPtrArray) findings = lk_findings_new();
    LkDatasetDefaults defaults = {
        .buckets = {job->resolution, job->enable_bucket, false, job->min_bucket_reso, job->max_bucket_reso, 64},
        .batch_size = 1,
        .subset = subset};
    LkDatasetConfig *config = lk_dataset_config_from_folders(folder, NULL, &defaults, findings, NULL);
    return config != NULL ? lk_dataset_new(config, 64, findings, NULL) : NULL;
}

static LkMetadata *metadata_of(const LkJob *job, const LkDataset *dataset)
{
    static const LkModelArch arch = {.family = "sd1", .base_name = "sd_v1"};
    static const LkModelHashes hashes = {"0123", "4567"}, vae_hashes = {"89ab", "cdef"};
    LkMetadataFacts facts = {.job = job,
                             .dataset = dataset,
                             .arch = &arch,
                             .output_name = "last-000002",
                             .batches = 7,
                             .epochs = 10,
                             .steps = 70,
                             .epoch = 2,
                             .step = 14,
                             .hashes = &hashes,
                             .vae_hashes = &vae_hashes};
    return lk_training_metadata(&facts);
}

static void check_keys(const LkMetadata *m, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool wanted = !g_strv_contains(left_out, keys[i]);
        tap_ok((lk_metadata_get(m, keys[i]) != NULL) == wanted, "%s is %s", keys[i], wanted ? "told" : "left out");
    }
}

static void test_values(const LkMetadata *m)
{
    static const char *const rows[][2] = {
        {"ss_v2", "False"},
        {"ss_base_model_version", "sd_v1"},
        {"ss_network_module", "networks.lora"},
        {"ss_network_dim", "16"},
        {"ss_network_alpha", "8.0"},
        {"ss_output_name", "last"},
        {"ss_learning_rate", "0.0002"},
        {"ss_text_encoder_lr", "1e-05"},
        {"ss_unet_lr", "0.0002"},
        {"ss_optimizer", "torch.optim.adamw.AdamW(weight_decay=0.1,betas=(0.9, 0.99))"},
        {"ss_lr_scheduler", "cosine"},
        {"ss_lr_warmup_steps", "0.05"},
        {"ss_mixed_precision", "bf16"},
        {"ss_clip_skip", "2"},
        {"ss_max_token_length", "None"},
        {"ss_seed", "42"},
        {"ss_noise_offset", "None"},
        {"ss_min_snr_gamma", "5.0"},
        {"ss_num_train_images", "7"},
        {"ss_num_batches_per_epoch", "7"},
        {"ss_num_epochs", "10"},
        {"ss_epoch", "2"},
        {"ss_steps", "14"},
        {"ss_max_train_steps", "70"},
        {"ss_resolution", "(128, 128)"},
        {"ss_enable_bucket", "True"},
        {"ss_training_comment", "None"},
        {"ss_sd_model_name", "base model.safetensors"},
        {"ss_sd_model_hash", "4567"},
        {"ss_new_sd_model_hash", "0123"},
        {"ss_dataset_dirs",
         "{\"1_cat\":{\"n_repeats\":1,\"img_count\":1},\"3_sks dog\":{\"n_repeats\":3,\"img_count\":2}}"},
        {"ss_tag_frequency",
         "{\"1_cat\":{\"cat\":1},\"3_sks dog\":{\"grass\":2,\"running\":1,\"sks dog\":2,\"\\u8349\":1}}"},
        {"modelspec.sai_model_spec", "1.0.1"},
        {"modelspec.architecture", "stable-diffusion-v1/lora"},
        {"modelspec.title", "last"},
        {"modelspec.resolution", "128x128"},
        {"modelspec.prediction_type", "epsilon"},
        {"modelspec.trigger_phrase", "sks"},
        {"modelspec.encoder_layer", "2"},
        {"modelspec.timestep_range", "100,1000"},
        {"modelspec.author", "me"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = lk_metadata_get(m, rows[i][0]);
        if (!tap_ok(g_strcmp0(value, rows[i][1]) == 0, "%s = %s", rows[i][0], rows[i][1])) {
            tap_note("is %s", value);
        }
    }
    const char *buckets = lk_metadata_get(m, "ss_bucket_info");
    yyjson_doc *doc = lk_json_parse(buckets, strlen(buckets), "ss_bucket_info", 8, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    uint64_t count = 0;
    size_t i, max;
    yyjson_val *key, *bucket;
    yyjson_obj_foreach(yyjson_obj_get(root, "buckets"), i, max, key, bucket)
    {
        count += yyjson_get_uint(yyjson_obj_get(bucket, "count"));
    }
    tap_ok(count == 7 && yyjson_is_real(yyjson_obj_get(root, "mean_img_ar_error")), "ss_bucket_info: %s", buckets);
    yyjson_doc_free(doc);
    tap_ok(strstr(lk_metadata_get(m, "lorikeet.job"), "trigger_words = sks\n") != NULL, "the job is in the file");
    for (size_t j = 0; j < lk_metadata_count(m); j++) {
        if (strstr(lk_metadata_value(m, j), folder) != NULL) {
            tap_ok(false, "%s tells where the files lie", lk_metadata_key(m, j));
        }
    }
}

static void test_floats(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(python_floats); i++) {
        g_autofree char *text = lk_python_float(python_floats[i].value);
        tap_ok(strcmp(text, python_floats[i].text) == 0, "%s as Python writes it (%s)", python_floats[i].text, text);
    }
}

static void test_thumbnail_and_privacy(const LkDataset *dataset)
{
    g_autofree char *extra = g_strdup_printf("train_data_dir = \".\"\nmetadata_thumbnail = \"1_cat/c.png\"\n"
                                             "no_metadata = true\n");
    g_autoptr(LkJob) job = make_job(extra);
    g_autoptr(LkMetadata) m = metadata_of(job, dataset);
    const char *url = lk_metadata_get(m, "modelspec.thumbnail");
    tap_ok(url != NULL && g_str_has_prefix(url, "data:image/png;base64,iVBORw0KGgo"), "a thumbnail is stored");
    tap_ok(lk_metadata_get(m, "ss_network_dim") != NULL && lk_metadata_get(m, "ss_v2") != NULL,
           "no_metadata keeps what loaders need");
    tap_ok(lk_metadata_get(m, "ss_tag_frequency") == NULL && lk_metadata_get(m, "ss_learning_rate") == NULL &&
               lk_metadata_get(m, "lorikeet.job") == NULL,
           "and drops the rest");
}

static void test_vae(const LkDataset *dataset)
{
    g_autoptr(LkJob) job = make_job("train_data_dir = \".\"\nvae = \"vae/a b.safetensors\"\n");
    g_autoptr(LkMetadata) m = metadata_of(job, dataset);
    tap_ok(g_strcmp0(lk_metadata_get(m, "ss_vae_name"), "a b.safetensors") == 0 &&
               g_strcmp0(lk_metadata_get(m, "ss_vae_hash"), "cdef") == 0 &&
               g_strcmp0(lk_metadata_get(m, "ss_new_vae_hash"), "89ab") == 0,
           "another VAE is told");
    tap_ok(strstr(lk_metadata_get(m, "lorikeet.job"), folder) == NULL, "and not where it lies");
}

static void test_datasets(const LkDataset *dataset)
{
    g_autoptr(LkJob) job = make_job("dataset_config = \"d.toml\"\n");
    g_autoptr(LkMetadata) m = metadata_of(job, dataset);
    check_keys(m, metadata_several, G_N_ELEMENTS(metadata_several));
    const char *text = lk_metadata_get(m, "ss_datasets");
    yyjson_doc *doc = lk_json_parse(text, strlen(text), "ss_datasets", 8, NULL);
    yyjson_val *first = yyjson_arr_get(yyjson_doc_get_root(doc), 0);
    tap_ok(yyjson_get_int(yyjson_obj_get(first, "num_train_images")) == 7 &&
               yyjson_arr_size(yyjson_obj_get(first, "subsets")) == 2,
           "with a dataset file its blocks are told");
    tap_ok(lk_metadata_get(m, "ss_resolution") == NULL, "and not the keys of a single dataset");
    yyjson_doc_free(doc);
}

static bool hashes_of(const char *path, LkModelHashes *hashes, GError **error)
{
    LkInput *input = lk_input_open(path, NULL);
    bool read = input && lk_model_hashes(input, hashes, error);
    lk_input_free(input);
    return read;
}

static void test_hashes(void)
{
    enum { SIZE = 0x100000 + 100 };
    g_autofree char *path = g_build_filename(folder, "model", NULL);
    g_autofree char *data = g_malloc(SIZE);
    for (int i = 0; i < SIZE; i++) {
        data[i] = (char)(i * 31);
    }
    g_file_set_contents(path, data, SIZE, NULL);
    LkModelHashes hashes;
    g_autofree char *whole = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, SIZE);
    g_autofree char *part = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data + 0x100000, 100);
    tap_ok(hashes_of(path, &hashes, NULL) && strcmp(hashes.sha256, whole) == 0 &&
               strncmp(hashes.legacy, part, 8) == 0 && strlen(hashes.legacy) == 8,
           "hashes of a base model, %s", hashes.legacy);
    g_file_set_contents(path, "small", -1, NULL);
    tap_ok(hashes_of(path, &hashes, NULL) && strcmp(hashes.legacy, "e3b0c442") == 0, "of a small file");
    g_autoptr(GError) error = NULL;
    LkInput *input = lk_input_open(path, NULL);
    bool read = truncate(path, 2) == 0 && lk_model_hashes(input, &hashes, &error);
    tap_ok(!read && error && hashes.sha256[0] == '\0', "of a file that is cut short: %s",
           error ? error->message : "none");
    lk_input_free(input);
    remove(path);
}

/** What sd-scripts calls each family's LoRAs. */
static void test_families(const LkDataset *dataset)
{
    static const struct {
        LkModelArch arch;
        const char *settings, *v2, *version, *architecture, *implementation, *rate;
    } rows[] = {
        {{.family = "sd1", .base_name = "sd_v1"},
         "",
         "False",
         "sd_v1",
         "stable-diffusion-v1/lora",
         "diffusers",
         "0.0001"},
        {{.family = "sd1", .base_name = "sd_v1"},
         "v_parameterization = true\n",
         "False",
         "sd_v1_v",
         "stable-diffusion-v1/lora",
         "diffusers",
         "0.0001"},
        {{.family = "sd2", .base_name = "sd_v2"},
         "",
         "True",
         "sd_v2",
         "stable-diffusion-v2-512/lora",
         "diffusers",
         "0.0001"},
        {{.family = "sd2", .base_name = "sd_v2"},
         "v_parameterization = true\n",
         "True",
         "sd_v2_v",
         "stable-diffusion-v2-768-v/lora",
         "diffusers",
         "0.0001"},
        {{.family = "sdxl", .base_name = "sdxl_base_v1-0"},
         "v_parameterization = true\ntext_encoder_lr = [1e-5, 2e-5]\n",
         "False",
         "sdxl_base_v1-0",
         "stable-diffusion-xl-v1-base/lora",
         "https://github.com/Stability-AI/generative-models",
         "[1e-05, 2e-05]"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat("train_data_dir = \".\"\nlearning_rate = 1e-4\n", rows[i].settings, NULL);
        g_autoptr(LkJob) job = make_job(text);
        LkMetadataFacts facts = {.job = job, .dataset = dataset, .arch = &rows[i].arch, .output_name = "last"};
        g_autoptr(LkMetadata) m = lk_training_metadata(&facts);
        const char *const said[][2] = {{"ss_v2", rows[i].v2},
                                       {"ss_base_model_version", rows[i].version},
                                       {"modelspec.architecture", rows[i].architecture},
                                       {"modelspec.implementation", rows[i].implementation},
                                       {"ss_text_encoder_lr", rows[i].rate}};
        for (size_t k = 0; k < G_N_ELEMENTS(said); k++) {
            tap_ok(g_strcmp0(lk_metadata_get(m, said[k][0]), said[k][1]) == 0, "%s: %s = %s", rows[i].version,
                   said[k][0], lk_metadata_get(m, said[k][0]));
        }
    }
}

static void remove_pictures(void)
{
    static const char *const names[] = {"3_sks dog/a.png", "3_sks dog/a.txt", "3_sks dog/b.png",
                                        "3_sks dog/b.txt", "1_cat/c.png",     "1_cat/c.txt",
                                        "3_sks dog",       "1_cat",           "."};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, i + 1 < G_N_ELEMENTS(names) ? names[i] : NULL, NULL);
        remove(path);
    }
    g_free(folder);
}

int main(void)
{
    make_pictures();
    g_autoptr(LkJob) job = make_job("train_data_dir = \".\"\nlearning_rate = 2e-4\ntext_encoder_lr = 1e-5\n"
                                    "lr_scheduler = \"cosine\"\nlr_warmup_steps = 0.05\nmixed_precision = \"bf16\"\n"
                                    "optimizer_args = [\"weight_decay=0.1\", \"betas=(0.9, 0.99)\"]\nclip_skip = 2\n"
                                    "min_snr_gamma = 5\noutput_name = \"last\"\ntrigger_words = \"sks\"\n"
                                    "metadata_author = \"me\"\nmin_timestep = 100\n");
    g_autoptr(LkDataset) dataset = open_dataset(job);
    if (!tap_ok(job != NULL && dataset != NULL, "a job and its dataset")) {
        return tap_done();
    }
    g_autoptr(LkMetadata) metadata = metadata_of(job, dataset);
    check_keys(metadata, metadata_always, G_N_ELEMENTS(metadata_always));
    check_keys(metadata, metadata_single, G_N_ELEMENTS(metadata_single));
    test_values(metadata);
    test_floats();
    test_thumbnail_and_privacy(dataset);
    test_vae(dataset);
    test_datasets(dataset);
    test_families(dataset);
    test_hashes();
    remove_pictures();
    return tap_done();
}
