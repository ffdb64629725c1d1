/* Makes pictures with a base model and LoRAs, off the main thread, one after another in the order in which they were
 * ordered. The base model stays loaded between pictures that use the same, until it is released or nothing was ordered
 * for a while. Everything is told in the main context that was the thread's default when the maker was made, at most
 * LK_RUN_WAKEUPS times a second.
 *
 * Properties (read only, with notify): busy (bool), loaded (bool: a base model is on the device), memory-used (int64:
 * bytes on the device). keep-seconds (uint, writable; 120): how long a base model stays loaded without work; 0 is for
 * ever.
 * Signals: progress (LkDrawing *): a step more, a new preview; ended (LkDrawing *): done, cancelled or failed. A
 * drawing's own notify tells the same. */
#pragma once

#include "worker/drawing.h"

G_BEGIN_DECLS

#define LK_TYPE_PICTURE_MAKER (lk_picture_maker_get_type())
G_DECLARE_FINAL_TYPE(LkPictureMaker, lk_picture_maker, LK, PICTURE_MAKER, GObject)

/** Giving up the last reference cancels everything and waits for it: one step of a picture at most. */
LkPictureMaker *lk_picture_maker_new(void);

/** Orders a picture (the wish is copied). Never fails: what is wrong with a wish is told by its drawing. A new
 * reference. */
LkDrawing *lk_picture_maker_order(LkPictureMaker *maker, const LkPictureWish *wish);

/** Takes an order back: at once where it waits, after the present step where it is being drawn. */
void lk_picture_maker_cancel(LkPictureMaker *maker, LkDrawing *drawing);
void lk_picture_maker_cancel_all(LkPictureMaker *maker);
/** How many are waiting or being drawn. */
guint lk_picture_maker_get_count(LkPictureMaker *maker);

/** Gives the base model's memory back when the orders so far are done, for a training run for instance. */
void lk_picture_maker_release(LkPictureMaker *maker);

G_END_DECLS
