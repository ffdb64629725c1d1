/* The thread of a picture maker: it draws one order after the other and keeps the base model open between them. Private
 * to this folder. */
#pragma once

#include "worker/drawing.h"
#include "worker/mailbox.h"

/** An order as both threads see it. */
typedef struct LkOrder {
    gatomicrefcount references;
    LkPictureWish *wish;
    int cancelled;      /* atomic */
    LkDrawing *drawing; /* for the main thread, which owns it */
} LkOrder;

LkOrder *lk_order_new(LkDrawing *drawing);
LkOrder *lk_order_ref(LkOrder *order);
void lk_order_unref(LkOrder *order);

typedef enum LkPictureLetterKind {
    LK_PICTURE_LOADING,
    LK_PICTURE_DRAWING, /* remarks */
    LK_PICTURE_STEP,    /* step, bytes (the preview), width, height */
    LK_PICTURE_END,     /* bytes, infotext and seconds, or error, or neither: cancelled */
    LK_PICTURE_CLOSED,  /* the base model has left the device */
} LkPictureLetterKind;

typedef struct LkPictureLetter {
    LkPictureLetterKind kind;
    LkOrder *order; /* a reference, or NULL */
    int step, width, height;
    GBytes *bytes;
    char *text; /* infotext, remarks */
    GError *error;
    double seconds;
    int64_t memory; /* bytes on the device */
} LkPictureLetter;

void lk_picture_letter_free(gpointer letter);

typedef struct LkPictureThread LkPictureThread;

LkPictureThread *lk_picture_thread_new(LkMailbox *mailbox, guint keep_seconds);
/** Cancels everything and waits for its end. */
void lk_picture_thread_free(LkPictureThread *thread);

/** Appends an order (takes a reference). */
void lk_picture_thread_add(LkPictureThread *thread, LkOrder *order);
/** Closes the base model as soon as no order waits. */
void lk_picture_thread_release(LkPictureThread *thread);
void lk_picture_thread_set_keep(LkPictureThread *thread, guint seconds);
