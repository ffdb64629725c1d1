/* Files that are read piece by piece, at any place and by several threads at once.
 *
 * Nothing is mapped: a file that is cut short, changed or lost with its drive while it is open is an error with words,
 * where a map would end the program by a signal. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct LkInput LkInput;

/** Opens a file for reading; devices, pipes and folders are refused, not waited for. NULL with an error. A file that is
 * replaced by name later on stays what it was for whoever has it open. */
LkInput *lk_input_open(const char *path, LkError *error);
/** Bytes in memory as if they were a file; they must outlive it. `name` is for messages. NULL with an error. */
LkInput *lk_input_of_bytes(const void *data, size_t size, const char *name, LkError *error);
void lk_input_free(LkInput *input);

/** The path or name it was opened with. */
const char *lk_input_path(const LkInput *input);
/** Bytes of the file when it was opened. */
uint64_t lk_input_size(const LkInput *input);

/** Copies bytes offset..offset+size-1 to `to`. False with LK_ERROR_IO that names the file where they cannot be had any
 * more as they were: the file was cut short or changed since it was opened, its drive is gone. */
bool lk_input_read(const LkInput *input, uint64_t offset, void *to, size_t size, LkError *error);

/** Tells the system that these bytes will be read soon. */
void lk_input_expect(const LkInput *input, uint64_t offset, uint64_t size);
