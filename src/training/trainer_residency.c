/* Where the base model's weights of a run are kept, and in how many bits. */
#include "training/trainer_private.h"

#include "model/unet.h"

#include <string.h>

bool lk_trainer_on_host(const LkTrainer *trainer)
{
    return strcmp(trainer->api->name, "cpu") == 0;
}

LkResidency lk_trainer_residency(const LkTrainer *trainer)
{
    const LkJob *job = trainer->job;
    LkResidency residency = LK_RESIDENCY_DEFAULT;
    bool fp8 = job->fp8_base || job->fp8_base_unet || job->base_weights_precision == LK_BASE_FP8;
    residency.codes = job->base_weights_precision == LK_BASE_INT8 ? LK_I8 : fp8 ? LK_E4M3 : trainer->compute;
    if (job->fp8_base_unet && job->base_weights_precision == LK_BASE_AUTO)
        residency.only = lk_unet_prefix();
    if (job->offload_base_weights == LK_OFFLOAD_ALL && !lk_trainer_on_host(trainer))
        residency.host_share = LK_RESIDENCY_ALL;
    return residency;
}

/** What could move, of all that the steps use. */
static LkResidencyExtent extent(const LkTrainer *trainer)
{
    const LkStepProgram *first = g_ptr_array_index(trainer->programs, 0);
    LkResidencyExtent found;
    lk_residency_extent(first->graph->graph, &trainer->residency, &found);
    return found;
}

/** Bytes of the weights that are on the device and could move. */
static int64_t movable(const LkTrainer *trainer)
{
    return MAX(trainer->weights - extent(trainer).fixed_bytes, 0);
}

/** Bytes that are fetched ahead. */
static int64_t ahead(const LkTrainer *trainer)
{
    return MIN(trainer->residency.ahead_bytes, movable(trainer) / LK_RESIDENCY_AHEAD_PARTS);
}

int lk_trainer_host_share(const LkTrainer *trainer)
{
    int share = trainer->residency.host_share;
    int64_t over = lk_trainer_needs(trainer) - lk_trainer_free_bytes(trainer), bytes = movable(trainer);
    if (trainer->job->offload_base_weights != LK_OFFLOAD_AUTO || lk_trainer_on_host(trainer) || over <= 0 ||
        share == LK_RESIDENCY_ALL)
        return share;
    /* What goes makes room for what is fetched ahead, once; names are spread unevenly by a few in a hundred. */
    int64_t wanted = over + (share == 0 ? ahead(trainer) : 0);
    double more = (double)wanted / (double)MAX(bytes, 1) * (LK_RESIDENCY_ALL - share) * 1.03 + 1;
    return more < LK_RESIDENCY_ALL - share ? share + (int)more : LK_RESIDENCY_ALL;
}

int64_t lk_trainer_codes_save(const LkTrainer *trainer)
{
    return lk_dtype_is_code(trainer->residency.codes) ? 0 : MAX(movable(trainer) - extent(trainer).movable_count, 0);
}

int64_t lk_trainer_offload_saves(const LkTrainer *trainer)
{
    if (lk_trainer_on_host(trainer) || trainer->job->offload_base_weights != LK_OFFLOAD_NONE)
        return 0;
    return movable(trainer) - ahead(trainer);
}
