#include "small_run.h"

#include "../dataset/scratch.h"
#include "../tap.h"
#include "backend/backend.h"
#include "base/philox.h"
#include "format/png.h"
#include "format/safetensors.h"

#include <stdlib.h>
#include <string.h>

/** A picture that no other resembles. */
static void add_picture(const SmallRun *s, const char *name, int width, int height, const char *caption)
{
    static uint32_t number;
    LkRandom random = {.seed = 12, .purpose = LK_RANDOM_TEST, .step = ++number};
    g_autofree char *png = g_strconcat(name, ".png", NULL), *text = g_strconcat(name, ".txt", NULL);
    g_autofree char *path = scratch_path(s->folder, png);
    g_autofree uint8_t *rgb = g_new(uint8_t, (gsize)(width * height * 3));
    for (int i = 0; i < width * height; i++)
        for (int c = 0; c < 3; c++) /* large patches and a little noise */
            rgb[3 * i + c] =
                (uint8_t)(lk_random_below(random, (uint64_t)(i % width / 16 + i / width / 16 * 64 + c * 997), 200) +
                          lk_random_below(random, (uint64_t)(70000 + i * 3 + c), 50));
    lk_png_write(path, rgb, width, height, (size_t)width * 3, NULL, NULL);
    scratch_text(s->folder, text, caption);
}

void small_run_open(SmallRun *s, const char *model)
{
    static const char *const captions[] = {"a red bird", "two birds", "a bird on a branch, snow", "birds",
                                           "a small bird"};
    *s = (SmallRun){.folder = scratch_new(), .model = g_canonicalize_filename(model, NULL)};
    for (int i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("pics/%d", i), *wide = g_strdup_printf("wide/%d", i);
        add_picture(s, name, 64, 64, captions[i]);
        add_picture(s, wide, i < 2 ? 128 : 256, i < 2 ? 128 : 64, captions[i]);
    }
}

void small_run_close(SmallRun *s)
{
    scratch_remove(s->folder);
    g_free(s->folder);
    g_free(s->model);
}

char *small_run_path(const SmallRun *s, const char *name)
{
    return g_build_filename(s->folder, name, NULL);
}

LkJob *small_job_told(const SmallRun *s, const char *output, const char *const *settings, GPtrArray *problems)
{
    g_autofree char *text = g_strdup_printf(
        "pretrained_model_name_or_path = \"%s\"\n"
        "train_data_dir = \"pics\"\ncache_dir = \"cache\"\noutput_dir = \"%s\"\noutput_name = \"bird\"\n"
        "resolution = \"64,64\"\nmin_bucket_reso = 64\nnetwork_dim = 2\nnetwork_alpha = 1\n"
        "learning_rate = 1e-3\nmax_train_steps = 3\nseed = 5\n",
        s->model, output);
    return lk_job_parse(text, "job.toml", s->folder, settings, problems);
}

LkJob *small_job(const SmallRun *s, const char *output, const char *const *settings)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job = small_job_told(s, output, settings, problems);
    if (!job) {
        g_autofree char *said = lk_problems_describe(problems, "job.toml");
        tap_note("%s", said);
    }
    return job;
}

typedef struct Listener {
    const SmallRun *run;
    Outcome *outcome;
    LkTrainer *trainer;
    int stop_after;
} Listener;

static void hear(void *context, const LkTrainerEvent *event)
{
    Listener *listener = context;
    Outcome *outcome = listener->outcome;
    outcome->allocated_most = MAX(outcome->allocated_most, lk_trainer_allocated(listener->trainer));
    if (event->kind == LK_EVENT_LOG)
        g_string_append_printf(outcome->log, "%s\n", event->text);
    if (event->kind == LK_EVENT_DONE)
        outcome->done = g_strdup(event->path);
    if (event->kind == LK_EVENT_START) {
        outcome->began = event->step;
        outcome->allocated = lk_trainer_allocated(listener->trainer);
    }
    if (event->kind == LK_EVENT_STEP && listener->run->watch)
        outcome->watched[outcome->steps > 0] = listener->run->watch();
    if (event->kind == LK_EVENT_STEP && outcome->steps < SMALL_RUN_STEPS) {
        outcome->loss[outcome->steps] = event->loss;
        outcome->norm[outcome->steps] = event->grad_norm;
        outcome->rate[outcome->steps++] = event->learning_rate;
    }
}

static bool enough(void *context)
{
    const Listener *listener = context;
    return listener->stop_after >= 0 && listener->outcome->began >= 0 &&
           listener->outcome->steps >= listener->stop_after;
}

static void fail(Outcome *outcome, GError *error)
{
    outcome->ok = false;
    outcome->code = error ? error->code : -1;
    outcome->message = g_strdup(error ? error->message : "no message");
    g_clear_error(&error);
}

Outcome *small_run(const SmallRun *s, const char *output, const char *const *settings, bool resume, int stop_after)
{
    Outcome *outcome = g_new0(Outcome, 1);
    outcome->began = -1;
    outcome->log = g_string_new(NULL);
    GError *error = NULL;
    g_autoptr(LkJob) job = small_job(s, output, settings);
    g_autoptr(LkTrainer) trainer = job ? lk_trainer_new(job, s->api ? s->api : lk_backend_cpu(), 0, &error) : NULL;
    Listener listener = {.run = s, .outcome = outcome, .trainer = trainer, .stop_after = stop_after};
    LkTrainerEvents events = {.context = &listener, .event = hear, .should_stop = enough};
    if (!trainer || !lk_trainer_plan(trainer, &outcome->plan, &error) ||
        !lk_trainer_run(trainer, resume, &events, &error)) {
        fail(outcome, error);
    } else {
        outcome->ok = true;
        outcome->allocated_end = lk_trainer_allocated(trainer);
    }
    return outcome;
}

void outcome_free(Outcome *outcome)
{
    if (!outcome)
        return;
    lk_training_plan_clear(&outcome->plan);
    g_string_free(outcome->log, TRUE);
    g_free(outcome->message);
    g_free(outcome->done);
    g_free(outcome);
}

bool same_files(const SmallRun *s, const char *a, const char *b)
{
    g_autofree char *path_a = small_run_path(s, a), *path_b = small_run_path(s, b), *data_a = NULL, *data_b = NULL;
    gsize size_a = 0, size_b = 0;
    return g_file_get_contents(path_a, &data_a, &size_a, NULL) && g_file_get_contents(path_b, &data_b, &size_b, NULL) &&
           size_a == size_b && memcmp(data_a, data_b, size_a) == 0;
}

bool same_tensors(const SmallRun *s, const char *a, const char *b)
{
    g_autofree char *path_a = small_run_path(s, a), *path_b = small_run_path(s, b);
    g_autoptr(LkSafetensors) file_a = lk_safetensors_open(path_a, NULL), file_b = lk_safetensors_open(path_b, NULL);
    bool same = file_a && file_b && lk_safetensors_count(file_a) == lk_safetensors_count(file_b);
    for (size_t i = 0; same && i < lk_safetensors_count(file_a); i++) {
        const LkTensorView *view = lk_safetensors_at(file_a, i), *other = lk_safetensors_find(file_b, view->name);
        g_autofree char *bytes = g_malloc(view->size + 1), *others = g_malloc(view->size + 1);
        same = other && other->size == view->size && lk_tensor_view_read(view, bytes, NULL) &&
               lk_tensor_view_read(other, others, NULL) && memcmp(bytes, others, view->size) == 0;
    }
    return same;
}
