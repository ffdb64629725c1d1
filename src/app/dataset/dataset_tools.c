#include "app/dataset/dataset_tools.h"

#include "app/dataset/bulk_bar.h"
#include "app/dataset/caption_panel.h"
#include "app/dataset/dataset_pane.h"
#include "app/dataset/doctor_dialog.h"
#include "app/dataset/sources_dialog.h"
#include "app/dataset/undo_toast.h"
#include "app/page.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>

enum { VIEWER_LINES = 2 };

struct _LkDatasetTools {
    GObject parent_instance;
    GtkWidget *page; /* not owned */
    LkDatasetView *view;
    LkPictureList *list;
    LkDatasetPane *pane;
    LkBulkBar *bar;
    LkCaptionPanel *viewer_panel; /* a weak pointer */
    GSimpleActionGroup *actions;
    GtkWindow *window; /* a weak pointer */
};

G_DEFINE_FINAL_TYPE(LkDatasetTools, lk_dataset_tools, G_TYPE_OBJECT)

enum { PROP_BULK_OPEN = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

gboolean lk_dataset_tools_get_bulk_open(LkDatasetTools *self)
{
    return lk_bulk_bar_get_open(self->bar);
}

void lk_dataset_tools_set_narrow(LkDatasetTools *self, gboolean narrow)
{
    g_object_set(self->bar, "narrow", narrow, NULL);
}

/* ---- the viewer -------------------------------------------------------------------------------------- */

static void viewer_current_cb(LkCaptionPanel *panel, GParamSpec *pspec, LkDatasetView *view)
{
    lk_caption_panel_set_picture(panel, lk_dataset_view_get_list(view), lk_dataset_view_get_current(view));
}

void lk_dataset_tools_add_viewer(LkDatasetTools *self, LkViewerPage *viewer)
{
    GtkWidget *panel = lk_caption_panel_new(VIEWER_LINES);
    g_object_set(panel, "margin-top", 6, "margin-bottom", 18, NULL);
    g_set_weak_pointer(&self->viewer_panel, LK_CAPTION_PANEL(panel));
    g_signal_connect_object(self->view, "notify::current", G_CALLBACK(viewer_current_cb), panel, G_CONNECT_SWAPPED);
    viewer_current_cb(self->viewer_panel, NULL, self->view);
    adw_bin_set_child(lk_viewer_page_get_caption(viewer), panel);
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static void edit_caption_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkDatasetTools *self = data;
    if (self->viewer_panel) {
        lk_caption_panel_edit(self->viewer_panel);
        return;
    }
    g_object_set(self->page, "pane", TRUE, NULL);
    lk_dataset_pane_edit_caption(self->pane);
}

static void add_tag_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkDatasetTools *self = data;
    if (self->viewer_panel) {
        lk_caption_panel_add_tag(self->viewer_panel);
        return;
    }
    g_object_set(self->page, "pane", TRUE, NULL);
    lk_dataset_pane_add_tag(self->pane);
}

static void edit_shown_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    GActionGroup *bulk = lk_bulk_bar_get_actions(LK_DATASET_TOOLS(data)->bar);
    g_action_group_activate_action(bulk, "all", NULL);
}

static void check_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkDatasetTools *self = data;
    adw_dialog_present(lk_doctor_dialog_new(self->view, self->page), self->page);
}

static void sources_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkDatasetTools *self = data;
    adw_dialog_present(lk_sources_dialog_new(self->list, self->page), self->page);
}

static void retry_saving_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_picture_list_retry_saving(LK_DATASET_TOOLS(data)->list);
}

static void replace_trigger_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkDatasetTools *self = data;
    const char *old, *with;
    g_variant_get(parameter, "(&s&s)", &old, &with);
    const guint n = lk_picture_list_replace_trigger(self->list, old, with);
    g_autofree char *text =
        g_strdup_printf(ngettext("Trigger word changed in %'u caption", "Trigger word changed in %'u captions", n), n);
    lk_undo_toast(GTK_WIDGET(self->bar), self->list, n, text);
}

static const GActionEntry entries[] = {
    {.name = "edit-caption", .activate = edit_caption_cb},
    {.name = "add-tag", .activate = add_tag_cb},
    {.name = "edit-shown", .activate = edit_shown_cb},
    {.name = "check", .activate = check_cb},
    {.name = "sources", .activate = sources_cb},
    {.name = "retry-saving", .activate = retry_saving_cb},
    {.name = "replace-trigger", .activate = replace_trigger_cb, .parameter_type = "(ss)"},
};

static const LkShortcut shortcuts[] = {
    {"F2", "tools.edit-caption"},       {"<Control>t", "tools.add-tag"},     {"<Control>e", "tools.edit-shown"},
    {"<Control><Shift>c", "bulk.copy"}, {"<Control><Shift>v", "bulk.paste"},
};

static void update_enabled(LkDatasetTools *self)
{
    static const char *const with_pictures[] = {"edit-caption", "add-tag", "edit-shown", "check"};
    const gboolean any = lk_dataset_view_get_n_shown(self->view) > 0;
    for (gsize i = 0; i < G_N_ELEMENTS(with_pictures); i++) {
        GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), with_pictures[i]);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(action), any);
    }
}

/* ---- what the list says ------------------------------------------------------------------------------ */

static void save_failed_cb(LkDatasetTools *self, const char *text)
{
    lk_page_toast(GTK_WIDGET(self->bar), text, _("_Try Again"), "tools.retry-saving", NULL);
}

static void trigger_changed_cb(LkDatasetTools *self, const char *old, const char *with, guint n)
{
    if (n == 0)
        return;
    g_autofree char *text = g_strdup_printf(
        ngettext("%'u caption has the old trigger word “%s”", "%'u captions have the old trigger word “%s”", n), n,
        old);
    lk_page_toast(GTK_WIDGET(self->bar), text, *with ? _("_Replace") : _("_Remove"), "tools.replace-trigger",
                  g_variant_new("(ss)", old, with));
}

/* ---- the pane over the pictures ---------------------------------------------------------------------- */

/* Where there is room for one of them only, Escape goes back from the pane to the pictures. */
static gboolean split_key_cb(LkDatasetTools *self, guint key, guint code, GdkModifierType modifiers,
                             GtkEventController *controller)
{
    AdwOverlaySplitView *split = ADW_OVERLAY_SPLIT_VIEW(gtk_event_controller_get_widget(controller));
    if (key != GDK_KEY_Escape || !adw_overlay_split_view_get_collapsed(split) ||
        !adw_overlay_split_view_get_show_sidebar(split))
        return GDK_EVENT_PROPAGATE;
    g_object_set(self->page, "pane", FALSE, NULL);
    return GDK_EVENT_STOP;
}

static void watch_split(LkDatasetTools *self)
{
    GtkWidget *split = gtk_widget_get_ancestor(GTK_WIDGET(self->pane), ADW_TYPE_OVERLAY_SPLIT_VIEW);
    if (!split)
        return;
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_object(keys, "key-pressed", G_CALLBACK(split_key_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(split, keys);
}

/* ---- other programs ---------------------------------------------------------------------------------- */

/* Coming back from another program is when its changes should show. */
static void active_cb(LkDatasetTools *self, GParamSpec *pspec, GtkWindow *window)
{
    if (gtk_window_is_active(window) && gtk_widget_get_mapped(self->page))
        lk_picture_list_refresh(self->list);
}

static void root_changed_cb(LkDatasetTools *self)
{
    GtkRoot *root = gtk_widget_get_root(self->page);
    if (self->window)
        g_signal_handlers_disconnect_by_func(self->window, active_cb, self);
    g_set_weak_pointer(&self->window, GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL);
    if (self->window)
        g_signal_connect_object(self->window, "notify::is-active", G_CALLBACK(active_cb), self, G_CONNECT_SWAPPED);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void open_changed_cb(LkDatasetTools *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_BULK_OPEN]);
}

LkDatasetTools *lk_dataset_tools_new(GtkWidget *page, LkDatasetView *view, LkThumbnails *thumbnails, AdwBin *pane,
                                     AdwBin *bulk)
{
    LkDatasetTools *self = g_object_new(LK_TYPE_DATASET_TOOLS, NULL);
    self->page = page;
    self->view = g_object_ref(view);
    self->list = g_object_ref(lk_dataset_view_get_list(view));
    self->pane = g_object_ref(LK_DATASET_PANE(lk_dataset_pane_new(view, thumbnails)));
    self->bar = g_object_ref(LK_BULK_BAR(lk_bulk_bar_new(view)));
    adw_bin_set_child(pane, GTK_WIDGET(self->pane));
    adw_bin_set_child(bulk, GTK_WIDGET(self->bar));
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
    gtk_widget_insert_action_group(page, "tools", G_ACTION_GROUP(self->actions));
    gtk_widget_insert_action_group(page, "bulk", lk_bulk_bar_get_actions(self->bar));
    lk_shortcuts_add(page, shortcuts, G_N_ELEMENTS(shortcuts), LK_SHORTCUTS_ANYWHERE);
    watch_split(self);
    g_signal_connect_object(view, "notify::n-shown", G_CALLBACK(update_enabled), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->bar, "notify::open", G_CALLBACK(open_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "save-failed", G_CALLBACK(save_failed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->list, "trigger-word-changed", G_CALLBACK(trigger_changed_cb), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(page, "notify::root", G_CALLBACK(root_changed_cb), self, G_CONNECT_SWAPPED);
    root_changed_cb(self);
    update_enabled(self);
    return self;
}

static void lk_dataset_tools_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_BULK_OPEN)
        g_value_set_boolean(value, lk_dataset_tools_get_bulk_open(LK_DATASET_TOOLS(object)));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_dataset_tools_dispose(GObject *object)
{
    LkDatasetTools *self = LK_DATASET_TOOLS(object);
    g_clear_weak_pointer(&self->viewer_panel);
    g_clear_weak_pointer(&self->window);
    g_clear_object(&self->pane);
    g_clear_object(&self->bar);
    g_clear_object(&self->actions);
    g_clear_object(&self->list);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_dataset_tools_parent_class)->dispose(object);
}

static void lk_dataset_tools_class_init(LkDatasetToolsClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_dataset_tools_get_property;
    object_class->dispose = lk_dataset_tools_dispose;
    properties[PROP_BULK_OPEN] =
        g_param_spec_boolean("bulk-open", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_dataset_tools_init(LkDatasetTools *self)
{
    self->actions = g_simple_action_group_new();
}
