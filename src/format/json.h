/* JSON beside yyjson: one-line objects built safely, and reading with a bounded depth. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

/** Appends a quoted JSON string. Only what must be escaped is; bytes that are no UTF-8 become U+FFFD. */
void lk_json_append_string(GString *out, const char *text);
/** Appends a number that reads back to the same double; NaN and infinities, which JSON lacks, become null. */
void lk_json_append_number(GString *out, double value);

/* An object on one line:
 *     lk_json_begin(out); lk_json_add_string(out, "event", "start"); lk_json_add_integer(out, "steps", n);
 * lk_json_end(out); `out` may already hold text; objects nest by lk_json_add_key and another lk_json_begin …
 * lk_json_end. */
void lk_json_begin(GString *out);                                          /* { */
void lk_json_add_key(GString *out, const char *key);                       /* ,"key": and the value follows by hand */
void lk_json_add_string(GString *out, const char *key, const char *value); /* NULL becomes null */
void lk_json_add_integer(GString *out, const char *key, int64_t value);
void lk_json_add_number(GString *out, const char *key, double value);
void lk_json_add_boolean(GString *out, const char *key, bool value);
void lk_json_end(GString *out); /* } */

/** Parses strict JSON; refuses more than `max_depth` levels of arrays and objects. Messages name `source` and, for
 *  broken syntax, line and column. Free with yyjson_doc_free. */
yyjson_doc *lk_json_parse(const char *text, size_t size, const char *source, int max_depth, GError **error);
