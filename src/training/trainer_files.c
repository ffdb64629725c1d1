/* What a run leaves on disk: states and LoRA files. */
#include "training/trainer_private.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"
#include "training/dataset_digest.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static char *output_path(const LkJob *job, const char *name, const char *ending)
{
    g_autofree char *file = g_strconcat(name, ending, NULL);
    return g_build_filename(job->output_dir, file, NULL);
}

static const char *lora_ending(const LkJob *job)
{
    return job->save_model_as == LK_SAVE_AS_PT ? ".pt" : ".safetensors";
}

char *lk_trainer_state_path(const LkTrainer *trainer)
{
    return output_path(trainer->job, trainer->job->output_name, ".state");
}

bool lk_trainer_check_output(const LkJob *job, GError **error)
{
    LkError problem = {0};
    g_autofree char *path = output_path(job, job->output_name, lora_ending(job));
    LkFileWriter *writer = lk_make_folders(job->output_dir, &problem) ? lk_file_writer_new(path, &problem) : NULL;
    if (!writer)
        return lk_gerror_take(error, &problem);
    lk_file_writer_abandon(writer);
    return true;
}

void lk_trainer_remove_states(const LkJob *job)
{
    g_autofree char *path = output_path(job, job->output_name, ".state");
    g_autofree char *previous = lk_state_previous(path), *next = lk_state_next(path);
    unlink(path);
    unlink(previous);
    unlink(next);
}

/** A hash of the base model, the adapter's modules and their places; NULL with an error. */
static char *layout_hash(const LkTrainer *trainer, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *model = lk_checkpoint_identity(trainer->checkpoint, "", error);
    if (!model)
        return NULL;
    g_string_append_printf(text, "%s\n", model);
    for (int i = 0; i < lk_lora_count(trainer->lora); i++) {
        const LkLoraModule *m = lk_lora_at(trainer->lora, i);
        g_string_append_printf(text, "%s %d", m->name, m->shape.dim);
        for (int p = 0; p < m->n_parts; p++)
            g_string_append_printf(text, " %s %" G_GINT64_FORMAT, lk_part_suffix(m->parts[p].role), m->at[p]);
        g_string_append_c(text, '\n');
    }
    char hex[65];
    lk_sha256_hex(text->str, text->len, hex);
    return g_strdup(hex);
}

/* States ----------------------------------------------------------------------------------------------------------- */

static bool new_state(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    trainer->state = lk_state_new(lk_lora_elements(trainer->lora));
    if (!trainer->state)
        return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the LoRA."));
    trainer->state->job = lk_job_canonical(trainer->original);
    trainer->state->layout = layout_hash(trainer, error);
    if (!trainer->state->layout)
        return false;
    trainer->state->dataset = lk_dataset_digest(trainer->dataset, trainer->latents, trainer->masks);
    trainer->state->device = g_strdup(trainer->runs_on);
    lk_lora_initialise(trainer->lora, (uint64_t)trainer->job->seed, trainer->state->adapter);
    if (!lk_lora_set_magnitudes(trainer->lora, trainer->checkpoint, trainer->state->adapter, error))
        return false;
    if (!trainer->initial)
        return true;
    int missing, unused;
    if (!lk_lora_load(trainer->lora, trainer->initial, trainer->state->adapter, &missing, &unused, error))
        return false;
    if (missing || unused) {
        g_autofree char *text = g_strdup_printf(_("network_weights: %d modules of this run are not in the file and "
                                                  "start anew; %d of the file are not used."),
                                                missing, unused);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text});
    }
    return true;
}

/** Whether a loaded state belongs to this run. */
static bool check_state(const LkTrainer *trainer, const LkState *state, const char *path, GError **error)
{
    g_autofree char *job = lk_job_canonical(trainer->original);
    g_autofree char *differences = lk_job_differences(state->job ? state->job : "", job);
    if (differences)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The training state '%s' belongs to a job with other settings (%s). Restore them, or start "
              "anew without --resume."),
            path, differences);
    if (g_strcmp0(trainer->state->layout, state->layout) != 0 || state->elements != lk_lora_elements(trainer->lora))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The training state '%s' belongs to another base model or other LoRA modules. Start anew "
                              "without --resume."),
                            path);
    g_autofree char *changed =
        state->dataset ? lk_dataset_digest_differences(state->dataset, trainer->state->dataset) : NULL;
    if (changed)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("The pictures or captions have changed since the training state '%s' was saved: %s. Bring "
              "them back as they were, or start anew without --resume."),
            path, changed);
    if (state->step > trainer->steps)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The training state '%s' was saved after step %" PRId64 ", but this run has %" PRId64
                              " steps. Were pictures taken out? Start anew without --resume."),
                            path, state->step, trainer->steps);
    return true;
}

/** Loads the newest state that is whole. NULL without an error where there is none. */
static LkState *find_state(LkTrainer *trainer, const LkTrainerEvents *events, char **path, GError **error)
{
    g_autofree char *newest = lk_trainer_state_path(trainer), *previous = lk_state_previous(newest);
    g_autofree char *next = lk_state_next(newest); /* where a save was interrupted between its two renames */
    const char *const candidates[] = {newest, next, previous};
    g_autoptr(GError) first = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(candidates); i++) {
        if (!g_file_test(candidates[i], G_FILE_TEST_EXISTS))
            continue;
        g_autoptr(GError) problem = NULL;
        LkState *state = lk_state_load(candidates[i], &problem);
        if (state) {
            *path = g_strdup(candidates[i]);
            return state;
        }
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = problem->message, .warning = true});
        if (!first)
            first = g_steal_pointer(&problem);
    }
    if (first)
        g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
}

/** Whether the run's LoRA is there and no state: it is done. A LoRA of another job is not this run's; a file without
 * metadata cannot tell, and is not written over either. */
static bool is_finished(const LkTrainer *trainer, const char *path)
{
    g_autofree char *state = lk_trainer_state_path(trainer), *previous = lk_state_previous(state);
    g_autofree char *next = lk_state_next(state);
    const char *const others[] = {state, previous, next};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_file_test(others[i], G_FILE_TEST_EXISTS))
            return false;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return false;
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, NULL);
    const char *told = file ? lk_safetensors_metadata(file, "lorikeet.job") : NULL;
    const char *step = file ? lk_safetensors_metadata(file, "ss_steps") : NULL;
    g_autofree char *job = lk_job_canonical(trainer->original);
    g_autofree char *differences = told ? lk_job_differences(told, job) : NULL;
    return !told || (!differences && step && g_ascii_strtoll(step, NULL, 10) >= trainer->steps);
}

bool lk_trainer_tell_finished(const LkTrainer *trainer, const LkTrainerEvents *events)
{
    g_autofree char *path = output_path(trainer->original, trainer->original->output_name, lora_ending(trainer->job));
    if (!is_finished(trainer, path))
        return false;
    g_autofree char *shown = g_filename_display_name(path);
    g_autofree char *text = g_strdup_printf(
        _("This run is finished: its LoRA is '%s'. To train it once more, start without --resume."), shown);
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text});
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_DONE, .path = path, .step = trainer->steps});
    return true;
}

static bool read_masks(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    int factor = 1 << (lk_checkpoint_arch(trainer->checkpoint)->vae.levels - 1);
    if (trainer->masked && !trainer->masks)
        trainer->masks = lk_latent_masks_new(trainer->dataset, trainer->job->masked_loss, factor, events, error);
    return !trainer->masked || trainer->masks;
}

bool lk_trainer_load_state(LkTrainer *trainer, bool resume, const LkTrainerEvents *events, GError **error)
{
    g_clear_pointer(&trainer->state, lk_state_free);
    if (!read_masks(trainer, events, error) || !new_state(trainer, events, error))
        return false;
    if (!resume)
        return true;
    g_autofree char *path = NULL;
    GError *problem = NULL;
    g_autoptr(LkState) state = find_state(trainer, events, &path, &problem);
    if (problem) {
        g_propagate_error(error, problem);
        return false;
    }
    if (!state) {
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG,
                                                  .text = _("There is no saved state: training starts anew.")});
        return true;
    }
    if (!check_state(trainer, state, path, error))
        return false;
    if (!lk_guard_read(&trainer->guard, lk_trainer_scales(trainer), state->guard))
        return lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: its loss scale is '%s'."),
                            path, state->guard);
    if (!lk_trainer_read_averaging(trainer, state->averaging))
        return lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: its average is '%s'."), path,
                            state->averaging);
    GPtrArray *changes = lk_changes_read(state->changes, error);
    if (!changes)
        return false;
    g_ptr_array_unref(trainer->changes);
    trainer->changes = changes;
    if (!lk_trainer_apply_changes(trainer, events, error))
        return false;
    if (g_strcmp0(state->device, trainer->state->device) != 0)
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG,
                                                  .text = _("The state comes from another device or other library "
                                                            "versions: the result may differ in the last bits."),
                                                  .warning = true});
    g_free(state->device);
    state->device = g_strdup(trainer->state->device);
    lk_state_free(trainer->state);
    trainer->state = g_steal_pointer(&state);
    trainer->has_state = true;
    return true;
}

static bool give_up(GError *problem, GError **error)
{
    g_propagate_error(error, problem);
    return false;
}

bool lk_trainer_save_state(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    g_autofree char *path = lk_trainer_state_path(trainer);
    g_free(trainer->state->changes);
    trainer->state->changes = lk_changes_write(trainer->changes, false);
    g_free(trainer->state->averaging);
    trainer->state->averaging = lk_trainer_write_averaging(trainer);
    g_free(trainer->state->guard);
    trainer->state->guard = lk_guard_write(&trainer->guard, lk_trainer_scales(trainer));
    GError *problem = NULL;
    while (!lk_state_save(trainer->state, path, &problem))
        if (!lk_trainer_try_again(events, trainer->job->output_dir, &problem))
            return give_up(problem, error);
    trainer->has_state = true;
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_STATE, .path = path, .step = trainer->state->step});
    return true;
}

/* LoRA files ------------------------------------------------------------------------------------------------------- */

/** A model file's hashes, read at the first save. NULL where they cannot be had: a LoRA is worth more than they are. */
static const LkModelHashes *hashes_of(const LkTrainer *trainer, const LkInput *input, LkModelHashes *hashes,
                                      const LkTrainerEvents *events)
{
    g_autoptr(GError) problem = NULL;
    if (trainer->job->no_metadata || !input)
        return NULL;
    if (hashes->sha256[0] || lk_model_hashes(input, hashes, &problem))
        return hashes;
    g_autofree char *text =
        g_strdup_printf(_("The LoRA is saved without the hash of the base model. %s"), problem->message);
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    return NULL;
}

bool lk_trainer_save_lora(LkTrainer *trainer, const char *name, int64_t epoch, LkEventKind kind,
                          const LkTrainerEvents *events, GError **error)
{
    static const LkFileDType dtypes[] = {
        [LK_SAVE_FLOAT] = LK_FILE_F32, [LK_SAVE_FP16] = LK_FILE_F16, [LK_SAVE_BF16] = LK_FILE_BF16};
    const LkJob *job = trainer->original;
    const LkCheckpoint *model = trainer->checkpoint;
    LkLoraFormat format = {.family = lk_lora_family_of(lk_checkpoint_arch(model)),
                           .layout = LK_LAYOUT_KOHYA,
                           .dtype = dtypes[job->save_precision],
                           .pt = job->save_model_as == LK_SAVE_AS_PT};
    g_autofree char *changes = lk_changes_write(trainer->changes, true);
    LkMetadataFacts facts = {.job = job,
                             .changes = changes,
                             .dataset = trainer->dataset,
                             .arch = lk_checkpoint_arch(model),
                             .output_name = name,
                             .batches = trainer->batches,
                             .epochs = lk_job_epochs(job, trainer->batches),
                             .steps = trainer->steps,
                             .epoch = epoch,
                             .step = trainer->state->step,
                             .hashes = hashes_of(trainer, lk_checkpoint_input(model), &trainer->hashes, events),
                             .vae_hashes =
                                 hashes_of(trainer, lk_checkpoint_vae_input(model), &trainer->vae_hashes, events)};
    g_autoptr(LkMetadata) metadata = lk_training_metadata(&facts);
    g_autofree char *path = output_path(job, name, lora_ending(job));
    g_autofree float *weights = lk_trainer_result(trainer, error);
    if (!weights)
        return false;
    GError *problem = NULL;
    while (!lk_lora_save(trainer->lora, weights, path, &format, metadata, &problem))
        if (!lk_trainer_try_again(events, job->output_dir, &problem))
            return give_up(problem, error);
    lk_trainer_tell(events,
                    &(LkTrainerEvent){.kind = kind, .path = path, .step = trainer->state->step, .epoch = epoch});
    return true;
}

static void remove_lora(const LkTrainer *trainer, const char *name)
{
    g_autofree char *path = output_path(trainer->job, name, lora_ending(trainer->job));
    unlink(path);
}

static char *epoch_name(const LkJob *job, int64_t epoch)
{
    return g_strdup_printf("%s-%06" G_GINT64_FORMAT, job->output_name, epoch);
}

static char *step_name(const LkJob *job, int64_t step)
{
    return g_strdup_printf("%s-step%08" G_GINT64_FORMAT, job->output_name, step);
}

int64_t lk_trainer_epoch_of(const LkTrainer *trainer, int64_t step)
{
    return (step + trainer->steps_per_epoch - 1) / trainer->steps_per_epoch;
}

bool lk_trainer_save_as_step(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    int64_t step = trainer->state->step;
    g_autofree char *name = step_name(trainer->job, step);
    return lk_trainer_save_lora(trainer, name, lk_trainer_epoch_of(trainer, step), LK_EVENT_SAVED, events, error);
}

bool lk_trainer_save_stopped(LkTrainer *trainer, const LkTrainerEvents *events, GError **error)
{
    return lk_trainer_load_state(trainer, true, events, error) &&
           (trainer->state->step == 0 || lk_trainer_save_as_step(trainer, events, error));
}

/** Epochs between two checkpoints; 0: none (sd-scripts: save_n_epoch_ratio). */
static int64_t save_interval(const LkTrainer *trainer)
{
    const LkJob *job = trainer->job;
    if (job->save_n_epoch_ratio == 0)
        return job->save_every_n_epochs;
    return MAX(lk_trainer_epochs(trainer) / job->save_n_epoch_ratio, 1);
}

/** The checkpoint after an epoch, and the deletion of the one that falls out of the last n (sd-scripts:
 * get_remove_epoch_no). */
static bool save_epoch(LkTrainer *trainer, int64_t epoch, const LkTrainerEvents *events, GError **error)
{
    const LkJob *job = trainer->job;
    g_autofree char *name = epoch_name(job, epoch);
    if (!lk_trainer_save_lora(trainer, name, epoch, LK_EVENT_SAVED, events, error))
        return false;
    int64_t old = epoch - save_interval(trainer) * job->save_last_n_epochs;
    if (job->save_last_n_epochs > 0 && old > 0) {
        g_autofree char *old_name = epoch_name(job, old);
        remove_lora(trainer, old_name);
    }
    return true;
}

/** The same for steps (sd-scripts: get_remove_step_no). */
static bool save_step(LkTrainer *trainer, int64_t step, const LkTrainerEvents *events, GError **error)
{
    const LkJob *job = trainer->job;
    if (!lk_trainer_save_as_step(trainer, events, error))
        return false;
    int64_t old = step - job->save_last_n_steps - 1;
    if (job->save_last_n_steps > 0 && old > 0) {
        g_autofree char *old_name = step_name(job, old - old % job->save_every_n_steps);
        remove_lora(trainer, old_name);
    }
    return true;
}

bool lk_trainer_save_due(LkTrainer *trainer, int64_t step, int64_t epoch_end, const LkTrainerEvents *events,
                         GError **error)
{
    const LkJob *job = trainer->job;
    int64_t interval = save_interval(trainer);
    bool last = step == trainer->steps;
    bool by_step = job->save_every_n_steps > 0 && step % job->save_every_n_steps == 0;
    bool by_epoch = epoch_end > 0 && interval > 0 && epoch_end % interval == 0 && !last;
    bool state = (job->save_state && (by_step || by_epoch)) ||
                 (job->save_state_every_n_steps > 0 && step % job->save_state_every_n_steps == 0);
    if (!by_step && !by_epoch && !state)
        return true;
    return lk_trainer_fetch_state(trainer, step, error) && (!by_step || save_step(trainer, step, events, error)) &&
           (!by_epoch || save_epoch(trainer, epoch_end, events, error)) &&
           (!state || lk_trainer_save_state(trainer, events, error));
}
