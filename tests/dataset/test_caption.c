/* What the caption options make of a caption: fixed results where nothing is random, frequencies where it is. */
#include "dataset/caption_rules.h"
#include "tests/tap.h"

#include <glib.h>
#include <math.h>

static const LkCaptionMoment start = {.seed = 42, .max_train_steps = 1000};

static void expect(const char *what, LkCaptionRules rules, const char *caption, LkCaptionMoment moment,
                   const char *expected)
{
    g_autofree char *got = lk_caption_process(&rules, caption, &moment);
    tap_ok(strcmp(got, expected) == 0, "%s: \"%s\"", what, got);
}

static void test_fixed(void)
{
    expect("no options", (LkCaptionRules){0}, "a cat , on a mat", start, "a cat , on a mat");
    expect("first line", (LkCaptionRules){0}, "one\ntwo", start, "one");
    expect("prefix and suffix", (LkCaptionRules){.caption_prefix = (char[]){"sks"}, .caption_suffix = (char[]){"best"}},
           "a cat", start, "sks a cat best");
    expect("secondary separator", (LkCaptionRules){.secondary_separator = (char[]){";;;"}}, "a;;;b, c", start,
           "a,b, c");
    expect("all tags kept", (LkCaptionRules){.shuffle_caption = true, .keep_tokens = 9}, " a ,b,, c", start,
           "a, b, , c");
    expect("every tag dropped", (LkCaptionRules){.caption_tag_dropout_rate = 1, .keep_tokens = 1}, "a, b, c", start,
           "a");
    expect("kept before and after the separator",
           (LkCaptionRules){.caption_tag_dropout_rate = 1, .keep_tokens_separator = (char[]){"|||"}},
           "a, b ||| c, d ||| e,, f", start, "a, b, e, f");
    expect("other separator",
           (LkCaptionRules){.shuffle_caption = true, .keep_tokens = 3, .caption_separator = (char[]){"."}}, "a, b.c",
           start, "a, b, c");
    expect("always dropped", (LkCaptionRules){.caption_dropout_rate = 1}, "a, b", start, "");
    expect("braces without choices", (LkCaptionRules){.enable_wildcard = true}, "{a} {} {{b|c}} {", start,
           "a {} {b|c} {");

    LkCaptionMoment moment = start;
    const LkCaptionRules every = {.caption_dropout_every_n_epochs = 3};
    moment.epoch = 1;
    expect("second epoch of every third", every, "a", moment, "a");
    moment.epoch = 2;
    expect("third epoch of every third", every, "a", moment, "");

    const LkCaptionRules warm = {.token_warmup_min = 1, .token_warmup_step = 0.1};
    static const char *const grown[] = {"a", "a, b", "a, b, c", "a, b, c, d", "a, b, c, d, e"};
    for (int i = 0; i < 5; i++) {
        moment = start;
        moment.step = 25 * i;
        expect("warm-up of tags", warm, "a, b, c, d, e", moment, grown[i]);
    }
}

static void test_shuffle(void)
{
    const LkCaptionRules rules = {.shuffle_caption = true, .keep_tokens = 1};
    int places[4][4] = {{0}}, wrong = 0, differ = 0;
    for (uint64_t slot = 0; slot < 6000; slot++) {
        LkCaptionMoment moment = start;
        moment.slot = slot;
        g_autofree char *got = lk_caption_process(&rules, "x, a, b, c, d", &moment);
        g_autofree char *again = lk_caption_process(&rules, "x, a, b, c, d", &moment);
        differ += strcmp(got, again) != 0;
        if (strlen(got) != 13 || got[0] != 'x') {
            wrong++;
            continue;
        }
        for (int i = 0; i < 4; i++)
            places[i][(got[3 + 3 * i] - 'a') & 3]++;
    }
    double worst = 0;
    for (int i = 0; i < 16; i++)
        worst = fmax(worst, fabs(places[i / 4][i % 4] - 1500.0));
    tap_ok(wrong == 0 && differ == 0, "the first tag stays, and the same moment gives the same text");
    tap_ok(worst < 5 * sqrt(6000 * 0.25 * 0.75),
           "every tag is in every place equally often (off by at most %g of 1500)", worst);
}

static void expect_rate(const char *what, LkCaptionRules rules, const char *caption, const char *counted, double rate)
{
    int hits = 0;
    const int n = 8000;
    for (int i = 0; i < n; i++) {
        LkCaptionMoment moment = start;
        moment.slot = (uint64_t)(i % 100);
        moment.epoch = (uint32_t)(i / 100);
        g_autofree char *got = lk_caption_process(&rules, caption, &moment);
        hits += strcmp(got, counted) == 0;
    }
    tap_ok(fabs(hits - n * rate) < 5 * sqrt(n * rate * (1 - rate)), "%s: \"%s\" %d of %d times", what, counted, hits,
           n);
}

static void test_rates(void)
{
    expect_rate("caption dropout", (LkCaptionRules){.caption_dropout_rate = 0.2}, "a", "", 0.2);
    expect_rate("tag dropout", (LkCaptionRules){.caption_tag_dropout_rate = 0.25}, "a, b", "a", 0.75 * 0.25);
    expect_rate("tag dropout", (LkCaptionRules){.caption_tag_dropout_rate = 0.25}, "a, b", "", 0.25 * 0.25);
    expect_rate("wildcards", (LkCaptionRules){.enable_wildcard = true}, "{a|b|c} {d|}", "b ", 1 / 6.0);
    expect_rate("lines", (LkCaptionRules){.enable_wildcard = true}, "one\ntwo\nthree", "three", 1 / 3.0);
    expect_rate("shuffle", (LkCaptionRules){.shuffle_caption = true}, "a, b, c", "c, a, b", 1 / 6.0);
}

static void test_vary(void)
{
    const LkCaptionRules fixed = {.caption_prefix = (char[]){"x"}, .keep_tokens = 2};
    const LkCaptionRules random = {.caption_tag_dropout_rate = 0.1};
    tap_ok(!lk_caption_rules_vary(&fixed) && lk_caption_rules_vary(&random),
           "fixed captions are told from varying ones");
    LkCaptionRules copy = lk_caption_rules_copy(&fixed);
    tap_ok(strcmp(copy.caption_prefix, "x") == 0 && copy.keep_tokens == 2, "rules are copied");
    lk_caption_rules_clear(&copy);
}

int main(void)
{
    test_fixed();
    test_shuffle();
    test_rates();
    test_vary();
    return tap_done();
}
