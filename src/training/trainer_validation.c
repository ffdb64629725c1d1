/* Validation: the loss on pictures that are held out, with noise and timesteps that are the same every time
 * (sd-scripts: validation_split; there too four timesteps, evenly between min_timestep and max_timestep). */
#include "training/trainer_private.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>

enum { TIMESTEPS = 4 };

/** Random numbers of validation are those of batches that no run has. */
#define FIRST_INDEX UINT32_C(0x80000000)

/** The program that measures pictures of this size, or NULL. */
static LkStepProgram *find_program(const LkTrainer *trainer, int height, int width)
{
    for (guint i = 0; i < trainer->programs->len; i++) {
        LkStepProgram *program = g_ptr_array_index(trainer->programs, i);
        if (program->measures && program->height == height && program->width == width)
            return program;
    }
    return NULL;
}

static bool add_program(LkTrainer *trainer, int height, int width, LkError *error)
{
    LkStepShape shape = lk_trainer_step_shape(trainer, height, width, 1);
    LkStepProgram *program = g_new0(LkStepProgram, 1);
    shape.forward_only = true;
    shape.dropout = (LkLoraDropout){0};
    *program = (LkStepProgram){.height = height, .width = width, .batch = 1, .measures = true};
    g_ptr_array_add(trainer->programs, program);
    program->graph = lk_step_graph_new(trainer->checkpoint, trainer->lora, &shape, trainer->compute, false, error);
    return program->graph &&
           lk_prepare(&program->prepared, trainer->api, trainer->device, program->graph->graph, error);
}

bool lk_trainer_add_validation(LkTrainer *trainer, LkError *error)
{
    for (guint i = 0; i < trainer->dataset->pictures->len; i++) {
        int height, width;
        if (!lk_dataset_is_held_out(g_ptr_array_index(trainer->dataset->pictures, i)))
            continue;
        lk_latents_size(trainer->latents, i, &height, &width);
        if (!find_program(trainer, height, width) && !add_program(trainer, height, width, error))
            return false;
    }
    return true;
}

bool lk_trainer_validation_due(const LkTrainer *trainer, int64_t step, int64_t epoch_end)
{
    const LkJob *job = trainer->job;
    if (trainer->dataset->held_out == 0)
        return false;
    bool by_step = job->validate_every_n_steps > 0 && step % job->validate_every_n_steps == 0;
    int every = job->validate_every_n_epochs > 0  ? job->validate_every_n_epochs
                : job->validate_every_n_steps > 0 ? 0
                                                  : 1;
    return by_step || (every > 0 && epoch_end > 0 && epoch_end % every == 0);
}

/** The weighted loss of one picture at one timestep. */
static bool measure(LkTrainer *trainer, guint picture, int draw, double *loss, GError **error)
{
    const LkJob *job = trainer->job;
    const LkEpochEntry entry = {.picture = picture};
    int height, width,
        timestep = job->min_timestep + (job->max_timestep - job->min_timestep) * (draw + 1) / (TIMESTEPS + 1);
    float weight, value;
    LkBatchPlace place = {.index = FIRST_INDEX + picture * TIMESTEPS + (uint32_t)draw,
                          .entries = &entry,
                          .count = 1,
                          .timestep = &timestep};
    lk_latents_size(trainer->latents, picture, &height, &width);
    LkStepProgram *program = find_program(trainer, height, width);
    int seen;
    if (!lk_trainer_write_batch(trainer, program, &place, &weight, &seen, error))
        return false;
    LkError problem = {0};
    if (!trainer->api->run(program->prepared.program, &problem) ||
        !trainer->api->read(program->prepared.program, program->graph->loss, &value, sizeof value, &problem))
        return lk_gerror_take(error, &problem);
    *loss += (double)value * (double)weight / TIMESTEPS;
    return true;
}

/** The mean over the held-out pictures, in *context. */
static bool measure_all(LkTrainer *trainer, void *context, GError **error)
{
    double *mean = context, sum = 0;
    const guint most = trainer->job->max_validation_steps > 0 ? (guint)trainer->job->max_validation_steps : G_MAXUINT;
    guint count = 0;
    for (guint i = 0; i < trainer->dataset->pictures->len && count < most; i++) {
        if (!lk_dataset_is_held_out(g_ptr_array_index(trainer->dataset->pictures, i)))
            continue;
        count++;
        for (int draw = 0; draw < TIMESTEPS; draw++)
            if (!measure(trainer, i, draw, &sum, error))
                return false;
    }
    *mean = sum / count;
    return true;
}

bool lk_trainer_validate(LkTrainer *trainer, int64_t step, int64_t epoch, const LkTrainerEvents *events, GError **error)
{
    double loss = 0;
    if (!lk_trainer_with_result(trainer, measure_all, &loss, error))
        return false;
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_VALIDATION, .step = step, .epoch = epoch, .loss = loss});
    return true;
}
