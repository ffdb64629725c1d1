/* Networks of every kind, trained: they resume to the same bytes, are continued, merged and limited as they should. */
#include "small_run.h"
#include "tap.h"

#include "adapter/lora_file.h"
#include "training/network_options.h"

#include <math.h>
#include <string.h>

#define ST ".safetensors"

static bool went_well(const Outcome *outcome, const char *label)
{
    return tap_ok(outcome->ok, "%s trains %s", label, outcome->message ? outcome->message : "");
}

static LkLoraFile *read_lora(const SmallRun *s, const char *name)
{
    g_autofree char *path = small_run_path(s, name);
    return lk_lora_file_read(path, NULL);
}

/* Every kind. conv: 3×3 convolutions are in the file. Runs are stopped after the first step and go on. */
static const struct {
    const char *name;
    const char *settings[6];
    LkAlgo algo;
    bool dora, conv;
    int modules; /* of the file */
} kinds[] = {
    {"locon", {"conv_dim=1"}, LK_ALGO_LORA, false, true, 12 + 278},
    {"loha", {"network_module=networks.loha", "conv_dim=1"}, LK_ALGO_LOHA, false, true, 12 + 278},
    {"lokr", {"network_module=networks.lokr", "factor=2"}, LK_ALGO_LOKR, false, false, 12 + 192},
    {"dora", {"dora_wd=true", "conv_dim=1"}, LK_ALGO_LORA, true, true, 12 + 278},
    {"lycoris",
     {"network_module=lycoris.kohya", "network_args=[\"algo=loha\", \"dora_wd=True\", \"conv_dim=1\"]"},
     LK_ALGO_LOHA,
     true,
     true,
     12 + 278 + 4},
    {"dropped",
     {"network_dropout=0.3", "rank_dropout=0.3", "module_dropout=0.2", "conv_dim=2", "rs_lora=true"},
     LK_ALGO_LORA,
     false,
     true,
     12 + 278},
    {"dropped-loha",
     {"network_module=networks.loha", "rank_dropout=0.3", "module_dropout=0.2", "gradient_checkpointing=true"},
     LK_ALGO_LOHA,
     false,
     false,
     12 + 192},
    {"dropped-dora",
     {"dora_wd=true", "rank_dropout=0.3", "module_dropout=0.2", "conv_dim=1", "mixed_precision=bf16"},
     LK_ALGO_LORA,
     true,
     true,
     12 + 278},
    {"dropped-lycoris",
     {"network_module=lycoris.kohya", "preset=attn-mlp", "rank_dropout=0.3", "module_dropout=0.2"},
     LK_ALGO_LORA,
     false,
     false,
     12 + 192 + 2},
    {"limited", {"scale_weight_norms=0.002", "conv_dim=1", "learning_rate=0.01"}, LK_ALGO_LORA, false, true, 12 + 278},
    {"plus", {"loraplus_lr_ratio=4", "loraplus_text_encoder_lr_ratio=2"}, LK_ALGO_LORA, false, false, 12 + 192},
};

static void test_kinds(const SmallRun *s)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *part = g_strconcat(kinds[i].name, "-parts", NULL);
        g_autofree char *name = g_strconcat(kinds[i].name, "/bird" ST, NULL);
        g_autofree char *other = g_strconcat(part, "/bird" ST, NULL);
        g_autoptr(Outcome) whole = small_run(s, kinds[i].name, kinds[i].settings, false, -1);
        g_autoptr(Outcome) begun = small_run(s, part, kinds[i].settings, false, 1);
        g_autoptr(Outcome) resumed = small_run(s, part, kinds[i].settings, true, -1);
        if (!went_well(whole, kinds[i].name))
            continue;
        g_autoptr(LkLoraFile) file = read_lora(s, name);
        const LkAdapterShape *shape = file ? &lk_lora_file_at(file, lk_lora_file_count(file) / 2)->shape : NULL;
        bool conv = false;
        for (size_t k = 0; file && k < lk_lora_file_count(file); k++)
            conv |= lk_lora_file_at(file, k)->shape.kernel == 3;
        tap_ok(shape && shape->algo == kinds[i].algo && shape->dora == kinds[i].dora && conv == kinds[i].conv &&
                   (int)lk_lora_file_count(file) == kinds[i].modules,
               "%s: the file is of that kind, with %d modules", kinds[i].name,
               file ? (int)lk_lora_file_count(file) : 0);
        tap_ok(resumed->ok && same_tensors(s, name, other), "%s: stopped and resumed, the same bytes", kinds[i].name);
    }
}

/** Merged into the base model or trained on from, a file has the same effect on the first step. */
static void test_merged(const SmallRun *s)
{
    static const char *const names[] = {"locon", "loha", "lokr", "dora", "lycoris"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *merged = g_strdup_printf("base_weights=[\"%s/bird" ST "\"]", names[i]);
        g_autofree char *continued = g_strdup_printf("network_weights=%s/bird" ST, names[i]);
        g_autofree char *to = g_strconcat(names[i], "-merged", NULL), *on = g_strconcat(names[i], "-on", NULL);
        g_autoptr(Outcome) a = small_run(s, to, WITH(merged, "max_train_steps=1"), false, -1);
        g_autoptr(Outcome) b =
            small_run(s, on, WITH(continued, "dim_from_weights=true", "max_train_steps=1"), false, -1);
        g_autoptr(Outcome) none = small_run(s, "none", WITH("max_train_steps=1"), false, -1);
        if (!went_well(a, to) || !went_well(b, on) || !went_well(none, "none"))
            continue;
        double apart = fabs(a->loss[0] - b->loss[0]), effect = fabs(b->loss[0] - none->loss[0]);
        tap_ok(effect > 1e-6 && apart < 1e-6 + 0.02 * effect, "%s: merged as continued (%.1e apart, effect %.1e)",
               names[i], apart, effect);
    }
    g_autoptr(Outcome) half = small_run(s, "half",
                                        WITH("base_weights=[\"locon/bird" ST "\", \"locon/bird" ST "\"]",
                                             "base_weights_multiplier=[\"2\", \"-2\"]", "max_train_steps=1"),
                                        false, -1);
    g_autoptr(Outcome) none = small_run(s, "none", WITH("max_train_steps=1"), false, -1);
    tap_ok(half->ok && none->ok && fabs(half->loss[0] - none->loss[0]) < 1e-5,
           "multipliers that cancel change nothing");
    g_autoptr(Outcome) missing = small_run(s, "missing", WITH("base_weights=[\"no" ST "\"]"), false, -1);
    tap_ok(!missing->ok && strstr(missing->message, "no" ST), "a file that is not there: %s", missing->message);
}

static double norm_of(const LkLoraWeights *w)
{
    int64_t wide = w->shape.in * w->shape.kernel * w->shape.kernel;
    double sum = 0;
    for (int64_t o = 0; o < w->shape.out; o++)
        for (int64_t i = 0; i < wide; i++) {
            double value = 0;
            for (int r = 0; r < w->shape.dim; r++)
                value += (double)w->values[1][o * w->shape.dim + r] * (double)w->values[0][r * wide + i];
            sum += value * value;
        }
    return sqrt(sum) * (double)w->shape.alpha / w->shape.dim;
}

static void test_limit(const SmallRun *s)
{
    g_autoptr(LkLoraFile) file = read_lora(s, "limited/bird" ST);
    double largest = 0;
    int at_limit = 0;
    for (size_t i = 0; file && i < lk_lora_file_count(file); i++) {
        double norm = norm_of(lk_lora_file_at(file, i));
        largest = fmax(largest, norm);
        at_limit += norm > 0.00199;
    }
    tap_ok(file && largest < 0.002001 && at_limit > 20, "no norm is above the limit (%g), %d modules are at it",
           largest, at_limit);
}

static void test_blocks(const SmallRun *s)
{
    g_autoptr(Outcome) outcome = small_run(
        s, "blocks", WITH("down_lr_weight=0,0,0,0,0,0,1,1,1", "up_lr_weight=zeros", "mid_lr_weight=0.5"), false, -1);
    g_autoptr(LkLoraFile) file = went_well(outcome, "blocks") ? read_lora(s, "blocks/bird" ST) : NULL;
    int down = 0, middle = 0, up = 0;
    for (size_t i = 0; file && i < lk_lora_file_count(file); i++) {
        const LkLoraSite *site = &lk_lora_file_at(file, i)->site;
        down += site->side == LK_SIDE_DOWN;
        middle += site->side == LK_SIDE_MIDDLE;
        up += site->side == LK_SIDE_UP;
    }
    /* Blocks 7 and 8 are the attention of level 2. As with sd-scripts, ResNets and samplers get nothing without
     * conv_dim. */
    tap_ok(down == 2 * 12 && middle == 12 && up == 0, "only blocks with a learning rate have modules (%d, %d, %d)",
           down, middle, up);
}

#define TWENTY "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"

/* What network_args say, against the same as keys; and mistakes. */
static void test_args(const SmallRun *s)
{
    static const struct {
        const char *args;
        const char *said; /* NULL: right */
    } rows[] = {
        {"[\"conv_dim=4\", \"conv_alpha=2\", \"dropout=0.1\"]", NULL},
        {"[\"conv_dims=4\"]", "Did you mean conv_dim?"},
        {"[\"zzz=4\"]", "zzz, which is not known"},
        {"[\"conv_dim\"]", "not of the form name=value"},
        {"[\"conv_dim=many\"]", "conv_dim is many, but must be a whole number"},
        {"[\"algo=loha\"]", "algo belongs to network_module"},
        {"[\"use_tucker=True\"]", "Tucker"},
        {"[\"use_tucker=False\", \"bypass_mode=True\"]", NULL},
        {"[\"wd_on_output=False\"]", "norms of outputs"},
        {"[\"factor=4\"]", "belong to LoKr"},
        {"[\"dora_wd=True\", \"rank_dropout=0.1\", \"module_dropout=0.1\"]", NULL},
        {"[\"dora_wd=True\", \"dropout=0.1\"]", "network_dropout is for LoRA and LoCon"},
        {"[\"block_dims=1,2\"]", "block_dims must be 25 numbers"},
        {"[\"block_alphas=1,2\"]", "block_alphas must be left out"},
        {"[\"down_lr_weight=round\"]", "down_lr_weight must be at most 12 numbers"},
        {"[\"down_lr_weight=cosine+0.25\"]", NULL},
        {"[\"block_dims=" TWENTY "1,2,3\", \"mid_lr_weight=1,0,0.5\"]", NULL},
        {"[\"block_dims=" TWENTY "1,2,3,4\"]", "for Stable Diffusion XL 23"},
        {"[\"block_dims=" TWENTY "1,2,3,4,5\", \"mid_lr_weight=1,0\"]", "mid_lr_weight does not go with block_dims"},
        {"[\"mid_lr_weight=1,0,1,0\"]", "mid_lr_weight must be one number"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) problems = lk_problems_new();
        g_autoptr(LkJob) job = small_job(s, "x", NULL);
        lk_job_set(job, "network_args", rows[i].args, problems);
        bool right = lk_job_check(job, problems);
        g_autofree char *said = lk_problems_describe(problems, "job");
        tap_ok(right == (rows[i].said == NULL) && (right || strstr(said, rows[i].said)), "%s: %s", rows[i].args, said);
    }
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job =
        small_job(s, "x",
                  WITH("network_args=[\"conv_dim=4\", \"conv_alpha=0\", \"rs_lora=True\"]", "down_lr_weight=linear",
                       "block_lr_zero_threshold=0.1", "network_dim=9", "network_alpha=3"));
    const LkNetworkOptions *o = &job->network;
    const LkNetworkBlocks *sd = &o->blocks[LK_BLOCKS_SD], *xl = &o->blocks[LK_BLOCKS_XL];
    tap_ok(o->conv_dim == 4 && o->conv_alpha == 8 && o->alpha == 9 && !sd->wrong && sd->dims[0] == 0 &&
               sd->dims[1] == 0 && sd->dims[2] == 9 && fabs(sd->rates[2] - 2.0 / 11) < 1e-12 && sd->rates[24] == 1 &&
               sd->alphas[5] == 9,
           "values follow from args and keys");
    /* The embeddings are first, and the curve of nine numbers goes 0, 1/8, 2/8, … */
    tap_ok(!xl->wrong && xl->dims[0] == 9 && xl->dims[1] == 0 && xl->dims[2] == 9 && xl->rates[2] == 1.0 / 8 &&
               xl->rates[9] == 1 && xl->rates[22] == 1 && xl->alphas[5] == 9,
           "and SDXL's");
    g_autofree char *json = lk_network_args_json(job);
    tap_ok(strstr(json, "\"conv_dim\":\"4\"") && strstr(json, "\"down_lr_weight\":\"linear\""), "metadata: %s", json);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    SmallRun s;
    small_run_open(&s, argv[1]);
    test_args(&s);
    test_kinds(&s);
    test_merged(&s);
    test_limit(&s);
    test_blocks(&s);
    small_run_close(&s);
    return tap_done();
}
