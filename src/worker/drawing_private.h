/* How the maker fills a drawing, on the main context's thread. Private to this folder. */
#pragma once

#include "worker/drawing.h"

LkDrawing *lk_drawing_new(const LkPictureWish *wish);

void lk_drawing_set_state(LkDrawing *drawing, LkDrawingState state);
/** One more step; takes the preview (which may be NULL) over. */
void lk_drawing_set_step(LkDrawing *drawing, int step, GBytes *preview, int width, int height);
void lk_drawing_set_remarks(LkDrawing *drawing, const char *remarks);
/** The end; takes the picture over. */
void lk_drawing_set_picture(LkDrawing *drawing, GBytes *picture, const char *infotext, double seconds);
void lk_drawing_set_error(LkDrawing *drawing, const GError *error);
