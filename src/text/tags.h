/* A caption as its comma parts: what the chips of the caption editor and every bulk edit do to it. Pure functions.
 *
 * Parts are what stands between commas, trimmed; empty ones do not count. They are joined by ", ". A caption of several
 * lines (see enable_wildcard) is several captions: lines stay apart, each is edited on its own, and blank ones are left
 * alone. Indexes count the parts of all lines.
 *
 * A function that has nothing to change returns the text as it was, byte for byte; else every line is written anew. So
 * comparing the texts tells whether there was a change. All texts are UTF-8 and what comes out of UTF-8 is UTF-8.
 *
 * Two parts are equal if they have the same characters; with LK_TAGS_ANY_CASE also if they differ only in upper and
 * lower case, runs of white space or the way accents are composed (lk_text_fold), as two texts are to the tokenizer.
 * Trigger words are always compared so. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LK_TAGS_SEPARATOR ", "

typedef enum LkTagsCase {
    LK_TAGS_EXACT,
    LK_TAGS_ANY_CASE,
} LkTagsCase;

/** Where tags are added. Trigger words stay in front of LK_TAGS_FRONT too where a function is told of them. */
typedef enum LkTagsPlace {
    LK_TAGS_FRONT,
    LK_TAGS_AFTER_TRIGGER, /* behind the trigger words in front; without them the front */
    LK_TAGS_END,
    LK_TAGS_AT, /* a position: 0 is the front, and beyond the last is the end */
} LkTagsPlace;

/** The parts of all lines, trimmed, without empty ones. Free with g_strfreev. */
char **lk_tags_parse(const char *caption);

/** Parts in one line. Free with g_free; so are all texts below. */
char *lk_tags_join(const char *const *tags);

bool lk_tags_equal(const char *a, const char *b, LkTagsCase how);

/** Index of the first part that equals `tag`, or -1. */
int lk_tags_find(const char *caption, const char *tag, LkTagsCase how);

/** Adds the parts of `tags` ("a, b") that a line lacks, in their order, to each line that is not blank (to the first
 * where all are). `position` matters for LK_TAGS_AT alone and counts from the line's first part. `triggers` is a comma
 * separated list, or NULL: see lk_tags_triggers_first. */
char *lk_tags_add(const char *caption, const char *tags, LkTagsPlace place, int position, LkTagsCase how,
                  const char *triggers);

/** Removes every part that equals one of `tags` ("a, b"). */
char *lk_tags_remove(const char *caption, const char *tags, LkTagsCase how);

/** Removes one part; an index that is none changes nothing. */
char *lk_tags_remove_at(const char *caption, int index);

/** Puts the parts of `with` ("", "a" or "a, b") in the place of every part that equals `tag`. Parts that the line has
 * elsewhere already are not put in again. */
char *lk_tags_replace(const char *caption, const char *tag, const char *with, LkTagsCase how);

/** Puts the parts of `with` in the place of one part, as typed into a chip: "" removes it. */
char *lk_tags_replace_at(const char *caption, int index, const char *with);

/** Takes the part `from` out and puts it back so that it is part `to` (0 .. number of parts - 1; others are the nearest
 * end). It may move into another line. */
char *lk_tags_move(const char *caption, int from, int to);

/** Leaves the first of equal parts of a line. */
char *lk_tags_dedupe(const char *caption, LkTagsCase how);

/** Sorts the parts of each line: by their characters with numbers by value, upper and lower case together (the order is
 * the same in every language of the system). Pinned parts (see lk_tags_triggers_first) stay first and as they are. */
char *lk_tags_sort(const char *caption, const char *triggers);

/** Moves the pinned parts of each line to its front, in their order: those that are a word of `triggers` (a comma
 * separated list; NULL or "" is none), and those in front that hold one inside ("photo of sks"). */
char *lk_tags_triggers_first(const char *caption, const char *triggers);

/** How many pinned parts the line of part 0 begins with. */
int lk_tags_pinned(const char *caption, const char *triggers);

/** A regular expression for lk_tags_regex; free with g_regex_unref. LK_ERROR_USAGE says what is wrong and where. */
GRegex *lk_tags_regex_new(const char *pattern, LkTagsCase how, GError **error);

/** Whether a replacement text can be used: "\1", "\g<name>" stand for groups. LK_ERROR_USAGE else. */
bool lk_tags_regex_check(const GRegex *regex, const char *replacement, GError **error);

/** Replaces every match of `regex` (made by lk_tags_regex_new) in each line, not only within parts, and tidies the
 * line's separators where something was replaced. A replacement that cannot be used, or a pattern that takes too long
 * on this text, changes nothing. */
char *lk_tags_regex(const char *caption, const GRegex *regex, const char *replacement);
