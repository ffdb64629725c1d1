/* A training job: every parameter with a checked value, named as in the job file.
 *
 * Made from a TOML file in kohya sd-scripts' keys (flat, or in sections whose names do not matter) and from
 * `KEY=VALUE` overrides, by way of the rows in training/parameters.h. The engine reads the fields; a form reads and
 * writes them as text by key. */
#pragma once

#include "base/function.h"
#include "dataset/bucket.h"
#include "training/network_options.h"
#include "training/optimizer.h"
#include "training/parameters.h"
#include "training/problem.h"

#include <glib.h>
#include <stdint.h>

typedef enum LkLrSchedulerType {
    LK_LR_CONSTANT,
    LK_LR_CONSTANT_WITH_WARMUP,
    LK_LR_LINEAR,
    LK_LR_COSINE,
    LK_LR_COSINE_WITH_RESTARTS,
    LK_LR_POLYNOMIAL,
    LK_LR_INVERSE_SQRT,
    LK_LR_COSINE_WITH_MIN_LR,
    LK_LR_WARMUP_STABLE_DECAY,
    LK_LR_PIECEWISE_CONSTANT,
    LK_LR_ADAFACTOR,
} LkLrSchedulerType;

/** How the threshold of the Huber losses follows the timestep. */
typedef enum LkHuberSchedule {
    LK_HUBER_SNR,
    LK_HUBER_CONSTANT,
    LK_HUBER_EXPONENTIAL,
} LkHuberSchedule;

typedef enum LkMixedPrecision {
    LK_MIXED_NO,
    LK_MIXED_FP16,
    LK_MIXED_BF16,
} LkMixedPrecision;

/** How the base model's matrices are kept. */
typedef enum LkBasePrecision {
    LK_BASE_AUTO, /* as mixed_precision says, or fp8_base */
    LK_BASE_FP8,
    LK_BASE_INT8,
} LkBasePrecision;

/** Whether they wait in the computer's memory for their turn on the graphics card. */
typedef enum LkBaseOffload {
    LK_OFFLOAD_NONE,
    LK_OFFLOAD_AUTO, /* as many as it takes for the run to fit */
    LK_OFFLOAD_ALL,
} LkBaseOffload;

typedef enum LkSavePrecision {
    LK_SAVE_FLOAT,
    LK_SAVE_FP16,
    LK_SAVE_BF16,
} LkSavePrecision;

typedef enum LkSaveModelAs {
    LK_SAVE_AS_SAFETENSORS,
    LK_SAVE_AS_PT,
} LkSaveModelAs;

typedef enum LkNetworkModule {
    LK_NETWORK_LORA,
    LK_NETWORK_LOHA,
    LK_NETWORK_LOKR,
    LK_NETWORK_LYCORIS,
} LkNetworkModule;

/** Which layers LyCORIS adapts. */
typedef enum LkLycorisPreset {
    LK_PRESET_FULL,
    LK_PRESET_ATTN_MLP,
} LkLycorisPreset;

/** When the VAE works in tiles. */
typedef enum LkVaeTiling {
    LK_VAE_TILING_AUTO, /* where whole pictures do not fit */
    LK_VAE_TILING_ON,
    LK_VAE_TILING_OFF,
} LkVaeTiling;

/** Where the prompts of sample pictures come from: a file, or the lines themselves, or neither. */
typedef struct LkJobPrompts {
    char *file;
    char **lines;
} LkJobPrompts;

struct LkJob {
    /* base model */
    char *pretrained_model_name_or_path;
    char *vae;
    bool v_parameterization;
    int clip_skip;
    int max_token_length; /* 75, 150 or 225 */

    /* dataset */
    char *train_data_dir;
    char *dataset_config;
    LkSize resolution;
    int train_batch_size;
    int num_repeats;
    bool enable_bucket;
    int min_bucket_reso, max_bucket_reso, bucket_reso_steps;
    bool bucket_no_upscale;
    bool flip_aug, color_aug, random_crop;
    int augment_variations;
    int resize_interpolation; /* LkInterpolation */
    char *cache_dir;
    char *reg_data_dir;
    double prior_loss_weight; /* factor of the loss of regularisation pictures */
    bool alpha_mask;          /* pictures' own transparency is the mask of their loss */
    char *conditioning_data_dir;

    /* captions */
    char *trigger_words;
    char *caption_extension; /* NULL: .txt, then .caption */
    char *caption_separator;
    bool shuffle_caption;
    int keep_tokens;
    char *keep_tokens_separator;
    char *secondary_separator;
    bool enable_wildcard, weighted_captions;
    char *caption_prefix, *caption_suffix;
    double caption_dropout_rate;
    int caption_dropout_every_n_epochs;
    double caption_tag_dropout_rate;
    int token_warmup_min;
    double token_warmup_step;

    /* network */
    int network_module; /* LkNetworkModule */
    char **network_args;
    int algo, preset; /* LkAlgo and LkLycorisPreset, of LyCORIS */
    int conv_dim, factor;
    double conv_alpha;
    bool dora_wd, rs_lora, decompose_both, full_matrix;
    double network_dropout, rank_dropout, module_dropout, scale_weight_norms;
    double loraplus_lr_ratio, loraplus_unet_lr_ratio, loraplus_text_encoder_lr_ratio;
    char *block_dims, *block_alphas, *conv_block_dims, *conv_block_alphas;
    char *down_lr_weight, *up_lr_weight;
    char *mid_lr_weight;
    double block_lr_zero_threshold;
    LkNetworkOptions network; /* all of these, resolved */
    char **base_weights, **base_weights_multiplier;
    int network_dim;
    double network_alpha;   /* as given: 0 stands for network_dim, so use … */
    double effective_alpha; /* … this one */
    char *network_weights;
    bool dim_from_weights;
    bool network_train_unet_only, network_train_text_encoder_only;

    /* optimizer */
    int optimizer_type; /* LkOptimizerType */
    char **optimizer_args;
    double learning_rate;
    double unet_lr, text_encoder_lr; /* learning_rate where not given; 0 leaves that part untrained */
    double text_encoder_2_lr;        /* of SDXL's second one; text_encoder_lr where not given */
    double max_grad_norm;            /* 0: no clipping */
    int gradient_accumulation_steps;
    LkOptimizerOptions optimizer; /* from optimizer_args */
    double ema_decay;             /* 0: no average of the weights */

    /* schedule */
    int lr_scheduler; /* LkLrSchedulerType */
    double lr_warmup_steps;
    int lr_scheduler_num_cycles;
    double lr_scheduler_power;
    double lr_decay_steps;
    int lr_scheduler_timescale;       /* 0: the warm-up's steps, or 10000 */
    double lr_scheduler_min_lr_ratio; /* 0 where not given */
    char **lr_scheduler_args;

    /* length */
    int max_train_steps;
    int max_train_epochs; /* 0: max_train_steps counts */
    int64_t seed;

    /* precision and memory */
    int mixed_precision; /* LkMixedPrecision */
    bool allow_tf32;     /* where that is LK_MIXED_NO */
    bool gradient_checkpointing;
    int base_weights_precision; /* LkBasePrecision */
    bool fp8_base, fp8_base_unet;
    int offload_base_weights; /* LkBaseOffload */
    int vae_tiling;           /* LkVaeTiling */
    int vae_tile_size;        /* pixels */

    /* noise and loss */
    double noise_offset;
    bool noise_offset_random_strength;
    double adaptive_noise_scale;   /* 0: off */
    int multires_noise_iterations; /* 0: off */
    double multires_noise_discount;
    double ip_noise_gamma; /* 0: off */
    bool ip_noise_gamma_random_strength;
    int loss_type;      /* LkLoss */
    int huber_schedule; /* LkHuberSchedule */
    double huber_c, huber_scale;
    bool masked_loss;
    double min_snr_gamma; /* 0: off */
    bool debiased_estimation_loss;
    bool scale_v_pred_loss_like_noise_pred;
    double v_pred_like_loss; /* 0: off */
    bool zero_terminal_snr;
    char *validation_data_dir; /* pictures that are only measured */
    double validation_split;   /* 0: no validation */
    int64_t validation_seed;   /* where not given, seed counts */
    int validate_every_n_epochs, validate_every_n_steps;
    int max_validation_steps;       /* pictures that are looked at; 0: all */
    int min_timestep, max_timestep; /* a timestep t is drawn with min <= t < max */

    /* saving */
    char *output_dir;
    char *output_name;                           /* the job file's name where not given */
    int save_model_as;                           /* LkSaveModelAs */
    int save_precision;                          /* LkSavePrecision */
    int save_every_n_epochs, save_every_n_steps; /* 0: off */
    int save_n_epoch_ratio;                      /* 0: off, else in place of save_every_n_epochs */
    int save_last_n_epochs, save_last_n_steps;   /* 0: keep all */
    bool save_state, save_state_on_train_end;
    int save_state_every_n_steps;

    /* samples */
    int sample_every_n_epochs, sample_every_n_steps; /* 0: off */
    bool sample_at_first;
    LkJobPrompts sample_prompts;
    char *sample_sampler;

    /* metadata */
    bool no_metadata;
    char *training_comment;
    char *metadata_title, *metadata_author, *metadata_description, *metadata_license, *metadata_tags;
    char *metadata_usage_hint, *metadata_thumbnail, *metadata_merged_from, *metadata_trigger_phrase;
    char *metadata_preprocessor, *metadata_is_negative_embedding;

    /* bookkeeping; use the functions below */
    char *path;   /* of the job file, absolute; NULL if made otherwise */
    char *folder; /* what relative paths are relative to; NULL: the current folder */
    bool *given;  /* by parameter index: set by the user, not a default */
    int *lines;   /* by parameter index: line in the job file, 0 */
};

/** A job with every default. `folder` is where relative paths begin (copied; NULL: the current folder). */
LkJob *lk_job_new(const char *folder);
LkJob *lk_job_copy(const LkJob *job);
void lk_job_free(LkJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkJob, lk_job_free)

/** Reads a job file, applies the overrides ("KEY=VALUE", NULL-terminated, may be NULL; VALUE as for lk_job_set, or a
 *  quoted TOML string) and checks everything. All problems, also of reading the file, are appended to `problems`. NULL
 * if one of them is an error. */
LkJob *lk_job_load(const char *path, const char *const *overrides, GPtrArray *problems);
/** The same from text; `source` is what messages call it. */
LkJob *lk_job_parse(const char *text, const char *source, const char *folder, const char *const *overrides,
                    GPtrArray *problems);

/** Sets one parameter from text; lists are written as in TOML: ["a", "b"]. An empty text unsets or is refused. False,
 * with a problem, if key or value is wrong; the job is then unchanged. Whole-job checks are lk_job_check's. */
bool lk_job_set(LkJob *job, const char *key, const char *value, GPtrArray *problems);
/** Back to its default. */
void lk_job_reset(LkJob *job, const LkParameter *parameter);
/** Its value as text that lk_job_set takes; NULL if unset. Free with g_free. */
char *lk_job_get(const LkJob *job, const LkParameter *parameter);
/** True if the user gave it (also if it equals the default). */
bool lk_job_is_given(const LkJob *job, const char *key);
/** True if the value differs from the default. */
bool lk_job_is_changed(const LkJob *job, const LkParameter *parameter);

/** Checks what concerns several parameters and fills in the values that follow from others (unet_lr, output_name,
 * Adam's arguments …). lk_job_load does it; a form does it after each change. False if there is an error. */
bool lk_job_check(LkJob *job, GPtrArray *problems);
/** Checks that the files and folders that must exist do. Not part of loading. False if there is an error. */
bool lk_job_check_files(const LkJob *job, GPtrArray *problems);

/** What is trained: respects the network_train_…_only flags and learning rates of 0. The text encoder: any of them. */
bool lk_job_trains_unet(const LkJob *job);
bool lk_job_trains_text_encoder(const LkJob *job);
/** Whether text encoder number 0 or 1 is. */
bool lk_job_trains_text(const LkJob *job, int text);

/** Everything that can change the trained numbers, as "key = value" lines in the table's order: resolved values, of
 *  files and folders only the last part of their path, so that moving a project does not count as a change. */
char *lk_job_canonical(const LkJob *job);
/** SHA-256 of it as 64 hex digits; free with g_free. */
char *lk_job_hash(const LkJob *job);
/** Compares two canonical texts: "max_train_steps: 1600, now 2000" and so on, joined by "; ". A parameter that one of
 * them does not know, because an older version wrote it, had its default. NULL if equal. */
char *lk_job_differences(const char *before, const char *now);

/** The job as TOML: the values that were given or differ from their defaults, grouped. */
char *lk_job_to_toml(const LkJob *job);
