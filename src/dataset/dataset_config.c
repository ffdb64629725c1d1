#include "dataset/dataset_config.h"

#include "dataset/dataset_keys.h"
#include "dataset/nearest.h"
#include "dataset/scan.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

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
    g_string_append_printf(check->problems, _("%s line %d: "), lk_toml_source(check->toml), lk_toml_line(node));
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(check->problems, format, args);
    va_end(args);
}

static void report_unknown(const Check *check, const LkTomlNode *node, LkDatasetLevel level)
{
    g_autofree const char **known = g_new(const char *, lk_dataset_key_count);
    size_t count = 0;
    for (size_t i = 0; i < lk_dataset_key_count; i++)
        if (lk_dataset_keys[i].levels & 1u << level)
            known[count++] = lk_dataset_keys[i].name;
    const char *nearest = lk_nearest_name(lk_toml_key(node), known, count);
    for (size_t i = 0; i < G_N_ELEMENTS(job_names); i++)
        if (strcmp(job_names[i][0], lk_toml_key(node)) == 0)
            nearest = job_names[i][1];
    if (nearest)
        problem(check, node, _("%s is not a key of %s; did you mean %s?"), lk_toml_key(node),
                lk_dataset_level_names[level], nearest);
    else
        problem(check, node, _("%s is not a key of %s."), lk_toml_key(node), lk_dataset_level_names[level]);
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

static void check_number(const Check *check, const LkTomlNode *node, const LkDatasetKey *key)
{
    const LkTomlType type = lk_toml_type(node);
    if (type != LK_TOML_INTEGER && !(key->type == LK_DATASET_NUMBER && type == LK_TOML_FLOAT)) {
        problem(check, node, _("%s must be %s, not %s."), key->name,
                key->type == LK_DATASET_NUMBER ? _("a number") : _("an integer"), lk_toml_type_name(type));
        return;
    }
    const double value = lk_toml_number(node);
    if (!(value >= key->least && value <= key->most))
        problem(check, node, _("%s is %g; it must be between %.12g and %.12g."), key->name, value, key->least,
                key->most);
}

/* A name that leads to a file below its folder. */
static bool is_inner_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part; part++)
        if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return false;
    return parts[0] != NULL;
}

static void check_texts(const Check *check, const LkTomlNode *node, const LkDatasetKey *key)
{
    if (lk_toml_type(node) != LK_TOML_ARRAY || lk_toml_count(node) == 0) {
        problem(check, node,
                _("%s must be a list of file names such as [\"a.png\", \"b.png\"]; leave it out to use all."),
                key->name);
        return;
    }
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < lk_toml_count(node); i++) {
        const LkTomlNode *element = lk_toml_at(node, i);
        const char *name = lk_toml_string(element);
        if (!name)
            problem(check, element, _("%s must hold texts in quotes, not %s."), key->name,
                    lk_toml_type_name(lk_toml_type(element)));
        else if (!is_inner_name(name))
            problem(check, element,
                    _("\"%s\" in %s must be the name of a file in image_dir, or below it as in \"b/c.png\"."), name,
                    key->name);
        else if (!g_hash_table_add(seen, (void *)name))
            problem(check, element, _("\"%s\" stands twice in %s."), name, key->name);
    }
}

static void check_value(const Check *check, const LkTomlNode *node, const LkDatasetKey *key)
{
    const LkTomlType type = lk_toml_type(node);
    LkSize size;
    switch (key->type) {
    case LK_DATASET_BOOLEAN:
        if (type != LK_TOML_BOOLEAN)
            problem(check, node, _("%s must be true or false, not %s."), key->name, lk_toml_type_name(type));
        break;
    case LK_DATASET_INTEGER:
    case LK_DATASET_NUMBER:
        check_number(check, node, key);
        break;
    case LK_DATASET_TEXT:
        if (type != LK_TOML_STRING)
            problem(check, node, _("%s must be a text in quotes, not %s."), key->name, lk_toml_type_name(type));
        break;
    case LK_DATASET_TEXTS:
        check_texts(check, node, key);
        break;
    case LK_DATASET_SCALING:
        if (type != LK_TOML_STRING || lk_interpolation_find(lk_toml_string(node)) < 0)
            problem(check, node, _("%s must be one of area, lanczos, nearest, bilinear, bicubic and box."), key->name);
        break;
    case LK_DATASET_RESOLUTION:
        if (!read_resolution(node, &size))
            problem(check, node, _("%s must be an integer, or [width, height], each between 1 and 65536."), key->name);
        break;
    case LK_DATASET_ANY:
        break;
    }
}

/* An unsupported key may stand there with the value that switches it off. */
static bool is_off(const LkTomlNode *node, const LkDatasetKey *key)
{
    const LkTomlType type = lk_toml_type(node);
    if (key->type == LK_DATASET_BOOLEAN)
        return type == LK_TOML_BOOLEAN && !lk_toml_boolean(node);
    if (key->type == LK_DATASET_NUMBER)
        return (type == LK_TOML_FLOAT || type == LK_TOML_INTEGER) && lk_toml_number(node) == key->least;
    return key->type == LK_DATASET_TEXT && type == LK_TOML_STRING && !*lk_toml_string(node);
}

static void check_member(const Check *check, const LkTomlNode *node, LkDatasetLevel level)
{
    const LkDatasetKey *key = lk_dataset_find_key(lk_toml_key(node));
    if (!key) {
        report_unknown(check, node, level);
    } else if (!(key->levels & 1u << level)) {
        problem(check, node, _("%s does not belong in %s but in %s."), key->name, lk_dataset_level_names[level],
                key->levels & 1u << LK_DATASET_DATASET ? lk_dataset_level_names[LK_DATASET_DATASET]
                                                       : lk_dataset_level_names[LK_DATASET_SUBSET]);
    } else if (key->target == LK_DATASET_UNSUPPORTED) {
        if (!is_off(node, key))
            problem(check, node, _("%s is not supported yet; %s."), key->name, _(key->instead));
    } else {
        check_value(check, node, key);
    }
}

static void check_table(const Check *check, const LkTomlNode *table, LkDatasetLevel level)
{
    if (lk_toml_type(table) != LK_TOML_TABLE) {
        problem(check, table, _("%s must be a table, not %s."), lk_dataset_level_names[level],
                lk_toml_type_name(lk_toml_type(table)));
        return;
    }
    for (size_t i = 0; i < lk_toml_count(table); i++) {
        const LkTomlNode *member = lk_toml_at(table, i);
        if (level != LK_DATASET_DATASET || strcmp(lk_toml_key(member), "subsets") != 0)
            check_member(check, member, level);
    }
}

static void check_subsets(const Check *check, const LkTomlNode *dataset)
{
    const LkTomlNode *subsets = lk_toml_get(dataset, "subsets");
    if (!subsets || lk_toml_type(subsets) != LK_TOML_ARRAY || lk_toml_count(subsets) == 0) {
        problem(check, subsets ? subsets : dataset,
                _("this [[datasets]] has no [[datasets.subsets]]; add one with image_dir = \"folder of pictures\"."));
        return;
    }
    for (size_t i = 0; i < lk_toml_count(subsets); i++) {
        const LkTomlNode *subset = lk_toml_at(subsets, i);
        check_table(check, subset, LK_DATASET_SUBSET);
        const LkTomlNode *folder = lk_toml_get(subset, "image_dir");
        if (lk_toml_type(subset) == LK_TOML_TABLE && (!folder || (lk_toml_string(folder) && !*lk_toml_string(folder))))
            problem(check, subset, _("this [[datasets.subsets]] has no image_dir."));
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
            check_table(check, member, LK_DATASET_GENERAL);
        else if (strcmp(lk_toml_key(member), "datasets") == 0)
            continue;
        else if (nearest)
            problem(check, member,
                    _("%s is not a part of a dataset file, which has only [general] and [[datasets]]; did you mean "
                      "%s?"),
                    lk_toml_key(member), nearest);
        else
            problem(check, member, _("%s is not a part of a dataset file, which has only [general] and [[datasets]]."),
                    lk_toml_key(member));
    }
    const LkTomlNode *datasets = lk_toml_get(root, "datasets");
    if (!datasets || lk_toml_type(datasets) != LK_TOML_ARRAY || lk_toml_count(datasets) == 0) {
        problem(check, datasets ? datasets : root, _("there is no [[datasets]]; a dataset file needs at least one."));
        return;
    }
    for (size_t i = 0; i < lk_toml_count(datasets); i++) {
        const LkTomlNode *dataset = lk_toml_at(datasets, i);
        check_table(check, dataset, LK_DATASET_DATASET);
        if (lk_toml_type(dataset) == LK_TOML_TABLE)
            check_subsets(check, dataset);
    }
}

static char **texts_of(const LkTomlNode *node)
{
    GPtrArray *texts = g_ptr_array_new();
    for (size_t i = 0; i < lk_toml_count(node); i++)
        g_ptr_array_add(texts, g_strdup(lk_toml_string(lk_toml_at(node, i))));
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}

/* Stores a checked value. */
static void store(const LkTomlNode *node, const LkDatasetKey *key, void *target)
{
    void *field = (char *)target + key->offset;
    switch (key->type) {
    case LK_DATASET_BOOLEAN:
        *(bool *)field = lk_toml_boolean(node);
        break;
    case LK_DATASET_INTEGER:
        *(int *)field = (int)lk_toml_integer(node);
        break;
    case LK_DATASET_NUMBER:
        *(double *)field = lk_toml_number(node);
        break;
    case LK_DATASET_TEXT:
        g_free(*(char **)field);
        *(char **)field = g_strdup(lk_toml_string(node));
        break;
    case LK_DATASET_TEXTS:
        g_strfreev(*(char ***)field);
        *(char ***)field = texts_of(node);
        break;
    case LK_DATASET_SCALING:
        *(int *)field = lk_interpolation_find(lk_toml_string(node));
        break;
    case LK_DATASET_RESOLUTION:
        read_resolution(node, field);
        break;
    case LK_DATASET_ANY:
        break;
    }
}

/* Stores the members of a table that belong to this kind of struct; later tables overwrite earlier ones. */
static void apply(const LkTomlNode *table, LkDatasetTarget kind, void *target)
{
    for (size_t i = 0; table && i < lk_toml_count(table); i++) {
        const LkDatasetKey *key = lk_dataset_find_key(lk_toml_key(lk_toml_at(table, i)));
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

LkDatasetConfig *lk_dataset_config_new(void)
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
    *block = (LkDatasetBlock){defaults->buckets, defaults->batch_size, lk_subsets_new(), defaults->validation_seed};
    g_ptr_array_add(config->blocks, block);
    return block;
}

/* The files of a list that an earlier one has not. */
static char **without(char **files, char **earlier, const char *image_dir, GPtrArray *findings)
{
    GPtrArray *left = g_ptr_array_new();
    for (char **file = files; *file; file++) {
        if (!g_strv_contains((const char *const *)earlier, *file)) {
            g_ptr_array_add(left, g_strdup(*file));
            continue;
        }
        g_autofree char *path = g_build_filename(image_dir, *file, NULL);
        lk_findings_add(
            findings, LK_FINDING_PICTURE_TWICE, path,
            _("The picture stands in the files of two subsets of one [[datasets]]; only the first is used."));
    }
    g_ptr_array_add(left, NULL);
    return (char **)g_ptr_array_free(left, FALSE);
}

/* Regularisation pictures show the class, not the subject that the trigger words call. */
static void clear_triggers(LkSubset *subset)
{
    g_free((char *)subset->caption.trigger_words);
    subset->caption.trigger_words = NULL;
}

/* Appends a subset to its block as far as its pictures are not there yet. Takes it over. */
static void add_subset(LkDatasetBlock *block, LkSubset *taken, GPtrArray *findings)
{
    g_autoptr(LkSubset) subset = taken;
    for (guint i = 0; i < block->subsets->len; i++) {
        const LkSubset *earlier = g_ptr_array_index(block->subsets, i);
        if (strcmp(earlier->image_dir, subset->image_dir) != 0)
            continue;
        if (!earlier->files || !subset->files) {
            lk_findings_add(findings, LK_FINDING_FOLDER_SKIPPED, subset->image_dir,
                            _("The folder stands twice in one [[datasets]]; only the first is used."));
            return;
        }
        char **left = without(subset->files, earlier->files, subset->image_dir, findings);
        g_strfreev(subset->files);
        subset->files = left;
    }
    if (!subset->files || subset->files[0])
        g_ptr_array_add(block->subsets, g_steal_pointer(&subset));
}

static void add_dataset(LkDatasetConfig *config, const LkTomlNode *general, const LkTomlNode *dataset,
                        const LkDatasetDefaults *defaults, GPtrArray *findings)
{
    LkDatasetBlock *block = add_block(config, defaults);
    apply(general, LK_DATASET_OF_BLOCK, block);
    apply(dataset, LK_DATASET_OF_BLOCK, block);
    const LkTomlNode *subsets = lk_toml_get(dataset, "subsets");
    for (size_t i = 0; i < lk_toml_count(subsets); i++) {
        g_autoptr(LkSubset) subset = lk_subset_copy(defaults->subset);
        apply(general, LK_DATASET_OF_SUBSET, subset);
        apply(dataset, LK_DATASET_OF_SUBSET, subset);
        apply(lk_toml_at(subsets, i), LK_DATASET_OF_SUBSET, subset);
        finish_extension(subset);
        if (subset->is_reg && !lk_toml_get(lk_toml_at(subsets, i), "trigger_words"))
            clear_triggers(subset);
        add_subset(block, g_steal_pointer(&subset), findings);
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
    LkDatasetConfig *config = lk_dataset_config_new();
    const LkTomlNode *root = lk_toml_root(toml);
    const LkTomlNode *datasets = lk_toml_get(root, "datasets");
    for (size_t i = 0; i < lk_toml_count(datasets); i++)
        add_dataset(config, lk_toml_get(root, "general"), lk_toml_at(datasets, i), defaults, findings);
    return config;
}

LkDatasetConfig *lk_dataset_config_from_folders(const char *train_data_dir, const char *reg_data_dir,
                                                const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error)
{
    g_autoptr(LkDatasetConfig) config = lk_dataset_config_new();
    LkDatasetBlock *block = add_block(config, defaults);
    g_autoptr(LkSubset) options = lk_subset_copy(defaults->subset);
    finish_extension(options);
    options->is_reg = false;
    if (!lk_scan_folder(train_data_dir, options, block->subsets, findings, error) ||
        !lk_dataset_config_add_regularisation(config, reg_data_dir, defaults, findings, error))
        return NULL;
    return g_steal_pointer(&config);
}

bool lk_dataset_config_add_regularisation(LkDatasetConfig *config, const char *reg_data_dir,
                                          const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error)
{
    const LkDatasetBlock *block = config->blocks->len && reg_data_dir ? g_ptr_array_index(config->blocks, 0) : NULL;
    g_autoptr(LkSubset) options = lk_subset_copy(defaults->subset);
    finish_extension(options);
    options->is_reg = true;
    clear_triggers(options);
    g_clear_pointer(&options->conditioning_data_dir, g_free); /* masks have the names of the training pictures */
    return !block || lk_scan_folder(reg_data_dir, options, block->subsets, findings, error);
}

bool lk_dataset_config_add_validation(LkDatasetConfig *config, const char *validation_data_dir,
                                      const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error)
{
    const LkDatasetBlock *block =
        config->blocks->len && validation_data_dir ? g_ptr_array_index(config->blocks, 0) : NULL;
    g_autoptr(LkSubset) options = lk_subset_copy(defaults->subset);
    finish_extension(options);
    options->is_reg = false;
    options->validation_split = 1;
    return !block || lk_scan_folder(validation_data_dir, options, block->subsets, findings, error);
}
