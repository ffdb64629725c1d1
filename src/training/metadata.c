#include "training/metadata.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

/* Values as Python's str() writes them ------------------------------------------------------------------------------
 */

static void set_text(LkMetadata *m, const char *key, const char *value)
{
    lk_metadata_set(m, key, value ? value : "None");
}

static void set_bool(LkMetadata *m, const char *key, bool value)
{
    lk_metadata_set(m, key, value ? "True" : "False");
}

static void set_int(LkMetadata *m, const char *key, int64_t value)
{
    lk_metadata_setf(m, key, "%" G_GINT64_FORMAT, value);
}

/** The shortest digits that read back to the same number, in positional notation from 1e-4 to 1e16. */
static void set_float(LkMetadata *m, const char *key, double value)
{
    char text[64];
    int precision = 0, exponent;
    do
        snprintf(text, sizeof text, "%.*e", precision, value);
    while (g_ascii_strtod(text, NULL) != value && precision++ < 17);
    exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent >= -4 && exponent < 16)
        snprintf(text, sizeof text, "%.*f", MAX(precision - exponent, 1), value);
    lk_metadata_set(m, key, text);
}

/** A number, or None where it is off. */
static void set_optional(LkMetadata *m, const char *key, double value)
{
    if (value == 0)
        lk_metadata_set(m, key, "None");
    else
        set_float(m, key, value);
}

static void set_json(LkMetadata *m, const char *key, yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);
    lk_metadata_set(m, key, text ? text : "{}");
    free(text);
    yyjson_mut_doc_free(doc);
}

/* The dataset ---------------------------------------------------------------------------------------------------------
 */

/** A folder's own name, valid as JSON. */
static char *folder_name(const LkSubset *subset)
{
    g_autofree char *base = g_path_get_basename(subset->image_dir);
    return g_filename_display_name(base);
}

static guint count_pictures(const LkDataset *dataset, const LkSubset *subset)
{
    guint count = 0;
    for (guint i = 0; i < dataset->pictures->len; i++)
        count += ((const LkDatasetPicture *)g_ptr_array_index(dataset->pictures, i))->subset == subset;
    return count;
}

static void visit_subsets(const LkDataset *dataset, void (*visit)(const LkDataset *, const LkSubset *, void *),
                          void *data)
{
    for (guint b = 0; b < dataset->config->blocks->len; b++) {
        const LkDatasetBlock *block = g_ptr_array_index(dataset->config->blocks, b);
        for (guint s = 0; s < block->subsets->len; s++)
            visit(dataset, g_ptr_array_index(block->subsets, s), data);
    }
}

typedef struct Folders {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    bool reg;
} Folders;

static void add_folder(const LkDataset *dataset, const LkSubset *subset, void *data)
{
    Folders *folders = data;
    if (subset->is_reg != folders->reg)
        return;
    g_autofree char *name = folder_name(subset);
    yyjson_mut_val *entry = yyjson_mut_obj(folders->doc);
    yyjson_mut_obj_add_int(folders->doc, entry, "n_repeats", subset->num_repeats);
    yyjson_mut_obj_add_uint(folders->doc, entry, "img_count", count_pictures(dataset, subset));
    yyjson_mut_obj_add(folders->root, yyjson_mut_strcpy(folders->doc, name), entry);
}

/** {folder: {n_repeats, img_count}} */
static void add_folders(LkMetadata *m, const char *key, const LkDataset *dataset, bool reg)
{
    Folders folders = {.doc = yyjson_mut_doc_new(NULL), .reg = reg};
    folders.root = yyjson_mut_obj(folders.doc);
    yyjson_mut_doc_set_root(folders.doc, folders.root);
    visit_subsets(dataset, add_folder, &folders);
    set_json(m, key, folders.doc);
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** Adds {tag: how often} of one folder. Tags are the comma parts, lower case, as sd-scripts counts them. */
static void add_tags(const LkDataset *dataset, const LkSubset *subset, void *data)
{
    Folders *folders = data;
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(dataset->pictures, i);
        if (picture->subset != subset)
            continue;
        g_auto(GStrv) tags = lk_caption_tags(picture->caption.text, ",");
        for (char **tag = tags; *tag; tag++) {
            char *key = g_utf8_strdown(*tag, -1);
            guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
            g_hash_table_insert(counts, key, GUINT_TO_POINTER(count + 1));
        }
    }
    g_autofree char *name = folder_name(subset);
    yyjson_mut_val *entry = yyjson_mut_obj(folders->doc);
    guint n;
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(counts, &n);
    qsort(keys, n, sizeof *keys, compare_keys);
    for (guint i = 0; i < n; i++)
        yyjson_mut_obj_add(entry, yyjson_mut_strcpy(folders->doc, keys[i]),
                           yyjson_mut_uint(folders->doc, GPOINTER_TO_UINT(g_hash_table_lookup(counts, keys[i]))));
    yyjson_mut_obj_add(folders->root, yyjson_mut_strcpy(folders->doc, name), entry);
}

static void add_tag_frequency(LkMetadata *m, const LkDataset *dataset)
{
    Folders folders = {.doc = yyjson_mut_doc_new(NULL)};
    folders.root = yyjson_mut_obj(folders.doc);
    yyjson_mut_doc_set_root(folders.doc, folders.root);
    visit_subsets(dataset, add_tags, &folders);
    set_json(m, "ss_tag_frequency", folders.doc);
}

static void add_buckets(LkMetadata *m, const LkDataset *dataset)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *buckets = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "buckets", buckets);
    for (guint i = 0; i < dataset->buckets->len; i++) {
        const LkDatasetBucket *bucket = &g_array_index(dataset->buckets, LkDatasetBucket, i);
        yyjson_mut_val *entry = yyjson_mut_obj(doc), *size = yyjson_mut_arr(doc);
        g_autofree char *index = g_strdup_printf("%u", i);
        yyjson_mut_arr_add_int(doc, size, bucket->size.width);
        yyjson_mut_arr_add_int(doc, size, bucket->size.height);
        yyjson_mut_obj_add_val(doc, entry, "resolution", size);
        yyjson_mut_obj_add_uint(doc, entry, "count", bucket->repeats);
        yyjson_mut_obj_add(buckets, yyjson_mut_strcpy(doc, index), entry);
    }
    set_json(m, "ss_bucket_info", doc);
}

/* The groups of keys --------------------------------------------------------------------------------------------------
 */

/** What every loader wants, with or without no_metadata. */
static void add_network(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    set_bool(m, "ss_v2", false);
    lk_metadata_set(m, "ss_base_model_version", f->arch->base_name);
    lk_metadata_set(m, "ss_network_module", "networks.lora");
    set_int(m, "ss_network_dim", job->network_dim);
    set_float(m, "ss_network_alpha", job->effective_alpha);
    lk_metadata_set(m, "ss_network_args", "{}");
}

static void add_run(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    lk_metadata_set(m, "ss_output_name", job->output_name);
    set_float(m, "ss_learning_rate", job->learning_rate);
    set_float(m, "ss_text_encoder_lr", job->text_encoder_lr);
    set_float(m, "ss_unet_lr", job->unet_lr);
    set_int(m, "ss_num_train_images", (int64_t)f->dataset->train_images);
    set_int(m, "ss_num_reg_images", (int64_t)f->dataset->reg_images);
    set_int(m, "ss_num_batches_per_epoch", f->batches);
    set_int(m, "ss_num_epochs", f->epochs);
    set_int(m, "ss_epoch", f->epoch);
    set_int(m, "ss_steps", f->step);
    set_int(m, "ss_max_train_steps", f->steps);
    set_bool(m, "ss_gradient_checkpointing", job->gradient_checkpointing);
    set_int(m, "ss_gradient_accumulation_steps", job->gradient_accumulation_steps);
    set_float(m, "ss_max_grad_norm", job->max_grad_norm);
    lk_metadata_set(m, "ss_optimizer", "torch.optim.adamw.AdamW");
    static const char *const schedulers[] = {"constant", "constant_with_warmup", "linear",
                                             "cosine",   "cosine_with_restarts", "polynomial"};
    lk_metadata_set(m, "ss_lr_scheduler", schedulers[job->lr_scheduler]);
    set_float(m, "ss_lr_warmup_steps", job->lr_warmup_steps);
    static const char *const precisions[] = {"no", "fp16", "bf16"};
    lk_metadata_set(m, "ss_mixed_precision", precisions[job->mixed_precision]);
    set_bool(m, "ss_full_fp16", false);
    set_bool(m, "ss_cache_latents", true);
    set_int(m, "ss_clip_skip", job->clip_skip);
    set_int(m, "ss_max_token_length", job->max_token_length);
    set_int(m, "ss_seed", job->seed);
    set_bool(m, "ss_lowram", false);
    set_optional(m, "ss_noise_offset", job->noise_offset);
    set_optional(m, "ss_min_snr_gamma", job->min_snr_gamma);
    set_bool(m, "ss_zero_terminal_snr", job->zero_terminal_snr);
    set_bool(m, "ss_debiased_estimation", job->debiased_estimation_loss);
    lk_metadata_set(m, "ss_loss_type", "l2");
    lk_metadata_set(m, "ss_network_dropout", "None");
    set_float(m, "ss_caption_dropout_rate", job->caption_dropout_rate);
    set_int(m, "ss_caption_dropout_every_n_epochs", job->caption_dropout_every_n_epochs);
    set_float(m, "ss_caption_tag_dropout_rate", job->caption_tag_dropout_rate);
    set_text(m, "ss_training_comment", job->training_comment);
    lk_metadata_set(m, "ss_sd_scripts_commit_hash", "None");
    g_autofree char *model = g_path_get_basename(job->pretrained_model_name_or_path);
    g_autofree char *shown = g_filename_display_name(model);
    lk_metadata_set(m, "ss_sd_model_name", shown);
}

static void add_dataset(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    set_int(m, "ss_batch_size_per_device", job->train_batch_size);
    set_int(m, "ss_total_batch_size", job->train_batch_size);
    lk_metadata_setf(m, "ss_resolution", "(%d, %d)", job->resolution.width, job->resolution.height);
    set_bool(m, "ss_color_aug", false);
    set_bool(m, "ss_flip_aug", job->flip_aug);
    set_bool(m, "ss_random_crop", false);
    set_bool(m, "ss_shuffle_caption", job->shuffle_caption);
    set_int(m, "ss_keep_tokens", job->keep_tokens);
    set_bool(m, "ss_enable_bucket", job->enable_bucket);
    set_bool(m, "ss_bucket_no_upscale", job->bucket_no_upscale);
    set_int(m, "ss_min_bucket_reso", job->min_bucket_reso);
    set_int(m, "ss_max_bucket_reso", job->max_bucket_reso);
    add_folders(m, "ss_dataset_dirs", f->dataset, false);
    add_folders(m, "ss_reg_dataset_dirs", f->dataset, true);
    add_tag_frequency(m, f->dataset);
    add_buckets(m, f->dataset);
}

/** Stability AI's model metadata, 1.0.0: what is known and does not depend on the clock. */
static void add_modelspec(LkMetadata *m, const LkMetadataFacts *f)
{
    const LkJob *job = f->job;
    const struct {
        const char *key, *value;
    } rows[] = {
        {"modelspec.sai_model_spec", "1.0.0"},
        {"modelspec.architecture", "stable-diffusion-v1/lora"},
        {"modelspec.implementation", "https://github.com/Stability-AI/generative-models"},
        {"modelspec.title", job->metadata_title ? job->metadata_title : f->output_name},
        {"modelspec.prediction_type", job->v_parameterization ? "v" : "epsilon"},
        {"modelspec.author", job->metadata_author},
        {"modelspec.description", job->metadata_description},
        {"modelspec.license", job->metadata_license},
        {"modelspec.tags", job->metadata_tags},
        {"modelspec.usage_hint", job->metadata_usage_hint},
        {"modelspec.thumbnail", job->metadata_thumbnail},
        {"modelspec.merged_from", job->metadata_merged_from},
        {"modelspec.trigger_phrase", job->metadata_trigger_phrase ? job->metadata_trigger_phrase : job->trigger_words},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].value)
            lk_metadata_set(m, rows[i].key, rows[i].value);
    lk_metadata_setf(m, "modelspec.resolution", "%dx%d", job->resolution.width, job->resolution.height);
    if (job->clip_skip > 1)
        lk_metadata_setf(m, "modelspec.encoder_layer", "%d", job->clip_skip);
}

LkMetadata *lk_training_metadata(const LkMetadataFacts *facts)
{
    LkMetadata *metadata = lk_metadata_new();
    add_network(metadata, facts);
    if (!facts->job->no_metadata) {
        add_run(metadata, facts);
        add_dataset(metadata, facts);
    }
    add_modelspec(metadata, facts);
    return metadata;
}
