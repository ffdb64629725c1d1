/* The doctor's work on a thread: pictures beside each other. */
#pragma once

#include "app/dataset/picture_private.h"
#include "app/dataset/picture_rules.h"

/** A picture as it was when comparing began; texts and content are shared with it, for there may be 100,000. */
typedef struct LkPeer {
    LkPicture *picture; /* owned; for the main thread alone */
    char *path, *caption;
    LkPictureContent *content; /* NULL: not known */
    LkPictureCaptionState state;
    bool regularisation;
    guint64 problems; /* out */
} LkPeer;

GArray *lk_peers_new(void);
/** A picture that is trained. Main thread. */
void lk_peers_add(GArray *peers, LkPicture *picture);
/** Lets go of the pictures; main thread. */
void lk_peers_free(GArray *peers);

/** Fills `problems` of each beside the others (these alone), and returns the findings about the whole (free with
 * g_ptr_array_unref). Any thread. `lookalikes`: these too, which takes long. */
GPtrArray *lk_peers_compare(GArray *peers, const LkPictureRules *rules, bool lookalikes);
