#include "format/zip_writer.h"

#include "base/buffer.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LOCAL_SIGNATURE      0x04034b50u
#define CENTRAL_SIGNATURE    0x02014b50u
#define END_SIGNATURE        0x06054b50u
#define ZIP64_END_SIGNATURE  0x06064b50u
#define ZIP64_FIND_SIGNATURE 0x07064b50u
#define ZIP64_EXTRA          0x0001
#define PADDING_EXTRA        0x4246 /* "FB", the tag PyTorch's own writer uses for padding */
#define DOS_DATE_1980        0x0021 /* no clock in the file: the same bytes each time */
#define UTF8_NAMES           0x0800
#define DIRECTORY_MAX        ((size_t)1 << 30)

struct LkZipWriter {
    LkFileWriter *file;
    unsigned alignment;
    uint64_t at; /* bytes written so far */
    uint64_t entries;
    LkBuffer directory; /* central headers, written at the end */
};

/* A record being put together: little-endian fields in order. */
typedef struct Record {
    uint8_t bytes[128];
    size_t size;
} Record;

static void put(Record *record, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        record->bytes[record->size++] = (uint8_t)(value >> (8 * i));
}

static uint64_t capped(uint64_t value, uint64_t mark)
{
    return value < mark ? value : mark;
}

LkZipWriter *lk_zip_writer_new(const char *path, unsigned alignment, LkError *error)
{
    LkZipWriter *writer = calloc(1, sizeof *writer);
    if (!writer) {
        lk_fail(error, LK_ERROR_MEMORY, _("Not enough memory to write %s."), path);
        return NULL;
    }
    writer->alignment = alignment;
    writer->directory = lk_buffer_init(DIRECTORY_MAX);
    writer->file = lk_file_writer_new(path, error);
    if (writer->file)
        return writer;
    lk_zip_writer_abandon(writer);
    return NULL;
}

static bool write_bytes(LkZipWriter *writer, const void *data, uint64_t size, LkError *error)
{
    writer->at += size;
    return lk_file_writer_write(writer->file, data, (size_t)size, error);
}

static uint32_t checksum(const void *data, uint64_t size)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, (z_size_t)size);
}

/* The fields that local and central headers share: version needed … uncompressed size. */
static void put_common(Record *record, uint32_t crc, uint64_t size, bool zip64)
{
    put(record, zip64 ? 45 : 20, 2);
    put(record, UTF8_NAMES, 2);
    put(record, 0, 2); /* stored */
    put(record, 0, 2); /* time */
    put(record, DOS_DATE_1980, 2);
    put(record, crc, 4);
    put(record, capped(size, UINT32_MAX), 4);
    put(record, capped(size, UINT32_MAX), 4);
}

/* Local header with name, ZIP64 sizes if needed, and padding that aligns what follows. */
static bool write_local(LkZipWriter *writer, const char *name, uint32_t crc, uint64_t size, LkError *error)
{
    static const uint8_t zeros[4096];
    size_t name_size = strlen(name);
    bool zip64 = size >= UINT32_MAX;
    size_t extra64 = zip64 ? 20 : 0;
    /* The padding is an extra field of its own: 4 bytes of tag and length, then zeros. */
    uint64_t unpadded = writer->at + 30 + name_size + extra64 + 4;
    size_t padding = (size_t)(-unpadded & (writer->alignment - 1));

    Record record = {.size = 0};
    put(&record, LOCAL_SIGNATURE, 4);
    put_common(&record, crc, size, zip64);
    put(&record, name_size, 2);
    put(&record, extra64 + 4 + padding, 2);
    Record extra = {.size = 0};
    if (zip64) {
        put(&extra, ZIP64_EXTRA, 2);
        put(&extra, 16, 2);
        put(&extra, size, 8);
        put(&extra, size, 8);
    }
    put(&extra, PADDING_EXTRA, 2);
    put(&extra, padding, 2);
    return write_bytes(writer, record.bytes, record.size, error) && write_bytes(writer, name, name_size, error) &&
           write_bytes(writer, extra.bytes, extra.size, error) && write_bytes(writer, zeros, padding, error);
}

static bool add_central(LkZipWriter *writer, const char *name, uint32_t crc, uint64_t size, uint64_t offset,
                        LkError *error)
{
    bool large = size >= UINT32_MAX, far = offset >= UINT32_MAX;
    Record extra = {.size = 0};
    if (large || far) {
        put(&extra, ZIP64_EXTRA, 2);
        put(&extra, (large ? 16 : 0) + (far ? 8 : 0), 2);
        if (large) {
            put(&extra, size, 8);
            put(&extra, size, 8);
        }
        if (far)
            put(&extra, offset, 8);
    }
    Record record = {.size = 0};
    put(&record, CENTRAL_SIGNATURE, 4);
    put(&record, large || far ? 45 : 20, 2); /* made by */
    put_common(&record, crc, size, large || far);
    put(&record, strlen(name), 2);
    put(&record, extra.size, 2);
    put(&record, 0, 2); /* comment */
    put(&record, 0, 2); /* disk */
    put(&record, 0, 2); /* internal attributes */
    put(&record, 0, 4); /* external attributes */
    put(&record, capped(offset, UINT32_MAX), 4);
    return lk_buffer_append(&writer->directory, record.bytes, record.size, error) &&
           lk_buffer_append(&writer->directory, name, strlen(name), error) &&
           lk_buffer_append(&writer->directory, extra.bytes, extra.size, error);
}

bool lk_zip_writer_add(LkZipWriter *writer, const char *name, const void *data, uint64_t size, LkError *error)
{
    if (strlen(name) > 1024)
        return lk_fail(error, LK_ERROR_FORMAT, _("The name of a ZIP entry is longer than 1024 bytes."));
    uint64_t offset = writer->at;
    uint32_t crc = checksum(data, size);
    writer->entries++;
    return write_local(writer, name, crc, size, error) && write_bytes(writer, data, size, error) &&
           add_central(writer, name, crc, size, offset, error);
}

static void put_zip64_end(Record *record, const LkZipWriter *writer, uint64_t start)
{
    uint64_t end = start + writer->directory.size;
    put(record, ZIP64_END_SIGNATURE, 4);
    put(record, 44, 8); /* size of the rest of this record */
    put(record, 45, 2);
    put(record, 45, 2);
    put(record, 0, 4);
    put(record, 0, 4);
    put(record, writer->entries, 8);
    put(record, writer->entries, 8);
    put(record, writer->directory.size, 8);
    put(record, start, 8);
    put(record, ZIP64_FIND_SIGNATURE, 4);
    put(record, 0, 4);
    put(record, end, 8);
    put(record, 1, 4);
}

static bool write_directory(LkZipWriter *writer, LkError *error)
{
    uint64_t start = writer->at, entries = writer->entries;
    if (!write_bytes(writer, writer->directory.data, writer->directory.size, error))
        return false;
    Record record = {.size = 0};
    if (entries >= UINT16_MAX || start >= UINT32_MAX || writer->directory.size >= UINT32_MAX)
        put_zip64_end(&record, writer, start);
    put(&record, END_SIGNATURE, 4);
    put(&record, 0, 2);
    put(&record, 0, 2);
    put(&record, capped(entries, UINT16_MAX), 2);
    put(&record, capped(entries, UINT16_MAX), 2);
    put(&record, capped(writer->directory.size, UINT32_MAX), 4);
    put(&record, capped(start, UINT32_MAX), 4);
    put(&record, 0, 2);
    return write_bytes(writer, record.bytes, record.size, error);
}

bool lk_zip_writer_commit(LkZipWriter *writer, LkError *error)
{
    bool ok = write_directory(writer, error);
    if (ok) {
        ok = lk_file_writer_commit(writer->file, error);
        writer->file = NULL;
    }
    lk_zip_writer_abandon(writer);
    return ok;
}

void lk_zip_writer_abandon(LkZipWriter *writer)
{
    if (!writer)
        return;
    lk_file_writer_abandon(writer->file);
    lk_buffer_clear(&writer->directory);
    free(writer);
}
