/* The set of everything that was made and not yet destroyed. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 4096 };

typedef struct Entry {
    struct Entry *next;
    const void *object;
    FakeKind kind;
    int64_t call; /* number of the call that made it */
} Entry;

static struct {
    Entry *bucket[BUCKETS];
    int count[FAKE_KINDS];
} set;

static Entry **find(FakeKind kind, const void *object)
{
    Entry **at = &set.bucket[((uintptr_t)object >> 4) * 2654435761u % BUCKETS];
    while (*at && ((*at)->object != object || (*at)->kind != kind))
        at = &(*at)->next;
    return at;
}

void fake_object_add(FakeKind kind, const void *object)
{
    Entry **at = find(kind, object), *entry = malloc(sizeof *entry);
    if (!entry)
        abort();
    *entry = (Entry){.next = *at, .object = object, .kind = kind, .call = fake_calls()};
    *at = entry;
    set.count[kind]++;
}

bool fake_object_is(FakeKind kind, const void *object)
{
    return object && *find(kind, object);
}

bool fake_object_remove(FakeKind kind, const void *object)
{
    Entry **at = find(kind, object), *entry = *at;
    if (!entry) {
        fake_violate("%p is no %s (any more) and cannot be destroyed.", object, fake_kind_name(kind));
        return false;
    }
    *at = entry->next;
    free(entry);
    set.count[kind]--;
    return true;
}

int fake_object_count(FakeKind kind)
{
    return set.count[kind];
}

const char *fake_kind_name(FakeKind kind)
{
    static const char *const names[FAKE_KINDS] = {
        [FAKE_STREAM] = "stream",
        [FAKE_EVENT] = "event",
        [FAKE_GRAPH] = "graph",
        [FAKE_GRAPH_EXEC] = "executable graph",
        [FAKE_PINNED] = "pinned buffer",
        [FAKE_DEVICE_MEMORY] = "device allocation",
        [FAKE_LT_HANDLE] = "cuBLASLt handle",
        [FAKE_LT_MATMUL_DESC] = "cuBLASLt matmul descriptor",
        [FAKE_LT_LAYOUT] = "cuBLASLt matrix layout",
        [FAKE_LT_PREFERENCE] = "cuBLASLt preference",
        [FAKE_DNN_HANDLE] = "cuDNN handle",
        [FAKE_DNN_DESCRIPTOR] = "cuDNN descriptor",
    };
    return names[kind];
}

int fake_leaks(void)
{
    fake_lock();
    int leaks = 0;
    for (int b = 0; b < BUCKETS; b++)
        for (const Entry *entry = set.bucket[b]; entry; entry = entry->next)
            if (leaks++ < 20)
                fprintf(stderr, "# fake CUDA: leaked %s %p, made by call %lld\n", fake_kind_name(entry->kind),
                        entry->object, (long long)entry->call);
    fake_end();
    return leaks;
}
