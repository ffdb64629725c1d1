#include "app/parameters/plan_pictures.h"

#include "app/dataset/picture_list.h"
#include "base/file.h"

#include <glib/gi18n.h>
#include <string.h>

void lk_plan_pictures_free(LkPlanPictures *pictures)
{
    if (!pictures)
        return;
    g_free(pictures->path);
    g_free(pictures->text);
    g_free(pictures);
}

static LkPlanPictures *copy(const LkPlanPictures *pictures)
{
    LkPlanPictures *other = g_new0(LkPlanPictures, 1);
    *other = (LkPlanPictures){g_strdup(pictures->path), g_strdup(pictures->text), pictures->shown};
    return other;
}

/* Each project has a file of its own: two windows may plan at the same time. */
static char *file_of(LkProject *project)
{
    g_autofree char *name = g_strdup_printf("dataset-%" G_GINT64_FORMAT ".toml", lk_project_get_id(project));
    return g_build_filename(g_get_user_cache_dir(), "lorikeet", "plan", name, NULL);
}

static void write_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const LkPlanPictures *pictures = data;
    g_autofree char *folder = g_path_get_dirname(pictures->path);
    LkError problem = {0};
    GError *error = NULL;
    if (g_mkdir_with_parents(folder, 0700) == 0 &&
        lk_file_replace(pictures->path, pictures->text, strlen(pictures->text), &problem)) {
        g_task_return_pointer(task, copy(pictures), (GDestroyNotify)lk_plan_pictures_free);
        return;
    }
    if (problem.code)
        lk_gerror_take(&error, &problem);
    else
        lk_set_error(&error, LK_ERROR_IO, _("The folder %s could not be made."), folder);
    g_task_return_error(task, error);
}

/* The list holds what is needed; asking it takes no time. */
static void write_file(GTask *task, LkPictureList *list)
{
    GError *error = NULL;
    g_autofree char *text = lk_picture_list_to_dataset_toml(list, &error);
    if (!text) {
        g_task_return_error(task, error);
        return;
    }
    LkPlanPictures *pictures = g_new0(LkPlanPictures, 1);
    pictures->path = file_of(LK_PROJECT(g_task_get_source_object(task)));
    pictures->text = g_steal_pointer(&text);
    pictures->shown = (gint64)lk_picture_list_get_totals(list).repeats;
    g_task_set_task_data(task, pictures, (GDestroyNotify)lk_plan_pictures_free);
    g_task_run_in_thread(task, write_thread);
}

static void loaded_cb(LkPictureList *list, GParamSpec *pspec, GTask *task)
{
    if (!lk_picture_list_get_loaded(list))
        return;
    g_signal_handlers_disconnect_by_func(list, loaded_cb, task);
    if (!g_task_return_error_if_cancelled(task))
        write_file(task, list);
    g_object_unref(task);
    g_object_unref(list);
}

void lk_plan_pictures_find(LkProject *project, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(project, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_plan_pictures_find);
    g_autoptr(LkPictureList) list = lk_picture_list_get(project);
    if (lk_picture_list_get_loaded(list))
        write_file(task, list);
    else
        g_signal_connect(g_steal_pointer(&list), "notify::loaded", G_CALLBACK(loaded_cb), g_steal_pointer(&task));
}

LkPlanPictures *lk_plan_pictures_find_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void lk_plan_pictures_apply(const LkPlanPictures *pictures, LkJob *job)
{
    lk_job_set(job, "dataset_config", pictures->path, NULL);
}
