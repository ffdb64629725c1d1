/* The values of parameters that are one of a few; included by the table of parameters alone. */
#pragma once

#include "training/job.h"

#include <glib/gi18n.h>

/* clang-format off */
static const LkChoice token_lengths[] = {
    {"75", 75, N_("75 tokens")}, {"150", 150, N_("150 tokens")}, {"225", 225, N_("225 tokens")}, {NULL}};

static const LkChoice interpolations[] = {
    {"auto", LK_INTERPOLATION_AUTO, N_("Automatic")}, {"area", LK_INTERPOLATION_AREA, N_("Area")},
    {"lanczos", LK_INTERPOLATION_LANCZOS, N_("Lanczos")}, {"bicubic", LK_INTERPOLATION_CUBIC, N_("Bicubic")},
    {"bilinear", LK_INTERPOLATION_LINEAR, N_("Bilinear")}, {"nearest", LK_INTERPOLATION_NEAREST, N_("Nearest")},
    {"box", LK_INTERPOLATION_BOX, N_("Box")}, {"cubic", LK_INTERPOLATION_CUBIC}, {"linear", LK_INTERPOLATION_LINEAR},
    {NULL}};

static const LkChoice network_modules[] = {
    {"networks.lora", LK_NETWORK_LORA, N_("LoRA")}, {"networks.loha", LK_NETWORK_LOHA, N_("LoHa")},
    {"networks.lokr", LK_NETWORK_LOKR, N_("LoKr")}, {"lycoris.kohya", LK_NETWORK_LYCORIS, N_("LyCORIS")},
    {"networks.lora_fa", .not_yet = true}, {"networks.dylora", .not_yet = true}, {"networks.oft", .not_yet = true},
    {"networks.lora_flux", .not_yet = true}, {"networks.oft_flux", .not_yet = true},
    {"networks.lora_sd3", .not_yet = true}, {"networks.lora_lumina", .not_yet = true},
    {"networks.lora_anima", .not_yet = true}, {"networks.lora_hunyuan_image", .not_yet = true}, {NULL}};

static const LkChoice algos[] = {
    {"lora", LK_ALGO_LORA, N_("LoRA, LoCon")}, {"locon", LK_ALGO_LORA}, {"loha", LK_ALGO_LOHA, N_("LoHa")},
    {"lokr", LK_ALGO_LOKR, N_("LoKr")}, {"ia3", .not_yet = true}, {"dylora", .not_yet = true},
    {"glora", .not_yet = true}, {"full", .not_yet = true}, {"diag-oft", .not_yet = true}, {"boft", .not_yet = true},
    {"tlora", .not_yet = true}, {NULL}};

static const LkChoice presets_of_lycoris[] = {
    {"full", LK_PRESET_FULL, N_("All layers")}, {"attn-mlp", LK_PRESET_ATTN_MLP, N_("Attention and feed-forward")},
    {"full-lin", .not_yet = true}, {"attn-only", .not_yet = true}, {"unet-only", .not_yet = true},
    {"unet-transformer-only", .not_yet = true}, {"unet-convblock-only", .not_yet = true}, {"ia3", .not_yet = true},
    {NULL}};

static const LkChoice optimizers[] = {
    {"AdamW", LK_OPTIMIZER_ADAMW, N_("AdamW")}, {"", LK_OPTIMIZER_ADAMW},
    {"PagedAdamW", LK_OPTIMIZER_ADAMW}, {"PagedAdamW32bit", LK_OPTIMIZER_ADAMW},
    {"torch.optim.AdamW", LK_OPTIMIZER_ADAMW},
    {"AdamW8bit", LK_OPTIMIZER_ADAMW_8BIT, N_("AdamW, 8-bit state")}, {"PagedAdamW8bit", LK_OPTIMIZER_ADAMW_8BIT},
    {"Adam", LK_OPTIMIZER_ADAM, N_("Adam")}, {"torch.optim.Adam", LK_OPTIMIZER_ADAM},
    {"Prodigy", LK_OPTIMIZER_PRODIGY, N_("Prodigy")},
    {"DAdaptAdam", LK_OPTIMIZER_DADAPT_ADAM, N_("D-Adapt Adam")},
    {"AdamWScheduleFree", LK_OPTIMIZER_SCHEDULE_FREE, N_("AdamW, schedule-free")},
    {"Adafactor", LK_OPTIMIZER_ADAFACTOR, N_("Adafactor")},
    {"Lion", LK_OPTIMIZER_LION, N_("Lion")},
    {"Lion8bit", LK_OPTIMIZER_LION_8BIT, N_("Lion, 8-bit state")}, {"PagedLion8bit", LK_OPTIMIZER_LION_8BIT},
    {"SGDNesterov", LK_OPTIMIZER_SGD, N_("SGD with Nesterov momentum")},
    {"SGDNesterov8bit", .not_yet = true}, {"AdEMAMix8bit", .not_yet = true}, {"PagedAdEMAMix8bit", .not_yet = true},
    {"DAdaptation", .not_yet = true}, {"DAdaptAdamPreprint", .not_yet = true}, {"DAdaptAdaGrad", .not_yet = true},
    {"DAdaptAdan", .not_yet = true}, {"DAdaptAdanIP", .not_yet = true}, {"DAdaptLion", .not_yet = true},
    {"DAdaptSGD", .not_yet = true}, {"RAdamScheduleFree", .not_yet = true}, {"SGDScheduleFree", .not_yet = true},
    {NULL}};

static const LkChoice lr_schedulers[] = {
    {"constant", LK_LR_CONSTANT, N_("Constant")},
    {"constant_with_warmup", LK_LR_CONSTANT_WITH_WARMUP, N_("Constant, with warm-up")},
    {"linear", LK_LR_LINEAR, N_("Linear")},
    {"cosine", LK_LR_COSINE, N_("Cosine")},
    {"cosine_with_restarts", LK_LR_COSINE_WITH_RESTARTS, N_("Cosine with restarts")},
    {"polynomial", LK_LR_POLYNOMIAL, N_("Polynomial")},
    {"cosine_with_min_lr", LK_LR_COSINE_WITH_MIN_LR, N_("Cosine to a lowest rate")},
    {"warmup_stable_decay", LK_LR_WARMUP_STABLE_DECAY, N_("Warm-up, stable, decay")},
    {"inverse_sqrt", LK_LR_INVERSE_SQRT, N_("Inverse square root")},
    {"piecewise_constant", LK_LR_PIECEWISE_CONSTANT, N_("Piecewise constant")},
    {"adafactor", LK_LR_ADAFACTOR, N_("Adafactor's own")}, {NULL}};

static const LkChoice loss_types[] = {
    {"l2", LK_LOSS_L2, N_("Mean square (l2)")}, {"l1", LK_LOSS_L1, N_("Mean distance (l1)")},
    {"huber", LK_LOSS_HUBER, N_("Huber")}, {"smooth_l1", LK_LOSS_SMOOTH_L1, N_("Smooth l1")}, {NULL}};

static const LkChoice huber_schedules[] = {
    {"snr", LK_HUBER_SNR, N_("By noise level")}, {"constant", LK_HUBER_CONSTANT, N_("Constant")},
    {"exponential", LK_HUBER_EXPONENTIAL, N_("Exponential")}, {NULL}};

static const LkChoice mixed_precisions[] = {
    {"no", LK_MIXED_NO, N_("No (float32)")}, {"fp16", LK_MIXED_FP16, N_("fp16")},
    {"bf16", LK_MIXED_BF16, N_("bf16")}, {NULL}};

static const LkChoice base_precisions[] = {
    {"auto", LK_BASE_AUTO, N_("As “Precision” says")}, {"int8", LK_BASE_INT8, N_("8 bits, whole numbers (int8)")},
    {"fp8", LK_BASE_FP8, N_("8 bits, floating point (fp8)")}, {NULL}};

static const LkChoice base_offloads[] = {
    {"none", LK_OFFLOAD_NONE, N_("None")}, {"auto", LK_OFFLOAD_AUTO, N_("As much as needed")},
    {"all", LK_OFFLOAD_ALL, N_("All")}, {NULL}};

static const LkChoice vae_tilings[] = {
    {"auto", LK_VAE_TILING_AUTO, N_("Where needed")}, {"true", LK_VAE_TILING_ON, N_("Always")},
    {"false", LK_VAE_TILING_OFF, N_("Never")}, {NULL}};

static const LkChoice save_formats[] = {
    {"safetensors", LK_SAVE_AS_SAFETENSORS, N_("safetensors")}, {"pt", LK_SAVE_AS_PT, N_("PyTorch (.pt)")},
    {"ckpt", .not_yet = true}, {NULL}};

static const LkChoice save_precisions[] = {
    {"float", LK_SAVE_FLOAT, N_("float32")}, {"fp16", LK_SAVE_FP16, N_("fp16")}, {"bf16", LK_SAVE_BF16, N_("bf16")},
    {"fp32", LK_SAVE_FLOAT}, {NULL}};

static const LkChoice samplers[] = { /* rows of sampling/sampler.c */
    {"ddim", .title = N_("DDIM")}, {"euler", .title = N_("Euler")}, {"euler_a", .title = N_("Euler a")},
    {"dpmsolver++", .title = N_("DPM++ 2M")}, {"dpmpp_2m_karras", .title = N_("DPM++ 2M Karras")},
    {"dpmpp_sde_karras", .title = N_("DPM++ SDE Karras")}, {"dpmpp_sde", .title = N_("DPM++ SDE")},
    {"dpmpp_2m_sde_karras", .title = N_("DPM++ 2M SDE Karras")}, {"dpmpp_2m_sde", .title = N_("DPM++ 2M SDE")},
    {"dpmpp_2s_a_karras", .title = N_("DPM++ 2S a Karras")}, {"dpmpp_2s_a", .title = N_("DPM++ 2S a")},
    {"dpmsingle", .title = N_("DPM++ 2S")}, {"dpmsolver", .title = N_("DPM-Solver 2M")}, {"heun", .title = N_("Heun")},
    {"dpm_2", .title = N_("DPM2")}, {"dpm_2_a", .title = N_("DPM2 a")}, {"lms", .title = N_("LMS")},
    {"pndm", .title = N_("PLMS")}, {"k_lms"}, {"k_euler"}, {"k_euler_a"}, {"k_dpm_2"}, {"k_dpm_2_a"}, {NULL}};
/* clang-format on */
