/* What is said of a picture of the Test page, from its settings. */
#pragma once

#include "app/test/lora_list.h"
#include "app/test/test_picture.h"

/** "Epoch 8, strength 0.7", "Epoch 8, strength 0.7, and 2 more LoRAs", "Without LoRA". `folders` as for
 * lk_lora_list_find. Free with g_free. */
char *lk_picture_title(const LkInfotext *infotext, LkLoraList *loras, const char *folders);

/** "Seed 42 · 20 steps · Euler a · CFG 7 · 512 × 512 · 4.1 s"; what is not known is left out. Free with g_free. */
char *lk_picture_caption(const LkInfotext *infotext, double seconds);

/** For the side of a comparison: "Strength 0.7"; "With 2 LoRAs". Free with g_free. */
char *lk_picture_strength(const char *prompt);
