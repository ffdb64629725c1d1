/* What a run makes of files that an interruption left, of pictures that changed or cannot be decoded, and of being
 * resumed when it is done. Usage: test_recovery MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "base/error.h"
#include "small_run.h"
#include "training/state.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define STATE    "run/bird.state"
#define PREVIOUS "run/bird.state.previous"
#define NEXT     "run/bird.state.new"

static const char *const job[] = {"max_train_steps=6", NULL};

/** Its message, on one line. */
static const char *said(const Outcome *outcome)
{
    return outcome->message ? g_strdelimit(outcome->message, "\n", ' ') : "nothing";
}

/** A run from the beginning that is stopped after `steps` steps. */
static bool stop_after(const SmallRun *s, const char *output, bool resume, int steps)
{
    g_autoptr(Outcome) outcome = small_run(s, output, job, resume, steps);
    return outcome->code == LK_ERROR_STOPPED;
}

static void forget(const SmallRun *s)
{
    static const char *const names[] = {STATE, PREVIOUS, NEXT, "run/bird.safetensors"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = small_run_path(s, names[i]);
        g_unlink(path);
    }
}

static int64_t step_of(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    g_autoptr(LkState) state = lk_state_load(path, NULL);
    return state ? state->step : -1;
}

static bool damage(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name), *data = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &data, &size, NULL) || size < 1000)
        return false;
    data[size - 10] ^= 4;
    return g_file_set_contents(path, data, (gssize)size, NULL);
}

static bool rename_in(const SmallRun *s, const char *from, const char *to)
{
    g_autofree char *a = small_run_path(s, from), *b = small_run_path(s, to);
    return g_rename(a, b) == 0;
}

/* Interrupted saves ------------------------------------------------------------------------------------------------ */

static void test_interrupted(const SmallRun *s)
{
    forget(s);
    bool made = stop_after(s, "run", false, 2) && stop_after(s, "run", true, 1);
    tap_ok(made && step_of(s, STATE) == 3 && step_of(s, PREVIOUS) == 2, "states after steps 3 and 2");
    rename_in(s, STATE, NEXT);
    g_autoptr(Outcome) both = small_run(s, "run", job, true, 1);
    tap_ok(both->began == 3, "a save interrupted between its renames: its state serves (%s)", said(both));
    forget(s);
    stop_after(s, "run", false, 2);
    rename_in(s, STATE, NEXT);
    g_autoptr(Outcome) first = small_run(s, "run", job, true, 1);
    tap_ok(first->began == 2, "also where it was the first one");
    forget(s);
    stop_after(s, "run", false, 2);
    stop_after(s, "run", true, 1);
    rename_in(s, STATE, NEXT);
    tap_ok(damage(s, NEXT), "it is damaged");
    g_autoptr(Outcome) older = small_run(s, "run", job, true, 1);
    tap_ok(older->began == 2 && strstr(older->log->str, "damaged"), "and the previous one serves");
}

/** A damaged state does not take the place of the good one before it. */
static void test_rotation(const SmallRun *s)
{
    forget(s);
    bool made = stop_after(s, "run", false, 2) && stop_after(s, "run", true, 1) && damage(s, STATE);
    tap_ok(made && stop_after(s, "run", true, 2), "a run goes on from the previous state");
    tap_ok(step_of(s, STATE) == 4 && step_of(s, PREVIOUS) == 2,
           "the damaged one is gone, the previous one is kept (%d, %d)", (int)step_of(s, STATE),
           (int)step_of(s, PREVIOUS));
}

/* Pictures --------------------------------------------------------------------------------------------------------- */

static void test_changed_pictures(const SmallRun *s)
{
    static const struct {
        const char *label, *name, *text; /* what is written to a file of pics/; NULL: it is removed */
        const char *from;                /* a file whose bytes are written there */
        const char *words;
    } rows[] = {
        {"a caption is changed", "1.txt", "two parrots", NULL, "1 caption was changed ('pics/1.png')"},
        {"a caption is gone", "1.txt", NULL, NULL, "1 caption was changed ('pics/1.png')"},
        {"a picture is another", "2.png", NULL, "3.png", "1 picture is another one now ('pics/2.png')"},
        {"a picture is new", "7.png", NULL, "3.png", "1 picture is new ('pics/7.png')"},
        {"a picture is gone", "4.png", NULL, NULL, "1 picture is gone ('pics/4.png')"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        forget(s);
        stop_after(s, "run", false, 2);
        g_autofree char *name = g_build_filename("pics", rows[i].name, NULL), *path = small_run_path(s, name);
        g_autofree char *before = NULL, *other = NULL;
        gsize size = 0, other_size = 0;
        bool was_there = g_file_get_contents(path, &before, &size, NULL);
        if (rows[i].from) {
            g_autofree char *from = g_build_filename("pics", rows[i].from, NULL), *source = small_run_path(s, from);
            g_file_get_contents(source, &other, &other_size, NULL);
            g_file_set_contents(path, other, (gssize)other_size, NULL);
        } else if (rows[i].text) {
            g_file_set_contents(path, rows[i].text, -1, NULL);
        } else {
            g_unlink(path);
        }
        g_autoptr(Outcome) changed = small_run(s, "run", job, true, 1);
        tap_ok(!changed->ok && changed->code == LK_ERROR_USAGE && strstr(changed->message, rows[i].words) &&
                   strstr(changed->message, "--resume"),
               "%s: %s", rows[i].label, said(changed));
        if (was_there)
            g_file_set_contents(path, before, (gssize)size, NULL);
        else
            g_unlink(path);
        g_autoptr(Outcome) again = small_run(s, "run", job, true, 1);
        tap_ok(again->began == 2, "and with everything as it was it goes on: %s", said(again));
    }
}

/** All pictures that cannot be decoded are named before any is encoded. */
static void test_truncated(const SmallRun *s)
{
    static const char *const broken[] = {"0.png", "2.png", "4.png"};
    for (int i = 0; i < 5; i++) {
        g_autofree char *from = g_strdup_printf("pics/%d.png", i), *to = g_strdup_printf("cut/%d.png", i);
        g_autofree char *source = small_run_path(s, from), *data = NULL;
        gsize size = 0;
        g_file_get_contents(source, &data, &size, NULL);
        scratch_write(s->folder, to, data, i % 2 == 0 ? size / 2 : size);
    }
    g_autoptr(Outcome) outcome = small_run(s, "cut-out", WITH("train_data_dir=cut", "cache_dir=cache-cut"), false, -1);
    bool named = true;
    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++)
        named &= strstr(said(outcome), broken[i]) != NULL;
    tap_ok(!outcome->ok && named && strstr(outcome->message, "3 of the pictures") && !strstr(outcome->message, "1.png"),
           "three of five pictures are cut short: %s", said(outcome));
}

/** Copies one of the pictures into a folder of its own. */
static void copy_picture(const SmallRun *s, const char *from, const char *to)
{
    g_autofree char *source = small_run_path(s, from), *data = NULL;
    gsize size = 0;
    if (g_file_get_contents(source, &data, &size, NULL))
        scratch_write(s->folder, to, data, size);
}

static int64_t encoding_bytes(const SmallRun *s, const char *folder)
{
    g_autofree char *data = g_strdup_printf("train_data_dir=%s", folder);
    g_autofree char *cache = g_strdup_printf("cache_dir=cache-%s", folder);
    g_autoptr(Outcome) outcome =
        small_run(s, "sizes", WITH(data, cache, "resolution=\"128,128\"", "enable_bucket=true"), false, 0);
    return outcome->plan.encoding;
}

/** The plan of encoding is that of the size that needs most, in whatever order they come. */
static void test_encoding_plan(const SmallRun *s)
{
    copy_picture(s, "wide/0.png", "square/0.png");
    copy_picture(s, "wide/2.png", "long/0.png");
    copy_picture(s, "wide/0.png", "first/0.png");
    copy_picture(s, "wide/2.png", "first/1.png");
    copy_picture(s, "wide/0.png", "last/1.png");
    copy_picture(s, "wide/2.png", "last/0.png");
    int64_t square = encoding_bytes(s, "square"), wide = encoding_bytes(s, "long");
    int64_t both = encoding_bytes(s, "first"), turned = encoding_bytes(s, "last");
    tap_ok(square > 0 && wide > 0 && both == MAX(square, wide) && turned == both,
           "the plan of encoding is the largest of its sizes': %lld and %lld alone, together %lld and %lld",
           (long long)square, (long long)wide, (long long)both, (long long)turned);
}

/* Done ------------------------------------------------------------------------------------------------------------- */

static void test_finished(const SmallRun *s)
{
    forget(s);
    g_autofree char *left = small_run_path(s, "run/.lorikeet-99999999-0.tmp"),
                    *file = small_run_path(s, "run/bird.safetensors");
    g_file_set_contents(left, "half a file", -1, NULL);
    g_autoptr(Outcome) whole = small_run(s, "run", job, false, -1);
    tap_ok(whole->ok && !g_file_test(left, G_FILE_TEST_EXISTS), "a run clears away what a killed one left");
    GStatBuf before, after;
    g_stat(file, &before);
    g_autoptr(Outcome) again = small_run(s, "run", job, true, -1);
    g_stat(file, &after);
    tap_ok(again->ok && again->began == -1 && again->done && strstr(again->done, "bird.safetensors") &&
               strstr(again->log->str, "finished") && before.st_ino == after.st_ino,
           "resumed when it is done, it says so and trains nothing: %s", g_strdelimit(again->log->str, "\n", ' '));
    g_autoptr(Outcome) more = small_run(s, "run", WITH("max_train_steps=7"), true, -1);
    tap_ok(more->ok && more->began == 0 && more->steps == 7, "a job with more steps is another one: %s", said(more));
    const char *const plain[] = {"max_train_steps=2", "no_metadata=true", NULL};
    g_autoptr(Outcome) silent = small_run(s, "plain", plain, false, -1), same = small_run(s, "plain", plain, true, -1);
    tap_ok(silent->ok && same->ok && same->began == -1 && strstr(same->log->str, "finished"),
           "a file without metadata is not written over either");
    g_autoptr(Outcome) anew = small_run(s, "plain", plain, false, -1);
    tap_ok(anew->ok && anew->began == 0, "unless it is asked to start anew");
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    test_interrupted(&s);
    test_rotation(&s);
    test_changed_pictures(&s);
    test_truncated(&s);
    test_encoding_plan(&s);
    test_finished(&s);
    small_run_close(&s);
    return tap_done();
}
