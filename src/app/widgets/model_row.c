#include "app/widgets/model_row.h"

#include "app/widgets/choice_row.h"

static void add_warning(AdwActionRow *row)
{
    GtkWidget *icon = gtk_image_new_from_icon_name("dialog-warning-symbolic");
    gtk_widget_add_css_class(icon, "warning");
    adw_action_row_set_subtitle_lines(row, 0); /* a reason is read to its end */
    adw_action_row_add_prefix(row, icon);
}

static void add_family(AdwActionRow *row, const char *family)
{
    GtkWidget *badge = gtk_label_new(family);
    gtk_widget_add_css_class(badge, "family-badge");
    gtk_widget_set_valign(badge, GTK_ALIGN_CENTER);
    adw_action_row_add_suffix(row, badge);
}

AdwActionRow *lk_model_row_new(LkModelInfo *info)
{
    g_autofree char *size = g_format_size(info->bytes);
    AdwActionRow *row = lk_choice_row_new(info->name, info->problem ? info->problem : size);
    gtk_widget_set_tooltip_text(GTK_WIDGET(row), info->path);
    if (info->problem)
        add_warning(row);
    else
        add_family(row, info->family);
    g_object_set_data_full(G_OBJECT(row), "model", info, (GDestroyNotify)lk_model_info_free);
    return row;
}

const LkModelInfo *lk_model_row_get_info(AdwActionRow *row)
{
    return g_object_get_data(G_OBJECT(row), "model");
}
