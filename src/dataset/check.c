#include "dataset/check.h"

#include "base/parallel.h"
#include "format/gerror.h"

#include <glib/gi18n.h>

/* What one thread found out about one picture. */
typedef struct Examined {
    GPtrArray *findings;
    LkPictureFacts *read; /* facts that were read here; NULL if they were known */
    LkDoctorCase patient;
} Examined;

typedef struct Examination {
    const LkDataset *dataset;
    const LkCheckOptions *options;
    Examined *results;
    GMutex lock; /* of progress */
    guint done;
    int stopped; /* atomic */
} Examination;

static void examine_picture(const LkDatasetPicture *picture, const LkCheckOptions *options, Examined *result)
{
    const LkPictureFacts *known = options->facts ? options->facts(options->facts_data, picture->path) : NULL;
    result->read = known ? NULL : lk_picture_facts_read(picture->path, NULL);
    const LkSubset *subset = picture->subset;
    result->patient =
        (LkDoctorCase){.path = picture->path,
                       .caption = &picture->caption,
                       .subset = subset,
                       .facts = known ? known : result->read,
                       .fit = &picture->fit,
                       .tokens = options->tokenizer ? lk_caption_token_count(picture->caption.text, &subset->caption,
                                                                             options->tokenizer)
                                                    : -1,
                       .block = picture->block};
    result->findings = lk_findings_new();
    lk_doctor_examine(&result->patient, &options->doctor, result->findings);
}

static void examine(void *context, int64_t first, int64_t last)
{
    Examination *examination = context;
    const LkCheckOptions *options = examination->options;
    for (int64_t i = first; i < last && !g_atomic_int_get(&examination->stopped); i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(examination->dataset->pictures, (guint)i);
        examine_picture(picture, options, &examination->results[i]);
        g_mutex_lock(&examination->lock);
        examination->done++;
        if (options->progress &&
            !options->progress(options->progress_data, examination->done, examination->dataset->pictures->len))
            g_atomic_int_set(&examination->stopped, 1);
        g_mutex_unlock(&examination->lock);
    }
}

/* What findings about the whole are about: the only folder, or the one around the first of several. */
static char *place_of(const LkDatasetConfig *config)
{
    const LkDatasetBlock *block = g_ptr_array_index(config->blocks, 0);
    const LkSubset *first = g_ptr_array_index(block->subsets, 0);
    for (guint i = 0; i < block->subsets->len; i++)
        if (g_strcmp0(((const LkSubset *)g_ptr_array_index(block->subsets, i))->image_dir, first->image_dir) != 0)
            return g_path_get_dirname(first->image_dir);
    return g_strdup(first->image_dir);
}

static void compare(LkCheck *check, const Examined *results, const LkDoctorOptions *options)
{
    const guint count = check->dataset->pictures->len;
    g_autofree LkDoctorPeer *peers = g_new(LkDoctorPeer, count + 1);
    for (guint i = 0; i < count; i++)
        peers[i] = lk_doctor_peer_of(&results[i].patient);
    g_autofree char *place = place_of(check->dataset->config);
    lk_doctor_compare(peers, count, options, place, check->findings);
}

static void collect(LkCheck *check, Examined *results)
{
    for (guint i = 0; i < check->dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(check->dataset->pictures, i);
        check->unusable += !results[i].patient.facts->usable;
        check->captioned += picture->caption.source == LK_CAPTION_FROM_FILE && picture->caption.text[0];
        check->most_tokens = MAX(check->most_tokens, results[i].patient.tokens);
        g_ptr_array_extend_and_steal(check->findings, g_steal_pointer(&results[i].findings));
    }
}

/* False when progress stopped it. */
static bool examine_all(LkCheck *check, const LkCheckOptions *options)
{
    const guint count = check->dataset->pictures->len;
    g_autofree Examined *results = g_new0(Examined, count + 1);
    Examination examination = {check->dataset, options, results, .done = 0};
    g_mutex_init(&examination.lock);
    lk_parallel_for(count, examine, &examination);
    g_mutex_clear(&examination.lock);
    if (!examination.stopped) {
        compare(check, results, &options->doctor);
        collect(check, results);
    }
    for (guint i = 0; i < count; i++) {
        g_clear_pointer(&results[i].findings, g_ptr_array_unref);
        lk_picture_facts_free(results[i].read);
    }
    return !examination.stopped;
}

LkCheck *lk_check_run(LkDatasetConfig *config, int multiple, const LkCheckOptions *options, GPtrArray *findings,
                      GError **error)
{
    g_autoptr(LkCheck) check = g_new0(LkCheck, 1);
    check->most_tokens = -1;
    check->findings = findings ? findings : lk_findings_new();
    g_autoptr(GError) failure = NULL;
    check->dataset = lk_dataset_new(config, multiple, check->findings, &failure);
    if (check->dataset) {
        check->pictures = check->dataset->pictures->len + check->dataset->unusable + check->dataset->unused;
        check->unusable = check->dataset->unusable;
        if (!examine_all(check, options)) {
            lk_set_error(error, LK_ERROR_STOPPED, "%s", _("The check was stopped."));
            return NULL;
        }
    } else {
        check->failure = g_strdup(failure->message);
    }
    lk_findings_sort(check->findings);
    return g_steal_pointer(&check);
}

void lk_check_free(LkCheck *check)
{
    if (!check)
        return;
    g_ptr_array_unref(check->findings);
    lk_dataset_free(check->dataset);
    g_free(check->failure);
    g_free(check);
}
