/* The doctor's work on threads: tokens and problems of single pictures, and pictures beside each other. */
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
/** Fills `problems` of each beside the others (these alone), and returns the findings about the whole (free with
 * g_ptr_array_unref). Any thread. `lookalikes`: these too, which takes long. */
GPtrArray *lk_patients_compare(GArray *patients, const LkPictureRules *rules, bool lookalikes);
