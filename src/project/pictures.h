/* What is known of a project's pictures: facts of the file, the caption as last read, and the user's choices.
 *
 * The files are the truth. A row whose size and mtime_ns are still those of the file need not be read again. */
#pragma once

#include "project/store.h"

/** State of the caption file when it was last read. */
typedef enum LkPictureCaptionState {
    LK_PICTURE_CAPTION_UNREAD, /* not looked for yet */
    LK_PICTURE_CAPTION_NONE,   /* there is no file */
    LK_PICTURE_CAPTION_READ,   /* `caption` is its content, maybe empty */
    LK_PICTURE_CAPTION_NOT_UTF8,
    LK_PICTURE_CAPTION_UNREADABLE,
} LkPictureCaptionState;

/** One picture. Texts may be NULL except `path`. What a function of this header hands out is valid during the call. */
typedef struct LkPictureRecord {
    gint64 id;     /* 0 before it is stored */
    gint64 source; /* of the same project */
    const char *path;

    /* facts of the file */
    gint64 size, mtime_ns;
    gint32 width, height;     /* as trained from, after the EXIF turn; 0: unknown */
    const char *hash;         /* SHA-256 of the content as hexadecimal digits; NULL: not computed */
    bool has_perceptual;      /* `perceptual` counts */
    gint64 perceptual;        /* hash whose bits differ little between pictures that look alike */
    const char *look;         /* the picture in few colours, as the app writes it */
    double sharpness;         /* NaN: not measured */
    guint32 flags;            /* of the format (CMYK, alpha, animated, …): bits that the app defines */
    const char *decode_error; /* why it cannot be read; NULL: it can, or was not tried */

    /* caption */
    const char *caption;
    gint64 caption_mtime_ns;
    LkPictureCaptionState caption_state;

    /* the user's choices */
    guint repeats; /* 0: the source's */
    bool excluded;
    const char *mask; /* path */
    bool removed;     /* taken out of the project though its source has it: shown and counted nowhere */

    const char *thumbnail; /* key in the cache of thumbnails */
} LkPictureRecord;

/** Groups of fields. */
typedef enum LkPictureFields {
    LK_PICTURE_FACTS = 1 << 0,
    LK_PICTURE_CAPTION = 1 << 1,
    LK_PICTURE_CHOICES = 1 << 2,
    LK_PICTURE_THUMBNAIL = 1 << 3,
    LK_PICTURE_ALL = (1 << 4) - 1,
} LkPictureFields;

/** Called once a picture; false ends the reading (which is no error). It must not write to the store. */
typedef bool (*LkPictureRow)(const LkPictureRecord *record, void *data);

/** All pictures of a project, removed ones too, sorted by path in byte order. 100,000 take a fraction of a second: use
 * a store of its own on a thread of its own. */
bool lk_pictures_each(LkStore *store, gint64 project, LkPictureRow row, void *data, GError **error);
/** The picture of this path, if there is one; *found (may be NULL) says so. */
bool lk_pictures_find(LkStore *store, gint64 project, const char *path, LkPictureRow row, void *data, bool *found,
                      GError **error);
/** How many there are, without removed ones, and how many of these are excluded (either may be NULL). */
bool lk_pictures_count(LkStore *store, gint64 project, guint *all, guint *excluded, GError **error);

/** Stores `count` pictures in one transaction and sets the id of each. A path that is new to the project is added with
 * all fields; of one that is known the source and the groups in `update` are overwritten, the rest stays: so a new scan
 * (LK_PICTURE_FACTS | LK_PICTURE_CAPTION) cannot undo the user's choices. `id` is not read. */
bool lk_pictures_upsert(LkStore *store, gint64 project, LkPictureRecord *records, gsize count, LkPictureFields update,
                        GError **error);

/** A caption as it is in its file now. */
typedef struct LkPictureCaption {
    gint64 id;
    const char *text; /* may be NULL */
    gint64 mtime_ns;
    LkPictureCaptionState state;
} LkPictureCaption;

/* The following each change any number of pictures in one transaction. Numbers of pictures that are gone are passed
 * over: another thread may have removed them since they were read. */
bool lk_pictures_set_captions(LkStore *store, const LkPictureCaption *captions, gsize count, GError **error);
bool lk_pictures_set_excluded(LkStore *store, const gint64 *ids, gsize count, bool excluded, GError **error);
bool lk_pictures_set_removed(LkStore *store, const gint64 *ids, gsize count, bool removed, GError **error);
bool lk_pictures_set_repeats(LkStore *store, const gint64 *ids, gsize count, guint repeats, GError **error);
bool lk_pictures_set_mask(LkStore *store, const gint64 *ids, gsize count, const char *mask, GError **error);
bool lk_pictures_set_thumbnail(LkStore *store, gint64 id, const char *key, GError **error);
/** The file got another name; LK_ERROR_USAGE if the project has that path already. */
bool lk_pictures_rename(LkStore *store, gint64 id, const char *path, GError **error);
/** Forgets pictures; the files stay. */
bool lk_pictures_remove(LkStore *store, const gint64 *ids, gsize count, GError **error);
