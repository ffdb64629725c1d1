/* UTF-8 repair, classes, lower case and NFC: known answers, and laws that hold for every character. The tokenizer's own
 * test compares all of them with the reference. */
#include "tests/tap.h"

#include "text/unicode.h"

#include <glib.h>
#include <string.h>

static void test_decode(void)
{
    static const struct {
        const char *bytes, *text; /* what Python's bytes.decode("utf-8", "replace") gives */
    } cases[] = {
        {"abc", "abc"},
        {"\x80", "\uFFFD"},
        {"\xC0\x80", "\uFFFD\uFFFD"},
        {"\xC3", "\uFFFD"},
        {"\xC3(", "\uFFFD("},
        {"\xE4\xBD", "\uFFFD"},
        {"\xE4\xBD\xE4\xBD\xA0", "\uFFFD\u4F60"},
        {"\xE0\x80\x80", "\uFFFD\uFFFD\uFFFD"},
        {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
        {"\xF0\x9F\xA6", "\uFFFD"},
        {"\xF0\x9F\xA6\x9C", "\U0001F99C"},
        {"\xF0\x8F\xBF\xBF", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"\xF4\x8F\xBF\xBF", "\U0010FFFF"},
        {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"\xF5\xFF\xFE", "\uFFFD\uFFFD\uFFFD"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFDA"},
    };
    int wrong = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = lk_utf8_repair(cases[i].bytes, strlen(cases[i].bytes));
        if (strcmp(got, cases[i].text)) {
            wrong++;
            tap_note("case %zu gives %s", i, got);
        }
    }
    tap_ok(wrong == 0, "%zu broken strings are repaired as Python does", G_N_ELEMENTS(cases));

    wrong = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        char bytes[4], want[6];
        size_t size = lk_utf8_encode(c, bytes);
        uint32_t back[4];
        if (c >= 0xD800 && c < 0xE000)
            continue;
        wrong += (int)size != g_unichar_to_utf8(c, want) || memcmp(bytes, want, size) ||
                 lk_utf8_decode(bytes, size, back) != 1 || back[0] != c;
    }
    tap_ok(wrong == 0, "every character is written as GLib does and read back");
}

/* What GLib's Unicode and the reference's agree on: all that is older than both. */
static void test_classes(void)
{
    int letters = 0, numbers = 0, spaces = 0, wrong_ascii = 0, lowered = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        LkCharClass class = lk_char_class(c);
        letters += class == LK_CHAR_LETTER;
        numbers += class == LK_CHAR_NUMBER;
        spaces += class == LK_CHAR_SPACE;
        uint32_t lower[2];
        size_t count = lk_char_lower(c, lower);
        lowered += count != 1 || lower[0] != c;
        if (c < 0x80)
            wrong_ascii += (class == LK_CHAR_LETTER) != !!g_ascii_isalpha((char)c) ||
                           (class == LK_CHAR_NUMBER) != !!g_ascii_isdigit((char)c) ||
                           lower[0] != (uint8_t)g_ascii_tolower((char)c);
    }
    tap_ok(letters == 141028 && numbers == 1911 && spaces == 25,
           "as many letters, numbers and spaces as the reference's");
    tap_ok(lowered == 1488, "as many characters have a lower case (%d)", lowered);
    tap_ok(wrong_ascii == 0, "ASCII's classes and lower case");
}

static size_t nfc(const char *utf8, uint32_t *out)
{
    return lk_text_nfc(out, lk_utf8_decode(utf8, strlen(utf8), out));
}

static void test_nfc(void)
{
    static const struct {
        const char *from, *to; /* from NormalizationTest.txt and the standard's examples */
    } cases[] = {
        {"e\u0301", "\u00E9"},
        {"\u00E9", "\u00E9"},
        {"\u212B", "\u00C5"},
        {"\u2126", "\u03A9"},
        {"a\u0307\u0323", "\u1EA1\u0307"},
        {"\u1E9B\u0323", "\u1E9B\u0323"},
        {"\u1E0B\u0323", "\u1E0D\u0307"},
        {"q\u0307\u0323", "q\u0323\u0307"},
        {"\u1100\u1161\u11A8", "\uAC01"},
        {"\uAC00\u11A8", "\uAC01"},
        {"\uAC01\u11A8", "\uAC01\u11A8"},
        {"\u0958", "\u0915\u093C"},
        {"\u0344", "\u0308\u0301"},
        {"\u0374", "\u02B9"},
        {"\u09C7\u09BE", "\u09CB"},
        {"\U0001D15E", "\U0001D157\U0001D165"},
        {"\uF900", "\u8C48"},
        {"a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b"},
        {"\u0301\u0301", "\u0301\u0301"},
        {"a\u0334\u0301", "\u00E1\u0334"}, /* 0334 does not block 0301: it has a lower class */
        {"a\u0302\u0301", "\u1EA5"},
        {"\u3099\u304B\u3099", "\u3099\u304C"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint32_t got[LK_NFC_ROOM(32)], want[32];
        size_t count = nfc(cases[i].from, got), wanted = lk_utf8_decode(cases[i].to, strlen(cases[i].to), want);
        tap_ok(count == wanted && !memcmp(got, want, count * sizeof *got), "NFC of \"%s\"", cases[i].from);
    }
    int changed_twice = 0, hangul = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint32_t once[LK_NFC_ROOM(4)] = {'x', c, 0x301, 0x323}, twice[LK_NFC_ROOM(LK_NFC_ROOM(4))];
        size_t count = lk_text_nfc(once, 4);
        memcpy(twice, once, count * sizeof *once);
        changed_twice += lk_text_nfc(twice, count) != count || memcmp(once, twice, count * sizeof *once);
        if (c >= 0xAC00 && c < 0xAC00 + 11172) {
            uint32_t alone[LK_NFC_ROOM(1)] = {c};
            hangul += lk_text_nfc(alone, 1) == 1 && alone[0] == c;
        }
    }
    tap_ok(changed_twice == 0, "NFC of NFC changes nothing, for any character between others");
    tap_ok(hangul == 11172, "all Hangul syllables come back");
}

static void test_many_marks(void)
{
    enum { COUNT = 200000 };
    uint32_t *text = g_new(uint32_t, LK_NFC_ROOM(COUNT));
    text[0] = 'a';
    for (int i = 1; i < COUNT; i++)
        text[i] = i % 2 ? 0x301 : 0x323;
    gint64 start = g_get_monotonic_time();
    size_t count = lk_text_nfc(text, COUNT);
    double seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    bool sorted = text[0] == 0x1EA1 && text[1] == 0x323 && text[COUNT / 2] == 0x301;
    tap_ok(count == COUNT - 1 && sorted && seconds < 10, "200,000 marks on one letter are sorted (%.3f s)", seconds);
    g_free(text);
}

static void test_fold(void)
{
    g_autofree char *a = lk_text_fold(" \u00C9t\u00C9 \t\n \u0130X\xFF ");
    tap_ok(!strcmp(a, " \u00E9t\u00E9 i\u0307x\uFFFD "), "folding: NFC, one space, lower case, repair (%s)", a);
    char trimmed[] = "\u3000\x1C\u00A0a \u2003b\u200B\x1F\xC2\x85";
    tap_ok(!strcmp(lk_text_trim(trimmed), "a \u2003b\u200B"), "trimming as Python's strip");
    char blank[] = " \t\u3000", empty[] = "";
    tap_ok(!*lk_text_trim(blank) && !*lk_text_trim(empty), "trimming nothing but spaces");
    int wrong = 0;
    for (int first = 1; first < 128; first++)
        for (int second = 1; second < 128; second++) {
            const char ascii[] = {'x', (char)first, (char)second, 0},
                       beyond[] = {'x', (char)first, (char)second, '\xC3', '\xA9', 0};
            g_autofree char *one = lk_text_fold(ascii), *other = lk_text_fold(beyond);
            wrong += strncmp(one, other, strlen(one)) != 0 || strlen(other) != strlen(one) + 2;
        }
    tap_ok(wrong == 0, "ASCII alone folds as it does beside other letters");
}

int main(void)
{
    test_decode();
    test_classes();
    test_nfc();
    test_many_marks();
    test_fold();
    return tap_done();
}
