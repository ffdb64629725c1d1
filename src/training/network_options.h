/* What kind of network a job trains, from its own keys and from kohya's `network_args`. */
#pragma once

#include "adapter/adapter_shape.h"

#include <glib.h>

/* Blocks of the U-Net of SD 1.x and 2.x as sd-scripts counts them: 12 on the way down, one in the middle, 12 up. */
enum { LK_BLOCKS = 25, LK_BLOCKS_OF_A_SIDE = 12 };

typedef struct LkJob LkJob;

/** The kind of network with everything resolved. */
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
    bool by_block;               /* the arrays below count */
    int block_dims[LK_BLOCKS], conv_block_dims[LK_BLOCKS];
    double block_alphas[LK_BLOCKS], conv_block_alphas[LK_BLOCKS];
    double block_rates[LK_BLOCKS]; /* factor of the U-Net's learning rate */
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
 * `options` already. False, with *wrong the key and *expected what its value must be (g_free), where one is not right.
 */
bool lk_network_blocks_resolve(const LkJob *job, LkNetworkOptions *options, const char **wrong, char **expected);

/** The block of a module's name in the kohya layout of SD 1.x and 2.x; -1 outside the U-Net's blocks. */
int lk_network_block_of(const char *name);
