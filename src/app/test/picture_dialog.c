#include "app/test/picture_dialog.h"

#include "app/test/picture_words.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>

struct _LkPictureDialog {
    AdwDialog parent_instance;
    AdwWindowTitle *title;
    GtkPicture *picture;
    GtkToggleButton *size_button;
    GListModel *pictures;
    guint position;
    LkLoraList *loras;
    char *folders;
    GSignalGroup *changes; /* of the picture that is shown */
};

G_DEFINE_FINAL_TYPE(LkPictureDialog, lk_picture_dialog, ADW_TYPE_DIALOG)

enum { SIGNAL_SHOWN, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static void update(LkPictureDialog *self)
{
    g_autoptr(LkTestPicture) picture = g_list_model_get_item(self->pictures, self->position);
    if (!picture)
        return;
    const LkInfotext *infotext = lk_test_picture_get_infotext(picture);
    const char *error = lk_test_picture_get_error(picture);
    g_autofree char *title = lk_picture_title(infotext, self->loras, self->folders);
    g_autofree char *caption = lk_picture_caption(infotext, lk_test_picture_get_seconds(picture));
    adw_window_title_set_title(self->title, title);
    adw_window_title_set_subtitle(self->title, error ? error : caption);
    gtk_picture_set_paintable(self->picture, lk_test_picture_get_paintable(picture));
    gtk_picture_set_alternative_text(self->picture, infotext ? infotext->prompt : NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
    guint count = g_list_model_get_n_items(self->pictures);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "picture.previous", self->position > 0);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "picture.next", self->position + 1 < count);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "picture.copy", lk_test_picture_get_texture(picture) != NULL);
}

static void show_position(LkPictureDialog *self, guint position)
{
    g_autoptr(LkTestPicture) picture = g_list_model_get_item(self->pictures, position);
    if (!picture)
        return;
    self->position = position;
    g_signal_group_set_target(self->changes, picture);
    lk_test_picture_load(picture);
    update(self);
    g_signal_emit(self, signals[SIGNAL_SHOWN], 0, position);
}

/* A pixel of the picture is one of the screen; larger pictures are scrolled. */
static void size_cb(LkPictureDialog *self)
{
    gboolean actual = gtk_toggle_button_get_active(self->size_button);
    gtk_picture_set_can_shrink(self->picture, !actual);
    gtk_picture_set_content_fit(self->picture, actual ? GTK_CONTENT_FIT_SCALE_DOWN : GTK_CONTENT_FIT_CONTAIN);
}

static void previous_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureDialog *self = LK_PICTURE_DIALOG(widget);
    if (self->position > 0)
        show_position(self, self->position - 1);
}

static void next_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureDialog *self = LK_PICTURE_DIALOG(widget);
    show_position(self, self->position + 1);
}

static void copy_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkPictureDialog *self = LK_PICTURE_DIALOG(widget);
    g_autoptr(LkTestPicture) picture = g_list_model_get_item(self->pictures, self->position);
    GdkTexture *texture = picture ? lk_test_picture_get_texture(picture) : NULL;
    if (texture)
        gdk_clipboard_set_texture(gtk_widget_get_clipboard(widget), texture);
}

LkPictureDialog *lk_picture_dialog_new(GListModel *pictures, guint position, LkLoraList *loras, const char *folders)
{
    LkPictureDialog *self = g_object_new(LK_TYPE_PICTURE_DIALOG, NULL);
    self->pictures = g_object_ref(pictures);
    self->loras = g_object_ref(loras);
    self->folders = g_strdup(folders);
    show_position(self, position);
    return self;
}

static void lk_picture_dialog_dispose(GObject *object)
{
    LkPictureDialog *self = LK_PICTURE_DIALOG(object);
    g_clear_object(&self->changes);
    g_clear_object(&self->pictures);
    g_clear_object(&self->loras);
    g_clear_pointer(&self->folders, g_free);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PICTURE_DIALOG);
    G_OBJECT_CLASS(lk_picture_dialog_parent_class)->dispose(object);
}

static void lk_picture_dialog_class_init(LkPictureDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_picture_dialog_dispose;
    signals[SIGNAL_SHOWN] = g_signal_new("shown", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_UINT);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/test-picture_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkPictureDialog, title);
    gtk_widget_class_bind_template_child(widget_class, LkPictureDialog, picture);
    gtk_widget_class_bind_template_child(widget_class, LkPictureDialog, size_button);
    gtk_widget_class_bind_template_callback(widget_class, size_cb);
    gtk_widget_class_install_action(widget_class, "picture.previous", NULL, previous_action);
    gtk_widget_class_install_action(widget_class, "picture.next", NULL, next_action);
    gtk_widget_class_install_action(widget_class, "picture.copy", NULL, copy_action);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "picture.copy", NULL);
}

/* Before the arrows move the focus. */
static void add_keys(LkPictureDialog *self)
{
    static const LkShortcut keys[] = {{"Left", "picture.previous"}, {"Right", "picture.next"}};
    lk_shortcuts_add(GTK_WIDGET(self), keys, G_N_ELEMENTS(keys), LK_SHORTCUTS_FIRST);
}

static void lk_picture_dialog_init(LkPictureDialog *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    add_keys(self);
    adw_dialog_set_focus(ADW_DIALOG(self), GTK_WIDGET(self->picture));
    self->changes = g_signal_group_new(LK_TYPE_TEST_PICTURE);
    g_signal_group_connect_swapped(self->changes, "changed", G_CALLBACK(update), self);
}
