/* The filter language: examples and errors by hand, random filters against a naive evaluator, random bytes, speed. */
#include "base/philox.h"
#include "dataset/filter.h"
#include "format/gerror.h"
#include "tests/tap.h"

#include <string.h>

static const char *const bird_tags[] = {"rlk_bird", "Rainbow Lorikeet", "branch", "side view", "a \\(b\\)", NULL};
static const char *const no_tags[] = {NULL};

/* 0: a bird; 1: nothing known or said; 2: a square with other problems. */
static const LkFilterSubject subjects[] = {
    {.name = "lorikeet_004.JPG",
     .caption = "rlk_bird, Rainbow Lorikeet, branch, side view, a \\(b\\)",
     .tags = bird_tags,
     .tokens = 20,
     .repeats = 15,
     .size = {1248, 832},
     .bucket = {640, 384},
     .bytes = 412000,
     .problems = 0,
     .has_trigger = true,
     .has_mask = true},
    {.name = "\u732B \u00C9t\u00E9.png",
     .caption = " \u3000",
     .tags = no_tags,
     .tokens = -1,
     .repeats = 1,
     .bytes = -1,
     .problems = G_GUINT64_CONSTANT(1) << LK_FINDING_CAPTION_EMPTY,
     .excluded = true},
    {.name = "x.webp",
     .caption = "photo of a \u00C9T\u00C9, NOT a cat",
     .tags = NULL,
     .tokens = 80,
     .repeats = 1,
     .size = {300, 300},
     .bytes = 2500000,
     .problems = G_GUINT64_CONSTANT(1) << LK_FINDING_PICTURE_SMALL | G_GUINT64_CONSTANT(1) << LK_FINDING_CAPTION_LONG,
     .is_reg = true},
};

/* What each subject is to give, as "101". */
static const char *const examples[][2] = {
    {"", "111"},
    {"  ", "111"},
    {"lorikeet", "100"},
    {"LORIKEET", "100"},
    {"branch", "100"},
    {"web", "001"},
    {"\"rainbow lorikeet\"", "100"},
    {"rainbow lorikeet", "100"},
    {"rainbow cat", "000"},
    {"tag:branch", "100"},
    {"tag:bran", "000"},
    {"tag:bran*", "100"},
    {"tag:\"SIDE view\"", "100"},
    {"tag:*view", "100"},
    {"tag:\"side \"*", "100"},
    {"tag:*", "100"},
    {"tag:\"*\"", "000"},
    {"tag:\"a \"\\(b\\)", "100"},
    {"-tag:branch", "011"},
    {"NOT tag:branch", "011"},
    {"NOT NOT tag:branch", "100"},
    {"--tag:branch", "100"},
    {"caption:bird,*branch", "100"},
    {"caption:\u00E9t\u00E9", "001"},
    {"name:\u00E9T\u00E9", "010"},
    {"\u00E9t\u00E9", "011"},
    {"name:*.jpg", "100"},
    {"name:lori*4.jpg", "100"},
    {"name:lori*4", "000"},
    {"name:*4*", "100"},
    {"*.PNG", "010"},
    {"tokens:>75", "001"},
    {"tokens:<75", "100"},
    {"-tokens:<75", "011"},
    {"tokens:20", "100"},
    {"tokens:=20", "100"},
    {"tokens:>=20", "101"},
    {"tokens:<=20", "100"},
    {"tokens:20..80", "101"},
    {"tokens:21..", "001"},
    {"tokens:..79", "100"},
    {"width:<512", "001"},
    {"height:>0", "101"},
    {"repeats:>1", "100"},
    {"tags:5", "100"},
    {"tags:0", "011"},
    {"size:>2MB", "001"},
    {"size:<0.5mb", "100"},
    {"size:400kB..3MB", "101"},
    {"size:>402KiB", "101"},
    {"size:>403KiB", "001"},
    {"bucket:640x384", "100"},
    {"no:caption", "010"},
    {"has:caption", "101"},
    {"-no:caption", "101"},
    {"no:trigger", "011"},
    {"has:mask", "100"},
    {"has:problem", "011"},
    {"no:problem", "100"},
    {"is:excluded", "010"},
    {"is:reg", "001"},
    {"is:landscape", "100"},
    {"is:square", "001"},
    {"is:portrait", "000"},
    {"problem:picture-small", "001"},
    {"problem:small", "001"},
    {"problem:caption-*", "011"},
    {"problem:empty", "010"},
    {"tag:branch OR is:excluded", "110"},
    {"tag:branch AND is:excluded", "000"},
    {"tag:branch OR is:excluded is:reg", "100"},
    {"(tag:branch OR is:excluded) is:excluded", "010"},
    {"-(tag:branch OR is:excluded)", "001"},
    {"(((x)))", "001"},
    {"\"NOT\" a", "001"},
    {"or", "100"},
    {"\"ta\"\"g:x\"", "000"},
    {"\"tag:x\"", "000"},
    {"4_(x)", "000"},
    {":)", NULL},
    {"TAG:branch IS:Landscape", "100"},
};

static void test_examples(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkFilter) filter = lk_filter_parse(examples[i][0], NULL, &error);
        if (!examples[i][1]) {
            tap_ok(!filter, "%s is refused", examples[i][0]);
            continue;
        }
        char got[4] = "---";
        for (size_t s = 0; filter && s < 3; s++)
            got[s] = lk_filter_match(filter, &subjects[s]) ? '1' : '0';
        tap_ok(strcmp(got, examples[i][1]) == 0, "%s: %s%s", examples[i][0], got, error ? error->message : "");
    }
}

static void test_errors(void)
{
    static const struct {
        const char *text;
        size_t at;
        const char *words;
    } errors[] = {
        {"a (b", 2, "no end"},
        {"a b)", 3, "no beginning"},
        {"()", 1, "nothing in front"},
        {"a OR", 4, "missing at the end"},
        {"OR a", 0, "missing here"},
        {"a AND AND b", 6, "missing here"},
        {"NOT", 3, "missing at the end"},
        {"a - b", 2, "stands directly"},
        {"-", 1, "missing at the end"},
        {"x \"ab", 2, "no end"},
        {"\"\"", 0, "nothing between"},
        {"tag:", 0, "behind \"tag:\""},
        {"tga:x", 0, "did you mean \"tag:\""},
        {"http://x", 0, "quotes"},
        {"a tokens:many", 2, "tokens:>75"},
        {"tokens:>", 0, "tokens:>75"},
        {"tokens:..", 0, "tokens:>75"},
        {"tokens:1.5", 0, "tokens:>75"},
        {"size:>2parsec", 0, "size:>2MB"},
        {"bucket:640", 0, "bucket:640x384"},
        {"is:blue", 0, "is:excluded"},
        {"no:blue", 0, "no:caption"},
        {"problem:picture-smal", 0, "picture-small"},
        {"problem:zzzzzzzz", 0, "has:problem"},
        {"\xFF", 0, "UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        g_autoptr(GError) error = NULL;
        size_t at = 99;
        g_autoptr(LkFilter) filter = lk_filter_parse(errors[i].text, &at, &error);
        g_autofree char *shown = g_utf8_make_valid(errors[i].text, -1);
        tap_ok(!filter && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE) && at == errors[i].at &&
                   strstr(error->message, errors[i].words),
               "%s at %zu: %s", shown, at, error ? error->message : "no error");
    }
    g_autofree char *deep = g_strnfill(100000, '(');
    g_autoptr(GError) error = NULL;
    g_autoptr(LkFilter) filter = lk_filter_parse(deep, NULL, &error);
    tap_ok(!filter && error, "parentheses without end: %s", error ? error->message : "");
    g_autofree char *minus = g_strnfill(100001, '-');
    minus[100000] = 'a';
    g_autoptr(LkFilter) even = lk_filter_parse(minus, NULL, NULL);
    tap_ok(even && !lk_filter_match(even, &(LkFilterSubject){.name = "b"}), "a hundred thousand negations");
}

static void test_tags(void)
{
    static const struct {
        const char *text, *tag;
        LkFilterTag state;
        const char *wanted;
    } clicks[] = {
        {"", "branch", LK_FILTER_TAG_WANTED, "tag:branch"},
        {"", "side view", LK_FILTER_TAG_UNWANTED, "-tag:\"side view\""},
        {"tag:branch", "branch", LK_FILTER_TAG_FREE, ""},
        {"tag:branch x", "Branch", LK_FILTER_TAG_UNWANTED, "x -tag:Branch"},
        {"tokens:>75 -tag:branch tag:b*", "branch", LK_FILTER_TAG_FREE, "tokens:>75 tag:b*"},
        {"a OR b", "c", LK_FILTER_TAG_WANTED, "(a OR b) tag:c"},
        {"-(a OR b)", "c", LK_FILTER_TAG_WANTED, "-(a OR b) tag:c"},
        {"-(a b)", "c", LK_FILTER_TAG_WANTED, "-(a b) tag:c"},
        {"a AND tag:c", "c", LK_FILTER_TAG_WANTED, "a tag:c"},
        {"a  no:caption", "c", LK_FILTER_TAG_FREE, "a no:caption"},
        {"x", "a*\"b\\", LK_FILTER_TAG_WANTED, "x tag:\"a*\\\"b\\\\\""},
        {"x", "name_(series)", LK_FILTER_TAG_WANTED, "x tag:\"name_(series)\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(clicks); i++) {
        g_autofree char *got = lk_filter_text_set_tag(clicks[i].text, clicks[i].tag, clicks[i].state, NULL);
        g_autoptr(LkFilter) filter = got ? lk_filter_parse(got, NULL, NULL) : NULL;
        tap_ok(filter && strcmp(got, clicks[i].wanted) == 0 && lk_filter_tag(filter, clicks[i].tag) == clicks[i].state,
               "%s, %s: %s", clicks[i].text, clicks[i].tag, got ? got : "refused");
        const char *const tags[] = {clicks[i].tag, NULL};
        const LkFilterSubject subject = {.caption = "ax", .name = "b", .tags = tags, .tokens = 80};
        if (clicks[i].state == LK_FILTER_TAG_UNWANTED)
            tap_ok(filter && !lk_filter_match(filter, &subject), "and it keeps out what has the tag");
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *none = lk_filter_text_set_tag("(a", "b", LK_FILTER_TAG_WANTED, &error);
    tap_ok(!none && error, "not to a text that is no filter");
    g_autoptr(LkFilter) empty = lk_filter_parse(" ", NULL, NULL), full = lk_filter_parse("a", NULL, NULL);
    tap_ok(lk_filter_is_empty(empty) && !lk_filter_is_empty(full), "empty and not");
}

/* ------------------------------------------------------------------ a naive evaluator */

static LkRandom stream = {11, LK_RANDOM_TEST, 0};
static uint32_t drawn;

static uint32_t below(uint32_t n)
{
    return lk_random_below(stream, drawn++, n);
}

/* As people would write it down: fold both, then try every length for a star. */
static bool naive_glob(const char *text, const char *pattern)
{
    if (!*pattern)
        return !*text;
    if (*pattern == '*')
        return naive_glob(text, pattern + 1) || (*text && naive_glob(text + 1, pattern));
    return *text == *pattern && naive_glob(text + 1, pattern + 1);
}

static bool naive_is(const char *text, const char *pattern)
{
    g_autofree char *low = g_utf8_strdown(text, -1), *wanted = g_utf8_strdown(pattern, -1);
    return naive_glob(low, wanted);
}

static bool naive_within(const char *text, const char *pattern)
{
    g_autofree char *wide = g_strconcat("*", pattern, "*", NULL);
    return naive_is(text, wide);
}

static const char *const words[] = {"a",        "ab", "b*", "*c",   "a*c", "cat", "\u00C9t\u00E9",
                                    "t*\u00E9", "AB", "*",  "*a*b", "ba",  "b*b", "c"};

/* A random filter: its text in `out` and its truth for each subject in `truth`. */
static void random_filter(GString *out, const LkFilterSubject *pictures, bool *truth, int count, int depth)
{
    bool other[16];
    switch (below(depth > 4 ? 6 : 10)) {
    case 0: {
        const char *word = words[below(G_N_ELEMENTS(words))];
        g_string_append_printf(out, "tag:%s", word);
        for (int i = 0; i < count; i++) {
            truth[i] = false;
            for (const char *const *tag = pictures[i].tags; *tag; tag++)
                truth[i] = truth[i] || naive_is(*tag, word);
        }
        return;
    }
    case 1: {
        const char *word = words[below(G_N_ELEMENTS(words))];
        g_string_append_printf(out, "caption:%s", word);
        for (int i = 0; i < count; i++)
            truth[i] = naive_within(pictures[i].caption, word);
        return;
    }
    case 2: {
        const char *word = words[below(G_N_ELEMENTS(words))];
        g_string_append(out, word);
        for (int i = 0; i < count; i++)
            truth[i] = naive_within(pictures[i].caption, word) ||
                       (strchr(word, '*') ? naive_is(pictures[i].name, word) : naive_within(pictures[i].name, word));
        return;
    }
    case 3: {
        static const char *const signs[] = {"<", ">", "<=", ">=", "=", ""};
        const int sign = (int)below(6), limit = (int)below(4);
        g_string_append_printf(out, "tokens:%s%d", signs[sign], limit);
        for (int i = 0; i < count; i++) {
            const int v = pictures[i].tokens;
            truth[i] = v >= 0 && (sign == 0   ? v < limit
                                  : sign == 1 ? v > limit
                                  : sign == 2 ? v <= limit
                                  : sign == 3 ? v >= limit
                                              : v == limit);
        }
        return;
    }
    case 4:
        g_string_append(out, below(2) ? "is:excluded" : "-no:trigger");
        for (int i = 0; i < count; i++)
            truth[i] = g_str_has_suffix(out->str, "excluded") ? pictures[i].excluded : pictures[i].has_trigger;
        return;
    case 5:
        g_string_append(out, "problem:caption-missing");
        for (int i = 0; i < count; i++)
            truth[i] = pictures[i].problems >> LK_FINDING_CAPTION_MISSING & 1;
        return;
    case 6:
        g_string_append(out, below(2) ? "-(" : "NOT (");
        random_filter(out, pictures, truth, count, depth + 1);
        g_string_append(out, ")");
        for (int i = 0; i < count; i++)
            truth[i] = !truth[i];
        return;
    case 7:
        g_string_append(out, "( ");
        random_filter(out, pictures, truth, count, depth + 1);
        g_string_append(out, " OR ");
        random_filter(out, pictures, other, count, depth + 1);
        g_string_append(out, ")");
        for (int i = 0; i < count; i++)
            truth[i] = truth[i] || other[i];
        return;
    default: /* AND binds closer than OR, so this needs no parentheses but before others */
        g_string_append(out, "(");
        random_filter(out, pictures, truth, count, depth + 1);
        g_string_append(out, below(2) ? " AND " : "  ");
        random_filter(out, pictures, other, count, depth + 1);
        g_string_append(out, ")");
        for (int i = 0; i < count; i++)
            truth[i] = truth[i] && other[i];
    }
}

enum { PICTURES = 16 };

typedef struct Pictures {
    LkFilterSubject subjects[PICTURES];
    char *captions[PICTURES];
    char **tags[PICTURES];
} Pictures;

static void random_pictures(Pictures *pictures)
{
    static const char *const letters[] = {"a", "b", "c", "A", "B", ", ", "\u00E9", "\u00C9", "t"};
    for (int i = 0; i < PICTURES; i++) {
        GString *caption = g_string_new(NULL);
        for (uint32_t n = below(9); n > 0; n--)
            g_string_append(caption, letters[below(G_N_ELEMENTS(letters))]);
        pictures->captions[i] = g_string_free(caption, FALSE);
        pictures->tags[i] = g_strsplit(pictures->captions[i], ", ", -1);
        pictures->subjects[i] = (LkFilterSubject){.name = letters[below(G_N_ELEMENTS(letters))],
                                                  .caption = pictures->captions[i],
                                                  .tags = (const char *const *)pictures->tags[i],
                                                  .tokens = (int)below(5) - 1,
                                                  .problems = (guint64)below(2) << LK_FINDING_CAPTION_MISSING,
                                                  .excluded = below(2),
                                                  .has_trigger = below(2)};
    }
}

static void free_pictures(Pictures *pictures)
{
    for (int i = 0; i < PICTURES; i++) {
        g_free(pictures->captions[i]);
        g_strfreev(pictures->tags[i]);
    }
}

static bool agrees(const LkFilter *filter, const Pictures *pictures, const bool *truth)
{
    for (int i = 0; i < PICTURES; i++)
        if (lk_filter_match(filter, &pictures->subjects[i]) != truth[i])
            return false;
    return true;
}

static void test_naive(void)
{
    int wrong = 0, some = 0;
    for (uint32_t round = 0; round < 5000 && wrong < 5; round++) {
        stream.step = round;
        drawn = 0;
        Pictures pictures;
        random_pictures(&pictures);
        g_autoptr(GString) text = g_string_new(NULL);
        bool truth[PICTURES];
        random_filter(text, pictures.subjects, truth, PICTURES, 0);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkFilter) filter = lk_filter_parse(text->str, NULL, &error);
        g_autofree char *plain = filter ? lk_filter_to_text(filter) : NULL;
        g_autoptr(LkFilter) again = plain ? lk_filter_parse(plain, NULL, NULL) : NULL;
        g_autofree char *twice = again ? lk_filter_to_text(again) : NULL;
        const bool good =
            twice && agrees(filter, &pictures, truth) && agrees(again, &pictures, truth) && strcmp(plain, twice) == 0;
        wrong += !good;
        for (int i = 1; i < PICTURES; i++)
            some += truth[i] != truth[0];
        if (!good)
            tap_note("round %u: %s | %s | %s", round, text->str, plain ? plain : "", error ? error->message : "");
        free_pictures(&pictures);
    }
    tap_ok(wrong == 0 && some > 5000, "random filters hold where a naive reading of them does, and their texts too");
}

/* Any text at all is a filter or an error with a place in it; filters can be written and read again. */
static void test_any_text(void)
{
    static const char *const pieces[] = {
        "(",      ")",        "-",     "\"",    "\\",      "*",        " ",   "OR",  "AND", "NOT",
        "tag:",   "caption:", "name:", "size:", "tokens:", "problem:", "is:", "no:", "reg", "caption",
        "small",  ">",        "<=",    "..",    "1",       "2MB",      "a",   "x",   ":",   "\u732B",
        "\u3000", "\x01",     "\xFF",  "\n",    "trigger", "bucket:",  "6x4"};
    int filters = 0, wrong = 0;
    for (uint32_t round = 0; round < 60000 && wrong < 5; round++) {
        stream.step = round;
        drawn = 1000;
        g_autoptr(GString) text = g_string_new(NULL);
        for (uint32_t n = below(9); n > 0; n--) {
            g_string_append(text, pieces[below(G_N_ELEMENTS(pieces))]);
            g_string_append(text, below(3) ? "" : " ");
        }
        size_t at = 0;
        g_autoptr(GError) error = NULL;
        g_autoptr(LkFilter) filter = lk_filter_parse(text->str, &at, &error);
        bool good = filter ? !error : error && at <= text->len && *error->message;
        g_autofree char *plain = filter ? lk_filter_to_text(filter) : NULL;
        g_autoptr(LkFilter) again = plain ? lk_filter_parse(plain, NULL, NULL) : NULL;
        g_autofree char *twice = again ? lk_filter_to_text(again) : NULL;
        good = good && (!filter || (twice && strcmp(plain, twice) == 0));
        for (size_t s = 0; good && filter && s < 3; s++)
            good = lk_filter_match(filter, &subjects[s]) == lk_filter_match(again, &subjects[s]);
        filters += filter != NULL;
        wrong += !good;
        if (!good)
            tap_note("round %u: [%s] [%s]", round, text->str, plain ? plain : error ? error->message : "");
    }
    tap_ok(wrong == 0 && filters > 5000, "random text: %d filters, the rest errors", filters);
}

static void test_speed(void)
{
    enum { COUNT = 100000 };
    g_autofree LkFilterSubject *many = g_new0(LkFilterSubject, COUNT);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (int i = 0; i < COUNT; i++) {
        char *caption =
            g_strdup_printf("rlk_bird, rainbow lorikeet, %s, side view, soft light, tag %d, green background",
                            i % 7 ? "branch" : "flying", i % 500);
        char **tags = g_strsplit(caption, ", ", -1);
        g_ptr_array_add(texts, caption);
        g_ptr_array_add(lists, tags);
        many[i] = (LkFilterSubject){.name = "lorikeet.jpg",
                                    .caption = caption,
                                    .tags = (const char *const *)tags,
                                    .tokens = i % 90,
                                    .size = {512, i % 1024}};
    }
    static const char *const filters[] = {"tag:branch",
                                          "tokens:>75",
                                          "flowers",
                                          "caption:backgro*",
                                          "tag:branch -tag:\"tag 7\" width:>=512",
                                          "no:caption OR has:problem"};
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(LkFilter) filter = lk_filter_parse(filters[i], NULL, NULL);
        const gint64 start = g_get_monotonic_time();
        int hits = 0;
        for (int k = 0; k < COUNT; k++)
            hits += lk_filter_match(filter, &many[k]);
        const double ms = (double)(g_get_monotonic_time() - start) / 1000;
        /* the limit leaves room for sanitizers and busy machines */
        tap_ok(ms < 500, "%s: %d of %d in %.1f ms", filters[i], hits, COUNT, ms);
    }
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    test_examples();
    test_errors();
    test_tags();
    test_naive();
    test_any_text();
    test_speed();
    return tap_done();
}
