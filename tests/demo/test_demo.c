/* The demo, judged by pictures that its LoRA never saw: their loss must fall, and what is drawn from their captions
 * must come nearer to them. A LoRA of random numbers of the same size must fail both. Usage: test_demo DATA/DEMO */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "adapter/lora_file.h"
#include "base/philox.h"
#include "dataset/picture.h"
#include "sampling/generator.h"
#include "training/held_out.h"
#include "training/lora_setup.h"
#include "training/trainer.h"

#include <math.h>

/* What the demo promises, as shares of the base model's loss and distance. Measured: 0.12 and 0.51 with the LoRA, 0.99
 * and 1.04 with a random one. */
#define LOSS_FALLS_TO     0.4
#define DISTANCE_FALLS_TO 0.7
#define RANDOM_KEEPS      0.9

enum { SIDE = 128, STEPS = 20, SEEDS = 2 };
#define GUIDANCE 4.0

typedef struct Demo {
    const char *folder; /* data/demo */
    char *scratch;
    LkJob *job;
    char *trained, *random; /* LoRA files */
} Demo;

static bool no_error(GError *error, const char *label)
{
    bool ok = tap_ok(!error, "%s%s%s", label, error ? ": " : "", error ? error->message : "");
    g_clear_error(&error);
    return ok;
}

/* Training --------------------------------------------------------------------------------------------------------- */

static bool load_job(Demo *demo)
{
    g_autofree char *path = g_build_filename(demo->folder, "job.toml", NULL);
    g_autofree char *output = g_strdup_printf("output_dir=%s/result", demo->scratch);
    g_autofree char *cache = g_strdup_printf("cache_dir=%s/cache", demo->scratch);
    const char *const settings[] = {output, cache, NULL};
    g_autoptr(GPtrArray) problems = lk_problems_new();
    demo->job = lk_job_load(path, settings, problems);
    g_autofree char *said = demo->job ? NULL : lk_problems_describe(problems, path);
    return tap_ok(demo->job != NULL, "the demo's job is good %s", said ? said : "");
}

static bool train(Demo *demo)
{
    GError *error = NULL;
    gint64 begin = g_get_monotonic_time();
    g_autoptr(LkTrainer) trainer = lk_trainer_new(demo->job, lk_backend_cpu(), 0, &error);
    if (trainer)
        lk_trainer_run(trainer, false, NULL, &error);
    double seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    tap_note("trained in %.0f s", seconds);
    demo->trained = g_strdup_printf("%s/%s.safetensors", demo->job->output_dir, demo->job->output_name);
    return no_error(error, "it trains");
}

/** Random numbers with the root mean square of `like`. */
static float *random_like(const float *like, int64_t count, uint32_t *number)
{
    LkRandom random = {.seed = 3, .purpose = LK_RANDOM_TEST, .step = (*number)++};
    float *values = g_new(float, (gsize)count);
    double square = 0;
    for (int64_t i = 0; i < count; i++)
        square += (double)like[i] * like[i];
    lk_random_normal(random, 0, values, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        values[i] *= (float)sqrt(square / (double)count);
    return values;
}

/** The trained LoRA with every matrix replaced by noise of its size. */
static bool write_random(Demo *demo)
{
    GError *error = NULL;
    uint32_t number = 0;
    demo->random = g_build_filename(demo->scratch, "random.safetensors", NULL);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(demo->trained, &error);
    gsize count = file ? lk_lora_file_count(file) : 0;
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count + 1);
    for (gsize i = 0; i < count; i++) {
        weights[i] = *lk_lora_file_at(file, i);
        const LkAdapterShape *shape = &weights[i].shape;
        weights[i].values[0] = random_like(weights[i].values[0], shape->dim * shape->in, &number);
        weights[i].values[1] = random_like(weights[i].values[1], shape->dim * shape->out, &number);
    }
    LkLoraFormat format = {.family = LK_LORA_SD1, .layout = LK_LAYOUT_KOHYA, .dtype = LK_FILE_F32};
    if (file)
        lk_lora_weights_write(demo->random, weights, count, &format, NULL, &error);
    for (gsize i = 0; i < count; i++) {
        g_free((void *)(uintptr_t)weights[i].values[0]);
        g_free((void *)(uintptr_t)weights[i].values[1]);
    }
    return no_error(error, "a random LoRA of the same size is made");
}

/* Loss ------------------------------------------------------------------------------------------------------------- */

static double held_out_loss(const Demo *demo, const char *lora)
{
    GError *error = NULL;
    double loss = NAN;
    g_autofree char *pictures = g_build_filename(demo->folder, "held-out", NULL);
    LkHeldOut what = {.job = demo->job, .pictures = pictures, .lora = lora, .api = lk_backend_cpu()};
    lk_held_out_loss(&what, NULL, &loss, &error);
    no_error(error, "the held-out loss is measured");
    return loss;
}

static void test_loss(const Demo *demo)
{
    double base = held_out_loss(demo, NULL), trained = held_out_loss(demo, demo->trained),
           random = held_out_loss(demo, demo->random);
    tap_ok(trained < LOSS_FALLS_TO * base, "held-out loss: base %.4f, with the LoRA %.4f (%.2f of it)", base, trained,
           trained / base);
    tap_ok(random > RANDOM_KEEPS * base, "a random LoRA does not lower it: %.4f", random);
}

/* Pictures --------------------------------------------------------------------------------------------------------- */

/** A base model with or without a LoRA, ready to draw. */
typedef struct Artist {
    LkCheckpoint *checkpoint;
    LkLora *lora;
    float *values;
    LkDevice *device;
    LkGenerator *generator;
} Artist;

static bool artist_open(Artist *artist, const Demo *demo, const char *lora, GError **error)
{
    const LkBackend *api = lk_backend_cpu();
    LkError problem = {0};
    *artist = (Artist){.checkpoint = lk_checkpoint_open(demo->job->pretrained_model_name_or_path, error)};
    artist->device = artist->checkpoint ? api->open(0, 0, &problem) : NULL;
    if (!artist->device)
        return false;
    LkGeneratorOptions options = {.api = api,
                                  .device = artist->device,
                                  .checkpoint = artist->checkpoint,
                                  .compute = LK_F32,
                                  .clip_skip = demo->job->clip_skip,
                                  .keep_all = true};
    if (lora) {
        int missing, unused;
        g_autoptr(LkLoraFile) file = lk_lora_file_read(lora, error);
        LkLoraPlan plan = {.text = true, .unet = true, .like = file};
        artist->lora = file ? lk_lora_for_model(artist->checkpoint, &plan, error) : NULL;
        if (!artist->lora)
            return false;
        artist->values = g_new0(float, (gsize)lk_lora_elements(artist->lora));
        if (!lk_lora_load(artist->lora, file, artist->values, &missing, &unused, error))
            return false;
        options.loras[options.n_loras++] = (LkGeneratorLora){
            .lora = artist->lora, .state = "lora", .values = artist->values, .text_strength = 1, .unet_strength = 1};
    }
    artist->generator = lk_generator_new(&options, error);
    return artist->generator != NULL;
}

static void artist_close(Artist *artist)
{
    lk_generator_free(artist->generator);
    if (artist->device)
        lk_backend_cpu()->close(artist->device);
    lk_lora_free(artist->lora);
    lk_checkpoint_free(artist->checkpoint);
    g_free(artist->values);
}

/** Mean difference of two pictures' colours, 0 .. 255. */
static double distance(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        sum += abs(a[i] - b[i]);
    return sum / (SIDE * SIDE * 3);
}

/** A picture of a file, scaled to SIDE. */
static LkPixels *load_small(const char *path, GError **error)
{
    g_autoptr(LkPixels) whole = lk_picture_load(path, NULL, error);
    LkSize size = {.width = SIDE, .height = SIDE};
    LkBucketFit fit = {.bucket = size, .resized = size};
    return whole ? lk_pixels_fit(whole, &fit, error) : NULL;
}

/** Distance from a held-out picture to what is drawn from its caption, over some seeds. */
static double distance_drawn(Artist *artist, const char *path, GError **error)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".png")), *text = g_strconcat(stem, ".txt", NULL);
    g_autofree char *caption = NULL;
    g_autoptr(LkPixels) wanted = load_small(path, error);
    if (!wanted || !g_file_get_contents(text, &caption, NULL, error))
        return NAN;
    double sum = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        LkPictureRequest request = {.prompt = g_strstrip(caption),
                                    .width = SIDE,
                                    .height = SIDE,
                                    .steps = STEPS,
                                    .cfg = GUIDANCE,
                                    .seed = (uint64_t)seed + 1,
                                    .sampler = lk_sampler_find("ddim")};
        g_autofree uint8_t *drawn = lk_generator_run(artist->generator, &request, NULL, error);
        if (!drawn)
            return NAN;
        sum += distance(drawn, wanted->data);
    }
    return sum / SEEDS;
}

/** Names of the held-out pictures. */
static GPtrArray *held_out_pictures(const Demo *demo)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = g_build_filename(demo->folder, "held-out", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".png"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    g_ptr_array_sort_values(paths, (GCompareFunc)g_strcmp0);
    return paths;
}

static bool draw_all(const Demo *demo, const GPtrArray *pictures, const char *lora, double *distances)
{
    GError *error = NULL;
    Artist artist;
    bool ok = artist_open(&artist, demo, lora, &error);
    for (guint i = 0; ok && i < pictures->len; i++)
        distances[i] = distance_drawn(&artist, g_ptr_array_index(pictures, i), &error);
    artist_close(&artist);
    return tap_ok(ok, "an artist is ready") && no_error(error, "pictures are drawn");
}

static double mean(const double *values, guint count)
{
    double sum = 0;
    for (guint i = 0; i < count; i++)
        sum += values[i];
    return sum / count;
}

static void test_pictures(const Demo *demo)
{
    g_autoptr(GPtrArray) pictures = held_out_pictures(demo);
    guint n = pictures->len;
    if (!tap_ok(n == 6, "six pictures are held out"))
        return;
    double base[6], trained[6], random[6];
    if (!draw_all(demo, pictures, NULL, base) || !draw_all(demo, pictures, demo->trained, trained) ||
        !draw_all(demo, pictures, demo->random, random))
        return;
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_path_get_basename(g_ptr_array_index(pictures, i));
        tap_ok(trained[i] < base[i] && trained[i] < random[i], "%s is nearer: %.1f (base %.1f, random LoRA %.1f)", name,
               trained[i], base[i], random[i]);
    }
    double all = mean(base, n), better = mean(trained, n), noise = mean(random, n);
    tap_ok(better < DISTANCE_FALLS_TO * all, "distance to the held-out pictures: base %.1f, with the LoRA %.1f", all,
           better);
    tap_ok(noise > RANDOM_KEEPS * all, "a random LoRA does not come nearer: %.1f", noise);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    Demo demo = {.folder = argv[1], .scratch = scratch_new()};
    if (load_job(&demo) && train(&demo) && write_random(&demo)) {
        test_loss(&demo);
        test_pictures(&demo);
    }
    scratch_remove(demo.scratch);
    g_free(demo.scratch);
    g_free(demo.trained);
    g_free(demo.random);
    lk_job_free(demo.job);
    return tap_done();
}
