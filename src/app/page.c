#include "app/page.h"

typedef struct LkPagePrivate {
    LkProject *project;
} LkPagePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(LkPage, lk_page, ADW_TYPE_NAVIGATION_PAGE)

enum { PROP_PROJECT = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

LkProject *lk_page_get_project(LkPage *self)
{
    LkPagePrivate *priv = lk_page_get_instance_private(self);
    return priv->project;
}

guint lk_toast_seconds(void)
{
    const char *wanted = g_getenv("LORIKEET_TOAST_SECONDS");
    return wanted ? (guint)g_ascii_strtoull(wanted, NULL, 10) : 12;
}

AdwToastOverlay *lk_page_toasts(GtkWidget *widget)
{
    GtkWidget *page = gtk_widget_get_ancestor(widget, LK_TYPE_PAGE);
    if (page && LK_PAGE_GET_CLASS(page)->get_toasts)
        return LK_PAGE_GET_CLASS(page)->get_toasts(LK_PAGE(page));
    GtkWidget *overlay = gtk_widget_get_ancestor(widget, ADW_TYPE_TOAST_OVERLAY);
    return overlay ? ADW_TOAST_OVERLAY(overlay) : NULL;
}

void lk_page_toast(GtkWidget *widget, const char *text, const char *button, const char *action_name, GVariant *target)
{
    g_autoptr(GVariant) held = target ? g_variant_ref_sink(target) : NULL;
    AdwToastOverlay *overlay = lk_page_toasts(widget);
    if (!overlay)
        return;
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    AdwToast *toast = adw_toast_new(escaped);
    if (button) {
        adw_toast_set_button_label(toast, button);
        adw_toast_set_timeout(toast, lk_toast_seconds());
        adw_toast_set_action_name(toast, action_name);
        if (held)
            adw_toast_set_action_target_value(toast, held);
    }
    adw_toast_overlay_add_toast(overlay, toast);
}

static void lk_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PROJECT)
        g_value_set_object(value, lk_page_get_project(LK_PAGE(object)));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkPagePrivate *priv = lk_page_get_instance_private(LK_PAGE(object));
    if (id == PROP_PROJECT)
        priv->project = g_value_dup_object(value);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_page_finalize(GObject *object)
{
    LkPagePrivate *priv = lk_page_get_instance_private(LK_PAGE(object));
    g_clear_object(&priv->project);
    G_OBJECT_CLASS(lk_page_parent_class)->finalize(object);
}

static void lk_page_class_init(LkPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_page_get_property;
    object_class->set_property = lk_page_set_property;
    object_class->finalize = lk_page_finalize;
    properties[PROP_PROJECT] = g_param_spec_object("project", NULL, NULL, LK_TYPE_PROJECT,
                                                   G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_page_init(LkPage *self)
{
}
