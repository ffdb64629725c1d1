#include "model/family.h"

#include "format/gerror.h"

#include <glib/gi18n.h>

#define UNET      "model.diffusion_model."
#define ATTENTION UNET "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
#define CLIP      "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"

/* Exactly one row may fit. */
static const LkFamily families[] = {
    {"sd1",
     "Stable Diffusion 1.x",
     "sd_v1",
     true,
     {ATTENTION, CLIP},
     {UNET "label_emb.0.0.weight", "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight"},
     -1},
    {"sd2",
     "Stable Diffusion 2.x",
     "sd_v2",
     false,
     {ATTENTION, "cond_stage_model.model.token_embedding.weight"},
     {CLIP}},
    /* A diffusers folder calls the tensors of OpenCLIP as those of CLIP. */
    {"sd2", "Stable Diffusion 2.x", "sd_v2", false, {ATTENTION, CLIP}, {UNET "label_emb.0.0.weight"}, 1},
    {"sdxl",
     "Stable Diffusion XL",
     "sdxl_base_v1-0",
     false,
     {UNET "label_emb.0.0.weight", UNET "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"}},
    {"sd3", "Stable Diffusion 3", "sd3", false, {UNET "joint_blocks.0.x_block.attn.qkv.weight"}},
    {"flux", "FLUX.1", "flux1", false, {UNET "double_blocks.0.img_attn.qkv.weight"}},
    {"flux-transformer", N_("a FLUX.1 transformer alone"), "flux1", false, {"double_blocks.0.img_attn.qkv.weight"}},
};

static bool fits(const LkCheckpoint *checkpoint, const LkFamily *family)
{
    for (size_t i = 0; i < G_N_ELEMENTS(family->must); i++)
        if (family->must[i] && !lk_checkpoint_find(checkpoint, family->must[i]))
            return false;
    for (size_t i = 0; i < G_N_ELEMENTS(family->must_not); i++)
        if (family->must_not[i] && lk_checkpoint_find(checkpoint, family->must_not[i]))
            return false;
    const LkTensorView *projection = lk_checkpoint_find(checkpoint, UNET "input_blocks.1.1.proj_in.weight");
    int linear = projection && projection->rank == 2 ? 1 : -1;
    return family->linear == 0 || family->linear == linear;
}

/** Says what a file that is no base model seems to be. */
static bool explain(const LkCheckpoint *checkpoint, GError **error)
{
    static const char lora[] = N_("It is a LoRA, not a base model: choose the checkpoint that it was made for.");
    static const struct {
        const char *pattern, *words;
    } hints[] = {
        {"lora_*", lora},
        {"lycoris_*", lora},
        {"*.lora_A.*", lora},
        {"*.lora_down.*", lora},
        {"*.lora.down.*", lora},
        {UNET "input_blocks.*", NULL},
        {"encoder.conv_in.weight", N_("It seems to be a VAE alone.")},
        {"first_stage_model.*", N_("It has a VAE, but no U-Net.")},
        {CLIP, N_("It has a text encoder, but no U-Net.")},
    };
    const char *words = N_("None of the tensors that Stable Diffusion models have was found in it.");
    g_autofree char *lacking = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++)
        if (lk_checkpoint_has(checkpoint, hints[i].pattern)) {
            words = hints[i].words;
            break;
        }
    if (!words && lk_checkpoint_find(checkpoint, CLIP))
        lacking = g_strdup_printf(_("It has a U-Net and a text encoder, but not the tensor '%s'."), ATTENTION);
    else if (!words)
        words = N_("It has a U-Net, but not the text encoder of a family that Lorikeet knows.");
    return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                        _("The base model '%s' is of no family that Lorikeet knows. %s "
                          "Choose a Stable Diffusion 1.x checkpoint (.safetensors) or a diffusers folder."),
                        lk_checkpoint_path(checkpoint), lacking ? lacking : _(words));
}

const LkFamily *lk_family_find(const LkCheckpoint *checkpoint, GError **error)
{
    const LkFamily *found = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (fits(checkpoint, &families[i])) {
            found = &families[i];
            break;
        }
    if (!found) {
        explain(checkpoint, error);
        return NULL;
    }
    if (!found->supported) {
        lk_set_error(
            error, LK_ERROR_UNSUPPORTED,
            _("The base model '%s' is %s, which Lorikeet cannot train yet. Choose a Stable Diffusion 1.x model."),
            lk_checkpoint_path(checkpoint), _(found->title));
        return NULL;
    }
    return found;
}
