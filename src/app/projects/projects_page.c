#include "app/projects/projects_page.h"

#include "app/application.h"
#include "app/page.h"
#include "app/projects/project_card.h"
#include "app/widgets/device_line.h"

#include <glib/gi18n.h>

struct _LkProjectsPage {
    AdwNavigationPage parent_instance;
    GtkStack *stack;
    GtkGridView *grid;
    GtkButton *new_button;
    GtkToggleButton *search_button;
    GtkSearchBar *search_bar;
    GtkSearchEntry *search_entry;
    AdwBanner *device_banner;
    AdwStatusPage *first_page;
    LkProjectList *projects;
    GtkFilterListModel *shown;
    GtkCustomFilter *filter;
    char *words; /* case-folded; what is searched for */
};

G_DEFINE_FINAL_TYPE(LkProjectsPage, lk_projects_page, ADW_TYPE_NAVIGATION_PAGE)

enum { SIGNAL_OPEN_PROJECT, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- what is shown ----------------------------------------------------------------------------------- */

static gboolean text_has(const char *text, const char *words)
{
    g_autofree char *folded = g_utf8_casefold(text, -1);
    return strstr(folded, words) != NULL;
}

static gboolean match(gpointer item, gpointer data)
{
    LkProjectsPage *self = data;
    if (!self->words || !*self->words)
        return TRUE;
    LkProject *project = item;
    return text_has(lk_project_get_name(project), self->words) ||
           text_has(lk_project_get_trigger_word(project), self->words) ||
           text_has(lk_project_get_family(project), self->words) ||
           text_has(lk_project_get_base_model(project), self->words);
}

static void update(LkProjectsPage *self)
{
    guint all = g_list_model_get_n_items(G_LIST_MODEL(self->projects));
    guint shown = g_list_model_get_n_items(G_LIST_MODEL(self->shown));
    bool loaded = lk_project_list_get_loaded(self->projects);
    gtk_stack_set_visible_child_name(self->stack, !loaded ? "loading" : !all ? "first" : !shown ? "none" : "list");
    /* The first page has its own blue button in the middle. */
    gtk_widget_set_visible(GTK_WIDGET(self->new_button), all > 0);
    gtk_widget_set_visible(GTK_WIDGET(self->search_button), all > 0);
}

static void search_changed_cb(LkProjectsPage *self)
{
    g_free(self->words);
    self->words = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(self->search_entry)), -1);
    gtk_filter_changed(GTK_FILTER(self->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

static void activate_cb(LkProjectsPage *self, guint position)
{
    g_autoptr(LkProject) project = g_list_model_get_item(G_LIST_MODEL(self->shown), position);
    if (project)
        g_signal_emit(self, signals[SIGNAL_OPEN_PROJECT], 0, project);
}

/* The banner is for those who expect a GPU: it shows on the first page only. */
static void update_banner(LkProjectsPage *self)
{
    LkDeviceStatus *device = lk_application_get_device(lk_application_get());
    bool first = g_list_model_get_n_items(G_LIST_MODEL(self->projects)) == 0;
    adw_banner_set_revealed(self->device_banner,
                            first && lk_device_status_get_checked(device) && !lk_device_status_get_gpu(device));
}

/* ---- cards ------------------------------------------------------------------------------------------- */

static void setup_cb(LkProjectsPage *self, GtkListItem *item)
{
    gtk_list_item_set_child(item, lk_project_card_new());
}

static void bind_cb(LkProjectsPage *self, GtkListItem *item)
{
    LkProject *project = gtk_list_item_get_item(item);
    lk_project_card_set_project(LK_PROJECT_CARD(gtk_list_item_get_child(item)), project);
    gtk_list_item_set_accessible_label(item, lk_project_get_name(project));
}

static void unbind_cb(LkProjectsPage *self, GtkListItem *item)
{
    lk_project_card_set_project(LK_PROJECT_CARD(gtk_list_item_get_child(item)), NULL);
}

static GtkListItemFactory *make_factory(LkProjectsPage *self)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect_object(factory, "setup", G_CALLBACK(setup_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(factory, "bind", G_CALLBACK(bind_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(factory, "unbind", G_CALLBACK(unbind_cb), self, G_CONNECT_SWAPPED);
    return factory;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_projects_page_dispose(GObject *object)
{
    LkProjectsPage *self = LK_PROJECTS_PAGE(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PROJECTS_PAGE);
    g_clear_object(&self->shown);
    g_clear_object(&self->projects);
    g_clear_pointer(&self->words, g_free);
    G_OBJECT_CLASS(lk_projects_page_parent_class)->dispose(object);
}

/* In a low window, or with large text, the buttons of the first page are seen without scrolling. */
static void low_cb(LkProjectsPage *self)
{
    gtk_widget_add_css_class(GTK_WIDGET(self->first_page), "compact");
}

static void high_cb(LkProjectsPage *self)
{
    gtk_widget_remove_css_class(GTK_WIDGET(self->first_page), "compact");
}

static void lk_projects_page_class_init(LkProjectsPageClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_projects_page_dispose;
    signals[SIGNAL_OPEN_PROJECT] = g_signal_new("open-project", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                                NULL, NULL, G_TYPE_NONE, 1, LK_TYPE_PROJECT);
    g_type_ensure(LK_TYPE_DEVICE_LINE);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/projects-projects_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, stack);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, grid);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, new_button);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, search_button);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, search_bar);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, search_entry);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, device_banner);
    gtk_widget_class_bind_template_child(widget_class, LkProjectsPage, first_page);
    gtk_widget_class_bind_template_callback(widget_class, low_cb);
    gtk_widget_class_bind_template_callback(widget_class, high_cb);
    gtk_widget_class_bind_template_callback(widget_class, search_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, activate_cb);
}

static void lk_projects_page_init(LkProjectsPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    LkApplication *application = lk_application_get();
    self->projects = g_object_ref(lk_application_get_projects(application));
    self->filter = gtk_custom_filter_new(match, self, NULL);
    self->shown = gtk_filter_list_model_new(G_LIST_MODEL(g_object_ref(self->projects)), GTK_FILTER(self->filter));
    g_autoptr(GtkListItemFactory) factory = make_factory(self);
    gtk_grid_view_set_factory(self->grid, factory);
    g_autoptr(GtkNoSelection) model = gtk_no_selection_new(G_LIST_MODEL(g_object_ref(self->shown)));
    gtk_grid_view_set_model(self->grid, GTK_SELECTION_MODEL(model));
    gtk_search_bar_connect_entry(self->search_bar, GTK_EDITABLE(self->search_entry));
    g_signal_connect_object(self->shown, "items-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->projects, "items-changed", G_CALLBACK(update_banner), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->projects, "notify::loaded", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_application_get_device(application), "notify::checked", G_CALLBACK(update_banner), self,
                            G_CONNECT_SWAPPED);
    update(self);
    update_banner(self);
}
