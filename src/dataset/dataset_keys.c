#include "dataset/dataset_keys.h"

#include "dataset/dataset_config.h"

#include <glib/gi18n.h>
#include <string.h>

const char *const lk_dataset_level_names[LK_DATASET_LEVELS] = {"[general]", "[[datasets]]", "[[datasets.subsets]]"};

#define IN_ALL     (1u << LK_DATASET_GENERAL | 1u << LK_DATASET_DATASET | 1u << LK_DATASET_SUBSET)
#define IN_BLOCK   (1u << LK_DATASET_GENERAL | 1u << LK_DATASET_DATASET)
#define IN_SUBSET  (1u << LK_DATASET_SUBSET)
#define BLOCK(m)   offsetof(LkDatasetBlock, m)
#define FOLDER(m)  offsetof(LkSubset, m)
#define CAPTION(m) offsetof(LkSubset, caption.m)

const LkDatasetKey lk_dataset_keys[] = {
    {"resolution", LK_DATASET_OF_BLOCK, LK_DATASET_RESOLUTION, IN_BLOCK, BLOCK(buckets.resolution), 1, 65536},
    {"batch_size", LK_DATASET_OF_BLOCK, LK_DATASET_INTEGER, IN_BLOCK, BLOCK(batch_size), 1, 4096},
    {"enable_bucket", LK_DATASET_OF_BLOCK, LK_DATASET_BOOLEAN, IN_BLOCK, BLOCK(buckets.enable_bucket)},
    {"bucket_no_upscale", LK_DATASET_OF_BLOCK, LK_DATASET_BOOLEAN, IN_BLOCK, BLOCK(buckets.bucket_no_upscale)},
    {"min_bucket_reso", LK_DATASET_OF_BLOCK, LK_DATASET_INTEGER, IN_BLOCK, BLOCK(buckets.min_bucket_reso), 8, 65536},
    {"max_bucket_reso", LK_DATASET_OF_BLOCK, LK_DATASET_INTEGER, IN_BLOCK, BLOCK(buckets.max_bucket_reso), 8, 65536},
    {"bucket_reso_steps", LK_DATASET_OF_BLOCK, LK_DATASET_INTEGER, IN_BLOCK, BLOCK(buckets.bucket_reso_steps), 8,
     65536},
    {"validation_seed", LK_DATASET_OF_BLOCK, LK_DATASET_INTEGER, IN_BLOCK, BLOCK(validation_seed), 0, 2147483647},

    {"image_dir", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_SUBSET, FOLDER(image_dir)},
    {"is_reg", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_SUBSET, FOLDER(is_reg)},
    {"validation_split", LK_DATASET_OF_SUBSET, LK_DATASET_NUMBER, IN_ALL, FOLDER(validation_split), 0, 1},
    {"num_repeats", LK_DATASET_OF_SUBSET, LK_DATASET_INTEGER, IN_ALL, FOLDER(num_repeats), 1, 999999},
    {"class_tokens", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, FOLDER(class_tokens)},
    {"caption_extension", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, FOLDER(caption_extension)},
    {"flip_aug", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, FOLDER(flip_aug)},
    {"color_aug", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, FOLDER(color_aug)},
    {"random_crop", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, FOLDER(random_crop)},
    {"augment_variations", LK_DATASET_OF_SUBSET, LK_DATASET_INTEGER, IN_ALL, FOLDER(augment_variations), 1, 1000},
    {"resize_interpolation", LK_DATASET_OF_SUBSET, LK_DATASET_SCALING, IN_ALL, FOLDER(interpolation)},
    {"alpha_mask", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, FOLDER(alpha_mask)},
    {"conditioning_data_dir", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_SUBSET, FOLDER(conditioning_data_dir)},
    {"recursive", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, FOLDER(recursive)},
    {"files", LK_DATASET_OF_SUBSET, LK_DATASET_TEXTS, IN_SUBSET, FOLDER(files)},

    {"shuffle_caption", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, CAPTION(shuffle)},
    {"enable_wildcard", LK_DATASET_OF_SUBSET, LK_DATASET_BOOLEAN, IN_ALL, CAPTION(wildcard)},
    {"caption_separator", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(separator)},
    {"keep_tokens", LK_DATASET_OF_SUBSET, LK_DATASET_INTEGER, IN_ALL, CAPTION(keep_tokens), 0, 100000},
    {"keep_tokens_separator", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(keep_tokens_separator)},
    {"secondary_separator", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(secondary_separator)},
    {"caption_prefix", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(prefix)},
    {"caption_suffix", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(suffix)},
    {"trigger_words", LK_DATASET_OF_SUBSET, LK_DATASET_TEXT, IN_ALL, CAPTION(trigger_words)},
    {"caption_dropout_rate", LK_DATASET_OF_SUBSET, LK_DATASET_NUMBER, IN_ALL, CAPTION(dropout_rate), 0, 1},
    {"caption_dropout_every_n_epochs", LK_DATASET_OF_SUBSET, LK_DATASET_INTEGER, IN_ALL,
     CAPTION(dropout_every_n_epochs), 0, 1000000},
    {"caption_tag_dropout_rate", LK_DATASET_OF_SUBSET, LK_DATASET_NUMBER, IN_ALL, CAPTION(tag_dropout_rate), 0, 1},
    {"token_warmup_min", LK_DATASET_OF_SUBSET, LK_DATASET_INTEGER, IN_ALL, CAPTION(token_warmup_min), 0, 100000},
    {"token_warmup_step", LK_DATASET_OF_SUBSET, LK_DATASET_NUMBER, IN_ALL, CAPTION(token_warmup_step), 0, 1e9},

    {"face_crop_aug_range", LK_DATASET_UNSUPPORTED, LK_DATASET_ANY, IN_ALL,
     .instead = N_("remove it; pictures are cut around their centre")},
    {"cache_info", LK_DATASET_UNSUPPORTED, LK_DATASET_BOOLEAN, IN_ALL,
     .instead = N_("remove it; sizes are read quickly without it")},
    {"custom_attributes", LK_DATASET_UNSUPPORTED, LK_DATASET_ANY, IN_ALL, .instead = N_("remove it")},
    {"network_multiplier", LK_DATASET_UNSUPPORTED, LK_DATASET_NUMBER, IN_BLOCK, .least = 1, .instead = N_("remove it")},
    {"metadata_file", LK_DATASET_UNSUPPORTED, LK_DATASET_TEXT, IN_SUBSET,
     .instead = N_("write the captions into text files beside the pictures")},
};

const size_t lk_dataset_key_count = G_N_ELEMENTS(lk_dataset_keys);

const LkDatasetKey *lk_dataset_find_key(const char *name)
{
    for (size_t i = 0; i < lk_dataset_key_count; i++)
        if (strcmp(lk_dataset_keys[i].name, name) == 0)
            return &lk_dataset_keys[i];
    return NULL;
}
