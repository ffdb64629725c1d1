/* Outputs and modules that a step leaves out, against LyCORIS' own layer (make_drop_rows.py): its outputs and all
 * gradients, in the graph that a run builds. */
#include "adapter/lora_masks.h"
#include "backend/reference/reference.h"
#include "drop_rows.h"
#include "tap.h"

#include <glib.h>
#include <math.h>

enum { OUT = DROP_OUT, IN = DROP_IN, DIM = DROP_DIM, ROWS = DROP_ROWS };

typedef struct Layer {
    LkGraph *graph;
    LkLora *lora;
    LkLoraGraph in_graph;
    LkRef x, weight, bias, d_y, y;
} Layer;

static LkRef input(LkGraph *graph, const char *name, int64_t rows, int64_t columns)
{
    int64_t shape[2] = {rows, columns};
    return rows ? lk_graph_input(graph, name, LK_F32, 2, shape) : lk_graph_input(graph, name, LK_F32, 1, shape + 1);
}

static bool build(Layer *l, size_t row, LkError *error)
{
    LkGraph *graph = l->graph = lk_graph_new(LK_F32);
    l->lora = lk_lora_new();
    lk_lora_add(l->lora, &(LkLoraModule){.name = "module",
                                         .layer = "layer",
                                         .side = LK_GROUP_UNET,
                                         .shape = {.algo = LK_ALGO_LORA,
                                                   .dora = drop_rows[row].dora,
                                                   .in = IN,
                                                   .out = OUT,
                                                   .kernel = 1,
                                                   .dim = DIM,
                                                   .alpha = DROP_ALPHA}});
    l->x = input(graph, "x", ROWS, IN);
    l->weight = input(graph, "weight", OUT, IN);
    l->bias = input(graph, "bias", 0, OUT);
    l->d_y = input(graph, "dy", ROWS, OUT);
    lk_lora_graph(&l->in_graph, graph, l->lora, "adapter", true, 1);
    LkLoraDropout dropout = {.ranks = drop_rows[row].ranks ? 0.5f : 0,
                             .modules = drop_rows[row].module ? 0.5f : 0,
                             .outputs = true,
                             .rows = {ROWS, ROWS, ROWS}};
    lk_lora_graph_drop(&l->in_graph, graph, &dropout);
    LkAdaptedLayer layer = {.name = "layer",
                            .x = l->x,
                            .y = lk_linear(graph, l->x, l->weight, l->bias),
                            .weight = l->weight,
                            .bias = l->bias,
                            .kernel = 1,
                            .stride = 1,
                            .begun = LK_NONE};
    l->y = lk_lora_attach(&l->in_graph, graph, &layer);
    lk_graph_output(graph, l->y);
    return lk_graph_check(graph, error) && lk_autodiff(graph, l->y, l->d_y, LK_RECOMPUTE_CHEAP, error);
}

static void put(LkReference *reference, LkRef ref, int64_t at, const float *values, int count)
{
    for (int i = 0; i < count; i++)
        lk_reference_data(reference, ref)[at + i] = (double)values[i];
}

static double apart(LkReference *reference, LkRef ref, int64_t at, const float *want, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(lk_reference_data(reference, ref)[at + i] - (double)want[i]));
    return most;
}

/** What lk_lora_masks would draw, for the rows that the reference was told to keep. */
static void put_masks(LkReference *reference, const Layer *l, size_t row)
{
    if (l->in_graph.masks == LK_NONE)
        return;
    double *masks = lk_reference_data(reference, l->in_graph.masks);
    for (int o = 0; o < OUT; o++) {
        masks[o] = drop_rows[row].module ? 0 : drop_kept[o];
        if (drop_rows[row].dora)
            masks[OUT + o] = drop_rows[row].module ? -1 : drop_kept[o];
    }
}

static void test_row(size_t row)
{
    Layer l = {0};
    LkError problem = {0};
    LkReference *reference = build(&l, row, &problem) ? lk_reference_new(l.graph, &problem) : NULL;
    if (!tap_ok(reference != NULL, "%s: the graph is built%s", drop_rows[row].what, problem.text))
        return;
    const LkLoraModule *m = lk_lora_at(l.lora, 0);
    int64_t down = m->at[lk_adapter_part(&m->shape, LK_PART_DOWN)], up = m->at[lk_adapter_part(&m->shape, LK_PART_UP)];
    int64_t magnitude = drop_rows[row].dora ? m->at[lk_adapter_part(&m->shape, LK_PART_MAGNITUDE)] : 0;
    put(reference, l.x, 0, drop_rows[row].x, ROWS * IN);
    put(reference, l.weight, 0, drop_rows[row].weight, OUT * IN);
    put(reference, l.bias, 0, drop_rows[row].bias, OUT);
    put(reference, l.d_y, 0, drop_rows[row].d_y, ROWS * OUT);
    put(reference, l.in_graph.state, down, drop_rows[row].down, DIM * IN);
    put(reference, l.in_graph.state, up, drop_rows[row].up, OUT * DIM);
    if (drop_rows[row].dora)
        put(reference, l.in_graph.state, magnitude, drop_rows[row].magnitude, OUT);
    put_masks(reference, &l, row);
    bool ran = lk_reference_run(reference, &problem);
    LkRef gradient = l.in_graph.gradient;
    double errors[] = {
        apart(reference, l.y, 0, drop_rows[row].y, ROWS * OUT),
        apart(reference, gradient, down, drop_rows[row].d_down, DIM * IN),
        apart(reference, gradient, up, drop_rows[row].d_up, OUT * DIM),
        drop_rows[row].dora ? apart(reference, gradient, magnitude, drop_rows[row].d_magnitude, OUT) : 0,
    };
    tap_ok(ran && errors[0] < 2e-6, "%s: the layer's outputs (%.1e)", drop_rows[row].what, errors[0]);
    tap_ok(ran && errors[1] < 5e-6 && errors[2] < 5e-6 && errors[3] < 5e-6,
           "%s: the gradients of down, up and magnitude (%.1e, %.1e, %.1e)", drop_rows[row].what, errors[1], errors[2],
           errors[3]);
    lk_reference_free(reference);
    lk_lora_graph_clear(&l.in_graph);
    lk_graph_free(l.graph);
    lk_lora_free(l.lora);
}

/** The numbers that a run draws: factors of outputs, and behind them what a DoRA's norm counts. */
static void test_masks(void)
{
    LkLora *lora = lk_lora_new();
    for (int i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("module %d", i);
        lk_lora_add(
            lora,
            &(LkLoraModule){
                .name = name,
                .layer = name,
                .shape = {
                    .algo = LK_ALGO_LORA, .dora = true, .in = IN, .out = 50, .kernel = 1, .dim = DIM, .alpha = 1}});
    }
    LkLoraDropout dropout = {.ranks = 0.3f, .modules = 0.25f, .rows = {1, 1, 1}};
    int64_t count = lk_lora_masks(lora, &dropout, 1, 2, NULL);
    g_autofree float *masks = g_new(float, (gsize)count);
    lk_lora_masks(lora, &dropout, 1, 2, masks);
    int modules = 0, outputs = 0, wrong = 0;
    for (int i = 0; i < 40; i++) {
        const float *factors = masks + (gsize)i * 100, *keep = factors + 50;
        modules += keep[0] < 0;
        for (int o = 0; o < 50; o++) {
            wrong += keep[0] < 0 ? keep[o] != -1 || factors[o] != 0 : keep[o] != factors[o];
            outputs += keep[o] == 0;
        }
    }
    tap_ok(count == 40 * 100 && wrong == 0 && modules > 3 && modules < 20 && outputs > 300 && outputs < 700,
           "of 40 modules %d are left out, of the others' outputs %d", modules, outputs);
    lk_lora_free(lora);
}

int main(void)
{
    for (size_t row = 0; row < sizeof drop_rows / sizeof *drop_rows; row++)
        test_row(row);
    test_masks();
    return tap_done();
}
