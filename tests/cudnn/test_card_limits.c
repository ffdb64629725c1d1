/* What cards can do, and the sentences about it. */
#include "backend/cuda/card_limits.h"
#include "tap.h"

#include <string.h>

/** NVIDIA's "CUDA C++ Programming Guide" (compute capabilities): bf16 and TF32 from 8.0 on, 8-bit floats from 8.9 on.
 */
static void test_types(void)
{
    static const int known[] = {75, 80, 86, 87, 89, 90, 100, 103, 120, 121};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const LkCardLimits *l = lk_card_limits(known[i]);
        tap_ok(l && l->sm == known[i] && l->fp16 && l->bf16 == (known[i] >= 80) && l->tf32 == (known[i] >= 80) &&
                   l->fp8 == (known[i] >= 89),
               "%d: fp16, bf16, TF32 and fp8 are as published", known[i]);
        tap_ok(l && l->attention == (known[i] >= 80) && l->attention_backward <= l->attention_head, "%d: attention",
               known[i]);
    }
    tap_ok(!lk_card_limits(70) && !lk_card_limits(0), "Volta and nothing have no limits");
    tap_ok(lk_card_limits(88)->sm == 87 && lk_card_limits(130)->sm == 121,
           "an unknown card has those of the next lower one");
}

static void test_sentences(void)
{
    char text[128];
    LkError turing = {0}, old = {0};
    tap_ok(!lk_card_trains(75, LK_BF16, "GeForce RTX 2080", &turing) && turing.code == LK_ERROR_UNSUPPORTED &&
               strstr(turing.text, "RTX 30") && strstr(turing.text, "GeForce RTX 2080") && strstr(turing.text, "fp16"),
           "%s", turing.text);
    tap_ok(!lk_card_trains(61, LK_F32, "GeForce GTX 1080", &old) && strstr(old.text, "6.1"), "%s", old.text);
    tap_ok(lk_card_trains(75, LK_F16, "", NULL) && lk_card_trains(75, LK_F32, "", NULL) &&
               lk_card_trains(86, LK_BF16, "", NULL),
           "Turing trains in fp16 and f32, Ampere in bf16");
    tap_ok(strcmp(lk_card_describe(86, text, sizeof text), "Ampere 8.6: fp16, bf16; fused attention") == 0, "%s", text);
    tap_ok(strcmp(lk_card_describe(75, text, sizeof text), "Turing 7.5: fp16; no fused attention") == 0, "%s", text);
    tap_ok(strstr(lk_card_describe(61, text, sizeof text), "6.1") != NULL, "%s", text);
    tap_ok(strlen(lk_card_describe(86, text, 8)) == 7, "a short buffer is not overrun");
}

int main(void)
{
    test_types();
    test_sentences();
    return tap_done();
}
