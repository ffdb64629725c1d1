/* Folders to subsets, subsets to pictures and captions. */
#include "dataset/scan.h"
#include "format/gerror.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

#include <unistd.h>

static guint count_kind(const GPtrArray *findings, LkFindingKind kind)
{
    guint count = 0;
    for (guint i = 0; i < findings->len; i++)
        count += ((const LkFinding *)g_ptr_array_index(findings, i))->kind == kind;
    return count;
}

/* "repeats*class@folder's last part" of each subset, joined by "|"; the error's message if there is one. */
static char *describe_folder(const char *root, const char *name, const LkSubset *options, GPtrArray *findings)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autoptr(GPtrArray) subsets = lk_subsets_new();
    g_autoptr(GError) error = NULL;
    if (!lk_scan_folder(path, options, subsets, findings, &error))
        return g_strdup_printf("error %d", error->code);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < subsets->len; i++) {
        const LkSubset *subset = g_ptr_array_index(subsets, i);
        g_autofree char *last = g_path_get_basename(subset->image_dir);
        g_string_append_printf(out, "%s%d*%s@%s", i ? "|" : "", subset->num_repeats,
                               subset->class_tokens ? subset->class_tokens : "-", last);
    }
    return g_string_free(out, FALSE);
}

static void expect_folder(const char *root, const char *name, const LkSubset *options, const char *expected)
{
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autofree char *got = describe_folder(root, name, options, findings);
    tap_ok(strcmp(got, expected) == 0, "%s is %s (expected %s)", name, got, expected);
}

static void test_layouts(const char *root)
{
    static const char *const files[] = {
        "kohya/10_a cat/1.png", "kohya/3_dog_big/1.jpg", "kohya/0_none/1.png",  "kohya/backup/1.png",
        "kohya/x.png",          "kohya/7/1.webp",        "kohya/12 cats/1.png", "flat/b.PNG",
        "flat/a.jpeg",          "flat/notes.txt",        "flat/sub/below.png",  "empty/readme.md",
        "nonumber/cats/1.png",  "5_alone/1.bmp",         "12345678_x/1.png",    "kohya/.hidden/1.png",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        scratch_text(root, files[i], "x");
    g_autoptr(LkSubset) options = lk_subset_new("");
    options->num_repeats = 4;
    expect_folder(root, "kohya", options, "10*a cat@10_a cat|3*dog_big@3_dog_big|7*-@7");
    expect_folder(root, "flat", options, "4*-@flat");
    expect_folder(root, "5_alone", options, "5*alone@5_alone");
    expect_folder(root, "5_alone/", options, "5*alone@5_alone");
    expect_folder(root, "empty", options, "error 1");
    expect_folder(root, "nonumber", options, "error 1");
    expect_folder(root, "missing", options, "error 2");
    expect_folder(root, "flat/a.jpeg", options, "error 2");
    expect_folder(root, "12345678_x", options, "4*-@12345678_x");

    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autofree char *unused = describe_folder(root, "kohya", options, findings);
    tap_ok(count_kind(findings, LK_FINDING_FOLDER_SKIPPED) == 3, "0_none, backup and \"12 cats\" are named as skipped");
    tap_ok(count_kind(findings, LK_FINDING_FOLDER_LOOSE_PICTURES) == 1, "the picture beside the folders is named");
    g_autofree char *flat = describe_folder(root, "flat", options, findings);
    tap_ok(count_kind(findings, LK_FINDING_FOLDER_SKIPPED) == 4, "pictures below a flat folder are named");
}

static GPtrArray *scan(const LkSubset *subset, GPtrArray *findings)
{
    GPtrArray *pictures = lk_scan_pictures_new();
    g_autoptr(GError) error = NULL;
    if (!lk_scan_subset(subset, 7, pictures, findings, &error))
        tap_note("%s", error->message);
    return pictures;
}

static char *names_of(const GPtrArray *pictures, const char *root)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < pictures->len; i++) {
        const LkScanPicture *picture = g_ptr_array_index(pictures, i);
        g_string_append_printf(out, "%s%s", i ? " " : "", picture->path + strlen(root) + 1);
    }
    return g_string_free(out, FALSE);
}

static void test_walk(const char *root)
{
    static const char *const files[] = {"walk/b.png",        "walk/B.jpg",   "walk/a/z.webp",
                                        "walk/\xff\xfe.png", "walk/._b.png", "walk/c.txt"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        scratch_text(root, files[i], "x");
    g_autofree char *folder = g_build_filename(root, "walk", NULL);
    g_autofree char *loop = g_build_filename(folder, "a/loop", NULL);
    g_autofree char *dead = g_build_filename(folder, "dead.png", NULL);
    g_autofree char *directory = scratch_path(root, "walk/folder.png/inside.png");
    g_autofree char *fifo = g_build_filename(folder, "fifo.png", NULL);
    tap_ok(symlink("..", loop) == 0 && symlink("dead.png", dead) == 0 && mkfifo(fifo, 0600) == 0,
           "links and a pipe made");

    g_autoptr(LkSubset) subset = lk_subset_new(folder);
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(GPtrArray) flat = scan(subset, findings);
    g_autofree char *flat_names = names_of(flat, folder);
    tap_ok(strcmp(flat_names, "B.jpg b.png \xff\xfe.png") == 0, "flat: %d pictures in byte order", (int)flat->len);
    tap_ok(count_kind(findings, LK_FINDING_PICTURE_UNREADABLE) == 2, "the pipe and the dead link are named");

    subset->recursive = true;
    g_autoptr(GPtrArray) deep = scan(subset, NULL);
    g_autofree char *deep_names = names_of(deep, folder);
    tap_ok(strcmp(deep_names, "B.jpg a/z.webp b.png \xff\xfe.png") == 0, "recursive, past a loop of links");
    tap_ok(((LkScanPicture *)deep->pdata[0])->subset == 7, "the subset's number is stored");

    g_free(subset->image_dir);
    subset->image_dir = g_build_filename(root, "nowhere", NULL);
    g_autoptr(GPtrArray) none = lk_scan_pictures_new();
    g_autoptr(GError) error = NULL;
    const bool scanned = lk_scan_subset(subset, 0, none, NULL, &error);
    tap_ok(!scanned && g_error_matches(error, LK_ERROR, LK_ERROR_IO), "a missing folder: %s",
           error ? error->message : "");
}

typedef struct CaptionCase {
    const char *file; /* NULL: no file */
    const char *content;
    size_t size; /* 0: the text's length */
    bool all_lines;
    LkCaptionSource source;
    const char *expected;
    int finding; /* -1: none */
} CaptionCase;

static void test_captions(const char *root)
{
    static const CaptionCase cases[] = {
        {"p.txt", "a cat, sitting\n", 0, false, LK_CAPTION_FROM_FILE, "a cat, sitting", -1},
        {"p.caption", "  spaced\t", 0, false, LK_CAPTION_FROM_FILE, "spaced", -1},
        {"p.txt", "\xEF\xBB\xBFmarked", 0, false, LK_CAPTION_FROM_FILE, "marked", -1},
        {"p.txt", "one\r\ntwo\r\n", 0, false, LK_CAPTION_FROM_FILE, "one", LK_FINDING_CAPTION_MORE_LINES},
        {"p.txt", "one\rtwo\n\n three \n", 0, true, LK_CAPTION_FROM_FILE, "one\ntwo\nthree", -1},
        {"p.txt", "one\n\n\n", 0, false, LK_CAPTION_FROM_FILE, "one", -1},
        {"p.txt", "\xE3\x80\x80\xE7\x8C\xAB\xE3\x80\x80", 0, false, LK_CAPTION_FROM_FILE, "\xE7\x8C\xAB", -1},
        {"p.txt", "", 0, false, LK_CAPTION_FROM_FILE, "", LK_FINDING_CAPTION_EMPTY},
        {"p.txt", "\nsecond", 0, false, LK_CAPTION_FROM_FILE, "", LK_FINDING_CAPTION_EMPTY},
        {"p.txt",
         "\xFF\xFE"
         "c\0",
         4, false, LK_CAPTION_FROM_CLASS, "klass", LK_FINDING_CAPTION_NOT_UTF8},
        {"p.txt", "caf\xE9", 0, false, LK_CAPTION_FROM_CLASS, "klass", LK_FINDING_CAPTION_NOT_UTF8},
        {"p.txt", "a\0b", 3, false, LK_CAPTION_FROM_CLASS, "klass", LK_FINDING_CAPTION_NOT_UTF8},
        {NULL, "", 0, false, LK_CAPTION_FROM_CLASS, "klass", LK_FINDING_CAPTION_MISSING},
    };
    g_autofree char *picture = scratch_path(root, "captions/p.png");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const CaptionCase *c = &cases[i];
        g_autofree char *name = c->file ? g_build_filename("captions", c->file, NULL) : NULL;
        if (name)
            scratch_write(root, name, c->content, c->size ? c->size : strlen(c->content));
        g_autoptr(GPtrArray) findings = lk_findings_new();
        LkCaption caption = lk_caption_read(picture, NULL, "klass", c->all_lines, findings);
        const int finding = findings->len ? (int)((LkFinding *)findings->pdata[0])->kind : -1;
        g_autofree char *shown = g_strescape(caption.text, NULL);
        tap_ok(strcmp(caption.text, c->expected) == 0 && caption.source == c->source && finding == c->finding,
               "caption %zu is \"%s\", from %d, finding %d", i, shown, caption.source, finding);
        lk_caption_clear(&caption);
        g_autofree char *path = name ? g_build_filename(root, name, NULL) : NULL;
        if (path)
            g_unlink(path);
    }
}

static void expect_caption(const char *root, const char *picture, const char *extension, const char *expected)
{
    g_autofree char *path = scratch_path(root, picture);
    LkCaption caption = lk_caption_read(path, extension, NULL, false, NULL);
    tap_ok(strcmp(caption.text, expected) == 0, "%s with %s has \"%s\"", picture, extension ? extension : "default",
           caption.text);
    lk_caption_clear(&caption);
}

static void test_caption_files(const char *root)
{
    scratch_text(root, "which/a.txt", "text");
    scratch_text(root, "which/a.caption", "caption");
    scratch_text(root, "which/face.txt", "face");
    scratch_text(root, "which/a.b.txt", "dotted");
    scratch_text(root, "which/x.d/noext.txt", "no extension");
    expect_caption(root, "which/a.png", NULL, "text");
    expect_caption(root, "which/a.png", ".caption", "caption");
    expect_caption(root, "which/a.png", "caption", "caption");
    expect_caption(root, "which/a.png", ".tags", "");
    expect_caption(root, "which/a.b.png", NULL, "dotted");
    expect_caption(root, "which/face_100_20_3_4.png", NULL, "face");
    expect_caption(root, "which/face_a_20_3_4.png", NULL, "");
    expect_caption(root, "which/_1_2_3_4.png", NULL, "");
    expect_caption(root, "which/x.d/noext", NULL, "no extension");
}

static void test_files(const char *root)
{
    static const char *const there[] = {"list/a.png", "list/b.png", "list/deep/c.png", "list/d.png"};
    for (size_t i = 0; i < G_N_ELEMENTS(there); i++)
        scratch_text(root, there[i], "x");
    g_autofree char *folder = g_build_filename(root, "list", NULL);
    g_autoptr(LkSubset) subset = lk_subset_new(folder);
    subset->files = g_strsplit("deep/c.png|b.png|gone.png|deep", "|", -1);
    g_autoptr(GPtrArray) pictures = lk_scan_pictures_new(), findings = lk_findings_new();
    const bool good = lk_scan_subset(subset, 0, pictures, findings, NULL);
    tap_ok(good && pictures->len == 2 &&
               g_str_has_suffix(((LkScanPicture *)g_ptr_array_index(pictures, 0))->path, "list/b.png") &&
               g_str_has_suffix(((LkScanPicture *)g_ptr_array_index(pictures, 1))->path, "list/deep/c.png"),
           "only the files that are listed");
    tap_ok(count_kind(findings, LK_FINDING_PICTURE_MISSING) == 2, "those that are not there, or no files, are found");
}

int main(void)
{
    g_autofree char *root = scratch_new();
    test_layouts(root);
    test_walk(root);
    test_captions(root);
    test_caption_files(root);
    test_files(root);
    scratch_remove(root);
    return tap_done();
}
