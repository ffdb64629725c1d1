#include "app/dataset/duplicates.h"

#include "base/hash.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void clear(gpointer data)
{
    g_free(((LkTwinCandidate *)data)->path);
}

GArray *lk_twin_candidates_new(void)
{
    GArray *candidates = g_array_new(FALSE, TRUE, sizeof(LkTwinCandidate));
    g_array_set_clear_func(candidates, clear);
    return candidates;
}

static bool hash_file(LkTwinCandidate *candidate)
{
    static const size_t size = 1 << 16;
    const int fd = open(candidate->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    g_autofree uint8_t *piece = g_malloc(size);
    LkSha256 state;
    lk_sha256_init(&state);
    ssize_t got;
    while ((got = read(fd, piece, size)) > 0)
        lk_sha256_update(&state, piece, (size_t)got);
    lk_sha256_final(&state, candidate->hash);
    close(fd);
    return got == 0;
}

/* The places of those whose size a fresh one and another have. */
static GArray *same_sized(GArray *candidates)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GHashTable) fresh = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < candidates->len; i++) {
        LkTwinCandidate *candidate = &g_array_index(candidates, LkTwinCandidate, i);
        const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, &candidate->bytes));
        g_hash_table_insert(counts, &candidate->bytes, GUINT_TO_POINTER(count + 1));
        if (candidate->fresh)
            g_hash_table_add(fresh, &candidate->bytes);
    }
    GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < candidates->len; i++) {
        LkTwinCandidate *candidate = &g_array_index(candidates, LkTwinCandidate, i);
        if (candidate->bytes > 0 && g_hash_table_contains(fresh, &candidate->bytes) &&
            GPOINTER_TO_UINT(g_hash_table_lookup(counts, &candidate->bytes)) > 1)
            g_array_append_val(places, i);
    }
    return places;
}

static guint hash_of_content(const void *hash)
{
    guint value;
    memcpy(&value, hash, sizeof value);
    return value;
}

static gboolean same_content(const void *a, const void *b)
{
    return memcmp(a, b, 32) == 0;
}

void lk_twins_find(GArray *candidates, GCancellable *cancellable, void (*progress)(void *data, guint done, guint total),
                   void *data)
{
    g_autoptr(GArray) places = same_sized(candidates);
    g_autoptr(GHashTable) contents = g_hash_table_new(hash_of_content, same_content);
    for (guint i = 0; i < places->len && !g_cancellable_is_cancelled(cancellable); i++) {
        LkTwinCandidate *candidate = &g_array_index(candidates, LkTwinCandidate, g_array_index(places, guint, i));
        if (progress)
            progress(data, i, places->len);
        candidate->has_hash = candidate->has_hash || hash_file(candidate);
        if (candidate->has_hash && !candidate->fresh)
            g_hash_table_insert(contents, candidate->hash, candidate);
    }
    for (guint i = 0; i < places->len && !g_cancellable_is_cancelled(cancellable); i++) {
        LkTwinCandidate *candidate = &g_array_index(candidates, LkTwinCandidate, g_array_index(places, guint, i));
        if (!candidate->fresh || !candidate->has_hash)
            continue;
        const LkTwinCandidate *twin = g_hash_table_lookup(contents, candidate->hash);
        if (twin)
            candidate->twin = twin->path;
        else
            g_hash_table_insert(contents, candidate->hash, candidate);
    }
}
