#include "app/dataset/canvas_view.h"

LkCanvasView lk_canvas_view_new(void)
{
    return (LkCanvasView){.density = 1, .fit = TRUE, .scale = 1};
}

static gboolean is_empty(const LkCanvasView *view)
{
    return view->picture_width <= 0 || view->picture_height <= 0 || view->width <= 0 || view->height <= 0;
}

double lk_canvas_view_fit_scale(const LkCanvasView *view)
{
    if (is_empty(view))
        return 1;
    double scale = MIN(view->width / view->picture_width, view->height / view->picture_height);
    return MIN(scale, LK_CANVAS_FIT_MOST / view->density);
}

/* One direction: the middle where there is room around the picture, else no gap at an edge. */
static double keep_inside(double at, double picture, double area, double scale)
{
    double half = area / scale / 2;
    return picture <= 2 * half ? picture / 2 : CLAMP(at, half, picture - half);
}

static void settle(LkCanvasView *view)
{
    double fitting = lk_canvas_view_fit_scale(view);
    if (view->fit)
        view->scale = fitting;
    if (is_empty(view))
        return;
    view->scale = CLAMP(view->scale, MIN(fitting, 1 / view->density), MAX(fitting, LK_CANVAS_MOST / view->density));
    view->x = keep_inside(view->x, view->picture_width, view->width, view->scale);
    view->y = keep_inside(view->y, view->picture_height, view->height, view->scale);
}

void lk_canvas_view_set_picture(LkCanvasView *view, double width, double height)
{
    view->picture_width = width;
    view->picture_height = height;
    view->fit = TRUE;
    settle(view);
}

void lk_canvas_view_correct_picture(LkCanvasView *view, double width, double height)
{
    if (width <= 0 || height <= 0 || (width == view->picture_width && height == view->picture_height))
        return;
    if (view->picture_width > 0) {
        view->x *= width / view->picture_width;
        view->y *= height / view->picture_height;
        view->scale *= view->picture_width / width;
    }
    view->picture_width = width;
    view->picture_height = height;
    settle(view);
}

void lk_canvas_view_set_area(LkCanvasView *view, double width, double height, double density)
{
    view->width = width;
    view->height = height;
    view->density = density;
    settle(view);
}

void lk_canvas_view_fit(LkCanvasView *view)
{
    view->fit = TRUE;
    settle(view);
}

void lk_canvas_view_zoom(LkCanvasView *view, double scale, double x, double y)
{
    if (is_empty(view))
        return;
    double fitting = lk_canvas_view_fit_scale(view), before = view->scale;
    scale = CLAMP(scale, MIN(fitting, 1 / view->density), MAX(fitting, LK_CANVAS_MOST / view->density));
    double from_middle_x = x - view->width / 2, from_middle_y = y - view->height / 2;
    view->x += from_middle_x / before - from_middle_x / scale;
    view->y += from_middle_y / before - from_middle_y / scale;
    view->scale = scale;
    view->fit = FALSE;
    settle(view);
}

void lk_canvas_view_pan(LkCanvasView *view, double dx, double dy)
{
    view->x -= dx / view->scale;
    view->y -= dy / view->scale;
    settle(view);
}

gboolean lk_canvas_view_can_pan(const LkCanvasView *view)
{
    return !is_empty(view) && (view->picture_width * view->scale > view->width + 0.5 ||
                               view->picture_height * view->scale > view->height + 0.5);
}

graphene_rect_t lk_canvas_view_rect(const LkCanvasView *view)
{
    return GRAPHENE_RECT_INIT((float)(view->width / 2 - view->x * view->scale),
                              (float)(view->height / 2 - view->y * view->scale),
                              (float)(view->picture_width * view->scale), (float)(view->picture_height * view->scale));
}

double lk_canvas_view_percent(const LkCanvasView *view)
{
    return view->scale * view->density * 100;
}
