/* lorikeet-cli check */
#include "cli/bar.h"
#include "cli/job_input.h"
#include "cli/report.h"
#include "dataset/check.h"
#include "format/json.h"
#include "model/checkpoint.h"
#include "training/job_dataset.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

/* What sides of pictures are multiples of where the base model is not known: Stable Diffusion's value. */
enum { USUAL_MULTIPLE = 64 };

static bool show_progress(void *data, guint done, guint total)
{
    g_autofree char *count = g_strdup_printf("%u/%u", done, total);
    lk_bar_draw(data, total ? (double)done / total : 1, _("Checking pictures"), count, false);
    return true;
}

/** What the base model asks of pictures; one that cannot be used becomes a problem. */
static int multiple_of(const LkJob *job, GPtrArray *problems)
{
    g_autoptr(GError) error = NULL;
    if (!job->pretrained_model_name_or_path || lk_problems_count(problems, LK_PROBLEM_ERROR) > 0)
        return USUAL_MULTIPLE; /* a folder alone; or a file that was found missing already */
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(job->pretrained_model_name_or_path, &error);
    if (checkpoint)
        return lk_size_multiple(lk_checkpoint_arch(checkpoint));
    lk_problems_add(problems, LK_PROBLEM_ERROR, "pretrained_model_name_or_path", job->pretrained_model_name_or_path,
                    NULL, 0, "%s", error->message);
    return USUAL_MULTIPLE;
}

static LkCheck *check(const LkJob *job, LkPurpose purpose, GPtrArray *problems, bool quiet, GError **error)
{
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(error);
    if (!tokenizer)
        return NULL;
    int multiple = multiple_of(job, problems);
    GPtrArray *findings = lk_findings_new();
    LkDatasetConfig *config = lk_job_dataset_config(job, findings, error);
    if (!config) {
        g_ptr_array_unref(findings);
        return NULL;
    }
    LkBar bar;
    lk_bar_init(&bar, stderr);
    LkCheckOptions options = {
        .doctor = {.trigger_words = job->trigger_words, .max_tokens = job->max_token_length, .purpose = purpose},
        .tokenizer = tokenizer,
        .progress = quiet ? NULL : show_progress,
        .progress_data = &bar};
    LkCheck *result = lk_check_run(config, multiple, &options, findings, error);
    lk_bar_clear(&bar);
    return result;
}

static bool has_errors(const LkCheck *result, const GPtrArray *problems)
{
    return lk_problems_count(problems, LK_PROBLEM_ERROR) > 0 || !result->dataset ||
           lk_findings_count(result->findings, LK_SEVERITY_ERROR) > 0;
}

/** The check's own object, with the job's problems as one more member. */
static void print_json(const LkCheck *result, const GPtrArray *problems)
{
    static const char good[] = "{\"ok\":true", bad[] = "{\"ok\":false";
    g_autoptr(GString) out = g_string_new(NULL);
    lk_check_append_json(result, out);
    if (has_errors(result, problems) && g_str_has_prefix(out->str, good)) {
        g_string_erase(out, 0, sizeof good - 1);
        g_string_prepend(out, bad);
    }
    g_string_truncate(out, out->len - 1);
    lk_cli_add_problems(out, problems);
    lk_json_end(out);
    puts(out->str);
}

static void print_text(const LkCheck *result)
{
    g_autoptr(GString) out = g_string_new(NULL);
    lk_check_append_text(result, out);
    fputs(out->str, stdout);
}

/** The default job of a folder, or the job of a file. NULL where the file has errors. */
static const LkJob *load(LkJobInput *input)
{
    if (g_file_test(input->path, G_FILE_TEST_IS_DIR)) {
        input->job = lk_job_new(NULL);
        g_free(input->job->train_data_dir);
        input->job->train_data_dir = g_strdup(input->path);
        return input->job;
    }
    const char *const *overrides = (const char *const *)(gpointer)input->overrides->pdata;
    input->job = lk_job_load(input->path, overrides, input->problems);
    if (!input->job || lk_job_check_files(input->job, input->problems))
        return input->job;
    /* A missing base model leaves the pictures to look at; without pictures there is nothing. */
    const char *pictures = input->job->dataset_config ? input->job->dataset_config : input->job->train_data_dir;
    return g_file_test(pictures, G_FILE_TEST_EXISTS) ? input->job : NULL;
}

LkExit lk_cli_check(int argc, char **argv)
{
    g_auto(LkJobInput) input;
    lk_job_input_init(&input);
    bool json = false;
    int purpose = LK_PURPOSE_ANY;
    const char *purposes[LK_PURPOSES + 1] = {NULL};
    for (int i = 0; i < LK_PURPOSES; i++)
        purposes[i] = lk_purpose_name((LkPurpose)i);
    const LkOption options[] = {
        LK_OPTION_SET(&input),
        {.name = "purpose",
         .kind = LK_OPTION_CHOICE,
         .value = &purpose,
         .choices = purposes,
         .help = N_("what the LoRA is for, which decides how many pictures are good (default: any)")},
        {.name = "json", .kind = LK_OPTION_FLAG, .value = &json, .help = N_("print one JSON object")},
    };
    const LkSyntax syntax = {
        .command = "check",
        .arguments = "FOLDER|JOB.toml",
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .summary = N_("Opens every picture and reads every caption of a folder, or of what a job names, and lists what "
                      "cannot be used, what deserves a look, and the buckets."),
        .notes = N_("Status: 0 where all pictures can be used, 1 where some cannot, 2 where the job or the folder is "
                    "wrong.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, &input.path, &end))
        return end;
    g_autoptr(GError) error = NULL;
    const LkJob *job = load(&input);
    g_autoptr(LkCheck) result =
        job ? check(job, (LkPurpose)purpose, input.problems, json || !isatty(STDERR_FILENO), &error) : NULL;
    lk_cli_show_problems(input.problems, input.path);
    if (!job && json)
        lk_cli_print_problems_json(input.problems);
    if (!result)
        return error ? lk_cli_fail_json(error, json) : LK_EXIT_USAGE;
    if (json)
        print_json(result, input.problems);
    else
        print_text(result);
    return lk_problems_count(input.problems, LK_PROBLEM_ERROR) > 0 ? LK_EXIT_USAGE
           : has_errors(result, input.problems)                    ? LK_EXIT_FAILED
                                                                   : LK_EXIT_DONE;
}
