/* Text search that knows no upper and lower case, with stars. */
#include "dataset/filter_node.h"

#include <string.h>

/* The character at *at in lower case; moves on. Bytes that are not UTF-8 are characters of their own, and a text's end
 * is never passed. */
static inline gunichar next_lower(const char **at)
{
    const guchar lead = (guchar) * (*at)++;
    if (lead < 0x80)
        return lead >= 'A' && lead <= 'Z' ? lead + ('a' - 'A') : lead;
    if (lead < 0xC2 || lead > 0xF4)
        return lead;
    int follow = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    gunichar c = lead & (0x3Fu >> follow);
    for (; follow > 0 && ((guchar) * *at & 0xC0) == 0x80; follow--)
        c = c << 6 | ((guchar) * (*at)++ & 0x3F);
    return g_unichar_tolower(c);
}

void lk_filter_pattern_clear(LkFilterPattern *pattern)
{
    for (guint i = 0; i < pattern->count; i++)
        g_free(pattern->pieces[i]);
    g_free(pattern->pieces);
    g_free(pattern->text);
    *pattern = (LkFilterPattern){0};
}

static gunichar *lower(const char *text, size_t size)
{
    gunichar *out = g_new(gunichar, size + 1);
    size_t count = 0;
    for (const char *at = text; at < text + size;)
        out[count++] = next_lower(&at);
    out[count] = 0;
    return out;
}

void lk_filter_pattern_set(LkFilterPattern *pattern, const char *text)
{
    lk_filter_pattern_clear(pattern);
    pattern->text = g_strdup(text);
    g_autoptr(GPtrArray) pieces = g_ptr_array_new();
    for (const char *at = pattern->text;; at++) {
        const char *end = strchrnul(at, LK_FILTER_STAR);
        g_ptr_array_add(pieces, lower(at, (size_t)(end - at)));
        at = end;
        if (!*at)
            break;
    }
    pattern->count = pieces->len;
    pattern->pieces = (gunichar **)g_ptr_array_steal(pieces, NULL);
}

/* Where the piece ends if it stands at `text`, else NULL. */
static const char *match_at(const char *text, const gunichar *piece)
{
    for (; *piece; piece++)
        if (next_lower(&text) != *piece) /* also at the text's end, which equals no character of a piece */
            return NULL;
    return text;
}

/* Where the first place of the piece in `text` ends, or NULL. */
static const char *find(const char *text, const gunichar *piece)
{
    if (!*piece)
        return text;
    while (*text)
        if (next_lower(&text) == *piece) {
            const char *end = match_at(text, piece + 1);
            if (end)
                return end;
        }
    return NULL;
}

bool lk_filter_pattern_within(const LkFilterPattern *pattern, const char *text)
{
    for (guint i = 0; i < pattern->count && text; i++)
        text = find(text, pattern->pieces[i]);
    return text != NULL;
}

/* Whether the text from `text` on ends with the piece. */
static bool ends_with(const char *text, const gunichar *piece)
{
    if (!*piece)
        return true;
    for (const char *end; *text; next_lower(&text))
        if ((end = match_at(text, piece)) && !*end)
            return true;
    return false;
}

bool lk_filter_pattern_is(const LkFilterPattern *pattern, const char *text)
{
    const guint last = pattern->count - 1;
    text = match_at(text, pattern->pieces[0]);
    if (last == 0)
        return text && !*text;
    for (guint i = 1; i < last && text; i++)
        text = find(text, pattern->pieces[i]);
    return text && ends_with(text, pattern->pieces[last]);
}
