#include "app/results/measure.h"

#include "training/device.h"
#include "training/held_out.h"

#include <glib/gi18n.h>
#include <math.h>

typedef struct Measure {
    LkTask *task; /* used on the main thread alone */
    char *pictures, *device;
    LkJob *job;
    GPtrArray *paths; /* char *: of checkpoints not measured yet */
    LkMeasured measured;
    gpointer data;
    GCancellable *cancellable;
} Measure;

static void measure_free(gpointer data)
{
    Measure *measure = data;
    g_object_unref(measure->task);
    g_free(measure->pictures);
    g_free(measure->device);
    lk_job_free(measure->job);
    g_ptr_array_unref(measure->paths);
    g_clear_object(&measure->cancellable);
    g_free(measure);
}

/* One figure on its way to the main thread. */
typedef struct Figure {
    GTask *answer;
    char *path;
    double loss;
} Figure;

static gboolean tell_cb(gpointer data)
{
    Figure *figure = data;
    Measure *measure = g_task_get_task_data(figure->answer);
    if (!g_cancellable_is_cancelled(measure->cancellable)) {
        lk_task_set_held_out(measure->task, figure->path, figure->loss);
        measure->measured(measure->task, measure->data);
    }
    return G_SOURCE_REMOVE;
}

static void figure_free(gpointer data)
{
    Figure *figure = data;
    g_object_unref(figure->answer);
    g_free(figure->path);
    g_free(figure);
}

static bool should_stop(void *context)
{
    return g_cancellable_is_cancelled(context);
}

static void measure_thread(GTask *answer, gpointer source, gpointer data, GCancellable *cancellable)
{
    Measure *measure = data;
    GError *error = NULL;
    LkDeviceChoice device;
    bool good = lk_device_choose(measure->device, &device, &error);
    LkTrainerEvents events = {.context = cancellable, .should_stop = should_stop};
    for (guint i = 0; good && i < measure->paths->len; i++) {
        LkHeldOut what = {.job = measure->job,
                          .pictures = measure->pictures,
                          .lora = measure->paths->pdata[i],
                          .api = device.api,
                          .device_index = device.index};
        double loss = NAN;
        good = lk_held_out_loss(&what, &events, &loss, &error);
        if (!good)
            break;
        Figure *figure = g_new0(Figure, 1);
        *figure = (Figure){g_object_ref(answer), g_strdup(what.lora), loss};
        g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, tell_cb, figure, figure_free);
    }
    if (good)
        g_task_return_boolean(answer, TRUE);
    else
        g_task_return_error(answer, error);
}

void lk_measure_checkpoints(LkTask *task, const char *pictures, LkMeasured measured, gpointer measured_data,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) answer = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(answer, lk_measure_checkpoints);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job =
        lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL, problems);
    if (!job) {
        g_task_return_new_error(answer, LK_ERROR, LK_ERROR_USAGE, "%s",
                                _("The settings of this task cannot be read any more."));
        return;
    }
    Measure *measure = g_new0(Measure, 1);
    *measure = (Measure){.task = g_object_ref(task),
                         .pictures = g_strdup(pictures),
                         .device = g_strdup(lk_task_get_device(task)),
                         .job = job,
                         .paths = g_ptr_array_new_with_free_func(g_free),
                         .measured = measured,
                         .data = measured_data,
                         .cancellable = cancellable ? g_object_ref(cancellable) : NULL};
    const GPtrArray *checkpoints = lk_task_get_checkpoints(task);
    for (guint i = 0; i < checkpoints->len; i++) {
        const LkTaskCheckpoint *checkpoint = checkpoints->pdata[i];
        if (g_file_test(checkpoint->path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(measure->paths, g_strdup(checkpoint->path));
    }
    g_task_set_task_data(answer, measure, measure_free);
    g_task_run_in_thread(answer, measure_thread);
}

gboolean lk_measure_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
