#include "base/input.h"

#include "base/file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct LkInput {
    char *path;
    int fd;               /* -1: the bytes are in memory */
    const uint8_t *bytes; /* the caller's */
    uint64_t size;
    struct timespec changed; /* when the file was written last, as of opening */
};

static LkInput *new_input(const char *path, int fd, uint64_t size, LkError *error)
{
    LkInput *input = calloc(1, sizeof *input);
    char *own_path = strdup(path);
    if (!input || !own_path) {
        free(input);
        free(own_path);
        lk_fail(error, LK_ERROR_MEMORY, "Not enough memory to read %s.", path);
        return NULL;
    }
    *input = (LkInput){.path = own_path, .fd = fd, .size = size};
    return input;
}

LkInput *lk_input_open(const char *path, LkError *error)
{
    struct stat info;
    int fd = lk_file_open_input(path, &info, error);
    LkInput *input = fd >= 0 ? new_input(path, fd, (uint64_t)info.st_size, error) : NULL;
    if (input)
        input->changed = info.st_mtim;
    else if (fd >= 0)
        close(fd);
    return input;
}

LkInput *lk_input_of_bytes(const void *data, size_t size, const char *name, LkError *error)
{
    LkInput *input = new_input(name, -1, size, error);
    if (input)
        input->bytes = data;
    return input;
}

void lk_input_free(LkInput *input)
{
    if (!input)
        return;
    if (input->fd >= 0)
        close(input->fd);
    free(input->path);
    free(input);
}

const char *lk_input_path(const LkInput *input)
{
    return input->path;
}

uint64_t lk_input_size(const LkInput *input)
{
    return input->size;
}

static bool fail_changed(const LkInput *input, LkError *error)
{
    return lk_fail(error, LK_ERROR_IO,
                   "%s was changed or cut short while it was in use. Let no other program write to it, see that it is "
                   "whole, and start again.",
                   input->path);
}

/* Whether the file is still the one that was opened. Asked after reading, so that what was read before is judged. */
static bool check_unchanged(const LkInput *input, LkError *error)
{
    struct stat info;
    if (fstat(input->fd, &info) != 0)
        return lk_file_fail(error, errno, "examine", input->path);
    if ((uint64_t)info.st_size == input->size && info.st_mtim.tv_sec == input->changed.tv_sec &&
        info.st_mtim.tv_nsec == input->changed.tv_nsec)
        return true;
    return fail_changed(input, error);
}

bool lk_input_read(const LkInput *input, uint64_t offset, void *to, size_t size, LkError *error)
{
    if (offset > input->size || size > input->size - offset)
        return lk_fail(error, LK_ERROR_FORMAT, "Cannot read %s: it ends too early; it may have been cut off.",
                       input->path);
    if (size == 0)
        return true;
    if (input->fd < 0) {
        memcpy(to, input->bytes + offset, size);
        return true;
    }
    for (size_t done = 0; done < size;) {
        /* Linux reads at most 2 GiB at once; smaller pieces also let a signal through. */
        size_t piece = size - done < ((size_t)1 << 30) ? size - done : (size_t)1 << 30;
        ssize_t got = pread(input->fd, (char *)to + done, piece, (off_t)(offset + done));
        if (got < 0 && errno != EINTR)
            return lk_file_fail(error, errno, "read", input->path);
        if (got == 0)
            return fail_changed(input, error);
        done += got > 0 ? (size_t)got : 0;
    }
    return check_unchanged(input, error);
}

void lk_input_expect(const LkInput *input, uint64_t offset, uint64_t size)
{
    if (input->fd >= 0)
        posix_fadvise(input->fd, (off_t)offset, (off_t)size, POSIX_FADV_WILLNEED);
}
