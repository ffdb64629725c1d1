/* What kind of network a job trains, from its own keys and from kohya's `network_args`. */
#pragma once

#include "adapter/adapter_shape.h"

#include <glib.h>

/** How sd-scripts counts the blocks of a U-Net: 12 on the way down, one in the middle, 12 up (SD 1.x and 2.x); or the
 * embeddings, 9 on the way down, 3 in the middle, 9 up, and the last layer (SDXL). */
typedef enum LkBlockLayout {
    LK_BLOCKS_SD,
    LK_BLOCKS_XL,
    LK_BLOCK_LAYOUTS,
} LkBlockLayout;
enum { LK_MOST_BLOCKS = 25 };

typedef struct LkJob LkJob;

/** What single blocks of the U-Net get, read for one layout. */
typedef struct LkNetworkBlocks {
    const char *wrong; /* the key that does not fit this layout: the rest does not count. NULL: all fit */
    int conv_dim;      /* the largest of all */
    int dims[LK_MOST_BLOCKS], conv_dims[LK_MOST_BLOCKS];
    double alphas[LK_MOST_BLOCKS], conv_alphas[LK_MOST_BLOCKS];
    double rates[LK_MOST_BLOCKS]; /* factor of the U-Net's learning rate */
} LkNetworkBlocks;

/** The kind of network with everything resolved. A job is checked before its base model is read, so that what goes by
 * blocks is resolved for every layout; one that fits is enough until the family is known. */
typedef struct LkNetworkOptions {
    LkAlgo algo;
    bool dora;
    double alpha; /* of the network's own dim; LyCORIS' rs_lora is in it */
    int conv_dim; /* 0: ResNets, down- and upsampling layers are left out */
    double conv_alpha;
    bool time_embedding; /* the U-Net's too, as LyCORIS 4 finds it */
    bool ends;           /* its first and last layer too */
    int factor;          /* LoKr */
    bool decompose_both, full_matrix;
    double dropout, rank_dropout, module_dropout;
    double plus_unet, plus_text; /* LoRA+: factor of the learning rate of up; 1 for none */
    bool by_block;               /* `blocks` count */
    LkNetworkBlocks blocks[LK_BLOCK_LAYOUTS];
} LkNetworkOptions;

/** Resolves the job's keys and network_args into `options`; problems are appended. False if there is an error. */
bool lk_network_options_resolve(const LkJob *job, LkNetworkOptions *options, GPtrArray *problems);

/** network_args as sd-scripts writes them into metadata: a JSON object of texts, from the list and the plain keys that
 * were given; NULL where there are none. Free with g_free. */
char *lk_network_args_json(const LkJob *job);

/** True for what may stand in network_args and is a key of a job too. */
bool lk_network_option_is_key(const char *name);
/** True for a name of LyCORIS' that has one value here; *why (N_()) where `value` asks for another, else NULL. */
bool lk_network_option_is_fixed(const char *name, const char *value, const char **why);

/** Dims, alphas and learning rates by block (network_blocks.c): reads the lists of `job`, whose other values are in
 * `options` already. False, with *wrong the key and *problem a sentence about it (g_free), where they fit no layout. */
bool lk_network_blocks_resolve(const LkJob *job, LkNetworkOptions *options, const char **wrong, char **problem);

/** What the value of one of their keys must be, for messages. Free with g_free. */
char *lk_network_blocks_expected(const char *key);

/** The block of a module's name in the kohya layout; -1 outside the U-Net's blocks. */
int lk_network_block_of(const char *name, LkBlockLayout layout);
