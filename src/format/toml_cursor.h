/* Inside of the TOML reader: the place in the text, and the parsers of keys and single values. */
#pragma once

#include "format/gerror.h"
#include "format/toml_node.h"

#define LK_TOML_MAX_DEPTH 64
#define LK_TOML_MAX_NODES 1000000 /* bounds memory: a node takes about 100 bytes, and "0," only two */

typedef struct LkTomlCursor {
    const char *at, *end;
    const char *line_start;
    int line;
    const char *column_at; /* the last place a column was counted for, and which it was */
    int column;
    const char *source;
    int nodes;
    GStringChunk *strings; /* the document's texts and keys */
    GString *scratch;
    GError **error;
} LkTomlCursor;

/** The column of a place in the current line, in characters from 1. */
int lk_toml_cursor_column(LkTomlCursor *c, const char *place);
/** Reports an error at a place in the current line; returns false. */
bool lk_toml_cursor_fail(LkTomlCursor *c, const char *place, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** A new node that begins at a place in the current line, or NULL and an error when there are too many. */
LkTomlNode *lk_toml_cursor_node(LkTomlCursor *c, LkTomlType type, const char *place);

/** The character at `offset` from here, or 0 behind the end (the text itself has no NUL). */
static inline char lk_toml_peek(const LkTomlCursor *c, size_t offset)
{
    return offset < (size_t)(c->end - c->at) ? c->at[offset] : '\0';
}

/** Takes a line end (LF or CRLF) if one is here. */
bool lk_toml_take_newline(LkTomlCursor *c);
/** Passes over spaces and tabs. */
void lk_toml_skip_space(LkTomlCursor *c);
/** Passes over a comment, if one is here, up to its line end. */
bool lk_toml_skip_comment(LkTomlCursor *c);
/** Passes over spaces, comments and line ends. */
bool lk_toml_skip_lines(LkTomlCursor *c);

/** A quoted string (any of the four kinds; with `single_line` only the two of keys) in the document's chunk, or NULL.
 */
const char *lk_toml_parse_quoted(LkTomlCursor *c, bool single_line);
/** A number, boolean, inf or nan. */
LkTomlNode *lk_toml_parse_bare(LkTomlCursor *c);
/** A dotted key: its parts are appended to `parts`. */
bool lk_toml_parse_key(LkTomlCursor *c, GPtrArray *parts);
