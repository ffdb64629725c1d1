/* The dataset TOML: which value wins, and what is said about every kind of mistake. */
#include "dataset/dataset_config.h"
#include "dataset/finding.h"
#include "dataset/nearest.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

static LkSubset *options;
static LkDatasetDefaults defaults;

static LkDatasetConfig *read_config(const char *text, GPtrArray *findings, GError **error)
{
    g_autoptr(LkToml) toml = lk_toml_parse(text, strlen(text), "data.toml", error);
    return toml ? lk_dataset_config_from_toml(toml, &defaults, findings, error) : NULL;
}

static const LkDatasetBlock *block_at(const LkDatasetConfig *config, guint i)
{
    return g_ptr_array_index(config->blocks, i);
}

static const LkSubset *subset_at(const LkDatasetConfig *config, guint block, guint i)
{
    return g_ptr_array_index(block_at(config, block)->subsets, i);
}

static const char full[] = "[general]\n"
                           "shuffle_caption = true\n"
                           "caption_extension = 'txt'\n"
                           "keep_tokens = 1\n"
                           "enable_bucket = true\n"
                           "num_repeats = 3\n"
                           "color_aug = false\n"
                           "[[datasets]]\n"
                           "resolution = 512\n"
                           "batch_size = 4\n"
                           "keep_tokens = 2\n"
                           "caption_dropout_rate = 1\n"
                           "[[datasets.subsets]]\n"
                           "image_dir = 'a'\n"
                           "class_tokens = 'sks girl'\n"
                           "[[datasets.subsets]]\n"
                           "image_dir = 'b'\n"
                           "is_reg = true\n"
                           "keep_tokens = 3\n"
                           "num_repeats = 1\n"
                           "shuffle_caption = false\n"
                           "flip_aug = true\n"
                           "caption_prefix = 'best'\n"
                           "[[datasets.subsets]]\n"
                           "image_dir = 'a'\n"
                           "[[datasets]]\n"
                           "resolution = [768, 512]\n"
                           "bucket_no_upscale = true\n"
                           "min_bucket_reso = 320\n"
                           "max_bucket_reso = 1280\n"
                           "bucket_reso_steps = 32\n"
                           "validation_split = 0.0\n"
                           "[[datasets.subsets]]\n"
                           "image_dir = 'a'\n"
                           "caption_tag_dropout_rate = 0.25\n";

static void test_values(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(LkDatasetConfig) config = read_config(full, findings, &error);
    if (!tap_ok(config && config->blocks->len == 2, "two [[datasets]] %s", error ? error->message : ""))
        return;
    const LkDatasetBlock *first = block_at(config, 0), *second = block_at(config, 1);
    tap_ok(first->buckets.resolution.width == 512 && first->buckets.resolution.height == 512 &&
               first->batch_size == 4 && first->buckets.enable_bucket && first->buckets.max_bucket_reso == 1024 &&
               !first->buckets.bucket_no_upscale,
           "the first block's values");
    tap_ok(second->buckets.resolution.width == 768 && second->buckets.resolution.height == 512 &&
               second->batch_size == 7 && second->buckets.bucket_no_upscale && second->buckets.min_bucket_reso == 320 &&
               second->buckets.max_bucket_reso == 1280 && second->buckets.bucket_reso_steps == 32 &&
               second->buckets.enable_bucket,
           "the second's, with the job's batch size");
    tap_ok(first->subsets->len == 2 && findings->len == 1, "a folder named twice is used once and said");

    const LkSubset *a = subset_at(config, 0, 0), *b = subset_at(config, 0, 1), *c = subset_at(config, 1, 0);
    tap_ok(strcmp(a->image_dir, "a") == 0 && a->num_repeats == 3 && a->caption.keep_tokens == 2 && a->caption.shuffle &&
               strcmp(a->class_tokens, "sks girl") == 0 && strcmp(a->caption_extension, ".txt") == 0 && !a->is_reg &&
               !a->flip_aug && a->caption.dropout_rate == 1.0,
           "dataset wins over general");
    tap_ok(b->num_repeats == 1 && b->caption.keep_tokens == 3 && !b->caption.shuffle && b->is_reg && b->flip_aug &&
               strcmp(b->caption.prefix, "best") == 0 && !b->class_tokens,
           "subset wins over dataset");
    tap_ok(c->num_repeats == 3 && c->caption.keep_tokens == 1 && c->caption.tag_dropout_rate == 0.25 &&
               c->caption.dropout_rate == 0.5,
           "general wins over the job");
    tap_ok(lk_subset_captions_vary(c) && a->caption.token_warmup_min == 1, "the rest is the default");
}

/* `mistake` is put into a sound file into the table of its level (0 general, 1 dataset, 2 subset). */
static void expect_problem(int level, const char *mistake, const char *word)
{
    g_autofree char *text = g_strdup_printf(
        "[general]\n%s\n[[datasets]]\nresolution = 512\n%s\n[[datasets.subsets]]\nimage_dir = 'x'\n%s\n",
        level == 0 ? mistake : "", level == 1 ? mistake : "", level == 2 ? mistake : "");
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDatasetConfig) config = read_config(text, NULL, &error);
    tap_ok(!config && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE) && strstr(error->message, word) &&
               strstr(error->message, "data.toml line"),
           "%s: %s", mistake, error ? error->message : "(accepted)");
}

static void test_mistakes(void)
{
    expect_problem(0, "shufle_caption = true", "did you mean shuffle_caption?");
    expect_problem(1, "train_batch_size = 2", "did you mean batch_size?");
    expect_problem(2, "xyzzy = 1", "xyzzy is not a key of [[datasets.subsets]].");
    expect_problem(1, "image_dir = 'y'", "does not belong in [[datasets]] but in [[datasets.subsets]]");
    expect_problem(2, "batch_size = 2", "does not belong in [[datasets.subsets]] but in [[datasets]]");
    expect_problem(2, "color_aug = true", "color_aug is not supported yet");
    expect_problem(2, "metadata_file = 'meta.json'", "not supported yet");
    expect_problem(1, "validation_split = 0.1", "not supported yet");
    expect_problem(2, "face_crop_aug_range = [1.0, 2.0]", "not supported yet");
    expect_problem(2, "num_repeats = 0", "between 1 and 999999");
    expect_problem(2, "num_repeats = 1.5", "must be an integer");
    expect_problem(2, "num_repeats = 99999999999999", "between");
    expect_problem(2, "flip_aug = 1", "true or false");
    expect_problem(0, "caption_separator = 3", "text in quotes");
    expect_problem(0, "caption_dropout_rate = 1.5", "between 0 and 1");
    expect_problem(0, "caption_dropout_rate = nan", "between 0 and 1");
    expect_problem(0, "resolution = [512]", "[width, height]");
    expect_problem(0, "resolution = [512, -1]", "[width, height]");
    expect_problem(0, "resolution = '512'", "[width, height]");
    expect_problem(1, "batch_size = 0", "between 1 and");

    static const struct {
        const char *text, *word;
    } documents[] = {
        {"", "there is no [[datasets]]"},
        {"[general]\n", "there is no [[datasets]]"},
        {"datasets = 3", "there is no [[datasets]]"},
        {"[[datasets]]\nresolution = 512", "has no [[datasets.subsets]]"},
        {"[[datasets]]\nsubsets = [1]", "must be a table"},
        {"[[datasets]]\nsubsets = 1", "has no [[datasets.subsets]]"},
        {"datasets = [1]", "must be a table"},
        {"general = 1\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'", "must be a table"},
        {"[[datasets]]\n[[datasets.subsets]]\nnum_repeats = 2", "has no image_dir"},
        {"[[datasets]]\n[[datasets.subsets]]\nimage_dir = ''", "has no image_dir"},
        {"[genral]\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'", "did you mean general?"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkDatasetConfig) config = read_config(documents[i].text, NULL, &error);
        tap_ok(!config && error && strstr(error->message, documents[i].word), "document %zu: %s", i,
               error ? error->message : "(accepted)");
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDatasetConfig) config =
        read_config("[[datasets]]\nfoo = 1\nbatch_size = -1\n[[datasets.subsets]]\nimage_dir = 'x'\nflip_aug = 'yes'",
                    NULL, &error);
    g_auto(GStrv) lines = g_strsplit(error ? error->message : "", "\n", -1);
    tap_ok(!config && g_strv_length(lines) == 3, "three mistakes are said at once");
}

static void test_folders(void)
{
    g_autofree char *root = scratch_new();
    scratch_text(root, "train/2_cat/a.png", "x");
    scratch_text(root, "reg/r.png", "x");
    g_autofree char *train = g_build_filename(root, "train", NULL);
    g_autofree char *reg = g_build_filename(root, "reg", NULL);
    g_autoptr(LkDatasetConfig) config = lk_dataset_config_from_folders(train, reg, &defaults, NULL, NULL);
    tap_ok(config && config->blocks->len == 1 && block_at(config, 0)->subsets->len == 2 &&
               block_at(config, 0)->batch_size == 7,
           "two folders are one block");
    if (config) {
        const LkSubset *cat = subset_at(config, 0, 0), *other = subset_at(config, 0, 1);
        tap_ok(cat->num_repeats == 2 && !cat->is_reg && other->is_reg && other->num_repeats == 1 &&
                   cat->caption.dropout_rate == 0.5,
               "with the job's options");
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDatasetConfig) none = lk_dataset_config_from_folders("/nowhere/at/all", NULL, &defaults, NULL, &error);
    tap_ok(!none && g_error_matches(error, LK_ERROR, LK_ERROR_IO), "a missing folder is an error");
    scratch_remove(root);
}

static void test_nearest(void)
{
    static const char *const names[] = {"network_dim", "network_alpha", "resolution", "lr"};
    static const struct {
        const char *word, *expected;
    } cases[] = {{"network_dmi", "network_dim"}, {"NETWORK_ALPHA", "network_alpha"},
                 {"resoluton", "resolution"},    {"r", "lr"},
                 {"something_else", NULL},       {"", "lr"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        tap_ok(g_strcmp0(lk_nearest_name(cases[i].word, names, 4), cases[i].expected) == 0, "nearest to \"%s\"",
               cases[i].word);
    g_autofree char *longest = g_strnfill(5000, 'x');
    tap_ok(!lk_nearest_name(longest, names, 4), "a very long word is near nothing");
}

int main(void)
{
    options = lk_subset_new("");
    options->caption.dropout_rate = 0.5;
    defaults = (LkDatasetDefaults){lk_bucket_rules_default((LkSize){640, 640}), 7, options};
    test_values();
    test_mistakes();
    test_folders();
    test_nearest();
    lk_subset_free(options);
    return tap_done();
}
