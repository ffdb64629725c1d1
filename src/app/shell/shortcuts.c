#include "app/shell/shortcuts.h"

#include <adwaita.h>
#include <glib/gi18n.h>

typedef struct Shortcut {
    const char *keys, *title; /* keys: as gtk_accelerator_parse takes them */
} Shortcut;

/* In the order of the pages. */
static const struct {
    const char *title;
    Shortcut shortcuts[20];
} groups[] = {
    {N_("General"),
     {{"<Control>n", N_("New project")},
      {"<Alt>Home", N_("All projects")},
      {"<Alt>1", N_("Dataset")},
      {"<Alt>2", N_("Parameters")},
      {"<Alt>3", N_("Training")},
      {"<Alt>4", N_("Test")},
      {"<Alt>5", N_("Results")},
      {"<Alt>6", N_("Tasks")},
      {"F1", N_("Help for what is shown")},
      {"<Control>comma", N_("Preferences")},
      {"<Control>question", N_("Keyboard shortcuts")},
      {"<Control>q", N_("Quit")}}},
    {N_("Dataset"),
     {{"<Control>z", N_("Undo")},
      {"<Control><Shift>z", N_("Redo")},
      {"Return", N_("Open the picture")},
      {"F2", N_("Edit the caption")},
      {"<Control>j", N_("Next picture without a caption")},
      {"<Control>t", N_("Add a tag")},
      {"<Control>Right", N_("Move a tag")},
      {"<Control><Shift>c", N_("Copy the caption")},
      {"<Control><Shift>v", N_("Paste as caption")},
      {"<Control>e", N_("Change all pictures that are shown")},
      {"<Control>l", N_("Filter")},
      {"<Control>a", N_("Select all")},
      {"Delete", N_("Leave out of training")},
      {"<Control>plus", N_("Larger pictures")},
      {"<Control>minus", N_("Smaller pictures")},
      {"F9", N_("Side pane")}}},
    {N_("Parameters"),
     {{"<Control>f", N_("Find a parameter")}, {"F1", N_("Explain the parameter")}, {"<Control>Return", N_("Train")}}},
    {N_("Training"),
     {{"<Control>p", N_("Pause or go on")}, {"<Control>s", N_("Save now")}, {"<Control><Shift>s", N_("Sample now")}}},
    {N_("Test"), {{"<Control>Return", N_("Generate")}}},
    {N_("Tasks"), {{"F2", N_("Rename the task")}, {"Delete", N_("Delete the task")}}},
    {N_("Queue"),
     {{"<Alt>Up", N_("Move the task up")},
      {"<Alt>Down", N_("Move the task down")},
      {"Delete", N_("Remove the task from the queue")}}},
};

static GtkWidget *make_row(const Shortcut *shortcut)
{
    guint key;
    GdkModifierType modifiers;
    gtk_accelerator_parse(shortcut->keys, &key, &modifiers);
    g_autofree char *label = gtk_accelerator_get_label(key, modifiers);
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _(shortcut->title));
    GtkWidget *keys = gtk_label_new(label);
    gtk_widget_add_css_class(keys, "keys");
    gtk_widget_set_valign(keys, GTK_ALIGN_CENTER);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), keys);
    return row;
}

void lk_shortcuts_present(GtkWidget *parent)
{
    AdwDialog *dialog = adw_preferences_dialog_new();
    adw_dialog_set_title(dialog, _("Keyboard Shortcuts"));
    AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
        adw_preferences_group_set_title(group, _(groups[i].title));
        for (const Shortcut *shortcut = groups[i].shortcuts; shortcut->keys; shortcut++)
            adw_preferences_group_add(group, make_row(shortcut));
        adw_preferences_page_add(page, group);
    }
    adw_preferences_dialog_add(ADW_PREFERENCES_DIALOG(dialog), page);
    adw_dialog_present(dialog, parent);
}
