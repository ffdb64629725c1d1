#include "app/dataset/leave_out.h"

#include <glib/gi18n.h>

static guint edit(LkPictureList *list, LkPicture *const *pictures, guint n, gboolean left_out)
{
    g_autofree LkPictureChange *changes = g_new(LkPictureChange, n);
    for (guint i = 0; i < n; i++)
        changes[i] = (LkPictureChange){pictures[i], LK_PICTURE_FIELD_EXCLUDED, left_out ? "1" : "0"};
    g_autofree char *label = left_out
                                 ? g_strdup_printf(ngettext("Leave Out %u Picture", "Leave Out %u Pictures", n), n)
                                 : g_strdup_printf(ngettext("Use %u Picture Again", "Use %u Pictures Again", n), n);
    return lk_picture_list_edit(list, label, changes, n);
}

char *lk_leave_out_toggle(LkPictureList *list, GPtrArray *pictures)
{
    gboolean left_out = FALSE;
    for (guint i = 0; i < pictures->len && !left_out; i++)
        left_out = !lk_picture_get_excluded(g_ptr_array_index(pictures, i));
    guint n = pictures->len ? edit(list, (LkPicture *const *)pictures->pdata, pictures->len, left_out) : 0;
    if (n == 0)
        return NULL;
    return left_out ? g_strdup_printf(
                          ngettext("%u picture left out of the training", "%u pictures left out of the training", n), n)
                    : g_strdup_printf(ngettext("%u picture is used again", "%u pictures are used again", n), n);
}

guint lk_leave_out_edit(LkPictureList *list, GPtrArray *pictures, gboolean left_out)
{
    return pictures->len ? edit(list, (LkPicture *const *)pictures->pdata, pictures->len, left_out) : 0;
}

void lk_leave_out_set(LkPictureList *list, LkPicture *picture, gboolean left_out)
{
    edit(list, &picture, 1, left_out);
}
