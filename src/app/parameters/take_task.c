#include "app/parameters/take_task.h"

#include "app/core/job_draft.h"
#include "training/job.h"

#include <glib/gi18n.h>

static bool covers(const char *key)
{
    const LkParameter *row = lk_parameter_find(key);
    gboolean own = row && row->state == LK_PARAMETER_SUPPORTED && !lk_job_draft_is_given_by_project(key);
    return own || g_str_equal(key, LK_SETTING_PRESET); /* a preset would choose what the task left alone */
}

static GHashTable *given_values(const LkJob *job)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        if (!covers(row->key) || !lk_job_is_given(job, row->key))
            continue;
        char *value = lk_job_get(job, row);
        if (value)
            g_hash_table_insert(values, (gpointer)row->key, value);
    }
    return values;
}

static void take_text(LkProject *project, const char *property, const char *before, const char *value)
{
    if (value && *value && g_strcmp0(before, value) != 0)
        g_object_set(project, property, value, NULL);
}

static void apply(GHashTable *values, GHashTable *changes)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, changes);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_hash_table_insert(values, (gpointer)lk_parameter_find(key)->key, g_strdup(value));
}

gboolean lk_take_task(LkTask *task, GHashTable *changes, LkProject *project, LkParameterHistory *history,
                      GError **error)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job =
        lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL, problems);
    if (!job) {
        g_autofree char *text = lk_problems_describe(problems, NULL);
        lk_set_error(error, LK_ERROR_USAGE, _("The settings of this task cannot be used any more: %s"), text);
        return FALSE;
    }
    g_autoptr(GHashTable) values = given_values(job);
    if (changes)
        apply(values, changes);
    g_autofree char *name = lk_task_make_title(task);
    g_autofree char *label = g_strdup_printf(_("Settings of %s"), name);
    lk_parameter_history_replace(history, label, values, covers);
    take_text(project, "base-model", lk_project_get_base_model(project), job->pretrained_model_name_or_path);
    take_text(project, "trigger-word", lk_project_get_trigger_word(project), job->trigger_words);
    return TRUE;
}
