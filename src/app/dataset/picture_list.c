#include "app/dataset/picture_list_private.h"

#include <glib/gi18n.h>
#include <string.h>

static void lk_picture_list_list_model_init(GListModelInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE(LkPictureList, lk_picture_list, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, lk_picture_list_list_model_init))

static GParamSpec *properties[LK_LIST_PROP_LAST];

enum {
    SIGNAL_PICTURES_CHANGED,
    SIGNAL_TAGS_CHANGED,
    SIGNAL_SAVE_FAILED,
    SIGNAL_CONFLICT,
    SIGNAL_TRIGGER_WORD_CHANGED,
    SIGNAL_FAILED,
    SIGNAL_LAST
};
static guint signals[SIGNAL_LAST];

void lk_picture_list_notify(LkPictureList *self, int property)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[property]);
}

/* ---- the list model ---------------------------------------------------------------------------------- */

static GType get_item_type(GListModel *model)
{
    return LK_TYPE_PICTURE;
}

static guint get_n_items(GListModel *model)
{
    return LK_PICTURE_LIST(model)->pictures->len;
}

static gpointer get_item(GListModel *model, guint position)
{
    LkPictureList *self = LK_PICTURE_LIST(model);
    return position < self->pictures->len ? g_object_ref(self->pictures->pdata[position]) : NULL;
}

static void lk_picture_list_list_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

/* Where a path stands or would stand. */
static guint place_of(LkPictureList *self, const char *path)
{
    guint low = 0, high = self->pictures->len;
    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (strcmp(((LkPicture *)self->pictures->pdata[middle])->path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

LkPicture *lk_picture_list_lookup(LkPictureList *self, const char *path)
{
    return g_hash_table_lookup(self->by_path, path);
}

LkPicture *lk_picture_list_find(LkPictureList *self, const char *path)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self) && path, NULL);
    LkPicture *picture = lk_picture_list_lookup(self, path);
    return picture && picture->listed ? picture : NULL;
}

guint lk_picture_list_position(LkPictureList *self, LkPicture *picture)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), G_MAXUINT);
    const guint place = place_of(self, picture->path);
    return place < self->pictures->len && self->pictures->pdata[place] == picture ? place : G_MAXUINT;
}

/* ---- pictures in and out ----------------------------------------------------------------------------- */

static void count_in_source(LkPictureList *self, const LkPicture *picture, int more)
{
    LkListSource *source = lk_picture_list_source(self, picture->source);
    if (source)
        source->pictures = (guint)MAX((int)source->pictures + more, 0);
}

static void enter(LkPictureList *self, LkPicture *picture)
{
    picture->listed = true;
    picture->removed = false;
    count_in_source(self, picture, 1);
    lk_picture_list_fit(self, picture);
    lk_picture_doctor_touch(self->doctor, picture);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp((*(LkPicture *const *)a)->path, (*(LkPicture *const *)b)->path);
}

/* How many of `pictures` from `first` on belong right before the picture at `place`. */
static guint run_length(LkPictureList *self, const GPtrArray *pictures, guint first, guint place)
{
    if (place == self->pictures->len)
        return pictures->len - first;
    const char *next = ((LkPicture *)self->pictures->pdata[place])->path;
    guint count = 1;
    while (first + count < pictures->len && strcmp(((LkPicture *)pictures->pdata[first + count])->path, next) < 0)
        count++;
    return count;
}

static void insert_run(LkPictureList *self, gpointer *pictures, guint count, guint place)
{
    const guint length = self->pictures->len;
    g_ptr_array_set_size(self->pictures, (int)(length + count));
    gpointer *at = self->pictures->pdata + place;
    memmove(at + count, at, (length - place) * sizeof *at);
    memcpy(at, pictures, count * sizeof *at);
    g_list_model_items_changed(G_LIST_MODEL(self), place, 0, count);
}

void lk_picture_list_insert(LkPictureList *self, GPtrArray *pictures)
{
    g_ptr_array_sort(pictures, compare_paths);
    for (guint i = 0; i < pictures->len; i++) {
        LkPicture *picture = pictures->pdata[i];
        if (lk_picture_list_lookup(self, picture->path) != picture)
            g_hash_table_replace(self->by_path, picture->path, g_object_ref(picture));
        enter(self, picture);
    }
    for (guint first = 0, count; first < pictures->len; first += count) {
        const guint place = place_of(self, ((LkPicture *)pictures->pdata[first])->path);
        count = run_length(self, pictures, first, place);
        insert_run(self, pictures->pdata + first, count, place);
    }
    self->counting = true;
    lk_picture_list_changed(self, 0);
}

/* Runs of neighbours go together, the last ones first, so that earlier places stay right. */
void lk_picture_list_take_out(LkPictureList *self, GPtrArray *pictures, bool forget)
{
    g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < pictures->len; i++) {
        LkPicture *picture = pictures->pdata[i];
        if (!picture->listed && !forget)
            continue;
        g_ptr_array_add(held, g_object_ref(picture));
        if (picture->listed)
            count_in_source(self, picture, -1);
    }
    g_ptr_array_sort(held, compare_paths);
    for (guint i = held->len; i > 0;) {
        const guint last = lk_picture_list_position(self, held->pdata[i - 1]);
        guint count = 0;
        while (last != G_MAXUINT && count < i && count <= last &&
               self->pictures->pdata[last - count] == held->pdata[i - 1 - count])
            count++;
        if (count) {
            g_ptr_array_remove_range(self->pictures, last + 1 - count, count);
            for (guint k = 0; k < count; k++)
                ((LkPicture *)held->pdata[i - 1 - k])->listed = false;
            g_list_model_items_changed(G_LIST_MODEL(self), last + 1 - count, count, 0);
        }
        i -= MAX(count, 1);
    }
    for (guint i = 0; i < held->len && forget; i++)
        g_hash_table_remove(self->by_path, ((LkPicture *)held->pdata[i])->path);
    self->counting = true;
    lk_picture_doctor_recount(self->doctor);
    lk_picture_list_changed(self, 0);
}

/* ---- telling ----------------------------------------------------------------------------------------- */

/* The cover is the first picture unless another of the list was chosen. */
static void update_project(LkPictureList *self)
{
    self->counting = false;
    if (!self->project || !self->loaded)
        return;
    const guint count = self->pictures->len;
    if (lk_project_get_n_pictures(self->project) != count)
        g_object_set(self->project, "n-pictures", count, NULL);
    const char *cover = lk_project_get_cover(self->project);
    if (cover && lk_picture_list_find(self, cover))
        return;
    LkPicture *first = NULL;
    for (guint i = 0; i < count && !first; i++) {
        LkPicture *picture = self->pictures->pdata[i];
        first = picture->error || picture->regularisation || lk_picture_get_missing(picture) ? NULL : picture;
    }
    g_object_set(self->project, "cover", first ? first->path : NULL, NULL);
}

static gboolean tell_cb(gpointer data)
{
    LkPictureList *self = data;
    self->aspects_id = 0;
    const guint aspects = self->aspects;
    self->aspects = 0;
    g_object_ref(self);
    if (self->counting)
        update_project(self);
    if (aspects)
        g_signal_emit(self, signals[SIGNAL_PICTURES_CHANGED], 0, aspects);
    g_object_unref(self);
    return G_SOURCE_REMOVE;
}

void lk_picture_list_changed(LkPictureList *self, guint aspects)
{
    self->aspects |= aspects;
    if (!self->aspects_id)
        self->aspects_id = g_idle_add_full(G_PRIORITY_HIGH_IDLE, tell_cb, self, NULL);
}

void lk_picture_list_set_progress(LkPictureList *self, bool busy, const char *text, guint done, guint total)
{
    g_object_freeze_notify(G_OBJECT(self));
    self->stopping = self->stopping && busy;
    if (self->busy != busy) {
        self->busy = busy;
        lk_picture_list_notify(self, LK_LIST_PROP_BUSY);
    }
    if (g_strcmp0(self->progress_text, text) != 0) {
        self->progress_text = text;
        lk_picture_list_notify(self, LK_LIST_PROP_PROGRESS_TEXT);
    }
    if (self->done != done) {
        self->done = done;
        lk_picture_list_notify(self, LK_LIST_PROP_DONE);
    }
    if (self->total != total) {
        self->total = total;
        lk_picture_list_notify(self, LK_LIST_PROP_TOTAL);
    }
    g_object_thaw_notify(G_OBJECT(self));
}

void lk_picture_list_failed(LkPictureList *self, const GError *error)
{
    g_signal_emit(self, signals[SIGNAL_FAILED], 0, error);
}

void lk_picture_list_emit_text(LkPictureList *self, const char *signal, const char *text)
{
    g_signal_emit_by_name(self, signal, text);
}

void lk_picture_list_count_unsaved(LkPictureList *self, int more)
{
    if (!more)
        return;
    self->unsaved = (guint)MAX((int)self->unsaved + more, 0);
    lk_picture_list_notify(self, LK_LIST_PROP_UNSAVED);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

LkProject *lk_picture_list_get_project(LkPictureList *self)
{
    return self->project;
}

gboolean lk_picture_list_get_loaded(LkPictureList *self)
{
    return self->loaded;
}

gboolean lk_picture_list_get_busy(LkPictureList *self)
{
    return self->busy;
}

void lk_picture_list_refresh(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    if (self->loaded)
        lk_picture_scan_start(self->scan, NULL, NULL, NULL, NULL, NULL);
}

void lk_picture_list_cancel(LkPictureList *self)
{
    g_return_if_fail(LK_IS_PICTURE_LIST(self));
    self->stopping = lk_picture_list_get_can_cancel(self);
    lk_picture_list_notify(self, LK_LIST_PROP_PROGRESS_TEXT);
    lk_picture_scan_cancel(self->scan);
    g_list_foreach(self->imports, (GFunc)(void *)g_cancellable_cancel, NULL);
}

gboolean lk_picture_list_get_can_cancel(LkPictureList *self)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), FALSE);
    return !self->stopping && (self->imports || lk_picture_scan_is_running(self->scan));
}

GListModel *lk_picture_list_get_findings(LkPictureList *self)
{
    return lk_picture_doctor_findings(self->doctor);
}

const char *lk_picture_list_get_summary(LkPictureList *self)
{
    return lk_picture_doctor_summary(self->doctor);
}

guint lk_picture_list_get_n_problems(LkPictureList *self)
{
    return lk_picture_doctor_problems(self->doctor);
}

gboolean lk_picture_list_get_can_undo(LkPictureList *self)
{
    return lk_picture_edits_can(self->edits, false);
}

gboolean lk_picture_list_get_can_redo(LkPictureList *self)
{
    return lk_picture_edits_can(self->edits, true);
}

const char *lk_picture_list_get_undo_label(LkPictureList *self)
{
    return lk_picture_edits_label(self->edits, false);
}

const char *lk_picture_list_get_redo_label(LkPictureList *self)
{
    return lk_picture_edits_label(self->edits, true);
}

LkTagIndex *lk_picture_list_get_tags(LkPictureList *self)
{
    return lk_picture_tags_get(self->tags);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

#define LIST_KEY "lk-picture-list"

static void lk_picture_list_attach(LkPictureList *self, LkProject *project)
{
    self->project = project;
    g_object_add_weak_pointer(G_OBJECT(project), (gpointer *)&self->project);
    self->store = g_object_ref(lk_project_get_store(project));
    self->project_id = lk_project_get_id(project);
    self->folder = g_strdup(lk_project_get_folder(project));
    self->rules = lk_picture_rules_new(project);
    self->tags = lk_picture_tags_new(self);
    self->doctor = lk_picture_doctor_new(self);
    self->edits = lk_picture_edits_new(self);
    self->watch = lk_picture_watch_new(self);
    self->scan = lk_picture_scan_new(self);
    lk_picture_list_watch_parameters(self);
    lk_picture_list_watch_trigger(self);
}

LkPictureList *lk_picture_list_peek(LkProject *project)
{
    g_return_val_if_fail(LK_IS_PROJECT(project), NULL);
    return g_object_get_data(G_OBJECT(project), LIST_KEY);
}

LkPictureList *lk_picture_list_get(LkProject *project)
{
    g_return_val_if_fail(LK_IS_PROJECT(project), NULL);
    LkPictureList *self = lk_picture_list_peek(project);
    if (self)
        return g_object_ref(self);
    self = g_object_new(LK_TYPE_PICTURE_LIST, NULL);
    lk_picture_list_attach(self, project);
    g_object_set_data(G_OBJECT(project), LIST_KEY, self); /* weak: let go of in dispose */
    lk_picture_list_load(self);
    return self;
}

static void lk_picture_list_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkPictureList *self = LK_PICTURE_LIST(object);
    switch (id) {
    case LK_LIST_PROP_PROJECT:
        g_value_set_object(value, self->project);
        break;
    case LK_LIST_PROP_LOADED:
        g_value_set_boolean(value, self->loaded);
        break;
    case LK_LIST_PROP_BUSY:
        g_value_set_boolean(value, self->busy);
        break;
    case LK_LIST_PROP_DONE:
        g_value_set_uint(value, self->done);
        break;
    case LK_LIST_PROP_TOTAL:
        g_value_set_uint(value, self->total);
        break;
    case LK_LIST_PROP_PROGRESS_TEXT:
        g_value_set_string(value, self->stopping ? _("Stopping…") : self->progress_text);
        break;
    case LK_LIST_PROP_CAN_UNDO:
    case LK_LIST_PROP_CAN_REDO:
        g_value_set_boolean(value, lk_picture_edits_can(self->edits, id == LK_LIST_PROP_CAN_REDO));
        break;
    case LK_LIST_PROP_UNDO_LABEL:
    case LK_LIST_PROP_REDO_LABEL:
        g_value_set_string(value, lk_picture_edits_label(self->edits, id == LK_LIST_PROP_REDO_LABEL));
        break;
    case LK_LIST_PROP_UNSAVED:
        g_value_set_uint(value, self->unsaved);
        break;
    case LK_LIST_PROP_SUMMARY:
        g_value_set_string(value, lk_picture_list_get_summary(self));
        break;
    case LK_LIST_PROP_CHECKING:
        g_value_set_boolean(value, lk_picture_doctor_checking(self->doctor));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_picture_list_dispose(GObject *object)
{
    LkPictureList *self = LK_PICTURE_LIST(object);
    if (self->project)
        g_object_set_data(G_OBJECT(self->project), LIST_KEY, NULL);
    g_clear_weak_pointer(&self->project);
    g_clear_pointer(&self->scan, lk_picture_scan_free);
    g_clear_pointer(&self->watch, lk_picture_watch_free);
    g_clear_pointer(&self->edits, lk_picture_edits_free);
    g_clear_pointer(&self->doctor, lk_picture_doctor_free);
    g_clear_pointer(&self->tags, lk_picture_tags_free);
    g_clear_handle_id(&self->aspects_id, g_source_remove);
    g_clear_handle_id(&self->rules_id, g_source_remove);
    g_clear_handle_id(&self->loading_id, g_source_remove);
    g_clear_pointer(&self->loading, g_ptr_array_unref);
    G_OBJECT_CLASS(lk_picture_list_parent_class)->dispose(object);
}

static void lk_picture_list_finalize(GObject *object)
{
    LkPictureList *self = LK_PICTURE_LIST(object);
    g_ptr_array_unref(self->pictures);
    g_hash_table_unref(self->by_path);
    g_array_unref(self->sources);
    g_hash_table_unref(self->source_places);
    g_clear_pointer(&self->rules, lk_picture_rules_unref);
    g_clear_object(&self->store);
    g_free(self->folder);
    G_OBJECT_CLASS(lk_picture_list_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object_class)
{
    const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    static const struct {
        int id;
        const char *name;
    } booleans[] = {{LK_LIST_PROP_LOADED, "loaded"},
                    {LK_LIST_PROP_BUSY, "busy"},
                    {LK_LIST_PROP_CAN_UNDO, "can-undo"},
                    {LK_LIST_PROP_CAN_REDO, "can-redo"},
                    {LK_LIST_PROP_CHECKING, "checking"}},
      numbers[] = {{LK_LIST_PROP_DONE, "done"}, {LK_LIST_PROP_TOTAL, "total"}, {LK_LIST_PROP_UNSAVED, "unsaved"}},
      texts[] = {{LK_LIST_PROP_PROGRESS_TEXT, "progress-text"},
                 {LK_LIST_PROP_UNDO_LABEL, "undo-label"},
                 {LK_LIST_PROP_REDO_LABEL, "redo-label"},
                 {LK_LIST_PROP_SUMMARY, "summary"}};
    properties[LK_LIST_PROP_PROJECT] = g_param_spec_object("project", NULL, NULL, LK_TYPE_PROJECT, get);
    for (size_t i = 0; i < G_N_ELEMENTS(booleans); i++)
        properties[booleans[i].id] = g_param_spec_boolean(booleans[i].name, NULL, NULL, FALSE, get);
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        properties[numbers[i].id] = g_param_spec_uint(numbers[i].name, NULL, NULL, 0, G_MAXUINT, 0, get);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        properties[texts[i].id] = g_param_spec_string(texts[i].name, NULL, NULL, NULL, get);
    g_object_class_install_properties(object_class, LK_LIST_PROP_LAST, properties);
}

static guint new_signal(const char *name, guint count, GType first, GType second, GType third)
{
    return g_signal_new(name, LK_TYPE_PICTURE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, count, first,
                        second, third);
}

static void lk_picture_list_class_init(LkPictureListClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_picture_list_get_property;
    object_class->dispose = lk_picture_list_dispose;
    object_class->finalize = lk_picture_list_finalize;
    install_properties(object_class);
    signals[SIGNAL_PICTURES_CHANGED] = new_signal("pictures-changed", 1, G_TYPE_UINT, 0, 0);
    signals[SIGNAL_TAGS_CHANGED] = new_signal("tags-changed", 0, 0, 0, 0);
    signals[SIGNAL_SAVE_FAILED] = new_signal("save-failed", 1, G_TYPE_STRING, 0, 0);
    signals[SIGNAL_CONFLICT] = new_signal("conflict", 1, G_TYPE_STRING, 0, 0);
    signals[SIGNAL_TRIGGER_WORD_CHANGED] =
        new_signal("trigger-word-changed", 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT);
    signals[SIGNAL_FAILED] = new_signal("failed", 1, G_TYPE_ERROR, 0, 0);
}

static void lk_picture_list_init(LkPictureList *self)
{
    self->pictures = g_ptr_array_new();
    self->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    self->sources = lk_list_sources_new();
    self->source_places = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    self->progress_text = "";
}
