/* Curves with a known course, under the noise of single steps: is the verdict the right one? */
#include "training/verdict.h"

#include "tap.h"

#include <math.h>

enum { SEEDS = 200 };

/* Normal noise as wide as that of real losses: about a third of the loss. */
static double scatter(int seed, int step)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)(seed * 7919 + step));
    double u = 1 - g_rand_double(rand), v = g_rand_double(rand);
    return 0.3 * sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

typedef double (*Course)(double x); /* loss at x from 0 to 1 */

static double falling(double x)
{
    return 0.2 - 0.12 * x;
}

static double rising(double x)
{
    return x < 0.5 ? 0.1 : 0.1 + 0.4 * (x - 0.5);
}

static double flat(double x)
{
    return 0.1;
}

static double swinging(double x)
{
    return 0.1 + 0.06 * sin(x * 50);
}

/* Part of the seeds for which a curve of `count` steps is judged so. */
static double share(Course course, int count, LkVerdict expected)
{
    int hits = 0;
    g_autofree double *losses = g_new(double, count);
    for (int seed = 0; seed < SEEDS; seed++) {
        for (int i = 0; i < count; i++) {
            double mean = course((double)i / count);
            losses[i] = fmax(0.2 * mean, mean * (1 + scatter(seed, i)));
        }
        hits += lk_verdict_judge(losses, (gsize)count).verdict == expected;
    }
    return (double)hits / SEEDS;
}

int main(void)
{
    tap_ok(share(falling, 1000, LK_VERDICT_FALLING) > 0.9, "a falling curve is called falling");
    tap_ok(share(rising, 1000, LK_VERDICT_RISING) > 0.9, "a rising one rising");
    tap_ok(share(flat, 1000, LK_VERDICT_FLAT) > 0.9, "a flat one flat: noise alone is no course");
    tap_ok(share(flat, 60, LK_VERDICT_FLAT) > 0.9, "also when it is short");
    tap_ok(share(swinging, 2000, LK_VERDICT_SWINGING) > 0.9, "a swinging one swinging");
    tap_ok(share(flat, LK_VERDICT_STEPS - 1, LK_VERDICT_TOO_EARLY) == 1, "few steps say nothing");
    double bad[50];
    for (int i = 0; i < 50; i++)
        bad[i] = i % 2 ? NAN : 0.1;
    tap_ok(lk_verdict_judge(bad, 50).verdict == LK_VERDICT_TOO_EARLY, "steps that are not finite do not count");
    for (int v = 0; v < LK_VERDICT_COUNT; v++)
        tap_ok(lk_verdict_title((LkVerdict)v) && lk_verdict_advice((LkVerdict)v), "verdict %d has words", v);
    return tap_done();
}
