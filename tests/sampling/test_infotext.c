/* Stable Diffusion WebUI's text of settings: written as it writes it, and read from it. */
#include "format/gerror.h"
#include "format/png.h"
#include "sampling/infotext.h"

#include "tap.h"

#include <glib/gstdio.h>
#include <string.h>

static LkPictureRequest request_of(const char *sampler)
{
    return (LkPictureRequest){.prompt = "a photo of sks dog",
                              .negative = "blurry, ugly",
                              .width = 512,
                              .height = 768,
                              .steps = 20,
                              .cfg = 7,
                              .seed = 4294967295,
                              .sampler = lk_sampler_find(sampler)};
}

static void check_written(const char *what, const LkInfotextPicture *info, const char *want)
{
    g_autofree char *got = lk_infotext_write(info);
    if (!tap_ok(strcmp(got, want) == 0, "%s is written as WebUI writes it", what))
        tap_note("%s", got);
}

static void test_write(void)
{
    LkPictureRequest karras = request_of("dpm++ 2m karras"), ddim = request_of("ddim");
    LkInfotextPicture plain = {.request = &karras};
    check_written("a plain picture", &plain,
                  "a photo of sks dog\nNegative prompt: blurry, ugly\nSteps: 20, Sampler: DPM++ 2M, Schedule type: "
                  "Karras, CFG scale: 7, Seed: 4294967295, Size: 512x768, Version: Lorikeet");
    ddim.negative = NULL;
    ddim.cfg = 7.5;
    LkInfotextPicture full = {.request = &ddim,
                              .prompt = "sks dog <lora:dog:0.8>",
                              .model = "v1-5, \"pruned\"",
                              .model_hash = "6ce0161689",
                              .lora_hashes = "dog: 0123456789ab, cat: ba9876543210",
                              .clip_skip = 2};
    check_written("one with LoRAs", &full,
                  "sks dog <lora:dog:0.8>\nSteps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 4294967295, Size: 512x768, "
                  "Model hash: 6ce0161689, Model: \"v1-5, \\\"pruned\\\"\", Clip skip: 2, Lora hashes: \"dog: "
                  "0123456789ab, cat: ba9876543210\", Version: Lorikeet");
}

/* As WebUI 1.10 writes it. */
static const char webui[] =
    "masterpiece, (best quality:1.2),\n1girl <lora:style:0.7>\nNegative prompt: lowres, bad hands,\nsecond line: "
    "yes\nSteps: 28, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 6.5, Seed: 1234567890123, Size: 640x960, "
    "Model hash: abcdef0123, Model: some_model, Clip skip: 2, Lora hashes: \"style: 0123456789ab\", TI hashes: "
    "\"neg\\\"at\\u00e9: 1234\", Version: v1.10.1";

static void test_read(void)
{
    g_autoptr(LkInfotext) text = lk_infotext_parse(webui);
    tap_ok(strcmp(text->prompt, "masterpiece, (best quality:1.2),\n1girl <lora:style:0.7>") == 0,
           "prompt of two lines");
    tap_ok(strcmp(text->negative, "lowres, bad hands,\nsecond line: yes") == 0, "negative prompt of two lines");
    tap_ok(lk_metadata_count(text->settings) == 12, "all twelve settings");
    tap_ok(g_strcmp0(lk_metadata_get(text->settings, "Lora hashes"), "style: 0123456789ab") == 0 &&
               g_strcmp0(lk_metadata_get(text->settings, "TI hashes"), "neg\"at\303\251: 1234") == 0,
           "values in quotes");
    g_autoptr(GError) error = NULL;
    LkPictureRequest request = {.steps = 1};
    tap_ok(lk_infotext_apply(text, &request, &error) && request.steps == 28 && request.cfg == 6.5 &&
               request.seed == 1234567890123 && request.width == 640 && request.height == 960 &&
               request.prompt == text->prompt && request.negative == text->negative,
           "a request from it");
    tap_ok(request.sampler == lk_sampler_find("DPM++ 2M Karras"), "Automatic is Karras for DPM++ 2M");
}

/* Lines as they are found in pictures of other programs. */
static const struct {
    const char *what, *text, *prompt, *negative;
    const char *pairs[12]; /* keys and values */
    const char *refused;   /* a part of what is said, or NULL */
    int steps, width, height;
    uint64_t seed;
} found[] = {
    {.what = "WebUI 1.6 with a second pass, an embedding and two LoRAs",
     .text =
         "masterpiece, 1girl, (detailed eyes:1.3), <lora:add_detail:0.5> <lora:epi_noiseoffset2:1>\n"
         "Negative prompt: easynegative, (worst quality:1.4), text\n"
         "Steps: 30, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 3735623897, Size: 512x768, Model hash: "
         "7f96a1a9ca, Model: AnythingV5_v5PrtRE, VAE hash: 235745af8d, VAE: vae-ft-mse-840000-ema-pruned.safetensors, "
         "Denoising strength: 0.5, Clip skip: 2, Hires upscale: 2, Hires steps: 15, Hires upscaler: R-ESRGAN 4x+ "
         "Anime6B, Lora hashes: \"add_detail: 7c6bad76eb54, epi_noiseoffset2: d1131f7207d6\", TI hashes: "
         "\"easynegative: c74b4e810b03\", Version: v1.6.0",
     .prompt = "masterpiece, 1girl, (detailed eyes:1.3), <lora:add_detail:0.5> <lora:epi_noiseoffset2:1>",
     .negative = "easynegative, (worst quality:1.4), text",
     .pairs = {"Lora hashes", "add_detail: 7c6bad76eb54, epi_noiseoffset2: d1131f7207d6", "VAE",
               "vae-ft-mse-840000-ema-pruned.safetensors", "Hires upscaler", "R-ESRGAN 4x+ Anime6B", "Version",
               "v1.6.0"},
     .steps = 30,
     .width = 512,
     .height = 768,
     .seed = 3735623897},
    {.what = "an extension's prompt in quotes, with commas, line ends and quotes",
     .text =
         "portrait\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Schedule type: Automatic, CFG scale: 5.5, "
         "Seed: 12, Size: 640x640, Model: a_b-c.d, ADetailer model: face_yolov8n.pt, ADetailer prompt: \"face, "
         "\\\"smile\\\",\\nSteps: 3, Seed: 4\", ADetailer confidence: 0.3, Version: v1.9.4",
     .prompt = "portrait",
     .negative = "blurry",
     .pairs = {"ADetailer prompt", "face, \"smile\",\nSteps: 3, Seed: 4", "ADetailer confidence", "0.3"},
     .steps = 20,
     .width = 640,
     .height = 640,
     .seed = 12},
    {.what = "the template of a prompt below the settings",
     .text =
         "a red bird\nNegative prompt: text\nSteps: 25, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 512x512, Model: "
         "m, Version: v1.10.1\nTemplate: a {red|blue} bird\nNegative Template: text",
     .prompt = "a red bird",
     .negative = "text",
     .pairs = {"Version", "v1.10.1"},
     .steps = 25,
     .width = 512,
     .height = 512,
     .seed = 5},
    {.what = "a prompt that speaks of steps",
     .text =
         "Steps: of stone, leading up: to a temple\nSteps: 8, Sampler: DDIM, CFG scale: 1.5, Seed: 0, Size: 512x448",
     .prompt = "Steps: of stone, leading up: to a temple",
     .negative = "",
     .pairs = {"Sampler", "DDIM"},
     .steps = 8,
     .width = 512,
     .height = 448,
     .seed = 0},
    {.what = "no prompt, lines of Windows, a negative prompt of two lines",
     .text = "Negative prompt: blurry,\r\nugly\r\nSteps: 7, Sampler: Euler, CFG scale: 7, Seed: 9, Size: 512x512\r\n",
     .prompt = "",
     .negative = "blurry,\nugly",
     .pairs = {"Size", "512x512"},
     .steps = 7,
     .width = 512,
     .height = 512,
     .seed = 9},
    {.what = "a web site's, with resources as JSON",
     .text =
         "cat\nNegative prompt: dog\nSteps: 25, CFG scale: 7, Sampler: Euler a, Seed: 1589371921, Size: 512x768, "
         "Created "
         "Date: 2024-06-11T05:47:04.4663964Z, Civitai resources: "
         "[{\"type\":\"checkpoint\",\"modelVersionId\":128713,\"modelName\":\"DreamShaper\"}], Civitai metadata: {}",
     .prompt = "cat",
     .negative = "dog",
     .pairs = {"Created Date", "2024-06-11T05:47:04.4663964Z"},
     .steps = 25,
     .width = 512,
     .height = 768,
     .seed = 1589371921},
    {.what = "Forge with a schedule that we have not",
     .text =
         "castle\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 331, "
         "Size: 896x1152, Model hash: 2f3c5caac0, Model: flux1-dev-bnb-nf4, Module 1: ae, Version: f2.0.1v1.10.1",
     .prompt = "castle",
     .negative = "",
     .pairs = {"Distilled CFG Scale", "3.5", "Module 1", "ae"},
     .refused = "Sampler: Euler",
     .steps = 20,
     .width = 896,
     .height = 1152,
     .seed = 331},
};

static void test_found(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(found); i++) {
        g_autoptr(LkInfotext) text = lk_infotext_parse(found[i].text);
        g_autoptr(GError) error = NULL;
        LkPictureRequest request = {0};
        bool good = strcmp(text->prompt, found[i].prompt) == 0 && strcmp(text->negative, found[i].negative) == 0;
        for (int p = 0; found[i].pairs[p]; p += 2)
            good = good && g_strcmp0(lk_metadata_get(text->settings, found[i].pairs[p]), found[i].pairs[p + 1]) == 0;
        bool applied = lk_infotext_apply(text, &request, &error);
        good = good && applied == !found[i].refused && (applied || strstr(error->message, found[i].refused)) &&
               request.steps == found[i].steps && request.width == found[i].width &&
               request.height == found[i].height && request.seed == found[i].seed;
        if (!tap_ok(good, "%s", found[i].what))
            tap_note("“%s” “%s” %s", text->prompt, text->negative, error ? error->message : "");
    }
}

static void test_samplers(void)
{
    static const char *const rows[][2] = {
        {"Sampler: DPM++ 2M Karras", "DPM++ 2M Karras"},
        {"Sampler: DPM++ 2M", "DPM++ 2M"},
        {"Sampler: DPM++ 2M, Schedule type: Uniform", "DPM++ 2M"},
        {"Sampler: DPM++ 2M, Schedule type: Karras", "DPM++ 2M Karras"},
        {"Sampler: Euler a, Schedule type: Automatic", "Euler a"},
        {"Sampler: Euler", "Euler"},
        {"Sampler: DDIM, Schedule type: Automatic", "DDIM"},
        {"Sampler: Euler, Schedule type: Karras", NULL},
        {"Sampler: UniPC", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *line = g_strdup_printf("dog\nSteps: 5, Seed: 1, %s", rows[i][0]);
        g_autoptr(LkInfotext) text = lk_infotext_parse(line);
        LkPictureRequest request = {0};
        bool ok = lk_infotext_apply(text, &request, &error);
        tap_ok(ok == (rows[i][1] != NULL) && ok == (error == NULL) && request.steps == 5 &&
                   request.sampler == lk_sampler_find(rows[i][1]),
               "'%s' is %s", rows[i][0], rows[i][1] ? rows[i][1] : "refused, and the rest is taken");
    }
}

static void test_round_trip(void)
{
    for (int i = 0; i < lk_sampler_count(); i++) {
        LkPictureRequest request = request_of(lk_sampler_at(i)->name), back = {0};
        request.seed = G_MAXUINT64 - (guint64)i;
        request.cfg = 1.0 / 3;
        LkInfotextPicture info = {.request = &request, .model = "a: b,\nc\\d \"e\" \001"};
        g_autofree char *written = lk_infotext_write(&info);
        g_autoptr(LkInfotext) text = lk_infotext_parse(written);
        bool ok = lk_infotext_apply(text, &back, NULL);
        tap_ok(ok && strcmp(back.prompt, request.prompt) == 0 && strcmp(back.negative, request.negative) == 0 &&
                   back.sampler == request.sampler && back.seed == request.seed && back.width == request.width &&
                   back.height == request.height && back.cfg > 0.333333 && back.cfg < 0.333334 &&
                   g_strcmp0(lk_metadata_get(text->settings, "Model"), info.model) == 0,
               "%s: written and read again", lk_sampler_at(i)->title);
    }
}

/** Texts from anywhere: nothing may break. */
static void test_broken(void)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "just a prompt",
        "a: b, c: d",
        "Negative prompt:",
        "Negative prompt: x\nNegative prompt: y",
        "Steps: 1, Seed: 2, Size: 3",
        "Steps: , Seed: , Size: , Sampler: , CFG scale: ",
        "p\nSteps: 99999999999999, Seed: -1, Size: 1x2x3, CFG scale: nan",
        "\377\376 broken\nSteps: 1, Seed: 1, Size: 1x1",
        "Steps: \"\\, Seed: \"\\u12\", Size: \"\\\"",
        "x\nSteps: \"\\ud800\\u0000\\uzzzz\", Seed: \"a\\",
        ": , : , :",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(LkInfotext) text = lk_infotext_parse(texts[i]);
        LkPictureRequest request = {0};
        lk_infotext_apply(text, &request, NULL);
        tap_ok(g_utf8_validate(text->prompt, -1, NULL) && g_utf8_validate(text->negative, -1, NULL) &&
                   request.steps >= 0 && request.width >= 0,
               "broken text %zu is survived", i);
    }
    g_autofree char *open = g_strnfill(200000, 'a');
    g_autofree char *long_text = g_strconcat("Steps: \"", open, NULL);
    g_autoptr(LkInfotext) text = lk_infotext_parse(long_text);
    tap_ok(text != NULL, "a very long text is survived");
    g_autoptr(LkInfotext) prompt = lk_infotext_parse("portrait, ratio: 3, more");
    tap_ok(strcmp(prompt->prompt, "portrait, ratio: 3, more") == 0 && lk_metadata_count(prompt->settings) == 0,
           "a prompt with a colon is no line of settings");
}

static void test_png(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("lk-infotext-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "picture.png", NULL);
    LkPictureRequest request = request_of("euler");
    request.prompt = "水彩画 watercolour";
    LkInfotextPicture info = {.request = &request};
    g_autoptr(LkMetadata) texts = lk_infotext_png_texts(&info);
    g_autofree char *want = lk_infotext_write(&info);
    const uint8_t rgb[12] = {0};
    bool ok = lk_png_write(path, rgb, 2, 2, 6, texts, &error);
    g_autoptr(LkMetadata) back = ok ? lk_png_read_texts(path, &error) : NULL;
    tap_ok(back && g_strcmp0(lk_metadata_get(back, "parameters"), want) == 0, "through a PNG file");
    g_remove(path);
    g_rmdir(folder);
}

int main(void)
{
    test_write();
    test_read();
    test_found();
    test_samplers();
    test_round_trip();
    test_broken();
    test_png();
    return tap_done();
}
