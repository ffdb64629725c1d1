/* Epoch plans: every picture as often as asked, batches of one bucket, and the same plan for the same seed. */
#include "dataset/epoch.h"
#include "format/gerror.h"
#include "tests/tap.h"

#include <math.h>
#include <string.h>

#define ITEMS 37

static LkEpochItem items[ITEMS];
static const uint32_t batch_sizes[4] = {4, 3, 1, 7}; /* the last bucket is empty */
static const LkEpochSource source = {items, ITEMS, batch_sizes, 4};

static void make_items(void)
{
    for (uint32_t i = 0; i < ITEMS; i++)
        items[i] = (LkEpochItem){i * 7 % 3, 1 + i % 5, i % 2};
}

/* Counts what is wrong with a plan: an entry twice or missing, mixed buckets, a batch too large, more than one small
 * batch in a bucket, a flip without flip_aug. */
static int faults(const LkEpochPlan *plan)
{
    int seen[ITEMS][5] = {{0}}, small[4] = {0}, wrong = 0;
    for (uint32_t b = 0; b < lk_epoch_plan_batches(plan); b++) {
        uint32_t count;
        const LkEpochEntry *entries = lk_epoch_plan_batch(plan, b, &count);
        const uint32_t bucket = items[entries[0].picture].bucket;
        wrong += count < 1 || count > batch_sizes[bucket];
        small[bucket] += count < batch_sizes[bucket];
        for (uint32_t i = 0; i < count; i++) {
            const LkEpochEntry *entry = &entries[i];
            wrong += items[entry->picture].bucket != bucket || (entry->flipped && !items[entry->picture].flip_aug);
            seen[entry->picture][entry->repeat]++;
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t r = 0; r < 5; r++)
            wrong += seen[i][r] != (r < items[i].repeats);
    for (int b = 0; b < 4; b++)
        wrong += small[b] > 1;
    return wrong;
}

static bool same_plan(const LkEpochPlan *a, const LkEpochPlan *b)
{
    bool same = lk_epoch_plan_batches(a) == lk_epoch_plan_batches(b);
    for (uint32_t i = 0; same && i < lk_epoch_plan_batches(a); i++) {
        uint32_t n, m;
        const LkEpochEntry *x = lk_epoch_plan_batch(a, i, &n), *y = lk_epoch_plan_batch(b, i, &m);
        same = n == m;
        for (uint32_t k = 0; same && k < n; k++)
            same = x[k].picture == y[k].picture && x[k].repeat == y[k].repeat && x[k].flipped == y[k].flipped &&
                   x[k].slot == y[k].slot;
    }
    return same;
}

static void test_plans(void)
{
    int wrong = 0;
    for (uint32_t epoch = 0; epoch < 50; epoch++) {
        g_autoptr(LkEpochPlan) plan = lk_epoch_plan_new(&source, 1234, epoch, NULL);
        wrong += faults(plan);
    }
    tap_ok(wrong == 0, "50 epochs show every picture as often as its repeats, in batches of one bucket");

    g_autoptr(LkEpochPlan) a = lk_epoch_plan_new(&source, 5, 3, NULL);
    g_autoptr(LkEpochPlan) b = lk_epoch_plan_new(&source, 5, 3, NULL);
    g_autoptr(LkEpochPlan) epoch = lk_epoch_plan_new(&source, 5, 4, NULL);
    g_autoptr(LkEpochPlan) seed = lk_epoch_plan_new(&source, 6, 3, NULL);
    tap_ok(same_plan(a, b), "the same seed and epoch give the same plan");
    tap_ok(!same_plan(a, epoch) && !same_plan(a, seed), "another epoch or seed gives another");
    uint32_t count;
    tap_ok(!lk_epoch_plan_batch(a, lk_epoch_plan_batches(a), &count) && count == 0, "there is no batch after the last");
}

static void test_arithmetic(void)
{
    /* By hand: bucket 0 has pictures 0, 3, … 36 with repeats 1 + i % 5, and so on. */
    uint32_t per_bucket[3] = {0};
    for (uint32_t i = 0; i < ITEMS; i++)
        per_bucket[i * 7 % 3] += 1 + i % 5;
    const uint64_t expected = (per_bucket[0] + 3) / 4 + (per_bucket[1] + 2) / 3 + per_bucket[2];
    g_autoptr(LkEpochPlan) plan = lk_epoch_plan_new(&source, 0, 0, NULL);
    tap_ok(lk_epoch_batches(&source) == expected && lk_epoch_plan_batches(plan) == expected, "%d batches",
           (int)expected);
}

/* Over many epochs: flips are half, and a picture is in the first batch as often as chance has it. */
static void test_chance(void)
{
    const LkEpochItem ten[10] = {{0, 1, true}, {0, 1, true}, {0, 1, true}, {0, 1, true}, {0, 1, true},
                                 {0, 1, true}, {0, 1, true}, {0, 1, true}, {0, 1, true}, {0, 1, true}};
    const uint32_t two = 2;
    const LkEpochSource small = {ten, 10, &two, 1};
    const int epochs = 5000;
    int flips = 0, first[10] = {0}, pairs = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        g_autoptr(LkEpochPlan) plan = lk_epoch_plan_new(&small, 77, (uint32_t)epoch, NULL);
        for (uint32_t b = 0; b < 5; b++) {
            uint32_t count;
            const LkEpochEntry *entries = lk_epoch_plan_batch(plan, b, &count);
            flips += entries[0].flipped + entries[1].flipped;
            pairs += (entries[0].picture == 0 && entries[1].picture == 1);
            if (b == 0)
                first[entries[0].picture]++;
        }
    }
    double worst = 0;
    for (int i = 0; i < 10; i++)
        worst = fmax(worst, fabs(first[i] - epochs / 10.0));
    tap_ok(abs(flips - 5 * epochs) < 5 * sqrt(2.5 * epochs), "%d of %d entries flipped", flips, 10 * epochs);
    tap_ok(worst < 5 * sqrt(epochs * 0.09), "every picture is first equally often (off by at most %g of %d)", worst,
           epochs / 10);
    tap_ok(fabs(pairs - epochs / 18.0) < 5 * sqrt(epochs / 18.0),
           "two pictures share a batch as often as chance has it (%d)", pairs);
}

static void expect_refused(const char *what, LkEpochSource bad)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkEpochPlan) plan = lk_epoch_plan_new(&bad, 0, 0, &error);
    tap_ok(!plan && g_error_matches(error, LK_ERROR, LK_ERROR_USAGE), "%s is refused: %s", what,
           error ? error->message : "");
}

static void test_refusals(void)
{
    const uint32_t zero[1] = {0};
    const LkEpochItem far = {9, 1, false}, many[2] = {{0, UINT32_MAX, false}, {0, UINT32_MAX, false}},
                      none = {0, 0, false};
    expect_refused("no picture", (LkEpochSource){items, 0, batch_sizes, 4});
    expect_refused("no repeat", (LkEpochSource){&none, 1, batch_sizes, 4});
    expect_refused("a batch size of 0", (LkEpochSource){items, ITEMS, zero, 1});
    expect_refused("an unknown bucket", (LkEpochSource){&far, 1, batch_sizes, 4});
    expect_refused("billions of repeats", (LkEpochSource){many, 2, batch_sizes, 4});
}

int main(void)
{
    make_items();
    test_plans();
    test_arithmetic();
    test_chance();
    test_refusals();
    return tap_done();
}
