#include "app/test/grid_view.h"

#include "app/test/grid_cell.h"

#include <glib/gi18n.h>

/* In pixels: between cells, and how wide cells are. */
enum { GAP = 9, CELL_LEAST = 44, CELL_SMALL = 72, CELL_USUAL = 120, CELL_MOST = 220 };

struct _LkGridView {
    GtkWidget parent_instance;
    guint n_columns, n_rows;
    GPtrArray *column_titles, *row_titles; /* GtkWidget *, borrowed; empty where the axis has one unnamed value */
    GPtrArray *cells;                      /* LkGridCell *, borrowed, row by row */
    double ratio;
    guint chosen;
};

G_DEFINE_FINAL_TYPE(LkGridView, lk_grid_view, GTK_TYPE_WIDGET)

enum { SIGNAL_CHOSEN, SIGNAL_OPENED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- choosing ---------------------------------------------------------------------------------------- */

static LkGridCell *cell_at(LkGridView *self, guint position)
{
    return position < self->cells->len ? self->cells->pdata[position] : NULL;
}

guint lk_grid_view_get_position(LkGridView *self)
{
    return self->chosen;
}

LkTestPicture *lk_grid_view_get_chosen(LkGridView *self)
{
    LkGridCell *cell = cell_at(self, self->chosen);
    return cell ? lk_grid_cell_get_picture(cell) : NULL;
}

void lk_grid_view_choose(LkGridView *self, guint position)
{
    if (position >= self->cells->len)
        return;
    LkGridCell *before = cell_at(self, self->chosen), *now = cell_at(self, position);
    gboolean focused = before && gtk_widget_has_focus(GTK_WIDGET(before));
    lk_grid_cell_set_chosen(now, TRUE);
    if (focused)
        gtk_widget_grab_focus(GTK_WIDGET(now));
    if (before && before != now)
        lk_grid_cell_set_chosen(before, FALSE);
    self->chosen = position;
    g_signal_emit(self, signals[SIGNAL_CHOSEN], 0);
}

static void pressed_cb(LkGridView *self, int n_press, double x, double y)
{
    for (guint i = 0; i < self->cells->len; i++) {
        graphene_rect_t place;
        GtkWidget *cell = self->cells->pdata[i];
        if (!gtk_widget_compute_bounds(cell, GTK_WIDGET(self), &place) ||
            !graphene_rect_contains_point(&place, &GRAPHENE_POINT_INIT((float)x, (float)y)))
            continue;
        lk_grid_view_choose(self, i);
        gtk_widget_grab_focus(cell);
        if (n_press == 2)
            g_signal_emit(self, signals[SIGNAL_OPENED], 0);
    }
}

static gboolean key_cb(LkGridView *self, guint key, guint code, GdkModifierType state)
{
    guint column = self->chosen % MAX(self->n_columns, 1), row = self->chosen / MAX(self->n_columns, 1);
    if (self->cells->len == 0 || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)))
        return FALSE;
    switch (key) {
    case GDK_KEY_Left:
        column -= column > 0;
        break;
    case GDK_KEY_Right:
        column += column + 1 < self->n_columns;
        break;
    case GDK_KEY_Up:
        row -= row > 0;
        break;
    case GDK_KEY_Down:
        row += row + 1 < self->n_rows;
        break;
    case GDK_KEY_Home:
        column = 0;
        break;
    case GDK_KEY_End:
        column = self->n_columns - 1;
        break;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_ISO_Enter:
        g_signal_emit(self, signals[SIGNAL_OPENED], 0);
        return TRUE;
    default:
        return FALSE;
    }
    lk_grid_view_choose(self, row * self->n_columns + column);
    return TRUE;
}

/* ---- building ---------------------------------------------------------------------------------------- */

static GtkWidget *make_title(const LkAxisValue *value, gboolean row)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_set_valign(box, row ? GTK_ALIGN_CENTER : GTK_ALIGN_END);
    const char *texts[] = {value->title, value->subtitle};
    static const char *const styles[2][3] = {{"heading", "numeric", NULL}, {"caption", "dimmed", NULL}};
    for (int i = 0; i < 2; i++) {
        if (!texts[i])
            continue;
        GtkWidget *label = gtk_label_new(texts[i]);
        gtk_label_set_xalign(GTK_LABEL(label), row ? 1 : 0.5f);
        gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
        gtk_label_set_max_width_chars(GTK_LABEL(label), row ? 14 : 12);
        gtk_widget_set_tooltip_text(label, value->prompt);
        gtk_widget_set_css_classes(label, (const char **)(gpointer)styles[i]);
        gtk_box_append(GTK_BOX(box), label);
    }
    return box;
}

static void add_titles(LkGridView *self, GPtrArray *titles, GPtrArray *values, gboolean row)
{
    for (guint i = 0; values && i < values->len; i++) {
        GtkWidget *title = make_title(values->pdata[i], row);
        gtk_widget_set_parent(title, GTK_WIDGET(self));
        g_ptr_array_add(titles, title);
    }
}

static void clear(LkGridView *self)
{
    g_ptr_array_set_size(self->cells, 0);
    g_ptr_array_set_size(self->column_titles, 0);
    g_ptr_array_set_size(self->row_titles, 0);
    for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(self)));)
        gtk_widget_unparent(child);
}

static char *cell_label(const LkGridAxes *axes, guint position)
{
    guint columns = lk_grid_axes_n_columns(axes);
    const LkAxisValue *column = lk_grid_axes_column(axes, position % columns);
    const LkAxisValue *row = lk_grid_axes_row(axes, position / columns);
    if (row && column)
        return g_strdup_printf(_("%s, %s"), row->title, column->title);
    return g_strdup(row ? row->title : column ? column->title : _("Picture"));
}

void lk_grid_view_set(LkGridView *self, const LkGridAxes *axes, GPtrArray *pictures, double ratio)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
    GtkWidget *focus = root ? gtk_root_get_focus(root) : NULL;
    gboolean focused = focus && gtk_widget_is_ancestor(focus, GTK_WIDGET(self));
    LkTestPicture *chosen = lk_grid_view_get_chosen(self);
    guint position = self->chosen;
    if (!chosen || !g_ptr_array_find(pictures, chosen, &position))
        position = self->chosen < pictures->len ? self->chosen : 0;
    clear(self);
    self->n_columns = lk_grid_axes_n_columns(axes);
    self->n_rows = lk_grid_axes_n_rows(axes);
    self->ratio = ratio;
    add_titles(self, self->column_titles, axes->column_values, FALSE);
    add_titles(self, self->row_titles, axes->row_values, TRUE);
    for (guint i = 0; i < pictures->len; i++) {
        g_autofree char *label = cell_label(axes, i);
        GtkWidget *cell = lk_grid_cell_new(pictures->pdata[i], label);
        gtk_widget_set_parent(cell, GTK_WIDGET(self));
        g_ptr_array_add(self->cells, cell);
    }
    self->chosen = position;
    lk_grid_view_choose(self, position);
    if (focused && self->cells->len > 0)
        gtk_widget_grab_focus(self->cells->pdata[self->chosen]);
}

/* ---- layout ------------------------------------------------------------------------------------------ */

/* What the titles of rows take, with the gap behind them; what those of columns do. */
static int titles_width(LkGridView *self)
{
    int most = 0;
    for (guint i = 0; i < self->row_titles->len; i++) {
        int natural;
        gtk_widget_measure(self->row_titles->pdata[i], GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
        most = MAX(most, natural);
    }
    return most ? most + 2 * GAP : 0;
}

static int most_height(GPtrArray *titles)
{
    int most = 0;
    for (guint i = 0; i < titles->len; i++) {
        int natural;
        gtk_widget_measure(titles->pdata[i], GTK_ORIENTATION_VERTICAL, -1, NULL, &natural, NULL, NULL);
        most = MAX(most, natural);
    }
    return most;
}

static int titles_height(LkGridView *self)
{
    int most = most_height(self->column_titles);
    return most ? most + GAP : 0;
}

static int share_of(LkGridView *self, int width)
{
    int columns = MAX((int)self->n_columns, 1);
    return (width - GAP * (columns - 1)) / columns;
}

/* Where there is little room, a row's title stands above it. */
static gboolean is_stacked(LkGridView *self, int width)
{
    return self->row_titles->len > 0 && share_of(self, width - titles_width(self)) < CELL_SMALL;
}

static int cell_width(LkGridView *self, int width)
{
    int titles = is_stacked(self, width) ? 0 : titles_width(self);
    return CLAMP(share_of(self, width - titles), CELL_LEAST, CELL_MOST);
}

/* What the title above a row takes; 0 where it stands beside. */
static int row_head(LkGridView *self, int width)
{
    return is_stacked(self, width) ? most_height(self->row_titles) + GAP / 3 : 0;
}

static int cell_height(LkGridView *self, int width)
{
    return MAX(1, (int)(width / self->ratio));
}

static int cells_width(LkGridView *self, int cell)
{
    return (int)self->n_columns * (cell + GAP) - GAP;
}

static void lk_grid_view_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                 int *natural, int *minimum_baseline, int *natural_baseline)
{
    LkGridView *self = LK_GRID_VIEW(widget);
    if (orientation == GTK_ORIENTATION_HORIZONTAL) {
        *minimum = MAX(0, MAX(cells_width(self, CELL_LEAST), titles_width(self)));
        *natural = MAX(*minimum, titles_width(self) + cells_width(self, CELL_USUAL));
        return;
    }
    int cell = for_size < 0 ? CELL_USUAL : cell_width(self, for_size);
    int row = (for_size < 0 ? 0 : row_head(self, for_size)) + cell_height(self, cell) + GAP;
    *minimum = *natural = MAX(0, titles_height(self) + (int)self->n_rows * row - (self->n_rows ? GAP : 0));
}

static void place(GtkWidget *child, int x, int y, int width, int height)
{
    int least;
    gtk_widget_measure(child, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
    gtk_widget_size_allocate(child, &(GtkAllocation){x, y, MAX(width, least), height}, -1);
}

static void align_title(GtkWidget *title, float xalign)
{
    for (GtkWidget *label = gtk_widget_get_first_child(title); label; label = gtk_widget_get_next_sibling(label))
        gtk_label_set_xalign(GTK_LABEL(label), xalign);
}

static void lk_grid_view_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    LkGridView *self = LK_GRID_VIEW(widget);
    int cell = cell_width(self, width), tall = cell_height(self, cell);
    int head = row_head(self, width), titles = head ? 0 : titles_width(self), heads = titles_height(self);
    int left = MAX(0, (width - titles - cells_width(self, cell)) / 2), row = head + tall + GAP;
    for (guint i = 0; i < self->column_titles->len; i++)
        place(self->column_titles->pdata[i], left + titles + (int)i * (cell + GAP), 0, cell, heads - GAP);
    for (guint i = 0; i < self->row_titles->len; i++) {
        align_title(self->row_titles->pdata[i], head ? 0 : 1);
        place(self->row_titles->pdata[i], left, heads + (int)i * row, head ? titles_width(self) : titles - 2 * GAP,
              head ? head - GAP / 3 : tall);
    }
    for (guint i = 0; i < self->cells->len; i++)
        place(self->cells->pdata[i], left + titles + (int)(i % self->n_columns) * (cell + GAP),
              heads + (int)(i / self->n_columns) * row + head, cell, tall);
}

static GtkSizeRequestMode lk_grid_view_get_request_mode(GtkWidget *widget)
{
    return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_grid_view_dispose(GObject *object)
{
    clear(LK_GRID_VIEW(object));
    G_OBJECT_CLASS(lk_grid_view_parent_class)->dispose(object);
}

static void lk_grid_view_finalize(GObject *object)
{
    LkGridView *self = LK_GRID_VIEW(object);
    g_ptr_array_unref(self->cells);
    g_ptr_array_unref(self->column_titles);
    g_ptr_array_unref(self->row_titles);
    G_OBJECT_CLASS(lk_grid_view_parent_class)->finalize(object);
}

static void lk_grid_view_class_init(LkGridViewClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_grid_view_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_grid_view_finalize;
    widget_class->measure = lk_grid_view_measure;
    widget_class->size_allocate = lk_grid_view_size_allocate;
    widget_class->get_request_mode = lk_grid_view_get_request_mode;
    signals[SIGNAL_CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_OPENED] =
        g_signal_new("opened", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_css_name(widget_class, "pictures-grid");
    gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GRID);
}

static void lk_grid_view_init(LkGridView *self)
{
    self->cells = g_ptr_array_new();
    self->column_titles = g_ptr_array_new();
    self->row_titles = g_ptr_array_new();
    self->ratio = 1;
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Grid of Pictures"), -1);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect_swapped(click, "pressed", G_CALLBACK(pressed_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(key_cb), self);
    gtk_widget_add_controller(GTK_WIDGET(self), keys);
}
