#include "app/dataset/picture_marks.h"

#include <glib/gi18n.h>

/* In the order of importance: of several the first one is shown. */
static const struct {
    LkFindingKind kind;
    const char *icon, *text;
} table[] = {
    {LK_FINDING_PICTURE_NO_BUCKET, "dialog-warning-symbolic", N_("No bucket")},
    {LK_FINDING_CAPTION_NOT_UTF8, "dialog-warning-symbolic", N_("Caption not UTF-8")},
    {LK_FINDING_CAPTION_UNREADABLE, "dialog-warning-symbolic", N_("Caption unreadable")},
    {LK_FINDING_CAPTION_MISSING, "document-edit-symbolic", N_("No caption")},
    {LK_FINDING_CAPTION_EMPTY, "document-edit-symbolic", N_("No caption")},
    {LK_FINDING_PICTURE_DUPLICATE, "edit-copy-symbolic", N_("Duplicate")},
    {LK_FINDING_PICTURE_SMALL, "dialog-warning-symbolic", N_("Small")},
    {LK_FINDING_TRIGGER_MISSING, "document-edit-symbolic", N_("No trigger word")},
    {LK_FINDING_CAPTION_LONG, "document-edit-symbolic", N_("Long caption")},
    {LK_FINDING_PICTURE_LOOKALIKE, "edit-copy-symbolic", N_("Similar")},
    {LK_FINDING_PICTURE_BLURRED, "dialog-warning-symbolic", N_("Blurred")},
};

static gboolean mark_of_problems(LkPicture *picture, LkPictureMark *mark)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (!lk_picture_has_problem(picture, table[i].kind))
            continue;
        *mark = (LkPictureMark){table[i].icon, g_strdup(_(table[i].text)), TRUE};
        return TRUE;
    }
    return FALSE;
}

guint lk_picture_marks(LkPicture *picture, LkPictureMark marks[LK_PICTURE_MARKS])
{
    guint count = 0;
    if (lk_picture_get_error(picture) || lk_picture_get_missing(picture))
        return 0;
    if (lk_picture_get_excluded(picture)) {
        /* translators: a picture that the person left out of the training */
        marks[count++] = (LkPictureMark){"view-conceal-symbolic", g_strdup(_("Left out")), FALSE};
        return count; /* what is wrong with it does not matter */
    }
    count += mark_of_problems(picture, &marks[count]);
    guint repeats = lk_picture_get_own_repeats(picture);
    if (repeats > 0)
        marks[count++] = (LkPictureMark){NULL, g_strdup_printf("× %u", repeats), FALSE};
    return count;
}

void lk_picture_mark_clear(LkPictureMark *mark)
{
    g_clear_pointer(&mark->text, g_free);
}

char *lk_picture_blank_reason(LkPicture *picture)
{
    if (lk_picture_get_missing(picture))
        return g_strdup(_("The file is gone."));
    return g_strdup(lk_picture_get_error(picture));
}

char *lk_picture_in_words(LkPicture *picture)
{
    GString *words = g_string_new(lk_picture_get_name(picture));
    g_autofree char *reason = lk_picture_blank_reason(picture);
    if (reason)
        g_string_append_printf(words, ", %s", reason);
    LkPictureMark marks[LK_PICTURE_MARKS];
    guint count = lk_picture_marks(picture, marks);
    for (guint i = 0; i < count; i++) {
        g_string_append_printf(words, ", %s", marks[i].text);
        lk_picture_mark_clear(&marks[i]);
    }
    return g_string_free_and_steal(words);
}
