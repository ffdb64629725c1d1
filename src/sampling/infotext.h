/* The text that Stable Diffusion WebUI (AUTOMATIC1111) writes into its pictures under "parameters", so that other
 * programs show and reuse the settings of ours, and ours those of others:
 *
 *    prompt, of one or more lines
 *    Negative prompt: the same
 *    Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x768, Model: name */
#pragma once

#include "format/metadata.h"
#include "sampling/generator.h"

/** What a text says of a picture that is to be written. All texts are UTF-8. */
typedef struct LkInfotextPicture {
    const LkPictureRequest *request;
    const char *prompt;      /* as it was typed, with its <lora:…> tags; NULL: the request's */
    const char *model;       /* name of the base model, without folder and ending, or NULL */
    const char *model_hash;  /* the first ten digits of the file's SHA-256, or NULL */
    const char *lora_hashes; /* "name: hash, name: hash" with the first twelve digits of sshs_model_hash, or NULL */
    int clip_skip;           /* 0 and 1 are not written */
} LkInfotextPicture;

/** The text. Free with g_free. */
char *lk_infotext_write(const LkInfotextPicture *info);

/** The same as the text entries of a PNG: "parameters". */
LkMetadata *lk_infotext_png_texts(const LkInfotextPicture *info);

/** A text taken apart. */
typedef struct LkInfotext {
    char *prompt, *negative; /* "" where there is none */
    LkMetadata *settings;    /* "Steps" → "20" …, in order */
} LkInfotext;

/** Never fails: where no settings are recognised, all of the text is prompt. */
LkInfotext *lk_infotext_parse(const char *text);
void lk_infotext_free(LkInfotext *infotext);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkInfotext, lk_infotext_free)

/** Puts the prompts and what settings there are into a request, which borrows the texts; other fields stay as they are.
 *  False with words where a value cannot be used; the request has the others then. */
bool lk_infotext_apply(const LkInfotext *infotext, LkPictureRequest *request, GError **error);
