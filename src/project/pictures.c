#include "project/pictures.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

#define SELECT                                                                                                         \
    "SELECT id, source, path, size, mtime_ns, width, height, hash, perceptual, sharpness, flags, decode_error,"        \
    " caption, caption_mtime_ns, caption_state, repeats, excluded, mask, thumbnail, look, removed FROM picture "

/** The present row; its texts are the query's. */
static LkPictureRecord record_of(const LkQuery *query)
{
    return (LkPictureRecord){
        .id = lk_query_int(query, 0),
        .source = lk_query_int(query, 1),
        .path = lk_query_text(query, 2),
        .size = lk_query_int(query, 3),
        .mtime_ns = lk_query_int(query, 4),
        .width = (gint32)lk_query_int(query, 5),
        .height = (gint32)lk_query_int(query, 6),
        .hash = lk_query_text(query, 7),
        .has_perceptual = !lk_query_is_null(query, 8),
        .perceptual = lk_query_int(query, 8),
        .sharpness = lk_query_real(query, 9),
        .flags = (guint32)lk_query_int(query, 10),
        .decode_error = lk_query_text(query, 11),
        .caption = lk_query_text(query, 12),
        .caption_mtime_ns = lk_query_int(query, 13),
        .caption_state = (LkPictureCaptionState)lk_query_int(query, 14),
        .repeats = (guint)lk_query_int(query, 15),
        .excluded = lk_query_int(query, 16),
        .mask = lk_query_text(query, 17),
        .thumbnail = lk_query_text(query, 18),
        .look = lk_query_text(query, 19),
        .removed = lk_query_int(query, 20),
    };
}

bool lk_pictures_each(LkStore *store, gint64 project, LkPictureRow row, void *data, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE project = ? ORDER BY path", LK_INT(project));
    for (bool more = true; more && lk_query_next(&query);) {
        const LkPictureRecord record = record_of(&query);
        more = row(&record, data);
    }
    return lk_query_close(&query, error);
}

bool lk_pictures_find(LkStore *store, gint64 project, const char *path, LkPictureRow row, void *data, bool *found,
                      GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE project = ? AND path = ?", LK_INT(project), LK_TEXT(path));
    bool there = lk_query_next(&query);
    if (there) {
        const LkPictureRecord record = record_of(&query);
        row(&record, data);
    }
    if (found)
        *found = there;
    return lk_query_close(&query, error);
}

bool lk_pictures_count(LkStore *store, gint64 project, guint *all, guint *excluded, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, "SELECT count(*), sum(excluded) FROM picture WHERE project = ? AND NOT removed",
                  LK_INT(project));
    bool there = lk_query_next(&query);
    if (all)
        *all = there ? (guint)lk_query_int(&query, 0) : 0;
    if (excluded)
        *excluded = there ? (guint)lk_query_int(&query, 1) : 0;
    return lk_query_close(&query, error);
}

/** What an upsert sets of a picture that is known, by group. */
static const struct {
    LkPictureFields group;
    const char *set;
} groups[] = {
    {LK_PICTURE_FACTS,
     ", size = excluded.size, mtime_ns = excluded.mtime_ns, width = excluded.width, height = excluded.height,"
     " hash = excluded.hash, perceptual = excluded.perceptual, sharpness = excluded.sharpness, flags = excluded.flags,"
     " decode_error = excluded.decode_error, look = excluded.look"},
    {LK_PICTURE_CAPTION, ", caption = excluded.caption, caption_mtime_ns = excluded.caption_mtime_ns,"
                         " caption_state = excluded.caption_state"},
    {LK_PICTURE_CHOICES, ", repeats = excluded.repeats, excluded = excluded.excluded, mask = excluded.mask,"
                         " removed = excluded.removed"},
    {LK_PICTURE_THUMBNAIL, ", thumbnail = excluded.thumbnail"},
};

static char *upsert_sql(LkPictureFields update)
{
    GString *sql = g_string_new(
        "INSERT INTO picture (project, source, path, size, mtime_ns, width, height, hash, perceptual, sharpness, flags,"
        " decode_error, caption, caption_mtime_ns, caption_state, repeats, excluded, mask, thumbnail, look, removed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (project, path) DO UPDATE SET source = excluded.source");
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        g_string_append(sql, update & groups[i].group ? groups[i].set : "");
    g_string_append(sql, " RETURNING id");
    return g_string_free(sql, FALSE);
}

static bool upsert(LkQuery *query, gint64 project, LkPictureRecord *r)
{
    bool ok = lk_query_repeat(
        query, LK_BINDS(LK_INT(project), LK_INT(r->source), LK_TEXT(r->path), LK_INT(r->size), LK_INT(r->mtime_ns),
                        LK_INT(r->width), LK_INT(r->height), LK_TEXT(r->hash),
                        r->has_perceptual ? LK_INT(r->perceptual) : LK_TEXT(NULL), LK_REAL(r->sharpness),
                        LK_INT(r->flags), LK_TEXT(r->decode_error), LK_TEXT(r->caption), LK_INT(r->caption_mtime_ns),
                        LK_INT(r->caption_state), LK_INT(r->repeats), LK_INT(r->excluded), LK_TEXT(r->mask),
                        LK_TEXT(r->thumbnail), LK_TEXT(r->look), LK_INT(r->removed)));
    if (ok)
        r->id = lk_query_int(query, 0);
    return ok;
}

bool lk_pictures_upsert(LkStore *store, gint64 project, LkPictureRecord *records, gsize count, LkPictureFields update,
                        GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    g_autofree char *sql = upsert_sql(update);
    LkQuery query;
    lk_query_open(&query, store, sql);
    for (gsize i = 0; i < count && upsert(&query, project, &records[i]); i++)
        continue;
    return lk_store_end(store, lk_query_close(&query, error), error);
}

bool lk_pictures_set_captions(LkStore *store, const LkPictureCaption *captions, gsize count, GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    LkQuery query;
    lk_query_open(&query, store,
                  "UPDATE picture SET caption = ?2, caption_mtime_ns = ?3, caption_state = ?4 WHERE id = ?1");
    for (gsize i = 0; i < count; i++) {
        const LkPictureCaption *c = &captions[i];
        if (!lk_query_repeat(&query, LK_BINDS(LK_INT(c->id), LK_TEXT(c->text), LK_INT(c->mtime_ns), LK_INT(c->state))))
            break;
    }
    return lk_store_end(store, lk_query_close(&query, error), error);
}

bool lk_pictures_set_excluded(LkStore *store, const gint64 *ids, gsize count, bool excluded, GError **error)
{
    return lk_store_run_each(store, "UPDATE picture SET excluded = ?2 WHERE id = ?1", ids, count, LK_INT(excluded),
                             error);
}

bool lk_pictures_set_removed(LkStore *store, const gint64 *ids, gsize count, bool removed, GError **error)
{
    return lk_store_run_each(store, "UPDATE picture SET removed = ?2 WHERE id = ?1", ids, count, LK_INT(removed),
                             error);
}

bool lk_pictures_set_repeats(LkStore *store, const gint64 *ids, gsize count, guint repeats, GError **error)
{
    return lk_store_run_each(store, "UPDATE picture SET repeats = ?2 WHERE id = ?1", ids, count, LK_INT(repeats),
                             error);
}

bool lk_pictures_set_mask(LkStore *store, const gint64 *ids, gsize count, const char *mask, GError **error)
{
    return lk_store_run_each(store, "UPDATE picture SET mask = ?2 WHERE id = ?1", ids, count, LK_TEXT(mask), error);
}

bool lk_pictures_set_thumbnail(LkStore *store, gint64 id, const char *key, GError **error)
{
    return lk_store_run(store, error, "UPDATE picture SET thumbnail = ?2 WHERE id = ?1", LK_INT(id), LK_TEXT(key));
}

bool lk_pictures_rename(LkStore *store, gint64 id, const char *path, GError **error)
{
    if (lk_store_run(store, error, "UPDATE picture SET path = ?2 WHERE id = ?1", LK_INT(id), LK_TEXT(path)))
        return true;
    if (!lk_store_failed_unique(store))
        return false;
    g_clear_error(error);
    g_autofree char *shown = g_filename_display_name(path);
    return lk_set_error(error, LK_ERROR_USAGE, _("“%s” belongs to this project already."), shown);
}

bool lk_pictures_remove(LkStore *store, const gint64 *ids, gsize count, GError **error)
{
    return lk_store_run_each(store, "DELETE FROM picture WHERE id = ?1", ids, count, LK_INT(0), error);
}
