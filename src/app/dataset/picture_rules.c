#include "app/dataset/picture_rules.h"

#include "text/caption.h"
#include "training/job_dataset.h"

/* Sides of pictures are multiples of this: Stable Diffusion 1.x. */
#define MULTIPLE 64

/* Parameters that cannot be used keep their defaults here; the parameters page says what is wrong with them. */
static LkJob *make_job(LkProject *project)
{
    LkJob *job = lk_job_new(lk_project_get_folder(project));
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, lk_project_get_settings(project));
    while (g_hash_table_iter_next(&iter, &key, &value))
        lk_job_set(job, key, value, NULL);
    const char *trigger = lk_project_get_trigger_word(project);
    if ((!job->trigger_words || !*job->trigger_words) && *trigger)
        lk_job_set(job, "trigger_words", trigger, NULL);
    return job;
}

static LkPurpose purpose_of(const char *goal)
{
    LkPurpose purpose = LK_PURPOSE_ANY;
    lk_purpose_from_name(goal, &purpose);
    return purpose;
}

LkPictureRules *lk_picture_rules_new(LkProject *project)
{
    LkPictureRules *rules = g_atomic_rc_box_new0(LkPictureRules);
    rules->job = make_job(project);
    rules->subset = lk_job_subset(rules->job);
    rules->reg_subset = lk_subset_copy(rules->subset);
    rules->reg_subset->is_reg = true;
    rules->defaults = lk_job_dataset_defaults(rules->job, rules->subset);
    rules->buckets = lk_bucket_set_new(&rules->defaults.buckets, MULTIPLE, NULL);
    rules->trigger_words = g_strdup(rules->job->trigger_words ? rules->job->trigger_words : "");
    rules->doctor = (LkDoctorOptions){.trigger_words = rules->trigger_words,
                                      .max_tokens = rules->job->max_token_length,
                                      .purpose = purpose_of(lk_project_get_goal(project))};
    rules->tokenizer = lk_clip_tokenizer_new(NULL);
    return rules;
}

LkPictureRules *lk_picture_rules_ref(LkPictureRules *rules)
{
    return g_atomic_rc_box_acquire(rules);
}

static void clear(gpointer data)
{
    LkPictureRules *rules = data;
    lk_job_free(rules->job);
    lk_bucket_set_free(rules->buckets);
    lk_subset_free(rules->subset);
    lk_subset_free(rules->reg_subset);
    g_free(rules->trigger_words);
    lk_clip_tokenizer_free(rules->tokenizer);
}

void lk_picture_rules_unref(LkPictureRules *rules)
{
    g_atomic_rc_box_release_full(rules, clear);
}

const char *lk_picture_rules_extension(const LkPictureRules *rules)
{
    return rules->job->caption_extension;
}

int lk_picture_rules_count_tokens(const LkPictureRules *rules, const char *caption, bool regularisation)
{
    if (!rules->tokenizer)
        return -1;
    const LkSubset *subset = regularisation ? rules->reg_subset : rules->subset;
    return lk_caption_token_count(caption, &subset->caption, rules->tokenizer);
}
