#include "app/training/training_page.h"

#include "app/application.h"
#include "app/training/change_dialog.h"
#include "app/training/chart_options.h"
#include "app/training/figures_card.h"
#include "app/training/log_dialog.h"
#include "app/training/loss_chart.h"
#include "app/training/loss_table.h"
#include "app/training/loss_verdict.h"
#include "app/training/remedies.h"
#include "app/training/samples_card.h"
#include "app/training/stop_dialog.h"
#include "app/training/task_popover.h"
#include "app/widgets/legend.h"
#include "training/schedule.h"

#include "app/help/context.h"

#include <glib/gi18n.h>
#include <inttypes.h>

struct _LkTrainingPage {
    LkPage parent_instance;
    AdwWindowTitle *title;
    AdwBanner *banner;
    AdwToastOverlay *toasts;
    GtkStack *stack;
    gboolean narrow;
    GtkWidget *save_button, *sample_button, *change_button, *more_button, *stop_button, *pause_button, *task_button;
    GtkBox *header_end, *bottom_bar, *chart_head, *reading_line;
    AdwButtonContent *pause_content;
    LkTaskPopover *task_popover;
    GtkLabel *headline, *step_label, *epoch_label, *loss_label, *verdict_label, *log_label;
    GtkLabel *failure_text, *failure_kept;
    GtkWidget *failure, *verdict_button, *validation_legend;
    LkRemedies *remedies;
    GtkProgressBar *progress;
    LkLossChart *chart;
    LkFiguresCard *figures;
    LkSamplesCard *samples;
    LkTask *task;
    GListModel *tasks; /* of the project, newest first */
    GSignalGroup *task_signals, *run_signals;
};

G_DEFINE_FINAL_TYPE(LkTrainingPage, lk_training_page, LK_TYPE_PAGE)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* ---- words for the state ----------------------------------------------------------------------------- */

static LkRun *run_of(LkTrainingPage *self)
{
    return self->task ? lk_task_get_run(self->task) : NULL;
}

/* "13 min left", "Encoding pictures 3 of 24", "Finished": what counts now. */
static char *make_headline(LkTrainingPage *self)
{
    LkRun *run = run_of(self);
    g_autofree char *phase = NULL;
    gint64 done = 0, total = 0;
    double left = -1;
    if (run)
        g_object_get(run, "phase", &phase, "phase-done", &done, "phase-total", &total, "seconds-left", &left, NULL);
    LkRunState state = run ? lk_run_get_state(run) : LK_RUN_IDLE;
    if (state == LK_RUN_PAUSING)
        return g_strdup(_("Pausing after this step…"));
    if (state == LK_RUN_STOPPING)
        return g_strdup(_("Stopping after this step…"));
    if (phase && total > 0) /* translators: what is done, and how far: "Encoding pictures 3 of 24" */
        return g_strdup_printf(_("%s %" PRId64 " of %" PRId64), phase, done, total);
    if (phase)
        return g_steal_pointer(&phase);
    if (state == LK_RUN_RUNNING && left >= 0) {
        g_autofree char *duration = lk_say_duration(left);
        return g_strdup_printf(_("%s left"), duration);
    }
    return lk_task_make_summary(self->task);
}

static void show_progress(LkTrainingPage *self)
{
    gint64 step = lk_task_get_step(self->task), steps = lk_task_get_steps(self->task);
    g_autofree char *headline = make_headline(self);
    gtk_label_set_label(self->headline, headline);
    g_autofree char *step_text = g_strdup_printf(_("Step %'" PRId64 " of %'" PRId64), step, steps);
    gtk_label_set_label(self->step_label, steps ? step_text : "");
    g_autofree char *epoch_text = g_strdup_printf(
        _("Epoch %" PRId64 " of %" PRId64), MAX(lk_task_get_epoch(self->task), 1), lk_task_get_epochs(self->task));
    gtk_label_set_label(self->epoch_label, lk_task_get_epochs(self->task) ? epoch_text : "");
    gtk_progress_bar_set_fraction(self->progress, steps ? CLAMP((double)step / (double)steps, 0, 1) : 0);
}

static void show_reading(LkTrainingPage *self)
{
    LkTaskMetric metric;
    double smoothed;
    gboolean any = lk_loss_chart_get_reading(self->chart, &metric, &smoothed);
    gint64 cursor = -1;
    g_object_get(self->chart, "cursor", &cursor, NULL);
    g_autofree char *loss = any ? g_strdup_printf("%.4f", smoothed) : g_strdup("–");
    gtk_label_set_label(self->loss_label, loss);
    if (any && cursor >= 0) {
        LkTaskValidation validation;
        g_autofree char *text =
            lk_loss_chart_get_validation(self->chart, &validation)
                ? g_strdup_printf(_("step %'" PRId64 " · single step %.4f · validation %.4f · rate %.3g"), metric.step,
                                  metric.loss, validation.loss, metric.lr)
                : g_strdup_printf(_("step %'" PRId64 " · single step %.4f · rate %.3g"), metric.step, metric.loss,
                                  metric.lr);
        gtk_label_set_label(self->verdict_label, text);
        return;
    }
    LkVerdict verdict = lk_loss_verdict(self->chart, self->task);
    gtk_label_set_label(self->verdict_label, _(lk_verdict_title(verdict)));
    if (lk_verdict_is_bad(verdict))
        gtk_widget_add_css_class(self->verdict_button, "warning");
    else
        gtk_widget_remove_css_class(self->verdict_button, "warning");
}

static void show_log(LkTrainingPage *self)
{
    const GArray *log = lk_task_get_log(self->task);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = log->len > 2 ? log->len - 2 : 0; i < log->len; i++) {
        const LkTaskLogLine *line = &g_array_index(log, LkTaskLogLine, i);
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(line->time / G_USEC_PER_SEC);
        g_autofree char *clock = g_date_time_format(time, "%H:%M:%S");
        g_string_append_printf(text, "%s%s  %s", text->len ? "\n" : "", clock, line->text);
    }
    gtk_label_set_label(self->log_label, text->str);
}

/* What went wrong, that nothing is lost, and how to go on. */
static void show_failure(LkTrainingPage *self, LkTaskState state)
{
    const char *error = lk_task_get_error(self->task);
    gtk_widget_set_visible(self->failure, state == LK_TASK_FAILED);
    gtk_label_set_label(self->failure_text, error ? error : "");
    lk_remedies_set_task(self->remedies, self->task);
    gtk_label_set_label(
        self->failure_kept,
        lk_task_get_step(self->task) > 0
            ? _("The state is kept: after the cause is mended, Resume goes on from there.")
            : _("Nothing was trained yet. Change what is named above in the parameters and train again."));
}

static void show_banner(LkTrainingPage *self, LkTaskState state)
{
    const char *text = NULL, *button = NULL;
    if (state == LK_TASK_FINISHED) {
        text = _("The training is finished.");
        button = _("Show Results");
    } else if (state == LK_TASK_INTERRUPTED) {
        text = _("This training was interrupted when the program or the computer went down. Nothing but the last "
                 "minutes is lost.");
        button = _("Resume");
    } else if (state == LK_TASK_QUEUED && lk_task_center_get_held(lk_application_get_tasks(lk_application_get()))) {
        text = _("Tasks wait from last time.");
        button = _("Start");
    }
    adw_banner_set_revealed(self->banner, text != NULL);
    if (text) {
        adw_banner_set_title(self->banner, text);
        adw_banner_set_button_label(self->banner, button);
    }
}

/* ---- what can be done -------------------------------------------------------------------------------- */

static void enable(LkTrainingPage *self, const char *action, gboolean enabled)
{
    gtk_widget_action_set_enabled(GTK_WIDGET(self), action, enabled);
}

static void show_actions(LkTrainingPage *self, LkTaskState state)
{
    LkRun *run = run_of(self);
    LkRunState now = run ? lk_run_get_state(run) : LK_RUN_IDLE;
    gboolean running = now == LK_RUN_RUNNING, resume = lk_task_can_continue(self->task);
    gboolean alive = now == LK_RUN_RUNNING || now == LK_RUN_PREPARING || now == LK_RUN_PAUSED;
    enable(self, "training.save-now", running);
    enable(self, "training.sample-now", running);
    enable(self, "training.change", alive);
    enable(self, "training.pause", running || now == LK_RUN_PREPARING || resume);
    enable(self, "training.stop", alive || state == LK_TASK_QUEUED);
    enable(self, "training.show-log", TRUE);
    enable(self, "training.table", TRUE);
    gtk_widget_set_visible(self->save_button, run != NULL && !self->narrow);
    gtk_widget_set_visible(self->sample_button, run != NULL && !self->narrow);
    gtk_widget_set_visible(self->change_button, run != NULL && !self->narrow);
    gtk_widget_set_visible(self->more_button, run != NULL && self->narrow);
    gtk_widget_set_visible(self->stop_button, alive || state == LK_TASK_QUEUED);
    gtk_widget_set_visible(self->pause_button, run != NULL || resume);
    gtk_widget_set_visible(GTK_WIDGET(self->bottom_bar), self->narrow && (run || resume || state == LK_TASK_QUEUED));
    adw_button_content_set_icon_name(self->pause_content,
                                     resume ? "media-playback-start-symbolic" : "media-playback-pause-symbolic");
    adw_button_content_set_label(self->pause_content, resume ? _("Resume") : _("Pause"));
    gtk_widget_set_tooltip_text(self->pause_button, resume ? _("Resume Training") : _("Pause Training"));
    if (resume)
        gtk_widget_add_css_class(self->pause_button, "suggested-action");
    else
        gtk_widget_remove_css_class(self->pause_button, "suggested-action");
}

static gboolean take_out(GtkBox *box, GtkWidget *child)
{
    if (gtk_widget_get_parent(child) != GTK_WIDGET(box))
        return FALSE;
    gtk_box_remove(box, child);
    return TRUE;
}

/* Beside the window's own buttons there is no room for title and buttons where it is narrow: Pause and Stop are at the
 * bottom there. Beside the loss there is none for what it says or what is pointed at: that has a line of its own. */
static void place_buttons(LkTrainingPage *self)
{
    GtkBox *from = self->narrow ? self->header_end : self->bottom_bar,
           *to = self->narrow ? self->bottom_bar : self->header_end;
    GtkWidget *const buttons[] = {self->pause_button, self->stop_button};
    for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++) {
        g_autoptr(GtkWidget) button = g_object_ref(buttons[i]);
        if (take_out(from, button))
            gtk_box_append(to, button);
    }
    g_autoptr(GtkWidget) verdict = g_object_ref(self->verdict_button);
    if (self->narrow && take_out(self->chart_head, verdict))
        gtk_box_append(self->reading_line, verdict);
    else if (!self->narrow && take_out(self->reading_line, verdict))
        gtk_box_insert_child_after(self->chart_head, verdict, GTK_WIDGET(self->loss_label));
}

static void update_state(LkTrainingPage *self)
{
    gtk_stack_set_visible_child_name(self->stack, self->task ? "task" : "idle");
    gtk_widget_set_visible(self->task_button, self->task != NULL);
    if (!self->task) {
        adw_window_title_set_subtitle(self->title, "");
        adw_banner_set_revealed(self->banner, FALSE);
        GtkWidget *buttons[] = {self->save_button, self->sample_button, self->change_button,
                                self->more_button, self->stop_button,   self->pause_button};
        for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++)
            gtk_widget_set_visible(buttons[i], FALSE);
        gtk_widget_set_visible(GTK_WIDGET(self->bottom_bar), FALSE);
        static const char *const actions[] = {"training.save-now", "training.sample-now", "training.change",
                                              "training.pause",    "training.stop",       "training.show-log",
                                              "training.table"};
        for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
            enable(self, actions[i], FALSE);
        return;
    }
    LkTaskState state = lk_task_get_state(self->task);
    g_autofree char *name = lk_task_make_title(self->task);
    /* translators: state and name of a task: "Running, Task 3" */
    g_autofree char *subtitle = g_strdup_printf(_("%s, %s"), lk_task_state_title(state), name);
    adw_window_title_set_subtitle(self->title, subtitle);
    show_progress(self);
    show_failure(self, state);
    show_banner(self, state);
    show_actions(self, state);
}

/* ---- data of the task -------------------------------------------------------------------------------- */

/* The learning rate of all steps, for the dotted curve. */
static void show_schedule(LkTrainingPage *self)
{
    enum { POINTS = 200 };
    LkRun *run = run_of(self);
    gint64 steps = run ? lk_task_get_steps(self->task) : 0;
    if (steps < 1)
        return;
    const LkJob *job = lk_run_get_changed_job(run);
    LkLrSchedule schedule = lk_lr_schedule_of_job(job, steps);
    double rates[POINTS];
    for (int i = 0; i < POINTS; i++)
        rates[i] = job->learning_rate * lk_lr_factor(&schedule, (steps - 1) * i / (POINTS - 1));
    lk_loss_chart_set_schedule(self->chart, rates, POINTS);
}

static void length_cb(LkTrainingPage *self)
{
    lk_loss_chart_set_length(self->chart, lk_task_get_steps(self->task), lk_task_get_epochs(self->task));
    show_schedule(self);
    show_progress(self);
}

static void metrics_cb(LkTrainingPage *self, guint first)
{
    const GArray *metrics = lk_task_get_metrics(self->task);
    lk_loss_chart_update(self->chart, (const LkTaskMetric *)metrics->data, first, metrics->len);
    show_progress(self);
    show_reading(self);
}

static void validation_cb(LkTrainingPage *self)
{
    const GArray *list = lk_task_get_validations(self->task);
    lk_loss_chart_set_validations(self->chart, (const LkTaskValidation *)list->data, list->len);
    gtk_widget_set_visible(self->validation_legend, list->len > 0);
    show_reading(self);
}

static void details_cb(LkTrainingPage *self)
{
    metrics_cb(self, 0);
    validation_cb(self);
    length_cb(self);
    show_log(self);
}

static void run_cb(LkTrainingPage *self)
{
    g_signal_group_set_target(self->run_signals, run_of(self));
    update_state(self);
    show_schedule(self);
}

void lk_training_page_set_task(LkTrainingPage *self, LkTask *task)
{
    if (!g_set_object(&self->task, task))
        return;
    g_signal_group_set_target(self->task_signals, task);
    lk_figures_card_set_task(self->figures, task);
    lk_samples_card_set_task(self->samples, task);
    if (task) {
        lk_task_load_details(task);
        details_cb(self);
    }
    run_cb(self);
}

/* The task that trains, if it is of this project; else the newest. */
static void choose_task(LkTrainingPage *self)
{
    LkTask *current = lk_task_center_get_current(lk_application_get_tasks(lk_application_get()));
    if (current && lk_task_get_project_id(current) == lk_project_get_id(lk_page_get_project(LK_PAGE(self)))) {
        lk_training_page_set_task(self, current);
        return;
    }
    if (self->task)
        return;
    g_autoptr(LkTask) newest = g_list_model_get_item(self->tasks, 0);
    lk_training_page_set_task(self, newest);
}

/* The task that is shown was deleted: another one takes its place, or none. */
static void removed_cb(LkTrainingPage *self, LkTask *task)
{
    if (task != self->task)
        return;
    lk_training_page_set_task(self, NULL);
    choose_task(self);
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static void save_now_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    if (lk_run_save_now(run_of(LK_TRAINING_PAGE(widget))))
        lk_page_toast(widget, _("A checkpoint is saved after this step"), NULL, NULL, NULL);
}

static void sample_now_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    if (lk_run_sample_now(run_of(LK_TRAINING_PAGE(widget))))
        lk_page_toast(widget, _("Samples are drawn after this step"), NULL, NULL, NULL);
}

static void resume(LkTrainingPage *self)
{
    g_autoptr(GError) error = NULL;
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    if (run_of(self) && lk_run_get_state(run_of(self)) == LK_RUN_PAUSED)
        lk_run_resume(run_of(self));
    else if (!lk_task_center_continue(center, self->task, &error))
        lk_page_toast(GTK_WIDGET(self), error->message, NULL, NULL, NULL);
}

static void pause_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(widget);
    if (lk_task_can_continue(self->task))
        resume(self);
    else if (run_of(self))
        lk_run_pause(run_of(self));
}

static void stop_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(widget);
    if (lk_task_get_state(self->task) == LK_TASK_QUEUED)
        lk_task_center_withdraw(lk_application_get_tasks(lk_application_get()), self->task);
    else
        lk_stop_dialog_present(self->task, widget);
}

static void show_log_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_log_dialog_present(LK_TRAINING_PAGE(widget)->task, widget);
}

static void change_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_change_dialog_present(LK_TRAINING_PAGE(widget)->task, widget);
}

static void banner_cb(LkTrainingPage *self)
{
    LkTaskState state = lk_task_get_state(self->task);
    if (state == LK_TASK_FINISHED)
        gtk_widget_activate_action(GTK_WIDGET(self), "win.show-page", "s", "results");
    else if (state == LK_TASK_QUEUED)
        lk_task_center_set_held(lk_application_get_tasks(lk_application_get()), FALSE);
    else
        resume(self);
}

static void failure_help_cb(LkTrainingPage *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "app.help", "s",
                               lk_help_topic_of_error(lk_task_get_error_code(self->task)));
}

static void verdict_cb(LkTrainingPage *self)
{
    lk_loss_verdict_present(lk_loss_verdict(self->chart, self->task), self->task, GTK_WIDGET(self));
}

static void table_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(widget);
    lk_loss_table_present(lk_task_get_metrics(self->task), lk_task_get_validations(self->task), widget);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_training_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_TRAINING_PAGE(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_training_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    place_buttons(self);
    update_state(self);
}

static void lk_training_page_constructed(GObject *object)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(object);
    G_OBJECT_CLASS(lk_training_page_parent_class)->constructed(object);
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    self->tasks = lk_task_center_list(center, lk_project_get_id(lk_page_get_project(LK_PAGE(self))));
    lk_task_popover_set_tasks(self->task_popover, self->tasks);
    g_signal_connect_object(self->tasks, "items-changed", G_CALLBACK(choose_task), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "notify::current", G_CALLBACK(choose_task), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "notify::held", G_CALLBACK(update_state), self, G_CONNECT_SWAPPED);
    lk_chart_options_add(GTK_WIDGET(self), self->chart);
    choose_task(self);
    update_state(self);
}

static void lk_training_page_dispose(GObject *object)
{
    LkTrainingPage *self = LK_TRAINING_PAGE(object);
    g_clear_object(&self->run_signals);
    g_clear_object(&self->task_signals);
    g_clear_object(&self->tasks);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TRAINING_PAGE);
    g_clear_object(&self->task);
    G_OBJECT_CLASS(lk_training_page_parent_class)->dispose(object);
}

static void install_actions(GtkWidgetClass *widget_class)
{
    gtk_widget_class_install_action(widget_class, "training.save-now", NULL, save_now_action);
    gtk_widget_class_install_action(widget_class, "training.sample-now", NULL, sample_now_action);
    gtk_widget_class_install_action(widget_class, "training.pause", NULL, pause_action);
    gtk_widget_class_install_action(widget_class, "training.stop", NULL, stop_action);
    gtk_widget_class_install_action(widget_class, "training.change", NULL, change_action);
    gtk_widget_class_install_action(widget_class, "training.show-log", NULL, show_log_action);
    gtk_widget_class_install_action(widget_class, "training.table", NULL, table_action);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_p, GDK_CONTROL_MASK, "training.pause", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_s, GDK_CONTROL_MASK, "training.save-now", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_s, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                        "training.sample-now", NULL);
}

static AdwToastOverlay *lk_training_page_get_toasts(LkPage *page)
{
    return LK_TRAINING_PAGE(page)->toasts;
}

static void lk_training_page_class_init(LkTrainingPageClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->constructed = lk_training_page_constructed;
    object_class->get_property = lk_training_page_get_property;
    object_class->set_property = lk_training_page_set_property;
    object_class->dispose = lk_training_page_dispose;
    LK_PAGE_CLASS(klass)->get_toasts = lk_training_page_get_toasts;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_TASK_POPOVER);
    g_type_ensure(LK_TYPE_LEGEND);
    g_type_ensure(LK_TYPE_LOSS_CHART);
    g_type_ensure(LK_TYPE_FIGURES_CARD);
    g_type_ensure(LK_TYPE_REMEDIES);
    g_type_ensure(LK_TYPE_SAMPLES_CARD);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/training-training_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, title);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, validation_legend);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, banner);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, stack);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, save_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, sample_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, change_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, more_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, header_end);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, bottom_bar);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, chart_head);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, reading_line);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, stop_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, pause_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, task_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, pause_content);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, task_popover);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, headline);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, step_label);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, epoch_label);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, loss_label);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, verdict_label);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, verdict_button);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, log_label);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, failure);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, failure_text);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, remedies);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, failure_kept);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, progress);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, chart);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, figures);
    gtk_widget_class_bind_template_child(widget_class, LkTrainingPage, samples);
    gtk_widget_class_bind_template_callback(widget_class, banner_cb);
    gtk_widget_class_bind_template_callback(widget_class, failure_help_cb);
    gtk_widget_class_bind_template_callback(widget_class, verdict_cb);
    install_actions(widget_class);
}

static void lk_training_page_init(LkTrainingPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->task_signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->task_signals, "validation", G_CALLBACK(validation_cb), self);
    g_signal_group_connect_swapped(self->task_signals, "metrics", G_CALLBACK(metrics_cb), self);
    g_signal_group_connect_swapped(self->task_signals, "details", G_CALLBACK(details_cb), self);
    g_signal_group_connect_swapped(self->task_signals, "log", G_CALLBACK(show_log), self);
    g_signal_group_connect_swapped(self->task_signals, "notify::steps", G_CALLBACK(length_cb), self);
    g_signal_group_connect_swapped(self->task_signals, "notify::state", G_CALLBACK(update_state), self);
    g_signal_group_connect_swapped(self->task_signals, "notify::title", G_CALLBACK(update_state), self);
    g_signal_group_connect_swapped(self->task_signals, "notify::run", G_CALLBACK(run_cb), self);
    self->run_signals = g_signal_group_new(LK_TYPE_RUN);
    g_signal_group_connect_swapped(self->run_signals, "notify::state", G_CALLBACK(update_state), self);
    g_signal_group_connect_swapped(self->run_signals, "notify::phase", G_CALLBACK(show_progress), self);
    g_signal_group_connect_swapped(self->run_signals, "notify::phase-done", G_CALLBACK(show_progress), self);
    g_signal_connect_object(self->task_popover, "chosen", G_CALLBACK(lk_training_page_set_task), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(self->chart, "notify::cursor", G_CALLBACK(show_reading), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->chart, "notify::smoothing", G_CALLBACK(show_reading), self, G_CONNECT_SWAPPED);
}
