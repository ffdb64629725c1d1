/* Bulk edits: what they do to a caption, what they say about it, and that a trigger word is never lost. */
#include "base/philox.h"
#include "dataset/caption_edit.h"
#include "format/gerror.h"
#include "tests/tap.h"
#include "text/trigger.h"

#include <string.h>

static const char *const change_names[] = {"changed", "has it", "lacks it", "kept", "in order"};

typedef struct Case {
    LkCaptionEdit edit;
    const char *caption, *wanted;
    LkCaptionChange change;
} Case;

#define ADD(...)    {.kind = LK_CAPTION_EDIT_ADD, __VA_ARGS__}
#define REMOVE(...) {.kind = LK_CAPTION_EDIT_REMOVE, __VA_ARGS__}
#define SWAP(...)   {.kind = LK_CAPTION_EDIT_REPLACE, __VA_ARGS__}
#define REGEX(...)  {.kind = LK_CAPTION_EDIT_REGEX, __VA_ARGS__}
#define SET(...)    {.kind = LK_CAPTION_EDIT_SET, __VA_ARGS__}
#define APPEND(...) {.kind = LK_CAPTION_EDIT_APPEND, __VA_ARGS__}

static const Case cases[] = {
    {ADD(.text = "c", .place = LK_TAGS_END), "a,b", "a, b, c", LK_CAPTION_CHANGED},
    {ADD(.text = "b, a"), "a,b", "a,b", LK_CAPTION_HAS_IT},
    {ADD(.text = "b, c"), "a,b", "c, a, b", LK_CAPTION_CHANGED},
    {ADD(.text = "B", .any_case = true), "a,b", "a,b", LK_CAPTION_HAS_IT},
    {ADD(.text = "c", .triggers = "sks"), "sks,a", "sks, c, a", LK_CAPTION_CHANGED},
    {ADD(.text = "c", .triggers = "sks"), "a,b", "c, a, b", LK_CAPTION_CHANGED},
    {ADD(.text = "c", .place = LK_TAGS_AT, .position = 1), "a\r\n\r\nb, d\n", "a, c\r\n\r\nb, c, d\n",
     LK_CAPTION_CHANGED},
    {ADD(.text = "c"), "", "c", LK_CAPTION_CHANGED},
    {ADD(.text = "c"), "\n\n", "c\n\n", LK_CAPTION_CHANGED},
    {REMOVE(.text = "b"), "a,b", "a", LK_CAPTION_CHANGED},
    {REMOVE(.text = "c"), "a,b", "a,b", LK_CAPTION_LACKS_IT},
    {REMOVE(.text = "sks", .triggers = "sks"), "sks,b", "sks,b", LK_CAPTION_KEPT},
    {REMOVE(.text = "sks, b", .triggers = "sks"), "SKS,sks, b", "SKS, sks", LK_CAPTION_CHANGED},
    {REMOVE(.text = "sks", .triggers = "sks"), "a", "a", LK_CAPTION_LACKS_IT},
    {REMOVE(.text = "photo of sks", .triggers = "sks"), "photo of sks,b", "sks, b", LK_CAPTION_CHANGED},
    {SWAP(.text = "a", .with = "x, y"), "b,a", "b, x, y", LK_CAPTION_CHANGED},
    {SWAP(.text = "a", .with = ""), "b,a", "b", LK_CAPTION_CHANGED},
    {SWAP(.text = "c", .with = "x"), "b,a", "b,a", LK_CAPTION_LACKS_IT},
    {SWAP(.text = "a", .with = "a"), "b,a", "b,a", LK_CAPTION_HAS_IT},
    {SWAP(.text = "sks", .with = "x", .triggers = "sks"), "sks, a", "sks, a", LK_CAPTION_KEPT},
    {SWAP(.text = "sks", .with = "sks, x", .triggers = "sks"), "sks, a", "sks, x, a", LK_CAPTION_CHANGED},
    {SWAP(.text = "a", .with = "sks", .triggers = "sks"), "b, a", "sks, b", LK_CAPTION_CHANGED},
    {REGEX(.text = "(\\d)girl", .with = "\\1 girl"), "2girls, a", "2 girls, a", LK_CAPTION_CHANGED},
    {REGEX(.text = "x", .with = "y"), "a", "a", LK_CAPTION_LACKS_IT},
    {REGEX(.text = "a", .with = "a"), "a", "a", LK_CAPTION_HAS_IT},
    {REGEX(.text = "SKS", .with = "it", .any_case = true, .triggers = "sks"), "a photo of sks, b",
     "sks, a photo of it, b", LK_CAPTION_CHANGED},
    {{.kind = LK_CAPTION_EDIT_SORT, .triggers = "sks"}, "sks,c,b", "sks, b, c", LK_CAPTION_CHANGED},
    {{.kind = LK_CAPTION_EDIT_SORT}, "a,b", "a,b", LK_CAPTION_IN_ORDER},
    {{.kind = LK_CAPTION_EDIT_DEDUPE}, "a,b,a", "a, b", LK_CAPTION_CHANGED},
    {{.kind = LK_CAPTION_EDIT_DEDUPE}, "a,A", "a,A", LK_CAPTION_IN_ORDER},
    {SET(.text = "new, text"), "old", "new, text", LK_CAPTION_CHANGED},
    {SET(.text = "new, text"), "new, text", "new, text", LK_CAPTION_HAS_IT},
    {SET(.text = "new", .triggers = "sks"), "sks, old", "sks, new", LK_CAPTION_CHANGED},
    {SET(.text = "new", .triggers = "sks"), "old", "new", LK_CAPTION_CHANGED},
    {SET(.text = ""), "old", "", LK_CAPTION_CHANGED},
    {APPEND(.text = " at dusk "), "a bird, ", "a bird, at dusk", LK_CAPTION_CHANGED},
    {APPEND(.text = "x"), "", "x", LK_CAPTION_CHANGED},
    {APPEND(.text = "x"), "a\nb", "a, x\nb, x", LK_CAPTION_CHANGED},
    {{.kind = LK_CAPTION_EDIT_TRIGGERS, .triggers = "sks, dog"}, "a dog", "sks, a dog", LK_CAPTION_CHANGED},
    {{.kind = LK_CAPTION_EDIT_TRIGGERS, .triggers = "sks"}, "a SKS", "a SKS", LK_CAPTION_HAS_IT},
};

static void test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCaptionEditor) editor = lk_caption_editor_new(&cases[i].edit, &error);
        if (!editor) {
            tap_ok(false, "case %zu: %s", i, error->message);
            continue;
        }
        LkCaptionChange change;
        g_autofree char *got = lk_caption_editor_apply(editor, cases[i].caption, &change);
        g_autofree char *shown = g_strescape(got, NULL), *caption = g_strescape(cases[i].caption, NULL);
        tap_ok(strcmp(got, cases[i].wanted) == 0 && change == cases[i].change, "\"%s\" → \"%s\" (%s)", caption, shown,
               change_names[change]);
    }
}

static void test_refused(void)
{
    static const LkCaptionEdit refused[] = {
        ADD(.text = " , "),
        REMOVE(.text = ""),
        SWAP(.text = "a, b", .with = "c"),
        SWAP(.text = NULL),
        REGEX(.text = "("),
        REGEX(.text = ""),
        REGEX(.text = "a", .with = "\\"),
        APPEND(.text = " "),
        {.kind = LK_CAPTION_EDIT_TRIGGERS},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCaptionEditor) editor = lk_caption_editor_new(&refused[i], &error);
        tap_ok(!editor && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE), "refused: %s",
               error ? error->message : "no");
    }
}

static void test_preview(void)
{
    const char *const captions[] = {"a", "perched, b", "c", "d, perched", "", "e"};
    const LkCaptionEdit add = ADD(.text = "perched", .place = LK_TAGS_END);
    g_autoptr(LkCaptionEditor) adder = lk_caption_editor_new(&add, NULL);
    const LkCaptionPreview preview = lk_caption_editor_preview(adder, captions, 6);
    g_autofree char *text = lk_caption_preview_to_text(&preview);
    tap_ok(preview.total == 6 && preview.counts[LK_CAPTION_CHANGED] == 4 && preview.counts[LK_CAPTION_HAS_IT] == 2 &&
               preview.first == 0 && strcmp(text, "Changes 4 of 6; 2 have it already") == 0,
           "%s", text);
    const LkCaptionEdit remove = REMOVE(.text = "perched, sks", .triggers = "sks");
    g_autoptr(LkCaptionEditor) remover = lk_caption_editor_new(&remove, NULL);
    const char *const more[] = {"a", "sks", "sks, perched"};
    const LkCaptionPreview second = lk_caption_editor_preview(remover, more, 3);
    g_autofree char *other = lk_caption_preview_to_text(&second);
    tap_ok(second.first == 2 && strcmp(other, "Changes 1 of 3; 1 does not have it; 1 keeps its trigger word") == 0,
           "%s", other);
}

static char *random_text(LkRandom stream, uint32_t *at, uint32_t most)
{
    static const char *const pieces[] = {"sks", "SKS dog", "photo of sks", "a",     "b", "dog", ",", ", ", "\n",
                                         " ",   "(",       "x+",           "\u732B"};
    GString *out = g_string_new(NULL);
    for (uint32_t n = lk_random_below(stream, (*at)++, most); n > 0; n--)
        g_string_append(out, pieces[lk_random_below(stream, (*at)++, G_N_ELEMENTS(pieces))]);
    return g_string_free(out, FALSE);
}

/* Whatever the edit, it is deterministic, gives UTF-8, says truly whether it changed something, and keeps triggers. */
static void test_random(void)
{
    int broken = 0, made = 0;
    for (uint32_t round = 0; round < 20000 && broken < 5; round++) {
        const LkRandom stream = {5, LK_RANDOM_TEST, round};
        uint32_t at = 0;
        g_autofree char *caption = random_text(stream, &at, 12), *text = random_text(stream, &at, 3);
        g_autofree char *with = random_text(stream, &at, 3);
        const LkCaptionEdit edit = {.kind = lk_random_below(stream, at++, LK_CAPTION_EDIT_TRIGGERS + 1),
                                    .text = text,
                                    .with = with,
                                    .place = lk_random_below(stream, at++, 4),
                                    .position = (int)lk_random_below(stream, at++, 5),
                                    .any_case = lk_random_below(stream, at++, 2),
                                    .triggers = lk_random_below(stream, at++, 3) ? "sks, dog" : NULL};
        g_autoptr(LkCaptionEditor) editor = lk_caption_editor_new(&edit, NULL);
        if (!editor)
            continue;
        made++;
        LkCaptionChange change, second;
        g_autofree char *once = lk_caption_editor_apply(editor, caption, &change);
        g_autofree char *again = lk_caption_editor_apply(editor, caption, &second);
        g_auto(GStrv) words = lk_trigger_words(edit.triggers ? edit.triggers : "");
        const char *law = NULL;
        if (strcmp(once, again) || change != second)
            law = "the same edit gives the same";
        if (!g_utf8_validate(once, -1, NULL))
            law = "what comes out is UTF-8";
        if ((strcmp(once, caption) != 0) != (change == LK_CAPTION_CHANGED))
            law = "it says whether it changed something";
        for (char **word = words; *word; word++)
            if (lk_caption_has_trigger(caption, *word, ",") && !lk_caption_has_trigger(once, *word, ","))
                law = "a trigger word stays";
        broken += law != NULL;
        if (law)
            tap_note("round %u, kind %d: %s", round, edit.kind, law);
    }
    tap_ok(broken == 0 && made > 10000, "the laws hold for %d random edits", made);
}

static void test_speed(void)
{
    enum { COUNT = 20000 };
    g_autoptr(GPtrArray) captions = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < COUNT; i++)
        g_ptr_array_add(captions, g_strdup_printf("rlk_bird, rainbow lorikeet, branch, side view, soft light, tag %d, "
                                                  "green background, close-up, flying, blue sky, tag %d",
                                                  i % 700, i % 31));
    const LkCaptionEdit add = ADD(.text = "tag 30", .place = LK_TAGS_END, .triggers = "rlk_bird");
    g_autoptr(LkCaptionEditor) editor = lk_caption_editor_new(&add, NULL);
    const gint64 start = g_get_monotonic_time();
    const LkCaptionPreview preview =
        lk_caption_editor_preview(editor, (const char *const *)(void *)captions->pdata, COUNT);
    tap_ok(preview.counts[LK_CAPTION_CHANGED] > 19000, "a preview of %d captions: %.0f ms", COUNT,
           (double)(g_get_monotonic_time() - start) / 1000);
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    test_cases();
    test_refused();
    test_preview();
    test_random();
    test_speed();
    return tap_done();
}
