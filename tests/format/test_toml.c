/* The TOML reader against Python's tomllib (toml_table.h), its words and places, its limits, and the writer. */
#include "format/json.h"
#include "format/toml.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"
#include "tests/format/toml_table.h"
#include "tests/tap.h"

#include <math.h>
#include <string.h>

/* The tagged JSON of make_toml_table.py. */
static void dump(GString *out, const LkTomlNode *node)
{
    LkTomlType type = lk_toml_type(node);
    if (type == LK_TOML_STRING)
        lk_json_append_string(out, lk_toml_string(node));
    else if (type == LK_TOML_BOOLEAN)
        g_string_append(out, lk_toml_boolean(node) ? "true" : "false");
    else if (type == LK_TOML_INTEGER)
        g_string_append_printf(out, "{\"i\":\"%" G_GINT64_FORMAT "\"}", lk_toml_integer(node));
    else if (type == LK_TOML_FLOAT && isnan(lk_toml_number(node)))
        g_string_append(out, "{\"f\":\"nan\"}");
    else if (type == LK_TOML_FLOAT)
        g_string_append_printf(out, "{\"f\":\"%a\"}", lk_toml_number(node));
    else
        g_string_append(out, type == LK_TOML_TABLE ? "{\"t\":{" : "[");
    for (size_t i = 0; i < lk_toml_count(node); i++) {
        if (i)
            g_string_append_c(out, ',');
        if (type == LK_TOML_TABLE) {
            lk_json_append_string(out, lk_toml_key(lk_toml_at(node, i)));
            g_string_append_c(out, ':');
        }
        dump(out, lk_toml_at(node, i));
    }
    if (type == LK_TOML_ARRAY || type == LK_TOML_TABLE)
        g_string_append(out, type == LK_TOML_TABLE ? "}}" : "]");
}

static void test_table(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(toml_table); i++) {
        g_autoptr(GError) error = NULL;
        /* An exact copy, so that a sanitizer sees a step beyond its end. */
        g_autofree char *text = g_memdup2(toml_table[i].text, toml_table[i].size + !toml_table[i].size);
        g_autoptr(LkToml) toml = lk_toml_parse(text, toml_table[i].size, "job.toml", &error);
        if (!toml_table[i].json) {
            tap_refused(toml, &error, LK_ERROR_FORMAT, "job.toml line ", toml_table[i].text);
            continue;
        }
        g_autoptr(GString) json = g_string_new(NULL);
        if (toml)
            dump(json, lk_toml_root(toml));
        g_autofree char *line = g_strescape(toml_table[i].text, NULL);
        if (!tap_ok(toml && strcmp(json->str, toml_table[i].json) == 0, "read: %s", line))
            tap_note("%s\n# instead of %s", toml ? json->str : error->message, toml_table[i].json);
    }
}

/* What a user sees: the place, and what to do about it. */
static void test_words(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"a = 1\n\n b = AdamW\n", "line 3, column 6: A text must be in quotes: \"AdamW\"."},
        {"a = 1\na = 2", "line 2, column 1: \"a\" is already there: see line 1."},
        {"é = 'é'", "line 1, column 1"},
        {"x = 'é' y", "line 1, column 9"},
        {"a = \"C:\\data\"", "single quotes"},
        {"a = \"C:\\users\"", "single quotes"},
        {"d = 2024-05-01", "Dates and times are not supported"},
        {"d = 2024-05-01T10:00:00Z", "Dates and times are not supported"},
        {"d = 10:00:00", "Dates and times are not supported"},
        {"a = True", "small letters"},
        {"a = 9223372036854775808", "too large"},
        {"a = -9223372036854775809", "too large"},
        {"a = 0x8000000000000000", "too large"},
        {"a = [\n1,\n2\nb = 3",
         "line 4, column 1: There must be \",\" or \"]\" after an element of the array that begins on line 1"},
        {"a = '''\n\n", "begins on line 1"},
        {"a = { b = 1,\n c = 2 }", "line 1, column 13"},
        {"\nb = \"\\u0000\"", "line 2, column 6: U+0000"},
        {"network_dim: 16", "line 1, column 12: There must be \"=\" after the key \"network_dim\"."},
        {"[a]\nb = 1\n[a]\n", "line 3, column 1: \"a\" is already there: see line 1."},
        {"a = 1\nb = \xff\n", "line 2, column 5: The file is not UTF-8 text (byte 0xFF)"},
        {"a = \"\xc3\"", "not UTF-8"},
        {"'0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789é' 1",
         "after the key \"0123"},
        {"'012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678é' 1",
         "after the key \"0123"}, /* cut within the é, which is made whole again */
        {"\xff\xfe"
         "a",
         "not UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkToml) toml = lk_toml_parse(rows[i].text, strlen(rows[i].text), "job.toml", &error);
        tap_refused(toml, &error, LK_ERROR_FORMAT, rows[i].words, rows[i].text);
    }
}

static void test_access(void)
{
    const char *text = "a = 1\n[t]\nb = [1.5, 'x']\n  c = true\n[[l]]\nx=1\n[[l]]\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) toml = lk_toml_parse(text, strlen(text), "job.toml", &error);
    const LkTomlNode *root = lk_toml_root(toml), *t = lk_toml_get(root, "t"), *b = lk_toml_get(t, "b");
    const LkTomlNode *c = lk_toml_get(t, "c"), *l = lk_toml_get(root, "l");
    tap_ok(lk_toml_line(b) == 3 && lk_toml_column(b) == 5 && lk_toml_line(c) == 4 && lk_toml_column(c) == 7 &&
               lk_toml_line(t) == 2 && lk_toml_line(lk_toml_at(l, 1)) == 7,
           "nodes know their line and column");
    tap_ok(lk_toml_number(lk_toml_at(b, 0)) == 1.5 && strcmp(lk_toml_string(lk_toml_at(b, 1)), "x") == 0 &&
               lk_toml_boolean(c) && lk_toml_integer(lk_toml_get(root, "a")) == 1 &&
               lk_toml_number(lk_toml_get(root, "a")) == 1.0,
           "values");
    tap_ok(!lk_toml_string(c) && !lk_toml_integer(c) && !lk_toml_boolean(b) && lk_toml_number(c) == 0 &&
               lk_toml_count(c) == 0 && !lk_toml_at(c, 0) && !lk_toml_at(b, 2),
           "the wrong type gives nothing");
    tap_ok(!lk_toml_get(NULL, "a") && !lk_toml_get(c, "a") && !lk_toml_get(root, "none") && !lk_toml_string(NULL) &&
               lk_toml_count(NULL) == 0,
           "what is not there gives nothing");
    tap_ok(strcmp(lk_toml_key(t), "t") == 0 && !lk_toml_key(lk_toml_at(b, 0)) && !lk_toml_key(root) &&
               strcmp(lk_toml_source(toml), "job.toml") == 0 &&
               strcmp(lk_toml_type_name(lk_toml_type(b)), "an array") == 0,
           "keys, source and names of types");
}

static LkToml *parse(GString *text, GError **error)
{
    return lk_toml_parse(text->str, text->len, "x", error);
}

static void test_limits(void)
{
    static const char *const nests[] = {"[", "{a=", "[{a=[", "a."};
    for (size_t i = 0; i < G_N_ELEMENTS(nests); i++) {
        g_autoptr(GString) text = g_string_new(i < 3 ? "a=" : "");
        for (int k = 0; k < 100000; k++)
            g_string_append(text, nests[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkToml) toml = parse(text, &error);
        tap_refused(toml, &error, LK_ERROR_FORMAT, i < 3 ? "deep" : "parts", nests[i]);
    }
    g_autoptr(GString) text = g_string_new("a=[");
    for (int k = 0; k < 1100000; k++)
        g_string_append(text, "0,");
    g_string_append(text, "]");
    g_autoptr(GError) error = NULL;
    LkToml *toml = parse(text, &error);
    tap_refused(toml, &error, LK_ERROR_FORMAT, "more than", "a million values and more");
    lk_toml_free(toml);
    g_string_set_size(text, (16 << 20) + 1);
    memset(text->str, '#', text->len);
    toml = parse(text, &error);
    tap_refused(toml, &error, LK_ERROR_FORMAT, "larger than", "17 MB");
    lk_toml_free(toml);

    /* Many keys in one table, and many values on one line, must not take quadratic time. */
    g_string_truncate(text, 0);
    for (int k = 0; k < 100000; k++)
        g_string_append_printf(text, "key%d=%d\n", k, k);
    toml = parse(text, &error);
    tap_ok(toml && lk_toml_integer(lk_toml_get(lk_toml_root(toml), "key99999")) == 99999, "100000 keys");
    lk_toml_free(toml);
    g_string_assign(text, "a=[");
    for (int k = 0; k < 500000; k++)
        g_string_append(text, "1,");
    g_string_append(text, "2]");
    toml = parse(text, &error);
    const LkTomlNode *a = toml ? lk_toml_get(lk_toml_root(toml), "a") : NULL;
    tap_ok(lk_toml_count(a) == 500001 && lk_toml_column(lk_toml_at(a, 500000)) == 1000004, "500001 values on one line");
    lk_toml_free(toml);
}

static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(scratch("bom.toml"),
                        "\xEF\xBB\xBF"
                        "a = 1\r\n",
                        -1, NULL);
    g_autoptr(LkToml) toml = lk_toml_read(scratch("bom.toml"), &error);
    tap_ok(toml && lk_toml_integer(lk_toml_get(lk_toml_root(toml), "a")) == 1,
           "a mark of UTF-8 at the start is passed over");
    g_autoptr(LkToml) none = lk_toml_read(scratch("none.toml"), &error);
    tap_refused(none, &error, LK_ERROR_IO, "none.toml", "a missing file");
    g_autoptr(LkToml) folder = lk_toml_read(scratch_folder, &error);
    tap_refused(folder, &error, LK_ERROR_IO, scratch_folder, "a folder");
}

static void test_writer(void)
{
    static const char *const texts[] = {
        "", "plain", "a \"quoted\" \\ path\\", "tab\tline\nend\r\b\f", "\x01\x1f\x7f", "é 日本 😀"};
    static const double floats[] = {0,     -0.0,   1,    1e-4,          0.1,      1.0 / 3,
                                    1e300, 5e-324, 1e16, 123456789.125, INFINITY, -INFINITY};
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        lk_toml_write_string(out, texts[i], texts[i]);
    lk_toml_write_header(out, "a.b", false);
    for (size_t i = 0; i < G_N_ELEMENTS(floats); i++) {
        char key[8];
        g_snprintf(key, sizeof key, "f%zu", i);
        lk_toml_write_float(out, key, floats[i]);
    }
    lk_toml_write_float(out, "nan", (double)NAN);
    lk_toml_write_header(out, "list", true);
    lk_toml_write_integer(out, "i", INT64_MIN);
    lk_toml_write_boolean(out, "yes", true);
    lk_toml_write_header(out, "list", true);
    lk_toml_write_boolean(out, "no", false);
    lk_toml_write_string(out, "bad", "a\xff");
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) toml = parse(out, &error);
    if (!tap_ok(toml != NULL, "what is written reads back: %s", error ? error->message : "yes"))
        return;
    const LkTomlNode *root = lk_toml_root(toml), *table = lk_toml_get(root, "a.b"), *list = lk_toml_get(root, "list");
    bool same = true;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        same &= g_strcmp0(lk_toml_string(lk_toml_get(root, texts[i])), texts[i]) == 0;
    tap_ok(same, "texts and keys");
    bool equal = true;
    for (size_t i = 0; i < G_N_ELEMENTS(floats); i++) {
        const LkTomlNode *node = lk_toml_at(table, i);
        double value = lk_toml_number(node);
        equal &= node && lk_toml_type(node) == LK_TOML_FLOAT && memcmp(&value, &floats[i], sizeof value) == 0;
    }
    tap_ok(equal && isnan(lk_toml_number(lk_toml_get(table, "nan"))), "floats, to the bit, as floats");
    tap_ok(lk_toml_integer(lk_toml_get(lk_toml_at(list, 0), "i")) == INT64_MIN &&
               lk_toml_boolean(lk_toml_get(lk_toml_at(list, 0), "yes")) &&
               lk_toml_type(lk_toml_get(lk_toml_at(list, 1), "no")) == LK_TOML_BOOLEAN,
           "integers and booleans in an array of tables");
    tap_ok(strcmp(lk_toml_string(lk_toml_get(lk_toml_at(list, 1), "bad")), "a\xEF\xBF\xBD") == 0,
           "bytes that are no UTF-8 become U+FFFD");
}

int main(void)
{
    if (!scratch_begin())
        return 1;
    test_table();
    test_words();
    test_access();
    test_limits();
    test_files();
    test_writer();
    scratch_end();
    return tap_done();
}
