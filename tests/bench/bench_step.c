/* bench-step MODEL: seconds of a training step of a LoRA on a Stable Diffusion model, its memory beside its plan, and
 * with --measure where the time goes. */
#include "profile.h"
#ifdef BENCH_ROOF
#include "alone.h"
#include "roof.h"
#endif

#include "backend/prepared.h"
#include "base/philox.h"
#include "kernels/kernels.h"
#include "training/device.h"
#include "training/lora_setup.h"
#include "training/update_graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct Options {
    char *precision, *recompute, *device;
    int size, batch, steps, rank, nodes, threads;
    gboolean no_te, apart, measure, alone;
} Options;

typedef struct Bench {
    Options o;
    const LkBackend *api;
    int index; /* of the device */
    bool on_card;
    double before; /* GiB of the card's memory that were taken when this program began */
    LkDevice *device;
    LkCheckpoint *checkpoint;
    LkLora *lora;
    LkStepGraph *step;
    LkUpdateGraph *update;
    LkPrepared step_program, update_program;
    LkError error;
} Bench;

static double clock_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/** Seconds since this process began (to a hundredth). */
static double since_start(void)
{
    unsigned long long started = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    if (file &&
        fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &started) != 1)
        started = 0;
    if (file)
        fclose(file);
    return clock_seconds(CLOCK_BOOTTIME) - (double)started / (double)sysconf(_SC_CLK_TCK);
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/** A line of /proc/self/status in GiB. */
static double status_gib(const char *key)
{
    char line[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtod(line + strlen(key) + 1, NULL);
    if (file)
        fclose(file);
    return kib / (1 << 20);
}

static double gib(int64_t bytes)
{
    return (double)bytes / (1 << 30);
}

/** Says how far the preparation has come. */
static void say(const char *what)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%7.2f s  %-22s resident %.2f GiB, at most %.2f; processors %.2f s + %.2f s of the system\n", since_start(),
           what, status_gib("VmRSS:"), status_gib("VmHWM:"), seconds_of(usage.ru_utime), seconds_of(usage.ru_stime));
    fflush(stdout);
}

static bool complain(const Bench *b)
{
    fprintf(stderr, "bench-step: %s\n", b->error.text);
    return false;
}

static bool build(Bench *b)
{
    LkDType compute = strcmp(b->o.precision, "bf16") == 0   ? LK_BF16
                      : strcmp(b->o.precision, "fp16") == 0 ? LK_F16
                                                            : LK_F32;
    LkStepShape shape = {.batch = b->o.batch,
                         .height = b->o.size / 8,
                         .width = b->o.size / 8,
                         .chunks = 1,
                         .clip_skip = 1,
                         .text_encoder = !b->o.no_te,
                         .tf32 = strcmp(b->o.precision, "tf32") == 0,
                         .folded_terms = b->o.apart ? 0 : lk_backend_folded_terms(b->api, compute)};
    shape.recompute = strcmp(b->o.recompute, "blocks") == 0  ? LK_RECOMPUTE_BLOCKS
                      : strcmp(b->o.recompute, "cheap") == 0 ? LK_RECOMPUTE_CHEAP
                                                             : LK_RECOMPUTE_NONE;
    LkUpdateShape update = {.max_norm = 1};
    b->step = lk_step_graph_new(b->checkpoint, b->lora, &shape, compute, false, &b->error);
    if (b->step)
        b->update = lk_update_graph_new(b->step, &update, &b->error);
    if (!b->update)
        return complain(b);
    say("graphs built");
    if (!lk_prepare(&b->step_program, b->api, b->device, b->step->graph, &b->error))
        return complain(b);
    say("compiled and planned");
    return lk_prepare(&b->update_program, b->api, b->device, b->update->graph, &b->error) || complain(b);
}

/** Binds, having said what it will take. Returns the bytes planned, 0 on failure. */
static int64_t bind(Bench *b, LkWeightSource *source)
{
    LkPrepared *list[2] = {&b->step_program, &b->update_program};
    const LkPlan *plan = b->step_program.plan;
    int64_t weights = b->api->weight_bytes(b->step_program.program);
    int64_t states = b->api->state_bytes(b->step_program.program);
    int64_t optimizer = b->api->state_bytes(b->update_program.program) - states;
    printf("plan: weights %.3f, adapter %.3f, optimizer %.3f, arena %.3f GiB (activations %.3f, workspace %.3f at node "
           "%d; no less than %.3f), in all %.3f GiB\n",
           gib(weights), gib(states), gib(optimizer), gib(plan->arena_bytes), gib(plan->activation_bytes),
           gib(plan->workspace_bytes), (int)plan->peak_node, gib(plan->live_bytes),
           gib(weights + states + optimizer + plan->arena_bytes));
    if (!lk_prepared_bind(list, 2, source, &b->error))
        return complain(b), 0;
    say("weights loaded");
    return weights + states + optimizer + plan->arena_bytes;
}

static bool write_state(Bench *b)
{
    g_autofree float *state = g_new0(float, (gsize)lk_lora_elements(b->lora));
    lk_lora_initialise(b->lora, 1, state);
    for (int i = 0; i < lk_lora_count(b->lora); i++) { /* up is zero at the start; zeros could be faster */
        const LkLoraModule *m = lk_lora_at(b->lora, i);
        for (int64_t k = 0; k < lk_part_elements(&m->parts[1]); k++)
            state[m->at[1] + k] = 0.01f * (float)((k * 7919) % 17 - 8);
    }
    return b->api->write(b->update_program.program, b->update->adapter, state, (size_t)lk_lora_elements(b->lora) * 4,
                         &b->error) ||
           complain(b);
}

static bool write_normal(Bench *b, LkRef ref, uint32_t purpose, uint32_t index)
{
    int64_t count = lk_tensor_count(lk_graph_tensor(b->step->graph, ref));
    g_autofree float *numbers = g_new(float, (gsize)count);
    lk_random_normal((LkRandom){.seed = 1, .purpose = purpose, .step = index}, 0, numbers, (size_t)count);
    return b->api->write(b->step_program.program, ref, numbers, (size_t)count * 4, &b->error);
}

static bool write_same(Bench *b, LkRef ref, float value)
{
    int64_t count = lk_tensor_count(lk_graph_tensor(b->step->graph, ref));
    g_autofree float *numbers = g_new(float, (gsize)count);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = value;
    return b->api->write(b->step_program.program, ref, numbers, (size_t)count * 4, &b->error);
}

static float loss_scale(const Bench *b)
{
    return strcmp(b->o.precision, "fp16") == 0 ? 1024 : 1;
}

static bool write_inputs(Bench *b, uint32_t index)
{
    const LkStepGraph *s = b->step;
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = loss_scale(b), [LK_SCALAR_GRADIENT_SCALE] = 1};
    bool ok = write_normal(b, s->latents, LK_RANDOM_LATENT, index) &&
              write_normal(b, s->noise, LK_RANDOM_NOISE, index) && write_same(b, s->t, 500) &&
              write_same(b, s->signal, 0.5f) && write_same(b, s->sigma, 0.866f) && write_same(b, s->weight, 1) &&
              b->api->write(b->step_program.program, s->scalars, scalars, sizeof scalars, &b->error);
    if (ok && b->o.no_te) {
        ok = write_normal(b, s->states, LK_RANDOM_SAMPLE, index) &&
             (s->pooled == LK_NONE || write_normal(b, s->pooled, LK_RANDOM_SAMPLE, index)) &&
             (s->sizes == LK_NONE || write_same(b, s->sizes, (float)b->o.size));
    } else if (ok) {
        int64_t count = lk_tensor_count(lk_graph_tensor(s->graph, s->text.ids[0]));
        g_autofree int32_t *ids = g_new(int32_t, (gsize)count);
        for (int64_t i = 0; i < count; i++)
            ids[i] = (int32_t)(i % 77 == 0 ? 49406 : 1000 + i % 40000);
        ok = b->api->write(b->step_program.program, s->text.ids[0], ids, (size_t)count * 4, &b->error);
    }
    return ok || complain(b);
}

static bool write_update(Bench *b, int index)
{
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = 1, [LK_SCALAR_GRADIENT_SCALE] = 1 / loss_scale(b)};
    for (int group = 0; group < LK_GROUP_COUNT; group++) {
        LkAdamwScalars s = lk_adamw_scalars(index + 1, 1e-4, 0.9, 0.999, 1e-8, 0.01);
        memcpy(scalars + LK_SCALAR_GROUPS + group * LK_SCALAR_GROUP_SIZE, &s, sizeof s);
    }
    return b->api->write(b->update_program.program, b->update->scalars, scalars, sizeof scalars, &b->error) ||
           complain(b);
}

/** One whole step: forward, backward, optimizer. */
static bool run_step(Bench *b, int index, float *loss, float clip[2])
{
    if (!write_inputs(b, (uint32_t)index))
        return false;
    bool ok = b->api->run(b->step_program.program, &b->error) &&
              b->api->read(b->step_program.program, b->step->loss, loss, (size_t)b->o.batch * 4, &b->error);
    if (!ok || !write_update(b, index))
        return ok ? false : complain(b);
    return (b->api->run(b->update_program.program, &b->error) &&
            b->api->read(b->update_program.program, b->update->clip, clip, 8, &b->error)) ||
           complain(b);
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/** Whether steps are launched as one recorded whole, where that is possible at all. */
static bool is_recorded(const Bench *b)
{
    return !b->api->recorded || b->o.steps < 2 || b->api->recorded(b->step_program.program);
}

/** What is taken of the card's memory, the driver's own part and other programs' included. */
static double card_gib(Bench *b)
{
    LkDeviceInfo infos[16];
    int count = b->api->devices(infos, 16, &b->error);
    return b->index < count ? gib(infos[b->index].memory_bytes - infos[b->index].free_bytes) : 0;
}

static bool run_steps(Bench *b, int64_t planned)
{
    g_autofree double *seconds = g_new0(double, (gsize)b->o.steps + 1);
    g_autofree float *loss = g_new0(float, (gsize)b->o.batch);
    double first = 0;
    for (int i = 0; i <= b->o.steps; i++) { /* the first one does not count: memory is touched for the first time */
        float clip[2];
        double start = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (!run_step(b, i, loss, clip))
            return false;
        double took = clock_seconds(CLOCK_MONOTONIC) - start;
        printf("step %d: %.5f s (%.3f s of processors), loss %.5f, gradient norm %.5g\n", i, took,
               clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, loss[0], clip[0]);
        fflush(stdout);
        if (i == 0) {
            first = since_start();
            say("first step done");
        } else {
            seconds[i - 1] = took;
        }
    }
    say("steps done");
    qsort(seconds, (size_t)b->o.steps, sizeof *seconds, by_value);
    double high =
        b->on_card ? card_gib(b) - b->before : status_gib("VmHWM:"); /* as PyTorch counts: without the context */
    printf("result: precision %s size %d batch %d te %d recompute %s: fastest %.5f median %.5f s; first step done %.2f "
           "s after "
           "start; peak %.3f GiB, plan %.3f GiB (%+.1f %%)%s\n",
           b->o.precision, b->o.size, b->o.batch, !b->o.no_te, b->o.recompute, b->o.steps ? seconds[0] : 0,
           b->o.steps ? seconds[b->o.steps / 2] : 0, first, high, gib(planned), 100 * (high / gib(planned) - 1),
           is_recorded(b) ? "" : ", call by call");
    fflush(stdout);
    return true;
}

/** Per node the fastest of a few runs. */
static bool measure(Bench *b, LkProgram *program, const LkGraph *graph)
{
    enum { RUNS = 4 };
    gsize nodes = (gsize)graph->n_nodes;
    g_autofree double *seconds = g_new0(double, nodes), *fastest = g_new0(double, nodes), *best = NULL;
    for (int run = 0; run < RUNS; run++) {
        if (graph == b->step->graph && !write_inputs(b, 0))
            return false;
        if (!b->api->measure(program, seconds, &b->error))
            return complain(b);
        double all = 0;
        for (gsize n = 0; n < nodes; n++)
            all += seconds[n];
        printf("measured run %d: %.3f s\n", run, all);
        for (gsize n = 0; n < nodes; n++)
            fastest[n] = run == 0 || seconds[n] < fastest[n] ? seconds[n] : fastest[n];
    }
#ifdef BENCH_ROOF
    if (b->o.alone && !b->on_card) {
        best = g_new0(double, nodes);
        alone_measure(graph, best);
    }
    double flops = b->on_card ? 0 : roof_flops(graph->compute), bytes = b->on_card ? 0 : roof_bytes();
#else
    double flops = 0, bytes = 0;
#endif
    printf("\n");
    profile_classes(graph, fastest, best, flops, bytes);
    if (b->o.nodes > 0) {
        printf("\n");
        profile_kinds(graph, fastest, best, b->o.nodes);
    }
    return true;
}

static bool run(Bench *b)
{
    b->before = b->on_card ? card_gib(b) : 0;
    b->device = b->api->open(b->index, b->o.threads, &b->error);
    if (!b->device)
        return complain(b);
    if (!build(b))
        return false;
    LkWeightSource source = lk_checkpoint_source(b->checkpoint);
    int64_t planned = bind(b, &source);
    if (!planned || !write_state(b) || !run_steps(b, planned))
        return false;
    return !b->o.measure || (measure(b, b->step_program.program, b->step->graph) &&
                             measure(b, b->update_program.program, b->update->graph));
}

static void clear(Bench *b)
{
    lk_prepared_clear(&b->step_program);
    lk_prepared_clear(&b->update_program);
    lk_update_graph_free(b->update);
    lk_step_graph_free(b->step);
    lk_lora_free(b->lora);
    if (b->device)
        b->api->close(b->device);
    lk_checkpoint_free(b->checkpoint);
}

static bool parse(int *argc, char ***argv, Options *o, char **model, GError **error)
{
    g_auto(GStrv) rest = NULL;
    const GOptionEntry entries[] = {
        {"precision", 'p', 0, G_OPTION_ARG_STRING, &o->precision, "of base model and activations",
         "bf16|fp16|tf32|fp32"},
        {"device", 'd', 0, G_OPTION_ARG_STRING, &o->device, "device to run on (cpu)", "auto|cpu|cuda:N"},
        {"recompute", 'r', 0, G_OPTION_ARG_STRING, &o->recompute, "what is computed again", "none|cheap|blocks"},
        {"size", 's', 0, G_OPTION_ARG_INT, &o->size, "height and width of pictures (512)", "N"},
        {"batch", 'b', 0, G_OPTION_ARG_INT, &o->batch, "pictures a step (1)", "N"},
        {"steps", 'n', 0, G_OPTION_ARG_INT, &o->steps, "steps to time after the first (5)", "N"},
        {"rank", 0, 0, G_OPTION_ARG_INT, &o->rank, "of the LoRA (16)", "N"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &o->threads, "threads (all cores)", "N"},
        {"apart", 0, 0, G_OPTION_ARG_NONE, &o->apart, "a LoRA's second product is a call of its own everywhere", NULL},
        {"no-te", 0, 0, G_OPTION_ARG_NONE, &o->no_te, "train the U-Net only, on given text states", NULL},
        {"measure", 'm', 0, G_OPTION_ARG_NONE, &o->measure, "print where the time goes", NULL},
        {"alone", 0, 0, G_OPTION_ARG_NONE, &o->alone, "with --measure: beside oneDNN alone on the same shapes", NULL},
        {"nodes", 0, 0, G_OPTION_ARG_INT, &o->nodes, "with --measure: the N slowest kinds of nodes", "N"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, "MODEL"},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return false;
    if (rest && rest[0])
        *model = g_strdup(rest[0]);
    return *model && o->size >= 64 && o->size % 64 == 0 && o->batch > 0 && o->steps >= 0 && o->rank > 0;
}

int main(int argc, char **argv)
{
    Bench b = {.o = {.size = 512, .batch = 1, .steps = 5, .rank = 16}};
    g_autofree char *model = NULL;
    g_autoptr(GError) error = NULL;
    if (!parse(&argc, &argv, &b.o, &model, &error)) {
        fprintf(stderr, "bench-step: %s\n", error ? error->message : "see bench-step --help");
        return 2;
    }
    b.o.precision = b.o.precision ? b.o.precision : g_strdup("bf16");
    b.o.recompute = b.o.recompute ? b.o.recompute : g_strdup("none");
    LkDeviceChoice choice;
    if (lk_device_choose(b.o.device ? b.o.device : "cpu", &choice, &error)) {
        b.api = choice.api;
        b.index = choice.index;
        b.on_card = strcmp(choice.api->name, "cpu") != 0;
        b.checkpoint = lk_checkpoint_open(model, &error);
    }
    LkLoraPlan plan = {.text = !b.o.no_te, .unet = true, .dim = b.o.rank, .alpha = (float)b.o.rank / 2};
    if (b.checkpoint)
        b.lora = lk_lora_for_model(b.checkpoint, &plan, &error);
    if (error)
        fprintf(stderr, "bench-step: %s\n", error->message);
    bool ok = b.lora && run(&b);
    clear(&b);
    g_free(b.o.precision);
    g_free(b.o.recompute);
    g_free(b.o.device);
    return ok ? 0 : 1;
}
