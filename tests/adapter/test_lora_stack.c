/* LoRAs of layers that read the same: their down matrices are one factor where they can be, and nothing changes by it.
 */
#include "adapter/lora_masks.h"
#include "backend/reference/reference.h"
#include "base/philox.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 6, IN = 32, OUT = 24, LAYERS = 3 };

/** Three layers of the same x, and what keeps the first from lying with the others, or all of them. */
typedef struct Situation {
    const char *what;
    int dims[LAYERS];
    float alphas[LAYERS];
    bool dora, missing, dropout, masks, other_rate, turned;
    int products; /* of x and a down matrix, forward */
} Situation;

static const Situation situations[] = {
    {"three of rank 8", {8, 8, 8}, {4, 4, 4}, .products = 1},
    {"ranks 8, 16 and 24 with one scale", {8, 16, 24}, {2, 4, 6}, .products = 1},
    {"the first is scaled otherwise", {8, 8, 8}, {2, 4, 4}, .products = 2},
    {"all are scaled otherwise", {8, 8, 8}, {2, 4, 8}, .products = 3},
    {"ranks that are no multiples of 8", {4, 4, 4}, {4, 4, 4}, .products = 3},
    {"asked for in another order", {8, 16, 24}, {2, 4, 6}, .turned = true, .products = 1},
    {"the middle one has no module", {8, 8, 8}, {4, 4, 4}, .missing = true, .products = 1},
    {"DoRA", {8, 8, 8}, {4, 4, 4}, .dora = true, .products = 1},
    {"numbers are left out", {8, 8, 8}, {4, 4, 4}, .dropout = true, .products = 3},
    {"ranks are left out", {8, 8, 8}, {4, 4, 4}, .masks = true, .products = 3},
    {"the middle one learns at another rate", {8, 8, 8}, {4, 4, 4}, .other_rate = true, .products = 2},
};

/** The three layers' outputs in a graph and its gradients. */
typedef struct Layers {
    LkGraph *graph;
    LkLora *lora;
    LkLoraGraph in_graph;
    LkRef x, y[LAYERS];
    int downs;
    LkReference *run;
} Layers;

static const char *const names[LAYERS] = {"q", "k", "v"};

static LkRef input(LkGraph *graph, const char *name, int64_t rows, int64_t columns)
{
    const int64_t shape[2] = {rows, columns};
    return lk_graph_input(graph, name, LK_F32, 2, shape);
}

static void add_modules(LkLora *lora, const Situation *s)
{
    for (int n = 0; n < LAYERS; n++) {
        int i = s->turned ? (n + 1) % LAYERS : n;
        if (i != 1 || !s->missing)
            lk_lora_add(lora, &(LkLoraModule){.name = names[i],
                                              .layer = names[i],
                                              .side = LK_GROUP_UNET,
                                              .rate = i == 1 && s->other_rate ? 0.5 : 1,
                                              .shape = {.algo = LK_ALGO_LORA,
                                                        .dora = s->dora,
                                                        .in = IN,
                                                        .out = OUT,
                                                        .kernel = 1,
                                                        .dim = s->dims[i],
                                                        .alpha = s->alphas[i]}});
    }
}

/** Products of x with something that the adapter owns. */
static int count_downs(const Layers *l)
{
    int downs = 0;
    for (int32_t n = 0; n < l->graph->n_nodes; n++)
        downs += l->graph->nodes[n].op == LK_OP_MATMUL && l->graph->nodes[n].in[0] == l->x &&
                 lk_graph_owner(l->graph, l->graph->nodes[n].in[1]) == l->in_graph.state;
    return downs;
}

/** Builds the layers, told of one another or not. x depends on a parameter too, so that it has a gradient. */
static bool build(Layers *l, const Situation *s, bool together, LkRecompute recompute, LkError *error)
{
    LkGraph *graph = l->graph = lk_graph_new(LK_F32);
    l->lora = lk_lora_new();
    add_modules(l->lora, s);
    lk_lora_add(l->lora, &(LkLoraModule){
                             .name = "before",
                             .layer = "before",
                             .side = LK_GROUP_UNET,
                             .shape = {.algo = LK_ALGO_LORA, .in = IN, .out = IN, .kernel = 1, .dim = 4, .alpha = 4}});
    lk_lora_graph(&l->in_graph, graph, l->lora, "adapter", true, 1);
    LkLoraDropout dropout = {
        .numbers = s->dropout ? 0.5f : 0, .ranks = s->masks ? 0.5f : 0, .rows = {ROWS, ROWS, ROWS}};
    lk_lora_graph_drop(&l->in_graph, graph, &dropout);
    LkAdaptedLayer before = {.name = "before", .x = input(graph, "x", ROWS, IN), .weight = input(graph, "w", IN, IN)};
    before.bias = before.begun = LK_NONE;
    before.kernel = before.stride = 1;
    lk_graph_begin_segment(graph);
    before.y = lk_linear(graph, before.x, before.weight, LK_NONE);
    l->x = lk_activation(graph, lk_lora_attach(&l->in_graph, graph, &before), LK_SILU);
    LkAdaptedLayer layers[LAYERS];
    for (int i = 0; i < LAYERS; i++)
        layers[i] = (LkAdaptedLayer){.name = names[i],
                                     .x = l->x,
                                     .weight = input(graph, names[i], OUT, IN),
                                     .bias = LK_NONE,
                                     .kernel = 1,
                                     .stride = 1,
                                     .y = LK_NONE,
                                     .begun = LK_NONE};
    for (int i = 0; i < LAYERS; i += together ? LAYERS : 1)
        lk_lora_begin(&l->in_graph, graph, layers + i, together ? LAYERS : 1);
    for (int i = 0; i < LAYERS; i++) {
        layers[i].y = lk_linear(graph, l->x, layers[i].weight, LK_NONE);
        l->y[i] = lk_lora_attach(&l->in_graph, graph, &layers[i]);
    }
    LkRef sum = lk_attention(graph, lk_graph_reshape(graph, l->y[0], 3, (int64_t[]){1, ROWS, OUT}),
                             lk_graph_reshape(graph, l->y[1], 3, (int64_t[]){1, ROWS, OUT}),
                             lk_graph_reshape(graph, l->y[2], 3, (int64_t[]){1, ROWS, OUT}), 2, 0.3f, false);
    lk_graph_end_segment(graph);
    for (int i = 0; i < LAYERS; i++)
        lk_graph_output(graph, l->y[i]);
    lk_graph_output(graph, sum);
    l->downs = count_downs(l);
    LkRef d_y = lk_graph_input(graph, "dy", LK_F32, 3, (int64_t[]){1, ROWS, OUT});
    return lk_graph_check(graph, error) && lk_autodiff(graph, sum, d_y, recompute, error);
}

/** Inputs and adapter: what their names and places say, the same however the layers are built. */
static void draw(Layers *l)
{
    for (LkRef t = 0; t < l->graph->n_tensors; t++) {
        const LkTensor *tensor = lk_graph_tensor(l->graph, t);
        int64_t count = lk_tensor_count(tensor);
        if (tensor->kind != LK_TENSOR_INPUT && t != l->in_graph.state)
            continue;
        float *values = calloc((size_t)count, sizeof *values);
        LkRandom stream = {.seed = 11 + (uint64_t)tensor->name[0] * 256 + (uint64_t)count, .purpose = LK_RANDOM_INIT};
        lk_random_normal(stream, 0, values, (size_t)count);
        for (int64_t i = 0; i < count && values; i++)
            lk_reference_data(l->run, t)[i] = t == l->in_graph.masks ? 2 * (i % 2) : 0.3 * (double)values[i];
        free(values);
    }
    if (l->in_graph.key != LK_NONE)
        for (int i = 0; i < 4; i++)
            lk_reference_data(l->run, l->in_graph.key)[i] = i == 2 ? 5 : 0;
}

static bool run(Layers *l, const Situation *s, bool together, LkRecompute recompute, LkError *error)
{
    *l = (Layers){0};
    if (!build(l, s, together, recompute, error) || !(l->run = lk_reference_new(l->graph, error)))
        return false;
    draw(l);
    return lk_reference_run(l->run, error);
}

static void clear(Layers *l)
{
    lk_reference_free(l->run);
    lk_lora_graph_clear(&l->in_graph);
    lk_graph_free(l->graph);
    lk_lora_free(l->lora);
}

/** The largest difference, and in *most the largest number. */
static double apart(const double *a, const double *b, int64_t count, double *most)
{
    double off = 0;
    for (int64_t i = 0; i < count; i++) {
        off = fmax(off, fabs(a[i] - b[i]));
        *most = fmax(*most, fabs(b[i]));
    }
    return off;
}

static void test_situation(const Situation *s, LkRecompute recompute)
{
    Layers one, three;
    LkError error = {0};
    bool ok = run(&one, s, true, recompute, &error) && run(&three, s, false, recompute, &error);
    if (!tap_ok(ok, "%s: built and run%s", s->what, error.text))
        return;
    double y_most = 0, g_most = 0, y_off = 0;
    for (int i = 0; i < LAYERS; i++)
        y_off = fmax(y_off, apart(lk_reference_data(one.run, one.y[i]), lk_reference_data(three.run, three.y[i]),
                                  ROWS * OUT, &y_most));
    double g_off = apart(lk_reference_data(one.run, one.in_graph.gradient),
                         lk_reference_data(three.run, three.in_graph.gradient), lk_lora_elements(one.lora), &g_most);
    int apart_downs = LAYERS - s->missing;
    tap_ok(one.downs == s->products && three.downs == apart_downs, "%s: %d products with down matrices, apart %d",
           s->what, one.downs, three.downs);
    tap_ok(y_off <= 1e-13 * y_most && g_off <= 1e-13 * g_most && y_most > 0 && g_most > 0,
           "%s: the same outputs (%.1e) and gradients (%.1e)", s->what, y_off / y_most, g_off / g_most);
    clear(&one);
    clear(&three);
}

/** Down matrices of a group come first and lie without gaps; no two parts share an element. */
static void test_places(void)
{
    const Situation *s = &situations[1];
    LkLora *lora = lk_lora_new();
    add_modules(lora, s);
    int64_t at = 0;
    bool in_row = true, apart = true;
    for (int i = 0; i < LAYERS; i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        in_row &= m->at[lk_adapter_part(&m->shape, LK_PART_DOWN)] == at;
        at += m->shape.dim * IN;
    }
    for (int i = 0; i < LAYERS; i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        apart &= m->at[lk_adapter_part(&m->shape, LK_PART_UP)] == at;
        at += lk_lora_part_span(m, lk_adapter_part(&m->shape, LK_PART_UP));
    }
    tap_ok(in_row && apart && at == lk_lora_elements(lora), "down matrices lie one under the other, ups behind them");
    lk_lora_free(lora);
}

int main(void)
{
    test_places();
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++)
        test_situation(&situations[i], i % 2 ? LK_RECOMPUTE_BLOCKS : LK_RECOMPUTE_CHEAP);
    test_situation(&situations[0], LK_RECOMPUTE_NONE);
    test_situation(&situations[0], LK_RECOMPUTE_BLOCKS);
    return tap_done();
}
