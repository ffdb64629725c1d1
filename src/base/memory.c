#include "base/memory.h"

#include <stdlib.h>

void *lk_memory_new(size_t count, size_t size, LkError *error)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        lk_fail(error, LK_ERROR_MEMORY, "Not enough memory for a buffer of %zu bytes.", count * size);
    return memory;
}
