#include "app/dataset/picture_content.h"

#include "base/hash.h"

#include <string.h>

/* Without a look it needs no place for one. */
LkPictureContent *lk_picture_content_new(const uint8_t hash[32], const LkLook *look)
{
    LkPictureContent *content = g_atomic_rc_box_alloc0(look ? sizeof *content : offsetof(LkPictureContent, look));
    memcpy(content->hash, hash, sizeof content->hash);
    content->has_look = look != NULL;
    if (look)
        content->look = *look;
    return content;
}

/* False for a text that is none. */
static bool read_hash(const char *hex, uint8_t hash[32])
{
    if (!hex || strlen(hex) != 64)
        return false;
    for (int i = 0; i < 32; i++)
        hash[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    return true;
}

/* The look as it was stored; false where the text is none. */
static bool read_look(const LkPictureRecord *record, LkLook *look)
{
    gsize size = 0;
    g_autofree guchar *colours = record->has_perceptual && record->look ? g_base64_decode(record->look, &size) : NULL;
    if (size != LK_LOOK_COLOURS)
        return false;
    look->hash = (guint64)record->perceptual;
    memcpy(look->colours, colours, size);
    return true;
}

LkPictureContent *lk_picture_content_from_record(const LkPictureRecord *record)
{
    uint8_t hash[32] = {0};
    LkLook look;
    const bool has_hash = read_hash(record->hash, hash), has_look = read_look(record, &look);
    return has_hash || has_look ? lk_picture_content_new(hash, has_look ? &look : NULL) : NULL;
}

void lk_picture_content_to_record(const LkPictureContent *content, LkPictureRecord *record, GPtrArray *texts)
{
    record->hash = record->look = NULL;
    record->has_perceptual = content && content->has_look;
    record->perceptual = record->has_perceptual ? (gint64)content->look.hash : 0;
    if (!content)
        return;
    char *hash = g_malloc(65);
    lk_sha256_write(content->hash, hash);
    g_ptr_array_add(texts, hash);
    record->hash = hash;
    if (!content->has_look)
        return;
    char *colours = g_base64_encode(content->look.colours, LK_LOOK_COLOURS);
    g_ptr_array_add(texts, colours);
    record->look = colours;
}
