/* What can be told of one picture without the others. */
#include "dataset/doctor.h"

#include "dataset/sharpness.h"
#include "text/tags.h"
#include "text/trigger.h"

#include <glib/gi18n.h>
#include <string.h>

/* What decoding is fine with but people may not be. */
static const struct {
    size_t flag; /* a bool of LkPictureInfo */
    LkFindingKind kind;
    const char *text;
} remarks[] = {
    {offsetof(LkPictureInfo, cmyk), LK_FINDING_PICTURE_CMYK,
     N_("The colours are CMYK for print; they are converted to RGB without a colour profile.")},
    {offsetof(LkPictureInfo, grey), LK_FINDING_PICTURE_GREY, N_("The picture is greyscale; it is trained as RGB.")},
    {offsetof(LkPictureInfo, alpha), LK_FINDING_PICTURE_ALPHA,
     N_("The picture has transparency, which is dropped: transparent areas show the colours stored below them. Put it "
        "on a background if that is not meant.")},
    {offsetof(LkPictureInfo, animated), LK_FINDING_PICTURE_ANIMATED,
     N_("The picture is animated; only its first frame is used.")},
};

/* The extension of a type that another extension was given for. */
static const char *const extensions[] = {
    [LK_PICTURE_UNKNOWN] = NULL, [LK_PICTURE_PNG] = ".png",   [LK_PICTURE_JPEG] = ".jpg",  [LK_PICTURE_WEBP] = ".webp",
    [LK_PICTURE_BMP] = ".bmp",   [LK_PICTURE_GIF] = ".gif",   [LK_PICTURE_AVIF] = ".avif", [LK_PICTURE_JXL] = ".jxl",
    [LK_PICTURE_TIFF] = ".tiff", [LK_PICTURE_HEIF] = ".heif",
};

static void remark_on_info(const LkDoctorCase *patient, GPtrArray *findings)
{
    const LkPictureInfo *info = &patient->facts->info;
    for (size_t i = 0; i < G_N_ELEMENTS(remarks); i++)
        if (*(const bool *)((const char *)info + remarks[i].flag) &&
            !(remarks[i].kind == LK_FINDING_PICTURE_ALPHA && patient->subset->alpha_mask))
            lk_findings_add(findings, remarks[i].kind, patient->path, "%s", _(remarks[i].text));
    if (info->bits > 8)
        lk_findings_add(findings, LK_FINDING_PICTURE_16_BIT, patient->path,
                        _("The picture has %d bits a colour; 8 of them are used."), info->bits);
    if (info->orientation > 1)
        lk_findings_add(
            findings, LK_FINDING_PICTURE_TURNED, patient->path,
            _("The camera's note on how it was held is applied: the picture is turned (EXIF orientation %d)."),
            info->orientation);
    if (!lk_picture_type_fits_name(info->type, patient->path))
        lk_finding_set_fix(lk_findings_add(findings, LK_FINDING_PICTURE_WRONG_TYPE, patient->path,
                                           _("The name says otherwise, but this is a %s picture; it is read as what "
                                             "it is."),
                                           lk_picture_type_name(info->type)),
                           LK_FIX_RENAME, extensions[info->type]);
}

static void examine_size(const LkDoctorCase *patient, GPtrArray *findings)
{
    const LkBucketFit *fit = patient->fit;
    const LkSize size = patient->facts->size;
    if (fit->resized.width > size.width || fit->resized.height > size.height)
        lk_finding_set_fix(
            lk_findings_add(findings, LK_FINDING_PICTURE_SMALL, patient->path,
                            _("The picture is %d x %d, smaller than its bucket of %d x %d, so it is enlarged; use a "
                              "larger one or set bucket_no_upscale."),
                            size.width, size.height, fit->bucket.width, fit->bucket.height),
            LK_FIX_EXCLUDE, NULL);
}

static void examine_sharpness(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings)
{
    const double blurred = options->blurred == 0 ? LK_SHARPNESS_BLURRED : options->blurred;
    const LkPictureFacts *facts = patient->facts; /* one colour is not blurred */
    if (facts->has_look && facts->sharpness >= 0 && facts->sharpness < blurred)
        lk_finding_set_fix(lk_findings_add(findings, LK_FINDING_PICTURE_BLURRED, patient->path, "%s",
                                           _("The picture looks blurred, and blur is learnt like everything else; use "
                                             "a sharper one if that is not meant.")),
                           LK_FIX_EXCLUDE, NULL);
}

static void examine_file(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings)
{
    const LkPictureFacts *facts = patient->facts;
    if (!facts->usable) {
        lk_finding_set_fix(lk_findings_add(findings, facts->failure, patient->path, "%s", facts->reason),
                           LK_FIX_EXCLUDE, NULL);
        return;
    }
    remark_on_info(patient, findings);
    if (patient->fit)
        examine_size(patient, findings);
    if (!patient->subset->is_reg)
        examine_sharpness(patient, options, findings);
}

static bool has_word(const LkDoctorCase *patient, const char *word)
{
    const LkCaptionOptions *options = &patient->subset->caption;
    g_auto(GStrv) added = lk_trigger_words(options->trigger_words ? options->trigger_words : "");
    for (char **own = added; *own; own++)
        if (lk_tags_equal(*own, word, LK_TAGS_ANY_CASE))
            return true;
    return lk_caption_has_trigger(patient->caption->text, word, options->separator);
}

/* Findings about a caption stand at its file where there is one. */
static const char *caption_place(const LkDoctorCase *patient)
{
    return patient->caption->path ? patient->caption->path : patient->path;
}

static void examine_triggers(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings)
{
    g_auto(GStrv) words = lk_trigger_words(options->trigger_words ? options->trigger_words : "");
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    for (char **word = words; *word; word++)
        if (!has_word(patient, *word))
            g_ptr_array_add(missing, *word);
    const guint count = missing->len;
    g_ptr_array_add(missing, NULL);
    if (!count)
        return;
    g_autofree char *list = lk_tags_join((const char *const *)(void *)missing->pdata);
    LkFinding *finding = lk_findings_add(
        findings, LK_FINDING_TRIGGER_MISSING, caption_place(patient),
        ngettext("The caption lacks the trigger word \"%s\".", "The caption lacks the trigger words \"%s\".", count),
        list);
    lk_finding_set_picture(finding, patient->path);
    lk_finding_set_fix(finding, LK_FIX_ADD_TRIGGER, list);
}

static void examine_length(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings)
{
    const char *place = caption_place(patient);
    LkFinding *finding = NULL;
    if (patient->tokens <= options->max_tokens)
        return;
    if (options->max_tokens < 225)
        finding = lk_findings_add(findings, LK_FINDING_CAPTION_LONG, place,
                                  _("The caption has %d tokens, of which only the first %d are used; shorten it or "
                                    "raise max_token_length."),
                                  patient->tokens, options->max_tokens);
    else
        finding = lk_findings_add(findings, LK_FINDING_CAPTION_LONG, place,
                                  _("The caption has %d tokens, of which only the first %d are used; shorten it."),
                                  patient->tokens, options->max_tokens);
    lk_finding_set_picture(finding, patient->path);
}

void lk_doctor_examine(const LkDoctorCase *patient, const LkDoctorOptions *options, GPtrArray *findings)
{
    if (patient->facts)
        examine_file(patient, options, findings);
    if (patient->tokens >= 0 && options->max_tokens > 0)
        examine_length(patient, options, findings);
    if (!patient->subset->is_reg)
        examine_triggers(patient, options, findings);
}
