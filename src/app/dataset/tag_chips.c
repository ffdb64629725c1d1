#include "app/dataset/tag_chips.h"

#include "app/dataset/chip_box.h"
#include "app/dataset/edit_words.h"
#include "text/tags.h"

#include <glib/gi18n.h>

struct _LkTagChips {
    AdwBin parent_instance;
    LkChipBox *box;
    LkPictureList *list;
    LkPicture *picture;
};

G_DEFINE_FINAL_TYPE(LkTagChips, lk_tag_chips, ADW_TYPE_BIN)

GtkWidget *lk_tag_chips_new(void)
{
    return g_object_new(LK_TYPE_TAG_CHIPS, NULL);
}

static const char *caption_of(LkTagChips *self)
{
    return self->picture ? lk_picture_get_caption(self->picture) : "";
}

static guint count_pinned(LkTagChips *self)
{
    return (guint)lk_tags_pinned(caption_of(self), lk_picture_list_get_trigger_words(self->list));
}

static void update(LkTagChips *self)
{
    if (!self->picture)
        return;
    const char *caption = caption_of(self);
    g_auto(GStrv) tags = lk_tags_parse(caption);
    const guint count = g_strv_length(tags), pinned = count_pinned(self);
    g_autofree LkChip *chips = g_new0(LkChip, count + 1);
    for (guint i = 0; i < count; i++)
        chips[i] = (LkChip){tags[i], i < pinned ? LK_TAG_CHIP_PINNED : LK_TAG_CHIP_PLAIN, 0};
    lk_chip_box_set_chips(self->box, chips, count);
    lk_chip_box_set_offers(self->box, self->list, caption);
}

/* ---- edits ------------------------------------------------------------------------------------------- */

/* Takes `caption`. `pattern` has "{tag}" where the tag's text goes. */
static gboolean edit(LkTagChips *self, char *caption, const char *pattern, const char *tag)
{
    g_autofree char *after = caption, *shown = lk_shorten(tag);
    g_autoptr(GString) words = g_string_new(pattern);
    g_string_replace(words, "{tag}", shown, 1);
    const LkPictureChange change = {self->picture, LK_PICTURE_FIELD_CAPTION, after};
    return lk_picture_list_edit(self->list, words->str, &change, 1) > 0;
}

static void removed_cb(LkTagChips *self, guint place)
{
    LkTagChip *chip = lk_chip_box_get_chip(self->box, place);
    g_autofree char *tag = g_strdup(lk_tag_chip_get_text(chip));
    edit(self, lk_tags_remove_at(caption_of(self), (int)place), _("Remove Tag “{tag}”"), tag);
}

static void replaced_cb(LkTagChips *self, guint place, const char *text)
{
    LkTagChip *chip = lk_chip_box_get_chip(self->box, place);
    g_autofree char *tag = g_strdup(lk_tag_chip_get_text(chip));
    edit(self, lk_tags_replace_at(caption_of(self), (int)place, text), _("Change Tag “{tag}”"), tag);
}

/* Nothing goes before the trigger words, and these stay. */
static void moved_cb(LkTagChips *self, guint from, guint to)
{
    const guint pinned = count_pinned(self);
    if (from < pinned || MAX(to, pinned) == from) {
        gtk_widget_error_bell(GTK_WIDGET(self));
        return;
    }
    LkTagChip *chip = lk_chip_box_get_chip(self->box, from);
    g_autofree char *tag = g_strdup(lk_tag_chip_get_text(chip));
    to = MAX(to, pinned);
    if (edit(self, lk_tags_move(caption_of(self), (int)from, (int)to), _("Move Tag “{tag}”"), tag))
        lk_chip_box_focus(self->box, to);
}

static void added_cb(LkTagChips *self, const char *text)
{
    char *after = lk_tags_add(caption_of(self), text, LK_TAGS_END, 0, LK_TAGS_EXACT,
                              lk_picture_list_get_trigger_words(self->list));
    if (!edit(self, after, _("Add Tag “{tag}”"), text))
        gtk_widget_error_bell(GTK_WIDGET(self)); /* it is there already */
}

/* ---- the picture ------------------------------------------------------------------------------------- */

/* After other parameters the buckets are new, and maybe the trigger words. */
static void pictures_changed_cb(LkTagChips *self, guint aspects)
{
    if (aspects & LK_PICTURE_ASPECT_BUCKET)
        update(self);
}

void lk_tag_chips_set_picture(LkTagChips *self, LkPictureList *list, LkPicture *picture)
{
    if (self->picture)
        g_signal_handlers_disconnect_by_func(self->picture, update, self);
    if (self->list)
        g_signal_handlers_disconnect_by_func(self->list, pictures_changed_cb, self);
    g_set_object(&self->list, list);
    g_set_object(&self->picture, picture);
    gtk_widget_set_sensitive(GTK_WIDGET(self), picture != NULL);
    if (!picture) {
        lk_chip_box_set_chips(self->box, NULL, 0);
        return;
    }
    g_signal_connect_object(picture, "notify::caption", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    update(self);
}

void lk_tag_chips_add(LkTagChips *self)
{
    if (self->picture)
        lk_chip_box_add(self->box);
}

static void lk_tag_chips_dispose(GObject *object)
{
    LkTagChips *self = LK_TAG_CHIPS(object);
    g_clear_object(&self->picture);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_tag_chips_parent_class)->dispose(object);
}

static void lk_tag_chips_class_init(LkTagChipsClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_tag_chips_dispose;
}

static void lk_tag_chips_init(LkTagChips *self)
{
    self->box = LK_CHIP_BOX(lk_chip_box_new());
    lk_chip_box_set_movable(self->box, TRUE);
    g_signal_connect_object(self->box, "removed", G_CALLBACK(removed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "replaced", G_CALLBACK(replaced_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "moved", G_CALLBACK(moved_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->box, "added", G_CALLBACK(added_cb), self, G_CONNECT_SWAPPED);
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->box));
}
