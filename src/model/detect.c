#include "model/detect.h"

#include "format/gerror.h"
#include "model/builder.h"

#include <glib/gi18n.h>
#include <yyjson.h>

#define UNET "model.diffusion_model."

/** One dimension of a tensor; 0 where there is no such tensor or dimension. */
static int64_t dim(const LkCheckpoint *checkpoint, int axis, const char *name)
{
    const LkTensorView *view = lk_checkpoint_find(checkpoint, name);
    return view && axis < view->rank ? view->shape[axis] : 0;
}

/** How many blocks PREFIX0., PREFIX1. … exist. Any tensor of a block counts: where one is missing, building the model
 * says which. */
static int count_blocks(const LkCheckpoint *checkpoint, const char *prefix)
{
    int count = 0;
    while (count < 256 && lk_checkpoint_has(checkpoint, lk_name("%s%d.*", prefix, count).text))
        count++;
    return count;
}

/** Whether the tensors at `prefix` have OpenCLIP's names in the file. */
static bool is_openclip(const LkCheckpoint *checkpoint, const char *prefix)
{
    LkName name = lk_name("%sfinal_layer_norm.weight", prefix);
    const LkTensorView *view = lk_checkpoint_find(checkpoint, name.text);
    return view && g_str_has_suffix(view->name, "ln_final.weight");
}

static void detect_text(const LkCheckpoint *checkpoint, const LkFamilyText *known, LkTextArch *text)
{
    *text = (LkTextArch){.quick_gelu = known->quick_gelu,
                         .last_but_one = known->last_but_one,
                         .norm_eps = 1e-5f,
                         .pad_id = known->pad_id};
    g_strlcpy(text->prefix, known->prefix, sizeof text->prefix);
    text->vocabulary = dim(checkpoint, 0, lk_name("%sembeddings.token_embedding.weight", text->prefix).text);
    text->width = dim(checkpoint, 1, lk_name("%sembeddings.token_embedding.weight", text->prefix).text);
    text->positions = dim(checkpoint, 0, lk_name("%sembeddings.position_embedding.weight", text->prefix).text);
    text->layers = count_blocks(checkpoint, lk_name("%sencoder.layers.", text->prefix).text);
    text->heads = text->width / 64;
    if (known->openclip_spare && is_openclip(checkpoint, text->prefix))
        text->layers--;
    if (known->pooled) {
        int root = (int)(strlen(text->prefix) - strlen("text_model."));
        int64_t linear = dim(checkpoint, 0, lk_name("%.*stext_projection.weight", root, text->prefix).text);
        text->projection =
            linear ? linear : dim(checkpoint, 1, lk_name("%.*stext_projection", root, text->prefix).text);
    }
}

/** The last dimension of the text states that a transformer at `block` attends to; its depth in *depth. */
static int64_t detect_transformer(const LkCheckpoint *checkpoint, const char *block, int *depth)
{
    *depth = count_blocks(checkpoint, lk_name("%s.transformer_blocks.", block).text);
    return dim(checkpoint, 1, lk_name("%s.transformer_blocks.0.attn2.to_k.weight", block).text);
}

static void detect_unet(const LkCheckpoint *checkpoint, const LkFamily *family, LkUnetArch *unet)
{
    *unet = (LkUnetArch){
        .levels = 1, .groups = 32, .norm_eps = 1e-5f, .transformer_norm_eps = 1e-6f, .layer_norm_eps = 1e-5f};
    unet->in_channels = dim(checkpoint, 1, UNET "input_blocks.0.0.weight");
    unet->out_channels = dim(checkpoint, 0, UNET "out.2.weight");
    int layers = 0;
    for (int i = 1; i < 64; i++) {
        LkName block = lk_name(UNET "input_blocks.%d", i);
        if (lk_checkpoint_has(checkpoint, lk_name("%s.0.op.*", block.text).text)) {
            if (unet->levels == LK_MAX_LEVELS)
                break;
            unet->levels++;
            layers = 0;
            continue;
        }
        if (!lk_checkpoint_has(checkpoint, lk_name("%s.*", block.text).text))
            break;
        int level = unet->levels - 1;
        int64_t width = dim(checkpoint, 0, lk_name("%s.0.out_layers.3.weight", block.text).text);
        unet->channels[level] = width ? width : unet->channels[level];
        layers++;
        unet->layers_per_block = MAX(unet->layers_per_block, layers);
        int64_t context = detect_transformer(checkpoint, lk_name("%s.1", block.text).text, &unet->depth[level]);
        unet->attention[level] = unet->depth[level] > 0;
        unet->context = context ? context : unet->context;
    }
    detect_transformer(checkpoint, UNET "middle_block.1", &unet->mid_depth);
    const LkTensorView *projection = lk_checkpoint_find(checkpoint, UNET "middle_block.1.proj_in.weight");
    unet->linear_projection = projection && projection->rank == 2;
    for (int i = 0; i < unet->levels; i++)
        unet->heads[i] = family->heads ? family->heads : unet->channels[i] / family->head_width;
}

/** The width of what is added to the time embedding, and of each size in it. */
static void detect_added(const LkCheckpoint *checkpoint, LkModelArch *arch)
{
    arch->unet.added = dim(checkpoint, 1, UNET "label_emb.0.0.weight");
    arch->unet.size_features = (arch->unet.added - lk_arch_pooled(arch)) / LK_SIZE_COUNT;
}

static void detect_vae(const LkCheckpoint *checkpoint, const LkFamily *family, LkVaeArch *vae)
{
    const char *down = "first_stage_model.encoder.down.";
    *vae = (LkVaeArch){.groups = 32, .norm_eps = 1e-6f, .scale = family->vae_scale};
    vae->levels = MIN(count_blocks(checkpoint, down), LK_MAX_LEVELS);
    for (int i = 0; i < vae->levels; i++)
        vae->channels[i] = dim(checkpoint, 0, lk_name("%s%d.block.0.conv1.weight", down, i).text);
    vae->layers_per_block = count_blocks(checkpoint, lk_name("%s0.block.", down).text);
    vae->latent_channels = dim(checkpoint, 0, "first_stage_model.quant_conv.weight") / 2;
}

static void read_int(yyjson_val *object, const char *key, int *value)
{
    yyjson_val *found = yyjson_obj_get(object, key);
    if (yyjson_is_int(found) && yyjson_get_sint(found) > 0 && yyjson_get_sint(found) < 1 << 20)
        *value = (int)yyjson_get_sint(found);
}

static void read_float(yyjson_val *object, const char *key, float *value)
{
    yyjson_val *found = yyjson_obj_get(object, key);
    if (yyjson_is_num(found) && yyjson_get_num(found) > 0)
        *value = (float)yyjson_get_num(found);
}

static void apply_text_facts(yyjson_val *facts, yyjson_val *root, LkTextArch *text)
{
    int heads = (int)text->heads, layers = (int)text->layers;
    read_float(root, "layer_norm_eps", &text->norm_eps);
    read_int(facts, "heads", &heads);
    read_int(facts, "layers", &layers);
    text->heads = heads;
    text->layers = MIN(layers, text->layers);
}

/** Takes what the file itself says over the family's known values. */
static bool apply_facts(const LkCheckpoint *checkpoint, const char *facts, LkModelArch *arch, GError **error)
{
    yyjson_doc *doc = yyjson_read(facts, strlen(facts), 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root)) {
        yyjson_doc_free(doc);
        return lk_set_error(error, LK_ERROR_FORMAT, _("The metadata 'lorikeet.arch' of '%s' is not a JSON object."),
                            lk_checkpoint_path(checkpoint));
    }
    read_int(root, "groups", &arch->unet.groups);
    read_int(root, "vae_groups", &arch->vae.groups);
    read_float(root, "vae_scale", &arch->vae.scale);
    read_float(root, "unet_norm_eps", &arch->unet.norm_eps);
    read_float(root, "transformer_norm_eps", &arch->unet.transformer_norm_eps);
    read_float(root, "vae_norm_eps", &arch->vae.norm_eps);
    read_float(root, "layer_norm_eps", &arch->unet.layer_norm_eps);
    yyjson_val *heads = yyjson_obj_get(root, "heads");
    for (int i = 0; i < arch->unet.levels; i++) {
        yyjson_val *value = yyjson_arr_get(heads, (size_t)i);
        if (yyjson_is_int(value) && yyjson_get_sint(value) > 0)
            arch->unet.heads[i] = yyjson_get_sint(value);
    }
    for (int i = 0; i < arch->n_texts; i++)
        apply_text_facts(yyjson_arr_get(yyjson_obj_get(root, "texts"), (size_t)i), root, &arch->texts[i]);
    yyjson_doc_free(doc);
    return true;
}

enum { CLIP_VOCABULARY = 49408 };

/** What is wrong with the text encoders, or NULL. */
static const char *check_texts(const LkModelArch *arch)
{
    for (int i = 0; i < arch->n_texts; i++) {
        const LkTextArch *t = &arch->texts[i];
        if (t->layers < 1 || t->positions != 77 || t->width < 1 || t->heads < 1 || t->width % t->heads != 0)
            return _("its text encoder is not a CLIP encoder for 77 tokens with known heads");
        if (t->vocabulary < CLIP_VOCABULARY)
            return _("its text encoder's table is smaller than CLIP's vocabulary of 49408 tokens");
    }
    const LkUnetArch *u = &arch->unet;
    int64_t pooled = lk_arch_pooled(arch), sizes = LK_SIZE_COUNT * u->size_features;
    bool added = u->added == 0 ? pooled == 0
                               : pooled > 0 && sizes > 0 && u->size_features % 2 == 0 && u->added == pooled + sizes;
    return u->context == lk_arch_context(arch) && added ? NULL
                                                        : _("its U-Net and its text encoder do not belong together");
}

/** Whether everything that was detected makes sense. */
static bool check(const LkCheckpoint *checkpoint, const LkModelArch *arch, GError **error)
{
    const LkUnetArch *u = &arch->unet;
    const LkVaeArch *v = &arch->vae;
    const char *wrong = NULL;
    if (u->in_channels != 4 || u->out_channels != 4)
        wrong = _("its U-Net does not work on four latent channels");
    else if (u->layers_per_block < 1 || !u->channels[0])
        wrong = _("its U-Net is not complete");
    else
        wrong = check_texts(arch);
    if (!wrong && (v->levels < 1 || v->latent_channels != 4))
        wrong = _("its VAE is missing or not complete");
    for (int i = 0; i < u->levels && !wrong; i++)
        if (u->channels[i] % u->groups != 0 ||
            (u->attention[i] && (u->heads[i] < 1 || u->channels[i] % u->heads[i] != 0)))
            wrong = _("its U-Net's widths cannot be divided into the family's heads and groups, and it has no "
                      "'lorikeet.arch' metadata that tells its own");
    for (int i = 0; i < v->levels && !wrong; i++)
        if (v->channels[i] % v->groups != 0)
            wrong = _("its VAE's widths cannot be divided into groups");
    return !wrong || lk_set_error(error, LK_ERROR_UNSUPPORTED, _("The base model '%s' cannot be used: %s."),
                                  lk_checkpoint_path(checkpoint), wrong);
}

bool lk_detect_arch(const LkCheckpoint *checkpoint, const LkFamily *family, const char *facts, LkModelArch *arch,
                    GError **error)
{
    *arch = (LkModelArch){.family = family->name, .base_name = family->base_name, .text_root = family->text_root};
    while (arch->n_texts < LK_MAX_TEXTS && family->texts[arch->n_texts].prefix) {
        detect_text(checkpoint, &family->texts[arch->n_texts], &arch->texts[arch->n_texts]);
        arch->n_texts++;
    }
    detect_unet(checkpoint, family, &arch->unet);
    detect_added(checkpoint, arch);
    detect_vae(checkpoint, family, &arch->vae);
    if (facts && !apply_facts(checkpoint, facts, arch, error))
        return false;
    return check(checkpoint, arch, error);
}
