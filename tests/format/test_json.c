/* One-line objects that are always valid JSON, and reading with bounds. yyjson's strict reader is the judge. */
#include "format/json.h"
#include "tests/format/refused.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void test_writing(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    lk_json_begin(out);
    lk_json_add_string(out, "event", "step");
    lk_json_add_integer(out, "step", INT64_MIN);
    lk_json_add_number(out, "loss", 0.1);
    lk_json_add_number(out, "nan", (double)NAN);
    lk_json_add_boolean(out, "fits", true);
    lk_json_add_string(out, "none", NULL);
    lk_json_add_key(out, "bytes");
    lk_json_begin(out);
    lk_json_add_integer(out, "total", 5);
    lk_json_end(out);
    lk_json_add_integer(out, "last", 1);
    lk_json_end(out);
    tap_ok(strcmp(out->str, "{\"event\":\"step\",\"step\":-9223372036854775808,\"loss\":0.1,\"nan\":null,\"fits\":true,"
                            "\"none\":null,\"bytes\":{\"total\":5},\"last\":1}") == 0,
           "an object: %s", out->str);
}

static void test_strings(void)
{
    bool round = true, one_line = true;
    for (int c = 1; c < 0x3000; c++) {
        char text[8] = "x", *end = text + 1;
        end += g_unichar_to_utf8((gunichar)c, end);
        *end = '\0';
        g_autoptr(GString) out = g_string_new(NULL);
        lk_json_append_string(out, text);
        one_line &= !strchr(out->str, '\n');
        yyjson_doc *doc = yyjson_read(out->str, out->len, 0);
        round &= doc && strcmp(yyjson_get_str(yyjson_doc_get_root(doc)), text) == 0;
        yyjson_doc_free(doc);
    }
    tap_ok(round, "each of the first 12287 characters reads back");
    tap_ok(one_line, "none breaks the line");
    static const char *const broken[] = {"\xff",         "a\x80\x80z",       "\xc3",
                                         "\xed\xa0\x80", "\xf5\x80\x80\x80", "ok\xe2\x82"};
    bool valid = true;
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        lk_json_append_string(out, broken[i]);
        yyjson_doc *doc = yyjson_read(out->str, out->len, 0);
        valid &= doc && strstr(yyjson_get_str(yyjson_doc_get_root(doc)), "\xEF\xBF\xBD");
        yyjson_doc_free(doc);
    }
    tap_ok(valid, "bytes that are no UTF-8 become U+FFFD");
}

static void test_numbers(void)
{
    static const double values[] = {0,         -0.0, 1,    1e-4,     0.1 + 0.2, 1.0 / 3, DBL_MAX, DBL_MIN, 5e-324,
                                    123456789, 1e15, 1e22, -2.5e-10, 3.4e38,    0x1p53,  100000,  1234567};
    bool same = true;
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        lk_json_append_number(out, values[i]);
        yyjson_doc *doc = yyjson_read(out->str, out->len, 0);
        same &= doc && yyjson_get_num(yyjson_doc_get_root(doc)) == values[i];
        yyjson_doc_free(doc);
    }
    tap_ok(same, "numbers read back to the same double");
    g_autoptr(GString) out = g_string_new(NULL);
    lk_json_append_number(out, (double)INFINITY);
    lk_json_append_number(out, (double)-INFINITY);
    tap_ok(strcmp(out->str, "nullnull") == 0, "infinities become null");
}

static void test_reading(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"[[[[]]]]", NULL},
        {"{\"a\":\"[[[[[[[[[[\\\"[[[[[\"}", NULL},
        {"[[[[[]]]]]", "more than 4 levels"},
        {"{\"a\":{\"a\":[{\"a\":[1]}]}}", "more than 4 levels"},
        {"{\"a\":\n 1,}", "line 2"},
        {"", "not valid JSON"},
        {"[1] 2", "not valid JSON"},
        {"[NaN]", "not valid JSON"},
        {"[01]", "not valid JSON"},
        {"\"\xff\"", "not valid JSON"},
        {"// c\n1", "not valid JSON"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        yyjson_doc *doc = lk_json_parse(rows[i].text, strlen(rows[i].text), "x.json", 4, &error);
        if (rows[i].words)
            tap_refused(doc, &error, LK_ERROR_FORMAT, rows[i].words, rows[i].text);
        else
            tap_ok(doc && !error, "read: %s", rows[i].text);
        yyjson_doc_free(doc);
    }
    g_autofree char *deep = g_strnfill(1000000, '[');
    g_autoptr(GError) error = NULL;
    tap_refused(lk_json_parse(deep, 1000000, "x", 100, &error), &error, LK_ERROR_FORMAT, "levels",
                "a million brackets");
}

static void test_errors(void)
{
    g_autoptr(GError) error = NULL;
    LkError none = {0}, fault = {.code = LK_ERROR_IO, .text = "It failed: 100 %s."};
    tap_ok(!lk_gerror_take(&error, &none) && !error, "no LkError, no GError");
    tap_ok(!lk_gerror_take(&error, &fault) && error->domain == LK_ERROR && error->code == LK_ERROR_IO &&
               strcmp(error->message, fault.text) == 0,
           "an LkError becomes a GError, its text as it is");
    tap_ok(lk_gerror_code(error) == LK_ERROR_IO && lk_gerror_code(NULL) == LK_ERROR_NONE, "its code");
    g_clear_error(&error);
    tap_ok(!lk_set_error(&error, LK_ERROR_USAGE, "%d", 5) && strcmp(error->message, "5") == 0, "formatted");
    tap_ok(!lk_set_error(NULL, LK_ERROR_USAGE, "%d", 5), "NULL is allowed");
}

int main(void)
{
    test_writing();
    test_strings();
    test_numbers();
    test_reading();
    test_errors();
    return tap_done();
}
