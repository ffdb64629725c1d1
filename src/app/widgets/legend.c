#include "app/widgets/legend.h"

struct _LkLegend {
    AdwBin parent_instance;
    GtkWidget *square;
    GtkLabel *label;
    char *style;
};

G_DEFINE_FINAL_TYPE(LkLegend, lk_legend, ADW_TYPE_BIN)

enum { PROP_LABEL = 1, PROP_STYLE, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

static void lk_legend_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkLegend *self = LK_LEGEND(object);
    switch (id) {
    case PROP_LABEL:
        g_value_set_string(value, gtk_label_get_label(self->label));
        break;
    case PROP_STYLE:
        g_value_set_string(value, self->style);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_legend_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkLegend *self = LK_LEGEND(object);
    switch (id) {
    case PROP_LABEL:
        gtk_label_set_label(self->label, g_value_get_string(value));
        break;
    case PROP_STYLE:
        if (self->style)
            gtk_widget_remove_css_class(self->square, self->style);
        g_set_str(&self->style, g_value_get_string(value));
        if (self->style)
            gtk_widget_add_css_class(self->square, self->style);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_legend_finalize(GObject *object)
{
    g_free(LK_LEGEND(object)->style);
    G_OBJECT_CLASS(lk_legend_parent_class)->finalize(object);
}

static void lk_legend_class_init(LkLegendClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_legend_get_property;
    object_class->set_property = lk_legend_set_property;
    object_class->finalize = lk_legend_finalize;
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    properties[PROP_LABEL] = g_param_spec_string("label", NULL, NULL, NULL, flags);
    properties[PROP_STYLE] = g_param_spec_string("style", NULL, NULL, NULL, flags);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(klass), "legend");
}

static void lk_legend_init(LkLegend *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    self->square = adw_bin_new();
    gtk_widget_add_css_class(self->square, "square");
    gtk_widget_set_valign(self->square, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(box), self->square);
    self->label = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->label), "caption");
    gtk_widget_add_css_class(GTK_WIDGET(self->label), "dimmed");
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->label));
    adw_bin_set_child(ADW_BIN(self), box);
}
