#include "dataset/caption_text.h"

#include "base/file.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What Windows-1252 has in the place of Latin-1's second set of control characters; 0: nothing. */
static const gunichar windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

/* UTF-16 behind its mark; NULL where it is broken. */
static char *from_utf16(const uint8_t *bytes, size_t size, bool big)
{
    if (size % 2)
        return NULL;
    g_autofree gunichar2 *units = g_new(gunichar2, size / 2 + 1);
    for (size_t i = 0; i < size / 2; i++)
        units[i] = (gunichar2)(big ? bytes[2 * i] << 8 | bytes[2 * i + 1] : bytes[2 * i + 1] << 8 | bytes[2 * i]);
    glong read = 0;
    char *text = g_utf16_to_utf8(units, (glong)(size / 2), &read, NULL, NULL);
    if (text && (size_t)read == size / 2)
        return text;
    g_free(text); /* it holds a NUL */
    return NULL;
}

/* Chinese text is pairs of high bytes. Western text has them one by one, though here and there a letter behind one
 * makes a pair that GB18030 knows as well. */
static bool looks_chinese(const uint8_t *bytes, size_t size)
{
    size_t pairs = 0, others = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < 0x80)
            continue;
        if (i + 1 < size && bytes[i] >= 0xA1 && bytes[i + 1] >= 0xA1) {
            pairs++;
            i++;
        } else {
            others++;
        }
    }
    return pairs > 4 * others;
}

static char *from_gb18030(const char *bytes, size_t size)
{
    gsize read = 0, written = 0;
    if (!looks_chinese((const uint8_t *)bytes, size))
        return NULL;
    char *text = g_convert(bytes, (gssize)size, "UTF-8", "GB18030", &read, &written, NULL);
    if (text && read == size && strlen(text) == written)
        return text;
    g_free(text);
    return NULL;
}

static char *from_windows_1252(const uint8_t *bytes, size_t size)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < size; i++) {
        const gunichar c = bytes[i] >= 0x80 && bytes[i] < 0xA0 ? windows_1252[bytes[i] - 0x80] : bytes[i];
        if (c == 0 || (c < 0x20 && !strchr("\t\n\v\f\r", (int)c)))
            return NULL;
        g_string_append_unichar(out, c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *lk_caption_decode(const char *bytes, size_t size, const char **encoding)
{
    const char *unused;
    encoding = encoding ? encoding : &unused;
    *encoding = LK_CAPTION_UTF8;
    const bool marked = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    const char *text = bytes + (marked ? 3 : 0);
    const size_t length = size - (marked ? 3 : 0);
    if (length <= G_MAXSSIZE && g_utf8_validate(text, (gssize)length, NULL))
        return g_strndup(text, length);
    *encoding = "UTF-16";
    if (size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return from_utf16((const uint8_t *)bytes + 2, size - 2, bytes[0] == '\xFE');
    if (memchr(bytes, 0, size))
        return NULL;
    *encoding = "GB18030";
    char *chinese = from_gb18030(bytes, size);
    if (chinese)
        return chinese;
    *encoding = "Windows-1252";
    return from_windows_1252((const uint8_t *)bytes, size);
}

bool lk_caption_convert(const char *path, GError **error)
{
    LkError failure = {0};
    char *data = NULL;
    size_t size = 0;
    if (!lk_file_read(path, LK_CAPTION_MOST_BYTES, &data, &size, &failure))
        return lk_gerror_take(error, &failure);
    const char *encoding;
    g_autofree char *text = lk_caption_decode(data, size, &encoding);
    free(data);
    if (!text) {
        g_autofree char *shown = g_filename_display_name(path);
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("%s: The file is no text in an encoding that can be told; open it in a "
                              "text editor and save it as UTF-8."),
                            shown);
    }
    if (strcmp(encoding, LK_CAPTION_UTF8) == 0)
        return true;
    return lk_file_replace(path, text, strlen(text), &failure) || lk_gerror_take(error, &failure);
}
