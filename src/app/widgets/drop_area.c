#include "app/widgets/drop_area.h"

#include <glib/gi18n.h>

struct _LkDropArea {
    GtkWidget parent_instance;
    GtkWidget *overlay;
    GtkWidget *frame; /* over everything, shown while something hovers */
    GtkLabel *label;
};

G_DEFINE_FINAL_TYPE(LkDropArea, lk_drop_area, GTK_TYPE_WIDGET)

enum { PROP_CHILD = 1, PROP_TEXT, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

enum { SIGNAL_FILES, SIGNAL_TEXTURE, SIGNAL_REFUSED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

void lk_drop_area_set_child(LkDropArea *self, GtkWidget *child)
{
    gtk_overlay_set_child(GTK_OVERLAY(self->overlay), child);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CHILD]);
}

/* ---- what came --------------------------------------------------------------------------------------- */

static void refuse(LkDropArea *self, const char *text)
{
    g_signal_emit(self, signals[SIGNAL_REFUSED], 0, text);
}

/* False where none of them is a file of this computer. */
static gboolean take_files(LkDropArea *self, GdkFileList *list)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autoptr(GSList) files = gdk_file_list_get_files(list);
    for (GSList *l = files; l; l = l->next) {
        char *path = g_file_get_path(l->data);
        if (path)
            g_strv_builder_take(builder, path);
    }
    g_auto(GStrv) paths = g_strv_builder_end(builder);
    if (!paths[0])
        return FALSE;
    g_signal_emit(self, signals[SIGNAL_FILES], 0, paths);
    return TRUE;
}

static gboolean take(LkDropArea *self, const GValue *value)
{
    gpointer object = G_VALUE_HOLDS_OBJECT(value) ? g_value_get_object(value) : NULL;
    if (G_VALUE_HOLDS(value, GDK_TYPE_FILE_LIST) && take_files(self, g_value_get_boxed(value)))
        return TRUE;
    if (object && GDK_IS_TEXTURE(object)) {
        g_signal_emit(self, signals[SIGNAL_TEXTURE], 0, object);
        return TRUE;
    }
    refuse(self, _("Only files of this computer can be added. Download the picture first."));
    return FALSE;
}

/* ---- dropping ---------------------------------------------------------------------------------------- */

static GdkDragAction enter_cb(LkDropArea *self, double x, double y)
{
    gtk_widget_set_visible(self->frame, TRUE);
    return GDK_ACTION_COPY;
}

static void leave_cb(LkDropArea *self)
{
    gtk_widget_set_visible(self->frame, FALSE);
}

static gboolean drop_cb(LkDropArea *self, const GValue *value)
{
    leave_cb(self);
    return take(self, value);
}

/* ---- pasting ----------------------------------------------------------------------------------------- */

static void pasted_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkDropArea) self = data;
    g_autoptr(GError) error = NULL;
    const GValue *value = gdk_clipboard_read_value_finish(GDK_CLIPBOARD(source), result, &error);
    if (value)
        take(self, value);
    else
        refuse(self, _("The clipboard could not be read."));
}

void lk_drop_area_paste(LkDropArea *self)
{
    GdkClipboard *clipboard = gtk_widget_get_clipboard(GTK_WIDGET(self));
    GdkContentFormats *formats = gdk_clipboard_get_formats(clipboard);
    g_autoptr(GdkContentFormats) known = gdk_content_formats_union_deserialize_gtypes(gdk_content_formats_ref(formats));
    GType type = gdk_content_formats_contain_gtype(known, GDK_TYPE_FILE_LIST) ? GDK_TYPE_FILE_LIST
                 : gdk_content_formats_contain_gtype(known, GDK_TYPE_TEXTURE) ? GDK_TYPE_TEXTURE
                                                                              : G_TYPE_INVALID;
    if (type == G_TYPE_INVALID)
        refuse(self, _("There is no picture in the clipboard."));
    else
        gdk_clipboard_read_value_async(clipboard, type, G_PRIORITY_DEFAULT, NULL, pasted_cb, g_object_ref(self));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_drop_area_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkDropArea *self = LK_DROP_AREA(object);
    if (id == PROP_CHILD)
        g_value_set_object(value, gtk_overlay_get_child(GTK_OVERLAY(self->overlay)));
    else if (id == PROP_TEXT)
        g_value_set_string(value, gtk_label_get_label(self->label));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_drop_area_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkDropArea *self = LK_DROP_AREA(object);
    if (id == PROP_CHILD)
        lk_drop_area_set_child(self, g_value_get_object(value));
    else if (id == PROP_TEXT)
        gtk_label_set_label(self->label, g_value_get_string(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_drop_area_dispose(GObject *object)
{
    g_clear_pointer(&LK_DROP_AREA(object)->overlay, gtk_widget_unparent);
    G_OBJECT_CLASS(lk_drop_area_parent_class)->dispose(object);
}

static void lk_drop_area_class_init(LkDropAreaClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_drop_area_get_property;
    object_class->set_property = lk_drop_area_set_property;
    object_class->dispose = lk_drop_area_dispose;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_CHILD] = g_param_spec_object("child", NULL, NULL, GTK_TYPE_WIDGET, flags | G_PARAM_EXPLICIT_NOTIFY);
    properties[PROP_TEXT] = g_param_spec_string("text", NULL, NULL, NULL, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    GType type = G_TYPE_FROM_CLASS(klass);
    signals[SIGNAL_FILES] =
        g_signal_new("files", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRV);
    signals[SIGNAL_TEXTURE] =
        g_signal_new("texture", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, GDK_TYPE_TEXTURE);
    signals[SIGNAL_REFUSED] =
        g_signal_new("refused", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    gtk_widget_class_set_css_name(widget_class, "droparea");
    gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void lk_drop_area_init(LkDropArea *self)
{
    self->overlay = gtk_overlay_new();
    gtk_widget_set_parent(self->overlay, GTK_WIDGET(self));
    self->label = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "halign", GTK_ALIGN_CENTER, "valign", GTK_ALIGN_END, "hexpand",
                                         TRUE, "vexpand", TRUE, NULL));
    self->frame = g_object_new(GTK_TYPE_BOX, "visible", FALSE, "can-target", FALSE, "css-name", "dropframe", NULL);
    gtk_box_append(GTK_BOX(self->frame), GTK_WIDGET(self->label));
    gtk_overlay_add_overlay(GTK_OVERLAY(self->overlay), self->frame);
    GType types[] = {GDK_TYPE_FILE_LIST, GDK_TYPE_TEXTURE};
    GtkDropTarget *target = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY);
    gtk_drop_target_set_gtypes(target, types, G_N_ELEMENTS(types));
    g_signal_connect_object(target, "enter", G_CALLBACK(enter_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "leave", G_CALLBACK(leave_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(target, "drop", G_CALLBACK(drop_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}
