/* The planned graphs: of the small model against a committed text, of Stable Diffusion 1.5 by what they must need, and
 * the LoRA's modules against sd-scripts' own list.
 *
 * Usage: test_graphs TESTS_FOLDER [--update], which writes the committed text anew: look at its difference. */
#include "../dataset/scratch.h"
#include "backend/prepared.h"
#include "fake_model.h"
#include "model/text_encoders.h"
#include "model/vae.h"
#include "tap.h"
#include "tensor/dump.h"
#include "tensor/low_rank.h"
#include "training/lora_setup.h"
#include "training/update_graph.h"

#include "../adapter/lora_names_rows.h"

#include <stdlib.h>
#include <string.h>

typedef struct Context {
    const char *tests;
    char *scratch;
    const LkBackend *api;
    LkDevice *device;
    LkCheckpoint *checkpoint;
    LkLora *lora;
} Context;

/** A LoRA for both parts of a model. */
static LkLora *make_lora(const LkCheckpoint *checkpoint, int dim)
{
    LkLoraPlan plan = {.text = true, .unet = true, .dim = dim, .alpha = 1};
    return lk_lora_for_model(checkpoint, &plan, NULL);
}

/* What a graph is, in short ---------------------------------------------------------------------------------------- */

/** Nodes by operation and the peak, read off the dump: what does not depend on a backend. */
static char *summary(const char *title, const LkGraph *graph)
{
    char *dump = NULL;
    size_t size = 0;
    int counts[LK_OP_COUNT] = {0};
    LkPlan *plan = lk_plan_new(graph, (LkPlanNeeds){0}, NULL);
    FILE *file = open_memstream(&dump, &size);
    lk_graph_dump(graph, plan, file);
    fclose(file);
    g_auto(GStrv) lines = g_strsplit(dump, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *op = strstr(*line, " = ");
        for (int i = 0; op && i < LK_OP_COUNT; i++) {
            size_t length = strlen(lk_op_name((LkOp)i));
            counts[i] += strncmp(op + 3, lk_op_name((LkOp)i), length) == 0 && strchr(" ", op[3 + length]) != NULL;
        }
    }
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "[%s]\n", title);
    for (int i = 0; i < LK_OP_COUNT; i++)
        if (counts[i])
            g_string_append_printf(text, "%-24s %d\n", lk_op_name((LkOp)i), counts[i]);
    g_string_append_printf(text, "%-24s %d\n%-24s %" G_GINT64_FORMAT "\n\n", "nodes", graph->n_nodes, "peak bytes",
                           plan->live_bytes);
    lk_plan_free(plan);
    free(dump);
    return g_string_free(text, FALSE);
}

/** The arrangement loses little: with the CPU's scratch memory, at most 5 % over what is alive at the peak. */
static void check_arena(const Context *c, const char *title, const LkGraph *graph)
{
    LkPrepared prepared;
    LkError error = {0};
    if (!tap_ok(lk_prepare(&prepared, c->api, c->device, graph, &error), "%s compiles", title)) {
        tap_note("%s", error.text);
        return;
    }
    const LkPlan *plan = prepared.plan;
    tap_ok(plan->arena_bytes <= plan->live_bytes + plan->live_bytes / 20,
           "%s: an arena of %" G_GINT64_FORMAT " for %" G_GINT64_FORMAT " alive (%.2f %% more)", title,
           plan->arena_bytes, plan->live_bytes, 100 * ((double)plan->arena_bytes / (double)plan->live_bytes - 1));
    tap_ok(lk_plan_verify(graph, plan, c->api->needs(prepared.program), &error), "%s: nothing overlaps %s", title,
           error.text);
    lk_prepared_clear(&prepared);
}

/* The small model -------------------------------------------------------------------------------------------------- */

/** Adds one graph to the text and checks its arena. */
static void take(const Context *c, GString *all, const char *title, const LkGraph *graph)
{
    LkError error = {0};
    if (!tap_ok(lk_graph_check(graph, &error), "%s is built %s", title, error.text))
        return;
    g_autofree char *text = summary(title, graph);
    g_string_append(all, text);
    check_arena(c, title, graph);
}

static void take_network(const Context *c, GString *all, const char *title,
                         LkRef (*build)(LkBuilder *, const LkModelArch *, LkGraph *))
{
    LkGraph *graph = lk_graph_new(LK_F32);
    LkBuilder builder = {.graph = graph, .checkpoint = c->checkpoint};
    lk_graph_output(graph, build(&builder, lk_checkpoint_arch(c->checkpoint), graph));
    take(c, all, title, graph);
    lk_graph_free(graph);
}

static LkRef encoder(LkBuilder *b, const LkModelArch *arch, LkGraph *graph)
{
    int64_t shape[4] = {1, 128, 128, 3};
    return lk_vae_encoder_build(b, &arch->vae, lk_graph_input(graph, "pictures", LK_F32, 4, shape));
}

static LkRef decoder(LkBuilder *b, const LkModelArch *arch, LkGraph *graph)
{
    int64_t shape[4] = {1, 16, 16, 4};
    return lk_vae_decoder_build(b, &arch->vae, lk_graph_input(graph, "latents", LK_F32, 4, shape));
}

static LkRef text_encoder(LkBuilder *b, const LkModelArch *arch, LkGraph *graph)
{
    (void)graph;
    return lk_text_encoders_build(b, arch, 1, 3, 1).states;
}

/** Compares with the committed text, or writes it. */
static void settle(const Context *c, const char *text, bool update)
{
    g_autofree char *path = g_build_filename(c->tests, "model/golden/graphs.txt", NULL), *want = NULL;
    if (update)
        tap_ok(g_file_set_contents(path, text, -1, NULL), "graphs.txt is written");
    if (!g_file_get_contents(path, &want, NULL, NULL) || !tap_ok(strcmp(text, want) == 0, "graphs are as committed")) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
            tap_note("%s", *line);
    }
}

static void test_small(const Context *c, bool update)
{
    static const struct {
        const char *title;
        LkDType compute;
        bool lora;
        LkStepShape shape;
    } steps[] = {
        {"loss of the base model", LK_F32, false, {.batch = 1, .text_encoder = true}},
        {"step", LK_F32, true, {.batch = 1, .text_encoder = true}},
        {"step, cheap parts again", LK_F32, true, {.batch = 1, .text_encoder = true, .recompute = LK_RECOMPUTE_CHEAP}},
        {"step, blocks again", LK_F32, true, {.batch = 1, .text_encoder = true, .recompute = LK_RECOMPUTE_BLOCKS}},
        {"step in bf16", LK_BF16, true, {.batch = 1, .text_encoder = true, .recompute = LK_RECOMPUTE_CHEAP}},
        {"step of four with cached text", LK_F32, true, {.batch = 4, .recompute = LK_RECOMPUTE_CHEAP}},
        {"step of v prediction, clip skip 2, 225 tokens",
         LK_F32,
         true,
         {.batch = 1, .text_encoder = true, .chunks = 3, .clip_skip = 2, .v_prediction = true}},
    };
    g_autoptr(GString) all = g_string_new(NULL);
    take_network(c, all, "VAE encoder", encoder);
    take_network(c, all, "VAE decoder", decoder);
    take_network(c, all, "text encoder, 225 tokens", text_encoder);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        LkError error = {0};
        LkStepShape shape = steps[i].shape;
        shape.height = shape.width = 16;
        shape.chunks = shape.chunks ? shape.chunks : 1;
        LkStepGraph *step =
            lk_step_graph_new(c->checkpoint, steps[i].lora ? c->lora : NULL, &shape, steps[i].compute, false, &error);
        if (!tap_ok(step, "%s is made %s", steps[i].title, error.text))
            continue;
        take(c, all, steps[i].title, step->graph);
        if (strcmp(steps[i].title, "step") == 0) {
            LkUpdateGraph *update_graph = lk_update_graph_new(step, &(LkUpdateShape){.max_norm = 1}, &error);
            take(c, all, "update", update_graph->graph);
            lk_update_graph_free(update_graph);
        }
        lk_step_graph_free(step);
    }
    settle(c, all->str, update);
    c->api->trim(c->device); /* the next model has tensors of the same names */
}

/* Stable Diffusion 1.5 --------------------------------------------------------------------------------------------- */

/** The modules and their order are sd-scripts' own: 72 of the text encoder, 192 of the U-Net. */
static void check_modules(const LkLora *lora)
{
    int module = 0, different = 0, text = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(sd1_rows); i++) {
        const NameRow *row = &sd1_rows[i];
        bool plain = strstr(row->kohya, "lora_te_") || strstr(row->kohya, "_attentions_");
        if (!plain)
            continue;
        const LkLoraModule *got = module < lk_lora_count(lora) ? lk_lora_at(lora, module) : NULL;
        bool same = got && strcmp(got->name, row->kohya) == 0 && strcmp(got->layer, row->layer) == 0 &&
                    got->shape.convolution == (row->kind == LK_LORA_POINTWISE);
        if (!same && different++ < 5)
            tap_note("%s is %s", row->kohya, got ? got->name : "missing");
        text += strstr(row->kohya, "lora_te_") != NULL;
        module++;
    }
    tap_ok(module == 264 && text == 72 && lk_lora_count(lora) == 264 && different == 0,
           "SD 1.5 has sd-scripts' %d modules, %d of the text encoder, in its order", module, text);
}

/** Elements of the tensors that a step reads: U-Net and text encoder. */
static int64_t count_weights(const FakeModel *model)
{
    int64_t all = 0;
    for (guint i = 0; i < model->tensors->len; i++) {
        const FakeTensor *tensor = g_ptr_array_index(model->tensors, i);
        int64_t count = 1;
        for (int k = 0; k < tensor->rank; k++)
            count *= tensor->shape[k];
        all += g_str_has_prefix(tensor->name, "first_stage_model.") ? 0 : count;
    }
    return all;
}

/** Plans a step at 512². Nothing is bound: the model's two gigabytes are holes in a file. */
static int64_t plan_step(const Context *c, LkRecompute recompute, const char *title, int64_t weights)
{
    LkError error = {0};
    LkStepShape shape = {
        .batch = 1, .height = 64, .width = 64, .chunks = 1, .text_encoder = true, .recompute = recompute};
    LkStepGraph *step = lk_step_graph_new(c->checkpoint, c->lora, &shape, LK_F32, false, &error);
    LkPrepared prepared = {0};
    if (!tap_ok(step && lk_prepare(&prepared, c->api, c->device, step->graph, &error), "%s is planned %s", title,
                error.text)) {
        lk_step_graph_free(step);
        return 0;
    }
    int64_t arena = prepared.plan->arena_bytes, alive = prepared.plan->live_bytes;
    tap_ok(arena <= alive + alive / 20, "%s: an arena of %.1f MiB for %.1f MiB alive", title, (double)arena / (1 << 20),
           (double)alive / (1 << 20));
    int64_t planned = c->api->planned_weights(c->device);
    /* A layout for the forward and, where gradients pass, another for the backward pass. */
    tap_ok(planned >= 4 * weights && planned <= 8 * weights, "%s: %.1f MiB of weights for %.1f MiB of numbers", title,
           (double)planned / (1 << 20), (double)weights * 4 / (1 << 20));
    lk_prepared_clear(&prepared);
    lk_step_graph_free(step);
    c->api->trim(c->device);
    return arena;
}

/** On a card the second product of every feed-forward layer's LoRA is made by GEGLU, those of its gradient by GEGLU's,
 * whatever is computed again. Those of the layers that read a norm, a GEGLU, an attention or the text are one with the
 * layer's: q, k, v and the output of both attentions, and the feed-forward's last layer, which no gradient needs a
 * second time. Where these norms and GEGLUs are made again for gradients, what LoRAs made of them is copied, once for
 * q, k and v; and so is what they made of the text, whose rows all blocks share, and the text itself. A processor's
 * graph has as many products more. */
static void check_folding(const Context *c, LkRecompute recompute, const char *title)
{
    enum { BLOCKS = 16, JOINED = 9, JOINED_AGAIN = 8, COPIES = 3, OF_TEXT = BLOCKS + 1 };
    int products[2] = {0}, geglu[2] = {0}, gradients[2] = {0}, nodes[2] = {0}, joined[2] = {0}, slices[2] = {0};
    for (int folded = 0; folded < 2; folded++) {
        LkError error = {0};
        LkStepShape shape = {.batch = 1,
                             .height = 64,
                             .width = 64,
                             .chunks = 1,
                             .folded_terms = folded ? LK_LOW_RANK_TERMS : 0,
                             .recompute = recompute};
        LkStepGraph *step = lk_step_graph_new(c->checkpoint, c->lora, &shape, LK_BF16, false, &error);
        for (int32_t n = 0; step && n < step->graph->n_nodes; n++) {
            const LkNode *node = &step->graph->nodes[n];
            const LkLowRankAddend *low = node->attr.low_rank;
            products[folded] += node->op == LK_OP_MATMUL;
            joined[folded] += node->op == LK_OP_MATMUL && low[LK_LOW_RANK_X].given;
            slices[folded] += node->op == LK_OP_SLICE;
            nodes[folded] += node->op == LK_OP_GEGLU;
            geglu[folded] += node->op == LK_OP_GEGLU && low[LK_LOW_RANK_X].given;
            gradients[folded] +=
                node->op == LK_OP_GEGLU_BACKWARD && low[LK_LOW_RANK_X].given && low[LK_LOW_RANK_DY].given;
        }
        lk_step_graph_free(step);
    }
    /* A block that is computed again has its product once more. */
    int fewer = recompute == LK_RECOMPUTE_BLOCKS ? 3 * BLOCKS : 2 * BLOCKS;
    int wanted = recompute == LK_RECOMPUTE_BLOCKS ? (JOINED + JOINED_AGAIN) * BLOCKS : JOINED * BLOCKS;
    tap_ok(geglu[0] == 0 && gradients[0] == 0 && geglu[1] == nodes[1] && nodes[1] >= BLOCKS && gradients[1] == BLOCKS &&
               products[0] - products[1] == fewer + wanted,
           "%s: %d of %d GEGLUs and %d gradients make their products, of which there are %d fewer", title, geglu[1],
           nodes[1], gradients[1], products[0] - products[1]);
    int copies = recompute == LK_RECOMPUTE_CHEAP ? COPIES * BLOCKS + OF_TEXT : OF_TEXT;
    tap_ok(joined[0] == 0 && joined[1] == wanted && slices[1] - slices[0] == copies,
           "%s: %d products are one with their layer's, for which %d results are copied", title, joined[1],
           slices[1] - slices[0]);
}

/** The LoRAs of layers that read the same have one down matrix: q, k and v of a block's own tokens and of a text
 * encoder's, k and v of the text. Their ups read columns of one product. */
static void check_stacks(const Context *c)
{
    enum { BLOCKS = 16, TEXT_LAYERS = 12 };
    LkError error = {0};
    LkStepShape shape = {.text_encoder = true, .batch = 1, .height = 64, .width = 64, .chunks = 1};
    LkStepGraph *step = lk_step_graph_new(c->checkpoint, c->lora, &shape, LK_BF16, false, &error);
    int ups = 0, stacks = 0;
    for (int32_t n = 0; step && n < step->graph->n_nodes; n++) {
        const LkNode *node = &step->graph->nodes[n];
        const LkTensor *h = lk_graph_tensor(step->graph, node->in[0]);
        bool up = node->op == LK_OP_MATMUL && node->attr.trans_b && !lk_tensor_is_dense(h);
        ups += up;
        stacks += up && h->offset == 0;
    }
    lk_step_graph_free(step);
    tap_ok(ups == 5 * BLOCKS + 3 * TEXT_LAYERS && stacks == 2 * BLOCKS + TEXT_LAYERS,
           "%d LoRAs share their first product with others, %d products", ups, stacks);
}

static void test_sd15(Context *c)
{
    g_autofree char *table = g_build_filename(c->tests, "model/sd15_tensors.tsv", NULL);
    g_autofree char *path = scratch_path(c->scratch, "sd15.safetensors");
    g_autoptr(FakeModel) model = fake_model_from_table(table);
    g_autoptr(GError) error = NULL;
    fake_model_write(model, path, 0);
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
    LkLora *lora = checkpoint ? make_lora(checkpoint, 16) : NULL;
    if (!tap_ok(lora, "SD 1.5 is opened"))
        return;
    check_modules(lora);
    Context big = *c;
    big.checkpoint = checkpoint;
    big.lora = lora;
    check_folding(&big, LK_RECOMPUTE_NONE, "nothing again");
    check_folding(&big, LK_RECOMPUTE_CHEAP, "cheap parts again");
    check_folding(&big, LK_RECOMPUTE_BLOCKS, "blocks again");
    check_stacks(&big);
    int64_t weights = count_weights(model);
    int64_t kept = plan_step(&big, LK_RECOMPUTE_CHEAP, "SD 1.5 at 512", weights);
    int64_t again = plan_step(&big, LK_RECOMPUTE_BLOCKS, "SD 1.5 at 512 with gradient_checkpointing", weights);
    tap_ok(again * 2 < kept, "gradient_checkpointing needs less than half of it");
    lk_lora_free(lora);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    LkError problem = {0};
    Context c = {.tests = argv[1], .scratch = scratch_new(), .api = lk_backend_cpu()};
    g_autofree char *path = g_build_filename(c.tests, "parity/cases/plain/model.safetensors", NULL);
    c.checkpoint = lk_checkpoint_open(path, NULL);
    c.lora = c.checkpoint ? make_lora(c.checkpoint, 4) : NULL;
    c.device = c.api ? c.api->open(0, 1, &problem) : NULL;
    if (tap_ok(c.lora && c.device, "model and device open %s", problem.text)) {
        test_small(&c, argc > 2 && strcmp(argv[2], "--update") == 0);
        test_sd15(&c);
    }
    if (c.device)
        c.api->close(c.device);
    lk_lora_free(c.lora);
    lk_checkpoint_free(c.checkpoint);
    scratch_remove(c.scratch);
    g_free(c.scratch);
    return tap_done();
}
