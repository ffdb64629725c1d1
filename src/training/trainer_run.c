/* The loop. */
#include "training/trainer_private.h"

#include "base/file.h"
#include "base/lock.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/** A state is saved at least this often, so that a crash never costs more. */
#define STATE_SECONDS 300.0

typedef struct Run {
    LkTrainer *trainer;
    const LkTrainerEvents *events;
    LkEpochPlan *plan; /* of `epoch` */
    int64_t epoch;     /* from 0; -1 before the first */
    double state_time; /* when the last state was saved */
    int64_t held;      /* steps done in what the device holds; -1 while an optimizer step is not known to be sound */
    int64_t saved;     /* steps done in the newest state file that this run wrote or began with */
    float *weights;    /* of the losses of a step's pictures, in order */
    float *losses;     /* the same pictures', once the device was asked */
} Run;

/** One optimizer step. */
typedef struct Step {
    int64_t step;        /* from 0 */
    int64_t first, last; /* batches of the epoch that it sees; where the loss is no number: that batch */
    int64_t pictures;    /* in the batches that were started */
    LkHealth health;
    double loss; /* summed over the batches */
    double rate, norm;
} Step;

static double now(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

/** Where a batch of the epoch that the run is in stands. */
static LkBatchPlace place_of(const Run *run, int64_t step, int64_t batch)
{
    LkBatchPlace place = {
        .index = (uint32_t)(run->epoch * run->trainer->batches + batch), .step = step, .epoch = (int)run->epoch};
    place.entries = lk_epoch_plan_batch(run->plan, (uint32_t)batch, &place.count);
    return place;
}

/** Names the pictures that the batches from `first` up to `last` saw, and their timesteps. */
static char *what_was_seen(const Run *run, int64_t step, int64_t first, int64_t last)
{
    enum { NAMED = 8 };
    const LkTrainer *trainer = run->trainer;
    g_autoptr(GString) text = g_string_new(NULL);
    int named = 0, more = 0;
    for (int64_t batch = first; batch < last; batch++) {
        LkBatchPlace place = place_of(run, step, batch);
        for (uint32_t i = 0; i < place.count; i++) {
            const LkDatasetPicture *picture = g_ptr_array_index(trainer->dataset->pictures, place.entries[i].picture);
            if (named == NAMED) {
                more++;
                continue;
            }
            g_string_append_printf(text, _("%s'%s' at timestep %d"), named++ ? _(", ") : "", picture->path,
                                   lk_timestep_draw(trainer->job, place.index, i));
        }
    }
    if (more)
        g_string_append_printf(text, _(" and %d more"), more);
    return g_string_free_and_steal(g_steal_pointer(&text));
}

/** Starts loss and gradients of one batch: the device keeps what comes out, and nobody waits for it. */
static bool run_batch(Run *run, Step *s, int64_t batch, GError **error)
{
    LkTrainer *trainer = run->trainer;
    LkBatchPlace place = place_of(run, s->step, batch);
    int height, width;
    lk_latents_size(trainer->latents, place.entries[0].picture, &height, &width);
    LkStepProgram *program = lk_trainer_program(trainer, height, width, (int)place.count);
    g_autofree int *timesteps = g_new(int, place.count);
    place.slot = s->pictures;
    if (!lk_trainer_write_batch(trainer, program, &place, run->weights + s->pictures, timesteps, error))
        return false;
    s->pictures += place.count;
    LkError problem = {0};
    return trainer->api->run(program->prepared.program, &problem) || lk_gerror_take(error, &problem);
}

/** Adds up the batches' weighted mean losses, up to the first batch that has one which is no number. */
static void add_losses(const Run *run, Step *s)
{
    int64_t slot = 0;
    for (int64_t batch = s->first, last = s->last; batch < last && s->health != LK_HEALTH_LOSS; batch++) {
        const LkBatchPlace place = place_of(run, s->step, batch);
        for (uint32_t i = 0; i < place.count; i++, slot++) {
            s->loss += (double)run->losses[slot] * run->weights[slot] / place.count;
            if (!isfinite(run->losses[slot]))
                s->health = LK_HEALTH_LOSS;
        }
        if (s->health == LK_HEALTH_LOSS) {
            s->first = batch;
            s->last = batch + 1;
        }
    }
}

/** The optimizer's step, after the batches from `first` up to `last`. Where a loss or the gradient is no number, it saw
 * that too and changed nothing. */
static bool update(Run *run, Step *s, GError **error)
{
    LkUpdateReport report = {.losses = run->losses};
    run->held = -1;
    if (!lk_trainer_update(run->trainer, s->step, &report, error))
        return false;
    run->held = s->step;
    s->rate = report.rate;
    s->norm = report.norm;
    s->health = report.sound ? LK_HEALTH_GOOD : LK_HEALTH_GRADIENT;
    add_losses(run, s);
    return true;
}

/** Saves what the device holds. */
static bool save_state(Run *run, GError **error)
{
    run->state_time = now();
    if (!lk_trainer_fetch_state(run->trainer, run->held, error) ||
        !lk_trainer_save_state(run->trainer, run->events, error))
        return false;
    run->saved = run->held;
    return true;
}

/** Which number was none, and of which pictures. */
static char *what_happened(const Run *run, const Step *s)
{
    g_autofree char *seen = what_was_seen(run, s->step, s->first, s->last);
    return s->health == LK_HEALTH_LOSS
               ? g_strdup_printf(_("The loss of step %" PRId64 " is not a number (%s)."), s->step + 1, seen)
               : g_strdup_printf(_("The gradient of step %" PRId64 " is not finite (%s)."), s->step + 1, seen);
}

/** Goes on without the step, with learning rates of half their size. */
static bool go_slower(Run *run, const char *happened, GError **error)
{
    g_autofree char *text = g_strdup_printf(
        _("%s The step is left out, and training goes on with half the learning rate. If it happens again, it stops."),
        happened);
    lk_trainer_tell(run->events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    LkTrainerControl control = {.trainer = run->trainer, .events = run->events, .step = run->held};
    return lk_trainer_halve_rates(&control, error) && (!control.changed || save_state(run, error));
}

/** What follows from the health of a step, once the device holds what is to be kept of it. */
static bool keep_watch(Run *run, const Step *s, GError **error)
{
    LkTrainer *trainer = run->trainer;
    const int64_t before = trainer->guard.trouble;
    const LkRemedy remedy = lk_guard_step(&trainer->guard, lk_trainer_scales(trainer), s->step + 1, s->health);
    if (remedy == LK_REMEDY_STOP) {
        g_autofree char *happened = what_happened(run, s);
        return lk_set_error(error, LK_ERROR_NUMERIC,
                            _("%s Step %" PRId64 " was no better, and half the learning rate since has not helped. "
                              "Nothing of this step was kept; the state is that of the step before. Start anew with a "
                              "lower learning_rate, or with mixed_precision = \"no\"."),
                            happened, before);
    }
    run->held = s->step + 1;
    if (remedy == LK_REMEDY_RESCALE) {
        g_autofree char *text = g_strdup_printf(_("Step %" PRId64 " is left out, for a gradient was too large for "
                                                  "fp16. The loss scale is %.0f from here on."),
                                                s->step + 1, trainer->guard.scale);
        lk_trainer_tell(run->events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text});
    }
    if (remedy != LK_REMEDY_SLOWER)
        return true;
    g_autofree char *happened = what_happened(run, s);
    return go_slower(run, happened, error);
}

/** The epoch plan that a step belongs to. */
static bool enter_epoch(Run *run, int64_t epoch, GError **error)
{
    if (epoch == run->epoch)
        return true;
    g_clear_pointer(&run->plan, lk_epoch_plan_free);
    run->plan = lk_dataset_epoch(run->trainer->dataset, (uint64_t)run->trainer->job->seed, (uint32_t)epoch, error);
    run->epoch = epoch;
    return run->plan != NULL;
}

/** The epochs that are done where an epoch ends after `steps` steps, else 0. */
static int64_t epochs_ended(const LkTrainer *trainer, int64_t steps)
{
    return steps % trainer->steps_per_epoch == 0 ? steps / trainer->steps_per_epoch : 0;
}

/** The forward and backward passes of a step and the optimizer's. */
static bool compute(Run *run, Step *s, GError **error)
{
    for (int64_t batch = s->first; batch < s->last; batch++)
        if (!run_batch(run, s, batch, error))
            return false;
    return update(run, s, error);
}

/** One optimizer step, from 0. */
static bool run_step(Run *run, int64_t step, GError **error)
{
    LkTrainer *trainer = run->trainer;
    const double start = now();
    const int64_t in_epoch = step % trainer->steps_per_epoch, accumulate = trainer->job->gradient_accumulation_steps;
    const int64_t first = in_epoch * accumulate, last = MIN(first + accumulate, trainer->batches);
    Step s = {.step = step, .first = first, .last = last};
    if (!enter_epoch(run, step / trainer->steps_per_epoch, error) || !compute(run, &s, error) ||
        !keep_watch(run, &s, error))
        return false;
    if (s.health == LK_HEALTH_GOOD)
        lk_trainer_tell(run->events, &(LkTrainerEvent){.kind = LK_EVENT_STEP,
                                                       .step = step + 1,
                                                       .epoch = run->epoch + 1,
                                                       .total = trainer->steps,
                                                       .loss = s.loss / (double)(last - first),
                                                       .learning_rate = s.rate,
                                                       .grad_norm = s.norm,
                                                       .seconds = now() - start});
    int64_t epoch_end = epochs_ended(trainer, step + 1);
    if (lk_trainer_validation_due(trainer, step + 1, epoch_end) &&
        !lk_trainer_validate(trainer, step + 1, run->epoch + 1, run->events, error))
        return false;
    if (!lk_trainer_save_due(trainer, step + 1, epoch_end, run->events, error))
        return false;
    return !lk_samples_due(trainer->samples, step + 1, epoch_end) ||
           lk_trainer_make_samples(trainer, &(LkSampleMoment){step + 1, run->epoch + 1, epoch_end > 0}, false,
                                   run->events, error);
}

/** Sample pictures due at the step at which the run begins: the first ones, or those that were still missing when it
 * was interrupted. */
static bool make_first_samples(Run *run, GError **error)
{
    LkTrainer *trainer = run->trainer;
    int64_t step = run->held, epoch_end = epochs_ended(trainer, step);
    LkSampleMoment moment = {step, lk_trainer_epoch_of(trainer, step), epoch_end > 0};
    return !lk_samples_due(trainer->samples, step, epoch_end) ||
           lk_trainer_make_samples(trainer, &moment, step > 0, run->events, error);
}

/** Answers what is asked for between two steps. False where the run ends. */
static bool between_steps(Run *run, int64_t step, GError **error)
{
    const LkTrainerEvents *events = run->events;
    LkTrainer *trainer = run->trainer;
    LkTrainerControl control = {.trainer = trainer, .events = events, .step = step};
    if (events->between_steps)
        events->between_steps(events->context, &control);
    if (control.discard) {
        if (trainer->has_state)
            lk_trainer_remove_states(trainer->job);
        return lk_set_error(error, LK_ERROR_STOPPED,
                            _("Training was stopped after step %" PRId64 " of %" PRId64 "; its state was not kept."),
                            step, trainer->steps);
    }
    bool stop = step < trainer->steps && events->should_stop && events->should_stop(events->context);
    if ((stop || control.changed) && !save_state(run, error))
        return false;
    return !stop || lk_set_error(error, LK_ERROR_STOPPED,
                                 _("Training was stopped after step %" PRId64 " of %" PRId64
                                   "; its state is saved, go on with --resume."),
                                 step, trainer->steps);
}

static bool loop(Run *run, GError **error)
{
    LkTrainer *trainer = run->trainer;
    g_autofree float *numbers = g_new0(float, 2 * (gsize)trainer->update->n_losses);
    run->weights = numbers;
    run->losses = numbers + trainer->update->n_losses;
    int64_t step = run->held = run->saved = trainer->state->step;
    lk_trainer_tell(run->events, &(LkTrainerEvent){.kind = LK_EVENT_START, .total = trainer->steps, .step = step});
    if (!make_first_samples(run, error))
        return false;
    for (;; step++) {
        if (!between_steps(run, step, error))
            return false;
        if (step >= trainer->steps)
            return true;
        GError *problem = NULL;
        if (!run_step(run, step, &problem)) {
            /* Whatever happened, `held` tells after which step what the device holds is good. */
            if (run->held > run->saved)
                save_state(run, NULL);
            g_propagate_error(error, problem);
            return false;
        }
        if (now() - run->state_time > STATE_SECONDS && !save_state(run, error))
            return false;
    }
}

/** The last file, and the end of the state. */
static bool finish(Run *run, GError **error)
{
    LkTrainer *trainer = run->trainer;
    int64_t epochs = lk_job_epochs(trainer->job, trainer->batches);
    if (!lk_trainer_fetch_state(trainer, trainer->steps, error) ||
        !lk_trainer_save_lora(trainer, trainer->job->output_name, epochs, LK_EVENT_DONE, run->events, error))
        return false;
    if (trainer->job->save_state_on_train_end || trainer->job->save_state)
        return lk_trainer_save_state(trainer, run->events, error);
    lk_trainer_remove_states(trainer->job);
    return true;
}

/** The remarks on the dataset that deserve a look, but no flood of them. */
static void tell_findings(const LkTrainer *trainer, const LkTrainerEvents *events)
{
    enum { SHOWN = 20 };
    guint count = 0;
    for (guint i = 0; i < trainer->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(trainer->findings, i);
        if (lk_finding_severity(finding->kind) == LK_SEVERITY_INFO || count++ >= SHOWN)
            continue;
        g_autofree char *path = g_filename_display_name(finding->path);
        g_autofree char *text = g_strdup_printf("%s: %s", path, finding->text);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    }
    if (count > SHOWN) {
        g_autofree char *text = g_strdup_printf(_("… and %u more remarks on the pictures."), count - SHOWN);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    }
}

/** What the base model's file had to say to the job. */
static void tell_remarks(const LkTrainer *trainer, const LkTrainerEvents *events)
{
    for (guint i = 0; i < trainer->remarks->len; i++) {
        const LkProblem *problem = g_ptr_array_index(trainer->remarks, i);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG,
                                                  .text = problem->text,
                                                  .warning = problem->kind == LK_PROBLEM_WARNING});
    }
}

/** Everything before the first step. */
static bool prepare(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    LkError problem = {0};
    LkTrainingPlan plan = {0};
    if (!lk_make_folders(trainer->job->output_dir, &problem))
        return lk_gerror_take(error, &problem);
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_PHASE, .text = N_("Planning memory")});
    if (!lk_trainer_plan(trainer, &plan, error))
        return false;
    bool fits = plan.fits;
    trainer->has_advice = !fits;
    if (!fits)
        lk_set_error(error, LK_ERROR_MEMORY,
                     _("Training needs %.2f GiB of memory and %s has %.2f GiB free. What would help: %s."),
                     (double)plan.total / (1 << 30), plan.device, (double)plan.available / (1 << 30),
                     plan.fixes->len ? (const char *)g_ptr_array_index(plan.fixes, 0) : _("a smaller resolution"));
    lk_training_plan_clear(&plan);
    if (!fits || !lk_latents_encode(trainer->latents, trainer->api, trainer->device, events, error))
        return false;
    trainer->api->reserve(trainer->device, 0, NULL); /* the VAE's arena may be larger than all that follow */
    if (trainer->cached_text && !lk_trainer_encode_texts(trainer, events, error))
        return false;
    trainer->api->reserve(trainer->device, 0, NULL);
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_PHASE, .text = N_("Loading the base model")});
    return lk_trainer_bind(trainer, error);
}

/** Memory that was free when the run was planned may be another program's when it is taken. */
static void add_remedies(const LkTrainer *trainer, GError **error)
{
    if (!error || !g_error_matches(*error, LK_ERROR, LK_ERROR_MEMORY) || trainer->has_advice)
        return;
    g_autoptr(GPtrArray) fixes = lk_trainer_memory_fixes(trainer, NULL);
    g_ptr_array_add(fixes, NULL);
    g_autofree char *listed = g_strjoinv("; ", (char **)fixes->pdata);
    g_autofree char *text = g_strdup_printf(
        trainer->has_state ? _("%s The state is saved: go on when more memory is free. What would help a new run, the "
                               "smallest change first: %s.")
                           : _("%s What would help, the smallest change first: %s."),
        (*error)->message, listed);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&text);
}

/** Two runs of one name in one folder would take each other's states. */
static LkFileLock *lock_output(const LkJob *job, GError **error)
{
    LkError problem = {0};
    bool taken = false;
    g_autofree char *name = g_strdup_printf(".%s.lock", job->output_name);
    g_autofree char *path = g_build_filename(job->output_dir, name, NULL);
    LkFileLock *lock = lk_make_folders(job->output_dir, &problem) ? lk_file_lock(path, &taken, &problem) : NULL;
    if (taken)
        lk_set_error(error, LK_ERROR_USAGE,
                     _("Another run is writing '%s' in the folder '%s' at this moment. Wait for its end, or choose "
                       "another output_name or output_dir."),
                     job->output_name, job->output_dir);
    else if (!lock)
        lk_gerror_take(error, &problem);
    return lock;
}

/** The run, once nobody else writes its files. */
static bool run_alone(LkTrainer *trainer, bool resume, const LkTrainerEvents *events, GError **error)
{
    Run run = {.trainer = trainer, .events = events, .epoch = -1, .state_time = now()};
    lk_file_remove_leftovers(trainer->job->output_dir);
    if (resume && lk_trainer_tell_finished(trainer, run.events))
        return true;
    bool ok = lk_trainer_load_state(trainer, resume, run.events, error) && prepare(trainer, run.events, error) &&
              lk_trainer_store_state(trainer, error) && loop(&run, error) && finish(&run, error);
    lk_epoch_plan_free(run.plan);
    if (!ok)
        add_remedies(trainer, error);
    return ok;
}

bool lk_trainer_run(LkTrainer *trainer, bool resume, const LkTrainerEvents *events, GError **error)
{
    static const LkTrainerEvents silent = {0};
    events = events ? events : &silent;
    tell_findings(trainer, events);
    tell_remarks(trainer, events);
    LkFileLock *lock = lock_output(trainer->job, error);
    bool ok = lock && run_alone(trainer, resume, events, error);
    lk_file_unlock(lock);
    return ok;
}
