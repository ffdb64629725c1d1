/* Captions with weights in a run: the states of sd-scripts (make_weighted_states.py), cached and in the step.
 * Usage: test_weighted CASES_FOLDER WEIGHTED_STATES.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "format/safetensors.h"
#include "small_run.h"
#include "training/trainer_private.h"

#include <math.h>
#include <string.h>

/** Pictures 0 to 3 get the reference's captions. */
static void take_captions(const SmallRun *s, const char *captions)
{
    g_auto(GStrv) lines = g_strsplit(captions, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        g_autofree char *name = g_strdup_printf("pics/%d.txt", i);
        scratch_text(s->folder, name, lines[i]);
    }
}

/** The run's states of a caption against the reference's. */
static void test_states(const SmallRun *s, const char *family, int chunks, const LkSafetensors *expect)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *length = g_strdup_printf("max_token_length=%d", 75 * chunks);
    g_autofree char *name = g_strdup_printf("%s.%d", family, chunks);
    g_autoptr(LkJob) job =
        small_job(s, "states", WITH("weighted_captions=true", "network_train_unet_only=true", length));
    g_autoptr(LkTrainer) trainer = lk_trainer_new(job, lk_backend_cpu(), 0, &error);
    const LkTensorView *view = lk_safetensors_find(expect, name);
    if (!tap_ok(trainer && view && trainer->cached_text && lk_trainer_encode_texts(trainer, NULL, &error),
                "%s: captions are encoded%s%s", name, error ? ": " : "", error ? error->message : ""))
        return;
    g_autofree float *want = g_new(float, (gsize)lk_tensor_view_elements(view));
    if (!tap_ok(lk_tensor_view_to_f32(view, want, NULL), "%s: what is expected is read", name))
        return;
    LkTextSize size = lk_trainer_text_size(trainer);
    g_autofree float *got = g_new(float, size.states + size.pooled);
    for (guint i = 0; i < (guint)view->shape[0]; i++) {
        bool ok = lk_trainer_text_states(trainer, i, got, &error);
        double apart = 0, all = 0;
        for (gsize k = 0; k < size.states; k++) {
            double expected = (double)want[i * size.states + k];
            apart += pow((double)got[k] - expected, 2);
            all += expected * expected;
        }
        tap_ok(ok && sqrt(apart / all) < 1e-5, "%s: the reference's states of caption %u (%.1e)", name, i,
               sqrt(apart / all));
    }
}

/* A separator that no caption has leaves captions as they are, but they could vary: the encoders run in the step. */
#define IN_STEP "shuffle_caption=true", "caption_separator=|"

static bool is_near(const Outcome *a, const Outcome *b, double tolerance)
{
    bool near = a->ok && b->ok && a->steps == b->steps;
    for (int i = 0; near && i < a->steps; i++)
        near = fabs(a->loss[i] - b->loss[i]) <= tolerance * b->loss[i] &&
               fabs(a->norm[i] - b->norm[i]) <= tolerance * b->norm[i];
    return near;
}

static void test_runs(const SmallRun *s, const char *family)
{
    g_autoptr(Outcome) plain = small_run(s, "plain", WITH("network_train_unet_only=true"), false, -1);
    g_autoptr(Outcome) cached =
        small_run(s, "cached", WITH("network_train_unet_only=true", "weighted_captions=true"), false, -1);
    g_autoptr(Outcome) in_step =
        small_run(s, "step", WITH("network_train_unet_only=true", "weighted_captions=true", IN_STEP), false, -1);
    g_autoptr(Outcome) text = small_run(s, "text", WITH("weighted_captions=true"), false, -1);
    g_autoptr(Outcome) half = small_run(
        s, "half", WITH("weighted_captions=true", "mixed_precision=bf16", "gradient_checkpointing=true"), false, -1);
    tap_ok(is_near(in_step, cached, 1e-4), "%s: weights in the step are those of cached states (%g, %g)", family,
           in_step->loss[0], cached->loss[0]);
    tap_ok(plain->ok && cached->ok && plain->loss[0] != cached->loss[0], "%s: they change the loss (%g, %g)", family,
           plain->loss[0], cached->loss[0]);
    tap_ok(text->ok && fabs(text->loss[0] - cached->loss[0]) < 1e-4 * cached->loss[0] &&
               text->norm[0] > cached->norm[0],
           "%s: and the text encoder is trained through them (%g, %g)", family, text->norm[0], cached->norm[0]);
    tap_ok(half->ok && fabs(half->loss[0] - text->loss[0]) < 0.03 * text->loss[0], "%s: in bf16 too (%g, %g)", family,
           half->loss[0], text->loss[0]);
}

int main(int argc, char **argv)
{
    static const char *const families[] = {"plain", "sdxl"};
    if (argc < 3)
        return 2;
    LkSafetensors *expect = lk_safetensors_open(argv[2], NULL);
    if (!tap_ok(expect != NULL, "the reference is there"))
        return tap_done();
    for (int i = 0; i < 2; i++) {
        SmallRun s;
        g_autofree char *model = g_build_filename(argv[1], families[i], "model.safetensors", NULL);
        small_run_open(&s, model);
        take_captions(&s, lk_safetensors_metadata(expect, "captions"));
        test_states(&s, families[i], 1, expect);
        test_states(&s, families[i], 2, expect);
        test_runs(&s, families[i]);
        small_run_close(&s);
    }
    lk_safetensors_free(expect);
    return tap_done();
}
