/* What a run makes of numbers that are none: overflow in fp16, losses and gradients that are not finite, spoilt
 * latents. Usage: test_trouble MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "base/error.h"
#include "dataset/cache_store.h"
#include "format/safetensors.h"
#include "small_run.h"
#include "tensor/graph_ops.h"
#include "training/parameters.h"
#include "training/state.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define STATE "run/bird.state"

/** The CPU backend, but some of what is written to it is changed. It takes fp16, and computes it in f32. */
static struct {
    LkBackend api;
    int scalars, noises; /* writes so far */
    uint64_t overflow;   /* bit n: the optimizer's scalars of step n (from 0) give an infinite gradient */
    uint64_t nan;        /* bit n: the noise of batch n is no number */
    bool counts_latents; /* a program's latents were written, its noise is next */
    float scale[SMALL_RUN_STEPS];
} stand_in;

static bool write_changed(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error)
{
    const LkBackend *cpu = lk_backend_cpu();
    float scalars[LK_SCALAR_COUNT];
    if (bytes == 8 * 8 * 4 * sizeof(float)) { /* latents, then noise */
        stand_in.counts_latents = !stand_in.counts_latents;
        if (!stand_in.counts_latents && stand_in.nan >> stand_in.noises++ & 1) {
            g_autofree float *none = g_memdup2(data, bytes);
            none[17] = NAN;
            return cpu->write(program, tensor, none, bytes, error);
        }
    }
    if (bytes != sizeof scalars)
        return cpu->write(program, tensor, data, bytes, error);
    memcpy(scalars, data, bytes); /* a step writes them twice: for the loss and for the optimizer */
    int step = stand_in.scalars / 2;
    if (step < SMALL_RUN_STEPS)
        stand_in.scale[step] = scalars[LK_SCALAR_LOSS_SCALE];
    if (stand_in.scalars++ % 2 == 0 && stand_in.overflow >> step & 1)
        scalars[LK_SCALAR_LOSS_SCALE] = INFINITY; /* the loss that is told is not scaled and stays finite */
    return cpu->write(program, tensor, scalars, bytes, error);
}

static LkProgram *compile_in_f32(LkDevice *device, const LkGraph *graph, LkError *error)
{
    LkGraph *own = (LkGraph *)(uintptr_t)graph; /* the test's trainer made it and is done with it */
    own->compute = LK_F32;
    for (int32_t i = 0; i < own->n_tensors; i++)
        if (own->tensors[i].dtype == LK_F16)
            own->tensors[i].dtype = LK_F32;
    return lk_backend_cpu()->compile(device, graph, error);
}

/** Counts anew; steps and batches count from where the next run begins. */
static void spoil(SmallRun *s, uint64_t overflow, uint64_t nan)
{
    memset(&stand_in, 0, sizeof stand_in);
    stand_in.api = *lk_backend_cpu();
    stand_in.api.name = "stand-in";
    stand_in.api.write = write_changed;
    stand_in.api.compile = compile_in_f32;
    stand_in.overflow = overflow;
    stand_in.nan = nan;
    s->api = &stand_in.api;
}

static const char *said(const Outcome *outcome)
{
    return outcome->message ? g_strdelimit(outcome->message, "\n", ' ') : "nothing";
}

static LkState *state_of(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return lk_state_load(path, NULL);
}

static bool same_states(const LkState *a, const LkState *b)
{
    bool same = a && b && a->elements == b->elements && lk_state_same_shape(a, b) &&
                memcmp(a->adapter, b->adapter, (gsize)a->elements * sizeof(float)) == 0 &&
                g_strcmp0(a->averaging, b->averaging) == 0;
    for (int i = 0; same && i < a->n_arrays; i++)
        same = memcmp(a->arrays[i].data, b->arrays[i].data, (gsize)a->arrays[i].count * 4) == 0; /* f32 or i32 */
    return same;
}

/* fp16 ------------------------------------------------------------------------------------------------------------- */

/** Scales are powers of two: where nothing overflows they change no bit. */
static void test_scaled(SmallRun *s)
{
    spoil(s, 0, 0);
    g_autoptr(Outcome) plain = small_run(s, "plain", WITH("max_train_steps=6"), false, -1);
    spoil(s, 0, 0);
    g_autoptr(Outcome) scaled = small_run(s, "scaled", WITH("max_train_steps=6", "mixed_precision=fp16"), false, -1);
    tap_ok(plain->ok && scaled->ok && stand_in.scale[0] == 65536 && stand_in.scale[5] == 65536,
           "a run in fp16 scales its loss: %s", said(scaled));
    tap_ok(same_tensors(s, "plain/bird.safetensors", "scaled/bird.safetensors") && scaled->norm[3] == plain->norm[3] &&
               scaled->loss[3] == plain->loss[3],
           "its LoRA, losses and norms have the bits of one without a scale");
    g_autoptr(Outcome) cpu =
        (s->api = NULL, small_run(s, "cpu", WITH("max_train_steps=6", "mixed_precision=fp16"), false, -1));
    tap_ok(!cpu->ok && strstr(cpu->message, "on the CPU"), "the CPU refuses fp16: %s", said(cpu));
}

/** Overflows are left out, are no trouble, and are repeated by a run that is resumed. */
static void test_overflow(SmallRun *s)
{
    static const char *const job[] = {"max_train_steps=6", "mixed_precision=fp16", "save_state_on_train_end=true",
                                      NULL};
    spoil(s, 1 | 2 | 16, 0);
    g_autoptr(Outcome) whole = small_run(s, "whole", job, false, -1);
    static const float scales[] = {65536, 32768, 16384, 16384, 16384, 8192};
    bool right = true;
    for (int i = 0; i < 6; i++)
        right &= stand_in.scale[i] == scales[i];
    tap_ok(whole->ok && right && whole->steps == 3, "steps 1, 2 and 5 of 6 overflow: each halves the scale (%s)",
           said(whole));
    tap_ok(strstr(whole->log->str, "Step 5 is left out") && strstr(whole->log->str, "8192") &&
               whole->rate[2] == whole->rate[0],
           "they are told, and nothing is slower for it: %s", g_strdelimit(whole->log->str, "\n", ' '));
    g_autoptr(LkState) state = state_of(s, "whole/bird.state");
    tap_ok(state && state->step == 6 && g_strcmp0(state->guard, "scale=8192 good=1 skipped=3 trouble=0") == 0,
           "the state knows: %s", state && state->guard ? state->guard : "nothing");
    spoil(s, 1 | 2, 0);
    g_autoptr(Outcome) begun = small_run(s, "parts", job, false, 1);
    spoil(s, 2, 0); /* the run goes on with step 4 */
    g_autoptr(Outcome) ended = small_run(s, "parts", job, true, -1);
    g_autoptr(LkState) parts = state_of(s, "parts/bird.state");
    tap_ok(begun->code == LK_ERROR_STOPPED && ended->began == 3 && same_states(state, parts) &&
               g_strcmp0(state->guard, parts->guard) == 0 &&
               same_files(s, "whole/bird.safetensors", "parts/bird.safetensors"),
           "stopped after step 3 and resumed it ends in the same bytes: %s", said(ended));
}

/** An optimizer that left steps out has not counted them: what is left is a run without them. */
static void test_uncounted(SmallRun *s)
{
    static const char *const job[] = {"max_train_steps=4", "mixed_precision=fp16", "num_repeats=1", NULL};
    spoil(s, 0, 0);
    g_autoptr(Outcome) one = small_run(s, "one", WITH("max_train_steps=1", "learning_rate=1e-3"), false, -1);
    spoil(s, 1 | 2 | 4, 0);
    g_autoptr(Outcome) last = small_run(s, "last", job, false, -1);
    /* Adam's first step is lr · sign(gradient): had three more been counted it would be 0.65 of that. */
    g_autofree char *a = small_run_path(s, "one/bird.safetensors"), *b = small_run_path(s, "last/bird.safetensors");
    double sums[2] = {0};
    const char *const paths[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        g_autoptr(LkSafetensors) file = lk_safetensors_open(paths[i], NULL);
        for (size_t k = 0; file && k < lk_safetensors_count(file); k++) {
            const LkTensorView *view = lk_safetensors_at(file, k);
            if (!strstr(view->name, "lora_up")) /* these were zero before */
                continue;
            gsize count = (gsize)lk_tensor_view_elements(view);
            g_autofree float *values = g_new(float, count);
            if (!lk_tensor_view_to_f32(view, values, NULL))
                return (void)tap_ok(false, "%s cannot be read", view->name);
            for (gsize e = 0; e < count; e++)
                sums[i] += fabs((double)values[e]);
        }
    }
    tap_ok(one->ok && last->ok && sums[0] > 0 && fabs(sums[1] / sums[0] - 1) < 0.05,
           "after three steps that were left out, the first has the size of a first one: %g and %g", sums[0], sums[1]);
}

/* Trouble ---------------------------------------------------------------------------------------------------------- */

static void test_once(SmallRun *s, bool loss)
{
    static const char *const job[] = {"max_train_steps=6", "save_state_on_train_end=true", NULL};
    const uint64_t fourth = 8;
    spoil(s, loss ? 0 : fourth, loss ? fourth : 0);
    g_autoptr(Outcome) whole = small_run(s, "whole", job, false, -1);
    const char *what = loss ? "The loss of step 4 is not a number" : "The gradient of step 4 is not finite";
    tap_ok(whole->ok && whole->steps == 5 && strstr(whole->log->str, what) &&
               strstr(whole->log->str, ".png' at timestep"),
           "%s: the run goes on (%s)", what, g_strdelimit(whole->log->str, "\n", ' '));
    tap_ok(whole->rate[2] == 1e-3 && whole->rate[3] == 5e-4 && whole->rate[4] == 5e-4,
           "with half the learning rate: %g", whole->rate[3]);
    g_autoptr(LkState) state = state_of(s, "whole/bird.state");
    tap_ok(state && g_strcmp0(state->guard, "scale=1 good=0 skipped=1 trouble=4") == 0 &&
               g_strcmp0(state->changes, "4 learning_rate = 0.0005\n") == 0,
           "the state says so");
    /* Stopped before it and after it. */
    for (int stop = 2; stop <= 4; stop += 2) {
        int done = stop > 3 ? stop + 1 : stop; /* steps that are told, and steps */
        g_autofree char *output = g_strdup_printf("parts%d%d", stop, loss),
                        *file = g_build_filename(output, "bird.state", NULL);
        spoil(s, loss ? 0 : fourth, loss ? fourth : 0);
        g_autoptr(Outcome) begun = small_run(s, output, job, false, stop);
        spoil(s, loss ? 0 : fourth >> done, loss ? fourth >> done : 0);
        g_autoptr(Outcome) ended = small_run(s, output, job, true, -1);
        g_autoptr(LkState) parts = state_of(s, file);
        tap_ok(begun->code == LK_ERROR_STOPPED && ended->began == done && same_states(state, parts) &&
                   g_strcmp0(parts->guard, "scale=1 good=0 skipped=1 trouble=4") == 0,
               "stopped after step %d and resumed it ends in the same state: %s", done, said(ended));
    }
}

static void test_twice(SmallRun *s, bool loss)
{
    static const char *const job[] = {"max_train_steps=8", NULL};
    const uint64_t both = 4 | 32;
    g_autofree char *lora = small_run_path(s, "run/bird.safetensors");
    g_unlink(lora);
    spoil(s, loss ? 0 : 4, loss ? 4 : 0);
    g_autoptr(Outcome) good = small_run(s, "good", job, false, 4); /* of the steps 1, 2, 4, 5 */
    spoil(s, loss ? 0 : both, loss ? both : 0);
    g_autoptr(Outcome) outcome = small_run(s, "run", job, false, -1);
    tap_ok(!outcome->ok && outcome->code == LK_ERROR_NUMERIC && outcome->steps == 4 &&
               strstr(outcome->message, "of step 6 ") && strstr(outcome->message, "Step 3 ") &&
               strstr(outcome->message, ".png' at timestep"),
           "the second time it stops, with both steps named: %s", said(outcome));
    g_autoptr(LkState) left = state_of(s, STATE), want = state_of(s, "good/bird.state");
    tap_ok(left && left->step == 5 && want && want->step == 5 && same_states(left, want),
           "its state is that of the step before");
    tap_ok(!g_file_test(lora, G_FILE_TEST_EXISTS), "and no LoRA was written");
    spoil(s, loss ? 0 : 1, loss ? 1 : 0);
    g_autoptr(Outcome) again = small_run(s, "run", job, true, -1);
    tap_ok(!again->ok && again->began == 5 && again->steps == 0 && strstr(again->message, "Step 3 "),
           "resumed it stops there again: %s", said(again));
    spoil(s, 0, 0);
    g_autoptr(Outcome) healed = small_run(s, "run", job, true, -1);
    tap_ok(healed->ok && healed->began == 5 && healed->steps == 3, "with the cause gone it goes on: %s", said(healed));
}

/** Whatever the optimizer keeps, a gradient that is not finite leaves all of it as it was. */
static void test_every_optimizer(SmallRun *s)
{
    const LkParameter *row = lk_parameter_find("optimizer_type");
    for (const LkChoice *choice = row->choices; choice->value; choice++) {
        if (choice->not_yet || !choice->title)
            continue;
        g_autofree char *type = g_strdup_printf("optimizer_type=%s", choice->value);
        const char *const job[] = {"max_train_steps=3", "save_state_on_train_end=true", type, NULL};
        spoil(s, 0, 0);
        g_autoptr(Outcome) good = small_run(s, "two", job, false, 2);
        spoil(s, 4, 0); /* the third step */
        g_autoptr(Outcome) bad = small_run(s, "three", job, false, -1);
        g_autoptr(LkState) two = state_of(s, "two/bird.state"), three = state_of(s, "three/bird.state");
        tap_ok(good->code == LK_ERROR_STOPPED && bad->ok && bad->steps == 2 && two && two->step == 2 && three &&
                   three->step == 3 && same_states(two, three),
               "%s: a step that is left out leaves weights and %d arrays alone: %s", choice->value,
               two ? two->n_arrays : 0, said(bad));
    }
}

/** What the batches of a step that is left out had added up is gone. */
static void test_accumulated(SmallRun *s)
{
    static const char *const job[] = {"max_train_steps=3", "gradient_accumulation_steps=2", "train_batch_size=1",
                                      "save_state_on_train_end=true", NULL};
    spoil(s, 0, 2); /* the second batch of the first step */
    g_autoptr(Outcome) first = small_run(s, "first", job, false, -1);
    spoil(s, 0, 1); /* its first: the second one is not looked at */
    g_autoptr(Outcome) second = small_run(s, "second", job, false, -1);
    g_autoptr(LkState) a = state_of(s, "first/bird.state"), b = state_of(s, "second/bird.state");
    tap_ok(first->ok && second->ok && first->steps == 2 && same_states(a, b),
           "whichever of two batches is spoilt, nothing of either is left: %s", said(first));
}

/* Latents ---------------------------------------------------------------------------------------------------------- */

/** Puts an entry in place of one of the cache: whole, but no picture gives such numbers. */
static bool replace_entry(const char *folder, const char *path)
{
    enum { KIND = 12, SIDES = 16, KEY = 48, MOMENTS = 1 }; /* places in an entry's head */
    g_autofree char *data = NULL;
    gsize size = 0;
    LkCacheShape shape = {.kind = MOMENTS};
    LkCacheKey key;
    uint32_t kind;
    if (!g_file_get_contents(path, &data, &size, NULL) || size < KEY + sizeof key)
        return false;
    memcpy(&kind, data + KIND, sizeof kind);
    memcpy(shape.sides, data + SIDES, sizeof shape.sides);
    memcpy(key.bytes, data + KEY, sizeof key.bytes);
    if (kind != MOMENTS)
        return false;
    g_autofree float *values = g_new0(float, lk_cache_shape_count(shape));
    values[5] = -INFINITY;
    return lk_cache_store_put(folder, &key, shape, values, NULL);
}

static int replace_entries(const char *folder)
{
    int replaced = 0;
    const char *name, *file;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(folder, name, NULL);
        g_autoptr(GDir) inner = g_dir_open(below, 0, NULL);
        while (inner && (file = g_dir_read_name(inner))) {
            g_autofree char *path = g_build_filename(below, file, NULL);
            replaced += replace_entry(folder, path);
        }
    }
    return replaced;
}

/** Latents that are no numbers are made anew. */
static void test_latents(SmallRun *s)
{
    static const char *const job[] = {"max_train_steps=2", "cache_dir=cache-spoilt", NULL};
    s->api = NULL;
    g_autoptr(Outcome) clean = small_run(s, "clean", job, false, -1);
    g_autofree char *folder = small_run_path(s, "cache-spoilt");
    int replaced = replace_entries(folder);
    g_autoptr(Outcome) outcome = small_run(s, "spoilt", job, false, -1);
    tap_ok(clean->ok && replaced == 5 && outcome->ok &&
               same_files(s, "clean/bird.safetensors", "spoilt/bird.safetensors"),
           "%d latents that are no numbers are made anew: %s", replaced, said(outcome));
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    test_scaled(&s);
    test_overflow(&s);
    test_uncounted(&s);
    test_once(&s, false);
    test_once(&s, true);
    test_twice(&s, false);
    test_twice(&s, true);
    test_accumulated(&s);
    test_every_optimizer(&s);
    test_latents(&s);
    small_run_close(&s);
    return tap_done();
}
