#include "roofline.h"

#include "backend/cuda/card_limits.h"
#include "backend/cuda/product_kind.h"
#include "backend/cuda/tracks.h"
#include "launches.h"
#include "profile.h"
#include "tensor/low_rank.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NVIDIA's architecture white papers and data sheets: dense figures with f32 accumulation at boost clock. GeForce cards
 * before the RTX 40 and 50 accumulate in f32 at half the rate of fp16; those figures are the halved ones. */
static const RoofCard cards[] = {
    {"rtx2080", "GeForce RTX 2080 (fp16)", 75, 40.3e12, 10.1e12, 448e9},
    {"rtx3060", "GeForce RTX 3060 12 GB", 86, 25.5e12, 12.7e12, 360e9},
    {"rtx3090", "GeForce RTX 3090", 86, 71.2e12, 35.6e12, 936e9},
    {"rtx4090", "GeForce RTX 4090", 89, 165.2e12, 82.6e12, 1008e9},
    {"rtx5090", "GeForce RTX 5090", 120, 209.5e12, 104.8e12, 1792e9},
    {"a100", "A100 40 GB SXM", 80, 312e12, 19.5e12, 1555e9},
    {"h100", "H100 80 GB SXM", 90, 989.4e12, 66.9e12, 3350e9},
    {"h200", "H200 141 GB SXM", 90, 989.4e12, 66.9e12, 4800e9},
};
enum { CARDS = sizeof cards / sizeof cards[0] };

const RoofCard *roof_card(const char *key)
{
    char name[128];
    size_t length = 0;
    for (const char *c = key; c && *c && length < sizeof name - 1; c++)
        if (*c != ' ')
            name[length++] = (char)tolower((unsigned char)*c);
    name[length] = 0;
    for (int i = 0; i < CARDS; i++)
        if (strstr(name, cards[i].key))
            return &cards[i];
    return NULL;
}

const char *roof_card_keys(void)
{
    return "rtx2080|rtx3060|rtx3090|rtx4090|rtx5090|a100|h100|h200";
}

/** Arithmetic of the kind that the node's inputs take. */
static double peak(const RoofCard *card, const LkGraph *graph, const LkNode *node)
{
    bool narrow = true;
    for (int i = 0; i < node->n_in && i < 2; i++)
        narrow = narrow && lk_graph_tensor(graph, node->in[i])->dtype != LK_F32;
    if (graph->tf32 && !narrow && card->sm >= 80)
        return card->half_flops / 2; /* of TF32, in all of those papers; as f32's on GeForce cards */
    return narrow ? card->half_flops : card->float_flops;
}

static RoofClass *find_class(Roof *roof, const char *name)
{
    for (int i = 0; i < roof->n; i++)
        if (strcmp(roof->classes[i].name, name) == 0)
            return &roof->classes[i];
    RoofClass *class = &roof->classes[roof->n < ROOF_MAX_CLASSES ? roof->n++ : ROOF_MAX_CLASSES - 1];
    snprintf(class->name, sizeof class->name, "%s", name);
    return class;
}

/** What a joined product reads beside its own h and u: columns of other layers' h, and as many zeros; and what it puts
 * behind a weight in the arena. */
static double joined_bytes(const LkGraph *graph, const LkNode *node)
{
    int h = lk_low_rank_input(node, 0);
    const LkTensor *x = lk_graph_tensor(graph, node->in[0]), *y = lk_graph_tensor(graph, node->out[0]);
    const LkTensor *u = lk_graph_tensor(graph, node->in[h + 1]);
    double width = (double)(lk_tensor_pitch(x) - lk_tensor_cols(x)), terms = (double)lk_tensor_cols(u);
    double more = (double)(lk_tensor_rows(y) + lk_tensor_cols(y)) * (width - terms);
    if (!roof_is_held(graph, node))
        more += (double)lk_tensor_cols(y) * (width + terms);
    return more * (double)lk_dtype_size(x->dtype);
}

/** Bytes beyond inputs and outputs, each touched once: the matrix that a deterministic attention writes and reads
 * again, an f32 sum that is rounded, what a group norm reads once for its sums and once more. */
static double extra_bytes(const RoofCard *card, const LkGraph *graph, const LkNode *node)
{
    const LkTensor *in[2] = {lk_graph_tensor(graph, node->in[0]),
                             lk_graph_tensor(graph, node->n_in > 1 ? node->in[1] : LK_NONE)};
    switch (node->op) {
    case LK_OP_MATMUL:
        if (lk_product_kind(graph, node) == LK_PRODUCT_JOINED)
            return joined_bytes(graph, node);
        if (lk_product_kind(graph, node) != LK_PRODUCT_ROUNDED)
            return 0;
        return 8.0 * (double)lk_tensor_count(lk_graph_tensor(graph, node->out[0]));
    case LK_OP_GROUP_NORM:
        return (double)lk_tensor_bytes(in[0]);
    case LK_OP_GROUP_NORM_BACKWARD: /* dy, x */
        return (double)lk_tensor_bytes(in[0]) + (double)lk_tensor_bytes(in[1]);
    case LK_OP_ATTENTION_BACKWARD: /* of q */
        if (!lk_card_limits(card->sm)->backward_workspace)
            return 0;
        return 4.0 * (double)in[0]->shape[0] * (double)node->attr.heads * (double)in[0]->shape[1] *
               (double)node->attr.kv_length;
    default:
        return 0;
    }
}

/** Multiplications and additions with zeros: columns of other layers' h, and what is missing to whole tiles of terms.
 */
static double extra_flops(const LkGraph *graph, const LkNode *node)
{
    enum { TILE = 64 };
    if (node->op != LK_OP_MATMUL || lk_product_kind(graph, node) != LK_PRODUCT_JOINED)
        return 0;
    const LkTensor *x = lk_graph_tensor(graph, node->in[0]), *y = lk_graph_tensor(graph, node->out[0]);
    int64_t terms = lk_tensor_cols(x) + lk_tensor_cols(lk_graph_tensor(graph, node->in[lk_low_rank_input(node, 0)]));
    int64_t made = (lk_tensor_pitch(x) + TILE - 1) / TILE * TILE;
    return 2.0 * (double)lk_tensor_count(y) * (double)(made - terms);
}

/** Adapters' parts put behind the weights that joined products read, at the step's beginning. */
static void add_tails(Roof *roof, const RoofCard *card, const LkGraph *graph)
{
    RoofTails tails = roof_tails(graph);
    if (tails.launches == 0)
        return;
    RoofClass *class = find_class(roof, "adapter among weights");
    class->launches += tails.launches;
    class->bytes += tails.bytes;
    double floor = tails.bytes / card->bytes, starts = tails.launches * ROOF_LAUNCH;
    class->floor += floor;
    class->launched += floor > starts ? floor : starts;
    class->memory_bound += floor;
}

bool roof_add(Roof *roof, const RoofCard *card, const LkGraph *graph)
{
    LkTracks *tracks = lk_tracks_new(graph);
    if (!tracks)
        return false;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        NodeCost cost = profile_cost(graph, node);
        cost.bytes += extra_bytes(card, graph, node);
        char name[96];
        snprintf(name, sizeof name, "%-*s%s", roof->by_shape ? 22 : 0, cost.class, roof->by_shape ? cost.shape : "");
        RoofClass *class = find_class(roof, name);
        double arithmetic = (cost.flops + extra_flops(graph, node)) / peak(card, graph, node),
               memory = cost.bytes / card->bytes;
        double floor = arithmetic > memory ? arithmetic : memory;
        int launches = roof_launches(card->sm, graph, node);
        double launched = floor > launches * ROOF_LAUNCH ? floor : launches * ROOF_LAUNCH;
        bool beside = tracks->track[n] != LK_TRACK_MAIN; /* the main track computes while it starts */
        class->nodes++;
        class->launches += launches;
        class->flops += cost.flops;
        class->bytes += cost.bytes;
        class->floor += floor;
        class->launched += beside ? floor : launched;
        class->beside += beside ? launched - floor : 0;
        class->memory_bound += memory > arithmetic ? floor : 0;
    }
    lk_tracks_free(tracks);
    add_tails(roof, card, graph);
    return true;
}

static int longest_first(const void *x, const void *y)
{
    const RoofClass *a = x, *b = y;
    return a->launched > b->launched ? -1 : a->launched < b->launched;
}

/** Passes that compute nothing new: what fusing or another layout would take away. */
static bool only_moves(const char *class)
{
    return strcmp(class, "casts") == 0 || strcmp(class, "sums") == 0 || strcmp(class, "copies") == 0 ||
           strcmp(class, "adapter among weights") == 0;
}

static void print_row(const char *name, int nodes, int launches, double flops, double bytes, double floor,
                      double launched, double all)
{
    printf("%-24s %6d %8d %8.3f %8.2f %9.2f %9.2f %6.1f%%\n", name, nodes, launches, flops * 1e-12, bytes * 1e-9,
           floor * 1e3, launched * 1e3, 100 * launched / all);
}

void roof_print(Roof *roof, const RoofCard *card)
{
    RoofClass all = {0};
    double moves = 0, arithmetic = 0;
    qsort(roof->classes, (size_t)roof->n, sizeof roof->classes[0], longest_first);
    for (int i = 0; i < roof->n; i++) {
        const RoofClass *c = &roof->classes[i];
        all.nodes += c->nodes, all.launches += c->launches, all.flops += c->flops, all.bytes += c->bytes;
        all.floor += c->floor, all.launched += c->launched, all.memory_bound += c->memory_bound;
        all.beside += c->beside;
        moves += only_moves(c->name) ? c->launched : 0;
        arithmetic += c->flops > 0 ? c->floor : 0;
    }
    printf("%s: %.0f TFLOP/s, %.0f GB/s\n\n", card->name, card->half_flops * 1e-12, card->bytes * 1e-9);
    printf("%-24s %6s %8s %8s %8s %9s %9s %7s\n", "class", "nodes", "launches", "TFLOP", "GB", "floor ms", "+ starts",
           "share");
    for (int i = 0; i < roof->n; i++) {
        const RoofClass *c = &roof->classes[i];
        print_row(c->name, c->nodes, c->launches, c->flops, c->bytes, c->floor, c->launched, all.launched);
    }
    print_row("all", all.nodes, all.launches, all.flops, all.bytes, all.floor, all.launched, all.launched);
    printf("\nall arithmetic at its peak          %9.2f ms\n", all.flops / card->half_flops * 1e3);
    printf("products, convolutions, attention   %9.2f ms  each bound by arithmetic or memory\n", arithmetic * 1e3);
    printf("passes over memory between them     %9.2f ms\n", (all.floor - arithmetic) * 1e3);
    printf("kernels too short for their start   %9.2f ms  %d starts of %.1f us\n", (all.launched - all.floor) * 1e3,
           all.launches, ROOF_LAUNCH * 1e6);
    printf("hidden beside other kernels         %9.2f ms  of starts more\n", all.beside * 1e3);
    printf("the step at best                    %9.2f ms\n", all.launched * 1e3);
    printf("of which casts, sums and copies     %9.2f ms  (%.1f %%)\n", moves * 1e3, 100 * moves / all.launched);
}

void roof_print_kinds(Roof *kinds, int count)
{
    qsort(kinds->classes, (size_t)kinds->n, sizeof kinds->classes[0], longest_first);
    printf("\n%-58s %6s %9s %9s  bound by\n", "kind", "nodes", "floor ms", "+ starts");
    for (int i = 0; i < kinds->n && i < count; i++) {
        const RoofClass *c = &kinds->classes[i];
        printf("%-58s %6d %9.2f %9.2f  %s\n", c->name, c->nodes, c->floor * 1e3, c->launched * 1e3,
               c->launched > 1.5 * c->floor ? "starts"
               : c->memory_bound > 0        ? "memory"
                                            : "arithmetic");
    }
}
