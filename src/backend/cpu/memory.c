#include "backend/cpu/cpu.h"

#include <sys/mman.h>

void *lk_cpu_memory_new(size_t bytes)
{
    void *data = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    if (bytes >= ((size_t)4 << 20))
        madvise(data, bytes, MADV_HUGEPAGE); /* fewer misses of the address cache in the large products */
    return data;
}

void lk_cpu_memory_free(void *data, size_t bytes)
{
    if (data)
        munmap(data, bytes ? bytes : 1);
}
