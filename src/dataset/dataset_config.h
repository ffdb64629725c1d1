/* What is to be trained on: blocks of folders that share a resolution and a batch size, from kohya's dataset TOML
 * ([general], [[datasets]], [[datasets.subsets]]; sd-scripts 0.10.1, library/config_util.py) or from picture folders.
 */
#pragma once

#include "dataset/bucket.h"
#include "dataset/subset.h"
#include "format/toml.h"

/** One [[datasets]] entry. */
typedef struct LkDatasetBlock {
    LkBucketRules buckets;
    int batch_size;
    GPtrArray *subsets;  /* LkSubset */
    int validation_seed; /* which pictures are held out: another seed chooses others */
} LkDatasetBlock;

/** All blocks; owns them. */
typedef struct LkDatasetConfig {
    GPtrArray *blocks; /* LkDatasetBlock */
} LkDatasetConfig;

/** What the job itself says: used where the TOML is silent, and for picture folders. Borrowed. */
typedef struct LkDatasetDefaults {
    LkBucketRules buckets;
    int batch_size;         /* train_batch_size */
    const LkSubset *subset; /* options of every subset; its image_dir is ignored */
    int validation_seed;
} LkDatasetDefaults;

/** From a dataset TOML: the value nearest to the subset wins (subset, dataset, general, defaults). LK_ERROR_USAGE with
 * one line for every problem: an unknown key (with the nearest known one), a key in the wrong table, a key that is not
 * supported yet, a value of a wrong type or out of range, no image_dir.
 *
 * `files = ["a.png", "b/c.png"]` (ours) restricts a subset to these pictures, named from image_dir on. So several
 * subsets of a block may share a folder, each with its own files and options; a file in two of them is used in the
 * first alone, and a later subset with a folder that its block has whole, or whole beside one with files, is left out.
 * Both become findings. */
LkDatasetConfig *lk_dataset_config_from_toml(const LkToml *toml, const LkDatasetDefaults *defaults, GPtrArray *findings,
                                             GError **error);

/** From picture folders in any layout that lk_scan_folder knows: one block. reg_data_dir (regularisation pictures) may
 * be NULL. */
LkDatasetConfig *lk_dataset_config_from_folders(const char *train_data_dir, const char *reg_data_dir,
                                                const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error);

/** Adds folders of regularisation pictures, in any layout that lk_scan_folder knows, to the first block: with the
 * options of `defaults`, but without trigger words and masks. Nothing where reg_data_dir is NULL. */
bool lk_dataset_config_add_regularisation(LkDatasetConfig *config, const char *reg_data_dir,
                                          const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error);

/** Adds folders of pictures that are only measured, in any layout that lk_scan_folder knows, to the first block, with
 * the options of `defaults`. Nothing where validation_data_dir is NULL. */
bool lk_dataset_config_add_validation(LkDatasetConfig *config, const char *validation_data_dir,
                                      const LkDatasetDefaults *defaults, GPtrArray *findings, GError **error);

/** The dataset TOML that reads back to `config` with the same `defaults`: each block and subset with its keys whose
 * values are not the defaults'. Free with g_free. LK_ERROR_UNSUPPORTED where a name is not UTF-8, which TOML cannot
 * hold. */
char *lk_dataset_config_to_toml(const LkDatasetConfig *config, const LkDatasetDefaults *defaults, GError **error);

/** One without blocks, to be filled by hand: `blocks` owns an LkDatasetBlock made with g_new0 and its subsets. */
LkDatasetConfig *lk_dataset_config_new(void);
void lk_dataset_config_free(LkDatasetConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkDatasetConfig, lk_dataset_config_free)
