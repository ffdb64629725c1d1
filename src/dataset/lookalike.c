#include "dataset/lookalike.h"

#include "dataset/small.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, LOW = 8, BITS = 63, COLOUR_SIDE = 8 };

/* Less than this much variation, as a standard deviation of 0 .. 255, is no structure. */
#define FLAT 2.0

/* ------------------------------------------------------------------ the hash */

static double deviation(const float *grey)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        sum += grey[i];
        squares += (double)grey[i] * grey[i];
    }
    const double mean = sum / (SIDE * SIDE);
    return sqrt(fmax(squares / (SIDE * SIDE) - mean * mean, 0));
}

/* The lowest LOW × LOW frequencies of the discrete cosine transform. Scale does not matter, only order. */
static void transform(const float *grey, double out[LOW][LOW])
{
    double cosines[LOW][SIDE], rows[SIDE][LOW];
    for (int u = 0; u < LOW; u++)
        for (int x = 0; x < SIDE; x++)
            cosines[u][x] = cos(G_PI * (2 * x + 1) * u / (2 * SIDE));
    for (int y = 0; y < SIDE; y++)
        for (int u = 0; u < LOW; u++) {
            rows[y][u] = 0;
            for (int x = 0; x < SIDE; x++)
                rows[y][u] += (double)grey[y * SIDE + x] * cosines[u][x];
        }
    for (int v = 0; v < LOW; v++)
        for (int u = 0; u < LOW; u++) {
            out[v][u] = 0;
            for (int y = 0; y < SIDE; y++)
                out[v][u] += rows[y][u] * cosines[v][y];
        }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t hash_of(const float *grey)
{
    double frequencies[LOW][LOW], sorted[BITS];
    transform(grey, frequencies);
    const double *values = &frequencies[0][1]; /* without the first, the mean */
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, BITS, sizeof *sorted, compare_doubles);
    uint64_t hash = 0;
    for (int i = 0; i < BITS; i++)
        hash |= (uint64_t)(values[i] > sorted[BITS / 2]) << i;
    return hash;
}

bool lk_look_of(const LkPixels *pixels, LkLook *look)
{
    *look = (LkLook){0};
    g_autofree float *grey = lk_small_grey(pixels, SIDE, SIDE);
    g_autoptr(LkPixels) colours = lk_small_copy(pixels, COLOUR_SIDE, COLOUR_SIDE);
    if (!grey || !colours || deviation(grey) < FLAT)
        return false;
    look->hash = hash_of(grey);
    memcpy(look->colours, colours->data, sizeof look->colours);
    return true;
}

int lk_look_distance(const LkLook *a, const LkLook *b)
{
    return __builtin_popcountll(a->hash ^ b->hash);
}

double lk_look_colour_distance(const LkLook *a, const LkLook *b)
{
    int sum = 0, squares = 0;
    for (int i = 0; i < LK_LOOK_COLOURS; i++) {
        const int difference = a->colours[i] - b->colours[i];
        sum += difference;
        squares += difference * difference;
    }
    const double mean = (double)sum / LK_LOOK_COLOURS;
    return sqrt(fmax((double)squares / LK_LOOK_COLOURS - mean * mean, 0));
}

/* ------------------------------------------------------------------ groups */

/* The first pictures of the groups so far, by the values of the four 16-bit parts of their hashes. Two hashes that
 * differ in at most `distance` bits differ in at most distance / 4 bits of one of the parts, so only those with such a
 * part are compared. */
enum { PARTS = 4, VALUES = 1 << 16 };

typedef struct Leader {
    const LkLook *look;
    uint64_t hash; /* the look's: here it is at hand */
    guint32 picture;
    guint32 next[PARTS]; /* leader with the same value of a part, plus 1; 0 is none */
} Leader;

typedef struct Search {
    GArray *leaders;
    guint32 *heads[PARTS]; /* of each value, a leader plus 1 */
    guint32 *flips;        /* the 16-bit numbers with few bits set */
    guint flip_count;
    int distance;
} Search;

static guint part_of(uint64_t hash, int part)
{
    return (guint)(hash >> (16 * part)) & (VALUES - 1);
}

/** False where memory is out; to be cleared all the same. */
static bool search_init(Search *search, int distance)
{
    *search = (Search){.leaders = g_array_new(FALSE, FALSE, sizeof(Leader)), .distance = distance};
    bool enough = true;
    for (int part = 0; part < PARTS; part++)
        enough &= (search->heads[part] = g_try_new0(guint32, VALUES)) != NULL;
    search->flips = g_try_new(guint32, VALUES);
    if (!enough || !search->flips)
        return false;
    for (guint value = 0; value < VALUES; value++)
        if (__builtin_popcount(value) <= distance / PARTS)
            search->flips[search->flip_count++] = value;
    return true;
}

static void search_clear(Search *search)
{
    g_array_unref(search->leaders);
    for (int part = 0; part < PARTS; part++)
        g_free(search->heads[part]);
    g_free(search->flips);
}

static void add_leader(Search *search, const LkLook *look, guint32 picture)
{
    Leader leader = {.look = look, .hash = look->hash, .picture = picture};
    const guint32 number = search->leaders->len + 1;
    for (int part = 0; part < PARTS; part++) {
        guint32 *head = &search->heads[part][part_of(look->hash, part)];
        leader.next[part] = *head;
        *head = number;
    }
    g_array_append_val(search->leaders, leader);
}

/* The nearest leader, of equals the first; NULL for none. */
static const Leader *nearest(const Search *search, const LkLook *look)
{
    const uint64_t hash = look->hash;
    const Leader *leaders = (const Leader *)(void *)search->leaders->data, *best = NULL;
    int least = search->distance;
    for (int part = 0; part < PARTS; part++)
        for (guint f = 0; f < search->flip_count; f++) {
            guint32 number = search->heads[part][part_of(hash, part) ^ search->flips[f]];
            for (; number; number = leaders[number - 1].next[part]) {
                const Leader *leader = &leaders[number - 1];
                const int apart = __builtin_popcountll(hash ^ leader->hash);
                const bool nearer = apart < least || (apart == least && (!best || leader < best));
                if (nearer && lk_look_colour_distance(look, leader->look) <= LK_LOOKALIKE_COLOURS) {
                    least = apart;
                    best = leader;
                }
            }
        }
    return best;
}

guint32 *lk_lookalike_groups(const LkLook *const *looks, guint count, int distance)
{
    Search search;
    bool enough = search_init(&search, CLAMP(distance, 0, LK_LOOKALIKE_MOST));
    guint32 *groups = enough ? g_try_new(guint32, (gsize)count + 1) : NULL;
    for (guint i = 0; groups && i < count; i++) {
        groups[i] = i;
        if (!looks[i])
            continue;
        const Leader *leader = nearest(&search, looks[i]);
        if (leader)
            groups[i] = leader->picture;
        else
            add_leader(&search, looks[i], i);
    }
    search_clear(&search);
    return groups;
}
