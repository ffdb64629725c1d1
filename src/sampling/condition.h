/* What the U-Net is told of the prompts: their text states, weighted as brackets say, and for SDXL the pooled text and
 * sizes. Private to this folder. */
#pragma once

#include "sampling/stage.h"
#include "text/clip_tokenizer.h"

/** Of negative prompt and prompt, or of the prompt alone. */
typedef struct LkCondition {
    float *states; /* [batch,L,C] */
    float *pooled; /* [batch,P]; NULL: none */
    float *sizes;  /* [batch,LK_SIZE_COUNT]: of a picture that was not cut */
} LkCondition;

void lk_condition_clear(LkCondition *condition);

/** How many parts of 75 tokens the request's texts take, brackets and numbers of weights left out. */
int lk_condition_chunks(const LkClipTokenizer *tokenizer, const LkPictureRequest *request);

/** Runs the text encoders, whose stage has memory, and fills the condition; false leaves it empty. */
bool lk_condition_encode(LkCondition *condition, LkStage *text, const LkModelArch *arch,
                         const LkClipTokenizer *tokenizer, const LkPictureRequest *request, LkError *error);
