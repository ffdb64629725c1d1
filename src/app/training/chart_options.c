#include "app/training/chart_options.h"

#include "app/application.h"

static const struct {
    const char *name;
    double weight; /* of the past */
} smoothings[] = {{"none", 0}, {"little", 0.95}, {"much", 0.99}};

static gboolean weight_of(GValue *value, GVariant *setting, gpointer data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(smoothings); i++)
        if (g_str_equal(smoothings[i].name, g_variant_get_string(setting, NULL)))
            g_value_set_double(value, smoothings[i].weight);
    return TRUE;
}

void lk_chart_options_add(GtkWidget *page, LkLossChart *chart)
{
    GSettings *settings = lk_application_get_settings(lk_application_get());
    if (!settings)
        return;
    g_settings_bind(settings, "chart-log-scale", chart, "log-scale", G_SETTINGS_BIND_GET);
    g_settings_bind_with_mapping(settings, "chart-smoothing", chart, "smoothing", G_SETTINGS_BIND_GET, weight_of, NULL,
                                 NULL, NULL);
    g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
    static const char *const keys[] = {"chart-log-scale", "chart-smoothing"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GAction) action = g_settings_create_action(settings, keys[i]);
        g_action_map_add_action(G_ACTION_MAP(group), action);
    }
    gtk_widget_insert_action_group(page, "settings", G_ACTION_GROUP(group));
}
