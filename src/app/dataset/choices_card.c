#include "app/dataset/choices_card.h"

#include "app/dataset/crop_guide.h"
#include "app/dataset/leave_out.h"

#include <glib/gi18n.h>
#include <math.h>

/* Milliseconds of rest after which a number is taken for several pictures: one step to undo, not one a click. */
enum { REST = 400 };

struct _LkChoicesCard {
    AdwBin parent_instance;
    AdwActionRow *bucket_row, *mask_row, *reg_row;
    GtkLabel *bucket_label;
    AdwSpinRow *repeats_row;
    GtkWidget *reset_button, *mask_button;
    AdwSwitchRow *use_row;
    LkDatasetView *view;
    GPtrArray *pictures;
    gboolean showing; /* rows become what the pictures have, not the other way round */
    guint repeats_id;
};

G_DEFINE_FINAL_TYPE(LkChoicesCard, lk_choices_card, ADW_TYPE_BIN)

static guint n_pictures(LkChoicesCard *self)
{
    return self->pictures ? self->pictures->len : 0;
}

static LkPicture *first(LkChoicesCard *self)
{
    return self->pictures->pdata[0];
}

/* ---- showing ----------------------------------------------------------------------------------------- */

static char *bucket_subtitle(const LkBucketFit *fit)
{
    const double cut = lk_crop_guide_cut(fit);
    if (cut < 0.05)
        return g_strdup(_("Nothing is cut off"));
    const gboolean sides = fit->resized.width > fit->bucket.width, ends = fit->resized.height > fit->bucket.height;
    if (cut < 0.95)
        return g_strdup(/* xgettext:no-c-format */ _("Less than 1 % is cut off"));
    const int percent = (int)lround(cut);
    if (sides && ends)
        return g_strdup_printf(_("%d %% cut off, all around"), percent);
    return sides ? g_strdup_printf(_("%d %% cut off, left and right"), percent)
                 : g_strdup_printf(_("%d %% cut off, top and bottom"), percent);
}

static void show_bucket(LkChoicesCard *self)
{
    LkBucketFit fit;
    const gboolean known = n_pictures(self) == 1 && lk_picture_get_fit(first(self), &fit);
    gtk_widget_set_visible(GTK_WIDGET(self->bucket_row), known);
    if (!known)
        return;
    g_autofree char *size = lk_crop_guide_text(&fit, FALSE), *subtitle = bucket_subtitle(&fit);
    gtk_label_set_label(self->bucket_label, size);
    adw_action_row_set_subtitle(self->bucket_row, subtitle);
}

static void show_mask(LkChoicesCard *self)
{
    const gboolean own = n_pictures(self) == 1 && lk_picture_get_own_mask(first(self));
    const char *mask = n_pictures(self) == 1 && !own ? lk_picture_get_mask(first(self)) : NULL;
    gtk_widget_set_visible(GTK_WIDGET(self->mask_row), mask || own);
    gtk_widget_set_visible(self->mask_button, mask != NULL);
    g_autofree char *name = own    ? g_strdup(_("Its transparent parts"))
                            : mask ? g_filename_display_basename(mask)
                                   : NULL;
    g_autofree char *escaped = name ? g_markup_escape_text(name, -1) : NULL;
    adw_action_row_set_subtitle(self->mask_row, escaped ? escaped : "");
}

static void show_repeats(LkChoicesCard *self)
{
    guint least = G_MAXUINT, most = 0, own = 0;
    for (guint i = 0; i < n_pictures(self); i++) {
        const guint repeats = lk_picture_get_repeats(self->pictures->pdata[i]);
        least = MIN(least, repeats);
        most = MAX(most, repeats);
        own += lk_picture_get_own_repeats(self->pictures->pdata[i]) > 0;
    }
    g_autofree char *mixed = least < most ? g_strdup_printf(_("%u to %u"), least, most) : NULL;
    if (!self->repeats_id) /* else the person is choosing */
        adw_spin_row_set_value(self->repeats_row, most);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self->repeats_row), mixed ? mixed : "");
    gtk_widget_set_visible(self->reset_button, own > 0);
}

static void show_use(LkChoicesCard *self)
{
    const guint all = n_pictures(self);
    guint used = 0;
    for (guint i = 0; i < all; i++)
        used += !lk_picture_get_excluded(self->pictures->pdata[i]);
    adw_switch_row_set_active(self->use_row, used == all);
    /* translators: of the selected pictures */
    g_autofree char *some = used && used < all ? g_strdup_printf(_("%'u of %'u are used"), used, all) : NULL;
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self->use_row), some ? some : "");
}

static void show_regularisation(LkChoicesCard *self)
{
    gboolean all = TRUE;
    for (guint i = 0; i < n_pictures(self) && all; i++)
        all = lk_picture_get_regularisation(self->pictures->pdata[i]);
    gtk_widget_set_visible(GTK_WIDGET(self->reg_row), all);
}

static void show(LkChoicesCard *self)
{
    gtk_widget_set_sensitive(GTK_WIDGET(self), n_pictures(self) > 0);
    if (n_pictures(self) == 0)
        return;
    self->showing = TRUE;
    show_bucket(self);
    show_mask(self);
    show_repeats(self);
    show_use(self);
    show_regularisation(self);
    self->showing = FALSE;
}

/* ---- choosing ---------------------------------------------------------------------------------------- */

static void edit(LkChoicesCard *self, LkPictureField field, const char *value, const char *label)
{
    g_autofree LkPictureChange *changes = g_new(LkPictureChange, n_pictures(self));
    for (guint i = 0; i < n_pictures(self); i++)
        changes[i] = (LkPictureChange){self->pictures->pdata[i], field, value};
    lk_picture_list_edit(lk_dataset_view_get_list(self->view), label, changes, n_pictures(self));
}

static void set_repeats(LkChoicesCard *self, guint repeats)
{
    const guint n = n_pictures(self);
    g_autofree char *value = g_strdup_printf("%u", repeats);
    g_autofree char *label =
        n == 1 ? g_strdup_printf(_("Set the Repeats of “%s”"), lk_picture_get_name(first(self)))
               : g_strdup_printf(ngettext("Set the Repeats of %'u Picture", "Set the Repeats of %'u Pictures", n), n);
    edit(self, LK_PICTURE_FIELD_REPEATS, value, label);
}

static gboolean repeats_cb(gpointer data)
{
    LkChoicesCard *self = data;
    self->repeats_id = 0;
    set_repeats(self, (guint)adw_spin_row_get_value(self->repeats_row));
    show(self);
    return G_SOURCE_REMOVE;
}

static void repeats_changed_cb(LkChoicesCard *self)
{
    if (self->showing || !n_pictures(self))
        return;
    g_clear_handle_id(&self->repeats_id, g_source_remove);
    if (n_pictures(self) == 1)
        set_repeats(self, (guint)adw_spin_row_get_value(self->repeats_row));
    else
        self->repeats_id = g_timeout_add(REST, repeats_cb, self);
}

static void reset_cb(LkChoicesCard *self)
{
    set_repeats(self, 0);
}

static void use_changed_cb(LkChoicesCard *self)
{
    if (self->showing || !n_pictures(self))
        return;
    const gboolean use = adw_switch_row_get_active(self->use_row);
    lk_leave_out_edit(lk_dataset_view_get_list(self->view), self->pictures, !use);
}

static void remove_mask_cb(LkChoicesCard *self)
{
    if (n_pictures(self) != 1)
        return;
    g_autofree char *label = g_strdup_printf(_("Remove the Mask of “%s”"), lk_picture_get_name(first(self)));
    edit(self, LK_PICTURE_FIELD_MASK, "", label);
}

static void bucket_activated_cb(LkChoicesCard *self)
{
    const LkSize bucket = lk_picture_get_bucket(first(self));
    g_autofree char *filter = g_strdup_printf("bucket:%dx%d", bucket.width, bucket.height);
    lk_dataset_view_set_filter_text(self->view, filter);
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void pictures_changed_cb(LkChoicesCard *self, guint aspects)
{
    if (aspects & (LK_PICTURE_ASPECT_CHOICES | LK_PICTURE_ASPECT_BUCKET | LK_PICTURE_ASPECT_FILE))
        show(self);
}

void lk_choices_card_set_view(LkChoicesCard *self, LkDatasetView *view)
{
    self->view = g_object_ref(view);
    g_signal_connect_object(lk_dataset_view_get_list(view), "pictures-changed", G_CALLBACK(pictures_changed_cb), self,
                            G_CONNECT_SWAPPED);
}

void lk_choices_card_set_pictures(LkChoicesCard *self, GPtrArray *pictures)
{
    if (self->repeats_id) { /* what was chosen for those before */
        g_clear_handle_id(&self->repeats_id, g_source_remove);
        set_repeats(self, (guint)adw_spin_row_get_value(self->repeats_row));
    }
    g_clear_pointer(&self->pictures, g_ptr_array_unref);
    self->pictures = pictures ? g_ptr_array_ref(pictures) : NULL;
    show(self);
}

static void lk_choices_card_dispose(GObject *object)
{
    LkChoicesCard *self = LK_CHOICES_CARD(object);
    if (self->view)
        lk_choices_card_set_pictures(self, NULL);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_CHOICES_CARD);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_choices_card_parent_class)->dispose(object);
}

static void lk_choices_card_class_init(LkChoicesCardClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_choices_card_dispose;
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-choices_card.ui");
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, bucket_row);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, bucket_label);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, repeats_row);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, reset_button);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, use_row);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, mask_row);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, mask_button);
    gtk_widget_class_bind_template_child(widget_class, LkChoicesCard, reg_row);
    gtk_widget_class_bind_template_callback(widget_class, bucket_activated_cb);
    gtk_widget_class_bind_template_callback(widget_class, repeats_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, reset_cb);
    gtk_widget_class_bind_template_callback(widget_class, use_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, remove_mask_cb);
}

static void lk_choices_card_init(LkChoicesCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
