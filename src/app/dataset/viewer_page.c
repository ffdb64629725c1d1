#include "app/dataset/viewer_page.h"

#include "app/dataset/leave_out.h"
#include "app/dataset/picture_canvas.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>
#include <math.h>

enum { MARGIN = 12, PILL_GAP = 12, SWIPE = 300 };

struct _LkViewerPage {
    AdwNavigationPage parent_instance;
    AdwWindowTitle *title_widget;
    AdwToastOverlay *toasts;
    GtkOverlay *overlay;
    GtkWidget *failure, *zoom_pill, *mask_button;
    GtkLabel *zoom_label;
    AdwBin *caption;
    LkPictureCanvas *canvas;
    LkDatasetView *view;
    LkPictureLoader *loader;
    GSignalGroup *changes; /* of the current picture */
    guint position;        /* where it stood when it was shown */
    GCancellable *ahead;   /* of the neighbour that is decoded before it is asked for */
};

G_DEFINE_FINAL_TYPE(LkViewerPage, lk_viewer_page, ADW_TYPE_NAVIGATION_PAGE)

enum { PROP_CROP = 1, PROP_MASK, PROP_LEFT_OUT, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

AdwBin *lk_viewer_page_get_caption(LkViewerPage *self)
{
    return self->caption;
}

AdwToastOverlay *lk_viewer_page_get_toasts(LkViewerPage *self)
{
    return self->toasts;
}

/* ---- the current picture ----------------------------------------------------------------------------- */

static void update_title(LkViewerPage *self)
{
    LkPicture *picture = lk_dataset_view_get_current(self->view);
    guint position = lk_dataset_view_get_current_position(self->view);
    guint count = lk_dataset_view_get_n_shown(self->view);
    if (!picture)
        return;
    adw_window_title_set_title(self->title_widget, lk_picture_get_name(picture));
    adw_navigation_page_set_title(ADW_NAVIGATION_PAGE(self), lk_picture_get_name(picture));
    /* translators: which picture of how many: "4 of 24" */
    g_autofree char *place = g_strdup_printf(_("%'u of %'u"), position + 1, count);
    adw_window_title_set_subtitle(self->title_widget, place);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "viewer.previous", position > 0);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "viewer.next", position + 1 < count);
}

/* It stays in the loader's memory. */
static void ahead_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GdkTexture *texture = lk_picture_loader_load_finish(LK_PICTURE_LOADER(source), result, NULL);
    g_clear_object(&texture);
}

/* Whoever goes through a dataset goes on in the same direction. */
static void look_ahead(LkViewerPage *self, int step)
{
    if (self->ahead)
        g_cancellable_cancel(self->ahead);
    g_clear_object(&self->ahead);
    guint position = lk_dataset_view_get_current_position(self->view);
    if (step < 0 && position == 0)
        return;
    g_autoptr(LkPicture) next =
        g_list_model_get_item(G_LIST_MODEL(lk_dataset_view_get_selection(self->view)), position + (guint)step);
    if (!next || lk_picture_get_error(next) || lk_picture_get_missing(next) ||
        lk_picture_loader_peek(self->loader, lk_picture_get_path(next)))
        return;
    self->ahead = g_cancellable_new();
    lk_picture_loader_load(self->loader, lk_picture_get_path(next), self->ahead, ahead_cb, NULL);
}

/* There is a way to hide the mask where there is one. */
static void update_mask(LkViewerPage *self)
{
    LkPicture *picture = lk_dataset_view_get_current(self->view);
    const gboolean any = picture && (lk_picture_get_mask(picture) || lk_picture_get_own_mask(picture));
    gtk_widget_set_visible(self->mask_button, any);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "viewer.mask", any);
}

static void current_changed_cb(LkViewerPage *self)
{
    LkPicture *picture = lk_dataset_view_get_current(self->view);
    guint position = lk_dataset_view_get_current_position(self->view);
    g_signal_group_set_target(self->changes, picture);
    /* The neighbour first: the request made last is answered first. */
    if (picture)
        look_ahead(self, position + 1 == self->position ? -1 : 1);
    self->position = position;
    lk_picture_canvas_set_picture(self->canvas, picture);
    update_title(self);
    update_mask(self);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LEFT_OUT]);
    if (!picture)
        gtk_widget_activate_action(GTK_WIDGET(self), "navigation.pop", NULL);
}

static void left_out_changed_cb(LkViewerPage *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LEFT_OUT]);
}

static void go(LkViewerPage *self, int step)
{
    guint position = lk_dataset_view_get_current_position(self->view);
    if (position != GTK_INVALID_LIST_POSITION && (step > 0 || position >= (guint)-step))
        lk_dataset_view_set_current_position(self->view, position + (guint)step);
}

/* ---- what the canvas says ---------------------------------------------------------------------------- */

static void zoom_changed_cb(LkViewerPage *self)
{
    /* translators: zoom, in per cent */
    g_autofree char *text = g_strdup_printf(_("%d %%"), (int)lround(lk_picture_canvas_get_percent(self->canvas)));
    gtk_label_set_label(self->zoom_label, text);
    gtk_widget_queue_allocate(GTK_WIDGET(self->overlay)); /* the pill lies on the picture */
}

static void error_changed_cb(LkViewerPage *self)
{
    const char *error = lk_picture_canvas_get_error(self->canvas);
    g_autofree char *text = error ? g_markup_escape_text(error, -1) : NULL;
    adw_status_page_set_description(ADW_STATUS_PAGE(self->failure), text);
    gtk_widget_set_visible(self->failure, error != NULL);
    gtk_widget_set_visible(self->zoom_pill, error == NULL);
}

/* The zoom pill goes to the lower corner of the picture, where that leaves room for it. */
static gboolean child_position_cb(GtkOverlay *overlay, GtkWidget *child, GdkRectangle *place, LkViewerPage *self)
{
    if (child != self->zoom_pill)
        return FALSE;
    int width, height, whole_width = gtk_widget_get_width(GTK_WIDGET(overlay));
    int whole_height = gtk_widget_get_height(GTK_WIDGET(overlay));
    gtk_widget_measure(child, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
    gtk_widget_measure(child, GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
    graphene_rect_t picture = lk_picture_canvas_get_visible(self->canvas);
    gboolean room = picture.size.width > (float)(2 * width) && picture.size.height > (float)(3 * height);
    int right = room ? MARGIN + (int)(picture.origin.x + picture.size.width) : whole_width;
    int bottom = room ? MARGIN + (int)(picture.origin.y + picture.size.height) : whole_height;
    *place = (GdkRectangle){MAX(0, right - PILL_GAP - width), MAX(0, bottom - PILL_GAP - height), width, height};
    return TRUE;
}

/* A swipe to the left brings the next one, where it does not move the picture. */
static void swipe_cb(LkViewerPage *self, double x, double y)
{
    if (lk_picture_canvas_get_fits(self->canvas) && fabs(x) > SWIPE && fabs(x) > 2 * fabs(y))
        go(self, x < 0 ? 1 : -1);
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static void previous_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    go(LK_VIEWER_PAGE(widget), -1);
}

static void next_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    go(LK_VIEWER_PAGE(widget), 1);
}

static void zoom_in_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_canvas_zoom(LK_VIEWER_PAGE(widget)->canvas, 1);
}

static void zoom_out_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_canvas_zoom(LK_VIEWER_PAGE(widget)->canvas, -1);
}

static void fit_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_canvas_fit(LK_VIEWER_PAGE(widget)->canvas);
}

static void actual_size_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_picture_canvas_set_percent(LK_VIEWER_PAGE(widget)->canvas, 100);
}

static void toggle_fit_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureCanvas *canvas = LK_VIEWER_PAGE(widget)->canvas;
    if (lk_picture_canvas_get_fits(canvas))
        lk_picture_canvas_set_percent(canvas, 100);
    else
        lk_picture_canvas_fit(canvas);
}

static GFile *current_file(LkViewerPage *self)
{
    return g_file_new_for_path(lk_picture_get_path(lk_dataset_view_get_current(self->view)));
}

static void open_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_autoptr(GFile) file = current_file(LK_VIEWER_PAGE(widget));
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(file);
    gtk_file_launcher_launch(launcher, GTK_WINDOW(gtk_widget_get_root(widget)), NULL, NULL, NULL);
}

static void show_in_folder_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_autoptr(GFile) file = current_file(LK_VIEWER_PAGE(widget));
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(file);
    gtk_file_launcher_open_containing_folder(launcher, GTK_WINDOW(gtk_widget_get_root(widget)), NULL, NULL, NULL);
}

/* As a file: whoever pastes it gets the picture or its path, whichever they want. */
static void copy_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_autoptr(GFile) file = current_file(LK_VIEWER_PAGE(widget));
    GdkFileList *list = gdk_file_list_new_from_array(&file, 1);
    gdk_clipboard_set(gtk_widget_get_clipboard(widget), GDK_TYPE_FILE_LIST, list);
    g_boxed_free(GDK_TYPE_FILE_LIST, list);
}

static const struct {
    const char *name;
    GtkWidgetActionActivateFunc activate;
} actions[] = {
    {"viewer.previous", previous_action},
    {"viewer.next", next_action},
    {"viewer.zoom-in", zoom_in_action},
    {"viewer.zoom-out", zoom_out_action},
    {"viewer.fit", fit_action},
    {"viewer.actual-size", actual_size_action},
    {"viewer.toggle-fit", toggle_fit_action},
    {"viewer.open", open_action},
    {"viewer.show-in-folder", show_in_folder_action},
    {"viewer.copy", copy_action},
};

/* Plain keys are for where no text is written: a text takes them first. */
static const struct {
    guint key;
    GdkModifierType modifiers;
    const char *action;
} keys[] = {
    {GDK_KEY_Left, 0, "viewer.previous"},
    {GDK_KEY_Right, 0, "viewer.next"},
    {GDK_KEY_plus, 0, "viewer.zoom-in"},
    {GDK_KEY_equal, 0, "viewer.zoom-in"},
    {GDK_KEY_KP_Add, 0, "viewer.zoom-in"},
    {GDK_KEY_minus, 0, "viewer.zoom-out"},
    {GDK_KEY_KP_Subtract, 0, "viewer.zoom-out"},
    {GDK_KEY_0, 0, "viewer.fit"},
    {GDK_KEY_KP_0, 0, "viewer.fit"},
    {GDK_KEY_1, 0, "viewer.actual-size"},
    {GDK_KEY_KP_1, 0, "viewer.actual-size"},
    {GDK_KEY_c, 0, "viewer.crop"},
    {GDK_KEY_m, 0, "viewer.mask"},
    {GDK_KEY_Delete, 0, "viewer.left-out"},
    {GDK_KEY_KP_Delete, 0, "viewer.left-out"},
};

/* These go to other pictures from within the caption as well, so they come before it. */
static void add_captured_keys(LkViewerPage *self)
{
    static const LkShortcut captured[] = {{"<Control>Left", "viewer.previous"}, {"<Control>Right", "viewer.next"}};
    lk_shortcuts_add(GTK_WIDGET(self), captured, G_N_ELEMENTS(captured), LK_SHORTCUTS_FIRST);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void watch_canvas(LkViewerPage *self)
{
    g_signal_connect_object(self->canvas, "notify::percent", G_CALLBACK(zoom_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->canvas, "notify::error", G_CALLBACK(error_changed_cb), self, G_CONNECT_SWAPPED);
    GtkGesture *swipe = gtk_gesture_swipe_new();
    gtk_gesture_single_set_touch_only(GTK_GESTURE_SINGLE(swipe), TRUE);
    g_signal_connect_object(swipe, "swipe", G_CALLBACK(swipe_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self->canvas), GTK_EVENT_CONTROLLER(swipe));
}

LkViewerPage *lk_viewer_page_new(LkDatasetView *view, LkThumbnails *thumbnails, LkPictureLoader *loader)
{
    LkViewerPage *self = g_object_new(LK_TYPE_VIEWER_PAGE, NULL);
    self->view = g_object_ref(view);
    self->loader = g_object_ref(loader);
    self->position = lk_dataset_view_get_current_position(view);
    self->canvas = LK_PICTURE_CANVAS(lk_picture_canvas_new(thumbnails, loader));
    g_object_set(self->canvas, "margin-start", MARGIN, "margin-end", MARGIN, "margin-top", MARGIN, "margin-bottom",
                 MARGIN, NULL);
    gtk_overlay_set_child(self->overlay, GTK_WIDGET(self->canvas));
    watch_canvas(self);
    g_signal_connect_object(view, "notify::current", G_CALLBACK(current_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(view, "notify::n-shown", G_CALLBACK(update_title), self, G_CONNECT_SWAPPED);
    current_changed_cb(self);
    return self;
}

/* The keyboard begins at the picture, not at the first button. */
static void lk_viewer_page_shown(AdwNavigationPage *page)
{
    gtk_widget_grab_focus(GTK_WIDGET(LK_VIEWER_PAGE(page)->canvas));
}

static gboolean get_shown(LkViewerPage *self, const char *layer)
{
    gboolean shown = TRUE;
    if (self->canvas)
        g_object_get(self->canvas, layer, &shown, NULL);
    return shown;
}

static void lk_viewer_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkViewerPage *self = LK_VIEWER_PAGE(object);
    LkPicture *picture = self->view ? lk_dataset_view_get_current(self->view) : NULL;
    if (id == PROP_CROP)
        g_value_set_boolean(value, get_shown(self, "show-crop"));
    else if (id == PROP_MASK)
        g_value_set_boolean(value, get_shown(self, "show-mask"));
    else if (id == PROP_LEFT_OUT)
        g_value_set_boolean(value, picture && lk_picture_get_excluded(picture));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_viewer_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkViewerPage *self = LK_VIEWER_PAGE(object);
    if (id == PROP_CROP) {
        lk_picture_canvas_set_show_crop(self->canvas, g_value_get_boolean(value));
        g_object_notify_by_pspec(object, pspec);
    } else if (id == PROP_MASK) {
        lk_picture_canvas_set_show_mask(self->canvas, g_value_get_boolean(value));
        g_object_notify_by_pspec(object, pspec);
    } else if (id == PROP_LEFT_OUT) {
        lk_leave_out_set(lk_dataset_view_get_list(self->view), lk_dataset_view_get_current(self->view),
                         g_value_get_boolean(value));
    } else {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_viewer_page_dispose(GObject *object)
{
    LkViewerPage *self = LK_VIEWER_PAGE(object);
    if (self->ahead)
        g_cancellable_cancel(self->ahead);
    g_clear_object(&self->ahead);
    g_clear_object(&self->changes);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_VIEWER_PAGE);
    g_clear_object(&self->loader);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_viewer_page_parent_class)->dispose(object);
}

static void bind_template(GtkWidgetClass *widget_class)
{
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-viewer_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, title_widget);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, overlay);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, failure);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, zoom_pill);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, mask_button);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, zoom_label);
    gtk_widget_class_bind_template_child(widget_class, LkViewerPage, caption);
    gtk_widget_class_bind_template_callback(widget_class, child_position_cb);
}

static void lk_viewer_page_class_init(LkViewerPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_viewer_page_get_property;
    object_class->set_property = lk_viewer_page_set_property;
    object_class->dispose = lk_viewer_page_dispose;
    ADW_NAVIGATION_PAGE_CLASS(klass)->shown = lk_viewer_page_shown;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
    properties[PROP_MASK] = g_param_spec_boolean("mask", NULL, NULL, TRUE, flags);
    properties[PROP_CROP] = g_param_spec_boolean("crop", NULL, NULL, TRUE, flags);
    properties[PROP_LEFT_OUT] = g_param_spec_boolean("left-out", NULL, NULL, FALSE, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    bind_template(widget_class);
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].activate);
    gtk_widget_class_install_property_action(widget_class, "viewer.crop", "crop");
    gtk_widget_class_install_property_action(widget_class, "viewer.mask", "mask");
    gtk_widget_class_install_property_action(widget_class, "viewer.left-out", "left-out");
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        gtk_widget_class_add_binding_action(widget_class, keys[i].key, keys[i].modifiers, keys[i].action, NULL);
}

static void lk_viewer_page_init(LkViewerPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->changes = g_signal_group_new(LK_TYPE_PICTURE);
    g_signal_group_connect_swapped(self->changes, "notify::mask", G_CALLBACK(update_mask), self);
    g_signal_group_connect_swapped(self->changes, "notify::excluded", G_CALLBACK(left_out_changed_cb), self);
    g_signal_group_connect_swapped(self->changes, "notify::name", G_CALLBACK(update_title), self);
    add_captured_keys(self);
}
