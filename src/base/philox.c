#include "base/philox.h"

#include "base/parallel.h"

#include <math.h>

#define NORMALS_PER_TASK 4096

static inline void multiply(uint32_t a, uint32_t b, uint32_t *high, uint32_t *low)
{
    uint64_t product = (uint64_t)a * b;
    *high = (uint32_t)(product >> 32);
    *low = (uint32_t)product;
}

/* Ten rounds of Philox4x32; the constants are those of the paper's table 2 and section 4.3. */
static inline void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint32_t high0, low0, high1, low1;
        multiply(0xD2511F53u, c0, &high0, &low0);
        multiply(0xCD9E8D57u, c2, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u; /* the golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Key: the seed. Counter: the block's index, then what the stream is for and the step. */
void lk_random_block(LkRandom stream, uint64_t index, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), stream.purpose, stream.step};
    const uint32_t key[2] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)};
    philox4x32_10(counter, key, out);
}

uint32_t lk_random_u32(LkRandom stream, uint64_t index)
{
    uint32_t words[4];
    lk_random_block(stream, index / 4, words);
    return words[index % 4];
}

uint32_t lk_random_below(LkRandom stream, uint64_t index, uint32_t n)
{
    return (uint32_t)(((uint64_t)lk_random_u32(stream, index) * n) >> 32);
}

double lk_random_uniform(LkRandom stream, uint64_t index)
{
    uint32_t words[4];
    lk_random_block(stream, index / 2, words);
    const uint32_t *pair = words + 2 * (index % 2);
    uint64_t bits = (((uint64_t)pair[0] << 32) | pair[1]) >> 11;
    return (double)bits * 0x1p-53;
}

/* Box-Muller: two words make two normals; the half keeps the logarithm's argument off zero. */
static void normals_of_block(LkRandom stream, uint64_t index, float out[4])
{
    uint32_t words[4];
    lk_random_block(stream, index, words);
    for (int pair = 0; pair < 2; pair++) {
        double u = ((double)words[2 * pair] + 0.5) * 0x1p-32;
        double angle = ((double)words[2 * pair + 1] + 0.5) * 0x1p-32 * 2.0 * M_PI;
        double radius = sqrt(-2.0 * log(u));
        out[2 * pair] = (float)(radius * cos(angle));
        out[2 * pair + 1] = (float)(radius * sin(angle));
    }
}

typedef struct NormalWork {
    LkRandom stream;
    uint64_t first;
    float *out;
    size_t count;
} NormalWork;

static void normal_range(const NormalWork *work, size_t begin, size_t end)
{
    float block[4];
    uint64_t held = UINT64_MAX; /* no block has this index: a block is index / 4 */
    for (size_t i = begin; i < end; i++) {
        uint64_t number = work->first + i;
        if (number / 4 != held) {
            held = number / 4;
            normals_of_block(work->stream, held, block);
        }
        work->out[i] = block[number % 4];
    }
}

static void normal_tasks(void *context, int64_t first, int64_t last)
{
    const NormalWork *work = context;
    size_t begin = (size_t)first * NORMALS_PER_TASK, end = (size_t)last * NORMALS_PER_TASK;
    normal_range(work, begin, end < work->count ? end : work->count);
}

void lk_random_normal(LkRandom stream, uint64_t first, float *out, size_t count)
{
    NormalWork work = {.stream = stream, .first = first, .out = out, .count = count};
    if (count <= NORMALS_PER_TASK)
        normal_range(&work, 0, count);
    else
        lk_parallel_for((int64_t)((count - 1) / NORMALS_PER_TASK + 1), normal_tasks, &work);
}

void lk_random_permutation(LkRandom stream, uint32_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        /* "Inside-out" Fisher-Yates: i goes to a random place among the first i + 1. */
        uint32_t j = lk_random_below(stream, i, i + 1);
        if (j < i)
            out[i] = out[j];
        out[j] = i;
    }
}
