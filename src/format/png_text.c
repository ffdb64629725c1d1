/* Reads the text entries of a PNG (PNG specification, third edition, sections 5.3 and 11.3.3) by walking its chunks.
 * Own code, because libpng would decompress the whole picture to reach what stands behind it. */
#include "base/buffer.h"
#include "base/input.h"
#include "format/gerror.h"
#include "format/png.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TEXT_MAX  ((size_t)16 << 20) /* bytes of all texts together, after decompression: bounds memory and time */
#define TEXTS_MAX 1000               /* entries read */

typedef struct Chunk {
    uint8_t head[8]; /* size and type */
    char type[5];
    uint64_t at; /* where its data begin */
    uint32_t size;
} Chunk;

typedef struct Walk {
    const LkInput *input;
    uint64_t at;
    size_t entries; /* text chunks met */
    size_t budget;  /* what is left of TEXT_MAX */
    LkMetadata *texts;
    GError **error;
} Walk;

static bool fail_walk(const Walk *walk, const char *chunk, const char *what)
{
    return lk_set_error(walk->error, LK_ERROR_FORMAT, _("Cannot read the texts of %s: in its chunk \"%s\", %s."),
                        lk_input_path(walk->input), chunk, what);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool read_bytes(const Walk *walk, uint64_t at, void *to, size_t size)
{
    LkError fault = {0};
    return lk_input_read(walk->input, at, to, size, &fault) || lk_gerror_take(walk->error, &fault);
}

static bool next_chunk(Walk *walk, Chunk *chunk)
{
    const uint64_t left = lk_input_size(walk->input) - walk->at;
    if (left < 12)
        return lk_set_error(walk->error, LK_ERROR_FORMAT,
                            _("Cannot read the texts of %s: the picture ends too early; it may have been cut off."),
                            lk_input_path(walk->input));
    if (!read_bytes(walk, walk->at, chunk->head, sizeof chunk->head))
        return false;
    memcpy(chunk->type, chunk->head + 4, 4);
    chunk->type[4] = '\0';
    for (int i = 0; i < 4; i++)
        if (!g_ascii_isalpha(chunk->type[i]))
            return fail_walk(walk, "?", _("the name of a chunk is not made of letters"));
    chunk->size = big_endian(chunk->head);
    if (chunk->size > left - 12)
        return fail_walk(walk, chunk->type,
                         _("the length goes beyond the end of the file, which may have been cut off"));
    chunk->at = walk->at + 8;
    walk->at += 12 + (uint64_t)chunk->size;
    return true;
}

/* ------------------------------------------------------------------------------------------- one entry */

/* What a zlib stream holds; NULL when it is broken or larger than the budget, which it uses up. Free with free. */
static char *inflate_text(const uint8_t *data, size_t size, size_t *budget)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    if (inflateInit(&stream) != Z_OK)
        return NULL;
    LkBuffer out = lk_buffer_init(*budget);
    uint8_t piece[16384];
    int state = Z_OK;
    bool room = lk_buffer_append(&out, "", 0, NULL); /* an empty text is one */
    while (state == Z_OK && room) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        state = inflate(&stream, Z_NO_FLUSH);
        room = lk_buffer_append(&out, piece, sizeof piece - stream.avail_out, NULL);
    }
    inflateEnd(&stream);
    *budget -= MIN(*budget, out.size + 1);
    if (state == Z_STREAM_END && room)
        return out.data;
    lk_buffer_clear(&out);
    return NULL;
}

/* The text up to a NUL, in place; the walk goes on behind the NUL. NULL where there is none. */
static const char *take_text(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *start = *p, *stop = memchr(start, 0, (size_t)(end - start));
    if (!stop)
        return NULL;
    *p = stop + 1;
    return (const char *)start;
}

/* Latin-1 has the first 256 code points of Unicode. NULL with an error without memory. */
static char *from_latin1(const char *text, GError **error)
{
    char *out = LK_TRY_NEW(char, 2 * strlen(text) + 1, error), *to = out;
    for (; out && *text; text++)
        to += g_unichar_to_utf8((unsigned char)*text, to);
    return out;
}

/* With U+FFFD for every byte that is no UTF-8. NULL with an error without memory. */
static char *from_utf8(const char *text, GError **error)
{
    static const char wrong[] = "\xEF\xBF\xBD";
    char *out = LK_TRY_NEW(char, 3 * strlen(text) + 1, error), *to = out;
    while (out && *text) {
        const char *end;
        bool valid = g_utf8_validate(text, -1, &end);
        memcpy(to, text, (size_t)(end - text));
        to += end - text;
        if (!valid)
            to = stpcpy(to, wrong);
        text = valid ? end : end + 1;
    }
    return out;
}

/* iTXt alone has these between key and text: compressed or not, the method, language, translated key. */
static bool skip_international(const uint8_t **p, const uint8_t *end, bool *compressed)
{
    if (end - *p < 2 || (*p)[0] > 1 || (*p)[1] != 0)
        return false;
    *compressed = (*p)[0];
    *p += 2;
    return take_text(p, end) && take_text(p, end);
}

/* Sets one text, whose key is Latin-1. */
static bool keep(const Walk *walk, const char *raw_key, const char *raw, bool international)
{
    g_autofree char *key = from_latin1(raw_key, walk->error);
    g_autofree char *value = !key ? NULL : international ? from_utf8(raw, walk->error) : from_latin1(raw, walk->error);
    return value && lk_metadata_try_set(walk->texts, key, value, walk->error);
}

/* The bytes of a text chunk, with a NUL behind them. */
static bool parse_entry(Walk *walk, const Chunk *chunk, const uint8_t *bytes)
{
    bool international = strcmp(chunk->type, "iTXt") == 0, compressed = strcmp(chunk->type, "zTXt") == 0;
    const uint8_t *p = bytes, *end = p + chunk->size;
    const char *key = take_text(&p, end);
    if (!key || !*key)
        return fail_walk(walk, chunk->type, _("the key is missing"));
    if (international && !skip_international(&p, end, &compressed))
        return fail_walk(walk, chunk->type, _("the fields before the text are wrong"));
    if (compressed && !international && (p == end || *p++ != 0))
        return fail_walk(walk, chunk->type, _("the way of compression is not known"));
    if (!compressed)
        return keep(walk, key, (const char *)p, international);
    char *text = inflate_text(p, (size_t)(end - p), &walk->budget);
    if (!text)
        return fail_walk(walk, chunk->type, _("the compressed text is damaged or too large (16 MiB are read in all)"));
    bool kept = keep(walk, key, text, international);
    free(text);
    return kept;
}

static bool read_entry(Walk *walk, const Chunk *chunk)
{
    enum { CHECKSUM = 4 };
    if (++walk->entries > TEXTS_MAX)
        return fail_walk(walk, chunk->type, _("there is one text too many; at most 1000 are read"));
    if (chunk->size > walk->budget)
        return fail_walk(walk, chunk->type, _("the text is too large: 16 MiB are read in all"));
    walk->budget -= chunk->size;
    g_autofree uint8_t *bytes = LK_TRY_NEW(uint8_t, (gsize)chunk->size + CHECKSUM, walk->error);
    if (!bytes || !read_bytes(walk, chunk->at, bytes, (size_t)chunk->size + CHECKSUM))
        return false;
    uLong sum = crc32(crc32(0, chunk->head + 4, 4), bytes, chunk->size);
    if ((uint32_t)sum != big_endian(bytes + chunk->size))
        return fail_walk(walk, chunk->type, _("the checksum is wrong; the file is damaged"));
    bytes[chunk->size] = '\0';
    return parse_entry(walk, chunk, bytes);
}

/* ------------------------------------------------------------------------------------------- the walk */

static bool read_entries(Walk *walk)
{
    Chunk chunk;
    if (!next_chunk(walk, &chunk))
        return false;
    if (strcmp(chunk.type, "IHDR") != 0 || chunk.size != 13)
        return fail_walk(walk, chunk.type, _("there should be the picture's size (IHDR)"));
    while (strcmp(chunk.type, "IEND") != 0) {
        if (!next_chunk(walk, &chunk))
            return false;
        if (strcmp(chunk.type, "tEXt") != 0 && strcmp(chunk.type, "zTXt") != 0 && strcmp(chunk.type, "iTXt") != 0)
            continue;
        if (!read_entry(walk, &chunk))
            return false;
    }
    return true;
}

static LkMetadata *read_texts(const LkInput *input, GError **error)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t start[sizeof signature] = {0};
    Walk walk = {.input = input, .at = sizeof start, .budget = TEXT_MAX, .error = error};
    if (!read_bytes(&walk, 0, start, (size_t)MIN(lk_input_size(input), sizeof start)))
        return NULL;
    if (memcmp(start, signature, sizeof start) != 0) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a PNG picture."), lk_input_path(input));
        return NULL;
    }
    walk.texts = lk_metadata_new();
    if (read_entries(&walk))
        return walk.texts;
    lk_metadata_free(walk.texts);
    return NULL;
}

/* Reads from an input, which is freed; NULL: it could not be had. */
static LkMetadata *read_and_free(LkInput *input, const LkError *fault, GError **error)
{
    LkMetadata *texts = input ? read_texts(input, error) : NULL;
    if (!input)
        lk_gerror_take(error, fault);
    lk_input_free(input);
    return texts;
}

LkMetadata *lk_png_read_texts_bytes(const void *data, size_t size, const char *name, GError **error)
{
    LkError fault = {0};
    LkInput *input = lk_input_of_bytes(data, size, name, &fault);
    return read_and_free(input, &fault, error);
}

LkMetadata *lk_png_read_texts(const char *path, GError **error)
{
    LkError fault = {0};
    LkInput *input = lk_input_open(path, &fault);
    return read_and_free(input, &fault, error);
}
