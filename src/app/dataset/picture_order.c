#include "app/dataset/picture_order.h"

#include <glib/gi18n.h>
#include <string.h>

/* The length of a run of digits, and where it begins without zeros in front. */
static gsize digits(const char *text, const char **first)
{
    const char *at = text;
    while (*at == '0')
        at++;
    *first = at;
    while (g_ascii_isdigit(*at))
        at++;
    return (gsize)(at - *first);
}

static int compare_numbers(const char **a, const char **b)
{
    const char *first_a, *first_b;
    gsize length_a = digits(*a, &first_a), length_b = digits(*b, &first_b);
    *a = first_a + length_a;
    *b = first_b + length_b;
    if (length_a != length_b)
        return length_a < length_b ? -1 : 1;
    return memcmp(first_a, first_b, length_a);
}

/* No tables of the locale: 100,000 names are sorted while the window is used. */
int lk_compare_names(const char *a, const char *b)
{
    const char *start_a = a, *start_b = b;
    while (*a && *b) {
        if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
            int order = compare_numbers(&a, &b);
            if (order != 0)
                return order;
            continue;
        }
        unsigned char low_a = (unsigned char)g_ascii_tolower(*a), low_b = (unsigned char)g_ascii_tolower(*b);
        if (low_a != low_b) /* a folder's own files come before those of its neighbour "folder-2" */
            return (low_a == '/' ? 0 : low_a) - (low_b == '/' ? 0 : low_b);
        a++;
        b++;
    }
    return *a || *b ? (*a ? 1 : -1) : strcmp(start_a, start_b);
}

#define ORDER_OF(x, y) (((x) > (y)) - ((x) < (y)))

static int by_name(LkPicture *a, LkPicture *b)
{
    return lk_compare_names(lk_picture_get_path(a), lk_picture_get_path(b));
}

static int by_date(LkPicture *a, LkPicture *b)
{
    return ORDER_OF(lk_picture_get_modified(a), lk_picture_get_modified(b));
}

static gint64 area(LkPicture *picture)
{
    return (gint64)lk_picture_get_width(picture) * lk_picture_get_height(picture);
}

static int by_size(LkPicture *a, LkPicture *b)
{
    return ORDER_OF(area(a), area(b));
}

static int by_caption(LkPicture *a, LkPicture *b)
{
    return ORDER_OF(strlen(lk_picture_get_caption(a)), strlen(lk_picture_get_caption(b)));
}

static int by_tokens(LkPicture *a, LkPicture *b)
{
    return ORDER_OF(lk_picture_get_tokens(a), lk_picture_get_tokens(b));
}

static int by_repeats(LkPicture *a, LkPicture *b)
{
    return ORDER_OF(lk_picture_get_repeats(a), lk_picture_get_repeats(b));
}

static const LkPictureOrder orders[] = {
    {"name", N_("_Name"), by_name, FALSE},          {"date", N_("_Date"), by_date, TRUE},
    {"size", N_("_Size in Pixels"), by_size, TRUE}, {"caption", N_("_Caption Length"), by_caption, FALSE},
    {"tokens", N_("_Tokens"), by_tokens, FALSE},    {"repeats", N_("_Repeats"), by_repeats, FALSE},
};

const LkPictureOrder *lk_picture_orders(gsize *count)
{
    *count = G_N_ELEMENTS(orders);
    return orders;
}

const LkPictureOrder *lk_picture_order_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++)
        if (g_strcmp0(orders[i].name, name) == 0)
            return &orders[i];
    return orders;
}

static int compare_up(gconstpointer a, gconstpointer b, gpointer data)
{
    const LkPictureOrder *order = data;
    int result = order->compare((LkPicture *)a, (LkPicture *)b);
    return result ? result : by_name((LkPicture *)a, (LkPicture *)b);
}

static int compare_down(gconstpointer a, gconstpointer b, gpointer data)
{
    const LkPictureOrder *order = data;
    int result = order->compare((LkPicture *)b, (LkPicture *)a);
    return result ? result : by_name((LkPicture *)a, (LkPicture *)b);
}

GtkSorter *lk_picture_order_to_sorter(const LkPictureOrder *order, gboolean descending)
{
    return GTK_SORTER(gtk_custom_sorter_new(descending ? compare_down : compare_up, (gpointer)order, NULL));
}
