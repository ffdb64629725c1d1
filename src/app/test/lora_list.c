#include "app/test/lora_list.h"

#include "app/core/path_list.h"

#include "project/outputs.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#define ENDING ".safetensors"

/* A folder of LoRAs may have sub-folders, as WebUI's has; a home folder is not searched to its end. */
enum { DEEPEST = 4, MOST_FILES = 20000 };

/* ---- one of them ------------------------------------------------------------------------------------- */

struct _LkLoraItem {
    GObject parent_instance;
    char *name, *folder, *title, *subtitle, *section, *long_title;
    gint64 task, step;
    gboolean best;
};

G_DEFINE_FINAL_TYPE(LkLoraItem, lk_lora_item, G_TYPE_OBJECT)

enum { ITEM_TITLE = 1, ITEM_SUBTITLE, ITEM_SECTION, ITEM_LONG_TITLE, ITEM_LAST };
static GParamSpec *item_properties[ITEM_LAST];

const char *lk_lora_item_get_name(LkLoraItem *self)
{
    return self->name;
}

const char *lk_lora_item_get_folder(LkLoraItem *self)
{
    return self->folder;
}

const char *lk_lora_item_get_title(LkLoraItem *self)
{
    return self->title;
}

const char *lk_lora_item_get_subtitle(LkLoraItem *self)
{
    return self->subtitle;
}

const char *lk_lora_item_get_section(LkLoraItem *self)
{
    return self->section;
}

const char *lk_lora_item_get_long_title(LkLoraItem *self)
{
    return self->long_title;
}

gint64 lk_lora_item_get_task(LkLoraItem *self)
{
    return self->task;
}

gint64 lk_lora_item_get_step(LkLoraItem *self)
{
    return self->step;
}

gboolean lk_lora_item_get_best(LkLoraItem *self)
{
    return self->best;
}

static void lk_lora_item_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkLoraItem *self = LK_LORA_ITEM(object);
    const char *texts[] = {NULL, self->title, self->subtitle, self->section, self->long_title};
    if (id < ITEM_LAST)
        g_value_set_string(value, texts[id]);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_lora_item_finalize(GObject *object)
{
    LkLoraItem *self = LK_LORA_ITEM(object);
    g_free(self->name);
    g_free(self->folder);
    g_free(self->title);
    g_free(self->subtitle);
    g_free(self->section);
    g_free(self->long_title);
    G_OBJECT_CLASS(lk_lora_item_parent_class)->finalize(object);
}

static void lk_lora_item_class_init(LkLoraItemClass *klass)
{
    static const char *const names[] = {NULL, "title", "subtitle", "section", "long-title"};
    G_OBJECT_CLASS(klass)->get_property = lk_lora_item_get_property;
    G_OBJECT_CLASS(klass)->finalize = lk_lora_item_finalize;
    for (guint i = ITEM_TITLE; i < ITEM_LAST; i++)
        item_properties[i] = g_param_spec_string(names[i], NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(G_OBJECT_CLASS(klass), ITEM_LAST, item_properties);
}

static void lk_lora_item_init(LkLoraItem *self)
{
}

/* "name" of "folder/name.safetensors"; NULL where it ends otherwise. */
static char *name_of(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    if (!g_str_has_suffix(base, ENDING) || !g_utf8_validate(base, -1, NULL))
        return NULL;
    return g_strndup(base, strlen(base) - strlen(ENDING));
}

/* An item of a file; NULL where a prompt cannot name it. */
static LkLoraItem *make_item(const char *path)
{
    g_autofree char *name = name_of(path);
    if (!name || strpbrk(name, ":>"))
        return NULL;
    LkLoraItem *item = g_object_new(LK_TYPE_LORA_ITEM, NULL);
    item->name = g_steal_pointer(&name);
    item->folder = g_path_get_dirname(path);
    return item;
}

/* ---- reading them ------------------------------------------------------------------------------------ */

struct _LkLoraList {
    GObject parent_instance;
    LkProject *project;
    LkTaskCenter *tasks;
    GSettings *settings;
    GListStore *checkpoints, *others;
    char **task_folders, **folders; /* as they were found: newest task first; the person's with sub-folders */
    GSignalGroup *signals;          /* of the task that trains */
    GCancellable *cancellable;      /* of the reading under way */
    gboolean loaded;
};

G_DEFINE_FINAL_TYPE(LkLoraList, lk_lora_list, G_TYPE_OBJECT)

enum { SIGNAL_CHANGING, SIGNAL_CHANGED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* What the store says, and what a thread then finds of it on the disk. */
typedef struct Reading {
    gint64 project;
    GPtrArray *tasks, *checkpoints; /* LkTaskRecord, LkTaskCheckpoint */
    char **roots;                   /* the person's folders */
    GPtrArray *items, *others;      /* LkLoraItem */
    GStrvBuilder *task_folders, *folders;
} Reading;

static void reading_free(gpointer data)
{
    Reading *reading = data;
    g_clear_pointer(&reading->tasks, g_ptr_array_unref);
    g_clear_pointer(&reading->checkpoints, g_ptr_array_unref);
    g_strfreev(reading->roots);
    g_clear_pointer(&reading->items, g_ptr_array_unref);
    g_clear_pointer(&reading->others, g_ptr_array_unref);
    g_strv_builder_unref(reading->task_folders);
    g_strv_builder_unref(reading->folders);
    g_free(reading);
}

static gpointer read_store(LkStore *store, gpointer data, GError **error)
{
    Reading *reading = g_new0(Reading, 1);
    reading->task_folders = g_strv_builder_new();
    reading->folders = g_strv_builder_new();
    reading->tasks = lk_tasks_list(store, *(const gint64 *)data, error);
    reading->checkpoints = reading->tasks ? lk_task_checkpoints_of_project(store, *(const gint64 *)data, error) : NULL;
    if (reading->checkpoints)
        return reading;
    reading_free(reading);
    return NULL;
}

static const LkTaskRecord *record_of(const Reading *reading, gint64 task)
{
    for (guint i = 0; i < reading->tasks->len; i++)
        if (((LkTaskRecord *)reading->tasks->pdata[i])->id == task)
            return reading->tasks->pdata[i];
    return NULL;
}

/* Whether another checkpoint of the task has the same epoch: then the step says which it is. */
static gboolean shares_epoch(const Reading *reading, const LkTaskCheckpoint *one)
{
    for (guint i = 0; i < reading->checkpoints->len; i++) {
        const LkTaskCheckpoint *other = reading->checkpoints->pdata[i];
        if (other != one && other->task == one->task && other->epoch == one->epoch)
            return TRUE;
    }
    return FALSE;
}

static LkLoraItem *make_checkpoint(const Reading *reading, const LkTaskCheckpoint *checkpoint)
{
    const LkTaskRecord *record = record_of(reading, checkpoint->task);
    LkLoraItem *item =
        record && g_file_test(checkpoint->path, G_FILE_TEST_IS_REGULAR) ? make_item(checkpoint->path) : NULL;
    if (!item)
        return NULL;
    gboolean by_step = checkpoint->epoch < 1 || shares_epoch(reading, checkpoint);
    item->title = by_step ? g_strdup_printf(_("Step %'" PRId64), checkpoint->step)
                          : g_strdup_printf(_("Epoch %" PRId64), checkpoint->epoch);
    item->subtitle = by_step ? g_strdup(item->name) : g_strdup_printf(_("step %'" PRId64), checkpoint->step);
    item->section = record->name && *record->name ? g_strdup_printf(_("Task %u: %s"), record->number, record->name)
                                                  : g_strdup_printf(_("Task %u"), record->number);
    /* translators: a checkpoint and the task it is of: "Epoch 8, task 2" */
    item->long_title = reading->tasks->len > 1 ? g_strdup_printf(_("%s, task %u"), item->title, record->number)
                                               : g_strdup(item->title);
    item->task = checkpoint->task;
    item->step = checkpoint->step;
    item->best = checkpoint->best;
    return item;
}

/* Adds the LoRAs of a folder and of those in it. */
static void scan_folder(Reading *reading, const char *root, const char *folder, int depth, GCancellable *cancellable)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree char *section = g_filename_display_basename(root);
    gboolean any = FALSE;
    for (const char *file; dir && (file = g_dir_read_name(dir));) {
        if (g_cancellable_is_cancelled(cancellable) || reading->others->len >= MOST_FILES)
            return;
        g_autofree char *path = g_build_filename(folder, file, NULL);
        if (*file == '.')
            continue;
        if (g_str_has_suffix(file, ENDING)) {
            LkLoraItem *item = make_item(path);
            if (!item)
                continue;
            item->title = g_strdup(item->name);
            item->long_title = g_strdup(item->name);
            item->subtitle = g_strdup("");
            item->section = g_strdup(section);
            g_ptr_array_add(reading->others, item);
            any = TRUE;
        } else if (depth < DEEPEST && g_file_test(path, G_FILE_TEST_IS_DIR) &&
                   !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            scan_folder(reading, root, path, depth + 1, cancellable);
        }
    }
    if (any || depth == 0)
        g_strv_builder_add(reading->folders, folder);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
    const LkLoraItem *one = *(LkLoraItem *const *)a, *other = *(LkLoraItem *const *)b;
    int order = g_utf8_collate(one->section, other->section);
    return order ? order : g_utf8_collate(one->name, other->name);
}

/* The newest task first, its last checkpoint first: the reading went from the oldest task to the newest. */
static void order_items(GPtrArray *items)
{
    g_autoptr(GPtrArray) ordered = g_ptr_array_new();
    for (guint end = items->len; end > 0;) {
        guint begin = end - 1;
        while (begin > 0 && ((LkLoraItem *)items->pdata[begin - 1])->task == ((LkLoraItem *)items->pdata[begin])->task)
            begin--;
        for (guint i = begin; i < end; i++)
            g_ptr_array_add(ordered, items->pdata[i]);
        end = begin;
    }
    for (guint i = 0; i < ordered->len; i++)
        items->pdata[i] = ordered->pdata[i];
}

/* Where the checkpoints are, then where the tasks say that they write. */
static void add_task_folders(Reading *reading)
{
    for (guint i = 0; i < reading->items->len; i++)
        g_strv_builder_add(reading->task_folders, ((LkLoraItem *)reading->items->pdata[i])->folder);
    for (guint i = 0; i < reading->tasks->len; i++) {
        const LkTaskRecord *record = reading->tasks->pdata[i];
        if (record->output_dir)
            g_strv_builder_add(reading->task_folders, record->output_dir);
    }
}

static void scan_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Reading *reading = data;
    reading->items = g_ptr_array_new_with_free_func(g_object_unref);
    reading->others = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = reading->checkpoints->len; i-- > 0;) {
        LkLoraItem *item = make_checkpoint(reading, reading->checkpoints->pdata[i]);
        if (item)
            g_ptr_array_add(reading->items, item);
    }
    order_items(reading->items);
    add_task_folders(reading);
    for (int i = 0; reading->roots && reading->roots[i]; i++)
        scan_folder(reading, reading->roots[i], reading->roots[i], 0, cancellable);
    g_ptr_array_sort(reading->others, compare_items);
    g_task_return_boolean(task, TRUE);
}

static gboolean same_items(GListModel *model, const GPtrArray *items)
{
    if (g_list_model_get_n_items(model) != items->len)
        return FALSE;
    for (guint i = 0; i < items->len; i++) {
        g_autoptr(LkLoraItem) one = g_list_model_get_item(model, i);
        const LkLoraItem *other = items->pdata[i];
        if (!g_str_equal(one->name, other->name) || !g_str_equal(one->folder, other->folder) ||
            !g_str_equal(one->section, other->section) || !g_str_equal(one->long_title, other->long_title) ||
            one->best != other->best)
            return FALSE;
    }
    return TRUE;
}

static void replace_items(GListStore *store, GPtrArray *items)
{
    if (!same_items(G_LIST_MODEL(store), items))
        g_list_store_splice(store, 0, g_list_model_get_n_items(G_LIST_MODEL(store)), items->pdata, items->len);
}

static void scanned_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkLoraList *self = LK_LORA_LIST(source);
    Reading *reading = g_task_get_task_data(G_TASK(result));
    if (!g_task_propagate_boolean(G_TASK(result), NULL))
        return; /* another reading has begun */
    g_strfreev(self->task_folders);
    g_strfreev(self->folders);
    self->task_folders = g_strv_builder_end(reading->task_folders);
    self->folders = g_strv_builder_end(reading->folders);
    self->loaded = TRUE;
    g_signal_emit(self, signals[SIGNAL_CHANGING], 0);
    replace_items(self->checkpoints, reading->items);
    replace_items(self->others, reading->others);
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    Reading *reading = lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (!reading) {
        g_task_return_error(task, error);
        return;
    }
    reading->roots = lk_lora_list_own_folders(g_task_get_source_object(task));
    g_task_set_task_data(task, reading, reading_free);
    g_task_run_in_thread(task, scan_thread);
}

void lk_lora_list_refresh(LkLoraList *self)
{
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    self->cancellable = g_cancellable_new();
    GTask *task = g_task_new(self, self->cancellable, scanned_cb, NULL);
    g_task_set_source_tag(task, lk_lora_list_refresh);
    gint64 id = lk_project_get_id(self->project);
    lk_store_thread_run(lk_project_get_store(self->project), read_store, g_memdup2(&id, sizeof id), g_free,
                        reading_free, self->cancellable, read_cb, task);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

gboolean lk_lora_list_get_loaded(LkLoraList *self)
{
    return self->loaded;
}

GListModel *lk_lora_list_get_checkpoints(LkLoraList *self)
{
    return G_LIST_MODEL(self->checkpoints);
}

GListModel *lk_lora_list_get_others(LkLoraList *self)
{
    return G_LIST_MODEL(self->others);
}

static void add_folder(GPtrArray *folders, const char *folder)
{
    if (*folder && !g_ptr_array_find_with_equal_func(folders, folder, g_str_equal, NULL))
        g_ptr_array_add(folders, g_strdup(folder));
}

char **lk_lora_list_folders(LkLoraList *self, const char *first)
{
    GPtrArray *folders = g_ptr_array_new();
    g_auto(GStrv) before = g_strsplit(first, "\n", -1);
    char **parts[] = {before, self->task_folders, self->folders};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        for (int j = 0; parts[i] && parts[i][j]; j++)
            add_folder(folders, parts[i][j]);
    g_ptr_array_add(folders, NULL);
    return (char **)g_ptr_array_free(folders, FALSE);
}

static LkLoraItem *find_in(GListStore *store, const char *name, const char *folder)
{
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(store)); i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(G_LIST_MODEL(store), i);
        if (g_str_equal(item->name, name) && g_str_equal(item->folder, folder))
            return item; /* the store holds it */
    }
    return NULL;
}

LkLoraItem *lk_lora_list_find(LkLoraList *self, const char *name, const char *first)
{
    g_auto(GStrv) folders = lk_lora_list_folders(self, first);
    for (int i = 0; folders[i]; i++) {
        LkLoraItem *item = find_in(self->checkpoints, name, folders[i]);
        item = item ? item : find_in(self->others, name, folders[i]);
        if (item)
            return item;
    }
    return NULL;
}

LkLoraItem *lk_lora_list_default(LkLoraList *self)
{
    LkLoraItem *chosen = NULL;
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->checkpoints)); i++) {
        g_autoptr(LkLoraItem) item = g_list_model_get_item(G_LIST_MODEL(self->checkpoints), i);
        if (!chosen || (item->best && item->task == chosen->task && !chosen->best))
            chosen = item;
    }
    return chosen;
}

/* ---- the person's folders ---------------------------------------------------------------------------- */

char **lk_lora_list_own_folders(LkLoraList *self)
{
    return self->settings ? g_settings_get_strv(self->settings, "lora-folders") : g_new0(char *, 1);
}

void lk_lora_list_add_folder(LkLoraList *self, const char *folder)
{
    g_auto(GStrv) before = lk_lora_list_own_folders(self);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (!self->settings || g_strv_contains((const char *const *)before, folder))
        return;
    g_strv_builder_addv(builder, (const char **)before);
    g_strv_builder_add(builder, folder);
    g_auto(GStrv) now = g_strv_builder_end(builder);
    g_settings_set_strv(self->settings, "lora-folders", (const char *const *)now);
}

void lk_lora_list_remove_folder(LkLoraList *self, const char *folder)
{
    if (self->settings)
        lk_path_list_forget(self->settings, "lora-folders", folder);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void current_cb(LkLoraList *self)
{
    g_signal_group_set_target(self->signals, lk_task_center_get_current(self->tasks));
}

LkLoraList *lk_lora_list_new(LkProject *project, LkTaskCenter *tasks, GSettings *settings)
{
    LkLoraList *self = g_object_new(LK_TYPE_LORA_LIST, NULL);
    self->project = g_object_ref(project);
    self->tasks = g_object_ref(tasks);
    self->settings = settings ? g_object_ref(settings) : NULL;
    g_signal_connect_object(tasks, "notify::current", G_CALLBACK(current_cb), self, G_CONNECT_SWAPPED);
    static const char *const news[] = {"ended", "added", "removed", "renamed"};
    for (guint i = 0; i < G_N_ELEMENTS(news); i++)
        g_signal_connect_object(tasks, news[i], G_CALLBACK(lk_lora_list_refresh), self, G_CONNECT_SWAPPED);
    if (settings)
        g_signal_connect_object(settings, "changed::lora-folders", G_CALLBACK(lk_lora_list_refresh), self,
                                G_CONNECT_SWAPPED);
    current_cb(self);
    lk_lora_list_refresh(self);
    return self;
}

static void lk_lora_list_dispose(GObject *object)
{
    LkLoraList *self = LK_LORA_LIST(object);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->signals);
    g_clear_object(&self->project);
    g_clear_object(&self->tasks);
    g_clear_object(&self->settings);
    G_OBJECT_CLASS(lk_lora_list_parent_class)->dispose(object);
}

static void lk_lora_list_finalize(GObject *object)
{
    LkLoraList *self = LK_LORA_LIST(object);
    g_clear_object(&self->checkpoints);
    g_clear_object(&self->others);
    g_strfreev(self->task_folders);
    g_strfreev(self->folders);
    G_OBJECT_CLASS(lk_lora_list_parent_class)->finalize(object);
}

static void lk_lora_list_class_init(LkLoraListClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_lora_list_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_lora_list_finalize;
    for (guint i = 0; i < SIGNAL_LAST; i++)
        signals[i] = g_signal_new(i == SIGNAL_CHANGED ? "changed" : "changing", G_TYPE_FROM_CLASS(klass),
                                  G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_lora_list_init(LkLoraList *self)
{
    self->checkpoints = g_list_store_new(LK_TYPE_LORA_ITEM);
    self->others = g_list_store_new(LK_TYPE_LORA_ITEM);
    self->signals = g_signal_group_new(LK_TYPE_TASK);
    g_signal_group_connect_swapped(self->signals, "checkpoint", G_CALLBACK(lk_lora_list_refresh), self);
}
