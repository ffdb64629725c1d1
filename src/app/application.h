/* The program: what all windows share, and actions that need no window. */
#pragma once

#include "app/core/device.h"
#include "app/core/project_list.h"
#include "app/core/task_center.h"
#include "app/core/thumbnails.h"
#include "worker/picture_maker.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_APPLICATION_ID "io.github.lorikeet_lora.Lorikeet"

#define LK_TYPE_APPLICATION (lk_application_get_type())
G_DECLARE_FINAL_TYPE(LkApplication, lk_application, LK, APPLICATION, AdwApplication)

LkApplication *lk_application_new(void);
/** The one that runs. */
LkApplication *lk_application_get(void);

/* Borrowed; there from startup to shutdown. */
GSettings *lk_application_get_settings(LkApplication *self);
LkStoreThread *lk_application_get_store(LkApplication *self);
LkProjectList *lk_application_get_projects(LkApplication *self);
LkDeviceStatus *lk_application_get_device(LkApplication *self);
LkThumbnails *lk_application_get_thumbnails(LkApplication *self);
LkTaskCenter *lk_application_get_tasks(LkApplication *self);
/** Makes pictures for all windows; it gives the device back when a training begins. */
LkPictureMaker *lk_application_get_maker(LkApplication *self);
/** While a file is written that a person asked for, the program does not end, whatever its window does. Each beginning
 * has its end. Nothing where no application is (tests of parts). */
void lk_application_begin_writing(void);
void lk_application_end_writing(void);
/** Whether closing the last window would end a training. */
gboolean lk_application_is_training(LkApplication *self);

G_END_DECLS
