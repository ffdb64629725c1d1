/* The tag index: random edits of captions against counting anew, completion against a naive one, speed. */
#include "base/philox.h"
#include "dataset/tag_index.h"
#include "tests/tap.h"
#include "text/tags.h"

#include <string.h>

enum { CAPTIONS = 40 };

static LkRandom stream = {3, LK_RANDOM_TEST, 0};
static uint32_t drawn;

static uint32_t below(uint32_t n)
{
    return lk_random_below(stream, drawn++, n);
}

static char *random_caption(void)
{
    static const char *const tags[] = {"branch", "Branch",        "side view", "b",        "bird",
                                       "bi",     "\u00C9t\u00E9", "sky",       "blue sky", "x"};
    GString *out = g_string_new(NULL);
    for (uint32_t n = below(7); n > 0; n--)
        g_string_append_printf(out, "%s%s", tags[below(G_N_ELEMENTS(tags))], below(2) ? ", " : ",");
    return g_string_free(out, FALSE);
}

/* In how many captions a tag stands, by looking. */
static guint naive_count(char *const *captions, const char *tag)
{
    guint count = 0;
    for (int i = 0; i < CAPTIONS; i++)
        count += captions[i] && lk_tags_find(captions[i], tag, LK_TAGS_EXACT) >= 0;
    return count;
}

static const char *law(LkTagIndex *index, char *const *captions)
{
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < CAPTIONS; i++) {
        g_auto(GStrv) tags = lk_tags_parse(captions[i] ? captions[i] : "");
        for (char **tag = tags; *tag; tag++)
            g_hash_table_add(all, g_strdup(*tag));
    }
    if (lk_tag_index_size(index) != g_hash_table_size(all))
        return "as many as there are";
    guint last = G_MAXUINT;
    for (guint i = 0; i < lk_tag_index_size(index); i++) {
        const LkTagCount found = lk_tag_index_at(index, i);
        if (found.count != naive_count(captions, found.tag) || found.count != lk_tag_index_count(index, found.tag))
            return "the counts";
        if (found.count > last)
            return "the order";
        last = found.count;
        if (!g_hash_table_remove(all, found.tag))
            return "each once";
    }
    return NULL;
}

static void test_random(void)
{
    g_autoptr(LkTagIndex) index = lk_tag_index_new();
    char *captions[CAPTIONS] = {NULL};
    const char *broken = NULL;
    for (uint32_t round = 0; round < 3000 && !broken; round++) {
        for (uint32_t edits = 1 + below(3); edits > 0; edits--) {
            char **caption = &captions[below(CAPTIONS)];
            char *new = below(5) ? random_caption() : NULL;
            lk_tag_index_change(index, *caption, new);
            g_free(*caption);
            *caption = new;
        }
        if (below(3) == 0)
            broken = law(index, captions);
    }
    tap_ok(!broken, "random edits: %s", broken ? broken : "counts, order and size hold");
    for (int i = 0; i < CAPTIONS; i++) {
        lk_tag_index_change(index, captions[i], NULL);
        g_free(captions[i]);
    }
    tap_ok(lk_tag_index_size(index) == 0 && lk_tag_index_count(index, "b") == 0,
           "and without captions nothing is left");
}

static char *completed(LkTagIndex *index, const char *typed, const char *caption, guint most)
{
    g_autoptr(GArray) found = lk_tag_index_complete(index, typed, caption, most);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < found->len; i++)
        g_string_append_printf(out, "%s%s %u", i ? ", " : "", g_array_index(found, LkTagCount, i).tag,
                               g_array_index(found, LkTagCount, i).count);
    return g_string_free(out, FALSE);
}

static void test_complete(void)
{
    g_autoptr(LkTagIndex) index = lk_tag_index_new();
    static const char *const captions[] = {"perched, sky, blue sky", "perched, Perching on wire",
                                           "Perching on wire, sky, perched, perched", "superb, \u00C9t\u00E9, sky",
                                           "sky"};
    for (size_t i = 0; i < G_N_ELEMENTS(captions); i++)
        lk_tag_index_change(index, NULL, captions[i]);
    static const struct {
        const char *typed, *caption;
        guint most;
        const char *wanted;
    } cases[] = {
        {"perch", NULL, 9, "perched 3, Perching on wire 2"},
        {"PER", NULL, 9, "perched 3, Perching on wire 2, superb 1"},
        {"per", NULL, 2, "perched 3, Perching on wire 2"},
        {"per", "a, perched", 2, "Perching on wire 2, superb 1"},
        {" sky ", NULL, 9, "sky 4, blue sky 1"},
        {"\u00E9T", NULL, 9, "\u00C9t\u00E9 1"},
        {"", NULL, 2, "sky 4, perched 3"},
        {"", "sky", 2, "perched 3, Perching on wire 2"},
        {"nothing", NULL, 9, ""},
        {"sky", NULL, 0, ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = completed(index, cases[i].typed, cases[i].caption, cases[i].most);
        tap_ok(strcmp(got, cases[i].wanted) == 0, "\"%s\": %s", cases[i].typed, got);
    }
}

static double since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / 1000;
}

static void test_speed(void)
{
    enum { COUNT = 100000 };
    g_autoptr(LkTagIndex) index = lk_tag_index_new();
    gint64 start = g_get_monotonic_time();
    for (int i = 0; i < COUNT; i++) {
        g_autofree char *caption = g_strdup_printf(
            "rlk_bird, rainbow lorikeet, branch %d, side view %d, light %d, only %d", i % 50, i % 7, i % 3000, i);
        lk_tag_index_change(index, NULL, caption);
    }
    const guint size = lk_tag_index_size(index);
    const LkTagCount top = lk_tag_index_at(index, 0);
    tap_ok(size == COUNT + 50 + 7 + 3000 + 2 && top.count == COUNT, "%d captions with %u tags: %.0f ms", COUNT, size,
           since(start));
    start = g_get_monotonic_time();
    lk_tag_index_change(index, "rlk_bird, rainbow lorikeet, branch 1, side view 1, light 1, only 1",
                        "rlk_bird, rainbow lorikeet, branch 2, side view 1, light 1, only 2");
    const LkTagCount last = lk_tag_index_at(index, lk_tag_index_size(index) - 1);
    tap_ok(last.count == 1, "one edit and the list anew: %.2f ms", since(start));
    start = g_get_monotonic_time();
    g_autofree char *got = completed(index, "view 3", NULL, 3);
    tap_ok(g_str_has_prefix(got, "side view 3"), "a completion from the middle: %.2f ms", since(start));
}

int main(void)
{
    test_random();
    test_complete();
    test_speed();
    return tap_done();
}
