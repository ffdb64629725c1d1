#include "training/optimizer.h"

#include "kernels/kernels.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define MOMENTS                                                                                                        \
    {"m", LK_ARRAY_ELEMENTS},                                                                                          \
    {                                                                                                                  \
        "v", LK_ARRAY_ELEMENTS                                                                                         \
    }
#define ADAM_OPTIONS "betas", "eps", "weight_decay"

static const LkOptimizer optimizers[LK_OPTIMIZER_COUNT] = {
    [LK_OPTIMIZER_ADAMW] = {.type = LK_OPTIMIZER_ADAMW,
                            .name = "AdamW",
                            .class_name = "torch.optim.adamw.AdamW",
                            .arrays = {MOMENTS},
                            .options = {ADAM_OPTIONS},
                            .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01}},
    [LK_OPTIMIZER_ADAM] = {.type = LK_OPTIMIZER_ADAM,
                           .name = "Adam",
                           .class_name = "torch.optim.adam.Adam",
                           .arrays = {MOMENTS},
                           .options = {ADAM_OPTIONS},
                           .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}},
    [LK_OPTIMIZER_ADAMW_8BIT] = {.type = LK_OPTIMIZER_ADAMW_8BIT,
                                 .name = "AdamW8bit",
                                 .class_name = "bitsandbytes.optim.adamw.AdamW8bit",
                                 .arrays = {{"m8", LK_ARRAY_CODES},
                                            {"v8", LK_ARRAY_CODES},
                                            {"m8.scale", LK_ARRAY_SCALES},
                                            {"v8.scale", LK_ARRAY_SCALES}},
                                 .options = {ADAM_OPTIONS},
                                 .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01}},
    [LK_OPTIMIZER_SGD] = {.type = LK_OPTIMIZER_SGD,
                          .name = "SGDNesterov",
                          .class_name = "torch.optim.sgd.SGD",
                          .arrays = {{"m", LK_ARRAY_ELEMENTS}},
                          .options = {"momentum", "weight_decay", "nesterov"},
                          .defaults = {.momentum = 0.9, .nesterov = true}},
    [LK_OPTIMIZER_LION] = {.type = LK_OPTIMIZER_LION,
                           .name = "Lion",
                           .class_name = "lion_pytorch.lion_pytorch.Lion",
                           .arrays = {{"m", LK_ARRAY_ELEMENTS}},
                           .options = {"betas", "weight_decay"},
                           .defaults = {.beta1 = 0.9, .beta2 = 0.99}},
    [LK_OPTIMIZER_LION_8BIT] = {.type = LK_OPTIMIZER_LION_8BIT,
                                .name = "Lion8bit",
                                .class_name = "bitsandbytes.optim.lion.Lion8bit",
                                .arrays = {{"m8", LK_ARRAY_CODES}, {"m8.scale", LK_ARRAY_SCALES}},
                                .options = {"betas", "weight_decay"},
                                .defaults = {.beta1 = 0.9, .beta2 = 0.99}},
    [LK_OPTIMIZER_ADAFACTOR] = {.type = LK_OPTIMIZER_ADAFACTOR,
                                .name = "Adafactor",
                                .class_name = "transformers.optimization.Adafactor",
                                .arrays = {{"rows", LK_ARRAY_ROWS}, {"columns", LK_ARRAY_COLUMNS}},
                                .options = {"relative_step", "scale_parameter", "warmup_init", "clip_threshold",
                                            "decay_rate", "eps", "weight_decay"},
                                .defaults = {.eps = 1e-30,
                                             .eps2 = 1e-3,
                                             .clip_threshold = 1,
                                             .decay_rate = -0.8,
                                             .scale_parameter = true,
                                             .relative_step = true}},
    [LK_OPTIMIZER_PRODIGY] =
        {.name = "Prodigy",
         .class_name = "prodigyopt.prodigy.Prodigy",
         .arrays = {MOMENTS, {"s", LK_ARRAY_ELEMENTS}, {"first", LK_ARRAY_ELEMENTS, true}, {"carry", LK_ARRAY_CARRY}},
         .options = {ADAM_OPTIONS, "beta3", "decouple", "use_bias_correction", "safeguard_warmup", "d0", "d_coef",
                     "growth_rate"},
         .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .d0 = 1e-6, .d_coef = 1, .decouple = true},
         .finds_rate = true},
    [LK_OPTIMIZER_DADAPT_ADAM] = {.type = LK_OPTIMIZER_DADAPT_ADAM,
                                  .name = "DAdaptAdam",
                                  .class_name = "dadaptation.dadapt_adam.DAdaptAdam",
                                  .arrays = {MOMENTS, {"s", LK_ARRAY_ELEMENTS}, {"carry", LK_ARRAY_CARRY}},
                                  .options = {ADAM_OPTIONS, "decouple", "use_bias_correction", "d0", "growth_rate"},
                                  .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .d0 = 1e-6, .d_coef = 1},
                                  .finds_rate = true},
    [LK_OPTIMIZER_SCHEDULE_FREE] = {.type = LK_OPTIMIZER_SCHEDULE_FREE,
                                    .name = "AdamWScheduleFree",
                                    .class_name = "schedulefree.adamw_schedulefree.AdamWScheduleFree",
                                    .arrays = {{"z", LK_ARRAY_ELEMENTS, true}, {"v", LK_ARRAY_ELEMENTS}},
                                    .options = {ADAM_OPTIONS, "warmup_steps", "r", "weight_lr_power"},
                                    .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_lr_power = 2},
                                    .averages = true},
};

const LkOptimizer *lk_optimizer(LkOptimizerType type)
{
    return &optimizers[type];
}

/* ------------------------------------------------------------------ options */

typedef enum OptionKind { NUMBER, PAIR, FLAG } OptionKind;

#define AT(member) offsetof(LkOptimizerOptions, member)

/** What an option's value may be. Of a pair the second number is the next member. */
static const struct {
    const char *name;
    OptionKind kind;
    size_t at;
    double least, most; /* the most of betas is not allowed itself */
    const char *must;
} option_rows[] = {
    {"betas", PAIR, AT(beta1), 0, 1, N_("two numbers from 0 to below 1, as in betas=(0.9, 0.999)")},
    {"beta3", NUMBER, AT(beta3), 0, 1, N_("a number from 0 to 1")},
    {"eps", NUMBER, AT(eps), 0, 1, N_("a number from 0 to 1, or for Adafactor two such numbers")},
    {"weight_decay", NUMBER, AT(weight_decay), 0, 1000, N_("0 or more")},
    {"momentum", NUMBER, AT(momentum), 0, 1, N_("a number from 0 to 1")},
    {"d0", NUMBER, AT(d0), 1e-30, 1, N_("a number above 0, usually 1e-6")},
    {"d_coef", NUMBER, AT(d_coef), 1e-9, 1000, N_("a number above 0, usually 0.5 to 2")},
    {"growth_rate", NUMBER, AT(growth_rate), 1, INFINITY, N_("1 or more, or inf")},
    {"clip_threshold", NUMBER, AT(clip_threshold), 1e-9, 1e9, N_("a number above 0, usually 1")},
    {"decay_rate", NUMBER, AT(decay_rate), -1, 0, N_("a number from -1 to 0, usually -0.8")},
    {"warmup_steps", NUMBER, AT(warmup_steps), 0, 1e9, N_("a number of steps")},
    {"r", NUMBER, AT(r), 0, 100, N_("0 or more")},
    {"weight_lr_power", NUMBER, AT(weight_lr_power), 0, 100, N_("0 or more")},
    {"nesterov", FLAG, AT(nesterov)},
    {"decouple", FLAG, AT(decouple)},
    {"use_bias_correction", FLAG, AT(use_bias_correction)},
    {"safeguard_warmup", FLAG, AT(safeguard_warmup)},
    {"scale_parameter", FLAG, AT(scale_parameter)},
    {"relative_step", FLAG, AT(relative_step)},
    {"warmup_init", FLAG, AT(warmup_init)},
};

/** Python's "(0.9, 0.999)", "[0.9,0.999]" or "0.9,0.999", or one number. Returns how many; 0 where it is none. */
static int read_numbers(const char *text, double *out, int most)
{
    g_autofree char *plain = g_strdup(text);
    g_strdelimit(plain, "()[]", ' ');
    g_auto(GStrv) parts = g_strsplit(g_strstrip(plain), ",", -1);
    int count = 0;
    for (char **part = parts; *part; part++) {
        char *end;
        g_strstrip(*part);
        if (**part == '\0' && !part[1] && count > 0)
            break; /* a trailing comma */
        double number = g_ascii_strtod(*part, &end);
        if (count == most || *end != '\0' || end == *part || isnan(number))
            return 0;
        out[count++] = number;
    }
    return count;
}

/** Puts a value into its member; false where it is none. */
static bool put_option(LkOptimizerOptions *options, size_t row, const LkOptimizer *optimizer, const char *value)
{
    double numbers[2], *to = (double *)(void *)((char *)options + option_rows[row].at);
    const double least = option_rows[row].least, most = option_rows[row].most;
    if (option_rows[row].kind == FLAG) {
        bool yes = g_ascii_strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0;
        *(bool *)(void *)to = yes;
        return yes || g_ascii_strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0;
    }
    bool two_eps = optimizer->type == LK_OPTIMIZER_ADAFACTOR && to == &options->eps;
    int wanted = option_rows[row].kind == PAIR || two_eps ? 2 : 1;
    if (read_numbers(value, numbers, wanted) != wanted)
        return false;
    for (int i = 0; i < wanted; i++) {
        if (numbers[i] < least || numbers[i] > most || (option_rows[row].kind == PAIR && numbers[i] >= most))
            return false;
        to[i] = numbers[i];
    }
    if (to == &options->growth_rate && isinf(*to))
        *to = 0;
    return two_eps || wanted == 2 || isfinite(*to);
}

/** Options of the classes that only matter to how they compute, or that are off. */
static bool is_idle(const char *name, const char *value)
{
    static const char *const off[] = {"amsgrad", "foreach", "fused", "fsdp_in_use", "maximize"};
    bool is_off = g_ascii_strcasecmp(value, "false") == 0 || g_ascii_strcasecmp(value, "none") == 0;
    bool known = strcmp(name, "dampening") == 0 ? g_ascii_strtod(value, NULL) == 0 : false;
    for (gsize i = 0; i < G_N_ELEMENTS(off); i++)
        known |= strcmp(name, off[i]) == 0 && is_off;
    return known || (strcmp(name, "slice_p") == 0 && strcmp(value, "1") == 0);
}

static char *option_problem(const LkOptimizer *optimizer, LkOptimizerOptions *options, const char *name,
                            const char *value)
{
    if (!g_strv_contains(optimizer->options, name)) {
        g_autofree char *known = g_strjoinv(", ", (char **)(uintptr_t)optimizer->options);
        return is_idle(name, value)
                   ? NULL
                   : g_strdup_printf(_("optimizer_args has %s, which %s here does not know. It knows %s."), name,
                                     optimizer->name, known);
    }
    for (size_t row = 0; row < G_N_ELEMENTS(option_rows); row++) {
        if (strcmp(option_rows[row].name, name) != 0 || put_option(options, row, optimizer, value))
            continue;
        const char *must = option_rows[row].must ? _(option_rows[row].must) : _("True or False");
        return g_strdup_printf(_("optimizer_args has %s=%s, but %s must be %s."), name, value, name, must);
    }
    return NULL;
}

bool lk_optimizer_read(const LkOptimizer *optimizer, char *const *args, LkOptimizerOptions *options, char **problem)
{
    *options = optimizer->defaults;
    *problem = NULL;
    for (char *const *arg = args; arg && *arg && !*problem; arg++) {
        g_auto(GStrv) pair = g_strsplit(*arg, "=", 2);
        const char *name = pair[0] ? g_strstrip(pair[0]) : "";
        const char *value = pair[0] && pair[1] ? g_strstrip(pair[1]) : NULL;
        *problem = value ? option_problem(optimizer, options, name, value)
                         : g_strdup_printf(_("optimizer_args has “%s”, which is not of the form name=value."), *arg);
    }
    if (options->warmup_init)
        options->relative_step = true; /* as sd-scripts does */
    if (!*problem && options->nesterov && options->momentum == 0)
        *problem =
            g_strdup(_("optimizer_args has momentum=0, but Nesterov's rule needs a momentum. Add nesterov=False."));
    return !*problem;
}

/* ------------------------------------------------------------------ scalars */

double lk_averaging_step(LkAveraging *averaging, const LkOptimizerOptions *o, int64_t step, double rate)
{
    double warm = (double)step < o->warmup_steps ? rate * (double)step / o->warmup_steps : rate;
    averaging->rate_max = MAX(averaging->rate_max, warm);
    double weight = pow((double)step, o->r) * pow(averaging->rate_max, o->weight_lr_power);
    averaging->weight_sum += weight;
    return averaging->weight_sum > 0 ? weight / averaging->weight_sum : 0;
}

static LkScheduleFreeScalars schedule_free(const LkOptimizerOptions *o, int64_t step, double rate, double share)
{
    double warm = (double)step < o->warmup_steps ? rate * (double)step / o->warmup_steps : rate;
    return (LkScheduleFreeScalars){.beta2 = (float)o->beta2,
                                   .one_minus_beta2 = (float)(1 - o->beta2),
                                   .bias2 = (float)(1 - pow(o->beta2, (double)step)),
                                   .eps = (float)o->eps,
                                   .weight_decay = (float)o->weight_decay,
                                   .share = (float)share,
                                   .rest = (float)(1 - share),
                                   .y_rate = (float)(warm * (o->beta1 * (1 - share) - 1)),
                                   .lr = (float)warm};
}

/** A step of rate 0, as the first of a warm-up is, tells such an optimizer nothing: its moments and sums stay. */
static LkAdaptScalars idle(const LkOptimizerOptions *o)
{
    return (LkAdaptScalars){.beta1 = 1, .beta2 = 1, .beta3 = 1, .eps = (float)o->eps, .d0 = (float)o->d0};
}

static LkAdaptScalars adapt(const LkOptimizerOptions *o, bool prodigy, int64_t step, double rate)
{
    if (!(rate > 0))
        return idle(o);
    double correction =
        o->use_bias_correction ? sqrt(1 - pow(o->beta2, (double)step)) / (1 - pow(o->beta1, (double)step)) : 1;
    double beta3 = prodigy && o->beta3 > 0 ? o->beta3 : sqrt(o->beta2);
    return (LkAdaptScalars){.lr = (float)(rate * correction),
                            .beta1 = (float)o->beta1,
                            .one_minus_beta1 = (float)(1 - o->beta1),
                            .beta2 = (float)o->beta2,
                            .one_minus_beta2 = (float)(1 - o->beta2),
                            .beta3 = (float)beta3,
                            .one_minus_beta3 = (float)(1 - beta3),
                            .eps = (float)o->eps,
                            .l2 = o->decouple ? 0 : (float)o->weight_decay,
                            .weight_decay = o->decouple ? (float)o->weight_decay : 0,
                            .d0 = (float)o->d0,
                            .d_coef = (float)o->d_coef,
                            .growth_rate = o->growth_rate > 0 ? (float)o->growth_rate : INFINITY,
                            .safeguard = o->safeguard_warmup};
}

double lk_adafactor_rate(const LkOptimizerOptions *o, int64_t step)
{
    double least = o->warmup_init ? 1e-6 * (double)step : 1e-2;
    return MIN(least, 1 / sqrt((double)step));
}

static LkAdafactorScalars adafactor(const LkOptimizerOptions *o, int64_t step, double rate)
{
    double decay = pow((double)step, o->decay_rate);
    return (LkAdafactorScalars){.lr = (float)(o->relative_step ? lk_adafactor_rate(o, step) : rate),
                                .beta2 = (float)(1 - decay),
                                .one_minus_beta2 = (float)decay,
                                .eps1 = (float)o->eps,
                                .eps2 = (float)o->eps2,
                                .clip_threshold = (float)o->clip_threshold,
                                .scale_parameter = o->scale_parameter,
                                .weight_decay = (float)o->weight_decay};
}

static LkAdamwScalars adam(const LkOptimizerOptions *o, bool decoupled, int64_t step, double rate)
{
    LkAdamwScalars s = lk_adamw_scalars(step, rate, o->beta1, o->beta2, o->eps, decoupled ? o->weight_decay : 0);
    s.l2 = decoupled ? 0 : (float)o->weight_decay;
    return s;
}

static LkSgdScalars sgd(const LkOptimizerOptions *o, double rate)
{
    return (LkSgdScalars){.lr = (float)rate,
                          .l2 = (float)o->weight_decay,
                          .momentum = (float)o->momentum,
                          .from_gradient = o->nesterov ? 1 : 0,
                          .from_momentum = o->nesterov ? (float)o->momentum : 1};
}

static LkLionScalars lion(const LkOptimizerOptions *o, double rate)
{
    return (LkLionScalars){.lr = (float)rate,
                           .decay = (float)(1 - rate * o->weight_decay),
                           .beta1 = (float)o->beta1,
                           .one_minus_beta1 = (float)(1 - o->beta1),
                           .beta2 = (float)o->beta2,
                           .one_minus_beta2 = (float)(1 - o->beta2)};
}

int64_t lk_optimizer_steps(LkOptimizerType type, int64_t step, bool first_is_idle)
{
    const bool finds_rate = type == LK_OPTIMIZER_PRODIGY || type == LK_OPTIMIZER_DADAPT_ADAM;
    return finds_rate && first_is_idle ? MAX(step - 1, 1) : step;
}

void lk_optimizer_scalars(LkOptimizerType type, const LkOptimizerOptions *options, int64_t step, double rate,
                          double share, float scalars[LK_OPTIMIZER_SCALARS])
{
    union {
        LkAdamwScalars adam;
        LkSgdScalars sgd;
        LkLionScalars lion;
        LkScheduleFreeScalars schedule_free;
        LkAdaptScalars adapt;
        LkAdafactorScalars adafactor;
        float all[LK_OPTIMIZER_SCALARS];
    } s = {.all = {0}};
    switch (type) {
    case LK_OPTIMIZER_SGD:
        s.sgd = sgd(options, rate);
        break;
    case LK_OPTIMIZER_LION:
    case LK_OPTIMIZER_LION_8BIT:
        s.lion = lion(options, rate);
        break;
    case LK_OPTIMIZER_ADAFACTOR:
        s.adafactor = adafactor(options, step, rate);
        break;
    case LK_OPTIMIZER_PRODIGY:
    case LK_OPTIMIZER_DADAPT_ADAM:
        s.adapt = adapt(options, type == LK_OPTIMIZER_PRODIGY, step, rate);
        break;
    case LK_OPTIMIZER_SCHEDULE_FREE:
        s.schedule_free = schedule_free(options, step, rate, share);
        break;
    case LK_OPTIMIZER_ADAMW:
    case LK_OPTIMIZER_ADAM:
    case LK_OPTIMIZER_ADAMW_8BIT:
    case LK_OPTIMIZER_COUNT:
        s.adam = adam(options, type != LK_OPTIMIZER_ADAM, step, rate);
        break;
    }
    memcpy(scalars, s.all, sizeof s.all);
}

double lk_ema_decay(double most, int64_t step)
{
    double early = step < 2 ? 0 : (double)step / (double)(step + 9); /* (1 + n) / (10 + n) for n = step - 1 */
    return MIN(most, early);
}
