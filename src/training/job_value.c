#include "training/job_value.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ values as written */

LkRawValue lk_raw_value_text(const char *text)
{
    LkRawValue raw = {.items = g_new0(char *, 2)};
    raw.items[0] = g_strdup(text);
    return raw;
}

static char *scalar_text(const LkTomlNode *node)
{
    switch (lk_toml_type(node)) {
    case LK_TOML_STRING:
        return g_strdup(lk_toml_string(node));
    case LK_TOML_INTEGER:
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)lk_toml_integer(node));
    case LK_TOML_FLOAT:
        return lk_number_text(lk_toml_number(node));
    case LK_TOML_BOOLEAN:
        return g_strdup(lk_toml_boolean(node) ? "true" : "false");
    case LK_TOML_ARRAY:
    case LK_TOML_TABLE:
        break;
    }
    return NULL;
}

bool lk_raw_value_node(const LkTomlNode *node, LkRawValue *raw)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(g_free);
    bool list = lk_toml_type(node) == LK_TOML_ARRAY;
    size_t count = list ? lk_toml_count(node) : 1;
    for (size_t i = 0; i < count; i++) {
        char *text = scalar_text(list ? lk_toml_at(node, i) : node);
        if (text == NULL) {
            g_ptr_array_unref(items);
            return false;
        }
        g_ptr_array_add(items, text);
    }
    g_ptr_array_add(items, NULL);
    *raw = (LkRawValue){(char **)g_ptr_array_free(items, FALSE), list};
    return true;
}

void lk_raw_value_clear(LkRawValue *raw)
{
    g_clear_pointer(&raw->items, g_strfreev);
}

char *lk_raw_value_describe(const LkRawValue *raw)
{
    enum { MOST = 80 };
    g_autofree char *joined = g_strjoinv(", ", raw->items);
    if (g_utf8_strlen(joined, -1) > MOST) {
        g_autofree char *start = g_utf8_substring(joined, 0, MOST);
        g_free(g_steal_pointer(&joined));
        joined = g_strconcat(start, "…", NULL);
    }
    g_strdelimit(joined, "\n\r\t", ' ');
    return raw->list ? g_strdup_printf("[%s]", joined) : g_steal_pointer(&joined);
}

bool lk_raw_value_is_empty(const LkRawValue *raw)
{
    return raw->items[0] == NULL || (raw->items[1] == NULL && raw->items[0][0] == '\0');
}

/* ------------------------------------------------------------------ reading */

/* A finite decimal number and nothing else. */
static bool read_number(const char *text, double *number)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) {
        return false;
    }
    *number = g_ascii_strtod(text, &end);
    return *end == '\0' && end != text && isfinite(*number);
}

static bool in_range(const LkParameter *row, double number)
{
    return (row->min == 0 && row->max == 0) || (number >= row->min && number <= row->max);
}

/* Whole numbers may be written as 3, 3.0 or 3e2; beyond 2^53 doubles have gaps. */
static bool read_whole(const LkParameter *row, const char *text, int64_t *whole)
{
    double number;
    if (!read_number(text, &number) || number != floor(number) || fabs(number) > 9007199254740992.0 ||
        !in_range(row, number)) {
        return false;
    }
    *whole = (int64_t)number;
    return true;
}

static bool read_bool(const char *text, bool *value)
{
    *value = g_ascii_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *value || g_ascii_strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static LkValueResult read_choice(const LkParameter *row, const char *text, const LkChoice **found)
{
    for (const LkChoice *choice = row->choices; choice->value != NULL; choice++) {
        if (g_ascii_strcasecmp(text, choice->value) == 0) {
            *found = choice;
            return choice->not_yet ? LK_VALUE_NOT_YET : LK_VALUE_OK;
        }
    }
    return LK_VALUE_WRONG;
}

static LkValueResult read_int(const LkParameter *row, const char *text, int *value)
{
    int64_t whole;
    if (!read_whole(row, text, &whole) || whole < G_MININT || whole > G_MAXINT) {
        return LK_VALUE_WRONG;
    }
    const LkChoice *choice = row->choices;
    while (choice != NULL && choice->value != NULL && choice->number != whole) {
        choice++;
    }
    if (choice != NULL && choice->value == NULL) {
        return LK_VALUE_WRONG;
    }
    *value = (int)whole;
    return LK_VALUE_OK;
}

/* A whole number, a share such as 0.1, or "10%". */
static bool read_count(const LkParameter *row, const char *text, double *value)
{
    g_autofree char *plain = g_strdup(text);
    bool percent = g_str_has_suffix(plain, "%");
    if (percent) {
        plain[strlen(plain) - 1] = '\0';
    }
    if (!read_number(plain, value)) {
        return false;
    }
    if (percent) {
        *value /= 100;
        return *value >= 0 && *value < 1;
    }
    return in_range(row, *value) && (*value < 1 || *value == floor(*value));
}

/* One item "512", "512,768" or "512x768" (width, height), or two items. */
static bool read_resolution(const LkParameter *row, const LkRawValue *raw, LkSize *size)
{
    g_auto(GStrv) parts = raw->items[1] != NULL ? g_strdupv(raw->items) : g_strsplit_set(raw->items[0], ",x", -1);
    int64_t sides[2];
    guint count = g_strv_length(parts);
    if (count < 1 || count > 2) {
        return false;
    }
    for (guint i = 0; i < count; i++) {
        if (!read_whole(row, g_strstrip(parts[i]), &sides[i])) {
            return false;
        }
    }
    *size = (LkSize){(int)sides[0], (int)sides[count - 1]};
    return true;
}

static char *absolute_path(const char *name, const char *folder)
{
    if (g_str_has_prefix(name, "~/")) {
        return g_build_filename(g_get_home_dir(), name + 2, NULL);
    }
    while (g_str_has_prefix(name, "./")) {
        name += 2;
    }
    if (g_path_is_absolute(name)) {
        return g_strdup(name);
    }
    g_autofree char *current = folder == NULL ? g_get_current_dir() : NULL;
    return g_build_filename(folder != NULL ? folder : current, name, NULL);
}

/* A text with spaces becomes several items; a piece without "=" belongs to the one before: "betas=(0.9, 0.99)". */
static char **read_list(const LkRawValue *raw)
{
    if (raw->list) {
        return g_strdupv(raw->items);
    }
    GPtrArray *items = g_ptr_array_new();
    g_auto(GStrv) pieces = g_strsplit_set(raw->items[0], " \t\n", -1);
    for (char **piece = pieces; *piece != NULL; piece++) {
        if (**piece != '\0' && (items->len == 0 || strchr(*piece, '=') != NULL)) {
            g_ptr_array_add(items, g_strdup(*piece));
        } else if (**piece != '\0') {
            char *before = items->pdata[items->len - 1];
            items->pdata[items->len - 1] = g_strconcat(before, *piece, NULL);
            g_free(before);
        }
    }
    g_ptr_array_add(items, NULL);
    return (char **)g_ptr_array_free(items, FALSE);
}

static LkJobPrompts read_prompts(const LkRawValue *raw, const char *folder)
{
    static const char *const endings[] = {".txt", ".toml", ".json"};
    LkJobPrompts prompts = {0};
    if (raw->list) {
        prompts.lines = g_strdupv(raw->items);
        return prompts;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(raw->items[0], endings[i]) && strchr(raw->items[0], '\n') == NULL) {
            prompts.file = absolute_path(raw->items[0], folder);
            return prompts;
        }
    }
    prompts.lines = g_strsplit(raw->items[0], "\n", -1);
    return prompts;
}

/* Several equal items count as one: front ends repeat text_encoder_lr for every text encoder. */
static bool one_item(const LkRawValue *raw)
{
    for (char **item = raw->items; *item != NULL; item++) {
        if (strcmp(*item, raw->items[0]) != 0) {
            return false;
        }
    }
    return true;
}

static LkValueResult read_scalar(const LkParameter *row, const char *text, const char *folder, LkJobValue *value)
{
    const LkChoice *choice;
    LkValueResult result;
    switch (row->type) {
    case LK_PARAMETER_BOOL:
        return read_bool(text, &value->b) ? LK_VALUE_OK : LK_VALUE_WRONG;
    case LK_PARAMETER_INT:
        return read_int(row, text, &value->i);
    case LK_PARAMETER_INT64:
        return read_whole(row, text, &value->l) ? LK_VALUE_OK : LK_VALUE_WRONG;
    case LK_PARAMETER_FLOAT:
        return read_number(text, &value->d) && in_range(row, value->d) ? LK_VALUE_OK : LK_VALUE_WRONG;
    case LK_PARAMETER_COUNT:
        return read_count(row, text, &value->d) ? LK_VALUE_OK : LK_VALUE_WRONG;
    case LK_PARAMETER_ENUM:
        result = read_choice(row, text, &choice);
        value->i = result == LK_VALUE_OK ? choice->number : 0;
        return result;
    case LK_PARAMETER_STRING:
        result = row->choices == NULL ? LK_VALUE_OK : read_choice(row, text, &choice);
        value->text = result == LK_VALUE_OK ? g_strdup(row->choices == NULL ? text : choice->value) : NULL;
        return result;
    case LK_PARAMETER_FILE:
    case LK_PARAMETER_FOLDER:
        value->text = absolute_path(text, folder);
        return LK_VALUE_OK;
    case LK_PARAMETER_LIST:
    case LK_PARAMETER_RESOLUTION:
    case LK_PARAMETER_PROMPTS:
        break;
    }
    return LK_VALUE_WRONG;
}

static size_t value_size(const LkParameter *row)
{
    static const size_t sizes[] = {
        [LK_PARAMETER_BOOL] = sizeof(bool),         [LK_PARAMETER_INT] = sizeof(int),
        [LK_PARAMETER_INT64] = sizeof(int64_t),     [LK_PARAMETER_FLOAT] = sizeof(double),
        [LK_PARAMETER_COUNT] = sizeof(double),      [LK_PARAMETER_STRING] = sizeof(char *),
        [LK_PARAMETER_ENUM] = sizeof(int),          [LK_PARAMETER_LIST] = sizeof(char **),
        [LK_PARAMETER_FILE] = sizeof(char *),       [LK_PARAMETER_FOLDER] = sizeof(char *),
        [LK_PARAMETER_RESOLUTION] = sizeof(LkSize), [LK_PARAMETER_PROMPTS] = sizeof(LkJobPrompts),
    };
    return sizes[row->type];
}

LkValueResult lk_job_value_read(const LkParameter *row, const LkRawValue *raw, const char *folder, void *at)
{
    LkJobValue value;
    memset(&value, 0, sizeof value);
    LkValueResult result = LK_VALUE_OK;
    if (row->type == LK_PARAMETER_LIST) {
        value.list = read_list(raw);
    } else if (row->type == LK_PARAMETER_PROMPTS) {
        value.prompts = read_prompts(raw, folder);
    } else if (raw->items[0] == NULL) {
        result = LK_VALUE_WRONG;
    } else if (row->type == LK_PARAMETER_RESOLUTION) {
        result = read_resolution(row, raw, &value.size) ? LK_VALUE_OK : LK_VALUE_WRONG;
    } else {
        result = one_item(raw) ? read_scalar(row, raw->items[0], folder, &value) : LK_VALUE_WRONG;
    }
    memcpy(at, &value, value_size(row));
    return result;
}

void lk_job_value_default(const LkParameter *row, const char *folder, void *at)
{
    memset(at, 0, value_size(row));
    if (row->fallback != NULL) {
        LkRawValue raw = lk_raw_value_text(row->fallback);
        lk_job_value_read(row, &raw, folder, at);
        lk_raw_value_clear(&raw);
    }
}

/* ------------------------------------------------------------------ values in memory */

static bool is_text(const LkParameter *row)
{
    return row->type == LK_PARAMETER_STRING || row->type == LK_PARAMETER_FILE || row->type == LK_PARAMETER_FOLDER;
}

void lk_job_value_clear(const LkParameter *row, void *at)
{
    LkJobValue *value = at;
    if (is_text(row)) {
        g_free(value->text);
    } else if (row->type == LK_PARAMETER_LIST) {
        g_strfreev(value->list);
    } else if (row->type == LK_PARAMETER_PROMPTS) {
        g_free(value->prompts.file);
        g_strfreev(value->prompts.lines);
    }
    memset(at, 0, value_size(row));
}

void lk_job_value_move(const LkParameter *row, void *from, void *to)
{
    lk_job_value_clear(row, to);
    memcpy(to, from, value_size(row));
    memset(from, 0, value_size(row));
}

void lk_job_value_copy(const LkParameter *row, const void *from, void *to)
{
    LkJobValue value;
    memcpy(&value, from, value_size(row));
    if (is_text(row)) {
        value.text = g_strdup(value.text);
    } else if (row->type == LK_PARAMETER_LIST) {
        value.list = g_strdupv(value.list);
    } else if (row->type == LK_PARAMETER_PROMPTS) {
        value.prompts.file = g_strdup(value.prompts.file);
        value.prompts.lines = g_strdupv(value.prompts.lines);
    }
    memcpy(to, &value, value_size(row));
}

bool lk_job_value_equal(const LkParameter *row, const void *a, const void *b)
{
    g_autofree char *left = lk_job_value_write(row, a);
    g_autofree char *right = lk_job_value_write(row, b);
    return g_strcmp0(left, right) == 0;
}

/* ------------------------------------------------------------------ writing */

char *lk_number_text(double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    for (int digits = 1; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(buffer, sizeof buffer, format, value);
        if (g_ascii_strtod(buffer, NULL) == value) {
            break;
        }
    }
    if (fabs(value) >= 1 && fabs(value) < 1e15 && strchr(buffer, 'e') != NULL) { /* 100, not 1e+02 */
        g_ascii_formatd(buffer, sizeof buffer, "%.0f", value);
    }
    return g_strdup(buffer);
}

/* TOML's inline array, which KEY=VALUE takes too. */
static char *write_list(char **items)
{
    GString *out = g_string_new("[");
    for (char **item = items; *item != NULL; item++) {
        g_string_append(out, item == items ? "" : ", ");
        lk_toml_append_quoted(out, *item);
    }
    g_string_append_c(out, ']');
    return g_string_free_and_steal(out);
}

char *lk_job_value_write(const LkParameter *row, const void *at)
{
    LkJobValue value;
    memset(&value, 0, sizeof value);
    memcpy(&value, at, value_size(row));
    switch (row->type) {
    case LK_PARAMETER_BOOL:
        return g_strdup(value.b ? "true" : "false");
    case LK_PARAMETER_INT:
        return g_strdup_printf("%d", value.i);
    case LK_PARAMETER_INT64:
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)value.l);
    case LK_PARAMETER_FLOAT:
    case LK_PARAMETER_COUNT:
        return lk_number_text(value.d);
    case LK_PARAMETER_ENUM: {
        const LkChoice *choice = lk_parameter_choice(row, value.i);
        return g_strdup(choice != NULL ? choice->value : NULL);
    }
    case LK_PARAMETER_STRING:
    case LK_PARAMETER_FILE:
    case LK_PARAMETER_FOLDER:
        return g_strdup(value.text);
    case LK_PARAMETER_LIST:
        return value.list != NULL ? write_list(value.list) : NULL;
    case LK_PARAMETER_RESOLUTION:
        return value.size.width == value.size.height ? g_strdup_printf("%d", value.size.width)
                                                     : g_strdup_printf("%d,%d", value.size.width, value.size.height);
    case LK_PARAMETER_PROMPTS:
        if (value.prompts.lines != NULL) {
            return write_list(value.prompts.lines);
        }
        return g_strdup(value.prompts.file);
    }
    return NULL;
}
