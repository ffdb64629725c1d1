/* A training run as an object: what it tells, its requests, and that none of them changes the LoRA.
 * Usage: test_run MODEL.safetensors */
#include "../tap.h"
#include "../training/small_run.h"
#include "base/error.h"
#include "watch.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define LORA   "/bird.safetensors"
#define PROMPT "sample_prompts=[\"a bird --w 64 --h 64 --s 2\", \"birds --w 64 --h 64 --s 2\"]"

static Watch *watched(const SmallRun *s, const char *output, const char *const *settings)
{
    g_autoptr(LkJob) job = small_job(s, output, settings);
    return watch_new(lk_run_new(job, "cpu"));
}

static bool exists(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static const char *const twelve[] = {"max_train_steps=12", "lr_scheduler=cosine", NULL};

/* From beginning to end ---------------------------------------------------------------------------------------------
 */

static void test_whole(const SmallRun *s, const Outcome *engine)
{
    g_autoptr(Watch) watch = watched(s, "whole", twelve);
    tap_ok(lk_run_get_state(watch->run) == LK_RUN_IDLE && !lk_run_pause(watch->run) && !lk_run_resume(watch->run) &&
               !lk_run_stop_and_save(watch->run) && !lk_run_stop_discard(watch->run) && !lk_run_save_now(watch->run) &&
               !lk_run_change(watch->run, "learning_rate", "1", NULL),
           "an idle run takes no request but the start");
    tap_ok(lk_run_start(watch->run, false) && !lk_run_start(watch->run, false), "it is started once");
    tap_ok(watch_rest(watch) == LK_RUN_FINISHED, "it ends finished: %s", watch->states->str);
    tap_ok(g_str_has_prefix(watch->states->str, "preparing ") && g_str_has_suffix(watch->states->str, " finished "),
           "by way of preparing");
    tap_ok(same_files(s, "engine" LORA, "whole" LORA), "the LoRA has the engine's bytes");
    bool same = watch->records->len == 12 && engine->steps == 12 && watch->in_order;
    for (guint i = 0; same && i < 12; i++) {
        const LkStepRecord *record = &g_array_index(watch->records, LkStepRecord, i);
        same = record->step == i + 1 && record->epoch == i / 5 + 1 && record->loss == engine->loss[i] &&
               record->grad_norm == engine->norm[i] && record->learning_rate == engine->rate[i] && record->seconds > 0;
    }
    tap_ok(same, "every step is told once, in order, with the engine's numbers");
    tap_ok(strcmp(watch->told->str, "saved bird.safetensors 12 3; finished bird.safetensors; ") == 0, "told: %s",
           watch->told->str);
    int64_t step, steps, epoch, epochs, used, total;
    double loss, smoothed, speed, left;
    g_autofree char *phase = NULL, *device = NULL, *message = NULL;
    g_object_get(watch->run, "step", &step, "steps", &steps, "epoch", &epoch, "epochs", &epochs, "memory-used", &used,
                 "memory-total", &total, "loss", &loss, "smoothed-loss", &smoothed, "seconds-per-step", &speed,
                 "seconds-left", &left, "phase", &phase, "device", &device, "error-message", &message, NULL);
    tap_ok(step == 12 && steps == 12 && epoch == 3 && epochs == 3, "step %d of %d, epoch %d of %d", (int)step,
           (int)steps, (int)epoch, (int)epochs);
    tap_ok(used == 0 && total > 0 && device && !phase && !message && speed > 0 && left == -1,
           "the device is free again, nothing is left to do");
    double expect = 0, weight = 0;
    for (int i = 0; i < 12; i++) {
        expect = 0.95 * expect + 0.05 * engine->loss[i];
        weight = 0.95 * weight + 0.05;
    }
    tap_ok(loss == engine->loss[11] && fabs(smoothed - expect / weight) < 1e-12, "the loss and its average");
    tap_ok(lk_run_start(watch->run, false) && watch_rest(watch) == LK_RUN_FINISHED && watch->records->len == 24,
           "it can be started again");
}

/** Steps after which held-out pictures were measured, and the last loss. */
typedef struct Validated {
    GString *steps;
    double loss;
} Validated;

static void validated_cb(LkRun *run, gint64 step, gint64 epoch, double loss, Validated *validated)
{
    int64_t now = 0;
    g_object_get(run, "step", &now, NULL);
    g_string_append_printf(validated->steps, "%d/%d%s ", (int)step, (int)epoch, now == step ? "" : "!");
    validated->loss = loss;
}

static void test_validated(const SmallRun *s)
{
    g_autoptr(GString) steps = g_string_new(NULL);
    Validated validated = {steps, 0};
    g_autoptr(Watch) watch =
        watched(s, "validated", WITH("max_train_steps=8", "validation_data_dir=wide", "validate_every_n_steps=3"));
    g_signal_connect(watch->run, "validated", G_CALLBACK(validated_cb), &validated);
    lk_run_start(watch->run, false);
    tap_ok(watch_rest(watch) == LK_RUN_FINISHED && strcmp(steps->str, "3/1 6/2 ") == 0 && validated.loss > 0,
           "losses on held-out pictures are told after their steps: %s", steps->str);
}

/* Pauses ----------------------------------------------------------------------------------------------------------- */

static void test_pause(const SmallRun *s)
{
    static const char *const cold[] = {"max_train_steps=12", "lr_scheduler=cosine", "cache_dir=cold", NULL};
    g_autoptr(Watch) watch = watched(s, "paused", cold);
    int64_t used = 0, step = 0, steps;
    lk_run_start(watch->run, false);
    tap_ok(lk_run_pause(watch->run) && watch_rest(watch) == LK_RUN_PAUSED, "paused while preparing: %s",
           watch->states->str);
    tap_ok(!exists(s, "paused/bird.state") && lk_run_resume(watch->run), "and resumed");
    watch_step(watch, 2);
    g_object_get(watch->run, "memory-used", &used, NULL);
    tap_ok(used > 0, "a run holds memory: %d KiB", (int)(used / 1024));
    tap_ok(lk_run_pause(watch->run) && lk_run_get_state(watch->run) == LK_RUN_PAUSING && !lk_run_pause(watch->run),
           "pausing");
    tap_ok(watch_rest(watch) == LK_RUN_PAUSED && exists(s, "paused/bird.state") && !exists(s, "paused" LORA),
           "paused: the state is saved");
    g_object_get(watch->run, "memory-used", &used, "step", &step, "steps", &steps, NULL);
    tap_ok(used == 0 && step >= 2 && step < steps, "after step %d, with no memory", (int)step);
    guint told = watch->records->len;
    g_usleep(100000);
    tap_ok(!g_main_context_pending(NULL) && watch->records->len == told, "nothing goes on");
    lk_run_resume(watch->run);
    watch_step(watch, step + 1);
    lk_run_pause(watch->run);
    watch_rest(watch);
    lk_run_resume(watch->run);
    tap_ok(watch_rest(watch) == LK_RUN_FINISHED && watch->in_order && watch->records->len == 12,
           "after another pause it finishes: %s", watch->states->str);
    tap_ok(same_files(s, "engine" LORA, "paused" LORA), "the LoRA has the bytes of a run that never was paused");
}

/* Stops ------------------------------------------------------------------------------------------------------------ */

/** The file of the checkpoint after the step at which a run rests (g_free). */
static char *checkpoint(Watch *watch, const char *output)
{
    int64_t step;
    g_object_get(watch->run, "step", &step, NULL);
    return g_strdup_printf("%s/bird-step%08d.safetensors", output, (int)step);
}

static void test_stop_and_save(const SmallRun *s)
{
    g_autoptr(Watch) watch = watched(s, "stopped", twelve);
    lk_run_start(watch->run, false);
    watch_step(watch, 2);
    tap_ok(lk_run_stop_and_save(watch->run) && watch_rest(watch) == LK_RUN_STOPPED, "stopped: %s", watch->states->str);
    g_autofree char *file = checkpoint(watch, "stopped"), *truth = checkpoint(watch, "every");
    tap_ok(exists(s, "stopped/bird.state") && same_files(s, file, truth), "with its state and %s", file);
    tap_ok(lk_run_start(watch->run, true) && watch_rest(watch) == LK_RUN_FINISHED &&
               same_files(s, "engine" LORA, "stopped" LORA),
           "resumed, it ends with the same LoRA");
    g_autoptr(Watch) paused = watched(s, "rested", twelve);
    lk_run_start(paused->run, false);
    watch_step(paused, 1);
    lk_run_pause(paused->run);
    watch_rest(paused);
    tap_ok(lk_run_stop_and_save(paused->run) && watch_rest(paused) == LK_RUN_STOPPED, "a paused run is stopped: %s",
           paused->states->str);
    g_autofree char *rested = checkpoint(paused, "rested"), *same = checkpoint(paused, "every");
    tap_ok(exists(s, "rested/bird.state") && same_files(s, rested, same), "and its LoRA is saved from the state: %s",
           paused->told->str);
    g_autoptr(Watch) early = watched(s, "early", twelve);
    lk_run_start(early->run, false);
    tap_ok(lk_run_stop_and_save(early->run) && watch_rest(early) == LK_RUN_STOPPED && early->told->len == 0,
           "stopped before its first step, a run has nothing to save");
}

static void test_stop_discard(const SmallRun *s)
{
    g_autoptr(Watch) watch = watched(s, "discarded", twelve);
    lk_run_start(watch->run, false);
    watch_step(watch, 1);
    lk_run_stop_and_save(watch->run);
    watch_rest(watch);
    g_autofree char *file = checkpoint(watch, "discarded");
    g_autoptr(Watch) other = watched(s, "discarded", twelve);
    lk_run_start(other->run, false);
    tap_ok(lk_run_stop_discard(other->run) && watch_rest(other) == LK_RUN_STOPPED && exists(s, "discarded/bird.state"),
           "a run that has not begun leaves the state of an earlier one alone");
    lk_run_start(watch->run, true);
    watch_step(watch, 4);
    tap_ok(lk_run_stop_discard(watch->run) && watch_rest(watch) == LK_RUN_STOPPED && !exists(s, "discarded/bird.state"),
           "given up, its state goes: %s", watch->states->str);
    tap_ok(exists(s, file) && !exists(s, "discarded" LORA), "its checkpoint stays");
    lk_run_start(watch->run, false);
    watch_step(watch, 1);
    lk_run_pause(watch->run);
    watch_rest(watch);
    tap_ok(exists(s, "discarded/bird.state") && lk_run_stop_discard(watch->run) &&
               lk_run_get_state(watch->run) == LK_RUN_STOPPED && !exists(s, "discarded/bird.state"),
           "so does that of a paused one, at once");
}

/* Requests --------------------------------------------------------------------------------------------------------- */

static void ask_much(Watch *watch, int64_t step)
{
    if (step == 3) {
        lk_run_save_now(watch->run);
        lk_run_sample_now(watch->run);
    }
}

static void test_requests(const SmallRun *s)
{
    g_autoptr(Watch) watch = watched(s, "asked", WITH("max_train_steps=60", PROMPT));
    g_autoptr(Outcome) plain = small_run(s, "sixty", WITH("max_train_steps=60"), false, -1);
    watch->on_step = ask_much;
    lk_run_start(watch->run, false);
    lk_run_save_now(watch->run);
    LkRunState state = watch_rest(watch);
    tap_ok(state == LK_RUN_FINISHED && plain->ok, "a run that is asked for files and pictures: %s", watch->told->str);
    tap_ok(g_str_has_prefix(watch->told->str, "saved bird-step00000000.safetensors 0 0; "),
           "what is asked while preparing is done before the first step");
    tap_ok(watch->samples == 2 && strstr(watch->told->str, "_00_5.png ") && strstr(watch->told->str, "_01_6.png "),
           "pictures of both prompts");
    tap_ok(same_tensors(s, "sixty" LORA, "asked" LORA), "the LoRA is the same");
    g_autoptr(Watch) none = watched(s, "promptless", WITH("max_train_steps=2"));
    lk_run_start(none->run, false);
    lk_run_sample_now(none->run);
    state = watch_rest(none);
    tap_ok(state == LK_RUN_FINISHED && strstr(none->log->str, "warning: There are no sample prompts"),
           "without prompts there are no pictures, but words: %s", none->log->str);
}

static void slow_down(Watch *watch, int64_t step)
{
    g_autoptr(GError) error = NULL;
    if (step == 3 && !lk_run_change(watch->run, "learning_rate", "1e-4", &error))
        tap_note("%s", error->message);
}

/** What the engine does when the rate is changed after so many steps. */
static bool change_at(const SmallRun *s, const char *output, const char *const *settings, int64_t step)
{
    g_autofree char *value = g_strdup_printf("%d", (int)step);
    g_autoptr(Outcome) first = small_run(s, output, settings, false, (int)step);
    g_autoptr(Watch) watch = watched(s, output, settings); /* changed at its first step, which is this one */
    lk_run_start(watch->run, true);
    lk_run_change(watch->run, "learning_rate", "1e-4", NULL);
    return watch_rest(watch) == LK_RUN_FINISHED && watch->changed_at == step;
}

static void test_change(const SmallRun *s)
{
    static const char *const settings[] = {"max_train_steps=60", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(Watch) watch = watched(s, "changed", settings);
    watch->on_step = slow_down;
    lk_run_start(watch->run, false);
    const bool taken = lk_run_change(watch->run, "learning_rate", "fast", &error);
    tap_ok(!taken && strstr(error->message, "fast"), "a value that cannot be is refused at once: %s",
           taken ? "" : error->message);
    LkRunState state = watch_rest(watch);
    tap_ok(state == LK_RUN_FINISHED && watch->changed_at >= 3 && watch->changed_at < 60,
           "a rate is changed after step %d", (int)watch->changed_at);
    if (watch->changed_at < 0)
        return;
    bool rates = true;
    for (guint i = 0; i < watch->records->len; i++) {
        const LkStepRecord *record = &g_array_index(watch->records, LkStepRecord, i);
        rates &= record->learning_rate == (record->step > watch->changed_at ? 1e-4 : 1e-3);
    }
    tap_ok(rates && lk_run_get_changed_job(watch->run)->unet_lr == 1e-4 && lk_run_get_job(watch->run)->unet_lr == 1e-3,
           "it is the rate of the steps after that");
    tap_ok(change_at(s, "reference", settings, watch->changed_at) && same_files(s, "reference" LORA, "changed" LORA),
           "a run that is stopped there, resumed and changed before it goes on has the same bytes");
}

static void test_changed_and_paused(const SmallRun *s)
{
    g_autoptr(Watch) watch = watched(s, "both", WITH("max_train_steps=60"));
    watch->on_step = slow_down;
    lk_run_start(watch->run, false);
    watch_step(watch, 8);
    lk_run_pause(watch->run);
    watch_rest(watch);
    int64_t at = watch->changed_at;
    tap_ok(at >= 3, "changed after step %d, then paused", (int)at);
    lk_run_resume(watch->run);
    tap_ok(watch_rest(watch) == LK_RUN_FINISHED && watch->changed_at == at, "resuming tells the change again");
    tap_ok(change_at(s, "reference", WITH("max_train_steps=60"), at) && same_files(s, "reference" LORA, "both" LORA),
           "the bytes are those of a run with the change that was not paused");
}

/* A flood of steps ------------------------------------------------------------------------------------------------- */

static void test_coalesced(const SmallRun *s)
{
    static const char *const settings[] = {"max_train_steps=400", "network_train_text_encoder_only=true",
                                           "resolution=64,64", NULL};
    g_autoptr(Watch) watch = watched(s, "many", settings);
    lk_run_start(watch->run, false);
    watch_step(watch, 1);
    int64_t begin = g_get_monotonic_time();
    watch_rest(watch);
    double seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    tap_ok(watch->records->len == 400 && watch->in_order, "400 steps in %.1f s, none is lost", seconds);
    tap_ok(watch->batches <= LK_RUN_WAKEUPS * (seconds + 1), "they come in %u batches", watch->batches);
}

/* What goes wrong -------------------------------------------------------------------------------------------------- */

static void test_failures(const SmallRun *s)
{
    static const struct {
        const char *settings[4], *words;
        LkErrorCode code;
    } rows[] = {
        {{"pretrained_model_name_or_path=nowhere.safetensors", NULL}, "nowhere.safetensors", LK_ERROR_USAGE},
        {{"pretrained_model_name_or_path=pics/0.png", NULL}, "0.png", 0},
        {{"train_data_dir=cache", NULL}, "picture", LK_ERROR_USAGE},
        {{"output_dir=/proc/no/such", NULL}, "/proc/no", LK_ERROR_IO},
        {{"sample_every_n_steps=1", "sample_prompts=[\"a bird --w 16384 --h 16384\"]", "vae_tiling=false", NULL},
         "GiB",
         LK_ERROR_MEMORY},
    };
    LkDeviceInfo info = {0};
    lk_backend_cpu()->devices(&info, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].code == LK_ERROR_MEMORY && info.free_bytes > (int64_t)30 << 30)
            continue; /* a machine on which it fits */
        g_autoptr(Watch) watch = watched(s, "failed", rows[i].settings);
        lk_run_start(watch->run, false);
        LkRunState state = watch_rest(watch);
        const GError *error = lk_run_get_error(watch->run);
        tap_ok(state == LK_RUN_FAILED && watch->failures == 1 && error && strstr(watch->failure, rows[i].words) &&
                   (!rows[i].code || error->code == (int)rows[i].code),
               "%s: %s", rows[i].settings[0], watch->failure ? watch->failure : "it ran");
    }
    g_autoptr(LkJob) job = small_job(s, "failed", WITH(NULL));
    g_autoptr(Watch) watch = watch_new(lk_run_new(job, "cuda:99"));
    lk_run_start(watch->run, false);
    LkRunState state = watch_rest(watch);
    tap_ok(state == LK_RUN_FAILED && watch->failure, "a device that is not there: %s", watch->failure);
}

/* Let go ----------------------------------------------------------------------------------------------------------- */

static void test_let_go(const SmallRun *s)
{
    static const char *const long_run[] = {"max_train_steps=100000", NULL};
    g_autoptr(Watch) watch = watched(s, "gone", long_run);
    lk_run_start(watch->run, false);
    watch_step(watch, 3);
    g_clear_pointer(&watch, watch_free);
    tap_ok(exists(s, "gone/bird.state") && !exists(s, "gone" LORA), "let go while it runs, a run saves its state");
    watch = watched(s, "gone", long_run);
    lk_run_start(watch->run, true);
    while (!watch->records->len && lk_run_is_active(watch->run)) /* the step alone is the state's at first */
        g_main_context_iteration(NULL, TRUE);
    tap_ok(watch->records->len && g_array_index(watch->records, LkStepRecord, 0).step >= 4,
           "another one goes on from there");
    g_clear_pointer(&watch, watch_free);
    watch = watched(s, "gone", long_run);
    lk_run_start(watch->run, true);
    g_clear_pointer(&watch, watch_free);
    tap_ok(exists(s, "gone/bird.state"), "let go while it prepares");
    while (g_main_context_iteration(NULL, FALSE))
        ;
    tap_ok(true, "nothing is told any more");
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    g_autoptr(Outcome) engine = small_run(&s, "engine", twelve, false, -1);
    g_autoptr(Outcome) every =
        small_run(&s, "every", WITH("max_train_steps=12", "lr_scheduler=cosine", "save_every_n_steps=1"), false, -1);
    tap_ok(engine->ok && every->ok, "the engine by itself");
    test_whole(&s, engine);
    test_validated(&s);
    test_pause(&s);
    test_stop_and_save(&s);
    test_stop_discard(&s);
    test_requests(&s);
    test_change(&s);
    test_changed_and_paused(&s);
    test_coalesced(&s);
    test_failures(&s);
    test_let_go(&s);
    small_run_close(&s);
    return tap_done();
}
