/* A run that cannot write waits with all it has, says why, and goes on when that is mended; it can be ended while it
 * waits. Usage: test_held MODEL.safetensors */
#include "../tap.h"
#include "../training/small_run.h"
#include "watch.h"

#include <glib/gstdio.h>
#include <string.h>

#define LORA "/bird.safetensors"

static const char *const job[] = {"max_train_steps=60", "lr_scheduler=cosine", "save_every_n_steps=10",
                                  "save_state_every_n_steps=15", NULL};

static char *blocked; /* the folder in whose place a file stands */

/** Where the run's files were, there is a file now. */
static void block(Watch *watch, int64_t step)
{
    if (step < 3 || g_file_test(blocked, G_FILE_TEST_IS_REGULAR))
        return;
    g_autofree char *aside = g_strconcat(blocked, "-aside", NULL);
    g_rename(blocked, aside);
    g_file_set_contents(blocked, "in the way", -1, NULL);
    watch->on_step = NULL;
}

static void mend(void)
{
    g_autofree char *aside = g_strconcat(blocked, "-aside", NULL);
    g_unlink(blocked);
    g_rename(aside, blocked);
}

static Watch *held(const SmallRun *s, const char *output)
{
    g_autoptr(LkJob) small = small_job(s, output, job);
    Watch *watch = watch_new(lk_run_new(small, "cpu"));
    g_free(blocked);
    blocked = small_run_path(s, output);
    watch->on_step = block;
    lk_run_start(watch->run, false);
    g_autofree char *phase = NULL;
    bool paused = watch_state(watch, LK_RUN_PAUSED);
    g_object_get(watch->run, "phase", &phase, NULL);
    tap_ok(paused && phase && strstr(phase, "Not a directory") && strstr(phase, output) &&
               strstr(watch->log->str, phase),
           "with a file in its folder's place a run waits: %s", phase ? phase : watch->states->str);
    return watch;
}

/** Whether it ended as it would have without the trouble. */
static bool ended_well(const SmallRun *s, Watch *watch, const char *output)
{
    g_autofree char *path = g_strconcat(output, LORA, NULL),
                    *step = g_strconcat(output, "/bird-step00000010.safetensors", NULL);
    g_autofree char *phase = NULL;
    bool finished = watch_state(watch, LK_RUN_FINISHED);
    g_object_get(watch->run, "phase", &phase, NULL);
    return finished && !phase && watch->records->len == 60 && watch->in_order && same_files(s, "engine" LORA, path) &&
           same_files(s, "engine/bird-step00000010.safetensors", step);
}

static void test_goes_on(const SmallRun *s)
{
    g_autoptr(Watch) watch = held(s, "asked");
    tap_ok(!lk_run_start(watch->run, false) && !lk_run_pause(watch->run) && !lk_run_save_now(watch->run),
           "it takes no other request");
    lk_run_resume(watch->run);
    for (int i = 0; i < 20; i++) {
        g_usleep(10000);
        g_main_context_iteration(NULL, FALSE);
    }
    tap_ok(lk_run_get_state(watch->run) == LK_RUN_PAUSED, "asked to go on before it is mended, it still waits");
    mend();
    bool well = lk_run_resume(watch->run) && ended_well(s, watch, "asked");
    tap_ok(well, "asked after that it goes on to the same bytes: %s", watch->states->str);
    g_autoptr(Watch) other = held(s, "alone");
    mend();
    tap_ok(ended_well(s, other, "alone"), "and by itself after a few seconds: %s", other->states->str);
    g_autoptr(Watch) removed = held(s, "removed");
    g_unlink(blocked);
    lk_run_resume(removed->run);
    tap_ok(watch_state(removed, LK_RUN_FINISHED) && same_files(s, "engine" LORA, "removed" LORA) &&
               strstr(removed->log->str, "made anew"),
           "a folder that is gone is made anew: %s", removed->log->str);
}

static void test_ended(const SmallRun *s)
{
    g_autoptr(Watch) discarded = held(s, "discarded");
    tap_ok(lk_run_stop_discard(discarded->run) && watch_state(discarded, LK_RUN_STOPPED) && discarded->failures == 0,
           "it can be given up: %s", discarded->states->str);
    g_autoptr(Watch) stopped = held(s, "stopped");
    bool failed = lk_run_stop_and_save(stopped->run) && watch_state(stopped, LK_RUN_FAILED);
    tap_ok(failed && strstr(stopped->failure, "Not a directory"),
           "asked to stop with its LoRA it tries, and fails with the reason: %s", stopped->failure);
    mend();
    g_autoptr(Watch) kept = held(s, "kept");
    mend();
    tap_ok(lk_run_stop_and_save(kept->run) && watch_state(kept, LK_RUN_STOPPED) && kept->failures == 0,
           "mended it stops as any other: %s", kept->states->str);
    g_autofree char *state = small_run_path(s, "kept/bird.state");
    tap_ok(g_file_test(state, G_FILE_TEST_EXISTS), "with its state");
    Watch *gone = held(s, "gone");
    const gint64 start = g_get_monotonic_time();
    watch_free(gone);
    tap_ok(g_get_monotonic_time() - start < 3 * G_USEC_PER_SEC, "let go it ends at once");
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    g_autoptr(Outcome) engine = small_run(&s, "engine", job, false, -1);
    tap_ok(engine->ok, "the engine by itself");
    test_goes_on(&s);
    test_ended(&s);
    small_run_close(&s);
    g_free(blocked);
    return tap_done();
}
