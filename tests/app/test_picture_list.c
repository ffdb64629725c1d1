/* The list of a project's pictures against real files and a real store: pictures in and out, captions, training. */
#include "dataset/dataset.h"
#include "tests/app/picture_lab.h"

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
    g_autofree char *before = lab_files(lab, "in", NULL);
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
    tap_ok(lab_count(lab) == 5 && lab_caption(lab, "in/b.png", "a dog") &&
               lk_picture_get_excluded(lab_find(lab, "in/twin.png")) &&
               lk_picture_get_width(lab_find(lab, "in/below/c.png")) == 300 && !lab->told->len,
           "all is there after opening again");
    g_autofree char *after = lab_files(lab, "in", NULL);
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
    tap_ok(lab_count(lab) == 3 && !lab_find(lab, "in/10_cat/a.png"), "a source goes with its pictures");
    lab_reopen(lab);
    g_autofree char *path = lab_path(lab, "in/10_cat/a.png");
    tap_ok(lab_count(lab) == 3 && g_file_test(path, G_FILE_TEST_EXISTS), "for good, and its files stay");
    lab_free(lab);
}

static void test_files_and_paste(void)
{
    Lab *lab = lab_new();
    lab_picture(lab, "x/one.png", 100, 50, 1);
    lab_picture(lab, "x/two.png", 100, 50, 2);
    scratch_text(lab->folder, "x/one.txt", "first");
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"x/one.png", "x/one.txt", NULL});
    tap_ok(summary->added == 1 && summary->captions == 1 && lab_count(lab) == 1 && !summary->unreadable->len,
           "a file alone comes with its caption, its neighbour does not");
    g_autoptr(LkImportSummary) folder = lab_add(lab, (const char *const[]){"x", NULL});
    tap_ok(folder->added == 1 && folder->known == 1 && lab_count(lab) == 2, "its folder brings the rest");
    const guint32 pixels[4] = {0xffff0000, 0xff00ff00, 0xff0000ff, 0xffffffff};
    g_autoptr(GBytes) bytes = g_bytes_new(pixels, sizeof pixels);
    g_autoptr(GdkTexture) texture = gdk_memory_texture_new(2, 2, GDK_MEMORY_B8G8R8A8, bytes, 8);
    Added added = {0};
    lk_picture_list_add_texture(lab->list, texture, added_cb, &added);
    wait_for(is_added, &added, 20);
    settle(lab);
    g_autofree char *pasted = lab_path(lab, "project/pictures");
    LkPicture *picture = NULL;
    for (guint i = 0; i < lab_count(lab); i++) {
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
    return lab_count(stop->lab) >= stop->after;
}

static void make_thousands(Lab *lab)
{
    lab_picture(lab, "one.png", 64, 64, 1);
    g_autofree char *one = lab_path(lab, "one.png");
    for (int i = 0; i < 4000; i++) {
        g_autofree char *name = g_strdup_printf("in/%04d.png", i);
        g_autofree char *path = scratch_path(lab->folder, name);
        if (link(one, path) != 0)
            g_error("link");
    }
}

static void test_cancel(void)
{
    Lab *lab = lab_new();
    make_thousands(lab);
    g_autofree char *in = lab_path(lab, "in");
    const char *const paths[] = {in, NULL}, *const paths_again[] = {"in", NULL};
    g_autofree char *before = lab_files(lab, "in", NULL);
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
    const guint there = lab_count(lab);
    tap_ok(added.summary && added.summary->cancelled && there > 0 && there < 4000 && there == added.summary->added,
           "cancelled after %u of 4000", there);
    settle(lab);
    tap_ok(!lk_picture_list_get_busy(lab->list), "and it rests");
    g_autofree char *text = lk_import_summary_to_text(added.summary), *after = lab_files(lab, "in", NULL);
    tap_ok(g_str_has_suffix(text, ", stopped"), "it is said: %s", text);
    guint whole = 0;
    for (guint i = 0; i < lab_count(lab); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(lab->list), i);
        whole += lk_picture_get_width(picture) == 64 && lk_picture_get_height(picture) == 64 &&
                 !lk_picture_get_error(picture) && !lk_picture_get_missing(picture);
    }
    tap_ok(whole == there && strcmp(before, after) == 0, "every picture that came in is whole, no file is touched");
    g_autoptr(LkImportSummary) again = lab_add(lab, paths_again);
    tap_ok(again->known == there && again->added == 4000 - there && !again->cancelled && lab_count(lab) == 4000,
           "adding again brings the others (%u)", lab_count(lab));
    lk_import_summary_free(added.summary);
    lab_free(lab);
}

/* ---- what nobody told of ------------------------------------------------------------------------------- */

static void test_refresh(void)
{
    Lab *lab = lab_with_three();
    lk_picture_watch_pause(lab->list->watch); /* as on a file system that tells nothing */
    lab_picture(lab, "in/below/late.png", 80, 40, 4);
    scratch_text(lab->folder, "in/below/late.txt", "delta");
    lab_picture(lab, "in/c.png", 96, 32, 5);
    scratch_text(lab->folder, "in/a.txt", "alpha, written elsewhere");
    g_autofree char *b = lab_path(lab, "in/b.png"), *caption = lab_path(lab, "in/b.caption");
    if (unlink(b) != 0 || unlink(caption) != 0)
        g_error("unlink");
    let_pass(0.6); /* longer than events are gathered */
    settle(lab);
    tap_ok(lab_count(lab) == 3 && lab_caption(lab, "in/a.png", "alpha") &&
               !lk_picture_get_missing(lab_find(lab, "in/b.png")) &&
               lk_picture_get_width(lab_find(lab, "in/c.png")) == 64,
           "what other programs did is not seen where no event tells of it");
    lk_picture_list_refresh(lab->list);
    settle(lab);
    LkPicture *late = lab_find(lab, "in/below/late.png");
    tap_ok(lab_count(lab) == 4 && late && lk_picture_get_width(late) == 80 &&
               lab_caption(lab, "in/below/late.png", "delta"),
           "a look finds a new picture with its caption");
    tap_ok(lab_caption(lab, "in/a.png", "alpha, written elsewhere"), "a caption that was written elsewhere");
    tap_ok(lk_picture_get_missing(lab_find(lab, "in/b.png")), "a file that is gone");
    tap_ok(lk_picture_get_width(lab_find(lab, "in/c.png")) == 96 &&
               lk_picture_get_height(lab_find(lab, "in/c.png")) == 32,
           "and a picture that is another one now");
    lab_picture(lab, "in/b.png", 64, 64, 2);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(!lk_picture_get_missing(lab_find(lab, "in/b.png")) && lab_count(lab) == 4 && !lab->told->len,
           "the next one that the file is back");
    lab_picture(lab, "in/new.png", 64, 64, 6);
    g_autofree char *file = lab_path(lab, "in/new.png"), *folder = lab_path(lab, "in");
    GArray *places = lk_walk_places_new();
    lk_walk_places_add(places, file, false);
    lk_walk_places_add(places, folder, false);
    lk_picture_scan_start(lab->list->scan, places, NULL, NULL, NULL, NULL);
    settle(lab);
    tap_ok(lab_count(lab) == 5, "a new file that is found by itself and in its folder comes once (%u)", lab_count(lab));
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
    tap_ok(lab_has_text(lab, "in/1.txt", "café au lait") &&
               lk_picture_get_caption_state(latin) == LK_PICTURE_CAPTION_READ,
           "the doctor's fix writes it as UTF-8");
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
    for (guint i = 0; i < lab_count(lab); i++) {
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
    tap_ok(totals.pictures == lab_count(lab) && totals.regularisation == 2 && totals.excluded == 1 &&
               totals.unusable == 1,
           "totals: %u pictures, %u trained, %u regularisation, %u left out, %u unusable, %" G_GUINT64_FORMAT
           " with repeats",
           totals.pictures, totals.trained, totals.regularisation, totals.excluded, totals.unusable, totals.repeats);
    lab_free(lab);
}

/* Adds "in" and stops as soon as something is there. */
static LkImportSummary *add_and_stop(Lab *lab)
{
    g_autofree char *in = lab_path(lab, "in");
    const char *const paths[] = {in, NULL};
    Added added = {0};
    Stop stop = {lab, 1};
    lk_picture_list_add_paths(lab->list, paths, added_cb, &added);
    wait_for(has_some, &stop, 60);
    lk_picture_list_cancel(lab->list);
    wait_for(is_added, &added, 60);
    settle(lab);
    return added.summary;
}

static bool is_held(Lab *lab)
{
    g_autoptr(GArray) sources = lk_picture_list_get_sources(lab->list);
    return sources->len == 1 && g_array_index(sources, LkPictureSource, 0).held;
}

/* After Cancel a folder gives no more than it has given, until it is added again. */
static void test_stopped(void)
{
    Lab *lab = lab_new();
    make_thousands(lab);
    const char *const again[] = {"in", NULL};
    g_autofree char *before = lab_files(lab, "in", NULL);
    g_autoptr(LkImportSummary) first = add_and_stop(lab);
    tap_ok(lab_count(lab) > 0 && first->fresh->len == lab_count(lab) && first->found == 4000 && is_held(lab),
           "stopped after %u of %u", lab_count(lab), first->found);
    lk_picture_list_take_back(lab->list, first);
    settle(lab);
    g_autoptr(GArray) none = lk_picture_list_get_sources(lab->list);
    g_autofree char *after = lab_files(lab, "in", NULL);
    tap_ok(lab_count(lab) == 0 && none->len == 0 && strcmp(before, after) == 0,
           "what came in goes again with its folder; the files stay");

    g_autoptr(LkImportSummary) second = add_and_stop(lab);
    const guint there = lab_count(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(there > 0 && lab_count(lab) == there, "a look at the files brings no others");
    lab_picture(lab, "in/late.png", 64, 64, 2);
    g_autoptr(LkPicture) some = g_list_model_get_item(G_LIST_MODEL(lab->list), 0);
    g_autofree char *stem = g_path_get_basename(lk_picture_get_path(some));
    *strrchr(stem, '.') = 0;
    g_autofree char *picture = g_strdup_printf("in/%s.png", stem), *caption = g_strdup_printf("in/%s.txt", stem);
    scratch_text(lab->folder, caption, "a late caption");
    lab_reopen(lab);
    tap_ok(lab_count(lab) == there && is_held(lab) && lab_caption(lab, picture, "a late caption"),
           "nor does the next start; what is here is followed");
    tap_ok(trains_shown(lab), "the others are not trained");
    g_autoptr(LkImportSummary) third = lab_add(lab, again);
    tap_ok(third->known == there && lab_count(lab) == 4001 && !is_held(lab), "adding it again brings them");
    lab_picture(lab, "in/later.png", 64, 64, 3);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(lab_count(lab) == 4002, "and from then on what is new");
    lab_free(lab);
}

/* ---- looks of others --------------------------------------------------------------------------------- */

static gboolean look_again(gpointer list)
{
    lk_picture_list_refresh(list); /* one runs */
    lk_picture_list_refresh(list); /* and one waits */
    return G_SOURCE_CONTINUE;
}

/* As when the window gets the keyboard back from the dialog for files: a look everywhere waits before the import's. */
static void test_meanwhile(void)
{
    Lab *lab = lab_with_three();
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *name = g_strdup_printf("in/%03u.txt", i); /* a look takes its time */
        scratch_text(lab->folder, name, "no picture");
    }
    lab_picture(lab, "more/d.png", 64, 64, 4);
    lab_picture(lab, "more/e.png", 64, 64, 5);
    const guint id = g_timeout_add(1, look_again, lab->list);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"more", NULL});
    g_source_remove(id);
    settle(lab);
    tap_ok(summary->added == 2 && lab_count(lab) == 5, "what is added is counted as such while others look (%u)",
           summary->added);
    lab_picture(lab, "more/f.png", 64, 64, 6);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(lab_count(lab) == 6, "afterwards they look as before");
    lab_free(lab);
}

int main(int argc, char **argv)
{
    static const LabTest tests[] = {
        {"import", test_import}, {"kohya", test_kohya},     {"files", test_files_and_paste},
        {"cancel", test_cancel}, {"stopped", test_stopped}, {"encodings", test_encodings},
        {"config", test_config}, {"refresh", test_refresh}, {"meanwhile", test_meanwhile},
    };
    return lab_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
