/* The text encoders of the CLIP kind (Radford et al., arXiv:2103.00020; OpenCLIP: arXiv:2212.07143) as Stable Diffusion
 * 1.x, 2.x and XL use them. */
#pragma once

#include "model/builder.h"

/** What the U-Net is given of a text encoder. */
typedef struct LkClipStates {
    LkRef states; /* [N,L,C] */
    LkRef pooled; /* [N,P]; LK_NONE where there is none */
} LkClipStates;

/** ids i32 [N·chunks,77] → states [N,L,C] for the U-Net. clip_skip 2 takes the last but one block's output and the
 * final norm follows in any case; SDXL's encoders give what their last block reads, without a norm, whatever clip_skip
 * is. With several chunks of 77 tokens, L = 75·chunks + 2: the first chunk's beginning, the words of all, the last
 * chunk's end. An encoder with a projection also needs `rows` T [N,N·chunks·77]: of each caption a 1 at the token whose
 * normed output is projected (lk_text_rows), else zeros. */
LkClipStates lk_clip_build(LkBuilder *builder, const LkTextArch *arch, LkRef ids, LkRef rows, int chunks,
                           int clip_skip);
