/* The CLIP text encoder (Radford et al., arXiv:2103.00020) as Stable Diffusion 1.x uses it. */
#pragma once

#include "model/builder.h"

/** ids i32 [N·chunks,77] → states [N,L,C] for the U-Net. clip_skip 2 takes the last but one block's output; the final
 * norm follows in any case. With several chunks of 77 tokens, L = 75·chunks + 2: the first chunk's beginning, the words
 * of all, the last chunk's end. */
LkRef lk_clip_build(LkBuilder *builder, const LkTextArch *arch, LkRef ids, int chunks, int clip_skip);
