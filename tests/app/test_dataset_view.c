/* What of a dataset is shown: order, filter, selection and the current picture, over a real list. */
#include "app/dataset/dataset_view.h"
#include "app/dataset/leave_out.h"
#include "app/dataset/picture_marks.h"
#include "app/dataset/picture_order.h"
#include "tests/app/picture_lab.h"

static bool is_settled(void *data)
{
    LkDatasetView *view = data;
    return !gtk_sort_list_model_get_pending(lk_dataset_view_get_sorted(view)) &&
           !gtk_filter_list_model_get_pending(lk_dataset_view_get_filtered(view));
}

/* The names that are shown, as "a.png b.png". */
static char *shown(LkDatasetView *view)
{
    poll_for(is_settled, view, 20);
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < lk_dataset_view_get_n_shown(view); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(lk_dataset_view_get_selection(view)), i);
        g_string_append_printf(names, "%s%s", i ? " " : "", lk_picture_get_name(picture));
    }
    return g_string_free_and_steal(names);
}

static void shows(LkDatasetView *view, const char *wanted, const char *what)
{
    g_autofree char *names = shown(view);
    tap_ok(strcmp(names, wanted) == 0, "%s: %s", what, names);
}

static const char *current(LkDatasetView *view)
{
    LkPicture *picture = lk_dataset_view_get_current(view);
    return picture ? lk_picture_get_name(picture) : "";
}

/* ---- names ------------------------------------------------------------------------------------------- */

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_names(void)
{
    static const char *const ascending[] = {"",
                                            "/a/1.png",
                                            "/a/2.png",
                                            "/a/10.png",
                                            "/a/010.png",
                                            "/a/b/1.png",
                                            "/a-2/1.png",
                                            "/ab.png",
                                            "/img1a",
                                            "/img01b",
                                            "/img2",
                                            "/img2a",
                                            "/img12345678901234567890",
                                            "/img22345678901234567890"};
    guint wrong = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(ascending); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(ascending); j++) {
            int got = sign(lk_compare_names(ascending[i], ascending[j])), want = (i > j) - (i < j);
            if (got != want && !(i == 3 && j == 4) && !(i == 4 && j == 3)) {
                tap_note("%s and %s: %d", ascending[i], ascending[j], got);
                wrong++;
            }
        }
    tap_ok(wrong == 0, "names are ordered as a person would");
    g_autoptr(GRand) chance = g_rand_new_with_seed(3);
    char names[400][8];
    for (int i = 0; i < 400; i++)
        for (int c = 0; c < 8; c++)
            names[i][c] = c == 7 ? 0 : "01a2B/é"[g_rand_int_range(chance, 0, 8)];
    wrong = 0;
    for (int i = 0; i < 400; i++)
        for (int j = 0; j < 400; j++) {
            int ij = sign(lk_compare_names(names[i], names[j]));
            wrong += ij != -sign(lk_compare_names(names[j], names[i]));
            wrong += (ij == 0) != (strcmp(names[i], names[j]) == 0);
            int k = (i + j) % 400;
            if (ij <= 0 && sign(lk_compare_names(names[j], names[k])) <= 0)
                wrong += sign(lk_compare_names(names[i], names[k])) > 0;
        }
    tap_ok(wrong == 0, "the order of names is an order");
}

/* ---- a list ------------------------------------------------------------------------------------------ */

static Lab *fill(void)
{
    Lab *lab = lab_new();
    static const struct {
        const char *name, *caption;
        int width, height;
    } pictures[] = {
        {"in/p1", "dog", 640, 640},
        {"in/p2", NULL, 900, 900},
        {"in/p10", "a dog on the grass, blue sky", 700, 700},
        {"in/p3", "cat, grass", 800, 800},
        {"in/p20", NULL, 512, 512},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++) {
        g_autofree char *picture = g_strconcat(pictures[i].name, ".png", NULL);
        g_autofree char *text = g_strconcat(pictures[i].name, ".txt", NULL);
        lab_picture(lab, picture, pictures[i].width, pictures[i].height, (guint)i + 1);
        if (pictures[i].caption)
            scratch_text(lab->folder, text, pictures[i].caption);
    }
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    settle_doctor(lab);
    return lab;
}

static void test_order(void)
{
    Lab *lab = fill();
    g_autoptr(LkDatasetView) view = lk_dataset_view_new(lab->list);
    shows(view, "p1.png p2.png p3.png p10.png p20.png", "by name");
    g_object_set(view, "direction", "descending", NULL);
    shows(view, "p20.png p10.png p3.png p2.png p1.png", "by name, from behind");
    g_object_set(view, "sort", "size", NULL);
    shows(view, "p2.png p3.png p10.png p1.png p20.png", "by size, the largest first");
    g_object_set(view, "sort", "caption", "direction", "ascending", NULL);
    shows(view, "p2.png p20.png p1.png p3.png p10.png", "by caption, those without in the order of their names");
    g_object_set(view, "sort", "no such order", NULL);
    g_autofree char *sort = NULL;
    g_object_get(view, "sort", &sort, NULL);
    tap_ok(strcmp(sort, "name") == 0, "an unknown order is by name");
    lab_edit(lab, "Caption", "in/p1.png", LK_PICTURE_FIELD_CAPTION, "a very long caption about a dog and more");
    g_object_set(view, "sort", "caption", NULL);
    shows(view, "p2.png p20.png p3.png p10.png p1.png", "a new order counts what was edited");
    lab_edit(lab, "Caption", "in/p1.png", LK_PICTURE_FIELD_CAPTION, "x");
    let_pass(0.1);
    shows(view, "p2.png p20.png p3.png p10.png p1.png", "what is edited stays in its place");
    g_clear_object(&view);
    lab_free(lab);
}

static void test_filter(void)
{
    Lab *lab = fill();
    g_autoptr(LkDatasetView) view = lk_dataset_view_new(lab->list);
    tap_ok(lk_dataset_view_get_unfiltered(view), "at first all is shown");
    lk_dataset_view_set_filter_text(view, "dog");
    shows(view, "p1.png p10.png", "filtered for a word");
    lk_dataset_view_set_filter_text(view, "no:caption");
    shows(view, "p2.png p20.png", "filtered for missing captions");
    lab_edit(lab, "Caption", "in/p2.png", LK_PICTURE_FIELD_CAPTION, "now it has one");
    let_pass(0.2);
    shows(view, "p2.png p20.png", "what was edited does not jump away");
    lab_edit(lab, "Caption", "in/p1.png", LK_PICTURE_FIELD_CAPTION, "");
    let_pass(0.2);
    shows(view, "p1.png p2.png p20.png", "what fits now is added");
    lk_dataset_view_set_filter_text(view, "dog (");
    g_autofree char *error = NULL;
    g_object_get(view, "filter-error", &error, NULL);
    tap_ok(error && *error, "a filter that cannot be read: %s", error ? error : "no error");
    shows(view, "p1.png p2.png p20.png", "leaves the filter before");
    lk_dataset_view_set_filter_text(view, "");
    g_autofree char *none = NULL;
    g_object_get(view, "filter-error", &none, NULL);
    tap_ok(!none && lk_dataset_view_get_unfiltered(view), "an empty one ends both");
    shows(view, "p1.png p2.png p3.png p10.png p20.png", "all are shown again");
    g_clear_object(&view);
    lab_free(lab);
}

static void test_current(void)
{
    Lab *lab = fill();
    g_autoptr(LkDatasetView) view = lk_dataset_view_new(lab->list);
    g_free(shown(view));
    GtkSelectionModel *selection = GTK_SELECTION_MODEL(lk_dataset_view_get_selection(view));
    tap_ok(*current(view), "there is a current picture at once");
    gtk_selection_model_select_item(selection, 3, TRUE);
    tap_ok(strcmp(current(view), "p10.png") == 0 && lk_dataset_view_get_current_position(view) == 3,
           "one that is selected alone is the current one");
    gtk_selection_model_select_item(selection, 1, FALSE);
    tap_ok(strcmp(current(view), "p10.png") == 0 && lk_dataset_view_get_n_selected(view) == 2,
           "a second one selected changes nothing");
    g_object_set(view, "direction", "descending", NULL);
    g_free(shown(view));
    let_pass(0.1);
    tap_ok(strcmp(current(view), "p10.png") == 0 && lk_dataset_view_get_current_position(view) == 1,
           "in another order it is the same one, at its new place");
    g_autoptr(GPtrArray) chosen = lk_dataset_view_get_chosen(view);
    tap_ok(chosen->len == 2 && strcmp(lk_picture_get_name(chosen->pdata[0]), "p10.png") == 0 &&
               strcmp(lk_picture_get_name(chosen->pdata[1]), "p2.png") == 0,
           "and the selection is the same");
    lk_dataset_view_set_filter_text(view, "dog");
    g_free(shown(view));
    let_pass(0.1);
    tap_ok(strcmp(current(view), "p10.png") == 0 && lk_dataset_view_get_current_position(view) == 0,
           "a filter that shows it keeps it");
    lk_dataset_view_set_filter_text(view, "cat");
    g_free(shown(view));
    let_pass(0.1);
    tap_ok(strcmp(current(view), "p3.png") == 0, "one that hides it makes a shown one the current one");
    lk_dataset_view_set_filter_text(view, "nothing like this");
    g_free(shown(view));
    let_pass(0.1);
    tap_ok(!lk_dataset_view_get_current(view) &&
               lk_dataset_view_get_current_position(view) == GTK_INVALID_LIST_POSITION,
           "where nothing is shown there is none");
    lk_dataset_view_set_filter_text(view, "");
    g_free(shown(view));
    let_pass(0.1);
    tap_ok(*current(view), "and there is one again");
    g_clear_object(&view);
    lab_free(lab);
}

static void test_without_caption(void)
{
    Lab *lab = fill();
    g_autoptr(LkDatasetView) view = lk_dataset_view_new(lab->list);
    g_free(shown(view));
    lk_dataset_view_set_current_position(view, 0);
    tap_ok(lk_dataset_view_next_without_caption(view) == 1, "the next one without caption");
    lk_dataset_view_set_current_position(view, 1);
    tap_ok(lk_dataset_view_next_without_caption(view) == 4, "and the one after that");
    lk_dataset_view_set_current_position(view, 4);
    tap_ok(lk_dataset_view_next_without_caption(view) == 1, "then from the beginning");
    lab_edit(lab, "Caption", "in/p2.png", LK_PICTURE_FIELD_CAPTION, "x");
    lab_edit(lab, "Caption", "in/p20.png", LK_PICTURE_FIELD_CAPTION, "y");
    tap_ok(lk_dataset_view_next_without_caption(view) == GTK_INVALID_LIST_POSITION, "until all have one");
    g_clear_object(&view);
    lab_free(lab);
}

/* ---- marks ------------------------------------------------------------------------------------------- */

static char *marks_of(LkPicture *picture)
{
    LkPictureMark marks[LK_PICTURE_MARKS];
    guint count = lk_picture_marks(picture, marks);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        g_string_append_printf(text, "[%s%s]", marks[i].warning ? "!" : "", marks[i].text);
        lk_picture_mark_clear(&marks[i]);
    }
    return g_string_free_and_steal(text);
}

static void test_marks(void)
{
    Lab *lab = fill();
    scratch_text(lab->folder, "in/broken.png", "nothing");
    lab_picture(lab, "in/small.png", 100, 100, 99);
    scratch_text(lab->folder, "in/small.txt", "small");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    settle_doctor(lab);
    g_autofree char *missing = marks_of(lab_find(lab, "in/p2.png")), *small = marks_of(lab_find(lab, "in/small.png"));
    tap_ok(strcmp(missing, "[!No caption]") == 0 && strcmp(small, "[!Small]") == 0, "marks of findings: %s %s", missing,
           small);
    lab_edit(lab, "Repeats", "in/small.png", LK_PICTURE_FIELD_REPEATS, "15");
    g_autofree char *repeats = marks_of(lab_find(lab, "in/small.png"));
    tap_ok(strcmp(repeats, "[!Small][× 15]") == 0, "with repeats of its own: %s", repeats);
    lab_edit(lab, "Leave out", "in/small.png", LK_PICTURE_FIELD_EXCLUDED, "1");
    g_autofree char *out = marks_of(lab_find(lab, "in/small.png"));
    tap_ok(strcmp(out, "[Left out]") == 0, "left out, nothing else matters: %s", out);
    LkPicture *broken = lab_find(lab, "in/broken.png");
    g_autofree char *reason = lk_picture_blank_reason(broken), *words = lk_picture_in_words(broken);
    g_autofree char *none = marks_of(broken);
    tap_ok(!*none && reason && g_str_has_prefix(words, "broken.png, ") && strstr(words, reason),
           "one that cannot be read says why: %s", words);
    lab_free(lab);
}

static void test_leaving_out(void)
{
    Lab *lab = fill();
    g_autoptr(GPtrArray) two = g_ptr_array_new();
    g_ptr_array_add(two, lab_find(lab, "in/p1.png"));
    g_ptr_array_add(two, lab_find(lab, "in/p2.png"));
    lk_leave_out_set(lab->list, two->pdata[0], TRUE);
    g_autofree char *first = lk_leave_out_toggle(lab->list, two);
    tap_ok(lk_picture_get_excluded(two->pdata[0]) && lk_picture_get_excluded(two->pdata[1]) && first,
           "where one is used all are left out: %s", first);
    g_autofree char *second = lk_leave_out_toggle(lab->list, two);
    tap_ok(!lk_picture_get_excluded(two->pdata[0]) && !lk_picture_get_excluded(two->pdata[1]),
           "where all are left out all are used again: %s", second);
    lk_picture_list_undo(lab->list);
    settle(lab);
    tap_ok(lk_picture_get_excluded(two->pdata[0]) && lk_picture_get_excluded(two->pdata[1]), "that is one step");
    lab_free(lab);
}

int main(void)
{
    gtk_disable_setlocale();
    test_names();
    test_order();
    test_filter();
    test_current();
    test_without_caption();
    test_marks();
    test_leaving_out();
    return tap_done();
}
