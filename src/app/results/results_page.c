#include "app/results/results_page.h"

#include "app/application.h"
#include "app/results/checkpoint_row.h"
#include "app/results/export_dialog.h"
#include "app/results/measure.h"
#include "app/training/task_popover.h"

#include <glib/gi18n.h>
#include <math.h>

struct _LkResultsPage {
    LkPage parent_instance;
    AdwWindowTitle *title;
    GtkStack *stack;
    GtkWidget *task_button, *folder_button, *measure_button;
    GtkLabel *measure_label;
    LkTaskPopover *task_popover;
    GtkLabel *headline, *reason, *usage;
    GtkListBox *list;
    GListModel *tasks;
    LkTask *task;
    GSignalGroup *signals;
    gboolean narrow;
    GCancellable *measuring; /* NULL: nothing is being measured */
};

G_DEFINE_FINAL_TYPE(LkResultsPage, lk_results_page, LK_TYPE_PAGE)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* ---- which one is the best --------------------------------------------------------------------------- */

/* The one that the person marked; else the lowest held-out loss; -1 where neither is known. */
static int find_best(const GPtrArray *checkpoints)
{
    int best = -1;
    for (guint i = 0; i < checkpoints->len; i++) {
        const LkTaskCheckpoint *checkpoint = checkpoints->pdata[i];
        if (checkpoint->best)
            return (int)i;
        if (isfinite(checkpoint->held_out_loss) &&
            (best < 0 || checkpoint->held_out_loss < ((LkTaskCheckpoint *)checkpoints->pdata[best])->held_out_loss))
            best = (int)i;
    }
    return best;
}

/* Whether a later checkpoint knows the held-out pictures worse, by more than a hundredth. */
static gboolean is_over(const LkTaskCheckpoint *checkpoint, const LkTaskCheckpoint *best)
{
    return checkpoint->step > best->step && isfinite(checkpoint->held_out_loss) && isfinite(best->held_out_loss) &&
           checkpoint->held_out_loss > 1.01 * best->held_out_loss;
}

static void show_verdict(LkResultsPage *self, const GPtrArray *checkpoints, int best)
{
    guint count = checkpoints->len;
    if (best < 0) {
        g_autofree char *text = g_strdup_printf(ngettext("%u checkpoint", "%u checkpoints", count), count);
        gtk_label_set_label(self->headline, text);
        gtk_label_set_label(self->reason, _("Compare the samples. With a few pictures that no training has seen, "
                                            "Lorikeet can tell which checkpoint has learned most without learning "
                                            "by heart."));
        return;
    }
    const LkTaskCheckpoint *checkpoint = checkpoints->pdata[best], *last = checkpoints->pdata[count - 1];
    g_autofree char *title = lk_checkpoint_title(checkpoint);
    g_autofree char *text = g_strdup_printf(_("%s looks best"), title);
    gtk_label_set_label(self->headline, text);
    gtk_label_set_label(
        self->reason,
        checkpoint->best ? _("You marked it.")
        : is_over(last, checkpoint)
            ? _("The loss on held-out pictures is lowest there and rises afterwards, a sign of over-fitting. Compare "
                "the samples before you decide.")
            : _("The loss on held-out pictures is lowest there. Compare the samples before you decide."));
}

static void show_usage(LkResultsPage *self)
{
    const char *trigger = lk_project_get_trigger_word(lk_page_get_project(LK_PAGE(self)));
    g_autofree char *text = g_strdup_printf(
        _("Use it elsewhere: put the file into models/Lora of Stable Diffusion WebUI or models/loras of "
          "ComfyUI, and write for example “%s%s<lora:%s:0.7>” into the prompt. A strength of 0.6 to 1.0 "
          "is usual."),
        trigger, *trigger ? ", " : "", lk_task_get_output_name(self->task));
    gtk_label_set_label(self->usage, text);
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static LkCheckpointRow *row_at(LkResultsPage *self, int index)
{
    return LK_CHECKPOINT_ROW(gtk_list_box_get_row_at_index(self->list, index));
}

static void update_rows(LkResultsPage *self)
{
    const GPtrArray *checkpoints = lk_task_get_checkpoints(self->task);
    int best = find_best(checkpoints);
    for (int i = 0; gtk_list_box_get_row_at_index(self->list, i); i++) {
        const LkTaskCheckpoint *checkpoint = lk_checkpoint_row_get_checkpoint(row_at(self, i));
        LkCheckpointMark mark = LK_CHECKPOINT_PLAIN;
        if (best < 0)
            mark = i == 0 ? LK_CHECKPOINT_NEWEST : LK_CHECKPOINT_PLAIN;
        else if (checkpoint == checkpoints->pdata[best])
            mark = LK_CHECKPOINT_BEST;
        else if (is_over(checkpoint, checkpoints->pdata[best]))
            mark = LK_CHECKPOINT_OVER;
        lk_checkpoint_row_update(row_at(self, i), mark);
    }
    show_verdict(self, checkpoints, best);
}

static void export_cb(LkResultsPage *self, LkCheckpointRow *row)
{
    lk_export_dialog_present(lk_page_get_project(LK_PAGE(self)), self->task, lk_checkpoint_row_get_checkpoint(row),
                             GTK_WIDGET(self));
}

static void mark_cb(LkResultsPage *self, LkCheckpointRow *row)
{
    lk_task_mark_best(self->task, lk_checkpoint_row_get_checkpoint(row));
    update_rows(self);
}

static void rebuild(LkResultsPage *self);

static void forget_cb(LkResultsPage *self, LkCheckpointRow *row)
{
    lk_task_forget_checkpoint(self->task, lk_checkpoint_row_get_checkpoint(row));
    rebuild(self);
    lk_page_toast(GTK_WIDGET(self), _("Removed from the list; the file stays"), NULL, NULL, NULL);
}

static void show_measuring(LkResultsPage *self)
{
    gtk_label_set_label(self->measure_label, self->measuring ? _("Cancel") : _("Compare on Held-out Pictures…"));
}

static void show_title(LkResultsPage *self)
{
    g_autofree char *title = self->task ? lk_task_make_title(self->task) : g_strdup("");
    g_autofree char *summary = self->task ? lk_task_make_summary(self->task) : NULL;
    /* Beside the window's buttons there is no room for both. */
    g_autofree char *both = summary && !self->narrow ? g_strdup_printf("%s · %s", title, summary) : NULL;
    adw_window_title_set_subtitle(self->title, both ? both : title);
}

/* Newest first. */
static void rebuild(LkResultsPage *self)
{
    gtk_list_box_remove_all(self->list);
    const GPtrArray *checkpoints = self->task ? lk_task_get_checkpoints(self->task) : NULL;
    guint count = checkpoints ? checkpoints->len : 0;
    gtk_stack_set_visible_child_name(self->stack, count ? "list" : "empty");
    gtk_widget_set_visible(self->task_button, self->task != NULL);
    gtk_widget_set_visible(self->folder_button, self->task != NULL);
    show_title(self);
    for (guint i = count; i-- > 0;) {
        LkCheckpointRow *row = lk_checkpoint_row_new(self->task, i);
        lk_checkpoint_row_set_narrow(row, self->narrow);
        g_signal_connect_object(row, "export", G_CALLBACK(export_cb), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(row, "mark", G_CALLBACK(mark_cb), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(row, "forget", G_CALLBACK(forget_cb), self, G_CONNECT_SWAPPED);
        gtk_list_box_append(self->list, GTK_WIDGET(row));
    }
    if (!count)
        return;
    update_rows(self);
    show_usage(self);
    show_measuring(self);
}

/* ---- held-out pictures ------------------------------------------------------------------------------- */

static void measured_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkResultsPage) self = data;
    g_autoptr(GError) error = NULL;
    g_clear_object(&self->measuring);
    if (!lk_measure_finish(result, &error) && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
        !g_error_matches(error, LK_ERROR, LK_ERROR_STOPPED))
        lk_page_toast(GTK_WIDGET(self), error->message, NULL, NULL, NULL);
    show_measuring(self);
    if (self->task)
        update_rows(self);
}

static void measured_one_cb(LkTask *task, gpointer data)
{
    LkResultsPage *self = data;
    if (self->task == task)
        update_rows(self);
}

static void folder_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkResultsPage) self = data;
    g_autoptr(GFile) folder = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = folder ? g_file_get_path(folder) : NULL;
    if (!path || !self->task || self->measuring)
        return;
    lk_results_page_measure(self, path);
}

void lk_results_page_measure(LkResultsPage *self, const char *pictures)
{
    if (!self->task || self->measuring)
        return;
    self->measuring = g_cancellable_new();
    lk_measure_checkpoints(self->task, pictures, measured_one_cb, self, self->measuring, measured_cb,
                           g_object_ref(self));
    show_measuring(self);
}

static void measure_cb(LkResultsPage *self)
{
    if (self->measuring) {
        g_cancellable_cancel(self->measuring);
        return;
    }
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Folder of Pictures That No Training Has Seen"));
    gtk_file_dialog_select_folder(dialog, GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), NULL, folder_chosen_cb,
                                  g_object_ref(self));
}

/* ---- the task ---------------------------------------------------------------------------------------- */

void lk_results_page_set_task(LkResultsPage *self, LkTask *task)
{
    if (!g_set_object(&self->task, task))
        return;
    g_signal_group_set_target(self->signals, task);
    if (task)
        lk_task_load_details(task);
    rebuild(self);
}

static void choose_task(LkResultsPage *self)
{
    if (self->task)
        return;
    guint count = g_list_model_get_n_items(self->tasks);
    for (guint i = 0; i < count; i++) { /* one that waits has nothing to show yet */
        g_autoptr(LkTask) task = g_list_model_get_item(self->tasks, i);
        if (lk_task_get_step(task) > 0) {
            lk_results_page_set_task(self, task);
            return;
        }
    }
}

static void removed_cb(LkResultsPage *self, LkTask *task)
{
    if (task != self->task)
        return;
    lk_results_page_set_task(self, NULL);
    choose_task(self);
}

/* A task that begins while this page shows an older one is what the person cares for. */
static void current_cb(LkResultsPage *self)
{
    LkTask *current = lk_task_center_get_current(lk_application_get_tasks(lk_application_get()));
    if (current && lk_task_get_project_id(current) == lk_project_get_id(lk_page_get_project(LK_PAGE(self))))
        lk_results_page_set_task(self, current);
}

static void open_folder_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkResultsPage *self = LK_RESULTS_PAGE(widget);
    g_autoptr(GFile) folder = g_file_new_for_path(lk_task_get_output_dir(self->task));
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(folder);
    gtk_file_launcher_launch(launcher, GTK_WINDOW(gtk_widget_get_root(widget)), NULL, NULL, NULL);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_results_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_RESULTS_PAGE(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_results_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkResultsPage *self = LK_RESULTS_PAGE(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    show_title(self);
    for (int i = 0; gtk_list_box_get_row_at_index(self->list, i); i++)
        lk_checkpoint_row_set_narrow(row_at(self, i), self->narrow);
}

static void lk_results_page_constructed(GObject *object)
{
    LkResultsPage *self = LK_RESULTS_PAGE(object);
    G_OBJECT_CLASS(lk_results_page_parent_class)->constructed(object);
    LkTaskCenter *center = lk_application_get_tasks(lk_application_get());
    self->tasks = lk_task_center_list(center, lk_project_get_id(lk_page_get_project(LK_PAGE(self))));
    lk_task_popover_set_tasks(self->task_popover, self->tasks);
    g_signal_connect_object(self->tasks, "items-changed", G_CALLBACK(choose_task), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(center, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    choose_task(self);
    rebuild(self);
}

static void lk_results_page_dispose(GObject *object)
{
    LkResultsPage *self = LK_RESULTS_PAGE(object);
    if (self->measuring)
        g_cancellable_cancel(self->measuring);
    g_clear_object(&self->measuring);
    g_clear_object(&self->signals);
    g_clear_object(&self->tasks);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_RESULTS_PAGE);
    g_clear_object(&self->task);
    G_OBJECT_CLASS(lk_results_page_parent_class)->dispose(object);
}

static void lk_results_page_class_init(LkResultsPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->constructed = lk_results_page_constructed;
    object_class->get_property = lk_results_page_get_property;
    object_class->set_property = lk_results_page_set_property;
    object_class->dispose = lk_results_page_dispose;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_TASK_POPOVER);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/results-results_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, title);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, stack);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, task_button);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, folder_button);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, measure_button);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, measure_label);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, task_popover);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, headline);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, reason);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, usage);
    gtk_widget_class_bind_template_child(widget_class, LkResultsPage, list);
    gtk_widget_class_bind_template_callback(widget_class, measure_cb);
    gtk_widget_class_install_action(widget_class, "results.open-folder", NULL, open_folder_action);
}

static void lk_results_page_init(LkResultsPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "details", G_CALLBACK(rebuild), self);
    g_signal_group_connect_swapped(self->signals, "checkpoint", G_CALLBACK(rebuild), self);
    g_signal_group_connect_swapped(self->signals, "notify::title", G_CALLBACK(show_title), self);
    g_signal_group_connect_swapped(self->signals, "notify::state", G_CALLBACK(rebuild), self);
    g_signal_connect_object(self->task_popover, "chosen", G_CALLBACK(lk_results_page_set_task), self,
                            G_CONNECT_SWAPPED);
}
