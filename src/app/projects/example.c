#include "app/projects/example.h"

#include "app/core/settings.h"

#include <glib/gi18n.h>

typedef struct Example {
    char *from;   /* the demo that comes with the program */
    char *folder; /* of the project */
} Example;

static void example_free(gpointer data)
{
    Example *example = data;
    g_free(example->from);
    g_free(example->folder);
    g_free(example);
}

/* Copies the files of a folder (no folders below it). */
static bool copy_files(const char *from, const char *to, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    if (!dir)
        return false;
    if (g_mkdir_with_parents(to, 0777) != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, _("The folder %s could not be made."), to);
        return false;
    }
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *source = g_build_filename(from, name, NULL), *target = g_build_filename(to, name, NULL);
        g_autoptr(GFile) file = g_file_new_for_path(source);
        g_autoptr(GFile) copy = g_file_new_for_path(target);
        if (g_file_test(source, G_FILE_TEST_IS_REGULAR) &&
            !g_file_copy(file, copy, G_FILE_COPY_OVERWRITE | G_FILE_COPY_TARGET_DEFAULT_PERMS, NULL, NULL, NULL, error))
            return false;
    }
    return true;
}

static void copy_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Example *example = data;
    g_autofree char *from = g_build_filename(example->from, "example", NULL);
    g_autofree char *to = g_build_filename(example->folder, "pictures", NULL);
    GError *error = NULL;
    if (copy_files(from, to, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void created_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    LkProject *project = lk_project_list_create_finish(LK_PROJECT_LIST(source), result, &error);
    if (project)
        g_task_return_pointer(task, project, g_object_unref);
    else
        g_task_return_error(task, error);
}

/* Those of data/demo/job.toml, with checkpoints and samples to look at on the way. */
static const struct {
    const char *key, *value;
} parameters[] = {
    {"resolution", "128"},
    {"enable_bucket", "false"},
    {"train_batch_size", "5"},
    {"max_train_epochs", "200"},
    {"network_dim", "16"},
    {"network_alpha", "16"},
    {"learning_rate", "2e-3"},
    {"lr_scheduler", "cosine"},
    {"lr_warmup_steps", "20"},
    {"min_snr_gamma", "5"},
    {"save_every_n_epochs", "50"},
    {"sample_at_first", "true"},
    {"sample_every_n_epochs", "50"},
    {"sample_prompts", "[\"lorimascot on a green background --w 128 --h 128 --s 16 --l 3 --d 7\", "
                       "\"lorimascot flying on an orange background --w 128 --h 128 --s 16 --l 3 --d 8\"]"},
};

static void copied_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    const Example *example = g_task_get_task_data(task);
    GError *error = NULL;
    if (!g_task_propagate_boolean(G_TASK(result), &error)) {
        g_task_return_error(task, error);
        return;
    }
    g_autofree char *model = g_build_filename(example->from, "base.safetensors", NULL);
    g_autofree char *pictures = g_build_filename(example->folder, "pictures", NULL);
    const char *sources[] = {pictures, NULL};
    g_autoptr(GHashTable) settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++)
        g_hash_table_insert(settings, g_strdup(parameters[i].key), g_strdup(parameters[i].value));
    LkNewProject draft = {.name = _("Lorikeet Mascot"),
                          .goal = "character",
                          .folder = example->folder,
                          .base_model = model,
                          .family = "SD 1.5",
                          .trigger_word = "lorimascot",
                          .sources = sources,
                          .settings = settings};
    LkProjectList *projects = lk_application_get_projects(LK_APPLICATION(g_task_get_source_object(task)));
    lk_project_list_create_async(projects, &draft, created_cb, g_steal_pointer(&task));
}

/* The example that was opened before, or NULL. */
static LkProject *find_example(LkProjectList *projects, const char *from)
{
    g_autofree char *model = g_build_filename(from, "base.safetensors", NULL);
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(projects)); i++) {
        g_autoptr(LkProject) project = g_list_model_get_item(G_LIST_MODEL(projects), i);
        if (g_str_equal(lk_project_get_base_model(project), model) &&
            g_str_equal(lk_project_get_trigger_word(project), "lorimascot"))
            return g_steal_pointer(&project);
    }
    return NULL;
}

void lk_example_open(LkApplication *application, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(application, NULL, callback, user_data);
    g_task_set_source_tag(task, lk_example_open);
    g_autofree char *from = lk_data_folder("demo");
    if (!from) {
        g_task_return_new_error(task, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s",
                                _("The example is not installed. Install Lorikeet's data files, or begin with "
                                  "pictures and a base model of your own."));
        return;
    }
    LkProject *known = find_example(lk_application_get_projects(application), from);
    if (known) {
        g_task_return_pointer(task, known, g_object_unref);
        return;
    }
    Example *example = g_new0(Example, 1);
    example->from = g_steal_pointer(&from);
    example->folder = lk_project_folder_for_name(lk_application_get_settings(application), _("Lorikeet Mascot"));
    g_task_set_task_data(task, example, example_free);
    g_autoptr(GTask) copy = g_task_new(application, NULL, copied_cb, g_object_ref(task));
    Example *copied = g_new0(Example, 1);
    *copied = (Example){g_strdup(example->from), g_strdup(example->folder)};
    g_task_set_task_data(copy, copied, example_free);
    g_task_run_in_thread(copy, copy_thread);
}

LkProject *lk_example_open_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
