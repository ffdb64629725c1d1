/* How the dataset page bears many pictures: when it is there, how long scrolling holds up the main loop, memory.
 * Usage: bench_dataset [COUNT]. It makes pictures, a store that knows them, and runs the program in its own process.
 */
#include "app/application.h"
#include "app/dataset/dataset_page.h"
#include "app/dataset/picture_cell.h"
#include "app/dataset/picture_private.h"
#include "app/shell/window.h"
#include "project/pictures.h"
#include "project/projects.h"
#include "project/sources.h"
#include "tests/app/loop_times.h"
#include "tests/dataset/scratch.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

enum { KINDS = 32, SIDE = 320, DOCTOR = 8 /* the last phase */ };

/* ---- pictures and the store -------------------------------------------------------------------------- */

static void make_kinds(const char *folder)
{
    for (int kind = 0; kind < KINDS; kind++) {
        g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, SIDE, SIDE);
        guchar *pixels = gdk_pixbuf_get_pixels(pixbuf);
        int stride = gdk_pixbuf_get_rowstride(pixbuf);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                for (int c = 0; c < 3; c++)
                    pixels[y * stride + x * 3 + c] = (guchar)((x * (c + 1) + y * kind + ((x * y) >> 4)) & 255);
        g_autofree char *name = g_strdup_printf("kind-%d.png", kind);
        g_autofree char *path = scratch_path(folder, name);
        gdk_pixbuf_save(pixbuf, path, "png", NULL, "compression", "1", NULL);
    }
}

static void link_pictures(const char *folder, const char *pictures, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autofree char *from = g_strdup_printf("%s/kind-%u.png", folder, i % KINDS);
        g_autofree char *to = g_strdup_printf("%s/picture-%06u.png", pictures, i);
        if (link(from, to) != 0)
            g_printerr("%s: %s\n", to, g_strerror(errno));
    }
}

/* Like no other picture's. */
static char *make_look(guint number, gint64 *hash)
{
    g_autofree char *name = g_strdup_printf("look %u", number);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA512);
    guint8 colours[LK_LOOK_COLOURS], digest[64];
    gsize size = sizeof digest;
    g_checksum_update(sum, (const guchar *)name, -1);
    g_checksum_get_digest(sum, digest, &size);
    for (gsize i = 0; i < sizeof colours; i++)
        colours[i] = digest[i % sizeof digest];
    memcpy(hash, digest, sizeof *hash);
    return g_base64_encode(colours, sizeof colours);
}

/* Rows as they are after a look at the files, all of which were decoded: the store is warm. */
static void fill_store(LkStore *store, gint64 project, gint64 source, const char *pictures, guint count)
{
    g_autofree LkPictureRecord *records = g_new0(LkPictureRecord, count);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count; i++) {
        g_autofree char *number = g_strdup_printf("%u", i); /* no two are the same picture */
        g_ptr_array_add(hashes, g_compute_checksum_for_string(G_CHECKSUM_SHA256, number, -1));
        char *path = g_strdup_printf("%s/picture-%06u.png", pictures, i);
        char *caption = i % 40 == 0 ? NULL : g_strdup_printf("subject, number %u, group %u, soft light", i, i % 100);
        g_ptr_array_add(texts, path);
        g_ptr_array_add(texts, caption);
        gint64 perceptual = 0;
        char *look = make_look(i, &perceptual);
        g_ptr_array_add(texts, look);
        GStatBuf info = {0};
        g_stat(path, &info);
        const LkPictureInfo kind = {.type = LK_PICTURE_PNG, .bits = 8, .orientation = 1};
        records[i] = (LkPictureRecord){
            .source = source,
            .path = path,
            .size = info.st_size,
            .mtime_ns = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
            .width = SIDE,
            .height = SIDE,
            .hash = g_ptr_array_index(hashes, i),
            .has_perceptual = true,
            .perceptual = perceptual,
            .look = look,
            .sharpness = 500,
            .flags = lk_picture_flags_pack(&kind, LK_FINDING_COUNT) | LK_PICTURE_FLAG_EXAMINED,
            .caption = caption,
            .caption_state = caption ? LK_PICTURE_CAPTION_READ : LK_PICTURE_CAPTION_NONE,
        };
    }
    g_autoptr(GError) error = NULL;
    if (!lk_pictures_upsert(store, project, records, count, LK_PICTURE_ALL, &error))
        g_printerr("%s\n", error->message);
}

static void make_project(const char *folder, guint count)
{
    g_autofree char *pictures = g_build_filename(folder, "pictures", NULL);
    g_autofree char *path = g_build_filename(g_get_user_data_dir(), "lorikeet", "lorikeet.db", NULL);
    g_mkdir_with_parents(pictures, 0700);
    make_kinds(folder);
    link_pictures(folder, pictures, count);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkStore) store = lk_store_open(path, &error);
    gint64 project = store ? lk_projects_create(store, "Many", "style", folder, &error) : 0;
    LkSourceRecord draft = {.project = project, .kind = LK_SOURCE_FOLDER, .path = pictures, .repeats = 1};
    gint64 source = project ? lk_sources_add(store, &draft, &error) : 0;
    if (source)
        fill_store(store, project, source, pictures, count);
    if (error)
        g_printerr("%s\n", error->message);
}

/* ---- the run ----------------------------------------------------------------------------------------- */

typedef struct Run {
    GApplication *application;
    guint count;
    gint64 begun, opened;
    int phase, step;
    GtkWidget *scrolled, *grid;
    LkDatasetView *view;
} Run;

static GtkWidget *find_widget(GtkWidget *widget, GType type)
{
    if (G_TYPE_CHECK_INSTANCE_TYPE(widget, type))
        return widget;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child)) {
        GtkWidget *found = find_widget(child, type);
        if (found)
            return found;
    }
    return NULL;
}

static GtkWidget *window_of(Run *run)
{
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(run->application));
    return window ? GTK_WIDGET(window) : NULL;
}

static gboolean open_project(Run *run)
{
    LkProjectList *projects = lk_application_get_projects(LK_APPLICATION(run->application));
    g_autoptr(LkProject) project = g_list_model_get_item(G_LIST_MODEL(projects), 0);
    GtkWidget *window = window_of(run);
    if (!window || !gtk_widget_get_mapped(window) || !project)
        return FALSE;
    g_print("%-34s %5.0f ms\n", "window and projects after", (double)(g_get_monotonic_time() - run->begun) / 1000);
    run->opened = g_get_monotonic_time();
    lk_window_open_project(LK_WINDOW(window), project, "dataset");
    return TRUE;
}

/* All pictures are in the grid, and the first one is seen. */
static gboolean is_usable(Run *run)
{
    GtkWidget *page = find_widget(window_of(run), LK_TYPE_DATASET_PAGE);
    run->grid = page ? find_widget(page, GTK_TYPE_GRID_VIEW) : NULL;
    if (!run->grid || !gtk_widget_get_mapped(run->grid))
        return FALSE;
    run->view = lk_dataset_page_get_view(LK_DATASET_PAGE(page));
    run->scrolled = gtk_widget_get_ancestor(run->grid, GTK_TYPE_SCROLLED_WINDOW);
    GtkWidget *cell = find_widget(run->grid, LK_TYPE_PICTURE_CELL);
    if (lk_dataset_view_get_n_shown(run->view) < run->count || !cell ||
        !lk_picture_cell_get_texture(LK_PICTURE_CELL(cell)))
        return FALSE;
    g_print("%-34s %5.0f ms\n", "dataset usable after", (double)(g_get_monotonic_time() - run->opened) / 1000);
    return TRUE;
}

static GtkAdjustment *adjustment_of(Run *run)
{
    return gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(run->scrolled));
}

static void scroll_by(Run *run, double pixels)
{
    GtkAdjustment *adjustment = adjustment_of(run);
    gtk_adjustment_set_value(adjustment, gtk_adjustment_get_value(adjustment) + pixels);
}

static void jump(Run *run)
{
    GtkAdjustment *adjustment = adjustment_of(run);
    double range = gtk_adjustment_get_upper(adjustment) - gtk_adjustment_get_page_size(adjustment);
    gtk_adjustment_set_value(adjustment, range * (double)((run->step * 7919) % 1000) / 1000);
}

static gboolean settled(Run *run)
{
    gboolean checking;
    g_object_get(lk_dataset_view_get_list(run->view), "checking", &checking, NULL);
    if (run->phase == DOCTOR && checking)
        return FALSE;
    return !gtk_sort_list_model_get_pending(lk_dataset_view_get_sorted(run->view)) &&
           !gtk_filter_list_model_get_pending(lk_dataset_view_get_filtered(run->view));
}

/* One step a frame; each phase ends with a report. */
static const struct {
    const char *what;
    int steps; /* 0: until it has settled */
    double pixels;
} phases[] = {
    {"at rest", 60, 0},
    {"scrolling, 60 pixels a frame", 400, 60},
    {"scrolling, 600 pixels a frame", 300, 600},
    {"jumping, every fourth frame", 400, -1},
    {"sorting by caption length", 0, 0},
    {"filtering", 0, 0},
    {"showing all again", 0, 0},
    {"selecting all", 30, 0},
    {"until the doctor rests", 0, 0},
};

static void begin_phase(Run *run)
{
    if (run->phase == 4)
        g_object_set(run->view, "sort", "caption", NULL);
    else if (run->phase == 5)
        lk_dataset_view_set_filter_text(run->view, "group 7");
    else if (run->phase == 6)
        lk_dataset_view_set_filter_text(run->view, "");
    else if (run->phase == 7)
        gtk_selection_model_select_all(GTK_SELECTION_MODEL(lk_dataset_view_get_selection(run->view)));
}

static gboolean frame_cb(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
    Run *run = data;
    int steps = phases[run->phase].steps;
    if (run->step == 0)
        begin_phase(run);
    if (phases[run->phase].pixels > 0)
        scroll_by(run, phases[run->phase].pixels);
    else if (phases[run->phase].pixels < 0 && run->step % 4 == 0)
        jump(run);
    gtk_widget_queue_draw(widget);
    run->step++;
    if (steps ? run->step < steps : run->step < 5 || !settled(run))
        return G_SOURCE_CONTINUE;
    loop_times_report(phases[run->phase].what);
    run->step = 0;
    if (++run->phase < (int)G_N_ELEMENTS(phases))
        return G_SOURCE_CONTINUE;
    g_application_quit(run->application);
    return G_SOURCE_REMOVE;
}

static gboolean watch_cb(gpointer data)
{
    Run *run = data;
    if (!run->opened) {
        open_project(run);
        return G_SOURCE_CONTINUE;
    }
    if (!is_usable(run))
        return G_SOURCE_CONTINUE;
    loop_times_report("opening");
    gtk_widget_add_tick_callback(run->grid, frame_cb, run, NULL);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    guint count = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : 100000;
    g_autofree char *folder = scratch_new();
    g_autofree char *data = g_build_filename(folder, "data", NULL), *cache = g_build_filename(folder, "cache", NULL);
    g_setenv("XDG_DATA_HOME", data, TRUE);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    g_print("making %u pictures\n", count);
    make_project(folder, count);
    malloc_trim(0); /* what making took is not the program's */
    loop_times_begin();
    Run run = {.application = G_APPLICATION(lk_application_new()), .count = count, .begun = g_get_monotonic_time()};
    g_timeout_add(5, watch_cb, &run);
    int status = g_application_run(run.application, 1, argv);
    g_object_unref(run.application);
    scratch_remove(folder);
    return status;
}
