#include "app/system/system_page.h"

#include "app/application.h"
#include "app/page.h"

#include <glib/gi18n.h>

struct _LkSystemPage {
    AdwNavigationPage parent_instance;
    GtkLabel *verdict, *explanation;
    AdwPreferencesGroup *graphics_group, *computer_group;
    GPtrArray *rows; /* GtkWidget: borrowed, of both groups */
    GString *report;
};

G_DEFINE_FINAL_TYPE(LkSystemPage, lk_system_page, ADW_TYPE_NAVIGATION_PAGE)

enum { LEAST_FREE_GIB = 8 }; /* a task's checkpoints, states and cached encodings */

typedef enum Outcome { FINE, WARNING, MISSING } Outcome;

/* By Outcome; the words of the row say the same. */
static const struct {
    const char *icon, *style, *word;
} outcomes[] = {
    {"object-select-symbolic", "success", N_("fine")},
    {"dialog-warning-symbolic", "warning", N_("attention")},
    {"dialog-error-symbolic", "error", N_("missing")},
};

static void add_row(LkSystemPage *self, AdwPreferencesGroup *group, Outcome outcome, const char *title,
                    const char *text)
{
    g_autofree char *markup = g_markup_escape_text(text, -1);
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), markup);
    adw_action_row_set_subtitle_selectable(ADW_ACTION_ROW(row), TRUE);
    GtkWidget *icon = gtk_image_new_from_icon_name(outcomes[outcome].icon);
    gtk_widget_add_css_class(icon, outcomes[outcome].style);
    gtk_accessible_update_property(GTK_ACCESSIBLE(icon), GTK_ACCESSIBLE_PROPERTY_LABEL, _(outcomes[outcome].word), -1);
    adw_action_row_add_prefix(ADW_ACTION_ROW(row), icon);
    adw_preferences_group_add(group, row);
    g_object_set_data(G_OBJECT(row), "group", group);
    g_ptr_array_add(self->rows, row);
    g_string_append_printf(self->report, "%s (%s): %s\n", title, _(outcomes[outcome].word), text);
}

static void show_graphics(LkSystemPage *self, LkDeviceStatus *device)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(device);
    bool gpu = lk_device_status_get_gpu(device);
    if (gpu) {
        gtk_label_set_label(self->verdict, _("Ready to Train"));
        gtk_label_set_label(self->explanation, _("The graphics card does the computing."));
        add_row(self, self->graphics_group, FINE, _("Graphics Card"), lk_device_status_get_label(device));
        add_row(self, self->graphics_group, FINE, _("Details"), choice->info.detail);
        return;
    }
    gtk_label_set_label(self->verdict, choice ? _("Ready to Train, Slowly") : _("Training Is Not Possible"));
    gtk_label_set_label(self->explanation, choice ? _("Training runs on the processor. An NVIDIA graphics card does "
                                                      "the same in a small part of the time.")
                                                  : _("Nothing was found that can do the computing."));
    const char *problem = lk_device_status_get_problem(device);
    add_row(self, self->graphics_group, MISSING, _("Graphics Card"), problem ? problem : _("No usable GPU was found."));
}

static void show_computer(LkSystemPage *self, LkDeviceStatus *device)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(device);
    if (choice && !lk_device_status_get_gpu(device)) {
        g_autofree char *processor = g_strdup_printf("%s · %s", choice->info.name, choice->info.detail);
        add_row(self, self->computer_group, FINE, _("Processor"), processor);
        g_autofree char *all = g_format_size_full((guint64)choice->info.memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *available = g_format_size_full((guint64)choice->info.free_bytes, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *memory = g_strdup_printf(_("%s, of these %s are free"), all, available);
        add_row(self, self->computer_group, FINE, _("Memory"), memory);
    }
    g_autoptr(GFile) home = g_file_new_for_path(g_get_home_dir());
    g_autoptr(GFileInfo) info = g_file_query_filesystem_info(home, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, NULL, NULL);
    if (!info)
        return;
    guint64 bytes = g_file_info_get_attribute_uint64(info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
    g_autofree char *size = g_format_size(bytes);
    g_autofree char *disk = g_strdup_printf(_("%s free in your home folder"), size);
    add_row(self, self->computer_group, bytes < ((guint64)LEAST_FREE_GIB << 30) ? WARNING : FINE, _("Disk Space"),
            disk);
}

static void clear(LkSystemPage *self)
{
    for (guint i = 0; i < self->rows->len; i++) {
        GtkWidget *row = self->rows->pdata[i];
        adw_preferences_group_remove(g_object_get_data(G_OBJECT(row), "group"), row);
    }
    g_ptr_array_set_size(self->rows, 0);
    g_string_printf(self->report, "Lorikeet %s\n", LK_VERSION);
}

static void show(LkSystemPage *self)
{
    LkDeviceStatus *device = lk_application_get_device(lk_application_get());
    clear(self);
    if (!lk_device_status_get_checked(device)) {
        gtk_label_set_label(self->verdict, _("Looking at This Computer…"));
        return;
    }
    show_graphics(self, device);
    show_computer(self, device);
}

static void again_cb(LkSystemPage *self)
{
    lk_device_status_refresh(lk_application_get_device(lk_application_get()));
}

static void copy_cb(LkSystemPage *self)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), self->report->str);
    lk_page_toast(GTK_WIDGET(self), _("Report copied"), NULL, NULL, NULL);
}

static void lk_system_page_dispose(GObject *object)
{
    LkSystemPage *self = LK_SYSTEM_PAGE(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SYSTEM_PAGE);
    g_clear_pointer(&self->rows, g_ptr_array_unref);
    if (self->report)
        g_string_free(g_steal_pointer(&self->report), TRUE);
    G_OBJECT_CLASS(lk_system_page_parent_class)->dispose(object);
}

static void lk_system_page_class_init(LkSystemPageClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_system_page_dispose;
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/system-system_page.ui");
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, verdict);
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, explanation);
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, graphics_group);
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, computer_group);
    gtk_widget_class_bind_template_callback(widget_class, copy_cb);
    gtk_widget_class_bind_template_callback(widget_class, again_cb);
}

static void lk_system_page_init(LkSystemPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->rows = g_ptr_array_new();
    self->report = g_string_new(NULL);
    /* `problem` is the last property that changes when the answer is there. */
    g_signal_connect_object(lk_application_get_device(lk_application_get()), "notify::problem", G_CALLBACK(show), self,
                            G_CONNECT_SWAPPED);
    show(self);
}

LkSystemPage *lk_system_page_new(void)
{
    return g_object_new(LK_TYPE_SYSTEM_PAGE, NULL);
}
