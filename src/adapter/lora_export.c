#include "adapter/lora_export.h"

#include <string.h>

/* Is `key` in the metadata no longer true of the new file: PEFT's alphas, which are in the matrices now, and hashes; or
 * to be set or taken out? */
static bool is_dropped(const char *key, const LkMetadata *changes)
{
    static const char *const stale[] = {"lora_adapter_metadata", "format", "sshs_model_hash", "sshs_legacy_hash",
                                        "modelspec.hash_sha256"};
    for (size_t i = 0; i < G_N_ELEMENTS(stale); i++)
        if (strcmp(key, stale[i]) == 0)
            return true;
    const char *changed = lk_metadata_get(changes, key);
    return changed && !*changed;
}

static LkMetadata *new_metadata(const LkMetadata *all, const LkMetadata *changes)
{
    LkMetadata *kept = lk_metadata_new();
    for (size_t i = 0; i < lk_metadata_count(all); i++)
        if (!is_dropped(lk_metadata_key(all, i), changes))
            lk_metadata_set(kept, lk_metadata_key(all, i), lk_metadata_value(all, i));
    for (size_t i = 0; i < lk_metadata_count(changes); i++)
        if (*lk_metadata_value(changes, i))
            lk_metadata_set(kept, lk_metadata_key(changes, i), lk_metadata_value(changes, i));
    return kept;
}

bool lk_lora_export(const char *from, const char *to, const LkLoraFormat *format, const LkMetadata *changes,
                    GError **error)
{
    g_autoptr(LkLoraFile) file = lk_lora_file_read(from, error);
    if (!file)
        return false;
    size_t count = lk_lora_file_count(file);
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count);
    for (size_t i = 0; i < count; i++)
        weights[i] = *lk_lora_file_at(file, i);
    g_autoptr(LkMetadata) none = changes ? NULL : lk_metadata_new();
    g_autoptr(LkMetadata) metadata = new_metadata(lk_lora_file_metadata(file), changes ? changes : none);
    LkLoraFormat how = *format;
    how.family = lk_lora_file_family(file);
    return lk_lora_weights_write(to, weights, count, &how, metadata, error);
}
