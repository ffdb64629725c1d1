#include "training/trainer_private.h"

#include "format/gerror.h"
#include "training/job_dataset.h"
#include "training/job_model.h"

#include <glib/gi18n.h>
#include <string.h>

static LkDataset *open_dataset(LkTrainer *trainer, GError **error)
{
    LkDatasetConfig *config = lk_job_dataset_config(trainer->job, trainer->findings, error);
    int multiple = lk_size_multiple(lk_checkpoint_arch(trainer->checkpoint));
    return config ? lk_dataset_new(config, multiple, trainer->findings, error) : NULL;
}

/** Refuses a dataset with pictures that would silently be left out. */
static bool check_dataset(const LkTrainer *trainer, GError **error)
{
    if (trainer->dataset->unusable == 0)
        return true;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < trainer->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(trainer->findings, i);
        if (lk_finding_severity(finding->kind) == LK_SEVERITY_ERROR)
            g_ptr_array_add(lines, g_strdup_printf("%s: %s", finding->path, finding->text));
    }
    return lk_refuse_pictures(lines, error);
}

static bool captions_vary(const LkTrainer *trainer)
{
    for (guint i = 0; i < trainer->dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(trainer->dataset->pictures, i);
        if (lk_subset_captions_vary(picture->subset))
            return true;
    }
    return false;
}

static bool trains_text(const LkLora *lora)
{
    for (int i = 0; i < lk_lora_count(lora); i++)
        if (lk_lora_at(lora, i)->side != LK_GROUP_UNET)
            return true;
    return false;
}

/** What the job's precision means on this device. */
static bool choose_precision(LkTrainer *trainer, GError **error)
{
    trainer->compute = LK_F32;
    if (trainer->job->mixed_precision == LK_MIXED_FP16 && strcmp(trainer->api->name, "cpu") == 0)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("mixed_precision = \"fp16\" cannot be used on the CPU: no processor multiplies fp16 "
                              "faster than fp32. Use \"no\", or \"bf16\" where `lorikeet-cli devices` lists it."));
    if (trainer->job->mixed_precision == LK_MIXED_FP16)
        trainer->compute = LK_F16;
    if (trainer->job->mixed_precision == LK_MIXED_BF16)
        trainer->compute = LK_BF16;
    trainer->guard = lk_guard_new(lk_trainer_scales(trainer));
    return true;
}

bool lk_trainer_scales(const LkTrainer *trainer)
{
    return trainer->compute == LK_F16;
}

static bool open_cache(LkTrainer *trainer, GError **error)
{
    g_autofree char *folder = trainer->job->cache_dir
                                  ? g_strdup(trainer->job->cache_dir)
                                  : g_build_filename(g_get_user_cache_dir(), "lorikeet", "latents", NULL);
    trainer->cache = lk_latent_cache_open(folder, error);
    if (!trainer->cache)
        return false;
    g_autofree char *weights =
        lk_checkpoint_identity(trainer->checkpoint, lk_checkpoint_arch(trainer->checkpoint)->text_root, error);
    if (!weights)
        return false;
    trainer->runs_on =
        g_strdup_printf("%s, %s, %d threads", trainer->info.name, trainer->info.detail, trainer->info.threads);
    bool tf32 = trainer->job->allow_tf32 && trainer->compute == LK_F32 && !lk_trainer_on_host(trainer);
    trainer->text_identity =
        g_strdup_printf("%s %s skip %d %s", weights, tf32 ? "tf32" : lk_dtype_name(trainer->compute),
                        trainer->job->clip_skip, trainer->runs_on);
    trainer->latents = lk_latents_new(trainer->dataset, trainer->cache, trainer->checkpoint, trainer->runs_on, error);
    return trainer->latents != NULL;
}

static bool open_device(LkTrainer *trainer, int index, GError **error)
{
    LkError problem = {0};
    LkDeviceInfo infos[16];
    int count = trainer->api->devices(infos, G_N_ELEMENTS(infos), &problem);
    if (count <= index || index < 0)
        return problem.code ? lk_gerror_take(error, &problem)
                            : lk_set_error(error, LK_ERROR_USAGE, _("There is no %s device number %d."),
                                           trainer->api->name, index);
    trainer->info = infos[index];
    trainer->device = trainer->api->open(index, 0, &problem);
    return trainer->device || lk_gerror_take(error, &problem);
}

/** Lets the base model be read with the LoRAs of base_weights. */
static bool merge_base_weights(LkTrainer *trainer, GError **error)
{
    GError *problem = NULL;
    int unused;
    trainer->merged = lk_base_weights_merge(trainer->job, trainer->checkpoint, &unused, &problem);
    if (problem) {
        g_propagate_error(error, problem);
        return false;
    }
    if (unused > 0)
        lk_problems_add(trainer->remarks, LK_PROBLEM_WARNING, "base_weights", NULL, NULL, 0,
                        _("%d modules of the LoRAs in base_weights have no layer in the base model and are left out."),
                        unused);
    return true;
}

LkTrainer *lk_trainer_new(const LkJob *job, const LkBackend *api, int device_index, GError **error)
{
    g_autoptr(LkTrainer) trainer = g_new0(LkTrainer, 1);
    trainer->original = lk_job_copy(job);
    trainer->job = lk_job_copy(job);
    trainer->changes = lk_changes_new();
    trainer->api = api;
    trainer->device_index = device_index;
    trainer->share = 100;
    trainer->findings = lk_findings_new();
    trainer->remarks = lk_problems_new();
    trainer->programs = g_ptr_array_new();
    if (!choose_precision(trainer, error))
        return NULL;
    trainer->checkpoint = lk_checkpoint_open(job->pretrained_model_name_or_path, error);
    if (!trainer->checkpoint || (job->vae && !lk_checkpoint_set_vae(trainer->checkpoint, job->vae, error)))
        return NULL;
    const LkModelArch *arch = lk_checkpoint_arch(trainer->checkpoint);
    lk_job_follow_model(trainer->job, arch, trainer->remarks);
    lk_job_follow_model(trainer->original, arch, NULL);
    trainer->dataset = open_dataset(trainer, error);
    if (!trainer->dataset || !check_dataset(trainer, error))
        return NULL;
    trainer->tokenizer = lk_clip_tokenizer_new(error);
    if (!trainer->tokenizer)
        return NULL;
    if (!merge_base_weights(trainer, error))
        return NULL;
    trainer->lora = lk_lora_for_job(job, trainer->checkpoint, &trainer->initial, error);
    if (trainer->lora && lk_samples_wanted(job))
        trainer->samples = lk_samples_new(trainer->job, trainer->checkpoint, trainer->lora, error);
    if (!trainer->lora || (lk_samples_wanted(job) && !trainer->samples) || !open_device(trainer, device_index, error) ||
        !open_cache(trainer, error))
        return NULL;
    lk_trainer_ask_tiles(trainer);
    lk_noise_schedule_init(&trainer->noise, trainer->job->zero_terminal_snr);
    trainer->chunks = job->max_token_length / 75;
    trainer->cached_text = !trains_text(trainer->lora) && !captions_vary(trainer);
    trainer->masked = lk_latent_masks_wanted(trainer->dataset, job->masked_loss);
    trainer->batches = (int64_t)lk_dataset_batches(trainer->dataset);
    trainer->steps_per_epoch = lk_job_steps_per_epoch(job, trainer->batches);
    trainer->steps = lk_job_total_steps(job, trainer->batches);
    return g_steal_pointer(&trainer);
}

void lk_trainer_limit_memory(LkTrainer *trainer, int share)
{
    trainer->share = share;
}

void lk_trainer_free(LkTrainer *trainer)
{
    if (!trainer)
        return;
    lk_trainer_free_programs(trainer);
    lk_samples_free(trainer->samples);
    g_ptr_array_unref(trainer->programs);
    if (trainer->device)
        trainer->api->close(trainer->device);
    lk_state_free(trainer->state);
    lk_latents_free(trainer->latents);
    lk_latent_masks_free(trainer->masks);
    lk_latent_cache_close(trainer->cache);
    lk_lora_free(trainer->lora);
    lk_lora_file_free(trainer->initial);
    lk_base_weights_free(trainer->merged);
    lk_clip_tokenizer_free(trainer->tokenizer);
    lk_dataset_free(trainer->dataset);
    lk_checkpoint_free(trainer->checkpoint);
    g_ptr_array_unref(trainer->findings);
    g_ptr_array_unref(trainer->remarks);
    g_ptr_array_unref(trainer->changes);
    lk_job_free(trainer->job);
    lk_job_free(trainer->original);
    g_free(trainer->text_identity);
    g_free(trainer->runs_on);
    g_free(trainer);
}

const GPtrArray *lk_trainer_findings(const LkTrainer *trainer)
{
    return trainer->findings;
}

const LkDataset *lk_trainer_dataset(const LkTrainer *trainer)
{
    return trainer->dataset;
}

int64_t lk_trainer_allocated(const LkTrainer *trainer)
{
    return trainer->api->allocated(trainer->device);
}

const LkDeviceInfo *lk_trainer_device(const LkTrainer *trainer)
{
    return &trainer->info;
}

int64_t lk_trainer_steps(const LkTrainer *trainer)
{
    return trainer->steps;
}

int64_t lk_trainer_epochs(const LkTrainer *trainer)
{
    return lk_job_epochs(trainer->job, trainer->batches);
}
