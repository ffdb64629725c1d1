#include "app/parameters/form.h"

#include "app/core/job_draft.h"
#include "app/parameters/choosers.h"
#include "app/parameters/help_popover.h"
#include "app/parameters/variations.h"

#include <glib/gi18n.h>
#include <string.h>

#define BIT(group) (1u << LK_PARAMETER_GROUP_##group)

/* Where basic parameters stand, by their groups. */
static const struct {
    const char *title;
    guint groups;
} sections[] = {
    {N_("Basic"),
     BIT(MODEL) | BIT(DATASET) | BIT(CAPTION) | BIT(OPTIMIZER) | BIT(SCHEDULE) | BIT(LENGTH) | BIT(MEMORY) | BIT(LOSS)},
    {N_("Network"), BIT(NETWORK)},
    {N_("Saving"), BIT(SAVING)},
    {N_("Samples"), BIT(SAMPLING) | BIT(METADATA)},
};

/* The rows of a parameter group that are not basic; made when it is opened. */
typedef struct Drawer {
    AdwExpanderRow *expander;
    GtkLabel *changes; /* how many values inside are not the preset's: it may be closed */
    gboolean filled, was_open;
} Drawer;

struct _LkForm {
    AdwBin parent_instance;
    LkProject *project;
    LkPlanning *planning;
    LkParameterHistory *history;
    GtkBox *box;
    AdwPreferencesGroup *groups[G_N_ELEMENTS(sections)], *all;
    Drawer drawers[LK_PARAMETER_GROUP_COUNT];
    LkParameterRow **rows; /* by index in the table; NULL where there is none */
    GHashTable *preset;
    char **words; /* of the search */
    gboolean found;
    GtkWidget *popover; /* the explanation that is open */
};

G_DEFINE_FINAL_TYPE(LkForm, lk_form, ADW_TYPE_BIN)

enum { PROP_FOUND = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* ---- values ------------------------------------------------------------------------------------------ */

static gboolean has_row(const LkParameter *parameter)
{
    return parameter->state == LK_PARAMETER_SUPPORTED && !lk_job_draft_is_given_by_project(parameter->key);
}

/* What is set, else what counts then. */
static char *value_now(LkForm *self, const char *key)
{
    const char *set = lk_project_get_setting(self->project, key);
    return set ? g_strdup(set) : lk_job_draft_base_value(self->project, key, NULL);
}

static gboolean is_changed(LkForm *self, const char *key, const char *value, const char *base)
{
    return !lk_job_draft_same_value(key, value, base);
}

static const LkProblem *problem_of(LkForm *self, const char *key)
{
    const GPtrArray *problems = lk_planning_get_problems(self->planning);
    const LkProblem *found = NULL;
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        if (g_strcmp0(problem->key, key) == 0 && (!found || problem->kind < found->kind))
            found = problem;
    }
    return found;
}

static void show_row(LkForm *self, LkParameterRow *row)
{
    const char *key = lk_parameter_row_get_parameter(row)->key;
    g_autofree char *value = value_now(self, key), *base = lk_job_draft_base_value(self->project, key, self->preset);
    lk_parameter_row_set_value(row, value, is_changed(self, key, value, base), base);
    lk_parameter_row_set_problem(row, problem_of(self, key));
}

static gboolean is_changed_at(LkForm *self, size_t index)
{
    const char *key = lk_parameters[index].key;
    if (!has_row(&lk_parameters[index]))
        return FALSE;
    if (!lk_project_get_setting(self->project, key) && !(self->preset && g_hash_table_contains(self->preset, key)))
        return FALSE; /* neither says anything: the default it is */
    g_autofree char *value = value_now(self, key), *base = lk_job_draft_base_value(self->project, key, self->preset);
    return is_changed(self, key, value, base);
}

static void show_drawers(LkForm *self)
{
    guint changes[LK_PARAMETER_GROUP_COUNT] = {0};
    for (size_t i = 0; i < lk_parameter_count; i++)
        changes[lk_parameters[i].group] += !lk_parameters[i].basic && is_changed_at(self, i);
    for (guint group = 0; group < LK_PARAMETER_GROUP_COUNT; group++) {
        if (!self->drawers[group].changes)
            continue;
        g_autofree char *text = g_strdup_printf(ngettext("%u change", "%u changes", changes[group]), changes[group]);
        gtk_label_set_label(self->drawers[group].changes, text);
        gtk_widget_set_visible(GTK_WIDGET(self->drawers[group].changes), changes[group] > 0);
    }
}

static void show_rows(LkForm *self)
{
    for (size_t i = 0; i < lk_parameter_count; i++)
        if (self->rows[i])
            show_row(self, self->rows[i]);
    show_drawers(self);
}

void lk_form_set_preset(LkForm *self, GHashTable *values)
{
    g_clear_pointer(&self->preset, g_hash_table_unref);
    self->preset = values ? g_hash_table_ref(values) : NULL;
    show_rows(self);
}

guint lk_form_count_changes(LkForm *self)
{
    guint count = 0;
    for (size_t i = 0; i < lk_parameter_count; i++)
        count += (guint)is_changed_at(self, i);
    return count;
}

/* What is like the default is not set: so it follows the default. */
static void edited_cb(LkForm *self, const char *text, LkParameterRow *row)
{
    const LkParameter *parameter = lk_parameter_row_get_parameter(row);
    g_autofree char *base = lk_job_draft_base_value(self->project, parameter->key, NULL);
    gboolean same = text && lk_job_draft_same_value(parameter->key, text, base);
    lk_parameter_history_set_one(self->history, _(parameter->title), parameter->key, same ? NULL : text);
}

static void reset_cb(LkForm *self, LkParameterRow *row)
{
    const LkParameter *parameter = lk_parameter_row_get_parameter(row);
    const char *value = self->preset ? g_hash_table_lookup(self->preset, parameter->key) : NULL;
    lk_parameter_history_set_one(self->history, _(parameter->title), parameter->key, value);
}

static void chosen_cb(const LkParameter *parameter, const char *text, gpointer data)
{
    LkForm *self = data;
    lk_parameter_history_set_one(self->history, _(parameter->title), parameter->key, text);
}

static void choose_cb(LkForm *self, LkParameterRow *row)
{
    g_autofree char *value = lk_parameter_row_get_value(row);
    lk_choose_value(GTK_WIDGET(row), lk_parameter_row_get_parameter(row), value, chosen_cb, self);
}

/* ---- help -------------------------------------------------------------------------------------------- */

static gboolean unparent_cb(gpointer popover)
{
    gtk_widget_unparent(popover);
    g_object_unref(popover);
    return G_SOURCE_REMOVE;
}

/* Not at once: the click that closes it may still be on its way to it. */
static void closed_cb(LkForm *self, GtkWidget *popover)
{
    if (self->popover == popover)
        self->popover = NULL;
    g_idle_add(unparent_cb, g_object_ref(popover));
}

void lk_form_explain(LkForm *self, LkParameterRow *row, GtkWidget *button)
{
    const LkParameter *parameter = lk_parameter_row_get_parameter(row);
    self->popover = lk_help_popover_new(parameter);
    gtk_widget_set_parent(self->popover, button);
    g_signal_connect_object(self->popover, "closed", G_CALLBACK(closed_cb), self, G_CONNECT_SWAPPED);
    lk_variation_explain(self->planning, parameter, LK_HELP_POPOVER(self->popover));
    gtk_popover_popup(GTK_POPOVER(self->popover));
}

static void help_cb(LkForm *self, GtkWidget *button, LkParameterRow *row)
{
    lk_form_explain(self, row, button);
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static LkParameterRow *make_row(LkForm *self, size_t index)
{
    LkParameterRow *row = lk_parameter_row_new(&lk_parameters[index]);
    self->rows[index] = row;
    show_row(self, row);
    g_signal_connect_object(row, "edited", G_CALLBACK(edited_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(row, "reset", G_CALLBACK(reset_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(row, "choose", G_CALLBACK(choose_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(row, "help", G_CALLBACK(help_cb), self, G_CONNECT_SWAPPED);
    return row;
}

/* What a project gives in another way is shown with the way there. */
static void add_given_row(AdwExpanderRow *expander, const LkParameter *parameter)
{
    if (strcmp(parameter->key, "train_data_dir") != 0)
        return; /* one row stands for all of them */
    GtkWidget *row = adw_action_row_new(), *button = gtk_button_new_with_label(_("Dataset"));
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Pictures and Repeats"));
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), _("Chosen on the page Dataset"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_actionable_set_detailed_action_name(GTK_ACTIONABLE(button), "win.show-page::dataset");
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), button);
    adw_expander_row_add_row(expander, row);
}

static void fill_drawer(LkForm *self, LkParameterGroup group)
{
    Drawer *drawer = &self->drawers[group];
    if (!drawer->expander || drawer->filled)
        return;
    drawer->filled = TRUE;
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *parameter = &lk_parameters[i];
        if (parameter->group != group || parameter->state != LK_PARAMETER_SUPPORTED)
            continue;
        if (!has_row(parameter))
            add_given_row(drawer->expander, parameter);
        else if (!self->rows[i])
            adw_expander_row_add_row(drawer->expander, GTK_WIDGET(make_row(self, i)));
    }
}

static void expanded_cb(LkForm *self, GParamSpec *pspec, GtkWidget *expander)
{
    if (adw_expander_row_get_expanded(ADW_EXPANDER_ROW(expander)))
        fill_drawer(self, GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(expander), "group")));
}

static int compare_basic(gconstpointer a, gconstpointer b)
{
    return lk_parameters[*(const guint *)a].basic - lk_parameters[*(const guint *)b].basic;
}

static void make_section(LkForm *self, guint section)
{
    g_autoptr(GArray) basic = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < lk_parameter_count; i++)
        if (lk_parameters[i].basic && has_row(&lk_parameters[i]) &&
            (sections[section].groups & (1u << lk_parameters[i].group)))
            g_array_append_val(basic, i);
    g_array_sort(basic, compare_basic);
    AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_title(group, _(sections[section].title));
    for (guint i = 0; i < basic->len; i++)
        adw_preferences_group_add(group, GTK_WIDGET(make_row(self, g_array_index(basic, guint, i))));
    self->groups[section] = group;
    gtk_box_append(self->box, GTK_WIDGET(group));
}

/* "Buckets, Shortest Side, Longest Side and 12 more": what is inside, short enough to be read whole. */
static char *name_contents(LkParameterGroup group)
{
    enum { NAMED = 3 };
    g_autoptr(GPtrArray) inside = g_ptr_array_new();
    for (size_t i = 0; i < lk_parameter_count; i++)
        if (lk_parameters[i].group == group && has_row(&lk_parameters[i]) && !lk_parameters[i].basic)
            g_ptr_array_add(inside, (gpointer)_(lk_parameters[i].title));
    guint named = inside->len > NAMED + 1 ? NAMED : inside->len;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < named; i++) /* translators: between the names of a list: "Buckets, Shortest Side" */
        g_string_append_printf(names, "%s%s", i ? _(", ") : "", (const char *)inside->pdata[i]);
    guint more = inside->len - named; /* translators: parameters by name, and how many others: "A, B, C and 12 more" */
    g_autofree char *text = more ? g_strdup_printf(ngettext("%s and %u more", "%s and %u more", more), names->str, more)
                                 : g_strdup(names->str);
    return g_markup_escape_text(text, -1);
}

static void make_drawer(LkForm *self, LkParameterGroup group)
{
    g_autofree char *contents = name_contents(group);
    if (!*contents)
        return;
    GtkWidget *expander = adw_expander_row_new();
    g_autofree char *title = g_markup_escape_text(_(lk_parameter_group_title(group)), -1);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(expander), title);
    gtk_accessible_update_property(GTK_ACCESSIBLE(expander), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
    adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(expander), contents);
    g_object_set_data(G_OBJECT(expander), "group", GUINT_TO_POINTER(group));
    g_signal_connect_object(expander, "notify::expanded", G_CALLBACK(expanded_cb), self, G_CONNECT_SWAPPED);
    self->drawers[group].expander = ADW_EXPANDER_ROW(expander);
    GtkWidget *changes = gtk_label_new(NULL);
    gtk_widget_add_css_class(changes, "dimmed");
    gtk_widget_set_visible(changes, FALSE);
    adw_expander_row_add_suffix(ADW_EXPANDER_ROW(expander), changes);
    self->drawers[group].changes = GTK_LABEL(changes);
    adw_preferences_group_add(self->all, expander);
}

LkParameterRow *lk_form_get_row(LkForm *self, const char *key)
{
    const LkParameter *parameter = lk_parameter_find(key);
    if (!parameter || !has_row(parameter))
        return NULL;
    if (!self->rows[lk_parameter_index(parameter)]) {
        fill_drawer(self, parameter->group);
        adw_expander_row_set_expanded(self->drawers[parameter->group].expander, TRUE);
    }
    return self->rows[lk_parameter_index(parameter)];
}

/* ---- search ------------------------------------------------------------------------------------------ */

static gboolean matches(LkForm *self, size_t index)
{
    return self->rows[index] && (!self->words || lk_parameter_row_matches(self->rows[index], self->words));
}

static void filter_drawer(LkForm *self, LkParameterGroup group)
{
    Drawer *drawer = &self->drawers[group];
    gboolean any = FALSE;
    for (size_t i = 0; drawer->expander && i < lk_parameter_count; i++)
        any |= lk_parameters[i].group == group && !lk_parameters[i].basic && matches(self, i);
    if (!drawer->expander)
        return;
    gtk_widget_set_visible(GTK_WIDGET(drawer->expander), any || !self->words);
    adw_expander_row_set_expanded(drawer->expander, self->words ? any : drawer->was_open);
}

static void filter(LkForm *self)
{
    gboolean shown[G_N_ELEMENTS(sections)] = {0}, advanced = FALSE;
    for (size_t i = 0; i < lk_parameter_count; i++) {
        if (!self->rows[i])
            continue;
        gboolean match = matches(self, i);
        gtk_widget_set_visible(GTK_WIDGET(self->rows[i]), match);
        advanced |= match && !lk_parameters[i].basic;
        for (guint section = 0; section < G_N_ELEMENTS(sections); section++)
            shown[section] |=
                match && lk_parameters[i].basic && (sections[section].groups & (1u << lk_parameters[i].group));
    }
    self->found = advanced;
    for (guint section = 0; section < G_N_ELEMENTS(sections); section++) {
        gtk_widget_set_visible(GTK_WIDGET(self->groups[section]), shown[section]);
        self->found |= shown[section];
    }
    for (guint group = 0; group < LK_PARAMETER_GROUP_COUNT; group++)
        filter_drawer(self, group);
    gtk_widget_set_visible(GTK_WIDGET(self->all), advanced || !self->words);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FOUND]);
}

void lk_form_search(LkForm *self, const char *text)
{
    gboolean begins = !self->words && *text;
    for (guint group = 0; begins && group < LK_PARAMETER_GROUP_COUNT; group++)
        if (self->drawers[group].expander) {
            self->drawers[group].was_open = adw_expander_row_get_expanded(self->drawers[group].expander);
            fill_drawer(self, group);
        }
    g_clear_pointer(&self->words, g_strfreev);
    if (*text) {
        g_autofree char *folded = lk_parameter_fold(text);
        self->words = g_strsplit_set(folded, " \t", -1);
    }
    filter(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

GtkWidget *lk_form_new(LkProject *project, LkPlanning *planning, LkParameterHistory *history)
{
    LkForm *self = g_object_new(LK_TYPE_FORM, NULL);
    self->project = g_object_ref(project);
    self->planning = g_object_ref(planning);
    self->history = g_object_ref(history);
    for (guint section = 0; section < G_N_ELEMENTS(sections); section++)
        make_section(self, section);
    self->all = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    adw_preferences_group_set_title(self->all, _("All Parameters"));
    for (guint group = 0; group < LK_PARAMETER_GROUP_OTHER; group++)
        make_drawer(self, group);
    gtk_box_append(self->box, GTK_WIDGET(self->all));
    g_signal_connect_object(planning, "job-changed", G_CALLBACK(show_rows), self, G_CONNECT_SWAPPED);
    return GTK_WIDGET(self);
}

static void lk_form_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_FOUND)
        g_value_set_boolean(value, LK_FORM(object)->found);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_form_dispose(GObject *object)
{
    LkForm *self = LK_FORM(object);
    if (self->popover)
        gtk_widget_unparent(g_steal_pointer(&self->popover));
    g_clear_object(&self->project);
    g_clear_object(&self->planning);
    g_clear_object(&self->history);
    G_OBJECT_CLASS(lk_form_parent_class)->dispose(object);
}

static void lk_form_finalize(GObject *object)
{
    LkForm *self = LK_FORM(object);
    g_free(self->rows);
    g_strfreev(self->words);
    g_clear_pointer(&self->preset, g_hash_table_unref);
    G_OBJECT_CLASS(lk_form_parent_class)->finalize(object);
}

static void lk_form_class_init(LkFormClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_form_get_property;
    object_class->dispose = lk_form_dispose;
    object_class->finalize = lk_form_finalize;
    properties[PROP_FOUND] = g_param_spec_boolean("found", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_form_init(LkForm *self)
{
    self->rows = g_new0(LkParameterRow *, lk_parameter_count);
    self->found = TRUE;
    self->box = GTK_BOX(gtk_box_new(GTK_ORIENTATION_VERTICAL, 24));
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->box));
}
