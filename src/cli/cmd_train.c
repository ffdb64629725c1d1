/* lorikeet-cli train */
#include "cli/job_input.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "training/device.h"
#include "training/trainer.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Signals can only be told by what outlives every function. */
static volatile sig_atomic_t stop_asked;
static const char *volatile stop_notice;

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

/** The first signal asks to stop after this step; the next one ends the program as if this were not here. */
static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(stop_signals); i++)
        signal(stop_signals[i], SIG_DFL);
    if (stop_notice) {
        ssize_t ignored = write(STDERR_FILENO, stop_notice, strlen(stop_notice));
        (void)ignored;
    }
}

static void catch_signals(bool quiet)
{
    stop_notice = quiet ? NULL : _("\nStopping after this step; the state is saved. Again: at once, without saving.\n");
    for (size_t i = 0; i < G_N_ELEMENTS(stop_signals); i++) {
        struct sigaction old, new = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigaction(stop_signals[i], NULL, &old);
        if (stop_signals[i] != SIGHUP || old.sa_handler != SIG_IGN) /* nohup */
            sigaction(stop_signals[i], &new, NULL);
    }
    signal(SIGPIPE, SIG_IGN); /* the run goes on when nobody reads its progress any more */
}

static bool should_stop(void *context)
{
    (void)context;
    return stop_asked;
}

static bool run(const LkJob *job, const char *device, bool resume, LkProgress *progress, GError **error)
{
    LkDeviceChoice choice;
    if (!lk_device_choose(device, &choice, error) || !lk_trainer_check_output(job, error))
        return false;
    g_autoptr(LkTrainer) trainer = lk_trainer_new(job, choice.api, choice.index, error);
    if (!trainer)
        return false;
    lk_trainer_limit_memory(trainer, choice.share);
    LkTrainerEvents events = {.context = progress, .event = lk_progress_event, .should_stop = should_stop};
    return lk_trainer_run(trainer, resume, &events, error);
}

LkExit lk_cli_train(int argc, char **argv)
{
    g_auto(LkJobInput) input;
    lk_job_input_init(&input);
    const char *device = "auto";
    bool resume = false;
    int mode = LK_PROGRESS_AUTO;
    const LkOption options[] = {
        LK_OPTION_SET(&input),
        {.name = "device",
         .kind = LK_OPTION_TEXT,
         .value = &device,
         .placeholder = "auto|cpu|cuda:N",
         .help = N_("where to compute; auto is the first GPU that can be used, else the CPU; with @75%, a "
                    "quarter of its memory is left to other programs")},
        {.name = "resume",
         .kind = LK_OPTION_FLAG,
         .value = &resume,
         .help = N_("go on from the last saved state of this job; from the beginning where there is none")},
        {.name = "progress",
         .kind = LK_OPTION_CHOICE,
         .value = &mode,
         .choices = lk_progress_modes,
         .help = N_("how to tell what happens: a bar, JSON lines on stdout, nothing; auto is a bar on a terminal and a "
                    "line every ten seconds elsewhere")},
    };
    const LkSyntax syntax = {
        .command = "train",
        .arguments = "JOB.toml",
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .summary = N_("Trains a LoRA as a job file says. Its keys are those of kohya's sd-scripts; lorikeet-cli "
                      "--help-parameters explains all of them."),
        .notes = N_("Ctrl+C (or SIGTERM) finishes the step, saves the state and ends with status 3; --resume goes on "
                    "from there, with the same result as without the stop.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, &input.path, &end))
        return end;
    g_autoptr(LkProgress) progress = lk_progress_new((LkProgressMode)mode);
    bool loaded = lk_job_input_load(&input);
    lk_progress_problems(progress, input.problems, input.path);
    if (!loaded)
        return LK_EXIT_USAGE;
    catch_signals(mode == LK_PROGRESS_JSON || mode == LK_PROGRESS_NONE);
    g_autoptr(GError) error = NULL;
    if (!run(input.job, device, resume, progress, &error))
        return (LkExit)lk_progress_fail(progress, error);
    clearerr(stdout); /* the LoRA is the result, its progress may have gone unread */
    return LK_EXIT_DONE;
}
