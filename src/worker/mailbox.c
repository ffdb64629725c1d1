#include "worker/mailbox.h"

#include <stdbool.h>

struct LkMailbox {
    gatomicrefcount references;
    GMutex lock;        /* of what follows up to `closed` */
    GPtrArray *letters; /* not yet delivered */
    GSource *source;
    int64_t delivered; /* when, the last time */
    bool awake;        /* the source has a time */
    bool closed;
    int64_t interval; /* microseconds between two deliveries */
    LkMailboxDeliver deliver;
    gpointer data;
    GDestroyNotify free_letter;
};

typedef struct MailSource {
    GSource source;
    LkMailbox *mailbox;
} MailSource;

static gboolean dispatch(GSource *source, GSourceFunc function, gpointer data)
{
    (void)function, (void)data;
    LkMailbox *mailbox = lk_mailbox_ref(((MailSource *)source)->mailbox);
    GPtrArray *letters = g_ptr_array_new_with_free_func(mailbox->free_letter);
    g_mutex_lock(&mailbox->lock);
    GPtrArray *full = mailbox->letters;
    mailbox->letters = letters;
    mailbox->awake = false;
    mailbox->delivered = g_get_monotonic_time();
    g_source_set_ready_time(source, -1);
    g_mutex_unlock(&mailbox->lock);
    mailbox->deliver(mailbox->data, full);
    g_ptr_array_unref(full);
    lk_mailbox_unref(mailbox);
    return G_SOURCE_CONTINUE;
}

LkMailbox *lk_mailbox_new(guint wakeups_per_second, LkMailboxDeliver deliver, gpointer data, GDestroyNotify free_letter)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    LkMailbox *mailbox = g_new0(LkMailbox, 1);
    g_atomic_ref_count_init(&mailbox->references);
    g_mutex_init(&mailbox->lock);
    mailbox->letters = g_ptr_array_new_with_free_func(free_letter);
    mailbox->interval = G_USEC_PER_SEC / wakeups_per_second;
    mailbox->delivered = -mailbox->interval;
    mailbox->deliver = deliver;
    mailbox->data = data;
    mailbox->free_letter = free_letter;
    mailbox->source = g_source_new(&functions, sizeof(MailSource));
    ((MailSource *)mailbox->source)->mailbox = mailbox;
    g_source_set_static_name(mailbox->source, "lorikeet mailbox");
    g_source_set_ready_time(mailbox->source, -1);
    g_source_attach(mailbox->source, g_main_context_get_thread_default());
    return mailbox;
}

LkMailbox *lk_mailbox_ref(LkMailbox *mailbox)
{
    g_atomic_ref_count_inc(&mailbox->references);
    return mailbox;
}

void lk_mailbox_unref(LkMailbox *mailbox)
{
    if (!g_atomic_ref_count_dec(&mailbox->references))
        return;
    g_source_unref(mailbox->source);
    g_ptr_array_unref(mailbox->letters);
    g_mutex_clear(&mailbox->lock);
    g_free(mailbox);
}

void lk_mailbox_put(LkMailbox *mailbox, gpointer letter)
{
    g_mutex_lock(&mailbox->lock);
    bool take = !mailbox->closed;
    if (take) {
        g_ptr_array_add(mailbox->letters, letter);
        if (!mailbox->awake)
            g_source_set_ready_time(mailbox->source,
                                    MAX(g_get_monotonic_time(), mailbox->delivered + mailbox->interval));
        mailbox->awake = true;
    }
    g_mutex_unlock(&mailbox->lock);
    if (!take)
        mailbox->free_letter(letter);
}

void lk_mailbox_close(LkMailbox *mailbox)
{
    g_mutex_lock(&mailbox->lock);
    GPtrArray *rest = mailbox->letters;
    mailbox->letters = g_ptr_array_new_with_free_func(mailbox->free_letter);
    mailbox->closed = true;
    g_mutex_unlock(&mailbox->lock);
    g_source_destroy(mailbox->source);
    g_ptr_array_unref(rest);
}
