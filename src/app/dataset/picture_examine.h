/* The doctor's work on a thread: tokens and problems of single pictures. */
#pragma once

#include "app/dataset/picture_private.h"
#include "app/dataset/picture_rules.h"

/** A picture as it was when it was looked at; its texts are shared with it. */
typedef struct LkPatient {
    LkPicture *picture; /* owned; for the main thread alone */
    char *path, *caption, *error;
    LkPictureCaptionState state;
    guint32 flags;
    LkSize size;
    bool regularisation, has_facts;
    LkBucketFit fit;
    LkPictureFacts facts;
    /* out: */
    int tokens;
    guint64 problems;
} LkPatient;

GArray *lk_patients_new(guint count);
/** Main thread. */
void lk_patients_add(GArray *patients, LkPicture *picture);
/** Lets go of the pictures; main thread. */
void lk_patients_free(GArray *patients);

/** Fills `tokens` and `problems` of each by itself. Any thread. */
void lk_patients_examine(GArray *patients, const LkPictureRules *rules);

/** A caption as the checks take it; its text is borrowed. */
LkCaption lk_picture_caption_of(const char *text, LkPictureCaptionState state);
