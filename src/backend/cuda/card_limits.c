/* The generations of NVIDIA cards, and sentences about them. The attention's columns are those of the support matrix of
 * cuDNN 9.18 and of what plans could be built for (tests/cudnn). */
#include "backend/cuda/card_limits.h"

#include <stdio.h>

static const LkCardLimits table[] = {
    /* sm, generation, examples, fp16, bf16, tf32, fp8, attention, head forward, head backward, backward workspace */
    {75, "Turing", "GTX 16, RTX 20", true, false, false, false, false, 0, 0, false},
    {80, "Ampere", "A100", true, true, true, false, true, 512, 128, true},
    {86, "Ampere", "RTX 30", true, true, true, false, true, 512, 128, true},
    {87, "Ampere", "Jetson Orin", true, true, true, false, true, 512, 128, true},
    {89, "Ada", "RTX 40", true, true, true, true, true, 512, 128, true},
    {90, "Hopper", "H100, H200", true, true, true, true, true, 512, 256, true},
    {100, "Blackwell", "B200", true, true, true, true, true, 512, 128, false},
    {103, "Blackwell", "B300", true, true, true, true, true, 512, 128, false},
    {120, "Blackwell", "RTX 50", true, true, true, true, true, 512, 128, true},
    {121, "Blackwell", "GB10", true, true, true, true, true, 512, 128, true},
};
#define ROWS (int)(sizeof table / sizeof table[0])

const LkCardLimits *lk_card_limits(int sm)
{
    const LkCardLimits *found = NULL;
    for (int i = 0; i < ROWS; i++)
        if (table[i].sm <= sm && (!found || table[i].sm > found->sm))
            found = &table[i];
    return found;
}

static bool trains(const LkCardLimits *limits, LkDType dtype)
{
    return dtype == LK_F32 || (dtype == LK_F16 && limits->fp16) || (dtype == LK_BF16 && limits->bf16);
}

bool lk_card_trains(int sm, LkDType dtype, const char *card, LkError *error)
{
    const LkCardLimits *limits = lk_card_limits(sm);
    if (!limits)
        return lk_fail(error, LK_ERROR_UNSUPPORTED,
                       "%s has compute capability %d.%d, which CUDA 13 and its libraries no longer support. A GeForce "
                       "GTX 16 or RTX 20 "
                       "(7.5) or newer is needed; training on the processor works without one.",
                       card, sm / 10, sm % 10);
    if (trains(limits, dtype))
        return true;
    if (dtype == LK_BF16)
        return lk_fail(
            error, LK_ERROR_UNSUPPORTED,
            "mixed_precision = bf16 needs a GeForce RTX 30 or newer; %s (%s) has no bf16. Choose fp16 or no.", card,
            limits->generation);
    return lk_fail(error, LK_ERROR_UNSUPPORTED, "%s (%s) cannot train in this precision. Choose mixed_precision = no.",
                   card, limits->generation);
}

const char *lk_card_describe(int sm, char *out, size_t size)
{
    const LkCardLimits *limits = lk_card_limits(sm);
    if (!limits) {
        snprintf(out, size, lk_text("compute capability %d.%d, too old for CUDA 13"), sm / 10, sm % 10);
        return out;
    }
    char types[32];
    snprintf(types, sizeof types, "%s%s%s", limits->fp16 ? "fp16" : "", limits->bf16 ? ", bf16" : "",
             limits->fp8 ? ", fp8" : "");
    snprintf(out, size,
             limits->attention ? lk_text("%s %d.%d: %s; fused attention") : lk_text("%s %d.%d: %s; no fused attention"),
             limits->generation, sm / 10, sm % 10, types);
    return out;
}

bool lk_card_is_full(const char *what, LkError *error)
{
    return lk_fail(
        error, LK_ERROR_MEMORY,
        "The graphics card ran out of memory (%s). Close other programs that use it, or lower the batch size, "
        "the resolution or network_dim, or use mixed precision.",
        what);
}
