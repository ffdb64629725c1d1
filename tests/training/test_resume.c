/* States: a run that is stopped and resumed ends as one that was not; a state that is damaged or belongs to another
 * run is refused with words. Usage: test_resume MODEL.safetensors */
#include "../tap.h"
#include "base/error.h"
#include "format/safetensors_writer.h"
#include "small_run.h"
#include "training/state.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define STATE    "run/bird.state"
#define PREVIOUS "run/bird.state.previous"

static bool went_well(const Outcome *outcome, const char *label)
{
    return tap_ok(outcome->ok, "%s runs%s%s", label, outcome->message ? ": " : "",
                  outcome->message ? outcome->message : "");
}

static bool stopped(const Outcome *outcome, const char *label)
{
    return tap_ok(!outcome->ok && outcome->code == LK_ERROR_STOPPED && strstr(outcome->message, "--resume"),
                  "%s is stopped: %s", label, outcome->message ? outcome->message : "it went on");
}

/* Stopped and resumed ---------------------------------------------------------------------------------------------- */

static void test_resumed(const SmallRun *s)
{
    static const struct {
        const char *label;
        const char *settings[7];
    } rows[] = {
        {"a run of two epochs", {"max_train_epochs=2", "train_batch_size=2", NULL}},
        {"everything that is random",
         {"max_train_steps=5", "flip_aug=true", "shuffle_caption=true", "caption_dropout_rate=0.3", "noise_offset=0.1",
          "num_repeats=3", NULL}},
        {"a schedule", {"max_train_steps=5", "lr_scheduler=cosine", "gradient_accumulation_steps=2", NULL}},
        {"bf16 with checkpoints", {"max_train_steps=5", "mixed_precision=bf16", "save_every_n_steps=2", NULL}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *whole = g_strdup_printf("whole%zu", i), *parts = g_strdup_printf("parts%zu", i);
        g_autofree char *whole_file = g_strconcat(whole, "/bird.safetensors", NULL);
        g_autofree char *parts_file = g_strconcat(parts, "/bird.safetensors", NULL);
        g_autoptr(Outcome) one = small_run(s, whole, rows[i].settings, false, -1);
        if (!went_well(one, rows[i].label))
            continue;
        g_autoptr(Outcome) first = small_run(s, parts, rows[i].settings, false, 1);
        stopped(first, rows[i].label);
        g_autoptr(Outcome) second = small_run(s, parts, rows[i].settings, true, 2);
        stopped(second, rows[i].label);
        g_autoptr(Outcome) third = small_run(s, parts, rows[i].settings, true, -1);
        tap_ok(second->began == 1 && third->ok && third->began == 3, "%s goes on at steps 1 and 3", rows[i].label);
        bool same = third->ok && third->steps == one->steps - 3;
        for (int k = 0; same && k < third->steps; k++)
            same = third->loss[k] == one->loss[k + 3] && third->norm[k] == one->norm[k + 3] &&
                   third->rate[k] == one->rate[k + 3];
        tap_ok(same, "%s: losses, norms and rates are those of the run in one", rows[i].label);
        tap_ok(same_files(s, whole_file, parts_file), "%s: the same file in the end", rows[i].label);
        g_autofree char *state = g_strconcat(parts, "/bird.state", NULL), *path = small_run_path(s, state);
        tap_ok(!g_file_test(path, G_FILE_TEST_EXISTS), "%s: the state goes with the end of the run", rows[i].label);
    }
    g_autoptr(Outcome) fresh = small_run(s, "fresh", WITH("max_train_steps=2"), true, -1);
    tap_ok(fresh->ok && fresh->began == 0 && strstr(fresh->log->str, "starts anew"), "resuming nothing begins anew");
}

/* A folder with two states ----------------------------------------------------------------------------------------- */

static const char *const job[] = {"max_train_steps=6", NULL};

/** Leaves states after steps 3 (previous) and 4. */
static bool make_states(const SmallRun *s)
{
    g_autofree char *state = small_run_path(s, STATE), *previous = small_run_path(s, PREVIOUS);
    g_unlink(state);
    g_unlink(previous);
    g_autoptr(Outcome) first = small_run(s, "run", job, false, 3), second = small_run(s, "run", job, true, 1);
    return first->code == LK_ERROR_STOPPED && second->code == LK_ERROR_STOPPED &&
           g_file_test(state, G_FILE_TEST_EXISTS) && g_file_test(previous, G_FILE_TEST_EXISTS);
}

/** Changes a file's bytes: at `offset` behind the header by one bit, or a text in the header by another of the same
 * length, or its length. */
static bool damage(const char *path, gint64 offset, const char *from, const char *to, gssize length)
{
    char *data = NULL;
    gsize size = 0;
    bool ok = g_file_get_contents(path, &data, &size, NULL) && size > 8;
    if (ok && from) {
        char *at = memmem(data, size, from, strlen(from));
        ok = at && strlen(from) == strlen(to);
        if (ok)
            memcpy(at, to, strlen(to));
    } else if (ok && offset >= 0) {
        uint64_t header;
        memcpy(&header, data, sizeof header);
        gsize at = 8 + (gsize)GUINT64_FROM_LE(header) + (gsize)offset;
        ok = at < size;
        if (ok)
            data[at] ^= 4;
    }
    ok = ok && g_file_set_contents(path, data, length >= 0 ? MIN(length, (gssize)size) : (gssize)size, NULL);
    g_free(data);
    return ok;
}

/** Where an array begins behind the header, and its bytes. */
static gint64 array_offset(const char *path, const char *name, gsize *bytes)
{
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, NULL);
    const LkTensorView *view = file ? lk_safetensors_find(file, name) : NULL, *first;
    if (!view)
        return -1;
    first = lk_safetensors_at(file, 0);
    *bytes = view->size;
    return (gint64)(view->offset - first->offset);
}

/** Tries to go on with a damaged newest state, with and without the previous one. */
static void check_damaged(const SmallRun *s, const char *label, const char *fragment)
{
    g_autofree char *previous = small_run_path(s, PREVIOUS), *state = small_run_path(s, STATE);
    g_autofree char *kept = g_strconcat(previous, ".kept", NULL);
    g_rename(previous, kept);
    g_autoptr(Outcome) alone = small_run(s, "run", job, true, 1);
    tap_ok(!alone->ok && alone->code != LK_ERROR_STOPPED && strstr(alone->message, "bird.state") &&
               strstr(alone->message, fragment),
           "%s is refused: %s", label, alone->message ? alone->message : "it ran");
    tap_ok(g_file_test(state, G_FILE_TEST_EXISTS), "%s is not deleted", label);
    g_rename(kept, previous);
    g_autoptr(Outcome) both = small_run(s, "run", job, true, 1);
    tap_ok(both->code == LK_ERROR_STOPPED && both->began == 3 && strstr(both->log->str, fragment),
           "%s: the previous state serves, and it is said why (%s)", label, both->message ? both->message : "");
}

static void test_damaged(const SmallRun *s)
{
    static const char *const arrays[] = {"adapter", "m", "v"};
    g_autofree char *state = small_run_path(s, STATE);
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++) {
        gsize bytes = 0;
        for (int end = 0; end < 2; end++) {
            bool made = make_states(s);
            gint64 offset = array_offset(state, arrays[i], &bytes);
            g_autofree char *label = g_strdup_printf("a bit of %s, at its %s,", arrays[i], end ? "end" : "beginning");
            g_autofree char *words = g_strdup_printf("the checksum of '%s' is wrong", arrays[i]);
            if (tap_ok(made && offset >= 0 && damage(state, end ? offset + (gint64)bytes - 2 : offset, NULL, NULL, -1),
                       "%s is changed", label))
                check_damaged(s, label, words);
        }
    }
    static const struct {
        const char *label, *from, *to;
        gssize length;
        const char *fragment;
    } rows[] = {
        {"an empty state", NULL, NULL, 0, "bird.state"},
        {"a state of nine bytes", NULL, NULL, 9, "bird.state"},
        {"half a state", NULL, NULL, 100000, "bird.state"},
        {"a state of another version", "\"lorikeet.state\":\"2\"", "\"lorikeet.state\":\"9\"", -1, "this version"},
        {"a state that is something else", "\"lorikeet.state\"", "\"lorikeet.stane\"", -1, "this version"},
        {"a state without step", "\"step\":", "\"stop\":", -1, "this version"},
        {"a step that is no number", "\"step\":\"4\"", "\"step\":\"x\"", -1, "step"},
        {"a state without m", "\"m\":{", "\"n\":{", -1, "'m' is not whole"},
        {"a state with another type", "\"F32\"", "\"I32\"", -1, "is not whole"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (tap_ok(make_states(s) && damage(state, -1, rows[i].from, rows[i].to, rows[i].length), "%s is made",
                   rows[i].label))
            check_damaged(s, rows[i].label, rows[i].fragment);
}

/** Steps that no run has, in a state whose arrays are whole. */
static void test_impossible_steps(const SmallRun *s)
{
    static const int64_t steps[] = {-1, -2000000000000, INT64_MIN, 7, INT64_MAX};
    g_autofree char *path = small_run_path(s, STATE);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        make_states(s);
        g_autofree char *previous = small_run_path(s, PREVIOUS);
        g_autoptr(LkState) state = lk_state_load(path, NULL);
        state->step = steps[i];
        lk_state_save(state, path, NULL);
        g_unlink(previous);
        g_autoptr(Outcome) outcome = small_run(s, "run", job, true, -1);
        tap_ok(!outcome->ok && strstr(outcome->message, "step"), "step %" G_GINT64_FORMAT " is refused: %s", steps[i],
               outcome->message ? outcome->message : "it ran");
    }
}

/* Other runs' states ----------------------------------------------------------------------------------------------- */

static void test_differences(const SmallRun *s)
{
    static const struct {
        const char *settings[4];
        const char *fragments[3]; /* NULL: it may go on */
    } rows[] = {
        {{"max_train_steps=6", "learning_rate=2e-3", NULL}, {"learning_rate: 0.001, now 0.002"}},
        {{"max_train_steps=6", "seed=6", "network_dim=4", NULL}, {"network_dim: 2, now 4", "seed: 5, now 6"}},
        {{"max_train_steps=6", "mixed_precision=bf16", NULL}, {"mixed_precision: no, now bf16"}},
        {{"max_train_steps=6", "allow_tf32=true", NULL}, {"allow_tf32: false, now true"}},
        {{"max_train_steps=6", "train_data_dir=wide", NULL}, {"train_data_dir: pics, now wide"}},
        {{"max_train_steps=6", "min_snr_gamma=5", NULL}, {"min_snr_gamma: ", ", now 5"}},
        {{"max_train_steps=6", "save_every_n_steps=1", NULL}, {NULL}},
        {{"max_train_steps=6", "training_comment=hello", NULL}, {NULL}},
        {{"max_train_steps=6", "gradient_checkpointing=true", NULL}, {NULL}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        make_states(s);
        g_autoptr(Outcome) outcome = small_run(s, "run", rows[i].settings, true, -1);
        bool named = true;
        for (int k = 0; k < 3 && rows[i].fragments[k]; k++)
            named &= outcome->message && strstr(outcome->message, rows[i].fragments[k]);
        bool right = rows[i].fragments[0] ? !outcome->ok && outcome->code == LK_ERROR_USAGE && named : outcome->ok;
        tap_ok(right, "with %s: %s", rows[i].settings[1], outcome->message ? outcome->message : "it goes on");
    }
}

/** The same job on another base model of the same name. */
static void test_other_model(const SmallRun *s)
{
    g_autofree char *a = small_run_path(s, "a/model.safetensors"), *b = small_run_path(s, "b/model.safetensors"),
                    *data = NULL;
    g_autofree char *folder_a = g_path_get_dirname(a), *folder_b = g_path_get_dirname(b);
    gsize size = 0;
    SmallRun other = *s;
    g_mkdir(folder_a, 0700);
    g_mkdir(folder_b, 0700);
    if (!tap_ok(g_file_get_contents(s->model, &data, &size, NULL) && g_file_set_contents(a, data, (gssize)size, NULL),
                "the model is copied"))
        return;
    make_states(s);
    other.model = a;
    g_autoptr(Outcome) moved = small_run(&other, "run", job, true, 1);
    tap_ok(moved->code == LK_ERROR_STOPPED && moved->began == 4, "the same model in another folder goes on: %s",
           moved->message ? moved->message : "");
    const char *changed = "model.diffusion_model.out.2.weight";
    tap_ok(g_file_set_contents(b, data, (gssize)size, NULL) &&
               damage(b, array_offset(b, changed, &size), NULL, NULL, -1),
           "and changed in one bit");
    make_states(s);
    other.model = b;
    g_autoptr(Outcome) outcome = small_run(&other, "run", job, true, 1);
    tap_ok(!outcome->ok && outcome->code == LK_ERROR_USAGE && strstr(outcome->message, "another base model"),
           "another model of the same name is refused: %s", outcome->message ? outcome->message : "it ran");
}

/* The file itself -------------------------------------------------------------------------------------------------- */

static void test_state_file(const SmallRun *s)
{
    g_autofree char *path = small_run_path(s, "own.state");
    g_autoptr(GError) error = NULL;
    g_autoptr(LkState) state = lk_state_new(1000);
    bool added = lk_state_add(state, "m", LK_F32, 1000) && lk_state_add(state, "v", LK_F32, 1000) &&
                 lk_state_add(state, "m8", LK_I32, 7);
    float *m = lk_state_floats(state, "m"), *v = lk_state_floats(state, "v");
    int32_t *codes = lk_state_array(state, "m8")->data;
    for (int i = 0; i < 1000; i++) {
        state->adapter[i] = (float)i;
        m[i] = -(float)i;
        v[i] = 1.0f / (float)(i + 1);
        codes[i % 7] = -i;
    }
    state->step = 1234567890123;
    state->job = g_strdup("seed = 1\nname = \"a\"\n");
    state->layout = g_strdup("layout");
    state->device = g_strdup("Prozessor, größer");
    tap_ok(added && lk_state_save(state, path, &error), "a state is saved");
    g_autoptr(LkState) read = lk_state_load(path, &error);
    tap_ok(read && read->step == state->step && strcmp(read->job, state->job) == 0 &&
               strcmp(read->device, state->device) == 0 && strcmp(read->layout, state->layout) == 0 &&
               memcmp(read->adapter, state->adapter, 4000) == 0 && lk_state_same_shape(read, state) &&
               memcmp(lk_state_floats(read, "m"), m, 4000) == 0 && memcmp(lk_state_floats(read, "v"), v, 4000) == 0 &&
               memcmp(lk_state_array(read, "m8")->data, codes, 28) == 0,
           "and read back as it was");
    const float wrong[] = {NAN, INFINITY, -INFINITY};
    float *const arrays[] = {state->adapter, m, v};
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) problem = NULL;
        float before = arrays[i][999];
        arrays[i][999] = wrong[i];
        tap_ok(!lk_state_save(state, path, &problem) && problem->code == LK_ERROR_NUMERIC, "%f is not saved", wrong[i]);
        arrays[i][999] = before;
    }
    g_autoptr(LkState) again = lk_state_load(path, NULL);
    tap_ok(again && again->step == state->step, "and the file stays as it was");
    g_autofree char *absent = small_run_path(s, "absent/own.state");
    g_autoptr(GError) problem = NULL;
    tap_ok(!lk_state_save(state, absent, &problem) && strstr(problem->message, "absent"), "a folder that is gone: %s",
           problem ? problem->message : "");
}

/** A state whose list of arrays leaves out the adapter, which has numbers of another size. */
static void test_lying_state(const SmallRun *s)
{
    static const double wide[4] = {1, 2, 3, 4};
    static const float plain[4] = {1, 2, 3, 4};
    const LkTensorSpec specs[] = {{.name = "adapter", .dtype = LK_FILE_F64, .rank = 1, .shape = {4}, .data = wide},
                                  {.name = "m", .dtype = LK_FILE_F32, .rank = 1, .shape = {4}, .data = plain}};
    static const char *const lists[] = {"m", "", "m m", "adapter", "adapter adapter m"};
    g_autofree char *path = small_run_path(s, "lying.state");
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(LkMetadata) metadata = lk_metadata_new();
        lk_metadata_set(metadata, "lorikeet.state", "2");
        lk_metadata_set(metadata, "step", "1");
        lk_metadata_set(metadata, "arrays", lists[i]);
        g_autoptr(GError) error = NULL;
        lk_safetensors_write(path, specs, 2, metadata, NULL);
        g_autoptr(LkState) state = lk_state_load(path, &error);
        tap_ok(!state && error->code == LK_ERROR_FORMAT, "arrays \"%s\": %s", lists[i],
               error ? error->message : "read");
    }
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    test_state_file(&s);
    test_lying_state(&s);
    test_resumed(&s);
    test_damaged(&s);
    test_impossible_steps(&s);
    test_differences(&s);
    test_other_model(&s);
    small_run_close(&s);
    return tap_done();
}
