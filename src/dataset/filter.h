/* The filter language of the dataset page.
 *
 *     sky                    in the caption or the file name            "two words"   the same with spaces
 *     tag:branch             a tag, whole                               tag:"side view"   tag:*view
 *     caption:text           in the caption                             name:img_0*   file name (with * the whole name)
 *     tokens:>75  width:<512  height:  repeats:  tags: (how many)       size:>2MB     file size: B kB MB GB KiB MiB GiB
 *     tokens:20..40          from .. to; also 20.. and ..40, =20, >=20, <=40
 *     bucket:640x384
 *     no:caption no:trigger no:mask no:problem,  has: the same          is:excluded is:reg is:landscape is:portrait
 *                                                                       is:square
 *     problem:picture-small  a finding's name (lk_finding_name), its short form (small), or with *
 *     -term or NOT term, terms side by side or AND, OR, ( )
 *
 * Upper and lower case are one; AND, OR and NOT are words of the language only in capitals. OR binds weaker than AND.
 * `*` stands for any characters, except in quotes; in quotes \" and \\ stand for " and \. */
#pragma once

#include "dataset/bucket.h"
#include "dataset/finding.h"

#include <stddef.h>

/** What is known of one picture; all borrowed. */
typedef struct LkFilterSubject {
    const char *name;        /* file name as shown, UTF-8; NULL is "" */
    const char *caption;     /* UTF-8; NULL or blank: no caption */
    const char *const *tags; /* its comma parts as by lk_tags_parse, ended by NULL; NULL is none */
    int tokens;              /* below 0: not known, then no comparison holds */
    int repeats;
    LkSize size;      /* as shown; 0: not known */
    LkSize bucket;    /* 0: not known */
    gint64 bytes;     /* of the file; below 0: not known */
    guint64 problems; /* bits by lk_finding_bit */
    bool has_trigger; /* the caption has all trigger words, or there are none */
    bool has_mask;
    bool excluded;
    bool is_reg;
} LkFilterSubject;

/** A filter; immutable, so threads may share it. */
typedef struct LkFilter LkFilter;

/** Reads a filter; blank text lets everything through. NULL with LK_ERROR_USAGE and words for the person; *position
 * (may be NULL) is then the byte where the trouble begins. */
LkFilter *lk_filter_parse(const char *text, size_t *position, GError **error);
void lk_filter_free(LkFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkFilter, lk_filter_free)

bool lk_filter_match(const LkFilter *filter, const LkFilterSubject *subject);

/** True if everything is let through. */
bool lk_filter_is_empty(const LkFilter *filter);

/** The filter in its plainest spelling, which reads back to the same. Free with g_free. */
char *lk_filter_to_text(const LkFilter *filter);

/** How a tag stands among the terms that must all hold. */
typedef enum LkFilterTag {
    LK_FILTER_TAG_FREE,     /* not there */
    LK_FILTER_TAG_WANTED,   /* tag:x */
    LK_FILTER_TAG_UNWANTED, /* -tag:x */
} LkFilterTag;

/** For a row of the tag list: whether it is a selected one. */
LkFilterTag lk_filter_tag(const LkFilter *filter, const char *tag);

/** The text of `filter` with a tag made free, wanted or unwanted; other terms stay. Free with g_free. */
char *lk_filter_text_with_tag(const LkFilter *filter, const char *tag, LkFilterTag state);

/** The same on a text; NULL and an error as lk_filter_parse. */
char *lk_filter_text_set_tag(const char *text, const char *tag, LkFilterTag state, GError **error);
