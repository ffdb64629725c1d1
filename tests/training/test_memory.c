/* Memory: what a plan says is what a run takes, whatever the job; what does not fit is refused with remedies that help;
 * memory that cannot be had all the same ends a run with its state. Usage: test_memory MODEL.safetensors */
#include "../tap.h"
#include "base/error.h"
#include "base/philox.h"
#include "small_run.h"
#include "training/parameters.h"
#include "training/state.h"

#include <string.h>

enum { JOBS = 20 };

/* Random jobs ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *key;
    const char *values[7]; /* NULL-terminated */
} options[] = {
    {"network_dim", {"1", "2", "4", "7", "16", NULL}},
    {"train_batch_size", {"1", "2", "3", NULL}},
    {"gradient_accumulation_steps", {"1", "2", "3", NULL}},
    {"gradient_checkpointing", {"false", "true", NULL}},
    {"mixed_precision", {"no", "bf16", NULL}},
    {"base_weights_precision", {"auto", "auto", "int8", "fp8", NULL}},
    {"offload_base_weights", {"none", "auto", "all", NULL}},
    {"train_data_dir", {"pics", "wide", NULL}},
    {"resolution", {"64,64", "128,64", "128,128", NULL}},
    {"enable_bucket", {"false", "true", NULL}},
    {"max_token_length", {"75", "150", "225", NULL}},
    {"clip_skip", {"1", "2", NULL}},
    {"loss_type", {"l2", "l1", "huber", "smooth_l1", NULL}},
    {"v_parameterization", {"false", "true", NULL}},
    {"ip_noise_gamma", {"0", "0.1", NULL}},
    {"shuffle_caption", {"false", "true", NULL}},
    {"flip_aug", {"false", "true", NULL}},
    {"max_grad_norm", {"0", "1", NULL}},
    {"sample_prompts",
     {"", "[\"a bird --w 64 --h 64 --s 1\"]", "[\"a bird --w 192 --h 128 --s 1\", \"birds --w 64 --h 64 --s 1\"]",
      NULL}},
    {"cache_dir", {"cache", "cold", NULL}},
    {"vae_tiling", {"", "true", NULL}},
    {"vae_tile_size", {"128", NULL}},
};

static uint32_t pick(uint64_t *drawn, uint32_t n)
{
    LkRandom stream = {.seed = 41, .purpose = LK_RANDOM_TEST};
    return lk_random_below(stream, (*drawn)++, n);
}

/** One of the values that a parameter has in this version. */
static char *any_choice(const char *key, uint64_t *drawn)
{
    const LkParameter *row = lk_parameter_find(key);
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const LkChoice *choice = row ? row->choices : NULL; choice && choice->value; choice++)
        if (!choice->not_yet)
            g_ptr_array_add(known, (gpointer)choice->value);
    return known->len ? g_strdup_printf("%s=%s", key, (const char *)known->pdata[pick(drawn, known->len)]) : NULL;
}

/** "key=value", NULL-terminated; free with g_strfreev. */
static char **random_settings(uint64_t *drawn)
{
    static const char *const parts[] = {"network_train_unet_only=true", "network_train_text_encoder_only=true", NULL,
                                        NULL};
    GPtrArray *settings = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        uint32_t count = 0;
        while (options[i].values[count])
            count++;
        const char *value = options[i].values[pick(drawn, count)];
        if (*value)
            g_ptr_array_add(settings, g_strdup_printf("%s=%s", options[i].key, value));
        if (*value && strcmp(options[i].key, "sample_prompts") == 0)
            g_ptr_array_add(settings, g_strdup("sample_at_first=true"));
    }
    const char *part = parts[pick(drawn, G_N_ELEMENTS(parts))];
    if (part)
        g_ptr_array_add(settings, g_strdup(part));
    static const char *const choices[] = {"optimizer_type", "network_module"};
    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        char *setting = any_choice(choices[i], drawn);
        if (setting)
            g_ptr_array_add(settings, setting);
    }
    g_ptr_array_add(settings, g_strdup("max_train_steps=2"));
    g_ptr_array_add(settings, NULL);
    return (char **)g_ptr_array_free(settings, FALSE);
}

static int64_t planned(const LkTrainingPlan *plan)
{
    return plan->weights + plan->adapter + plan->optimizer + plan->arena;
}

static void test_random_jobs(const SmallRun *s)
{
    uint64_t drawn = 0;
    for (int i = 0; i < JOBS; i++) {
        g_auto(GStrv) settings = random_settings(&drawn);
        g_autofree char *label = g_strjoinv(" ", settings);
        g_autoptr(Outcome) o = small_run(s, "random", (const char *const *)settings, false, -1);
        const LkTrainingPlan *plan = &o->plan;
        int64_t end = o->allocated_end - planned(plan); /* a large sample's U-Net keeps its own layouts of weights */
        bool right = o->ok && o->allocated == planned(plan) && end >= 0 && end <= plan->sampling;
        int64_t most = MAX(planned(plan) + plan->sampling, plan->encoding);
        tap_ok(right && o->allocated_most <= most && plan->total >= most,
               "%lld bytes planned, %lld and %lld taken, at most %lld of %lld: %s%s%s", (long long)planned(plan),
               (long long)o->allocated, (long long)o->allocated_end, (long long)o->allocated_most, (long long)most,
               label, o->message ? ": " : "", o->message ? o->message : "");
    }
}

/* Too little ------------------------------------------------------------------------------------------------------- */

/** The CPU backend with so much memory, on which the n-th run of a program finds none. */
static struct {
    LkBackend api;
    int64_t free_bytes;
    int runs, failing;
    bool binds;
} small;

static int devices(LkDeviceInfo *out, int max, LkError *error)
{
    int count = lk_backend_cpu()->devices(out, max, error);
    for (int i = 0; i < count && i < max; i++)
        out[i].free_bytes = small.free_bytes;
    return count;
}

static bool run_or_fail(LkProgram *program, LkError *error)
{
    if (++small.runs == small.failing)
        return lk_fail(error, LK_ERROR_MEMORY, "%s", "Not enough memory on this device for the step.");
    return lk_backend_cpu()->run(program, error);
}

static bool bind_or_fail(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    if (!small.binds)
        return lk_fail(error, LK_ERROR_MEMORY, "%s", "Not enough memory on this device for the weights.");
    return lk_backend_cpu()->bind(program, plan, source, error);
}

static void make_small(SmallRun *s, int64_t free_bytes, int failing_run, bool binds)
{
    small.api = *lk_backend_cpu();
    small.api.devices = devices;
    small.api.run = run_or_fail;
    small.api.bind = bind_or_fail;
    small.free_bytes = free_bytes;
    small.runs = 0;
    small.failing = failing_run;
    small.binds = binds;
    s->api = &small.api;
}

static const char *said(const Outcome *outcome)
{
    return outcome->message ? outcome->message : "nothing";
}

/** One byte decides; and what is proposed first needs less. */
static void test_limit(SmallRun *s)
{
    static const char *const large[] = {"train_batch_size=2", "network_dim=16", "max_train_steps=2", NULL};
    static const char *const fixed[] = {"gradient_checkpointing=true", "train_batch_size=2", "network_dim=16",
                                        "max_train_steps=2", NULL};
    make_small(s, INT64_MAX, 0, true);
    g_autoptr(Outcome) free = small_run(s, "free", large, false, -1);
    make_small(s, free->plan.total, 0, true);
    g_autoptr(Outcome) fits = small_run(s, "fits", large, false, -1);
    tap_ok(free->ok && fits->ok && fits->plan.fits && fits->plan.fixes->len == 0, "what is planned is enough: %s",
           said(fits));
    make_small(s, free->plan.total - 1, 0, true);
    g_autoptr(Outcome) refused = small_run(s, "refused", large, false, -1);
    tap_ok(!refused->ok && refused->code == LK_ERROR_MEMORY && refused->began == -1 &&
               strstr(refused->message, "gradient_checkpointing = true"),
           "a byte less is not: %s", said(refused));
    const GPtrArray *fixes = refused->plan.fixes;
    tap_ok(!refused->plan.fits && fixes->len >= 3 && strcmp(fixes->pdata[0], "gradient_checkpointing = true") == 0,
           "%u remedies are proposed, checkpointing first", fixes->len);
    g_autoptr(Outcome) helped = small_run(s, "helped", fixed, false, -1);
    tap_ok(helped->ok && helped->plan.total < free->plan.total, "with the first of them it fits: %s", said(helped));
}

/** Memory that another program took in the meantime. */
static void test_taken(SmallRun *s)
{
    static const char *const job[] = {"max_train_steps=6", NULL};
    make_small(s, INT64_MAX, 0, false);
    g_autoptr(Outcome) none = small_run(s, "none", job, false, -1);
    tap_ok(!none->ok && none->code == LK_ERROR_MEMORY && strstr(none->message, "for the weights") &&
               strstr(none->message, "smallest change first: gradient_checkpointing = true"),
           "no memory for the weights: %s", said(none));
    s->api = NULL;
    g_autoptr(Outcome) whole = small_run(s, "whole", job, false, -1);
    make_small(s, INT64_MAX, 7, true); /* a step runs two programs: the fourth step's first */
    g_autoptr(Outcome) failed = small_run(s, "taken", job, false, -1);
    g_autofree char *path = small_run_path(s, "taken/bird.state");
    g_autoptr(LkState) state = lk_state_load(path, NULL);
    tap_ok(!failed->ok && failed->code == LK_ERROR_MEMORY && failed->steps == 3 && state && state->step == 3 &&
               strstr(failed->message, "The state is saved") && strstr(failed->message, "gradient_checkpointing"),
           "none for the fourth step: the state of the third is saved, and what would help is told: %s", said(failed));
    s->api = NULL;
    g_autoptr(Outcome) resumed = small_run(s, "taken", job, true, -1);
    tap_ok(whole->ok && resumed->ok && resumed->began == 3 &&
               same_files(s, "whole/bird.safetensors", "taken/bird.safetensors"),
           "with memory again it goes on to the same bytes: %s", said(resumed));
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    test_random_jobs(&s);
    test_limit(&s);
    test_taken(&s);
    small_run_close(&s);
    return tap_done();
}
