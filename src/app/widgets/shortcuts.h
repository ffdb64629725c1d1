/* Keys that do an action: one table a page, one way to install it. */
#pragma once

#include <gtk/gtk.h>

/** Keys as GTK's shortcut triggers are written ("<Control>z|<Control>y"), and the action's full name ("page.undo"). */
typedef struct LkShortcut {
    const char *keys, *action;
} LkShortcut;

/** When the keys are looked at. */
typedef enum LkShortcutOrder {
    LK_SHORTCUTS_ANYWHERE, /* wherever in the window the keyboard is, unless a text takes them */
    LK_SHORTCUTS_FIRST,    /* within the widget, before its children see them */
} LkShortcutOrder;

/** Gives a widget the keys of a table. The actions must be within the widget's reach when the keys are pressed. */
void lk_shortcuts_add(GtkWidget *widget, const LkShortcut *table, size_t count, LkShortcutOrder order);
