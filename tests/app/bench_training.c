/* Whether the window stays smooth while a training runs at full speed: how long the main loop is busy, with a model so
 * small that hundreds of steps come a second. Usage: bench_training MODEL PICTURES [SECONDS]. */
#include "app/application.h"
#include "app/shell/window.h"
#include "app/training/loss_chart.h"
#include "project/projects.h"
#include "project/tasks.h"
#include "tests/app/loop_times.h"
#include "tests/dataset/scratch.h"

typedef struct Run {
    GApplication *application;
    int seconds;
    gint64 begun; /* when the training was seen to run */
    gint64 steps; /* done then */
} Run;

static bool make_project(const char *folder, const char *model, const char *pictures)
{
    g_autofree char *path = g_build_filename(g_get_user_data_dir(), "lorikeet", "lorikeet.db", NULL);
    g_autofree char *out = g_build_filename(folder, "task-1", NULL), *root = g_canonicalize_filename(".", NULL);
    g_autofree char *weights = g_canonicalize_filename(model, root), *from = g_canonicalize_filename(pictures, root);
    g_autofree char *job = g_strdup_printf(
        "pretrained_model_name_or_path = '%s'\ntrain_data_dir = '%s'\nresolution = '64,64'\nenable_bucket = false\n"
        "mixed_precision = 'no'\nnetwork_dim = 4\nlearning_rate = 1e-4\nmax_train_steps = 1000000\n"
        "output_dir = '%s'\noutput_name = 'fast'\n",
        weights, from, out);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkStore) store = lk_store_open(path, &error);
    gint64 project = store ? lk_projects_create(store, "Fast", "style", folder, &error) : 0;
    LkTaskRecord draft = {.project = project,
                          .name = (char *)"",
                          .job = job,
                          .output_dir = out,
                          .output_name = (char *)"fast",
                          .device = (char *)"cpu",
                          .steps = 1000000,
                          .epochs = 1};
    g_mkdir_with_parents(out, 0700);
    bool good = project && lk_tasks_create(store, &draft, &error);
    if (error)
        g_printerr("%s\n", error->message);
    return good;
}

static bool open_training(Run *run)
{
    LkApplication *application = LK_APPLICATION(run->application);
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(application));
    LkTaskCenter *tasks = lk_application_get_tasks(application);
    g_autoptr(LkProject) project = g_list_model_get_item(G_LIST_MODEL(lk_application_get_projects(application)), 0);
    if (!window || !gtk_widget_get_mapped(GTK_WIDGET(window)) || !project || !lk_task_center_get_held(tasks))
        return false;
    lk_window_open_project(LK_WINDOW(window), project, "training");
    lk_task_center_set_held(tasks, FALSE);
    return true;
}

static gboolean watch_cb(gpointer data)
{
    Run *run = data;
    LkTaskCenter *tasks = lk_application_get_tasks(LK_APPLICATION(run->application));
    LkTask *task = lk_task_center_get_current(tasks);
    if (!task) {
        open_training(run);
    } else if (!run->begun && lk_task_get_step(task) > 100) {
        loop_times_report("opening, the first 100 steps");
        run->begun = g_get_monotonic_time();
        run->steps = lk_task_get_step(task);
    } else if (run->begun && g_get_monotonic_time() - run->begun > run->seconds * G_USEC_PER_SEC) {
        double taken = (double)(g_get_monotonic_time() - run->begun) / G_USEC_PER_SEC;
        gint64 steps = lk_task_get_step(task) - run->steps;
        double late = loop_times_report("training");
        g_print("%.0f steps a second\n", (double)steps / taken);
        g_print("%s: 99 of 100 turns compute at most %.1f ms (16 are one frame)\n", late < 16 ? "smooth" : "NOT SMOOTH",
                late);
        lk_run_stop_discard(lk_task_get_run(task));
        g_application_quit(run->application);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        g_printerr("usage: %s MODEL PICTURES [SECONDS]\n", argv[0]);
        return 2;
    }
    g_autofree char *folder = scratch_new();
    g_autofree char *data = g_build_filename(folder, "data", NULL), *cache = g_build_filename(folder, "cache", NULL);
    g_setenv("XDG_DATA_HOME", data, TRUE);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    int status = 1;
    if (make_project(folder, argv[1], argv[2])) {
        loop_times_begin();
        Run run = {.application = G_APPLICATION(lk_application_new()),
                   .seconds = argc > 3 ? (int)g_ascii_strtoll(argv[3], NULL, 10) : 20};
        g_timeout_add(50, watch_cb, &run);
        status = g_application_run(run.application, 1, argv);
        g_object_unref(run.application);
    }
    scratch_remove(folder);
    return status;
}
