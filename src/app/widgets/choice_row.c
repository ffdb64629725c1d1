#include "app/widgets/choice_row.h"

AdwActionRow *lk_choice_row_new(const char *title, const char *subtitle)
{
    g_autofree char *title_markup = g_markup_escape_text(title, -1);
    g_autofree char *subtitle_markup = g_markup_escape_text(subtitle, -1);
    AdwActionRow *row = ADW_ACTION_ROW(adw_action_row_new());
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title_markup);
    adw_action_row_set_subtitle(row, subtitle_markup);
    return row;
}

GtkCheckButton *lk_choice_row_add_check(AdwActionRow *row, GtkCheckButton *group)
{
    GtkWidget *check = gtk_check_button_new();
    gtk_widget_set_valign(check, GTK_ALIGN_CENTER);
    if (group)
        gtk_check_button_set_group(GTK_CHECK_BUTTON(check), group);
    adw_action_row_add_prefix(row, check);
    adw_action_row_set_activatable_widget(row, check);
    return GTK_CHECK_BUTTON(check);
}
