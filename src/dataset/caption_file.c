#include "dataset/caption_file.h"

#include "base/file.h"
#include "dataset/caption_text.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const default_extensions[] = {".txt", ".caption", NULL};

void lk_caption_clear(LkCaption *caption)
{
    g_free(caption->path);
    g_free(caption->text);
    *caption = (LkCaption){0};
}

static bool is_file(const char *path)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

/* `dir/name_12_34_56_78` → `dir/name`: what kohya's face cutter appends. NULL for other names. */
static char *without_face_numbers(const char *base)
{
    const char *name = strrchr(base, '/') ? strrchr(base, '/') + 1 : base;
    const char *end = base + strlen(base);
    for (int part = 0; part < 4; part++) {
        const char *digit = end;
        while (digit > name && g_ascii_isdigit(digit[-1]))
            digit--;
        if (digit == end || digit <= name + 1 || digit[-1] != '_')
            return NULL;
        end = digit - 1;
    }
    return g_strndup(base, (gsize)(end - base));
}

/* The first of `base` + extension that exists, else NULL. */
static char *find_beside(const char *base, const char *extension)
{
    const char *const only[] = {extension, NULL};
    for (const char *const *e = extension ? only : default_extensions; *e; e++) {
        g_autofree char *path = g_strconcat(base, (*e)[0] == '.' ? "" : ".", *e, NULL);
        if (is_file(path))
            return g_steal_pointer(&path);
    }
    return NULL;
}

static char *find_file(const char *picture_path, const char *extension)
{
    const char *dot = strrchr(picture_path, '.');
    const char *slash = strrchr(picture_path, '/');
    const bool has_extension = dot && (!slash || dot > slash + 1);
    g_autofree char *base =
        has_extension ? g_strndup(picture_path, (gsize)(dot - picture_path)) : g_strdup(picture_path);
    char *found = find_beside(base, extension);
    if (found)
        return found;
    g_autofree char *shorter = without_face_numbers(base);
    return shorter ? find_beside(shorter, extension) : NULL;
}

/* The file's text as UTF-8 without a byte order mark, or NULL and a finding. */
static char *read_text(const char *path, GPtrArray *findings)
{
    LkError error = {0};
    char *data = NULL;
    size_t size = 0;
    if (!lk_file_read(path, LK_CAPTION_MOST_BYTES, &data, &size, &error)) {
        lk_findings_add(findings, LK_FINDING_CAPTION_UNREADABLE, path, _("The caption cannot be read: %s"), error.text);
        return NULL;
    }
    const char *encoding;
    char *text = lk_caption_decode(data, size, &encoding);
    free(data);
    if (text && strcmp(encoding, LK_CAPTION_UTF8) == 0)
        return text;
    if (text)
        lk_finding_set_fix(lk_findings_add(findings, LK_FINDING_CAPTION_NOT_UTF8, path,
                                           /* Translators: %s is the name of an encoding */
                                           _("The caption is %s and not UTF-8 text, so it is not used; save it again "
                                             "as UTF-8."),
                                           encoding),
                           LK_FIX_CONVERT_UTF8, encoding);
    else
        lk_findings_add(findings, LK_FINDING_CAPTION_NOT_UTF8, path, "%s",
                        _("The caption is not UTF-8 text, so it is not used; save it again as UTF-8."));
    g_free(text);
    return NULL;
}

/* Python's str.strip(): Unicode white space and the four separators 0x1C to 0x1F. */
static bool is_blank(gunichar c)
{
    return g_unichar_isspace(c) || (c >= 0x1C && c <= 0x1F) || c == 0x0B || c == 0x85;
}

static char *strip(const char *text, gsize length)
{
    const char *end = text + length;
    while (text < end && is_blank(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    while (end > text && is_blank(g_utf8_get_char(g_utf8_prev_char(end))))
        end = g_utf8_prev_char(end);
    return g_strndup(text, (gsize)(end - text));
}

/* The first line, or all lines that are not blank joined by \n; a line ends at \n, \r or \r\n. Says whether text was
 * left out. */
static char *take_lines(const char *text, bool all_lines, bool *left_out)
{
    g_autoptr(GString) joined = g_string_new(NULL);
    *left_out = false;
    for (int line = 0; *text; line++) {
        const gsize length = strcspn(text, "\r\n");
        g_autofree char *stripped = strip(text, length);
        text += length;
        text += strncmp(text, "\r\n", 2) == 0 ? 2 : *text != '\0';
        if (!all_lines && line > 0) {
            *left_out = *left_out || stripped[0];
        } else if (stripped[0]) {
            g_string_append_printf(joined, "%s%s", joined->len ? "\n" : "", stripped);
        }
    }
    return g_string_free(g_steal_pointer(&joined), FALSE);
}

static void read_found(LkCaption *caption, bool all_lines, GPtrArray *findings)
{
    g_autofree char *text = read_text(caption->path, findings);
    if (!text)
        return;
    bool left_out;
    caption->text = take_lines(text, all_lines, &left_out);
    caption->source = LK_CAPTION_FROM_FILE;
    LkFinding *finding = NULL;
    if (!caption->text[0] && left_out)
        finding = lk_findings_add(findings, LK_FINDING_CAPTION_EMPTY, caption->path, "%s",
                                  _("The caption's first line is empty, and only the first line is used; delete it."));
    else if (!caption->text[0])
        lk_findings_add(findings, LK_FINDING_CAPTION_EMPTY, caption->path, "%s",
                        _("The caption is empty, so the picture is trained without words; describe it, or delete the "
                          "file to use the folder's class."));
    else if (left_out)
        finding = lk_findings_add(findings, LK_FINDING_CAPTION_MORE_LINES, caption->path, "%s",
                                  _("Only the caption's first line is used; put everything on one line, or set "
                                    "enable_wildcard to use a random line."));
    lk_finding_set_fix(finding, LK_FIX_JOIN_LINES, NULL);
}

static void say_missing(const char *picture_path, const char *extension, const char *class_tokens, GPtrArray *findings)
{
    const char *wanted = extension ? extension : _(".txt or .caption");
    if (class_tokens && *class_tokens)
        lk_findings_add(findings, LK_FINDING_CAPTION_MISSING, picture_path,
                        _("There is no caption file (%s); the folder's class \"%s\" is used."), wanted, class_tokens);
    else
        lk_findings_add(findings, LK_FINDING_CAPTION_MISSING, picture_path,
                        _("There is no caption file (%s); the picture is trained without words."), wanted);
}

/* Findings about a caption belong to its picture. */
static void name_picture(GPtrArray *findings, guint first, const char *picture_path)
{
    for (guint i = first; findings && i < findings->len; i++)
        lk_finding_set_picture(g_ptr_array_index(findings, i), picture_path);
}

LkCaption lk_caption_read(const char *picture_path, const char *extension, const char *class_tokens, bool all_lines,
                          GPtrArray *findings)
{
    LkCaption caption = {.source = LK_CAPTION_NONE, .path = find_file(picture_path, extension)};
    const guint first = findings ? findings->len : 0;
    if (caption.path)
        read_found(&caption, all_lines, findings);
    else
        say_missing(picture_path, extension, class_tokens, findings);
    name_picture(findings, first, picture_path);
    if (caption.source == LK_CAPTION_FROM_FILE)
        return caption;
    const bool has_class = class_tokens && *class_tokens && g_utf8_validate(class_tokens, -1, NULL);
    caption.source = has_class ? LK_CAPTION_FROM_CLASS : LK_CAPTION_NONE;
    caption.text = g_strdup(has_class ? class_tokens : "");
    return caption;
}
