/* What NVIDIA's driver tells about its cards, by its management library (NVML). The library comes with the driver and
 * is opened when it is asked for: the program runs without it. Its interface has been the same for ten years. */
#pragma once

#include "system/temperature.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LK_NVML_LIBRARY "libnvidia-ml.so.1"

typedef struct LkNvml LkNvml;

typedef struct LkNvmlCard {
    char name[96]; /* "NVIDIA GeForce RTX 3060": as CUDA calls it too */
    int64_t memory_bytes, free_bytes;
    int major, minor; /* compute capability */
} LkNvmlCard;

/** Why there is no answer. */
typedef enum LkNvmlProblem {
    LK_NVML_FINE,
    LK_NVML_NO_LIBRARY,    /* no driver is installed */
    LK_NVML_NOT_LOADED,    /* it is installed, but its kernel module is not loaded */
    LK_NVML_NO_PERMISSION, /* this program may not use it */
    LK_NVML_OTHER_VERSION, /* the kernel module is of another version: it was updated, and not restarted */
    LK_NVML_FAILED,        /* anything else */
} LkNvmlProblem;

/** Opens the library of that name or path. NULL with the problem (may be NULL) where it does not answer. */
LkNvml *lk_nvml_open(const char *library, LkNvmlProblem *problem);
void lk_nvml_close(LkNvml *nvml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkNvml, lk_nvml_close)

/** "580.95.05"; NULL where it does not tell. */
const char *lk_nvml_driver(const LkNvml *nvml);
/** The newest CUDA that the driver runs: 12080 is 12.8; 0 where it does not tell. */
int lk_nvml_cuda_version(const LkNvml *nvml);
int lk_nvml_count(const LkNvml *nvml);
/** False where there is no card of that number, from 0 in the order of the slots. */
bool lk_nvml_card(const LkNvml *nvml, int number, LkNvmlCard *card);
bool lk_nvml_temperature(const LkNvml *nvml, int number, LkTemperature *temperature);
