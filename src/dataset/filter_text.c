/* From a filter back to text, and the terms that clicks on tags make. */
#include "dataset/filter.h"
#include "dataset/filter_node.h"

#include <string.h>

/* Whether a piece can stand without quotes, at the beginning of a term or elsewhere. */
static bool is_plain(const char *text, size_t size, bool at_start)
{
    if (at_start && size && text[0] == '-')
        return false;
    for (const char *at = text; at < text + size; at = g_utf8_next_char(at))
        if (g_unichar_isspace(g_utf8_get_char(at)) || strchr("\"()*:", *at))
            return false;
    return true;
}

static void append_quoted(GString *out, const char *text, size_t size)
{
    g_string_append_c(out, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, text[i]);
    }
    g_string_append_c(out, '"');
}

static bool is_keyword(const char *text)
{
    return strcmp(text, "AND") == 0 || strcmp(text, "OR") == 0 || strcmp(text, "NOT") == 0;
}

/* The text of a pattern: quotes where they must be, stars outside of them. */
static void append_pattern(GString *out, const char *text, bool is_bare)
{
    const bool quote = is_bare && is_keyword(text);
    for (const char *at = text;; at++) {
        const char *end = strchrnul(at, LK_FILTER_STAR);
        const size_t size = (size_t)(end - at);
        if (quote || !is_plain(at, size, is_bare && at == text))
            append_quoted(out, at, size);
        else
            g_string_append_len(out, at, (gssize)size);
        if (!*end)
            return;
        g_string_append_c(out, '*');
        at = end;
    }
}

static void append_node(GString *out, const LkFilterNode *node);

/* Children of ANY are joined by OR; a group in a group needs parentheses, but for an ALL in an ANY that does without.
 */
static void append_children(GString *out, const LkFilterNode *node)
{
    for (guint i = 0; i < node->children->len; i++) {
        const LkFilterNode *child = g_ptr_array_index(node->children, i);
        g_string_append(out, i == 0 ? "" : node->kind == LK_FILTER_ANY ? " OR " : " ");
        const bool joins = child->children && !(child->kind == LK_FILTER_ALL && node->kind == LK_FILTER_ANY);
        if (joins && !child->negated) {
            g_string_append_c(out, '(');
            append_node(out, child);
            g_string_append_c(out, ')');
        } else {
            append_node(out, child);
        }
    }
}

static const char *key_of(const LkFilterNode *node)
{
    switch (node->kind) {
    case LK_FILTER_TAG:
        return "tag";
    case LK_FILTER_CAPTION:
        return "caption";
    case LK_FILTER_NAME:
        return "name";
    case LK_FILTER_NUMBER:
        return lk_filter_fields[node->field];
    case LK_FILTER_BUCKET:
        return "bucket";
    case LK_FILTER_PROBLEM:
        return "problem";
    default:
        return NULL;
    }
}

static void append_node(GString *out, const LkFilterNode *node)
{
    if (node->children) {
        g_string_append(out, node->negated ? "-(" : "");
        append_children(out, node);
        g_string_append(out, node->negated ? ")" : "");
        return;
    }
    if (node->kind == LK_FILTER_STATE) {
        const LkFilterStateName *name = &lk_filter_states[node->state];
        const bool no = node->negated && strcmp(name->key, "has") == 0;
        g_string_append_printf(out, "%s%s:%s", node->negated && !no ? "-" : "", no ? "no" : name->key, name->value);
        return;
    }
    const char *key = key_of(node);
    g_string_append(out, node->negated ? "-" : "");
    if (key)
        g_string_append_printf(out, "%s:", key);
    append_pattern(out, node->pattern.text, key == NULL);
}

char *lk_filter_to_text(const LkFilter *filter)
{
    GString *out = g_string_new(NULL);
    append_node(out, filter->root);
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------ tags */

static bool is_term_of(const LkFilterNode *node, const char *tag)
{
    return node->kind == LK_FILTER_TAG && node->pattern.count == 1 && lk_filter_pattern_is(&node->pattern, tag);
}

/* The terms that must all hold. */
static bool has_terms(const LkFilterNode *root)
{
    return root->kind == LK_FILTER_ALL && !root->negated;
}

LkFilterTag lk_filter_tag(const LkFilter *filter, const char *tag)
{
    const LkFilterNode *root = filter->root;
    const guint count = has_terms(root) ? root->children->len : 1;
    for (guint i = 0; i < count; i++) {
        const LkFilterNode *term = has_terms(root) ? g_ptr_array_index(root->children, i) : root;
        if (is_term_of(term, tag))
            return term->negated ? LK_FILTER_TAG_UNWANTED : LK_FILTER_TAG_WANTED;
    }
    return LK_FILTER_TAG_FREE;
}

static void append_term(GString *out, const LkFilterNode *term)
{
    const bool group = term->kind == LK_FILTER_ANY && !term->negated;
    g_string_append(out, out->len ? " " : "");
    g_string_append(out, group ? "(" : "");
    append_node(out, term);
    g_string_append(out, group ? ")" : "");
}

char *lk_filter_text_with_tag(const LkFilter *filter, const char *tag, LkFilterTag state)
{
    const LkFilterNode *root = filter->root;
    if (state == LK_FILTER_TAG_FREE && lk_filter_tag(filter, tag) == LK_FILTER_TAG_FREE)
        return lk_filter_to_text(filter);
    GString *out = g_string_new(NULL);
    const guint count = has_terms(root) ? root->children->len : 1;
    for (guint i = 0; i < count; i++) {
        const LkFilterNode *term = has_terms(root) ? g_ptr_array_index(root->children, i) : root;
        if (!is_term_of(term, tag))
            append_term(out, term);
    }
    if (state != LK_FILTER_TAG_FREE) {
        g_autofree char *literal = g_strdelimit(g_strdup(tag), "\x01", ' ');
        g_string_append_printf(out, "%s%stag:", out->len ? " " : "", state == LK_FILTER_TAG_UNWANTED ? "-" : "");
        append_pattern(out, literal, false);
    }
    return g_string_free(out, FALSE);
}

char *lk_filter_text_set_tag(const char *text, const char *tag, LkFilterTag state, GError **error)
{
    g_autoptr(LkFilter) filter = lk_filter_parse(text, NULL, error);
    return filter ? lk_filter_text_with_tag(filter, tag, state) : NULL;
}
