#include "text/wrap.h"

#include <stdbool.h>
#include <string.h>

static int columns_of(const char *text, const char *end)
{
    int columns = 0;
    for (; text < end; text = g_utf8_next_char(text))
        if (!g_unichar_iszerowidth(g_utf8_get_char(text)))
            columns += g_unichar_iswide(g_utf8_get_char(text)) ? 2 : 1;
    return columns;
}

int lk_text_columns(const char *text)
{
    return columns_of(text, text + strlen(text));
}

/* Whether a character may stand at the beginning of a line, or at its end. */
static bool may_begin(gunichar c)
{
    switch (g_unichar_break_type(c)) {
    case G_UNICODE_BREAK_CLOSE_PUNCTUATION:
    case G_UNICODE_BREAK_CLOSE_PARENTHESIS:
    case G_UNICODE_BREAK_EXCLAMATION:
    case G_UNICODE_BREAK_INFIX_SEPARATOR:
    case G_UNICODE_BREAK_NON_STARTER:
    case G_UNICODE_BREAK_INSEPARABLE:
    case G_UNICODE_BREAK_POSTFIX:
    case G_UNICODE_BREAK_SYMBOL:
    case G_UNICODE_BREAK_QUOTATION: /* it may close as well as open */
        return false;
    default:
        return true;
    }
}

static bool may_end(gunichar c)
{
    GUnicodeBreakType type = g_unichar_break_type(c);
    return type != G_UNICODE_BREAK_OPEN_PUNCTUATION && type != G_UNICODE_BREAK_QUOTATION;
}

/* Bytes up to the next place where a line may be broken; 0 at a space, a line feed and the end. */
static gsize piece(const char *text)
{
    const char *at = text;
    while (*at && *at != ' ' && *at != '\n') {
        gunichar c = g_utf8_get_char(at);
        at = g_utf8_next_char(at);
        gunichar next = g_utf8_get_char(at);
        if ((g_unichar_iswide(c) || g_unichar_iswide(next)) && may_end(c) && may_begin(next))
            break;
    }
    return (gsize)(at - text);
}

void lk_text_wrap(GString *out, const char *text, int column, int columns)
{
    int at = column;
    bool spaced = false;
    while (*text) {
        gsize bytes = piece(text);
        int width = columns_of(text, text + bytes);
        if (at > column && at + spaced + width > columns) {
            g_string_append_printf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column && spaced) {
            g_string_append_c(out, ' ');
            at++;
        }
        g_string_append_len(out, text, (gssize)bytes);
        at += width;
        text += bytes;
        for (; *text == '\n'; text++, at = column)
            g_string_append_printf(out, "\n%*s", text[1] && text[1] != '\n' ? column : 0, "");
        spaced = *text == ' ';
        text += strspn(text, " ");
    }
}
