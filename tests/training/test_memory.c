/* Memory: what does not fit is refused with remedies that help; memory that cannot be had all the same ends a run with
 * its state. (That a plan says what a run takes: test_memory_jobs.c.) Usage: test_memory MODEL.safetensors */
#include "../tap.h"
#include "base/error.h"
#include "small_run.h"
#include "training/state.h"

#include <string.h>

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
    test_limit(&s);
    test_taken(&s);
    small_run_close(&s);
    return tap_done();
}
