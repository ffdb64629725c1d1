#include "app/test/test_pane.h"

#include "app/test/axes_card.h"
#include "app/test/lora_popover.h"
#include "app/test/lora_tags.h"
#include "app/test/prompt_entry.h"
#include "app/test/size_row.h"
#include "app/widgets/combo_names.h"
#include "sampling/scheduler.h"

#include <glib/gi18n.h>

/* What a LoRA is inserted with. */
#define USUAL_STRENGTH 0.7

struct _LkTestPane {
    AdwBin parent_instance;
    GtkWidget *note, *strength_box, *keep_button;
    GtkLabel *note_label, *strength_title, *strength_label, *strength_hint;
    LkPromptEntry *prompt, *negative;
    LkLoraPopover *lora_popover;
    GtkRange *strength;
    LkAxesCard *axes;
    AdwComboRow *checkpoint_row, *sampler_row;
    AdwSpinRow *steps_row, *cfg_row;
    GtkEntry *seed_text;
    LkSizeRow *size_row;
    LkProject *project;
    LkTestSettings *settings;
    LkLoraList *loras;
    gboolean showing; /* rows are being set from the prompt, not by the person */
};

G_DEFINE_FINAL_TYPE(LkTestPane, lk_test_pane, ADW_TYPE_BIN)

enum { SIGNAL_AXES_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

int lk_test_pane_get_tag(LkTestPane *self)
{
    return lk_prompt_entry_get_tag(self->prompt);
}

gboolean lk_test_pane_read_axes(LkTestPane *self, LkGridAxes *axes, GError **error)
{
    return lk_axes_card_read(self->axes, axes, error);
}

void lk_test_pane_show_note(LkTestPane *self, const char *text)
{
    gtk_label_set_label(self->note_label, text ? text : "");
    gtk_widget_set_visible(self->note, text != NULL);
}

static void close_note_cb(LkTestPane *self)
{
    lk_test_pane_show_note(self, NULL);
}

/* ---- strength and checkpoint of the chosen tag ------------------------------------------------------- */

static const char *folders(LkTestPane *self)
{
    return lk_test_settings_get_text(self->settings, "folders");
}

static void show_strength(LkTestPane *self, const LkTagSpan *span, gboolean several)
{
    g_autofree char *label = span ? lk_strength_label(span->strength) : NULL;
    g_autofree char *title = span && several ? g_strdup_printf(_("Strength of %s"), span->name) : NULL;
    gtk_label_set_label(self->strength_label, label ? label : "");
    gtk_label_set_label(self->strength_title, title ? title : _("LoRA Strength"));
    gtk_label_set_label(self->strength_hint, span ? _("Usually 0.6 to 1.0") : _("The prompt names no LoRA."));
    gtk_widget_set_sensitive(GTK_WIDGET(self->strength), span != NULL);
    if (span)
        gtk_range_set_value(self->strength, span->strength);
}

static guint position_of(GListModel *model, gconstpointer item)
{
    for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
        g_autoptr(GObject) one = g_list_model_get_item(model, i);
        if (one == item)
            return i;
    }
    return GTK_INVALID_LIST_POSITION;
}

static void show_checkpoint(LkTestPane *self, const LkTagSpan *span)
{
    GListModel *checkpoints = lk_lora_list_get_checkpoints(self->loras);
    LkLoraItem *item = span ? lk_lora_list_find(self->loras, span->name, folders(self)) : NULL;
    adw_combo_row_set_selected(self->checkpoint_row, position_of(checkpoints, item));
    gtk_widget_set_sensitive(GTK_WIDGET(self->checkpoint_row), g_list_model_get_n_items(checkpoints) > 0);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self->checkpoint_row),
                                g_list_model_get_n_items(checkpoints) > 0 ? NULL : _("None has been saved yet"));
}

/* Slider and row say what the prompt does. */
static void show_tag(LkTestPane *self)
{
    if (self->showing || !self->loras)
        return;
    self->showing = TRUE;
    g_autoptr(GArray) spans = lk_tag_spans_find(lk_prompt_entry_get_text(self->prompt));
    int tag = lk_prompt_entry_get_tag(self->prompt);
    const LkTagSpan *span = tag >= 0 && (guint)tag < spans->len ? &g_array_index(spans, LkTagSpan, (guint)tag) : NULL;
    show_strength(self, span, spans->len > 1);
    show_checkpoint(self, span);
    self->showing = FALSE;
}

static void strength_cb(LkTestPane *self)
{
    if (self->showing)
        return;
    lk_prompt_entry_set_strength(self->prompt, gtk_range_get_value(self->strength));
    g_autofree char *label = lk_strength_label(gtk_range_get_value(self->strength));
    gtk_label_set_label(self->strength_label, label);
}

/* Steps of a hundredth by mouse, of the adjustment's by keys. */
static gboolean round_cb(GtkRange *range, GtkScrollType scroll, double value, gpointer data)
{
    const double step = 0.05;
    double rounded = (double)(int)(value / step + 0.5) * step;
    if (scroll != GTK_SCROLL_JUMP)
        return FALSE;
    gtk_range_set_value(range, rounded);
    return TRUE;
}

static void take_item(LkTestPane *self, LkLoraItem *item)
{
    lk_test_settings_prefer_folder(self->settings, lk_lora_item_get_folder(item));
}

static void checkpoint_cb(LkTestPane *self)
{
    LkLoraItem *item = adw_combo_row_get_selected_item(self->checkpoint_row);
    if (self->showing || !item || !self->settings)
        return;
    take_item(self, item);
    if (lk_prompt_entry_get_tag(self->prompt) >= 0)
        lk_prompt_entry_set_name(self->prompt, lk_lora_item_get_name(item));
    else
        lk_prompt_entry_add_tag(self->prompt, lk_lora_item_get_name(item), USUAL_STRENGTH);
}

static void insert_cb(LkTestPane *self, LkLoraItem *item)
{
    take_item(self, item);
    lk_prompt_entry_add_tag(self->prompt, lk_lora_item_get_name(item), USUAL_STRENGTH);
    gtk_widget_grab_focus(GTK_WIDGET(self->prompt));
}

/* ---- what a new project begins with ------------------------------------------------------------------ */

/* Trigger word and best checkpoint, where nothing was remembered and nothing has been typed. */
static void fill_in(LkTestPane *self)
{
    LkLoraItem *item = lk_lora_list_default(self->loras);
    if (!lk_test_settings_get_loaded(self->settings) || !lk_lora_list_get_loaded(self->loras) ||
        lk_test_settings_get_any(self->settings) || !item)
        return;
    g_autofree char *tag = lk_tag_text(lk_lora_item_get_name(item), USUAL_STRENGTH);
    const char *trigger = lk_project_get_trigger_word(self->project);
    g_autofree char *text = *trigger ? g_strdup_printf("%s %s", trigger, tag) : g_strdup(tag);
    const char *now = lk_test_settings_get_prompt(self->settings);
    if (!*now || g_str_equal(now, trigger))
        g_object_set(self->settings, "prompt", text, NULL);
}

static void loaded_cb(LkTestPane *self)
{
    if (!lk_test_settings_get_any(self->settings) && !*lk_test_settings_get_prompt(self->settings))
        g_object_set(self->settings, "prompt", lk_project_get_trigger_word(self->project), NULL);
    fill_in(self);
}

/* What a list that changes selects by itself is no choice. */
static void loras_changing_cb(LkTestPane *self)
{
    self->showing = TRUE;
}

static void loras_cb(LkTestPane *self)
{
    self->showing = FALSE;
    fill_in(self);
    show_tag(self);
}

/* ---- seed, sampler, mode ----------------------------------------------------------------------------- */

static void show_seed(LkTestPane *self)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, lk_test_settings_get_seed(self->settings));
    if (g_strcmp0(gtk_editable_get_text(GTK_EDITABLE(self->seed_text)), text) != 0)
        gtk_editable_set_text(GTK_EDITABLE(self->seed_text), text);
}

/* A number that is typed is one that is wanted again. */
static void seed_cb(LkTestPane *self)
{
    guint64 seed;
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->seed_text));
    gboolean good = g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &seed, NULL);
    if (good)
        gtk_widget_remove_css_class(GTK_WIDGET(self->seed_text), "error");
    else
        gtk_widget_add_css_class(GTK_WIDGET(self->seed_text), "error");
    gtk_accessible_update_state(GTK_ACCESSIBLE(self->seed_text), GTK_ACCESSIBLE_STATE_INVALID,
                                good ? GTK_ACCESSIBLE_INVALID_FALSE : GTK_ACCESSIBLE_INVALID_TRUE, -1);
    if (!self->settings || !good || seed == lk_test_settings_get_seed(self->settings))
        return;
    g_object_set(self->settings, "seed", seed, "keep-seed", TRUE, NULL);
}

static void shuffle_cb(LkTestPane *self)
{
    lk_test_settings_shuffle(self->settings);
}

static gboolean sampler_to_position(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
    const LkSampler *sampler = lk_sampler_find(g_value_get_string(from));
    for (int i = 0; i < lk_sampler_count(); i++)
        if (lk_sampler_at(i) == sampler)
            g_value_set_uint(to, (guint)i);
    return sampler != NULL;
}

static gboolean position_to_sampler(GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
    guint position = g_value_get_uint(from);
    if (position >= (guint)lk_sampler_count())
        return FALSE;
    g_value_set_string(to, lk_sampler_at((int)position)->name);
    return TRUE;
}

/* In a grid the axes take the place of slider and checkpoint. */
static void mode_cb(LkTestPane *self)
{
    gboolean grid = g_str_equal(lk_test_settings_get_text(self->settings, "mode"), "grid");
    gtk_widget_set_visible(GTK_WIDGET(self->axes), grid);
    gtk_widget_set_visible(self->strength_box, !grid);
    gtk_widget_set_visible(GTK_WIDGET(self->checkpoint_row), !grid);
}

static void axes_cb(LkTestPane *self)
{
    g_signal_emit(self, signals[SIGNAL_AXES_CHANGED], 0);
}

/* ---- binding ----------------------------------------------------------------------------------------- */

static void bind(LkTestPane *self)
{
    GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;
    g_object_bind_property(self->settings, "prompt", self->prompt, "text", both);
    g_object_bind_property(self->settings, "negative", self->negative, "text", both);
    g_object_bind_property(self->settings, "steps", self->steps_row, "value", both);
    g_object_bind_property(self->settings, "cfg", self->cfg_row, "value", both);
    g_object_bind_property(self->settings, "keep-seed", self->keep_button, "active", both);
    g_object_bind_property(self->settings, "width", self->size_row, "width-pixels", both);
    g_object_bind_property(self->settings, "height", self->size_row, "height-pixels", both);
    g_object_bind_property_full(self->settings, "sampler", self->sampler_row, "selected", both, sampler_to_position,
                                position_to_sampler, NULL, NULL);
    g_object_bind_property(self->project, "trigger-word", self->prompt, "trigger", G_BINDING_SYNC_CREATE);
}

void lk_test_pane_set(LkTestPane *self, LkProject *project, LkTestSettings *settings, LkLoraList *loras)
{
    g_set_object(&self->project, project);
    g_set_object(&self->settings, settings);
    g_set_object(&self->loras, loras);
    lk_lora_popover_set_list(self->lora_popover, loras);
    self->showing = TRUE;
    adw_combo_row_set_model(self->checkpoint_row, lk_lora_list_get_checkpoints(loras));
    self->showing = FALSE;
    bind(self);
    lk_axes_card_set(self->axes, settings, loras);
    g_signal_connect_object(settings, "notify::seed", G_CALLBACK(show_seed), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(settings, "notify::mode", G_CALLBACK(mode_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(settings, "notify::folders", G_CALLBACK(show_tag), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(settings, "loaded", G_CALLBACK(loaded_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(loras, "changing", G_CALLBACK(loras_changing_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(loras, "changed", G_CALLBACK(loras_cb), self, G_CONNECT_SWAPPED);
    show_seed(self);
    mode_cb(self);
    show_tag(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_test_pane_dispose(GObject *object)
{
    LkTestPane *self = LK_TEST_PANE(object);
    self->showing = TRUE; /* rows that lose their models are no choice */
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TEST_PANE);
    g_clear_object(&self->project);
    g_clear_object(&self->settings);
    g_clear_object(&self->loras);
    G_OBJECT_CLASS(lk_test_pane_parent_class)->dispose(object);
}

static void bind_children(GtkWidgetClass *widget_class)
{
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, note);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, note_label);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, prompt);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, negative);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, lora_popover);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, strength_box);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, strength_title);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, strength_label);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, strength_hint);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, strength);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, axes);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, checkpoint_row);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, sampler_row);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, steps_row);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, cfg_row);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, seed_text);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, keep_button);
    gtk_widget_class_bind_template_child(widget_class, LkTestPane, size_row);
    gtk_widget_class_bind_template_callback(widget_class, close_note_cb);
    gtk_widget_class_bind_template_callback(widget_class, strength_cb);
    gtk_widget_class_bind_template_callback(widget_class, seed_cb);
    gtk_widget_class_bind_template_callback(widget_class, shuffle_cb);
}

static void lk_test_pane_class_init(LkTestPaneClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_test_pane_dispose;
    signals[SIGNAL_AXES_CHANGED] =
        g_signal_new("axes-changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    g_type_ensure(LK_TYPE_PROMPT_ENTRY);
    g_type_ensure(LK_TYPE_LORA_POPOVER);
    g_type_ensure(LK_TYPE_AXES_CARD);
    g_type_ensure(LK_TYPE_SIZE_ROW);
    gtk_widget_class_set_template_from_resource(widget_class, "/io/github/lorikeet_lora/Lorikeet/ui/test-test_pane.ui");
    bind_children(widget_class);
}

static void lk_test_pane_init(LkTestPane *self)
{
    self->showing = TRUE;
    gtk_widget_init_template(GTK_WIDGET(self));
    g_autoptr(GtkStringList) samplers = gtk_string_list_new(NULL);
    for (int i = 0; i < lk_sampler_count(); i++)
        gtk_string_list_append(samplers, lk_sampler_at(i)->title);
    adw_combo_row_set_model(self->sampler_row, G_LIST_MODEL(samplers));
    g_autoptr(GtkExpression) title = gtk_property_expression_new(LK_TYPE_LORA_ITEM, NULL, "long-title");
    adw_combo_row_set_expression(self->checkpoint_row, title);
    lk_combo_name_items(GTK_WIDGET(self->checkpoint_row));
    lk_combo_name_items(GTK_WIDGET(self->sampler_row));
    g_signal_connect_object(self->checkpoint_row, "notify::selected", G_CALLBACK(checkpoint_cb), self,
                            G_CONNECT_SWAPPED);
    gtk_scale_add_mark(GTK_SCALE(self->strength), 0.6, GTK_POS_BOTTOM, NULL);
    gtk_scale_add_mark(GTK_SCALE(self->strength), 1.0, GTK_POS_BOTTOM, NULL);
    g_signal_connect(self->strength, "change-value", G_CALLBACK(round_cb), NULL);
    g_signal_connect_object(self->prompt, "notify::text", G_CALLBACK(show_tag), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->prompt, "notify::tag", G_CALLBACK(show_tag), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->lora_popover, "insert", G_CALLBACK(insert_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->axes, "changed", G_CALLBACK(axes_cb), self, G_CONNECT_SWAPPED);
    self->showing = FALSE;
}
