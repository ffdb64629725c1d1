#include "app/dataset/picture_examine.h"

#include "dataset/doctor.h"

#include <string.h>

/* ---- patients ---------------------------------------------------------------------------------------- */

static void clear(gpointer data)
{
    LkPatient *patient = data;
    g_object_unref(patient->picture);
    g_ref_string_release(patient->path);
    g_clear_pointer(&patient->caption, g_ref_string_release);
    g_free(patient->error);
}

GArray *lk_patients_new(guint count)
{
    GArray *patients = g_array_sized_new(FALSE, TRUE, sizeof(LkPatient), count);
    g_array_set_clear_func(patients, clear);
    return patients;
}

void lk_patients_free(GArray *patients)
{
    g_array_unref(patients);
}

void lk_patients_add(GArray *patients, LkPicture *picture)
{
    g_array_set_size(patients, patients->len + 1);
    LkPatient *patient = &g_array_index(patients, LkPatient, patients->len - 1);
    patient->picture = g_object_ref(picture);
    patient->path = g_ref_string_acquire(picture->path);
    patient->caption = picture->caption ? g_ref_string_acquire(picture->caption) : NULL;
    patient->error = g_strdup(picture->error);
    patient->state = (LkPictureCaptionState)picture->caption_state;
    patient->flags = picture->flags;
    patient->size = (LkSize){picture->width, picture->height};
    patient->regularisation = picture->regularisation;
    patient->fit = picture->fit;
    patient->has_facts = lk_picture_to_facts(picture, &patient->facts);
    patient->facts.reason = patient->error;
}

/* ---- one by itself ----------------------------------------------------------------------------------- */

static bool is_blank(const char *text)
{
    return !text || !text[strspn(text, " \t\n")];
}

/* Whether there is text behind the first line. */
static bool has_more_lines(const char *text)
{
    const char *end = text ? strchr(text, '\n') : NULL;
    return end && !is_blank(end);
}

LkCaption lk_picture_caption_of(const char *text, LkPictureCaptionState state)
{
    const bool has = state == LK_PICTURE_CAPTION_READ && !is_blank(text);
    return (LkCaption){.source = has ? LK_CAPTION_FROM_FILE : LK_CAPTION_NONE, .text = (char *)(has ? text : "")};
}

/* What reading the caption file brought to light. */
static guint64 problems_of_caption(const LkPatient *patient, const LkPictureRules *rules)
{
    switch (patient->state) {
    case LK_PICTURE_CAPTION_NONE:
        return lk_finding_bit(LK_FINDING_CAPTION_MISSING);
    case LK_PICTURE_CAPTION_NOT_UTF8:
        return lk_finding_bit(LK_FINDING_CAPTION_NOT_UTF8);
    case LK_PICTURE_CAPTION_UNREADABLE:
        return lk_finding_bit(LK_FINDING_CAPTION_UNREADABLE);
    case LK_PICTURE_CAPTION_READ:
        if (is_blank(patient->caption))
            return lk_finding_bit(LK_FINDING_CAPTION_EMPTY);
        if (!rules->job->enable_wildcard && has_more_lines(patient->caption))
            return lk_finding_bit(LK_FINDING_CAPTION_MORE_LINES);
        return 0;
    default:
        return 0;
    }
}

/* What the head of the file tells, before it is decoded. */
static guint64 problems_of_file(const LkPatient *patient, const LkPictureRules *rules)
{
    if (patient->flags & LK_PICTURE_FLAG_MISSING)
        return lk_finding_bit(LK_FINDING_PICTURE_MISSING);
    if (patient->error)
        return lk_finding_bit(lk_picture_flags_failure(patient->flags));
    const LkBucketFit *fit = &patient->fit;
    if (!fit->bucket.width)
        return rules->buckets && patient->size.width ? lk_finding_bit(LK_FINDING_PICTURE_NO_BUCKET) : 0;
    const bool small = fit->resized.width > patient->size.width || fit->resized.height > patient->size.height;
    return small ? lk_finding_bit(LK_FINDING_PICTURE_SMALL) : 0;
}

/* A subset for the checks of captions: trigger words count only where they are in the file. */
static LkSubset *subset_without_triggers(const LkSubset *subset)
{
    LkSubset *copy = lk_subset_copy(subset);
    g_free((char *)copy->caption.trigger_words);
    copy->caption.trigger_words = NULL;
    return copy;
}

static LkDoctorCase case_of(const LkPatient *patient, const LkCaption *caption, const LkSubset *subset)
{
    return (LkDoctorCase){.path = patient->path,
                          .caption = caption,
                          .subset = subset,
                          .facts = patient->has_facts ? &patient->facts : NULL,
                          .fit = patient->fit.bucket.width ? &patient->fit : NULL,
                          .tokens = patient->tokens};
}

static void examine(LkPatient *patient, const LkPictureRules *rules, const LkSubset *subset)
{
    const LkCaption caption = lk_picture_caption_of(patient->caption, patient->state);
    patient->tokens =
        lk_picture_rules_count_tokens(rules, patient->caption ? patient->caption : "", patient->regularisation);
    patient->problems = problems_of_caption(patient, rules) | problems_of_file(patient, rules);
    if (patient->flags & LK_PICTURE_FLAG_MISSING)
        return;
    LkDoctorOptions options = rules->doctor;
    if (caption.source == LK_CAPTION_NONE)
        options.trigger_words = NULL; /* that there is no caption says enough */
    const LkDoctorCase one = case_of(patient, &caption, subset);
    g_autoptr(GPtrArray) findings = lk_findings_new();
    lk_doctor_examine(&one, &options, findings);
    patient->problems |= lk_findings_bits(findings);
}

void lk_patients_examine(GArray *patients, const LkPictureRules *rules)
{
    g_autoptr(LkSubset) subset = subset_without_triggers(rules->subset);
    g_autoptr(LkSubset) reg = subset_without_triggers(rules->reg_subset);
    for (guint i = 0; i < patients->len; i++) {
        LkPatient *patient = &g_array_index(patients, LkPatient, i);
        examine(patient, rules, patient->regularisation ? reg : subset);
    }
}
