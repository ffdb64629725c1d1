/* All kernels for all element types: name_f32, name_bf16, name_f16. The optimizer exists as name_f32 only. */
#pragma once

#include "kernels/args.h"
#include "kernels/dynamic.h"
#include "kernels/elementary.h"
#include "kernels/lane.h"
#include "kernels/low_rank.h"
#include "kernels/shape.h"
#include "kernels/span.h"

#define T                float
#define LK_SUFFIX        f32
#define LK_FLOAT_KERNELS 1
#include "kernels/sources.inc"
#undef T
#undef LK_SUFFIX
#undef LK_FLOAT_KERNELS

#define T         LkBf16
#define LK_SUFFIX bf16
#include "kernels/sources.inc"
#undef T
#undef LK_SUFFIX

#define T         LkF16
#define LK_SUFFIX f16
#include "kernels/sources.inc"
#undef T
#undef LK_SUFFIX
