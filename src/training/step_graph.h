/* The graphs of a training step: loss and gradients for one shape, and the optimizer's update. */
#pragma once

#include "adapter/lora_graph.h"
#include "model/text_encoders.h"
#include "tensor/autodiff.h"
#include "tensor/residency.h"

/** What decides the shape and structure of a training graph. */
typedef struct LkStepShape {
    int64_t batch, height, width; /* latents [batch, height, width, 4] */
    int chunks;                   /* pieces of 75 tokens of a caption */
    int clip_skip;
    bool text_encoder; /* they run inside the step (trained, or states not cached); else their states are an input */
    bool weighted;     /* the states of captions have factors; where they are an input, they have them already */
    bool v_prediction;
    LkLoss loss;
    bool masked;       /* each element's loss has a factor */
    bool other_noise;  /* the noisy latent has another noise than the one that is predicted */
    bool forward_only; /* the loss without gradients */
    bool tf32;         /* products of f32 may round their inputs */
    int folded_terms;  /* lk_backend_folded_terms */
    int64_t losses;    /* of an optimizer step that are gathered on the device for the update; 0: none */
    LkRecompute recompute;
    LkResidency residency; /* of the base model's weights */
    LkLoraDropout dropout; /* `rows` follow from batch and chunks */
} LkStepShape;

/** A training graph and the tensors that the host writes and reads. */
typedef struct LkStepGraph {
    LkGraph *graph;
    LkLoraGraph lora;
    LkTextEncoders text;              /* ids and rows are inputs; all LK_NONE where states are an input */
    LkRef states;                     /* f32 [batch,L,C]: the input that stands for the text encoders, or LK_NONE */
    LkRef pooled;                     /* f32 [batch,P]: the same of the pooled text, or LK_NONE */
    LkRef sizes;                      /* f32 [batch·LK_SIZE_COUNT], or LK_NONE where the U-Net wants none */
    LkRef token_weights;              /* f32 [batch·L,C]: factors of the encoders' states, or LK_NONE */
    LkRef context;                    /* [batch,L,C]: what the U-Net attends to, from either */
    LkRef latents;                    /* f32 [batch,h,w,4]: scaled samples */
    LkRef noise;                      /* f32 like latents: what is predicted (epsilon) */
    LkRef added_noise;                /* f32 like latents: what the noisy latent has; the same unless other_noise */
    LkRef huber_c;                    /* f32 [batch]: threshold of the Huber losses, or LK_NONE */
    LkRef mask;                       /* f32 like latents, or LK_NONE */
    LkRef t;                          /* f32 [batch] timesteps */
    LkRef signal, sigma, minus_sigma; /* f32 [batch]: sqrt(alpha bar), sqrt(1 - alpha bar), -sqrt(1 - alpha bar) */
    LkRef weight;                     /* f32 [batch] of each sample's loss */
    LkRef scalars;                    /* f32 [LK_SCALAR_COUNT] */
    LkRef noisy, target, pred;        /* activations, kept for the host where asked */
    LkRef loss;                       /* f32 [batch]: unweighted, mean over the sample */
    LkRef losses;                     /* state f32 [shape's losses]: this batch's from scalars[LK_SCALAR_SLOT] on */
} LkStepGraph;

/** Builds the graph of loss and gradients. NULL with an error where the model cannot be built. `trace` keeps noisy,
 * target, pred and context for the host. */
LkStepGraph *lk_step_graph_new(const LkCheckpoint *checkpoint, const LkLora *lora, const LkStepShape *shape,
                               LkDType compute, bool trace, LkError *error);
void lk_step_graph_free(LkStepGraph *step);
