/* All that the checks need to know of one picture file, found out once by reading and decoding it. Whoever shows or
 * checks a dataset keeps them and reads again only files that have changed. */
#pragma once

#include "dataset/lookalike.h"
#include "dataset/picture.h"

typedef struct LkPictureFacts {
    gint64 modified; /* the file's time in nanoseconds and its size when it was read: see lk_picture_facts_current */
    gint64 bytes;    /* -1 where even that could not be found out */
    bool usable;     /* it could be decoded */
    LkFindingKind failure; /* where it is not usable: the kind of finding, */
    char *reason;          /* and a sentence without the file's name; else NULL */
    LkPictureInfo info;    /* what the file is: type, bits, alpha, turn … */
    LkSize size;           /* as shown, after the EXIF turn; 0 where not usable */
    uint8_t hash[32];      /* SHA-256 of the file's content; 0 where it could not be read */
    bool has_look;
    LkLook look;      /* lk_look_of, where has_look */
    double sharpness; /* lk_sharpness; below 0 where it cannot be told */
} LkPictureFacts;

/** Reads a file; never fails, for failure is a fact. Safe to call from several threads. Where `pixels` is not NULL it
 * gets the decoded picture (for a thumbnail; NULL where not usable), free with lk_pixels_free. */
LkPictureFacts *lk_picture_facts_read(const char *path, LkPixels **pixels);
LkPictureFacts *lk_picture_facts_copy(const LkPictureFacts *facts);
void lk_picture_facts_free(LkPictureFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPictureFacts, lk_picture_facts_free)

/** True if the file still has the time and size that it had when it was read. */
bool lk_picture_facts_current(const LkPictureFacts *facts, const char *path);

/** One line of text to keep the facts in (a database), and back: NULL for a line that is none, or of another version.
 * Free with g_free, lk_picture_facts_free. */
char *lk_picture_facts_to_text(const LkPictureFacts *facts);
LkPictureFacts *lk_picture_facts_from_text(const char *text);
