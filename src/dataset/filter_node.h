/* The inside of a filter, shared by the files of its reader, its writer and its use: a tree of terms. */
#pragma once

#include "dataset/filter.h"

typedef enum LkFilterKind {
    LK_FILTER_ALL, /* all of the children hold; so where there is none */
    LK_FILTER_ANY, /* one of the children holds */
    LK_FILTER_TAG,
    LK_FILTER_CAPTION,
    LK_FILTER_NAME,
    LK_FILTER_WORD,    /* in the caption or the name */
    LK_FILTER_NUMBER,  /* a field within low .. high */
    LK_FILTER_BUCKET,  /* low × high */
    LK_FILTER_STATE,   /* a fact that is true or false */
    LK_FILTER_PROBLEM, /* one of a set of kinds */
} LkFilterKind;

/** Fields that are compared as numbers. */
typedef enum LkFilterField {
    LK_FILTER_TOKENS,
    LK_FILTER_WIDTH,
    LK_FILTER_HEIGHT,
    LK_FILTER_REPEATS,
    LK_FILTER_TAGS,
    LK_FILTER_SIZE,
    LK_FILTER_FIELDS,
} LkFilterField;

/** Facts that are true or false: is:x, has:x; no:x is -has:x. */
typedef enum LkFilterState {
    LK_FILTER_IS_EXCLUDED,
    LK_FILTER_IS_REG,
    LK_FILTER_IS_LANDSCAPE,
    LK_FILTER_IS_PORTRAIT,
    LK_FILTER_IS_SQUARE,
    LK_FILTER_HAS_CAPTION,
    LK_FILTER_HAS_TRIGGER,
    LK_FILTER_HAS_MASK,
    LK_FILTER_HAS_PROBLEM,
    LK_FILTER_STATES,
} LkFilterState;

typedef struct LkFilterStateName {
    const char *key, *value; /* "is", "excluded" */
} LkFilterStateName;

extern const char *const lk_filter_fields[LK_FILTER_FIELDS];
extern const LkFilterStateName lk_filter_states[LK_FILTER_STATES];

/** Stands for a star in a pattern's text. */
#define LK_FILTER_STAR '\x01'

/** A text to look for. */
typedef struct LkFilterPattern {
    char *text;        /* as typed, but for quotes and stars */
    gunichar **pieces; /* what stands between the stars in lower case, each ended by 0; without a star one */
    guint count;
} LkFilterPattern;

typedef struct LkFilterNode {
    LkFilterKind kind;
    bool negated;
    GPtrArray *children;     /* of ALL and ANY */
    LkFilterPattern pattern; /* of the kinds that look for text; of NUMBER, BUCKET and PROBLEM only how it was spelt */
    LkFilterField field;
    LkFilterState state;
    gint64 low, high;
    guint64 problems;
} LkFilterNode;

struct LkFilter {
    LkFilterNode *root;
};

LkFilterNode *lk_filter_node_new(LkFilterKind kind);
void lk_filter_node_free(LkFilterNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkFilterNode, lk_filter_node_free)

/** Sets a node's pattern from a text with LK_FILTER_STAR for stars. */
void lk_filter_pattern_set(LkFilterPattern *pattern, const char *text);
void lk_filter_pattern_clear(LkFilterPattern *pattern);

/** Whether the pattern stands somewhere in `text`, or is the whole of it. */
bool lk_filter_pattern_within(const LkFilterPattern *pattern, const char *text);
bool lk_filter_pattern_is(const LkFilterPattern *pattern, const char *text);
