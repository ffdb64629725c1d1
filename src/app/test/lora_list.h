/* The LoRAs that a prompt of a project can name: the checkpoints of its tasks, and what lies in folders that the person
 * has added. */
#pragma once

#include "app/core/project.h"
#include "app/core/task_center.h"

G_BEGIN_DECLS

/* ---- one of them ------------------------------------------------------------------------------------- */

#define LK_TYPE_LORA_ITEM (lk_lora_item_get_type())
G_DECLARE_FINAL_TYPE(LkLoraItem, lk_lora_item, LK, LORA_ITEM, GObject)

/* Properties (read only): `title` ("Epoch 8", or the file's name), `subtitle` ("Step 960"), `section` ("Task 2", or the
 * folder's name). */

/** The name that a prompt calls it by, and the folder its file is in. */
const char *lk_lora_item_get_name(LkLoraItem *self);
const char *lk_lora_item_get_folder(LkLoraItem *self);
const char *lk_lora_item_get_title(LkLoraItem *self);
const char *lk_lora_item_get_subtitle(LkLoraItem *self);
const char *lk_lora_item_get_section(LkLoraItem *self);
/** "Epoch 8", with the task where there are several: what a list of checkpoints shows. */
const char *lk_lora_item_get_long_title(LkLoraItem *self);
/** Of a checkpoint: its task and step; 0 else. */
gint64 lk_lora_item_get_task(LkLoraItem *self);
gint64 lk_lora_item_get_step(LkLoraItem *self);
gboolean lk_lora_item_get_best(LkLoraItem *self);

/* ---- all of them ------------------------------------------------------------------------------------- */

#define LK_TYPE_LORA_LIST (lk_lora_list_get_type())
G_DECLARE_FINAL_TYPE(LkLoraList, lk_lora_list, LK, LORA_LIST, GObject)

/* Signals: `changing`, and then `changed`: they were read again. */

/** Reads them at once, and again whenever a training saves a checkpoint or the folders of `settings` ("lora-folders";
 * may be NULL) change. */
LkLoraList *lk_lora_list_new(LkProject *project, LkTaskCenter *tasks, GSettings *settings);
void lk_lora_list_refresh(LkLoraList *self);
/** Whether the first answer is there. */
gboolean lk_lora_list_get_loaded(LkLoraList *self);

/** The checkpoints, newest first, whose files are there (GListModel of LkLoraItem), and those of the folders, by name.
 */
GListModel *lk_lora_list_get_checkpoints(LkLoraList *self);
GListModel *lk_lora_list_get_others(LkLoraList *self);

/** Where the engine is to look for names: `first` (a folder a line), then the tasks' folders, newest first, then the
 * person's with their sub-folders. Free with g_strfreev. */
char **lk_lora_list_folders(LkLoraList *self, const char *first);
/** What a name means with these folders (borrowed), or NULL. */
LkLoraItem *lk_lora_list_find(LkLoraList *self, const char *name, const char *first);
/** The checkpoint that a new prompt begins with: the best of the newest task, else its last; NULL: none. Borrowed. */
LkLoraItem *lk_lora_list_default(LkLoraList *self);

/** Adds a folder to the settings, or takes one out. */
void lk_lora_list_add_folder(LkLoraList *self, const char *folder);
void lk_lora_list_remove_folder(LkLoraList *self, const char *folder);
/** The person's folders. Free with g_strfreev. */
char **lk_lora_list_own_folders(LkLoraList *self);

G_END_DECLS
