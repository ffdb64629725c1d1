#include "app/system/system_page.h"

#include "app/application.h"
#include "app/page.h"
#include "app/system/finding_row.h"
#include "app/system/report.h"
#include "system/check.h"

#include <glib/gi18n.h>

struct _LkSystemPage {
    AdwNavigationPage parent_instance;
    GtkLabel *verdict, *explanation;
    AdwPreferencesGroup *graphics_group, *steps_group, *computer_group;
    GPtrArray *rows; /* GtkWidget: borrowed, of all groups */
    GPtrArray *findings;
    gboolean looking;
};

G_DEFINE_FINAL_TYPE(LkSystemPage, lk_system_page, ADW_TYPE_NAVIGATION_PAGE)

static LkDeviceStatus *device(void)
{
    return lk_application_get_device(lk_application_get());
}

/* ---- what was found ---------------------------------------------------------------------------------- */

static void add_row(LkSystemPage *self, AdwPreferencesGroup *group, GtkWidget *row)
{
    adw_preferences_group_add(group, row);
    g_object_set_data(G_OBJECT(row), "group", group);
    g_ptr_array_add(self->rows, row);
}

static const LkSystemFinding *find(LkSystemPage *self, const char *id)
{
    for (guint i = 0; self->findings && i < self->findings->len; i++)
        if (g_str_equal(((const LkSystemFinding *)self->findings->pdata[i])->id, id))
            return self->findings->pdata[i];
    return NULL;
}

static gboolean is_fine(LkSystemPage *self, const char *id)
{
    const LkSystemFinding *finding = find(self, id);
    return finding && finding->state == LK_SYSTEM_FINE;
}

static void show_findings(LkSystemPage *self)
{
    static const char *const graphics[] = {"card", "driver", "cuda", "libraries", "card-memory", NULL};
    for (guint i = 0; i < self->findings->len; i++) {
        const LkSystemFinding *finding = self->findings->pdata[i];
        add_row(self, g_strv_contains(graphics, finding->id) ? self->graphics_group : self->computer_group,
                lk_system_row_new(finding->state, finding->title, finding->text, finding->fix, finding->command));
    }
}

/* What the backends themselves say: the processor always, the card where it computes. */
static void show_devices(LkSystemPage *self)
{
    const GArray *all = lk_device_status_get_all(device());
    for (guint i = 0; i < all->len; i++) {
        const LkDeviceChoice *choice = &g_array_index(all, LkDeviceChoice, i);
        gboolean cpu = g_str_equal(choice->id, "cpu");
        g_autofree char *text = g_strdup_printf("%s · %s", choice->info.name, choice->info.detail);
        add_row(self, cpu ? self->computer_group : self->graphics_group,
                lk_system_row_new(LK_SYSTEM_FINE, cpu ? _("Processor") : _("Ready to Compute"), text, NULL, NULL));
    }
}

/* ---- what to do where the card is not recognised ----------------------------------------------------- */

static GtkWidget *make_more(void)
{
    GtkWidget *row = adw_button_row_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("Read More"));
    gtk_widget_set_tooltip_text(row, _("What to do where a graphics card is not found"));
    adw_button_row_set_end_icon_name(ADW_BUTTON_ROW(row), "go-next-symbolic");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(row), "app.help");
    gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "s", "gpu-not-found");
    return row;
}

static GtkWidget *make_step(gboolean done, int number, const char *title, const char *text)
{
    g_autofree char *numbered = g_strdup_printf("%d. %s", number, title);
    return lk_system_row_new(done ? LK_SYSTEM_FINE : LK_SYSTEM_ATTENTION, numbered, text, NULL, NULL);
}

static void show_steps(LkSystemPage *self)
{
    gboolean driver = is_fine(self, "driver"), cuda = is_fine(self, "cuda"), libraries = is_fine(self, "libraries");
    gtk_widget_set_visible(GTK_WIDGET(self->steps_group), !lk_device_status_get_gpu(device()));
    add_row(self, self->steps_group,
            make_step(driver, 1, _("Install the NVIDIA Driver"),
                      _("From your distribution, new enough for the card. “NVIDIA Driver” above says how it is.")));
    add_row(self, self->steps_group,
            make_step(cuda && libraries, 2, _("Install CUDA and cuDNN"),
                      _("CUDA 12 or newer and cuDNN 9, of versions that belong together.")));
    add_row(self, self->steps_group,
            make_step(driver && cuda, 3, _("Restart the Computer"),
                      _("A driver that was installed or updated works after a restart only.")));
    GtkWidget *row = make_step(lk_device_status_get_gpu(device()), 4, _("Choose the Card in the Preferences"),
                               _("Under Computing, in case the processor or another card is chosen there."));
    GtkWidget *button = gtk_button_new_with_mnemonic(_("_Preferences"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "app.preferences");
    gtk_box_append(GTK_BOX(gtk_list_box_row_get_child(GTK_LIST_BOX_ROW(row))), button);
    add_row(self, self->steps_group, row);
    add_row(self, self->steps_group, make_more());
}

/* ---- in one sentence --------------------------------------------------------------------------------- */

static void show_verdict(LkSystemPage *self)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(device());
    const char *problem = lk_device_status_get_problem(device());
    const LkSystemFinding *card = find(self, "card");
    gboolean found = card && card->state != LK_SYSTEM_MISSING;
    if (lk_device_status_get_gpu(device())) {
        gtk_label_set_label(self->verdict, _("Ready to Train"));
        gtk_label_set_label(self->explanation, _("The graphics card does the computing."));
    } else if (found) {
        gtk_label_set_label(self->verdict, _("Graphics Card Found, but Not in Use"));
        gtk_label_set_label(self->explanation, problem ? problem : "");
    } else if (choice) {
        gtk_label_set_label(self->verdict, _("Ready to Train, Slowly"));
        gtk_label_set_label(self->explanation,
                            _("Training runs on the processor. An NVIDIA graphics card does the same "
                              "in a small part of the time."));
    } else {
        gtk_label_set_label(self->verdict, _("Training Is Not Possible"));
        gtk_label_set_label(self->explanation, problem ? problem : _("Nothing was found that can do the computing."));
    }
}

static void clear(LkSystemPage *self)
{
    for (guint i = 0; i < self->rows->len; i++) {
        GtkWidget *row = self->rows->pdata[i];
        adw_preferences_group_remove(g_object_get_data(G_OBJECT(row), "group"), row);
    }
    g_ptr_array_set_size(self->rows, 0);
}

static void show(LkSystemPage *self)
{
    gboolean known = self->findings && lk_device_status_get_checked(device()) && !self->looking;
    clear(self);
    gtk_widget_action_set_enabled(GTK_WIDGET(self), "system.copy", known);
    gtk_widget_set_visible(GTK_WIDGET(self->graphics_group), known);
    gtk_widget_set_visible(GTK_WIDGET(self->computer_group), known);
    gtk_widget_set_visible(GTK_WIDGET(self->steps_group), FALSE);
    if (!known) {
        gtk_label_set_label(self->verdict, _("Looking at This Computer…"));
        gtk_label_set_label(self->explanation, "");
        return;
    }
    show_findings(self);
    show_devices(self);
    show_steps(self);
    show_verdict(self);
}

/* ---- looking ----------------------------------------------------------------------------------------- */

static void look_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    LkSystemPlaces places = {.folder = data};
    g_task_return_pointer(task, lk_system_check(&places), (GDestroyNotify)g_ptr_array_unref);
}

static void looked_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkSystemPage *self = LK_SYSTEM_PAGE(source);
    g_autoptr(GPtrArray) findings = g_task_propagate_pointer(G_TASK(result), NULL);
    if (!self->rows)
        return; /* the page is gone */
    g_clear_pointer(&self->findings, g_ptr_array_unref);
    self->findings = g_steal_pointer(&findings);
    self->looking = FALSE;
    show(self);
}

static void look(LkSystemPage *self)
{
    GSettings *settings = lk_application_get_settings(lk_application_get());
    g_autofree char *chosen = settings ? g_settings_get_string(settings, "projects-folder") : NULL;
    g_autoptr(GTask) task = g_task_new(self, NULL, looked_cb, NULL);
    g_task_set_source_tag(task, look);
    g_task_set_task_data(task, chosen && *chosen ? g_strdup(chosen) : NULL, g_free);
    self->looking = TRUE;
    g_task_run_in_thread(task, look_thread);
    show(self);
}

static void again_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    lk_device_status_refresh(device());
    look(LK_SYSTEM_PAGE(widget));
}

static void copy_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    g_autofree char *report = lk_system_report(device(), LK_SYSTEM_PAGE(widget)->findings);
    gdk_clipboard_set_text(gtk_widget_get_clipboard(widget), report);
    lk_page_toast(widget, _("Report copied"), NULL, NULL, NULL);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_system_page_dispose(GObject *object)
{
    LkSystemPage *self = LK_SYSTEM_PAGE(object);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SYSTEM_PAGE);
    g_clear_pointer(&self->rows, g_ptr_array_unref);
    g_clear_pointer(&self->findings, g_ptr_array_unref);
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
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, steps_group);
    gtk_widget_class_bind_template_child(widget_class, LkSystemPage, computer_group);
    gtk_widget_class_install_action(widget_class, "system.copy", NULL, copy_action);
    gtk_widget_class_install_action(widget_class, "system.again", NULL, again_action);
}

static void lk_system_page_init(LkSystemPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->rows = g_ptr_array_new();
    /* `problem` is the last property that changes when the answer is there. */
    g_signal_connect_object(device(), "notify::problem", G_CALLBACK(show), self, G_CONNECT_SWAPPED);
    look(self);
}

LkSystemPage *lk_system_page_new(void)
{
    return g_object_new(LK_TYPE_SYSTEM_PAGE, NULL);
}
