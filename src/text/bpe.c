#include "text/bpe.h"

#include "base/memory.h"

#include <glib.h>
#include <string.h>

#define NONE       INT32_MAX
#define SHORT_WORD 32 /* words up to this length are merged by looking through all pairs */

typedef struct Slot {
    uint32_t key; /* left << 16 | right */
    int32_t id;   /* 0: empty (no merge makes token 0) */
} Slot;

struct LkBpe {
    Slot *slots;
    uint32_t mask;
    uint16_t *pairs;
    int count, first_id;
};

static uint32_t slot_of(const LkBpe *bpe, uint32_t key)
{
    uint32_t at = (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 40) & bpe->mask;
    while (bpe->slots[at].id && bpe->slots[at].key != key)
        at = (at + 1) & bpe->mask;
    return at;
}

static bool add_merge(LkBpe *bpe, uint16_t left, uint16_t right, int32_t id)
{
    uint32_t key = (uint32_t)left << 16 | right;
    Slot *slot = &bpe->slots[slot_of(bpe, key)];
    if (left >= id || right >= id || slot->id)
        return false;
    *slot = (Slot){key, id};
    return true;
}

LkBpe *lk_bpe_new(const uint16_t *pairs, int count, int first_id, LkError *error)
{
    if (count < 0 || first_id < 1 || first_id + count > UINT16_MAX + 1)
        return NULL;
    LkBpe *bpe = g_new0(LkBpe, 1);
    bpe->mask = 255;
    while (bpe->mask < 2u * (uint32_t)count)
        bpe->mask = 2 * bpe->mask + 1;
    bpe->slots = lk_memory_new(bpe->mask + 1, sizeof *bpe->slots, error);
    bpe->pairs = lk_memory_new((size_t)count, 2 * sizeof *pairs, error);
    if (!bpe->slots || !bpe->pairs) {
        lk_bpe_free(bpe);
        return NULL;
    }
    memcpy(bpe->pairs, pairs, (size_t)count * 2 * sizeof *pairs);
    bpe->count = count;
    bpe->first_id = first_id;
    for (int i = 0; i < count; i++) {
        if (!add_merge(bpe, pairs[2 * i], pairs[2 * i + 1], first_id + i)) {
            lk_bpe_free(bpe);
            return NULL;
        }
    }
    return bpe;
}

void lk_bpe_free(LkBpe *bpe)
{
    if (!bpe)
        return;
    g_free(bpe->slots);
    g_free(bpe->pairs);
    g_free(bpe);
}

bool lk_bpe_parts(const LkBpe *bpe, int32_t id, int32_t *left, int32_t *right)
{
    if (id < bpe->first_id || id - bpe->first_id >= bpe->count)
        return false;
    *left = bpe->pairs[2 * (id - bpe->first_id)];
    *right = bpe->pairs[2 * (id - bpe->first_id) + 1];
    return true;
}

/* The token that two neighbours join to, or NONE. Its id is also its rank. */
static int32_t joined(const LkBpe *bpe, int32_t left, int32_t right)
{
    int32_t id = bpe->slots[slot_of(bpe, (uint32_t)left << 16 | (uint32_t)right)].id;
    return id ? id : NONE;
}

static size_t merge_short(const LkBpe *bpe, int32_t *symbols, size_t count)
{
    int32_t next[SHORT_WORD]; /* what symbols[i] and symbols[i + 1] join to */
    for (size_t i = 0; i + 1 < count; i++)
        next[i] = joined(bpe, symbols[i], symbols[i + 1]);
    while (count > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < count; i++)
            if (next[i] < next[best])
                best = i;
        if (next[best] == NONE)
            break;
        symbols[best] = next[best];
        memmove(symbols + best + 1, symbols + best + 2, (count - best - 2) * sizeof *symbols);
        count--;
        if (best + 1 < count)
            memmove(next + best + 1, next + best + 2, (count - best - 2) * sizeof *next);
        if (best + 1 < count)
            next[best] = joined(bpe, symbols[best], symbols[best + 1]);
        if (best > 0)
            next[best - 1] = joined(bpe, symbols[best - 1], symbols[best]);
    }
    return count;
}

/* Long words: a heap of candidate merges over a doubly linked list of symbols. A candidate whose symbols have changed
 * since is recognised when it comes up, by what its place would join to now. */
typedef struct Candidate {
    int32_t id;
    uint32_t at; /* index of the left symbol */
} Candidate;

typedef struct LongWord {
    const LkBpe *bpe;
    int32_t *symbols;
    uint32_t *next, *previous; /* index of the neighbour, or `count` */
    uint32_t count;
    Candidate *heap;
    size_t heap_size;
} LongWord;

static bool earlier(Candidate a, Candidate b)
{
    return a.id != b.id ? a.id < b.id : a.at < b.at;
}

static void push(LongWord *word, uint32_t at)
{
    if (word->next[at] == word->count)
        return;
    Candidate new = {joined(word->bpe, word->symbols[at], word->symbols[word->next[at]]), at};
    if (new.id == NONE)
        return;
    size_t i = word->heap_size++;
    for (; i > 0 && earlier(new, word->heap[(i - 1) / 2]); i = (i - 1) / 2)
        word->heap[i] = word->heap[(i - 1) / 2];
    word->heap[i] = new;
}

static Candidate pop(LongWord *word)
{
    Candidate top = word->heap[0], last = word->heap[--word->heap_size];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < word->heap_size; i = child) {
        if (child + 1 < word->heap_size && earlier(word->heap[child + 1], word->heap[child]))
            child++;
        if (!earlier(word->heap[child], last))
            break;
        word->heap[i] = word->heap[child];
    }
    word->heap[i] = last;
    return top;
}

/* Joins the symbol at `at` with its right neighbour and offers the two new pairs. */
static void join(LongWord *word, uint32_t at, int32_t id)
{
    uint32_t gone = word->next[at], after = word->next[gone];
    word->symbols[at] = id;
    word->symbols[gone] = -1;
    word->next[at] = after;
    if (after != word->count)
        word->previous[after] = at;
    if (word->previous[at] != word->count)
        push(word, word->previous[at]);
    push(word, at);
}

static size_t merge_long(const LkBpe *bpe, int32_t *symbols, size_t count)
{
    g_autofree uint32_t *links = g_new(uint32_t, 2 * count);
    g_autofree Candidate *heap = g_new(Candidate, 3 * count); /* count - 1 at first and two for each join */
    LongWord word = {bpe, symbols, links, links + count, (uint32_t)count, heap, 0};
    for (uint32_t i = 0; i < count; i++) {
        word.next[i] = i + 1;
        word.previous[i] = i ? i - 1 : word.count;
    }
    for (uint32_t i = 0; i + 1 < count; i++)
        push(&word, i);
    while (word.heap_size) {
        Candidate top = pop(&word);
        if (symbols[top.at] < 0 || word.next[top.at] == word.count)
            continue;
        if (joined(bpe, symbols[top.at], symbols[word.next[top.at]]) == top.id)
            join(&word, top.at, top.id);
    }
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (symbols[i] >= 0)
            symbols[left++] = symbols[i];
    return left;
}

size_t lk_bpe_merge(const LkBpe *bpe, int32_t *symbols, size_t count)
{
    if (count > SHORT_WORD && count < UINT32_MAX / 4)
        return merge_long(bpe, symbols, count);
    return count > SHORT_WORD ? count : merge_short(bpe, symbols, count);
}
