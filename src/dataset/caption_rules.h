/* What the training options make of a caption at one step: shuffled and dropped tags, wildcards, dropout.
 *
 * Semantics of kohya sd-scripts 0.10.1 (`process_caption` in library/train_util.py), with Philox instead of Python's
 * generator: the result is a pure function of the rules, the caption and (seed, epoch, slot, step). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Options of one subset; the names and defaults are kohya's. Texts are owned by the struct; NULL is "none". */
typedef struct LkCaptionRules {
    bool shuffle_caption;
    bool enable_wildcard;    /* a random line of several, {a|b} choices */
    char *caption_separator; /* NULL is "," */
    int keep_tokens;         /* the first tags that a shuffle and the tag dropout leave alone */
    char *keep_tokens_separator;
    char *secondary_separator;
    char *caption_prefix;
    char *caption_suffix;
    double caption_dropout_rate;
    int caption_dropout_every_n_epochs;
    double caption_tag_dropout_rate;
    int token_warmup_min;
    double token_warmup_step; /* below 1: a part of all steps */
} LkCaptionRules;

/** kohya's defaults: the caption as it is. */
LkCaptionRules lk_caption_rules_default(void);
LkCaptionRules lk_caption_rules_copy(const LkCaptionRules *rules);
void lk_caption_rules_clear(LkCaptionRules *rules);
/** True when two steps may see different texts, so that text encoder outputs cannot be cached. */
bool lk_caption_rules_vary(const LkCaptionRules *rules);

/** A point of a run. */
typedef struct LkCaptionMoment {
    uint64_t seed;
    uint32_t epoch; /* from 0 */
    uint64_t slot;  /* which item of the epoch (LkEpochEntry.slot), below 2^44 */
    int64_t step;   /* optimizer steps done */
    int64_t max_train_steps;
} LkCaptionMoment;

/** The text to train on at this moment; free with g_free. */
char *lk_caption_process(const LkCaptionRules *rules, const char *caption, const LkCaptionMoment *moment);

/** `length` bytes of valid UTF-8 without white space at both ends (as Python's str.strip()); free with g_free. */
char *lk_caption_strip(const char *text, size_t length);
