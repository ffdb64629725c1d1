#include "app/dataset/crop_guide.h"

#include <glib/gi18n.h>
#include <math.h>

#define BRACKET_LONG ((float)20)
#define BRACKET_WIDE ((float)3)
#define LABEL_SIDE   ((float)9)
#define LABEL_ABOVE  ((float)3)
#define LABEL_GAP    ((float)8)

#define LEAST_CUT 0.05 /* per cent; less is nothing */

static const GdkRGBA white = {1, 1, 1, 1}, dark = {0, 0, 0, 0.58F}, thin = {1, 1, 1, 0.28F},
                     behind_text = {0, 0, 0, 0.65F};

graphene_rect_t lk_crop_guide_rect(const LkBucketFit *fit, const graphene_rect_t *picture)
{
    float across = picture->size.width / (float)fit->resized.width;
    float down = picture->size.height / (float)fit->resized.height;
    return GRAPHENE_RECT_INIT(picture->origin.x + (float)fit->crop_x * across,
                              picture->origin.y + (float)fit->crop_y * down, (float)fit->bucket.width * across,
                              (float)fit->bucket.height * down);
}

double lk_crop_guide_cut(const LkBucketFit *fit)
{
    double used = (double)fit->bucket.width * fit->bucket.height;
    double all = (double)fit->resized.width * fit->resized.height;
    return all > 0 ? 100 * MAX(0, 1 - used / all) : 0;
}

char *lk_crop_guide_text(const LkBucketFit *fit, gboolean whole)
{
    int width = fit->bucket.width, height = fit->bucket.height;
    double cut = lk_crop_guide_cut(fit);
    if (!whole)
        return g_strdup_printf("%d × %d", width, height);
    if (cut < LEAST_CUT)
        /* translators: the size at which a picture is trained */
        return g_strdup_printf(_("Bucket %d × %d"), width, height);
    if (cut < 0.95)
        return g_strdup_printf(_("Bucket %d × %d · less than 1 %% cut off"), width, height);
    /* translators: the size at which a picture is trained, and how much of it is lost */
    return g_strdup_printf(_("Bucket %d × %d · %d %% cut off"), width, height, (int)lround(cut));
}

static void fill(GtkSnapshot *snapshot, const GdkRGBA *colour, float x, float y, float width, float height)
{
    if (width > 0 && height > 0)
        gtk_snapshot_append_color(snapshot, colour, &GRAPHENE_RECT_INIT(x, y, width, height));
}

/* The four bars around `crop` within `picture`. */
static void darken(GtkSnapshot *snapshot, const graphene_rect_t *picture, const graphene_rect_t *crop)
{
    float left = picture->origin.x, top = picture->origin.y;
    float right = left + picture->size.width, bottom = top + picture->size.height;
    float crop_right = crop->origin.x + crop->size.width, crop_bottom = crop->origin.y + crop->size.height;
    fill(snapshot, &dark, left, top, picture->size.width, crop->origin.y - top);
    fill(snapshot, &dark, left, crop_bottom, picture->size.width, bottom - crop_bottom);
    fill(snapshot, &dark, left, crop->origin.y, crop->origin.x - left, crop->size.height);
    fill(snapshot, &dark, crop_right, crop->origin.y, right - crop_right, crop->size.height);
}

static void draw_thirds(GtkSnapshot *snapshot, const graphene_rect_t *crop)
{
    for (int i = 1; i <= 2; i++) {
        float x = roundf(crop->origin.x + crop->size.width * (float)i / 3);
        float y = roundf(crop->origin.y + crop->size.height * (float)i / 3);
        fill(snapshot, &thin, x, crop->origin.y, 1, crop->size.height);
        fill(snapshot, &thin, crop->origin.x, y, crop->size.width, 1);
    }
}

/* An edge of two pixels, and brackets at the corners. */
static void draw_frame(GtkSnapshot *snapshot, const graphene_rect_t *crop)
{
    GskRoundedRect edge;
    gsk_rounded_rect_init_from_rect(&edge, crop, 0);
    const GdkRGBA pale = {1, 1, 1, 0.85F};
    gtk_snapshot_append_border(snapshot, &edge, (float[4]){1.5F, 1.5F, 1.5F, 1.5F},
                               (GdkRGBA[4]){pale, pale, pale, pale});
    float length = MIN(BRACKET_LONG, MIN(crop->size.width, crop->size.height) / 3);
    for (int corner = 0; corner < 4; corner++) {
        gboolean right = corner & 1, bottom = corner & 2;
        float x = crop->origin.x + (right ? crop->size.width : 0),
              y = crop->origin.y + (bottom ? crop->size.height : 0);
        fill(snapshot, &white, right ? x - length : x, bottom ? y - BRACKET_WIDE : y, length, BRACKET_WIDE);
        fill(snapshot, &white, right ? x - BRACKET_WIDE : x, bottom ? y - length : y, BRACKET_WIDE, length);
    }
}

static void draw_label(GtkWidget *widget, GtkSnapshot *snapshot, const graphene_rect_t *crop,
                       const graphene_rect_t *visible, const char *text, float taken)
{
    graphene_rect_t room;
    if (!graphene_rect_intersection(crop, visible, &room))
        return;
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, text);
    g_autoptr(PangoAttrList) attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_scale_new(0.82));
    pango_layout_set_attributes(layout, attributes);
    int width, height;
    pango_layout_get_pixel_size(layout, &width, &height);
    float wide = (float)width + 2 * LABEL_SIDE, high = (float)height + 2 * LABEL_ABOVE;
    if (wide + 2 * LABEL_GAP > room.size.width || high + 2 * LABEL_GAP > room.size.height)
        return;
    const gboolean beside = taken <= 0 || wide + taken + 3 * LABEL_GAP <= room.size.width;
    float x = roundf(room.origin.x + LABEL_GAP);
    float y = roundf(room.origin.y + (beside ? room.size.height - LABEL_GAP - high : LABEL_GAP));
    GskRoundedRect pill;
    gsk_rounded_rect_init_from_rect(&pill, &GRAPHENE_RECT_INIT(x, y, wide, high), 7);
    gtk_snapshot_push_rounded_clip(snapshot, &pill);
    gtk_snapshot_append_color(snapshot, &behind_text, &pill.bounds);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + LABEL_SIDE, y + LABEL_ABOVE));
    gtk_snapshot_append_layout(snapshot, layout, &white);
    gtk_snapshot_restore(snapshot);
}

void lk_crop_guide_snapshot(GtkWidget *widget, GtkSnapshot *snapshot, const LkBucketFit *fit,
                            const graphene_rect_t *picture, const graphene_rect_t *visible, const char *text,
                            float taken)
{
    graphene_rect_t crop = lk_crop_guide_rect(fit, picture);
    draw_thirds(snapshot, &crop);
    if (lk_crop_guide_cut(fit) >= LEAST_CUT) {
        darken(snapshot, picture, &crop);
        draw_frame(snapshot, &crop);
    }
    if (text)
        draw_label(widget, snapshot, &crop, visible, text, taken);
}
