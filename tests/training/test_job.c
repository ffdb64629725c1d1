/* Jobs: every mistake is said with key, line and what is allowed; good jobs come out as written. */
#include "sampling/scheduler.h"
#include "tap.h"
#include "training/job.h"

#include <math.h>
#include <string.h>

#include "broken_jobs.h"
#include "kohya_keys.h"

static const char good[] = "pretrained_model_name_or_path = \"m.safetensors\"\ntrain_data_dir = \"pics\"\n";

static LkJob *parse(const char *text, const char *const *overrides, GPtrArray *problems)
{
    g_autofree char *whole = g_strconcat(good, text, NULL);
    return lk_job_parse(whole, "job.toml", "/folder", overrides, problems);
}

static void test_broken(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(broken_jobs); i++) {
        g_autoptr(GPtrArray) problems = lk_problems_new();
        g_autofree char *text = g_strconcat(broken_jobs[i].whole ? "" : good, broken_jobs[i].text, NULL);
        g_autoptr(LkJob) job = lk_job_parse(text, "job.toml", "/folder", NULL, problems);
        bool found = false;
        for (guint j = 0; j < problems->len; j++) {
            const LkProblem *p = problems->pdata[j];
            found |= p->kind == LK_PROBLEM_ERROR && strstr(p->text, broken_jobs[i].fragment) != NULL &&
                     (broken_jobs[i].key == NULL || g_strcmp0(p->key, broken_jobs[i].key) == 0) &&
                     p->line == broken_jobs[i].line;
        }
        g_autofree char *name = g_strescape(broken_jobs[i].text, NULL);
        if (!tap_ok(job == NULL && found && lk_problems_count(problems, LK_PROBLEM_ERROR) == 1, "%s", name)) {
            g_autofree char *said = lk_problems_describe(problems, "job.toml");
            tap_note("said: %s", said);
        }
    }
}

static void test_all_at_once(void)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job =
        parse("learing_rate = 1\nnetwork_dim = 0\ndebug_dataset = true\nxformers = true\nresolution = 500\n"
              "network_train_unet_only = true\nnetwork_train_text_encoder_only = true\n",
              (const char *const[]){"seed=x", "nonsense", "foo=1", NULL}, problems);
    tap_ok(job == NULL, "a job with many mistakes is refused");
    tap_ok(lk_problems_count(problems, LK_PROBLEM_ERROR) == 8, "all eight mistakes are said (%u)",
           lk_problems_count(problems, LK_PROBLEM_ERROR));
    tap_ok(lk_problems_count(problems, LK_PROBLEM_NOTE) == 1, "and what has no effect is noted");
    g_autofree char *said = lk_problems_describe(problems, "job.toml");
    tap_ok(strstr(said, "job.toml line 3: error: learing_rate is not a known parameter. Did you mean learning_rate?\n"),
           "a problem is one line with its place");
    tap_ok(strstr(said, "job.toml: error: “nonsense” is not of the form KEY=VALUE.\n") != NULL, "overrides too");
}

/* Texts, and the kind and a fragment of what is said though training can start. */
static const struct {
    const char *text;
    LkProblemKind kind;
    const char *fragment;
} remarks[] = {
    {"xformers = true", LK_PROBLEM_NOTE, "xformers has no effect here. Attention is always"},
    {"max_data_loader_n_workers = 2", LK_PROBLEM_NOTE, "max_data_loader_n_workers has no effect"},
    {"logging_dir = \"log\"", LK_PROBLEM_NOTE, "logging_dir has no effect"},
    {"allow_tf32 = true\nmixed_precision = \"bf16\"", LK_PROBLEM_NOTE, "no effect with mixed_precision = \"bf16\""},
    {"v2 = true", LK_PROBLEM_NOTE, "read from the base model's file"},
    {"epoch = 10", LK_PROBLEM_NOTE, "max_train_epochs sets"},
    {"lr_scheduler_power = 2", LK_PROBLEM_NOTE, "it belongs to polynomial"},
    {"lr_scheduler_num_cycles = 3", LK_PROBLEM_NOTE, "it belongs to cosine_with_restarts"},
    {"max_train_epochs = 10\nmax_train_steps = 100", LK_PROBLEM_WARNING, "max_train_steps is not used"},
    {"save_last_n_epochs = 2", LK_PROBLEM_WARNING, "does nothing without save_every_n_epochs"},
    {"save_last_n_steps = 2", LK_PROBLEM_WARNING, "does nothing without save_every_n_steps"},
    {"save_last_n_steps_state = 2", LK_PROBLEM_NOTE, "one before it are kept"},
    {"save_state = true", LK_PROBLEM_WARNING, "does nothing without save_every_n_epochs"},
    {"sample_prompts = \"p.txt\"", LK_PROBLEM_WARNING, "no sample will be made"},
    {"zero_terminal_snr = true", LK_PROBLEM_WARNING, "meant for v-prediction"},
    {"min_snr_gamma = 5\ndebiased_estimation_loss = true", LK_PROBLEM_WARNING, "together they are too strong"},
    {"cache_latents = true", LK_PROBLEM_NOTE, "always encoded once"},
    {"sample_prompts = \"p.txt\"\nsample_every_n_steps = 5\nsample_every_n_epochs = 1", LK_PROBLEM_WARNING,
     "sample_every_n_steps is not used"},
};

static void test_remarks(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(remarks); i++) {
        g_autoptr(GPtrArray) problems = lk_problems_new();
        g_autoptr(LkJob) job = parse(remarks[i].text, NULL, problems);
        const LkProblem *p = problems->len == 1 ? problems->pdata[0] : NULL;
        tap_ok(job != NULL && p != NULL && p->kind == remarks[i].kind && strstr(p->text, remarks[i].fragment) != NULL,
               "remark %zu: %s", i, p != NULL ? p->text : "(nothing said)");
    }
}

/* As sd-scripts' front end kohya_ss writes it: everything, also what is off. */
static const char front_end[] =
    "bucket_reso_steps = 64\ncache_latents = true\ncaption_extension = \".txt\"\nclip_skip = 1\n"
    "dynamo_backend = \"no\"\nenable_bucket = true\nepoch = 1\ngradient_accumulation_steps = 1\nhuber_c = 0.1\n"
    "huber_scale = 1\nhuber_schedule = \"snr\"\nlearning_rate = 0.0002\nloss_type = \"l2\"\nlr_scheduler = \"cosine\"\n"
    "lr_scheduler_args = []\nlr_scheduler_num_cycles = 1\nlr_scheduler_power = 1\nlr_warmup_steps = 0.1\n"
    "max_bucket_reso = 2048\nmax_data_loader_n_workers = 0\nmax_grad_norm = 1\nmax_timestep = 1000\n"
    "max_token_length = 75\nmax_train_steps = 1600\nmin_bucket_reso = 256\nmixed_precision = \"bf16\"\n"
    "network_alpha = 1\nnetwork_args = []\nnetwork_dim = 8\nnetwork_module = \"networks.lora\"\n"
    "noise_offset_type = \"Original\"\noptimizer_args = []\noptimizer_type = \"adamw\"\noutput_dir = \"/out\"\n"
    "output_name = \"last\"\nprior_loss_weight = 1\nresolution = \"512,768\"\nsample_sampler = \"euler_a\"\n"
    "save_every_n_epochs = 1\nsave_model_as = \"safetensors\"\nsave_precision = \"fp16\"\n"
    "text_encoder_lr = [0.00005, 0.00005]\ntrain_batch_size = 2\nunet_lr = 0.0001\nwandb_run_name = \"last\"\n"
    "xformers = true\n";

static void test_front_end(void)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = parse(front_end, NULL, problems);
    if (!tap_ok(job != NULL, "a job of kohya_ss is taken")) {
        g_autofree char *said = lk_problems_describe(problems, NULL);
        tap_note("%s", said);
        return;
    }
    tap_ok(lk_problems_count(problems, LK_PROBLEM_WARNING) == 0 && lk_problems_count(problems, LK_PROBLEM_NOTE) == 5,
           "and its five keys without effect are noted (%u)", lk_problems_count(problems, LK_PROBLEM_NOTE));
    tap_ok(job->text_encoder_lr == 5e-5 && job->unet_lr == 1e-4 && job->learning_rate == 2e-4, "learning rates");
    tap_ok(job->resolution.width == 512 && job->resolution.height == 768, "width, height");
    tap_ok(job->lr_scheduler == LK_LR_COSINE && job->lr_warmup_steps == 0.1, "schedule");
    tap_ok(job->mixed_precision == LK_MIXED_BF16 && job->save_precision == LK_SAVE_FP16, "precisions");
    tap_ok(strcmp(job->pretrained_model_name_or_path, "/folder/m.safetensors") == 0 &&
               strcmp(job->output_dir, "/out") == 0,
           "paths begin in the job's folder unless absolute");
}

static void test_values(void)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    const char *const overrides[] = {"learning_rate=3e-4",
                                     "optimizer_args=weight_decay=0.1 betas=(0.8, 0.95)",
                                     "resolution=[640, 448]",
                                     "output_name=\"my lora\"",
                                     "training_comment=[draft] \"1\"",
                                     "lr_warmup_steps=5%",
                                     "lr_scheduler=linear",
                                     "sample_prompts=[\"a cat --w 256\", \"b\"]",
                                     "sample_at_first=1",
                                     "network_alpha=0",
                                     "seed=4294967295",
                                     "max_grad_norm=0",
                                     NULL};
    g_autoptr(LkJob) job = parse("[one]\nlearning_rate = 1\nnetwork_dim = 32.0\n[two]\nshuffle_caption = 1\n"
                                 "unet_lr = \"\"\ntrigger_word = \"sks\"\n",
                                 overrides, problems);
    if (!tap_ok(job != NULL && problems->len == 0, "sections, overrides and other spellings are taken")) {
        g_autofree char *said = lk_problems_describe(problems, NULL);
        tap_note("%s", said);
        return;
    }
    tap_ok(job->learning_rate == 3e-4 && job->unet_lr == 3e-4 && job->text_encoder_lr == 3e-4,
           "an override goes before the file, and rates that are not given follow it");
    tap_ok(job->network_dim == 32 && job->effective_alpha == 32, "alpha 0 is the rank");
    tap_ok(job->shuffle_caption, "1 is true");
    tap_ok(job->optimizer.weight_decay == 0.1 && job->optimizer.beta1 == 0.8 && job->optimizer.beta2 == 0.95 &&
               job->optimizer.eps == 1e-8,
           "AdamW's options");
    tap_ok(job->resolution.width == 640 && job->resolution.height == 448, "a list as override");
    tap_ok(strcmp(job->output_name, "my lora") == 0 && strcmp(job->training_comment, "[draft] \"1\"") == 0,
           "texts as override");
    tap_ok(job->lr_warmup_steps == 0.05 && job->seed == 4294967295 && job->max_grad_norm == 0, "numbers as override");
    tap_ok(g_strv_length(job->sample_prompts.lines) == 2 && job->sample_prompts.file == NULL, "inline prompts");
    tap_ok(strcmp(job->trigger_words, "sks") == 0 && job->caption_extension == NULL, "texts, set and unset");
    tap_ok(lk_job_is_given(job, "dataset_repeats") == false && lk_job_is_given(job, "learning_rate"), "what was given");
    tap_ok(job->lines[lk_parameter_index(lk_parameter_find("network_dim"))] == 5, "lines are kept");
}

static void test_round_trip(void)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    const char *const overrides[] = {"sample_at_first=true", "sample_prompts=[\"a \\\"b\\\" --w 256\"]",
                                     "optimizer_args=[\"weight_decay=0.1\"]", "training_comment=two\nlines", NULL};
    g_autoptr(LkJob) job = parse(front_end, overrides, problems);
    g_autofree char *toml = lk_job_to_toml(job);
    g_autoptr(LkJob) again = lk_job_parse(toml, "again", "/elsewhere", NULL, problems);
    g_autofree char *toml_again = again != NULL ? lk_job_to_toml(again) : NULL;
    tap_ok(g_strcmp0(toml, toml_again) == 0, "a job written and read is written the same");
    g_autofree char *hash = lk_job_hash(job), *hash_again = lk_job_hash(again);
    tap_ok(strlen(hash) == 64 && strcmp(hash, hash_again) == 0, "and has the same hash");
    g_autoptr(LkJob) copy = lk_job_copy(job);
    g_autofree char *toml_copy = lk_job_to_toml(copy);
    tap_ok(strcmp(toml, toml_copy) == 0, "so has a copy");
    tap_ok(strstr(toml, "# Network\n") != NULL && strstr(toml, "network_dim = 8\n") != NULL, "groups have a title");
    tap_ok(strstr(toml, "gradient_checkpointing") == NULL, "defaults are left out");
}

static void test_hash(void)
{
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = parse("", NULL, problems);
    g_autofree char *base = lk_job_canonical(job);
    static const struct {
        const char *override;
        bool changes;
    } rows[] = {
        {"learning_rate=2e-4", true},      {"seed=1", true},
        {"output_name=other", false},      {"save_every_n_steps=10", false},
        {"unet_lr=1e-4", false},           {"unet_lr=2e-4", true},
        {"train_data_dir=/x/pics", false}, {"train_data_dir=cats", true},
        {"training_comment=hi", false},    {"gradient_checkpointing=true", false},
        {"shuffle_caption=true", true},    {"trigger_words=sks", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(LkJob) other = parse("", (const char *const[]){rows[i].override, NULL}, problems);
        g_autofree char *text = lk_job_canonical(other);
        tap_ok((strcmp(base, text) != 0) == rows[i].changes, "%s %s the hash", rows[i].override,
               rows[i].changes ? "changes" : "does not change");
    }
    g_autoptr(LkJob) other = parse("", (const char *const[]){"seed=1", "trigger_words=sks", NULL}, problems);
    g_autofree char *text = lk_job_canonical(other);
    g_autofree char *differences = lk_job_differences(base, text);
    tap_ok(g_strcmp0(differences, "trigger_words: unset, now sks; seed: 42, now 1") == 0, "differences: %s",
           differences);
    tap_ok(lk_job_differences(base, base) == NULL, "none without a change");
}

static void test_set(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    tap_ok(lk_job_set(job, "network_dim", "64", problems) && job->network_dim == 64, "a value is set");
    tap_ok(!lk_job_set(job, "network_dim", "0", problems) && job->network_dim == 64 && problems->len == 1,
           "a wrong one is refused and leaves the job as it was");
    lk_job_reset(job, lk_parameter_find("network_dim"));
    tap_ok(job->network_dim == 16 && !lk_job_is_given(job, "network_dim"), "reset");
    tap_ok(!lk_job_set(job, "optimizer_type", "DAdaptAdan", problems) && job->optimizer_type == LK_OPTIMIZER_ADAMW,
           "a choice that is not supported is refused");
    tap_ok(lk_job_set(job, "unet_lr", "1e-5", problems) && lk_job_set(job, "unet_lr", "", problems) &&
               !lk_job_is_given(job, "unet_lr"),
           "an empty text unsets");
    tap_ok(!lk_job_check(job, problems), "and the whole job is checked apart");
}

/* Defaults that differ from sd-scripts' on purpose; their help must say so. */
static const char *const house[] = {"learning_rate",     "network_dim",    "network_alpha",
                                    "caption_extension", "seed",           "resolution",
                                    "output_dir",        "network_module", NULL};
/* Where sd-scripts' default is the same thing under another value. */
static const struct {
    const char *key, *theirs, *ours;
} same[] = {
    {"optimizer_type", "", "AdamW"},        {"clip_skip", NULL, "1"},
    {"max_token_length", NULL, "75"},       {"save_precision", NULL, "float"},
    {"max_timestep", NULL, "1000"},         {"dataset_repeats", "1", "1"},
    {"caption_extention", NULL, NULL},      {"keep_tokens_separator", "", NULL},
    {"lr_scheduler_type", "", NULL},        {"system_prompt", "", NULL},
    {"resize_interpolation", NULL, "auto"},
};

static bool equal_defaults(const char *key, const char *theirs, const LkParameter *row)
{
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        if (strcmp(key, same[i].key) == 0) {
            return g_strcmp0(theirs, same[i].theirs) == 0 && g_strcmp0(row->fallback, same[i].ours) == 0;
        }
    }
    if (theirs == NULL || row->fallback == NULL) {
        bool zero = row->fallback == NULL || (row->type != LK_PARAMETER_STRING && strcmp(row->fallback, "0") == 0);
        return theirs == NULL ? zero : false;
    }
    char *end;
    double number = g_ascii_strtod(theirs, &end);
    return end != theirs && *end == '\0' ? number == g_ascii_strtod(row->fallback, NULL)
                                         : strcmp(theirs, row->fallback) == 0;
}

static void test_table(void)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(kohya_keys); i++) {
        const char *key = kohya_keys[i].key;
        const LkParameter *row = lk_parameter_find(key);
        bool ours = row == NULL || g_strv_contains(house, row->key);
        bool said = row != NULL && ours && strstr(row->help, "sd-scripts") != NULL;
        bool idle = row != NULL && row->state == LK_PARAMETER_NO_EFFECT;
        bool later = row != NULL && row->state == LK_PARAMETER_NOT_YET && row->fallback == NULL;
        tap_ok(row != NULL && (said || idle || later || equal_defaults(key, kohya_keys[i].fallback, row)),
               "sd-scripts' %s (default %s) is known with the same default (%s)", key, kohya_keys[i].fallback,
               row != NULL ? row->fallback : "unknown");
    }
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        bool unique = lk_parameter_find(row->key) == row;
        if (row->state != LK_PARAMETER_SUPPORTED) {
            tap_ok(unique && (row->state == LK_PARAMETER_NOT_YET || row->subtitle != NULL), "%s is a whole row",
                   row->key);
            continue;
        }
        g_autofree char *value = lk_job_get(job, row);
        bool texts = row->title != NULL && row->subtitle != NULL && row->help != NULL;
        bool default_works = value == NULL || (lk_job_set(job, row->key, value, NULL) && !lk_job_is_changed(job, row));
        tap_ok(unique && texts && default_works && (row->fallback != NULL || row->optional || i == 0),
               "%s is a whole row, default %s", row->key, value);
    }
    int places[LK_PARAMETER_GROUP_COUNT][16] = {0};
    for (size_t i = 0; i < lk_parameter_count; i++) {
        const LkParameter *row = &lk_parameters[i];
        const char *const advice[] = {row->usual, row->lower, row->higher, row->watch};
        bool sentences = true;
        for (size_t j = 0; j < G_N_ELEMENTS(advice); j++) {
            sentences &= advice[j] == NULL || g_str_has_suffix(advice[j], ".");
            sentences &= (j != 1 && j != 2) || advice[j] == NULL || !g_unichar_isupper(g_utf8_get_char(advice[j])) ||
                         g_str_has_prefix(advice[j], "LoRA");
        }
        tap_ok(sentences && row->basic >= 0 && row->basic < 16 &&
                   (row->basic == 0 || !places[row->group][row->basic]++),
               "%s: advice goes on from its heading and ends in a full stop", row->key);
    }
    g_autofree char *help = lk_parameters_describe(true);
    tap_ok(strstr(help, "Usual: 0.0001 to 0.001. Start with 0.0001. Try lower when training is unstable") != NULL,
           "the help has the advice");
    tap_ok(strstr(help, "network_dim = 16\n") != NULL && strstr(help, "blocks_to_swap: not supported yet") != NULL &&
               strstr(help, "xformers: no effect here.") != NULL,
           "the help has all of it");
}

static void test_samplers(void)
{
    const LkParameter *row = lk_parameter_find("sample_sampler");
    g_autoptr(LkJob) job = lk_job_new(NULL);
    for (const LkChoice *choice = row->choices; choice->value != NULL; choice++) {
        tap_ok((lk_sampler_find(choice->value) != NULL) != choice->not_yet, "sampler %s", choice->value);
    }
    for (int i = 0; i < lk_sampler_count(); i++) {
        const char *name = lk_sampler_at(i)->name;
        tap_ok(lk_job_set(job, row->key, name, NULL), "a job can name the sampler %s", name);
    }
}

static void test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("lk-job-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "my job.toml", NULL);
    g_autofree char *prompts = g_build_filename(folder, "p.txt", NULL);
    g_file_set_contents(prompts, "# comment\n\na cat --q 1\n", -1, NULL);
    g_file_set_contents(path,
                        "pretrained_model_name_or_path = \"runwayml/stable-diffusion-v1-5\"\ntrain_data_dir = \"no\"\n"
                        "sample_prompts = \"p.txt\"\nsample_at_first = true\nnetwork_weights = \".\"\n"
                        "metadata_thumbnail = \"p.txt\"\nvae = \"none.safetensors\"\n",
                        -1, NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = lk_job_load(path, NULL, problems);
    tap_ok(job != NULL && strcmp(job->output_name, "my job") == 0, "the name is the job file's");
    g_autofree char *output = g_build_filename(folder, "output", NULL);
    tap_ok(job != NULL && strcmp(job->output_dir, output) == 0, "the output folder is beside it");
    tap_ok(job != NULL && !lk_job_check_files(job, problems) && problems->len == 6, "missing files are said (%u)",
           problems->len);
    g_autofree char *said = lk_problems_describe(problems, NULL);
    tap_ok(strstr(said, "never downloaded") != NULL && strstr(said, "no such folder") != NULL &&
               strstr(said, "prompt in line 3") != NULL && strstr(said, "but must be a file") != NULL &&
               strstr(said, "not a PNG") != NULL && strstr(said, "vae is ") != NULL,
           "each in its own words");
    g_ptr_array_set_size(problems, 0);
    g_autoptr(LkJob) none = lk_job_load("/nonexistent/job.toml", NULL, problems);
    tap_ok(none == NULL && problems->len == 1, "no job file: %s", ((LkProblem *)problems->pdata[0])->text);
    remove(prompts);
    remove(path);
    remove(folder);
}

int main(void)
{
    test_broken();
    test_all_at_once();
    test_remarks();
    test_front_end();
    test_values();
    test_round_trip();
    test_hash();
    test_set();
    test_table();
    test_samplers();
    test_files();
    return tap_done();
}
