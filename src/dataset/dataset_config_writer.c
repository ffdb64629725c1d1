/* From a configuration back to a dataset TOML. */
#include "dataset/dataset_config.h"
#include "dataset/dataset_keys.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

static const char *text_of(const void *field)
{
    const char *text = *(const char *const *)field;
    return text ? text : "";
}

static bool same_value(const LkDatasetKey *key, const void *a, const void *b)
{
    const LkSize *x = a, *y = b;
    char **none = NULL, **const *list = a, **const *other = b;
    switch (key->type) {
    case LK_DATASET_BOOLEAN:
        return *(const bool *)a == *(const bool *)b;
    case LK_DATASET_INTEGER:
    case LK_DATASET_SCALING:
        return *(const int *)a == *(const int *)b;
    case LK_DATASET_NUMBER:
        return *(const double *)a == *(const double *)b;
    case LK_DATASET_TEXT:
        return strcmp(text_of(a), text_of(b)) == 0;
    case LK_DATASET_TEXTS:
        return *list == none || (*other && g_strv_equal((const char *const *)*list, (const char *const *)*other));
    case LK_DATASET_RESOLUTION:
        return x->width == y->width && x->height == y->height;
    case LK_DATASET_ANY:
        break;
    }
    return true;
}

static void write_resolution(GString *out, const char *key, const LkSize *size)
{
    if (size->width == size->height)
        lk_toml_write_integer(out, key, size->width);
    else
        g_string_append_printf(out, "%s = [%d, %d]\n", key, size->width, size->height);
}

/* One to a line: people read and edit these lists. */
static void write_texts(GString *out, const char *key, char *const *texts)
{
    g_string_append_printf(out, "%s = [\n", key);
    for (; *texts; texts++) {
        g_string_append(out, "  ");
        lk_toml_append_quoted(out, *texts);
        g_string_append(out, ",\n");
    }
    g_string_append(out, "]\n");
}

static void write_value(GString *out, const LkDatasetKey *key, const void *field)
{
    switch (key->type) {
    case LK_DATASET_BOOLEAN:
        lk_toml_write_boolean(out, key->name, *(const bool *)field);
        break;
    case LK_DATASET_INTEGER:
        lk_toml_write_integer(out, key->name, *(const int *)field);
        break;
    case LK_DATASET_NUMBER:
        lk_toml_write_float(out, key->name, *(const double *)field);
        break;
    case LK_DATASET_TEXT:
        lk_toml_write_string(out, key->name, text_of(field));
        break;
    case LK_DATASET_SCALING:
        if (lk_interpolation_name((LkInterpolation) * (const int *)field))
            lk_toml_write_string(out, key->name, lk_interpolation_name((LkInterpolation) * (const int *)field));
        break;
    case LK_DATASET_TEXTS:
        write_texts(out, key->name, *(char **const *)field);
        break;
    case LK_DATASET_RESOLUTION:
        write_resolution(out, key->name, field);
        break;
    case LK_DATASET_ANY:
        break;
    }
}

/* The keys of a struct whose values are not those of `plain`. */
static void write_keys(GString *out, LkDatasetTarget target, const void *values, const void *plain)
{
    for (size_t i = 0; i < lk_dataset_key_count; i++) {
        const LkDatasetKey *key = &lk_dataset_keys[i];
        if (key->target != target)
            continue;
        const void *value = (const char *)values + key->offset, *other = (const char *)plain + key->offset;
        if (strcmp(key->name, "image_dir") == 0 || !same_value(key, value, other))
            write_value(out, key, value);
    }
}

static bool check_name(const char *name, GError **error)
{
    if (g_utf8_validate(name, -1, NULL))
        return true;
    g_autofree char *shown = g_filename_display_name(name);
    return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                        _("The name \"%s\" is not UTF-8, so it cannot be written into a dataset file; rename it."),
                        shown);
}

static bool check_names(const LkSubset *subset, GError **error)
{
    if (!check_name(subset->image_dir, error))
        return false;
    for (char **file = subset->files; file && *file; file++)
        if (!check_name(*file, error))
            return false;
    return true;
}

char *lk_dataset_config_to_toml(const LkDatasetConfig *config, const LkDatasetDefaults *defaults, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const LkDatasetBlock plain = {
        .buckets = defaults->buckets, .batch_size = defaults->batch_size, .validation_seed = defaults->validation_seed};
    for (guint b = 0; b < config->blocks->len; b++) {
        const LkDatasetBlock *block = g_ptr_array_index(config->blocks, b);
        g_string_append(out, b ? "\n" : "");
        lk_toml_write_header(out, "datasets", true);
        write_keys(out, LK_DATASET_OF_BLOCK, block, &plain);
        for (guint s = 0; s < block->subsets->len; s++) {
            const LkSubset *subset = g_ptr_array_index(block->subsets, s);
            if (!check_names(subset, error))
                return NULL;
            g_string_append_printf(out, "\n%s\n", lk_dataset_level_names[LK_DATASET_SUBSET]);
            write_keys(out, LK_DATASET_OF_SUBSET, subset, defaults->subset);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
