#include "training/import.h"

#include "base/file.h"
#include "format/gerror.h"
#include "format/json.h"
#include "format/toml.h"
#include "format/yaml.h"
#include "training/import_private.h"
#include "training/job_value.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE  ((size_t)16 << 20)
#define MAX_ITEMS 20000

const char *lk_import_format_name(LkImportFormat format)
{
    static const char *const names[] = {"kohya sd-scripts", "kohya_ss", "OneTrainer", "ai-toolkit"};
    return names[format];
}

static void line_free(gpointer data)
{
    LkImportLine *line = data;
    g_free(line->name);
    g_free(line->value);
    g_free(line->key);
    g_free(line->result);
    g_free(line->why);
    g_free(line);
}

static void item_free(gpointer data)
{
    LkImportItem *item = data;
    g_free(item->path);
    g_strfreev(item->values);
    g_free(item);
}

void lk_import_free(LkImport *import)
{
    if (import == NULL) {
        return;
    }
    g_hash_table_unref(import->values);
    g_ptr_array_unref(import->lines);
    g_free(import);
}

guint lk_import_count(const LkImport *import, LkImportKind kind)
{
    guint count = 0;
    for (guint i = 0; i < import->lines->len; i++) {
        count += ((LkImportLine *)import->lines->pdata[i])->kind == kind;
    }
    return count;
}

/* ------------------------------------------------------------------ any format as a flat list */

/* JSON is what TOML and YAML become first: it has all that they have. */
static yyjson_mut_val *json_of_toml(yyjson_mut_doc *doc, const LkTomlNode *node)
{
    switch (lk_toml_type(node)) {
    case LK_TOML_STRING:
        return yyjson_mut_strcpy(doc, lk_toml_string(node));
    case LK_TOML_INTEGER:
        return yyjson_mut_sint(doc, lk_toml_integer(node));
    case LK_TOML_FLOAT:
        return yyjson_mut_real(doc, lk_toml_number(node));
    case LK_TOML_BOOLEAN:
        return yyjson_mut_bool(doc, lk_toml_boolean(node));
    case LK_TOML_ARRAY: {
        yyjson_mut_val *array = yyjson_mut_arr(doc);
        for (size_t i = 0; i < lk_toml_count(node); i++) {
            yyjson_mut_arr_append(array, json_of_toml(doc, lk_toml_at(node, i)));
        }
        return array;
    }
    case LK_TOML_TABLE:
        break;
    }
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    for (size_t i = 0; i < lk_toml_count(node); i++) {
        const LkTomlNode *member = lk_toml_at(node, i);
        yyjson_mut_obj_add(object, yyjson_mut_strcpy(doc, lk_toml_key(member)), json_of_toml(doc, member));
    }
    return object;
}

static yyjson_doc *read_toml(const char *text, size_t size, const char *source, GError **error)
{
    g_autoptr(LkToml) toml = lk_toml_parse(text, size, source, error);
    if (toml == NULL) {
        return NULL;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, json_of_toml(doc, lk_toml_root(toml)));
    yyjson_doc *result = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_mut_doc_free(doc);
    return result;
}

/* The text of a value that is no collection; NULL for null. */
static char *scalar_text(yyjson_val *value)
{
    if (yyjson_is_str(value)) {
        return g_strdup(yyjson_get_str(value));
    }
    if (yyjson_is_bool(value)) {
        return g_strdup(yyjson_get_bool(value) ? "true" : "false");
    }
    if (yyjson_is_int(value)) {
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)yyjson_get_sint(value));
    }
    return yyjson_is_real(value) ? lk_number_text(yyjson_get_real(value)) : NULL;
}

static void add_item(LkImporter *self, const char *path, GPtrArray *values, bool list)
{
    LkImportItem *item = g_new0(LkImportItem, 1);
    g_ptr_array_add(values, NULL);
    *item = (LkImportItem){g_strdup(path), (char **)g_ptr_array_free(values, FALSE), list, false};
    g_ptr_array_add(self->items, item);
    g_hash_table_insert(self->by_path, item->path, item);
}

LkImportItem *lk_import_add_item(LkImporter *self, const char *path, const char *value)
{
    GPtrArray *values = g_ptr_array_new();
    if (value != NULL) {
        g_ptr_array_add(values, g_strdup(value));
    }
    add_item(self, path, values, false);
    return self->items->pdata[self->items->len - 1];
}

void lk_import_add_value(LkImportItem *item, const char *value)
{
    guint count = g_strv_length(item->values);
    item->values = g_renew(char *, item->values, count + 2);
    item->values[count] = g_strdup(value);
    item->values[count + 1] = NULL;
    item->list = item->list || count > 0;
}

void lk_import_sort_to_front(LkImporter *self, const char *prefix)
{
    guint front = 0;
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        if (g_str_has_prefix(item->path, prefix)) {
            memmove(&self->items->pdata[front + 1], &self->items->pdata[front],
                    (i - front) * sizeof self->items->pdata[0]);
            self->items->pdata[front++] = item;
        }
    }
}

static bool is_collection(yyjson_val *value)
{
    return yyjson_is_obj(value) || yyjson_is_arr(value);
}

static bool flatten(LkImporter *self, yyjson_val *value, const char *path);

static bool flatten_object(LkImporter *self, yyjson_val *object, const char *path)
{
    size_t i, count;
    yyjson_val *key, *member;
    yyjson_obj_foreach(object, i, count, key, member)
    {
        g_autofree char *below = g_strconcat(path, path[0] != '\0' ? "." : "", yyjson_get_str(key), NULL);
        if (!flatten(self, member, below)) {
            return false;
        }
    }
    return true;
}

static bool flatten_array(LkImporter *self, yyjson_val *array, const char *path)
{
    GPtrArray *values = g_ptr_array_new();
    size_t i, count;
    bool fits = true;
    yyjson_val *member;
    yyjson_arr_foreach(array, i, count, member)
    {
        char *text = is_collection(member) ? NULL : scalar_text(member);
        if (is_collection(member)) {
            g_autofree char *below = g_strdup_printf("%s[%zu]", path, i);
            fits = fits && flatten(self, member, below);
        } else if (text != NULL) {
            g_ptr_array_add(values, text);
        }
    }
    if (values->len > 0 || count == 0) {
        add_item(self, path, values, true);
    } else {
        g_ptr_array_unref(values);
    }
    return fits;
}

/* False where there are more settings than any trainer has. */
static bool flatten(LkImporter *self, yyjson_val *value, const char *path)
{
    if (self->items->len > MAX_ITEMS) {
        return false;
    }
    if (yyjson_is_obj(value)) {
        return flatten_object(self, value, path);
    }
    if (yyjson_is_arr(value)) {
        return flatten_array(self, value, path);
    }
    GPtrArray *values = g_ptr_array_new();
    char *text = scalar_text(value);
    if (text != NULL) {
        g_ptr_array_add(values, text);
    }
    add_item(self, path, values, false);
    return true;
}

/* ------------------------------------------------------------------ which format */

/* A first look: the first line that is neither empty nor a comment, and whether it could be JSON or TOML. */
static yyjson_doc *read_any(const char *text, size_t size, const char *source, GError **error)
{
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    size_t start = 0;
    while (start < size && g_ascii_isspace(text[start])) {
        start++;
    }
    if (start < size && text[start] == '{') {
        g_autofree char *copy = g_strndup(text, size); /* yyjson wants it writable */
        return lk_json_parse(copy, size, source, 64, error);
    }
    g_autoptr(GError) toml_error = NULL, yaml_error = NULL;
    yyjson_doc *doc = read_toml(text, size, source, &toml_error);
    if (doc == NULL) {
        doc = lk_yaml_parse(text, size, source, &yaml_error);
        if (doc != NULL && !yyjson_is_obj(yyjson_doc_get_root(doc))) {
            g_clear_pointer(&doc, yyjson_doc_free);
        }
    }
    if (doc == NULL) { /* the message of the format that its name or its content speaks for */
        bool yaml = g_str_has_suffix(source, ".yaml") || g_str_has_suffix(source, ".yml") ||
                    memmem(text, size, " = ", 3) == NULL;
        GError **better = yaml && yaml_error != NULL ? &yaml_error : &toml_error;
        g_propagate_error(error, g_steal_pointer(better));
    }
    return doc;
}

static bool has(LkImporter *self, const char *path)
{
    return g_hash_table_contains(self->by_path, path);
}

/* False where it is none of them. */
static bool detect(LkImporter *self, LkImportFormat *format)
{
    guint known = 0;
    for (guint i = 0; i < self->items->len; i++) {
        const char *path = ((LkImportItem *)self->items->pdata[i])->path;
        const char *dot = strrchr(path, '.');
        known += lk_parameter_find(dot != NULL ? dot + 1 : path) != NULL;
    }
    if (has(self, "config.process[0].type") || has(self, "config.process[0].train.lr")) {
        *format = LK_IMPORT_AI_TOOLKIT;
    } else if (has(self, "training_method") || (has(self, "model_type") && has(self, "base_model_name"))) {
        *format = LK_IMPORT_ONETRAINER;
    } else if (has(self, "LoRA_type") || has(self, "max_resolution")) {
        *format = LK_IMPORT_KOHYA_SS;
    } else if (known >= 2 || (known >= 1 && self->items->len <= 3)) {
        *format = LK_IMPORT_SD_SCRIPTS;
    } else {
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ the whole */

static bool run(LkImporter *self, const char *source, GError **error)
{
    self->program = lk_import_format_name(self->import->format);
    switch (self->import->format) {
    case LK_IMPORT_SD_SCRIPTS:
        lk_import_sd_scripts(self);
        break;
    case LK_IMPORT_KOHYA_SS:
        lk_import_kohya_ss(self);
        break;
    case LK_IMPORT_ONETRAINER:
        lk_import_onetrainer(self);
        break;
    case LK_IMPORT_AI_TOOLKIT:
        if (!lk_import_ai_toolkit(self, source, error)) {
            return false;
        }
        break;
    }
    lk_import_report_rest(self);
    lk_import_settle(self);
    return true;
}

/* The parameters that are not as they would be anyway. */
static void collect_values(LkImporter *self)
{
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        bool wanted = lk_job_is_changed(self->job, row) || (row->optional && self->job->given[i]);
        g_autofree char *value = wanted ? lk_job_get(self->job, row) : NULL;
        if (value != NULL) {
            g_hash_table_insert(self->import->values, g_strdup(row->key), g_steal_pointer(&value));
        }
    }
}

LkImport *lk_import_parse(const char *text, size_t size, const char *source, const char *folder, GError **error)
{
    if (size > MAX_SIZE) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is larger than 16 MB, too large for settings."), source);
        return NULL;
    }
    yyjson_doc *doc = read_any(text, size, source, error);
    if (doc == NULL) {
        return NULL;
    }
    LkImport *import = g_new0(LkImport, 1);
    import->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    import->lines = g_ptr_array_new_with_free_func(line_free);
    LkImporter self = {.import = import,
                       .items = g_ptr_array_new_with_free_func(item_free),
                       .by_path = g_hash_table_new(g_str_hash, g_str_equal),
                       .job = lk_job_new(folder),
                       .prefix = ""};
    bool done = flatten(&self, yyjson_doc_get_root(doc), "") && detect(&self, &import->format);
    if (!done) {
        lk_set_error(error, LK_ERROR_FORMAT,
                     _("%s does not hold training settings that Lorikeet knows. It reads settings of kohya sd-scripts, "
                       "kohya_ss, OneTrainer and ai-toolkit."),
                     source);
    } else if ((done = run(&self, source, error))) {
        collect_values(&self);
    }
    yyjson_doc_free(doc);
    g_hash_table_unref(self.by_path);
    g_ptr_array_unref(self.items);
    lk_job_free(self.job);
    if (!done) {
        lk_import_free(import);
        return NULL;
    }
    return import;
}

LkImport *lk_import_read(const char *path, GError **error)
{
    char *text;
    size_t size;
    LkError problem = {0};
    if (!lk_file_read(path, MAX_SIZE, &text, &size, &problem)) {
        lk_gerror_take(error, &problem);
        return NULL;
    }
    g_autofree char *name = g_filename_display_basename(path);
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *folder = g_path_get_dirname(absolute);
    LkImport *import = lk_import_parse(text, size, name, folder, error);
    free(text);
    return import;
}
