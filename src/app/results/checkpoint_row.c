#include "app/results/checkpoint_row.h"

#include "app/results/copy_to.h"
#include "app/widgets/cover.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

enum { MOST_SAMPLES = 3, SAMPLE_SIZE = 72 };

struct _LkCheckpointRow {
    GtkListBoxRow parent_instance;
    LkTask *task;
    guint index;
    GtkBox *layout, *samples;
    AdwWrapBox *figures;
    GtkLabel *title, *mark, *file, *loss, *held_out;
    GtkWidget *export_button;
};

G_DEFINE_FINAL_TYPE(LkCheckpointRow, lk_checkpoint_row, GTK_TYPE_LIST_BOX_ROW)

enum { SIGNAL_EXPORT, SIGNAL_MARK, SIGNAL_FORGET, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];
static const char *const signal_names[] = {"export", "mark", "forget"};

const LkTaskCheckpoint *lk_checkpoint_row_get_checkpoint(LkCheckpointRow *self)
{
    return lk_task_get_checkpoints(self->task)->pdata[self->index];
}

char *lk_checkpoint_title(const LkTaskCheckpoint *checkpoint)
{
    if (checkpoint->epoch > 0)
        return g_strdup_printf(_("Epoch %" PRId64), checkpoint->epoch);
    return g_strdup_printf(_("Step %" PRId64), checkpoint->step);
}

/* ---- figures ----------------------------------------------------------------------------------------- */

static void show_figure(GtkLabel *label, double value)
{
    g_autofree char *text = isfinite(value) ? g_strdup_printf("%.4f", value) : g_strdup("–");
    gtk_label_set_label(label, text);
}

void lk_checkpoint_row_update(LkCheckpointRow *self, LkCheckpointMark mark)
{
    gboolean best = mark == LK_CHECKPOINT_BEST, over = mark == LK_CHECKPOINT_OVER;
    const LkTaskCheckpoint *checkpoint = lk_checkpoint_row_get_checkpoint(self);
    show_figure(self->loss, checkpoint->loss);
    show_figure(self->held_out, checkpoint->held_out_loss);
    gtk_label_set_label(self->mark, best ? _("Best") : over ? _("Over-fitting") : "");
    gtk_widget_set_visible(GTK_WIDGET(self->mark), best || over);
    gtk_widget_set_css_classes(GTK_WIDGET(self->mark), best ? (const char *[]){"best-badge", "caption-heading", NULL}
                                                            : (const char *[]){"caption", "warning", NULL});
    gboolean there = g_file_test(checkpoint->path, G_FILE_TEST_IS_REGULAR);
    gtk_widget_set_sensitive(self->export_button, there);
    gtk_widget_set_tooltip_text(self->export_button, there ? NULL : _("The file is gone."));
    if (best || mark == LK_CHECKPOINT_NEWEST)
        gtk_widget_add_css_class(self->export_button, "suggested-action");
    else
        gtk_widget_remove_css_class(self->export_button, "suggested-action");
}

void lk_checkpoint_row_set_narrow(LkCheckpointRow *self, gboolean narrow)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(self->layout),
                                   narrow ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
}

/* ---- samples ----------------------------------------------------------------------------------------- */

/* Those drawn when it was saved: the last of each prompt not after its step. */
static void add_samples(LkCheckpointRow *self)
{
    const LkTaskCheckpoint *checkpoint = lk_checkpoint_row_get_checkpoint(self);
    const GPtrArray *all = lk_task_get_samples(self->task);
    for (guint prompt = 0; prompt < MOST_SAMPLES; prompt++) {
        const LkTaskSample *newest = NULL;
        for (guint i = 0; i < all->len; i++) {
            const LkTaskSample *sample = all->pdata[i];
            if (sample->prompt_index == prompt && sample->step <= checkpoint->step)
                newest = sample;
        }
        if (!newest)
            continue;
        GtkWidget *cover = lk_cover_new();
        lk_cover_set_path(LK_COVER(cover), newest->path);
        gtk_widget_set_size_request(cover, SAMPLE_SIZE, SAMPLE_SIZE);
        gtk_widget_set_tooltip_text(cover, newest->prompt);
        gtk_box_append(self->samples, cover);
    }
    gtk_widget_set_visible(GTK_WIDGET(self->samples), gtk_widget_get_first_child(GTK_WIDGET(self->samples)) != NULL);
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkLabel *add_label(GtkWidget *box, float align, const char *style, const char *second_style)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), align);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_MIDDLE);
    gtk_widget_add_css_class(label, style);
    if (second_style)
        gtk_widget_add_css_class(label, second_style);
    gtk_box_append(GTK_BOX(box), label);
    return GTK_LABEL(label);
}

/* A figure over the word that names it. */
static GtkLabel *add_figure(AdwWrapBox *box, const char *name)
{
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_set_valign(column, GTK_ALIGN_CENTER);
    GtkLabel *value = add_label(column, 1, "numeric", NULL);
    gtk_label_set_ellipsize(value, PANGO_ELLIPSIZE_NONE);
    gtk_label_set_label(add_label(column, 1, "caption", "dimmed"), name);
    adw_wrap_box_append(box, column);
    return value;
}

static GtkWidget *make_names(LkCheckpointRow *self)
{
    GtkWidget *names = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3), *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9);
    gtk_widget_set_valign(names, GTK_ALIGN_CENTER);
    gtk_widget_set_hexpand(names, TRUE);
    self->title = add_label(top, 0, "heading", NULL);
    gtk_label_set_ellipsize(self->title, PANGO_ELLIPSIZE_NONE);
    self->mark = add_label(top, 0, "caption", NULL);
    gtk_box_append(GTK_BOX(names), top);
    self->file = add_label(names, 0, "caption", "dimmed");
    return names;
}

static void export_cb(LkCheckpointRow *self)
{
    g_signal_emit(self, signals[SIGNAL_EXPORT], 0);
}

static void action_cb(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_signal_emit(widget, signals[g_str_equal(name, "checkpoint.mark") ? SIGNAL_MARK : SIGNAL_FORGET], 0);
}

static void copy_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    const char *folder = g_variant_get_string(parameter, NULL);
    const LkTaskCheckpoint *checkpoint = lk_checkpoint_row_get_checkpoint(LK_CHECKPOINT_ROW(widget));
    lk_copy_to_folder(widget, checkpoint->path, *folder ? folder : NULL);
}

/* Anew every time: the folders may have changed. */
static void fill_menu(GtkMenuButton *button, gpointer data)
{
    g_autoptr(GMenu) menu = g_menu_new(), copies = lk_copy_to_menu("checkpoint.copy-to"), marks = g_menu_new();
    g_menu_append(marks, _("_Mark as Best"), "checkpoint.mark");
    g_menu_append(marks, _("_Remove from List"), "checkpoint.forget");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(copies));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(marks));
    gtk_menu_button_set_menu_model(button, G_MENU_MODEL(menu));
}

static GtkWidget *make_menu(void)
{
    GtkWidget *button = gtk_menu_button_new();
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
    gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(button), fill_menu, NULL, NULL);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(button, _("Checkpoint Menu"));
    return button;
}

LkCheckpointRow *lk_checkpoint_row_new(LkTask *task, guint index)
{
    LkCheckpointRow *self = g_object_new(LK_TYPE_CHECKPOINT_ROW, NULL);
    self->task = g_object_ref(task);
    self->index = index;
    const LkTaskCheckpoint *checkpoint = lk_checkpoint_row_get_checkpoint(self);
    g_autofree char *title = lk_checkpoint_title(checkpoint);
    g_autofree char *file = g_filename_display_basename(checkpoint->path);
    gtk_label_set_label(self->title, title);
    gtk_label_set_label(self->file, file);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->file), checkpoint->path);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
    add_samples(self);
    lk_checkpoint_row_update(self, LK_CHECKPOINT_PLAIN);
    return self;
}

static void lk_checkpoint_row_dispose(GObject *object)
{
    g_clear_object(&LK_CHECKPOINT_ROW(object)->task);
    G_OBJECT_CLASS(lk_checkpoint_row_parent_class)->dispose(object);
}

static void lk_checkpoint_row_class_init(LkCheckpointRowClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_checkpoint_row_dispose;
    for (guint i = 0; i < SIGNAL_LAST; i++)
        signals[i] = g_signal_new(signal_names[i], G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
    gtk_widget_class_install_action(GTK_WIDGET_CLASS(klass), "checkpoint.mark", NULL, action_cb);
    gtk_widget_class_install_action(GTK_WIDGET_CLASS(klass), "checkpoint.forget", NULL, action_cb);
    gtk_widget_class_install_action(GTK_WIDGET_CLASS(klass), "checkpoint.copy-to", "s", copy_action);
}

static void lk_checkpoint_row_init(LkCheckpointRow *self)
{
    self->layout = GTK_BOX(gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12));
    gtk_widget_add_css_class(GTK_WIDGET(self->layout), "checkpoint");
    self->samples = GTK_BOX(gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8));
    gtk_box_append(self->layout, GTK_WIDGET(self->samples));
    gtk_box_append(self->layout, make_names(self));
    self->figures = ADW_WRAP_BOX(adw_wrap_box_new());
    adw_wrap_box_set_child_spacing(self->figures, 18);
    adw_wrap_box_set_line_spacing(self->figures, 6);
    gtk_widget_set_valign(GTK_WIDGET(self->figures), GTK_ALIGN_CENTER);
    self->loss = add_figure(self->figures, _("loss"));
    self->held_out = add_figure(self->figures, _("held-out"));
    self->export_button = gtk_button_new_with_mnemonic(_("_Export…"));
    gtk_widget_set_valign(self->export_button, GTK_ALIGN_CENTER);
    g_signal_connect_object(self->export_button, "clicked", G_CALLBACK(export_cb), self, G_CONNECT_SWAPPED);
    GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    gtk_box_append(GTK_BOX(buttons), self->export_button);
    gtk_box_append(GTK_BOX(buttons), make_menu());
    adw_wrap_box_append(self->figures, buttons);
    gtk_box_append(self->layout, GTK_WIDGET(self->figures));
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(self), GTK_WIDGET(self->layout));
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(self), FALSE);
}
