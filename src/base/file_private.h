/* What reading and writing files have in common. */
#pragma once

#include "base/error.h"

#include <sys/stat.h>

/** One sentence for a refused system call ("open", "read" …), with what to do where that is known. Returns false. */
bool lk_file_fail(LkError *error, int number, const char *what, const char *path);

/** open(2), again where a signal came between, closed for child processes. */
int lk_file_open_fd(const char *path, int flags, mode_t mode);

/** Opens a file of bytes for reading and tells what it is; devices, pipes and folders are refused and not waited for.
 * -1 with an error. */
int lk_file_open_input(const char *path, struct stat *info, LkError *error);
