/* Rows and form: every supported parameter has a row, random values come back from its widgets as they were shown, and
 * what is done with a widget reaches the project. */
#include "app/core/job_draft.h"
#include "app/parameters/form.h"
#include "project/projects.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"
#include "training/presets.h"

#include <adwaita.h>

/* ---- random values ----------------------------------------------------------------------------------- */

static GRand *randomness;

static char *random_text(void)
{
    static const char *const words[] = {"bird", "red hair", "ünï",  "图片", "a,b",
                                        "x=y",  "{a|b}",    "50 %", "it's", "\"q\""};
    GString *text = g_string_new(words[g_rand_int_range(randomness, 0, G_N_ELEMENTS(words))]);
    for (int i = g_rand_int_range(randomness, 0, 3); i > 0; i--)
        g_string_append_printf(text, " %s", words[g_rand_int_range(randomness, 0, G_N_ELEMENTS(words))]);
    return g_string_free_and_steal(text);
}

/* Items with a number between two texts. */
static char *random_list(const char *before, const char *after)
{
    GString *list = g_string_new("[");
    for (int i = g_rand_int_range(randomness, 1, 4); i > 0; i--) {
        int number = g_rand_int_range(randomness, 1, 99);
        g_string_append_printf(list, "\"%s%d%s\"%s", before, number, after, i > 1 ? ", " : "]");
    }
    return g_string_free_and_steal(list);
}

static char *random_choice(const LkParameter *parameter)
{
    int count = 0;
    for (const LkChoice *choice = parameter->choices; choice->value; choice++)
        count += !choice->not_yet && *choice->value;
    int wanted = g_rand_int_range(randomness, 0, count);
    for (const LkChoice *choice = parameter->choices;; choice++)
        if (!choice->not_yet && *choice->value && wanted-- == 0)
            return g_strdup(choice->value);
}

static char *random_number(const LkParameter *parameter)
{
    gboolean whole = parameter->type == LK_PARAMETER_INT || parameter->type == LK_PARAMETER_INT64;
    double min = parameter->min, max = parameter->max > min ? parameter->max : 1e6;
    double share = g_rand_double(randomness), number = min + (max - min) * share * share * share * share;
    if (parameter->type == LK_PARAMETER_COUNT)
        return g_strdup_printf("%.0f", number);
    if (whole)
        return g_strdup_printf("%.0f", CLAMP(floor(number), min, max));
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_formatd(text, sizeof text, g_rand_boolean(randomness) ? "%.3g" : "%.4e", number));
}

static char *random_value(const LkParameter *parameter)
{
    if (parameter->choices)
        return random_choice(parameter);
    switch (parameter->type) {
    case LK_PARAMETER_BOOL:
        return g_strdup(g_rand_boolean(randomness) ? "true" : "false");
    case LK_PARAMETER_STRING:
        return strcmp(parameter->key, "caption_extension") == 0 ? g_strdup(".cap") : random_text();
    case LK_PARAMETER_LIST:
        return g_rand_boolean(randomness) ? random_list("eps=", "") : random_list("betas=(0.9, 0.", ")");
    case LK_PARAMETER_PROMPTS:
        return random_list("a \\\"bird\\\" ", " --w 512");
    case LK_PARAMETER_FILE:
    case LK_PARAMETER_FOLDER:
        return g_strdup_printf("/folder %d/图 & x.png", g_rand_int_range(randomness, 0, 99));
    case LK_PARAMETER_RESOLUTION: {
        int width = g_rand_int_range(randomness, 1, 33) * 64, height = g_rand_int_range(randomness, 1, 33) * 64;
        return g_rand_boolean(randomness) ? g_strdup_printf("%d", width) : g_strdup_printf("%d,%d", width, height);
    }
    default:
        return random_number(parameter);
    }
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static void edited_cb(LkParameterRow *row, const char *text, gpointer data)
{
    char **edited = data;
    g_free(*edited);
    *edited = g_strdup(text ? text : "(unset)");
}

/* As the person would: by the widget itself. */
static gboolean edit(GtkWidget *widget, const char *value)
{
    if (GTK_IS_SWITCH(widget))
        gtk_switch_set_active(GTK_SWITCH(widget), strcmp(value, "true") == 0);
    else if (GTK_IS_SPIN_BUTTON(widget))
        gtk_spin_button_set_value(GTK_SPIN_BUTTON(widget), g_ascii_strtod(value, NULL));
    else if (GTK_IS_ENTRY(widget))
        gtk_editable_set_text(GTK_EDITABLE(widget), value);
    else
        return FALSE;
    return TRUE;
}

static void test_row(const LkParameter *parameter)
{
    LkParameterRow *row = g_object_ref_sink(lk_parameter_row_new(parameter));
    g_autofree char *edited = NULL, *wrong = NULL;
    g_signal_connect(row, "edited", G_CALLBACK(edited_cb), &edited);
    gboolean shown = TRUE, told = TRUE;
    for (int i = 0; i < 40 && shown && told; i++) {
        g_autofree char *value = random_value(parameter), *other = random_value(parameter);
        lk_parameter_row_set_value(row, value, i % 2, other);
        g_autofree char *read = lk_parameter_row_get_value(row);
        shown = lk_job_draft_same_value(parameter->key, value, read) && !edited;
        g_autoptr(LkJob) job = lk_job_new("/");
        shown &= lk_job_set(job, parameter->key, value, NULL);
        if (shown && edit(lk_parameter_row_get_focus(row), other))
            told = lk_job_draft_same_value(parameter->key, value, other) ||
                   lk_job_draft_same_value(parameter->key, other, edited);
        if (!shown || !told)
            wrong = g_strdup_printf("%s was shown, %s read; %s was typed, %s told", value, read, other, edited);
        g_clear_pointer(&edited, g_free);
    }
    tap_ok(shown && told, "%s: values come back, edits are told%s%s", parameter->key, wrong ? ": " : "",
           wrong ? wrong : "");
    gboolean named = *adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)) != 0;
    tap_ok(named && adw_action_row_get_subtitle(ADW_ACTION_ROW(row)), "%s has a title and a line", parameter->key);
    g_object_unref(row);
}

static void test_unset(void)
{
    static const char *const keys[] = {"unet_lr",        "metadata_author", "optimizer_args",
                                       "sample_prompts", "network_weights", "caption_prefix"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        LkParameterRow *row = g_object_ref_sink(lk_parameter_row_new(lk_parameter_find(keys[i])));
        lk_parameter_row_set_value(row, NULL, FALSE, NULL);
        g_autofree char *read = lk_parameter_row_get_value(row);
        tap_ok(!read || !*read, "%s can be unset", keys[i]);
        g_object_unref(row);
    }
}

static void test_problem(void)
{
    LkParameterRow *row = g_object_ref_sink(lk_parameter_row_new(lk_parameter_find("learning_rate")));
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = lk_job_new(NULL);
    lk_job_set(job, "learning_rate", "50", problems);
    lk_parameter_row_set_problem(row, problems->pdata[0]);
    const char *text = adw_action_row_get_subtitle(ADW_ACTION_ROW(row));
    tap_ok(gtk_widget_has_css_class(GTK_WIDGET(row), "error") && strstr(text, "50") && strstr(text, "from 0 to 10") &&
               strstr(text, "0.0001 to 0.001"),
           "a mistake is said with value, limit and usual range: %s", text);
    lk_parameter_row_set_problem(row, NULL);
    tap_ok(!gtk_widget_has_css_class(GTK_WIDGET(row), "error"), "and goes");
    g_object_unref(row);
}

static void test_message(void)
{
    static const char *const rows[][2] = {
        {"min_timestep is 900, but must be below max_timestep, which is 100.",
         "“First Timestep” is 900, but must be below “Last Timestep”, which is 100."},
        {"resolution is 500×500; my_own_key and seed stay.", "“Resolution” is 500×500; my_own_key and seed stay."},
        {"Nothing would be trained: 图片 learning_rate", "Nothing would be trained: 图片 “Learning Rate”"},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = lk_parameter_message(rows[i][0]);
        tap_ok(strcmp(text, rows[i][1]) == 0, "“%s” for people", text);
    }
}

static gboolean finds(LkParameterRow *row, const char *text)
{
    g_autofree char *folded = lk_parameter_fold(text);
    g_auto(GStrv) words = g_strsplit(folded, " ", -1);
    return lk_parameter_row_matches(row, words);
}

static void test_search(void)
{
    LkParameterRow *row = g_object_ref_sink(lk_parameter_row_new(lk_parameter_find("learning_rate")));
    tap_ok(finds(row, "LEARNING") && finds(row, "learning_rate") && finds(row, "sd-scripts") &&
               finds(row, "rate subject") && finds(row, "") && !finds(row, "rate nonsense"),
           "a row is found by title, key and help, with all words");
    g_object_unref(row);
}

/* ---- the form ---------------------------------------------------------------------------------------- */

static gpointer make_project(LkStore *store, gpointer data, GError **error)
{
    gint64 id = lk_projects_create(store, "Test", "character", data, error);
    return id ? lk_projects_get(store, id, error) : NULL;
}

static void made_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    *(LkProjectRecord **)data = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, NULL);
}

static void iterate(void)
{
    for (int i = 0; i < 50; i++)
        while (g_main_context_iteration(NULL, FALSE)) {
        }
}

static void test_form(void)
{
    g_autofree char *folder = scratch_new(), *path = scratch_path(folder, "store.db");
    LkStoreThread *store = lk_store_thread_new(path);
    LkProjectRecord *record = NULL;
    lk_store_thread_run(store, make_project, folder, NULL, NULL, NULL, made_cb, &record);
    while (!record)
        g_main_context_iteration(NULL, TRUE);
    LkProject *project = lk_project_new(store, record);
    lk_project_record_free(record);
    LkPlanning *planning = lk_planning_new(project);
    LkParameterHistory *history = lk_parameter_history_new(project);
    lk_parameter_history_join_within(history, 1e6); /* however slow the test is */
    LkForm *form = LK_FORM(g_object_ref_sink(lk_form_new(project, planning, history)));
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *parameter = &lk_parameters[i];
        LkParameterRow *row = lk_form_get_row(form, parameter->key);
        gboolean wanted =
            parameter->state == LK_PARAMETER_SUPPORTED && !lk_job_draft_is_given_by_project(parameter->key);
        if (parameter->state == LK_PARAMETER_SUPPORTED)
            tap_ok((row != NULL) == wanted && (!row || lk_parameter_row_get_parameter(row) == parameter), "%s %s",
                   parameter->key, wanted ? "has its row" : "is given by the project");
        else if (row)
            tap_ok(false, "%s has a row though it is not supported", parameter->key);
    }
    tap_ok(lk_form_count_changes(form) == 0, "nothing is changed in a new project");

    LkParameterRow *rank = lk_form_get_row(form, "network_dim");
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(lk_parameter_row_get_focus(rank)), 64);
    iterate();
    tap_ok(g_strcmp0(lk_project_get_setting(project, "network_dim"), "64") == 0 && lk_form_count_changes(form) == 1,
           "a value that is edited is the project's");
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(lk_parameter_row_get_focus(rank)), 16);
    iterate();
    tap_ok(!lk_project_get_setting(project, "network_dim") && lk_form_count_changes(form) == 0,
           "the default is no setting");
    lk_parameter_history_undo(history);
    iterate();
    g_autofree char *undone = lk_parameter_row_get_value(rank);
    tap_ok(strcmp(undone, "16") == 0, "undo shows in the row: %s", undone);

    LkParameterRow *rate = lk_form_get_row(form, "learning_rate");
    gtk_editable_set_text(GTK_EDITABLE(lk_parameter_row_get_focus(rate)), "1e");
    iterate();
    tap_ok(lk_planning_count_errors(planning) == 2 && gtk_widget_has_css_class(GTK_WIDGET(rate), "error"),
           "a value that cannot be used is an error of the row (and there is no base model): %u",
           lk_planning_count_errors(planning));
    gtk_editable_set_text(GTK_EDITABLE(lk_parameter_row_get_focus(rate)), "1e-3");
    iterate();
    tap_ok(lk_planning_count_errors(planning) == 1 && lk_planning_get_job(planning)->learning_rate == 1e-3,
           "a better one is not");

    g_autoptr(GHashTable) preset = lk_preset_values(lk_preset_find("style"), NULL);
    lk_form_set_preset(form, preset);
    tap_ok(lk_form_count_changes(form) == g_hash_table_size(preset) + 1, "changes are counted against the preset: %u",
           lk_form_count_changes(form));
    g_signal_emit_by_name(rank, "reset");
    iterate();
    tap_ok(g_strcmp0(lk_project_get_setting(project, "network_dim"), "64") == 0, "a reset takes the preset's value");

    gboolean found = FALSE;
    lk_form_search(form, "zzzz");
    g_object_get(form, "found", &found, NULL);
    tap_ok(!found && !gtk_widget_get_visible(GTK_WIDGET(rank)), "a search without hits says so");
    lk_form_search(form, "NETWORK_DIM");
    g_object_get(form, "found", &found, NULL);
    tap_ok(found && gtk_widget_get_visible(GTK_WIDGET(rank)) && !gtk_widget_get_visible(GTK_WIDGET(rate)),
           "one with hits shows them alone");
    lk_form_search(form, "");
    tap_ok(gtk_widget_get_visible(GTK_WIDGET(rate)), "without a search all is there");
    g_object_unref(form);
    g_object_unref(history);
    g_object_unref(planning);
    g_object_unref(project);
    lk_store_thread_close(store);
    g_object_unref(store);
    scratch_remove(folder);
}

int main(void)
{
    adw_init();
    randomness = g_rand_new_with_seed(20);
    for (size_t i = 0; i < lk_parameter_count; i++)
        if (lk_parameters[i].state == LK_PARAMETER_SUPPORTED)
            test_row(&lk_parameters[i]);
    test_unset();
    test_problem();
    test_message();
    test_search();
    test_form();
    g_rand_free(randomness);
    return tap_done();
}
