/* Values that are chosen from a list: those of a table, with what is not supported yet greyed out, and sizes. */
#include "app/parameters/editor_private.h"

#include "app/widgets/combo_names.h"

#include <glib/gi18n.h>
#include <string.h>

/* ---- an entry of the list ---------------------------------------------------------------------------- */

#define LK_TYPE_CHOICE_ITEM (lk_choice_item_get_type())
G_DECLARE_FINAL_TYPE(LkChoiceItem, lk_choice_item, LK, CHOICE_ITEM, GObject)

struct _LkChoiceItem {
    GObject parent_instance;
    char *value, *title;
    gboolean supported;
};

G_DEFINE_FINAL_TYPE(LkChoiceItem, lk_choice_item, G_TYPE_OBJECT)

static void lk_choice_item_finalize(GObject *object)
{
    LkChoiceItem *self = LK_CHOICE_ITEM(object);
    g_free(self->value);
    g_free(self->title);
    G_OBJECT_CLASS(lk_choice_item_parent_class)->finalize(object);
}

static void lk_choice_item_class_init(LkChoiceItemClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_choice_item_finalize;
}

static void lk_choice_item_init(LkChoiceItem *self)
{
}

static void append(GListStore *store, const char *value, const char *title, gboolean supported)
{
    g_autoptr(LkChoiceItem) item = g_object_new(LK_TYPE_CHOICE_ITEM, NULL);
    item->value = g_strdup(value);
    item->title = g_strdup(title);
    item->supported = supported;
    g_list_store_append(store, item);
}

/* ---- how it is shown --------------------------------------------------------------------------------- */

/* Title and reason, and a mark at the one that is chosen. */
static void setup_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
    GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *title = gtk_label_new(NULL), *reason = gtk_label_new(_("Not supported yet"));
    GtkWidget *mark = gtk_image_new_from_icon_name("object-select-symbolic");
    gtk_label_set_xalign(GTK_LABEL(title), 0);
    gtk_label_set_xalign(GTK_LABEL(reason), 0);
    gtk_widget_add_css_class(reason, "caption");
    gtk_widget_add_css_class(reason, "dimmed");
    gtk_box_append(GTK_BOX(box), title);
    gtk_box_append(GTK_BOX(box), reason);
    gtk_widget_set_hexpand(box, TRUE);
    gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(line), box);
    gtk_box_append(GTK_BOX(line), mark);
    gtk_list_item_set_child(item, line);
    g_object_bind_property(item, "selected", mark, "visible", G_BINDING_SYNC_CREATE);
}

static void bind_cb(GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
    LkChoiceItem *item = gtk_list_item_get_item(list_item);
    GtkWidget *line = gtk_list_item_get_child(list_item), *box = gtk_widget_get_first_child(line);
    gtk_label_set_label(GTK_LABEL(gtk_widget_get_first_child(box)), item->title);
    gtk_widget_set_visible(gtk_widget_get_last_child(box), !item->supported);
    gtk_widget_set_sensitive(line, item->supported);
    gtk_list_item_set_selectable(list_item, item->supported);
    gtk_list_item_set_activatable(list_item, item->supported);
    gtk_list_item_set_accessible_label(list_item, item->title);
    gtk_list_item_set_accessible_description(list_item, item->supported ? "" : _("Not supported yet"));
}

/* In the button only the title; a long one may be shortened. */
static void setup_selected_cb(GtkSignalListItemFactory *factory, GtkListItem *item)
{
    gtk_list_item_set_child(item, gtk_label_new(NULL));
}

static void bind_selected_cb(GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
    LkChoiceItem *item = gtk_list_item_get_item(list_item);
    lk_combo_set_label(GTK_LABEL(gtk_list_item_get_child(list_item)), item->title);
}

static GtkListItemFactory *make_factory(GCallback setup, GCallback bind)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    g_signal_connect(factory, "setup", setup, NULL);
    g_signal_connect(factory, "bind", bind, NULL);
    return factory;
}

static GtkWidget *make_drop_down(LkParameterEditor *editor, GListStore *store)
{
    GtkWidget *widget = gtk_drop_down_new(G_LIST_MODEL(store), NULL);
    g_autoptr(GtkListItemFactory) list = make_factory(G_CALLBACK(setup_cb), G_CALLBACK(bind_cb));
    g_autoptr(GtkListItemFactory) selected = make_factory(G_CALLBACK(setup_selected_cb), G_CALLBACK(bind_selected_cb));
    gtk_drop_down_set_factory(GTK_DROP_DOWN(widget), selected);
    gtk_drop_down_set_list_factory(GTK_DROP_DOWN(widget), list);
    gtk_widget_add_css_class(widget, "in-row");
    return widget;
}

/* The place of a value, or G_MAXUINT. */
static guint find(GListModel *model, const char *value)
{
    for (guint i = 0; value && i < g_list_model_get_n_items(model); i++) {
        g_autoptr(LkChoiceItem) item = g_list_model_get_item(model, i);
        if (item->value && g_ascii_strcasecmp(item->value, value) == 0)
            return i;
    }
    return GTK_INVALID_LIST_POSITION;
}

/* ---- choices of the table ---------------------------------------------------------------------------- */

const char *lk_parameter_choice_title(const LkChoice *choice)
{
    return choice->title ? _(choice->title) : choice->value;
}

/* Of several spellings of one value the first is shown. */
static gboolean is_spelling(const LkParameter *parameter, const LkChoice *choice)
{
    return !choice->not_yet && !choice->title && choice->number &&
           lk_parameter_choice(parameter, choice->number) != choice;
}

static GtkWidget *choice_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    g_autoptr(GListStore) store = g_list_store_new(LK_TYPE_CHOICE_ITEM);
    for (int supported = 1; supported >= 0; supported--)
        for (const LkChoice *choice = parameter->choices; choice->value; choice++)
            if (choice->not_yet != supported && *choice->value && (choice->title || choice->not_yet) &&
                !is_spelling(parameter, choice))
                append(store, choice->value, lk_parameter_choice_title(choice), supported);
    GtkWidget *widget = make_drop_down(editor, g_object_ref(store));
    g_signal_connect_object(widget, "notify::selected", G_CALLBACK(lk_parameter_editor_edited), editor,
                            G_CONNECT_SWAPPED);
    return widget;
}

/* "k_euler" is shown as "euler", "fp32" as "float": by their numbers. */
static const char *first_spelling(const LkParameter *parameter, const char *text)
{
    for (const LkChoice *choice = parameter->choices; text && choice->value; choice++)
        if (g_ascii_strcasecmp(choice->value, text) == 0 && !choice->title && !choice->not_yet &&
            parameter->type == LK_PARAMETER_ENUM)
            return lk_parameter_choice(parameter, choice->number)->value;
    return text;
}

static void choice_show(GtkWidget *widget, const LkParameter *parameter, const char *text)
{
    GListModel *model = gtk_drop_down_get_model(GTK_DROP_DOWN(widget));
    const char *value = first_spelling(parameter, text);
    guint place = find(model, value);
    if (place == GTK_INVALID_LIST_POSITION && value) { /* another spelling, or a wrong value: shown as it is */
        append(G_LIST_STORE(model), value, value, TRUE);
        place = g_list_model_get_n_items(model) - 1;
    }
    gtk_drop_down_set_selected(GTK_DROP_DOWN(widget), place);
}

static char *choice_read(GtkWidget *widget, const LkParameter *parameter)
{
    LkChoiceItem *item = gtk_drop_down_get_selected_item(GTK_DROP_DOWN(widget));
    return item ? g_strdup(item->value) : NULL;
}

const LkEditorKind lk_editor_choice = {.make = choice_make, .show = choice_show, .read = choice_read};

/* ---- sizes ------------------------------------------------------------------------------------------- */

/* A list of usual sizes, and a field for any other. */
enum { SMALLEST = 128, LARGEST = 1024, STEP = 64 };

static GtkWidget *size_list(GtkWidget *stack)
{
    return gtk_stack_get_child_by_name(GTK_STACK(stack), "list");
}

static GtkWidget *size_entry(GtkWidget *stack)
{
    return gtk_stack_get_child_by_name(GTK_STACK(stack), "entry");
}

/* The last one has no value: it leads to the field. */
static void size_selected_cb(GtkWidget *list, GParamSpec *pspec, LkParameterEditor *editor)
{
    LkChoiceItem *item = gtk_drop_down_get_selected_item(GTK_DROP_DOWN(list));
    GtkWidget *stack = gtk_widget_get_parent(list);
    if (item && !item->value) {
        gtk_stack_set_visible_child_name(GTK_STACK(stack), "entry");
        gtk_widget_grab_focus(size_entry(stack));
    } else {
        lk_parameter_editor_edited(editor);
    }
}

static GtkWidget *size_make(LkParameterEditor *editor, const LkParameter *parameter)
{
    g_autoptr(GListStore) store = g_list_store_new(LK_TYPE_CHOICE_ITEM);
    for (int size = SMALLEST; size <= LARGEST; size += STEP) {
        g_autofree char *text = g_strdup_printf("%d", size);
        append(store, text, text, TRUE);
    }
    append(store, NULL, _("Other…"), TRUE);
    GtkWidget *stack = gtk_stack_new();
    gtk_stack_set_hhomogeneous(GTK_STACK(stack), FALSE);
    GtkWidget *list = make_drop_down(editor, g_object_ref(store)), *entry = lk_editor_make_entry(editor, 8, 10);
    gtk_editable_set_alignment(GTK_EDITABLE(entry), 1);
    gtk_entry_set_placeholder_text(GTK_ENTRY(entry), _("Width,height"));
    gtk_stack_add_named(GTK_STACK(stack), list, "list");
    gtk_stack_add_named(GTK_STACK(stack), entry, "entry");
    gtk_widget_set_valign(list, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(entry, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(list), GTK_ACCESSIBLE_PROPERTY_LABEL, _(parameter->title), -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _(parameter->title), -1);
    g_signal_connect_object(list, "notify::selected", G_CALLBACK(size_selected_cb), editor, 0);
    return stack;
}

static gboolean has_focus(GtkWidget *widget)
{
    return (gtk_widget_get_state_flags(widget) & GTK_STATE_FLAG_FOCUS_WITHIN) != 0;
}

static void size_show(GtkWidget *stack, const LkParameter *parameter, const char *text)
{
    GtkWidget *list = size_list(stack), *entry = size_entry(stack);
    guint place = find(gtk_drop_down_get_model(GTK_DROP_DOWN(list)), text);
    if (has_focus(entry) && g_strcmp0(gtk_editable_get_text(GTK_EDITABLE(entry)), text) == 0)
        return; /* it is being typed */
    gtk_editable_set_text(GTK_EDITABLE(entry), text ? text : "");
    gboolean listed = place != GTK_INVALID_LIST_POSITION;
    if (listed)
        gtk_drop_down_set_selected(GTK_DROP_DOWN(list), place);
    gtk_stack_set_visible_child_name(GTK_STACK(stack), listed ? "list" : "entry");
}

static char *size_read(GtkWidget *stack, const LkParameter *parameter)
{
    LkChoiceItem *item = gtk_drop_down_get_selected_item(GTK_DROP_DOWN(size_list(stack)));
    gboolean listed = g_strcmp0(gtk_stack_get_visible_child_name(GTK_STACK(stack)), "list") == 0;
    if (listed)
        return item ? g_strdup(item->value) : NULL;
    return g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(size_entry(stack)))));
}

const LkEditorKind lk_editor_size = {.make = size_make, .show = size_show, .read = size_read, .focus = size_list};
