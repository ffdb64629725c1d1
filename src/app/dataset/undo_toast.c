#include "app/dataset/undo_toast.h"

#include "app/page.h"

#include <glib/gi18n.h>

static void label_changed_cb(AdwToast *toast, GParamSpec *pspec, LkPictureList *list)
{
    const char *now = lk_picture_list_get_undo_label(list);
    if (g_strcmp0(now, g_object_get_data(G_OBJECT(toast), "label")) != 0)
        adw_toast_dismiss(toast);
}

static void offer_undo(AdwToast *toast, LkPictureList *list)
{
    adw_toast_set_button_label(toast, _("_Undo"));
    adw_toast_set_timeout(toast, lk_toast_seconds());
    g_signal_connect_object(toast, "button-clicked", G_CALLBACK(lk_picture_list_undo), list, G_CONNECT_SWAPPED);
    g_object_set_data_full(G_OBJECT(toast), "label", g_strdup(lk_picture_list_get_undo_label(list)), g_free);
    g_signal_connect_object(list, "notify::undo-label", G_CALLBACK(label_changed_cb), toast, G_CONNECT_SWAPPED);
}

void lk_undo_toast(GtkWidget *widget, LkPictureList *list, guint n, const char *text)
{
    AdwToastOverlay *overlay = ADW_IS_TOAST_OVERLAY(widget) ? ADW_TOAST_OVERLAY(widget) : lk_page_toasts(widget);
    if (!overlay)
        return;
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    AdwToast *toast = adw_toast_new(escaped);
    adw_toast_set_priority(toast, ADW_TOAST_PRIORITY_HIGH); /* before one that stays until it is read */
    if (n > 0)
        offer_undo(toast, list);
    adw_toast_overlay_add_toast(overlay, toast);
}
