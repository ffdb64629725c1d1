/* Rows of the committed .tsv files: fields between tabs, \xNN in text, runs of ids as ID*n. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** The lines of a file in this folder; NULL if it cannot be read. */
__attribute__((unused)) static char **rows_read(const char *name)
{
    g_autofree char *path = g_build_filename(TEXT_TESTS_DIR, name, NULL);
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    char **lines = g_strsplit(text, "\n", -1);
    g_free(text);
    return lines;
}

/** The bytes of an escaped field. */
__attribute__((unused)) static GString *rows_unescape(const char *field)
{
    GString *out = g_string_new(NULL);
    for (const char *at = field; *at;) {
        if (at[0] == '\\' && at[1] == 'x' && g_ascii_isxdigit(at[2]) && g_ascii_isxdigit(at[3])) {
            g_string_append_c(out, (char)(g_ascii_xdigit_value(at[2]) * 16 + g_ascii_xdigit_value(at[3])));
            at += 4;
        } else {
            g_string_append_c(out, *at++);
        }
    }
    return out;
}

/** The number that a field begins with. */
__attribute__((unused)) static int rows_number(const char *field)
{
    return (int)strtol(field, NULL, 10);
}

/** The numbers of a field of ids. */
__attribute__((unused)) static GArray *rows_ids(const char *field)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(int32_t));
    g_auto(GStrv) parts = g_strsplit(field, " ", -1);
    for (char **part = parts; *part && **part; part++) {
        const char *star = strchr(*part, '*');
        int32_t id = rows_number(*part);
        for (int i = star ? rows_number(star + 1) : 1; i > 0; i--)
            g_array_append_val(out, id);
    }
    return out;
}
