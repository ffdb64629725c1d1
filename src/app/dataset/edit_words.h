/* The words for edits of captions: for the undo history, and for the sentence that follows. */
#pragma once

#include "dataset/caption_edit.h"

/** For the history: "Add “branch” to 12 Captions". Free with g_free. */
char *lk_caption_edit_label(const LkCaptionEdit *edit, guint captions);
/** What was done: "“branch” added to 12 captions"; for 0 captions "No caption needed a change". Free with g_free. */
char *lk_caption_edit_done(const LkCaptionEdit *edit, guint captions);
/** A long text in a label: its beginning, with "…". Free with g_free. */
char *lk_shorten(const char *text);
