/* Which part of a picture is seen, and how large: the arithmetic of zooming and panning. */
#pragma once

#include <glib.h>
#include <graphene.h>

/** All lengths in logical pixels of the window, but `picture`. */
typedef struct LkCanvasView {
    double width, height;                 /* of the area in which the picture is seen */
    double picture_width, picture_height; /* in its own pixels; 0: none */
    double density;                       /* device pixels a logical one; 100 % is one device pixel a picture's */
    gboolean fit;                         /* the whole picture is shown, whatever the area */
    double scale;                         /* logical pixels a pixel of the picture */
    double x, y;                          /* the point of the picture in the middle of the area, in its pixels */
} LkCanvasView;

/** Nothing yet; fitting. */
LkCanvasView lk_canvas_view_new(void);

/** Another picture, of this size: the whole of it is shown. */
void lk_canvas_view_set_picture(LkCanvasView *view, double width, double height);
/** The same picture turns out to have another size in pixels; what is seen stays. */
void lk_canvas_view_correct_picture(LkCanvasView *view, double width, double height);
void lk_canvas_view_set_area(LkCanvasView *view, double width, double height, double density);

/** The scale at which the whole picture is seen; small ones are enlarged, but not beyond LK_CANVAS_FIT_MOST. */
double lk_canvas_view_fit_scale(const LkCanvasView *view);
#define LK_CANVAS_FIT_MOST 3.0  /* of 100 % */
#define LK_CANVAS_MOST     16.0 /* of 100 % */

void lk_canvas_view_fit(LkCanvasView *view);
/** To `scale` (kept between the fitting one, or 100 % where that is less, and LK_CANVAS_MOST), the point of the picture
 * under (x, y) of the area staying there. */
void lk_canvas_view_zoom(LkCanvasView *view, double scale, double x, double y);
/** Moves the picture by this much; not farther than its edges. */
void lk_canvas_view_pan(LkCanvasView *view, double dx, double dy);
/** True where a part of the picture is outside. */
gboolean lk_canvas_view_can_pan(const LkCanvasView *view);

/** Where the whole picture lies, in the area's coordinates. */
graphene_rect_t lk_canvas_view_rect(const LkCanvasView *view);
/** 100 for one pixel of the screen a pixel of the picture. */
double lk_canvas_view_percent(const LkCanvasView *view);
