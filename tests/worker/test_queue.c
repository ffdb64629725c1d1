/* Runs one after another: order, holding, pauses, failures. Usage: test_queue MODEL.safetensors */
#include "../tap.h"
#include "../training/small_run.h"
#include "worker/queue.h"

#include <string.h>

typedef struct Log {
    GString *text; /* "+a +b >a <a finished " … */
    GPtrArray *rows;
} Log;

static const char *id_at(LkQueue *queue, guint place)
{
    g_autoptr(LkQueueItem) item = g_list_model_get_item(G_LIST_MODEL(queue), place);
    return item ? lk_queue_item_get_id(item) : NULL; /* the queue has a reference too */
}

static void on_items(GListModel *model, guint place, guint removed, guint added, Log *log)
{
    g_ptr_array_remove_range(log->rows, place, removed);
    for (guint i = 0; i < added; i++)
        g_ptr_array_insert(log->rows, (int)(place + i), g_strdup(id_at(LK_QUEUE(model), place + i)));
}

static void on_begun(LkQueue *queue, LkQueueItem *item, Log *log)
{
    g_string_append_printf(log->text, ">%s ", lk_queue_item_get_id(item));
}

static void on_ended(LkQueue *queue, LkQueueItem *item, Log *log)
{
    static const char *const names[] = {
        [LK_RUN_STOPPED] = "stopped", [LK_RUN_FINISHED] = "finished", [LK_RUN_FAILED] = "failed"};
    g_string_append_printf(log->text, "<%s %s ", lk_queue_item_get_id(item),
                           names[lk_run_get_state(lk_queue_item_get_run(item))]);
}

/** The ids in the queue, and whether the list that follows it shows the same. */
static bool holds(LkQueue *queue, const Log *log, const char *ids)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool same = log->rows->len == g_list_model_get_n_items(G_LIST_MODEL(queue));
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(queue)); i++) {
        g_string_append(text, id_at(queue, i));
        same &= i < log->rows->len && strcmp(id_at(queue, i), g_ptr_array_index(log->rows, i)) == 0;
    }
    return same && strcmp(text->str, ids) == 0;
}

static LkQueueItem *add(LkQueue *queue, const SmallRun *s, const char *id, const char *const *settings)
{
    g_autoptr(LkJob) job = small_job(s, id, settings);
    return lk_queue_add(queue, id, job, "cpu", false);
}

static void run_until_empty(LkQueue *queue)
{
    while (g_list_model_get_n_items(G_LIST_MODEL(queue)) > 0)
        g_main_context_iteration(NULL, TRUE);
}

static void wait_for(LkQueueItem *item, LkRunState state)
{
    while (lk_run_get_state(lk_queue_item_get_run(item)) != state)
        g_main_context_iteration(NULL, TRUE);
}

static void test_order(LkQueue *queue, const SmallRun *s, Log *log)
{
    lk_queue_set_held(queue, true);
    add(queue, s, "a", WITH(NULL));
    add(queue, s, "b", WITH("pretrained_model_name_or_path=nowhere"));
    add(queue, s, "c", WITH(NULL));
    add(queue, s, "d", WITH(NULL));
    tap_ok(!add(queue, s, "b", WITH(NULL)), "an id is in the queue once");
    tap_ok(holds(queue, log, "abcd") && !lk_queue_get_current(queue) && log->text->len == 0,
           "a queue that is held begins nothing");
    tap_ok(lk_queue_move(queue, "d", 0) && holds(queue, log, "dabc"), "the last becomes the first");
    tap_ok(lk_queue_move(queue, "a", 99) && holds(queue, log, "dbca"), "and one the last");
    tap_ok(lk_queue_move(queue, "b", 1) && holds(queue, log, "dbca"), "or stays");
    lk_queue_set_held(queue, false);
    tap_ok(lk_queue_get_current(queue) == lk_queue_find(queue, "d"), "let go, the first begins");
    tap_ok(!lk_queue_move(queue, "d", 1) && !lk_queue_remove(queue, "d"), "the current one can neither move nor go");
    tap_ok(lk_queue_move(queue, "a", 0) && holds(queue, log, "dabc"), "those that wait can");
    tap_ok(lk_queue_remove(queue, "c") && holds(queue, log, "dab") && !lk_queue_find(queue, "c"), "or go");
    run_until_empty(queue);
    tap_ok(strcmp(log->text->str, ">d <d finished >a <a finished >b <b failed ") == 0,
           "one after another, a failure too: %s", log->text->str);
    tap_ok(holds(queue, log, ""), "the queue is empty");
}

static void test_pause(LkQueue *queue, const SmallRun *s, Log *log)
{
    g_string_set_size(log->text, 0);
    LkQueueItem *first = add(queue, s, "e", WITH("max_train_steps=2000"));
    add(queue, s, "f", WITH(NULL));
    tap_ok(strcmp(log->text->str, ">e ") == 0, "a queue that is not held begins at once");
    wait_for(first, LK_RUN_RUNNING);
    lk_run_pause(lk_queue_item_get_run(first));
    wait_for(first, LK_RUN_PAUSED);
    tap_ok(lk_queue_get_current(queue) == first && strcmp(log->text->str, ">e ") == 0,
           "a run that is paused stays current");
    lk_queue_set_held(queue, true);
    lk_run_resume(lk_queue_item_get_run(first));
    wait_for(first, LK_RUN_RUNNING);
    lk_run_stop_and_save(lk_queue_item_get_run(first));
    while (lk_queue_get_current(queue))
        g_main_context_iteration(NULL, TRUE);
    tap_ok(strcmp(log->text->str, ">e <e stopped ") == 0 && holds(queue, log, "f"),
           "held meanwhile, nothing begins after it: %s", log->text->str);
    lk_queue_set_held(queue, false);
    run_until_empty(queue);
    tap_ok(strcmp(log->text->str, ">e <e stopped >f <f finished ") == 0, "until it is let go: %s", log->text->str);
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    Log log = {.text = g_string_new(NULL), .rows = g_ptr_array_new_with_free_func(g_free)};
    LkQueue *queue = lk_queue_new();
    g_signal_connect(queue, "items-changed", G_CALLBACK(on_items), &log);
    g_signal_connect(queue, "begun", G_CALLBACK(on_begun), &log);
    g_signal_connect(queue, "ended", G_CALLBACK(on_ended), &log);
    test_order(queue, &s, &log);
    test_pause(queue, &s, &log);
    LkQueueItem *last = add(queue, &s, "g", WITH("max_train_steps=100000"));
    wait_for(last, LK_RUN_RUNNING);
    g_object_unref(queue);
    tap_ok(true, "a queue is let go while a run is under way");
    g_string_free(log.text, TRUE);
    g_ptr_array_unref(log.rows);
    small_run_close(&s);
    return tap_done();
}
