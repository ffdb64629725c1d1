#include "dataset/tag_index.h"

#include "text/tags.h"
#include "text/unicode.h"

#include <stdbool.h>
#include <string.h>

/* A tag. While its count has changed since the list was sorted it is on the list of the dirty ones. */
typedef struct Entry {
    char *tag;
    char *key; /* folded: what it is found and sorted by */
    guint count;
    bool dirty;
} Entry;

struct LkTagIndex {
    GHashTable *entries; /* by tag; also those that no caption has any more, until they are swept */
    guint used;          /* entries with a count */
    GPtrArray *list;     /* Entry: sorted, but for the dirty ones */
    GPtrArray *dirty;    /* Entry */
};

static void free_entry(void *data)
{
    Entry *entry = data;
    g_free(entry->tag);
    g_free(entry->key);
    g_free(entry);
}

LkTagIndex *lk_tag_index_new(void)
{
    LkTagIndex *index = g_new0(LkTagIndex, 1);
    index->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
    index->list = g_ptr_array_new();
    index->dirty = g_ptr_array_new();
    return index;
}

void lk_tag_index_free(LkTagIndex *index)
{
    if (!index)
        return;
    g_hash_table_unref(index->entries);
    g_ptr_array_unref(index->list);
    g_ptr_array_unref(index->dirty);
    g_free(index);
}

/* ------------------------------------------------------------------ counting */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A caption's tags, each once, sorted. */
static char **sorted_tags(const char *caption)
{
    char **tags = lk_tags_parse(caption ? caption : "");
    const guint count = g_strv_length(tags);
    qsort(tags, count, sizeof *tags, compare_texts);
    guint kept = 0;
    for (guint i = 0; i < count; i++) {
        if (kept && strcmp(tags[kept - 1], tags[i]) == 0)
            g_free(tags[i]);
        else
            tags[kept++] = tags[i];
    }
    tags[kept] = NULL;
    return tags;
}

static void count_tag(LkTagIndex *index, const char *tag, int change)
{
    Entry *entry = g_hash_table_lookup(index->entries, tag);
    if (!entry) {
        if (change < 0)
            return;
        entry = g_new0(Entry, 1);
        entry->tag = g_strdup(tag);
        entry->key = lk_text_fold(tag);
        g_hash_table_insert(index->entries, entry->tag, entry);
    }
    if (change < 0 && entry->count == 0)
        return;
    index->used += entry->count == 0;
    entry->count += (guint)change;
    index->used -= entry->count == 0;
    if (!entry->dirty)
        g_ptr_array_add(index->dirty, entry);
    entry->dirty = true;
}

void lk_tag_index_change(LkTagIndex *index, const char *old_caption, const char *new_caption)
{
    g_auto(GStrv) old = sorted_tags(old_caption);
    g_auto(GStrv) new = sorted_tags(new_caption);
    char **gone = old, **come = new;
    while (*gone || *come) {
        const int order = !*gone ? 1 : !*come ? -1 : strcmp(*gone, *come);
        if (order < 0)
            count_tag(index, *gone, -1);
        else if (order > 0)
            count_tag(index, *come, 1);
        gone += order <= 0;
        come += order >= 0;
    }
}

guint lk_tag_index_size(const LkTagIndex *index)
{
    return index->used;
}

guint lk_tag_index_count(const LkTagIndex *index, const char *tag)
{
    const Entry *entry = g_hash_table_lookup(index->entries, tag);
    return entry ? entry->count : 0;
}

/* ------------------------------------------------------------------ the sorted list */

static int compare_entries(const void *a, const void *b)
{
    const Entry *x = *(const Entry *const *)a, *y = *(const Entry *const *)b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    const int order = strcmp(x->key, y->key);
    return order ? order : strcmp(x->tag, y->tag);
}

/* Takes the dirty entries out of the list, in one pass. */
static void take_out_dirty(LkTagIndex *index)
{
    guint kept = 0;
    for (guint i = 0; i < index->list->len; i++) {
        Entry *entry = g_ptr_array_index(index->list, i);
        if (!entry->dirty)
            index->list->pdata[kept++] = entry;
    }
    g_ptr_array_set_size(index->list, (int)kept);
}

/* Sorts the dirty entries that are still in use to the front of their list; the rest is freed. */
static void sort_dirty(LkTagIndex *index)
{
    guint kept = 0;
    for (guint i = 0; i < index->dirty->len; i++) {
        Entry *entry = g_ptr_array_index(index->dirty, i);
        entry->dirty = false;
        if (entry->count)
            index->dirty->pdata[kept++] = entry;
        else
            g_hash_table_remove(index->entries, entry->tag);
    }
    g_ptr_array_set_size(index->dirty, (int)kept);
    if (kept)
        qsort(index->dirty->pdata, kept, sizeof(void *), compare_entries);
}

/* Brings the list up to date: the cost is one pass however few have changed, and none if nothing has. */
static void refresh(LkTagIndex *index)
{
    if (!index->dirty->len)
        return;
    take_out_dirty(index);
    sort_dirty(index);
    guint from = index->list->len, more = index->dirty->len, to = from + more;
    g_ptr_array_set_size(index->list, (int)to);
    while (more) { /* merged from the end, so that nothing is overwritten */
        void **last = &index->list->pdata[from ? from - 1 : 0];
        void **other = &index->dirty->pdata[more - 1];
        const bool old = from && compare_entries(last, other) > 0;
        index->list->pdata[--to] = old ? *last : *other;
        from -= old;
        more -= !old;
    }
    g_ptr_array_set_size(index->dirty, 0);
}

static LkTagCount count_at(const LkTagIndex *index, guint place)
{
    const Entry *entry = g_ptr_array_index(index->list, place);
    return (LkTagCount){entry->tag, entry->count};
}

LkTagCount lk_tag_index_at(LkTagIndex *index, guint place)
{
    refresh(index);
    return count_at(index, place);
}

GArray *lk_tag_index_complete(LkTagIndex *index, const char *typed, const char *caption, guint most)
{
    refresh(index);
    g_autofree char *trimmed = lk_text_trim(lk_utf8_repair(typed, strlen(typed)));
    g_autofree char *wanted = lk_text_fold(trimmed);
    g_auto(GStrv) tags = lk_tags_parse(caption ? caption : "");
    g_autoptr(GHashTable) has = g_hash_table_new(g_str_hash, g_str_equal);
    for (char **tag = tags; *tag; tag++)
        g_hash_table_add(has, *tag);
    GArray *begin = g_array_new(FALSE, FALSE, sizeof(LkTagCount));
    g_autoptr(GArray) hold = g_array_new(FALSE, FALSE, sizeof(LkTagCount));
    for (guint i = 0; i < index->list->len && begin->len < most; i++) {
        const Entry *entry = g_ptr_array_index(index->list, i);
        const char *found = strstr(entry->key, wanted);
        GArray *out = found == entry->key ? begin : hold;
        if (!found || out->len >= most || g_hash_table_contains(has, entry->tag))
            continue;
        const LkTagCount count = count_at(index, i);
        g_array_append_val(out, count);
    }
    g_array_append_vals(begin, hold->data, MIN(hold->len, most - begin->len));
    return begin;
}
