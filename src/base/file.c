#include "base/file.h"

#include "base/buffer.h"
#include "base/file_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BUFFER_SIZE ((size_t)1 << 18)
#define SMALL_BUFFER_SIZE ((size_t)1 << 12)

struct LkFileWriter {
    int fd;
    char *target;    /* what commit replaces, links followed */
    char *temporary; /* in the same folder */
    char *buffer;    /* gathers small writes */
    size_t held, room;
    bool failed; /* a write was refused: this file must never be committed */
};

bool lk_file_fail(LkError *error, int number, const char *what, const char *path)
{
    const char *advice = "";
    if (number == ENOSPC || number == EDQUOT)
        advice = lk_text(" Free some space on that disk and try again.");
    else if (number == EACCES || number == EPERM)
        advice = lk_text(" Check who may read and write there.");
    else if (number == EROFS)
        advice = lk_text(" Choose a folder that can be written to.");
    else if (number == EIO || number == ENXIO || number == ENODEV || number == ENOTCONN || number == ESTALE)
        advice = lk_text(" Check that its drive is still connected and in order.");
    return lk_fail(error, number == ENOMEM ? LK_ERROR_MEMORY : LK_ERROR_IO, "Cannot %s %s: %s.%s", lk_text(what), path,
                   strerror(number), advice);
}

int lk_file_open_fd(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int lk_file_open_input(const char *path, struct stat *info, LkError *error)
{
    /* O_NONBLOCK: a named pipe must be refused below, not waited for. */
    int fd = lk_file_open_fd(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        lk_file_fail(error, errno, "open", path);
        return -1;
    }
    if (fstat(fd, info) != 0)
        lk_file_fail(error, errno, "examine", path);
    else if (!S_ISREG(info->st_mode))
        lk_fail(error, LK_ERROR_IO, "Cannot open %s: it is %s, not a file.", path,
                S_ISDIR(info->st_mode) ? lk_text("a folder") : lk_text("a device or pipe"));
    else
        return fd;
    close(fd);
    return -1;
}

/* ----------------------------------------------------------------------------------------------- writer */

/* The file to replace: where `path` is a link, the file it points to, so that the link stays. */
static char *resolve_target(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        char *real = realpath(path, NULL);
        if (real)
            return real;
    }
    return strdup(path);
}

/* Length of the folder part of a path, with its slash; 0 when there is none. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A temporary file is locked as long as it is written, so that one without a lock is known to be left over. False where
 * somebody took it for such in the moment between its making and its locking. */
static bool lock_temporary(int fd)
{
    struct stat info;
    bool taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return !taken && (fstat(fd, &info) != 0 || info.st_nlink > 0);
}

#define TEMPORARY_NAME ".lorikeet-%ld-%u.tmp"

/* The name holds process and counter and nothing of the target's, which may already be as long as names may be. */
static int open_temporary(LkFileWriter *writer, const char *target)
{
    static _Atomic unsigned counter;
    int folder = (int)folder_length(target);
    for (int attempt = 0; attempt < 100; attempt++) {
        free(writer->temporary);
        writer->temporary = NULL;
        if (asprintf(&writer->temporary, "%.*s" TEMPORARY_NAME, folder, target, (long)getpid(),
                     atomic_fetch_add(&counter, 1)) < 0) {
            writer->temporary = NULL;
            errno = ENOMEM;
            return -1;
        }
        int fd = lk_file_open_fd(writer->temporary, O_RDWR | O_CREAT | O_EXCL, 0666);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd >= 0 && lock_temporary(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    errno = EEXIST;
    return -1;
}

static bool is_temporary_name(const char *name)
{
    long process;
    unsigned number;
    int length = 0;
    return sscanf(name, TEMPORARY_NAME "%n", &process, &number, &length) == 2 && length > 0 && !name[length];
}

void lk_file_remove_leftovers(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (!is_temporary_name(entry->d_name))
            continue;
        int fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat info;
        if (fd < 0)
            continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
            unlinkat(dirfd(dir), entry->d_name, 0); /* with the lock held: see lock_temporary */
        close(fd);
    }
    if (dir)
        closedir(dir);
}

LkFileWriter *lk_file_writer_new(const char *path, LkError *error)
{
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (!*path || path[strlen(path) - 1] == '/' || (exists && !S_ISREG(info.st_mode))) {
        lk_fail(error, LK_ERROR_IO, "Cannot write \"%s\": that is not the name of a file.", path);
        return NULL;
    }
    LkFileWriter *writer = calloc(1, sizeof *writer);
    if (!writer) {
        lk_fail(error, LK_ERROR_MEMORY, "Not enough memory to write %s.", path);
        return NULL;
    }
    writer->fd = -1;
    writer->target = resolve_target(path);
    writer->buffer = malloc(writer->room = WRITE_BUFFER_SIZE);
    if (!writer->buffer) /* a state must be saved also where memory has run out */
        writer->buffer = malloc(writer->room = SMALL_BUFFER_SIZE);
    if (!writer->target || !writer->buffer) {
        lk_fail(error, LK_ERROR_MEMORY, "Not enough memory to write %s.", path);
        lk_file_writer_abandon(writer);
        return NULL;
    }
    writer->fd = open_temporary(writer, writer->target);
    if (writer->fd < 0) {
        lk_file_fail(error, errno, "write", path);
        free(writer->temporary); /* not made, so there is nothing to remove */
        writer->temporary = NULL;
        lk_file_writer_abandon(writer);
        return NULL;
    }
    if (exists && fchmod(writer->fd, info.st_mode & 0777) != 0) {
        /* Another owner's file system may refuse; the user's default mode is then right enough. */
    }
    return writer;
}

static bool fail_write(LkFileWriter *writer, int number, LkError *error)
{
    writer->failed = true;
    return lk_file_fail(error, number, "write", writer->target);
}

static bool write_all(LkFileWriter *writer, const char *data, size_t size, LkError *error)
{
    while (size) {
        /* Linux writes at most 2 GiB at once; smaller pieces also let a signal through. */
        size_t piece = size < ((size_t)1 << 30) ? size : (size_t)1 << 30;
        ssize_t done = write(writer->fd, data, piece);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail_write(writer, done < 0 ? errno : EIO, error);
        data += done;
        size -= (size_t)done;
    }
    return true;
}

static bool flush(LkFileWriter *writer, LkError *error)
{
    size_t held = writer->held;
    writer->held = 0;
    return write_all(writer, writer->buffer, held, error);
}

bool lk_file_writer_write(LkFileWriter *writer, const void *data, size_t size, LkError *error)
{
    if (!size)
        return true;
    if (size > writer->room - writer->held && !flush(writer, error))
        return false;
    if (size > writer->room)
        return write_all(writer, data, size, error);
    memcpy(writer->buffer + writer->held, data, size);
    writer->held += size;
    return true;
}

bool lk_file_writer_patch(LkFileWriter *writer, uint64_t offset, const void *data, size_t size, LkError *error)
{
    if (!flush(writer, error))
        return false;
    struct stat info;
    if (fstat(writer->fd, &info) != 0)
        return lk_file_fail(error, errno, "examine", writer->target);
    if (offset > (uint64_t)info.st_size || size > (uint64_t)info.st_size - offset)
        return lk_fail(error, LK_ERROR_IO, "Cannot change %zu bytes at %llu of %s: the file is shorter.", size,
                       (unsigned long long)offset, writer->target);
    const char *p = data;
    while (size) {
        ssize_t done = pwrite(writer->fd, p, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail_write(writer, done < 0 ? errno : EIO, error);
        p += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return true;
}

void lk_file_sync_folder(const char *path)
{
    size_t length = folder_length(path);
    char *folder = length ? strndup(path, length) : strdup(".");
    if (!folder)
        return;
    int fd = lk_file_open_fd(folder, O_RDONLY | O_DIRECTORY, 0);
    free(folder);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool lk_file_writer_commit(LkFileWriter *writer, LkError *error)
{
    bool ok = !writer->failed && flush(writer, error);
    if (writer->failed)
        lk_fail(error, LK_ERROR_IO, "Cannot write %s: an earlier part of it could not be written.", writer->target);
    if (ok && fsync(writer->fd) != 0)
        ok = lk_file_fail(error, errno, "write", writer->target);
    if (ok && rename(writer->temporary, writer->target) != 0) /* still locked: nobody takes it for a leftover */
        ok = lk_file_fail(error, errno, "replace", writer->target);
    if (ok) {
        lk_file_sync_folder(writer->target);
        free(writer->temporary);
        writer->temporary = NULL;
    }
    lk_file_writer_abandon(writer);
    return ok;
}

void lk_file_writer_abandon(LkFileWriter *writer)
{
    if (!writer)
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->temporary)
        unlink(writer->temporary);
    free(writer->temporary);
    free(writer->target);
    free(writer->buffer);
    free(writer);
}

bool lk_file_replace(const char *path, const void *data, size_t size, LkError *error)
{
    LkFileWriter *writer = lk_file_writer_new(path, error);
    if (!writer)
        return false;
    if (!lk_file_writer_write(writer, data, size, error)) {
        lk_file_writer_abandon(writer);
        return false;
    }
    return lk_file_writer_commit(writer, error);
}

/* --------------------------------------------------------------------------------------- whole reads, folders */

static bool read_all(int fd, const char *path, LkBuffer *buffer, LkError *error)
{
    char piece[1 << 16];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lk_file_fail(error, errno, "read", path);
        if (got == 0)
            return true;
        if ((size_t)got > buffer->cap - buffer->size)
            return lk_fail(error, LK_ERROR_FORMAT, "Cannot read %s: it is larger than the %zu bytes allowed for it.",
                           path, buffer->cap);
        if (!lk_buffer_append(buffer, piece, (size_t)got, error))
            return false;
    }
}

bool lk_file_read(const char *path, size_t cap, char **data, size_t *size, LkError *error)
{
    *data = NULL;
    *size = 0;
    struct stat info;
    int fd = lk_file_open_input(path, &info, error);
    if (fd < 0)
        return false;
    LkBuffer buffer = lk_buffer_init(cap < SIZE_MAX ? cap : SIZE_MAX - 1);
    /* The empty append gives an empty file its NUL. */
    bool ok = lk_buffer_append(&buffer, "", 0, error) && read_all(fd, path, &buffer, error);
    close(fd);
    if (!ok) {
        lk_buffer_clear(&buffer);
        return false;
    }
    *data = buffer.data;
    *size = buffer.size;
    return true;
}

bool lk_make_folders(const char *path, LkError *error)
{
    char *copy = strdup(path);
    if (!copy)
        return lk_fail(error, LK_ERROR_MEMORY, "Not enough memory to make the folder %s.", path);
    bool ok = *path != '\0';
    if (!ok)
        lk_fail(error, LK_ERROR_USAGE, "Cannot make a folder without a name.");
    for (char *p = copy + 1; ok; p++) {
        if (*p && *p != '/')
            continue;
        char was = *p;
        *p = '\0';
        struct stat info;
        if (mkdir(copy, 0777) != 0) {
            int number = errno;
            /* EEXIST may be a file; EROFS and EACCES may still be an existing folder. */
            bool there = stat(copy, &info) == 0;
            if (there && !S_ISDIR(info.st_mode))
                ok = lk_fail(error, LK_ERROR_IO, "Cannot make the folder %s: %s is a file.", path, copy);
            else if (!there)
                ok = lk_file_fail(error, number, "make the folder", copy);
        }
        *p = was;
        if (!was)
            break;
    }
    free(copy);
    return ok;
}
