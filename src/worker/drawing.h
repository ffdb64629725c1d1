/* A picture that was ordered from an LkPictureMaker: what was wished, how far it is, and what came of it.
 *
 * Properties (read only, with notify): state (LkDrawingState), step and steps (int), preview and picture (GBytes, see
 * lk_drawing_get_preview), error-message (string). They change in the maker's main context. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** What to make. All texts are copied by whoever keeps a wish. */
typedef struct LkPictureWish {
    const char *model;                    /* base model: a file or a folder in diffusers' layout */
    const char *device;                   /* "auto", "cpu", "cuda:0" */
    bool bf16;                            /* text encoder and U-Net in bf16 */
    int clip_skip;                        /* 0 or 1: none */
    bool v_prediction, zero_terminal_snr; /* how the base model was trained */
    const char *prompt;                   /* with <lora:name:weight> tags */
    const char *negative;                 /* or NULL */
    const char *const *lora_folders;      /* where NAME.safetensors is looked for, in order; NULL-terminated, or NULL */
    int width, height;                    /* pixels, multiples of 64 */
    int steps;
    double cfg;
    uint64_t seed;
    const char *sampler; /* any name that lk_sampler_find knows; NULL: euler_a */
} LkPictureWish;

/** 512 × 512, 20 steps of Euler a, guidance 7, on the device "auto"; model and prompt NULL. */
LkPictureWish lk_picture_wish_default(void);
/** A copy with texts of its own. */
LkPictureWish *lk_picture_wish_copy(const LkPictureWish *wish);
void lk_picture_wish_free(LkPictureWish *wish);

typedef enum LkDrawingState {
    LK_DRAWING_WAITING,
    LK_DRAWING_LOADING, /* base model and LoRAs */
    LK_DRAWING_DRAWING,
    LK_DRAWING_DONE,
    LK_DRAWING_CANCELLED,
    LK_DRAWING_FAILED,
} LkDrawingState;

#define LK_TYPE_DRAWING_STATE (lk_drawing_state_get_type())
GType lk_drawing_state_get_type(void);

#define LK_TYPE_DRAWING (lk_drawing_get_type())
G_DECLARE_FINAL_TYPE(LkDrawing, lk_drawing, LK, DRAWING, GObject)

const LkPictureWish *lk_drawing_get_wish(LkDrawing *drawing);
LkDrawingState lk_drawing_get_state(LkDrawing *drawing);
int lk_drawing_get_step(LkDrawing *drawing);

/** The picture as it is becoming, much smaller than the finished one (a pixel for each of the latent's): 8-bit RGB,
 * rows from the top, without padding. NULL before the first step. Borrowed until the next change. */
GBytes *lk_drawing_get_preview(LkDrawing *drawing, int *width, int *height);
/** The finished picture in the same form, of the size that was wished; NULL before it is done. */
GBytes *lk_drawing_get_picture(LkDrawing *drawing, int *width, int *height);
/** The settings as Stable Diffusion WebUI writes them into pictures; NULL before it is done. */
const char *lk_drawing_get_infotext(LkDrawing *drawing);
/** What is worth knowing about it (LoRA modules that were left out), a line each; NULL where nothing is. */
const char *lk_drawing_get_remarks(LkDrawing *drawing);
/** Why it failed, in words; NULL else. */
const GError *lk_drawing_get_error(LkDrawing *drawing);
/** Seconds that steps and decoding took, loading apart; 0 before it is done. */
double lk_drawing_get_seconds(LkDrawing *drawing);

/** Writes the finished picture as a PNG with its settings inside, in a thread. */
void lk_drawing_save_async(LkDrawing *drawing, const char *path, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
bool lk_drawing_save_finish(LkDrawing *drawing, GAsyncResult *result, GError **error);

G_END_DECLS
