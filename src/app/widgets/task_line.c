#include "app/widgets/task_line.h"

#include "app/application.h"

#include <glib/gi18n.h>

struct _LkTaskLine {
    AdwBin parent_instance;
    GtkWidget *button;
    GtkLabel *percent, *summary, *name;
    GtkProgressBar *bar;
    GSignalGroup *signals; /* of the current task */
};

G_DEFINE_FINAL_TYPE(LkTaskLine, lk_task_line, ADW_TYPE_BIN)

static LkTask *current(void)
{
    return lk_task_center_get_current(lk_application_get_tasks(lk_application_get()));
}

static void update(LkTaskLine *self)
{
    LkTask *task = current();
    gtk_widget_set_visible(GTK_WIDGET(self), task != NULL);
    if (!task)
        return;
    gint64 step = lk_task_get_step(task), steps = lk_task_get_steps(task);
    double part = steps ? CLAMP((double)step / (double)steps, 0, 1) : 0;
    g_autofree char *percent = g_strdup_printf(_("%.0f %%"), 100 * part);
    g_autofree char *summary = lk_task_make_summary(task);
    LkProject *project =
        lk_project_list_find(lk_application_get_projects(lk_application_get()), lk_task_get_project_id(task));
    gtk_label_set_label(self->percent, percent);
    gtk_label_set_label(self->summary, summary);
    gtk_label_set_label(self->name, project ? lk_project_get_name(project) : _("Training"));
    gtk_progress_bar_set_fraction(self->bar, part);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, summary, -1);
}

static void current_cb(LkTaskLine *self)
{
    g_signal_group_set_target(self->signals, current());
    update(self);
}

static void lk_task_line_dispose(GObject *object)
{
    g_clear_object(&LK_TASK_LINE(object)->signals);
    G_OBJECT_CLASS(lk_task_line_parent_class)->dispose(object);
}

static void lk_task_line_class_init(LkTaskLineClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_task_line_dispose;
}

static GtkLabel *make_label(const char *style, float align)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), align);
    gtk_label_set_ellipsize(GTK_LABEL(label), align == 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
    gtk_widget_add_css_class(label, style);
    gtk_widget_add_css_class(label, "numeric");
    return GTK_LABEL(label);
}

static void lk_task_line_init(LkTaskLine *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    self->name = make_label("heading", 0);
    self->percent = make_label("caption", 1);
    self->summary = make_label("caption", 0);
    gtk_widget_set_hexpand(GTK_WIDGET(self->name), TRUE);
    self->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Progress of the training"), -1);
    gtk_box_append(GTK_BOX(top), GTK_WIDGET(self->name));
    gtk_box_append(GTK_BOX(top), GTK_WIDGET(self->percent));
    gtk_box_append(GTK_BOX(box), top);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->bar));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->summary));
    gtk_widget_add_css_class(GTK_WIDGET(self->summary), "dimmed");
    self->button = gtk_button_new();
    gtk_button_set_child(GTK_BUTTON(self->button), box);
    gtk_widget_add_css_class(self->button, "flat");
    gtk_widget_add_css_class(self->button, "task-line");
    gtk_widget_set_tooltip_text(self->button, _("Show the Training"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(self->button), "win.show-training");
    adw_bin_set_child(ADW_BIN(self), self->button);
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "notify::summary", G_CALLBACK(update), self);
    g_signal_group_connect_swapped(self->signals, "notify::steps", G_CALLBACK(update), self);
    g_signal_connect_object(lk_application_get_tasks(lk_application_get()), "notify::current", G_CALLBACK(current_cb),
                            self, G_CONNECT_SWAPPED);
    current_cb(self);
}
