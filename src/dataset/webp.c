#include "dataset/webp.h"

#include "format/gerror.h"

#ifdef LK_WITH_WEBP

#include <glib/gi18n.h>
#include <webp/decode.h>
#include <webp/demux.h>

static LkPixels *decode_still(const uint8_t *data, size_t size, GError **error)
{
    int width, height;
    if (!WebPGetInfo(data, size, &width, &height))
        return NULL;
    LkPixels *pixels = lk_pixels_new(width, height, error);
    if (pixels && !WebPDecodeRGBInto(data, size, pixels->data, (size_t)width * 3 * (size_t)height, 3 * width)) {
        lk_pixels_free(pixels);
        return NULL;
    }
    return pixels;
}

static LkPixels *decode_first_frame(const uint8_t *data, size_t size, GError **error)
{
    const WebPData all = {data, size};
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&all, NULL);
    WebPAnimInfo info;
    uint8_t *frame = NULL;
    int time;
    LkPixels *pixels = NULL;
    if (decoder && WebPAnimDecoderGetInfo(decoder, &info) && WebPAnimDecoderGetNext(decoder, &frame, &time))
        pixels = lk_pixels_new((int)info.canvas_width, (int)info.canvas_height, error);
    const size_t count = pixels ? (size_t)pixels->width * (size_t)pixels->height : 0;
    for (size_t i = 0; i < count; i++) {
        pixels->data[3 * i] = frame[4 * i];
        pixels->data[3 * i + 1] = frame[4 * i + 1];
        pixels->data[3 * i + 2] = frame[4 * i + 2];
    }
    WebPAnimDecoderDelete(decoder);
    return pixels;
}

bool lk_webp_available(void)
{
    return true;
}

LkPixels *lk_webp_decode(const uint8_t *data, size_t size, bool animated, GError **error)
{
    g_autoptr(GError) memory = NULL;
    LkPixels *pixels = animated ? decode_first_frame(data, size, &memory) : decode_still(data, size, &memory);
    if (!pixels && memory)
        g_propagate_error(error, g_steal_pointer(&memory));
    else if (!pixels)
        lk_set_error(error, LK_ERROR_FORMAT,
                     _("The WebP data is damaged; replace it, or open and save it in an image editor."));
    return pixels;
}

#else

bool lk_webp_available(void)
{
    return false;
}

LkPixels *lk_webp_decode(const uint8_t *data, size_t size, bool animated, GError **error)
{
    (void)data, (void)size, (void)animated;
    lk_set_error(error, LK_ERROR_UNSUPPORTED, _("This program was built without libwebp."));
    return NULL;
}

#endif
