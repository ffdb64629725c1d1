#include "app/parameters/summary_card.h"

#include "app/application.h"
#include "app/parameters/memory_bar.h"
#include "app/parameters/parameter_row.h"
#include "app/parameters/summary_text.h"
#include "app/widgets/legend.h"

#include <glib/gi18n.h>

struct _LkSummaryCard {
    AdwBin parent_instance;
    LkPlanning *planning;
    GtkWidget *card, *figures, *memory_box, *legend;
    GtkLabel *steps, *steps_caption, *time, *time_caption, *memory, *memory_caption, *formula;
    LkMemoryBar *bar;
    GtkWidget *parts[LK_MEMORY_PARTS]; /* of the legend */
    GtkLabel *part_sizes[LK_MEMORY_PARTS];
    gboolean narrow;
};

G_DEFINE_FINAL_TYPE(LkSummaryCard, lk_summary_card, ADW_TYPE_BIN)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

void lk_summary_card_parts(const LkTrainingPlan *plan, gint64 *parts)
{
    parts[LK_MEMORY_WEIGHTS] = plan->weights;
    parts[LK_MEMORY_ACTIVATIONS] = plan->activations;
    parts[LK_MEMORY_LORA] = plan->adapter + plan->optimizer;
    parts[LK_MEMORY_WORKSPACE] = plan->workspace;
    parts[LK_MEMORY_SAMPLES] = plan->sampling;
    parts[LK_MEMORY_PROGRAM] = plan->host;
    gint64 sum = 0;
    for (guint i = 0; i < LK_MEMORY_PARTS; i++)
        sum += parts[i];
    /* Encoding the pictures may take more than training does; it has the device for itself. */
    if (plan->total > sum)
        parts[LK_MEMORY_WORKSPACE] += plan->total - sum;
}

/* ---- the figures ------------------------------------------------------------------------------------- */

static gint64 device_size(LkSummaryCard *self, const LkTrainingPlan *plan)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    return MAX(choice ? choice->info.memory_bytes : plan->available, plan->available);
}

static void show_length(LkSummaryCard *self, const LkTrainingPlan *plan)
{
    g_autofree char *steps = lk_summary_number(plan->steps);
    gtk_label_set_label(self->steps, steps);
    gtk_label_set_label(self->steps_caption, ngettext("step", "steps", (gulong)plan->steps));
    LkLengthFacts facts = lk_planning_get_length(self->planning);
    g_autofree char *formula = lk_summary_length(&facts);
    gtk_label_set_label(self->formula, formula);
}

static void show_time(LkSummaryCard *self, const LkTrainingPlan *plan)
{
    double seconds = lk_planning_get_seconds(self->planning);
    if (seconds <= 0) {
        gtk_label_set_label(self->time, "–");
        gtk_label_set_label(self->time_caption, _("time known after 20 steps"));
        return;
    }
    g_autofree char *duration = lk_summary_duration(seconds * (double)plan->steps);
    gtk_label_set_label(self->time, duration);
    gboolean gpu = lk_device_status_get_gpu(lk_application_get_device(lk_application_get()));
    gtk_label_set_label(self->time_caption,
                        gpu ? _("about, measured on this GPU") : _("about, measured on this computer"));
}

static void set_class(GtkWidget *widget, const char *css_class, gboolean set)
{
    if (set)
        gtk_widget_add_css_class(widget, css_class);
    else
        gtk_widget_remove_css_class(widget, css_class);
}

static void show_memory(LkSummaryCard *self, const LkTrainingPlan *plan)
{
    gint64 parts[LK_MEMORY_PARTS], size = device_size(self, plan);
    lk_summary_card_parts(plan, parts);
    lk_memory_bar_set(self->bar, parts, size, plan->available);
    g_autofree char *memory = lk_summary_memory_of(plan->total, size);
    gtk_label_set_label(self->memory, memory);
    g_autofree char *over = lk_summary_memory(plan->total - plan->available);
    g_autofree char *caption = plan->fits ? g_strdup_printf(_("memory of %s"), plan->device)
                               : plan->total > size
                                   ? /* translators: how much memory is missing, name of the device */
                                   g_strdup_printf(_("%s more than %s has"), over, plan->device)
                                   : g_strdup_printf(_("%s more than is free on %s"), over, plan->device);
    gtk_label_set_label(self->memory_caption, caption);
    set_class(self->memory_box, "error", !plan->fits);
    set_class(GTK_WIDGET(self->memory_caption), "dimmed", plan->fits);
    for (guint i = 0; i < LK_MEMORY_PARTS; i++) {
        g_autofree char *part = lk_summary_memory(parts[i]);
        gtk_label_set_label(self->part_sizes[i], part);
        gtk_widget_set_visible(self->parts[i], parts[i] > 0);
    }
}

/* Before the first plan: what there is to say. */
static void show_nothing(LkSummaryCard *self)
{
    const char *error = lk_planning_get_error(self->planning);
    GtkLabel *const figures[] = {self->steps, self->time, self->memory};
    for (guint i = 0; i < G_N_ELEMENTS(figures); i++)
        gtk_label_set_label(figures[i], "–");
    gtk_label_set_label(self->steps_caption, _("steps"));
    gtk_label_set_label(self->time_caption, _("time"));
    gtk_label_set_label(self->memory_caption, _("memory"));
    g_autofree char *message = error ? lk_parameter_message(error) : g_strdup(_("Working out what it takes…"));
    gtk_label_set_label(self->formula, message);
    for (guint i = 0; i < LK_MEMORY_PARTS; i++)
        gtk_widget_set_visible(self->parts[i], FALSE);
}

static void update_cb(LkSummaryCard *self)
{
    const LkTrainingPlan *plan = lk_planning_get_plan(self->planning);
    const char *error = lk_planning_get_error(self->planning);
    if (!plan) {
        show_nothing(self);
    } else if (!lk_planning_get_outdated(self->planning)) {
        show_length(self, plan);
        show_time(self, plan);
        show_memory(self, plan);
    } else if (error) {
        g_autofree char *message = lk_parameter_message(error);
        gtk_label_set_label(self->formula, message);
    }
    gboolean old = plan && lk_planning_get_outdated(self->planning);
    set_class(self->figures, "outdated", old);
    set_class(GTK_WIDGET(self->bar), "outdated", old);
    set_class(self->legend, "outdated", old);
    set_class(GTK_WIDGET(self->formula), "outdated", old && !error);
    gtk_accessible_update_state(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_STATE_BUSY, old && !error, -1);
}

void lk_summary_card_set_planning(LkSummaryCard *self, LkPlanning *planning)
{
    g_set_object(&self->planning, planning);
    g_signal_connect_object(planning, "plan-changed", G_CALLBACK(update_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_application_get_device(lk_application_get()), "notify::checked", G_CALLBACK(update_cb),
                            self, G_CONNECT_SWAPPED);
    update_cb(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void make_legend(LkSummaryCard *self)
{
    for (guint i = 0; i < LK_MEMORY_PARTS; i++) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
        GtkWidget *entry =
            g_object_new(LK_TYPE_LEGEND, "label", lk_memory_part_title(i), "style", lk_memory_part_style(i), NULL);
        GtkWidget *size = gtk_label_new(NULL);
        gtk_widget_add_css_class(size, "caption");
        gtk_widget_add_css_class(size, "dimmed");
        gtk_widget_add_css_class(size, "numeric");
        self->part_sizes[i] = GTK_LABEL(size);
        gtk_box_append(GTK_BOX(box), entry);
        gtk_box_append(GTK_BOX(box), size);
        self->parts[i] = box;
        adw_wrap_box_append(ADW_WRAP_BOX(self->legend), box);
    }
}

static void lk_summary_card_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_SUMMARY_CARD(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_summary_card_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkSummaryCard *self = LK_SUMMARY_CARD(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    gtk_widget_set_visible(self->legend, !self->narrow);
    adw_wrap_box_set_child_spacing(ADW_WRAP_BOX(self->figures), self->narrow ? 18 : 36);
    set_class(self->card, "narrow", self->narrow);
}

static void lk_summary_card_dispose(GObject *object)
{
    LkSummaryCard *self = LK_SUMMARY_CARD(object);
    g_clear_object(&self->planning);
    adw_bin_set_child(ADW_BIN(self), NULL); /* it is bound as well, and must not go twice */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SUMMARY_CARD);
    G_OBJECT_CLASS(lk_summary_card_parent_class)->dispose(object);
}

static void lk_summary_card_class_init(LkSummaryCardClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_summary_card_get_property;
    object_class->set_property = lk_summary_card_set_property;
    object_class->dispose = lk_summary_card_dispose;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_MEMORY_BAR);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/parameters-summary_card.ui");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, card);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, figures);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, memory_box);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, legend);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, steps);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, steps_caption);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, time);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, time_caption);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, memory);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, memory_caption);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, formula);
    gtk_widget_class_bind_template_child(widget_class, LkSummaryCard, bar);
}

static void lk_summary_card_init(LkSummaryCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    make_legend(self);
}
