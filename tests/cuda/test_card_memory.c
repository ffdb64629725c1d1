/* Listing the cards keeps nothing of them: test_card_memory COUNTING_LIBCUDA. */
#include "counting_libcuda.h"

#include "backend/cuda/module.h"
#include "tests/fakecuda/fake.h"
#include "tests/tap.h"

#include <dlfcn.h>
#include <string.h>

enum { CARDS = 2, TAKEN = 46 /* another program has the card to itself */ };

static CountingDriver *driver;

static int list(LkDeviceInfo *info, LkError *error)
{
    fake_reset();
    fake_device(86, INT64_C(8) << 30, CARDS);
    return lk_cuda_backend()->devices(info, CARDS, error);
}

static bool nothing_is_held(void)
{
    return driver->contexts == 0 && driver->current == 0 && fake_calls_of("cudaSetDevice") == 0 &&
           fake_calls_of("cudaMemGetInfo") == 0;
}

static void test_list(void)
{
    LkError error = {0};
    LkDeviceInfo info[CARDS];
    int count = list(info, &error);
    tap_ok(count == CARDS && info[0].memory_bytes == INT64_C(8) << 30 && driver->retained == CARDS,
           "%d cards are listed %s", count, error.text);
    tap_ok(info[1].free_bytes - info[0].free_bytes == INT64_C(1) << 30 && info[0].free_bytes > INT64_C(700) << 20,
           "each with its own memory: %lld and %lld bytes free", (long long)info[0].free_bytes,
           (long long)info[1].free_bytes);
    tap_ok(nothing_is_held(), "and no context is left on them");
}

static void test_failures(void)
{
    static const char *const functions[] = {"cuDeviceGet",         "cuDevicePrimaryCtxRetain",
                                            "cuCtxPushCurrent_v2", "cuMemGetInfo_v2",
                                            "cuCtxPopCurrent_v2",  "cuDevicePrimaryCtxRelease_v2"};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        LkError error = {0};
        LkDeviceInfo info[CARDS];
        *driver = (CountingDriver){.fails = functions[i], .error = TAKEN};
        int count = list(info, &error);
        tap_ok(count == -1 && strstr(error.text, "to itself") && nothing_is_held(), "%s fails: %s", functions[i],
               error.text);
    }
    *driver = (CountingDriver){0};
}

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    driver = library ? dlsym(library, "counting_driver") : NULL;
    if (!tap_ok(driver != NULL, "the driver is opened"))
        return tap_done();
    test_list();
    test_failures();
    return tap_done();
}
