#include "training/network_options.h"

#include "dataset/nearest.h"
#include "format/json.h"
#include "training/job.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* What network_args may set: keys of a job. */
static const char *const keys[] = {
    "algo",
    "conv_dim",
    "conv_alpha",
    "dora_wd",
    "rs_lora",
    "factor",
    "decompose_both",
    "full_matrix",
    "rank_dropout",
    "module_dropout",
    "network_dropout",
    "loraplus_lr_ratio",
    "loraplus_unet_lr_ratio",
    "loraplus_text_encoder_lr_ratio",
    "block_dims",
    "block_alphas",
    "conv_block_dims",
    "conv_block_alphas",
    "down_lr_weight",
    "mid_lr_weight",
    "up_lr_weight",
    "block_lr_zero_threshold",
    "preset",
};

/* Other names of LyCORIS, and the one value that asks for nothing that is not done here. */
static const struct {
    const char *name, *value;
    const char *why; /* N_() */
} fixed[] = {
    {"use_tucker", "False", N_("Tucker decomposition is not supported.")},
    {"use_cp", "False", N_("Tucker decomposition is not supported.")},
    {"use_conv_cp", "False", N_("Tucker decomposition is not supported.")},
    {"disable_conv_cp", "True", N_("Tucker decomposition is not supported.")},
    {"use_scalar", "False", N_("A trained factor of each module is not supported.")},
    {"train_norm", "False", N_("Norms are not trained.")},
    {"wd_on_output", "True", N_("DoRA takes the norms of outputs.")},
    {"unbalanced_factorization", "False", N_("LoKr splits both sides alike.")},
    {"rank_dropout_scale", "False", N_("Dropped rows are not made up for.")},
    {"bypass_mode", NULL, NULL}, /* another way to the same numbers */
};

static const char *name_of(const char *arg)
{
    return strcmp(arg, "dropout") == 0 ? "network_dropout" : arg;
}

bool lk_network_option_is_key(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i], name) == 0) {
            return true;
        }
    }
    return false;
}

G_GNUC_PRINTF(3, 4)
static void complain(GPtrArray *problems, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    lk_problems_add(problems, LK_PROBLEM_ERROR, key, NULL, NULL, 0, "%s", text);
}

bool lk_network_option_is_fixed(const char *name, const char *value, const char **why)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (strcmp(fixed[i].name, name) == 0) {
            bool same = fixed[i].value == NULL || g_ascii_strcasecmp(fixed[i].value, value) == 0;
            *why = same ? NULL : fixed[i].why;
            return true;
        }
    }
    return false;
}

/* One of LyCORIS' names that have one value here; false where it is none of them. */
static bool take_fixed(const char *name, const char *value, GPtrArray *problems)
{
    const char *why;
    if (!lk_network_option_is_fixed(name, value, &why)) {
        return false;
    }
    if (why != NULL) {
        complain(problems, "network_args", _("network_args has %s=%s. %s Leave it out."), name, value, _(why));
    }
    return true;
}

static void take_arg(LkJob *job, const char *arg, GPtrArray *problems)
{
    g_auto(GStrv) pair = g_strsplit(arg, "=", 2);
    const char *value = pair[0] != NULL && pair[1] != NULL ? g_strstrip(pair[1]) : NULL;
    const char *name = pair[0] != NULL ? name_of(g_strstrip(pair[0])) : "";
    if (value == NULL) {
        complain(problems, "network_args", _("network_args has “%s”, which is not of the form name=value."), arg);
    } else if (lk_network_option_is_key(name)) {
        if (lk_job_is_given(job, name)) {
            complain(problems, "network_args", _("%s is given by itself and in network_args. Keep one of them."), name);
        }
        lk_job_set(job, name, value, problems);
    } else if (!take_fixed(name, value, problems)) {
        const char *near = lk_nearest_name(name, keys, G_N_ELEMENTS(keys));
        if (near != NULL) {
            complain(problems, "network_args", _("network_args has %s, which is not known. Did you mean %s?"), name,
                     near);
        } else {
            complain(problems, "network_args", _("network_args has %s, which is not known. Remove it."), name);
        }
    }
}

/* ------------------------------------------------------------------ kinds */

/* The kind of network, from the module's name or LyCORIS' algo. */
static void choose_algo(const LkJob *job, LkNetworkOptions *o, GPtrArray *problems)
{
    static const LkAlgo of_module[] = {
        [LK_NETWORK_LORA] = LK_ALGO_LORA, [LK_NETWORK_LOHA] = LK_ALGO_LOHA, [LK_NETWORK_LOKR] = LK_ALGO_LOKR};
    if (job->network_module == LK_NETWORK_LYCORIS) {
        o->algo = (LkAlgo)job->algo;
    } else {
        o->algo = of_module[job->network_module];
        if (lk_job_is_given(job, "algo") && (LkAlgo)job->algo != o->algo) {
            complain(problems, "algo",
                     _("algo belongs to network_module = \"lycoris.kohya\". Set that, or remove algo."));
        }
    }
}

/* What goes only with some kinds. */
static void check_kinds(const LkJob *job, const LkNetworkOptions *o, GPtrArray *problems)
{
    bool lokr_only = job->decompose_both || job->full_matrix || job->factor != -1;
    if (lokr_only && o->algo != LK_ALGO_LOKR) {
        complain(problems,
                 job->factor != -1  ? "factor"
                 : job->full_matrix ? "full_matrix"
                                    : "decompose_both",
                 _("factor, decompose_both and full_matrix belong to LoKr. Remove them, or set algo to lokr."));
    }
    if (o->dropout > 0 && (o->algo != LK_ALGO_LORA || o->dora)) {
        complain(problems, "network_dropout",
                 _("network_dropout is for LoRA and LoCon; a LoHa, LoKr or DoRA has no rank in the middle of which "
                   "numbers could be dropped. Use rank_dropout or module_dropout."));
    }
    if (job->scale_weight_norms > 0 && (o->algo != LK_ALGO_LORA || o->dora)) {
        complain(problems, "scale_weight_norms",
                 _("scale_weight_norms is for LoRA and LoCon. Remove it, or choose one of them."));
    }
    if ((o->plus_unet != 1 || o->plus_text != 1) && o->algo != LK_ALGO_LORA) {
        complain(problems, "loraplus_lr_ratio",
                 _("LoRA+ is a learning rate for the up matrices of a LoRA; a LoHa or LoKr has none. Remove "
                   "loraplus_lr_ratio."));
    }
}

static double alpha_or_dim(double alpha, int dim)
{
    return alpha != 0 ? alpha : dim;
}

/* Rank-stabilised: alpha / sqrt(dim) (Kalajdzievski, arXiv:2312.03732), written as LyCORIS does, as a larger alpha. */
static double stabilised(const LkJob *job, double alpha, int dim)
{
    return job->rs_lora ? alpha * sqrt((double)dim) : alpha;
}

static void resolve_convolutions(const LkJob *job, LkNetworkOptions *o)
{
    bool lycoris = job->network_module == LK_NETWORK_LYCORIS;
    bool all = lycoris && job->preset == LK_PRESET_FULL;
    bool off = lycoris && job->preset == LK_PRESET_ATTN_MLP;
    o->time_embedding = lycoris;
    o->ends = all;
    o->conv_dim = off ? 0 : job->conv_dim > 0 ? job->conv_dim : all ? job->network_dim : 0;
    double alpha = all && !lk_job_is_given(job, "conv_alpha") ? job->network_alpha : job->conv_alpha;
    o->conv_alpha = o->conv_dim > 0 ? stabilised(job, alpha_or_dim(alpha, o->conv_dim), o->conv_dim) : 0;
}

static void resolve(const LkJob *job, LkNetworkOptions *o, GPtrArray *problems)
{
    *o = (LkNetworkOptions){.dora = job->dora_wd,
                            .alpha =
                                stabilised(job, alpha_or_dim(job->network_alpha, job->network_dim), job->network_dim),
                            .factor = job->factor,
                            .decompose_both = job->decompose_both,
                            .full_matrix = job->full_matrix,
                            .dropout = job->network_dropout,
                            .rank_dropout = job->rank_dropout,
                            .module_dropout = job->module_dropout};
    double both = job->loraplus_lr_ratio, unet = job->loraplus_unet_lr_ratio,
           text = job->loraplus_text_encoder_lr_ratio;
    o->plus_unet = unet > 0 ? unet : both > 0 ? both : 1;
    o->plus_text = text > 0 ? text : both > 0 ? both : 1;
    choose_algo(job, o, problems);
    resolve_convolutions(job, o);
    check_kinds(job, o, problems);
    const char *wrong = NULL;
    g_autofree char *problem = NULL;
    if (!lk_network_blocks_resolve(job, o, &wrong, &problem)) {
        complain(problems, wrong, "%s", problem);
    }
    for (int i = 0; i < LK_MOST_BLOCKS * LK_BLOCK_LAYOUTS && o->by_block; i++) {
        LkNetworkBlocks *blocks = &o->blocks[i / LK_MOST_BLOCKS];
        int block = i % LK_MOST_BLOCKS;
        blocks->alphas[block] = stabilised(job, blocks->alphas[block], blocks->dims[block]);
        blocks->conv_alphas[block] = stabilised(job, blocks->conv_alphas[block], blocks->conv_dims[block]);
    }
}

bool lk_network_options_resolve(const LkJob *job, LkNetworkOptions *options, GPtrArray *problems)
{
    g_autoptr(LkJob) view = lk_job_copy(job);
    guint before = lk_problems_count(problems, LK_PROBLEM_ERROR);
    for (char **arg = job->network_args; arg != NULL && *arg != NULL; arg++) {
        take_arg(view, *arg, problems);
    }
    resolve(view, options, problems);
    return lk_problems_count(problems, LK_PROBLEM_ERROR) == before;
}

char *lk_network_args_json(const LkJob *job)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    for (char **arg = job->network_args; arg != NULL && *arg != NULL; arg++) {
        g_auto(GStrv) pair = g_strsplit(*arg, "=", 2);
        if (pair[0] != NULL && pair[1] != NULL) {
            yyjson_mut_obj_put(root, yyjson_mut_strcpy(doc, g_strstrip(pair[0])),
                               yyjson_mut_strcpy(doc, g_strstrip(pair[1])));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const LkParameter *row = lk_parameter_find(keys[i]);
        g_autofree char *value = lk_job_is_given(job, keys[i]) ? lk_job_get(job, row) : NULL;
        if (value != NULL && strcmp(keys[i], "network_dropout") != 0) {
            const char *python = strcmp(value, "true") == 0 ? "True" : strcmp(value, "false") == 0 ? "False" : value;
            yyjson_mut_obj_put(root, yyjson_mut_strcpy(doc, keys[i]), yyjson_mut_strcpy(doc, python));
        }
    }
    char *written = yyjson_mut_obj_size(root) > 0 ? yyjson_mut_write(doc, 0, NULL) : NULL;
    char *text = g_strdup(written);
    free(written);
    yyjson_mut_doc_free(doc);
    return text;
}
