/* What decoding a picture brought to light that pictures are compared by, shared by the picture and by threads. */
#pragma once

#include "dataset/lookalike.h"
#include "project/pictures.h"

/** Immutable; g_atomic_rc_box_acquire and _release. */
typedef struct LkPictureContent {
    uint8_t hash[32]; /* SHA-256 of the file's content; 0 where it could not be read */
    bool has_look;
    LkLook look; /* allocated where has_look alone */
} LkPictureContent;

/** `look`: NULL for none. */
LkPictureContent *lk_picture_content_new(const uint8_t hash[32], const LkLook *look);
/** As it was stored; NULL where nothing was. */
LkPictureContent *lk_picture_content_from_record(const LkPictureRecord *record);
/** Fills in what is stored of it (nothing of NULL); the texts are put into `texts`, which frees them. */
void lk_picture_content_to_record(const LkPictureContent *content, LkPictureRecord *record, GPtrArray *texts);
