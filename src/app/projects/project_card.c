#include "app/projects/project_card.h"

#include "app/application.h"
#include "app/page.h"
#include "app/widgets/cover.h"

#include <glib/gi18n.h>

struct _LkProjectCard {
    AdwBin parent_instance;
    LkCover *cover;
    GtkLabel *name, *details, *badge;
    LkProject *project;
    GSignalGroup *changes; /* of the project's properties */
};

G_DEFINE_FINAL_TYPE(LkProjectCard, lk_project_card, ADW_TYPE_BIN)

GtkWidget *lk_project_card_new(void)
{
    return g_object_new(LK_TYPE_PROJECT_CARD, NULL);
}

/* "today", "yesterday", "Sunday", "12 November", "March 2026": the nearer, the plainer. */
static char *say_when(gint64 time)
{
    g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    GDate day, today;
    g_date_clear(&day, 1);
    g_date_clear(&today, 1);
    int y, m, d;
    g_date_time_get_ymd(then, &y, &m, &d);
    g_date_set_dmy(&day, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
    g_date_time_get_ymd(now, &y, &m, &d);
    g_date_set_dmy(&today, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
    int days = g_date_days_between(&day, &today);
    if (days <= 0)
        return g_strdup(_("today"));
    if (days == 1)
        return g_strdup(_("yesterday"));
    if (days < 7)
        return g_date_time_format(then, "%A");
    /* translators: day and month, in the form of g_date_time_format: "12 November" */
    return days < 300 ? g_date_time_format(then, _("%-d %B")) : g_date_time_format(then, _("%B %Y"));
}

static char *describe(LkProject *project)
{
    guint count = lk_project_get_n_pictures(project);
    g_autofree char *pictures = g_strdup_printf(ngettext("%u picture", "%u pictures", count), count);
    g_autofree char *when = say_when(lk_project_get_opened(project));
    const char *family = lk_project_get_family(project);
    return *family ? g_strdup_printf("%s · %s · %s", pictures, family, when)
                   : g_strdup_printf("%s · %s", pictures, when);
}

static void update(LkProjectCard *self)
{
    if (!self->project)
        return;
    gtk_label_set_label(self->name, lk_project_get_name(self->project));
    g_autofree char *details = describe(self->project);
    gtk_label_set_label(self->details, details);
    guint count = lk_project_get_n_checkpoints(self->project);
    g_autofree char *badge = g_strdup_printf(ngettext("%u checkpoint", "%u checkpoints", count), count);
    gtk_label_set_label(self->badge, badge);
    gtk_widget_set_visible(GTK_WIDGET(self->badge), count > 0);
}

void lk_project_card_set_project(LkProjectCard *self, LkProject *project)
{
    if (!g_set_object(&self->project, project))
        return;
    g_signal_group_set_target(self->changes, project);
    lk_cover_set_path(self->cover, project ? lk_project_get_cover(project) : NULL);
    update(self);
}

/* ---- the menu ---------------------------------------------------------------------------------------- */

static void renamed_cb(AdwAlertDialog *dialog, const char *response, LkProjectCard *self)
{
    GtkEditable *entry = GTK_EDITABLE(adw_alert_dialog_get_extra_child(dialog));
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(entry)));
    LkProject *project = g_object_get_data(G_OBJECT(dialog), "project");
    if (g_str_equal(response, "rename") && *name)
        g_object_set(project, "name", name, NULL);
}

static void name_changed_cb(GtkEditable *entry, AdwAlertDialog *dialog)
{
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(entry)));
    adw_alert_dialog_set_response_enabled(dialog, "rename", *name != 0);
}

static void rename_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkProjectCard *self = LK_PROJECT_CARD(widget);
    AdwDialog *dialog = adw_alert_dialog_new(_("Rename Project"), NULL);
    AdwAlertDialog *alert = ADW_ALERT_DIALOG(dialog);
    adw_alert_dialog_add_responses(alert, "cancel", _("_Cancel"), "rename", _("_Rename"), NULL);
    adw_alert_dialog_set_response_appearance(alert, "rename", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(alert, "rename");
    adw_alert_dialog_set_close_response(alert, "cancel");
    GtkWidget *entry = gtk_entry_new();
    gtk_entry_set_activates_default(GTK_ENTRY(entry), TRUE);
    gtk_editable_set_text(GTK_EDITABLE(entry), lk_project_get_name(self->project));
    gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name"), -1);
    g_signal_connect_object(entry, "changed", G_CALLBACK(name_changed_cb), dialog, 0);
    adw_alert_dialog_set_extra_child(alert, entry);
    g_object_set_data_full(G_OBJECT(dialog), "project", g_object_ref(self->project), g_object_unref);
    g_signal_connect_object(dialog, "response", G_CALLBACK(renamed_cb), self, 0);
    adw_dialog_present(dialog, widget);
    gtk_widget_grab_focus(entry);
}

static void duplicate_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    lk_project_list_duplicate(lk_application_get_projects(lk_application_get()), LK_PROJECT_CARD(widget)->project);
}

static void open_folder_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    const char *path = lk_project_get_folder(LK_PROJECT_CARD(widget)->project);
    g_mkdir_with_parents(path, 0777);
    g_autoptr(GFile) folder = g_file_new_for_path(path);
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(folder);
    gtk_file_launcher_launch(launcher, GTK_WINDOW(gtk_widget_get_root(widget)), NULL, NULL, NULL);
}

static void delete_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    g_autoptr(LkProject) project = g_object_ref(LK_PROJECT_CARD(widget)->project);
    g_autofree char *text = g_strdup_printf(_("“%s” deleted"), lk_project_get_name(project));
    lk_page_toast(widget, text, _("_Undo"), "win.restore-project", g_variant_new_int64(lk_project_get_id(project)));
    lk_project_list_remove(lk_application_get_projects(lk_application_get()), project);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_project_card_dispose(GObject *object)
{
    LkProjectCard *self = LK_PROJECT_CARD(object);
    lk_project_card_set_project(self, NULL);
    g_clear_object(&self->changes);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PROJECT_CARD);
    G_OBJECT_CLASS(lk_project_card_parent_class)->dispose(object);
}

static void lk_project_card_class_init(LkProjectCardClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_project_card_dispose;
    g_type_ensure(LK_TYPE_COVER);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/projects-project_card.ui");
    gtk_widget_class_bind_template_child(widget_class, LkProjectCard, cover);
    gtk_widget_class_bind_template_child(widget_class, LkProjectCard, name);
    gtk_widget_class_bind_template_child(widget_class, LkProjectCard, details);
    gtk_widget_class_bind_template_child(widget_class, LkProjectCard, badge);
    gtk_widget_class_install_action(widget_class, "card.rename", NULL, rename_action);
    gtk_widget_class_install_action(widget_class, "card.duplicate", NULL, duplicate_action);
    gtk_widget_class_install_action(widget_class, "card.open-folder", NULL, open_folder_action);
    gtk_widget_class_install_action(widget_class, "card.delete", NULL, delete_action);
}

static void cover_changed_cb(LkProjectCard *self)
{
    lk_cover_set_path(self->cover, lk_project_get_cover(self->project));
}

static void lk_project_card_init(LkProjectCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->changes = g_signal_group_new(LK_TYPE_PROJECT);
    g_signal_group_connect_swapped(self->changes, "notify", G_CALLBACK(update), self);
    g_signal_group_connect_swapped(self->changes, "notify::cover", G_CALLBACK(cover_changed_cb), self);
}
