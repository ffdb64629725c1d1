/* Reader of the part of YAML that people and programs write settings in; the document comes as JSON.
 *
 * Read are block and flow mappings and sequences, plain, quoted, literal (|) and folded (>) texts, comments, and one
 * document a file. Refused by name are anchors, aliases, tags, merge keys, complex keys ("? "), several documents and
 * keys that are there twice. Plain words mean what PyYAML makes of them (yes and on are true), but 1e-4 is a number.
 * Limits: 16 MB, 64 levels, a million values. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <yyjson.h>

/** Parses UTF-8 text; `source` is what messages call it ("config.yaml line 3: …"). An empty document is null. Free with
 * yyjson_doc_free. */
yyjson_doc *lk_yaml_parse(const char *text, size_t size, const char *source, GError **error);
