#include "cases.h"

#include "../dataset/scratch.h"
#include "../model/fake_model.h"
#include "model/vae.h"
#include "training/lora_setup.h"
#include "training/step_graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Adds a case unless there is one of its name. */
static void add(Cases *cases, const Case *one)
{
    for (int i = 0; i < cases->n; i++)
        if (strcmp(cases->items[i].name, one->name) == 0) {
            cases->items[i].tf32 |= one->tf32;
            return;
        }
    if (cases->n == cases->capacity) {
        cases->capacity = cases->capacity ? 2 * cases->capacity : 256;
        cases->items = g_renew(Case, cases->items, cases->capacity);
    }
    cases->items[cases->n++] = *one;
}

static void add_conv(Cases *cases, bool backward, LkConvGeometry g)
{
    Case one = {.backward = backward, .tf32 = cases->tf32, .conv = g};
    g_snprintf(one.name, sizeof one.name,
               "conv%s %" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 " to %" PRId64 " k%d s%d p%d,%d%s",
               backward ? " backward" : "", g.n, g.h, g.w, g.c_in, g.c_out, g.kernel, g.stride, g.pad_before,
               g.pad_after, g.bias ? " bias" : "");
    add(cases, &one);
}

static void add_attention(Cases *cases, bool backward, LkSdpaGeometry g)
{
    Case one = {.attention = true, .backward = backward, .sdpa = g};
    int64_t room = lk_sdpa_o_stride(&g) - g.row_stride;
    int n = g_snprintf(one.name, sizeof one.name,
                       "attention%s %" PRId64 "x%" PRId64 "x%" PRId64 " rows %" PRId64 " keys %" PRId64 "%s",
                       backward ? " backward" : "", g.batch, g.heads, g.head_dim, g.q_len, g.kv_len,
                       g.causal ? " causal" : "");
    if (room > 0)
        g_snprintf(one.name + n, sizeof one.name - (size_t)n, " room %" PRId64, room);
    add(cases, &one);
}

/* Off a graph ------------------------------------------------------------------------------------------------------ */

static void walk_conv(Cases *cases, const LkGraph *graph, const LkNode *node, bool backward)
{
    const LkTensor *x = lk_graph_tensor(graph, backward ? node->out[0] : node->in[0]);
    const LkTensor *y = lk_graph_tensor(graph, backward ? node->in[0] : node->out[0]);
    const LkAttributes *a = &node->attr;
    add_conv(cases, backward,
             (LkConvGeometry){.n = x->shape[0],
                              .h = x->shape[1],
                              .w = x->shape[2],
                              .c_in = x->shape[3],
                              .out_h = y->shape[1],
                              .out_w = y->shape[2],
                              .c_out = y->shape[3],
                              .kernel = a->kernel,
                              .stride = a->stride,
                              .pad_before = a->pad_before,
                              .pad_after = a->pad_after,
                              .bias = !backward && a->has_bias});
}

static void walk_attention(Cases *cases, const LkGraph *graph, const LkNode *node, bool backward)
{
    const LkTensor *q = lk_graph_tensor(graph, node->in[0]), *k = lk_graph_tensor(graph, node->in[1]);
    const LkTensor *o = lk_graph_tensor(graph, backward ? node->in[3] : node->out[0]);
    const LkAttributes *a = &node->attr;
    add_attention(cases, backward,
                  (LkSdpaGeometry){.batch = q->shape[0],
                                   .heads = a->heads,
                                   .q_len = q->shape[1],
                                   .kv_len = a->kv_length,
                                   .kv_rows = k->shape[1],
                                   .head_dim = q->shape[2] / a->heads,
                                   .row_stride = q->shape[2],
                                   .o_stride = lk_tensor_pitch(o),
                                   .stats_heads = a->heads,
                                   .scale = a->alpha,
                                   .causal = a->causal});
}

static bool walk(Cases *cases, const LkGraph *graph)
{
    LkError error = {0};
    if (!lk_graph_check(graph, &error)) {
        printf("# %s\n", error.text);
        return false;
    }
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const LkNode *node = &graph->nodes[i];
        if (node->op == LK_OP_CONV2D || node->op == LK_OP_CONV2D_BACKWARD_DATA)
            walk_conv(cases, graph, node, node->op == LK_OP_CONV2D_BACKWARD_DATA);
        if (node->op == LK_OP_ATTENTION || node->op == LK_OP_ATTENTION_BACKWARD)
            walk_attention(cases, graph, node, node->op == LK_OP_ATTENTION_BACKWARD);
    }
    return true;
}

/** The autoencoder for latents of this size: SD's and SDXL's are alike. */
static bool walk_vae(Cases *cases, const LkCheckpoint *checkpoint, int64_t h, int64_t w)
{
    LkGraph *graph = lk_graph_new(LK_F32);
    LkBuilder builder = {.graph = graph, .checkpoint = checkpoint};
    const LkVaeArch *arch = &lk_checkpoint_arch(checkpoint)->vae;
    int64_t pictures[4] = {1, 8 * h, 8 * w, 3}, latents[4] = {1, h, w, 4};
    lk_graph_output(graph,
                    lk_vae_encoder_build(&builder, arch, lk_graph_input(graph, "pictures", LK_F32, 4, pictures)));
    lk_graph_output(graph, lk_vae_decoder_build(&builder, arch, lk_graph_input(graph, "latents", LK_F32, 4, latents)));
    bool ok = walk(cases, graph);
    lk_graph_free(graph);
    return ok;
}

/** A step as a card runs it in f32, or in 16 bits, where attention leaves room for an adapter's numbers. */
static bool walk_step(Cases *cases, const LkCheckpoint *checkpoint, const LkLora *lora, LkStepShape shape, bool narrow)
{
    LkError error = {0};
    shape.folded_terms = narrow ? LK_LOW_RANK_TERMS : 0;
    LkStepGraph *step = lk_step_graph_new(checkpoint, lora, &shape, narrow ? LK_BF16 : LK_F32, false, &error);
    bool ok = step && walk(cases, step->graph);
    if (!step)
        printf("# %s\n", error.text);
    lk_step_graph_free(step);
    return ok;
}

/** The checkpoint of a table of tensors: nothing is read but names and shapes. */
static LkCheckpoint *open_table(const char *tests, const char *table, const char *scratch)
{
    g_autofree char *tensors = g_build_filename(tests, "model", table, NULL),
                    *path = scratch_path(scratch, "model.safetensors");
    g_autoptr(FakeModel) model = fake_model_from_table(tensors);
    g_autoptr(GError) error = NULL;
    fake_model_write(model, path, 0);
    LkCheckpoint *checkpoint = lk_checkpoint_open(path, &error);
    if (!checkpoint)
        printf("# %s\n", error->message);
    return checkpoint;
}

/** Walks a model's training steps, and its autoencoder at the sizes of the first two. */
static bool walk_model(Cases *cases, const LkCheckpoint *checkpoint, const LkStepShape *steps, int n)
{
    LkLora *lora =
        lk_lora_for_model(checkpoint, &(LkLoraPlan){.text = true, .unet = true, .dim = 16, .alpha = 1}, NULL);
    bool ok = lora != NULL;
    for (int i = 0; i < n && ok; i++) {
        cases->tf32 = i == 0;
        ok = walk_step(cases, checkpoint, lora, steps[i], false);
        cases->tf32 = false; /* the autoencoder computes in f32 always */
        ok = ok && walk_step(cases, checkpoint, lora, steps[i], true) &&
             (i > 1 || walk_vae(cases, checkpoint, steps[i].height, steps[i].width));
    }
    lk_lora_free(lora);
    return ok;
}

static bool add_table(Cases *cases, const char *tests, const char *table, const LkStepShape *steps, int n)
{
    char *scratch = scratch_new();
    g_autoptr(LkCheckpoint) checkpoint = open_table(tests, table, scratch);
    bool ok = checkpoint && walk_model(cases, checkpoint, steps, n);
    scratch_remove(scratch);
    g_free(scratch);
    return ok;
}

bool cases_add_sd15(Cases *cases, const char *tests)
{
    static const LkStepShape steps[] = {
        {.batch = 1, .height = 64, .width = 64, .chunks = 1, .text_encoder = true},
        {.batch = 1, .height = 64, .width = 96, .chunks = 3, .text_encoder = true},
        {.batch = 4, .height = 64, .width = 64, .chunks = 1, .text_encoder = true},
    };
    return add_table(cases, tests, "sd15_tensors.tsv", steps, G_N_ELEMENTS(steps));
}

bool cases_add_sd21(Cases *cases, const char *tests)
{
    static const LkStepShape steps[] = {
        {.batch = 1, .height = 96, .width = 96, .chunks = 1, .text_encoder = true},
        {.batch = 1, .height = 80, .width = 112, .chunks = 3, .text_encoder = true},
        {.batch = 4, .height = 96, .width = 96, .chunks = 1, .text_encoder = true},
    };
    return add_table(cases, tests, "sd21_tensors.tsv", steps, G_N_ELEMENTS(steps));
}

bool cases_add_sdxl(Cases *cases, const char *tests)
{
    static const LkStepShape steps[] = {
        {.batch = 1, .height = 128, .width = 128, .chunks = 1, .text_encoder = true},
        {.batch = 1, .height = 104, .width = 152, .chunks = 1, .text_encoder = true},
        {.batch = 4, .height = 128, .width = 128, .chunks = 1, .text_encoder = true},
    };
    return add_table(cases, tests, "sdxl_tensors.tsv", steps, G_N_ELEMENTS(steps));
}

const Case *cases_find(const Cases *cases, const char *name)
{
    for (int i = 0; i < cases->n; i++)
        if (strcmp(cases->items[i].name, name) == 0)
            return &cases->items[i];
    return NULL;
}

/* SDXL, listed
 * ------------------------------------------------------------------------------------------------------------- */

/** A 3×3 convolution at 1/down of the latents' size. */
static void sdxl_conv(Cases *cases, int64_t n, int64_t h, int64_t w, int down, int64_t in, int64_t out, int stride)
{
    LkConvGeometry g = {.n = n,
                        .h = h / down,
                        .w = w / down,
                        .c_in = in,
                        .c_out = out,
                        .kernel = 3,
                        .stride = stride,
                        .pad_before = 1,
                        .pad_after = 1,
                        .bias = true};
    g.out_h = (g.h - 1) / stride + 1;
    g.out_w = (g.w - 1) / stride + 1;
    add_conv(cases, false, g);
    g.bias = false;
    if (in != 4) /* nothing trainable comes before the first one */
        add_conv(cases, true, g);
}

void cases_add_sdxl_list(Cases *cases, int64_t n, int64_t h, int64_t w)
{
    /* Of diffusers' UNet2DConditionModel with SDXL's configuration: size, channels in and out, stride. */
    static const int64_t convs[][4] = {
        {1, 4, 320, 1},     {1, 320, 320, 1},  {1, 320, 320, 2},   {2, 320, 640, 1},   {2, 640, 640, 1},
        {2, 640, 640, 2},   {4, 640, 1280, 1}, {4, 1280, 1280, 1}, {4, 2560, 1280, 1}, {4, 1920, 1280, 1},
        {2, 1280, 1280, 1}, {2, 1920, 640, 1}, {2, 1280, 640, 1},  {2, 960, 640, 1},   {1, 640, 640, 1},
        {1, 960, 320, 1},   {1, 640, 320, 1},  {1, 320, 4, 1},
    };
    static const struct {
        int down;
        int64_t heads;
    } levels[] = {{2, 10}, {4, 20}};
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++)
        sdxl_conv(cases, n, h, w, (int)convs[i][0], convs[i][1], convs[i][2], (int)convs[i][3]);
    for (int i = 0; i < 4; i++) {
        int64_t heads = levels[i / 2].heads, rows = h / levels[i / 2].down * (w / levels[i / 2].down),
                keys = i % 2 ? 77 : rows;
        LkSdpaGeometry g = {.batch = n,
                            .heads = heads,
                            .q_len = rows,
                            .kv_len = keys,
                            .kv_rows = keys,
                            .head_dim = 64,
                            .row_stride = 64 * heads,
                            .stats_heads = heads,
                            .scale = 0.125f};
        for (int room = 0; room <= 16; room += 16) { /* of a LoRA of rank 16 at the output */
            g.o_stride = g.row_stride + room;
            add_attention(cases, false, g);
            add_attention(cases, true, g);
        }
    }
}

void cases_clear(Cases *cases)
{
    g_free(cases->items);
    *cases = (Cases){0};
}
