/* All help pages in the language of the program: their titles, order and texts, and a search in them. */
#pragma once

#include "app/help/markdown.h"

G_BEGIN_DECLS

typedef struct LkHelpTopic {
    const char *id;      /* the file's name without ".md" */
    const char *section; /* a title for people, of the group it belongs to */
    char *title;         /* the page's first heading */
    GPtrArray *blocks;   /* LkMarkdownBlock, without that heading */
} LkHelpTopic;

typedef struct LkHelpHit {
    const LkHelpTopic *topic;
    char *excerpt; /* Pango markup with the words in bold; NULL where nothing was searched */
} LkHelpHit;

typedef struct LkHelpLibrary LkHelpLibrary;

/** The folder of the help pages in the language of the window: "en", "zh_CN" or "zh_TW". */
const char *lk_help_language(void);

/** Reads all pages of a language ("en", "zh_CN", "zh_TW") from the program's resources. Free with lk_help_library_free.
 */
LkHelpLibrary *lk_help_library_new(const char *language);
void lk_help_library_free(LkHelpLibrary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkHelpLibrary, lk_help_library_free)

/** LkHelpTopic in the order in which they are listed; borrowed. */
const GPtrArray *lk_help_library_get_topics(LkHelpLibrary *self);
/** The topic of an id or of a link to it ("loss", "loss.md", "loss.md#top"); NULL if there is none. */
const LkHelpTopic *lk_help_library_find(LkHelpLibrary *self, const char *link);

/** Topics with all words of `query` in title or text, best first; all of them for an empty query. LkHelpHit, freed with
 * the array. */
GPtrArray *lk_help_library_search(LkHelpLibrary *self, const char *query);

G_END_DECLS
