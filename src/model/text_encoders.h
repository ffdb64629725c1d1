/* All text encoders of a model, and what the U-Net is given of them. */
#pragma once

#include "model/builder.h"

/** Inputs that the host writes, and results. */
typedef struct LkTextEncoders {
    LkRef ids[LK_MAX_TEXTS]; /* i32 [batch·chunks,77] of each encoder */
    LkRef rows;              /* f32 [batch,batch·chunks·77] (lk_text_rows), or LK_NONE */
    LkRef states;            /* [batch,L,C]: of all encoders side by side */
    LkRef pooled;            /* [batch,P], or LK_NONE */
} LkTextEncoders;

/** Builds them for captions of `chunks` pieces of 75 tokens. */
LkTextEncoders lk_text_encoders_build(LkBuilder *builder, const LkModelArch *arch, int64_t batch, int chunks,
                                      int clip_skip);

/** Elements of `rows`. */
int64_t lk_text_rows_count(const LkModelArch *arch, int64_t batch, int chunks);

/** Fills `rows` from the token ids of the encoder with a pooled output (the last one): a 1 at each caption's first
 * end-of-text token in its first chunk. */
void lk_text_rows(const LkModelArch *arch, const int32_t *ids, int64_t batch, int chunks, float *rows);

/** Tokens in the states of a caption: 77, or 75·chunks + 2. */
int64_t lk_text_length(const LkModelArch *arch, int chunks);
