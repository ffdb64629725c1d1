/* Captions on their way to training, compared with sd-scripts' own code (make_caption_rows.py), and trigger words. */
#include "tests/tap.h"
#include "tests/text/rows.h"

#include "text/caption.h"
#include "text/trigger.h"

#include <math.h>

/* Columns of caption_rows.tsv. */
enum {
    CAPTION,
    SEPARATOR,
    KEEP_SEPARATOR,
    SECONDARY,
    PREFIX,
    SUFFIX,
    SHUFFLE,
    WILDCARD,
    KEEP_TOKENS,
    EVERY,
    WARMUP_MIN,
    WARMUP_STEP,
    DROPOUT,
    TAG_DROPOUT,
    SEED,
    SAMPLE,
    EPOCH,
    STEP,
    MAX_STEPS,
    RESULT,
    COLUMNS
};

static bool row_agrees(char **cells)
{
    g_autoptr(GPtrArray) text = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < COLUMNS; i++)
        g_ptr_array_add(text, g_string_free(rows_unescape(cells[i]), FALSE));
    char **of = (char **)text->pdata;
    LkCaptionOptions options = {
        .separator = of[SEPARATOR],
        .keep_tokens_separator = of[KEEP_SEPARATOR],
        .secondary_separator = of[SECONDARY],
        .prefix = of[PREFIX],
        .suffix = of[SUFFIX],
        .shuffle = rows_number(of[SHUFFLE]),
        .wildcard = rows_number(of[WILDCARD]),
        .keep_tokens = rows_number(of[KEEP_TOKENS]),
        .dropout_every_n_epochs = rows_number(of[EVERY]),
        .token_warmup_min = rows_number(of[WARMUP_MIN]),
        .token_warmup_step = g_ascii_strtod(of[WARMUP_STEP], NULL),
        .dropout_rate = g_ascii_strtod(of[DROPOUT], NULL),
        .tag_dropout_rate = g_ascii_strtod(of[TAG_DROPOUT], NULL),
    };
    LkCaptionMoment moment = {
        .stream = {g_ascii_strtoull(of[SEED], NULL, 10), LK_RANDOM_CAPTION, (uint32_t)rows_number(of[STEP])},
        .sample = g_ascii_strtoull(of[SAMPLE], NULL, 10),
        .epoch = rows_number(of[EPOCH]),
        .step = rows_number(of[STEP]),
        .max_train_steps = rows_number(of[MAX_STEPS]),
    };
    g_autofree char *got = lk_caption_process(of[CAPTION], &options, &moment);
    if (!strcmp(got, of[RESULT]))
        return true;
    tap_note("differs: \"%s\" gives \"%s\", sd-scripts \"%s\"", cells[CAPTION], got, of[RESULT]);
    return false;
}

static void test_rows(void)
{
    g_auto(GStrv) lines = rows_read("caption_rows.tsv");
    int rows = 0, wrong = 0;
    for (char **line = lines; line && *line && **line; line++) {
        if (**line == '#')
            continue;
        g_auto(GStrv) cells = g_strsplit(*line, "\t", -1);
        rows++;
        wrong += g_strv_length(cells) != COLUMNS || !row_agrees(cells);
    }
    tap_ok(rows >= 500 && wrong == 0, "%d captions are processed as sd-scripts does (%d differ)", rows, wrong);
}

static void is(const char *got, const char *want, const char *what)
{
    tap_ok(!strcmp(got, want), "%s: \"%s\"%s%s", what, got, strcmp(got, want) ? " and not " : "",
           strcmp(got, want) ? want : "");
}

static void test_triggers(void)
{
    static const struct {
        const char *caption, *words, *want;
    } cases[] = {
        {"1girl, solo", "sks", "sks, 1girl, solo"},
        {"1girl, sks, solo", "sks", "1girl, sks, solo"},
        {"1girl, SKS , solo", "sks", "1girl, SKS , solo"},
        {"a photo of sks dog.", "sks", "a photo of sks dog."},
        {"a photo of Sks's dog", "sks", "a photo of Sks's dog"},
        {"a photo of sksdog", "sks", "sks, a photo of sksdog"},
        {"sks_dog, 1girl", "sks", "sks, sks_dog, 1girl"},
        {"asks for sks2", "sks", "sks, asks for sks2"},
        {"a MY  Style\tpainting", "my style", "a MY  Style\tpainting"},
        {"painting", " my style ,, sks , MY STYLE", "my style, sks, painting"},
        {"sks, painting", "my style, sks", "my style, sks, painting"},
        {"", "sks, dog", "sks, dog"},
        {" \t", "sks", "sks"},
        {"a cat", "", "a cat"},
        {"a cat", " , ", "a cat"},
        {"CAF\u00C9 scene", "cafe\u0301", "CAF\u00C9 scene"},
        {"照片里的小明在跑步", "小明", "照片里的小明在跑步"},
        {"sks在窗台上", "sks", "sks在窗台上"},
        {"一只猫", "小明", "小明, 一只猫"},
        {"ミクドール", "ミク", "ミク, ミクドール"},
        {"初音ミクの絵", "ミク", "初音ミクの絵"},
        {"민수가 웃는다", "민수", "민수가 웃는다"},
        {"x\u0303 and", "x", "x, x\u0303 and"},
        {"(sks:1.2), <sks>", "sks", "(sks:1.2), <sks>"},
        {"a <tok> b", "<tok>", "a <tok> b"},
        {"\xFF, cat", "sks", "sks, \uFFFD, cat"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = lk_caption_add_triggers(cases[i].caption, cases[i].words, NULL);
        is(got, cases[i].want, cases[i].words);
        g_autofree char *again = lk_caption_add_triggers(got, cases[i].words, NULL);
        if (strcmp(got, again))
            tap_ok(false, "a second time changes it to \"%s\"", again);
    }
    g_autofree char *semicolon = lk_caption_add_triggers("a; b", "sks", ";");
    is(semicolon, "sks; a; b", "another separator");
    g_auto(GStrv) tags = lk_caption_tags(" a ,, b c,\u3000", NULL);
    tap_ok(g_strv_length(tags) == 2 && !strcmp(tags[0], "a") && !strcmp(tags[1], "b c"),
           "tags are trimmed, empty ones left out");
}

static LkCaptionMoment at_step(uint32_t step)
{
    return (LkCaptionMoment){
        .stream = {7, LK_RANDOM_CAPTION, step}, .epoch = 1, .step = (int)step, .max_train_steps = 100};
}

/* All 24 orders of four tags come equally often, and what is fixed stays. */
static void test_shuffle(void)
{
    enum { ROUNDS = 24000 };
    LkCaptionOptions options = {.shuffle = true, .keep_tokens = 1};
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool first = true;
    for (uint32_t step = 0; step < ROUNDS; step++) {
        LkCaptionMoment moment = at_step(step);
        char *got = lk_caption_process("sks, a, b, c, d", &options, &moment);
        first &= g_str_has_prefix(got, "sks, ");
        g_hash_table_replace(counts, got, GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(counts, got)) + 1));
    }
    double square = 0;
    GHashTableIter iter;
    gpointer count;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, NULL, &count))
        square += pow(GPOINTER_TO_INT(count) - ROUNDS / 24.0, 2) / (ROUNDS / 24.0);
    tap_ok(first, "the kept tag stays first");
    tap_ok(g_hash_table_size(counts) == 24 && square < 50, "all orders are equally likely (chi-square %.1f of 23)",
           square);
}

static void test_dropout(void)
{
    enum { ROUNDS = 20000 };
    LkCaptionOptions options = {.dropout_rate = 0.1, .tag_dropout_rate = 0.3, .trigger_words = "sks", .keep_tokens = 1};
    int dropped = 0, tags = 0, lost = 0, samples_differ = 0;
    for (uint32_t step = 0; step < ROUNDS; step++) {
        LkCaptionMoment moment = at_step(step), other = at_step(step);
        other.sample = 1;
        g_autofree char *got = lk_caption_process("x, a, b, photo of sks", &options, &moment);
        g_autofree char *beside = lk_caption_process("x, a, b, photo of sks", &options, &other);
        dropped += !*got;
        lost += *got && !g_str_has_prefix(got, "x, photo of sks");
        tags += (strstr(got, ", a") != NULL) + (strstr(got, ", b") != NULL);
        samples_differ += strcmp(got, beside) != 0;
    }
    double kept = tags / (2.0 * (ROUNDS - dropped));
    tap_ok(fabs(dropped / (double)ROUNDS - 0.1) < 0.01, "a tenth of the captions is empty (%d of %d)", dropped, ROUNDS);
    tap_ok(fabs(kept - 0.7) < 0.01, "three tenths of the flexible tags go (%.3f stay)", kept);
    tap_ok(lost == 0, "kept tags and tags with the trigger word never go");
    tap_ok(samples_differ > ROUNDS / 3, "samples of a step draw numbers of their own");
}

static void test_whole(void)
{
    LkCaptionOptions options = {.shuffle = true,
                                .tag_dropout_rate = 1,
                                .dropout_rate = 1,
                                .dropout_every_n_epochs = 1,
                                .token_warmup_step = 50,
                                .wildcard = true,
                                .trigger_words = "sks",
                                .prefix = "art,",
                                .suffix = ", end",
                                .keep_tokens_separator = "|||"};
    g_autofree char *whole = lk_caption_process("a {cat|dog},b ||| c", &options, NULL);
    is(whole, "sks, art, a cat, b, c, end", "a caption without a moment is whole");
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(NULL);
    int count = lk_caption_token_count("a {cat|dog},b ||| c", &options, tokenizer);
    tap_ok(count == lk_clip_token_count(tokenizer, whole) && count == 12, "and its tokens are counted so (%d)", count);
    LkCaptionOptions none = {0};
    g_autofree char *plain = lk_caption_process("as it,is \nsecond", &none, NULL);
    is(plain, "as it,is ", "without options the first line stays as it is");
    LkCaptionMoment moment = at_step(3);
    LkCaptionOptions wild = {.token_warmup_step = NAN,
                             .tag_dropout_rate = NAN,
                             .dropout_rate = NAN,
                             .keep_tokens = INT_MAX,
                             .shuffle = true};
    g_autofree char *odd = lk_caption_process("a, b", &wild, &moment);
    is(odd, "a, b", "numbers that are none do nothing");
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    test_rows();
    test_triggers();
    test_shuffle();
    test_dropout();
    test_whole();
    return tap_done();
}
