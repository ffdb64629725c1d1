/* Byte pair encoding over a table of merges: the part that CLIP's and other byte-level tokenizers share. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LkBpe LkBpe;

/** Merge i joins the tokens pairs[2 i] and pairs[2 i + 1] to the token `first_id + i`; an earlier merge comes first in
 * every word. NULL if a part is not an id below the token it makes, or a pair comes twice; and with `error`, which is
 * for that alone, where there is no memory. */
LkBpe *lk_bpe_new(const uint16_t *pairs, int count, int first_id, LkError *error);
void lk_bpe_free(LkBpe *bpe);

/** Merges the symbols of one word in place, the earliest merge first and the leftmost of equals, and returns how many
 * tokens are left. O(n log n) for long words. Safe to call from several threads. */
size_t lk_bpe_merge(const LkBpe *bpe, int32_t *symbols, size_t count);

/** The two parts of a token; false for a token that no merge makes. */
bool lk_bpe_parts(const LkBpe *bpe, int32_t id, int32_t *left, int32_t *right);
