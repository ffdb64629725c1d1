#include "system/thermometer.h"

#include "system/hwmon.h"
#include "system/nvml.h"

#include <string.h>

struct LkThermometer {
    LkNvml *nvml; /* NULL: the processor's sensor */
    int card;
    char *hwmon;
};

static const char *place(const char *given, const char *variable, const char *usual)
{
    const char *named = g_getenv(variable);
    return given ? given : named && *named ? named : usual;
}

/* The number of the card of that name, -1 where there is none. */
static int find_card(const LkNvml *nvml, const char *device)
{
    for (int i = 0; i < lk_nvml_count(nvml); i++) {
        LkNvmlCard card;
        if (lk_nvml_card(nvml, i, &card) && strcmp(card.name, device) == 0)
            return i;
    }
    return -1;
}

LkThermometer *lk_thermometer_open(const char *device, const LkThermometerPlaces *places)
{
    LkThermometer *thermometer = g_new0(LkThermometer, 1);
    thermometer->hwmon = g_strdup(place(places ? places->hwmon : NULL, "LORIKEET_HWMON", LK_HWMON_FOLDER));
    thermometer->nvml = lk_nvml_open(place(places ? places->nvml : NULL, "LORIKEET_NVML", LK_NVML_LIBRARY), NULL);
    thermometer->card = thermometer->nvml ? find_card(thermometer->nvml, device) : -1;
    if (thermometer->card < 0)
        g_clear_pointer(&thermometer->nvml, lk_nvml_close);
    return thermometer;
}

void lk_thermometer_close(LkThermometer *thermometer)
{
    if (!thermometer)
        return;
    lk_nvml_close(thermometer->nvml);
    g_free(thermometer->hwmon);
    g_free(thermometer);
}

bool lk_thermometer_read(const LkThermometer *thermometer, LkTemperature *temperature)
{
    return thermometer->nvml ? lk_nvml_temperature(thermometer->nvml, thermometer->card, temperature)
                             : lk_hwmon_read(thermometer->hwmon, temperature);
}
