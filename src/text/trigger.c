#include "text/trigger.h"

#include "text/caption.h"
#include "text/unicode.h"

#include <string.h>

char **lk_trigger_words(const char *list)
{
    g_auto(GStrv) words = lk_caption_tags(list, ",");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *out = g_ptr_array_new();
    for (char **word = words; *word; word++)
        if (g_hash_table_add(seen, lk_text_fold(*word)))
            g_ptr_array_add(out, g_strdup(*word));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

static bool is_word_part(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '_';
}

/* Scripts in which a word's neighbour may be a letter. */
static bool is_unspaced(gunichar c)
{
    switch (g_unichar_get_script(c)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
        return true;
    default:
        return false;
    }
}

/* Whether a word may end or begin between these neighbours. */
static bool is_border(gunichar left, gunichar right)
{
    return !is_word_part(left) || !is_word_part(right) || is_unspaced(left) || is_unspaced(right);
}

/* Whether `word` stands in `text` as a whole word; both folded. */
static bool has_word(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at = g_utf8_next_char(at)) {
        const char *end = at + size;
        bool begins = at == text || is_border(g_utf8_get_char(g_utf8_prev_char(at)), g_utf8_get_char(at));
        bool ends = !*end || is_border(g_utf8_get_char(g_utf8_prev_char(end)), g_utf8_get_char(end));
        if (begins && ends)
            return true;
    }
    return false;
}

bool lk_caption_has_trigger(const char *caption, const char *word, const char *separator)
{
    g_autofree char *wanted = lk_text_trim(lk_utf8_repair(word, strlen(word)));
    if (!*wanted)
        return false;
    g_autofree char *folded = lk_text_fold(wanted);
    g_autofree char *text = lk_text_fold(caption);
    if (has_word(text, folded))
        return true;
    /* A tag is a tag also where the separator is made of letters. */
    g_auto(GStrv) tags = lk_caption_tags(caption, separator);
    bool found = false;
    for (char **tag = tags; *tag && !found; tag++) {
        g_autofree char *one = lk_text_fold(*tag);
        found = !strcmp(one, folded);
    }
    return found;
}

char *lk_caption_add_triggers(const char *caption, const char *list, const char *separator)
{
    g_auto(GStrv) words = lk_trigger_words(list ? list : "");
    g_autofree char *rest = lk_utf8_repair(caption, strlen(caption));
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    for (char **word = words; *word; word++)
        if (!lk_caption_has_trigger(rest, *word, separator))
            g_ptr_array_add(parts, *word);
    if (!parts->len)
        return g_steal_pointer(&rest);
    g_autofree char *trimmed = lk_text_trim(g_strdup(rest));
    if (*trimmed)
        g_ptr_array_add(parts, rest);
    g_ptr_array_add(parts, NULL);
    g_autofree char *between = g_strconcat(lk_caption_separator(separator), " ", NULL);
    return g_strjoinv(between, (char **)parts->pdata);
}
