/* lorikeet-cli generate */
#include "base/file.h"
#include "cli/bar.h"
#include "cli/options.h"
#include "cli/report.h"
#include "format/gerror.h"
#include "format/png.h"
#include "training/studio.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** What the command line asks for. */
typedef struct Wish {
    const char *model, *vae, *prompt, *negative, *sampler, *lora_dir, *out, *device;
    int64_t width, height, steps, seed, clip_skip;
    double cfg;
    int precision; /* row of `precisions` */
    bool v_prediction, zero_terminal_snr;
} Wish;

static const char *const precisions[] = {"fp32", "bf16", NULL};
static const LkDType dtypes[] = {LK_F32, LK_BF16};

static const LkSampler *find_sampler(const char *name, GError **error)
{
    const LkSampler *found = lk_sampler_find(name);
    if (found)
        return found;
    g_autoptr(GString) all = g_string_new(NULL);
    for (int i = 0; i < lk_sampler_count(); i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "", lk_sampler_at(i)->name);
    lk_set_error(error, LK_ERROR_USAGE, _("--sampler is \"%s\", but must be one of %s."), name, all->str);
    return NULL;
}

/** Finds out now, not after the work, whether the picture can be written. */
static bool check_out(const char *path, GError **error)
{
    LkError problem = {0};
    LkFileWriter *writer = lk_file_writer_new(path, &problem);
    if (!writer)
        return lk_gerror_take(error, &problem);
    lk_file_writer_abandon(writer);
    return true;
}

static bool show_step(void *context, int done, int steps, const float *guess, int height, int width)
{
    (void)guess, (void)height, (void)width;
    g_autofree char *count = g_strdup_printf("%d/%d", done, steps);
    if (context)
        lk_bar_draw(context, (double)done / steps, _("Step"), count, done == steps);
    return true;
}

/** Whether the folder of LoRAs is there, where it was asked for. */
static bool check_folder(const Wish *wish, GError **error)
{
    return g_file_test(wish->lora_dir, G_FILE_TEST_IS_DIR) ||
           lk_set_error(error, LK_ERROR_IO, _("--lora-dir is \"%s\", but there is no such folder."), wish->lora_dir);
}

static bool write_picture(LkStudio *studio, const Wish *wish, const LkPictureRequest *request, const uint8_t *rgb,
                          GError **error)
{
    g_autofree char *text = lk_studio_infotext(studio, wish->prompt, request);
    g_autoptr(LkMetadata) texts = lk_metadata_new();
    lk_metadata_set(texts, "parameters", text);
    return lk_png_write(wish->out, rgb, request->width, request->height, (size_t)request->width * 3, texts, error);
}

static bool generate(const Wish *wish, GError **error)
{
    const LkSampler *sampler = find_sampler(wish->sampler, error);
    if (!sampler || !check_out(wish->out, error) || !check_folder(wish, error))
        return false;
    g_autoptr(LkStudio) studio = lk_studio_open(wish->model, wish->device, error);
    const char *const folders[] = {wish->lora_dir, NULL};
    const LkStudioSetup setup = {.compute = dtypes[wish->precision],
                                 .clip_skip = (int)wish->clip_skip,
                                 .v_prediction = wish->v_prediction,
                                 .zero_terminal_snr = wish->zero_terminal_snr,
                                 .lora_folders = folders};
    LkPictureRequest request = {.negative = wish->negative,
                                .steps = (int)wish->steps,
                                .cfg = wish->cfg,
                                .seed = (uint64_t)wish->seed,
                                .sampler = sampler};
    if (!studio || (wish->vae && !lk_studio_set_vae(studio, wish->vae, error)))
        return false;
    const LkModelArch *arch = lk_studio_arch(studio);
    int usual = lk_generator_usual_size(arch, wish->v_prediction || arch->prediction == LK_PREDICTION_V);
    request.width = wish->width ? (int)wish->width : usual;
    request.height = wish->height ? (int)wish->height : usual;
    if (!lk_studio_prepare(studio, &setup, wish->prompt, &request, error))
        return false;
    for (guint i = 0; i < lk_studio_remarks(studio)->len; i++)
        lk_cli_say("%s", (const char *)g_ptr_array_index(lk_studio_remarks(studio), i));
    LkBar bar;
    lk_bar_init(&bar, stderr);
    LkSamplingProgress progress = {.context = isatty(STDERR_FILENO) ? &bar : NULL, .step = show_step};
    g_autofree uint8_t *rgb = lk_studio_draw(studio, &request, &progress, error);
    lk_bar_clear(&bar);
    return rgb && write_picture(studio, wish, &request, rgb, error);
}

/** What the types of the options cannot say. */
static bool check_wish(const Wish *wish, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(wish->out, -1);
    if (!g_str_has_suffix(lower, ".png"))
        return lk_set_error(
            error, LK_ERROR_USAGE,
            _("--out is \"%s\", but pictures are written as PNG: give the file a name that ends in .png."), wish->out);
    if (!g_utf8_validate(wish->prompt, -1, NULL) || !g_utf8_validate(wish->negative, -1, NULL))
        return lk_set_error(error, LK_ERROR_USAGE, _("The prompts must be UTF-8 text."));
    return true;
}

LkExit lk_cli_generate(int argc, char **argv)
{
    Wish wish = {
        .negative = "", .sampler = "euler_a", .lora_dir = ".", .device = "auto", .steps = 20, .cfg = 7, .clip_skip = 1};
    const LkOption options[] = {
        {.name = "model",
         .kind = LK_OPTION_TEXT,
         .value = &wish.model,
         .placeholder = "FILE",
         .required = true,
         .help = N_("the base model: a .safetensors file, or a folder in diffusers' layout")},
        {.name = "vae",
         .kind = LK_OPTION_TEXT,
         .value = &wish.vae,
         .placeholder = "FILE",
         .help = N_("another VAE in place of the base model's own: a .safetensors file, or a folder")},
        {.name = "prompt",
         .kind = LK_OPTION_TEXT,
         .value = &wish.prompt,
         .placeholder = "TEXT",
         .required = true,
         .help = N_("what to show; <lora:name:weight> uses a LoRA (weight 1 if left out), several may be used")},
        {.name = "negative",
         .kind = LK_OPTION_TEXT,
         .value = &wish.negative,
         .placeholder = "TEXT",
         .help = N_("what not to show")},
        {.name = "width",
         .kind = LK_OPTION_INTEGER,
         .value = &wish.width,
         .placeholder = "N",
         .min = 8,
         .max = 16384,
         .help = N_("in pixels, a multiple of 64 (512; 1024 for SDXL, 768 for v-prediction of SD 2.x)")},
        {.name = "height",
         .kind = LK_OPTION_INTEGER,
         .value = &wish.height,
         .placeholder = "N",
         .min = 8,
         .max = 16384,
         .help = N_("the same")},
        {.name = "steps",
         .kind = LK_OPTION_INTEGER,
         .value = &wish.steps,
         .placeholder = "N",
         .min = 1,
         .max = LK_MAX_SAMPLING_STEPS,
         .help = N_("of the sampler (20)")},
        {.name = "cfg",
         .kind = LK_OPTION_NUMBER,
         .value = &wish.cfg,
         .placeholder = "F",
         .min = 0,
         .max = 100,
         .help = N_("guidance scale (7); 1 is without guidance and twice as fast")},
        {.name = "sampler",
         .kind = LK_OPTION_TEXT,
         .value = &wish.sampler,
         .placeholder = "NAME",
         .help = N_("euler_a, ddim, heun, dpmpp_2m_karras or another (euler_a)")},
        {.name = "seed",
         .kind = LK_OPTION_INTEGER,
         .value = &wish.seed,
         .placeholder = "N",
         .min = 0,
         .max = 9007199254740991.,
         .help = N_("of the noise (0); the same seed gives the same picture")},
        {.name = "lora-dir",
         .kind = LK_OPTION_TEXT,
         .value = &wish.lora_dir,
         .placeholder = "DIR",
         .help = N_("where name.safetensors of <lora:name> lies (the current folder)")},
        {.name = "clip-skip",
         .kind = LK_OPTION_INTEGER,
         .value = &wish.clip_skip,
         .placeholder = "N",
         .min = 1,
         .max = 12,
         .help = N_("which of the text encoder's last blocks to stop at (1)")},
        {.name = "v-prediction",
         .kind = LK_OPTION_FLAG,
         .value = &wish.v_prediction,
         .help = N_("the base model predicts v, not noise (also where its file says so)")},
        {.name = "zero-terminal-snr",
         .kind = LK_OPTION_FLAG,
         .value = &wish.zero_terminal_snr,
         .help = N_("the base model's noise schedule ends in pure noise (also where its file says so)")},
        {.name = "precision",
         .kind = LK_OPTION_CHOICE,
         .value = &wish.precision,
         .choices = precisions,
         .help = N_("of the computation (fp32); bf16 is faster where lorikeet-cli devices lists it")},
        {.name = "device",
         .kind = LK_OPTION_TEXT,
         .value = &wish.device,
         .placeholder = "auto|cpu|cuda:N",
         .help = N_("where to compute; auto is the first GPU that can be used, else the CPU; with @75%, a "
                    "quarter of its memory is left to other programs")},
        {.name = "out",
         .kind = LK_OPTION_TEXT,
         .value = &wish.out,
         .placeholder = "FILE.png",
         .required = true,
         .help = N_("where to write; the settings are stored inside as Stable Diffusion WebUI does")},
    };
    const LkSyntax syntax = {.command = "generate",
                             .options = options,
                             .n_options = G_N_ELEMENTS(options),
                             .summary = N_("Makes a picture with a base model and LoRAs.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, NULL, &end))
        return end;
    g_autoptr(GError) error = NULL;
    if (!check_wish(&wish, &error) || !generate(&wish, &error))
        return lk_cli_fail(error);
    puts(wish.out);
    return LK_EXIT_DONE;
}
