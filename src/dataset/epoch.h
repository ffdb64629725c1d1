/* The batches of one epoch: which pictures each step sees, a pure function of (seed, epoch, dataset).
 *
 * As in kohya sd-scripts (`make_buckets` and `shuffle_buckets` in library/train_util.py): each bucket holds every
 * picture num_repeats times, is shuffled, and cut into batches of its dataset's batch size (the last may be smaller);
 * then all batches are shuffled. The order comes from Philox, so any epoch is made without those before it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** A picture as the plan sees it; its number is its place in the array. */
typedef struct LkEpochItem {
    uint32_t bucket; /* index into the buckets' batch sizes */
    uint32_t repeats;
    bool flip_aug;
} LkEpochItem;

/** One place in a batch. */
typedef struct LkEpochEntry {
    uint32_t picture;
    uint32_t repeat; /* 0 .. repeats-1 */
    uint64_t slot;   /* which of the epoch's items in an order without shuffling: the index of its random numbers */
    bool flipped;    /* half of those with flip_aug */
} LkEpochEntry;

/** What the plans are made from; the arrays are borrowed. */
typedef struct LkEpochSource {
    const LkEpochItem *items;
    uint32_t item_count;
    const uint32_t *batch_sizes; /* of each bucket, at least 1 */
    uint32_t bucket_count;
} LkEpochSource;

/** How many batches an epoch has: over buckets, the sum of pictures × repeats / batch size, rounded up each. */
uint64_t lk_epoch_batches(const LkEpochSource *source);

typedef struct LkEpochPlan LkEpochPlan;

/** The plan of an epoch (counted from 0). Fails with LK_ERROR_USAGE when the source has no item, a bucket or batch size
 * out of range, or more than 2^31 entries. */
LkEpochPlan *lk_epoch_plan_new(const LkEpochSource *source, uint64_t seed, uint32_t epoch, GError **error);
void lk_epoch_plan_free(LkEpochPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkEpochPlan, lk_epoch_plan_free)

uint32_t lk_epoch_plan_batches(const LkEpochPlan *plan);
/** The entries of a batch, all of one bucket; they belong to the plan. */
const LkEpochEntry *lk_epoch_plan_batch(const LkEpochPlan *plan, uint32_t batch, uint32_t *count);
