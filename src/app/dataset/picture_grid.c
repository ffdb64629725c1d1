#include "app/dataset/picture_grid.h"

#include "app/dataset/picture_cell.h"
#include "app/dataset/picture_marks.h"

#include <glib/gi18n.h>
#include <math.h>

/* About how wide a column is, by zoom. */
static const int widths[LK_PICTURE_GRID_ZOOM_MOST + 1] = {80, 100, 128, 160, 200, 256, 340};
enum { PADDING = 6 }; /* of the grid and of its children, in style.css */

struct _LkPictureGrid {
    GtkWidget parent_instance;
    GtkWidget *scrolled;
    GtkGridView *grid;
    LkDatasetView *view;
    LkThumbnails *thumbnails;
    GHashTable *cells;   /* all there are; a set */
    GHashTable *waiting; /* those that want a thumbnail; a set */
    guint load_idle;
    int zoom;
    guint columns;
    int side;             /* of a picture */
    double scrolled_zoom; /* part of a step that Ctrl and the wheel have collected */
    gulong focus_handler;
    GtkRoot *root;
    gboolean deaf; /* the keyboard's place means nothing now */
    guint listen_idle;
    LkPicture *left_at; /* the current picture when the grid was hidden */
};

G_DEFINE_FINAL_TYPE(LkPictureGrid, lk_picture_grid, GTK_TYPE_WIDGET)

enum { PROP_ZOOM = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

enum { SIGNAL_ACTIVATE, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- thumbnails: what is seen first ------------------------------------------------------------------ */

typedef struct Wanted {
    LkPictureCell *cell;
    float distance; /* of its middle from the upper part of what is seen */
} Wanted;

static int farthest_first(gconstpointer a, gconstpointer b)
{
    float first = ((const Wanted *)a)->distance, second = ((const Wanted *)b)->distance;
    return (first < second) - (first > second);
}

/* The grid keeps cells above and below what is seen. The request made last is answered first, so those come first. */
static gboolean load_idle_cb(gpointer data)
{
    LkPictureGrid *self = data;
    self->load_idle = 0;
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
    float height = (float)gtk_widget_get_height(self->scrolled);
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, self->waiting);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        graphene_rect_t bounds;
        Wanted one = {key, G_MAXFLOAT};
        if (gtk_widget_compute_bounds(key, self->scrolled, &bounds)) {
            float x = bounds.origin.x, y = bounds.origin.y + bounds.size.height / 2;
            gboolean seen = y > -bounds.size.height && y < height + bounds.size.height;
            one.distance = seen ? y + x / 10000 : 2 * height + fabsf(y - height / 2);
        }
        g_array_append_val(wanted, one);
    }
    g_hash_table_remove_all(self->waiting);
    g_array_sort(wanted, farthest_first);
    for (guint i = 0; i < wanted->len; i++)
        lk_picture_cell_load(g_array_index(wanted, Wanted, i).cell);
    return G_SOURCE_REMOVE;
}

static void want_thumbnail(LkPictureGrid *self, LkPictureCell *cell)
{
    if (!lk_picture_cell_is_waiting(cell))
        return;
    g_hash_table_add(self->waiting, cell);
    if (!self->load_idle) /* after the next layout, when it is known what is seen */
        self->load_idle = g_idle_add_full(GDK_PRIORITY_REDRAW + 5, load_idle_cb, self, NULL);
}

/* ---- cells ------------------------------------------------------------------------------------------- */

static void forget_cell(LkPictureGrid *self, GtkWidget *cell)
{
    g_hash_table_remove(self->cells, cell);
    g_hash_table_remove(self->waiting, cell);
}

static void setup_cb(LkPictureGrid *self, GtkListItem *item)
{
    GtkWidget *cell = lk_picture_cell_new(self->thumbnails);
    g_object_set_data(G_OBJECT(cell), "item", item); /* which holds the cell */
    lk_picture_cell_set_side(LK_PICTURE_CELL(cell), self->side);
    g_hash_table_add(self->cells, cell);
    g_signal_connect_object(cell, "destroy", G_CALLBACK(forget_cell), self, G_CONNECT_SWAPPED);
    gtk_list_item_set_child(item, cell);
}

static void describe(GtkListItem *item)
{
    LkPicture *picture = gtk_list_item_get_item(item);
    g_autofree char *words = picture ? lk_picture_in_words(picture) : NULL;
    gtk_list_item_set_accessible_label(item, words ? words : "");
}

static void bind_cb(LkPictureGrid *self, GtkListItem *item)
{
    LkPictureCell *cell = LK_PICTURE_CELL(gtk_list_item_get_child(item));
    LkPicture *picture = gtk_list_item_get_item(item);
    lk_picture_cell_set_picture(cell, picture);
    g_signal_connect_object(picture, "notify", G_CALLBACK(describe), item, G_CONNECT_SWAPPED);
    describe(item);
    want_thumbnail(self, cell);
}

static void unbind_cb(LkPictureGrid *self, GtkListItem *item)
{
    LkPictureCell *cell = LK_PICTURE_CELL(gtk_list_item_get_child(item));
    g_hash_table_remove(self->waiting, cell);
    if (gtk_list_item_get_item(item))
        g_signal_handlers_disconnect_by_func(gtk_list_item_get_item(item), describe, item);
    lk_picture_cell_set_picture(cell, NULL);
}

/* ---- the current picture is where the keyboard is ---------------------------------------------------- */

static void focus_changed_cb(LkPictureGrid *self)
{
    GtkWidget *focus = gtk_root_get_focus(self->root);
    if (self->deaf || !self->view || !focus || !gtk_widget_is_ancestor(focus, GTK_WIDGET(self->grid)))
        return;
    GtkWidget *cell = gtk_widget_get_first_child(focus);
    if (!cell || !LK_IS_PICTURE_CELL(cell))
        return;
    GtkListItem *item = g_object_get_data(G_OBJECT(cell), "item");
    lk_dataset_view_set_current_position(self->view, gtk_list_item_get_position(item));
}

static void lk_picture_grid_root(GtkWidget *widget)
{
    LkPictureGrid *self = LK_PICTURE_GRID(widget);
    GTK_WIDGET_CLASS(lk_picture_grid_parent_class)->root(widget);
    self->root = gtk_widget_get_root(widget);
    self->focus_handler =
        g_signal_connect_swapped(self->root, "notify::focus-widget", G_CALLBACK(focus_changed_cb), self);
}

static void lk_picture_grid_unroot(GtkWidget *widget)
{
    LkPictureGrid *self = LK_PICTURE_GRID(widget);
    g_clear_signal_handler(&self->focus_handler, self->root);
    self->root = NULL;
    GTK_WIDGET_CLASS(lk_picture_grid_parent_class)->unroot(widget);
}

/* The grid comes back, and the keyboard with it to where it was. Meanwhile the person may have gone to other pictures
 * in the viewer: then it belongs to the one that is current now. */
static gboolean listen_cb(gpointer data)
{
    LkPictureGrid *self = data;
    self->listen_idle = 0;
    self->deaf = FALSE;
    if (self->left_at && self->left_at != lk_dataset_view_get_current(self->view))
        lk_picture_grid_go_to_current(self, TRUE);
    g_clear_object(&self->left_at);
    return G_SOURCE_REMOVE;
}

static void lk_picture_grid_map(GtkWidget *widget)
{
    LkPictureGrid *self = LK_PICTURE_GRID(widget);
    GTK_WIDGET_CLASS(lk_picture_grid_parent_class)->map(widget);
    if (self->deaf && !self->listen_idle)
        self->listen_idle = g_idle_add(listen_cb, self);
}

static void lk_picture_grid_unmap(GtkWidget *widget)
{
    LkPictureGrid *self = LK_PICTURE_GRID(widget);
    GTK_WIDGET_CLASS(lk_picture_grid_parent_class)->unmap(widget);
    g_clear_handle_id(&self->listen_idle, g_source_remove);
    self->deaf = TRUE;
    if (self->view && !self->left_at)
        g_set_object(&self->left_at, lk_dataset_view_get_current(self->view));
}

static void activate_cb(LkPictureGrid *self, guint position)
{
    lk_dataset_view_set_current_position(self->view, position);
    g_signal_emit(self, signals[SIGNAL_ACTIVATE], 0);
}

void lk_picture_grid_go_to_current(LkPictureGrid *self, gboolean select)
{
    guint position = lk_dataset_view_get_current_position(self->view);
    if (position != GTK_INVALID_LIST_POSITION)
        gtk_grid_view_scroll_to(self->grid, position,
                                GTK_LIST_SCROLL_FOCUS | (select ? GTK_LIST_SCROLL_SELECT : GTK_LIST_SCROLL_NONE), NULL);
}

gboolean lk_picture_grid_get_at_start(LkPictureGrid *self)
{
    GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(self->grid));
    return !adjustment || gtk_adjustment_get_value(adjustment) <= 0;
}

/* ---- zoom -------------------------------------------------------------------------------------------- */

int lk_picture_grid_get_zoom(LkPictureGrid *self)
{
    return self->zoom;
}

void lk_picture_grid_set_zoom(LkPictureGrid *self, int zoom)
{
    zoom = CLAMP(zoom, 0, LK_PICTURE_GRID_ZOOM_MOST);
    if (zoom == self->zoom)
        return;
    self->zoom = zoom;
    gtk_widget_queue_allocate(GTK_WIDGET(self));
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ZOOM]);
}

guint lk_picture_grid_get_columns(LkPictureGrid *self)
{
    return self->columns;
}

static gboolean scroll_cb(LkPictureGrid *self, double dx, double dy, GtkEventController *controller)
{
    if (!(gtk_event_controller_get_current_event_state(controller) & GDK_CONTROL_MASK))
        return GDK_EVENT_PROPAGATE;
    gboolean wheel =
        gtk_event_controller_scroll_get_unit(GTK_EVENT_CONTROLLER_SCROLL(controller)) == GDK_SCROLL_UNIT_WHEEL;
    self->scrolled_zoom += wheel ? dy : dy / 60;
    int steps = (int)self->scrolled_zoom;
    self->scrolled_zoom -= steps;
    lk_picture_grid_set_zoom(self, self->zoom - steps);
    return GDK_EVENT_STOP;
}

/* ---- layout ------------------------------------------------------------------------------------------ */

/* The grid makes cells for thirty rows of as many columns as it may have at most, so this number is the true one. */
static void set_columns(LkPictureGrid *self, guint columns)
{
    if (columns == self->columns)
        return;
    self->columns = columns;
    gtk_grid_view_set_min_columns(self->grid, 1);
    gtk_grid_view_set_max_columns(self->grid, columns);
    gtk_grid_view_set_min_columns(self->grid, columns);
}

static void set_side(LkPictureGrid *self, int side)
{
    if (side == self->side)
        return;
    self->side = side;
    GHashTableIter iter;
    gpointer cell;
    g_hash_table_iter_init(&iter, self->cells);
    while (g_hash_table_iter_next(&iter, &cell, NULL)) {
        lk_picture_cell_set_side(cell, side);
        want_thumbnail(self, cell);
    }
}

static void lk_picture_grid_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    LkPictureGrid *self = LK_PICTURE_GRID(widget);
    int room = MAX(1, width - 2 * PADDING), columns = MAX(1, room / widths[self->zoom]);
    set_columns(self, (guint)columns);
    set_side(self, MAX(1, room / columns - 2 * PADDING));
    int minimum;
    gtk_widget_measure(self->scrolled, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
    gtk_widget_size_allocate(self->scrolled, &(GtkAllocation){0, 0, MAX(width, minimum), height}, -1);
}

/* How many columns there are does not ask for a width: the width says how many. */
static void lk_picture_grid_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                    int *natural, int *minimum_baseline, int *natural_baseline)
{
    *minimum = 100;
    *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 600 : 400;
}

/* Escape first gives up the selection; then it is for whoever is around the grid. */
static gboolean unselect_cb(GtkWidget *widget, GVariant *arguments, gpointer data)
{
    LkDatasetView *view = LK_PICTURE_GRID(widget)->view;
    if (!view || lk_dataset_view_get_n_selected(view) == 0)
        return FALSE;
    return gtk_selection_model_unselect_all(GTK_SELECTION_MODEL(lk_dataset_view_get_selection(view)));
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

void lk_picture_grid_set_view(LkPictureGrid *self, LkDatasetView *view, LkThumbnails *thumbnails)
{
    g_return_if_fail(LK_IS_PICTURE_GRID(self) && !self->view);
    self->view = g_object_ref(view);
    self->thumbnails = g_object_ref(thumbnails);
    g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new();
    g_signal_connect_object(factory, "setup", G_CALLBACK(setup_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(factory, "bind", G_CALLBACK(bind_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(factory, "unbind", G_CALLBACK(unbind_cb), self, G_CONNECT_SWAPPED);
    gtk_grid_view_set_factory(self->grid, factory);
    gtk_grid_view_set_model(self->grid, GTK_SELECTION_MODEL(lk_dataset_view_get_selection(view)));
}

static void lk_picture_grid_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_ZOOM)
        g_value_set_int(value, LK_PICTURE_GRID(object)->zoom);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_picture_grid_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    if (id == PROP_ZOOM)
        lk_picture_grid_set_zoom(LK_PICTURE_GRID(object), g_value_get_int(value));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_picture_grid_dispose(GObject *object)
{
    LkPictureGrid *self = LK_PICTURE_GRID(object);
    if (self->grid)
        gtk_grid_view_set_model(self->grid, NULL); /* unbinds the cells while we are whole */
    self->grid = NULL;
    g_clear_handle_id(&self->load_idle, g_source_remove);
    g_clear_handle_id(&self->listen_idle, g_source_remove);
    g_clear_object(&self->left_at);
    g_clear_pointer(&self->scrolled, gtk_widget_unparent);
    g_clear_pointer(&self->waiting, g_hash_table_unref);
    g_clear_pointer(&self->cells, g_hash_table_unref);
    g_clear_object(&self->view);
    g_clear_object(&self->thumbnails);
    G_OBJECT_CLASS(lk_picture_grid_parent_class)->dispose(object);
}

static void lk_picture_grid_class_init(LkPictureGridClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_picture_grid_get_property;
    object_class->set_property = lk_picture_grid_set_property;
    object_class->dispose = lk_picture_grid_dispose;
    widget_class->map = lk_picture_grid_map;
    widget_class->unmap = lk_picture_grid_unmap;
    widget_class->root = lk_picture_grid_root;
    widget_class->unroot = lk_picture_grid_unroot;
    widget_class->size_allocate = lk_picture_grid_size_allocate;
    widget_class->measure = lk_picture_grid_measure;
    properties[PROP_ZOOM] =
        g_param_spec_int("zoom", NULL, NULL, 0, LK_PICTURE_GRID_ZOOM_MOST, LK_PICTURE_GRID_ZOOM_USUAL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    gtk_widget_class_add_binding(widget_class, GDK_KEY_Escape, 0, unselect_cb, NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Delete, 0, "dataset.leave-out", NULL);
    gtk_widget_class_add_binding_action(widget_class, GDK_KEY_KP_Delete, 0, "dataset.leave-out", NULL);
    signals[SIGNAL_ACTIVATE] =
        g_signal_new("activate", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_picture_grid_init(LkPictureGrid *self)
{
    self->zoom = LK_PICTURE_GRID_ZOOM_USUAL;
    self->waiting = g_hash_table_new(NULL, NULL);
    self->cells = g_hash_table_new(NULL, NULL);
    self->grid = GTK_GRID_VIEW(
        g_object_new(GTK_TYPE_GRID_VIEW, "enable-rubberband", TRUE, "tab-behavior", GTK_LIST_TAB_ITEM, NULL));
    gtk_widget_add_css_class(GTK_WIDGET(self->grid), "picture-grid");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->grid), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Pictures"), -1);
    g_signal_connect_object(self->grid, "activate", G_CALLBACK(activate_cb), self, G_CONNECT_SWAPPED);
    self->scrolled =
        g_object_new(GTK_TYPE_SCROLLED_WINDOW, "hscrollbar-policy", GTK_POLICY_EXTERNAL, "child", self->grid, NULL);
    gtk_widget_set_parent(self->scrolled, GTK_WIDGET(self));
    GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    gtk_event_controller_set_propagation_phase(scroll, GTK_PHASE_CAPTURE);
    g_signal_connect_object(scroll, "scroll", G_CALLBACK(scroll_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self), scroll);
}
