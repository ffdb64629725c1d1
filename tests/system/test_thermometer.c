/* Temperatures from a folder like Linux's and a library like NVIDIA's, and from what is broken or not there. */
#include "system/hwmon.h"
#include "system/nvml.h"
#include "system/thermometer.h"
#include "tests/tap.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ---- the processor ----------------------------------------------------------------------------------- */

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0777);
    g_file_set_contents(path, text, -1, NULL);
}

static void remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_all(inside);
    }
    g_remove(path);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void check_folder(const char *what, const char *const *files, bool found, double celsius, double limit)
{
    g_autofree char *folder = g_dir_make_tmp("hwmon-XXXXXX", NULL);
    for (; *files; files += 2)
        write_file(folder, files[0], files[1]);
    LkTemperature temperature = {-1, -1};
    bool known = lk_hwmon_read(folder, &temperature);
    tap_ok(known == found && (!found || (near(temperature.celsius, celsius) && near(temperature.limit, limit))), "%s",
           what);
    remove_all(folder);
}

static void test_processors(void)
{
    check_folder("AMD: Tdie before Tctl, other devices are not the processor",
                 (const char *[]){"hwmon0/name", "nvme\n", "hwmon0/temp1_input", "99000\n", "hwmon1/name", "k10temp\n",
                                  "hwmon1/temp1_input", "71250\n", "hwmon1/temp1_label", "Tctl\n", "hwmon1/temp2_input",
                                  "61250\n", "hwmon1/temp2_label", "Tdie\n", NULL},
                 true, 61.25, 0);
    check_folder("AMD with Tctl alone",
                 (const char *[]){"hwmon2/name", "k10temp\n", "hwmon2/temp1_input", "48000\n", "hwmon2/temp1_label",
                                  "Tctl\n", NULL},
                 true, 48, 0);
    check_folder("Intel: the whole package and its limit, of two the hotter",
                 (const char *[]){"hwmon0/name",
                                  "coretemp\n",
                                  "hwmon0/temp1_label",
                                  "Package id 0\n",
                                  "hwmon0/temp1_input",
                                  "55000\n",
                                  "hwmon0/temp1_crit",
                                  "100000\n",
                                  "hwmon0/temp2_label",
                                  "Core 0\n",
                                  "hwmon0/temp2_input",
                                  "70000\n",
                                  "hwmon1/name",
                                  "coretemp\n",
                                  "hwmon1/temp1_label",
                                  "Package id 1\n",
                                  "hwmon1/temp1_input",
                                  "62000\n",
                                  "hwmon1/temp1_crit",
                                  "90000\n",
                                  NULL},
                 true, 62, 90);
    check_folder("an ARM board, without labels",
                 (const char *[]){"hwmon0/name", "cpu_thermal\n", "hwmon0/temp1_input", "44321\n", NULL}, true, 44.321,
                 0);
    check_folder("nonsense is not shown",
                 (const char *[]){"hwmon0/name", "k10temp\n", "hwmon0/temp1_input", "warm\n", "hwmon0/temp2_input",
                                  "999999\n", "hwmon0/temp3_input", "\n", NULL},
                 false, 0, 0);
    check_folder("only a disk", (const char *[]){"hwmon0/name", "nvme\n", "hwmon0/temp1_input", "40000\n", NULL}, false,
                 0, 0);
    check_folder("nothing at all", (const char *[]){NULL}, false, 0, 0);
    LkTemperature temperature;
    tap_ok(!lk_hwmon_read("/nowhere/hwmon", &temperature), "no such folder");
}

/* ---- cards ------------------------------------------------------------------------------------------- */

static void test_cards(const char *library)
{
    LkNvmlProblem problem;
    g_autoptr(LkNvml) nvml = lk_nvml_open(library, &problem);
    if (!tap_ok(nvml && problem == LK_NVML_FINE, "the driver's library is opened"))
        return;
    LkNvmlCard card;
    LkTemperature temperature;
    tap_ok(g_strcmp0(lk_nvml_driver(nvml), "580.95.05") == 0 && lk_nvml_cuda_version(nvml) == 13000,
           "its version, and the newest CUDA that it runs");
    tap_ok(lk_nvml_count(nvml) == 2, "two cards");
    tap_ok(lk_nvml_card(nvml, 0, &card) && strcmp(card.name, "NVIDIA GeForce RTX 3060") == 0 &&
               card.memory_bytes == (int64_t)12 << 30 && card.free_bytes == (int64_t)11 << 30 && card.major == 8 &&
               card.minor == 6,
           "a card: name, memory, what is free of it, compute capability");
    tap_ok(!lk_nvml_card(nvml, 2, &card) && !lk_nvml_card(nvml, -1, &card), "no card of another number");
    tap_ok(lk_nvml_temperature(nvml, 0, &temperature) && near(temperature.celsius, 71) && near(temperature.limit, 93),
           "its temperature and limit");
    tap_ok(lk_nvml_temperature(nvml, 1, &temperature) && near(temperature.celsius, 43) && near(temperature.limit, 0),
           "a card that tells no limit");
    tap_ok(!lk_nvml_temperature(nvml, 5, &temperature), "no temperature of a card that is not there");
}

static void test_broken(const char *library)
{
    static const struct {
        const char *error;
        LkNvmlProblem problem;
        const char *what;
    } cases[] = {{"9", LK_NVML_NOT_LOADED, "the kernel module is not loaded"},
                 {"18", LK_NVML_OTHER_VERSION, "the driver was updated without a restart"},
                 {"999", LK_NVML_FAILED, "any other failure"}};
    LkNvmlProblem problem;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_setenv("FAKE_NVML_ERROR", cases[i].error, TRUE);
        tap_ok(!lk_nvml_open(library, &problem) && problem == cases[i].problem, "%s", cases[i].what);
    }
    g_unsetenv("FAKE_NVML_ERROR");
    tap_ok(!lk_nvml_open("libnvidia-ml-that-is-not-there.so.1", &problem) && problem == LK_NVML_NO_LIBRARY,
           "no driver at all");
    tap_ok(!lk_nvml_open("libm.so.6", &problem) && problem == LK_NVML_FAILED, "a library that is something else");
}

/* ---- whichever it is --------------------------------------------------------------------------------- */

static void test_devices(const char *library)
{
    g_autofree char *folder = g_dir_make_tmp("hwmon-XXXXXX", NULL);
    write_file(folder, "hwmon0/name", "coretemp\n");
    write_file(folder, "hwmon0/temp1_label", "Package id 0\n");
    write_file(folder, "hwmon0/temp1_input", "55000\n");
    LkThermometerPlaces places = {library, folder};
    LkTemperature temperature;
    g_autoptr(LkThermometer) card = lk_thermometer_open("NVIDIA A100", &places);
    tap_ok(lk_thermometer_read(card, &temperature) && near(temperature.celsius, 43), "a card by its name");
    g_autoptr(LkThermometer) processor = lk_thermometer_open("Intel Core", &places);
    tap_ok(lk_thermometer_read(processor, &temperature) && near(temperature.celsius, 55), "else the processor");
    write_file(folder, "hwmon0/temp1_input", "57000\n");
    tap_ok(lk_thermometer_read(processor, &temperature) && near(temperature.celsius, 57), "it is read anew every time");
    remove_all(folder);
    tap_ok(!lk_thermometer_read(processor, &temperature), "where the sensor goes away, nothing is told");
}

int main(int argc, char **argv)
{
    test_processors();
    if (argc > 1) {
        test_cards(argv[1]);
        test_broken(argv[1]);
        test_devices(argv[1]);
    }
    return tap_done();
}
