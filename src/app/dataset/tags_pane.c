#include "app/dataset/tags_pane.h"

#include "app/dataset/caption_run.h"
#include "app/dataset/tag_entry.h"
#include "app/dataset/tag_list.h"
#include "app/dataset/tag_row.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

struct _LkTagsPane {
    AdwBin parent_instance;
    GtkStack *stack;
    GtkSearchEntry *search;
    GtkListView *list_view;
    GMenuModel *tag_menu;
    GtkPopover *menu;
    LkDatasetView *view;
    LkTagList *tags;
    char *chosen; /* the tag that the menu or a dialog is about */
};

G_DEFINE_FINAL_TYPE(LkTagsPane, lk_tags_pane, ADW_TYPE_BIN)

/* ---- the filter -------------------------------------------------------------------------------------- */

/* A text that cannot be read is replaced: a click means what it says. */
static void set_state(LkTagsPane *self, const char *tag, LkFilterTag state)
{
    const char *text = lk_dataset_view_get_filter_text(self->view);
    g_autofree char *with = lk_filter_text_set_tag(text, tag, state, NULL);
    if (!with)
        with = lk_filter_text_set_tag("", tag, state, NULL);
    if (with)
        lk_dataset_view_set_filter_text(self->view, with);
}

static void toggle(LkTagsPane *self, const char *tag, LkFilterTag state)
{
    g_autoptr(LkFilter) filter = lk_filter_parse(lk_dataset_view_get_filter_text(self->view), NULL, NULL);
    const LkFilterTag now = filter ? lk_filter_tag(filter, tag) : LK_FILTER_TAG_FREE;
    set_state(self, tag, now == state ? LK_FILTER_TAG_FREE : state);
}

static void activate_cb(LkTagsPane *self, guint position)
{
    g_autoptr(LkTagItem) item = g_list_model_get_item(G_LIST_MODEL(self->tags), position);
    if (item)
        toggle(self, lk_tag_item_get_tag(item), LK_FILTER_TAG_WANTED);
}

static void filter_changed_cb(LkTagsPane *self)
{
    lk_tag_list_show_filter(self->tags, lk_dataset_view_get_filter_text(self->view));
}

/* ---- the tag that is meant --------------------------------------------------------------------------- */

static LkTagRow *row_of(GtkWidget *widget)
{
    GtkWidget *row = widget ? gtk_widget_get_ancestor(widget, LK_TYPE_TAG_ROW) : NULL;
    if (!row && widget) /* the list's own widget around the row */
        row = gtk_widget_get_first_child(widget);
    return row && LK_IS_TAG_ROW(row) ? LK_TAG_ROW(row) : NULL;
}

static void choose(LkTagsPane *self, LkTagItem *item)
{
    g_set_str(&self->chosen, lk_tag_item_get_tag(item));
    const gboolean changeable = !lk_tag_item_get_trigger(item);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "tags.rename", changeable);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "tags.remove", changeable);
}

/* The tag of the row that has the keyboard; while the menu has it, of the row that the menu is about. */
static const char *meant(LkTagsPane *self)
{
    GtkWidget *focus = gtk_widget_get_focus_child(GTK_WIDGET(self->list_view));
    LkTagRow *row = row_of(focus);
    if (row)
        choose(self, lk_tag_row_get_item(row));
    return self->chosen;
}

static void open_menu(LkTagsPane *self, LkTagRow *row, double x, double y)
{
    gtk_widget_grab_focus(gtk_widget_get_parent(GTK_WIDGET(row)));
    choose(self, lk_tag_row_get_item(row));
    graphene_point_t place = GRAPHENE_POINT_INIT((float)x, (float)y);
    if (!gtk_widget_compute_point(GTK_WIDGET(self->list_view), GTK_WIDGET(self), &place, &place))
        return;
    gtk_popover_set_pointing_to(self->menu, &(GdkRectangle){(int)place.x, (int)place.y, 1, 1});
    gtk_popover_popup(self->menu);
}

static gboolean open_menu_at(LkTagsPane *self, double x, double y)
{
    LkTagRow *row = row_of(gtk_widget_pick(GTK_WIDGET(self->list_view), x, y, GTK_PICK_DEFAULT));
    if (row)
        open_menu(self, row, x, y);
    return row != NULL;
}

static void menu_pressed_cb(LkTagsPane *self, int presses, double x, double y, GtkGesture *gesture)
{
    if (open_menu_at(self, x, y))
        gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void long_pressed_cb(LkTagsPane *self, double x, double y, GtkGesture *gesture)
{
    if (open_menu_at(self, x, y))
        gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

/* Before the list sees the click. */
static void alt_pressed_cb(LkTagsPane *self, int presses, double x, double y, GtkGesture *gesture)
{
    const GdkModifierType state = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(gesture));
    LkTagRow *row = row_of(gtk_widget_pick(GTK_WIDGET(self->list_view), x, y, GTK_PICK_DEFAULT));
    if (!row || !(state & GDK_ALT_MASK))
        return;
    gtk_gesture_set_state(gesture, GTK_EVENT_SEQUENCE_CLAIMED);
    toggle(self, lk_tag_item_get_tag(lk_tag_row_get_item(row)), LK_FILTER_TAG_UNWANTED);
}

/* ---- in all captions --------------------------------------------------------------------------------- */

static void applied_cb(LkTagsPane *self, guint n, const char *text)
{
    lk_undo_toast(GTK_WIDGET(self), lk_dataset_view_get_list(self->view), n, text);
}

static void edit_all(LkTagsPane *self, LkCaptionEditKind kind, const char *tag, const char *with)
{
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(list)); i++)
        g_ptr_array_add(pictures, g_list_model_get_item(G_LIST_MODEL(list), i));
    const LkCaptionEdit edit = {.kind = kind, .text = tag, .with = with};
    g_autoptr(LkCaptionRun) run = lk_caption_run_new(list, pictures, &edit, NULL);
    if (!run)
        return;
    g_signal_connect_object(run, "applied", G_CALLBACK(applied_cb), self, G_CONNECT_SWAPPED);
    lk_caption_run_apply(run);
}

static void rename_response_cb(LkTagsPane *self, const char *response, AdwAlertDialog *dialog)
{
    LkTagEntry *entry = LK_TAG_ENTRY(adw_alert_dialog_get_extra_child(dialog));
    const char *tag = g_object_get_data(G_OBJECT(dialog), "tag");
    g_autofree char *with = g_strstrip(g_strdup(lk_tag_entry_get_text(entry)));
    if (g_str_equal(response, "rename") && *with && !g_str_equal(with, tag))
        edit_all(self, LK_CAPTION_EDIT_REPLACE, tag, with);
}

static void rename_typed_cb(LkTagEntry *entry, GParamSpec *pspec, AdwAlertDialog *dialog)
{
    const char *tag = g_object_get_data(G_OBJECT(dialog), "tag");
    g_autofree char *with = g_strstrip(g_strdup(lk_tag_entry_get_text(entry)));
    adw_alert_dialog_set_response_enabled(dialog, "rename", *with && !g_str_equal(with, tag));
}

static void rename_activate_cb(AdwAlertDialog *dialog)
{
    if (!adw_alert_dialog_get_response_enabled(dialog, "rename"))
        return;
    g_signal_emit_by_name(dialog, "response", "rename");
    adw_dialog_force_close(ADW_DIALOG(dialog));
}

static void rename_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTagsPane *self = LK_TAGS_PANE(widget);
    const char *tag = meant(self);
    if (!tag)
        return;
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    const guint count = lk_tag_index_count(lk_picture_list_get_tags(list), tag);
    g_autofree char *heading = g_strdup_printf(_("Rename “%s”"), tag);
    g_autofree char *body = g_strdup_printf(
        ngettext(
            "It is changed in the %'u caption that has it. A caption that has the new tag already keeps one of it.",
            "It is changed in all %'u captions that have it. A caption that has the new tag already keeps one of it.",
            count),
        count);
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(adw_alert_dialog_new(heading, body));
    g_object_set_data_full(G_OBJECT(dialog), "tag", g_strdup(tag), g_free);
    adw_alert_dialog_add_responses(dialog, "cancel", _("_Cancel"), "rename", _("_Rename"), NULL);
    adw_alert_dialog_set_response_appearance(dialog, "rename", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(dialog, "rename");
    adw_alert_dialog_set_close_response(dialog, "cancel");
    adw_alert_dialog_set_response_enabled(dialog, "rename", FALSE);
    LkTagEntry *entry = g_object_new(LK_TYPE_TAG_ENTRY, "placeholder", _("New Name"), "text", tag, NULL);
    g_signal_connect_object(entry, "notify::text", G_CALLBACK(rename_typed_cb), dialog, 0);
    g_signal_connect_object(entry, "activate", G_CALLBACK(rename_activate_cb), dialog, G_CONNECT_SWAPPED);
    adw_alert_dialog_set_extra_child(dialog, GTK_WIDGET(entry));
    lk_tag_entry_set_list(entry, list);
    lk_tag_entry_set_caption(entry, tag);
    g_signal_connect_object(dialog, "response", G_CALLBACK(rename_response_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_present(ADW_DIALOG(dialog), widget);
    lk_tag_entry_focus(entry);
}

static void remove_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const char *tag = meant(LK_TAGS_PANE(widget));
    if (tag)
        edit_all(LK_TAGS_PANE(widget), LK_CAPTION_EDIT_REMOVE, tag, NULL);
}

static void show_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const char *tag = meant(LK_TAGS_PANE(widget));
    if (tag)
        toggle(LK_TAGS_PANE(widget), tag, LK_FILTER_TAG_WANTED);
}

static void hide_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const char *tag = meant(LK_TAGS_PANE(widget));
    if (tag)
        toggle(LK_TAGS_PANE(widget), tag, LK_FILTER_TAG_UNWANTED);
}

/* Where the keyboard is. */
static void menu_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTagsPane *self = LK_TAGS_PANE(widget);
    LkTagRow *row = row_of(gtk_widget_get_focus_child(GTK_WIDGET(self->list_view)));
    graphene_rect_t bounds;
    if (row && gtk_widget_compute_bounds(GTK_WIDGET(row), GTK_WIDGET(self->list_view), &bounds))
        open_menu(self, row, bounds.origin.x + bounds.size.width / 2, bounds.origin.y + bounds.size.height);
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static void setup_cb(GtkListItemFactory *factory, GtkListItem *item)
{
    gtk_list_item_set_child(item, lk_tag_row_new());
}

static void label_cb(GtkListItem *item)
{
    LkTagItem *tag = gtk_list_item_get_item(item);
    g_autofree char *words = tag ? lk_tag_row_in_words(tag) : NULL;
    if (words)
        gtk_list_item_set_accessible_label(item, words);
}

static void bind_cb(GtkListItemFactory *factory, GtkListItem *item)
{
    LkTagItem *tag = gtk_list_item_get_item(item);
    lk_tag_row_set_item(LK_TAG_ROW(gtk_list_item_get_child(item)), tag);
    g_signal_connect_object(tag, "notify", G_CALLBACK(label_cb), item, G_CONNECT_SWAPPED);
    label_cb(item);
}

static void unbind_cb(GtkListItemFactory *factory, GtkListItem *item)
{
    g_signal_handlers_disconnect_by_func(gtk_list_item_get_item(item), label_cb, item);
    lk_tag_row_set_item(LK_TAG_ROW(gtk_list_item_get_child(item)), NULL);
}

static GtkListItemFactory *make_factory(void)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", G_CALLBACK(setup_cb), NULL);
    g_signal_connect(factory, "bind", G_CALLBACK(bind_cb), NULL);
    g_signal_connect(factory, "unbind", G_CALLBACK(unbind_cb), NULL);
    return factory;
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void search_cb(LkTagsPane *self)
{
    if (self->tags)
        lk_tag_list_search(self->tags, gtk_editable_get_text(GTK_EDITABLE(self->search)));
}

static void items_changed_cb(LkTagsPane *self)
{
    const gboolean any =
        g_list_model_get_n_items(G_LIST_MODEL(self->tags)) > 0 || *gtk_editable_get_text(GTK_EDITABLE(self->search));
    gtk_stack_set_visible_child_name(self->stack, any ? "tags" : "none");
}

void lk_tags_pane_set_view(LkTagsPane *self, LkDatasetView *view)
{
    self->view = g_object_ref(view);
    self->tags = lk_tag_list_new(lk_dataset_view_get_list(view));
    g_autoptr(GtkNoSelection) selection = gtk_no_selection_new(G_LIST_MODEL(g_object_ref(self->tags)));
    g_autoptr(GtkListItemFactory) factory = make_factory();
    gtk_list_view_set_factory(self->list_view, factory);
    gtk_list_view_set_model(self->list_view, GTK_SELECTION_MODEL(selection));
    g_signal_connect_object(view, "notify::filter-text", G_CALLBACK(filter_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->tags, "items-changed", G_CALLBACK(items_changed_cb), self, G_CONNECT_SWAPPED);
    lk_tag_list_set_active(self->tags, gtk_widget_get_mapped(GTK_WIDGET(self)));
    filter_changed_cb(self);
    items_changed_cb(self);
}

static void lk_tags_pane_map(GtkWidget *widget)
{
    GTK_WIDGET_CLASS(lk_tags_pane_parent_class)->map(widget);
    if (LK_TAGS_PANE(widget)->tags)
        lk_tag_list_set_active(LK_TAGS_PANE(widget)->tags, TRUE);
}

static void lk_tags_pane_unmap(GtkWidget *widget)
{
    if (LK_TAGS_PANE(widget)->tags)
        lk_tag_list_set_active(LK_TAGS_PANE(widget)->tags, FALSE);
    GTK_WIDGET_CLASS(lk_tags_pane_parent_class)->unmap(widget);
}

static void lk_tags_pane_dispose(GObject *object)
{
    LkTagsPane *self = LK_TAGS_PANE(object);
    g_clear_pointer((GtkWidget **)&self->menu, gtk_widget_unparent);
    adw_bin_set_child(ADW_BIN(self), NULL); /* it is bound as well, and must not go twice */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TAGS_PANE);
    g_clear_object(&self->tags);
    g_clear_object(&self->view);
    g_clear_pointer(&self->chosen, g_free);
    G_OBJECT_CLASS(lk_tags_pane_parent_class)->dispose(object);
}

static void bind_template(GtkWidgetClass *widget_class)
{
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-tags_pane.ui");
    gtk_widget_class_bind_template_child(widget_class, LkTagsPane, stack);
    gtk_widget_class_bind_template_child(widget_class, LkTagsPane, search);
    gtk_widget_class_bind_template_child(widget_class, LkTagsPane, list_view);
    gtk_widget_class_bind_template_child(widget_class, LkTagsPane, tag_menu);
    gtk_widget_class_bind_template_callback(widget_class, search_cb);
    gtk_widget_class_bind_template_callback(widget_class, activate_cb);
    gtk_widget_class_bind_template_callback(widget_class, alt_pressed_cb);
    gtk_widget_class_bind_template_callback(widget_class, menu_pressed_cb);
    gtk_widget_class_bind_template_callback(widget_class, long_pressed_cb);
}

static const struct {
    const char *name;
    GtkWidgetActionActivateFunc activate;
    guint key;
    GdkModifierType modifiers;
} actions[] = {
    {"tags.show", show_action, 0, 0},
    {"tags.hide", hide_action, GDK_KEY_Return, GDK_ALT_MASK},
    {"tags.rename", rename_action, GDK_KEY_F2, 0},
    {"tags.remove", remove_action, GDK_KEY_Delete, 0},
    {"tags.menu", menu_action, GDK_KEY_Menu, 0},
    {"tags.menu", menu_action, GDK_KEY_F10, GDK_SHIFT_MASK},
};

static void lk_tags_pane_class_init(LkTagsPaneClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_tags_pane_dispose;
    widget_class->map = lk_tags_pane_map;
    widget_class->unmap = lk_tags_pane_unmap;
    bind_template(widget_class);
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (i == 0 || !g_str_equal(actions[i].name, actions[i - 1].name))
            gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].activate);
        if (actions[i].key)
            gtk_widget_class_add_binding_action(widget_class, actions[i].key, actions[i].modifiers, actions[i].name,
                                                NULL);
    }
}

static void lk_tags_pane_init(LkTagsPane *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->menu = GTK_POPOVER(gtk_popover_menu_new_from_model(self->tag_menu));
    gtk_popover_set_has_arrow(self->menu, FALSE);
    gtk_widget_set_halign(GTK_WIDGET(self->menu), GTK_ALIGN_START);
    gtk_widget_set_parent(GTK_WIDGET(self->menu), GTK_WIDGET(self));
}
