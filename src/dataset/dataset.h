/* The dataset a run trains on: every usable picture with its caption, size and bucket, ready for epoch plans. */
#pragma once

#include "dataset/dataset_config.h"
#include "dataset/epoch.h"
#include "dataset/picture.h"
#include "dataset/scan.h"

/** One usable picture. */
typedef struct LkDatasetPicture {
    char *path;
    LkCaption caption;
    char *mask;             /* the picture of its loss mask; NULL for none */
    const LkSubset *subset; /* its options; belongs to the dataset */
    guint block;            /* which [[datasets]] it came from */
    guint bucket;           /* index into LkDataset.buckets */
    int num_repeats;        /* of this picture: regularisation pictures may differ from their subset; 0: held out */
    LkSize size;            /* as shown, after an EXIF turn */
    LkBucketFit fit;
} LkDatasetPicture;

/** Pictures of one block that are trained at one size. */
typedef struct LkDatasetBucket {
    guint block;
    LkSize size;
    int batch_size;
    guint pictures;  /* how many */
    guint64 repeats; /* how many counted with num_repeats */
} LkDatasetBucket;

/** Immutable once made, so threads may share it. */
typedef struct LkDataset {
    LkDatasetConfig *config;
    GPtrArray *pictures;              /* LkDatasetPicture; block by block, subset by subset, sorted by path */
    GArray *buckets;                  /* LkDatasetBucket; by block, then width, then height; none empty */
    guint64 train_images, reg_images; /* with repeats */
    guint unusable;                   /* pictures left out, each with a finding of severity error */
    guint unused;                     /* regularisation pictures that are not needed */
    guint held_out;                   /* pictures that are no part of epochs, for validation */
    LkEpochItem *items;               /* what the epoch plans are made from */
    guint32 *batch_sizes;
} LkDataset;

/** Scans the folders of `config` (which it takes over), reads captions and picture sizes and sorts the pictures into
 * buckets whose sides are multiples of `multiple` (see lk_bucket_set_new). Pictures that cannot be read or have no
 * bucket become findings and are left out: the caller decides whether to go on. Regularisation pictures are repeated or
 * left out so that they are as many as the others with repeats, as kohya does (DreamBoothDataset in
 * library/train_util.py). Fails when a folder cannot be read, bucket rules contradict each other, or no picture is
 * left. */
LkDataset *lk_dataset_new(LkDatasetConfig *config, int multiple, GPtrArray *findings, GError **error);
void lk_dataset_free(LkDataset *dataset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkDataset, lk_dataset_free)

/** Whether a picture is held out for validation. */
bool lk_dataset_is_held_out(const LkDatasetPicture *picture);

/** Batches of one epoch. */
uint64_t lk_dataset_batches(const LkDataset *dataset);

/** The plan of an epoch (from 0); entries' picture numbers index dataset->pictures. */
LkEpochPlan *lk_dataset_epoch(const LkDataset *dataset, uint64_t seed, uint32_t epoch, GError **error);
