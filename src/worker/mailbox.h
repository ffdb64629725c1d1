/* Letters from a thread to a main context: delivered in order, all that are there at once, and only so often a second
 * that a fast thread cannot flood the window. */
#pragma once

#include <glib.h>

typedef struct LkMailbox LkMailbox;

/** Gets the letters, oldest first; they belong to the array, which is freed afterwards. */
typedef void (*LkMailboxDeliver)(gpointer data, GPtrArray *letters);

/** A mailbox of the calling thread's default main context, with one reference. */
LkMailbox *lk_mailbox_new(guint wakeups_per_second, LkMailboxDeliver deliver, gpointer data,
                          GDestroyNotify free_letter);
LkMailbox *lk_mailbox_ref(LkMailbox *mailbox);
void lk_mailbox_unref(LkMailbox *mailbox);

/** Hands over a letter, from any thread. After lk_mailbox_close it is freed at once. */
void lk_mailbox_put(LkMailbox *mailbox, gpointer letter);

/** Nothing is delivered any more; what is in it is freed. On the context's thread, also during a delivery. */
void lk_mailbox_close(LkMailbox *mailbox);
