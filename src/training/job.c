#include "training/job.h"

#include "training/job_value.h"

#include <glib/gi18n.h>
#include <string.h>

static void *field_of(const LkJob *job, const LkParameter *row)
{
    return (char *)(uintptr_t)job + row->offset;
}

static bool has_field(const LkParameter *row)
{
    return row->state == LK_PARAMETER_SUPPORTED;
}

/* ------------------------------------------------------------------ life */

LkJob *lk_job_new(const char *folder)
{
    LkJob *job = g_new0(LkJob, 1);
    job->folder = g_strdup(folder);
    job->given = g_new0(bool, lk_parameter_count);
    job->lines = g_new0(int, lk_parameter_count);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        if (has_field(&lk_parameters[i])) {
            lk_job_value_default(&lk_parameters[i], folder, field_of(job, &lk_parameters[i]));
        }
    }
    return job;
}

LkJob *lk_job_copy(const LkJob *job)
{
    LkJob *copy = g_memdup2(job, sizeof *job);
    copy->path = g_strdup(job->path);
    copy->folder = g_strdup(job->folder);
    copy->given = g_memdup2(job->given, lk_parameter_count * sizeof *job->given);
    copy->lines = g_memdup2(job->lines, lk_parameter_count * sizeof *job->lines);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        if (has_field(row)) {
            lk_job_value_copy(row, field_of(job, row), field_of(copy, row));
        }
    }
    return copy;
}

void lk_job_free(LkJob *job)
{
    if (job == NULL) {
        return;
    }
    for (size_t i = 0; i < lk_parameter_count; i++) {
        if (has_field(&lk_parameters[i])) {
            lk_job_value_clear(&lk_parameters[i], field_of(job, &lk_parameters[i]));
        }
    }
    g_free(job->path);
    g_free(job->folder);
    g_free(job->given);
    g_free(job->lines);
    g_free(job);
}

/* ------------------------------------------------------------------ one parameter */

void lk_job_reset(LkJob *job, const LkParameter *parameter)
{
    if (has_field(parameter)) {
        lk_job_value_clear(parameter, field_of(job, parameter));
        lk_job_value_default(parameter, job->folder, field_of(job, parameter));
    }
    job->given[lk_parameter_index(parameter)] = false;
    job->lines[lk_parameter_index(parameter)] = 0;
}

char *lk_job_get(const LkJob *job, const LkParameter *parameter)
{
    if (!has_field(parameter) || (parameter->optional && !job->given[lk_parameter_index(parameter)])) {
        return NULL;
    }
    return lk_job_value_write(parameter, field_of(job, parameter));
}

bool lk_job_is_given(const LkJob *job, const char *key)
{
    const LkParameter *row = lk_parameter_find(key);
    return row != NULL && job->given[lk_parameter_index(row)];
}

bool lk_job_is_changed(const LkJob *job, const LkParameter *parameter)
{
    if (!has_field(parameter) || (parameter->optional && !job->given[lk_parameter_index(parameter)])) {
        return false;
    }
    LkJobValue fallback;
    lk_job_value_default(parameter, job->folder, &fallback);
    bool equal = lk_job_value_equal(parameter, &fallback, field_of(job, parameter));
    lk_job_value_clear(parameter, &fallback);
    return !equal;
}

/* True if a value of a parameter without a field asks for nothing: unset, false, 0, or its default. */
static bool asks_nothing(const LkParameter *row, const LkRawValue *raw)
{
    if (lk_raw_value_is_empty(raw)) {
        return true;
    }
    if (row->type == LK_PARAMETER_STRING && row->fallback != NULL) {
        return !raw->list && g_ascii_strcasecmp(raw->items[0], row->fallback) == 0;
    }
    LkJobValue value, fallback;
    bool same = false;
    if (lk_job_value_read(row, raw, NULL, &value) == LK_VALUE_OK) {
        lk_job_value_default(row, NULL, &fallback);
        same = lk_job_value_equal(row, &value, &fallback);
        lk_job_value_clear(row, &fallback);
        lk_job_value_clear(row, &value);
    }
    return same;
}

static void complain(const LkParameter *row, const char *key, const LkRawValue *raw, LkValueResult result, int line,
                     GPtrArray *problems)
{
    g_autofree char *value = lk_raw_value_describe(raw);
    if (row->state == LK_PARAMETER_NO_EFFECT) {
        lk_problems_add(problems, LK_PROBLEM_NOTE, key, value, NULL, line, _("%s has no effect here. %s"), key,
                        _(row->subtitle));
        return;
    }
    if (row->state == LK_PARAMETER_NOT_YET) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, value, row->fallback, line,
                        _("%s is not supported yet. Leave it out; it was %s.%s%s"), key, value,
                        row->subtitle != NULL ? " " : "", row->subtitle != NULL ? _(row->subtitle) : "");
        return;
    }
    g_autofree char *allowed = lk_parameter_allowed(row);
    if (result == LK_VALUE_NOT_YET) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, value, allowed, line,
                        _("%s is %s, which is not supported yet. It can be %s."), key, value, allowed);
    } else if (lk_raw_value_is_empty(raw)) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, value, allowed, line, _("%s is empty, but must be %s."), key,
                        allowed);
    } else {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, value, allowed, line, _("%s is %s, but must be %s."), key,
                        value, allowed);
    }
}

static bool apply(LkJob *job, const LkParameter *row, const char *key, const LkRawValue *raw, int line,
                  GPtrArray *problems);

/* One item of a list, for its own row. */
static bool apply_item(LkJob *job, const LkParameter *row, const char *key, const LkRawValue *list, int item, int line,
                       GPtrArray *problems)
{
    LkRawValue raw = lk_raw_value_text(list->items[item]);
    bool good = apply(job, row, key, &raw, line, problems);
    lk_raw_value_clear(&raw);
    return good;
}

/* Puts a written value into the job, or says what is wrong with it. */
static bool apply(LkJob *job, const LkParameter *row, const char *key, const LkRawValue *raw, int line,
                  GPtrArray *problems)
{
    LkJobValue value;
    LkValueResult result = LK_VALUE_OK;
    if (!has_field(row)) {
        if (!asks_nothing(row, raw)) {
            complain(row, key, raw, result, line, problems);
            return row->state == LK_PARAMETER_NO_EFFECT;
        }
        return true;
    }
    bool empty = lk_raw_value_is_empty(raw);
    if (row->second != NULL && raw->list && g_strv_length(raw->items) == 2 &&
        strcmp(raw->items[0], raw->items[1]) != 0) {
        return apply_item(job, row, key, raw, 0, line, problems) &&
               apply_item(job, lk_parameter_find(row->second), key, raw, 1, line, problems);
    }
    if (empty && (row->optional || row->fallback == NULL)) {
        lk_job_reset(job, row);
        return true;
    }
    bool may_be_empty = row->type == LK_PARAMETER_ENUM && !raw->list;
    result = empty && !may_be_empty ? LK_VALUE_WRONG : lk_job_value_read(row, raw, job->folder, &value);
    if (result != LK_VALUE_OK) {
        complain(row, key, raw, result, line, problems);
        return false;
    }
    lk_job_value_move(row, &value, field_of(job, row));
    job->given[lk_parameter_index(row)] = true;
    job->lines[lk_parameter_index(row)] = line;
    return true;
}

static void complain_unknown(const char *key, int line, GPtrArray *problems)
{
    const char *nearest = lk_parameter_nearest(key);
    if (nearest != NULL) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, NULL, nearest, line,
                        _("%s is not a known parameter. Did you mean %s?"), key, nearest);
    } else {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, NULL, NULL, line,
                        _("%s is not a known parameter. Remove it, or look up its name in the list of parameters."),
                        key);
    }
}

/* A list written as in TOML, where the parameter can be one; a quoted text if `quotes`; else the text as it is. */
static LkRawValue raw_value_of(const LkParameter *row, const char *text, bool quotes)
{
    LkRawValue raw;
    bool array = text[0] == '[' && row->type != LK_PARAMETER_STRING && row->type != LK_PARAMETER_FILE &&
                 row->type != LK_PARAMETER_FOLDER;
    if (array || (quotes && (text[0] == '"' || text[0] == '\''))) {
        g_autofree char *document = g_strconcat("v = ", text, NULL);
        g_autoptr(LkToml) toml = lk_toml_parse(document, strlen(document), "value", NULL);
        const LkTomlNode *node = toml != NULL ? lk_toml_get(lk_toml_root(toml), "v") : NULL;
        if (node != NULL && lk_toml_count(lk_toml_root(toml)) == 1 && lk_raw_value_node(node, &raw)) {
            return raw;
        }
    }
    return lk_raw_value_text(text);
}

static bool set_text(LkJob *job, const char *key, const char *text, bool quotes, GPtrArray *problems)
{
    const LkParameter *row = lk_parameter_find(key);
    if (row == NULL) {
        complain_unknown(key, 0, problems);
        return false;
    }
    LkRawValue raw = raw_value_of(row, text, quotes);
    bool done = apply(job, row, key, &raw, 0, problems);
    lk_raw_value_clear(&raw);
    return done;
}

bool lk_job_set(LkJob *job, const char *key, const char *value, GPtrArray *problems)
{
    return set_text(job, key, value, false, problems);
}

/* ------------------------------------------------------------------ a whole file */

/* Keys of sections are read as if they stood alone, as sd-scripts does. */
static void apply_node(LkJob *job, const LkTomlNode *node, int *seen, GPtrArray *problems)
{
    const char *key = lk_toml_key(node);
    int line = lk_toml_line(node);
    const LkParameter *row = lk_parameter_find(key);
    if (row == NULL) {
        complain_unknown(key, line, problems);
        return;
    }
    int *first = &seen[lk_parameter_index(row)];
    if (*first != 0) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, NULL, NULL, line,
                        _("%s is given twice, in line %d and in line %d. Keep one of them."), key, *first, line);
        return;
    }
    *first = line;
    LkRawValue raw;
    if (!lk_raw_value_node(node, &raw)) {
        g_autofree char *allowed = lk_parameter_allowed(row);
        lk_problems_add(problems, LK_PROBLEM_ERROR, key, NULL, allowed, line, _("%s is %s, but must be %s."), key,
                        lk_toml_type_name(lk_toml_type(node)), allowed);
        return;
    }
    apply(job, row, key, &raw, line, problems);
    lk_raw_value_clear(&raw);
}

static void apply_document(LkJob *job, const LkTomlNode *root, GPtrArray *problems)
{
    g_autofree int *seen = g_new0(int, lk_parameter_count);
    const LkTomlNode *datasets = lk_toml_get(root, "datasets");
    if (datasets != NULL) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, "datasets", NULL, NULL, lk_toml_line(datasets),
                        _("[[datasets]] belongs into a file of its own. Name that file in the job: dataset_config = "
                          "\"dataset.toml\"."));
    }
    for (size_t i = 0; i < lk_toml_count(root); i++) {
        const LkTomlNode *node = lk_toml_at(root, i);
        if (node == datasets || (datasets != NULL && g_strcmp0(lk_toml_key(node), "general") == 0)) {
            continue;
        }
        if (lk_toml_type(node) != LK_TOML_TABLE) {
            apply_node(job, node, seen, problems);
            continue;
        }
        for (size_t j = 0; j < lk_toml_count(node); j++) {
            apply_node(job, lk_toml_at(node, j), seen, problems);
        }
    }
}

static void apply_overrides(LkJob *job, const char *const *overrides, GPtrArray *problems)
{
    for (size_t i = 0; overrides != NULL && overrides[i] != NULL; i++) {
        const char *equals = strchr(overrides[i], '=');
        if (equals == NULL || equals == overrides[i] || !g_utf8_validate(overrides[i], -1, NULL)) {
            g_autofree char *shown = g_utf8_make_valid(overrides[i], -1);
            lk_problems_add(problems, LK_PROBLEM_ERROR, NULL, shown, NULL, 0, _("“%s” is not of the form KEY=VALUE."),
                            shown);
            continue;
        }
        g_autofree char *key = g_strndup(overrides[i], (gsize)(equals - overrides[i]));
        set_text(job, g_strstrip(key), equals + 1, true, problems);
    }
}

/* Finishes loading: NULL where there is an error, also one that was there before. */
static LkJob *finish(LkJob *job, const char *const *overrides, GPtrArray *problems)
{
    apply_overrides(job, overrides, problems);
    lk_job_check(job, problems);
    if (lk_problems_count(problems, LK_PROBLEM_ERROR) > 0) {
        lk_job_free(job);
        return NULL;
    }
    return job;
}

LkJob *lk_job_parse(const char *text, const char *source, const char *folder, const char *const *overrides,
                    GPtrArray *problems)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) toml = lk_toml_parse(text, strlen(text), source, &error);
    if (toml == NULL) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, NULL, NULL, NULL, 0, "%s", error->message);
        return NULL;
    }
    LkJob *job = lk_job_new(folder);
    apply_document(job, lk_toml_root(toml), problems);
    return finish(job, overrides, problems);
}

LkJob *lk_job_load(const char *path, const char *const *overrides, GPtrArray *problems)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) toml = lk_toml_read(path, &error);
    if (toml == NULL) {
        lk_problems_add(problems, LK_PROBLEM_ERROR, NULL, NULL, NULL, 0, "%s", error->message);
        return NULL;
    }
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *folder = g_path_get_dirname(absolute);
    LkJob *job = lk_job_new(folder);
    job->path = g_steal_pointer(&absolute);
    apply_document(job, lk_toml_root(toml), problems);
    return finish(job, overrides, problems);
}
