/* Whole steps through the CUDA backend's host code on the stand-in: right on every card, the same in every order that
 * streams may run in and in every later (recorded) run, in exactly the memory that was announced; and whatever call
 * fails, an error in words, nothing left behind, and a device that can be opened again. */
#include "network.h"

#include "backend/cuda/module.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 3 };

#define F16_ERROR 5e-3 /* allowed */

/** What a session told. */
typedef struct Outcome {
    bool done, recorded;
    LkError error;
    float loss[RUNS], *y[RUNS], *gradient[RUNS], *fresh; /* fresh: the prediction of new states, run at once after
                                                            binding */
    int64_t parameters;                                  /* numbers of a gradient */
    int64_t allocated, peak;
    int64_t calls; /* until it began to close everything */
} Outcome;

typedef struct Session {
    const LkBackend *backend;
    const GraphTest *test;
    LkDevice *device;
    LkProgram *program;
    LkPlan *plan;
    LkRef loss, y;
    void *bytes; /* of the weight that is being read */
} Session;

static const LkBackend *cuda(void)
{
    return lk_cuda_backend();
}

/** Values in the bytes of a type. */
static void *encode(LkDType dtype, const float *values, int64_t count)
{
    uint16_t *small = malloc((size_t)count * 4);
    for (int64_t i = 0; i < count; i++)
        if (dtype == LK_F32)
            ((float *)(void *)small)[i] = values[i];
        else
            small[i] = dtype == LK_BF16 ? lk_f32_to_bf16(values[i]) : lk_f32_to_f16(values[i]);
    return small;
}

static bool open_weight(void *context, const char *name, LkSourceWeight *weight, LkError *error)
{
    Session *s = context;
    LkRef ref = lk_graph_find(s->test->graph, LK_TENSOR_WEIGHT, name);
    const LkTensor *t = lk_graph_tensor(s->test->graph, ref);
    s->bytes = encode(t->dtype, s->test->values[ref], lk_tensor_count(t));
    *weight = (LkSourceWeight){.dtype = t->dtype, .count = lk_tensor_count(t), .handle = s->bytes};
    return s->bytes || lk_fail(error, LK_ERROR_MEMORY, "no memory");
}

static bool read_weight(void *context, const LkSourceWeight *weight, int64_t first, int64_t count, void *to,
                        LkError *error)
{
    size_t size = lk_dtype_size(weight->dtype);
    memcpy(to, (const uint8_t *)weight->handle + (size_t)first * size, (size_t)count * size);
    return true;
}

static void close_weight(void *context, const LkSourceWeight *weight)
{
    Session *s = context;
    free(s->bytes);
    s->bytes = NULL;
}

/** Writes inputs and, `states`, states; pictures are multiplied by `factor`. */
static bool write_all(Session *s, bool states, float factor, LkError *error)
{
    for (LkRef t = 0; t < s->test->graph->n_tensors; t++) {
        const LkTensor *tensor = &s->test->graph->tensors[t];
        if (tensor->kind != LK_TENSOR_INPUT && !(states && tensor->kind == LK_TENSOR_STATE))
            continue;
        int64_t count = lk_tensor_count(tensor);
        float *values = malloc((size_t)count * sizeof *values);
        for (int64_t i = 0; i < count; i++)
            values[i] = s->test->values[t][i] * (tensor->rank == 4 ? factor : 1);
        void *bytes = encode(tensor->dtype, values, count);
        free(values);
        bool written = s->backend->write(s->program, t, bytes, (size_t)lk_tensor_bytes(tensor), error);
        free(bytes);
        if (!written)
            return false;
    }
    return true;
}

/** One run with fresh inputs and states, and what comes out. */
static bool step(Session *s, int number, Outcome *out)
{
    const LkTensor *y = lk_graph_tensor(s->test->graph, s->y);
    float losses[2] = {0};
    const LkTensor *loss = lk_graph_tensor(s->test->graph, s->loss);
    const LkTensor *gradient = lk_graph_tensor(s->test->graph, s->test->gradient);
    out->parameters = lk_tensor_count(gradient);
    out->gradient[number] = calloc((size_t)out->parameters, sizeof(float));
    out->y[number] = calloc((size_t)lk_tensor_count(y), sizeof(float));
    if (!write_all(s, true, 1, &out->error) || !s->backend->run(s->program, &out->error) ||
        !s->backend->read(s->program, s->loss, losses, (size_t)lk_tensor_bytes(loss), &out->error) ||
        !s->backend->read(s->program, s->y, out->y[number], (size_t)lk_tensor_bytes(y), &out->error) ||
        !s->backend->read(s->program, s->test->gradient, out->gradient[number], (size_t)lk_tensor_bytes(gradient),
                          &out->error))
        return false;
    out->loss[number] = losses[0];
    return true;
}

/** A run in which nothing but the weights and the inputs has been copied yet. */
static bool fresh_step(Session *s, Outcome *out)
{
    size_t bytes = (size_t)lk_tensor_bytes(lk_graph_tensor(s->test->graph, s->y));
    out->fresh = calloc(1, bytes);
    return write_all(s, false, 1, &out->error) && s->backend->run(s->program, &out->error) &&
           s->backend->read(s->program, s->y, out->fresh, bytes, &out->error);
}

/** Two steps whose gradients are added, the second with other pictures; *gradient gets the sum. `waits`: the first
 * one's result is read before the second begins. */
static bool two_steps(Session *s, bool waits, float *gradient, LkError *error)
{
    const LkTensor *t = lk_graph_tensor(s->test->graph, s->test->gradient), *y = lk_graph_tensor(s->test->graph, s->y);
    float *unused = malloc((size_t)lk_tensor_bytes(y));
    bool ok = write_all(s, true, 1, error) && s->backend->run(s->program, error) &&
              (!waits || s->backend->read(s->program, s->y, unused, (size_t)lk_tensor_bytes(y), error)) &&
              write_all(s, false, 0.5f, error) && s->backend->run(s->program, error) &&
              s->backend->read(s->program, s->test->gradient, gradient, (size_t)lk_tensor_bytes(t), error);
    free(unused);
    return ok;
}

/** Whether steps that nobody waits for add up to what they add up to otherwise. */
static bool steps_in_a_row(Session *s, LkError *error)
{
    float *gradients[2];
    size_t bytes = (size_t)lk_tensor_bytes(lk_graph_tensor(s->test->graph, s->test->gradient));
    bool ok = true;
    for (int waits = 0; waits < 2; waits++) {
        gradients[waits] = calloc(1, bytes);
        ok = ok && two_steps(s, waits, gradients[waits], error);
    }
    bool equal = ok && memcmp(gradients[0], gradients[1], bytes) == 0;
    free(gradients[0]);
    free(gradients[1]);
    return equal || (ok && lk_fail(error, LK_ERROR_DEVICE, "Steps in a row have another gradient."));
}

/** A larger arena takes the place of the one that recorded runs know: the program is bound again and says the same. */
static bool bound_again(Session *s, const LkWeightSource *source, const Outcome *out, LkError *error)
{
    size_t bytes = (size_t)lk_tensor_bytes(lk_graph_tensor(s->test->graph, s->y));
    float *y = calloc(1, bytes);
    bool ok = s->backend->reserve(s->device, 2 * s->plan->arena_bytes, error) &&
              s->backend->bind(s->program, s->plan, source, error);
    for (int i = 0; i < 2 && ok; i++)
        ok = write_all(s, true, 1, error) && s->backend->run(s->program, error);
    ok = ok && s->backend->read(s->program, s->y, y, bytes, error);
    bool equal = ok && memcmp(y, out->y[0], bytes) == 0;
    free(y);
    return equal || (ok && lk_fail(error, LK_ERROR_DEVICE, "Another arena gives another prediction."));
}

static bool session_run(Session *s, Outcome *out)
{
    const LkWeightSource source = {.context = s, .open = open_weight, .read = read_weight, .close = close_weight};
    LkError *error = &out->error;
    double *seconds = calloc((size_t)s->test->graph->n_nodes, sizeof *seconds);
    s->device = s->backend->open(0, 0, error);
    s->program = s->device ? s->backend->compile(s->device, s->test->graph, error) : NULL;
    s->plan = s->program ? lk_plan_new(s->test->graph, s->backend->needs(s->program), error) : NULL;
    bool ok = s->plan && s->backend->reserve(s->device, s->plan->arena_bytes, error) &&
              s->backend->bind(s->program, s->plan, &source, error);
    ok = ok && fresh_step(s, out);
    for (int i = 0; i < RUNS && ok; i++)
        ok = step(s, i, out);
    out->recorded = ok && s->backend->recorded(s->program);
    ok = ok && steps_in_a_row(s, error) && bound_again(s, &source, out, error) &&
         s->backend->measure(s->program, seconds, error);
    if (ok)
        out->allocated = s->backend->allocated(s->device);
    free(seconds);
    return ok;
}

static Outcome session(const GraphTest *test)
{
    Outcome out = {0};
    Session s = {.backend = cuda(), .test = test, .loss = LK_NONE, .y = LK_NONE};
    for (LkRef t = 0; t < test->graph->n_tensors; t++)
        if (test->graph->tensors[t].output && lk_tensor_count(&test->graph->tensors[t]) <= 2)
            s.loss = t;
        else if (test->graph->tensors[t].output)
            s.y = t;
    out.done = session_run(&s, &out);
    out.calls = fake_calls();
    free(s.bytes);
    lk_plan_free(s.plan);
    if (s.program)
        s.backend->program_free(s.program);
    if (s.device) {
        s.backend->trim(s.device);
        s.backend->close(s.device);
    }
    out.peak = fake_memory_peak();
    return out;
}

static void outcome_free(Outcome *out)
{
    free(out->fresh);
    for (int i = 0; i < RUNS; i++) {
        free(out->y[i]);
        free(out->gradient[i]);
    }
}

/** The same bits in all runs of both. */
static bool same(const Outcome *a, const Outcome *b, size_t bytes)
{
    for (int i = 0; i < RUNS; i++)
        if (a->loss[0] != b->loss[i] || memcmp(a->y[0], b->y[i], bytes) != 0 ||
            memcmp(a->gradient[0], b->gradient[i], (size_t)a->parameters * sizeof(float)) != 0)
            return false;
    return memcmp(a->fresh, b->fresh, bytes) == 0;
}

static double gradient_error(const GraphTest *test, const Outcome *out, LkReference *reference)
{
    double *got = malloc((size_t)out->parameters * sizeof *got);
    for (int64_t i = 0; i < out->parameters; i++)
        got[i] = (double)out->gradient[0][i];
    double error = test_relative_error(got, lk_reference_data(reference, test->gradient), out->parameters);
    free(got);
    return error;
}

/** How far a run is off. */
typedef struct Errors {
    double y, gradient; /* relative */
} Errors;

/** *bytes gets the prediction's size. */
static Errors against_reference(const GraphTest *test, const Outcome *out, LkDType dtype, size_t *bytes)
{
    LkError error = {0};
    LkReference *reference = test_reference(test);
    Errors errors = {INFINITY, INFINITY};
    bool ran = out->done && lk_reference_run(reference, &error);
    for (LkRef t = 0; ran && t < test->graph->n_tensors; t++) {
        int64_t count = lk_tensor_count(&test->graph->tensors[t]);
        if (!test->graph->tensors[t].output || count <= 2)
            continue;
        double *got = malloc((size_t)count * sizeof *got);
        for (int64_t i = 0; i < count; i++) {
            uint16_t small = ((const uint16_t *)(const void *)out->y[0])[i];
            got[i] = dtype == LK_F32 ? out->y[0][i] : dtype == LK_BF16 ? lk_bf16_to_f32(small) : lk_f16_to_f32(small);
        }
        errors.y = test_relative_error(got, lk_reference_data(reference, t), count);
        errors.gradient = gradient_error(test, out, reference);
        *bytes = (size_t)count * lk_dtype_size(dtype);
        free(got);
        break;
    }
    lk_reference_free(reference);
    return errors;
}

static bool clean(void)
{
    bool good = fake_leaks() == 0 && fake_violations() == 0;
    fake_forgive();
    return good;
}

static void test_cards(void)
{
    static const int cards[] = {75, 80, 86, 89, 90, 100, 120};
    static const LkDType types[] = {LK_F32, LK_F16, LK_BF16};
    for (size_t c = 0; c < sizeof cards / sizeof *cards; c++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            if (cards[c] < 80 && types[t] == LK_BF16)
                continue;
            fake_reset();
            fake_device(cards[c], 4ll << 30, 1);
            GraphTest *test = test_step_network(types[t]);
            Outcome out = session(test);
            size_t bytes = 0;
            Errors error = against_reference(test, &out, types[t], &bytes);
            double allowed = types[t] == LK_F32 ? 2e-6 : types[t] == LK_F16 ? F16_ERROR : 4e-2;
            bool tidy = clean();
            tap_ok(error.y <= allowed && error.gradient <= allowed / 4 && tidy && out.recorded &&
                       same(&out, &out, bytes),
                   "sm_%d, %s: error %.1e, of the gradient %.1e%s%s", cards[c], lk_dtype_name(types[t]), error.y,
                   error.gradient, out.done ? "" : ": ", out.error.text);
            outcome_free(&out);
            graph_test_free(test);
        }
}

static void test_memory(const GraphTest *test)
{
    fake_reset();
    Outcome out = session(test);
    tap_ok(out.done && out.allocated > 0 && out.peak == out.allocated, "as much memory as was announced: %lld, %lld",
           (long long)out.allocated, (long long)out.peak);
    int64_t needed = out.peak;
    int words = 0, tidy = 0, tries = 0;
    outcome_free(&out);
    for (int64_t bytes = 0; bytes < needed; bytes += needed / 7 + 1) {
        fake_reset();
        fake_device(86, fake_context_bytes() + bytes, 1);
        Outcome small = session(test);
        tries++;
        words += !small.done && small.error.code == LK_ERROR_MEMORY && strstr(small.error.text, "memory") != NULL;
        tidy += clean();
        outcome_free(&small);
    }
    tap_ok(words == tries && tidy == tries, "too small a card is told, %d times of %d", words, tries);
}

static void test_schedules(const GraphTest *test)
{
    size_t bytes = 0;
    fake_reset();
    Outcome late = session(test);
    against_reference(test, &late, LK_F16, &bytes);
    int equal = 0, seeds = 12;
    for (int seed = 0; seed < seeds; seed++) {
        fake_reset();
        fake_schedule(seed == 0 ? FAKE_EAGER : FAKE_RANDOM, (uint64_t)seed);
        Outcome other = session(test);
        equal += other.done && same(&late, &other, bytes);
        outcome_free(&other);
    }
    tap_ok(equal == seeds && clean(), "the same bits whenever work runs, %d times of %d", equal, seeds);
    outcome_free(&late);
}

/** Calls whose failure need not end a program: those that destroy something, those of cuDNN, in whose place another
 * engine or the composite attention steps, pinned memory and the record of a run, without which it is only slower.
 * (What fails while a run is recorded costs the record alone.) */
static bool may_fail(const char *function)
{
    static const char *const names[] = {
        "Destroy", "cudnn", "cudaHostAlloc", "cudaGraphInstantiate", "cudaGraphUpload", "cudaStreamBeginCapture"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (function && strstr(function, names[i]))
            return true;
    return false;
}

/** Makes every `stride`-th call fail, alone or with all that follow. Where the program goes on, the results are right
 * all the same. */
static void sweep(const GraphTest *test, int64_t calls, int64_t stride, bool lost)
{
    int64_t tries = 0, told = 0, passed = 0, untidy = 0, silent = 0;
    size_t bytes;
    for (int64_t n = 1; n <= calls; n += stride) {
        fake_reset();
        (lost ? fake_fail_from : fake_fail_nth)(n);
        Outcome out = session(test);
        const char *failed = fake_failed();
        bool recording = fake_failed_recording();
        fake_fail_nth(0);
        tries++;
        told += !out.done && out.error.code != LK_ERROR_NONE && strlen(out.error.text) > 20;
        silent += !out.done && out.error.code == LK_ERROR_NONE;
        passed += out.done;
        bool harmless = n > out.calls || may_fail(failed) || recording;
        if (out.done && (!harmless || against_reference(test, &out, LK_F16, &bytes).y > F16_ERROR)) {
            tap_note("call %lld, %s, failed and nobody noticed", (long long)n, failed ? failed : "none");
            silent++;
        }
        if (!clean()) {
            tap_note("after call %lld, %s, failed (%s)", (long long)n, failed ? failed : "none", out.error.text);
            untidy++;
        }
        outcome_free(&out);
    }
    tap_ok(tries > 0 && silent == 0 && untidy == 0, "%lld failures of %s: %lld told, %lld passed over, %lld untidy",
           (long long)tries, lost ? "all calls from one on" : "one call", (long long)told, (long long)passed,
           (long long)untidy);
}

static void test_failures(const GraphTest *test, int64_t every)
{
    fake_reset();
    Outcome out = session(test);
    int64_t calls = fake_calls();
    size_t bytes = 0;
    against_reference(test, &out, LK_F16, &bytes);
    tap_note("%lld calls in a session", (long long)calls);
    sweep(test, calls, calls / every + 1, false);
    sweep(test, calls, calls * 3 / every + 1, true);
    fake_reset();
    Outcome after = session(test);
    tap_ok(after.done && same(&out, &after, bytes), "and then all is as before");
    outcome_free(&out);
    outcome_free(&after);
}

/** Without pinned memory, or without room for a recorded run, the same comes out. */
static void test_without(const GraphTest *test)
{
    static const char *const functions[] = {"cudaHostAlloc", "cudaGraphInstantiate", "cudaGraphUpload",
                                            "cudaStreamBeginCapture"};
    size_t bytes = 0;
    fake_reset();
    Outcome all = session(test);
    against_reference(test, &all, LK_F16, &bytes);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        for (int n = 1; n <= 3; n++) {
            fake_reset();
            fake_fail_nth_of(functions[i], n);
            Outcome out = session(test);
            const char *failed = fake_failed();
            bool tidy = clean();
            tap_ok(out.done && same(&all, &out, bytes) && tidy && (!failed || strcmp(failed, functions[i]) == 0),
                   "%s fails at time %d: %s", functions[i], n, out.done ? "the same bits" : out.error.text);
            outcome_free(&out);
        }
    outcome_free(&all);
}

/** A card that another program has to itself is told, and hides no other. */
static void test_two_cards(void)
{
    LkError error = {0};
    LkDeviceInfo info[2];
    fake_reset();
    fake_device(86, 8ll << 30, 2);
    fake_fail_nth_of("cudaMemGetInfo", 1);
    int count = cuda()->devices(info, 2, &error);
    tap_ok(count == 2 && info[0].free_bytes == 0 && strlen(info[0].detail) > 20 && info[1].free_bytes > 0 && clean(),
           "one of two cards fails: %s: %s", info[0].name, info[0].detail);
}

static void test_drivers(void)
{
    static const FakeDriver states[] = {FAKE_DRIVER_NONE,      FAKE_DRIVER_TOO_OLD,  FAKE_DRIVER_NO_PERMISSION,
                                        FAKE_DRIVER_NO_DEVICE, FAKE_DRIVER_MISMATCH, FAKE_DRIVER_UNKNOWN};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        LkError error = {0}, open = {0};
        LkDeviceInfo info;
        fake_reset();
        fake_driver(states[i]);
        int found = cuda()->devices(&info, 1, &error);
        LkDevice *device = cuda()->open(0, 0, &open);
        tap_ok(found == -1 && !device && strlen(error.text) > 40 && strlen(open.text) > 40 && clean(), "%s",
               error.text);
    }
    fake_reset();
    fake_device(70, 8ll << 30, 1);
    LkError error = {0};
    LkDevice *device = cuda()->open(0, 0, &error);
    tap_ok(!device && error.code == LK_ERROR_UNSUPPORTED && clean(), "%s", error.text);
}

int main(int argc, char **argv)
{
    int64_t every = argc > 1 ? strtoll(argv[1], NULL, 10) : 100; /* how many of the calls are made to fail */
    GraphTest *test = test_step_network(LK_F16);
    test_cards();
    test_memory(test);
    test_schedules(test);
    test_without(test);
    test_two_cards();
    test_drivers();
    test_failures(test, every);
    graph_test_free(test);
    return tap_done();
}
