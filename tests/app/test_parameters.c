/* The parameters page without its widgets: the job of a project, undo, summaries in words, what helps where memory is
 * short, imports, comparisons. */
#include "app/core/job_draft.h"
#include "app/core/task_files.h"
#include "app/parameters/advice.h"
#include "app/parameters/choosers.h"
#include "app/parameters/compare_dialog.h"
#include "app/parameters/history.h"
#include "app/parameters/import_dialog.h"
#include "app/parameters/summary_text.h"
#include "app/parameters/variations.h"
#include "project/projects.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"
#include "training/presets.h"

/* ---- a project in a store of its own ----------------------------------------------------------------- */

typedef struct Place {
    char *folder;
    LkStoreThread *store;
    LkProject *project;
} Place;

static gpointer make_project(LkStore *store, gpointer data, GError **error)
{
    gint64 id = lk_projects_create(store, "Rainbow Lorikeet!", "character", data, error);
    return id ? lk_projects_get(store, id, error) : NULL;
}

static void made_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    *(LkProjectRecord **)data = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        tap_note("%s", error->message);
}

static Place place_new(void)
{
    Place place = {.folder = scratch_new()};
    g_autofree char *path = scratch_path(place.folder, "store.db");
    place.store = lk_store_thread_new(path);
    LkProjectRecord *record = NULL;
    lk_store_thread_run(place.store, make_project, place.folder, NULL, NULL, NULL, made_cb, &record);
    while (!record)
        g_main_context_iteration(NULL, TRUE);
    place.project = lk_project_new(place.store, record);
    lk_project_record_free(record);
    g_object_set(place.project, "base-model", "/models/base.safetensors", "trigger-word", "rlk_bird", NULL);
    return place;
}

static void place_free(Place *place)
{
    g_clear_object(&place->project);
    lk_store_thread_close(place->store);
    g_clear_object(&place->store);
    scratch_remove(place->folder);
    g_free(place->folder);
}

static void set(Place *place, const char *key, const char *value)
{
    lk_project_set_setting(place->project, key, value);
}

static char *base_of(Place *place, const char *key)
{
    return lk_job_draft_base_value(place->project, key, NULL);
}

/* ---- the job ----------------------------------------------------------------------------------------- */

static void test_draft(void)
{
    Place place = place_new();
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) plain = lk_job_draft_new(place.project, problems);
    tap_ok(lk_problems_count(problems, LK_PROBLEM_ERROR) == 0, "a new project makes a job without errors");
    tap_ok(strcmp(plain->pretrained_model_name_or_path, "/models/base.safetensors") == 0 &&
               strcmp(plain->trigger_words, "rlk_bird") == 0 && strcmp(plain->output_dir, place.folder) == 0 &&
               strcmp(plain->output_name, "Rainbow-Lorikeet") == 0,
           "base model, trigger word, folder and name are the project's: %s", plain->output_name);
    tap_ok(plain->max_train_epochs == 0 && plain->max_train_steps == 1600, "without a preset the defaults count");

    set(&place, LK_SETTING_PRESET, "character");
    g_object_set(place.project, "n-pictures", 30u, NULL);
    set(&place, "train_batch_size", "3");
    g_autoptr(LkJob) chosen = lk_job_draft_new(place.project, NULL);
    tap_ok(chosen->max_train_epochs == 150 && chosen->save_every_n_epochs == 15,
           "with one the length follows from the pictures: 1500 steps of 30 pictures in threes are %d epochs",
           chosen->max_train_epochs);
    g_autofree char *base = base_of(&place, "max_train_epochs");
    tap_ok(g_strcmp0(base, "150") == 0, "which is what a reset goes back to");
    set(&place, "max_train_epochs", "7");
    g_autoptr(LkJob) own = lk_job_draft_new(place.project, NULL);
    tap_ok(own->max_train_epochs == 7 && own->save_every_n_epochs == 1, "what the person sets counts");
    set(&place, "max_train_epochs", NULL);
    set(&place, "max_train_steps", "900");
    g_autoptr(LkJob) steps = lk_job_draft_new(place.project, NULL);
    tap_ok(steps->max_train_epochs == 0 && steps->max_train_steps == 900, "so does a number of steps");

    set(&place, "learning_rate", "99");
    set(&place, "network_dim", "many");
    set(&place, "min_timestep", "900");
    set(&place, "max_timestep", "100");
    g_ptr_array_set_size(problems, 0);
    g_autoptr(LkJob) wrong = lk_job_draft_new(place.project, problems);
    const char *keys[] = {NULL, NULL, NULL, NULL};
    for (guint i = 0, n = 0; i < problems->len && n < 3; i++)
        if (((LkProblem *)problems->pdata[i])->kind == LK_PROBLEM_ERROR)
            keys[n++] = ((LkProblem *)problems->pdata[i])->key;
    tap_ok(lk_problems_count(problems, LK_PROBLEM_ERROR) == 3 && g_strv_contains(keys, "learning_rate") &&
               g_strv_contains(keys, "network_dim") && g_strv_contains(keys, "min_timestep"),
           "every mistake is said with its key, and the job has defaults there: %g, %d", wrong->learning_rate,
           wrong->network_dim);
    place_free(&place);
}

static void test_same(void)
{
    static const struct {
        const char *key, *a, *b;
        gboolean same;
    } rows[] = {
        {"learning_rate", "1e-4", "0.0001", TRUE},
        {"learning_rate", "1e-4", "1e-5", FALSE},
        {"resolution", "512", "512,512", TRUE},
        {"resolution", "512,640", "640,512", FALSE},
        {"lr_warmup_steps", "5%", "0.05", TRUE},
        {"save_precision", "fp32", "float", TRUE},
        {"unet_lr", NULL, "", TRUE},
        {"unet_lr", NULL, "0", FALSE},
        {"learning_rate", "what", "0.0001", FALSE},
        {"learning_rate", "what", "what", TRUE},
        {"enable_bucket", "1", "true", TRUE},
        {"optimizer_type", "AdamW", "adamw", TRUE},
        {"optimizer_args", "eps=1e-8", "[\"eps=1e-8\"]", TRUE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        tap_ok(lk_job_draft_same_value(rows[i].key, rows[i].a, rows[i].b) == rows[i].same, "%s: %s and %s are %s",
               rows[i].key, rows[i].a, rows[i].b, rows[i].same ? "the same" : "different");
}

static gpointer make_files(LkStore *store, gpointer data, GError **error)
{
    return lk_task_files_make(store, data, error);
}

static void files_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    LkTaskFiles *files = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    *(LkTaskFiles **)data = files ? files : g_new0(LkTaskFiles, 1);
    if (error)
        tap_note("%s", error->message);
}

/* The files of a task make lorikeet-cli do what the window does. */
static void test_task_files(void)
{
    Place place = place_new();
    set(&place, "learning_rate", "3e-4");
    set(&place, "optimizer_args", "[\"betas=(0.9, 0.99)\"]");
    set(&place, "sample_prompts", "[\"a \\\"bird\\\" --w 512\"]");
    set(&place, "sample_at_first", "true");
    set(&place, "enable_bucket", "true");
    g_autoptr(LkJob) job = lk_job_draft_new(place.project, NULL);
    g_autofree char *pictures = g_build_filename(place.folder, "pictures", NULL);
    g_autofree char *dataset = g_strdup_printf("[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"%s\"\n", pictures);
    LkTaskFiles *files = NULL;
    LkTaskDraft *draft = lk_task_draft_new(lk_project_get_id(place.project), place.folder, job, dataset);
    lk_store_thread_run(place.store, make_files, draft, (GDestroyNotify)lk_task_draft_free, NULL, NULL, files_cb,
                        &files);
    while (!files)
        g_main_context_iteration(NULL, TRUE);
    g_autofree char *path = g_build_filename(place.folder, "task-1", "job.toml", NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) loaded = lk_job_load(path, NULL, problems);
    g_autofree char *a = lk_job_canonical(job), *b = loaded ? lk_job_canonical(loaded) : NULL;
    tap_ok(g_strcmp0(a, b) == 0 && strstr(a, "learning_rate = 0.0003\n") != NULL,
           "the job file that a task begins with says the same as the project");
    g_autofree char *wrote = NULL, *dataset_path = g_build_filename(place.folder, "task-1", "dataset.toml", NULL);
    g_file_get_contents(dataset_path, &wrote, NULL, NULL);
    tap_ok(g_strcmp0(wrote, dataset) == 0, "so does its dataset file");
    lk_task_files_free(files);
    place_free(&place);
}

/* ---- undo -------------------------------------------------------------------------------------------- */

static const char *get(Place *place, const char *key)
{
    return lk_project_get_setting(place->project, key);
}

static void test_history(void)
{
    Place place = place_new();
    g_autoptr(LkParameterHistory) history = lk_parameter_history_new(place.project);
    lk_parameter_history_join_within(history, 1e6); /* however slow the test is */
    gboolean can_undo = TRUE, can_redo = TRUE;
    g_object_get(history, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
    tap_ok(!can_undo && !can_redo, "nothing to undo at first");
    lk_parameter_history_set_one(history, "Rate", "learning_rate", "1");
    lk_parameter_history_set_one(history, "Rate", "learning_rate", "1e");
    lk_parameter_history_set_one(history, "Rate", "learning_rate", "1e-4");
    lk_parameter_history_set_one(history, "Rank", "network_dim", "32");
    lk_parameter_history_undo(history);
    tap_ok(!get(&place, "network_dim") && g_strcmp0(get(&place, "learning_rate"), "1e-4") == 0, "one step back");
    lk_parameter_history_undo(history);
    tap_ok(!get(&place, "learning_rate"), "what was typed in one go is one step");
    lk_parameter_history_undo(history);
    lk_parameter_history_redo(history);
    tap_ok(g_strcmp0(get(&place, "learning_rate"), "1e-4") == 0, "and is done again in one");
    lk_parameter_history_set_one(history, "Seed", "seed", "7");
    g_object_get(history, "can-redo", &can_redo, NULL);
    tap_ok(!can_redo, "a new change ends what could be done again");
    lk_parameter_history_set_one(history, "Seed", "seed", "7");
    lk_parameter_history_undo(history);
    tap_ok(!get(&place, "seed"), "a change that changes nothing is no step");

    set(&place, "output_name", "mine");
    set(&place, "clip_skip", "2");
    g_autoptr(GHashTable) preset = lk_preset_values(lk_preset_find("style"), NULL);
    lk_parameter_history_replace(history, "Preset", preset, lk_preset_covers);
    tap_ok(g_strcmp0(get(&place, "output_name"), "mine") == 0 && !get(&place, "clip_skip") &&
               !get(&place, "learning_rate") && g_strcmp0(get(&place, "network_dim"), "64") == 0,
           "a preset takes the place of parameters and leaves names alone");
    lk_parameter_history_undo(history);
    tap_ok(g_strcmp0(get(&place, "clip_skip"), "2") == 0 && !get(&place, "network_dim") &&
               g_strcmp0(get(&place, "learning_rate"), "1e-4") == 0,
           "and is taken back as one step");
    for (int i = 0; i < 2000; i++) {
        g_autofree char *value = g_strdup_printf("%d", i);
        lk_parameter_history_set_one(history, "x", i % 2 ? "seed" : "network_dim", value);
    }
    int undone = 0;
    for (g_object_get(history, "can-undo", &can_undo, NULL); can_undo; undone++) {
        lk_parameter_history_undo(history);
        g_object_get(history, "can-undo", &can_undo, NULL);
    }
    tap_ok(undone == 500, "the history is bounded: %d steps", undone);
    place_free(&place);
}

/* ---- words ------------------------------------------------------------------------------------------- */

static void test_length(void)
{
    static const struct {
        LkLengthFacts facts;
        const char *text;
    } rows[] = {
        {{24, 240, 10, 2, 1, 1200}, "24 pictures × 10 repeats × 10 epochs ÷ batch 2 = 1200 steps"},
        {{24, 245, 10, 2, 1, 1225}, "24 pictures, 245 with repeats × 10 epochs ÷ batch 2 = 1225 steps"},
        {{24, 24, 10, 2, 1, 120}, "24 pictures × 10 epochs ÷ batch 2 = 120 steps"},
        {{24, 24, 10, 5, 1, 50}, "24 pictures × 10 epochs ÷ batch 5 = 50 steps, rounded up"},
        {{24, 48, 10, 2, 4, 60}, "24 pictures × 2 repeats × 10 epochs ÷ batch 2 ÷ 4 batches a step = 60 steps"},
        {{1, 1, 1, 1, 1, 1}, "1 picture × 1 epoch ÷ batch 1 = 1 step"},
        {{24, 240, 0, 2, 1, 1600}, "24 pictures × 10 repeats ÷ batch 2, 1600 steps: 13.3 epochs"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = lk_summary_length(&rows[i].facts);
        tap_ok(strcmp(text, rows[i].text) == 0, "%s", text);
    }
}

static void test_words(void)
{
    const gint64 gb = (gint64)1 << 30, mb = 1 << 20;
    static const struct {
        double before, now;
        const char *text;
    } times[] = {
        {100, 100, "no change"},         {100, 103, "about the same"},          {100, 120, "about 20 % longer"},
        {100, 66, "about 35 % shorter"}, {100, 230, "about 2.3 times as long"}, {0, 100, "not known yet"}};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *text = lk_summary_time_change(times[i].before, times[i].now);
        tap_ok(strcmp(text, times[i].text) == 0, "from %g to %g: %s", times[i].before, times[i].now, text);
    }
    g_autofree char *size = lk_summary_memory(gb * 91 / 10), *whole = lk_summary_memory(12 * gb);
    g_autofree char *small = lk_summary_memory(310 * mb), *of = lk_summary_memory_of(gb * 91 / 10, 12 * gb);
    g_autofree char *more = lk_summary_memory_change(8 * gb, 9 * gb + gb / 5);
    g_autofree char *less = lk_summary_memory_change(gb, gb - 310 * mb), *same = lk_summary_memory_change(gb, gb + mb);
    tap_ok(strcmp(size, "9.1 GiB") == 0 && strcmp(whole, "12 GiB") == 0 && strcmp(small, "310 MiB") == 0,
           "sizes: %s, %s, %s", size, whole, small);
    tap_ok(strcmp(of, "9.1 of 12 GiB") == 0, "%s", of);
    tap_ok(strcmp(more, "+1.2 GiB") == 0 && strcmp(less, "−310 MiB") == 0 && strcmp(same, "no change") == 0,
           "changes: %s, %s, %s", more, less, same);
}

/* ---- what helps -------------------------------------------------------------------------------------- */

static LkJob *make_job(const char *const *overrides)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    return lk_job_parse("pretrained_model_name_or_path = \"m\"\ntrain_data_dir = \"p\"\n", "job", NULL, overrides,
                        problems);
}

static double size_of(const LkJob *job)
{
    double bytes = job->mixed_precision == LK_MIXED_NO ? 4 : 2;
    double base = (job->base_weights_precision == LK_BASE_INT8 ? 1 : 2) + (job->offload_base_weights ? 0 : 2);
    return base +
           bytes * job->train_batch_size * job->resolution.width * job->resolution.height *
               (job->gradient_checkpointing ? 0.3 : 1) +
           job->network_dim;
}

static void test_fixes(void)
{
    const char *const overrides[] = {"resolution=512,640", "train_batch_size=6",  "network_dim=64",
                                     "enable_bucket=true", "min_bucket_reso=512", NULL};
    g_autoptr(LkJob) job = make_job(overrides);
    g_autoptr(GPtrArray) fixes = lk_fixes_for_memory(job, TRUE);
    static const char *const names[] = {"checkpointing", "precision", "offload", "codes",
                                        "batch",         "size",      "rank",    "joined"};
    gboolean kinds[G_N_ELEMENTS(names)] = {0};
    for (guint i = 0; i < fixes->len; i++) {
        const LkFix *fix = fixes->pdata[i];
        g_autoptr(LkJob) changed = lk_job_copy(job);
        g_autoptr(GPtrArray) problems = lk_problems_new();
        GHashTableIter iter;
        gpointer key, value;
        bool set_all = true;
        g_hash_table_iter_init(&iter, fix->changes);
        while (g_hash_table_iter_next(&iter, &key, &value))
            set_all &= lk_job_set(changed, key, value, problems);
        tap_ok(set_all && lk_job_check(changed, problems) && size_of(changed) < size_of(job),
               "%s: a job that can be trained and needs less", fix->title);
        for (size_t kind = 0; kind < G_N_ELEMENTS(names); kind++)
            kinds[kind] |= strcmp(fix->kind, names[kind]) == 0;
    }
    gboolean all = TRUE;
    for (size_t kind = 0; kind < G_N_ELEMENTS(names); kind++)
        all &= kinds[kind];
    tap_ok(all && strcmp(((LkFix *)fixes->pdata[0])->kind, "checkpointing") == 0,
           "all remedies are there, the mildest first");
    const char *const none[] = {"gradient_checkpointing=true",
                                "mixed_precision=bf16",
                                "base_weights_precision=int8",
                                "offload_base_weights=auto",
                                "resolution=256",
                                "network_dim=8",
                                NULL};
    g_autoptr(LkJob) least = make_job(none);
    g_autoptr(GPtrArray) left = lk_fixes_for_memory(least, TRUE);
    tap_ok(left->len == 2 && strcmp(((LkFix *)left->pdata[0])->kind, "joined") == 0,
           "where all is spared nothing is offered twice");
}

static void test_variations(void)
{
    g_autoptr(LkJob) job = make_job((const char *const[]){"train_batch_size=2", NULL});
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"train_batch_size", "4"}, {"learning_rate", "0.0002"},     {"gradient_checkpointing", "true"},
        {"resolution", "576"},     {"mixed_precision", "fp16"},     {"max_token_length", "150"},
        {"max_timestep", "500"},   {"caption_dropout_rate", "1"},   {"sample_prompts", NULL},
        {"metadata_author", NULL}, {"optimizer_type", "AdamW8bit"}, {"lr_scheduler", "constant_with_warmup"},
        {"keep_tokens", "1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const LkParameter *parameter = lk_parameter_find(rows[i].key);
        g_autofree char *value = lk_variation_value(job, parameter);
        g_autoptr(LkJob) other = lk_job_copy(job);
        tap_ok(g_strcmp0(value, rows[i].value) == 0 && (!value || lk_job_set(other, parameter->key, value, NULL)),
               "%s is compared with %s", rows[i].key, value);
    }
    const LkParameter *batch = lk_parameter_find("train_batch_size"), *rate = lk_parameter_find("learning_rate");
    const LkParameter *rank = lk_parameter_find("network_dim");
    g_autoptr(LkJob) twice = lk_job_copy(job);
    lk_job_set(twice, "train_batch_size", "4", NULL);
    g_autofree char *same = lk_variation_time(batch, job, 100, 0, twice, 50, 0);
    g_autofree char *measured = lk_variation_time(batch, job, 100, 1, twice, 50, 1.5);
    g_autofree char *none = lk_variation_time(rate, job, 100, 0, job, 100, 0);
    g_autofree char *unknown = lk_variation_time(rank, job, 100, 0, twice, 100, 0);
    tap_ok(strcmp(same, "no change") == 0 && strcmp(measured, "about 25 % shorter") == 0 &&
               strcmp(none, "no change") == 0 && strcmp(unknown, "not known yet") == 0,
           "times: by work %s, by measurement %s, rate %s, rank %s", same, measured, none, unknown);
}

/* ---- prompts, imports, comparisons ------------------------------------------------------------------- */

static void test_prompts(void)
{
    g_autofree char *list = lk_prompts_from_lines("a \"bird\"\n\n  # note\nred --w 512  \n");
    tap_ok(g_strcmp0(list, "[\"a \\\"bird\\\"\", \"# note\", \"red --w 512\"]") == 0, "lines become a list: %s", list);
    g_autofree char *lines = lk_prompts_to_lines(list), *none = lk_prompts_from_lines(" \n\n");
    tap_ok(strcmp(lines, "a \"bird\"\n# note\nred --w 512") == 0 && !none, "and lines again");
    tap_ok(lk_prompts_is_file("/x/p.txt") && !lk_prompts_is_file("a bird") && !lk_prompts_is_file("[\"p.txt\"]") &&
               !lk_prompts_is_file(NULL),
           "a file is told from prompts");
}

static void test_import(void)
{
    static const char text[] =
        "{\"LoRA_type\": \"Standard\", \"network_dim\": 64, \"network_alpha\": 32, \"epoch\": 12, "
        "\"learning_rate\": \"0.0002\", \"output_name\": \"theirs\", \"train_data_dir\": \"/x\"}";
    Place place = place_new();
    set(&place, LK_SETTING_PRESET, "style");
    set(&place, "clip_skip", "2");
    set(&place, "metadata_author", "me");
    g_autoptr(LkParameterHistory) history = lk_parameter_history_new(place.project);
    g_autoptr(LkImport) import = lk_import_parse(text, strlen(text), "x.json", NULL, NULL);
    lk_import_apply_to(import, place.project, history);
    g_autoptr(LkJob) job = lk_job_draft_new(place.project, NULL);
    tap_ok(job->network_dim == 64 && job->network_alpha == 32 && job->learning_rate == 2e-4 &&
               job->max_train_epochs == 12 && strcmp(job->output_name, "theirs") == 0,
           "an import sets the project's parameters");
    tap_ok(job->clip_skip == 1 && strcmp(job->metadata_author, "me") == 0 && !get(&place, LK_SETTING_PRESET) &&
               !get(&place, "train_data_dir") && strcmp(job->trigger_words, "rlk_bird") == 0,
           "others go back to their defaults, texts and pictures stay");
    lk_parameter_history_undo(history);
    tap_ok(g_strcmp0(get(&place, "clip_skip"), "2") == 0 && g_strcmp0(get(&place, LK_SETTING_PRESET), "style") == 0 &&
               !get(&place, "network_dim"),
           "one step back undoes it");
    lk_parameter_history_redo(history);
    g_autofree char *exported = lk_export_text(place.project);
    g_autoptr(LkImport) again = lk_import_parse(exported, strlen(exported), "x.toml", NULL, NULL);
    tap_ok(again && g_strcmp0(g_hash_table_lookup(again->values, "network_dim"), "64") == 0 &&
               g_strcmp0(g_hash_table_lookup(again->values, "learning_rate"), "0.0002") == 0 &&
               !strstr(exported, "train_data_dir") && !strstr(exported, "output_dir"),
           "what is exported is read again, without the places of this computer");
    place_free(&place);
}

static void test_compare(void)
{
    g_autoptr(LkJob) a = make_job((const char *const[]){"network_dim=8", "output_dir=/a", NULL});
    g_autoptr(LkJob) b = make_job((const char *const[]){"network_dim=16", "unet_lr=1e-5", "output_dir=/b", NULL});
    g_autoptr(GPtrArray) differences = lk_differences(a, b), none = lk_differences(a, a);
    const LkDifference *rank = differences->len > 0 ? differences->pdata[0] : NULL;
    const LkDifference *rate = differences->len > 1 ? differences->pdata[1] : NULL;
    tap_ok(differences->len == 2 && strcmp(rank->parameter->key, "network_dim") == 0 && strcmp(rank->left, "8") == 0 &&
               strcmp(rank->right, "16") == 0 && !rate->left && strcmp(rate->right, "1e-05") == 0 && none->len == 0,
           "two jobs differ in two parameters, and folders do not count");
}

int main(void)
{
    test_draft();
    test_same();
    test_task_files();
    test_history();
    test_length();
    test_words();
    test_fixes();
    test_variations();
    test_prompts();
    test_import();
    test_compare();
    return tap_done();
}
