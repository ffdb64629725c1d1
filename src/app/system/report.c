#include "app/system/report.h"

#include "system/check.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <sys/utsname.h>

char *lk_system_report(LkDeviceStatus *device, const GPtrArray *findings)
{
    const LkDeviceChoice *choice = lk_device_status_get_choice(device);
    const char *problem = lk_device_status_get_problem(device);
    g_autofree char *system = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    g_autofree char *parts = lk_system_describe(findings);
    struct utsname kernel = {0};
    uname(&kernel);
    GString *text = g_string_new(NULL);
    g_string_printf(text, "Lorikeet %s\n%s, %s %s %s\nGTK %u.%u.%u, libadwaita %u.%u.%u, %s\n\n", LK_VERSION,
                    system ? system : "?", kernel.sysname, kernel.release, kernel.machine, gtk_get_major_version(),
                    gtk_get_minor_version(), gtk_get_micro_version(), adw_get_major_version(), adw_get_minor_version(),
                    adw_get_micro_version(), pango_language_to_string(gtk_get_default_language()));
    g_string_append_printf(text, _("Training uses: %s"), lk_device_status_get_label(device));
    g_string_append_printf(text, " (%s)\n", lk_device_status_get_wish(device));
    if (choice)
        g_string_append_printf(text, "    %s\n", choice->info.detail);
    if (problem)
        g_string_append_printf(text, "    %s\n", problem);
    g_string_append_printf(text, "\n%s", parts);
    return g_string_free(text, FALSE);
}
