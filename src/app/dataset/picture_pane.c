#include "app/dataset/picture_pane.h"

#include "app/dataset/caption_panel.h"
#include "app/dataset/choices_card.h"
#include "app/dataset/picture_canvas.h"
#include "app/dataset/picture_cell.h"
#include "app/dataset/shared_chips.h"

#include <glib/gi18n.h>

enum { CELLS = 4, CELL_SIDE = 70, LEAST_HEIGHT = 90, MOST_HEIGHT = 230, USUAL_WIDTH = 304, LINES = 3 };

struct _LkPicturePane {
    AdwBin parent_instance;
    AdwBin *preview, *caption;
    GtkWidget *content, *cells;
    GtkLabel *name, *facts, *heading;
    LkSharedChips *shared_chips;
    LkChoicesCard *choices;
    LkPictureCanvas *canvas;
    LkCaptionPanel *panel;
    LkPictureCell *cell[CELLS];
    LkDatasetView *view;
    LkPicture *picture; /* the only one that is shown, or NULL */
    guint update_idle;
};

G_DEFINE_FINAL_TYPE(LkPicturePane, lk_picture_pane, ADW_TYPE_BIN)

/* ---- one picture ------------------------------------------------------------------------------------- */

static void update_facts(LkPicturePane *self)
{
    LkPicture *picture = self->picture;
    const int width = lk_picture_get_width(picture), height = lk_picture_get_height(picture);
    g_autofree char *bytes = g_format_size((guint64)MAX(0, lk_picture_get_bytes(picture)));
    const char *error = lk_picture_get_error(picture);
    gtk_label_set_label(self->name, lk_picture_get_name(picture));
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->name), lk_picture_get_path(picture));
    g_autofree char *facts = NULL;
    if (lk_picture_get_missing(picture))
        facts = g_strdup(_("The file is gone."));
    else if (error)
        facts = g_strdup(error);
    else if (width > 0)
        facts = g_strdup_printf("%d × %d · %s", width, height, bytes);
    else
        facts = g_strdup(bytes);
    gtk_label_set_label(self->facts, facts);
    gtk_widget_set_visible(GTK_WIDGET(self->preview), !error && !lk_picture_get_missing(picture));
    const int wanted = width > 0 ? USUAL_WIDTH * height / width : MOST_HEIGHT;
    gtk_widget_set_size_request(GTK_WIDGET(self->canvas), -1, CLAMP(wanted, LEAST_HEIGHT, MOST_HEIGHT));
}

static void set_picture(LkPicturePane *self, LkPicture *picture)
{
    LkPictureList *list = lk_dataset_view_get_list(self->view);
    if (self->picture == picture)
        return;
    if (self->picture)
        g_signal_handlers_disconnect_by_func(self->picture, update_facts, self);
    g_set_object(&self->picture, picture);
    lk_picture_canvas_set_picture(self->canvas, picture);
    lk_caption_panel_set_picture(self->panel, picture ? list : NULL, picture);
    if (!picture)
        return;
    static const char *const facts[] = {"notify::width", "notify::bytes", "notify::error", "notify::missing"};
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        g_signal_connect_object(picture, facts[i], G_CALLBACK(update_facts), self, G_CONNECT_SWAPPED);
    update_facts(self);
}

/* ---- several pictures -------------------------------------------------------------------------------- */

static void show_many(LkPicturePane *self, GPtrArray *pictures)
{
    guint64 bytes = 0;
    for (guint i = 0; i < pictures->len; i++)
        bytes += (guint64)MAX(0, lk_picture_get_bytes(pictures->pdata[i]));
    g_autofree char *name =
        g_strdup_printf(ngettext("%'u picture selected", "%'u pictures selected", pictures->len), pictures->len);
    g_autofree char *size = g_format_size(bytes);
    gtk_label_set_label(self->name, name);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->name), NULL);
    gtk_label_set_label(self->facts, size);
    for (guint i = 0; i < CELLS; i++) {
        LkPicture *picture = i < pictures->len ? pictures->pdata[i] : NULL;
        lk_picture_cell_set_picture(self->cell[i], picture);
        gtk_widget_set_visible(GTK_WIDGET(self->cell[i]), picture != NULL);
        lk_picture_cell_load(self->cell[i]);
    }
}

static void let_go_of_many(LkPicturePane *self)
{
    for (guint i = 0; i < CELLS; i++)
        lk_picture_cell_set_picture(self->cell[i], NULL);
}

/* ---- which ------------------------------------------------------------------------------------------- */

static void update(LkPicturePane *self)
{
    g_clear_handle_id(&self->update_idle, g_source_remove);
    g_autoptr(GPtrArray) pictures = lk_dataset_view_get_n_selected(self->view) > 1
                                        ? lk_dataset_view_get_chosen(self->view)
                                        : g_ptr_array_new_with_free_func(g_object_unref);
    const gboolean many = pictures->len > 1;
    LkPicture *current = lk_dataset_view_get_current(self->view);
    if (!many && current)
        g_ptr_array_add(pictures, g_object_ref(current));
    set_picture(self, many ? NULL : current);
    if (many)
        show_many(self, pictures);
    else
        let_go_of_many(self);
    if (many)
        gtk_widget_set_visible(GTK_WIDGET(self->preview), FALSE);
    gtk_widget_set_visible(self->content, pictures->len > 0);
    gtk_widget_set_visible(self->cells, many);
    gtk_widget_set_visible(GTK_WIDGET(self->caption), !many);
    gtk_widget_set_visible(GTK_WIDGET(self->shared_chips), many);
    gtk_label_set_label(self->heading, many ? _("Tags") : _("Caption"));
    lk_shared_chips_set_pictures(self->shared_chips, lk_dataset_view_get_list(self->view), many ? pictures : NULL);
    lk_choices_card_set_pictures(self->choices, pictures->len ? pictures : NULL);
}

static gboolean update_cb(gpointer data)
{
    LkPicturePane *self = data;
    self->update_idle = 0;
    update(self);
    return G_SOURCE_REMOVE;
}

/* A rubber band changes the selection often. */
static void touch(LkPicturePane *self)
{
    if (!self->update_idle)
        self->update_idle = g_idle_add(update_cb, self);
}

void lk_picture_pane_set_view(LkPicturePane *self, LkDatasetView *view, LkThumbnails *thumbnails)
{
    self->view = g_object_ref(view);
    self->canvas = LK_PICTURE_CANVAS(lk_picture_canvas_new(thumbnails, NULL));
    adw_bin_set_child(self->preview, GTK_WIDGET(self->canvas));
    for (guint i = 0; i < CELLS; i++) {
        self->cell[i] = LK_PICTURE_CELL(lk_picture_cell_new(thumbnails));
        lk_picture_cell_set_side(self->cell[i], CELL_SIDE);
        gtk_box_append(GTK_BOX(self->cells), GTK_WIDGET(self->cell[i]));
    }
    lk_choices_card_set_view(self->choices, view);
    g_signal_connect_object(view, "notify::current", G_CALLBACK(touch), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(view, "notify::n-selected", G_CALLBACK(touch), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(view, "notify::n-shown", G_CALLBACK(touch), self, G_CONNECT_SWAPPED);
    update(self);
}

/* What was selected a moment ago is what is meant. */
static void settle(LkPicturePane *self)
{
    if (self->update_idle)
        update(self);
}

void lk_picture_pane_edit_caption(LkPicturePane *self)
{
    settle(self);
    if (self->picture)
        lk_caption_panel_edit(self->panel);
    else
        gtk_widget_child_focus(GTK_WIDGET(self->shared_chips), GTK_DIR_TAB_FORWARD);
}

void lk_picture_pane_add_tag(LkPicturePane *self)
{
    settle(self);
    if (self->picture)
        lk_caption_panel_add_tag(self->panel);
    else
        lk_shared_chips_add(self->shared_chips);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_picture_pane_dispose(GObject *object)
{
    LkPicturePane *self = LK_PICTURE_PANE(object);
    g_clear_handle_id(&self->update_idle, g_source_remove);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PICTURE_PANE);
    g_clear_object(&self->picture);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_picture_pane_parent_class)->dispose(object);
}

static void lk_picture_pane_class_init(LkPicturePaneClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_picture_pane_dispose;
    g_type_ensure(LK_TYPE_SHARED_CHIPS);
    g_type_ensure(LK_TYPE_CHOICES_CARD);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-picture_pane.ui");
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, content);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, preview);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, cells);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, name);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, facts);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, heading);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, caption);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, shared_chips);
    gtk_widget_class_bind_template_child(widget_class, LkPicturePane, choices);
}

static void lk_picture_pane_init(LkPicturePane *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->panel = LK_CAPTION_PANEL(lk_caption_panel_new(LINES));
    adw_bin_set_child(self->caption, GTK_WIDGET(self->panel));
}
