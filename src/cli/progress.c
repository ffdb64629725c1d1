#include "cli/progress.h"

#include "cli/bar.h"
#include "cli/report.h"
#include "format/json.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const lk_progress_modes[] = {"auto", "bar", "json", "none", NULL};

struct LkProgress {
    LkProgressMode mode;
    LkBar bar;
    char *phase;                  /* the last one that was told */
    double loss;                  /* smoothed */
    double seconds;               /* of a step, smoothed */
    double weight;                /* of both: 1 - the share that is still missing in the averages */
    int64_t first, started, told; /* first step of this run; when it began and when a line was printed, in µs */
};

LkProgress *lk_progress_new(LkProgressMode mode)
{
    LkProgress *progress = g_new0(LkProgress, 1);
    progress->mode = mode != LK_PROGRESS_AUTO ? mode : isatty(STDERR_FILENO) ? LK_PROGRESS_BAR : LK_PROGRESS_LINES;
    lk_bar_init(&progress->bar, stderr);
    return progress;
}

void lk_progress_free(LkProgress *progress)
{
    if (!progress)
        return;
    lk_bar_clear(&progress->bar);
    g_free(progress->phase);
    g_free(progress);
}

/* ------------------------------------------------------------------ JSON */

static void print_json(GString *line)
{
    lk_json_end(line);
    puts(line->str);
    fflush(stdout); /* who reads it waits for whole lines */
    g_string_free(line, TRUE);
}

static GString *begin_json(const char *event)
{
    GString *line = g_string_new(NULL);
    lk_json_begin(line);
    lk_json_add_string(line, "event", event);
    return line;
}

static void tell_json(const LkTrainerEvent *event)
{
    static const char *const names[] = {
        [LK_EVENT_PHASE] = "phase",           [LK_EVENT_START] = "start", [LK_EVENT_STEP] = "step",
        [LK_EVENT_SAMPLE] = "sample",         [LK_EVENT_SAVED] = "saved", [LK_EVENT_STATE] = "state",
        [LK_EVENT_CHANGE] = "change",         [LK_EVENT_LOG] = "log",     [LK_EVENT_DONE] = "done",
        [LK_EVENT_VALIDATION] = "validation",
    };
    GString *line = begin_json(names[event->kind]);
    if (event->kind == LK_EVENT_START)
        lk_json_add_integer(line, "steps", event->total);
    if (event->kind != LK_EVENT_PHASE && event->kind != LK_EVENT_LOG)
        lk_json_add_integer(line, "step", event->step);
    if (event->key)
        lk_json_add_string(line, "key", event->key);
    if (event->text)
        lk_json_add_string(line, event->key ? "value" : "text", event->text);
    if (event->path)
        lk_json_add_string(line, "path", event->path);
    if (event->kind == LK_EVENT_PHASE) {
        lk_json_add_integer(line, "done", event->done);
        lk_json_add_integer(line, "total", event->total);
    }
    if (event->kind == LK_EVENT_STEP) {
        lk_json_add_integer(line, "epoch", event->epoch);
        lk_json_add_number(line, "loss", event->loss);
        lk_json_add_number(line, "lr", event->learning_rate);
        lk_json_add_number(line, "grad_norm", event->grad_norm);
        lk_json_add_number(line, "seconds", event->seconds);
    }
    if (event->kind == LK_EVENT_VALIDATION) {
        lk_json_add_integer(line, "epoch", event->epoch);
        lk_json_add_number(line, "loss", event->loss);
    }
    print_json(line);
}

/* ------------------------------------------------------------------ for people */

/** A line of its own, above the bar. */
static void print_line(LkProgress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void print_line(LkProgress *progress, const char *format, ...)
{
    if (progress->mode != LK_PROGRESS_BAR && progress->mode != LK_PROGRESS_LINES)
        return;
    lk_bar_clear(&progress->bar);
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "%s\n", text);
    progress->told = g_get_monotonic_time();
}

static void tell_phase(LkProgress *progress, const LkTrainerEvent *event)
{
    g_autofree char *count =
        event->total > 0 ? g_strdup_printf("%ld/%ld", (long)event->done, (long)event->total) : g_strdup("");
    bool is_new = g_strcmp0(progress->phase, event->text) != 0;
    if (is_new) {
        g_free(progress->phase);
        progress->phase = g_strdup(event->text);
    }
    if (progress->mode == LK_PROGRESS_BAR)
        lk_bar_draw(&progress->bar, event->total > 0 ? (double)event->done / (double)event->total : 0, _(event->text),
                    count, is_new);
    else if (is_new)
        print_line(progress, *count ? "%s %s" : "%s", _(event->text), count);
}

/** Averages that forget slowly and are right from the first step on. */
static void average(LkProgress *progress, const LkTrainerEvent *event)
{
    const double new = 0.05;
    progress->loss += new *(event->loss - progress->loss);
    progress->seconds += new *(event->seconds - progress->seconds);
    progress->weight += new * (1 - progress->weight);
}

/** "loss 0.1234  1.25 s/step  12:34 left" */
static char *describe_step(const LkProgress *progress, const LkTrainerEvent *event)
{
    double seconds = progress->seconds / progress->weight;
    g_autofree char *left = lk_cli_duration(seconds * (double)(event->total - event->step));
    g_autofree char *speed = seconds > 1 ? g_strdup_printf(_("%.2f s/step"), seconds)
                                         : g_strdup_printf(_("%.2f steps/s"), seconds > 0 ? 1 / seconds : 0);
    return g_strdup_printf(_("epoch %ld  loss %.4f  %s  %s left"), (long)event->epoch,
                           progress->loss / progress->weight, speed, left);
}

static void tell_step(LkProgress *progress, const LkTrainerEvent *event)
{
    const int64_t every = 10 * G_USEC_PER_SEC; /* between lines in a log */
    average(progress, event);
    bool last = event->step == event->total;
    g_autofree char *step = g_strdup_printf(_("step %ld/%ld"), (long)event->step, (long)event->total);
    g_autofree char *rest = describe_step(progress, event);
    if (progress->mode == LK_PROGRESS_BAR)
        lk_bar_draw(&progress->bar, (double)event->step / (double)event->total, step, rest, last);
    else if (last || event->step == progress->first || g_get_monotonic_time() - progress->told >= every)
        print_line(progress, "%s  %s", step, rest);
}

static void tell_people(LkProgress *progress, const LkTrainerEvent *event)
{
    switch (event->kind) {
    case LK_EVENT_PHASE:
        tell_phase(progress, event);
        return;
    case LK_EVENT_START:
        progress->first = event->step + 1;
        progress->started = g_get_monotonic_time();
        if (event->step > 0)
            print_line(progress, _("Training goes on after step %ld of %ld."), (long)event->step, (long)event->total);
        else
            print_line(
                progress,
                g_dngettext(NULL, "Training begins: %ld step.", "Training begins: %ld steps.", (gulong)event->total),
                (long)event->total);
        return;
    case LK_EVENT_STEP:
        tell_step(progress, event);
        return;
    case LK_EVENT_SAMPLE:
        print_line(progress, _("Sample picture: %s"), event->path);
        return;
    case LK_EVENT_SAVED:
        print_line(progress, _("Saved: %s"), event->path);
        return;
    case LK_EVENT_STATE: /* too often to be news */
        return;
    case LK_EVENT_CHANGE:
        print_line(progress, _("%s is %s, as it was changed after step %ld."), event->key, event->text,
                   (long)event->step);
        return;
    case LK_EVENT_LOG:
        print_line(progress, "%s", event->text);
        return;
    case LK_EVENT_VALIDATION:
        print_line(progress, _("Validation loss after step %ld: %.4f"), (long)event->step, event->loss);
        return;
    case LK_EVENT_DONE: {
        g_autofree char *time = lk_cli_duration((double)(g_get_monotonic_time() - progress->started) * 1e-6);
        print_line(progress, _("Done in %s. The LoRA is:"), time);
        puts(event->path);
        fflush(stdout);
        return;
    }
    }
}

void lk_progress_event(void *context, const LkTrainerEvent *event)
{
    LkProgress *progress = context;
    if (progress->mode == LK_PROGRESS_JSON)
        tell_json(event);
    else
        tell_people(progress, event);
}

void lk_progress_problems(LkProgress *progress, const GPtrArray *problems, const char *source)
{
    for (guint i = 0; progress->mode == LK_PROGRESS_JSON && i < problems->len; i++) {
        GString *line = begin_json("problem");
        lk_cli_add_problem(line, problems->pdata[i]);
        print_json(line);
    }
    lk_cli_show_problems(problems, source);
}

int lk_progress_fail(LkProgress *progress, const GError *error)
{
    LkExit end = lk_cli_exit_of(error);
    lk_bar_clear(&progress->bar);
    if (progress->mode == LK_PROGRESS_JSON) {
        GString *line = begin_json("error");
        lk_json_add_string(line, "code", lk_cli_error_name(error));
        lk_json_add_string(line, "message", error->message);
        lk_json_add_integer(line, "exit", end);
        print_json(line);
    }
    return (int)lk_cli_fail(error);
}
