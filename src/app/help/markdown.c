#include "app/help/markdown.h"

#include <string.h>

static void block_free(gpointer data)
{
    LkMarkdownBlock *block = data;
    g_free(block->marker);
    g_free(block->markup);
    g_free(block->text);
    g_free(block->link);
    g_free(block);
}

/* ---- within a text ----------------------------------------------------------------------------------- */

typedef struct Writer {
    GString *markup, *text;
} Writer;

static void put(Writer *writer, const char *text, gsize length)
{
    g_autofree char *escaped = g_markup_escape_text(text, (gssize)length);
    g_string_append(writer->markup, escaped);
    g_string_append_len(writer->text, text, (gssize)length);
}

/* The mark that ends what begins at `from`, before `end`; NULL where there is none. */
static const char *closing(const char *from, const char *end, const char *mark)
{
    const char *found = g_strstr_len(from, end - from, mark);
    return found && found > from ? found : NULL;
}

static void put_inline(Writer *writer, const char *text, const char *end);

static const char *put_bold(Writer *writer, const char *at, const char *end)
{
    const char *close = g_str_has_prefix(at, "**") ? closing(at + 2, end, "**") : NULL;
    if (!close)
        return NULL;
    g_string_append(writer->markup, "<b>");
    put_inline(writer, at + 2, close);
    g_string_append(writer->markup, "</b>");
    return close + 2;
}

static const char *put_code(Writer *writer, const char *at, const char *end)
{
    const char *close = *at == '`' ? closing(at + 1, end, "`") : NULL;
    if (!close)
        return NULL;
    g_string_append(writer->markup, "<tt>");
    put(writer, at + 1, (gsize)(close - at - 1));
    g_string_append(writer->markup, "</tt>");
    return close + 1;
}

/* "[words](target)"; `target` and `words_end` are where these begin and end. */
static const char *find_link(const char *at, const char *end, const char **words_end, const char **target)
{
    const char *middle = *at == '[' ? closing(at + 1, end, "](") : NULL;
    const char *close = middle ? closing(middle + 2, end, ")") : NULL;
    if (!close)
        return NULL;
    *words_end = middle;
    *target = middle + 2;
    return close;
}

static const char *put_link(Writer *writer, const char *at, const char *end)
{
    const char *words_end, *target, *close = find_link(at, end, &words_end, &target);
    if (!close)
        return NULL;
    g_autofree char *escaped = g_markup_escape_text(target, close - target);
    g_string_append_printf(writer->markup, "<a href=\"%s\">", escaped);
    put_inline(writer, at + 1, words_end);
    g_string_append(writer->markup, "</a>");
    return close + 1;
}

static void put_inline(Writer *writer, const char *text, const char *end)
{
    const char *(*const forms[])(Writer *, const char *, const char *) = {put_bold, put_code, put_link};
    const char *plain = text; /* from here on it is not written yet */
    while (text < end) {
        const char *after = NULL;
        if (strchr("*`[", *text) && *text) {
            put(writer, plain, (gsize)(text - plain));
            plain = text;
            for (gsize i = 0; i < G_N_ELEMENTS(forms) && !after; i++)
                after = forms[i](writer, text, end);
        } else if (*text == '\\' && text + 1 < end && g_ascii_ispunct(text[1])) {
            put(writer, plain, (gsize)(text - plain));
            put(writer, text + 1, 1);
            after = text + 2;
        }
        plain = after ? after : plain;
        text = after ? after : text + 1;
    }
    put(writer, plain, (gsize)(end - plain));
}

/* ---- blocks ------------------------------------------------------------------------------------------ */

typedef struct Reader {
    GPtrArray *blocks;
    GString *text; /* of the block that is being read */
    LkMarkdownKind kind;
    int level;
    char *marker;
    gboolean open;
} Reader;

static void finish(Reader *reader)
{
    if (!reader->open)
        return;
    LkMarkdownBlock *block = g_new0(LkMarkdownBlock, 1);
    const char *text = reader->text->str, *end = text + reader->text->len, *words_end, *target;
    Writer writer = {g_string_new(NULL), g_string_new(NULL)};
    block->kind = reader->kind;
    block->level = reader->level;
    block->marker = g_steal_pointer(&reader->marker);
    if (block->kind == LK_MARKDOWN_CODE)
        put(&writer, text, reader->text->len);
    else
        put_inline(&writer, text, end);
    const char *close = block->kind == LK_MARKDOWN_CODE ? NULL : find_link(text, end, &words_end, &target);
    if (close && close + 1 == end)
        block->link = g_strndup(target, (gsize)(close - target));
    block->markup = g_string_free(writer.markup, FALSE);
    block->text = g_string_free(writer.text, FALSE);
    g_ptr_array_add(reader->blocks, block);
    g_string_truncate(reader->text, 0);
    reader->open = FALSE;
}

static void begin(Reader *reader, LkMarkdownKind kind, int level, const char *marker)
{
    finish(reader);
    reader->kind = kind;
    reader->level = level;
    reader->marker = g_strdup(marker);
    reader->open = TRUE;
}

/* Lines of a text go on with a space; Chinese ones with none. */
static void add_line(Reader *reader, const char *line)
{
    GString *text = reader->text;
    if (text->len) {
        const char *last = g_utf8_find_prev_char(text->str, text->str + text->len);
        gboolean wide = g_unichar_iswide(g_utf8_get_char(last)) || g_unichar_iswide(g_utf8_get_char(line));
        if (!wide)
            g_string_append_c(text, ' ');
    }
    g_string_append(text, line);
}

/* "- ", "* " or "12. ": how many bytes, and what is shown for it. */
static gsize list_mark(const char *line, char **marker)
{
    gsize digits = strspn(line, "0123456789");
    if ((line[0] == '-' || line[0] == '*') && line[1] == ' ') {
        *marker = g_strdup("•");
        return 2;
    }
    if (digits && line[digits] == '.' && line[digits + 1] == ' ') {
        *marker = g_strndup(line, digits + 1);
        return digits + 2;
    }
    return 0;
}

static void read_line(Reader *reader, const char *line)
{
    g_autofree char *stripped = g_strstrip(g_strdup(line)), *marker = NULL;
    gsize hashes = strspn(stripped, "#"), mark = list_mark(stripped, &marker);
    if (!*stripped) {
        finish(reader);
    } else if (hashes && stripped[hashes] == ' ') {
        begin(reader, LK_MARKDOWN_HEADING, (int)hashes, NULL);
        add_line(reader, g_strchug(stripped + hashes));
        finish(reader);
    } else if (mark && !g_ascii_isspace(*line)) {
        begin(reader, LK_MARKDOWN_ITEM, 0, marker);
        add_line(reader, stripped + mark);
    } else {
        if (!reader->open)
            begin(reader, LK_MARKDOWN_PARAGRAPH, 0, NULL);
        add_line(reader, stripped);
    }
}

GPtrArray *lk_markdown_parse(const char *text)
{
    Reader reader = {.blocks = g_ptr_array_new_with_free_func(block_free), .text = g_string_new(NULL)};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean code = FALSE;
    for (char **line = lines; *line; line++) {
        gboolean fence = g_str_has_prefix(*line, "```");
        if (fence && !code) {
            begin(&reader, LK_MARKDOWN_CODE, 0, NULL);
        } else if (fence) {
            finish(&reader);
        } else if (code) {
            g_string_append_printf(reader.text, "%s%s", reader.text->len ? "\n" : "", *line);
        } else {
            read_line(&reader, *line);
        }
        code = fence ? !code : code;
    }
    finish(&reader);
    g_string_free(reader.text, TRUE);
    return reader.blocks;
}
