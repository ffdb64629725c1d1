/* Which backend and device a run computes on: --device of the command line, the window's choice. */
#pragma once

#include "backend/backend.h"

#include <glib.h>

typedef struct LkDeviceChoice {
    const LkBackend *api;
    int index;
    char id[16]; /* "cpu", "cuda:0": as --device takes it */
    LkDeviceInfo info;
    int share; /* percent of its memory that may be used */
} LkDeviceChoice;

/** "auto" (the first usable GPU, else the CPU), "cpu" or "cuda:N"; "@75%" behind it leaves the rest of its memory to
 * others. */
bool lk_device_choose(const char *text, LkDeviceChoice *choice, GError **error);

/** Every device that can be used, GPUs first; returns how many were written, at most `max`. */
int lk_device_list(LkDeviceChoice *choices, int max);

/** What may be taken now of a device's memory: what is free, within the share; `held` is what the caller has of it
 * already. `known` is used where the backend does not tell any more. */
int64_t lk_device_free_bytes(const LkBackend *api, int index, const LkDeviceInfo *known, int share, int64_t held);

/** A backend of this build by its number from 0; false at the end. *api is NULL where it cannot be used, with the
 * reason. */
bool lk_device_backend(int number, const char **name, const LkBackend **api, LkError *reason);
