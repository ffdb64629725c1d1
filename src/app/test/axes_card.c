#include "app/test/axes_card.h"

#include "app/test/prompt_entry.h"
#include "app/widgets/combo_names.h"
#include "format/gerror.h"

#include <glib/gi18n.h>

/* As many checkpoints as fit beside each other are taken where the person has chosen none. */
enum { USUAL_CHECKPOINTS = 5 };

enum { COLUMNS, ROWS, SIDES };

struct _LkAxesCard {
    AdwBin parent_instance;
    AdwComboRow *columns_row, *rows_row;
    AdwEntryRow *strengths_row, *seeds_row;
    AdwActionRow *checkpoints_row, *prompts_row;
    GtkWidget *checkpoints_button, *prompts_button;
    GtkListBox *checkpoints_list;
    LkPromptEntry *prompts_entry;
    LkTestSettings *settings;
    LkLoraList *loras;
};

G_DEFINE_FINAL_TYPE(LkAxesCard, lk_axes_card, ADW_TYPE_BIN)

enum { SIGNAL_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static const char *const side_properties[SIDES] = {"columns", "rows"};

static LkAxisKind kind_of(LkAxesCard *self, int side)
{
    return lk_axis_kind_find(lk_test_settings_get_text(self->settings, side_properties[side]), LK_AXIS_NONE);
}

/* ---- checkpoints ------------------------------------------------------------------------------------- */

static char *key_of(LkLoraItem *item)
{
    return g_build_filename(lk_lora_item_get_folder(item), lk_lora_item_get_name(item), NULL);
}

/* The chosen ones: keys; empty: none has been chosen. */
static GHashTable *read_chosen(LkAxesCard *self)
{
    GHashTable *chosen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) keys = g_strsplit(lk_test_settings_get_text(self->settings, "checkpoints"), "\n", -1);
    for (char **key = keys; *key; key++)
        if (**key)
            g_hash_table_add(chosen, g_strdup(*key));
    return chosen;
}

/* Evenly from the newest task, its last among them. The list has the newest first. */
static void choose_usual(LkAxesCard *self, GHashTable *chosen)
{
    GListModel *all = lk_lora_list_get_checkpoints(self->loras);
    g_autoptr(LkLoraItem) newest = g_list_model_get_item(all, 0);
    guint count = 0;
    for (guint i = 0; newest && i < g_list_model_get_n_items(all); i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(all, i);
        count += lk_lora_item_get_task(item) == lk_lora_item_get_task(newest);
    }
    guint wanted = MIN(count, USUAL_CHECKPOINTS);
    for (guint i = 0; i < wanted; i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(all, i * count / wanted);
        g_hash_table_add(chosen, key_of(item));
    }
}

/* Items of the grid, the earliest first. */
static GPtrArray *chosen_items(LkAxesCard *self)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(g_object_unref);
    GListModel *all = lk_lora_list_get_checkpoints(self->loras);
    g_autoptr(GHashTable) chosen = read_chosen(self);
    for (int attempt = 0; attempt < 2 && items->len == 0; attempt++) {
        if (attempt > 0 || g_hash_table_size(chosen) == 0)
            choose_usual(self, chosen);
        for (guint i = g_list_model_get_n_items(all); i-- > 0;) {
            LkLoraItem *item = g_list_model_get_item(all, i);
            g_autofree char *key = key_of(item);
            if (g_hash_table_contains(chosen, key))
                g_ptr_array_add(items, item);
            else
                g_object_unref(item);
        }
    }
    return items;
}

static GPtrArray *checkpoint_values(LkAxesCard *self, GError **error)
{
    GPtrArray *values = lk_axis_values_new();
    g_autoptr(GPtrArray) items = chosen_items(self);
    for (guint i = 0; i < items->len; i++) {
        LkLoraItem *item = items->pdata[i];
        lk_axis_add_checkpoint(values, lk_lora_item_get_long_title(item), lk_lora_item_get_subtitle(item),
                               lk_lora_item_get_name(item), lk_lora_item_get_folder(item));
    }
    if (values->len > 0)
        return values;
    g_ptr_array_unref(values);
    lk_set_error(error, LK_ERROR_USAGE, _("This project has no checkpoints yet. Choose another axis, or train first."));
    return NULL;
}

/* The ticks become the setting; none is the usual ones again. */
static void ticked_cb(LkAxesCard *self)
{
    GString *keys = g_string_new(NULL);
    for (int i = 0;; i++) {
        GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->checkpoints_list, i);
        if (!row)
            break;
        if (gtk_check_button_get_active(g_object_get_data(G_OBJECT(row), "check")))
            g_string_append_printf(keys, "%s%s", keys->len ? "\n" : "",
                                   (const char *)g_object_get_data(G_OBJECT(row), "key"));
    }
    g_object_set(self->settings, "checkpoints", keys->str, NULL);
    g_string_free(keys, TRUE);
}

static void add_checkpoint(LkAxesCard *self, LkLoraItem *item, gboolean active)
{
    GtkWidget *row = adw_action_row_new(), *check = gtk_check_button_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), lk_lora_item_get_long_title(item));
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), lk_lora_item_get_subtitle(item));
    gtk_check_button_set_active(GTK_CHECK_BUTTON(check), active);
    gtk_accessible_update_property(GTK_ACCESSIBLE(check), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   lk_lora_item_get_long_title(item), -1);
    adw_action_row_add_prefix(ADW_ACTION_ROW(row), check);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), check);
    g_object_set_data(G_OBJECT(row), "check", check);
    g_object_set_data_full(G_OBJECT(row), "key", key_of(item), g_free);
    g_signal_connect_object(check, "toggled", G_CALLBACK(ticked_cb), self, G_CONNECT_SWAPPED);
    gtk_list_box_append(self->checkpoints_list, row);
}

static void list_checkpoints(LkAxesCard *self)
{
    gtk_list_box_remove_all(self->checkpoints_list);
    GListModel *all = lk_lora_list_get_checkpoints(self->loras);
    g_autoptr(GPtrArray) chosen = chosen_items(self);
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(all, i);
        add_checkpoint(self, item, g_ptr_array_find(chosen, item, NULL));
    }
    gtk_widget_set_sensitive(self->checkpoints_button, g_list_model_get_n_items(all) > 0);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static GPtrArray *read_values(LkAxesCard *self, LkAxisKind kind, GError **error)
{
    switch (kind) {
    case LK_AXIS_STRENGTH:
        return lk_axis_strengths(lk_test_settings_get_text(self->settings, "strengths"), error);
    case LK_AXIS_SEED:
        return lk_axis_seeds(lk_test_settings_get_text(self->settings, "seeds"), error);
    case LK_AXIS_PROMPT:
        return lk_axis_prompts(lk_test_settings_get_text(self->settings, "prompts"), error);
    case LK_AXIS_CHECKPOINT:
        return checkpoint_values(self, error);
    default:
        return NULL;
    }
}

gboolean lk_axes_card_read(LkAxesCard *self, LkGridAxes *axes, GError **error)
{
    *axes = (LkGridAxes){.columns = kind_of(self, COLUMNS), .rows = kind_of(self, ROWS)};
    axes->column_values = read_values(self, axes->columns, error);
    if (!axes->column_values && axes->columns != LK_AXIS_NONE)
        return FALSE;
    axes->row_values = read_values(self, axes->rows, error);
    if (axes->row_values || axes->rows == LK_AXIS_NONE)
        return TRUE;
    lk_grid_axes_clear(axes);
    return FALSE;
}

/* ---- what is shown ----------------------------------------------------------------------------------- */

/* "0.0, 0.4, 0.6", or what is wrong with the values. */
static void show_values(LkAxesCard *self, int side)
{
    AdwComboRow *row = side == COLUMNS ? self->columns_row : self->rows_row;
    LkAxisKind kind = kind_of(self, side);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) values = read_values(self, kind, &error);
    GString *text = g_string_new(error ? error->message : NULL);
    for (guint i = 0; values && i < values->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "", ((LkAxisValue *)values->pdata[i])->title);
    g_autofree char *escaped = g_markup_escape_text(text->str, -1);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), escaped);
    adw_combo_row_set_selected(row, kind);
    if (error)
        gtk_widget_add_css_class(GTK_WIDGET(row), "error");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(row), "error");
    g_string_free(text, TRUE);
}

static gboolean is_axis(LkAxesCard *self, LkAxisKind kind)
{
    return kind_of(self, COLUMNS) == kind || kind_of(self, ROWS) == kind;
}

static void show_prompts_count(LkAxesCard *self)
{
    g_autoptr(GPtrArray) prompts = lk_axis_prompts(lk_test_settings_get_text(self->settings, "prompts"), NULL);
    guint count = prompts ? prompts->len : 0;
    g_autofree char *text = g_strdup_printf(ngettext("%u prompt", "%u prompts", count), count);
    adw_action_row_set_subtitle(self->prompts_row, text);
}

static void update(LkAxesCard *self)
{
    for (int side = 0; side < SIDES; side++)
        show_values(self, side);
    gtk_widget_set_visible(GTK_WIDGET(self->strengths_row), is_axis(self, LK_AXIS_STRENGTH));
    gtk_widget_set_visible(GTK_WIDGET(self->seeds_row), is_axis(self, LK_AXIS_SEED));
    gtk_widget_set_visible(GTK_WIDGET(self->checkpoints_row), is_axis(self, LK_AXIS_CHECKPOINT));
    gtk_widget_set_visible(GTK_WIDGET(self->prompts_row), is_axis(self, LK_AXIS_PROMPT));
    g_autoptr(GPtrArray) chosen = chosen_items(self);
    g_autofree char *text = g_strdup_printf(_("%u of %u"), chosen->len,
                                            g_list_model_get_n_items(lk_lora_list_get_checkpoints(self->loras)));
    adw_action_row_set_subtitle(self->checkpoints_row, text);
    show_prompts_count(self);
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void loras_cb(LkAxesCard *self)
{
    list_checkpoints(self);
    update(self);
}

static void selected_cb(AdwComboRow *row, GParamSpec *pspec, LkAxesCard *self)
{
    guint kind = adw_combo_row_get_selected(row);
    if (self->settings && kind < LK_AXIS_KINDS)
        g_object_set(self->settings, side_properties[row == self->columns_row ? COLUMNS : ROWS],
                     lk_axis_kind_name((LkAxisKind)kind), NULL);
}

void lk_axes_card_set(LkAxesCard *self, LkTestSettings *settings, LkLoraList *loras)
{
    static const char *const watched[] = {"notify::columns", "notify::rows",    "notify::strengths",
                                          "notify::seeds",   "notify::prompts", "notify::checkpoints"};
    g_set_object(&self->settings, settings);
    g_set_object(&self->loras, loras);
    GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;
    g_object_bind_property(settings, "strengths", self->strengths_row, "text", both);
    g_object_bind_property(settings, "seeds", self->seeds_row, "text", both);
    g_object_bind_property(settings, "prompts", self->prompts_entry, "text", both);
    for (size_t i = 0; i < G_N_ELEMENTS(watched); i++)
        g_signal_connect_object(settings, watched[i], G_CALLBACK(update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(loras, "changed", G_CALLBACK(loras_cb), self, G_CONNECT_SWAPPED);
    loras_cb(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_axes_card_dispose(GObject *object)
{
    LkAxesCard *self = LK_AXES_CARD(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_AXES_CARD);
    g_clear_object(&self->settings);
    g_clear_object(&self->loras);
    G_OBJECT_CLASS(lk_axes_card_parent_class)->dispose(object);
}

static void lk_axes_card_class_init(LkAxesCardClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_axes_card_dispose;
    signals[SIGNAL_CHANGED] =
        g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    g_type_ensure(LK_TYPE_PROMPT_ENTRY);
    gtk_widget_class_set_template_from_resource(widget_class, "/io/github/lorikeet_lora/Lorikeet/ui/test-axes_card.ui");
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, columns_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, rows_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, strengths_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, seeds_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, checkpoints_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, prompts_row);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, checkpoints_button);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, prompts_button);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, checkpoints_list);
    gtk_widget_class_bind_template_child(widget_class, LkAxesCard, prompts_entry);
}

static void fill_kinds(LkAxesCard *self, AdwComboRow *row)
{
    g_autoptr(GtkStringList) titles = gtk_string_list_new(NULL);
    for (int kind = 0; kind < LK_AXIS_KINDS; kind++)
        gtk_string_list_append(titles, lk_axis_kind_title((LkAxisKind)kind));
    adw_combo_row_set_model(row, G_LIST_MODEL(titles));
    lk_combo_name_items(GTK_WIDGET(row));
    g_signal_connect_object(row, "notify::selected", G_CALLBACK(selected_cb), self, 0);
}

static void lk_axes_card_init(LkAxesCard *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    fill_kinds(self, self->columns_row);
    fill_kinds(self, self->rows_row);
}
