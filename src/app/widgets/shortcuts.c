#include "app/widgets/shortcuts.h"

void lk_shortcuts_add(GtkWidget *widget, const LkShortcut *table, size_t count, LkShortcutOrder order)
{
    GtkEventController *controller = gtk_shortcut_controller_new();
    if (order == LK_SHORTCUTS_ANYWHERE)
        gtk_shortcut_controller_set_scope(GTK_SHORTCUT_CONTROLLER(controller), GTK_SHORTCUT_SCOPE_GLOBAL);
    else
        gtk_event_controller_set_propagation_phase(controller, GTK_PHASE_CAPTURE);
    for (size_t i = 0; i < count; i++)
        gtk_shortcut_controller_add_shortcut(
            GTK_SHORTCUT_CONTROLLER(controller),
            gtk_shortcut_new(gtk_shortcut_trigger_parse_string(table[i].keys), gtk_named_action_new(table[i].action)));
    gtk_widget_add_controller(widget, controller);
}
