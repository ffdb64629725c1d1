/* The stage of the Test page: the picture, two of them compared, a grid, or what is missing for one. */
#include "app/test/grid_view.h"
#include "app/test/picture_words.h"
#include "app/test/test_page_private.h"

#include <glib/gi18n.h>

static double ratio_of(LkTestPicture *picture)
{
    const LkPictureWish *wish = lk_test_picture_get_wish(picture);
    GdkPaintable *paintable = lk_test_picture_get_paintable(picture);
    double ratio = paintable ? gdk_paintable_get_intrinsic_aspect_ratio(paintable) : 0;
    if (wish)
        ratio = (double)wish->width / wish->height;
    return ratio > 0 ? ratio : 1;
}

static void show_progress(GtkProgressBar *bar, LkTestPicture *picture)
{
    LkTestPicture *partner = picture ? lk_test_picture_get_partner(picture) : NULL;
    LkTestPicture *busy = picture && lk_test_picture_is_busy(picture)   ? picture
                          : partner && lk_test_picture_is_busy(partner) ? partner
                                                                        : NULL;
    gtk_widget_set_visible(GTK_WIDGET(bar), busy != NULL);
    if (busy)
        gtk_progress_bar_set_fraction(bar, (double)lk_test_picture_get_step(busy) /
                                               MAX(lk_test_picture_get_wish(busy)->steps, 1));
}

static void show_picture(LkTestPage *self, LkTestPicture *picture)
{
    const LkInfotext *infotext = lk_test_picture_get_infotext(picture);
    gtk_aspect_frame_set_ratio(self->picture_frame, (float)ratio_of(picture));
    gtk_picture_set_paintable(self->picture, lk_test_picture_get_paintable(picture));
    gtk_picture_set_alternative_text(self->picture, infotext ? infotext->prompt : _("The picture as far as it is"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Picture"), -1);
    show_progress(self->picture_progress, picture);
}

/* Left without, right with. */
static void show_comparison(LkTestPage *self, LkTestPicture *picture)
{
    LkTestPicture *partner = lk_test_picture_get_partner(picture);
    const LkInfotext *infotext = lk_test_picture_get_infotext(picture);
    const LkPictureWish *wish = lk_test_picture_get_wish(picture);
    g_autofree char *label = lk_picture_strength(infotext ? infotext->prompt : wish ? wish->prompt : "");
    GdkPaintable *left = partner ? lk_test_picture_get_paintable(partner) : NULL;
    gtk_aspect_frame_set_ratio(self->compare_frame, (float)ratio_of(picture));
    lk_compare_set_left(self->compare, left, left ? _("Without LoRA") : NULL);
    lk_compare_set_right(self->compare, lk_test_picture_get_paintable(picture), label);
    show_progress(self->compare_progress, picture);
    gtk_widget_set_visible(self->compare_hint, !partner);
}

static gboolean axis_of(const LkGridAxes *axes, LkAxisKind kind)
{
    return axes->columns == kind || axes->rows == kind;
}

static void show_grid_words(LkTestPage *self)
{
    const LkGridAxes *axes = lk_test_bench_get_axes(self->bench);
    GPtrArray *cells = lk_test_bench_get_cells(self->bench);
    if (!axes)
        return;
    const char *rows = lk_axis_kind_title(axes->rows), *columns = lk_axis_kind_title(axes->columns);
    g_autofree char *title = axes->rows == LK_AXIS_NONE      ? g_strdup(columns)
                             : axes->columns == LK_AXIS_NONE ? g_strdup(rows)
                                                             : g_strdup_printf("%s × %s", rows, columns);
    guint done = lk_test_bench_count_done(self->bench);
    g_autofree char *count =
        g_strdup_printf(ngettext("%u of %u picture done", "%u of %u pictures done", cells->len), done, cells->len);
    /* translators: of a grid of pictures; behind it how many are done */
    g_autofree char *caption =
        axis_of(axes, LK_AXIS_SEED) ? g_strdup(count) : g_strdup_printf(_("Same seed everywhere; %s"), count);
    gtk_label_set_label(self->grid_title, title);
    gtk_label_set_label(self->grid_caption, caption);
}

static gboolean is_compare(LkTestPage *self)
{
    return g_str_equal(lk_test_settings_get_text(lk_test_bench_get_settings(self->bench), "mode"), "compare");
}

static const char *choose_stage(LkTestPage *self, LkTestPicture *picture)
{
    if (!*lk_project_get_base_model(lk_page_get_project(LK_PAGE(self))) && !picture)
        return "no-model";
    if (lk_test_page_is_grid(self))
        return "grid";
    return !picture ? "empty" : is_compare(self) ? "compare" : "picture";
}

void lk_test_page_show_stage(LkTestPage *self)
{
    LkTestPicture *picture = lk_test_page_get_picture(self);
    const char *stage = choose_stage(self, picture);
    if (g_str_equal(stage, "picture"))
        show_picture(self, picture);
    else if (g_str_equal(stage, "compare"))
        show_comparison(self, picture);
    else if (g_str_equal(stage, "grid"))
        show_grid_words(self);
    gtk_stack_set_visible_child_name(self->stage, stage);
    gboolean any = g_list_model_get_n_items(G_LIST_MODEL(lk_test_bench_get_history(self->bench))) > 0;
    gtk_widget_set_visible(GTK_WIDGET(self->strip), any && !lk_test_page_is_grid(self));
    gtk_widget_set_visible(self->details, picture != NULL);
}
