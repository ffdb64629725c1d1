/* Projects, sources, settings, views, presets and speeds. */
#include "project/outputs.h"
#include "project/pictures.h"
#include "project/presets.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/speeds.h"
#include "project/tasks.h"
#include "project/views.h"
#include "tests/project/fixture.h"

static gint64 add_source(Fixture *f, gint64 project, const char *path)
{
    const LkSourceRecord draft = {.project = project, .kind = LK_SOURCE_FOLDER, .path = (char *)path, .repeats = 3};
    gint64 id = lk_sources_add(f->store, &draft, &f->error);
    must(id, f->error, "add source");
    return id;
}

/** Adds one picture and returns its id. */
static gint64 add_picture(Fixture *f, gint64 project, gint64 source, const char *path, const char *caption)
{
    LkPictureRecord record = {.source = source, .path = path, .caption = caption, .size = 7, .sharpness = 0.5};
    must(lk_pictures_upsert(f->store, project, &record, 1, LK_PICTURE_ALL, &f->error), f->error, "upsert");
    return record.id;
}

/** The names of a list in one text. */
static char *names_of(GPtrArray *list)
{
    GString *names = g_string_new("");
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "", ((LkProjectRecord *)list->pdata[i])->name);
    g_ptr_array_unref(list);
    return g_string_free(names, FALSE);
}

static bool listed(Fixture *f, const char *live, const char *deleted)
{
    g_autofree char *a = names_of(lk_projects_list(f->store, NULL));
    g_autofree char *b = names_of(lk_projects_list_deleted(f->store, NULL));
    return same_text(a, live) && same_text(b, deleted);
}

static void test_fields(void)
{
    Fixture f = fixture_new();
    gint64 before = g_get_real_time();
    gint64 id = lk_projects_create(f.store, "Ü’s dog", "character", "/out/dog", &f.error);
    gint64 after = g_get_real_time();
    g_autoptr(LkProjectRecord) p = lk_projects_get(f.store, id, &f.error);
    tap_ok(p && p->id == id && same_text(p->name, "Ü’s dog") && same_text(p->goal, "character") &&
               same_text(p->folder, "/out/dog") && same_text(p->base_model, "") && same_text(p->family, "") &&
               same_text(p->trigger_word, "") && !p->cover && !p->deleted && p->created >= before &&
               p->created <= after && p->opened == p->created && !p->pictures && !p->tasks && !p->checkpoints,
           "a new project");

    static const struct {
        LkProjectField field;
        const char *value;
        size_t offset;
    } rows[] = {
        {LK_PROJECT_NAME, "cat", offsetof(LkProjectRecord, name)},
        {LK_PROJECT_FOLDER, "/out/\xff\xfe", offsetof(LkProjectRecord, folder)},
        {LK_PROJECT_GOAL, "concept", offsetof(LkProjectRecord, goal)},
        {LK_PROJECT_BASE_MODEL, "/m/sd.safetensors", offsetof(LkProjectRecord, base_model)},
        {LK_PROJECT_FAMILY, "SD 1.5", offsetof(LkProjectRecord, family)},
        {LK_PROJECT_TRIGGER_WORD, "sks", offsetof(LkProjectRecord, trigger_word)},
        {LK_PROJECT_COVER, "/p/1.png", offsetof(LkProjectRecord, cover)},
    };
    bool set = true;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        set = set && lk_projects_set(f.store, id, rows[i].field, rows[i].value, &f.error);
    fixture_reopen(&f);
    g_autoptr(LkProjectRecord) q = lk_projects_get(f.store, id, &f.error);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        set = set && same_text(G_STRUCT_MEMBER(char *, q, rows[i].offset), rows[i].value);
    tap_ok(set, "every field is kept, also a path that is no UTF-8");
    tap_ok(lk_projects_set(f.store, id, LK_PROJECT_COVER, NULL, &f.error) &&
               lk_projects_set(f.store, id, LK_PROJECT_TRIGGER_WORD, NULL, &f.error) &&
               lk_projects_rename(f.store, id, "cow", &f.error),
           "a cover and a text go away again");
    g_autoptr(LkProjectRecord) r = lk_projects_get(f.store, id, &f.error);
    tap_ok(!r->cover && same_text(r->trigger_word, "") && same_text(r->name, "cow"), "as set");

    tap_ok(!lk_projects_create(f.store, "", "style", "", &f.error), "an empty name");
    refused(&f.error, LK_ERROR_USAGE, "needs a name", "it");
    tap_ok(!lk_projects_create(f.store, "x", "world peace", "", &f.error), "an unknown goal");
    refused(&f.error, LK_ERROR_USAGE, "“world peace” is not a goal", "it");
    tap_ok(!lk_projects_rename(f.store, id, "", &f.error), "an empty name later");
    refused(&f.error, LK_ERROR_USAGE, "needs a name", "it");
    tap_ok(!lk_projects_get(f.store, 999, &f.error), "a project that is not there");
    refused(&f.error, LK_ERROR_USAGE, "not in the store any more", "it");
    tap_ok(!lk_projects_rename(f.store, 999, "x", NULL) && !lk_projects_touch(f.store, 999, NULL) &&
               !lk_projects_delete(f.store, 999, NULL) && !lk_projects_undelete(f.store, 999, NULL) &&
               !lk_projects_duplicate(f.store, 999, "x", "", &f.error),
           "nothing can be done with it");
    refused(&f.error, LK_ERROR_USAGE, "not in the store any more", "its copy");
    fixture_free(&f);
}

static void test_lists(void)
{
    Fixture f = fixture_new();
    gint64 a = lk_projects_create(f.store, "a", "style", "", NULL),
           b = lk_projects_create(f.store, "b", "style", "", NULL);
    gint64 c = lk_projects_create(f.store, "c", "style", "", NULL);
    tap_ok(listed(&f, "c b a", ""), "the newest first");
    lk_projects_touch(f.store, a, NULL);
    tap_ok(listed(&f, "a c b", ""), "the one opened last first");
    tap_ok(lk_projects_delete(f.store, c, NULL) && lk_projects_delete(f.store, a, NULL) && listed(&f, "b", "a c"),
           "deleted ones are in a list of their own");
    tap_ok(lk_projects_undelete(f.store, c, NULL) && listed(&f, "c b", "a"), "and come back");

    gint64 source = add_source(&f, a, "/pictures");
    add_picture(&f, a, source, "/pictures/1.png", "x");
    guint count = 9;
    tap_ok(lk_projects_purge(f.store, g_get_real_time() - G_USEC_PER_SEC * 60, &count, NULL) && count == 0 &&
               listed(&f, "c b", "a"),
           "a purge leaves what was deleted lately");
    tap_ok(lk_projects_purge(f.store, g_get_real_time() + 1, &count, NULL) && count == 1 && listed(&f, "c b", ""),
           "and removes what was deleted long ago");
    tap_ok(sql_number(f.store, "SELECT count(*) FROM source") == 0 &&
               sql_number(f.store, "SELECT count(*) FROM picture") == 0,
           "with all that belongs to it");
    gint64 d = lk_projects_create(f.store, "d", "style", "", NULL);
    tap_ok(d > c && b < c, "its number is not used again");
    fixture_free(&f);
}

static bool keep_copy(const LkPictureRecord *record, void *data)
{
    *(LkPictureRecord *)data = *record;
    ((LkPictureRecord *)data)->caption = g_strdup(record->caption);
    ((LkPictureRecord *)data)->mask = g_strdup(record->mask);
    return true;
}

static void test_duplicate(void)
{
    Fixture f = fixture_new();
    gint64 id = lk_projects_create(f.store, "dog", "character", "/out/dog", NULL);
    lk_projects_set(f.store, id, LK_PROJECT_TRIGGER_WORD, "sks", NULL);
    lk_projects_set(f.store, id, LK_PROJECT_BASE_MODEL, "/m", NULL);
    gint64 a = add_source(&f, id, "/a"), b = add_source(&f, id, "/b");
    gint64 one = add_picture(&f, id, a, "/a/1.png", "one"), two = add_picture(&f, id, b, "/b/2.png", "two");
    lk_pictures_set_excluded(f.store, &one, 1, true, NULL);
    lk_pictures_set_repeats(f.store, &two, 1, 5, NULL);
    lk_pictures_set_mask(f.store, &two, 1, "/b/mask.png", NULL);
    lk_settings_set(f.store, id, "network_dim", "16", NULL);
    lk_tasks_create(f.store, &(LkTaskRecord){.project = id}, NULL);

    gint64 copy = lk_projects_duplicate(f.store, id, "dog 2", "/out/dog2", &f.error);
    g_autoptr(LkProjectRecord) p = lk_projects_get(f.store, copy, &f.error);
    tap_ok(copy != id && same_text(p->name, "dog 2") && same_text(p->folder, "/out/dog2") &&
               same_text(p->goal, "character") && same_text(p->trigger_word, "sks") && same_text(p->base_model, "/m") &&
               p->pictures == 2 && p->tasks == 0,
           "a copy has the project's fields, and no tasks");
    g_autoptr(GPtrArray) sources = lk_sources_list(f.store, copy, NULL);
    LkSourceRecord *first = sources->pdata[0], *last = sources->pdata[1];
    tap_ok(sources->len == 2 && same_text(first->path, "/a") && same_text(last->path, "/b") && last->repeats == 3 &&
               first->id != a && first->pictures == 1 && last->pictures == 1,
           "its sources");
    LkPictureRecord seen;
    lk_pictures_find(f.store, copy, "/b/2.png", keep_copy, &seen, NULL, NULL);
    tap_ok(seen.source == last->id && seen.repeats == 5 && !seen.excluded && same_text(seen.caption, "two") &&
               same_text(seen.mask, "/b/mask.png") && seen.size == 7 && seen.sharpness == 0.5,
           "its pictures with captions and choices, each in its own source");
    g_free((char *)seen.caption);
    g_free((char *)seen.mask);
    g_autofree char *value = NULL;
    lk_settings_get(f.store, copy, "network_dim", &value, NULL);
    tap_ok(same_text(value, "16"), "its settings");
    lk_settings_set(f.store, copy, "network_dim", "32", NULL);
    lk_sources_remove(f.store, first->id, NULL);
    g_autofree char *old = NULL;
    lk_settings_get(f.store, id, "network_dim", &old, NULL);
    guint all, excluded;
    lk_pictures_count(f.store, id, &all, &excluded, NULL);
    tap_ok(same_text(old, "16") && all == 2 && excluded == 1, "what is done to the copy leaves the first");
    fixture_free(&f);
}

static void test_counts(void)
{
    Fixture f = fixture_new();
    gint64 id = lk_projects_create(f.store, "a", "style", "", NULL), source = add_source(&f, id, "/a");
    add_picture(&f, id, source, "/a/1", NULL);
    add_picture(&f, id, source, "/a/2", NULL);
    gint64 one = lk_tasks_create(f.store, &(LkTaskRecord){.project = id}, NULL);
    gint64 two = lk_tasks_create(f.store, &(LkTaskRecord){.project = id}, NULL);
    for (int i = 0; i < 3; i++) {
        g_autofree char *path = g_strdup_printf("/out/%d", i);
        lk_task_checkpoints_add(f.store, &(LkTaskCheckpoint){.task = i ? one : two, .path = path}, &f.error);
    }
    g_autoptr(LkProjectRecord) p = lk_projects_get(f.store, id, NULL);
    tap_ok(p->pictures == 2 && p->tasks == 2 && p->checkpoints == 3, "pictures, tasks and checkpoints are counted");
    lk_tasks_delete(f.store, one, &f.error);
    g_autoptr(LkProjectRecord) q = lk_projects_get(f.store, id, NULL);
    tap_ok(q->tasks == 1 && q->checkpoints == 1, "but not those of deleted tasks");
    fixture_free(&f);
}

static void test_sources(void)
{
    Fixture f = fixture_new();
    gint64 id = lk_projects_create(f.store, "a", "style", "", NULL);
    LkSourceRecord draft = {.project = id, .kind = LK_SOURCE_FILE, .path = (char *)"/x/1.png", .regularisation = true};
    gint64 file = lk_sources_add(f.store, &draft, &f.error), folder = add_source(&f, id, "/x/");
    g_autoptr(LkSourceRecord) s = lk_sources_get(f.store, file, &f.error);
    tap_ok(s->id == file && s->project == id && s->kind == LK_SOURCE_FILE && same_text(s->path, "/x/1.png") &&
               s->regularisation && !s->recursive && s->repeats == 1 && s->added && !s->pictures,
           "a file as a source; its repeats are at least one");
    tap_ok(lk_sources_set_repeats(f.store, folder, 12, &f.error) &&
               lk_sources_set_recursive(f.store, folder, true, &f.error) &&
               lk_sources_set_regularisation(f.store, folder, true, &f.error),
           "a source is changed");
    g_autoptr(LkSourceRecord) t = lk_sources_get(f.store, folder, &f.error);
    tap_ok(t->repeats == 12 && t->recursive && t->regularisation && same_text(t->path, "/x"), "as set");
    g_autoptr(GPtrArray) list = lk_sources_list(f.store, id, &f.error);
    tap_ok(list->len == 2 && ((LkSourceRecord *)list->pdata[0])->id == file, "in the order they were added");

    tap_ok(!lk_sources_add(f.store, &draft, &f.error), "a path twice");
    refused(&f.error, LK_ERROR_USAGE, "“/x/1.png” belongs to this project already", "it");
    draft.path = (char *)"/";
    tap_ok(!lk_sources_add(f.store, &draft, &f.error), "the whole disk");
    refused(&f.error, LK_ERROR_USAGE, "not all of the disk", "it");
    draft = (LkSourceRecord){.project = 999, .path = (char *)"/y"};
    tap_ok(!lk_sources_add(f.store, &draft, &f.error), "a source of no project");
    refused(&f.error, LK_ERROR_USAGE, "not in “", "it");
    tap_ok(!lk_sources_set_repeats(f.store, file, 0, &f.error), "no repeats");
    refused(&f.error, LK_ERROR_USAGE, "at least 1", "it");
    tap_ok(!lk_sources_get(f.store, 999, NULL) && !lk_sources_remove(f.store, 999, NULL) &&
               !lk_sources_set_recursive(f.store, 999, true, NULL) &&
               !lk_sources_relocate(f.store, 999, "/q", &f.error),
           "a source that is not there");
    refused(&f.error, LK_ERROR_USAGE, "does not belong to the project any more", "it");
    fixture_free(&f);
}

static bool collect_path(const LkPictureRecord *record, void *data)
{
    g_string_append_printf(data, "%s%s ", record->path, record->mask ? record->mask : "");
    return true;
}

static void test_relocate(void)
{
    Fixture f = fixture_new();
    gint64 id = lk_projects_create(f.store, "a", "style", "", NULL);
    gint64 source = add_source(&f, id, "/x"), other = add_source(&f, id, "/xx");
    /* /x → /x/b makes /x/1 the old name of another row, and the second file name is no UTF-8 */
    gint64 one = add_picture(&f, id, source, "/x/1", "c");
    add_picture(&f, id, source, "/x/b/1", NULL);
    add_picture(&f, id, source, "/x/\xe9", NULL);
    add_picture(&f, id, other, "/xx/1", NULL);
    lk_pictures_set_mask(f.store, &one, 1, "/x/m", NULL);
    lk_projects_set(f.store, id, LK_PROJECT_COVER, "/x/1", NULL);
    tap_ok(lk_sources_relocate(f.store, source, "/x/b/", &f.error), "a folder is found elsewhere");
    g_autoptr(GString) paths = g_string_new("");
    lk_pictures_each(f.store, id, collect_path, paths, NULL);
    tap_ok(same_text(paths->str, "/x/b/1/x/b/m /x/b/b/1 /x/b/\xe9 /xx/1 "), "its pictures and masks go along");
    g_autoptr(LkProjectRecord) p = lk_projects_get(f.store, id, NULL);
    g_autoptr(LkSourceRecord) s = lk_sources_get(f.store, source, NULL);
    tap_ok(same_text(p->cover, "/x/b/1") && same_text(s->path, "/x/b") && s->pictures == 3, "and the cover");
    tap_ok(!lk_sources_relocate(f.store, source, "/xx", &f.error), "not to where another source is");
    refused(&f.error, LK_ERROR_USAGE, "belongs to this project already", "it");
    gint64 third = add_source(&f, id, "/y");
    add_picture(&f, id, third, "/z/b/1", NULL); /* where /x/b/b/1 would go */
    tap_ok(!lk_sources_relocate(f.store, source, "/z", &f.error), "nor to where pictures of another source are");
    refused(&f.error, LK_ERROR_USAGE, "Pictures in “/z” belong to this project already", "it");
    g_string_set_size(paths, 0);
    lk_pictures_each(f.store, id, collect_path, paths, NULL);
    tap_ok(same_text(paths->str, "/x/b/1/x/b/m /x/b/b/1 /x/b/\xe9 /xx/1 /z/b/1 "), "and all are where they were");
    tap_ok(lk_sources_relocate(f.store, other, "/xx", &f.error), "to where it is already");
    lk_projects_set(f.store, id, LK_PROJECT_COVER, "/xx/1", NULL);
    tap_ok(lk_sources_relocate(f.store, third, "/yy", &f.error) &&
               lk_sources_relocate(f.store, source, "/x", &f.error) &&
               lk_sources_relocate(f.store, source, "/w", &f.error),
           "to and fro");
    g_autoptr(LkProjectRecord) q = lk_projects_get(f.store, id, NULL);
    tap_ok(same_text(q->cover, "/xx/1"), "a path that only begins with the same letters stays");
    tap_ok(lk_sources_remove(f.store, source, &f.error), "a source goes");
    guint all;
    lk_pictures_count(f.store, id, &all, NULL, NULL);
    tap_ok(all == 2, "with its pictures");
    fixture_free(&f);
}

static bool has(GHashTable *values, guint size, const char *key, const char *value)
{
    return values && g_hash_table_size(values) == size && same_text(g_hash_table_lookup(values, key), value);
}

static void test_settings(void)
{
    Fixture f = fixture_new();
    gint64 a = lk_projects_create(f.store, "a", "style", "", NULL),
           b = lk_projects_create(f.store, "b", "style", "", NULL);
    tap_ok(lk_settings_set(f.store, a, "lr", "1e-4", &f.error) && lk_settings_set(f.store, a, "lr", "2e-4", &f.error) &&
               lk_settings_set(f.store, a, "empty", "", &f.error) && lk_settings_set(f.store, b, "lr", "9", &f.error),
           "set, set again, set to nothing");
    g_autoptr(GHashTable) all = lk_settings_get_all(f.store, a, &f.error);
    tap_ok(has(all, 2, "lr", "2e-4") && has(all, 2, "empty", ""), "get all of one project");
    g_autofree char *value = NULL, *none = (char *)"x";
    lk_settings_get(f.store, a, "lr", &value, &f.error);
    tap_ok(same_text(value, "2e-4") && lk_settings_get(f.store, a, "other", &none, &f.error) && !none, "get one");
    tap_ok(lk_settings_set(f.store, a, "empty", NULL, &f.error) && lk_settings_unset(f.store, a, "nothing", &f.error),
           "unset");
    g_autoptr(GHashTable) many = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(many, (char *)"lr", NULL);
    g_hash_table_insert(many, (char *)"dim", (char *)"8");
    g_hash_table_insert(many, (char *)"alpha", (char *)"4");
    lk_settings_set(f.store, a, "stays", "1", NULL);
    tap_ok(lk_settings_set_many(f.store, a, many, &f.error), "many at once");
    g_autoptr(GHashTable) then = lk_settings_get_all(f.store, a, NULL);
    tap_ok(has(then, 3, "dim", "8") && has(then, 3, "stays", "1") && has(then, 3, "lr", NULL),
           "set and unset, others stay");
    tap_ok(lk_settings_replace(f.store, a, many, &f.error), "replace");
    g_autoptr(GHashTable) last = lk_settings_get_all(f.store, a, NULL), theirs = lk_settings_get_all(f.store, b, NULL);
    tap_ok(has(last, 2, "alpha", "4") && has(last, 2, "dim", "8") && has(theirs, 1, "lr", "9"),
           "they are the only ones, and other projects' stay");
    tap_ok(!lk_settings_set(f.store, 999, "lr", "1", &f.error), "of no project");
    refused(&f.error, LK_ERROR_USAGE, "not in “", "it");

    tap_ok(lk_views_set(f.store, a, "page", "dataset", &f.error) &&
               lk_views_set(f.store, a, "sort", "name", &f.error) && lk_views_set(f.store, a, "sort", NULL, &f.error),
           "a project remembers where one was");
    g_autoptr(GHashTable) view = lk_views_get_all(f.store, a, &f.error);
    tap_ok(has(view, 1, "page", "dataset"), "apart from its settings");
    fixture_free(&f);
}

static void test_presets(void)
{
    Fixture f = fixture_new();
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(values, (char *)"dim", (char *)"8");
    g_hash_table_insert(values, (char *)"lr", (char *)"1e-4");
    gint64 z = lk_presets_save(f.store, 0, "Zebra", "stripes", values, &f.error);
    g_hash_table_remove(values, "lr");
    gint64 a = lk_presets_save(f.store, 0, "ant", NULL, values, &f.error);
    g_hash_table_remove(values, "dim");
    gint64 e = lk_presets_save(f.store, 0, "Empty", "", values, &f.error);
    g_autoptr(GPtrArray) list = lk_presets_list(f.store, &f.error);
    LkPresetRecord *first = list->pdata[0], *second = list->pdata[1], *third = list->pdata[2];
    tap_ok(list->len == 3 && first->id == a && second->id == e && third->id == z, "listed by name, whatever the case");
    tap_ok(same_text(third->name, "Zebra") && same_text(third->purpose, "stripes") &&
               has(third->values, 2, "lr", "1e-4") && has(first->values, 1, "dim", "8") &&
               same_text(first->purpose, "") && g_hash_table_size(second->values) == 0 && third->created &&
               third->changed == third->created,
           "each with its values");
    tap_ok(!lk_presets_save(f.store, 0, "ZEBRA", "", values, &f.error), "a name that is taken");
    refused(&f.error, LK_ERROR_USAGE, "already a preset named “ZEBRA”", "it");
    tap_ok(!lk_presets_rename(f.store, a, "zebra", &f.error), "a new name that is taken");
    refused(&f.error, LK_ERROR_USAGE, "already a preset named “zebra”", "it");
    tap_ok(!lk_presets_save(f.store, 0, "", "", values, &f.error) && !lk_presets_rename(f.store, a, NULL, NULL),
           "no name");
    refused(&f.error, LK_ERROR_USAGE, "needs a name", "it");
    g_hash_table_insert(values, (char *)"new", (char *)"1");
    tap_ok(lk_presets_save(f.store, z, "zebra", "dots", values, &f.error) == z, "one is saved over");
    LkPresetRecord *found = NULL;
    tap_ok(lk_presets_find(f.store, "ZEBRA", &found, &f.error) && found && found->id == z &&
               has(found->values, 1, "new", "1") && same_text(found->purpose, "dots") &&
               same_text(found->name, "zebra"),
           "and found by name");
    lk_preset_record_free(found);
    tap_ok(lk_presets_find(f.store, "no such", &found, &f.error) && !found, "another is not");
    tap_ok(lk_presets_rename(f.store, a, "Bee", &f.error) && lk_presets_delete(f.store, z, &f.error),
           "renamed, deleted");
    tap_ok(sql_number(f.store, "SELECT count(*) FROM preset_value") == 1, "values go with it");
    tap_ok(!lk_presets_delete(f.store, z, NULL) && !lk_presets_rename(f.store, z, "x", NULL) &&
               !lk_presets_save(f.store, z, "x", "", values, &f.error),
           "what is gone is gone");
    refused(&f.error, LK_ERROR_USAGE, "deleted in the meantime", "saving over it");
    fixture_free(&f);
}

static void test_speeds(void)
{
    Fixture f = fixture_new();
    LkSpeed speed;
    bool found = true;
    tap_ok(lk_speeds_find(f.store, "H100", "sd15 512", &speed, &found, &f.error) && !found,
           "nothing is known at first");
    tap_ok(lk_speeds_store(f.store, "H100", "sd15 512", 0.25, 20, &f.error) &&
               lk_speeds_store(f.store, "H100", "sd15 512", 0.125, 40, &f.error) &&
               lk_speeds_store(f.store, "CPU", "sd15 512", 9, 3, &f.error),
           "measured twice");
    tap_ok(lk_speeds_find(f.store, "H100", "sd15 512", &speed, &found, &f.error) && found &&
               speed.seconds_per_step == 0.125 && speed.steps == 40 && speed.measured,
           "the last one counts");
    tap_ok(!lk_speeds_store(f.store, "H100", "x", 0, 1, NULL) && !lk_speeds_store(f.store, "H100", "x", -1, 1, NULL) &&
               !lk_speeds_store(f.store, "H100", "x", 0.0 / 0.0, 1, &f.error),
           "no time is no speed");
    refused(&f.error, LK_ERROR_USAGE, "more than no time", "it");
    fixture_free(&f);
}

int main(void)
{
    test_fields();
    test_lists();
    test_duplicate();
    test_counts();
    test_sources();
    test_relocate();
    test_settings();
    test_presets();
    test_speeds();
    return tap_done();
}
