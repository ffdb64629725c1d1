/* What a run is asked for between its steps: files and pictures that do not disturb it, changed parameters that are
 * part of it, also when it is killed and resumed. Usage: test_control MODEL.safetensors */
#include "../tap.h"
#include "adapter/lora_file.h"
#include "backend/backend.h"
#include "base/error.h"
#include "small_run.h"
#include "training/trainer_control.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/** What a script does before a step. */
typedef enum Deed {
    END, /* of the script */
    SAVE,
    SAMPLE,
    CHANGE,
    DISCARD,
    STOP,
    KILL, /* this process, as kill -9 does */
} Deed;

typedef struct Line {
    int64_t step; /* steps done */
    Deed deed;
    const char *key, *value;
} Line;

typedef struct Script {
    const Line *lines;
    bool stop;
    int samples;
    int64_t began, steps;
    double rate[SMALL_RUN_STEPS]; /* of step i */
    GString *said;                /* "learning_rate 0.0005 after 2; " … */
    char *refused;                /* the last words of a request that failed */
} Script;

static void hear(void *context, const LkTrainerEvent *event)
{
    Script *script = context;
    if (event->kind == LK_EVENT_START)
        script->began = event->step;
    if (event->kind == LK_EVENT_STEP && event->step <= SMALL_RUN_STEPS)
        script->rate[event->step - 1] = event->learning_rate;
    if (event->kind == LK_EVENT_STEP)
        script->steps++;
    if (event->kind == LK_EVENT_SAMPLE)
        script->samples++;
    if (event->kind == LK_EVENT_CHANGE)
        g_string_append_printf(script->said, "%s %s after %d; ", event->key, event->text, (int)event->step);
}

static void between(void *context, LkTrainerControl *control)
{
    Script *script = context;
    for (const Line *line = script->lines; line && line->deed != END; line++) {
        GError *error = NULL;
        if (line->step != lk_trainer_control_step(control))
            continue;
        if (line->deed == SAVE)
            lk_trainer_save_now(control, &error);
        if (line->deed == SAMPLE)
            lk_trainer_sample_now(control, &error);
        if (line->deed == CHANGE)
            lk_trainer_change(control, line->key, line->value, &error);
        if (line->deed == DISCARD)
            lk_trainer_discard(control);
        if (line->deed == KILL)
            raise(SIGKILL);
        script->stop |= line->deed == STOP;
        if (error) {
            g_free(script->refused);
            script->refused = g_strdup(error->message);
            g_error_free(error);
        }
    }
}

static bool should_stop(void *context)
{
    return ((Script *)context)->stop;
}

/** Runs a job under a script; 0 where it ends well, else the error's code. */
static int play(const SmallRun *s, const char *output, const char *const *settings, bool resume, Script *script)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkJob) job = small_job(s, output, settings);
    script->said = g_string_new(NULL);
    script->began = -1;
    g_autoptr(LkTrainer) trainer = job ? lk_trainer_new(job, lk_backend_cpu(), 0, &error) : NULL;
    g_clear_pointer(&job, lk_job_free); /* the trainer has its own */
    LkTrainerEvents events = {.context = script, .event = hear, .between_steps = between, .should_stop = should_stop};
    if (trainer && lk_trainer_run(trainer, resume, &events, &error))
        return 0;
    tap_note("%s", error->message);
    return error->code;
}

static void script_clear(Script *script)
{
    if (script->said)
        g_string_free(script->said, TRUE);
    g_free(script->refused);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Script, script_clear)

static bool exists(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

#define LORA "/bird.safetensors"

/* Asking disturbs nothing ------------------------------------------------------------------------------------------ */

static void test_undisturbed(const SmallRun *s)
{
    static const char *const steps[] = {"max_train_steps=5", "save_every_n_steps=1", NULL};
    static const char *const quiet[] = {"max_train_steps=5", "sample_prompts=[\"a bird --w 64 --h 64 --s 2\"]", NULL};
    static const Line lines[] = {{2, SAVE}, {2, SAMPLE}, {3, SAVE}, {5, SAVE}, {5, SAMPLE}, {0}};
    g_auto(Script) plain = {0}, asked = {.lines = lines};
    tap_ok(play(s, "steps", steps, false, &plain) == 0, "a run that saves every step");
    tap_ok(play(s, "asked", quiet, false, &asked) == 0 && !asked.refused, "a run that is asked now and then: %s",
           asked.refused ? asked.refused : "nothing refused");
    tap_ok(same_tensors(s, "steps" LORA, "asked" LORA), "ends with the same LoRA");
    tap_ok(same_files(s, "steps/bird-step00000002.safetensors", "asked/bird-step00000002.safetensors") &&
               same_files(s, "steps/bird-step00000003.safetensors", "asked/bird-step00000003.safetensors"),
           "a file that is saved now has the bytes of one that is saved then");
    tap_ok(exists(s, "asked/bird-step00000005.safetensors") && !exists(s, "asked/bird-step00000001.safetensors"),
           "it is saved when it is asked for, also after the last step");
    tap_ok(asked.samples == 2 && exists(s, "asked/sample/bird_00000002_00_5.png"),
           "samples are made in a run that makes none by itself");
    static const Line none[] = {{1, SAMPLE}, {0}};
    g_auto(Script) without = {.lines = none};
    tap_ok(play(s, "without", WITH("max_train_steps=2"), false, &without) == 0 && without.refused &&
               strstr(without.refused, "no sample prompts") && same_tensors(s, "without" LORA, "without" LORA),
           "without prompts it is refused, and the run goes on: %s", without.refused ? without.refused : "");
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

static const char *const eight[] = {"max_train_steps=8", "lr_scheduler=cosine", NULL};
static const Line changes[] = {{3, CHANGE, "learning_rate", "5e-4"}, {5, CHANGE, "unet_lr", "2e-3"}, {0}};

static void test_rates(const SmallRun *s)
{
    g_auto(Script) plain = {0}, changed = {.lines = changes}, first = {0};
    tap_ok(play(s, "plain", eight, false, &plain) == 0 && play(s, "changed", eight, false, &changed) == 0,
           "a run, and one whose rates are changed after steps 3 and 5");
    bool rates = true;
    for (int i = 0; i < 8; i++) {
        double factor = i < 3 ? 1 : i < 5 ? 0.5 : 2;
        rates &= fabs(changed.rate[i] / plain.rate[i] - factor) < 1e-9;
    }
    tap_ok(rates, "the schedule goes on, with the new rate from the next step on");
    tap_ok(!same_tensors(s, "plain" LORA, "changed" LORA), "the LoRA is another one");
    tap_ok(!exists(s, "changed/bird.state"), "the states go with the end");
    tap_ok(strcmp(changed.said->str, "learning_rate 0.0005 after 3; unet_lr 0.002 after 5; ") == 0, "it is told: %s",
           changed.said->str);
    static const Line stop[] = {
        {3, CHANGE, "learning_rate", "5e-4"}, {4, STOP}, {5, CHANGE, "unet_lr", "2e-3"}, {6, STOP}, {0}};
    g_auto(Script) second = {.lines = stop + 2}, third = {0};
    first.lines = stop;
    tap_ok(play(s, "parts", eight, false, &first) == LK_ERROR_STOPPED &&
               play(s, "parts", eight, true, &second) == LK_ERROR_STOPPED && play(s, "parts", eight, true, &third) == 0,
           "the same in three parts");
    tap_ok(strcmp(third.said->str, changed.said->str) == 0, "what is resumed knows the changes: %s", third.said->str);
    tap_ok(same_files(s, "changed" LORA, "parts" LORA), "the same bytes as in one");
}

/** A run in a process of its own that kills itself: main() comes here with "killed". */
static int be_killed(const char *model, const char *folder)
{
    static const Line lines[] = {{3, CHANGE, "learning_rate", "5e-4"}, {5, CHANGE, "unet_lr", "2e-3"}, {7, KILL}, {0}};
    SmallRun s = {.folder = (char *)(uintptr_t)folder, .model = (char *)(uintptr_t)model};
    Script script = {.lines = lines};
    return play(&s, "killed", eight, false, &script);
}

static void test_killed(const SmallRun *s, const char *program)
{
    int status = 0;
    const char *const arguments[] = {program, s->model, "killed", s->folder, NULL};
    bool ran = g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                            NULL, &status, NULL);
    tap_ok(ran && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a run with changes is killed after step 7");
    g_auto(Script) rest = {0};
    int code = play(s, "killed", eight, true, &rest);
    tap_ok(code == 0 && rest.began == 5, "it goes on from the last change, whose state was saved at once (step %d)",
           (int)rest.began);
    tap_ok(same_files(s, "changed" LORA, "killed" LORA), "the same bytes as a run with those changes");
}

static void test_metadata(const SmallRun *s)
{
    g_autofree char *path = small_run_path(s, "changed" LORA);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(path, NULL);
    const LkMetadata *metadata = file ? lk_lora_file_metadata(file) : NULL;
    const char *told = metadata ? lk_metadata_get(metadata, "lorikeet.changes") : NULL;
    const char *rate = metadata ? lk_metadata_get(metadata, "ss_learning_rate") : NULL;
    tap_ok(g_strcmp0(told, "3 learning_rate = 0.0005\n5 unet_lr = 0.002\n") == 0, "the file tells the changes%s",
           told ? "" : ", but there are none");
    tap_ok(g_strcmp0(rate, "0.001") == 0, "beside what the run began with: %s", rate ? rate : "nothing");
}

static void test_saving(const SmallRun *s)
{
    static const Line lines[] = {{2, CHANGE, "save_every_n_steps", "2"},
                                 {2, CHANGE, "sample_prompts", "[\"a bird --w 64 --h 64 --s 1\"]"},
                                 {2, CHANGE, "sample_every_n_steps", "3"},
                                 {5, CHANGE, "sample_prompts", "[\"birds --w 128 --h 256 --s 1 --d 9\", \"no\"]"},
                                 {5, CHANGE, "sample_prompts", "[\"birds --w 128 --h 256 --s 1 --d 9\"]"},
                                 {0}};
    static const char *const quiet[] = {"max_train_steps=8", "lr_scheduler=cosine", NULL};
    g_auto(Script) script = {.lines = lines};
    tap_ok(play(s, "saving", quiet, false, &script) == 0, "intervals and prompts are changed");
    tap_note("%s", script.said->str);
    tap_ok(!script.refused, "none is refused: %s", script.refused ? script.refused : "");
    tap_ok(exists(s, "saving/bird-step00000004.safetensors") && exists(s, "saving/bird-step00000006.safetensors") &&
               !exists(s, "saving/bird-step00000002.safetensors"),
           "checkpoints come as is now wished");
    tap_ok(exists(s, "saving/sample/bird_00000003_00_5.png") && exists(s, "saving/sample/bird_00000006_00_9.png"),
           "so do samples, also larger ones than anything that was planned");
    tap_ok(same_files(s, "plain" LORA, "saving" LORA), "and the LoRA has the bytes of a run without all that");
}

#define PROMPT "sample_prompts=[\"a bird --w 64 --h 64 --s 1\"]", "sample_every_n_steps=9"

static void test_refused(const SmallRun *s)
{
    static const struct {
        const char *settings[4];
        const char *key, *value, *words;
    } rows[] = {
        {{NULL}, "network_dim", "4", "network_dim cannot be changed"},
        {{NULL}, "learning_rate", "fast", "learning_rate is fast"},
        {{NULL}, "learning_rate", "0", "Nothing would be trained"},
        {{"unet_lr=1e-4", "text_encoder_lr=1e-5", NULL}, "learning_rate", "1", "unet_lr or text_encoder_lr"},
        {{"network_train_unet_only=true", NULL}, "text_encoder_lr", "1e-4", "does not train that part"},
        {{"text_encoder_lr=1e-5", NULL}, "unet_lr", "0", "cannot become 0"},
        {{NULL}, "sample_every_n_steps", "1", "sample_prompts is missing"},
        {{NULL}, "save_every_n_steps", "-1", "save_every_n_steps"},
        {{PROMPT, NULL}, "sample_prompts", "[\"bird --w 100\"]", "multiples of"},
        {{PROMPT, "vae_tiling=false", NULL}, "sample_prompts", "[\"a bird --w 16384 --h 16384\"]", "GiB"},
    };
    LkDeviceInfo info = {0};
    lk_backend_cpu()->devices(&info, 1, NULL);
    g_auto(Script) plain = {0};
    play(s, "short", WITH("max_train_steps=2"), false, &plain);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Line lines[] = {{1, CHANGE, rows[i].key, rows[i].value}, {0}};
        if (strcmp(rows[i].words, "GiB") == 0 && info.free_bytes > (int64_t)30 << 30)
            continue; /* a machine on which it fits */
        const char *const *given = rows[i].settings;
        const char *const settings[] = {"max_train_steps=2", given[0], given[0] ? given[1] : NULL,
                                        given[0] && given[1] ? given[2] : NULL, NULL};
        g_auto(Script) script = {.lines = lines};
        bool ended = play(s, "refused", settings, false, &script) == 0;
        tap_ok(ended && script.refused && strstr(script.refused, rows[i].words) && script.said->len == 0, "%s = %s: %s",
               rows[i].key, rows[i].value, script.refused ? script.refused : "taken");
        if (!given[0] || strstr(given[0], "sample"))
            tap_ok(same_tensors(s, "short" LORA, "refused" LORA), "and the run ends as if nothing had been asked");
    }
}

static void test_discard(const SmallRun *s)
{
    static const Line lines[] = {{2, CHANGE, "learning_rate", "1e-4"}, {3, SAVE}, {4, DISCARD}, {0}};
    g_auto(Script) script = {.lines = lines};
    tap_ok(play(s, "discarded", eight, false, &script) == LK_ERROR_STOPPED && script.steps == 4,
           "a run is given up after step 4");
    tap_ok(!exists(s, "discarded/bird.state") && !exists(s, "discarded/bird.state.previous") &&
               exists(s, "discarded/bird-step00000003.safetensors") && !exists(s, "discarded" LORA),
           "its states are gone, what it had saved stays");
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[2], "killed") == 0)
        return be_killed(argv[1], argv[3]);
    if (argc != 2)
        return 2;
    SmallRun s;
    small_run_open(&s, argv[1]);
    test_undisturbed(&s);
    test_rates(&s);
    test_killed(&s, argv[0]);
    test_metadata(&s);
    test_saving(&s);
    test_refused(&s);
    test_discard(&s);
    small_run_close(&s);
    return tap_done();
}
