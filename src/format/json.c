#include "format/json.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------- writing */

static void append_escape(GString *out, unsigned char byte)
{
    static const char *const short_names[32] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    if (byte < 32 && short_names[byte])
        g_string_append(out, short_names[byte]);
    else if (byte < 32)
        g_string_append_printf(out, "\\u%04x", byte);
    else
        g_string_append_printf(out, "\\%c", byte);
}

static void append_valid(GString *out, const char *text, size_t size)
{
    size_t plain = 0; /* start of what needs no escape */
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 32 && byte != '"' && byte != '\\')
            continue;
        g_string_append_len(out, text + plain, (gssize)(i - plain));
        append_escape(out, byte);
        plain = i + 1;
    }
    g_string_append_len(out, text + plain, (gssize)(size - plain));
}

void lk_json_append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    size_t left = strlen(text);
    while (left) {
        const char *end;
        if (g_utf8_validate(text, (gssize)left, &end)) {
            append_valid(out, text, left);
            break;
        }
        append_valid(out, text, (size_t)(end - text));
        g_string_append(out, "\xEF\xBF\xBD");
        left -= (size_t)(end - text) + 1;
        text = end + 1;
    }
    g_string_append_c(out, '"');
}

void lk_json_append_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    if (!isfinite(value)) {
        g_string_append(out, "null");
        return;
    }
    /* The shortest of the precisions that people read easily, else the one that always reads back the same. */
    for (int digits = 6; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(text, sizeof text, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    g_string_append(out, text);
}

void lk_json_begin(GString *out)
{
    g_string_append_c(out, '{');
}

void lk_json_end(GString *out)
{
    g_string_append_c(out, '}');
}

void lk_json_add_key(GString *out, const char *key)
{
    if (out->len && out->str[out->len - 1] != '{')
        g_string_append_c(out, ',');
    lk_json_append_string(out, key);
    g_string_append_c(out, ':');
}

void lk_json_add_string(GString *out, const char *key, const char *value)
{
    lk_json_add_key(out, key);
    if (value)
        lk_json_append_string(out, value);
    else
        g_string_append(out, "null");
}

void lk_json_add_integer(GString *out, const char *key, int64_t value)
{
    lk_json_add_key(out, key);
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

void lk_json_add_number(GString *out, const char *key, double value)
{
    lk_json_add_key(out, key);
    lk_json_append_number(out, value);
}

void lk_json_add_boolean(GString *out, const char *key, bool value)
{
    lk_json_add_key(out, key);
    g_string_append(out, value ? "true" : "false");
}

/* -------------------------------------------------------------------------------------------- reading */

/* Deepest level of brackets outside strings. Exact for valid JSON; for broken text it only has to bound the parser. */
static int bracket_depth(const char *text, size_t size)
{
    int depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            depth++;
            deepest = MAX(deepest, depth);
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return deepest;
}

yyjson_doc *lk_json_parse(const char *text, size_t size, const char *source, int max_depth, GError **error)
{
    if (bracket_depth(text, size) > max_depth) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s has more than %d levels of brackets in its JSON."), source,
                     max_depth);
        return NULL;
    }
    yyjson_read_err fault;
    yyjson_doc *doc = yyjson_read_opts((char *)text, size, YYJSON_READ_NOFLAG, NULL, &fault);
    if (doc)
        return doc;
    if (fault.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory to read the JSON of %s."), source);
        return NULL;
    }
    size_t line = 1, column = 1;
    for (size_t i = 0; i < fault.pos && i < size; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    lk_set_error(error, LK_ERROR_FORMAT, _("%s is not valid JSON: %s (line %zu, column %zu)."), source, fault.msg, line,
                 column);
    return NULL;
}
