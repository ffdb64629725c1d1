/* What lies in the folders of a project: every picture file with its time, and that of its caption. Names and times
 * alone; no file is opened. For a thread. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/** A source to look through. */
typedef struct LkWalkSource {
    gint64 id;
    char *path;
    bool folder, recursive;
} LkWalkSource;

/** Where to look: a folder, with those below it if `deep`, or a file. */
typedef struct LkWalkPlace {
    char *path;
    bool deep;
} LkWalkPlace;

GArray *lk_walk_sources_new(void); /* of LkWalkSource, which it owns */
GArray *lk_walk_places_new(void);  /* of LkWalkPlace, which it owns */
/** Adds a place (copied) unless it is there; `places` may be NULL, which stands for everywhere and stays so. */
void lk_walk_places_add(GArray *places, const char *path, bool deep);
/** Whether a picture of this path is within the places. */
bool lk_walk_places_have(const GArray *places, const char *picture);
/** True if `path` is below `folder`, however deep. */
bool lk_path_is_below(const char *path, const char *folder);

typedef struct LkFoundPicture {
    char *path;
    gint64 source;
    gint64 bytes, modified;
    gint64 caption_modified; /* 0: no caption file */
} LkFoundPicture;

GArray *lk_found_pictures_new(void); /* of LkFoundPicture, which it owns */

typedef struct LkWalk {
    const GArray *sources;
    const GArray *places;  /* NULL: everywhere */
    const char *extension; /* of captions; NULL: .txt, then .caption */
    GCancellable *cancellable;
    void (*found)(void *data, GArray *pictures); /* takes a batch over, sorted by path within a folder */
    void *data;
    GPtrArray *folders;  /* out: every folder that was listed (char *, owned) */
    GPtrArray *failures; /* out: sentences about folders that could not be listed (char *, owned) */
} LkWalk;

/** Looks. A picture that several sources cover is found for the nearest one: itself, else the deepest folder. Returns
 * false when cancelled. */
bool lk_walk(LkWalk *walk);
