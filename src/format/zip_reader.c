#include "format/zip_reader.h"

#include <glib/gi18n.h>
#include <string.h>

/* Sizes and signatures of APPNOTE.TXT 6.3: end of the directory, its 64-bit forms, an entry in it, an entry's own. */
enum { END_SIZE = 22, LOCATOR_SIZE = 20, END64_SIZE = 56, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, MAX_COMMENT = 65535 };
enum { MAX_ENTRIES = 1000000 };

#define END_MARK     0x06054b50u
#define LOCATOR_MARK 0x07064b50u
#define END64_MARK   0x06064b50u
#define CENTRAL_MARK 0x02014b50u
#define LOCAL_MARK   0x04034b50u

static uint64_t number(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

/* Bytes first..first+count-1 are there. */
static bool holds(size_t size, uint64_t first, uint64_t count)
{
    return first <= size && count <= size - first;
}

typedef struct Directory {
    uint64_t at, size, count;
} Directory;

/* The end of the directory is at the end of the file, before a comment that is nearly always empty. */
static bool find_end(const uint8_t *data, size_t size, size_t *end)
{
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + MAX_COMMENT; back++) {
        size_t at = size - back;
        if (number(data + at, 4) == END_MARK && number(data + at + 20, 2) == back - END_SIZE) {
            *end = at;
            return true;
        }
    }
    return false;
}

static bool read_directory(const uint8_t *data, size_t size, Directory *directory)
{
    size_t end;
    if (!find_end(data, size, &end))
        return false;
    *directory = (Directory){number(data + end + 16, 4), number(data + end + 12, 4), number(data + end + 10, 2)};
    bool large = directory->at == UINT32_MAX || directory->size == UINT32_MAX || directory->count == UINT16_MAX;
    if (large && end >= LOCATOR_SIZE && number(data + end - LOCATOR_SIZE, 4) == LOCATOR_MARK) {
        uint64_t at = number(data + end - LOCATOR_SIZE + 8, 8);
        if (!holds(size, at, END64_SIZE) || number(data + at, 4) != END64_MARK)
            return false;
        *directory = (Directory){number(data + at + 48, 8), number(data + at + 40, 8), number(data + at + 32, 8)};
    }
    return holds(size, directory->at, directory->size) && directory->count <= MAX_ENTRIES;
}

/* Sizes and offset of an entry that do not fit into 32 bits are in its extra field 1, those that do are not. */
static bool read_large(const uint8_t *extra, size_t size, uint64_t *values[3])
{
    for (size_t at = 0; at + 4 <= size;) {
        size_t length = (size_t)number(extra + at + 2, 2), next = at + 4;
        if (length > size - next)
            return false;
        for (int i = 0; i < 3 && number(extra + at, 2) == 1; i++) {
            if (*values[i] != UINT32_MAX)
                continue;
            if (next + 8 > at + 4 + length)
                return false;
            *values[i] = number(extra + next, 8);
            next += 8;
        }
        at += 4 + length;
    }
    return true;
}

/* One entry of the directory at `at`; *length is how long its row is. */
static const char *read_entry(const uint8_t *data, size_t size, const uint8_t *at, size_t left, LkZipEntry *entry,
                              size_t *length)
{
    if (left < CENTRAL_SIZE || number(at, 4) != CENTRAL_MARK)
        return N_("its directory is broken.");
    size_t name = (size_t)number(at + 28, 2), extra = (size_t)number(at + 30, 2), note = (size_t)number(at + 32, 2);
    uint64_t packed = number(at + 20, 4), whole = number(at + 24, 4), offset = number(at + 42, 4);
    uint64_t *values[3] = {&whole, &packed, &offset};
    *length = CENTRAL_SIZE + name + extra + note;
    if (*length > left || !read_large(at + CENTRAL_SIZE + name, extra, values))
        return N_("its directory is broken.");
    if (number(at + 8, 2) & 1)
        return N_("it is encrypted.");
    if (number(at + 10, 2) != 0 || packed != whole)
        return N_("it is compressed; PyTorch's files are not.");
    if (!holds(size, offset, LOCAL_SIZE) || number(data + offset, 4) != LOCAL_MARK)
        return N_("an entry is not where its directory says.");
    uint64_t first = offset + LOCAL_SIZE + number(data + offset + 26, 2) + number(data + offset + 28, 2);
    if (!holds(size, first, whole))
        return N_("it ends in the middle of an entry.");
    g_autofree char *raw = g_strndup((const char *)at + CENTRAL_SIZE, name);
    *entry = (LkZipEntry){g_utf8_make_valid(raw, -1), data + first, (size_t)whole};
    return NULL;
}

static void clear_entry(gpointer entry)
{
    g_free(((LkZipEntry *)entry)->name);
}

LkZip *lk_zip_open(const uint8_t *data, size_t size, char **problem)
{
    Directory directory;
    const char *wrong = size < END_SIZE || !read_directory(data, size, &directory)
                            ? N_("its end is missing; it was not loaded or copied whole.")
                            : NULL;
    LkZip *zip = g_new0(LkZip, 1);
    zip->entries = g_array_new(FALSE, TRUE, sizeof(LkZipEntry));
    zip->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    g_array_set_clear_func(zip->entries, clear_entry);
    size_t used = 0;
    for (uint64_t i = 0; !wrong && i < directory.count; i++) {
        LkZipEntry entry;
        size_t length = 0;
        wrong = read_entry(data, size, data + directory.at + used, (size_t)directory.size - used, &entry, &length);
        used += length;
        if (!wrong)
            g_array_append_val(zip->entries, entry);
    }
    for (guint i = 0; !wrong && i < zip->entries->len; i++) {
        LkZipEntry *entry = &g_array_index(zip->entries, LkZipEntry, i);
        if (!g_hash_table_insert(zip->by_name, entry->name, entry))
            wrong = N_("it has two entries of one name.");
    }
    if (!wrong)
        return zip;
    *problem = g_strdup(_(wrong));
    lk_zip_free(zip);
    return NULL;
}

void lk_zip_free(LkZip *zip)
{
    if (!zip)
        return;
    g_hash_table_unref(zip->by_name);
    g_array_unref(zip->entries);
    g_free(zip);
}

const LkZipEntry *lk_zip_find(const LkZip *zip, const char *name)
{
    return g_hash_table_lookup(zip->by_name, name);
}
