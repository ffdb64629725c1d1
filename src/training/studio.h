/* Pictures from a base model with LoRAs that prompts name, one after another: what they have in common stays open. The
 * command line makes one with it, the window many. Used from one thread. */
#pragma once

#include "format/metadata.h"
#include "sampling/generator.h"

#include <glib.h>

typedef struct LkStudio LkStudio;

/** Opens a base model and a device: "auto", "cpu", "cuda:N". */
LkStudio *lk_studio_open(const char *model, const char *device, GError **error);
/** Draws with another VAE; before the first picture. As lk_checkpoint_set_vae. */
bool lk_studio_set_vae(LkStudio *studio, const char *path, GError **error);
void lk_studio_free(LkStudio *studio);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkStudio, lk_studio_free)

typedef struct LkStudioSetup {
    LkDType compute;                      /* of text encoder and U-Net */
    int clip_skip;                        /* 0 or 1: none */
    bool v_prediction, zero_terminal_snr; /* how the base model was trained; also where its file says so */
    bool keep_all;                        /* all weights between pictures, where there is room */
    const char *const *lora_folders;      /* NULL-terminated: where NAME.safetensors of <lora:NAME> is looked for */
} LkStudioSetup;

/** Gets everything ready for a picture: loads the LoRAs that the prompt names, compiles, checks the memory. The
 * request's prompt is set to the one without tags, which the studio owns until the next call; its other fields are the
 * caller's. Quick where only prompt, seed, steps or sampler differ from the picture before. */
bool lk_studio_prepare(LkStudio *studio, const LkStudioSetup *setup, const char *prompt, LkPictureRequest *request,
                       GError **error);
/** char *: what is worth knowing about the LoRAs that are ready. */
const GPtrArray *lk_studio_remarks(const LkStudio *studio);

/** Makes the picture that was prepared; as lk_generator_run. */
uint8_t *lk_studio_draw(LkStudio *studio, const LkPictureRequest *request, const LkSamplingProgress *progress,
                        GError **error);
/** Its two parts: the latent, and the picture of a latent. */
LkGenerator *lk_studio_generator(LkStudio *studio);

/** Its settings as Stable Diffusion WebUI writes them; `prompt` is the one with the tags. Reads the whole base model's
 * file the first time that it is seen (for its hash). Free with g_free. */
char *lk_studio_infotext(LkStudio *studio, const char *prompt, const LkPictureRequest *request);

/** Bytes that the device holds now. */
int64_t lk_studio_allocated(const LkStudio *studio);
const LkModelArch *lk_studio_arch(const LkStudio *studio);
