/* A task in words: how far it is, how long it takes, how it ended. */
#include "app/core/task.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

char *lk_say_duration(double seconds)
{
    int minutes = (int)lround(seconds / 60);
    if (minutes < 1)
        return g_strdup(_("less than a minute"));
    if (minutes < 60)
        return g_strdup_printf(_("%d min"), minutes);
    /* translators: hours and minutes */
    return g_strdup_printf(_("%d h %d min"), minutes / 60, minutes % 60);
}

char *lk_say_time(gint64 time)
{
    g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);
    /* translators: a day and a time of it, in the form of g_date_time_format: "26 Nov 2026, 14:38" */
    return g_date_time_format(then, _("%-d %b %Y, %H:%M"));
}

const char *lk_task_state_title(LkTaskState state)
{
    static const char *const words[LK_TASK_STATES] = {N_("Waiting"), N_("Preparing"), N_("Running"), N_("Paused"),
                                                      N_("Stopped"), N_("Finished"),  N_("Failed"),  N_("Interrupted")};
    return _(words[state]);
}

gboolean lk_task_can_continue(LkTask *self)
{
    LkTaskState state = lk_task_get_state(self);
    return state == LK_TASK_PAUSED || state == LK_TASK_STOPPED || state == LK_TASK_FAILED ||
           state == LK_TASK_INTERRUPTED;
}

char *lk_task_make_title(LkTask *self)
{
    return *lk_task_get_name(self) ? g_strdup(lk_task_get_name(self)) : lk_task_make_number_title(self);
}

char *lk_task_make_number_title(LkTask *self)
{
    return g_strdup_printf(_("Task %u"), lk_task_get_number(self));
}

static char *say_progress(LkTask *self)
{
    double left = -1;
    g_object_get(lk_task_get_run(self), "seconds-left", &left, NULL);
    g_autofree char *epoch = g_strdup_printf(_("Epoch %" PRId64 " of %" PRId64), MAX(lk_task_get_epoch(self), 1),
                                             MAX(lk_task_get_epochs(self), 1));
    if (left < 0)
        return g_steal_pointer(&epoch);
    g_autofree char *duration = lk_say_duration(left);
    /* translators: "Epoch 7 of 10 · 13 min left" */
    return g_strdup_printf(_("%s · %s left"), epoch, duration);
}

char *lk_task_make_summary(LkTask *self)
{
    gint64 step = lk_task_get_step(self);
    switch (lk_task_get_state(self)) {
    case LK_TASK_RUNNING:
        return lk_task_get_run(self) ? say_progress(self) : g_strdup(C_("state of a task", "Training"));
    case LK_TASK_PREPARING:
        return g_strdup(_("Preparing"));
    case LK_TASK_QUEUED:
        return g_strdup(_("Waiting"));
    case LK_TASK_PAUSED:
        return g_strdup_printf(_("Paused at step %" PRId64), step);
    case LK_TASK_FINISHED:
        return g_strdup_printf(_("Finished after %" PRId64 " steps"), step);
    case LK_TASK_FAILED:
        return g_strdup_printf(_("Failed at step %" PRId64), step);
    case LK_TASK_STOPPED:
        return g_strdup_printf(_("Stopped at step %" PRId64), step);
    default:
        return g_strdup_printf(_("Interrupted at step %" PRId64), step);
    }
}
