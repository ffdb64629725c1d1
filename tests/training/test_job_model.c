/* What a base model's file says to a job, and what SDXL's U-Net is told of sizes. */
#include "../tap.h"
#include "training/job_model.h"
#include "training/size_conditioning.h"

#include "size_rows.h"

#include <string.h>

typedef struct Row {
    const char *label;
    const char *settings[4];
    LkModelArch arch;
    bool v, zero;         /* what the job has then */
    LkProblemKind kind;   /* of the one remark, where there is one */
    const char *fragment; /* of it; NULL: nothing is said */
} Row;

#define ONE_TEXT  .n_texts = 1
#define TWO_TEXTS .n_texts = 2, .texts = {{.last_but_one = true}, {.last_but_one = true}}

static const Row rows[] = {
    {"a file that tells nothing", {NULL}, {ONE_TEXT}, false, false, 0, NULL},
    {"a job that knows", {"v_parameterization=true", NULL}, {ONE_TEXT}, true, false, 0, NULL},
    {"a file that says epsilon", {NULL}, {ONE_TEXT, .prediction = LK_PREDICTION_EPSILON}, false, false, 0, NULL},
    {"a file that says v",
     {NULL},
     {TWO_TEXTS, .prediction = LK_PREDICTION_V},
     true,
     false,
     LK_PROBLEM_NOTE,
     "v_parameterization is taken to be true"},
    {"both say v", {"v_parameterization=true", NULL}, {TWO_TEXTS, .prediction = LK_PREDICTION_V}, true, false, 0, NULL},
    {"the job says otherwise",
     {"v_parameterization=false", NULL},
     {TWO_TEXTS, .prediction = LK_PREDICTION_V},
     false,
     false,
     LK_PROBLEM_WARNING,
     "the base model says of itself that it predicts v"},
    {"the job says v, the file epsilon",
     {"v_parameterization=true", NULL},
     {ONE_TEXT, .prediction = LK_PREDICTION_EPSILON},
     true,
     false,
     LK_PROBLEM_WARNING,
     "that it predicts the noise"},
    {"zero terminal SNR",
     {"v_parameterization=true", NULL},
     {TWO_TEXTS, .prediction = LK_PREDICTION_V, .zero_terminal_snr = true},
     true,
     true,
     LK_PROBLEM_NOTE,
     "zero_terminal_snr is taken to be true"},
    {"zero terminal SNR refused",
     {"v_parameterization=true", "zero_terminal_snr=false", NULL},
     {TWO_TEXTS, .prediction = LK_PREDICTION_V, .zero_terminal_snr = true},
     true,
     false,
     LK_PROBLEM_WARNING,
     "trained with it"},
    {"zero terminal SNR is not for epsilon",
     {"v_parameterization=false", NULL},
     {TWO_TEXTS, .zero_terminal_snr = true},
     false,
     false,
     0,
     NULL},
    {"clip_skip on SDXL", {"clip_skip=2", NULL}, {TWO_TEXTS}, false, false, LK_PROBLEM_WARNING, "always uses the last"},
    {"clip_skip elsewhere", {"clip_skip=2", NULL}, {ONE_TEXT}, false, false, 0, NULL},
    {"a second rate without a second encoder",
     {"text_encoder_2_lr=1e-5", NULL},
     {ONE_TEXT},
     false,
     false,
     LK_PROBLEM_WARNING,
     "which has one text encoder"},
    {"a second rate", {"text_encoder_2_lr=1e-5", NULL}, {TWO_TEXTS}, false, false, 0, NULL},
};

static LkJob *job_with(const char *const *settings)
{
    return lk_job_parse("pretrained_model_name_or_path = \"m\"\ntrain_data_dir = \".\"\noutput_dir = \"o\"\n",
                        "job.toml", "/", settings, NULL);
}

static void test_follow(const Row *row)
{
    g_autoptr(LkJob) job = job_with(row->settings);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    if (!tap_ok(job, "%s: the job is read", row->label))
        return;
    lk_job_follow_model(job, &row->arch, problems);
    const LkProblem *said = problems->len == 1 ? problems->pdata[0] : NULL;
    tap_ok(job->v_parameterization == row->v && job->zero_terminal_snr == row->zero, "%s: v %d, zero terminal SNR %d",
           row->label, job->v_parameterization, job->zero_terminal_snr);
    tap_ok(row->fragment ? said && said->kind == row->kind && strstr(said->text, row->fragment) : problems->len == 0,
           "%s: %s", row->label, said ? said->text : "nothing is said");
}

/** A list of two rates is one for each text encoder, as sd-scripts reads it. */
static void test_rates(void)
{
    static const struct {
        const char *settings[3];
        double first, second;
        bool trains, trains_first, trains_second;
    } rates[] = {
        {{"learning_rate=1e-4", NULL}, 1e-4, 1e-4, true, true, true},
        {{"text_encoder_lr=2e-5", NULL}, 2e-5, 2e-5, true, true, true},
        {{"text_encoder_lr=[1e-5, 3e-5]", NULL}, 1e-5, 3e-5, true, true, true},
        {{"text_encoder_lr=[0, 3e-5]", NULL}, 0, 3e-5, true, false, true},
        {{"text_encoder_lr=[1e-5, 0.0]", NULL}, 1e-5, 0, true, true, false},
        {{"text_encoder_lr=[0, 0]", NULL}, 0, 0, false, false, false},
        {{"text_encoder_lr=2e-5", "text_encoder_2_lr=0", NULL}, 2e-5, 0, true, true, false},
        {{"text_encoder_lr=2e-5", "network_train_unet_only=true", NULL}, 2e-5, 2e-5, false, false, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
        g_autoptr(LkJob) job = job_with(rates[i].settings);
        tap_ok(job && job->text_encoder_lr == rates[i].first && job->text_encoder_2_lr == rates[i].second,
               "%s: rates %g and %g", rates[i].settings[0], rates[i].first, rates[i].second);
        tap_ok(job && lk_job_trains_text_encoder(job) == rates[i].trains &&
                   lk_job_trains_text(job, 0) == rates[i].trains_first &&
                   lk_job_trains_text(job, 1) == rates[i].trains_second,
               "%s: what is trained", rates[i].settings[0]);
    }
}

static void test_sizes(void)
{
    int right = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(size_rows); i++) {
        float got[LK_SIZE_COUNT];
        lk_size_conditioning(size_rows[i].picture, size_rows[i].bucket, size_rows[i].flipped, got);
        bool same = memcmp(got, size_rows[i].sizes, sizeof got) == 0;
        right += same;
        if (!same)
            tap_note("%d×%d in %d×%d: top %g, left %g", size_rows[i].picture.width, size_rows[i].picture.height,
                     size_rows[i].bucket.width, size_rows[i].bucket.height, (double)got[2], (double)got[3]);
    }
    tap_ok(right == (int)G_N_ELEMENTS(size_rows), "%d of %d rows of sizes are sd-scripts'", right,
           (int)G_N_ELEMENTS(size_rows));
}

int main(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        test_follow(&rows[i]);
    test_rates();
    test_sizes();
    return tap_done();
}
