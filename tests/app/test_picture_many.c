/* Ten thousand captions edited at once, a hundred thousand pictures: times, and how long the main loop is away. */
#include "tests/app/picture_lab.h"

static bool is_undone(void *data)
{
    return lk_picture_list_get_can_redo(((Lab *)data)->list) &&
           lk_picture_list_get_redo_label(((Lab *)data)->list) != NULL;
}

static void test_many_captions(void)
{
    enum { N = 10000 };
    Lab *lab = lab_new();
    lab_links(lab, N, 1);
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
    poll_for(lab_is_saved, lab, 300);
    const double edit = (double)(g_get_monotonic_time() - began) / 1e6, away = lab_watched(lab);
    tap_ok(lab_has_text(lab, "in/07/00071.txt", changes[0].value) &&
               lab_has_text(lab, "in/15/09999.txt", changes[0].value),
           "%d captions edited and on the disk: %.2f s, shown after %.0f ms, main loop away for %.0f ms at most", N,
           edit, applied, away);
    const gint64 undoing = g_get_monotonic_time();
    lab_watch(lab);
    lk_picture_list_undo(lab->list);
    poll_for(is_undone, lab, 300);
    const double undo = (double)(g_get_monotonic_time() - undoing) / 1e6, undo_away = lab_watched(lab);
    tap_ok(lab_has_text(lab, "in/07/00071.txt", "sks dog, grass, side view, soft light") &&
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
    lab_links(lab, N, 10);
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
    poll_for(is_loaded, lab, 300);
    const double loaded = (double)(g_get_monotonic_time() - began) / 1e6, away = lab_watched(lab);
    tap_ok(lab_count(lab) == N, "opening them again: %.2f s, main loop away for %.0f ms at most", loaded, away);
    const gint64 scanning = g_get_monotonic_time();
    lab_watch(lab);
    settle(lab);
    lk_picture_list_refresh(lab->list);
    settle(lab);
    tap_note("looking at all files twice: %.2f s, main loop away for %.0f ms at most",
             (double)(g_get_monotonic_time() - scanning) / 1e6, lab_watched(lab));
    lab_free(lab);
}

int main(int argc, char **argv)
{
    static const LabTest tests[] = {
        {"many", test_many_captions},
        {"hundred-thousand", test_hundred_thousand, true},
    };
    return lab_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
