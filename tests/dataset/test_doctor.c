/* The checks on facts made up here: every limit, what is compared with what, and what is left out. */
#include "dataset/doctor.h"
#include "dataset/sharpness.h"
#include "tests/tap.h"

#include <string.h>

enum { MOST = 60 };

/* A dataset in memory. */
typedef struct Ward {
    LkDoctorCase cases[MOST];
    LkPictureFacts facts[MOST];
    LkCaption captions[MOST];
    char *paths[MOST];
    LkSubset *train, *reg;
    GPtrArray *findings;
    guint count;
} Ward;

static void ward_init(Ward *ward, guint count)
{
    *ward =
        (Ward){.train = lk_subset_new("d"), .reg = lk_subset_new("r"), .findings = lk_findings_new(), .count = count};
    ward->reg->is_reg = true;
    for (guint i = 0; i < count; i++) {
        ward->paths[i] = g_strdup_printf("d/%02u.png", i);
        ward->captions[i] = (LkCaption){LK_CAPTION_FROM_FILE, NULL, g_strdup("sks")};
        LkPictureFacts *facts = &ward->facts[i];
        *facts = (LkPictureFacts){.usable = true,
                                  .info = {.type = LK_PICTURE_PNG, .bits = 8, .orientation = 1},
                                  .size = {512, 512},
                                  .has_look = true,
                                  .sharpness = 1000};
        memset(facts->hash, (int)i + 1, sizeof facts->hash);
        facts->look.hash = G_GUINT64_CONSTANT(0x9E3779B97F4A7C15) * (i + 1); /* far apart from each other */
        ward->cases[i] = (LkDoctorCase){
            .path = ward->paths[i], .caption = &ward->captions[i], .subset = ward->train, .facts = facts, .tokens = -1};
    }
}

static void ward_clear(Ward *ward)
{
    for (guint i = 0; i < ward->count; i++) {
        g_free(ward->paths[i]);
        lk_caption_clear(&ward->captions[i]);
    }
    lk_subset_free(ward->train);
    lk_subset_free(ward->reg);
    g_ptr_array_unref(ward->findings);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ward, ward_clear)

static void caption(Ward *ward, guint i, const char *text)
{
    g_free(ward->captions[i].text);
    ward->captions[i].text = g_strdup(text);
}

/* "kind@path kind@path …" of all findings. Free with g_free. */
static char *found(const Ward *ward)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < ward->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(ward->findings, i);
        g_string_append_printf(out, "%s%s@%s", i ? " " : "", lk_finding_name(finding->kind), finding->path);
    }
    return g_string_free(out, FALSE);
}

static const LkFinding *last(const Ward *ward)
{
    return ward->findings->len ? g_ptr_array_index(ward->findings, ward->findings->len - 1) : NULL;
}

static char *compare(Ward *ward, const LkDoctorOptions *options)
{
    LkDoctorPeer peers[MOST];
    for (guint i = 0; i < ward->count; i++)
        peers[i] = lk_doctor_peer_of(&ward->cases[i]);
    g_ptr_array_set_size(ward->findings, 0);
    lk_doctor_compare(peers, ward->count, options, "place", ward->findings);
    return found(ward);
}

static char *examine(Ward *ward, guint i, const LkDoctorOptions *options)
{
    g_ptr_array_set_size(ward->findings, 0);
    lk_doctor_examine(&ward->cases[i], options, ward->findings);
    return found(ward);
}

static void is(char *got, const char *wanted, const char *what)
{
    tap_ok(strcmp(got, wanted) == 0, "%s: %s", what, *got ? got : "nothing");
    g_free(got);
}

static void test_numbers(void)
{
    static const struct {
        LkPurpose purpose;
        guint count;
        const char *wanted;
    } cases[] = {
        {LK_PURPOSE_ANY, 14, "pictures-few@place"},
        {LK_PURPOSE_ANY, 15, ""},
        {LK_PURPOSE_ANY, 60, ""},
        {LK_PURPOSE_STYLE, 19, "pictures-few@place"},
        {LK_PURPOSE_STYLE, 20, ""},
        {LK_PURPOSE_STYLE, 30, ""},
        {LK_PURPOSE_STYLE, 31, "pictures-many@place"},
        {LK_PURPOSE_CHARACTER, 29, "pictures-few@place"},
        {LK_PURPOSE_CHARACTER, 30, ""},
        {LK_PURPOSE_CHARACTER, 50, ""},
        {LK_PURPOSE_CHARACTER, 51, "pictures-many@place"},
        {LK_PURPOSE_ANY, 0, ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Ward) ward;
        ward_init(&ward, cases[i].count);
        const LkDoctorOptions options = {.purpose = cases[i].purpose};
        g_autofree char *what =
            g_strdup_printf("%u pictures for %s", cases[i].count, lk_purpose_name(cases[i].purpose));
        is(compare(&ward, &options), cases[i].wanted, what);
    }
    g_auto(Ward) ward;
    ward_init(&ward, 18);
    ward.facts[0].usable = false;                       /* not one that counts */
    memcpy(ward.facts[2].hash, ward.facts[1].hash, 32); /* nor a repeated one */
    ward.cases[3].subset = ward.reg;                    /* nor regularisation */
    ward.cases[4].path = ward.cases[5].path;            /* nor the same again */
    ward.cases[5].block = ward.cases[4].block;
    ward.cases[6].facts = NULL; /* one not looked at yet counts */
    is(compare(&ward, &(LkDoctorOptions){.purpose = LK_PURPOSE_ANY}), "picture-duplicate@d/02.png pictures-few@place",
       "14 that count");
    LkPurpose purpose;
    bool names = !lk_purpose_from_name("other", &purpose);
    for (int i = 0; i < LK_PURPOSES; i++)
        names = names && lk_purpose_from_name(lk_purpose_name((LkPurpose)i), &purpose) && purpose == (LkPurpose)i;
    tap_ok(names, "names of purposes");
}

static void test_alike(void)
{
    g_auto(Ward) ward;
    ward_init(&ward, 20);
    const LkDoctorOptions options = {.purpose = LK_PURPOSE_ANY};
    ward.facts[7].look.hash = ward.facts[3].look.hash ^ 0x3FF; /* ten bits */
    ward.facts[9].look.hash = ward.facts[3].look.hash ^ 0x7FF; /* eleven */
    is(compare(&ward, &options), "picture-lookalike@d/07.png", "ten bits are alike, eleven are not");
    tap_ok(last(&ward)->fix == LK_FIX_EXCLUDE && strcmp(last(&ward)->others[0], "d/03.png") == 0,
           "the first one is named");
    is(compare(&ward, &(LkDoctorOptions){.lookalike_distance = 11}),
       "picture-lookalike@d/07.png picture-lookalike@d/09.png", "the distance is an option");
    is(compare(&ward, &(LkDoctorOptions){.lookalike_distance = -1}), "", "or is not searched");
    memset(ward.facts[7].look.colours, 255, LK_LOOK_COLOURS / 2);
    is(compare(&ward, &options), "", "other colours");
    memset(ward.facts[7].look.colours, 0, LK_LOOK_COLOURS);
    ward.cases[7].subset = ward.reg;
    is(compare(&ward, &options), "", "not with regularisation pictures");
    ward.cases[7].subset = ward.train;
    ward.facts[9].look.hash = 1;
    for (guint i = 5; i < 20; i++)
        ward.cases[i].block = 1;
    is(compare(&ward, &options), "", "not between blocks");
    memcpy(ward.facts[6].hash, ward.facts[5].hash, 32);
    ward.facts[6].look = ward.facts[5].look;
    memcpy(ward.facts[1].hash, ward.facts[5].hash, 32);
    is(compare(&ward, &options), "picture-duplicate@d/06.png", "the same file within a block, said once");
}

static void test_tags(void)
{
    g_auto(Ward) ward;
    ward_init(&ward, 20);
    for (guint i = 0; i < 20; i++)
        caption(&ward, i, "sks, branch, sky");
    const LkDoctorOptions options = {.purpose = LK_PURPOSE_ANY};
    is(compare(&ward, &options), "", "no tag stands once");
    caption(&ward, 4, "sks, brnach, BRANCH, brnach");
    caption(&ward, 8, "sks, zebra, this is a whole sentence and no tag");
    is(compare(&ward, &options), "tags-once@place", "two do");
    const LkFinding *finding = last(&ward);
    tap_ok(finding->tags && strcmp(finding->tags[0], "brnach") == 0 && strcmp(finding->tags[1], "zebra") == 0 &&
               !finding->tags[2] && finding->others && strcmp(finding->others[0], "d/04.png") == 0 &&
               strcmp(finding->others[1], "d/08.png") == 0 && strstr(finding->text, "2 tags"),
           "%s", finding->text);
    for (guint i = 0; i < 20; i++) {
        g_autofree char *sentence = g_strdup_printf("photo %u, seen at %u, with %u", i, i, i);
        caption(&ward, i, sentence);
    }
    is(compare(&ward, &options), "", "where each caption has its own words, they are no tags");
    ward.count = 4;
    for (guint i = 0; i < 4; i++)
        caption(&ward, i, i ? "a, b" : "a, c");
    g_autofree char *few = compare(&ward, &options);
    tap_ok(!strstr(few, "tags-once"), "four captions are too few to tell");
    ward.count = 20;

    ward.captions[0].path = g_strdup("d/x.txt");
    ward.captions[1].path = g_strdup("d/x.txt");
    is(compare(&ward, &options), "caption-shared@d/x.txt", "a shared caption");
    tap_ok(strcmp(lk_finding_picture(last(&ward)), "d/01.png") == 0, "of two pictures");
}

static void test_single(void)
{
    g_auto(Ward) ward;
    ward_init(&ward, 2);
    LkDoctorOptions options = {.trigger_words = "sks, dog", .max_tokens = 75};
    LkPictureFacts *facts = &ward.facts[0];
    is(examine(&ward, 0, &options), "trigger-missing@d/00.png", "a trigger word is missing");
    tap_ok(last(&ward)->fix == LK_FIX_ADD_TRIGGER && strcmp(last(&ward)->fix_argument, "dog") == 0, "it can be added");
    caption(&ward, 0, "photo of a cat");
    is(examine(&ward, 0, &options), "trigger-missing@d/00.png", "two are");
    tap_ok(strcmp(last(&ward)->fix_argument, "sks, dog") == 0 && strstr(last(&ward)->text, "words"), "%s",
           last(&ward)->text);
    ward.train->caption.trigger_words = g_strdup("SKS, dog");
    is(examine(&ward, 0, &options), "", "the subset adds them");
    ward.cases[0].subset = ward.reg;
    is(examine(&ward, 0, &options), "", "regularisation pictures need none");
    ward.cases[0].subset = ward.train;

    facts->sharpness = LK_SHARPNESS_BLURRED - 1;
    is(examine(&ward, 0, &options), "picture-blurred@d/00.png", "blurred");
    options.blurred = 10;
    is(examine(&ward, 0, &options), "", "the limit is an option");
    options.blurred = -1;
    facts->sharpness = 0;
    is(examine(&ward, 0, &options), "", "or is not looked at");
    options.blurred = 0;
    facts->has_look = false;
    is(examine(&ward, 0, &options), "", "one colour is not blurred");
    facts->has_look = true;
    facts->sharpness = -1;
    is(examine(&ward, 0, &options), "", "nor what is too small to tell");

    ward.cases[0].tokens = 76;
    is(examine(&ward, 0, &options), "caption-long@d/00.png", "76 tokens of 75");
    tap_ok(strstr(last(&ward)->text, "76") && strstr(last(&ward)->text, "raise"), "%s", last(&ward)->text);
    options.max_tokens = 225;
    ward.cases[0].tokens = 226;
    is(examine(&ward, 0, &options), "caption-long@d/00.png", "226 of 225");
    tap_ok(!strstr(last(&ward)->text, "raise"), "which cannot be raised");
    ward.cases[0].tokens = 75;

    facts->info.alpha = true;
    is(examine(&ward, 0, &options), "picture-alpha@d/00.png", "transparency");
    ward.train->alpha_mask = true;
    is(examine(&ward, 0, &options), "", "unless it is the mask");
    const LkBucketFit fit = {.bucket = {640, 512}, .resized = {640, 640}};
    ward.cases[0].fit = &fit;
    is(examine(&ward, 0, &options), "picture-small@d/00.png", "smaller than its bucket");
    facts->usable = false;
    facts->failure = LK_FINDING_PICTURE_TRUNCATED;
    facts->reason = (char *)"it is cut";
    is(examine(&ward, 0, &options), "picture-truncated@d/00.png", "what cannot be used is said alone");
    ward.cases[0].facts = NULL;
    is(examine(&ward, 0, &options), "", "without facts nothing is said of the file");
}

int main(void)
{
    test_numbers();
    test_alike();
    test_tags();
    test_single();
    return tap_done();
}
