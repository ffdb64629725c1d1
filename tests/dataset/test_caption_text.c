/* Encodings of caption files, against bytes that other programs write; and the conversion of files. */
#include "dataset/caption_file.h"
#include "dataset/caption_text.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

static const struct {
    const char *bytes;
    size_t size;
    const char *encoding; /* NULL: no text */
    const char *text;
} cases[] = {
#define BYTES(b) b, sizeof b - 1
    {BYTES(""), "UTF-8", ""},
    {BYTES("caf\xC3\xA9"), "UTF-8", "caf\u00E9"},
    {BYTES("\xEF\xBB\xBF"
           "a"),
     "UTF-8", "a"},
    {BYTES("caf\xE9, ni\xF1o \x93x\x94 \x80"), "Windows-1252", "caf\u00E9, ni\u00F1o \u201Cx\u201D \u20AC"},
    {BYTES("\xFF\xFE"
           "a\0\x2B\x73"),
     "UTF-16", "a\u732B"},
    {BYTES("\xFE\xFF"
           "\0a\x73\x2B\xD8\x3D\xDE\x00"),
     "UTF-16", "a\u732B\U0001F600"},
    {BYTES("\xFF\xFE"), "UTF-16", ""},
    {BYTES("\xC3\xA8, sks, \xB0\xD7\xC9\xAB\xB1\xB3\xBE\xB0"), "GB18030", "\u732B, sks, \u767D\u8272\u80CC\u666F"},
    {BYTES("\xE9tude"), "Windows-1252", "\u00E9tude"},
    {BYTES("\xFF\xFE"
           "a"),
     NULL, NULL},
    {BYTES("\xFF\xFE"
           "\x3D\xD8"),
     NULL, NULL},
    {BYTES("a\0b"), NULL, NULL},
    {BYTES("\x81\x82"), NULL, NULL},
    {BYTES("\x89PNG\r\n\x1A\n"), NULL, NULL},
};

static void test_decode(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *encoding = NULL;
        g_autofree char *exact = g_memdup2(cases[i].bytes, cases[i].size + !cases[i].size); /* no byte behind it */
        g_autofree char *text = lk_caption_decode(exact, cases[i].size, &encoding);
        tap_ok(cases[i].encoding ? text && strcmp(encoding, cases[i].encoding) == 0 && strcmp(text, cases[i].text) == 0
                                 : !text,
               "case %zu: %s %s", i, text ? encoding : "no text", text ? text : "");
    }
}

static char *contents(const char *path)
{
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void test_convert(void)
{
    g_autofree char *root = scratch_new();
    scratch_text(root, "a.txt", "sks, caf\xE9\nsecond");
    scratch_text(root, "good.txt", "\xEF\xBB\xBFsks");
    scratch_write(root, "binary.txt", "\0\1\2", 3);
    g_autofree char *picture = g_build_filename(root, "a.png", NULL);
    g_autoptr(GPtrArray) findings = lk_findings_new();
    LkCaption before = lk_caption_read(picture, NULL, NULL, false, findings);
    const LkFinding *finding = findings->len ? g_ptr_array_index(findings, 0) : NULL;
    tap_ok(finding && finding->kind == LK_FINDING_CAPTION_NOT_UTF8 && finding->fix == LK_FIX_CONVERT_UTF8 &&
               strcmp(lk_finding_picture(finding), picture) == 0 && !before.text[0],
           "a caption that is not UTF-8 is found: %s", finding ? finding->text : "");
    g_autoptr(GError) error = NULL;
    tap_ok(before.path && lk_caption_convert(before.path, &error), "it is converted");
    LkCaption after = lk_caption_read(picture, NULL, NULL, false, NULL);
    g_autofree char *whole = contents(before.path);
    tap_ok(strcmp(after.text, "sks, caf\u00E9") == 0 && strcmp(whole, "sks, caf\u00E9\nsecond") == 0, "and read: %s",
           after.text);
    lk_caption_clear(&before);
    lk_caption_clear(&after);

    g_autofree char *good = g_build_filename(root, "good.txt", NULL),
                    *binary = g_build_filename(root, "binary.txt", NULL);
    g_autofree char *nowhere = g_build_filename(root, "nowhere.txt", NULL);
    const bool kept = lk_caption_convert(good, NULL);
    g_autofree char *same = contents(good);
    tap_ok(kept && strcmp(same, "\xEF\xBB\xBFsks") == 0, "UTF-8 stays as it is");
    const bool text = lk_caption_convert(binary, &error);
    tap_ok(!text && g_error_matches(error, LK_ERROR, LK_ERROR_FORMAT) && strstr(error->message, "binary.txt"),
           "no text: %s", error->message);
    g_clear_error(&error);
    const bool file = lk_caption_convert(nowhere, &error);
    tap_ok(!file && g_error_matches(error, LK_ERROR, LK_ERROR_IO), "no file: %s", error->message);
    scratch_remove(root);
}

int main(void)
{
    test_decode();
    test_convert();
    return tap_done();
}
