/* Pictures of tiny models of every family against diffusers (make_pictures.py), and what the generator promises
 * besides. Usage: test-sampling-generator CASE_DIR PICTURES.safetensors [v] (v: v-prediction, zero terminal SNR and
 * clip_skip 2). The promises are looked at with the case "plain". */
#include "adapter/lora_file.h"
#include "format/gerror.h"
#include "sampling/generator.h"
#include "training/lora_setup.h"

#include "near.h"
#include "tap.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 128, HEIGHT = 64, LATENT = WIDTH / 8 * (HEIGHT / 8) * 4, PICTURE = WIDTH * HEIGHT * 3 };

typedef struct Test {
    const LkBackend *api;
    LkDevice *device;
    LkCheckpoint *checkpoint;
    LkSafetensors *expect;
    LkLora *lora;
    float *values; /* of the LoRA */
    float *noise;
    bool v;
} Test;

static LkGeneratorOptions options_of(const Test *t)
{
    return (LkGeneratorOptions){.api = t->api,
                                .device = t->device,
                                .checkpoint = t->checkpoint,
                                .compute = LK_F32,
                                .clip_skip = t->v ? 2 : 1,
                                .v_prediction = t->v,
                                .zero_terminal_snr = t->v};
}

static LkGeneratorOptions options_with_lora(const Test *t, const char *state, double strength)
{
    LkGeneratorOptions options = options_of(t);
    options.n_loras = 1;
    options.loras[0] = (LkGeneratorLora){
        .lora = t->lora, .state = state, .values = t->values, .text_strength = strength, .unet_strength = strength};
    return options;
}

static LkPictureRequest request_of(const Test *t, const char *sampler, int steps)
{
    return (LkPictureRequest){.prompt = lk_safetensors_metadata(t->expect, "prompt"),
                              .negative = lk_safetensors_metadata(t->expect, "negative"),
                              .width = WIDTH,
                              .height = HEIGHT,
                              .steps = steps,
                              .cfg = 3,
                              .seed = 1,
                              .sampler = lk_sampler_find(sampler),
                              .noise = t->noise};
}

/* Against diffusers ------------------------------------------------------------------------------------------------ */

typedef struct Trajectory {
    const float *want; /* [steps] of LATENT numbers */
    double worst;
    int calls, stop_at;
} Trajectory;

static bool compare_step(void *context, int done, int steps, const float *guess, int height, int width)
{
    Trajectory *trajectory = context;
    trajectory->calls++;
    if (trajectory->want && done == trajectory->calls && height == HEIGHT / 8 && width == WIDTH / 8)
        trajectory->worst =
            fmax(trajectory->worst, near_distance(guess, trajectory->want + (size_t)(done - 1) * LATENT, LATENT));
    return done != trajectory->stop_at;
}

/** Runs a request and compares every step and the end; returns the latent. */
static float *compare_run(const Test *t, const LkGeneratorOptions *options, const LkPictureRequest *request,
                          const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkGenerator) generator = lk_generator_new(options, &error);
    g_autofree char *guesses_name = g_strconcat(name, ".guesses", NULL), *end_name = g_strconcat(name, ".latent", NULL);
    g_autofree float *guesses = near_floats(t->expect, guesses_name), *end = near_floats(t->expect, end_name);
    Trajectory trajectory = {.want = guesses};
    LkSamplingProgress progress = {.context = &trajectory, .step = compare_step};
    float *latent = generator ? lk_generator_latent(generator, request, &progress, &error) : NULL;
    double error_end = latent ? near_distance(latent, end, LATENT) : INFINITY;
    tap_ok(latent && trajectory.calls == request->steps && trajectory.worst < 1e-4 && error_end < 1e-4,
           "%s: every step as diffusers' (worst %.1e, end %.1e)", name, trajectory.worst, error_end);
    if (error)
        tap_note("%s", error->message);
    return latent;
}

/** A prompt with weights, and a negative prompt with weights. */
static LkPictureRequest weighted_request(const Test *t, const char *prompt)
{
    LkPictureRequest request = request_of(t, "ddim", 2);
    request.prompt = lk_safetensors_metadata(t->expect, prompt);
    request.negative = lk_safetensors_metadata(t->expect, "weighted_negative");
    return request;
}

static void test_trajectories(const Test *t)
{
    LkGeneratorOptions plain = options_of(t), adapted = options_with_lora(t, "lora", 1);
    LkPictureRequest ddim = request_of(t, "ddim", 4), euler = request_of(t, "k_euler", 4);
    g_free(compare_run(t, &plain, &ddim, "ddim"));
    g_free(compare_run(t, &plain, &euler, "euler"));
    LkPictureRequest two = request_of(t, "DDIM", 2), without = two, with_long = two;
    g_free(compare_run(t, &adapted, &two, "lora"));
    without.cfg = 1;
    g_free(compare_run(t, &plain, &without, "no_guidance"));
    with_long.prompt = lk_safetensors_metadata(t->expect, "long");
    g_free(compare_run(t, &plain, &with_long, "long"));
    LkPictureRequest weighted = weighted_request(t, "weighted"), weighted_long = weighted_request(t, "weighted_long");
    g_free(compare_run(t, &plain, &weighted, "weighted"));
    g_free(compare_run(t, &plain, &weighted_long, "weighted_long"));
}

/** Brackets that weigh nothing leave everything as it is, and a weight of 1 is none. */
static void test_weights(const Test *t)
{
    LkGeneratorOptions options = options_of(t);
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, NULL);
    LkPictureRequest bare = request_of(t, "ddim", 1), one = bare, more = bare;
    bare.prompt = "a photo of sks dog";
    one.prompt = "(a photo of sks dog:1.0)";
    more.prompt = "a (photo:1.2) of sks dog";
    g_autofree float *a = lk_generator_latent(generator, &bare, NULL, NULL);
    g_autofree float *b = lk_generator_latent(generator, &one, NULL, NULL);
    g_autofree float *c = lk_generator_latent(generator, &more, NULL, NULL);
    tap_ok(a && b && memcmp(a, b, LATENT * sizeof *a) == 0, "a weight of 1 is none, byte for byte");
    tap_ok(a && c && memcmp(a, c, LATENT * sizeof *a) != 0, "a weight of 1.2 is one");
}

/** Of the other families: guidance, and a LoRA under a long prompt. */
static void test_family(const Test *t)
{
    LkGeneratorOptions plain = options_of(t), adapted = options_with_lora(t, "lora", 1);
    LkPictureRequest ddim = request_of(t, "ddim", 4), with_long = request_of(t, "ddim", 2);
    g_free(compare_run(t, &plain, &ddim, "ddim"));
    with_long.prompt = lk_safetensors_metadata(t->expect, "long");
    g_free(compare_run(t, &adapted, &with_long, "lora"));
    LkPictureRequest weighted = weighted_request(t, t->v ? "weighted" : "weighted_long");
    g_free(compare_run(t, &plain, &weighted, "weighted"));
}

static void test_decode(const Test *t)
{
    g_autoptr(GError) error = NULL;
    LkGeneratorOptions options = options_of(t);
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, &error);
    g_autofree float *latent = near_floats(t->expect, "ddim.latent"), *want = near_floats(t->expect, "ddim.picture");
    g_autofree float *got = lk_generator_decode(generator, latent, WIDTH, HEIGHT, &error);
    double apart = got ? near_distance(got, want, PICTURE) : INFINITY;
    tap_ok(apart < 1e-5, "the decoded picture is diffusers' (%.1e)", apart);

    LkPictureRequest request = request_of(t, "ddim", 4);
    g_autofree uint8_t *rgb = lk_generator_run(generator, &request, NULL, &error);
    int worst = 0, differ = 0;
    for (size_t i = 0; rgb && i < PICTURE; i++) {
        double exact = round(fmin(fmax((double)want[i] * 127.5 + 127.5, 0), 255));
        int off = abs((int)exact - rgb[i]);
        worst = MAX(worst, off);
        differ += off > 0;
    }
    tap_ok(rgb && worst <= 1 && differ < PICTURE / 100, "prompt to bytes: at most 1 off (%d of %d are)", differ,
           PICTURE);
}

/* Promises --------------------------------------------------------------------------------------------------------- */

/** A picture with these options, or NULL. */
static uint8_t *picture(const LkGeneratorOptions *options, const LkPictureRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkGenerator) generator = lk_generator_new(options, &error);
    uint8_t *rgb = generator ? lk_generator_run(generator, request, NULL, &error) : NULL;
    if (error)
        tap_note("%s", error->message);
    return rgb;
}

static bool same_bytes(const uint8_t *a, const uint8_t *b)
{
    return a && b && memcmp(a, b, PICTURE) == 0;
}

static void test_loras(const Test *t)
{
    LkPictureRequest request = request_of(t, "euler_a", 3);
    LkGeneratorOptions plain = options_of(t), none = options_with_lora(t, "lora", 0);
    LkGeneratorOptions one = options_with_lora(t, "lora", 1), halves = options_with_lora(t, "first half", 0.5);
    halves.n_loras = 2;
    halves.loras[1] = halves.loras[0];
    halves.loras[1].state = "second half";
    g_autofree uint8_t *a = picture(&plain, &request), *b = picture(&none, &request), *c = picture(&one, &request);
    tap_ok(same_bytes(a, b), "a LoRA of strength 0 is no LoRA, byte for byte");
    tap_ok(a && c && !same_bytes(a, c), "one of strength 1 changes the picture");

    g_autoptr(LkGenerator) of_one = lk_generator_new(&one, NULL);
    g_autoptr(LkGenerator) of_halves = lk_generator_new(&halves, NULL);
    g_autofree float *x = lk_generator_latent(of_one, &request, NULL, NULL);
    g_autofree float *y = lk_generator_latent(of_halves, &request, NULL, NULL);
    double apart = x && y ? near_distance(y, x, LATENT) : INFINITY;
    tap_ok(apart < 1e-4, "two halves of a LoRA are the LoRA (%.1e)", apart);
    halves.loras[1].text_strength = halves.loras[1].unet_strength = -0.5;
    g_autoptr(LkGenerator) of_nothing = lk_generator_new(&halves, NULL);
    g_autoptr(LkGenerator) of_plain = lk_generator_new(&plain, NULL);
    g_autofree float *z = lk_generator_latent(of_nothing, &request, NULL, NULL);
    g_autofree float *p = lk_generator_latent(of_plain, &request, NULL, NULL);
    apart = z && p ? near_distance(z, p, LATENT) : INFINITY;
    tap_ok(apart < 1e-4, "a LoRA and its opposite are nothing (%.1e)", apart);
    one.loras[0].values = NULL; /* as the trainer's: the state that is on the device, left there by the runs above */
    g_autofree uint8_t *d = picture(&one, &request);
    tap_ok(same_bytes(c, d), "a state that is on the device already is used as it is");
    one.loras[0].unet_strength = 0;
    g_autofree uint8_t *e = picture(&one, &request);
    tap_ok(e && !same_bytes(e, a) && !same_bytes(e, c), "text and U-Net strengths count apart");
}

static void test_deterministic(const Test *t)
{
    for (int i = 0; i < lk_sampler_count(); i++) {
        LkPictureRequest request = request_of(t, lk_sampler_at(i)->name, 3), other = request;
        request.noise = other.noise = NULL;
        other.seed = 2;
        LkGeneratorOptions options = options_of(t);
        options.compute = i % 2 ? LK_BF16 : LK_F32;
        options.keep_all = i % 2;
        g_autoptr(LkGenerator) generator = lk_generator_new(&options, NULL);
        g_autofree uint8_t *a = lk_generator_run(generator, &request, NULL, NULL);
        g_autofree uint8_t *b = lk_generator_run(generator, &other, NULL, NULL);
        g_autofree uint8_t *c = lk_generator_run(generator, &request, NULL, NULL);
        tap_ok(same_bytes(a, c) && b && !same_bytes(a, b), "%s in %s: the seed's picture, twice the same bytes",
               lk_sampler_at(i)->title, lk_dtype_name(options.compute));
    }
}

/** What is planned is what is taken, sizes change, and nothing stays behind. */
static void test_memory(const Test *t)
{
    LkError failure = {0};
    LkDevice *device = t->api->open(0, 1, &failure);
    LkGeneratorOptions options = options_of(t);
    options.device = device;
    LkGenerator *generator = lk_generator_new(&options, NULL);
    LkPictureRequest requests[7];
    for (int i = 0; i < 7; i++) {
        requests[i] = request_of(t, "ddim", 1);
        requests[i].noise = NULL;
        requests[i].width = 64 * (1 + i % 3);
        requests[i].height = 64 * (1 + i / 3);
        requests[i].cfg = 1 + i % 2;
    }
    bool ok = lk_generator_prepare(generator, requests, 7, NULL);
    LkGeneratorMemory planned = lk_generator_memory(generator);
    tap_ok(ok && planned.arena > 0 && planned.weights > 0 && planned.states == 0 &&
               planned.arena == lk_generator_arena_bytes(generator) && t->api->allocated(device) == 0,
           "preparing says what is needed and takes nothing");
    LkPictureRequest *first = &requests[0];
    g_autofree uint8_t *before = lk_generator_run(generator, first, NULL, NULL);
    for (int i = 1; i < 7 && ok; i++) {
        g_autofree uint8_t *rgb = lk_generator_run(generator, &requests[i], NULL, NULL);
        ok = rgb != NULL && t->api->allocated(device) <= planned.arena + planned.weights;
    }
    g_autofree uint8_t *after = lk_generator_run(generator, first, NULL, NULL);
    tap_ok(ok && lk_generator_arena_bytes(generator) == planned.arena,
           "more sizes than are kept, within the planned memory");
    tap_ok(before && after && memcmp(before, after, (size_t)first->width * (size_t)first->height * 3) == 0,
           "a size that was dropped and made again gives the same bytes");
    lk_generator_free(generator);
    tap_ok(t->api->allocated(device) == planned.arena, "freeing gives all weights back");
    t->api->close(device);
}

static void test_refusals(const Test *t)
{
    static const struct {
        int width, height, steps;
        double cfg;
        const char *sampler, *words;
    } rows[] = {
        {100, 64, 2, 3, "ddim", "multiples of 64"}, {64, 0, 2, 3, "ddim", "multiples of 64"},
        {-64, 64, 2, 3, "ddim", "64 × 64"},         {1 << 20, 64, 2, 3, "ddim", "16384"},
        {64, 64, 0, 3, "ddim", "1 to 1000 steps"},  {64, 64, 1001, 3, "ddim", "1 to 1000 steps"},
        {64, 64, 2, NAN, "ddim", "guidance"},       {64, 64, 2, 3, "unknown", "sampler"},
    };
    LkGeneratorOptions options = options_of(t);
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL, again = NULL;
        LkPictureRequest request = request_of(t, rows[i].sampler, rows[i].steps);
        request.width = rows[i].width;
        request.height = rows[i].height;
        request.cfg = rows[i].cfg;
        bool refused = !lk_generator_run(generator, &request, NULL, &error) &&
                       !lk_generator_prepare(generator, &request, 1, &again);
        tap_ok(refused && error && strstr(error->message, rows[i].words) && again, "refused: %s",
               error ? error->message : "not at all");
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) words = g_string_new(NULL);
    for (int i = 0; i < 3000; i++)
        g_string_append(words, "dog ");
    LkPictureRequest request = request_of(t, "ddim", 2);
    request.prompt = words->str;
    bool refused = !lk_generator_run(generator, &request, NULL, &error) && strstr(error->message, "2400 tokens");
    tap_ok(refused, "refused: %s", error ? error->message : "not at all");
}

static void test_stop(const Test *t)
{
    g_autoptr(GError) error = NULL;
    LkGeneratorOptions options = options_of(t);
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, NULL);
    LkPictureRequest request = request_of(t, "ddim", 5);
    Trajectory trajectory = {.stop_at = 2};
    LkSamplingProgress progress = {.context = &trajectory, .step = compare_step};
    uint8_t *rgb = lk_generator_run(generator, &request, &progress, &error);
    tap_ok(!rgb && trajectory.calls == 2 && g_error_matches(error, LK_ERROR, LK_ERROR_STOPPED),
           "stopped where it was asked to");
    g_clear_error(&error);
    g_autofree uint8_t *next = lk_generator_run(generator, &request, NULL, &error);
    tap_ok(next != NULL, "and able to go on");
}

static void test_not_finite(const Test *t)
{
    g_autoptr(GError) error = NULL;
    g_autofree float *broken = g_memdup2(t->values, (gsize)lk_lora_elements(t->lora) * sizeof(float));
    for (int64_t i = 0; i < lk_lora_elements(t->lora); i++)
        broken[i] = NAN;
    LkGeneratorOptions options = options_with_lora(t, "lora", 1);
    options.loras[0].values = broken;
    g_autoptr(LkGenerator) generator = lk_generator_new(&options, NULL);
    LkPictureRequest request = request_of(t, "ddim", 2);
    tap_ok(!lk_generator_run(generator, &request, NULL, &error) && g_error_matches(error, LK_ERROR, LK_ERROR_NUMERIC),
           "a broken LoRA is said, not shown as a black picture");
}

static bool set_up(Test *t, const char *folder, const char *pictures, GError **error)
{
    LkError failure = {0};
    g_autofree char *model = g_build_filename(folder, "model.safetensors", NULL);
    g_autofree char *adapter = g_build_filename(folder, "lora.safetensors", NULL);
    t->api = lk_backend_cpu();
    t->expect = lk_safetensors_open(pictures, error);
    t->checkpoint = t->expect ? lk_checkpoint_open(model, error) : NULL;
    g_autoptr(LkLoraFile) file = t->checkpoint ? lk_lora_file_read(adapter, error) : NULL;
    if (!file)
        return false;
    LkLoraPlan plan = {.text = true, .unet = true, .like = file};
    t->lora = lk_lora_for_model(t->checkpoint, &plan, error);
    if (!t->lora)
        return false;
    int missing, unused;
    t->values = g_new0(float, (gsize)lk_lora_elements(t->lora));
    t->noise = near_floats(t->expect, "noise");
    t->device = t->api->open(0, 1, &failure); /* the networks are too small to share out */
    return t->device && lk_lora_load(t->lora, file, t->values, &missing, &unused, error) && missing == 0 && unused == 0;
}

int main(int argc, char **argv)
{
    Test t = {0};
    g_autoptr(GError) error = NULL;
    t.v = argc == 4 && strcmp(argv[3], "v") == 0;
    if (argc < 3 || !tap_ok(set_up(&t, argv[1], argv[2], &error), "the tiny model is there")) {
        tap_note("%s", error ? error->message : "usage: test-sampling-generator CASE_DIR PICTURES.safetensors");
        return tap_done() | 1;
    }
    bool plain = g_str_has_suffix(argv[1], "plain");
    if (plain)
        test_trajectories(&t);
    else
        test_family(&t);
    test_decode(&t);
    if (plain) {
        test_weights(&t);
        test_loras(&t);
        test_deterministic(&t);
        test_memory(&t);
        test_refusals(&t);
        test_stop(&t);
        test_not_finite(&t);
    }
    lk_lora_free(t.lora);
    g_free(t.values);
    g_free(t.noise);
    t.api->close(t.device);
    lk_checkpoint_free(t.checkpoint);
    lk_safetensors_free(t.expect);
    return tap_done();
}
