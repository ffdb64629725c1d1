/* Buffers grow, end with NUL, and stop at their cap. */
#include "base/buffer.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static void test_growth(void)
{
    LkError error = {0};
    LkBuffer b = lk_buffer_init(1000000);
    bool ok = true, terminated = true;
    for (int i = 0; i < 100000; i++) {
        char byte = (char)('a' + i % 26);
        ok &= lk_buffer_append(&b, &byte, 1, &error);
        terminated &= b.data[b.size] == '\0';
    }
    bool same = b.size == 100000;
    for (int i = 0; i < 100000 && same; i++)
        same = b.data[i] == (char)('a' + i % 26);
    tap_ok(ok && same && terminated, "100000 appended bytes are there, always with a NUL behind");
    tap_ok(b.capacity <= 2 * b.size + 256, "memory is at most doubled (%zu for %zu)", b.capacity, b.size);
    lk_buffer_clear(&b);
    tap_ok(!b.data && b.size == 0 && b.cap == 1000000, "a cleared buffer is empty and keeps its cap");
}

static void test_cap(void)
{
    LkError error = {0};
    LkBuffer b = lk_buffer_init(10);
    tap_ok(lk_buffer_append(&b, "0123456789", 10, &error), "a buffer takes as many bytes as its cap");
    tap_ok(!lk_buffer_append(&b, "x", 1, &error) && error.code == LK_ERROR_MEMORY, "and not one more: %s", error.text);
    tap_ok(b.size == 10 && memcmp(b.data, "0123456789", 11) == 0, "what it holds stays");
    error = (LkError){0};
    tap_ok(lk_buffer_append(&b, NULL, 0, &error), "nothing still fits");
    tap_ok(!lk_buffer_append(&b, "x", SIZE_MAX, &error), "a size that would overflow is refused");
    lk_buffer_clear(&b);

    LkBuffer none = lk_buffer_init(0);
    error = (LkError){0};
    tap_ok(lk_buffer_append(&none, "", 0, &error) && none.data && !*none.data, "cap 0: the empty text");
    tap_ok(!lk_buffer_append(&none, "x", 1, &error), "cap 0: nothing else");
    lk_buffer_clear(&none);
}

static void test_printf(void)
{
    LkError error = {0};
    LkBuffer b = lk_buffer_init(20);
    tap_ok(lk_buffer_printf(&b, &error, "%s-%d", "step", 12) && strcmp(b.data, "step-12") == 0, "printf appends");
    tap_ok(lk_buffer_printf(&b, &error, "%013d", 5) && b.size == 20, "printf up to the cap");
    tap_ok(!lk_buffer_printf(&b, &error, "%d", 5) && b.size == 20, "printf past the cap fails and changes nothing");
    lk_buffer_clear(&b);
}

int main(void)
{
    test_growth();
    test_cap();
    test_printf();
    return tap_done();
}
