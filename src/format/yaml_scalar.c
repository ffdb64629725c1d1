/* Single values of YAML: plain, quoted and literal texts, and what plain words mean. */
#include "format/yaml_cursor.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

void *lk_yaml_fail(LkYamlCursor *c, const char *format, ...)
{
    if (*c->error)
        return NULL;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1); /* %.100s may cut a character */
    lk_set_error(c->error, LK_ERROR_FORMAT, _("%s line %d: %s"), c->source, c->line, valid);
    return NULL;
}

/* ---------------------------------------------------------------------------------- space and lines */

static void take_newline(LkYamlCursor *c)
{
    c->at++;
    c->line++;
    c->line_start = c->at;
}

void lk_yaml_skip_space(LkYamlCursor *c)
{
    bool space = c->at == c->line_start;
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t')) {
        c->at++;
        space = true;
    }
    space |= c->at > c->line_start && (c->at[-1] == ' ' || c->at[-1] == '\t');
    if (space && lk_yaml_peek(c, 0) == '#')
        while (c->at < c->end && *c->at != '\n')
            c->at++;
}

bool lk_yaml_skip_lines(LkYamlCursor *c)
{
    for (;;) {
        bool fresh = c->at == c->line_start;
        lk_yaml_skip_space(c);
        if (c->at == c->end)
            return true;
        if (*c->at != '\n') {
            if (fresh && memchr(c->line_start, '\t', (size_t)(c->at - c->line_start)))
                return lk_yaml_fail(c, _("The line is indented with a tab; use spaces.")) != NULL;
            return true;
        }
        take_newline(c);
    }
}

/* ------------------------------------------------------------------------------------------- quoted */

/* The digits behind \x, \u and \U. */
static bool take_code(LkYamlCursor *c, GString *out, int digits)
{
    gunichar code = 0;
    for (int i = 0; i < digits; i++) {
        int digit = g_ascii_xdigit_value(lk_yaml_peek(c, (size_t)i));
        if (digit < 0)
            return lk_yaml_fail(c, _("A backslash with a code needs %d hexadecimal digits."), digits) != NULL;
        code = code * 16 + (gunichar)digit;
    }
    if (code == 0 || !g_unichar_validate(code))
        return lk_yaml_fail(c, _("A code behind a backslash is no character.")) != NULL;
    g_string_append_unichar(out, code);
    c->at += digits;
    return true;
}

static bool take_escape(LkYamlCursor *c, GString *out)
{
    static const char names[] = "abtnvfre \"/\\_NLP\t";
    static const char *const values[] = {"\a", "\b", "\t", "\n", "\v",       "\f",       "\r",           "\x1b",
                                         " ",  "\"", "/",  "\\", "\xC2\xA0", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                         "\t"};
    char name = lk_yaml_peek(c, 0);
    if (name == '\0')
        return lk_yaml_fail(c, _("The text in quotes has no end.")) != NULL;
    c->at++;
    if (name == 'x' || name == 'u' || name == 'U')
        return take_code(c, out, name == 'x' ? 2 : name == 'u' ? 4 : 8);
    const char *found = strchr(names, name);
    if (!found)
        return lk_yaml_fail(c, _("A backslash before %c means nothing; write two of them."),
                            (unsigned char)name < 0x80 ? name : '?') != NULL;
    g_string_append(out, values[found - names]);
    return true;
}

/* A line end within quotes: spaces around it go, one becomes a space, n become n - 1 line ends. */
static bool fold(LkYamlCursor *c, GString *out, gsize keep)
{
    while (out->len > keep && (out->str[out->len - 1] == ' ' || out->str[out->len - 1] == '\t'))
        g_string_truncate(out, out->len - 1);
    int lines = 0;
    while (c->at < c->end && (*c->at == '\n' || *c->at == ' ' || *c->at == '\t')) {
        if (*c->at == '\n') {
            take_newline(c);
            lines++;
        } else {
            c->at++;
        }
    }
    if (lines == 1)
        g_string_append_c(out, ' ');
    for (; lines > 1; lines--)
        g_string_append_c(out, '\n');
    return true;
}

char *lk_yaml_parse_quoted(LkYamlCursor *c)
{
    char quote = *c->at++;
    g_autoptr(GString) out = g_string_new(NULL);
    gsize keep = 0; /* what an escape made is not trimmed */
    while (c->at < c->end) {
        char byte = *c->at;
        if (byte == quote && quote == '\'' && lk_yaml_peek(c, 1) == '\'') {
            g_string_append_c(out, '\'');
            c->at += 2;
        } else if (byte == quote) {
            c->at++;
            return g_strdup(out->str);
        } else if (byte == '\\' && quote == '"' && lk_yaml_peek(c, 1) == '\n') {
            c->at++;
            take_newline(c);
            while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
                c->at++;
            keep = out->len;
        } else if (byte == '\\' && quote == '"') {
            c->at++;
            if (!take_escape(c, out))
                return NULL;
            keep = out->len;
        } else if (byte == '\n') {
            fold(c, out, keep);
        } else {
            g_string_append_c(out, byte);
            c->at++;
        }
    }
    return lk_yaml_fail(c, _("The text in quotes has no end."));
}

/* -------------------------------------------------------------------------------------------- plain */

static bool is_flow_mark(char byte)
{
    return byte == ',' || byte == '[' || byte == ']' || byte == '{' || byte == '}';
}

/* Where the plain text that begins here ends in its line: before ": ", " #", in flow collections their marks. Trailing
 * spaces are left out. */
static const char *plain_end(const LkYamlCursor *c, bool flow)
{
    const char *p = c->at, *last = c->at;
    for (; p < c->end && *p != '\n'; p++) {
        char next = p + 1 < c->end ? p[1] : '\0';
        if (*p == ':' && (lk_yaml_is_break(next) || (flow && is_flow_mark(next))))
            break;
        if (*p == '#' && p > c->at && (p[-1] == ' ' || p[-1] == '\t'))
            break;
        if (flow && is_flow_mark(*p))
            break;
        if (*p != ' ' && *p != '\t')
            last = p + 1;
    }
    return last;
}

static bool is_word(const char *text, const char *const *words)
{
    return g_strv_contains(words, text);
}

static bool is_decimal(const char *text)
{
    const char *digits = text + (*text == '-' || *text == '+');
    return *digits && strspn(digits, "0123456789") == strlen(digits);
}

/* A decimal number with a point or an exponent. */
static bool is_float(const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    size_t whole = strspn(p, "0123456789"), part = 0;
    p += whole;
    if (*p == '.') {
        part = strspn(++p, "0123456789");
        p += part;
    }
    if (whole + part == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '-' || *p == '+';
        size_t digits = strspn(p, "0123456789");
        return digits > 0 && p[digits] == '\0';
    }
    return *p == '\0';
}

static yyjson_mut_val *meaning(LkYamlCursor *c, const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", NULL};
    if (is_word(text, nulls))
        return yyjson_mut_null(c->doc);
    if (is_word(text, trues) || is_word(text, falses))
        return yyjson_mut_bool(c->doc, is_word(text, trues));
    if (is_decimal(text)) {
        gint64 number;
        if (g_ascii_string_to_signed(text + (*text == '+'), 10, G_MININT64, G_MAXINT64, &number, NULL))
            return yyjson_mut_sint(c->doc, number);
    }
    if (is_decimal(text) || is_float(text)) {
        double number = g_ascii_strtod(text, NULL);
        if (isfinite(number))
            return yyjson_mut_real(c->doc, number);
    }
    return lk_yaml_string(c, text);
}

yyjson_mut_val *lk_yaml_string(LkYamlCursor *c, const char *text)
{
    yyjson_mut_val *value = yyjson_mut_strcpy(c->doc, text);
    return value ? value : lk_yaml_fail(c, _("There is not enough memory."));
}

/* Goes to the next line of a plain text, if there is one; the line ends between become text. */
static bool next_plain_line(LkYamlCursor *c, int indent, bool flow, GString *out)
{
    LkYamlCursor ahead = *c;
    int lines = 0;
    while (ahead.at < ahead.end && (*ahead.at == ' ' || *ahead.at == '\t' || *ahead.at == '\n')) {
        if (*ahead.at == '\n') {
            take_newline(&ahead);
            lines++;
        } else {
            ahead.at++;
        }
    }
    bool dash = lk_yaml_peek(&ahead, 0) == '-' && lk_yaml_column(&ahead) == 0 && ahead.end - ahead.at >= 3 &&
                memcmp(ahead.at, "---", 3) == 0;
    if (lines == 0 || ahead.at == ahead.end || *ahead.at == '#' || dash || lk_yaml_column(&ahead) <= indent ||
        (flow && (is_flow_mark(*ahead.at) || *ahead.at == ':')))
        return false;
    if (lines == 1)
        g_string_append_c(out, ' ');
    for (; lines > 1; lines--)
        g_string_append_c(out, '\n');
    *c = ahead;
    return true;
}

yyjson_mut_val *lk_yaml_parse_plain(LkYamlCursor *c, int indent, bool flow)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (flow && (is_flow_mark(lk_yaml_peek(c, 0)) || lk_yaml_peek(c, 0) == '\0'))
        return lk_yaml_fail(c, _("A value is missing, or a bracket has no end."));
    bool one_line = true;
    for (;;) {
        const char *end = plain_end(c, flow);
        if (end == c->at)
            return lk_yaml_fail(c, _("A value is missing before “%c”."), *c->at == '\n' ? ' ' : *c->at);
        g_string_append_len(out, c->at, end - c->at);
        c->at = end;
        LkYamlCursor behind = *c;
        while (behind.at < behind.end && (*behind.at == ' ' || *behind.at == '\t'))
            behind.at++;
        if (lk_yaml_peek(&behind, 0) == ':')
            return lk_yaml_fail(c, _("A second colon in a value; put texts with “: ” in quotes."));
        if (lk_yaml_peek(&behind, 0) == '#' || !next_plain_line(c, indent, flow, out))
            break;
        one_line = false;
    }
    return one_line ? meaning(c, out->str) : lk_yaml_string(c, out->str);
}

/* --------------------------------------------------------------------------------------------- keys */

bool lk_yaml_at_key(const LkYamlCursor *c)
{
    LkYamlCursor ahead = *c;
    char byte = lk_yaml_peek(c, 0);
    if (byte == '"' || byte == '\'') {
        g_autoptr(GError) ignored = NULL;
        ahead.error = &ignored;
        g_autofree char *text = lk_yaml_parse_quoted(&ahead);
        if (!text || ahead.line != c->line)
            return false;
    } else if (byte == '[' || byte == '{' || byte == '|' || byte == '>') {
        return false;
    } else {
        ahead.at = plain_end(c, false);
    }
    while (ahead.at < ahead.end && (*ahead.at == ' ' || *ahead.at == '\t'))
        ahead.at++;
    return lk_yaml_peek(&ahead, 0) == ':' && lk_yaml_is_break(lk_yaml_peek(&ahead, 1));
}

char *lk_yaml_parse_key(LkYamlCursor *c, bool flow)
{
    char byte = lk_yaml_peek(c, 0);
    g_autofree char *key = NULL;
    if (byte == '"' || byte == '\'') {
        key = lk_yaml_parse_quoted(c);
        if (!key)
            return NULL;
    } else {
        const char *end = plain_end(c, flow);
        key = g_strndup(c->at, (gsize)(end - c->at));
        c->at = end;
    }
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
    if (lk_yaml_peek(c, 0) != ':' || (*key == '\0' && byte != '"' && byte != '\''))
        return lk_yaml_fail(c, _("A key with a colon and a space behind it is missing."));
    c->at++;
    return g_steal_pointer(&key);
}

/* ------------------------------------------------------------------------------------- literal texts */

typedef struct Literal {
    bool folded;
    char chomp;  /* '-': no line end at the end, '+': all of them, 0: one */
    int columns; /* of the text's indentation, beyond `indent`; 0: as its first line */
} Literal;

static bool take_header(LkYamlCursor *c, Literal *literal)
{
    literal->folded = *c->at++ == '>';
    for (;; c->at++) {
        char byte = lk_yaml_peek(c, 0);
        if (byte == '-' || byte == '+')
            literal->chomp = byte;
        else if (byte >= '1' && byte <= '9')
            literal->columns = byte - '0';
        else
            break;
    }
    lk_yaml_skip_space(c);
    if (c->at < c->end && *c->at != '\n')
        return lk_yaml_fail(c, _("A text behind | or > begins in the next line.")) != NULL;
    if (c->at < c->end)
        take_newline(c);
    return true;
}

static bool is_blank_line(const LkYamlCursor *c, const char **end)
{
    const char *p = c->at;
    while (p < c->end && *p == ' ')
        p++;
    *end = p;
    return p == c->end || *p == '\n';
}

static char empty_line[1]; /* shared: a file may have millions */

static void free_line(gpointer line)
{
    if (line != empty_line)
        g_free(line);
}

/* The lines of the text without their indentation, in order; "" for empty ones. */
static GPtrArray *take_lines(LkYamlCursor *c, int indent, int columns)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(free_line);
    int own = columns ? indent + columns : 0;
    while (c->at < c->end) {
        const char *text;
        bool blank = is_blank_line(c, &text);
        int spaces = (int)(text - c->line_start);
        if (!blank && own == 0)
            own = spaces > indent ? spaces : 0;
        if (!blank && (own == 0 || spaces < own))
            break;
        const char *end = memchr(c->at, '\n', (size_t)(c->end - c->at));
        end = end ? end : c->end;
        const char *start = c->line_start + MIN(own, (int)(end - c->line_start));
        g_ptr_array_add(lines,
                        blank && (own == 0 || spaces <= own) ? empty_line : g_strndup(start, (gsize)(end - start)));
        c->at = end;
        if (c->at < c->end)
            take_newline(c);
    }
    return lines;
}

/* Joins folded lines: one line end becomes a space, except around lines that are indented further. */
static void append_folded(GString *out, const GPtrArray *lines, guint count)
{
    bool begun = false, deeper_before = false;
    guint empty = 0;
    for (guint i = 0; i < count; i++) {
        const char *line = lines->pdata[i];
        if (*line == '\0') {
            empty++;
            continue;
        }
        bool deeper = *line == ' ' || *line == '\t';
        guint breaks = begun && (deeper || deeper_before) ? empty + 1 : empty;
        if (begun && breaks == 0)
            g_string_append_c(out, ' ');
        for (; breaks > 0; breaks--)
            g_string_append_c(out, '\n');
        g_string_append(out, line);
        begun = true;
        deeper_before = deeper;
        empty = 0;
    }
}

yyjson_mut_val *lk_yaml_parse_literal(LkYamlCursor *c, int indent)
{
    Literal literal = {0};
    if (!take_header(c, &literal))
        return NULL;
    g_autoptr(GPtrArray) lines = take_lines(c, MAX(indent, 0), literal.columns);
    guint count = lines->len;
    while (count > 0 && *(char *)lines->pdata[count - 1] == '\0')
        count--;
    g_autoptr(GString) out = g_string_new(NULL);
    if (literal.folded)
        append_folded(out, lines, count);
    for (guint i = 0; !literal.folded && i < count; i++)
        g_string_append_printf(out, "%s%s", i ? "\n" : "", (char *)lines->pdata[i]);
    if (literal.chomp != '-' && count > 0)
        g_string_append_c(out, '\n');
    for (guint i = count; literal.chomp == '+' && i < lines->len; i++)
        g_string_append_c(out, '\n');
    return lk_yaml_string(c, out->str);
}
