/* Whole runs: what a job's settings mean for the files. Usage: test_trainer MODEL.safetensors */
#include "../tap.h"
#include "small_run.h"
#include "training/trainer_private.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static bool went_well(const Outcome *outcome, const char *label)
{
    return tap_ok(outcome->ok, "%s runs%s%s", label, outcome->message ? ": " : "",
                  outcome->message ? outcome->message : "");
}

/* The same bytes --------------------------------------------------------------------------------------------------- */

static void test_deterministic(const SmallRun *s)
{
    static const struct {
        const char *output, *label;
        const char *settings[4];
        bool same; /* tensors as in "first" */
    } runs[] = {
        {"first", "a job", {NULL}, true},
        {"second", "the job again", {NULL}, true},
        {"no-cache", "the job with an empty cache", {"cache_dir=cache2", NULL}, true},
        {"checkpointing", "gradient_checkpointing", {"gradient_checkpointing=true", NULL}, true},
        {"tf32", "allow_tf32 on the processor", {"allow_tf32=true", NULL}, true},
        {"seed", "another seed", {"seed=6", NULL}, false},
        {"rate", "another learning rate", {"learning_rate=2e-3", NULL}, false},
        {"skip", "clip_skip", {"clip_skip=2", NULL}, false},
        {"offset", "noise_offset", {"noise_offset=0.1", NULL}, false},
        {"v", "v_parameterization", {"v_parameterization=true", NULL}, false},
        {"snr", "min_snr_gamma", {"min_snr_gamma=1", NULL}, false},
        {"flip", "flip_aug", {"flip_aug=true", "max_train_steps=8", NULL}, false},
        {"clip", "max_grad_norm", {"max_grad_norm=0.001", NULL}, false},
        {"accumulate", "gradient_accumulation_steps", {"gradient_accumulation_steps=2", NULL}, false},
        {"bf16", "bf16", {"mixed_precision=bf16", NULL}, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autoptr(Outcome) outcome = small_run(s, runs[i].output, runs[i].settings, false, -1);
        g_autofree char *file = g_strconcat(runs[i].output, "/bird.safetensors", NULL);
        if (went_well(outcome, runs[i].label))
            tap_ok(same_tensors(s, "first/bird.safetensors", file) == runs[i].same, "%s: %s", runs[i].label,
                   runs[i].same ? "the same numbers" : "other numbers");
    }
    tap_ok(same_files(s, "first/bird.safetensors", "second/bird.safetensors"), "the same job gives the same file");
}

/** Captions that could vary but do not: the text encoder runs in each step, and gives what the cache gives. */
static void test_cached_text(const SmallRun *s)
{
    const char *const cached[] = {"network_train_unet_only=true", "max_token_length=150", NULL};
    const char *const in_step[] = {"network_train_unet_only=true", "max_token_length=150", "shuffle_caption=true",
                                   "keep_tokens=9", NULL};
    g_autoptr(Outcome) a = small_run(s, "cached", cached, false, -1);
    g_autoptr(Outcome) b = small_run(s, "in-step", in_step, false, -1);
    if (went_well(a, "cached text states") && went_well(b, "text states in the step"))
        tap_ok(same_tensors(s, "cached/bird.safetensors", "in-step/bird.safetensors") &&
                   a->plan.weights < b->plan.weights,
               "cached text states: the same numbers, and no text encoder on the device");
}

/* What is trained -------------------------------------------------------------------------------------------------- */

static LkLoraFile *read_lora(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return lk_lora_file_read(path, NULL);
}

static void count_parts(const LkLoraFile *file, int *text, int *unet, int *trained)
{
    *text = *unet = *trained = 0;
    for (size_t i = 0; file && i < lk_lora_file_count(file); i++) {
        const LkLoraWeights *w = lk_lora_file_at(file, i);
        bool moved = false;
        for (int64_t k = 0; k < w->shape.out * w->shape.dim; k++)
            moved |= w->values[1][k] != 0; /* up begins as zero */
        *(w->site.side == LK_SIDE_TEXT ? text : unet) += 1;
        *trained += moved;
    }
}

static void test_parts(const SmallRun *s)
{
    static const struct {
        const char *output;
        const char *settings[3];
        /* Modules in the file; those that were trained: all but the query and key of the innermost self-attention,
         * which sees one position of such small pictures and has nothing to choose. */
        int text, unet, trained;
    } rows[] = {
        {"both", {NULL}, 12, 192, 202},
        {"unet", {"network_train_unet_only=true", NULL}, 0, 192, 190},
        {"text", {"network_train_text_encoder_only=true", NULL}, 12, 0, 12},
        {"unet-rate", {"text_encoder_lr=0", NULL}, 0, 192, 190},
        {"text-rate", {"unet_lr=0", NULL}, 12, 0, 12},
        {"skip2", {"clip_skip=2", "optimizer_args=[\"weight_decay=10\"]", NULL}, 12, 192, 196},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Outcome) outcome = small_run(s, rows[i].output, rows[i].settings, false, -1);
        g_autofree char *name = g_strconcat(rows[i].output, "/bird.safetensors", NULL);
        g_autoptr(LkLoraFile) file = read_lora(s, name);
        int text, unet, trained;
        count_parts(file, &text, &unet, &trained);
        if (went_well(outcome, rows[i].output))
            tap_ok(text == rows[i].text && unet == rows[i].unet && trained == rows[i].trained,
                   "%s: %d modules of the text encoder, %d of the U-Net, %d trained", rows[i].output, text, unet,
                   trained);
    }
    g_autoptr(LkLoraFile) both = read_lora(s, "both/bird.safetensors"), skip = read_lora(s, "skip2/bird.safetensors");
    int same = 0;
    for (size_t i = 0; both && skip && i < lk_lora_file_count(skip); i++) {
        const LkLoraWeights *w = lk_lora_file_at(skip, i);
        if (w->site.side != LK_SIDE_TEXT || w->site.index != 1)
            continue;
        LkLora *lora = lk_lora_new(); /* the values a module begins with are its name's and the seed's */
        g_autofree char *module = lk_lora_site_name(&w->site, LK_LORA_SD1, LK_LAYOUT_KOHYA, 2);
        lk_lora_add(lora, &(LkLoraModule){.name = module, .layer = "x", .shape = w->shape});
        g_autofree float *state = g_new0(float, (gsize)lk_lora_elements(lora));
        lk_lora_initialise(lora, 5, state);
        same += memcmp(state, w->values[0], (gsize)(w->shape.dim * w->shape.in) * sizeof *state) == 0;
        lk_lora_free(lora);
    }
    tap_ok(same == 6, "clip_skip 2: the last text block is as it began, in spite of weight decay (%d of 6 modules)",
           same);
}

/* network_weights -------------------------------------------------------------------------------------------------- */

/** A trainer whose adapter is loaded, as it is before the first step. */
typedef struct Loaded {
    LkJob *job;
    LkTrainer *trainer;
} Loaded;

static bool load(const SmallRun *s, const char *const *settings, Loaded *loaded, char **message)
{
    static const LkTrainerEvents silent = {0};
    g_autoptr(GError) error = NULL;
    *message = NULL;
    loaded->job = small_job(s, "loaded", settings);
    loaded->trainer = loaded->job ? lk_trainer_new(loaded->job, lk_backend_cpu(), 0, &error) : NULL;
    bool ok = loaded->trainer && lk_trainer_load_state(loaded->trainer, false, &silent, &error);
    if (!ok)
        *message = g_strdup(error ? error->message : "");
    return ok;
}

static void unload(Loaded *loaded)
{
    lk_trainer_free(loaded->trainer);
    lk_job_free(loaded->job);
    *loaded = (Loaded){0};
}

/** The largest difference of the effect (alpha / dim · up · down) between a state and a file, relative to the largest
 * effect. */
static double effect_difference(const LkTrainer *trainer, const LkLoraFile *file)
{
    double worst = 0, size = 0;
    for (size_t i = 0; i < lk_lora_file_count(file); i++) {
        const LkLoraWeights *w = lk_lora_file_at(file, i);
        g_autofree char *name = lk_lora_site_name(&w->site, LK_LORA_SD1, LK_LAYOUT_KOHYA, 2);
        const LkLoraModule *m = lk_lora_find_name(trainer->lora, name);
        if (!m)
            return INFINITY;
        const float *up = trainer->state->adapter + m->at[1], *down = trainer->state->adapter + m->at[0];
        int64_t in = w->shape.in;
        for (int64_t o = 0; o < w->shape.out; o++)
            for (int64_t k = 0; k < in; k++) {
                double a = 0, b = 0;
                for (int r = 0; r < m->shape.dim; r++)
                    a += (double)up[o * m->shape.dim + r] * down[r * in + k];
                for (int r = 0; r < w->shape.dim; r++)
                    b += (double)w->values[1][o * w->shape.dim + r] * w->values[0][r * in + k];
                a *= (double)m->shape.alpha / m->shape.dim;
                b *= (double)w->shape.alpha / w->shape.dim;
                worst = fmax(worst, fabs(a - b));
                size = fmax(size, fabs(b));
            }
    }
    return worst / size;
}

static void test_continue(const SmallRun *s)
{
    static const struct {
        const char *label;
        const char *settings[4];
        double tolerance;
    } rows[] = {
        {"network_weights", {"network_weights=both/bird.safetensors", NULL}, 0},
        {"network_weights with another alpha",
         {"network_weights=both/bird.safetensors", "network_alpha=0.7", NULL},
         1e-6},
        {"dim_from_weights",
         {"network_weights=both/bird.safetensors", "dim_from_weights=true", "network_dim=9", NULL},
         0},
        {"dim_from_weights, U-Net only in the file",
         {"network_weights=unet/bird.safetensors", "dim_from_weights=true", "network_dim=9", NULL},
         0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Loaded loaded = {0};
        g_autofree char *message = NULL;
        if (tap_ok(load(s, rows[i].settings, &loaded, &message), "%s loads %s", rows[i].label,
                   message ? message : "")) {
            g_autoptr(LkLoraFile) file = read_lora(s, rows[i].settings[0] + strlen("network_weights="));
            double difference = effect_difference(loaded.trainer, file);
            tap_ok(difference <= rows[i].tolerance, "%s: before the first step it is the file (%.1e)", rows[i].label,
                   difference);
            if (strstr(rows[i].label, "dim_from"))
                tap_ok(lk_lora_count(loaded.trainer->lora) == (int)lk_lora_file_count(file) &&
                           lk_lora_at(loaded.trainer->lora, 0)->shape.dim == 2,
                       "%s: the file's modules and ranks", rows[i].label);
        }
        unload(&loaded);
    }
    Loaded loaded = {0};
    g_autofree char *message = NULL;
    tap_ok(!load(s, WITH("network_weights=both/bird.safetensors", "network_dim=4"), &loaded, &message) &&
               strstr(message, "dim_from_weights"),
           "another rank is refused, with the way out");
    tap_note("%s", message);
    unload(&loaded);
    g_autoptr(Outcome) partly = small_run(s, "partly", WITH("network_weights=unet/bird.safetensors"), false, -1);
    if (went_well(partly, "weights of the U-Net alone"))
        tap_ok(strstr(partly->log->str, "12 modules of this run are not in the file") != NULL, "what is new is said");
    g_autoptr(Outcome) wrong = small_run(s, "wrong", WITH("network_weights=pics/0.txt"), false, -1);
    tap_ok(!wrong->ok && strstr(wrong->message, "0.txt"), "a file that is no LoRA is refused by name");
}

/* Noise ------------------------------------------------------------------------------------------------------------ */

/** The noise of a batch (g_free); *count values, channels last. */
static float *batch_noise(const SmallRun *s, const char *const *settings, uint32_t index, gsize *count)
{
    static const LkTrainerEvents silent = {0};
    Loaded loaded = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *message = NULL;
    float *noise = NULL, weights[8];
    int timesteps[8];
    if (!load(s, settings, &loaded, &message) || !lk_trainer_compile(loaded.trainer, &error)) {
        unload(&loaded);
        return NULL;
    }
    LkTrainer *trainer = loaded.trainer;
    g_autoptr(LkEpochPlan) plan = lk_dataset_epoch(trainer->dataset, 5, 0, NULL);
    LkBatchPlace place = {.index = index};
    place.entries = lk_epoch_plan_batch(plan, index, &place.count);
    LkStepProgram *program = lk_trainer_program(trainer, 8, 8, (int)place.count);
    *count = (gsize)place.count * 64 * 4;
    if (lk_latents_encode(trainer->latents, trainer->api, trainer->device, &silent, &error) &&
        lk_trainer_bind(trainer, &error) &&
        lk_trainer_write_batch(trainer, program, &place, weights, timesteps, &error)) {
        noise = g_new(float, *count);
        trainer->api->read(program->prepared.program, program->graph->noise, noise, *count * sizeof *noise, NULL);
    } else {
        tap_note("%s", error->message);
    }
    unload(&loaded);
    return noise;
}

static void test_noise(const SmallRun *s)
{
    gsize count = 0, count_next = 0, count_shifted = 0;
    g_autofree float *plain = batch_noise(s, WITH("train_batch_size=5"), 0, &count);
    g_autofree float *next = batch_noise(s, WITH("train_batch_size=5", "num_repeats=2"), 1, &count_next);
    g_autofree float *shifted = batch_noise(s, WITH("train_batch_size=5", "noise_offset=0.5"), 0, &count_shifted);
    if (!tap_ok(plain && next && shifted && count == 1280 && count_next == count && count_shifted == count,
                "the noise of a batch of five is read"))
        return;
    double mean = 0, square = 0, product = 0, uneven = 0, offsets[20];
    for (gsize i = 0; i < count; i++) {
        mean += plain[i] / (double)count;
        square += plain[i] * plain[i] / (double)count;
        product += plain[i] * next[i] / (double)count;
        gsize channel = i / 256 * 4 + i % 4;
        if (i % 256 < 4)
            offsets[channel] = shifted[i] - plain[i];
        uneven = fmax(uneven, fabs(shifted[i] - plain[i] - offsets[channel]));
    }
    tap_ok(fabs(mean) < 0.1 && fabs(square - 1) < 0.15 && fabs(product) < 0.1,
           "noise is normal, and another one in the next batch (mean %.2f, variance %.2f, product %.2f)", mean, square,
           product);
    double size = 0;
    bool differ = true;
    for (int i = 0; i < 20; i++) {
        size += offsets[i] * offsets[i] / 20;
        for (int k = 0; k < i; k++)
            differ &= offsets[i] != offsets[k];
    }
    tap_ok(uneven < 1e-6 && differ, "noise_offset shifts each channel of each sample as a whole, by its own amount");
    tap_ok(sqrt(size) > 0.25 && sqrt(size) < 0.85, "noise_offset 0.5: the amounts are of that size (%.2f)", sqrt(size));
}

/* Memory ----------------------------------------------------------------------------------------------------------- */

static void test_memory(const SmallRun *s)
{
    static const struct {
        const char *label;
        const char *settings[6];
    } rows[] = {
        {"plain", {NULL}},
        {"batch of 2 and a rest", {"train_batch_size=2", NULL}},
        {"bf16", {"mixed_precision=bf16", NULL}},
        {"gradient_checkpointing", {"gradient_checkpointing=true", "train_batch_size=2", NULL}},
        {"U-Net only, cached text", {"network_train_unet_only=true", NULL}},
        {"text encoder only", {"network_train_text_encoder_only=true", NULL}},
        {"two buckets",
         {"train_data_dir=wide", "resolution=128,128", "enable_bucket=true", "train_batch_size=2", NULL}},
        {"empty cache", {"cache_dir=cache3", "network_train_unet_only=true", NULL}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Outcome) o = small_run(s, "memory", rows[i].settings, false, -1);
        if (!went_well(o, rows[i].label))
            continue;
        int64_t planned = o->plan.weights + o->plan.adapter + o->plan.optimizer + o->plan.arena;
        tap_ok(o->allocated == planned, "%s: planned %" G_GINT64_FORMAT ", allocated %" G_GINT64_FORMAT, rows[i].label,
               planned, o->allocated);
        tap_ok(o->allocated_end == planned, "%s: no more at the end", rows[i].label);
    }
}

/* Files ------------------------------------------------------------------------------------------------------------ */

static gint compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** The names in a folder, sorted, with a space before each (g_free). */
static char *list(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, NULL);
    GString *text = g_string_new(NULL);
    for (const char *entry; dir && (entry = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(entry));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(names, compare);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, " %s", (const char *)names->pdata[i]);
    return g_string_free(text, FALSE);
}

#define ST ".safetensors"

static void test_saving(const SmallRun *s)
{
    static const struct {
        const char *output;
        const char *settings[6];
        const char *files;
    } rows[] = {
        {"end", {NULL}, " bird" ST},
        {"steps",
         {"save_every_n_steps=2", "max_train_steps=7", NULL},
         " bird-step00000002" ST " bird-step00000004" ST " bird-step00000006" ST " bird" ST},
        {"last-steps",
         {"save_every_n_steps=2", "max_train_steps=9", "save_last_n_steps=4", NULL},
         " bird-step00000004" ST " bird-step00000006" ST " bird-step00000008" ST " bird" ST},
        {"last-step",
         {"save_every_n_steps=2", "max_train_steps=9", "save_last_n_steps=1", NULL},
         " bird-step00000008" ST " bird" ST},
        {"epochs",
         {"save_every_n_epochs=1", "max_train_epochs=3", NULL},
         " bird-000001" ST " bird-000002" ST " bird" ST},
        {"last-epochs",
         {"save_every_n_epochs=1", "max_train_epochs=5", "save_last_n_epochs=2", NULL},
         " bird-000003" ST " bird-000004" ST " bird" ST},
        {"second-epochs",
         {"save_every_n_epochs=2", "max_train_epochs=7", "save_last_n_epochs=1", NULL},
         " bird-000006" ST " bird" ST},
        {"state",
         {"save_every_n_epochs=1", "max_train_epochs=2", "save_state=true", NULL},
         " bird-000001" ST " bird" ST " bird.state bird.state.previous"},
        {"end-state", {"save_state_on_train_end=true", NULL}, " bird" ST " bird.state"},
        {"no-state", {"save_state_every_n_steps=1", NULL}, " bird" ST},
        {"pt", {"save_model_as=pt", "save_every_n_steps=2", NULL}, " bird-step00000002.pt bird.pt"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Outcome) outcome = small_run(s, rows[i].output, rows[i].settings, false, -1);
        g_autofree char *files = list(s, rows[i].output);
        if (went_well(outcome, rows[i].output) &&
            !tap_ok(strcmp(files, rows[i].files) == 0, "%s: the right files", rows[i].output))
            tap_note("there are%s", files);
    }
}

/** Metadata of a file from the middle of a run; the keys themselves have their own test. */
static void test_metadata(const SmallRun *s)
{
    static const char *const want[][2] = {
        {"ss_base_model_version", "sd_v1"},
        {"ss_network_module", "networks.lora"},
        {"ss_network_dim", "2"},
        {"ss_network_alpha", "1.0"},
        {"ss_steps", "6"},
        {"ss_epoch", "2"},
        {"ss_max_train_steps", "7"},
        {"ss_num_epochs", "2"},
        {"ss_num_train_images", "5"},
        {"ss_num_batches_per_epoch", "5"},
        {"ss_seed", "5"},
        {"ss_learning_rate", "0.001"},
        {"ss_resolution", "(64, 64)"},
        {"ss_v2", "False"},
        {"ss_mixed_precision", "no"},
        {"ss_output_name", "bird"},
        {"modelspec.architecture", "stable-diffusion-v1/lora"},
        {"modelspec.prediction_type", "epsilon"},
    };
    g_autofree char *path = small_run_path(s, "steps/bird-step00000006" ST);
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, NULL);
    for (gsize i = 0; file && i < G_N_ELEMENTS(want); i++) {
        const char *got = lk_safetensors_metadata(file, want[i][0]);
        tap_ok(g_strcmp0(got, want[i][1]) == 0, "%s is %s", want[i][0], got ? got : "missing");
    }
    const char *hash = file ? lk_safetensors_metadata(file, "sshs_model_hash") : NULL;
    tap_ok(hash && strlen(hash) == 64, "the file has kohya's hash");
}

/* What goes wrong -------------------------------------------------------------------------------------------------- */

/** A LoRA so strong that the loss is no number. */
static void test_not_finite(const SmallRun *s)
{
    g_autofree char *from = small_run_path(s, "both/bird" ST), *to = small_run_path(s, "strong" ST);
    g_autoptr(LkLoraFile) file = lk_lora_file_read(from, NULL);
    if (!tap_ok(file, "a LoRA is read"))
        return;
    gsize count = lk_lora_file_count(file);
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count);
    g_autoptr(GPtrArray) arrays = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < count; i++) {
        weights[i] = *lk_lora_file_at(file, i);
        int64_t elements = weights[i].shape.out * weights[i].shape.dim;
        float *up = g_new(float, (gsize)elements);
        for (int64_t k = 0; k < elements; k++)
            up[k] = 3e37f;
        g_ptr_array_add(arrays, up);
        weights[i].values[1] = up;
    }
    LkLoraFormat format = {.family = LK_LORA_SD1, .layout = LK_LAYOUT_KOHYA, .dtype = LK_FILE_F32};
    tap_ok(lk_lora_weights_write(to, weights, count, &format, NULL, NULL), "a LoRA that is too strong is written");
    g_autoptr(Outcome) outcome = small_run(s, "nan", WITH("network_weights=strong.safetensors"), false, -1);
    g_autofree char *files = list(s, "nan");
    tap_ok(!outcome->ok && outcome->code == LK_ERROR_NUMERIC && strstr(outcome->message, "of step 2 ") &&
               strstr(outcome->message, ".png' at timestep ") && strstr(outcome->message, "learning_rate"),
           "a loss that is no number is told with picture and timestep");
    tap_note("%s", outcome->message);
    tap_ok(!strstr(files, ST), "and no LoRA is left (%s)", files);
}

static void test_refused(const SmallRun *s)
{
    static const struct {
        const char *settings[3];
        LkErrorCode code;
        const char *fragment;
    } rows[] = {
        {{"mixed_precision=fp16", NULL}, LK_ERROR_USAGE, "bf16"},
        {{"train_data_dir=nowhere", NULL}, 0, "nowhere"},
        {{"train_data_dir=cache", NULL}, LK_ERROR_USAGE, "no picture to train on"},
        {{"pretrained_model_name_or_path=pics/0.png", NULL}, 0, "0.png"},
        {{"output_dir=pics/0.txt", NULL}, LK_ERROR_IO, "0.txt"},
        {{"output_dir=/proc/no/such", NULL}, LK_ERROR_IO, "/proc/no"},
        {{"cache_dir=/proc/no/such", NULL}, LK_ERROR_IO, "/proc/no"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Outcome) outcome = small_run(s, "refused", rows[i].settings, false, -1);
        tap_ok(!outcome->ok && (!rows[i].code || outcome->code == (int)rows[i].code) &&
                   strstr(outcome->message, rows[i].fragment),
               "%s is refused: %s", rows[i].settings[0], outcome->message ? outcome->message : "it ran");
    }
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    test_deterministic(&s);
    test_cached_text(&s);
    test_parts(&s);
    test_continue(&s);
    test_noise(&s);
    test_memory(&s);
    test_saving(&s);
    test_metadata(&s);
    test_not_finite(&s);
    test_refused(&s);
    small_run_close(&s);
    return tap_done();
}
