/* What the doctor finds in a project's pictures, its fixes, and the trigger word in their captions. */
#include "tests/app/picture_lab.h"

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

static bool reads_all_it_can(void *data)
{
    LkDatasetFinding *finding = finding_of(data, LK_FINDING_CAPTION_LONG);
    return finding && !lk_dataset_finding_get_fix_label(finding);
}

/* Tags of one caption only are taken out, long captions are read, more pictures are asked for. */
static void test_doctor_fixes(void)
{
    Lab *lab = lab_new();
    g_autoptr(GString) words = g_string_new("sks");
    for (guint i = 0; i < 90; i++)
        g_string_append_printf(words, ", dog %u", i % 3);
    for (guint i = 0; i < 6; i++) {
        g_autofree char *picture = g_strdup_printf("in/%u.png", i), *caption = g_strdup_printf("in/%u.txt", i);
        lab_picture(lab, picture, 600, 600, i);
        scratch_text(lab->folder, caption,
                     i == 0 ? "sks, dog 0, brwon eyes, grass" : "sks, dog 0, dog 1, dog 2, grass");
    }
    scratch_text(lab->folder, "in/5.txt", words->str);
    g_object_set(lab->project, "trigger-word", "sks", NULL);
    lk_project_set_setting(lab->project, "resolution", "512");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    settle_doctor(lab);
    LkDatasetFinding *few = finding_of(lab, LK_FINDING_PICTURES_FEW), *once = finding_of(lab, LK_FINDING_TAGS_ONCE);
    LkDatasetFinding *longs = finding_of(lab, LK_FINDING_CAPTION_LONG);
    tap_ok(few && lk_dataset_finding_get_fix(few) == LK_FIX_ADD_PICTURES && lk_dataset_finding_get_fix_label(few),
           "too few pictures: more can be added (%s)", few ? lk_dataset_finding_get_text(few) : "not found");
    tap_ok(longs && strcmp(lk_dataset_finding_get_fix_label(longs), "Read Up to 225 Tokens") == 0 &&
               found(lab, LK_FINDING_CAPTION_LONG) == 1,
           "a caption is too long");
    tap_ok(once && found(lab, LK_FINDING_TAGS_ONCE) == 1 && lk_picture_list_fix(lab->list, once),
           "a misspelt tag stands once: %s", once ? lk_dataset_finding_get_text(once) : "not found");
    settle_doctor(lab);
    tap_ok(lab_has_text(lab, "in/0.txt", "sks, dog 0, grass") && !finding_of(lab, LK_FINDING_TAGS_ONCE),
           "the fix takes it out");
    lk_picture_list_undo(lab->list);
    settle_doctor(lab);
    tap_ok(lab_has_text(lab, "in/0.txt", "sks, dog 0, brwon eyes, grass"), "undo puts it back");
    if (longs)
        lk_picture_list_fix(lab->list, longs);
    tap_ok(g_strcmp0(lk_project_get_setting(lab->project, "max_token_length"), "225") == 0 &&
               poll_for(reads_all_it_can, lab, 120),
           "more is read, and what is longer still has no such fix");
    lab_free(lab);
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
    tap_ok(lab_has_text(lab, "in/small.txt", "sks, a dog") && found(lab, LK_FINDING_TRIGGER_MISSING) == 0,
           "a fix does what it says");
    lk_picture_list_undo(lab->list);
    settle_doctor(lab);
    tap_ok(lab_has_text(lab, "in/small.txt", "a dog") && found(lab, LK_FINDING_TRIGGER_MISSING) == 1,
           "and can be undone");
    lk_picture_list_fix(lab->list, finding_of(lab, LK_FINDING_PICTURE_LOOKALIKE));
    lab_edit(lab, "Caption", "in/b.png", LK_PICTURE_FIELD_CAPTION, "sks dog, b");
    settle_doctor(lab);
    tap_ok(found(lab, LK_FINDING_PICTURE_LOOKALIKE) == 0 && found(lab, LK_FINDING_CAPTION_MISSING) == 1,
           "findings follow edits");
    g_autofree char *filter_text = lk_picture_list_get_problem_filter(lab->list);
    g_autoptr(GError) error = NULL;
    LkFilter *filter = lk_filter_parse(filter_text, NULL, &error);
    guint shown = 0;
    for (guint i = 0; i < lab_count(lab); i++) {
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
    tap_ok(lab_has_text(lab, "in/a.txt", "sks, alpha") && lab_has_text(lab, "in/b.caption", "sks, beta"),
           "which can be undone");
    g_signal_handlers_disconnect_by_func(lab->list, trigger_cb, lab);
    lab_free(lab);
}

int main(int argc, char **argv)
{
    static const LabTest tests[] = {
        {"doctor", test_doctor}, {"doctor-fixes", test_doctor_fixes}, {"trigger", test_trigger}};
    return lab_run(argc, argv, tests, G_N_ELEMENTS(tests));
}
