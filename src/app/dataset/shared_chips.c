#include "app/dataset/shared_chips.h"

#include "app/dataset/caption_run.h"
#include "app/dataset/chip_box.h"
#include "app/dataset/tag_list.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

/* MOST: chips that are shown. SLICE: microseconds a time that counting may take. */
enum { MOST = 40, SLICE = 3000 };

struct _LkSharedChips {
    AdwBin parent_instance;
    LkChipBox *box;
    LkPictureList *list;
    GPtrArray *pictures;
    LkTagIndex *index; /* of their captions, as far as they are counted */
    guint counted, count_id;
};

G_DEFINE_FINAL_TYPE(LkSharedChips, lk_shared_chips, ADW_TYPE_BIN)

GtkWidget *lk_shared_chips_new(void)
{
    return g_object_new(LK_TYPE_SHARED_CHIPS, NULL);
}

/* ---- counting ---------------------------------------------------------------------------------------- */

static LkChip make_chip(LkSharedChips *self, const LkTagCount *tag, gboolean trigger)
{
    const gboolean all = tag->count >= self->pictures->len;
    const LkTagChipKind whole = trigger ? LK_TAG_CHIP_PINNED : LK_TAG_CHIP_PLAIN;
    return (LkChip){tag->tag, all ? whole : LK_TAG_CHIP_PARTIAL, tag->count};
}

/* By falling count, trigger words first. */
static void show(LkSharedChips *self)
{
    const char *triggers = lk_picture_list_get_trigger_words(self->list);
    const guint size = lk_tag_index_size(self->index), shown = MIN(size, MOST);
    g_autofree LkChip *chips = g_new0(LkChip, shown + 1);
    guint n = 0;
    for (int pinned = 1; pinned >= 0; pinned--) {
        for (guint i = 0; i < shown; i++) {
            const LkTagCount tag = lk_tag_index_at(self->index, i);
            if (lk_tag_is_trigger(tag.tag, triggers) == pinned)
                chips[n++] = make_chip(self, &tag, pinned);
        }
    }
    lk_chip_box_set_chips(self->box, chips, n);
    g_autofree char *note =
        size > shown ? g_strdup_printf(ngettext("and %'u more", "and %'u more", size - shown), size - shown) : NULL;
    lk_chip_box_set_note(self->box, note);
}

static gboolean count_cb(gpointer data)
{
    LkSharedChips *self = data;
    const gint64 until = g_get_monotonic_time() + SLICE;
    while (self->counted < self->pictures->len && g_get_monotonic_time() < until)
        for (int i = 0; i < 20 && self->counted < self->pictures->len; i++)
            lk_tag_index_change(self->index, NULL, lk_picture_get_caption(self->pictures->pdata[self->counted++]));
    if (self->counted < self->pictures->len)
        return G_SOURCE_CONTINUE;
    self->count_id = 0;
    show(self);
    return G_SOURCE_REMOVE;
}

/* Few are counted at once, so that nothing flickers. */
static void count(LkSharedChips *self)
{
    g_clear_handle_id(&self->count_id, g_source_remove);
    g_clear_pointer(&self->index, lk_tag_index_free);
    self->index = lk_tag_index_new();
    self->counted = 0;
    if (count_cb(self) == G_SOURCE_CONTINUE)
        self->count_id = g_idle_add(count_cb, self);
}

/* ---- edits ------------------------------------------------------------------------------------------- */

static void applied_cb(LkSharedChips *self, guint n, const char *text)
{
    if (!self->list)
        return; /* other pictures are shown by now */
    lk_undo_toast(GTK_WIDGET(self), self->list, n, text);
}

static void edit(LkSharedChips *self, LkCaptionEditKind kind, const char *tag, const char *with)
{
    const LkCaptionEdit edit = {.kind = kind, .text = tag, .with = with, .place = LK_TAGS_END};
    g_autoptr(LkCaptionRun) run = lk_caption_run_new(self->list, self->pictures, &edit, NULL);
    if (!run) {
        gtk_widget_error_bell(GTK_WIDGET(self));
        return;
    }
    g_signal_connect_object(run, "applied", G_CALLBACK(applied_cb), self, G_CONNECT_SWAPPED);
    lk_caption_run_apply(run);
}

static char *tag_at(LkSharedChips *self, guint place)
{
    return g_strdup(lk_tag_chip_get_text(lk_chip_box_get_chip(self->box, place)));
}

static void removed_cb(LkSharedChips *self, guint place)
{
    g_autofree char *tag = tag_at(self, place);
    edit(self, LK_CAPTION_EDIT_REMOVE, tag, NULL);
}

static void spread_cb(LkSharedChips *self, guint place)
{
    g_autofree char *tag = tag_at(self, place);
    edit(self, LK_CAPTION_EDIT_ADD, tag, NULL);
}

static void replaced_cb(LkSharedChips *self, guint place, const char *text)
{
    g_autofree char *tag = tag_at(self, place);
    edit(self, LK_CAPTION_EDIT_REPLACE, tag, text);
}

static void added_cb(LkSharedChips *self, const char *text)
{
    edit(self, LK_CAPTION_EDIT_ADD, text, NULL);
}

/* ---- the pictures ------------------------------------------------------------------------------------ */

static void pictures_changed_cb(LkSharedChips *self, guint aspects)
{
    if (aspects & (LK_PICTURE_ASPECT_CAPTION | LK_PICTURE_ASPECT_BUCKET))
        count(self);
}

static void let_go(LkSharedChips *self)
{
    g_clear_handle_id(&self->count_id, g_source_remove);
    if (self->list)
        g_signal_handlers_disconnect_by_data(self->list, self);
    g_clear_object(&self->list);
    g_clear_pointer(&self->pictures, g_ptr_array_unref);
    g_clear_pointer(&self->index, lk_tag_index_free);
}

void lk_shared_chips_set_pictures(LkSharedChips *self, LkPictureList *list, GPtrArray *pictures)
{
    let_go(self);
    if (!pictures)
        return;
    self->list = g_object_ref(list);
    self->pictures = g_ptr_array_ref(pictures);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    lk_chip_box_set_offers(self->box, list, NULL);
    count(self);
}

void lk_shared_chips_add(LkSharedChips *self)
{
    if (self->pictures)
        lk_chip_box_add(self->box);
}

static void lk_shared_chips_dispose(GObject *object)
{
    let_go(LK_SHARED_CHIPS(object));
    G_OBJECT_CLASS(lk_shared_chips_parent_class)->dispose(object);
}

static void lk_shared_chips_class_init(LkSharedChipsClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_shared_chips_dispose;
}

static void lk_shared_chips_init(LkSharedChips *self)
{
    self->box = LK_CHIP_BOX(lk_chip_box_new());
    g_signal_connect_object(self->box, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "spread", G_CALLBACK(spread_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "replaced", G_CALLBACK(replaced_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "added", G_CALLBACK(added_cb), self, G_CONNECT_SWAPPED);
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->box));
}
