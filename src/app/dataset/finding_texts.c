#include "app/dataset/finding_texts.h"

#include <glib/gi18n.h>

/* Words for one and for many, marked for translation; looked up when they are shown. */
typedef struct Words {
    const char *one, *many;
} Words;
#define NP_(one, many) {one, many}

static const struct {
    LkFixKind fix;
    Words text, brief;
    const char *advice;
} kinds[LK_FINDING_COUNT] = {
    [LK_FINDING_PICTURE_UNREADABLE] = {LK_FIX_EXCLUDE, NP_("%u picture cannot be read.", "%u pictures cannot be read."),
                                       NP_("%u cannot be read", "%u cannot be read"),
                                       N_("The reason is shown on each. Save it anew with another program, or leave it "
                                          "out.")},
    [LK_FINDING_PICTURE_EMPTY] = {LK_FIX_EXCLUDE, NP_("%u picture file is empty.", "%u picture files are empty."),
                                  NP_("%u empty file", "%u empty files"),
                                  N_("Copy it again from where it came from, or leave it out.")},
    [LK_FINDING_PICTURE_TRUNCATED] = {LK_FIX_EXCLUDE, NP_("%u picture ends too early.", "%u pictures end too early."),
                                      NP_("%u incomplete", "%u incomplete"),
                                      N_("Copy or download it again, or leave it out.")},
    [LK_FINDING_PICTURE_TOO_LARGE] =
        {LK_FIX_EXCLUDE, NP_("%u picture is too large to be read.", "%u pictures are too large to be read."),
         NP_("%u too large", "%u too large"), N_("Make it smaller with another program, or leave it out.")},
    [LK_FINDING_PICTURE_NO_BUCKET] =
        {LK_FIX_EXCLUDE, NP_("%u picture is too narrow to be trained.", "%u pictures are too narrow to be trained."),
         NP_("%u too narrow", "%u too narrow"), N_("Cut a better part out of it, or leave it out.")},
    [LK_FINDING_PICTURE_MISSING] = {LK_FIX_EXCLUDE,
                                    NP_("The file of %u picture is gone.", "The files of %u pictures are gone."),
                                    NP_("%u missing", "%u missing"),
                                    N_("Bring the file or its disk back, or remove the picture from the project.")},
    [LK_FINDING_PICTURE_WRONG_TYPE] = {LK_FIX_NONE,
                                       NP_("%u picture has the name of another file type.",
                                           "%u pictures have names of another file type."),
                                       {NULL, NULL},
                                       N_("It is read as what it is.")},
    [LK_FINDING_PICTURE_CMYK] = {LK_FIX_NONE,
                                 NP_("%u picture has colours for print (CMYK).",
                                     "%u pictures have colours for print (CMYK)."),
                                 {NULL, NULL},
                                 N_("They are converted to RGB without a colour profile; save the picture as RGB if "
                                    "the colours matter.")},
    [LK_FINDING_PICTURE_GREY] = {LK_FIX_NONE,
                                 NP_("%u picture is greyscale.", "%u pictures are greyscale."),
                                 {NULL, NULL},
                                 N_("It is trained as it is; leave it out if the results should be colourful.")},
    [LK_FINDING_PICTURE_16_BIT] = {LK_FIX_NONE,
                                   NP_("%u picture has more than 8 bits a colour.",
                                       "%u pictures have more than 8 bits a colour."),
                                   {NULL, NULL},
                                   N_("8 of them are used.")},
    [LK_FINDING_PICTURE_ALPHA] = {LK_FIX_ALPHA_MASK,
                                  NP_("%u picture has transparent parts.", "%u pictures have transparent parts."),
                                  NP_("%u transparent", "%u transparent"),
                                  N_("Transparency is dropped, and the colours stored below it are trained. Let it be "
                                     "the mask, so that these are not learnt, or put the picture on a background.")},
    [LK_FINDING_PICTURE_ANIMATED] = {LK_FIX_NONE,
                                     NP_("%u picture is animated.", "%u pictures are animated."),
                                     {NULL, NULL},
                                     N_("The first frame is used.")},
    [LK_FINDING_PICTURE_TURNED] = {LK_FIX_NONE,
                                   NP_("%u picture is turned as its camera noted.",
                                       "%u pictures are turned as their cameras noted."),
                                   {NULL, NULL},
                                   N_("The picture is trained as it is shown.")},
    [LK_FINDING_PICTURE_SMALL] = {LK_FIX_EXCLUDE,
                                  NP_("%u picture is smaller than its bucket and is enlarged.",
                                      "%u pictures are smaller than their buckets and are enlarged."),
                                  NP_("%u smaller than its bucket", "%u smaller than their buckets"),
                                  N_("Use a larger version of the picture, or a smaller resolution.")},
    [LK_FINDING_PICTURE_DUPLICATE] = {LK_FIX_EXCLUDE, NP_("%u picture is there twice.", "%u pictures are there twice."),
                                      NP_("%u duplicate", "%u duplicates"),
                                      N_("Leave it out; give the other one more repeats if it should be seen more "
                                         "often.")},
    [LK_FINDING_PICTURE_LOOKALIKE] = {LK_FIX_EXCLUDE,
                                      NP_("%u picture looks nearly like another one.",
                                          "%u pictures look nearly like other ones."),
                                      NP_("%u nearly the same", "%u nearly the same"),
                                      N_("What is seen twice is learnt twice as strongly; leave one of them out unless "
                                         "that is meant.")},
    [LK_FINDING_PICTURE_BLURRED] = {LK_FIX_EXCLUDE, NP_("%u picture looks blurred.", "%u pictures look blurred."),
                                    NP_("%u blurred", "%u blurred"),
                                    N_("Blur is learnt like everything else; use a sharper picture if that is not "
                                       "meant.")},
    [LK_FINDING_CAPTION_MISSING] = {LK_FIX_WRITE_TRIGGER,
                                    NP_("%u picture has no caption.", "%u pictures have no caption."),
                                    NP_("%u without caption", "%u without caption"),
                                    N_("Describe what should stay changeable; what is not described becomes part of "
                                       "what is learnt.")},
    [LK_FINDING_CAPTION_EMPTY] = {LK_FIX_WRITE_TRIGGER,
                                  NP_("%u picture has an empty caption.", "%u pictures have empty captions."),
                                  NP_("%u with an empty caption", "%u with empty captions"),
                                  N_("Describe the picture, or leave it empty on purpose: it is trained without "
                                     "words.")},
    [LK_FINDING_CAPTION_NOT_UTF8] = {LK_FIX_CONVERT_UTF8,
                                     NP_("%u caption is not saved as UTF-8.", "%u captions are not saved as "
                                                                              "UTF-8."),
                                     NP_("%u caption in another encoding", "%u captions in other encodings"),
                                     N_("It is not used for training before it is saved again as UTF-8.")},
    [LK_FINDING_CAPTION_UNREADABLE] = {LK_FIX_NONE, NP_("%u caption cannot be read.", "%u captions cannot be read."),
                                       NP_("%u caption that cannot be read", "%u captions that cannot be read"),
                                       N_("Check the permissions of the caption file.")},
    [LK_FINDING_CAPTION_MORE_LINES] = {LK_FIX_JOIN_LINES,
                                       NP_("%u caption has several lines.", "%u captions have several lines."),
                                       {NULL, NULL},
                                       N_("Only the first line is used for training, unless lines are variants "
                                          "(enable_wildcard).")},
    [LK_FINDING_CAPTION_LONG] = {LK_FIX_READ_MORE,
                                 NP_("%u caption is longer than the text encoder reads.",
                                     "%u captions are longer than the text encoder reads."),
                                 NP_("%u caption too long", "%u captions too long"),
                                 N_("What is behind the limit is not seen. Shorten the caption, or raise the limit "
                                    "(max_token_length), which costs a little time and memory.")},
    [LK_FINDING_TRIGGER_MISSING] = {LK_FIX_ADD_TRIGGER,
                                    NP_("%u caption lacks the trigger word.", "%u captions lack the trigger word."),
                                    {NULL, NULL},
                                    N_("Training puts it in front by itself; other programs that read the captions do "
                                       "not.")},
    [LK_FINDING_TAGS_ONCE] = {LK_FIX_REMOVE_TAGS, {NULL, NULL}, {NULL, NULL}, ""},
    [LK_FINDING_PICTURES_FEW] = {LK_FIX_ADD_PICTURES, {NULL, NULL}, {NULL, NULL}, ""},
    [LK_FINDING_PICTURES_MANY] = {LK_FIX_NONE, {NULL, NULL}, {NULL, NULL}, ""},
};

static const Words fix_labels[LK_FIX_COUNT] = {
    [LK_FIX_EXCLUDE] = NP_("Leave Out %u Picture", "Leave Out %u Pictures"),
    [LK_FIX_ADD_TRIGGER] = NP_("Add Trigger Word to %u Caption", "Add Trigger Word to %u Captions"),
    [LK_FIX_CONVERT_UTF8] = NP_("Convert %u Caption to UTF-8", "Convert %u Captions to UTF-8"),
    [LK_FIX_WRITE_TRIGGER] = NP_("Use Trigger Word for %u Picture", "Use Trigger Word for %u Pictures"),
    [LK_FIX_ALPHA_MASK] = NP_("Use Transparency as Mask", "Use Transparency as Mask"),
    [LK_FIX_REMOVE_TAGS] = NP_("Remove These Tags from %u Caption", "Remove These Tags from %u Captions"),
    [LK_FIX_READ_MORE] = NP_("Read Up to 225 Tokens", "Read Up to 225 Tokens"),
    [LK_FIX_ADD_PICTURES] = NP_("Add More Pictures…", "Add More Pictures…"),
    [LK_FIX_JOIN_LINES] = NP_("Join the Lines of %u Caption", "Join the Lines of %u Captions"),
};

static char *say(Words words, guint count)
{
    if (!words.one)
        return NULL;
    GString *text = g_string_new(g_dngettext(GETTEXT_PACKAGE, words.one, words.many, count));
    g_autofree char *number = g_strdup_printf("%u", count);
    g_string_replace(text, "%u", number, 1);
    return g_string_free(text, FALSE);
}

char *lk_finding_kind_text(LkFindingKind kind, guint count)
{
    return say(kinds[kind].text, count);
}

const char *lk_finding_kind_advice(LkFindingKind kind)
{
    const char *advice = kinds[kind].advice;
    return advice && *advice ? _(advice) : "";
}

char *lk_finding_kind_short(LkFindingKind kind, guint count)
{
    return say(kinds[kind].brief, count);
}

LkSeverity lk_finding_kind_severity(LkFindingKind kind)
{
    /* training adds the word, so nothing is wrong there */
    return kind == LK_FINDING_TRIGGER_MISSING ? LK_SEVERITY_INFO : lk_finding_severity(kind);
}

LkFixKind lk_finding_kind_fix(LkFindingKind kind)
{
    return kinds[kind].fix;
}

char *lk_finding_fix_label(LkFixKind fix, guint count)
{
    /* most are about pictures that it is known of */
    return count || fix == LK_FIX_ADD_PICTURES ? say(fix_labels[fix], count) : NULL;
}
