#include "app/dataset/mask_layer.h"

struct LkMaskLayer {
    GtkWidget *widget; /* not owned */
    LkThumbnails *thumbnails;
    LkPictureLoader *loader; /* may be NULL */
    char *mask;              /* what is loaded: a file, or a picture's path and time */
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
    g_free(layer->mask);
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

static void opacity_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = g_task_propagate_pointer(G_TASK(result), &error);
    take(data, texture, error);
}

static void opacity_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    GdkTexture *texture = lk_picture_loader_decode(data, TRUE, &error);
    if (texture)
        g_task_return_pointer(task, texture, g_object_unref);
    else
        g_task_return_error(task, error);
}

static void load_opacity(LkMaskLayer *layer, const char *path)
{
    g_autoptr(GTask) task = g_task_new(NULL, layer->cancellable, opacity_cb, layer);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, opacity_thread);
}

void lk_mask_layer_set_picture(LkMaskLayer *layer, LkPicture *picture)
{
    const char *path = picture ? lk_picture_get_mask(picture) : NULL;
    const gboolean own = picture && lk_picture_get_own_mask(picture);
    g_autofree char *as_now =
        own ? g_strdup_printf("%" G_GINT64_FORMAT " %s", lk_picture_get_modified(picture), lk_picture_get_path(picture))
            : NULL;
    if (!g_set_str(&layer->mask, own ? as_now : path))
        return;
    let_go(layer);
    gtk_widget_queue_draw(layer->widget);
    if (!layer->mask)
        return;
    layer->cancellable = g_cancellable_new();
    if (own)
        load_opacity(layer, lk_picture_get_path(picture));
    else if (layer->loader)
        lk_picture_loader_load(layer->loader, path, layer->cancellable, whole_cb, layer);
    else
        lk_thumbnails_load(layer->thumbnails, path, layer->cancellable, thumbnail_cb, layer);
}

gboolean lk_mask_layer_is_empty(const LkMaskLayer *layer)
{
    return layer->mask == NULL;
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
