/* Device memory: parts of one reserved range of addresses that the host may not touch but while work runs.
 *
 * An allocation is [front guard][bytes][back guard up to the end of its pages], with a page nobody may touch behind it.
 * Its address is a multiple of 256 and of nothing more. Addresses are not used again, so that old pointers are seen. */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, FRONT = 768, BACK = 512, GUARD_BYTE = 0xa5, FRESH_BYTE = 0xff };

/* Bytes at the start of a pinned buffer that are made fresh: all of a large one would cost more than the tests. */
enum { PINNED_FRESH = 1 << 16 };

static const size_t region_bytes = (size_t)1 << 38;

typedef struct Allocation {
    char *base;   /* of its pages */
    size_t pages; /* bytes of them */
    char *data;
    size_t bytes;
} Allocation;

static struct {
    char *region;
    size_t used; /* of the region, ever */
    Allocation *list;
    int count, room; /* sorted by address */
    int open;        /* depth of fake_memory_open */
    int64_t now, peak;
    int64_t context;
} memory = {.context = 256 << 20};

typedef struct Pinned {
    struct Pinned *next;
    char *data;
    size_t bytes;
} Pinned;

static Pinned *pinned;

/** The allocation that holds this address, guards included; NULL when there is none. */
static Allocation *find(const void *pointer)
{
    const char *p = pointer;
    int low = 0, high = memory.count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (memory.list[middle].base + memory.list[middle].pages <= p)
            low = middle + 1;
        else
            high = middle;
    }
    return low < memory.count && memory.list[low].base <= p ? &memory.list[low] : NULL;
}

static bool within(const char *p, size_t n, const char *data, size_t bytes)
{
    return p >= data && p <= data + bytes && n <= (size_t)(data + bytes - p);
}

FakePlace fake_place(const void *pointer, size_t bytes)
{
    const char *p = pointer;
    if (memory.region && p >= memory.region && p < memory.region + region_bytes) {
        const Allocation *a = find(pointer);
        return a && within(p, bytes, a->data, a->bytes) ? FAKE_DEVICE : FAKE_NOWHERE;
    }
    for (const Pinned *buffer = pinned; buffer; buffer = buffer->next)
        if (within(p, bytes, buffer->data, buffer->bytes))
            return FAKE_HOST;
    return FAKE_PAGEABLE;
}

bool fake_accessible(const void *pointer, size_t bytes, const char *who)
{
    FakePlace place = fake_place(pointer, bytes);
    if (place == FAKE_DEVICE || place == FAKE_HOST)
        return true;
    fake_violate("%s: the %zu bytes at %p are %s.", who, bytes, pointer,
                 place == FAKE_NOWHERE ? "not inside one live device allocation" : "not memory that a device can use");
    fake_set_device_error(cudaErrorIllegalAddress);
    return false;
}

static void protect(const Allocation *a, int protection)
{
    if (mprotect(a->base, a->pages, protection) != 0) {
        perror("mprotect");
        abort();
    }
}

void fake_memory_open(void)
{
    for (int i = 0; memory.open == 0 && i < memory.count; i++)
        protect(&memory.list[i], PROT_READ | PROT_WRITE);
    memory.open++;
}

void fake_memory_close(void)
{
    for (int i = 0; memory.open == 1 && i < memory.count; i++)
        protect(&memory.list[i], PROT_NONE);
    memory.open--;
}

/** Tells the first byte of a guard zone that is not as it was, and mends the zone. */
static void check_zone(const Allocation *a, char *zone, size_t bytes, const char *where)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)zone[i] != GUARD_BYTE) {
            fake_violate("memory %s the allocation of %zu bytes at %p was overwritten, %td bytes from its start.",
                         where, a->bytes, (void *)a->data, zone + i - a->data);
            memset(zone, GUARD_BYTE, bytes);
            return;
        }
}

static void check_guards(const Allocation *a)
{
    char *end = a->data + a->bytes;
    check_zone(a, a->base, (size_t)(a->data - a->base), "before");
    check_zone(a, end, (size_t)(a->base + a->pages - end), "behind");
}

void fake_memory_check(void)
{
    fake_memory_open();
    for (int i = 0; i < memory.count; i++)
        check_guards(&memory.list[i]);
    fake_memory_close();
}

static int64_t limit(void)
{
    return fake_config()->memory - memory.context;
}

static cudaError_t allocate(void **out, size_t bytes)
{
    if (!memory.region) {
        memory.region = mmap(NULL, region_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory.region == MAP_FAILED)
            abort();
    }
    size_t pages = (FRONT + bytes + BACK + PAGE - 1) / PAGE * PAGE;
    if (bytes > (size_t)limit() || (int64_t)bytes > limit() - memory.now || pages + PAGE > region_bytes - memory.used)
        return cudaErrorMemoryAllocation;
    if (memory.count == memory.room) {
        memory.room = memory.room ? 2 * memory.room : 64;
        memory.list = realloc(memory.list, (size_t)memory.room * sizeof *memory.list);
        if (!memory.list)
            abort();
    }
    Allocation a = {.base = memory.region + memory.used, .pages = pages, .bytes = bytes};
    a.data = a.base + FRONT;
    memory.used += pages + PAGE;
    protect(&a, PROT_READ | PROT_WRITE);
    memset(a.base, GUARD_BYTE, FRONT);
    memset(a.data, FRESH_BYTE, bytes);
    memset(a.data + bytes, GUARD_BYTE, (size_t)(a.base + pages - a.data) - bytes);
    if (memory.open == 0)
        protect(&a, PROT_NONE);
    memory.list[memory.count++] = a; /* the highest address yet */
    memory.now += (int64_t)bytes;
    memory.peak = memory.now > memory.peak ? memory.now : memory.peak;
    fake_object_add(FAKE_DEVICE_MEMORY, a.data);
    *out = a.data;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **out, size_t bytes)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    cudaError_t error = fake_unless_capturing();
    if (!error && !out)
        error = cudaErrorInvalidValue;
    if (error)
        return fake_return(error);
    *out = NULL;
    return fake_return(bytes == 0 ? cudaSuccess : allocate(out, bytes));
}

cudaError_t cudaFree(void *pointer)
{
    bool fails = fake_begin(__func__);
    cudaError_t error = fake_driver_error();
    if (!error)
        error = fake_unless_capturing();
    if (error || !pointer)
        return fake_return(error ? error : fails ? cudaErrorUnknown : cudaSuccess);
    fake_finish_all(); /* as the real one */
    if (!fake_object_remove(FAKE_DEVICE_MEMORY, pointer))
        return fake_return(cudaErrorInvalidValue);
    Allocation *a = find(pointer);
    protect(a, PROT_READ | PROT_WRITE);
    check_guards(a);
    madvise(a->base, a->pages, MADV_DONTNEED);
    protect(a, PROT_NONE);
    memory.now -= (int64_t)a->bytes;
    memmove(a, a + 1, (size_t)(&memory.list[memory.count--] - a - 1) * sizeof *a);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

cudaError_t cudaHostAlloc(void **out, size_t bytes, unsigned int flags)
{
    FAKE_BEGIN(cudaErrorMemoryAllocation);
    cudaError_t error = fake_unless_capturing();
    if (error || !out || (flags & ~7u))
        return fake_return(error ? error : cudaErrorInvalidValue);
    *out = NULL;
    if (bytes == 0)
        return fake_return(cudaSuccess);
    Pinned *buffer = malloc(sizeof *buffer);
    char *data = malloc(bytes);
    if (!buffer || !data) {
        free(buffer);
        free(data);
        return fake_return(cudaErrorMemoryAllocation);
    }
    memset(data, FRESH_BYTE, bytes < PINNED_FRESH ? bytes : PINNED_FRESH);
    *buffer = (Pinned){.next = pinned, .data = data, .bytes = bytes};
    pinned = buffer;
    fake_object_add(FAKE_PINNED, data);
    *out = data;
    return fake_return(cudaSuccess);
}

cudaError_t cudaMallocHost(void **out, size_t bytes)
{
    return cudaHostAlloc(out, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *pointer)
{
    bool fails = fake_begin(__func__);
    cudaError_t error = fake_driver_error();
    if (!error)
        error = fake_unless_capturing();
    if (error || !pointer)
        return fake_return(error ? error : fails ? cudaErrorUnknown : cudaSuccess);
    fake_finish_all();
    if (!fake_object_remove(FAKE_PINNED, pointer))
        return fake_return(cudaErrorInvalidValue);
    Pinned **at = &pinned;
    while ((*at)->data != pointer)
        at = &(*at)->next;
    Pinned *buffer = *at;
    *at = buffer->next;
    free(buffer->data);
    free(buffer);
    return fake_return(fails ? cudaErrorUnknown : fake_device_error());
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    FAKE_BEGIN(cudaErrorUnknown);
    if (!free_bytes || !total)
        return fake_return(cudaErrorInvalidValue);
    *total = (size_t)fake_config()->memory;
    *free_bytes = limit() > memory.now ? (size_t)(limit() - memory.now) : 0;
    return fake_return(cudaSuccess);
}

void fake_memory_reset(void)
{
    memory.peak = memory.now;
}

int64_t fake_memory_used(void)
{
    return memory.now;
}

int64_t fake_memory_peak(void)
{
    return memory.peak;
}

int64_t fake_context_bytes(void)
{
    return memory.context;
}
