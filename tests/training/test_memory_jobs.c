/* Memory: what a plan says is what a run takes, for random jobs of every family, kind of adapter, optimizer and
 * precision on every device, to the byte; no step takes more; and a job that does not fit is refused with remedies each
 * of which makes the plan smaller. Usage: test_memory_jobs CASES_FOLDER; LORIKEET_JOBS=N for N jobs of each family and
 * device. */
#include "../tap.h"
#include "base/error.h"
#include "base/philox.h"
#include "memory_devices.h"
#include "small_run.h"
#include "training/parameters.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SETTINGS = 40 };

/* Random jobs ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *key;
    const char *values[7]; /* NULL-terminated; "": as it is without */
} options[] = {
    {"network_dim", {"1", "2", "4", "7", "16", NULL}},
    {"network_args", {"", "", "[\"conv_dim=2\"]", NULL}},
    {"network_dropout", {"", "0.1", NULL}},
    {"train_batch_size", {"1", "2", "3", NULL}},
    {"gradient_accumulation_steps", {"1", "2", "3", NULL}},
    {"gradient_checkpointing", {"false", "true", NULL}},
    {"base_weights_precision", {"", "", "int8", "fp8", NULL}},
    {"offload_base_weights", {"none", "all", NULL}}, /* auto helps itself where a byte is missing */
    {"train_data_dir", {"pics", "wide", NULL}},
    {"resolution", {"64,64", "128,64", "128,128", NULL}},
    {"enable_bucket", {"false", "true", NULL}},
    {"max_token_length", {"75", "150", "225", NULL}},
    {"clip_skip", {"1", "2", NULL}},
    {"loss_type", {"l2", "l1", "huber", "smooth_l1", NULL}},
    {"v_parameterization", {"false", "true", NULL}},
    {"min_snr_gamma", {"0", "5", NULL}},
    {"noise_offset", {"0", "0.1", NULL}},
    {"multires_noise_iterations", {"0", "6", NULL}},
    {"ip_noise_gamma", {"0", "0.1", NULL}},
    {"ema_decay", {"", "0.9", NULL}},
    {"scale_weight_norms", {"", "1", NULL}},
    {"validation_split", {"", "", "0.4", NULL}},
    {"shuffle_caption", {"false", "true", NULL}},
    {"flip_aug", {"false", "true", NULL}},
    {"random_crop", {"false", "true", NULL}},
    {"color_aug", {"false", "true", NULL}},
    {"augment_variations", {"2", NULL}},
    {"weighted_captions", {"false", "true", NULL}},
    {"max_grad_norm", {"0", "1", NULL}},
    {"sample_prompts",
     {"", "[\"a bird --w 64 --h 64 --s 1\"]", "[\"a bird --w 192 --h 128 --s 1\", \"birds --w 64 --h 64 --s 1\"]",
      NULL}},
    {"cache_dir", {"cache", "cold", NULL}},
    {"vae_tiling", {"true", NULL}}, /* else it may help itself */
    {"vae_tile_size", {"128", NULL}},
};

static uint32_t pick(uint64_t *drawn, uint32_t n)
{
    LkRandom stream = {.seed = 41, .purpose = LK_RANDOM_TEST};
    return lk_random_below(stream, (*drawn)++, n);
}

/** One of the values that a parameter has in this version. */
static const char *any_choice(const char *key, uint64_t *drawn)
{
    const LkParameter *row = lk_parameter_find(key);
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const LkChoice *choice = row ? row->choices : NULL; choice && choice->value; choice++)
        if (!choice->not_yet)
            g_ptr_array_add(known, (gpointer)choice->value);
    return known->len ? known->pdata[pick(drawn, known->len)] : "";
}

static void add(GPtrArray *settings, const char *key, const char *value)
{
    if (*value)
        g_ptr_array_add(settings, g_strdup_printf("%s=%s", key, value));
}

/** "key=value", NULL-terminated; free with g_strfreev. */
static char **draw_settings(const MemoryDevice *device, uint64_t *drawn)
{
    static const char *const parts[] = {"network_train_unet_only", "network_train_text_encoder_only", "", ""};
    GPtrArray *settings = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        uint32_t count = 0;
        while (options[i].values[count])
            count++;
        const char *value = options[i].values[pick(drawn, count)];
        add(settings, options[i].key, value);
        if (*value && strcmp(options[i].key, "sample_prompts") == 0)
            add(settings, "sample_at_first", "true");
    }
    const char *part = parts[pick(drawn, G_N_ELEMENTS(parts))];
    add(settings, part, *part ? "true" : "");
    uint32_t precisions = 0;
    while (device->precisions[precisions])
        precisions++;
    add(settings, "mixed_precision", device->precisions[pick(drawn, precisions)]);
    add(settings, "optimizer_type", any_choice("optimizer_type", drawn));
    const char *module = any_choice("network_module", drawn);
    add(settings, "network_module", module);
    add(settings, "max_train_steps", "4");
    g_ptr_array_add(settings, NULL);
    return (char **)g_ptr_array_free(settings, FALSE);
}

/** Those of a job that is one: some options exclude each other. */
static char **random_settings(const SmallRun *s, const MemoryDevice *device, uint64_t *drawn)
{
    for (;;) {
        char **settings = draw_settings(device, drawn);
        g_autoptr(GPtrArray) problems = lk_problems_new();
        g_autoptr(LkJob) job = small_job_told(s, "drawn", (const char *const *)settings, problems);
        if (job)
            return settings;
        g_strfreev(settings);
    }
}

/* What is held ----------------------------------------------------------------------------------------------------- */

/** The backend, which is asked after every call that may take memory how much it holds. */
static struct {
    LkBackend api;
    const LkBackend *real;
    LkDevice *device;
    int64_t most, free_bytes; /* free_bytes < 0: as it is */
} watched;

static void look(void)
{
    watched.most = MAX(watched.most, watched.real->allocated(watched.device));
}

static LkDevice *open_watched(int index, int threads, LkError *error)
{
    return watched.device = watched.real->open(index, threads, error);
}

static int devices_watched(LkDeviceInfo *out, int max, LkError *error)
{
    int count = watched.real->devices(out, max, error);
    for (int i = 0; i < count && i < max && watched.free_bytes >= 0; i++)
        out[i].free_bytes = watched.free_bytes;
    return count;
}

static bool reserve_watched(LkDevice *device, int64_t bytes, LkError *error)
{
    bool done = watched.real->reserve(device, bytes, error);
    look();
    return done;
}

static bool bind_watched(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error)
{
    bool done = watched.real->bind(program, plan, source, error);
    look();
    return done;
}

static void watch_backend(SmallRun *s, const MemoryDevice *device)
{
    watched.api = *device->api;
    watched.real = device->api;
    watched.api.open = open_watched;
    watched.api.devices = devices_watched;
    watched.api.reserve = reserve_watched;
    watched.api.bind = bind_watched;
    watched.most = 0;
    watched.free_bytes = -1;
    s->api = &watched.api;
    s->watch = memory_device_beside;
}

static int64_t planned(const LkTrainingPlan *plan)
{
    return plan->weights + plan->adapter + plan->optimizer + plan->arena;
}

/** Whether a run took what its plan says; NULL, or what was otherwise. */
static char *compare(const Outcome *o, const MemoryDevice *device, int64_t truth_most)
{
    const LkTrainingPlan *plan = &o->plan;
    int64_t end = o->allocated_end - planned(plan); /* a large sample's U-Net keeps its own layouts of weights */
    int64_t most = MAX(planned(plan) + plan->sampling, plan->encoding);
    if (!o->ok)
        return g_strdup(o->message);
    if (o->allocated != planned(plan) || end < 0 || end > plan->sampling)
        return g_strdup_printf("%lld bytes planned, %lld held by the first step and %lld at the end",
                               (long long)planned(plan), (long long)o->allocated, (long long)o->allocated_end);
    bool cached = most == plan->encoding; /* captions need not be encoded where the cache has them */
    bool held = cached ? watched.most <= most && truth_most <= most
                       : watched.most == most && (truth_most < 0 || truth_most == most);
    if (!held || plan->total != most + plan->host)
        return g_strdup_printf("a peak of %lld bytes planned, %lld counted, %lld by the device", (long long)most,
                               (long long)watched.most, (long long)truth_most);
    if (o->watched[1] - o->watched[0] > device->steady)
        return g_strdup_printf("the steps took %lld more", (long long)(o->watched[1] - o->watched[0]));
    return NULL;
}

/* What does not fit ------------------------------------------------------------------------------------------------ */

/** The plan of a job; false with a note where there is none. */
static bool make_plan(const SmallRun *s, const char *const *settings, LkTrainingPlan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkJob) job = small_job(s, "planned", settings);
    g_autoptr(LkTrainer) trainer = job ? lk_trainer_new(job, s->api, 0, &error) : NULL;
    bool made = trainer && lk_trainer_plan(trainer, plan, &error);
    if (!made)
        tap_note("%s", error ? error->message : "no job");
    return made;
}

/** What a remedy means as a setting: "key = value, with …" or "a smaller key"; NULL where it is none. */
static char *setting_of(const char *fix, const LkTrainingPlan *plan)
{
    g_autofree char *head = g_strndup(fix, strcspn(fix, ","));
    g_auto(GStrv) sides = g_strsplit(head, " = ", 2);
    if (sides[0] && sides[1])
        return g_strdup_printf("%s=%s", sides[0], g_strstrip(g_strdelimit(sides[1], "\"", ' ')));
    return strstr(fix, "network_dim") && plan ? g_strdup("network_dim=8") : NULL;
}

/** A byte less than planned is refused, and each remedy alone makes the plan smaller. */
static char *refuse(SmallRun *s, const MemoryDevice *device, char **settings)
{
    LkTrainingPlan again = {0}; /* what is cached now need not be encoded any more */
    bool planned_again = make_plan(s, (const char *const *)settings, &again);
    int64_t total = again.total;
    lk_training_plan_clear(&again);
    if (!planned_again)
        return g_strdup("no second plan");
    watched.free_bytes = total - 1;
    g_autoptr(Outcome) refused = small_run(s, "refused", (const char *const *)settings, false, -1);
    if (refused->ok || refused->code != LK_ERROR_MEMORY || refused->began != -1 || refused->plan.fits ||
        refused->plan.fixes->len == 0 || !strstr(refused->message, refused->plan.fixes->pdata[0]))
        return g_strdup_printf("a byte less is not refused: %s", refused->message ? refused->message : "it runs");
    for (guint i = 0; i < refused->plan.fixes->len; i++) {
        const char *fix = refused->plan.fixes->pdata[i];
        g_autofree char *setting = setting_of(fix, &refused->plan);
        if (!setting || (device->workspaces && g_str_has_prefix(setting, "mixed_precision")))
            continue;
        const char *with[MOST_SETTINGS] = {0};
        guint count = 0;
        g_autofree char *key = g_strndup(setting, strcspn(setting, "=") + 1);
        for (char **old = settings; *old; old++)
            if (!g_str_has_prefix(*old, key))
                with[count++] = *old;
        with[count] = setting;
        LkTrainingPlan plan = {0};
        bool fits = make_plan(s, with, &plan) && plan.fits;
        int64_t needs = plan.total;
        lk_training_plan_clear(&plan);
        if (!fits)
            return g_strdup_printf("“%s” does not help: %lld of %lld bytes", fix, (long long)needs, (long long)total);
    }
    return NULL;
}

/* All of it -------------------------------------------------------------------------------------------------------- */

static void test_jobs(SmallRun *s, const MemoryDevice *device, const char *family, int number, int count,
                      uint64_t *drawn)
{
    for (int i = 0; i < count; i++) {
        g_auto(GStrv) settings = random_settings(s, device, drawn);
        g_autofree char *label = g_strjoinv(" ", settings);
        memory_device(number, &(MemoryDevice){0}); /* counts begin anew */
        watch_backend(s, device);
        g_autoptr(Outcome) o = small_run(s, "random", (const char *const *)settings, false, -1);
        g_autofree char *wrong = compare(o, device, memory_device_peak());
        int64_t left = memory_device_held();
        tap_ok(!wrong && left <= 0, "%s, %s: %lld bytes, as planned: %s%s%s", device->name, family,
               (long long)watched.most, label, wrong ? ": " : "", wrong ? wrong : "");
        g_autofree char *unhelped = o->ok ? refuse(s, device, settings) : NULL;
        tap_ok(!unhelped, "and not with a byte less%s%s", unhelped ? ": " : "", unhelped ? unhelped : "");
    }
}

int main(int argc, char **argv)
{
    static const char *const families[] = {"plain", "sd2-v-zero", "sdxl"}; /* cases with SD 1.x, 2.x and XL */
    const char *wanted = g_getenv("LORIKEET_JOBS");
    uint64_t drawn = 0;
    MemoryDevice device;
    if (argc != 3)
        return 2;
    int count = (int)strtol(wanted ? wanted : argv[2], NULL, 10);
    for (gsize f = 0; f < G_N_ELEMENTS(families); f++) {
        g_autofree char *model = g_build_filename(argv[1], families[f], "model.safetensors", NULL);
        SmallRun s;
        small_run_open(&s, model);
        for (int number = 0; memory_device(number, &device); number++)
            test_jobs(&s, &device, families[f], number, count, &drawn);
        small_run_close(&s);
    }
    return tap_done();
}
