#include "app/tasks/tasks_page.h"

#include "app/application.h"
#include "app/tasks/task_page.h"
#include "app/tasks/task_row.h"

#include <glib/gi18n.h>

struct _LkTasksPage {
    LkPage parent_instance;
    AdwNavigationView *navigation;
    GtkStack *stack;
    GtkListBox *list;
    GListModel *tasks; /* of the project, newest first */
};

G_DEFINE_FINAL_TYPE(LkTasksPage, lk_tasks_page, LK_TYPE_PAGE)

void lk_tasks_page_show_task(LkTasksPage *self, LkTask *task)
{
    adw_navigation_view_pop_to_tag(self->navigation, "list");
    adw_navigation_view_push(self->navigation, lk_task_page_new(lk_page_get_project(LK_PAGE(self)), task));
}

static void activated_cb(LkTasksPage *self, GtkListBoxRow *row)
{
    lk_tasks_page_show_task(self, lk_task_row_get_task(LK_TASK_ROW(row)));
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static GtkWidget *make_row(gpointer item, gpointer data)
{
    return lk_task_row_new(item);
}

/* The page of a task that is deleted goes with it. */
static void removed_cb(LkTasksPage *self, LkTask *task)
{
    AdwNavigationPage *shown = adw_navigation_view_find_page(self->navigation, "task");
    if (shown && lk_task_page_get_task(LK_TASK_PAGE(shown)) == task)
        adw_navigation_view_pop_to_tag(self->navigation, "list");
}

static void count_cb(LkTasksPage *self)
{
    gboolean any = g_list_model_get_n_items(self->tasks) > 0;
    gtk_stack_set_visible_child_name(self->stack, any ? "list" : "empty");
}

static GtkWidget *make_list(LkTasksPage *self)
{
    GtkWidget *page = adw_preferences_page_new(), *group = adw_preferences_group_new();
    self->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_widget_add_css_class(GTK_WIDGET(self->list), "boxed-list");
    gtk_list_box_set_selection_mode(self->list, GTK_SELECTION_NONE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Tasks of This Project"), -1);
    g_signal_connect_object(self->list, "row-activated", G_CALLBACK(activated_cb), self, G_CONNECT_SWAPPED);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), GTK_WIDGET(self->list));
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
    return page;
}

static GtkWidget *make_empty(void)
{
    GtkWidget *status = adw_status_page_new(), *button = gtk_button_new_with_label(_("Go to Parameters"));
    adw_status_page_set_icon_name(ADW_STATUS_PAGE(status), "view-list-symbolic");
    adw_status_page_set_title(ADW_STATUS_PAGE(status), _("No Task Yet"));
    adw_status_page_set_description(ADW_STATUS_PAGE(status),
                                    _("Every training is kept here with its settings, log, checkpoints and samples."));
    gtk_widget_set_halign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "pill");
    gtk_widget_add_css_class(button, "suggested-action");
    gtk_actionable_set_detailed_action_name(GTK_ACTIONABLE(button), "win.show-page::parameters");
    adw_status_page_set_child(ADW_STATUS_PAGE(status), button);
    return status;
}

static GtkWidget *make_header(void)
{
    GtkWidget *header = adw_header_bar_new(), *queue = gtk_button_new_with_mnemonic(_("_Queue"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(queue), "win.show-queue");
    adw_header_bar_pack_end(ADW_HEADER_BAR(header), queue);
    return header;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_tasks_page_constructed(GObject *object)
{
    LkTasksPage *self = LK_TASKS_PAGE(object);
    G_OBJECT_CLASS(lk_tasks_page_parent_class)->constructed(object);
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    self->tasks = lk_task_center_list(center, lk_project_get_id(lk_page_get_project(LK_PAGE(self))));
    gtk_list_box_bind_model(self->list, self->tasks, make_row, NULL, NULL);
    g_signal_connect_object(self->tasks, "items-changed", G_CALLBACK(count_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    count_cb(self);
}

static void lk_tasks_page_dispose(GObject *object)
{
    g_clear_object(&LK_TASKS_PAGE(object)->tasks);
    G_OBJECT_CLASS(lk_tasks_page_parent_class)->dispose(object);
}

static void lk_tasks_page_class_init(LkTasksPageClass *klass)
{
    G_OBJECT_CLASS(klass)->constructed = lk_tasks_page_constructed;
    G_OBJECT_CLASS(klass)->dispose = lk_tasks_page_dispose;
}

static void lk_tasks_page_init(LkTasksPage *self)
{
    GtkWidget *view = adw_toolbar_view_new();
    self->stack = GTK_STACK(gtk_stack_new());
    gtk_stack_add_named(self->stack, make_empty(), "empty");
    gtk_stack_add_named(self->stack, make_list(self), "list");
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), make_header());
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), GTK_WIDGET(self->stack));
    self->navigation = ADW_NAVIGATION_VIEW(adw_navigation_view_new());
    adw_navigation_view_add(self->navigation, adw_navigation_page_new_with_tag(view, _("Tasks"), "list"));
    adw_navigation_page_set_child(ADW_NAVIGATION_PAGE(self), GTK_WIDGET(self->navigation));
}
