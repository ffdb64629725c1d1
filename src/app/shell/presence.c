#include "app/shell/presence.h"

#include <glib/gi18n.h>

struct _LkPresence {
    GObject parent_instance;
    GtkApplication *application; /* borrowed */
    LkTaskCenter *tasks;
    GSignalGroup *signals; /* of the current task */
    guint inhibited;       /* cookie; 0: not */
};

G_DEFINE_FINAL_TYPE(LkPresence, lk_presence, G_TYPE_OBJECT)

static LkTask *current(LkPresence *self)
{
    return lk_task_center_get_current(self->tasks);
}

gboolean lk_presence_is_training(LkPresence *self)
{
    LkTask *task = current(self);
    return task && lk_task_state_is_active(lk_task_get_state(task));
}

static void keep_awake(LkPresence *self, gboolean awake)
{
    if (awake && !self->inhibited)
        self->inhibited = gtk_application_inhibit(
            self->application, gtk_application_get_active_window(self->application),
            GTK_APPLICATION_INHIBIT_SUSPEND | GTK_APPLICATION_INHIBIT_LOGOUT, _("A LoRA is being trained"));
    if (!awake && self->inhibited) {
        gtk_application_uninhibit(self->application, self->inhibited);
        self->inhibited = 0;
    }
}

static void show_title(LkPresence *self)
{
    LkTask *task = current(self);
    gint64 steps = task ? lk_task_get_steps(task) : 0;
    g_autofree char *title =
        steps && lk_presence_is_training(self)
            ? g_strdup_printf(_("%.0f %% – Lorikeet"), 100.0 * (double)lk_task_get_step(task) / (double)steps)
            : g_strdup("Lorikeet");
    for (GList *l = gtk_application_get_windows(self->application); l; l = l->next)
        if (g_strcmp0(gtk_window_get_title(l->data), title) != 0)
            gtk_window_set_title(l->data, title);
}

static void update(LkPresence *self)
{
    keep_awake(self, lk_presence_is_training(self));
    show_title(self);
}

static void current_cb(LkPresence *self)
{
    g_signal_group_set_target(self->signals, current(self));
    update(self);
}

/* A person who looks at the window sees it anyway; the desktop hides what is for the active window. */
static void ended_cb(LkPresence *self, LkTask *task)
{
    LkTaskState state = lk_task_get_state(task);
    if (state != LK_TASK_FINISHED && state != LK_TASK_FAILED)
        return;
    gboolean good = state == LK_TASK_FINISHED;
    g_autoptr(GNotification) notification =
        g_notification_new(good ? _("The training is finished") : _("The training failed"));
    g_autofree char *title = lk_task_make_title(task);
    g_autofree char *summary = lk_task_make_summary(task);
    const char *error = lk_task_get_error(task);
    g_autofree char *body = g_strdup_printf(_("%s: %s"), title, good || !error ? summary : error);
    g_notification_set_body(notification, body);
    g_notification_set_priority(notification, good ? G_NOTIFICATION_PRIORITY_NORMAL : G_NOTIFICATION_PRIORITY_HIGH);
    g_notification_set_default_action_and_target(notification, "app.show-task", "x", lk_task_get_id(task));
    g_notification_add_button_with_target(notification, good ? _("Show Results") : _("Show What Happened"),
                                          "app.show-task", "x", lk_task_get_id(task));
    g_application_send_notification(G_APPLICATION(self->application), "task-ended", notification);
    update(self);
}

LkPresence *lk_presence_new(GtkApplication *application, LkTaskCenter *tasks)
{
    LkPresence *self = g_object_new(LK_TYPE_PRESENCE, NULL);
    self->application = application;
    self->tasks = g_object_ref(tasks);
    g_signal_connect_object(tasks, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(tasks, "ended", G_CALLBACK(ended_cb), self, G_CONNECT_SWAPPED);
    current_cb(self);
    return self;
}

static void lk_presence_dispose(GObject *object)
{
    LkPresence *self = LK_PRESENCE(object);
    if (self->application)
        keep_awake(self, FALSE);
    g_clear_object(&self->signals);
    g_clear_object(&self->tasks);
    G_OBJECT_CLASS(lk_presence_parent_class)->dispose(object);
}

static void lk_presence_class_init(LkPresenceClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_presence_dispose;
}

static void lk_presence_init(LkPresence *self)
{
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "notify::state", G_CALLBACK(update), self);
    g_signal_group_connect_swapped(self->signals, "notify::step", G_CALLBACK(show_title), self);
}
