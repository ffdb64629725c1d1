#include "dataset/file_index.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_LINE  "lorikeet file hashes 1\n"
#define LARGEST    ((size_t)256 << 20) /* of the stored index: about two million files */
#define CHUNK      ((size_t)1 << 20)
#define YOUNG_NSEC INT64_C(2000000000)

/* What identifies a file that has not changed. */
typedef struct Stamp {
    uint64_t device, inode, size;
    int64_t modified; /* nanoseconds */
} Stamp;

typedef struct Hash {
    uint8_t bytes[32];
} Hash;

struct LkFileIndex {
    char *path;
    GHashTable *hashes; /* Stamp → Hash */
    bool grown;
    GMutex lock;
};

static guint stamp_hash(const void *stamp)
{
    return (guint)lk_hash64(stamp, sizeof(Stamp), 0);
}

static gboolean stamp_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Stamp)) == 0;
}

static int hex_digit(char c)
{
    return g_ascii_xdigit_value(c);
}

/* One line: device inode size modified hash. */
static bool parse_line(const char *line, Stamp *stamp, Hash *hash)
{
    int used = 0;
    if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %n", &stamp->device, &stamp->inode, &stamp->size,
               &stamp->modified, &used) != 4 ||
        used == 0 || strlen(line + used) != 64)
        return false;
    for (int i = 0; i < 32; i++) {
        const int high = hex_digit(line[used + 2 * i]), low = hex_digit(line[used + 2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Adds what the stored file has and the table lacks. */
static void merge_stored(LkFileIndex *index)
{
    LkError ignored = {0}; /* no index, or one that cannot be read, only costs time */
    char *text = NULL;
    size_t size = 0;
    if (!lk_file_read(index->path, LARGEST, &text, &size, &ignored))
        return;
    if (g_str_has_prefix(text, HEAD_LINE)) {
        for (char *line = text + strlen(HEAD_LINE), *end; (end = strchr(line, '\n')); line = end + 1) {
            Stamp stamp = {0};
            Hash hash;
            *end = '\0';
            if (parse_line(line, &stamp, &hash) && !g_hash_table_contains(index->hashes, &stamp))
                g_hash_table_insert(index->hashes, g_memdup2(&stamp, sizeof stamp), g_memdup2(&hash, sizeof hash));
        }
    }
    free(text);
}

LkFileIndex *lk_file_index_open(const char *path)
{
    LkFileIndex *index = g_new0(LkFileIndex, 1);
    index->path = g_strdup(path);
    index->hashes = g_hash_table_new_full(stamp_hash, stamp_equal, g_free, g_free);
    g_mutex_init(&index->lock);
    merge_stored(index);
    return index;
}

void lk_file_index_free(LkFileIndex *index)
{
    if (!index)
        return;
    g_hash_table_unref(index->hashes);
    g_mutex_clear(&index->lock);
    g_free(index->path);
    g_free(index);
}

static Stamp stamp_of(const struct stat *info)
{
    return (Stamp){(uint64_t)info->st_dev, (uint64_t)info->st_ino, (uint64_t)info->st_size,
                   (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec};
}

static bool is_young(const Stamp *stamp)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return stamp->modified > (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - YOUNG_NSEC;
}

static bool hash_content(int file, uint8_t out[32])
{
    g_autofree uint8_t *chunk = g_malloc(CHUNK);
    LkSha256 state;
    lk_sha256_init(&state);
    ssize_t got;
    while ((got = read(file, chunk, CHUNK)) != 0) {
        if (got < 0 && errno != EINTR)
            return false;
        lk_sha256_update(&state, chunk, got > 0 ? (size_t)got : 0);
    }
    lk_sha256_final(&state, out);
    return true;
}

static bool recall(LkFileIndex *index, const Stamp *stamp, uint8_t out[32])
{
    g_mutex_lock(&index->lock);
    const Hash *known = g_hash_table_lookup(index->hashes, stamp);
    if (known)
        memcpy(out, known->bytes, sizeof known->bytes);
    g_mutex_unlock(&index->lock);
    return known != NULL;
}

static void remember(LkFileIndex *index, const Stamp *stamp, const uint8_t hash[32])
{
    g_mutex_lock(&index->lock);
    g_hash_table_replace(index->hashes, g_memdup2(stamp, sizeof *stamp), g_memdup2(hash, sizeof(Hash)));
    index->grown = true;
    g_mutex_unlock(&index->lock);
}

static bool hash_open_file(LkFileIndex *index, int file, uint8_t out[32], bool *was_known)
{
    struct stat before, after;
    if (fstat(file, &before) != 0)
        return false;
    const Stamp stamp = stamp_of(&before);
    *was_known = recall(index, &stamp, out);
    if (*was_known)
        return true;
    if (!hash_content(file, out) || fstat(file, &after) != 0)
        return false;
    const Stamp later = stamp_of(&after);
    if (stamp_equal(&stamp, &later) && !is_young(&stamp))
        remember(index, &stamp, out);
    return true;
}

bool lk_file_index_hash(LkFileIndex *index, const char *path, uint8_t out[32], bool *was_known, GError **error)
{
    bool unused;
    was_known = was_known ? was_known : &unused;
    *was_known = false;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool hashed = file >= 0 && hash_open_file(index, file, out, was_known);
    const int problem = errno;
    if (file >= 0)
        close(file);
    if (hashed)
        return true;
    g_autofree char *shown = g_filename_display_name(path);
    return lk_set_error(error, LK_ERROR_IO, _("%s: The file cannot be read: %s."), shown, g_strerror(problem));
}

bool lk_file_index_save(LkFileIndex *index, GError **error)
{
    g_mutex_lock(&index->lock);
    if (!index->grown) {
        g_mutex_unlock(&index->lock);
        return true;
    }
    merge_stored(index);
    g_autoptr(GString) text = g_string_new(HEAD_LINE);
    GHashTableIter iter;
    void *key, *value;
    g_hash_table_iter_init(&iter, index->hashes);
    while (g_hash_table_iter_next(&iter, &key, &value) && text->len < LARGEST - 512) {
        const Stamp *stamp = key;
        g_string_append_printf(text, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " ", stamp->device, stamp->inode,
                               stamp->size, stamp->modified);
        for (int i = 0; i < 32; i++)
            g_string_append_printf(text, "%02x", ((const Hash *)value)->bytes[i]);
        g_string_append_c(text, '\n');
    }
    LkError cause = {0};
    const bool saved = lk_file_replace(index->path, text->str, text->len, &cause);
    index->grown = !saved;
    g_mutex_unlock(&index->lock);
    return saved || lk_gerror_take(error, &cause);
}
