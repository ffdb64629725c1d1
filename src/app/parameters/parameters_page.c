#include "app/parameters/parameters_page.h"

#include "app/application.h"
#include "app/core/models.h"
#include "app/parameters/advice.h"
#include "app/parameters/compare_dialog.h"
#include "app/parameters/form.h"
#include "app/parameters/import_dialog.h"
#include "app/parameters/model_dialog.h"
#include "app/parameters/plan_pictures.h"
#include "app/parameters/preset_row.h"
#include "app/parameters/summary_card.h"
#include "app/parameters/take_task.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>

struct _LkParametersPage {
    LkPage parent_instance;
    LkPlanning *planning;
    LkParameterHistory *history;
    GSimpleActionGroup *actions;
    AdwWindowTitle *title;
    GtkWidget *train_button;
    AdwButtonContent *train_content;
    GtkSearchBar *search_bar;
    GtkSearchEntry *search_entry;
    LkSummaryCard *card;
    GtkStack *stack;
    GtkBox *content;
    GtkWidget *advice, *preset, *first_group;
    AdwActionRow *model_row;
    GtkLabel *model_facts;
    LkParameterRow *trigger_row;
    LkForm *form;
    GCancellable *cancellable;
    gboolean starting; /* a task is being made */
    gboolean wanted;   /* one is to begin as soon as its plan is there and fits */
};

G_DEFINE_FINAL_TYPE(LkParametersPage, lk_parameters_page, LK_TYPE_PAGE)

static LkProject *project_of(LkParametersPage *self)
{
    return lk_page_get_project(LK_PAGE(self));
}

/* ---- whether training can begin ---------------------------------------------------------------------- */

/* Beside the window's buttons there is room for few words. */
static char *say_state_briefly(LkParametersPage *self)
{
    guint errors = lk_planning_count_errors(self->planning);
    const LkTrainingPlan *plan = lk_planning_get_plan(self->planning);
    if (plan && !plan->fits)
        return g_strdup(_("Does not fit"));
    if (errors) /* translators: in a narrow header: values that are mistakes, 16 letters at most */
        return g_strdup_printf(ngettext("%u value wrong", "%u values wrong", errors), errors);
    if (lk_planning_get_error(self->planning)) /* translators: in a narrow header, 16 letters at most */
        return g_strdup(_("Not ready"));
    return g_strdup(plan ? _("Ready to train") : /* translators: in a narrow header, 16 letters at most */
                        _("Working out…"));
}

/* In the header, and as the reason of the button. */
static char *say_state(LkParametersPage *self, gboolean *ready)
{
    guint errors = lk_planning_count_errors(self->planning);
    const LkTrainingPlan *plan = lk_planning_get_plan(self->planning);
    gboolean fits = !plan || plan->fits;
    g_autofree char *count =
        g_strdup_printf(ngettext("%u value needs attention", "%u values need attention", errors), errors);
    *ready = FALSE;
    if (errors && !fits)
        /* translators: "Does not fit, 1 value needs attention" */
        return g_strdup_printf(_("Does not fit, %s"), count);
    if (errors)
        return g_steal_pointer(&count);
    if (!fits)
        return g_strdup(_("Does not fit"));
    if (lk_planning_get_error(self->planning))
        return g_strdup(_("Not ready to train"));
    *ready = plan && !self->starting;
    return g_strdup(plan ? _("Ready to train") : _("Working out what it takes…"));
}

static const char *first_error(LkParametersPage *self)
{
    const GPtrArray *problems = lk_planning_get_problems(self->planning);
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        if (problem->kind == LK_PROBLEM_ERROR)
            return problem->text;
    }
    return lk_planning_get_error(self->planning);
}

/* The parameters of a task that is wanted are planned first; where they cannot be trained it is the person's turn. */
static void train_if_wanted(LkParametersPage *self, gboolean ready, gboolean hopeless)
{
    if (!self->wanted || (lk_planning_get_outdated(self->planning) && !hopeless))
        return;
    self->wanted = FALSE;
    if (ready)
        g_action_group_activate_action(G_ACTION_GROUP(self->actions), "train", NULL);
}

static void update_state_cb(LkParametersPage *self)
{
    gboolean ready;
    g_autofree char *state = say_state(self, &ready);
    const char *error = first_error(self);
    gboolean narrow;
    g_object_get(self->card, "narrow", &narrow, NULL);
    g_autofree char *shown = narrow ? say_state_briefly(self) : g_strdup(state);
    gboolean other = g_strcmp0(shown, adw_window_title_get_subtitle(self->title)) != 0;
    adw_window_title_set_subtitle(self->title, shown);
    GAction *train = g_action_map_lookup_action(G_ACTION_MAP(self->actions), "train");
    g_simple_action_set_enabled(G_SIMPLE_ACTION(train), ready);
    g_autofree char *reason = error ? lk_parameter_message(error) : g_strdup(state);
    gtk_widget_set_tooltip_text(self->train_button, ready ? _("Train (Ctrl+Enter)") : reason);
    if (other && error && gtk_widget_get_mapped(GTK_WIDGET(self)))
        gtk_accessible_announce(GTK_ACCESSIBLE(self), reason, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
    train_if_wanted(self, ready, error != NULL);
}

/* ---- training ---------------------------------------------------------------------------------------- */

static void show_failure(LkParametersPage *self, const GError *error)
{
    AdwDialog *dialog = adw_alert_dialog_new(_("Training Could Not Begin"), error->message);
    adw_alert_dialog_add_response(ADW_ALERT_DIALOG(dialog), "close", _("_Close"));
    adw_dialog_present(dialog, GTK_WIDGET(self));
}

static void started(LkParametersPage *self)
{
    self->starting = FALSE;
    update_state_cb(self);
}

static void task_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkParametersPage) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkTask) task = lk_task_center_add_finish(LK_TASK_CENTER(source), result, &error);
    started(self);
    if (!task)
        show_failure(self, error);
    else
        gtk_widget_activate_action(GTK_WIDGET(self), "win.show-page", "s", "training");
}

static void pictures_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkParametersPage) self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkPlanPictures) pictures = lk_plan_pictures_find_finish(result, &error);
    if (!pictures) {
        started(self);
        show_failure(self, error);
        return;
    }
    g_autoptr(LkJob) job = lk_job_copy(lk_planning_get_job(self->planning));
    lk_plan_pictures_apply(pictures, job);
    lk_planning_forget(self->planning); /* the run needs the memory */
    lk_task_center_add(lk_application_get_tasks(lk_application_get()), project_of(self), job, pictures->text, NULL,
                       task_cb, g_object_ref(self));
}

static void train_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkParametersPage *self = data;
    self->starting = TRUE;
    update_state_cb(self);
    lk_plan_pictures_find(project_of(self), NULL, pictures_cb, g_object_ref(self));
}

/* ---- other actions ----------------------------------------------------------------------------------- */

static void undo_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_parameter_history_undo(((LkParametersPage *)data)->history);
}

static void redo_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_parameter_history_redo(((LkParametersPage *)data)->history);
}

static void import_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkParametersPage *self = data;
    lk_import_choose(GTK_WIDGET(self), project_of(self), self->history);
}

void lk_parameters_page_import(LkParametersPage *self, const char *path)
{
    lk_import_open(GTK_WIDGET(self), project_of(self), self->history, path);
}

static void export_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_export_choose(data, project_of(data));
}

static void compare_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_compare_dialog_present(data, project_of(data), NULL);
}

static void model_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_model_dialog_present(data, project_of(data));
}

static void search_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkParametersPage *self = data;
    gtk_search_bar_set_search_mode(self->search_bar, TRUE);
    gtk_widget_grab_focus(GTK_WIDGET(self->search_entry));
}

/* Of the row that has the focus. */
static void help_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    GtkRoot *root = gtk_widget_get_root(data);
    GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;
    GtkWidget *row = focus ? gtk_widget_get_ancestor(focus, LK_TYPE_PARAMETER_ROW) : NULL;
    if (row && gtk_widget_is_ancestor(row, data))
        lk_parameter_row_show_help(LK_PARAMETER_ROW(row));
    else
        gtk_widget_activate_action(data, "app.help", "s", "page-parameters");
}

void lk_parameters_page_take_task(LkParametersPage *self, LkTask *task)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = lk_task_make_title(task);
    g_autofree char *text =
        g_strdup_printf(_("These are the settings of %s now. Ctrl+Z brings the old ones back."), name);
    gboolean taken = lk_take_task(task, NULL, project_of(self), self->history, &error);
    lk_page_toast(GTK_WIDGET(self), taken ? text : error->message, NULL, NULL, NULL);
}

void lk_parameters_page_train_with(LkParametersPage *self, LkTask *task, GHashTable *changes)
{
    g_autoptr(GError) error = NULL;
    if (!lk_take_task(task, changes, project_of(self), self->history, &error)) {
        lk_page_toast(GTK_WIDGET(self), error->message, NULL, NULL, NULL);
        return;
    }
    lk_planning_refresh(self->planning); /* also where these are the parameters already */
    self->wanted = TRUE;
}

static const GActionEntry entries[] = {
    {.name = "train", .activate = train_cb},   {.name = "undo", .activate = undo_cb},
    {.name = "redo", .activate = redo_cb},     {.name = "import", .activate = import_cb},
    {.name = "export", .activate = export_cb}, {.name = "compare", .activate = compare_cb},
    {.name = "model", .activate = model_cb},   {.name = "search", .activate = search_cb},
    {.name = "help", .activate = help_cb},
};

/* ---- search ------------------------------------------------------------------------------------------ */

static void search_changed_cb(LkParametersPage *self)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->search_entry));
    lk_form_search(self->form, text);
    gboolean found = TRUE;
    g_object_get(self->form, "found", &found, NULL);
    gtk_widget_set_visible(self->first_group, !*text);
    gtk_stack_set_visible_child_name(self->stack, found ? "form" : "nothing");
}

/* ---- base model and trigger word --------------------------------------------------------------------- */

static void model_read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkModelInfo) info = lk_model_info_read_finish(result, NULL);
    if (!info)
        return; /* another one was chosen meanwhile, or the page is gone */
    LkParametersPage *self = data;
    g_autofree char *file = g_path_get_basename(info->path);
    g_autofree char *subtitle = g_markup_escape_text(info->problem ? info->problem : file, -1);
    g_autofree char *size = g_format_size(info->bytes);
    g_autofree char *facts = info->family ? g_strdup_printf("%s · %s", info->family, size) : g_strdup("");
    adw_action_row_set_subtitle(self->model_row, subtitle);
    gtk_label_set_label(self->model_facts, facts);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->model_row), info->path);
    if (info->problem)
        gtk_widget_add_css_class(GTK_WIDGET(self->model_row), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->model_row), "error");
    if (info->family && g_strcmp0(info->family, lk_project_get_family(project_of(self))) != 0)
        g_object_set(project_of(self), "family", info->family, NULL);
}

static void show_model_cb(LkParametersPage *self)
{
    const char *path = lk_project_get_base_model(project_of(self));
    g_cancellable_cancel(self->cancellable);
    g_object_unref(self->cancellable);
    self->cancellable = g_cancellable_new();
    if (*path) {
        lk_model_info_read(path, self->cancellable, model_read_cb, self);
        return;
    }
    adw_action_row_set_subtitle(self->model_row, _("Choose the checkpoint that the LoRA is trained for"));
    gtk_widget_add_css_class(GTK_WIDGET(self->model_row), "error");
    gtk_label_set_label(self->model_facts, "");
}

static GtkWidget *make_model_row(LkParametersPage *self)
{
    self->model_row = ADW_ACTION_ROW(adw_action_row_new());
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->model_row), _("Base Model"));
    adw_action_row_set_subtitle_lines(self->model_row, 0);
    self->model_facts = GTK_LABEL(gtk_label_new(NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->model_facts), "dimmed");
    adw_action_row_add_suffix(self->model_row, GTK_WIDGET(self->model_facts));
    adw_action_row_add_suffix(self->model_row, gtk_image_new_from_icon_name("go-next-symbolic"));
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(self->model_row), TRUE);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(self->model_row), "page.model");
    return GTK_WIDGET(self->model_row);
}

static void trigger_edited_cb(LkParametersPage *self, const char *text)
{
    g_autofree char *plain = g_strstrip(g_strdup(text ? text : ""));
    lk_project_set_setting(project_of(self), "trigger_words", NULL); /* of an older import */
    g_object_set(project_of(self), "trigger-word", plain, NULL);
}

static void show_trigger_cb(LkParametersPage *self)
{
    const char *word = lk_project_get_trigger_word(project_of(self));
    lk_parameter_row_set_value(self->trigger_row, *word ? word : NULL, FALSE, NULL);
}

static void trigger_help_cb(LkParametersPage *self, GtkWidget *button)
{
    lk_form_explain(self->form, self->trigger_row, button);
}

static GtkWidget *make_trigger_row(LkParametersPage *self)
{
    self->trigger_row = lk_parameter_row_new(lk_parameter_find("trigger_words"));
    gtk_widget_add_css_class(GTK_WIDGET(self->trigger_row), "trigger-row");
    gtk_editable_set_alignment(GTK_EDITABLE(lk_parameter_row_get_focus(self->trigger_row)), 1);
    g_signal_connect_object(self->trigger_row, "edited", G_CALLBACK(trigger_edited_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->trigger_row, "help", G_CALLBACK(trigger_help_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(project_of(self), "notify::trigger-word", G_CALLBACK(show_trigger_cb), self,
                            G_CONNECT_SWAPPED);
    show_trigger_cb(self);
    return GTK_WIDGET(self->trigger_row);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

/* Before fields see the keys: what they undo is undone here. */
static void add_shortcuts(LkParametersPage *self)
{
    static const LkShortcut table[] = {{"<Control>f", "page.search"},     {"F1", "page.help"},
                                       {"<Control>Return", "page.train"}, {"<Control>KP_Enter", "page.train"},
                                       {"<Control>z", "page.undo"},       {"<Control><Shift>z", "page.redo"}};
    lk_shortcuts_add(GTK_WIDGET(self), table, G_N_ELEMENTS(table), LK_SHORTCUTS_FIRST);
}

static void add_actions(LkParametersPage *self)
{
    self->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
    gtk_widget_insert_action_group(GTK_WIDGET(self), "page", G_ACTION_GROUP(self->actions));
    GAction *undo = g_action_map_lookup_action(G_ACTION_MAP(self->actions), "undo");
    GAction *redo = g_action_map_lookup_action(G_ACTION_MAP(self->actions), "redo");
    g_object_bind_property(self->history, "can-undo", undo, "enabled", G_BINDING_SYNC_CREATE);
    g_object_bind_property(self->history, "can-redo", redo, "enabled", G_BINDING_SYNC_CREATE);
}

static void lk_parameters_page_constructed(GObject *object)
{
    LkParametersPage *self = LK_PARAMETERS_PAGE(object);
    LkProject *project = project_of(self);
    G_OBJECT_CLASS(lk_parameters_page_parent_class)->constructed(object);
    self->history = lk_parameter_history_new(project);
    self->planning = lk_planning_new(project);
    add_actions(self);
    add_shortcuts(self);
    self->form = LK_FORM(lk_form_new(project, self->planning, self->history));
    self->advice = lk_advice_new(self->planning, self->history);
    self->preset = lk_preset_row_new(project, self->form, self->planning, self->history);
    self->first_group = adw_preferences_group_new();
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(self->first_group), self->preset);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(self->first_group), make_model_row(self));
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(self->first_group), make_trigger_row(self));
    gtk_box_append(self->content, self->advice);
    gtk_box_append(self->content, self->first_group);
    gtk_box_append(self->content, GTK_WIDGET(self->form));
    lk_summary_card_set_planning(self->card, self->planning);
    gtk_search_bar_set_key_capture_widget(self->search_bar, NULL);
    gtk_search_bar_connect_entry(self->search_bar, GTK_EDITABLE(self->search_entry));
    g_signal_connect_object(self->planning, "job-changed", G_CALLBACK(update_state_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->planning, "plan-changed", G_CALLBACK(update_state_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->card, "notify::narrow", G_CALLBACK(update_state_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(project, "notify::base-model", G_CALLBACK(show_model_cb), self, G_CONNECT_SWAPPED);
    show_model_cb(self);
    update_state_cb(self);
}

static void lk_parameters_page_dispose(GObject *object)
{
    LkParametersPage *self = LK_PARAMETERS_PAGE(object);
    g_cancellable_cancel(self->cancellable);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_PARAMETERS_PAGE);
    g_clear_object(&self->planning);
    g_clear_object(&self->history);
    g_clear_object(&self->actions);
    G_OBJECT_CLASS(lk_parameters_page_parent_class)->dispose(object);
}

static void lk_parameters_page_finalize(GObject *object)
{
    g_object_unref(LK_PARAMETERS_PAGE(object)->cancellable);
    G_OBJECT_CLASS(lk_parameters_page_parent_class)->finalize(object);
}

static void lk_parameters_page_class_init(LkParametersPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->constructed = lk_parameters_page_constructed;
    object_class->dispose = lk_parameters_page_dispose;
    object_class->finalize = lk_parameters_page_finalize;
    g_type_ensure(LK_TYPE_SUMMARY_CARD);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/parameters-parameters_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, title);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, train_button);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, train_content);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, search_bar);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, search_entry);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, card);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, stack);
    gtk_widget_class_bind_template_child(widget_class, LkParametersPage, content);
    gtk_widget_class_bind_template_callback(widget_class, search_changed_cb);
}

static void lk_parameters_page_init(LkParametersPage *self)
{
    self->cancellable = g_cancellable_new();
    gtk_widget_init_template(GTK_WIDGET(self));
}
