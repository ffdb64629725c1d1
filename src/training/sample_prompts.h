/* Prompts of sample pictures, in the syntax of kohya sd-scripts: `text --n negative --w 512 --h 768 --d seed --s steps
 * --l scale --ss sampler`, and the <lora:name:weight> tags of Stable Diffusion WebUI. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** One <lora:name>, <lora:name:weight> or <lora:name:text weight:U-Net weight>. */
typedef struct LkLoraTag {
    char *name; /* of a file, without folder and ending */
    double text_weight;
    double unet_weight;
} LkLoraTag;

typedef struct LkSamplePrompt {
    char *prompt;      /* without its lora tags */
    char *negative;    /* "" where none is given */
    GPtrArray *loras;  /* LkLoraTag *, in the order of the prompt */
    int width, height; /* 512 by default; rounded down to multiples of 8, at least 64 */
    bool has_seed;
    int64_t seed;
    int steps;     /* 30 by default */
    double scale;  /* guidance, 7.5 by default */
    char *sampler; /* NULL: the job's */
} LkSamplePrompt;

void lk_sample_prompt_free(LkSamplePrompt *prompt);

/** One line that is neither empty nor a comment. NULL with LK_ERROR_USAGE for an unknown option or an unusable value.
 */
LkSamplePrompt *lk_sample_prompt_parse(const char *line, GError **error);

/** All prompts of a .txt file (UTF-8) or of lines in memory (NULL-terminated); empty lines and those that begin with #
 *  are left out. An array of LkSamplePrompt * that owns them; NULL with an error that names `source` and the line,
 *  also where no prompt is left. */
GPtrArray *lk_sample_prompts_read(const char *path, GError **error);
GPtrArray *lk_sample_prompts_parse_lines(char *const *lines, const char *source, GError **error);

/** The prompt without its lora tags, which are appended to `tags` (an array from lk_lora_tags_new). NULL with
 *  LK_ERROR_USAGE for a tag without a name or with an unusable weight. Free with g_free. */
char *lk_lora_tags_take(const char *prompt, GPtrArray *tags, GError **error);
GPtrArray *lk_lora_tags_new(void);
