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

/* How sd-scripts counts the blocks of a U-Net. SDXL's list begins with the time and label embedding and ends with the
 * last layer; what has a rate of its own lies between. */
static const struct {
    int count, side, middle, first;
} layouts[LK_BLOCK_LAYOUTS] = {[LK_BLOCKS_SD] = {25, 12, 1, 0}, [LK_BLOCKS_XL] = {23, 9, 3, 1}};

/* A named curve over the blocks of a side, "cosine+0.1"; false where it is none. */
static bool read_curve(const char *text, double *out, int side)
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
    for (int i = 0; i < side; i++) {
        double x = (double)(cosine || reverse ? side - 1 - i : i) / (side - 1);
        out[i] = base + (zeros ? 0 : cosine || sine ? sin(G_PI * x / 2) : x);
    }
    return true;
}

/* Rates of `most` blocks, those that are not named have 1, rates up to the threshold are 0. */
static bool read_rates_of(const char *text, bool curves, double threshold, int most, double *rates)
{
    double given[LK_MOST_BLOCKS];
    int count = text == NULL ? 0 : most;
    if (text != NULL && !(curves && read_curve(text, given, most))) {
        count = read_numbers(text, given, most);
    }
    for (int i = 0; i < most; i++) {
        double rate = i < count ? given[i] : 1;
        rates[i] = rate > threshold ? rate : 0;
    }
    return count >= 0;
}

static bool has_rates(const LkJob *job)
{
    return job->down_lr_weight != NULL || job->up_lr_weight != NULL || lk_job_is_given(job, "mid_lr_weight");
}

/* The key that does not fit, or NULL. */
static const char *read_rates(const LkJob *job, LkBlockLayout layout, double *rates)
{
    const int side = layouts[layout].side, middle = layouts[layout].middle, count = layouts[layout].count;
    const double threshold = job->block_lr_zero_threshold;
    double *down = rates + layouts[layout].first;
    for (int i = 0; i < count; i++) {
        rates[i] = 1;
    }
    const char *mid = lk_job_is_given(job, "mid_lr_weight") ? job->mid_lr_weight : NULL;
    return !read_rates_of(job->down_lr_weight, true, threshold, side, down)                 ? "down_lr_weight"
           : !read_rates_of(mid, false, threshold, middle, down + side)                     ? "mid_lr_weight"
           : !read_rates_of(job->up_lr_weight, true, threshold, side, down + side + middle) ? "up_lr_weight"
                                                                                            : NULL;
}

/* A list of one number a block; all are `fallback` where it is not given. */
static bool read_list(const char *text, double fallback, LkBlockLayout layout, double *out)
{
    for (int i = 0; i < LK_MOST_BLOCKS; i++) {
        out[i] = fallback;
    }
    return text == NULL || read_numbers(text, out, layouts[layout].count) == layouts[layout].count;
}

static int whole_dim(double dim)
{
    return (int)MIN(dim, 8192);
}

static void resolve(const LkJob *job, const LkNetworkOptions *o, LkBlockLayout layout, LkNetworkBlocks *blocks)
{
    double dims[LK_MOST_BLOCKS], conv_dims[LK_MOST_BLOCKS];
    *blocks = (LkNetworkBlocks){.conv_dim = o->conv_dim};
    const char *rate = read_rates(job, layout, blocks->rates);
    blocks->wrong = rate != NULL                                                                ? rate
                    : !read_list(job->block_dims, job->network_dim, layout, dims)               ? "block_dims"
                    : !read_list(job->block_alphas, job->network_alpha, layout, blocks->alphas) ? "block_alphas"
                    : !read_list(job->conv_block_dims, o->conv_dim, layout, conv_dims)          ? "conv_block_dims"
                    : !read_list(job->conv_block_alphas, job->conv_alpha, layout, blocks->conv_alphas)
                        ? "conv_block_alphas"
                        : NULL;
    for (int i = 0; i < layouts[layout].count && blocks->wrong == NULL; i++) {
        bool trained = blocks->rates[i] > 0; /* a block without learning rate gets no module */
        blocks->dims[i] = trained ? whole_dim(dims[i]) : 0;
        blocks->conv_dims[i] = trained ? whole_dim(conv_dims[i]) : 0;
        blocks->alphas[i] = blocks->alphas[i] != 0 ? blocks->alphas[i] : blocks->dims[i];
        blocks->conv_alphas[i] = blocks->conv_alphas[i] != 0 ? blocks->conv_alphas[i] : blocks->conv_dims[i];
        blocks->conv_dim = MAX(blocks->conv_dim, blocks->conv_dims[i]);
    }
}

char *lk_network_blocks_expected(const char *key)
{
    if (g_str_has_prefix(key, "mid_")) {
        return g_strdup(_("one number (for Stable Diffusion XL up to three with commas between)"));
    }
    return g_strdup(
        g_str_has_suffix(key, "lr_weight")
            ? _("at most 12 numbers with commas between (9 for Stable Diffusion XL), or one of cosine, sine, "
                "linear, reverse_linear and zeros, which “+0.1” raises")
            : _("25 numbers with commas between, one for each block: 12 down, the middle, 12 up; for Stable "
                "Diffusion XL 23: the embeddings, 9 down, 3 in the middle, 9 up, the last layer"));
}

bool lk_network_blocks_resolve(const LkJob *job, LkNetworkOptions *o, const char **wrong, char **problem)
{
    o->by_block = job->block_dims != NULL || has_rates(job);
    if (!o->by_block) {
        *wrong = job->block_alphas != NULL        ? "block_alphas"
                 : job->conv_block_dims != NULL   ? "conv_block_dims"
                 : job->conv_block_alphas != NULL ? "conv_block_alphas"
                                                  : NULL;
        if (*wrong != NULL) {
            *problem = g_strdup_printf(_("%s must be left out, or given together with block_dims."), *wrong);
        }
        return *wrong == NULL;
    }
    for (int layout = 0; layout < LK_BLOCK_LAYOUTS; layout++) {
        resolve(job, o, (LkBlockLayout)layout, &o->blocks[layout]);
    }
    const char *of_sd = o->blocks[LK_BLOCKS_SD].wrong, *of_xl = o->blocks[LK_BLOCKS_XL].wrong;
    if (of_sd == NULL || of_xl == NULL) {
        return true; /* which of them the base model is shows when it is read */
    }
    g_autofree char *expected = lk_network_blocks_expected(of_sd);
    *wrong = of_sd;
    *problem =
        strcmp(of_sd, of_xl) == 0
            ? g_strdup_printf(_("%s must be %s."), of_sd, expected)
            : g_strdup_printf(_("%s does not go with %s: all lists by block must be of one kind of base model. It "
                                "must be %s."),
                              of_sd, of_xl, expected);
    return false;
}

/* In diffusers' names, which LoRAs of SD 1.x and 2.x have. */
static int block_of_sd(const char *name)
{
    const int side = layouts[LK_BLOCKS_SD].side;
    int level = 0, index = 0;
    const char *down = strstr(name, "unet_down_blocks_"), *up = strstr(name, "unet_up_blocks_");
    if (strstr(name, "unet_mid_block_") != NULL) {
        return side;
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
    return down != NULL ? 1 + within : side + 1 + within;
}

/* In the checkpoint's own names, which LoRAs of SDXL have. */
static int block_of_xl(const char *name)
{
    static const struct {
        const char *start;
        int first;
        bool numbered;
    } rows[] = {{"time_embed_", 0, false},   {"label_emb_", 0, false},     {"input_blocks_", 1, true},
                {"middle_block_", 10, true}, {"output_blocks_", 13, true}, {"out_", 22, false}};
    const char *at = strstr(name, "unet_");
    at = at != NULL ? at + strlen("unet_") : "";
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        int number = 0;
        if (g_str_has_prefix(at, rows[i].start) &&
            (!rows[i].numbered || sscanf(at + strlen(rows[i].start), "%d", &number) == 1)) {
            return rows[i].first + number;
        }
    }
    return -1;
}

int lk_network_block_of(const char *name, LkBlockLayout layout)
{
    int block = layout == LK_BLOCKS_XL ? block_of_xl(name) : block_of_sd(name);
    return block < layouts[layout].count ? block : -1;
}
