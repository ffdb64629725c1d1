/* What a project's parameters mean for its pictures: buckets, captions, tokens, checks. Made anew when they change. */
#pragma once

#include "app/core/project.h"
#include "dataset/dataset_config.h"
#include "dataset/doctor.h"
#include "text/clip_tokenizer.h"
#include "training/job.h"

/** Immutable; threads share it by reference. */
typedef struct LkPictureRules {
    LkJob *job;                    /* the project's parameters; those that are wrong have their defaults */
    LkBucketSet *buckets;          /* NULL where the bucket rules contradict each other */
    LkSubset *subset, *reg_subset; /* the options of pictures, and of regularisation pictures */
    LkDatasetDefaults defaults;    /* for dataset_config; borrows `subset` */
    LkDoctorOptions doctor;
    char *trigger_words; /* never NULL */
    LkClipTokenizer *tokenizer;
} LkPictureRules;

LkPictureRules *lk_picture_rules_new(LkProject *project);
LkPictureRules *lk_picture_rules_ref(LkPictureRules *rules);
void lk_picture_rules_unref(LkPictureRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPictureRules, lk_picture_rules_unref)

/** The extension of caption files: NULL is .txt, then .caption. */
const char *lk_picture_rules_extension(const LkPictureRules *rules);
/** Tokens of a caption as trained. Any thread. */
int lk_picture_rules_count_tokens(const LkPictureRules *rules, const char *caption, bool regularisation);
