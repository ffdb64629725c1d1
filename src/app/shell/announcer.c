#include "app/shell/announcer.h"

#include <glib/gi18n.h>

struct _LkAnnouncer {
    GObject parent_instance;
    GtkApplication *application; /* borrowed */
    LkTaskCenter *tasks;         /* borrowed */
    GSignalGroup *signals;       /* of the current task */
    LkTaskState state;           /* that was told last */
    gint64 quarter;              /* of the way, that was told last */
};

G_DEFINE_FINAL_TYPE(LkAnnouncer, lk_announcer, G_TYPE_OBJECT)

static void say(LkAnnouncer *self, LkTask *task, const char *words, GtkAccessibleAnnouncementPriority priority)
{
    GtkWindow *window = gtk_application_get_active_window(self->application);
    if (!window)
        return;
    g_autofree char *title = lk_task_make_title(task);
    g_autofree char *text = g_strdup_printf(_("%s: %s"), title, words);
    gtk_accessible_announce(GTK_ACCESSIBLE(window), text, priority);
}

static gint64 quarter_of(LkTask *task)
{
    gint64 steps = lk_task_get_steps(task);
    return steps > 0 ? 4 * lk_task_get_step(task) / steps : 0;
}

/* What ends it is told by ended_cb, with its reason. */
static void state_cb(LkAnnouncer *self)
{
    LkTask *task = lk_task_center_get_current(self->tasks);
    LkTaskState state = task ? lk_task_get_state(task) : LK_TASK_STATES;
    if (!task || state == self->state)
        return;
    self->state = state;
    if (lk_task_state_is_active(state) || state == LK_TASK_PAUSED)
        say(self, task, lk_task_state_title(state), GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void step_cb(LkAnnouncer *self)
{
    LkTask *task = lk_task_center_get_current(self->tasks);
    gint64 quarter = task ? quarter_of(task) : 0;
    if (!task || quarter <= self->quarter || quarter >= 4)
        return;
    self->quarter = quarter;
    g_autofree char *summary = lk_task_make_summary(task);
    g_autofree char *words = g_strdup_printf(_("%d %%, %s"), (int)quarter * 25, summary);
    say(self, task, words, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_LOW);
}

static void current_cb(LkAnnouncer *self)
{
    LkTask *task = lk_task_center_get_current(self->tasks);
    self->state = LK_TASK_STATES;
    self->quarter = task ? quarter_of(task) : 0; /* one that goes on has told of the way behind it */
    g_signal_group_set_target(self->signals, task);
    state_cb(self);
}

static void ended_cb(LkAnnouncer *self, LkTask *task)
{
    gboolean failed = lk_task_get_state(task) == LK_TASK_FAILED;
    g_autofree char *summary = lk_task_make_summary(task);
    const char *error = failed ? lk_task_get_error(task) : NULL;
    g_autofree char *words = error ? g_strdup_printf(_("%s. %s"), summary, error) : g_strdup(summary);
    say(self, task, words,
        failed ? GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH : GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

LkAnnouncer *lk_announcer_new(GtkApplication *application, LkTaskCenter *tasks)
{
    LkAnnouncer *self = g_object_new(LK_TYPE_ANNOUNCER, NULL);
    self->application = application;
    self->tasks = tasks;
    g_signal_connect_object(tasks, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(tasks, "ended", G_CALLBACK(ended_cb), self, G_CONNECT_SWAPPED);
    current_cb(self);
    return self;
}

static void lk_announcer_dispose(GObject *object)
{
    g_clear_object(&LK_ANNOUNCER(object)->signals);
    G_OBJECT_CLASS(lk_announcer_parent_class)->dispose(object);
}

static void lk_announcer_class_init(LkAnnouncerClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_announcer_dispose;
}

static void lk_announcer_init(LkAnnouncer *self)
{
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "notify::state", G_CALLBACK(state_cb), self);
    g_signal_group_connect_swapped(self->signals, "notify::step", G_CALLBACK(step_cb), self);
}
