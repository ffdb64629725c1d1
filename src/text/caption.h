/* What is done to a caption each time its picture is trained: kohya's process_caption, and trigger words.
 *
 * The rules and their order are those of sd-scripts (library/train_util.py, process_caption): prefix and suffix,
 * dropout, wildcards or first line, then, if tags are shuffled, dropped or held back, the tags in three parts: fixed,
 * flexible, fixed at the end; last the secondary separator. Ours is the step of the trigger words, and that all chance
 * comes from a stream of numbers, so that a resumed run sees the captions it would have seen. */
#pragma once

#include "base/philox.h"
#include "text/clip_tokenizer.h"

#include <stdbool.h>

/** Settings of a subset of the pictures; all zero is a caption's first line as it is. Strings are borrowed and may be
 * NULL. */
typedef struct LkCaptionOptions {
    const char *separator;             /* caption_separator; NULL or "" is a comma */
    const char *keep_tokens_separator; /* what is before the first is fixed, and what is behind a second */
    const char *secondary_separator;   /* becomes `separator` at the end: tags that stay together */
    const char *prefix, *suffix;       /* caption_prefix, caption_suffix: joined by a space */
    const char *trigger_words;         /* comma separated; put first in captions that lack them */
    bool shuffle;                      /* shuffle_caption */
    bool weighted;                     /* weighted_captions: brackets and numbers are weights, no words (weighted.h) */
    bool wildcard;                     /* enable_wildcard: any line instead of the first, and {a|b} */
    int keep_tokens;                   /* how many tags are fixed, where no keep_tokens_separator stands */
    int dropout_every_n_epochs;        /* caption_dropout_every_n_epochs; 0 is never */
    int token_warmup_min;              /* token_warmup_min: flexible tags at step 0 */
    double token_warmup_step;          /* the step that has all of them; below 1 a part of all steps */
    double dropout_rate;               /* caption_dropout_rate: chance of an empty caption */
    double tag_dropout_rate;           /* caption_tag_dropout_rate: chance of each flexible tag to go */
} LkCaptionOptions;

/** When a caption is used. Its random numbers are a function of `stream` and `sample` alone. */
typedef struct LkCaptionMoment {
    LkRandom stream;     /* purpose LK_RANDOM_CAPTION, step: of the training */
    uint64_t sample;     /* place in the step's batches: no two captions of a step may share it */
    int epoch;           /* from 1, as kohya counts */
    int step;            /* from 0 */
    int max_train_steps; /* only for a token_warmup_step below 1 */
} LkCaptionMoment;

/** The caption to train on; `moment` NULL gives it whole and in order: nothing dropped, shuffled or held back, of
 * wildcards the first. UTF-8, repaired where it is not. Free with g_free.
 *
 * Where tags are shuffled, dropped or held back, the flexible tags that hold a trigger word join the fixed ones in
 * front: a trigger word is lost only with the whole caption. */
char *lk_caption_process(const char *caption, const LkCaptionOptions *options, const LkCaptionMoment *moment);

/** How many tokens the whole caption has with its prefix, suffix and trigger words. */
int lk_caption_token_count(const char *caption, const LkCaptionOptions *options, const LkClipTokenizer *tokenizer);

/** The tags between separators (NULL or "" is a comma), trimmed, without empty ones. Free with g_strfreev. */
char **lk_caption_tags(const char *caption, const char *separator);

/** The separator in force: a comma where `separator` is NULL, empty or not UTF-8. */
const char *lk_caption_separator(const char *separator);
