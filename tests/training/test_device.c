/* How a device is named, and how much of its memory is left to a program that may take a share of it. */
#include "format/gerror.h"
#include "tap.h"
#include "training/device.h"

#include <string.h>

static const int64_t GIB = (int64_t)1 << 30;

/* A backend of one card of 8 GiB, of which 6 GiB are free. */
static int card(LkDeviceInfo *out, int max, LkError *error)
{
    (void)error;
    if (max > 0)
        out[0] = (LkDeviceInfo){.memory_bytes = 8 * GIB, .free_bytes = 6 * GIB};
    return 1;
}

static void test_share(void)
{
    LkBackend backend = {.name = "cuda", .devices = card};
    LkDeviceInfo known = {.memory_bytes = 4 * GIB, .free_bytes = 3 * GIB};
    tap_ok(lk_device_free_bytes(&backend, 0, &known, 100, 0) == 6 * GIB, "the whole device: what is free");
    tap_ok(lk_device_free_bytes(&backend, 0, &known, 50, 0) == 4 * GIB, "half of it: not all that is free");
    tap_ok(lk_device_free_bytes(&backend, 0, &known, 50, 3 * GIB) == GIB, "what is held already counts");
    tap_ok(lk_device_free_bytes(&backend, 0, &known, 50, 5 * GIB) == 0, "never less than nothing");
    tap_ok(lk_device_free_bytes(&backend, 0, &known, 90, 0) == 6 * GIB, "never more than is free");
    tap_ok(lk_device_free_bytes(&backend, 3, &known, 50, 0) == 2 * GIB, "a device that is gone: as it was known");
}

static void test_names(void)
{
    LkDeviceChoice choice;
    g_autoptr(GError) error = NULL;
    tap_ok(lk_device_choose("cpu", &choice, NULL) && choice.share == 100 && strcmp(choice.id, "cpu") == 0,
           "the processor, all of its memory");
    tap_ok(lk_device_choose("cpu@40%", &choice, NULL) && choice.share == 40 && strcmp(choice.id, "cpu") == 0,
           "a share of it; its name is the same");
    tap_ok(lk_device_choose("auto@75%", &choice, NULL) && choice.share == 75, "a share of whatever there is");
    static const char *const wrong[] = {"cpu@", "cpu@%", "cpu@0%", "cpu@101%", "cpu@x%", "cpu@50", "@50%", "gpu"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_clear_error(&error);
        bool refused = !lk_device_choose(wrong[i], &choice, &error);
        tap_ok(refused && strstr(error->message, wrong[i][0] == '@' ? "--device" : wrong[i]), "\"%s\" is refused",
               wrong[i]);
    }
}

int main(void)
{
    test_share();
    test_names();
    return tap_done();
}
