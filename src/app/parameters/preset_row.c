#include "app/parameters/preset_row.h"

#include "app/application.h"
#include "app/core/job_draft.h"
#include "app/page.h"
#include "app/parameters/own_presets.h"
#include "training/presets.h"

#include <glib/gi18n.h>

struct _LkPresetRow {
    AdwActionRow parent_instance;
    LkProject *project;
    LkForm *form;
    LkParameterHistory *history;
    LkOwnPresets *own;
    GtkMenuButton *button;
    GMenu *menu;
    GSimpleAction *choose;
};

G_DEFINE_FINAL_TYPE(LkPresetRow, lk_preset_row, ADW_TYPE_ACTION_ROW)

#define OWN "own:"

/* ---- which preset ------------------------------------------------------------------------------------ */

static const LkDeviceInfo *device(void)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(lk_application_get_device(lk_application_get()));
    return choice ? &choice->info : NULL;
}

static const LkPresetRecord *find_own(LkPresetRow *self, const char *id)
{
    return id && g_str_has_prefix(id, OWN) ? lk_own_presets_find(self->own, g_ascii_strtoll(id + strlen(OWN), NULL, 10))
                                           : NULL;
}

/* The values of a preset by its id; NULL where it is gone. */
static GHashTable *values_of(LkPresetRow *self, const char *id)
{
    const LkPreset *preset = lk_preset_find(id);
    const LkPresetRecord *record = find_own(self, id);
    if (preset)
        return lk_preset_values(preset, device());
    return record ? g_hash_table_ref(record->values) : NULL;
}

static const char *current_id(LkPresetRow *self)
{
    return lk_project_get_setting(self->project, LK_SETTING_PRESET);
}

static void set_subtitle(LkPresetRow *self, const char *purpose, guint changes)
{
    g_autofree char *number = g_strdup_printf(ngettext("%u change", "%u changes", changes), changes);
    g_autofree char *text =
        changes && *purpose ? g_strdup_printf("%s · %s", purpose, number) : g_strdup(changes ? number : purpose);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self), escaped);
}

static void show_count(LkPresetRow *self)
{
    const char *id = current_id(self);
    const LkPreset *preset = lk_preset_find(id);
    const LkPresetRecord *record = find_own(self, id);
    const char *purpose = preset ? _(preset->purpose) : record ? record->purpose : "";
    set_subtitle(self, preset || record ? purpose : _("None; compared with the defaults"),
                 lk_form_count_changes(self->form));
}

static void show_preset(LkPresetRow *self)
{
    const char *id = current_id(self);
    const LkPreset *preset = lk_preset_find(id);
    const LkPresetRecord *record = find_own(self, id);
    gtk_menu_button_set_label(self->button, preset ? _(preset->title) : record ? record->name : _("None"));
    g_simple_action_set_state(self->choose, g_variant_new_string(preset || record ? id : ""));
    g_autoptr(GHashTable) values = values_of(self, id);
    lk_form_set_preset(self->form, values);
    show_count(self);
}

/* ---- the menu ---------------------------------------------------------------------------------------- */

static void append_builtin(GMenu *menu, const char *heading, gboolean part)
{
    g_autoptr(GMenu) section = g_menu_new();
    for (size_t i = 0; i < lk_preset_count; i++) {
        if (lk_presets[i].part != part)
            continue;
        g_autoptr(GMenuItem) item = g_menu_item_new(_(lk_presets[i].title), NULL);
        g_menu_item_set_action_and_target(item, part ? "preset.part" : "preset.choose", "s", lk_presets[i].id);
        g_menu_append_item(section, item);
    }
    g_menu_append_section(menu, heading, G_MENU_MODEL(section));
}

static void append_own(LkPresetRow *self)
{
    const GPtrArray *all = lk_own_presets_get_all(self->own);
    g_autoptr(GMenu) section = g_menu_new();
    for (guint i = 0; i < all->len; i++) {
        const LkPresetRecord *record = all->pdata[i];
        g_autofree char *id = g_strdup_printf(OWN "%" G_GINT64_FORMAT, record->id);
        g_autoptr(GMenuItem) item = g_menu_item_new(record->name, NULL);
        g_menu_item_set_action_and_target(item, "preset.choose", "s", id);
        g_menu_append_item(section, item);
    }
    if (all->len)
        g_menu_append_section(self->menu, _("Own Presets"), G_MENU_MODEL(section));
    g_autoptr(GMenu) last = g_menu_new();
    g_menu_append(last, _("_Save as Preset…"), "preset.save");
    if (all->len)
        g_menu_append(last, _("_Manage Presets…"), "preset.manage");
    g_menu_append_section(self->menu, NULL, G_MENU_MODEL(last));
}

static void own_changed_cb(LkPresetRow *self)
{
    g_menu_remove_all(self->menu);
    append_builtin(self->menu, _("For a Purpose"), FALSE);
    append_builtin(self->menu, _("For This Much Memory"), TRUE);
    append_own(self);
    show_preset(self);
}

static bool covers(const char *key)
{
    return lk_preset_covers(key) || g_str_equal(key, LK_SETTING_PRESET);
}

static void take_preset(LkPresetRow *self, const char *id, const char *title)
{
    g_autoptr(GHashTable) values = values_of(self, id);
    if (!values)
        return;
    g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_hash_table_insert(all, key, value);
    g_hash_table_insert(all, (gpointer)LK_SETTING_PRESET, (gpointer)id);
    g_autofree char *label = g_strdup_printf(_("Preset %s"), title);
    lk_parameter_history_replace(self->history, label, all, covers);
}

static void choose_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkPresetRow *self = data;
    const char *id = g_variant_get_string(parameter, NULL);
    const LkPreset *preset = lk_preset_find(id);
    const LkPresetRecord *record = find_own(self, id);
    if (preset || record)
        take_preset(self, id, preset ? _(preset->title) : record->name);
}

/* Of a part only what differs from the default is set. */
static void part_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    LkPresetRow *self = data;
    const LkPreset *preset = lk_preset_find(g_variant_get_string(parameter, NULL));
    if (!preset)
        return;
    g_autoptr(GHashTable) values = lk_preset_values(preset, device());
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_autofree char *base = lk_job_draft_base_value(self->project, key, NULL);
        if (lk_job_draft_same_value(key, value, base))
            g_hash_table_iter_replace(&iter, NULL);
    }
    g_autofree char *label = g_strdup_printf(_("Preset %s"), _(preset->title));
    lk_parameter_history_set(self->history, label, values);
}

/* ---- saving ------------------------------------------------------------------------------------------ */

/* What is set now and a preset can be about. */
static GHashTable *present_values(LkPresetRow *self)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(LkJob) job = lk_job_draft_new(self->project, NULL);
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        if (!lk_preset_covers(row->key) || lk_job_draft_is_given_by_project(row->key) ||
            !(lk_job_is_changed(job, row) || (row->optional && job->given[i])))
            continue;
        char *value = lk_job_get(job, row);
        if (value)
            g_hash_table_insert(values, g_strdup(row->key), value);
    }
    return values;
}

typedef struct Saving {
    LkPresetRow *row;
    AdwDialog *dialog;
    GtkEditable *name, *purpose;
} Saving;

static void saving_free(gpointer data, GClosure *closure)
{
    Saving *saving = data;
    g_object_unref(saving->row);
    g_free(saving);
}

static void saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkPresetRow) self = data;
    g_autoptr(GError) error = NULL;
    gint64 id = lk_own_presets_save_finish(LK_OWN_PRESETS(source), result, &error);
    if (!id) {
        lk_page_toast(GTK_WIDGET(self), error->message, NULL, NULL, NULL);
        return;
    }
    g_autofree char *setting = g_strdup_printf(OWN "%" G_GINT64_FORMAT, id);
    lk_parameter_history_set_one(self->history, _("Preset"), LK_SETTING_PRESET, setting);
    lk_page_toast(GTK_WIDGET(self), _("Preset saved"), NULL, NULL, NULL);
}

/* A preset of that name is replaced: the button says so. */
static void name_cb(Saving *saving)
{
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(saving->name)));
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(saving->dialog);
    const LkPresetRecord *there = lk_own_presets_find_name(saving->row->own, name);
    adw_alert_dialog_set_response_enabled(dialog, "save", *name != 0);
    adw_alert_dialog_set_response_label(dialog, "save", there ? _("_Replace") : _("_Save"));
}

static void save_response_cb(Saving *saving, const char *response)
{
    LkPresetRow *self = saving->row;
    if (!g_str_equal(response, "save"))
        return;
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(saving->name)));
    const LkPresetRecord *there = lk_own_presets_find_name(self->own, name);
    g_autoptr(GHashTable) values = present_values(self);
    lk_own_presets_save(self->own, there ? there->id : 0, name, gtk_editable_get_text(saving->purpose), values,
                        saved_cb, g_object_ref(self));
}

void lk_preset_row_save(LkPresetRow *self)
{
    Saving *saving = g_new0(Saving, 1);
    saving->row = g_object_ref(self);
    saving->dialog = adw_alert_dialog_new(_("Save as Preset"), NULL);
    AdwAlertDialog *dialog = ADW_ALERT_DIALOG(saving->dialog);
    adw_alert_dialog_add_responses(dialog, "cancel", _("_Cancel"), "save", _("_Save"), NULL);
    adw_alert_dialog_set_response_appearance(dialog, "save", ADW_RESPONSE_SUGGESTED);
    adw_alert_dialog_set_default_response(dialog, "save");
    GtkWidget *group = adw_preferences_group_new(), *name = adw_entry_row_new(), *purpose = adw_entry_row_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(name), _("Name"));
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(purpose), _("What it is for"));
    adw_entry_row_set_activates_default(ADW_ENTRY_ROW(name), TRUE);
    adw_entry_row_set_activates_default(ADW_ENTRY_ROW(purpose), TRUE);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), name);
    adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), purpose);
    adw_alert_dialog_set_extra_child(dialog, group);
    saving->name = GTK_EDITABLE(name);
    saving->purpose = GTK_EDITABLE(purpose);
    const LkPresetRecord *record = find_own(self, current_id(self));
    gtk_editable_set_text(saving->name, record ? record->name : "");
    gtk_editable_set_text(saving->purpose, record ? record->purpose : "");
    name_cb(saving);
    g_signal_connect_swapped(name, "changed", G_CALLBACK(name_cb), saving);
    g_signal_connect_data(dialog, "response", G_CALLBACK(save_response_cb), saving, saving_free, G_CONNECT_SWAPPED);
    adw_dialog_present(saving->dialog, GTK_WIDGET(self));
    gtk_widget_grab_focus(name);
}

static void save_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_preset_row_save(data);
}

/* ---- managing ---------------------------------------------------------------------------------------- */

static void rename_cb(AdwEntryRow *row, LkPresetRow *self)
{
    gint64 id = *(gint64 *)g_object_get_data(G_OBJECT(row), "id");
    g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(row))));
    const LkPresetRecord *there = lk_own_presets_find_name(self->own, name);
    const LkPresetRecord *record = lk_own_presets_find(self->own, id);
    if (*name && (!there || there->id == id))
        lk_own_presets_rename(self->own, id, name);
    else if (record) /* no name, or another preset has it */
        gtk_editable_set_text(GTK_EDITABLE(row), record->name);
}

static void delete_cb(GtkButton *button, LkPresetRow *self)
{
    GtkWidget *row = gtk_widget_get_ancestor(GTK_WIDGET(button), ADW_TYPE_ENTRY_ROW);
    lk_own_presets_delete(self->own, *(gint64 *)g_object_get_data(G_OBJECT(row), "id"));
    gtk_widget_set_visible(row, FALSE);
}

static void duplicate_cb(GtkButton *button, LkPresetRow *self)
{
    GtkWidget *row = gtk_widget_get_ancestor(GTK_WIDGET(button), ADW_TYPE_ENTRY_ROW);
    const LkPresetRecord *record = lk_own_presets_find(self->own, *(gint64 *)g_object_get_data(G_OBJECT(row), "id"));
    if (!record)
        return;
    g_autofree char *name = g_strdup_printf(_("%s (Copy)"), record->name);
    for (int i = 2; lk_own_presets_find_name(self->own, name); i++) {
        g_free(name);
        name = g_strdup_printf(_("%s (Copy %d)"), record->name, i);
    }
    AdwDialog *dialog = ADW_DIALOG(gtk_widget_get_ancestor(row, ADW_TYPE_DIALOG));
    lk_own_presets_save(self->own, 0, name, record->purpose, record->values, NULL, NULL);
    adw_dialog_close(dialog);
    g_autofree char *text = g_strdup_printf(_("Made “%s”"), name);
    lk_page_toast(GTK_WIDGET(self), text, NULL, NULL, NULL);
}

static void add_button(GtkWidget *row, const char *icon, const char *tooltip, GCallback callback, LkPresetRow *self)
{
    GtkWidget *button = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(button, tooltip);
    g_signal_connect_object(button, "clicked", callback, self, 0);
    adw_entry_row_add_suffix(ADW_ENTRY_ROW(row), button);
}

void lk_preset_row_manage(LkPresetRow *self)
{
    AdwDialog *dialog = adw_preferences_dialog_new();
    GtkWidget *page = adw_preferences_page_new(), *group = adw_preferences_group_new();
    const GPtrArray *all = lk_own_presets_get_all(self->own);
    adw_dialog_set_title(dialog, _("Own Presets"));
    for (guint i = 0; i < all->len; i++) {
        const LkPresetRecord *record = all->pdata[i];
        GtkWidget *row = adw_entry_row_new();
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), *record->purpose ? record->purpose : _("Name"));
        gtk_editable_set_text(GTK_EDITABLE(row), record->name);
        adw_entry_row_set_show_apply_button(ADW_ENTRY_ROW(row), TRUE);
        g_object_set_data_full(G_OBJECT(row), "id", g_memdup2(&record->id, sizeof record->id), g_free);
        g_signal_connect_object(row, "apply", G_CALLBACK(rename_cb), self, 0);
        add_button(row, "edit-copy-symbolic", _("Duplicate"), G_CALLBACK(duplicate_cb), self);
        add_button(row, "user-trash-symbolic", _("Delete"), G_CALLBACK(delete_cb), self);
        adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
    }
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
    adw_preferences_dialog_add(ADW_PREFERENCES_DIALOG(dialog), ADW_PREFERENCES_PAGE(page));
    adw_dialog_present(dialog, GTK_WIDGET(self));
}

static void manage_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    lk_preset_row_manage(data);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void add_actions(LkPresetRow *self)
{
    static const GActionEntry entries[] = {
        {.name = "choose", .activate = choose_cb, .parameter_type = "s", .state = "''"},
        {.name = "part", .activate = part_cb, .parameter_type = "s"},
        {.name = "save", .activate = save_cb},
        {.name = "manage", .activate = manage_cb},
    };
    g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(group), entries, G_N_ELEMENTS(entries), self);
    self->choose = G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(group), "choose"));
    gtk_widget_insert_action_group(GTK_WIDGET(self), "preset", G_ACTION_GROUP(group));
}

static void setting_cb(LkPresetRow *self, const char *key)
{
    if (g_str_equal(key, LK_SETTING_PRESET))
        show_preset(self);
}

GtkWidget *lk_preset_row_new(LkProject *project, LkForm *form, LkPlanning *planning, LkParameterHistory *history)
{
    LkPresetRow *self = g_object_new(LK_TYPE_PRESET_ROW, NULL);
    LkApplication *application = lk_application_get();
    self->project = g_object_ref(project);
    self->form = g_object_ref(form);
    self->history = g_object_ref(history);
    self->own = lk_own_presets_new(lk_project_get_store(project));
    add_actions(self);
    own_changed_cb(self);
    g_signal_connect_object(self->own, "changed", G_CALLBACK(own_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(project, "setting-changed", G_CALLBACK(setting_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(planning, "job-changed", G_CALLBACK(show_count), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(lk_application_get_device(application), "notify::checked", G_CALLBACK(show_preset), self,
                            G_CONNECT_SWAPPED);
    return GTK_WIDGET(self);
}

static void lk_preset_row_dispose(GObject *object)
{
    LkPresetRow *self = LK_PRESET_ROW(object);
    g_clear_object(&self->project);
    g_clear_object(&self->form);
    g_clear_object(&self->history);
    g_clear_object(&self->own);
    g_clear_object(&self->menu);
    G_OBJECT_CLASS(lk_preset_row_parent_class)->dispose(object);
}

static void lk_preset_row_class_init(LkPresetRowClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_preset_row_dispose;
}

static void lk_preset_row_init(LkPresetRow *self)
{
    self->menu = g_menu_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), _("Preset"));
    self->button = GTK_MENU_BUTTON(gtk_menu_button_new());
    gtk_menu_button_set_menu_model(self->button, G_MENU_MODEL(self->menu));
    gtk_menu_button_set_always_show_arrow(self->button, TRUE);
    gtk_widget_set_valign(GTK_WIDGET(self->button), GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(GTK_WIDGET(self->button), "in-row");
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->button), _("Take a Preset"));
    GtkWidget *save = gtk_button_new_from_icon_name("document-save-as-symbolic");
    gtk_widget_add_css_class(save, "flat");
    gtk_widget_set_valign(save, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text(save, _("Save as Preset…"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(save), "preset.save");
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), GTK_WIDGET(self->button));
    adw_action_row_add_suffix(ADW_ACTION_ROW(self), save);
}
