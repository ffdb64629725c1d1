#include "app/training/samples_card.h"

#include "app/application.h"
#include "app/widgets/compare.h"

#include <glib/gi18n.h>
#include <inttypes.h>

enum { LEFT, RIGHT, SIDES, PICTURE = 80, MOST_OF_PROMPT = 48 };

struct _LkSamplesCard {
    AdwBin parent_instance;
    LkCompare *compare;
    GtkLabel *hint, *empty;
    GtkBox *rows;
    gboolean narrow;
    GPtrArray *strips; /* GtkBox, borrowed: by prompt index */
    GtkWidget *chosen[SIDES];
    int next; /* the side that the next click chooses */
    LkTask *task;
    guint shown; /* how many samples have a thumbnail */
    GSignalGroup *signals;
    GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE(LkSamplesCard, lk_samples_card, ADW_TYPE_BIN)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* ---- choosing two ------------------------------------------------------------------------------------ */

static char *when_of(const LkTaskSample *sample)
{
    return sample->step == 0 ? g_strdup(_("Before training"))
                             : g_strdup_printf(_("Epoch %" PRId64 ", step %" PRId64), sample->epoch, sample->step);
}

static const LkTaskSample *sample_of(LkSamplesCard *self, GtkWidget *button)
{
    return lk_task_get_samples(self->task)->pdata[GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "index"))];
}

static void show_side(LkSamplesCard *self, int side)
{
    GtkWidget *button = self->chosen[side];
    GdkPaintable *picture = NULL;
    g_autofree char *label = NULL;
    if (button) {
        picture = gtk_picture_get_paintable(GTK_PICTURE(gtk_button_get_child(GTK_BUTTON(button))));
        label = when_of(sample_of(self, button));
    }
    if (side == LEFT)
        lk_compare_set_left(self->compare, picture, label);
    else
        lk_compare_set_right(self->compare, picture, label);
}

static void choose(LkSamplesCard *self, int side, GtkWidget *button)
{
    GtkWidget *old = self->chosen[side];
    if (old && old != self->chosen[!side])
        gtk_widget_remove_css_class(old, "chosen");
    self->chosen[side] = button;
    if (button)
        gtk_widget_add_css_class(button, "chosen");
    show_side(self, side);
}

static void clicked_cb(GtkWidget *button, LkSamplesCard *self)
{
    choose(self, self->next, button);
    self->next = !self->next;
}

/* ---- strips ------------------------------------------------------------------------------------------ */

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GtkPicture) picture = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkTexture) texture = lk_thumbnails_load_finish(LK_THUMBNAILS(source), result, &error);
    if (texture)
        gtk_picture_set_paintable(picture, GDK_PAINTABLE(texture));
    else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        gtk_widget_set_tooltip_text(GTK_WIDGET(picture), error->message);
}

static void picture_changed_cb(GtkPicture *picture, GParamSpec *pspec, LkSamplesCard *self)
{
    GtkWidget *button = gtk_widget_get_parent(GTK_WIDGET(picture));
    for (int side = 0; side < SIDES; side++)
        if (button && self->chosen[side] == button)
            show_side(self, side);
}

static GtkBox *strip_of(LkSamplesCard *self, const LkTaskSample *sample)
{
    while (self->strips->len <= sample->prompt_index) {
        g_autofree char *text = g_strdup_printf("“%s”", sample->prompt);
        GtkWidget *title = gtk_label_new(text);
        gtk_label_set_xalign(GTK_LABEL(title), 0);
        gtk_label_set_ellipsize(GTK_LABEL(title), PANGO_ELLIPSIZE_END);
        gtk_widget_set_tooltip_text(title, sample->prompt);
        gtk_widget_add_css_class(title, "caption");
        gtk_widget_add_css_class(title, "dimmed");
        GtkWidget *strip = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
        gtk_widget_add_css_class(strip, "strip"); /* room for the rings */
        GtkWidget *scroller = gtk_scrolled_window_new();
        gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
        gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), strip);
        gtk_box_append(self->rows, title);
        gtk_box_append(self->rows, scroller);
        g_ptr_array_add(self->strips, strip);
    }
    return GTK_BOX(self->strips->pdata[sample->prompt_index]);
}

/* Every sample that is shown takes memory: of a long training's, every second older one goes, again and again. Their
 * files stay. The first one and those that are compared stay too. */
static void thin_out(LkSamplesCard *self, GtkBox *strip)
{
    guint count = 0;
    for (GtkWidget *child = gtk_widget_get_first_child(GTK_WIDGET(strip)); child;
         child = gtk_widget_get_next_sibling(child))
        count++;
    if (count <= MOST_OF_PROMPT)
        return;
    GtkWidget *child = gtk_widget_get_next_sibling(gtk_widget_get_first_child(GTK_WIDGET(strip)));
    for (guint i = 0; i < MOST_OF_PROMPT / 2; i++) {
        GtkWidget *next = gtk_widget_get_next_sibling(child);
        if (i % 2 == 0 && child != self->chosen[LEFT] && child != self->chosen[RIGHT])
            gtk_box_remove(strip, child);
        child = next;
    }
}

static gboolean scroll_idle_cb(gpointer data)
{
    GtkWidget *scroller = gtk_widget_get_ancestor(data, GTK_TYPE_SCROLLED_WINDOW);
    if (scroller) {
        GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(scroller));
        gtk_adjustment_set_value(adjustment, gtk_adjustment_get_upper(adjustment));
    }
    g_object_unref(data);
    return G_SOURCE_REMOVE;
}

static GtkWidget *add_sample(LkSamplesCard *self, guint index)
{
    const LkTaskSample *sample = lk_task_get_samples(self->task)->pdata[index];
    GtkWidget *picture = gtk_picture_new();
    gtk_picture_set_content_fit(GTK_PICTURE(picture), GTK_CONTENT_FIT_COVER);
    gtk_widget_set_size_request(picture, PICTURE, PICTURE);
    g_autofree char *when = when_of(sample);
    gtk_picture_set_alternative_text(GTK_PICTURE(picture), when);
    GtkWidget *button = gtk_button_new();
    gtk_button_set_child(GTK_BUTTON(button), picture);
    gtk_widget_add_css_class(button, "sample");
    gtk_widget_set_overflow(button, GTK_OVERFLOW_HIDDEN);
    gtk_widget_set_tooltip_text(button, when);
    g_object_set_data(G_OBJECT(button), "index", GUINT_TO_POINTER(index));
    g_signal_connect_object(button, "clicked", G_CALLBACK(clicked_cb), self, 0);
    g_signal_connect_object(picture, "notify::paintable", G_CALLBACK(picture_changed_cb), self, 0);
    GtkBox *strip = strip_of(self, sample);
    gtk_box_append(strip, button);
    lk_thumbnails_load(lk_application_get_thumbnails(lk_application_get()), sample->path, self->cancellable, loaded_cb,
                       g_object_ref(picture));
    g_idle_add(scroll_idle_cb, g_object_ref(strip));
    return button;
}

/* What is new gets a thumbnail; the first and the newest sample of the first prompt are compared. */
static void update(LkSamplesCard *self)
{
    const GPtrArray *samples = self->task ? lk_task_get_samples(self->task) : NULL;
    for (; samples && self->shown < samples->len; self->shown++) {
        const LkTaskSample *sample = samples->pdata[self->shown];
        GtkWidget *button = add_sample(self, self->shown);
        if (sample->prompt_index == 0)
            choose(self, self->chosen[LEFT] ? RIGHT : LEFT, button);
        thin_out(self, strip_of(self, sample));
    }
    gboolean any = self->shown > 0;
    gtk_widget_set_visible(GTK_WIDGET(self->empty), !any);
    gtk_widget_set_visible(GTK_WIDGET(self->hint), self->shown > 1);
    gtk_widget_set_visible(GTK_WIDGET(self->compare), any);
    gtk_label_set_label(self->empty, _("No samples yet. Choose prompts and how often they are drawn in the parameters, "
                                       "or press Sample Now."));
}

static void clear(LkSamplesCard *self)
{
    g_cancellable_cancel(self->cancellable);
    g_object_unref(self->cancellable);
    self->cancellable = g_cancellable_new();
    for (int side = 0; side < SIDES; side++)
        choose(self, side, NULL);
    g_ptr_array_set_size(self->strips, 0);
    for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(self->rows)));)
        gtk_box_remove(self->rows, child);
    self->shown = 0;
    self->next = LEFT;
}

static void start_anew(LkSamplesCard *self)
{
    clear(self);
    update(self);
}

void lk_samples_card_set_task(LkSamplesCard *self, LkTask *task)
{
    if (!g_set_object(&self->task, task))
        return;
    g_signal_group_set_target(self->signals, task);
    start_anew(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_samples_card_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_SAMPLES_CARD(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_samples_card_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkSamplesCard *self = LK_SAMPLES_CARD(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    gtk_orientable_set_orientation(GTK_ORIENTABLE(adw_bin_get_child(ADW_BIN(self))),
                                   self->narrow ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
}

static void lk_samples_card_dispose(GObject *object)
{
    LkSamplesCard *self = LK_SAMPLES_CARD(object);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->signals);
    g_clear_object(&self->task);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SAMPLES_CARD);
    g_clear_pointer(&self->strips, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_samples_card_parent_class)->dispose(object);
}

static void lk_samples_card_class_init(LkSamplesCardClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_samples_card_get_property;
    object_class->set_property = lk_samples_card_set_property;
    object_class->dispose = lk_samples_card_dispose;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_COMPARE);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/training-samples_card.ui");
    gtk_widget_class_bind_template_child(widget_class, LkSamplesCard, compare);
    gtk_widget_class_bind_template_child(widget_class, LkSamplesCard, hint);
    gtk_widget_class_bind_template_child(widget_class, LkSamplesCard, empty);
    gtk_widget_class_bind_template_child(widget_class, LkSamplesCard, rows);
}

static void lk_samples_card_init(LkSamplesCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->strips = g_ptr_array_new();
    self->cancellable = g_cancellable_new();
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "sample", G_CALLBACK(update), self);
    g_signal_group_connect_swapped(self->signals, "details", G_CALLBACK(start_anew), self);
    update(self);
}
