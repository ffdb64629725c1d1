#include "app/core/job_draft.h"

#include "app/application.h"
#include "app/dataset/picture_list.h"
#include "training/presets.h"

#include <string.h>

/* Of the table, in the hands of other rows and pages. */
static const char *const given_by_project[] = {"pretrained_model_name_or_path",
                                               "trigger_words",
                                               "train_data_dir",
                                               "dataset_config",
                                               "num_repeats",
                                               "output_dir",
                                               NULL};

gboolean lk_job_draft_is_given_by_project(const char *key)
{
    return g_strv_contains(given_by_project, key);
}

/* Pictures counted with their repeats, as far as is known now. */
static gint64 shown_pictures(LkProject *project)
{
    LkPictureList *list = lk_picture_list_peek(project);
    gboolean loaded = list && lk_picture_list_get_loaded(list);
    return loaded ? (gint64)lk_picture_list_get_totals(list).repeats : lk_project_get_n_pictures(project);
}

/* ---- what nobody has set ----------------------------------------------------------------------------- */

/* "Rainbow Lorikeet" becomes "Rainbow-Lorikeet": what a prompt can call it by. */
static char *file_name(LkProject *project)
{
    g_autoptr(GString) name = g_string_new(NULL);
    for (const char *c = lk_project_get_name(project); *c; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        gboolean plain = g_unichar_isalnum(character) || g_unichar_ismark(character) || character == '_';
        if (plain)
            g_string_append_unichar(name, character);
        else if (name->len && name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    }
    while (name->len && name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
    while (name->len > 100)
        g_string_truncate(name, (gsize)(g_utf8_find_prev_char(name->str, name->str + name->len) - name->str));
    return g_strdup(name->len ? name->str : "lora");
}

static const LkPreset *own_preset(LkProject *project)
{
    const LkPreset *preset = lk_preset_find(lk_project_get_setting(project, LK_SETTING_PRESET));
    return preset && !preset->part ? preset : NULL;
}

static int number_setting(LkProject *project, const char *key, int fallback)
{
    const char *text = lk_project_get_setting(project, key);
    g_autoptr(LkJob) job = lk_job_new(NULL);
    const LkParameter *row = lk_parameter_find(key);
    g_autofree char *value = text && lk_job_set(job, key, text, NULL) ? lk_job_get(job, row) : NULL;
    return value ? (int)g_ascii_strtoll(value, NULL, 10) : fallback;
}

/* A value that suits the project; NULL where there is nothing to go by. */
static char *chosen_value(LkProject *project, const char *key)
{
    const LkPreset *preset = own_preset(project);
    gboolean length = strcmp(key, "max_train_epochs") == 0, save = strcmp(key, "save_every_n_epochs") == 0;
    if (strcmp(key, "output_name") == 0)
        return file_name(project);
    if (!preset || (!length && !save))
        return NULL;
    int batch = number_setting(project, "train_batch_size", 1);
    int accumulation = number_setting(project, "gradient_accumulation_steps", 1);
    int epochs = lk_preset_epochs(preset->steps, shown_pictures(project), batch, accumulation);
    if (save)
        epochs = lk_preset_save_every(number_setting(project, "max_train_epochs", epochs));
    return g_strdup_printf("%d", epochs);
}

char *lk_job_draft_base_value(LkProject *project, const char *key, GHashTable *preset)
{
    const LkParameter *row = lk_parameter_find(key);
    const char *value = preset ? g_hash_table_lookup(preset, key) : NULL;
    if (value)
        return g_strdup(value);
    char *chosen = chosen_value(project, key);
    if (chosen)
        return chosen;
    g_autoptr(LkJob) job = lk_job_new(lk_project_get_folder(project));
    return row ? lk_job_get(job, row) : NULL;
}

gboolean lk_job_draft_same_value(const char *key, const char *a, const char *b)
{
    if (g_strcmp0(a, b) == 0)
        return TRUE;
    const LkParameter *row = lk_parameter_find(key);
    if (!row)
        return FALSE;
    g_autoptr(LkJob) left = lk_job_new(""), right = lk_job_new("");
    if (!lk_job_set(left, key, a ? a : "", NULL) || !lk_job_set(right, key, b ? b : "", NULL))
        return FALSE;
    g_autofree char *one = lk_job_get(left, row), *other = lk_job_get(right, row);
    return g_strcmp0(one, other) == 0;
}

GHashTable *lk_job_draft_settings_for_goal(const char *goal)
{
    const LkPreset *preset = lk_preset_find(goal);
    const LkDeviceChoice *device = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    if (!preset)
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTable *settings = lk_preset_values(preset, device ? &device->info : NULL);
    g_hash_table_insert(settings, g_strdup(LK_SETTING_PRESET), g_strdup(preset->id));
    return settings;
}

/* ---- the job ----------------------------------------------------------------------------------------- */

static void set_settings(LkJob *job, LkProject *project, GPtrArray *problems)
{
    GHashTable *settings = lk_project_get_settings(project);
    for (size_t i = 0; i < lk_parameter_count; i++) { /* in the order of the table: so are the problems */
        const char *key = lk_parameters[i].key, *value = g_hash_table_lookup(settings, key);
        if (value && !lk_job_draft_is_given_by_project(key))
            lk_job_set(job, key, value, problems);
    }
}

static void set_text(LkJob *job, const char *key, const char *value, GPtrArray *problems)
{
    if (value && *value)
        lk_job_set(job, key, value, problems);
}

static gboolean is_set(LkProject *project, const char *key)
{
    return lk_project_get_setting(project, key) != NULL;
}

/* How long, and how often to save, where the person has chosen neither. */
static void set_length(LkJob *job, LkProject *project)
{
    if (is_set(project, "max_train_steps"))
        return;
    if (!is_set(project, "max_train_epochs")) {
        g_autofree char *epochs = chosen_value(project, "max_train_epochs");
        set_text(job, "max_train_epochs", epochs, NULL);
    }
    if (!is_set(project, "save_every_n_epochs") && !is_set(project, "save_every_n_steps")) {
        g_autofree char *save = chosen_value(project, "save_every_n_epochs");
        set_text(job, "save_every_n_epochs", save, NULL);
    }
}

LkJob *lk_job_draft_new(LkProject *project, GPtrArray *problems)
{
    const char *folder = lk_project_get_folder(project);
    LkJob *job = lk_job_new(folder);
    set_settings(job, project, problems);
    set_length(job, project);
    const char *trigger = lk_project_get_setting(project, "trigger_words");
    set_text(job, "pretrained_model_name_or_path", lk_project_get_base_model(project), problems);
    set_text(job, "trigger_words", trigger ? trigger : lk_project_get_trigger_word(project), problems);
    set_text(job, "output_dir", folder, problems);
    if (!lk_job_is_given(job, "output_name")) {
        g_autofree char *name = file_name(project);
        set_text(job, "output_name", name, problems);
    }
    g_autofree char *dataset = g_build_filename(folder, "dataset.toml", NULL);
    set_text(job, "dataset_config", dataset, problems);
    lk_job_check(job, problems);
    return job;
}
