#include "system/hwmon.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SENSORS = 16 };

/* Which of a driver's sensors is the whole processor: by the start of its label; NULL: the first sensor.
 * Kernel documentation: Documentation/hwmon/k10temp.rst, coretemp.rst. Of k10temp Tdie is the true temperature where
 * both are there; Tctl has an offset on some processors. */
static const struct {
    const char *driver, *label;
} drivers[] = {
    {"k10temp", "Tdie"}, {"k10temp", "Tctl"},     {"k10temp", NULL},  {"zenpower", "Tdie"},
    {"zenpower", NULL},  {"coretemp", "Package"}, {"coretemp", NULL}, {"cpu_thermal", NULL},
};

/* The first line of FOLDER/NAME, NULL where it cannot be read. Free with g_free. */
static char *read_line(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

/* A file that holds thousandths of degrees. */
static bool read_degrees(const char *folder, int sensor, const char *what, double *celsius)
{
    g_autofree char *name = g_strdup_printf("temp%d_%s", sensor, what);
    g_autofree char *text = read_line(folder, name);
    char *end = text;
    gint64 value = text ? g_ascii_strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || value <= -100000 || value >= 200000)
        return false;
    *celsius = (double)value / 1000;
    return true;
}

static bool has_label(const char *folder, int sensor, const char *start)
{
    g_autofree char *name = g_strdup_printf("temp%d_label", sensor);
    g_autofree char *label = start ? read_line(folder, name) : NULL;
    return !start || (label && g_str_has_prefix(label, start));
}

static bool read_sensor(const char *folder, const char *label, LkTemperature *temperature)
{
    for (int sensor = 1; sensor <= MOST_SENSORS; sensor++) {
        if (!has_label(folder, sensor, label) || !read_degrees(folder, sensor, "input", &temperature->celsius))
            continue;
        if (!read_degrees(folder, sensor, "crit", &temperature->limit) || temperature->limit <= 0)
            temperature->limit = 0;
        return true;
    }
    return false;
}

/* One processor's folder; false where it is another device's. */
static bool read_folder(const char *folder, LkTemperature *temperature)
{
    g_autofree char *driver = read_line(folder, "name");
    for (size_t i = 0; driver && i < G_N_ELEMENTS(drivers); i++)
        if (strcmp(drivers[i].driver, driver) == 0 && read_sensor(folder, drivers[i].label, temperature))
            return true;
    return false;
}

bool lk_hwmon_read(const char *folder, LkTemperature *temperature)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    bool found = false;
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        LkTemperature one;
        if (read_folder(path, &one) && (!found || one.celsius > temperature->celsius)) {
            *temperature = one;
            found = true;
        }
    }
    return found;
}
