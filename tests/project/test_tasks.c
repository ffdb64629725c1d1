/* Tasks, their queue, metrics, log, checkpoints and samples. */
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/projects.h"
#include "project/tasks.h"
#include "tests/project/fixture.h"

#include <math.h>

static gint64 add_task(Fixture *f, gint64 project, const char *name)
{
    gint64 id = lk_tasks_create(f->store, &(LkTaskRecord){.project = project, .name = (char *)name}, &f->error);
    must(id, f->error, "create task");
    return id;
}

static LkTaskRecord *get(Fixture *f, gint64 id)
{
    LkTaskRecord *task = lk_tasks_get(f->store, id, &f->error);
    must(task, f->error, "get task");
    return task;
}

/** Names with positions: "a0 b1". */
static bool tasks_are(GPtrArray *list, const char *wanted)
{
    GString *text = g_string_new("");
    for (guint i = 0; i < list->len; i++) {
        const LkTaskRecord *task = list->pdata[i];
        g_string_append_printf(text, "%s%s%u", i ? " " : "", task->name, task->position);
    }
    bool same = same_text(text->str, wanted);
    if (!same)
        tap_note("is %s", text->str);
    g_string_free(text, TRUE);
    g_ptr_array_unref(list);
    return same;
}

static bool queue_is(Fixture *f, const char *wanted)
{
    return tasks_are(lk_tasks_queue(f->store, &f->error), wanted);
}

static void test_record(void)
{
    Fixture f = fixture_new();
    gint64 project = lk_projects_create(f.store, "p", "style", "", NULL);
    const LkTaskRecord draft = {
        .project = project,
        .name = (char *)"first",
        .job = (char *)"network_dim = 8\n",
        .job_path = (char *)"/out/job.toml",
        .output_dir = (char *)"/out/\xff",
        .output_name = (char *)"dog",
        .device = (char *)"cuda:0",
        .steps = 1200,
        .epochs = 10,
        .note = (char *)"note",
    };
    gint64 id = lk_tasks_create(f.store, &draft, &f.error);
    fixture_reopen(&f);
    g_autoptr(LkTaskRecord) t = get(&f, id);
    tap_ok(t->id == id && t->project == project && t->number == 1 && same_text(t->name, "first") &&
               t->state == LK_TASK_QUEUED && same_text(t->job, draft.job) && same_text(t->job_path, draft.job_path) &&
               same_text(t->output_dir, draft.output_dir) && same_text(t->output_name, "dog") &&
               same_text(t->device, "cuda:0") && t->step == 0 && t->steps == 1200 && t->epoch == 0 && t->epochs == 10 &&
               t->created && !t->started && !t->ended && !t->deleted && t->seconds == 0 && !t->error &&
               t->position == 1 && same_text(t->note, "note"),
           "a task as it was made");
    tap_ok(lk_tasks_set_progress(f.store, id, 30, 2, 12.5, &f.error) &&
               lk_tasks_set_length(f.store, id, 60, 3, &f.error),
           "progress");
    static const struct {
        LkTaskField field;
        size_t offset;
    } rows[] = {
        {LK_TASK_NAME, offsetof(LkTaskRecord, name)},
        {LK_TASK_JOB, offsetof(LkTaskRecord, job)},
        {LK_TASK_JOB_PATH, offsetof(LkTaskRecord, job_path)},
        {LK_TASK_OUTPUT_DIR, offsetof(LkTaskRecord, output_dir)},
        {LK_TASK_OUTPUT_NAME, offsetof(LkTaskRecord, output_name)},
        {LK_TASK_DEVICE, offsetof(LkTaskRecord, device)},
        {LK_TASK_NOTE, offsetof(LkTaskRecord, note)},
    };
    bool ok = true;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char value[8];
        g_snprintf(value, sizeof value, "new %d", (int)i);
        ok = ok && lk_tasks_set(f.store, id, rows[i].field, value, &f.error);
    }
    g_autoptr(LkTaskRecord) u = get(&f, id);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char value[8];
        g_snprintf(value, sizeof value, "new %d", (int)i);
        ok = ok && same_text(G_STRUCT_MEMBER(char *, u, rows[i].offset), value);
    }
    tap_ok(ok && u->step == 30 && u->epoch == 2 && u->seconds == 12.5 && u->steps == 60 && u->epochs == 3,
           "every field is set");
    tap_ok(lk_tasks_set(f.store, id, LK_TASK_JOB_PATH, NULL, NULL) &&
               lk_tasks_set(f.store, id, LK_TASK_NOTE, NULL, NULL),
           "to nothing");
    g_autoptr(LkTaskRecord) v = get(&f, id);
    tap_ok(!v->job_path && same_text(v->note, ""), "as said");

    gint64 empty = lk_tasks_create(f.store, &(LkTaskRecord){.project = project}, &f.error);
    g_autoptr(LkTaskRecord) w = get(&f, empty);
    tap_ok(w->number == 2 && same_text(w->name, "") && same_text(w->job, "") && !w->job_path, "a task of nothing");
    tap_ok(!lk_tasks_create(f.store, &(LkTaskRecord){.project = 999}, &f.error), "a task of no project");
    refused(&f.error, LK_ERROR_USAGE, "project is not in the store", "it");
    tap_ok(!lk_tasks_get(f.store, 999, NULL) && !lk_tasks_set_progress(f.store, 999, 1, 1, 1, NULL) &&
               !lk_tasks_set_state(f.store, 999, LK_TASK_RUNNING, NULL, NULL) && !lk_tasks_delete(f.store, 999, NULL) &&
               !lk_tasks_undelete(f.store, 999, &f.error),
           "a task that is not there");
    refused(&f.error, LK_ERROR_USAGE, "task is not in the store", "it");
    fixture_free(&f);
}

static void test_states(void)
{
    Fixture f = fixture_new();
    gint64 project = lk_projects_create(f.store, "p", "style", "", NULL), id = add_task(&f, project, "a");
    bool names = true;
    for (int s = 0; s < LK_TASK_STATES; s++) {
        LkTaskState state = (LkTaskState)s;
        must(lk_tasks_set_state(f.store, id, state, s == LK_TASK_FAILED ? "No memory." : NULL, &f.error), f.error,
             "state");
        g_autoptr(LkTaskRecord) t = get(&f, id);
        bool over = s >= LK_TASK_STOPPED;
        names = names && *lk_task_state_name(state);
        tap_ok(t->state == state && !t->started == !s && !t->ended == !over &&
                   same_text(t->error, s == LK_TASK_FAILED ? "No memory." : NULL) && t->position == (s == 0),
               "state %s", lk_task_state_name(state));
    }
    tap_ok(names && lk_task_state_is_active(LK_TASK_RUNNING) && lk_task_state_is_active(LK_TASK_PREPARING) &&
               !lk_task_state_is_active(LK_TASK_PAUSED) && !lk_task_state_is_active(LK_TASK_QUEUED),
           "names, and which are at work");
    g_autoptr(LkTaskRecord) before = get(&f, id);
    lk_tasks_set_state(f.store, id, LK_TASK_RUNNING, NULL, NULL);
    g_autoptr(LkTaskRecord) after = get(&f, id);
    tap_ok(after->started == before->started && after->ended == 0, "resumed, it has its first start and no end");
    tap_ok(lk_tasks_set_failed(f.store, id, LK_ERROR_MEMORY, "It needs more memory.", &f.error), "it fails");
    g_autoptr(LkTaskRecord) failed = get(&f, id);
    tap_ok(failed->state == LK_TASK_FAILED && failed->error_code == LK_ERROR_MEMORY && failed->ended &&
               same_text(failed->error, "It needs more memory."),
           "and why is kept, with its kind");
    lk_tasks_set_state(f.store, id, LK_TASK_QUEUED, NULL, NULL);
    g_autoptr(LkTaskRecord) again = get(&f, id);
    tap_ok(!again->error && !again->error_code, "until it is tried again");
    fixture_free(&f);
}

static void test_queue(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL),
           q = lk_projects_create(f.store, "q", "style", "", NULL);
    add_task(&f, p, "a");
    gint64 b = add_task(&f, q, "b"), c = add_task(&f, p, "c"), d = add_task(&f, q, "d");
    tap_ok(queue_is(&f, "a1 b2 c3 d4"), "the queue is of all projects, in the order they were made");
    tap_ok(tasks_are(lk_tasks_list(f.store, p, NULL), "c3 a1"), "a project's list is its own, newest first");
    const gint64 order[] = {d, b, 999};
    tap_ok(lk_tasks_reorder(f.store, order, 3, &f.error) && queue_is(&f, "d1 b2 a3 c4"), "reordered, others behind");
    lk_tasks_set_state(f.store, b, LK_TASK_RUNNING, NULL, NULL);
    tap_ok(queue_is(&f, "b0 d1 a2 c3"), "the running one first");
    lk_tasks_set_state(f.store, d, LK_TASK_PAUSED, NULL, NULL);
    tap_ok(queue_is(&f, "b0 d0 a1 c2"), "then paused ones");
    const gint64 again[] = {b, c};
    tap_ok(lk_tasks_reorder(f.store, again, 2, &f.error) && queue_is(&f, "b0 d0 c1 a2"),
           "only queued ones are reordered");
    lk_tasks_set_state(f.store, b, LK_TASK_QUEUED, NULL, NULL);
    tap_ok(queue_is(&f, "d0 c1 a2 b3"), "queued again, it goes to the end");
    lk_tasks_set_state(f.store, c, LK_TASK_QUEUED, NULL, NULL);
    tap_ok(queue_is(&f, "d0 c1 a2 b3"), "one that is queued keeps its place");
    lk_projects_delete(f.store, p, NULL);
    tap_ok(queue_is(&f, "d0 b1"), "a deleted project's tasks do not wait");
    lk_projects_undelete(f.store, p, NULL);
    tap_ok(lk_tasks_delete(f.store, c, &f.error) && queue_is(&f, "d0 a1 b2"), "nor does a deleted task");
    tap_ok(lk_tasks_undelete(f.store, c, &f.error) && queue_is(&f, "d0 c1 a2 b3"), "undeleted, it has its place again");
    lk_tasks_set_state(f.store, d, LK_TASK_FINISHED, NULL, NULL);
    tap_ok(queue_is(&f, "c1 a2 b3"), "what is finished has left");
    tap_ok(lk_tasks_delete(f.store, d, &f.error) && tasks_are(lk_tasks_list(f.store, q, NULL), "b3"), "and is deleted");
    fixture_free(&f);
}

static void test_delete(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL);
    gint64 a = add_task(&f, p, "a"), b = add_task(&f, p, "b");
    lk_tasks_set_state(f.store, a, LK_TASK_RUNNING, NULL, NULL);
    tap_ok(!lk_tasks_delete(f.store, a, &f.error), "while it trains");
    refused(&f.error, LK_ERROR_USAGE, "Stop it before", "deleting");
    const LkTaskMetric metric = {.step = 1};
    lk_task_metrics_append(f.store, b, &metric, 1, NULL);
    lk_task_log_append(f.store, b, &(LkTaskLogLine){1, LK_TASK_LOG_INFO, (char *)"x"}, 1, NULL);
    lk_task_samples_add(f.store, &(LkTaskSample){.task = b, .path = (char *)"/s"}, NULL);
    lk_task_checkpoints_add(f.store, &(LkTaskCheckpoint){.task = b, .path = (char *)"/c"}, NULL);
    lk_tasks_delete(f.store, b, &f.error);
    guint count = 9;
    tap_ok(lk_tasks_purge(f.store, g_get_real_time() - G_USEC_PER_SEC * 60, &count, NULL) && count == 0,
           "not yet purged");
    tap_ok(lk_tasks_purge(f.store, g_get_real_time() + 1, &count, NULL) && count == 1, "purged");
    tap_ok(sql_number(f.store, "SELECT (SELECT count(*) FROM metric) + (SELECT count(*) FROM log)"
                               " + (SELECT count(*) FROM sample) + (SELECT count(*) FROM checkpoint)") == 0,
           "with all that belongs to it");
    gint64 c = add_task(&f, p, "c");
    g_autoptr(LkTaskRecord) t = get(&f, c);
    tap_ok(t->number == 3, "its number in the project is not used again");
    fixture_free(&f);
}

static void test_interrupt(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL), ids[LK_TASK_STATES];
    for (int s = 0; s < LK_TASK_STATES; s++) {
        ids[s] = add_task(&f, p, "t");
        lk_tasks_set_state(f.store, ids[s], (LkTaskState)s, NULL, NULL);
    }
    lk_tasks_set_progress(f.store, ids[LK_TASK_RUNNING], 40, 4, 80, NULL);
    gint64 told = g_get_real_time();
    fixture_reopen(&f);
    g_usleep(2000);
    guint count = 0;
    tap_ok(lk_tasks_interrupt_active(f.store, &count, &f.error) && count == 2, "two were at work");
    bool ok = true;
    for (int s = 0; s < LK_TASK_STATES; s++) {
        g_autoptr(LkTaskRecord) t = get(&f, ids[s]);
        bool active = lk_task_state_is_active((LkTaskState)s);
        ok = ok && (int)t->state == (active ? LK_TASK_INTERRUPTED : s);
        if (s == LK_TASK_RUNNING)
            ok = ok && t->ended && t->ended <= told && t->step == 40 && t->seconds == 80;
    }
    tap_ok(ok, "these are interrupted, ended when they last told of progress; others are as before");
    tap_ok(lk_tasks_interrupt_active(f.store, &count, &f.error) && count == 0, "a second time there are none");
    fixture_free(&f);
}

/** The losses on held-out pictures: what is there of a step is replaced, and later ones go with their steps. */
static void test_validations(void)
{
    Fixture f = fixture_new();
    gint64 a = add_task(&f, lk_projects_create(f.store, "p", "style", "", NULL), "a");
    const LkTaskValidation first[] = {{2, 1, 0.5}, {4, 1, NAN}, {6, 2, 0.25}}, again = {4, 1, 0.375};
    bool ok = lk_task_validations_append(f.store, a, first, 3, &f.error) &&
              lk_task_validations_append(f.store, a, &again, 1, &f.error);
    g_autoptr(GArray) all = lk_task_validations_read(f.store, a, &f.error);
    tap_ok(ok && all && all->len == 3 && g_array_index(all, LkTaskValidation, 1).loss == 0.375 &&
               g_array_index(all, LkTaskValidation, 2).epoch == 2,
           "losses on held-out pictures are kept by their step");
    ok = lk_task_metrics_cut(f.store, a, 4, &f.error);
    g_autoptr(GArray) left = lk_task_validations_read(f.store, a, &f.error);
    tap_ok(ok && left && left->len == 2 && g_array_index(left, LkTaskValidation, 1).step == 4,
           "those after the last step go with it");
    fixture_free(&f);
}

static bool metrics_are(Fixture *f, gint64 task, gint64 after, const LkTaskMetric *wanted, guint count)
{
    g_autoptr(GArray) m = lk_task_metrics_read(f->store, task, after, &f->error);
    must(m, f->error, "metrics");
    bool same = m->len == count;
    for (guint i = 0; same && i < count; i++) {
        const LkTaskMetric *a = &g_array_index(m, LkTaskMetric, i), *b = &wanted[i];
        same = a->step == b->step && a->epoch == b->epoch &&
               (a->loss == b->loss || (isnan(a->loss) && isnan(b->loss))) && a->lr == b->lr &&
               a->grad_norm == b->grad_norm && a->seconds == b->seconds;
    }
    return same;
}

static void test_metrics(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL), a = add_task(&f, p, "a"), b = add_task(&f, p, "b");
    LkTaskMetric m[6];
    for (int i = 0; i < 6; i++)
        m[i] = (LkTaskMetric){i + 1, 1 + i / 2, 1.0 / (i + 3), 1e-4, 0.1 * i, 0.7};
    m[2].loss = NAN;
    m[3].grad_norm = INFINITY;
    tap_ok(lk_task_metrics_append(f.store, a, m, 4, &f.error) &&
               lk_task_metrics_append(f.store, a, m + 4, 2, &f.error) &&
               lk_task_metrics_append(f.store, b, m, 1, &f.error) && lk_task_metrics_append(f.store, b, m, 0, &f.error),
           "steps in batches");
    fixture_reopen(&f);
    tap_ok(metrics_are(&f, a, 0, m, 6) && metrics_are(&f, b, 0, m, 1),
           "come back to the last bit, with NaN and infinity");
    tap_ok(metrics_are(&f, a, 4, m + 4, 2) && metrics_are(&f, a, 6, NULL, 0), "or those since a step");
    m[3] = (LkTaskMetric){4, 2, 9, 9, 9, 9};
    m[4] = (LkTaskMetric){5, 2, 8, 8, 8, 8};
    tap_ok(lk_task_metrics_append(f.store, a, m + 3, 2, &f.error) && metrics_are(&f, a, 0, m, 6),
           "repeated steps are replaced");
    tap_ok(lk_task_metrics_cut(f.store, a, 2, &f.error) && metrics_are(&f, a, 0, m, 2) && metrics_are(&f, b, 0, m, 1),
           "steps after one are forgotten");
    tap_ok(!lk_task_metrics_append(f.store, 999, m, 1, &f.error), "of no task");
    refused(&f.error, LK_ERROR_USAGE, "not in “", "it");

    LkTaskLogLine lines[5];
    for (int i = 0; i < 5; i++)
        lines[i] = (LkTaskLogLine){i * 10, (LkTaskLogLevel)(i % 4), (char *)(i % 2 ? "odd ü" : "even\nline")};
    tap_ok(lk_task_log_append(f.store, a, lines, 3, &f.error) && lk_task_log_append(f.store, b, lines, 1, &f.error) &&
               lk_task_log_append(f.store, a, lines + 3, 2, &f.error),
           "a log");
    for (guint most = 0; most < 8; most++) {
        g_autoptr(GArray) read = lk_task_log_read(f.store, a, most, &f.error);
        guint wanted = most ? MIN(most, 5) : 5;
        bool same = read->len == wanted;
        for (guint i = 0; same && i < wanted; i++) {
            const LkTaskLogLine *x = &g_array_index(read, LkTaskLogLine, i), *y = &lines[5 - wanted + i];
            same = x->time == y->time && x->level == y->level && same_text(x->text, y->text);
        }
        tap_ok(same, "the last %u lines, oldest first", most);
    }
    lines[1].level = 9;
    tap_ok(!lk_task_log_append(f.store, b, lines, 2, NULL), "a level that is none");
    g_autoptr(GArray) read = lk_task_log_read(f.store, b, 0, NULL);
    tap_ok(read->len == 1, "and nothing of that batch is there");
    fixture_free(&f);
}

static void test_checkpoints(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL), a = add_task(&f, p, "a"), b = add_task(&f, p, "b");
    LkTaskCheckpoint c = {.task = a, .path = (char *)"/o/2", .step = 20, .epoch = 2, .loss = 0.2, .held_out_loss = NAN};
    gint64 second = lk_task_checkpoints_add(f.store, &c, &f.error);
    c = (LkTaskCheckpoint){
        .task = a, .path = (char *)"/o/1", .step = 10, .epoch = 1, .loss = NAN, .held_out_loss = 0.5};
    gint64 first = lk_task_checkpoints_add(f.store, &c, &f.error);
    c = (LkTaskCheckpoint){.task = b, .path = (char *)"/o/1", .step = 5};
    gint64 other = lk_task_checkpoints_add(f.store, &c, &f.error);
    g_autoptr(GPtrArray) list = lk_task_checkpoints_list(f.store, a, &f.error);
    LkTaskCheckpoint *x = list->pdata[0], *y = list->pdata[1];
    tap_ok(list->len == 2 && x->id == first && y->id == second && x->task == a && same_text(x->path, "/o/1") &&
               x->step == 10 && x->epoch == 1 && isnan(x->loss) && x->held_out_loss == 0.5 && y->loss == 0.2 &&
               isnan(y->held_out_loss) && !x->best && x->created,
           "checkpoints in order of steps");
    g_autoptr(GPtrArray) all = lk_task_checkpoints_of_project(f.store, p, &f.error);
    tap_ok(all->len == 3 && ((LkTaskCheckpoint *)all->pdata[0])->id == other, "of a project, newest task first");
    tap_ok(lk_task_checkpoints_set_best(f.store, a, first, &f.error) &&
               lk_task_checkpoints_set_best(f.store, b, other, &f.error) &&
               lk_task_checkpoints_set_best(f.store, a, second, &f.error) &&
               lk_task_checkpoints_set_held_out(f.store, second, 0.25, &f.error) &&
               lk_task_checkpoints_set_held_out(f.store, first, NAN, &f.error),
           "marks and losses");
    g_autoptr(GPtrArray) then = lk_task_checkpoints_list(f.store, a, &f.error);
    x = then->pdata[0], y = then->pdata[1];
    tap_ok(!x->best && y->best && y->held_out_loss == 0.25 && isnan(x->held_out_loss), "one of a task is the best");
    tap_ok(sql_number(f.store, "SELECT count(*) FROM checkpoint WHERE best") == 2, "and one of the other");
    tap_ok(!lk_task_checkpoints_set_best(f.store, a, other, &f.error), "another task's cannot be");
    refused(&f.error, LK_ERROR_USAGE, "checkpoint is not in the store", "it");
    tap_ok(sql_number(f.store, "SELECT count(*) FROM checkpoint WHERE best") == 2, "and the mark stays where it was");
    c = (LkTaskCheckpoint){
        .task = a, .path = (char *)"/o/2", .step = 21, .epoch = 3, .loss = 0.1, .held_out_loss = NAN};
    tap_ok(lk_task_checkpoints_add(f.store, &c, &f.error) == second, "written again it is the same one");
    g_autoptr(GPtrArray) again = lk_task_checkpoints_list(f.store, a, &f.error);
    y = again->pdata[1];
    tap_ok(again->len == 2 && y->step == 21 && y->loss == 0.1 && isnan(y->held_out_loss) && !y->best,
           "with new figures");
    tap_ok(lk_task_checkpoints_set_best(f.store, b, 0, &f.error) &&
               sql_number(f.store, "SELECT count(*) FROM checkpoint WHERE best") == 0,
           "no mark at all");
    tap_ok(lk_task_checkpoints_remove(f.store, first, &f.error) && !lk_task_checkpoints_remove(f.store, first, NULL),
           "removed once");
    tap_ok(!lk_task_checkpoints_add(f.store, &(LkTaskCheckpoint){.task = 999, .path = (char *)"/"}, &f.error),
           "of no task");
    refused(&f.error, LK_ERROR_USAGE, "not in “", "it");
    fixture_free(&f);
}

static void test_samples(void)
{
    Fixture f = fixture_new();
    gint64 p = lk_projects_create(f.store, "p", "style", "", NULL), a = add_task(&f, p, "a");
    static const struct {
        const char *path;
        int step;
        guint index;
    } rows[] = {{"/s/d", 20, 1}, {"/s/b", 10, 1}, {"/s/c", 20, 0}, {"/s/a", 10, 0}, {"/s/b", 10, 1}};
    gint64 ids[G_N_ELEMENTS(rows)];
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        ids[i] = lk_task_samples_add(f.store,
                                     &(LkTaskSample){.task = a,
                                                     .path = (char *)rows[i].path,
                                                     .step = rows[i].step,
                                                     .epoch = 1,
                                                     .prompt = (char *)"a dog",
                                                     .prompt_index = rows[i].index},
                                     &f.error);
    g_autoptr(GPtrArray) list = lk_task_samples_list(f.store, a, &f.error);
    bool order = list->len == 4;
    for (guint i = 0; order && i < 4; i++)
        order = ((LkTaskSample *)list->pdata[i])->path[3] == "abcd"[i];
    LkTaskSample *s = list->pdata[3];
    tap_ok(order && ids[1] == ids[4], "samples by step and prompt; a path once");
    tap_ok(s->id == ids[0] && s->task == a && s->step == 20 && s->epoch == 1 && same_text(s->prompt, "a dog") &&
               s->prompt_index == 1 && s->created,
           "with all fields");
    tap_ok(lk_task_samples_remove(f.store, ids[0], &f.error) && !lk_task_samples_remove(f.store, ids[0], &f.error),
           "removed once");
    refused(&f.error, LK_ERROR_USAGE, "sample is not in the store", "twice");
    fixture_free(&f);
}

int main(void)
{
    test_record();
    test_states();
    test_queue();
    test_delete();
    test_interrupt();
    test_metrics();
    test_validations();
    test_checkpoints();
    test_samples();
    return tap_done();
}
