/* Held-out pictures: which they are, and what is measured on them. Usage: test_validation MODEL.safetensors */
#include "../dataset/scratch.h"
#include "../tap.h"
#include "small_run.h"
#include "training/job_dataset.h"

#include <math.h>

/** What a run told. */
typedef struct Told {
    int validations, steps;
    int64_t at[16];
    double loss[16], last_loss;
} Told;

static void hear(void *context, const LkTrainerEvent *event)
{
    Told *told = context;
    if (event->kind == LK_EVENT_STEP) {
        told->steps++;
        told->last_loss = event->loss;
    }
    if (event->kind == LK_EVENT_VALIDATION && told->validations < 16) {
        told->at[told->validations] = event->step;
        told->loss[told->validations++] = event->loss;
    }
}

static bool stop_after_two(void *context)
{
    return ((const Told *)context)->steps >= 2;
}

static Told run(const SmallRun *s, const char *output, const char *const *settings, bool resume, bool stop)
{
    Told told = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(LkJob) job = small_job(s, output, settings);
    g_autoptr(LkTrainer) trainer = job ? lk_trainer_new(job, lk_backend_cpu(), 0, &error) : NULL;
    LkTrainerEvents events = {.context = &told, .event = hear, .should_stop = stop ? stop_after_two : NULL};
    if (!trainer || (!lk_trainer_run(trainer, resume, &events, &error) && !stop))
        tap_note("%s", error ? error->message : "no trainer");
    return told;
}

static LkDataset *open_dataset(const SmallRun *s, const char *const *settings)
{
    g_autoptr(LkJob) job = small_job(s, "unused", settings);
    g_autoptr(GPtrArray) findings = lk_findings_new();
    return lk_dataset_new(lk_job_dataset_config(job, findings, NULL), 64, findings, NULL);
}

/** A bit for each picture that is held out. */
static guint held(const LkDataset *dataset)
{
    guint bits = 0;
    for (guint i = 0; i < dataset->pictures->len; i++)
        bits |= (guint)lk_dataset_is_held_out(g_ptr_array_index(dataset->pictures, i)) << i;
    return bits;
}

static void test_split(const SmallRun *s)
{
    /* len - ceil(len · (1 - split)), as split_train_val */
    static const struct {
        const char *split;
        guint out;
    } rows[] = {{"0", 0}, {"0.1", 0}, {"0.2", 1}, {"0.39", 1}, {"0.4", 2}, {"0.5", 2}, {"0.8", 4}, {"0.9", 4}};
    int wrong = 0, others = 0;
    guint first = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *split = g_strconcat("validation_split=", rows[i].split, NULL);
        g_autoptr(LkDataset) dataset = open_dataset(s, WITH(split, "num_repeats=3"));
        wrong += dataset->held_out != rows[i].out || (guint)__builtin_popcount(held(dataset)) != rows[i].out ||
                 dataset->train_images != 3 * (5 - rows[i].out) || lk_dataset_batches(dataset) != 3 * (5 - rows[i].out);
    }
    tap_ok(wrong == 0, "the share of the pictures is held out, and no part of epochs");
    for (int seed = 0; seed < 8; seed++) {
        g_autofree char *own = g_strdup_printf("validation_seed=%d", seed);
        g_autoptr(LkDataset) a = open_dataset(s, WITH("validation_split=0.4", own, "seed=1"));
        g_autoptr(LkDataset) b = open_dataset(s, WITH("validation_split=0.4", own, "seed=2"));
        first = seed == 0 ? held(a) : first;
        others += held(a) != first;
        wrong += held(a) != held(b);
    }
    tap_ok(wrong == 0 && others > 0, "its seed says which");
}

/** A folder that is only measured, and a subset of a dataset file that is. */
static void test_folder(const SmallRun *s)
{
    g_autoptr(LkDataset) folder = open_dataset(s, WITH("validation_data_dir=wide", "num_repeats=2"));
    guint own = 0;
    for (guint i = 0; i < folder->pictures->len; i++) {
        const LkDatasetPicture *picture = g_ptr_array_index(folder->pictures, i);
        own += lk_dataset_is_held_out(picture) && strstr(picture->path, "wide") != NULL;
    }
    tap_ok(folder->held_out == 5 && own == 5 && folder->train_images == 10 && lk_dataset_batches(folder) == 10,
           "a validation folder is held out whole, and nothing of the other is");
    g_autofree char *pics = small_run_path(s, "pics"), *wide = small_run_path(s, "wide");
    g_autofree char *text = g_strdup_printf("[[datasets]]\nvalidation_split = 0.4\n"
                                            "[[datasets.subsets]]\nimage_dir = \"%s\"\n"
                                            "[[datasets.subsets]]\nimage_dir = \"%s\"\nvalidation_split = 1.0\n",
                                            pics, wide);
    scratch_text(s->folder, "set.toml", text);
    g_autoptr(LkJob) job = small_job(s, "unused", WITH("num_repeats=1"));
    g_autoptr(GPtrArray) findings = lk_findings_new();
    job->dataset_config = small_run_path(s, "set.toml"); /* goes before the folder */
    g_autoptr(GError) error = NULL;
    LkDatasetConfig *config = lk_job_dataset_config(job, findings, &error);
    g_autoptr(LkDataset) file = config ? lk_dataset_new(config, 64, findings, &error) : NULL;
    if (!file) {
        tap_ok(false, "a dataset file has a share for each subset: %s", error->message);
        return;
    }
    tap_ok(file->held_out == 7 && file->train_images == 3, "a dataset file has a share for each subset (%u held out)",
           file->held_out);
    const char *const *often =
        WITH("validation_data_dir=wide", "max_train_steps=4", "validate_every_n_steps=2", "max_validation_steps=2");
    Told a = run(s, "folder", often, false, false), plain = run(s, "without", WITH("max_train_steps=4"), false, false);
    run(s, "halves", often, false, true);
    run(s, "halves", often, true, false);
    tap_ok(a.validations == 2 && plain.validations == 0 && a.at[1] == 4 &&
               same_tensors(s, "folder/bird.safetensors", "without/bird.safetensors") &&
               same_files(s, "folder/bird.safetensors", "halves/bird.safetensors"),
           "measuring a folder leaves the LoRA as it would be without, and a resumed run's bytes too");
}

static void test_measured(const SmallRun *s)
{
    const char *const *still = WITH("validation_split=0.4", "validation_seed=3", "max_train_epochs=3",
                                    "learning_rate=1e-20", "optimizer_args=[\"weight_decay=0\"]");
    Told a = run(s, "still", still, false, false);
    tap_ok(a.steps == 9 && a.validations == 3 && a.at[0] == 3 && a.at[2] == 9, "after every epoch (%d steps, %d times)",
           a.steps, a.validations);
    tap_ok(a.loss[0] > 0 && a.loss[0] == a.loss[1] && a.loss[1] == a.loss[2],
           "noise and timesteps are the same every time (%.7f)", a.loss[0]);
    Told b = run(s, "moving",
                 WITH("validation_split=0.4", "validation_seed=3", "max_train_steps=6", "learning_rate=1e-2",
                      "validate_every_n_steps=2", "max_validation_steps=1"),
                 false, false);
    tap_ok(b.validations == 3 && b.at[0] == 2 && b.loss[0] != b.loss[2], "after some steps, and it moves");
    Told plain = run(s, "plain", WITH("max_train_steps=3"), false, false);
    tap_ok(plain.validations == 0, "nothing is measured without held-out pictures");
}

/** Training does not see it, whenever it is measured, with an average too. */
static void test_neutral(const SmallRun *s)
{
    static const char *const kinds[] = {"ema_decay=0.9", "optimizer_type=AdamWScheduleFree", "loss_type=huber",
                                        "network_train_unet_only=true"};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *const *often = WITH("validation_split=0.4", "max_train_steps=4", "validate_every_n_steps=1",
                                        kinds[i], "ip_noise_gamma=0.1");
        const char *const *never = WITH("validation_split=0.4", "max_train_steps=4", "validate_every_n_steps=100",
                                        kinds[i], "ip_noise_gamma=0.1");
        Told a = run(s, "often", often, false, false);
        Told b = run(s, "never", never, false, false);
        run(s, "parts", often, false, true);
        run(s, "parts", often, true, false);
        tap_ok(a.validations == 4 && b.validations == 0 &&
                   same_tensors(s, "often/bird.safetensors", "never/bird.safetensors") &&
                   same_files(s, "often/bird.safetensors", "parts/bird.safetensors"),
               "%s: measuring changes no bit of the result, also of a resumed run", kinds[i]);
    }
}

int main(int argc, char **argv)
{
    SmallRun s;
    small_run_open(&s, argv[argc - 1]);
    test_split(&s);
    test_folder(&s);
    test_measured(&s);
    test_neutral(&s);
    small_run_close(&s);
    return tap_done();
}
