/* Variations of pictures: what they are against pictures that were cut by hand, their masks, and whole runs with them.
 * Usage: test_augment MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "base/philox.h"
#include "dataset/augment.h"
#include "format/png.h"
#include "small_run.h"
#include "training/job_dataset.h"
#include "training/latent_masks.h"
#include "training/latents.h"

#include <string.h>

enum { SIDE = 64, LARGE = 112, VARIATIONS = 3, MOMENTS = SIDE * SIDE / 64 * 8, VALUES = SIDE * SIDE / 64 };

static LkPixels *random_picture(int side)
{
    LkPixels *pixels = lk_pixels_new(side, side, NULL);
    LkRandom random = {.seed = 3, .purpose = LK_RANDOM_TEST};
    for (int i = 0; i < side * side; i++)
        for (int c = 0; c < 3; c++)
            pixels->data[3 * i + c] =
                (uint8_t)lk_random_below(random, (uint64_t)(i % side / 8 + i / side / 8 * 64 + c), 256);
    return pixels;
}

static void write_picture(const SmallRun *s, const char *name, const LkPixels *pixels)
{
    g_autofree char *path = scratch_path(s->folder, name);
    lk_png_write(path, pixels->data, pixels->width, pixels->height, (size_t)pixels->width * 3, NULL, NULL);
}

/** A folder's dataset with what the settings say. */
static LkDataset *dataset_of(const SmallRun *s, const char *const *settings)
{
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(LkJob) job = small_job(s, "unused", settings);
    return job ? lk_dataset_new(lk_job_dataset_config(job, findings, NULL), 64, findings, NULL) : NULL;
}

typedef struct Encoder {
    LkLatentCache *cache;
    LkCheckpoint *checkpoint;
    const LkBackend *api;
    LkDevice *device;
} Encoder;

static LkLatents *encode(const Encoder *e, const LkDataset *dataset, guint *missing)
{
    const LkTrainerEvents silent = {0};
    LkLatents *latents = lk_latents_new(dataset, e->cache, e->checkpoint, "test", NULL);
    *missing = lk_latents_missing(latents);
    tap_ok(lk_latents_encode(latents, e->api, e->device, &silent, NULL) && lk_latents_missing(latents) == 0,
           "%u pictures are encoded", *missing);
    return latents;
}

/** Each variation of the large picture has the moments and the mask of the part cut by hand. */
static void test_cuts(const SmallRun *s, const Encoder *e)
{
    g_autoptr(LkPixels) large = random_picture(LARGE);
    write_picture(s, "large/a.png", large);
    write_picture(s, "masks/a.png", large);
    g_autoptr(LkDataset) cuts = dataset_of(s, WITH("train_data_dir=large", "random_crop=true", "augment_variations=3",
                                                   "conditioning_data_dir=masks", "masked_loss=true"));
    guint missing, missing_parts;
    g_autoptr(LkLatents) latents = encode(e, cuts, &missing);
    LkLatentMasks *masks = lk_latent_masks_new(cuts, true, 8, NULL, NULL);
    int same = 0, same_masks = 0, places = 0, last = -1;
    for (guint v = 0; v < VARIATIONS; v++) {
        LkAugment augment = lk_augment_of(g_ptr_array_index(cuts->pictures, 0), v);
        g_autoptr(LkPixels) part = lk_pixels_new(SIDE, SIDE, NULL);
        for (int y = 0; y < SIDE; y++)
            memcpy(part->data + y * SIDE * 3, large->data + ((y + augment.fit.crop_y) * LARGE + augment.fit.crop_x) * 3,
                   SIDE * 3);
        places += augment.fit.crop_x != last;
        last = augment.fit.crop_x;
        write_picture(s, "part/a.png", part);
        write_picture(s, "part masks/a.png", part);
        g_autoptr(LkDataset) by_hand =
            dataset_of(s, WITH("train_data_dir=part", "conditioning_data_dir=part masks", "masked_loss=true"));
        g_autoptr(LkLatents) parts = encode(e, by_hand, &missing_parts);
        LkLatentMasks *part_masks = lk_latent_masks_new(by_hand, true, 8, NULL, NULL);
        float got[MOMENTS], want[MOMENTS], mask[VALUES], part_mask[VALUES];
        same += lk_latents_moments(latents, 0, v, false, got, NULL) &&
                lk_latents_moments(parts, 0, 0, false, want, NULL) && memcmp(got, want, sizeof got) == 0;
        lk_latent_masks_get(masks, 0, v, true, 1, mask);
        lk_latent_masks_get(part_masks, 0, 0, true, 1, part_mask);
        same_masks += memcmp(mask, part_mask, sizeof mask) == 0;
        lk_latent_masks_free(part_masks);
    }
    tap_ok(missing == VARIATIONS && places > 1, "%u variations at %d places", missing, places);
    tap_ok(same == VARIATIONS, "all are the parts of the picture (%d)", same);
    tap_ok(same_masks == VARIATIONS, "and so are their masks (%d)", same_masks);
    lk_latent_masks_free(masks);
}

/** What is the same is encoded once, and what the cache has is taken from there. */
static void test_encoded_once(const SmallRun *s, const Encoder *e)
{
    g_autoptr(LkDataset) coloured =
        dataset_of(s, WITH("train_data_dir=large", "color_aug=true", "augment_variations=20", "flip_aug=true"));
    int changed = 0;
    for (guint v = 0; v < 20; v++) {
        LkAugment augment = lk_augment_of(g_ptr_array_index(coloured->pictures, 0), v);
        changed += augment.hue != 0 || augment.gamma != 1;
    }
    guint missing, again;
    g_autoptr(LkLatents) latents = encode(e, coloured, &missing);
    tap_ok(missing == 2 * (guint)(changed + 1) && changed > 1 && changed < 15,
           "20 variations, %d with other colours, are %u encodings", changed, missing);
    g_autoptr(LkLatents) second = encode(e, coloured, &again);
    tap_ok(again == 0, "none of them twice");
}

#define CHANGING                                                                                                       \
    "train_data_dir=wide", "color_aug=true", "random_crop=true", "flip_aug=true", "augment_variations=4",              \
        "enable_bucket=true", "max_bucket_reso=256"

static void test_runs(const SmallRun *s)
{
    g_autoptr(Outcome) plain = small_run(s, "plain", WITH("train_data_dir=wide", "max_train_steps=6"), false, -1);
    g_autoptr(Outcome) whole = small_run(s, "whole", WITH(CHANGING, "max_train_steps=6"), false, -1);
    g_autoptr(Outcome) part = small_run(s, "part", WITH(CHANGING, "max_train_steps=6"), false, 3);
    g_autoptr(Outcome) rest = small_run(s, "part", WITH(CHANGING, "max_train_steps=6"), true, -1);
    tap_ok(plain->ok && whole->ok, "a run with variations%s%s", whole->message ? ": " : "",
           whole->message ? whole->message : "");
    tap_ok(!part->ok && rest->ok && same_files(s, "whole/bird.safetensors", "part/bird.safetensors"),
           "stopped and resumed it ends in the same bytes");
}

static bool is_there(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/** floor(7 epochs / 3) = every second epoch, as sd-scripts counts. */
static void test_ratio(const SmallRun *s)
{
    g_autoptr(Outcome) run =
        small_run(s, "ratio", WITH("max_train_epochs=7", "save_n_epoch_ratio=3", "save_every_n_epochs=1"), false, -1);
    tap_ok(run->ok && !is_there(s, "ratio/bird-000001.safetensors") && is_there(s, "ratio/bird-000002.safetensors") &&
               !is_there(s, "ratio/bird-000003.safetensors") && is_there(s, "ratio/bird-000004.safetensors") &&
               is_there(s, "ratio/bird-000006.safetensors") && is_there(s, "ratio/bird.safetensors"),
           "save_n_epoch_ratio spreads checkpoints%s%s", run->message ? ": " : "", run->message ? run->message : "");
    g_autoptr(Outcome) many = small_run(s, "many", WITH("max_train_epochs=2", "save_n_epoch_ratio=5"), false, -1);
    tap_ok(many->ok && is_there(s, "many/bird-000001.safetensors"), "more than there are epochs: each one");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    SmallRun s;
    LkError problem = {0};
    small_run_open(&s, argv[1]);
    g_autofree char *folder = small_run_path(&s, "cache of variations");
    Encoder e = {.cache = lk_latent_cache_open(folder, NULL),
                 .checkpoint = lk_checkpoint_open(s.model, NULL),
                 .api = lk_backend_cpu()};
    e.device = e.api->open(0, 0, &problem);
    test_cuts(&s, &e);
    test_encoded_once(&s, &e);
    e.api->close(e.device);
    lk_checkpoint_free(e.checkpoint);
    lk_latent_cache_close(e.cache);
    test_runs(&s);
    test_ratio(&s);
    small_run_close(&s);
    return tap_done();
}
