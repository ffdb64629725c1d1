#include "app/training/remedies.h"

#include "app/application.h"
#include "app/parameters/advice.h"

#include <glib/gi18n.h>

struct _LkRemedies {
    AdwBin parent_instance;
    LkTask *task;
    gboolean narrow;
};

G_DEFINE_FINAL_TYPE(LkRemedies, lk_remedies, ADW_TYPE_BIN)

enum { PROP_NARROW = 1 };

/* ---- pressing ---------------------------------------------------------------------------------------- */

static GVariant *make_changes(const LkFix *fix)
{
    GVariantBuilder builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, fix->changes);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_variant_builder_add(&builder, "{ss}", key, value);
    return g_variant_builder_end(&builder);
}

/* Two lines, as wide in every row: leaves the titles their room. */
static void make_narrow(GtkLabel *label)
{
    enum { CHARS = 8 };
    gtk_label_set_wrap(label, TRUE);
    gtk_label_set_justify(label, GTK_JUSTIFY_CENTER);
    gtk_label_set_width_chars(label, CHARS);
    gtk_label_set_max_width_chars(label, CHARS);
}

static GtkWidget *make_row(LkRemedies *self, const LkFix *fix)
{
    GtkWidget *row = adw_action_row_new(), *button = gtk_button_new_with_label(_("Train With This"));
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), fix->title);
    if (fix->note)
        adw_action_row_set_subtitle(ADW_ACTION_ROW(row), fix->note);
    if (self->narrow)
        make_narrow(GTK_LABEL(gtk_button_get_child(GTK_BUTTON(button))));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, fix->title, -1);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "project.train-with");
    gtk_actionable_set_action_target_value(GTK_ACTIONABLE(button),
                                           g_variant_new("(x@a{ss})", lk_task_get_id(self->task), make_changes(fix)));
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), button);
    return row;
}

/* ---- which ------------------------------------------------------------------------------------------- */

/* Of each kind the smallest change; all of them together at the end. */
static void add_fixes(LkRemedies *self, GtkListBox *list, const LkJob *job, gboolean bf16)
{
    g_autoptr(GPtrArray) fixes = lk_fixes_for_memory(job, bf16);
    const char *last = "";
    for (guint i = 0; i < fixes->len; i++) {
        const LkFix *fix = fixes->pdata[i];
        if (!g_str_equal(fix->kind, last))
            gtk_list_box_append(list, make_row(self, fix));
        last = fix->kind;
    }
}

static LkJob *job_of(LkTask *task)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    return lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL,
                        problems);
}

static gboolean is_wanted(LkTask *task)
{
    return task && lk_task_get_state(task) == LK_TASK_FAILED && lk_task_get_error_code(task) == LK_ERROR_MEMORY;
}

void lk_remedies_set_task(LkRemedies *self, LkTask *task)
{
    g_autoptr(LkJob) job = is_wanted(task) ? job_of(task) : NULL;
    gtk_widget_set_visible(GTK_WIDGET(self), job != NULL);
    g_set_object(&self->task, task);
    adw_bin_set_child(ADW_BIN(self), NULL);
    if (!job)
        return;
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    GtkWidget *list = gtk_list_box_new();
    gtk_widget_add_css_class(list, "boxed-list");
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("What Would Help"), -1);
    add_fixes(self, GTK_LIST_BOX(list), job, choice && choice->info.bf16);
    adw_bin_set_child(ADW_BIN(self), list);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_remedies_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_REMEDIES(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_remedies_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkRemedies *self = LK_REMEDIES(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    lk_remedies_set_task(self, self->task);
}

static void lk_remedies_dispose(GObject *object)
{
    g_clear_object(&LK_REMEDIES(object)->task);
    G_OBJECT_CLASS(lk_remedies_parent_class)->dispose(object);
}

static void lk_remedies_class_init(LkRemediesClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_remedies_get_property;
    object_class->set_property = lk_remedies_set_property;
    object_class->dispose = lk_remedies_dispose;
    g_object_class_install_property(
        object_class, PROP_NARROW,
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void lk_remedies_init(LkRemedies *self)
{
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}
