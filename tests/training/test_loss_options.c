/* Masks, regularisation and the options of noise and loss in whole runs. Usage: test_loss_options MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "format/png.h"
#include "small_run.h"
#include "training/job_dataset.h"
#include "training/latent_masks.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <math.h>

/** A grey value of a mask's pixel. */
typedef uint8_t (*Grey)(int x, int y);

static uint8_t white(int x, int y)
{
    return 255;
}

static uint8_t black(int x, int y)
{
    return 0;
}

static uint8_t slope(int x, int y)
{
    return (uint8_t)((x * 3 + y) % 256);
}

static uint8_t half(int x, int y)
{
    return 128;
}

/** Masks of the small run's pictures 0 .. count-1, of so many pixels a side. */
static void add_masks(const SmallRun *s, const char *folder, int count, int size, Grey grey)
{
    g_autofree uint8_t *rgb = g_new0(uint8_t, (gsize)size *(gsize)size * 3);
    for (int i = 0; i < size * size; i++)
        rgb[3 * i] = grey(i % size, i / size); /* the red channel counts */
    for (int i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("%s/%d.png", folder, i), *path = scratch_path(s->folder, name);
        lk_png_write(path, rgb, size, size, (size_t)size * 3, NULL, NULL);
    }
}

/** A picture with the transparency of a function of its pixels. */
static void add_transparent(const SmallRun *s, const char *name, Grey alpha)
{
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, 64, 64);
    guchar *pixels = gdk_pixbuf_get_pixels(pixbuf);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++) {
            guchar *p = pixels + y * gdk_pixbuf_get_rowstride(pixbuf) + 4 * x;
            p[0] = (guchar)(4 * x);
            p[1] = (guchar)(4 * y);
            p[2] = 90;
            p[3] = alpha(x, y);
        }
    g_autofree char *path = scratch_path(s->folder, name);
    gdk_pixbuf_save(pixbuf, path, "png", NULL, NULL);
}

static LkDataset *open_dataset(const SmallRun *s, const char *const *settings)
{
    g_autoptr(LkJob) job = small_job(s, "unused", settings);
    g_autoptr(GPtrArray) findings = lk_findings_new();
    LkDatasetConfig *config = lk_job_dataset_config(job, findings, NULL);
    return lk_dataset_new(config, 64, findings, NULL);
}

/** The averages of a mask by brute force: 8 × 8 pixels a latent pixel. */
static double worst_of(const float *got, Grey grey, bool flipped)
{
    double worst = 0;
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++) {
            double sum = 0;
            for (int k = 0; k < 64; k++)
                sum += grey(8 * (flipped ? 7 - x : x) + k % 8, 8 * y + k / 8) / 255.0 / 64;
            for (int c = 0; c < 4; c++)
                worst = fmax(worst, fabs(got[(y * 8 + x) * 4 + c] - sum));
        }
    return worst;
}

static void test_averages(const SmallRun *s)
{
    float values[8 * 8 * 4], mirrored[8 * 8 * 4];
    add_masks(s, "masks", 3, 64, slope);
    g_autoptr(LkDataset) dataset = open_dataset(s, WITH("masked_loss=true", "conditioning_data_dir=masks"));
    LkLatentMasks *masks = lk_latent_masks_new(dataset, true, 8, NULL, NULL);
    lk_latent_masks_get(masks, 1, 0, false, 4, values);
    lk_latent_masks_get(masks, 1, 0, true, 4, mirrored);
    double a = worst_of(values, slope, false), b = worst_of(mirrored, slope, true);
    tap_ok(a < 1e-6 && b < 1e-6, "a mask's file is averaged to the latents, mirrored with its picture (%.1e, %.1e)", a,
           b);
    lk_latent_masks_get(masks, 4, 0, false, 4, values);
    tap_ok(worst_of(values, white, false) == 0 && lk_latent_masks_hash(masks, 4) == 0,
           "a picture without a mask is learned whole");
    tap_ok(lk_latent_masks_hash(masks, 0) != 0 && lk_latent_masks_hash(NULL, 0) == 0, "masks have a hash");
    lk_latent_masks_free(masks);
    add_transparent(s, "glass/0.png", slope);
    add_transparent(s, "glass/1.png", white);
    g_autoptr(LkDataset) glass = open_dataset(s, WITH("train_data_dir=glass", "alpha_mask=true"));
    masks = lk_latent_masks_new(glass, false, 8, NULL, NULL);
    lk_latent_masks_get(masks, 0, 0, false, 4, values);
    lk_latent_masks_get(masks, 1, 0, false, 4, mirrored);
    a = worst_of(values, slope, false), b = worst_of(mirrored, white, false);
    tap_ok(a < 1e-6 && b < 1e-6, "transparency is a mask (%.1e), and there need not be any", a);
    lk_latent_masks_free(masks);
    g_autoptr(GError) error = NULL;
    scratch_text(s->folder, "bad/0.png", "no picture");
    g_autoptr(LkDataset) bad = open_dataset(s, WITH("masked_loss=true", "conditioning_data_dir=bad"));
    masks = lk_latent_masks_new(bad, true, 8, NULL, &error);
    tap_ok(!masks && error && strstr(error->message, "bad/0.png"), "a mask that is no picture: %s",
           error ? error->message : "");
}

static double first_loss(const SmallRun *s, const char *const *settings)
{
    g_autoptr(Outcome) outcome = small_run(s, "loss", settings, false, -1);
    if (!outcome->ok)
        tap_note("%s", outcome->message);
    return outcome->ok ? outcome->loss[0] : NAN;
}

static void test_masked_runs(const SmallRun *s)
{
    add_masks(s, "all", 5, 64, white);
    add_masks(s, "none", 5, 64, black);
    add_masks(s, "some", 5, 96, half); /* of another size than the pictures */
    double plain = first_loss(s, WITH("max_train_steps=1"));
    double whole = first_loss(s, WITH("max_train_steps=1", "masked_loss=true", "conditioning_data_dir=all"));
    double hidden = first_loss(s, WITH("max_train_steps=1", "masked_loss=true", "conditioning_data_dir=none"));
    double grey = first_loss(s, WITH("max_train_steps=1", "masked_loss=true", "conditioning_data_dir=some"));
    double unused = first_loss(s, WITH("max_train_steps=1", "conditioning_data_dir=none"));
    tap_ok(plain > 0 && fabs(whole / plain - 1) < 1e-6 && unused == plain, "white masks change nothing (%.7f, %.7f)",
           plain, whole);
    tap_ok(hidden == 0, "black ones leave nothing to learn (%g)", hidden);
    tap_ok(fabs(grey / plain - 128.0 / 255) < 1e-6, "grey ones count in part (%.6f)", grey / plain);
}

/** Sum of the losses of one epoch. */
static double epoch_loss(const SmallRun *s, const char *weight, int *steps, const char *const *more)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new();
    const char *const own[] = {"max_train_epochs=1", "learning_rate=1e-20", "optimizer_args=[\"weight_decay=0\"]",
                               weight};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        g_ptr_array_add(settings, (char *)own[i]);
    for (size_t i = 0; more[i]; i++)
        g_ptr_array_add(settings, (char *)more[i]);
    g_ptr_array_add(settings, NULL);
    g_autoptr(Outcome) outcome = small_run(s, "epoch", (const char *const *)settings->pdata, false, -1);
    if (!outcome->ok)
        tap_note("%s", outcome->message);
    double sum = 0;
    for (int i = 0; i < outcome->steps; i++)
        sum += outcome->loss[i];
    *steps = outcome->steps;
    return outcome->ok ? sum : NAN;
}

static void test_prior(const SmallRun *s)
{
    int n1 = 0, n0 = 0, n2 = 0, alone = 0;
    const char *const reg[] = {"reg_data_dir=wide", "enable_bucket=true", "max_bucket_reso=256", NULL};
    double one = epoch_loss(s, "prior_loss_weight=1", &n1, reg);
    double zero = epoch_loss(s, "prior_loss_weight=0", &n0, reg);
    double two = epoch_loss(s, "prior_loss_weight=2", &n2, reg);
    epoch_loss(s, "prior_loss_weight=1", &alone, WITH("enable_bucket=true"));
    tap_ok(n1 == 10 && n0 == 10 && n2 == 10 && alone == 5, "as many regularisation pictures as others (%d steps, %d)",
           n1, alone);
    tap_ok(one > zero && fabs((two - one) - (one - zero)) < 1e-5 * one, "their loss is weighted (%.5f, %.5f, %.5f)",
           zero, one, two);
}

/** Each option trains, changes the numbers, and resumes to the same bytes. */
static void test_options(const SmallRun *s)
{
    static const char *const options[] = {"loss_type=huber",
                                          "loss_type=smooth_l1",
                                          "loss_type=l1",
                                          "noise_offset=0.1",
                                          "multires_noise_iterations=6",
                                          "ip_noise_gamma=0.1",
                                          "debiased_estimation_loss=true",
                                          "v_pred_like_loss=0.5"};
    double plain = first_loss(s, WITH("max_train_steps=1"));
    int changed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        double loss = first_loss(s, WITH("max_train_steps=1", options[i]));
        if (isfinite(loss) && loss != plain)
            changed++;
        else
            tap_note("%s: loss %g, %g without it", options[i], loss, plain);
    }
    tap_ok(changed == (int)G_N_ELEMENTS(options), "%d options train", changed);
    const char *const *all =
        WITH("loss_type=huber", "noise_offset=0.1", "noise_offset_random_strength=true", "multires_noise_iterations=4",
             "ip_noise_gamma=0.1", "ip_noise_gamma_random_strength=true", "masked_loss=true",
             "conditioning_data_dir=masks", "flip_aug=true", "max_train_steps=4");
    g_autoptr(Outcome) whole = small_run(s, "whole", all, false, -1);
    g_autoptr(Outcome) begun = small_run(s, "parts", all, false, 2), rest = small_run(s, "parts", all, true, -1);
    tap_ok(whole->ok && rest->ok && !begun->ok && rest->began == 2 &&
               same_files(s, "whole/bird.safetensors", "parts/bird.safetensors"),
           "all of them at once, stopped and resumed: the same bytes%s", whole->ok ? "" : whole->message);
    g_autoptr(Outcome) stopped = small_run(s, "other", all, false, 2);
    add_masks(s, "masks", 1, 64, half);
    g_autoptr(Outcome) refused = small_run(s, "other", all, true, -1);
    tap_ok(!stopped->ok && !refused->ok && strstr(refused->message, "is another one now"),
           "a mask that was changed meanwhile: %s", refused->message);
}

int main(int argc, char **argv)
{
    SmallRun s;
    small_run_open(&s, argv[argc - 1]);
    test_averages(&s);
    test_masked_runs(&s);
    test_prior(&s);
    test_options(&s);
    small_run_close(&s);
    return tap_done();
}
