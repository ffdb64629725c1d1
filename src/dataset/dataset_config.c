#include "dataset/dataset_config.h"

#include "dataset/nearest.h"
#include "dataset/scan.h"
#include "format/gerror.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* The tables of the file, from the outermost. */
typedef enum Level { GENERAL, DATASET, SUBSET, LEVELS } Level;

static const char *const level_names[LEVELS] = {"[general]", "[[datasets]]", "[[datasets.subsets]]"};

typedef enum KeyType { KEY_BOOLEAN, KEY_INTEGER, KEY_NUMBER, KEY_TEXT, KEY_RESOLUTION, KEY_ANY } KeyType;

/* Which struct a key's value belongs to. */
typedef enum KeyTarget { OF_BLOCK, OF_SUBSET, UNSUPPORTED } KeyTarget;

typedef struct Key {
    const char *name;
    KeyTarget target;
    KeyType type;
    unsigned levels; /* bits of 1 << Level */
    size_t offset;
    double least, most;  /* of numbers; for unsupported ones the value that means "off" is `least` */
    const char *instead; /* of an unsupported key: what to do */
} Key;

#define IN_ALL     (1u << GENERAL | 1u << DATASET | 1u << SUBSET)
#define IN_BLOCK   (1u << GENERAL | 1u << DATASET)
#define IN_SUBSET  (1u << SUBSET)
#define BLOCK(m)   offsetof(LkDatasetBlock, m)
#define FOLDER(m)  offsetof(LkSubset, m)
#define CAPTION(m) offsetof(LkSubset, caption.m)

static const Key keys[] = {
    {"resolution", OF_BLOCK, KEY_RESOLUTION, IN_BLOCK, BLOCK(buckets.resolution), 1, 65536},
    {"batch_size", OF_BLOCK, KEY_INTEGER, IN_BLOCK, BLOCK(batch_size), 1, 4096},
    {"enable_bucket", OF_BLOCK, KEY_BOOLEAN, IN_BLOCK, BLOCK(buckets.enable_bucket)},
    {"bucket_no_upscale", OF_BLOCK, KEY_BOOLEAN, IN_BLOCK, BLOCK(buckets.bucket_no_upscale)},
    {"min_bucket_reso", OF_BLOCK, KEY_INTEGER, IN_BLOCK, BLOCK(buckets.min_bucket_reso), 8, 65536},
    {"max_bucket_reso", OF_BLOCK, KEY_INTEGER, IN_BLOCK, BLOCK(buckets.max_bucket_reso), 8, 65536},
    {"bucket_reso_steps", OF_BLOCK, KEY_INTEGER, IN_BLOCK, BLOCK(buckets.bucket_reso_steps), 8, 65536},

    {"image_dir", OF_SUBSET, KEY_TEXT, IN_SUBSET, FOLDER(image_dir)},
    {"is_reg", OF_SUBSET, KEY_BOOLEAN, IN_SUBSET, FOLDER(is_reg)},
    {"num_repeats", OF_SUBSET, KEY_INTEGER, IN_ALL, FOLDER(num_repeats), 1, 999999},
    {"class_tokens", OF_SUBSET, KEY_TEXT, IN_ALL, FOLDER(class_tokens)},
    {"caption_extension", OF_SUBSET, KEY_TEXT, IN_ALL, FOLDER(caption_extension)},
    {"flip_aug", OF_SUBSET, KEY_BOOLEAN, IN_ALL, FOLDER(flip_aug)},
    {"recursive", OF_SUBSET, KEY_BOOLEAN, IN_ALL, FOLDER(recursive)},

    {"shuffle_caption", OF_SUBSET, KEY_BOOLEAN, IN_ALL, CAPTION(shuffle)},
    {"enable_wildcard", OF_SUBSET, KEY_BOOLEAN, IN_ALL, CAPTION(wildcard)},
    {"caption_separator", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(separator)},
    {"keep_tokens", OF_SUBSET, KEY_INTEGER, IN_ALL, CAPTION(keep_tokens), 0, 100000},
    {"keep_tokens_separator", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(keep_tokens_separator)},
    {"secondary_separator", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(secondary_separator)},
    {"caption_prefix", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(prefix)},
    {"caption_suffix", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(suffix)},
    {"trigger_words", OF_SUBSET, KEY_TEXT, IN_ALL, CAPTION(trigger_words)},
    {"caption_dropout_rate", OF_SUBSET, KEY_NUMBER, IN_ALL, CAPTION(dropout_rate), 0, 1},
    {"caption_dropout_every_n_epochs", OF_SUBSET, KEY_INTEGER, IN_ALL, CAPTION(dropout_every_n_epochs), 0, 1000000},
    {"caption_tag_dropout_rate", OF_SUBSET, KEY_NUMBER, IN_ALL, CAPTION(tag_dropout_rate), 0, 1},
    {"token_warmup_min", OF_SUBSET, KEY_INTEGER, IN_ALL, CAPTION(token_warmup_min), 0, 100000},
    {"token_warmup_step", OF_SUBSET, KEY_NUMBER, IN_ALL, CAPTION(token_warmup_step), 0, 1e9},

    {"color_aug", UNSUPPORTED, KEY_BOOLEAN, IN_ALL, .instead = "remove it"},
    {"random_crop", UNSUPPORTED, KEY_BOOLEAN, IN_ALL, .instead = "remove it; pictures are cut around their centre"},
    {"face_crop_aug_range", UNSUPPORTED, KEY_ANY, IN_ALL, .instead = "remove it; pictures are cut around their centre"},
    {"alpha_mask", UNSUPPORTED, KEY_BOOLEAN, IN_SUBSET, .instead = "remove it"},
    {"cache_info", UNSUPPORTED, KEY_BOOLEAN, IN_ALL, .instead = "remove it; sizes are read quickly without it"},
    {"custom_attributes", UNSUPPORTED, KEY_ANY, IN_ALL, .instead = "remove it"},
    {"resize_interpolation", UNSUPPORTED, KEY_TEXT, IN_ALL,
     .instead = "remove it; pictures are scaled by area to smaller sizes and by Lanczos to larger ones"},
    {"network_multiplier", UNSUPPORTED, KEY_NUMBER, IN_BLOCK, .least = 1, .instead = "remove it"},
    {"validation_split", UNSUPPORTED, KEY_NUMBER, IN_BLOCK, .instead = "remove it"},
    {"validation_seed", UNSUPPORTED, KEY_ANY, IN_BLOCK, .instead = "remove it"},
    {"metadata_file", UNSUPPORTED, KEY_TEXT, IN_SUBSET,
     .instead = "write the captions into text files beside the pictures"},
    {"conditioning_data_dir", UNSUPPORTED, KEY_TEXT, IN_SUBSET, .instead = "remove it; ControlNet is not trained here"},
};

/* What the same things are called in a job. */
static const char *const job_names[][2] = {
    {"train_batch_size", "batch_size"},
    {"dataset_repeats", "num_repeats"},
    {"train_data_dir", "image_dir"},
};

/* Problems of the whole file, one a line. */
typedef struct Check {
    const LkToml *toml;
    GString *problems;
} Check;

static void problem(const Check *check, const LkTomlNode *node, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void problem(const Check *check, const LkTomlNode *node, const char *format, ...)
{
    if (check->problems->len)
        g_string_append_c(check->problems, '\n');
    g_string_append_printf(check->problems, "%s line %d: ", lk_toml_source(check->toml), lk_toml_line(node));
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(check->problems, format, args);
    va_end(args);
}

static const Key *find_key(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static void report_unknown(const Check *check, const LkTomlNode *node, Level level)
{
    const char *known[G_N_ELEMENTS(keys)];
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (keys[i].levels & 1u << level)
            known[count++] = keys[i].name;
    const char *nearest = lk_nearest_name(lk_toml_key(node), known, count);
    for (size_t i = 0; i < G_N_ELEMENTS(job_names); i++)
        if (strcmp(job_names[i][0], lk_toml_key(node)) == 0)
            nearest = job_names[i][1];
    problem(check, node, "%s is not a key of %s%s%s%s", lk_toml_key(node), level_names[level],
            nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : ".");
}

/* A resolution is one side of a square, or [width, height]. */
static bool read_resolution(const LkTomlNode *node, LkSize *size)
{
    const LkTomlNode *sides[2] = {node, node};
    if (lk_toml_type(node) == LK_TOML_ARRAY && lk_toml_count(node) == 2)
        for (size_t i = 0; i < 2; i++)
            sides[i] = lk_toml_at(node, i);
    int64_t values[2];
    for (size_t i = 0; i < 2; i++) {
        values[i] = lk_toml_type(sides[i]) == LK_TOML_INTEGER ? lk_toml_integer(sides[i]) : 0;
        if (values[i] < 1 || values[i] > 65536)
            return false;
    }
    *size = (LkSize){(int)values[0], (int)values[1]};
    return true;
}

static void check_number(const Check *check, const LkTomlNode *node, const Key *key)
{
    const LkTomlType type = lk_toml_type(node);
    if (type != LK_TOML_INTEGER && !(key->type == KEY_NUMBER && type == LK_TOML_FLOAT)) {
        problem(check, node, "%s must be %s, not %s.", key->name, key->type == KEY_NUMBER ? "a number" : "an integer",
                lk_toml_type_name(type));
        return;
    }
    const double value = lk_toml_number(node);
    if (!(value >= key->least && value <= key->most))
        problem(check, node, "%s is %g; it must be between %.12g and %.12g.", key->name, value, key->least, key->most);
}

static void check_value(const Check *check, const LkTomlNode *node, const Key *key)
{
    const LkTomlType type = lk_toml_type(node);
    LkSize size;
    switch (key->type) {
    case KEY_BOOLEAN:
        if (type != LK_TOML_BOOLEAN)
            problem(check, node, "%s must be true or false, not %s.", key->name, lk_toml_type_name(type));
        break;
    case KEY_INTEGER:
    case KEY_NUMBER:
        check_number(check, node, key);
        break;
    case KEY_TEXT:
        if (type != LK_TOML_STRING)
            problem(check, node, "%s must be a text in quotes, not %s.", key->name, lk_toml_type_name(type));
        break;
    case KEY_RESOLUTION:
        if (!read_resolution(node, &size))
            problem(check, node, "%s must be an integer, or [width, height], each between 1 and 65536.", key->name);
        break;
    case KEY_ANY:
        break;
    }
}

/* An unsupported key may stand there with the value that switches it off. */
static bool is_off(const LkTomlNode *node, const Key *key)
{
    const LkTomlType type = lk_toml_type(node);
    if (key->type == KEY_BOOLEAN)
        return type == LK_TOML_BOOLEAN && !lk_toml_boolean(node);
    if (key->type == KEY_NUMBER)
        return (type == LK_TOML_FLOAT || type == LK_TOML_INTEGER) && lk_toml_number(node) == key->least;
    return key->type == KEY_TEXT && type == LK_TOML_STRING && !*lk_toml_string(node);
}

static void check_member(const Check *check, const LkTomlNode *node, Level level)
{
    const Key *key = find_key(lk_toml_key(node));
    if (!key) {
        report_unknown(check, node, level);
    } else if (!(key->levels & 1u << level)) {
        problem(check, node, "%s does not belong in %s but in %s.", key->name, level_names[level],
                key->levels & 1u << DATASET ? level_names[DATASET] : level_names[SUBSET]);
    } else if (key->target == UNSUPPORTED) {
        if (!is_off(node, key))
            problem(check, node, "%s is not supported yet; %s.", key->name, key->instead);
    } else {
        check_value(check, node, key);
    }
}

static void check_table(const Check *check, const LkTomlNode *table, Level level)
{
    if (lk_toml_type(table) != LK_TOML_TABLE) {
        problem(check, table, "%s must be a table, not %s.", level_names[level],
                lk_toml_type_name(lk_toml_type(table)));
        return;
    }
    for (size_t i = 0; i < lk_toml_count(table); i++) {
        const LkTomlNode *member = lk_toml_at(table, i);
        if (level != DATASET || strcmp(lk_toml_key(member), "subsets") != 0)
            check_member(check, member, level);
    }
}

static void check_subsets(const Check *check, const LkTomlNode *dataset)
{
    const LkTomlNode *subsets = lk_toml_get(dataset, "subsets");
    if (!subsets || lk_toml_type(subsets) != LK_TOML_ARRAY || lk_toml_count(subsets) == 0) {
        problem(check, subsets ? subsets : dataset,
                "this [[datasets]] has no [[datasets.subsets]]; add one with image_dir = \"folder of pictures\".");
        return;
    }
    for (size_t i = 0; i < lk_toml_count(subsets); i++) {
        const LkTomlNode *subset = lk_toml_at(subsets, i);
        check_table(check, subset, SUBSET);
        const LkTomlNode *folder = lk_toml_get(subset, "image_dir");
        if (lk_toml_type(subset) == LK_TOML_TABLE && (!folder || (lk_toml_string(folder) && !*lk_toml_string(folder))))
            problem(check, subset, "this [[datasets.subsets]] has no image_dir.");
    }
}

static void check_document(const Check *check)
{
    const LkTomlNode *root = lk_toml_root(check->toml);
    static const char *const tables[] = {"general", "datasets"};
    for (size_t i = 0; i < lk_toml_count(root); i++) {
        const LkTomlNode *member = lk_toml_at(root, i);
        const char *nearest = lk_nearest_name(lk_toml_key(member), tables, G_N_ELEMENTS(tables));
        if (strcmp(lk_toml_key(member), "general") == 0)
            check_table(check, member, GENERAL);
        else if (strcmp(lk_toml_key(member), "datasets") != 0)
            problem(check, member,
                    "%s is not a part of a dataset file, which has only [general] and [[datasets]]%s%s%s",
                    lk_toml_key(member), nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : ".");
    }
    const LkTomlNode *datasets = lk_toml_get(root, "datasets");
    if (!datasets || lk_toml_type(datasets) != LK_TOML_ARRAY || lk_toml_count(datasets) == 0) {
        problem(check, datasets ? datasets : root, "there is no [[datasets]]; a dataset file needs at least one.");
        return;
    }
    for (size_t i = 0; i < lk_toml_count(datasets); i++) {
        const LkTomlNode *dataset = lk_toml_at(datasets, i);
        check_table(check, dataset, DATASET);
        if (lk_toml_type(dataset) == LK_TOML_TABLE)
            check_subsets(check, dataset);
    }
}

/* Stores a checked value. */
static void store(const LkTomlNode *node, const Key *key, void *target)
{
    void *field = (char *)target + key->offset;
    switch (key->type) {
    case KEY_BOOLEAN:
        *(bool *)field = lk_toml_boolean(node);
        break;
    case KEY_INTEGER:
        *(int *)field = (int)lk_toml_integer(node);
        break;
    case KEY_NUMBER:
        *(double *)field = lk_toml_number(node);
        break;
    case KEY_TEXT:
        g_free(*(char **)field);
        *(char **)field = g_strdup(lk_toml_string(node));
        break;
    case KEY_RESOLUTION:
        read_resolution(node, field);
        break;
    case KEY_ANY:
        break;
    }
}

/* Stores the members of a table that belong to this kind of struct; later tables overwrite earlier ones. */
static void apply(const LkTomlNode *table, KeyTarget kind, void *target)
{
    for (size_t i = 0; table && i < lk_toml_count(table); i++) {
        const Key *key = find_key(lk_toml_key(lk_toml_at(table, i)));
        if (key && key->target == kind)
            store(lk_toml_at(table, i), key, target);
    }
}

static void finish_extension(LkSubset *subset)
{
    char *extension = subset->caption_extension;
    if (extension && *extension && *extension != '.') {
        subset->caption_extension = g_strconcat(".", extension, NULL);
        g_free(extension);
    } else if (extension && !*extension) {
        g_clear_pointer(&subset->caption_extension, g_free);
    }
}

static void free_block(void *data)
{
    LkDatasetBlock *block = data;
    g_ptr_array_unref(block->subsets);
    g_free(block);
}

static LkDatasetConfig *config_new(void)
{
    LkDatasetConfig *config = g_new(LkDatasetConfig, 1);
    config->blocks = g_ptr_array_new_with_free_func(free_block);
    return config;
}

void lk_dataset_config_free(LkDatasetConfig *config)
{
    if (!config)
        return;
    g_ptr_array_unref(config->blocks);
    g_free(config);
}

static LkDatasetBlock *add_block(LkDatasetConfig *config, const LkDatasetDefaults *defaults)
{
    LkDatasetBlock *block = g_new(LkDatasetBlock, 1);
    *block = (LkDatasetBlock){defaults->buckets, defaults->batch_size, lk_subsets_new()};
    g_ptr_array_add(config->blocks, block);
    return block;
}

static bool has_folder(const LkDatasetBlock *block, const char *image_dir)
{
    for (guint i = 0; i < block->subsets->len; i++)
        if (strcmp(((const LkSubset *)g_ptr_array_index(block->subsets, i))->image_dir, image_dir) == 0)
            return true;
    return false;
}

static void add_dataset(LkDatasetConfig *config, const LkTomlNode *general, const LkTomlNode *dataset,
                        const LkDatasetDefaults *defaults, GPtrArray *findings)
{
    LkDatasetBlock *block = add_block(config, defaults);
    apply(general, OF_BLOCK, block);
    apply(dataset, OF_BLOCK, block);
    const LkTomlNode *subsets = lk_toml_get(dataset, "subsets");
    for (size_t i = 0; i < lk_toml_count(subsets); i++) {
        g_autoptr(LkSubset) subset = lk_subset_copy(defaults->subset);
        apply(general, OF_SUBSET, subset);
        apply(dataset, OF_SUBSET, subset);
        apply(lk_toml_at(subsets, i), OF_SUBSET, subset);
        finish_extension(subset);
        if (has_folder(block, subset->image_dir))
            lk_findings_add(findings, LK_FINDING_FOLDER_SKIPPED, subset->image_dir,
                            "The folder stands twice in one [[datasets]]; only the first is used.");
        else
            g_ptr_array_add(block->subsets, g_steal_pointer(&subset));
    }
}

LkDatasetConfig *lk_dataset_config_from_toml(const LkToml *toml, const LkDatasetDefaults *defaults, GPtrArray *findings,
                                             GError **error)
{
    g_autoptr(GString) problems = g_string_new(NULL);
    const Check check = {toml, problems};
    check_document(&check);
    if (problems->len) {
        lk_set_error(error, LK_ERROR_USAGE, "%s", problems->str);
        return NULL;
    }
    LkDatasetConfig *config = config_new();
    const LkTomlNode *root = lk_toml_root(toml);
    const LkTomlNode *datasets = lk_toml_get(root, "datasets");
    for (size_t i = 0; i < lk_toml_count(datasets); i++)
        add_dataset(config, lk_toml_get(root, "general"), lk_toml_at(datasets, i), defaults, findings);
    return config;
}

LkDatasetConfig *lk_dataset_config_from_folders(const char *train_data_dir, const char *reg_data_dir,
                                                const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error)
{
    g_autoptr(LkDatasetConfig) config = config_new();
    LkDatasetBlock *block = add_block(config, defaults);
    g_autoptr(LkSubset) options = lk_subset_copy(defaults->subset);
    finish_extension(options);
    options->is_reg = false;
    if (!lk_scan_folder(train_data_dir, options, block->subsets, findings, error))
        return NULL;
    options->is_reg = true;
    if (reg_data_dir && !lk_scan_folder(reg_data_dir, options, block->subsets, findings, error))
        return NULL;
    return g_steal_pointer(&config);
}
