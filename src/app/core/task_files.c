#include "app/core/task_files.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

LkTaskDraft *lk_task_draft_new(gint64 project, const char *folder, const LkJob *job, const char *dataset)
{
    LkTaskDraft *draft = g_new0(LkTaskDraft, 1);
    *draft = (LkTaskDraft){.project = project,
                           .folder = g_strdup(folder),
                           .job = lk_job_copy(job),
                           .dataset = g_strdup(dataset),
                           .device = g_strdup("auto")};
    return draft;
}

void lk_task_draft_free(LkTaskDraft *draft)
{
    if (!draft)
        return;
    g_free(draft->folder);
    g_free(draft->dataset);
    g_free(draft->name);
    g_free(draft->device);
    lk_job_free(draft->job);
    g_free(draft);
}

void lk_task_files_free(LkTaskFiles *files)
{
    if (!files)
        return;
    lk_task_record_free(files->record);
    lk_job_free(files->job);
    g_free(files);
}

/* Sets a file or folder of the job; false with words. */
static bool set_path(LkJob *job, const char *key, const char *path, GError **error)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    if (lk_job_set(job, key, path, problems))
        return true;
    g_autofree char *text = lk_problems_describe(problems, NULL);
    return lk_set_error(error, LK_ERROR_USAGE, "%s", text);
}

/* A folder for task `number` that was not there before. */
static char *make_folder(const char *project_folder, guint number, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/task-%u", project_folder, number);
    for (int i = 2; g_file_test(folder, G_FILE_TEST_EXISTS); i++) {
        g_free(folder);
        folder = g_strdup_printf("%s/task-%u-%d", project_folder, number, i);
    }
    if (g_mkdir_with_parents(folder, 0777) == 0)
        return g_steal_pointer(&folder);
    lk_set_error(error, LK_ERROR_IO,
                 _("The folder %s could not be made: %s. Choose another folder for projects in the preferences."),
                 folder, g_strerror(errno));
    return NULL;
}

/* Points the job at its folder and dataset, and writes both files. Returns the job's path. */
static char *write_files(LkJob *job, const char *folder, const char *dataset, GError **error)
{
    if (!set_path(job, "output_dir", folder, error))
        return NULL;
    g_autofree char *dataset_path = g_build_filename(folder, "dataset.toml", NULL);
    if (dataset && (!g_file_set_contents(dataset_path, dataset, -1, error) ||
                    !set_path(job, "dataset_config", dataset_path, error)))
        return NULL;
    g_autofree char *path = g_build_filename(folder, "job.toml", NULL);
    g_autofree char *text = lk_job_to_toml(job);
    return g_file_set_contents(path, text, -1, error) ? g_steal_pointer(&path) : NULL;
}

/* The job is read back from what was written, so that the window runs what lorikeet-cli would run. */
static LkJob *read_back(const char *path, GError **error)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job = lk_job_load(path, NULL, problems);
    if (!job) {
        g_autofree char *text = lk_problems_describe(problems, NULL);
        lk_set_error(error, LK_ERROR_USAGE, "%s", text);
    }
    return job;
}

static bool finish_record(LkStore *store, gint64 id, const LkJob *job, const char *path, GError **error)
{
    g_autofree char *text = lk_job_to_toml(job);
    return lk_tasks_set(store, id, LK_TASK_JOB, text, error) &&
           lk_tasks_set(store, id, LK_TASK_JOB_PATH, path, error) &&
           lk_tasks_set(store, id, LK_TASK_OUTPUT_DIR, job->output_dir, error) &&
           lk_tasks_set(store, id, LK_TASK_OUTPUT_NAME, job->output_name, error);
}

/* In one transaction: record, folder, files, record again with their names. */
static LkTaskFiles *make_all(LkStore *store, const LkTaskDraft *draft, GError **error)
{
    LkTaskRecord record = {.project = draft->project, .name = draft->name, .device = draft->device};
    gint64 id = lk_tasks_create(store, &record, error);
    g_autoptr(LkTaskFiles) files = g_new0(LkTaskFiles, 1);
    if (!id || !(files->record = lk_tasks_get(store, id, error)))
        return NULL;
    g_autofree char *folder = make_folder(draft->folder, files->record->number, error);
    g_autofree char *path = folder ? write_files(draft->job, folder, draft->dataset, error) : NULL;
    if (!path || !(files->job = read_back(path, error)) || !finish_record(store, id, files->job, path, error)) {
        if (folder)
            g_rmdir(folder); /* if it is empty */
        return NULL;
    }
    lk_task_record_free(files->record);
    files->record = lk_tasks_get(store, id, error);
    return files->record ? g_steal_pointer(&files) : NULL;
}

LkTaskFiles *lk_task_files_make(LkStore *store, const LkTaskDraft *draft, GError **error)
{
    if (!lk_store_begin(store, error))
        return NULL;
    LkTaskFiles *files = make_all(store, draft, error);
    if (files && lk_store_commit(store, error))
        return files;
    lk_task_files_free(files);
    lk_store_rollback(store);
    return NULL;
}
