/* The dataset's widgets on a screen: what a cell shows, how the grid divides its width, what the large view does while
 * and after a picture is decoded. */
#include "app/core/picture_loader.h"
#include "app/dataset/picture_canvas.h"
#include "app/dataset/picture_cell.h"
#include "app/dataset/picture_grid.h"
#include "app/dataset/viewer_page.h"
#include "app/widgets/drop_area.h"
#include "app/widgets/picture_badge.h"
#include "tests/app/picture_lab.h"

#include <adwaita.h>

static LkThumbnails *thumbnails;
static LkPictureLoader *loader;

static Lab *fill(guint count, int width, int height)
{
    Lab *lab = lab_new();
    for (guint i = 0; i < count; i++) {
        g_autofree char *picture = g_strdup_printf("in/p%03u.png", i), *text = g_strdup_printf("in/p%03u.txt", i);
        lab_picture(lab, picture, width, height, i + 1);
        if (i != 1)
            scratch_text(lab->folder, text, "a caption");
    }
    scratch_text(lab->folder, "in/broken.png", "nothing");
    lk_import_summary_free(lab_add(lab, (const char *const[]){"in", NULL}));
    settle_doctor(lab);
    return lab;
}

static GtkWindow *show_window(GtkWidget *child, int width, int height)
{
    GtkWindow *window = GTK_WINDOW(gtk_window_new());
    gtk_window_set_default_size(window, width, height);
    gtk_window_set_child(window, child);
    gtk_window_present(window);
    return window;
}

static GtkWidget *find_widget(GtkWidget *widget, GType type)
{
    if (G_TYPE_CHECK_INSTANCE_TYPE(widget, type) && gtk_widget_get_visible(widget))
        return widget;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child)) {
        GtkWidget *found = find_widget(child, type);
        if (found)
            return found;
    }
    return NULL;
}

/* ---- cells ------------------------------------------------------------------------------------------- */

static bool has_texture(void *cell)
{
    return lk_picture_cell_get_texture(cell) != NULL;
}

static void test_cell(void)
{
    Lab *lab = fill(3, 1200, 900);
    GtkWidget *widget = lk_picture_cell_new(thumbnails);
    LkPictureCell *cell = LK_PICTURE_CELL(widget);
    GtkWindow *window = show_window(widget, 300, 300);
    LkPicture *plain = lab_find(lab, "in/p000.png"), *bare = lab_find(lab, "in/p001.png");
    tap_ok(!lk_picture_cell_is_waiting(cell), "a cell without a picture waits for nothing");
    lk_picture_cell_set_side(cell, 150);
    lk_picture_cell_set_picture(cell, plain);
    tap_ok(lk_picture_cell_is_waiting(cell) && !lk_picture_cell_get_texture(cell), "a new picture is waited for");
    lk_picture_cell_load(cell);
    tap_ok(wait_for(has_texture, cell, 20), "and comes");
    GdkTexture *texture = lk_picture_cell_get_texture(cell);
    tap_ok(gdk_texture_get_width(texture) == 150 && gdk_texture_get_height(texture) == 150,
           "as large as it is drawn (%d x %d)", gdk_texture_get_width(texture), gdk_texture_get_height(texture));
    LkPictureBadge *badge = LK_PICTURE_BADGE(find_widget(widget, LK_TYPE_PICTURE_BADGE));
    tap_ok(!badge, "a picture without marks has no badge");
    lk_picture_cell_set_picture(cell, bare);
    badge = LK_PICTURE_BADGE(find_widget(widget, LK_TYPE_PICTURE_BADGE));
    tap_ok(badge && strcmp(lk_picture_badge_get_text(badge), "No caption") == 0 &&
               gtk_widget_has_css_class(GTK_WIDGET(badge), "warning"),
           "one without caption says so");
    lab_edit(lab, "Caption", "in/p001.png", LK_PICTURE_FIELD_CAPTION, "now");
    settle_doctor(lab);
    tap_ok(!find_widget(widget, LK_TYPE_PICTURE_BADGE), "until it has one");
    lab_edit(lab, "Leave out", "in/p001.png", LK_PICTURE_FIELD_EXCLUDED, "1");
    tap_ok(gtk_widget_has_css_class(widget, "excluded") && find_widget(widget, LK_TYPE_PICTURE_BADGE),
           "one that is left out is pale and says so");
    lk_picture_cell_set_picture(cell, lab_find(lab, "in/broken.png"));
    GtkWidget *reason = find_widget(widget, GTK_TYPE_LABEL);
    tap_ok(!lk_picture_cell_is_waiting(cell) && reason && *gtk_label_get_label(GTK_LABEL(reason)),
           "one that cannot be read says why: %s", reason ? gtk_label_get_label(GTK_LABEL(reason)) : "");
    lk_picture_cell_set_picture(cell, plain);
    tap_ok(lk_picture_cell_get_texture(cell) != NULL, "one that was shown lately is there at once");
    lk_picture_cell_set_side(cell, 200);
    tap_ok(lk_picture_cell_is_waiting(cell) && lk_picture_cell_get_texture(cell),
           "zoomed it stays until a sharp one comes");
    lk_picture_cell_load(cell);
    lk_picture_cell_set_picture(cell, NULL);
    let_pass(0.3);
    tap_ok(!lk_picture_cell_get_texture(cell), "an answer for a picture that is gone is not shown");
    lk_picture_cell_set_picture(cell, bare);
    lk_picture_cell_load(cell);
    gtk_window_destroy(window); /* with a request under way */
    let_pass(0.3);
    lab_free(lab);
}

/* ---- the grid ---------------------------------------------------------------------------------------- */

static bool is_allocated(void *widget)
{
    return gtk_widget_get_width(widget) > 0;
}

static guint count_cells(GtkWidget *widget, guint *sharp)
{
    guint count = 0;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child)) {
        if (LK_IS_PICTURE_CELL(child)) {
            count++;
            *sharp += lk_picture_cell_get_texture(LK_PICTURE_CELL(child)) != NULL;
        } else {
            count += count_cells(child, sharp);
        }
    }
    return count;
}

static bool all_sharp(void *grid)
{
    guint sharp = 0, count = count_cells(grid, &sharp);
    return count > 0 && sharp + 1 >= count; /* one cannot be read */
}

static void count_cb(guint *counter)
{
    ++*counter;
}

static void test_grid(void)
{
    Lab *lab = fill(40, 600, 400);
    LkDatasetView *view = lk_dataset_view_new(lab->list);
    GtkWidget *widget = g_object_new(LK_TYPE_PICTURE_GRID, NULL);
    LkPictureGrid *grid = LK_PICTURE_GRID(widget);
    lk_picture_grid_set_view(grid, view, thumbnails);
    GtkWindow *window = show_window(widget, 723, 500);
    wait_for(is_allocated, widget, 20);
    tap_ok(lk_picture_grid_get_columns(grid) == 4, "723 pixels have %u columns", lk_picture_grid_get_columns(grid));
    GtkWidget *cell = find_widget(widget, LK_TYPE_PICTURE_CELL);
    tap_ok(gtk_widget_get_width(cell) == 165 && gtk_widget_get_height(cell) == 165, "of squares of %d x %d",
           gtk_widget_get_width(cell), gtk_widget_get_height(cell));
    tap_ok(poll_for(all_sharp, widget, 20), "their pictures come");
    lk_picture_grid_set_zoom(grid, LK_PICTURE_GRID_ZOOM_MOST + 5);
    let_pass(0.2);
    tap_ok(lk_picture_grid_get_zoom(grid) == LK_PICTURE_GRID_ZOOM_MOST && lk_picture_grid_get_columns(grid) == 2,
           "the largest zoom has %u columns", lk_picture_grid_get_columns(grid));
    lk_picture_grid_set_zoom(grid, 0);
    let_pass(0.2);
    tap_ok(lk_picture_grid_get_columns(grid) == 8 && gtk_widget_get_width(cell) == 76, "the smallest %u, of %d pixels",
           lk_picture_grid_get_columns(grid), gtk_widget_get_width(cell));
    lk_dataset_view_set_current_position(view, 39);
    lk_picture_grid_go_to_current(grid, TRUE);
    let_pass(0.2);
    GtkSelectionModel *selection = GTK_SELECTION_MODEL(lk_dataset_view_get_selection(view));
    tap_ok(gtk_selection_model_is_selected(selection, 39) && lk_dataset_view_get_n_selected(view) == 1,
           "going to a picture selects it");
    guint activated = 0;
    g_signal_connect_swapped(grid, "activate", G_CALLBACK(count_cb), &activated);
    GtkWidget *inner = find_widget(widget, GTK_TYPE_GRID_VIEW);
    g_signal_emit_by_name(inner, "activate", 5);
    tap_ok(activated == 1 && lk_dataset_view_get_current_position(view) == 5,
           "activating a cell makes it the current one");
    gtk_window_destroy(window);
    g_object_unref(view);
    let_pass(0.2);
    lab_free(lab);
}

/* ---- large ------------------------------------------------------------------------------------------- */

static bool is_sharp(void *canvas)
{
    return lk_picture_canvas_is_sharp(canvas);
}

static bool has_error(void *canvas)
{
    return lk_picture_canvas_get_error(canvas) != NULL;
}

static void test_canvas(void)
{
    Lab *lab = fill(2, 600, 400);
    GtkWidget *widget = lk_picture_canvas_new(thumbnails, loader);
    LkPictureCanvas *canvas = LK_PICTURE_CANVAS(widget);
    GtkWindow *window = show_window(widget, 600, 500);
    wait_for(is_allocated, widget, 20);
    lk_picture_canvas_set_picture(canvas, lab_find(lab, "in/p000.png"));
    graphene_rect_t place = lk_picture_canvas_get_visible(canvas);
    tap_ok(place.size.width == 600 && place.size.height == 400, "the picture has its place before it is decoded");
    tap_ok(wait_for(is_sharp, canvas, 20) && !lk_picture_canvas_get_error(canvas), "it comes");
    tap_ok(lk_picture_canvas_get_fits(canvas) && lk_picture_canvas_get_percent(canvas) == 100, "it fits, at 100 %%");
    lk_picture_canvas_zoom(canvas, 2);
    tap_ok(!lk_picture_canvas_get_fits(canvas) && lk_picture_canvas_get_percent(canvas) > 150,
           "two steps larger: %.0f %%", lk_picture_canvas_get_percent(canvas));
    lk_picture_canvas_set_percent(canvas, 100);
    tap_ok(lk_picture_canvas_get_percent(canvas) == 100, "100 %% again");
    lk_picture_canvas_zoom(canvas, 5);
    lk_picture_canvas_set_picture(canvas, lab_find(lab, "in/p001.png"));
    tap_ok(lk_picture_canvas_get_fits(canvas), "another picture is shown whole");
    wait_for(is_sharp, canvas, 20);
    lk_picture_canvas_set_picture(canvas, lab_find(lab, "in/p000.png"));
    tap_ok(lk_picture_canvas_is_sharp(canvas), "one that was shown lately is there at once");
    lk_picture_canvas_set_picture(canvas, lab_find(lab, "in/broken.png"));
    tap_ok(wait_for(has_error, canvas, 20) && !lk_picture_canvas_is_sharp(canvas), "one that cannot be read: %s",
           lk_picture_canvas_get_error(canvas));
    lk_picture_canvas_set_picture(canvas, NULL);
    tap_ok(!lk_picture_canvas_get_error(canvas), "none at all is no error");
    lk_picture_canvas_set_picture(canvas, lab_find(lab, "in/p000.png"));
    gtk_window_destroy(window);
    let_pass(0.2);
    lab_free(lab);
}

static void test_viewer(void)
{
    Lab *lab = fill(3, 600, 400);
    LkDatasetView *view = lk_dataset_view_new(lab->list);
    lk_dataset_view_set_current_position(view, 1);
    LkViewerPage *viewer = lk_viewer_page_new(view, thumbnails, loader);
    GtkWidget *navigation = adw_navigation_view_new();
    adw_navigation_view_push(ADW_NAVIGATION_VIEW(navigation), ADW_NAVIGATION_PAGE(viewer));
    GtkWindow *window = show_window(navigation, 800, 600);
    wait_for(is_allocated, viewer, 20);
    GtkWidget *canvas = find_widget(GTK_WIDGET(viewer), LK_TYPE_PICTURE_CANVAS);
    AdwWindowTitle *title = ADW_WINDOW_TITLE(find_widget(GTK_WIDGET(viewer), ADW_TYPE_WINDOW_TITLE));
    tap_ok(strcmp(adw_window_title_get_title(title), "p000.png") == 0 &&
               strcmp(adw_window_title_get_subtitle(title), "2 of 4") == 0,
           "it says %s, %s", adw_window_title_get_title(title), adw_window_title_get_subtitle(title));
    gtk_widget_activate_action(GTK_WIDGET(viewer), "viewer.next", NULL);
    tap_ok(strcmp(adw_window_title_get_title(title), "p001.png") == 0 && wait_for(is_sharp, canvas, 20),
           "the next one is shown");
    gtk_widget_activate_action(GTK_WIDGET(viewer), "viewer.next", NULL);
    tap_ok(!gtk_widget_activate_action(GTK_WIDGET(viewer), "viewer.next", NULL) ||
               strcmp(adw_window_title_get_title(title), "p002.png") == 0,
           "after the last one there is none");
    gtk_widget_activate_action(GTK_WIDGET(viewer), "viewer.left-out", NULL);
    tap_ok(lk_picture_get_excluded(lab_find(lab, "in/p002.png")), "it can be left out of the training");
    gboolean crop = FALSE;
    gtk_widget_activate_action(GTK_WIDGET(viewer), "viewer.crop", NULL);
    g_object_get(canvas, "show-crop", &crop, NULL);
    tap_ok(!crop, "the crop guide can be hidden");
    lk_dataset_view_set_current_position(view, 0);
    tap_ok(wait_for(has_error, canvas, 20) && find_widget(GTK_WIDGET(viewer), ADW_TYPE_STATUS_PAGE),
           "a picture that cannot be read is explained");
    gtk_window_destroy(window);
    g_object_unref(view);
    let_pass(0.2);
    lab_free(lab);
}

/* ---- the loader -------------------------------------------------------------------------------------- */

typedef struct Loaded {
    GdkTexture *texture;
    GError *error;
    guint count;
} Loaded;

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Loaded *loaded = data;
    g_clear_object(&loaded->texture);
    g_clear_error(&loaded->error);
    loaded->texture = lk_picture_loader_load_finish(LK_PICTURE_LOADER(source), result, &loaded->error);
    loaded->count++;
}

static bool came(void *data)
{
    return ((Loaded *)data)->count == 1;
}

static bool came_twice(void *data)
{
    return ((Loaded *)data)->count == 2;
}

static void test_loader(void)
{
    Lab *lab = fill(1, 600, 400);
    LkPictureLoader *own = lk_picture_loader_new();
    g_autofree char *path = lab_path(lab, "in/p000.png"), *broken = lab_path(lab, "in/broken.png");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Loaded first = {0}, second = {0};
    lk_picture_loader_load(own, path, cancellable, loaded_cb, &first);
    lk_picture_loader_load(own, path, NULL, loaded_cb, &second);
    lk_picture_loader_load(own, path, NULL, loaded_cb, &second);
    g_cancellable_cancel(cancellable);
    tap_ok(wait_for(came_twice, &second, 20) && second.texture == lk_picture_loader_peek(own, path) &&
               gdk_texture_get_width(second.texture) == 600,
           "asked for three times it is decoded once");
    wait_for(came, &first, 20);
    tap_ok(first.count == 1 && g_error_matches(first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
           "who cancelled gets nothing, the others do");
    second.count = 0;
    lk_picture_loader_load(own, broken, NULL, loaded_cb, &second);
    lk_picture_loader_load(own, broken, NULL, loaded_cb, &second);
    wait_for(came_twice, &second, 20);
    tap_ok(second.error && strstr(second.error->message, "broken.png"), "a failure is told to all: %s",
           second.error ? second.error->message : "");
    lk_picture_loader_forget(own, path);
    tap_ok(!lk_picture_loader_peek(own, path), "what is forgotten is read again");
    g_clear_error(&first.error);
    g_clear_error(&second.error);
    g_object_unref(own);
    lab_free(lab);
}

/* ---- pasting ----------------------------------------------------------------------------------------- */

static void files_cb(GtkWidget *area, char **paths, GString *told)
{
    g_autofree char *all = g_strjoinv(" ", paths);
    g_string_append_printf(told, "files %s", all);
}

static void texture_cb(GtkWidget *area, GdkTexture *texture, GString *told)
{
    g_string_append_printf(told, "texture %d", gdk_texture_get_width(texture));
}

static void refused_cb(GtkWidget *area, const char *text, GString *told)
{
    g_string_append_printf(told, "refused %s", text);
}

static bool is_told(void *data)
{
    return ((GString *)data)->len > 0;
}

static char *paste(LkDropArea *area, GString *told)
{
    g_string_truncate(told, 0);
    lk_drop_area_paste(area);
    wait_for(is_told, told, 20);
    return told->str;
}

static void test_paste(void)
{
    GtkWidget *area = g_object_new(LK_TYPE_DROP_AREA, "text", "Drop", NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    g_signal_connect(area, "files", G_CALLBACK(files_cb), told);
    g_signal_connect(area, "texture", G_CALLBACK(texture_cb), told);
    g_signal_connect(area, "refused", G_CALLBACK(refused_cb), told);
    GtkWindow *window = show_window(area, 300, 300);
    GdkClipboard *clipboard = gtk_widget_get_clipboard(area);
    gdk_clipboard_set_text(clipboard, "only words");
    tap_ok(g_str_has_prefix(paste(LK_DROP_AREA(area), told), "refused "), "words are refused: %s", told->str);
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_malloc0(400), 400);
    g_autoptr(GdkTexture) texture = gdk_memory_texture_new(10, 10, GDK_MEMORY_R8G8B8A8, bytes, 40);
    gdk_clipboard_set_texture(clipboard, texture);
    tap_ok(strcmp(paste(LK_DROP_AREA(area), told), "texture 10") == 0, "a picture is taken: %s", told->str);
    g_autoptr(GFile) file = g_file_new_for_path("/a/b.png");
    GdkFileList *list = gdk_file_list_new_from_array(&file, 1);
    gdk_clipboard_set(clipboard, GDK_TYPE_FILE_LIST, list);
    tap_ok(strcmp(paste(LK_DROP_AREA(area), told), "files /a/b.png") == 0, "files are taken: %s", told->str);
    g_boxed_free(GDK_TYPE_FILE_LIST, list);
    g_autoptr(GFile) far = g_file_new_for_uri("https://example.org/b.png");
    list = gdk_file_list_new_from_array(&far, 1);
    gdk_clipboard_set(clipboard, GDK_TYPE_FILE_LIST, list);
    tap_ok(g_str_has_prefix(paste(LK_DROP_AREA(area), told), "refused "), "files of elsewhere are refused: %s",
           told->str);
    g_boxed_free(GDK_TYPE_FILE_LIST, list);
    gtk_window_destroy(window);
}

int main(void)
{
    gtk_disable_setlocale();
    adw_init();
    g_autofree char *cache = scratch_new();
    thumbnails = lk_thumbnails_new(cache);
    loader = lk_picture_loader_new();
    test_cell();
    test_grid();
    test_canvas();
    test_viewer();
    test_loader();
    test_paste();
    g_clear_object(&thumbnails);
    g_clear_object(&loader);
    scratch_remove(cache);
    return tap_done();
}
