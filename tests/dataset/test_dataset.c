/* A whole dataset: buckets, repeats, regularisation pictures, what is left out, epochs. */
#include "dataset/dataset.h"
#include "format/gerror.h"
#include "tests/dataset/pictures.h"
#include "tests/dataset/scratch.h"
#include "tests/tap.h"

static char *root;

static void put_png(const char *name, int width, int height)
{
    g_autoptr(GByteArray) file = png_quadrants(width, height);
    scratch_write(root, name, file->data, file->len);
}

static LkDataset *make(const char *toml_text, GPtrArray *findings, GError **error)
{
    g_autoptr(LkSubset) options = lk_subset_new("");
    const LkDatasetDefaults defaults = {lk_bucket_rules_default((LkSize){64, 64}), 2, options};
    g_autofree char *text = g_strdup(toml_text);
    GString *placed = g_string_new(text);
    g_string_replace(placed, "@", root, 0);
    g_autoptr(LkToml) toml = lk_toml_parse(placed->str, placed->len, "data.toml", error);
    g_string_free(placed, TRUE);
    LkDatasetConfig *config = toml ? lk_dataset_config_from_toml(toml, &defaults, findings, error) : NULL;
    return config ? lk_dataset_new(config, 8, findings, error) : NULL;
}

static const LkDatasetPicture *picture(const LkDataset *dataset, guint i)
{
    return g_ptr_array_index(dataset->pictures, i);
}

static const char bucketed[] =
    "[general]\nenable_bucket = true\nresolution = 64\nmin_bucket_reso = 32\nmax_bucket_reso = 128\n"
    "bucket_reso_steps = 8\n[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/a'\nnum_repeats = 3\nflip_aug = true\n";

static void test_buckets(void)
{
    put_png("a/1.png", 64, 64);
    put_png("a/2.png", 128, 32);
    put_png("a/3.png", 200, 200);
    scratch_text(root, "a/4.png", "not a picture");
    scratch_text(root, "a/5.png", "");
    g_autoptr(GByteArray) cut = png_quadrants(50, 50);
    scratch_write(root, "a/6.jpg", cut->data, 20);
    scratch_text(root, "a/1.txt", "first");
    g_autoptr(GPtrArray) findings = lk_findings_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDataset) dataset = make(bucketed, findings, &error);
    if (!tap_ok(dataset != NULL, "made %s", error ? error->message : ""))
        return;
    tap_ok(dataset->pictures->len == 3 && dataset->unusable == 3 && dataset->train_images == 9,
           "three pictures, three left out");
    int kinds = 0;
    for (guint i = 0; i < findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(findings, i);
        kinds |= finding->kind == LK_FINDING_PICTURE_UNREADABLE && g_str_has_suffix(finding->path, "a/4.png");
        kinds |= (finding->kind == LK_FINDING_PICTURE_EMPTY && g_str_has_suffix(finding->path, "a/5.png")) << 1;
        kinds |= (finding->kind == LK_FINDING_PICTURE_TRUNCATED && g_str_has_suffix(finding->path, "a/6.jpg")) << 2;
    }
    tap_ok(kinds == 7, "each by its kind");
    const LkDatasetBucket *buckets = (const LkDatasetBucket *)(void *)dataset->buckets->data;
    tap_ok(dataset->buckets->len == 2 && buckets[0].size.width == 64 && buckets[0].pictures == 2 &&
               buckets[0].repeats == 6 && buckets[1].size.width == 128 && buckets[1].size.height == 32,
           "two buckets in order of width");
    tap_ok(picture(dataset, 1)->bucket == 1 && picture(dataset, 2)->fit.resized.width == 64 &&
               picture(dataset, 2)->size.width == 200 && strcmp(picture(dataset, 0)->caption.text, "first") == 0,
           "pictures know bucket, size and caption");
    tap_ok(lk_dataset_batches(dataset) == 5, "6 and 3 pictures in batches of two are 5");
    g_autoptr(LkEpochPlan) plan = lk_dataset_epoch(dataset, 1, 0, NULL);
    guint entries = 0, count;
    for (uint32_t b = 0; b < lk_epoch_plan_batches(plan); b++)
        for (const LkEpochEntry *e = lk_epoch_plan_batch(plan, b, &count), *end = e + count; e < end; e++)
            entries += e->picture < 3;
    tap_ok(entries == 9, "an epoch shows nine");
}

static void test_blocks(void)
{
    put_png("b/1.png", 64, 64);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDataset) dataset =
        make("[[datasets]]\nresolution = 64\nbatch_size = 5\n[[datasets.subsets]]\nimage_dir = '@/b'\n"
             "[[datasets]]\nresolution = [96, 64]\n[[datasets.subsets]]\nimage_dir = '@/b'\nnum_repeats = 5\n",
             NULL, &error);
    const LkDatasetBucket *buckets = dataset ? (const LkDatasetBucket *)(void *)dataset->buckets->data : NULL;
    tap_ok(dataset && dataset->pictures->len == 2 && dataset->buckets->len == 2 && buckets[0].batch_size == 5 &&
               buckets[1].batch_size == 2 && buckets[1].size.width == 96 && lk_dataset_batches(dataset) == 4,
           "the same folder at two resolutions: two blocks with their own batch sizes %s", error ? error->message : "");
}

/* kohya's rule by hand: 3 train × 4 = 12; 5 reg × 1: one round 5, then 7 more over the five. */
static void test_reg(void)
{
    for (int i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("t/%d.png", i);
        put_png(name, 64, 64);
    }
    for (int i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("r/%d.png", i);
        put_png(name, 64, 64);
    }
    static const struct {
        int train, reg;
        int expected[5];
    } cases[] = {{4, 1, {3, 3, 2, 2, 2}}, {1, 1, {1, 1, 1, 0, 0}}, {1, 2, {2, 2, 0, 0, 0}}, {2, 1, {2, 1, 1, 1, 1}}};
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        g_autofree char *text =
            g_strdup_printf("[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/t'\nnum_repeats = %d\n"
                            "[[datasets.subsets]]\nimage_dir = '@/r'\nis_reg = true\nnum_repeats = %d\n",
                            cases[c].train, cases[c].reg);
        g_autoptr(GPtrArray) findings = lk_findings_new();
        g_autoptr(LkDataset) dataset = make(text, findings, NULL);
        int got[5] = {0}, n = 0, unused = 0;
        for (guint i = 0; dataset && i < dataset->pictures->len; i++)
            if (picture(dataset, i)->subset->is_reg)
                got[n++] = picture(dataset, i)->num_repeats;
        for (guint i = 0; i < findings->len; i++)
            unused += ((LkFinding *)g_ptr_array_index(findings, i))->kind == LK_FINDING_REG_UNUSED;
        tap_ok(dataset && memcmp(got, cases[c].expected, sizeof got) == 0 && unused == (cases[c].expected[4] == 0),
               "train × %d, reg × %d: reg repeats %d %d %d %d %d", cases[c].train, cases[c].reg, got[0], got[1], got[2],
               got[3], got[4]);
    }
}

static void expect_failure(const char *what, const char *text, LkErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkDataset) dataset = make(text, NULL, &error);
    tap_ok(!dataset && g_error_matches(error, LK_ERROR, (gint)code), "%s: %s", what, error ? error->message : "(made)");
}

static void test_failures(void)
{
    scratch_text(root, "bad/1.png", "no picture");
    scratch_text(root, "none/readme", "nothing");
    expect_failure("no folder", "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/nowhere'\n", LK_ERROR_IO);
    expect_failure("no picture", "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/none'\n", LK_ERROR_USAGE);
    expect_failure("no usable picture", "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/bad'\n", LK_ERROR_USAGE);
    expect_failure("only regularisation", "[[datasets]]\n[[datasets.subsets]]\nimage_dir = '@/b'\nis_reg = true\n",
                   LK_ERROR_USAGE);
    expect_failure(
        "rules that contradict",
        "[[datasets]]\nenable_bucket = true\nmin_bucket_reso = 512\n[[datasets.subsets]]\nimage_dir = '@/b'\n",
        LK_ERROR_USAGE);
}

int main(void)
{
    root = scratch_new();
    test_buckets();
    test_blocks();
    test_reg();
    test_failures();
    scratch_remove(root);
    g_free(root);
    return tap_done();
}
