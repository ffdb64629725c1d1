/* bench-memory: what a training run needs of a card's memory, option by option, as a table in Markdown. It is the plan
 * of lorikeet-cli, which a run keeps to the byte; needs neither card nor model: a table of the model's tensors and the
 * stand-in for CUDA are enough (LORIKEET_CUDA_MODULE, LORIKEET_FAKE_CUDA; run.sh sets them). cuDNN's own workspaces are
 * the stand-in's, within some megabytes of a real card's (tests/cudnn/workspaces.tsv). */
#include "../dataset/scratch.h"
#include "../model/fake_model.h"
#include "format/png.h"
#include "training/trainer.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_SETTINGS = 8 };

typedef struct Case {
    const char *name;
    const char *settings[MOST_SETTINGS];
} Case;

#define UNET       "network_train_unet_only=true"
#define CHECKPOINT "gradient_checkpointing=true"
#define EIGHT      "optimizer_type=AdamW8bit"
#define INT8       "base_weights_precision=int8"
#define FP8        "fp8_base=true"

static const Case cases[] = {
    {"U-Net and text encoders", {NULL}},
    {"U-Net only (text encoders' states are cached)", {UNET}},
    {"+ `gradient_checkpointing`", {UNET, CHECKPOINT}},
    {"+ `optimizer_type = \"AdamW8bit\"`", {UNET, CHECKPOINT, EIGHT}},
    {"+ `fp8_base`", {UNET, CHECKPOINT, EIGHT, FP8}},
    {"+ `base_weights_precision = \"int8\"` in its place", {UNET, CHECKPOINT, EIGHT, INT8}},
    {"+ `offload_base_weights = \"all\"`", {UNET, CHECKPOINT, EIGHT, INT8, "offload_base_weights=all"}},
    {"`offload_base_weights = \"all\"` without int8", {UNET, CHECKPOINT, EIGHT, "offload_base_weights=all"}},
    {"int8 and text encoders too", {CHECKPOINT, EIGHT, INT8}},
    {"int8, U-Net only, `train_batch_size = 4`", {UNET, CHECKPOINT, EIGHT, INT8, "train_batch_size=4"}},
};

static const struct {
    const char *name, *title, *table;
    int size;
} families[] = {{"sd15", "Stable Diffusion 1.5, 512×512", "sd15_tensors.tsv", 512},
                {"sdxl", "SDXL, 1024×1024", "sdxl_tensors.tsv", 1024}};

static void add_pictures(const char *scratch, int size)
{
    gsize bytes = (gsize)size * (gsize)size * 3;
    g_autofree uint8_t *rgb = g_malloc0(bytes);
    for (int i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("pics/%d.png", i), *text = g_strdup_printf("pics/%d.txt", i);
        g_autofree char *path = scratch_path(scratch, name);
        for (gsize b = 0; b < bytes; b++)
            rgb[b] = (uint8_t)(b * (gsize)(i + 3) >> 7);
        lk_png_write(path, rgb, size, size, (size_t)size * 3, NULL, NULL);
        scratch_text(scratch, text, "a bird");
    }
}

static LkJob *make_job(const char *scratch, int size, const Case *one, const char *precision)
{
    g_autofree char *mixed = g_strdup_printf("mixed_precision=%s", precision);
    const char *settings[MOST_SETTINGS + 2] = {mixed};
    for (int i = 0; i < MOST_SETTINGS && one->settings[i]; i++)
        settings[i + 1] = one->settings[i];
    g_autofree char *text =
        g_strdup_printf("pretrained_model_name_or_path = \"model.safetensors\"\ntrain_data_dir = \"pics\"\n"
                        "cache_dir = \"cache\"\noutput_dir = \"out\"\nresolution = \"%d,%d\"\nnetwork_dim = 16\n"
                        "network_alpha = 8\nlearning_rate = 1e-4\nmax_train_steps = 10\n",
                        size, size);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job = lk_job_parse(text, "job.toml", scratch, settings, problems);
    g_autofree char *said = lk_problems_describe(problems, "job.toml");
    if (!job)
        fprintf(stderr, "%s\n", said);
    return job;
}

static double gib(int64_t bytes)
{
    return (double)bytes / (1 << 30);
}

static bool print_case(const LkBackend *api, const char *scratch, int size, const Case *one, const char *precision)
{
    g_autoptr(GError) error = NULL;
    LkTrainingPlan plan = {0};
    g_autoptr(LkJob) job = make_job(scratch, size, one, precision);
    g_autoptr(LkTrainer) trainer = job ? lk_trainer_new(job, api, 0, &error) : NULL;
    if (!trainer || !lk_trainer_plan(trainer, &plan, &error)) {
        fprintf(stderr, "bench-memory: %s\n", error ? error->message : "the job is wrong");
        return false;
    }
    int64_t step = plan.weights + plan.adapter + plan.optimizer + plan.arena + plan.host;
    printf("| %s | %.2f | %.2f | %.2f | **%.2f** | %.2f | %.2f |\n", one->name, gib(plan.weights),
           gib(plan.adapter + plan.optimizer), gib(plan.arena), gib(step), gib(plan.encoding + plan.host),
           gib(plan.offloaded));
    fflush(stdout);
    lk_training_plan_clear(&plan);
    return true;
}

/** Writes a model without numbers and plans every case. */
static int print_family(const LkBackend *api, const char *tests, size_t family, const char *precision)
{
    int size = families[family].size, failed = 0;
    g_autofree char *scratch = scratch_new(), *path = scratch_path(scratch, "model.safetensors");
    g_autofree char *table = g_build_filename(tests, "model", families[family].table, NULL);
    g_autoptr(FakeModel) model = fake_model_from_table(table);
    if (!model || !fake_model_write(model, path, 0))
        return 1;
    add_pictures(scratch, size);
    printf("%s, batch 1, %s, network_dim 16, GiB\n\n", families[family].title, precision);
    printf("| | base model | LoRA, optimizer | activations, workspace | a step in all | encoding pictures, before | in "
           "the "
           "computer's memory |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        failed += !print_case(api, scratch, size, &cases[i], precision);
    scratch_remove(scratch);
    return failed > 0;
}

int main(int argc, char **argv)
{
    LkError problem = {0};
    const LkBackend *api = lk_backend_cuda(&problem);
    const char *precision = argc > 3 ? argv[3] : "bf16";
    if (argc < 3 || !api) {
        fprintf(stderr, "usage: bench-memory TESTS_FOLDER sd15|sdxl [bf16|fp16|no]\n%s\n", problem.text);
        return 2;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        if (strcmp(argv[2], families[i].name) == 0)
            return print_family(api, argv[1], i, precision);
    fprintf(stderr, "bench-memory: '%s' is not sd15 or sdxl\n", argv[2]);
    return 2;
}
