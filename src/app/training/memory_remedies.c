#include "app/training/memory_remedies.h"

#include "app/application.h"
#include "app/parameters/advice.h"
#include "base/error.h"
#include "training/job.h"

#include <glib/gi18n.h>

enum { MOST_SHOWN = 6 };

static LkJob *job_of(LkTask *task)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    return lk_job_parse(lk_task_get_job(task), lk_task_get_job_path(task), lk_task_get_output_dir(task), NULL,
                        problems);
}

static void add_button(GtkBox *box, LkTask *task, const LkFix *fix)
{
    GtkWidget *button = gtk_button_new_with_label(fix->title);
    gtk_widget_set_halign(button, GTK_ALIGN_START);
    gtk_widget_set_tooltip_text(button, _("The settings of this training with this change, to be trained anew"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "project.train-smaller");
    gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "(xs)", lk_task_get_id(task), fix->kind);
    gtk_box_append(box, button);
}

void lk_memory_remedies_show(GtkBox *box, LkTask *task)
{
    for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(box)));)
        gtk_box_remove(box, child);
    bool lacked = lk_task_get_state(task) == LK_TASK_FAILED && lk_task_get_error_code(task) == LK_ERROR_MEMORY;
    g_autoptr(LkJob) job = lacked ? job_of(task) : NULL;
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    g_autoptr(GPtrArray) fixes = job ? lk_fixes_for_memory(job, choice && choice->info.bf16) : NULL;
    const char *kind = "joined"; /* those are for where one alone is not enough */
    guint shown = 0;
    for (guint i = 0; fixes && i < fixes->len && shown < MOST_SHOWN; i++) {
        const LkFix *fix = fixes->pdata[i];
        if (g_str_equal(fix->kind, kind) || g_str_equal(fix->kind, "joined"))
            continue;
        kind = fix->kind;
        add_button(box, task, fix);
        shown++;
    }
    gtk_widget_set_visible(GTK_WIDGET(box), shown > 0);
}
