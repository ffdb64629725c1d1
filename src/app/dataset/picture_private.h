/* The inside of LkPicture, for the files of the picture list, which alone change it. */
#pragma once

#include "app/dataset/picture_content.h"
#include "app/dataset/picture_list.h"
#include "dataset/picture_facts.h"

/** Bits of LkPictureRecord.flags beside those of lk_picture_flags_pack. */
enum {
    LK_PICTURE_FLAG_EXAMINED = 1u << 25, /* decoded once: hash, look and sharpness are known, or the reason why not */
    LK_PICTURE_FLAG_MISSING = 1u << 26,  /* the file was gone when last looked for */
};

/** What the file is and how reading failed, as bits 0 to 24; and back (sizes and bytes stay 0). */
guint32 lk_picture_flags_pack(const LkPictureInfo *info, LkFindingKind failure);
LkPictureInfo lk_picture_flags_info(guint32 flags);
LkFindingKind lk_picture_flags_failure(guint32 flags);

struct _LkPicture {
    GObject parent_instance;
    char *path;    /* GRefString */
    char *caption; /* GRefString; NULL: there is no caption file */
    char *error;
    char *mask;
    gint64 source;
    gint64 bytes, modified, caption_modified;
    gint64 edited; /* when the caption was last edited here (microseconds since 1970), 0: not since the start */
    LkPictureContent *content; /* NULL: not known */
    guint64 own_problems;      /* of this picture by itself */
    guint64 shared_problems;   /* of this picture beside others */
    LkBucketFit fit;           /* all zero without a bucket */
    float sharpness;           /* below 0: not known */
    guint32 flags;
    gint32 width, height, tokens;
    guint own_repeats, source_repeats;
    guint16 pending[LK_PICTURE_FIELDS]; /* edits of a field that were not written yet */
    guint seen;                         /* number of the last look at the files that found it */
    guint8 caption_state;
    bool excluded : 1, regularisation : 1, removed : 1;
    bool own_mask : 1; /* its opacity is its mask */
    bool write_failed : 1;
    bool listed : 1;     /* in the list; a removed one is not */
    bool unexamined : 1; /* waits for the doctor's look at caption and size */
    bool queued : 1;     /* waits for being decoded by the doctor */
};

/** A picture from a row of the store. May be called on any thread. */
LkPicture *lk_picture_new(const LkPictureRecord *record, guint source_repeats, bool regularisation);
/** What is stored of it; most texts are the picture's, the others are put into `texts`, which frees them. */
LkPictureRecord lk_picture_to_record(LkPicture *self, GPtrArray *texts);
/** What the checks of one picture need to know; false while the file was not decoded yet. `reason` is borrowed; hash
 * and look are not filled in: they are `content`. */
bool lk_picture_to_facts(LkPicture *self, LkPictureFacts *facts);

/* Each notifies what it changes. */
void lk_picture_set_caption(LkPicture *self, const char *caption, LkPictureCaptionState state);
/** Counts edits of a field that are not written yet up or down; `failed` counts for captions. For `unsaved`. */
void lk_picture_add_pending(LkPicture *self, LkPictureField field, int more, bool failed);
void lk_picture_set_tokens(LkPicture *self, int tokens);
/** What the file is: size, time, sides, flags, error. What the doctor found out by decoding is forgotten. */
void lk_picture_set_file(LkPicture *self, const LkPictureRecord *record);
void lk_picture_set_facts(LkPicture *self, const LkPictureFacts *facts);
void lk_picture_set_flag(LkPicture *self, guint32 flag, bool on);
void lk_picture_set_source(LkPicture *self, gint64 source, guint repeats, bool regularisation);
void lk_picture_set_own_repeats(LkPicture *self, guint repeats);
void lk_picture_set_excluded(LkPicture *self, bool excluded);
/** "" and NULL are none. */
void lk_picture_set_mask(LkPicture *self, const char *mask);
void lk_picture_set_own_mask(LkPicture *self, bool own);
/** NULL: none. */
void lk_picture_set_fit(LkPicture *self, const LkBucketFit *fit);
void lk_picture_set_problems(LkPicture *self, guint64 own, guint64 shared);

/** Whether it is trained: in the list, not excluded, and the file can be used as far as is known. */
bool lk_picture_is_trained(LkPicture *self);
