#include "training/sample_prompts.h"

#include "base/file.h"
#include "format/gerror.h"
#include "sampling/scheduler.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ lora tags */

static void lora_tag_free(gpointer data)
{
    LkLoraTag *tag = data;
    g_free(tag->name);
    g_free(tag);
}

GPtrArray *lk_lora_tags_new(void)
{
    return g_ptr_array_new_with_free_func(lora_tag_free);
}

static bool read_number(const char *text, double *number)
{
    char *end;
    *number = g_ascii_strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

/* "name", "name:weight", "name:text weight:unet weight", also with "te=" and "unet=" before the numbers. */
static LkLoraTag *parse_tag(const char *inside, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(inside, ":", -1);
    LkLoraTag *tag = g_new0(LkLoraTag, 1);
    tag->name = g_strdup(parts[0] != NULL ? g_strstrip(parts[0]) : "");
    tag->text_weight = tag->unet_weight = 1;
    bool good = tag->name[0] != '\0';
    for (int i = 1, place = 0; good && parts[i] != NULL; i++) {
        const char *text = g_strstrip(parts[i]);
        double number;
        if (g_str_has_prefix(text, "te=")) {
            good = read_number(text + 3, &tag->text_weight);
        } else if (g_str_has_prefix(text, "unet=")) {
            good = read_number(text + 5, &tag->unet_weight);
        } else if ((good = read_number(text, &number) && place < 2)) {
            tag->unet_weight = number;
            tag->text_weight = place == 0 ? number : tag->text_weight;
            place++;
        }
    }
    if (!good) {
        lora_tag_free(tag);
        lk_set_error(error, LK_ERROR_USAGE,
                     _("“<lora:%s>” cannot be read. A LoRA is called by <lora:name:weight>, as in <lora:mydog:0.8>."),
                     inside);
        return NULL;
    }
    return tag;
}

char *lk_lora_tags_take(const char *prompt, GPtrArray *tags, GError **error)
{
    g_autoptr(GString) rest = g_string_new(NULL);
    for (;;) {
        const char *start = strstr(prompt, "<lora:");
        const char *end = start != NULL ? strchr(start, '>') : NULL;
        if (end == NULL) {
            break;
        }
        g_string_append_len(rest, prompt, start - prompt);
        g_autofree char *inside = g_strndup(start + strlen("<lora:"), (gsize)(end - start) - strlen("<lora:"));
        LkLoraTag *tag = parse_tag(inside, error);
        if (tag == NULL) {
            return NULL;
        }
        g_ptr_array_add(tags, tag);
        prompt = end + 1;
    }
    g_string_append(rest, prompt);
    return g_strdup(g_strstrip(rest->str));
}

/* ------------------------------------------------------------------ one line */

void lk_sample_prompt_free(LkSamplePrompt *prompt)
{
    if (prompt == NULL) {
        return;
    }
    g_free(prompt->prompt);
    g_free(prompt->negative);
    g_clear_pointer(&prompt->loras, g_ptr_array_unref);
    g_free(prompt->sampler);
    g_free(prompt);
}

static bool whole_number(const char *text, double least, double most, double *number)
{
    return read_number(text, number) && *number == floor(*number) && *number >= least && *number <= most;
}

typedef bool (*OptionReader)(LkSamplePrompt *prompt, const char *value);

static bool read_side(const char *value, int *side)
{
    double number;
    if (!whole_number(value, 1, 16384, &number)) {
        return false;
    }
    *side = MAX(64, (int)number / 8 * 8);
    return true;
}

static bool read_width(LkSamplePrompt *prompt, const char *value)
{
    return read_side(value, &prompt->width);
}

static bool read_height(LkSamplePrompt *prompt, const char *value)
{
    return read_side(value, &prompt->height);
}

static bool read_seed(LkSamplePrompt *prompt, const char *value)
{
    double number;
    if (!whole_number(value, -1, 9007199254740992.0, &number)) {
        return false;
    }
    prompt->has_seed = number >= 0;
    prompt->seed = prompt->has_seed ? (int64_t)number : 0;
    return true;
}

static bool read_steps(LkSamplePrompt *prompt, const char *value)
{
    double number;
    if (!whole_number(value, 1, 1000, &number)) {
        return false;
    }
    prompt->steps = (int)number;
    return true;
}

static bool read_scale(LkSamplePrompt *prompt, const char *value)
{
    double number;
    if (!read_number(value, &number) || number < 0 || number > 1000) {
        return false;
    }
    prompt->scale = number;
    return true;
}

static bool read_negative(LkSamplePrompt *prompt, const char *value)
{
    g_free(prompt->negative);
    prompt->negative = g_strdup(value);
    return true;
}

static bool read_sampler(LkSamplePrompt *prompt, const char *value)
{
    const LkSampler *sampler = lk_sampler_find(value);
    g_free(prompt->sampler);
    prompt->sampler = g_strdup(sampler != NULL ? sampler->name : NULL);
    return sampler != NULL;
}

static const struct {
    const char *name;
    OptionReader read; /* NULL: sd-scripts has it for models that are not supported yet */
    const char *allowed;
} options[] = {
    {"n", read_negative, N_("a text")},
    {"w", read_width, N_("a width from 64 to 16384")},
    {"h", read_height, N_("a height from 64 to 16384")},
    {"d", read_seed, N_("a whole number")},
    {"s", read_steps, N_("a number of steps from 1 to 1000")},
    {"l", read_scale, N_("a number from 0 to 1000")},
    {"ss", read_sampler, N_("a sampler, such as ddim, euler, euler_a, heun or dpmpp_2m_karras")},
    {"g", NULL, NULL},
    {"cn", NULL, NULL},
    {"ctr", NULL, NULL},
    {"rcfg", NULL, NULL},
    {"fs", NULL, NULL},
};

/* `text` is what stands behind "--": a name, a space and a value. */
static bool read_option(LkSamplePrompt *prompt, const char *text, GError **error)
{
    size_t length = strcspn(text, " ");
    g_autofree char *name = g_ascii_strdown(text, (gssize)length);
    g_autofree char *value = g_strdup(text + length);
    g_strstrip(value);
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(name, options[i].name) != 0) {
            continue;
        }
        if (options[i].read == NULL) {
            return lk_set_error(error, LK_ERROR_UNSUPPORTED,
                                _("The option --%s of a sample prompt is not supported yet. Remove it."), name);
        }
        return options[i].read(prompt, value) ||
               lk_set_error(error, LK_ERROR_USAGE, _("The option --%s is “%s”, but must be %s."), name, value,
                            _(options[i].allowed));
    }
    return lk_set_error(error, LK_ERROR_USAGE,
                        _("The option --%s of a sample prompt is unknown. There are --n, --w, --h, --d, --s, --l and "
                          "--ss."),
                        name);
}

/* Where the next " --x" begins, x a letter; NULL at the end. Dashes in a text are no option. */
static const char *next_option(const char *text)
{
    const char *found = strstr(text, " --");
    while (found != NULL && !g_ascii_isalpha(found[3])) {
        found = strstr(found + 1, " --");
    }
    return found;
}

LkSamplePrompt *lk_sample_prompt_parse(const char *line, GError **error)
{
    LkSamplePrompt *prompt = g_new0(LkSamplePrompt, 1);
    prompt->loras = lk_lora_tags_new();
    prompt->width = prompt->height = 512;
    prompt->steps = 30;
    prompt->scale = 7.5;
    prompt->negative = g_strdup("");
    const char *end = next_option(line);
    g_autofree char *text = end != NULL ? g_strndup(line, (gsize)(end - line)) : g_strdup(line);
    prompt->prompt = lk_lora_tags_take(text, prompt->loras, error);
    bool good = prompt->prompt != NULL;
    while (good && end != NULL) {
        const char *start = end + strlen(" --");
        end = next_option(start);
        g_autofree char *option = end != NULL ? g_strndup(start, (gsize)(end - start)) : g_strdup(start);
        good = read_option(prompt, option, error);
    }
    if (!good) {
        lk_sample_prompt_free(prompt);
        return NULL;
    }
    return prompt;
}

/* ------------------------------------------------------------------ many lines */

GPtrArray *lk_sample_prompts_parse_lines(char *const *lines, const char *source, GError **error)
{
    g_autoptr(GPtrArray) prompts = g_ptr_array_new_with_free_func((GDestroyNotify)lk_sample_prompt_free);
    for (int i = 0; lines[i] != NULL; i++) {
        g_autofree char *line = g_strdup(lines[i]);
        if (line[0] == '#' || *g_strstrip(line) == '\0') {
            continue;
        }
        LkSamplePrompt *prompt = lk_sample_prompt_parse(line, error);
        if (prompt == NULL) {
            g_prefix_error(error, _("%s, prompt in line %d: "), source, i + 1);
            return NULL;
        }
        g_ptr_array_add(prompts, prompt);
    }
    if (prompts->len == 0) {
        lk_set_error(error, LK_ERROR_USAGE, _("%s has no prompt. Write one prompt a line."), source);
        return NULL;
    }
    return g_steal_pointer(&prompts);
}

GPtrArray *lk_sample_prompts_read(const char *path, GError **error)
{
    enum { LARGEST = 1 << 20 };
    g_autofree char *shown = g_filename_display_name(path);
    if (!g_str_has_suffix(path, ".txt")) {
        lk_set_error(error, LK_ERROR_UNSUPPORTED,
                     _("%s cannot be read as prompts: only .txt files are supported yet. Write one prompt a line."),
                     shown);
        return NULL;
    }
    LkError failure = {0};
    char *data;
    size_t size;
    if (!lk_file_read(path, LARGEST, &data, &size, &failure)) {
        lk_gerror_take(error, &failure);
        return NULL;
    }
    GPtrArray *prompts = NULL;
    const char *text = g_str_has_prefix(data, "\xef\xbb\xbf") ? data + 3 : data;
    if (strlen(data) != size || !g_utf8_validate(text, -1, NULL)) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a text file in UTF-8. Save it in that encoding."), shown);
    } else {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        prompts = lk_sample_prompts_parse_lines(lines, shown, error);
    }
    free(data);
    return prompts;
}
