/* What this machine computes on, as the window shows it: found out on a thread, once and on request. */
#pragma once

#include "training/device.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define LK_TYPE_DEVICE_STATUS (lk_device_status_get_type())
G_DECLARE_FINAL_TYPE(LkDeviceStatus, lk_device_status, LK, DEVICE_STATUS, GObject)

/** Properties: `checked` (whether the answer is there), `gpu` (whether a GPU will train), `label` ("RTX 3060 · 12 GB"),
 * `problem` (why no GPU is used, NULL if one is). Looking begins at once. */
LkDeviceStatus *lk_device_status_new(void);
/** Looks again; the properties change when the answer is there. */
void lk_device_status_refresh(LkDeviceStatus *self);

/** The device that training will use; NULL until it is known, and where there is none. */
const LkDeviceChoice *lk_device_status_get_choice(LkDeviceStatus *self);
const char *lk_device_status_get_label(LkDeviceStatus *self);
const char *lk_device_status_get_problem(LkDeviceStatus *self);
gboolean lk_device_status_get_gpu(LkDeviceStatus *self);
gboolean lk_device_status_get_checked(LkDeviceStatus *self);

G_END_DECLS
