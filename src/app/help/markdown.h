/* The part of Markdown that help pages are written in: headings, paragraphs, lists, code, and within a text **bold**,
 * `code` and [links](page.md). Knows nothing of widgets. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum LkMarkdownKind {
    LK_MARKDOWN_HEADING,
    LK_MARKDOWN_PARAGRAPH,
    LK_MARKDOWN_ITEM, /* of a list */
    LK_MARKDOWN_CODE, /* between ``` */
} LkMarkdownKind;

typedef struct LkMarkdownBlock {
    LkMarkdownKind kind;
    int level;    /* of a heading, from 1 */
    char *marker; /* of an item: "•" or "1." */
    char *markup; /* for Pango, with <a href="target"> */
    char *text;   /* the same without marks; of code, its lines */
    char *link;   /* where the whole text is one link: its target, else NULL */
} LkMarkdownBlock;

/** Reads a page; returns LkMarkdownBlock in their order, freed with the array. Every text is some page: what is not a
 * mark stands for itself. */
GPtrArray *lk_markdown_parse(const char *text);

G_END_DECLS
