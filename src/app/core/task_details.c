#include "app/core/task_details.h"

static void log_line_clear(gpointer data)
{
    g_free(((LkTaskLogLine *)data)->text);
}

LkTaskDetails *lk_task_details_new(void)
{
    LkTaskDetails *details = g_new0(LkTaskDetails, 1);
    details->metrics = g_array_new(FALSE, FALSE, sizeof(LkTaskMetric));
    details->validations = g_array_new(FALSE, FALSE, sizeof(LkTaskValidation));
    details->log = g_array_new(FALSE, FALSE, sizeof(LkTaskLogLine));
    g_array_set_clear_func(details->log, log_line_clear);
    details->samples = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_sample_free);
    details->checkpoints = g_ptr_array_new_with_free_func((GDestroyNotify)lk_task_checkpoint_free);
    return details;
}

void lk_task_details_free(LkTaskDetails *details)
{
    if (!details)
        return;
    g_clear_pointer(&details->metrics, g_array_unref);
    g_clear_pointer(&details->validations, g_array_unref);
    g_clear_pointer(&details->log, g_array_unref);
    g_clear_pointer(&details->samples, g_ptr_array_unref);
    g_clear_pointer(&details->checkpoints, g_ptr_array_unref);
    g_free(details);
}

LkTaskDetails *lk_task_details_read(LkStore *store, gint64 task, GError **error)
{
    g_autoptr(LkTaskDetails) details = g_new0(LkTaskDetails, 1);
    if ((details->metrics = lk_task_metrics_read(store, task, 0, error)) &&
        (details->validations = lk_task_validations_read(store, task, error)) &&
        (details->log = lk_task_log_read(store, task, 0, error)) &&
        (details->samples = lk_task_samples_list(store, task, error)) &&
        (details->checkpoints = lk_task_checkpoints_list(store, task, error)))
        return g_steal_pointer(&details);
    return NULL;
}

guint lk_task_details_cut_metrics(LkTaskDetails *details, gint64 first_step)
{
    GArray *list = details->metrics;
    while (list->len && g_array_index(list, LkTaskMetric, list->len - 1).step >= first_step)
        g_array_set_size(list, list->len - 1);
    return list->len;
}

guint lk_task_details_cut_validations(LkTaskDetails *details, gint64 first_step)
{
    GArray *list = details->validations;
    while (list->len && g_array_index(list, LkTaskValidation, list->len - 1).step >= first_step)
        g_array_set_size(list, list->len - 1);
    return list->len;
}

/* The longer list of two: whoever wrote them flushed before the store was read, so that what was read is complete but
 * for what came in since. */
static void take_list(GPtrArray **mine, GPtrArray **read)
{
    if ((*read)->len < (*mine)->len)
        return;
    GPtrArray *old = *mine;
    *mine = *read;
    *read = old;
}

static void swap_arrays(GArray **mine, GArray **read)
{
    GArray *old = *mine;
    *mine = *read;
    *read = old;
}

void lk_task_details_take(LkTaskDetails *details, LkTaskDetails *read)
{
    swap_arrays(&details->metrics, &read->metrics);
    if (read->metrics->len) {
        lk_task_details_cut_metrics(details, g_array_index(read->metrics, LkTaskMetric, 0).step);
        g_array_append_vals(details->metrics, read->metrics->data, read->metrics->len);
    }
    swap_arrays(&details->validations, &read->validations);
    if (read->validations->len) {
        lk_task_details_cut_validations(details, g_array_index(read->validations, LkTaskValidation, 0).step);
        g_array_append_vals(details->validations, read->validations->data, read->validations->len);
    }
    if (read->log->len >= details->log->len)
        swap_arrays(&details->log, &read->log);
    take_list(&details->samples, &read->samples);
    take_list(&details->checkpoints, &read->checkpoints);
    lk_task_details_free(read);
}
