/* The held-out loss against what the trainer itself reports. Usage: test_held_out MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "small_run.h"
#include "training/held_out.h"

#include <math.h>

/** Puts one of the small run's pictures into a folder of its own. */
static void set_aside(const SmallRun *s)
{
    static const char *const names[] = {"0.png", "0.txt"};
    for (int i = 0; i < 2; i++) {
        g_autofree char *from = g_build_filename(s->folder, "pics", names[i], NULL), *data = NULL;
        g_autofree char *to = g_build_filename("aside", names[i], NULL);
        gsize size = 0;
        if (g_file_get_contents(from, &data, &size, NULL))
            scratch_write(s->folder, to, data, size);
    }
}

/** NAN, with a failed check, where it cannot be measured. */
static double held_out(const SmallRun *s, const char *lora, const char *folder, const char *const *settings)
{
    GError *error = NULL;
    double loss = NAN;
    g_autofree char *pictures = small_run_path(s, folder), *path = lora ? small_run_path(s, lora) : NULL;
    g_autoptr(LkJob) job = small_job(s, "unused", settings);
    LkHeldOut what = {.job = job, .pictures = pictures, .lora = path, .api = lk_backend_cpu()};
    bool ok = job && lk_held_out_loss(&what, NULL, &loss, &error);
    tap_ok(ok, "the loss of %s on %s%s%s", lora ? lora : "the base model", folder, error ? ": " : "",
           error ? error->message : "");
    g_clear_error(&error);
    return loss;
}

/** What the trainer reports for the last of so many steps on that picture at that timestep; it learns nothing. */
static double reported(const SmallRun *s, int steps, int timestep, const char *network)
{
    g_autofree char *max = g_strdup_printf("max_train_steps=%d", steps);
    g_autofree char *low = g_strdup_printf("min_timestep=%d", timestep);
    g_autofree char *high = g_strdup_printf("max_timestep=%d", timestep + 1);
    g_autoptr(Outcome) outcome =
        small_run(s, "idle",
                  WITH("train_data_dir=aside", "seed=0", "learning_rate=1e-20", "optimizer_args=[\"weight_decay=0\"]",
                       "min_snr_gamma=5", network, max, low, high),
                  false, -1);
    return outcome->ok && outcome->steps == steps ? outcome->loss[steps - 1] : NAN;
}

/** Noise number n of the held-out loss is that of step n of a run with seed 0. */
static void test_against_trainer(const SmallRun *s, const char *lora, const char *network)
{
    double sum = 0;
    for (int i = 0; i < LK_HELD_OUT_TIMESTEPS; i++)
        sum += reported(s, i + 1, 50 + 100 * i, network);
    double want = sum / LK_HELD_OUT_TIMESTEPS, got = held_out(s, lora, "aside", WITH("min_snr_gamma=5"));
    tap_ok(fabs(got / want - 1) < 1e-5, "the trainer's own losses have that mean: %.7f, %.7f", want, got);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    SmallRun s;
    small_run_open(&s, argv[1]);
    set_aside(&s);
    g_autoptr(Outcome) trained = small_run(&s, "trained", WITH("max_train_steps=12", "learning_rate=3e-3"), false, -1);
    if (tap_ok(trained->ok, "a LoRA is trained")) {
        test_against_trainer(&s, NULL, "network_alpha=1");
        g_autofree char *weights = g_strdup_printf("network_weights=%s/trained/bird.safetensors", s.folder);
        test_against_trainer(&s, "trained/bird.safetensors", weights);
        /* Settings that must not matter. */
        double plain = held_out(&s, "trained/bird.safetensors", "wide", NULL);
        double other = held_out(&s, "trained/bird.safetensors", "wide",
                                WITH("seed=77", "network_dim=5", "network_train_unet_only=true", "train_batch_size=3",
                                     "caption_dropout_rate=0.9", "flip_aug=true", "shuffle_caption=true"));
        tap_ok(plain == other, "it does not depend on what only training uses: %.9f, %.9f", plain, other);
        tap_ok(plain != held_out(&s, NULL, "wide", NULL), "the LoRA matters");
    }
    small_run_close(&s);
    return tap_done();
}
