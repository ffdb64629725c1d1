/* The list of a project's pictures against real files, a real store and other programs' changes. */
#include "dataset/dataset.h"
#include "tests/app/picture_lab.h"
#include "text/clip_tokenizer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static guint count(Lab *lab)
{
    return g_list_model_get_n_items(G_LIST_MODEL(lab->list));
}

/* Every file of a folder with its bytes and time, so that any change of it shows. */
static void append_files(const char *folder, const char *extension, GString *out)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    g_dir_close(dir);
    g_ptr_array_sort_values(names, (GCompareFunc)(void *)strcmp);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        GStatBuf info;
        g_lstat(path, &info);
        if (S_ISDIR(info.st_mode)) {
            append_files(path, extension, out);
        } else if (!extension || g_str_has_suffix(path, extension)) {
            g_autofree char *bytes = NULL;
            gsize size = 0;
            g_file_get_contents(path, &bytes, &size, NULL);
            g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
            g_string_append_printf(out, "%s %s %ld.%ld\n", path, hash, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
        }
    }
}

static char *files_of(Lab *lab, const char *name, const char *extension)
{
    g_autofree char *folder = lab_path(lab, name);
    GString *out = g_string_new(NULL);
    append_files(folder, extension, out);
    return g_string_free(out, FALSE);
}

/* ---- in ---------------------------------------------------------------------------------------------- */

static void make_pictures(Lab *lab)
{
    lab_picture(lab, "in/b.png", 640, 480, 1);
    lab_picture(lab, "in/a.png", 512, 512, 2);
    lab_picture(lab, "in/below/c.png", 300, 900, 3);
    lab_picture(lab, "in/twin.png", 640, 480, 1);
    scratch_text(lab->folder, "in/a.txt", "sks dog, grass\n");
    scratch_text(lab->folder, "in/b.caption", "a dog\r\n");
    scratch_text(lab->folder, "in/broken.png", "this is no picture");
    scratch_text(lab->folder, "in/.hidden.png", "not looked at");
    scratch_text(lab->folder, "in/notes.md", "not a caption");
}

static void test_import(void)
{
    Lab *lab = lab_new();
    make_pictures(lab);
    g_autofree char *before = files_of(lab, "in", NULL);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in", "in/notes.md", "nowhere.png", NULL});
    g_autofree char *text = lk_import_summary_to_text(summary), *details = lk_import_summary_to_details(summary);
    tap_note("%s", text);
    tap_ok(summary->added == 5 && summary->captions == 2 && summary->known == 0,
           "5 pictures are added, 2 with captions");
    tap_ok(summary->unreadable->len == 3 && strstr(details, "broken.png: ") && strstr(details, "notes.md: ") &&
               strstr(details, "nowhere.png: "),
           "what cannot be read is named with reasons");
    tap_ok(summary->duplicates->len == 1 && strstr(details, "twin.png: the same file as b.png") &&
               lk_picture_get_excluded(lab_find(lab, "in/twin.png")),
           "the duplicate is noticed and left out");
    g_autofree char *first = lab_path(lab, "in/a.png");
    g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(lab->list), 0);
    tap_ok(strcmp(lk_picture_get_path(picture), first) == 0 && lk_picture_list_position(lab->list, picture) == 0,
           "they are sorted by path");
    tap_ok(lab_caption(lab, "in/a.png", "sks dog, grass") && lab_caption(lab, "in/b.png", "a dog") &&
               lk_picture_get_width(lab_find(lab, "in/below/c.png")) == 300 &&
               lk_picture_get_height(lab_find(lab, "in/below/c.png")) == 900 &&
               lk_picture_get_error(lab_find(lab, "in/broken.png")),
           "with captions, sizes and errors");
    tap_ok(lk_project_get_n_pictures(lab->project) == 5 && g_strcmp0(lk_project_get_cover(lab->project), first) == 0,
           "the project has their number and the first as its cover");
    g_autoptr(LkImportSummary) again = lab_add(lab, (const char *const[]){"in", "in/a.png", "in/below", NULL});
    g_autoptr(GArray) sources = lk_picture_list_get_sources(lab->list);
    tap_ok(again->added == 0 && again->known == 5 && sources->len == 1 &&
               g_array_index(sources, LkPictureSource, 0).pictures == 5,
           "what is there already is not added twice (known %u, sources %u)", again->known, sources->len);
    lab_reopen(lab);
    tap_ok(count(lab) == 5 && lab_caption(lab, "in/b.png", "a dog") &&
               lk_picture_get_excluded(lab_find(lab, "in/twin.png")) &&
               lk_picture_get_width(lab_find(lab, "in/below/c.png")) == 300 && !lab->told->len,
           "all is there after opening again");
    g_autofree char *after = files_of(lab, "in", NULL);
    tap_ok(strcmp(before, after) == 0, "no file was touched");
    lab_free(lab);
}

static void test_kohya(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "in/10_cat/a.png", 64, 64, 1);
    lab_picture(lab, "in/10_cat/b.png", 64, 64, 2);
    lab_picture(lab, "in/3_blue dog/a.png", 64, 64, 3);
    lab_picture(lab, "in/more/x.png", 64, 64, 4);
    lab_picture(lab, "in/loose.png", 64, 64, 5);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in", NULL});
    g_autoptr(GArray) sources = lk_picture_list_get_sources(lab->list);
    tap_ok(summary->added == 5 && sources->len == 4, "kohya's layout: %u pictures in %u sources", summary->added,
           sources->len);
    tap_ok(lk_picture_get_repeats(lab_find(lab, "in/10_cat/b.png")) == 10 &&
               lk_picture_get_repeats(lab_find(lab, "in/3_blue dog/a.png")) == 3 &&
               lk_picture_get_repeats(lab_find(lab, "in/more/x.png")) == 1 &&
               lk_picture_get_repeats(lab_find(lab, "in/loose.png")) == 1,
           "with the folders' repeats");
    const gint64 cat = g_array_index(sources, LkPictureSource, 0).id;
    lk_picture_list_set_source_repeats(lab->list, cat, 7);
    lk_picture_list_set_source_regularisation(lab->list, cat, TRUE);
    lab_edit(lab, "Repeats", "in/10_cat/a.png", LK_PICTURE_FIELD_REPEATS, "2");
    tap_ok(lk_picture_get_repeats(lab_find(lab, "in/10_cat/a.png")) == 2 &&
               lk_picture_get_repeats(lab_find(lab, "in/10_cat/b.png")) == 7 &&
               lk_picture_get_regularisation(lab_find(lab, "in/10_cat/b.png")),
           "a source's repeats change, a picture's own ones stay");
    lab_reopen(lab);
    tap_ok(lk_picture_get_repeats(lab_find(lab, "in/10_cat/a.png")) == 2 &&
               lk_picture_get_repeats(lab_find(lab, "in/10_cat/b.png")) == 7 &&
               lk_picture_get_regularisation(lab_find(lab, "in/10_cat/b.png")),
           "also after opening again");
    lk_picture_list_remove_source(lab->list, cat);
    settle(lab);
    tap_ok(count(lab) == 3 && !lab_find(lab, "in/10_cat/a.png"), "a source goes with its pictures");
    lab_reopen(lab);
    g_autofree char *path = lab_path(lab, "in/10_cat/a.png");
    tap_ok(count(lab) == 3 && g_file_test(path, G_FILE_TEST_EXISTS), "for good, and its files stay");
    lab_free(lab);
}

static void test_files_and_paste(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "x/one.png", 100, 50, 1);
    lab_picture(lab, "x/two.png", 100, 50, 2);
    scratch_text(lab->folder, "x/one.txt", "first");
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"x/one.png", "x/one.txt", NULL});
    tap_ok(summary->added == 1 && summary->captions == 1 && count(lab) == 1 && !summary->unreadable->len,
           "a file alone comes with its caption, its neighbour does not");
    g_autoptr(LkImportSummary) folder = lab_add(lab, (const char *const[]){"x", NULL});
    tap_ok(folder->added == 1 && folder->known == 1 && count(lab) == 2, "its folder brings the rest");
    const guint32 pixels[4] = {0xffff0000, 0xff00ff00, 0xff0000ff, 0xffffffff};
    g_autoptr(GBytes) bytes = g_bytes_new(pixels, sizeof pixels);
    g_autoptr(GdkTexture) texture = gdk_memory_texture_new(2, 2, GDK_MEMORY_B8G8R8A8, bytes, 8);
    Added added = {0};
    lk_picture_list_add_texture(lab->list, texture, added_cb, &added);
    wait_for(is_added, &added, 20);
    settle(lab);
    g_autofree char *pasted = lab_path(lab, "project/pictures");
    LkPicture *picture = NULL;
    for (guint i = 0; i < count(lab); i++) {
        g_autoptr(LkPicture) item = g_list_model_get_item(G_LIST_MODEL(lab->list), i);
        if (g_str_has_prefix(lk_picture_get_path(item), pasted))
            picture = item;
    }
    tap_ok(added.summary && added.summary->added == 1 && picture && lk_picture_get_width(picture) == 2,
           "a pasted picture is written into the project's folder: %s",
           picture ? lk_picture_get_name(picture) : "none");
    g_autoptr(GdkPixbuf) back = picture ? gdk_pixbuf_new_from_file(lk_picture_get_path(picture), NULL) : NULL;
    tap_ok(back && memcmp(gdk_pixbuf_get_pixels(back), "\xff\0\0\xff\0\xff\0\xff", 8) == 0, "with its pixels");
    lk_import_summary_free(added.summary);
    lab_free(lab);
}

typedef struct Stop {
    Lab *lab;
    guint after;
} Stop;

static bool has_some(void *data)
{
    const Stop *stop = data;
    return count(stop->lab) >= stop->after;
}

static void test_cancel(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "one.png", 64, 64, 1);
    g_autofree char *one = lab_path(lab, "one.png");
    for (int i = 0; i < 4000; i++) {
        g_autofree char *name = g_strdup_printf("in/%04d.png", i);
        g_autofree char *path = scratch_path(lab->folder, name);
        if (link(one, path) != 0)
            g_error("link");
    }
    g_autofree char *in = lab_path(lab, "in");
    const char *const paths[] = {in, NULL};
    Added added = {0};
    Stop stop = {lab, 1};
    lk_picture_list_add_paths(lab->list, paths, added_cb, &added);
    wait_for(has_some, &stop, 20);
    guint total;
    gboolean busy;
    g_object_get(lab->list, "total", &total, "busy", &busy, NULL);
    tap_ok(busy && total == 4000, "while pictures are added, the properties say so");
    lk_picture_list_cancel(lab->list);
    wait_for(is_added, &added, 20);
    const guint there = count(lab);
    tap_ok(added.summary && added.summary->cancelled && there > 0 && there < 4000 && there == added.summary->added,
           "cancelled after %u of 4000", there);
    settle(lab);
    tap_ok(!lk_picture_list_get_busy(lab->list), "and it rests");
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(count(lab) == 4000, "the next look finds the others (%u)", count(lab));
    lk_import_summary_free(added.summary);
    lab_free(lab);
}

/* ---- edits ------------------------------------------------------------------------------------------- */

static Lab *lab_with_three(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "in/a.png", 64, 64, 1);
    lab_picture(lab, "in/b.png", 64, 64, 2);
    lab_picture(lab, "in/c.png", 64, 64, 3);
    scratch_text(lab->folder, "in/a.txt", "alpha");
    scratch_text(lab->folder, "in/b.caption", "beta");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    return lab;
}

static bool file_is(Lab *lab, const char *name, const char *text)
{
    return lab_has_text(lab, name, text);
}

static void test_edit(void)
{
    Lab *lab = lab_with_three();
    g_autofree char *before = files_of(lab, "in", ".png");
    LkPicture *a = lab_find(lab, "in/a.png"), *b = lab_find(lab, "in/b.png"), *c = lab_find(lab, "in/c.png");
    const LkPictureChange changes[] = {{a, LK_PICTURE_FIELD_CAPTION, "alpha, new"},
                                       {b, LK_PICTURE_FIELD_CAPTION, ""},
                                       {c, LK_PICTURE_FIELD_CAPTION, "gamma\nsecond line\n"},
                                       {c, LK_PICTURE_FIELD_EXCLUDED, "1"},
                                       {b, LK_PICTURE_FIELD_EXCLUDED, "0"}};
    tap_ok(lk_picture_list_edit(lab->list, "Five changes", changes, 5) == 4, "what changes nothing is left out");
    tap_ok(lab_caption(lab, "in/a.png", "alpha, new") && lab_caption(lab, "in/b.png", "") &&
               lk_picture_get_excluded(c) && lk_picture_get_unsaved(a) &&
               g_strcmp0(lk_picture_list_get_undo_label(lab->list), "Five changes") == 0,
           "an edit shows at once");
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha, new") && file_is(lab, "in/b.caption", "") &&
               file_is(lab, "in/b.txt", NULL) && file_is(lab, "in/c.txt", "gamma\nsecond line"),
           "files are written: .caption stays one, an emptied caption is an empty file, a new one is .txt");
    tap_ok(!lk_picture_get_unsaved(a) && lk_picture_list_get_can_undo(lab->list) &&
               !lk_picture_list_get_can_redo(lab->list),
           "and all is saved");
    lab_reopen(lab);
    tap_ok(lab_caption(lab, "in/c.png", "gamma\nsecond line") && lk_picture_get_excluded(lab_find(lab, "in/c.png")) &&
               g_strcmp0(lk_picture_list_get_undo_label(lab->list), "Five changes") == 0,
           "after opening again the edit and its undo are there");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha") && file_is(lab, "in/b.caption", "beta") &&
               file_is(lab, "in/c.txt", NULL) && lab_caption(lab, "in/c.png", "") &&
               !lk_picture_get_excluded(lab_find(lab, "in/c.png")) &&
               lk_picture_get_caption_state(lab_find(lab, "in/c.png")) == LK_PICTURE_CAPTION_NONE,
           "undo brings everything back, also that there was no file");
    tap_ok(!lk_picture_list_get_can_undo(lab->list) && lk_picture_list_get_can_redo(lab->list) &&
               g_strcmp0(lk_picture_list_get_redo_label(lab->list), "Five changes") == 0,
           "and can be redone");
    lab_reopen(lab);
    lk_picture_list_redo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha, new") && file_is(lab, "in/b.caption", "") &&
               file_is(lab, "in/c.txt", "gamma\nsecond line") && lk_picture_get_excluded(lab_find(lab, "in/c.png")),
           "redo after opening again");
    lab_edit(lab, "Mask", "in/a.png", LK_PICTURE_FIELD_MASK, "/masks/a.png");
    lab_edit(lab, "Repeats", "in/a.png", LK_PICTURE_FIELD_REPEATS, "12");
    lk_picture_list_undo(lab->list);
    lk_picture_list_undo(lab->list);
    lk_picture_list_redo(lab->list);
    settle(lab);
    tap_ok(g_strcmp0(lk_picture_get_mask(lab_find(lab, "in/a.png")), "/masks/a.png") == 0 &&
               lk_picture_get_own_repeats(lab_find(lab, "in/a.png")) == 0,
           "steps of choices, asked for faster than they are answered");
    g_autofree char *after = files_of(lab, "in", ".png");
    tap_ok(strcmp(before, after) == 0, "no picture file was touched");
    lab_free(lab);
}

static void test_typing(void)
{
    Lab *lab = lab_with_three();
    LkPicture *a = lab_find(lab, "in/a.png");
    lk_picture_list_begin_typing(lab->list, a);
    const char *text = "alpha and more";
    for (size_t length = 6; length <= strlen(text); length++) {
        g_autofree char *typed = g_strndup(text, length);
        lab_edit(lab, "Edit Caption", "in/a.png", LK_PICTURE_FIELD_CAPTION, typed);
        let_pass(length == 9 ? 0.5 : 0.01);
    }
    tap_ok(file_is(lab, "in/a.txt", "alpha and"), "the file follows when typing rests");
    lk_picture_list_end_typing(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", text), "and when it ends");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha") && !lk_picture_list_get_can_undo(lab->list), "all of it is one step");
    for (int i = 1; i <= 3; i++) {
        g_autofree char *repeats = g_strdup_printf("%d", i);
        lab_edit(lab, "Repeats", "in/a.png", LK_PICTURE_FIELD_REPEATS, repeats);
        let_pass(0.4);
    }
    lab_edit(lab, "Chip", "in/a.png", LK_PICTURE_FIELD_CAPTION, "one");
    lab_edit(lab, "Other chip", "in/a.png", LK_PICTURE_FIELD_CAPTION, "two");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "one"), "changes with other labels are steps of their own");
    lk_picture_list_undo(lab->list);
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha") && lk_picture_get_own_repeats(a) == 0 &&
               !lk_picture_list_get_can_undo(lab->list),
           "the same change again and again is one");
    lk_picture_list_begin_typing(lab->list, a);
    lab_edit(lab, "Edit Caption", "in/a.png", LK_PICTURE_FIELD_CAPTION, "last words");
    lab_close(lab);
    tap_ok(file_is(lab, "in/a.txt", "last words"), "what was typed right before the end is written");
    lab_open(lab);
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "alpha"), "and can be undone");
    lab_free(lab);
}

static void test_remove(void)
{
    Lab *lab = lab_with_three();
    LkPicture *pictures[] = {lab_find(lab, "in/a.png"), lab_find(lab, "in/c.png")};
    lab_edit(lab, "Repeats", "in/a.png", LK_PICTURE_FIELD_REPEATS, "5");
    lk_picture_list_remove_pictures(lab->list, pictures, 2);
    tap_ok(count(lab) == 1 && !lab_find(lab, "in/a.png"), "pictures are taken out");
    settle(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    g_autofree char *path = lab_path(lab, "in/a.png");
    tap_ok(count(lab) == 1 && lk_project_get_n_pictures(lab->project) == 1 && g_file_test(path, G_FILE_TEST_EXISTS),
           "and stay out, their files stay");
    lab_reopen(lab);
    tap_ok(count(lab) == 1, "also after opening again");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(count(lab) == 3 && lk_picture_get_own_repeats(lab_find(lab, "in/a.png")) == 5, "undo brings them back");
    lk_picture_list_redo(lab->list);
    settle(lab);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in/c.png", NULL});
    tap_ok(count(lab) == 2 && summary->restored == 1 && summary->added == 0, "adding one again brings it back");
    lab_reopen(lab);
    tap_ok(count(lab) == 2 && lab_find(lab, "in/c.png"), "for good");
    lab_free(lab);
}

static void test_failure(void)
{
    Lab *lab = lab_with_three();
    g_autofree char *blocked = scratch_path(lab->folder, "in/c.txt");
    g_mkdir(blocked, 0700);
    const LkPictureChange changes[] = {{lab_find(lab, "in/a.png"), LK_PICTURE_FIELD_CAPTION, "fine"},
                                       {lab_find(lab, "in/c.png"), LK_PICTURE_FIELD_CAPTION, "cannot be written"}};
    lk_picture_list_edit(lab->list, "Two", changes, 2);
    settle(lab);
    guint unsaved;
    g_object_get(lab->list, "unsaved", &unsaved, NULL);
    tap_note("%s", lab->told->str);
    tap_ok(file_is(lab, "in/a.txt", "fine") && strstr(lab->told->str, "c.png") && !strstr(lab->told->str, "a.png"),
           "what cannot be written is named, the rest is written");
    tap_ok(lab_caption(lab, "in/c.png", "cannot be written") && lk_picture_get_unsaved(changes[1].picture) &&
               unsaved == 1,
           "its text stays");
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(lab_caption(lab, "in/c.png", "cannot be written"), "also when the files are looked at");
    g_rmdir(blocked);
    lk_picture_list_retry_saving(lab->list);
    settle(lab);
    g_object_get(lab->list, "unsaved", &unsaved, NULL);
    tap_ok(file_is(lab, "in/c.txt", "cannot be written") && unsaved == 0, "another try writes it");
    lab_free(lab);
}

/* ---- others ------------------------------------------------------------------------------------------ */

typedef struct Wanted {
    Lab *lab;
    const char *name, *caption; /* caption NULL: the picture is missing */
} Wanted;

static bool has_wanted(void *data)
{
    const Wanted *wanted = data;
    LkPicture *picture = lab_find(wanted->lab, wanted->name);
    if (!wanted->caption)
        return picture && lk_picture_get_missing(picture);
    return picture && !lk_picture_get_missing(picture) && strcmp(lk_picture_get_caption(picture), wanted->caption) == 0;
}

static bool comes(Lab *lab, const char *name, const char *caption)
{
    Wanted wanted = {lab, name, caption};
    return poll_for(has_wanted, &wanted, 8);
}

static void test_others(void)
{
    Lab *lab = lab_with_three();
    scratch_text(lab->folder, "in/a.txt", "by another program");
    tap_ok(comes(lab, "in/a.png", "by another program"), "a caption that another program writes appears by itself");
    scratch_text(lab->folder, "in/c.txt", "new there");
    tap_ok(comes(lab, "in/c.png", "new there"), "a new caption file too");
    lab_picture(lab, "in/d.png", 32, 32, 9);
    tap_ok(comes(lab, "in/d.png", ""), "a new picture appears");
    lab_picture(lab, "in/deep/er/e.png", 32, 32, 10);
    tap_ok(comes(lab, "in/deep/er/e.png", ""), "also one in a new folder");
    g_autofree char *path = lab_path(lab, "in/d.png"), *caption = lab_path(lab, "in/c.txt");
    g_unlink(path);
    tap_ok(comes(lab, "in/d.png", NULL), "one that is gone is marked");
    g_unlink(caption);
    tap_ok(comes(lab, "in/c.png", ""), "a caption that is gone is no more");
    lab_picture(lab, "in/d.png", 48, 32, 11);
    tap_ok(comes(lab, "in/d.png", "") && lk_picture_get_width(lab_find(lab, "in/d.png")) == 48, "and back");
    lab_close(lab);
    scratch_text(lab->folder, "in/a.txt", "while it was closed");
    lab_picture(lab, "in/f.png", 32, 32, 12);
    lab_open(lab);
    tap_ok(comes(lab, "in/a.png", "while it was closed") && comes(lab, "in/f.png", ""),
           "what happened while the program was closed is seen");
    tap_ok(!lab->told->len, "without a word");
    lab_free(lab);
}

static void set_time(Lab *lab, const char *name, double seconds)
{
    g_autofree char *path = lab_path(lab, name);
    const gint64 time = g_get_real_time() + (gint64)(seconds * 1e6);
    const struct timespec times[2] = {{time / 1000000, time % 1000000 * 1000}, {time / 1000000, time % 1000000 * 1000}};
    utimensat(AT_FDCWD, path, times, 0);
}

static void test_conflict(void)
{
    Lab *lab = lab_with_three();
    lab_edit(lab, "Typed", "in/a.png", LK_PICTURE_FIELD_CAPTION, "typed here");
    scratch_text(lab->folder, "in/a.txt", "newer there");
    set_time(lab, "in/a.txt", 1);
    settle(lab);
    let_pass(0.6);
    tap_note("%s", lab->told->str);
    tap_ok(file_is(lab, "in/a.txt", "newer there") && lab_caption(lab, "in/a.png", "newer there") &&
               strstr(lab->told->str, "a.png"),
           "changed here and then there: the newer one is kept and it is said");
    g_string_truncate(lab->told, 0);
    scratch_text(lab->folder, "in/b.caption", "older there");
    set_time(lab, "in/b.caption", -5);
    lab_edit(lab, "Typed", "in/b.png", LK_PICTURE_FIELD_CAPTION, "typed later");
    settle(lab);
    let_pass(0.6);
    tap_note("%s", lab->told->str);
    tap_ok(file_is(lab, "in/b.caption", "typed later") && strstr(lab->told->str, "b.png"),
           "changed there and then here: what was typed is kept and it is said");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/b.caption", "older there"), "undo brings the other text");
    lk_picture_list_redo(lab->list);
    settle(lab);
    scratch_text(lab->folder, "in/b.caption", "and again");
    settle(lab);
    lk_picture_list_undo(lab->list);
    settle(lab);
    let_pass(0.5);
    tap_ok(file_is(lab, "in/b.caption", "and again") && comes(lab, "in/b.png", "and again"),
           "undo does not take away what another program wrote since");
    lab_free(lab);
}

/* ---- encodings, and files that are no captions ------------------------------------------------------- */

static void test_encodings(void)
{
    Lab *lab = lab_new();
    for (guint i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("in/%u.png", i);
        lab_picture(lab, name, 64, 64, i);
    }
    scratch_text(lab->folder, "in/0.txt", "\xEF\xBB\xBFwith a mark");
    scratch_text(lab->folder, "in/1.txt", "caf\xE9 au lait");
    scratch_write(lab->folder, "in/2.txt", "a\0\x01\x02\xff\xfe", 6);
    scratch_text(lab->folder, "in/3.txt", "two\r\nlines\r\n");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    tap_ok(lab_caption(lab, "in/0.png", "with a mark") && lab_caption(lab, "in/3.png", "two\nlines"),
           "marks and lines");
    LkPicture *latin = lab_find(lab, "in/1.png"), *binary = lab_find(lab, "in/2.png");
    tap_ok(lab_caption(lab, "in/1.png", "café au lait") &&
               lk_picture_get_caption_state(latin) == LK_PICTURE_CAPTION_NOT_UTF8,
           "another encoding is read and marked");
    lab_edit(lab, "Edit", "in/2.png", LK_PICTURE_FIELD_CAPTION, "over it");
    settle(lab);
    g_autofree char *bytes = lab_text(lab, "in/2.txt");
    tap_ok(memcmp(bytes, "a\0\x01\x02", 4) == 0 && lk_picture_get_unsaved(binary) && strstr(lab->told->str, "2.png"),
           "a file that is no text is not written over");
    settle_doctor(lab);
    GListModel *findings = lk_picture_list_get_findings(lab->list);
    for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
        g_autoptr(LkDatasetFinding) finding = g_list_model_get_item(findings, i);
        if (lk_dataset_finding_get_kind(finding) == LK_FINDING_CAPTION_NOT_UTF8)
            lk_picture_list_fix(lab->list, finding);
    }
    settle_doctor(lab);
    tap_ok(file_is(lab, "in/1.txt", "café au lait") && lk_picture_get_caption_state(latin) == LK_PICTURE_CAPTION_READ,
           "the doctor's fix writes it as UTF-8");
    lab_free(lab);
}

/* ---- doctor ------------------------------------------------------------------------------------------ */

static LkDatasetFinding *finding_of(Lab *lab, LkFindingKind kind)
{
    GListModel *findings = lk_picture_list_get_findings(lab->list);
    for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
        LkDatasetFinding *finding = g_list_model_get_item(findings, i);
        g_object_unref(finding);
        if (lk_dataset_finding_get_kind(finding) == kind)
            return finding;
    }
    return NULL;
}

static guint found(Lab *lab, LkFindingKind kind)
{
    LkDatasetFinding *finding = finding_of(lab, kind);
    return finding ? lk_dataset_finding_get_n_pictures(finding) : 0;
}

static void test_doctor(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "in/a.png", 640, 640, 1);
    lab_picture(lab, "in/b.png", 640, 640, 2);
    lab_picture(lab, "in/small.png", 100, 100, 3);
    lab_picture(lab, "in/near.png", 800, 800, 1); /* as a, larger */
    scratch_text(lab->folder, "in/a.txt", "sks dog");
    scratch_text(lab->folder, "in/near.txt", "sks dog");
    scratch_text(lab->folder, "in/small.txt", "a dog");
    scratch_text(lab->folder, "in/broken.png", "no picture");
    g_object_set(lab->project, "trigger-word", "sks", NULL);
    lk_project_set_setting(lab->project, "resolution", "512");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    settle_doctor(lab);
    tap_note("%s", lk_picture_list_get_summary(lab->list));
    GListModel *findings = lk_picture_list_get_findings(lab->list);
    for (guint i = 0; i < g_list_model_get_n_items(findings); i++) {
        g_autoptr(LkDatasetFinding) finding = g_list_model_get_item(findings, i);
        tap_note("%s | %s | %s", lk_dataset_finding_get_text(finding), lk_dataset_finding_get_advice(finding),
                 lk_dataset_finding_get_fix_label(finding) ? lk_dataset_finding_get_fix_label(finding) : "-");
    }
    tap_ok(found(lab, LK_FINDING_CAPTION_MISSING) == 2 && found(lab, LK_FINDING_PICTURE_SMALL) == 1 &&
               found(lab, LK_FINDING_PICTURE_UNREADABLE) == 1 && found(lab, LK_FINDING_PICTURE_LOOKALIKE) == 1 &&
               found(lab, LK_FINDING_TRIGGER_MISSING) == 1,
           "no caption, too small, unreadable, nearly the same, no trigger word");
    tap_ok(lk_picture_list_get_n_problems(lab->list) == 4 &&
               g_str_has_prefix(lk_picture_list_get_summary(lab->list), "4 pictures need attention: 2 without caption"),
           "the summary says how many need attention");
    tap_ok(lk_picture_get_tokens(lab_find(lab, "in/a.png")) ==
                   lk_picture_list_count_tokens(lab->list, "sks dog", NULL) &&
               lk_picture_get_tokens(lab_find(lab, "in/a.png")) == 2,
           "tokens are counted (%d)", lk_picture_get_tokens(lab_find(lab, "in/a.png")));
    const LkSize bucket = lk_picture_get_bucket(lab_find(lab, "in/a.png"));
    tap_ok(bucket.width == 512 && bucket.height == 512, "buckets are those of the parameters");
    lk_project_set_setting(lab->project, "resolution", "64");
    let_pass(0.3);
    settle_doctor(lab);
    tap_ok(found(lab, LK_FINDING_PICTURE_SMALL) == 0 && lk_picture_get_bucket(lab_find(lab, "in/a.png")).width == 64,
           "and follow them");
    lk_picture_list_fix(lab->list, finding_of(lab, LK_FINDING_TRIGGER_MISSING));
    settle_doctor(lab);
    tap_ok(file_is(lab, "in/small.txt", "sks, a dog") && found(lab, LK_FINDING_TRIGGER_MISSING) == 0,
           "a fix does what it says");
    lk_picture_list_undo(lab->list);
    settle_doctor(lab);
    tap_ok(file_is(lab, "in/small.txt", "a dog") && found(lab, LK_FINDING_TRIGGER_MISSING) == 1, "and can be undone");
    lk_picture_list_fix(lab->list, finding_of(lab, LK_FINDING_PICTURE_LOOKALIKE));
    lab_edit(lab, "Caption", "in/b.png", LK_PICTURE_FIELD_CAPTION, "sks dog, b");
    settle_doctor(lab);
    tap_ok(found(lab, LK_FINDING_PICTURE_LOOKALIKE) == 0 && found(lab, LK_FINDING_CAPTION_MISSING) == 1,
           "findings follow edits");
    g_autofree char *filter_text = lk_picture_list_get_problem_filter(lab->list);
    g_autoptr(GError) error = NULL;
    LkFilter *filter = lk_filter_parse(filter_text, NULL, &error);
    guint shown = 0;
    for (guint i = 0; i < count(lab); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(lab->list), i);
        shown += filter && lk_picture_matches(picture, filter, "sks");
    }
    tap_ok(filter && shown == lk_picture_list_get_n_problems(lab->list),
           "the filter for them shows just these: %s (%u)", filter_text, shown);
    lk_filter_free(filter);
    const guint problems = lk_picture_list_get_n_problems(lab->list);
    lab_reopen(lab);
    settle_doctor(lab);
    tap_ok(lk_picture_list_get_n_problems(lab->list) == problems, "and are the same after opening again");
    lab_free(lab);
}

static void trigger_cb(LkPictureList *list, const char *old, const char *with, guint n, Lab *lab)
{
    g_string_append_printf(lab->told, "%s→%s %u\n", old, with, n);
}

static void test_trigger(void)
{
    Lab *lab = lab_with_three();
    g_object_set(lab->project, "trigger-word", "sks", NULL);
    let_pass(0.3);
    tap_ok(strcmp(lk_picture_list_get_trigger_words(lab->list), "sks") == 0 &&
               lk_picture_list_count_without_trigger(lab->list) == 2,
           "two captions lack the trigger word");
    tap_ok(lk_picture_list_add_trigger(lab->list, NULL, 0) == 2 && lab_caption(lab, "in/a.png", "sks, alpha") &&
               lab_caption(lab, "in/c.png", ""),
           "it is put in front of those; a picture without caption stays so");
    settle(lab);
    g_signal_connect(lab->list, "trigger-word-changed", G_CALLBACK(trigger_cb), lab);
    let_pass(1.5);
    g_string_truncate(lab->told, 0);
    g_object_set(lab->project, "trigger-word", "rl", NULL);
    g_object_set(lab->project, "trigger-word", "rlk", NULL);
    let_pass(1.6);
    tap_ok(strcmp(lab->told->str, "sks→rlk 2\n") == 0, "another word is told once typing it rests: %s", lab->told->str);
    tap_ok(lk_picture_list_replace_trigger(lab->list, "sks", "rlk") == 2 && lab_caption(lab, "in/b.png", "rlk, beta"),
           "and replaced in one step");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(file_is(lab, "in/a.txt", "sks, alpha") && file_is(lab, "in/b.caption", "sks, beta"), "which can be undone");
    g_signal_handlers_disconnect_by_func(lab->list, trigger_cb, lab);
    lab_free(lab);
}

/* ---- training ---------------------------------------------------------------------------------------- */

/* "path repeats reg" lines of what a dataset would train. */
static char *trained(LkDataset *dataset)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; dataset && i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = dataset->pictures->pdata[i];
        g_ptr_array_add(
            lines, g_strdup_printf("%s %d %d", picture->path, picture->subset->num_repeats, picture->subset->is_reg));
    }
    g_ptr_array_sort_values(lines, (GCompareFunc)(void *)strcmp);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static char *shown(Lab *lab)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count(lab); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(lab->list), i);
        if (!lk_picture_get_excluded(picture) && !lk_picture_get_error(picture))
            g_ptr_array_add(lines,
                            g_strdup_printf("%s %u %d", lk_picture_get_path(picture), lk_picture_get_repeats(picture),
                                            lk_picture_get_regularisation(picture)));
    }
    g_ptr_array_sort_values(lines, (GCompareFunc)(void *)strcmp);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

/* Whether the TOML text, read as a job reads it, trains just what is shown. */
static bool trains_shown(Lab *lab)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = lk_picture_list_to_dataset_toml(lab->list, &error);
    if (!text) {
        tap_note("%s", error->message);
        return false;
    }
    LkToml *toml = lk_toml_parse(text, strlen(text), "dataset.toml", &error);
    g_autoptr(LkSubset) subset = lk_subset_new("");
    const LkDatasetDefaults defaults = {lk_bucket_rules_default((LkSize){512, 512}), 1, subset};
    g_autoptr(GPtrArray) findings = lk_findings_new();
    LkDatasetConfig *config = toml ? lk_dataset_config_from_toml(toml, &defaults, findings, &error) : NULL;
    g_autoptr(LkDataset) dataset = config ? lk_dataset_new(config, 64, findings, &error) : NULL;
    lk_toml_free(toml);
    g_autofree char *got = trained(dataset), *wanted = shown(lab);
    if (strcmp(got, wanted) != 0)
        tap_note("%s\n%s\ntrained:\n%s\nshown:\n%s", error ? error->message : "", text, got, wanted);
    return strcmp(got, wanted) == 0;
}

static void test_config(void)
{
    Lab *lab = lab_new();
    for (guint i = 0; i < 6; i++) {
        g_autofree char *name = g_strdup_printf("in/%s/%u.png", i % 2 ? "10_cat" : "3_dog", i);
        lab_picture(lab, name, 128, 128, i);
    }
    for (guint i = 6; i < 10; i++) {
        g_autofree char *name = g_strdup_printf("flat/%s%u.png", i % 2 ? "below/" : "", i);
        lab_picture(lab, name, 128, 128, i);
    }
    g_autoptr(GError) error = NULL;
    const bool none = !lk_picture_list_to_dataset_config(lab->list, &error);
    tap_ok(none && error, "without pictures: %s", error ? error->message : "no reason");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", "flat", NULL}));
    g_autofree char *whole = lk_picture_list_to_dataset_toml(lab->list, NULL);
    tap_ok(trains_shown(lab) && !strstr(whole, "files"), "whole folders are named as such");
    lab_edit(lab, "Leave out", "in/3_dog/2.png", LK_PICTURE_FIELD_EXCLUDED, "1");
    lab_edit(lab, "Repeats", "flat/below/7.png", LK_PICTURE_FIELD_REPEATS, "4");
    LkPicture *removed = lab_find(lab, "in/10_cat/1.png");
    lk_picture_list_remove_pictures(lab->list, &removed, 1);
    lab_picture(lab, "lone/one.png", 128, 128, 20);
    lab_picture(lab, "lone/two.png", 128, 128, 21);
    scratch_text(lab->folder, "flat/broken.png", "no picture");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"lone/one.png", "flat", NULL}));
    tap_ok(trains_shown(lab), "left out, removed, single and broken pictures, and repeats of their own");
    g_autoptr(GArray) sources = lk_picture_list_get_sources(lab->list);
    lk_picture_list_set_source_regularisation(lab->list, g_array_index(sources, LkPictureSource, 0).id, TRUE);
    lab_picture(lab, "flat/below/x/y.png", 128, 128, 30);
    lk_import_summary_free(lab_add(lab, (const char *const[]){"flat", NULL}));
    LkPictureTotals totals = lk_picture_list_get_totals(lab->list);
    tap_ok(totals.pictures == count(lab) && totals.regularisation == 2 && totals.excluded == 1 && totals.unusable == 1,
           "totals: %u pictures, %u trained, %u regularisation, %u left out, %u unusable, %" G_GUINT64_FORMAT
           " with repeats",
           totals.pictures, totals.trained, totals.regularisation, totals.excluded, totals.unusable, totals.repeats);
    lab_free(lab);
}

/* ---- at random --------------------------------------------------------------------------------------- */

enum { MODEL_PICTURES = 12, MODEL_STEPS = 40 };

/* The captions after each step, as one text each; NULL for pictures without a file. */
typedef struct Model {
    char *captions[MODEL_PICTURES];
} Model;

static void model_copy(Model *to, const Model *from)
{
    for (int i = 0; i < MODEL_PICTURES; i++)
        to->captions[i] = g_strdup(from->captions[i]);
}

static void model_clear(Model *model)
{
    for (int i = 0; i < MODEL_PICTURES; i++)
        g_clear_pointer(&model->captions[i], g_free);
}

static bool model_holds(Lab *lab, const Model *model)
{
    for (int i = 0; i < MODEL_PICTURES; i++) {
        g_autofree char *text = g_strdup_printf("in/%02d.txt", i), *picture = g_strdup_printf("in/%02d.png", i);
        if (!lab_has_text(lab, text, model->captions[i]) ||
            !lab_caption(lab, picture, model->captions[i] ? model->captions[i] : ""))
            return false;
    }
    return true;
}

static bool tags_hold(Lab *lab, const Model *model)
{
    LkTagIndex *wanted = lk_tag_index_new(), *got = lk_picture_list_get_tags(lab->list);
    for (int i = 0; i < MODEL_PICTURES; i++)
        lk_tag_index_change(wanted, NULL, model->captions[i] ? model->captions[i] : "");
    bool same = lk_tag_index_size(wanted) == lk_tag_index_size(got);
    for (guint i = 0; same && i < lk_tag_index_size(wanted); i++) {
        const LkTagCount tag = lk_tag_index_at(wanted, i);
        same = lk_tag_index_count(got, tag.tag) == tag.count;
    }
    lk_tag_index_free(wanted);
    return same;
}

/* One random edit of the list and of the model. */
static void random_edit(Lab *lab, Model *model, GRand *random)
{
    LkPictureChange changes[MODEL_PICTURES];
    char *values[MODEL_PICTURES];
    int n = g_rand_int_range(random, 1, 6);
    for (int i = 0; i < n; i++) {
        const int which = (g_rand_int_range(random, 0, 2) + 2 * i) % MODEL_PICTURES;
        g_autofree char *name = g_strdup_printf("in/%02d.png", which);
        values[i] = g_strdup_printf("tag%d, tag%d", g_rand_int_range(random, 0, 6), g_rand_int_range(random, 6, 9));
        changes[i] = (LkPictureChange){lab_find(lab, name), LK_PICTURE_FIELD_CAPTION, values[i]};
        g_free(model->captions[which]);
        model->captions[which] = g_strdup(values[i]);
    }
    g_autofree char *label = g_strdup_printf("Edit %u", g_rand_int(random));
    lk_picture_list_edit(lab->list, label, changes, (guint)n);
    for (int i = 0; i < n; i++)
        g_free(values[i]);
}

static bool model_equal(const Model *a, const Model *b)
{
    for (int i = 0; i < MODEL_PICTURES; i++)
        if (g_strcmp0(a->captions[i], b->captions[i]) != 0)
            return false;
    return true;
}

static void test_random(void)
{
    Lab *lab = lab_new();
    for (guint i = 0; i < MODEL_PICTURES; i++) {
        g_autofree char *name = g_strdup_printf("in/%02u.png", i);
        lab_picture(lab, name, 16, 16, i);
    }
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    const char *seed = g_getenv("LK_SEED");
    GRand *random = g_rand_new_with_seed(seed ? (guint32)g_ascii_strtoull(seed, NULL, 10) : 20250714);
    Model states[MODEL_STEPS + 1] = {0};
    int done = 0, all = 0, checks = 0, good = 0;
    for (int turn = 0; turn < 120; turn++) {
        const int what = g_rand_int_range(random, 0, 10);
        if (what < 5 && done < MODEL_STEPS) {
            Model next = {0};
            model_copy(&next, &states[done]);
            random_edit(lab, &next, random);
            if (model_equal(&next, &states[done])) {
                model_clear(&next); /* it changed nothing, so there is no step */
            } else {
                for (int i = done + 1; i <= all; i++)
                    model_clear(&states[i]);
                states[++done] = next;
                all = done;
            }
        } else if (what < 7 && done > 0) {
            lk_picture_list_undo(lab->list);
            done--;
        } else if (what < 8 && done < all) {
            lk_picture_list_redo(lab->list);
            done++;
        } else if (what == 8) {
            lab_reopen(lab);
        } else {
            settle(lab);
            checks++;
            good += model_holds(lab, &states[done]) && lk_picture_list_get_can_undo(lab->list) == (done > 0) &&
                    lk_picture_list_get_can_redo(lab->list) == (done < all) && tags_hold(lab, &states[done]);
        }
    }
    tap_ok(checks > 5 && good == checks && !lab->told->len,
           "random edits, undo, redo and reopening against a model: %d of %d checks", good, checks);
    for (int i = 0; i <= all; i++)
        model_clear(&states[i]);
    g_rand_free(random);
    lab_free(lab);
}

/* ---- many -------------------------------------------------------------------------------------------- */

static void make_links(Lab *lab, guint n, bool captions)
{
    lab_picture(lab, "one.png", 64, 64, 1);
    g_autofree char *one = lab_path(lab, "one.png");
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("in/%02u/%05u.png", i % 64, i);
        g_autofree char *path = scratch_path(lab->folder, name);
        if (link(one, path) != 0)
            g_error("link");
        if (!captions)
            continue;
        g_autofree char *caption = g_strdup_printf("in/%02u/%05u.txt", i % 64, i);
        scratch_text(lab->folder, caption, "sks dog, grass, side view, soft light");
    }
}

static bool is_saved(void *data)
{
    guint unsaved;
    g_object_get(((Lab *)data)->list, "unsaved", &unsaved, NULL);
    return unsaved == 0;
}

static bool is_undone(void *data)
{
    return lk_picture_list_get_can_redo(((Lab *)data)->list) &&
           lk_picture_list_get_redo_label(((Lab *)data)->list) != NULL;
}

static void test_many_captions(void)
{
    enum { N = 10000 };
    Lab *lab = lab_new();
    make_links(lab, N, true);
    const gint64 importing = g_get_monotonic_time();
    lab_watch(lab);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in", NULL});
    tap_note("adding %d pictures with captions: %.2f s, main loop away for %.0f ms at most", N,
             (double)(g_get_monotonic_time() - importing) / 1e6, lab_watched(lab));
    tap_ok(summary->added == N && summary->duplicates->len == N - 1, "%u pictures, %u of them duplicates",
           summary->added, summary->duplicates->len);
    lk_picture_list_undo(lab->list); /* that duplicates are left out */
    settle(lab);
    g_autofree LkPictureChange *changes = g_new0(LkPictureChange, N);
    for (guint i = 0; i < N; i++) {
        changes[i] = (LkPictureChange){g_list_model_get_item(G_LIST_MODEL(lab->list), i), LK_PICTURE_FIELD_CAPTION,
                                       "sks dog, grass, side view, soft light, branch"};
        g_object_unref(changes[i].picture);
    }
    settle_doctor(lab);
    const gint64 began = g_get_monotonic_time();
    lab_watch(lab);
    lk_picture_list_edit(lab->list, "Add tag", changes, N);
    const double applied = (double)(g_get_monotonic_time() - began) / 1000;
    poll_for(is_saved, lab, 60);
    const double edit = (double)(g_get_monotonic_time() - began) / 1e6, away = lab_watched(lab);
    tap_ok(file_is(lab, "in/07/00071.txt", changes[0].value) && file_is(lab, "in/15/09999.txt", changes[0].value),
           "%d captions edited and on the disk: %.2f s, shown after %.0f ms, main loop away for %.0f ms at most", N,
           edit, applied, away);
    const gint64 undoing = g_get_monotonic_time();
    lab_watch(lab);
    lk_picture_list_undo(lab->list);
    poll_for(is_undone, lab, 60);
    const double undo = (double)(g_get_monotonic_time() - undoing) / 1e6, undo_away = lab_watched(lab);
    tap_ok(file_is(lab, "in/07/00071.txt", "sks dog, grass, side view, soft light") &&
               lab_caption(lab, "in/15/09999.png", "sks dog, grass, side view, soft light"),
           "undone: %.2f s, main loop away for %.0f ms at most", undo, undo_away);
    settle(lab);
    lab_free(lab);
}

static gsize memory_used(void)
{
    g_autofree char *text = NULL;
    g_file_get_contents("/proc/self/statm", &text, NULL, NULL);
    gsize pages = 0, resident = 0;
    sscanf(text, "%zu %zu", &pages, &resident);
    return resident * (gsize)sysconf(_SC_PAGESIZE) / 1000000;
}

static bool is_loaded(void *data)
{
    return lk_picture_list_get_loaded(((Lab *)data)->list);
}

static void test_hundred_thousand(void)
{
    enum { N = 100000 };
    Lab *lab = lab_new();
    make_links(lab, N, false);
    for (guint i = 0; i < N; i += 10) {
        g_autofree char *caption = g_strdup_printf("in/%02u/%05u.txt", i % 64, i);
        scratch_text(lab->folder, caption, "sks dog, grass, side view, soft light");
    }
    const gsize before = memory_used();
    const gint64 importing = g_get_monotonic_time();
    lab_watch(lab);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in", NULL});
    tap_ok(summary->added == N, "adding %d pictures: %.1f s, main loop away for %.0f ms at most", N,
           (double)(g_get_monotonic_time() - importing) / 1e6, lab_watched(lab));
    tap_note("memory grew by %zu MB", memory_used() - before);
    lab_close(lab);
    const gint64 began = g_get_monotonic_time();
    lab_watch(lab);
    lab_open_quick(lab);
    poll_for(is_loaded, lab, 60);
    const double loaded = (double)(g_get_monotonic_time() - began) / 1e6, away = lab_watched(lab);
    tap_ok(count(lab) == N, "opening them again: %.2f s, main loop away for %.0f ms at most", loaded, away);
    const gint64 scanning = g_get_monotonic_time();
    lab_watch(lab);
    settle(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_note("looking at all files twice: %.2f s, main loop away for %.0f ms at most",
             (double)(g_get_monotonic_time() - scanning) / 1e6, lab_watched(lab));
    lab_free(lab);
}

/* ---- killed ------------------------------------------------------------------------------------------ */

enum { KILLED_PICTURES = 400 };

/* The child: edits all captions again and again until it is killed. */
G_NORETURN static void edit_forever(const char *folder, gint64 id)
{
    Lab lab = {.folder = (char *)folder, .id = id, .told = g_string_new(NULL)};
    lab_open(&lab);
    LkPictureChange changes[KILLED_PICTURES];
    for (int round = 0;; round++) {
        g_autofree char *text = g_strdup_printf("round %d: %0200d end", round, round);
        for (guint i = 0; i < KILLED_PICTURES; i++) {
            changes[i] =
                (LkPictureChange){g_list_model_get_item(G_LIST_MODEL(lab.list), i), LK_PICTURE_FIELD_CAPTION, text};
            g_object_unref(changes[i].picture);
        }
        lk_picture_list_edit(lab.list, "Round", changes, KILLED_PICTURES);
        if (round % 3 == 2)
            lk_picture_list_undo(lab.list);
        poll_for(is_saved, &lab, 20);
    }
}

static bool is_whole(const char *text)
{
    int round = -1;
    char wanted[300];
    if (!text || strcmp(text, "start") == 0)
        return text != NULL;
    if (sscanf(text, "round %d:", &round) != 1)
        return false;
    g_snprintf(wanted, sizeof wanted, "round %d: %0200d end", round, round);
    return strcmp(text, wanted) == 0;
}

static void test_killed(const char *self)
{
    Lab *lab = lab_new();
    for (guint i = 0; i < KILLED_PICTURES; i++) {
        g_autofree char *name = g_strdup_printf("in/%03u.png", i), *caption = g_strdup_printf("in/%03u.txt", i);
        lab_picture(lab, name, 8, 8, i);
        scratch_text(lab->folder, caption, "start");
    }
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    int whole = 0, opened = 0, undone = 0, kills = 6;
    for (int kill_number = 0; kill_number < kills; kill_number++) {
        lab_close(lab);
        g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, lab->id);
        const char *const argv[] = {self, "--edit-forever", lab->folder, id, NULL};
        GPid pid;
        if (!g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL))
            g_error("spawn");
        g_usleep((gulong)(600000 + 137000 * kill_number));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        int good = 0;
        for (guint i = 0; i < KILLED_PICTURES; i++) {
            g_autofree char *name = g_strdup_printf("in/%03u.txt", i);
            g_autofree char *text = lab_text(lab, name);
            good += is_whole(text);
        }
        whole += good == KILLED_PICTURES;
        lab_open(lab);
        opened += count(lab) == KILLED_PICTURES;
        const gboolean can = lk_picture_list_get_can_undo(lab->list);
        if (can)
            lk_picture_list_undo(lab->list);
        settle(lab);
        g_autofree char *text = lab_text(lab, "in/123.txt");
        undone += is_whole(text) && lab_caption(lab, "in/123.png", text);
    }
    tap_ok(whole == kills, "killed %d times while it wrote: every caption is whole", kills);
    tap_ok(opened == kills && undone == kills, "the project opens, and undo works");
    lab_free(lab);
}

static const char *program;

static void run_killed(void)
{
    test_killed(program);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool slow; /* with LK_SLOW_TESTS alone */
} tests[] = {
    {"import", test_import},     {"kohya", test_kohya},         {"files", test_files_and_paste},
    {"cancel", test_cancel},     {"edit", test_edit},           {"typing", test_typing},
    {"remove", test_remove},     {"failure", test_failure},     {"others", test_others},
    {"conflict", test_conflict}, {"encodings", test_encodings}, {"doctor", test_doctor},
    {"trigger", test_trigger},   {"config", test_config},       {"random", test_random},
    {"killed", run_killed},      {"many", test_many_captions},  {"hundred-thousand", test_hundred_thousand, true},
};

/* With names of tests as arguments, just these. */
int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "--edit-forever") == 0)
        edit_forever(argv[2], g_ascii_strtoll(argv[3], NULL, 10));
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        const bool named = argc > 1 && g_strv_contains((const char *const *)argv + 1, tests[i].name);
        if (named || (argc == 1 && (!tests[i].slow || g_getenv("LK_SLOW_TESTS"))))
            tests[i].run();
    }
    return tap_done();
}
