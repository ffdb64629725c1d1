#include "dataset/filter.h"

#include "dataset/filter_node.h"

const char *const lk_filter_fields[LK_FILTER_FIELDS] = {
    [LK_FILTER_TOKENS] = "tokens",   [LK_FILTER_WIDTH] = "width", [LK_FILTER_HEIGHT] = "height",
    [LK_FILTER_REPEATS] = "repeats", [LK_FILTER_TAGS] = "tags",   [LK_FILTER_SIZE] = "size",
};

const LkFilterStateName lk_filter_states[LK_FILTER_STATES] = {
    [LK_FILTER_IS_EXCLUDED] = {"is", "excluded"},   [LK_FILTER_IS_REG] = {"is", "reg"},
    [LK_FILTER_IS_LANDSCAPE] = {"is", "landscape"}, [LK_FILTER_IS_PORTRAIT] = {"is", "portrait"},
    [LK_FILTER_IS_SQUARE] = {"is", "square"},       [LK_FILTER_HAS_CAPTION] = {"has", "caption"},
    [LK_FILTER_HAS_TRIGGER] = {"has", "trigger"},   [LK_FILTER_HAS_MASK] = {"has", "mask"},
    [LK_FILTER_HAS_PROBLEM] = {"has", "problem"},
};

LkFilterNode *lk_filter_node_new(LkFilterKind kind)
{
    LkFilterNode *node = g_new0(LkFilterNode, 1);
    node->kind = kind;
    if (kind == LK_FILTER_ALL || kind == LK_FILTER_ANY)
        node->children = g_ptr_array_new_with_free_func((GDestroyNotify)lk_filter_node_free);
    return node;
}

void lk_filter_node_free(LkFilterNode *node)
{
    if (!node)
        return;
    g_clear_pointer(&node->children, g_ptr_array_unref);
    lk_filter_pattern_clear(&node->pattern);
    g_free(node);
}

void lk_filter_free(LkFilter *filter)
{
    if (!filter)
        return;
    lk_filter_node_free(filter->root);
    g_free(filter);
}

static bool is_blank(const char *text)
{
    for (; text && *text; text = g_utf8_next_char(text))
        if ((guchar)*text > ' ' && ((guchar)*text < 0x80 || !g_unichar_isspace(g_utf8_get_char_validated(text, -1))))
            return false;
    return true;
}

static bool has_tag(const LkFilterNode *node, const LkFilterSubject *subject)
{
    for (const char *const *tag = subject->tags; tag && *tag; tag++)
        if (lk_filter_pattern_is(&node->pattern, *tag))
            return true;
    return false;
}

static bool in_name(const LkFilterNode *node, const LkFilterSubject *subject)
{
    const char *name = subject->name ? subject->name : "";
    return node->pattern.count > 1 ? lk_filter_pattern_is(&node->pattern, name)
                                   : lk_filter_pattern_within(&node->pattern, name);
}

static bool in_caption(const LkFilterNode *node, const LkFilterSubject *subject)
{
    return lk_filter_pattern_within(&node->pattern, subject->caption ? subject->caption : "");
}

/* Below 0 where it is not known. */
static gint64 value_of(LkFilterField field, const LkFilterSubject *subject)
{
    gint64 tags = 0;
    switch (field) {
    case LK_FILTER_TOKENS:
        return subject->tokens;
    case LK_FILTER_WIDTH:
        return subject->size.width > 0 ? subject->size.width : -1;
    case LK_FILTER_HEIGHT:
        return subject->size.height > 0 ? subject->size.height : -1;
    case LK_FILTER_REPEATS:
        return subject->repeats;
    case LK_FILTER_TAGS:
        for (const char *const *tag = subject->tags; tag && *tag; tag++)
            tags++;
        return tags;
    case LK_FILTER_SIZE:
        return subject->bytes;
    case LK_FILTER_FIELDS:
        break;
    }
    return -1;
}

static bool state_of(LkFilterState state, const LkFilterSubject *subject)
{
    const LkSize size = subject->size;
    const bool known = size.width > 0 && size.height > 0;
    switch (state) {
    case LK_FILTER_IS_EXCLUDED:
        return subject->excluded;
    case LK_FILTER_IS_REG:
        return subject->is_reg;
    case LK_FILTER_IS_LANDSCAPE:
        return known && size.width > size.height;
    case LK_FILTER_IS_PORTRAIT:
        return known && size.width < size.height;
    case LK_FILTER_IS_SQUARE:
        return known && size.width == size.height;
    case LK_FILTER_HAS_CAPTION:
        return !is_blank(subject->caption);
    case LK_FILTER_HAS_TRIGGER:
        return subject->has_trigger;
    case LK_FILTER_HAS_MASK:
        return subject->has_mask;
    case LK_FILTER_HAS_PROBLEM:
        return subject->problems != 0;
    case LK_FILTER_STATES:
        break;
    }
    return false;
}

static bool holds(const LkFilterNode *node, const LkFilterSubject *subject);

/* The first child that decides: a false one for ALL, a true one for ANY. */
static bool any_child_is(const LkFilterNode *node, bool wanted, const LkFilterSubject *subject)
{
    for (guint i = 0; i < node->children->len; i++)
        if (holds(g_ptr_array_index(node->children, i), subject) == wanted)
            return true;
    return false;
}

static bool holds_plainly(const LkFilterNode *node, const LkFilterSubject *subject)
{
    gint64 value;
    switch (node->kind) {
    case LK_FILTER_ALL:
        return !any_child_is(node, false, subject);
    case LK_FILTER_ANY:
        return any_child_is(node, true, subject);
    case LK_FILTER_TAG:
        return has_tag(node, subject);
    case LK_FILTER_CAPTION:
        return in_caption(node, subject);
    case LK_FILTER_NAME:
        return in_name(node, subject);
    case LK_FILTER_WORD:
        return in_caption(node, subject) || in_name(node, subject);
    case LK_FILTER_NUMBER:
        value = value_of(node->field, subject);
        return value >= 0 && value >= node->low && value <= node->high;
    case LK_FILTER_BUCKET:
        return subject->bucket.width == node->low && subject->bucket.height == node->high;
    case LK_FILTER_STATE:
        return state_of(node->state, subject);
    case LK_FILTER_PROBLEM:
        return (subject->problems & node->problems) != 0;
    }
    return false;
}

static bool holds(const LkFilterNode *node, const LkFilterSubject *subject)
{
    return holds_plainly(node, subject) != node->negated;
}

bool lk_filter_match(const LkFilter *filter, const LkFilterSubject *subject)
{
    return holds(filter->root, subject);
}

bool lk_filter_is_empty(const LkFilter *filter)
{
    const LkFilterNode *root = filter->root;
    return root->kind == LK_FILTER_ALL && !root->negated && root->children->len == 0;
}
