#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LkBuffer lk_buffer_init(size_t cap)
{
    return (LkBuffer){.cap = cap};
}

void lk_buffer_clear(LkBuffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->data);
    *buffer = lk_buffer_init(buffer->cap);
}

/* Room for `more` bytes and the NUL behind them. */
static bool reserve(LkBuffer *buffer, size_t more, LkError *error)
{
    if (more > buffer->cap || buffer->size > buffer->cap - more || buffer->cap == SIZE_MAX)
        return lk_fail(error, LK_ERROR_MEMORY, "A buffer would grow to %zu + %zu bytes, but at most %zu are allowed.",
                       buffer->size, more, buffer->cap);
    size_t need = buffer->size + more + 1;
    if (need <= buffer->capacity)
        return true;
    /* Doubling keeps appends linear in all; the cap bounds the last step. */
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buffer->cap + 1)
        capacity = buffer->cap + 1;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return lk_fail(error, LK_ERROR_MEMORY, "Not enough memory for a buffer of %zu bytes.", capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool lk_buffer_append(LkBuffer *buffer, const void *data, size_t size, LkError *error)
{
    if (!reserve(buffer, size, error))
        return false;
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return true;
}

bool lk_buffer_printf(LkBuffer *buffer, LkError *error, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    bool ok = length >= 0 && reserve(buffer, (size_t)length, error);
    if (ok) {
        vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    } else if (length < 0) {
        lk_fail(error, LK_ERROR_FORMAT, "A text could not be formatted.");
    }
    va_end(again);
    return ok;
}
