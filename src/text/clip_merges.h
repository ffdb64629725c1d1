/* data/tokenizers/clip_merges.bin as it is compiled in; the build makes clip_merges.c from it with embed.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const uint8_t lk_clip_merges[];
extern const size_t lk_clip_merges_size;
