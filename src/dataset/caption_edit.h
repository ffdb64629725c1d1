/* Bulk edits of captions: one description, applied to any number of captions, with a preview in figures.
 *
 * A caption that has a trigger word keeps it, in front: an edit that would lose it puts it back. Captions are edited
 * line by line, see text/tags.h. The same edit of the same caption always gives the same text. */
#pragma once

#include "text/tags.h"

typedef enum LkCaptionEditKind {
    LK_CAPTION_EDIT_ADD,     /* text: tags; place, position */
    LK_CAPTION_EDIT_REMOVE,  /* text: tags */
    LK_CAPTION_EDIT_REPLACE, /* text: one tag; with: tags, or "" to remove */
    LK_CAPTION_EDIT_REGEX,   /* text: the pattern; with: the replacement */
    LK_CAPTION_EDIT_SORT,
    LK_CAPTION_EDIT_DEDUPE,
    LK_CAPTION_EDIT_SET,      /* text: the whole caption */
    LK_CAPTION_EDIT_APPEND,   /* text: put behind, with ", " between (words, not checked for being there) */
    LK_CAPTION_EDIT_TRIGGERS, /* puts the trigger words that are missing in front */
} LkCaptionEditKind;

/** What to do. Texts are borrowed; NULL is "". */
typedef struct LkCaptionEdit {
    LkCaptionEditKind kind;
    const char *text, *with;
    LkTagsPlace place;
    int position;         /* of LK_TAGS_AT */
    bool any_case;        /* upper and lower case are one */
    const char *triggers; /* the project's trigger words, comma separated; may be NULL */
} LkCaptionEdit;

/** What became of one caption. */
typedef enum LkCaptionChange {
    LK_CAPTION_CHANGED,
    LK_CAPTION_HAS_IT,   /* to add, set or append: it is there already */
    LK_CAPTION_LACKS_IT, /* to remove or replace: it is not there */
    LK_CAPTION_KEPT,     /* it is a trigger word, which stays */
    LK_CAPTION_IN_ORDER, /* to sort or dedupe: nothing to do */
    LK_CAPTION_CHANGES,  /* how many of these there are */
} LkCaptionChange;

/** An edit that was checked and made ready; immutable, so threads may share it. Keeps no pointer of the description. */
typedef struct LkCaptionEditor LkCaptionEditor;

/** LK_ERROR_USAGE with words for the person where the edit cannot be done: no tag given, a comma in the tag to replace,
 * a broken regular expression or replacement. */
LkCaptionEditor *lk_caption_editor_new(const LkCaptionEdit *edit, GError **error);
void lk_caption_editor_free(LkCaptionEditor *editor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkCaptionEditor, lk_caption_editor_free)

/** The caption after the edit; the same bytes where nothing changes. `change` may be NULL. Free with g_free. */
char *lk_caption_editor_apply(const LkCaptionEditor *editor, const char *caption, LkCaptionChange *change);

/** What an edit would do to many captions. */
typedef struct LkCaptionPreview {
    guint total;
    guint counts[LK_CAPTION_CHANGES];
    int first; /* index of the first caption that changes; -1 none */
} LkCaptionPreview;

LkCaptionPreview lk_caption_editor_preview(const LkCaptionEditor *editor, const char *const *captions, guint count);

/** "Changes 4 of 6; 2 have it already", translated. Free with g_free. */
char *lk_caption_preview_to_text(const LkCaptionPreview *preview);
