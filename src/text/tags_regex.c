/* Regular expressions on captions. */
#include "format/gerror.h"
#include "text/tags.h"
#include "text/unicode.h"

#include <glib/gi18n.h>
#include <string.h>

/* How much a match may try before it is given up: some patterns would take longer than the person lives. */
#define EFFORT "(*LIMIT_MATCH=200000)"

GRegex *lk_tags_regex_new(const char *pattern, LkTagsCase how, GError **error)
{
    if (!*pattern || !g_utf8_validate(pattern, -1, NULL)) {
        lk_set_error(error, LK_ERROR_USAGE, "%s", _("Type a regular expression to search for."));
        return NULL;
    }
    const GRegexCompileFlags flags = how == LK_TAGS_ANY_CASE ? G_REGEX_CASELESS : G_REGEX_DEFAULT;
    g_autoptr(GError) cause = NULL;
    g_autoptr(GRegex) plain = g_regex_new(pattern, flags, G_REGEX_MATCH_DEFAULT, &cause); /* its errors count right */
    g_autofree char *bounded = g_strconcat(EFFORT, pattern, NULL);
    GRegex *regex = plain ? g_regex_new(bounded, flags, G_REGEX_MATCH_DEFAULT, &cause) : NULL;
    if (!regex)
        lk_set_error(error, LK_ERROR_USAGE, _("The regular expression cannot be understood: %s"), cause->message);
    return regex;
}

/* The largest N of \N and \g<N> in a replacement, whose syntax is known to be right. */
static int largest_group(const char *replacement)
{
    int most = 0;
    for (const char *at = replacement; (at = strchr(at, '\\')); at++) {
        at++;
        const char *digits = at[0] == 'g' && at[1] == '<' ? at + 2 : at;
        const gint64 group =
            g_ascii_isdigit(*digits) && !(digits == at && *at == '0') ? g_ascii_strtoll(digits, NULL, 10) : 0;
        most = (int)CLAMP(group, most, G_MAXINT);
        if (!*at)
            break;
    }
    return most;
}

bool lk_tags_regex_check(const GRegex *regex, const char *replacement, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!g_utf8_validate(replacement, -1, NULL))
        return lk_set_error(error, LK_ERROR_USAGE, "%s", _("The replacement is not UTF-8 text."));
    if (!g_regex_check_replacement(replacement, NULL, &cause))
        return lk_set_error(error, LK_ERROR_USAGE, _("The replacement cannot be understood: %s"), cause->message);
    const int groups = g_regex_get_capture_count(regex), used = largest_group(replacement);
    if (used > groups)
        return lk_set_error(error, LK_ERROR_USAGE,
                            ngettext("The replacement uses group %d, but the regular expression has only %d group in "
                                     "parentheses.",
                                     "The replacement uses group %d, but the regular expression has only %d groups in "
                                     "parentheses.",
                                     (gulong)groups),
                            used, groups);
    return true;
}

/* The line after the replacement and tidied, or NULL where nothing matched or it cannot be done. */
static char *replace_in_line(const char *line, gsize size, const GRegex *regex, const char *replacement)
{
    g_autofree char *text = g_strndup(line, size);
    g_autofree char *replaced = g_regex_replace(regex, text, -1, 0, replacement, G_REGEX_MATCH_DEFAULT, NULL);
    if (!replaced || strcmp(replaced, text) == 0)
        return NULL;
    g_strdelimit(replaced, "\r\n", ' ');
    g_auto(GStrv) tags = lk_tags_parse(replaced);
    return lk_tags_join((const char *const *)tags);
}

char *lk_tags_regex(const char *caption, const GRegex *regex, const char *replacement)
{
    g_autofree char *text = lk_utf8_repair(caption, strlen(caption));
    g_autoptr(GString) out = g_string_new(NULL);
    bool changed = false;
    for (const char *at = text;;) {
        const gsize size = strcspn(at, "\r\n");
        g_autofree char *line = replace_in_line(at, size, regex, replacement);
        changed = changed || line;
        if (line)
            g_string_append(out, line);
        else
            g_string_append_len(out, at, (gssize)size);
        at += size;
        if (!*at)
            break;
        const gsize end = strncmp(at, "\r\n", 2) == 0 ? 2 : 1;
        g_string_append_len(out, at, (gssize)end);
        at += end;
    }
    return changed ? g_string_free(g_steal_pointer(&out), FALSE) : g_strdup(caption);
}
