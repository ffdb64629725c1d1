#include "system/check.h"

#include "system/graphics.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>

enum { LEAST_MEMORY_GIB = 4, LEAST_DISK_GIB = 8 }; /* a small job; a task's checkpoints, states and encodings */

void lk_system_finding_free(LkSystemFinding *finding)
{
    g_free(finding->text);
    g_free(finding->fix);
    g_free(finding->command);
    g_free(finding);
}

const char *lk_system_state_name(LkSystemState state)
{
    static const char *const names[] = {"fine", "attention", "missing"};
    return names[state];
}

LkSystemFinding *lk_system_add(GPtrArray *findings, const char *id, const char *title, LkSystemState state, char *text)
{
    LkSystemFinding *finding = g_new0(LkSystemFinding, 1);
    *finding = (LkSystemFinding){.id = id, .title = title, .state = state, .text = text};
    g_ptr_array_add(findings, finding);
    return finding;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* "MemTotal:       24700000 kB" in bytes; 0 where the line is not there. */
static guint64 read_amount(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) << 10 : 0;
}

static void check_memory(GPtrArray *findings, const char *meminfo)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(meminfo, &text, NULL, NULL))
        return;
    guint64 all = read_amount(text, "MemTotal:"), available = read_amount(text, "MemAvailable:");
    if (!all)
        return;
    bool enough = available >= (guint64)LEAST_MEMORY_GIB << 30;
    g_autofree char *all_text = g_format_size_full(all, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *free_text = g_format_size_full(available, G_FORMAT_SIZE_IEC_UNITS);
    LkSystemFinding *finding =
        lk_system_add(findings, "memory", _("Memory"), enough ? LK_SYSTEM_FINE : LK_SYSTEM_ATTENTION,
                      g_strdup_printf(_("%s, of these %s are free"), all_text, free_text));
    if (!enough)
        finding->fix = g_strdup(_("Close other programs: reading a base model alone takes some of it."));
}

/* ---- disk -------------------------------------------------------------------------------------------- */

/* Of a folder that may not be there yet, what lies above it counts. */
static void check_disk(GPtrArray *findings, const char *folder)
{
    g_autofree char *place = g_strdup(folder);
    struct statvfs disk;
    while (statvfs(place, &disk) != 0) {
        char *above = g_path_get_dirname(place);
        bool top = strcmp(above, place) == 0;
        g_free(place);
        place = above;
        if (top)
            return;
    }
    guint64 bytes = (guint64)disk.f_bavail * disk.f_frsize;
    bool enough = bytes >= (guint64)LEAST_DISK_GIB << 30;
    g_autofree char *size = g_format_size(bytes), *shown = g_filename_display_name(folder);
    LkSystemFinding *finding =
        lk_system_add(findings, "disk", _("Disk Space"), enough ? LK_SYSTEM_FINE : LK_SYSTEM_ATTENTION,
                      g_strdup_printf(_("%s free in %s"), size, shown));
    if (!enough)
        finding->fix =
            g_strdup_printf(_("A task takes up to %d GB. Make room, or choose another folder for projects in "
                              "the preferences."),
                            LEAST_DISK_GIB);
}

/* ---- all of it --------------------------------------------------------------------------------------- */

GPtrArray *lk_system_check(const LkSystemPlaces *places)
{
    static const LkSystemPlaces usual;
    const LkSystemPlaces *look = places ? places : &usual;
    GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)lk_system_finding_free);
    lk_graphics_check(findings, look);
    check_memory(findings, look->meminfo ? look->meminfo : "/proc/meminfo");
    check_disk(findings, look->folder ? look->folder : g_get_home_dir());
    return findings;
}

char *lk_system_describe(const GPtrArray *findings)
{
    /* translators: how a part of the computer is, in a report */
    static const char *const words[] = {N_("fine"), N_("attention"), N_("missing")};
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const LkSystemFinding *finding = findings->pdata[i];
        g_string_append_printf(text, "%s (%s): %s\n", finding->title, _(words[finding->state]), finding->text);
        if (finding->fix)
            g_string_append_printf(text, "    %s\n", finding->fix);
        if (finding->command)
            g_string_append_printf(text, "    $ %s\n", finding->command);
    }
    return g_string_free(text, FALSE);
}
