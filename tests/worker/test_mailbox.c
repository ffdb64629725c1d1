/* Letters from a thread: all come, in order, in few wakeups; after closing none does. */
#include "../tap.h"
#include "worker/mailbox.h"

enum { LETTERS = 20000 };

typedef struct Reader {
    guint count, wakeups;
    bool in_order;
    LkMailbox *mailbox;
    guint close_after; /* letters; 0: never */
} Reader;

static guint freed; /* counted by the function that frees letters */

static void free_letter(gpointer letter)
{
    g_atomic_int_inc(&freed);
    g_free(letter);
}

static void deliver(gpointer data, GPtrArray *letters)
{
    Reader *reader = data;
    reader->wakeups++;
    for (guint i = 0; i < letters->len; i++)
        reader->in_order &= *(guint *)g_ptr_array_index(letters, i) == reader->count++;
    if (reader->close_after && reader->count >= reader->close_after)
        lk_mailbox_close(reader->mailbox);
}

static gpointer write_letters(gpointer mailbox)
{
    for (guint i = 0; i < LETTERS; i++) {
        lk_mailbox_put(mailbox, g_memdup2(&i, sizeof i));
        if (i % 100 == 99)
            g_usleep(2500); /* half a second in all */
    }
    return NULL;
}

static void test_many(void)
{
    Reader reader = {.in_order = true};
    reader.mailbox = lk_mailbox_new(20, deliver, &reader, free_letter);
    int64_t begin = g_get_monotonic_time();
    GThread *thread = g_thread_new("writer", write_letters, reader.mailbox);
    while (reader.count < LETTERS)
        g_main_context_iteration(NULL, TRUE);
    double seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    g_thread_join(thread);
    tap_ok(reader.in_order && reader.count == LETTERS, "%d letters come, in order", LETTERS);
    tap_ok(reader.wakeups <= 20 * seconds + 1 && reader.wakeups > 2, "in %.2f s with %u wakeups", seconds,
           reader.wakeups);
    tap_ok(!g_main_context_iteration(NULL, FALSE), "then the context is quiet");
    tap_ok(g_atomic_int_get(&freed) == LETTERS, "all are freed");
    lk_mailbox_close(reader.mailbox);
    lk_mailbox_unref(reader.mailbox);
}

static void test_latency(void)
{
    Reader reader = {.in_order = true};
    guint number = 0;
    reader.mailbox = lk_mailbox_new(20, deliver, &reader, free_letter);
    int64_t begin = g_get_monotonic_time();
    lk_mailbox_put(reader.mailbox, g_memdup2(&number, sizeof number));
    g_main_context_iteration(NULL, TRUE);
    tap_ok(reader.count == 1 && g_get_monotonic_time() - begin < 40000, "a single letter comes at once");
    number = 1;
    lk_mailbox_put(reader.mailbox, g_memdup2(&number, sizeof number));
    tap_ok(!g_main_context_iteration(NULL, FALSE), "the next one waits");
    g_main_context_iteration(NULL, TRUE);
    int64_t waited = g_get_monotonic_time() - begin;
    tap_ok(reader.count == 2 && waited >= 49000, "a twentieth of a second in all (%d ms)", (int)(waited / 1000));
    lk_mailbox_close(reader.mailbox);
    lk_mailbox_unref(reader.mailbox);
}

static void test_closed(void)
{
    g_atomic_int_set(&freed, 0);
    Reader reader = {.in_order = true, .close_after = LETTERS / 4};
    reader.mailbox = lk_mailbox_new(20, deliver, &reader, free_letter);
    GThread *thread = g_thread_new("writer", write_letters, reader.mailbox);
    while (reader.count < LETTERS / 4)
        g_main_context_iteration(NULL, TRUE);
    guint count = reader.count;
    g_thread_join(thread);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    tap_ok(reader.count == count && count < LETTERS, "closed while it delivers, it delivers no more (%u letters)",
           count);
    tap_ok(g_atomic_int_get(&freed) == LETTERS, "those that come too late are freed");
    lk_mailbox_unref(reader.mailbox);
}

int main(void)
{
    test_many();
    test_latency();
    test_closed();
    return tap_done();
}
