/* Any bytes as a PNG: refused with words, or texts in UTF-8. */
#include "format/gerror.h"
#include "format/png.h"
#include "tests/fuzz/target.h"

#include <string.h>
#include <zlib.h>

static void try_bytes(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    LkMetadata *texts = lk_png_read_texts_bytes(data, size, "fuzz", &error);
    FUZZ_CHECK(!texts == !!error);
    if (error)
        FUZZ_CHECK(error->domain == LK_ERROR && *error->message && g_utf8_validate(error->message, -1, NULL));
    for (size_t i = 0; i < lk_metadata_count(texts); i++) {
        FUZZ_CHECK(*lk_metadata_key(texts, i) && g_utf8_validate(lk_metadata_key(texts, i), -1, NULL));
        FUZZ_CHECK(g_utf8_validate(lk_metadata_value(texts, i), -1, NULL));
    }
    g_clear_error(&error);
    lk_metadata_free(texts);
}

/* Makes signature and checksums right, so that a changed chunk is not refused for them alone. */
static void mend(uint8_t *data, size_t size)
{
    memcpy(data, "\x89PNG\r\n\x1a\n", 8);
    for (size_t at = 8; size - at >= 12;) {
        size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - at - 12)
            return;
        uint8_t *sum = data + at + 8 + length;
        uLong crc = crc32(crc32(0, NULL, 0), data + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            sum[i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_bytes(data, size);
    if (size < 8)
        return 0;
    g_autofree uint8_t *copy = g_memdup2(data, size);
    mend(copy, size);
    try_bytes(copy, size);
    return 0;
}
