#include "model/other_vae.h"

#include "format/gerror.h"
#include "model/diffusers_names.h"

#include <glib/gi18n.h>
#include <string.h>

static const char root[] = "first_stage_model.";

/** All tensors of the file by their LDM names. */
static GHashTable *by_ldm_name(const LkSafetensors *file)
{
    GHashTable *views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    LkDiffusersShape shape = {0};
    bool diffusers = false;
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const char *name = lk_safetensors_at(file, i)->name;
        lk_diffusers_observe(&shape, name);
        diffusers |= g_str_has_prefix(name, "encoder.down_blocks.");
    }
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        char *name = diffusers ? g_strdup(lk_diffusers_to_ldm(LK_PART_VAE, &shape, view->name).text)
                               : g_strconcat(g_str_has_prefix(view->name, root) ? "" : root, view->name, NULL);
        g_hash_table_insert(views, name, (gpointer)view);
    }
    return views;
}

/** Whether two tensors can stand for each other: a 1×1 convolution may be stored as a matrix. */
static bool same_size(const LkTensorView *a, const LkTensorView *b)
{
    return a->rank > 0 && b->rank > 0 && a->shape[0] == b->shape[0] &&
           lk_tensor_view_elements(a) == lk_tensor_view_elements(b);
}

/** Whether a tensor is of the networks; some files also keep the loss that the VAE was trained with. */
static bool of_networks(const char *name)
{
    return g_str_has_prefix(name, root) && !g_str_has_prefix(name, "first_stage_model.loss.") &&
           !g_str_has_prefix(name, "first_stage_model.model_ema.");
}

GHashTable *lk_other_vae_views(const LkCheckpoint *base, const LkSafetensors *file, const char *path, GError **error)
{
    g_autoptr(GHashTable) all = by_ldm_name(file);
    g_autoptr(GPtrArray) names = lk_checkpoint_names(base);
    g_autoptr(GHashTable) views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!of_networks(name))
            continue;
        const LkTensorView *view = g_hash_table_lookup(all, name);
        if (!view || !same_size(view, lk_checkpoint_find(base, name))) {
            lk_set_error(error, LK_ERROR_FORMAT,
                         view ? _("The VAE '%s' does not fit the base model: its tensor '%s' has another size.")
                              : _("The VAE '%s' does not fit the base model: it has no tensor '%s'."),
                         path, name + strlen(root));
            return NULL;
        }
        g_hash_table_insert(views, g_strdup(name), (gpointer)view);
    }
    return g_steal_pointer(&views);
}
