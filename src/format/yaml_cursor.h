/* Inside of the YAML reader: the place in the text, and the parsers of single values. */
#pragma once

#include "format/gerror.h"
#include "format/yaml.h"

#include <stdbool.h>

#define LK_YAML_MAX_DEPTH 64
#define LK_YAML_MAX_NODES 1000000 /* bounds memory: "- " takes two bytes, a value about fifty */

typedef struct LkYamlCursor {
    const char *at, *end;
    const char *line_start;
    int line;
    int nodes;
    const char *source;
    yyjson_mut_doc *doc;
    GError **error;
} LkYamlCursor;

/** Reports an error in the current line; returns NULL. */
void *lk_yaml_fail(LkYamlCursor *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The character at `offset` from here, or 0 behind the end (the text itself has no NUL). */
static inline char lk_yaml_peek(const LkYamlCursor *c, size_t offset)
{
    return offset < (size_t)(c->end - c->at) ? c->at[offset] : '\0';
}

/** Spaces before this place in its line. */
static inline int lk_yaml_column(const LkYamlCursor *c)
{
    return (int)(c->at - c->line_start);
}

/** True at a space, a tab, a line end or the end of the text. */
static inline bool lk_yaml_is_break(char byte)
{
    return byte == '\0' || byte == '\n' || byte == ' ' || byte == '\t';
}

/** Passes over spaces and tabs, and a comment behind them. */
void lk_yaml_skip_space(LkYamlCursor *c);
/** Passes over spaces, comments and line ends up to the next value or the end. False where a tab indents it. */
bool lk_yaml_skip_lines(LkYamlCursor *c);

/** Where a key ends at its colon: the plain text or quoted text that begins here is a key of a mapping. */
bool lk_yaml_at_key(const LkYamlCursor *c);
/** That key, free with g_free; the cursor is then behind the colon. NULL with an error. */
char *lk_yaml_parse_key(LkYamlCursor *c, bool flow);

/** A quoted text; more lines of it may follow. Free with g_free; NULL with an error. */
char *lk_yaml_parse_quoted(LkYamlCursor *c);
/** A plain text and its further lines, which are indented by more than `indent`; in flow collections it ends at their
 *  punctuation too. As the value that it means. */
yyjson_mut_val *lk_yaml_parse_plain(LkYamlCursor *c, int indent, bool flow);
/** A text behind | or >, whose lines are indented by more than `indent`. */
yyjson_mut_val *lk_yaml_parse_literal(LkYamlCursor *c, int indent);
/** A text as a value. */
yyjson_mut_val *lk_yaml_string(LkYamlCursor *c, const char *text);
