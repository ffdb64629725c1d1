/* Stands between a program and its files (LD_PRELOAD): makes chosen calls fail, ends the program in the middle of one,
 * or writes down what was done in which order.
 *
 *     FAULTS_UNDER=FOLDER   only calls on files below this folder count
 *     FAULTS=CALL:FIRST:LAST:WHAT
 *                           from the FIRST to the LAST (0: for ever) of these calls; CALL is open (for writing), write,
 *                           fsync, rename, unlink, mkdir or any; WHAT is ENOSPC, EROFS, EIO, ENOENT, EACCES, short
 *                           (half of a write is done) or kill (half of a write is done, then SIGKILL). CALL may also
 *                           be read, which counts for no other rule, and WHAT then cut (the file loses its second half)
 *     FAULTS_WHILE=FILE     only as long as this file exists
 *     FAULTS_LOG=FILE       one line a call: name, path, second path or size, between tabs */
#undef _FILE_OFFSET_BITS /* open and open64 both, under their own names */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { PASS = 0, SHORT = -1, KILL = -2, CUT = -3 }; /* else an errno */

static _Atomic long calls; /* that fit the rule, so far */

static int action_of(const char *word)
{
    static const struct {
        const char *word;
        int action;
    } rows[] = {{"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"EIO", EIO},   {"ENOENT", ENOENT},
                {"EACCES", EACCES}, {"short", SHORT}, {"kill", KILL}, {"cut", CUT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].action;
    return PASS;
}

/** Calls the C library's own function of a name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void record(const char *call, const char *path, const char *second)
{
    const char *log = getenv("FAULTS_LOG");
    char line[3 * 4096];
    if (!log)
        return;
    int length = snprintf(line, sizeof line, "%s\t%s\t%s\n", call, path, second);
    int fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || length < 0)
        return;
    if (REAL(write)(fd, line, (size_t)length) < 0)
        abort(); /* a test cannot do without its log */
    REAL(close)(fd);
}

static bool is_under(const char *path)
{
    const char *under = getenv("FAULTS_UNDER");
    size_t length = under ? strlen(under) : 0;
    return under && strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/** What is to be done with this call. */
static int look(const char *call, const char *path, const char *second)
{
    const char *rule = getenv("FAULTS"), *condition = getenv("FAULTS_WHILE");
    char name[16], what[16];
    long first, last;
    if (!is_under(path))
        return PASS;
    if (rule && sscanf(rule, "%15[^:]:%ld:%ld:%15s", name, &first, &last, what) == 4 &&
        (strcmp(name, "any") == 0 || strcmp(name, call) == 0) && (!condition || access(condition, F_OK) == 0)) {
        long number = ++calls;
        if (number >= first && (last == 0 || number <= last)) {
            record("fault", path, what);
            return action_of(what);
        }
    }
    record(call, path, second);
    return PASS;
}

/** Fails or ends as asked. True where the call is to go on. */
static bool allow(const char *call, const char *path, const char *second)
{
    int action = look(call, path, second);
    if (action == KILL)
        raise(SIGKILL);
    if (action > 0)
        errno = action;
    return action <= 0;
}

static void path_of(int fd, char *out, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, out, size - 1);
    out[length > 0 ? length : 0] = '\0';
}

static void path_at(int folder, const char *path, char *out, size_t size)
{
    if (folder == AT_FDCWD || *path == '/') {
        snprintf(out, size, "%s", path);
        return;
    }
    path_of(folder, out, size);
    size_t length = strlen(out);
    snprintf(out + length, size - length, "/%s", path);
}

static bool for_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    char whole[4096];
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    path_at(folder, path, whole, sizeof whole);
    return for_writing(flags) && !allow("open", whole, "") ? -1 : REAL(openat)(folder, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return for_writing(flags) && !allow("open", path, "") ? -1 : REAL(open)(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
EXPORT int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
    char path[4096], text[32];
    path_of(fd, path, sizeof path);
    snprintf(text, sizeof text, "%zu", size);
    int action = look("write", path, text);
    if (action > 0) {
        errno = action;
        return -1;
    }
    ssize_t done = REAL(write)(fd, data, action == PASS || size < 2 ? size : size / 2);
    if (action == KILL)
        raise(SIGKILL);
    return done;
}

/** Whether this read is to fail; the file may be cut short before it. */
static bool refuse_read(int fd, size_t size)
{
    const char *rule = getenv("FAULTS");
    char path[4096], text[32];
    struct stat info;
    if (!rule || strncmp(rule, "read:", 5) != 0)
        return false;
    path_of(fd, path, sizeof path);
    snprintf(text, sizeof text, "%zu", size);
    int action = look("read", path, text);
    if (action == CUT && (stat(path, &info) != 0 || truncate(path, info.st_size / 2) != 0))
        abort(); /* the test would show nothing */
    if (action > 0)
        errno = action;
    return action > 0;
}

EXPORT ssize_t read(int fd, void *data, size_t size)
{
    return refuse_read(fd, size) ? -1 : REAL(read)(fd, data, size);
}

EXPORT ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return refuse_read(fd, size) ? -1 : REAL(pread)(fd, data, size, offset);
}

EXPORT ssize_t pread64(int fd, void *data, size_t size, off_t offset) __attribute__((alias("pread")));

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    char path[4096], text[32];
    path_of(fd, path, sizeof path);
    snprintf(text, sizeof text, "%zu", size);
    return allow("write", path, text) ? REAL(pwrite)(fd, data, size, offset) : -1;
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) __attribute__((alias("pwrite")));

EXPORT int fsync(int fd)
{
    char path[4096];
    path_of(fd, path, sizeof path);
    return allow("fsync", path, "") ? REAL(fsync)(fd) : -1;
}

EXPORT int fdatasync(int fd)
{
    char path[4096];
    path_of(fd, path, sizeof path);
    return allow("fsync", path, "") ? REAL(fdatasync)(fd) : -1;
}

EXPORT int rename(const char *from, const char *to)
{
    return allow("rename", from, to) ? REAL(rename)(from, to) : -1;
}

EXPORT int unlink(const char *path)
{
    return allow("unlink", path, "") ? REAL(unlink)(path) : -1;
}

EXPORT int unlinkat(int folder, const char *path, int flags)
{
    char whole[4096];
    path_at(folder, path, whole, sizeof whole);
    return allow("unlink", whole, "") ? REAL(unlinkat)(folder, path, flags) : -1;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    return allow("mkdir", path, "") ? REAL(mkdir)(path, mode) : -1;
}
