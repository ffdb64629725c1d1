#include "app/parameters/variations.h"

#include "app/parameters/editor.h"
#include "training/job.h"

#include <glib/gi18n.h>
#include <string.h>

/* ---- which value ------------------------------------------------------------------------------------- */

static char *next_choice(const LkParameter *parameter, const char *value)
{
    const LkChoice *first = NULL;
    gboolean passed = FALSE;
    for (const LkChoice *choice = parameter->choices; choice->value; choice++) {
        gboolean shown = !choice->not_yet && choice->title;
        if (shown && passed)
            return g_strdup(choice->value);
        if (shown && !first)
            first = choice;
        passed |= value && g_ascii_strcasecmp(choice->value, value) == 0;
    }
    return first && g_strcmp0(first->value, value) != 0 ? g_strdup(first->value) : NULL;
}

/* Twice as much, or half where that is too much. */
static char *other_number(const LkParameter *parameter, const char *value)
{
    gboolean whole = parameter->type == LK_PARAMETER_INT || parameter->type == LK_PARAMETER_INT64;
    double number = g_ascii_strtod(value, NULL), other = number == 0 ? 1 : number * 2;
    gboolean limited = parameter->max > parameter->min;
    if (limited && other > parameter->max)
        other = number / 2;
    if ((limited && (other < parameter->min || other > parameter->max)) || other == number)
        return NULL;
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_formatd(text, sizeof text, whole ? "%.0f" : "%.10g", other));
}

static char *next_size(const LkJob *job)
{
    LkSize size = job->resolution;
    if (size.width == size.height)
        return g_strdup_printf("%d", size.width + 64);
    return g_strdup_printf("%d,%d", size.width + 64, size.height + 64);
}

char *lk_variation_value(const LkJob *job, const LkParameter *parameter)
{
    g_autofree char *value = lk_job_get(job, parameter);
    if (parameter->choices)
        return next_choice(parameter, value);
    switch (parameter->type) {
    case LK_PARAMETER_BOOL:
        return g_strdup(g_strcmp0(value, "true") == 0 ? "false" : "true");
    case LK_PARAMETER_INT:
    case LK_PARAMETER_INT64:
    case LK_PARAMETER_FLOAT:
    case LK_PARAMETER_COUNT:
        return value ? other_number(parameter, value) : NULL;
    case LK_PARAMETER_RESOLUTION:
        return next_size(job);
    default:
        return NULL;
    }
}

/* ---- how long ---------------------------------------------------------------------------------------- */

/* What a step has to do follows from these; */
static const char *const by_work[] = {
    "train_batch_size", "gradient_accumulation_steps", "resolution",  "max_train_epochs",
    "max_train_steps",  "gradient_checkpointing",      "num_repeats", NULL};
/* with these it has to be measured. */
static const char *const by_measure[] = {"network_dim",
                                         "mixed_precision",
                                         "allow_tf32",
                                         "base_weights_precision",
                                         "fp8_base",
                                         "fp8_base_unet",
                                         "offload_base_weights",
                                         "max_token_length",
                                         "network_train_unet_only",
                                         "network_train_text_encoder_only",
                                         "text_encoder_lr",
                                         "unet_lr",
                                         "enable_bucket",
                                         NULL};

/* In pixels; computing activations again is about a third more. */
static double work(const LkJob *job, gint64 steps)
{
    double pixels = (double)job->resolution.width * job->resolution.height;
    double again = job->gradient_checkpointing ? 4.0 / 3 : 1;
    return (double)steps * job->train_batch_size * job->gradient_accumulation_steps * pixels * again;
}

char *lk_variation_time(const LkParameter *parameter, const LkJob *job_before, gint64 steps_before,
                        double seconds_before, const LkJob *job_now, gint64 steps_now, double seconds_now)
{
    if (seconds_before > 0 && seconds_now > 0)
        return lk_summary_time_change(seconds_before * (double)steps_before, seconds_now * (double)steps_now);
    if (g_strv_contains(by_work, parameter->key))
        return lk_summary_time_change(work(job_before, steps_before), work(job_now, steps_now));
    return g_strv_contains(by_measure, parameter->key) ? lk_summary_time_change(0, 0) : lk_summary_time_change(1, 1);
}

/* ---- the explanation --------------------------------------------------------------------------------- */

typedef struct Question {
    const LkParameter *parameter;
    char *value;
    GWeakRef popover;
    GCancellable *cancellable;
} Question;

static void question_free(Question *question)
{
    g_free(question->value);
    g_weak_ref_clear(&question->popover);
    g_object_unref(question->cancellable);
    g_free(question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Question, question_free)

/* "With 4", "When on". */
static char *say_value(const LkParameter *parameter, const char *value)
{
    if (parameter->type == LK_PARAMETER_BOOL)
        return g_strdup(g_str_equal(value, "true") ? _("When turned on") : _("When turned off"));
    for (const LkChoice *choice = parameter->choices; choice && choice->value; choice++)
        if (g_ascii_strcasecmp(choice->value, value) == 0)
            return g_strdup_printf(_("With %s"), lk_parameter_choice_title(choice));
    return g_strdup_printf(_("With %s"), value);
}

static void explained_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Question) question = data;
    LkPlanning *planning = LK_PLANNING(source);
    g_autoptr(LkVariation) variation = lk_planning_vary_finish(planning, result, NULL);
    g_autoptr(LkHelpPopover) popover = g_weak_ref_get(&question->popover);
    const LkTrainingPlan *plan = lk_planning_get_plan(planning);
    if (!popover)
        return;
    if (!variation || !plan) {
        lk_help_popover_set_effect(popover, NULL, NULL, NULL);
        return;
    }
    g_autofree char *value = say_value(question->parameter, question->value);
    g_autofree char *memory = lk_summary_memory_change(plan->total, variation->plan->total);
    g_autofree char *time = lk_variation_time(question->parameter, lk_planning_get_planned_job(planning), plan->steps,
                                              lk_planning_get_seconds(planning), variation->job, variation->plan->steps,
                                              variation->seconds);
    lk_help_popover_set_effect(popover, value, memory, time);
}

static void gone_cb(GCancellable *cancellable)
{
    g_cancellable_cancel(cancellable);
}

void lk_variation_explain(LkPlanning *planning, const LkParameter *parameter, LkHelpPopover *popover)
{
    g_autofree char *value =
        lk_planning_get_plan(planning) ? lk_variation_value(lk_planning_get_job(planning), parameter) : NULL;
    if (!value) {
        lk_help_popover_set_effect(popover, NULL, NULL, NULL);
        return;
    }
    Question *question = g_new0(Question, 1);
    question->parameter = parameter;
    question->value = g_strdup(value);
    question->cancellable = g_cancellable_new();
    g_weak_ref_init(&question->popover, popover);
    g_signal_connect_object(popover, "closed", G_CALLBACK(gone_cb), question->cancellable, G_CONNECT_SWAPPED);
    g_autoptr(GHashTable) changes = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(changes, (gpointer)parameter->key, value);
    lk_planning_vary(planning, changes, question->cancellable, explained_cb, question);
}
