/* A file that says "somebody is at work here", for as long as the process lives and no longer. */
#pragma once

#include "base/error.h"

typedef struct LkFileLock LkFileLock;

/** Makes the file and locks it. NULL with *taken true where another process (or another lock of this one) has it, else
 * with an error. Where the file system knows no locks, it is as if nobody else were there. */
LkFileLock *lk_file_lock(const char *path, bool *taken, LkError *error);

/** Removes the file and gives the lock back. NULL is ignored. */
void lk_file_unlock(LkFileLock *lock);
