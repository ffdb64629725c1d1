#include "training/samples.h"

#include "base/file.h"
#include "format/gerror.h"
#include "format/png.h"
#include "sampling/infotext.h"
#include "training/sample_prompts.h"

#include <glib/gi18n.h>

struct LkSamples {
    const LkJob *job;
    LkCheckpoint *checkpoint;
    const LkLora *lora;
    GPtrArray *prompts; /* LkSamplePrompt * */
    const LkSampler **samplers;
    LkGenerator *generator;
    int tile; /* side of the VAE's tiles in pixels; 0: none */
};

static bool has_prompts(const LkJob *job)
{
    return job->sample_prompts.file || job->sample_prompts.lines;
}

bool lk_samples_wanted(const LkJob *job)
{
    return has_prompts(job) &&
           (job->sample_every_n_epochs > 0 || job->sample_every_n_steps > 0 || job->sample_at_first);
}

/** Finds the samplers and checks what a prompt asks for. */
static bool check_prompts(LkSamples *samples, GError **error)
{
    samples->samplers = g_new0(const LkSampler *, samples->prompts->len);
    for (guint i = 0; i < samples->prompts->len; i++) {
        const LkSamplePrompt *prompt = g_ptr_array_index(samples->prompts, i);
        const char *name = prompt->sampler ? prompt->sampler : samples->job->sample_sampler;
        samples->samplers[i] = lk_sampler_find(name ? name : "ddim");
        if (!samples->samplers[i])
            return lk_set_error(error, LK_ERROR_USAGE, _("The sampler '%s' of a sample prompt is not known."), name);
        if (prompt->loras->len > 0)
            return lk_set_error(error, LK_ERROR_USAGE,
                                _("The sample prompt '%s' names a LoRA; sample pictures are made with the LoRA in "
                                  "training alone."),
                                prompt->prompt);
        if (!lk_picture_size_check(lk_checkpoint_arch(samples->checkpoint), prompt->width, prompt->height, error))
            return false;
    }
    return true;
}

LkSamples *lk_samples_new(const LkJob *job, LkCheckpoint *checkpoint, const LkLora *lora, GError **error)
{
    if (!has_prompts(job)) {
        lk_set_error(error, LK_ERROR_USAGE, _("There are no sample prompts. Write some first."));
        return NULL;
    }
    g_autoptr(LkSamples) made = g_new0(LkSamples, 1);
    made->job = job;
    made->checkpoint = checkpoint;
    made->lora = lora;
    made->prompts = job->sample_prompts.file
                        ? lk_sample_prompts_read(job->sample_prompts.file, error)
                        : lk_sample_prompts_parse_lines(job->sample_prompts.lines, "sample_prompts", error);
    if (!made->prompts || !check_prompts(made, error))
        return NULL;
    return g_steal_pointer(&made);
}

void lk_samples_free(LkSamples *samples)
{
    if (!samples)
        return;
    lk_samples_release(samples);
    g_clear_pointer(&samples->prompts, g_ptr_array_unref);
    g_free(samples->samplers);
    g_free(samples);
}

void lk_samples_release(LkSamples *samples)
{
    if (samples)
        g_clear_pointer(&samples->generator, lk_generator_free);
}

/** The picture that prompt number `index` asks for. */
static LkPictureRequest request_of(const LkSamples *samples, guint index)
{
    const LkSamplePrompt *prompt = g_ptr_array_index(samples->prompts, index);
    return (LkPictureRequest){.prompt = prompt->prompt,
                              .negative = prompt->negative,
                              .width = prompt->width,
                              .height = prompt->height,
                              .steps = prompt->steps,
                              .cfg = prompt->scale,
                              .seed = prompt->has_seed ? (uint64_t)prompt->seed : (uint64_t)samples->job->seed + index,
                              .sampler = samples->samplers[index]};
}

void lk_samples_set_tile(LkSamples *samples, int side)
{
    samples->tile = side;
}

bool lk_samples_prepare(LkSamples *samples, const LkBackend *api, LkDevice *device, LkDType compute,
                        const LkResidency *residency, GError **error)
{
    const LkJob *job = samples->job;
    LkGeneratorOptions options = {
        .api = api,
        .device = device,
        .checkpoint = samples->checkpoint,
        .compute = compute,
        .tf32 = job->allow_tf32,
        .residency = *residency,
        .clip_skip = job->clip_skip,
        .v_prediction = job->v_parameterization,
        .zero_terminal_snr = job->zero_terminal_snr,
        .vae_tile = samples->tile,
        .loras = {{.lora = samples->lora, .state = "adapter", .text_strength = 1, .unet_strength = 1}},
        .n_loras = 1};
    samples->generator = lk_generator_new(&options, error);
    if (!samples->generator)
        return false;
    g_autofree LkPictureRequest *requests = g_new0(LkPictureRequest, samples->prompts->len);
    for (guint i = 0; i < samples->prompts->len; i++)
        requests[i] = request_of(samples, i);
    return lk_generator_prepare(samples->generator, requests, (int)samples->prompts->len, error);
}

LkGeneratorMemory lk_samples_memory(const LkSamples *samples)
{
    return samples && samples->generator ? lk_generator_memory(samples->generator) : (LkGeneratorMemory){0};
}

bool lk_samples_due(const LkSamples *samples, int64_t step, int64_t epoch_end)
{
    if (!samples)
        return false;
    const LkJob *job = samples->job;
    if (step == 0)
        return job->sample_at_first;
    return (job->sample_every_n_steps > 0 && step % job->sample_every_n_steps == 0) ||
           (epoch_end > 0 && job->sample_every_n_epochs > 0 && epoch_end % job->sample_every_n_epochs == 0);
}

static bool keep_going(void *context, int done, int steps, const float *guess, int height, int width)
{
    const LkTrainerEvents *events = context;
    (void)done, (void)steps, (void)guess, (void)height, (void)width;
    return !events->should_stop || !events->should_stop(events->context);
}

static bool write_picture(const LkSamples *samples, const LkPictureRequest *request, const uint8_t *rgb,
                          const char *path, const LkTrainerEvents *events, GError **error)
{
    LkInfotextPicture picture = {.request = request, .clip_skip = samples->job->clip_skip};
    g_autoptr(LkMetadata) texts = lk_infotext_png_texts(&picture);
    g_autofree char *folder = g_path_get_dirname(path);
    GError *problem = NULL;
    while (!lk_png_write(path, rgb, request->width, request->height, (size_t)request->width * 3, texts, &problem)) {
        if (!lk_trainer_try_again(events, folder, &problem)) {
            g_propagate_error(error, problem);
            return false;
        }
    }
    return true;
}

/** What becomes of a picture that could not be drawn: true where training goes on without it. Its weights are on the
 * device; those that pictures need beside them are read from the base model, whose drive may be gone by now. */
static bool leave_out(GError *failure, const LkTrainerEvents *events, GError **error)
{
    if (g_error_matches(failure, LK_ERROR, LK_ERROR_IO)) {
        g_autofree char *text = g_strdup_printf(
            _("The sample pictures are left out, and training goes on without them: the base model cannot be read. %s"),
            failure->message);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    } else if (!g_error_matches(failure, LK_ERROR, LK_ERROR_STOPPED)) {
        g_propagate_error(error, failure);
        return false;
    }
    g_error_free(failure); /* the loop notices the wish to stop itself, and saves the state */
    return true;
}

/** Where the picture of a prompt goes. */
static char *path_of(const LkSamples *samples, const LkSampleMoment *moment, const char *folder, guint index)
{
    g_autofree char *when = moment->epoch_end ? g_strdup_printf("e%06" G_GINT64_FORMAT, moment->epoch)
                                              : g_strdup_printf("%08" G_GINT64_FORMAT, moment->step);
    g_autofree char *name = g_strdup_printf("%s_%s_%02u_%" G_GUINT64_FORMAT ".png", samples->job->output_name, when,
                                            index, request_of(samples, index).seed);
    return g_build_filename(folder, name, NULL);
}

bool lk_samples_make(LkSamples *samples, const LkSampleMoment *moment, bool missing_only, const LkTrainerEvents *events,
                     GError **error)
{
    const LkSamplingProgress progress = {.context = (void *)(uintptr_t)events, .step = keep_going};
    g_autofree char *folder = g_build_filename(samples->job->output_dir, "sample", NULL);
    lk_make_folders(folder, NULL); /* where that fails, the first picture tells */
    for (guint i = 0; i < samples->prompts->len; i++) {
        g_autofree char *path = path_of(samples, moment, folder, i);
        GError *failure = NULL;
        if (missing_only && g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_PHASE,
                                                  .text = N_("Making sample pictures"),
                                                  .done = i,
                                                  .total = samples->prompts->len});
        LkPictureRequest request = request_of(samples, i);
        g_autofree uint8_t *rgb = lk_generator_run(samples->generator, &request, &progress, &failure);
        if (!rgb)
            return leave_out(failure, events, error);
        if (!write_picture(samples, &request, rgb, path, events, error))
            return false;
        lk_trainer_tell(
            events,
            &(LkTrainerEvent){
                .kind = LK_EVENT_SAMPLE, .path = path, .step = moment->step, .epoch = moment->epoch, .prompt = (int)i});
    }
    return true;
}
