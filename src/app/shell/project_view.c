#include "app/shell/project_view.h"

#include "app/application.h"
#include "app/dataset/dataset_page.h"
#include "app/parameters/parameters_page.h"
#include "app/results/results_page.h"
#include "app/tasks/queue_button.h"
#include "app/tasks/tasks_page.h"
#include "app/test/test_page.h"
#include "app/training/training_page.h"
#include "app/widgets/cover.h"
#include "app/widgets/device_line.h"
#include "app/widgets/task_line.h"

#include <glib/gi18n.h>

/* The steps of a project, in the order in which a person takes them. */
static const struct {
    const char *name, *title, *icon;
    GType (*type)(void);
} steps[] = {
    {"dataset", N_("Dataset"), "image-x-generic-symbolic", lk_dataset_page_get_type},
    {"parameters", N_("Parameters"), "preferences-other-symbolic", lk_parameters_page_get_type},
    {"training", N_("Training"), "power-profile-performance-symbolic", lk_training_page_get_type},
    {"test", N_("Test"), "applications-science-symbolic", lk_test_page_get_type},
    {"results", N_("Results"), "starred-symbolic", lk_results_page_get_type},
    {"tasks", N_("Tasks"), "view-list-symbolic", lk_tasks_page_get_type},
};

struct _LkProjectView {
    AdwNavigationPage parent_instance;
    LkProject *project;
    AdwNavigationSplitView *split;
    GtkListBox *list;
    LkCover *cover;
    AdwNavigationPage *pages[G_N_ELEMENTS(steps)]; /* made when first shown */
};

G_DEFINE_FINAL_TYPE(LkProjectView, lk_project_view, ADW_TYPE_NAVIGATION_PAGE)

enum { PROP_PROJECT = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

LkProjectView *lk_project_view_new(LkProject *project)
{
    return g_object_new(LK_TYPE_PROJECT_VIEW, "project", project, NULL);
}

LkProject *lk_project_view_get_project(LkProjectView *self)
{
    return self->project;
}

static AdwNavigationPage *page_at(LkProjectView *self, guint index)
{
    if (!self->pages[index])
        self->pages[index] = g_object_ref_sink(g_object_new(steps[index].type(), "project", self->project, "title",
                                                            _(steps[index].title), "tag", steps[index].name, NULL));
    return self->pages[index];
}

/* So that the page's keys work at once. It can take the focus only when it has its place. */
static gboolean focus_idle_cb(gpointer page)
{
    if (gtk_widget_get_mapped(page) && !gtk_widget_get_focus_child(page))
        gtk_widget_child_focus(page, GTK_DIR_TAB_FORWARD);
    return G_SOURCE_REMOVE;
}

/* In a narrow window a page that is replaced while it is shown keeps the mark that it is to be removed when it is left,
 * and would be missing the next time. So it is left first. */
static void set_content(LkProjectView *self, AdwNavigationPage *page)
{
    if (adw_navigation_split_view_get_content(self->split) == page)
        return;
    if (adw_navigation_split_view_get_collapsed(self->split))
        adw_navigation_split_view_set_show_content(self->split, FALSE);
    adw_navigation_split_view_set_content(self->split, page);
}

static void show_index(LkProjectView *self, guint index)
{
    AdwNavigationPage *page = page_at(self, index);
    set_content(self, page);
    adw_navigation_split_view_set_show_content(self->split, TRUE);
    GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->list, (int)index);
    if (row != gtk_list_box_get_selected_row(self->list))
        gtk_list_box_select_row(self->list, row);
    if (gtk_widget_get_mapped(GTK_WIDGET(self)))
        g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, focus_idle_cb, g_object_ref(page), g_object_unref);
}

void lk_project_view_show_page(LkProjectView *self, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        if (g_str_equal(steps[i].name, name))
            show_index(self, i);
}

void lk_project_view_add_files(LkProjectView *self, const char *const *paths)
{
    show_index(self, 0);
    lk_dataset_page_add_files(LK_DATASET_PAGE(self->pages[0]), paths);
}

void lk_project_view_import(LkProjectView *self, const char *path)
{
    lk_project_view_show_page(self, "parameters");
    AdwNavigationPage *page = adw_navigation_split_view_get_content(self->split);
    if (LK_IS_PARAMETERS_PAGE(page))
        lk_parameters_page_import(LK_PARAMETERS_PAGE(page), path);
}

/* The page of that name, made if need be, with the task on it. */
void lk_project_view_show_task(LkProjectView *self, const char *name, LkTask *task)
{
    lk_project_view_show_page(self, name);
    AdwNavigationPage *page = adw_navigation_split_view_get_content(self->split);
    if (LK_IS_TRAINING_PAGE(page))
        lk_training_page_set_task(LK_TRAINING_PAGE(page), task);
    else if (LK_IS_RESULTS_PAGE(page))
        lk_results_page_set_task(LK_RESULTS_PAGE(page), task);
    else if (LK_IS_TASKS_PAGE(page))
        lk_tasks_page_show_task(LK_TASKS_PAGE(page), task);
    else if (LK_IS_PARAMETERS_PAGE(page))
        lk_parameters_page_take_task(LK_PARAMETERS_PAGE(page), task);
}

static void show_task_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const char *page;
    gint64 id;
    g_variant_get(parameter, "(&sx)", &page, &id);
    LkTask *task = lk_task_center_find(lk_application_get_tasks(lk_application_get()), id);
    if (task)
        lk_project_view_show_task(LK_PROJECT_VIEW(widget), page, task);
}

static void train_with_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    gint64 id;
    g_autoptr(GVariantIter) iter = NULL;
    g_variant_get(parameter, "(xa{ss})", &id, &iter);
    LkTask *task = lk_task_center_find(lk_application_get_tasks(lk_application_get()), id);
    g_autoptr(GHashTable) changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    char *key, *value;
    while (g_variant_iter_next(iter, "{ss}", &key, &value))
        g_hash_table_insert(changes, key, value);
    LkProjectView *self = LK_PROJECT_VIEW(widget);
    lk_project_view_show_page(self, "parameters");
    AdwNavigationPage *page = adw_navigation_split_view_get_content(self->split);
    if (task && LK_IS_PARAMETERS_PAGE(page))
        lk_parameters_page_train_with(LK_PARAMETERS_PAGE(page), task, changes);
}

static void row_activated_cb(LkProjectView *self, GtkListBoxRow *row)
{
    show_index(self, (guint)gtk_list_box_row_get_index(row));
}

/* For the template: an empty text takes no room. */
static gboolean has_text(LkProjectView *self, const char *text)
{
    return text && *text;
}

static GtkWidget *make_row(const char *title, const char *icon)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name(icon));
    GtkWidget *label = gtk_label_new(title);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_box_append(GTK_BOX(box), label);
    GtkWidget *row = gtk_list_box_row_new();
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
    return row;
}

/* The number of pictures beside "Dataset". */
static gboolean count_to_label(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
    guint count = g_value_get_uint(from);
    g_value_take_string(to, count ? g_strdup_printf("%'u", count) : g_strdup(""));
    return TRUE;
}

static void add_count(LkProjectView *self, GtkListBoxRow *row)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_widget_add_css_class(label, "dimmed");
    gtk_widget_add_css_class(label, "numeric");
    gtk_box_append(GTK_BOX(gtk_list_box_row_get_child(row)), label);
    g_object_bind_property_full(self->project, "n-pictures", label, "label", G_BINDING_SYNC_CREATE, count_to_label,
                                NULL, NULL, NULL);
}

static void lk_project_view_constructed(GObject *object)
{
    LkProjectView *self = LK_PROJECT_VIEW(object);
    G_OBJECT_CLASS(lk_project_view_parent_class)->constructed(object);
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        gtk_list_box_append(self->list, make_row(_(steps[i].title), steps[i].icon));
    add_count(self, gtk_list_box_get_row_at_index(self->list, 0));
    g_object_bind_property(self->project, "cover", self->cover, "path", G_BINDING_SYNC_CREATE);
    show_index(self, 0);
}

static void lk_project_view_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PROJECT)
        g_value_set_object(value, LK_PROJECT_VIEW(object)->project);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_project_view_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PROJECT)
        LK_PROJECT_VIEW(object)->project = g_value_dup_object(value);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_project_view_dispose(GObject *object)
{
    LkProjectView *self = LK_PROJECT_VIEW(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PROJECT_VIEW);
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        g_clear_object(&self->pages[i]);
    g_clear_object(&self->project);
    G_OBJECT_CLASS(lk_project_view_parent_class)->dispose(object);
}

static void lk_project_view_class_init(LkProjectViewClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->constructed = lk_project_view_constructed;
    object_class->get_property = lk_project_view_get_property;
    object_class->set_property = lk_project_view_set_property;
    object_class->dispose = lk_project_view_dispose;
    properties[PROP_PROJECT] = g_param_spec_object("project", NULL, NULL, LK_TYPE_PROJECT,
                                                   G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_COVER);
    g_type_ensure(LK_TYPE_DEVICE_LINE);
    g_type_ensure(LK_TYPE_TASK_LINE);
    g_type_ensure(LK_TYPE_QUEUE_BUTTON);
    gtk_widget_class_install_action(widget_class, "project.show-task", "(sx)", show_task_action);
    gtk_widget_class_install_action(widget_class, "project.train-with", "(xa{ss})", train_with_action);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/shell-project_view.ui");
    gtk_widget_class_bind_template_child(widget_class, LkProjectView, split);
    gtk_widget_class_bind_template_child(widget_class, LkProjectView, list);
    gtk_widget_class_bind_template_child(widget_class, LkProjectView, cover);
    gtk_widget_class_bind_template_callback(widget_class, row_activated_cb);
    gtk_widget_class_bind_template_callback(widget_class, has_text);
}

static void lk_project_view_init(LkProjectView *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
