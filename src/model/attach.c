#include "model/attach.h"

#include <stdio.h>

typedef struct Walk {
    const LkCheckpoint *checkpoint;
    GArray *points;
    LkDiffusersShape shape;
} Walk;

/** Adds one layer if the checkpoint has it. */
static void add(Walk *walk, LkPart part, LkName layer, LkName path)
{
    const LkTensorView *view = lk_checkpoint_find(walk->checkpoint, lk_name("%s.weight", layer.text).text);
    if (!view || view->rank < 2)
        return;
    LkAttachPoint point = {.part = part,
                           .layer = layer,
                           .path = path,
                           .in = view->shape[1],
                           .out = view->shape[0],
                           .convolution = view->rank == 4};
    g_array_append_val(walk->points, point);
}

static void add_text(Walk *walk, const LkTextArch *text)
{
    static const char *const layers[] = {"self_attn.k_proj",   "self_attn.v_proj", "self_attn.q_proj",
                                         "self_attn.out_proj", "mlp.fc1",          "mlp.fc2"};
    for (int64_t i = 0; i < text->layers; i++)
        for (size_t k = 0; k < G_N_ELEMENTS(layers); k++) {
            LkName path = lk_name("encoder.layers.%lld.%s", (long long)i, layers[k]);
            add(walk, LK_PART_TEXT, lk_name("%s%s", text->prefix, path.text), path);
        }
}

/** The layers of one spatial transformer, given its name in diffusers. */
static void add_transformer(Walk *walk, LkName name, int depth)
{
    static const char *const layers[] = {"attn1.to_q", "attn1.to_k", "attn1.to_v",    "attn1.to_out.0", "attn2.to_q",
                                         "attn2.to_k", "attn2.to_v", "attn2.to_out.0", "ff.net.0.proj",  "ff.net.2"};
    /* The translation works on tensors' names, so it is given one and the layer's name is cut off again. */
    LkName ldm = lk_diffusers_to_ldm(LK_PART_UNET, &walk->shape, lk_name("%s.", name.text).text);
    add(walk, LK_PART_UNET, lk_name("%sproj_in", ldm.text), lk_name("%s.proj_in", name.text));
    for (int i = 0; i < depth; i++)
        for (size_t k = 0; k < G_N_ELEMENTS(layers); k++)
            add(walk, LK_PART_UNET, lk_name("%stransformer_blocks.%d.%s", ldm.text, i, layers[k]),
                lk_name("%s.transformer_blocks.%d.%s", name.text, i, layers[k]));
    add(walk, LK_PART_UNET, lk_name("%sproj_out", ldm.text), lk_name("%s.proj_out", name.text));
}

static void add_unet(Walk *walk, const LkUnetArch *unet)
{
    for (int level = 0; level < unet->levels; level++)
        for (int i = 0; i < unet->layers_per_block && unet->attention[level]; i++)
            add_transformer(walk, lk_name("down_blocks.%d.attentions.%d", level, i), unet->depth[level]);
    for (int block = 0; block < unet->levels; block++) {
        int level = unet->levels - 1 - block;
        for (int i = 0; i <= unet->layers_per_block && unet->attention[level]; i++)
            add_transformer(walk, lk_name("up_blocks.%d.attentions.%d", block, i), unet->depth[level]);
    }
    add_transformer(walk, lk_name("mid_block.attentions.0"), unet->mid_depth);
}

GArray *lk_attach_points(const LkCheckpoint *checkpoint, bool text, bool unet)
{
    const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
    Walk walk = {.checkpoint = checkpoint,
                 .points = g_array_new(FALSE, FALSE, sizeof(LkAttachPoint)),
                 .shape = {.levels = arch->unet.levels, .layers_per_block = arch->unet.layers_per_block}};
    if (text)
        add_text(&walk, &arch->text);
    if (unet)
        add_unet(&walk, &arch->unet);
    return walk.points;
}
