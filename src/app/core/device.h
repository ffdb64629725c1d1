/* What this machine computes on, as the window shows it: found out on a thread, once and on request. */
#pragma once

#include "training/device.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define LK_TYPE_DEVICE_STATUS (lk_device_status_get_type())
G_DECLARE_FINAL_TYPE(LkDeviceStatus, lk_device_status, LK, DEVICE_STATUS, GObject)

/** What is used is what the settings say (`device`, `memory-share`); where that is not there any more, the best there
 * is. Properties: `checked` (whether the answer is there), `gpu` (whether a GPU will train), `label` ("RTX 3060 · 12
 * GB"), `wish` (what runs are told: "auto", "cuda:1@75%"), `problem` (why no GPU is used, NULL if one is; the last to
 * change). Looking begins at once, and again when the settings change. `settings` may be NULL. */
LkDeviceStatus *lk_device_status_new(GSettings *settings);
/** Looks again; the properties change when the answer is there. */
void lk_device_status_refresh(LkDeviceStatus *self);

/** The device that training will use; NULL until it is known, and where there is none. */
const LkDeviceChoice *lk_device_status_get_choice(LkDeviceStatus *self);
/** All that could be used, LkDeviceChoice; empty until it is known. */
const GArray *lk_device_status_get_all(LkDeviceStatus *self);
const char *lk_device_status_get_wish(LkDeviceStatus *self);
/** "NVIDIA GeForce RTX 3060 · 12 GiB". Free with g_free. */
char *lk_device_label(const LkDeviceChoice *choice);
const char *lk_device_status_get_label(LkDeviceStatus *self);
/** What a device is called, by its id ("cpu", "cuda:0", with or without a share "@75%"); the id where it is not there,
 * NULL for "auto", which says nothing. */
const char *lk_device_status_find_name(LkDeviceStatus *self, const char *id);
const char *lk_device_status_get_problem(LkDeviceStatus *self);
gboolean lk_device_status_get_gpu(LkDeviceStatus *self);
gboolean lk_device_status_get_checked(LkDeviceStatus *self);

G_END_DECLS
