/* What the pages of a project have in common: an AdwNavigationPage that shows one project. */
#pragma once

#include "app/core/project.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PAGE (lk_page_get_type())
G_DECLARE_DERIVABLE_TYPE(LkPage, lk_page, LK, PAGE, AdwNavigationPage)

struct _LkPageClass {
    AdwNavigationPageClass parent_class;
    /** Where its messages appear now: above its bars, which can be used meanwhile. NULL: at the bottom of the window.
     */
    AdwToastOverlay *(*get_toasts)(LkPage *self);
};

/** The project it shows (borrowed); set at construction, never NULL, never changes. */
LkProject *lk_page_get_project(LkPage *self);

/** How long a message with a button stays: time to read it, and to reach the button by keyboard. The environment may
 * say LORIKEET_TOAST_SECONDS: journeys do, for which no machine is too slow. */
guint lk_toast_seconds(void);

/** Where messages of a widget appear: its page says so, else the nearest place around it. NULL outside a window. */
AdwToastOverlay *lk_page_toasts(GtkWidget *widget);

/** A short message of a widget. With `button` it offers the action `action_name` (with `target`, which
 * may be NULL). Sinks a floating target. */
void lk_page_toast(GtkWidget *widget, const char *text, const char *button, const char *action_name, GVariant *target);

G_END_DECLS
