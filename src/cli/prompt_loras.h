/* The LoRAs that a prompt names as <lora:name:weight>, found in a folder and fitted to a base model. */
#pragma once

#include "model/checkpoint.h"
#include "sampling/generator.h"

#include <glib.h>

typedef struct LkPromptLoras LkPromptLoras;

/** Takes the tags out of a prompt and loads NAME.safetensors of `folder` for each. NULL with words where a file is
 * missing or made for another model. */
LkPromptLoras *lk_prompt_loras_load(const char *prompt, const char *folder, const LkCheckpoint *checkpoint,
                                    GError **error);
void lk_prompt_loras_free(LkPromptLoras *loras);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPromptLoras, lk_prompt_loras_free)

/** The prompt without the tags. */
const char *lk_prompt_loras_prompt(const LkPromptLoras *loras);
/** "name: hash, name: hash" as WebUI writes it into pictures; NULL where no file tells its hash. */
const char *lk_prompt_loras_hashes(const LkPromptLoras *loras);
/** Enters them into the options, which borrow them. */
void lk_prompt_loras_use(const LkPromptLoras *loras, LkGeneratorOptions *options);
