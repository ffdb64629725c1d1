/* The LoRAs that a prompt names as <lora:name:weight>, found in folders and fitted to a base model. */
#pragma once

#include "model/checkpoint.h"
#include "sampling/generator.h"

#include <glib.h>

typedef struct LkPromptLoras LkPromptLoras;

/** Takes the tags out of a prompt and loads NAME.safetensors for each, from the first of the folders (NULL-terminated)
 * that has it. NULL with words where a file is missing or made for another model. */
LkPromptLoras *lk_prompt_loras_load(const char *prompt, const char *const *folders, const LkCheckpoint *checkpoint,
                                    GError **error);
void lk_prompt_loras_free(LkPromptLoras *loras);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPromptLoras, lk_prompt_loras_free)

/** Takes another prompt that names the same LoRAs (lk_prompt_loras_key). */
void lk_prompt_loras_set_prompt(LkPromptLoras *loras, const char *prompt);
/** The prompt without the tags. */
const char *lk_prompt_loras_prompt(const LkPromptLoras *loras);
/** "name: hash, name: hash" as WebUI writes it into pictures; NULL where no file tells its hash. */
const char *lk_prompt_loras_hashes(const LkPromptLoras *loras);
/** char *: what is worth knowing, such as modules that were left out. */
const GPtrArray *lk_prompt_loras_remarks(const LkPromptLoras *loras);
/** Enters them into the options, which borrow them. */
void lk_prompt_loras_use(const LkPromptLoras *loras, LkGeneratorOptions *options);

/** A text that is the same for two prompts exactly if they name the same files, unchanged, with the same weights; what
 * is not found counts as missing. Free with g_free. NULL with words where a tag cannot be read. */
char *lk_prompt_loras_key(const char *prompt, const char *const *folders, GError **error);
