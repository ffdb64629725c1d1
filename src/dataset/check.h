/* The dataset doctor behind `lorikeet-cli check`: opens every picture and reads every caption before a run does, and
 * lists what it finds. */
#pragma once

#include "dataset/dataset.h"
#include "dataset/doctor.h"
#include "text/clip_tokenizer.h"

typedef struct LkCheckOptions {
    LkDoctorOptions doctor;
    const LkClipTokenizer *tokenizer; /* NULL: captions' tokens are not counted */
    /* What is known of a picture already, or NULL: then the file is read. Called from any thread; the facts are
     * borrowed and must live until lk_check_free. May be NULL. */
    const LkPictureFacts *(*facts)(void *data, const char *path);
    void *facts_data;
    /* Called after each picture, from any thread but not at the same time; false stops the check. May be NULL. */
    bool (*progress)(void *data, guint done, guint total);
    void *progress_data;
} LkCheckOptions;

/** What came out. */
typedef struct LkCheck {
    GPtrArray *findings; /* LkFinding: errors first, then warnings, then the rest; by path within each */
    LkDataset *dataset;  /* what would be trained on; NULL if nothing could be */
    char *failure;       /* why there is no dataset; NULL if there is one */
    guint pictures;      /* picture files found */
    guint unusable;      /* of these, cannot be used */
    guint captioned;     /* have a caption file with text */
    int most_tokens;     /* of one caption, with its prefix and suffix; -1 where not counted */
} LkCheck;

/** Checks a dataset (takes `config` over; `findings` made while reading it, which may be NULL, is taken over too).
 * Decodes every picture on all threads. NULL only when `progress` stopped it (LK_ERROR_STOPPED); a dataset that is no
 * good is a result. */
LkCheck *lk_check_run(LkDatasetConfig *config, int multiple, const LkCheckOptions *options, GPtrArray *findings,
                      GError **error);
void lk_check_free(LkCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkCheck, lk_check_free)

/** One JSON object: totals, buckets and findings. Paths are shown as UTF-8. */
void lk_check_append_json(const LkCheck *check, GString *out);

/** The same for people: findings grouped by severity, then totals and buckets. */
void lk_check_append_text(const LkCheck *check, GString *out);
