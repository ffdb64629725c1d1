#include "dataset/webp.h"

#include "format/gerror.h"

#ifdef LK_WITH_WEBP

#include <glib/gi18n.h>
#include <webp/decode.h>
#include <webp/demux.h>

/* The colours of R, G, B, A, or the opacity as grey. */
static void take_channels(const uint8_t *rgba, bool opacity, LkPixels *out)
{
    const size_t count = (size_t)out->width * (size_t)out->height;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++)
            out->data[3 * i + c] = rgba[4 * i + (opacity ? 3 : c)];
}

static LkPixels *decode_opacity(const uint8_t *data, size_t size, GError **error)
{
    int width, height;
    uint8_t *rgba = WebPDecodeRGBA(data, size, &width, &height);
    LkPixels *pixels = rgba ? lk_pixels_new(width, height, error) : NULL;
    if (pixels)
        take_channels(rgba, true, pixels);
    WebPFree(rgba);
    return pixels;
}

static LkPixels *decode_still(const uint8_t *data, size_t size, bool opacity, GError **error)
{
    int width, height;
    if (opacity)
        return decode_opacity(data, size, error);
    if (!WebPGetInfo(data, size, &width, &height))
        return NULL;
    LkPixels *pixels = lk_pixels_new(width, height, error);
    if (pixels && !WebPDecodeRGBInto(data, size, pixels->data, (size_t)width * 3 * (size_t)height, 3 * width)) {
        lk_pixels_free(pixels);
        return NULL;
    }
    return pixels;
}

static LkPixels *decode_first_frame(const uint8_t *data, size_t size, bool opacity, GError **error)
{
    const WebPData all = {data, size};
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&all, NULL);
    WebPAnimInfo info;
    uint8_t *frame = NULL;
    int time;
    LkPixels *pixels = NULL;
    if (decoder && WebPAnimDecoderGetInfo(decoder, &info) && WebPAnimDecoderGetNext(decoder, &frame, &time))
        pixels = lk_pixels_new((int)info.canvas_width, (int)info.canvas_height, error);
    if (pixels)
        take_channels(frame, opacity, pixels);
    WebPAnimDecoderDelete(decoder);
    return pixels;
}

bool lk_webp_available(void)
{
    return true;
}

LkPixels *lk_webp_decode(const uint8_t *data, size_t size, bool animated, bool opacity, GError **error)
{
    g_autoptr(GError) memory = NULL;
    LkPixels *pixels =
        animated ? decode_first_frame(data, size, opacity, &memory) : decode_still(data, size, opacity, &memory);
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

LkPixels *lk_webp_decode(const uint8_t *data, size_t size, bool animated, bool opacity, GError **error)
{
    (void)data, (void)size, (void)animated, (void)opacity;
    lk_set_error(error, LK_ERROR_UNSUPPORTED, _("This program was built without libwebp."));
    return NULL;
}

#endif
