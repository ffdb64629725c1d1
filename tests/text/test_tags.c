/* Captions as comma parts: tables by hand, and random captions against a naive model and laws. */
#include "base/philox.h"
#include "format/gerror.h"
#include "tests/tap.h"
#include "text/tags.h"
#include "text/trigger.h"

#include <string.h>

static void is(char *got, const char *wanted, const char *what)
{
    g_autofree char *shown = g_strescape(got, NULL), *other = g_strescape(wanted, NULL);
    if (!tap_ok(strcmp(got, wanted) == 0, "%s: \"%s\"", what, shown))
        tap_note("wanted \"%s\"", other);
    g_free(got);
}

static char *joined(const char *caption)
{
    g_auto(GStrv) tags = lk_tags_parse(caption);
    return g_strjoinv("|", tags);
}

static void test_parse(void)
{
    is(joined("a, b ,c"), "a|b|c", "parts");
    is(joined(" , ,,"), "", "only empty parts");
    is(joined(""), "", "nothing");
    is(joined("a\nb, c\r\nd\re"), "a|b|c|d|e", "lines");
    is(joined("\u3000side view\u00A0, \u732B\uFF0C\u72AC"), "side view|\u732B\uFF0C\u72AC",
       "wide spaces are trimmed, a wide comma is no comma");
    is(joined("bad \xFF, b"), "bad \uFFFD|b", "bytes that are not UTF-8");
    tap_ok(lk_tags_equal(" a ", "a", LK_TAGS_EXACT) && !lk_tags_equal("A", "a", LK_TAGS_EXACT) &&
               lk_tags_equal("Side  View", "side view", LK_TAGS_ANY_CASE) &&
               lk_tags_equal("\u00C9tude", "e\u0301tude", LK_TAGS_ANY_CASE) &&
               !lk_tags_equal("side view", "side views", LK_TAGS_ANY_CASE) &&
               !lk_tags_equal("e", "e\u0301", LK_TAGS_ANY_CASE),
           "equality");
    tap_ok(lk_tags_find("a, B, b", "b", LK_TAGS_EXACT) == 2 && lk_tags_find("a, B, b", " b ", LK_TAGS_ANY_CASE) == 1 &&
               lk_tags_find("a", "b", LK_TAGS_EXACT) == -1,
           "finding");
}

static char *add(const char *caption, const char *tags, LkTagsPlace place, int position, const char *triggers)
{
    return lk_tags_add(caption, tags, place, position, LK_TAGS_EXACT, triggers);
}

static void test_add(void)
{
    is(add("a,b", "c", LK_TAGS_END, 0, NULL), "a, b, c", "at the end");
    is(add("a,b", "c", LK_TAGS_FRONT, 0, NULL), "c, a, b", "in front");
    is(add("a,b", "c, d", LK_TAGS_AT, 1, NULL), "a, c, d, b", "at a position");
    is(add("a,b", "c", LK_TAGS_AT, 99, NULL), "a, b, c", "beyond the end");
    is(add("a,b", "c", LK_TAGS_AT, -5, NULL), "c, a, b", "before the front");
    is(add("a,b", " b ", LK_TAGS_FRONT, 0, NULL), "a,b", "what is there already changes no byte");
    is(add("a", "c, c, a", LK_TAGS_END, 0, NULL), "a, c", "once each");
    is(add("", "c", LK_TAGS_END, 0, NULL), "c", "to nothing");
    is(add(" \n\n", "c", LK_TAGS_END, 0, NULL), "c\n\n", "to blank lines");
    is(add("a\n\nb, c\n", "c", LK_TAGS_END, 0, NULL), "a, c\n\nb, c\n", "to every line");
    is(add("sks, a", "c", LK_TAGS_FRONT, 0, "sks"), "sks, c, a", "in front, behind the trigger word");
    is(add("SKS, dog, a", "c", LK_TAGS_AFTER_TRIGGER, 0, "dog, sks"), "SKS, dog, c, a", "behind two trigger words");
    is(add("photo of sks, a", "c", LK_TAGS_AT, 0, "sks"), "photo of sks, c, a", "behind a part with a trigger word");
    is(add("a, sks", "c", LK_TAGS_END, 0, "sks"), "sks, a, c", "a trigger word that was behind comes to the front");
    is(add("a", "sks", LK_TAGS_END, 0, "sks"), "sks, a", "a trigger word that is added");
    is(lk_tags_add("a, Branch", "branch, C", LK_TAGS_END, 0, LK_TAGS_ANY_CASE, NULL), "a, Branch, C", "any case");
}

static void test_remove_and_replace(void)
{
    is(lk_tags_remove("a, b,a ,c", "a", LK_TAGS_EXACT), "b, c", "every one goes");
    is(lk_tags_remove("a,b", "c", LK_TAGS_EXACT), "a,b", "what is not there changes no byte");
    is(lk_tags_remove("A, b\na", "a, b", LK_TAGS_ANY_CASE), "\n", "several, in all lines");
    is(lk_tags_remove_at("a, b\nc", 2), "a, b\n", "by index");
    is(lk_tags_remove_at("a,b", 2), "a,b", "no such index");
    is(lk_tags_remove_at("a,b", -1), "a,b", "nor this one");
    is(lk_tags_replace("a, b, a", "a", "x, y", LK_TAGS_EXACT), "x, y, b", "replaced once, the repetition goes");
    is(lk_tags_replace("a, b", "a", "b", LK_TAGS_EXACT), "b", "by what is there already");
    is(lk_tags_replace("a, b", "a", "", LK_TAGS_EXACT), "b", "by nothing");
    is(lk_tags_replace("Cat,b", "cat", "cat", LK_TAGS_ANY_CASE), "cat, b", "only the case");
    is(lk_tags_replace("a,b", "c", "d", LK_TAGS_EXACT), "a,b", "not there");
    is(lk_tags_replace_at("a, b, c", 1, "x, c, y"), "a, x, y, c", "by index, without what is there");
    is(lk_tags_move("a, b, c", 0, 2), "b, c, a", "moved to the end");
    is(lk_tags_move("a, b, c", 2, 0), "c, a, b", "to the front");
    is(lk_tags_move("a, b, c", 1, 99), "a, c, b", "beyond the end");
    is(lk_tags_move("a,b", 1, 1), "a,b", "to where it is");
    is(lk_tags_move("a,b", 7, 0), "a,b", "what is not there");
    is(lk_tags_move("a, b\nc, d", 0, 2), "b\nc, a, d", "into another line");
}

static void test_order(void)
{
    is(lk_tags_dedupe("a, b, A, a", LK_TAGS_EXACT), "a, b, A", "repetitions");
    is(lk_tags_dedupe("a, b, A, a\na", LK_TAGS_ANY_CASE), "a, b\na", "of any case, line by line");
    is(lk_tags_dedupe("a,b", LK_TAGS_EXACT), "a,b", "none");
    is(lk_tags_sort("b, B, a, img10, img9, img09", NULL), "a, B, b, img09, img9, img10", "sorted");
    is(lk_tags_sort("z, sks, photo of sks, a", "sks"), "sks, a, photo of sks, z", "the trigger word first");
    is(lk_tags_sort("photo of sks, z, sks, a", "sks"), "photo of sks, sks, a, z", "and what held it in front");
    is(lk_tags_triggers_first("a, DOG, b, sks", "sks, dog"), "DOG, sks, a, b", "trigger words first, in their order");
    is(lk_tags_triggers_first("a,photo of sks", "sks"), "a,photo of sks", "a sentence stays where it is");
    is(lk_tags_triggers_first("a,b", NULL), "a,b", "no trigger words");
    tap_ok(lk_tags_pinned("sks, a sks dog, b", "sks") == 2 && lk_tags_pinned("b, sks", "sks") == 0 &&
               lk_tags_pinned("\n\nsks", "sks") == 1 && lk_tags_pinned("", "sks") == 0,
           "how many are pinned");
}

static char *regex(const char *caption, const char *pattern, const char *replacement, LkTagsCase how)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) compiled = lk_tags_regex_new(pattern, how, &error);
    if (!compiled || !lk_tags_regex_check(compiled, replacement, &error))
        return g_strdup_printf("error: %s", error->message);
    return lk_tags_regex(caption, compiled, replacement);
}

static void test_regex(void)
{
    is(regex("red hat, blue  hat", "(\\w+) +hat", "\\1 cap", LK_TAGS_EXACT), "red cap, blue cap", "groups");
    is(regex("red,  blue", "green", "x", LK_TAGS_EXACT), "red,  blue", "no match changes no byte");
    is(regex("a, b, c", "b", "", LK_TAGS_EXACT), "a, c", "separators are tidied");
    is(regex("a\r\nA\nb", "a", "x", LK_TAGS_ANY_CASE), "x\r\nx\nb", "each line");
    is(regex("a, b", ", ", "\\n", LK_TAGS_EXACT), "a b", "no new lines");
    is(regex("x1", "(?<n>\\d)", "\\g<n>\\g<n>", LK_TAGS_EXACT), "x11", "named groups");
    is(regex("caf\u00e9", "\\w+$", "x", LK_TAGS_EXACT), "x", "letters beyond ASCII");
    char *errors[] = {regex("a", "(", "", LK_TAGS_EXACT),    regex("a", "", "", LK_TAGS_EXACT),
                      regex("a", "a", "\\", LK_TAGS_EXACT),  regex("a", "(a)", "\\2", LK_TAGS_EXACT),
                      regex("a", "\xFF", "", LK_TAGS_EXACT), regex("a", "a", "\\g<7>", LK_TAGS_EXACT)};
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        tap_ok(g_str_has_prefix(errors[i], "error: ") && strlen(errors[i]) > 30 && !strstr(errors[i], "LIMIT"), "%s",
               errors[i]);
        g_free(errors[i]);
    }
    g_autofree char *many = g_strnfill(5000, 'a');
    g_autofree char *trap = g_strconcat(many, "!", NULL);
    const gint64 start = g_get_monotonic_time();
    g_autofree char *same = regex(trap, "(a+)+$", "x", LK_TAGS_EXACT);
    tap_ok(strcmp(same, trap) == 0 && g_get_monotonic_time() - start < 5 * G_USEC_PER_SEC,
           "a pattern that would take for ever is given up");
}

/* ------------------------------------------------------------------ random captions */

#define ROUNDS 20000

static const char *const pieces[] = {"a",      "b",       "B",         "sks", "SKS dog", "photo of sks",
                                     "img10",  "img9",    "side view", "",    " ",       "\u732B",
                                     "\u00C9", "e\u0301", "x  y",      "dog", "\xFF",    "\u3000c"};

static uint32_t at, round_number;

static uint32_t below(uint32_t n)
{
    return lk_random_below((LkRandom){77, LK_RANDOM_TEST, round_number}, at++, n);
}

static char *random_caption(bool one_line)
{
    GString *out = g_string_new(NULL);
    for (uint32_t n = below(9); n > 0; n--) {
        g_string_append(out, pieces[below(G_N_ELEMENTS(pieces))]);
        g_string_append(out, below(6) || one_line ? (below(2) ? "," : ", ") : below(2) ? "\n" : "\r\n");
    }
    return g_string_free(out, FALSE);
}

static char *plain(const char *caption)
{
    g_auto(GStrv) tags = lk_tags_parse(caption);
    return lk_tags_join((const char *const *)tags);
}

/* Whether the parts of two captions are the same but for their order. */
static bool same_set(const char *a, const char *b)
{
    g_auto(GStrv) x = lk_tags_parse(a), y = lk_tags_parse(b);
    bool same = g_strv_length(x) == g_strv_length(y);
    for (char **tag = x; *tag && same; tag++) {
        int count = 0;
        for (char **other = x; *other; other++)
            count += strcmp(*tag, *other) == 0;
        for (char **other = y; *other; other++)
            count -= strcmp(*tag, *other) == 0;
        same = count == 0;
    }
    return same;
}

/* What must hold for one line; a naive model where there is a simple one. */
static const char *law_of_line(const char *caption, const char *tag, uint32_t number, LkTagsCase how)
{
    g_auto(GStrv) tags = lk_tags_parse(caption);
    const guint count = g_strv_length(tags);
    g_autofree char *canonical = lk_tags_join((const char *const *)tags);
    g_autofree char *again = plain(canonical);
    if (strcmp(canonical, again))
        return "what was joined is taken apart into the same";

    g_autofree char *added = lk_tags_add(caption, tag, LK_TAGS_AT, (int)number, how, NULL);
    const bool was_there = lk_tags_find(caption, tag, how) >= 0;
    if (lk_tags_find(added, tag, how) < 0 || (was_there && strcmp(added, caption)))
        return "a tag that was added is there, and once";
    g_autofree char *removed = lk_tags_remove(added, tag, how);
    g_autofree char *removed_plain = plain(removed);
    if (lk_tags_find(removed, tag, how) >= 0 || (!was_there && strcmp(removed_plain, canonical)))
        return "what was added can be removed";

    if (count) {
        const guint from = number % count, to = (number / 16) % count;
        GPtrArray *model = g_ptr_array_new();
        for (guint i = 0; i < count; i++)
            if (i != from)
                g_ptr_array_add(model, tags[i]);
        g_ptr_array_insert(model, (int)to, tags[from]);
        g_ptr_array_add(model, NULL);
        g_autofree char *wanted = lk_tags_join((const char *const *)(void *)model->pdata);
        g_ptr_array_unref(model);
        g_autofree char *moved = lk_tags_move(caption, (int)from, (int)to);
        g_autofree char *moved_plain = plain(moved);
        if (strcmp(moved_plain, wanted))
            return "a move is a removal and an insertion";
    }

    g_autofree char *single = lk_tags_dedupe(caption, how);
    g_auto(GStrv) singles = lk_tags_parse(single);
    guint kept = 0;
    for (guint i = 0; i < count; i++) {
        bool repeated = false;
        for (guint k = 0; k < i; k++)
            repeated = repeated || lk_tags_equal(tags[i], tags[k], how);
        if (!repeated && (!singles[kept] || strcmp(singles[kept++], tags[i])))
            return "the first of equal parts stay";
    }
    return singles[kept] ? "and no others" : NULL;
}

static const char *law_of_caption(const char *caption, const char *tag, const char *with, LkTagsCase how)
{
    const char *triggers = "sks, dog";
    char *results[] = {lk_tags_add(caption, tag, LK_TAGS_FRONT, 0, how, triggers),
                       lk_tags_sort(caption, triggers),
                       lk_tags_triggers_first(caption, triggers),
                       lk_tags_replace(caption, tag, with, how),
                       lk_tags_remove(caption, tag, how),
                       lk_tags_dedupe(caption, how),
                       lk_tags_replace_at(caption, 1, with)};
    char *twice[] = {lk_tags_add(results[0], tag, LK_TAGS_FRONT, 0, how, triggers),
                     lk_tags_sort(results[1], triggers),
                     lk_tags_triggers_first(results[2], triggers),
                     NULL,
                     lk_tags_remove(results[4], tag, how),
                     lk_tags_dedupe(results[5], how),
                     NULL};
    const char *broken = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        if (strcmp(results[i], caption) && !g_utf8_validate(results[i], -1, NULL))
            broken = "what was changed is UTF-8";
        if (twice[i] && strcmp(twice[i], results[i]))
            broken = "doing it twice is doing it once";
    }
    if (!same_set(caption, results[1]) || !same_set(caption, results[2]))
        broken = "order is all that sorting changes";
    g_auto(GStrv) first = lk_tags_parse(results[1]);
    if (!strpbrk(caption, "\r\n") && lk_tags_find(caption, "sks", LK_TAGS_ANY_CASE) >= 0 &&
        !lk_caption_has_trigger(first[0], "sks", ",") && !lk_caption_has_trigger(first[0], "dog", ","))
        broken = "a trigger word is in front";
    if (lk_tags_find(with, tag, how) < 0 && lk_tags_find(results[3], tag, how) >= 0)
        broken = "what was replaced is gone";
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        g_free(results[i]);
        g_free(twice[i]);
    }
    return broken;
}

static void test_random(void)
{
    int broken = 0;
    for (round_number = 0; round_number < ROUNDS && broken < 5; round_number++) {
        at = 0;
        g_autofree char *line = random_caption(true), *caption = random_caption(false), *with = random_caption(true);
        const char *tag = pieces[below(8)];
        const LkTagsCase how = below(2) ? LK_TAGS_EXACT : LK_TAGS_ANY_CASE;
        const char *law = law_of_line(line, tag, below(200), how);
        const char *other = law_of_caption(caption, tag, with, how);
        broken += law || other;
        g_autofree char *shown = g_strescape(caption, NULL);
        if (law || other)
            tap_note("round %u: %s: line [%s] caption [%s] tag [%s] with [%s]", round_number, law ? law : other, line,
                     shown, tag, with);
    }
    tap_ok(broken == 0, "the laws hold for %d random captions", ROUNDS);
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    test_parse();
    test_add();
    test_remove_and_replace();
    test_order();
    test_regex();
    test_random();
    return tap_done();
}
