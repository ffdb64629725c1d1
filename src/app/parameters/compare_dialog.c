#include "app/parameters/compare_dialog.h"

#include "app/application.h"
#include "app/core/job_draft.h"
#include "app/parameters/own_presets.h"
#include "app/parameters/value_words.h"
#include "app/widgets/combo_names.h"
#include "training/presets.h"

#include <glib/gi18n.h>

/* ---- differences ------------------------------------------------------------------------------------- */

void lk_difference_free(LkDifference *difference)
{
    g_free(difference->left);
    g_free(difference->right);
    g_free(difference);
}

GPtrArray *lk_differences(const LkJob *left, const LkJob *right)
{
    GPtrArray *differences = g_ptr_array_new_with_free_func((GDestroyNotify)lk_difference_free);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        gboolean own = lk_job_draft_is_given_by_project(row->key) &&
                       !g_str_equal(row->key, "pretrained_model_name_or_path") &&
                       !g_str_equal(row->key, "trigger_words");
        if (row->state != LK_PARAMETER_SUPPORTED || own)
            continue;
        g_autofree char *a = lk_job_get(left, row), *b = lk_job_get(right, row);
        if (g_strcmp0(a, b) == 0)
            continue;
        LkDifference *difference = g_new0(LkDifference, 1);
        *difference = (LkDifference){row, g_steal_pointer(&a), g_steal_pointer(&b)};
        g_ptr_array_add(differences, difference);
    }
    return differences;
}

/* ---- what can be compared ---------------------------------------------------------------------------- */

#define LK_TYPE_COMPARED (lk_compared_get_type())
G_DECLARE_FINAL_TYPE(LkCompared, lk_compared, LK, COMPARED, GObject)

struct _LkCompared {
    GObject parent_instance;
    char *title;
    LkJob *job;
};

G_DEFINE_FINAL_TYPE(LkCompared, lk_compared, G_TYPE_OBJECT)

static void lk_compared_finalize(GObject *object)
{
    LkCompared *self = LK_COMPARED(object);
    g_free(self->title);
    lk_job_free(self->job);
    G_OBJECT_CLASS(lk_compared_parent_class)->finalize(object);
}

static void lk_compared_class_init(LkComparedClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_compared_finalize;
}

static void lk_compared_init(LkCompared *self)
{
}

static char *compared_title(LkCompared *self)
{
    return g_strdup(self->title);
}

static void append(GListStore *list, const char *title, LkJob *job)
{
    g_autoptr(LkCompared) compared = g_object_new(LK_TYPE_COMPARED, NULL);
    compared->title = g_strdup(title);
    compared->job = job;
    g_list_store_append(list, compared);
}

/* The project as it would be with a preset: so only the preset's own values differ. */
static LkJob *job_with(LkProject *project, GHashTable *values)
{
    LkJob *job = lk_job_draft_new(project, NULL);
    for (size_t i = 0; i < lk_parameter_count; i++)
        if (lk_preset_covers(lk_parameters[i].key) && !lk_job_draft_is_given_by_project(lk_parameters[i].key))
            lk_job_reset(job, &lk_parameters[i]);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        lk_job_set(job, key, value, NULL);
    lk_job_check(job, NULL);
    return job;
}

/* ---- the dialog -------------------------------------------------------------------------------------- */

#define LK_TYPE_COMPARE_DIALOG (lk_compare_dialog_get_type())
G_DECLARE_FINAL_TYPE(LkCompareDialog, lk_compare_dialog, LK, COMPARE_DIALOG, AdwDialog)

struct _LkCompareDialog {
    AdwDialog parent_instance;
    LkProject *project;
    GListStore *sources;
    LkOwnPresets *own;
    GListModel *tasks;
    guint n_tasks;  /* of them in the list */
    LkTask *wanted; /* the one to show on the left, NULL: the project */
    GtkDropDown *left, *right;
    GtkGrid *grid;
    int lines; /* of the grid, the choosers among them */
    gboolean narrow;
    GtkStack *stack;
};

G_DEFINE_FINAL_TYPE(LkCompareDialog, lk_compare_dialog, ADW_TYPE_DIALOG)

static GtkWidget *make_cell(const char *text, const char *css_class, float align)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_lines(GTK_LABEL(label), 3);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(label), align);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_widget_set_tooltip_text(label, text);
    if (css_class)
        gtk_widget_add_css_class(label, css_class);
    return label;
}

static GtkWidget *make_name(const LkParameter *parameter)
{
    GtkWidget *name = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *key = make_cell(parameter->key, "caption", 0);
    gtk_widget_add_css_class(key, "dimmed");
    gtk_widget_add_css_class(key, "monospace");
    gtk_box_append(GTK_BOX(name), make_cell(_(parameter->title), NULL, 0));
    gtk_box_append(GTK_BOX(name), key);
    return name;
}

/* Name and two values side by side; where there is no room, the name above both. */
static void add_difference(LkCompareDialog *self, const LkDifference *difference)
{
    g_autofree char *left = lk_say_parameter_value(difference->parameter, difference->left);
    g_autofree char *right = lk_say_parameter_value(difference->parameter, difference->right);
    int column = self->narrow ? 0 : 1;
    GtkWidget *name = make_name(difference->parameter);
    gtk_widget_set_margin_top(name, self->narrow ? 12 : 0);
    gtk_grid_attach(self->grid, name, 0, self->lines, self->narrow ? 2 : 1, 1);
    self->lines += self->narrow;
    gtk_grid_attach(self->grid, make_cell(left, "numeric", 0), column, self->lines, 1, 1);
    gtk_grid_attach(self->grid, make_cell(right, "numeric", 0), column + 1, self->lines, 1, 1);
    self->lines++;
}

/* The choosers of both sides, in the columns of their values. */
static void place_choosers(LkCompareDialog *self)
{
    GtkWidget *choosers[] = {GTK_WIDGET(self->left), GTK_WIDGET(self->right)};
    for (int i = 0; i < 2; i++) {
        if (gtk_widget_get_parent(choosers[i]))
            gtk_grid_remove(self->grid, choosers[i]);
        gtk_grid_attach(self->grid, choosers[i], (self->narrow ? 0 : 1) + i, 0, 1, 1);
    }
}

static void show_cb(LkCompareDialog *self)
{
    LkCompared *left = gtk_drop_down_get_selected_item(self->left),
               *right = gtk_drop_down_get_selected_item(self->right);
    while (self->lines > 1)
        gtk_grid_remove_row(self->grid, --self->lines);
    if (!left || !right)
        return;
    g_autoptr(GPtrArray) differences = lk_differences(left->job, right->job);
    for (guint i = 0; i < differences->len; i++)
        add_difference(self, differences->pdata[i]);
    gtk_stack_set_visible_child_name(self->stack, differences->len ? "table" : "same");
}

static void set_narrow(LkCompareDialog *self, gboolean narrow)
{
    while (self->lines > 1)
        gtk_grid_remove_row(self->grid, --self->lines);
    self->narrow = narrow;
    gtk_grid_set_row_spacing(self->grid, narrow ? 3 : 12); /* a name belongs to what is below it */
    place_choosers(self);
    show_cb(self);
}

static void narrow_cb(LkCompareDialog *self)
{
    set_narrow(self, TRUE);
}

static void wide_cb(LkCompareDialog *self)
{
    set_narrow(self, FALSE);
}

/* Behind what is there, so that what is chosen stays. */
static void own_cb(LkCompareDialog *self)
{
    const GPtrArray *all = lk_own_presets_get_all(self->own);
    for (guint i = 0; i < all->len; i++) {
        const LkPresetRecord *record = all->pdata[i];
        g_autofree char *title = g_strdup_printf(_("Preset %s"), record->name);
        append(self->sources, title, job_with(self->project, record->values));
    }
    g_signal_handlers_disconnect_by_func(self->own, own_cb, self);
}

/* What was appended last is the task; what it is compared with first is the project as it is now. */
static void show_wanted(LkCompareDialog *self)
{
    gtk_drop_down_set_selected(self->left, g_list_model_get_n_items(G_LIST_MODEL(self->sources)) - 1);
    gtk_drop_down_set_selected(self->right, 0);
}

static void tasks_cb(LkCompareDialog *self)
{
    for (; self->n_tasks < g_list_model_get_n_items(self->tasks); self->n_tasks++) {
        g_autoptr(LkTask) task = g_list_model_get_item(self->tasks, self->n_tasks);
        g_autoptr(GPtrArray) problems = lk_problems_new();
        LkJob *job = lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL,
                                  problems);
        g_autofree char *title = lk_task_make_title(task);
        if (!job)
            continue;
        append(self->sources, title, job);
        if (task == self->wanted && self->left)
            show_wanted(self);
    }
}

static void fill(LkCompareDialog *self)
{
    append(self->sources, _("This Project"), lk_job_draft_new(self->project, NULL));
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    g_autoptr(GHashTable) none = g_hash_table_new(g_str_hash, g_str_equal);
    append(self->sources, _("Defaults"), job_with(self->project, none));
    for (size_t i = 0; i < lk_preset_count; i++) {
        if (lk_presets[i].part)
            continue;
        g_autoptr(GHashTable) values = lk_preset_values(&lk_presets[i], choice ? &choice->info : NULL);
        g_autofree char *title = g_strdup_printf(_("Preset %s"), _(lk_presets[i].title));
        append(self->sources, title, job_with(self->project, values));
    }
    self->own = lk_own_presets_new(lk_project_get_store(self->project));
    g_signal_connect_object(self->own, "changed", G_CALLBACK(own_cb), self, G_CONNECT_SWAPPED);
    self->tasks = lk_task_center_list(lk_application_get_tasks(lk_application_get()), lk_project_get_id(self->project));
    g_signal_connect_object(self->tasks, "items-changed", G_CALLBACK(tasks_cb), self, G_CONNECT_SWAPPED);
    tasks_cb(self);
}

static GtkDropDown *make_drop_down(LkCompareDialog *self, guint selected, const char *name)
{
    GtkExpression *expression =
        gtk_cclosure_expression_new(G_TYPE_STRING, NULL, 0, NULL, G_CALLBACK(compared_title), NULL, NULL);
    GtkWidget *widget = gtk_drop_down_new(g_object_ref(G_LIST_MODEL(self->sources)), expression);
    gtk_drop_down_set_selected(GTK_DROP_DOWN(widget), selected);
    gtk_widget_set_hexpand(widget, TRUE);
    lk_combo_name_items(widget);
    /* Its name is what is chosen. */
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, name, -1);
    g_signal_connect_object(widget, "notify::selected", G_CALLBACK(show_cb), self, G_CONNECT_SWAPPED);
    return g_object_ref_sink(GTK_DROP_DOWN(widget));
}

/* The preset that the project began with is what it is compared with first. */
static guint first_choice(LkProject *project)
{
    guint place = 1;
    for (size_t i = 0, seen = 2; i < lk_preset_count; i++) {
        if (lk_presets[i].part)
            continue;
        if (g_strcmp0(lk_presets[i].id, lk_project_get_setting(project, LK_SETTING_PRESET)) == 0)
            place = (guint)seen;
        seen++;
    }
    return place;
}

void lk_compare_dialog_present(GtkWidget *parent, LkProject *project, LkTask *task)
{
    LkCompareDialog *self = g_object_new(LK_TYPE_COMPARE_DIALOG, NULL);
    self->project = g_object_ref(project);
    self->wanted = task ? g_object_ref(task) : NULL;
    fill(self);
    self->left = make_drop_down(self, 0, _("Left side"));
    self->right = make_drop_down(self, first_choice(project), _("Right side"));
    place_choosers(self);
    show_cb(self);
    adw_dialog_set_focus(ADW_DIALOG(self), GTK_WIDGET(self->left)); /* not a value, with its text selected */
    adw_dialog_present(ADW_DIALOG(self), parent);
}

static void lk_compare_dialog_dispose(GObject *object)
{
    LkCompareDialog *self = LK_COMPARE_DIALOG(object);
    g_clear_object(&self->project);
    g_clear_object(&self->left);
    g_clear_object(&self->right);
    g_clear_object(&self->own);
    g_clear_object(&self->wanted);
    g_clear_object(&self->tasks);
    g_clear_object(&self->sources);
    G_OBJECT_CLASS(lk_compare_dialog_parent_class)->dispose(object);
}

static void lk_compare_dialog_class_init(LkCompareDialogClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_compare_dialog_dispose;
}

static void lk_compare_dialog_init(LkCompareDialog *self)
{
    self->sources = g_list_store_new(LK_TYPE_COMPARED);
    adw_dialog_set_title(ADW_DIALOG(self), _("Compare Parameters"));
    AdwBreakpoint *breakpoint = adw_breakpoint_new(adw_breakpoint_condition_parse("max-width: 560sp"));
    g_signal_connect_object(breakpoint, "apply", G_CALLBACK(narrow_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(breakpoint, "unapply", G_CALLBACK(wide_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_add_breakpoint(ADW_DIALOG(self), breakpoint);
    gtk_widget_set_size_request(GTK_WIDGET(self), 320, 240);
    self->lines = 1;
    adw_dialog_set_content_width(ADW_DIALOG(self), 720);
    adw_dialog_set_content_height(ADW_DIALOG(self), 560);
    GtkWidget *view = adw_toolbar_view_new(), *scroll = gtk_scrolled_window_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    self->grid = GTK_GRID(gtk_grid_new());
    gtk_grid_set_column_spacing(self->grid, 18);
    gtk_grid_set_row_spacing(self->grid, 12);
    gtk_grid_set_column_homogeneous(self->grid, TRUE);
    self->stack = GTK_STACK(gtk_stack_new());
    GtkWidget *same = gtk_label_new(_("Both are the same."));
    gtk_widget_add_css_class(same, "dimmed");
    GtkWidget *rest = gtk_label_new(_("All other values are the same."));
    gtk_label_set_wrap(GTK_LABEL(rest), TRUE);
    gtk_label_set_xalign(GTK_LABEL(rest), 0);
    gtk_widget_set_valign(rest, GTK_ALIGN_START);
    gtk_widget_add_css_class(rest, "dimmed");
    gtk_widget_add_css_class(rest, "caption");
    gtk_stack_add_named(self->stack, rest, "table");
    gtk_stack_add_named(self->stack, same, "same");
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->grid));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->stack));
    gtk_widget_add_css_class(box, "dialog-content");
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), box);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), adw_header_bar_new());
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), scroll);
    adw_dialog_set_child(ADW_DIALOG(self), view);
}
