#include "dataset/caption_rules.h"

#include "base/philox.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* Draws of one caption: slot × 2^20 + number of the draw, so no two captions of an epoch share a number. */
#define DRAWS_PER_SLOT_LOG2 20

/* Bytes that no UTF-8 text has stand for the escaped braces {{ and }}. */
#define OPEN_BRACE  '\xFE'
#define CLOSE_BRACE '\xFF'

typedef struct Draws {
    LkRandom stream;
    uint64_t next;
} Draws;

LkCaptionRules lk_caption_rules_default(void)
{
    return (LkCaptionRules){.token_warmup_min = 1};
}

LkCaptionRules lk_caption_rules_copy(const LkCaptionRules *rules)
{
    LkCaptionRules copy = *rules;
    copy.caption_separator = g_strdup(rules->caption_separator);
    copy.keep_tokens_separator = g_strdup(rules->keep_tokens_separator);
    copy.secondary_separator = g_strdup(rules->secondary_separator);
    copy.caption_prefix = g_strdup(rules->caption_prefix);
    copy.caption_suffix = g_strdup(rules->caption_suffix);
    return copy;
}

void lk_caption_rules_clear(LkCaptionRules *rules)
{
    g_free(rules->caption_separator);
    g_free(rules->keep_tokens_separator);
    g_free(rules->secondary_separator);
    g_free(rules->caption_prefix);
    g_free(rules->caption_suffix);
    *rules = lk_caption_rules_default();
}

bool lk_caption_rules_vary(const LkCaptionRules *rules)
{
    return rules->shuffle_caption || rules->enable_wildcard || rules->caption_dropout_rate > 0 ||
           rules->caption_dropout_every_n_epochs > 0 || rules->caption_tag_dropout_rate > 0 ||
           rules->token_warmup_step > 0;
}

/* What Python calls white space: Unicode's, and the four separators 0x1C to 0x1F. */
static bool is_blank(gunichar c)
{
    return g_unichar_isspace(c) || (c >= 0x1C && c <= 0x1F) || c == 0x0B || c == 0x85;
}

char *lk_caption_strip(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end && is_blank(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    while (end > text && is_blank(g_utf8_get_char(g_utf8_prev_char(end))))
        end = g_utf8_prev_char(end);
    return g_strndup(text, (gsize)(end - text));
}

static uint32_t draw_below(Draws *draws, uint32_t n)
{
    return lk_random_below(draws->stream, draws->next++, n);
}

static bool draw_chance(Draws *draws, double probability)
{
    return lk_random_u32(draws->stream, draws->next++) * 0x1p-32 < probability;
}

/* Replaces every occurrence; frees `text`. */
static char *replace_all(char *text, const char *from, const char *to)
{
    GString *result = g_string_new(text);
    g_free(text);
    g_string_replace(result, from, to, 0);
    return g_string_free(result, FALSE);
}

/* The choices of `{a|b|c}` without the braces. */
static void append_choice(GString *out, const char *choices, gsize length, Draws *draws)
{
    g_autofree char *inner = g_strndup(choices, length);
    g_auto(GStrv) parts = g_strsplit(inner, "|", -1);
    const guint count = g_strv_length(parts);
    g_string_append(out, parts[draw_below(draws, count)]);
}

/* A random line, then a random part for every {a|b}; {{ and }} are plain braces. Frees `text`. */
static char *apply_wildcards(char *text, Draws *draws)
{
    if (strchr(text, '\n')) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_free(text);
        text = g_strdup(lines[draw_below(draws, g_strv_length(lines))]);
    }
    text = replace_all(text, "{{", (const char[]){OPEN_BRACE, 0});
    text = replace_all(text, "}}", (const char[]){CLOSE_BRACE, 0});

    GString *out = g_string_new(NULL);
    for (const char *at = text; *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (end && end > at + 1) {
            append_choice(out, at + 1, (gsize)(end - at - 1), draws);
            at = end + 1;
        } else {
            g_string_append_c(out, *at++);
        }
    }
    g_free(text);
    for (gsize i = 0; i < out->len; i++) {
        if (out->str[i] == OPEN_BRACE)
            out->str[i] = '{';
        else if (out->str[i] == CLOSE_BRACE)
            out->str[i] = '}';
    }
    return g_string_free(out, FALSE);
}

static char *first_line(char *text)
{
    char *end = strchr(text, '\n');
    if (end)
        *end = '\0';
    return text;
}

/* Appends the tags of a text, stripped; empty ones too unless `skip_empty`. */
static void split_tags(GPtrArray *tags, const char *text, const char *separator, bool skip_empty)
{
    g_auto(GStrv) parts = g_strsplit(text, separator, -1);
    for (char **part = parts; *part; part++) {
        char *tag = lk_caption_strip(*part, strlen(*part));
        if (*tag || !skip_empty)
            g_ptr_array_add(tags, tag);
        else
            g_free(tag);
    }
}

typedef struct Tags {
    GPtrArray *fixed, *flexible, *suffix;
} Tags;

/* Which tags stay where they are. With keep_tokens_separator: those before its first and after its second occurrence;
 * else the first keep_tokens. */
static Tags sort_tags(const LkCaptionRules *rules, const char *caption, const char *separator)
{
    Tags tags = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free),
                 g_ptr_array_new_with_free_func(g_free)};
    const char *keep = rules->keep_tokens_separator;
    const char *cut = keep && *keep ? strstr(caption, keep) : NULL;
    if (cut) {
        g_autofree char *fixed = g_strndup(caption, (gsize)(cut - caption));
        g_autofree char *rest = g_strdup(cut + strlen(keep));
        char *second = strstr(rest, keep);
        if (second) {
            split_tags(tags.suffix, second + strlen(keep), separator, true);
            *second = '\0';
        }
        split_tags(tags.fixed, fixed, separator, true);
        split_tags(tags.flexible, rest, separator, true);
        return tags;
    }
    split_tags(tags.flexible, caption, separator, false);
    for (int i = 0; i < rules->keep_tokens && tags.flexible->len > 0; i++)
        g_ptr_array_add(tags.fixed, g_ptr_array_steal_index(tags.flexible, 0));
    return tags;
}

/* token_warmup: the number of tags grows from token_warmup_min to all of them over the first steps. */
static void limit_warmup(const LkCaptionRules *rules, GPtrArray *tags, const LkCaptionMoment *moment)
{
    const double steps = rules->token_warmup_step < 1
                             ? floor(rules->token_warmup_step * (double)moment->max_train_steps)
                             : rules->token_warmup_step;
    if (steps <= 0 || (double)moment->step >= steps)
        return;
    const double grown = floor((double)moment->step * ((double)tags->len - rules->token_warmup_min) / steps);
    const double length = grown + rules->token_warmup_min;
    if (length < tags->len)
        g_ptr_array_set_size(tags, (gint)MAX(0, length));
}

static void shuffle(GPtrArray *tags, Draws *draws)
{
    for (guint i = tags->len; i > 1; i--) {
        const guint j = draw_below(draws, i);
        void *swap = tags->pdata[i - 1];
        tags->pdata[i - 1] = tags->pdata[j];
        tags->pdata[j] = swap;
    }
}

static void drop_tags(GPtrArray *tags, double rate, Draws *draws)
{
    for (guint i = 0; i < tags->len;) {
        if (draw_chance(draws, rate))
            g_ptr_array_remove_index(tags, i);
        else
            i++;
    }
}

/* Frees `text`. */
static char *vary_tags(const LkCaptionRules *rules, char *text, const LkCaptionMoment *moment, Draws *draws)
{
    const char *separator = rules->caption_separator && *rules->caption_separator ? rules->caption_separator : ",";
    g_autofree char *stripped = lk_caption_strip(text, strlen(text));
    Tags tags = sort_tags(rules, stripped, separator);
    g_free(text);
    limit_warmup(rules, tags.flexible, moment);
    if (rules->shuffle_caption)
        shuffle(tags.flexible, draws);
    if (rules->caption_tag_dropout_rate > 0)
        drop_tags(tags.flexible, rules->caption_tag_dropout_rate, draws);
    g_ptr_array_extend_and_steal(tags.fixed, tags.flexible);
    g_ptr_array_extend_and_steal(tags.fixed, tags.suffix);
    g_ptr_array_add(tags.fixed, NULL);
    char *joined = g_strjoinv(", ", (char **)tags.fixed->pdata);
    g_ptr_array_unref(tags.fixed);
    return joined;
}

static bool is_dropped(const LkCaptionRules *rules, const LkCaptionMoment *moment, Draws *draws)
{
    if (rules->caption_dropout_rate > 0 && draw_chance(draws, rules->caption_dropout_rate))
        return true;
    /* kohya counts epochs from 1 here. */
    const int every = rules->caption_dropout_every_n_epochs;
    return every > 0 && ((uint64_t)moment->epoch + 1) % (uint64_t)every == 0;
}

char *lk_caption_process(const LkCaptionRules *rules, const char *caption, const LkCaptionMoment *moment)
{
    Draws draws = {{moment->seed, LK_RANDOM_CAPTION, moment->epoch}, moment->slot << DRAWS_PER_SLOT_LOG2};
    if (is_dropped(rules, moment, &draws))
        return g_strdup("");

    const bool prefix = rules->caption_prefix && *rules->caption_prefix;
    const bool suffix = rules->caption_suffix && *rules->caption_suffix;
    char *text = g_strconcat(prefix ? rules->caption_prefix : "", prefix ? " " : "", caption, suffix ? " " : "",
                             suffix ? rules->caption_suffix : "", NULL);
    text = rules->enable_wildcard ? apply_wildcards(text, &draws) : first_line(text);
    if (rules->shuffle_caption || rules->token_warmup_step > 0 || rules->caption_tag_dropout_rate > 0)
        text = vary_tags(rules, text, moment, &draws);
    if (rules->secondary_separator && *rules->secondary_separator)
        text = replace_all(text, rules->secondary_separator,
                           rules->caption_separator && *rules->caption_separator ? rules->caption_separator : ",");
    return text;
}
