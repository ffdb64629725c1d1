/* What a step could take at best on a card: each node is bound by its arithmetic or by the memory it touches. */
#pragma once

#include "tensor/graph.h"

/** A card by its public specification. */
typedef struct RoofCard {
    const char *key;    /* "rtx4090" */
    const char *name;   /* "GeForce RTX 4090" */
    int sm;             /* compute capability, 89 */
    double half_flops;  /* a second: dense tensor cores, fp16 or bf16 in, f32 sums; 0 for bf16 where there is none */
    double float_flops; /* a second: f32 without TF32 */
    double bytes;       /* a second, of its memory */
} RoofCard;

/** The card of that key, or of a name that has the key in it ("NVIDIA GeForce RTX 4090"), or NULL. */
const RoofCard *roof_card(const char *key);
/** All keys, separated by "|": for usage texts. */
const char *roof_card_keys(void);

/** Floors of one class of nodes, or of one kind: same class and shape. Seconds. */
typedef struct RoofClass {
    char name[96];
    int nodes, launches;
    double flops, bytes;
    double floor;        /* sum over nodes of max(arithmetic, memory) */
    double launched;     /* sum over nodes of max(that, launches · the time of one); of nodes beside others just that */
    double beside;       /* what would be added to `launched` if nothing ran beside anything */
    double memory_bound; /* of floor: nodes whose memory takes longer than their arithmetic */
} RoofClass;

enum { ROOF_MAX_CLASSES = 1024 };

typedef struct Roof {
    RoofClass classes[ROOF_MAX_CLASSES];
    int n;
    bool by_shape; /* kinds instead of classes */
} Roof;

/** A kernel's start in a captured CUDA graph, seconds. */
#define ROOF_LAUNCH 2.5e-6

/** Adds the nodes of a graph as the CUDA backend runs them. False when out of memory. */
bool roof_add(Roof *roof, const RoofCard *card, const LkGraph *graph);

/** Prints the table: classes with the longest floor first, then where the time between is. Sorts them. */
void roof_print(Roof *roof, const RoofCard *card);

/** Prints the `count` kinds with the longest floor. Sorts them. */
void roof_print_kinds(Roof *kinds, int count);
