#include "dataset/subset.h"

#include <stddef.h>

/* The texts of LkCaptionOptions, which a subset owns. */
static const size_t caption_texts[] = {
    offsetof(LkCaptionOptions, separator),
    offsetof(LkCaptionOptions, keep_tokens_separator),
    offsetof(LkCaptionOptions, secondary_separator),
    offsetof(LkCaptionOptions, prefix),
    offsetof(LkCaptionOptions, suffix),
    offsetof(LkCaptionOptions, trigger_words),
};

static const char **caption_text(LkSubset *subset, size_t i)
{
    return (const char **)(void *)((char *)&subset->caption + caption_texts[i]);
}

LkSubset *lk_subset_new(const char *image_dir)
{
    LkSubset *subset = g_new0(LkSubset, 1);
    subset->image_dir = g_strdup(image_dir);
    subset->num_repeats = 1;
    subset->augment_variations = 8;
    subset->caption.token_warmup_min = 1;
    return subset;
}

LkSubset *lk_subset_copy(const LkSubset *subset)
{
    LkSubset *copy = g_memdup2(subset, sizeof *subset);
    copy->image_dir = g_strdup(subset->image_dir);
    copy->class_tokens = g_strdup(subset->class_tokens);
    copy->caption_extension = g_strdup(subset->caption_extension);
    copy->files = g_strdupv(subset->files);
    copy->conditioning_data_dir = g_strdup(subset->conditioning_data_dir);
    for (size_t i = 0; i < G_N_ELEMENTS(caption_texts); i++) {
        const char **text = caption_text(copy, i);
        *text = g_strdup(*text);
    }
    return copy;
}

void lk_subset_free(LkSubset *subset)
{
    if (!subset)
        return;
    g_free(subset->image_dir);
    g_free(subset->class_tokens);
    g_free(subset->caption_extension);
    g_strfreev(subset->files);
    g_free(subset->conditioning_data_dir);
    for (size_t i = 0; i < G_N_ELEMENTS(caption_texts); i++)
        g_free((char *)*caption_text(subset, i));
    g_free(subset);
}

bool lk_subset_captions_vary(const LkSubset *subset)
{
    const LkCaptionOptions *caption = &subset->caption;
    return caption->shuffle || caption->wildcard || caption->dropout_rate > 0 || caption->dropout_every_n_epochs > 0 ||
           caption->tag_dropout_rate > 0 || caption->token_warmup_step > 0;
}

static void free_subset(void *data)
{
    lk_subset_free(data);
}

GPtrArray *lk_subsets_new(void)
{
    return g_ptr_array_new_with_free_func(free_subset);
}
