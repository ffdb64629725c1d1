/* The checks of the dataset doctor: from what is known of pictures and captions to findings. Nothing is read here, so
 * they may be made again after every edit. `check.h` runs them over a whole dataset; what reading a folder or a caption
 * brings to light (lk_scan_subset, lk_caption_read) comes on top. */
#pragma once

#include "dataset/caption_file.h"
#include "dataset/picture_facts.h"
#include "dataset/subset.h"

/** What the LoRA is for; it decides how many pictures are good. */
typedef enum LkPurpose {
    LK_PURPOSE_ANY,       /* at least 15 */
    LK_PURPOSE_STYLE,     /* 20 to 30 */
    LK_PURPOSE_CHARACTER, /* 30 to 50 */
    LK_PURPOSES,
} LkPurpose;

/** "any", "style", "character"; and back: false for another name. */
const char *lk_purpose_name(LkPurpose purpose);
bool lk_purpose_from_name(const char *name, LkPurpose *purpose);

/** Tokens of a caption that the text encoder can be made to read at most: three times what it reads at once. */
enum { LK_TOKENS_MOST = 225 };

typedef struct LkDoctorOptions {
    const char *trigger_words; /* words that captions should hold; NULL or "" is none */
    int max_tokens;            /* what the text encoder takes: 75, 150, 225 */
    LkPurpose purpose;
    int lookalike_distance; /* 0: LK_LOOKALIKE_DISTANCE; below 0: lookalikes are not searched */
    double blurred;         /* 0: LK_SHARPNESS_BLURRED; below 0: not checked */
} LkDoctorOptions;

/** One picture with its caption. All borrowed. */
typedef struct LkDoctorCase {
    const char *path;            /* of the picture */
    const LkCaption *caption;    /* as read; its text may be the editor's */
    const LkSubset *subset;      /* its options */
    const LkPictureFacts *facts; /* NULL: not read yet; checks that need them are left out */
    const LkBucketFit *fit;      /* NULL: not known */
    int tokens;                  /* of the caption, by lk_caption_token_count; -1: not counted */
    guint block;                 /* pictures of different blocks are not compared with each other */
} LkDoctorCase;

/** One picture beside others: no more than comparing needs, for there may be 100,000. All borrowed. */
typedef struct LkDoctorPeer {
    const char *path;         /* of the picture */
    const LkCaption *caption; /* as read; its text may be the editor's */
    const LkSubset *subset;   /* its options */
    const uint8_t *hash;      /* SHA-256 of the file's content (32 bytes); NULL: not read yet, or not usable */
    const LkLook *look;       /* NULL: not known, or too little to tell */
    bool unusable;            /* it could not be decoded */
    guint block;              /* pictures of different blocks are not compared with each other */
} LkDoctorPeer;

LkDoctorPeer lk_doctor_peer_of(const LkDoctorCase *patient);

/** Findings about one picture: everything that can be told without the others. */
void lk_doctor_examine(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings);

/** Findings about pictures among each other: the same file, lookalikes, shared captions, tags used once, too few or too
 * many pictures. `place` is the path that findings about the whole are given. */
void lk_doctor_compare(const LkDoctorPeer *peers, guint count, const LkDoctorOptions *options, const char *place,
                       GPtrArray *findings);
