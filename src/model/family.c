#include "model/family.h"

#include "format/gerror.h"

#include <glib/gi18n.h>

#define UNET       "model.diffusion_model."
#define FIRST      UNET "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight" /* attention at full resolution */
#define SECOND     UNET "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
#define PROJECT    UNET "input_blocks.1.1.proj_in.weight"
#define LABEL      UNET "label_emb.0.0.weight"
#define INPUT      UNET "input_blocks.0.0.weight"
#define CLIP_ROOT  "cond_stage_model.transformer.text_model."
#define TOKENS     "embeddings.token_embedding.weight"
#define CLIP       CLIP_ROOT TOKENS
#define XL_ROOT    "conditioner.embedders."
#define XL_CLIP    XL_ROOT "0.transformer.text_model."
#define XL_OPEN    XL_ROOT "1.transformer.text_model."
#define PLAYGROUND "edm_mean" /* marks by which ComfyUI knows models of EDM's noise schedule */
#define COSXL      "edm_vpred.sigma_max"

enum { INPAINTING_CHANNELS = 9 };

/* Exactly one row may fit. OpenCLIP's tensors have CLIP's names already (checkpoint.h). */
static const LkFamily families[] = {
    {.name = "sd1",
     .title = N_("Stable Diffusion 1.x"),
     .supported = true,
     .must = {FIRST, CLIP},
     .must_not = {LABEL},
     .shapes = {{PROJECT, LK_AXIS_RANK, 2, .other = true}, {INPUT, 1, INPAINTING_CHANNELS, .other = true}},
     .base_name = "sd_v1",
     .text_root = "cond_stage_model.",
     .texts = {{CLIP_ROOT, .pad_id = 49407, .quick_gelu = true}},
     .heads = 8,
     .vae_scale = 0.18215f},
    {.name = "sd2",
     .title = N_("Stable Diffusion 2.x"),
     .supported = true,
     .must = {FIRST, CLIP},
     .must_not = {LABEL},
     .shapes = {{PROJECT, LK_AXIS_RANK, 2}, {INPUT, 1, INPAINTING_CHANNELS, .other = true}},
     .base_name = "sd_v2",
     .text_root = "cond_stage_model.",
     .texts = {{CLIP_ROOT, .openclip_spare = true}},
     .head_width = 64,
     .vae_scale = 0.18215f},
    {.name = "sdxl",
     .title = N_("Stable Diffusion XL"),
     .supported = true,
     .must = {LABEL, SECOND, XL_CLIP TOKENS, XL_OPEN TOKENS},
     .must_not = {FIRST, PLAYGROUND, COSXL},
     .shapes = {{INPUT, 1, INPAINTING_CHANNELS, .other = true}},
     .base_name = "sdxl_base_v1-0",
     .text_root = XL_ROOT,
     .texts = {{XL_CLIP, .pad_id = 49407, .quick_gelu = true, .last_but_one = true},
               {XL_OPEN, .last_but_one = true, .pooled = true}},
     .head_width = 64,
     .vae_scale = 0.13025f},
    {.name = "sd1-inpainting",
     .title = N_("an inpainting model of Stable Diffusion 1.x (its U-Net reads a mask and a masked picture too)"),
     .must = {FIRST, CLIP},
     .must_not = {LABEL},
     .shapes = {{PROJECT, LK_AXIS_RANK, 2, .other = true}, {INPUT, 1, INPAINTING_CHANNELS}}},
    {.name = "sd2-inpainting",
     .title = N_("an inpainting model of Stable Diffusion 2.x (its U-Net reads a mask and a masked picture too)"),
     .must = {FIRST, CLIP},
     .must_not = {LABEL},
     .shapes = {{PROJECT, LK_AXIS_RANK, 2}, {INPUT, 1, INPAINTING_CHANNELS}}},
    {.name = "sdxl-inpainting",
     .title = N_("an inpainting model of Stable Diffusion XL (its U-Net reads a mask and a masked picture too)"),
     .must = {LABEL, SECOND, XL_CLIP TOKENS, XL_OPEN TOKENS},
     .must_not = {FIRST},
     .shapes = {{INPUT, 1, INPAINTING_CHANNELS}}},
    {.name = "playground",
     .title = N_("Playground 2.5 (a Stable Diffusion XL with another noise schedule)"),
     .must = {LABEL, SECOND, XL_CLIP TOKENS, XL_OPEN TOKENS, PLAYGROUND},
     .must_not = {FIRST}},
    {.name = "cosxl",
     .title = N_("CosXL (a Stable Diffusion XL with another noise schedule)"),
     .must = {LABEL, SECOND, XL_CLIP TOKENS, XL_OPEN TOKENS, COSXL},
     .must_not = {FIRST}},
    {.name = "sdxl-refiner",
     .title = N_("the refiner of Stable Diffusion XL (it only finishes pictures that the base model began)"),
     .must = {LABEL, SECOND, XL_ROOT "0.model.token_embedding.weight"},
     .must_not = {FIRST, XL_CLIP TOKENS}},
    {.name = "sdxl-refiner-folder",
     .title = N_("the refiner of Stable Diffusion XL (it only finishes pictures that the base model began)"),
     .must = {LABEL, SECOND, XL_OPEN TOKENS},
     .must_not = {FIRST, XL_CLIP TOKENS, XL_CLIP "encoder.layers.0.layer_norm1.weight"}},
    {.name = "sd3", .title = N_("Stable Diffusion 3"), .must = {UNET "joint_blocks.0.x_block.attn.qkv.weight"}},
    {.name = "flux", .title = N_("FLUX.1"), .must = {UNET "double_blocks.0.img_attn.qkv.weight"}},
    {.name = "flux-transformer",
     .title = N_("a FLUX.1 transformer alone"),
     .must = {"double_blocks.0.img_attn.qkv.weight"}},
};

/** Whether a shape rule holds. */
static bool holds(const LkCheckpoint *checkpoint, const LkShapeRule *rule)
{
    const LkTensorView *view = lk_checkpoint_find(checkpoint, rule->tensor);
    int64_t value = !view                        ? 0
                    : rule->axis == LK_AXIS_RANK ? view->rank
                    : rule->axis < view->rank    ? view->shape[rule->axis]
                                                 : 0;
    return (value == rule->value) != rule->other;
}

/** How a checkpoint stands to one row. */
typedef struct Match {
    int found;           /* tensors of `must` that are there */
    int wrong;           /* conditions that do not hold */
    const char *missing; /* the first tensor that is not there, else … */
    const char *strange; /* … the first one that must not be there or has another shape */
} Match;

static Match match(const LkCheckpoint *checkpoint, const LkFamily *family)
{
    Match m = {0};
    for (size_t i = 0; i < LK_SIGNATURE_MAX && family->must[i]; i++) {
        bool there = lk_checkpoint_find(checkpoint, family->must[i]) != NULL;
        m.found += there;
        m.wrong += !there;
        m.missing = there || m.missing ? m.missing : family->must[i];
    }
    for (size_t i = 0; i < LK_SIGNATURE_MAX && family->must_not[i]; i++)
        if (lk_checkpoint_find(checkpoint, family->must_not[i])) {
            m.wrong++;
            m.strange = m.strange ? m.strange : family->must_not[i];
        }
    for (size_t i = 0; i < LK_SIGNATURE_MAX && family->shapes[i].tensor; i++)
        if (!holds(checkpoint, &family->shapes[i])) {
            m.wrong++;
            m.strange = m.strange ? m.strange : family->shapes[i].tensor;
        }
    return m;
}

/** What the nearest supported family lacks, for a file that has a U-Net: a sentence (g_free). */
static char *near_miss(const LkCheckpoint *checkpoint)
{
    const LkFamily *nearest = NULL;
    Match best = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        Match m = match(checkpoint, &families[i]);
        if (families[i].supported && m.found > 0 &&
            (!nearest || m.wrong < best.wrong || (m.wrong == best.wrong && m.found > best.found))) {
            nearest = &families[i];
            best = m;
        }
    }
    if (!nearest)
        return g_strdup(_("It has a U-Net, but of another kind."));
    if (best.missing)
        return g_strdup_printf(_("It is nearest to %s, but the tensor '%s' is missing."), _(nearest->title),
                               best.missing);
    return g_strdup_printf(_("It is nearest to %s, but its tensor '%s' is not what such a model has."),
                           _(nearest->title), best.strange);
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
    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++)
        if (lk_checkpoint_has(checkpoint, hints[i].pattern)) {
            words = hints[i].words;
            break;
        }
    g_autofree char *near = words ? NULL : near_miss(checkpoint);
    return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                        _("The base model '%s' is of no family that Lorikeet knows. %s Choose a Stable Diffusion 1.x, "
                          "2.x or XL checkpoint (.safetensors) or a diffusers folder."),
                        lk_checkpoint_path(checkpoint), near ? near : _(words));
}

const LkFamily *lk_family_find(const LkCheckpoint *checkpoint, GError **error)
{
    const LkFamily *found = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        if (match(checkpoint, &families[i]).wrong > 0)
            continue;
        if (found) {
            lk_set_error(error, LK_ERROR_UNSUPPORTED,
                         _("The base model '%s' has the tensors of two families: %s and %s. Is it a merge that went "
                           "wrong?"),
                         lk_checkpoint_path(checkpoint), _(found->title), _(families[i].title));
            return NULL;
        }
        found = &families[i];
    }
    if (!found) {
        explain(checkpoint, error);
        return NULL;
    }
    if (!found->supported) {
        lk_set_error(error, LK_ERROR_UNSUPPORTED,
                     _("The base model '%s' is %s, which Lorikeet cannot train yet. Choose a Stable Diffusion 1.x, "
                       "2.x or XL model."),
                     lk_checkpoint_path(checkpoint), _(found->title));
        return NULL;
    }
    return found;
}
