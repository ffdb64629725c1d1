#include "dataset/check.h"

#include "base/hash.h"
#include "base/parallel.h"
#include "format/gerror.h"
#include "text/trigger.h"

#include <stdlib.h>
#include <string.h>

/* What one thread found out about one picture. */
typedef struct Examined {
    GPtrArray *findings;
    uint8_t hash[32];
    bool done, usable;
    int tokens;
} Examined;

typedef struct Examination {
    const LkDataset *dataset;
    const LkCheckOptions *options;
    Examined *results;
    GMutex lock; /* of progress */
    guint done;
    int stopped; /* atomic */
} Examination;

/* What decoding is fine with but people may not be. */
static const struct {
    size_t flag; /* a bool of LkPictureInfo */
    LkFindingKind kind;
    const char *text;
} remarks[] = {
    {offsetof(LkPictureInfo, cmyk), LK_FINDING_PICTURE_CMYK,
     "The colours are CMYK for print; they are converted to RGB without a colour profile."},
    {offsetof(LkPictureInfo, grey), LK_FINDING_PICTURE_GREY, "The picture is greyscale; it is trained as RGB."},
    {offsetof(LkPictureInfo, alpha), LK_FINDING_PICTURE_ALPHA,
     "The picture has transparency, which is dropped: transparent areas show the colours stored below them. Put it on "
     "a "
     "background if that is not meant."},
    {offsetof(LkPictureInfo, animated), LK_FINDING_PICTURE_ANIMATED,
     "The picture is animated; only its first frame is used."},
};

static void remark_on_file(const LkDatasetPicture *picture, const LkPictureInfo *info, GPtrArray *findings)
{
    for (size_t i = 0; i < G_N_ELEMENTS(remarks); i++)
        if (*(const bool *)((const char *)info + remarks[i].flag))
            lk_findings_add(findings, remarks[i].kind, picture->path, "%s", remarks[i].text);
    if (info->bits > 8)
        lk_findings_add(findings, LK_FINDING_PICTURE_16_BIT, picture->path,
                        "The picture has %d bits a colour; 8 of them are used.", info->bits);
    if (info->orientation > 1)
        lk_findings_add(findings, LK_FINDING_PICTURE_TURNED, picture->path,
                        "The camera's note on how it was held is applied: the picture is turned (EXIF orientation %d).",
                        info->orientation);
    if (!lk_picture_type_fits_name(info->type, picture->path))
        lk_findings_add(findings, LK_FINDING_PICTURE_WRONG_TYPE, picture->path,
                        "The name says otherwise, but this is a %s picture; it is read as what it is.",
                        lk_picture_type_name(info->type));
    const LkBucketFit *fit = &picture->fit;
    if (fit->resized.width > picture->size.width || fit->resized.height > picture->size.height)
        lk_findings_add(
            findings, LK_FINDING_PICTURE_SMALL, picture->path,
            "The picture is %d x %d, smaller than its bucket of %d x %d, so it is enlarged; use a larger one or set "
            "bucket_no_upscale.",
            picture->size.width, picture->size.height, fit->bucket.width, fit->bucket.height);
}

static void examine_file(const LkDatasetPicture *picture, Examined *result)
{
    g_autoptr(GError) error = NULL;
    LkPictureInfo info = {0};
    uint8_t *data = NULL;
    size_t size = 0;
    if (lk_picture_read(picture->path, &data, &size, &error)) {
        LkSha256 state;
        lk_sha256_init(&state);
        lk_sha256_update(&state, data, size);
        lk_sha256_final(&state, result->hash);
        g_autoptr(LkPixels) pixels = lk_picture_decode(data, size, &info, &error);
        result->usable = pixels != NULL;
        free(data);
    }
    if (result->usable)
        remark_on_file(picture, &info, result->findings);
    else
        lk_findings_add(result->findings, lk_finding_of_picture_error(&info, error), picture->path, "%s",
                        lk_picture_reason(picture->path, error));
}

static bool has_word(const char *caption, const char *word, const LkSubset *subset)
{
    g_auto(GStrv) added = lk_trigger_words(subset->caption.trigger_words ? subset->caption.trigger_words : "");
    return g_strv_contains((const char *const *)added, word) ||
           lk_caption_has_trigger(caption, word, subset->caption.separator);
}

static void examine_caption(const LkDatasetPicture *picture, const LkCheckOptions *options, Examined *result)
{
    result->tokens = -1;
    const char *place = picture->caption.path ? picture->caption.path : picture->path;
    if (options->tokenizer) {
        result->tokens = lk_caption_token_count(picture->caption.text, &picture->subset->caption, options->tokenizer);
        if (result->tokens > options->doctor.max_tokens)
            lk_findings_add(result->findings, LK_FINDING_CAPTION_LONG, place,
                            "The caption has %d tokens, of which only the first %d are used; shorten it%s.",
                            result->tokens, options->doctor.max_tokens,
                            options->doctor.max_tokens < 225 ? " or raise max_token_length" : "");
    }
    g_auto(GStrv) words = lk_trigger_words(options->doctor.trigger_words ? options->doctor.trigger_words : "");
    for (char **word = words; *word; word++)
        if (!picture->subset->is_reg && !has_word(picture->caption.text, *word, picture->subset))
            lk_findings_add(result->findings, LK_FINDING_TRIGGER_MISSING, place,
                            "The caption lacks the trigger word \"%s\".", *word);
}

static void examine(void *context, int64_t first, int64_t last)
{
    Examination *examination = context;
    const LkCheckOptions *options = examination->options;
    for (int64_t i = first; i < last && !g_atomic_int_get(&examination->stopped); i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(examination->dataset->pictures, (guint)i);
        Examined *result = &examination->results[i];
        result->findings = lk_findings_new();
        examine_file(picture, result);
        examine_caption(picture, options, result);
        result->done = true;
        g_mutex_lock(&examination->lock);
        examination->done++;
        if (options->progress &&
            !options->progress(options->progress_data, examination->done, examination->dataset->pictures->len))
            g_atomic_int_set(&examination->stopped, 1);
        g_mutex_unlock(&examination->lock);
    }
}

static guint hash_of_content(const void *hash)
{
    guint value;
    memcpy(&value, hash, sizeof value);
    return value;
}

static gboolean same_content(const void *a, const void *b)
{
    return memcmp(a, b, 32) == 0;
}

/* Pictures with the same bytes, and caption files that two pictures share, within one block: another block may well
 * show the same picture at another resolution. */
static void find_doubles(const LkDataset *dataset, const Examined *results, GPtrArray *findings)
{
    guint block = G_MAXUINT;
    g_autoptr(GHashTable) contents = g_hash_table_new(hash_of_content, same_content);
    g_autoptr(GHashTable) captions = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(dataset->pictures, i);
        if (picture->block != block) {
            g_hash_table_remove_all(contents);
            g_hash_table_remove_all(captions);
            block = picture->block;
        }
        const LkDatasetPicture *twin = results[i].usable ? g_hash_table_lookup(contents, results[i].hash) : NULL;
        const LkDatasetPicture *sharer =
            picture->caption.path ? g_hash_table_lookup(captions, picture->caption.path) : NULL;
        if (twin) {
            g_autofree char *shown = g_filename_display_name(twin->path);
            lk_findings_add(
                findings, LK_FINDING_PICTURE_DUPLICATE, picture->path,
                "The file is the same as %s; remove one, or raise num_repeats if it should be seen more often.", shown);
        } else if (results[i].usable) {
            g_hash_table_insert(contents, (void *)results[i].hash, (void *)picture);
        }
        if (sharer) {
            g_autofree char *shown = g_filename_display_name(sharer->path);
            lk_findings_add(findings, LK_FINDING_CAPTION_SHARED, picture->caption.path,
                            "The caption is used for %s too.", shown);
        } else if (picture->caption.path) {
            g_hash_table_insert(captions, picture->caption.path, (void *)picture);
        }
    }
}

static void collect(LkCheck *check, Examined *results)
{
    for (guint i = 0; i < check->dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(check->dataset->pictures, i);
        check->unusable += !results[i].usable;
        check->captioned += picture->caption.source == LK_CAPTION_FROM_FILE && picture->caption.text[0];
        check->most_tokens = MAX(check->most_tokens, results[i].tokens);
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
        find_doubles(check->dataset, results, check->findings);
        collect(check, results);
    }
    for (guint i = 0; i < count; i++)
        g_clear_pointer(&results[i].findings, g_ptr_array_unref);
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
            lk_set_error(error, LK_ERROR_STOPPED, "The check was stopped.");
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
