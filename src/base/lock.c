#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct LkFileLock {
    int fd;
    char *path;
};

typedef enum Answer { LOCKED, TAKEN, AGAIN, FAILED } Answer;

/** Whether the open file is still the one of that name: who had it may have removed it in between. */
static bool is_there(int fd, const char *path)
{
    struct stat mine, named;
    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

static Answer try_lock(LkFileLock *lock)
{
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (lock->fd < 0)
        return errno == EINTR ? AGAIN : FAILED;
    if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(lock->fd);
        return TAKEN;
    }
    if (is_there(lock->fd, lock->path))
        return LOCKED;
    close(lock->fd);
    return AGAIN;
}

LkFileLock *lk_file_lock(const char *path, bool *taken, LkError *error)
{
    LkFileLock *lock = calloc(1, sizeof *lock);
    *taken = false;
    if (lock)
        lock->path = strdup(path);
    if (!lock || !lock->path) {
        free(lock);
        lk_fail(error, LK_ERROR_MEMORY, "Not enough memory to write %s.", path);
        return NULL;
    }
    Answer answer = AGAIN;
    for (int attempt = 0; attempt < 100 && answer == AGAIN; attempt++)
        answer = try_lock(lock);
    if (answer == LOCKED)
        return lock;
    *taken = answer != FAILED;
    if (answer == FAILED)
        lk_fail(error, LK_ERROR_IO, "Cannot write %s: %s.", path, strerror(errno));
    free(lock->path);
    free(lock);
    return NULL;
}

void lk_file_unlock(LkFileLock *lock)
{
    if (!lock)
        return;
    if (is_there(lock->fd, lock->path))
        unlink(lock->path); /* with the lock held */
    close(lock->fd);
    free(lock->path);
    free(lock);
}
