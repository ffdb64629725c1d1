#include "app/dataset/dataset_view.h"

#include "app/dataset/picture_order.h"

/* Among more pictures than this the current one is looked for when there is time: sorting 100,000 goes in steps. */
enum { LOOK_AT_ONCE = 2000 };

struct _LkDatasetView {
    GObject parent_instance;
    LkPictureList *list;
    GtkSortListModel *sorted;
    GtkFilterListModel *filtered;
    GtkMultiSelection *selection;
    LkPicture *current;
    guint position;    /* of `current` in the selection's model */
    guint locate_idle; /* … which is not known while this is not 0 */
    const LkPictureOrder *order;
    gboolean descending;
    char *filter_text, *filter_error;
    LkFilter *filter; /* of filter_text, the last one that could be read */
    GtkFilter *matcher;
};

G_DEFINE_FINAL_TYPE(LkDatasetView, lk_dataset_view, G_TYPE_OBJECT)

enum {
    PROP_CURRENT = 1,
    PROP_SORT,
    PROP_DIRECTION,
    PROP_FILTER_TEXT,
    PROP_FILTER_ERROR,
    PROP_N_SELECTED,
    PROP_N_SHOWN,
    PROP_LAST
};
static GParamSpec *properties[PROP_LAST];

static void notify(LkDatasetView *self, guint id)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[id]);
}

LkPictureList *lk_dataset_view_get_list(LkDatasetView *self)
{
    return self->list;
}

GtkSortListModel *lk_dataset_view_get_sorted(LkDatasetView *self)
{
    return self->sorted;
}

GtkFilterListModel *lk_dataset_view_get_filtered(LkDatasetView *self)
{
    return self->filtered;
}

GtkMultiSelection *lk_dataset_view_get_selection(LkDatasetView *self)
{
    return self->selection;
}

/* ---- the current picture ----------------------------------------------------------------------------- */

LkPicture *lk_dataset_view_get_current(LkDatasetView *self)
{
    return self->current;
}

/* Takes the reference of `picture`. */
static void take_current(LkDatasetView *self, LkPicture *picture, guint position)
{
    g_clear_handle_id(&self->locate_idle, g_source_remove);
    self->position = position;
    if (picture == self->current) {
        g_clear_object(&picture);
        return;
    }
    g_clear_object(&self->current);
    self->current = picture;
    notify(self, PROP_CURRENT);
}

void lk_dataset_view_set_current_position(LkDatasetView *self, guint position)
{
    LkPicture *picture = g_list_model_get_item(G_LIST_MODEL(self->selection), position);
    if (picture)
        take_current(self, picture, position);
}

/* In [from, to) of what is shown. */
static guint find_between(LkDatasetView *self, LkPicture *picture, guint from, guint to)
{
    for (guint i = from; i < to; i++) {
        g_autoptr(LkPicture) item = g_list_model_get_item(G_LIST_MODEL(self->selection), i);
        if (item == picture)
            return i;
    }
    return GTK_INVALID_LIST_POSITION;
}

guint lk_dataset_view_find(LkDatasetView *self, LkPicture *picture)
{
    return find_between(self, picture, 0, lk_dataset_view_get_n_shown(self));
}

void lk_dataset_view_set_current(LkDatasetView *self, LkPicture *picture)
{
    if (picture && picture != self->current)
        lk_dataset_view_set_current_position(self, lk_dataset_view_find(self, picture));
}

/* The current picture stays the current one as long as it is shown; then the one that took its place. */
static void locate_between(LkDatasetView *self, guint from, guint to)
{
    g_clear_handle_id(&self->locate_idle, g_source_remove);
    guint count = lk_dataset_view_get_n_shown(self);
    guint found = find_between(self, self->current, from, to);
    if (found != GTK_INVALID_LIST_POSITION)
        self->position = found;
    else if (count > 0)
        lk_dataset_view_set_current_position(self, MIN(self->position, count - 1));
    else
        take_current(self, NULL, 0);
}

static gboolean locate_idle_cb(gpointer data)
{
    LkDatasetView *self = data;
    if (gtk_sort_list_model_get_pending(self->sorted) || gtk_filter_list_model_get_pending(self->filtered))
        return G_SOURCE_CONTINUE; /* it would have to be looked for again at once */
    self->locate_idle = 0;
    locate_between(self, 0, lk_dataset_view_get_n_shown(self));
    return G_SOURCE_REMOVE;
}

guint lk_dataset_view_get_current_position(LkDatasetView *self)
{
    if (self->locate_idle)
        locate_between(self, 0, lk_dataset_view_get_n_shown(self));
    return self->current ? self->position : GTK_INVALID_LIST_POSITION;
}

static void items_changed_cb(LkDatasetView *self, guint at, guint removed, guint added)
{
    if (!self->current)
        lk_dataset_view_set_current_position(self, 0);
    else if (self->locate_idle)
        ; /* will be found */
    else if (self->position >= at + removed)
        self->position += added - removed;
    else if (self->position >= at && added <= LOOK_AT_ONCE)
        locate_between(self, at, at + added);
    else if (self->position >= at)
        self->locate_idle = g_idle_add(locate_idle_cb, self);
    if (added != removed)
        notify(self, PROP_N_SHOWN);
}

/* ---- selection --------------------------------------------------------------------------------------- */

guint lk_dataset_view_get_n_shown(LkDatasetView *self)
{
    return g_list_model_get_n_items(G_LIST_MODEL(self->selection));
}

guint lk_dataset_view_get_n_selected(LkDatasetView *self)
{
    g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(GTK_SELECTION_MODEL(self->selection));
    return (guint)gtk_bitset_get_size(selected);
}

GPtrArray *lk_dataset_view_get_chosen(LkDatasetView *self)
{
    GPtrArray *chosen = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(GTK_SELECTION_MODEL(self->selection));
    GtkBitsetIter iter;
    guint position;
    for (bool valid = gtk_bitset_iter_init_first(&iter, selected, &position); valid;
         valid = gtk_bitset_iter_next(&iter, &position))
        g_ptr_array_add(chosen, g_list_model_get_item(G_LIST_MODEL(self->selection), position));
    if (chosen->len == 0 && self->current)
        g_ptr_array_add(chosen, g_object_ref(self->current));
    return chosen;
}

/* One selected picture is the one the person is at, however it was selected. */
static void selection_changed_cb(LkDatasetView *self)
{
    g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(GTK_SELECTION_MODEL(self->selection));
    if (gtk_bitset_get_size(selected) == 1)
        lk_dataset_view_set_current_position(self, gtk_bitset_get_nth(selected, 0));
    notify(self, PROP_N_SELECTED);
}

guint lk_dataset_view_next_without_caption(LkDatasetView *self)
{
    guint count = lk_dataset_view_get_n_shown(self);
    guint start = self->current ? lk_dataset_view_get_current_position(self) + 1 : 0;
    for (guint i = 0; i < count; i++) {
        guint at = (start + i) % count;
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(self->selection), at);
        if (!*lk_picture_get_caption(picture))
            return at;
    }
    return GTK_INVALID_LIST_POSITION;
}

/* ---- order ------------------------------------------------------------------------------------------- */

static void sort(LkDatasetView *self, const LkPictureOrder *order, gboolean descending)
{
    self->order = order;
    self->descending = descending;
    g_autoptr(GtkSorter) sorter = lk_picture_order_to_sorter(order, descending);
    gtk_sort_list_model_set_sorter(self->sorted, sorter);
}

/* ---- filter ------------------------------------------------------------------------------------------ */

const char *lk_dataset_view_get_filter_text(LkDatasetView *self)
{
    return self->filter_text;
}

gboolean lk_dataset_view_get_unfiltered(LkDatasetView *self)
{
    return !self->filter || lk_filter_is_empty(self->filter);
}

static gboolean match(gpointer item, gpointer data)
{
    LkDatasetView *self = data;
    return lk_picture_matches(item, self->filter, lk_picture_list_get_trigger_words(self->list));
}

static void set_filter_error(LkDatasetView *self, const char *text)
{
    if (g_set_str(&self->filter_error, text))
        notify(self, PROP_FILTER_ERROR);
}

void lk_dataset_view_set_filter_text(LkDatasetView *self, const char *text)
{
    if (!g_set_str(&self->filter_text, text ? text : ""))
        return;
    g_autoptr(GError) error = NULL;
    LkFilter *filter = lk_filter_parse(self->filter_text, NULL, &error);
    set_filter_error(self, error ? error->message : NULL);
    if (filter) {
        g_clear_pointer(&self->filter, lk_filter_free);
        self->filter = filter;
        /* Without a filter nothing is asked of 100,000 pictures. */
        GtkFilter *wanted = lk_filter_is_empty(filter) ? NULL : self->matcher;
        if (wanted && gtk_filter_list_model_get_filter(self->filtered) == wanted)
            gtk_filter_changed(wanted, GTK_FILTER_CHANGE_DIFFERENT);
        else
            gtk_filter_list_model_set_filter(self->filtered, wanted);
    }
    notify(self, PROP_FILTER_TEXT);
}

/* What is shown stays where it is while it is edited, even where it no longer fits filter and order: nothing jumps
 * away under the hands. What fits now is added. */
static void pictures_changed_cb(LkDatasetView *self, guint aspects)
{
    if (!lk_dataset_view_get_unfiltered(self))
        gtk_filter_changed(self->matcher, GTK_FILTER_CHANGE_LESS_STRICT);
    if (self->order->by_file && (aspects & LK_PICTURE_ASPECT_FILE))
        gtk_sorter_changed(gtk_sort_list_model_get_sorter(self->sorted), GTK_SORTER_CHANGE_DIFFERENT);
}

void lk_dataset_view_refresh(LkDatasetView *self)
{
    if (!lk_dataset_view_get_unfiltered(self))
        gtk_filter_changed(self->matcher, GTK_FILTER_CHANGE_DIFFERENT);
    gtk_sorter_changed(gtk_sort_list_model_get_sorter(self->sorted), GTK_SORTER_CHANGE_DIFFERENT);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkDatasetView *lk_dataset_view_new(LkPictureList *list)
{
    LkDatasetView *self = g_object_new(LK_TYPE_DATASET_VIEW, NULL);
    self->list = g_object_ref(list);
    self->sorted = gtk_sort_list_model_new(G_LIST_MODEL(g_object_ref(list)), NULL);
    gtk_sort_list_model_set_incremental(self->sorted, TRUE);
    sort(self, lk_picture_order_find(NULL), FALSE);
    self->filtered = gtk_filter_list_model_new(G_LIST_MODEL(g_object_ref(self->sorted)), NULL);
    gtk_filter_list_model_set_incremental(self->filtered, TRUE);
    self->matcher = GTK_FILTER(gtk_custom_filter_new(match, self, NULL));
    self->selection = gtk_multi_selection_new(G_LIST_MODEL(g_object_ref(self->filtered)));
    g_signal_connect_object(self->selection, "items-changed", G_CALLBACK(items_changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->selection, "selection-changed", G_CALLBACK(selection_changed_cb), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    lk_dataset_view_set_current_position(self, 0);
    return self;
}

static void lk_dataset_view_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkDatasetView *self = LK_DATASET_VIEW(object);
    switch (id) {
    case PROP_CURRENT:
        g_value_set_object(value, self->current);
        break;
    case PROP_SORT:
        g_value_set_string(value, self->order->name);
        break;
    case PROP_DIRECTION:
        g_value_set_string(value, self->descending ? "descending" : "ascending");
        break;
    case PROP_FILTER_TEXT:
        g_value_set_string(value, self->filter_text);
        break;
    case PROP_FILTER_ERROR:
        g_value_set_string(value, self->filter_error);
        break;
    case PROP_N_SELECTED:
        g_value_set_uint(value, lk_dataset_view_get_n_selected(self));
        break;
    case PROP_N_SHOWN:
        g_value_set_uint(value, lk_dataset_view_get_n_shown(self));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_dataset_view_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkDatasetView *self = LK_DATASET_VIEW(object);
    switch (id) {
    case PROP_CURRENT:
        lk_dataset_view_set_current(self, g_value_get_object(value));
        break;
    case PROP_SORT: /* setting the same again sorts again: what was edited goes to its place */
        sort(self, lk_picture_order_find(g_value_get_string(value)), self->descending);
        break;
    case PROP_DIRECTION:
        sort(self, self->order, g_strcmp0(g_value_get_string(value), "descending") == 0);
        break;
    case PROP_FILTER_TEXT:
        lk_dataset_view_set_filter_text(self, g_value_get_string(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_dataset_view_dispose(GObject *object)
{
    LkDatasetView *self = LK_DATASET_VIEW(object);
    if (self->filtered) /* it may outlive us in a model, and must not ask us then */
        gtk_filter_list_model_set_filter(self->filtered, NULL);
    g_clear_handle_id(&self->locate_idle, g_source_remove);
    g_clear_object(&self->current);
    g_clear_object(&self->selection);
    g_clear_object(&self->filtered);
    g_clear_object(&self->sorted);
    g_clear_object(&self->matcher);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_dataset_view_parent_class)->dispose(object);
}

static void lk_dataset_view_finalize(GObject *object)
{
    LkDatasetView *self = LK_DATASET_VIEW(object);
    g_clear_pointer(&self->filter, lk_filter_free);
    g_free(self->filter_text);
    g_free(self->filter_error);
    G_OBJECT_CLASS(lk_dataset_view_parent_class)->finalize(object);
}

static void lk_dataset_view_class_init(LkDatasetViewClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_dataset_view_get_property;
    object_class->set_property = lk_dataset_view_set_property;
    object_class->dispose = lk_dataset_view_dispose;
    object_class->finalize = lk_dataset_view_finalize;
    GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    GParamFlags set = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    GParamFlags quiet = set | G_PARAM_EXPLICIT_NOTIFY;
    properties[PROP_CURRENT] = g_param_spec_object("current", NULL, NULL, LK_TYPE_PICTURE, quiet);
    properties[PROP_SORT] = g_param_spec_string("sort", NULL, NULL, NULL, set);
    properties[PROP_DIRECTION] = g_param_spec_string("direction", NULL, NULL, NULL, set);
    properties[PROP_FILTER_TEXT] = g_param_spec_string("filter-text", NULL, NULL, NULL, quiet);
    properties[PROP_FILTER_ERROR] = g_param_spec_string("filter-error", NULL, NULL, NULL, get);
    properties[PROP_N_SELECTED] = g_param_spec_uint("n-selected", NULL, NULL, 0, G_MAXUINT, 0, get);
    properties[PROP_N_SHOWN] = g_param_spec_uint("n-shown", NULL, NULL, 0, G_MAXUINT, 0, get);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_dataset_view_init(LkDatasetView *self)
{
    self->filter_text = g_strdup("");
}
