/* The statements of a document: headers, key/value lines, arrays, inline tables; and TOML's rules about what may be
 * defined once, added to, or not touched again. They are those of Python's tomllib. */
#include "base/file.h"
#include "format/toml_cursor.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE ((size_t)16 << 20)

struct LkToml {
    LkTomlNode *root;
    GStringChunk *strings;
    char *source;
};

typedef struct Parser {
    LkTomlCursor c;
    LkTomlNode *root, *table; /* the table that key/value lines go into */
    int table_depth;
    unsigned section; /* counts headers, from 1 for the lines before the first */
} Parser;

static LkTomlNode *parse_value(Parser *p, int depth);

/* ------------------------------------------------------------------------------------------- the tree */

static bool fail_twice(Parser *p, const char *place, const LkTomlNode *node)
{
    return lk_toml_cursor_fail(&p->c, place, _("\"%.100s\" is already there: see line %d."),
                               node->key ? node->key : "?", node->line);
}

static bool fail_no_table(Parser *p, const char *place, const LkTomlNode *node)
{
    return lk_toml_cursor_fail(
        &p->c, place, _("\"%.100s\" on line %d is %s and cannot be added to."), node->key ? node->key : "?", node->line,
        node->frozen && node->type == LK_TOML_TABLE ? _("an inline table") : lk_toml_type_name(node->type));
}

/* Adds an empty table; the parent does not have that key. */
static LkTomlNode *add_table(Parser *p, LkTomlNode *parent, const char *key, const char *place)
{
    LkTomlNode *node = lk_toml_cursor_node(&p->c, LK_TOML_TABLE, place);
    if (!node)
        return NULL;
    node->key = key;
    lk_toml_node_add(parent, node);
    return node;
}

/* The table that a header's part leads to, made where it is missing; an array of tables leads to its last one. */
static LkTomlNode *enter_by_header(Parser *p, LkTomlNode *parent, const char *key, const char *place)
{
    LkTomlNode *child = lk_toml_node_get(parent, key);
    if (!child)
        return add_table(p, parent, key, place);
    if (child->of_tables)
        return child->members->pdata[child->members->len - 1];
    if (child->type == LK_TOML_TABLE && !child->frozen)
        return child;
    fail_no_table(p, place, child);
    return NULL;
}

/* The same for a dotted key, which may only enter tables that dotted keys of this very section or no one made. */
static LkTomlNode *enter_by_dot(Parser *p, LkTomlNode *parent, const char *key, const char *place)
{
    LkTomlNode *child = lk_toml_node_get(parent, key);
    if (!child)
        child = add_table(p, parent, key, place);
    else if (child->type != LK_TOML_TABLE || child->frozen)
        child = fail_no_table(p, place, child) ? child : NULL;
    else if (child->header || (child->dotted && child->dotted != p->section))
        child = fail_twice(p, place, child) ? child : NULL;
    if (child)
        child->dotted = p->section;
    return child;
}

/* ------------------------------------------------------------------------------------------- lines of values */

/* key = value into `table`, which is at `depth`. */
static bool parse_pair(Parser *p, LkTomlNode *table, int depth)
{
    LkTomlCursor *c = &p->c;
    const char *place = c->at;
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    if (!lk_toml_parse_key(c, parts))
        return false;
    if (lk_toml_peek(c, 0) != '=')
        return lk_toml_cursor_fail(c, c->at, _("There must be \"=\" after the key \"%.100s\"."),
                                   (const char *)parts->pdata[parts->len - 1]);
    c->at++;
    lk_toml_skip_space(c);
    for (guint i = 0; i + 1 < parts->len; i++, depth++)
        if (!(table = enter_by_dot(p, table, parts->pdata[i], place)))
            return false;
    const char *key = parts->pdata[parts->len - 1];
    const LkTomlNode *old = lk_toml_node_get(table, key);
    if (old)
        return fail_twice(p, place, old);
    LkTomlNode *value = parse_value(p, depth + 1);
    if (!value)
        return false;
    value->key = key;
    lk_toml_node_add(table, value);
    return true;
}

static bool array_items(Parser *p, LkTomlNode *array, int depth)
{
    LkTomlCursor *c = &p->c;
    for (;;) {
        if (!lk_toml_skip_lines(c))
            return false;
        if (lk_toml_peek(c, 0) == ']')
            break;
        LkTomlNode *item = parse_value(p, depth + 1);
        if (!item)
            return false;
        lk_toml_node_add(array, item);
        if (!lk_toml_skip_lines(c))
            return false;
        if (lk_toml_peek(c, 0) == ']')
            break;
        if (lk_toml_peek(c, 0) != ',')
            return lk_toml_cursor_fail(c, c->at,
                                       _("There must be \",\" or \"]\" after an element of the array that "
                                         "begins on line %d."),
                                       array->line);
        c->at++;
    }
    c->at++;
    return true;
}

static bool inline_pairs(Parser *p, LkTomlNode *table, int depth)
{
    LkTomlCursor *c = &p->c;
    lk_toml_skip_space(c);
    if (lk_toml_peek(c, 0) == '}') {
        c->at++;
        return true;
    }
    for (;;) {
        if (!parse_pair(p, table, depth))
            return false;
        lk_toml_skip_space(c);
        char next = lk_toml_peek(c, 0);
        if (next != ',' && next != '}')
            return lk_toml_cursor_fail(c, c->at,
                                       _("There must be \",\" or \"}\" here; an inline table is on one line."));
        c->at++;
        if (next == '}')
            return true;
        lk_toml_skip_space(c);
    }
}

static LkTomlNode *parse_container(Parser *p, LkTomlType type, int depth)
{
    LkTomlCursor *c = &p->c;
    if (depth >= LK_TOML_MAX_DEPTH) {
        lk_toml_cursor_fail(c, c->at, _("Arrays and tables are nested more than %d deep."), LK_TOML_MAX_DEPTH);
        return NULL;
    }
    LkTomlNode *node = lk_toml_cursor_node(c, type, c->at);
    if (!node)
        return NULL;
    c->at++;
    if (type == LK_TOML_ARRAY ? array_items(p, node, depth) : inline_pairs(p, node, depth)) {
        node->frozen = true;
        return node;
    }
    lk_toml_node_free(node);
    return NULL;
}

static LkTomlNode *parse_value(Parser *p, int depth)
{
    LkTomlCursor *c = &p->c;
    char first = lk_toml_peek(c, 0);
    if (first == '[')
        return parse_container(p, LK_TOML_ARRAY, depth);
    if (first == '{')
        return parse_container(p, LK_TOML_TABLE, depth);
    if (first != '"' && first != '\'')
        return lk_toml_parse_bare(c);
    LkTomlNode *node = lk_toml_cursor_node(c, LK_TOML_STRING, c->at);
    if (node && !(node->value.string = lk_toml_parse_quoted(c, false))) {
        lk_toml_node_free(node);
        return NULL;
    }
    return node;
}

/* ------------------------------------------------------------------------------------------- headers */

static bool open_table(Parser *p, const GPtrArray *parts, const char *place)
{
    LkTomlNode *node = p->root;
    const LkTomlNode *parent = node;
    for (guint i = 0; i < parts->len; i++) {
        parent = node;
        if (!(node = enter_by_header(p, node, parts->pdata[i], place)))
            return false;
    }
    const LkTomlNode *found = lk_toml_node_get(parent, parts->pdata[parts->len - 1]);
    if (found->of_tables || node->header || node->dotted)
        return fail_twice(p, place, found);
    node->header = true;
    node->line = p->c.line;
    node->column = lk_toml_cursor_column(&p->c, place);
    p->table = node;
    return true;
}

static bool open_array_element(Parser *p, const GPtrArray *parts, const char *place)
{
    LkTomlNode *node = p->root;
    for (guint i = 0; i + 1 < parts->len; i++)
        if (!(node = enter_by_header(p, node, parts->pdata[i], place)))
            return false;
    const char *key = parts->pdata[parts->len - 1];
    LkTomlNode *array = lk_toml_node_get(node, key);
    if (array && !array->of_tables)
        return array->type == LK_TOML_TABLE && !array->frozen ? fail_twice(p, place, array)
                                                              : fail_no_table(p, place, array);
    if (!array) {
        if (!(array = lk_toml_cursor_node(&p->c, LK_TOML_ARRAY, place)))
            return false;
        array->key = key;
        array->of_tables = true;
        lk_toml_node_add(node, array);
    }
    /* An array of tables is never empty: enter_by_header relies on it. */
    LkTomlNode *element = lk_toml_node_new(LK_TOML_TABLE, p->c.line, lk_toml_cursor_column(&p->c, place));
    p->c.nodes++;
    element->header = true;
    lk_toml_node_add(array, element);
    p->table = element;
    return true;
}

/* [a.b] or [[a.b]]; the cursor stands on the first bracket. */
static bool parse_header(Parser *p)
{
    LkTomlCursor *c = &p->c;
    const char *place = c->at;
    bool element = lk_toml_peek(c, 1) == '[';
    c->at += element ? 2 : 1;
    lk_toml_skip_space(c);
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    if (!lk_toml_parse_key(c, parts))
        return false;
    if (lk_toml_peek(c, 0) != ']' || (element && lk_toml_peek(c, 1) != ']'))
        return lk_toml_cursor_fail(c, c->at, _("A header that begins with \"%s\" must end with \"%s\"."),
                                   element ? "[[" : "[", element ? "]]" : "]");
    c->at += element ? 2 : 1;
    p->section++;
    /* Every second level may be an array of tables, which is a level of its own. */
    p->table_depth = (int)parts->len;
    return element ? open_array_element(p, parts, place) : open_table(p, parts, place);
}

/* ------------------------------------------------------------------------------------------- the document */

static bool end_of_line(LkTomlCursor *c)
{
    lk_toml_skip_space(c);
    if (!lk_toml_skip_comment(c))
        return false;
    if (c->at == c->end || lk_toml_take_newline(c))
        return true;
    return lk_toml_cursor_fail(c, c->at, _("The line should end here, but there is \"%.*s\"."),
                               (int)(g_utf8_next_char(c->at) - c->at), c->at);
}

static bool parse_document(Parser *p)
{
    LkTomlCursor *c = &p->c;
    while (lk_toml_skip_lines(c)) {
        if (c->at == c->end)
            return true;
        bool ok = *c->at == '[' ? parse_header(p) : parse_pair(p, p->table, p->table_depth);
        if (!ok || !end_of_line(c))
            return false;
    }
    return false;
}

/* Finds the line and column of the first byte that is no UTF-8. */
static bool check_encoding(LkTomlCursor *c)
{
    const char *bad;
    if (g_utf8_validate(c->at, (gssize)(c->end - c->at), &bad))
        return true;
    for (const char *at = c->at; at < bad; at++)
        if (*at == '\n') {
            c->line++;
            c->line_start = at + 1;
        }
    if (*bad == '\0')
        return lk_toml_cursor_fail(c, bad, _("The file holds a NUL byte; it must be a text."));
    return lk_toml_cursor_fail(c, bad, _("The file is not UTF-8 text (byte 0x%02X); save it as UTF-8."),
                               (unsigned char)*bad);
}

LkToml *lk_toml_parse(const char *text, size_t size, const char *source, GError **error)
{
    if (size > MAX_SIZE) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is larger than the %zu bytes allowed for a TOML file."), source,
                     MAX_SIZE);
        return NULL;
    }
    if (!size)
        text = ""; /* NULL is allowed then, but not arithmetic on it */
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* the mark that some editors of Windows put before UTF-8 */
        size -= 3;
    }
    LkToml *toml = g_new0(LkToml, 1);
    toml->source = g_strdup(source);
    toml->strings = g_string_chunk_new(4096);
    toml->root = lk_toml_node_new(LK_TOML_TABLE, 1, 1);
    Parser p = {.c = {.at = text,
                      .end = text + size,
                      .line_start = text,
                      .line = 1,
                      .column_at = text,
                      .column = 1,
                      .source = toml->source,
                      .strings = toml->strings,
                      .scratch = g_string_new(NULL),
                      .error = error},
                .root = toml->root,
                .table = toml->root,
                .section = 1};
    bool ok = check_encoding(&p.c) && parse_document(&p);
    g_string_free(p.c.scratch, TRUE);
    if (ok)
        return toml;
    lk_toml_free(toml);
    return NULL;
}

LkToml *lk_toml_read(const char *path, GError **error)
{
    LkError fault = {0};
    char *text;
    size_t size;
    if (!lk_file_read(path, MAX_SIZE, &text, &size, &fault)) {
        lk_gerror_take(error, &fault);
        return NULL;
    }
    LkToml *toml = lk_toml_parse(text, size, path, error);
    free(text);
    return toml;
}

void lk_toml_free(LkToml *toml)
{
    if (!toml)
        return;
    lk_toml_node_free(toml->root);
    g_string_chunk_free(toml->strings);
    g_free(toml->source);
    g_free(toml);
}

const LkTomlNode *lk_toml_root(const LkToml *toml)
{
    return toml->root;
}

const char *lk_toml_source(const LkToml *toml)
{
    return toml->source;
}
