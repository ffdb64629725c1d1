#include "dataset/subset.h"

LkSubset *lk_subset_new(const char *image_dir)
{
    LkSubset *subset = g_new0(LkSubset, 1);
    subset->image_dir = g_strdup(image_dir);
    subset->num_repeats = 1;
    subset->caption = lk_caption_rules_default();
    return subset;
}

LkSubset *lk_subset_copy(const LkSubset *subset)
{
    LkSubset *copy = g_memdup2(subset, sizeof *subset);
    copy->image_dir = g_strdup(subset->image_dir);
    copy->class_tokens = g_strdup(subset->class_tokens);
    copy->caption_extension = g_strdup(subset->caption_extension);
    copy->caption = lk_caption_rules_copy(&subset->caption);
    return copy;
}

void lk_subset_free(LkSubset *subset)
{
    if (!subset)
        return;
    g_free(subset->image_dir);
    g_free(subset->class_tokens);
    g_free(subset->caption_extension);
    lk_caption_rules_clear(&subset->caption);
    g_free(subset);
}

static void free_subset(void *data)
{
    lk_subset_free(data);
}

GPtrArray *lk_subsets_new(void)
{
    return g_ptr_array_new_with_free_func(free_subset);
}
