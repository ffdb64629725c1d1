#include "format/toml_cursor.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- the cursor */

int lk_toml_cursor_column(LkTomlCursor *c, const char *place)
{
    if (c->column_at < c->line_start || c->column_at > place) {
        c->column_at = c->line_start;
        c->column = 1;
    }
    /* Only from the last place on: a line of megabytes would else be counted again for each of its values. */
    for (; c->column_at < place; c->column_at++)
        c->column += (*c->column_at & 0xC0) != 0x80;
    return c->column;
}

bool lk_toml_cursor_fail(LkTomlCursor *c, const char *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *cut = g_strdup_vprintf(format, args); /* perhaps in the middle of a character */
    g_autofree char *text = g_utf8_make_valid(cut, -1);
    va_end(args);
    return lk_set_error(c->error, LK_ERROR_FORMAT, _("%s line %d, column %d: %s"), c->source, c->line,
                        lk_toml_cursor_column(c, place), text);
}

LkTomlNode *lk_toml_cursor_node(LkTomlCursor *c, LkTomlType type, const char *place)
{
    if (++c->nodes > LK_TOML_MAX_NODES) {
        lk_toml_cursor_fail(c, place, _("The file has more than %d values."), LK_TOML_MAX_NODES);
        return NULL;
    }
    return lk_toml_node_new(type, c->line, lk_toml_cursor_column(c, place));
}

static bool is_control(char byte)
{
    unsigned char u = (unsigned char)byte;
    return (u < 32 && u != '\t') || u == 127;
}

static bool fail_control(LkTomlCursor *c, const char *where)
{
    return lk_toml_cursor_fail(c, c->at, _("%s may not hold the control character 0x%02X."), where,
                               (unsigned char)*c->at);
}

bool lk_toml_take_newline(LkTomlCursor *c)
{
    if (lk_toml_peek(c, 0) == '\r' && lk_toml_peek(c, 1) == '\n')
        c->at += 2;
    else if (lk_toml_peek(c, 0) == '\n')
        c->at += 1;
    else
        return false;
    c->line++;
    c->line_start = c->at;
    return true;
}

void lk_toml_skip_space(LkTomlCursor *c)
{
    while (lk_toml_peek(c, 0) == ' ' || lk_toml_peek(c, 0) == '\t')
        c->at++;
}

bool lk_toml_skip_comment(LkTomlCursor *c)
{
    if (lk_toml_peek(c, 0) != '#')
        return true;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '\n' || (*c->at == '\r' && lk_toml_peek(c, 1) == '\n'))
            return true;
        if (is_control(*c->at))
            return fail_control(c, "A comment");
    }
    return true;
}

bool lk_toml_skip_lines(LkTomlCursor *c)
{
    do {
        lk_toml_skip_space(c);
        if (!lk_toml_skip_comment(c))
            return false;
    } while (lk_toml_take_newline(c));
    return true;
}

/* ------------------------------------------------------------------------------------------- strings */

static bool fail_escape(LkTomlCursor *c)
{
    return lk_toml_cursor_fail(c, c->at,
                               _("\"\\%.*s\" is no escape of TOML. A path of Windows is best written in single quotes, "
                                 "as 'C:\\folder', or with / instead of \\."),
                               (int)(g_utf8_next_char(c->at + 1) - (c->at + 1)), c->at + 1);
}

/* \uXXXX and \UXXXXXXXX; the cursor stands on the backslash. */
static bool take_code_point(LkTomlCursor *c, int digits)
{
    gunichar code = 0;
    for (int i = 0; i < digits; i++) {
        int digit = g_ascii_xdigit_value(lk_toml_peek(c, (size_t)i + 2));
        if (digit < 0)
            return lk_toml_cursor_fail(c, c->at,
                                       _("\"\\%c\" needs %d hexadecimal digits. A path of Windows is best written in "
                                         "single quotes, as 'C:\\folder', or with / instead of \\."),
                                       c->at[1], digits);
        code = code << 4 | (gunichar)digit;
    }
    if (code == 0 || !g_unichar_validate(code))
        return lk_toml_cursor_fail(c, c->at, _("U+%04X is not a character that a text may hold."), code);
    g_string_append_unichar(c->scratch, code);
    c->at += digits + 2;
    return true;
}

static bool take_escape(LkTomlCursor *c)
{
    static const char names[128] = {
        ['b'] = '\b', ['t'] = '\t', ['n'] = '\n', ['f'] = '\f', ['r'] = '\r', ['"'] = '"', ['\\'] = '\\'};
    unsigned char name = (unsigned char)lk_toml_peek(c, 1);
    if (name == 'u' || name == 'U')
        return take_code_point(c, name == 'u' ? 4 : 8);
    if (!name)
        return lk_toml_cursor_fail(c, c->at, _("The file ends inside a string."));
    if (name >= 128 || !names[name])
        return fail_escape(c);
    g_string_append_c(c->scratch, names[name]);
    c->at += 2;
    return true;
}

/* A backslash at the end of a line takes away the line end and all white space after it. */
static bool take_line_continuation(LkTomlCursor *c)
{
    const char *start = c->at++;
    lk_toml_skip_space(c);
    if (!lk_toml_take_newline(c)) {
        c->at = start;
        return false;
    }
    do
        lk_toml_skip_space(c);
    while (lk_toml_take_newline(c));
    return true;
}

static const char *keep_scratch(LkTomlCursor *c)
{
    return g_string_chunk_insert_len(c->strings, c->scratch->str, (gssize)c->scratch->len);
}

/* "basic" or 'literal' on one line; the cursor stands on the quote. */
static const char *parse_single(LkTomlCursor *c, char quote)
{
    const char *start = c->at++;
    g_string_truncate(c->scratch, 0);
    for (;;) {
        char byte = lk_toml_peek(c, 0);
        if (byte == quote) {
            c->at++;
            return keep_scratch(c);
        }
        if (!byte || byte == '\n' || (byte == '\r' && lk_toml_peek(c, 1) == '\n')) {
            lk_toml_cursor_fail(c, start, _("This string has no closing %c on its line."), quote);
            return NULL;
        }
        if (byte == '\\' && quote == '"') {
            if (!take_escape(c))
                return NULL;
        } else if (is_control(byte)) {
            fail_control(c, "A string");
            return NULL;
        } else {
            g_string_append_c(c->scratch, byte);
            c->at++;
        }
    }
}

static bool at_triple(const LkTomlCursor *c, char quote)
{
    return lk_toml_peek(c, 0) == quote && lk_toml_peek(c, 1) == quote && lk_toml_peek(c, 2) == quote;
}

/* One character, escape or line end of a multi-line string. */
static bool take_multiline_piece(LkTomlCursor *c, char quote)
{
    char byte = *c->at;
    if (byte == '\\' && quote == '"')
        return take_line_continuation(c) || take_escape(c);
    if (lk_toml_take_newline(c)) {
        g_string_append_c(c->scratch, '\n');
        return true;
    }
    if (is_control(byte))
        return fail_control(c, "A string");
    g_string_append_c(c->scratch, byte);
    c->at++;
    return true;
}

static const char *parse_multiline(LkTomlCursor *c, char quote)
{
    int first_line = c->line;
    c->at += 3;
    lk_toml_take_newline(c);
    g_string_truncate(c->scratch, 0);
    while (!at_triple(c, quote)) {
        if (c->at == c->end) {
            lk_toml_cursor_fail(c, c->at, _("The string that begins on line %d has no closing %c%c%c."), first_line,
                                quote, quote, quote);
            return NULL;
        }
        if (!take_multiline_piece(c, quote))
            return NULL;
    }
    c->at += 3;
    /* Up to two quotes may stand directly before the closing three. */
    for (int extra = 0; extra < 2 && lk_toml_peek(c, 0) == quote; extra++, c->at++)
        g_string_append_c(c->scratch, quote);
    return keep_scratch(c);
}

const char *lk_toml_parse_quoted(LkTomlCursor *c, bool single_line)
{
    char quote = *c->at;
    if (!single_line && at_triple(c, quote))
        return parse_multiline(c, quote);
    return parse_single(c, quote);
}

/* ------------------------------------------------------------------------------------------- numbers */

/* Digits of a base, single underscores between them, appended to `out`; NULL where there are none or they are wrong. */
static const char *take_digits(const char *p, int base, GString *out)
{
    const char *start = p;
    for (;; p++) {
        int digit = g_ascii_xdigit_value(*p);
        if (digit >= 0 && digit < base)
            g_string_append_c(out, *p);
        else if (*p != '_' || p == start || p[-1] == '_')
            break;
    }
    return p == start || p[-1] == '_' ? NULL : p;
}

typedef enum Outcome { NO_NUMBER, GOOD_NUMBER, TOO_LARGE } Outcome;

static Outcome to_integer(const char *digits, int base, LkTomlNode *node)
{
    bool fits;
    if (base == 10) {
        fits = g_ascii_string_to_signed(digits[0] == '+' ? digits + 1 : digits, 10, INT64_MIN, INT64_MAX,
                                        &node->value.integer, NULL);
    } else {
        guint64 value = 0;
        fits = g_ascii_string_to_unsigned(digits, (guint)base, 0, INT64_MAX, &value, NULL);
        node->value.integer = (int64_t)value;
    }
    node->type = LK_TOML_INTEGER;
    return fits ? GOOD_NUMBER : TOO_LARGE;
}

/* `text` is a whole token, ended by NUL. */
static Outcome read_number(const char *text, GString *digits, LkTomlNode *node)
{
    static const struct {
        char letter;
        int base;
    } prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (size_t i = 0; text[0] == '0' && i < G_N_ELEMENTS(prefixes); i++)
        if (text[1] == prefixes[i].letter) {
            const char *stop = take_digits(text + 2, prefixes[i].base, digits);
            return stop && !*stop ? to_integer(digits->str, prefixes[i].base, node) : NO_NUMBER;
        }

    const char *p = text;
    if (*p == '+' || *p == '-')
        g_string_append_c(digits, *p++);
    node->type = LK_TOML_FLOAT;
    if (strcmp(p, "inf") == 0 || strcmp(p, "nan") == 0) {
        double value = *p == 'i' ? (double)INFINITY : (double)NAN;
        node->value.number = text[0] == '-' ? -value : value;
        return GOOD_NUMBER;
    }
    const char *stop = take_digits(p, 10, digits);
    if (!stop || (p[0] == '0' && stop - p > 1))
        return NO_NUMBER; /* no leading zeros */
    if (!*stop)
        return to_integer(digits->str, 10, node);
    if (*stop == '.') {
        g_string_append_c(digits, '.');
        stop = take_digits(stop + 1, 10, digits);
    }
    if (stop && (*stop == 'e' || *stop == 'E')) {
        g_string_append_c(digits, 'e');
        stop++;
        if (*stop == '+' || *stop == '-')
            g_string_append_c(digits, *stop++);
        stop = take_digits(stop, 10, digits);
    }
    if (!stop || *stop)
        return NO_NUMBER;
    node->value.number = g_ascii_strtod(digits->str, NULL);
    return GOOD_NUMBER;
}

static bool looks_like_date(const char *text)
{
    int digits = 0;
    while (g_ascii_isdigit(text[digits]))
        digits++;
    return (digits == 4 && text[4] == '-') || (digits == 2 && text[2] == ':');
}

/* Why a token is no value, in words that help. */
static void fail_token(LkTomlCursor *c, const char *token)
{
    if (!*token) {
        if (c->at == c->end || *c->at == '\n' || *c->at == '\r' || *c->at == '#')
            lk_toml_cursor_fail(c, c->at, _("A value is missing here."));
        else
            lk_toml_cursor_fail(c, c->at, _("A value cannot begin with \"%.*s\"."),
                                (int)(g_utf8_next_char(c->at) - c->at), c->at);
    } else if (looks_like_date(token)) {
        lk_toml_cursor_fail(c, c->at, _("Dates and times are not supported; write it as a text in quotes."));
    } else if (g_ascii_strcasecmp(token, "true") == 0 || g_ascii_strcasecmp(token, "false") == 0) {
        lk_toml_cursor_fail(c, c->at, _("Write true and false in small letters."));
    } else if (g_ascii_isalpha(*token)) {
        lk_toml_cursor_fail(c, c->at, _("A text must be in quotes: \"%.60s\"."), token);
    } else {
        lk_toml_cursor_fail(c, c->at, _("%.60s is not a valid number."), token);
    }
}

LkTomlNode *lk_toml_parse_bare(LkTomlCursor *c)
{
    const char *stop = c->at;
    while (stop < c->end && (g_ascii_isalnum(*stop) || strchr("_+-.:", *stop)))
        stop++;
    LkTomlNode *node = lk_toml_cursor_node(c, LK_TOML_BOOLEAN, c->at);
    if (!node)
        return NULL;
    g_autofree char *token = g_strndup(c->at, (gsize)(stop - c->at));
    g_string_truncate(c->scratch, 0);
    Outcome outcome = GOOD_NUMBER;
    if (strcmp(token, "true") == 0 || strcmp(token, "false") == 0)
        node->value.boolean = *token == 't';
    else
        outcome = read_number(token, c->scratch, node);
    if (outcome == GOOD_NUMBER) {
        c->at = stop;
        return node;
    }
    if (outcome == TOO_LARGE)
        lk_toml_cursor_fail(c, c->at, _("%.60s is too large: whole numbers go from -2^63 to 2^63 - 1."), token);
    else
        fail_token(c, token);
    lk_toml_node_free(node);
    return NULL;
}

/* ------------------------------------------------------------------------------------------- keys */

static const char *parse_key_part(LkTomlCursor *c)
{
    char first = lk_toml_peek(c, 0);
    if (first == '"' || first == '\'')
        return lk_toml_parse_quoted(c, true);
    const char *stop = c->at;
    while (stop < c->end && (g_ascii_isalnum(*stop) || *stop == '_' || *stop == '-'))
        stop++;
    if (stop == c->at) {
        if (c->at == c->end || *c->at == '\n' || *c->at == '\r')
            lk_toml_cursor_fail(c, c->at, _("A key is missing here."));
        else
            lk_toml_cursor_fail(c, c->at, _("A key cannot hold \"%.*s\" unless it is in quotes."),
                                (int)(g_utf8_next_char(c->at) - c->at), c->at);
        return NULL;
    }
    const char *part = g_string_chunk_insert_len(c->strings, c->at, (gssize)(stop - c->at));
    c->at = stop;
    return part;
}

bool lk_toml_parse_key(LkTomlCursor *c, GPtrArray *parts)
{
    for (;;) {
        const char *part = parse_key_part(c);
        if (!part)
            return false;
        g_ptr_array_add(parts, (char *)part);
        if (parts->len > LK_TOML_MAX_DEPTH)
            return lk_toml_cursor_fail(c, c->at, _("A key may have at most %d parts."), LK_TOML_MAX_DEPTH);
        lk_toml_skip_space(c);
        if (lk_toml_peek(c, 0) != '.')
            return true;
        c->at++;
        lk_toml_skip_space(c);
    }
}
