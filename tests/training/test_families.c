/* Whole runs on SD 2.x and SDXL: which modules a LoRA has and what its file says. Usage: test_families CASES_FOLDER
 * SDXL_TENSORS.tsv */
#include "../model/fake_model.h"
#include "../tap.h"
#include "adapter/lora_file.h"
#include "small_run.h"

#include <glib/gstdio.h>
#include <string.h>

static bool went_well(const Outcome *outcome, const char *label)
{
    return tap_ok(outcome->ok, "%s runs%s%s", label, outcome->message ? ": " : "",
                  outcome->message ? outcome->message : "");
}

/** Modules of each part of a file, and how many of all were moved from their beginning. */
typedef struct Parts {
    int text[2], unet, trained;
} Parts;

static Parts parts_of(const LkLoraFile *file)
{
    Parts parts = {0};
    for (size_t i = 0; file && i < lk_lora_file_count(file); i++) {
        const LkLoraWeights *w = lk_lora_file_at(file, i);
        bool moved = false;
        for (int64_t k = 0; k < w->shape.out * w->shape.dim; k++)
            moved |= w->values[1][k] != 0; /* begins as zero */
        *(w->site.side == LK_SIDE_TEXT ? &parts.text[w->site.text] : &parts.unet) += 1;
        parts.trained += moved;
    }
    return parts;
}

/* The small models: sd2 has 3 text blocks, the last two of which run with clip_skip 2; sdxl two encoders of 2 blocks,
 * where the last one of the first never runs. The innermost self-attention of SD 2.x sees one position of such small
 * pictures and has nothing to choose: its query and key are never moved. */
static const struct {
    const char *label, *model;
    const char *settings[5];
    Parts parts;
    const char *version, *architecture, *prediction, *v2;
} rows[] = {
    {"sd2", "sd2-v-zero", {NULL}, {{18, 0}, 192, 208}, "sd_v2", "stable-diffusion-v2-512/lora", "epsilon", "True"},
    {"sd2-v",
     "sd2-v-zero",
     {"v_parameterization=true", "zero_terminal_snr=true", "clip_skip=2", "min_snr_gamma=5", NULL},
     {{18, 0}, 192, 202},
     "sd_v2_v",
     "stable-diffusion-v2-768-v/lora",
     "v",
     "True"},
    {"sdxl",
     "sdxl",
     {NULL},
     {{12, 12}, 192, 210},
     "sdxl_base_v1-0",
     "stable-diffusion-xl-v1-base/lora",
     "epsilon",
     "False"},
    {"sdxl-unet",
     "sdxl",
     {"network_train_unet_only=true", NULL},
     {{0, 0}, 192, 192},
     "sdxl_base_v1-0",
     "stable-diffusion-xl-v1-base/lora",
     "epsilon",
     "False"},
    {"sdxl-first",
     "sdxl",
     {"text_encoder_lr=[1e-3, 0]", NULL},
     {{12, 0}, 192, 198},
     "sdxl_base_v1-0",
     "stable-diffusion-xl-v1-base/lora",
     "epsilon",
     "False"},
    {"sdxl-second",
     "sdxl",
     {"text_encoder_lr=[0, 1e-3]", "unet_lr=0", "v_parameterization=true", "zero_terminal_snr=true", NULL},
     {{0, 12}, 0, 12},
     "sdxl_base_v1-0",
     "stable-diffusion-xl-v1-base/lora",
     "v",
     "False"},
};

static void test_runs(const SmallRun *s, const char *model)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].model, model) != 0)
            continue;
        g_autoptr(Outcome) outcome = small_run(s, rows[i].label, rows[i].settings, false, -1);
        if (!went_well(outcome, rows[i].label))
            continue;
        g_autoptr(LkLoraFile) file = lk_lora_file_read(outcome->done, NULL);
        Parts got = parts_of(file), want = rows[i].parts;
        tap_ok(memcmp(&got, &want, sizeof got) == 0,
               "%s: %d and %d modules of text encoders, %d of the U-Net, %d trained", rows[i].label, got.text[0],
               got.text[1], got.unet, got.trained);
        const LkMetadata *m = file ? lk_lora_file_metadata(file) : NULL;
        const char *const said[][2] = {{"ss_base_model_version", rows[i].version},
                                       {"ss_v2", rows[i].v2},
                                       {"modelspec.architecture", rows[i].architecture},
                                       {"modelspec.prediction_type", rows[i].prediction}};
        for (gsize k = 0; m && k < G_N_ELEMENTS(said); k++)
            tap_ok(g_strcmp0(lk_metadata_get(m, said[k][0]), said[k][1]) == 0, "%s: %s = %s", rows[i].label, said[k][0],
                   lk_metadata_get(m, said[k][0]));
        const LkTrainingPlan *plan = &outcome->plan;
        tap_ok(outcome->allocated == plan->weights + plan->adapter + plan->optimizer + plan->arena,
               "%s: the device holds what was planned", rows[i].label);
    }
}

/** The keys are those of sd-scripts, whose key sets the cases' LoRAs have. */
static void test_keys(const SmallRun *s, const char *cases, const char *model)
{
    g_autofree char *theirs = g_build_filename(cases, model, "lora.safetensors", NULL);
    g_autofree char *name = g_strconcat(strcmp(model, "sdxl") == 0 ? "sdxl" : "sd2", "/bird.safetensors", NULL);
    g_autofree char *ours = small_run_path(s, name);
    g_autoptr(LkSafetensors) a = lk_safetensors_open(ours, NULL), b = lk_safetensors_open(theirs, NULL);
    size_t count = a ? lk_safetensors_count(a) : 0;
    int missing = 0;
    for (size_t i = 0; i < count; i++) {
        const LkTensorView *view = lk_safetensors_at(a, i), *other = b ? lk_safetensors_find(b, view->name) : NULL;
        missing += !other || other->rank != view->rank;
    }
    tap_ok(a && b && count == lk_safetensors_count(b) && missing == 0, "%s: %zu keys, all of them sd-scripts'", model,
           count);
}

/** Blocks as SDXL counts them; lists of the other families are refused once the base model is known. */
static void test_blocks(const SmallRun *s)
{
    const char *const twenty = "block_dims=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,";
    g_autofree char *of_xl = g_strconcat(twenty, "1,1,1", NULL), *of_sd = g_strconcat(twenty, "1,1,1,1,1", NULL);
    g_autoptr(Outcome) down = small_run(
        s, "down", WITH("network_train_unet_only=true", "mid_lr_weight=0,0,0", "up_lr_weight=zeros"), false, -1);
    g_autoptr(Outcome) listed = small_run(s, "listed", WITH("network_train_unet_only=true", of_xl), false, -1);
    g_autoptr(Outcome) other = small_run(s, "other", WITH(of_sd), false, -1);
    g_autoptr(LkLoraFile) file = down->ok ? lk_lora_file_read(down->done, NULL) : NULL;
    g_autoptr(LkLoraFile) ones = listed->ok ? lk_lora_file_read(listed->done, NULL) : NULL;
    size_t on_the_way_down = 0, of_rank_one = 0;
    for (size_t i = 0; file && i < lk_lora_file_count(file); i++)
        on_the_way_down += lk_lora_file_at(file, i)->site.side == LK_SIDE_DOWN;
    for (size_t i = 0; ones && i < lk_lora_file_count(ones); i++)
        of_rank_one += lk_lora_file_at(ones, i)->shape.dim == 1;
    tap_ok(file && on_the_way_down > 0 && on_the_way_down == lk_lora_file_count(file),
           "sdxl: only the blocks with a learning rate have modules (%zu)", on_the_way_down);
    tap_ok(ones && of_rank_one == 192 && lk_lora_file_count(ones) == 192, "sdxl: 23 ranks are taken (%zu modules)",
           of_rank_one);
    tap_ok(!other->ok && other->message && strstr(other->message, "block_dims does not fit the base model"),
           "sdxl: 25 are not: %s", other->message ? other->message : "trained");
}

/** Cached text states, pooled text included, give what the encoders give in the step. */
static void test_cached_text(const SmallRun *s)
{
    const char *const cached[] = {"network_train_unet_only=true", "max_token_length=225", NULL};
    const char *const in_step[] = {"network_train_unet_only=true", "max_token_length=225", "shuffle_caption=true",
                                   "keep_tokens=9", NULL};
    g_autoptr(Outcome) a = small_run(s, "cached", cached, false, -1);
    g_autoptr(Outcome) b = small_run(s, "in-step", in_step, false, -1);
    g_autoptr(Outcome) again = small_run(s, "again", cached, false, -1);
    if (went_well(a, "cached text states") && went_well(b, "text states in the step") && went_well(again, "once more"))
        tap_ok(same_tensors(s, "cached/bird.safetensors", "in-step/bird.safetensors") &&
                   same_files(s, "cached/bird.safetensors", "again/bird.safetensors") &&
                   a->plan.weights < b->plan.weights,
               "cached text states: the same numbers, and no text encoders on the device");
}

/** Sample pictures on the way, a stop, and the same end. */
static void test_resumed(const SmallRun *s)
{
    const char *const settings[] = {
        "max_train_steps=4",   "sample_every_n_steps=2", "sample_prompts=[\"a bird --w 64 --h 128 --s 2 --n snow\"]",
        "sample_sampler=ddim", "flip_aug=true",          NULL};
    g_autoptr(Outcome) whole = small_run(s, "whole", settings, false, -1);
    g_autoptr(Outcome) first = small_run(s, "parts", settings, false, 2);
    g_autoptr(Outcome) second = small_run(s, "parts", settings, true, -1);
    tap_ok(whole->ok && !first->ok && second->ok && second->began == 2, "a run is stopped and goes on");
    tap_ok(same_files(s, "whole/bird.safetensors", "parts/bird.safetensors"), "and ends in the same bytes");
    g_autofree char *samples = small_run_path(s, "whole/sample"), *others = small_run_path(s, "parts/sample");
    g_autoptr(GDir) dir = g_dir_open(samples, 0, NULL);
    int pictures = 0, same = 0;
    for (const char *name; dir && (name = g_dir_read_name(dir)); pictures++) {
        g_autofree char *a = g_build_filename("whole/sample", name, NULL);
        g_autofree char *b = g_build_filename("parts/sample", name, NULL);
        same += same_files(s, a, b);
    }
    tap_ok(pictures == 2 && same == 2, "with %d of %d sample pictures the same", same, pictures);
}

/* The true size ---------------------------------------------------------------------------------------------------- */

/** SDXL in its true size at 1024 × 1024, from a file of holes: what is planned follows the settings and fits where it
 * is said to. */
static void test_true_size(const char *table)
{
    static const struct {
        const char *label, *settings[3];
        double most; /* GiB */
    } plans[] = {
        {"U-Net alone, computed again", {"network_train_unet_only=true", "gradient_checkpointing=true", NULL}, 12},
        {"all, computed again", {"gradient_checkpointing=true", NULL}, 14},
        {"U-Net alone", {"network_train_unet_only=true", NULL}, 16},
    };
    LkDeviceInfo info = {0};
    if (lk_backend_cpu()->devices(&info, 1, NULL) < 1 || !info.bf16) {
        tap_note("This processor has no bf16: the true size is not planned.");
        return;
    }
    int64_t total[G_N_ELEMENTS(plans)] = {0};
    g_autoptr(FakeModel) model = fake_model_from_table(table);
    SmallRun s;
    small_run_open(&s, "unused");
    g_free(s.model);
    s.model = small_run_path(&s, "sdxl.safetensors");
    tap_ok(fake_model_write(model, s.model, 0), "a file of SDXL's size");
    for (gsize i = 0; i < G_N_ELEMENTS(plans); i++) {
        const char *settings[8] = {"resolution=1024,1024", "mixed_precision=bf16", "network_dim=16"};
        for (gsize k = 0; plans[i].settings[k]; k++)
            settings[3 + k] = plans[i].settings[k];
        g_autoptr(GError) error = NULL;
        g_autoptr(LkJob) job = small_job(&s, "plan", settings);
        g_autoptr(LkTrainer) trainer = lk_trainer_new(job, lk_backend_cpu(), 0, &error);
        LkTrainingPlan plan = {0};
        bool planned = trainer && lk_trainer_plan(trainer, &plan, &error);
        total[i] = plan.total;
        tap_ok(planned && plan.total < plans[i].most * (1 << 30), "%s: %.2f GiB%s%s", plans[i].label,
               (double)plan.total / (1 << 30), error ? ": " : "", error ? error->message : "");
        if (planned)
            lk_training_plan_clear(&plan);
    }
    tap_ok(total[1] - total[0] > (int64_t)1600 << 20 && total[2] - total[0] > (int64_t)2 << 30,
           "the text encoders cost their weights, what is not computed again its activations");
    small_run_close(&s);
}

int main(int argc, char **argv)
{
    static const char *const models[] = {"sd2-v-zero", "sdxl"};
    if (argc != 3)
        return 2;
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *path = g_build_filename(argv[1], models[i], "model.safetensors", NULL);
        SmallRun s;
        small_run_open(&s, path);
        test_runs(&s, models[i]);
        test_keys(&s, argv[1], models[i]);
        if (strcmp(models[i], "sdxl") == 0)
            test_blocks(&s);
        test_cached_text(&s);
        test_resumed(&s);
        small_run_close(&s);
    }
    test_true_size(argv[2]);
    return tap_done();
}
