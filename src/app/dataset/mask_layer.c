#include "app/dataset/mask_layer.h"

struct LkMaskLayer {
    GtkWidget *widget; /* not owned */
    LkThumbnails *thumbnails;
    LkPictureLoader *loader; /* may be NULL */
    char *path;
    GdkTexture *texture;
    GCancellable *cancellable;
};

/* The same in light and dark, and on every picture: nothing else on a picture is pink. */
static const GdkRGBA tint = {0.85F, 0.1F, 0.4F, 0.55F};

LkMaskLayer *lk_mask_layer_new(GtkWidget *widget, LkThumbnails *thumbnails, LkPictureLoader *loader)
{
    LkMaskLayer *layer = g_new0(LkMaskLayer, 1);
    layer->widget = widget;
    layer->thumbnails = g_object_ref(thumbnails);
    layer->loader = loader ? g_object_ref(loader) : NULL;
    return layer;
}

static void let_go(LkMaskLayer *layer)
{
    if (layer->cancellable)
        g_cancellable_cancel(layer->cancellable);
    g_clear_object(&layer->cancellable);
    g_clear_object(&layer->texture);
}

void lk_mask_layer_free(LkMaskLayer *layer)
{
    if (!layer)
        return;
    let_go(layer);
    g_object_unref(layer->thumbnails);
    g_clear_object(&layer->loader);
    g_free(layer->path);
    g_free(layer);
}

/* Cancelled, the layer may be gone. */
static void take(LkMaskLayer *layer, GdkTexture *texture, const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_set_object(&layer->texture, texture);
    gtk_widget_queue_draw(layer->widget);
}

static void whole_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_picture_loader_load_finish(LK_PICTURE_LOADER(source), result, &error);
    take(data, texture, error);
}

static void thumbnail_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &error);
    take(data, texture, error);
}

void lk_mask_layer_set_path(LkMaskLayer *layer, const char *path)
{
    if (!g_set_str(&layer->path, path))
        return;
    let_go(layer);
    gtk_widget_queue_draw(layer->widget);
    if (!path)
        return;
    layer->cancellable = g_cancellable_new();
    if (layer->loader)
        lk_picture_loader_load(layer->loader, path, layer->cancellable, whole_cb, layer);
    else
        lk_thumbnails_load(layer->thumbnails, path, layer->cancellable, thumbnail_cb, layer);
}

gboolean lk_mask_layer_is_empty(const LkMaskLayer *layer)
{
    return layer->path == NULL;
}

void lk_mask_layer_snapshot(const LkMaskLayer *layer, GtkSnapshot *snapshot, const graphene_rect_t *picture)
{
    if (!layer->texture)
        return;
    gtk_snapshot_push_mask(snapshot, GSK_MASK_MODE_INVERTED_LUMINANCE);
    gtk_snapshot_append_texture(snapshot, layer->texture, picture);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_append_color(snapshot, &tint, picture);
    gtk_snapshot_pop(snapshot);
}
