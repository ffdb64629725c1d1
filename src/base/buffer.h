/* A growing byte buffer with a cap given at init: no input can make it take more. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct LkBuffer {
    char *data; /* always NUL-terminated after the first append */
    size_t size;
    size_t capacity;
    size_t cap; /* the most bytes it may ever hold */
} LkBuffer;

/** An empty buffer that may hold up to `cap` bytes. */
LkBuffer lk_buffer_init(size_t cap);
void lk_buffer_clear(LkBuffer *buffer); /* frees the memory */

/** Appends; fails with LK_ERROR_MEMORY when the cap is reached or memory is out. */
bool lk_buffer_append(LkBuffer *buffer, const void *data, size_t size, LkError *error);
bool lk_buffer_printf(LkBuffer *buffer, LkError *error, const char *format, ...) __attribute__((format(printf, 3, 4)));
