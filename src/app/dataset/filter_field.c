#include "app/dataset/filter_field.h"

#include "app/dataset/filter_help.h"

#include <glib/gi18n.h>

struct _LkFilterField {
    AdwBin parent_instance;
    GtkSearchEntry *entry;
    GtkMenuButton *help_button;
    GtkLabel *problem;
    LkDatasetView *view;
    gboolean narrow;
};

G_DEFINE_FINAL_TYPE(LkFilterField, lk_filter_field, ADW_TYPE_BIN)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];
enum { SIGNAL_LEFT, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- the same text in both places -------------------------------------------------------------------- */

static void typed_cb(LkFilterField *self)
{
    if (self->view)
        lk_dataset_view_set_filter_text(self->view, gtk_editable_get_text(GTK_EDITABLE(self->entry)));
}

/* A text is replaced by way of an empty one, which is not what the person has typed. */
static void filter_changed_cb(LkFilterField *self)
{
    const char *text = lk_dataset_view_get_filter_text(self->view);
    if (g_strcmp0(text, gtk_editable_get_text(GTK_EDITABLE(self->entry))) == 0)
        return;
    g_signal_handlers_block_by_func(self->entry, typed_cb, self);
    gtk_editable_set_text(GTK_EDITABLE(self->entry), text);
    gtk_editable_set_position(GTK_EDITABLE(self->entry), -1);
    g_signal_handlers_unblock_by_func(self->entry, typed_cb, self);
}

static void problem_changed_cb(LkFilterField *self)
{
    g_autofree char *text = NULL;
    g_object_get(self->view, "filter-error", &text, NULL);
    gtk_label_set_label(self->problem, text ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(self->problem), text != NULL);
    if (text)
        gtk_accessible_announce(GTK_ACCESSIBLE(self->entry), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
    if (text)
        gtk_widget_add_css_class(GTK_WIDGET(self->entry), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->entry), "error");
    gtk_accessible_update_state(GTK_ACCESSIBLE(self->entry), GTK_ACCESSIBLE_STATE_INVALID,
                                text ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

/* Escape takes the filter away first. */
static void stopped_cb(LkFilterField *self)
{
    lk_dataset_view_set_filter_text(self->view, "");
    g_signal_emit(self, signals[SIGNAL_LEFT], 0);
}

/* ---- help -------------------------------------------------------------------------------------------- */

/* An example goes behind what is there: both must hold. */
static void example_cb(LkFilterField *self, const char *example)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->entry));
    g_autofree char *before = g_strchomp(g_strdup(text));
    g_autofree char *whole = g_strconcat(before, *before ? " " : "", example, NULL);
    gtk_menu_button_popdown(self->help_button);
    lk_dataset_view_set_filter_text(self->view, whole);
    gtk_widget_grab_focus(GTK_WIDGET(self->entry));
    gtk_editable_set_position(GTK_EDITABLE(self->entry), -1);
}

/* Made when it is first wanted. */
static void make_help(GtkMenuButton *button, gpointer data)
{
    if (gtk_menu_button_get_popover(button))
        return;
    GtkWidget *help = lk_filter_help_new();
    g_signal_connect_object(help, "chosen", G_CALLBACK(example_cb), data, G_CONNECT_SWAPPED);
    gtk_menu_button_set_popover(button, help);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

void lk_filter_field_set_view(LkFilterField *self, LkDatasetView *view)
{
    self->view = g_object_ref(view);
    g_signal_connect_object(view, "notify::filter-text", G_CALLBACK(filter_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(view, "notify::filter-error", G_CALLBACK(problem_changed_cb), self, G_CONNECT_SWAPPED);
    filter_changed_cb(self);
}

void lk_filter_field_focus(LkFilterField *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self->entry));
}

static void set_narrow(LkFilterField *self, gboolean narrow)
{
    self->narrow = narrow;
    g_object_set(self->entry, "placeholder-text",
                 narrow ? _("Filter") : _("Filter, for example tag:branch or tokens:>75"), NULL);
}

static void lk_filter_field_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_FILTER_FIELD(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_filter_field_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        set_narrow(LK_FILTER_FIELD(object), g_value_get_boolean(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_filter_field_dispose(GObject *object)
{
    LkFilterField *self = LK_FILTER_FIELD(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_FILTER_FIELD);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_filter_field_parent_class)->dispose(object);
}

static void lk_filter_field_class_init(LkFilterFieldClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_filter_field_get_property;
    object_class->set_property = lk_filter_field_set_property;
    object_class->dispose = lk_filter_field_dispose;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    signals[SIGNAL_LEFT] =
        g_signal_new("left", LK_TYPE_FILTER_FIELD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-filter_field.ui");
    gtk_widget_class_bind_template_child(widget_class, LkFilterField, entry);
    gtk_widget_class_bind_template_child(widget_class, LkFilterField, help_button);
    gtk_widget_class_bind_template_child(widget_class, LkFilterField, problem);
    gtk_widget_class_bind_template_callback(widget_class, typed_cb);
    gtk_widget_class_bind_template_callback(widget_class, stopped_cb);
}

static void lk_filter_field_init(LkFilterField *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    gtk_search_entry_set_key_capture_widget(self->entry, NULL);
    gtk_menu_button_set_create_popup_func(self->help_button, make_help, self, NULL);
}
