/* A check that a call was refused, in the right words. */
#pragma once

#include "format/gerror.h"
#include "tests/tap.h"

#include <string.h>

/** `accepted` is what the call returned; the error it set must be ours, of this code (or any, for NONE) and say
 * `words`. Clears the error. */
static bool tap_refused(bool accepted, GError **error, LkErrorCode code, const char *words, const char *title)
{
    const GError *e = *error;
    bool right = !accepted && e && e->domain == LK_ERROR && (code == LK_ERROR_NONE || e->code == (int)code) &&
                 strstr(e->message, words);
    g_autofree char *line = g_strescape(title, NULL); /* a title may be the refused text itself */
    tap_ok(right, "refused: %s: %s", line, e ? e->message : accepted ? "(it was accepted)" : "(without a word)");
    g_clear_error(error);
    return right;
}
