#include "format/png.h"

#include "base/file.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>

/* What libpng calls back with. Everything that must survive a longjmp is in here, on the heap or behind a pointer. */
typedef struct Context {
    LkFileWriter *writer;
    LkError fault;
    png_structp png;
    png_infop info;
} Context;

static void on_error(png_structp png, png_const_charp message)
{
    Context *context = png_get_error_ptr(png);
    lk_fail(&context->fault, LK_ERROR_FORMAT, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
}

static void on_write(png_structp png, png_bytep data, size_t size)
{
    Context *context = png_get_io_ptr(png);
    if (!lk_file_writer_write(context->writer, data, size, &context->fault))
        png_longjmp(png, 1);
}

static void on_flush(png_structp png)
{
}

/* UTF-8 as Latin-1, or NULL where a character is outside it. */
static char *to_latin1(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c > 0xFF) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_c(out, (char)c);
    }
    return g_string_free(out, FALSE);
}

static bool check_picture(const char *path, int width, int height, size_t stride, const LkMetadata *texts,
                          GError **error)
{
    if (width < 1 || height < 1 || width > 1000000 || height > 1000000 || stride < 3 * (size_t)width)
        return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: %d x %d is no possible picture size."), path,
                            width, height);
    for (size_t i = 0; i < lk_metadata_count(texts); i++) {
        const char *key = lk_metadata_key(texts, i);
        bool good = *key && strlen(key) <= 79 && *key != ' ' && key[strlen(key) - 1] != ' ' && !strstr(key, "  ");
        for (const char *p = key; *p && good; p++)
            good = g_ascii_isprint(*p);
        if (!good)
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: \"%s\" cannot name a text in a PNG."), path,
                                key);
        if (!g_utf8_validate(lk_metadata_value(texts, i), -1, NULL))
            return lk_set_error(error, LK_ERROR_FORMAT, _("Cannot write %s: its text \"%s\" is not UTF-8."), path, key);
    }
    return true;
}

/* libpng copies what it is given. `texts` is checked. */
static void set_texts(Context *context, const LkMetadata *texts)
{
    for (size_t i = 0; i < lk_metadata_count(texts); i++) {
        const char *value = lk_metadata_value(texts, i);
        char *latin1 = to_latin1(value);
        png_text text = {.compression = latin1 ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
                         .key = (char *)lk_metadata_key(texts, i),
                         .text = latin1 ? latin1 : (char *)value,
                         .text_length = latin1 ? strlen(latin1) : 0,
                         .itxt_length = latin1 ? 0 : strlen(value)};
        png_set_text(context->png, context->info, &text, 1);
        g_free(latin1);
    }
}

static bool encode(Context *context, const uint8_t *rgb, int width, int height, size_t stride, const LkMetadata *texts)
{
    if (setjmp(png_jmpbuf(context->png)))
        return false;
    png_set_write_fn(context->png, context, on_write, on_flush);
    png_set_IHDR(context->png, context->info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    set_texts(context, texts);
    png_write_info(context->png, context->info);
    for (int y = 0; y < height; y++)
        png_write_row(context->png, rgb + (size_t)y * stride);
    png_write_end(context->png, NULL);
    return true;
}

bool lk_png_write(const char *path, const uint8_t *rgb, int width, int height, size_t stride, const LkMetadata *texts,
                  GError **error)
{
    if (!check_picture(path, width, height, stride, texts, error))
        return false;
    Context context = {0};
    context.writer = lk_file_writer_new(path, &context.fault);
    if (!context.writer)
        return lk_gerror_take(error, &context.fault);
    context.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &context, on_error, on_warning);
    context.info = context.png ? png_create_info_struct(context.png) : NULL;
    bool ok = false;
    if (!context.info)
        lk_fail(&context.fault, LK_ERROR_MEMORY, _("libpng could not start"));
    else
        ok = encode(&context, rgb, width, height, stride, texts);
    png_destroy_write_struct(&context.png, &context.info);
    if (ok) {
        ok = lk_file_writer_commit(context.writer, &context.fault);
    } else {
        lk_file_writer_abandon(context.writer);
        if (context.fault.code != LK_ERROR_IO)
            lk_error_prefix(&context.fault, _("Cannot write %s"), path);
    }
    return ok ? true : lk_gerror_take(error, &context.fault);
}
