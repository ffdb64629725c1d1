/* Dims, alphas and learning rates of single blocks of the U-Net, as sd-scripts' networks.lora reads them. */
#include "training/job.h"
#include "training/network_options.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Reads numbers between commas; -1 where one is none, or there are more than `most`. */
static int read_numbers(const char *text, double *out, int most)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    int count = 0;
    for (char **part = parts; *part != NULL; part++) {
        char *end;
        g_strstrip(*part);
        double number = **part == '\0' ? 0 : g_ascii_strtod(*part, &end);
        if (count == most || (**part != '\0' && *end != '\0') || !isfinite(number) || number < 0) {
            return -1;
        }
        out[count++] = number;
    }
    return count;
}

/* A named curve over the blocks of a side, "cosine+0.1"; false where it is none. */
static bool read_curve(const char *text, double *out)
{
    g_auto(GStrv) parts = g_strsplit(text, "+", 2);
    const char *name = parts[0] != NULL ? g_strstrip(parts[0]) : "";
    char *end = NULL;
    double base = parts[0] != NULL && parts[1] != NULL ? g_ascii_strtod(g_strstrip(parts[1]), &end) : 0;
    bool cosine = strcmp(name, "cosine") == 0, sine = strcmp(name, "sine") == 0, linear = strcmp(name, "linear") == 0;
    bool reverse = strcmp(name, "reverse_linear") == 0, zeros = strcmp(name, "zeros") == 0;
    if ((end != NULL && *end != '\0') || !(cosine || sine || linear || reverse || zeros)) {
        return false;
    }
    for (int i = 0; i < LK_BLOCKS_OF_A_SIDE; i++) {
        double x = (double)(cosine || reverse ? LK_BLOCKS_OF_A_SIDE - 1 - i : i) / (LK_BLOCKS_OF_A_SIDE - 1);
        out[i] = base + (zeros ? 0 : cosine || sine ? sin(G_PI * x / 2) : x);
    }
    return true;
}

/* Weights of one way; blocks that are not named have 1, weights up to the threshold are 0. */
static bool read_side(const char *text, double threshold, double *rates)
{
    double given[LK_BLOCKS_OF_A_SIDE];
    int count = text == NULL ? 0 : LK_BLOCKS_OF_A_SIDE;
    if (text != NULL && !read_curve(text, given)) {
        count = read_numbers(text, given, LK_BLOCKS_OF_A_SIDE);
    }
    for (int i = 0; i < LK_BLOCKS_OF_A_SIDE; i++) {
        double rate = i < count ? given[i] : 1;
        rates[i] = rate > threshold ? rate : 0;
    }
    return count >= 0;
}

static bool read_rates(const LkJob *job, LkNetworkOptions *o, const char **wrong, char **expected)
{
    double threshold = job->block_lr_zero_threshold, middle = job->mid_lr_weight;
    *wrong = !read_side(job->down_lr_weight, threshold, o->block_rates)                           ? "down_lr_weight"
             : !read_side(job->up_lr_weight, threshold, o->block_rates + LK_BLOCKS_OF_A_SIDE + 1) ? "up_lr_weight"
                                                                                                  : NULL;
    o->block_rates[LK_BLOCKS_OF_A_SIDE] = middle > threshold ? middle : 0;
    if (*wrong != NULL) {
        *expected = g_strdup_printf(_("at most %d numbers with commas between, or one of cosine, sine, linear, "
                                      "reverse_linear and zeros, which “+0.1” raises"),
                                    LK_BLOCKS_OF_A_SIDE);
    }
    return *wrong == NULL;
}

/* A list of one number a block; all are `fallback` where it is not given. */
static bool read_list(const char *key, const char *text, double fallback, double *out, const char **wrong,
                      char **expected)
{
    for (int i = 0; i < LK_BLOCKS; i++) {
        out[i] = fallback;
    }
    if (text == NULL || read_numbers(text, out, LK_BLOCKS) == LK_BLOCKS) {
        return true;
    }
    *wrong = key;
    *expected =
        g_strdup_printf(_("%d numbers with commas between, one for each block: 12 down, the middle, 12 up"), LK_BLOCKS);
    return false;
}

static int whole_dim(double dim)
{
    return (int)MIN(dim, 8192);
}

bool lk_network_blocks_resolve(const LkJob *job, LkNetworkOptions *o, const char **wrong, char **expected)
{
    bool rates = job->down_lr_weight != NULL || job->up_lr_weight != NULL || lk_job_is_given(job, "mid_lr_weight");
    o->by_block = job->block_dims != NULL || rates;
    if (!o->by_block) {
        *wrong = job->block_alphas != NULL        ? "block_alphas"
                 : job->conv_block_dims != NULL   ? "conv_block_dims"
                 : job->conv_block_alphas != NULL ? "conv_block_alphas"
                                                  : NULL;
        *expected = *wrong != NULL ? g_strdup(_("left out, or given together with block_dims")) : NULL;
        return *wrong == NULL;
    }
    double dims[LK_BLOCKS], conv_dims[LK_BLOCKS];
    double alpha = job->network_alpha, conv_alpha = job->conv_alpha;
    if (!read_rates(job, o, wrong, expected) ||
        !read_list("block_dims", job->block_dims, job->network_dim, dims, wrong, expected) ||
        !read_list("block_alphas", job->block_alphas, alpha, o->block_alphas, wrong, expected) ||
        !read_list("conv_block_dims", job->conv_block_dims, o->conv_dim, conv_dims, wrong, expected) ||
        !read_list("conv_block_alphas", job->conv_block_alphas, conv_alpha, o->conv_block_alphas, wrong, expected)) {
        return false;
    }
    for (int i = 0; i < LK_BLOCKS; i++) {
        bool trained = !rates || o->block_rates[i] > 0; /* a block without learning rate gets no module */
        o->block_dims[i] = trained ? whole_dim(dims[i]) : 0;
        o->conv_block_dims[i] = trained ? whole_dim(conv_dims[i]) : 0;
        o->block_alphas[i] = o->block_alphas[i] != 0 ? o->block_alphas[i] : o->block_dims[i];
        o->conv_block_alphas[i] = o->conv_block_alphas[i] != 0 ? o->conv_block_alphas[i] : o->conv_block_dims[i];
        o->block_rates[i] = rates ? o->block_rates[i] : 1;
        o->conv_dim = MAX(o->conv_dim, o->conv_block_dims[i]);
    }
    return true;
}

int lk_network_block_of(const char *name)
{
    int level = 0, index = 0;
    const char *down = strstr(name, "unet_down_blocks_"), *up = strstr(name, "unet_up_blocks_");
    if (strstr(name, "unet_mid_block_") != NULL) {
        return LK_BLOCKS_OF_A_SIDE;
    }
    const char *at = down != NULL ? strchr(down + strlen("unet_down_blocks_"), '_')
                     : up != NULL ? strchr(up + strlen("unet_up_blocks_"), '_')
                                  : NULL;
    if (at == NULL ||
        sscanf(down != NULL ? down + strlen("unet_down_blocks_") : up + strlen("unet_up_blocks_"), "%d", &level) != 1) {
        return -1;
    }
    bool sampler = g_str_has_prefix(at, "_downsamplers_") || g_str_has_prefix(at, "_upsamplers_");
    const char *number = strchr(at + 1, '_');
    if (!sampler && (number == NULL || sscanf(number + 1, "%d", &index) != 1)) {
        return -1;
    }
    int within = 3 * level + (sampler ? 2 : index);
    return down != NULL ? 1 + within : LK_BLOCKS_OF_A_SIDE + 1 + within;
}
