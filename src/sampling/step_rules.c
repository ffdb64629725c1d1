/* The weights of a pass, a function for each rule. Levels are those of k-diffusion; where x(sigma) is a sampler's
 * answer, (from → to) is a step of it, h = log(from / to), and a slope is d = (x - guess) / sigma. */
#include "sampling/step_rules.h"

#include <glib.h>
#include <math.h>
#include <string.h>

void lk_sampling_ancestral(double from, double to, double *down, double *up)
{
    *up = fmin(to, sqrt(to * to * (from * from - to * to) / (from * from)));
    *down = sqrt(fmax(to * to - *up * *up, 0));
}

/** Where a pass stands. */
typedef struct Place {
    const LkSamplingSchedule *schedule;
    const LkSamplingPass *pass;
    int index;       /* of the pass */
    double from, to; /* the levels of its step */
    double down, up; /* the same to, as an ancestral step goes there */
} Place;

/** Along the line through x and the guess: x · to / from + guess · (1 - to / from). */
static LkStepWeights straight(double from, double to)
{
    return (LkStepWeights){.x = to / from, .kept = {1 - to / from}};
}

static LkStepWeights euler(const Place *p)
{
    return straight(p->from, p->to);
}

static LkStepWeights ancestral(const Place *p)
{
    LkStepWeights weights = straight(p->from, p->down);
    weights.noise = p->up;
    return weights;
}

/** The guess is extrapolated by half a step. */
static LkStepWeights multistep(const Place *p)
{
    LkStepWeights weights = straight(p->from, p->to);
    if (p->pass->step > 0 && p->to > 0) {
        double last = log(p->schedule->sigma[p->pass->step - 1] / p->from), step = log(p->from / p->to);
        double half = weights.kept[0] * step / (2 * last);
        weights.kept[0] += half;
        weights.kept[1] = -half;
    }
    return weights;
}

/** The same of the slopes, which are the noise. */
static LkStepWeights solver(const Place *p)
{
    double way = p->to - p->from;
    LkStepWeights weights = {.x = 1, .kept = {way}};
    if (p->pass->step > 0 && p->to > 0) {
        double last = log(p->schedule->sigma[p->pass->step - 1] / p->from), step = log(p->from / p->to);
        weights.kept[0] += way * step / (2 * last);
        weights.kept[1] = -way * step / (2 * last);
    }
    return weights;
}

/** diffusers' order of orders: 1, 2, 1, 2 …, of which the last is 1. */
bool lk_sampling_goes_on(const LkSampler *sampler, const LkSamplingSchedule *schedule, int step)
{
    return sampler->rule == LK_RULE_SINGLE && step % 2 == 1 && step + 1 < schedule->steps;
}

/** Every other step starts again where the one before it began, and knows both guesses. */
static LkStepWeights single(const Place *p)
{
    if (p->pass->first)
        return straight(p->from, p->to);
    double begin = p->schedule->sigma[p->pass->step - 1], whole = 1 - p->to / begin;
    double half = whole * log(begin / p->to) / (2 * log(begin / p->from));
    return (LkStepWeights){.base = p->to / begin, .kept = {half, whole - half}};
}

/** The mean of the slopes at both ends. */
static LkStepWeights heun(const Place *p)
{
    double way = p->to - p->from;
    return p->pass->first ? (LkStepWeights){.x = 1, .kept = {way}}
                          : (LkStepWeights){.base = 1, .kept = {way / 2, way / 2}};
}

static LkStepWeights by_middle(const Place *p, double to, double up)
{
    if (p->pass->first && !p->pass->last)
        return (LkStepWeights){.x = 1, .kept = {sqrt(p->from * to) - p->from}};
    return (LkStepWeights){.base = 1, .kept = {to - p->from}, .noise = up};
}

static LkStepWeights midpoint(const Place *p)
{
    return by_middle(p, p->to, 0);
}

static LkStepWeights midpoint_ancestral(const Place *p)
{
    return by_middle(p, p->down, p->up);
}

/** The integral from → to of the polynomial that is 1 at sigma[of] and 0 at the other sigmas of the last `order` steps.
 * It has at most the third degree, so that two points of Gauss and Legendre are exact. */
static double share(const Place *p, int order, int of)
{
    double middle = (p->from + p->to) / 2, half = (p->to - p->from) / 2, sum = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
        double at = middle + sign * half / sqrt(3), product = 1;
        for (int k = 0; k < order; k++) {
            double other = p->schedule->sigma[p->pass->step - k], mine = p->schedule->sigma[p->pass->step - of];
            product *= k == of ? 1 : (at - other) / (mine - other);
        }
        sum += product;
    }
    return sum * half;
}

static LkStepWeights linear_multistep(const Place *p)
{
    enum { ORDER = 4 };
    LkStepWeights weights = {.x = 1};
    int order = MIN(p->pass->step + 1, ORDER);
    for (int k = 0; k < order; k++)
        weights.kept[k] = share(p, order, k);
    return weights;
}

/** Slopes of passes 0, 2, 3 …: pass 1 serves to begin with the mean of both ends. */
static LkStepWeights pseudo_linear(const Place *p)
{
    static const double of_pass[5][LK_KEPT_PASSES] = {{1},
                                                      {1 / 2.0, 1 / 2.0},
                                                      {3 / 2.0, 0, -1 / 2.0},
                                                      {23 / 12.0, -16 / 12.0, 0, 5 / 12.0},
                                                      {55 / 24.0, -59 / 24.0, 37 / 24.0, 0, -9 / 24.0}};
    static const double later[LK_KEPT_PASSES] = {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0};
    const double *of = p->index < 5 ? of_pass[p->index] : later;
    LkStepWeights weights = {.x = p->pass->first ? 1 : 0, .base = p->pass->first ? 0 : 1};
    for (int k = 0; k < LK_KEPT_PASSES; k++)
        weights.kept[k] = of[k] * (p->to - p->from);
    return weights;
}

/** To the middle, then all the way from the step's begin with the guess that was made there. */
static LkStepWeights two_stages_ancestral(const Place *p)
{
    if (p->pass->first)
        return straight(p->from, p->pass->last ? p->down : sqrt(p->from * p->down));
    return (LkStepWeights){.base = p->down / p->from, .kept = {1 - p->down / p->from}, .noise = p->up};
}

/** The same, with noise in both stages: of one path, so that the whole way's is made of its two parts' (their variances
 * are as the distances of the levels). */
static LkStepWeights stochastic(const Place *p)
{
    if (p->pass->first && p->pass->last)
        return straight(p->from, p->to);
    double middle = sqrt(p->from * p->to), down, up;
    if (p->pass->first) {
        lk_sampling_ancestral(p->from, middle, &down, &up);
        LkStepWeights weights = straight(p->from, down);
        weights.noise = up;
        return weights;
    }
    double whole = p->from - p->to;
    return (LkStepWeights){.base = p->down / p->from,
                           .kept = {1 - p->down / p->from},
                           .noise = p->up * sqrt((middle - p->to) / whole),
                           .last_noise = p->up * sqrt((p->from - middle) / whole)};
}

static LkStepWeights multistep_stochastic(const Place *p)
{
    if (!(p->to > 0))
        return straight(p->from, p->to);
    double r = p->to / p->from, guess = 1 - r * r;
    LkStepWeights weights = {.x = r * r, .kept = {guess}, .noise = p->to * sqrt(guess)};
    if (p->pass->step > 0) {
        double last = log(p->schedule->sigma[p->pass->step - 1] / p->from), step = log(p->from / p->to);
        weights.kept[0] += guess * step / (2 * last);
        weights.kept[1] = -guess * step / (2 * last);
    }
    return weights;
}

static const struct {
    LkStepWeights (*weights)(const Place *place);
    bool slopes; /* it keeps slopes, not guesses */
} rules[] = {
    [LK_RULE_EULER] = {euler},
    [LK_RULE_ANCESTRAL] = {ancestral},
    [LK_RULE_MULTISTEP] = {multistep},
    [LK_RULE_SOLVER] = {solver, true},
    [LK_RULE_SINGLE] = {single},
    [LK_RULE_HEUN] = {heun, true},
    [LK_RULE_MIDPOINT] = {midpoint, true},
    [LK_RULE_MIDPOINT_A] = {midpoint_ancestral, true},
    [LK_RULE_LMS] = {linear_multistep, true},
    [LK_RULE_PLMS] = {pseudo_linear, true},
    [LK_RULE_2S_A] = {two_stages_ancestral},
    [LK_RULE_SDE] = {stochastic},
    [LK_RULE_2M_SDE] = {multistep_stochastic},
};

void lk_sampling_keep(const LkSampler *sampler, const LkSamplingPass *pass, const float *guess, LkSamplingWork *work)
{
    float *kept = work->kept[0];
    if (rules[sampler->rule].slopes)
        for (size_t k = 0; k < work->count; k++)
            kept[k] = (work->x[k] - guess[k]) / (float)pass->sigma;
    else
        memcpy(kept, guess, work->count * sizeof *kept);
}

LkStepWeights lk_sampling_weights(const LkSampler *sampler, const LkSamplingSchedule *schedule, int pass)
{
    const LkSamplingPass *at = &schedule->pass[pass];
    Place place = {.schedule = schedule,
                   .pass = at,
                   .index = pass,
                   .from = schedule->sigma[at->step],
                   .to = schedule->sigma[at->step + 1]};
    lk_sampling_ancestral(place.from, place.to, &place.down, &place.up);
    return rules[sampler->rule].weights(&place);
}
