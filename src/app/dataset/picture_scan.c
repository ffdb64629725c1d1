/* Keeping up with the files. A look at them has two parts, each on a thread: names and times of all files, which the
 * main thread compares with its pictures; then what is new or changed is read. Both hand over batches that the main
 * thread takes in one by one between frames. */
#include "app/dataset/picture_list_private.h"
#include "app/dataset/picture_read.h"

#include <glib/gi18n.h>
#include <math.h>

enum { READ_BATCH = 128, READ_TIME = 100000 /* microseconds */ };

/* Who asked for a look, and where. */
typedef struct Request {
    GArray *places; /* NULL: everywhere */
    const char *text;
    LkScanNew added;
    LkScanDone done;
    void *data;
} Request;

/* One look; shared with its threads. */
typedef struct Look {
    LkPictureScan *scan; /* main thread alone; NULL once that is gone */
    GCancellable *cancellable;
    GArray *sources; /* LkWalkSource */
    Request request;
    LkPictureRules *rules;
    GAsyncQueue *batches; /* GArray of LkFoundPicture, then GPtrArray of LkPictureRead; an `end` after each part */
    GPtrArray *reads;     /* what is to be read */
    GHashTable *fresh;    /* paths in it that no picture has yet; until it is read */
    GPtrArray *folders, *failures;
    gint64 began; /* g_get_real_time() */
    guint number, done, found;
} Look;

struct LkPictureScan {
    LkPictureList *list;
    Look *look;       /* the one that runs, or NULL */
    GQueue waiting;   /* Request */
    GHashTable *told; /* failures that were told and still are so */
    guint number;
};

static char end[] = "end";

static void request_clear(Request *request)
{
    g_clear_pointer(&request->places, g_array_unref);
}

static void drop_request(gpointer data)
{
    request_clear(data);
    g_free(data);
}

static void look_clear(gpointer data)
{
    Look *look = data;
    g_object_unref(look->cancellable);
    g_array_unref(look->sources);
    request_clear(&look->request);
    lk_picture_rules_unref(look->rules);
    g_async_queue_unref(look->batches);
    g_clear_pointer(&look->fresh, g_hash_table_unref);
    g_ptr_array_unref(look->reads);
    g_ptr_array_unref(look->folders);
    g_ptr_array_unref(look->failures);
}

static void look_unref(gpointer look)
{
    g_atomic_rc_box_release_full(look, look_clear);
}

/* Hands something to the main thread; `take` is called there once for each. */
static void hand_over(Look *look, gpointer batch, GSourceFunc take)
{
    g_async_queue_push(look->batches, batch);
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, take, g_atomic_rc_box_acquire(look), look_unref);
}

static void run(Look *look, GTaskThreadFunc func)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
    g_task_set_task_data(task, g_atomic_rc_box_acquire(look), look_unref);
    g_task_run_in_thread(task, func);
}

static bool cancelled(const Look *look)
{
    return g_cancellable_is_cancelled(look->cancellable);
}

/* ---- the end of a look ------------------------------------------------------------------------------- */

static bool start_next(LkPictureScan *scan);

/* Once, until a look everywhere finds it mended. */
static void tell_failures(LkPictureScan *scan, const Look *look)
{
    LkPictureList *list = scan->list;
    g_autoptr(GHashTable) before = g_hash_table_ref(scan->told);
    if (!look->request.places) {
        g_hash_table_unref(scan->told);
        scan->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    for (guint i = 0; i < look->failures->len; i++) {
        const bool known = g_hash_table_contains(before, look->failures->pdata[i]);
        g_hash_table_add(scan->told, g_strdup(look->failures->pdata[i]));
        if (known)
            continue;
        g_autoptr(GError) error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, look->failures->pdata[i]);
        lk_picture_list_failed(list, error);
    }
}

static void finish(Look *look)
{
    LkPictureScan *scan = look->scan;
    LkPictureList *list = scan->list;
    g_object_ref(list);
    scan->look = NULL;
    look->scan = NULL;
    if (!start_next(scan) && !list->imports)
        lk_picture_list_set_progress(list, false, "", 0, 0);
    if (!cancelled(look))
        lk_picture_watch_set(list->watch, look->folders, look->request.places == NULL, look->began);
    if (!cancelled(look))
        tell_failures(scan, look);
    lk_picture_doctor_wake(list->doctor);
    if (look->request.done)
        look->request.done(list, cancelled(look), look->found, look->request.data);
    g_object_unref(list);
    look_unref(look);
}

/* ---- second part: what is new or changed ------------------------------------------------------------- */

static LkPictureRecord record_of(const LkPictureRead *read)
{
    return (LkPictureRecord){.source = read->source,
                             .path = read->path,
                             .size = read->bytes,
                             .mtime_ns = read->modified,
                             .width = read->width,
                             .height = read->height,
                             .sharpness = (double)NAN,
                             .flags = read->flags,
                             .decode_error = read->error,
                             .caption = read->sidecar.text,
                             .caption_mtime_ns = read->sidecar.modified,
                             .caption_state = read->sidecar.state};
}

static void take_known(LkPictureList *list, LkPicture *picture, const LkPictureRead *read)
{
    guint aspects = 0;
    if (read->read_file) {
        const LkPictureRecord record = record_of(read);
        lk_picture_set_file(picture, &record);
        lk_picture_list_fit(list, picture);
        aspects |= LK_PICTURE_ASPECT_FILE | LK_PICTURE_ASPECT_BUCKET;
    }
    if (read->read_caption)
        lk_picture_edits_take_caption(list->edits, picture, read->sidecar.text, read->sidecar.modified,
                                      read->sidecar.state);
    lk_picture_list_changed(list, aspects);
    if (picture->listed)
        lk_picture_doctor_touch(list->doctor, picture);
}

static LkPicture *take_new(LkPictureList *list, const Look *look, const LkPictureRead *read)
{
    const LkListSource *source = lk_picture_list_source(list, read->source);
    if (!source)
        return NULL; /* it was removed meanwhile */
    const LkPictureRecord record = record_of(read);
    LkPicture *picture = lk_picture_new(&record, source->repeats, source->regularisation);
    picture->seen = look->number;
    if (look->request.added)
        look->request.added(picture, look->request.data);
    lk_picture_tags_change(list->tags, NULL, lk_picture_get_caption(picture));
    return picture;
}

/* Rows for the store, of pictures as they are now. */
typedef struct Rows {
    gint64 project;
    GPtrArray *texts;
    GArray *records; /* LkPictureRecord */
    LkPictureFields fields;
} Rows;

static void rows_free(gpointer data)
{
    Rows *rows = data;
    g_ptr_array_unref(rows->texts);
    g_array_unref(rows->records);
    g_free(rows);
}

static gpointer store_rows(LkStore *store, gpointer data, GError **error)
{
    Rows *rows = data;
    lk_pictures_upsert(store, rows->project, (LkPictureRecord *)(void *)rows->records->data, rows->records->len,
                       rows->fields, error);
    return NULL;
}

static void rows_stored_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkPictureList) list = data;
    lk_store_thread_run_finish(LK_STORE_THREAD(source), result, &error);
    if (error)
        lk_picture_list_failed(list, error);
}

/* Keeps a copy of a text for another thread. */
static const char *hold(Rows *rows, const char *text)
{
    char *copy = g_strdup(text);
    g_ptr_array_add(rows->texts, copy);
    return copy;
}

static void add_row(Rows *rows, LkPicture *picture)
{
    LkPictureRecord record = lk_picture_to_record(picture, rows->texts);
    record.path = hold(rows, record.path);
    record.caption = hold(rows, record.caption);
    record.decode_error = hold(rows, record.decode_error);
    record.mask = hold(rows, record.mask);
    if (!(rows->fields & LK_PICTURE_CAPTION)) {
        record.caption = NULL; /* counts only where the row is new: the file is to be read again */
        record.caption_mtime_ns = 0;
        record.caption_state = LK_PICTURE_CAPTION_UNREAD;
    }
    g_array_append_val(rows->records, record);
}

/* A caption that is not in its file yet must not be stored as if it were. */
static void store_those(LkPictureList *list, GPtrArray *pictures, gboolean unsaved)
{
    Rows *rows = g_new0(Rows, 1);
    rows->project = list->project_id;
    rows->fields = unsaved ? LK_PICTURE_FACTS : LK_PICTURE_FACTS | LK_PICTURE_CAPTION;
    rows->texts = g_ptr_array_new_with_free_func(g_free);
    rows->records = g_array_new(FALSE, FALSE, sizeof(LkPictureRecord));
    for (guint i = 0; i < pictures->len; i++)
        if (lk_picture_get_unsaved(pictures->pdata[i]) == unsaved)
            add_row(rows, pictures->pdata[i]);
    if (rows->records->len)
        lk_store_thread_run(list->store, store_rows, rows, rows_free, NULL, NULL, rows_stored_cb, g_object_ref(list));
    else
        rows_free(rows);
}

void lk_picture_list_store(LkPictureList *list, GPtrArray *pictures)
{
    store_those(list, pictures, FALSE);
    store_those(list, pictures, TRUE);
}

static gboolean take_reads_cb(gpointer data)
{
    Look *look = data;
    gpointer batch = g_async_queue_pop(look->batches);
    if (batch == end) {
        if (look->scan)
            finish(look);
        return G_SOURCE_REMOVE;
    }
    g_autoptr(GPtrArray) reads = batch;
    if (!look->scan)
        return G_SOURCE_REMOVE;
    LkPictureList *list = look->scan->list;
    g_autoptr(GPtrArray) changed = g_ptr_array_new(), fresh = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < reads->len; i++) {
        const LkPictureRead *read = reads->pdata[i];
        LkPicture *picture = lk_picture_list_lookup(list, read->path);
        if (picture)
            take_known(list, picture, read);
        else if ((picture = take_new(list, look, read)))
            g_ptr_array_add(fresh, picture);
        if (picture)
            g_ptr_array_add(changed, picture);
    }
    if (fresh->len)
        lk_picture_list_insert(list, fresh);
    lk_picture_list_store(list, changed);
    look->done += reads->len;
    lk_picture_list_set_progress(list, true, look->request.text, look->done, look->reads->len);
    return G_SOURCE_REMOVE;
}

static void read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Look *look = data;
    GPtrArray *batch = lk_picture_reads_new();
    gint64 began = g_get_monotonic_time();
    for (guint i = 0; i < look->reads->len && !cancelled(look); i++) {
        LkPictureRead *read = g_steal_pointer(&look->reads->pdata[i]);
        lk_picture_read_fill(read, lk_picture_rules_extension(look->rules));
        g_ptr_array_add(batch, read);
        if (batch->len < READ_BATCH && g_get_monotonic_time() - began < READ_TIME)
            continue;
        hand_over(look, batch, take_reads_cb);
        batch = lk_picture_reads_new();
        began = g_get_monotonic_time();
    }
    hand_over(look, batch, take_reads_cb);
    hand_over(look, end, take_reads_cb);
}

/* ---- first part: names and times --------------------------------------------------------------------- */

static void compare(Look *look, const LkFoundPicture *found)
{
    LkPictureList *list = look->scan->list;
    LkPicture *picture = lk_picture_list_lookup(list, found->path);
    const LkListSource *source = lk_picture_list_source(list, found->source);
    if (!picture) {
        if (source && source->held && !look->request.added)
            return; /* they were not wanted when its import was stopped */
        /* It is found twice where both the file and its folder are places to look at. */
        if (!g_hash_table_contains(look->fresh, found->path))
            g_hash_table_add(look->fresh,
                             lk_picture_reads_add(look->reads, found->path, found->source, true, true)->path);
        return;
    }
    picture->seen = look->number;
    if (source && picture->source != source->id) {
        lk_picture_set_source(picture, source->id, source->repeats, source->regularisation);
        lk_picture_list_changed(list, LK_PICTURE_ASPECT_CHOICES);
    }
    if (picture->removed)
        return;
    const bool file = picture->bytes != found->bytes || picture->modified != found->modified ||
                      picture->flags & LK_PICTURE_FLAG_MISSING;
    const bool caption =
        picture->caption_modified != found->caption_modified || picture->caption_state == LK_PICTURE_CAPTION_UNREAD;
    if (file || caption)
        lk_picture_reads_add(look->reads, found->path, found->source, file, caption);
}

/* Pictures that were not found where was looked are gone; their rows stay, for the folder may come back. */
static void mark_missing(Look *look)
{
    LkPictureList *list = look->scan->list;
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    for (guint i = 0; i < list->pictures->len; i++) {
        LkPicture *picture = list->pictures->pdata[i];
        if (picture->seen == look->number || picture->flags & LK_PICTURE_FLAG_MISSING ||
            !lk_walk_places_have(look->request.places, picture->path))
            continue;
        lk_picture_set_flag(picture, LK_PICTURE_FLAG_MISSING, true);
        lk_picture_doctor_touch(list->doctor, picture);
        g_ptr_array_add(gone, picture);
    }
    if (!gone->len)
        return;
    lk_picture_list_store(list, gone);
    lk_picture_list_changed(list, LK_PICTURE_ASPECT_FILE);
}

static void begin_reading(Look *look)
{
    g_clear_pointer(&look->fresh, g_hash_table_unref); /* its texts are those of `reads`, which the thread takes */
    look->found = look->reads->len;
    if (!cancelled(look))
        mark_missing(look);
    if (!look->reads->len || cancelled(look)) {
        finish(look);
        return;
    }
    if (look->request.text || look->reads->len > READ_BATCH) {
        if (!look->request.text)
            look->request.text = _("Reading pictures…");
        lk_picture_list_set_progress(look->scan->list, true, look->request.text, 0, look->reads->len);
    }
    run(look, read_thread);
}

static gboolean take_found_cb(gpointer data)
{
    Look *look = data;
    gpointer batch = g_async_queue_pop(look->batches);
    if (batch == end) {
        if (look->scan)
            begin_reading(look);
        return G_SOURCE_REMOVE;
    }
    g_autoptr(GArray) found = batch;
    for (guint i = 0; i < found->len && look->scan; i++)
        compare(look, &g_array_index(found, LkFoundPicture, i));
    return G_SOURCE_REMOVE;
}

static void found_cb(void *data, GArray *pictures)
{
    hand_over(data, pictures, take_found_cb);
}

static void walk_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Look *look = data;
    LkWalk walk = {.sources = look->sources,
                   .places = look->request.places,
                   .extension = lk_picture_rules_extension(look->rules),
                   .cancellable = look->cancellable,
                   .found = found_cb,
                   .data = look,
                   .folders = look->folders,
                   .failures = look->failures};
    lk_walk(&walk);
    hand_over(look, end, take_found_cb);
}

/* ---- requests ---------------------------------------------------------------------------------------- */

/* The next that may begin; NULL: none. While pictures are added nobody else looks: what an import has made known to the
 * list is for it to find and to count. */
static Request *take_request(LkPictureScan *scan)
{
    for (GList *item = scan->waiting.head; item; item = item->next) {
        Request *request = item->data;
        if (request->added || !scan->list->imports) {
            g_queue_delete_link(&scan->waiting, item);
            return request;
        }
    }
    return NULL;
}

static bool start_next(LkPictureScan *scan)
{
    Request *request = take_request(scan);
    if (!request)
        return false;
    Look *look = g_atomic_rc_box_new0(Look);
    look->scan = scan;
    look->cancellable = g_cancellable_new();
    look->sources = lk_picture_list_copy_sources(scan->list);
    look->request = *request;
    g_free(request);
    look->rules = lk_picture_rules_ref(scan->list->rules);
    look->batches = g_async_queue_new();
    look->reads = lk_picture_reads_new();
    look->fresh = g_hash_table_new(g_str_hash, g_str_equal);
    look->folders = g_ptr_array_new_with_free_func(g_free);
    look->failures = g_ptr_array_new_with_free_func(g_free);
    look->began = g_get_real_time();
    look->number = ++scan->number;
    scan->look = look;
    if (look->request.text)
        lk_picture_list_set_progress(scan->list, true, look->request.text, 0, 0);
    run(look, walk_thread);
    return true;
}

void lk_picture_scan_wake(LkPictureScan *scan)
{
    if (!scan->look)
        start_next(scan);
}

/* A look that waits and is told to nobody takes others of its kind in. */
static bool merge(LkPictureScan *scan, GArray *places)
{
    for (GList *item = scan->waiting.head; item; item = item->next) {
        Request *waiting = item->data;
        if (waiting->done)
            continue;
        for (guint i = 0; places && i < places->len; i++) {
            const LkWalkPlace *place = &g_array_index(places, LkWalkPlace, i);
            lk_walk_places_add(waiting->places, place->path, place->deep);
        }
        if (!places)
            g_clear_pointer(&waiting->places, g_array_unref);
        g_clear_pointer(&places, g_array_unref);
        return true;
    }
    return false;
}

void lk_picture_scan_start(LkPictureScan *scan, GArray *places, const char *text, LkScanNew added, LkScanDone done,
                           void *data)
{
    if (!done && merge(scan, places))
        return;
    Request *request = g_new0(Request, 1);
    *request = (Request){places, text, added, done, data};
    g_queue_push_tail(&scan->waiting, request);
    lk_picture_scan_wake(scan);
}

bool lk_picture_scan_is_running(LkPictureScan *scan)
{
    return scan->look != NULL;
}

void lk_picture_scan_cancel(LkPictureScan *scan)
{
    if (scan->look)
        g_cancellable_cancel(scan->look->cancellable);
    for (guint i = g_queue_get_length(&scan->waiting); i; i--) {
        Request *request = g_queue_pop_head(&scan->waiting);
        if (request->done)
            request->done(scan->list, true, 0, request->data);
        drop_request(request);
    }
}

LkPictureScan *lk_picture_scan_new(LkPictureList *list)
{
    LkPictureScan *scan = g_new0(LkPictureScan, 1);
    scan->list = list;
    g_queue_init(&scan->waiting);
    scan->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return scan;
}

void lk_picture_scan_free(LkPictureScan *scan)
{
    if (scan->look) {
        g_cancellable_cancel(scan->look->cancellable);
        scan->look->scan = NULL;
        look_unref(scan->look);
    }
    g_queue_clear_full(&scan->waiting, drop_request);
    g_hash_table_unref(scan->told);
    g_free(scan);
}
