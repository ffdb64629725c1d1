/* A check that a call was refused, in the right words. */
#pragma once

#include "format/gerror.h"
#include "tests/tap.h"

#include <string.h>

/** `accepted` is what the call returned; the error it set must be ours, of this code (or any, for NONE) and say
 * `words`, as text in UTF-8. Clears the error. */
static bool tap_refused(bool accepted, GError **error, LkErrorCode code, const char *words, const char *title)
{
    const GError *e = *error;
    bool right = !accepted && e && e->domain == LK_ERROR && (code == LK_ERROR_NONE || e->code == (int)code) &&
                 strstr(e->message, words) && g_utf8_validate(e->message, -1, NULL);
    const char *said = e ? e->message : accepted ? "(it was accepted)" : "(without a word)";
    /* Both may hold the refused text itself, and TAP is one line. */
    g_autofree char *line = g_strescape(title, NULL), *message = g_strdelimit(g_strdup(said), "\n", ' ');
    tap_ok(right, "refused: %s: %s", line, message);
    g_clear_error(error);
    return right;
}
