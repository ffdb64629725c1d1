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
    expect_problem(1, "resize_interpolation = 'round'", "must be one of area, lanczos");
    expect_problem(2, "metadata_file = 'meta.json'", "not supported yet");
    expect_problem(1, "validation_split = 1.5", "must be between 0 and 1");
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

/* "kind@path …" of all findings. */
static char *found(const GPtrArray *findings)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(findings, i);
        g_string_append_printf(out, "%s%s@%s", i ? " " : "", lk_finding_name(finding->kind), finding->path);
    }
    return g_string_free(out, FALSE);
}

static void test_files(void)
{
    static const char text[] = "[[datasets]]\n"
                               "[[datasets.subsets]]\nimage_dir = 'a'\nfiles = ['1.png', 'b/2.png']\nnum_repeats = 5\n"
                               "[[datasets.subsets]]\nimage_dir = 'a'\nfiles = ['3.png', '1.png']\n"
                               "[[datasets.subsets]]\nimage_dir = 'a'\nfiles = ['b/2.png']\n"
                               "[[datasets.subsets]]\nimage_dir = 'a'\n"
                               "[[datasets.subsets]]\nimage_dir = 'b'\n"
                               "[[datasets.subsets]]\nimage_dir = 'b'\nfiles = ['4.png']\n"
                               "[[datasets]]\n"
                               "[[datasets.subsets]]\nimage_dir = 'a'\nfiles = ['1.png']\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(LkDatasetConfig) config = read_config(text, findings, &error);
    if (!tap_ok(config != NULL, "files: %s", error ? error->message : "read"))
        return;
    g_autofree char *said = found(findings);
    tap_ok(strcmp(said, "picture-twice@a/1.png picture-twice@a/b/2.png folder-skipped@a folder-skipped@b") == 0, "%s",
           said);
    const GPtrArray *subsets = block_at(config, 0)->subsets;
    const LkSubset *first = subset_at(config, 0, 0), *second = subset_at(config, 0, 1);
    tap_ok(subsets->len == 3 && g_strv_length(first->files) == 2 && first->num_repeats == 5 &&
               strcmp(first->files[1], "b/2.png") == 0 && g_strv_length(second->files) == 1 &&
               strcmp(second->files[0], "3.png") == 0 && !subset_at(config, 0, 2)->files &&
               block_at(config, 1)->subsets->len == 1,
           "one folder in several subsets");

    static const char *const broken[] = {"files = []",      "files = 'a.png'",  "files = [1]",    "files = ['']",
                                         "files = ['/a']",  "files = ['../a']", "files = ['a/']", "files = ['a', 'a']",
                                         "files = ['./a']", "files = ['a//b']"};
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *toml = g_strdup_printf("[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'a'\n%s\n", broken[i]);
        g_autoptr(GError) problem = NULL;
        g_autoptr(LkDatasetConfig) none = read_config(toml, NULL, &problem);
        tap_ok(!none && strstr(problem->message, "line 4") && strstr(problem->message, "files"), "%s: %s", broken[i],
               problem ? problem->message : "read");
    }
    g_autoptr(LkDatasetConfig) general =
        read_config("[general]\nfiles = ['a']\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'a'\n", NULL, &error);
    tap_ok(!general && strstr(error->message, "does not belong"), "%s", error->message);
}

/* Every key but the unsupported, by what differs; a finger's breadth of randomness. */
static LkDatasetConfig *random_config(GRand *rand)
{
    LkDatasetConfig *config = read_config("[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'\n"
                                          "[[datasets.subsets]]\nimage_dir = 'y'\n[[datasets]]\n"
                                          "[[datasets.subsets]]\nimage_dir = 'z'\n",
                                          NULL, NULL);
    static const char *const texts[] = {"", ",", "a \"quoted\" one", "\u732B\\n", "line\nend\ttab", ".caption", "sks"};
#define MAYBE  (g_rand_int_range(rand, 0, 3) == 0)
#define TEXT() (MAYBE ? NULL : g_strdup(texts[g_rand_int_range(rand, 0, G_N_ELEMENTS(texts))]))
    for (guint b = 0; b < config->blocks->len; b++) {
        LkDatasetBlock *block = g_ptr_array_index(config->blocks, b);
        block->buckets =
            (LkBucketRules){{g_rand_int_range(rand, 1, 3) * 512, 512}, MAYBE, MAYBE, 256, 1024 + 64 * MAYBE, 64};
        block->batch_size = g_rand_int_range(rand, 1, 9);
        for (guint i = 0; i < block->subsets->len; i++) {
            LkSubset *subset = g_ptr_array_index(block->subsets, i);
            g_autofree char *dir = g_strdup_printf("%s%u %s", MAYBE ? "/" : "", i, texts[g_rand_int_range(rand, 1, 5)]);
            lk_subset_free(subset);
            subset = lk_subset_new(dir);
            subset->num_repeats = g_rand_int_range(rand, 1, 5);
            subset->class_tokens = TEXT();
            subset->caption_extension = MAYBE ? g_strdup(".cap") : NULL;
            subset->is_reg = MAYBE;
            subset->flip_aug = MAYBE;
            subset->recursive = MAYBE;
            subset->files = MAYBE ? g_strsplit("a.png|\u732B \"x\".png|b/c.png", "|", -1) : NULL;
            subset->caption = (LkCaptionOptions){.separator = TEXT(),
                                                 .keep_tokens_separator = TEXT(),
                                                 .secondary_separator = TEXT(),
                                                 .prefix = TEXT(),
                                                 .suffix = TEXT(),
                                                 .trigger_words = TEXT(),
                                                 .shuffle = MAYBE,
                                                 .wildcard = MAYBE,
                                                 .keep_tokens = g_rand_int_range(rand, 0, 4),
                                                 .dropout_every_n_epochs = g_rand_int_range(rand, 0, 3),
                                                 .token_warmup_min = g_rand_int_range(rand, 0, 3),
                                                 .token_warmup_step = MAYBE ? g_rand_double(rand) : 0,
                                                 .dropout_rate = MAYBE ? g_rand_double(rand) : 0,
                                                 .tag_dropout_rate = MAYBE ? 0.1 : 0};
            block->subsets->pdata[i] = subset;
        }
    }
    return config;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_files(char **a, char **b)
{
    return !a || !b ? a == b : g_strv_equal((const char *const *)a, (const char *const *)b);
}

static bool same_subset(const LkSubset *a, const LkSubset *b)
{
    const LkCaptionOptions *x = &a->caption, *y = &b->caption;
    return strcmp(a->image_dir, b->image_dir) == 0 && a->num_repeats == b->num_repeats &&
           same_text(a->class_tokens, b->class_tokens) && same_text(a->caption_extension, b->caption_extension) &&
           a->is_reg == b->is_reg && a->flip_aug == b->flip_aug && a->recursive == b->recursive &&
           same_files(a->files, b->files) && same_text(x->separator, y->separator) &&
           same_text(x->keep_tokens_separator, y->keep_tokens_separator) &&
           same_text(x->secondary_separator, y->secondary_separator) && same_text(x->prefix, y->prefix) &&
           same_text(x->suffix, y->suffix) && same_text(x->trigger_words, y->trigger_words) &&
           x->shuffle == y->shuffle && x->wildcard == y->wildcard && x->keep_tokens == y->keep_tokens &&
           x->dropout_every_n_epochs == y->dropout_every_n_epochs && x->token_warmup_min == y->token_warmup_min &&
           x->token_warmup_step == y->token_warmup_step && x->dropout_rate == y->dropout_rate &&
           x->tag_dropout_rate == y->tag_dropout_rate;
}

static bool same_config(const LkDatasetConfig *a, const LkDatasetConfig *b)
{
    bool same = a->blocks->len == b->blocks->len;
    for (guint i = 0; same && i < a->blocks->len; i++) {
        const LkDatasetBlock *x = block_at(a, i), *y = block_at(b, i);
        const LkBucketRules *r = &x->buckets, *q = &y->buckets;
        same = x->batch_size == y->batch_size && r->resolution.width == q->resolution.width &&
               r->resolution.height == q->resolution.height && r->enable_bucket == q->enable_bucket &&
               r->bucket_no_upscale == q->bucket_no_upscale && r->min_bucket_reso == q->min_bucket_reso &&
               r->max_bucket_reso == q->max_bucket_reso && r->bucket_reso_steps == q->bucket_reso_steps &&
               x->subsets->len == y->subsets->len;
        for (guint s = 0; same && s < x->subsets->len; s++)
            same = same_subset(subset_at(a, i, s), subset_at(b, i, s));
    }
    return same;
}

static void test_writer(void)
{
    GRand *rand = g_rand_new_with_seed(7);
    int wrong = 0;
    for (int round = 0; round < 300 && wrong < 3; round++) {
        g_autoptr(LkDatasetConfig) config = random_config(rand);
        g_autofree char *text = lk_dataset_config_to_toml(config, &defaults, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkDatasetConfig) back = text ? read_config(text, NULL, &error) : NULL;
        g_autofree char *again = back ? lk_dataset_config_to_toml(back, &defaults, NULL) : NULL;
        const bool good = again && same_config(config, back) && strcmp(text, again) == 0;
        wrong += !good;
        if (!good)
            tap_note("round %d: %s", round, error ? error->message : "differs");
    }
    g_rand_free(rand);
    tap_ok(wrong == 0, "300 random configurations are read back as they were");

    g_autoptr(LkDatasetConfig) plain = read_config("[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'\n", NULL, NULL);
    g_autofree char *text = lk_dataset_config_to_toml(plain, &defaults, NULL);
    tap_ok(strcmp(text, "[[datasets]]\n\n[[datasets.subsets]]\nimage_dir = \"x\"\n") == 0, "defaults are left out");
    LkSubset *subset = g_ptr_array_index(block_at(plain, 0)->subsets, 0);
    subset->files = g_strsplit("a.png|\xFF.png", "|", -1);
    g_autoptr(GError) error = NULL;
    g_autofree char *none = lk_dataset_config_to_toml(plain, &defaults, &error);
    tap_ok(!none && g_error_matches(error, LK_ERROR, LK_ERROR_UNSUPPORTED), "%s", error->message);
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
    test_files();
    test_writer();
    lk_subset_free(options);
    return tap_done();
}
