#include "app/dataset/tag_list.h"

#include "text/tags.h"
#include "text/trigger.h"

/* Milliseconds after which changed captions show: typing does not sort the list with every key. */
enum { REST = 150 };

gboolean lk_tag_is_trigger(const char *tag, const char *triggers)
{
    g_auto(GStrv) words = lk_trigger_words(triggers);
    for (char **word = words; *word; word++)
        if (lk_tags_equal(tag, *word, LK_TAGS_ANY_CASE))
            return TRUE;
    return FALSE;
}

/* ---- an item ----------------------------------------------------------------------------------------- */

struct _LkTagItem {
    GObject parent_instance;
    char *tag;
    guint count;
    double share;
    LkFilterTag state;
    gboolean trigger;
};

G_DEFINE_FINAL_TYPE(LkTagItem, lk_tag_item, G_TYPE_OBJECT)

enum { PROP_TAG = 1, PROP_COUNT, PROP_SHARE, PROP_STATE, PROP_TRIGGER, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

const char *lk_tag_item_get_tag(LkTagItem *self)
{
    return self->tag;
}

guint lk_tag_item_get_count(LkTagItem *self)
{
    return self->count;
}

double lk_tag_item_get_share(LkTagItem *self)
{
    return self->share;
}

LkFilterTag lk_tag_item_get_state(LkTagItem *self)
{
    return self->state;
}

gboolean lk_tag_item_get_trigger(LkTagItem *self)
{
    return self->trigger;
}

static void item_set_count(LkTagItem *self, guint count, double share)
{
    if (self->count != count) {
        self->count = count;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_COUNT]);
    }
    if (self->share != share) {
        self->share = share;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_SHARE]);
    }
}

static void item_set_state(LkTagItem *self, LkFilterTag state)
{
    if (self->state == state)
        return;
    self->state = state;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATE]);
}

static void item_set_trigger(LkTagItem *self, gboolean trigger)
{
    if (self->trigger == trigger)
        return;
    self->trigger = trigger;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TRIGGER]);
}

static void lk_tag_item_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkTagItem *self = LK_TAG_ITEM(object);
    switch (id) {
    case PROP_TAG:
        g_value_set_string(value, self->tag);
        break;
    case PROP_COUNT:
        g_value_set_uint(value, self->count);
        break;
    case PROP_SHARE:
        g_value_set_double(value, self->share);
        break;
    case PROP_STATE:
        g_value_set_int(value, (int)self->state);
        break;
    case PROP_TRIGGER:
        g_value_set_boolean(value, self->trigger);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_tag_item_finalize(GObject *object)
{
    g_free(LK_TAG_ITEM(object)->tag);
    G_OBJECT_CLASS(lk_tag_item_parent_class)->finalize(object);
}

static void lk_tag_item_class_init(LkTagItemClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_tag_item_get_property;
    object_class->finalize = lk_tag_item_finalize;
    const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    properties[PROP_TAG] = g_param_spec_string("tag", NULL, NULL, NULL, get);
    properties[PROP_COUNT] = g_param_spec_uint("count", NULL, NULL, 0, G_MAXUINT, 0, get);
    properties[PROP_SHARE] = g_param_spec_double("share", NULL, NULL, 0, 1, 0, get);
    properties[PROP_STATE] = g_param_spec_int("state", NULL, NULL, 0, LK_FILTER_TAG_UNWANTED, 0, get);
    properties[PROP_TRIGGER] = g_param_spec_boolean("trigger", NULL, NULL, FALSE, get);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_tag_item_init(LkTagItem *self)
{
}

/* ---- the list ---------------------------------------------------------------------------------------- */

/* What a place shows; objects are made for those that somebody looks at. */
typedef struct Place {
    char *tag;
    guint count;
} Place;

struct _LkTagList {
    GObject parent_instance;
    LkPictureList *list;
    GArray *places;    /* Place */
    GHashTable *items; /* tag → LkTagItem that is alive (not owned) */
    guint most;        /* count of the most frequent tag */
    char *search;
    LkFilter *filter;
    gboolean active, stale;
    guint refresh_id;
};

static void lk_tag_list_list_model_init(GListModelInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(LkTagList, lk_tag_list, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, lk_tag_list_list_model_init))

static void clear_place(gpointer data)
{
    g_free(((Place *)data)->tag);
}

static GArray *new_places(void)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));
    g_array_set_clear_func(places, clear_place);
    return places;
}

static GType get_item_type(GListModel *model)
{
    return LK_TYPE_TAG_ITEM;
}

static guint get_n_items(GListModel *model)
{
    return LK_TAG_LIST(model)->places->len;
}

static void item_gone_cb(gpointer data, GObject *item)
{
    g_hash_table_remove(LK_TAG_LIST(data)->items, LK_TAG_ITEM(item)->tag);
}

static void update_item(LkTagList *self, LkTagItem *item, guint count)
{
    item_set_count(item, count, self->most ? MIN(1, (double)count / self->most) : 0);
    item_set_trigger(item, lk_tag_is_trigger(item->tag, lk_picture_list_get_trigger_words(self->list)));
}

static LkTagItem *make_item(LkTagList *self, const Place *place)
{
    LkTagItem *item = g_object_new(LK_TYPE_TAG_ITEM, NULL);
    item->tag = g_strdup(place->tag);
    update_item(self, item, place->count);
    item_set_state(item, self->filter ? lk_filter_tag(self->filter, place->tag) : LK_FILTER_TAG_FREE);
    g_hash_table_insert(self->items, item->tag, item);
    g_object_weak_ref(G_OBJECT(item), item_gone_cb, self);
    return item;
}

static gpointer get_item(GListModel *model, guint position)
{
    LkTagList *self = LK_TAG_LIST(model);
    if (position >= self->places->len)
        return NULL;
    const Place *place = &g_array_index(self->places, Place, position);
    LkTagItem *item = g_hash_table_lookup(self->items, place->tag);
    return item ? g_object_ref(item) : make_item(self, place);
}

static void lk_tag_list_list_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

/* ---- keeping up -------------------------------------------------------------------------------------- */

static gboolean same_tag(const GArray *a, guint i, const GArray *b, guint k)
{
    return g_str_equal(g_array_index(a, Place, i).tag, g_array_index(b, Place, k).tag);
}

/* Tells only of the part that has other tags. */
static void take_places(LkTagList *self, GArray *places)
{
    g_autoptr(GArray) old = self->places;
    self->places = places;
    for (guint i = 0; i < places->len; i++) {
        const Place *place = &g_array_index(places, Place, i);
        LkTagItem *item = g_hash_table_lookup(self->items, place->tag);
        if (item)
            update_item(self, item, place->count);
    }
    guint first = 0, last = 0;
    const guint least = MIN(old->len, places->len);
    while (first < least && same_tag(old, first, places, first))
        first++;
    while (last < least - first && same_tag(old, old->len - 1 - last, places, places->len - 1 - last))
        last++;
    const guint removed = old->len - first - last, added = places->len - first - last;
    if (removed || added)
        g_list_model_items_changed(G_LIST_MODEL(self), first, removed, added);
}

static void refresh(LkTagList *self)
{
    g_clear_handle_id(&self->refresh_id, g_source_remove);
    self->stale = FALSE;
    LkTagIndex *index = lk_picture_list_get_tags(self->list);
    self->most = lk_tag_index_size(index) ? lk_tag_index_at(index, 0).count : 0;
    g_autoptr(GArray) tags = lk_tag_index_complete(index, self->search, NULL, G_MAXUINT);
    GArray *places = new_places();
    for (guint i = 0; i < tags->len; i++) {
        const LkTagCount *tag = &g_array_index(tags, LkTagCount, i);
        const Place place = {g_strdup(tag->tag), tag->count};
        g_array_append_val(places, place);
    }
    take_places(self, places);
}

static gboolean refresh_cb(gpointer data)
{
    LkTagList *self = data;
    self->refresh_id = 0;
    refresh(self);
    return G_SOURCE_REMOVE;
}

static void touch(LkTagList *self)
{
    self->stale = TRUE;
    if (self->active && !self->refresh_id)
        self->refresh_id = g_timeout_add(REST, refresh_cb, self);
}

/* After other parameters the buckets are new, and maybe the trigger words. */
static void pictures_changed_cb(LkTagList *self, guint aspects)
{
    if (aspects & LK_PICTURE_ASPECT_BUCKET)
        touch(self);
}

LkTagList *lk_tag_list_new(LkPictureList *list)
{
    LkTagList *self = g_object_new(LK_TYPE_TAG_LIST, NULL);
    self->list = g_object_ref(list);
    self->stale = TRUE;
    g_signal_connect_object(list, "tags-changed", G_CALLBACK(touch), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    return self;
}

void lk_tag_list_set_active(LkTagList *self, gboolean active)
{
    self->active = active;
    if (active && self->stale)
        refresh(self);
    if (!active)
        g_clear_handle_id(&self->refresh_id, g_source_remove);
}

void lk_tag_list_search(LkTagList *self, const char *text)
{
    if (g_set_str(&self->search, text))
        refresh(self);
}

void lk_tag_list_show_filter(LkTagList *self, const char *text)
{
    LkFilter *filter = text ? lk_filter_parse(text, NULL, NULL) : NULL;
    if (text && !filter)
        return; /* the one before stays, as it does for the pictures */
    g_clear_pointer(&self->filter, lk_filter_free);
    self->filter = filter;
    GHashTableIter iter;
    gpointer tag, item;
    g_hash_table_iter_init(&iter, self->items);
    while (g_hash_table_iter_next(&iter, &tag, &item))
        item_set_state(item, filter ? lk_filter_tag(filter, tag) : LK_FILTER_TAG_FREE);
}

static void lk_tag_list_dispose(GObject *object)
{
    LkTagList *self = LK_TAG_LIST(object);
    g_clear_handle_id(&self->refresh_id, g_source_remove);
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, self->items);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        g_object_weak_unref(item, item_gone_cb, self);
        g_hash_table_iter_remove(&iter);
    }
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_tag_list_parent_class)->dispose(object);
}

static void lk_tag_list_finalize(GObject *object)
{
    LkTagList *self = LK_TAG_LIST(object);
    g_hash_table_unref(self->items);
    g_array_unref(self->places);
    g_free(self->search);
    g_clear_pointer(&self->filter, lk_filter_free);
    G_OBJECT_CLASS(lk_tag_list_parent_class)->finalize(object);
}

static void lk_tag_list_class_init(LkTagListClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_tag_list_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_tag_list_finalize;
}

static void lk_tag_list_init(LkTagList *self)
{
    self->places = new_places();
    self->items = g_hash_table_new(g_str_hash, g_str_equal);
    self->search = g_strdup("");
}
