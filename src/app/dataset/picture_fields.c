#include "app/dataset/picture_fields.h"

#include <string.h>

/* The text of a field as the history has it; NULL: no caption file, no mask. Free with g_free. */
char *lk_picture_field_value(LkPicture *picture, LkPictureField field)
{
    switch (field) {
    case LK_PICTURE_FIELD_CAPTION:
        return g_strdup(picture->caption);
    case LK_PICTURE_FIELD_EXCLUDED:
        return g_strdup(picture->excluded ? "1" : "0");
    case LK_PICTURE_FIELD_REPEATS:
        return g_strdup_printf("%u", picture->own_repeats);
    case LK_PICTURE_FIELD_MASK:
        return g_strdup(picture->mask);
    case LK_PICTURE_FIELD_REMOVED:
        return g_strdup(picture->removed ? "1" : "0");
    default:
        return NULL;
    }
}

/* A value as it will be in the file or row. */
char *lk_picture_field_tidy(LkPictureField field, const char *value)
{
    if (field == LK_PICTURE_FIELD_REPEATS)
        return g_strdup_printf("%u", (guint)MIN(value ? g_ascii_strtoull(value, NULL, 10) : 0, 999999));
    if (field == LK_PICTURE_FIELD_EXCLUDED || field == LK_PICTURE_FIELD_REMOVED)
        return g_strdup(value && strcmp(value, "1") == 0 ? "1" : "0");
    if (field == LK_PICTURE_FIELD_MASK)
        return g_strdup(value && *value ? value : NULL);
    char *text = g_utf8_make_valid(value ? value : "", -1), *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    while (to > text && to[-1] == '\n')
        to--;
    *to = '\0';
    return text;
}

/* "" is no change of a picture without a caption file. */
bool lk_picture_field_differs(LkPicture *picture, LkPictureField field, const char *value)
{
    if (field == LK_PICTURE_FIELD_CAPTION)
        return strcmp(lk_picture_get_caption(picture), value ? value : "") != 0 ||
               picture->caption_state == LK_PICTURE_CAPTION_NOT_UTF8;
    g_autofree char *now = lk_picture_field_value(picture, field);
    return g_strcmp0(now, value) != 0;
}

void lk_picture_list_apply_caption(LkPictureList *list, LkPicture *picture, const char *value,
                                   LkPictureCaptionState state)
{
    if (picture->listed)
        lk_picture_tags_change(list->tags, lk_picture_get_caption(picture), value ? value : "");
    lk_picture_set_caption(picture, value, state);
    lk_picture_list_changed(list, LK_PICTURE_ASPECT_CAPTION);
}

/* All fields but LK_PICTURE_FIELD_REMOVED. */
void lk_picture_list_apply(LkPictureList *list, LkPicture *picture, LkPictureField field, const char *value)
{
    switch (field) {
    case LK_PICTURE_FIELD_CAPTION:
        lk_picture_list_apply_caption(list, picture, value, value ? LK_PICTURE_CAPTION_READ : LK_PICTURE_CAPTION_NONE);
        break;
    case LK_PICTURE_FIELD_EXCLUDED:
        lk_picture_set_excluded(picture, g_strcmp0(value, "1") == 0);
        lk_picture_doctor_recount(list->doctor);
        break;
    case LK_PICTURE_FIELD_REPEATS:
        lk_picture_set_own_repeats(picture, value ? (guint)g_ascii_strtoull(value, NULL, 10) : 0);
        break;
    case LK_PICTURE_FIELD_MASK:
        lk_picture_set_mask(picture, value);
        break;
    default:
        return;
    }
    if (field != LK_PICTURE_FIELD_CAPTION)
        lk_picture_list_changed(list, LK_PICTURE_ASPECT_CHOICES);
    if (picture->listed)
        lk_picture_doctor_touch(list->doctor, picture);
}

LkPictureMoves lk_picture_moves_new(void)
{
    return (LkPictureMoves){g_ptr_array_new(), g_ptr_array_new()};
}

void lk_picture_moves_add(LkPictureMoves *moves, LkPicture *picture, const char *value)
{
    const bool out = g_strcmp0(value, "1") == 0;
    if (out == picture->removed)
        return;
    picture->removed = out;
    g_ptr_array_add(out ? moves->out : moves->back, picture);
}

void lk_picture_moves_end(LkPictureMoves *moves, LkPictureList *list)
{
    for (guint i = 0; i < moves->out->len; i++)
        lk_picture_tags_change(list->tags, lk_picture_get_caption(moves->out->pdata[i]), NULL);
    for (guint i = 0; i < moves->back->len; i++)
        lk_picture_tags_change(list->tags, NULL, lk_picture_get_caption(moves->back->pdata[i]));
    if (moves->out->len)
        lk_picture_list_take_out(list, moves->out, false);
    if (moves->back->len)
        lk_picture_list_insert(list, moves->back);
    g_ptr_array_unref(moves->out);
    g_ptr_array_unref(moves->back);
}
