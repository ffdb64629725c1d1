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

static double settling(double x)
{
    return 0.1 + 0.1 * exp(-10 * x);
}

static double dropping(double x)
{
    return 0.12 + 0.3 * exp(-8 * x);
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
    tap_ok(share(flat, 60, LK_VERDICT_TOO_EARLY) > 0.9, "where it is short, it is too early to say so");
    tap_ok(share(settling, 1000, LK_VERDICT_SETTLED) > 0.9, "one that fell first has levelled off");
    tap_ok(share(flat, 400, LK_VERDICT_SETTLED) < 0.05, "which noise alone does not");
    tap_ok(share(dropping, 60, LK_VERDICT_FLAT) == 0, "a fall in the first steps is never called flat");
    tap_ok(share(swinging, 2000, LK_VERDICT_SWINGING) > 0.9, "a swinging one swinging");
    tap_ok(share(flat, LK_VERDICT_STEPS - 1, LK_VERDICT_TOO_EARLY) == 1, "few steps say nothing");
    double bad[50];
    for (int i = 0; i < 50; i++)
        bad[i] = i % 2 ? NAN : 0.1;
    tap_ok(lk_verdict_judge(bad, 50).verdict == LK_VERDICT_TOO_EARLY, "steps that are not finite do not count");
    static const double falls[] = {0.5, 0.4, 0.3, 0.25}, rises[] = {0.5, 0.3, 0.31, 0.33},
                        once[] = {0.5, 0.3, 0.29, 0.33}, little[] = {0.3, 0.302, 0.304, 0.305};
    gsize best = 9;
    tap_ok(!lk_verdict_by_heart(falls, 4, &best) && best == 3 && lk_verdict_by_heart(rises, 4, &best) && best == 1,
           "a validation loss that rises again tells of learning by heart, one that falls does not");
    tap_ok(!lk_verdict_by_heart(once, 4, NULL) && !lk_verdict_by_heart(little, 4, NULL) &&
               !lk_verdict_by_heart(rises, 2, NULL) && !lk_verdict_by_heart(NULL, 0, NULL),
           "nor does one measurement, a small change or too few");
    for (int v = 0; v < LK_VERDICT_COUNT; v++)
        tap_ok(lk_verdict_title((LkVerdict)v) && lk_verdict_advice((LkVerdict)v), "verdict %d has words", v);
    return tap_done();
}
