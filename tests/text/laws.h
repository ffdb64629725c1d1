/* What must hold for the tokenizer and the captions on any bytes at all; random and fuzz tests share it. */
#pragma once

#include "text/caption.h"
#include "text/clip_tokenizer.h"
#include "text/trigger.h"
#include "text/unicode.h"

#include <string.h>

/* NULL if every law holds, else the law that does not. */
static const char *tokenizer_laws(const LkClipTokenizer *tokenizer, const char *bytes, size_t size)
{
    int room = (int)(8 * size + 8);
    g_autofree int32_t *ids = g_new(int32_t, room), *again = g_new(int32_t, room);
    int count = lk_clip_tokenize_bytes(tokenizer, bytes, size, ids, room);
    if (count < 0 || count > room)
        return "a character has at most four tokens"; /* two for U+0130, of two bytes each */
    for (int i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= LK_CLIP_VOCABULARY)
            return "ids are of the vocabulary";
    if (!memmem(bytes, size, "<|", 2))
        for (int i = 0; i < count; i++)
            if (ids[i] >= LK_CLIP_BOS)
                return "special tokens come from their own spelling alone";

    g_autofree char *exact = g_memdup2(bytes, size); /* ends where the text ends, for AddressSanitizer */
    if (lk_clip_tokenize_bytes(tokenizer, exact, size, again, room / 2) != count ||
        memcmp(ids, again, (size_t)MIN(count, room / 2) * sizeof *ids))
        return "the same bytes have the same ids, whatever the room";

    g_autofree char *repaired = lk_utf8_repair(bytes, size);
    if (!g_utf8_validate(repaired, -1, NULL))
        return "repaired text is UTF-8";
    if (!memchr(bytes, 0, size)) {
        if (lk_clip_tokenize(tokenizer, repaired, again, room) != count ||
            memcmp(ids, again, (size_t)count * sizeof *ids))
            return "repaired text has the same ids";
    }

    g_autofree char *decoded = lk_clip_decode(tokenizer, ids, count);
    if (!g_utf8_validate(decoded, -1, NULL))
        return "decoded text is UTF-8";

    int32_t chunks[3 * LK_CLIP_SEQUENCE];
    for (int pad = 0; pad < 2; pad++) {
        lk_clip_token_ids(tokenizer, repaired, 3, pad ? LK_CLIP_EOS : LK_CLIP_PAD_OPEN, chunks);
        for (int i = 0; i < 3; i++)
            if (chunks[i * LK_CLIP_SEQUENCE] != LK_CLIP_BOS)
                return "every chunk begins with BOS";
    }
    return NULL;
}

/* The first bytes choose the options, the rest is cut at newlines into caption, separators, prefix, suffix and words.
 */
static const char *caption_laws(const char *bytes, size_t size)
{
    if (size < 8)
        return NULL;
    const uint8_t *b = (const uint8_t *)bytes;
    g_autofree char *rest = g_strndup(bytes + 8, size - 8);
    g_auto(GStrv) parts = g_strsplit(rest, "\n", 6);
    guint given = g_strv_length(parts);
    LkCaptionOptions options = {
        .trigger_words = given > 1 ? parts[1] : NULL,
        .separator = given > 2 && b[0] & 1 ? parts[2] : NULL,
        .keep_tokens_separator = given > 3 ? parts[3] : NULL,
        .secondary_separator = given > 4 ? parts[4] : NULL,
        .prefix = given && b[0] & 2 ? parts[given - 1] : NULL,
        .suffix = given && b[0] & 4 ? parts[given - 1] : NULL,
        .shuffle = b[0] & 8,
        .wildcard = b[0] & 16,
        .keep_tokens = (int8_t)b[1],
        .dropout_every_n_epochs = b[2] % 4,
        .token_warmup_min = b[3] % 4,
        .token_warmup_step = b[3] / 16.0,
        .dropout_rate = b[4] / 512.0,
        .tag_dropout_rate = b[5] / 256.0,
    };
    LkCaptionMoment moment = {.stream = {b[6], LK_RANDOM_CAPTION, b[7]},
                              .sample = b[7],
                              .epoch = b[6] % 5,
                              .step = b[7],
                              .max_train_steps = 20};
    const char *caption = given ? parts[0] : "";
    g_autofree char *one = lk_caption_process(caption, &options, &moment);
    g_autofree char *two = lk_caption_process(caption, &options, &moment);
    g_autofree char *whole = lk_caption_process(caption, &options, NULL);
    if (strcmp(one, two))
        return "the same moment gives the same caption";
    g_autofree char *with = lk_caption_add_triggers(caption, options.trigger_words, options.separator);
    if (!g_utf8_validate(with, -1, NULL))
        return "a caption with its trigger words is UTF-8";
    bool plain = !options.secondary_separator && !options.separator && !options.keep_tokens_separator;
    if (plain && (!g_utf8_validate(one, -1, NULL) || !g_utf8_validate(whole, -1, NULL)))
        return "processed captions are UTF-8";
    g_auto(GStrv) words = lk_trigger_words(options.trigger_words ? options.trigger_words : "");
    for (char **word = words; *word; word++) {
        if (!lk_caption_has_trigger(with, *word, options.separator) && !options.separator)
            return "a caption has the trigger words that it was given";
        if (plain && *one && !lk_caption_has_trigger(one, *word, NULL))
            return "a trigger word goes only with the whole caption";
    }
    g_autofree char *again = lk_caption_add_triggers(with, options.trigger_words, options.separator);
    if (!options.separator && strcmp(with, again))
        return "adding trigger words twice is adding them once";
    return NULL;
}
