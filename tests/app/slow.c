/* Stands between a program and its files (LD_PRELOAD): a slow disk with moods, and threads that are late with what they
 * found. Whatever makes, writes, renames or removes a file takes up to LORIKEET_SLOW milliseconds longer; opening one
 * to read, and handing something to the main thread, up to a quarter of that on other threads. On the main thread,
 * which may not wait long, a change of files takes a tenth of it. So everything that is not done at once comes late,
 * and in other orders than usual. LORIKEET_SLOW_SEED chooses the delays: each thread draws a row of numbers of its own.
 */
#undef _FILE_OFFSET_BITS /* functions with and without 64, both under their own names */

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
/** Calls the C library's own function of a name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { MAIN_THREAD_SHARE = 10, QUICKER_SHARE = 4 };

/* Knuth's linear congruential generator; the upper bits of its states are the better ones. */
static uint64_t next(uint64_t state)
{
    return state * 6364136223846793005u + 1442695040888963407u;
}

static uint64_t draw(void)
{
    static atomic_uint threads;
    static _Thread_local uint64_t state;
    const char *seed = getenv("LORIKEET_SLOW_SEED");
    if (!state)
        state = next(next((seed ? strtoull(seed, NULL, 10) : 0) * 1000003u + atomic_fetch_add(&threads, 1))) | 1;
    state = next(state);
    return state >> 33;
}

static bool is_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

/* Up to 1/share of LORIKEET_SLOW. */
static void delay(unsigned share)
{
    const char *most = getenv("LORIKEET_SLOW");
    uint64_t microseconds = (most ? strtoull(most, NULL, 10) : 0) * 1000 / share;
    microseconds = microseconds ? draw() % microseconds : 0;
    nanosleep(&(struct timespec){(time_t)(microseconds / 1000000), (long)(microseconds % 1000000) * 1000}, NULL);
}

static void delay_change(void)
{
    delay(is_main_thread() ? MAIN_THREAD_SHARE : 1);
}

static void delay_result(void)
{
    if (!is_main_thread())
        delay(QUICKER_SHARE);
}

static void delay_open(int flags)
{
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE || (flags & O_ACCMODE) != O_RDONLY)
        delay_change();
    else
        delay_result();
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

/** A function that opens a file, late. */
#define OPEN(name, parameters, arguments)                                                                              \
    EXPORT int name parameters                                                                                         \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, flags);                                                                                         \
        const mode_t mode = mode_of(flags, args);                                                                      \
        va_end(args);                                                                                                  \
        delay_open(flags);                                                                                             \
        return REAL(name) arguments;                                                                                   \
    }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

/** A function that is called as ever, but late. */
#define LATE(how, type, name, parameters, arguments)                                                                   \
    EXPORT type name parameters                                                                                        \
    {                                                                                                                  \
        how();                                                                                                         \
        return REAL(name) arguments;                                                                                   \
    }
LATE(delay_change, int, rename, (const char *from, const char *to), (from, to))
LATE(delay_change, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
LATE(delay_change, int, unlink, (const char *path), (path))
LATE(delay_change, int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
LATE(delay_change, int, mkdir, (const char *path, mode_t mode), (path, mode))
LATE(delay_change, int, fsync, (int file), (file))
LATE(delay_change, int, fdatasync, (int file), (file))
LATE(delay_result, DIR *, opendir, (const char *path), (path))

/* What threads hand over by GLib. */
LATE(delay_result, guint, g_idle_add_full, (int priority, GSourceFunc func, gpointer data, GDestroyNotify notify),
     (priority, func, data, notify))
LATE(delay_result, void, g_task_return_boolean, (GTask * task, gboolean result), (task, result))
LATE(delay_result, void, g_task_return_int, (GTask * task, gssize result), (task, result))
LATE(delay_result, void, g_task_return_pointer, (GTask * task, gpointer result, GDestroyNotify destroy),
     (task, result, destroy))
LATE(delay_result, void, g_task_return_error, (GTask * task, GError *error), (task, error))
