/* The known name that a misspelt one was probably meant to be. */
#pragma once

#include <stddef.h>

/** Of `count` names the one with the fewest changed, added, missing or swapped letters (any case; the first of equals),
 * or NULL if even that one differs in more than a third of its letters (but two are always allowed). */
const char *lk_nearest_name(const char *word, const char *const *names, size_t count);
