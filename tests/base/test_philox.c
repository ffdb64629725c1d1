/* Philox4x32-10 against the known answers of Random123 (tests/kat_vectors), and what is built on it against statistics.
 */
#include "base/parallel.h"
#include "base/philox.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    uint32_t counter[4], key[2], out[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void test_known_answers(void)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        /* How a stream maps to counter and key is part of every saved state. */
        LkRandom stream = {.seed = known[i].key[0] | (uint64_t)known[i].key[1] << 32,
                           .purpose = known[i].counter[2],
                           .step = known[i].counter[3]};
        uint64_t index = known[i].counter[0] | (uint64_t)known[i].counter[1] << 32;
        uint32_t out[4];
        lk_random_block(stream, index, out);
        tap_ok(memcmp(out, known[i].out, sizeof out) == 0, "known answer %zu", i);
    }
}

static void test_integers(void)
{
    LkRandom stream = {.seed = 42, .purpose = LK_RANDOM_TEST, .step = 3};
    bool same = true;
    for (uint64_t i = 0; i < 100; i++) {
        uint32_t block[4];
        lk_random_block(stream, i / 4, block);
        same &= lk_random_u32(stream, i) == block[i % 4];
    }
    tap_ok(same, "word i is word i %% 4 of block i / 4");

    int counts[10] = {0};
    bool inside = true;
    for (uint64_t i = 0; i < 100000; i++) {
        uint32_t value = lk_random_below(stream, i, 10);
        inside &= value < 10;
        counts[value % 10]++;
    }
    double chi = 0;
    for (int i = 0; i < 10; i++)
        chi += (counts[i] - 10000.0) * (counts[i] - 10000.0) / 10000.0;
    tap_ok(inside && chi < 27.9, "integers below 10 are even (chi square %.1f, 99.9 %% limit 27.9)", chi);
    tap_ok(lk_random_below(stream, 7, 1) == 0, "below 1 there is only 0");

    double sum = 0, squares = 0, least = 1, most = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        double u = lk_random_uniform(stream, i);
        sum += u;
        squares += u * u;
        least = fmin(least, u);
        most = fmax(most, u);
    }
    double mean = sum / 100000, variance = squares / 100000 - mean * mean;
    tap_ok(least >= 0 && most < 1, "uniform numbers are in [0, 1)");
    tap_ok(fabs(mean - 0.5) < 0.004 && fabs(variance - 1 / 12.0) < 0.001, "mean %.4f, variance %.4f", mean, variance);
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Limits are about four standard errors of a million draws; the draws are fixed, so this cannot flicker. */
static void test_normal_moments(void)
{
    enum { COUNT = 1000000 };
    float *x = malloc(COUNT * sizeof *x);
    lk_random_normal((LkRandom){.seed = 1, .purpose = LK_RANDOM_TEST}, 0, x, COUNT);
    double m[5] = {0}, lag = 0;
    for (int i = 0; i < COUNT; i++) {
        double power = 1;
        for (int k = 1; k <= 4; k++)
            m[k] += (power *= x[i]) / COUNT;
        lag += i ? (double)x[i] * x[i - 1] / COUNT : 0;
    }
    tap_ok(fabs(m[1]) < 0.004, "mean %.5f", m[1]);
    tap_ok(fabs(m[2] - 1) < 0.006, "second moment %.5f", m[2]);
    tap_ok(fabs(m[3]) < 0.016, "third moment %.5f", m[3]);
    tap_ok(fabs(m[4] - 3) < 0.04, "fourth moment %.5f", m[4]);
    tap_ok(fabs(lag) < 0.004, "neighbours are not correlated (%.5f)", lag);
    qsort(x, COUNT, sizeof *x, compare_floats);
    double distance = 0;
    for (int i = 0; i < COUNT; i++)
        distance = fmax(distance, fabs(0.5 * erfc(-x[i] / sqrt(2.0)) - (i + 0.5) / COUNT));
    tap_ok(distance < 1.95 / sqrt(COUNT), "Kolmogorov-Smirnov distance to the normal distribution %.6f (99.9 %%: %.6f)",
           distance, 1.95 / sqrt(COUNT));
    tap_ok(isfinite(x[0]) && isfinite(x[COUNT - 1]) && x[COUNT - 1] > 4 && x[0] < -4, "tails: %.2f to %.2f", x[0],
           x[COUNT - 1]);
    free(x);
}

static void test_normal_is_a_function(void)
{
    enum { COUNT = 50000 };
    LkRandom stream = {.seed = 9, .purpose = LK_RANDOM_NOISE, .step = 77};
    float *whole = malloc(COUNT * sizeof *whole), *part = malloc(COUNT * sizeof *part);
    lk_parallel_set_threads(1);
    lk_random_normal(stream, 0, whole, COUNT);
    bool same = true;
    for (uint64_t first = 0; first < 9; first++) {
        lk_random_normal(stream, first, part, 100);
        same &= memcmp(part, whole + first, 100 * sizeof *part) == 0;
    }
    tap_ok(same, "numbers first .. first + 99 are those of the whole stream, wherever it begins");
    lk_parallel_set_threads(4);
    lk_random_normal(stream, 0, part, COUNT);
    tap_ok(memcmp(part, whole, COUNT * sizeof *part) == 0, "four threads draw the same numbers as one");
    lk_parallel_set_threads(0);
    bool differ = true;
    LkRandom others[] = {{10, LK_RANDOM_NOISE, 77}, {9, LK_RANDOM_LATENT, 77}, {9, LK_RANDOM_NOISE, 78}};
    for (size_t i = 0; i < 3; i++) {
        lk_random_normal(others[i], 0, part, 100);
        differ &= part[0] != whole[0] && part[99] != whole[99];
    }
    tap_ok(differ, "another seed, purpose or step draws other numbers");
    free(whole);
    free(part);
}

static void test_permutation(void)
{
    uint32_t sizes[] = {0, 1, 2, 7, 1000, 100000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t n = sizes[s];
        uint32_t *p = malloc((n + 1) * sizeof *p);
        char *seen = calloc(n + 1, 1);
        lk_random_permutation((LkRandom){.seed = 5, .purpose = LK_RANDOM_ORDER, .step = (uint32_t)s}, p, n);
        bool each_once = true;
        for (uint32_t i = 0; i < n; i++)
            each_once &= p[i] < n && !seen[p[i] < n ? p[i] : 0]++;
        tap_ok(each_once, "%u numbers: each once", n);
        free(p);
        free(seen);
    }
    int counts[24] = {0};
    for (uint32_t step = 0; step < 24000; step++) {
        uint32_t p[4];
        lk_random_permutation((LkRandom){.seed = 5, .purpose = LK_RANDOM_ORDER, .step = step}, p, 4);
        int rank = 0;
        for (int i = 0; i < 4; i++) {
            int smaller = 0;
            for (int j = i + 1; j < 4; j++)
                smaller += p[j] < p[i];
            rank = rank * (4 - i) + smaller;
        }
        counts[rank]++;
    }
    double chi = 0;
    for (int i = 0; i < 24; i++)
        chi += (counts[i] - 1000.0) * (counts[i] - 1000.0) / 1000.0;
    tap_ok(chi < 49.7, "the 24 orders of 4 are equally likely (chi square %.1f, 99.9 %% limit 49.7)", chi);
}

int main(void)
{
    test_known_answers();
    test_integers();
    test_normal_moments();
    test_normal_is_a_function();
    test_permutation();
    return tap_done();
}
