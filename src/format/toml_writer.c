#include "format/toml.h"

#include <math.h>
#include <string.h>

void lk_toml_append_quoted(GString *out, const char *value)
{
    static const char *const names[128] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
                                           ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};
    g_autofree char *text = g_utf8_make_valid(value, -1);
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 128 && names[c])
            g_string_append(out, names[c]);
        else if (c < 32 || c == 127)
            g_string_append_printf(out, "\\u%04X", c);
        else
            g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static void append_key(GString *out, const char *key)
{
    bool bare = *key != '\0';
    for (const char *p = key; *p && bare; p++)
        bare = g_ascii_isalnum(*p) || *p == '_' || *p == '-';
    if (bare)
        g_string_append(out, key);
    else
        lk_toml_append_quoted(out, key);
}

void lk_toml_write_string(GString *out, const char *key, const char *value)
{
    append_key(out, key);
    g_string_append(out, " = ");
    lk_toml_append_quoted(out, value);
    g_string_append_c(out, '\n');
}

void lk_toml_write_integer(GString *out, const char *key, int64_t value)
{
    append_key(out, key);
    g_string_append_printf(out, " = %" G_GINT64_FORMAT "\n", value);
}

/* The shortest text that reads back as the same double, with the dot or exponent that makes it a float. */
static void append_float(GString *out, double value)
{
    if (!isfinite(value)) {
        g_string_append(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    for (int digits = 1; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(text, sizeof text, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    g_string_append(out, text);
    if (!strpbrk(text, ".e"))
        g_string_append(out, ".0");
}

void lk_toml_write_float(GString *out, const char *key, double value)
{
    append_key(out, key);
    g_string_append(out, " = ");
    append_float(out, value);
    g_string_append_c(out, '\n');
}

void lk_toml_write_boolean(GString *out, const char *key, bool value)
{
    append_key(out, key);
    g_string_append(out, value ? " = true\n" : " = false\n");
}

void lk_toml_write_header(GString *out, const char *name, bool array_element)
{
    g_string_append(out, array_element ? "[[" : "[");
    append_key(out, name);
    g_string_append(out, array_element ? "]]\n" : "]\n");
}
