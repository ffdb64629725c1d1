#include "dataset/cache_store.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      "LKCACHE1"
#define HOST_ORDER UINT32_C(0x01020304) /* an entry of a machine with another byte order counts as damaged */

/* What stands before the values. */
typedef struct Header {
    char magic[8];
    uint32_t byte_order;
    uint32_t kind;
    uint32_t sides[3];
    uint32_t reserved;
    uint64_t count;
    uint64_t values_hash;
    uint8_t key[32];
    uint64_t header_hash; /* of all before */
} Header;

_Static_assert(sizeof(Header) == 88, "the header has no holes");

size_t lk_cache_shape_count(LkCacheShape shape)
{
    uint64_t count = 1;
    for (int i = 0; i < 3; i++) {
        if (shape.sides[i] == 0 || count * shape.sides[i] > UINT32_MAX)
            return 0;
        count *= shape.sides[i];
    }
    return (size_t)count;
}

char *lk_cache_store_path(const char *folder, const LkCacheKey *key)
{
    char hex[65];
    for (int i = 0; i < 32; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", key->bytes[i]);
    return g_strdup_printf("%s/%.2s/%s.lkc", folder, hex, hex + 2);
}

static Header make_header(const LkCacheKey *key, LkCacheShape shape, size_t count, uint64_t values_hash)
{
    Header header = {.byte_order = HOST_ORDER, .kind = shape.kind, .count = count, .values_hash = values_hash};
    memcpy(header.magic, MAGIC, sizeof header.magic);
    memcpy(header.sides, shape.sides, sizeof header.sides);
    memcpy(header.key, key->bytes, sizeof header.key);
    header.header_hash = lk_hash64(&header, offsetof(Header, header_hash), 0);
    return header;
}

static bool read_exactly(int file, void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t got = read(file, (char *)out + done, size - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Reads and checks an open entry, without memory of its own: there may be none, and no step shall fail for that. */
static bool read_entry(int file, const LkCacheKey *key, LkCacheShape shape, size_t count, float *out)
{
    Header header;
    struct stat info;
    const size_t size = count * sizeof(float);
    if (fstat(file, &info) != 0 || (uint64_t)info.st_size != sizeof header + size ||
        !read_exactly(file, &header, sizeof header))
        return false;
    const Header expected = make_header(key, shape, count, header.values_hash);
    if (memcmp(&header, &expected, sizeof header) != 0)
        return false;
    if (read_exactly(file, out, size) && lk_hash64(out, size, header.kind) == header.values_hash)
        return true;
    memset(out, 0, size);
    return false;
}

LkCacheAnswer lk_cache_store_get(const char *folder, const LkCacheKey *key, LkCacheShape shape, float *out)
{
    const size_t count = lk_cache_shape_count(shape);
    g_autofree char *path = lk_cache_store_path(folder, key);
    const int file = count ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file < 0)
        return LK_CACHE_MISS;
    const bool read_well = read_entry(file, key, shape, count, out);
    close(file);
    return read_well ? LK_CACHE_HIT : LK_CACHE_DAMAGED;
}

static bool write_entry(const char *path, const Header *header, const float *data, LkError *error)
{
    LkFileWriter *writer = lk_file_writer_new(path, error);
    if (!writer)
        return false;
    if (lk_file_writer_write(writer, header, sizeof *header, error) &&
        lk_file_writer_write(writer, data, header->count * sizeof(float), error))
        return lk_file_writer_commit(writer, error);
    lk_file_writer_abandon(writer);
    return false;
}

bool lk_cache_store_put(const char *folder, const LkCacheKey *key, LkCacheShape shape, const float *data,
                        GError **error)
{
    const size_t count = lk_cache_shape_count(shape);
    if (count == 0)
        return lk_set_error(error, LK_ERROR_USAGE, _("A cache entry of %u x %u x %u values cannot be stored."),
                            shape.sides[0], shape.sides[1], shape.sides[2]);
    const Header header = make_header(key, shape, count, lk_hash64(data, count * sizeof(float), shape.kind));
    g_autofree char *path = lk_cache_store_path(folder, key);
    g_autofree char *parent = g_path_get_dirname(path);
    LkError cause = {0};
    if (lk_make_folders(parent, &cause) && write_entry(path, &header, data, &cause))
        return true;
    lk_error_prefix(&cause, _("The cache cannot be written; free some space or choose another cache folder"));
    return lk_gerror_take(error, &cause);
}
