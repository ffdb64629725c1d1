/* What the Test page reads and writes as text: <lora:…> tags in prompts, values of axes, which picture a cell is. */
#include "app/test/grid_axis.h"
#include "app/test/lora_tags.h"
#include "app/test/picture_words.h"
#include "training/sample_prompts.h"

#include "../tap.h"

#include <string.h>

static void is_text(char *got, const char *want, const char *what)
{
    if (!tap_ok(strcmp(got, want) == 0, "%s: “%s”", what, want))
        tap_note("got “%s”", got);
    g_free(got);
}

/* ---- tags -------------------------------------------------------------------------------------------- */

static void test_find(void)
{
    const char *text =
        "水 <lora:bird:0.7>, <lora: my cat :te=0.2:unet=-1.5> <lora:plain> <lora:two:0.5:0.25> <lora:open";
    g_autoptr(GArray) spans = lk_tag_spans_find(text);
    const LkTagSpan *span = &g_array_index(spans, LkTagSpan, 0);
    tap_ok(spans->len == 4, "four tags; one that is not closed is none");
    tap_ok(strcmp(span[0].name, "bird") == 0 && span[0].strength == 0.7 &&
               strncmp(text + span[0].start, "<lora:bird:0.7>", span[0].end - span[0].start) == 0,
           "name, strength and place");
    tap_ok(strcmp(span[1].name, "my cat") == 0 && span[1].strength == -1.5, "blanks, and unet= of two numbers");
    tap_ok(strcmp(span[2].name, "plain") == 0 && span[2].strength == 1, "no number is 1");
    tap_ok(span[3].strength == 0.25, "of two numbers the U-Net's");
    tap_ok(lk_tag_spans_at(spans, span[0].start) == 0 && lk_tag_spans_at(spans, span[0].end) == 0 &&
               lk_tag_spans_at(spans, span[0].end + 1) == -1 && lk_tag_spans_at(spans, 0) == -1,
           "which tag is at a place");
}

/* The engine reads the same tags out of the same text. */
static void test_engine_agrees(void)
{
    static const char *const texts[] = {"<lora:a:0.5> b <lora:c>", "x <lora:a:1:0.3>,<lora:b:unet=0.2>", "no tags",
                                        "<lora:a:0.7", "<lora: a :0.1> <lora:a:0.9>"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GArray) spans = lk_tag_spans_find(texts[i]);
        g_autoptr(GPtrArray) tags = lk_lora_tags_new();
        g_autofree char *rest = lk_lora_tags_take(texts[i], tags, NULL), *stripped = lk_tags_strip(texts[i]);
        bool same = rest && tags->len == spans->len && strcmp(rest, stripped) == 0;
        for (guint t = 0; same && t < tags->len; t++) {
            const LkLoraTag *tag = tags->pdata[t];
            const LkTagSpan *span = &g_array_index(spans, LkTagSpan, t);
            same = strcmp(tag->name, span->name) == 0 && tag->unet_weight == span->strength;
        }
        tap_ok(same, "the engine reads “%s” in the same way", texts[i]);
    }
}

static void test_change(void)
{
    const char *text = "a <lora:x:0.7> b <lora:y> c <lora:z:0.2:0.4>";
    is_text(lk_tags_set_strength(text, 0, 0.85), "a <lora:x:0.85> b <lora:y> c <lora:z:0.2:0.4>", "first strength");
    is_text(lk_tags_set_strength(text, 1, 1), "a <lora:x:0.7> b <lora:y:1> c <lora:z:0.2:0.4>", "where none was");
    is_text(lk_tags_set_strength(text, 2, 0), "a <lora:x:0.7> b <lora:y> c <lora:z:0>", "two numbers become one");
    is_text(lk_tags_set_strength(text, 3, 1), text, "a tag that is not there");
    is_text(lk_tags_set_name(text, 1, "größe-2"), "a <lora:x:0.7> b <lora:größe-2> c <lora:z:0.2:0.4>", "a name");
    is_text(lk_tags_strip(text), "a  b  c", "without tags");
    is_text(lk_tags_only(text), "<lora:x:0.7> <lora:y> <lora:z:0.2:0.4>", "tags alone");
    is_text(lk_tag_text("x", 0.70000001), "<lora:x:0.7>", "a tag is written shortly");
    is_text(lk_strength_text(-0.0001), "0", "no minus before nothing");
    is_text(lk_strength_label(1), "1.0", "for people with a decimal place");
    is_text(lk_strength_label(0.75), "0.75", "and as many as it needs");
}

/* ---- axes -------------------------------------------------------------------------------------------- */

/* Titles of values, or "!" and the beginning of what is wrong. */
static char *titles(GPtrArray *values, GError *error)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; values && i < values->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", ((LkAxisValue *)values->pdata[i])->title);
    if (!values)
        g_string_append_printf(text, "!%.20s", error->message);
    g_clear_pointer(&values, g_ptr_array_unref);
    g_clear_error(&error);
    return g_string_free_and_steal(text);
}

static char *strengths(const char *text)
{
    GError *error = NULL;
    GPtrArray *values = lk_axis_strengths(text, &error);
    return titles(values, error);
}

static char *seeds(const char *text)
{
    GError *error = NULL;
    GPtrArray *values = lk_axis_seeds(text, &error);
    return titles(values, error);
}

static void test_values(void)
{
    is_text(strengths("0, 0.4,0.6 ,1"), "0.0 0.4 0.6 1.0", "a list");
    is_text(strengths("0-1 (+0.25)"), "0.0 0.25 0.5 0.75 1.0", "a range with a step, as WebUI has it");
    is_text(strengths("0.2-0.8 [4], -1"), "0.2 0.4 0.6 0.8 -1.0", "a range with a count, and a negative one");
    is_text(strengths(""), "!There are no values.", "nothing");
    is_text(strengths("0.4, much"), "!“much” cannot be", "a word");
    is_text(strengths("0-1"), "!“0-1” cannot be ", "a range of strengths without a step");
    is_text(strengths("1e30"), "!A strength of 1e+30 ", "too much");
    is_text(strengths("0-1 (+0.001)"), "!An axis can have at ", "too many");
    is_text(strengths("nan"), "!“nan” cannot be ", "no number");
    is_text(seeds("1-3, 42; 7"), "1 2 3 42 7", "seeds");
    is_text(seeds("4294967295"), "4294967295", "a large one");
    is_text(seeds("1.5"), "!1.5 is no seed. Seed", "half a seed");
    is_text(seeds("-1"), "!-1 is no seed. Seeds", "WebUI's word for a random one");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) prompts = lk_axis_prompts("a bird <lora:b:1>\n\n  a cat \n", &error);
    tap_ok(prompts && prompts->len == 2 && strcmp(((LkAxisValue *)prompts->pdata[0])->title, "a bird") == 0 &&
               strcmp(((LkAxisValue *)prompts->pdata[1])->prompt, "a cat") == 0,
           "prompts are lines");
    tap_ok(!lk_axis_prompts(" \n", &error) && error, "no prompt is said");
}

static LkGridAxes make_axes(LkAxisKind columns, const char *column_text, LkAxisKind rows, const char *row_text)
{
    LkGridAxes axes = {.columns = columns, .rows = rows};
    const char *texts[] = {column_text, row_text};
    LkAxisKind kinds[] = {columns, rows};
    GPtrArray **values[] = {&axes.column_values, &axes.row_values};
    for (int i = 0; i < 2; i++) {
        if (kinds[i] == LK_AXIS_STRENGTH)
            *values[i] = lk_axis_strengths(texts[i], NULL);
        else if (kinds[i] == LK_AXIS_SEED)
            *values[i] = lk_axis_seeds(texts[i], NULL);
        else if (kinds[i] == LK_AXIS_PROMPT)
            *values[i] = lk_axis_prompts(texts[i], NULL);
        else if (kinds[i] == LK_AXIS_CHECKPOINT)
            lk_axis_add_checkpoint(*values[i] = lk_axis_values_new(), "Epoch 4", "step 8", texts[i], "there");
    }
    return axes;
}

static void test_point(const char *what, LkGridAxes axes, guint column, guint row, const char *prompt, guint64 seed,
                       const char *folder)
{
    LkGridPoint point = lk_grid_axes_point(&axes, column, row, "bird <lora:x:0.7> <lora:y:0.1>", 0, 9);
    if (!tap_ok(strcmp(point.prompt, prompt) == 0 && point.seed == seed && g_strcmp0(point.folder, folder) == 0,
                "%s: “%s”", what, prompt))
        tap_note("“%s” %" G_GUINT64_FORMAT, point.prompt, point.seed);
    g_free(point.prompt);
    lk_grid_axes_clear(&axes);
}

static void test_points(void)
{
    test_point("strength by checkpoint", make_axes(LK_AXIS_STRENGTH, "0, 0.5", LK_AXIS_CHECKPOINT, "x-000004"), 1, 0,
               "bird <lora:x-000004:0.5> <lora:y:0.1>", 9, "there");
    test_point("seed alone", make_axes(LK_AXIS_NONE, "", LK_AXIS_SEED, "1, 2, 3"), 0, 2,
               "bird <lora:x:0.7> <lora:y:0.1>", 3, NULL);
    test_point("a prompt gets the tags", make_axes(LK_AXIS_PROMPT, "cat\ndog <lora:z:1>", LK_AXIS_STRENGTH, "0.3"), 0,
               0, "cat <lora:x:0.3> <lora:y:0.1>", 9, NULL);
    test_point("or has its own", make_axes(LK_AXIS_PROMPT, "cat\ndog <lora:z:1>", LK_AXIS_STRENGTH, "0.3"), 1, 0,
               "dog <lora:z:0.3>", 9, NULL);
}

static void test_checks(void)
{
    static const struct {
        const char *what, *prompt;
        LkAxisKind columns, rows;
        bool good;
    } cases[] = {
        {"a LoRA's strength", "a <lora:b:1>", LK_AXIS_STRENGTH, LK_AXIS_NONE, true},
        {"strength without a LoRA", "a", LK_AXIS_STRENGTH, LK_AXIS_NONE, false},
        {"checkpoint without a LoRA", "a", LK_AXIS_NONE, LK_AXIS_CHECKPOINT, false},
        {"seeds without a LoRA", "a", LK_AXIS_SEED, LK_AXIS_NONE, true},
        {"both the same", "a", LK_AXIS_SEED, LK_AXIS_SEED, false},
        {"neither", "a", LK_AXIS_NONE, LK_AXIS_NONE, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        LkGridAxes axes = make_axes(cases[i].columns, "1", cases[i].rows, "1");
        g_autoptr(GError) error = NULL;
        bool good = lk_grid_axes_check(&axes, cases[i].prompt, &error);
        tap_ok(good == cases[i].good && good == (error == NULL), "%s is %s", cases[i].what, good ? "fine" : "refused");
        lk_grid_axes_clear(&axes);
    }
    LkGridAxes large = make_axes(LK_AXIS_SEED, "1-40", LK_AXIS_STRENGTH, "0-1 (+0.05)");
    tap_ok(!lk_grid_axes_check(&large, "a <lora:b:1>", NULL), "840 pictures are too many");
    lk_grid_axes_clear(&large);
}

/* ---- words ------------------------------------------------------------------------------------------- */

static void test_words(void)
{
    g_autoptr(LkInfotext) text = lk_infotext_parse("bird <lora:x:0.7>\nNegative prompt: blurry\nSteps: 20, Sampler: "
                                                   "DPM++ 2M, Schedule type: Karras, CFG scale: 7, "
                                                   "Seed: 42, Size: 512x768, Model: m");
    is_text(lk_picture_caption(text, 4.12), "Seed 42 · 20 steps · DPM++ 2M Karras · CFG 7 · 512 × 768 · 4.1 s",
            "a caption");
    is_text(lk_picture_caption(NULL, 0), "", "nothing known");
    is_text(lk_picture_strength("a <lora:x:0.7>"), "Strength 0.7", "one LoRA");
    is_text(lk_picture_strength("a <lora:x:0.7><lora:y:1>"), "With 2 LoRAs", "two");
    is_text(lk_picture_strength("a"), "Without LoRA", "none");
}

int main(void)
{
    test_find();
    test_engine_agrees();
    test_change();
    test_values();
    test_points();
    test_checks();
    test_words();
    return tap_done();
}
