#include "app/tasks/settings_group.h"

#include "app/parameters/value_words.h"
#include "training/job.h"

#include <glib/gi18n.h>

static GtkWidget *make_row(const LkParameter *parameter, const char *value)
{
    g_autofree char *text = lk_say_parameter_value(parameter, value);
    GtkWidget *row = adw_action_row_new(), *label = gtk_label_new(text);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _(parameter->title));
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), parameter->key);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_START);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_label_set_xalign(GTK_LABEL(label), 1);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 40);
    gtk_widget_set_tooltip_text(label, text);
    gtk_widget_add_css_class(label, "numeric");
    gtk_widget_add_css_class(label, "dimmed");
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
    return row;
}

/* What a person would ask first, and what is not as usual. */
static gboolean is_told(const LkJob *job, const LkParameter *parameter)
{
    return parameter->basic || (lk_job_is_changed(job, parameter) && !parameter->aside);
}

GtkWidget *lk_settings_group_new(LkTask *task)
{
    GtkWidget *group = adw_preferences_group_new(), *rest = adw_expander_row_new();
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), _("Settings"));
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job =
        lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL, problems);
    if (!job) {
        g_autofree char *text = lk_problems_describe(problems, NULL);
        g_autofree char *markup = g_markup_escape_text(text, -1);
        adw_preferences_group_set_description(ADW_PREFERENCES_GROUP(group), markup);
        g_object_ref_sink(rest);
        g_object_unref(rest);
        return group;
    }
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(rest), _("All Others"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(rest), GTK_ACCESSIBLE_PROPERTY_LABEL, _("All Others"), -1);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(rest), _("As they are by default, and files and folders"));
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *parameter = &lk_parameters[i];
        if (parameter->state != LK_PARAMETER_SUPPORTED)
            continue;
        g_autofree char *value = lk_job_get(job, parameter);
        GtkWidget *row = make_row(parameter, value);
        if (is_told(job, parameter))
            adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
        else
            adw_expander_row_add_row(ADW_EXPANDER_ROW(rest), row);
    }
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rest);
    return group;
}
