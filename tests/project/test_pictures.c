/* The rows of pictures, and undo history. */
#include "project/history.h"
#include "project/pictures.h"
#include "project/projects.h"
#include "project/sources.h"
#include "tests/project/fixture.h"

#include <math.h>

typedef struct Lab {
    Fixture f;
    gint64 project, source;
} Lab;

static Lab lab_new(void)
{
    Lab lab = {.f = fixture_new()};
    lab.project = lk_projects_create(lab.f.store, "p", "style", "", NULL);
    lab.source =
        lk_sources_add(lab.f.store, &(LkSourceRecord){.project = lab.project, .path = (char *)"/p"}, &lab.f.error);
    must(lab.source, lab.f.error, "source");
    return lab;
}

/** A picture in which every field has a value of its own. */
static LkPictureRecord full_record(gint64 source, const char *path)
{
    return (LkPictureRecord){
        .source = source,
        .path = path,
        .size = G_MAXINT64,
        .mtime_ns = -5,
        .width = 640,
        .height = 384,
        .hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .has_perceptual = true,
        .perceptual = G_MININT64,
        .sharpness = 0.1,
        .flags = 0xffffffff,
        .decode_error = "It ends too early.",
        .caption = "ein Hund, 犬\nzweite Zeile",
        .caption_mtime_ns = 1700000000123456789,
        .caption_state = LK_PICTURE_CAPTION_UNREADABLE,
        .repeats = 4000000000,
        .excluded = true,
        .mask = "/p/m\xff.png",
        .thumbnail = "ab12",
        .look = "q83v",
        .removed = true,
    };
}

static bool same_picture(const LkPictureRecord *a, const LkPictureRecord *b)
{
    return a->id == b->id && a->source == b->source && same_text(a->path, b->path) && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->width == b->width && a->height == b->height &&
           same_text(a->hash, b->hash) && a->has_perceptual == b->has_perceptual &&
           (!a->has_perceptual || a->perceptual == b->perceptual) &&
           (a->sharpness == b->sharpness || (isnan(a->sharpness) && isnan(b->sharpness))) && a->flags == b->flags &&
           same_text(a->decode_error, b->decode_error) && same_text(a->caption, b->caption) &&
           a->caption_mtime_ns == b->caption_mtime_ns && a->caption_state == b->caption_state &&
           a->repeats == b->repeats && a->excluded == b->excluded && same_text(a->mask, b->mask) &&
           same_text(a->thumbnail, b->thumbnail) && same_text(a->look, b->look) && a->removed == b->removed;
}

typedef struct Compare {
    const LkPictureRecord *wanted;
    int same, seen, most; /* stops after `most` */
} Compare;

static bool compare(const LkPictureRecord *record, void *data)
{
    Compare *c = data;
    c->same += same_picture(record, &c->wanted[c->seen]);
    return ++c->seen != c->most;
}

/** True if the project has just these, in this order. */
static bool stored(Lab *lab, const LkPictureRecord *wanted, int count)
{
    Compare c = {wanted};
    must(lk_pictures_each(lab->f.store, lab->project, compare, &c, &lab->f.error), lab->f.error, "each");
    return c.seen == count && c.same == count;
}

static void test_round_trip(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    LkPictureRecord records[3] = {
        full_record(lab.source, "/p/a \xff.png"),
        {.source = lab.source, .path = "/p/b.png", .sharpness = NAN},
        {.source = lab.source, .path = "/p/c.png", .sharpness = 0, .has_perceptual = true, .caption = ""},
    };
    LkPictureRecord mixed[3] = {records[2], records[0], records[1]};
    tap_ok(lk_pictures_upsert(store, lab.project, mixed, 3, LK_PICTURE_FACTS, &lab.f.error), "three are stored");
    records[0].id = mixed[1].id, records[1].id = mixed[2].id, records[2].id = mixed[0].id;
    tap_ok(mixed[0].id && mixed[1].id && mixed[2].id && mixed[0].id != mixed[1].id, "each gets its number");
    tap_ok(stored(&lab, records, 3), "and comes back with every field, sorted by path");
    fixture_reopen(&lab.f);
    store = lab.f.store;
    tap_ok(stored(&lab, records, 3), "also after opening again");

    Compare c = {records, .most = 2};
    tap_ok(lk_pictures_each(store, lab.project, compare, &c, &lab.f.error) && c.seen == 2 && c.same == 2,
           "a reader may stop early");
    c = (Compare){&records[1], .most = 1};
    bool found = false;
    tap_ok(lk_pictures_find(store, lab.project, "/p/b.png", compare, &c, &found, &lab.f.error) && found && c.same == 1,
           "one is found by its path");
    tap_ok(lk_pictures_find(store, lab.project, "/p/B.png", compare, &c, &found, &lab.f.error) && !found && c.seen == 1,
           "another is not");
    guint all = 9, excluded = 9;
    tap_ok(lk_pictures_count(store, lab.project, &all, &excluded, &lab.f.error) && all == 2 && excluded == 0,
           "counted, without the removed one");
    tap_ok(lk_pictures_count(store, 999, &all, &excluded, &lab.f.error) && all == 0 && excluded == 0,
           "none of no project");
    tap_ok(lk_pictures_upsert(store, lab.project, NULL, 0, 0, &lab.f.error) &&
               lk_pictures_remove(store, NULL, 0, &lab.f.error),
           "nothing is a number of pictures too");
    fixture_free(&lab.f);
}

static void test_groups(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    gint64 second = lk_sources_add(store, &(LkSourceRecord){.project = lab.project, .path = (char *)"/q"}, NULL);
    LkPictureRecord empty = {.source = lab.source, .path = "/p/a", .sharpness = NAN};
    LkPictureRecord full = full_record(second, "/p/a");
    for (int fields = 0; fields <= LK_PICTURE_ALL; fields++) {
        must(lk_pictures_upsert(store, lab.project, &empty, 1, LK_PICTURE_ALL, &lab.f.error), lab.f.error, "upsert");
        must(lk_pictures_upsert(store, lab.project, &full, 1, (LkPictureFields)fields, &lab.f.error), lab.f.error,
             "upsert");
        LkPictureRecord wanted = fields & LK_PICTURE_FACTS ? full : empty;
        const LkPictureRecord *caption = fields & LK_PICTURE_CAPTION ? &full : &empty;
        const LkPictureRecord *choices = fields & LK_PICTURE_CHOICES ? &full : &empty;
        wanted.source = second;
        wanted.caption = caption->caption;
        wanted.caption_mtime_ns = caption->caption_mtime_ns;
        wanted.caption_state = caption->caption_state;
        wanted.repeats = choices->repeats;
        wanted.excluded = choices->excluded;
        wanted.mask = choices->mask;
        wanted.removed = choices->removed;
        wanted.thumbnail = fields & LK_PICTURE_THUMBNAIL ? full.thumbnail : NULL;
        tap_ok(stored(&lab, &wanted, 1) && full.id == empty.id, "an update of the groups %d touches just these",
               fields);
    }
    fixture_free(&lab.f);
}

static void test_refused(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    gint64 other = lk_projects_create(store, "other", "style", "", NULL);
    gint64 theirs = lk_sources_add(store, &(LkSourceRecord){.project = other, .path = (char *)"/p"}, NULL);
    LkPictureRecord records[2] = {{.source = lab.source, .path = "/p/a"}, {.source = theirs, .path = "/p/b"}};
    tap_ok(!lk_pictures_upsert(store, lab.project, records, 2, LK_PICTURE_ALL, &lab.f.error),
           "a source of another project");
    refused(&lab.f.error, LK_ERROR_USAGE, "not in “", "it");
    tap_ok(stored(&lab, NULL, 0), "and nothing of the batch is stored");
    records[1] = (LkPictureRecord){.source = lab.source};
    tap_ok(!lk_pictures_upsert(store, lab.project, records, 2, LK_PICTURE_ALL, &lab.f.error),
           "a picture without a path");
    refused(&lab.f.error, LK_ERROR_USAGE, "cannot be stored", "it");
    records[1] = (LkPictureRecord){.source = lab.source, .path = "/p/b", .caption_state = 17};
    tap_ok(!lk_pictures_upsert(store, lab.project, records, 2, LK_PICTURE_ALL, &lab.f.error), "an unknown state");
    refused(&lab.f.error, LK_ERROR_USAGE, "cannot be stored", "it");
    records[1].caption_state = LK_PICTURE_CAPTION_NONE;
    records[0].sharpness = records[1].sharpness = 1;
    tap_ok(lk_pictures_upsert(store, lab.project, records, 2, LK_PICTURE_ALL, &lab.f.error) && stored(&lab, records, 2),
           "rightly made they are");
    tap_ok(!lk_pictures_rename(store, records[0].id, "/p/b", &lab.f.error), "a name that another has");
    refused(&lab.f.error, LK_ERROR_USAGE, "“/p/b” belongs to this project already", "it");
    fixture_free(&lab.f);
}

static void test_bulk(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    enum { COUNT = 50 };
    LkPictureRecord records[COUNT];
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < COUNT; i++) {
        char *path = g_strdup_printf("/p/%02d", i);
        g_ptr_array_add(texts, path);
        records[i] = (LkPictureRecord){.source = lab.source, .path = path, .sharpness = NAN};
    }
    lk_pictures_upsert(store, lab.project, records, COUNT, LK_PICTURE_ALL, &lab.f.error);
    gint64 ids[COUNT / 2 + 1] = {[COUNT / 2] = 12345678}; /* the last one is of no picture */
    LkPictureCaption captions[COUNT / 2 + 1] = {[COUNT / 2] = {.id = 12345678, .text = "x"}};
    for (int i = 0; i < COUNT / 2; i++) {
        LkPictureRecord *r = &records[2 * i];
        ids[i] = r->id;
        r->caption = i % 3 ? "new, tags" : NULL;
        r->caption_mtime_ns = i + 1;
        r->caption_state = i % 3 ? LK_PICTURE_CAPTION_READ : LK_PICTURE_CAPTION_NONE;
        r->excluded = true;
        r->repeats = 7;
        r->mask = "/m";
        captions[i] = (LkPictureCaption){r->id, r->caption, r->caption_mtime_ns, r->caption_state};
    }
    tap_ok(lk_pictures_set_captions(store, captions, COUNT / 2 + 1, &lab.f.error) &&
               lk_pictures_set_excluded(store, ids, COUNT / 2 + 1, true, &lab.f.error) &&
               lk_pictures_set_repeats(store, ids, COUNT / 2 + 1, 7, &lab.f.error) &&
               lk_pictures_set_mask(store, ids, COUNT / 2 + 1, "/m", &lab.f.error) && stored(&lab, records, COUNT),
           "captions, exclusion, repeats and masks of half of them");
    records[0].mask = NULL, records[0].excluded = false, records[0].thumbnail = "k", records[0].path = "/p/-1";
    tap_ok(lk_pictures_set_mask(store, ids, 1, NULL, &lab.f.error) &&
               lk_pictures_set_excluded(store, ids, 1, false, &lab.f.error) &&
               lk_pictures_set_thumbnail(store, ids[0], "k", &lab.f.error) &&
               lk_pictures_rename(store, ids[0], "/p/-1", &lab.f.error) && stored(&lab, records, COUNT),
           "and of one alone, with thumbnail and name");
    records[2].removed = records[4].removed = true;
    guint all = 0, excluded = 0;
    tap_ok(lk_pictures_set_removed(store, ids + 1, 2, true, &lab.f.error) &&
               lk_pictures_count(store, lab.project, &all, &excluded, &lab.f.error) && all == COUNT - 2 &&
               excluded == COUNT / 2 - 3 && stored(&lab, records, COUNT),
           "two that are removed from the project stay, but do not count: %u, %u excluded", all, excluded);
    captions[0].state = 99;
    captions[1].text = "changed";
    LkPictureCaption wrong[2] = {captions[1], captions[0]};
    tap_ok(!lk_pictures_set_captions(store, wrong, 2, NULL) && stored(&lab, records, COUNT),
           "one that is wrong, and none is set");
    tap_ok(lk_pictures_remove(store, ids, COUNT / 2 + 1, &lab.f.error), "half of them go");
    for (int i = 0; i < COUNT / 2; i++)
        records[i] = records[2 * i + 1];
    tap_ok(stored(&lab, records, COUNT / 2), "the others stay");
    LkPictureRecord again = {.source = lab.source, .path = "/p/zz"};
    lk_pictures_upsert(store, lab.project, &again, 1, LK_PICTURE_ALL, NULL);
    tap_ok(again.id > records[COUNT / 2 - 1].id, "numbers are not used twice");
    fixture_free(&lab.f);
}

static bool rename_in_callback(const LkPictureRecord *record, void *data)
{
    Lab *lab = data;
    guint all = 0;
    bool found = false;
    Compare c = {record, .most = 1};
    lk_pictures_count(lab->f.store, lab->project, &all, NULL, NULL);
    lk_pictures_find(lab->f.store, lab->project, record->path, compare, &c, &found, NULL);
    lab->source += all == 2 && found && c.same == 1;
    return true;
}

static void test_reading_within(void)
{
    Lab lab = lab_new();
    LkPictureRecord records[2] = {{.source = lab.source, .path = "/p/a"}, {.source = lab.source, .path = "/p/b"}};
    lk_pictures_upsert(lab.f.store, lab.project, records, 2, LK_PICTURE_ALL, NULL);
    lab.source = 0;
    tap_ok(lk_pictures_each(lab.f.store, lab.project, rename_in_callback, &lab, &lab.f.error) && lab.source == 2,
           "a callback may ask the store");
    fixture_free(&lab.f);
}

/** Like "undo 2 'b' redo 1 'c'". */
static bool history_is(Lab *lab, guint undo, const char *undo_label, guint redo, const char *redo_label)
{
    g_auto(LkHistoryState) state = {0};
    must(lk_history_state(lab->f.store, lab->project, &state, &lab->f.error), lab->f.error, "state");
    bool ok = state.undo == undo && state.redo == redo && same_text(state.undo_label, undo_label) &&
              same_text(state.redo_label, redo_label);
    if (!ok)
        tap_note("undo %u %s, redo %u %s", state.undo, state.undo_label, state.redo, state.redo_label);
    return ok;
}

static gint64 append(Lab *lab, const char *label)
{
    const LkHistoryChange changes[2] = {
        {(char *)"/p/a", (char *)"caption", NULL, (char *)label},
        {(char *)"/p/\xff", (char *)"repeats", (char *)"", (char *)"2"},
    };
    gint64 id = lk_history_append(lab->f.store, lab->project, label, changes, 2, &lab->f.error);
    must(id, lab->f.error, "append");
    return id;
}

static bool move(Lab *lab, LkHistoryDirection direction)
{
    return lk_history_move(lab->f.store, lab->project, direction, &lab->f.error);
}

static bool change_is(const LkHistoryStep *step, guint i, const char *path, const char *field, const char *before,
                      const char *after)
{
    const LkHistoryChange *c = &g_array_index(step->changes, LkHistoryChange, i);
    return same_text(c->path, path) && same_text(c->field, field) && same_text(c->before, before) &&
           same_text(c->after, after);
}

static void test_history(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    tap_ok(history_is(&lab, 0, NULL, 0, NULL), "no history at first");
    tap_ok(!move(&lab, LK_HISTORY_UNDO), "nothing to undo");
    refused(&lab.f.error, LK_ERROR_USAGE, "nothing to undo", "it");
    tap_ok(!move(&lab, LK_HISTORY_REDO), "nothing to redo");
    refused(&lab.f.error, LK_ERROR_USAGE, "nothing to redo", "it");
    LkHistoryStep *none = (LkHistoryStep *)&lab;
    tap_ok(lk_history_peek(store, lab.project, LK_HISTORY_UNDO, &none, &lab.f.error) && !none, "nothing to see");

    append(&lab, "a");
    gint64 b = append(&lab, "b");
    append(&lab, "c");
    tap_ok(history_is(&lab, 3, "c", 0, NULL), "three steps");
    tap_ok(move(&lab, LK_HISTORY_UNDO) && history_is(&lab, 2, "b", 1, "c"), "one undone");
    fixture_reopen(&lab.f);
    store = lab.f.store;
    tap_ok(history_is(&lab, 2, "b", 1, "c"), "the same after opening again");
    g_autoptr(LkHistoryStep) undo = NULL, redo = NULL;
    tap_ok(lk_history_peek(store, lab.project, LK_HISTORY_UNDO, &undo, &lab.f.error) && undo->id == b &&
               same_text(undo->label, "b") && undo->created && undo->changes->len == 2 &&
               change_is(undo, 0, "/p/\xff", "repeats", "", "2") && change_is(undo, 1, "/p/a", "caption", NULL, "b"),
           "the step to undo, its last change first");
    tap_ok(lk_history_peek(store, lab.project, LK_HISTORY_REDO, &redo, &lab.f.error) && same_text(redo->label, "c") &&
               change_is(redo, 0, "/p/a", "caption", NULL, "c") && change_is(redo, 1, "/p/\xff", "repeats", "", "2"),
           "the step to redo, its first change first");
    tap_ok(move(&lab, LK_HISTORY_REDO) && history_is(&lab, 3, "c", 0, NULL), "redone");
    move(&lab, LK_HISTORY_UNDO), move(&lab, LK_HISTORY_UNDO), move(&lab, LK_HISTORY_UNDO);
    tap_ok(history_is(&lab, 0, NULL, 3, "a") && !move(&lab, LK_HISTORY_UNDO), "all undone");
    g_clear_error(&lab.f.error);
    move(&lab, LK_HISTORY_REDO);
    append(&lab, "d");
    tap_ok(history_is(&lab, 2, "d", 0, NULL) && sql_number(store, "SELECT count(*) FROM undo_change") == 4,
           "a new step ends what could be redone");
    tap_ok(!lk_history_append(store, 999, "x", NULL, 0, &lab.f.error), "none of no project");
    refused(&lab.f.error, LK_ERROR_USAGE, "project is not in the store", "it");
    const LkHistoryChange wrong = {NULL, (char *)"f"};
    tap_ok(!lk_history_append(store, lab.project, "x", &wrong, 1, NULL) && history_is(&lab, 2, "d", 0, NULL),
           "a step that cannot be stored changes nothing");
    gint64 source = lab.source;
    tap_ok(lk_sources_relocate(store, source, "/q", &lab.f.error), "the folder moves");
    g_autoptr(LkHistoryStep) moved = NULL;
    lk_history_peek(store, lab.project, LK_HISTORY_UNDO, &moved, NULL);
    tap_ok(change_is(moved, 0, "/q/\xff", "repeats", "", "2"), "and undo knows");
    fixture_free(&lab.f);
}

static void test_prune(void)
{
    Lab lab = lab_new();
    LkStore *store = lab.f.store;
    for (int i = 0; i < 10; i++) {
        char label[2] = {(char)('0' + i), 0};
        append(&lab, label);
    }
    for (int i = 0; i < 3; i++)
        move(&lab, LK_HISTORY_UNDO);
    tap_ok(lk_history_prune(store, lab.project, 20, &lab.f.error) && history_is(&lab, 7, "6", 3, "7"),
           "fewer than asked: all stay");
    tap_ok(lk_history_prune(store, lab.project, 5, &lab.f.error) && history_is(&lab, 2, "6", 3, "7"), "the oldest go");
    tap_ok(lk_history_prune(store, lab.project, 2, &lab.f.error) && history_is(&lab, 0, NULL, 2, "7"),
           "then the farthest to redo");
    tap_ok(move(&lab, LK_HISTORY_REDO) && move(&lab, LK_HISTORY_REDO) && !move(&lab, LK_HISTORY_REDO) &&
               history_is(&lab, 2, "8", 0, NULL),
           "what is left can be redone");
    g_clear_error(&lab.f.error);
    append(&lab, "z");
    tap_ok(history_is(&lab, 3, "z", 0, NULL), "and it goes on");
    tap_ok(lk_history_prune(store, lab.project, 0, &lab.f.error) && history_is(&lab, 0, NULL, 0, NULL) &&
               sql_number(store, "SELECT count(*) FROM undo_change") == 0,
           "none are kept");
    append(&lab, "y");
    tap_ok(history_is(&lab, 1, "y", 0, NULL), "and it begins anew");
    fixture_free(&lab.f);
}

int main(void)
{
    test_round_trip();
    test_groups();
    test_refused();
    test_bulk();
    test_reading_within();
    test_history();
    test_prune();
    return tap_done();
}
