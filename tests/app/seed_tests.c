/* A project as a person has it after a training: SEED_STORE STORE FOLDER MODEL LORA makes the store with one project,
 * whose task has three checkpoints (copies of LORA), and a second task with the same names. With PICTURES a third task
 * waits in the queue, or as many as WAITING says. */
#include "project/outputs.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/tasks.h"

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>

#define NAME "Rainbow-Lorikeet"

static bool copy(const char *from, const char *to, GError **error)
{
    g_autoptr(GFile) source = g_file_new_for_path(from), target = g_file_new_for_path(to);
    return g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

static bool add_checkpoint(LkStore *store, gint64 task, const char *folder, const char *lora, int epoch, GError **error)
{
    g_autofree char *path = epoch < 3 ? g_strdup_printf("%s/" NAME "-%06d.safetensors", folder, epoch)
                                      : g_strdup_printf("%s/" NAME ".safetensors", folder);
    LkTaskCheckpoint checkpoint = {
        .task = task, .path = path, .step = 120 * epoch, .epoch = epoch, .loss = 0.1, .held_out_loss = NAN};
    return copy(lora, path, error) && lk_task_checkpoints_add(store, &checkpoint, error);
}

static gint64 add_task(LkStore *store, gint64 project, const char *folder, const char *job, GError **error)
{
    LkTaskRecord draft = {.project = project,
                          .name = (char *)"",
                          .job = (char *)job,
                          .job_path = NULL,
                          .output_dir = (char *)folder,
                          .output_name = (char *)NAME,
                          .device = (char *)"cpu",
                          .steps = 360,
                          .epochs = 3};
    return g_mkdir_with_parents(folder, 0777) == 0 ? lk_tasks_create(store, &draft, error) : 0;
}

/* A job of small pictures, so long that no machine comes to its end before it is paused or stopped. */
static char *make_job(const char *folder, const char *model, const char *pictures, const char *rate)
{
    return g_strdup_printf("pretrained_model_name_or_path = '%s'\ntrain_data_dir = '%s'\nresolution = '64,64'\n"
                           "enable_bucket = false\nmixed_precision = 'no'\nnetwork_module = 'networks.lora'\n"
                           "network_dim = 4\nnetwork_alpha = 2\nlearning_rate = %s\nmax_train_steps = 50000000\n"
                           "output_dir = '%s'\noutput_name = '" NAME "'\n",
                           model, pictures, rate, folder);
}

static bool add_finished(LkStore *store, gint64 project, char **args, int number, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/task-%d", args[2], number);
    g_autofree char *job = make_job(folder, args[3], args[5] ? args[5] : folder, "2e-4");
    gint64 task = add_task(store, project, folder, job, error);
    bool good = task && lk_tasks_set_length(store, task, 360, 3, error) &&
                lk_tasks_set_progress(store, task, 360, 3, 60, error);
    for (int epoch = 1; good && epoch <= 3; epoch++)
        good = add_checkpoint(store, task, folder, args[4], epoch, error);
    return good && lk_tasks_set_state(store, task, LK_TASK_FINISHED, NULL, error);
}

static bool add_waiting(LkStore *store, gint64 project, char **args, int number, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/task-%d", args[2], number);
    g_autofree char *job = make_job(folder, args[3], args[5], "1e-4");
    return add_task(store, project, folder, job, error) != 0;
}

static bool add_all_waiting(LkStore *store, gint64 project, char **args, GError **error)
{
    int count = !args[5] ? 0 : args[6] ? (int)strtol(args[6], NULL, 10) : 1;
    for (int i = 0; i < count; i++)
        if (!add_waiting(store, project, args, 3 + i, error))
            return false;
    return true;
}

static bool seed(LkStore *store, char **args, GError **error)
{
    gint64 project = lk_projects_create(store, "Rainbow Lorikeet", "character", args[2], error);
    return project && lk_projects_set(store, project, LK_PROJECT_BASE_MODEL, args[3], error) &&
           lk_projects_set(store, project, LK_PROJECT_FAMILY, "SD 1.5", error) &&
           lk_projects_set(store, project, LK_PROJECT_TRIGGER_WORD, "rlk_bird", error) &&
           lk_settings_set(store, project, "resolution", "64,64", error) &&
           lk_settings_set(store, project, "mixed_precision", "no", error) &&
           add_finished(store, project, args, 1, error) && add_finished(store, project, args, 2, error) &&
           add_all_waiting(store, project, args, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 5) {
        g_printerr("usage: %s STORE FOLDER MODEL LORA [PICTURES [WAITING]]\n", argv[0]);
        return 2;
    }
    g_autoptr(LkStore) store = lk_store_open(argv[1], &error);
    if (store && seed(store, argv, &error))
        return 0;
    g_printerr("%s\n", error ? error->message : "a folder could not be made");
    return 1;
}
