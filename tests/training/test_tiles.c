/* The VAE in tiles: the numbers of diffusers' AutoencoderKL with tiling (make_tile_rows.py), where tiles are chosen,
 * and that a resumed run keeps them. Usage: test_tiles MODEL.safetensors TILES.safetensors */
#include "../dataset/scratch.h"
#include "../near.h"
#include "../tap.h"
#include "format/png.h"
#include "format/safetensors.h"
#include "model/vae_tiles.h"
#include "sampling/generator.h"
#include "small_run.h"
#include "training/job_dataset.h"
#include "training/latents.h"

#include <math.h>
#include <string.h>

enum { HEIGHT = 64, WIDTH = 128, FACTOR = 8, MOMENTS = HEIGHT * WIDTH / 64 * 8, PICTURE = HEIGHT * WIDTH * 3 };

/* What the reference has for tiles of a side. */
static float *tiled_floats(const LkSafetensors *file, const char *what, int side)
{
    g_autofree char *name = g_strdup_printf("%s.%d", what, side);
    return near_floats(file, name);
}

/* Against diffusers ------------------------------------------------------------------------------------------------ */

static void test_encoding(const SmallRun *s, const LkSafetensors *expect)
{
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(GError) error = NULL;
    LkError problem = {0};
    g_autofree char *png = scratch_path(s->folder, "one/picture.png"), *cache_dir = small_run_path(s, "tiles cache");
    g_autofree uint8_t *rgb = g_malloc0(PICTURE);
    lk_tensor_view_read(lk_safetensors_find(expect, "picture"), rgb, NULL);
    lk_png_write(png, rgb, WIDTH, HEIGHT, WIDTH * 3, NULL, NULL);
    g_autoptr(LkJob) job = small_job(s, "unused", WITH("train_data_dir=one", "resolution=128,64"));
    g_autoptr(LkDataset) dataset = lk_dataset_new(lk_job_dataset_config(job, findings, NULL), 64, findings, NULL);
    g_autoptr(LkLatentCache) cache = lk_latent_cache_open(cache_dir, NULL);
    LkCheckpoint *checkpoint = lk_checkpoint_open(s->model, NULL);
    const LkBackend *api = lk_backend_cpu();
    LkDevice *device = api->open(0, 0, &problem);
    const LkTrainerEvents silent = {0};
    static const int sides[] = {0, 32, 96, 128};
    g_autofree float *whole = g_new0(float, MOMENTS), *got = g_new0(float, MOMENTS);
    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        const int side = sides[i];
        g_autoptr(LkLatents) latents = lk_latents_new(dataset, cache, checkpoint, "test", &error);
        lk_latents_set_tile(latents, side);
        guint missing = lk_latents_missing(latents);
        bool ok = lk_latents_encode(latents, api, device, &silent, &error) &&
                  lk_latents_moments(latents, 0, 0, false, got, &error);
        if (i == 0)
            memcpy(whole, got, MOMENTS * sizeof *got);
        if (side == 128) {
            tap_ok(ok && missing == 0 && memcmp(got, whole, MOMENTS * sizeof *got) == 0,
                   "a picture that is not larger than a tile is not encoded again: same bytes");
            continue;
        }
        g_autofree float *want = tiled_floats(expect, "moments", side);
        double error_of = near_distance(got, want, MOMENTS);
        tap_ok(ok && missing == 1 && error_of < 1e-5, "encoded in tiles of %d as diffusers does (%.1e)", side,
               error_of);
    }
    api->close(device);
    lk_checkpoint_free(checkpoint);
}

static void test_decoding(const SmallRun *s, const LkSafetensors *expect)
{
    LkError problem = {0};
    const LkBackend *api = lk_backend_cpu();
    LkDevice *device = api->open(0, 0, &problem);
    LkCheckpoint *checkpoint = lk_checkpoint_open(s->model, NULL);
    g_autofree float *latent = near_floats(expect, "latent"), *first = NULL;
    for (int i = 0; i < HEIGHT * WIDTH / 64 * 4; i++) /* as the U-Net sees it */
        latent[i] *= lk_checkpoint_arch(checkpoint)->vae.scale;
    static const int sides[] = {0, 32, 96, 128};
    for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
        g_autoptr(GError) error = NULL;
        LkGeneratorOptions options = {
            .api = api, .device = device, .checkpoint = checkpoint, .compute = LK_F32, .vae_tile = sides[i]};
        g_autoptr(LkGenerator) generator = lk_generator_new(&options, &error);
        float *got = lk_generator_decode(generator, latent, WIDTH, HEIGHT, &error);
        g_autofree float *want = tiled_floats(expect, "decoded", sides[i] == 128 ? 0 : sides[i]);
        double error_of = got ? near_distance(got, want, PICTURE) : INFINITY;
        tap_ok(error_of < 1e-5, "decoded in tiles of %d as diffusers does (%.1e)", sides[i], error_of);
        if (sides[i] == 128)
            tap_ok(got && memcmp(got, first, PICTURE * sizeof *got) == 0, "one tile is the whole: same bytes");
        if (i == 0)
            first = got;
        else
            g_free(got);
    }
    lk_checkpoint_free(checkpoint);
    api->close(device);
}

/** Tiles of one colour join to that colour, whatever the sizes, and every number is written once. */
static void test_joined(void)
{
    int wrong = 0, most = 0;
    for (int height = 1; height <= 40; height += 3) {
        for (int width = 1; width <= 40; width++) {
            LkTiles tiles = lk_tiles_new(height, width, 8, 2, 1);
            LkTile shapes[LK_TILE_SHAPES];
            most = MAX(most, lk_tiles_shapes(&tiles, shapes));
            g_autofree float **made = g_new0(float *, (gsize)lk_tiles_count(&tiles));
            for (int i = 0; i < lk_tiles_count(&tiles); i++) {
                size_t count = lk_tile_out_count(&tiles, lk_tiles_at(&tiles, i));
                made[i] = g_new(float, count);
                for (size_t k = 0; k < count; k++)
                    made[i][k] = 3;
            }
            g_autofree float *whole = g_new0(float, (gsize)(4 * height * width));
            lk_tiles_join(&tiles, 1, made, whole);
            for (int i = 0; i < 4 * height * width; i++)
                wrong += whole[i] != 3;
            for (int i = 0; i < lk_tiles_count(&tiles); i++)
                g_free(made[i]);
        }
    }
    tap_ok(wrong == 0 && most <= LK_TILE_SHAPES, "every place is covered, with at most %d shapes of tiles", most);
}

/* What is chosen --------------------------------------------------------------------------------------------------- */

static struct {
    LkBackend api;
    int64_t free_bytes;
} small;

static int devices(LkDeviceInfo *out, int max, LkError *error)
{
    int count = lk_backend_cpu()->devices(out, max, error);
    for (int i = 0; i < count && i < max; i++)
        out[i].free_bytes = small.free_bytes;
    return count;
}

static void make_small(SmallRun *s, int64_t free_bytes)
{
    small.api = *lk_backend_cpu();
    small.api.devices = devices;
    small.free_bytes = free_bytes;
    s->api = &small.api;
}

static void add_large_pictures(const SmallRun *s)
{
    enum { SIDE = 256 };
    g_autofree uint8_t *rgb = g_new(uint8_t, SIDE *SIDE * 3);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        rgb[i] = (uint8_t)((i / 3 % SIDE / 16 * 37 + i / 3 / SIDE / 16 * 11 + i % 3 * 50) % 251);
    g_autofree char *png = scratch_path(s->folder, "large/a.png");
    lk_png_write(png, rgb, SIDE, SIDE, SIDE * 3, NULL, NULL);
    scratch_text(s->folder, "large/a.txt", "a bird");
}

#define LARGE                                                                                                          \
    "train_data_dir=large", "resolution=256", "max_train_steps=2", "gradient_checkpointing=true", "mixed_precision=bf16"

static void test_chosen(SmallRun *s)
{
    make_small(s, INT64_MAX);
    g_autoptr(Outcome) free = small_run(s, "free", WITH(LARGE, "cache_dir=c0"), false, -1);
    g_autoptr(Outcome) tiled =
        small_run(s, "tiled", WITH(LARGE, "cache_dir=c1", "vae_tiling=true", "vae_tile_size=128"), false, -1);
    tap_ok(free->ok && free->plan.encoding_tile == 0 && tiled->ok && tiled->plan.encoding_tile == 128 &&
               tiled->plan.encoding < free->plan.encoding * 2 / 5 &&
               !same_tensors(s, "free/bird.safetensors", "tiled/bird.safetensors"),
           "tiles of a quarter of the picture encode in a quarter of the memory (%lld of %lld)",
           (long long)tiled->plan.encoding, (long long)free->plan.encoding);
    int64_t training = free->plan.weights + free->plan.adapter + free->plan.optimizer + free->plan.arena;
    int64_t between = (MAX(training, tiled->plan.encoding) + free->plan.encoding) / 2 + free->plan.host;
    tap_note("training %lld, encoding %lld, between %lld", (long long)training, (long long)free->plan.encoding,
             (long long)between);
    make_small(s, between);
    const char *const *never = WITH(LARGE, "cache_dir=c2", "vae_tiling=false");
    g_autoptr(Outcome) refused = small_run(s, "refused", never, false, -1);
    tap_ok(!refused->ok && refused->code == LK_ERROR_MEMORY &&
               strcmp(refused->plan.fixes->pdata[0], "vae_tiling = \"auto\"") == 0,
           "where they do not fit and tiles are forbidden, tiles are what would help: %s",
           refused->message ? refused->message : "nothing");
    const char *const *job = WITH(LARGE, "cache_dir=c3", "vae_tile_size=128");
    g_autoptr(Outcome) chosen = small_run(s, "chosen", job, false, -1);
    tap_ok(chosen->ok && chosen->plan.fits && chosen->plan.encoding_tile == 128 &&
               chosen->allocated_most <= chosen->plan.total - chosen->plan.host &&
               same_tensors(s, "chosen/bird.safetensors", "tiled/bird.safetensors"),
           "by itself: %s", chosen->message ? chosen->message : "trained in tiles");
    g_autoptr(Outcome) half = small_run(s, "half", job, false, 1);
    make_small(s, INT64_MAX);
    const char *const *elsewhere = WITH(LARGE, "cache_dir=c4", "vae_tile_size=128");
    g_autoptr(Outcome) resumed = small_run(s, "half", elsewhere, true, -1);
    tap_ok(!half->ok && resumed->ok && resumed->began == 1 &&
               same_files(s, "half/bird.safetensors", "chosen/bird.safetensors"),
           "a resumed run keeps its tiles where memory is plenty and the cache is gone: %s",
           resumed->message ? resumed->message : "same bytes");
}

static void test_samples(SmallRun *s)
{
    static const char *const prompts = "sample_prompts=[\"a bird --w 256 --h 256 --s 1 --l 1\"]";
    make_small(s, INT64_MAX);
    g_autoptr(Outcome) free = small_run(s, "s0", WITH("sample_at_first=true", prompts), false, -1);
    g_autoptr(Outcome) tiled =
        small_run(s, "s1", WITH("sample_at_first=true", prompts, "vae_tiling=true", "vae_tile_size=128"), false, -1);
    tap_ok(free->ok && tiled->ok && tiled->plan.total < free->plan.total && tiled->plan.sampling_tile == 128,
           "samples in tiles need less (%lld of %lld)", (long long)tiled->plan.total, (long long)free->plan.total);
    make_small(s, (tiled->plan.total + free->plan.total) / 2);
    g_autoptr(Outcome) chosen = small_run(s, "s2", WITH("sample_at_first=true", prompts), false, -1);
    tap_ok(chosen->ok && chosen->plan.fits && chosen->plan.sampling_tile > 0 &&
               same_tensors(s, "s0/bird.safetensors", "s2/bird.safetensors"),
           "tiles of %d are chosen for samples that would not fit, and the LoRA is the same: %s",
           chosen->plan.sampling_tile, chosen->message ? chosen->message : "made");
}

/** A card whose memory is a little short because of the samples: tiles cost nothing in a step, weights on the host do.
 */
static void test_tiles_first(SmallRun *s)
{
#define SAMPLED "sample_at_first=true", "sample_prompts=[\"a bird --w 256 --h 256 --s 1 --l 1\"]"
    const char *const *job = WITH(SAMPLED, "offload_base_weights=auto");
    make_small(s, INT64_MAX);
    small.api.name = "card"; /* with memory of its own */
    g_autoptr(Outcome) free = small_run(s, "t0", job, false, -1);
    g_autoptr(Outcome) tiled = small_run(s, "t1", WITH(SAMPLED, "vae_tiling=true", "vae_tile_size=128"), false, -1);
    make_small(s, (tiled->plan.total + free->plan.total) / 2);
    small.api.name = "card";
    g_autoptr(Outcome) chosen = small_run(s, "t2", job, false, -1);
    tap_ok(free->ok && chosen->ok && chosen->plan.fits && chosen->plan.sampling_tile > 0 &&
               chosen->plan.weights == free->plan.weights,
           "tiles of %d come before weights on the host (%lld bytes)", chosen->plan.sampling_tile,
           (long long)(free->plan.weights - chosen->plan.weights));
    make_small(s, tiled->plan.total - (64 << 10));
    small.api.name = "card";
    g_autoptr(Outcome) both =
        small_run(s, "t3", WITH(SAMPLED, "offload_base_weights=auto", "vae_tile_size=128"), false, -1);
    tap_ok(both->ok && both->plan.fits && both->plan.sampling_tile > 0 && both->plan.weights < free->plan.weights &&
               same_tensors(s, "t0/bird.safetensors", "t3/bird.safetensors"),
           "and both where tiles are not enough (%lld bytes): %s", (long long)(free->plan.weights - both->plan.weights),
           both->message ? both->message : "the same LoRA");
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 3)
        return 2;
    small_run_open(&s, argv[1]);
    LkSafetensors *expect = lk_safetensors_open(argv[2], NULL);
    test_encoding(&s, expect);
    test_decoding(&s, expect);
    test_joined();
    add_large_pictures(&s);
    test_chosen(&s);
    test_samples(&s);
    test_tiles_first(&s);
    lk_safetensors_free(expect);
    small_run_close(&s);
    return tap_done();
}
