#include "app/dataset/picture_list_private.h"

/* Microseconds a time that keeping the index up to date may take. */
#define SLICE 3000

/* One caption that became another; NULL: was not there, is no longer. */
typedef struct TagChange {
    char *before, *after; /* GRefString */
} TagChange;

struct LkPictureTags {
    LkPictureList *list;
    LkTagIndex *index;
    GQueue waiting; /* TagChange */
    guint id;
};

static void change_free(gpointer data)
{
    TagChange *change = data;
    g_clear_pointer(&change->before, g_ref_string_release);
    g_clear_pointer(&change->after, g_ref_string_release);
    g_free(change);
}

LkPictureTags *lk_picture_tags_new(LkPictureList *list)
{
    LkPictureTags *tags = g_new0(LkPictureTags, 1);
    tags->list = list;
    tags->index = lk_tag_index_new();
    g_queue_init(&tags->waiting);
    return tags;
}

void lk_picture_tags_free(LkPictureTags *tags)
{
    g_clear_handle_id(&tags->id, g_source_remove);
    g_queue_clear_full(&tags->waiting, change_free);
    lk_tag_index_free(tags->index);
    g_free(tags);
}

static gboolean work_cb(gpointer data)
{
    LkPictureTags *tags = data;
    const gint64 until = g_get_monotonic_time() + SLICE;
    TagChange *change;
    while (g_get_monotonic_time() < until && (change = g_queue_pop_head(&tags->waiting))) {
        lk_tag_index_change(tags->index, change->before, change->after);
        change_free(change);
    }
    if (!g_queue_is_empty(&tags->waiting))
        return G_SOURCE_CONTINUE;
    tags->id = 0;
    g_signal_emit_by_name(tags->list, "tags-changed");
    return G_SOURCE_REMOVE;
}

static void wake(LkPictureTags *tags)
{
    if (!tags->id)
        tags->id = g_idle_add(work_cb, tags);
}

void lk_picture_tags_take(LkPictureTags *tags, LkTagIndex *index)
{
    lk_tag_index_free(tags->index);
    tags->index = index;
    wake(tags);
}

void lk_picture_tags_change(LkPictureTags *tags, const char *before, const char *after)
{
    if (g_strcmp0(before, after) == 0)
        return;
    TagChange *change = g_new0(TagChange, 1);
    change->before = before ? g_ref_string_new(before) : NULL;
    change->after = after ? g_ref_string_new(after) : NULL;
    g_queue_push_tail(&tags->waiting, change);
    wake(tags);
}

LkTagIndex *lk_picture_tags_get(LkPictureTags *tags)
{
    return tags->index;
}
