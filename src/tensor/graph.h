/* The static graph: tensors and nodes for one fixed shape (bucket, batch).
 *
 * A model function appends nodes in the order in which they run. Activations are channels-last ([N,H,W,C] or
 * [N,S,C]), so that a picture is a token sequence and reshaping is free. Autodiff (autodiff.h) appends the backward
 * nodes to the same graph; the planner (plan.h) gives every activation its place; a backend runs the list. */
#pragma once

#include "base/dtype.h"
#include "base/error.h"
#include "base/function.h"

#include <stdbool.h>
#include <stdint.h>

/** A tensor: its index in the graph. */
typedef int32_t LkRef;
#define LK_NONE ((LkRef) - 1)

#define LK_MAX_RANK    4
#define LK_MAX_INPUTS  10
#define LK_MAX_OUTPUTS 5

typedef enum LkTensorKind {
    LK_TENSOR_ACTIVATION, /* written by a node; lives in the arena only as long as it is needed */
    LK_TENSOR_INPUT,      /* written by the host before a run; lives in the arena for the whole run */
    LK_TENSOR_WEIGHT,     /* frozen: found by name in the base model; the backend may store it packed */
    LK_TENSOR_STATE,      /* found by name on the device and kept between runs: adapter, gradients, optimizer state */
    LK_TENSOR_VIEW,       /* other shape, or a part, of another tensor's memory */
} LkTensorKind;

typedef struct LkTensor {
    LkTensorKind kind;
    LkDType dtype;
    int rank;
    int64_t shape[LK_MAX_RANK];
    LkRef base;     /* of a view: the tensor that owns the memory (never itself a view) */
    int64_t offset; /* of a view: elements from the start of `base` */
    int64_t pitch;  /* of a view of columns: elements from one row to the next; else 0, rows follow each other */
    int32_t node;   /* the node that writes it, the first one where several write parts of it, or -1 */
    bool output;    /* the host reads it after a run: it stays until the end */
    bool trainable; /* a part of the adapter: its gradient goes to grad_base at grad_offset */
    LkRef grad_base;
    int64_t grad_offset;
    const char *name; /* of weights, inputs and states: their identity. May be NULL for activations. */
    bool taps_first;  /* of a convolution's weight: stored as [O,k,k,I], whatever the shape's order */
    bool on_host;     /* of a weight: kept in the host's memory, for LK_OP_FETCH */
} LkTensor;

/** The operations. graph_ops.h says for each what its inputs, outputs and attributes are. */
typedef enum LkOp {
    LK_OP_MATMUL,
    LK_OP_CONV2D,
    LK_OP_CONV2D_BACKWARD_DATA,
    LK_OP_ATTENTION,
    LK_OP_ATTENTION_BACKWARD,
    LK_OP_GROUP_NORM,
    LK_OP_GROUP_NORM_BACKWARD,
    LK_OP_LAYER_NORM,
    LK_OP_LAYER_NORM_BACKWARD,
    LK_OP_ACTIVATION,
    LK_OP_ACTIVATION_BACKWARD,
    LK_OP_GEGLU,
    LK_OP_GEGLU_BACKWARD,
    LK_OP_ADD,
    LK_OP_ADD_ROWS,
    LK_OP_SUM_ROWS,
    LK_OP_UPSAMPLE2,
    LK_OP_UPSAMPLE2_BACKWARD,
    LK_OP_CONCAT,
    LK_OP_SLICE,
    LK_OP_EMBEDDING,
    LK_OP_TIME_EMBEDDING,
    LK_OP_Q_SAMPLE,
    LK_OP_LOSS,
    LK_OP_CAST,
    LK_OP_ZERO,
    LK_OP_FETCH, /* these two: residency.h */
    LK_OP_DEQUANTISE,
    LK_OP_MULTIPLY, /* these eleven: adapter_ops.h */
    LK_OP_SCALE_ROWS,
    LK_OP_SUM_PRODUCTS,
    LK_OP_GATHER_TAPS,
    LK_OP_SPREAD_TAPS,
    LK_OP_DROPOUT,
    LK_OP_KRONECKER,
    LK_OP_KRONECKER_BACKWARD,
    LK_OP_DORA_SCALE,
    LK_OP_DORA_SCALE_BACKWARD,
    LK_OP_LIMIT_NORM,
    LK_OP_CLIP_COEFFICIENT,
    LK_OP_NOTE,
    LK_OP_ADAMW,
    LK_OP_SGD, /* from here on see optimizer_ops.h */
    LK_OP_LION,
    LK_OP_SCHEDULE_FREE,
    LK_OP_ADAMW_8BIT,
    LK_OP_LION_8BIT,
    LK_OP_ADAPT_GATHER,
    LK_OP_ADAPT_SETTLE,
    LK_OP_ADAPT_APPLY,
    LK_OP_ADAFACTOR,
    LK_OP_EMA,
    LK_OP_COUNT
} LkOp;

/** alpha · h · u, which an operation adds to one of its inputs (low_rank.h): h [rows, terms], u [terms, columns]. */
typedef struct LkLowRankAddend {
    bool given, trans_b; /* trans_b: u is [columns, terms] */
    float alpha;
} LkLowRankAddend;

/** Attributes of a node; which fields count is said in graph_ops.h. */
typedef struct LkAttributes {
    bool trans_a, trans_b;                     /* matmul */
    float alpha;                               /* matmul: factor of the product; attention: scale of the scores */
    bool has_bias;                             /* matmul, convolution: input 2 is a bias */
    bool has_addend;                           /* matmul: the last input is added to the product; gradients of norms: an
                                                  input is added to the gradient (autodiff_rules.c says which) */
    int kernel, stride, pad_before, pad_after; /* convolution, both axes alike */
    bool taps_first;                           /* convolution: the weight's memory is [O,k,k,I] */
    int64_t heads, kv_length;                  /* attention */
    bool causal;
    int groups;
    float eps;
    bool silu; /* group norm: followed by SiLU */
    LkActivation activation;
    LkLowRankAddend low_rank[2]; /* GEGLU and its gradient: of x, of dy; matmul: of the result */
    int64_t begin;               /* slice: first channel */
    int group;                   /* optimizers: whose scalars (LK_SCALAR_GROUPS) */
    bool dadapt;                 /* ADAPT_…: D-adapted Adam, else Prodigy */
    float max_norm;              /* gradient clipping; 0 for none */
    LkLoss loss;
    bool has_huber_c, has_mask; /* loss: inputs behind the scalars */
} LkAttributes;

typedef struct LkNode {
    LkOp op;
    int n_in, n_out;
    LkRef in[LK_MAX_INPUTS];
    LkRef out[LK_MAX_OUTPUTS];
    LkAttributes attr;
    int32_t segment; /* > 0: belongs to this block, which gradient checkpointing may compute again */
} LkNode;

typedef struct LkGraph {
    LkTensor *tensors;
    int32_t n_tensors, tensor_capacity;
    LkNode *nodes;
    int32_t n_nodes, node_capacity;
    int32_t segment, segments; /* the block that nodes are added to now (0: none), and how many there have been */
    LkDType compute;           /* dtype of activations and matrix weights: LK_F32, LK_BF16, LK_F16 */
    int folded_terms;          /* products of up to so many terms are made where they are read (low_rank.h); 0: none */
    bool tf32; /* where compute is LK_F32: products and convolutions may round their inputs to TF32 (ten bits) */
    char **names;
    int32_t n_names, name_capacity;
    bool out_of_memory; /* an allocation failed while building: lk_graph_check reports it */
    char problem[256];  /* the first shape error met while building */
} LkGraph;

/** An empty graph whose activations have this dtype. NULL when out of memory. */
LkGraph *lk_graph_new(LkDType compute);
void lk_graph_free(LkGraph *graph);

/** Whether building went well; model functions need not check every call. */
bool lk_graph_check(const LkGraph *graph, LkError *error);

/** Remembers the first thing that went wrong while building. Returns LK_NONE. */
LkRef lk_graph_problem(LkGraph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tensors that no node writes. The name is copied. */
LkRef lk_graph_input(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape);
LkRef lk_graph_weight(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape);
LkRef lk_graph_state(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape);

/** The same memory from element `offset` on, seen with another shape. */
LkRef lk_graph_view(LkGraph *graph, LkRef of, int64_t offset, int rank, const int64_t *shape);

/** A view with another shape of the same number of elements. */
LkRef lk_graph_reshape(LkGraph *graph, LkRef of, int rank, const int64_t *shape);

/** `count` columns of an activation or input from `begin` on, with its rows: two at least, for oneDNN takes the rows of
 * a single one for neighbours. Few operations read and write such parts, matrix products above all. Autodiff wants
 * every column to be read by one node, as a part. */
LkRef lk_graph_columns(LkGraph *graph, LkRef of, int64_t begin, int64_t count);

/** Whether an operation can read its input k, or write its first output where k is -1, in rows that lie apart. */
bool lk_op_takes_columns(LkOp op, const LkAttributes *attr, int k);

/** Whether `ref` is all of the tensor that owns its memory, seen in the same columns. */
bool lk_graph_is_whole(const LkGraph *graph, LkRef ref);

/** What the view `like` of its owner's memory is of `of`, which has the owner's shape; where `like` is no view, `of`.
 */
LkRef lk_graph_seen_as(LkGraph *graph, LkRef of, LkRef like);

/** Marks a tensor that the host reads after a run. */
void lk_graph_output(LkGraph *graph, LkRef ref);

/** Nodes added between these calls form one block of gradient checkpointing. */
void lk_graph_begin_segment(LkGraph *graph);
void lk_graph_end_segment(LkGraph *graph);

/** A new activation. */
LkRef lk_graph_activation(LkGraph *graph, LkDType dtype, int rank, const int64_t *shape);

/** Appends a node; its outputs must have been made by lk_graph_activation, or be states, or views of these. */
int32_t lk_graph_append(LkGraph *graph, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in, int n_out,
                        const LkRef *out);

/** Appends a node like this one, in its segment; for what makes the list of nodes anew. */
int32_t lk_graph_append_node(LkGraph *graph, const LkNode *node);

/** For what numbers the nodes anew: no node writes an activation, and then, node by node in order, what it writes. */
void lk_graph_forget_writers(LkGraph *graph);
void lk_graph_note_writer(LkGraph *graph, int32_t n);

/** The tensor of a reference; a harmless empty one for LK_NONE. */
const LkTensor *lk_graph_tensor(const LkGraph *graph, LkRef ref);

/** The reference of the tensor that owns the memory of `ref`. */
LkRef lk_graph_owner(const LkGraph *graph, LkRef ref);

int64_t lk_tensor_count(const LkTensor *tensor); /* elements */
int64_t lk_tensor_rows(const LkTensor *tensor);  /* product of all dims but the last */
int64_t lk_tensor_cols(const LkTensor *tensor);  /* the last dim */
int64_t lk_tensor_bytes(const LkTensor *tensor);
int64_t lk_tensor_pitch(const LkTensor *tensor); /* elements from one row to the next */
bool lk_tensor_is_dense(const LkTensor *tensor); /* no gaps between its rows */

/** Whether a weight is kept as 8-bit codes of this type. */
bool lk_dtype_is_code(LkDType dtype);

/** Bytes of a weight as it is stored in the file's or its own order; of codes with the f32 scales of their rows (the
 * first dimension) behind them. */
int64_t lk_weight_bytes(const LkTensor *tensor);

/** Looks a named tensor up; LK_NONE where there is none. */
LkRef lk_graph_find(const LkGraph *graph, LkTensorKind kind, const char *name);
