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

static LkCaption caption_of(const LkPatient *patient)
{
    const bool has = patient->state == LK_PICTURE_CAPTION_READ && !is_blank(patient->caption);
    return (LkCaption){.source = has ? LK_CAPTION_FROM_FILE : LK_CAPTION_NONE,
                       .text = has ? patient->caption : (char *)""};
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
    const LkCaption caption = caption_of(patient);
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

/* ---- beside each other ------------------------------------------------------------------------------- */

static void mark(GHashTable *by_path, const char *path, LkFindingKind kind)
{
    LkPatient *patient = g_hash_table_lookup(by_path, path);
    if (patient)
        patient->problems |= lk_finding_bit(kind);
}

/* Tags that stand in one caption only: their pictures can be looked at. */
static void mark_others(GHashTable *by_path, const LkFinding *finding)
{
    for (char **path = finding->others; path && *path; path++)
        mark(by_path, *path, finding->kind);
}

GPtrArray *lk_patients_compare(GArray *patients, const LkPictureRules *rules, bool lookalikes)
{
    g_autofree LkDoctorCase *cases = g_new0(LkDoctorCase, patients->len + 1);
    g_autofree LkCaption *captions = g_new0(LkCaption, patients->len + 1);
    g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < patients->len; i++) {
        LkPatient *patient = &g_array_index(patients, LkPatient, i);
        patient->problems = 0;
        captions[i] = caption_of(patient);
        cases[i] = case_of(patient, &captions[i], patient->regularisation ? rules->reg_subset : rules->subset);
        g_hash_table_insert(by_path, patient->path, patient);
    }
    LkDoctorOptions options = rules->doctor;
    if (!lookalikes)
        options.lookalike_distance = -1;
    g_autoptr(GPtrArray) findings = lk_findings_new();
    lk_doctor_compare(cases, patients->len, &options, "", findings);
    GPtrArray *whole = lk_findings_new();
    for (guint i = findings->len; i > 0; i--) {
        const LkFinding *finding = findings->pdata[i - 1];
        if (lk_finding_is_of_picture(finding->kind)) {
            mark(by_path, lk_finding_picture(finding), finding->kind);
        } else {
            mark_others(by_path, finding);
            g_ptr_array_add(whole, g_ptr_array_steal_index(findings, i - 1));
        }
    }
    return whole;
}
