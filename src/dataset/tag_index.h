/* Which tags a dataset's captions have and how often: for the tag list and for completion.
 *
 * A tag counts once for a caption, however often it stands there. Tags that differ in case are different tags. Not
 * for use from several threads at a time. */
#pragma once

#include <glib.h>

typedef struct LkTagIndex LkTagIndex;

/** A tag and the number of captions that have it. `tag` lives until the index changes. */
typedef struct LkTagCount {
    const char *tag;
    guint count;
} LkTagCount;

LkTagIndex *lk_tag_index_new(void);
void lk_tag_index_free(LkTagIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTagIndex, lk_tag_index_free)

/** Replaces one caption's tags by another's; NULL stands for a caption that was not there before or is no longer. The
 * old text must be one that was put in. Costs as much as the captions are long. */
void lk_tag_index_change(LkTagIndex *index, const char *old_caption, const char *new_caption);

/** How many different tags there are. */
guint lk_tag_index_size(const LkTagIndex *index);

/** How many captions have exactly this tag. */
guint lk_tag_index_count(const LkTagIndex *index, const char *tag);

/** The tag at a place of the list by falling count, equals by name; `place` is below the size. */
LkTagCount lk_tag_index_at(LkTagIndex *index, guint place);

/** Up to `most` tags for what was typed, any case: first those that begin with it, then those that hold it; each by
 * falling count. Those that `caption` (may be NULL) has already are left out. "" gives the most frequent. A GArray of
 * LkTagCount; free with g_array_unref. */
GArray *lk_tag_index_complete(LkTagIndex *index, const char *typed, const char *caption, guint most);
