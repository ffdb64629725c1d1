#include "training/dataset_digest.h"

#include "base/hash.h"

#include <glib/gi18n.h>
#include <string.h>

enum { HASH_DIGITS = 16, NAMED = 3 };

/** The folder's name and the file's: a dataset that was moved as a whole is the same. */
static char *short_name(const char *path)
{
    g_autofree char *file = g_path_get_basename(path), *folder = g_path_get_dirname(path);
    g_autofree char *last = g_path_get_basename(folder), *name = g_build_filename(last, file, NULL);
    g_strdelimit(name, "\n\r", ' '); /* one line a picture */
    return g_utf8_make_valid(name, -1);
}

char *lk_dataset_digest(const LkDataset *dataset, const LkLatents *latents, const LkLatentMasks *masks)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(dataset->pictures, i);
        const char *caption = picture->caption.text ? picture->caption.text : "";
        const uint8_t *hash = lk_latents_file_hash(latents, i);
        g_autofree char *name = short_name(picture->path);
        uint64_t mask = lk_latent_masks_hash(masks, i);
        for (int k = 0; k < HASH_DIGITS / 2; k++)
            g_string_append_printf(out, "%02x", hash[k] ^ (uint8_t)(mask >> 8 * k));
        g_string_append_printf(out, " %016" G_GINT64_MODIFIER "x %d %s\n", lk_hash64(caption, strlen(caption), 0),
                               picture->num_repeats, name);
    }
    return g_string_free_and_steal(out);
}

/* Differences ------------------------------------------------------------------------------------------------------ */

/** One line, taken apart. The texts belong to the line. */
typedef struct Row {
    const char *content, *caption, *repeats, *name;
} Row;

static bool take_row(char *line, Row *row)
{
    char *at = line, **fields[3] = {(char **)&row->content, (char **)&row->caption, (char **)&row->repeats};
    for (int i = 0; i < 3; i++) {
        char *space = strchr(at, ' ');
        if (!space)
            return false;
        *space = '\0';
        *fields[i] = at;
        at = space + 1;
    }
    row->name = at;
    return true;
}

/** Rows by name. Pictures of the same name (in folders of the same name) are told apart by their number. */
static GHashTable *rows_by_name(char **lines)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **line = lines; *line; line++) {
        Row row;
        if (!take_row(*line, &row))
            continue;
        g_autofree char *key = g_strdup(row.name);
        for (int number = 2; g_hash_table_contains(table, key); number++) {
            g_free(key);
            key = g_strdup_printf("%s (%d)", row.name, number);
        }
        g_hash_table_insert(table, g_steal_pointer(&key), g_memdup2(&row, sizeof row));
    }
    return table;
}

/** The first names of a list, and how many more there are. */
static char *name_some(GPtrArray *names)
{
    GString *out = g_string_new(NULL);
    g_ptr_array_sort_values(names, (GCompareFunc)strcmp);
    for (guint i = 0; i < names->len && i < NAMED; i++)
        g_string_append_printf(out, "%s'%s'", i ? ", " : "", (const char *)g_ptr_array_index(names, i));
    if (names->len > NAMED)
        g_string_append(out, ", …");
    return g_string_free_and_steal(out);
}

typedef enum Change { NEW, GONE, CONTENT, CAPTION, REPEATS, CHANGES } Change;

static char *describe(Change change, GPtrArray *names)
{
    guint n = names->len;
    g_autofree char *some = name_some(names);
    switch (change) {
    case NEW:
        return g_strdup_printf(ngettext("%u picture is new (%s)", "%u pictures are new (%s)", n), n, some);
    case GONE:
        return g_strdup_printf(ngettext("%u picture is gone (%s)", "%u pictures are gone (%s)", n), n, some);
    case CONTENT:
        return g_strdup_printf(ngettext("%u picture is another one now (%s)", "%u pictures are other ones now (%s)", n),
                               n, some);
    case CAPTION:
        return g_strdup_printf(ngettext("%u caption was changed (%s)", "%u captions were changed (%s)", n), n, some);
    default:
        return g_strdup_printf(
            ngettext("the repeats of %u picture were changed (%s)", "the repeats of %u pictures were changed (%s)", n),
            n, some);
    }
}

/** Sorts the names of all rows of `now` that differ from those of `before` by how they do. */
static void compare(GHashTable *before, GHashTable *now, GPtrArray *const *lists)
{
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, now);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const Row *row = value, *old = g_hash_table_lookup(before, name);
        if (!old) {
            g_ptr_array_add(lists[NEW], name);
            continue;
        }
        if (strcmp(row->content, old->content) != 0)
            g_ptr_array_add(lists[CONTENT], name);
        if (strcmp(row->caption, old->caption) != 0)
            g_ptr_array_add(lists[CAPTION], name);
        if (strcmp(row->repeats, old->repeats) != 0)
            g_ptr_array_add(lists[REPEATS], name);
    }
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(now, name))
            g_ptr_array_add(lists[GONE], name);
}

char *lk_dataset_digest_differences(const char *before, const char *now)
{
    if (strcmp(before, now) == 0)
        return NULL;
    g_auto(GStrv) old_lines = g_strsplit(before, "\n", -1), new_lines = g_strsplit(now, "\n", -1);
    g_autoptr(GHashTable) old = rows_by_name(old_lines), new = rows_by_name(new_lines);
    GPtrArray *lists[CHANGES];
    g_autoptr(GString) out = g_string_new(NULL);
    for (int i = 0; i < CHANGES; i++)
        lists[i] = g_ptr_array_new();
    compare(old, new, lists);
    for (int i = 0; i < CHANGES; i++) {
        if (lists[i]->len > 0) {
            g_autofree char *words = describe((Change)i, lists[i]);
            g_string_append_printf(out, "%s%s", out->len ? "; " : "", words);
        }
        g_ptr_array_unref(lists[i]);
    }
    if (out->len == 0)
        g_string_append(out, _("their order is another"));
    return g_string_free_and_steal(g_steal_pointer(&out));
}
