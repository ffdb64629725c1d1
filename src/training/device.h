/* Which backend and device a run computes on: --device of the command line, the window's choice. */
#pragma once

#include "backend/backend.h"

#include <glib.h>

typedef struct LkDeviceChoice {
    const LkBackend *api;
    int index;
    char id[16]; /* "cpu", "cuda:0": as --device takes it */
    LkDeviceInfo info;
} LkDeviceChoice;

/** "auto" (the first usable GPU, else the CPU), "cpu" or "cuda:N". */
bool lk_device_choose(const char *text, LkDeviceChoice *choice, GError **error);

/** A backend of this build by its number from 0; false at the end. *api is NULL where it cannot be used, with the
 * reason. */
bool lk_device_backend(int number, const char **name, const LkBackend **api, LkError *reason);
