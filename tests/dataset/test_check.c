/* The dataset doctor: each kind of trouble is found, named once, and told in both forms. */
#include "dataset/check.h"
#include "format/gerror.h"
#include "format/json.h"
#include "tests/dataset/scenes.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

static char *root;

static void put(const char *name, const GByteArray *file, const char *caption)
{
    scratch_write(root, name, file->data, file->len);
    if (caption) {
        g_autofree char *base = g_strndup(name, (gsize)(strrchr(name, '.') - name));
        g_autofree char *text = g_strconcat(base, ".txt", NULL);
        scratch_text(root, text, caption);
    }
}

static GByteArray *png_scene(uint32_t seed, int width, int height)
{
    g_autoptr(LkPixels) picture = scene(seed, width, height);
    return scene_png(picture);
}

static void put_looks(void)
{
    g_autoptr(LkPixels) first = scene(20, 200, 150);
    g_autoptr(LkPixels) smaller = lk_small_copy(first, 100, 75), other = scene(21, 200, 150);
    g_autoptr(LkPixels) soft = scene_blurred(other, 3);
    g_autoptr(GByteArray) png = scene_png(first), jpeg = scene_jpeg(smaller, "60"), blurred = scene_png(soft);
    put("p/look a.png", png, "sks, look");
    put("p/look b.jpg", jpeg, "sks, look");
    put("p/soft.png", blurred, "sks, soft");
}

static void make_pictures(void)
{
    g_autoptr(GByteArray) good = png_scene(1, 64, 64), other = png_scene(2, 65, 64), small = png_scene(3, 20, 20);
    put("p/good.png", good, "sks, a cat");
    put("p/twin.png", good, "sks, a cat");
    put("p/shared.png", other, "sks, a dog");
    g_autoptr(LkPixels) fourth = scene(4, 66, 64), fifth = scene(5, 70, 70);
    g_autoptr(GByteArray) jpeg = scene_jpeg(fourth, "95");
    put("p/shared.jpg", jpeg, NULL);
    put("p/small.png", small, "sks, small");
    g_autoptr(GByteArray) bmp = pixbuf_quadrants("bmp", 67, 64);
    put("p/wrong.png", bmp, "sks, wrong");
    g_autofree uint8_t *cmyk = g_malloc(70 * 70 * 4);
    memset(cmyk, 100, 70 * 70 * 4);
    g_autoptr(GByteArray) print = jpeg_from(cmyk, 70, 70, 4, JCS_CMYK, false);
    put("p/cmyk.jpg", print, "sks, print");
    g_autoptr(GByteArray) grey = jpeg_from(cmyk, 70, 70, 1, JCS_GRAYSCALE, false);
    g_autoptr(GByteArray) turned = with_jpeg_exif(grey, 6, true);
    put("p/grey turned.jpg", turned, "sks, grey");
    g_autoptr(GByteArray) deep = png_begin(35, 70, 16, 6);
    png_finish(deep, cmyk, 70, 35 * 8);
    put("p/deep alpha.png", deep, "sks, deep");
    g_autoptr(GByteArray) animated = gif(true);
    put("p/animated.gif", animated, "sks, animated");
    g_autoptr(GByteArray) cut = scene_jpeg(fifth, "95");
    g_byte_array_set_size(cut, cut->len - 40);
    put("p/cut.jpg", cut, "sks, cut");
    scratch_text(root, "p/text.png", "no picture");
    scratch_text(root, "p/nothing.webp", "");
    put_looks();
}

static void make_captions(void)
{
    g_autoptr(GString) words = g_string_new("sks");
    for (int i = 0; i < 80; i++)
        g_string_append(words, " cat");
    const char *const captions[][2] = {
        {"p/c-none.png", NULL},
        {"p/c-empty.png", ""},
        {"p/c-latin.png", "sks caf\xe9"},
        {"p/c-long.png", words->str},
        {"p/c-lines.png", "sks one\ntwo\n"},
        {"p/c-trigger.png", "a cat without the word"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(captions); i++) {
        g_autoptr(GByteArray) png = png_scene(10 + (uint32_t)i, 64, 80);
        put(captions[i][0], png, captions[i][1]);
    }
}

static LkCheck *check(const char *folder, const LkCheckOptions *options, GError **error)
{
    g_autoptr(LkSubset) subset = lk_subset_new("");
    LkDatasetDefaults defaults = {lk_bucket_rules_default((LkSize){64, 64}), 2, subset};
    defaults.buckets.enable_bucket = true;
    defaults.buckets.min_bucket_reso = 32;
    defaults.buckets.max_bucket_reso = 128;
    defaults.buckets.bucket_reso_steps = 8;
    g_autofree char *path = g_build_filename(root, folder, NULL);
    GPtrArray *findings = lk_findings_new();
    LkDatasetConfig *config = lk_dataset_config_from_folders(path, NULL, &defaults, findings, error);
    if (!config) {
        g_ptr_array_unref(findings);
        return NULL;
    }
    return lk_check_run(config, 8, options, findings, error);
}

/* "kind kind …" of the findings about a file, in the order of the kinds; the first file that matches the suffix. */
static char *kinds_of(const LkCheck *result, const char *suffix)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < result->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(result->findings, i);
        if (g_str_has_suffix(finding->path, suffix))
            g_ptr_array_add(names, (void *)lk_finding_name(finding->kind));
    }
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (char **)names->pdata);
}

static void test_kinds(const LkCheck *result)
{
    static const char *const expected[][2] = {
        {"/good.png", ""},
        {"/twin.png", "picture-duplicate"},
        {"/shared.png", ""},
        {"/shared.txt", "caption-shared"},
        {"/small.png", "picture-small"},
        {"/wrong.png", "picture-wrong-type"},
        {"/cmyk.jpg", "picture-cmyk"},
        {"/grey turned.jpg", "picture-grey picture-turned"},
        {"/deep alpha.png", "picture-alpha picture-small picture-16-bit"},
        {"/animated.gif", "picture-small picture-animated"},
        {"/cut.jpg", "picture-truncated"},
        {"/look a.png", ""},
        {"/look b.jpg", "picture-lookalike"},
        {"/soft.png", "picture-blurred"},
        {"/text.png", "picture-unreadable caption-missing"},
        {"/nothing.webp", "picture-empty caption-missing"},
        {"/c-none.png", "caption-missing trigger-missing"},
        {"/c-empty.txt", "caption-empty trigger-missing"},
        {"/c-latin.txt", "caption-not-utf8 trigger-missing"},
        {"/c-long.txt", "caption-long"},
        {"/c-trigger.txt", "trigger-missing"},
        {"/c-lines.txt", "caption-more-lines"},
        {"/p", "pictures-few"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *kinds = kinds_of(result, expected[i][0]);
        tap_ok(strcmp(kinds, expected[i][1]) == 0, "%s: %s", expected[i][0], *kinds ? kinds : "nothing");
    }
}

static const LkFinding *find(const LkCheck *result, LkFindingKind kind)
{
    for (guint i = 0; i < result->findings->len; i++)
        if (((const LkFinding *)g_ptr_array_index(result->findings, i))->kind == kind)
            return g_ptr_array_index(result->findings, i);
    return NULL;
}

static void test_fixes(const LkCheck *result)
{
    static const struct {
        LkFindingKind kind;
        LkFixKind fix;
        const char *argument, *picture, *other;
    } expected[] = {
        {LK_FINDING_PICTURE_DUPLICATE, LK_FIX_EXCLUDE, NULL, "/twin.png", "/good.png"},
        {LK_FINDING_PICTURE_LOOKALIKE, LK_FIX_EXCLUDE, NULL, "/look b.jpg", "/look a.png"},
        {LK_FINDING_PICTURE_BLURRED, LK_FIX_EXCLUDE, NULL, "/soft.png", NULL},
        {LK_FINDING_PICTURE_WRONG_TYPE, LK_FIX_RENAME, ".bmp", "/wrong.png", NULL},
        {LK_FINDING_PICTURE_TRUNCATED, LK_FIX_EXCLUDE, NULL, "/cut.jpg", NULL},
        {LK_FINDING_PICTURE_EMPTY, LK_FIX_EXCLUDE, NULL, "/nothing.webp", NULL},
        {LK_FINDING_CAPTION_NOT_UTF8, LK_FIX_CONVERT_UTF8, "Windows-1252", "/c-latin.png", NULL},
        {LK_FINDING_CAPTION_MORE_LINES, LK_FIX_JOIN_LINES, NULL, "/c-lines.png", NULL},
        {LK_FINDING_CAPTION_SHARED, LK_FIX_NONE, NULL, "/shared.png", "/shared.jpg"},
        {LK_FINDING_TRIGGER_MISSING, LK_FIX_ADD_TRIGGER, "sks", "/c-", NULL},
        {LK_FINDING_PICTURES_FEW, LK_FIX_NONE, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const LkFinding *finding = find(result, expected[i].kind);
        const char *picture = finding ? lk_finding_picture(finding) : NULL;
        tap_ok(finding && finding->fix == expected[i].fix &&
                   g_strcmp0(finding->fix_argument, expected[i].argument) == 0 &&
                   (expected[i].picture ? picture && strstr(picture, expected[i].picture) : !picture) &&
                   (expected[i].other ? finding->others && g_str_has_suffix(finding->others[0], expected[i].other)
                                      : !finding->others),
               "%s: %s; %s", lk_finding_name(expected[i].kind), finding ? lk_fix_name(finding->fix) : "not found",
               finding ? finding->text : "");
    }
    tap_ok(lk_findings_bits(result->findings) & lk_finding_bit(LK_FINDING_PICTURE_CMYK) &&
               !(lk_findings_bits(result->findings) & lk_finding_bit(LK_FINDING_REG_UNUSED)),
           "the kinds as bits");
}

static void test_reports(const LkCheck *result)
{
    g_autoptr(GString) json = g_string_new(NULL), text = g_string_new(NULL);
    lk_check_append_json(result, json);
    lk_check_append_text(result, text);
    g_autoptr(GError) error = NULL;
    yyjson_doc *doc = lk_json_parse(json->str, json->len, "check", 8, &error);
    yyjson_val *top = yyjson_doc_get_root(doc);
    tap_ok(doc && yyjson_get_int(yyjson_obj_get(top, "pictures")) == (int)result->pictures &&
               yyjson_arr_size(yyjson_obj_get(top, "findings")) == result->findings->len &&
               yyjson_arr_size(yyjson_obj_get(top, "buckets")) == result->dataset->buckets->len &&
               !yyjson_get_bool(yyjson_obj_get(top, "ok")) && yyjson_is_null(yyjson_obj_get(top, "failure")),
           "the JSON parses and holds the same %s", error ? error->message : "");
    yyjson_val *first = yyjson_arr_get_first(yyjson_obj_get(top, "findings"));
    tap_ok(g_strcmp0(yyjson_get_str(yyjson_obj_get(first, "severity")), "error") == 0 &&
               g_strcmp0(yyjson_get_str(yyjson_obj_get(yyjson_obj_get(first, "fix"), "kind")), "exclude") == 0,
           "errors come first, with their fixes");
    size_t others = 0;
    for (size_t i = 0; i < result->findings->len; i++)
        others += yyjson_arr_size(yyjson_obj_get(yyjson_arr_get(yyjson_obj_get(top, "findings"), i), "others"));
    tap_ok(others == 3, "and with the other pictures");
    yyjson_doc_free(doc);
    tap_ok(strstr(text->str, "cut.jpg") && strstr(text->str, "Buckets") && strstr(text->str, "batches an epoch"),
           "the text tells the same");
}

static void test_all(void)
{
    make_pictures();
    make_captions();
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(NULL);
    const LkCheckOptions options = {
        .doctor = {.trigger_words = "sks", .max_tokens = 75, .purpose = LK_PURPOSE_CHARACTER}, .tokenizer = tokenizer};
    g_autoptr(GError) error = NULL;
    g_autoptr(LkCheck) result = check("p", &options, &error);
    if (!tap_ok(result && result->dataset, "checked%s", error ? error->message : ""))
        return;
    tap_ok(result->pictures == 22 && result->unusable == 3, "%u pictures, %u unusable", result->pictures,
           result->unusable);
    tap_ok(result->captioned == 17, "%u captioned", result->captioned);
    tap_ok(result->most_tokens == 81 || result->most_tokens == 82, "the longest caption has %d tokens",
           result->most_tokens);
    test_kinds(result);
    test_fixes(result);
    test_reports(result);
}

/* Facts that are kept between two checks. */
typedef struct Kept {
    GHashTable *facts;
    int asked; /* atomic */
} Kept;

static const LkPictureFacts *kept_facts(void *data, const char *path)
{
    Kept *kept = data;
    g_atomic_int_inc(&kept->asked);
    return g_hash_table_lookup(kept->facts, path);
}

static void test_kept_facts(void)
{
    g_autoptr(GHashTable) facts =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)lk_picture_facts_free);
    g_autofree char *sharp = g_build_filename(root, "p/good.png", NULL),
                    *path = g_build_filename(root, "p/look a.png", NULL);
    LkPictureFacts *made_up = lk_picture_facts_read(sharp, NULL);
    made_up->info.cmyk = true;
    g_hash_table_insert(facts, g_strdup(path), made_up);
    Kept kept = {facts, 0};
    const LkCheckOptions options = {.facts = kept_facts, .facts_data = &kept};
    g_autoptr(LkCheck) result = check("p", &options, NULL);
    g_autofree char *kinds = result ? kinds_of(result, "/look a.png") : NULL;
    g_autofree char *other = result ? kinds_of(result, "/look b.jpg") : NULL;
    tap_ok(result && kept.asked == (int)result->dataset->pictures->len && strstr(kinds, "picture-cmyk") &&
               strcmp(other, "") == 0,
           "facts that are known are used and the others read: %s", kinds ? kinds : "no check");
    tap_ok(result && result->most_tokens == -1, "without a tokenizer no tokens are counted");
}

static bool stop_at_second(void *data, guint done, guint total)
{
    guint *most = data;
    *most = MAX(*most, done);
    return done < 2;
}

static void test_other_ends(void)
{
    guint most = 0;
    const LkCheckOptions stopping = {.progress = stop_at_second, .progress_data = &most};
    g_autoptr(GError) error = NULL;
    g_autoptr(LkCheck) stopped = check("p", &stopping, &error);
    tap_ok(!stopped && g_error_matches(error, LK_ERROR, LK_ERROR_STOPPED) && most >= 2 && most < 20,
           "stopped after %u pictures", most);

    scratch_text(root, "bad/1_x/a.png", "no picture");
    const LkCheckOptions plain = {.tokenizer = NULL};
    g_autoptr(LkCheck) failed = check("bad", &plain, NULL);
    g_autoptr(GString) json = g_string_new(NULL), text = g_string_new(NULL);
    lk_check_append_json(failed, json);
    lk_check_append_text(failed, text);
    tap_ok(failed && !failed->dataset && failed->failure && failed->findings->len == 2 &&
               strstr(json->str, "\"ok\":false") && strstr(text->str, "a.png"),
           "a folder without a usable picture: %s", failed ? failed->failure : "");
}

int main(void)
{
    root = scratch_new();
    test_all();
    test_kept_facts();
    test_other_ends();
    scratch_remove(root);
    g_free(root);
    return tap_done();
}
