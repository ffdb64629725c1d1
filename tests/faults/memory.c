/* Stands between a program and its memory (LD_PRELOAD): large allocations fail as they do where other programs have
 * taken what there was.
 *
 *     MEMORY_FAULTS=SIZE:FIRST:LAST  from the FIRST to the LAST (0: for ever) allocation of at least SIZE bytes there
 * is none; FIRST 0: all succeed MEMORY_WHILE=FILE              only as long as this file exists; others do not count
 *     MEMORY_LOG=FILE                at the program's end, how many of them there were
 *     MEMORY_TELL=1                  where in the program one failed, on stderr */
#undef _FILE_OFFSET_BITS /* mmap and mmap64 both, under their own names */

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* The C library's own functions, which need no looking up: that would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *data, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic long seen; /* of at least the size */

static void tell_where(size_t size)
{
    static _Atomic bool telling; /* looking at the stack may allocate too */
    void *stack[24];
    if (!getenv("MEMORY_TELL") || telling)
        return;
    telling = true;
    dprintf(STDERR_FILENO, "# no %zu bytes at\n", size);
    backtrace_symbols_fd(stack, backtrace(stack, 24), STDERR_FILENO);
    telling = false;
}

/** Whether an allocation of so many bytes may succeed. */
static bool allow(size_t size)
{
    const char *rule = getenv("MEMORY_FAULTS"), *condition = getenv("MEMORY_WHILE");
    unsigned long least;
    long first, last;
    if (!rule || sscanf(rule, "%lu:%ld:%ld", &least, &first, &last) != 3 || size < least ||
        (condition && access(condition, F_OK) != 0))
        return true;
    long number = ++seen;
    if (first == 0 || number < first || (last != 0 && number > last))
        return true;
    tell_where(size);
    errno = ENOMEM;
    return false;
}

EXPORT void *malloc(size_t size)
{
    return allow(size) ? __libc_malloc(size) : NULL;
}

EXPORT void *calloc(size_t count, size_t size)
{
    return size == 0 || count > (size_t)-1 / size || allow(count * size) ? __libc_calloc(count, size) : NULL;
}

EXPORT void *realloc(void *data, size_t size)
{
    return allow(size) ? __libc_realloc(data, size) : NULL;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return allow(size) ? __libc_memalign(alignment, size) : NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *data = memalign(alignment, size);
    if (!data)
        return ENOMEM;
    *out = data;
    return 0;
}

/** Anonymous memory alone: what maps a file takes nothing. */
EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && (protection & PROT_WRITE) && !allow(size))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap")));

__attribute__((destructor)) static void count(void)
{
    const char *path = getenv("MEMORY_LOG");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", (long)seen);
    fclose(file);
}
