/* How long it takes with very many rows: printed, not judged; and that as many come back as went in. */
#include "project/history.h"
#include "project/metrics.h"
#include "project/pictures.h"
#include "project/projects.h"
#include "project/sources.h"
#include "project/tasks.h"
#include "tests/project/fixture.h"

enum { MANY = 100000, SOME = 10000 };

static gint64 began;

static void begin(void)
{
    began = g_get_monotonic_time();
}

static void took(const char *what)
{
    tap_note("%7.1f ms  %s", (double)(g_get_monotonic_time() - began) / 1000, what);
}

/** Records of MANY pictures with captions of some 150 bytes; the texts are the array's. */
static LkPictureRecord *make_records(gint64 source, GPtrArray *texts)
{
    LkPictureRecord *records = g_new0(LkPictureRecord, MANY);
    for (int i = 0; i < MANY; i++) {
        char *path =
            g_strdup_printf("/media/somebody/Pictures/a collection/folder %02d/picture number %05d.png", i % 37, i);
        char *caption =
            g_strdup_printf("a photo of sks dog number %d, sitting on the grass, looking at the viewer, trees "
                            "in the background, soft light, outdoors, day, realistic",
                            i);
        char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);
        g_ptr_array_add(texts, path);
        g_ptr_array_add(texts, caption);
        g_ptr_array_add(texts, hash);
        records[i] = (LkPictureRecord){
            .source = source,
            .path = path,
            .size = 1000000 + i,
            .mtime_ns = 1700000000000000000 + i,
            .width = 1024,
            .height = 768,
            .hash = hash,
            .has_perceptual = true,
            .perceptual = (gint64)i << 40,
            .sharpness = i * 0.001,
            .caption = caption,
            .caption_state = LK_PICTURE_CAPTION_READ,
            .thumbnail = hash,
        };
    }
    return records;
}

static bool count_row(const LkPictureRecord *record, void *data)
{
    ++*(int *)data;
    return record->path && record->caption && record->width == 1024;
}

static void pictures(Fixture *f, gint64 project, gint64 source)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autofree LkPictureRecord *records = make_records(source, texts);
    begin();
    must(lk_pictures_upsert(f->store, project, records, MANY, LK_PICTURE_ALL, &f->error), f->error, "upsert");
    took("100,000 pictures added");
    begin();
    must(lk_pictures_upsert(f->store, project, records, MANY, LK_PICTURE_FACTS, &f->error), f->error, "upsert");
    took("100,000 pictures scanned again");
    fixture_reopen(f);
    for (int i = 0; i < 2; i++) {
        int seen = 0;
        begin();
        must(lk_pictures_each(f->store, project, count_row, &seen, &f->error), f->error, "each");
        took(i ? "100,000 pictures read again" : "100,000 pictures read");
        tap_ok(seen == MANY, "all pictures are read");
    }
    begin();
    g_autoptr(GPtrArray) list = lk_projects_list(f->store, NULL);
    took("the list of projects with their counts");
    tap_ok(((LkProjectRecord *)list->pdata[0])->pictures == MANY, "all are counted");

    g_autofree LkPictureCaption *captions = g_new0(LkPictureCaption, SOME);
    g_autofree gint64 *ids = g_new(gint64, SOME);
    for (int i = 0; i < SOME; i++) {
        ids[i] = records[i * 10].id;
        captions[i] =
            (LkPictureCaption){ids[i], "a new caption, with a tag more than before", i, LK_PICTURE_CAPTION_READ};
    }
    begin();
    must(lk_pictures_set_captions(f->store, captions, SOME, &f->error), f->error, "captions");
    took("10,000 captions changed");
    begin();
    must(lk_pictures_set_excluded(f->store, ids, SOME, true, &f->error), f->error, "excluded");
    took("10,000 pictures excluded");
    begin();
    must(lk_pictures_set_repeats(f->store, ids, SOME, 3, &f->error), f->error, "repeats");
    took("10,000 repeats changed");
    begin();
    gint64 copy = lk_projects_duplicate(f->store, project, "copy", "", &f->error);
    took("a project of 100,000 pictures duplicated");
    guint all = 0, excluded = 0;
    begin();
    lk_pictures_count(f->store, copy, &all, &excluded, NULL);
    took("its pictures counted");
    tap_ok(all == MANY && excluded == SOME, "the copy has them all");
    begin();
    must(lk_pictures_remove(f->store, ids, SOME, &f->error), f->error, "remove");
    took("10,000 pictures removed");
}

static void history(Fixture *f, gint64 project)
{
    g_autofree LkHistoryChange *changes = g_new0(LkHistoryChange, SOME);
    for (int i = 0; i < SOME; i++)
        changes[i] = (LkHistoryChange){(char *)"/media/somebody/Pictures/a collection/folder/picture number 1.png",
                                       (char *)"caption", (char *)"a photo of sks dog, sitting on the grass, outdoors",
                                       (char *)"a photo of sks dog, sitting on the grass, outdoors, day"};
    begin();
    must(lk_history_append(f->store, project, "step", changes, SOME, &f->error), f->error, "append");
    took("an undo step of 10,000 changes written");
    LkHistoryStep *step = NULL;
    begin();
    lk_history_peek(f->store, project, LK_HISTORY_UNDO, &step, NULL);
    took("and read");
    tap_ok(step && step->changes->len == SOME, "all changes are read");
    lk_history_step_free(step);
    begin();
    must(lk_history_prune(f->store, project, 0, NULL), NULL, "prune");
    took("and dropped");
}

static void metrics(Fixture *f, gint64 project)
{
    gint64 task = lk_tasks_create(f->store, &(LkTaskRecord){.project = project}, NULL);
    g_autofree LkTaskMetric *rows = g_new(LkTaskMetric, MANY);
    for (int i = 0; i < MANY; i++)
        rows[i] = (LkTaskMetric){i + 1, 1 + i / 1000, 1.0 / (i + 1), 1e-4, 0.5, 0.7};
    begin();
    must(lk_task_metrics_append(f->store, task, rows, MANY, &f->error), f->error, "metrics");
    took("100,000 steps' metrics added");
    begin();
    for (int i = 0; i < 1000; i++)
        lk_task_metrics_append(f->store, task, &rows[i], 1, NULL);
    took("1,000 steps' metrics, each by itself");
    begin();
    for (int i = 0; i < 1000; i++)
        lk_tasks_set_progress(f->store, task, i, 1, i, NULL);
    took("1,000 times progress, each by itself");
    begin();
    g_autoptr(GArray) read = lk_task_metrics_read(f->store, task, 0, NULL);
    took("100,000 steps' metrics read");
    tap_ok(read->len == MANY, "all steps are read");

    g_autofree LkTaskLogLine *lines = g_new(LkTaskLogLine, MANY);
    for (int i = 0; i < MANY; i++)
        lines[i] = (LkTaskLogLine){i, LK_TASK_LOG_INFO, (char *)"step 1234 of 100000: loss 0.1234, learning rate 1e-4"};
    begin();
    must(lk_task_log_append(f->store, task, lines, MANY, &f->error), f->error, "log");
    took("100,000 lines of log added");
    begin();
    g_autoptr(GArray) last = lk_task_log_read(f->store, task, 100, NULL);
    took("the last 100 read");
    tap_ok(last->len == 100, "they are");
    begin();
    lk_tasks_delete(f->store, task, NULL);
    lk_tasks_purge(f->store, G_MAXINT64, NULL, NULL);
    took("the task removed");
}

int main(void)
{
    Fixture f = fixture_new();
    gint64 project = lk_projects_create(f.store, "p", "style", "", NULL);
    gint64 source = lk_sources_add(f.store, &(LkSourceRecord){.project = project, .path = (char *)"/media"}, NULL);
    pictures(&f, project, source);
    history(&f, project);
    metrics(&f, project);
    begin();
    lk_store_check(f.store, NULL);
    took("the store checked");
    begin();
    fixture_reopen(&f);
    took("the store closed and opened");
    fixture_free(&f);
    return tap_done();
}
