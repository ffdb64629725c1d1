#include "dataset/dataset.h"

#include "base/parallel.h"
#include "base/philox.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>

static void free_picture(void *data)
{
    LkDatasetPicture *picture = data;
    g_free(picture->path);
    lk_caption_clear(&picture->caption);
    g_free(picture->mask);
    g_free(picture);
}

void lk_dataset_free(LkDataset *dataset)
{
    if (!dataset)
        return;
    g_ptr_array_unref(dataset->pictures);
    g_array_unref(dataset->buckets);
    lk_dataset_config_free(dataset->config);
    g_free(dataset->items);
    g_free(dataset->batch_sizes);
    g_free(dataset);
}

static LkDatasetPicture *picture_at(const GPtrArray *pictures, guint i)
{
    return g_ptr_array_index(pictures, i);
}

/* Appends the pictures of all subsets of a block, without sizes yet. */
static bool scan_block(const LkDatasetBlock *block, guint number, GPtrArray *pictures, GPtrArray *findings,
                       GError **error)
{
    for (guint s = 0; s < block->subsets->len; s++) {
        const LkSubset *subset = g_ptr_array_index(block->subsets, s);
        g_autoptr(GPtrArray) scanned = lk_scan_pictures_new();
        if (!lk_scan_subset(subset, s, scanned, findings, error))
            return false;
        for (guint i = 0; i < scanned->len; i++) {
            LkScanPicture *from = g_ptr_array_index(scanned, i);
            LkDatasetPicture *picture = g_new0(LkDatasetPicture, 1);
            picture->path = g_steal_pointer(&from->path);
            picture->caption = from->caption;
            from->caption = (LkCaption){0};
            picture->mask = g_steal_pointer(&from->mask);
            picture->subset = subset;
            picture->block = number;
            picture->num_repeats = subset->num_repeats;
            g_ptr_array_add(pictures, picture);
        }
    }
    return true;
}

/* Reading of sizes on all threads; each picture has its own place for an error. */
typedef struct SizeWork {
    GPtrArray *pictures;
    GError **errors;
    LkPictureInfo *infos;
} SizeWork;

static void read_sizes(void *context, int64_t first, int64_t last)
{
    SizeWork *work = context;
    for (int64_t i = first; i < last; i++) {
        LkDatasetPicture *picture = picture_at(work->pictures, (guint)i);
        lk_picture_size(picture->path, &picture->size, &work->infos[i], &work->errors[i]);
    }
}

/* How a picture is scaled. As with sd-scripts, a random cut without buckets is one of the picture as it is. */
static void finish_fit(const LkBucketSet *set, LkDatasetPicture *picture)
{
    LkBucketFit *fit = &picture->fit;
    LkSize size = picture->size, cut = fit->bucket;
    fit->interpolation = (LkInterpolation)picture->subset->interpolation;
    if (picture->subset->random_crop && !lk_bucket_set_rules(set)->enable_bucket && size.width >= cut.width &&
        size.height >= cut.height) {
        fit->resized = size;
        fit->crop_x = (size.width - cut.width) / 2;
        fit->crop_y = (size.height - cut.height) / 2;
    }
}

/* Reads all sizes and finds all buckets of a block's pictures; NULL in the array is one that cannot be used. */
static void fit_pictures(LkDataset *dataset, const LkBucketSet *set, GPtrArray *pictures, GPtrArray *findings)
{
    const guint count = pictures->len;
    g_autofree GError **errors = g_new0(GError *, count + 1);
    g_autofree LkPictureInfo *infos = g_new0(LkPictureInfo, count + 1);
    SizeWork work = {pictures, errors, infos};
    lk_parallel_for(count, read_sizes, &work);

    for (guint i = 0; i < count; i++) {
        LkDatasetPicture *picture = picture_at(pictures, i);
        LkFindingKind kind = LK_FINDING_PICTURE_NO_BUCKET;
        if (errors[i])
            kind = lk_finding_of_picture_error(&infos[i], errors[i]);
        else if (lk_bucket_set_fit(set, picture->size, &picture->fit, &errors[i])) {
            finish_fit(set, picture);
            continue;
        }
        lk_finding_set_fix(
            lk_findings_add(findings, kind, picture->path, "%s", lk_picture_reason(picture->path, errors[i])),
            LK_FIX_EXCLUDE, NULL);
        g_clear_error(&errors[i]);
        g_clear_pointer(&pictures->pdata[i], free_picture);
        dataset->unusable++;
    }
}

/* Takes its share out of every subset: as many as sd-scripts takes (split_train_val in library/train_util.py),
 * rounded down, chosen by a permutation of its own. The rest is trained. */
static guint hold_out(const LkDatasetBlock *block, GPtrArray *pictures)
{
    guint taken = 0;
    for (guint s = 0; s < block->subsets->len; s++) {
        const LkSubset *subset = g_ptr_array_index(block->subsets, s);
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        for (guint i = 0; i < pictures->len; i++)
            if (pictures->pdata[i] && picture_at(pictures, i)->subset == subset && !subset->is_reg)
                g_ptr_array_add(own, pictures->pdata[i]);
        guint count = own->len - (guint)ceil(own->len * (1 - subset->validation_split) - 1e-9);
        g_autofree uint32_t *order = g_new0(uint32_t, own->len + 1);
        lk_random_permutation((LkRandom){(uint64_t)block->validation_seed, LK_RANDOM_VALIDATION, s}, order, own->len);
        for (guint i = 0; i < count; i++, taken++)
            picture_at(own, order[i])->num_repeats = 0;
    }
    return taken;
}

bool lk_dataset_is_held_out(const LkDatasetPicture *picture)
{
    return picture->num_repeats == 0;
}

static guint64 count_repeats(const GPtrArray *pictures, bool is_reg)
{
    guint64 count = 0;
    for (guint i = 0; i < pictures->len; i++) {
        const LkDatasetPicture *picture = picture_at(pictures, i);
        if (picture && picture->subset->is_reg == is_reg)
            count += (guint64)picture->num_repeats;
    }
    return count;
}

/* Regularisation pictures are used once each, in order, until they are as many as the train images with repeats; if
 * they do not suffice, further rounds add one repeat each. Those never reached are dropped. */
static guint balance_reg(GPtrArray *pictures, guint64 train_images, GPtrArray *findings)
{
    guint64 n = 0;
    guint unused = 0;
    const char *first_unused = NULL;
    for (guint i = 0; i < pictures->len; i++) {
        LkDatasetPicture *picture = picture_at(pictures, i);
        if (!picture || !picture->subset->is_reg)
            continue;
        if (n < train_images) {
            n += (guint64)picture->num_repeats;
        } else {
            first_unused = first_unused ? first_unused : picture->subset->image_dir;
            g_clear_pointer(&pictures->pdata[i], free_picture);
            unused++;
        }
    }
    if (unused > 0)
        lk_findings_add(
            findings, LK_FINDING_REG_UNUSED, first_unused,
            _("%u regularisation pictures are not used, because there are fewer training images with their repeats."),
            unused);
    for (bool any = n > 0; any && n < train_images;)
        for (guint i = 0; i < pictures->len && n < train_images; i++) {
            LkDatasetPicture *picture = picture_at(pictures, i);
            if (picture && picture->subset->is_reg) {
                picture->num_repeats++;
                n++;
            }
        }
    return unused;
}

/* The number of a bucket of this block, made if it is new. */
static guint find_bucket(GArray *buckets, guint block, LkSize size, int batch_size)
{
    for (guint i = 0; i < buckets->len; i++) {
        const LkDatasetBucket *bucket = &g_array_index(buckets, LkDatasetBucket, i);
        if (bucket->block == block && bucket->size.width == size.width && bucket->size.height == size.height)
            return i;
    }
    const LkDatasetBucket bucket = {.block = block, .size = size, .batch_size = batch_size};
    g_array_append_val(buckets, bucket);
    return buckets->len - 1;
}

static int compare_buckets(const void *a, const void *b)
{
    const LkDatasetBucket *x = a, *y = b;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    if (x->size.width != y->size.width)
        return x->size.width < y->size.width ? -1 : 1;
    return (x->size.height > y->size.height) - (x->size.height < y->size.height);
}

static bool add_block(LkDataset *dataset, guint number, int multiple, GPtrArray *findings, GError **error)
{
    const LkDatasetBlock *block = g_ptr_array_index(dataset->config->blocks, number);
    g_autoptr(LkBucketSet) set = lk_bucket_set_new(&block->buckets, multiple, error);
    g_autoptr(GPtrArray) pictures = g_ptr_array_new();
    if (!set || !scan_block(block, number, pictures, findings, error)) {
        g_ptr_array_foreach(pictures, (GFunc)(void (*)(void))free_picture, NULL);
        return false;
    }
    fit_pictures(dataset, set, pictures, findings);
    dataset->held_out += hold_out(block, pictures);
    const guint64 train_images = count_repeats(pictures, false);
    dataset->unused += balance_reg(pictures, train_images, findings);
    dataset->train_images += train_images;
    dataset->reg_images += count_repeats(pictures, true);
    for (guint i = 0; i < pictures->len; i++) {
        LkDatasetPicture *picture = picture_at(pictures, i);
        if (!picture)
            continue;
        find_bucket(dataset->buckets, number, picture->fit.bucket, block->batch_size);
        g_ptr_array_add(dataset->pictures, picture);
    }
    return true;
}

/* Numbers the sorted buckets, counts them, and makes the arrays for the epoch plans. */
static void finish(LkDataset *dataset)
{
    g_array_sort(dataset->buckets, compare_buckets);
    dataset->items = g_new0(LkEpochItem, dataset->pictures->len + 1);
    dataset->batch_sizes = g_new0(guint32, dataset->buckets->len + 1);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        LkDatasetPicture *picture = picture_at(dataset->pictures, i);
        picture->bucket = find_bucket(dataset->buckets, picture->block, picture->fit.bucket, 0);
        LkDatasetBucket *bucket = &g_array_index(dataset->buckets, LkDatasetBucket, picture->bucket);
        bucket->pictures++;
        bucket->repeats += (guint64)picture->num_repeats;
        dataset->items[i] = (LkEpochItem){picture->bucket, (guint32)picture->num_repeats, picture->subset->flip_aug};
    }
    for (guint i = 0; i < dataset->buckets->len; i++)
        dataset->batch_sizes[i] = (guint32)g_array_index(dataset->buckets, LkDatasetBucket, i).batch_size;
}

LkDataset *lk_dataset_new(LkDatasetConfig *config, int multiple, GPtrArray *findings, GError **error)
{
    g_autoptr(LkDataset) dataset = g_new0(LkDataset, 1);
    dataset->config = config;
    dataset->pictures = g_ptr_array_new_with_free_func(free_picture);
    dataset->buckets = g_array_new(FALSE, FALSE, sizeof(LkDatasetBucket));
    for (guint i = 0; i < config->blocks->len; i++)
        if (!add_block(dataset, i, multiple, findings, error))
            return NULL;
    if (dataset->train_images == 0) {
        lk_set_error(error, LK_ERROR_USAGE, "%s",
                     dataset->unusable ? _("There is no picture to train on: none of those found can be used.")
                     : dataset->reg_images
                         ? _("There is no picture to train on: there are only regularisation pictures.")
                         : _("There is no picture to train on: the folders hold none."));
        return NULL;
    }
    finish(dataset);
    return g_steal_pointer(&dataset);
}

static LkEpochSource source_of(const LkDataset *dataset)
{
    return (LkEpochSource){dataset->items, dataset->pictures->len, dataset->batch_sizes, dataset->buckets->len};
}

uint64_t lk_dataset_batches(const LkDataset *dataset)
{
    const LkEpochSource source = source_of(dataset);
    return lk_epoch_batches(&source);
}

LkEpochPlan *lk_dataset_epoch(const LkDataset *dataset, uint64_t seed, uint32_t epoch, GError **error)
{
    const LkEpochSource source = source_of(dataset);
    return lk_epoch_plan_new(&source, seed, epoch, error);
}
