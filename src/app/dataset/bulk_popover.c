#include "app/dataset/bulk_popover.h"

#include "app/dataset/caption_run.h"
#include "app/dataset/tag_entry.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

/* Milliseconds of rest before what is typed is tried out. */
enum { REST = 80 };

struct _LkBulkPopover {
    GtkPopover parent_instance;
    GtkLabel *title, *example, *preview;
    LkTagEntry *what, *with;
    GtkWidget *place_box, *at_box;
    AdwToggleGroup *place, *scope;
    AdwToggle *selected, *shown;
    GtkSpinButton *at;
    GtkCheckButton *any_case;
    GtkButton *apply_button;
    LkDatasetView *view;
    LkCaptionEditKind kind;
    gboolean all;
    LkCaptionRun *run; /* of what is described now; NULL where that cannot be done */
    guint try_id;
};

G_DEFINE_FINAL_TYPE(LkBulkPopover, lk_bulk_popover, GTK_TYPE_POPOVER)

enum { SIGNAL_APPLIED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* What each kind of change asks for. */
static const struct {
    const char *title, *what, *with, *apply;
    gboolean place, any_case, offers;
} kinds[] = {
    [LK_CAPTION_EDIT_ADD] = {N_("Add Tag"), N_("Tag to Add"), NULL, N_("_Add"), TRUE, FALSE, TRUE},
    [LK_CAPTION_EDIT_REMOVE] = {N_("Remove Tag"), N_("Tag to Remove"), NULL, N_("_Remove"), FALSE, TRUE, TRUE},
    [LK_CAPTION_EDIT_REPLACE] = {N_("Replace Tag"), N_("Tag to Replace"), N_("By"), N_("_Replace"), FALSE, TRUE, TRUE},
    [LK_CAPTION_EDIT_REGEX] = {N_("Replace with a Regular Expression"), N_("Pattern, such as (\\w+) birds"),
                               N_("By, such as \\1 bird"), N_("_Replace"), FALSE, TRUE, FALSE},
};

/* In the order of the toggles. */
static const struct {
    const char *name;
    LkTagsPlace place;
} places[] = {
    {"front", LK_TAGS_FRONT}, {"after-trigger", LK_TAGS_AFTER_TRIGGER}, {"end", LK_TAGS_END}, {"at", LK_TAGS_AT}};

static LkTagsPlace chosen_place(LkBulkPopover *self)
{
    const char *name = adw_toggle_group_get_active_name(self->place);
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
        if (g_strcmp0(name, places[i].name) == 0)
            return places[i].place;
    return LK_TAGS_END;
}

/* ---- trying out -------------------------------------------------------------------------------------- */

static GPtrArray *scope_pictures(LkBulkPopover *self)
{
    if (g_strcmp0(adw_toggle_group_get_active_name(self->scope), "shown") != 0)
        return lk_dataset_view_get_chosen(self->view);
    GPtrArray *pictures = g_ptr_array_new_with_free_func(g_object_unref);
    GListModel *model = G_LIST_MODEL(lk_dataset_view_get_selection(self->view));
    const guint count = g_list_model_get_n_items(model);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(pictures, g_list_model_get_item(model, i));
    return pictures;
}

static void show_example(LkBulkPopover *self)
{
    const char *before = NULL, *after = NULL;
    const gboolean any =
        self->kind == LK_CAPTION_EDIT_REGEX && self->run && lk_caption_run_get_example(self->run, &before, &after);
    gtk_widget_set_visible(GTK_WIDGET(self->example), any);
    /* translators: a caption before and after a change */
    g_autofree char *text = any ? g_strdup_printf(_("%s\n→ %s"), before, after) : NULL;
    gtk_label_set_label(self->example, text ? text : "");
}

static void counted_cb(LkBulkPopover *self)
{
    const LkCaptionPreview *preview = lk_caption_run_get_preview(self->run);
    g_autofree char *text = lk_caption_preview_to_text(preview);
    gtk_label_set_label(self->preview, text);
    gtk_accessible_announce(GTK_ACCESSIBLE(self->preview), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_LOW);
    gtk_widget_set_sensitive(GTK_WIDGET(self->apply_button), preview->counts[LK_CAPTION_CHANGED] > 0);
    show_example(self);
}

static void drop_run(LkBulkPopover *self)
{
    g_clear_handle_id(&self->try_id, g_source_remove);
    if (!self->run)
        return;
    g_signal_handlers_disconnect_by_data(self->run, self);
    lk_caption_run_cancel(self->run);
    g_clear_object(&self->run);
}

static void show_problem(LkBulkPopover *self, const char *text)
{
    gtk_label_set_label(self->preview, text);
    gtk_widget_set_sensitive(GTK_WIDGET(self->apply_button), FALSE);
    show_example(self);
}

static void applied_cb(LkBulkPopover *self, guint n, const char *text)
{
    g_signal_emit(self, signals[SIGNAL_APPLIED], 0, n, text);
}

static void try_out(LkBulkPopover *self)
{
    drop_run(self);
    const char *what = lk_tag_entry_get_text(self->what);
    if (!*what) {
        show_problem(self, "");
        return;
    }
    const LkCaptionEdit edit = {.kind = self->kind,
                                .text = what,
                                .with = lk_tag_entry_get_text(self->with),
                                .place = chosen_place(self),
                                .position = gtk_spin_button_get_value_as_int(self->at) - 1,
                                .any_case = gtk_check_button_get_active(self->any_case)};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pictures = scope_pictures(self);
    self->run = lk_caption_run_new(lk_dataset_view_get_list(self->view), pictures, &edit, &error);
    if (!self->run) {
        show_problem(self, error->message);
        return;
    }
    gtk_widget_set_sensitive(GTK_WIDGET(self->apply_button), FALSE);
    g_signal_connect_object(self->run, "counted", G_CALLBACK(counted_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->run, "applied", G_CALLBACK(applied_cb), self, G_CONNECT_SWAPPED);
    if (lk_caption_run_is_counted(self->run))
        counted_cb(self);
}

static gboolean try_cb(gpointer data)
{
    LkBulkPopover *self = data;
    self->try_id = 0;
    try_out(self);
    return G_SOURCE_REMOVE;
}

static void changed_cb(LkBulkPopover *self)
{
    gtk_widget_set_visible(self->at_box, chosen_place(self) == LK_TAGS_AT);
    if (!self->view || !gtk_widget_get_mapped(GTK_WIDGET(self)))
        return;
    g_clear_handle_id(&self->try_id, g_source_remove);
    self->try_id = g_timeout_add(REST, try_cb, self);
}

/* ---- making it --------------------------------------------------------------------------------------- */

static void apply_cb(LkBulkPopover *self)
{
    LkCaptionRun *run = g_steal_pointer(&self->run);
    if (!run)
        return;
    g_signal_handlers_disconnect_by_func(run, counted_cb, self);
    gtk_popover_popdown(GTK_POPOVER(self));
    lk_caption_run_apply(run);
    g_object_unref(run);
}

/* Enter makes it where it is whole; of two entries the first leads to the second. */
static void entry_activate_cb(LkBulkPopover *self, LkTagEntry *entry)
{
    if (entry == self->what && kinds[self->kind].with) {
        lk_tag_entry_focus(self->with);
        return;
    }
    if (self->try_id)
        try_out(self);
    const gboolean anything = self->run && (!lk_caption_run_is_counted(self->run) ||
                                            lk_caption_run_get_preview(self->run)->counts[LK_CAPTION_CHANGED] > 0);
    if (anything)
        apply_cb(self);
    else
        gtk_widget_error_bell(GTK_WIDGET(self));
}

/* ---- opening ----------------------------------------------------------------------------------------- */

static void show_scope(LkBulkPopover *self)
{
    const guint selected = lk_dataset_view_get_n_selected(self->view), shown = lk_dataset_view_get_n_shown(self->view);
    g_autofree char *some = g_strdup_printf(ngettext("%'u Selected", "%'u Selected", selected), selected);
    g_autofree char *all = g_strdup_printf(ngettext("All %'u Shown", "All %'u Shown", shown), shown);
    adw_toggle_set_label(self->selected, some);
    adw_toggle_set_label(self->shown, all);
    adw_toggle_set_enabled(self->selected, selected > 0);
    gtk_widget_set_visible(GTK_WIDGET(self->scope), selected > 0 && selected < shown);
    adw_toggle_group_set_active_name(self->scope, self->all || selected == 0 ? "shown" : "selected");
}

static void lk_bulk_popover_map(GtkWidget *widget)
{
    LkBulkPopover *self = LK_BULK_POPOVER(widget);
    show_scope(self);
    GTK_WIDGET_CLASS(lk_bulk_popover_parent_class)->map(widget);
    lk_tag_entry_focus(self->what);
    try_out(self);
}

static void lk_bulk_popover_unmap(GtkWidget *widget)
{
    drop_run(LK_BULK_POPOVER(widget));
    GTK_WIDGET_CLASS(lk_bulk_popover_parent_class)->unmap(widget);
}

void lk_bulk_popover_set_all(LkBulkPopover *self, gboolean all)
{
    self->all = all;
}

GtkWidget *lk_bulk_popover_new(LkDatasetView *view, LkCaptionEditKind kind)
{
    g_return_val_if_fail(kind < G_N_ELEMENTS(kinds), NULL);
    LkBulkPopover *self = g_object_new(LK_TYPE_BULK_POPOVER, NULL);
    self->view = g_object_ref(view);
    self->kind = kind;
    gtk_label_set_label(self->title, _(kinds[kind].title));
    gtk_button_set_label(self->apply_button, _(kinds[kind].apply));
    g_object_set(self->what, "placeholder", _(kinds[kind].what), NULL);
    gtk_widget_set_visible(GTK_WIDGET(self->with), kinds[kind].with != NULL);
    if (kinds[kind].with)
        g_object_set(self->with, "placeholder", _(kinds[kind].with), NULL);
    gtk_widget_set_visible(self->place_box, kinds[kind].place);
    gtk_widget_set_visible(GTK_WIDGET(self->any_case), kinds[kind].any_case);
    adw_toggle_group_set_active_name(self->place, "end");
    if (kinds[kind].offers) {
        lk_tag_entry_set_list(self->what, lk_dataset_view_get_list(view));
        lk_tag_entry_set_list(self->with, lk_dataset_view_get_list(view));
    }
    return GTK_WIDGET(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_bulk_popover_dispose(GObject *object)
{
    LkBulkPopover *self = LK_BULK_POPOVER(object);
    drop_run(self);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_BULK_POPOVER);
    g_clear_object(&self->view);
    G_OBJECT_CLASS(lk_bulk_popover_parent_class)->dispose(object);
}

static void bind_template(GtkWidgetClass *widget_class)
{
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-bulk_popover.ui");
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, title);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, what);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, with);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, place_box);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, place);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, at_box);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, at);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, any_case);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, scope);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, selected);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, shown);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, example);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, preview);
    gtk_widget_class_bind_template_child(widget_class, LkBulkPopover, apply_button);
    gtk_widget_class_bind_template_callback(widget_class, changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, entry_activate_cb);
    gtk_widget_class_bind_template_callback(widget_class, apply_cb);
}

static void lk_bulk_popover_class_init(LkBulkPopoverClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_bulk_popover_dispose;
    widget_class->map = lk_bulk_popover_map;
    widget_class->unmap = lk_bulk_popover_unmap;
    signals[SIGNAL_APPLIED] = g_signal_new("applied", LK_TYPE_BULK_POPOVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
    g_type_ensure(LK_TYPE_TAG_ENTRY);
    bind_template(widget_class);
}

static void lk_bulk_popover_init(LkBulkPopover *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
