#include "format/zip_reader.h"

#include "base/memory.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and signatures of APPNOTE.TXT 6.3: end of the directory, its 64-bit forms, an entry in it, an entry's own. */
enum { END_SIZE = 22, LOCATOR_SIZE = 20, END64_SIZE = 56, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, MAX_COMMENT = 65535 };
enum { MAX_ENTRIES = 1000000, MAX_DIRECTORY = 128 << 20 };

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
static bool holds(uint64_t size, uint64_t first, uint64_t count)
{
    return first <= size && count <= size - first;
}

static bool fail(LkError *error, const char *clause)
{
    return lk_fail(error, LK_ERROR_FORMAT, "%s", lk_text(clause));
}

static bool fail_end(LkError *error)
{
    return fail(error, N_("its end is missing; it was not loaded or copied whole."));
}

static bool fail_directory(LkError *error)
{
    return fail(error, N_("its directory is broken."));
}

typedef struct Directory {
    uint64_t at, size, count;
} Directory;

/* ------------------------------------------------------------------ the end of the archive */

/* Where the end of the directory is in the archive's last bytes: at their end, before a comment that is nearly always
 * empty. */
static bool find_end(const uint8_t *tail, size_t size, size_t *end)
{
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + MAX_COMMENT; back++) {
        size_t at = size - back;
        if (number(tail + at, 4) == END_MARK && number(tail + at + 20, 2) == back - END_SIZE) {
            *end = at;
            return true;
        }
    }
    return false;
}

/* The same with numbers of 64 bits, where the file says so right before the end. */
static bool read_directory_64(const LkInput *input, const uint8_t *locator, Directory *directory, LkError *error)
{
    uint8_t end[END64_SIZE];
    uint64_t at = number(locator + 8, 8);
    if (!holds(lk_input_size(input), at, END64_SIZE))
        return fail_end(error);
    if (!lk_input_read(input, at, end, sizeof end, error))
        return false;
    *directory = (Directory){number(end + 48, 8), number(end + 40, 8), number(end + 32, 8)};
    return number(end, 4) == END64_MARK || fail_end(error);
}

static bool parse_end(const LkInput *input, const uint8_t *tail, size_t size, Directory *directory, LkError *error)
{
    size_t end;
    if (!find_end(tail, size, &end))
        return fail_end(error);
    *directory = (Directory){number(tail + end + 16, 4), number(tail + end + 12, 4), number(tail + end + 10, 2)};
    bool large = directory->at == UINT32_MAX || directory->size == UINT32_MAX || directory->count == UINT16_MAX;
    if (large && end >= LOCATOR_SIZE && number(tail + end - LOCATOR_SIZE, 4) == LOCATOR_MARK &&
        !read_directory_64(input, tail + end - LOCATOR_SIZE, directory, error))
        return false;
    return (holds(lk_input_size(input), directory->at, directory->size) && directory->count <= MAX_ENTRIES) ||
           fail_end(error);
}

static bool find_directory(const LkInput *input, Directory *directory, LkError *error)
{
    uint64_t whole = lk_input_size(input);
    size_t size = whole < LOCATOR_SIZE + END_SIZE + MAX_COMMENT ? (size_t)whole : LOCATOR_SIZE + END_SIZE + MAX_COMMENT;
    uint8_t *tail = lk_memory_new(size, 1, error);
    bool found =
        tail && lk_input_read(input, whole - size, tail, size, error) && parse_end(input, tail, size, directory, error);
    free(tail);
    return found;
}

/* ------------------------------------------------------------------ entries */

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

/* Copies a name of `length` bytes, as valid UTF-8. Returns what is behind it. */
static char *copy_name(char *to, const uint8_t *from, size_t length)
{
    const char *wrong = to;
    memcpy(to, from, length);
    to[length] = '\0';
    while (!g_utf8_validate(wrong, -1, &wrong))
        to[wrong - to] = '?';
    return to + length + 1;
}

/* Finds the bytes of an entry behind its own head, which is before them. */
static bool find_bytes(const LkInput *input, uint64_t head_at, LkZipEntry *entry, LkError *error)
{
    uint8_t head[LOCAL_SIZE];
    if (!holds(lk_input_size(input), head_at, LOCAL_SIZE))
        return fail(error, N_("an entry is not where its directory says."));
    if (!lk_input_read(input, head_at, head, sizeof head, error))
        return false;
    if (number(head, 4) != LOCAL_MARK)
        return fail(error, N_("an entry is not where its directory says."));
    entry->offset = head_at + LOCAL_SIZE + number(head + 26, 2) + number(head + 28, 2);
    return holds(lk_input_size(input), entry->offset, entry->size) ||
           fail(error, N_("it ends in the middle of an entry."));
}

/* One entry of the directory at `at`, whose name goes to *names; *length is how long its row is. */
static bool read_entry(const LkInput *input, const uint8_t *at, size_t left, LkZipEntry *entry, char **names,
                       size_t *length, LkError *error)
{
    if (left < CENTRAL_SIZE || number(at, 4) != CENTRAL_MARK)
        return fail_directory(error);
    size_t name = (size_t)number(at + 28, 2), extra = (size_t)number(at + 30, 2), note = (size_t)number(at + 32, 2);
    uint64_t packed = number(at + 20, 4), whole = number(at + 24, 4), offset = number(at + 42, 4);
    uint64_t *values[3] = {&whole, &packed, &offset};
    *length = CENTRAL_SIZE + name + extra + note;
    if (*length > left || !read_large(at + CENTRAL_SIZE + name, extra, values))
        return fail_directory(error);
    if (number(at + 8, 2) & 1)
        return fail(error, N_("it is encrypted."));
    if (number(at + 10, 2) != 0 || packed != whole)
        return fail(error, N_("it is compressed; PyTorch's files are not."));
    entry->name = *names;
    entry->size = whole;
    *names = copy_name(*names, at + CENTRAL_SIZE, name);
    return find_bytes(input, offset, entry, error);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const LkZipEntry *)a)->name, ((const LkZipEntry *)b)->name);
}

/* All entries of a directory, sorted. Their names are shorter than their rows. */
static bool read_entries(LkZip *zip, const LkInput *input, const Directory *directory, const uint8_t *rows,
                         LkError *error)
{
    size_t used = 0, size = (size_t)directory->size;
    zip->entries = lk_memory_new((size_t)directory->count, sizeof *zip->entries, error);
    zip->names = zip->entries ? lk_memory_new(size, 1, error) : NULL;
    char *names = zip->names;
    for (; zip->names && zip->count < directory->count; zip->count++) {
        size_t length = 0;
        if (!read_entry(input, rows + used, size - used, &zip->entries[zip->count], &names, &length, error))
            return false;
        used += length;
    }
    if (!zip->names)
        return false;
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_entries);
    for (size_t i = 1; i < zip->count; i++)
        if (strcmp(zip->entries[i].name, zip->entries[i - 1].name) == 0)
            return fail(error, N_("it has two entries of one name."));
    return true;
}

LkZip *lk_zip_open(const LkInput *input, LkError *error)
{
    Directory directory = {0};
    if (!find_directory(input, &directory, error))
        return NULL;
    if (directory.size > MAX_DIRECTORY) {
        fail_directory(error);
        return NULL;
    }
    LkZip *zip = lk_memory_new(1, sizeof *zip, error);
    uint8_t *rows = zip ? lk_memory_new((size_t)directory.size, 1, error) : NULL;
    bool read = rows && lk_input_read(input, directory.at, rows, (size_t)directory.size, error) &&
                read_entries(zip, input, &directory, rows, error);
    free(rows);
    if (read)
        return zip;
    lk_zip_free(zip);
    return NULL;
}

void lk_zip_free(LkZip *zip)
{
    if (!zip)
        return;
    free(zip->entries);
    free(zip->names);
    free(zip);
}

const LkZipEntry *lk_zip_find(const LkZip *zip, const char *name)
{
    LkZipEntry key = {.name = (char *)(uintptr_t)name};
    return bsearch(&key, zip->entries, zip->count, sizeof *zip->entries, compare_entries);
}
