/* Thousands of random operations on a store and on a plain model beside it; both must hold the same at any time. */
#include "project/history.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/pictures.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/tasks.h"
#include "tests/project/random_lab.h"

#include <math.h>

static int some_text(Lab *lab)
{
    return 1 + pick(lab, 40);
}

/** A random project that is there, or NULL. */
static ModelProject *some_project(Lab *lab)
{
    ModelProject *p = &lab->model.projects[pick(lab, PROJECTS)];
    return p->there ? p : NULL;
}

static ModelTask *some_task(Lab *lab)
{
    ModelTask *t = &lab->model.tasks[pick(lab, TASKS)];
    return t->there ? t : NULL;
}

/* Operations: each does the same to both and returns what the store answered. */

static bool create_project(Lab *lab)
{
    ModelProject *p = &lab->model.projects[pick(lab, PROJECTS)];
    if (p->there)
        return true;
    *p = (ModelProject){.there = true, .name = some_text(lab), .opened = ++lab->model.clock};
    p->id = lk_projects_create(lab->f.store, text(lab, p->name), "style", "", &lab->f.error);
    return p->id;
}

static bool change_project(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    switch (pick(lab, 5)) {
    case 0:
        p->name = some_text(lab);
        return lk_projects_rename(lab->f.store, p->id, text(lab, p->name), &lab->f.error);
    case 1:
        p->trigger = some_text(lab);
        return lk_projects_set(lab->f.store, p->id, LK_PROJECT_TRIGGER_WORD, text(lab, p->trigger), &lab->f.error);
    case 2:
        p->opened = ++lab->model.clock;
        g_usleep(2); /* so that the store's clock goes on too */
        return lk_projects_touch(lab->f.store, p->id, &lab->f.error);
    case 3:
        p->deleted = true;
        return lk_projects_delete(lab->f.store, p->id, &lab->f.error);
    default:
        p->deleted = false;
        return lk_projects_undelete(lab->f.store, p->id, &lab->f.error);
    }
}

static bool purge_projects(Lab *lab)
{
    guint count = 0, wanted = 0;
    if (pick(lab, 8))
        return true;
    for (int i = 0; i < PROJECTS; i++) {
        ModelProject *p = &lab->model.projects[i];
        if (!p->there || !p->deleted)
            continue;
        wanted++;
        *p = (ModelProject){0};
        for (int t = 0; t < TASKS; t++)
            if (lab->model.tasks[t].project == i)
                lab->model.tasks[t] = (ModelTask){0};
    }
    return lk_projects_purge(lab->f.store, G_MAXINT64, &count, &lab->f.error) && count == wanted;
}

static bool duplicate_project(Lab *lab)
{
    ModelProject *p = some_project(lab), *copy = &lab->model.projects[pick(lab, PROJECTS)];
    if (!p || copy->there)
        return true;
    *copy = *p;
    copy->deleted = false;
    copy->name = some_text(lab);
    copy->opened = ++lab->model.clock;
    copy->step_count = copy->done = copy->tasks_made = 0;
    copy->id = lk_projects_duplicate(lab->f.store, p->id, text(lab, copy->name), "", &lab->f.error);
    g_autoptr(GPtrArray) list = lk_sources_list(lab->f.store, copy->id, &lab->f.error);
    for (guint i = 0; list && i < list->len; i++) {
        const LkSourceRecord *s = list->pdata[i];
        copy->sources[s->path[2] - '0'].id = s->id;
    }
    return copy->id;
}

static bool change_source(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    int which = pick(lab, SOURCES);
    ModelSource *s = &p->sources[which];
    char path[8];
    g_snprintf(path, sizeof path, "/s%d", which);
    if (!s->there) {
        *s = (ModelSource){.there = true, .repeats = 1 + pick(lab, 9)};
        s->id = lk_sources_add(
            lab->f.store,
            &(LkSourceRecord){.project = p->id, .path = path, .repeats = (guint)s->repeats, .kind = LK_SOURCE_FILE},
            &lab->f.error);
        return s->id;
    }
    switch (pick(lab, 4)) {
    case 0:
        s->repeats = 1 + pick(lab, 9);
        return lk_sources_set_repeats(lab->f.store, s->id, (guint)s->repeats, &lab->f.error);
    case 1:
        s->recursive = pick(lab, 2);
        return lk_sources_set_recursive(lab->f.store, s->id, s->recursive, &lab->f.error);
    case 2:
        s->regularisation = pick(lab, 2);
        return lk_sources_set_regularisation(lab->f.store, s->id, s->regularisation, &lab->f.error);
    default:
        s->there = false;
        for (int i = 0; i < PATHS; i++)
            if (p->pictures[i].there && p->pictures[i].source == which)
                p->pictures[i].there = false;
        return lk_sources_remove(lab->f.store, s->id, &lab->f.error);
    }
}

static bool take_id(const LkPictureRecord *record, void *data)
{
    *(gint64 *)data = record->id;
    return true;
}

static gint64 picture_id(Lab *lab, ModelProject *p, int path)
{
    gint64 id = 0;
    lk_pictures_find(lab->f.store, p->id, lab->names[path], take_id, &id, NULL, NULL);
    return id;
}

static bool upsert_pictures(Lab *lab)
{
    ModelProject *p = some_project(lab);
    int which = pick(lab, SOURCES);
    if (!p || !p->sources[which].there)
        return true;
    LkPictureRecord records[PATHS];
    LkPictureFields fields = (LkPictureFields)pick(lab, LK_PICTURE_ALL + 1);
    int count = pick(lab, PATHS);
    for (int i = 0; i < count; i++) {
        int path = pick(lab, PATHS);
        ModelPicture *m = &p->pictures[path], new = {.there = true,
                                                     .source = which,
                                                     .size = g_rand_int(lab->random),
                                                     .caption = pick(lab, 9),
                                                     .repeats = pick(lab, 9),
                                                     .excluded = pick(lab, 2),
                                                     .mask = pick(lab, 9),
                                                     .thumbnail = pick(lab, 9),
                                                     .removed = pick(lab, 4) == 0,
                                                     .look = pick(lab, 9)};
        records[i] = (LkPictureRecord){.source = p->sources[which].id,
                                       .path = lab->names[path],
                                       .size = new.size,
                                       .sharpness = NAN,
                                       .caption = text(lab, new.caption),
                                       .repeats = (guint) new.repeats,
                                       .excluded = new.excluded,
                                       .mask = text(lab, new.mask),
                                       .thumbnail = text(lab, new.thumbnail),
                                       .removed = new.removed,
                                       .look = text(lab, new.look)};
        LkPictureFields set = m->there ? fields : LK_PICTURE_ALL;
        m->there = true;
        m->source = which;
        m->size = set & LK_PICTURE_FACTS ? new.size : m->size;
        m->look = set & LK_PICTURE_FACTS ? new.look : m->look;
        m->caption = set & LK_PICTURE_CAPTION ? new.caption : m->caption;
        m->thumbnail = set & LK_PICTURE_THUMBNAIL ? new.thumbnail : m->thumbnail;
        if (set & LK_PICTURE_CHOICES)
            m->repeats = new.repeats, m->excluded = new.excluded, m->mask = new.mask, m->removed = new.removed;
    }
    return lk_pictures_upsert(lab->f.store, p->id, records, (gsize)count, fields, &lab->f.error);
}

static bool change_pictures(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    gint64 ids[PATHS];
    LkPictureCaption captions[PATHS];
    int what = pick(lab, 6), value = pick(lab, 9), count = 0;
    for (int i = 0; i < PATHS; i++) {
        ModelPicture *m = &p->pictures[i];
        if (!m->there || pick(lab, 2))
            continue;
        ids[count] = picture_id(lab, p, i);
        captions[count] = (LkPictureCaption){.id = ids[count], .text = text(lab, value)};
        count++;
        m->caption = what == 0 ? value : m->caption;
        m->excluded = what == 1 ? value % 2 : m->excluded;
        m->repeats = what == 2 ? value : m->repeats;
        m->mask = what == 3 ? value : m->mask;
        m->removed = what == 5 ? value % 2 : m->removed;
        m->there = what != 4;
    }
    LkStore *store = lab->f.store;
    GError **error = &lab->f.error;
    return what == 0   ? lk_pictures_set_captions(store, captions, (gsize)count, error)
           : what == 1 ? lk_pictures_set_excluded(store, ids, (gsize)count, value % 2, error)
           : what == 2 ? lk_pictures_set_repeats(store, ids, (gsize)count, (guint)value, error)
           : what == 3 ? lk_pictures_set_mask(store, ids, (gsize)count, text(lab, value), error)
           : what == 5 ? lk_pictures_set_removed(store, ids, (gsize)count, value % 2, error)
                       : lk_pictures_remove(store, ids, (gsize)count, error);
}

static bool change_settings(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    int what = pick(lab, 3), key = pick(lab, KEYS);
    if (what == 0) {
        p->settings[key] = pick(lab, 9);
        return lk_settings_set(lab->f.store, p->id, lab->names[key], text(lab, p->settings[key]), &lab->f.error);
    }
    if (what == 2)
        memset(p->settings, 0, sizeof p->settings);
    for (int i = 0; i < 3; i++) {
        key = pick(lab, KEYS);
        p->settings[key] = pick(lab, 9);
        g_hash_table_insert(values, lab->names[key], (char *)text(lab, p->settings[key]));
    }
    return what == 1 ? lk_settings_set_many(lab->f.store, p->id, values, &lab->f.error)
                     : lk_settings_replace(lab->f.store, p->id, values, &lab->f.error);
}

static bool append_step(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p || p->done == STEPS)
        return true;
    ModelStep *step = &p->steps[p->done++];
    p->step_count = p->done;
    *step = (ModelStep){.label = some_text(lab), .count = pick(lab, CHANGES + 1)};
    LkHistoryChange changes[CHANGES];
    for (int i = 0; i < step->count; i++) {
        int *c = step->changes[i];
        c[0] = some_text(lab), c[1] = pick(lab, 9), c[2] = pick(lab, 9);
        changes[i] = (LkHistoryChange){lab->texts[c[0]], (char *)"f", (char *)text(lab, c[1]), (char *)text(lab, c[2])};
    }
    return lk_history_append(lab->f.store, p->id, text(lab, step->label), changes, (gsize)step->count, &lab->f.error);
}

static bool move_history(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    bool undo = pick(lab, 2), can = undo ? p->done > 0 : p->done < p->step_count;
    if (can)
        p->done += undo ? -1 : 1;
    bool did = lk_history_move(lab->f.store, p->id, undo ? LK_HISTORY_UNDO : LK_HISTORY_REDO, &lab->f.error);
    if (!did && !can)
        g_clear_error(&lab->f.error);
    return did == can;
}

static bool prune_history(Lab *lab)
{
    ModelProject *p = some_project(lab);
    if (!p)
        return true;
    int keep = pick(lab, STEPS);
    for (; p->step_count > keep && p->done > 0; p->done--, p->step_count--)
        memmove(&p->steps[0], &p->steps[1], sizeof(ModelStep) * (STEPS - 1));
    p->step_count = MIN(p->step_count, keep);
    return lk_history_prune(lab->f.store, p->id, (guint)keep, &lab->f.error);
}

static bool create_task(Lab *lab)
{
    int project = pick(lab, PROJECTS);
    ModelTask *t = &lab->model.tasks[pick(lab, TASKS)];
    ModelProject *p = &lab->model.projects[project];
    if (!p->there || t->there)
        return true;
    *t = (ModelTask){.there = true,
                     .project = project,
                     .number = ++p->tasks_made,
                     .place = ++lab->model.last_place,
                     .note = some_text(lab)};
    t->id =
        lk_tasks_create(lab->f.store, &(LkTaskRecord){.project = p->id, .note = lab->texts[t->note]}, &lab->f.error);
    return t->id;
}

static bool change_task(Lab *lab)
{
    ModelTask *t = some_task(lab);
    if (!t)
        return true;
    LkStore *store = lab->f.store;
    bool active = lk_task_state_is_active((LkTaskState)t->state);
    switch (pick(lab, 7)) {
    case 0:
    case 1: {
        int state = pick(lab, LK_TASK_STATES);
        if (state == LK_TASK_QUEUED && t->state != LK_TASK_QUEUED)
            t->place = ++lab->model.last_place;
        t->state = state;
        return lk_tasks_set_state(store, t->id, (LkTaskState)state, NULL, &lab->f.error);
    }
    case 2:
        t->step = pick(lab, 1000);
        return lk_tasks_set_progress(store, t->id, t->step, 1, 1, &lab->f.error);
    case 3:
        t->note = some_text(lab);
        return lk_tasks_set(store, t->id, LK_TASK_NOTE, text(lab, t->note), &lab->f.error);
    case 4: {
        t->deleted = t->deleted || !active;
        bool did = lk_tasks_delete(store, t->id, &lab->f.error);
        if (!did && active)
            g_clear_error(&lab->f.error);
        return did == !active;
    }
    case 5:
        t->deleted = false;
        return lk_tasks_undelete(store, t->id, &lab->f.error);
    default: {
        /* Named ones get places before all others, in their order. */
        gint64 ids[TASKS], least = 0, count = 0;
        ModelTask *named[TASKS];
        for (int i = 0; i < TASKS; i++) {
            ModelTask *u = &lab->model.tasks[(i * 5 + 3) % TASKS];
            least = u->there ? MIN(least, u->place) : least;
            if (u->there && pick(lab, 2)) {
                named[count] = u;
                ids[count++] = u->id;
            }
        }
        for (gint64 i = 0; i < count; i++)
            if (named[i]->state == LK_TASK_QUEUED)
                named[i]->place = least - count + i;
        return lk_tasks_reorder(store, ids, (gsize)count, &lab->f.error);
    }
    }
}

static bool sweep_tasks(Lab *lab)
{
    guint count = 0, wanted = 0;
    if (pick(lab, 6))
        return true;
    bool purge = pick(lab, 2);
    for (int i = 0; i < TASKS; i++) {
        ModelTask *t = &lab->model.tasks[i];
        if (!t->there || (purge ? !t->deleted : !lk_task_state_is_active((LkTaskState)t->state)))
            continue;
        wanted++;
        if (purge)
            *t = (ModelTask){0};
        else
            t->state = LK_TASK_INTERRUPTED;
    }
    return (purge ? lk_tasks_purge(lab->f.store, G_MAXINT64, &count, &lab->f.error)
                  : lk_tasks_interrupt_active(lab->f.store, &count, &lab->f.error)) &&
           count == wanted;
}

static bool tell_of_task(Lab *lab)
{
    ModelTask *t = some_task(lab);
    if (!t)
        return true;
    LkStore *store = lab->f.store;
    int first = pick(lab, METRICS), count = pick(lab, METRICS - first);
    switch (pick(lab, 5)) {
    case 0: {
        LkTaskMetric metrics[METRICS];
        for (int i = 0; i < count; i++) {
            t->metrics[first + i] = 1 + g_rand_double(lab->random);
            metrics[i] = (LkTaskMetric){.step = first + i + 1, .loss = t->metrics[first + i]};
        }
        return lk_task_metrics_append(store, t->id, metrics, (gsize)count, &lab->f.error);
    }
    case 1:
        for (int i = first; i < METRICS; i++)
            t->metrics[i] = 0;
        return lk_task_metrics_cut(store, t->id, first, &lab->f.error);
    case 2: {
        LkTaskLogLine lines[2] = {{.text = lab->texts[1 + t->log % 40]}, {.text = lab->texts[1 + (t->log + 1) % 40]}};
        t->log += 2;
        return lk_task_log_append(store, t->id, lines, 2, &lab->f.error);
    }
    case 3: {
        int file = pick(lab, FILES);
        t->checkpoints[file] = 1 + pick(lab, 100);
        t->best = t->best == file + 1 ? 0 : t->best;
        return lk_task_checkpoints_add(
            store, &(LkTaskCheckpoint){.task = t->id, .path = lab->names[file], .step = t->checkpoints[file]},
            &lab->f.error);
    }
    default: {
        int file = pick(lab, FILES);
        g_autoptr(GPtrArray) list = lk_task_checkpoints_list(store, t->id, &lab->f.error);
        for (guint i = 0; list && i < list->len; i++) {
            const LkTaskCheckpoint *c = list->pdata[i];
            if (!same_text(c->path, lab->names[file]))
                continue;
            if (pick(lab, 3) == 0) {
                t->checkpoints[file] = 0;
                t->best = t->best == file + 1 ? 0 : t->best;
                return lk_task_checkpoints_remove(store, c->id, &lab->f.error);
            }
            t->best = file + 1;
            return lk_task_checkpoints_set_best(store, t->id, c->id, &lab->f.error);
        }
        return list;
    }
    }
}

static const struct {
    const char *name;
    bool (*run)(Lab *lab);
} operations[] = {
    {"create project", create_project},   {"change project", change_project},
    {"purge projects", purge_projects},   {"duplicate project", duplicate_project},
    {"change source", change_source},     {"upsert pictures", upsert_pictures},
    {"change pictures", change_pictures}, {"change settings", change_settings},
    {"append step", append_step},         {"move history", move_history},
    {"prune history", prune_history},     {"create task", create_task},
    {"change task", change_task},         {"sweep tasks", sweep_tasks},
    {"tell of task", tell_of_task},
};

/** One operation, or several in a transaction that is kept or undone; the store may be opened anew before. */
static bool one_turn(Lab *lab, int *done)
{
    if (pick(lab, 100) == 0)
        fixture_reopen(&lab->f);
    const int kind = pick(lab, 10), count = kind < 7 ? 1 : 1 + pick(lab, 6);
    const Model before = lab->model;
    if (kind >= 7 && !lk_store_begin(lab->f.store, &lab->f.error))
        return false;
    for (int i = 0; i < count; i++, ++*done) {
        int which = pick(lab, G_N_ELEMENTS(operations));
        if (!operations[which].run(lab)) {
            tap_note("%s: %s", operations[which].name, lab->f.error ? lab->f.error->message : "another answer");
            return false;
        }
    }
    if (kind < 7)
        return true;
    if (kind == 7) {
        lk_store_rollback(lab->f.store);
        lab->model = before;
        return true;
    }
    return lk_store_commit(lab->f.store, &lab->f.error);
}

int main(void)
{
    for (guint32 seed = 1; seed <= 4; seed++) {
        Lab lab = {.f = fixture_new(), .random = g_rand_new_with_seed(seed)};
        for (int i = 0; i < 64; i++) {
            g_snprintf(lab.texts[i], sizeof lab.texts[i], "t%d", i);
            g_snprintf(lab.names[i], sizeof lab.names[i], "/x/%d ü'\"%%_\xff", i);
        }
        int done = 0, turns = 0;
        bool same = true;
        for (; same && done < 1500; turns++) {
            same = one_turn(&lab, &done);
            if (same && turns % 3 == 0)
                same = same_all(&lab);
        }
        tap_ok(same && same_all(&lab) && lk_store_check(lab.f.store, &lab.f.error),
               "seed %u: store and model agree all through %d operations", seed, done);
        g_rand_free(lab.random);
        fixture_free(&lab.f);
    }
    return tap_done();
}
