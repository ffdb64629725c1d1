/* What of a picture is trained, drawn over it: the rest is dark, thirds, brackets at the corners, a label. */
#pragma once

#include "dataset/bucket.h"

#include <gtk/gtk.h>

/** The part of `picture` (where it lies in a widget) that its bucket uses. */
graphene_rect_t lk_crop_guide_rect(const LkBucketFit *fit, const graphene_rect_t *picture);

/** How much lies outside, in per cent of the picture. */
double lk_crop_guide_cut(const LkBucketFit *fit);

/** "640 × 384", and where there is room for more "Bucket 640 × 384 · 10 % cut off". Free with g_free. */
char *lk_crop_guide_text(const LkBucketFit *fit, gboolean whole);

/** Draws it. `visible`: the part of the widget in which the label should lie, at the bottom where `taken` pixels at the
 * other end leave room for it, else at the top; `text` may be NULL for none. */
void lk_crop_guide_snapshot(GtkWidget *widget, GtkSnapshot *snapshot, const LkBucketFit *fit,
                            const graphene_rect_t *picture, const graphene_rect_t *visible, const char *text,
                            float taken);
