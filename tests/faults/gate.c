/* Stands between a program and its files (LD_PRELOAD): a slow disk that a test stops and lets go on. As long as the
 * file GATE exists, opening the file or folder whose path is in it waits, and GATE.reached is there; all others are
 * opened at once. */
#undef _FILE_OFFSET_BITS /* open and open64 both, under their own names */

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
/** Calls the C library's own function of a name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool is_shut(const char *path)
{
    char shut[4096];
    const char *gate = getenv("GATE");
    const int file = gate ? REAL(open)(gate, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return false;
    const ssize_t length = read(file, shut, sizeof shut);
    close(file);
    return length > 0 && strlen(path) == (size_t)length && memcmp(path, shut, (size_t)length) == 0;
}

static void wait_at(const char *path)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    char reached[4096];
    if (!is_shut(path))
        return;
    snprintf(reached, sizeof reached, "%s.reached", getenv("GATE"));
    close(REAL(open)(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (is_shut(path))
        nanosleep(&moment, NULL);
    unlink(reached);
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    wait_at(path);
    return REAL(open)(path, flags, mode);
}

EXPORT DIR *opendir(const char *path)
{
    wait_at(path);
    return REAL(opendir)(path);
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
