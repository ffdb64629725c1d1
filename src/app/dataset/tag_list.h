/* The tags of a project as a list to show: by falling count, or what fits a search. */
#pragma once

#include "app/dataset/picture_list.h"

G_BEGIN_DECLS

#define LK_TYPE_TAG_ITEM (lk_tag_item_get_type())
G_DECLARE_FINAL_TYPE(LkTagItem, lk_tag_item, LK, TAG_ITEM, GObject)

/* One tag. Properties, read-only with notify: `tag`, `count` (uint: captions that have it), `share` (double: of the
 * most frequent tag's count), `state` (int, LkFilterTag: how the filter has it), `trigger` (it is a trigger word). */
const char *lk_tag_item_get_tag(LkTagItem *self);
guint lk_tag_item_get_count(LkTagItem *self);
double lk_tag_item_get_share(LkTagItem *self);
LkFilterTag lk_tag_item_get_state(LkTagItem *self);
gboolean lk_tag_item_get_trigger(LkTagItem *self);

/** Whether a tag is one of the comma separated trigger words. */
gboolean lk_tag_is_trigger(const char *tag, const char *triggers);

#define LK_TYPE_TAG_LIST (lk_tag_list_get_type())
G_DECLARE_FINAL_TYPE(LkTagList, lk_tag_list, LK, TAG_LIST, GObject)

/** A GListModel of LkTagItem; empty until lk_tag_list_set_active. */
LkTagList *lk_tag_list_new(LkPictureList *list);
/** Keeps up with the captions while somebody looks. */
void lk_tag_list_set_active(LkTagList *self, gboolean active);
/** Only tags that hold this text; "" for all. */
void lk_tag_list_search(LkTagList *self, const char *text);
/** The filter that the items' states are of (may be NULL); it is not kept. */
void lk_tag_list_show_filter(LkTagList *self, const char *text);

G_END_DECLS
