#include "app/dataset/bucket_bars.h"

#include "app/widgets/fraction_bar.h"

#include <glib/gi18n.h>

/* Sizes that are listed; those with fewer pictures are summed up. */
enum { MOST = 12 };

struct _LkBucketBars {
    AdwBin parent_instance;
    GtkListBox *box;
    LkPictureList *list;
};

G_DEFINE_FINAL_TYPE(LkBucketBars, lk_bucket_bars, ADW_TYPE_BIN)

enum { SIGNAL_CHOSEN, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

typedef struct Bucket {
    LkSize size;
    guint count;
} Bucket;

/* By falling count, then by size. */
static int compare(const void *a, const void *b)
{
    const Bucket *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->size.width != y->size.width ? x->size.width - y->size.width : x->size.height - y->size.height;
}

/* Of the pictures that are trained. */
static GArray *count_buckets(LkPictureList *list)
{
    GArray *buckets = g_array_new(FALSE, TRUE, sizeof(Bucket));
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    const guint n = g_list_model_get_n_items(G_LIST_MODEL(list));
    for (guint i = 0; i < n; i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(list), i);
        const LkSize size = lk_picture_get_bucket(picture);
        if (size.width <= 0 || lk_picture_get_excluded(picture) || lk_picture_get_error(picture) ||
            lk_picture_get_missing(picture))
            continue;
        gint64 key = (gint64)size.width << 32 | size.height;
        gpointer place = g_hash_table_lookup(places, &key);
        if (!place) {
            const Bucket bucket = {size, 0};
            g_array_append_val(buckets, bucket);
            place = GUINT_TO_POINTER(buckets->len);
            g_hash_table_insert(places, g_memdup2(&key, sizeof key), place);
        }
        g_array_index(buckets, Bucket, GPOINTER_TO_UINT(place) - 1).count++;
    }
    g_array_sort(buckets, compare);
    return buckets;
}

static GtkWidget *make_row(const char *size, guint count, guint most)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *name = gtk_label_new(size), *bar = lk_fraction_bar_new();
    g_object_set(name, "xalign", 0.0, "width-chars", 11, "css-classes", (const char *[]){"numeric", NULL}, NULL);
    gtk_widget_set_hexpand(bar, TRUE);
    lk_fraction_bar_set_fraction(LK_FRACTION_BAR(bar), (double)count / most);
    g_autofree char *number = g_strdup_printf("%'u", count);
    GtkWidget *label = gtk_label_new(number);
    g_object_set(label, "xalign", 1.0, "width-chars", 4, "css-classes", (const char *[]){"numeric", "dimmed", NULL},
                 NULL);
    gtk_box_append(GTK_BOX(box), name);
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), label);
    GtkWidget *row = gtk_list_box_row_new();
    gtk_widget_add_css_class(row, "bar-row");
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    g_autofree char *words = g_strdup_printf(ngettext("%s: %'u picture", "%s: %'u pictures", count), size, count);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    return row;
}

static void show(LkBucketBars *self)
{
    gtk_list_box_remove_all(self->box);
    g_autoptr(GArray) buckets = count_buckets(self->list);
    guint rest = 0;
    for (guint i = 0; i < buckets->len; i++) {
        const Bucket *bucket = &g_array_index(buckets, Bucket, i);
        if (i >= MOST) {
            rest += bucket->count;
            continue;
        }
        g_autofree char *size = g_strdup_printf("%d × %d", bucket->size.width, bucket->size.height);
        GtkWidget *row = make_row(size, bucket->count, g_array_index(buckets, Bucket, 0).count);
        g_object_set_data_full(G_OBJECT(row), "filter",
                               g_strdup_printf("-is:excluded bucket:%dx%d", bucket->size.width, bucket->size.height),
                               g_free);
        gtk_list_box_append(self->box, row);
    }
    if (rest) {
        GtkWidget *row = make_row(_("Others"), rest, MAX(rest, g_array_index(buckets, Bucket, 0).count));
        gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
        gtk_list_box_append(self->box, row);
    }
    gtk_widget_set_visible(GTK_WIDGET(self), buckets->len > 0);
}

static void row_activated_cb(LkBucketBars *self, GtkListBoxRow *row)
{
    g_signal_emit(self, signals[SIGNAL_CHOSEN], 0, g_object_get_data(G_OBJECT(row), "filter"));
}

static void pictures_changed_cb(LkBucketBars *self, guint aspects)
{
    if (aspects & (LK_PICTURE_ASPECT_BUCKET | LK_PICTURE_ASPECT_CHOICES | LK_PICTURE_ASPECT_FILE))
        show(self);
}

void lk_bucket_bars_set_list(LkBucketBars *self, LkPictureList *list)
{
    self->list = g_object_ref(list);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    show(self);
}

static void lk_bucket_bars_dispose(GObject *object)
{
    g_clear_object(&LK_BUCKET_BARS(object)->list);
    G_OBJECT_CLASS(lk_bucket_bars_parent_class)->dispose(object);
}

static void lk_bucket_bars_class_init(LkBucketBarsClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = lk_bucket_bars_dispose;
    signals[SIGNAL_CHOSEN] = g_signal_new("chosen", LK_TYPE_BUCKET_BARS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_bucket_bars_init(LkBucketBars *self)
{
    self->box = GTK_LIST_BOX(gtk_list_box_new());
    gtk_list_box_set_selection_mode(self->box, GTK_SELECTION_NONE);
    gtk_widget_add_css_class(GTK_WIDGET(self->box), "boxed-list");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->box), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Buckets"), -1);
    g_signal_connect_object(self->box, "row-activated", G_CALLBACK(row_activated_cb), self, G_CONNECT_SWAPPED);
    adw_bin_set_child(ADW_BIN(self), GTK_WIDGET(self->box));
}
