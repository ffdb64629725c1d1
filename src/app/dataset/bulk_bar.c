#include "app/dataset/bulk_bar.h"

#include "app/dataset/bulk_actions.h"
#include "app/dataset/bulk_popover.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

enum { POPOVERS = 5, REPEATS = 4, MOST_REPEATS = 9999 };

struct _LkBulkBar {
    AdwBin parent_instance;
    GtkActionBar *bar;
    GtkLabel *count, *of;
    GtkWidget *add_button, *remove_button, *replace_button;
    GtkMenuButton *more_button;
    GtkPopover *popovers[POPOVERS]; /* made when first opened */
    GtkSpinButton *repeats;
    LkDatasetView *view;
    GSimpleActionGroup *actions;
    gboolean narrow;
};

G_DEFINE_FINAL_TYPE(LkBulkBar, lk_bulk_bar, ADW_TYPE_BIN)

enum { PROP_OPEN = 1, PROP_NARROW, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* What opens which popover; the last one asks for repeats. */
static const struct {
    const char *action;
    LkCaptionEditKind kind;
} openings[POPOVERS] = {{"add", LK_CAPTION_EDIT_ADD},
                        {"remove", LK_CAPTION_EDIT_REMOVE},
                        {"replace", LK_CAPTION_EDIT_REPLACE},
                        {"regex", LK_CAPTION_EDIT_REGEX},
                        {"repeats", 0}};

GActionGroup *lk_bulk_bar_get_actions(LkBulkBar *self)
{
    return G_ACTION_GROUP(self->actions);
}

gboolean lk_bulk_bar_get_open(LkBulkBar *self)
{
    for (guint i = 0; i < POPOVERS; i++)
        if (self->popovers[i] && gtk_widget_get_visible(GTK_WIDGET(self->popovers[i])))
            return TRUE;
    return FALSE;
}

/* ---- what it says ------------------------------------------------------------------------------------ */

/* Messages stay above the bar: it is needed right after the change that they tell of. */
static void set_revealed(LkBulkBar *self, gboolean revealed)
{
    GtkWidget *overlay = gtk_widget_get_ancestor(GTK_WIDGET(self), ADW_TYPE_TOAST_OVERLAY);
    gtk_action_bar_set_revealed(self->bar, revealed);
    if (overlay && revealed)
        gtk_widget_add_css_class(overlay, "above-bar");
    else if (overlay)
        gtk_widget_remove_css_class(overlay, "above-bar");
}

static void update(LkBulkBar *self)
{
    const guint selected = lk_dataset_view_get_n_selected(self->view), shown = lk_dataset_view_get_n_shown(self->view);
    const guint whole = g_list_model_get_n_items(G_LIST_MODEL(lk_dataset_view_get_list(self->view)));
    const gboolean all = lk_bulk_actions_get_all(self->actions);
    g_autofree char *count = all ? g_strdup_printf(ngettext("%'u shown", "All %'u shown", shown), shown)
                                 : g_strdup_printf(ngettext("%'u selected", "%'u selected", selected), selected);
    /* translators: below "6 selected" */
    g_autofree char *of = all ? g_strdup_printf(ngettext("of %'u picture", "of %'u pictures", whole), whole)
                              : g_strdup_printf(ngettext("of %'u shown", "of %'u shown", shown), shown);
    gtk_label_set_label(self->count, count);
    gtk_label_set_label(self->of, of);
    set_revealed(self, all ? shown > 0 : selected > 1);
    for (guint i = 0; i < POPOVERS; i++) {
        GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), openings[i].action);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(action), shown > 0);
    }
}

/* ---- popovers ---------------------------------------------------------------------------------------- */

static GtkWidget *anchor_of(LkBulkBar *self, guint i)
{
    GtkWidget *const buttons[] = {self->add_button, self->remove_button, self->replace_button};
    const gboolean own = i < G_N_ELEMENTS(buttons) && gtk_widget_get_visible(buttons[i]);
    return own ? buttons[i] : GTK_WIDGET(self->more_button);
}

static void applied_cb(LkBulkBar *self, guint n, const char *text)
{
    lk_undo_toast(GTK_WIDGET(self), lk_dataset_view_get_list(self->view), n, text);
}

static void visible_cb(LkBulkBar *self, GParamSpec *pspec, GtkPopover *popover)
{
    GtkWidget *anchor = g_object_get_data(G_OBJECT(popover), "anchor");
    if (gtk_widget_get_visible(GTK_WIDGET(popover)))
        gtk_widget_set_state_flags(anchor, GTK_STATE_FLAG_CHECKED, FALSE);
    else
        gtk_widget_unset_state_flags(anchor, GTK_STATE_FLAG_CHECKED);
    if (!gtk_widget_get_visible(GTK_WIDGET(popover)))
        gtk_widget_grab_focus(anchor);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_OPEN]);
}

static void set_repeats_cb(LkBulkBar *self)
{
    const int repeats = gtk_spin_button_get_value_as_int(self->repeats);
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    g_autoptr(GPtrArray) pictures = lk_bulk_actions_get_pictures(self->actions, self->view);
    g_autofree LkPictureChange *changes = g_new(LkPictureChange, pictures->len + 1);
    g_autofree char *value = g_strdup_printf("%d", repeats);
    for (guint i = 0; i < pictures->len; i++)
        changes[i] = (LkPictureChange){pictures->pdata[i], LK_PICTURE_FIELD_REPEATS, value};
    g_autofree char *label = g_strdup_printf(
        ngettext("Set the Repeats of %'u Picture", "Set the Repeats of %'u Pictures", pictures->len), pictures->len);
    gtk_popover_popdown(self->popovers[REPEATS]);
    const guint n = lk_picture_list_edit(list, label, changes, pictures->len);
    g_autofree char *text =
        n ? g_strdup_printf(ngettext("Repeats of %'u picture set", "Repeats of %'u pictures set", n), n)
          : g_strdup(_("They have these repeats already"));
    lk_undo_toast(GTK_WIDGET(self), list, n, text);
}

static GtkWidget *make_repeats_popover(LkBulkBar *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12), *label = gtk_label_new(_("Repeats"));
    self->repeats = GTK_SPIN_BUTTON(gtk_spin_button_new_with_range(1, MOST_REPEATS, 1));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->repeats), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Repeats"), -1);
    GtkWidget *button = gtk_button_new_with_mnemonic(_("_Set"));
    gtk_widget_add_css_class(button, "suggested-action");
    g_signal_connect_object(button, "clicked", G_CALLBACK(set_repeats_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->repeats, "activate", G_CALLBACK(set_repeats_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_css_class(label, "heading");
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->repeats));
    gtk_box_append(GTK_BOX(box), button);
    GtkWidget *popover = gtk_popover_new();
    gtk_popover_set_child(GTK_POPOVER(popover), box);
    gtk_widget_add_css_class(popover, "bulk");
    return popover;
}

static GtkPopover *get_popover(LkBulkBar *self, guint i)
{
    if (self->popovers[i])
        return self->popovers[i];
    GtkWidget *popover = i == REPEATS ? make_repeats_popover(self) : lk_bulk_popover_new(self->view, openings[i].kind);
    self->popovers[i] = GTK_POPOVER(popover);
    gtk_popover_set_position(self->popovers[i], GTK_POS_TOP);
    gtk_widget_set_parent(popover, GTK_WIDGET(self));
    g_signal_connect_object(popover, "notify::visible", G_CALLBACK(visible_cb), self, G_CONNECT_SWAPPED);
    if (i != REPEATS)
        g_signal_connect_object(popover, "applied", G_CALLBACK(applied_cb), self, G_CONNECT_SWAPPED);
    return self->popovers[i];
}

static void point(LkBulkBar *self, GtkPopover *popover, GtkWidget *anchor)
{
    graphene_rect_t bounds;
    g_object_set_data(G_OBJECT(popover), "anchor", anchor);
    if (gtk_widget_compute_bounds(anchor, GTK_WIDGET(self), &bounds))
        gtk_popover_set_pointing_to(popover, &(GdkRectangle){(int)bounds.origin.x, (int)bounds.origin.y,
                                                             (int)bounds.size.width, (int)bounds.size.height});
}

/* By a key, the bar may not be there yet. */
static void open_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkBulkBar *self = data;
    guint i = 0;
    while (i < POPOVERS - 1 && !g_str_equal(openings[i].action, g_action_get_name(G_ACTION(action))))
        i++;
    if (!gtk_action_bar_get_revealed(self->bar))
        g_action_group_change_action_state(G_ACTION_GROUP(self->actions), "all", g_variant_new_boolean(TRUE));
    GtkPopover *popover = get_popover(self, i);
    point(self, popover, anchor_of(self, i));
    if (i != REPEATS)
        lk_bulk_popover_set_all(LK_BULK_POPOVER(popover), lk_bulk_actions_get_all(self->actions));
    gtk_popover_popup(popover);
}

/* ---- the menu ---------------------------------------------------------------------------------------- */

typedef struct Entry {
    const char *label, *action;
} Entry;

static void append_section(GMenu *menu, const Entry *entries)
{
    g_autoptr(GMenu) section = g_menu_new();
    for (const Entry *entry = entries; entry->label; entry++)
        g_menu_append(section, _(entry->label), entry->action);
    g_menu_append_section(menu, NULL, G_MENU_MODEL(section));
}

static void make_menu(LkBulkBar *self)
{
    static const Entry tags[] = {{N_("Re_move Tag…"), "bulk.remove"}, {N_("_Replace…"), "bulk.replace"}, {NULL, NULL}};
    static const Entry captions[] = {{N_("Regular _Expression…"), "bulk.regex"},
                                     {N_("_Sort Tags"), "bulk.sort"},
                                     {N_("Remove Repeated _Tags"), "bulk.dedupe"},
                                     {N_("Add Trigger _Word"), "bulk.trigger"},
                                     {NULL, NULL}};
    static const Entry clipboard[] = {{N_("_Copy Caption"), "bulk.copy"},
                                      {N_("_Paste as Caption"), "bulk.paste"},
                                      {N_("_Append from Clipboard"), "bulk.append"},
                                      {NULL, NULL}};
    static const Entry pictures[] = {{N_("Set Repea_ts…"), "bulk.repeats"},
                                     {N_("_Leave Out of Training"), "bulk.leave-out"},
                                     {N_("_Use in Training"), "bulk.use"},
                                     {N_("Take Out of the Pro_ject"), "bulk.take-out"},
                                     {NULL, NULL}};
    g_autoptr(GMenu) menu = g_menu_new();
    if (self->narrow)
        append_section(menu, tags);
    append_section(menu, captions);
    append_section(menu, clipboard);
    append_section(menu, pictures);
    gtk_menu_button_set_menu_model(self->more_button, G_MENU_MODEL(menu));
}

static void set_narrow(LkBulkBar *self, gboolean narrow)
{
    self->narrow = narrow;
    gtk_widget_set_visible(self->remove_button, !narrow);
    gtk_widget_set_visible(self->replace_button, !narrow);
    make_menu(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

GtkWidget *lk_bulk_bar_new(LkDatasetView *view)
{
    LkBulkBar *self = g_object_new(LK_TYPE_BULK_BAR, NULL);
    self->view = g_object_ref(view);
    self->actions = lk_bulk_actions_new(GTK_WIDGET(self), view);
    for (guint i = 0; i < POPOVERS; i++) {
        const GActionEntry entry = {.name = openings[i].action, .activate = open_cb};
        g_action_map_add_action_entries(G_ACTION_MAP(self->actions), &entry, 1, self);
    }
    static const char *const changes[] = {"notify::n-selected", "notify::n-shown"};
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
        g_signal_connect_object(view, changes[i], G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->actions, "action-state-changed::all", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    update(self);
    return GTK_WIDGET(self);
}

static void lk_bulk_bar_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_OPEN)
        g_value_set_boolean(value, lk_bulk_bar_get_open(LK_BULK_BAR(object)));
    else if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_BULK_BAR(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_bulk_bar_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        set_narrow(LK_BULK_BAR(object), g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_bulk_bar_dispose(GObject *object)
{
    LkBulkBar *self = LK_BULK_BAR(object);
    for (guint i = 0; i < POPOVERS; i++)
        g_clear_pointer((GtkWidget **)&self->popovers[i], gtk_widget_unparent);
    adw_bin_set_child(ADW_BIN(self), NULL); /* it is bound as well, and must not go twice */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_BULK_BAR);
    g_clear_object(&self->actions);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_bulk_bar_parent_class)->dispose(object);
}

static void lk_bulk_bar_class_init(LkBulkBarClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_bulk_bar_get_property;
    object_class->set_property = lk_bulk_bar_set_property;
    object_class->dispose = lk_bulk_bar_dispose;
    properties[PROP_OPEN] = g_param_spec_boolean("open", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "bulk.clear", NULL);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-bulk_bar.ui");
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, bar);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, count);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, of);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, add_button);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, remove_button);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, replace_button);
    gtk_widget_class_bind_template_child(widget_class, LkBulkBar, more_button);
}

static void lk_bulk_bar_init(LkBulkBar *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    make_menu(self);
}
