/* parity CASE_DIR [--device cpu|cuda:N] [--precision fp32|tf32|bf16|fp16] [--offload]: runs a reference case through
 * the engine and compares every quantity with what PyTorch computed in float64. Exit code 0 when all are within the
 * case's tolerances.
 */
#include "inputs.h"
#include "report.h"
#include "update.h"

#include "backend/prepared.h"
#include "format/gerror.h"
#include "kernels/kernels.h"
#include "model/vae.h"
#include "training/device.h"
#include "training/lora_setup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/** A power of two: it changes no bits but those that would vanish. */
#define FP16_LOSS_SCALE 1024.0f

typedef struct Parity {
    Case c;
    Report report;
    LkDType compute;
    bool tf32; /* compute is LK_F32, and products may round as fp16 does: fp16's tolerances count */
    const LkBackend *api;
    int index;      /* of the device */
    int host_share; /* thousandths of the base model's weights that are fetched from the host */
    LkDevice *device;
    LkCheckpoint *checkpoint;
    LkWeightSource source;
    LkLora *lora;
    float *initial; /* the adapter's state at the start */
    float *latents; /* channels last */
    LkError error;
} Parity;

/** Prints the error that is set and returns false. */
static bool complain(const LkError *error)
{
    fprintf(stderr, "parity: %s\n", error->text);
    return false;
}

static bool is_exact(const Parity *p)
{
    return p->compute == LK_F32 && !p->tf32;
}

/* The adapter ---------------------------------------------------------------------------------------------------- */

/** Makes the adapter that the case's LoRA file describes, with its values. */
static bool make_lora(Parity *p, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "lora.safetensors", NULL);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(path, error);
    if (!file)
        return false;
    LkLoraPlan plan = {.text = true, .unet = true, .like = file};
    p->lora = lk_lora_for_model(p->checkpoint, &plan, error);
    if (!p->lora)
        return false;
    p->initial = g_new0(float, (gsize)lk_lora_elements(p->lora));
    int missing, unused, wanted = (int)case_number(&p->c, "network.modules", -1);
    if (!lk_lora_load(p->lora, file, p->initial, &missing, &unused, error))
        return false;
    if (lk_lora_count(p->lora) != wanted || missing || unused)
        return lk_set_error(error, LK_ERROR_FORMAT, "The engine finds %d of the case's %d adapted layers.",
                            lk_lora_count(p->lora), wanted);
    return true;
}

/** Calls `visit` with each tensor of the adapter: name in the file, module and which of its parts. */
static void each_tensor(Parity *p, void (*visit)(Parity *, const char *, const LkLoraModule *, int, void *), void *data)
{
    for (int i = 0; i < lk_lora_count(p->lora); i++) {
        const LkLoraModule *m = lk_lora_at(p->lora, i);
        for (int part = 0; part < m->n_parts; part++)
            visit(p, lk_name("%s%s", m->name, lk_part_suffix(m->parts[part].role)).text, m, part, data);
    }
}

/* The VAE -------------------------------------------------------------------------------------------------------- */

static bool run_vae(Parity *p)
{
    int64_t n = p->c.batch, h = p->c.height, w = p->c.width, count = 0;
    const LkVaeArch *arch = &lk_checkpoint_arch(p->checkpoint)->vae;
    LkGraph *graph = lk_graph_new(LK_F32); /* as the trainer encodes: the VAE is exact in every mixed_precision */
    LkBuilder builder = {.graph = graph, .checkpoint = p->checkpoint};
    int64_t shape[4] = {n, 8 * h, 8 * w, 3};
    LkRef input = lk_graph_input(graph, "pictures", LK_F32, 4, shape);
    LkRef moments = lk_vae_encoder_build(&builder, arch, input);
    lk_graph_output(graph, moments);
    g_autofree float *pictures = case_floats(p->c.inputs, "images", &count);
    for (int64_t i = 0; i < count; i++)
        pictures[i] = pictures[i] / 127.5f - 1;
    int64_t positions = h * w;
    g_autofree float *got = g_new(float, (gsize)(n * positions * 8)), *eps = g_new(float, (gsize)(n * positions * 4));
    LkPrepared prepared, *list[1] = {&prepared};
    bool ok = lk_prepare(&prepared, p->api, p->device, graph, &p->error) &&
              lk_prepared_bind(list, 1, &p->source, &p->error) &&
              p->api->write(prepared.program, input, pictures, (size_t)count * 4, &p->error) &&
              p->api->run(prepared.program, &p->error) &&
              p->api->read(prepared.program, moments, got, (size_t)(n * positions * 8) * 4, &p->error);
    lk_prepared_clear(&prepared);
    lk_graph_free(graph);
    p->api->trim(p->device);
    if (!ok)
        return complain(&p->error);

    g_autofree float *eps_in = case_floats(p->c.inputs, "vae_eps", &count);
    case_channels_last(eps_in, eps, n, 4, positions);
    p->latents = g_new(float, (gsize)(n * positions * 4));
    LkVaeSampleArgs sample = {
        .moments = got, .eps = eps, .y = p->latents, .positions = n * positions, .c = 4, .scale = arch->scale};
    lk_kernel_launch_cpu(LK_KERNEL_VAE_SAMPLE, LK_F32, &sample);
    g_autofree float *planar = g_new(float, (gsize)(n * positions * 8));
    case_channels_last(got, planar, n, positions, 8); /* the same transposition, the other way round */
    report_tensor(&p->report, "vae.moments", "latents", planar, n * positions * 8);
    case_channels_last(p->latents, planar, n, positions, 4);
    report_tensor(&p->report, "latents", "latents", planar, n * positions * 4);
    return true;
}

/* The step ------------------------------------------------------------------------------------------------------- */

static LkStepShape step_shape(const Parity *p)
{
    return (LkStepShape){.batch = p->c.batch,
                         .height = p->c.height,
                         .width = p->c.width,
                         .chunks = p->c.chunks,
                         .clip_skip = p->c.clip_skip,
                         .text_encoder = true,
                         .v_prediction = p->c.v_prediction,
                         .loss = p->c.loss,
                         .masked = p->c.masked,
                         .other_noise = p->c.ip_noise != 0,
                         .tf32 = p->tf32,
                         .folded_terms = lk_backend_folded_terms(p->api, p->compute),
                         .residency = {.codes = p->c.codes, .host_share = p->host_share}};
}

static bool write_inputs(Parity *p, LkProgram *program, const LkStepGraph *s, int index)
{
    return case_write_inputs(&p->c, lk_checkpoint_arch(p->checkpoint), p->api, program, s, p->latents, index,
                             &p->error);
}

/** A tensor of the graph as floats, whatever its type. */
static float *read_floats(Parity *p, LkProgram *program, const LkGraph *graph, LkRef ref, int64_t *count)
{
    const LkTensor *t = lk_graph_tensor(graph, ref);
    *count = lk_tensor_count(t);
    float *out = g_new(float, (gsize)*count);
    if (t->dtype == LK_F32) {
        p->api->read(program, ref, out, (size_t)*count * 4, &p->error);
        return out;
    }
    g_autofree uint16_t *raw = g_new(uint16_t, (gsize)*count);
    p->api->read(program, ref, raw, (size_t)*count * 2, &p->error);
    for (int64_t i = 0; i < *count; i++)
        out[i] = t->dtype == LK_F16 ? lk_f16_to_f32(raw[i]) : lk_bf16_to_f32(raw[i]);
    return out;
}

/** Compares a channels-last picture tensor with its expectation. */
static void compare_picture(Parity *p, LkProgram *program, const LkGraph *graph, LkRef ref, const char *name,
                            const char *kind)
{
    int64_t count;
    g_autofree float *got = read_floats(p, program, graph, ref, &count);
    g_autofree float *planar = g_new(float, (gsize)count);
    case_channels_last(got, planar, p->c.batch, (int64_t)p->c.height * p->c.width, 4);
    report_tensor(&p->report, name, kind, planar, count);
}

typedef struct Compare {
    const char *head; /* "grad", "after_1" */
    const float *got; /* the state */
    bool update;      /* compare the change since the start */
    Distance all;
    double worst;
    LkName worst_name;
    double tolerance; /* of one tensor */
    int count, over;  /* tensors compared, and those outside the tolerance */
    int64_t elements, undetermined;
} Compare;

/** A gradient that is smaller than this share of its tensor's is zero in f32, which is what PyTorch's own gradients are
 * off there (2e-6 to 1e-5; README of the cases). Its sign is that of the last rounding, and Adam's first steps follow
 * the sign: the update of such a number is as large as any other's, in a direction that nothing determines. */
#define ZERO_GRADIENT 1e-5

/** So few numbers may be left out for that, a share or, of few, a number: some two of 100,000 are, where gradients are
 * distributed evenly. */
#define UNDETERMINED_SHARE 1e-4
#define UNDETERMINED_MOST  4

/** Leaves those numbers of an update out of the comparison: as they were expected, unless they are larger than any
 * number was expected to be. Returns how many. */
static int64_t leave_out_undetermined(const Parity *p, const char *name, float *got, const float *want, int64_t count)
{
    int64_t wanted, left_out = 0;
    double square = 0, largest = 0;
    g_autofree float *gradient = case_floats(p->c.expect, lk_name("grad.%s", name).text, &wanted);
    if (!gradient)
        return 0;
    for (int64_t i = 0; i < count; i++) {
        square += (double)gradient[i] * gradient[i];
        largest = fmax(largest, fabs((double)want[i]));
    }
    double zero = ZERO_GRADIENT * sqrt(square / (double)count);
    for (int64_t i = 0; i < count; i++)
        if (gradient[i] != 0 && fabs((double)gradient[i]) < zero && fabs((double)got[i]) <= 1.001 * largest) {
            got[i] = want[i];
            left_out++;
        }
    return left_out;
}

static void compare_tensor(Parity *p, const char *name, const LkLoraModule *m, int part, void *data)
{
    Compare *compare = data;
    int64_t wanted, count = lk_part_elements(&m->parts[part]);
    g_autofree float *want = case_floats(p->c.expect, lk_name("%s.%s", compare->head, name).text, &wanted);
    if (!want)
        return;
    g_autofree float *got = g_new(float, (gsize)count), *start = g_new(float, (gsize)count);
    lk_part_to_file(&m->parts[part], compare->got + m->at[part], got);
    lk_part_to_file(&m->parts[part], p->initial + m->at[part], start);
    for (int64_t i = 0; i < count && compare->update; i++) {
        got[i] -= start[i];
        want[i] -= start[i];
    }
    compare->elements += count;
    if (compare->update && is_exact(p))
        compare->undetermined += leave_out_undetermined(p, name, got, want, count);
    Distance d = {0};
    distance_add(&d, got, want, count);
    compare->all.difference += d.difference;
    compare->all.size += d.size;
    compare->count++;
    double error = d.size > 0 ? distance_relative(&d) : sqrt(d.difference);
    compare->over += !(error <= compare->tolerance);
    if (!(error <= compare->worst)) {
        compare->worst = error;
        compare->worst_name = lk_name("%s", name);
    }
}

/** In bf16 this share of the tensors may be outside: a small gradient that is a difference of large ones has no correct
 * bf16 value. (PyTorch's own worst tensor moves between 0.3 and 0.7 with its number of threads; README of the cases:
 * bf16 runs are not compared tensor by tensor.) */
#define BF16_SHARE 0.02

/** What gradients or updates may be off: the case's tolerance, or twice what PyTorch itself is off on this
 * very case in this precision, where that is more. Adam's first steps follow the sign of a gradient: one of a LoHa that
 * is all but zero decides more than all roundings. Cases do not say how far PyTorch is off in fp16: an eighth of
 * bf16's, for fp16 has three digits more. */
static double adapter_limit(const Parity *p, const char *kind, const char *head, bool all)
{
    bool gradient = strcmp(head, "grad") == 0, fp16 = p->compute == LK_F16 || p->tf32;
    LkName key = lk_name("measured_deviation.%s.%s%s%s", fp16 ? "bf16" : p->report.precision, head,
                         gradient ? "" : "_update", all ? "_all" : "");
    double measured = case_number(&p->c, key.text, 0) / (fp16 ? 8 : 1);
    double tolerance = case_tolerance(&p->c, p->report.precision, kind);
    return tolerance < 0 ? tolerance : fmax(tolerance, 2 * measured); /* below 0: the case does not compare this */
}

/** Compares all tensors of the adapter under `head` with the case's. */
static void compare_adapter(Parity *p, const char *head, const float *state, const char *kind, const char *kind_all)
{
    Compare compare = {.head = head, .got = state, .update = strcmp(head, "grad") != 0};
    compare.tolerance = adapter_limit(p, kind, head, false);
    each_tensor(p, compare_tensor, &compare);
    report_limit(&p->report, lk_name("%s: all", head).text, adapter_limit(p, kind_all, head, true),
                 distance_relative(&compare.all));
    bool exact = is_exact(p);
    if (compare.undetermined > 0)
        report_limit(&p->report, lk_name("%s: %d left out, a share of", head, (int)compare.undetermined).text,
                     fmax(UNDETERMINED_SHARE, UNDETERMINED_MOST / (double)compare.elements),
                     (double)compare.undetermined / (double)compare.elements);
    LkName worst = lk_name("%s: worst of %d", head, compare.count);
    if (exact)
        report_limit(&p->report, worst.text, compare.tolerance, compare.worst);
    else
        report_line(&p->report, worst.text, NULL, compare.worst);
    printf("    %s\n", compare.worst_name.text);
    if (!exact && compare.tolerance > 0 && compare.tolerance < 1)
        report_limit(&p->report, lk_name("%s: share of tensors over %g", head, compare.tolerance).text, BF16_SHARE,
                     (double)compare.over / MAX(compare.count, 1));
}

/** Compares the states of each text encoder, which stand side by side in the context. */
static void compare_texts(Parity *p, const float *context, int64_t count)
{
    const LkModelArch *arch = lk_checkpoint_arch(p->checkpoint);
    int64_t all = lk_arch_context(arch), rows = count / all, first = 0;
    for (int text = 0; text < arch->n_texts; text++) {
        int64_t width = arch->texts[text].width;
        g_autofree float *states = g_new(float, (gsize)(rows * width));
        for (int64_t i = 0; i < rows; i++)
            memcpy(states + i * width, context + i * all + first, (gsize)width * sizeof *states);
        report_tensor(&p->report, lk_name("te%d.hidden", text + 1).text, "hidden", states, rows * width);
        first += width;
    }
}

static bool compare_first_step(Parity *p, LkProgram *program, const LkStepGraph *s, const float *loss)
{
    int64_t count;
    g_autofree float *context = read_floats(p, program, s->graph, s->context, &count);
    compare_texts(p, context, count);
    report_tensor(&p->report, "unet.context", "hidden", context, count);
    if (s->text.pooled != LK_NONE) {
        g_autofree float *pooled = read_floats(p, program, s->graph, s->text.pooled, &count);
        report_tensor(&p->report, "te2.pooled", "pooled", pooled, count);
    }
    compare_picture(p, program, s->graph, s->noisy, "unet.noisy", "latents");
    compare_picture(p, program, s->graph, s->target, "target", "latents");
    compare_picture(p, program, s->graph, s->pred, "unet.pred", "pred");
    report_tensor(&p->report, "loss.raw_per_sample", "loss", loss, p->c.batch);
    g_autofree float *gradient = g_new(float, (gsize)lk_lora_elements(p->lora));
    if (!p->api->read(program, s->lora.gradient, gradient, (size_t)lk_lora_elements(p->lora) * 4, &p->error))
        return complain(&p->error);
    for (int64_t i = 0; i < lk_lora_elements(p->lora); i++)
        gradient[i] /= p->c.loss_scale;
    compare_adapter(p, "grad", gradient, "grad", "grad_all");
    return true;
}

/** The losses as the case counts them: weighted per sample, and their mean. */
static double weighted_loss(Parity *p, LkProgram *program, const LkStepGraph *s, const float *loss, float *per_sample)
{
    double mean = 0;
    float weight[64];
    p->api->read(program, s->weight, weight, (size_t)p->c.batch * 4, &p->error);
    for (int i = 0; i < p->c.batch; i++) {
        per_sample[i] = loss[i] * weight[i];
        mean += per_sample[i] / p->c.batch;
    }
    return mean;
}

static bool run_steps(Parity *p, LkStepGraph *s, LkPrepared *step, LkUpdateGraph *u, LkPrepared *optimizer)
{
    int n = p->c.batch, steps = p->c.steps;
    int64_t elements = lk_lora_elements(p->lora);
    g_autofree float *losses = g_new0(float, (gsize)steps), *samples = g_new0(float, (gsize)(steps * n));
    g_autofree float *norms = g_new0(float, (gsize)steps), *state = g_new0(float, (gsize)elements);
    if (!p->api->write(optimizer->program, u->adapter, p->initial, (size_t)elements * 4, &p->error) ||
        !update_begin(&p->c, p->api, optimizer->program, u, p->initial, &p->error))
        return complain(&p->error);
    for (int i = 0; i < steps; i++) {
        float loss[64], clip[2];
        if (!write_inputs(p, step->program, s, i) || !p->api->run(step->program, &p->error) ||
            !p->api->read(step->program, s->loss, loss, (size_t)n * 4, &p->error))
            return complain(&p->error);
        losses[i] = (float)weighted_loss(p, step->program, s, loss, samples + i * n);
        if (i == 0 && !compare_first_step(p, step->program, s, loss))
            return false;
        if (!update_run(&p->c, p->api, optimizer->program, u, p->lora, i, clip, &p->error) ||
            !p->api->read(optimizer->program, u->adapter, state, (size_t)elements * 4, &p->error))
            return complain(&p->error);
        norms[i] = clip[0];
        if (i == 0) {
            report_tensor(&p->report, "loss.per_sample", "loss", samples, n);
            report_tensor(&p->report, "loss.mean", "loss", losses, 1);
        }
        if (i == 0 || i == steps - 1)
            compare_adapter(p, lk_name("after_%d", i + 1).text, state, "after_update", "after_update_all");
    }
    report_tensor(&p->report, "steps.loss", "loss", losses, steps);
    report_tensor(&p->report, "steps.loss_per_sample", "loss", samples, steps * n);
    int64_t count;
    g_autofree float *want = case_floats(p->c.expect, "steps.grad_norm", &count);
    for (int i = 0; i < steps && i < count; i++) {
        Distance d = {0};
        distance_add(&d, norms + i, want + i, 1);
        /* From the second step on a norm says more of the update before it than of its own gradient. */
        report_line(&p->report, lk_name("grad_norm of step %d", i + 1).text, i == 0 ? "grad_all" : "after_update_all",
                    distance_relative(&d));
    }
    return true;
}

/** The prediction of the base model alone. */
static bool run_bare(Parity *p)
{
    LkStepShape shape = step_shape(p);
    LkStepGraph *s = lk_step_graph_new(p->checkpoint, NULL, &shape, p->compute, true, &p->error);
    if (!s)
        return complain(&p->error);
    LkPrepared prepared, *list[1] = {&prepared};
    bool ok = lk_prepare(&prepared, p->api, p->device, s->graph, &p->error) &&
              lk_prepared_bind(list, 1, &p->source, &p->error) && write_inputs(p, prepared.program, s, 0) &&
              p->api->run(prepared.program, &p->error);
    if (ok)
        compare_picture(p, prepared.program, s->graph, s->pred, "unet.pred_without_adapter", "pred");
    lk_prepared_clear(&prepared);
    lk_step_graph_free(s);
    return ok || complain(&p->error);
}

static bool run_training(Parity *p, LkRecompute recompute)
{
    LkStepShape shape = step_shape(p);
    shape.recompute = recompute;
    LkUpdateShape update_shape = {.max_norm = (float)case_number(&p->c, "optimizer.grad_clip", 0),
                                  .optimizer = update_optimizer(&p->c)};
    LkStepGraph *s = lk_step_graph_new(p->checkpoint, p->lora, &shape, p->compute, true, &p->error);
    LkUpdateGraph *u = s ? lk_update_graph_new(s, &update_shape, &p->error) : NULL;
    LkPrepared step = {0}, optimizer = {0}, *list[2] = {&step, &optimizer};
    bool ok = u && lk_prepare(&step, p->api, p->device, s->graph, &p->error) &&
              lk_prepare(&optimizer, p->api, p->device, u->graph, &p->error) &&
              lk_prepared_bind(list, 2, &p->source, &p->error);
    ok = ok ? run_steps(p, s, &step, u, &optimizer) : complain(&p->error);
    lk_prepared_clear(&step);
    lk_prepared_clear(&optimizer);
    lk_update_graph_free(u);
    lk_step_graph_free(s);
    return ok;
}

static bool run_case(Parity *p, const char *folder, LkRecompute recompute, GError **error)
{
    if (!case_open(&p->c, folder, error))
        return false;
    p->checkpoint = lk_checkpoint_open(p->c.model_path, error);
    if (!p->checkpoint)
        return false;
    p->source = lk_checkpoint_source(p->checkpoint);
    p->report.c = &p->c;
    p->c.loss_scale = p->compute == LK_F16 ? FP16_LOSS_SCALE : 1;
    p->device = p->api->open(p->index, 0, &p->error);
    if (!p->device)
        return complain(&p->error);
    return make_lora(p, folder, error) && run_vae(p) && run_bare(p) && run_training(p, recompute);
}

int main(int argc, char **argv)
{
    g_autofree char *device = NULL, *precision = NULL, *recompute = NULL;
    g_auto(GStrv) rest = NULL;
    gboolean offload = FALSE;
    const GOptionEntry options[] = {
        {"device", 0, 0, G_OPTION_ARG_STRING, &device, "device to run on (cpu)", "auto|cpu|cuda:N"},
        {"precision", 0, 0, G_OPTION_ARG_STRING, &precision, "precision of the base model (fp32)",
         "fp32|tf32|bf16|fp16"},
        {"recompute", 0, 0, G_OPTION_ARG_STRING, &recompute, "what is computed again", "none|cheap|blocks"},
        {"offload", 0, 0, G_OPTION_ARG_NONE, &offload, "the base model's weights wait on the host", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, "CASE_DIR"},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || !rest || !rest[0] || rest[1]) {
        fprintf(stderr, "usage: parity CASE_DIR [--device cpu|cuda:N] [--precision fp32|tf32|bf16|fp16]\n");
        return 2;
    }
    LkDType compute = g_strcmp0(precision, "bf16") == 0 ? LK_BF16 : g_strcmp0(precision, "fp16") == 0 ? LK_F16 : LK_F32;
    bool tf32 = g_strcmp0(precision, "tf32") == 0;
    LkRecompute mode = g_strcmp0(recompute, "blocks") == 0  ? LK_RECOMPUTE_BLOCKS
                       : g_strcmp0(recompute, "cheap") == 0 ? LK_RECOMPUTE_CHEAP
                                                            : LK_RECOMPUTE_NONE;
    LkDeviceChoice choice;
    if (!lk_device_choose(device ? device : "cpu", &choice, &error)) {
        fprintf(stderr, "parity: %s\n", error->message);
        return 2;
    }
    Parity p = {.compute = compute,
                .tf32 = tf32,
                .report.precision = lk_dtype_name(tf32 ? LK_F16 : compute),
                .api = choice.api,
                .index = choice.index,
                .host_share = offload ? LK_RESIDENCY_ALL : 0};
    bool ok = run_case(&p, rest[0], mode, &error);
    if (error)
        fprintf(stderr, "parity: %s\n", error->message);
    if (ok)
        printf("%d compared, %d outside tolerance\n", p.report.compared, p.report.failed);
    lk_lora_free(p.lora);
    g_free(p.initial);
    g_free(p.latents);
    if (p.device)
        p.api->close(p.device);
    lk_checkpoint_free(p.checkpoint);
    case_close(&p.c);
    return !ok ? (error ? 2 : 1) : p.report.failed ? 1 : 0;
}
