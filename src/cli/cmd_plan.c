/* lorikeet-cli plan */
#include "cli/job_input.h"
#include "cli/report.h"
#include "format/json.h"
#include "training/device.h"
#include "training/trainer.h"

#include <glib/gi18n.h>
#include <stdio.h>

/* The parts of the plan, in the order of people's interest. */
static const struct {
    const char *key;
    size_t offset;
    const char *title;
} parts[] = {
    {"weights", offsetof(LkTrainingPlan, weights), N_("base model")},
    {"sampling", offsetof(LkTrainingPlan, sampling), N_("base model, for sample pictures")},
    {"adapter", offsetof(LkTrainingPlan, adapter), N_("LoRA and its gradients")},
    {"optimizer", offsetof(LkTrainingPlan, optimizer), N_("optimizer")},
    {"activations", offsetof(LkTrainingPlan, activations), N_("activations")},
    {"workspace", offsetof(LkTrainingPlan, workspace), N_("workspace")},
    {"host", offsetof(LkTrainingPlan, host), N_("the program itself")},
    {"offloaded", offsetof(LkTrainingPlan, offloaded), N_("base model, in the computer's memory, beside the total")},
    {"encoding", offsetof(LkTrainingPlan, encoding), N_("while pictures and captions are encoded, instead")},
    {"total", offsetof(LkTrainingPlan, total), N_("at most at one time")},
    {"available", offsetof(LkTrainingPlan, available), N_("free now")},
};

static int64_t part_of(const LkTrainingPlan *plan, size_t i)
{
    return *(const int64_t *)(gconstpointer)((const char *)plan + parts[i].offset);
}

static void print_json(const LkTrainingPlan *plan, const LkDeviceChoice *choice, const GPtrArray *problems)
{
    g_autoptr(GString) out = g_string_new(NULL);
    lk_json_begin(out);
    lk_json_add_string(out, "device", choice->id);
    lk_json_add_string(out, "device_name", plan->device);
    lk_json_add_integer(out, "steps", plan->steps);
    lk_json_add_integer(out, "epochs", plan->epochs);
    lk_json_add_integer(out, "batches_per_epoch", plan->batches);
    lk_json_add_integer(out, "pictures", plan->pictures);
    lk_json_add_integer(out, "to_encode", plan->to_encode);
    lk_json_add_key(out, "bytes");
    lk_json_begin(out);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        lk_json_add_integer(out, parts[i].key, part_of(plan, i));
    lk_json_end(out);
    lk_json_add_key(out, "vae_tiles");
    lk_json_begin(out);
    lk_json_add_integer(out, "encoding", plan->encoding_tile);
    lk_json_add_integer(out, "sampling", plan->sampling_tile);
    lk_json_end(out);
    lk_json_add_boolean(out, "fits", plan->fits);
    lk_json_add_key(out, "fixes");
    g_string_append_c(out, '[');
    for (guint i = 0; i < plan->fixes->len; i++) {
        g_string_append(out, i ? "," : "");
        lk_json_append_string(out, plan->fixes->pdata[i]);
    }
    g_string_append_c(out, ']');
    lk_cli_add_problems(out, problems);
    lk_json_end(out);
    puts(out->str);
}

static void print_text(const LkTrainingPlan *plan, const LkDeviceChoice *choice)
{
    printf(_("%s: %s\n"), choice->id, plan->device);
    printf(_("%ld pictures (%ld to encode), %ld batches an epoch, %ld epochs, %ld steps\n\n"), (long)plan->pictures,
           (long)plan->to_encode, (long)plan->batches, (long)plan->epochs, (long)plan->steps);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *bytes = lk_cli_bytes(part_of(plan, i));
        printf("%12s  %s\n", bytes, _(parts[i].title));
    }
    if (plan->encoding_tile)
        printf(_("\nPictures larger than %d pixels are encoded in tiles.\n"), plan->encoding_tile);
    if (plan->sampling_tile)
        printf(_("\nSamples larger than %d pixels are decoded in tiles.\n"), plan->sampling_tile);
    if (plan->fits) {
        printf("\n%s\n", _("It fits."));
        return;
    }
    printf("\n%s\n", _("It does not fit. What would help, the smallest change first:"));
    for (guint i = 0; i < plan->fixes->len; i++)
        printf("  %s\n", (const char *)plan->fixes->pdata[i]);
}

static bool make_plan(const LkJob *job, const LkDeviceChoice *choice, LkTrainingPlan *plan, GError **error)
{
    g_autoptr(LkTrainer) trainer = lk_trainer_new(job, choice->api, choice->index, error);
    if (!trainer)
        return false;
    lk_trainer_limit_memory(trainer, choice->share);
    return lk_trainer_plan(trainer, plan, error);
}

LkExit lk_cli_plan(int argc, char **argv)
{
    g_auto(LkJobInput) input;
    lk_job_input_init(&input);
    const char *device = "auto";
    bool json = false;
    const LkOption options[] = {
        LK_OPTION_SET(&input),
        {.name = "device",
         .kind = LK_OPTION_TEXT,
         .value = &device,
         .placeholder = "auto|cpu|cuda:N",
         .help = N_("where it would be trained; auto is the first GPU that can be used, else the CPU; with @75%, a "
                    "quarter of its memory is left to other programs")},
        {.name = "json", .kind = LK_OPTION_FLAG, .value = &json, .help = N_("print one JSON object")},
    };
    const LkSyntax syntax = {
        .command = "plan",
        .arguments = "JOB.toml",
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .summary = N_("Says how many steps a job takes and how much memory it needs, part by part, without training. "
                      "Training takes what is said here and no more.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, &input.path, &end))
        return end;
    bool loaded = lk_job_input_load(&input);
    lk_cli_show_problems(input.problems, input.path);
    if (!loaded) {
        if (json)
            lk_cli_print_problems_json(input.problems);
        return LK_EXIT_USAGE;
    }
    g_autoptr(GError) error = NULL;
    LkDeviceChoice choice;
    LkTrainingPlan plan = {0};
    bool ok = lk_device_choose(device, &choice, &error) && make_plan(input.job, &choice, &plan, &error);
    if (ok && json)
        print_json(&plan, &choice, input.problems);
    else if (ok)
        print_text(&plan, &choice);
    lk_training_plan_clear(&plan);
    return ok ? LK_EXIT_DONE : lk_cli_fail_json(error, json);
}
