/* Captions whose words have weights, "a (red:1.3) [small] bird", as sd-scripts reads them (library/strategy_base.py,
 * TokenizeStrategy._get_weighted_input_ids):
 *
 *    (words)      1.1 times         [words]      1 / 1.1 times
 *    (words:1.5)  1.5 times         \( \) \[ \] \\   the signs themselves; another backslash is left out
 *
 * Brackets may stand in each other, and those that are not closed reach to the end. A closing bracket that closes
 * nothing is text. Pieces of one weight in a row are one text, and each piece is tokenized by itself. The weight of a
 * token is the factor of its hidden state; nothing is done to keep the mean. Where "(words:NUMBER)" has no number after
 * all, such as 1.2.3, which ends a run of sd-scripts, it counts as 1. */
#pragma once

#include "text/clip_tokenizer.h"

typedef struct LkWeightedPiece {
    char *text;
    double weight;
} LkWeightedPiece;

/** The pieces of a text (LkWeightedPiece; at least one, neighbours differ in weight). Free with g_array_unref. */
GArray *lk_weighted_pieces(const char *utf8);

/** How many tokens the text has without its brackets and numbers. */
int lk_weighted_token_count(const LkClipTokenizer *tokenizer, const char *utf8);

/** lk_clip_token_ids of such a text; `weights` [75·chunks + 2] receives the factors of its states: BOS, the tokens, 1
 * for what follows. */
int lk_weighted_token_ids(const LkClipTokenizer *tokenizer, const char *utf8, int chunks, int32_t pad_id, int32_t *ids,
                          float *weights);
