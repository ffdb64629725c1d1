/* What the store answers, held against what the model has. */
#include "project/history.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/pictures.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/tasks.h"
#include "tests/project/random_lab.h"

/** The number of a text, -1 for one that was never written. */
static int number_of(const char *value)
{
    return !value ? 0 : value[0] == 't' ? (int)g_ascii_strtoll(value + 1, NULL, 10) : -1;
}

typedef struct PictureWalk {
    Lab *lab;
    ModelProject *p;
    int seen;
    bool same;
} PictureWalk;

static bool compare_picture(const LkPictureRecord *r, void *data)
{
    PictureWalk *w = data;
    int path = 0;
    while (path < PATHS && !same_text(w->lab->names[path], r->path))
        path++;
    const ModelPicture *m = &w->p->pictures[path % PATHS];
    w->same = w->same && path < PATHS && m->there && r->source == w->p->sources[m->source].id && r->size == m->size &&
              number_of(r->caption) == m->caption && (int)r->repeats == m->repeats && r->excluded == m->excluded &&
              number_of(r->mask) == m->mask && number_of(r->thumbnail) == m->thumbnail && r->removed == m->removed &&
              number_of(r->look) == m->look;
    w->seen++;
    return true;
}

static bool same_sources(Lab *lab, ModelProject *p)
{
    g_autoptr(GPtrArray) list = lk_sources_list(lab->f.store, p->id, &lab->f.error);
    guint wanted = 0;
    for (int i = 0; i < SOURCES; i++)
        wanted += p->sources[i].there;
    bool same = list && list->len == wanted;
    for (guint i = 0; same && i < list->len; i++) {
        const LkSourceRecord *s = list->pdata[i];
        const ModelSource *m = &p->sources[s->path[2] - '0'];
        same = m->there && m->id == s->id && m->recursive == s->recursive && m->regularisation == s->regularisation &&
               m->repeats == (int)s->repeats;
    }
    return same;
}

static bool same_settings(Lab *lab, ModelProject *p)
{
    g_autoptr(GHashTable) all = lk_settings_get_all(lab->f.store, p->id, &lab->f.error);
    guint wanted = 0;
    bool same = all;
    for (int i = 0; same && i < KEYS; i++) {
        wanted += p->settings[i] != 0;
        same = number_of(g_hash_table_lookup(all, lab->names[i])) == p->settings[i];
    }
    return same && g_hash_table_size(all) == wanted;
}

static bool same_step(Lab *lab, ModelProject *p, LkHistoryDirection direction)
{
    bool undo = direction == LK_HISTORY_UNDO;
    g_autoptr(LkHistoryStep) step = NULL;
    if (!lk_history_peek(lab->f.store, p->id, direction, &step, &lab->f.error))
        return false;
    if (undo ? p->done == 0 : p->done == p->step_count)
        return !step;
    const ModelStep *m = &p->steps[undo ? p->done - 1 : p->done];
    bool same = step && number_of(step->label) == m->label && (int)step->changes->len == m->count;
    for (int i = 0; same && i < m->count; i++) {
        const LkHistoryChange *c = &g_array_index(step->changes, LkHistoryChange, i);
        const int *w = m->changes[undo ? m->count - 1 - i : i];
        same = number_of(c->path) == w[0] && number_of(c->before) == w[1] && number_of(c->after) == w[2];
    }
    return same;
}

static bool same_history(Lab *lab, ModelProject *p)
{
    g_auto(LkHistoryState) state = {0};
    return lk_history_state(lab->f.store, p->id, &state, &lab->f.error) && (int)state.undo == p->done &&
           (int)state.redo == p->step_count - p->done && same_step(lab, p, LK_HISTORY_UNDO) &&
           same_step(lab, p, LK_HISTORY_REDO);
}

static bool same_project(Lab *lab, int i)
{
    ModelProject *p = &lab->model.projects[i];
    g_autoptr(LkProjectRecord) r = lk_projects_get(lab->f.store, p->id, &lab->f.error);
    guint tasks = 0, checkpoints = 0;
    for (int t = 0; t < TASKS; t++) {
        const ModelTask *m = &lab->model.tasks[t];
        if (!m->there || m->deleted || m->project != i)
            continue;
        tasks++;
        for (int file = 0; file < FILES; file++)
            checkpoints += m->checkpoints[file] != 0;
    }
    PictureWalk walk = {lab, p, 0, true};
    int pictures = 0, counted = 0, excluded = 0;
    for (int path = 0; path < PATHS; path++) {
        const ModelPicture *m = &p->pictures[path];
        pictures += m->there;
        counted += m->there && !m->removed;
        excluded += m->there && !m->removed && m->excluded;
    }
    guint all = 0, out = 0;
    if (!lk_pictures_count(lab->f.store, p->id, &all, &out, &lab->f.error) || (int)all != counted ||
        (int)out != excluded)
        return false;
    return r && !r->deleted == !p->deleted && number_of(r->name) == p->name &&
           number_of(*r->trigger_word ? r->trigger_word : NULL) == p->trigger && (int)r->pictures == counted &&
           r->tasks == tasks && r->checkpoints == checkpoints &&
           lk_pictures_each(lab->f.store, p->id, compare_picture, &walk, &lab->f.error) && walk.same &&
           walk.seen == pictures && same_sources(lab, p) && same_settings(lab, p) && same_history(lab, p);
}

/** The list is the live projects, in the order of their last opening. */
static bool same_list(Lab *lab)
{
    g_autoptr(GPtrArray) list = lk_projects_list(lab->f.store, &lab->f.error);
    guint live = 0;
    gint64 last = G_MAXINT64;
    for (int i = 0; i < PROJECTS; i++)
        live += lab->model.projects[i].there && !lab->model.projects[i].deleted;
    bool same = list && list->len == live;
    for (guint n = 0; same && n < live; n++) {
        gint64 opened = -1;
        for (int i = 0; i < PROJECTS; i++)
            if (lab->model.projects[i].there && lab->model.projects[i].id == ((LkProjectRecord *)list->pdata[n])->id)
                opened = lab->model.projects[i].opened;
        same = opened > 0 && opened < last;
        last = opened;
    }
    return same;
}

/** The place in the queue, counted from 1. */
static guint position_of(Lab *lab, const ModelTask *t)
{
    guint position = 0;
    for (int i = 0; i < TASKS; i++) {
        const ModelTask *u = &lab->model.tasks[i];
        bool waits = u->there && !u->deleted && u->state == LK_TASK_QUEUED && !lab->model.projects[u->project].deleted;
        if (u == t && !waits)
            return 0;
        position += waits && (u->place < t->place || (u->place == t->place && u->id <= t->id));
    }
    return position;
}

static bool same_task(Lab *lab, const ModelTask *t)
{
    g_autoptr(LkTaskRecord) r = lk_tasks_get(lab->f.store, t->id, &lab->f.error);
    g_autoptr(GArray) metrics = lk_task_metrics_read(lab->f.store, t->id, 0, &lab->f.error);
    g_autoptr(GArray) log = lk_task_log_read(lab->f.store, t->id, 1, &lab->f.error);
    g_autoptr(GPtrArray) files = lk_task_checkpoints_list(lab->f.store, t->id, &lab->f.error);
    bool same = r && metrics && log && files && (int)r->state == t->state && !r->deleted == !t->deleted &&
                r->step == t->step && number_of(r->note) == t->note && (int)r->number == t->number &&
                r->position == position_of(lab, t) && log->len == (t->log ? 1 : 0);
    if (same && log->len)
        same = number_of(g_array_index(log, LkTaskLogLine, 0).text) == 1 + (t->log - 1) % 40;
    guint n = 0;
    for (int i = 0; same && i < METRICS; i++)
        if (t->metrics[i] > 0) {
            const LkTaskMetric *m = n < metrics->len ? &g_array_index(metrics, LkTaskMetric, n++) : NULL;
            same = m && m->step == i + 1 && m->loss == t->metrics[i];
        }
    same = same && n == metrics->len;
    guint wanted = 0;
    for (int file = 0; file < FILES; file++)
        wanted += t->checkpoints[file] != 0;
    same = same && files->len == wanted;
    for (guint i = 0; same && i < wanted; i++) {
        const LkTaskCheckpoint *c = files->pdata[i];
        int file = 0;
        while (file < FILES - 1 && !same_text(c->path, lab->names[file]))
            file++;
        same = c->step == t->checkpoints[file] && c->best == (t->best == file + 1);
    }
    return same;
}

bool same_all(Lab *lab)
{
    for (int i = 0; i < PROJECTS; i++)
        if (lab->model.projects[i].there && !same_project(lab, i)) {
            tap_note("project %d differs", i);
            return false;
        }
    for (int i = 0; i < TASKS; i++)
        if (lab->model.tasks[i].there && !same_task(lab, &lab->model.tasks[i])) {
            tap_note("task %d differs", i);
            return false;
        }
    return same_list(lab);
}
