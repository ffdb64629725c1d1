#include "training/metadata_dataset.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

/* ASCII only, as Python's json.dumps() writes. */
static void set_json(LkMetadata *m, const char *key, yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE | YYJSON_WRITE_ESCAPE_UNICODE, NULL);
    lk_metadata_set(m, key, text != NULL ? text : "{}");
    free(text);
    yyjson_mut_doc_free(doc);
}

static yyjson_mut_doc *object_document(void)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    return doc;
}

/* ------------------------------------------------------------------ walking the dataset */

static const LkDatasetPicture *picture_at(const LkDataset *dataset, guint i)
{
    return g_ptr_array_index(dataset->pictures, i);
}

static const LkDatasetBlock *block_at(const LkDataset *dataset, guint i)
{
    return g_ptr_array_index(dataset->config->blocks, i);
}

/* A folder's own name, valid as JSON. */
static char *folder_name(const LkSubset *subset)
{
    g_autofree char *base = g_path_get_basename(subset->image_dir);
    return g_filename_display_name(base);
}

/* A name that the object does not have yet: "cats", "cats (2)", … */
static char *free_name(yyjson_mut_val *object, const char *name)
{
    char *candidate = g_strdup(name);
    for (int i = 2; yyjson_mut_obj_get(object, candidate) != NULL; i++) {
        g_free(candidate);
        candidate = g_strdup_printf("%s (%d)", name, i);
    }
    return candidate;
}

static guint count_pictures(const LkDataset *dataset, const LkSubset *subset)
{
    guint count = 0;
    for (guint i = 0; i < dataset->pictures->len; i++) {
        count += picture_at(dataset, i)->subset == subset;
    }
    return count;
}

/* ------------------------------------------------------------------ folders and tags */

/* {folder: {n_repeats, img_count}} of all folders of a kind. */
static void set_folders(LkMetadata *m, const char *key, const LkDataset *dataset, bool reg)
{
    yyjson_mut_doc *doc = object_document();
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    for (guint b = 0; b < dataset->config->blocks->len; b++) {
        const LkDatasetBlock *block = block_at(dataset, b);
        for (guint s = 0; s < block->subsets->len; s++) {
            const LkSubset *subset = g_ptr_array_index(block->subsets, s);
            if (subset->is_reg != reg) {
                continue;
            }
            g_autofree char *base = folder_name(subset);
            g_autofree char *name = free_name(root, base);
            yyjson_mut_val *entry = yyjson_mut_obj(doc);
            yyjson_mut_obj_add_int(doc, entry, "n_repeats", subset->num_repeats);
            yyjson_mut_obj_add_uint(doc, entry, "img_count", count_pictures(dataset, subset));
            yyjson_mut_obj_add(root, yyjson_mut_strcpy(doc, name), entry);
        }
    }
    set_json(m, key, doc);
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* {tag: how often}. Tags are the parts between commas, in small letters, as sd-scripts counts them. */
static yyjson_mut_val *tags_of(yyjson_mut_doc *doc, const LkDataset *dataset, const LkSubset *subset)
{
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = picture_at(dataset, i);
        if (picture->subset != subset) {
            continue;
        }
        g_auto(GStrv) tags = lk_caption_tags(picture->caption.text, ",");
        for (char **tag = tags; *tag != NULL; tag++) {
            char *key = g_utf8_strdown(*tag, -1);
            guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
            g_hash_table_insert(counts, key, GUINT_TO_POINTER(count + 1));
        }
    }
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    guint n;
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(counts, &n);
    qsort(keys, n, sizeof *keys, compare_keys);
    for (guint i = 0; i < n; i++) {
        yyjson_mut_obj_add(object, yyjson_mut_strcpy(doc, keys[i]),
                           yyjson_mut_uint(doc, GPOINTER_TO_UINT(g_hash_table_lookup(counts, keys[i]))));
    }
    return object;
}

/* {folder: tags} of a block's folders; one that is there already is not counted again. */
static void add_tags(yyjson_mut_doc *doc, yyjson_mut_val *object, const LkDataset *dataset, const LkDatasetBlock *block)
{
    for (guint s = 0; s < block->subsets->len; s++) {
        const LkSubset *subset = g_ptr_array_index(block->subsets, s);
        g_autofree char *name = folder_name(subset);
        if (yyjson_mut_obj_get(object, name) == NULL) {
            yyjson_mut_obj_add(object, yyjson_mut_strcpy(doc, name), tags_of(doc, dataset, subset));
        }
    }
}

static void set_tag_frequency(LkMetadata *m, const LkDataset *dataset)
{
    yyjson_mut_doc *doc = object_document();
    for (guint b = 0; b < dataset->config->blocks->len; b++) {
        add_tags(doc, yyjson_mut_doc_get_root(doc), dataset, block_at(dataset, b));
    }
    set_json(m, "ss_tag_frequency", doc);
}

/* ------------------------------------------------------------------ buckets */

static yyjson_mut_val *size_of(yyjson_mut_doc *doc, LkSize size)
{
    yyjson_mut_val *pair = yyjson_mut_arr(doc);
    yyjson_mut_arr_add_int(doc, pair, size.width);
    yyjson_mut_arr_add_int(doc, pair, size.height);
    return pair;
}

/* {"buckets": {"0": {"resolution", "count"}}, "mean_img_ar_error"}, or null where buckets are off. */
static yyjson_mut_val *buckets_of(yyjson_mut_doc *doc, const LkDataset *dataset, guint block)
{
    if (!block_at(dataset, block)->buckets.enable_bucket) {
        return yyjson_mut_null(doc);
    }
    yyjson_mut_val *object = yyjson_mut_obj(doc), *buckets = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, object, "buckets", buckets);
    for (guint i = 0, number = 0; i < dataset->buckets->len; i++) {
        const LkDatasetBucket *bucket = &g_array_index(dataset->buckets, LkDatasetBucket, i);
        if (bucket->block != block) {
            continue;
        }
        g_autofree char *key = g_strdup_printf("%u", number++);
        yyjson_mut_val *entry = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_val(doc, entry, "resolution", size_of(doc, bucket->size));
        yyjson_mut_obj_add_uint(doc, entry, "count", bucket->repeats);
        yyjson_mut_obj_add(buckets, yyjson_mut_strcpy(doc, key), entry);
    }
    double sum = 0;
    guint count = 0;
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = picture_at(dataset, i);
        sum += picture->block == block ? fabs(picture->fit.aspect_error) : 0;
        count += picture->block == block;
    }
    yyjson_mut_obj_add_real(doc, object, "mean_img_ar_error", count > 0 ? sum / count : 0);
    return object;
}

static void set_bucket_info(LkMetadata *m, const LkDataset *dataset)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, buckets_of(doc, dataset, 0));
    set_json(m, "ss_bucket_info", doc);
}

/* ------------------------------------------------------------------ ss_datasets */

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    yyjson_mut_obj_add(object, yyjson_mut_str(doc, key),
                       text != NULL ? yyjson_mut_strcpy(doc, text) : yyjson_mut_null(doc));
}

static yyjson_mut_val *subset_of(yyjson_mut_doc *doc, const LkDataset *dataset, const LkSubset *subset)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    g_autofree char *name = folder_name(subset);
    yyjson_mut_obj_add_uint(doc, object, "img_count", count_pictures(dataset, subset));
    yyjson_mut_obj_add_int(doc, object, "num_repeats", subset->num_repeats);
    yyjson_mut_obj_add_bool(doc, object, "color_aug", subset->color_aug);
    yyjson_mut_obj_add_bool(doc, object, "flip_aug", subset->flip_aug);
    yyjson_mut_obj_add_bool(doc, object, "random_crop", subset->random_crop);
    yyjson_mut_obj_add_bool(doc, object, "shuffle_caption", subset->caption.shuffle);
    yyjson_mut_obj_add_int(doc, object, "keep_tokens", subset->caption.keep_tokens);
    add_text(doc, object, "keep_tokens_separator", subset->caption.keep_tokens_separator);
    add_text(doc, object, "secondary_separator", subset->caption.secondary_separator);
    yyjson_mut_obj_add_bool(doc, object, "enable_wildcard", subset->caption.wildcard);
    add_text(doc, object, "caption_prefix", subset->caption.prefix);
    add_text(doc, object, "caption_suffix", subset->caption.suffix);
    add_text(doc, object, "resize_interpolation", lk_interpolation_name((LkInterpolation)subset->interpolation));
    add_text(doc, object, "image_dir", name);
    add_text(doc, object, "class_tokens", subset->class_tokens);
    yyjson_mut_obj_add_bool(doc, object, "is_reg", subset->is_reg);
    return object;
}

static yyjson_mut_val *dataset_of(yyjson_mut_doc *doc, const LkDataset *dataset, guint index)
{
    const LkDatasetBlock *block = block_at(dataset, index);
    yyjson_mut_val *object = yyjson_mut_obj(doc), *subsets = yyjson_mut_arr(doc), *tags = yyjson_mut_obj(doc);
    guint64 train = 0, reg = 0;
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = picture_at(dataset, i);
        guint64 repeats = picture->block == index ? (guint64)picture->num_repeats : 0;
        train += picture->subset->is_reg ? 0 : repeats;
        reg += picture->subset->is_reg ? repeats : 0;
    }
    add_tags(doc, tags, dataset, block);
    for (guint s = 0; s < block->subsets->len; s++) {
        yyjson_mut_arr_append(subsets, subset_of(doc, dataset, g_ptr_array_index(block->subsets, s)));
    }
    yyjson_mut_obj_add_bool(doc, object, "is_dreambooth", true);
    yyjson_mut_obj_add_int(doc, object, "batch_size_per_device", block->batch_size);
    yyjson_mut_obj_add_uint(doc, object, "num_train_images", train);
    yyjson_mut_obj_add_uint(doc, object, "num_reg_images", reg);
    yyjson_mut_obj_add_val(doc, object, "resolution", size_of(doc, block->buckets.resolution));
    yyjson_mut_obj_add_bool(doc, object, "enable_bucket", block->buckets.enable_bucket);
    yyjson_mut_obj_add_int(doc, object, "min_bucket_reso", block->buckets.min_bucket_reso);
    yyjson_mut_obj_add_int(doc, object, "max_bucket_reso", block->buckets.max_bucket_reso);
    yyjson_mut_obj_add_val(doc, object, "tag_frequency", tags);
    yyjson_mut_obj_add_val(doc, object, "bucket_info", buckets_of(doc, dataset, index));
    yyjson_mut_obj_add_null(doc, object, "resize_interpolation");
    yyjson_mut_obj_add_val(doc, object, "subsets", subsets);
    return object;
}

static void set_datasets(LkMetadata *m, const LkDataset *dataset)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, list);
    for (guint b = 0; b < dataset->config->blocks->len; b++) {
        yyjson_mut_arr_append(list, dataset_of(doc, dataset, b));
    }
    set_json(m, "ss_datasets", doc);
}

/* ------------------------------------------------------------------ together */

static void set_flag(LkMetadata *m, const char *key, bool value)
{
    lk_metadata_set(m, key, value ? "True" : "False");
}

/* The keys that sd-scripts writes where the job itself describes the only dataset. */
static void set_single(LkMetadata *m, const LkMetadataFacts *facts)
{
    const LkJob *job = facts->job;
    const LkBucketRules *rules = &block_at(facts->dataset, 0)->buckets;
    lk_metadata_setf(m, "ss_batch_size_per_device", "%d", job->train_batch_size);
    lk_metadata_setf(m, "ss_total_batch_size", "%d", job->train_batch_size);
    lk_metadata_setf(m, "ss_resolution", "(%d, %d)", job->resolution.width, job->resolution.height);
    set_flag(m, "ss_color_aug", job->color_aug);
    set_flag(m, "ss_flip_aug", job->flip_aug);
    set_flag(m, "ss_random_crop", job->random_crop);
    set_flag(m, "ss_shuffle_caption", job->shuffle_caption);
    set_flag(m, "ss_enable_bucket", rules->enable_bucket);
    set_flag(m, "ss_bucket_no_upscale", rules->bucket_no_upscale);
    lk_metadata_setf(m, "ss_min_bucket_reso", "%d", rules->min_bucket_reso);
    lk_metadata_setf(m, "ss_max_bucket_reso", "%d", rules->max_bucket_reso);
    lk_metadata_setf(m, "ss_keep_tokens", "%d", job->keep_tokens);
    set_folders(m, "ss_reg_dataset_dirs", facts->dataset, true);
    set_bucket_info(m, facts->dataset);
}

void lk_metadata_add_dataset(LkMetadata *metadata, const LkMetadataFacts *facts)
{
    if (facts->job->dataset_config != NULL) {
        set_datasets(metadata, facts->dataset);
    } else {
        set_single(metadata, facts);
    }
    set_folders(metadata, "ss_dataset_dirs", facts->dataset, false);
    set_tag_frequency(metadata, facts->dataset);
}
