#include "app/dataset/edit_words.h"

#include <glib/gi18n.h>
#include <string.h>

enum { SHORT = 40 };

char *lk_shorten(const char *text)
{
    if (g_utf8_strlen(text, -1) <= SHORT)
        return g_strdup(text);
    g_autofree char *start = g_utf8_substring(text, 0, SHORT - 1);
    return g_strconcat(g_strchomp(start), "…", NULL);
}

/* {tag}, {with}: the texts of the edit; {n}: how many captions. */
typedef struct Words {
    const char *one, *many;
} Words;
#define NP_(one, many) {one, many}

static const struct {
    Words label, done;
} words[] = {
    [LK_CAPTION_EDIT_ADD] = {NP_("Add “{tag}” to {n} Caption", "Add “{tag}” to {n} Captions"),
                             NP_("“{tag}” added to {n} caption", "“{tag}” added to {n} captions")},
    [LK_CAPTION_EDIT_REMOVE] = {NP_("Remove “{tag}” from {n} Caption", "Remove “{tag}” from {n} Captions"),
                                NP_("“{tag}” removed from {n} caption", "“{tag}” removed from {n} captions")},
    [LK_CAPTION_EDIT_REPLACE] = {NP_("Replace “{tag}” by “{with}” in {n} Caption",
                                     "Replace “{tag}” by “{with}” in {n} Captions"),
                                 NP_("“{tag}” replaced by “{with}” in {n} caption",
                                     "“{tag}” replaced by “{with}” in {n} captions")},
    [LK_CAPTION_EDIT_REGEX] = {NP_("Replace “{tag}” in {n} Caption", "Replace “{tag}” in {n} Captions"),
                               NP_("“{tag}” replaced in {n} caption", "“{tag}” replaced in {n} captions")},
    [LK_CAPTION_EDIT_SORT] = {NP_("Sort the Tags of {n} Caption", "Sort the Tags of {n} Captions"),
                              NP_("Tags of {n} caption sorted", "Tags of {n} captions sorted")},
    [LK_CAPTION_EDIT_DEDUPE] = {NP_("Remove Repeated Tags from {n} Caption", "Remove Repeated Tags from {n} Captions"),
                                NP_("Repeated tags removed from {n} caption",
                                    "Repeated tags removed from {n} captions")},
    [LK_CAPTION_EDIT_SET] = {NP_("Replace {n} Caption", "Replace {n} Captions"),
                             NP_("{n} caption replaced", "{n} captions replaced")},
    [LK_CAPTION_EDIT_APPEND] = {NP_("Append “{tag}” to {n} Caption", "Append “{tag}” to {n} Captions"),
                                NP_("“{tag}” appended to {n} caption", "“{tag}” appended to {n} captions")},
    [LK_CAPTION_EDIT_TRIGGERS] = {NP_("Add the Trigger Word to {n} Caption", "Add the Trigger Word to {n} Captions"),
                                  NP_("Trigger word added to {n} caption", "Trigger word added to {n} captions")},
};

/* In one pass: what was typed may hold braces itself. */
static char *fill(const char *pattern, const LkCaptionEdit *edit, guint captions)
{
    GString *text = g_string_new(NULL);
    g_autofree char *number = g_strdup_printf("%'u", captions);
    g_autofree char *tag = lk_shorten(edit->text ? edit->text : "");
    g_autofree char *with = lk_shorten(edit->with ? edit->with : "");
    const char *const names[] = {"{n}", "{tag}", "{with}"}, *const values[] = {number, tag, with};
    while (*pattern) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(names) && !g_str_has_prefix(pattern, names[i]))
            i++;
        if (i < G_N_ELEMENTS(names))
            g_string_append(text, values[i]);
        else
            g_string_append_c(text, *pattern);
        pattern += i < G_N_ELEMENTS(names) ? strlen(names[i]) : 1;
    }
    return g_string_free(text, FALSE);
}

/* A tag that is replaced by nothing is removed. */
static LkCaptionEditKind kind_of(const LkCaptionEdit *edit)
{
    const gboolean nothing = edit->kind == LK_CAPTION_EDIT_REPLACE && (!edit->with || !*edit->with);
    return nothing ? LK_CAPTION_EDIT_REMOVE : edit->kind;
}

char *lk_caption_edit_label(const LkCaptionEdit *edit, guint captions)
{
    const Words *label = &words[kind_of(edit)].label;
    return fill(g_dngettext(GETTEXT_PACKAGE, label->one, label->many, captions), edit, captions);
}

char *lk_caption_edit_done(const LkCaptionEdit *edit, guint captions)
{
    const Words *done = &words[kind_of(edit)].done;
    return captions ? fill(g_dngettext(GETTEXT_PACKAGE, done->one, done->many, captions), edit, captions)
                    : g_strdup(_("No caption needed a change"));
}
