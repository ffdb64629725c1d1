/* A job as text: what can change the result (for the state file), and TOML. */
#include "base/hash.h"
#include "training/job.h"
#include "training/job_value.h"

#include <glib/gi18n.h>
#include <string.h>

static const void *field_of(const LkJob *job, const LkParameter *row)
{
    return (const char *)job + row->offset;
}

char *lk_job_canonical(const LkJob *job)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        if (row->state != LK_PARAMETER_SUPPORTED || row->aside) {
            continue;
        }
        g_autofree char *whole = lk_job_value_write(row, field_of(job, row));
        if (whole == NULL) {
            continue;
        }
        bool path = row->type == LK_PARAMETER_FILE || row->type == LK_PARAMETER_FOLDER;
        g_autofree char *value = path ? g_path_get_basename(whole) : g_strdup(whole);
        g_strdelimit(value, "\n\r", ' '); /* one line a parameter */
        g_string_append_printf(out, "%s = %s\n", row->key, value);
    }
    return g_string_free_and_steal(out);
}

char *lk_job_hash(const LkJob *job)
{
    g_autofree char *text = lk_job_canonical(job);
    char hex[65];
    lk_sha256_hex(text, strlen(text), hex);
    return g_strdup(hex);
}

static GHashTable *lines_by_key(const char *text)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        const char *equals = strstr(*line, " = ");
        if (equals != NULL) {
            g_hash_table_insert(table, g_strndup(*line, (gsize)(equals - *line)), g_strdup(equals + 3));
        }
    }
    return table;
}

/* The line's value of a parameter that nobody set: what it was before there was the parameter. NULL: it has no line. */
static char *default_text(const LkParameter *row)
{
    if (row->state != LK_PARAMETER_SUPPORTED) {
        return NULL;
    }
    LkJobValue value;
    lk_job_value_default(row, NULL, &value);
    char *text = lk_job_value_write(row, &value);
    lk_job_value_clear(row, &value);
    return text;
}

char *lk_job_differences(const char *before, const char *now)
{
    g_autoptr(GHashTable) old = lines_by_key(before);
    g_autoptr(GHashTable) new = lines_by_key(now);
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const char *key = lk_parameters[i].key;
        g_autofree char *unsaid = g_hash_table_size(old) > 0 ? default_text(&lk_parameters[i]) : NULL;
        const char *a = g_hash_table_lookup(old, key);
        const char *b = g_hash_table_lookup(new, key);
        a = a != NULL ? a : unsaid;
        b = b != NULL ? b : unsaid;
        if (g_strcmp0(a, b) != 0) {
            g_string_append_printf(out, _("%s%s: %s, now %s"), out->len > 0 ? "; " : "", key,
                                   a != NULL ? a : _("unset"), b != NULL ? b : _("unset"));
        }
    }
    if (out->len == 0) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return g_string_free_and_steal(out);
}

/* The default of optional texts and of what is not in TOML has no line. */
static void write_row(GString *out, const LkParameter *row, const void *at)
{
    g_autofree char *text = lk_job_value_write(row, at);
    if (text == NULL) {
        return;
    }
    switch (row->type) {
    case LK_PARAMETER_BOOL:
        lk_toml_write_boolean(out, row->key, *(const bool *)at);
        return;
    case LK_PARAMETER_INT:
        lk_toml_write_integer(out, row->key, *(const int *)at);
        return;
    case LK_PARAMETER_INT64:
        lk_toml_write_integer(out, row->key, *(const int64_t *)at);
        return;
    case LK_PARAMETER_FLOAT:
        lk_toml_write_float(out, row->key, *(const double *)at);
        return;
    case LK_PARAMETER_COUNT:
    case LK_PARAMETER_RESOLUTION:
        if (strchr(text, ',') == NULL) {
            g_string_append_printf(out, "%s = %s\n", row->key, text);
            return;
        }
        break;
    case LK_PARAMETER_LIST:
    case LK_PARAMETER_PROMPTS:
        if (text[0] == '[') {
            g_string_append_printf(out, "%s = %s\n", row->key, text);
            return;
        }
        break;
    case LK_PARAMETER_STRING:
    case LK_PARAMETER_ENUM:
    case LK_PARAMETER_FILE:
    case LK_PARAMETER_FOLDER:
        break;
    }
    lk_toml_write_string(out, row->key, text);
}

char *lk_job_to_toml(const LkJob *job)
{
    GString *out = g_string_new(NULL);
    int group = -1;
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        bool wanted = lk_job_is_changed(job, row) || (row->state == LK_PARAMETER_SUPPORTED && job->given[i]);
        if (!wanted) {
            continue;
        }
        if (group != (int)row->group) {
            group = row->group;
            g_string_append_printf(out, "%s# %s\n", out->len > 0 ? "\n" : "", _(lk_parameter_group_title(row->group)));
        }
        write_row(out, row, field_of(job, row));
    }
    return g_string_free_and_steal(out);
}
