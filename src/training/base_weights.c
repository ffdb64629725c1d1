#include "training/base_weights.h"

#include "base/hash.h"
#include "format/gerror.h"
#include "training/lora_setup.h"

#include <glib/gi18n.h>

/* One module of one file, to be merged into a weight. */
typedef struct Piece {
    const LkLoraWeights *weights;
    double strength;
} Piece;

struct LkBaseWeights {
    GPtrArray *files;   /* LkLoraFile * */
    GHashTable *pieces; /* name of a weight → GArray of Piece */
    char identity[65];
};

void lk_base_weights_free(LkBaseWeights *weights)
{
    if (!weights)
        return;
    g_hash_table_unref(weights->pieces);
    g_ptr_array_unref(weights->files);
    g_free(weights);
}

static bool touches(void *context, const char *name)
{
    return g_hash_table_contains(((LkBaseWeights *)context)->pieces, name);
}

static void apply(void *context, const char *name, float *values)
{
    const GArray *pieces = g_hash_table_lookup(((LkBaseWeights *)context)->pieces, name);
    for (guint i = 0; i < pieces->len; i++) {
        const Piece *piece = &g_array_index(pieces, Piece, i);
        lk_adapter_merge(&piece->weights->shape, piece->weights->values, piece->strength, values);
    }
}

/** Notes which weights a file changes. */
static bool add_file(LkBaseWeights *self, const char *path, double strength, const LkCheckpoint *checkpoint,
                     int *unused, GError **error)
{
    LkLoraFile *file = lk_lora_file_read(path, error);
    if (!file)
        return false;
    g_ptr_array_add(self->files, file);
    LkLoraPlan plan = {.text = true, .unet = true, .like = file};
    LkLora *lora = lk_lora_for_model(checkpoint, &plan, error);
    if (!lora)
        return false;
    bool ok = true;
    for (int i = 0; ok && i < lk_lora_count(lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        LkLoraSite site;
        bool original;
        char *weight = g_strconcat(m->layer, ".weight", NULL);
        const LkTensorView *view = lk_checkpoint_find(checkpoint, weight);
        int64_t elements = m->shape.in * m->shape.out * m->shape.kernel * m->shape.kernel;
        lk_lora_site_parse(m->name, lk_checkpoint_arch(checkpoint)->unet.layers_per_block, &site, &original);
        Piece piece = {.weights = lk_lora_file_find(file, &site), .strength = strength};
        ok = (view && piece.weights && view->shape[0] == m->shape.out && lk_tensor_view_elements(view) == elements) ||
             lk_set_error(
                 error, LK_ERROR_USAGE,
                 _("The LoRA '%s' in base_weights does not fit the base model: its module %s has another size."), path,
                 m->name);
        GArray *pieces = g_hash_table_lookup(self->pieces, weight);
        if (!pieces) {
            pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
            g_hash_table_insert(self->pieces, g_strdup(weight), pieces);
        }
        g_array_append_val(pieces, piece);
        g_free(weight);
    }
    *unused += (int)lk_lora_file_count(file) - lk_lora_count(lora);
    lk_lora_free(lora);
    return ok;
}

/** The strength of file number i: 1 where there are fewer numbers than files. */
static bool strength_of(const LkJob *job, guint i, double *strength, GError **error)
{
    guint given = job->base_weights_multiplier ? g_strv_length(job->base_weights_multiplier) : 0;
    char *end = NULL;
    *strength = i < given ? g_ascii_strtod(job->base_weights_multiplier[i], &end) : 1;
    return !end || (end != job->base_weights_multiplier[i] && *end == '\0') ||
           lk_set_error(error, LK_ERROR_USAGE, _("base_weights_multiplier has “%s”, which is not a number."),
                        job->base_weights_multiplier[i]);
}

LkBaseWeights *lk_base_weights_merge(const LkJob *job, LkCheckpoint *checkpoint, int *unused, GError **error)
{
    *unused = 0;
    if (!job->base_weights || !job->base_weights[0])
        return NULL;
    LkBaseWeights *self = g_new0(LkBaseWeights, 1);
    self->files = g_ptr_array_new_with_free_func((GDestroyNotify)lk_lora_file_free);
    self->pieces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    g_autoptr(GString) text = g_string_new("base_weights");
    bool ok = true;
    for (guint i = 0; ok && job->base_weights[i]; i++) {
        double strength;
        g_autofree char *path = g_canonicalize_filename(job->base_weights[i], job->folder);
        ok = strength_of(job, i, &strength, error) && add_file(self, path, strength, checkpoint, unused, error);
        const char *hash = ok ? lk_metadata_get(lk_lora_file_metadata(self->files->pdata[i]), "sshs_model_hash") : NULL;
        g_string_append_printf(text, " %s %s %.17g", path, hash ? hash : "", ok ? strength : 0);
    }
    lk_sha256_hex(text->str, text->len, self->identity);
    if (!ok) {
        lk_base_weights_free(self);
        return NULL;
    }
    lk_checkpoint_set_overlay(
        checkpoint,
        &(LkWeightOverlay){.context = self, .identity = self->identity, .touches = touches, .apply = apply});
    return self;
}
