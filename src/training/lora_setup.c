#include "training/lora_setup.h"

#include "backend/weight_reader.h"
#include "base/memory.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

LkLoraFamily lk_lora_family_of(const LkModelArch *arch)
{
    return strcmp(arch->family, "sdxl") == 0  ? LK_LORA_SDXL
           : strcmp(arch->family, "sd2") == 0 ? LK_LORA_SD2
                                              : LK_LORA_SD1;
}

LkLoraShape lk_lora_shape_of(const LkModelArch *arch)
{
    LkLoraShape shape = {.levels = arch->unet.levels,
                         .layers_per_block = arch->unet.layers_per_block,
                         .middle_depth = arch->unet.mid_depth,
                         .texts = arch->n_texts};
    for (int i = 0; i < arch->n_texts; i++)
        shape.text_layers[i] = (int)arch->texts[i].layers;
    for (int i = 0; i < arch->unet.levels; i++) {
        shape.attention[i] = arch->unet.attention[i];
        shape.depth[i] = arch->unet.depth[i];
        shape.channels[i] = arch->unet.channels[i];
    }
    return shape;
}

/** The layer of a site in the checkpoint. Text encoders have CLIP's names there, as diffusers gives them. Free with
 * g_free. */
static char *layer_of(const LkModelArch *arch, const LkLoraSite *site)
{
    int layers = arch->unet.layers_per_block, part;
    LkLoraFamily family = lk_lora_family_of(arch);
    if (site->side != LK_SIDE_TEXT)
        return lk_lora_site_layer(site, family, layers, &part);
    g_autofree char *name = lk_lora_site_name(site, family, LK_LAYOUT_DIFFUSERS, layers);
    return g_strconcat(arch->texts[site->text].prefix, strstr(name, "encoder.layers."), NULL);
}

/** Dim, alpha and learning rate of a module's block of the U-Net. */
static void take_block(const LkLoraPlan *plan, const char *name, bool wide, LkLoraModule *module)
{
    const LkNetworkBlocks *blocks = plan->by_block;
    int block = module->side == LK_GROUP_UNET ? lk_network_block_of(name, plan->layout) : -1;
    if (block < 0)
        return;
    module->shape.dim = wide ? blocks->conv_dims[block] : blocks->dims[block];
    module->shape.alpha = (float)(wide ? blocks->conv_alphas[block] : blocks->alphas[block]);
    module->rate = blocks->rates[block];
}

/** What the module of a site is made of: as in the file that it is like, or as planned. False: the site gets none. */
static bool plan_module(const LkLoraPlan *plan, const LkLoraSite *site, const LkTensorView *weight,
                        LkLoraModule *module)
{
    const LkLoraWeights *like = plan->like ? lk_lora_file_find(plan->like, site) : NULL;
    bool wide = weight->rank == 4 && weight->shape[2] > 1;
    LkAdapterShape *shape = &module->shape;
    *shape = (LkAdapterShape){.algo = plan->algo,
                              .dora = plan->dora,
                              .in = weight->shape[1],
                              .out = weight->shape[0],
                              .kernel = wide ? (int)weight->shape[2] : 1,
                              .convolution = weight->rank == 4,
                              .dim = wide ? plan->conv_dim : plan->dim,
                              .alpha = wide ? plan->conv_alpha : plan->alpha};
    module->plus_rate = module->side == LK_GROUP_UNET ? plan->plus_unet : plan->plus_text;
    if (plan->by_block)
        take_block(plan, module->name, wide, module);
    if (plan->like) {
        *shape = like ? like->shape : (LkAdapterShape){0};
        return like != NULL;
    }
    if (shape->dim > 0 && shape->algo == LK_ALGO_LOKR)
        lk_adapter_shape_lokr(shape, plan->factor ? plan->factor : -1, plan->decompose_both, plan->full_matrix);
    if (shape->algo == LK_ALGO_LOKR && shape->left_whole && shape->right_whole)
        shape->alpha = (float)shape->dim; /* as LyCORIS: there is no rank to scale by */
    return shape->dim > 0;
}

/** Adds the module of one site. */
static bool add_site(LkLora *lora, const LkCheckpoint *checkpoint, const LkLoraSite *site, const LkLoraPlan *plan,
                     GError **error)
{
    const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
    if (plan->like && !lk_lora_file_find(plan->like, site))
        return true;
    g_autofree char *name =
        lk_lora_site_name(site, lk_lora_family_of(arch), LK_LAYOUT_KOHYA, arch->unet.layers_per_block);
    g_autofree char *layer = layer_of(arch, site);
    g_autofree char *weight = g_strconcat(layer, ".weight", NULL);
    const LkTensorView *view = lk_checkpoint_find(checkpoint, weight);
    if (!view || view->rank < 2)
        return lk_set_error(error, LK_ERROR_FORMAT, _("The base model '%s' has no tensor '%s', which a LoRA adapts."),
                            lk_checkpoint_path(checkpoint), weight);
    LkLoraModule module = {.name = name, .layer = layer};
    module.side = site->side == LK_SIDE_TEXT ? LK_GROUP_TEXT + site->text : LK_GROUP_UNET;
    if (!plan_module(plan, site, view, &module))
        return true;
    return lk_lora_add(lora, &module) ||
           lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the LoRA's modules."));
}

LkLora *lk_lora_for_model(const LkCheckpoint *checkpoint, const LkLoraPlan *plan, GError **error)
{
    LkLoraShape shape = lk_lora_shape_of(lk_checkpoint_arch(checkpoint));
    g_autoptr(GArray) sites = lk_lora_sites(&shape, plan->conv_dim > 0 || plan->like);
    if (sites && (plan->time_embedding || plan->like))
        lk_lora_add_frame_sites(sites);
    LkLora *lora = lk_lora_new();
    bool ok = (sites && lora) ||
              lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the LoRA's modules."));
    for (guint i = 0; ok && i < sites->len; i++) {
        const LkLoraSite *site = &g_array_index(sites, LkLoraSite, i);
        bool end = site->side == LK_SIDE_FRAME && lk_lora_site_kind(site, false) == LK_LORA_CONV;
        if (end && !plan->ends && !plan->like)
            continue;
        if (site->side == LK_SIDE_TEXT ? plan->text && !plan->no_text[site->text] : plan->unet)
            ok = add_site(lora, checkpoint, site, plan, error);
    }
    if (ok && lk_lora_count(lora) == 0)
        ok = lk_set_error(error, LK_ERROR_USAGE,
                          _("There is nothing to train: neither the U-Net nor the text encoder has a LoRA module."));
    if (!ok) {
        lk_lora_free(lora);
        return NULL;
    }
    return lora;
}

LkLora *lk_lora_for_job(const LkJob *job, const LkCheckpoint *checkpoint, LkLoraFile **weights, GError **error)
{
    *weights = NULL;
    if (job->network_weights) {
        *weights = lk_lora_file_read(job->network_weights, error);
        if (!*weights)
            return NULL;
    }
    const LkNetworkOptions *network = &job->network;
    bool is_xl = lk_lora_family_of(lk_checkpoint_arch(checkpoint)) == LK_LORA_SDXL;
    LkBlockLayout layout = is_xl ? LK_BLOCKS_XL : LK_BLOCKS_SD;
    const LkNetworkBlocks *blocks = network->by_block ? &network->blocks[layout] : NULL;
    if (blocks && blocks->wrong) {
        g_autofree char *expected = lk_network_blocks_expected(blocks->wrong);
        g_clear_pointer(weights, lk_lora_file_free);
        lk_set_error(error, LK_ERROR_USAGE, _("%s does not fit the base model, which is %s: it must be %s."),
                     blocks->wrong, is_xl ? "Stable Diffusion XL" : "Stable Diffusion 1.x / 2.x", expected);
        return NULL;
    }
    LkLoraPlan plan = {.text = lk_job_trains_text_encoder(job),
                       .no_text = {!lk_job_trains_text(job, 0), !lk_job_trains_text(job, 1)},
                       .unet = lk_job_trains_unet(job),
                       .algo = network->algo,
                       .dora = network->dora,
                       .dim = job->network_dim,
                       .alpha = (float)network->alpha,
                       .conv_dim = blocks ? blocks->conv_dim : network->conv_dim,
                       .conv_alpha = (float)network->conv_alpha,
                       .time_embedding = network->time_embedding && !is_xl,
                       .ends = network->ends,
                       .factor = network->factor,
                       .decompose_both = network->decompose_both,
                       .full_matrix = network->full_matrix,
                       .plus_unet = network->plus_unet,
                       .plus_text = network->plus_text,
                       .by_block = blocks,
                       .layout = layout,
                       .like = job->dim_from_weights ? *weights : NULL};
    LkLora *lora = lk_lora_for_model(checkpoint, &plan, error);
    if (!lora)
        g_clear_pointer(weights, lk_lora_file_free);
    return lora;
}

/** The norm of a row of numbers. */
static float norm_of(const float *row, int64_t width)
{
    double sum = 0;
    for (int64_t i = 0; i < width; i++)
        sum += (double)row[i] * (double)row[i];
    return (float)sqrt(sum);
}

/** The norms of `rows` rows of a weight, of which some are read at once. */
static bool norms_of(const LkWeightReader *reader, int64_t rows, float *norms, LkError *error)
{
    enum { AT_ONCE = 1 << 16 };
    static const LkFileDType types[] = {[LK_F32] = LK_FILE_F32, [LK_F16] = LK_FILE_F16, [LK_BF16] = LK_FILE_BF16};
    const int64_t width = reader->weight.count / rows, most = MAX(AT_ONCE / width, 1);
    float *numbers = lk_memory_new((size_t)(most * width), 2 * sizeof *numbers, error);
    float *raw = numbers ? numbers + most * width : NULL;
    bool ok = numbers != NULL;
    for (int64_t first = 0; ok && first < rows; first += most) {
        const int64_t n = MIN(most, rows - first);
        ok = lk_weight_reader_get(reader, first * width, n * width, raw, error);
        if (ok)
            lk_dtype_to_f32(types[reader->weight.dtype], raw, numbers, (size_t)(n * width));
        for (int64_t r = 0; ok && r < n; r++)
            norms[first + r] = norm_of(numbers + r * width, width);
    }
    free(numbers);
    return ok;
}

/** Norms of a weight's rows, with what is merged into it. */
static bool row_norms(LkCheckpoint *checkpoint, const LkLoraModule *m, const char *weight, float *norms, GError **error)
{
    LkWeightSource source = lk_checkpoint_source(checkpoint);
    LkWeightReader reader;
    LkError problem = {0};
    const int64_t count = m->shape.in * m->shape.out * m->shape.kernel * m->shape.kernel;
    if (!lk_weight_reader_open(&reader, &source, weight, count, &problem))
        return lk_gerror_take(error, &problem);
    bool ok = norms_of(&reader, m->shape.out, norms, &problem);
    lk_weight_reader_close(&reader);
    return ok || lk_gerror_take(error, &problem);
}

bool lk_lora_set_magnitudes(const LkLora *lora, LkCheckpoint *checkpoint, float *state, GError **error)
{
    bool ok = true;
    for (int i = 0; ok && i < lk_lora_count(lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        g_autofree char *weight = g_strconcat(m->layer, ".weight", NULL);
        if (m->shape.dora)
            ok = row_norms(checkpoint, m, weight, state + m->at[lk_adapter_part(&m->shape, LK_PART_MAGNITUDE)], error);
    }
    return ok;
}
