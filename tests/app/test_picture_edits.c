/* Edits of a project's pictures, their undo across restarts, other programs' changes of the same files, and being
 * killed while writing. */
#include "tests/app/picture_lab.h"

#include <fcntl.h>
#include <sys/wait.h>

static const char *program;

/* ---- edits ------------------------------------------------------------------------------------------- */

static void test_edit(void)
{
    Lab *lab = lab_with_three();
    g_autofree char *before = lab_files(lab, "in", ".png");
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
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha, new") && lab_has_text(lab, "in/b.caption", "") &&
               lab_has_text(lab, "in/b.txt", NULL) && lab_has_text(lab, "in/c.txt", "gamma\nsecond line"),
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
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha") && lab_has_text(lab, "in/b.caption", "beta") &&
               lab_has_text(lab, "in/c.txt", NULL) && lab_caption(lab, "in/c.png", "") &&
               !lk_picture_get_excluded(lab_find(lab, "in/c.png")) &&
               lk_picture_get_caption_state(lab_find(lab, "in/c.png")) == LK_PICTURE_CAPTION_NONE,
           "undo brings everything back, also that there was no file");
    tap_ok(!lk_picture_list_get_can_undo(lab->list) && lk_picture_list_get_can_redo(lab->list) &&
               g_strcmp0(lk_picture_list_get_redo_label(lab->list), "Five changes") == 0,
           "and can be redone");
    lab_reopen(lab);
    lk_picture_list_redo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha, new") && lab_has_text(lab, "in/b.caption", "") &&
               lab_has_text(lab, "in/c.txt", "gamma\nsecond line") &&
               lk_picture_get_excluded(lab_find(lab, "in/c.png")),
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
    g_autofree char *after = lab_files(lab, "in", ".png");
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
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha and"), "the file follows when typing rests");
    lk_picture_list_end_typing(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", text), "and when it ends");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha") && !lk_picture_list_get_can_undo(lab->list), "all of it is one step");
    for (int i = 1; i <= 3; i++) {
        g_autofree char *repeats = g_strdup_printf("%d", i);
        lab_edit(lab, "Repeats", "in/a.png", LK_PICTURE_FIELD_REPEATS, repeats);
        let_pass(0.4);
    }
    lab_edit(lab, "Chip", "in/a.png", LK_PICTURE_FIELD_CAPTION, "one");
    lab_edit(lab, "Other chip", "in/a.png", LK_PICTURE_FIELD_CAPTION, "two");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "one"), "changes with other labels are steps of their own");
    lk_picture_list_undo(lab->list);
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha") && lk_picture_get_own_repeats(a) == 0 &&
               !lk_picture_list_get_can_undo(lab->list),
           "the same change again and again is one");
    lk_picture_list_begin_typing(lab->list, a);
    lab_edit(lab, "Edit Caption", "in/a.png", LK_PICTURE_FIELD_CAPTION, "last words");
    lab_close(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "last words"), "what was typed right before the end is written");
    lab_open(lab);
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/a.txt", "alpha"), "and can be undone");
    lab_free(lab);
}

static void test_remove(void)
{
    Lab *lab = lab_with_three();
    LkPicture *pictures[] = {lab_find(lab, "in/a.png"), lab_find(lab, "in/c.png")};
    lab_edit(lab, "Repeats", "in/a.png", LK_PICTURE_FIELD_REPEATS, "5");
    lk_picture_list_remove_pictures(lab->list, pictures, 2);
    tap_ok(lab_count(lab) == 1 && !lab_find(lab, "in/a.png"), "pictures are taken out");
    settle(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    g_autofree char *path = lab_path(lab, "in/a.png");
    tap_ok(lab_count(lab) == 1 && lk_project_get_n_pictures(lab->project) == 1 && g_file_test(path, G_FILE_TEST_EXISTS),
           "and stay out, their files stay");
    lab_reopen(lab);
    tap_ok(lab_count(lab) == 1, "also after opening again");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_count(lab) == 3 && lk_picture_get_own_repeats(lab_find(lab, "in/a.png")) == 5, "undo brings them back");
    lk_picture_list_redo(lab->list);
    settle(lab);
    g_autoptr(LkImportSummary) summary = lab_add(lab, (const char *const[]){"in/c.png", NULL});
    tap_ok(lab_count(lab) == 2 && summary->restored == 1 && summary->added == 0, "adding one again brings it back");
    lab_reopen(lab);
    tap_ok(lab_count(lab) == 2 && lab_find(lab, "in/c.png"), "for good");
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
    tap_ok(lab_has_text(lab, "in/a.txt", "fine") && strstr(lab->told->str, "c.png") && !strstr(lab->told->str, "a.png"),
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
    tap_ok(lab_has_text(lab, "in/c.txt", "cannot be written") && unsaved == 0, "another try writes it");
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
    tap_ok(lab_has_text(lab, "in/a.txt", "newer there") && lab_caption(lab, "in/a.png", "newer there") &&
               strstr(lab->told->str, "a.png"),
           "changed here and then there: the newer one is kept and it is said");
    g_string_truncate(lab->told, 0);
    scratch_text(lab->folder, "in/b.caption", "older there");
    set_time(lab, "in/b.caption", -5);
    lab_edit(lab, "Typed", "in/b.png", LK_PICTURE_FIELD_CAPTION, "typed later");
    settle(lab);
    let_pass(0.6);
    tap_note("%s", lab->told->str);
    tap_ok(lab_has_text(lab, "in/b.caption", "typed later") && strstr(lab->told->str, "b.png"),
           "changed there and then here: what was typed is kept and it is said");
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, "in/b.caption", "older there"), "undo brings the other text");
    lk_picture_list_redo(lab->list);
    settle(lab);
    scratch_text(lab->folder, "in/b.caption", "and again");
    settle(lab);
    lk_picture_list_undo(lab->list);
    settle(lab);
    let_pass(0.5);
    tap_ok(lab_has_text(lab, "in/b.caption", "and again") && comes(lab, "in/b.png", "and again"),
           "undo does not take away what another program wrote since");
    lab_free(lab);
}

static void test_leftovers(void)
{
    Lab *lab = lab_with_three();
    scratch_text(lab->folder, "in/.lorikeet-99999999-c1.tmp", "old");
    scratch_text(lab->folder, "in/.lorikeet-99999999-c2.tmp", "new");
    scratch_text(lab->folder, "in/.lorikeet-1-c3.tmp", "of a program that runs");
    scratch_text(lab->folder, "in/.lorikeet-99999999-c1.tmp.png", "another's");
    const char *const old[] = {"in/.lorikeet-99999999-c1.tmp", "in/.lorikeet-1-c3.tmp",
                               "in/.lorikeet-99999999-c1.tmp.png"};
    for (size_t i = 0; i < G_N_ELEMENTS(old); i++)
        set_time(lab, old[i], -100);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(lab_has_text(lab, old[0], NULL) && lab_has_text(lab, "in/.lorikeet-99999999-c2.tmp", "new") &&
               lab_has_text(lab, old[1], "of a program that runs") && lab_has_text(lab, old[2], "another's"),
           "what a killed program left behind is removed, and nothing else");
    g_autofree char *folder = lab_path(lab, "in"), *away = lab_path(lab, "away");
    g_rename(folder, away);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    g_auto(GStrv) told = g_strsplit(lab->told->str, "\n", -1);
    tap_ok(lk_picture_get_missing(lab_find(lab, "in/a.png")) && lab_count(lab) == 3 && g_strv_length(told) == 2 &&
               strstr(told[0], "/in"),
           "a folder that is gone is told once: %s", told[0]);
    g_rename(away, folder);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_ok(!lk_picture_get_missing(lab_find(lab, "in/a.png")) && lab_caption(lab, "in/a.png", "alpha"),
           "and its pictures are there when it comes back");
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
        poll_for(lab_is_saved, &lab, 20);
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

static void test_killed(void)
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
        const char *const argv[] = {program, "--edit-forever", lab->folder, id, NULL};
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
        opened += lab_count(lab) == KILLED_PICTURES;
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

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 4 && strcmp(argv[1], "--edit-forever") == 0)
        edit_forever(argv[2], g_ascii_strtoll(argv[3], NULL, 10));
    static const LabTest tests[] = {
        {"edit", test_edit},           {"typing", test_typing}, {"remove", test_remove},
        {"failure", test_failure},     {"others", test_others}, {"conflict", test_conflict},
        {"leftovers", test_leftovers}, {"random", test_random}, {"killed", test_killed},
    };
    return lab_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
