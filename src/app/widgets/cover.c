#include "app/widgets/cover.h"

#include "app/application.h"

struct _LkCover {
    AdwBin parent_instance;
    GtkPicture *picture;
    char *path;
    GCancellable *cancellable; /* of the picture that is being loaded */
};

G_DEFINE_FINAL_TYPE(LkCover, lk_cover, ADW_TYPE_BIN)

enum { PROP_PATH = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

GtkWidget *lk_cover_new(void)
{
    return g_object_new(LK_TYPE_COVER, NULL);
}

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the widget may be gone */
    gtk_picture_set_paintable(LK_COVER(data)->picture, texture ? GDK_PAINTABLE(texture) : NULL);
}

static void cancel(LkCover *self)
{
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
}

void lk_cover_set_path(LkCover *self, const char *path)
{
    if (!g_set_str(&self->path, path))
        return;
    cancel(self);
    if (path) {
        self->cancellable = g_cancellable_new();
        lk_thumbnails_load(lk_application_get_thumbnails(lk_application_get()), path, self->cancellable, loaded_cb,
                           self);
    } else {
        gtk_picture_set_paintable(self->picture, NULL);
    }
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PATH]);
}

static void lk_cover_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PATH)
        g_value_set_string(value, LK_COVER(object)->path);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_cover_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PATH)
        lk_cover_set_path(LK_COVER(object), g_value_get_string(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_cover_dispose(GObject *object)
{
    LkCover *self = LK_COVER(object);
    cancel(self);
    g_clear_pointer(&self->path, g_free);
    G_OBJECT_CLASS(lk_cover_parent_class)->dispose(object);
}

static void lk_cover_class_init(LkCoverClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_cover_get_property;
    object_class->set_property = lk_cover_set_property;
    object_class->dispose = lk_cover_dispose;
    properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL,
                                                G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(klass), "cover");
}

static void lk_cover_init(LkCover *self)
{
    self->picture = GTK_PICTURE(g_object_new(GTK_TYPE_PICTURE, "content-fit", GTK_CONTENT_FIT_COVER, "can-shrink", TRUE,
                                             "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL));
    /* As an overlay it asks for no room: the picture is as large as the place, not the other way round. */
    GtkWidget *overlay = gtk_overlay_new();
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), GTK_WIDGET(self->picture));
    adw_bin_set_child(ADW_BIN(self), overlay);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}
