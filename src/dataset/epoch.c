#include "dataset/epoch.h"

#include "base/philox.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#define MOST_ENTRIES (UINT64_C(1) << 31)

typedef struct Batch {
    uint32_t first, count; /* entries */
} Batch;

struct LkEpochPlan {
    LkEpochEntry *entries; /* bucket by bucket */
    Batch *batches;
    uint32_t entry_count, batch_count;
};

/* Entries of every bucket; free with g_free. */
static uint64_t *count_buckets(const LkEpochSource *source)
{
    uint64_t *counts = g_new0(uint64_t, source->bucket_count + 1);
    for (uint32_t i = 0; i < source->item_count; i++)
        counts[source->items[i].bucket] += source->items[i].repeats;
    return counts;
}

uint64_t lk_epoch_batches(const LkEpochSource *source)
{
    g_autofree uint64_t *counts = count_buckets(source);
    uint64_t batches = 0;
    for (uint32_t b = 0; b < source->bucket_count; b++)
        batches += (counts[b] + source->batch_sizes[b] - 1) / source->batch_sizes[b];
    return batches;
}

static bool check(const LkEpochSource *source, GError **error)
{
    uint64_t entries = 0;
    for (uint32_t b = 0; b < source->bucket_count; b++)
        if (source->batch_sizes[b] < 1)
            return lk_set_error(error, LK_ERROR_USAGE, _("train_batch_size is 0; it must be at least 1."));
    for (uint32_t i = 0; i < source->item_count; i++) {
        if (source->items[i].bucket >= source->bucket_count)
            return lk_set_error(error, LK_ERROR_USAGE, _("picture %u is in bucket %u of %u."), i,
                                source->items[i].bucket, source->bucket_count);
        entries += source->items[i].repeats;
    }
    if (entries == 0)
        return lk_set_error(error, LK_ERROR_USAGE, _("The dataset has no pictures to train on."));
    if (entries > MOST_ENTRIES)
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("An epoch would show %" PRIu64 " pictures; lower num_repeats so that it is at most 2^31."), entries);
    return true;
}

/* All entries in picture order, each in its bucket's range; bucket_start[b] is the first of bucket b. */
static void fill_entries(LkEpochPlan *plan, const LkEpochSource *source, LkRandom flips, const uint64_t *bucket_start)
{
    g_autofree uint64_t *next = g_memdup2(bucket_start, (source->bucket_count + 1) * sizeof *next);
    uint64_t slot = 0;
    for (uint32_t i = 0; i < source->item_count; i++) {
        const LkEpochItem *item = &source->items[i];
        for (uint32_t repeat = 0; repeat < item->repeats; repeat++, slot++) {
            const bool flipped = item->flip_aug && (lk_random_u32(flips, slot) & 1);
            plan->entries[next[item->bucket]++] = (LkEpochEntry){i, repeat, slot, flipped};
        }
    }
}

/* Fisher-Yates; uses the numbers first .. first+count-1 of the stream. */
static void shuffle_entries(LkEpochEntry *entries, uint32_t count, LkRandom stream, uint64_t first)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t j = lk_random_below(stream, first + i - 1, i);
        const LkEpochEntry swap = entries[i - 1];
        entries[i - 1] = entries[j];
        entries[j] = swap;
    }
}

static void shuffle_batches(Batch *batches, uint32_t count, LkRandom stream, uint64_t first)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t j = lk_random_below(stream, first + i - 1, i);
        const Batch swap = batches[i - 1];
        batches[i - 1] = batches[j];
        batches[j] = swap;
    }
}

static void cut_batches(LkEpochPlan *plan, const LkEpochSource *source, const uint64_t *bucket_start)
{
    uint32_t n = 0;
    for (uint32_t b = 0; b < source->bucket_count; b++)
        for (uint64_t first = bucket_start[b]; first < bucket_start[b + 1]; first += source->batch_sizes[b]) {
            const uint64_t left = bucket_start[b + 1] - first;
            plan->batches[n++] = (Batch){(uint32_t)first, (uint32_t)MIN(left, source->batch_sizes[b])};
        }
}

LkEpochPlan *lk_epoch_plan_new(const LkEpochSource *source, uint64_t seed, uint32_t epoch, GError **error)
{
    if (!check(source, error))
        return NULL;
    g_autofree uint64_t *bucket_start = count_buckets(source);
    uint64_t total = 0;
    for (uint32_t b = 0; b <= source->bucket_count; b++) {
        const uint64_t count = bucket_start[b];
        bucket_start[b] = total;
        total += count;
    }

    LkEpochPlan *plan = g_new0(LkEpochPlan, 1);
    plan->entry_count = (uint32_t)total;
    plan->batch_count = (uint32_t)lk_epoch_batches(source);
    plan->entries = g_try_new(LkEpochEntry, total);
    plan->batches = g_try_new(Batch, plan->batch_count);
    if (!plan->entries || !plan->batches) {
        lk_epoch_plan_free(plan);
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory for the order of %" PRIu64 " pictures."), total);
        return NULL;
    }

    const LkRandom order = {seed, LK_RANDOM_ORDER, epoch};
    fill_entries(plan, source, (LkRandom){seed, LK_RANDOM_FLIP, epoch}, bucket_start);
    for (uint32_t b = 0; b < source->bucket_count; b++)
        shuffle_entries(plan->entries + bucket_start[b], (uint32_t)(bucket_start[b + 1] - bucket_start[b]), order,
                        bucket_start[b]);
    cut_batches(plan, source, bucket_start);
    shuffle_batches(plan->batches, plan->batch_count, order, total);
    return plan;
}

void lk_epoch_plan_free(LkEpochPlan *plan)
{
    if (!plan)
        return;
    g_free(plan->entries);
    g_free(plan->batches);
    g_free(plan);
}

uint32_t lk_epoch_plan_batches(const LkEpochPlan *plan)
{
    return plan->batch_count;
}

const LkEpochEntry *lk_epoch_plan_batch(const LkEpochPlan *plan, uint32_t batch, uint32_t *count)
{
    if (batch >= plan->batch_count) {
        *count = 0;
        return NULL;
    }
    *count = plan->batches[batch].count;
    return plan->entries + plan->batches[batch].first;
}
