#include "app/dataset/dataset_page.h"

#include "app/application.h"
#include "app/dataset/dataset_tools.h"
#include "app/dataset/filter_field.h"
#include "app/dataset/import_row.h"
#include "app/dataset/import_told.h"
#include "app/dataset/leave_out.h"
#include "app/dataset/picture_chooser.h"
#include "app/dataset/picture_grid.h"
#include "app/dataset/picture_order.h"
#include "app/dataset/undo_toast.h"
#include "app/dataset/view_memory.h"
#include "app/dataset/viewer_page.h"
#include "app/widgets/drop_area.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>

struct _LkDatasetPage {
    LkPage parent_instance;
    AdwToastOverlay *toasts, *pane_toasts;
    AdwNavigationView *navigation;
    LkDropArea *drop_area;
    AdwOverlaySplitView *split;
    AdwWindowTitle *title_widget;
    GtkWidget *add_button, *undo_button, *redo_button, *pane_button, *continue_button, *pane_continue_button;
    GtkWidget *filter_row;
    LkFilterField *filter_field;
    GtkMenuButton *sort_button;
    GtkAdjustment *zoom_adjustment;
    AdwBanner *banner;
    LkImportRow *import_row;
    GtkStack *stack;
    LkPictureGrid *grid;
    AdwBin *bulk, *pane;
    LkPictureList *list;
    LkDatasetView *view;
    LkPictureLoader *loader;
    LkDatasetTools *tools;
    LkViewMemory *memory;
    AdwToast *added_toast; /* of the last time; a weak pointer */
    gboolean pane_wanted;  /* where there is room for it */
    gboolean narrow;
};

G_DEFINE_FINAL_TYPE(LkDatasetPage, lk_dataset_page, LK_TYPE_PAGE)

enum { PROP_SORT = 1, PROP_DIRECTION, PROP_PANE, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

LkDatasetView *lk_dataset_page_get_view(LkDatasetPage *self)
{
    return self->view;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static AdwToastOverlay *lk_dataset_page_get_toasts(LkPage *page)
{
    LkDatasetPage *self = LK_DATASET_PAGE(page);
    AdwNavigationPage *viewer = adw_navigation_view_get_visible_page(self->navigation);
    if (LK_IS_VIEWER_PAGE(viewer))
        return lk_viewer_page_get_toasts(LK_VIEWER_PAGE(viewer));
    gboolean covered =
        adw_overlay_split_view_get_collapsed(self->split) && adw_overlay_split_view_get_show_sidebar(self->split);
    return covered ? self->pane_toasts : self->toasts;
}

static void toast(LkDatasetPage *self, const char *text)
{
    lk_page_toast(GTK_WIDGET(self), text, NULL, NULL, NULL);
}

/* ---- pictures in ------------------------------------------------------------------------------------------------- */

static void added_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkDatasetPage) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkImportSummary) summary = lk_picture_list_add_finish(LK_PICTURE_LIST(source), result, &error);
    if (!self->view)
        return; /* the page is closed */
    if (self->added_toast)
        adw_toast_dismiss(self->added_toast);
    g_set_weak_pointer(&self->added_toast,
                       lk_import_tell(GTK_WIDGET(self), lk_page_toasts(GTK_WIDGET(self)), self->list, summary, error));
}

void lk_dataset_page_add_files(LkDatasetPage *self, const char *const *paths)
{
    lk_picture_list_add_paths(self->list, paths, added_cb, g_object_ref(self));
}

static void chosen_cb(gpointer data, const char *const *paths)
{
    if (LK_DATASET_PAGE(data)->view)
        lk_dataset_page_add_files(data, paths);
}

static void texture_cb(LkDatasetPage *self, GdkTexture *texture)
{
    lk_picture_list_add_texture(self->list, texture, added_cb, g_object_ref(self));
}

/* ---- what the page looks like ------------------------------------------------------------------------------------ */

static void update_title(LkDatasetPage *self, guint all, guint shown)
{
    g_autofree char *text = NULL;
    if (all == 0)
        text = g_strdup(_("No pictures yet"));
    else if (shown == all)
        text = g_strdup_printf(ngettext("%'u picture", "%'u pictures", all), all);
    else if (self->narrow)
        /* translators: how many pictures of how many are shown */
        text = g_strdup_printf(_("%'u of %'u"), shown, all);
    else
        text = g_strdup_printf(ngettext("%'u of %'u picture", "%'u of %'u pictures", all), shown, all);
    adw_window_title_set_subtitle(self->title_widget, text);
}

/* What needs attention, where nothing more urgent stands in its place. */
static void update_banner(LkDatasetPage *self)
{
    const char *summary = lk_picture_list_get_summary(self->list);
    gboolean any = summary && *summary && lk_dataset_view_get_unfiltered(self->view);
    guint count = lk_picture_list_get_n_problems(self->list);
    g_autofree char *brief =
        g_strdup_printf(ngettext("%'u picture needs attention", "%'u pictures need attention", count), count);
    if (any)
        adw_banner_set_title(self->banner, self->narrow && count ? brief : summary);
    adw_banner_set_button_label(self->banner, count ? _("_Review") : NULL);
    adw_banner_set_revealed(self->banner, any && !lk_import_row_get_revealed(self->import_row));
}

static const char *state_name(LkDatasetPage *self, guint all, guint shown)
{
    gboolean busy = !lk_picture_list_get_loaded(self->list) || lk_picture_list_get_busy(self->list);
    if (all == 0)
        return busy ? "loading" : "empty";
    return shown == 0 && !gtk_filter_list_model_get_pending(lk_dataset_view_get_filtered(self->view)) ? "none" : "grid";
}

/* A page without pictures has nothing but the way to add some. */
static void update_state(LkDatasetPage *self)
{
    guint all = g_list_model_get_n_items(G_LIST_MODEL(self->list)), shown = lk_dataset_view_get_n_shown(self->view);
    gboolean changed = gtk_widget_get_visible(self->filter_row) != (all > 0);
    gtk_stack_set_visible_child_name(self->stack, state_name(self, all, shown));
    GtkWidget *with_pictures[] = {self->add_button,  self->undo_button,
                                  self->redo_button, self->pane_button,
                                  self->filter_row,  adw_overlay_split_view_get_sidebar(self->split)};
    for (gsize i = 0; i < G_N_ELEMENTS(with_pictures); i++)
        gtk_widget_set_visible(with_pictures[i], all > 0);
    if (changed && !adw_overlay_split_view_get_collapsed(self->split))
        adw_overlay_split_view_set_show_sidebar(self->split, all > 0 && self->pane_wanted);
    update_title(self, all, shown);
    update_banner(self);
}

/* The blue button is at the end of the page's header: over the pane where that is beside the grid. */
static void update_continue(LkDatasetPage *self)
{
    gboolean beside =
        !adw_overlay_split_view_get_collapsed(self->split) && adw_overlay_split_view_get_show_sidebar(self->split);
    gboolean any = g_list_model_get_n_items(G_LIST_MODEL(self->list)) > 0;
    gboolean another = self->tools && lk_dataset_tools_get_bulk_open(self->tools);
    gtk_widget_set_visible(self->continue_button, any && !beside && !another);
    gtk_widget_set_visible(self->pane_continue_button, !another);
}

static void pane_changed_cb(LkDatasetPage *self)
{
    if (!adw_overlay_split_view_get_collapsed(self->split) && g_list_model_get_n_items(G_LIST_MODEL(self->list)) > 0)
        self->pane_wanted = adw_overlay_split_view_get_show_sidebar(self->split);
    update_continue(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PANE]);
}

static void close_pane_cb(LkDatasetPage *self)
{
    adw_overlay_split_view_set_show_sidebar(self->split, FALSE);
}

static void items_changed_cb(LkDatasetPage *self)
{
    update_state(self);
    update_continue(self);
}

static void history_changed_cb(LkDatasetPage *self)
{
    GtkWidget *widget = GTK_WIDGET(self);
    gtk_widget_action_set_enabled(widget, "dataset.undo", lk_picture_list_get_can_undo(self->list));
    gtk_widget_action_set_enabled(widget, "dataset.redo", lk_picture_list_get_can_redo(self->list));
    const char *undo = lk_picture_list_get_undo_label(self->list), *redo = lk_picture_list_get_redo_label(self->list);
    /* translators: the change that is taken back or made again, such as "Leave Out 3 Pictures" */
    g_autofree char *undo_text = undo ? g_strdup_printf(_("Undo “%s”"), undo) : g_strdup(_("Undo"));
    g_autofree char *redo_text = redo ? g_strdup_printf(_("Redo “%s”"), redo) : g_strdup(_("Redo"));
    gtk_widget_set_tooltip_text(self->undo_button, undo_text);
    gtk_widget_set_tooltip_text(self->redo_button, redo_text);
}

static void narrow_cb(LkDatasetPage *self)
{
    self->narrow = TRUE;
    lk_dataset_tools_set_narrow(self->tools, TRUE);
    update_state(self);
    update_continue(self);
}

static void wide_cb(LkDatasetPage *self)
{
    self->narrow = FALSE;
    lk_dataset_tools_set_narrow(self->tools, FALSE);
    update_state(self);
    update_continue(self);
}

/* ---- filter ------------------------------------------------------------------------------------------------------ */

static void filter_left_cb(LkDatasetPage *self)
{
    lk_picture_grid_go_to_current(self->grid, FALSE);
}

static void filter_changed_cb(LkDatasetPage *self)
{
    const char *text = lk_dataset_view_get_filter_text(self->view);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "dataset.clear-filter", *text != 0);
    update_state(self);
}

/* ---- the viewer -------------------------------------------------------------------------------------------------- */

static void open_cb(LkDatasetPage *self)
{
    if (!lk_dataset_view_get_current(self->view) || adw_navigation_view_find_page(self->navigation, "viewer"))
        return;
    LkViewerPage *viewer =
        lk_viewer_page_new(self->view, lk_application_get_thumbnails(lk_application_get()), self->loader);
    lk_dataset_tools_add_viewer(self->tools, viewer);
    adw_navigation_view_push(self->navigation, ADW_NAVIGATION_PAGE(viewer));
}

static void viewer_popped_cb(LkDatasetPage *self)
{
    lk_picture_grid_go_to_current(self->grid, TRUE);
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static void add_pictures_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_chooser_pictures(widget, chosen_cb);
}

static void add_folder_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_chooser_folders(widget, chosen_cb);
}

static void add_paths_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_autofree const char **paths = g_variant_get_bytestring_array(parameter, NULL);
    lk_dataset_page_add_files(LK_DATASET_PAGE(widget), paths);
}

static void paste_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_drop_area_paste(LK_DATASET_PAGE(widget)->drop_area);
}

static void cancel_import_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_list_cancel(LK_DATASET_PAGE(widget)->list);
}

static void undo_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_list_undo(LK_DATASET_PAGE(widget)->list);
}

static void redo_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_list_redo(LK_DATASET_PAGE(widget)->list);
}

static void select_all_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    gtk_selection_model_select_all(GTK_SELECTION_MODEL(lk_dataset_view_get_selection(LK_DATASET_PAGE(widget)->view)));
}

static void leave_out_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkDatasetPage *self = LK_DATASET_PAGE(widget);
    g_autoptr(GPtrArray) chosen = lk_dataset_view_get_chosen(self->view);
    g_autofree char *text = lk_leave_out_toggle(self->list, chosen);
    if (text)
        lk_undo_toast(widget, self->list, 1, text);
}

static void open_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    open_cb(LK_DATASET_PAGE(widget));
}

static void next_without_caption_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkDatasetPage *self = LK_DATASET_PAGE(widget);
    guint position = lk_dataset_view_next_without_caption(self->view);
    if (position == GTK_INVALID_LIST_POSITION) {
        toast(self, _("Every picture that is shown has a caption"));
        return;
    }
    lk_dataset_view_set_current_position(self->view, position);
    if (!adw_navigation_view_find_page(self->navigation, "viewer"))
        lk_picture_grid_go_to_current(self->grid, TRUE);
}

static void review_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    gtk_widget_activate_action(widget, "tools.check", NULL);
}

static void clear_filter_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_dataset_view_set_filter_text(LK_DATASET_PAGE(widget)->view, "");
}

static void focus_filter_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_filter_field_focus(LK_DATASET_PAGE(widget)->filter_field);
}

static void zoom_in_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureGrid *grid = LK_DATASET_PAGE(widget)->grid;
    lk_picture_grid_set_zoom(grid, lk_picture_grid_get_zoom(grid) + 1);
}

static void zoom_out_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureGrid *grid = LK_DATASET_PAGE(widget)->grid;
    lk_picture_grid_set_zoom(grid, lk_picture_grid_get_zoom(grid) - 1);
}

static const struct {
    const char *name;
    GtkWidgetActionActivateFunc activate;
} actions[] = {
    {"dataset.add-pictures", add_pictures_action},
    {"dataset.add-folder", add_folder_action},
    {"dataset.paste", paste_action},
    {"dataset.cancel-import", cancel_import_action},
    {"dataset.undo", undo_action},
    {"dataset.redo", redo_action},
    {"dataset.select-all", select_all_action},
    {"dataset.leave-out", leave_out_action},
    {"dataset.open", open_action},
    {"dataset.next-without-caption", next_without_caption_action},
    {"dataset.review", review_action},
    {"dataset.clear-filter", clear_filter_action},
    {"dataset.focus-filter", focus_filter_action},
    {"dataset.zoom-in", zoom_in_action},
    {"dataset.zoom-out", zoom_out_action},
};

static const LkShortcut shortcuts[] = {
    {"<Control>z", "dataset.undo"},
    {"<Control><Shift>z|<Control>y", "dataset.redo"},
    {"<Control>v", "dataset.paste"},
    {"<Control>a", "dataset.select-all"},
    {"<Control>j", "dataset.next-without-caption"},
    {"<Control>l|<Control>f", "dataset.focus-filter"},
    {"<Control>plus|<Control>equal|<Control>KP_Add", "dataset.zoom-in"},
    {"<Control>minus|<Control>KP_Subtract", "dataset.zoom-out"},
    {"F9", "dataset.pane"},
};

static GMenuModel *make_sort_menu(void)
{
    GMenu *menu = g_menu_new();
    g_autoptr(GMenu) keys = g_menu_new(), directions = g_menu_new();
    gsize count;
    const LkPictureOrder *orders = lk_picture_orders(&count);
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GMenuItem) item = g_menu_item_new(_(orders[i].title), NULL);
        g_menu_item_set_action_and_target(item, "dataset.sort", "s", orders[i].name);
        g_menu_append_item(keys, item);
    }
    g_menu_append(directions, _("_Ascending"), "dataset.direction::ascending");
    g_menu_append(directions, _("D_escending"), "dataset.direction::descending");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(keys));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(directions));
    return G_MENU_MODEL(menu);
}

/* ---- GObject ----------------------------------------------------------------------------------------------------- */

static void failed_cb(LkDatasetPage *self, const GError *error)
{
    toast(self, error->message);
}

static void watch_list(LkDatasetPage *self)
{
    GObject *list = G_OBJECT(self->list);
    static const char *const history[] = {"notify::can-undo", "notify::can-redo", "notify::undo-label",
                                          "notify::redo-label"};
    static const char *const state[] = {"notify::loaded", "notify::busy", "items-changed"};
    for (gsize i = 0; i < G_N_ELEMENTS(history); i++)
        g_signal_connect_object(list, history[i], G_CALLBACK(history_changed_cb), self, G_CONNECT_SWAPPED);
    for (gsize i = 0; i < G_N_ELEMENTS(state); i++)
        g_signal_connect_object(list, state[i], G_CALLBACK(items_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "notify::summary", G_CALLBACK(update_banner), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "failed", G_CALLBACK(failed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "conflict", G_CALLBACK(toast), self, G_CONNECT_SWAPPED);
}

/* Who has scrolled meanwhile stays there. */
static void came_back_cb(LkDatasetPage *self)
{
    if (lk_picture_grid_get_at_start(self->grid))
        lk_picture_grid_go_to_current(self->grid, FALSE);
}

static void watch_view(LkDatasetPage *self)
{
    g_signal_connect_object(self->view, "notify::n-shown", G_CALLBACK(update_state), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->view, "notify::filter-text", G_CALLBACK(filter_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_dataset_view_get_filtered(self->view), "notify::pending", G_CALLBACK(update_state), self,
                            G_CONNECT_SWAPPED);
}

static void lk_dataset_page_constructed(GObject *object)
{
    LkDatasetPage *self = LK_DATASET_PAGE(object);
    G_OBJECT_CLASS(lk_dataset_page_parent_class)->constructed(object);
    LkApplication *application = lk_application_get();
    self->list = lk_picture_list_get(lk_page_get_project(LK_PAGE(self)));
    self->view = lk_dataset_view_new(self->list);
    lk_import_row_set_list(self->import_row, self->list);
    lk_picture_grid_set_view(self->grid, self->view, lk_application_get_thumbnails(application));
    g_object_bind_property(self->grid, "zoom", self->zoom_adjustment, "value",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    GSettings *settings = lk_application_get_settings(application);
    if (settings)
        g_settings_bind(settings, "dataset-zoom", self->grid, "zoom", G_SETTINGS_BIND_DEFAULT);
    lk_filter_field_set_view(self->filter_field, self->view);
    self->tools = lk_dataset_tools_new(GTK_WIDGET(self), self->view, lk_application_get_thumbnails(application),
                                       self->pane, self->bulk);
    g_signal_connect_object(self->tools, "notify::bulk-open", G_CALLBACK(update_continue), self, G_CONNECT_SWAPPED);
    watch_list(self);
    watch_view(self);
    self->memory = lk_view_memory_new(self->view);
    g_signal_connect_object(self->memory, "came-back", G_CALLBACK(came_back_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->import_row, "notify::revealed", G_CALLBACK(update_banner), self, G_CONNECT_SWAPPED);
    filter_changed_cb(self);
    history_changed_cb(self);
    items_changed_cb(self);
}

static void lk_dataset_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkDatasetPage *self = LK_DATASET_PAGE(object);
    if (id == PROP_PANE)
        g_value_set_boolean(value, self->split && adw_overlay_split_view_get_show_sidebar(self->split));
    else if ((id == PROP_SORT || id == PROP_DIRECTION) && self->view)
        g_object_get_property(G_OBJECT(self->view), pspec->name, value);
    else if (id != PROP_SORT && id != PROP_DIRECTION)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_dataset_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkDatasetPage *self = LK_DATASET_PAGE(object);
    if (id == PROP_PANE)
        adw_overlay_split_view_set_show_sidebar(self->split, g_value_get_boolean(value));
    else if (id == PROP_SORT || id == PROP_DIRECTION)
        g_object_set_property(G_OBJECT(self->view), pspec->name, value);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_dataset_page_dispose(GObject *object)
{
    LkDatasetPage *self = LK_DATASET_PAGE(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_DATASET_PAGE);
    g_clear_object(&self->tools);
    if (self->memory) /* it keeps what is now; an answer of the store may hold it a little longer */
        g_object_run_dispose(G_OBJECT(self->memory));
    g_clear_object(&self->memory);
    g_clear_object(&self->view);
    g_clear_object(&self->list);
    g_clear_object(&self->loader);
    g_clear_weak_pointer(&self->added_toast);
    G_OBJECT_CLASS(lk_dataset_page_parent_class)->dispose(object);
}

static void bind_template(GtkWidgetClass *widget_class)
{
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-dataset_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, pane_toasts);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, navigation);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, drop_area);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, split);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, title_widget);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, add_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, undo_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, redo_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, pane_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, continue_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, pane_continue_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, filter_row);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, filter_field);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, sort_button);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, zoom_adjustment);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, banner);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, import_row);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, stack);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, grid);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, bulk);
    gtk_widget_class_bind_template_child(widget_class, LkDatasetPage, pane);
    gtk_widget_class_bind_template_callback(widget_class, filter_left_cb);
    gtk_widget_class_bind_template_callback(widget_class, open_cb);
    gtk_widget_class_bind_template_callback(widget_class, viewer_popped_cb);
    gtk_widget_class_bind_template_callback(widget_class, pane_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, close_pane_cb);
    gtk_widget_class_bind_template_callback(widget_class, narrow_cb);
    gtk_widget_class_bind_template_callback(widget_class, wide_cb);
    gtk_widget_class_bind_template_callback(widget_class, lk_dataset_page_add_files);
    gtk_widget_class_bind_template_callback(widget_class, texture_cb);
    gtk_widget_class_bind_template_callback(widget_class, toast);
}

static void lk_dataset_page_class_init(LkDatasetPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->constructed = lk_dataset_page_constructed;
    object_class->get_property = lk_dataset_page_get_property;
    object_class->set_property = lk_dataset_page_set_property;
    object_class->dispose = lk_dataset_page_dispose;
    LK_PAGE_CLASS(klass)->get_toasts = lk_dataset_page_get_toasts;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_SORT] = g_param_spec_string("sort", NULL, NULL, "name", flags);
    properties[PROP_DIRECTION] = g_param_spec_string("direction", NULL, NULL, "ascending", flags);
    properties[PROP_PANE] = g_param_spec_boolean("pane", NULL, NULL, TRUE, flags | G_PARAM_EXPLICIT_NOTIFY);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_DROP_AREA);
    g_type_ensure(LK_TYPE_FILTER_FIELD);
    g_type_ensure(LK_TYPE_IMPORT_ROW);
    g_type_ensure(LK_TYPE_PICTURE_GRID);
    bind_template(widget_class);
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].activate);
    gtk_widget_class_install_action(widget_class, "dataset.add-paths", "aay", add_paths_action);
    gtk_widget_class_install_property_action(widget_class, "dataset.sort", "sort");
    gtk_widget_class_install_property_action(widget_class, "dataset.direction", "direction");
    gtk_widget_class_install_property_action(widget_class, "dataset.pane", "pane");
}

static void lk_dataset_page_init(LkDatasetPage *self)
{
    self->pane_wanted = TRUE;
    gtk_widget_init_template(GTK_WIDGET(self));
    self->loader = lk_picture_loader_new();
    g_autoptr(GMenuModel) menu = make_sort_menu();
    gtk_menu_button_set_menu_model(self->sort_button, menu);
    lk_shortcuts_add(GTK_WIDGET(self), shortcuts, G_N_ELEMENTS(shortcuts), LK_SHORTCUTS_ANYWHERE);
}
