/* Reads the text entries of a PNG (PNG specification, third edition, sections 5.3 and 11.3.3) by walking its chunks.
 * Own code, because libpng would decompress the whole picture to reach what stands behind it. */
#include "base/file.h"
#include "format/gerror.h"
#include "format/png.h"

#include <glib/gi18n.h>
#include <string.h>
#include <zlib.h>

#define TEXT_MAX  ((size_t)16 << 20) /* bytes of all texts together, after decompression: bounds memory and time */
#define TEXTS_MAX 1000               /* entries read */

typedef struct Chunk {
    char type[5];
    const uint8_t *data;
    uint32_t size;
    uint32_t crc;
} Chunk;

typedef struct Walk {
    const char *name; /* of the file, for messages */
    const uint8_t *data;
    size_t size, at;
    size_t entries; /* text chunks met */
    size_t budget;  /* what is left of TEXT_MAX */
    LkMetadata *texts;
    GError **error;
} Walk;

static bool fail_walk(const Walk *walk, const char *chunk, const char *what)
{
    return lk_set_error(walk->error, LK_ERROR_FORMAT, _("Cannot read the texts of %s: in its chunk \"%s\", %s."),
                        walk->name, chunk, what);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool next_chunk(Walk *walk, Chunk *chunk)
{
    size_t left = walk->size - walk->at;
    const uint8_t *p = walk->data + walk->at;
    if (left < 12)
        return lk_set_error(walk->error, LK_ERROR_FORMAT,
                            _("Cannot read the texts of %s: the picture ends too early; it may have been cut off."),
                            walk->name);
    memcpy(chunk->type, p + 4, 4);
    chunk->type[4] = '\0';
    for (int i = 0; i < 4; i++)
        if (!g_ascii_isalpha(chunk->type[i]))
            return fail_walk(walk, "?", _("the name of a chunk is not made of letters"));
    chunk->size = big_endian(p);
    if (chunk->size > left - 12)
        return fail_walk(walk, chunk->type,
                         _("the length goes beyond the end of the file, which may have been cut off"));
    chunk->data = p + 8;
    chunk->crc = big_endian(p + 8 + chunk->size);
    walk->at += 12 + (size_t)chunk->size;
    return true;
}

/* ------------------------------------------------------------------------------------------- one entry */

/* What a zlib stream holds, with a NUL behind it; NULL when it is broken or larger than the budget, which it uses up.
 */
static char *inflate_text(const uint8_t *data, size_t size, size_t *budget)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    if (inflateInit(&stream) != Z_OK)
        return NULL;
    GByteArray *out = g_byte_array_new();
    uint8_t piece[16384];
    int state = Z_OK;
    while (state == Z_OK && out->len <= *budget) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        state = inflate(&stream, Z_NO_FLUSH);
        g_byte_array_append(out, piece, (guint)(sizeof piece - stream.avail_out));
    }
    inflateEnd(&stream);
    bool whole = state == Z_STREAM_END && out->len <= *budget;
    g_byte_array_append(out, (const guint8 *)"", 1);
    *budget -= MIN(*budget, out->len);
    char *text = (char *)g_byte_array_free(out, FALSE);
    if (whole)
        return text;
    g_free(text);
    return NULL;
}

/* Bytes up to a NUL as a string of their own; the walk goes on behind the NUL. NULL where there is none. */
static char *take_text(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *stop = memchr(*p, 0, (size_t)(end - *p));
    if (!stop)
        return NULL;
    char *text = g_strndup((const char *)*p, (gsize)(stop - *p));
    *p = stop + 1;
    return text;
}

/* Latin-1 has the first 256 code points of Unicode. */
static char *from_latin1(const char *text)
{
    GString *out = g_string_new(NULL);
    for (; *text; text++)
        g_string_append_unichar(out, (unsigned char)*text);
    return g_string_free(out, FALSE);
}

/* iTXt alone has these between key and text: compressed or not, the method, language, translated key. */
static bool skip_international(const uint8_t **p, const uint8_t *end, bool *compressed)
{
    if (end - *p < 2 || (*p)[0] > 1 || (*p)[1] != 0)
        return false;
    *compressed = (*p)[0];
    *p += 2;
    for (int i = 0; i < 2; i++) {
        g_autofree char *passed = take_text(p, end);
        if (!passed)
            return false;
    }
    return true;
}

static bool read_entry(Walk *walk, const Chunk *chunk)
{
    bool international = strcmp(chunk->type, "iTXt") == 0, compressed = strcmp(chunk->type, "zTXt") == 0;
    if (++walk->entries > TEXTS_MAX)
        return fail_walk(walk, chunk->type, _("there is one text too many; at most 1000 are read"));
    if (chunk->size > walk->budget)
        return fail_walk(walk, chunk->type, _("the text is too large: 16 MiB are read in all"));
    walk->budget -= chunk->size;
    if ((uint32_t)crc32(crc32(0, NULL, 0), chunk->data - 4, chunk->size + 4) != chunk->crc)
        return fail_walk(walk, chunk->type, _("the checksum is wrong; the file is damaged"));
    const uint8_t *p = chunk->data, *end = p + chunk->size;
    g_autofree char *raw_key = take_text(&p, end);
    if (!raw_key || !*raw_key)
        return fail_walk(walk, chunk->type, _("the key is missing"));
    if (international && !skip_international(&p, end, &compressed))
        return fail_walk(walk, chunk->type, _("the fields before the text are wrong"));
    if (compressed && !international && (p == end || *p++ != 0))
        return fail_walk(walk, chunk->type, _("the way of compression is not known"));
    g_autofree char *raw =
        compressed ? inflate_text(p, (size_t)(end - p), &walk->budget) : g_strndup((const char *)p, (gsize)(end - p));
    if (!raw)
        return fail_walk(walk, chunk->type, _("the compressed text is damaged or too large (16 MiB are read in all)"));
    g_autofree char *key = from_latin1(raw_key);
    g_autofree char *value = international ? g_utf8_make_valid(raw, -1) : from_latin1(raw);
    lk_metadata_set(walk->texts, key, value);
    return true;
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

LkMetadata *lk_png_read_texts_bytes(const void *data, size_t size, const char *name, GError **error)
{
    if (size < 8 || memcmp(data, "\x89PNG\r\n\x1a\n", 8) != 0) {
        lk_set_error(error, LK_ERROR_FORMAT, _("%s is not a PNG picture."), name);
        return NULL;
    }
    Walk walk = {.name = name,
                 .data = data,
                 .size = size,
                 .at = 8,
                 .budget = TEXT_MAX,
                 .texts = lk_metadata_new(),
                 .error = error};
    if (read_entries(&walk))
        return walk.texts;
    lk_metadata_free(walk.texts);
    return NULL;
}

LkMetadata *lk_png_read_texts(const char *path, GError **error)
{
    LkError fault = {0};
    LkMap map;
    if (!lk_map_open(&map, path, &fault)) {
        lk_gerror_take(error, &fault);
        return NULL;
    }
    LkMetadata *texts = lk_png_read_texts_bytes(map.data, map.size, path, error);
    lk_map_close(&map);
    return texts;
}
