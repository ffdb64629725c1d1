/* What is trained: from the list to subsets of a dataset config. */
#include "app/dataset/picture_list_private.h"
#include "dataset/scan.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

/* ---- totals ------------------------------------------------------------------------------------------ */

LkPictureTotals lk_picture_list_get_totals(LkPictureList *self)
{
    LkPictureTotals totals = {0};
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), totals);
    totals.pictures = self->pictures->len;
    for (guint i = 0; i < self->pictures->len; i++) {
        LkPicture *picture = self->pictures->pdata[i];
        const bool trained = lk_picture_is_trained(picture);
        totals.excluded += picture->excluded;
        totals.unusable += !picture->excluded && !trained;
        totals.trained += trained && !picture->regularisation;
        totals.regularisation += trained && picture->regularisation;
        totals.captioned += trained && *lk_picture_get_caption(picture);
        if (trained && !picture->regularisation)
            totals.repeats += lk_picture_get_repeats(picture);
    }
    return totals;
}

/* ---- subsets ----------------------------------------------------------------------------------------- */

/* Pictures that become one subset. */
typedef struct Part {
    const LkListSource *source; /* of the first of them */
    char *folder;               /* image_dir */
    char *masks;                /* folder of their masks, NULL for none */
    guint repeats;
    bool regularisation;
    GPtrArray *pictures;
} Part;

static void part_free(gpointer data)
{
    Part *part = data;
    g_free(part->folder);
    g_free(part->masks);
    g_ptr_array_unref(part->pictures);
    g_free(part);
}

/* Masks are found by the picture's name in a folder of their own; another name cannot be said in a dataset file. */
static char *masks_folder(LkPicture *picture)
{
    g_autofree char *name = g_path_get_basename(picture->path);
    g_autofree char *mask = picture->mask ? g_path_get_basename(picture->mask) : NULL;
    const char *dot = strrchr(name, '.'), *mask_dot = mask ? strrchr(mask, '.') : NULL;
    if (!dot || !mask_dot || dot - name != mask_dot - mask || strncmp(name, mask, (size_t)(dot - name)) != 0)
        return NULL;
    return g_path_get_dirname(picture->mask);
}

static void add_to_part(LkPictureList *self, GHashTable *by_key, GPtrArray *parts, LkPicture *picture)
{
    const LkListSource *source = lk_picture_list_source(self, picture->source);
    if (!source)
        return;
    g_autofree char *folder = source->folder ? g_strdup(source->path) : g_path_get_dirname(source->path);
    g_autofree char *masks = masks_folder(picture);
    const guint repeats = lk_picture_get_repeats(picture);
    char *key = g_strdup_printf("%u %d %s\n%s", repeats, picture->regularisation, folder, masks ? masks : "");
    Part *part = g_hash_table_lookup(by_key, key);
    if (part) {
        g_free(key);
    } else {
        part = g_new0(Part, 1);
        *part = (Part){source,  g_steal_pointer(&folder), g_steal_pointer(&masks),
                       repeats, picture->regularisation,  g_ptr_array_new()};
        g_hash_table_insert(by_key, key, part);
        g_ptr_array_add(parts, part);
    }
    g_ptr_array_add(part->pictures, picture);
}

/* Whether a folder can be named as a whole: all that is in it is this part, and no other part is there or within. One
 * whose adding was stopped has more than that. */
static bool is_whole(LkPictureList *self, const Part *part, const GPtrArray *parts, GHashTable *unused)
{
    if (!part->source->folder || part->source->held || part->pictures->len != part->source->pictures ||
        g_hash_table_contains(unused, &part->source->id))
        return false;
    for (guint i = 0; i < parts->len; i++) {
        const Part *other = parts->pdata[i];
        if (other != part &&
            (strcmp(other->folder, part->folder) == 0 || lk_path_is_below(other->folder, part->folder) ||
             lk_path_is_below(part->folder, other->folder)))
            return false;
    }
    return true;
}

/* Sources that have pictures which must not be trained though they lie there: removed ones, and those of other sources
 * within. */
static GHashTable *sources_with_unused(LkPictureList *self)
{
    GHashTable *unused = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, self->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const LkPicture *picture = value;
        if (picture->removed)
            g_hash_table_add(unused, g_memdup2(&picture->source, sizeof picture->source));
    }
    for (guint i = 0; i < self->sources->len; i++)
        for (guint k = 0; k < self->sources->len; k++) {
            const LkListSource *outer = &g_array_index(self->sources, LkListSource, i);
            if (lk_path_is_below(g_array_index(self->sources, LkListSource, k).path, outer->path))
                g_hash_table_add(unused, g_memdup2(&outer->id, sizeof outer->id));
        }
    return unused;
}

/* kohya's N_name: the name is the caption of pictures without one. */
static char *class_of_folder(const char *folder)
{
    g_autofree char *name = g_path_get_basename(folder);
    int repeats;
    const char *why;
    char *tokens = NULL;
    if (!lk_scan_parse_folder_name(name, &repeats, &tokens, &why) || !*tokens || !g_utf8_validate(tokens, -1, NULL))
        g_clear_pointer(&tokens, g_free);
    return tokens;
}

static LkSubset *subset_of(LkPictureList *self, const Part *part, bool whole)
{
    LkSubset *subset = lk_subset_copy(self->rules->subset);
    g_free(subset->image_dir);
    subset->image_dir = g_strdup(part->folder);
    subset->num_repeats = (int)part->repeats;
    subset->is_reg = part->regularisation;
    subset->recursive = part->source->folder && part->source->recursive;
    if (!subset->class_tokens)
        subset->class_tokens = class_of_folder(part->folder);
    g_free(subset->conditioning_data_dir);
    subset->conditioning_data_dir = g_strdup(part->masks);
    if (whole)
        return subset;
    subset->recursive = false; /* the names say where the files are */
    subset->files = g_new0(char *, part->pictures->len + 1);
    for (guint i = 0; i < part->pictures->len; i++)
        subset->files[i] = g_strdup(((LkPicture *)part->pictures->pdata[i])->path + strlen(part->folder) + 1);
    return subset;
}

static LkDatasetConfig *config_of(LkPictureList *self, const GPtrArray *parts)
{
    g_autoptr(GHashTable) unused = sources_with_unused(self);
    const LkDatasetDefaults *defaults = &self->rules->defaults;
    LkDatasetBlock *block = g_new0(LkDatasetBlock, 1);
    *block = (LkDatasetBlock){defaults->buckets, defaults->batch_size, lk_subsets_new(), defaults->validation_seed};
    for (guint i = 0; i < parts->len; i++)
        g_ptr_array_add(block->subsets,
                        subset_of(self, parts->pdata[i], is_whole(self, parts->pdata[i], parts, unused)));
    LkDatasetConfig *config = lk_dataset_config_new();
    g_ptr_array_add(config->blocks, block);
    return config;
}

LkDatasetConfig *lk_picture_list_to_dataset_config(LkPictureList *self, GError **error)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), NULL);
    g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);
    bool trains = false;
    for (guint i = 0; i < self->pictures->len; i++) {
        LkPicture *picture = self->pictures->pdata[i];
        if (!lk_picture_is_trained(picture))
            continue;
        add_to_part(self, by_key, parts, picture);
        trains = trains || !picture->regularisation;
    }
    if (trains)
        return config_of(self, parts);
    lk_set_error(error, LK_ERROR_USAGE, "%s",
                 self->pictures->len ? _("None of the pictures can be trained: all are left out, missing or cannot be "
                                         "read. Use at least one of them in training.")
                                     : _("There are no pictures to train on. Add some on the Dataset page."));
    return NULL;
}

char *lk_picture_list_to_dataset_toml(LkPictureList *self, GError **error)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), NULL);
    g_autoptr(LkDatasetConfig) config = lk_picture_list_to_dataset_config(self, error);
    return config ? lk_dataset_config_to_toml(config, &self->rules->defaults, error) : NULL;
}
