#include "app/test/lora_popover.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkLoraPopover {
    GtkPopover parent_instance;
    GtkSearchEntry *search;
    GtkListBox *list;
    GtkLabel *placeholder;
    GtkWidget *more;
    GtkWidget *folders; /* the person's, with buttons to take them out */
    LkLoraList *loras;
};

G_DEFINE_FINAL_TYPE(LkLoraPopover, lk_lora_popover, GTK_TYPE_POPOVER)

enum { SIGNAL_INSERT, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* A search field is in the way of a short list; a list that is very long is searched, not read. */
enum { MANY = 8, MOST_ROWS = 200 };

/* ---- rows -------------------------------------------------------------------------------------------- */

static LkLoraItem *item_of(GtkListBoxRow *row)
{
    return g_object_get_data(G_OBJECT(row), "item");
}

static void insert(LkLoraPopover *self, GtkListBoxRow *row)
{
    gtk_popover_popdown(GTK_POPOVER(self));
    g_signal_emit(self, signals[SIGNAL_INSERT], 0, item_of(row));
}

static void insert_clicked_cb(GtkWidget *button, LkLoraPopover *self)
{
    insert(self, GTK_LIST_BOX_ROW(gtk_widget_get_ancestor(button, GTK_TYPE_LIST_BOX_ROW)));
}

static GtkWidget *make_button(LkLoraPopover *self, LkLoraItem *item)
{
    GtkWidget *button = gtk_button_new_from_icon_name("list-add-symbolic");
    g_autofree char *words = g_strdup_printf(_("Insert %s"), lk_lora_item_get_long_title(item));
    gtk_widget_set_tooltip_text(button, words);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    g_signal_connect_object(button, "clicked", G_CALLBACK(insert_clicked_cb), self, 0);
    return button;
}

static void add_item(LkLoraPopover *self, LkLoraItem *item)
{
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), lk_lora_item_get_title(item));
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), lk_lora_item_get_subtitle(item));
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    gtk_widget_set_tooltip_text(row, lk_lora_item_get_name(item));
    if (lk_lora_item_get_best(item)) {
        GtkWidget *best = gtk_label_new(_("Best"));
        gtk_widget_add_css_class(best, "best-badge");
        gtk_widget_add_css_class(best, "caption-heading");
        gtk_widget_set_valign(best, GTK_ALIGN_CENTER);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), best);
    }
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), make_button(self, item));
    g_object_set_data_full(G_OBJECT(row), "item", g_object_ref(item), g_object_unref);
    gtk_list_box_append(self->list, row);
}

static void header_cb(GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
    const char *section = lk_lora_item_get_section(item_of(row));
    if (before && g_str_equal(section, lk_lora_item_get_section(item_of(before)))) {
        gtk_list_box_row_set_header(row, NULL);
        return;
    }
    GtkWidget *label = gtk_label_new(section);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(label, "heading");
    gtk_widget_add_css_class(label, "section-title");
    gtk_list_box_row_set_header(row, label);
}

/* ---- folders ----------------------------------------------------------------------------------------- */

static void remove_folder_cb(GtkWidget *button, LkLoraPopover *self)
{
    lk_lora_list_remove_folder(self->loras, g_object_get_data(G_OBJECT(button), "folder"));
}

static void add_folder_row(LkLoraPopover *self, const char *folder)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    g_autofree char *shown = g_filename_display_name(folder), *words = NULL;
    GtkWidget *label = gtk_label_new(shown);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_START);
    gtk_widget_set_hexpand(label, TRUE);
    gtk_widget_add_css_class(label, "caption");
    gtk_widget_add_css_class(label, "dimmed");
    gtk_box_append(GTK_BOX(box), label);
    GtkWidget *button = gtk_button_new_from_icon_name("list-remove-symbolic");
    words = g_strdup_printf(_("Do Not List %s"), shown);
    gtk_widget_set_tooltip_text(button, words);
    gtk_widget_add_css_class(button, "flat");
    g_object_set_data_full(G_OBJECT(button), "folder", g_strdup(folder), g_free);
    g_signal_connect_object(button, "clicked", G_CALLBACK(remove_folder_cb), self, 0);
    gtk_box_append(GTK_BOX(box), button);
    gtk_box_append(GTK_BOX(self->folders), box);
}

static void folder_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkLoraPopover) self = data;
    g_autoptr(GFile) folder = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = folder ? g_file_get_path(folder) : NULL;
    if (path && self->loras)
        lk_lora_list_add_folder(self->loras, path);
}

static void add_folder_cb(LkLoraPopover *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Folder of LoRAs"));
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
    gtk_popover_popdown(GTK_POPOVER(self));
    gtk_file_dialog_select_folder(dialog, window, NULL, folder_chosen_cb, g_object_ref(self));
}

/* ---- the list ---------------------------------------------------------------------------------------- */

/* Whether name or title has all the words. */
static gboolean matches(LkLoraItem *item, char **words)
{
    g_autofree char *name = g_utf8_casefold(lk_lora_item_get_name(item), -1);
    g_autofree char *title = g_utf8_casefold(lk_lora_item_get_title(item), -1);
    for (char **word = words; *word; word++)
        if (!strstr(name, *word) && !strstr(title, *word))
            return FALSE;
    return TRUE;
}

/* Adds rows for what matches, until there are MOST_ROWS. Returns how many there are. */
static guint add_items(LkLoraPopover *self, GListModel *model, char **words, guint rows)
{
    for (guint i = 0; i < g_list_model_get_n_items(model) && rows < MOST_ROWS; i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(model, i);
        if (!matches(item, words))
            continue;
        add_item(self, item);
        rows++;
    }
    return rows;
}

static void show_items(LkLoraPopover *self)
{
    GListModel *checkpoints = lk_lora_list_get_checkpoints(self->loras);
    GListModel *others = lk_lora_list_get_others(self->loras);
    g_autofree char *folded = g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(self->search)), -1);
    g_auto(GStrv) words = g_strsplit(folded, " ", -1);
    /* gtk_list_box_remove_all() would take the placeholder away as well. */
    for (GtkListBoxRow *row; (row = gtk_list_box_get_row_at_index(self->list, 0));)
        gtk_list_box_remove(self->list, GTK_WIDGET(row));
    guint rows = add_items(self, checkpoints, words, 0);
    rows = add_items(self, others, words, rows);
    gtk_widget_set_visible(self->more, rows == MOST_ROWS);
    guint count = g_list_model_get_n_items(checkpoints) + g_list_model_get_n_items(others);
    gtk_widget_set_visible(GTK_WIDGET(self->search), count > MANY);
    gtk_label_set_label(self->placeholder, count ? _("No LoRA has this name.")
                                                 : _("No LoRA yet. Train one, or add a folder that has some."));
}

static void show_folders(LkLoraPopover *self)
{
    for (GtkWidget *child; (child = gtk_widget_get_first_child(self->folders));)
        gtk_box_remove(GTK_BOX(self->folders), child);
    g_auto(GStrv) folders = lk_lora_list_own_folders(self->loras);
    for (int i = 0; folders[i]; i++)
        add_folder_row(self, folders[i]);
    gtk_widget_set_visible(self->folders, folders[0] != NULL);
}

/* What nobody looks at is not built. */
static void rebuild(LkLoraPopover *self)
{
    if (!gtk_widget_get_visible(GTK_WIDGET(self)))
        return;
    show_items(self);
    show_folders(self);
}

static void shown_cb(LkLoraPopover *self)
{
    gtk_editable_set_text(GTK_EDITABLE(self->search), "");
    rebuild(self);
}

void lk_lora_popover_set_list(LkLoraPopover *self, LkLoraList *list)
{
    g_set_object(&self->loras, list);
    g_signal_connect_object(list, "changed", G_CALLBACK(rebuild), self, G_CONNECT_SWAPPED);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_lora_popover_dispose(GObject *object)
{
    g_clear_object(&LK_LORA_POPOVER(object)->loras);
    G_OBJECT_CLASS(lk_lora_popover_parent_class)->dispose(object);
}

static void lk_lora_popover_class_init(LkLoraPopoverClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_lora_popover_dispose;
    signals[SIGNAL_INSERT] = g_signal_new("insert", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, LK_TYPE_LORA_ITEM);
}

static GtkWidget *make_hint(const char *text)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 30);
    gtk_widget_add_css_class(label, "dimmed");
    gtk_widget_add_css_class(label, "section-title");
    return label;
}

static void lk_lora_popover_init(LkLoraPopover *self)
{
    enum { WIDTH = 300, TALLEST = 380 };
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    self->search = GTK_SEARCH_ENTRY(gtk_search_entry_new());
    gtk_search_entry_set_placeholder_text(self->search, _("Find a LoRA"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->search), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Find a LoRA"), -1);
    g_signal_connect_object(self->search, "search-changed", G_CALLBACK(show_items), self, G_CONNECT_SWAPPED);
    self->list = GTK_LIST_BOX(gtk_list_box_new());
    gtk_list_box_set_selection_mode(self->list, GTK_SELECTION_NONE);
    gtk_list_box_set_header_func(self->list, header_cb, NULL, NULL);
    self->placeholder = GTK_LABEL(make_hint(NULL));
    gtk_list_box_set_placeholder(self->list, GTK_WIDGET(self->placeholder));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("LoRAs"), -1);
    g_signal_connect_object(self->list, "row-activated", G_CALLBACK(insert), self, G_CONNECT_SWAPPED);
    GtkWidget *scroller =
        g_object_new(GTK_TYPE_SCROLLED_WINDOW, "hscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-height", TRUE,
                     "max-content-height", TALLEST, "child", self->list, "width-request", WIDTH, NULL);
    self->more = make_hint(_("There are more. Find them by their names."));
    self->folders = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *add = gtk_button_new_with_mnemonic(_("_Add Folder…"));
    g_signal_connect_object(add, "clicked", G_CALLBACK(add_folder_cb), self, G_CONNECT_SWAPPED);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->search));
    gtk_box_append(GTK_BOX(box), scroller);
    gtk_box_append(GTK_BOX(box), self->more);
    gtk_box_append(GTK_BOX(box), self->folders);
    gtk_box_append(GTK_BOX(box), add);
    gtk_popover_set_child(GTK_POPOVER(self), box);
    g_signal_connect(self, "show", G_CALLBACK(shown_cb), NULL);
}
