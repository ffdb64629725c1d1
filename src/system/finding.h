/* One thing that was looked at on this computer. */
#pragma once

#include <glib.h>

typedef enum LkSystemState { LK_SYSTEM_FINE, LK_SYSTEM_ATTENTION, LK_SYSTEM_MISSING } LkSystemState;

typedef struct LkSystemFinding {
    const char *id;    /* "card", "driver", "cuda", "libraries", "card-memory", "memory", "disk": for machines */
    const char *title; /* translated */
    LkSystemState state;
    char *text;    /* what was found */
    char *fix;     /* what to do, a sentence; NULL: nothing */
    char *command; /* to run in a terminal for it; NULL: none */
} LkSystemFinding;

void lk_system_finding_free(LkSystemFinding *finding);
/** "fine", "attention", "missing", for machines. */
const char *lk_system_state_name(LkSystemState state);

/** Appends one; takes `text` over. Returns it, so that a remedy can be set. */
LkSystemFinding *lk_system_add(GPtrArray *findings, const char *id, const char *title, LkSystemState state, char *text);

/** Where to look; NULL: where Linux has it. */
typedef struct LkSystemPlaces {
    const char *pci;                          /* /sys/bus/pci/devices */
    const char *modules;                      /* /proc/modules */
    const char *meminfo;                      /* /proc/meminfo */
    const char *nvml, *cuda, *cudnn, *cublas; /* libraries */
    const char *folder;                       /* whose disk counts; the home folder */
    const char *flatpak;                      /* /.flatpak-info: where it is, we run as a Flatpak */
} LkSystemPlaces;
