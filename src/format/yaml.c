/* The structure of a YAML document: mappings and sequences, by indentation or by brackets. */
#include "format/yaml.h"

#include "format/yaml_cursor.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_SIZE ((size_t)16 << 20)

static yyjson_mut_val *parse_block(LkYamlCursor *c, int depth);
static yyjson_mut_val *parse_flow(LkYamlCursor *c, int depth);

/* Counts a value that is about to be made. */
static bool enter(LkYamlCursor *c, int depth)
{
    if (depth > LK_YAML_MAX_DEPTH)
        return lk_yaml_fail(c, _("More than %d levels."), LK_YAML_MAX_DEPTH) != NULL;
    if (++c->nodes > LK_YAML_MAX_NODES)
        return lk_yaml_fail(c, _("More than %d values."), LK_YAML_MAX_NODES) != NULL;
    return true;
}

static bool at_dash(const LkYamlCursor *c)
{
    return lk_yaml_peek(c, 0) == '-' && lk_yaml_is_break(lk_yaml_peek(c, 1));
}

static bool at_marker(const LkYamlCursor *c, const char *marker)
{
    return lk_yaml_column(c) == 0 && c->end - c->at >= 3 && memcmp(c->at, marker, 3) == 0 &&
           lk_yaml_is_break(lk_yaml_peek(c, 3));
}

/* Nothing more belongs to the document here. */
static bool at_end(const LkYamlCursor *c)
{
    return c->at == c->end || at_marker(c, "---") || at_marker(c, "...");
}

/* What is refused by name. */
static bool refuse(LkYamlCursor *c)
{
    switch (lk_yaml_peek(c, 0)) {
    case '&':
    case '*':
        return lk_yaml_fail(c, _("Anchors and aliases (& and *) are not read; write the value out.")) != NULL;
    case '!':
        return lk_yaml_fail(c, _("Tags (!) are not read; remove it.")) != NULL;
    case '@':
    case '`':
    case '%':
        return lk_yaml_fail(c, _("A text that begins with %c must stand in quotes."), lk_yaml_peek(c, 0)) != NULL;
    case '?':
        if (lk_yaml_is_break(lk_yaml_peek(c, 1)))
            return lk_yaml_fail(c, _("Complex keys (?) are not read.")) != NULL;
        return true;
    default:
        return true;
    }
}

static bool add_member(LkYamlCursor *c, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    yyjson_mut_val *name = lk_yaml_string(c, key);
    return name && yyjson_mut_obj_add(object, name, value);
}

/* Keeps the key; false, with an error, if it may not be here. */
static bool check_key(LkYamlCursor *c, GHashTable *seen, char *key)
{
    if (g_hash_table_contains(seen, key)) {
        lk_yaml_fail(c, _("“%.100s” is there twice."), key);
        g_free(key);
        return false;
    }
    g_hash_table_add(seen, key);
    return strcmp(key, "<<") != 0 || lk_yaml_fail(c, _("Merge keys (<<) are not read; write the values out.")) != NULL;
}

/* ------------------------------------------------------------------------------------------- brackets */

/* The value of a flow collection's member, or null where there is none. */
static yyjson_mut_val *parse_flow_value(LkYamlCursor *c, int depth)
{
    if (!lk_yaml_skip_lines(c))
        return NULL;
    char byte = lk_yaml_peek(c, 0);
    if (byte == ',' || byte == '}' || byte == ']')
        return enter(c, depth) ? yyjson_mut_null(c->doc) : NULL;
    return parse_flow(c, depth);
}

/* After a member: the comma, or the end, which is left. */
static bool next_member(LkYamlCursor *c, char close)
{
    if (!lk_yaml_skip_lines(c))
        return false;
    char byte = lk_yaml_peek(c, 0);
    if (byte == ',') {
        c->at++;
        return lk_yaml_skip_lines(c);
    }
    return byte == close || lk_yaml_fail(c, _("A comma or %c is missing."), close) != NULL;
}

static yyjson_mut_val *parse_flow_sequence(LkYamlCursor *c, int depth)
{
    yyjson_mut_val *array = yyjson_mut_arr(c->doc);
    c->at++;
    if (!lk_yaml_skip_lines(c))
        return NULL;
    while (lk_yaml_peek(c, 0) != ']') {
        yyjson_mut_val *value = parse_flow(c, depth + 1);
        if (!value || !yyjson_mut_arr_append(array, value) || !next_member(c, ']'))
            return NULL;
    }
    c->at++;
    return array;
}

static yyjson_mut_val *parse_flow_mapping(LkYamlCursor *c, int depth)
{
    yyjson_mut_val *object = yyjson_mut_obj(c->doc);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->at++;
    if (!lk_yaml_skip_lines(c))
        return NULL;
    while (lk_yaml_peek(c, 0) != '}') {
        char *key = refuse(c) ? lk_yaml_parse_key(c, true) : NULL;
        if (!key || !check_key(c, seen, key))
            return NULL;
        yyjson_mut_val *value = parse_flow_value(c, depth + 1);
        if (!value || !add_member(c, object, key, value) || !next_member(c, '}'))
            return NULL;
    }
    c->at++;
    return object;
}

static yyjson_mut_val *parse_flow(LkYamlCursor *c, int depth)
{
    if (!enter(c, depth) || !refuse(c))
        return NULL;
    char byte = lk_yaml_peek(c, 0);
    if (byte == '[')
        return parse_flow_sequence(c, depth);
    if (byte == '{')
        return parse_flow_mapping(c, depth);
    if (byte == '"' || byte == '\'') {
        g_autofree char *text = lk_yaml_parse_quoted(c);
        return text ? lk_yaml_string(c, text) : NULL;
    }
    return lk_yaml_parse_plain(c, -1, true);
}

/* ---------------------------------------------------------------------------------------- indentation */

/* After a value that stands in its line: nothing else may. */
static yyjson_mut_val *end_line(LkYamlCursor *c, yyjson_mut_val *value)
{
    if (!value)
        return NULL;
    lk_yaml_skip_space(c);
    if (c->at < c->end && *c->at != '\n')
        return lk_yaml_fail(c,
                            _("Something follows a value in its line; put texts with special characters in quotes."));
    return value;
}

/* A value in the same line as its key or dash, whose collection is indented by `indent`. */
static yyjson_mut_val *parse_inline(LkYamlCursor *c, int indent, int depth)
{
    char byte = lk_yaml_peek(c, 0);
    if (!refuse(c))
        return NULL;
    if (at_dash(c))
        return lk_yaml_fail(c, _("A list begins in the line below its key, not beside it."));
    if (byte == '|' || byte == '>')
        return enter(c, depth) ? lk_yaml_parse_literal(c, indent) : NULL;
    if (byte == '[' || byte == '{' || byte == '"' || byte == '\'')
        return end_line(c, parse_flow(c, depth));
    return enter(c, depth) ? end_line(c, lk_yaml_parse_plain(c, indent, false)) : NULL;
}

/* What follows a key's colon or a dash: in this line, or indented below it. */
static yyjson_mut_val *parse_value(LkYamlCursor *c, int indent, bool in_mapping, int depth)
{
    lk_yaml_skip_space(c);
    if (c->at < c->end && *c->at != '\n') {
        bool nested = !in_mapping && (at_dash(c) || lk_yaml_at_key(c));
        return nested ? parse_block(c, depth) : parse_inline(c, indent, depth);
    }
    if (!lk_yaml_skip_lines(c))
        return NULL;
    int column = lk_yaml_column(c);
    /* A sequence may stand right below its key. */
    bool below = !at_end(c) && (column > indent || (in_mapping && column == indent && at_dash(c)));
    if (below)
        return parse_block(c, depth);
    return enter(c, depth) ? yyjson_mut_null(c->doc) : NULL;
}

/* Whether another member of a collection follows; false with an error where the indentation fits nothing. */
static bool continues(LkYamlCursor *c, int indent, bool *more)
{
    *more = false;
    if (!lk_yaml_skip_lines(c))
        return false;
    if (at_end(c))
        return true;
    int column = lk_yaml_column(c);
    if (column > indent)
        return lk_yaml_fail(c, _("The line is indented more than those it belongs to.")) != NULL;
    *more = column == indent;
    return true;
}

static yyjson_mut_val *parse_sequence(LkYamlCursor *c, int indent, int depth)
{
    yyjson_mut_val *array = yyjson_mut_arr(c->doc);
    bool more = true;
    while (more && at_dash(c)) {
        c->at++;
        yyjson_mut_val *value = parse_value(c, indent, false, depth + 1);
        if (!value || !yyjson_mut_arr_append(array, value) || !continues(c, indent, &more))
            return NULL;
    }
    return array;
}

static yyjson_mut_val *parse_mapping(LkYamlCursor *c, int indent, int depth)
{
    yyjson_mut_val *object = yyjson_mut_obj(c->doc);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool more = true;
    while (more) {
        if (at_dash(c))
            break; /* of the sequence around it, or an error that the caller finds */
        if (!refuse(c))
            return NULL;
        if (!lk_yaml_at_key(c))
            return lk_yaml_fail(c, _("A key with a colon and a space behind it is missing."));
        char *key = lk_yaml_parse_key(c, false);
        if (!key || !check_key(c, seen, key))
            return NULL;
        yyjson_mut_val *value = parse_value(c, indent, true, depth + 1);
        if (!value || !add_member(c, object, key, value) || !continues(c, indent, &more))
            return NULL;
    }
    return object;
}

/* The collection or single value that begins here; its indentation is this column. */
static yyjson_mut_val *parse_block(LkYamlCursor *c, int depth)
{
    int indent = lk_yaml_column(c);
    if (at_dash(c))
        return enter(c, depth) ? parse_sequence(c, indent, depth) : NULL;
    if (refuse(c) && lk_yaml_at_key(c))
        return enter(c, depth) ? parse_mapping(c, indent, depth) : NULL;
    if (c->error && *c->error)
        return NULL;
    return parse_inline(c, indent - 1, depth);
}

/* ------------------------------------------------------------------------------------------- document */

static yyjson_mut_val *parse_document(LkYamlCursor *c)
{
    if (!lk_yaml_skip_lines(c))
        return NULL;
    while (lk_yaml_peek(c, 0) == '%' && lk_yaml_column(c) == 0) { /* %YAML 1.2 */
        while (c->at < c->end && *c->at != '\n')
            c->at++;
        if (!lk_yaml_skip_lines(c))
            return NULL;
    }
    if (at_marker(c, "---")) {
        c->at += 3;
        if (!lk_yaml_skip_lines(c))
            return NULL;
    }
    yyjson_mut_val *root = at_end(c) ? yyjson_mut_null(c->doc) : parse_block(c, 0);
    if (!root || !lk_yaml_skip_lines(c))
        return NULL;
    if (at_marker(c, "...")) {
        c->at += 3;
        if (!lk_yaml_skip_lines(c))
            return NULL;
    }
    if (at_marker(c, "---"))
        return lk_yaml_fail(c, _("Only one document a file is read; remove the others."));
    if (c->at != c->end)
        return lk_yaml_fail(c, _("The line belongs to nothing above it; check how it is indented."));
    return root;
}

/* Line ends become LF, a byte order mark goes. */
static char *plain_text(const char *text, size_t size)
{
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    char *copy = g_malloc(size + 1);
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
            copy[length++] = text[i] == '\r' ? '\n' : text[i];
    copy[length] = '\0';
    return copy;
}

yyjson_doc *lk_yaml_parse(const char *text, size_t size, const char *source, GError **error)
{
    g_autoptr(GError) problem = NULL;
    LkYamlCursor c = {.line = 1, .source = source, .error = &problem};
    yyjson_doc *result = NULL;
    if (size > MAX_SIZE) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is larger than 16 MB, too large for settings."), source);
        return NULL;
    }
    if (!g_utf8_validate(text, (gssize)size, NULL)) { /* which refuses NUL too */
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a text in UTF-8."), source);
        return NULL;
    }
    g_autofree char *plain = plain_text(text, size);
    c.at = c.line_start = plain;
    c.end = plain + strlen(plain);
    c.doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = parse_document(&c);
    if (root && !problem) {
        yyjson_mut_doc_set_root(c.doc, root);
        result = yyjson_mut_doc_imut_copy(c.doc, NULL);
    }
    yyjson_mut_doc_free(c.doc);
    if (!result && problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    else if (!result)
        lk_set_error(error, LK_ERROR_MEMORY, _("%s needs more memory than there is."), source);
    return result;
}
