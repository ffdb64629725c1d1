#include "text/caption.h"

#include "text/trigger.h"
#include "text/unicode.h"
#include "text/weighted.h"

#include <math.h>
#include <string.h>

/* Bytes that no UTF-8 text holds stand for escaped braces. */
#define OPEN_BRACE  '\xFE'
#define CLOSE_BRACE '\xFF'

/* What a number is drawn for. Part of what a seed means: append, never renumber. */
typedef enum Draw { DRAW_DROP, DRAW_LINE, DRAW_WILDCARD, DRAW_SHUFFLE, DRAW_TAG } Draw;

static uint32_t draw(const LkCaptionMoment *moment, Draw what, uint32_t number)
{
    uint64_t index = moment->sample << 32 | (uint64_t)what << 28 | (number & 0xFFFFFFFu);
    return lk_random_u32(moment->stream, index);
}

/* Whether something of this probability happens. */
static bool chance(const LkCaptionMoment *moment, Draw what, uint32_t number, double rate)
{
    return moment && rate > 0 && draw(moment, what, number) * 0x1p-32 < rate;
}

/* One of 0 .. n - 1; 0 without a moment. */
static uint32_t choice(const LkCaptionMoment *moment, Draw what, uint32_t number, uint32_t n)
{
    return moment ? (uint32_t)((uint64_t)draw(moment, what, number) * n >> 32) : 0;
}

/* Options that are not UTF-8 count as not given: splitting by one would cut characters apart. */
static bool is_set(const char *text)
{
    return text && *text && g_utf8_validate(text, -1, NULL);
}

const char *lk_caption_separator(const char *separator)
{
    return is_set(separator) ? separator : ",";
}

/* Appends the trimmed tags of a text to `out`, which owns them. */
static void split_tags(const char *text, const char *separator, bool keep_empty, GPtrArray *out)
{
    g_auto(GStrv) parts = g_strsplit(text, separator, -1);
    for (char **part = parts; *part; part++) {
        lk_text_trim(*part);
        if (keep_empty || **part)
            g_ptr_array_add(out, g_strdup(*part));
    }
}

char **lk_caption_tags(const char *caption, const char *separator)
{
    g_autofree char *text = lk_utf8_repair(caption, strlen(caption));
    GPtrArray *tags = g_ptr_array_new();
    split_tags(text, lk_caption_separator(separator), false, tags);
    g_ptr_array_add(tags, NULL);
    return (char **)g_ptr_array_free(tags, FALSE);
}

/* One line of several at random. */
static char *choose_line(const char *text, const LkCaptionMoment *moment)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    uint32_t count = g_strv_length(lines);
    return g_strdup(count ? lines[count > 1 ? choice(moment, DRAW_LINE, 0, count) : 0] : "");
}

/* Puts one of the alternatives in place of each {a|b}; {{ and }} are braces. In the terms of sd-scripts: every match of
 * \{([^}]+)\} from the left. */
static char *replace_wildcards(const char *text, const LkCaptionMoment *moment)
{
    g_autoptr(GString) in = g_string_new(text);
    g_string_replace(in, "{{", (char[]){OPEN_BRACE, 0}, 0);
    g_string_replace(in, "}}", (char[]){CLOSE_BRACE, 0}, 0);
    g_autoptr(GString) out = g_string_new(NULL);
    uint32_t number = 0;
    for (const char *at = in->str; *at;) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        if (!close || close == at + 1) {
            g_string_append_c(out, *at++);
            continue;
        }
        g_autofree char *inside = g_strndup(at + 1, (gsize)(close - at - 1));
        g_auto(GStrv) list = g_strsplit(inside, "|", -1);
        g_string_append(out, list[choice(moment, DRAW_WILDCARD, number++, g_strv_length(list))]);
        at = close + 1;
    }
    g_string_replace(out, (char[]){OPEN_BRACE, 0}, "{", 0);
    g_string_replace(out, (char[]){CLOSE_BRACE, 0}, "}", 0);
    return g_strdup(out->str);
}

/* The tags of a caption on their way. */
typedef struct Tags {
    GPtrArray *fixed, *flexible, *end;
} Tags;

static void tags_clear(Tags *tags)
{
    g_ptr_array_unref(tags->fixed);
    g_ptr_array_unref(tags->flexible);
    g_ptr_array_unref(tags->end);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tags, tags_clear)

/* Moves flexible tags first .. first + count - 1 to the end of `to`. */
static void move_tags(Tags *tags, guint first, guint count, GPtrArray *to)
{
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(to, g_strdup(tags->flexible->pdata[first + i]));
    if (count)
        g_ptr_array_remove_range(tags->flexible, first, count);
}

static Tags part_tags(const char *caption, const LkCaptionOptions *options)
{
    const char *separator = lk_caption_separator(options->separator), *keep = options->keep_tokens_separator;
    Tags tags = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free),
                 g_ptr_array_new_with_free_func(g_free)};
    if (is_set(keep) && strstr(caption, keep)) {
        g_auto(GStrv) parts = g_strsplit(caption, keep, 3);
        split_tags(parts[0], separator, false, tags.fixed);
        split_tags(parts[1], separator, false, tags.flexible);
        if (parts[2])
            split_tags(parts[2], separator, false, tags.end);
        return tags;
    }
    g_autofree char *trimmed = lk_text_trim(g_strdup(caption));
    split_tags(trimmed, separator, true, tags.flexible);
    if (options->keep_tokens > 0)
        move_tags(&tags, 0, MIN((guint)options->keep_tokens, tags.flexible->len), tags.fixed);
    return tags;
}

static void fix_triggers(Tags *tags, const LkCaptionOptions *options)
{
    g_auto(GStrv) words = lk_trigger_words(options->trigger_words ? options->trigger_words : "");
    for (guint i = 0; words[0] && i < tags->flexible->len;) {
        bool holds = false;
        for (char **word = words; *word && !holds; word++)
            holds = lk_caption_has_trigger(tags->flexible->pdata[i], *word, options->separator);
        if (holds)
            move_tags(tags, i, 1, tags->fixed);
        else
            i++;
    }
}

/* Token warm-up: at first only some of the flexible tags, in the caption's order. */
static void hold_back(Tags *tags, const LkCaptionOptions *options, const LkCaptionMoment *moment)
{
    double last = options->token_warmup_step;
    if (last < 1)
        last = floor(last * moment->max_train_steps);
    if (!(last > 0) || moment->step >= last)
        return;
    double all = tags->flexible->len, least = options->token_warmup_min;
    double count = floor(moment->step * ((all - least) / last)) + least;
    count = count < 0 ? MAX(all + count, 0) : MIN(count, all); /* a slice of Python: below 0 counts from the end */
    g_ptr_array_set_size(tags->flexible, (int)count);
}

static void shuffle(GPtrArray *tags, const LkCaptionMoment *moment)
{
    for (guint i = tags->len; i > 1; i--) {
        uint32_t other = choice(moment, DRAW_SHUFFLE, i - 1, i);
        gpointer held = tags->pdata[i - 1];
        tags->pdata[i - 1] = tags->pdata[other];
        tags->pdata[other] = held;
    }
}

static void drop_tags(GPtrArray *tags, double rate, const LkCaptionMoment *moment)
{
    for (guint from = 0, place = 0; from < tags->len; place++) {
        if (chance(moment, DRAW_TAG, place, rate))
            g_ptr_array_remove_index(tags, from);
        else
            from++;
    }
}

static char *join_tags(const Tags *tags)
{
    GPtrArray *const parts[] = {tags->fixed, tags->flexible, tags->end};
    GString *out = g_string_new(NULL);
    bool first = true;
    for (size_t part = 0; part < G_N_ELEMENTS(parts); part++) {
        for (guint i = 0; i < parts[part]->len; i++, first = false) {
            if (!first)
                g_string_append(out, ", ");
            g_string_append(out, parts[part]->pdata[i]);
        }
    }
    return g_string_free(out, FALSE);
}

static char *rebuild(const char *caption, const LkCaptionOptions *options, const LkCaptionMoment *moment)
{
    g_auto(Tags) tags = part_tags(caption, options);
    fix_triggers(&tags, options);
    if (moment) {
        hold_back(&tags, options, moment);
        if (options->shuffle)
            shuffle(tags.flexible, moment);
        drop_tags(tags.flexible, options->tag_dropout_rate, moment);
    }
    return join_tags(&tags);
}

static bool is_dropped(const LkCaptionOptions *options, const LkCaptionMoment *moment)
{
    int every = options->dropout_every_n_epochs;
    return chance(moment, DRAW_DROP, 0, options->dropout_rate) || (moment && every > 0 && moment->epoch % every == 0);
}

static char *add_ends(const char *caption, const LkCaptionOptions *options)
{
    g_autofree char *text = lk_utf8_repair(caption, strlen(caption));
    bool prefix = is_set(options->prefix), suffix = is_set(options->suffix);
    return g_strconcat(prefix ? options->prefix : "", prefix ? " " : "", text, suffix ? " " : "",
                       suffix ? options->suffix : "", NULL);
}

/* Frees `old`, so that a step of the process reads `text = became(text, step(text))`. */
static char *became(char *old, char *new)
{
    g_free(old);
    return new;
}

char *lk_caption_process(const char *caption, const LkCaptionOptions *options, const LkCaptionMoment *moment)
{
    if (is_dropped(options, moment))
        return g_strdup("");
    char *text = add_ends(caption, options);
    if (options->wildcard) {
        text = became(text, choose_line(text, moment));
        text = became(text, replace_wildcards(text, moment));
    } else {
        *strchrnul(text, '\n') = '\0';
    }
    text = became(text, lk_caption_add_triggers(text, options->trigger_words, options->separator));
    if (options->shuffle || options->token_warmup_step > 0 || options->tag_dropout_rate > 0)
        text = became(text, rebuild(text, options, moment));
    if (is_set(options->secondary_separator)) {
        GString *out = g_string_new(text);
        g_string_replace(out, options->secondary_separator, lk_caption_separator(options->separator), 0);
        text = became(text, g_string_free(out, FALSE));
    }
    return text;
}

int lk_caption_token_count(const char *caption, const LkCaptionOptions *options, const LkClipTokenizer *tokenizer)
{
    g_autofree char *whole = lk_caption_process(caption, options, NULL);
    return options->weighted ? lk_weighted_token_count(tokenizer, whole) : lk_clip_token_count(tokenizer, whole);
}
