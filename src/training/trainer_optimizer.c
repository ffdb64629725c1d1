/* The optimizer's step on the device, and what it keeps. */
#include "training/trainer_private.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

static const LkOptimizer *optimizer_of(const LkTrainer *trainer)
{
    return lk_optimizer((LkOptimizerType)trainer->job->optimizer_type);
}

LkUpdateShape lk_trainer_update_shape(const LkTrainer *trainer)
{
    const LkJob *job = trainer->job;
    return (LkUpdateShape){.max_norm = (float)job->max_grad_norm,
                           .optimizer = (LkOptimizerType)job->optimizer_type,
                           .ema = job->ema_decay > 0,
                           .norm_limit = (float)job->scale_weight_norms};
}

/* What is kept ----------------------------------------------------------------------------------------------------- */

/** Gives a new state its arrays, as they begin. */
static bool add_arrays(LkTrainer *trainer, GError **error)
{
    LkState *state = trainer->state;
    for (int i = 0; i < trainer->update->n_arrays; i++) {
        const LkUpdateArray *a = &trainer->update->arrays[i];
        if (!lk_state_add(state, a->name, a->dtype, a->count))
            return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the optimizer."));
        float *data = state->arrays[i].data;
        if (a->is_weights)
            memcpy(data, state->adapter, (gsize)a->count * sizeof *data);
        if (a->kind == LK_ARRAY_CARRY)
            data[LK_CARRY_D] = data[LK_CARRY_D_MAX] = (float)trainer->job->optimizer.d0;
    }
    return true;
}

/** Whether a state has the arrays that the optimizer's graph wants. */
static bool has_arrays(const LkTrainer *trainer)
{
    bool fits = trainer->state->n_arrays == trainer->update->n_arrays;
    for (int i = 0; fits && i < trainer->update->n_arrays; i++) {
        const LkUpdateArray *a = &trainer->update->arrays[i];
        const LkStateArray *b = lk_state_array(trainer->state, a->name);
        fits = b && b->dtype == a->dtype && b->count == a->count;
    }
    return fits;
}

static gsize bytes_of(const LkUpdateArray *array)
{
    return (gsize)array->count * lk_dtype_size(array->dtype);
}

bool lk_trainer_fetch_state(LkTrainer *trainer, int64_t step, GError **error)
{
    LkError problem = {0};
    LkProgram *program = trainer->update_prepared.program;
    const LkUpdateGraph *u = trainer->update;
    gsize bytes = (gsize)trainer->state->elements * sizeof(float);
    trainer->state->step = step;
    bool ok = trainer->api->read(program, u->adapter, trainer->state->adapter, bytes, &problem);
    for (int i = 0; ok && i < u->n_arrays; i++)
        ok = trainer->api->read(program, u->arrays[i].ref, lk_state_array(trainer->state, u->arrays[i].name)->data,
                                bytes_of(&u->arrays[i]), &problem);
    return ok || lk_gerror_take(error, &problem);
}

static bool no_memory(GError **error)
{
    return lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for a copy of the LoRA's weights."));
}

static bool clear_gradient(LkTrainer *trainer, GError **error)
{
    LkError problem = {0};
    gsize bytes = (gsize)trainer->state->elements * sizeof(float);
    g_autofree float *zero = g_try_new0(float, (gsize)trainer->state->elements);
    if (!zero)
        return no_memory(error);
    return trainer->api->write(trainer->update_prepared.program, trainer->update->gradient, zero, bytes, &problem) ||
           lk_gerror_take(error, &problem);
}

bool lk_trainer_store_state(LkTrainer *trainer, GError **error)
{
    LkError problem = {0};
    LkProgram *program = trainer->update_prepared.program;
    const LkUpdateGraph *u = trainer->update;
    gsize bytes = (gsize)trainer->state->elements * sizeof(float);
    if (trainer->state->n_arrays == 0 && !add_arrays(trainer, error))
        return false;
    if (!has_arrays(trainer))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The training state does not hold what the optimizer %s keeps. Start anew without "
                              "--resume."),
                            optimizer_of(trainer)->name);
    bool ok = trainer->api->write(program, u->adapter, trainer->state->adapter, bytes, &problem);
    for (int i = 0; ok && i < u->n_arrays; i++)
        ok = trainer->api->write(program, u->arrays[i].ref, lk_state_array(trainer->state, u->arrays[i].name)->data,
                                 bytes_of(&u->arrays[i]), &problem);
    if (ok && u->table != LK_NONE)
        ok = trainer->api->write(program, u->table, u->matrices,
                                 (gsize)u->n_matrices * LK_MATRIX_COUNT * sizeof *u->matrices, &problem);
    return ok ? clear_gradient(trainer, error) : lk_gerror_take(error, &problem);
}

char *lk_trainer_write_averaging(const LkTrainer *trainer)
{
    char sum[G_ASCII_DTOSTR_BUF_SIZE], most[G_ASCII_DTOSTR_BUF_SIZE];
    if (!optimizer_of(trainer)->averages)
        return NULL;
    return g_strdup_printf("%s %s", g_ascii_dtostr(sum, sizeof sum, trainer->averaging.weight_sum),
                           g_ascii_dtostr(most, sizeof most, trainer->averaging.rate_max));
}

bool lk_trainer_read_averaging(LkTrainer *trainer, const char *text)
{
    char *end;
    trainer->averaging = (LkAveraging){0};
    if (!text)
        return true;
    trainer->averaging.weight_sum = g_ascii_strtod(text, &end);
    trainer->averaging.rate_max = g_ascii_strtod(end, &end);
    return *end == '\0';
}

/* A step ----------------------------------------------------------------------------------------------------------- */

/** The learning rate of a part of the model before the schedule. */
static double base_rate(const LkJob *job, int side)
{
    const double rates[LK_GROUP_COUNT] = {[LK_GROUP_TEXT] = job->text_encoder_lr,
                                          [LK_GROUP_TEXT_2] = job->text_encoder_2_lr,
                                          [LK_GROUP_UNET] = job->unet_lr};
    return rates[side];
}

/** That of the part that is spoken of. */
static double main_rate(const LkJob *job)
{
    int text = lk_job_trains_text(job, 0) ? LK_GROUP_TEXT : LK_GROUP_TEXT_2;
    return base_rate(job, lk_job_trains_unet(job) ? LK_GROUP_UNET : text);
}

bool lk_trainer_update(LkTrainer *trainer, int64_t step, LkUpdateReport *report, GError **error)
{
    const LkJob *job = trainer->job;
    const LkOptimizerType type = (LkOptimizerType)job->optimizer_type;
    const int64_t number = step + 1 - trainer->guard.skipped;
    const float scale = (float)trainer->guard.scale, accumulated = (float)job->gradient_accumulation_steps;
    LkLrSchedule schedule = lk_lr_schedule_of_job(job, trainer->steps);
    const double factor = lk_lr_factor(&schedule, step);
    LkAveraging averaging = trainer->averaging;
    const double share = lk_averaging_step(&averaging, &job->optimizer, number, main_rate(job) * factor);
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = scale,
                                      [LK_SCALAR_GRADIENT_SCALE] = 1.0f / accumulated / scale,
                                      [LK_SCALAR_EMA] = (float)lk_ema_decay(job->ema_decay, number)};
    const int64_t moved = lk_optimizer_steps(type, number, lk_lr_factor(&schedule, 0) == 0);
    for (int i = 0; i < lk_lora_group_count(trainer->lora); i++) {
        const LkLoraGroup *group = lk_lora_group(trainer->lora, i);
        lk_optimizer_scalars(type, &job->optimizer, moved, base_rate(job, group->side) * group->rate * factor, share,
                             scalars + LK_SCALAR_GROUPS + i * LK_SCALAR_GROUP_SIZE);
    }
    report->rate = job->optimizer.relative_step ? lk_adafactor_rate(&job->optimizer, number) : main_rate(job) * factor;
    LkError problem = {0};
    const gsize told = LK_REPORT_LOSSES + (gsize)trainer->update->n_losses;
    g_autofree float *numbers = g_new(float, told);
    LkProgram *program = trainer->update_prepared.program;
    if (!trainer->api->write(program, trainer->update->scalars, scalars, sizeof scalars, &problem) ||
        !trainer->api->run(program, &problem) ||
        !trainer->api->read(program, trainer->update->report, numbers, told * sizeof *numbers, &problem))
        return lk_gerror_take(error, &problem);
    report->norm = numbers[LK_REPORT_NORM];
    report->sound = isfinite(numbers[LK_REPORT_FACTOR]);
    memcpy(report->losses, numbers + LK_REPORT_LOSSES, (told - LK_REPORT_LOSSES) * sizeof *numbers);
    if (lk_update_array(trainer->update, "carry")) /* a factor of the job's rate */
        report->rate *= (double)numbers[LK_REPORT_FOUND_RATE];
    if (report->sound)
        trainer->averaging = averaging;
    return true;
}

/* The result ------------------------------------------------------------------------------------------------------- */

/** The average of schedule-free steps, from where gradients are taken (y) and the plain steps (z): the optimizer's
 * eval(). */
static void average(float *weights, const float *plain, int64_t count, double beta1)
{
    double share = 1 - 1 / beta1;
    for (int64_t i = 0; i < count; i++)
        weights[i] = (float)((double)weights[i] + share * ((double)plain[i] - (double)weights[i]));
}

/** `adapter` becomes the result; `other` is the array "ema" or "z". */
static void become_result(const LkTrainer *trainer, float *adapter, const float *other)
{
    int64_t count = trainer->state->elements;
    if (trainer->job->ema_decay > 0)
        memcpy(adapter, other, (gsize)count * sizeof *adapter);
    else
        average(adapter, other, count, trainer->job->optimizer.beta1);
}

/** Which array makes the result; NULL: the adapter is it. */
static const char *result_array(const LkTrainer *trainer)
{
    return trainer->job->ema_decay > 0                                            ? "ema"
           : optimizer_of(trainer)->averages && trainer->job->optimizer.beta1 > 0 ? "z"
                                                                                  : NULL;
}

float *lk_trainer_result(const LkTrainer *trainer, GError **error)
{
    float *weights = LK_TRY_NEW(float, (gsize)trainer->state->elements, error);
    if (!weights)
        return NULL;
    memcpy(weights, trainer->state->adapter, (gsize)trainer->state->elements * sizeof *weights);
    const char *name = result_array(trainer);
    const float *other = name ? lk_state_floats(trainer->state, name) : NULL;
    if (other)
        become_result(trainer, weights, other);
    return weights;
}

bool lk_trainer_with_result(LkTrainer *trainer, LkWithResult function, void *context, GError **error)
{
    const char *name = result_array(trainer);
    if (!name)
        return function(trainer, context, error);
    LkError problem = {0};
    LkProgram *program = trainer->update_prepared.program;
    const gsize bytes = (gsize)trainer->state->elements * sizeof(float);
    const LkRef adapter = trainer->update->adapter;
    g_autofree float *before = g_try_malloc(bytes), *other = g_try_malloc(bytes), *result = g_try_malloc(bytes);
    if (!before || !other || !result)
        return no_memory(error);
    if (!trainer->api->read(program, adapter, before, bytes, &problem) ||
        !trainer->api->read(program, lk_update_array(trainer->update, name)->ref, other, bytes, &problem))
        return lk_gerror_take(error, &problem);
    memcpy(result, before, bytes);
    become_result(trainer, result, other);
    if (!trainer->api->write(program, adapter, result, bytes, &problem))
        return lk_gerror_take(error, &problem);
    bool done = function(trainer, context, error);
    if (trainer->api->write(program, adapter, before, bytes, &problem))
        return done;
    if (done)
        lk_gerror_take(error, &problem);
    return false;
}

/** What lk_samples_make takes. */
typedef struct Samples {
    const LkSampleMoment *moment;
    bool missing_only;
    const LkTrainerEvents *events;
} Samples;

static bool make_samples(LkTrainer *trainer, void *context, GError **error)
{
    const Samples *s = context;
    return lk_samples_make(trainer->samples, s->moment, s->missing_only, s->events, error);
}

bool lk_trainer_make_samples(LkTrainer *trainer, const LkSampleMoment *moment, bool missing_only,
                             const LkTrainerEvents *events, GError **error)
{
    return lk_trainer_with_result(trainer, make_samples, &(Samples){moment, missing_only, events}, error);
}
