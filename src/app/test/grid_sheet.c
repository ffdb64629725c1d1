#include "app/test/grid_sheet.h"

#include "format/gerror.h"
#include "format/png.h"

#include <glib/gi18n.h>
#include <pango/pangocairo.h>

/* Cairo draws no larger pictures; others are scaled down. */
enum { LONGEST = 16000 };

typedef struct Title {
    char *title, *subtitle;
} Title;

typedef struct Sheet {
    char *path, *parameters;
    GArray *columns, *rows; /* Title */
    GPtrArray *textures;
    guint n_columns, n_rows;
    int width, height;  /* of a cell on the sheet */
    int gap, left, top; /* between cells; room for the titles of rows and columns */
    double font;        /* pixels */
} Sheet;

static void title_clear(gpointer data)
{
    Title *title = data;
    g_free(title->title);
    g_free(title->subtitle);
}

static void sheet_free(gpointer data)
{
    Sheet *sheet = data;
    g_free(sheet->path);
    g_free(sheet->parameters);
    g_array_unref(sheet->columns);
    g_array_unref(sheet->rows);
    g_ptr_array_unref(sheet->textures);
    g_free(sheet);
}

static GArray *copy_titles(const GPtrArray *values)
{
    GArray *titles = g_array_new(FALSE, FALSE, sizeof(Title));
    g_array_set_clear_func(titles, title_clear);
    for (guint i = 0; values && i < values->len; i++) {
        const LkAxisValue *value = values->pdata[i];
        Title title = {g_strdup(value->title), g_strdup(value->subtitle)};
        g_array_append_val(titles, title);
    }
    return titles;
}

static gpointer copy_texture(gconstpointer texture, gpointer data)
{
    return texture ? g_object_ref((gpointer)texture) : NULL;
}

static void clear_texture(gpointer texture)
{
    if (texture)
        g_object_unref(texture);
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

static PangoLayout *make_layout(cairo_t *cairo, const Sheet *sheet, const Title *title, int width)
{
    g_autofree char *head = g_markup_escape_text(title->title, -1);
    g_autofree char *below = title->subtitle ? g_markup_escape_text(title->subtitle, -1) : NULL;
    g_autofree char *markup =
        below ? g_strdup_printf("<b>%s</b>\n<small>%s</small>", head, below) : g_strdup_printf("<b>%s</b>", head);
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *font = pango_font_description_from_string("Sans");
    pango_font_description_set_absolute_size(font, sheet->font * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_markup(layout, markup, -1);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(layout, width * PANGO_SCALE);
    return layout;
}

/* How large the titles of an axis are when none is wider than `width`. */
static void measure_titles(cairo_t *cairo, const Sheet *sheet, const GArray *titles, int width, int *wide, int *tall)
{
    *wide = *tall = 0;
    for (guint i = 0; i < titles->len; i++) {
        int w, h;
        g_autoptr(PangoLayout) layout = make_layout(cairo, sheet, &g_array_index(titles, Title, i), width);
        pango_layout_get_pixel_size(layout, &w, &h);
        *wide = MAX(*wide, w);
        *tall = MAX(*tall, h);
    }
}

static void draw_title(cairo_t *cairo, const Sheet *sheet, const Title *title, int x, int y, int width, int height,
                       PangoAlignment alignment)
{
    int tall;
    g_autoptr(PangoLayout) layout = make_layout(cairo, sheet, title, width);
    pango_layout_set_alignment(layout, alignment);
    pango_layout_get_pixel_size(layout, NULL, &tall);
    cairo_move_to(cairo, x, y + (height - tall) / 2.0);
    cairo_set_source_rgb(cairo, 0.1, 0.1, 0.1);
    pango_cairo_show_layout(cairo, layout);
}

static void draw_picture(cairo_t *cairo, const Sheet *sheet, GdkTexture *texture, int x, int y)
{
    cairo_set_source_rgb(cairo, 0.9, 0.9, 0.9);
    cairo_rectangle(cairo, x, y, sheet->width, sheet->height);
    cairo_fill(cairo);
    if (!texture)
        return;
    int width = gdk_texture_get_width(texture), height = gdk_texture_get_height(texture);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    gdk_texture_download(texture, cairo_image_surface_get_data(surface),
                         (gsize)cairo_image_surface_get_stride(surface));
    cairo_surface_mark_dirty(surface);
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_scale(cairo, (double)sheet->width / width, (double)sheet->height / height);
    cairo_set_source_surface(cairo, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_GOOD);
    cairo_paint(cairo);
    cairo_restore(cairo);
    cairo_surface_destroy(surface);
}

static void draw_all(cairo_t *cairo, const Sheet *sheet)
{
    for (guint i = 0; i < sheet->columns->len; i++)
        draw_title(cairo, sheet, &g_array_index(sheet->columns, Title, i),
                   sheet->left + (int)i * (sheet->width + sheet->gap), sheet->gap, sheet->width,
                   sheet->top - 2 * sheet->gap, PANGO_ALIGN_CENTER);
    for (guint i = 0; i < sheet->rows->len; i++)
        draw_title(cairo, sheet, &g_array_index(sheet->rows, Title, i), sheet->gap,
                   sheet->top + (int)i * (sheet->height + sheet->gap), sheet->left - 2 * sheet->gap, sheet->height,
                   PANGO_ALIGN_RIGHT);
    for (guint i = 0; i < sheet->textures->len; i++)
        draw_picture(cairo, sheet, sheet->textures->pdata[i],
                     sheet->left + (int)(i % sheet->n_columns) * (sheet->width + sheet->gap),
                     sheet->top + (int)(i / sheet->n_columns) * (sheet->height + sheet->gap));
}

/* ---- the sheet --------------------------------------------------------------------------------------- */

/* Room for the titles, and cells so small that the whole can be drawn. */
static void lay_out(Sheet *sheet, cairo_t *cairo)
{
    double room = LONGEST * 0.9,
           share = MAX((double)sheet->n_columns * sheet->width / room, (double)sheet->n_rows * sheet->height / room);
    int wide, tall;
    if (share > 1) {
        sheet->width = MAX(1, (int)(sheet->width / share));
        sheet->height = MAX(1, (int)(sheet->height / share));
    }
    sheet->gap = MAX(4, sheet->width / 48);
    sheet->font = CLAMP(sheet->width / 14.0, 11, 48);
    measure_titles(cairo, sheet, sheet->columns, sheet->width, &wide, &tall);
    sheet->top = sheet->gap + (tall ? tall + sheet->gap : 0);
    measure_titles(cairo, sheet, sheet->rows, MAX(sheet->width, 160), &wide, &tall);
    sheet->left = sheet->gap + (wide ? wide + sheet->gap : 0);
}

/* Cairo's pixels, blue first in a 32-bit word, to RGB. */
static uint8_t *to_rgb(cairo_surface_t *surface)
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    uint8_t *rgb = g_malloc((gsize)width * (gsize)height * 3), *out = rgb;
    cairo_surface_flush(surface);
    for (int y = 0; y < height; y++) {
        const guint32 *row = (const guint32 *)(gpointer)(cairo_image_surface_get_data(surface) +
                                                         (gsize)y * (gsize)cairo_image_surface_get_stride(surface));
        for (int x = 0; x < width; x++) {
            *out++ = (uint8_t)(row[x] >> 16);
            *out++ = (uint8_t)(row[x] >> 8);
            *out++ = (uint8_t)row[x];
        }
    }
    return rgb;
}

static cairo_surface_t *draw_sheet(Sheet *sheet)
{
    cairo_surface_t *scratch = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cairo = cairo_create(scratch);
    lay_out(sheet, cairo);
    cairo_destroy(cairo);
    cairo_surface_destroy(scratch);
    int width = sheet->left + (int)sheet->n_columns * (sheet->width + sheet->gap);
    int height = sheet->top + (int)sheet->n_rows * (sheet->height + sheet->gap);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    draw_all(cairo, sheet);
    cairo_destroy(cairo);
    return surface;
}

static void save_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Sheet *sheet = data;
    GError *error = NULL;
    cairo_surface_t *surface = draw_sheet(sheet);
    g_autoptr(LkMetadata) texts = lk_metadata_new();
    if (sheet->parameters)
        lk_metadata_set(texts, "parameters", sheet->parameters);
    gboolean good = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    if (good) {
        g_autofree uint8_t *rgb = to_rgb(surface);
        int width = cairo_image_surface_get_width(surface);
        good = lk_png_write(sheet->path, rgb, width, cairo_image_surface_get_height(surface), (size_t)width * 3, texts,
                            &error);
    } else {
        lk_set_error(&error, LK_ERROR_MEMORY, _("There is not enough memory for a picture of the whole grid."));
    }
    cairo_surface_destroy(surface);
    if (good)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

void lk_grid_sheet_save(const char *path, const LkGridAxes *axes, GPtrArray *textures, int width, int height,
                        const char *parameters, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_grid_sheet_save);
    Sheet *sheet = g_new0(Sheet, 1);
    *sheet = (Sheet){.path = g_strdup(path),
                     .parameters = g_strdup(parameters),
                     .columns = copy_titles(axes->column_values),
                     .rows = copy_titles(axes->row_values),
                     .textures = g_ptr_array_copy(textures, (GCopyFunc)(gpointer)copy_texture, NULL),
                     .n_columns = lk_grid_axes_n_columns(axes),
                     .n_rows = lk_grid_axes_n_rows(axes),
                     .width = width,
                     .height = height};
    g_ptr_array_set_free_func(sheet->textures, clear_texture);
    g_task_set_task_data(task, sheet, sheet_free);
    g_task_run_in_thread(task, save_thread);
}

gboolean lk_grid_sheet_save_finish(GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, NULL), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}
