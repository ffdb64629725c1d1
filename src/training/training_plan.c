/* What a run needs, before it begins. */
#include "training/trainer_private.h"

#include "format/gerror.h"
#include "training/device.h"

#include <glib/gi18n.h>

/** What the program takes beside what is planned: code, libraries, file caches; on a card code that is loaded when it
 * first runs. */
#define PROGRAM_BYTES ((int64_t)96 << 20)

void lk_training_plan_clear(LkTrainingPlan *plan)
{
    g_clear_pointer(&plan->fixes, g_ptr_array_unref);
}

/** The step whose arena is the largest; NULL where the optimizer's is. */
static const LkStepProgram *largest_program(const LkTrainer *trainer)
{
    const LkStepProgram *largest = NULL;
    int64_t bytes = trainer->update_prepared.plan->arena_bytes;
    for (guint i = 0; i < trainer->programs->len; i++) {
        const LkStepProgram *program = g_ptr_array_index(trainer->programs, i);
        if (program->prepared.plan->arena_bytes > bytes) {
            largest = program;
            bytes = program->prepared.plan->arena_bytes;
        }
    }
    return largest;
}

static const LkPlan *largest_step(const LkTrainer *trainer)
{
    const LkStepProgram *program = largest_program(trainer);
    return program ? program->prepared.plan : trainer->update_prepared.plan;
}

int64_t lk_trainer_step_arena(const LkTrainer *trainer)
{
    return largest_step(trainer)->arena_bytes;
}

int64_t lk_trainer_arena(const LkTrainer *trainer)
{
    return MAX(lk_trainer_step_arena(trainer), lk_samples_memory(trainer->samples).arena);
}

int64_t lk_trainer_host_bytes(const LkTrainer *trainer)
{
    int64_t state = lk_lora_elements(trainer->lora) * (int64_t)sizeof(float);
    return PROGRAM_BYTES + (lk_trainer_on_host(trainer) ? state + lk_update_bytes(trainer->update) : 0);
}

int64_t lk_trainer_needs(const LkTrainer *trainer)
{
    int64_t adapter = 2 * lk_lora_elements(trainer->lora) * (int64_t)sizeof(float);
    return trainer->weights + lk_samples_memory(trainer->samples).weights + adapter + lk_update_bytes(trainer->update) +
           lk_trainer_arena(trainer) + lk_trainer_host_bytes(trainer);
}

int64_t lk_trainer_free_bytes(const LkTrainer *trainer)
{
    return lk_device_free_bytes(trainer->api, trainer->device_index, &trainer->info, trainer->share,
                                trainer->api->allocated(trainer->device));
}

static void suggest(GPtrArray *fixes, const char *text)
{
    g_ptr_array_add(fixes, g_strdup(text));
}

/** What does not change the result, or hardly, with what it saves. */
static void suggest_residency(const LkTrainer *trainer, GPtrArray *fixes)
{
    int64_t offload = lk_trainer_offload_saves(trainer), codes = lk_trainer_codes_save(trainer);
    if (offload > 0)
        g_ptr_array_add(fixes,
                        g_strdup_printf(_("offload_base_weights = \"auto\", which saves up to %.2f GiB; the result is "
                                          "the same, steps take longer"),
                                        (double)offload / (1 << 30)));
    if (codes > 0)
        g_ptr_array_add(fixes, g_strdup_printf(_("base_weights_precision = \"int8\", which saves about %.2f GiB"),
                                               (double)codes / (1 << 30)));
}

static bool samples_are_largest(const LkTrainer *trainer)
{
    return trainer->update && lk_samples_memory(trainer->samples).arena >= largest_step(trainer)->arena_bytes;
}

/** What makes steps smaller. */
static void suggest_for_steps(const LkTrainer *trainer, GPtrArray *fixes)
{
    const LkJob *job = trainer->job;
    const LkStepProgram *largest = trainer->update ? largest_program(trainer) : NULL;
    bool samples = samples_are_largest(trainer);
    if (!job->gradient_checkpointing && !samples)
        suggest(fixes, "gradient_checkpointing = true");
    if (job->train_batch_size > 1 && !samples && (!largest || largest->batch > 1))
        suggest(fixes, _("train_batch_size = 1, with gradient_accumulation_steps for the same effect"));
    if (trainer->compute == LK_F32 && trainer->info.bf16)
        suggest(fixes, "mixed_precision = \"bf16\"");
    if (trainer->update)
        suggest_residency(trainer, fixes);
    if (samples)
        suggest(fixes, _("smaller sample pictures (--w and --h in sample_prompts)"));
}

GPtrArray *lk_trainer_memory_fixes(const LkTrainer *trainer, const LkTrainingPlan *plan)
{
    GPtrArray *fixes = g_ptr_array_new_with_free_func(g_free);
    const LkJob *job = trainer->job;
    bool encoding = plan && plan->total == plan->encoding + plan->host;
    bool pictures = encoding && plan->encoding > trainer->captions;
    if (job->vae_tiling == LK_VAE_TILING_OFF && (!plan || pictures || (!encoding && samples_are_largest(trainer))))
        suggest(fixes, "vae_tiling = \"auto\"");
    if (!encoding)
        suggest_for_steps(trainer, fixes);
    if (pictures || (!encoding && job->resolution.width * job->resolution.height > 512 * 512))
        suggest(fixes, _("a smaller resolution"));
    if (!encoding && job->network_dim > 8 && job->network.algo != LK_ALGO_LOKR) /* there it changes little or nothing */
        suggest(fixes, _("a smaller network_dim"));
    if (fixes->len == 0)
        suggest(fixes, _("closing other programs"));
    return fixes;
}

bool lk_trainer_plan(LkTrainer *trainer, LkTrainingPlan *plan, GError **error)
{
    LkEncodingBytes encoding;
    int64_t text;
    int64_t state = lk_lora_elements(trainer->lora) * (int64_t)sizeof(float);
    *plan = (LkTrainingPlan){0};
    if (!lk_trainer_compile(trainer, error) || !lk_trainer_choose_encoding_tiles(trainer, &encoding, error) ||
        !lk_trainer_plan_text(trainer, &text, error))
        return false;
    const LkPlan *step = largest_step(trainer);
    g_strlcpy(plan->device, trainer->info.name, sizeof plan->device);
    plan->pictures = trainer->dataset->pictures->len;
    plan->batches = trainer->batches;
    plan->epochs = lk_job_epochs(trainer->job, trainer->batches);
    plan->steps = trainer->steps;
    plan->to_encode = lk_latents_missing(trainer->latents);
    plan->weights = trainer->weights;
    plan->adapter = 2 * state;
    plan->optimizer = lk_update_bytes(trainer->update);
    LkGeneratorMemory sampling = lk_samples_memory(trainer->samples);
    plan->sampling = sampling.weights;
    plan->arena = lk_trainer_arena(trainer);
    plan->activations = step->input_bytes + step->activation_bytes;
    plan->workspace = plan->arena - plan->activations;
    trainer->captions = text;
    plan->encoding = MAX(encoding.arena + encoding.weights, text);
    plan->encoding_tile = trainer->encoding_tile;
    plan->sampling_tile = trainer->sampling_tile;
    plan->host = lk_trainer_host_bytes(trainer);
    plan->offloaded = trainer->api->planned_host(trainer->device);
    plan->total = MAX(lk_trainer_needs(trainer), plan->encoding + plan->host);
    plan->available = lk_trainer_free_bytes(trainer);
    plan->fits = plan->total <= plan->available;
    plan->fixes = plan->fits ? g_ptr_array_new_with_free_func(g_free) : lk_trainer_memory_fixes(trainer, plan);
    return true;
}
