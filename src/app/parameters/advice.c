#include "app/parameters/advice.h"

#include "app/application.h"
#include "app/parameters/summary_text.h"

#include <glib/gi18n.h>

enum { MOST_SHOWN = 3 };

struct _LkAdvice {
    AdwBin parent_instance;
    LkPlanning *planning;
    LkParameterHistory *history;
    GtkWidget *icon, *more;
    GtkLabel *heading, *explanation;
    AdwPreferencesGroup *group;
    GtkWidget *rows[MOST_SHOWN];
    guint n_rows;
    GPtrArray *fixes; /* to be looked at */
    guint next;
    const char *kind; /* of the last fix that was shown: one of a kind is enough */
    GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE(LkAdvice, lk_advice, ADW_TYPE_BIN)

/* ---- rows -------------------------------------------------------------------------------------------- */

static void clear_rows(LkAdvice *self)
{
    for (guint i = 0; i < self->n_rows; i++)
        adw_preferences_group_remove(self->group, self->rows[i]);
    self->n_rows = 0;
    self->kind = NULL;
}

static void apply_cb(GtkButton *button, LkAdvice *self)
{
    LkFix *fix = g_object_get_data(G_OBJECT(button), "fix");
    g_autoptr(GHashTable) changes = g_hash_table_ref(fix->changes);
    g_autofree char *title = g_strdup(fix->title);
    lk_parameter_history_set(self->history, title, changes);
}

/* With `suggested` it is the blue button: nothing else on the page can be done meanwhile. */
static void add_row(LkAdvice *self, LkFix *fix, const char *figures, gboolean suggested)
{
    GtkWidget *row = adw_action_row_new(), *button = gtk_button_new_with_label(_("Apply"));
    g_autofree char *title = g_markup_escape_text(fix->title, -1);
    g_autofree char *text = fix->note ? g_strdup_printf("%s · %s", figures, fix->note) : g_strdup(figures);
    g_autofree char *subtitle = g_markup_escape_text(text, -1);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    if (suggested)
        gtk_widget_add_css_class(button, "suggested-action");
    g_autofree char *name = g_strdup_printf(_("Apply: %s"), fix->title);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    g_object_set_data_full(G_OBJECT(button), "fix", fix, (GDestroyNotify)lk_fix_free);
    g_signal_connect_object(button, "clicked", G_CALLBACK(apply_cb), self, 0);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), button);
    adw_preferences_group_add(self->group, row);
    self->rows[self->n_rows++] = row;
}

static void set_heading(LkAdvice *self, const char *title, const char *explanation, gboolean error)
{
    gtk_label_set_label(self->heading, title);
    gtk_label_set_label(self->explanation, explanation ? explanation : "");
    gtk_widget_set_visible(GTK_WIDGET(self->explanation), explanation != NULL);
    gtk_actionable_set_action_target(GTK_ACTIONABLE(self->more), "s", error ? "out-of-memory" : "how-long");
    gtk_image_set_from_icon_name(GTK_IMAGE(self->icon), "dialog-warning-symbolic");
    gtk_widget_set_css_classes(self->icon, (const char *[]){error ? "error" : "warning", NULL});
    gtk_widget_set_visible(GTK_WIDGET(self), TRUE);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static char *say_figures(LkAdvice *self, const LkVariation *variation)
{
    g_autofree char *memory = lk_summary_memory(variation->plan->total);
    gint64 before = lk_planning_get_plan(self->planning)->steps;
    g_autoptr(GString) text = g_string_new(memory);
    if (variation->plan->steps != before) {
        g_autofree char *steps = lk_summary_number(variation->plan->steps);
        g_string_append_printf(text, ngettext(" · %s step", " · %s steps", (gulong)variation->plan->steps), steps);
    }
    if (variation->seconds > 0) {
        g_autofree char *time = lk_summary_duration(variation->seconds * (double)variation->plan->steps);
        g_string_append_printf(text, ", %s", time);
    }
    return g_strdup(text->str);
}

static void try_next(LkAdvice *self);

static void varied_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkVariation) variation = lk_planning_vary_finish(LK_PLANNING(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    LkAdvice *self = data;
    LkFix *fix = self->fixes->pdata[self->next - 1];
    if (variation && variation->plan->fits) {
        g_autofree char *figures = say_figures(self, variation);
        self->kind = fix->kind;
        self->fixes->pdata[self->next - 1] = NULL; /* the row has it now */
        add_row(self, fix, figures, self->n_rows == 0);
        set_heading(self, _("Does not fit. Any one of these makes it fit:"), NULL, TRUE);
    }
    try_next(self);
}

static void try_next(LkAdvice *self)
{
    while (self->next < self->fixes->len) {
        LkFix *fix = self->fixes->pdata[self->next++];
        gboolean joined = g_str_equal(fix->kind, "joined");
        if (g_strcmp0(fix->kind, self->kind) == 0 || (joined && self->n_rows > 0) || self->n_rows == MOST_SHOWN)
            continue;
        lk_planning_vary(self->planning, fix->changes, self->cancellable, varied_cb, self);
        return;
    }
    if (self->n_rows == 0)
        set_heading(self, _("Does not fit"),
                    _("No change of the parameters makes it fit. Close other programs that use the memory, or train on "
                      "another device."),
                    TRUE);
}

static void advise_memory(LkAdvice *self)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    set_heading(self, _("Does not fit. Looking for what would help…"), NULL, TRUE);
    g_clear_pointer(&self->fixes, g_ptr_array_unref);
    self->fixes = lk_fixes_for_memory(lk_planning_get_planned_job(self->planning), choice && choice->info.bf16);
    self->next = 0;
    try_next(self);
}

/* ---- length ------------------------------------------------------------------------------------------ */

/* Fewer steps than this teach next to nothing; so many are a good beginning. */
enum { FEW_STEPS = 300, GOOD_STEPS = 1500 };

static void advise_length(LkAdvice *self, const LkTrainingPlan *plan)
{
    const LkJob *job = lk_planning_get_planned_job(self->planning);
    if (job->max_train_epochs == 0 || plan->steps >= FEW_STEPS || plan->steps <= 0)
        return;
    double more = (double)GOOD_STEPS / (double)plan->steps;
    int epochs = (int)(job->max_train_epochs * more / 5 + 0.5) * 5;
    LkFix *fix = g_new0(LkFix, 1);
    fix->title = g_strdup_printf(_("Train %d epochs instead of %d"), epochs, job->max_train_epochs);
    fix->changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(fix->changes, g_strdup("max_train_epochs"), g_strdup_printf("%d", epochs));
    if (job->save_every_n_epochs > 0 && job->save_n_epoch_ratio == 0)
        g_hash_table_insert(fix->changes, g_strdup("save_every_n_epochs"), g_strdup_printf("%d", MAX(1, epochs / 10)));
    gint64 steps = plan->steps / job->max_train_epochs * epochs;
    g_autofree char *number = lk_summary_number(steps);
    g_autofree char *figures = g_strdup_printf(ngettext("%s step", "%s steps", (gulong)steps), number);
    set_heading(self, _("Few steps: most LoRAs need 1,000 to 3,000"), NULL, FALSE);
    add_row(self, fix, figures, FALSE);
}

/* ---- following --------------------------------------------------------------------------------------- */

static void update_cb(LkAdvice *self)
{
    const LkTrainingPlan *plan = lk_planning_get_plan(self->planning);
    if (plan && lk_planning_get_outdated(self->planning))
        return; /* what is there stays until there is news */
    g_cancellable_cancel(self->cancellable);
    g_object_unref(self->cancellable);
    self->cancellable = g_cancellable_new();
    clear_rows(self);
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
    if (plan && !plan->fits)
        advise_memory(self);
    else if (plan)
        advise_length(self, plan);
}

GtkWidget *lk_advice_new(LkPlanning *planning, LkParameterHistory *history)
{
    LkAdvice *self = g_object_new(LK_TYPE_ADVICE, NULL);
    self->planning = g_object_ref(planning);
    self->history = g_object_ref(history);
    g_signal_connect_object(planning, "plan-changed", G_CALLBACK(update_cb), self, G_CONNECT_SWAPPED);
    update_cb(self);
    return GTK_WIDGET(self);
}

static void lk_advice_dispose(GObject *object)
{
    LkAdvice *self = LK_ADVICE(object);
    g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->planning);
    g_clear_object(&self->history);
    G_OBJECT_CLASS(lk_advice_parent_class)->dispose(object);
}

static void lk_advice_finalize(GObject *object)
{
    LkAdvice *self = LK_ADVICE(object);
    g_clear_object(&self->cancellable);
    g_clear_pointer(&self->fixes, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_advice_parent_class)->finalize(object);
}

static void lk_advice_class_init(LkAdviceClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_advice_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_advice_finalize;
}

static GtkLabel *make_label(const char *css_class)
{
    GtkWidget *label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_widget_add_css_class(label, css_class);
    return GTK_LABEL(label);
}

static void lk_advice_init(LkAdvice *self)
{
    self->cancellable = g_cancellable_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9);
    self->icon = gtk_image_new();
    self->heading = make_label("heading");
    self->explanation = make_label("dimmed");
    self->group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    gtk_box_append(GTK_BOX(line), self->icon);
    gtk_widget_set_hexpand(GTK_WIDGET(self->heading), TRUE);
    self->more = gtk_button_new_from_icon_name("help-contents-symbolic");
    gtk_widget_set_tooltip_text(self->more, _("Read More in the Help"));
    gtk_widget_add_css_class(self->more, "flat");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(self->more), "app.help");
    gtk_actionable_set_action_target(GTK_ACTIONABLE(self->more), "s", "out-of-memory");
    gtk_box_append(GTK_BOX(line), GTK_WIDGET(self->heading));
    gtk_box_append(GTK_BOX(line), self->more);
    gtk_box_append(GTK_BOX(box), line);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->explanation));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->group));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}
