/* From text to a filter. */
#include "dataset/filter.h"
#include "dataset/filter_node.h"
#include "dataset/nearest.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

#define DEEPEST 100 /* parentheses within each other */

typedef enum TokenKind {
    TOKEN_END,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_MINUS,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_WORD
} TokenKind;

typedef struct Token {
    TokenKind kind;
    size_t at, end;
    char *key;     /* of a word: what stands before its colon; NULL without one */
    GString *text; /* of a word: the rest, LK_FILTER_STAR for stars */
} Token;

typedef struct Reader {
    const char *text;
    size_t at;
    Token token; /* the next one */
    int depth;
    size_t trouble;
    GError *error;
} Reader;

static void fail(Reader *reader, size_t at, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void fail(Reader *reader, size_t at, const char *format, ...)
{
    if (reader->error)
        return;
    va_list args;
    va_start(args, format);
    reader->error = g_error_new_valist(LK_ERROR, LK_ERROR_USAGE, format, args);
    va_end(args);
    reader->trouble = at;
}

/* ------------------------------------------------------------------ tokens */

static gunichar char_at(const Reader *reader, size_t at)
{
    return g_utf8_get_char(reader->text + at);
}

static size_t after(const Reader *reader, size_t at)
{
    return at + (size_t)(g_utf8_next_char(reader->text + at) - (reader->text + at));
}

/* A part in quotes; `at` is behind the first one. Returns the place behind the last one. */
static size_t read_quoted(Reader *reader, size_t at, GString *out)
{
    const size_t start = at - 1;
    for (; reader->text[at] != '"'; at++) {
        if (reader->text[at] == '\\' && (reader->text[at + 1] == '"' || reader->text[at + 1] == '\\'))
            at++;
        if (!reader->text[at]) {
            fail(reader, start, "%s", _("The quotes that begin here have no end."));
            return at;
        }
        if (reader->text[at] != LK_FILTER_STAR)
            g_string_append_c(out, reader->text[at]);
    }
    return at + 1;
}

static bool is_key(const GString *text, bool was_quoted)
{
    if (was_quoted || !text->len)
        return false;
    for (size_t i = 0; i < text->len; i++)
        if (!g_ascii_isalpha(text->str[i]))
            return false;
    return true;
}

/* Words end at spaces and at parentheses that are not their own: name_(series) is one word. */
static void read_word(Reader *reader)
{
    Token *token = &reader->token;
    size_t at = reader->at;
    int own = 0;
    bool quoted = false;
    for (gunichar c; (c = char_at(reader, at)) && !g_unichar_isspace(c);) {
        if (c == '"') {
            quoted = true;
            at = read_quoted(reader, at + 1, token->text);
            continue;
        }
        if (c == ')' && own-- == 0)
            break;
        own += c == '(';
        if (c == ':' && !token->key && is_key(token->text, quoted)) {
            token->key = g_ascii_strdown(token->text->str, -1);
            g_string_truncate(token->text, 0);
        } else if (c == '*') {
            if (!g_str_has_suffix(token->text->str, "\x01"))
                g_string_append_c(token->text, LK_FILTER_STAR);
        } else if (c != LK_FILTER_STAR) {
            g_string_append_unichar(token->text, c);
        }
        at = after(reader, at);
    }
    static const struct {
        const char *word;
        TokenKind kind;
    } keywords[] = {{"AND", TOKEN_AND}, {"OR", TOKEN_OR}, {"NOT", TOKEN_NOT}};
    for (size_t i = 0; i < G_N_ELEMENTS(keywords) && !quoted && !token->key; i++)
        if (strcmp(token->text->str, keywords[i].word) == 0)
            token->kind = keywords[i].kind;
    token->end = reader->at = at;
}

static void clear_token(Token *token)
{
    g_free(token->key);
    if (token->text)
        g_string_free(token->text, TRUE);
    *token = (Token){0};
}

static void advance(Reader *reader)
{
    clear_token(&reader->token);
    while (g_unichar_isspace(char_at(reader, reader->at)))
        reader->at = after(reader, reader->at);
    Token *token = &reader->token;
    token->at = reader->at;
    token->end = reader->at + 1;
    token->text = g_string_new(NULL);
    switch (reader->text[reader->at]) {
    case '\0':
        token->end = reader->at;
        return;
    case '(':
        token->kind = TOKEN_OPEN;
        break;
    case ')':
        token->kind = TOKEN_CLOSE;
        break;
    case '-':
        token->kind = TOKEN_MINUS;
        break;
    default:
        token->kind = TOKEN_WORD;
        read_word(reader);
        return;
    }
    reader->at++;
}

/* ------------------------------------------------------------------ values of terms */

/* The value as the person typed it. */
static char *shown(const Token *token)
{
    char *text = g_strdup(token->text->str);
    return g_strdelimit(text, "\x01", '*');
}

static const struct {
    const char *name;
    gint64 bytes;
} units[] = {{"", 1},          {"b", 1},         {"k", 1000},       {"kb", 1000},
             {"m", 1000000},   {"mb", 1000000},  {"g", 1000000000}, {"gb", 1000000000},
             {"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}};

/* A number at *at, of a size with a unit. -1 where there is none. */
static gint64 read_number(const char **at, bool is_size)
{
    char *end;
    if (!g_ascii_isdigit(**at))
        return -1;
    if (!is_size) {
        const guint64 value = g_ascii_strtoull(*at, &end, 10);
        *at = end;
        return (gint64)MIN(value, (guint64)G_MAXINT64 / 2);
    }
    const char *digits = *at;
    digits += strspn(digits, "0123456789");
    if (digits[0] == '.' && g_ascii_isdigit(digits[1])) /* but 1..2 is a range */
        digits += 1 + strspn(digits + 1, "0123456789");
    g_autofree char *number = g_strndup(*at, (gsize)(digits - *at));
    const double value = g_ascii_strtod(number, NULL);
    size_t letters = 0;
    while (g_ascii_isalpha(digits[letters]))
        letters++;
    g_autofree char *unit = g_ascii_strdown(digits, (gssize)letters);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(units[i].name, unit) == 0) {
            *at = digits + letters;
            return (gint64)MIN(value * (double)units[i].bytes + 0.5, 4e18);
        }
    return -1;
}

/* ">75", "20..40", … into low .. high; false where it is none of these. */
static bool read_range(const char *text, bool is_size, gint64 *low, gint64 *high)
{
    static const struct {
        const char *sign;
        int low, high; /* of the number itself: added to it; else the bound is open */
        bool has_low, has_high;
    } signs[] = {{">=", 0, 0, true, false},
                 {"<=", 0, 0, false, true},
                 {">", 1, 0, true, false},
                 {"<", 0, -1, false, true},
                 {"=", 0, 0, true, true}};
    *low = G_MININT64;
    *high = G_MAXINT64;
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (!g_str_has_prefix(text, signs[i].sign))
            continue;
        text += strlen(signs[i].sign);
        const gint64 value = read_number(&text, is_size);
        if (signs[i].has_low)
            *low = value + signs[i].low;
        if (signs[i].has_high)
            *high = value + signs[i].high;
        return value >= 0 && !*text;
    }
    if (!g_str_has_prefix(text, "..")) {
        *low = read_number(&text, is_size);
        if (*low < 0)
            return false;
        if (!*text) {
            *high = *low;
            return true;
        }
    }
    if (!g_str_has_prefix(text, ".."))
        return false;
    text += 2;
    if (!*text)
        return *low >= 0;
    *high = read_number(&text, is_size);
    return *high >= 0 && !*text;
}

static LkFilterNode *number_term(Reader *reader, LkFilterField field)
{
    const Token *token = &reader->token;
    g_autoptr(LkFilterNode) node = lk_filter_node_new(LK_FILTER_NUMBER);
    node->field = field;
    lk_filter_pattern_set(&node->pattern, token->text->str);
    if (read_range(token->text->str, field == LK_FILTER_SIZE, &node->low, &node->high))
        return g_steal_pointer(&node);
    g_autofree char *value = shown(token);
    if (field == LK_FILTER_SIZE)
        fail(reader, token->at, _("\"%s\" is not a file size; write for example size:>2MB or size:100kB..1MB."), value);
    else
        fail(reader, token->at, _("\"%s\" is not a number; write for example %s:>75 or %s:20..40."), value, token->key,
             token->key);
    return NULL;
}

static LkFilterNode *bucket_term(Reader *reader)
{
    const Token *token = &reader->token;
    g_autoptr(LkFilterNode) node = lk_filter_node_new(LK_FILTER_BUCKET);
    lk_filter_pattern_set(&node->pattern, token->text->str);
    const char *at = token->text->str;
    node->low = read_number(&at, false);
    const bool cross = *at == 'x' || *at == 'X';
    at += cross;
    node->high = cross ? read_number(&at, false) : -1;
    if (node->low > 0 && node->high > 0 && !*at)
        return g_steal_pointer(&node);
    g_autofree char *value = shown(token);
    fail(reader, token->at, _("\"%s\" is not a bucket; write for example bucket:640x384."), value);
    return NULL;
}

static LkFilterNode *state_term(Reader *reader)
{
    const Token *token = &reader->token;
    const bool no = strcmp(token->key, "no") == 0;
    const char *known[LK_FILTER_STATES];
    size_t count = 0;
    for (size_t i = 0; i < LK_FILTER_STATES; i++) {
        if (strcmp(lk_filter_states[i].key, no ? "has" : token->key) != 0)
            continue;
        if (g_ascii_strcasecmp(lk_filter_states[i].value, token->text->str) == 0) {
            LkFilterNode *node = lk_filter_node_new(LK_FILTER_STATE);
            node->state = (LkFilterState)i;
            node->negated = no;
            return node;
        }
        known[count++] = lk_filter_states[i].value;
    }
    g_autoptr(GString) list = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(list, "%s%s:%s", i ? ", " : "", token->key, known[i]);
    g_autofree char *value = shown(token);
    fail(reader, token->at, _("\"%s:%s\" is not known; there are %s."), token->key, value, list->str);
    return NULL;
}

/* A finding's name fits a pattern whole, or without its first word: small for picture-small. */
static LkFilterNode *problem_term(Reader *reader)
{
    const Token *token = &reader->token;
    g_autoptr(LkFilterNode) node = lk_filter_node_new(LK_FILTER_PROBLEM);
    lk_filter_pattern_set(&node->pattern, token->text->str);
    const char *known[LK_FINDING_COUNT];
    for (guint i = 0; i < LK_FINDING_COUNT; i++) {
        known[i] = lk_finding_name((LkFindingKind)i);
        if (lk_filter_pattern_is(&node->pattern, known[i]) ||
            lk_filter_pattern_is(&node->pattern, strchr(known[i], '-') + 1))
            node->problems |= lk_finding_bit(i);
    }
    if (node->problems)
        return g_steal_pointer(&node);
    g_autofree char *value = shown(token);
    const char *nearest = lk_nearest_name(value, known, G_N_ELEMENTS(known));
    if (nearest)
        fail(reader, token->at, _("\"%s\" is not a kind of problem; did you mean problem:%s?"), value, nearest);
    else
        fail(reader, token->at, _("\"%s\" is not a kind of problem; has:problem finds them all."), value);
    return NULL;
}

static LkFilterNode *text_term(LkFilterKind kind, const Token *token)
{
    LkFilterNode *node = lk_filter_node_new(kind);
    lk_filter_pattern_set(&node->pattern, token->text->str);
    return node;
}

static LkFilterNode *unknown_key(Reader *reader)
{
    static const char *const known[] = {"tag",  "caption", "name",   "tokens", "width", "height", "repeats",
                                        "tags", "size",    "bucket", "no",     "has",   "is",     "problem"};
    const Token *token = &reader->token;
    const char *nearest = lk_nearest_name(token->key, known, G_N_ELEMENTS(known));
    if (nearest)
        fail(reader, token->at,
             _("\"%s:\" is not known; did you mean \"%s:\"? To search for the text itself, put it in quotes."),
             token->key, nearest);
    else
        fail(reader, token->at, _("\"%s:\" is not known. To search for the text itself, put it in quotes."),
             token->key);
    return NULL;
}

static LkFilterNode *word_term(Reader *reader)
{
    static const struct {
        const char *key;
        LkFilterKind kind;
    } texts[] = {{"tag", LK_FILTER_TAG}, {"caption", LK_FILTER_CAPTION}, {"name", LK_FILTER_NAME}};
    const Token *token = &reader->token;
    const char *key = token->key;
    if (!key) {
        if (token->text->len)
            return text_term(LK_FILTER_WORD, token);
        fail(reader, token->at, "%s", _("There is nothing between the quotes."));
        return NULL;
    }
    if (!token->text->len) {
        fail(reader, token->at, _("Type what to look for behind \"%s:\"."), key);
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(texts[i].key, key) == 0)
            return text_term(texts[i].kind, token);
    for (size_t i = 0; i < LK_FILTER_FIELDS; i++)
        if (strcmp(lk_filter_fields[i], key) == 0)
            return number_term(reader, (LkFilterField)i);
    if (strcmp(key, "bucket") == 0)
        return bucket_term(reader);
    if (strcmp(key, "is") == 0 || strcmp(key, "has") == 0 || strcmp(key, "no") == 0)
        return state_term(reader);
    return strcmp(key, "problem") == 0 ? problem_term(reader) : unknown_key(reader);
}

/* ------------------------------------------------------------------ the grammar */

static LkFilterNode *read_any(Reader *reader);

static LkFilterNode *read_group(Reader *reader)
{
    const size_t start = reader->token.at;
    if (++reader->depth > DEEPEST) {
        fail(reader, start, "%s", _("There are too many parentheses within each other."));
        return NULL;
    }
    advance(reader);
    g_autoptr(LkFilterNode) node = read_any(reader);
    if (node && reader->token.kind != TOKEN_CLOSE)
        fail(reader, start, "%s", _("The parenthesis that begins here has no end."));
    reader->depth--;
    if (reader->error)
        return NULL;
    advance(reader);
    return g_steal_pointer(&node);
}

static LkFilterNode *read_operand(Reader *reader)
{
    switch (reader->token.kind) {
    case TOKEN_OPEN:
        return read_group(reader);
    case TOKEN_WORD: {
        LkFilterNode *node = word_term(reader);
        if (node)
            advance(reader);
        return node;
    }
    case TOKEN_CLOSE:
        if (reader->depth > 0)
            fail(reader, reader->token.at, "%s", _("There is nothing in front of this parenthesis."));
        else
            fail(reader, reader->token.at, "%s", _("This parenthesis has no beginning."));
        return NULL;
    case TOKEN_END:
        fail(reader, reader->token.at, "%s", _("Something to look for is missing at the end."));
        return NULL;
    default:
        fail(reader, reader->token.at, "%s",
             _("Something to look for is missing here. To search for the word itself, put it in quotes."));
        return NULL;
    }
}

static LkFilterNode *read_term(Reader *reader)
{
    bool negated = false;
    while (reader->token.kind == TOKEN_MINUS || reader->token.kind == TOKEN_NOT) {
        const bool minus = reader->token.kind == TOKEN_MINUS;
        const size_t end = reader->token.end;
        advance(reader);
        if (minus && reader->token.at != end) {
            fail(reader, end - 1, "%s", _("A \"-\" stands directly before what it excludes."));
            return NULL;
        }
        negated = !negated;
    }
    LkFilterNode *node = read_operand(reader);
    if (node)
        node->negated ^= negated;
    return node;
}

/* A node of one child is that child. */
static LkFilterNode *unwrapped(LkFilterNode *node)
{
    if (node->children->len != 1)
        return node;
    LkFilterNode *child = g_ptr_array_steal_index(node->children, 0);
    lk_filter_node_free(node);
    return child;
}

static LkFilterNode *read_all(Reader *reader)
{
    g_autoptr(LkFilterNode) all = lk_filter_node_new(LK_FILTER_ALL);
    for (bool more = true; more;) {
        LkFilterNode *term = read_term(reader);
        if (!term)
            return NULL;
        g_ptr_array_add(all->children, term);
        const TokenKind next = reader->token.kind;
        if (next == TOKEN_AND)
            advance(reader);
        more = next != TOKEN_END && next != TOKEN_OR && next != TOKEN_CLOSE;
    }
    return unwrapped(g_steal_pointer(&all));
}

static LkFilterNode *read_any(Reader *reader)
{
    g_autoptr(LkFilterNode) any = lk_filter_node_new(LK_FILTER_ANY);
    for (;;) {
        LkFilterNode *all = read_all(reader);
        if (!all)
            return NULL;
        g_ptr_array_add(any->children, all);
        if (reader->token.kind != TOKEN_OR)
            break;
        advance(reader);
    }
    return unwrapped(g_steal_pointer(&any));
}

static LkFilterNode *read_filter(Reader *reader)
{
    advance(reader);
    if (reader->token.kind == TOKEN_END)
        return lk_filter_node_new(LK_FILTER_ALL);
    g_autoptr(LkFilterNode) root = read_any(reader);
    if (root && reader->token.kind != TOKEN_END)
        fail(reader, reader->token.at, "%s", _("This parenthesis has no beginning."));
    return reader->error ? NULL : g_steal_pointer(&root);
}

LkFilter *lk_filter_parse(const char *text, size_t *position, GError **error)
{
    size_t unused;
    position = position ? position : &unused;
    *position = 0;
    if (!g_utf8_validate(text, -1, NULL)) {
        lk_set_error(error, LK_ERROR_USAGE, "%s", _("The filter is not UTF-8 text."));
        return NULL;
    }
    Reader reader = {.text = text};
    LkFilterNode *root = read_filter(&reader);
    clear_token(&reader.token);
    if (!root || reader.error) { /* quotes without an end fail, but leave a word */
        lk_filter_node_free(root);
        *position = reader.trouble;
        g_propagate_error(error, reader.error);
        return NULL;
    }
    LkFilter *filter = g_new(LkFilter, 1);
    filter->root = root;
    return filter;
}
