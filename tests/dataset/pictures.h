/* Picture files made in memory for tests: PNG of any kind by hand, the rest by the usual libraries. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib.h>
#include <jpeglib.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

/** Four quadrants: red, green / blue, grey; free with g_free. Packed RGB. */
__attribute__((unused)) static uint8_t *quadrants(int width, int height)
{
    static const uint8_t colours[4][3] = {{230, 20, 20}, {20, 220, 20}, {20, 20, 230}, {128, 128, 128}};
    uint8_t *rgb = g_malloc((gsize)(width * height * 3));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(rgb + (y * width + x) * 3, colours[(y >= height / 2) * 2 + (x >= width / 2)], 3);
    return rgb;
}

static void append_big_endian(GByteArray *out, uint32_t value)
{
    const uint32_t swapped = GUINT32_TO_BE(value);
    g_byte_array_append(out, (const guint8 *)&swapped, 4);
}

/** One PNG chunk. */
__attribute__((unused)) static void png_chunk(GByteArray *out, const char *name, const void *data, guint size)
{
    append_big_endian(out, size);
    const guint start = out->len;
    g_byte_array_append(out, (const guint8 *)name, 4);
    if (size)
        g_byte_array_append(out, data, size);
    append_big_endian(out, (uint32_t)crc32(crc32(0, NULL, 0), out->data + start, out->len - start));
}

/** The signature and header of a PNG. */
__attribute__((unused)) static GByteArray *png_begin(uint32_t width, uint32_t height, uint8_t bits, uint8_t colour)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
    g_autoptr(GByteArray) header = g_byte_array_new();
    append_big_endian(header, width);
    append_big_endian(header, height);
    const uint8_t rest[5] = {bits, colour, 0, 0, 0};
    g_byte_array_append(header, rest, 5);
    png_chunk(out, "IHDR", header->data, header->len);
    return out;
}

/** The pixels (height rows of row_size bytes) and the end. */
__attribute__((unused)) static void png_finish(GByteArray *out, const uint8_t *pixels, guint height, guint row_size)
{
    g_autoptr(GByteArray) rows = g_byte_array_new();
    for (guint y = 0; y < height; y++) {
        g_byte_array_append(rows, (const guint8 *)"\0", 1);
        g_byte_array_append(rows, pixels + y * row_size, row_size);
    }
    uLongf size = compressBound(rows->len);
    g_autofree uint8_t *packed = g_malloc(size);
    compress2(packed, &size, rows->data, rows->len, 6);
    png_chunk(out, "IDAT", packed, (guint)size);
    png_chunk(out, "IEND", NULL, 0);
}

/** An RGB PNG of the quadrants. */
__attribute__((unused)) static GByteArray *png_quadrants(int width, int height)
{
    g_autofree uint8_t *rgb = quadrants(width, height);
    GByteArray *out = png_begin((uint32_t)width, (uint32_t)height, 8, 2);
    png_finish(out, rgb, (guint)height, (guint)width * 3);
    return out;
}

/** The quadrants by gdk-pixbuf: "jpeg", "bmp". */
__attribute__((unused)) static GByteArray *pixbuf_quadrants(const char *type, int width, int height)
{
    g_autofree uint8_t *rgb = quadrants(width, height);
    g_autoptr(GdkPixbuf) pixbuf =
        gdk_pixbuf_new_from_data(rgb, GDK_COLORSPACE_RGB, FALSE, 8, width, height, width * 3, NULL, NULL);
    char *data = NULL;
    gsize size = 0;
    gdk_pixbuf_save_to_buffer(pixbuf, &data, &size, type, NULL, NULL);
    return g_byte_array_new_take((guint8 *)data, size);
}

/** A JPEG from raw samples of a libjpeg colour space. */
__attribute__((unused)) static GByteArray *jpeg_from(const uint8_t *samples, int width, int height, int components,
                                                     J_COLOR_SPACE space, bool progressive)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = components;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    for (int c = 0; c < components; c++) /* no smaller chroma, so that edges stay where they are */
        jpeg.comp_info[c].h_samp_factor = jpeg.comp_info[c].v_samp_factor = 1;
    if (progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        g_autofree JSAMPLE *row = g_memdup2(samples + y * width * components, (gsize)(width * components));
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, data, (guint)size);
    free(data);
    return out;
}

/** The TIFF block of EXIF data with one tag, the orientation. */
__attribute__((unused)) static GByteArray *exif_block(int orientation, bool big)
{
    GByteArray *out = g_byte_array_new();
    if (big) {
        const uint8_t block[26] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 1,
                                   1,   0x12, 0, 3,  0, 0, 0, 1, 0, (uint8_t)orientation};
        g_byte_array_append(out, block, sizeof block);
    } else {
        const uint8_t block[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (uint8_t)orientation};
        g_byte_array_append(out, block, sizeof block);
    }
    return out;
}

/** Puts an EXIF segment behind the start marker of a JPEG. */
__attribute__((unused)) static GByteArray *with_jpeg_exif(const GByteArray *jpeg, int orientation, bool big)
{
    g_autoptr(GByteArray) block = exif_block(orientation, big);
    const guint length = block->len + 8;
    const uint8_t head[10] = {0xFF, 0xE1, (uint8_t)(length >> 8), (uint8_t)length, 'E', 'x', 'i', 'f', 0, 0};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, jpeg->data, 2);
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, block->data, block->len);
    g_byte_array_append(out, jpeg->data + 2, jpeg->len - 2);
    return out;
}

/** A GIF of 2 × 2 pixels with one or two frames (white, then black). */
__attribute__((unused)) static GByteArray *gif(bool animated)
{
    static const uint8_t head[] = {'G', 'I', 'F', '8', '9', 'a', 2, 0, 2, 0, 0x80, 0, 0, 255, 255, 255, 0, 0, 0};
    /* LZW of minimum size 2: clear, four pixels, end. White is index 0. */
    static const uint8_t white[] = {0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 2, 0x84, 0x51, 0};
    static const uint8_t black[] = {0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 2, 0x8C, 0x53, 0};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, white, sizeof white);
    if (animated)
        g_byte_array_append(out, black, sizeof black);
    g_byte_array_append(out, (const guint8 *)";", 1);
    return out;
}
