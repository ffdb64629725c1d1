/* libFuzzer: any bytes as a picture. The first byte picks sniffing alone (fast) or decoding too. */
#include "dataset/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const bool decode = data[0] & 1;
    /* A copy of the exact size, so that a read behind the end is seen. */
    g_autofree uint8_t *copy = g_memdup2(data + 1, size - 1);
    lk_picture_sniff(copy, size - 1, true);
    const LkPictureInfo info = lk_picture_sniff(copy, size - 1, false);
    if (decode && (int64_t)info.width * info.height < 1 << 20) {
        g_autoptr(LkPixels) pixels = lk_picture_decode(copy, size - 1, NULL, NULL);
    }
    return 0;
}
