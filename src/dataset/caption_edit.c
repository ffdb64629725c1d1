#include "dataset/caption_edit.h"

#include "format/gerror.h"
#include "text/trigger.h"

#include <glib/gi18n.h>
#include <string.h>

struct LkCaptionEditor {
    LkCaptionEditKind kind;
    LkTagsPlace place;
    int position;
    LkTagsCase how;
    char *text, *with;
    char *triggers; /* as given; "" for none */
    char **words;   /* the same one by one */
    char *wanted;   /* of `text`, the tags that may go: no trigger words */
    bool protects;  /* `text` names a trigger word */
    GRegex *regex;
};

/* ------------------------------------------------------------------ from a description to an editor */

/* Which descriptions make sense: what must be in `text`. */
static const struct {
    bool needs_text; /* at least one tag, or words */
    bool one_tag;
    const char *missing;
} needs[] = {
    [LK_CAPTION_EDIT_ADD] = {true, false, N_("Type the tag to add.")},
    [LK_CAPTION_EDIT_REMOVE] = {true, false, N_("Type the tag to remove.")},
    [LK_CAPTION_EDIT_REPLACE] = {true, true, N_("Type the tag to replace.")},
    [LK_CAPTION_EDIT_REGEX] = {false, false, NULL}, /* its own check */
    [LK_CAPTION_EDIT_SORT] = {false, false, NULL},
    [LK_CAPTION_EDIT_DEDUPE] = {false, false, NULL},
    [LK_CAPTION_EDIT_SET] = {false, false, NULL}, /* "" is a caption too */
    [LK_CAPTION_EDIT_APPEND] = {true, false, N_("Type the words to append.")},
    [LK_CAPTION_EDIT_TRIGGERS] = {false, false, NULL},
};

static bool check_texts(const LkCaptionEditor *editor, GError **error)
{
    g_auto(GStrv) tags = lk_tags_parse(editor->text);
    if (needs[editor->kind].needs_text && !tags[0])
        return lk_set_error(error, LK_ERROR_USAGE, "%s", _(needs[editor->kind].missing));
    if (needs[editor->kind].one_tag && tags[1])
        return lk_set_error(error, LK_ERROR_USAGE, "%s",
                            _("Only one tag can be replaced at a time: take the comma out of it."));
    if (editor->kind == LK_CAPTION_EDIT_TRIGGERS && !editor->words[0])
        return lk_set_error(error, LK_ERROR_USAGE, "%s", _("The project has no trigger word yet."));
    return true;
}

static bool is_trigger(const LkCaptionEditor *editor, const char *tag)
{
    for (char **word = editor->words; *word; word++)
        if (lk_tags_equal(tag, *word, LK_TAGS_ANY_CASE))
            return true;
    return false;
}

/* Trigger words are neither removed nor replaced, except by something that has them. */
static void protect_triggers(LkCaptionEditor *editor)
{
    const bool removes = editor->kind == LK_CAPTION_EDIT_REMOVE, replaces = editor->kind == LK_CAPTION_EDIT_REPLACE;
    g_auto(GStrv) tags = lk_tags_parse(editor->text);
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    for (char **tag = tags; *tag && (removes || replaces); tag++) {
        const bool stays =
            is_trigger(editor, *tag) && !(replaces && lk_tags_find(editor->with, *tag, LK_TAGS_ANY_CASE) >= 0);
        editor->protects = editor->protects || stays;
        if (!stays)
            g_ptr_array_add(wanted, *tag);
    }
    g_ptr_array_add(wanted, NULL);
    editor->wanted = lk_tags_join((const char *const *)(void *)wanted->pdata);
}

static char *copy_text(const char *text)
{
    return g_utf8_make_valid(text ? text : "", -1);
}

LkCaptionEditor *lk_caption_editor_new(const LkCaptionEdit *edit, GError **error)
{
    g_autoptr(LkCaptionEditor) editor = g_new0(LkCaptionEditor, 1);
    editor->kind = edit->kind;
    editor->place = edit->place;
    editor->position = edit->position;
    editor->how = edit->any_case ? LK_TAGS_ANY_CASE : LK_TAGS_EXACT;
    editor->text = copy_text(edit->text);
    editor->with = copy_text(edit->with);
    editor->triggers = copy_text(edit->triggers);
    editor->words = lk_trigger_words(editor->triggers);
    if (!check_texts(editor, error))
        return NULL;
    if (edit->kind == LK_CAPTION_EDIT_REGEX) {
        editor->regex = lk_tags_regex_new(editor->text, editor->how, error);
        if (!editor->regex || !lk_tags_regex_check(editor->regex, editor->with, error))
            return NULL;
    }
    protect_triggers(editor);
    return g_steal_pointer(&editor);
}

void lk_caption_editor_free(LkCaptionEditor *editor)
{
    if (!editor)
        return;
    g_free(editor->text);
    g_free(editor->with);
    g_free(editor->triggers);
    g_free(editor->wanted);
    g_strfreev(editor->words);
    g_clear_pointer(&editor->regex, g_regex_unref);
    g_free(editor);
}

/* ------------------------------------------------------------------ one line of a caption */

static char *append_words(const char *line, const char *words)
{
    g_autofree char *front = g_strchomp(g_strdup(line));
    g_autofree char *back = g_strstrip(g_strdup(words));
    if (g_str_has_suffix(front, ",")) /* an empty part at the end is none */
        *strrchr(front, ',') = '\0';
    return g_strconcat(g_strchomp(front), *front ? LK_TAGS_SEPARATOR : "", back, NULL);
}

/* The edit alone; the same text where it has nothing to do. */
static char *edit_line(const LkCaptionEditor *editor, const char *line)
{
    switch (editor->kind) {
    case LK_CAPTION_EDIT_ADD:
        return lk_tags_add(line, editor->text, editor->place, editor->position, editor->how, editor->triggers);
    case LK_CAPTION_EDIT_REMOVE:
        return lk_tags_remove(line, editor->wanted, editor->how);
    case LK_CAPTION_EDIT_REPLACE:
        return *editor->wanted ? lk_tags_replace(line, editor->wanted, editor->with, editor->how) : g_strdup(line);
    case LK_CAPTION_EDIT_REGEX:
        return lk_tags_regex(line, editor->regex, editor->with);
    case LK_CAPTION_EDIT_SORT:
        return lk_tags_sort(line, editor->triggers);
    case LK_CAPTION_EDIT_DEDUPE:
        return lk_tags_dedupe(line, editor->how);
    case LK_CAPTION_EDIT_SET:
        return g_strdup(editor->text);
    case LK_CAPTION_EDIT_APPEND:
        return append_words(line, editor->text);
    case LK_CAPTION_EDIT_TRIGGERS:
        return lk_caption_add_triggers(line, editor->triggers, ",");
    }
    return g_strdup(line);
}

/* The edited text with the trigger words that the line had and lost, all of them in front. */
static char *keep_triggers(const LkCaptionEditor *editor, const char *line, const char *edited)
{
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    for (char **word = editor->words; *word; word++)
        if (lk_caption_has_trigger(line, *word, ",") && !lk_caption_has_trigger(edited, *word, ","))
            g_ptr_array_add(lost, *word);
    g_ptr_array_add(lost, NULL);
    g_autofree char *list = lk_tags_join((const char *const *)(void *)lost->pdata);
    g_autofree char *whole = lk_caption_add_triggers(edited, list, ",");
    return lk_tags_triggers_first(whole, editor->triggers);
}

static LkCaptionChange why_unchanged(const LkCaptionEditor *editor, const char *line)
{
    switch (editor->kind) {
    case LK_CAPTION_EDIT_REMOVE:
    case LK_CAPTION_EDIT_REPLACE: {
        g_auto(GStrv) tags = lk_tags_parse(editor->text);
        for (char **tag = tags; *tag; tag++)
            if (lk_tags_find(line, *tag, editor->how) >= 0)
                return editor->protects ? LK_CAPTION_KEPT : LK_CAPTION_HAS_IT;
        return LK_CAPTION_LACKS_IT;
    }
    case LK_CAPTION_EDIT_REGEX:
        return g_regex_match(editor->regex, line, G_REGEX_MATCH_DEFAULT, NULL) ? LK_CAPTION_HAS_IT
                                                                               : LK_CAPTION_LACKS_IT;
    case LK_CAPTION_EDIT_SORT:
    case LK_CAPTION_EDIT_DEDUPE:
        return LK_CAPTION_IN_ORDER;
    default:
        return LK_CAPTION_HAS_IT;
    }
}

static char *apply_to_line(const LkCaptionEditor *editor, const char *line, LkCaptionChange *change)
{
    g_autofree char *edited = edit_line(editor, line);
    if (strcmp(edited, line) != 0 && editor->words[0]) {
        char *kept = keep_triggers(editor, line, edited);
        g_free(edited);
        edited = kept;
    }
    *change = strcmp(edited, line) != 0 ? LK_CAPTION_CHANGED : why_unchanged(editor, line);
    return g_steal_pointer(&edited);
}

/* ------------------------------------------------------------------ a caption */

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\v\f")] == '\0';
}

/* Of several lines' answers the one that tells most. */
static LkCaptionChange stronger(LkCaptionChange a, LkCaptionChange b)
{
    static const int strength[LK_CAPTION_CHANGES] = {
        [LK_CAPTION_CHANGED] = 4, [LK_CAPTION_KEPT] = 3, [LK_CAPTION_HAS_IT] = 2, [LK_CAPTION_IN_ORDER] = 1};
    return strength[b] > strength[a] ? b : a;
}

/* Every line that is not blank; the first where all are. */
static char *apply_to_lines(const LkCaptionEditor *editor, const char *caption, LkCaptionChange *change)
{
    g_auto(GStrv) lines = g_strsplit_set(caption, "\r\n", -1);
    int first = 0;
    while (lines[first] && is_blank(lines[first]))
        first++;
    g_autoptr(GString) out = g_string_new(NULL);
    bool any = false;
    const char *at = caption;
    for (int i = 0; lines[i] || (i == 0 && !lines[0]); i++) {
        const char *line = lines[i] ? lines[i] : "";
        const bool edits = lines[first] ? !is_blank(line) : i == 0;
        LkCaptionChange one;
        g_autofree char *edited = edits ? apply_to_line(editor, line, &one) : g_strdup(line);
        g_string_append(out, edited);
        if (edits) {
            *change = any ? stronger(*change, one) : one;
            any = true;
        }
        at += strlen(line);
        if (!*at)
            break;
        g_string_append_c(out, *at++); /* the line end, as it was */
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *lk_caption_editor_apply(const LkCaptionEditor *editor, const char *caption, LkCaptionChange *change)
{
    LkCaptionChange unused;
    change = change ? change : &unused;
    *change = LK_CAPTION_LACKS_IT;
    g_autofree char *text = g_utf8_make_valid(caption, -1);
    g_autofree char *edited = editor->kind == LK_CAPTION_EDIT_SET ? apply_to_line(editor, text, change)
                                                                  : apply_to_lines(editor, text, change);
    return *change == LK_CAPTION_CHANGED ? g_steal_pointer(&edited) : g_strdup(caption);
}

/* ------------------------------------------------------------------ preview */

LkCaptionPreview lk_caption_editor_preview(const LkCaptionEditor *editor, const char *const *captions, guint count)
{
    LkCaptionPreview preview = {.total = count, .first = -1};
    for (guint i = 0; i < count; i++) {
        LkCaptionChange change;
        g_free(lk_caption_editor_apply(editor, captions[i], &change));
        preview.counts[change]++;
        if (change == LK_CAPTION_CHANGED && preview.first < 0)
            preview.first = (int)i;
    }
    return preview;
}

static char *clause(LkCaptionChange change, guint count)
{
    switch (change) {
    case LK_CAPTION_HAS_IT:
        return g_strdup_printf(ngettext("%u has it already", "%u have it already", count), count);
    case LK_CAPTION_LACKS_IT:
        return g_strdup_printf(ngettext("%u does not have it", "%u do not have it", count), count);
    case LK_CAPTION_KEPT:
        return g_strdup_printf(ngettext("%u keeps its trigger word", "%u keep their trigger word", count), count);
    default:
        return g_strdup_printf(ngettext("%u is in order", "%u are in order", count), count);
    }
}

char *lk_caption_preview_to_text(const LkCaptionPreview *preview)
{
    char *text = g_strdup_printf(
        /* Translators: of captions: an edit changes the first number of the second */
        ngettext("Changes %u of %u", "Changes %u of %u", preview->total), preview->counts[LK_CAPTION_CHANGED],
        preview->total);
    for (int i = LK_CAPTION_CHANGED + 1; i < LK_CAPTION_CHANGES; i++) {
        if (!preview->counts[i])
            continue;
        g_autofree char *before = text;
        g_autofree char *more = clause((LkCaptionChange)i, preview->counts[i]);
        /* Translators: joins two parts of a sentence, as in "Changes 4 of 6; 2 have it already" */
        text = g_strdup_printf(_("%s; %s"), before, more);
    }
    return text;
}
