#include "app/files/facts_dialog.h"

#include "app/application.h"
#include "app/core/models.h"
#include "cli/inspect.h"

#include <glib/gi18n.h>
#include <string.h>

struct _LkFactsDialog {
    AdwDialog parent_instance;
    char *path;
    AdwHeaderBar *header;
    GtkStack *stack; /* reading, facts or error */
    AdwPreferencesPage *page;
    GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE(LkFactsDialog, lk_facts_dialog, ADW_TYPE_DIALOG)

/* ---- facts as rows ----------------------------------------------------------------------------------- */

static void copy_cb(GtkWidget *button, const char *text)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(button), text);
}

/* What a person wants to have elsewhere, into a prompt for example, is copied by a button. */
static void add_copy(AdwActionRow *row, const char *text)
{
    GtkWidget *button = gtk_button_new_from_icon_name("edit-copy-symbolic");
    gtk_widget_set_tooltip_text(button, _("Copy"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(button, "flat");
    g_signal_connect_data(button, "clicked", G_CALLBACK(copy_cb), g_strdup(text),
                          (GClosureNotify)(void (*)(void))g_free, 0);
    adw_action_row_add_suffix(row, button);
}

static GtkWidget *make_row(const LkFact *fact)
{
    AdwActionRow *row = ADW_ACTION_ROW(adw_action_row_new());
    gtk_widget_add_css_class(GTK_WIDGET(row), "property");
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), fact->title);
    adw_action_row_set_subtitle(row, *fact->value ? fact->value : "–");
    adw_action_row_set_subtitle_lines(row, 0);
    adw_action_row_set_subtitle_selectable(row, TRUE);
    if (g_strcmp0(fact->key, "trigger_words") == 0)
        add_copy(row, fact->value);
    return GTK_WIDGET(row);
}

/* What most people open the file for. */
static gboolean comes_first(const LkFact *fact)
{
    static const char *const keys[] = {"kind", "family", "network", "dim", "trigger_words", "tags", "note", NULL};
    return fact->key && g_strv_contains(keys, fact->key);
}

/* Lines below a heading are a group of that title; what comes after them is one without. */
static void show_facts(LkFactsDialog *self, const LkFacts *facts)
{
    const GPtrArray *all = lk_facts_all(facts);
    AdwPreferencesGroup *first = ADW_PREFERENCES_GROUP(adw_preferences_group_new()), *group = NULL;
    gboolean below = FALSE;
    adw_preferences_page_add(self->page, first);
    for (guint i = 0; i < all->len; i++) {
        const LkFact *fact = all->pdata[i];
        if (comes_first(fact)) {
            adw_preferences_group_add(first, make_row(fact));
            continue;
        }
        if (!group || !fact->value || fact->below != below) {
            group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
            adw_preferences_page_add(self->page, group);
            below = !fact->value || fact->below;
        }
        if (fact->value)
            adw_preferences_group_add(group, make_row(fact));
        else
            adw_preferences_group_set_title(group, fact->title);
    }
    gtk_stack_set_visible_child_name(self->stack, "facts");
}

/* ---- a project with it ------------------------------------------------------------------------------- */

static void use_cb(GtkWidget *button, LkFactsDialog *self)
{
    GSettings *settings = lk_application_get_settings(lk_application_get());
    if (settings)
        lk_models_remember(settings, self->path);
    adw_dialog_close(ADW_DIALOG(self));
    g_action_group_activate_action(G_ACTION_GROUP(lk_application_get()), "new-project", NULL);
}

static void offer_project(LkFactsDialog *self)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(_("_New Project…"));
    gtk_widget_set_tooltip_text(button, _("Begin a project with this base model"));
    gtk_widget_add_css_class(button, "suggested-action");
    g_signal_connect_object(button, "clicked", G_CALLBACK(use_cb), self, 0);
    adw_header_bar_pack_start(self->header, button);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    g_autoptr(LkFacts) facts = lk_facts_new();
    GError *error = NULL;
    if (lk_inspect_path(facts, data, false, &error))
        g_task_return_pointer(task, g_steal_pointer(&facts), (GDestroyNotify)lk_facts_free);
    else
        g_task_return_error(task, error);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkFacts) facts = g_task_propagate_pointer(G_TASK(result), &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the dialog is gone */
    LkFactsDialog *self = LK_FACTS_DIALOG(source);
    if (!facts) {
        AdwStatusPage *page = ADW_STATUS_PAGE(gtk_stack_get_child_by_name(self->stack, "error"));
        g_autofree char *markup = g_markup_escape_text(error->message, -1);
        adw_status_page_set_description(page, markup);
        gtk_stack_set_visible_child_name(self->stack, "error");
        return;
    }
    show_facts(self, facts);
    if (g_strcmp0(lk_facts_kind(facts), "base_model") == 0)
        offer_project(self);
}

LkFactsDialog *lk_facts_dialog_new(const char *path)
{
    LkFactsDialog *self = g_object_new(LK_TYPE_FACTS_DIALOG, NULL);
    g_autofree char *name = g_filename_display_basename(path);
    self->path = g_strdup(path);
    adw_dialog_set_title(ADW_DIALOG(self), name);
    g_autoptr(GTask) task = g_task_new(self, self->cancellable, read_cb, NULL);
    g_task_set_source_tag(task, lk_facts_dialog_new);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, read_thread);
    return self;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_facts_dialog_closed(AdwDialog *dialog)
{
    g_cancellable_cancel(LK_FACTS_DIALOG(dialog)->cancellable);
}

static void lk_facts_dialog_finalize(GObject *object)
{
    LkFactsDialog *self = LK_FACTS_DIALOG(object);
    g_clear_object(&self->cancellable);
    g_free(self->path);
    G_OBJECT_CLASS(lk_facts_dialog_parent_class)->finalize(object);
}

static void lk_facts_dialog_class_init(LkFactsDialogClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_facts_dialog_finalize;
    ADW_DIALOG_CLASS(klass)->closed = lk_facts_dialog_closed;
}

static void lk_facts_dialog_init(LkFactsDialog *self)
{
    GtkWidget *view = adw_toolbar_view_new(), *spinner = adw_spinner_new(), *error = adw_status_page_new();
    self->cancellable = g_cancellable_new();
    self->header = ADW_HEADER_BAR(adw_header_bar_new());
    self->stack = GTK_STACK(gtk_stack_new());
    self->page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    adw_status_page_set_icon_name(ADW_STATUS_PAGE(error), "dialog-warning-symbolic");
    adw_status_page_set_title(ADW_STATUS_PAGE(error), _("The File Could Not Be Read"));
    gtk_stack_add_named(self->stack, spinner, "reading");
    gtk_stack_add_named(self->stack, GTK_WIDGET(self->page), "facts");
    gtk_stack_add_named(self->stack, error, "error");
    adw_toolbar_view_add_top_bar(ADW_TOOLBAR_VIEW(view), GTK_WIDGET(self->header));
    adw_toolbar_view_set_content(ADW_TOOLBAR_VIEW(view), GTK_WIDGET(self->stack));
    adw_dialog_set_child(ADW_DIALOG(self), view);
    adw_dialog_set_content_width(ADW_DIALOG(self), 560);
    adw_dialog_set_content_height(ADW_DIALOG(self), 640);
}
