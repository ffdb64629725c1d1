/* Pictures from a base model and LoRAs: text encoder, U-Net under classifier-free guidance, VAE decoder.
 *
 * Two users: the command line, on a device of its own, and the trainer, between its steps on its own device. Weights
 * are shared by name with whatever else is compiled on the device. The order of use of the trainer is
 *    lk_generator_prepare (all prompts), reserve max(own, lk_generator_memory().arena), bind its own programs,
 *    lk_generator_run as often as wanted.
 * A request that was not prepared is prepared when it is run; where it needs a larger arena than is reserved, the
 * programs of others must be bound again (LkBackend.reserve). Everything is deterministic: the same request on the same
 * device and build gives the same bytes. A generator is used from one thread. */
#pragma once

#include "adapter/lora_graph.h"
#include "backend/backend.h"
#include "model/checkpoint.h"
#include "sampling/scheduler.h"
#include "tensor/residency.h"

enum { LK_MAX_LORAS = 8, LK_MAX_PROMPT_CHUNKS = 32 };

/** A LoRA that takes part. Everything is borrowed. */
typedef struct LkGeneratorLora {
    const LkLora *lora;
    const char *state;   /* its name on the device: "adapter" of the trainer, else one that no other LoRA has */
    const float *values; /* written to that state before each picture; NULL: what is there is used as it is */
    double text_strength, unet_strength; /* 0 is as if it were not there; negative is allowed */
} LkGeneratorLora;

typedef struct LkGeneratorOptions {
    const LkBackend *api;
    LkDevice *device;         /* borrowed, as the checkpoint is */
    LkCheckpoint *checkpoint; /* borrowed */
    LkDType compute;          /* of text encoder and U-Net; the VAE is exact always */
    bool tf32;                /* their products of f32 may round their inputs */
    int clip_skip;            /* 0 or 1: the text encoder's last block */
    bool v_prediction;        /* what the U-Net predicts */
    bool zero_terminal_snr;   /* the noise schedule it was trained with */
    LkResidency residency;    /* of the weights of text encoder and U-Net */
    int vae_tile;             /* larger pictures are decoded in tiles of this side in pixels; 0: whole */
    bool keep_all;            /* keep text encoder and decoder (and their weights) between pictures */
    LkGeneratorLora loras[LK_MAX_LORAS];
    int n_loras;
} LkGeneratorOptions;

typedef struct LkGenerator LkGenerator;

/** Copies the options. NULL with an error where the base model or the options cannot be used. */
LkGenerator *lk_generator_new(const LkGeneratorOptions *options, GError **error);
/** Frees its programs and what weights nobody else uses. Before the device and the checkpoint. */
void lk_generator_free(LkGenerator *generator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkGenerator, lk_generator_free)

/** One picture to make. */
typedef struct LkPictureRequest {
    const char *prompt;   /* UTF-8, without lora tags; "(words:1.2)" and the like are weights (text/weighted.h) */
    const char *negative; /* may be NULL; not used with cfg 1 */
    int width, height;    /* pixels, multiples of lk_generator_size_step */
    int steps;            /* 1 .. LK_MAX_SAMPLING_STEPS */
    double cfg;           /* guidance scale; 1 is without guidance and twice as fast */
    uint64_t seed;
    const LkSampler *sampler;
    const float *noise; /* [h,w,4] standard normal to begin with, h = height / 8; NULL: drawn from the seed */
} LkPictureRequest;

/** What width and height must be multiples of: 64 for Stable Diffusion 1.x and 2.x, 32 for XL. */
int lk_generator_size_step(const LkModelArch *arch);
/** The sides of the square pictures that a family was made for: 512, 768 or 1024. */
int lk_generator_usual_size(const LkModelArch *arch, bool v_prediction);
/** Whether a size can be made, with words if not. For checks before a run. */
bool lk_picture_size_check(const LkModelArch *arch, int width, int height, GError **error);

/** Compiles and plans what the requests need, without taking memory on the device, and checks the requests. */
bool lk_generator_prepare(LkGenerator *generator, const LkPictureRequest *requests, int count, GError **error);

/** What the pictures prepared so far need on the device. Weights: beyond what the programs use that were compiled
 * before; states: beyond what it held then. So compile others first to count shared ones once. */
typedef struct LkGeneratorMemory {
    int64_t arena, weights, states; /* bytes */
} LkGeneratorMemory;
LkGeneratorMemory lk_generator_memory(const LkGenerator *generator);
int64_t lk_generator_arena_bytes(const LkGenerator *generator);

/** Told after each step. The guess of the clean latent is [height,width,4], scaled as the U-Net sees latents; it is
 *  valid during the call. Return false to stop: the run then fails with LK_ERROR_STOPPED. */
typedef struct LkSamplingProgress {
    void *context;
    bool (*step)(void *context, int done, int steps, const float *guess, int height, int width);
} LkSamplingProgress;

/** Makes a picture: 8-bit RGB [height,width,3], rows from the top, free with g_free. NULL on error. `progress` may be
 *  NULL. Leaves the LoRAs' states as they are (but writes `values` to them). */
uint8_t *lk_generator_run(LkGenerator *generator, const LkPictureRequest *request, const LkSamplingProgress *progress,
                          GError **error);

/** The first part of that: the latent [h,w,4], scaled as the U-Net sees it. Free with g_free. */
float *lk_generator_latent(LkGenerator *generator, const LkPictureRequest *request, const LkSamplingProgress *progress,
                           GError **error);
/** The second: a latent to numbers in about -1 .. 1, [height,width,3]. Free with g_free. */
float *lk_generator_decode(LkGenerator *generator, const float *latent, int width, int height, GError **error);
/** Numbers in -1 .. 1 to bytes, rounded to nearest. */
void lk_picture_bytes(const float *picture, uint8_t *rgb, size_t count);
