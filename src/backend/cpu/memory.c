#include "backend/cpu/cpu.h"

#include "base/parallel.h"

#include <string.h>
#include <sys/mman.h>

void *lk_cpu_memory_new(size_t bytes)
{
    void *data = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    return data;
}

void *lk_cpu_memory_new_large(size_t bytes)
{
    void *data = lk_cpu_memory_new(bytes);
    if (data && bytes >= ((size_t)4 << 20))
        madvise(data, bytes, MADV_HUGEPAGE);
    return data;
}

void lk_cpu_memory_free(void *data, size_t bytes)
{
    if (data)
        munmap(data, bytes ? bytes : 1);
}

static void *take_state(LkDevice *device, size_t bytes, LkError *error)
{
    void *data = lk_cpu_memory_new_large(bytes);
    if (data)
        device->state_bytes += (int64_t)bytes;
    else
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the adapter and its optimizer (%zu bytes).",
                bytes);
    return data;
}

static void give_state(LkDevice *device, void *data, size_t bytes)
{
    lk_cpu_memory_free(data, bytes);
    device->state_bytes -= (int64_t)bytes;
}

const LkHeldMemory lk_cpu_state_memory = {take_state, give_state};

typedef struct Copy {
    uint8_t *to;
    const uint8_t *from;
    size_t bytes;
} Copy;

enum { COPY_CHUNK = 1 << 16 };

static void copy_chunks(void *context, int64_t first, int64_t last)
{
    const Copy *copy = context;
    size_t begin = (size_t)first * COPY_CHUNK, end = (size_t)last * COPY_CHUNK;
    if (end > copy->bytes)
        end = copy->bytes;
    memcpy(copy->to + begin, copy->from + begin, end - begin);
}

void lk_cpu_copy(void *to, const void *from, size_t bytes)
{
    Copy copy = {to, from, bytes};
    lk_parallel_for((int64_t)((bytes + COPY_CHUNK - 1) / COPY_CHUNK), copy_chunks, &copy);
}
