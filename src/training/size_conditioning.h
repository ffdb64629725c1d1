/* What SDXL's U-Net is told of a picture's sizes (Podell et al., arXiv:2307.01952, section 2.2), as sd-scripts finds it
 * (get_crop_ltrb and __getitem__ in library/train_util.py). */
#pragma once

#include "dataset/bucket.h"
#include "model/arch.h"

/** Height and width of the picture, top and left of the cut, height and width of the bucket. The cut is the border that
 * would be left if the whole picture were fitted into the bucket, half on each side: this is what sd-scripts tells, not
 * what is cut off. Of a mirrored picture left is counted from the other side. */
void lk_size_conditioning(LkSize picture, LkSize bucket, bool flipped, float sizes[LK_SIZE_COUNT]);
