#include "training/size_conditioning.h"

#include <math.h>

void lk_size_conditioning(LkSize picture, LkSize bucket, bool flipped, float sizes[LK_SIZE_COUNT])
{
    double aspect = (double)picture.width / picture.height, width = bucket.width, height = bucket.height;
    if (width / height > aspect)
        width = height * aspect;
    else
        height = width / aspect;
    double left = floor((bucket.width - width) / 2), top = floor((bucket.height - height) / 2);
    if (flipped)
        left = bucket.width - (left + width);
    const double all[LK_SIZE_COUNT] = {picture.height, picture.width, top, left, bucket.height, bucket.width};
    for (int i = 0; i < LK_SIZE_COUNT; i++)
        sizes[i] = (float)trunc(all[i]);
}
