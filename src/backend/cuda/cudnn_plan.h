/* Convolutions and attention by cuDNN's graph interface, as plans: made once for a shape, run any number of times.
 *
 * The file is not called cudnn.h, because a folder's own headers come before the system's of the same name.
 *
 * A plan is made for a card (a handle) or for a described one (a device descriptor), which needs neither card nor
 * driver for convolutions and lets tests hold every shape against every card. Every plan is deterministic: the same
 * input on the same card model with the same library gives the same bytes. What a plan is (engine, knobs, workspace)
 * depends on shapes, card model and library version alone, never on time measured or on memory free at the moment. */
#pragma once

#include "base/dtype.h"
#include "base/error.h"

#include <cudnn.h>

/** Workspace that a plan may ask for at most: engines that want more are passed by. */
#define LK_CUDNN_WORKSPACE_CAP (INT64_C(256) << 20)

typedef struct LkCudnnCache LkCudnnCache;

/** Where plans are made for: a card (handle) or a described one (device; tests without a card). sm is the compute
 * capability without its dot, as 86. cache: where plans are found again, or NULL. */
typedef struct LkCudnn {
    cudnnHandle_t handle;
    cudnnBackendDescriptor_t device;
    int sm;
    LkCudnnCache *cache;
} LkCudnn;

/** Remembers plans for the card of `cudnn`, so that layers and buckets of the same shape share one. Where `folder` is
 * not NULL, those that take long to make (attention: a third of a second each) are kept there for the next start too.
 * Free the cache before the handle; plans that are still in use stay. NULL when out of memory. */
LkCudnnCache *lk_cudnn_cache_new(const LkCudnn *cudnn, const char *folder);
void lk_cudnn_cache_free(LkCudnnCache *cache);

typedef struct LkCudnnPlan LkCudnnPlan;

/** A convolution: x [n,h,w,c_in], weight [c_out,kernel,kernel,c_in] (channels last), bias [c_out],
 * y [n,out_h,out_w,c_out], all of dtype (the bias as well: cuDNN adds a bias of another type only by code that it
 * compiles at run time, half a second a shape). pad_before is above and left, pad_after below and right; they may
 * differ. Sums are f32 and rounded once. LK_F32 is true f32 unless `tf32` lets x, y and weight be rounded to TF32 where
 * they are multiplied (the card must have it). The bias is a part of the same kernel, never an extra pass. */
typedef struct LkConvGeometry {
    LkDType dtype;
    int64_t n, h, w, c_in, out_h, out_w, c_out;
    int kernel, stride, pad_before, pad_after;
    bool bias, tf32;
} LkConvGeometry;

/** Places in the array of pointers of a convolution. Backward data reads Y (dy) and W and writes X (dx). Backward
 * weight reads X and Y (dy) and writes W (dW). BIAS is read where the geometry has a bias; backward plans know none. */
enum { LK_CONV_X, LK_CONV_W, LK_CONV_Y, LK_CONV_BIAS, LK_CONV_POINTERS };

/** All of these return NULL with the error where no engine does it. */
LkCudnnPlan *lk_cudnn_conv_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error);
LkCudnnPlan *lk_cudnn_conv_backward_data_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error);
/** dW has the geometry's dtype: no engine writes f32 from narrower inputs without compiling at run time. */
LkCudnnPlan *lk_cudnn_conv_backward_weight_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error);

/** Attention. row_stride is in elements; q, dq, do: [batch, q_len, row_stride] with head h at columns h·head_dim; o the
 * same with rows o_stride apart; k, v, dk, dv: [batch, kv_rows, row_stride], of which the first kv_len rows count (rows
 * behind them are neither read nor written: the caller clears those of dk and dv). stats f32 [batch, stats_heads,
 * q_len]: the log-sum-exp (natural logarithm) of the scaled scores. heads may be fewer than stats_heads and than
 * row_stride / head_dim: then the pointers are those of the first head of the group, and the call does these heads of
 * the larger tensors. causal: row i sees columns 0 … i.
 */
typedef struct LkSdpaGeometry {
    LkDType dtype;
    int64_t batch, heads, q_len, kv_len, kv_rows, head_dim, row_stride;
    int64_t o_stride;    /* 0: row_stride */
    int64_t stats_heads; /* 0: heads */
    float scale;
    bool causal, tf32; /* tf32: of the products of f32, which the composite does */
} LkSdpaGeometry;

/** Elements from row to row of o. */
static inline int64_t lk_sdpa_o_stride(const LkSdpaGeometry *geometry)
{
    return geometry->o_stride ? geometry->o_stride : geometry->row_stride;
}

/** Places in the array of pointers of an attention. Forward reads Q, K, V and writes O and STATS; backward reads Q, K,
 * V, O, STATS, DO and writes DQ, DK, DV. */
enum {
    LK_SDPA_Q,
    LK_SDPA_K,
    LK_SDPA_V,
    LK_SDPA_O,
    LK_SDPA_STATS,
    LK_SDPA_DO,
    LK_SDPA_DQ,
    LK_SDPA_DK,
    LK_SDPA_DV,
    LK_SDPA_POINTERS
};

/** Whether cuDNN has this attention on this architecture (card_limits.c holds the table). Where not, the caller's own
 * attention of products and softmax does it. */
bool lk_cudnn_sdpa_supported(int sm, const LkSdpaGeometry *geometry, bool backward);

LkCudnnPlan *lk_cudnn_sdpa_new(const LkCudnn *cudnn, const LkSdpaGeometry *geometry, LkError *error);
/** The deterministic form, which may want batch · heads · q_len · kv_len · 2 bytes of workspace: not capped here, see
 * lk_cudnn_sdpa_backward_part. Needs cuDNN 9.18. */
LkCudnnPlan *lk_cudnn_sdpa_backward_new(const LkCudnn *cudnn, const LkSdpaGeometry *geometry, LkError *error);

/** What the backward pass should do in one call so that its workspace stays below cap_bytes: as many heads of all
 * samples as fit, or, where not even one does (768 × 768 pictures, four at once), of one sample; at least one head. A
 * part divides the whole and begins where 16 divides the address of the statistics. Makes no plan: it is arithmetic. */
LkSdpaGeometry lk_cudnn_sdpa_backward_part(const LkCudnn *cudnn, const LkSdpaGeometry *geometry, int64_t cap_bytes);

/** Bytes of workspace that a run needs; the workspace must be aligned to 256. */
int64_t lk_cudnn_workspace(const LkCudnnPlan *plan);

/** Runs a plan on the handle's stream; pointers has LK_CONV_POINTERS or LK_SDPA_POINTERS entries (those not named above
 * for the plan are ignored), aligned to 16 bytes. Works while the stream is captured. Several threads may run one plan.
 */
bool lk_cudnn_run(const LkCudnnPlan *plan, cudnnHandle_t handle, void *const *pointers, void *workspace,
                  LkError *error);

/** Engine, knobs: for logs and the state file. Belongs to the plan. */
const char *lk_cudnn_engine(const LkCudnnPlan *plan);

/** Whether the plan came from the cache's folder. */
bool lk_cudnn_plan_restored(const LkCudnnPlan *plan);

/** Ends one use of a plan. May be NULL. */
void lk_cudnn_plan_free(LkCudnnPlan *plan);
